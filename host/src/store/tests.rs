//! Tests with a real file in a temporary directory.

#![expect(clippy::disallowed_methods, reason = "looks at the file as another program would")]

mod caps;
mod chain;
mod decisions;
mod grouping;
mod handover;
mod inbox;
mod lists;
mod near;
mod outbox;
mod posts;
mod reports;
mod rings;
mod users;
mod veil;
mod warnings;
mod watches;
mod writer;

use std::ops::ControlFlow;
use std::path::Path;

use caifeng_plugin_host::contract::{Author, Kind, Label, Post, Reactions, Target};
use rusqlite::Connection;
use tempfile::TempDir;

use super::model::{Batch, Heard, Ingested, LabelBy, PostRow, Prepared, Submission};
use super::{
    Caller, CategoryFilter, Decided, Decision, IncidentQuery, Novelty, PostQuery, Reader, Seen, Store, StoreError,
    UserChange, schema,
};
use crate::incident::ballot::Weight;
use crate::incident::chain::{Checkpoint, Fault, Proof};
use crate::incident::event::{Event, Role};
use crate::incident::group::Why;
use crate::incident::life::{Refusal, replay};
use crate::incident::opinion::Opinion;
use crate::incident::{Category, State};
use crate::text::near::Signatures;
use crate::text::telling::Telling;
use crate::user::token::Token;
use crate::watch::{FailureKind, SweepFailure, SweepTally, Watch};

const NOW: i64 = 1_800_000_000;

fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), None).unwrap();
    (dir, store)
}

fn post(id: &str, text: &str) -> Post {
    Post {
        author: Some(Author { id: "p-1".into(), name: "p-1".into() }),
        text: text.into(),
        published: Some(NOW - 3600),
        ..Post::new(Kind::Post, id, format!("https://bbs.example/thread/{id}.html"))
    }
}

fn prepared(post: Post) -> Prepared {
    let tokens = post.text.chars().map(|c| format!("{c} ")).collect();
    let signature = Signatures::of(post.title.as_deref(), &post.text);
    let links = vec![post.url.clone()];
    Prepared { telling: Telling::default(), post, tokens, signature, links, topics: Some(vec![]), labels: vec![] }
}

fn label(name: &str, score: f32) -> LabelBy {
    let label = Label { name: name.into(), score, evidence: vec!["水管又破了".into()] };
    LabelBy { by: "triage@0.1.0".into(), group: "category".into(), weight: Weight::default(), asked: false, label }
}

fn batch(posts: Vec<Prepared>) -> Batch {
    Batch { sweep: None, plugin: "feed".into(), site: "bbs.example".into(), captured: NOW, posts }
}

fn all_posts(reader: &Reader) -> Vec<PostRow> {
    reader.posts(&PostQuery::default()).unwrap()
}

/// Different enough from each other that nothing groups them.
fn text(n: u64) -> String {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    (0..60)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from_u32(0x4e00 + ((state >> 33) % 0x5000) as u32).unwrap()
        })
        .collect()
}

/// A head of the leading group, added by the administrators.
fn head(store: &Store) -> Caller {
    let caller = |token: Option<Token>| Caller { token, account: 1000 };
    let change = |by: &Caller, change| store.change_user(by, change, NOW).unwrap().token;
    let add = |by: &Caller, name: &str, roles: &[Role]| {
        caller(change(by, UserChange::Add { name: name.into(), roles: roles.to_vec() }))
    };
    let system = add(&caller(None), "sys", &[Role::System]);
    let security = add(&system, "sec", &[Role::Security]);
    let head = add(&system, "head", &[]);
    change(&security, UserChange::Roles { user: "head".into(), roles: vec![Role::Head] });
    head
}

fn assess(store: &Store, by: &Caller, id: i64, category: Category, now: i64) -> Result<Decided, StoreError> {
    let decision = Decision::Assess { category, level: Some("iv".into()), reason: "张三确有其事".into() };
    store.decide(by, Seen { id, version: None }, decision, now)
}

fn watch(id: &str) -> Watch {
    Watch {
        id: id.into(),
        plugin: "feed".into(),
        target: Target::Listing("https://bbs.example/rss".into()),
        site: None,
        settings: vec![],
        utc_offset: 28_800,
        recorded: false,
        registered: None,
        every: crate::watch::Every::default(),
        canary: None,
    }
}

mod any {
    //! Any sequence of sights leaves what a simple model says.

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn sights_leave_what_was_seen_last(
            sights in proptest::collection::vec((0u8..6, 0u64..4, any::<bool>(), -50i64..50, proptest::option::of(any::<i64>())), 1..40),
            reopen in 0usize..40,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut store = Store::open(dir.path(), None).unwrap();
            let mut model: BTreeMap<String, (String, u32)> = BTreeMap::new();
            let mut mentioned = std::collections::BTreeSet::new();
            for (i, (id, version, mention, at, published)) in sights.into_iter().enumerate() {
                if i == reopen {
                    store.close();
                    store = Store::open(dir.path(), None).unwrap();
                }
                let id = id.to_string();
                let mut p = prepared(post(&id, &text(version)));
                p.post.published = published;
                p.topics = mention.then(Vec::new);
                let content = p.post.text.clone();
                let mut b = batch(vec![p]);
                b.captured = NOW + at;
                let done = store.ingest(b).unwrap();
                let fresh = match model.get_mut(&id) {
                    None => { model.insert(id.clone(), (content, 1)); prop_assert_eq!((done.new, done.changed), (1, 0)); true }
                    Some((old, _)) if *old == content => { prop_assert_eq!((done.new, done.changed), (0, 0)); false }
                    Some(seen) => { *seen = (content, seen.1 + 1); prop_assert_eq!((done.new, done.changed), (0, 1)); true }
                };
                if fresh && mention { mentioned.insert(id); }
            }
            let reader = store.reader().unwrap();
            let posts = all_posts(&reader);
            let stored: BTreeMap<_, _> = posts.iter().map(|p| (p.id.clone(), (p.text.clone(), p.version))).collect();
            prop_assert_eq!(stored, model);
            let members: std::collections::BTreeSet<_> =
                posts.iter().filter(|p| p.incident.is_some()).map(|p| p.id.clone()).collect();
            prop_assert_eq!(&members, &mentioned);
            // What is shown is what the events come to.
            let incidents = reader.incidents(&IncidentQuery::default()).unwrap();
            for incident in &incidents {
                let history = reader.history(incident.id).unwrap();
                let folded = replay(&history);
                prop_assert_eq!(Some(folded.clone()), reader.standing(incident.id).unwrap());
                let own: Vec<_> = posts.iter().filter(|p| p.incident == Some(incident.id)).collect();
                prop_assert_eq!((folded.posts, folded.opened), (incident.posts, incident.opened));
                prop_assert_eq!(own.len() as u64, incident.posts);
                prop_assert_eq!(own.iter().map(|p| super::super::second(p.row)).max().unwrap(), incident.latest);
            }
            let figures = reader.figures().unwrap();
            prop_assert_eq!(figures.posts, posts.len() as u64);
            prop_assert_eq!(figures.mentions, members.len() as u64);
            prop_assert_eq!(figures.open, incidents.len() as u64);
            prop_assert!(reader.verify_chain(None).unwrap().is_ok());
        }
    }
}

//! Tests with a real file in a temporary directory.

#![expect(clippy::disallowed_methods, reason = "looks at the file as another program would")]

use std::ops::ControlFlow;
use std::path::Path;

use caifeng_plugin_host::contract::{Author, Kind, Label, Post, Reactions, Target};
use rusqlite::Connection;
use tempfile::TempDir;

use super::model::{Batch, Ingested, LabelBy, PostRow, Prepared, Submission};
use super::{CategoryFilter, IncidentQuery, Novelty, PostQuery, Reader, Store, StoreError, schema};
use crate::incident::chain::{Checkpoint, Fault, Proof};
use crate::incident::event::{Actor, Event, Role};
use crate::incident::group::Why;
use crate::incident::life::{Refusal, replay};
use crate::incident::opinion::Opinion;
use crate::incident::{Category, State};
use crate::text::near::Signature;
use crate::text::telling::Telling;
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
    let signature = Signature::of(post.title.as_deref(), &post.text);
    let links = vec![post.url.clone()];
    Prepared { telling: Telling::default(), post, tokens, signature, links, topics: Some(vec![]), labels: vec![] }
}

fn label(name: &str, score: f32) -> LabelBy {
    let label = Label { name: name.into(), score, evidence: vec!["证据".into()] };
    LabelBy { by: "triage@0.1.0".into(), group: "category".into(), label }
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

#[test]
fn a_post_comes_out_as_it_went_in() {
    let (_dir, store) = store();
    let mut p = prepared(post("1", "自来水浑浊，没有人管"));
    p.post.title = Some("水".into());
    p.post.publisher = Some("某报".into());
    p.post.reactions = Reactions { views: Some(u64::MAX), likes: Some(2), replies: None, shares: Some(0) };
    p.topics = Some(vec!["供水".into()]);
    p.labels = vec![label("problem", 0.75)];
    let done = store.ingest(batch(vec![p.clone()])).unwrap();
    assert_eq!(done, Ingested { new: 1, changed: 0, matched: 1, opened: vec![1], joined: vec![] });
    let reader = store.reader().unwrap();
    let row = all_posts(&reader).remove(0);
    assert_eq!(super::second(row.row), NOW - 3600);
    let expected = PostRow {
        row: row.row,
        plugin: "feed".into(),
        site: "bbs.example".into(),
        id: "1".into(),
        kind: Kind::Post,
        url: p.post.url.clone(),
        title: Some("水".into()),
        text: p.post.text.clone(),
        author: Some("p-1".into()),
        publisher: Some("某报".into()),
        published: Some(NOW - 3600),
        day_only: false,
        captured: NOW,
        version: 1,
        reactions: Reactions { views: Some(i64::MAX as u64), ..p.post.reactions },
        topics: vec!["供水".into()],
        labels: p.labels.clone(),
        incident: Some(1),
        why: None,
        submitted: None,
        notes: vec![],
        failure: None,
    };
    assert_eq!(row, expected);
    let incident = reader.incident(1).unwrap().unwrap();
    assert_eq!((incident.title.as_str(), incident.posts, incident.sites), ("水", 1, 1));
    assert_eq!((incident.opened, incident.latest), (NOW, NOW - 3600));
    assert_eq!(incident.category, Some(Category::Problem));
    assert_eq!(incident.category_by.as_deref(), Some("triage@0.1.0"));
    assert_eq!(incident.state, State::New);
}

#[test]
fn what_was_said_with_a_post_comes_with_it_and_a_plugin_cannot_claim_a_failure() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    let unread = Post { extra: vec![("failure".into(), "feed: 503".into())], ..post("1", "群里转来的") };
    let submit = |plugin: &str, post: &Post, note: Option<&str>, at| {
        let actor = Actor::Person { user: "uid:1".into(), role: Role::Staff };
        let (plugin, site, note) = (plugin.to_owned(), "bbs.example".to_owned(), note.map(str::to_owned));
        store.submit(Submission { plugin, site, at, prepared: prepared(post.clone()), note, actor }).unwrap()
    };
    submit("submitted", &unread, Some("看看"), NOW);
    submit("submitted", &unread, None, NOW + 1);
    submit("submitted", &unread, Some("又有人转"), NOW + 2);
    let row = reader.post("submitted", "bbs.example", "1").unwrap().unwrap();
    assert_eq!((row.notes, row.failure.as_deref()), (vec!["看看".into(), "又有人转".into()], Some("feed: 503")));
    submit("feed", &unread, None, NOW + 3);
    let row = reader.post("feed", "bbs.example", "1").unwrap().unwrap();
    assert_eq!((row.notes, row.failure), (vec![], None));
}

#[test]
fn the_same_batch_twice_adds_nothing() {
    let (_dir, store) = store();
    let posts: Vec<_> = (0..20).map(|n| prepared(post(&n.to_string(), &text(n)))).collect();
    assert_eq!(store.ingest(batch(posts.clone())).unwrap().new, 20);
    let reader = store.reader().unwrap();
    let before = (all_posts(&reader), reader.verify_chain(None).unwrap().unwrap(), reader.figures().unwrap());
    assert_eq!(store.ingest(batch(posts)).unwrap(), Ingested::default());
    let after = (all_posts(&reader), reader.verify_chain(None).unwrap().unwrap(), reader.figures().unwrap());
    assert_eq!(before, after);
    assert_eq!(after.2.posts, 20);
    assert_eq!((after.2.mentions, after.2.open, after.2.new), (20, 20, 20));
}

#[test]
fn only_title_and_text_make_a_version() {
    let (dir, store) = store();
    let first = prepared(post("1", "旧的说法"));
    store.ingest(batch(vec![first.clone()])).unwrap();
    let reader = store.reader().unwrap();

    let mut liked = first.clone();
    liked.post.reactions.likes = Some(5);
    let posts = [first.post.clone(), liked.post.clone(), post("2", "别的")];
    assert_eq!(reader.unseen("feed", "bbs.example", &posts).unwrap(), [Novelty::Known, Novelty::Known, Novelty::New]);
    assert_eq!(reader.unseen("feed", "bbs.example", &posts[1..2]).unwrap(), [Novelty::Reactions]);
    assert_eq!(store.ingest(batch(vec![liked.clone()])).unwrap(), Ingested::default());
    let row = all_posts(&reader).remove(0);
    assert_eq!((row.version, row.reactions.likes), (1, Some(5)));
    // A sight that does not say keeps what was said before.
    assert_eq!(store.touch("feed", "bbs.example", vec![("1".into(), Reactions::default())]).unwrap(), 0);
    let viewed = Reactions { views: Some(9), ..Reactions::default() };
    assert_eq!(store.touch("feed", "bbs.example", vec![("1".into(), viewed), ("x".into(), viewed)]).unwrap(), 1);

    let changed = prepared(post("1", "新的说法"));
    assert_eq!(reader.unseen("feed", "bbs.example", std::slice::from_ref(&changed.post)).unwrap(), [Novelty::Changed]);
    let done = store.ingest(batch(vec![changed])).unwrap();
    assert_eq!((done.new, done.changed, done.matched), (0, 1, 1));
    assert!(done.opened.is_empty() && done.joined.is_empty());
    let row = all_posts(&reader).remove(0);
    assert_eq!((row.version, row.text.as_str()), (2, "新的说法"));
    assert_eq!((row.reactions.likes, row.reactions.views), (Some(5), Some(9)));
    let find =
        |token: &str| reader.posts(&PostQuery { text: Some(format!("\"{token}\"")), ..PostQuery::default() }).unwrap();
    assert_eq!((find("旧").len(), find("新").len()), (0, 1));
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let old: String = raw.query_row("SELECT text FROM post_version WHERE version = 1", [], |r| r.get(0)).unwrap();
    assert_eq!(old, "旧的说法");
}

#[test]
fn a_post_has_one_vote_also_after_it_left_its_topic_for_a_while() {
    let (dir, store) = store();
    let sight = |text: &str, category: Option<&str>| {
        let mut p = prepared(post("1", text));
        p.topics = category.map(|_| vec![]);
        p.labels = category.map(|c| label(c, 0.9)).into_iter().collect();
        store.ingest(batch(vec![p])).unwrap();
        let reader = store.reader().unwrap();
        reader.incident(1).unwrap().unwrap().category
    };
    assert_eq!(sight("停水了", Some("problem")), Some(Category::Problem));
    assert_eq!(sight("今天天气很好", None), None, "its say goes with the text that it was about");
    assert_eq!(sight("又停水了", Some("problem")), Some(Category::Problem));
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let opinion: String = raw.query_row("SELECT opinion FROM incident", [], |r| r.get(0)).unwrap();
    let opinion: Opinion = serde_json::from_str(&opinion).unwrap();
    assert_eq!(opinion.suggestion().map(|s| (s.posts, s.of)), Some((1, 1)));
}

#[test]
fn one_id_twice_on_a_page_counts_once() {
    let (_dir, store) = store();
    let page = vec![prepared(post("1", "甲")), prepared(post("1", "乙"))];
    let posts: Vec<_> = page.iter().map(|p| p.post.clone()).collect();
    assert_eq!(store.ingest(batch(page.clone())).unwrap().new, 1);
    assert_eq!(store.ingest(batch(page)).unwrap(), Ingested::default());
    let novelty = store.reader().unwrap().unseen("feed", "bbs.example", &posts).unwrap();
    assert_eq!(novelty, [Novelty::Known, Novelty::Known]);
}

#[test]
fn sites_do_not_touch_each_other() {
    let (_dir, store) = store();
    store.ingest(batch(vec![prepared(post("1", "原来的"))])).unwrap();
    let other = Batch { site: "evil.example".into(), ..batch(vec![prepared(post("1", "假的"))]) };
    assert_eq!(store.ingest(other).unwrap().new, 1);
    let posts = all_posts(&store.reader().unwrap());
    assert_eq!(posts.len(), 2);
    assert!(posts.iter().any(|p| p.text == "原来的" && p.version == 1));
}

#[test]
fn posts_are_grouped_and_say_why() {
    let (dir, store) = store();
    let story = format!("{}水厂改造", text(1));
    let mut origin = prepared(post("1", &story));
    origin.labels = vec![label("suggestion", 0.5)];
    store.ingest(batch(vec![origin])).unwrap();

    let mut comment = prepared(post("2", "同意"));
    comment.post.parent = Some("1".into());
    comment.labels = vec![label("problem", 0.9)];
    let mut pointer = prepared(post("3", &text(3)));
    pointer.links.push("https://bbs.example/thread/1.html".into());
    let copy = prepared(post("4", &story));
    let mut unasked = prepared(post("5", &story));
    unasked.topics = None;
    let done = store.ingest(batch(vec![comment, pointer, copy, unasked])).unwrap();
    assert_eq!((done.new, done.matched, done.opened, done.joined), (4, 3, vec![], vec![1]));

    // The index of near-duplicates survives a restart.
    drop(store);
    let store = Store::open(dir.path(), None).unwrap();
    assert_eq!(store.ingest(batch(vec![prepared(post("6", &story))])).unwrap().joined, [1]);

    let reader = store.reader().unwrap();
    let why = |id: &str| all_posts(&reader).into_iter().find(|p| p.id == id).unwrap().why;
    let address = "https://bbs.example/thread/1.html".to_owned();
    assert_eq!(why("1"), None);
    assert_eq!(why("2"), Some(Why::Parent { to: address.clone() }));
    assert_eq!(why("3"), Some(Why::Link { url: address }));
    assert!(matches!(why("4"), Some(Why::Near { similarity, .. }) if similarity > 0.99));
    assert!(matches!(why("6"), Some(Why::Near { .. })));
    assert_eq!(all_posts(&reader).into_iter().find(|p| p.id == "5").unwrap().incident, None);
    let incident = reader.incident(1).unwrap().unwrap();
    assert_eq!((incident.posts, incident.sites, incident.category), (5, 1, Some(Category::Problem)));
}

#[test]
fn roots_and_addresses_of_many_incidents_join_nothing() {
    let (_dir, store) = store();
    let with = |id: &str, n, link: &str| {
        let mut p = prepared(post(id, &text(n)));
        p.links = vec![link.into()];
        batch(vec![p])
    };
    for n in 0..3 {
        assert_eq!(store.ingest(with(&format!("r{n}"), n, "https://gov.example/")).unwrap().opened.len(), 1);
    }
    // Two incidents that lead to one address: neither is meant.
    let reader = store.reader().unwrap();
    let mut far = with("a", 10, "https://gov.example/policy-12345.html");
    far.posts[0].post.published = Some(NOW - 90 * 86_400);
    assert_eq!(store.ingest(far).unwrap().opened.len(), 1);
    assert_eq!(store.ingest(with("b", 11, "https://gov.example/policy-12345.html")).unwrap().opened.len(), 1);
    assert_eq!(store.ingest(with("c", 12, "https://gov.example/policy-12345.html")).unwrap().joined.len(), 1);
    assert_eq!(reader.figures().unwrap().open, 5);
}

#[test]
fn first_sight_is_the_earliest_capture_and_a_person_decides() {
    let (_dir, store) = store();
    let story = text(1);
    let mut first = prepared(post("1", &story));
    first.labels = vec![label("sensitive", 0.6)];
    store.ingest(batch(vec![first])).unwrap();
    let mut earlier = batch(vec![prepared(post("2", &story))]);
    earlier.captured = NOW - 500;
    store.ingest(earlier).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.incident(1).unwrap().unwrap().opened, NOW - 500);

    let machine = Actor::Machine { by: "triage@0.1.0".into() };
    let refused = store.assess(1, Category::Rumour, None, "理由", machine, NOW).unwrap_err();
    assert!(matches!(refused, StoreError::Refused(Refusal::PersonOnly)));
    let head = Actor::Person { user: "u7".into(), role: Role::Head };
    store.assess(1, Category::Problem, Some("IV".into()), "属实", head.clone(), NOW).unwrap();
    let missing = store.assess(99, Category::Problem, None, "", head, NOW).unwrap_err();
    assert_eq!(missing.to_string(), "no such incident: 99");

    // A later suggestion is recorded and changes nothing.
    let mut later = prepared(post("3", &story));
    later.labels = vec![label("emergency", 1.0)];
    assert_eq!(store.ingest(batch(vec![later])).unwrap().joined, [1]);
    let row = reader.incident(1).unwrap().unwrap();
    assert_eq!((row.category, row.category_by.as_deref()), (Some(Category::Problem), Some("head")));
    assert_eq!((row.state, row.level.as_deref()), (State::Handling, Some("IV")));
    assert_eq!(reader.figures().unwrap().new, 0);
    assert_eq!(reader.figures().unwrap().open, 1);

    let history = reader.history(1).unwrap();
    let folded = replay(history.iter().map(|r| (&r.event, &r.by)));
    assert_eq!((folded.opened, folded.posts, folded.state), (row.opened, row.posts, row.state));
    assert_eq!(folded.category(), Some((Category::Problem, "head")));
    let note = history.iter().find_map(|r| match &r.event {
        Event::Assessed { note, .. } => Some(note.id),
        _ => None,
    });
    assert_eq!(reader.note(note.unwrap()).unwrap().as_deref(), Some("属实"));
}

#[test]
fn events_hold_no_text_and_no_name() {
    let (dir, store) = store();
    let mut p = prepared(post("secret-id", "张三说的话，很长很长很长很长很长很长"));
    p.post.title = Some("张三的标题".into());
    p.labels = vec![label("problem", 0.5)];
    store.ingest(batch(vec![p])).unwrap();
    let head = Actor::Person { user: "u7".into(), role: Role::Head };
    store.assess(1, Category::Problem, None, "张三确有其事", head, NOW).unwrap();
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let mut statement = raw.prepare("SELECT actor || body FROM event").unwrap();
    let events: Vec<String> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(events.len(), 3);
    for event in events {
        assert!(event.is_ascii() && !event.contains("secret-id") && !event.contains("p-1"), "{event}");
    }
}

/// A store with five events in its chain, closed.
fn chained() -> (TempDir, Checkpoint) {
    let (dir, store) = store();
    let posts = (0..5).map(|n| prepared(post(&n.to_string(), &text(n)))).collect();
    store.ingest(batch(posts)).unwrap();
    let report = store.reader().unwrap().verify_chain(None).unwrap().unwrap();
    assert_eq!((report.head.seq, report.proof), (5, Proof::Consistent));
    store.close();
    (dir, report.head)
}

/// Does what somebody with the file can do.
fn tamper(dir: &Path, sql: &str) {
    let raw = Connection::open(dir.join(schema::FILE)).unwrap();
    raw.execute_batch(
        "DROP TRIGGER event_is_appended; DROP TRIGGER event_is_not_changed; DROP TRIGGER event_is_not_deleted;",
    )
    .unwrap();
    raw.execute_batch(sql).unwrap();
}

#[test]
fn every_tampering_shows_where_it_is() {
    let cases = [
        ("UPDATE event SET body = replace(body, 'opened', 'joined') WHERE seq = 3", 3, Fault::Altered),
        ("UPDATE event SET at = at + 1 WHERE seq = 1", 1, Fault::Altered),
        ("UPDATE event SET incident = 1 WHERE seq = 5", 5, Fault::Altered),
        ("UPDATE event SET actor = '{}' WHERE seq = 2", 2, Fault::Altered),
        ("DELETE FROM event WHERE seq = 2", 2, Fault::Missing),
        ("DELETE FROM event WHERE seq = 1", 1, Fault::Missing),
        ("DELETE FROM event WHERE seq = 2; UPDATE event SET seq = seq - 1 WHERE seq > 2", 2, Fault::Altered),
        ("INSERT INTO event SELECT 6, at, incident, actor, body, hash FROM event WHERE seq = 5", 6, Fault::Altered),
        ("INSERT INTO event SELECT 0, at, incident, actor, body, hash FROM event WHERE seq = 1", 0, Fault::Altered),
        (
            "UPDATE event SET seq = 9 WHERE seq = 2; UPDATE event SET seq = 2 WHERE seq = 3;
             UPDATE event SET seq = 3 WHERE seq = 9",
            2,
            Fault::Altered,
        ),
        ("UPDATE event SET hash = x'00' WHERE seq = 4", 4, Fault::Altered),
    ];
    for (sql, seq, fault) in cases {
        let (dir, _) = chained();
        tamper(dir.path(), sql);
        let broken = Reader::open(dir.path()).unwrap().verify_chain(None).unwrap().unwrap_err();
        assert_eq!((broken.seq, broken.what), (seq, fault), "{sql}");
    }
}

#[test]
fn a_cut_end_and_a_rewriting_show_only_against_a_checkpoint() {
    let (dir, head) = chained();
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.verify_chain(Some(head)).unwrap().unwrap().proof, Proof::Anchored);
    tamper(dir.path(), "DELETE FROM event WHERE seq > 3");
    let report = reader.verify_chain(None).unwrap().unwrap();
    assert_eq!((report.head.seq, report.proof), (3, Proof::Consistent));
    let broken = reader.verify_chain(Some(head)).unwrap().unwrap_err();
    assert_eq!((broken.seq, broken.what), (4, Fault::CutOff));

    // Rewritten to the old length by the program itself: consistent, but another record.
    let store = Store::open(dir.path(), None).unwrap();
    let posts = (10..12).map(|n| prepared(post(&n.to_string(), &text(n)))).collect();
    store.ingest(batch(posts)).unwrap();
    assert_eq!(reader.verify_chain(None).unwrap().unwrap().head.seq, 5);
    let broken = reader.verify_chain(Some(head)).unwrap().unwrap_err();
    assert_eq!((broken.seq, broken.what), (5, Fault::Rewritten));
}

#[test]
fn the_file_itself_refuses_to_change_events() {
    let (dir, _) = chained();
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    for sql in [
        "UPDATE event SET at = 0",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event SELECT seq, 0, incident, actor, body, hash FROM event WHERE seq = 3",
    ] {
        let refused = raw.execute(sql, []).unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{sql}");
    }
}

#[test]
fn a_second_owner_is_told_who_the_first_is() {
    let (dir, store) = store();
    let error = Store::open(dir.path(), None).unwrap_err();
    assert!(error.to_string().contains(&format!("belongs to process {}:", std::process::id())), "{error}");
    store.close();
    assert!(matches!(store.set_due("w", 1), Err(StoreError::Closed)));
    Store::open(dir.path(), None).unwrap();
}

#[test]
fn a_newer_schema_and_a_missing_store_are_refused() {
    let (dir, store) = store();
    store.close();
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    assert!(
        matches!(Store::open(dir.path(), None), Err(StoreError::Newer { found: 99, known }) if known == schema::KNOWN)
    );
    assert!(matches!(Reader::open(dir.path()), Err(StoreError::Newer { .. })));
    raw.pragma_update(None, "user_version", 0).unwrap();
    assert!(matches!(Reader::open(dir.path()), Err(StoreError::Older { .. })));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Reader::open(empty.path()), Err(StoreError::NoStore(_))));
    std::fs::write(empty.path().join(schema::FILE), "not a database at all, only some text that is long").unwrap();
    assert!(matches!(Reader::open(empty.path()), Err(StoreError::Damaged(_))));
}

#[test]
fn only_this_user_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let store = Store::open(&dir, None).unwrap();
    store.ingest(batch(vec![prepared(post("1", "字"))])).unwrap();
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in std::fs::read_dir(&dir).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_failed_job_is_undone_alone_and_a_full_disk_undoes_all() {
    let (_dir, store) = store();
    store.ingest(batch(vec![prepared(post("0", &text(0)))])).unwrap();
    let reader = store.reader().unwrap();
    let story = text(1);
    // Fails after it has written: rows, events and the entry in memory must go.
    let failing = batch(vec![prepared(post("1", &story))]);
    let failed = store.run(move |w| {
        super::ingest::ingest(w, &failing, None)?;
        Err::<(), _>(StoreError::Internal("half way".into()))
    });
    assert!(matches!(failed, Err(StoreError::Internal(_))));
    assert!(store.health().is_ok(), "what one caller asked for is no fault of the store");
    assert_eq!((all_posts(&reader).len(), reader.figures().unwrap().posts), (1, 1));
    assert_eq!(reader.verify_chain(None).unwrap().unwrap().head.seq, 1);
    assert_eq!(store.run(|w| Ok(w.near.len())).unwrap(), 1);

    // As large as it may become.
    store
        .run(|w| {
            let pages: i64 = w.db.query_row("PRAGMA page_count", [], |r| r.get(0))?;
            w.db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
            Ok(())
        })
        .unwrap();
    let many = |from: u64| batch((from..from + 100).map(|n| prepared(post(&n.to_string(), &text(n)))).collect());
    let error = store.ingest(many(100)).unwrap_err();
    assert!(matches!(error, StoreError::Disk(_)), "{error}");
    assert!(error.to_string().contains("the operator must free space"));
    assert!(matches!(store.health(), Err(StoreError::Disk(_))));
    assert_eq!(all_posts(&reader).len(), 1);
    assert_eq!(store.run(|w| Ok((w.near.len(), w.head.seq))).unwrap(), (1, 1));

    let small = || store.put_watches(&[watch("w")]);
    small().unwrap();
    assert!(matches!(store.health(), Err(StoreError::Disk(_))), "a row fits where a page of posts does not");
    (0..16).for_each(|_| small().unwrap());
    assert!(store.health().is_ok(), "nothing larger was asked for");
    assert!(matches!(store.ingest(many(100)), Err(StoreError::Disk(_))));
    assert!(store.health().is_err());

    // Space returns.
    store.run(|w| Ok(w.db.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(()))?)).unwrap();
    assert_eq!(store.ingest(many(100)).unwrap().new, 100);
    assert!(store.health().is_ok());
    assert_eq!(store.ingest(batch(vec![prepared(post("1", &story))])).unwrap().opened.len(), 1);
    let report = reader.verify_chain(None).unwrap().unwrap();
    assert_eq!(report.head.seq, 102);
    assert_eq!(reader.figures().unwrap().posts, 102);
}

#[test]
fn a_job_that_panics_is_undone_alone() {
    let (_dir, store) = store();
    let (before, half) = (batch(vec![prepared(post("0", &text(0)))]), batch(vec![prepared(post("1", &text(1)))]));
    store.ingest(before).unwrap();
    let failed = store.run(move |w| -> Result<(), _> {
        super::ingest::ingest(w, &half, None)?;
        panic!("lost the thread")
    });
    let Err(StoreError::Internal(what)) = failed else { panic!("{failed:?}") };
    assert!(what.ends_with("panicked: lost the thread"), "{what}");
    assert!(store.health().is_ok());
    assert_eq!(store.run(|w| Ok((w.near.len(), w.head.seq))).unwrap(), (1, 1));
    assert_eq!(store.ingest(batch(vec![prepared(post("1", &text(1)))])).unwrap().opened, [2]);
    assert!(store.reader().unwrap().verify_chain(None).unwrap().is_ok());
}

#[test]
fn a_writer_that_died_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Some(Box::new(|_| panic!("the hook is at fault")))).unwrap();
    // Answered before the hook is called.
    store.ingest(batch(vec![prepared(post("0", &text(0)))])).unwrap();
    let refused = store.ingest(batch(vec![prepared(post("1", &text(1)))]));
    assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
    assert!(matches!(store.health(), Err(StoreError::Closed)));
}

#[test]
fn what_is_remembered_of_texts_has_a_bound_also_while_running() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_remembering(dir.path(), None, 8).unwrap();
    for n in 0..40 {
        let mut p = prepared(post(&n.to_string(), &text(n)));
        p.post.published = Some(NOW + n as i64);
        store.ingest(batch(vec![p])).unwrap();
    }
    let held = store.run(|w| Ok(w.near.len())).unwrap();
    assert!((8..=12).contains(&held), "{held}");
    let again = |id: &str, n| store.ingest(batch(vec![prepared(post(id, &text(n)))])).unwrap();
    assert_eq!((again("new", 39).joined.len(), again("old", 0).opened.len()), (1, 1));
}

#[test]
fn callers_share_a_commit_and_each_has_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (sender, commits) = std::sync::mpsc::channel();
    let hook: Box<dyn Fn(u64) + Send> = Box::new(move |n| sender.send(n).unwrap());
    let store = Store::open(dir.path(), Some(hook)).unwrap();
    // While one job waits, the others gather behind it.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            store.run(move |_| wait.recv().map_err(|_| StoreError::Closed)).unwrap();
        });
        let callers: Vec<_> = (0..8)
            .map(|n| {
                let store = store.clone();
                scope.spawn(move || {
                    let mut b = batch(vec![prepared(post(&n.to_string(), &text(n)))]);
                    b.sweep = None;
                    let done = store.ingest(b).unwrap();
                    // Acknowledged: there for every reader.
                    let found = store.reader().unwrap().posts(&PostQuery::default()).unwrap();
                    assert!(found.iter().any(|p| p.id == n.to_string()));
                    done.new
                })
            })
            .collect();
        go.send(()).unwrap();
        assert_eq!(callers.into_iter().map(|c| c.join().unwrap()).sum::<u64>(), 8);
    });
    store.close();
    let numbers: Vec<u64> = commits.iter().collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

fn ask(since: Option<i64>, text: &str, topic: &str, incident: Option<i64>) -> PostQuery {
    let given = |s: &str| (!s.is_empty()).then(|| s.to_owned());
    PostQuery { since, text: given(text), topic: given(topic), incident, ..PostQuery::default() }
}

#[test]
fn lists_page_without_gaps_while_posts_arrive() {
    let (_dir, store) = store();
    let posts = |range: std::ops::Range<u64>| {
        batch(
            range
                .map(|n| {
                    let mut p = prepared(post(&n.to_string(), &format!("共{}", text(n))));
                    // Four to a second, before and after 1970.
                    p.post.published = Some(n as i64 / 4 - 10);
                    p.topics = Some(if n % 3 == 0 { vec!["三".into()] } else { vec![] });
                    p
                })
                .collect(),
        )
    };
    store.ingest(posts(0..100)).unwrap();
    let reader = store.reader().unwrap();
    let queries = [
        (ask(None, "", "", None), 100),
        (ask(None, "\"共\"", "", None), 100),
        (ask(None, "", "三", None), 34),
        (ask(Some(0), "", "", None), 60),
        (ask(Some(0), "\"共\"", "三", None), 20),
        (ask(None, "\"共\"", "", Some(7)), 1),
        (ask(None, "", "", Some(7)), 1),
        (ask(None, "", "三", Some(7)), 1),
        (ask(None, "\"共\" AND \"没\"", "", None), 0),
        (ask(None, "", "无", None), 0),
    ];
    let mut arriving = 1000;
    for (query, expected) in queries {
        let mut seen = Vec::new();
        let mut page = PostQuery { limit: Some(7), ..query.clone() };
        loop {
            let rows = reader.posts(&page).unwrap();
            let Some(last) = rows.last() else { break };
            page.before = Some(last.row);
            seen.extend(rows.iter().map(|p| p.row));
            // Newer than all of them.
            let mut newer = posts(arriving..arriving + 1);
            newer.posts[0].post.text = "别的".into();
            newer.posts[0].tokens = "别 的".into();
            newer.posts[0].signature = None;
            store.ingest(newer).unwrap();
            arriving += 1;
        }
        assert!(seen.is_sorted_by(|a, b| a > b));
        assert_eq!(seen.iter().filter(|row| super::second(**row) < 100).count(), expected, "{query:?}");
        let mut streamed = 0;
        let ask = PostQuery { before: Some(super::rowid::first(100)), ..query.clone() };
        reader
            .for_each_post(&ask, |_| {
                streamed += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(streamed, expected, "{query:?}");
    }
    let mut three = 0;
    reader
        .for_each_post(&PostQuery::default(), |_| {
            three += 1;
            if three == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(three, 3);
}

#[test]
fn incidents_page_by_their_newest_post() {
    let (_dir, store) = store();
    let posts = (0..25).map(|n| {
        let mut p = prepared(post(&n.to_string(), &text(n)));
        p.post.published = Some(NOW - 86_400 * (n as i64 % 5) - 1000);
        p.topics = Some(vec![]);
        p
    });
    store.ingest(batch(posts.collect())).unwrap();
    let reader = store.reader().unwrap();
    let mut seen = Vec::new();
    let mut query = IncidentQuery { limit: Some(4), ..IncidentQuery::default() };
    loop {
        let rows = reader.incidents(&query).unwrap();
        let Some(last) = rows.last() else { break };
        query.before = Some((last.latest, last.id));
        seen.extend(rows.iter().map(|i| (i.latest, i.id)));
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|a, b| a > b));
    let since = |t| reader.incidents(&IncidentQuery { since: Some(t), ..IncidentQuery::default() }).unwrap().len();
    // All were first seen now, whenever they were published.
    assert_eq!((since(NOW), since(NOW + 1)), (25, 0));
    let days = reader.posts_per_day(NOW - 3 * 86_400, 28_800).unwrap();
    assert!(days.len() >= 3 && days.is_sorted_by_key(|d| d.day));
    assert!(days.iter().all(|d| (d.day + 28_800) % 86_400 == 0 && d.category.is_none() && d.posts == 5));
}

#[test]
fn incidents_are_listed_by_category_and_state() {
    let (dir, store) = store();
    let names = [Some("problem"), None, Some("rumour"), Some("problem"), None, Some("problem")];
    let posts = names.iter().zip(0..).map(|(name, n)| {
        let mut p = prepared(post(&n.to_string(), &text(n)));
        p.labels = name.iter().map(|name| label(name, 0.5)).collect();
        p.topics = Some(vec![]);
        p
    });
    store.ingest(batch(posts.collect())).unwrap();
    let reader = store.reader().unwrap();
    let all = reader.incidents(&IncidentQuery::default()).unwrap();
    let of = |category, open| {
        let mut seen = Vec::new();
        let mut query = IncidentQuery { category, open, limit: Some(2), ..IncidentQuery::default() };
        loop {
            let rows = reader.incidents(&query).unwrap();
            let Some(last) = rows.last() else { return seen };
            query.before = Some((last.latest, last.id));
            seen.extend(rows.iter().map(|i| i.id));
        }
    };
    let expected = |category| all.iter().filter(|i| i.category == category).map(|i| i.id).collect::<Vec<_>>();
    assert_eq!(of(CategoryFilter::Any, true), all.iter().map(|i| i.id).collect::<Vec<_>>());
    assert_eq!(of(CategoryFilter::Without, true), expected(None));
    for category in Category::ALL {
        assert_eq!(of(CategoryFilter::Only(category), true), expected(Some(category)));
    }
    assert_eq!(expected(Some(Category::Problem)).len(), 3);

    // Decided otherwise, and closed: no command closes an incident yet.
    let rumour = expected(Some(Category::Rumour))[0];
    let file = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let sql = "UPDATE incident SET state = 'closed', assessed = 'problem', assessed_by = 'head' WHERE id = ?1";
    file.execute(sql, [rumour]).unwrap();
    assert_eq!(of(CategoryFilter::Any, true).len(), 5);
    assert_eq!(of(CategoryFilter::Any, false).len(), 6);
    assert!(of(CategoryFilter::Only(Category::Rumour), false).is_empty());
    assert!(of(CategoryFilter::Only(Category::Problem), false).contains(&rumour));
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

#[test]
fn watches_remember_how_they_fared() {
    let (_dir, store) = store();
    store.put_watches(&[watch("b"), watch("a")]).unwrap();
    let reader = store.reader().unwrap();
    let ids: Vec<_> = reader.watches().unwrap().into_iter().map(|w| w.watch.id).collect();
    assert_eq!(ids, ["a", "b"]);
    let row = || reader.watches().unwrap().remove(0);

    let sweep = store.begin_sweep("a", NOW).unwrap();
    let b = Batch { sweep: Some(sweep), ..batch(vec![prepared(post("1", "一")), prepared(post("2", "二"))]) };
    store.ingest(b).unwrap();
    assert_eq!(row().last, None);
    let fine = SweepTally { requests: 1, seen: 2, new: 2, ..SweepTally::default() };
    store.finish_sweep(sweep, NOW + 5, &fine).unwrap();
    let a = row();
    assert_eq!((a.posts, a.heard, a.failing), (2, Some(NOW + 5), 0));
    assert_eq!(a.last.unwrap().tally, fine);

    let failure = SweepFailure { kind: FailureKind::Blocked, detail: "captcha".into() };
    let bad = SweepTally { failures: vec![failure], ..SweepTally::default() };
    for n in 1..=2 {
        let sweep = store.begin_sweep("a", NOW + 10 * n).unwrap();
        store.finish_sweep(sweep, NOW + 10 * n + 1, &bad).unwrap();
        assert!(matches!(store.finish_sweep(sweep, NOW, &bad), Err(StoreError::Unknown { .. })));
    }
    let a = row();
    assert_eq!((a.failing, a.heard), (2, Some(NOW + 5)));
    assert_eq!(a.last.unwrap().tally, bad);
    let running = store.begin_sweep("a", NOW + 100).unwrap();
    let sweeps = reader.sweeps(Some("a"), 3).unwrap();
    assert_eq!((sweeps.len(), sweeps[0].id, sweeps[0].ended), (3, running, None));
    assert_eq!(reader.sweeps(None, 100).unwrap().len(), 4);

    store.halt_watch("a", "gone").unwrap();
    store.set_due("a", 77).unwrap();
    store.put_watches(&[watch("a")]).unwrap();
    assert_eq!((row().halted.as_deref(), row().due), (Some("gone"), Some(77)));
    store.configure_watches(&[watch("a")]).unwrap();
    assert_eq!(row().halted, None, "a start tries every watch again");
    assert_eq!(reader.watches().unwrap().len(), 1, "the other has left the configuration");
    assert_eq!(reader.sweeps(None, 100).unwrap().len(), 4, "and what it did stays");
    let replayed = Watch { recorded: true, ..watch("r") };
    store.put_watches(&[replayed]).unwrap();
    store.configure_watches(&[watch("a"), watch("b")]).unwrap();
    let ids: Vec<_> = reader.watches().unwrap().into_iter().map(|w| w.watch.id).collect();
    assert_eq!(ids, ["a", "b", "r"], "it is back, and recordings are not configured");
    store.halt_watch("a", "gone").unwrap();
    let other = Watch { site: Some("https://new.example".into()), ..watch("a") };
    store.put_watches(std::slice::from_ref(&other)).unwrap();
    let a = row();
    assert_eq!((a.watch, a.halted, a.due, a.failing), (other, None, None, 2));
    assert_eq!(store.begin_sweep("nobody", 1).unwrap_err().to_string(), "no such watch: nobody");
    assert!(matches!(store.halt_watch("nobody", ""), Err(StoreError::Unknown { .. })));
}

#[test]
fn a_long_failure_does_not_make_a_watch_forget_what_was_usual_but_another_target_does() {
    let (_dir, store) = store();
    store.put_watches(&[watch("a")]).unwrap();
    let reader = store.reader().unwrap();
    let swept = |at, failures: &[FailureKind]| {
        let failures = failures.iter().map(|kind| SweepFailure { kind: *kind, detail: "why".into() }).collect();
        let sweep = store.begin_sweep("a", at).unwrap();
        store.finish_sweep(sweep, at + 1, &SweepTally { seen: 9, failures, ..SweepTally::default() }).unwrap();
    };
    swept(NOW, &[]);
    swept(NOW + 3600, &[]);
    swept(NOW + 50 * 86_400, &[FailureKind::Silent]);
    assert_eq!(reader.past("a").unwrap().iter().map(|look| look.started).collect::<Vec<_>>(), [NOW, NOW + 3600]);
    assert_eq!(reader.heard_until("a").unwrap(), (Some(NOW + 3600), Some(NOW + 3600)));
    let often = Watch { every: crate::watch::Every { floor: 60, ceiling: 120 }, ..watch("a") };
    store.put_watches(std::slice::from_ref(&often)).unwrap();
    assert_eq!(reader.past("a").unwrap().len(), 2, "how often it is swept changes nothing");
    store.put_watches(&[Watch { site: Some("https://new.example".into()), ..often }]).unwrap();
    assert_eq!((reader.past("a").unwrap().len(), reader.heard_until("a").unwrap().0), (0, None));
    swept(NOW + 51 * 86_400, &[]);
    assert_eq!(reader.past("a").unwrap().len(), 1);
    assert!(reader.gaps(Some("a"), 0).unwrap()[0].closed.is_some());
}

#[test]
fn the_time_in_which_a_watch_was_retired_is_not_claimed() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    let (day, away) = (86_400, NOW + 60 * 86_400);
    let configured = |ids: &[&str]| store.configure_watches(&ids.iter().map(|id| watch(id)).collect::<Vec<_>>());
    let swept = |at, failures: &[FailureKind]| {
        let failures = failures.iter().map(|kind| SweepFailure { kind: *kind, detail: "why".into() }).collect();
        let sweep = store.begin_sweep("a", at).unwrap();
        let tally = SweepTally { seen: 9, reach: Some(NOW - day), failures, ..SweepTally::default() };
        store.finish_sweep(sweep, at + 1, &tally).unwrap();
    };
    configured(&["a"]).unwrap();
    swept(NOW, &[]);
    swept(NOW + day, &[FailureKind::Network]);
    configured(&[]).unwrap();
    configured(&["a"]).unwrap();
    let a = |now| reader.coverage(NOW - day, now).unwrap().watches.remove(0);
    assert_eq!((a(away).from, a(away).heard), (None, None), "nobody has looked since it came back");
    swept(away, &[]);
    let a = a(away + 3600);
    assert_eq!(a.from, Some(away), "two months in which nobody looked are no part of it");
    assert!((a.heard.unwrap() - 1.0).abs() < f64::EPSILON);
    let gap = &a.gaps[0];
    assert_eq!((gap.from, gap.until), (NOW, Some(NOW + day)), "its gap ended when it was last looked after");
    assert_eq!(gap.filled, None, "and what came later does not fill it");
    assert_eq!(reader.past("a").unwrap().len(), 1);
}

#[test]
fn gaps_of_another_target_are_not_filled_by_the_new_one() {
    let (_dir, store) = store();
    store.put_watches(&[watch("a")]).unwrap();
    let reader = store.reader().unwrap();
    let swept = |at, failures: &[FailureKind]| {
        let failures = failures.iter().map(|kind| SweepFailure { kind: *kind, detail: "why".into() }).collect();
        let sweep = store.begin_sweep("a", at).unwrap();
        let tally = SweepTally { seen: 9, reach: Some(NOW - 86_400), failures, ..SweepTally::default() };
        store.finish_sweep(sweep, at + 1, &tally).unwrap();
    };
    swept(NOW, &[]);
    swept(NOW + 100, &[FailureKind::Network]);
    store.tend(NOW + 300, None, Vec::new()).unwrap();
    store.put_watches(&[Watch { target: Target::Listing("https://new.example/rss".into()), ..watch("a") }]).unwrap();
    swept(NOW + 900, &[]);
    let gaps = reader.gaps(Some("a"), 0).unwrap();
    let [gap] = gaps.as_slice() else { panic!("{gaps:?}") };
    assert_eq!((gap.from, gap.until, gap.closed, gap.filled), (NOW, Some(NOW + 300), Some(NOW + 300), None));
}

#[test]
fn stand_ins_are_never_due_and_go_with_their_sweeps() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    let page = Watch { recorded: true, ..watch("https://bbs.example/t/1 (feed, handed in)") };
    store.put_watches(&[watch("b"), watch("a"), watch("c"), page.clone()]).unwrap();
    store.halt_watch("c", "gone").unwrap();
    store.set_due("b", NOW + 10).unwrap();
    let due = |now| reader.due(now).unwrap().into_iter().map(|watch| watch.id).collect::<Vec<_>>();
    assert_eq!((due(NOW), due(NOW + 10)), (vec!["a".to_owned()], vec!["a".to_owned(), "b".to_owned()]));
    // As an earlier version wrote them.
    store.set_due(&page.id, 0).unwrap();
    assert_eq!(due(NOW), ["a"]);
    store.tend(NOW + 30 * 86_400, None, Vec::new()).unwrap();
    assert!(reader.gaps(Some(&page.id), 0).unwrap().is_empty());

    let swept = |id: &str| {
        let sweep = store.begin_sweep(id, NOW).unwrap();
        store.finish_sweep(sweep, NOW + 1, &SweepTally::default()).unwrap();
        sweep
    };
    let last = swept("a").max(swept(&page.id));
    store.put_watches(&[Watch { recorded: true, ..watch("waiting") }]).unwrap();
    assert_eq!(store.expire_sweeps(last).unwrap(), 1, "the last sweep of a watch is kept");
    let ids: Vec<_> = reader.watches().unwrap().into_iter().map(|row| row.watch.id).collect();
    assert_eq!(ids, ["a", "b", "c", "waiting"], "one that is not swept yet stays");
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
                let folded = replay(history.iter().map(|r| (&r.event, &r.by)));
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

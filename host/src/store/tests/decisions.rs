//! What people decide, as it is kept: by whom, on what they saw, and what it does to posts.

use super::*;
use crate::incident::IncidentId;
use crate::incident::life::Grouped;
use crate::plan::playbook::EvidenceKind;
use crate::store::Shown;

/// Three posts about different matters, each an incident of its own, and a head.
fn three() -> (TempDir, Store, Caller) {
    let (dir, store) = store();
    for n in 0..3_u64 {
        let mut b = batch(vec![prepared(post(&n.to_string(), &text(n)))]);
        b.posts[0].labels = vec![label(["problem", "sensitive", "suggestion"][n as usize], 0.8)];
        b.captured = NOW + n as i64 * 100;
        store.ingest(b).unwrap();
    }
    let head = head(&store);
    (dir, store, head)
}

fn seen(store: &Store, id: IncidentId) -> Seen {
    Seen { id, version: Some(store.reader().unwrap().standing(id).unwrap().unwrap().version) }
}

fn decide(store: &Store, by: &Caller, id: IncidentId, decision: Decision) -> Result<Decided, StoreError> {
    store.decide(by, seen(store, id), decision, NOW + 1_000)
}

/// What is shown of an incident: state, posts, first sight, newest post, sites, suggestion.
fn shown(store: &Store, id: IncidentId) -> (State, u64, i64, i64, u64, Option<Category>) {
    let row = store.reader().unwrap().incident(id).unwrap().unwrap();
    (row.state, row.posts, row.opened, row.latest, row.sites, row.category)
}

fn members(store: &Store, id: IncidentId) -> Vec<String> {
    let query = PostQuery { incident: Some(id), ..PostQuery::default() };
    store.reader().unwrap().posts(&query).unwrap().into_iter().map(|post| post.id).collect()
}

fn row(store: &Store, id: &str) -> i64 {
    store.reader().unwrap().post("feed", "bbs.example", id).unwrap().unwrap().row
}

/// The snapshots are what the events come to, and the chain holds.
fn consistent(store: &Store) {
    let reader = store.reader().unwrap();
    for incident in reader.incidents(&IncidentQuery::default()).unwrap() {
        let folded = replay(&reader.history(incident.id).unwrap());
        assert_eq!(Some(folded), reader.standing(incident.id).unwrap(), "{}", incident.id);
        let row = (incident.state.is_open(), incident.posts, incident.opened);
        let standing = reader.standing(incident.id).unwrap().unwrap();
        assert_eq!(row, (standing.state.is_open(), standing.posts, standing.opened));
    }
    assert!(reader.verify_chain(None).unwrap().is_ok());
}

#[test]
fn the_second_of_two_is_told_what_the_first_has_changed() {
    let (_dir, store, head) = three();
    let both_saw = seen(&store, 1);
    assess(&store, &head, 1, Category::Emergency, NOW + 500).unwrap();
    decide(&store, &head, 1, Decision::SetLevel { level: "i".into(), reason: "多人受伤".into() }).unwrap();
    let late = store.decide(&head, both_saw, Decision::Dismiss("重复".into()), NOW + 1_000).unwrap_err();
    let words = late.to_string();
    assert!(words.contains("since version 0, it is at 2 now (assessed by head; level-set by head)"), "{words}");
    // What arrives meanwhile is no reason to look again.
    let now = seen(&store, 1);
    store.ingest(batch(vec![prepared(post("9", &text(0)))])).unwrap();
    assert_eq!(members(&store, 1).len(), 2);
    store.decide(&head, now, Decision::Assign("head".into()), NOW + 1_000).unwrap();
    consistent(&store);
}

#[test]
fn a_refused_decision_leaves_nothing_behind() {
    let (dir, store, head) = three();
    let count = |store: &Store| store.reader().unwrap().verify_chain(None).unwrap().unwrap().head.seq;
    let before = count(&store);
    let nobody = Caller { token: None, account: 1000 };
    for (by, decision) in [
        (&head, Decision::Close("好了".into())),
        (&head, Decision::Assess { category: Category::Rumour, level: Some("V".into()), reason: "x".into() }),
        (&head, Decision::Assess { category: Category::Rumour, level: None, reason: " \n".into() }),
        (&head, Decision::Assign("nobody".into())),
        (&head, Decision::Undo),
        (&head, Decision::Split(vec![12])),
        (&head, Decision::Merge(Seen { id: 1, version: Some(0) })),
        (&nobody, Decision::Note("谁写的".into())),
    ] {
        decide(&store, by, 1, decision.clone()).expect_err(&format!("{decision:?}"));
    }
    assert_eq!(count(&store), before);
    store.close();
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let notes: i64 = raw.query_row("SELECT count(*) FROM note", [], |r| r.get(0)).unwrap();
    assert_eq!(notes, 0, "the reason of what was refused is not kept");
}

#[test]
fn a_merge_takes_posts_sight_sites_and_votes_along_and_undo_brings_them_back() {
    let (_dir, store, head) = three();
    let before = (shown(&store, 1), shown(&store, 2));
    let into = seen(&store, 1);
    let done = decide(&store, &head, 2, Decision::Merge(into)).unwrap();
    assert_eq!((done.id, done.other), (1, Some(2)));
    let names: Vec<_> = done.events.iter().map(Event::name).collect();
    assert_eq!(names, ["merged-into", "clock", "absorbed"], "the clocks go on in the other");
    assert_eq!(members(&store, 1), ["1", "0"]);
    assert_eq!(shown(&store, 1), (State::New, 2, NOW, before.1.3, 1, Some(Category::Problem)));
    assert_eq!((shown(&store, 2).0, shown(&store, 2).1), (State::Merged, 0));
    assert_eq!(store.reader().unwrap().figures().unwrap().open, 2);
    // What would have joined the one joins the other now.
    assert_eq!(store.ingest(batch(vec![prepared(post("9", &text(1)))])).unwrap().joined, [1]);
    consistent(&store);
    decide(&store, &head, 1, Decision::Undo).unwrap();
    assert_eq!(members(&store, 1), ["9", "0"], "what came later stays");
    assert_eq!(members(&store, 2), ["1"]);
    assert_eq!(shown(&store, 2), before.1);
    assert_eq!(store.reader().unwrap().figures().unwrap().open, 3);
    let nothing = decide(&store, &head, 1, Decision::Undo).unwrap_err();
    assert!(nothing.to_string().contains("left to undo"), "{nothing}");
    consistent(&store);
}

#[test]
fn an_earlier_sight_comes_with_a_merge_and_goes_with_its_undo() {
    let (_dir, store, head) = three();
    let into = seen(&store, 3);
    decide(&store, &head, 1, Decision::Merge(into)).unwrap();
    assert_eq!(shown(&store, 3).2, NOW);
    decide(&store, &head, 3, Decision::Undo).unwrap();
    assert_eq!((shown(&store, 3).2, shown(&store, 1).2), (NOW + 200, NOW));
}

#[test]
fn a_split_gives_each_part_its_own_sight_and_undo_makes_them_one() {
    let (_dir, store, head) = three();
    let into = seen(&store, 1);
    decide(&store, &head, 3, Decision::Merge(into)).unwrap();
    let done = decide(&store, &head, 1, Decision::Split(vec![row(&store, "0")])).unwrap();
    assert_eq!(done.other, Some(4));
    assert_eq!((members(&store, 1), members(&store, 4)), (vec!["2".to_owned()], vec!["0".to_owned()]));
    assert_eq!((shown(&store, 1).2, shown(&store, 4).2), (NOW + 200, NOW));
    assert_eq!(shown(&store, 4).5, Some(Category::Problem));
    assert!(!store.reader().unwrap().incident(4).unwrap().unwrap().title.is_empty());
    let all = decide(&store, &head, 1, Decision::Split(vec![row(&store, "2")])).unwrap_err();
    assert!(all.to_string().contains("leaves some"), "{all}");
    consistent(&store);
    decide(&store, &head, 1, Decision::Undo).unwrap();
    assert_eq!((members(&store, 1).len(), shown(&store, 4).0, shown(&store, 1).2), (2, State::Merged, NOW));
    let standing = store.reader().unwrap().standing(1).unwrap().unwrap();
    assert_eq!(standing.grouped, [Grouped::Merged(3)], "the merge before it can be undone next");
    decide(&store, &head, 1, Decision::Undo).unwrap();
    assert_eq!(members(&store, 3), ["2"]);
    consistent(&store);
}

#[test]
fn evidence_is_a_post_of_the_incident_or_nothing() {
    let (_dir, store, head) = three();
    let security = store.reader().unwrap().users().unwrap();
    assert_eq!(security.len(), 3);
    assess(&store, &head, 1, Category::Rumour, NOW + 500).unwrap();
    let step = |row| Decision::DoStep { step: "claim".into(), evidence: vec![Shown::Capture(row)] };
    let foreign = decide(&store, &head, 1, step(row(&store, "1"))).unwrap_err();
    let StoreError::Refused(Refusal::NoEvidence { kind, .. }) = foreign else { panic!("{foreign}") };
    assert_eq!(kind, EvidenceKind::Capture);
    // Its own post is evidence; a head does not own the step.
    let own = decide(&store, &head, 1, step(row(&store, "0"))).unwrap_err();
    assert!(matches!(own, StoreError::Refused(Refusal::Role(Role::Head, _))), "{own}");
}

#[test]
fn what_came_back_reopens_the_incident() {
    let (_dir, store, head) = three();
    decide(&store, &head, 1, Decision::Dismiss("无关".into())).unwrap();
    assert_eq!(store.reader().unwrap().figures().unwrap().open, 2);
    let mut again = batch(vec![prepared(post("9", &text(0)))]);
    again.captured = NOW + 5_000;
    again.posts[0].post.published = Some(NOW + 4_000);
    assert_eq!(store.ingest(again).unwrap().joined, [1]);
    assert_eq!((shown(&store, 1).0, shown(&store, 1).2), (State::New, NOW + 5_000));
    let history = store.reader().unwrap().history(1).unwrap();
    let back = history.iter().find_map(|recorded| match recorded.event {
        Event::Recurred { post, .. } => Some(post),
        _ => None,
    });
    assert_eq!(back, Some(row(&store, "9")), "it says what came back");
    consistent(&store);
}

/// A decision is governed by the plan of the moment at which the category was decided.
#[test]
fn a_new_plan_does_not_change_what_is_under_way() {
    let (_dir, store, head) = three();
    assess(&store, &head, 1, Category::Problem, NOW + 500).unwrap();
    let old = store.reader().unwrap().standing(1).unwrap().unwrap().assessed.unwrap().plan;
    let text = crate::plan::BUILT_IN.replace("levels = \"colours\"", "levels = \"three\"");
    let plan = crate::plan::Plan::read(text.into_bytes(), "plan.toml".as_ref()).unwrap();
    let new = plan.digest();
    store.govern(plan, crate::calendar::Calendar::built_in().clone(), jiff::tz::TimeZone::UTC).unwrap();
    let level = |level: &str| Decision::SetLevel { level: level.into(), reason: "x".into() };
    decide(&store, &head, 1, level("larger")).unwrap_err();
    decide(&store, &head, 1, level("ii")).unwrap();
    let assess =
        |level: &str| Decision::Assess { category: Category::Problem, level: Some(level.into()), reason: "x".into() };
    decide(&store, &head, 2, assess("ii")).unwrap_err();
    decide(&store, &head, 2, assess("larger")).unwrap();
    let reader = store.reader().unwrap();
    for digest in [old, new] {
        assert_eq!(reader.plan(&digest).unwrap().unwrap().digest(), digest);
    }
}

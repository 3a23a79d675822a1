//! Events: what they hold, and what shows that they were changed.

use super::*;

#[test]
fn events_hold_no_text_and_no_name() {
    let (dir, store) = store();
    let mut p = prepared(post("secret-id", "张三说的话，很长很长很长很长很长很长"));
    p.post.title = Some("张三的标题".into());
    p.labels = vec![label("problem", 0.5)];
    store.ingest(batch(vec![p])).unwrap();
    let head = Actor::Person { user: "u7".into(), role: Role::Head, token: None };
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

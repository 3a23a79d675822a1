//! Events: what they hold, and what shows that they were changed.

use super::*;
use crate::incident::chain::Record;

#[test]
fn events_hold_no_text_and_no_name() {
    let (dir, store) = store();
    let mut p = prepared(post("secret-id", "张三说的话，很长很长很长很长很长很长"));
    p.post.title = Some("张三的标题".into());
    p.labels = vec![label("problem", 0.5)];
    store.ingest(batch(vec![p])).unwrap();
    let head = head(&store);
    assess(&store, &head, 1, Category::Problem, NOW).unwrap();
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let mut statement = raw.prepare("SELECT actor || body FROM event").unwrap();
    let events: Vec<String> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(events.len() > 7, "{events:?}");
    for event in events {
        assert!(event.is_ascii() && !event.contains("secret-id") && !event.contains("p-1"), "{event}");
    }
}

/// A store with ten events in its chain (five incidents and their first clock), closed.
fn chained() -> (TempDir, Checkpoint) {
    let (dir, store) = store();
    let posts = (0..5).map(|n| prepared(post(&n.to_string(), &text(n)))).collect();
    store.ingest(batch(posts)).unwrap();
    let report = store.reader().unwrap().verify_chain(None).unwrap().unwrap();
    assert_eq!((report.head.seq, report.proof), (10, Proof::Consistent));
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
        (
            "DELETE FROM event WHERE seq = 2; UPDATE event SET seq = -seq WHERE seq > 2; UPDATE event SET seq = -seq - 1 WHERE seq < 0",
            2,
            Fault::Altered,
        ),
        ("INSERT INTO event SELECT 11, at, incident, actor, body, hash FROM event WHERE seq = 10", 11, Fault::Altered),
        ("INSERT INTO event SELECT 0, at, incident, actor, body, hash FROM event WHERE seq = 1", 0, Fault::Altered),
        (
            "UPDATE event SET seq = 99 WHERE seq = 2; UPDATE event SET seq = 2 WHERE seq = 3;
             UPDATE event SET seq = 3 WHERE seq = 99",
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

/// Of one incident: its own entries and those behind them are looked at, and what they come to.
#[test]
fn the_record_of_one_incident_shows_what_was_done_to_it() {
    let (dir, _) = chained();
    let examined = |dir: &TempDir| Reader::open(dir.path()).unwrap().verify_incident(2).unwrap();
    let sound = examined(&dir);
    assert_eq!((sound.entries, sound.broken, sound.adds_up), (2, None, true));
    let own = "(SELECT min(seq) FROM event WHERE incident = 2)";
    let cases = [
        (format!("UPDATE event SET body = replace(body, 'opened', 'joined') WHERE seq = {own}"), Some(Fault::Altered)),
        (format!("UPDATE event SET hash = x'00' WHERE seq = {own} + 1"), Some(Fault::Altered)),
        (format!("UPDATE event SET at = at + 1 WHERE seq = {own} + 2"), Some(Fault::Altered)),
        (format!("DELETE FROM event WHERE seq = {own} - 1"), Some(Fault::Missing)),
        (format!("DELETE FROM event WHERE seq = {own}"), Some(Fault::Missing)),
        ("DELETE FROM event WHERE incident = 2".to_owned(), None),
    ];
    for (sql, fault) in cases {
        let (dir, _) = chained();
        tamper(dir.path(), &sql);
        let found = examined(&dir);
        assert_eq!(found.broken.map(|broken| broken.what), fault, "{sql}");
        assert!(!found.adds_up, "{sql}");
    }
    assert!(!Reader::open(dir.path()).unwrap().verify_incident(99).unwrap().adds_up, "there is none");
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
    let posts = (10..14).map(|n| prepared(post(&n.to_string(), &text(n)))).collect();
    store.ingest(batch(posts)).unwrap();
    assert_eq!(reader.verify_chain(None).unwrap().unwrap().head.seq, 11);
    let broken = reader.verify_chain(Some(head)).unwrap().unwrap_err();
    assert_eq!((broken.seq, broken.what), (10, Fault::Rewritten));
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

/// One event as a thief of the file sees it.
#[derive(Clone)]
struct Row {
    seq: i64,
    at: i64,
    incident: i64,
    actor: String,
    body: String,
    hash: Vec<u8>,
}

fn rows(db: &Connection) -> Vec<Row> {
    let mut statement = db.prepare("SELECT seq, at, incident, actor, body, hash FROM event ORDER BY seq").unwrap();
    let row = |r: &rusqlite::Row<'_>| {
        let (seq, at, incident) = (r.get(0)?, r.get(1)?, r.get(2)?);
        Ok(Row { seq, at, incident, actor: r.get(3)?, body: r.get(4)?, hash: r.get(5)? })
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// Puts these rows in the place of all, asks what a walk finds, and puts the old ones back.
fn walked(db: &Connection, rows: &[Row], checkpoint: Option<Checkpoint>) -> Result<Proof, Fault> {
    db.execute_batch("BEGIN; DELETE FROM event").unwrap();
    for Row { seq, at, incident, actor, body, hash } in rows {
        db.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .unwrap()
            .execute(rusqlite::params![seq, at, incident, actor, body, hash])
            .unwrap();
    }
    let found = super::super::read::verify(db, checkpoint).unwrap();
    db.execute_batch("ROLLBACK").unwrap();
    found.map(|report| report.proof).map_err(|broken| broken.what)
}

/// Makes numbers and hashes fit again, as somebody with the program's source could.
fn rechained(mut rows: Vec<Row>) -> Vec<Row> {
    let mut prev = crate::incident::chain::Hash::default();
    for (row, seq) in rows.iter_mut().zip(1..) {
        row.seq = seq;
        let Row { at, incident, actor, body, .. } = &*row;
        prev = Record { seq, at: *at, incident: *incident, actor, body }.hash(&prev);
        row.hash = prev.0.to_vec();
    }
    rows
}

/// Every event, every field, every way: what is edited, deleted, inserted or swapped shows from the chain alone; a cut
/// end and a rewriting of the whole show against a checkpoint, and which of the two it was.
#[test]
fn four_hundred_ways_of_tampering_show() {
    let (dir, store) = store();
    let posts = (0..20).map(|n| prepared(post(&n.to_string(), &text(n)))).collect();
    store.ingest(batch(posts)).unwrap();
    let head = store.reader().unwrap().verify_chain(None).unwrap().unwrap().head;
    store.close();
    let db = Connection::open(dir.path().join(schema::FILE)).unwrap();
    db.execute_batch(
        "DROP TRIGGER event_is_appended; DROP TRIGGER event_is_not_changed; DROP TRIGGER event_is_not_deleted;",
    )
    .unwrap();
    let whole = rows(&db);
    assert_eq!(walked(&db, &whole, Some(head)), Ok(Proof::Anchored));
    let edits: [fn(&mut Row); 6] = [
        |row| row.at -= 60,
        |row| row.incident += 1,
        |row| row.actor = row.actor.replace("machine", "person"),
        |row| row.body.push(' '),
        |row| row.body = row.body.replace(':', ": "),
        |row| row.hash[0] ^= 1,
    ];
    let (mut ways, n) = (0, whole.len());
    let mut shows = |rows: &[Row], checkpoint, fault: &[Fault], what: &str| {
        ways += 1;
        let found = walked(&db, rows, checkpoint).expect_err(what);
        assert!(fault.contains(&found), "{what}: {found:?}");
    };
    for i in 0..n {
        for edit in edits {
            let mut rows = whole.clone();
            edit(&mut rows[i]);
            shows(&rows, None, &[Fault::Altered], "an edit");
        }
        let mut deleted = whole.clone();
        deleted.remove(i);
        let end = i + 1 == n;
        shows(&deleted, Some(head), &[if end { Fault::CutOff } else { Fault::Missing }], "a deletion");
        let mut inserted = whole.clone();
        inserted.insert(i, Row { at: 7, ..whole[i].clone() });
        inserted.iter_mut().zip(1..).for_each(|(row, seq)| row.seq = seq);
        shows(&inserted, None, &[Fault::Altered], "an insertion");
        let mut swapped = whole.clone();
        let other = (i + 1) % n;
        (swapped[i].seq, swapped[other].seq) = (whole[other].seq, whole[i].seq);
        swapped.sort_by_key(|row| row.seq);
        shows(&swapped, None, &[Fault::Altered], "a swap");
        shows(&whole[..i], Some(head), &[Fault::CutOff], "a cut end");
        let mut rewritten = whole.clone();
        rewritten[i].at -= 60;
        let rewritten = rechained(rewritten);
        assert_eq!(walked(&db, &rewritten, None), Ok(Proof::Consistent), "without a checkpoint it is not seen");
        shows(&rewritten, Some(head), &[Fault::Rewritten], "a rewriting");
    }
    assert!(ways >= 400, "{ways} ways");
}

//! The index of near-duplicates: what leaves memory is found on disk, and no more is kept than there is room for.

use super::*;

/// Opens a store whose runs have `run` signatures.
fn open(dir: &TempDir, run: usize) -> Store {
    Store::open_remembering(dir.path(), None, run).unwrap()
}

fn say(store: &Store, id: &str, text: &str) -> Ingested {
    store.ingest(batch(vec![prepared(post(id, text))])).unwrap()
}

fn held(store: &Store) -> usize {
    store.run(|w| Ok(w.near.len())).unwrap()
}

fn count(dir: &TempDir, sql: &str) -> i64 {
    Connection::open(dir.path().join(schema::FILE)).unwrap().query_row(sql, [], |r| r.get(0)).unwrap()
}

#[test]
fn what_was_sealed_is_found_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir, 4);
    for n in 0..42 {
        assert_eq!(say(&store, &n.to_string(), &text(n)).opened.len(), 1);
    }
    assert_eq!((held(&store), count(&dir, "SELECT count(*) FROM near_run")), (2, 10));
    for round in ["a", "b"] {
        for n in [0, 3, 4, 21, 39, 40, 41] {
            assert_eq!(say(&store, &format!("{round}{n}"), &text(n)).joined, [n as i64 + 1], "{round}{n}");
        }
        drop(store);
        store = open(&dir, 4);
        assert!(held(&store) < 4);
    }
}

#[test]
fn memory_is_bounded_by_a_run_and_the_file_by_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, 1);
    for n in 0..70 {
        say(&store, &n.to_string(), &text(n));
        assert_eq!(held(&store), 0);
    }
    assert_eq!(count(&dir, "SELECT count(*) FROM near_run"), 64);
    assert_eq!(say(&store, "newest", &text(69)).joined, [70]);
    assert_eq!(say(&store, "still", &text(7)).joined, [8]);
    assert_eq!(say(&store, "oldest", &text(0)).opened.len(), 1, "its run was the first to make room");
}

#[test]
fn a_flood_of_one_text_is_not_looked_for_in_every_run() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, 8);
    for n in 0..100 {
        say(&store, &n.to_string(), &text(1));
    }
    let reader = store.reader().unwrap();
    assert_eq!(reader.incident(1).unwrap().unwrap().posts, 100);
}

#[test]
fn runs_go_with_their_posts() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, 2);
    for n in 0..5 {
        say(&store, &n.to_string(), &text(n));
    }
    let newest = count(&dir, "SELECT max(row) FROM mention");
    store.run(move |w| super::super::near::expire(w.db, newest + 1)).unwrap();
    assert_eq!((count(&dir, "SELECT count(*) FROM near_page"), count(&dir, "SELECT count(*) FROM near_run")), (0, 0));
    assert_eq!(say(&store, "again", &text(0)).opened.len(), 1, "nothing is found and nothing fails");
}

#[test]
fn what_is_undone_is_not_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir, 100);
    say(&store, "0", &text(0));
    let half = [Heard::from(batch(vec![prepared(post("1", &text(1)))]))];
    let failed = store.run(move |w| -> Result<(), _> {
        super::super::ingest::ingest(w, &half)?;
        Err(StoreError::Internal("undone".into()))
    });
    assert!(failed.is_err());
    assert_eq!((held(&store), count(&dir, "SELECT count(*) FROM near_young")), (1, 1));
}

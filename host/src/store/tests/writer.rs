//! The file and the one thread that writes it: owners, schemas, failures, group commit.

use super::*;

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
        super::super::ingest::ingest(w, &[failing.into()])?;
        Err::<(), _>(StoreError::Internal("half way".into()))
    });
    assert!(matches!(failed, Err(StoreError::Internal(_))));
    assert!(store.health().is_ok(), "what one caller asked for is no fault of the store");
    assert_eq!((all_posts(&reader).len(), reader.figures().unwrap().posts), (1, 1));
    assert_eq!(reader.verify_chain(None).unwrap().unwrap().head.seq, 2);
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
    assert_eq!(store.run(|w| Ok((w.near.len(), w.head.seq))).unwrap(), (1, 2));

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
    assert_eq!(report.head.seq, 204);
    assert_eq!(reader.figures().unwrap().posts, 102);
}

#[test]
fn a_job_that_panics_is_undone_alone() {
    let (_dir, store) = store();
    let (before, half) = (batch(vec![prepared(post("0", &text(0)))]), batch(vec![prepared(post("1", &text(1)))]));
    store.ingest(before).unwrap();
    let failed = store.run(move |w| -> Result<(), _> {
        super::super::ingest::ingest(w, &[half.into()])?;
        panic!("lost the thread")
    });
    let Err(StoreError::Internal(what)) = failed else { panic!("{failed:?}") };
    assert!(what.ends_with("panicked: lost the thread"), "{what}");
    assert!(store.health().is_ok());
    assert_eq!(store.run(|w| Ok((w.near.len(), w.head.seq))).unwrap(), (1, 2));
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

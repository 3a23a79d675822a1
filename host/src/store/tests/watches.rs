//! Watches, sweeps and gaps as they are stored.

use std::sync::Arc;

use super::*;

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
fn what_is_listened_to_is_kept_until_something_is_committed() {
    let (_dir, store) = store();
    let replayed = Watch { recorded: true, ..watch("r") };
    store.put_watches(&[watch("b"), watch("a"), replayed]).unwrap();
    let reader = store.reader().unwrap();
    let before = reader.listened().unwrap();
    assert_eq!(before.iter().map(|row| row.watch.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(Arc::ptr_eq(&before, &reader.listened().unwrap()));
    let sweep = store.begin_sweep("a", NOW).unwrap();
    store.finish_sweep(sweep, NOW + 5, &SweepTally::default()).unwrap();
    let after = reader.listened().unwrap();
    assert_eq!((before[0].heard, after[0].heard), (None, Some(NOW + 5)));
    assert!(Arc::ptr_eq(&after, &reader.listened().unwrap()));
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

//! What was counted for early warning goes with the posts that a person moves.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::*;
use crate::warning::media::{Medium, Tier};

const HOUR: i64 = 3600;

/// Everything that is counted of an incident: hours, places and watches with their numbers, and its first post.
type Counts =
    (BTreeMap<i64, [i64; 4]>, BTreeMap<String, (Option<String>, i64, i64)>, BTreeMap<String, i64>, Option<i64>);

fn counts(dir: &TempDir, id: i64) -> Counts {
    let db = Connection::open(dir.path().join(schema::FILE)).unwrap();
    let mut tally = db
        .prepare("SELECT hour, posts, views, shares, replies FROM tally WHERE kind = 'incident' AND subject = ?1")
        .unwrap();
    let hours = tally.query_map([id], |r| Ok((r.get(0)?, [r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?]))).unwrap();
    let mut carrier = db.prepare("SELECT place, tier, first, posts FROM carrier WHERE incident = ?1").unwrap();
    let places = carrier.query_map([id], |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?, r.get(3)?)))).unwrap();
    let mut feeder = db.prepare("SELECT watch, posts FROM feeder WHERE kind = 'incident' AND subject = ?1").unwrap();
    let watches = feeder.query_map([id], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    let (hours, places, watches): (BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>) = (
        hours.collect::<Result<_, _>>().unwrap(),
        places.collect::<Result<_, _>>().unwrap(),
        watches.collect::<Result<_, _>>().unwrap(),
    );
    // The first post of an incident that was merged is remembered, and counts for nothing.
    let sql = "SELECT min(first) FROM standing WHERE kind = 'incident' AND subject = ?1 AND due IS NOT NULL";
    let first = db.query_row(sql, [id], |r| r.get(0)).unwrap();
    (hours, places, watches, first)
}

fn sum(counts: &[&Counts]) -> Counts {
    let mut all = Counts::default();
    for (hours, places, watches, first) in counts {
        for (hour, n) in hours {
            let sum = all.0.entry(*hour).or_default();
            *sum = std::array::from_fn(|at| sum[at] + n[at]);
        }
        for (place, (tier, first, posts)) in places {
            let sum = all.1.entry(place.clone()).or_insert((tier.clone(), *first, 0));
            *sum = (tier.clone(), sum.1.min(*first), sum.2 + posts);
        }
        for (watch, posts) in watches {
            *all.2.entry(watch.clone()).or_default() += posts;
        }
        all.3 = all.3.into_iter().chain(*first).min();
    }
    all
}

/// A thread: its first post and the answers to it, a minute apart, the last at `at`.
fn thread(root: u64, count: u64, at: i64, publisher: &str) -> Vec<Prepared> {
    let post = |n: u64| {
        let mut post = prepared(post(&n.to_string(), &text(n)));
        post.post.published = Some(at - 60 * i64::try_from(root + count - n - 1).unwrap());
        post.post.parent = (n > root).then(|| root.to_string());
        post.post.publisher = n.is_multiple_of(3).then(|| publisher.to_owned());
        post
    };
    (root..root + count).map(post).collect()
}

/// Two incidents: one that bursts, and one of another watch with a post that has no date and one that is read again.
fn two() -> (TempDir, Store, Caller) {
    let (dir, store) = store();
    store.put_watches(&[watch("a"), watch("b")]).unwrap();
    let seen = SweepTally { seen: 20, new: 20, ..SweepTally::default() };
    let sweep = store.begin_sweep("a", NOW).unwrap();
    store.ingest(Batch { sweep: Some(sweep), ..batch(thread(0, 15, NOW, "新华社")) }).unwrap();
    store.finish_sweep(sweep, NOW, &seen).unwrap();
    for at in [NOW - 3 * HOUR, NOW] {
        let sweep = store.begin_sweep("b", at).unwrap();
        let mut posts = thread(100 + (at - NOW + 3 * HOUR).unsigned_abs(), 4, at, "新华社");
        posts.iter_mut().for_each(|post| post.post.parent = (post.post.id != "100").then(|| "100".to_owned()));
        posts[2].post.published = None;
        posts[1].post.reactions = Reactions { views: Some(100), ..Reactions::default() };
        store.ingest(Batch { sweep: Some(sweep), captured: at, ..batch(posts) }).unwrap();
        store.finish_sweep(sweep, at, &seen).unwrap();
    }
    let read = vec![("101".to_owned(), Reactions { views: Some(170), replies: Some(3), ..Reactions::default() })];
    let heard = Batch { captured: NOW + HOUR, ..batch(vec![]) };
    store.ingest_all(vec![Heard { reactions: read, ..Heard::from(heard) }]).unwrap();
    let head = head(&store);
    (dir, store, head)
}

fn decide(store: &Store, by: &Caller, id: i64, decision: Decision) {
    store.decide(by, Seen { id, version: None }, decision, NOW + 2 * HOUR).unwrap();
}

fn judge(store: &Store) -> u64 {
    store.judge(NOW + HOUR, &TimeZone::UTC).unwrap()
}

#[test]
fn a_merge_adds_up_what_was_counted_and_its_undo_parts_it_again() {
    let (dir, store, head) = two();
    let before = [counts(&dir, 1), counts(&dir, 2)];
    assert_eq!(before[0].2, [("a".to_owned(), 15)].into());
    assert_eq!(
        before[1].2,
        [("b".to_owned(), 7)].into(),
        "one without a date counts, that of the first sweep does not"
    );
    assert_eq!(before[1].0.values().map(|n| n[1]).sum::<i64>(), 270, "{:?}", before[1].0);
    assert_eq!(judge(&store), 2, "one bursts, a central medium carries the other");
    decide(&store, &head, 2, Decision::Merge(Seen { id: 1, version: None }));
    assert_eq!(counts(&dir, 1), sum(&[&before[0], &before[1]]));
    assert_eq!(counts(&dir, 2), Counts::default(), "nothing is left of it");
    decide(&store, &head, 1, Decision::Undo);
    assert_eq!([counts(&dir, 1), counts(&dir, 2)], before);
    assert_eq!(judge(&store), 0, "what was told is not told again");
}

#[test]
fn a_part_that_is_split_off_takes_its_counts_and_is_not_told_of_again() {
    let (dir, store, head) = two();
    let before = counts(&dir, 1);
    assert_eq!(judge(&store), 2, "one bursts, a central medium carries the other");
    let reader = store.reader().unwrap();
    let row = |id: u64| reader.post("feed", "bbs.example", &id.to_string()).unwrap().unwrap().row;
    decide(&store, &head, 1, Decision::Split((0..14).map(row).collect()));
    let (whole, part) = (counts(&dir, 1), counts(&dir, 3));
    assert_eq!(sum(&[&whole, &part]), before);
    assert_eq!((whole.0.values().map(|n| n[0]).sum::<i64>(), whole.3), (1, Some(NOW)), "its own first post is left");
    assert_eq!(whole.1, [("bbs.example".to_owned(), (None, NOW, 1))].into());
    assert_eq!(part.1["新华社"], (Some("central".to_owned()), NOW - 14 * 60, 5));
    assert_eq!(judge(&store), 0, "the part grows as the whole did, and people know");
    decide(&store, &head, 1, Decision::Undo);
    assert_eq!((counts(&dir, 1), counts(&dir, 3)), (before, Counts::default()));
    let risen: Vec<_> = reader.risen(NOW + HOUR, 9).unwrap().into_iter().map(|risen| risen.subject.id).collect();
    assert_eq!(risen, [2, 1], "and not the part");
}

#[test]
fn the_operators_media_are_told_by_their_level_also_after_a_restart() {
    let (dir, store) = store();
    let own = Medium { level: Tier::Provincial, names: vec!["云溪观察".into()], hosts: vec!["bbs.example".into()] };
    store.configure_media(vec![own]).unwrap();
    store.ingest(batch(thread(0, 3, NOW, "新华社"))).unwrap();
    let places = |id| counts(&dir, id).1.into_iter().map(|(place, (tier, ..))| (place, tier)).collect::<Vec<_>>();
    let both =
        [("云溪观察".to_owned(), Some("provincial".to_owned())), ("新华社".to_owned(), Some("central".to_owned()))];
    assert_eq!(places(1), both);
    store.close();
    let store = Store::open(dir.path(), None).unwrap();
    store.ingest(batch(thread(10, 3, NOW, "新华社"))).unwrap();
    assert_eq!(places(2), both);
    store.configure_media(vec![]).unwrap();
    store.ingest(batch(thread(20, 3, NOW, "新华社"))).unwrap();
    assert_eq!(places(3)[0], ("bbs.example".to_owned(), None));
}

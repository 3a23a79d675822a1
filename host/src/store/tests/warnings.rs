//! Early warning as it is stored: counted as posts come in, judged when due, told once.

use jiff::tz::TimeZone;

use super::*;
use crate::store::{Risen, WarningQuery};
use crate::warning::known::Kind as Of;
use crate::warning::{Reason, Severity, Stage};

const HOUR: i64 = 3600;

/// Answers of one post, a minute apart, in a batch that was captured at its end.
fn answers(first: u64, count: u64, at: i64) -> Batch {
    let posts = (first..first + count).map(|n| {
        let mut post = prepared(post(&n.to_string(), &text(n)));
        post.post.published = Some(at - 60 * i64::try_from(first + count - n).unwrap());
        post.post.parent = (n > 0).then(|| "0".to_owned());
        post.topics = Some(vec!["供水".to_owned()]);
        post
    });
    Batch { captured: at, ..batch(posts.collect()) }
}

fn told(reader: &Reader) -> Vec<(String, Stage, Severity)> {
    let warned = reader.warnings(&WarningQuery { limit: 100, ..WarningQuery::default() }).unwrap();
    let told = |w: crate::store::Warned| (w.subject.kind.as_str().to_owned(), w.alert.stage, w.alert.severity);
    warned.into_iter().rev().map(told).collect()
}

#[test]
fn a_burst_is_counted_told_once_and_is_an_event() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    store.ingest(answers(0, 3, NOW - 600)).unwrap();
    assert_eq!(store.judge(NOW - 600, &TimeZone::UTC).unwrap(), 0, "three posts are no burst");
    store.ingest(answers(3, 15, NOW)).unwrap();
    assert_eq!(store.judge(NOW, &TimeZone::UTC).unwrap(), 1);
    assert_eq!(told(&reader), [("incident".to_owned(), Stage::Growing, Severity::Warning)]);
    // Doing it all again counts nothing twice and tells nothing again.
    store.ingest(answers(3, 15, NOW)).unwrap();
    assert_eq!(store.judge(NOW + 60, &TimeZone::UTC).unwrap(), 0);
    let course = reader.course(Of::Incident, 1, i64::MIN / 2).unwrap();
    assert_eq!(course.hours.iter().map(|hour| hour.posts).sum::<u64>(), 18);
    let events: Vec<Event> = reader.history(1).unwrap().into_iter().map(|recorded| recorded.event).collect();
    let warned: Vec<_> = events.iter().filter(|event| matches!(event, Event::Warned(_))).collect();
    assert_eq!(warned.len(), 1);
    assert!(reader.verify_chain(None).unwrap().is_ok());
    let Risen { subject, stage, .. } = reader.risen(NOW, 9).unwrap().remove(0);
    assert_eq!((subject.kind, subject.id, stage), (Of::Incident, 1, Stage::Growing));
    assert_eq!(reader.incident(1).unwrap().unwrap().stage, Stage::Growing);
    // A day later nobody has spoken: it has gone, hour by hour, and nothing was told on the way.
    for hour in 1..60 {
        store.judge(NOW + hour * HOUR, &TimeZone::UTC).unwrap();
    }
    assert_eq!(reader.incident(1).unwrap().unwrap().stage, Stage::Quiet);
    assert_eq!(told(&reader).len(), 1);
    assert_eq!(reader.risen(NOW, 9).unwrap(), []);
}

#[test]
fn what_is_captured_late_counts_when_it_was_published() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    let late = Batch { captured: NOW, ..answers(0, 40, NOW - 72 * HOUR) };
    store.ingest(late).unwrap();
    assert_eq!(store.judge(NOW, &TimeZone::UTC).unwrap(), 0);
    assert_eq!(told(&reader), []);
    let hours = reader.course(Of::Incident, 1, i64::MIN / 2).unwrap().hours;
    assert!(hours.iter().all(|hour| hour.hour <= (NOW - 72 * HOUR) / HOUR), "{hours:?}");
}

#[test]
fn posts_without_a_date_count_only_where_somebody_looked_a_day_before() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    store.put_watches(&[watch("a")]).unwrap();
    let undated = |first: u64, sweep, captured| {
        let mut batch = Batch { sweep: Some(sweep), captured, ..answers(first, 10, captured) };
        batch.posts.iter_mut().for_each(|post| post.post.published = None);
        batch
    };
    let posts =
        || reader.course(Of::Incident, 1, i64::MIN / 2).unwrap().hours.iter().map(|hour| hour.posts).sum::<u64>();
    let first = store.begin_sweep("a", NOW).unwrap();
    store.ingest(undated(0, first, NOW)).unwrap();
    assert_eq!(posts(), 0, "the first sweep meets what is of any age");
    store.finish_sweep(first, NOW + 1, &SweepTally { seen: 10, new: 10, ..SweepTally::default() }).unwrap();
    let second = store.begin_sweep("a", NOW + HOUR).unwrap();
    store.ingest(undated(10, second, NOW + HOUR)).unwrap();
    assert_eq!(posts(), 10);
}

#[test]
fn reactions_count_by_what_they_gain() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    let mut first = answers(0, 1, NOW);
    first.posts[0].post.reactions = Reactions { views: Some(100), shares: Some(3), ..Reactions::default() };
    store.ingest(first).unwrap();
    let seen = |views, shares| Reactions { views: Some(views), shares: Some(shares), ..Reactions::default() };
    let touch = |at, counts| {
        let reactions = vec![("0".to_owned(), counts)];
        store.ingest_all(vec![Heard { reactions, ..Heard::from(answers(0, 0, at)) }]).unwrap();
    };
    touch(NOW + HOUR, seen(60_000, 5));
    touch(NOW + 2 * HOUR, seen(60_010, 5));
    let hours = reader.course(Of::Incident, 1, i64::MIN / 2).unwrap().hours;
    let gained: Vec<_> = hours.iter().map(|hour| (hour.hour - NOW / HOUR, hour.views, hour.shares)).collect();
    let gained: Vec<_> = gained.into_iter().filter(|hour| hour.1 > 0).collect();
    assert_eq!(gained, [(0, 100, 3), (1, 59_900, 2), (2, 10, 0)]);
    assert_eq!(store.judge(NOW + 2 * HOUR, &TimeZone::UTC).unwrap(), 1);
    let warned = reader.warnings(&WarningQuery { limit: 1, ..WarningQuery::default() }).unwrap().remove(0);
    assert!(matches!(warned.alert.why[..], [Reason::Reach { views: 60_010, shares: 5, .. }]), "{:?}", warned.alert);
}

#[test]
fn a_topic_is_judged_by_the_time_in_which_its_watches_were_heard() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    store.put_watches(&[watch("a")]).unwrap();
    let sweep = store.begin_sweep("a", NOW - 100 * HOUR).unwrap();
    store.ingest(Batch { sweep: Some(sweep), ..answers(0, 4, NOW - 100 * HOUR) }).unwrap();
    store.finish_sweep(sweep, NOW - 100 * HOUR, &SweepTally { seen: 4, new: 4, ..SweepTally::default() }).unwrap();
    let topic = reader.topic("供水").unwrap().unwrap();
    let hearing = reader.hearing(Of::Topic, topic, NOW).unwrap();
    let heard = |from: i64, until: i64| hearing.heard(NOW + from * HOUR, NOW + until * HOUR);
    assert!(heard(-120, -101) < 1e-6, "before its first sweep");
    assert!(heard(-100, 0) < 1e-6, "after its last one");
    let sweep = store.begin_sweep("a", NOW).unwrap();
    store.finish_sweep(sweep, NOW, &SweepTally { seen: 4, ..SweepTally::default() }).unwrap();
    let hearing = reader.hearing(Of::Topic, topic, NOW).unwrap();
    assert!((hearing.heard(NOW - 100 * HOUR, NOW) - 100.0).abs() < 1e-6, "it was heard again, and said all that was");
}

#[test]
fn a_watch_that_feeds_what_grows_is_known() {
    use crate::schedule::Feeds;
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    store.put_watches(&[watch("a")]).unwrap();
    let sweep = store.begin_sweep("a", NOW).unwrap();
    store.ingest(Batch { sweep: Some(sweep), ..answers(0, 15, NOW) }).unwrap();
    let feeds = || reader.feeding(NOW).unwrap().get("a").copied();
    assert_eq!(feeds(), Some(Feeds { growing: false, id: 1 }));
    store.judge(NOW, &TimeZone::UTC).unwrap();
    assert_eq!(feeds(), Some(Feeds { growing: true, id: 1 }));
}

#[test]
fn counts_outlive_posts_and_go_in_their_time() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    store.ingest(answers(0, 12, NOW)).unwrap();
    let hours = || reader.course(Of::Incident, 1, i64::MIN / 2).unwrap().hours.len();
    let before = hours();
    assert!(before > 0);
    assert_eq!(store.expire_counts(NOW - 400 * 24 * HOUR).unwrap(), 0);
    assert_eq!(hours(), before);
    assert!(store.expire_counts(NOW + 2 * HOUR).unwrap() > 0);
    assert_eq!(hours(), 0);
}

/// What a judgement asks must cost what is due, however much is stored.
#[test]
fn what_is_due_is_found_without_reading_all() {
    let (dir, store) = store();
    drop(store);
    let db = schema::open_writer(&dir.path().join(schema::FILE)).unwrap();
    for sql in [
        "SELECT kind, subject FROM standing WHERE due <= 5 ORDER BY due LIMIT 9",
        "SELECT hour FROM tally WHERE kind = 'topic' AND subject = 1 AND hour >= 3 ORDER BY hour",
        "SELECT place FROM carrier WHERE incident = 3",
        "SELECT at FROM warning WHERE kind = 'topic' AND subject = 4 ORDER BY id DESC LIMIT 1",
        "SELECT subject FROM standing WHERE stage <> 'quiet'",
    ] {
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = plan.query_map([], |r| r.get::<_, String>(3)).unwrap();
        let steps: Vec<_> = steps.map(Result::unwrap).collect();
        assert!(!steps.iter().any(|step| step.starts_with("SCAN") && !step.contains("INDEX")), "{sql}: {steps:?}");
    }
}

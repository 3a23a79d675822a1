//! What clocks tell; what nobody has acknowledged; and what time the record says.

use super::*;
use crate::incident::clock::ClockEvent;
use crate::incident::life::progress::Progress;
use crate::plan::Plan;
use crate::reply::effect::Reading;
use crate::reply::{Publication, Reply};
use crate::schedule::{Followed, Reason};
use crate::store::{ReplyRow, follow_up};
use crate::user::Denied;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// One post heard by the watch `w` at `at`.
fn heard(store: &Store, id: &str, n: u64, at: i64) {
    let sweep = store.begin_sweep("w", at).unwrap();
    let mut b = batch(vec![prepared(post(id, &text(n)))]);
    (b.sweep, b.captured, b.posts[0].post.published) = (Some(sweep), at, Some(at - 60));
    store.ingest(b).unwrap();
    store.finish_sweep(sweep, at + 1, &SweepTally { seen: 1, ..SweepTally::default() }).unwrap();
}

/// An emergency that was first seen at [`NOW`], decided ten minutes later.
fn emergency() -> (TempDir, Store, Caller) {
    let (dir, store) = store();
    store.put_watches(&[watch("w"), watch("other")]).unwrap();
    heard(&store, "1", 1, NOW);
    let head = head(&store);
    assess(&store, &head, 1, Category::Emergency, NOW + 600).unwrap();
    (dir, store, head)
}

/// Lets every clock ring at its moment.
fn pass(store: &Store, until: i64) {
    let reader = store.reader().unwrap();
    while let Some(next) = reader.next_ring().unwrap().filter(|next| *next <= until) {
        store.ring(next).unwrap();
    }
}

#[test]
fn what_a_clock_tells_is_an_event_at_its_second() {
    let (_dir, store, _) = emergency();
    pass(&store, NOW + 2 * HOUR);
    let told: Vec<_> = store
        .reader()
        .unwrap()
        .history(1)
        .unwrap()
        .into_iter()
        .filter_map(|recorded| match recorded.event {
            Event::Clock(ClockEvent::Rung { clock, moment, planned, escalate, .. }) if clock == "facts" => {
                Some((recorded.at - NOW, planned - NOW, moment, escalate))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [(3600, 3600, -3600, false), (5400, 5400, -1800, false), (6600, 6600, -600, false), (7200, 7200, 0, true)]
    );
}

#[test]
fn what_runs_out_next_is_told_whatever_rings_before_it() {
    let (_dir, store, head) = emergency();
    let reader = store.reader().unwrap();
    let next = |now, limit| {
        let all = reader.deadlines(now, limit).unwrap();
        all.into_iter().map(|it| (it.incident, it.clock, it.due - NOW)).collect::<Vec<_>>()
    };
    assert_eq!(next(NOW + 700, 9), [(1, "step:on-site".to_owned(), HOUR / 2)]);
    // A second incident tells something later and runs out later; a third is still to be judged.
    heard(&store, "2", 30, NOW + 900);
    assess(&store, &head, 2, Category::Problem, NOW + 960).unwrap();
    heard(&store, "3", 60, NOW + 1_000);
    let all = next(NOW + 1_000, 9);
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.is_sorted_by_key(|it| it.2), "{all:?}");
    // What has run out is an escalation and no deadline.
    pass(&store, NOW + HOUR);
    assert!(next(NOW + HOUR, 9).iter().all(|it| it.2 > HOUR));
    store.decide(&head, Seen { id: 1, version: None }, Decision::Pause("等检测".into()), NOW + HOUR).unwrap();
    assert!(next(NOW + HOUR, 9).iter().all(|it| it.0 != 1), "what stands still runs out at no time");
}

/// A clock that tells something early may run out late: the order of telling is not the order of ends.
#[test]
fn the_first_that_run_out_are_found_whatever_tells_something_before() {
    let (_dir, store, head) = emergency();
    for (n, category) in
        [(2, Category::Problem), (3, Category::Suggestion), (4, Category::Sensitive), (5, Category::Rumour)]
    {
        let at = NOW + n * 1_700;
        heard(&store, &n.to_string(), n.unsigned_abs() * 30, at);
        assess(&store, &head, n, category, at + 60).unwrap();
    }
    let reader = store.reader().unwrap();
    for hour in 3..60 {
        let now = NOW + hour * HOUR;
        pass(&store, now);
        let all = reader.deadlines(now, 99).unwrap();
        assert!(all.is_sorted_by_key(|it| it.due), "{all:?}");
        for limit in 0..all.len() {
            assert_eq!(reader.deadlines(now, limit).unwrap(), all[..limit], "{limit} at {hour}");
        }
    }
}

#[test]
fn an_escalation_stands_until_somebody_who_decides_has_acted() {
    let (_dir, store, head) = emergency();
    let reader = store.reader().unwrap();
    assert_eq!(reader.unacknowledged(9).unwrap(), (vec![], 0));
    pass(&store, NOW + 3 * HOUR);
    let (open, count) = reader.unacknowledged(9).unwrap();
    let clocks: Vec<_> = open[0].escalations.iter().filter_map(|it| it.clock.as_deref()).collect();
    assert_eq!((count, open[0].incident, open[0].since), (1, 1, NOW + 1800), "on-site was due after half an hour");
    assert_eq!(clocks, ["step:on-site", "step:investigate", "facts"]);
    // A post and a note are no answer.
    heard(&store, "2", 1, NOW + 3 * HOUR);
    store.decide(&head, Seen { id: 1, version: None }, Decision::Note("记".into()), NOW + 4 * HOUR).unwrap();
    assert_eq!(reader.unacknowledged(9).unwrap().1, 1);
    store.decide(&head, Seen { id: 1, version: None }, Decision::Acknowledge, NOW + 4 * HOUR).unwrap();
    assert_eq!(reader.unacknowledged(9).unwrap(), (vec![], 0));
    let again = store.decide(&head, Seen { id: 1, version: None }, Decision::Acknowledge, NOW + 4 * HOUR).unwrap_err();
    assert!(matches!(again, StoreError::Refused(Refusal::NothingEscalated)), "{again}");
    pass(&store, NOW + 2 * DAY);
    let (open, _) = reader.unacknowledged(9).unwrap();
    assert_eq!(
        open[0].escalations.iter().filter_map(|it| it.clock.as_deref()).collect::<Vec<_>>(),
        ["answer"],
        "only what is new"
    );
    let level = Decision::SetLevel { level: "iii".into(), reason: "多人".into() };
    store.decide(&head, Seen { id: 1, version: None }, level, NOW + 3 * DAY).unwrap();
    assert_eq!(reader.unacknowledged(9).unwrap().1, 0, "who decides has seen it");
    assert_eq!(Some(replay(&reader.history(1).unwrap())), reader.standing(1).unwrap());
}

/// P17: the watches that fed it, for the plan's time, at its pace.
#[test]
fn the_watches_of_a_major_incident_are_followed_up_until_it_comes_back_or_its_time_is_over() {
    let (dir, store, head) = emergency();
    let reader = store.reader().unwrap();
    let decide = |decision, at| store.decide(&head, Seen { id: 1, version: None }, decision, at);
    assess(&store, &head, 1, Category::Sensitive, NOW + DAY).unwrap();
    decide(Decision::SetLevel { level: "ii".into(), reason: "重大".into() }, NOW + DAY).unwrap();
    let at = NOW + 3 * DAY;
    // As if its steps had been done: what they need is tested elsewhere.
    let mut incident = reader.standing(1).unwrap().unwrap();
    for step in ["attitude", "cause", "hype"] {
        incident.steps.insert(step.into(), Progress::Done(at, "u3".into()));
    }
    let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
    raw.execute("UPDATE incident SET life = ?1 WHERE id = 1", [serde_json::to_string(&incident).unwrap()]).unwrap();
    store.schedule_watch("w", at + 3000, &Reason::Rhythm { daily: 0 }).unwrap();
    store.schedule_watch("other", at + 3000, &Reason::Rhythm { daily: 0 }).unwrap();
    assert_eq!(reader.followed("w", at).unwrap(), None);
    decide(Decision::Close("已妥善处置".into()), at).unwrap();
    let until = at + 30 * DAY;
    let wanted = Some(Followed { id: 1, until, every: 900 });
    assert_eq!((reader.followed("w", at).unwrap(), reader.followed("other", at).unwrap()), (wanted, None));
    let next = |id: &str| {
        let row = reader.watches().unwrap().into_iter().find(|row| row.watch.id == id).unwrap();
        (row.due, row.why)
    };
    assert_eq!(next("w"), (Some(at + 900), Some(Reason::FollowUp { id: 1, until })), "at once, not after an hour");
    assert_eq!(next("other").0, Some(at + 3000));
    assert_eq!(reader.followed("w", until).unwrap(), None, "its time is over");
    heard(&store, "9", 1, at + 2 * DAY);
    assert_eq!(reader.standing(1).unwrap().unwrap().state, State::Handling, "it came back");
    assert_eq!(reader.followed("w", at + 2 * DAY).unwrap(), None, "and is no follow-up any more");
}

#[test]
fn what_a_site_asked_for_and_a_failure_are_not_hurried() {
    let (dir, store, _head) = emergency();
    for (why, due) in [(Reason::Waiting, NOW + 9000), (Reason::Failing { times: 2 }, NOW + 9000)] {
        store.schedule_watch("w", due, &why).unwrap();
        let raw = Connection::open(dir.path().join(schema::FILE)).unwrap();
        raw.execute("DELETE FROM follow_up", []).unwrap();
        follow_up::settle(&raw, 1, Some(NOW + DAY), &Plan::built_in().follow_up, NOW).unwrap();
        let row = store.reader().unwrap().watches().unwrap().into_iter().find(|row| row.watch.id == "w").unwrap();
        assert_eq!((row.due, row.why), (Some(due), Some(why)));
    }
}

/// Design §1: silence is never shown as quiet.
#[test]
fn the_effect_of_an_answer_knows_what_was_heard() {
    let (_dir, store, _head) = emergency();
    let reader = store.reader().unwrap();
    let mut row = ReplyRow { id: 1, incident: 1, reply: Reply::default() };
    assert_eq!(reader.effect(&row, NOW).unwrap(), None, "it was not published");
    let at = NOW + DAY;
    row.reply.published = Some(Publication { account: "a".into(), at });
    for hour in 1..48 {
        heard(
            &store,
            &format!("h{hour}"),
            if hour < 24 { 1 } else { 100 + hour },
            NOW + i64::try_from(hour).unwrap() * HOUR,
        );
    }
    let day = |now| reader.effect(&row, now).unwrap().unwrap().windows[0].clone();
    let window = day(at + 23 * HOUR);
    assert_eq!((window.reading, window.compared), (Reading::Comparable, 23 * HOUR));
    assert_eq!((window.before.posts, window.after.posts), (22, 0));
    // Nobody has listened since: a day without a post is no calm.
    let window = day(at + 6 * DAY);
    assert_eq!((window.reading, window.after.posts), (Reading::Comparable, 0), "the first day was heard");
    let week = reader.effect(&row, at + 6 * DAY).unwrap().unwrap().windows[1].clone();
    assert_eq!(week.reading, Reading::Unheard, "{week:?}");
    assert!(week.after.heard < 0.5);
}

#[test]
fn the_record_says_what_time_it_is_at_least_until_a_person_says_otherwise() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    assert_eq!(reader.latest().unwrap(), None);
    // A recording says anything.
    let mut future = batch(vec![prepared(post("1", &text(1)))]);
    future.captured = NOW + 1_000 * DAY;
    store.ingest(future).unwrap();
    assert_eq!(reader.latest().unwrap(), None);
    store.tend(NOW, None, vec![]).unwrap();
    assert_eq!(reader.latest().unwrap(), Some(NOW));
    let head = head(&store);
    let decide = |at| store.decide(&head, Seen { id: 1, version: None }, Decision::Note("记".into()), at);
    decide(NOW + DAY).unwrap();
    assert_eq!(reader.latest().unwrap(), Some(NOW + DAY));
    let denied = store.distrust(&head, NOW).unwrap_err();
    assert!(matches!(denied, StoreError::Denied(Denied::Role { .. })), "{denied}");
    let nobody = store.distrust(&Caller { token: None, account: 1000 }, NOW).unwrap_err();
    assert!(matches!(nobody, StoreError::Denied(Denied::NoToken)), "{nobody}");
    assert_eq!(reader.latest().unwrap(), Some(NOW + DAY));
}

/// Before there are users, whoever owns the account of the machine may; an event names the account.
#[test]
fn a_record_that_is_ahead_is_distrusted_by_an_event() {
    let (_dir, store) = store();
    let reader = store.reader().unwrap();
    store.tend(NOW + 400 * DAY, None, vec![]).unwrap();
    let caller = Caller { token: None, account: 1000 };
    assert_eq!(store.distrust(&caller, NOW).unwrap(), Some(NOW + 400 * DAY));
    assert_eq!(reader.latest().unwrap(), Some(NOW), "the event itself is of now");
    assert_eq!(store.distrust(&caller, NOW + 5).unwrap(), None, "once is enough");
    assert!(reader.verify_chain(None).unwrap().is_ok());
}

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::calendar::Calendar;
use crate::incident::Category;
use crate::plan::Plan;
use crate::plan::answer::Form;
use crate::plan::span::Span;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2026-03-02 09:00 in Shanghai, a Monday.
const MONDAY: Timestamp = 1_772_413_200;

fn time() -> OfficeTime<'static> {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    OfficeTime::new(Calendar::built_in(), &Plan::built_in().office, zone)
}

fn emergency() -> Vec<Rule<'static>> {
    rules(Plan::built_in(), Some(Category::Emergency), false)
}

fn note() -> Note {
    Note { id: 1, seal: "s".into() }
}

fn basis(first_sight: Timestamp, now: Timestamp) -> Basis {
    Basis { round: 1, first_sight, decided: Some(now), now }
}

fn fold(ledger: &mut Ledger, events: &[ClockEvent]) {
    events.iter().for_each(|event| ledger.apply(event));
}

/// An emergency that was decided ten minutes after it was seen.
fn running() -> Ledger {
    let mut ledger = Ledger::default();
    let events = ledger.want(&emergency(), &[(Done::Assessed, MONDAY)], &basis(MONDAY, MONDAY + 10 * MINUTE), &time());
    fold(&mut ledger, &events);
    ledger
}

/// Who was told what: clock, moment in minutes, whether it escalated.
fn told(events: &[ClockEvent]) -> Vec<(&str, i64, bool)> {
    let rungs = events.iter().filter_map(|event| match event {
        ClockEvent::Rung { clock, moment, escalate, .. } => Some((clock.as_str(), moment / MINUTE, *escalate)),
        _ => None,
    });
    rungs.collect()
}

#[test]
fn deciding_an_emergency_starts_the_plans_clocks_from_first_sight() {
    let ledger = running();
    let due = |id: &str| ledger.live(id).map(|clock| (clock.due - MONDAY) / MINUTE);
    assert_eq!(due("facts"), Some(120));
    assert_eq!(due("answer"), Some(48 * 60));
    assert_eq!(due("step:on-site"), Some(30));
    assert_eq!(due("press"), None, "it is not major");
    assert_eq!(due("assess"), None, "met when it started");
    assert!(ledger.clocks().iter().all(|clock| clock.from == MONDAY));
}

#[test]
fn each_rung_is_told_at_its_second_and_once() {
    let mut ledger = running();
    let rules = rules(Plan::built_in(), Some(Category::Emergency), false);
    let facts: Vec<Rule<'_>> = rules.into_iter().filter(|rule| rule.id == "facts").collect();
    for before in [60, 30, 10] {
        let planned = MONDAY + (120 - before) * MINUTE;
        assert_eq!(ledger.next(&facts), Some(planned));
        assert_eq!(ledger.ring(&facts, planned - 1), vec![]);
        let events = ledger.ring(&facts, planned);
        assert_eq!(told(&events), [("facts", -before, false)]);
        fold(&mut ledger, &events);
        assert_eq!(ledger.ring(&facts, planned), vec![]);
    }
    let events = ledger.ring(&facts, MONDAY + 120 * MINUTE);
    assert_eq!(told(&events), [("facts", 0, true)]);
    fold(&mut ledger, &events);
    assert_eq!(ledger.next(&facts), None);
    assert_eq!(ledger.ring(&facts, MONDAY + 9 * DAY), vec![]);
}

#[test]
fn what_was_missed_while_nothing_ran_is_told_as_one_reminder_and_every_escalation() {
    let facts: Vec<Rule<'_>> = emergency().into_iter().filter(|rule| rule.id == "facts").collect();
    assert_eq!(told(&running().ring(&facts, MONDAY + 95 * MINUTE)), [("facts", -30, false)]);
    let late = running().ring(&facts, MONDAY + 5 * DAY);
    assert_eq!(told(&late), [("facts", 0, true)]);
    assert!(matches!(late[0], ClockEvent::Rung { planned, .. } if planned == MONDAY + 2 * HOUR));
}

#[test]
fn a_clock_that_is_past_when_it_is_decided_starts_overdue_and_escalates_at_once() {
    let ledger = Ledger::default();
    let events = ledger.want(&emergency(), &[], &basis(MONDAY, MONDAY + 2 * HOUR), &time());
    let facts: Vec<_> = events.iter().filter(|event| event.clock() == "facts").cloned().collect();
    assert!(matches!(facts[0], ClockEvent::Started { overdue: true, .. }), "{facts:?}");
    assert_eq!(told(&facts), [("facts", 0, true)]);
}

#[test]
fn a_pause_moves_the_end_by_as_much_as_it_lasted_and_says_so() {
    let mut ledger = running();
    let events = ledger.pause(MONDAY + 40 * MINUTE, &note());
    fold(&mut ledger, &events);
    let before = ledger.ring(&emergency(), MONDAY + 9 * DAY);
    let stood = MONDAY + 40 * MINUTE;
    let reached = |event: &ClockEvent| matches!(event, ClockEvent::Rung { planned, .. } if *planned <= stood);
    assert!(!before.is_empty() && before.iter().all(reached), "what was over by then is told: {before:?}");
    fold(&mut ledger, &before);
    assert_eq!(ledger.ring(&emergency(), MONDAY + 9 * DAY), vec![], "nothing rings while it stands still");
    assert_eq!(ledger.next(&emergency()), None);
    let events = ledger.resume(&emergency(), MONDAY + 100 * MINUTE, &time());
    fold(&mut ledger, &events);
    let facts = ledger.live("facts").unwrap();
    assert_eq!(facts.due, MONDAY + 180 * MINUTE);
    assert_eq!(facts.pauses, [Pause { from: MONDAY + 40 * MINUTE, to: Some(MONDAY + 100 * MINUTE), note: note() }]);
    let on_site = ledger.live("step:on-site").unwrap();
    assert_eq!(on_site.due, MONDAY + 30 * MINUTE, "it was overdue before and stays so");
}

#[test]
fn a_pause_of_working_time_gives_back_working_time() {
    let plan = Plan::built_in();
    let rules = rules(plan, Some(Category::Suggestion), false);
    let mut ledger = Ledger::default();
    let events = ledger.want(&rules, &[], &basis(MONDAY, MONDAY), &time());
    fold(&mut ledger, &events);
    let due = ledger.live("suggestion").unwrap().due;
    // From Monday 17:00 to Thursday 17:00: three working days.
    let (from, to) = (MONDAY + 8 * HOUR, MONDAY + 3 * DAY + 8 * HOUR);
    let events = ledger.pause(from, &note());
    fold(&mut ledger, &events);
    let events = ledger.resume(&rules, to, &time());
    fold(&mut ledger, &events);
    let moved = ledger.live("suggestion").unwrap().due;
    assert_eq!(time().between(due, moved), time().between(from, to));
    assert_eq!(time().between(to, moved), time().between(from, due));
}

#[test]
fn what_is_done_ends_its_clocks_and_says_how_late() {
    let mut ledger = running();
    let at = MONDAY + 2 * HOUR + 7;
    let events = ledger.meet(&emergency(), &Done::Step("publish".into()), at);
    assert_eq!(events, [ClockEvent::Met { clock: "facts".into(), at, late: 7 }]);
    fold(&mut ledger, &events);
    assert_eq!(ledger.clocks().iter().find(|clock| clock.id == "facts").unwrap().late(at + DAY), 7);
    let events = ledger.meet(&emergency(), &Done::Published(Form::Post), at);
    assert_eq!(events, [ClockEvent::Met { clock: "answer".into(), at, late: 0 }]);
}

#[test]
fn standing_still_makes_nothing_late() {
    let mut ledger = running();
    let events = ledger.pause(MONDAY + HOUR, &note());
    fold(&mut ledger, &events);
    let at = MONDAY + 9 * HOUR;
    let events = ledger.meet(&emergency(), &Done::Step("publish".into()), at);
    assert_eq!(events, [ClockEvent::Met { clock: "facts".into(), at, late: 0 }]);
    fold(&mut ledger, &events);
    assert_eq!(ledger.clocks().iter().find(|clock| clock.id == "facts").unwrap().late(at), 0);
}

#[test]
fn another_level_starts_what_it_adds_and_another_category_ends_what_it_leaves() {
    let mut ledger = running();
    let at = MONDAY + HOUR;
    let major = rules(Plan::built_in(), Some(Category::Emergency), true);
    let published = [(Done::Assessed, MONDAY), (Done::Published(Form::Statement), MONDAY + 50 * MINUTE)];
    let events = ledger.want(&major, &published, &basis(MONDAY, at), &time());
    let names: Vec<_> = events.iter().map(ClockEvent::clock).collect();
    // Both are met by what was published before.
    assert_eq!(names, ["authoritative", "authoritative", "press", "press"]);
    assert!(matches!(events[1], ClockEvent::Met { late: 0, .. }));
    fold(&mut ledger, &events);
    let problem = rules(Plan::built_in(), Some(Category::Problem), true);
    let events = ledger.want(&problem, &[], &basis(MONDAY, at), &time());
    let void: Vec<_> =
        events.iter().filter(|event| matches!(event, ClockEvent::Void { .. })).map(ClockEvent::clock).collect();
    assert_eq!(void, ["facts", "step:on-site", "step:investigate"]);
    assert!(events.iter().any(|event| event.clock() == "complaint"));
    assert!(!events.iter().any(|event| event.clock() == "answer"), "it goes on");
}

#[test]
fn an_earlier_first_sight_ends_clocks_earlier_and_a_later_one_moves_nothing() {
    let mut ledger = running();
    assert_eq!(ledger.resight(&emergency(), MONDAY + HOUR, &time()), vec![]);
    let events = ledger.resight(&emergency(), MONDAY - HOUR, &time());
    fold(&mut ledger, &events);
    let facts = ledger.live("facts").unwrap();
    assert_eq!((facts.from, facts.due), (MONDAY - HOUR, MONDAY + HOUR));
}

#[test]
fn a_recurrence_starts_new_clocks_and_leaves_the_old_ones_in_the_ledger() {
    let mut ledger = running();
    let events = ledger.meet(&emergency(), &Done::Step("publish".into()), MONDAY + HOUR);
    fold(&mut ledger, &events);
    let again = Basis { round: 2, first_sight: MONDAY + 9 * DAY, decided: Some(MONDAY), now: MONDAY + 9 * DAY };
    let events = ledger.want(&emergency(), &[(Done::Step("publish".into()), MONDAY + HOUR)], &again, &time());
    fold(&mut ledger, &events);
    assert_eq!(ledger.live("facts").unwrap().due, MONDAY + 9 * DAY + 2 * HOUR, "what was done before ends nothing");
    assert_eq!(ledger.clocks().iter().filter(|clock| clock.id == "facts").count(), 2);
}

/// The stored form is part of every hash ever written: it must not drift.
#[test]
fn stored_form_is_frozen() {
    let json = |event: &ClockEvent| serde_json::to_string(event).unwrap();
    let started = ClockEvent::Started { clock: "facts".into(), round: 1, from: 5, due: 7205, overdue: false };
    assert_eq!(json(&started), r#"{"what":"started","clock":"facts","round":1,"from":5,"due":7205,"overdue":false}"#);
    let tell = vec![Role::Head];
    let rung =
        ClockEvent::Rung { clock: "facts".into(), moment: -600, planned: 6605, owner: true, tell, escalate: false };
    assert_eq!(
        json(&rung),
        r#"{"what":"rung","clock":"facts","moment":-600,"planned":6605,"owner":true,"tell":["head"],"escalate":false}"#
    );
}

/// What may come next in the life of a ledger.
#[derive(Clone, Copy, Debug)]
enum Act {
    Wait(i64),
    Pause,
    Resume,
    Earlier(i64),
    Publish,
    Step(usize),
    Category(usize, bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1_i64..30 * HOUR).prop_map(Act::Wait),
        1 => Just(Act::Pause),
        1 => Just(Act::Resume),
        1 => (1_i64..DAY).prop_map(Act::Earlier),
        1 => Just(Act::Publish),
        1 => (0_usize..4).prop_map(Act::Step),
        2 => (0_usize..5, any::<bool>()).prop_map(|(category, major)| Act::Category(category, major)),
    ]
}

proptest! {
    #[test]
    fn no_clock_moves_silently_and_none_passes_without_a_word(acts in prop::collection::vec(act(), 1..30)) {
        let (plan, time) = (Plan::built_in(), time());
        let (mut ledger, mut history) = (Ledger::default(), Vec::new());
        let (mut now, mut first_sight, mut kind) = (MONDAY, MONDAY, (None, false));
        let mut done: Vec<(Done, Timestamp)> = Vec::new();
        for act in std::iter::once(Act::Wait(0)).chain(acts) {
            let before = ledger.clone();
            let mut rules = rules(plan, kind.0, kind.1);
            let mut events = match act {
                Act::Wait(seconds) => { now += seconds; Vec::new() }
                Act::Pause => ledger.pause(now, &note()),
                Act::Resume => ledger.resume(&rules, now, &time),
                Act::Earlier(seconds) => { first_sight -= seconds; ledger.resight(&rules, first_sight, &time) }
                Act::Publish => { done.push((Done::Published(Form::Post), now)); ledger.meet(&rules, &Done::Published(Form::Post), now) }
                Act::Step(step) => {
                    let step = kind.0.and_then(|category| plan.playbook(category)).and_then(|book| book.steps.get(step));
                    step.map_or_else(Vec::new, |step| {
                        done.push((Done::Step(step.id.clone()), now));
                        ledger.meet(&rules, &Done::Step(step.id.clone()), now)
                    })
                }
                Act::Category(category, major) => { kind = (Some(Category::ALL[category]), major); done.push((Done::Assessed, now)); Vec::new() }
            };
            for event in &events { ledger.apply(event); }
            rules = super::rules(plan, kind.0, kind.1);
            let basis = Basis { round: 1, first_sight, decided: kind.0.map(|_| now), now };
            let more = ledger.want(&rules, &done, &basis, &time);
            for event in &more { ledger.apply(event); }
            events.extend(more);
            let rang = ledger.ring(&rules, now);
            for event in &rang { ledger.apply(event); }
            events.extend(rang);

            // Clocks stay in their places.
            for (clock, after) in before.clocks().iter().zip(ledger.clocks()) {
                let said = events.iter().any(|event| {
                    event.clock() == clock.id && matches!(event, ClockEvent::Moved { .. } | ClockEvent::Resumed { .. })
                });
                prop_assert!(after.due == clock.due || said, "{} moved silently", clock.id);
            }
            for clock in ledger.clocks().iter().filter(|clock| clock.state == ClockState::Running && clock.due <= now) {
                prop_assert!(clock.rung.is_some_and(|rung| rung >= 0), "{} is overdue and nobody was told", clock.id);
            }
            prop_assert_eq!(ledger.ring(&rules, now), vec![], "what was told is told once");
            let mut live: Vec<&str> = ledger.clocks().iter().filter(|clock| clock.is_live()).map(|clock| clock.id.as_str()).collect();
            live.sort_unstable();
            let count = live.len();
            live.dedup();
            prop_assert_eq!(live.len(), count, "a clock runs once");
            history.extend(events);
        }
        let stored: Vec<ClockEvent> = history.iter().map(|event| serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap()).collect();
        let mut replayed = Ledger::default();
        fold(&mut replayed, &stored);
        prop_assert_eq!(replayed, ledger);
    }

    /// A clock of wall time ends its span plus its pauses after it began, to the second.
    #[test]
    fn pauses_are_given_back_to_the_second(pauses in prop::collection::vec((1_i64..2_000, 1_i64..100_000), 0..3)) {
        let mut ledger = running();
        let (mut now, mut stood) = (MONDAY + 10 * MINUTE, 0);
        for (wait, pause) in pauses {
            now += wait;
            let overdue = ledger.live("facts").unwrap().due <= now;
            let events = ledger.pause(now, &note());
            fold(&mut ledger, &events);
            now += pause;
            let events = ledger.resume(&emergency(), now, &time());
            fold(&mut ledger, &events);
            stood += if overdue { 0 } else { pause };
        }
        prop_assert_eq!(ledger.live("facts").unwrap().due, MONDAY + 2 * HOUR + stood);
    }
}

#[test]
fn spans_of_the_built_in_plan_are_the_norms() {
    let rules = rules(Plan::built_in(), Some(Category::Emergency), true);
    let span = |id: &str| rules.iter().find(|rule| rule.id == id).map(|rule| rule.span);
    assert_eq!(span("facts"), Some(Span::Wall(2 * HOUR)));
    assert_eq!(span("authoritative"), Some(Span::Wall(5 * HOUR)));
    assert_eq!(span("press"), Some(Span::Wall(DAY)));
    assert_eq!(span("answer"), Some(Span::Wall(2 * DAY)));
}

//! Whatever happens in whatever order: what always holds of an incident.
//!
//! A thousand random histories in a test run; `PROPTEST_CASES=100000 cargo test --release -p caifeng --lib
//! incident::life` walks a hundred thousand.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// Random histories of a test run; `PROPTEST_CASES` asks for more.
const HISTORIES: u32 = 1_000;

fn actor() -> impl Strategy<Value = Actor> {
    let people = (prop::sample::select(&Role::ALL[..]), 0_u8..4).prop_map(|(role, n)| Actor::Person {
        user: format!("u{n}"),
        role,
        token: Some(i64::from(n)),
    });
    // Mostly those who may do something, or nothing would ever happen.
    let deciders =
        (0_u8..2).prop_map(|n| Actor::Person { user: format!("u{n}"), role: Role::LeadingGroup, token: None });
    prop_oneof![2 => Just(machine()), 3 => people, 4 => deciders]
}

fn step() -> impl Strategy<Value = String> {
    let all: Vec<String> =
        Plan::built_in().playbooks.iter().flat_map(|playbook| &playbook.steps).map(|step| step.id.clone()).collect();
    prop::sample::select(all)
}

fn evidence() -> impl Strategy<Value = Vec<Given>> {
    let kinds = prop::sample::subsequence(EvidenceKind::ALL.to_vec(), 0..=EvidenceKind::ALL.len());
    prop_oneof![
        Just(EvidenceKind::ALL.map(given).to_vec()),
        kinds.prop_map(|kinds| kinds.into_iter().map(given).collect())
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let category = || prop::sample::select(&Category::ALL[..]);
    let level = || prop::sample::select(vec!["iv", "iii", "ii", "i", "extreme"]);
    let span = || -500_i64..2_000;
    prop_oneof![
        2 => (any::<i64>(), span(), span()).prop_map(|(post, captured, said)| Command::Join { post, captured, said }),
        1 => (any::<i64>(), span()).prop_map(|(post, captured)| Command::Open { post, captured }),
        1 => (any::<i64>(), span()).prop_map(|(post, at)| Command::Submit { post, at, note: None }),
        1 => category().prop_map(suggestion),
        3 => (category(), prop::option::of(level())).prop_map(|(category, level)| assess(category, level)),
        1 => level().prop_map(|level| Command::SetLevel { level: level.into(), note: note() }),
        1 => (0_u8..4).prop_map(|n| Command::Assign { user: format!("u{n}") }),
        8 => (step(), evidence()).prop_map(|(step, evidence)| Command::DoStep { step, evidence }),
        2 => step().prop_map(|step| Command::WaiveStep { step, note: note() }),
        1 => step().prop_map(|step| Command::SendBack { step, note: note() }),
        1 => Just(Command::Note(note())),
        1 => Just(Command::Acknowledge),
        1 => Just(Command::Escalate(note())),
        2 => Just(Command::TakeBack),
        1 => Just(Command::Restrict(note())),
        1 => Just(Command::Unrestrict(note())),
        1 => Just(Command::Pause(note())),
        1 => Just(Command::Resume(note())),
        4 => Just(Command::Close(note())),
        1 => Just(Command::Reopen(note())),
        1 => Just(Command::Dismiss(note())),
        1 => (2_i64..5, 1_u64..4, span(), any::<bool>())
            .prop_map(|(from, posts, opened, undo)| Command::Absorb { from, posts, opened, undo }),
        1 => (2_i64..5, 1_u64..4, span(), any::<bool>())
            .prop_map(|(into, posts, opened, undo)| Command::PartWith { into, posts, opened, undo }),
        1 => Just(Command::MergeInto(2)),
        1 => Just(Command::Return(3)),
        3 => Just(Command::Answered { reply: 7, form: Form::Statement }),
        1 => any::<bool>().prop_map(|approved| Command::Referred { referral: 8, approved }),
    ]
}

/// What a step that is done or waived has behind it.
fn no_step_is_skipped(incident: &Incident) {
    let Some(playbook) = incident.playbook(Plan::built_in()) else {
        assert!(incident.steps.is_empty());
        return;
    };
    for id in incident.steps.keys() {
        let step = playbook.step(id).expect("steps are those of the playbook in force");
        assert!(incident.first(playbook, step).is_empty(), "{id} stands before what comes first");
        assert!(matches!(incident.steps[id], Progress::Done(..)) || step.waivable, "{id} was left out");
    }
}

fn holds(before: &Incident, event: &Event, actor: &Actor, after: &Incident) {
    no_step_is_skipped(after);
    if event.is_decision() && !matches!(event, Event::Recurred { .. }) {
        assert!(matches!(actor, Actor::Person { .. }), "a machine decided: {event:?}");
        assert_eq!(after.version, before.version + 1);
    }
    assert!(after.acted >= before.acted, "time ran back");
    assert!(after.version >= before.version);
    if after.state == State::Closed && before.state != State::Closed {
        assert!(after.open_steps(Plan::built_in()).is_empty(), "closed with open steps");
        assert!(after.assessed.is_some());
    }
    if matches!(actor, Actor::Machine { .. }) {
        assert_eq!(after.assessed, before.assessed, "a person's decision is a person's to change");
        assert_eq!(after.owner, before.owner);
    }
    assert_eq!(after.merged.is_some(), after.state == State::Merged);
    assert_eq!(after.watched_until.is_some(), after.state == State::Watching);
    assert!(after.paused.is_none() || after.state == State::Handling, "clocks stand still only where they run");
    if let (Some(was), Some(is)) = (before.paused, after.paused) {
        assert_eq!(was, is, "a pause begins once");
    }
}

/// What ran out stands until somebody who decides has acted.
fn no_escalation_is_forgotten(before: &Incident, event: &Event, actor: &Actor, after: &Incident) {
    let begins = matches!(event, Event::SplitFrom { .. });
    if after.escalations.len() >= before.escalations.len() || begins {
        return;
    }
    let told = before.escalations.iter().filter(|escalation| escalation.clock.is_some()).count();
    let acknowledged = matches!(event, Event::Acknowledged { clocks } if clocks.len() == told);
    assert!(acknowledged || event.is_decision(), "{event:?} hid an escalation");
    let decides = matches!(actor, Actor::Person { role: Role::LeadingGroup | Role::Head, .. });
    assert!(decides, "{actor:?} hid an escalation");
}

/// Nothing moves a clock but an event about it.
fn no_clock_moves_silently(before: &Incident, event: &Event, after: &Incident) {
    for (was, is) in before.clocks.clocks().iter().zip(after.clocks.clocks()) {
        assert_eq!((&was.id, was.round), (&is.id, is.round), "the ledger is only added to");
        if was != is {
            assert!(
                matches!(event, Event::Clock(clock) if *clock.clock() == was.id),
                "{event:?} moved {was:?} to {is:?}"
            );
        }
    }
    assert!(after.clocks.clocks().len() >= before.clocks.clocks().len());
}

/// Published facts, or an escalation at two hours, or at the decision if that came later.
fn emergencies_are_answered_or_escalated(story: &Story) {
    for clock in story.incident.clocks.clocks().iter().filter(|clock| clock.id == "facts") {
        let in_time = matches!(clock.state, ClockState::Met(at) if at <= clock.due);
        // What ends while it stands still has ended when it came to a stand.
        let stood =
            |at: Timestamp| clock.pauses.last().filter(|pause| pause.to == Some(at)).map_or(at, |pause| pause.from);
        let never_ran_out = match clock.state {
            ClockState::Void(at) => stood(at) < clock.due,
            ClockState::Paused(at) => at < clock.due,
            ClockState::Running | ClockState::Met(_) => false,
        };
        if in_time || never_ran_out || clock.due > story.now {
            continue;
        }
        let started = story.history.iter().position(|recorded| {
            matches!(&recorded.event,
            Event::Clock(ClockEvent::Started { clock: id, round, .. }) if id == "facts" && *round == clock.round)
        });
        let started = started.expect("what runs was started");
        let escalated = story.history[started..].iter().find(|recorded| {
            matches!(&recorded.event,
            Event::Clock(ClockEvent::Rung { clock, escalate: true, .. }) if clock == "facts")
        });
        assert!(escalated.is_some(), "nobody was told: {clock:?} at {}", story.now);
    }
}

impl Story {
    /// Lets the clocks ring, each at its moment, until now.
    fn rings(&mut self) {
        let until = self.now;
        while let Some(next) = self.incident.next_ring(Plan::built_in()).filter(|next| *next <= until) {
            let last = self.history.len();
            self.now = next.max(self.incident.acted) - 1;
            self.does(&machine(), Command::Ring);
            assert!(self.history.len() > last, "it was time and nothing was told");
            if let Some(Event::Clock(ClockEvent::Rung { planned, .. })) = self.history.last().map(|r| &r.event) {
                assert!(*planned <= self.now);
            }
        }
        self.now = until.max(self.now);
    }
}

#[test]
fn always() {
    let usual = Config::default();
    let mut runner = TestRunner::new(Config { cases: usual.cases.max(HISTORIES), ..usual });
    let passed = prop_oneof![3 => -5_i64..600, 1 => 600_i64..20_000];
    let happenings = prop::collection::vec((actor(), command(), passed), 1..60);
    let walked = runner.run(&happenings, |happenings| {
        let mut story = Story::new();
        for (actor, command, passed) in happenings {
            story.now += passed;
            story.rings();
            let (before, length) = (story.incident.clone(), story.history.len());
            if story.tries(&actor, command).is_err() {
                prop_assert_eq!(&before, &story.incident, "a refusal changes nothing");
                continue;
            }
            let mut step = before;
            for recorded in &story.history[length..] {
                let mut next = step.clone();
                apply(&mut next, &recorded.event, &recorded.by, recorded.at);
                holds(&step, &recorded.event, &recorded.by, &next);
                no_clock_moves_silently(&step, &recorded.event, &next);
                no_escalation_is_forgotten(&step, &recorded.event, &recorded.by, &next);
                step = next;
            }
        }
        story.rings();
        emergencies_are_answered_or_escalated(&story);
        prop_assert_eq!(replay(&story.history), story.incident.clone());
        let stored: Incident = serde_json::from_str(&serde_json::to_string(&story.incident).unwrap()).unwrap();
        prop_assert_eq!(stored, story.incident, "the snapshot is the fold");
        Ok(())
    });
    if let Err(error) = walked {
        panic!("{error}");
    }
}

//! Rules one by one, then any history.

mod any;

use super::*;
use crate::calendar::Calendar;
use crate::incident::clock::{ClockEvent, ClockState};
use crate::incident::event::{Actor, Event, Note, Recorded, Role};
use crate::incident::opinion::Suggestion;
use crate::plan::playbook::EvidenceKind;
use crate::user::right::Act;
use crate::warning::{Alert, Severity, Stage};

/// What the tests of stories are about: one incident, and what happens to it.
struct Story {
    incident: Incident,
    history: Vec<Recorded>,
    now: Timestamp,
}

/// The built-in plan and calendar, in Shanghai.
fn grounds() -> Grounds<'static> {
    let plan = Plan::built_in();
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    Grounds { plan, time: OfficeTime::new(Calendar::built_in(), &plan.office, zone) }
}

fn machine() -> Actor {
    Actor::Machine { by: "triage@0.1.0".into() }
}

fn person(role: Role) -> Actor {
    Actor::Person { user: format!("u-{}", role.as_str()), role, token: Some(1) }
}

fn note() -> Note {
    Note { id: 1, seal: "s".into() }
}

impl Story {
    fn new() -> Self {
        let mut story = Self { incident: Incident::default(), history: Vec::new(), now: 100 };
        story.does(&machine(), Command::Open { post: 1, captured: 100 });
        story
    }

    fn tries(&mut self, actor: &Actor, command: Command) -> Result<Vec<Event>, Refusal> {
        self.now += 1;
        let seen = matches!(actor, Actor::Person { .. }).then_some(self.incident.version);
        let events = decide(&self.incident, command, &grounds(), actor, seen, self.now)?;
        for event in &events {
            apply(&mut self.incident, event, actor, self.now);
            let (seq, by) = (self.history.len() as i64 + 1, actor.clone());
            self.history.push(Recorded { seq, at: self.now, incident: 1, by, event: event.clone() });
        }
        Ok(events)
    }

    #[track_caller]
    fn does(&mut self, actor: &Actor, command: Command) {
        let asked = format!("{command:?}");
        if let Err(refusal) = self.tries(actor, command) {
            panic!("{asked}: {refusal}");
        }
    }

    #[track_caller]
    fn assessed(category: Category, level: &str) -> Self {
        let mut story = Self::new();
        story.does(&person(Role::Head), assess(category, Some(level)));
        story
    }

    /// Does the step as its first owner, with all the evidence that it needs.
    fn step(&mut self, id: &str) -> Result<Vec<Event>, Refusal> {
        let plan = Plan::built_in();
        let step = self.incident.playbook(plan).unwrap().step(id).unwrap().clone();
        let evidence: Vec<Given> = step.evidence.iter().map(|needed| given(needed.kind)).collect();
        for shown in &evidence {
            match shown {
                Given::Reply(reply) => {
                    self.does(&person(Role::Spokesperson), Command::Answered { reply: *reply, form: Form::Post });
                }
                Given::Referral(referral) => {
                    self.does(&person(Role::Head), Command::Referred { referral: *referral, approved: false });
                }
                _ => {}
            }
        }
        self.tries(&person(step.owner.all()[0]), Command::DoStep { step: id.into(), evidence })
    }

    fn all_steps(&mut self) {
        let plan = Plan::built_in();
        let ids: Vec<_> = self.incident.playbook(plan).unwrap().steps.iter().map(|step| step.id.clone()).collect();
        ids.iter().for_each(|id| drop(self.step(id).unwrap()));
    }
}

fn given(kind: EvidenceKind) -> Given {
    match kind {
        EvidenceKind::Note => Given::Note(note()),
        EvidenceKind::Document => Given::Document("d".into()),
        EvidenceKind::Capture => Given::Capture(1),
        EvidenceKind::Reply => Given::Reply(7),
        EvidenceKind::Consent => Given::Consent("d".into(), note()),
        EvidenceKind::Referral => Given::Referral(8),
    }
}

fn assess(category: Category, level: Option<&str>) -> Command {
    Command::Assess { category, level: level.map(str::to_owned), note: note() }
}

fn suggestion(category: Category) -> Command {
    Command::Suggest(Some(Suggestion { category, by: "triage@0.1.0".into(), posts: 1, of: 1 }))
}

/// Everything that takes a person.
fn decisions() -> Vec<Command> {
    let step = || "on-site".to_owned();
    vec![
        assess(Category::Problem, None),
        Command::SetLevel { level: "i".into(), note: note() },
        Command::Assign { user: "u2".into() },
        Command::DoStep { step: step(), evidence: vec![Given::Note(note())] },
        Command::WaiveStep { step: step(), note: note() },
        Command::SendBack { step: step(), note: note() },
        Command::Note(note()),
        Command::Acknowledge,
        Command::HandOut("d".into()),
        Command::Pause(note()),
        Command::Resume(note()),
        Command::Close(note()),
        Command::Reopen(note()),
        Command::Dismiss(note()),
        Command::Absorb { from: 2, posts: 1, opened: 1, undo: false },
        Command::MergeInto(2),
        Command::PartWith { into: 2, posts: 1, opened: 1, undo: false },
        Command::Return(1),
        Command::Answered { reply: 1, form: Form::Post },
        Command::Referred { referral: 1, approved: true },
    ]
}

#[test]
fn a_machine_never_decides() {
    for state in State::ALL {
        for command in decisions() {
            let mut story = Story::assessed(Category::Emergency, "i");
            story.incident.state = state;
            assert_eq!(story.tries(&machine(), command.clone()), Err(Refusal::PersonOnly), "{command:?}");
        }
    }
}

/// No role of an administrator handles incidents, whatever the plan says.
#[test]
fn administrators_decide_nothing() {
    for role in [Role::System, Role::Security, Role::Audit] {
        for command in decisions() {
            let answer = Story::assessed(Category::Emergency, "i").tries(&person(role), command.clone());
            assert!(matches!(answer, Err(Refusal::Role(..))), "{command:?} {answer:?}");
        }
    }
}

#[test]
fn only_the_leading_group_assesses() {
    for role in Role::ALL {
        let answer = Story::new().tries(&person(role), assess(Category::Problem, None));
        match role {
            Role::LeadingGroup | Role::Head => assert!(answer.is_ok()),
            _ => assert_eq!(answer, Err(Refusal::Role(role, Act::Assess.roles()))),
        }
    }
}

#[test]
fn a_decision_is_never_overwritten_by_a_suggestion() {
    let mut story = Story::new();
    story.does(&machine(), suggestion(Category::Rumour));
    assert_eq!(story.incident.category(), Some((Category::Rumour, "triage@0.1.0")));
    story.does(&person(Role::Head), assess(Category::Problem, None));
    let version = story.incident.version;
    story.does(&machine(), suggestion(Category::Emergency));
    assert_eq!(story.incident.category(), Some((Category::Problem, "head")));
    assert_eq!(story.incident.version, version, "what a machine says is no reason to look again");
    assert_eq!(story.tries(&person(Role::Head), suggestion(Category::Rumour)), Err(Refusal::MachineOnly));
}

#[test]
fn an_unopened_incident_takes_nothing_but_opening() {
    for command in decisions() {
        let refused = decide(&Incident::default(), command, &grounds(), &person(Role::Head), None, 1);
        assert_eq!(refused, Err(Refusal::NotOpen));
    }
    let open = Command::Open { post: 1, captured: 1 };
    assert_eq!(Story::new().tries(&machine(), open), Err(Refusal::AlreadyOpen));
}

#[test]
fn the_second_of_two_decisions_is_told_that_it_is_late() {
    let mut story = Story::assessed(Category::Problem, "iv");
    let (head, seen) = (person(Role::Head), story.incident.version);
    story.does(&head, Command::SetLevel { level: "i".into(), note: note() });
    let late = decide(&story.incident, Command::Dismiss(note()), &grounds(), &head, Some(seen), story.now);
    assert_eq!(late, Err(Refusal::Stale { seen, now: seen + 1 }));
}

#[test]
fn nothing_is_back_dated() {
    let mut story = Story::assessed(Category::Problem, "iv");
    let acted = story.incident.acted;
    story.now = acted - 86_400;
    let refused = story.tries(&person(Role::Head), Command::Note(note())).unwrap_err();
    assert_eq!(refused, Refusal::Backdated { now: acted - 86_399, acted });
    assert!(refused.to_string().contains("whoever runs the machine must set its clock"), "{refused}");
    // What arrives is not dated by anybody.
    story.does(&machine(), Command::Join { post: 2, captured: 5, said: 5 });
}

#[test]
fn every_playbook_goes_from_first_sight_to_its_end_and_no_other_way() {
    let plan = Plan::built_in();
    for category in Category::ALL {
        let mut story = Story::assessed(category, "iv");
        let head = person(Role::Head);
        let steps = &plan.playbook(category).unwrap().steps;
        for (index, step) in steps.iter().enumerate() {
            let open: Vec<_> = story.incident.open_steps(plan).iter().map(|step| step.id.clone()).collect();
            assert_eq!(story.tries(&head, Command::Close(note())), Err(Refusal::StepsOpen(open)), "{category:?}");
            for later in &steps[index + 1..] {
                let first = story.incident.first(plan.playbook(category).unwrap(), later);
                let early = Command::DoStep { step: later.id.clone(), evidence: vec![] };
                if !first.is_empty() {
                    let refused = story.tries(&person(later.owner.all()[0]), early);
                    assert!(matches!(refused, Err(Refusal::StepTooEarly { .. })), "{refused:?}");
                }
            }
            let bare = Command::DoStep { step: step.id.clone(), evidence: vec![] };
            let refused = story.tries(&person(step.owner.all()[0]), bare);
            assert!(matches!(refused, Err(Refusal::Evidence { .. })), "{refused:?}");
            story.step(&step.id).unwrap();
            assert_eq!(story.step(&step.id), Err(Refusal::StepDone(step.id.clone())));
        }
        story.does(&head, Command::Close(note()));
        assert_eq!(story.incident.state, State::Closed);
        assert_eq!(replay(&story.history), story.incident);
    }
}

#[test]
fn a_step_takes_its_owner_and_evidence_that_exists() {
    let mut story = Story::assessed(Category::Emergency, "iv");
    let evidence = || vec![Given::Note(note())];
    let step = |id: &str, evidence| Command::DoStep { step: id.into(), evidence };
    let refused = story.tries(&person(Role::Legal), step("on-site", evidence()));
    assert_eq!(refused, Err(Refusal::Role(Role::Legal, vec![Role::Staff, Role::LeadingGroup])));
    story.does(&person(Role::Staff), step("on-site", evidence()));
    story.does(&person(Role::Staff), step("investigate", evidence()));
    let refused = story.tries(&person(Role::Spokesperson), step("publish", vec![Given::Reply(3)]));
    assert_eq!(refused, Err(Refusal::NoEvidence { kind: EvidenceKind::Reply, id: 3 }));
    let refused = story.tries(&person(Role::Spokesperson), step("publish", evidence()));
    assert_eq!(refused, Err(Refusal::Evidence { step: "publish".into(), lacking: vec![EvidenceKind::Reply] }));
    let refused = story.tries(&person(Role::Staff), step("nosuch", evidence()));
    assert!(matches!(refused, Err(Refusal::NoStep { .. })));
}

#[test]
fn only_what_need_not_apply_is_left_out() {
    let head = person(Role::Head);
    let waive = |step: &str| Command::WaiveStep { step: step.into(), note: note() };
    let mut story = Story::assessed(Category::Rumour, "iv");
    assert_eq!(story.tries(&head, waive("claim")), Err(Refusal::NotWaivable("claim".into())));
    assert!(matches!(story.tries(&head, waive("consent")), Err(Refusal::StepTooEarly { .. })));
    story.step("claim").unwrap();
    assert!(matches!(story.tries(&person(Role::Staff), waive("consent")), Err(Refusal::Role(..))));
    story.does(&head, waive("consent"));
    story.step("rebut").unwrap();
    story.does(&head, waive("refer"));
    story.does(&head, Command::Close(note()));
}

#[test]
fn what_is_sent_back_takes_what_rests_on_it_along() {
    let head = person(Role::Head);
    let mut story = Story::assessed(Category::Problem, "iv");
    story.all_steps();
    let back = Command::SendBack { step: "rectify".into(), note: note() };
    story.does(&head, back.clone());
    assert_eq!(story.incident.steps.keys().collect::<Vec<_>>(), ["apologise"]);
    assert_eq!(story.tries(&head, back), Err(Refusal::StepNotDone("rectify".into())));
    let open = vec!["rectify".to_owned(), "verify".to_owned()];
    assert_eq!(story.tries(&head, Command::Close(note())), Err(Refusal::StepsOpen(open)));
}

#[test]
fn another_category_begins_another_playbook() {
    let mut story = Story::assessed(Category::Problem, "ii");
    story.step("apologise").unwrap();
    story.does(&person(Role::Head), assess(Category::Problem, None));
    assert_eq!((story.incident.steps.len(), story.incident.level()), (1, Some("ii")), "the same again changes nothing");
    story.does(&person(Role::Head), assess(Category::Sensitive, None));
    assert_eq!(story.incident.steps.len(), 0);
}

#[test]
fn a_major_matter_is_watched_before_it_is_closed_and_comes_back() {
    let (head, plan) = (person(Role::Head), Plan::built_in());
    let mut story = Story::assessed(Category::Problem, "i");
    story.all_steps();
    story.does(&head, Command::Close(note()));
    let until = story.now + plan.follow_up.time.0;
    assert_eq!((story.incident.state, story.incident.watched_until), (State::Watching, Some(until)));
    assert_eq!(story.tries(&head, Command::Close(note())), Err(Refusal::Watched(until)));
    // An old post that is heard late is no recurrence.
    let since = story.incident.since;
    story.does(&machine(), Command::Join { post: 2, captured: since + 50, said: since });
    assert_eq!(story.incident.state, State::Watching);
    story.does(&machine(), Command::Join { post: 3, captured: since + 60, said: since + 1 });
    let Incident { state, recurred, opened, steps, .. } = &story.incident;
    assert_eq!((*state, *recurred, *opened, steps.len()), (State::Handling, 1, since + 60, 0));
    story.all_steps();
    story.does(&head, Command::Close(note()));
    story.now = story.incident.watched_until.unwrap();
    story.does(&head, Command::Close(note()));
    assert_eq!(story.incident.state, State::Closed);
    assert_eq!(replay(&story.history), story.incident);
}

#[test]
fn what_was_dismissed_comes_back_as_it_was() {
    let head = person(Role::Head);
    let mut story = Story::new();
    story.does(&head, Command::Dismiss(note()));
    let said = story.incident.since + 1;
    story.does(&machine(), Command::Join { post: 2, captured: said, said });
    assert_eq!(story.incident.state, State::New, "nobody has decided what it is");
    story.does(&head, Command::Dismiss(note()));
    story.does(&person(Role::Monitor), Command::Reopen(note()));
    assert_eq!(story.incident.state, State::New);
    assert_eq!(story.incident.recurred, 1);
}

#[test]
fn a_pause_has_a_reason_and_an_end() {
    let head = person(Role::Head);
    let mut story = Story::new();
    assert_eq!(story.tries(&head, Command::Pause(note())), Err(Refusal::NotAssessed));
    story.does(&head, assess(Category::Problem, None));
    assert_eq!(story.tries(&head, Command::Resume(note())), Err(Refusal::Running));
    story.does(&head, Command::Pause(note()));
    let since = story.now;
    assert_eq!(story.tries(&head, Command::Pause(note())), Err(Refusal::Paused(since)));
    story.does(&head, Command::Resume(note()));
    assert_eq!(story.incident.paused, None);
}

#[test]
fn a_merge_keeps_the_earliest_sight_and_undo_brings_all_back() {
    let monitor = person(Role::Monitor);
    let mut story = Story::assessed(Category::Problem, "iv");
    story.does(&monitor, Command::Absorb { from: 2, posts: 3, opened: 40, undo: false });
    assert_eq!((story.incident.posts, story.incident.opened), (4, 40));
    assert_eq!(decide::undoable(&story.incident), Ok(Grouped::Merged(2)));
    story.does(&monitor, Command::PartWith { into: 2, posts: 3, opened: 100, undo: true });
    assert_eq!((story.incident.posts, story.incident.opened, story.incident.grouped.len()), (1, 100, 0));

    let mut gone = Story::new();
    gone.does(&monitor, Command::MergeInto(1));
    assert_eq!((gone.incident.state, gone.incident.posts), (State::Merged, 0));
    let join = Command::Join { post: 9, captured: 1, said: 1 };
    assert!(matches!(gone.tries(&machine(), join), Err(Refusal::State(State::Merged, _))));
    assert!(matches!(decide::undoable(&gone.incident), Err(Refusal::NothingToUndo(_))));
    gone.does(&monitor, Command::Return(1));
    assert_eq!((gone.incident.state, gone.incident.posts), (State::New, 1));
    assert_eq!(replay(&gone.history), gone.incident);
}

#[test]
fn a_split_takes_some_and_leaves_some() {
    let mut story = Story::new();
    story.does(&machine(), Command::Join { post: 2, captured: 120, said: 120 });
    let monitor = person(Role::Monitor);
    let part = |posts| Command::PartWith { into: 5, posts, opened: 120, undo: false };
    assert_eq!(story.tries(&monitor, part(0)), Err(Refusal::NoPart(0, 2)));
    assert_eq!(story.tries(&monitor, part(2)), Err(Refusal::NoPart(2, 2)));
    story.does(&monitor, part(1));
    assert_eq!((story.incident.posts, story.incident.opened), (1, 120));
    let mut part = Story { incident: Incident::default(), history: Vec::new(), now: 130 };
    part.does(&monitor, Command::SplitFrom { from: 1, posts: 1, opened: 100, restricted: false });
    assert_eq!((part.incident.state, part.incident.posts, part.incident.opened), (State::New, 1, 100));
}

/// Seconds of the facts clock, from first sight.
const FACTS: i64 = 7_200;

#[test]
fn an_emergency_escalates_at_two_hours_to_the_second_and_only_then() {
    let mut story = Story::assessed(Category::Emergency, "iv");
    let due = story.incident.clocks.live("facts").unwrap().due;
    assert_eq!(due, 100 + FACTS);
    let escalated = |story: &Story| {
        let rung = |recorded: &&Recorded| matches!(&recorded.event, Event::Clock(ClockEvent::Rung { clock, escalate: true, .. }) if clock == "facts");
        story.history.iter().find(rung).map(|recorded| recorded.at)
    };
    while let Some(next) = story.incident.next_ring(Plan::built_in()).filter(|next| *next < due) {
        story.now = next - 1;
        story.does(&machine(), Command::Ring);
    }
    assert_eq!(escalated(&story), None);
    assert_eq!(story.incident.next_ring(Plan::built_in()), Some(due));
    story.now = due - 1;
    story.does(&machine(), Command::Ring);
    assert_eq!(escalated(&story), Some(due));
    story.step("on-site").unwrap();
    story.step("investigate").unwrap();
    story.step("publish").unwrap();
    let facts = story.incident.clocks.clocks().iter().find(|clock| clock.id == "facts").unwrap();
    assert!(matches!(facts.state, ClockState::Met(at) if at == story.now) && facts.late(story.now) > 0);
    assert_eq!(story.tries(&person(Role::Head), Command::Ring), Err(Refusal::ClockOnly));
}

#[test]
fn a_clock_that_is_past_at_the_decision_starts_overdue_and_escalates_at_once() {
    let mut story = Story::new();
    story.now = 100 + FACTS + 500;
    let events = story.tries(&person(Role::Head), assess(Category::Emergency, Some("iv"))).unwrap();
    let facts: Vec<_> =
        events.iter().filter(|event| matches!(event, Event::Clock(clock) if clock.clock() == "facts")).collect();
    assert!(matches!(facts[0], Event::Clock(ClockEvent::Started { overdue: true, .. })), "{facts:?}");
    assert!(matches!(facts[1], Event::Clock(ClockEvent::Rung { escalate: true, .. })), "{facts:?}");
}

#[test]
fn a_merge_moves_clocks_to_the_earlier_sight_and_undo_moves_them_back() {
    let mut story = Story::assessed(Category::Emergency, "iv");
    let monitor = person(Role::Monitor);
    let due = |story: &Story| story.incident.clocks.live("facts").unwrap().due;
    story.does(&monitor, Command::Absorb { from: 2, posts: 3, opened: 40, undo: false });
    assert_eq!(due(&story), 40 + FACTS);
    story.does(&monitor, Command::PartWith { into: 2, posts: 3, opened: 100, undo: true });
    assert_eq!(due(&story), 100 + FACTS);
}

#[test]
fn the_clocks_of_what_is_over_end_and_those_of_what_came_back_start_anew() {
    let mut story = Story::assessed(Category::Suggestion, "iv");
    story.all_steps();
    story.does(&person(Role::Head), Command::Close(note()));
    assert!(story.incident.clocks.clocks().iter().all(|clock| !clock.is_live()));
    assert_eq!(story.incident.next_ring(Plan::built_in()), None);
    let said = story.incident.since + 9;
    story.does(&machine(), Command::Join { post: 3, captured: said, said });
    let suggestion = story.incident.clocks.live("suggestion").map(|clock| (clock.round, clock.from));
    assert!(suggestion.is_some_and(|(round, _)| round == 2), "{suggestion:?}");
}

#[test]
fn only_a_machine_warns_and_nothing_changes_by_it() {
    let alert = || Command::Warn(Alert { stage: Stage::Growing, severity: Severity::Alarm, why: Vec::new() });
    let mut story = Story::assessed(Category::Problem, "iv");
    assert_eq!(story.tries(&person(Role::Head), alert()), Err(Refusal::MachineOnly));
    let before = story.incident.clone();
    story.does(&machine(), alert());
    assert_eq!(story.incident, before);
    story.does(&person(Role::Monitor), Command::MergeInto(2));
    assert!(matches!(story.tries(&machine(), alert()), Err(Refusal::State(State::Merged, _))));
}

/// A decision in the very second in which time is up, before the clock could tell, does not keep it from telling.
#[test]
fn what_runs_out_as_somebody_decides_is_told_all_the_same() {
    for command in
        [Command::Pause(note()), Command::Dismiss(note()), assess(Category::Problem, None), Command::MergeInto(2)]
    {
        let mut story = Story::assessed(Category::Emergency, "i");
        let due = story.incident.clocks.live("facts").unwrap().due;
        story.now = due - 1;
        let events = story.tries(&person(Role::Head), command.clone()).unwrap();
        let told = events.iter().any(
            |event| matches!(event, Event::Clock(ClockEvent::Rung { clock, escalate: true, .. }) if clock == "facts"),
        );
        assert!(told, "{command:?}: {events:?}");
        assert_eq!(replay(&story.history), story.incident);
    }
}

#[test]
fn whoever_sees_that_it_cannot_wait_escalates_and_it_stands_until_a_decider_has_acted() {
    let mut story = Story::new();
    story.does(&person(Role::Staff), Command::Escalate(note()));
    let version = story.incident.version;
    assert_eq!(story.incident.escalations, [Escalation { clock: None, at: story.now }]);
    assert_eq!(version, 0, "who decides meanwhile is not overtaken by it");
    story.does(&person(Role::Monitor), Command::Note(note()));
    assert_eq!(story.incident.escalations.len(), 1);
    story.does(&person(Role::Head), Command::Acknowledge);
    assert_eq!(story.incident.escalations, []);
    let refused = story.tries(&person(Role::Head), Command::Acknowledge);
    assert_eq!(refused, Err(Refusal::NothingEscalated));
    story.does(&person(Role::Staff), Command::Escalate(note()));
    story.does(&person(Role::LeadingGroup), assess(Category::Problem, None));
    assert_eq!(story.incident.escalations, [], "to decide is to act");
    assert_eq!(story.tries(&machine(), Command::Escalate(note())), Err(Refusal::PersonOnly));
    story.does(&person(Role::Head), Command::Dismiss(note()));
    assert!(matches!(story.tries(&person(Role::Staff), Command::Escalate(note())), Err(Refusal::State(..))));
}

#[test]
fn who_sees_it_is_decided_by_those_who_decide_however_it_stands() {
    let mut story = Story::new();
    let head = person(Role::Head);
    for role in Role::ALL.into_iter().filter(|role| !Act::Restrict.is_for(*role)) {
        let refused = story.tries(&person(role), Command::Restrict(note()));
        assert!(matches!(refused, Err(Refusal::Role(..))), "{role:?}: {refused:?}");
    }
    assert_eq!(story.tries(&machine(), Command::Restrict(note())), Err(Refusal::PersonOnly));
    assert_eq!(story.tries(&head, Command::Unrestrict(note())), Err(Refusal::NotRestricted));
    story.does(&head, Command::Restrict(note()));
    assert!(story.incident.restricted);
    assert_eq!(story.tries(&head, Command::Restrict(note())), Err(Refusal::Restricted));
    story.does(&head, Command::Dismiss(note()));
    story.does(&head, Command::Unrestrict(note()));
    assert!(!story.incident.restricted && story.incident.state == State::Dismissed);
    let mut part = Story { incident: Incident::default(), history: Vec::new(), now: 130 };
    part.does(&person(Role::Monitor), Command::SplitFrom { from: 1, posts: 1, opened: 100, restricted: true });
    assert!(part.incident.restricted, "what is split off something restricted is, too");
}

#[test]
fn a_slip_is_taken_back_at_once_and_what_was_built_upon_is_not() {
    let mut story = Story::assessed(Category::Emergency, "iv");
    assert!(story.incident.clocks.live("facts").is_some());
    story.does(&person(Role::LeadingGroup), Command::TakeBack);
    assert_eq!((story.incident.state, &story.incident.assessed), (State::New, &None));
    assert!(story.incident.clocks.live("facts").is_none(), "nobody holds it for an emergency");
    assert_eq!(story.incident.clocks.live("assess").map(|clock| clock.from), Some(100), "it waits since first sight");
    assert_eq!(story.tries(&person(Role::Head), Command::TakeBack), Err(Refusal::NotAssessed));

    let mut late = Story::assessed(Category::Problem, "iv");
    late.now += command::TAKE_BACK;
    assert_eq!(late.tries(&person(Role::Head), Command::TakeBack), Err(Refusal::TooLate));
    let mut owned = Story::assessed(Category::Problem, "iv");
    owned.does(&person(Role::Head), Command::Assign { user: "u9".into() });
    assert_eq!(owned.tries(&person(Role::Head), Command::TakeBack), Err(Refusal::TooLate));
    let mut again = Story::assessed(Category::Problem, "iv");
    again.does(&person(Role::Head), assess(Category::Sensitive, None));
    assert_eq!(again.tries(&person(Role::Head), Command::TakeBack), Err(Refusal::TooLate), "only the first is a slip");
    let staff = Story::assessed(Category::Problem, "iv").tries(&person(Role::Staff), Command::TakeBack);
    assert!(matches!(staff, Err(Refusal::Role(..))), "{staff:?}");
}

//! How well a team did: each clock and each decision of a drill, to the second, beside what was done then.
//!
//! Pure, and computed from the record alone, so that the same drill always has the same score. No mark is made of it: how
//! much a minute lost is worth against a wrong category is for the people who talk about it afterwards.
//!
//! A clock that was met in time is kept; one that was met late, or whose time was up when the drill was looked at, is
//! missed; one whose time is not up counts for nothing yet, and neither does one that ceased to apply before
//! its time was up. Decisions are those about the matter itself: of several incidents the one that was seen
//! first, as long as it was not merged into another.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::case::course::Happened;
use crate::incident::clock::{Clock, ClockState, rules};
use crate::incident::event::{Event, Recorded};
use crate::incident::life::Incident;
use crate::incident::{Category, IncidentId, State};
use crate::plan::Plan;
use crate::plan::words::Words;
use crate::reply::ReplyEvent;

/// An incident of a drill.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its number.
    pub id: IncidentId,
    /// How it stands.
    pub incident: Incident,
    /// What has happened to it.
    pub history: Vec<Recorded>,
}

/// The score of a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Score {
    /// Of which incident the decisions are; `None` when nothing was heard yet.
    pub incident: Option<IncidentId>,
    /// First sight of it.
    pub first_sight: Option<Timestamp>,
    /// When the drill was looked at, on its own clock.
    pub at: Timestamp,
    /// It is over.
    pub over: bool,
    /// Each clock of each incident, by when it ends.
    pub clocks: Vec<ClockScore>,
    /// Each decision.
    pub decisions: Vec<DecisionScore>,
    /// Clocks that were kept.
    pub kept: usize,
    /// Clocks that were missed.
    pub missed: usize,
    /// Decisions that are as they were then.
    pub right: usize,
    /// Decisions that are not.
    pub other: usize,
}

/// A clock of a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClockScore {
    /// Of which incident.
    pub incident: IncidentId,
    /// The rule's id.
    pub clock: String,
    /// What people call it; `None` when the plan no longer has it.
    pub name: Option<Words>,
    /// 1 at first, one more with each recurrence.
    pub round: u32,
    /// Since when it ran.
    pub from: Timestamp,
    /// Until when.
    pub due: Timestamp,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Seconds by which it was missed then; 0 kept, `None` where it did not run or was not ended.
    pub then: Option<i64>,
}

/// What became of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "outcome", content = "seconds", rename_all = "kebab-case")]
pub enum Outcome {
    /// Met, so many seconds before its end.
    Kept(i64),
    /// Met so many seconds too late.
    Late(i64),
    /// Not met, and over since so many seconds.
    Overdue(i64),
    /// Not met, with so many seconds left.
    Running(i64),
    /// It ceased to apply, so many seconds before its end.
    Void(i64),
}

impl Outcome {
    /// Of a clock, at a moment.
    #[must_use]
    pub fn of(clock: &Clock, now: Timestamp) -> Self {
        let left = |until: Timestamp| clock.due.saturating_sub(until);
        match clock.state {
            ClockState::Met(at) if at <= clock.due => Self::Kept(left(at)),
            ClockState::Met(at) => Self::Late(-left(at)),
            ClockState::Running if now <= clock.due => Self::Running(left(now)),
            ClockState::Running => Self::Overdue(-left(now)),
            ClockState::Paused(since) if since <= clock.due => Self::Running(left(since)),
            ClockState::Paused(since) => Self::Overdue(-left(since)),
            ClockState::Void(at) if at <= clock.due => Self::Void(left(at)),
            ClockState::Void(at) => Self::Overdue(-left(at)),
        }
    }

    /// Whether it counts, and for what.
    #[must_use]
    pub const fn counts(self) -> Option<bool> {
        match self {
            Self::Kept(_) => Some(true),
            Self::Late(_) | Self::Overdue(_) => Some(false),
            Self::Running(_) | Self::Void(_) => None,
        }
    }
}

/// What a decision was about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decided {
    /// The category.
    Category,
    /// The level.
    Level,
    /// Who owns it.
    Owner,
    /// A step of the playbook.
    Step(String),
    /// The first answer that was published.
    Reply,
    /// That it is over.
    Close,
}

/// A decision of a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DecisionScore {
    /// About what.
    pub about: Decided,
    /// What was decided, where there was a choice.
    pub value: Option<String>,
    /// How many seconds after first sight; `None` when it was not.
    pub after: Option<i64>,
    /// What was decided then.
    pub then: Option<String>,
    /// How many seconds after first sight then.
    pub then_after: Option<i64>,
    /// Whether it is the same as then, where there was a choice and both were made.
    pub same: Option<bool>,
}

/// What was decided, and when, seconds after first sight; the last word about each counts, of an answer the first.
type Decisions = BTreeMap<Decided, (Option<String>, i64)>;

/// The score at `now`; `ends` is when the drill does.
#[must_use]
pub fn score(case: &Case, played: &[Played], plan: &Plan, ends: Timestamp, now: Timestamp) -> Score {
    let mut clocks: Vec<ClockScore> = played.iter().flat_map(|one| clocks(case, one, plan, now)).collect();
    clocks.sort_by(|a, b| (a.due, a.incident, &a.clock).cmp(&(b.due, b.incident, &b.clock)));
    let matter = played.iter().filter(|one| one.incident.merged.is_none());
    let matter = matter.min_by_key(|one| (one.incident.opened, one.id));
    let decisions = decisions(&matter.map(of_history).unwrap_or_default(), &of_case(case));
    let count = |is: bool| clocks.iter().filter(|clock| clock.outcome.counts() == Some(is)).count();
    let same = |is: bool| decisions.iter().filter(|decision| decision.same == Some(is)).count();
    Score {
        incident: matter.map(|one| one.id),
        first_sight: matter.map(|one| one.incident.opened),
        at: now,
        over: now >= ends,
        kept: count(true),
        missed: count(false),
        right: same(true),
        other: same(false),
        clocks,
        decisions,
    }
}

fn clocks(case: &Case, one: &Played, plan: &Plan, now: Timestamp) -> Vec<ClockScore> {
    let named = |clock: &Clock| {
        let all = Category::ALL.into_iter().flat_map(|category| rules(plan, Some(category), true));
        all.chain(rules(plan, None, true)).find(|rule| rule.id == clock.id).map(|rule| rule.name.clone())
    };
    let then = |clock: &Clock| {
        let same = case.clocks.iter().filter(|kept| kept.clock == clock.id && kept.round == clock.round);
        same.filter_map(|kept| kept.late(case.ended)).next_back()
    };
    // Nobody waits for a clock any more when its incident is over: what was missed by then was missed by so much.
    let until = if matches!(one.incident.state, State::Watching | State::Closed | State::Dismissed) {
        one.incident.since.min(now)
    } else {
        now
    };
    let scored = one.incident.clocks.clocks().iter().map(|clock| ClockScore {
        incident: one.id,
        clock: clock.id.clone(),
        name: named(clock),
        round: clock.round,
        from: clock.from,
        due: clock.due,
        outcome: Outcome::of(clock, until),
        then: then(clock),
    });
    scored.collect()
}

fn decisions(made: &Decisions, then: &Decisions) -> Vec<DecisionScore> {
    let mut about: Vec<&Decided> = made.keys().chain(then.keys()).collect();
    about.sort();
    about.dedup();
    let score = |about: &Decided| {
        let (made, then) = (made.get(about), then.get(about));
        let value = |of: Option<&(Option<String>, i64)>| of.and_then(|(value, _)| value.clone());
        let (value, then_value) = (value(made), value(then));
        let same = value.is_some() && then_value.is_some();
        DecisionScore {
            about: about.clone(),
            same: same.then(|| value == then_value),
            value,
            after: made.map(|(_, after)| *after),
            then: then_value,
            then_after: then.map(|(_, after)| *after),
        }
    };
    about.into_iter().map(score).collect()
}

/// What the team decided.
fn of_history(one: &Played) -> Decisions {
    let mut found = Decisions::new();
    let steps = one.history.iter().filter_map(|recorded| Some((recorded.at, decision(&recorded.event)?)));
    steps.for_each(|(at, decided)| take(&mut found, decided, at - one.incident.opened));
    found
}

/// What was decided then.
fn of_case(case: &Case) -> Decisions {
    let mut found = Decisions::new();
    for step in &case.course {
        let after = step.at - case.opened;
        let decided = match &step.what {
            Happened::Assessed { category, level } => Made::Assessed(*category, level.clone()),
            Happened::Level { level } => Made::Level(level.clone()),
            Happened::Assigned => Made::Owner,
            Happened::Done { id } | Happened::Waived { id } => Made::Step(id.clone()),
            Happened::SentBack { ids } => Made::SentBack(ids.clone()),
            Happened::Reply { state: crate::reply::ReplyState::Published, .. } => Made::Published,
            Happened::Closed | Happened::Watched => Made::Closed,
            Happened::Reopened | Happened::Recurred => Made::Reopened,
            _ => continue,
        };
        take(&mut found, decided, after);
    }
    found
}

/// A decision, from either record.
enum Made {
    Assessed(Category, Option<String>),
    Level(String),
    Owner,
    Step(String),
    SentBack(Vec<String>),
    Published,
    Closed,
    Reopened,
}

fn decision(event: &Event) -> Option<Made> {
    Some(match event {
        Event::Assessed { category, level, .. } => Made::Assessed(*category, level.clone()),
        Event::LevelSet { level, .. } => Made::Level(level.clone()),
        Event::Assigned { .. } => Made::Owner,
        Event::StepDone { step, .. } | Event::StepWaived { step, .. } => Made::Step(step.clone()),
        Event::SentBack { steps, .. } => Made::SentBack(steps.clone()),
        Event::Reply { done: ReplyEvent::Published { .. }, .. } => Made::Published,
        Event::Closed { .. } | Event::Watched { .. } => Made::Closed,
        Event::Reopened { .. } | Event::Recurred { .. } => Made::Reopened,
        _ => return None,
    })
}

fn take(found: &mut Decisions, made: Made, after: i64) {
    match made {
        Made::Assessed(category, level) => {
            found.insert(Decided::Category, (Some(category.as_str().to_owned()), after));
            if let Some(level) = level {
                found.insert(Decided::Level, (Some(level), after));
            }
        }
        Made::Level(level) => drop(found.insert(Decided::Level, (Some(level), after))),
        // Whose it was is nobody's business afterwards; that it was somebody's is.
        Made::Owner => drop(found.entry(Decided::Owner).or_insert((None, after))),
        Made::Step(step) => drop(found.insert(Decided::Step(step), (None, after))),
        Made::SentBack(steps) => steps.into_iter().for_each(|step| drop(found.remove(&Decided::Step(step)))),
        Made::Published => drop(found.entry(Decided::Reply).or_insert((None, after))),
        Made::Closed => drop(found.entry(Decided::Close).or_insert((None, after))),
        Made::Reopened => drop(found.remove(&Decided::Close)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(state: ClockState) -> Clock {
        Clock { id: "facts".to_owned(), round: 1, from: 0, due: 7_200, state, rung: None, pauses: Vec::new() }
    }

    #[test]
    fn each_end_of_a_clock_counts_for_what_it_is() {
        let cases = [
            (ClockState::Met(7_200), 9_000, Outcome::Kept(0), Some(true)),
            (ClockState::Met(7_201), 9_000, Outcome::Late(1), Some(false)),
            (ClockState::Running, 7_200, Outcome::Running(0), None),
            (ClockState::Running, 7_201, Outcome::Overdue(1), Some(false)),
            (ClockState::Paused(7_000), 9_000, Outcome::Running(200), None),
            (ClockState::Void(7_100), 9_000, Outcome::Void(100), None),
            (ClockState::Void(7_300), 9_000, Outcome::Overdue(100), Some(false)),
        ];
        for (state, now, outcome, counts) in cases {
            let found = Outcome::of(&clock(state), now);
            assert_eq!((found, found.counts()), (outcome, counts), "{state:?}");
        }
    }

    #[test]
    fn the_last_word_counts_of_an_answer_the_first_and_what_was_sent_back_was_not_done() {
        let mut found = Decisions::new();
        take(&mut found, Made::Assessed(Category::Problem, None), 10);
        take(&mut found, Made::Assessed(Category::Emergency, Some("i".to_owned())), 20);
        take(&mut found, Made::Published, 30);
        take(&mut found, Made::Published, 40);
        take(&mut found, Made::Step("on-site".to_owned()), 50);
        take(&mut found, Made::SentBack(vec!["on-site".to_owned()]), 60);
        let told: Vec<_> = found.iter().map(|(about, (value, after))| (about, value.as_deref(), *after)).collect();
        assert_eq!(
            told,
            [
                (&Decided::Category, Some("emergency"), 20),
                (&Decided::Level, Some("i"), 20),
                (&Decided::Reply, None, 30)
            ]
        );
        let then = Decisions::from([(Decided::Category, (Some("rumour".to_owned()), 5)), (Decided::Owner, (None, 9))]);
        let scored = decisions(&found, &then);
        let same: Vec<_> = scored.iter().map(|one| (&one.about, one.same, one.then_after)).collect();
        assert_eq!(same[0], (&Decided::Category, Some(false), Some(5)));
        assert_eq!(same[2], (&Decided::Owner, None, Some(9)));
    }
}

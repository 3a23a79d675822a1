//! 时限: the ledger of every clock that an incident runs against.
//!
//! Pure. A [`Ledger`] is the fold of [`ClockEvent`]s and holds moments, never a countdown: what is left is asked
//! with the time at hand, so that a restart, a night in suspend or ten thousand idle incidents cost nothing and lose no second.
//! A due moment changes by an event and in no other way; the event says to what.
//!
//! | question | function |
//! | --- | --- |
//! | which clocks does the plan ask for | [`rules`] |
//! | which start, which no longer apply | [`Ledger::want`] |
//! | first sight turns out to be earlier (merge, an older capture) | [`Ledger::resight`] |
//! | who is told now, and when must I look again | [`Ledger::ring`], [`Ledger::next`] |
//! | time stands still for a reason | [`Ledger::pause`], [`Ledger::resume`] |
//! | what was to be done is done | [`Ledger::meet`] |
//! | how fast were we | [`response`] |
//!
//! Reminders that nobody could get because the machine was off are not told one by one afterwards: the latest
//! is. Escalations are all told, late or not.

mod prospect;
pub mod response;
mod rule;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Note, Role};
use crate::calendar::time::OfficeTime;
use crate::plan::clocks::Start;
pub use prospect::{Prospect, prospect};
pub use rule::{Done, Rule, rules};

/// One thing that happened to one clock. Its JSON form is hashed and stored; a variant or field may be added,
/// never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum ClockEvent {
    /// It runs.
    Started {
        /// The rule's id; `step:ID` for the due time of a step.
        clock: String,
        /// 1 at first, one more with each recurrence.
        round: u32,
        /// Since when: first sight, or the decision.
        from: Timestamp,
        /// Until when.
        due: Timestamp,
        /// It was past when it started.
        overdue: bool,
    },
    /// First sight turned out to be earlier, and so is the end; or a split or an undone merge took it away again.
    Moved {
        /// Which.
        clock: String,
        /// Since when.
        from: Timestamp,
        /// Until when.
        due: Timestamp,
    },
    /// A rung of its ladder was reached.
    Rung {
        /// Which.
        clock: String,
        /// Seconds before (negative) or after its end.
        moment: i64,
        /// When it was to be told, which is earlier than when it was if nothing was running.
        planned: Timestamp,
        /// The owner is told.
        owner: bool,
        /// These roles are.
        tell: Vec<Role>,
        /// It becomes their matter.
        escalate: bool,
    },
    /// It stands still.
    Paused {
        /// Which.
        clock: String,
        /// From when.
        at: Timestamp,
        /// Why.
        note: Note,
    },
    /// It goes on.
    Resumed {
        /// Which.
        clock: String,
        /// From when.
        at: Timestamp,
        /// Until when now.
        due: Timestamp,
    },
    /// What was to be done is done.
    Met {
        /// Which.
        clock: String,
        /// When.
        at: Timestamp,
        /// Seconds too late; 0 in time.
        late: i64,
    },
    /// It no longer applies: another category, another level, nothing to be done.
    Void {
        /// Which.
        clock: String,
        /// When.
        at: Timestamp,
    },
}

impl ClockEvent {
    /// The clock that it happened to.
    #[must_use]
    pub fn clock(&self) -> &str {
        match self {
            Self::Started { clock, .. }
            | Self::Moved { clock, .. }
            | Self::Rung { clock, .. }
            | Self::Paused { clock, .. }
            | Self::Resumed { clock, .. }
            | Self::Met { clock, .. }
            | Self::Void { clock, .. } => clock,
        }
    }
}

/// One clock of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Clock {
    /// The rule's id.
    pub id: String,
    /// Of which round.
    pub round: u32,
    /// Since when.
    pub from: Timestamp,
    /// Until when; while it stands still, until when it was.
    pub due: Timestamp,
    /// How it stands.
    pub state: ClockState,
    /// The latest moment of its ladder that was told.
    pub rung: Option<i64>,
    /// When it stood still, and why.
    pub pauses: Vec<Pause>,
}

/// How a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClockState {
    /// It runs.
    Running,
    /// It stands still since then.
    Paused(Timestamp),
    /// What was to be done was done then.
    Met(Timestamp),
    /// It does not apply since then.
    Void(Timestamp),
}

/// A time in which a clock stood still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Pause {
    /// From when.
    pub from: Timestamp,
    /// To when; `None` while it lasts.
    pub to: Option<Timestamp>,
    /// Why.
    pub note: Note,
}

impl Clock {
    /// It runs or stands still: somebody waits for its end.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.state, ClockState::Running | ClockState::Paused(_))
    }

    /// Seconds by which it was missed, or has been so far; 0 when it was not.
    #[must_use]
    pub fn late(&self, now: Timestamp) -> i64 {
        let until = match self.state {
            ClockState::Running => now,
            ClockState::Paused(at) | ClockState::Met(at) => at,
            ClockState::Void(_) => return 0,
        };
        until.saturating_sub(self.due).max(0)
    }
}

/// What clocks are counted from.
#[derive(Clone, Copy, Debug)]
pub struct Basis {
    /// 1 at first, one more with each recurrence.
    pub round: u32,
    /// First sight of this round.
    pub first_sight: Timestamp,
    /// When the category or level that makes the rules apply was decided.
    pub decided: Option<Timestamp>,
    /// The time now.
    pub now: Timestamp,
}

impl Basis {
    fn start(&self, start: Start) -> Option<Timestamp> {
        match start {
            Start::FirstSight => Some(self.first_sight),
            Start::Decision => self.decided,
        }
    }
}

/// Every clock of an incident, in the order in which they started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ledger {
    clocks: Vec<Clock>,
}

impl Ledger {
    /// All clocks, also those that are over.
    #[must_use]
    pub fn clocks(&self) -> &[Clock] {
        &self.clocks
    }

    /// The live clock of this id.
    #[must_use]
    pub fn live(&self, id: &str) -> Option<&Clock> {
        self.clocks.iter().rev().find(|clock| clock.id == id && clock.is_live())
    }

    /// What starts and what no longer applies, so that exactly `wanted` runs; `done` is what was done already.
    /// A clock that is past when it starts escalates at once.
    #[must_use]
    pub fn want(
        &self,
        wanted: &[Rule<'_>],
        done: &[(Done, Timestamp)],
        basis: &Basis,
        time: &OfficeTime<'_>,
    ) -> Vec<ClockEvent> {
        let mut events = Vec::new();
        for clock in self.clocks.iter().filter(|clock| clock.is_live()) {
            if clock.round != basis.round || !wanted.iter().any(|rule| rule.id == clock.id) {
                events.push(ClockEvent::Void { clock: clock.id.clone(), at: basis.now });
            }
        }
        let decided = done.iter().any(|(done, _)| *done == Done::Assessed);
        for rule in wanted.iter().filter(|rule| !self.has(rule, basis.round, decided)) {
            events.extend(start(rule, done, basis, time));
        }
        events
    }

    /// It runs, or has been met, in this round. A decision that was taken back, or a dismissal without one, has met nothing.
    fn has(&self, rule: &Rule<'_>, round: u32, decided: bool) -> bool {
        let of_round = |clock: &&Clock| clock.id == rule.id && clock.round == round;
        self.clocks.iter().filter(of_round).any(|clock| match clock.state {
            ClockState::Void(_) => false,
            ClockState::Met(_) => decided || !rule.ends_with(&Done::Assessed),
            ClockState::Running | ClockState::Paused(_) => true,
        })
    }

    /// First sight is earlier than it was thought: live clocks that count from it end earlier. A later one moves nothing.
    #[must_use]
    pub fn resight(&self, rules: &[Rule<'_>], first_sight: Timestamp, time: &OfficeTime<'_>) -> Vec<ClockEvent> {
        let mut events = Vec::new();
        for clock in self.clocks.iter().filter(|clock| clock.is_live() && clock.from > first_sight) {
            let Some(rule) = rules.iter().find(|rule| rule.id == clock.id && rule.from == Start::FirstSight) else {
                continue;
            };
            let gained = time.elapsed(time.after(first_sight, rule.span), time.after(clock.from, rule.span), rule.span);
            let due = earlier(clock.due, gained, rule, time);
            events.push(ClockEvent::Moved { clock: clock.id.clone(), from: first_sight, due });
        }
        events
    }

    /// Posts have gone to another incident, and first sight with them: live clocks that count from it end later, by as
    /// much. An earlier one moves nothing.
    #[must_use]
    pub fn part(&self, rules: &[Rule<'_>], first_sight: Timestamp, time: &OfficeTime<'_>) -> Vec<ClockEvent> {
        let mut events = Vec::new();
        for clock in self.clocks.iter().filter(|clock| clock.is_live() && clock.from < first_sight) {
            let Some(rule) = rules.iter().find(|rule| rule.id == clock.id && rule.from == Start::FirstSight) else {
                continue;
            };
            let lost = time.elapsed(time.after(clock.from, rule.span), time.after(first_sight, rule.span), rule.span);
            let due = time.later(clock.due, lost, rule.span);
            events.push(ClockEvent::Moved { clock: clock.id.clone(), from: first_sight, due });
        }
        events
    }

    /// What is to be told now. A clock that stands still tells what it came to before it did: first sight may turn out to
    /// be so much earlier that it had run out by then.
    #[must_use]
    pub fn ring(&self, rules: &[Rule<'_>], now: Timestamp) -> Vec<ClockEvent> {
        let until = |clock: &Clock| match clock.state {
            ClockState::Running => Some(now),
            ClockState::Paused(since) => Some(since.min(now)),
            ClockState::Met(_) | ClockState::Void(_) => None,
        };
        self.clocks.iter().filter_map(|clock| Some(rung(clock, rules, until(clock)?))).flatten().collect()
    }

    /// When something is to be told next, if nothing happens before.
    #[must_use]
    pub fn next(&self, rules: &[Rule<'_>]) -> Option<Timestamp> {
        let next = |clock: &Clock| {
            let (planned, _) = ahead(clock, rules).next()?;
            let reached = match clock.state {
                ClockState::Running => true,
                ClockState::Paused(since) => planned <= since,
                ClockState::Met(_) | ClockState::Void(_) => false,
            };
            reached.then_some(planned)
        };
        self.clocks.iter().filter_map(next).min()
    }

    /// All running clocks stand still.
    #[must_use]
    pub fn pause(&self, now: Timestamp, note: &Note) -> Vec<ClockEvent> {
        let running = self.clocks.iter().filter(|clock| clock.state == ClockState::Running);
        running.map(|clock| ClockEvent::Paused { clock: clock.id.clone(), at: now, note: note.clone() }).collect()
    }

    /// All that stand still go on, with as much time left as they had.
    #[must_use]
    pub fn resume(&self, rules: &[Rule<'_>], now: Timestamp, time: &OfficeTime<'_>) -> Vec<ClockEvent> {
        let mut events = Vec::new();
        for clock in &self.clocks {
            let ClockState::Paused(since) = clock.state else { continue };
            let rule = rules.iter().find(|rule| rule.id == clock.id);
            let due = match rule {
                Some(rule) if clock.due > since => {
                    time.later(now, time.elapsed(since, clock.due, rule.span), rule.span)
                }
                // Overdue before it stood still: it stays so.
                _ => clock.due,
            };
            events.push(ClockEvent::Resumed { clock: clock.id.clone(), at: now, due });
        }
        events
    }

    /// `done` ends these clocks.
    #[must_use]
    pub fn meet(&self, rules: &[Rule<'_>], done: &Done, at: Timestamp) -> Vec<ClockEvent> {
        let ended =
            |clock: &&Clock| clock.is_live() && rules.iter().any(|rule| rule.id == clock.id && rule.ends_with(done));
        let met = self.clocks.iter().filter(ended);
        met.map(|clock| ClockEvent::Met { clock: clock.id.clone(), at, late: clock.late(at) }).collect()
    }

    /// All live clocks end without having been met.
    #[must_use]
    pub fn void(&self, at: Timestamp) -> Vec<ClockEvent> {
        let live = self.clocks.iter().filter(|clock| clock.is_live());
        live.map(|clock| ClockEvent::Void { clock: clock.id.clone(), at }).collect()
    }

    /// Folds an event in.
    pub fn apply(&mut self, event: &ClockEvent) {
        if let ClockEvent::Started { clock, round, from, due, .. } = event {
            let state = ClockState::Running;
            let (id, rung, pauses) = (clock.clone(), None, Vec::new());
            return self.clocks.push(Clock { id, round: *round, from: *from, due: *due, state, rung, pauses });
        }
        let Some(clock) = self.clocks.iter_mut().rev().find(|c| c.id == event.clock() && c.is_live()) else { return };
        match event {
            ClockEvent::Started { .. } => {}
            ClockEvent::Moved { from, due, .. } => (clock.from, clock.due) = (*from, *due),
            ClockEvent::Rung { moment, .. } => clock.rung = Some(*moment),
            ClockEvent::Paused { at, note, .. } => {
                clock.state = ClockState::Paused(*at);
                clock.pauses.push(Pause { from: *at, to: None, note: note.clone() });
            }
            ClockEvent::Resumed { at, due, .. } => {
                (clock.state, clock.due) = (ClockState::Running, *due);
                end_pause(clock, *at);
            }
            ClockEvent::Met { at, .. } => {
                // Time that it stood still does not make it late.
                let until = if let ClockState::Paused(since) = clock.state { since } else { *at };
                clock.state = ClockState::Met(until);
                end_pause(clock, *at);
            }
            ClockEvent::Void { at, .. } => {
                clock.state = ClockState::Void(*at);
                end_pause(clock, *at);
            }
        }
    }
}

fn end_pause(clock: &mut Clock, at: Timestamp) {
    if let Some(last) = clock.pauses.last_mut() {
        last.to.get_or_insert(at);
    }
}

fn start(rule: &Rule<'_>, done: &[(Done, Timestamp)], basis: &Basis, time: &OfficeTime<'_>) -> Vec<ClockEvent> {
    let Some(from) = basis.start(rule.from) else { return Vec::new() };
    let due = time.after(from, rule.span);
    let overdue = due <= basis.now;
    let clock = Clock {
        id: rule.id.clone().into_owned(),
        round: basis.round,
        from,
        due,
        state: ClockState::Running,
        rung: None,
        pauses: Vec::new(),
    };
    let mut events = vec![ClockEvent::Started { clock: clock.id.clone(), round: basis.round, from, due, overdue }];
    let met = done.iter().filter(|(done, at)| *at >= from && rule.ends_with(done)).map(|(_, at)| *at).min();
    match met {
        Some(at) => events.push(ClockEvent::Met { clock: clock.id, at, late: (at - due).max(0) }),
        None if overdue => events.extend(rung(&clock, std::slice::from_ref(rule), basis.now)),
        None => {}
    }
    events
}

/// A due moment with so many seconds less of the time that its rule is measured in.
fn earlier(due: Timestamp, seconds: i64, rule: &Rule<'_>, time: &OfficeTime<'_>) -> Timestamp {
    match rule.span {
        crate::plan::span::Span::Wall(_) => due.saturating_sub(seconds),
        _ => time.subtract(due, seconds),
    }
}

/// Rungs of a clock that were not told yet: when, and how far from its end. Those that lie before its start never were.
fn ahead<'a>(clock: &Clock, rules: &'a [Rule<'_>]) -> impl Iterator<Item = (Timestamp, &'a crate::plan::clocks::Rung)> {
    let (from, due, told) = (clock.from, clock.due, clock.rung);
    let rule = rules.iter().find(|rule| rule.id == clock.id);
    let rungs = rule.into_iter().flat_map(|rule| rule.ladder);
    rungs
        .filter(move |rung| told.is_none_or(|told| rung.at.0 > told))
        .map(move |rung| (due.saturating_add(rung.at.0), rung))
        .filter(move |(planned, rung)| *planned >= from || rung.escalate)
}

fn rung(clock: &Clock, rules: &[Rule<'_>], now: Timestamp) -> Vec<ClockEvent> {
    let reached: Vec<_> = ahead(clock, rules).take_while(|(planned, _)| *planned <= now).collect();
    let latest = reached.iter().rposition(|(_, rung)| !rung.escalate);
    // A reminder that an escalation has overtaken reminds of nothing.
    let latest = latest.filter(|latest| *latest + 1 == reached.len());
    let told = reached.iter().enumerate().filter(|(index, (_, rung))| rung.escalate || Some(*index) == latest);
    told.map(|(_, (planned, rung))| ClockEvent::Rung {
        clock: clock.id.clone(),
        moment: rung.at.0,
        planned: *planned,
        owner: rung.owner,
        tell: rung.tell.all().to_vec(),
        escalate: rung.escalate,
    })
    .collect()
}

#[cfg(test)]
mod tests;

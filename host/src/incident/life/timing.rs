//! What a decision means for the clocks: which start, end, stand still, go on, or turn out to have begun earlier.
//!
//! Clocks are never decided upon: they follow from what happened and from the plan, and each change of one is an
//! event of its own beside the event that caused it.

use caifeng_plugin_host::contract::Timestamp;

use super::{Grounds, Incident};
use crate::incident::State;
use crate::incident::clock::{Basis, ClockEvent, Done, Rule, rules};
use crate::incident::event::Event;

/// What follows for the clocks from `event`, which made `after` of an incident whose clocks have not followed yet.
pub(super) fn follow(after: &Incident, event: &Event, grounds: &Grounds<'_>, now: Timestamp) -> Vec<ClockEvent> {
    let rules = after.rules(grounds.plan);
    let scene = Scene { after, rules: &rules, grounds, now };
    let clocks = &after.clocks;
    match event {
        Event::Opened { .. } | Event::SplitFrom { .. } | Event::Reopened { .. } | Event::Recurred { .. } => {
            scene.restart(now)
        }
        Event::Returned { .. } if after.state.is_open() => scene.restart(now),
        Event::Joined { .. } | Event::Submitted { .. } | Event::Absorbed { .. } => {
            clocks.resight(&rules, after.opened, &grounds.time)
        }
        Event::Parted { .. } => clocks.part(&rules, after.opened, &grounds.time),
        Event::Assessed { .. } | Event::LevelSet { .. } | Event::TakenBack => scene.restart(now),
        Event::StepDone { step, .. } | Event::StepWaived { step, .. } => {
            clocks.meet(&rules, &Done::Step(step.clone()), now)
        }
        Event::Answered { form, .. } => clocks.meet(&rules, &Done::Published(*form), now),
        Event::Paused { note } => clocks.pause(now, note),
        Event::Resumed { .. } => clocks.resume(&rules, now, &grounds.time),
        Event::Watched { .. } | Event::Closed { .. } => scene.end(&[Done::Closed]),
        Event::Dismissed { .. } => scene.end(&[Done::Assessed, Done::Closed]),
        Event::MergedInto { .. } => clocks.void(now),
        _ => Vec::new(),
    }
}

struct Scene<'a> {
    after: &'a Incident,
    rules: &'a [Rule<'a>],
    grounds: &'a Grounds<'a>,
    now: Timestamp,
}

impl Scene<'_> {
    /// What was decided meets its clocks; then exactly those of the plan run.
    fn restart(&self, now: Timestamp) -> Vec<ClockEvent> {
        let after = self.after;
        let mut events = Vec::new();
        let mut clocks = after.clocks.clone();
        if after.assessed.as_ref().is_some_and(|assessed| assessed.at == now) {
            // Clocks that ran before the decision end by rules that may no longer be wanted after it.
            let before = rules(self.grounds.plan, None, false);
            events.extend(clocks.meet(&before, &Done::Assessed, now));
            events.iter().for_each(|event| clocks.apply(event));
        }
        let round = after.recurred + 1;
        // What came back is decided already: its clocks run from then on.
        let decided = after.assessed.as_ref().map(|assessed| assessed.at.max(after.opened));
        let basis = Basis { round, first_sight: after.opened, decided, now };
        events.extend(clocks.want(self.rules, &after.done(), &basis, &self.grounds.time));
        events
    }

    /// The end meets some clocks. Of the others, those whose time is not up no longer apply; those that were
    /// missed stay missed.
    fn end(&self, done: &[Done]) -> Vec<ClockEvent> {
        let mut clocks = self.after.clocks.clone();
        let mut events = Vec::new();
        for done in done {
            let met = clocks.meet(self.rules, done, self.now);
            met.iter().for_each(|event| clocks.apply(event));
            events.extend(met);
        }
        let missed = |event: &ClockEvent| clocks.live(event.clock()).is_some_and(|clock| clock.due <= self.now);
        events.extend(clocks.void(self.now).into_iter().filter(|event| !missed(event)));
        events
    }
}

impl Incident {
    /// The clocks that the plan asks for.
    pub(crate) fn rules<'a>(&self, plan: &'a crate::plan::Plan) -> Vec<Rule<'a>> {
        rules(plan, self.decided(), plan.is_major(self.level()))
    }

    /// When one of its clocks has something to tell, if nothing happens before.
    #[must_use]
    pub fn next_ring(&self, plan: &crate::plan::Plan) -> Option<Timestamp> {
        if matches!(self.state, State::Closed | State::Dismissed | State::Merged | State::Watching) {
            return None;
        }
        self.clocks.next(&self.rules(plan))
    }

    /// What its clocks have to tell by now, and have not told.
    pub(super) fn told(&self, plan: &crate::plan::Plan, now: Timestamp) -> Vec<ClockEvent> {
        if self.next_ring(plan).is_none_or(|next| next > now) {
            return Vec::new();
        }
        self.clocks.ring(&self.rules(plan), now)
    }

    /// What was done that may have ended a clock before it started.
    fn done(&self) -> Vec<(Done, Timestamp)> {
        let assessed = self.assessed.as_ref().map(|assessed| (Done::Assessed, assessed.at));
        let steps = self.steps.iter().map(|(id, progress)| (Done::Step(id.clone()), progress.at()));
        let answers = self.answers.values().map(|(form, at)| (Done::Published(*form), *at));
        assessed.into_iter().chain(steps).chain(answers).collect()
    }
}

//! What was done about an incident, without who did it: its events as a case keeps them.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::passage::Passage;
use crate::incident::Category;
use crate::incident::clock::ClockEvent;
use crate::incident::event::{Event, Note, Recorded};
use crate::incident::life::Given;
use crate::plan::answer::Form;
use crate::referral::ReferralEvent;
use crate::reply::{ReplyEvent, ReplyState};
use crate::warning::Stage;

/// One step of the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// In which role, or by which rule.
    pub by: String,
    /// What.
    pub what: Happened,
    /// What was written with it, each with the number of its note.
    pub notes: Vec<(i64, Passage)>,
}

/// What happened, without anybody's name or number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Happened {
    /// It was first seen.
    Opened,
    /// Somebody handed in a post.
    Submitted,
    /// Classifiers changed their mind.
    Suggested {
        /// About what.
        category: Option<Category>,
    },
    /// Early warning told of it.
    Warned {
        /// How far it had come.
        stage: Stage,
    },
    /// Its category was decided.
    Assessed {
        /// The category.
        category: Category,
        /// The level, if it was decided too.
        level: Option<String>,
    },
    /// Its level was decided.
    Level {
        /// The level.
        level: String,
    },
    /// It got an owner.
    Assigned,
    /// A step of the playbook was done.
    Done {
        /// Which.
        id: String,
    },
    /// One did not apply.
    Waived {
        /// Which.
        id: String,
    },
    /// Steps were sent back.
    SentBack {
        /// Which.
        ids: Vec<String>,
    },
    /// A note was written.
    Noted,
    /// Its clocks stood still.
    Paused,
    /// They went on.
    Resumed,
    /// It went into follow-up.
    Watched,
    /// It was closed.
    Closed,
    /// It was taken up again.
    Reopened,
    /// It came back.
    Recurred,
    /// There was nothing to do.
    Dismissed,
    /// An answer came so far.
    Reply {
        /// Which, in the order of the incident's.
        reply: i64,
        /// Where it stood then.
        state: ReplyState,
        /// It went back to its author.
        returned: bool,
    },
    /// An answer was published with its receipt: the incident was answered.
    Answered {
        /// Which.
        reply: i64,
        /// Its form.
        form: Form,
    },
    /// Something was decided about a legal referral.
    Referral,
    /// It was put together with another, or taken apart.
    Regrouped,
    /// A clock did something.
    Clock {
        /// Which.
        clock: String,
        /// What.
        what: Tick,
    },
}

/// What a clock did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "tick", rename_all = "kebab-case")]
pub enum Tick {
    /// It ran until then.
    Runs {
        /// Its end.
        due: Timestamp,
    },
    /// It told somebody, so many seconds before (negative) or after its end.
    Rings {
        /// The moment of its ladder.
        moment: i64,
        /// It became the matter of others.
        escalates: bool,
    },
    /// It was met, so many seconds too late.
    Met {
        /// 0 in time.
        late: i64,
    },
    /// It no longer applied.
    Void,
}

/// What a case keeps of an event; `None` of what posts say for themselves, and of what only books keep.
#[must_use]
pub fn happened(event: &Event) -> Option<Happened> {
    Some(match event {
        Event::Opened { .. } => Happened::Opened,
        Event::Submitted { .. } => Happened::Submitted,
        Event::Suggested { category, .. } => Happened::Suggested { category: *category },
        Event::Warned(alert) => Happened::Warned { stage: alert.stage },
        Event::Assessed { category, level, .. } => Happened::Assessed { category: *category, level: level.clone() },
        Event::LevelSet { level, .. } => Happened::Level { level: level.clone() },
        Event::Assigned { .. } => Happened::Assigned,
        Event::StepDone { step, .. } => Happened::Done { id: step.clone() },
        Event::StepWaived { step, .. } => Happened::Waived { id: step.clone() },
        Event::SentBack { steps, .. } => Happened::SentBack { ids: steps.clone() },
        Event::Noted { .. } => Happened::Noted,
        Event::Paused { .. } => Happened::Paused,
        Event::Resumed { .. } => Happened::Resumed,
        Event::Watched { .. } => Happened::Watched,
        Event::Closed { .. } => Happened::Closed,
        Event::Reopened { .. } => Happened::Reopened,
        Event::Recurred { .. } => Happened::Recurred,
        Event::Dismissed { .. } => Happened::Dismissed,
        Event::Reply { reply, done } => answering(*reply, done),
        Event::Answered { reply, form } => Happened::Answered { reply: *reply, form: *form },
        Event::Referral { .. } | Event::Referred { .. } => Happened::Referral,
        Event::Absorbed { .. } | Event::Parted { .. } | Event::SplitFrom { .. } | Event::Returned { .. } => {
            Happened::Regrouped
        }
        Event::Clock(clock) => Happened::Clock { clock: clock.clock().to_owned(), what: tick(clock)? },
        Event::Joined { .. }
        | Event::MergedInto { .. }
        | Event::Erased { .. }
        | Event::Case { .. }
        | Event::Public { .. }
        | Event::Disclosed { .. }
        | Event::Notified { .. }
        | Event::Acknowledged { .. }
        | Event::Escalated { .. }
        | Event::TakenBack
        | Event::Restricted { .. }
        | Event::Unrestricted { .. }
        | Event::HandedOut { .. } => return None,
    })
}

const fn answering(reply: i64, done: &ReplyEvent) -> Happened {
    let (state, returned) = match done {
        ReplyEvent::Drafted { .. } => (ReplyState::Draft, false),
        ReplyEvent::Returned { .. } => (ReplyState::Draft, true),
        ReplyEvent::Reviewed { .. } => (ReplyState::Reviewed, false),
        ReplyEvent::Approved { .. } => (ReplyState::Approved, false),
        ReplyEvent::Published { .. } => (ReplyState::Published, false),
        ReplyEvent::Receipted { .. } => (ReplyState::Receipted, false),
    };
    Happened::Reply { reply, state, returned }
}

const fn tick(clock: &ClockEvent) -> Option<Tick> {
    Some(match clock {
        ClockEvent::Started { due, .. } | ClockEvent::Moved { due, .. } | ClockEvent::Resumed { due, .. } => {
            Tick::Runs { due: *due }
        }
        ClockEvent::Rung { moment, escalate, .. } => Tick::Rings { moment: *moment, escalates: *escalate },
        ClockEvent::Met { late, .. } => Tick::Met { late: *late },
        ClockEvent::Void { .. } => Tick::Void,
        // The pause of the incident says so once for all its clocks.
        ClockEvent::Paused { .. } => return None,
    })
}

/// What people wrote with it, where a case tells it: reasons, what shows that a step was done, the texts of answers.
#[must_use]
pub fn written(recorded: &Recorded) -> Vec<&Note> {
    match &recorded.event {
        Event::Reply { done: ReplyEvent::Drafted { text: note, .. } | ReplyEvent::Returned { note }, .. }
        | Event::Referral { done: ReferralEvent::Approved { note } | ReferralEvent::Refused { note }, .. } => {
            vec![note]
        }
        Event::StepDone { evidence, .. } => evidence.iter().filter_map(noted).collect(),
        // A claim about a person stays out of a case.
        Event::Referral { .. } => Vec::new(),
        event => event.note().into_iter().collect(),
    }
}

const fn noted(given: &Given) -> Option<&Note> {
    match given {
        Given::Note(note) | Given::Consent(_, note) => Some(note),
        Given::Document(_) | Given::Capture(_) | Given::Reply(_) | Given::Referral(_) => None,
    }
}

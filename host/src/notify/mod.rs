//! Notices: telling people what cannot wait (P7), in the product and outside of it.
//!
//! What happens causes a [`Notice`] in the transaction of its event, so that one is never without the other. A notice
//! holds numbers and moments and no words: what it says is put together when it is sent, from what the store
//! holds then, so that what was deleted meanwhile is not told. A notice goes to *destinations*, each a channel of the
//! configuration and, for mail, an address; each way to one is a *delivery*. What is sent is a message, which
//! holds one notice, or many where a channel's limit is near.
//!
//! ```text
//! event ─occasion─▶ outbox ─route─▶ deliveries ─pace─▶ message ─courier─▶ channel
//!                     │                 ▲  │ after a minute, or refused            │
//!                in the product         └──┘ the channel's `next`          receipt: an event
//! ```
//!
//! | question | module |
//! | --- | --- |
//! | what is worth telling, and whom | [`occasion`], pure |
//! | which ways lead out of here | [`channel`], pure |
//! | which of them lead to these people | [`route`], pure |
//! | may it be sent now, alone or together with others | [`pace`], pure |
//! | what does it say | [`words`], pure |
//! | how does that fit a channel | [`message`], pure |
//! | what is sent, byte by byte, and what does the answer mean | [`robot`], [`webhook`], [`letter`], pure |
//! | sending | [`courier`] |
//! | one round after another | [`dispatcher`] |
//!
//! Nothing is lost: what was queued is on disk, and a delivery ends only with a receipt. Nothing can be sent exactly
//! once over a line that may break, so what may have arrived is sent once more, marked as possibly repeated, and never a
//! third time.
//!
//! Given up: receipts that say who has read a notice, which robots and mail cannot; templates that the operator
//! writes; telephone and SMS.

pub mod channel;
pub mod courier;
pub mod dispatcher;
pub mod letter;
pub mod message;
pub mod occasion;
pub mod pace;
pub mod robot;
pub mod route;
pub mod trial;
pub mod webhook;
pub mod words;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::coverage::{Cause, Told};
use crate::disclosure::DisclosureId;
use crate::incident::IncidentId;
use crate::incident::event::Role;
use crate::warning::Alert;

/// The rules of this module and their version, as events name them.
pub const RULES: &str = "notify@1";

/// The number a person calls a notice by.
pub type NoticeId = i64;

/// Something that people are to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The incident that it is about.
    pub incident: Option<IncidentId>,
    /// It breaks quiet hours and goes before others.
    pub urgent: bool,
    /// What happened.
    pub occasion: Occasion,
    /// Who is told.
    pub tell: Tell,
}

/// Who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// Whoever has one of these roles, each once.
    pub roles: Vec<Role>,
    /// These users, by their identifiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
}

impl Tell {
    /// Nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.users.is_empty()
    }

    /// These roles too.
    pub fn add(&mut self, roles: &[Role]) {
        for role in roles {
            if !self.roles.contains(role) {
                self.roles.push(*role);
            }
        }
    }
}

/// What happened. Its JSON form is stored: a variant or field may be added, none changed. No text and no name stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Occasion {
    /// An incident began.
    Opened,
    /// Its category or level now concerns more people than before.
    Reported,
    /// Somebody of the staff handed something in (P10).
    Submitted,
    /// Somebody brought it before those who decide.
    Escalated,
    /// It has this owner now.
    Assigned,
    /// It came back (P17).
    Recurred,
    /// It grows, or a topic does (P1).
    Warned {
        /// The topic's row; `None` for an incident.
        topic: Option<i64>,
        /// How far, and why.
        alert: Alert,
    },
    /// A clock has reached a rung of its ladder (P13).
    Clock {
        /// The plan's clock, or `step:ID`.
        clock: String,
        /// Seconds before (negative) or after its end.
        moment: i64,
        /// When it ends, or ended.
        due: Timestamp,
        /// It becomes the matter of those who are told.
        escalate: bool,
    },
    /// A watch is not heard, or is heard again.
    Gap {
        /// The watch.
        watch: String,
        /// Which of the two.
        told: Told,
        /// Why.
        cause: Cause,
        /// Since when.
        since: Timestamp,
    },
    /// A disclosure should have been published everywhere by now (P20).
    Overdue {
        /// Its number.
        disclosure: DisclosureId,
        /// When its time was up.
        due: Timestamp,
    },
    /// An answer waits for somebody (P18).
    Reply {
        /// Its number.
        reply: i64,
        /// For what.
        waits: Waits,
    },
}

impl Occasion {
    /// The name that lists use.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reported => "reported",
            Self::Submitted => "submitted",
            Self::Escalated => "escalated",
            Self::Assigned => "assigned",
            Self::Recurred => "recurred",
            Self::Warned { .. } => "warned",
            Self::Clock { .. } => "clock",
            Self::Gap { .. } => "gap",
            Self::Overdue { .. } => "overdue",
            Self::Reply { .. } => "reply",
        }
    }
}

/// What an answer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waits {
    /// Somebody else reads it.
    Review,
    /// Somebody stands behind it.
    Approval,
    /// The spokesperson publishes it.
    Publication,
    /// Its author changes it.
    Change,
}

/// How one delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// It will be sent.
    Waiting,
    /// It is being sent, or Caifeng was ended while it was.
    Sending,
    /// The channel has taken it.
    Sent,
    /// The channel does not take it: the operator must act.
    Refused,
    /// It went to the next channel instead.
    Passed,
    /// It may have arrived, twice; it is not sent again.
    Uncertain,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Waiting, Self::Sending, Self::Sent, Self::Refused, Self::Passed, Self::Uncertain];

    /// The name that commands and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Passed => "passed",
            Self::Uncertain => "uncertain",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// What became of a delivery, as the record of its incident says it: no text, no name, no address. A variant may be added,
/// none changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Receipt {
    /// The channel has taken it.
    Sent,
    /// The channel does not take it.
    Refused,
    /// It went to the next channel instead.
    FellBack,
    /// It may have arrived.
    Uncertain,
}

impl Receipt {
    /// The name that lists use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::FellBack => "fell back",
            Self::Uncertain => "uncertain",
        }
    }
}

/// What a channel made of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// It has taken it.
    Delivered,
    /// It will not take it however often it is sent.
    Refused {
        /// The channel's own number for why.
        code: Option<i64>,
        /// One line.
        why: String,
    },
    /// It has not taken it now; it may later.
    Later {
        /// The channel's own number for why.
        code: Option<i64>,
        /// One line.
        why: String,
        /// Seconds that nothing is to be sent there, if it said so.
        rest: Option<i64>,
    },
    /// The line broke after the message went out: nobody knows.
    Unsure {
        /// One line.
        why: String,
    },
}

impl Carried {
    /// Why it was not taken; empty when it was.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Delivered => "",
            Self::Refused { why, .. } | Self::Later { why, .. } | Self::Unsure { why } => why,
        }
    }
}

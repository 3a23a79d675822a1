//! 社会监督 (P24): what was raised, what was answered and how fast, for everybody to read. Pure.
//!
//! Nothing of the store goes out by itself: of each incident the public reads a *summary* that staff wrote for them and
//! another person approved, and beside them figures that name nobody. A summary that would point at a private person
//! ([`private`]) is refused when it is written, and looked at again when it is exported.
//!
//! ```text
//! draft 草稿 ──approve, by somebody else──▶ approved 已批准 ──withdraw──▶ withdrawn 已撤下
//!    ▲                                          │
//!    └──────────── another text ────────────────┘
//! ```

pub mod page;
pub mod private;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::incident::event::{Actor, Note, Role};
use crate::user::right::Act;

/// The number of a summary.
pub type SummaryId = i64;

/// What the public reads of one incident, in the words of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// What was raised.
    pub raised: String,
    /// What was answered, and what came of it.
    pub answered: String,
    /// What we had got wrong, and how it is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<String>,
}

impl Told {
    /// All of it, for whoever searches it.
    #[must_use]
    pub fn whole(&self) -> String {
        let corrected = self.corrected.as_deref().unwrap_or_default();
        format!("{}\n{}\n{corrected}", self.raised, self.answered)
    }
}

/// Where a summary stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SummaryState {
    /// 草稿.
    #[default]
    Draft,
    /// 已批准: it is exported.
    Approved,
    /// 已撤下.
    Withdrawn,
}

impl SummaryState {
    /// The name that the command line and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One thing that happened to a summary. Its JSON form is hashed and stored; a variant or field may be added, never
/// changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum SummaryEvent {
    /// A text was written: the first one, or another that takes its place.
    Drafted {
        /// The text: JSON of a [`Told`].
        text: Note,
    },
    /// Another person found that the public may read it.
    Approved {
        /// The seal of the text that may be read.
        seal: String,
    },
    /// It is no longer shown.
    Withdrawn {
        /// Why.
        note: Note,
    },
}

/// A summary: the fold of its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Summary {
    /// How much has happened to it: what a command says that it saw.
    pub version: u64,
    /// Where it stands.
    pub state: SummaryState,
    /// Its text.
    pub text: Option<Note>,
    /// Identifiers of all who wrote any version of it.
    pub authors: Vec<String>,
    /// Who approved it as it stands.
    pub approver: Option<String>,
}

/// What somebody wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SummaryCommand {
    /// Write a text.
    Draft(Note),
    /// The public may read it.
    Approve,
    /// It may no longer, for a reason.
    Withdraw(Note),
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SummaryRefusal {
    /// A machine tells the public nothing.
    #[error("only a person may do this")]
    PersonOnly,
    /// The role does not include this.
    #[error("the role {} may not {}: {} may", .role.as_str(), .act.as_str(), .act.roles().iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "))]
    Role {
        /// The role that acted.
        role: Role,
        /// What it wanted to do.
        act: Act,
    },
    /// Nobody stands behind their own text.
    #[error("you wrote this text: another person must approve it")]
    OwnText,
    /// It does not stand where this could be done.
    #[error("the summary is {}", .0.as_str())]
    State(SummaryState),
}

/// What `command` by `actor` does to `summary`.
///
/// # Errors
/// The refusal, in terms of who must act instead.
pub fn decide(summary: &Summary, command: SummaryCommand, actor: &Actor) -> Result<SummaryEvent, SummaryRefusal> {
    let Actor::Person { user, role, .. } = actor else { return Err(SummaryRefusal::PersonOnly) };
    let may = |act: Act| if act.is_for(*role) { Ok(()) } else { Err(SummaryRefusal::Role { role: *role, act }) };
    match command {
        SummaryCommand::Draft(text) => {
            may(Act::DraftSummary)?;
            Ok(SummaryEvent::Drafted { text })
        }
        SummaryCommand::Approve => {
            may(Act::ApproveSummary)?;
            if summary.authors.contains(user) {
                return Err(SummaryRefusal::OwnText);
            }
            match (&summary.text, summary.state) {
                (Some(text), SummaryState::Draft) => Ok(SummaryEvent::Approved { seal: text.seal.clone() }),
                (_, state) => Err(SummaryRefusal::State(state)),
            }
        }
        SummaryCommand::Withdraw(note) => {
            may(Act::ApproveSummary)?;
            match summary.state {
                SummaryState::Withdrawn => Err(SummaryRefusal::State(SummaryState::Withdrawn)),
                SummaryState::Draft | SummaryState::Approved => Ok(SummaryEvent::Withdrawn { note }),
            }
        }
    }
}

/// Folds `event`, done by `actor`, into `summary`.
pub fn apply(summary: &mut Summary, event: &SummaryEvent, actor: &Actor) {
    summary.version += 1;
    let user = actor.user().to_owned();
    match event {
        SummaryEvent::Drafted { text } => {
            summary.state = SummaryState::Draft;
            summary.text = Some(text.clone());
            summary.approver = None;
            if !summary.authors.contains(&user) {
                summary.authors.push(user);
            }
        }
        SummaryEvent::Approved { .. } => {
            summary.state = SummaryState::Approved;
            summary.approver = Some(user);
        }
        SummaryEvent::Withdrawn { .. } => summary.state = SummaryState::Withdrawn,
    }
}

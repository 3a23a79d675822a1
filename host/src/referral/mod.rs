//! 移送: handing a false and grave claim to the police (P16), behind the narrowest gate of the program.
//!
//! Pure. Criticism, grumbling and harsh words are no defamation; what is not established is no falsehood; and even a falsehood
//! is normally its victim's own complaint. So a referral needs all of what [`gate`] asks for before it can be
//! proposed, then a time to cool off, then the legal officer **and** the head, two different people. Any of the two
//! ends it by refusing, and refusals are counted like approvals. No plan changes any of that but the length of the
//! time.
//!
//! A name stands in one place only: the export of an approved referral. Each reading is an event.

pub mod gate;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::event::{Actor, Note, Role};
use crate::incident::life::command::moment;

/// The number a person calls a referral by.
pub type ReferralId = i64;

/// Where a referral stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReferralState {
    /// Nobody proposed it.
    #[default]
    None,
    /// 已提出: it waits for its two approvals.
    Proposed,
    /// 已同意: it may be exported.
    Approved,
    /// 不同意: it is over.
    Refused,
}

impl ReferralState {
    /// The name that the command line and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }
}

/// One thing that happened to a referral. Its JSON form is hashed and stored; a variant or field may be added,
/// never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum ReferralEvent {
    /// The gate let it through.
    Proposed {
        /// The post that makes the claim: a row key.
        post: i64,
        /// The claim, in the proposer's words.
        claim: Note,
        /// SHA-256 of the documents that show that it is false.
        evidence: Vec<String>,
        /// The published reply that rebuts it.
        rebuttal: i64,
        /// The moment before which nobody may approve it.
        rests_until: Timestamp,
    },
    /// One of the two agrees.
    Approved {
        /// The reason.
        note: Note,
    },
    /// One of the two does not: it is over.
    Refused {
        /// The reason.
        note: Note,
    },
    /// It was handed out, with the name that it is about.
    Exported {
        /// The post whose author was read from the evidence.
        post: i64,
        /// SHA-256 of what was handed out, in hex.
        sha256: String,
    },
}

impl ReferralEvent {
    /// The name that stands in the record.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proposed { .. } => "proposed",
            Self::Approved { .. } => "approved",
            Self::Refused { .. } => "refused",
            Self::Exported { .. } => "exported",
        }
    }
}

/// A referral: the fold of its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Referral {
    /// How much has happened to it: what a command says that it saw.
    pub version: u64,
    /// Where it stands.
    pub state: ReferralState,
    /// The post that makes the claim.
    pub post: i64,
    /// Documents that show that it is false.
    pub evidence: Vec<String>,
    /// Nobody may approve it before.
    pub rests_until: Timestamp,
    /// Identifier of who proposed it.
    pub proposer: String,
    /// The legal officer who agreed.
    pub legal: Option<String>,
    /// The head who agreed.
    pub head: Option<String>,
    /// How often it was handed out.
    pub exports: u32,
}

/// What somebody wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferralCommand {
    /// Propose it: only what the [`gate`] let through can.
    Propose(gate::Passed),
    /// I agree.
    Approve {
        /// The reason.
        note: Note,
    },
    /// I do not.
    Refuse {
        /// The reason.
        note: Note,
    },
    /// Hand it out.
    Export {
        /// SHA-256 of what is handed out, in hex.
        sha256: String,
    },
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferralRefusal {
    /// A machine refers nobody.
    #[error("only a person may do this")]
    PersonOnly,
    /// The role does not include this.
    #[error("the role {} may not do this: {} may", .role.as_str(), .may)]
    Role {
        /// The role that acted.
        role: Role,
        /// Those that may, in words.
        may: &'static str,
    },
    /// It does not stand where this could be done.
    #[error("the referral is {}", .0.as_str())]
    State(ReferralState),
    /// It rests until then.
    #[error("the referral rests until {}: sleep on it", moment(*.0))]
    Resting(Timestamp),
    /// The same person again, in another role.
    #[error("you have agreed already in another role: a different person must agree too")]
    SamePerson,
    /// This role has agreed.
    #[error("the {} has agreed already", .0.as_str())]
    Already(Role),
}

/// What `command` by `actor` does to `referral` at `now`; `cooling_off` is the plan's, in seconds.
///
/// # Errors
/// The refusal, in terms of what must happen first or who must act instead.
pub fn decide(
    referral: &Referral,
    command: ReferralCommand,
    actor: &Actor,
    cooling_off: i64,
    now: Timestamp,
) -> Result<ReferralEvent, ReferralRefusal> {
    let Actor::Person { user, role, .. } = actor else { return Err(ReferralRefusal::PersonOnly) };
    match command {
        ReferralCommand::Propose(passed) => {
            in_state(referral, ReferralState::None)?;
            if !matches!(role, Role::Legal | Role::LeadingGroup | Role::Head) {
                return Err(ReferralRefusal::Role { role: *role, may: "legal, leading-group, head" });
            }
            let rests_until = now.saturating_add(cooling_off.max(1));
            let gate::Passed { post, claim, evidence, rebuttal } = passed;
            Ok(ReferralEvent::Proposed { post, claim, evidence, rebuttal, rests_until })
        }
        ReferralCommand::Approve { note } => {
            in_state(referral, ReferralState::Proposed)?;
            may_agree(referral, user, *role, now)?;
            Ok(ReferralEvent::Approved { note })
        }
        ReferralCommand::Refuse { note } => {
            in_state(referral, ReferralState::Proposed)?;
            one_of_two(*role)?;
            Ok(ReferralEvent::Refused { note })
        }
        ReferralCommand::Export { sha256 } => {
            in_state(referral, ReferralState::Approved)?;
            if *role != Role::Legal {
                return Err(ReferralRefusal::Role { role: *role, may: "legal" });
            }
            Ok(ReferralEvent::Exported { post: referral.post, sha256 })
        }
    }
}

fn in_state(referral: &Referral, state: ReferralState) -> Result<(), ReferralRefusal> {
    if referral.state == state { Ok(()) } else { Err(ReferralRefusal::State(referral.state)) }
}

fn one_of_two(role: Role) -> Result<(), ReferralRefusal> {
    if matches!(role, Role::Legal | Role::Head) {
        return Ok(());
    }
    Err(ReferralRefusal::Role { role, may: "legal, head" })
}

fn may_agree(referral: &Referral, user: &str, role: Role, now: Timestamp) -> Result<(), ReferralRefusal> {
    one_of_two(role)?;
    let (own, other) =
        if role == Role::Legal { (&referral.legal, &referral.head) } else { (&referral.head, &referral.legal) };
    if own.is_some() {
        return Err(ReferralRefusal::Already(role));
    }
    if other.as_deref() == Some(user) {
        return Err(ReferralRefusal::SamePerson);
    }
    if now < referral.rests_until {
        return Err(ReferralRefusal::Resting(referral.rests_until));
    }
    Ok(())
}

/// Folds `event`, done by `actor`, into `referral`.
pub fn apply(referral: &mut Referral, event: &ReferralEvent, actor: &Actor) {
    let (user, role) = match actor {
        Actor::Person { user, role, .. } => (user.clone(), Some(*role)),
        Actor::Machine { by } => (by.clone(), None),
    };
    referral.version += 1;
    match event {
        ReferralEvent::Proposed { post, evidence, rests_until, .. } => {
            referral.state = ReferralState::Proposed;
            (referral.post, referral.evidence) = (*post, evidence.clone());
            (referral.rests_until, referral.proposer) = (*rests_until, user);
        }
        ReferralEvent::Approved { .. } => {
            match role {
                Some(Role::Legal) => referral.legal = Some(user),
                Some(Role::Head) => referral.head = Some(user),
                _ => {}
            }
            if referral.legal.is_some() && referral.head.is_some() {
                referral.state = ReferralState::Approved;
            }
        }
        ReferralEvent::Refused { .. } => referral.state = ReferralState::Refused,
        ReferralEvent::Exported { .. } => referral.exports += 1,
    }
}

#[cfg(test)]
mod tests;

//! What a program may do with its token: a part of what its owner may. Pure.
//!
//! A token of a program never does more than its owner may, and of that only what its scopes name. Every act of the
//! [table of rights](super::right) belongs to one scope; what administrators do belongs to none: no program adds users, gives
//! roles or signs a checkpoint.

use serde::{Deserialize, Serialize};

use super::right::Act;

/// A part of what a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Read what its owner may read.
    Read,
    /// Read the figures of the machine (`/metrics`), and nothing else.
    Metrics,
    /// Hand in what was seen, and have a watch swept.
    Submit,
    /// Say what incidents are, and work on them.
    Handle,
    /// Write and review answers, disclosures and summaries.
    Draft,
    /// Stand behind them, and publish.
    Publish,
    /// Hand out evidence and referrals, and answer persons who ask.
    HandOut,
    /// Cases and drills.
    Train,
}

impl Scope {
    /// In the order in which they are offered.
    pub const ALL: [Self; 8] =
        [Self::Read, Self::Metrics, Self::Submit, Self::Handle, Self::Draft, Self::Publish, Self::HandOut, Self::Train];

    /// The name in stores, forms and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Metrics => "metrics",
            Self::Submit => "submit",
            Self::Handle => "handle",
            Self::Draft => "draft",
            Self::Publish => "publish",
            Self::HandOut => "hand-out",
            Self::Train => "train",
        }
    }

    /// The scope that an act takes; `None`: no program does it.
    #[must_use]
    pub const fn of(act: Act) -> Option<Self> {
        match act {
            Act::Submit | Act::Sweep => Some(Self::Submit),
            Act::Note
            | Act::Assess
            | Act::SetLevel
            | Act::Assign
            | Act::DoStep
            | Act::WaiveStep
            | Act::Acknowledge
            | Act::Escalate
            | Act::Pause
            | Act::Close
            | Act::Reopen
            | Act::Dismiss
            | Act::Group
            | Act::Restrict
            | Act::KeepContacts
            | Act::KeepSearches
            | Act::KeepWatches
            | Act::ProposeReferral
            | Act::DecideReferral
            | Act::AdoptPlan => Some(Self::Handle),
            Act::DraftReply | Act::ReviewReply | Act::DraftSummary => Some(Self::Draft),
            Act::ApproveReply | Act::PublishReply | Act::ApproveSummary | Act::KeepFeeds => Some(Self::Publish),
            Act::ExportReferral | Act::ExportEvidence | Act::AnswerPerson => Some(Self::HandOut),
            Act::MakeCase | Act::CheckCase | Act::LeadDrill => Some(Self::Train),
            Act::AddUser
            | Act::Configure
            | Act::ProposePlan
            | Act::KeepPlugins
            | Act::BackUp
            | Act::Retain
            | Act::TrustClock
            | Act::GiveRoles
            | Act::KeepUnits
            | Act::EndFactor
            | Act::Checkpoint => None,
        }
    }

    /// Whether somebody who is bound to `scopes` may do `act`; `None`: who is not bound, a person.
    #[must_use]
    pub fn allows(scopes: Option<&[Self]>, act: Act) -> bool {
        scopes.is_none_or(|scopes| Self::of(act).is_some_and(|scope| scopes.contains(&scope)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::event::Role;
    use crate::user::Realm;
    use crate::user::right::RIGHTS;

    #[test]
    fn no_program_does_what_administrators_do_and_every_other_act_has_its_scope() {
        for (act, roles) in RIGHTS {
            let work = roles.iter().all(|role: &Role| Realm::of(*role) == Realm::Work);
            assert_eq!(Scope::of(act).is_some(), work, "{act:?}");
            assert!(Scope::allows(None, act));
            assert!(!Scope::allows(Some(&[]), act));
            assert!(!Scope::allows(Some(&[Scope::Read, Scope::Metrics]), act), "{act:?}");
            assert_eq!(Scope::allows(Some(&Scope::ALL), act), work, "{act:?}");
        }
    }
}

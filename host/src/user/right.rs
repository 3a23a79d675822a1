//! The one table of permissions: what each role may do.
//!
//! The plan may ask for more (a step's owner, who approves), never for less: whoever acts needs the right of this
//! table and the plan's. Two things are never a matter of rights: a machine decides nothing, and nobody stands behind
//! their own draft.

use serde::{Deserialize, Serialize};

use crate::incident::event::Role;

/// Something that takes a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Hand in what was seen (P10).
    Submit,
    /// Write a note to an incident.
    Note,
    /// Decide what an incident is (P11).
    Assess,
    /// Decide how serious it is.
    SetLevel,
    /// Say who owns it.
    Assign,
    /// Record that a step of the playbook is done.
    DoStep,
    /// Leave out a step that does not apply, or have one done again.
    WaiveStep,
    /// Say that one has seen that its clocks ran out.
    Acknowledge,
    /// Bring it before those who decide, at once.
    Escalate,
    /// Stop its clocks for a reason, and let them run again.
    Pause,
    /// Say that it is over.
    Close,
    /// Take it up again.
    Reopen,
    /// Say that there is nothing to do.
    Dismiss,
    /// Say who may see an incident.
    Restrict,
    /// Say which posts belong together.
    Group,
    /// Write an answer.
    DraftReply,
    /// Read somebody else's answer before it is approved.
    ReviewReply,
    /// Stand behind somebody else's answer.
    ApproveReply,
    /// Say it in public under the official name.
    PublishReply,
    /// Keep contacts at media, sites and forums (P21).
    KeepContacts,
    /// Keep searches, for oneself or for everybody at the desk.
    KeepSearches,
    /// Let calendars and readers subscribe, and no longer.
    KeepFeeds,
    /// Propose to report a matter to the police (P16).
    ProposeReferral,
    /// Agree to that, or refuse it.
    DecideReferral,
    /// Hand the referral out, with the identity that it needs.
    ExportReferral,
    /// Write what the public reads of an incident (P24).
    DraftSummary,
    /// Let the public read what somebody else wrote, or take it back.
    ApproveSummary,
    /// Hand out what was heard: the evidence of an incident, with the names that stand on captured pages; posts as a file.
    ExportEvidence,
    /// Hand out, or delete, what is kept of a person who asks.
    AnswerPerson,
    /// Have a watch swept now.
    Sweep,
    /// Say what is listened to, and for what: watches and topics (P4, P5).
    KeepWatches,
    /// Make a case of what is over, and correct it (P22).
    MakeCase,
    /// Check and release a case that somebody else made.
    CheckCase,
    /// Lead a drill: inject posts, move its clock.
    LeadDrill,
    /// Add and revoke users, and replace their tokens.
    AddUser,
    /// Say to which unit a user belongs, and so which restricted incidents they see.
    KeepUnits,
    /// Take away a second factor that its owner has lost.
    EndFactor,
    /// Set Caifeng up: the organisation, watches and topics, channels, how long things are kept.
    Configure,
    /// Write another plan, for others to put into force.
    ProposePlan,
    /// Put a plan that was proposed into force.
    AdoptPlan,
    /// Say which plugins there are, and what each may reach.
    KeepPlugins,
    /// Make copies of everything that is kept here, and take them elsewhere.
    BackUp,
    /// Let go, now, of what is kept no longer.
    Retain,
    /// Believe the machine's clock and not a record that is ahead of it.
    TrustClock,
    /// Give and take roles.
    GiveRoles,
    /// Sign where the record stands.
    Checkpoint,
}

use Role::{Audit, Head, LeadingGroup, Legal, Monitor, Security, Spokesperson, Staff, System, Trainer};

const DECIDERS: &[Role] = &[LeadingGroup, Head];
const EVERYBODY: &[Role] = &[Monitor, Staff, LeadingGroup, Head, Spokesperson, Legal, Trainer];
const WORKERS: &[Role] = &[Monitor, Staff, LeadingGroup, Head, Spokesperson, Legal];

/// Who may do what.
pub const RIGHTS: [(Act, &[Role]); 46] = [
    (Act::Submit, EVERYBODY),
    (Act::Note, EVERYBODY),
    (Act::Assess, DECIDERS),
    (Act::SetLevel, DECIDERS),
    (Act::Assign, DECIDERS),
    (Act::DoStep, WORKERS),
    (Act::WaiveStep, DECIDERS),
    (Act::Acknowledge, DECIDERS),
    (Act::Escalate, EVERYBODY),
    (Act::Pause, DECIDERS),
    (Act::Close, DECIDERS),
    (Act::Reopen, &[Monitor, LeadingGroup, Head]),
    (Act::Dismiss, DECIDERS),
    (Act::Restrict, DECIDERS),
    (Act::Group, &[Monitor, LeadingGroup, Head]),
    (Act::DraftReply, WORKERS),
    (Act::ReviewReply, WORKERS),
    (Act::ApproveReply, DECIDERS),
    (Act::PublishReply, &[Spokesperson]),
    (Act::KeepContacts, &[Monitor, Staff, LeadingGroup, Head, Spokesperson]),
    (Act::KeepSearches, EVERYBODY),
    (Act::KeepFeeds, DECIDERS),
    (Act::ProposeReferral, &[LeadingGroup, Head, Legal]),
    (Act::DecideReferral, &[Head, Legal]),
    (Act::ExportReferral, &[Legal]),
    (Act::DraftSummary, WORKERS),
    (Act::ApproveSummary, DECIDERS),
    (Act::ExportEvidence, &[Monitor, LeadingGroup, Head, Legal]),
    (Act::AnswerPerson, &[Legal]),
    (Act::Sweep, &[Monitor, LeadingGroup, Head]),
    (Act::KeepWatches, &[Monitor, LeadingGroup, Head]),
    (Act::MakeCase, &[Trainer, Monitor, LeadingGroup, Head, Legal]),
    (Act::CheckCase, &[Trainer, LeadingGroup, Head, Legal]),
    (Act::LeadDrill, &[Trainer, LeadingGroup, Head]),
    (Act::AddUser, &[System]),
    (Act::KeepUnits, &[Security]),
    (Act::EndFactor, &[Security]),
    (Act::Configure, &[System]),
    (Act::ProposePlan, &[System]),
    (Act::AdoptPlan, DECIDERS),
    (Act::KeepPlugins, &[System]),
    (Act::BackUp, &[System]),
    (Act::Retain, &[System]),
    (Act::TrustClock, &[System]),
    (Act::GiveRoles, &[Security]),
    (Act::Checkpoint, &[Audit]),
];

impl Act {
    /// Whether the role includes it.
    #[must_use]
    pub fn is_for(self, role: Role) -> bool {
        RIGHTS.iter().any(|(act, roles)| *act == self && roles.contains(&role))
    }

    /// The roles that include it.
    #[must_use]
    pub fn roles(self) -> Vec<Role> {
        Role::ALL.into_iter().filter(|role| self.is_for(*role)).collect()
    }

    /// What it is called in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Note => "note",
            Self::Assess => "assess",
            Self::SetLevel => "level",
            Self::Assign => "assign",
            Self::DoStep => "step",
            Self::WaiveStep => "waive or send back a step",
            Self::Acknowledge => "acknowledge an escalation",
            Self::Escalate => "escalate",
            Self::Pause => "pause",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::Dismiss => "dismiss",
            Self::Restrict => "restrict",
            Self::Group => "merge or split",
            Self::DraftReply => "draft a reply",
            Self::ReviewReply => "review a reply",
            Self::ApproveReply => "approve a reply",
            Self::PublishReply => "publish a reply",
            Self::KeepContacts => "keep contacts",
            Self::KeepSearches => "keep searches",
            Self::KeepFeeds => "keep feeds",
            Self::ProposeReferral => "propose a referral",
            Self::DecideReferral => "decide on a referral",
            Self::ExportReferral => "export a referral",
            Self::DraftSummary => "write for the public",
            Self::ApproveSummary => "approve for the public",
            Self::ExportEvidence => "hand out evidence",
            Self::AnswerPerson => "answer a person who asks",
            Self::Sweep => "sweep",
            Self::KeepWatches => "keep watches and topics",
            Self::MakeCase => "make or correct a case",
            Self::CheckCase => "check and release a case",
            Self::LeadDrill => "lead a drill",
            Self::AddUser => "add and revoke users",
            Self::KeepUnits => "keep units",
            Self::EndFactor => "end a second factor",
            Self::Configure => "set up",
            Self::ProposePlan => "propose a plan",
            Self::AdoptPlan => "put a plan into force",
            Self::KeepPlugins => "keep plugins",
            Self::BackUp => "back up",
            Self::Retain => "retain",
            Self::TrustClock => "trust the clock",
            Self::GiveRoles => "give roles",
            Self::Checkpoint => "sign a checkpoint",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::Realm;

    #[test]
    fn each_act_stands_once_in_the_table_and_somebody_may_do_it() {
        for (act, _) in RIGHTS {
            assert_eq!(RIGHTS.iter().filter(|(other, _)| *other == act).count(), 1, "{act:?}");
            assert!(!act.roles().is_empty(), "{act:?}");
        }
    }

    /// No administrator handles incidents, and no act of an administrator is shared.
    #[test]
    fn the_realms_share_no_act() {
        for (act, roles) in RIGHTS {
            let realm = Realm::of(roles[0]);
            assert!(roles.iter().all(|role| Realm::of(*role) == realm), "{act:?}");
        }
    }

    /// The plan says who decides what: nobody changes it alone.
    #[test]
    fn nobody_puts_into_force_what_they_may_propose() {
        let roles = |act: Act| act.roles().into_iter().map(Realm::of).collect::<Vec<_>>();
        let (propose, adopt) = (roles(Act::ProposePlan), roles(Act::AdoptPlan));
        assert!(!propose.is_empty() && adopt.iter().all(|realm| !propose.contains(realm)));
    }
}

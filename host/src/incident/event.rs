//! What has happened to an incident: the words of the audit trail.
//!
//! An event is kept for ever and cannot be edited, so it holds only what never
//! has to be deleted: row keys, times, categories, names of plugins and the
//! identifiers of users. Whatever a person wrote — a post, a title, a reason —
//! stays outside and is pointed at; a reason is pointed at by a [`Note`], whose
//! seal can be checked while the text exists and says nothing once it is gone.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::clock::ClockEvent;
use super::life::Given;
use super::{Category, IncidentId};
use crate::case::life::CaseEvent;
use crate::hex::hex;
use crate::notify::{NoticeId, Receipt};
use crate::plan::answer::Form;
use crate::referral::ReferralEvent;
use crate::reply::ReplyEvent;
use crate::supervision::SummaryEvent;
use crate::user::token::TokenId;
use crate::warning::Alert;

/// One thing that happened. Its JSON form, in the order of the fields here, is
/// what is hashed and stored; a variant or field may be added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A post that belonged to no incident opened this one.
    Opened {
        /// Row key of the post.
        post: i64,
        /// When the post was captured.
        captured: Timestamp,
    },
    /// Another post joined.
    Joined {
        /// Row key of the post.
        post: i64,
        /// When the post was captured.
        captured: Timestamp,
    },
    /// A person handed in a post of this incident: the first one, another, or one that was known.
    Submitted {
        /// Row key of the post.
        post: i64,
        /// When it was handed in.
        at: Timestamp,
        /// What the person said with it.
        note: Option<Note>,
    },
    /// The classifiers' combined opinion changed.
    Suggested {
        /// The suggestion; `None` takes an earlier one back.
        category: Option<Category>,
        /// Plugin id and version that most of the voting posts have it from.
        by: String,
        /// Posts that speak for the category.
        posts: u64,
        /// Posts with any category label.
        of: u64,
    },
    /// A rule of early warning found that a person must be told how it grows.
    Warned(Alert),
    /// A person decided the category.
    Assessed {
        /// The decision.
        category: Category,
        /// The level, if it was decided too.
        level: Option<String>,
        /// The reason.
        note: Note,
        /// Digest of the plan that governs it from now on.
        plan: String,
    },
    /// Something happened to one of its clocks.
    Clock(ClockEvent),
    /// A person decided the level.
    LevelSet {
        /// The decision.
        level: String,
        /// The reason.
        note: Note,
    },
    /// It has this owner now.
    Assigned {
        /// The user.
        user: String,
    },
    /// A step of its playbook is done.
    StepDone {
        /// The step.
        step: String,
        /// What shows it.
        evidence: Vec<Given>,
    },
    /// A step does not apply.
    StepWaived {
        /// The step.
        step: String,
        /// The reason.
        note: Note,
    },
    /// Steps have to be done again.
    SentBack {
        /// The step, and those that rested on it.
        steps: Vec<String>,
        /// The reason.
        note: Note,
    },
    /// Somebody wrote a note.
    Noted {
        /// The note.
        note: Note,
    },
    /// Its clocks stand still.
    Paused {
        /// The reason.
        note: Note,
    },
    /// They run again.
    Resumed {
        /// The reason.
        note: Note,
    },
    /// It is handled and watched from now on (P17).
    Watched {
        /// Until then.
        until: Timestamp,
        /// The reason.
        note: Note,
    },
    /// It is over.
    Closed {
        /// The reason.
        note: Note,
    },
    /// A person took it up again.
    Reopened {
        /// The reason.
        note: Note,
    },
    /// It came back: this post was said after its end.
    Recurred {
        /// Row key of the post.
        post: i64,
        /// When it was captured: clocks start anew.
        at: Timestamp,
    },
    /// Nothing is to be done.
    Dismissed {
        /// The reason.
        note: Note,
    },
    /// Something happened to one of its answers.
    Reply {
        /// The reply.
        reply: i64,
        /// What.
        done: ReplyEvent,
    },
    /// Something happened to one of its referrals.
    Referral {
        /// The referral.
        referral: i64,
        /// What.
        done: ReferralEvent,
    },
    /// Something happened to what the public reads of it.
    Public {
        /// The summary.
        summary: i64,
        /// What.
        done: SummaryEvent,
    },
    /// Something happened to a case that was made of it.
    Case {
        /// The case.
        case: i64,
        /// What.
        done: CaseEvent,
    },
    /// An answer of it is published, with its receipt.
    Answered {
        /// The reply.
        reply: i64,
        /// Its form.
        form: Form,
    },
    /// Something was published on the organisation's own initiative that answers it.
    Disclosed {
        /// The disclosure.
        disclosure: i64,
        /// The plan's channel.
        channel: String,
    },
    /// Whether to refer it was decided.
    Referred {
        /// The referral.
        referral: i64,
        /// Two people agreed.
        approved: bool,
    },
    /// Another incident's posts came here.
    Absorbed {
        /// The other one.
        from: IncidentId,
        /// So many.
        posts: u64,
        /// Its first sight.
        opened: Timestamp,
        /// A split was taken back.
        undo: bool,
    },
    /// Its posts went to another incident.
    MergedInto {
        /// That one.
        into: IncidentId,
    },
    /// Posts of it went to another incident.
    Parted {
        /// That one.
        into: IncidentId,
        /// So many.
        posts: u64,
        /// First sight of those that stayed.
        opened: Timestamp,
        /// A merge was taken back.
        undo: bool,
    },
    /// It began with posts of another one.
    SplitFrom {
        /// The other one.
        from: IncidentId,
        /// So many.
        posts: u64,
        /// Their first sight.
        opened: Timestamp,
        /// The other one is restricted, and so is this.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restricted: bool,
    },
    /// A post was deleted because the person who said it asked for it.
    Erased {
        /// Row key of the post.
        post: i64,
        /// The reason.
        note: Note,
    },
    /// Its posts came home from the incident that it was merged into.
    Returned {
        /// So many.
        posts: u64,
    },
    /// What became of a notice about it (P7).
    Notified {
        /// The notice.
        notice: NoticeId,
        /// On which channel of the configuration.
        channel: String,
        /// Whose own address it was, by the user's identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// What became of it.
        receipt: Receipt,
        /// It may have arrived twice.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
        /// The channel's own number for why not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
    },
    /// Somebody who decides has seen that clocks of it ran out.
    Acknowledged {
        /// Which, in the order in which they did.
        clocks: Vec<String>,
    },
    /// Somebody brought it before those who decide.
    Escalated {
        /// The reason.
        note: Note,
    },
    /// An assessment of a moment ago was a slip: nobody has decided.
    TakenBack,
    /// From now on only those see it who decide, whose it is, and whoever is of the same unit as the owner.
    Restricted {
        /// The reason.
        note: Note,
    },
    /// Everybody at the desk sees it again.
    Unrestricted {
        /// The reason.
        note: Note,
    },
    /// Its evidence was handed out, with the names that stand on captured pages.
    HandedOut {
        /// SHA-256 of the WARC file, in hex.
        sha256: String,
    },
}

impl Event {
    /// It changes what people decide upon. What arrives, and what is only written down, does not.
    #[must_use]
    pub const fn is_decision(&self) -> bool {
        !matches!(
            self,
            Self::Opened { .. }
                | Self::Joined { .. }
                | Self::Submitted { .. }
                | Self::Suggested { .. }
                | Self::Warned(_)
                | Self::Clock(_)
                | Self::Erased { .. }
                | Self::Noted { .. }
                | Self::Reply { .. }
                | Self::Referral { .. }
                | Self::Public { .. }
                | Self::Notified { .. }
                | Self::Acknowledged { .. }
                | Self::Escalated { .. }
                | Self::HandedOut { .. }
                | Self::Disclosed { .. }
                | Self::Case { .. }
        )
    }

    /// What a person wrote with it, if that is one text.
    #[must_use]
    pub const fn note(&self) -> Option<&Note> {
        match self {
            Self::Submitted { note, .. } => note.as_ref(),
            Self::Assessed { note, .. }
            | Self::LevelSet { note, .. }
            | Self::StepWaived { note, .. }
            | Self::SentBack { note, .. }
            | Self::Noted { note }
            | Self::Escalated { note }
            | Self::Erased { note, .. }
            | Self::Paused { note }
            | Self::Resumed { note }
            | Self::Watched { note, .. }
            | Self::Closed { note }
            | Self::Reopened { note }
            | Self::Restricted { note }
            | Self::Unrestricted { note }
            | Self::Dismissed { note } => Some(note),
            _ => None,
        }
    }

    /// The name that stands in the record.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Joined { .. } => "joined",
            Self::Submitted { .. } => "submitted",
            Self::Suggested { .. } => "suggested",
            Self::Warned(_) => "warned",
            Self::Assessed { .. } => "assessed",
            Self::Clock(_) => "clock",
            Self::LevelSet { .. } => "level-set",
            Self::Assigned { .. } => "assigned",
            Self::StepDone { .. } => "step-done",
            Self::StepWaived { .. } => "step-waived",
            Self::SentBack { .. } => "sent-back",
            Self::Noted { .. } => "noted",
            Self::Paused { .. } => "paused",
            Self::Resumed { .. } => "resumed",
            Self::Watched { .. } => "watched",
            Self::Closed { .. } => "closed",
            Self::Reopened { .. } => "reopened",
            Self::Recurred { .. } => "recurred",
            Self::Dismissed { .. } => "dismissed",
            Self::Reply { .. } => "reply",
            Self::Referral { .. } => "referral",
            Self::Public { .. } => "public",
            Self::Case { .. } => "case",
            Self::Answered { .. } => "answered",
            Self::Disclosed { .. } => "disclosed",
            Self::Referred { .. } => "referred",
            Self::Absorbed { .. } => "absorbed",
            Self::MergedInto { .. } => "merged-into",
            Self::Parted { .. } => "parted",
            Self::SplitFrom { .. } => "split-from",
            Self::Returned { .. } => "returned",
            Self::Erased { .. } => "erased",
            Self::Notified { .. } => "notified",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Escalated { .. } => "escalated",
            Self::TakenBack => "taken-back",
            Self::Restricted { .. } => "restricted",
            Self::Unrestricted { .. } => "unrestricted",
            Self::HandedOut { .. } => "handed-out",
        }
    }
}

/// Points at a text that a person wrote and that can be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Note {
    /// Row id of the text.
    pub id: i64,
    /// SHA-256 over the note's own random salt and its text, in hex. Without the
    /// salt, which is deleted with the text, nobody can test a guess against it.
    pub seal: String,
}

impl Note {
    /// The seal of `text` under `salt`.
    #[must_use]
    pub fn seal(salt: &[u8; 16], text: &str) -> String {
        hex(&Sha256::new().chain_update(salt).chain_update(text).finalize())
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "actor", rename_all = "kebab-case")]
pub enum Actor {
    /// A rule of the core or a plugin: `group@1`, `triage@0.1.0`.
    Machine {
        /// Name and version.
        by: String,
    },
    /// A signed-in person.
    Person {
        /// Identifier of the user's account; never a name.
        user: String,
        /// The role in which the person acted.
        role: Role,
        /// The token by which the person was known; `None` only before there were users.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<TokenId>,
    },
}

impl Actor {
    /// The user's identifier; empty for a machine.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::Machine { .. } => "",
            Self::Person { user, .. } => user,
        }
    }

    /// How lists name it: the rule or plugin, or the role.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Machine { by } => by,
            Self::Person { role, .. } => role.as_str(),
        }
    }
}

/// Roles of the plan (design §2). What each may do stands in [`right`](crate::user::right).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 监测员.
    Monitor,
    /// 干部职工.
    Staff,
    /// 领导小组.
    LeadingGroup,
    /// 负责人: head of the leading group.
    Head,
    /// 发言人.
    Spokesperson,
    /// 法制.
    Legal,
    /// 培训员.
    Trainer,
    /// 系统管理员: adds people.
    System,
    /// 安全管理员: gives roles.
    Security,
    /// 审计管理员: holds the record against checkpoints.
    Audit,
}

impl Role {
    /// All roles, the three administrators last.
    pub const ALL: [Self; 10] = [
        Self::Monitor,
        Self::Staff,
        Self::LeadingGroup,
        Self::Head,
        Self::Spokesperson,
        Self::Legal,
        Self::Trainer,
        Self::System,
        Self::Security,
        Self::Audit,
    ];

    /// Those of the plan: no administrator handles incidents.
    pub const WORK: [Self; 7] =
        [Self::Monitor, Self::Staff, Self::LeadingGroup, Self::Head, Self::Spokesperson, Self::Legal, Self::Trainer];

    /// The name that events and lists use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Staff => "staff",
            Self::LeadingGroup => "leading-group",
            Self::Head => "head",
            Self::Spokesperson => "spokesperson",
            Self::Legal => "legal",
            Self::Trainer => "trainer",
            Self::System => "system",
            Self::Security => "security",
            Self::Audit => "audit",
        }
    }

    /// The role of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// An event with its place in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Recorded {
    /// Place in the chain, from 1.
    pub seq: i64,
    /// When what led to it was seen: a machine's step has the time at which its post was
    /// captured, which in a replay is long before it was recorded; a person's step the time
    /// at which it was taken. Later events may therefore have earlier times; `seq` orders them.
    pub at: Timestamp,
    /// The incident it happened to.
    pub incident: IncidentId,
    /// Who did it.
    pub by: Actor,
    /// What happened. An object of its own: some events have a time and a doer of theirs beside those above.
    pub event: Event,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warning::media::Tier;
    use crate::warning::{Reason, Severity, Stage};

    /// The stored form is part of every hash ever written: it must not drift.
    #[test]
    fn stored_form_is_frozen() {
        let event = Event::Assessed {
            category: Category::Rumour,
            level: None,
            note: Note { id: 7, seal: "ab".into() },
            plan: "cd".into(),
        };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"event":"assessed","category":"rumour","level":null,"note":{"id":7,"seal":"ab"},"plan":"cd"}"#
        );
        let opened = Event::Opened { post: -5, captured: 9 };
        assert_eq!(serde_json::to_string(&opened).unwrap(), r#"{"event":"opened","post":-5,"captured":9}"#);
        let alert = Alert {
            stage: Stage::Growing,
            severity: Severity::Alarm,
            why: vec![
                Reason::Rate { posts: 9, minutes: 30, usual: 12 },
                Reason::Media { tier: Tier::Central, name: "人民日报".into() },
            ],
        };
        assert_eq!(
            serde_json::to_string(&Event::Warned(alert)).unwrap(),
            r#"{"event":"warned","stage":"growing","severity":"alarm","why":[{"sign":"rate","posts":9,"minutes":30,"usual":12},{"sign":"media","tier":"central","name":"人民日报"}]}"#
        );
        let mut actor = Actor::Person { user: "u1".into(), role: Role::LeadingGroup, token: None };
        assert_eq!(serde_json::to_string(&actor).unwrap(), r#"{"actor":"person","user":"u1","role":"leading-group"}"#);
        if let Actor::Person { token, .. } = &mut actor {
            *token = Some(4);
        }
        assert_eq!(
            serde_json::to_string(&actor).unwrap(),
            r#"{"actor":"person","user":"u1","role":"leading-group","token":4}"#
        );
    }

    #[test]
    fn what_an_event_says_of_itself_hides_neither_who_did_it_nor_when() {
        let by = Actor::Machine { by: "opinion@1".to_owned() };
        for (event, own) in [
            (Event::Suggested { category: None, by: "triage@0.1.0".to_owned(), posts: 1, of: 2 }, "by"),
            (Event::Recurred { post: 3, at: 4 }, "at"),
        ] {
            let told = serde_json::to_string(&Recorded { seq: 1, at: 5, incident: 7, by: by.clone(), event }).unwrap();
            let told: serde_json::Value = serde_json::from_str(&told).unwrap();
            assert_eq!((&told["by"]["by"], &told["at"]), (&"opinion@1".into(), &5.into()), "{told}");
            assert!(!told["event"][own].is_null(), "{told}");
        }
    }

    #[test]
    fn names_of_roles_are_those_of_their_json() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{}\"", role.as_str()));
        }
    }

    #[test]
    fn seal_depends_on_salt_and_text() {
        let seal = Note::seal(&[1; 16], "理由");
        assert_ne!(seal, Note::seal(&[2; 16], "理由"));
        assert_ne!(seal, Note::seal(&[1; 16], "理由。"));
        assert_eq!(seal.len(), 64);
    }
}

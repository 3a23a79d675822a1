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

use super::{Category, IncidentId};
use crate::hex::hex;
use crate::warning::Alert;

/// One thing that happened. Its JSON form, in the order of the fields here, is
/// what is hashed and stored; a variant or field may be added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    },
}

/// Points at a text that a person wrote and that can be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    },
}

impl Actor {
    /// How lists name it: the rule or plugin, or the role.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Machine { by } => by,
            Self::Person { role, .. } => role.as_str(),
        }
    }
}

/// Roles of the plan (design §2). What each may do is decided in [`life`](super::life).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 7] =
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
        }
    }
}

/// An event with its place in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What happened.
    #[serde(flatten)]
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
        let event =
            Event::Assessed { category: Category::Rumour, level: None, note: Note { id: 7, seal: "ab".into() } };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"event":"assessed","category":"rumour","level":null,"note":{"id":7,"seal":"ab"}}"#
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
        let actor = Actor::Person { user: "u1".into(), role: Role::LeadingGroup };
        assert_eq!(serde_json::to_string(&actor).unwrap(), r#"{"actor":"person","user":"u1","role":"leading-group"}"#);
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

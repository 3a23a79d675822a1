//! 信息公开: what is published on one's own initiative — work, highlights, examples, answers (P20).
//!
//! Pure. A [`Disclosure`] is the fold of its [`DisclosureEvent`]s, from a line in the calendar to the receipts of what was
//! published; [`life::decide`] says what may happen next and to whom. One text goes to several channels, each with a
//! publication and a receipt of its own. Title and text are one note, kept apart from the events that hold its seal.
//!
//! ```text
//! planned ──text──▶ draft ──review──▶ reviewed ──approve──▶ approved ──publish──▶ published ──receipts──▶ receipted
//!                     ▲                  │                     │              (each channel once)
//!                     └──────return──────┴─────────────────────┘     a change of what is said begins again
//! ```
//!
//! It may answer incidents. Then the plan's rules for their answers hold for it too, all of them: publishing on
//! one's own initiative is no way around the people who stand behind an answer.
//!
//! | question | module |
//! | --- | --- |
//! | who may do what next | [`life`] |
//! | by when, and what is late | [`calendar`] |
//! | who is named that holds no office | [`privacy::private`](crate::privacy::private) |
//! | what is pasted where | [`prepare`] |

pub mod calendar;
pub mod life;
pub mod prepare;

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::IncidentId;
use crate::incident::event::Note;
use crate::reply::{Publication, Receipt};

/// The number a person calls a disclosure by.
pub type DisclosureId = i64;

/// What is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 工作动态.
    #[default]
    Work,
    /// 工作亮点.
    Highlight,
    /// 先进典型.
    Example,
    /// 回应关切: what many have asked.
    Answer,
}

impl Kind {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Work, Self::Highlight, Self::Example, Self::Answer];

    /// The name that events and the command line use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Highlight => "highlight",
            Self::Example => "example",
            Self::Answer => "answer",
        }
    }

    /// The kind of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where a disclosure stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DisclosureState {
    /// 已列入计划: a title in the calendar, and no text yet.
    #[default]
    Planned,
    /// 草稿.
    Draft,
    /// 已审核.
    Reviewed,
    /// 已批准.
    Approved,
    /// 已发布 on one channel at least; a channel or a receipt is missing.
    Published,
    /// 已发布并有回执, on every channel.
    Receipted,
    /// 已取消, before anything was published.
    Dropped,
}

impl DisclosureState {
    /// The name that the command line and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Draft => "draft",
            Self::Reviewed => "reviewed",
            Self::Approved => "approved",
            Self::Published => "published",
            Self::Receipted => "receipted",
            Self::Dropped => "dropped",
        }
    }

    /// Its text may still be changed.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Draft | Self::Reviewed | Self::Approved)
    }
}

/// One thing that happened to a disclosure. Its JSON form is hashed and stored; a variant or field may be added, never
/// changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum DisclosureEvent {
    /// What it says and where was written: the first time, or in place of what was there.
    Drafted {
        /// What it is.
        kind: Kind,
        /// The plan's channels.
        channels: Vec<String>,
        /// Title and text.
        text: Note,
        /// There is a text besides the title.
        whole: bool,
    },
    /// Its place in the calendar and among the incidents.
    Scheduled {
        /// From when on it is to be published.
        planned: Option<Timestamp>,
        /// By when, everywhere.
        due: Option<Timestamp>,
        /// The incidents that it answers.
        answers: Vec<IncidentId>,
    },
    /// Another person read it and found it right.
    Reviewed {
        /// The seal of what was read.
        seal: String,
    },
    /// It goes back to its author.
    Returned {
        /// Why.
        note: Note,
    },
    /// It may be published.
    Approved {
        /// The seal of what may.
        seal: String,
    },
    /// A person published it on one channel.
    Published {
        /// The channel.
        channel: String,
        /// Under which registered account.
        account: String,
        /// The seal of what was.
        seal: String,
    },
    /// What was published there was captured.
    Receipted {
        /// The channel.
        channel: String,
        /// SHA-256 of what the site answered, in hex; the address is in the evidence.
        capture: String,
        /// It is a document that a person brought.
        document: bool,
        /// The published text was found in it.
        found: bool,
    },
    /// It will not be published, or nowhere else.
    Dropped {
        /// Why.
        note: Note,
    },
    /// Its time was up and it was not published everywhere: the calendar told so.
    Overdue {
        /// When it was due.
        due: Timestamp,
    },
}

/// An entry of the record about disclosures; it belongs to no incident. Frozen like the event in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum DisclosureEntry {
    /// Something happened to a disclosure.
    Disclosure {
        /// Which.
        disclosure: DisclosureId,
        /// What.
        done: DisclosureEvent,
    },
}

/// What became of it on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Outlet {
    /// Under which account, and when.
    pub publication: Publication,
    /// What shows that it was.
    pub receipt: Option<Receipt>,
}

/// A disclosure: the fold of its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Disclosure {
    /// How much has happened to it: what a command says that it saw.
    pub version: u64,
    /// Where it stands.
    pub state: DisclosureState,
    /// What it is.
    pub kind: Kind,
    /// Where it is to be published: the plan's channels.
    pub channels: Vec<String>,
    /// From when on it is to be published.
    pub planned: Option<Timestamp>,
    /// By when, everywhere.
    pub due: Option<Timestamp>,
    /// The incidents that it answers.
    pub answers: Vec<IncidentId>,
    /// Title and text.
    pub text: Option<Note>,
    /// Identifiers of all who wrote any version of it.
    pub authors: Vec<String>,
    /// Who reviewed it as it stands.
    pub reviewer: Option<String>,
    /// Who approved it.
    pub approver: Option<String>,
    /// What became of it, by channel.
    pub outlets: BTreeMap<String, Outlet>,
    /// The due time that was told to be over.
    pub told: Option<Timestamp>,
}

/// Title and text, as they are kept in one note and sealed together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Text {
    /// One line.
    pub title: String,
    /// The text; empty as long as it is only planned.
    pub body: String,
}

/// Longest title, in characters: what a list shows in a line, and twice what a site's headline takes.
pub const LONGEST_TITLE: usize = 80;

/// A title that is none: its author must write another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the title must be one line of 1 to {LONGEST_TITLE} characters: name what is published in a few words")]
pub struct BadTitle;

impl Text {
    /// Title and text without spaces around them.
    ///
    /// # Errors
    /// The title is empty, has several lines or is too long.
    pub fn new(title: &str, body: &str) -> Result<Self, BadTitle> {
        let (title, body) = (title.trim(), body.trim());
        let fine = !title.is_empty() && title.chars().count() <= LONGEST_TITLE && !title.contains(char::is_control);
        if fine { Ok(Self { title: title.to_owned(), body: body.to_owned() }) } else { Err(BadTitle) }
    }

    /// As it is kept: the title, and after an empty line the text.
    #[must_use]
    pub fn written(&self) -> String {
        if self.body.is_empty() { self.title.clone() } else { format!("{}\n\n{}", self.title, self.body) }
    }

    /// What [`written`](Self::written) wrote.
    #[must_use]
    pub fn read(written: &str) -> Self {
        let (title, body) = written.split_once("\n\n").unwrap_or((written, ""));
        Self { title: title.to_owned(), body: body.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stored form is part of every hash ever written: it must not drift.
    #[test]
    fn stored_form_is_frozen() {
        let entry = |done| serde_json::to_string(&DisclosureEntry::Disclosure { disclosure: 3, done }).unwrap();
        let text = Note { id: 7, seal: "ab".into() };
        let drafted = DisclosureEvent::Drafted { kind: Kind::Work, channels: vec!["site".into()], text, whole: true };
        assert_eq!(
            entry(drafted),
            r#"{"event":"disclosure","disclosure":3,"done":{"what":"drafted","kind":"work","channels":["site"],"text":{"id":7,"seal":"ab"},"whole":true}}"#
        );
        let published =
            DisclosureEvent::Published { channel: "site".into(), account: "site:1".into(), seal: "ab".into() };
        assert_eq!(
            entry(published),
            r#"{"event":"disclosure","disclosure":3,"done":{"what":"published","channel":"site","account":"site:1","seal":"ab"}}"#
        );
        assert_eq!(
            entry(DisclosureEvent::Overdue { due: 9 }),
            r#"{"event":"disclosure","disclosure":3,"done":{"what":"overdue","due":9}}"#
        );
    }

    #[test]
    fn what_is_kept_is_read_again_whatever_the_text_has_in_it() {
        for (title, body) in [("路灯修复情况", ""), ("路灯", "第一段。\n\n第二段。"), (" 路灯 ", "\n\n一段。\n")]
        {
            let text = Text::new(title, body).unwrap();
            assert_eq!(Text::read(&text.written()), text);
        }
        for bad in ["", " \n", "两\n行", "两\u{85}行", &"长".repeat(LONGEST_TITLE + 1)] {
            assert!(Text::new(bad, "一段。").is_err(), "{bad:?}");
        }
    }
}

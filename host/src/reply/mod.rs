//! 回应: an official answer, from a draft to the receipt of what was published (P18, P19).
//!
//! Pure. A [`Reply`] is the fold of its [`ReplyEvent`]s; [`life::decide`] says what may happen next and to whom. The text
//! itself is kept apart and can be deleted; events hold its seal, so that the text that was approved, the text
//! that was published and the text that is shown can be held against each other for ever.
//!
//! ```text
//! draft ──review──▶ reviewed ──approve──▶ approved ──publish──▶ published ──receipt──▶ receipted
//!   ▲                  │                     │
//!   └──────return──────┴─────────────────────┘        a change of the text begins again
//! ```
//!
//! Nobody reviews or approves a text of which they wrote a word. Publishing is a person's act: the program prepares
//! the text ([`prepare`]) and keeps the receipt, and there is no code that could post anything.
//!
//! | question | module |
//! | --- | --- |
//! | who may do what next | [`life`] |
//! | what does the draft say that the plan warns of | [`aid`] |
//! | what does a sentence rest on | [`citation`] |
//! | which wording is approved already (口径库) | [`wording`] |
//! | what is pasted where | [`prepare`] |
//! | what changed after it was published | [`effect`] |

pub mod aid;
pub mod citation;
pub mod effect;
pub mod life;
pub mod prepare;
pub mod wording;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::event::Note;
use crate::plan::answer::Form;

/// The number a person calls a reply by.
pub type ReplyId = i64;

/// Where a reply stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyState {
    /// 草稿.
    Draft,
    /// 已审核.
    Reviewed,
    /// 已批准.
    Approved,
    /// 已发布, and its receipt is missing.
    Published,
    /// 已发布并有回执.
    Receipted,
}

impl ReplyState {
    /// All five, in the order of the life cycle.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Reviewed, Self::Approved, Self::Published, Self::Receipted];

    /// The name that the command line and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Reviewed => "reviewed",
            Self::Approved => "approved",
            Self::Published => "published",
            Self::Receipted => "receipted",
        }
    }
}

/// One thing that happened to a reply. Its JSON form is hashed and stored; a variant or field may be added,
/// never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum ReplyEvent {
    /// A text was written: the first one, or another that takes its place.
    Drafted {
        /// As what it is to be published.
        form: Form,
        /// The plan's channel.
        channel: String,
        /// The text.
        text: Note,
    },
    /// Another person read it and found it right.
    Reviewed {
        /// The seal of the text that was read.
        seal: String,
    },
    /// It goes back to its author.
    Returned {
        /// Why.
        note: Note,
    },
    /// It may be published.
    Approved {
        /// The seal of the text that may.
        seal: String,
    },
    /// A person published it.
    Published {
        /// Under which registered account.
        account: String,
        /// The seal of the text that was.
        seal: String,
    },
    /// What was published was captured.
    Receipted {
        /// SHA-256 of what the site answered, in hex; the address is in the evidence.
        capture: String,
        /// It is a document that a person brought.
        document: bool,
        /// The published text was found in it.
        found: bool,
    },
}

impl ReplyEvent {
    /// The name that stands in the record.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Drafted { .. } => "drafted",
            Self::Reviewed { .. } => "reviewed",
            Self::Returned { .. } => "returned",
            Self::Approved { .. } => "approved",
            Self::Published { .. } => "published",
            Self::Receipted { .. } => "receipted",
        }
    }
}

/// A reply: the fold of its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reply {
    /// How much has happened to it: what a command says that it saw.
    pub version: u64,
    /// Where it stands.
    pub state: ReplyState,
    /// As what it is published.
    pub form: Form,
    /// The plan's channel.
    pub channel: String,
    /// Its text.
    pub text: Option<Note>,
    /// Identifiers of all who wrote any version of it.
    pub authors: Vec<String>,
    /// Who reviewed the text as it stands.
    pub reviewer: Option<String>,
    /// Who approved it.
    pub approver: Option<String>,
    /// Where and when it was published.
    pub published: Option<Publication>,
    /// What shows that it was.
    pub receipt: Option<Receipt>,
}

/// What shows that a reply was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Receipt {
    /// SHA-256 of the captured page, or of the document, in hex.
    pub capture: String,
    /// It is a document that a person brought, because no page could be fetched.
    pub document: bool,
    /// The published text was found on the page.
    pub found: bool,
}

/// A person's act of publishing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Publication {
    /// Under which account.
    pub account: String,
    /// When.
    pub at: Timestamp,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            version: 0,
            state: ReplyState::Draft,
            form: Form::Post,
            channel: String::new(),
            text: None,
            authors: Vec::new(),
            reviewer: None,
            approver: None,
            published: None,
            receipt: None,
        }
    }
}

//! The ordered steps of one category.

use serde::{Deserialize, Serialize};

use super::span::Span;
use super::words::{Roles, Words};
use crate::incident::Category;

/// 处置流程: what is done about one category of incidents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// For which category; every one has exactly one playbook.
    pub category: Category,
    /// The plan's words for it.
    pub name: Words,
    /// Where the plan says so.
    pub source: Words,
    /// The ladder of its steps' due times.
    pub ladder: String,
    /// Its steps, in the order in which people read them.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

impl Playbook {
    /// The step of this id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The steps that must be done before step number `index` may be: those it names, else the one before it.
    #[must_use]
    pub fn before(&self, index: usize) -> Vec<&str> {
        match self.steps.get(index).and_then(|step| step.after.as_ref()) {
            Some(named) => named.iter().map(String::as_str).collect(),
            None => {
                index.checked_sub(1).and_then(|i| self.steps.get(i)).map(|step| step.id.as_str()).into_iter().collect()
            }
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What commands and events call it.
    pub id: String,
    /// What people call it.
    pub name: Words,
    /// Who may do it.
    pub owner: Roles,
    /// Steps that come first; the one before it when left out, `[]` for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Vec<String>>,
    /// When it is to be done, from first sight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Span>,
    /// What must be there before it counts as done.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// It may be left out with a reason, because it does not apply to every incident.
    #[serde(default)]
    pub waivable: bool,
    /// What to think of while doing it.
    pub guidance: Words,
}

/// One thing that a step must have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Of what kind.
    pub kind: EvidenceKind,
    /// What it is, in words.
    pub name: Words,
}

/// Kinds of evidence: each is given, and checked, in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// Words of whoever did the step.
    Note,
    /// A file, kept by its hash.
    Document,
    /// A captured post or page.
    Capture,
    /// A published reply with its receipt.
    Reply,
    /// Another body's consent: a file, and whose it is.
    Consent,
    /// A decision about a legal referral: approved or refused.
    Referral,
}

impl EvidenceKind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Note, Self::Document, Self::Capture, Self::Reply, Self::Consent, Self::Referral];

    /// The name that plans, events and the command line use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Document => "document",
            Self::Capture => "capture",
            Self::Reply => "reply",
            Self::Consent => "consent",
            Self::Referral => "referral",
        }
    }
}

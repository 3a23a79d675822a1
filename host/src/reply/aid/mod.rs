//! The drafting aid: what the plan warns of in an answer (P14, P19), found without a model.
//!
//! It points and never changes: each [`Finding`] has a place, a reason and a suggestion, and a person decides. Words are
//! data (`words.toml`); what needs more than words — a promise without somebody or a date, a text without
//! facts — is code beside it. It is made to be believed: a pattern that is wrong more often than right is not
//! kept, and `tests` print how often each kind is. What is quoted is somebody else's and is left alone.

mod facts;
mod promise;
mod words;

use std::ops::Range;

use serde::Serialize;

use super::prepare::sentences;
use crate::incident::Category;
use crate::lang::Lang;
use crate::plan::answer::Form;

/// The longest text that is looked at, in bytes; longer than any answer, and the aid stays instant.
const LONGEST: usize = 200_000;

/// What the plan warns of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 推责: somebody else's fault.
    Blame,
    /// 威胁: whoever spoke is to be afraid.
    Threat,
    /// 回避: words in place of an answer.
    Evasion,
    /// 套话: words that nobody outside an office uses.
    Jargon,
    /// A cause before it is established (P14).
    Cause,
    /// A promise that nobody in particular makes.
    PromiseOwner,
    /// A promise for no particular day.
    PromiseDate,
    /// No time anywhere.
    NoTime,
    /// Nobody is named who did or does anything.
    NoActor,
    /// No way to ask further.
    NoContact,
    /// A rebuttal's fact without its source.
    Uncited,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Blame,
        Self::Threat,
        Self::Evasion,
        Self::Jargon,
        Self::Cause,
        Self::PromiseOwner,
        Self::PromiseDate,
        Self::NoTime,
        Self::NoActor,
        Self::NoContact,
        Self::Uncited,
    ];

    /// The name that the command line uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blame => "blame",
            Self::Threat => "threat",
            Self::Evasion => "evasion",
            Self::Jargon => "jargon",
            Self::Cause => "cause",
            Self::PromiseOwner => "promise-owner",
            Self::PromiseDate => "promise-date",
            Self::NoTime => "no-time",
            Self::NoActor => "no-actor",
            Self::NoContact => "no-contact",
            Self::Uncited => "uncited",
        }
    }

    /// Whether it is something that the text lacks, and no place in it.
    #[must_use]
    pub const fn is_missing(self) -> bool {
        matches!(self, Self::NoTime | Self::NoActor | Self::NoContact)
    }

    /// Why it is pointed at, in words.
    #[must_use]
    pub fn why(self, lang: Lang) -> String {
        lang.t(match self {
            Self::Blame => "aid.blame",
            Self::Threat => "aid.threat",
            Self::Evasion => "aid.evasion",
            Self::Jargon => "aid.jargon",
            Self::Cause => "aid.cause",
            Self::PromiseOwner => "aid.promise-owner",
            Self::PromiseDate => "aid.promise-date",
            Self::NoTime => "aid.no-time",
            Self::NoActor => "aid.no-actor",
            Self::NoContact => "aid.no-contact",
            Self::Uncited => "aid.uncited",
        })
    }

    /// What to write instead, in words.
    #[must_use]
    pub fn instead(self, lang: Lang) -> String {
        lang.t(match self {
            Self::Blame => "instead.blame",
            Self::Threat => "instead.threat",
            Self::Evasion => "instead.evasion",
            Self::Jargon => "instead.jargon",
            Self::Cause => "instead.cause",
            Self::PromiseOwner => "instead.promise-owner",
            Self::PromiseDate => "instead.promise-date",
            Self::NoTime => "instead.no-time",
            Self::NoActor => "instead.no-actor",
            Self::NoContact => "instead.no-contact",
            Self::Uncited => "instead.uncited",
        })
    }
}

/// Something that the plan warns of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where, in bytes of the draft; the whole first sentence for what is missing everywhere.
    pub at: Range<usize>,
    /// What.
    pub kind: Kind,
}

/// What a draft is for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose {
    /// The incident's category, if it is decided.
    pub category: Option<Category>,
    /// As what it is published.
    pub form: Form,
    /// The cause is established: it may be told.
    pub cause_established: bool,
}

impl Purpose {
    fn holds_cause_back(&self) -> bool {
        let told = matches!(self.category, Some(Category::Problem | Category::Suggestion | Category::Rumour));
        !self.cause_established && !told
    }
}

/// Everything in `draft` that the plan warns of, in the order of the text.
#[must_use]
pub fn findings(draft: &str, purpose: &Purpose) -> Vec<Finding> {
    let draft = &draft[..draft.floor_char_boundary(LONGEST)];
    let mut found = Vec::new();
    let mut start = 0;
    for sentence in sentences(draft) {
        let here = words::findings(sentence, purpose.holds_cause_back())
            .into_iter()
            .chain(promise::findings(sentence))
            .chain(facts::uncited(sentence, purpose));
        found.extend(here.map(|Finding { at, kind }| Finding { at: start + at.start..start + at.end, kind }));
        start += sentence.len();
    }
    found.extend(facts::missing(draft, purpose));
    found.sort_unstable_by_key(|finding| (finding.at.start, finding.kind, finding.at.end));
    found.dedup();
    found
}

#[cfg(test)]
mod tests;

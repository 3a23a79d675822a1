//! How well a classifier reads: what it said of texts beside what people say of them.
//!
//! A [`Tally`] takes one [`Verdict`] after the other and keeps only counts, so that a file of any
//! length is measured in the memory of its classes; [`Tally::report`] turns the counts into the
//! figures that are printed. Both ways of scoring that the guidelines of labelled data know are
//! counted: *strict* against the label, and *lenient*, where a second label that a reasonable reader
//! could defend counts as right when it was said.
//!
//! A text without a label of the group is [`NONE`], a class like the others. Calibration asks whether a score
//! is worth what it says (of the labels scored 0.8, about 80% are right), so it counts only texts
//! that were given a label: there is no score for silence.
//!
//! What this gave up: figures for texts with several labels of one group at once. A group answers
//! one question (which category, which mood), and the best-scored label is its answer.

mod calibration;
mod confusion;

use std::collections::BTreeMap;

use serde::Serialize;

pub use calibration::{Bin, Calibration};
pub use confusion::{ClassFigures, Figures};

use confusion::Confusion;

/// What a text is that has no label of the group.
pub const NONE: &str = "none";

/// The most different labels of one file. Each costs a row and a column; a file with more has
/// something else in its field.
pub const MOST_CLASSES: usize = 64;

/// The most sources that are told apart; further ones are counted under [`OTHERS`].
pub const MOST_SOURCES: usize = 64;

/// The source of texts that have none of their own.
pub const OTHERS: &str = "others";

/// What people and the classifier say of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The label that people gave it, or [`NONE`].
    pub label: String,
    /// A second label that could be defended.
    pub alt: Option<String>,
    /// What the classifier said, with its score; nothing when it gave no label of the group.
    pub said: Option<(String, f32)>,
    /// Where the text comes from, for figures by source.
    pub source: Option<String>,
}

/// There are more than [`MOST_CLASSES`] different labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST_CLASSES} different labels")]
pub struct TooManyClasses;

/// Counts of the verdicts so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    all: Counts,
    sources: BTreeMap<String, Counts>,
}

/// The figures of a tally.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Texts.
    pub texts: u64,
    /// Against the label alone.
    pub strict: Figures,
    /// Against the label or its alternative.
    pub lenient: Figures,
    /// Whether scores are worth what they say, strictly.
    pub calibration: Calibration,
    /// By source, when the texts name more than one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_source: BTreeMap<String, SourceFigures>,
}

/// The figures of the texts of one source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceFigures {
    /// Texts.
    pub texts: u64,
    /// Part that is right, strictly.
    pub accuracy: f64,
    /// Part that is right, leniently.
    pub lenient: f64,
    /// Mean F1 of the classes that these texts have, strictly.
    pub macro_f1: f64,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    strict: Confusion,
    lenient: Confusion,
    calibration: Calibration,
}

impl Tally {
    /// Counts one verdict.
    ///
    /// # Errors
    /// When its labels would be one class too many.
    pub fn add(&mut self, verdict: &Verdict) -> Result<(), TooManyClasses> {
        self.all.add(verdict)?;
        if let Some(source) = &verdict.source {
            self.source(source).add(verdict)?;
        }
        Ok(())
    }

    fn source(&mut self, name: &str) -> &mut Counts {
        let known = self.sources.contains_key(name) || self.sources.len() < MOST_SOURCES;
        self.sources.entry(if known { name } else { OTHERS }.to_owned()).or_default()
    }

    /// The figures so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let by_source = if self.sources.len() > 1 {
            self.sources.iter().map(|(name, counts)| (name.clone(), counts.of_source())).collect()
        } else {
            BTreeMap::new()
        };
        let strict = self.all.strict.figures();
        Report {
            texts: strict.texts(),
            strict,
            lenient: self.all.lenient.figures(),
            calibration: self.all.calibration.clone(),
            by_source,
        }
    }
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) -> Result<(), TooManyClasses> {
        let said = verdict.said.as_ref().map_or(NONE, |(name, _)| name);
        let right = said == verdict.label;
        let defended = verdict.alt.as_deref() == Some(said);
        self.strict.add(&verdict.label, said)?;
        self.lenient.add(if defended { said } else { &verdict.label }, said)?;
        if let Some((_, score)) = &verdict.said {
            self.calibration.add(*score, right);
        }
        Ok(())
    }

    fn of_source(&self) -> SourceFigures {
        let (strict, lenient) = (self.strict.figures(), self.lenient.figures());
        SourceFigures {
            texts: strict.texts(),
            accuracy: strict.accuracy,
            lenient: lenient.accuracy,
            macro_f1: strict.macro_f1,
        }
    }
}

#[cfg(test)]
mod tests;

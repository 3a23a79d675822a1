//! Who was taken for whom.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{MOST_CLASSES, TooManyClasses};

/// How often each label was said of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Confusion {
    /// By true label and by what was said.
    counts: BTreeMap<String, BTreeMap<String, u64>>,
    /// Every label that is true or was said of some text.
    classes: BTreeMap<String, Margins>,
}

/// The sums of a class's row and column.
#[derive(Clone, Copy, Debug, Default)]
struct Margins {
    is: u64,
    said: u64,
}

/// What a confusion comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Part of the texts that is right.
    pub accuracy: f64,
    /// Mean F1 of the classes that some text has; one that was only said lowers the others.
    pub macro_f1: f64,
    /// By class, in the order of their names.
    pub classes: BTreeMap<String, ClassFigures>,
}

/// The figures of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFigures {
    /// Texts that are of this class.
    pub texts: u64,
    /// Part of what was called so that is so.
    pub precision: f64,
    /// Part of what is so that was called so.
    pub recall: f64,
    /// Their harmonic mean; 0 where neither is above 0.
    pub f1: f64,
    /// How often texts of this class were given each label.
    pub said: BTreeMap<String, u64>,
}

impl Confusion {
    pub(super) fn add(&mut self, label: &str, said: &str) -> Result<(), TooManyClasses> {
        self.margins(label)?.is += 1;
        self.margins(said)?.said += 1;
        *self.counts.entry(label.to_owned()).or_default().entry(said.to_owned()).or_default() += 1;
        Ok(())
    }

    fn margins(&mut self, class: &str) -> Result<&mut Margins, TooManyClasses> {
        if !self.classes.contains_key(class) && self.classes.len() == MOST_CLASSES {
            return Err(TooManyClasses);
        }
        Ok(self.classes.entry(class.to_owned()).or_default())
    }

    pub(super) fn figures(&self) -> Figures {
        let classes: BTreeMap<String, ClassFigures> =
            self.classes.iter().map(|(class, margins)| (class.clone(), self.class(class, *margins))).collect();
        let right: u64 = classes.iter().filter_map(|(class, figures)| figures.said.get(class)).sum();
        let present: Vec<f64> = classes.values().filter(|class| class.texts > 0).map(|class| class.f1).collect();
        let texts = classes.values().map(|class| class.texts).sum();
        Figures {
            accuracy: part(right, texts),
            macro_f1: if present.is_empty() { 0.0 } else { present.iter().sum::<f64>() / present.len() as f64 },
            classes,
        }
    }

    fn class(&self, class: &str, margins: Margins) -> ClassFigures {
        let said = self.counts.get(class).cloned().unwrap_or_default();
        let hits = said.get(class).copied().unwrap_or_default();
        let (precision, recall) = (part(hits, margins.said), part(hits, margins.is));
        let f1 = if hits == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
        ClassFigures { texts: margins.is, precision, recall, f1, said }
    }
}

impl Figures {
    /// How many texts they are of.
    #[must_use]
    pub fn texts(&self) -> u64 {
        self.classes.values().map(|class| class.texts).sum()
    }
}

/// 0 where there is no whole.
fn part(of: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { of as f64 / whole as f64 }
}

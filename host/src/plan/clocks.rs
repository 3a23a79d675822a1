//! 时限: what an incident runs against, and who is told on the way.

use serde::{Deserialize, Serialize};

use super::answer::Form;
use super::level::Weight;
use super::span::{Moment, Span};
use super::words::{Roles, Words};
use crate::incident::Category;

/// A deadline that incidents of some kind run against.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRule {
    /// What events and lists call it.
    pub id: String,
    /// What people call it.
    pub name: Words,
    /// The norm that it comes from.
    pub source: Words,
    /// For these categories; all, and what has none yet, when left out.
    #[serde(default)]
    pub category: Vec<Category>,
    /// For these levels.
    #[serde(default)]
    pub level: Weight,
    /// From when it runs.
    #[serde(default)]
    pub from: Start,
    /// How long.
    pub due: Span,
    /// What ends it. Must be there: an `Option` only so that its absence is told in words.
    pub ends: Option<End>,
    /// Who is told on the way.
    pub ladder: String,
}

impl ClockRule {
    /// Whether it runs for an incident of this category, which may not be decided yet.
    #[must_use]
    pub fn is_for(&self, category: Option<Category>, major: bool) -> bool {
        let fits = self.category.is_empty() || category.is_some_and(|category| self.category.contains(&category));
        fits && self.level.fits(major)
    }
}

/// From when a clock runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// The earliest capture or submission of any post of the incident.
    #[default]
    FirstSight,
    /// The decision that made the clock apply.
    Decision,
}

/// What ends a clock in time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// A person decided the category.
    Assessment,
    /// This step is done.
    Step(String),
    /// A reply of one of these forms is published; of any form when there are none.
    Reply(Vec<Form>),
    /// The incident is closed, or under follow-up.
    Close,
}

/// Who is told when, on the way to a deadline and after it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// When.
    pub at: Moment,
    /// Whoever owns the incident is told.
    #[serde(default)]
    pub owner: bool,
    /// These are told.
    #[serde(default)]
    pub tell: Roles,
    /// It becomes their matter: an event of its own in the record.
    #[serde(default)]
    pub escalate: bool,
}

/// Who hears of an incident at once (P7, P10).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Of these categories, decided or suggested; all when left out.
    #[serde(default)]
    pub category: Vec<Category>,
    /// Of these levels.
    #[serde(default)]
    pub level: Weight,
    /// They are told.
    pub tell: Roles,
}

//! What a classifier may say.

use super::written::identifier;
use serde::{Deserialize, Serialize};

/// What a label speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelGroup {
    /// Which of the plan's categories.
    Category,
    /// How serious.
    Level,
    /// In which mood.
    Sentiment,
    /// How soon it must be looked at.
    Urgency,
}

impl LabelGroup {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Category, Self::Level, Self::Sentiment, Self::Urgency];

    /// The group of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.as_str() == name)
    }

    /// The name in the manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Level => "level",
            Self::Sentiment => "sentiment",
            Self::Urgency => "urgency",
        }
    }
}

/// `[[label]]`: one thing that a classifier may say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    /// What `label.name` says.
    #[serde(deserialize_with = "identifier")]
    pub name: String,
    /// What it speaks of.
    pub group: LabelGroup,
}

//! How serious: the levels of a scheme, from the lowest to the highest.

use serde::{Deserialize, Serialize};

use super::words::Words;

/// One level.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// What commands and events call it.
    pub id: String,
    /// What people call it.
    pub name: Words,
    /// The colour of its warning (突发事件应对法: blue, yellow, orange, red).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    /// What classifiers call it: their labels of the group `level` that suggest it. Its own id always does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Major: stricter clocks, and a follow-up once it is handled (P17).
    #[serde(default)]
    pub major: bool,
}

impl Level {
    /// Whether a classifier that says `label` means this level.
    #[must_use]
    pub fn is_meant_by(&self, label: &str) -> bool {
        self.id == label || self.labels.iter().any(|known| known == label)
    }
}

/// Colours of warnings, from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// 蓝.
    Blue,
    /// 黄.
    Yellow,
    /// 橙.
    Orange,
    /// 红.
    Red,
}

/// Which levels a rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// All, and what has no level yet.
    #[default]
    Any,
    /// Major levels only.
    Major,
    /// All but major levels.
    Ordinary,
}

impl Weight {
    /// Whether the rule is for an incident that is major or not.
    #[must_use]
    pub const fn fits(self, major: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Major => major,
            Self::Ordinary => !major,
        }
    }
}

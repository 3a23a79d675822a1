//! Incidents: posts about one matter, and everything done about it.
//!
//! Pure: an incident is the fold of its events ([`apply`](fn@life::apply)), and a
//! command either yields events or is refused ([`decide`](fn@life::decide)). Time
//! and identity come in as arguments; the store keeps what comes out.
//!
//! | question | module |
//! | --- | --- |
//! | which incident does a post belong to | [`group`] |
//! | what is it about, in words | [`matter`] |
//! | what may happen to it | [`life`] |
//! | against which deadlines does it run | [`clock`] |
//! | what has happened | [`event`] |
//! | can the record be trusted | [`chain`] |
//! | how far has it gone | [`reach`] |
//! | what do the classifiers say of a post | [`ballot`] |
//! | what do they make of the incident | [`opinion`] |
//! | what did people say instead | [`correction`] |

pub mod ballot;
pub mod chain;
pub mod clock;
pub mod correction;
pub mod event;
pub mod group;
pub mod life;
pub mod matter;
pub mod opinion;
pub mod reach;

use serde::{Deserialize, Serialize};

/// The number a person calls an incident by.
pub type IncidentId = i64;

/// The plan's five categories (P12–P16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// 问题类 (P12).
    Problem,
    /// 突发事件类 (P13).
    Emergency,
    /// 敏感类 (P14).
    Sensitive,
    /// 意见建议类 (P15).
    Suggestion,
    /// 造谣诽谤类 (P16).
    Rumour,
}

impl Category {
    /// All five, in the order of the plan.
    pub const ALL: [Self; 5] = [Self::Problem, Self::Emergency, Self::Sensitive, Self::Suggestion, Self::Rumour];

    /// The name that labels, the command line and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Emergency => "emergency",
            Self::Sensitive => "sensitive",
            Self::Suggestion => "suggestion",
            Self::Rumour => "rumour",
        }
    }

    /// The category of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }

    /// Its place from the one that must be preferred in doubt, 0, to the one that must not: we may be at fault, or
    /// must hurry, before anybody is accused (design §7).
    #[must_use]
    pub const fn caution(self) -> usize {
        match self {
            Self::Emergency => 0,
            Self::Problem => 1,
            Self::Sensitive => 2,
            Self::Suggestion => 3,
            Self::Rumour => 4,
        }
    }
}

/// Where an incident stands (design §6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// 待研判: nobody has assessed it yet.
    #[default]
    New,
    /// 处置中.
    Handling,
    /// 跟踪观察.
    Watching,
    /// 办结.
    Closed,
    /// 不予处置.
    Dismissed,
    /// 已合并.
    Merged,
}

impl State {
    /// All six, in the order of the life cycle.
    pub const ALL: [Self; 6] = [Self::New, Self::Handling, Self::Watching, Self::Closed, Self::Dismissed, Self::Merged];

    /// The name that the command line and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Handling => "handling",
            Self::Watching => "watching",
            Self::Closed => "closed",
            Self::Dismissed => "dismissed",
            Self::Merged => "merged",
        }
    }

    /// The state of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Somebody still has to do or to watch something.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Handling | Self::Watching)
    }
}

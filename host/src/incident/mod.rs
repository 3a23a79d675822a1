//! Incidents: posts about one matter, and everything done about it.
//!
//! Pure: an incident is the fold of its events ([`apply`](life::apply)), and a
//! command either yields events or is refused ([`decide`](life::decide)). Time
//! and identity come in as arguments.

pub mod group;

use serde::{Deserialize, Serialize};

/// The number a person calls an incident by.
pub type IncidentId = i64;

/// The plan's five categories (P12–P16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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

/// Where an incident stands (design §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// 待研判: nobody has assessed it yet.
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

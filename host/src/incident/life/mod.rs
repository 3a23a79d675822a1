//! The life of an incident: which commands it accepts, and what they do to it.
//!
//! ```text
//!           assess                 close                    close, when the follow-up is over
//! new 待研判 ──────▶ handling 处置中 ──────▶ watching 跟踪观察 ──────▶ closed 办结
//!    │                 │  ▲   └──── close, unless major ──────────────▶ │
//!    │ dismiss         │  └──────── recurrence, reopen ◀───────────────┤
//!    ▼                 ▼                                                ▼
//! dismissed 不予处置 ◀──┘            merged 已合并 ◀── merge (any open one); undo brings it back
//! ```
//!
//! [`decide`](decide::decide) looks at the incident, the plan that governs it and who acts, and answers with events or
//! a [`Refusal`]; [`apply`](apply::apply) folds an event into the incident and cannot fail. Machines open, join,
//! suggest, ring clocks and notice that something came back. Everything else takes a person: there is no command by
//! which a machine could decide, close, refer or publish, nor may there ever be one, and what
//! classifiers say after a decision stays visible beside it and changes nothing.
//!
//! A decision names the [version](Incident::version) that was seen. Posts that arrive do not change it, or nobody
//! could ever decide in a storm; whatever a person decides does.
//!
//! | question | module |
//! | --- | --- |
//! | what may be asked, why not | [`command`] |
//! | what follows from it | [`decide`](mod@decide) |
//! | who may | `may` |
//! | which steps are open | [`progress`] |
//! | what it means for the clocks | `timing` |
//! | what it makes of the incident | [`apply`](mod@apply) |
//! | what a clock tells, and to whom | [`ring`] |
//! | how fast was it answered | `rounds` |

pub mod apply;
pub mod command;
pub mod decide;
mod may;
pub mod progress;
mod rounds;
#[cfg(test)]
mod tests;
mod timing;

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

pub use apply::{apply, replay};
pub use command::{Command, Given, Refusal};
pub use decide::decide;
use progress::Progress;

use super::clock::Ledger;
use super::{Category, IncidentId, State};
use crate::calendar::time::OfficeTime;
use crate::plan::Plan;
use crate::plan::answer::Form;

/// An incident: the fold of its events. The default is one that has not been opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Incident {
    /// It has been opened.
    pub born: bool,
    /// How many decisions were taken; what a command says that it saw.
    pub version: u64,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// First sight: the earliest capture of any of its posts. Clocks start here.
    pub opened: Timestamp,
    /// Posts that belong to it; 0 before it is opened, and while it is merged into another.
    pub posts: u64,
    /// When a person last acted: nothing is done before that.
    pub acted: Timestamp,
    /// What classifiers make of it.
    pub suggested: Option<Suggested>,
    /// What a person decided.
    pub assessed: Option<Assessed>,
    /// Who owns it: a user's identifier.
    pub owner: Option<String>,
    /// How far its playbook has come, by step.
    pub steps: BTreeMap<String, Progress>,
    /// Published answers that have their receipt, by number: form, and when it was recorded.
    pub answers: BTreeMap<i64, (Form, Timestamp)>,
    /// Decisions about legal referrals, by number: whether it was approved.
    pub referrals: BTreeMap<i64, bool>,
    /// Its clocks stand still since then.
    pub paused: Option<Timestamp>,
    /// Until when it is watched.
    pub watched_until: Option<Timestamp>,
    /// How often it has come back.
    pub recurred: u32,
    /// The one that it was merged into, and how it stood before.
    pub merged: Option<Merged>,
    /// What it runs against.
    pub clocks: Ledger,
    /// What was merged into it and split off it, and not undone; the latest last.
    pub grouped: Vec<Grouped>,
    /// Only those who decide, its owner and the owner's unit see it.
    pub restricted: bool,
    /// What became the matter of those who decide, and none of them has acted since.
    pub escalations: Vec<Escalation>,
}

/// A clock that ran out, or a person who asked, which nobody who decides has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Escalation {
    /// The clock; `None` when a person brought it before them.
    pub clock: Option<String>,
    /// When that was told.
    pub at: Timestamp,
}

/// Where a merged incident has gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Merged {
    /// The incident that has its posts now.
    pub into: IncidentId,
    /// How it stood.
    pub was: State,
    /// Posts that it had.
    pub posts: u64,
}

/// A decision about what belongs together that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Grouped {
    /// This one was merged into it.
    Merged(IncidentId),
    /// This one was split off it.
    Split(IncidentId),
}

/// A classifier's standing suggestion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Suggested {
    /// The category.
    pub category: Category,
    /// Plugin id and version.
    pub by: String,
}

/// A person's standing decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Assessed {
    /// The category.
    pub category: Category,
    /// The level, if it was decided too.
    pub level: Option<String>,
    /// The role in which it was decided.
    pub by: String,
    /// When the category was decided.
    pub at: Timestamp,
    /// The digest of the plan that governs it since then.
    pub plan: String,
}

/// What decisions rest on besides the incident: the plan that governs it, and the organisation's time.
#[derive(Clone, Debug)]
pub struct Grounds<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Working days, office hours, zone.
    pub time: OfficeTime<'a>,
}

impl Incident {
    /// The decided, else the suggested category, and who says so.
    #[must_use]
    pub fn category(&self) -> Option<(Category, &str)> {
        let decided = self.assessed.as_ref().map(|a| (a.category, a.by.as_str()));
        decided.or_else(|| self.suggested.as_ref().map(|s| (s.category, s.by.as_str())))
    }

    /// The decided category.
    #[must_use]
    pub fn decided(&self) -> Option<Category> {
        self.assessed.as_ref().map(|assessed| assessed.category)
    }

    /// The decided level.
    #[must_use]
    pub fn level(&self) -> Option<&str> {
        self.assessed.as_ref()?.level.as_deref()
    }
}

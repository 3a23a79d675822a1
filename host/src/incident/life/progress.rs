//! How far a playbook has come: which steps are done, which may be done now, which stand in the way of closing.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::Incident;
use crate::plan::Plan;
use crate::plan::playbook::{EvidenceKind, Playbook, Step};

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Done then, by this user, with its evidence.
    Done(Timestamp, String),
    /// It does not apply; decided then, by this user.
    Waived(Timestamp, String),
}

impl Progress {
    /// When.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Done(at, _) | Self::Waived(at, _) => *at,
        }
    }
}

impl Incident {
    /// What is to be done about it; `None` before its category is decided.
    #[must_use]
    pub fn playbook<'a>(&self, plan: &'a Plan) -> Option<&'a Playbook> {
        plan.playbook(self.decided()?)
    }

    /// Steps that stand in the way of closing, in the order of the playbook.
    #[must_use]
    pub fn open_steps<'a>(&self, plan: &'a Plan) -> Vec<&'a Step> {
        let steps = self.playbook(plan).map_or(&[][..], |playbook| &playbook.steps);
        steps.iter().filter(|step| !self.steps.contains_key(&step.id)).collect()
    }

    /// Open steps that must come before `step`.
    #[must_use]
    pub fn first<'a>(&self, playbook: &'a Playbook, step: &Step) -> Vec<&'a str> {
        let index = playbook.steps.iter().position(|other| other.id == step.id).unwrap_or_default();
        playbook.before(index).into_iter().filter(|id| !self.steps.contains_key(*id)).collect()
    }

    /// Steps that count as done and come after `step`, however far, and `step` itself.
    pub(super) fn resting_on(&self, playbook: &Playbook, step: &str) -> Vec<String> {
        let mut fallen = vec![step.to_owned()];
        // A playbook has no cycle, and no step comes before itself: each round adds a step or ends.
        loop {
            let next = playbook.steps.iter().enumerate().find(|(index, other)| {
                !fallen.contains(&other.id) && playbook.before(*index).iter().any(|id| fallen.iter().any(|f| f == id))
            });
            match next {
                Some((_, step)) => fallen.push(step.id.clone()),
                None => break,
            }
        }
        fallen.retain(|id| self.steps.contains_key(id));
        fallen
    }
}

/// Kinds of evidence that `step` still lacks with what is given; each thing counts once.
#[must_use]
pub fn lacking(step: &Step, given: &[EvidenceKind]) -> Vec<EvidenceKind> {
    let mut left = given.to_vec();
    let mut lacking = Vec::new();
    for needed in step.evidence.iter().map(|evidence| evidence.kind) {
        match left.iter().position(|kind| *kind == needed) {
            Some(found) => {
                left.swap_remove(found);
            }
            None => lacking.push(needed),
        }
    }
    lacking
}

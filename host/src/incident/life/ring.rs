//! What a clock tells: everything that whoever passes it on needs, as it stood when it was told.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::Incident;
use crate::incident::Category;
use crate::incident::clock::ClockEvent;
use crate::incident::event::Role;
use crate::plan::Plan;
use crate::plan::words::Words;

/// A rung of a ladder that was reached: who is told what, by when it must be done, and what would do it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// The clock: the plan's id of it, or `step:ID`.
    pub clock: String,
    /// What people call it.
    pub name: Words,
    /// The norm that it comes from.
    pub source: Words,
    /// The step of the playbook that ends it, where one does.
    pub step: Option<String>,
    /// When it ends.
    pub due: Timestamp,
    /// Seconds before (negative) or after its end.
    pub moment: i64,
    /// When it was to be told, which is earlier than when it was if nothing was running.
    pub planned: Timestamp,
    /// The incident's category, as decided, else suggested.
    pub category: Option<Category>,
    /// Its level, as decided.
    pub level: Option<String>,
    /// Whoever owns the incident, where they are told.
    pub owner: Option<String>,
    /// These roles are.
    pub tell: Vec<Role>,
    /// It becomes their matter.
    pub escalate: bool,
}

impl Ring {
    /// What `event` tells of `incident`, under the plan that governs it; `None` when it is no ringing, or of a clock
    /// that the plan does not know.
    #[must_use]
    pub fn of(incident: &Incident, plan: &Plan, event: &ClockEvent) -> Option<Self> {
        let ClockEvent::Rung { clock, moment, planned, owner, tell, escalate } = event else { return None };
        let rules = incident.rules(plan);
        let rule = rules.iter().find(|rule| rule.id == *clock)?;
        Some(Self {
            clock: clock.clone(),
            name: rule.name.clone(),
            source: rule.source.clone(),
            step: rule.step().map(str::to_owned),
            due: planned.saturating_sub(*moment),
            moment: *moment,
            planned: *planned,
            category: incident.category().map(|(category, _)| category),
            level: incident.level().map(str::to_owned),
            owner: incident.owner.clone().filter(|_| *owner),
            tell: tell.clone(),
            escalate: *escalate,
        })
    }
}

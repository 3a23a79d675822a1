//! Who may: the core's table of rights, and within it the plan's deciders.

use super::Refusal;
use crate::incident::event::{Actor, Role};
use crate::plan::{Decision, Plan};
use crate::user::right::Act;

/// The role of a person who may do `act`, which the plan leaves to the core.
pub(super) fn may(actor: &Actor, act: Act) -> Result<Role, Refusal> {
    match actor {
        Actor::Machine { .. } => Err(Refusal::PersonOnly),
        Actor::Person { role, .. } if act.is_for(*role) => Ok(*role),
        Actor::Person { role, .. } => Err(Refusal::Role(*role, act.roles())),
    }
}

/// Likewise for what the plan gives to some of those who may.
pub(super) fn may_by_plan(actor: &Actor, act: Act, plan: &Plan, decision: Decision) -> Result<(), Refusal> {
    let role = may(actor, act)?;
    if plan.may(role, decision) {
        return Ok(());
    }
    let able = plan.deciders(decision).all().iter().copied().filter(|role| act.is_for(*role));
    Err(Refusal::Role(role, able.collect()))
}

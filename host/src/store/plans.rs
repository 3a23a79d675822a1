//! Plans: each version that ever governed an incident, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};

use super::callers::{self, Caller};
use super::error::StoreError;
use super::incidents::append;
use super::writer::Writing;
use super::{Reader, Store};
use crate::calendar::Calendar;
use crate::calendar::time::OfficeTime;
use crate::incident::IncidentId;
use crate::incident::event::Actor;
use crate::incident::life::{Command, Incident};
use crate::permission::NO_INCIDENT;
use crate::plan::Plan;
use crate::user::right::Act;
use crate::user::{Denied, UserEvent};

/// The plan that a command is decided by: the one that was in force when the category was decided; before
/// that, and for deciding it anew, the one in force now.
pub(super) fn governing(
    writing: &mut Writing<'_>,
    incident: &Incident,
    command: &Command,
) -> Result<Arc<Plan>, StoreError> {
    match &incident.assessed {
        Some(assessed) if !matches!(command, Command::Assess { .. }) => writing.plans.of(writing.db, &assessed.plan),
        _ => Ok(Arc::clone(&writing.plans.in_force)),
    }
}

/// Plans that the writer has in memory.
pub(super) struct Plans {
    in_force: Arc<Plan>,
    digest: String,
    /// The one that was asked for last: incidents under an old plan come together.
    other: Option<(String, Arc<Plan>)>,
    calendar: Calendar,
    zone: TimeZone,
}

impl Plans {
    pub(super) fn new(plan: Plan, calendar: Calendar, zone: TimeZone) -> Self {
        Self { digest: plan.digest(), in_force: Arc::new(plan), other: None, calendar, zone }
    }

    /// What governs until somebody says otherwise: the built-in plan and calendar, eight hours ahead of UTC.
    pub(super) fn built_in() -> Self {
        Self::new(Plan::built_in().clone(), Calendar::built_in().clone(), jiff::tz::offset(8).to_time_zone())
    }

    /// The organisation's time, with the office hours of a plan.
    pub(super) fn time<'a>(&'a self, plan: &'a Plan) -> OfficeTime<'a> {
        OfficeTime::new(&self.calendar, &plan.office, self.zone.clone())
    }

    /// What is decided from now on is decided by it.
    pub(super) fn in_force(&self) -> Arc<Plan> {
        Arc::clone(&self.in_force)
    }

    fn of(&mut self, db: &Connection, digest: &str) -> Result<Arc<Plan>, StoreError> {
        if digest == self.digest {
            return Ok(Arc::clone(&self.in_force));
        }
        if let Some((_, plan)) = self.other.as_ref().filter(|(known, _)| known == digest) {
            return Ok(Arc::clone(plan));
        }
        let damaged = || StoreError::Damaged(format!("the plan {digest} that governs an incident is missing"));
        let plan = Arc::new(kept(db, digest)?.ok_or_else(damaged)?);
        self.other = Some((digest.to_owned(), Arc::clone(&plan)));
        Ok(plan)
    }
}

/// Keeps a plan that governs an incident from now on.
pub(super) fn keep(db: &Connection, plan: &Plan, now: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached("INSERT OR IGNORE INTO plan (digest, at, text) VALUES (?1, ?2, ?3)")?.execute(params![
        plan.digest(),
        now,
        plan.text()
    ])?;
    Ok(())
}

fn kept(db: &Connection, digest: &str) -> Result<Option<Plan>, StoreError> {
    let sql = "SELECT text FROM plan WHERE digest = ?1";
    let text: Option<String> = db.prepare_cached(sql)?.query_row([digest], |r| r.get(0)).optional()?;
    let read = |text: String| {
        Plan::read(text.into_bytes(), Path::new("plan in the store"))
            .map_err(|_| StoreError::Damaged(format!("the plan {digest} that governs an incident cannot be read")))
    };
    text.map(read).transpose()
}

impl Store {
    /// Makes this the plan in force, and this the organisation's time: what is decided from now on is decided by
    /// them. Until then they are the built-in ones.
    ///
    /// # Errors
    /// The writer has stopped.
    pub fn govern(&self, plan: Plan, calendar: Calendar, zone: TimeZone) -> Result<(), StoreError> {
        self.run(move |w| {
            *w.plans = Plans::new(plan, calendar, zone);
            Ok(())
        })
    }
}

/// A plan that somebody proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanProposal {
    /// SHA-256 of its text, in hex.
    pub plan: String,
    /// That of the plan in force when it was proposed.
    pub before: String,
    /// All of it.
    pub text: String,
    /// Why.
    pub reason: String,
    /// Who, by identifier.
    pub user: String,
    /// When.
    pub at: Timestamp,
}

fn proposal(db: &Connection) -> Result<Option<PlanProposal>, StoreError> {
    let sql = "SELECT plan, before, text, reason, user, at FROM plan_proposal";
    let found = db.prepare_cached(sql)?.query_row([], |r| {
        Ok(PlanProposal {
            plan: r.get(0)?,
            before: r.get(1)?,
            text: r.get(2)?,
            reason: r.get(3)?,
            user: r.get(4)?,
            at: r.get(5)?,
        })
    });
    Ok(found.optional()?)
}

fn drop_proposal(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM plan_proposal")?.execute([])?;
    Ok(())
}

impl Store {
    /// Proposes a plan in place of the one in force, which was seen by its digest, and of what was proposed before.
    ///
    /// # Errors
    /// The caller may not, another plan is in force, or it is the very one, or there is no reason; nothing is changed.
    pub fn propose_plan(
        &self,
        caller: &Caller,
        (plan, seen): (Plan, String),
        reason: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let actor = callers::person(w, &caller, now)?.doing(Act::ProposePlan)?;
            let Actor::Person { user, .. } = &actor else { return Err(Denied::NoRole.into()) };
            if reason.is_empty() {
                return Err(StoreError::Wordless);
            }
            if seen != w.plans.digest {
                return Err(StoreError::PlanMoved);
            }
            let digest = plan.digest();
            if digest == seen {
                return Err(StoreError::SamePlan);
            }
            drop_proposal(w.db)?;
            let sql = "INSERT INTO plan_proposal (one, plan, before, text, reason, user, at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)";
            w.db.prepare_cached(sql)?.execute(params![digest, seen, plan.text(), reason, user, now])?;
            append(w, NO_INCIDENT, &UserEvent::PlanProposed { plan: digest, before: seen }, &actor, now)
        })
    }

    /// Notes that the plan of this digest, which somebody else has proposed, is in force from now on; it is proposed no longer.
    /// Whoever calls this [lets it govern](Self::govern).
    ///
    /// # Errors
    /// The caller may not or has proposed it, or it is proposed no longer, or another plan is in force; nothing is changed.
    pub fn adopt_plan(&self, caller: &Caller, digest: String, now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let person = callers::person(w, &caller, now)?;
            let actor = person.doing(Act::AdoptPlan)?;
            let proposed = proposal(w.db)?.filter(|proposal| proposal.plan == digest).ok_or(StoreError::NoProposal)?;
            if proposed.user == person.user {
                return Err(StoreError::OwnPlan);
            }
            if proposed.before != w.plans.digest {
                return Err(StoreError::PlanMoved);
            }
            drop_proposal(w.db)?;
            append(w, NO_INCIDENT, &UserEvent::PlanAdopted { plan: digest, before: proposed.before }, &actor, now)
        })
    }

    /// Drops the plan of this digest, which was proposed: whoever may propose or put into force may do that.
    ///
    /// # Errors
    /// The caller may not, or it is proposed no longer; nothing is changed.
    pub fn drop_plan(&self, caller: &Caller, digest: String, now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let person = callers::person(w, &caller, now)?;
            let actor = person.doing(Act::ProposePlan).or_else(|_| person.doing(Act::AdoptPlan))?;
            proposal(w.db)?.filter(|proposal| proposal.plan == digest).ok_or(StoreError::NoProposal)?;
            drop_proposal(w.db)?;
            append(w, NO_INCIDENT, &UserEvent::PlanDropped { plan: digest }, &actor, now)
        })
    }
}

impl Store {
    /// The plan that decisions are taken by from now on.
    ///
    /// # Errors
    /// The writer has stopped.
    pub fn plan_in_force(&self) -> Result<Arc<Plan>, StoreError> {
        self.run(|w| Ok(w.plans.in_force()))
    }
}

/// Which plan governs an incident, for whoever reads: the one that was in force when its category was decided; until
/// then, and where that one is no longer kept, the one in force now. Each is read once.
#[derive(Clone)]
pub struct Governing {
    reader: Reader,
    in_force: Arc<Plan>,
    kept: BTreeMap<String, Arc<Plan>>,
}

impl Governing {
    /// Reads through `reader`; `in_force` governs what nobody has decided yet.
    #[must_use]
    pub fn new(reader: Reader, in_force: Arc<Plan>) -> Self {
        Self { reader, in_force, kept: BTreeMap::new() }
    }

    /// The plan that governs this incident.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn plan(&mut self, id: IncidentId) -> Result<Arc<Plan>, StoreError> {
        let assessed = self.reader.standing(id)?.and_then(|incident| incident.assessed);
        let Some(digest) = assessed.map(|assessed| assessed.plan) else { return Ok(Arc::clone(&self.in_force)) };
        if let Some(plan) = self.kept.get(&digest) {
            return Ok(Arc::clone(plan));
        }
        let plan = self.reader.plan(&digest)?.map_or_else(|| Arc::clone(&self.in_force), Arc::new);
        self.kept.insert(digest, Arc::clone(&plan));
        Ok(plan)
    }
}

impl Reader {
    /// The plan that is proposed.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn plan_proposal(&self) -> Result<Option<PlanProposal>, StoreError> {
        self.with(proposal)
    }

    /// A plan that governs, or governed, an incident.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn plan(&self, digest: &str) -> Result<Option<Plan>, StoreError> {
        self.with(|db| kept(db, digest))
    }
}

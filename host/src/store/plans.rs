//! Plans: each version that ever governed an incident, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::writer::Writing;
use super::{Reader, Store};
use crate::calendar::Calendar;
use crate::calendar::time::OfficeTime;
use crate::incident::IncidentId;
use crate::incident::life::{Command, Incident};
use crate::plan::Plan;

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
    /// A plan that governs, or governed, an incident.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn plan(&self, digest: &str) -> Result<Option<Plan>, StoreError> {
        self.with(|db| kept(db, digest))
    }
}

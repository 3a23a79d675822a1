//! Feeds: who may subscribe, and what they are told. Only a proof of an address's secret is kept.

use std::collections::HashMap;

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use super::callers::{self, Caller};
use super::casefile::CaseFile;
use super::error::StoreError;
use super::incidents::append;
use super::writer::Writing;
use super::{IncidentQuery, Reader, Store};
use crate::feed::atom::Told;
use crate::feed::ics::Running;
use crate::feed::{Feed, FeedEntry, FeedId, Kind};
use crate::incident::life::Incident;
use crate::lang::Lang;
use crate::permission::NO_INCIDENT;
use crate::plan::Plan;
use crate::user::right::Act;
use crate::user::token::Token;

/// What a person does about feeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Feeding {
    /// A new address, in a language by its BCP 47 tag.
    Add(Kind, String),
    /// Nobody can read it any more.
    Revoke(FeedId),
}

/// The job behind [`Store::feed`].
fn act(
    writing: &mut Writing<'_>,
    caller: &Caller,
    feeding: &Feeding,
    secret: [u8; 32],
    now: Timestamp,
) -> Result<(Feed, Option<Token>), StoreError> {
    let actor = callers::person(writing, caller, now)?.doing(Act::KeepFeeds)?;
    match feeding {
        Feeding::Add(kind, lang) => {
            let sql = "INSERT INTO feed (kind, lang, proof, made, made_by) VALUES (?1, ?2, x'', ?3, ?4)";
            writing.db.prepare_cached(sql)?.execute(params![kind.as_str(), lang, now, actor.user()])?;
            let token = Token::new(writing.db.last_insert_rowid(), secret);
            writing
                .db
                .prepare_cached("UPDATE feed SET proof = ?2 WHERE id = ?1")?
                .execute(params![token.id, token.proof()])?;
            append(writing, NO_INCIDENT, &FeedEntry::FeedAdded { feed: token.id, kind: *kind }, &actor, now)?;
            Ok((one(writing.db, token.id)?, Some(token)))
        }
        Feeding::Revoke(id) => {
            one(writing.db, *id)?;
            let sql = "UPDATE feed SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL";
            if writing.db.prepare_cached(sql)?.execute(params![id, now])? > 0 {
                append(writing, NO_INCIDENT, &FeedEntry::FeedRevoked { feed: *id }, &actor, now)?;
            }
            Ok((one(writing.db, *id)?, None))
        }
    }
}

const COLUMNS: &str = "id, kind, lang, made, made_by, revoked";

fn feed(r: &Row<'_>) -> rusqlite::Result<Option<Feed>> {
    let kind = Kind::from_name(r.get_ref(1)?.as_str()?);
    let (id, lang, made, made_by, revoked) = (r.get(0)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?);
    Ok(kind.map(|kind| Feed { id, kind, lang, made, made_by, revoked }))
}

fn one(db: &Connection, id: FeedId) -> Result<Feed, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM feed WHERE id = ?1");
    let found = db.prepare_cached(&sql)?.query_row([id], feed).optional()?.flatten();
    found.ok_or_else(|| StoreError::Unknown { what: "feed", id: id.to_string() })
}

impl Store {
    /// Adds or revokes a feed. The secret of a new one is in the answer and nowhere else.
    ///
    /// # Errors
    /// The caller may not, or there is no such feed; nothing is changed.
    pub fn feed(&self, caller: &Caller, feeding: Feeding, now: Timestamp) -> Result<(Feed, Option<Token>), StoreError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|e| StoreError::Internal(e.to_string()))?;
        let caller = caller.clone();
        self.run(move |w| act(w, &caller, &feeding, secret, now))
    }
}

impl Reader {
    /// All feeds, in the order in which they were made.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn feeds(&self) -> Result<Vec<Feed>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM feed ORDER BY id"))?;
            let rows = statement.query_map([], feed)?.collect::<Result<Vec<_>, _>>()?;
            Ok(rows.into_iter().flatten().collect())
        })
    }

    /// The feed whose address has this secret, unless it was revoked.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn feed(&self, token: &Token) -> Result<Option<Feed>, StoreError> {
        self.with(|db| {
            let sql = "SELECT proof FROM feed WHERE id = ?1 AND revoked IS NULL";
            let proof: Option<Vec<u8>> = db.prepare_cached(sql)?.query_row([token.id], |r| r.get(0)).optional()?;
            if proof.is_some_and(|proof| token.proves(&proof)) { one(db, token.id).map(Some) } else { Ok(None) }
        })
    }

    /// Every clock that is running or stands still, with what is said of its incident; the earliest due first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn running_clocks(&self, lang: Lang) -> Result<Vec<Running>, StoreError> {
        let mut plans: HashMap<String, Plan> = HashMap::new();
        let mut running = Vec::new();
        for (incident, standing) in self.standings()? {
            if let Some(assessed) = &standing.assessed
                && !plans.contains_key(&assessed.plan)
                && let Some(plan) = self.plan(&assessed.plan)?
            {
                plans.insert(assessed.plan.clone(), plan);
            }
            let plan = standing.assessed.as_ref().and_then(|assessed| plans.get(&assessed.plan));
            let plan = plan.unwrap_or_else(|| Plan::built_in());
            let level = standing.level().and_then(|id| plan.level(id)).map(|level| level.name.in_lang(lang).to_owned());
            let live = standing.clocks.clocks().iter().filter(|clock| clock.is_live());
            running.extend(live.map(|clock| Running {
                incident,
                clock: clock.clone(),
                name: named(&standing, plan, &clock.id, lang),
                category: standing.decided(),
                level: level.clone(),
            }));
        }
        running.sort_by_key(|one| (one.clock.due, one.incident));
        Ok(running)
    }

    /// The incidents that were talked of last, as feeds tell of them, those that changed last first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn incidents_told(&self, most: usize) -> Result<Vec<Told>, StoreError> {
        let rows = self.incidents(&IncidentQuery { limit: Some(most), ..IncidentQuery::default() })?;
        let mut told = self.with(|db| {
            let mut changed = db.prepare_cached("SELECT max(at) FROM event WHERE incident = ?1")?;
            let mut told = Vec::with_capacity(rows.len());
            for row in &rows {
                let at: Option<Timestamp> = changed.query_row([row.id], |r| r.get(0))?;
                let standing = CaseFile::read(db, row.id)?.incident;
                told.push(Told {
                    id: row.id,
                    category: standing.decided(),
                    level: row.level.clone(),
                    state: row.state,
                    opened: row.opened,
                    updated: at.unwrap_or(row.opened).max(row.latest),
                    posts: row.posts,
                    sites: row.sites,
                });
            }
            Ok(told)
        })?;
        told.sort_by_key(|one| (std::cmp::Reverse(one.updated), one.id));
        Ok(told)
    }
}

/// What the plan calls a clock; the due time of a step is called by the step.
fn named(incident: &Incident, plan: &Plan, id: &str, lang: Lang) -> String {
    let step = || incident.playbook(plan)?.step(id.strip_prefix("step:")?).map(|step| step.name.in_lang(lang));
    let rule = plan.clocks.iter().find(|rule| rule.id == id).map(|rule| rule.name.in_lang(lang));
    rule.or_else(step).unwrap_or(id).to_owned()
}

//! Cases, in one transaction each: who is it, did they see this version, may they; what happened goes into the chain of
//! the incident that the case was made of.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::callers::{self, Caller};
use super::error::StoreError;
use super::replies::{Sight, in_a_role};
use super::writer::Writing;
use super::{Reader, Store, incidents};
use crate::case::life::{self, CaseCommand, CaseEvent, CaseRefusal, Life, Standing};
use crate::case::{Case, CaseId};
use crate::hex::hex;
use crate::incident::IncidentId;
use crate::incident::event::{Actor, Event};
use crate::user::Person;

/// A case with its number and its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CaseRow {
    /// Its number.
    pub id: CaseId,
    /// How it stands.
    pub life: Life,
    /// What it says.
    pub case: Case,
}

/// What is done about a case that there is.
#[derive(Clone, Debug)]
pub enum CaseChange {
    /// It says this now.
    Correct(Box<Case>),
    /// It names nobody; what the rules find in it all the same.
    Check(Vec<String>),
    /// It may be shown, and is found by these search tokens.
    Release(String),
}

/// The job behind [`Store::make_case`].
fn make(writing: &mut Writing<'_>, caller: &Caller, case: Case, now: Timestamp) -> Result<CaseRow, StoreError> {
    let person = callers::person(writing, caller, now)?;
    let (event, actor) = asked(&person, &Life::default(), &CaseCommand::Make(case.hidden()))?;
    writing
        .db
        .prepare_cached("INSERT INTO casebook (incident, life, body) VALUES (?1, '', '')")?
        .execute([case.incident])?;
    let row = CaseRow { id: writing.db.last_insert_rowid(), life: Life::default(), case };
    write(writing, row, &event, &actor, now)
}

/// The job behind [`Store::change_case`].
fn change(
    writing: &mut Writing<'_>,
    caller: &Caller,
    sight: Sight,
    change: CaseChange,
    now: Timestamp,
) -> Result<CaseRow, StoreError> {
    let person = callers::person(writing, caller, now)?;
    let unknown = || StoreError::Unknown { what: "case", id: sight.id.to_string() };
    let mut row = one(writing.db, sight.id)?.ok_or_else(unknown)?;
    if row.life.version != sight.version {
        return Err(StoreError::Outdated { what: "case", seen: sight.version, now: row.life.version });
    }
    let seal = hex(&Sha256::digest(serde_json::to_string(&row.case)?));
    let (command, tokens) = match change {
        CaseChange::Correct(case) => {
            row.case = *case;
            (CaseCommand::Correct(row.case.hidden()), None)
        }
        CaseChange::Check(found) => (CaseCommand::Check(found, seal), None),
        CaseChange::Release(tokens) => (CaseCommand::Release(seal), Some(tokens)),
    };
    let (event, actor) = asked(&person, &row.life, &command)?;
    if let Some(tokens) = tokens {
        let sql = "INSERT INTO casebook_text (rowid, tokens) VALUES (?1, ?2)";
        writing.db.prepare_cached(sql)?.execute(params![row.id, tokens])?;
    }
    write(writing, row, &event, &actor, now)
}

/// Lets the person act, in the first of their roles that may.
fn asked(person: &Person, life: &Life, command: &CaseCommand) -> Result<(CaseEvent, Actor), StoreError> {
    let of_role = |refusal: &CaseRefusal| matches!(refusal, CaseRefusal::Role { .. });
    in_a_role(person, of_role, |actor| life::decide(life, command.clone(), actor))
}

fn write(
    writing: &mut Writing<'_>,
    mut row: CaseRow,
    event: &CaseEvent,
    actor: &Actor,
    now: Timestamp,
) -> Result<CaseRow, StoreError> {
    let entry = Event::Case { case: row.id, done: event.clone() };
    incidents::append(writing, row.case.incident, &entry, actor, now)?;
    life::apply(&mut row.life, event, actor, now);
    let (life, body) = (serde_json::to_string(&row.life)?, serde_json::to_string(&row.case)?);
    let sql = "UPDATE casebook SET life = ?2, body = ?3 WHERE id = ?1";
    writing.db.prepare_cached(sql)?.execute(params![row.id, life, body])?;
    Ok(row)
}

fn one(db: &Connection, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
    let sql = "SELECT life, body FROM casebook WHERE id = ?1";
    let found = db.prepare_cached(sql)?.query_row([id], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)));
    let read = |(life, body): (String, String)| {
        Ok(CaseRow { id, life: serde_json::from_str(&life)?, case: serde_json::from_str(&body)? })
    };
    found.optional()?.map(read).transpose()
}

/// Lets go of cases that nobody released in all that time: they may still name somebody.
fn expire(db: &Connection, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM casebook WHERE json_extract(life, '$.standing') <> 'released'
               AND json_extract(life, '$.made') < ?1";
    Ok(db.prepare_cached(sql)?.execute([before])? as u64)
}

impl Store {
    /// Keeps a case that a person made of a closed incident.
    ///
    /// # Errors
    /// The caller may not; nothing is kept.
    pub fn make_case(&self, caller: &Caller, case: Case, now: Timestamp) -> Result<CaseRow, StoreError> {
        let caller = caller.clone();
        self.run(move |w| make(w, &caller, case, now))
    }

    /// Takes what a person does about a case.
    ///
    /// # Errors
    /// The caller may not, the case has changed since it was seen, or [`life`](crate::case::life::decide) refuses;
    /// nothing is changed.
    pub fn change_case(
        &self,
        caller: &Caller,
        sight: Sight,
        wanted: CaseChange,
        now: Timestamp,
    ) -> Result<CaseRow, StoreError> {
        let caller = caller.clone();
        self.run(move |w| change(w, &caller, sight, wanted, now))
    }

    /// Deletes cases that were made before a moment and never released. Returns how many.
    ///
    /// # Errors
    /// None is deleted.
    pub fn expire_cases(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.run(move |w| expire(w.db, before))
    }
}

impl Reader {
    /// One case.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn case(&self, id: CaseId) -> Result<Option<CaseRow>, StoreError> {
        self.with(|db| one(db, id))
    }

    /// All cases, in the order of their numbers.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn cases(&self) -> Result<Vec<CaseRow>, StoreError> {
        self.cases_where("SELECT id FROM casebook WHERE ?1 IS NULL ORDER BY id", None)
    }

    /// Released cases that hold all of these words ([`query_words`](crate::text::tokens::Tokeniser::query_words)), newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn find_cases(&self, words: &[String]) -> Result<Vec<CaseRow>, StoreError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let expression: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let sql = "SELECT rowid FROM casebook_text WHERE casebook_text MATCH ?1 ORDER BY rowid DESC";
        let mut found = self.cases_where(sql, Some(expression.join(" AND ")))?;
        found.retain(|row| row.life.standing == Standing::Released);
        Ok(found)
    }

    /// The cases that were made of an incident, and how each stands; what they say is not read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn cases_of(&self, incident: IncidentId) -> Result<Vec<(CaseId, Life)>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT id, life FROM casebook WHERE incident = ?1 ORDER BY id")?;
            let rows = statement.query_map([incident], |r| Ok((r.get(0)?, r.get::<_, String>(1)?)))?;
            let read = |(id, life): (CaseId, String)| Ok((id, serde_json::from_str(&life)?));
            rows.collect::<Result<Vec<_>, _>>()?.into_iter().map(read).collect()
        })
    }

    fn cases_where(&self, sql: &str, value: Option<String>) -> Result<Vec<CaseRow>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let ids = statement.query_map([value], |r| r.get(0))?.collect::<Result<Vec<CaseId>, _>>()?;
            Ok(ids.into_iter().map(|id| one(db, id)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
    }
}

//! Whom to ask about a mention, and what asking has cost, as the writer keeps it.
//!
//! A question is raised in the transaction that stores its mention, so that none is lost, and is gone when it is answered,
//! given up, or its post is deleted.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::incidents;
use super::ingest::json_unless_empty;
use super::model::{LabelBy, PostRow, PostRowId};
use super::writer::Writing;
use super::{Reader, Store};
use crate::asking::budget::Cost;

/// What a service answered about one version of a post.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The plugin's id.
    pub plugin: String,
    /// The post.
    pub row: PostRowId,
    /// The version that was asked about.
    pub version: u32,
    /// When.
    pub at: Timestamp,
    /// Day of the budget.
    pub day: i64,
    /// What was read from the answer.
    pub labels: Vec<LabelBy>,
}

/// A day of asking one service.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Asked {
    /// What it cost.
    #[serde(flatten)]
    pub cost: Cost,
    /// Questions that were answered.
    pub answered: u64,
    /// Questions that were given up.
    pub given_up: u64,
    /// The last thing that went wrong.
    pub failure: Option<String>,
}

/// How it stands with a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRow {
    /// The plugin's id.
    pub plugin: String,
    /// What asking has come to today.
    pub today: Asked,
    /// Questions that wait.
    pub waiting: u64,
}

/// A mention is new or says something else: every service that is configured shall be asked.
pub(super) fn raise(db: &Connection, row: PostRowId, at: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO question (plugin, row, raised, due) SELECT plugin, ?1, ?2, ?2 FROM asker";
    db.prepare_cached(sql)?.execute((row, at))?;
    Ok(())
}

fn count(db: &Connection, plugin: &str, day: i64, cost: Cost, answered: u64, given_up: u64) -> Result<(), StoreError> {
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let sql = "INSERT INTO asking (plugin, day, requests, bytes, millis, answered, given_up)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT DO UPDATE SET requests = requests + ?3, bytes = bytes + ?4, millis = millis + ?5,
               answered = answered + ?6, given_up = given_up + ?7";
    let Cost { requests, bytes, millis } = cost;
    let values =
        params![plugin, day, signed(requests), signed(bytes), signed(millis), signed(answered), signed(given_up)];
    db.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn answer(writing: &mut Writing<'_>, answered: &Answered) -> Result<(), StoreError> {
    let Answered { plugin, row, version, at, day, labels } = answered;
    let sql = "SELECT p.version, p.labels, m.incident FROM post p JOIN mention m ON m.row = p.row WHERE p.row = ?1";
    type Stored = (u32, Option<String>, i64);
    let stored: Option<Stored> =
        writing.db.prepare_cached(sql)?.query_row([row], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).optional()?;
    // A post that has changed meanwhile has been raised again.
    let Some((_, before, incident)) = stored.filter(|(stored, ..)| stored == version) else {
        return Ok(());
    };
    let before: Vec<LabelBy> = before.map(|labels| serde_json::from_str(&labels)).transpose()?.unwrap_or_default();
    let own = |label: &LabelBy| label.by.split('@').next() == Some(plugin);
    let after: Vec<LabelBy> = before.iter().filter(|label| !own(label)).chain(labels).cloned().collect();
    let sql = "UPDATE post SET labels = ?2 WHERE row = ?1";
    writing.db.prepare_cached(sql)?.execute((row, json_unless_empty(&after)?))?;
    incidents::revote(writing, incident, &LabelBy::ballot(&before), &LabelBy::ballot(&after), *at)?;
    remove(writing.db, plugin, *row)?;
    count(writing.db, plugin, *day, Cost::default(), 1, 0)
}

fn remove(db: &Connection, plugin: &str, row: PostRowId) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM question WHERE plugin = ?1 AND row = ?2")?.execute((plugin, row))?;
    Ok(())
}

impl Store {
    /// Makes these the services that are asked; questions for others are dropped.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn configure_askers(&self, plugins: Vec<String>) -> Result<(), StoreError> {
        self.run(move |w| {
            let all = serde_json::to_string(&plugins)?;
            for table in ["asker", "question"] {
                let sql = format!("DELETE FROM {table} WHERE plugin NOT IN (SELECT value FROM json_each(?1))");
                w.db.prepare_cached(&sql)?.execute([&all])?;
            }
            w.db.prepare_cached("INSERT OR IGNORE INTO asker (plugin) SELECT value FROM json_each(?1)")?
                .execute([&all])?;
            Ok(())
        })
    }

    /// Stores the labels of an answer, in place of what the same plugin said before, and lets the post vote anew. An
    /// answer about a version that is no more changes nothing.
    ///
    /// # Errors
    /// Nothing is stored.
    pub fn answer_question(&self, answered: Answered) -> Result<(), StoreError> {
        self.run(move |w| answer(w, &answered))
    }

    /// Asks again at `until`, or gives the question up after `tries`.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn put_off_question(
        &self,
        plugin: &str,
        day: i64,
        row: PostRowId,
        until: Timestamp,
        tries: u32,
    ) -> Result<(), StoreError> {
        let plugin = plugin.to_owned();
        self.run(move |w| {
            let sql = "UPDATE question SET tries = tries + 1, due = ?3 WHERE plugin = ?1 AND row = ?2 RETURNING tries";
            let tried: Option<u32> =
                w.db.prepare_cached(sql)?.query_row((&plugin, row, until), |r| r.get(0)).optional()?;
            if tried.is_some_and(|tried| tried >= tries) {
                remove(w.db, &plugin, row)?;
                count(w.db, &plugin, day, Cost::default(), 0, 1)?;
            }
            Ok(())
        })
    }

    /// Gives up what was raised before `before`.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn give_up_questions(&self, plugin: &str, day: i64, before: Timestamp) -> Result<(), StoreError> {
        let plugin = plugin.to_owned();
        self.run(move |w| {
            let sql = "DELETE FROM question WHERE plugin = ?1 AND raised < ?2";
            let gone = w.db.prepare_cached(sql)?.execute((&plugin, before))?;
            if gone > 0 { count(w.db, &plugin, day, Cost::default(), 0, gone as u64) } else { Ok(()) }
        })
    }

    /// Adds to what a day of asking has cost, and notes what went wrong.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn note_asking(&self, plugin: &str, day: i64, cost: Cost, failure: Option<String>) -> Result<(), StoreError> {
        let plugin = plugin.to_owned();
        self.run(move |w| {
            count(w.db, &plugin, day, cost, 0, 0)?;
            if failure.is_some() {
                let sql = "UPDATE asking SET failure = ?3 WHERE plugin = ?1 AND day = ?2";
                w.db.prepare_cached(sql)?.execute((&plugin, day, &failure))?;
            }
            Ok(())
        })
    }
}

impl Reader {
    /// What a service shall be asked about by now, the newest posts first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn questions(&self, plugin: &str, now: Timestamp, limit: usize) -> Result<Vec<PostRow>, StoreError> {
        self.posts_where(
            "SELECT row FROM question WHERE plugin = ?1 AND due <= ?2 ORDER BY row DESC LIMIT ?3",
            vec![plugin.to_owned().into(), now.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()],
        )
    }

    /// Whether a question was raised before `before` and is still there.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn has_stale_questions(&self, plugin: &str, before: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM question WHERE plugin = ?1 AND raised < ?2)";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row((plugin, before), |r| r.get(0))?))
    }

    /// How many questions wait for a service.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn waiting_questions(&self, plugin: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM question WHERE plugin = ?1";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([plugin], |r| r.get::<_, i64>(0))?.unsigned_abs()))
    }

    /// The services that are asked, and what that has come to on the day `today`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn services(&self, today: i64) -> Result<Vec<ServiceRow>, StoreError> {
        let plugins: Vec<String> = self.with(|db| {
            let mut statement = db.prepare_cached("SELECT plugin FROM asker ORDER BY plugin")?;
            Ok(statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
        })?;
        let row = |plugin: String| {
            let (today, waiting) = (self.asked(&plugin, today)?, self.waiting_questions(&plugin)?);
            Ok(ServiceRow { plugin, today, waiting })
        };
        plugins.into_iter().map(row).collect()
    }

    /// A day of asking a service.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn asked(&self, plugin: &str, day: i64) -> Result<Asked, StoreError> {
        let sql =
            "SELECT requests, bytes, millis, answered, given_up, failure FROM asking WHERE plugin = ?1 AND day = ?2";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row((plugin, day), asked).optional()?.unwrap_or_default()))
    }
}

fn asked(row: &Row<'_>) -> rusqlite::Result<Asked> {
    let n = |i| row.get::<_, i64>(i).map(i64::unsigned_abs);
    Ok(Asked {
        cost: Cost { requests: n(0)?, bytes: n(1)?, millis: n(2)? },
        answered: n(3)?,
        given_up: n(4)?,
        failure: row.get(5)?,
    })
}

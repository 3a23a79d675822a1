//! What is hidden from whoever reads: restricted incidents, and all that tells of them.
//!
//! Who sees a restricted incident: whoever decides about incidents, whose it is, and whoever is of the same unit as the
//! owner. That is one condition ([`hidden_from`]), for whoever reads and for whoever acts.
//!
//! A reader that [somebody sees through](Reader::seen_by) has views of the tables' own names before them, on its connection
//! only: whatever is asked, of lists, searches, figures and files alike, is answered as if what is hidden was not there. So no
//! question has to remember it, and a new one cannot forget it. While nothing is restricted there are no views, and
//! nothing costs more.

use rusqlite::Connection;

use super::{Reader, unsigned};
use crate::incident::IncidentId;
use crate::store::error::StoreError;
use crate::user::right::Act;

/// Tables of which rows tell of an incident, each with the condition under which a row is shown.
pub(in crate::store) const VEILED: [(&str, &str); 23] = [
    ("incident", "id NOT IN hidden"),
    ("restricted", "incident NOT IN hidden"),
    ("event", "incident NOT IN hidden"),
    ("mention", "incident NOT IN hidden"),
    ("incident_site", "incident NOT IN hidden"),
    ("link", "incident NOT IN hidden"),
    ("carrier", "incident NOT IN hidden"),
    ("reply", "incident NOT IN hidden"),
    ("referral", "incident NOT IN hidden"),
    ("summary", "incident NOT IN hidden"),
    ("casebook", "incident NOT IN hidden"),
    ("snooze", "incident NOT IN hidden"),
    ("follow_up", "incident NOT IN hidden"),
    ("contact_incident", "incident NOT IN hidden"),
    ("disclosure_incident", "incident NOT IN hidden"),
    ("disclosure", "id NOT IN (SELECT disclosure FROM main.disclosure_incident WHERE incident IN hidden)"),
    ("outbox", "incident IS NULL OR incident NOT IN hidden"),
    ("standing", "kind <> 'incident' OR subject NOT IN hidden"),
    ("warning", "kind <> 'incident' OR subject NOT IN hidden"),
    ("tally", "kind <> 'incident' OR subject NOT IN hidden"),
    ("feeder", "kind <> 'incident' OR subject NOT IN hidden"),
    ("post", "row NOT IN hidden_post"),
    ("submission", "row NOT IN hidden_post"),
];

/// The condition under which the restricted incident `r` is hidden from the user that `who` stands for.
fn hidden_from(who: &str) -> String {
    let deciders: Vec<String> = Act::Restrict.roles().iter().map(|role| format!("'{}'", role.as_str())).collect();
    let deciders = deciders.join(", ");
    format!(
        "NOT EXISTS (SELECT 1 FROM main.user_role WHERE user = {who} AND role IN ({deciders}))
         AND NOT EXISTS (SELECT 1 FROM main.incident i WHERE i.id = r.incident AND (i.owner = {who} OR EXISTS (
             SELECT 1 FROM main.user o JOIN main.user a ON a.unit = o.unit WHERE o.id = i.owner AND a.id = {who})))"
    )
}

/// Whether a user sees an incident.
pub(in crate::store) fn sees(db: &Connection, user: &str, incident: IncidentId) -> Result<bool, StoreError> {
    let sql = format!("SELECT 1 FROM main.restricted r WHERE r.incident = ?1 AND {}", hidden_from("?2"));
    Ok(!db.prepare_cached(&sql)?.exists((incident, user))?)
}

/// Whether anything is restricted.
pub(super) fn any(db: &Connection) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT 1 FROM restricted")?.exists([])?)
}

/// Puts the views before the tables of a connection that reads.
pub(super) fn put(db: &Connection) -> Result<(), StoreError> {
    let mut sql = format!(
        "PRAGMA query_only = OFF;
         CREATE TEMP TABLE viewer (user TEXT NOT NULL);
         CREATE TEMP VIEW hidden AS SELECT r.incident FROM main.restricted r, temp.viewer v WHERE {};
         CREATE TEMP VIEW hidden_post AS SELECT row FROM main.mention WHERE incident IN temp.hidden;",
        hidden_from("v.user")
    );
    for (table, shown) in VEILED {
        sql += &format!("CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} WHERE {shown};");
    }
    Ok(db.execute_batch(&(sql + "PRAGMA query_only = ON;"))?)
}

/// From now on the views show what a user sees. The file is open for reading only, whatever is written aside.
pub(super) fn look(db: &Connection, user: &str) -> Result<(), StoreError> {
    db.execute_batch("PRAGMA query_only = OFF; DELETE FROM temp.viewer;")?;
    db.prepare_cached("INSERT INTO temp.viewer (user) VALUES (?1)")?.execute([user])?;
    Ok(db.execute_batch("PRAGMA query_only = ON;")?)
}

impl Reader {
    /// What a user sees, by identifier; `None`: what everybody at the desk does, and what may leave it.
    #[must_use]
    pub fn seen_by(&self, user: Option<&str>) -> Self {
        Self { pool: self.pool.clone(), viewer: Some(user.unwrap_or_default().into()) }
    }

    /// How many incidents are kept from whoever sees through this reader.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn kept_back(&self) -> Result<u64, StoreError> {
        let Some(viewer) = &self.viewer else { return Ok(0) };
        let sql = format!("SELECT count(*) FROM main.restricted r WHERE {}", hidden_from("?1"));
        self.with(|db| Ok(unsigned(db.prepare_cached(&sql)?.query_row([&**viewer], |r| r.get(0))?)))
    }
}

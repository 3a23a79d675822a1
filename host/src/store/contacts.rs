//! Contacts, in one transaction each. The record says that something became of a contact and never who it is; what is
//! removed leaves no row.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::callers::{self, Caller};
use super::error::StoreError;
use super::incidents::append;
use super::replies::Sight;
use super::writer::Writing;
use super::{Reader, Store, salt};
use crate::contact::intake::Taken;
use crate::contact::{Contact, ContactEntry, ContactId, Draft, Kind, Unfit};
use crate::document::Plain;
use crate::hex::hex;
use crate::incident::IncidentId;
use crate::incident::event::Actor;
use crate::permission::NO_INCIDENT;
use crate::user::right::Act;

/// Longest note, in characters.
const LONGEST_NOTE: usize = 4_000;

/// What a person does about contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Contacting {
    /// Keep somebody new.
    Add(Draft),
    /// Keep this in place of what is kept.
    Edit(Sight, Draft),
    /// Say where it belongs, or no longer.
    Link {
        /// The contact.
        contact: ContactId,
        /// Watches.
        watches: Vec<String>,
        /// Incidents.
        incidents: Vec<IncidentId>,
        /// Take these links away instead.
        away: bool,
    },
    /// Write down what was said, and when they were last spoken with if they were.
    Note {
        /// The contact.
        contact: ContactId,
        /// The note.
        text: String,
        /// When somebody spoke with them.
        spoke: Option<Timestamp>,
    },
    /// Keep it no longer.
    Remove(Sight),
    /// Take in contacts of a file.
    Import(Vec<Taken>),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Contacted {
    /// How the contact stands now.
    Row(Box<ContactRow>),
    /// It is gone.
    Removed(ContactId),
    /// What became of a file.
    Imported(Imported),
}

/// What became of a file of contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Imported {
    /// Not known before.
    pub added: u64,
    /// Known, and different now.
    pub changed: u64,
    /// Known as they are.
    pub known: u64,
}

/// A contact with what the store knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ContactRow {
    /// Its number.
    pub id: ContactId,
    /// By which other programs know it.
    pub uid: String,
    /// How often it was changed: what a command says that it saw.
    pub version: u64,
    /// The contact.
    #[serde(flatten)]
    pub contact: Contact,
    /// Watches that it belongs to.
    pub watches: Vec<String>,
    /// Incidents that it belongs to.
    pub incidents: Vec<IncidentId>,
    /// When somebody last spoke with them.
    pub last: Option<Timestamp>,
    /// Who did: a user's identifier.
    pub last_by: Option<String>,
}

/// What was said with a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ContactNote {
    /// When it was written down.
    pub at: Timestamp,
    /// The user who did.
    pub by: String,
    /// The note.
    pub text: String,
}

/// Which contacts are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactQuery {
    /// Only those that work there.
    pub kind: Option<Kind>,
    /// Only those of organisations with these words in their name.
    pub organisation: Option<String>,
    /// Only those of a watch.
    pub watch: Option<String>,
}

/// By what a contact belongs to an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// Somebody said so.
    Itself,
    /// A watch that it belongs to has heard of the incident.
    Watch(String),
}

/// The job behind [`Store::contact`].
fn act(
    writing: &mut Writing<'_>,
    caller: &Caller,
    contacting: &Contacting,
    uids: &mut dyn FnMut() -> Result<String, StoreError>,
    now: Timestamp,
) -> Result<Contacted, StoreError> {
    let actor = callers::person(writing, caller, now)?.doing(Act::KeepContacts)?;
    match contacting {
        Contacting::Add(draft) => add(writing, draft, &actor, uids, now),
        Contacting::Edit(sight, draft) => edit(writing, *sight, draft, &actor, now),
        Contacting::Link { contact, watches, incidents, away } => {
            link(writing.db, *contact, watches, incidents, *away)?;
            changed(writing, *contact, &actor, now)
        }
        Contacting::Note { contact, text, spoke } => note(writing, *contact, text, *spoke, &actor, now),
        Contacting::Remove(sight) => remove(writing, *sight, &actor, now),
        Contacting::Import(taken) => import(writing, taken, &actor, uids, now),
    }
}

fn fit(draft: &Draft) -> Result<Contact, StoreError> {
    let told = |unfit: Vec<Unfit>| unfit.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Contact::new(draft).map_err(|unfit| StoreError::Unwritten(told(unfit)))
}

fn add(
    writing: &mut Writing<'_>,
    draft: &Draft,
    actor: &Actor,
    uids: &mut dyn FnMut() -> Result<String, StoreError>,
    now: Timestamp,
) -> Result<Contacted, StoreError> {
    let contact = fit(draft)?;
    if let Some(known) = same_post(writing.db, &contact)? {
        let what =
            format!("contact {known} is the same person in the same function: caifeng contact edit {known}@VERSION");
        return Err(StoreError::Unwritten(what));
    }
    let id = insert(writing.db, &uids()?, &contact)?;
    append(writing, NO_INCIDENT, &ContactEntry::ContactAdded { contact: id }, actor, now)?;
    Ok(Contacted::Row(Box::new(one(writing.db, id)?)))
}

fn insert(db: &Connection, uid: &str, contact: &Contact) -> Result<ContactId, StoreError> {
    let sql = "INSERT INTO contact (uid, version, body) VALUES (?1, 1, ?2)";
    db.prepare_cached(sql)?.execute(params![uid, serde_json::to_string(contact)?])?;
    Ok(db.last_insert_rowid())
}

fn replace(db: &Connection, id: ContactId, contact: &Contact) -> Result<(), StoreError> {
    let sql = "UPDATE contact SET body = ?2, version = version + 1 WHERE id = ?1";
    db.prepare_cached(sql)?.execute(params![id, serde_json::to_string(contact)?])?;
    Ok(())
}

/// The contact that fills the same function at the same organisation.
fn same_post(db: &Connection, contact: &Contact) -> Result<Option<ContactId>, StoreError> {
    let sql = "SELECT id FROM contact WHERE json_extract(body, '$.organisation') = ?1
               AND json_extract(body, '$.role') = ?2 AND json_extract(body, '$.name') IS ?3";
    let named = params![contact.organisation, contact.role, contact.name];
    Ok(db.prepare_cached(sql)?.query_row(named, |r| r.get(0)).optional()?)
}

fn seen(db: &Connection, sight: Sight) -> Result<(), StoreError> {
    let now = one(db, sight.id)?.version;
    if now == sight.version { Ok(()) } else { Err(StoreError::Outdated { what: "contact", seen: sight.version, now }) }
}

fn edit(
    writing: &mut Writing<'_>,
    sight: Sight,
    draft: &Draft,
    actor: &Actor,
    now: Timestamp,
) -> Result<Contacted, StoreError> {
    seen(writing.db, sight)?;
    let contact = fit(draft)?;
    if let Some(other) = same_post(writing.db, &contact)?.filter(|other| *other != sight.id) {
        return Err(StoreError::Unwritten(format!("contact {other} is this person in this function already")));
    }
    replace(writing.db, sight.id, &contact)?;
    changed(writing, sight.id, actor, now)
}

fn changed(writing: &mut Writing<'_>, id: ContactId, actor: &Actor, now: Timestamp) -> Result<Contacted, StoreError> {
    append(writing, NO_INCIDENT, &ContactEntry::ContactChanged { contact: id }, actor, now)?;
    Ok(Contacted::Row(Box::new(one(writing.db, id)?)))
}

fn link(
    db: &Connection,
    id: ContactId,
    watches: &[String],
    incidents: &[IncidentId],
    away: bool,
) -> Result<(), StoreError> {
    one(db, id)?;
    for watch in watches {
        let known = away || db.prepare_cached("SELECT 1 FROM watch WHERE id = ?1")?.exists([watch])?;
        if !known {
            return Err(StoreError::Unknown { what: "watch", id: watch.clone() });
        }
        let sql = if away {
            "DELETE FROM contact_watch WHERE watch = ?1 AND contact = ?2"
        } else {
            "INSERT OR IGNORE INTO contact_watch (watch, contact) VALUES (?1, ?2)"
        };
        db.prepare_cached(sql)?.execute(params![watch, id])?;
    }
    for incident in incidents {
        let known = away || db.prepare_cached("SELECT 1 FROM incident WHERE id = ?1")?.exists([incident])?;
        if !known {
            return Err(StoreError::Unknown { what: "incident", id: incident.to_string() });
        }
        let sql = if away {
            "DELETE FROM contact_incident WHERE incident = ?1 AND contact = ?2"
        } else {
            "INSERT OR IGNORE INTO contact_incident (incident, contact) VALUES (?1, ?2)"
        };
        db.prepare_cached(sql)?.execute(params![incident, id])?;
    }
    Ok(())
}

fn note(
    writing: &mut Writing<'_>,
    id: ContactId,
    text: &str,
    spoke: Option<Timestamp>,
    actor: &Actor,
    now: Timestamp,
) -> Result<Contacted, StoreError> {
    one(writing.db, id)?;
    let lines: Vec<String> = Plain::lines(text).iter().map(|line| line.as_str().trim().to_owned()).collect();
    let text = lines.join("\n");
    let length = text.chars().count();
    if text.is_empty() {
        return Err(StoreError::Wordless);
    }
    if length > LONGEST_NOTE {
        let what = format!("a note of {length} characters: at most {LONGEST_NOTE} are kept");
        return Err(StoreError::Unwritten(what));
    }
    if spoke.is_some_and(|at| at > now) {
        return Err(StoreError::Unwritten("nobody has spoken with them in the future: correct --spoke".to_owned()));
    }
    let sql = "INSERT INTO contact_note (contact, at, by, text) VALUES (?1, ?2, ?3, ?4)";
    writing.db.prepare_cached(sql)?.execute(params![id, now, actor.user(), text])?;
    let sql = "UPDATE contact SET last = ?2, last_by = ?3 WHERE id = ?1 AND ?2 >= coalesce(last, ?2)";
    if let Some(at) = spoke {
        writing.db.prepare_cached(sql)?.execute(params![id, at, actor.user()])?;
    }
    Ok(Contacted::Row(Box::new(one(writing.db, id)?)))
}

fn remove(writing: &mut Writing<'_>, sight: Sight, actor: &Actor, now: Timestamp) -> Result<Contacted, StoreError> {
    seen(writing.db, sight)?;
    let id = sight.id;
    for table in ["contact_note", "contact_watch", "contact_incident"] {
        writing.db.prepare_cached(&format!("DELETE FROM {table} WHERE contact = ?1"))?.execute([id])?;
    }
    writing.db.prepare_cached("DELETE FROM contact WHERE id = ?1")?.execute([id])?;
    append(writing, NO_INCIDENT, &ContactEntry::ContactRemoved { contact: id }, actor, now)?;
    Ok(Contacted::Removed(id))
}

fn import(
    writing: &mut Writing<'_>,
    taken: &[Taken],
    actor: &Actor,
    uids: &mut dyn FnMut() -> Result<String, StoreError>,
    now: Timestamp,
) -> Result<Contacted, StoreError> {
    let db = writing.db;
    let mut sum = Imported::default();
    for Taken { uid, contact, .. } in taken {
        // What came over the socket is looked at as if it had just been written.
        let contact = fit(&contact.draft())?;
        let sql = "SELECT id FROM contact WHERE uid = ?1";
        let by_uid = uid.as_ref().map(|uid| db.prepare_cached(sql)?.query_row([uid], |r| r.get(0)).optional());
        let known = match by_uid.transpose()?.flatten() {
            Some(id) => Some(id),
            None => same_post(db, &contact)?,
        };
        match known {
            None => {
                let uid = uid.clone().map_or_else(&mut *uids, Ok)?;
                insert(db, &uid, &contact)?;
                sum.added += 1;
            }
            Some(id) if one(db, id)?.contact == contact => sum.known += 1,
            Some(id) => {
                replace(db, id, &contact)?;
                sum.changed += 1;
            }
        }
    }
    if sum.added + sum.changed > 0 {
        let entry = ContactEntry::ContactsImported { added: sum.added, changed: sum.changed };
        append(writing, NO_INCIDENT, &entry, actor, now)?;
    }
    Ok(Contacted::Imported(sum))
}

fn one(db: &Connection, id: ContactId) -> Result<ContactRow, StoreError> {
    let sql = "SELECT uid, version, body, last, last_by,
                      (SELECT json_group_array(watch) FROM contact_watch WHERE contact = c.id),
                      (SELECT json_group_array(incident) FROM contact_incident WHERE contact = c.id)
               FROM contact c WHERE id = ?1";
    let found = db.prepare_cached(sql)?.query_row([id], |r| {
        let (body, watches, incidents): (String, String, String) = (r.get(2)?, r.get(5)?, r.get(6)?);
        Ok((r.get(0)?, r.get::<_, i64>(1)?, body, r.get(3)?, r.get(4)?, watches, incidents))
    });
    let unknown = || StoreError::Unknown { what: "contact", id: id.to_string() };
    let (uid, version, body, last, last_by, watches, incidents) = found.optional()?.ok_or_else(unknown)?;
    Ok(ContactRow {
        id,
        uid,
        version: version.unsigned_abs(),
        contact: serde_json::from_str(&body)?,
        watches: serde_json::from_str(&watches)?,
        incidents: serde_json::from_str(&incidents)?,
        last,
        last_by,
    })
}

impl Store {
    /// Takes what a person does about contacts.
    ///
    /// # Errors
    /// The caller may not, the contact has changed since it was seen, or it is not fit to be kept; nothing is changed.
    pub fn contact(&self, caller: &Caller, contacting: Contacting, now: Timestamp) -> Result<Contacted, StoreError> {
        let caller = caller.clone();
        self.run(move |w| act(w, &caller, &contacting, &mut || Ok(format!("caifeng-{}", hex(&salt()?))), now))
    }

    /// Deletes what was said with contacts before `cutoff`; returns how many notes went.
    ///
    /// # Errors
    /// Nothing is deleted.
    pub fn expire_contact_notes(&self, cutoff: Timestamp) -> Result<u64, StoreError> {
        self.run(move |w| Ok(w.db.prepare_cached("DELETE FROM contact_note WHERE at < ?1")?.execute([cutoff])? as u64))
    }
}

impl Reader {
    /// One contact.
    ///
    /// # Errors
    /// There is none, or the file cannot be read.
    pub fn contact(&self, id: ContactId) -> Result<ContactRow, StoreError> {
        self.with(|db| one(db, id))
    }

    /// Contacts, by organisation and function. There is no search by a person's name (design §7).
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn contacts(&self, query: &ContactQuery) -> Result<Vec<ContactRow>, StoreError> {
        self.with(|db| {
            let sql = "SELECT id FROM contact c
                       WHERE (?1 IS NULL OR json_extract(body, '$.kind') = ?1)
                         AND (?2 IS NULL OR instr(json_extract(body, '$.organisation'), ?2) > 0)
                         AND (?3 IS NULL OR EXISTS (SELECT 1 FROM contact_watch WHERE watch = ?3 AND contact = c.id))
                       ORDER BY json_extract(body, '$.organisation'), json_extract(body, '$.role'), id";
            let mut statement = db.prepare_cached(sql)?;
            let wanted = params![query.kind.map(Kind::as_str), query.organisation, query.watch];
            let ids = statement.query_map(wanted, |r| r.get(0))?.collect::<Result<Vec<ContactId>, _>>()?;
            ids.into_iter().map(|id| one(db, id)).collect()
        })
    }

    /// Who can be reached about an incident: its own contacts, then those of watches that have heard of it; each once.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn contacts_of(&self, incident: IncidentId) -> Result<Vec<(ContactRow, Via)>, StoreError> {
        self.with(|db| {
            let sql = "SELECT contact, NULL FROM contact_incident WHERE incident = ?1
                       UNION ALL
                       SELECT cw.contact, min(cw.watch) FROM contact_watch cw
                       JOIN feeder f ON f.watch = cw.watch AND f.kind = 'incident' AND f.subject = ?1
                       WHERE cw.contact NOT IN (SELECT contact FROM contact_incident WHERE incident = ?1)
                       GROUP BY cw.contact";
            let mut statement = db.prepare_cached(sql)?;
            let found = statement.query_map([incident], |r| Ok((r.get(0)?, r.get::<_, Option<String>>(1)?)))?;
            let found = found.collect::<Result<Vec<(ContactId, _)>, _>>()?;
            found.into_iter().map(|(id, watch)| Ok((one(db, id)?, watch.map_or(Via::Itself, Via::Watch)))).collect()
        })
    }

    /// What was said with a contact, newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn contact_notes(&self, id: ContactId) -> Result<Vec<ContactNote>, StoreError> {
        self.with(|db| {
            let sql = "SELECT at, by, text FROM contact_note WHERE contact = ?1 ORDER BY at DESC, id DESC";
            let mut statement = db.prepare_cached(sql)?;
            let rows =
                statement.query_map([id], |r| Ok(ContactNote { at: r.get(0)?, by: r.get(1)?, text: r.get(2)? }))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// How many notes [`Store::expire_contact_notes`] would delete.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn expiring_contact_notes(&self, cutoff: Timestamp) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM contact_note WHERE at < ?1";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([cutoff], |r| r.get::<_, i64>(0))?.unsigned_abs()))
    }
}

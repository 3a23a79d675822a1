//! What the public reads of incidents, in one transaction each. Whether a text points at a private person is asked here,
//! because only the store knows who there is.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::callers::{self, Caller};
use super::casefile::CaseFile;
use super::error::StoreError;
use super::replies::{Sight, in_a_role};
use super::writer::Writing;
use super::{Reader, Store, decisions, incidents, salt};
use crate::incident::IncidentId;
use crate::incident::clock::response::{Answered, responses};
use crate::incident::event::Event;
use crate::incident::life::Incident;
use crate::referral::ReferralState;
use crate::supervision::page::{Facts, Public};
use crate::supervision::private::{Private, private};
use crate::supervision::{self, Summary, SummaryCommand, SummaryEvent, SummaryId, SummaryRefusal, SummaryState, Told};
use crate::user::right::Act;

/// Posts of an incident whose pseudonyms a text is searched for.
const POSTS: i64 = 10_000;

/// What a person does about a summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Supervising {
    /// Write one.
    Draft(IncidentId, Told),
    /// Write it anew.
    Redraft(Sight, Told),
    /// The public may read it.
    Approve(Sight),
    /// It may no longer, for a reason.
    Withdraw(Sight, String),
}

impl Supervising {
    /// The rights that it takes.
    pub const ACTS: &[Act] = &[Act::DraftSummary, Act::ApproveSummary];

    /// The right that it takes.
    #[must_use]
    pub const fn takes(&self) -> Act {
        match self {
            Self::Draft(..) | Self::Redraft(..) => Act::DraftSummary,
            Self::Approve(_) | Self::Withdraw(..) => Act::ApproveSummary,
        }
    }
}

/// A summary with its number, its incident and its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SummaryRow {
    /// Its number.
    pub id: SummaryId,
    /// What it is about.
    pub incident: IncidentId,
    /// How it stands.
    pub summary: Summary,
    /// What the public reads; `None` once it has been deleted.
    pub told: Option<Told>,
}

/// The job behind [`Store::supervise`].
fn supervise(
    writing: &mut Writing<'_>,
    caller: &Caller,
    wanted: &Supervising,
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
    now: Timestamp,
) -> Result<SummaryRow, StoreError> {
    let person = callers::person(writing, caller, now)?;
    let (mut row, command) = match wanted {
        Supervising::Draft(incident, told) => {
            let file = CaseFile::read_by(writing.db, *incident, &person)?;
            let sql = "SELECT coalesce(max(id), 0) + 1 FROM summary";
            let id = writing.db.prepare_cached(sql)?.query_row([], |r| r.get(0))?;
            let row = SummaryRow { id, incident: file.id, summary: Summary::default(), told: None };
            let command = drafted(writing, file.id, told, salts)?;
            (row, command)
        }
        Supervising::Redraft(sight, told) => {
            let row = seen(writing, *sight)?;
            let command = drafted(writing, row.incident, told, salts)?;
            (row, command)
        }
        Supervising::Approve(sight) => (seen(writing, *sight)?, SummaryCommand::Approve),
        Supervising::Withdraw(sight, reason) => {
            (seen(writing, *sight)?, SummaryCommand::Withdraw(decisions::noted(writing, reason, salts)?))
        }
    };
    let of_role = |refusal: &SummaryRefusal| matches!(refusal, SummaryRefusal::Role { .. });
    let ask = |actor: &_| supervision::decide(&row.summary, command.clone(), actor);
    let (event, actor) = in_a_role(&person, of_role, ask)?;
    let entry = Event::Public { summary: row.id, done: event.clone() };
    incidents::append(writing, row.incident, &entry, &actor, now)?;
    supervision::apply(&mut row.summary, &event, &actor);
    let life = serde_json::to_string(&row.summary)?;
    let sql = "INSERT INTO summary (id, incident, life) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET life = ?3";
    writing.db.prepare_cached(sql)?.execute(params![row.id, row.incident, life])?;
    one(writing.db, row.id)?.ok_or_else(|| unknown(row.id))
}

fn unknown(id: SummaryId) -> StoreError {
    StoreError::Unknown { what: "summary", id: id.to_string() }
}

fn seen(writing: &Writing<'_>, sight: Sight) -> Result<SummaryRow, StoreError> {
    let row = one(writing.db, sight.id)?.ok_or_else(|| unknown(sight.id))?;
    let now = row.summary.version;
    if now == sight.version { Ok(row) } else { Err(StoreError::Outdated { what: "summary", seen: sight.version, now }) }
}

/// A text that points at nobody, kept where it can be deleted.
fn drafted(
    writing: &mut Writing<'_>,
    incident: IncidentId,
    told: &Told,
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
) -> Result<SummaryCommand, StoreError> {
    if told.raised.trim().is_empty() || told.answered.trim().is_empty() {
        return Err(StoreError::Wordless);
    }
    let faults = faults(writing.db, incident, told)?;
    if !faults.is_empty() {
        return Err(StoreError::Private(faults));
    }
    let text = serde_json::to_string(told)?;
    Ok(SummaryCommand::Draft(decisions::noted(writing, &text, salts)?))
}

/// What points at a private person or a colleague.
fn faults(db: &Connection, incident: IncidentId, told: &Told) -> Result<Vec<Private>, StoreError> {
    let names = names(db, incident)?;
    Ok(private(&told.whole(), names.iter().map(String::as_str)))
}

/// Names of colleagues, and pseudonyms of those who spoke of the incident.
fn names(db: &Connection, incident: IncidentId) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT name FROM user WHERE name IS NOT NULL
               UNION SELECT p.author FROM (SELECT row FROM mention WHERE incident = ?1 ORDER BY row DESC LIMIT ?2) m
               JOIN post p ON p.row = m.row WHERE p.author IS NOT NULL";
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.query_map((incident, POSTS), |r| r.get(0))?.collect::<Result<_, _>>()?)
}

fn one(db: &Connection, id: SummaryId) -> Result<Option<SummaryRow>, StoreError> {
    let sql = "SELECT incident, life FROM summary WHERE id = ?1";
    let found = db.prepare_cached(sql)?.query_row([id], |r| Ok((r.get(0)?, r.get::<_, String>(1)?))).optional()?;
    let Some((incident, life)) = found else { return Ok(None) };
    let summary: Summary = serde_json::from_str(&life)?;
    let text = match &summary.text {
        Some(note) => {
            let sql = "SELECT text FROM note WHERE id = ?1";
            db.prepare_cached(sql)?.query_row([note.id], |r| r.get::<_, String>(0)).optional()?
        }
        None => None,
    };
    let told = text.map(|text| serde_json::from_str(&text)).transpose()?;
    Ok(Some(SummaryRow { id, incident, summary, told }))
}

impl Store {
    /// Takes what a person does about a summary for the public.
    ///
    /// # Errors
    /// The caller may not, it has changed since it was seen, its text points at a private person, or
    /// [`supervision::decide`] refuses; nothing is changed.
    pub fn supervise(&self, caller: &Caller, wanted: Supervising, now: Timestamp) -> Result<SummaryRow, StoreError> {
        let caller = caller.clone();
        self.run(move |w| supervise(w, &caller, &wanted, &mut salt, now))
    }
}

/// Summaries that are not handed out, each with what in it points at somebody.
pub type HeldBack = Vec<(SummaryId, Vec<Private>)>;

impl Reader {
    /// All summaries, in the order of their numbers.
    ///
    /// # Errors
    /// The file cannot be read; so for every question here.
    pub fn summaries(&self) -> Result<Vec<SummaryRow>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM summary ORDER BY id")?;
            let ids = statement.query_map([], |r| r.get(0))?.collect::<Result<Vec<SummaryId>, _>>()?;
            ids.into_iter().filter_map(|id| one(db, id).transpose()).collect()
        })
    }

    /// Those of an incident, in the order of their numbers.
    ///
    /// # Errors
    /// As above.
    pub fn summaries_of(&self, incident: IncidentId) -> Result<Vec<SummaryRow>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM summary WHERE incident = ?1 ORDER BY id")?;
            let ids = statement.query_map([incident], |r| r.get(0))?.collect::<Result<Vec<SummaryId>, _>>()?;
            ids.into_iter().filter_map(|id| one(db, id).transpose()).collect()
        })
    }

    /// What goes out: approved summaries, and figures that name nobody. A summary that points at somebody by now is
    /// held back, and the second list says which and why.
    ///
    /// # Errors
    /// As above.
    pub fn public(&self, now: Timestamp) -> Result<(Facts, HeldBack), StoreError> {
        let (mut summaries, mut held) = (Vec::new(), Vec::new());
        for row in self.summaries()?.into_iter().rev().filter(|row| row.summary.state == SummaryState::Approved) {
            let (Some(told), Some(incident)) = (row.told, self.standing(row.incident)?) else { continue };
            let faults = self.with(|db| faults(db, row.incident, &told))?;
            if !faults.is_empty() {
                held.push((row.id, faults));
                continue;
            }
            let approved = self.approved(row.incident, row.id)?.unwrap_or(now);
            let answered = first_answer(&incident);
            summaries.push(Public {
                id: row.id,
                category: incident.decided(),
                opened: incident.opened,
                answered,
                approved,
                told,
            });
        }
        let standings = self.standings()?;
        let counted = standings.iter().filter(|(_, incident)| incident.merged.is_none());
        let answered = counted.map(|(_, one)| Answered { first_sight: one.opened, at: first_answer(one) });
        let responses = responses(&answered.collect::<Vec<_>>(), now);
        Ok((Facts { summaries, responses, referrals: self.referred()? }, held))
    }

    /// When a summary was last approved.
    fn approved(&self, incident: IncidentId, id: SummaryId) -> Result<Option<Timestamp>, StoreError> {
        let history = self.history(incident)?;
        let approvals = history.iter().filter(|one| {
            matches!(&one.event, Event::Public { summary, done: SummaryEvent::Approved { .. } } if *summary == id)
        });
        Ok(approvals.map(|one| one.at).next_back())
    }

    fn referred(&self) -> Result<[u64; 3], StoreError> {
        let mut counts = [0; 3];
        for row in self.referrals()? {
            match row.referral.state {
                ReferralState::None => {}
                ReferralState::Proposed => counts[0] += 1,
                ReferralState::Approved => counts[1] += 1,
                ReferralState::Refused => counts[2] += 1,
            }
        }
        Ok(counts)
    }
}

fn first_answer(incident: &Incident) -> Option<Timestamp> {
    incident.answers.values().map(|(_, at)| *at).filter(|at| *at >= incident.opened).min()
}

//! Disclosures, in one transaction each: who is it, did they see this version, may they, which incidents are told.

use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::callers::{self, Caller};
use super::casefile::{CaseFile, unknown};
use super::error::StoreError;
use super::read::veil;
use super::replies::{self, Answering, Receipt, Sight, in_a_role};
use super::writer::Writing;
use super::{Reader, Store, decisions, incidents, outbox, plans, salt};
use crate::disclosure::life::{self, Answered, Around, DisclosureCommand, DisclosureRefusal};
use crate::disclosure::{BadTitle, Disclosure, DisclosureEntry, DisclosureEvent, DisclosureId, Kind, Text, calendar};
use crate::endorsement::Unfit;
use crate::incident::IncidentId;
use crate::incident::event::{Actor, Event};
use crate::incident::life::{Command, Incident};
use crate::notify::occasion::of_overdue;
use crate::permission::NO_INCIDENT;
use crate::plan::Plan;
use crate::user::Person;
use crate::user::right::Act;

/// Who tells that the time of a disclosure is up.
const CALENDAR: &str = "calendar@1";
/// Disclosures that are told of in one transaction.
const TOGETHER: usize = 256;

/// A moment that is set, or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum When {
    /// Then.
    At(Timestamp),
    /// At no particular time.
    Never,
}

impl When {
    const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Never => None,
        }
    }
}

/// What a disclosure is to be; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Composed {
    /// What it is.
    pub kind: Option<Kind>,
    /// Its title.
    pub title: Option<String>,
    /// Its text.
    pub body: Option<String>,
    /// The plan's channels.
    pub channels: Option<Vec<String>>,
    /// From when on it is to be published.
    pub planned: Option<When>,
    /// By when, everywhere.
    pub due: Option<When>,
    /// The incidents that it answers.
    pub answers: Option<Vec<IncidentId>>,
}

/// What a person does about a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Disclosing {
    /// Begin one.
    Draft(Composed),
    /// Change what it says, where it goes or when.
    Edit(Sight, Composed),
    /// Find it right.
    Review(Sight),
    /// Give it back, for a reason.
    Return(Sight, String),
    /// Stand behind it.
    Approve(Sight),
    /// Say that it was published on a channel, and under which account.
    Publish(Sight, String, String),
    /// Give up what is not published yet, for a reason.
    Drop(Sight, String),
}

impl Disclosing {
    /// The rights that it takes: those of answers.
    pub const ACTS: &[Act] = Answering::ACTS;

    /// The right that it takes; the plan may ask for more.
    #[must_use]
    pub const fn takes(&self) -> Act {
        match self {
            Self::Draft(_) | Self::Edit(..) | Self::Drop(..) => Act::DraftReply,
            Self::Review(_) | Self::Return(..) => Act::ReviewReply,
            Self::Approve(_) => Act::ApproveReply,
            Self::Publish(..) => Act::PublishReply,
        }
    }
}

/// A disclosure with its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DisclosureRow {
    /// Its number.
    pub id: DisclosureId,
    /// How it stands.
    pub disclosure: Disclosure,
    /// Title and text; `None` once they have been deleted.
    pub text: Option<Text>,
}

/// An entry of the record about one disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct DisclosureStep {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// What.
    pub done: DisclosureEvent,
    /// What was written with it, if it was a reason and has not been deleted.
    pub note: Option<String>,
}

/// An incident that a disclosure answers, as its rules see it.
struct Linked {
    id: IncidentId,
    plan: Arc<Plan>,
    incident: Incident,
}

/// A disclosure in the writer's hands.
struct Desk {
    row: DisclosureRow,
    plan: Arc<Plan>,
    linked: Vec<Linked>,
}

impl Desk {
    fn new(writing: &mut Writing<'_>) -> Result<Self, StoreError> {
        let sql = "SELECT coalesce(max(id), 0) + 1 FROM disclosure";
        let id = writing.db.prepare_cached(sql)?.query_row([], |r| r.get(0))?;
        Self::of(writing, DisclosureRow { id, disclosure: Disclosure::default(), text: None })
    }

    fn read(writing: &mut Writing<'_>, sight: Sight) -> Result<Self, StoreError> {
        let unknown = || StoreError::Unknown { what: "disclosure", id: sight.id.to_string() };
        let row = one(writing.db, sight.id)?.ok_or_else(unknown)?;
        let now = row.disclosure.version;
        if now != sight.version {
            return Err(StoreError::Outdated { what: "disclosure", seen: sight.version, now });
        }
        Self::of(writing, row)
    }

    fn of(writing: &mut Writing<'_>, row: DisclosureRow) -> Result<Self, StoreError> {
        let plan = plans::governing(writing, &Incident::default(), &Command::Ring)?;
        let linked = linked(writing, &row.disclosure.answers)?;
        Ok(Self { row, plan, linked })
    }

    /// Lets somebody act; appends and stores what follows, and tells the incidents.
    fn act(
        &mut self,
        writing: &mut Writing<'_>,
        person: &Person,
        command: &DisclosureCommand,
        accounts: &[String],
        now: Timestamp,
    ) -> Result<DisclosureEvent, StoreError> {
        // What answers something that they do not see is not theirs either.
        visible(writing, self.linked.iter().map(|linked| linked.id), person)?;
        let of_role = |refusal: &DisclosureRefusal| matches!(refusal, DisclosureRefusal::Unfit(Unfit::Role { .. }));
        let ask = |actor: &Actor| self.ask(command, actor, accounts, now);
        let (event, actor) = in_a_role(person, of_role, ask)?;
        self.take(writing, event.clone(), &actor, now)?;
        Ok(event)
    }

    fn ask(
        &self,
        command: &DisclosureCommand,
        actor: &Actor,
        accounts: &[String],
        now: Timestamp,
    ) -> Result<DisclosureEvent, DisclosureRefusal> {
        let answered: Vec<Answered<'_>> = self.linked.iter().map(Linked::answered).collect();
        let around = Around { plan: &self.plan, answered: &answered, accounts };
        life::decide(&self.row.disclosure, command.clone(), actor, &around, now)
    }

    fn take(
        &mut self,
        writing: &mut Writing<'_>,
        event: DisclosureEvent,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = self.row.id;
        let entry = DisclosureEntry::Disclosure { disclosure: id, done: event.clone() };
        incidents::append(writing, NO_INCIDENT, &entry, actor, now)?;
        let before = self.row.disclosure.answers.clone();
        life::apply(&mut self.row.disclosure, &event, actor, now);
        let disclosure = &self.row.disclosure;
        let life = serde_json::to_string(disclosure)?;
        let sql = "INSERT INTO disclosure (id, life, due) VALUES (?1, ?2, ?3)
                   ON CONFLICT (id) DO UPDATE SET life = ?2, due = ?3";
        writing.db.prepare_cached(sql)?.execute(params![id, life, calendar::to_tell(disclosure)])?;
        match &event {
            DisclosureEvent::Published { channel, .. } => tell(writing, id, channel, &disclosure.answers, actor, now),
            DisclosureEvent::Scheduled { .. } => {
                link(writing.db, id, &disclosure.answers)?;
                let joined: Vec<_> = disclosure.answers.iter().filter(|one| !before.contains(one)).copied().collect();
                self.linked = linked(writing, &self.row.disclosure.answers)?;
                let channels: Vec<String> = self.row.disclosure.outlets.keys().cloned().collect();
                channels.iter().try_for_each(|channel| tell(writing, id, channel, &joined, actor, now))
            }
            _ => Ok(()),
        }
    }
}

impl Linked {
    fn answered(&self) -> Answered<'_> {
        Answered {
            incident: self.id,
            plan: &self.plan,
            category: self.incident.decided(),
            major: self.plan.is_major(self.incident.level()),
        }
    }
}

fn linked(writing: &mut Writing<'_>, answers: &[IncidentId]) -> Result<Vec<Linked>, StoreError> {
    let of = |id: &IncidentId| {
        let file = CaseFile::read_where_its_posts_are(writing.db, *id)?;
        let plan = plans::governing(writing, &file.incident, &Command::Ring)?;
        Ok(Linked { id: file.id, plan, incident: file.incident })
    };
    answers.iter().map(of).collect()
}

fn visible(
    writing: &Writing<'_>,
    mut incidents: impl Iterator<Item = IncidentId>,
    person: &Person,
) -> Result<(), StoreError> {
    incidents.try_for_each(|id| if veil::sees(writing.db, &person.user, id)? { Ok(()) } else { Err(unknown(id)) })
}

/// The incidents say that something was published which answers them.
fn tell(
    writing: &mut Writing<'_>,
    disclosure: DisclosureId,
    channel: &str,
    answers: &[IncidentId],
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    for incident in answers {
        let event = Event::Disclosed { disclosure, channel: channel.to_owned() };
        incidents::append(writing, *incident, &event, actor, now)?;
    }
    Ok(())
}

fn link(db: &Connection, id: DisclosureId, answers: &[IncidentId]) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM disclosure_incident WHERE disclosure = ?1")?.execute([id])?;
    let mut insert =
        db.prepare_cached("INSERT OR IGNORE INTO disclosure_incident (incident, disclosure) VALUES (?1, ?2)")?;
    for incident in answers {
        insert.execute((incident, id))?;
    }
    Ok(())
}

/// The job behind [`Store::disclose`].
fn disclose(
    writing: &mut Writing<'_>,
    caller: &Caller,
    disclosing: &Disclosing,
    accounts: &[String],
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
    now: Timestamp,
) -> Result<DisclosureRow, StoreError> {
    let person = callers::person(writing, caller, now)?;
    let (mut desk, command) = match disclosing {
        Disclosing::Draft(composed) => {
            let desk = Desk::new(writing)?;
            return compose(writing, desk, composed, &person, salts, now);
        }
        Disclosing::Edit(sight, composed) => {
            let desk = Desk::read(writing, *sight)?;
            return compose(writing, desk, composed, &person, salts, now);
        }
        Disclosing::Review(sight) => (Desk::read(writing, *sight)?, DisclosureCommand::Review),
        Disclosing::Approve(sight) => (Desk::read(writing, *sight)?, DisclosureCommand::Approve),
        Disclosing::Return(sight, reason) => {
            let note = decisions::noted(writing, reason, salts)?;
            (Desk::read(writing, *sight)?, DisclosureCommand::Return { note })
        }
        Disclosing::Publish(sight, channel, account) => {
            let (channel, account) = (channel.clone(), account.clone());
            (Desk::read(writing, *sight)?, DisclosureCommand::Publish { channel, account })
        }
        Disclosing::Drop(sight, reason) => {
            let note = decisions::noted(writing, reason, salts)?;
            (Desk::read(writing, *sight)?, DisclosureCommand::Drop { note })
        }
    };
    desk.act(writing, &person, &command, accounts, now)?;
    Ok(desk.row)
}

/// Writes it, and gives it its place: whichever of the two is something new.
fn compose(
    writing: &mut Writing<'_>,
    mut desk: Desk,
    composed: &Composed,
    person: &Person,
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
    now: Timestamp,
) -> Result<DisclosureRow, StoreError> {
    let was = &desk.row.disclosure;
    let old = desk.row.text.clone().unwrap_or_default();
    let text =
        Text::new(composed.title.as_deref().unwrap_or(&old.title), composed.body.as_deref().unwrap_or(&old.body))?;
    let kind = composed.kind.unwrap_or(was.kind);
    let channels = composed.channels.clone().unwrap_or_else(|| was.channels.clone());
    let planned = composed.planned.map_or(was.planned, When::at);
    let due = composed.due.map_or(was.due, When::at);
    let answers = match &composed.answers {
        Some(named) => {
            let mut answers: Vec<_> = linked(writing, named)?.iter().map(|linked| linked.id).collect();
            answers.sort_unstable();
            answers.dedup();
            answers
        }
        None => was.answers.clone(),
    };
    let places: Vec<_> = linked(writing, &answers)?.iter().map(|linked| linked.id).collect();
    visible(writing, places.iter().copied(), person)?;
    replies::rests_on_what_is_there(writing.db, &places, &text.body)?;
    let said = desk.row.text.as_ref() != Some(&text) || kind != was.kind || channels != was.channels;
    let placed = (planned, due, &answers) != (was.planned, was.due, &was.answers);
    if said {
        let note = decisions::noted(writing, &text.written(), salts)?;
        let whole = !text.body.is_empty();
        desk.act(writing, person, &DisclosureCommand::Draft { kind, channels, text: note, whole }, &[], now)?;
        desk.row.text = Some(text);
    }
    if placed {
        desk.act(writing, person, &DisclosureCommand::Schedule { planned, due, answers }, &[], now)?;
    }
    Ok(desk.row)
}

/// The job behind [`Store::disclosure_receipt`].
fn receipt(
    writing: &mut Writing<'_>,
    caller: &Caller,
    (sight, channel): (Sight, &str),
    shown: &Receipt,
    now: Timestamp,
) -> Result<DisclosureRow, StoreError> {
    let person = callers::person(writing, caller, now)?;
    let mut desk = Desk::read(writing, sight)?;
    let command = DisclosureCommand::Receipt { channel: channel.to_owned(), shown: shown.shown() };
    desk.act(writing, &person, &command, &[], now)?;
    if let Receipt::Page { digest, .. } = shown {
        let sql = "INSERT OR IGNORE INTO disclosure_receipt (disclosure, digest) VALUES (?1, ?2)";
        writing.db.prepare_cached(sql)?.execute(params![desk.row.id, digest])?;
    }
    Ok(desk.row)
}

/// The job behind [`Store::tell_overdue`].
fn tell_overdue(writing: &mut Writing<'_>, now: Timestamp) -> Result<Vec<DisclosureId>, StoreError> {
    let sql = format!("SELECT id FROM disclosure WHERE due <= ?1 ORDER BY due LIMIT {TOGETHER}");
    let ids: Vec<DisclosureId> =
        writing.db.prepare_cached(&sql)?.query_map([now], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let actor = Actor::Machine { by: CALENDAR.to_owned() };
    for id in &ids {
        let unknown = || StoreError::Internal(format!("no disclosure {id}"));
        let row = one(writing.db, *id)?.ok_or_else(unknown)?;
        let mut desk = Desk::of(writing, row)?;
        let event = desk.ask(&DisclosureCommand::Ring, &actor, &[], now)?;
        if let DisclosureEvent::Overdue { due } = event {
            let notice = of_overdue(*id, due, &desk.row.disclosure.authors, &desk.plan);
            outbox::queue(writing.db, &[notice], now)?;
        }
        desk.take(writing, event, &actor, now)?;
    }
    Ok(ids)
}

fn one(db: &Connection, id: DisclosureId) -> Result<Option<DisclosureRow>, StoreError> {
    let sql =
        "SELECT life, (SELECT text FROM note WHERE id = json_extract(life, '$.text.id')) FROM disclosure WHERE id = ?1";
    let found =
        db.prepare_cached(sql)?.query_row([id], |r| Ok((r.get::<_, String>(0)?, r.get::<_, Option<String>>(1)?)));
    let row = |(life, text): (String, Option<String>)| {
        Ok(DisclosureRow { id, disclosure: serde_json::from_str(&life)?, text: text.as_deref().map(Text::read) })
    };
    found.optional()?.map(row).transpose()
}

impl From<BadTitle> for StoreError {
    fn from(error: BadTitle) -> Self {
        Self::Unwritten(error.to_string())
    }
}

impl Store {
    /// Takes what a person does about a disclosure; `accounts` are the organisation's registered ones.
    ///
    /// # Errors
    /// The caller may not, the disclosure has changed since it was seen, a citation names nothing, or
    /// [`life`](crate::disclosure::life::decide) refuses; nothing is changed.
    pub fn disclose(
        &self,
        caller: &Caller,
        disclosing: Disclosing,
        accounts: Vec<String>,
        now: Timestamp,
    ) -> Result<DisclosureRow, StoreError> {
        let caller = caller.clone();
        self.run(move |w| disclose(w, &caller, &disclosing, &accounts, &mut salt, now))
    }

    /// Keeps the receipt of a disclosure that was published on `channel`, which the store or its folder of documents has.
    ///
    /// # Errors
    /// As [`disclose`](Self::disclose).
    pub fn disclosure_receipt(
        &self,
        caller: &Caller,
        (sight, channel): (Sight, String),
        shown: Receipt,
        now: Timestamp,
    ) -> Result<DisclosureRow, StoreError> {
        let caller = caller.clone();
        self.run(move |w| receipt(w, &caller, (sight, &channel), &shown, now))
    }

    /// Tells which disclosures should have been published by now and are not, each due day once.
    ///
    /// # Errors
    /// Nothing is told; it will be the next time.
    pub fn tell_overdue(&self, now: Timestamp) -> Result<Vec<DisclosureId>, StoreError> {
        self.run(move |w| tell_overdue(w, now))
    }
}

impl Reader {
    /// One disclosure.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn disclosure(&self, id: DisclosureId) -> Result<Option<DisclosureRow>, StoreError> {
        self.with(|db| one(db, id))
    }

    /// All disclosures, or those that answer an incident, in the order of their numbers.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn disclosures(&self, incident: Option<IncidentId>) -> Result<Vec<DisclosureRow>, StoreError> {
        self.with(|db| {
            let sql = "SELECT id FROM disclosure WHERE ?1 IS NULL OR EXISTS
                       (SELECT 1 FROM disclosure_incident WHERE incident = ?1 AND disclosure = disclosure.id) ORDER BY id";
            let mut statement = db.prepare_cached(sql)?;
            let ids = statement.query_map([incident], |r| r.get(0))?.collect::<Result<Vec<DisclosureId>, _>>()?;
            Ok(ids.into_iter().map(|id| one(db, id)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
    }

    /// When it is next to be told that a disclosure is overdue.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_overdue(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT due FROM disclosure WHERE due IS NOT NULL ORDER BY due LIMIT 1";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([], |r| r.get(0)).optional()?))
    }

    /// All that has happened to a disclosure, in order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn disclosure_history(&self, id: DisclosureId) -> Result<Vec<DisclosureStep>, StoreError> {
        self.with(|db| {
            let sql =
                "SELECT at, actor, body FROM event WHERE incident = ?1 AND json_extract(body, '$.disclosure') = ?2
                       ORDER BY seq";
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([NO_INCIDENT, id])?;
            let mut text = db.prepare_cached("SELECT text FROM note WHERE id = ?1")?;
            let mut steps = Vec::new();
            while let Some(r) = rows.next()? {
                let DisclosureEntry::Disclosure { done, .. } = serde_json::from_str(&r.get::<_, String>(2)?)?;
                let note = match &done {
                    DisclosureEvent::Returned { note } | DisclosureEvent::Dropped { note } => {
                        text.query_row([note.id], |r| r.get(0)).optional()?
                    }
                    _ => None,
                };
                steps.push(DisclosureStep {
                    at: r.get(0)?,
                    by: serde_json::from_str(&r.get::<_, String>(1)?)?,
                    done,
                    note,
                });
            }
            Ok(steps)
        })
    }
}

//! Answers, in one transaction each: who is it, did they see this version, may they, what does it mean for the
//! incident.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::callers::{self, Caller};
use super::casefile::CaseFile;
use super::error::StoreError;
use super::writer::Writing;
use super::{Reader, Store, decisions, incidents, outbox, plans, salt};
use crate::endorsement::Unfit;
use crate::hex::{hex, unhex};
use crate::incident::IncidentId;
use crate::incident::event::{Actor, Event};
use crate::incident::life::Command;
use crate::notify::occasion::of_reply;
use crate::plan::answer::Form;
use crate::reply::citation::{self, Citation};
use crate::reply::life::{self, Around, ReplyCommand, ReplyRefusal};
use crate::reply::{self, Reply, ReplyEvent, ReplyId, ReplyState};
use crate::user::right::Act;
use crate::user::{Denied, Person};

/// A reply or a referral as somebody saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sight {
    /// Its number.
    pub id: i64,
    /// The version that was seen.
    pub version: u64,
}

/// What a person does about an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Answering {
    /// Write one.
    Draft {
        /// For which incident.
        incident: IncidentId,
        /// The reply that is written anew; a new one otherwise.
        reply: Option<Sight>,
        /// As what it is to be published.
        form: Form,
        /// The plan's channel.
        channel: String,
        /// The text.
        text: String,
    },
    /// Find it right.
    Review(Sight),
    /// Give it back, for a reason.
    Return(Sight, String),
    /// Stand behind it.
    Approve(Sight),
    /// Say that it was published, and under which account.
    Publish(Sight, String),
}

impl Answering {
    /// The rights that it takes.
    pub const ACTS: &[Act] = &[Act::DraftReply, Act::ReviewReply, Act::ApproveReply, Act::PublishReply];

    /// The right that it takes; the plan may ask for more.
    #[must_use]
    pub const fn takes(&self) -> Act {
        match self {
            Self::Draft { .. } => Act::DraftReply,
            Self::Review(_) | Self::Return(..) => Act::ReviewReply,
            Self::Approve(_) => Act::ApproveReply,
            Self::Publish(..) => Act::PublishReply,
        }
    }

    const fn sight(&self) -> Option<Sight> {
        match self {
            Self::Draft { reply, .. } => *reply,
            Self::Review(sight) | Self::Return(sight, _) | Self::Approve(sight) | Self::Publish(sight, _) => {
                Some(*sight)
            }
        }
    }
}

/// What shows that a reply was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receipt {
    /// A page that was captured.
    Page {
        /// SHA-256 of what the site answered.
        digest: [u8; 32],
        /// The published text was found on it.
        found: bool,
    },
    /// A kept document, by its SHA-256 in hex.
    Document(String),
}

impl Receipt {
    /// As the events of what was published have it.
    pub(super) fn shown(&self) -> reply::Receipt {
        match self {
            Self::Page { digest, found } => reply::Receipt { capture: hex(digest), document: false, found: *found },
            Self::Document(digest) => reply::Receipt { capture: digest.clone(), document: true, found: false },
        }
    }
}

/// A reply with its number and its incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReplyRow {
    /// Its number.
    pub id: ReplyId,
    /// What it answers.
    pub incident: IncidentId,
    /// How it stands.
    pub reply: Reply,
}

/// A reply in the writer's hands.
struct Answer {
    row: ReplyRow,
    file: CaseFile,
}

impl Answer {
    fn read(writing: &Writing<'_>, sight: Sight, person: &Person) -> Result<Self, StoreError> {
        let unknown = || StoreError::Unknown { what: "reply", id: sight.id.to_string() };
        let row = one(writing.db, sight.id)?.ok_or_else(unknown)?;
        let now = row.reply.version;
        if now != sight.version {
            return Err(StoreError::Outdated { what: "reply", seen: sight.version, now });
        }
        let file = CaseFile::read_by(writing.db, row.incident, person)?;
        Ok(Self { row, file })
    }

    fn new(writing: &Writing<'_>, incident: IncidentId, person: &Person) -> Result<Self, StoreError> {
        let file = CaseFile::read_by(writing.db, incident, person)?;
        let sql = "SELECT coalesce(max(id), 0) + 1 FROM reply";
        let id = writing.db.prepare_cached(sql)?.query_row([], |r| r.get(0))?;
        Ok(Self { row: ReplyRow { id, incident, reply: Reply::default() }, file })
    }

    /// Lets the person act, in the first of their roles that may; appends and stores what follows.
    fn act(
        &mut self,
        writing: &mut Writing<'_>,
        person: &Person,
        command: &ReplyCommand,
        accounts: &[String],
        now: Timestamp,
    ) -> Result<(ReplyEvent, Actor), StoreError> {
        let incident = &self.file.incident;
        let plan = plans::governing(writing, incident, &Command::Ring)?;
        let around = Around {
            plan: &plan,
            category: incident.decided(),
            major: plan.is_major(incident.level()),
            open: incident.state.is_open(),
            accounts,
        };
        let of_role = |refusal: &ReplyRefusal| matches!(refusal, ReplyRefusal::Unfit(Unfit::Role { .. }));
        let ask = |actor: &Actor| life::decide(&self.row.reply, command.clone(), actor, &around);
        let (event, actor) = in_a_role(person, of_role, ask)?;
        let entry = Event::Reply { reply: self.row.id, done: event.clone() };
        incidents::append(writing, self.row.incident, &entry, &actor, now)?;
        life::apply(&mut self.row.reply, &event, &actor, now);
        let waits = of_reply(self.row.incident, self.row.id, &event, &self.row.reply, &self.file.incident, &plan);
        outbox::queue(writing.db, waits.as_slice(), now)?;
        let life = serde_json::to_string(&self.row.reply)?;
        writing
            .db
            .prepare_cached(
                "INSERT INTO reply (id, incident, life) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET life = ?3",
            )?
            .execute(params![self.row.id, self.row.incident, life])?;
        Ok((event, actor))
    }
}

/// Asks in each role of a person, as [`Person::in_a_role`].
pub(super) fn in_a_role<T, E: Into<StoreError>>(
    person: &Person,
    of_role: impl Fn(&E) -> bool,
    ask: impl FnMut(&Actor) -> Result<T, E>,
) -> Result<(T, Actor), StoreError> {
    person.in_a_role(of_role, ask).map_err(|refused| refused.map_or(StoreError::Denied(Denied::NoRole), Into::into))
}

/// The job behind [`Store::answer`].
fn answer(
    writing: &mut Writing<'_>,
    caller: &Caller,
    answering: &Answering,
    accounts: &[String],
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
    now: Timestamp,
) -> Result<ReplyRow, StoreError> {
    let person = callers::person(writing, caller, now)?;
    let mut answer = match (answering.sight(), answering) {
        (Some(sight), _) => Answer::read(writing, sight, &person)?,
        (None, Answering::Draft { incident, .. }) => Answer::new(writing, *incident, &person)?,
        (None, _) => return Err(StoreError::Internal("only a draft begins a reply".to_owned())),
    };
    let command = match answering {
        Answering::Draft { form, channel, text, .. } => {
            rests_on_what_is_there(writing.db, &[answer.row.incident], text)?;
            let text = decisions::noted(writing, text, salts)?;
            ReplyCommand::Draft { form: *form, channel: channel.clone(), text }
        }
        Answering::Review(_) => ReplyCommand::Review,
        Answering::Return(_, reason) => ReplyCommand::Return { note: decisions::noted(writing, reason, salts)? },
        Answering::Approve(_) => ReplyCommand::Approve,
        Answering::Publish(_, account) => ReplyCommand::Publish { account: account.clone() },
    };
    answer.act(writing, &person, &command, accounts, now)?;
    Ok(answer.row)
}

/// Posts that a draft cites belong to one of its incidents; whether its documents are kept is known outside.
pub(super) fn rests_on_what_is_there(db: &Connection, incidents: &[IncidentId], text: &str) -> Result<(), StoreError> {
    let mut statement =
        db.prepare_cached("SELECT 1 FROM mention WHERE row = ?1 AND incident IN (SELECT value FROM json_each(?2))")?;
    let incidents = serde_json::to_string(incidents)?;
    let mut failed = None;
    let wrong = citation::check(text, |cited| match cited {
        Citation::Post(row) => statement.exists(params![row, incidents]).unwrap_or_else(|error| {
            failed = Some(error);
            true
        }),
        Citation::Document(_) => true,
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    if wrong.is_empty() { Ok(()) } else { Err(StoreError::Groundless(wrong)) }
}

/// The job behind [`Store::receipt`].
fn receipt(
    writing: &mut Writing<'_>,
    caller: &Caller,
    sight: Sight,
    receipt: &Receipt,
    now: Timestamp,
) -> Result<ReplyRow, StoreError> {
    let person = callers::person(writing, caller, now)?;
    let mut answer = Answer::read(writing, sight, &person)?;
    let (_, actor) = answer.act(writing, &person, &ReplyCommand::Receipt(receipt.shown()), &[], now)?;
    if let Receipt::Page { digest, .. } = receipt {
        let sql = "INSERT OR IGNORE INTO receipt (reply, digest) VALUES (?1, ?2)";
        writing.db.prepare_cached(sql)?.execute(params![answer.row.id, digest])?;
    }
    let (reply, form) = (answer.row.id, answer.row.reply.form);
    if !answer.file.incident.answers.contains_key(&reply) {
        answer.file.act(writing, Command::Answered { reply, form }, &actor, None, now)?;
        answer.file.write(writing, None)?;
    }
    Ok(answer.row)
}

fn row((id, incident, life): (ReplyId, IncidentId, String)) -> Result<ReplyRow, StoreError> {
    Ok(ReplyRow { id, incident, reply: serde_json::from_str(&life)? })
}

fn one(db: &Connection, id: ReplyId) -> Result<Option<ReplyRow>, StoreError> {
    let sql = "SELECT incident, life FROM reply WHERE id = ?1";
    let found = db.prepare_cached(sql)?.query_row([id], |r| Ok((r.get(0)?, r.get::<_, String>(1)?))).optional()?;
    found.map(|(incident, life)| row((id, incident, life))).transpose()
}

impl Store {
    /// Takes what a person does about an answer; `accounts` are the organisation's registered ones.
    ///
    /// # Errors
    /// The caller may not, the reply has changed since it was seen, a citation names nothing, or
    /// [`life`](crate::reply::life::decide) refuses; nothing is changed.
    pub fn answer(
        &self,
        caller: &Caller,
        answering: Answering,
        accounts: Vec<String>,
        now: Timestamp,
    ) -> Result<ReplyRow, StoreError> {
        let caller = caller.clone();
        self.run(move |w| answer(w, &caller, &answering, &accounts, &mut salt, now))
    }

    /// Keeps the receipt of a published reply, which the store or its folder of documents has; the incident is answered by it.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub fn receipt(
        &self,
        caller: &Caller,
        sight: Sight,
        shown: Receipt,
        now: Timestamp,
    ) -> Result<ReplyRow, StoreError> {
        let caller = caller.clone();
        self.run(move |w| receipt(w, &caller, sight, &shown, now))
    }
}

impl Reader {
    /// One reply.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn reply(&self, id: ReplyId) -> Result<Option<ReplyRow>, StoreError> {
        self.with(|db| one(db, id))
    }

    /// All replies, or those of an incident, in the order of their numbers.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn replies(&self, incident: Option<IncidentId>) -> Result<Vec<ReplyRow>, StoreError> {
        self.with(|db| {
            let sql = "SELECT id, incident, life FROM reply WHERE ?1 IS NULL OR incident = ?1 ORDER BY id";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([incident], |r| Ok((r.get(0)?, r.get(1)?, r.get::<_, String>(2)?)))?;
            rows.map(|found| row(found?)).collect()
        })
    }

    /// Replies in some of the states, the newest first: at most `limit` of those before a number, all when there is none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn replies_in(
        &self,
        states: &[ReplyState],
        before: Option<ReplyId>,
        limit: usize,
    ) -> Result<Vec<ReplyRow>, StoreError> {
        let states = serde_json::to_string(states)?;
        self.with(|db| {
            let sql = "SELECT id, incident, life FROM reply WHERE id < ?1
                       AND life ->> 'state' IN (SELECT value FROM json_each(?2)) ORDER BY id DESC LIMIT ?3";
            let mut statement = db.prepare_cached(sql)?;
            let found = params![before.unwrap_or(i64::MAX), states, i64::try_from(limit).unwrap_or(i64::MAX)];
            let rows = statement.query_map(found, |r| Ok((r.get(0)?, r.get(1)?, r.get::<_, String>(2)?)))?;
            rows.map(|found| row(found?)).collect()
        })
    }

    /// Where the capture of a receipt came from, and when it was made.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn receipt_of(&self, capture: &str) -> Result<Option<(String, Timestamp)>, StoreError> {
        let Some(digest) = unhex(capture) else { return Ok(None) };
        let sql = "SELECT url, at FROM capture WHERE digest = ?1 ORDER BY id DESC LIMIT 1";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([digest], |r| Ok((r.get(0)?, r.get(1)?))).optional()?))
    }
}

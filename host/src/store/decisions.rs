//! What people decide, in one transaction each: who is it, what did they see, what follows, on which incidents.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::callers::{self, Caller};
use super::casefile::CaseFile;
use super::error::StoreError;
use super::users;
use super::writer::Writing;
use super::{Reader, Store, incidents, regroup, salt};
use crate::incident::event::{Event, Note};
use crate::incident::life::{Command, Given, Grouped, Incident, Refusal};
use crate::incident::{Category, IncidentId, State};
use crate::plan::playbook::EvidenceKind;
use crate::user::Person;
use crate::user::right::Act;

/// An incident as somebody saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The incident.
    pub id: IncidentId,
    /// The version that was seen; `None` only for what does not depend on it.
    pub version: Option<u64>,
}

/// What a person decides about an incident; texts are kept where they can be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Decision {
    /// What it is.
    Assess {
        /// The category.
        category: Category,
        /// The level, if it is decided too.
        level: Option<String>,
        /// Why.
        reason: String,
    },
    /// How serious it is.
    SetLevel {
        /// The level.
        level: String,
        /// Why.
        reason: String,
    },
    /// Whose it is: a user's identifier or name.
    Assign(String),
    /// A step is done.
    DoStep {
        /// The step.
        step: String,
        /// What shows it.
        evidence: Vec<Shown>,
    },
    /// A step does not apply.
    WaiveStep {
        /// The step.
        step: String,
        /// Why.
        reason: String,
    },
    /// A step has to be done again.
    SendBack {
        /// The step.
        step: String,
        /// Why.
        reason: String,
    },
    /// Something to remember.
    Note(String),
    /// It was seen that its clocks ran out, or that somebody escalated it.
    Acknowledge,
    /// Those who decide are to look at it now, for a reason.
    Escalate(String),
    /// The assessment of a moment ago was a slip.
    TakeBack,
    /// Only those who decide, its owner and the owner's unit are to see it and what was merged into it, for a reason.
    Restrict(String),
    /// Everybody at the desk is to see it again, for a reason.
    Unrestrict(String),
    /// Its clocks stand still, for a reason.
    Pause(String),
    /// They run again, for a reason.
    Resume(String),
    /// It is handled, in words.
    Close(String),
    /// It is not over, for a reason.
    Reopen(String),
    /// Nothing is to be done, for a reason.
    Dismiss(String),
    /// It is one matter with another incident, which takes its posts.
    Merge(Seen),
    /// These posts of it, by row key, are another matter.
    Split(Vec<i64>),
    /// Its latest merge or split was wrong.
    Undo,
}

impl Decision {
    /// The rights that decisions take.
    pub const ACTS: &[Act] = &[
        Act::Assess,
        Act::SetLevel,
        Act::Assign,
        Act::DoStep,
        Act::WaiveStep,
        Act::Note,
        Act::Acknowledge,
        Act::Escalate,
        Act::Pause,
        Act::Close,
        Act::Reopen,
        Act::Dismiss,
        Act::Restrict,
        Act::Group,
    ];

    /// The right that it takes; the plan may ask for more.
    #[must_use]
    pub const fn takes(&self) -> Act {
        match self {
            Self::Assess { .. } | Self::TakeBack => Act::Assess,
            Self::SetLevel { .. } => Act::SetLevel,
            Self::Assign(_) => Act::Assign,
            Self::DoStep { .. } => Act::DoStep,
            Self::WaiveStep { .. } | Self::SendBack { .. } => Act::WaiveStep,
            Self::Note(_) => Act::Note,
            Self::Acknowledge => Act::Acknowledge,
            Self::Escalate(_) => Act::Escalate,
            Self::Pause(_) | Self::Resume(_) => Act::Pause,
            Self::Close(_) => Act::Close,
            Self::Reopen(_) => Act::Reopen,
            Self::Dismiss(_) => Act::Dismiss,
            Self::Restrict(_) | Self::Unrestrict(_) => Act::Restrict,
            Self::Merge(_) | Self::Split(_) | Self::Undo => Act::Group,
        }
    }
}

/// A piece of evidence, as it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Shown {
    /// Words.
    Note(String),
    /// A file that is kept, by its SHA-256 in hex.
    Document(String),
    /// A captured post of the incident.
    Capture(i64),
    /// A published reply.
    Reply(i64),
    /// A file that is kept, by its SHA-256 in hex, and whose consent it is.
    Consent(String, String),
    /// A decision about a legal referral.
    Referral(i64),
}

/// Where a decision has left its incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Decided {
    /// The incident.
    pub id: IncidentId,
    /// Its version now.
    pub version: u64,
    /// Where it stands.
    pub state: State,
    /// The other incident, of a merge, a split or an undo.
    pub other: Option<IncidentId>,
    /// What was recorded, of both.
    pub events: Vec<Event>,
}

impl Decided {
    fn of(file: &CaseFile, other: Option<&CaseFile>, events: Vec<Event>) -> Self {
        let Incident { version, state, .. } = file.incident;
        Self { id: file.id, version, state, other: other.map(|file| file.id), events }
    }
}

/// The job behind [`Store::decide`].
fn decide(
    writing: &mut Writing<'_>,
    caller: &Caller,
    seen: Seen,
    decision: &Decision,
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
    now: Timestamp,
) -> Result<Decided, StoreError> {
    let person = callers::person(writing, caller, now)?;
    let decider = Decider { person: &person, now };
    match decision {
        Decision::Merge(into) => regroup::merge(writing, decider, seen, *into),
        Decision::Split(rows) => regroup::split(writing, decider, seen, rows),
        Decision::Undo => regroup::undo(writing, decider, seen),
        single => {
            let mut file = CaseFile::read_by(writing.db, seen.id, &person)?;
            let command = command(writing, seen.id, single, salts)?;
            let events = decider.act(writing, &mut file, command.clone(), seen.version)?;
            file.write(writing, None)?;
            if matches!(command, Command::Restrict(_) | Command::Unrestrict(_)) {
                decider.follow(writing, &file, &command)?;
            }
            Ok(Decided::of(&file, None, events))
        }
    }
}

/// Who decides, and when.
#[derive(Clone, Copy)]
pub(super) struct Decider<'a> {
    pub(super) person: &'a Person,
    pub(super) now: Timestamp,
}

impl Decider<'_> {
    /// Lets the person act on an incident, in the first of their roles that may.
    pub(super) fn act(
        self,
        writing: &mut Writing<'_>,
        file: &mut CaseFile,
        command: Command,
        seen: Option<u64>,
    ) -> Result<Vec<Event>, StoreError> {
        let mut refused = None;
        for role in &self.person.roles {
            match file.act(writing, command.clone(), &self.person.in_role(*role), seen, self.now) {
                Err(StoreError::Refused(Refusal::Role(..))) if refused.is_some() => {}
                Err(refusal @ StoreError::Refused(Refusal::Role(..))) => refused = Some(refusal),
                Err(StoreError::Refused(Refusal::Stale { seen, now })) => {
                    return Err(StoreError::Overtaken { seen, now, changes: changes(writing, file.id, seen)? });
                }
                done => return done,
            }
        }
        Err(refused.unwrap_or(StoreError::Denied(crate::user::Denied::NoRole)))
    }

    /// What was merged into an incident is as restricted as it is: its history is one with it.
    fn follow(self, writing: &mut Writing<'_>, whole: &CaseFile, command: &Command) -> Result<(), StoreError> {
        for grouped in &whole.incident.grouped {
            let Grouped::Merged(from) = grouped else { continue };
            let mut part = CaseFile::read(writing.db, *from)?;
            if part.incident.restricted != whole.incident.restricted {
                self.act(writing, &mut part, command.clone(), None)?;
                part.write(writing, None)?;
            }
            self.follow(writing, &part, command)?;
        }
        Ok(())
    }

    pub(super) fn decided(file: &CaseFile, other: &CaseFile, events: Vec<Event>) -> Decided {
        Decided::of(file, Some(other), events)
    }
}

/// Decisions since a version, one line each.
fn changes(writing: &Writing<'_>, id: IncidentId, seen: u64) -> Result<Vec<String>, StoreError> {
    let history = incidents::history(writing.db, id)?;
    let decisions = history.iter().filter(|recorded| recorded.event.is_decision()).zip(1_u64..);
    let later = decisions.filter(|(_, version)| *version > seen);
    Ok(later.map(|(recorded, _)| format!("{} by {}", recorded.event.name(), recorded.by.label())).collect())
}

/// A decision with its texts put where they can be deleted.
fn command(
    writing: &Writing<'_>,
    id: IncidentId,
    decision: &Decision,
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
) -> Result<Command, StoreError> {
    let mut note = |text: &str| noted(writing, text, salts);
    Ok(match decision {
        Decision::Assess { category, level, reason } => {
            Command::Assess { category: *category, level: level.clone(), note: note(reason)? }
        }
        Decision::SetLevel { level, reason } => Command::SetLevel { level: level.clone(), note: note(reason)? },
        Decision::Assign(user) => Command::Assign { user: users::identified(writing.db, user)? },
        Decision::DoStep { step, evidence } => {
            let evidence = evidence.iter().map(|shown| given(writing, id, shown, salts)).collect::<Result<_, _>>()?;
            Command::DoStep { step: step.clone(), evidence }
        }
        Decision::WaiveStep { step, reason } => Command::WaiveStep { step: step.clone(), note: note(reason)? },
        Decision::SendBack { step, reason } => Command::SendBack { step: step.clone(), note: note(reason)? },
        Decision::Note(text) => Command::Note(note(text)?),
        Decision::Acknowledge => Command::Acknowledge,
        Decision::Escalate(reason) => Command::Escalate(note(reason)?),
        Decision::TakeBack => Command::TakeBack,
        Decision::Pause(reason) => Command::Pause(note(reason)?),
        Decision::Resume(reason) => Command::Resume(note(reason)?),
        Decision::Close(reason) => Command::Close(note(reason)?),
        Decision::Reopen(reason) => Command::Reopen(note(reason)?),
        Decision::Dismiss(reason) => Command::Dismiss(note(reason)?),
        Decision::Restrict(reason) => Command::Restrict(note(reason)?),
        Decision::Unrestrict(reason) => Command::Unrestrict(note(reason)?),
        Decision::Merge(_) | Decision::Split(_) | Decision::Undo => {
            return Err(StoreError::Internal("a regrouping is no single command".to_owned()));
        }
    })
}

pub(super) fn noted(
    writing: &Writing<'_>,
    text: &str,
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
) -> Result<Note, StoreError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(StoreError::Wordless);
    }
    incidents::note(writing.db, &salts()?, text)
}

/// Evidence whose existence the store knows of.
fn given(
    writing: &Writing<'_>,
    id: IncidentId,
    shown: &Shown,
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
) -> Result<Given, StoreError> {
    Ok(match shown {
        Shown::Note(text) => Given::Note(noted(writing, text, salts)?),
        Shown::Document(digest) => Given::Document(digest.clone()),
        Shown::Consent(digest, whose) => Given::Consent(digest.clone(), noted(writing, whose, salts)?),
        Shown::Capture(row) => {
            let sql = "SELECT 1 FROM mention WHERE row = ?1 AND incident = ?2";
            if !writing.db.prepare_cached(sql)?.exists(params![row, id])? {
                return Err(Refusal::NoEvidence { kind: EvidenceKind::Capture, id: *row }.into());
            }
            Given::Capture(*row)
        }
        Shown::Reply(reply) => Given::Reply(*reply),
        Shown::Referral(referral) => Given::Referral(*referral),
    })
}

impl Store {
    /// Takes a person's decision about an incident.
    ///
    /// # Errors
    /// The caller may not, the incident has changed since it was seen, or
    /// [`life`](fn@crate::incident::life::decide) refuses; nothing is changed.
    pub fn decide(
        &self,
        caller: &Caller,
        seen: Seen,
        decision: Decision,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        let caller = caller.clone();
        self.run(move |w| decide(w, &caller, seen, &decision, &mut salt, now))
    }

    /// Writes down that the evidence of an incident is handed out, in a file with this SHA-256 in hex. Whoever asks may;
    /// before there are users, the account of the machine does.
    ///
    /// # Errors
    /// The caller may not, or there is no such incident; nothing is written down.
    pub fn hand_out(
        &self,
        caller: &Caller,
        incident: IncidentId,
        sha256: String,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let actor = callers::allowed(w, &caller, Act::ExportEvidence, now)?;
            let mut file = CaseFile::read(w.db, incident)?;
            let events = file.act(w, Command::HandOut(sha256), &actor, None, now)?;
            file.write(w, None)?;
            Ok(Decided::of(&file, None, events))
        })
    }
}

impl Reader {
    /// How an incident stands: the snapshot of its events.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn standing(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        self.with(|db| match CaseFile::read(db, id) {
            Ok(file) => Ok(Some(file.incident)),
            Err(StoreError::Unknown { .. }) => Ok(None),
            Err(error) => Err(error),
        })
    }

    /// How all incidents stand, in the order of their numbers.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn standings(&self) -> Result<Vec<(IncidentId, Incident)>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM incident ORDER BY id")?;
            let ids = statement.query_map([], |r| r.get(0))?.collect::<Result<Vec<IncidentId>, _>>()?;
            ids.into_iter().map(|id| Ok((id, CaseFile::read(db, id)?.incident))).collect()
        })
    }
}

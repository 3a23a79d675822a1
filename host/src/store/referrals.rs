//! Referrals, in one transaction each. The gate is asked here, because only the writer knows at the same moment what
//! the incident is, how it was answered and what was refused before.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::callers::{self, Caller};
use super::casefile::CaseFile;
use super::error::StoreError;
use super::replies::{Sight, in_a_role};
use super::writer::Writing;
use super::{Reader, Store, decisions, incidents, plans, salt};
use crate::incident::IncidentId;
use crate::incident::event::{Actor, Event};
use crate::incident::life::{Command, Incident};
use crate::plan::Plan;
use crate::plan::playbook::{EvidenceKind, Step};
use crate::referral::gate::{self, Claim};
use crate::referral::{self, Referral, ReferralCommand, ReferralEvent, ReferralId, ReferralRefusal, ReferralState};
use crate::user::Person;
use crate::user::right::Act;

/// What a person does about a referral.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Referring {
    /// Propose one.
    Propose {
        /// The incident.
        incident: IncidentId,
        /// The post that makes the claim.
        post: i64,
        /// The claim, in the proposer's words.
        claim: String,
        /// SHA-256 of kept documents that show that it is false.
        evidence: Vec<String>,
    },
    /// Agree, for a reason.
    Approve(Sight, String),
    /// Do not agree, for a reason: it is over.
    Refuse(Sight, String),
    /// Hand it out: the digest of what is handed out, in hex.
    Export(Sight, String),
}

impl Referring {
    /// The rights that it takes.
    pub const ACTS: &[Act] = &[Act::ProposeReferral, Act::DecideReferral, Act::ExportReferral];

    /// The right that it takes.
    #[must_use]
    pub const fn takes(&self) -> Act {
        match self {
            Self::Propose { .. } => Act::ProposeReferral,
            Self::Approve(..) | Self::Refuse(..) => Act::DecideReferral,
            Self::Export(..) => Act::ExportReferral,
        }
    }
}

/// A referral with its number and its incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReferralRow {
    /// Its number.
    pub id: ReferralId,
    /// The incident.
    pub incident: IncidentId,
    /// How it stands.
    pub referral: Referral,
}

/// A referral in the writer's hands.
struct Case {
    row: ReferralRow,
    file: CaseFile,
}

impl Case {
    fn read(writing: &Writing<'_>, sight: Sight, person: &Person) -> Result<Self, StoreError> {
        let unknown = || StoreError::Unknown { what: "referral", id: sight.id.to_string() };
        let row = one(writing.db, sight.id)?.ok_or_else(unknown)?;
        let now = row.referral.version;
        if now != sight.version {
            return Err(StoreError::Outdated { what: "referral", seen: sight.version, now });
        }
        let file = CaseFile::read_by(writing.db, row.incident, person)?;
        Ok(Self { row, file })
    }

    fn new(writing: &Writing<'_>, incident: IncidentId, person: &Person) -> Result<Self, StoreError> {
        let file = CaseFile::read_by(writing.db, incident, person)?;
        let sql = "SELECT coalesce(max(id), 0) + 1 FROM referral";
        let id = writing.db.prepare_cached(sql)?.query_row([], |r| r.get(0))?;
        Ok(Self { row: ReferralRow { id, incident, referral: Referral::default() }, file })
    }

    fn act(
        &mut self,
        writing: &mut Writing<'_>,
        person: &Person,
        command: &ReferralCommand,
        now: Timestamp,
    ) -> Result<Actor, StoreError> {
        let plan = plans::governing(writing, &self.file.incident, &Command::Ring)?;
        let rests = plan.referral.cooling_off.0;
        let of_role = |refusal: &ReferralRefusal| matches!(refusal, ReferralRefusal::Role { .. });
        let ask = |actor: &Actor| referral::decide(&self.row.referral, command.clone(), actor, rests, now);
        let (event, actor) = in_a_role(person, of_role, ask)?;
        let entry = Event::Referral { referral: self.row.id, done: event.clone() };
        incidents::append(writing, self.row.incident, &entry, &actor, now)?;
        referral::apply(&mut self.row.referral, &event, &actor);
        let Referral { post, state, .. } = self.row.referral;
        let life = serde_json::to_string(&self.row.referral)?;
        let sql = "INSERT INTO referral (id, incident, post, life) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (id) DO UPDATE SET life = ?4";
        writing.db.prepare_cached(sql)?.execute(params![self.row.id, self.row.incident, post, life])?;
        let decided = matches!(state, ReferralState::Approved | ReferralState::Refused);
        if decided && !matches!(event, ReferralEvent::Exported { .. }) {
            let approved = state == ReferralState::Approved;
            let command = Command::Referred { referral: self.row.id, approved };
            self.file.act(writing, command, &actor, None, now)?;
            self.file.write(writing, None)?;
        }
        Ok(actor)
    }
}

/// The job behind [`Store::refer`].
fn refer(
    writing: &mut Writing<'_>,
    caller: &Caller,
    referring: &Referring,
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
    now: Timestamp,
) -> Result<ReferralRow, StoreError> {
    let person = callers::person(writing, caller, now)?;
    let (mut case, command) = match referring {
        Referring::Propose { incident, post, claim, evidence } => {
            let case = Case::new(writing, *incident, &person)?;
            let passed = pass(writing, &case.file, *post, claim, evidence, salts)?;
            (case, ReferralCommand::Propose(passed))
        }
        Referring::Approve(sight, reason) => {
            let note = decisions::noted(writing, reason, salts)?;
            (Case::read(writing, *sight, &person)?, ReferralCommand::Approve { note })
        }
        Referring::Refuse(sight, reason) => {
            let note = decisions::noted(writing, reason, salts)?;
            (Case::read(writing, *sight, &person)?, ReferralCommand::Refuse { note })
        }
        Referring::Export(sight, sha256) => {
            (Case::read(writing, *sight, &person)?, ReferralCommand::Export { sha256: sha256.clone() })
        }
    };
    case.act(writing, &person, &command, now)?;
    Ok(case.row)
}

/// Asks the gate about a claim of this incident.
fn pass(
    writing: &mut Writing<'_>,
    file: &CaseFile,
    post: i64,
    text: &str,
    evidence: &[String],
    salts: &mut dyn FnMut() -> Result<[u8; 16], StoreError>,
) -> Result<gate::Passed, StoreError> {
    let sql = "SELECT 1 FROM mention WHERE row = ?1 AND incident = ?2";
    if !writing.db.prepare_cached(sql)?.exists(params![post, file.id])? {
        return Err(StoreError::Unknown { what: "post of this incident", id: post.to_string() });
    }
    let plan = plans::governing(writing, &file.incident, &Command::Ring)?;
    let refused_before = refused(writing.db, post)?;
    let claim = Claim {
        category: file.incident.decided(),
        post,
        text,
        evidence,
        rebuttal: file.incident.answers.keys().next().copied(),
        awaits_consent: awaits_consent(&file.incident, &plan),
        refused_before: &refused_before,
    };
    let shut = gate::shut(&claim);
    if !shut.is_empty() {
        return Err(StoreError::Shut(shut));
    }
    let note = decisions::noted(writing, text, salts)?;
    gate::pass(&claim, note).map_err(StoreError::Shut)
}

/// A step that asks for another body's consent is neither done nor waived.
fn awaits_consent(incident: &Incident, plan: &Plan) -> bool {
    let asks = |step: &&Step| step.evidence.iter().any(|evidence| evidence.kind == EvidenceKind::Consent);
    incident.open_steps(plan).iter().any(asks)
}

/// What was brought when a referral of this post was refused.
fn refused(db: &Connection, post: i64) -> Result<Vec<Vec<String>>, StoreError> {
    let mut statement = db.prepare_cached("SELECT life FROM referral WHERE post = ?1")?;
    let lives = statement.query_map([post], |r| r.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let referrals = lives.iter().map(|life| serde_json::from_str::<Referral>(life)).collect::<Result<Vec<_>, _>>()?;
    let refused = referrals.into_iter().filter(|referral| referral.state == ReferralState::Refused);
    Ok(refused.map(|referral| referral.evidence).collect())
}

fn one(db: &Connection, id: ReferralId) -> Result<Option<ReferralRow>, StoreError> {
    let sql = "SELECT incident, life FROM referral WHERE id = ?1";
    let found = db.prepare_cached(sql)?.query_row([id], |r| Ok((r.get(0)?, r.get::<_, String>(1)?))).optional()?;
    found.map(|(incident, life)| Ok(ReferralRow { id, incident, referral: serde_json::from_str(&life)? })).transpose()
}

impl Store {
    /// Takes what a person does about a referral.
    ///
    /// # Errors
    /// The caller may not, it has changed since it was seen, the gate stays shut, or
    /// [`referral::decide`] refuses; nothing is changed.
    pub fn refer(&self, caller: &Caller, referring: Referring, now: Timestamp) -> Result<ReferralRow, StoreError> {
        let caller = caller.clone();
        self.run(move |w| refer(w, &caller, &referring, &mut salt, now))
    }
}

impl Reader {
    /// One referral.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn referral(&self, id: ReferralId) -> Result<Option<ReferralRow>, StoreError> {
        self.with(|db| one(db, id))
    }

    /// All referrals, in the order of their numbers.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn referrals(&self) -> Result<Vec<ReferralRow>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM referral ORDER BY id")?;
            let ids = statement.query_map([], |r| r.get(0))?.collect::<Result<Vec<ReferralId>, _>>()?;
            Ok(ids.into_iter().map(|id| one(db, id)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
    }

    /// Those of an incident, in the order of their numbers.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn referrals_of(&self, incident: IncidentId) -> Result<Vec<ReferralRow>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM referral WHERE incident = ?1 ORDER BY id")?;
            let ids = statement.query_map([incident], |r| r.get(0))?.collect::<Result<Vec<ReferralId>, _>>()?;
            ids.into_iter().filter_map(|id| one(db, id).transpose()).collect()
        })
    }
}

//! Another plan comes into force while Caifeng runs: one person writes it, another one lets it govern.
//!
//! The plan says who decides what and against which clocks, so nobody changes it alone: the system administrator proposes a
//! text that holds together, and somebody who decides puts it into force, having seen what is different. Their roles belong to
//! different realms, and the store refuses a proposer besides. Each step is in the record, by the digests of the texts.
//!
//! What is in force stays a file that people keep: `plan.toml` in the data directory is written as a whole, beside the old one,
//! and takes its place after the change was written down. Incidents go on by the plan that governed them; what is decided from
//! now on is decided by the new one. A file that somebody has changed by hand since Caifeng started is not written over.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::calendar::{self, Calendar};
use crate::config::Problem;
use crate::config::edit::{YearDays, with_year};
use crate::configuring::{Draft, file_of, unwritable};
use crate::control::{Owner, Refusal};
use crate::hex::hex;
use crate::plan::{self, Plan};
use crate::store::{Caller, PlanProposal, StoreError};
use crate::user::UserEvent;
use crate::user::right::Act;
use crate::user::token::Token;

/// Problems that one refusal tells.
const TOLD: usize = 5;

/// What somebody wants to become of plans, and who they are: an order to whoever owns the data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planning {
    /// The personal token.
    pub token: Option<Token>,
    /// What is wanted.
    pub planning: Wish,
}

/// What somebody wants to become of plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// To [`propose`] another.
    Propose {
        /// All of it, as TOML.
        text: String,
        /// The one in force as they saw it, by its digest.
        seen: String,
        /// Why.
        reason: String,
    },
    /// To [`adopt`] the one of this digest.
    Adopt(String),
    /// To [drop](give_up) the one of this digest.
    Drop(String),
}

/// Carries out an order, for `account` of the machine. Blocks until it is on disk.
///
/// # Errors
/// As [`propose`], [`adopt`] and [`give_up`].
pub fn carry_out(Planning { token, planning }: Planning, account: u32, owner: &Owner) -> Result<(), Refusal> {
    let caller = Caller { token, account };
    match planning {
        Wish::Propose { text, seen, reason } => propose(owner, &caller, &text, &seen, &reason),
        Wish::Adopt(digest) => adopt(owner, &caller, &digest),
        Wish::Drop(digest) => give_up(owner, &caller, digest),
    }
}

/// Reads a plan as a form sends it.
///
/// # Errors
/// Everything that is wrong with it, with line and column.
pub fn read(text: &str) -> Result<Plan, Vec<Problem>> {
    Plan::read(text.replace("\r\n", "\n").into_bytes(), Path::new(plan::FILE))
}

/// Proposes a plan in place of the one in force, which was `seen` by its digest. One that was proposed before is dropped.
///
/// # Errors
/// It does not hold together, another plan is in force meanwhile, or the caller may not; nothing is changed.
pub fn propose(owner: &Owner, caller: &Caller, text: &str, seen: &str, reason: &str) -> Result<(), Refusal> {
    file_of(owner)?;
    let plan = read(text).map_err(|problems| wrong(&problems))?;
    let reason = reason.trim().to_owned();
    owner.clerk.store.propose_plan(caller, (plan, seen.to_owned()), reason, owner.sweeper.clock.now())?;
    Ok(())
}

/// Puts the plan of this digest, which somebody else has proposed, into force. Blocks until it is on disk.
///
/// # Errors
/// It is proposed no longer, another plan is in force meanwhile, the file was changed by hand or cannot be written, or the caller
/// may not.
pub fn adopt(owner: &Owner, caller: &Caller, digest: &str) -> Result<(), Refusal> {
    file_of(owner)?;
    let setup = &owner.setup;
    let _turn = setup.turn.lock().unwrap_or_else(PoisonError::into_inner);
    let proposal = owner.clerk.reader.plan_proposal()?.filter(|proposal| proposal.plan == digest);
    let Some(PlanProposal { text, .. }) = proposal else { return Err(StoreError::NoProposal.into()) };
    let plan = read(&text).map_err(|problems| wrong(&problems))?;
    let path = place(owner);
    let on_disk = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => plan::BUILT_IN.to_owned(),
        text => text.map_err(|error| unwritable(&path, &error))?,
    };
    let in_force = setup.plan.get();
    if on_disk != in_force.text() {
        let what =
            "was changed by hand since Caifeng started: the system administrator must restart it, or put the file back";
        return Err(Refusal::Refused(format!("{} {what}", path.display())));
    }
    let draft = Draft::write(&path, plan.text()).map_err(|error| unwritable(&path, &error))?;
    owner.clerk.store.adopt_plan(caller, digest.to_owned(), owner.sweeper.clock.now())?;
    draft.keep().map_err(|error| unwritable(&path, &error))?;
    let calendar = (*setup.calendar.get()).clone();
    owner.clerk.store.govern(plan.clone(), calendar, owner.sweeper.zone.clone())?;
    setup.plan.set(plan);
    Ok(())
}

/// Drops the plan of this digest, which was proposed.
///
/// # Errors
/// It is proposed no longer, or the caller may not.
pub fn give_up(owner: &Owner, caller: &Caller, digest: String) -> Result<(), Refusal> {
    Ok(owner.clerk.store.drop_plan(caller, digest, owner.sweeper.clock.now())?)
}

/// Says which days of a year are worked and which are not, beside what comes with the program: in `calendar.toml`, in the record,
/// in force. Deadlines that are set already stay where they are.
///
/// # Errors
/// The days cannot be right, the file cannot be changed or written, or the caller may not; nothing is changed.
pub fn set_days(owner: &Owner, caller: &Caller, days: &YearDays) -> Result<(), Refusal> {
    file_of(owner)?;
    let (setup, now) = (&owner.setup, owner.sweeper.clock.now());
    let acts: &'static [Act] = &[Act::Configure];
    owner.clerk.store.may_one_of(caller, acts, now)?;
    let _turn = setup.turn.lock().unwrap_or_else(PoisonError::into_inner);
    let path = owner.clerk.directory.config().with_file_name(calendar::FILE);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text.map_err(|error| unwritable(&path, &error))?,
    };
    let text = with_year(&text, days)?;
    let mut calendar = Calendar::built_in().clone();
    calendar.add(text.clone().into_bytes(), Path::new(calendar::FILE)).map_err(|problems| {
        let told: Vec<&str> = problems.iter().take(TOLD).map(|problem| problem.message.as_str()).collect();
        Refusal::Usage(told.join("; "))
    })?;
    let draft = Draft::write(&path, &text).map_err(|error| unwritable(&path, &error))?;
    let event = UserEvent::ConfigurationChanged {
        change: "calendar".to_owned(),
        name: days.year.to_string(),
        sha256: hex(&Sha256::digest(&text)),
    };
    owner.clerk.store.note_kept(caller, acts, vec![event], now)?;
    draft.keep().map_err(|error| unwritable(&path, &error))?;
    owner.clerk.store.govern((*setup.plan.get()).clone(), calendar.clone(), owner.sweeper.zone.clone())?;
    setup.calendar.set(calendar);
    Ok(())
}

/// Where the plan in force stands, or would.
fn place(owner: &Owner) -> PathBuf {
    owner.clerk.directory.config().with_file_name(plan::FILE)
}

fn wrong(problems: &[Problem]) -> Refusal {
    let told: Vec<String> = problems.iter().take(TOLD).map(ToString::to_string).collect();
    Refusal::Usage(format!("the plan does not hold together: {}", told.join("; ")))
}

//! What can go wrong, by who must act.

use std::path::PathBuf;

use crate::case::life::CaseRefusal;
use crate::disclosure::life::DisclosureRefusal;
use crate::incident::life::Refusal;
use crate::referral::ReferralRefusal;
use crate::referral::gate::Shut;
use crate::reply::citation::CitationError;
use crate::reply::life::ReplyRefusal;
use crate::search::kept::Unkept;
use crate::supervision::SummaryRefusal;
use crate::supervision::private::Private;
use crate::user::Denied;

/// Why the store did not do what it was asked. Nothing of a failed request is kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was ever stored there.
    #[error("no store here: {}; run caifeng serve or sweep first, or name the right --data", .0.display())]
    NoStore(PathBuf),
    /// Another process owns the directory.
    #[error("the data directory belongs to process {pid}: {}; stop that process or choose another --data", dir.display())]
    Owned {
        /// The directory.
        dir: PathBuf,
        /// What the lock file says; `unknown` when it could not be read.
        pid: String,
    },
    /// Written by a later version.
    #[error("the store has schema {found}, this program knows {known}: install the newer caifeng that wrote it")]
    Newer {
        /// In the file.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// Written by an earlier version and not yet converted; only readers see this.
    #[error("the store has schema {found}, this program needs {known}: start caifeng serve once, which converts it")]
    Older {
        /// In the file.
        found: i64,
        /// What this program needs.
        known: i64,
    },
    /// The disk is full or cannot be written. Nothing is lost that was acknowledged; try again later.
    #[error("the disk is full or failing: {0}; the operator must free space on the data directory")]
    Disk(String),
    /// The file is damaged or not a store.
    #[error("the store is damaged: {0}; the operator must restore it from a backup")]
    Damaged(String),
    /// The directory or its files cannot be used.
    #[error("cannot use the data directory {}: {why}", path.display())]
    Directory {
        /// The directory or file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// There is no such watch, sweep or incident.
    #[error("no such {what}: {id}")]
    Unknown {
        /// Which kind of thing.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// The incident does not accept the command.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Somebody else decided meanwhile.
    #[error("the incident has changed since version {seen}, it is at {now} now ({}): look at it again, then decide", changes.join("; "))]
    Overtaken {
        /// What the command saw.
        seen: u64,
        /// Where it stands.
        now: u64,
        /// What has changed, one line each.
        changes: Vec<String>,
    },
    /// The reply does not accept the command.
    #[error(transparent)]
    Answer(#[from] ReplyRefusal),
    /// A draft cites what is not there.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Groundless(Vec<CitationError>),
    /// The disclosure does not accept the command.
    #[error(transparent)]
    Disclosure(#[from] DisclosureRefusal),
    /// What is to be published, or kept of a contact, is not written so that it could be.
    #[error("{0}")]
    Unwritten(String),
    /// The referral does not accept the command.
    #[error(transparent)]
    Referral(#[from] ReferralRefusal),
    /// The case does not accept the command.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// The gate of referrals stays shut.
    #[error("not referred: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Shut(Vec<Shut>),
    /// The summary does not accept the command.
    #[error(transparent)]
    Summary(#[from] SummaryRefusal),
    /// What the public would read points at a person.
    #[error("not for everybody: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Private(Vec<Private>),
    /// The search is not to be kept so.
    #[error(transparent)]
    Unkept(#[from] Unkept),
    /// Somebody else acted meanwhile.
    #[error("the {what} has changed since version {seen}, it is at {now} now: look at it again, then decide")]
    Outdated {
        /// Which kind of thing.
        what: &'static str,
        /// What the command saw.
        seen: u64,
        /// Where it stands.
        now: u64,
    },
    /// Another plan is in force than somebody saw.
    #[error("another plan is in force than the one that was seen: look at it, then propose anew")]
    PlanMoved,
    /// What somebody proposes governs already.
    #[error("this is the plan in force: change something in it, then propose it")]
    SamePlan,
    /// What somebody wants to put into force is proposed no longer.
    #[error("this plan is proposed no longer: it is in force, was dropped, or another was proposed; look again")]
    NoProposal,
    /// Nobody puts into force what they have proposed.
    #[error("whoever proposed a plan does not put it into force: another person must")]
    OwnPlan,
    /// Not an address at which anybody could be told.
    #[error("{0}")]
    Address(String),
    /// A reason or a note without words.
    #[error("an empty text: write the reason, or what is to be remembered")]
    Wordless,
    /// Whoever asks may not do it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store has been closed, or its writer has stopped after a fault.
    #[error("the store is closed")]
    Closed,
    /// A fault of this program.
    #[error("unexpected answer of the database: {0}; please report this")]
    Internal(String),
}

impl StoreError {
    /// The whole transaction is lost, not only the job that met the error.
    pub(super) const fn spoils_all(&self) -> bool {
        matches!(self, Self::Disk(_) | Self::Damaged(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory,
            ) => Self::Disk(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(text),
            _ => Self::Internal(text),
        }
    }
}

/// Evidence that cannot be written is as bad as a database that cannot.
impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(format!("unreadable JSON: {error}"))
    }
}

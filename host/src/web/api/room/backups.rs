//! `/backups`: copies of everything are made aside, taken elsewhere and removed; each step is in the record.

use schemars::JsonSchema;
use serde::Serialize;

use crate::backup::Stage;
use crate::backup::kept::{Kept, Standing};
use crate::control::Refusal;
use crate::handling::handout::Parcel;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, archive, get, post};
use crate::web::api::listed::{Named, Nothing};
use crate::web::api::problem::Problem;

pub(super) fn table() -> Vec<Endpoint> {
    let backing_up = Access::Able(Act::BackUp);
    vec![
        get("/backups", backing_up, ("backups", "Copies that lie here, and how the making stands"), copies),
        post(
            "/backups",
            backing_up,
            ("makeBackup", "Begin a copy of everything but keys, and do not wait for it"),
            make,
        )
        .like(&[("make", r#"{}"#)]),
        archive(
            "/backups/{id}/take",
            backing_up,
            ("takeBackup", "Take a copy elsewhere, as one archive; the record says so first"),
            take,
        )
        .like(&[("take", r#"{}"#)]),
        post("/backups/{id}/remove", backing_up, ("removeBackup", "Remove a copy"), remove)
            .like(&[("remove", r#"{}"#)]),
    ]
}

/// A copy that lies here.
#[derive(Debug, Serialize, JsonSchema)]
struct Backup {
    /// The name of its file.
    id: String,
    /// Its length.
    bytes: u64,
    /// When it was written.
    at: Option<i64>,
}

impl From<Kept> for Backup {
    fn from(Kept { name, bytes, at }: Kept) -> Self {
        Self { id: name, bytes, at }
    }
}

/// How far the making is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Step {
    /// The database is copied.
    Database,
    /// So many of so many files are.
    Files {
        /// So many.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// So many of so many files were read back.
    Checked {
        /// So many.
        done: usize,
        /// Of so many.
        of: usize,
    },
}

/// One that is being made.
#[derive(Debug, Serialize, JsonSchema)]
struct Making {
    /// Since when.
    since: i64,
    /// How far it is.
    step: Step,
}

/// What came of the last one since the start.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Last {
    /// It is made, and was read back: the name of its file.
    Made(String),
    /// There is none: why.
    Failed(String),
}

/// Copies of everything; each is let go of after a week.
#[derive(Debug, Serialize, JsonSchema)]
struct Copies {
    /// Those that were made, the newest first.
    items: Vec<Backup>,
    /// What lies beside the store since it was converted.
    before_conversions: Vec<Backup>,
    /// The one that is being made.
    making: Option<Making>,
    /// What came of the last one.
    last: Option<Last>,
}

fn copies(call: &Call, _: Nothing) -> Result<Copies, Problem> {
    let unreadable = |error: std::io::Error| Refusal::Internal(error.to_string());
    let backups = &call.desk.backups;
    let told = |kept: Vec<Kept>| kept.into_iter().map(Backup::from).collect();
    let Standing { running, last } = backups.standing();
    let making = running.map(|(since, stage)| Making {
        since,
        step: match stage {
            Stage::Database => Step::Database,
            Stage::Files(done, of) => Step::Files { done, of },
            Stage::Checked(done, of) => Step::Checked { done, of },
        },
    });
    Ok(Copies {
        items: told(backups.all().map_err(unreadable)?),
        before_conversions: told(backups.before_conversions().map_err(unreadable)?),
        making,
        last: last.map(|last| last.map_or_else(Last::Failed, Last::Made)),
    })
}

fn make(call: &Call, _: Nothing, _: Nothing) -> Result<Nothing, Problem> {
    let making = call.desk.backups.begin(call.clerk(), &call.caller())?;
    tokio::task::spawn_blocking(move || making.run());
    Ok(Nothing {})
}

fn take(call: &Call, Named { id }: Named, _: Nothing) -> Result<Parcel, Problem> {
    let (file, length) = call.desk.backups.take(call.clerk(), &call.caller(), &id)?;
    Ok(Parcel { name: id, file, length })
}

fn remove(call: &Call, Named { id }: Named, _: Nothing) -> Result<Nothing, Problem> {
    call.desk.backups.remove(call.clerk(), &call.caller(), &id)?;
    Ok(Nothing {})
}

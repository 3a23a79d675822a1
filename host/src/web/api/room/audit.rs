//! `/audit`: the record is read, verified and signed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::strange;
use crate::handling::checkpoint::Signed;
use crate::handling::{Outcome, What};
use crate::incident::chain::Checkpoint;
use crate::store::EntryQuery;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get, post};
use crate::web::api::listed::{Limit, Nothing, Part};
use crate::web::api::problem::Problem;
use crate::web::page::Walked;
use crate::web::room::audit::walked;

pub(super) fn table() -> Vec<Endpoint> {
    let auditing = Access::Able(Act::Checkpoint);
    vec![
        get("/audit/entries", auditing, ("listEntries", "The record of events, the newest first"), entries),
        get("/audit/verification", auditing, ("verifyRecord", "Whether the record of events is consistent"), verified),
        post(
            "/audit/verification",
            auditing,
            (
                "compareRecord",
                "The same, against a checkpoint that was kept elsewhere: nothing was cut off or rewritten",
            ),
            compared,
        )
        .like(&[(
            "bare",
            r#"{"checkpoint": {"seq": 1, "hash": "0000000000000000000000000000000000000000000000000000000000000000"}}"#,
        )]),
        post("/checkpoints", auditing, ("checkpoint", "Sign where the record stands"), checkpoint)
            .like(&[("sign", r#"{}"#)]),
    ]
}

/// From where on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// At most so many.
    #[serde(default)]
    limit: Limit,
    /// Where the part before ended.
    cursor: Option<i64>,
}

/// An entry of the record.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    /// Its place in the chain, from 1.
    seq: i64,
    /// When.
    at: i64,
    /// The incident; nothing of what belongs to none.
    incident: Option<i64>,
    /// Who.
    by: Value,
    /// What.
    what: Value,
}

fn entries(call: &Call, Wanted { limit, cursor }: Wanted) -> Result<Part<Entry>, Problem> {
    let asked = EntryQuery { before: cursor, limit: limit.items() + 1, ..EntryQuery::default() };
    let told = call.desk.unveiled().entries(&asked)?.entries.into_iter().map(|row| Entry {
        seq: row.seq,
        at: row.at,
        incident: Some(row.incident).filter(|id| *id != 0),
        by: serde_json::from_str(&row.actor).unwrap_or_default(),
        what: serde_json::from_str(&row.body).unwrap_or_default(),
    });
    Ok(Part::of(told.collect(), limit, |entry: &Entry| entry.seq.to_string()))
}

/// What the chain of events says.
#[derive(Debug, Serialize, JsonSchema)]
struct Verified {
    /// Each entry follows from the one before it.
    consistent: bool,
    /// Where it ends now.
    head: Option<Checkpoint>,
    /// Where and how it breaks.
    broken: Option<String>,
    /// The checkpoint that it was held against.
    against: Option<Against>,
}

/// A checkpoint that was kept elsewhere.
#[derive(Debug, Serialize, JsonSchema)]
struct Against {
    /// The entry that it saw last.
    seq: i64,
    /// Its signature was checked; without one it proves as much as the place where it was kept.
    signed: bool,
}

fn found(Walked { outcome, against }: Walked) -> Verified {
    let against = against.map(|(seq, signed)| Against { seq, signed });
    match outcome {
        Ok(report) => Verified { consistent: true, head: Some(report.head), broken: None, against },
        Err(broken) => Verified { consistent: false, head: None, broken: Some(broken.to_string()), against },
    }
}

fn verified(call: &Call, _: Nothing) -> Result<Verified, Problem> {
    Ok(found(walked(&call.desk, None)?))
}

/// What was kept elsewhere.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// A checkpoint as it was answered or printed when it was signed, or only its `seq` and `hash`.
    checkpoint: Value,
}

fn compared(call: &Call, _: Nothing, Kept { checkpoint }: Kept) -> Result<Verified, Problem> {
    Ok(found(walked(&call.desk, Some(checkpoint.to_string().into_bytes()))?))
}

fn checkpoint(call: &Call, _: Nothing, _: Nothing) -> Result<Signed, Problem> {
    match call.act(What::Checkpoint)? {
        Outcome::Checkpoint(signed) => Ok(signed),
        other => Err(strange(&other)),
    }
}

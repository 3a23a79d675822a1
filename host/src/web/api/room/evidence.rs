//! `/incidents/{id}/evidence` and `/incidents/{id}/record`: what an incident came from, and whether what was written down of it holds.

use schemars::JsonSchema;
use serde::Serialize;

use crate::handling::handout::Parcel;
use crate::store::Examined;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, archive, get};
use crate::web::api::listed::{Nothing, Numbered};
use crate::web::api::problem::Problem;
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        archive(
            "/incidents/{id}/evidence",
            Access::Able(Act::ExportEvidence),
            (
                "exportEvidence",
                "Hand out what the posts of an incident came from, as one archive; the record says so first",
            ),
            evidence,
        )
        .like(&[("export", r#"{}"#)]),
        get(
            "/incidents/{id}/record",
            WORK,
            (
                "incidentRecord",
                "Whether the entries of an incident are what they were; what they say is among its events",
            ),
            record,
        ),
    ]
}

fn evidence(call: &Call, Numbered { id }: Numbered, _: Nothing) -> Result<Parcel, Problem> {
    call.reader().incident(id)?.ok_or(Problem::Missing)?;
    Ok(call.clerk().evidence_parcel(call.visitor.token.clone(), call.desk.app.account, id)?)
}

/// What the entries of one incident are worth, looked at by themselves; only the verification of the whole record shows that
/// nothing else was changed.
#[derive(Debug, Serialize, JsonSchema)]
struct Worth {
    /// How many there are.
    entries: u64,
    /// Each is what was chained, and follows the one before it.
    consistent: bool,
    /// Together they come to how the incident stands: none that matters is missing, and none was added.
    adds_up: bool,
    /// Where and how it breaks.
    broken: Option<String>,
}

fn record(call: &Call, Numbered { id }: Numbered) -> Result<Worth, Problem> {
    // Whoever sees it may verify it, beside entries that they do not see.
    call.reader().incident(id)?.ok_or(Problem::Missing)?;
    let Examined { entries, broken, adds_up } = call.desk.unveiled().verify_incident(id)?;
    Ok(Worth { entries, consistent: broken.is_none(), adds_up, broken: broken.map(|broken| broken.to_string()) })
}

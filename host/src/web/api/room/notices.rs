//! `/notices`: what people are told, as the first page shows it; where each went is for whoever runs the machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::incident::IncidentId;
use crate::notify::NoticeId;
use crate::notify::words::Voice;
use crate::store::{NoticeRow, OutboxQuery};
use crate::web::api::endpoint::{Call, Endpoint, get};
use crate::web::api::listed::{Limit, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/notices", WORK, ("listNotices", "What people are told, the newest first"), notices)
            .like(&[("query", "waiting=true")]),
    ]
}

/// Which notices.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Only about this incident.
    incident: Option<IncidentId>,
    /// Only those that wait to be sent.
    #[serde(default)]
    waiting: bool,
    /// At most so many.
    #[serde(default)]
    limit: Limit,
    /// Where the part before ended.
    cursor: Option<NoticeId>,
}

/// Something that people are told.
#[derive(Debug, Serialize, JsonSchema)]
struct Told {
    /// Its number.
    id: NoticeId,
    /// When what it tells happened.
    at: i64,
    /// The incident that it is about.
    incident: Option<IncidentId>,
    /// It breaks quiet hours and goes before others.
    urgent: bool,
    /// What happened, in one word: `opened`, `clock`, `gap` …
    what: &'static str,
    /// The same in a sentence, from what is kept of it now.
    words: String,
}

fn notices(call: &Call, Wanted { incident, waiting, limit, cursor }: Wanted) -> Result<Part<Told>, Problem> {
    let query = OutboxQuery { incident, waiting, before: cursor, limit: limit.items() + 1 };
    let (plan, zone) = (call.desk.app.owner.setup.plan.get(), call.desk.app.organisation.get().zone());
    let voice = Voice { lang: call.lang, zone: &zone, plan: &plan };
    let told = call.reader().outbox(&query)?.into_iter().map(|NoticeRow { id, at, notice, known, .. }| Told {
        id,
        at,
        incident: notice.incident,
        urgent: notice.urgent,
        what: notice.occasion.as_str(),
        words: voice.sentence(&notice, &known),
    });
    Ok(Part::of(told.collect(), limit, |one: &Told| one.id.to_string()))
}

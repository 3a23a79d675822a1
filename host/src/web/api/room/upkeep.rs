//! `/channels`, `/retention`, `/audit`: the ways out, what is kept how long, and the record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::strange;
use crate::control::{Asked as Order, Line, Upkeep};
use crate::handling::checkpoint::Signed;
use crate::handling::{Outcome, What};
use crate::incident::chain::Checkpoint;
use crate::notify::Carried;
use crate::notify::channel::Kind;
use crate::retention::Released;
use crate::store::{ChannelStanding, EntryQuery};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, Pending, get, post, wait};
use crate::web::api::listed::{Limit, Named, Nothing, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::page::ChannelRow;
use crate::web::room::channels::{channel_rows, tried};
use crate::web::routes::ADMINISTRATORS;

pub(super) fn table() -> Vec<Endpoint> {
    let auditing = Access::Able(Act::Checkpoint);
    vec![
        get("/channels", ADMINISTRATORS, ("listChannels", "The ways out, and how each stands"), channels),
        wait(
            "/channels/{id}/try",
            Access::Able(Act::Configure),
            ("tryChannel", "Send one short message on a channel"),
            try_channel,
        )
        .like(&[("try", r#"{"to": null}"#)]),
        get("/retention", ADMINISTRATORS, ("retention", "What is kept how long"), kept),
        wait("/retention", Access::Able(Act::Retain), ("retain", "Let go, now, of what is kept no longer"), retain)
            .like(&[("retain", r#"{}"#)]),
        get("/audit/entries", auditing, ("listEntries", "The record of events, the newest first"), entries),
        get("/audit/verification", auditing, ("verifyRecord", "Whether the record of events is consistent"), verified),
        post("/checkpoints", auditing, ("checkpoint", "Sign where the record stands"), checkpoint)
            .like(&[("sign", r#"{}"#)]),
    ]
}

/// A way out.
#[derive(Debug, Serialize, JsonSchema)]
struct Way {
    /// Its name.
    id: String,
    /// What it is.
    kind: Kind,
    /// Secrets that it lacks; none is ever told.
    missing: Vec<String>,
    /// How it stands.
    standing: ChannelStanding,
}

fn channels(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Way>, Problem> {
    let told = channel_rows(&call.desk, call.now)?.into_iter().map(|ChannelRow { channel, standing, missing }| Way {
        id: channel.id,
        kind: channel.kind,
        missing,
        standing,
    });
    Part::sorted(told.collect(), limit, cursor.as_deref(), |one: &Way| one.id.clone())
}

/// Where to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Trying {
    /// An address, only of mail without recipients of its own.
    to: Option<String>,
}

/// What came of a trial.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Outcomes {
    /// The channel has taken it.
    Sent,
    /// It will not take it.
    Refused,
    /// It has not taken it now.
    Later,
    /// Nobody knows.
    Unsure,
}

/// What came of a trial at one place.
#[derive(Debug, Serialize, JsonSchema)]
struct Tried {
    /// The address; nothing where a channel has none.
    to: Option<String>,
    /// What came of it.
    outcome: Outcomes,
    /// One line.
    why: String,
}

fn try_channel(call: Call, Named { id }: Named, Trying { to }: Trying) -> Pending<Vec<Tried>> {
    Box::pin(async move {
        let to = to.as_deref().map(str::trim).filter(|to| !to.is_empty());
        let came = tried(&call.desk, &id, to).await?.into_iter();
        let told = came.map(|(to, carried)| {
            let outcome = match &carried {
                Carried::Delivered => Outcomes::Sent,
                Carried::Refused { .. } => Outcomes::Refused,
                Carried::Later { .. } => Outcomes::Later,
                Carried::Unsure { .. } => Outcomes::Unsure,
            };
            Tried { to: Some(to).filter(|to| !to.is_empty()), outcome, why: carried.why().to_owned() }
        });
        Ok(told.collect())
    })
}

/// What is kept how long, in seconds from the capture.
#[derive(Debug, Serialize, JsonSchema)]
struct Kept {
    /// Posts that mention no topic.
    unmatched: i64,
    /// Posts that do, once their incident is finished.
    matched: i64,
    /// What sites answered, but for what belongs to an incident.
    evidence: i64,
    /// Notes about contacts.
    contact_notes: i64,
    /// The record of sweeps.
    records: i64,
    /// A year whose working days are not known and should be.
    missing_year: Option<i16>,
}

fn kept(call: &Call, _: Nothing) -> Result<Kept, Problem> {
    let rules = call.desk.app.owner.sweeper.retention.get();
    let today = call.desk.app.organisation.get().day(call.now);
    Ok(Kept {
        unmatched: rules.unmatched.seconds(),
        matched: rules.matched.seconds(),
        evidence: rules.evidence.seconds(),
        contact_notes: rules.contact_notes.seconds(),
        records: rules.records.seconds(),
        missing_year: call.desk.app.owner.setup.calendar.get().missing(today),
    })
}

fn retain(call: Call, _: Nothing, _: Nothing) -> Pending<Released> {
    Box::pin(async move {
        let order = Order::Upkeep(Upkeep::Retain { token: call.visitor.token.clone() });
        let released = |line| match line {
            Line::Released(released) => Some(released),
            _ => None,
        };
        call.order(order, released).await
    })
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
}

fn verified(call: &Call, _: Nothing) -> Result<Verified, Problem> {
    Ok(match call.desk.unveiled().verify_chain(None)? {
        Ok(report) => Verified { consistent: true, head: Some(report.head), broken: None },
        Err(broken) => Verified { consistent: false, head: None, broken: Some(broken.to_string()) },
    })
}

fn checkpoint(call: &Call, _: Nothing, _: Nothing) -> Result<Signed, Problem> {
    match call.act(What::Checkpoint)? {
        Outcome::Checkpoint(signed) => Ok(signed),
        other => Err(strange(&other)),
    }
}

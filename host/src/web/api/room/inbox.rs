//! `/inbox` 研判: what waits for a decision; decisions themselves are taken at `/incidents/{id}/decisions`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::incidents::decided;
use super::strange;
use crate::handling::{Outcome, What};
use crate::incident::{Category, IncidentId};
use crate::plan::words::Words;
use crate::store::model::IncidentRow;
use crate::store::{Decided, Unassessed};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get, post};
use crate::web::api::listed::{Numbered, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::page::Judging;
use crate::web::room::inbox::{TOO_LATE, judging, slipped, taken_back};
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    let escalate = Access::Able(Act::Escalate);
    vec![
        get(
            "/inbox",
            WORK,
            ("inbox", "What waits for a decision, what cannot wait first, without what you put off"),
            inbox,
        ),
        get(
            "/inbox/{id}",
            WORK,
            ("inboxItem", "What one weighs before deciding: suggestion, clocks, similar incidents"),
            item,
        ),
        post("/inbox/{id}/snooze", escalate, ("snooze", "Put a new incident off, in your own inbox only"), snooze)
            .like(&[("again", r#"{"until": null}"#)]),
        post("/inbox/{id}/undo", escalate, ("undo", "Take back what you did a moment ago"), undo)
            .like(&[("undo", r#"{"version": 4}"#)]),
    ]
}

/// An incident that waits for a decision.
#[derive(Debug, Serialize, JsonSchema)]
struct Waiting {
    /// The incident.
    incident: IncidentRow,
    /// What a decision about it says that it saw.
    version: u64,
    /// Since when an escalation of it stands.
    escalated: Option<i64>,
}

impl From<Unassessed> for Waiting {
    fn from(Unassessed { row, version, escalated }: Unassessed) -> Self {
        Self { incident: row, version, escalated }
    }
}

/// What was put off.
#[derive(Debug, Serialize, JsonSchema)]
struct Snoozed {
    /// The incident.
    incident: IncidentRow,
    /// Until when.
    until: i64,
}

/// The inbox of one person.
#[derive(Debug, Serialize, JsonSchema)]
struct Inbox {
    /// What waits.
    #[serde(flatten)]
    waiting: Part<Waiting>,
    /// How many there are.
    all: u64,
    /// What this person has put off, what comes back first on top.
    snoozed: Vec<Snoozed>,
}

/// Who asks, if somebody in particular does.
fn user(call: &Call) -> Option<&str> {
    call.visitor.person.as_ref().map(|known| known.user.as_str())
}

fn inbox(call: &Call, Paged { limit, cursor }: Paged) -> Result<Inbox, Problem> {
    let mut inbox = call.reader().inbox(user(call), call.now)?;
    let all = inbox.waiting.len() as u64;
    if let Some(cursor) = cursor {
        let at = cursor.parse().ok().and_then(|id: IncidentId| inbox.waiting.iter().position(|one| *one == id));
        let gone = "cursor: what it names does not wait any more: begin anew";
        inbox.waiting.drain(..=at.ok_or_else(|| Problem::Unfit(gone.to_owned()))?);
    }
    // Where the next part begins is said by what waited then: one of them may be decided before it is read.
    let Part { items, next } = Part::of(inbox.waiting, limit, IncidentId::to_string);
    let shown = items.into_iter().filter_map(|id| call.reader().waiting(id, user(call), call.now).transpose());
    let items = shown.map(|one| one.map(Waiting::from)).collect::<Result<_, _>>()?;
    Ok(Inbox {
        waiting: Part { items, next },
        all,
        snoozed: inbox.snoozed.into_iter().map(|(incident, until)| Snoozed { incident, until }).collect(),
    })
}

/// A clock that would run.
#[derive(Debug, Serialize, JsonSchema)]
struct Prospect {
    /// Were this its category.
    category: Category,
    /// What the clock that runs out first is called.
    clock: Option<Words>,
    /// Until when it would run.
    due: Option<i64>,
}

/// An incident that is like it.
#[derive(Debug, Serialize, JsonSchema)]
struct Similar {
    /// The incident.
    incident: IncidentRow,
    /// Words that both use, the most telling first.
    words: Vec<String>,
}

/// What a person weighs.
#[derive(Debug, Serialize, JsonSchema)]
struct Item {
    /// The incident.
    #[serde(flatten)]
    waiting: Waiting,
    /// What classifiers make of it.
    suggested: Option<Category>,
    /// What they say of its level, in the words of its plan.
    suggested_level: Option<String>,
    /// What would run, for each category.
    prospects: Vec<Prospect>,
    /// What it is like.
    similar: Vec<Similar>,
}

fn item(call: &Call, Numbered { id }: Numbered) -> Result<Item, Problem> {
    let one = call.reader().waiting(id, user(call), call.now)?.ok_or(Problem::Missing)?;
    let Judging { opinion, plan, prospects, alike, .. } =
        judging(&call.desk, (call.rows().as_ref(), &call.reader()), call.now, &one)?;
    let prospect = |(category, first): (Category, Option<(Words, i64)>)| {
        let (clock, due) = first.unzip();
        Prospect { category, clock, due }
    };
    Ok(Item {
        waiting: one.into(),
        suggested: opinion.suggestion().map(|it| it.category),
        suggested_level: opinion.level(&plan).map(|level| level.id.clone()),
        prospects: prospects.into_iter().map(prospect).collect(),
        similar: alike.into_iter().map(|it| Similar { incident: it.row, words: it.words }).collect(),
    })
}

/// Until when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PutOff {
    /// A second since 1970, seven days from now at most; nothing shows it again.
    until: Option<i64>,
}

fn snooze(call: &Call, Numbered { id }: Numbered, PutOff { until }: PutOff) -> Result<PutOffTo, Problem> {
    call.reader().incident(id)?.ok_or(Problem::Missing)?;
    match call.act(What::Snooze(id, until))? {
        Outcome::Snoozed(incident, until) => Ok(PutOffTo { incident, until }),
        other => Err(strange(&other)),
    }
}

/// What was put off, and until when.
#[derive(Debug, Serialize, JsonSchema)]
struct PutOffTo {
    /// The incident.
    incident: IncidentId,
    /// Until when; nothing: it is shown.
    until: Option<i64>,
}

/// What was seen.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Undoing {
    /// The version that was made by what is taken back; of a merge, that of the incident merged into.
    version: u64,
}

/// What was taken back.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Undone {
    /// A decision: where the incident stands.
    Decision(Decided),
    /// It was put off, and is shown again.
    Snooze(PutOffTo),
}

fn undo(call: &Call, Numbered { id }: Numbered, Undoing { version }: Undoing) -> Result<Undone, Problem> {
    let user = call.known()?.user.clone();
    call.reader().incident(id)?.ok_or(Problem::Missing)?;
    let inbox = call.reader().inbox(Some(&user), call.now)?;
    let slip = slipped(&call.reader(), &inbox, id, &user, call.now)?;
    let slip = slip.ok_or_else(|| Problem::Refused(TOO_LATE.to_string()))?.slip;
    match taken_back(slip, (id, version), call.lang) {
        What::Decide(seen, decision) => decided(call, seen, decision).map(Undone::Decision),
        what => match call.act(what)? {
            Outcome::Snoozed(incident, until) => Ok(Undone::Snooze(PutOffTo { incident, until })),
            other => Err(strange(&other)),
        },
    }
}

//! `/incidents`, and what is seen of all of them together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::strange;
use crate::handling::{Outcome, What};
use crate::incident::clock::Clock;
use crate::incident::clock::response::{Responses, responses};
use crate::incident::event::Recorded;
use crate::incident::life::Incident;
use crate::incident::reach::Reach;
use crate::incident::{Category, IncidentId};
use crate::store::model::{Figures, IncidentRow};
use crate::store::{CategoryFilter, Decided, Decision, IncidentQuery, Seen};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get, post};
use crate::web::api::listed::{self, Limit, Nothing, Numbered, NumberedPart, OfIncident, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::WORK;

/// Escalated incidents that can be reached part by part.
pub(super) const ESCALATED: usize = 10_000;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/figures", WORK, ("figures", "How much there is"), figures),
        get("/days", WORK, ("days", "Mentions by day and category"), days),
        get("/incidents", WORK, ("listIncidents", "Incidents, the one with the newest post first"), incidents).like(&[("query", "open=true")]),
        get("/incidents/{id}", WORK, ("incident", "One incident, and how it stands"), incident),
        get("/incidents/{id}/events", WORK, ("incidentEvents", "What happened to an incident, oldest first"), events),
        post(
            "/incidents/{id}/decisions",
            Access::AbleToAny(Decision::ACTS),
            ("decide", "Decide something about an incident"),
            decide,
        ).like(&[
("assess", r#"{"version": 3, "decision": {"assess": {"category": "problem", "level": null, "reason": "供水确实停了"}}}"#),
("level", r#"{"version": 3, "decision": {"set-level": {"level": "iii", "reason": "波及三个小区"}}}"#),
("assign", r#"{"version": 3, "decision": {"assign": "周敏"}}"#),
("step", r#"{"version": 3, "decision": {"do-step": {"step": "facts", "evidence": [{"note": "已到现场"}]}}}"#),
("waive", r#"{"version": 3, "decision": {"waive-step": {"step": "cause", "reason": "原因已知"}}}"#),
("send-back", r#"{"version": 3, "decision": {"send-back": {"step": "facts", "reason": "还不清楚"}}}"#),
("note", r#"{"version": null, "decision": {"note": "已电话联系供水站"}}"#),
("acknowledge", r#"{"version": null, "decision": "acknowledge"}"#),
("escalate", r#"{"version": 3, "decision": {"escalate": "转发很快"}}"#),
    ("restrict", r#"{"version": 3, "decision": {"restrict": "涉及未成年人"}}"#),
    ("unrestrict", r#"{"version": 3, "decision": {"unrestrict": "已对外公布"}}"#),
("take-back", r#"{"version": 3, "decision": "take-back"}"#),
("pause", r#"{"version": 3, "decision": {"pause": "等化验结果"}}"#),
("resume", r#"{"version": 3, "decision": {"resume": "结果已出"}}"#),
("close", r#"{"version": 3, "decision": {"close": "已恢复供水"}}"#),
("reopen", r#"{"version": 3, "decision": {"reopen": "又停水了"}}"#),
("dismiss", r#"{"version": 3, "decision": {"dismiss": "与本县无关"}}"#),
("merge", r#"{"version": 3, "decision": {"merge": {"id": 2, "version": null}}}"#),
("split", r#"{"version": 3, "decision": {"split": [1]}}"#),
("undo", r#"{"version": 3, "decision": "undo"}"#),
]),
        get("/clocks", WORK, ("listClocks", "Clocks that run, the one that ends first on top"), clocks),
        get("/escalations", WORK, ("listEscalations", "What nobody who decides has looked at since it was escalated"), escalations),
        get("/responses", WORK, ("responses", "How fast answers came"), answered),
        get("/colleagues", WORK, ("listColleagues", "Who can own an incident"), colleagues),
    ]
}

fn figures(call: &Call, _: Nothing) -> Result<Figures, Problem> {
    Ok(call.reader().figures()?)
}

/// Which incidents.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Only those that are open.
    #[serde(default)]
    open: bool,
    /// Only those of this category.
    category: Option<Category>,
    /// Only those first seen, or with a post published, at or after this second since 1970.
    since: Option<i64>,
    /// At most so many.
    #[serde(default)]
    limit: Limit,
    /// Where the part before ended.
    cursor: Option<String>,
}

fn incidents(call: &Call, wanted: Wanted) -> Result<Part<IncidentRow>, Problem> {
    let before = wanted.cursor.as_deref().map(after).transpose()?;
    let query = IncidentQuery {
        since: wanted.since,
        limit: Some(wanted.limit.items() + 1),
        before,
        open: wanted.open,
        category: wanted.category.map_or(CategoryFilter::Any, CategoryFilter::Only),
    };
    let rows = call.reader().incidents(&query)?;
    Ok(Part::of(rows, wanted.limit, |row| format!("{}.{}", row.latest, row.id)))
}

fn after(cursor: &str) -> Result<(i64, IncidentId), Problem> {
    let read = || {
        let (latest, id) = cursor.split_once('.')?;
        Some((latest.parse().ok()?, id.parse().ok()?))
    };
    read().ok_or_else(listed::strange)
}

/// An incident and how it stands.
#[derive(Debug, Serialize, JsonSchema)]
struct Standing {
    /// As lists show it.
    incident: IncidentRow,
    /// The fold of its events: version, clocks, steps, answers.
    life: Incident,
    /// What its posts' classifiers suggest its level is, by the plan that governs it.
    suggested_level: Option<String>,
    /// How far it has gone.
    reach: Reach,
}

fn incident(call: &Call, Numbered { id }: Numbered) -> Result<Standing, Problem> {
    let reader = call.reader();
    let row = reader.incident(id)?.ok_or(Problem::Missing)?;
    let plan = call.rows().governing(id)?;
    let suggested_level = reader.opinion(id)?.level(&plan).map(|level| level.id.clone());
    let life = reader.standing(id)?.unwrap_or_default();
    Ok(Standing { incident: row, life, suggested_level, reach: reader.reach(id)? })
}

/// An event with the words that were said with it.
#[derive(Debug, Serialize, JsonSchema)]
struct Told {
    /// The event.
    #[serde(flatten)]
    recorded: Recorded,
    /// The reason or note, until it is deleted.
    note: Option<String>,
}

fn events(call: &Call, NumberedPart { id, limit, cursor }: NumberedPart) -> Result<Part<Told>, Problem> {
    let reader = call.reader();
    reader.incident(id)?.ok_or(Problem::Missing)?;
    let Part { items, next } = Part::sorted(reader.history(id)?, limit, cursor.as_deref(), |event| event.seq)?;
    let told = |recorded: Recorded| {
        let note = recorded.event.note().map_or(Ok(None), |note| reader.note(note.id))?;
        Ok::<_, Problem>(Told { recorded, note })
    };
    Ok(Part { items: items.into_iter().map(told).collect::<Result<_, _>>()?, next })
}

/// A decision, and what was seen when it was taken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Deciding {
    /// The version of the incident that was seen; left out only for what does not depend on it.
    version: Option<u64>,
    /// The decision.
    decision: Decision,
}

fn decide(call: &Call, Numbered { id }: Numbered, deciding: Deciding) -> Result<Decided, Problem> {
    call.must(deciding.decision.takes())?;
    call.reader().incident(id)?.ok_or(Problem::Missing)?;
    decided(call, Seen { id, version: deciding.version }, deciding.decision)
}

/// Takes a decision; where the incident stands then.
pub(super) fn decided(call: &Call, seen: Seen, decision: Decision) -> Result<Decided, Problem> {
    match call.act(What::Decide(seen, decision))? {
        Outcome::Decided(decided) => Ok(decided),
        other => Err(strange(&other)),
    }
}

/// A clock of an incident.
#[derive(Debug, Serialize, JsonSchema)]
struct Running {
    /// The incident.
    incident: IncidentId,
    /// The clock.
    clock: Clock,
}

fn clocks(call: &Call, OfIncident { incident, limit, cursor }: OfIncident) -> Result<Part<Running>, Problem> {
    let standings = call.reader().standings()?;
    let wanted = standings.iter().filter(|(id, _)| incident.is_none_or(|only| only == *id));
    let of = |(id, life): &(IncidentId, Incident)| {
        let live = life.clocks.clocks().iter().filter(|clock| clock.is_live()).cloned();
        live.map(|clock| Running { incident: *id, clock }).collect::<Vec<_>>()
    };
    // As text in the order of what it stands for: by when, whose, which one.
    let place = |one: &Running| {
        let Clock { due, round, id, .. } = &one.clock;
        format!("{:020}.{:020}.{round:010}.{id}", (*due).max(0), one.incident)
    };
    Part::sorted(wanted.flat_map(of).collect(), limit, cursor.as_deref(), place)
}

/// An incident that was escalated.
#[derive(Debug, Serialize, JsonSchema)]
struct Escalated {
    /// The incident.
    incident: IncidentId,
    /// What it is called, until its words are deleted.
    title: Option<String>,
    /// Since when.
    since: i64,
}

fn escalations(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Escalated>, Problem> {
    let (all, _) = call.reader().unacknowledged(ESCALATED)?;
    let told = all.into_iter().map(|one| Escalated { incident: one.incident, title: one.title, since: one.since });
    Part::sorted(told.collect(), limit, cursor.as_deref(), |one| one.incident)
}

fn answered(call: &Call, _: Nothing) -> Result<Responses, Problem> {
    let standings = call.reader().standings()?;
    let rounds: Vec<_> = standings.iter().flat_map(|(_, incident)| incident.rounds()).collect();
    Ok(responses(&rounds, call.now))
}

/// Of how many days.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    /// Up to now; a month where it is left out.
    #[serde(default = "month")]
    #[schemars(range(min = 1, max = 366))]
    days: u16,
}

fn month() -> u16 {
    31
}

/// What was said on one day.
#[derive(Debug, Serialize, JsonSchema)]
struct Said {
    /// The first second of the day, by the office's clock.
    day: i64,
    /// Decided, else suggested category of the incident; nothing of what belongs to none.
    category: Option<Category>,
    /// Posts.
    posts: u64,
}

fn days(call: &Call, Days { days }: Days) -> Result<Part<Said>, Problem> {
    if !(1..=366).contains(&days) {
        return Err(Problem::Malformed("days: between 1 and 366".to_owned()));
    }
    let offset = call.desk.app.organisation.get().utc_offset(call.now);
    let since = call.now.saturating_sub(i64::from(days) * 86_400);
    let points = call.reader().posts_per_day(since, offset)?.into_iter();
    Ok(Part::whole(points.map(|point| Said { day: point.day, category: point.category, posts: point.posts }).collect()))
}

/// Somebody of the office.
#[derive(Debug, Serialize, JsonSchema)]
struct Colleague {
    /// Identifier: what `assign` takes.
    id: String,
    /// What colleagues call them.
    name: Option<String>,
}

fn colleagues(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Colleague>, Problem> {
    let mut users = call.reader().users()?;
    users.retain(|user| user.revoked.is_none() && user.roles.iter().any(|role| Act::DoStep.is_for(*role)));
    let told = users.into_iter().map(|user| Colleague { id: user.id, name: user.name });
    Part::sorted(told.collect(), limit, cursor.as_deref(), |one| one.id.clone())
}

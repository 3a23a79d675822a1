//! Incidents, and what is done about them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::feed::Feed;
use crate::incident::clock::Clock;
use crate::incident::clock::response::{Responses, responses};
use crate::incident::event::Recorded;
use crate::incident::life::Incident;
use crate::incident::reach::Reach;
use crate::incident::{Category, IncidentId};
use crate::search::kept::KeptSearch;
use crate::store::model::{Figures, IncidentRow};
use crate::store::{
    CaseRow, CategoryFilter, ContactQuery, ContactRow, DisclosureRow, IncidentQuery, ReferralRow, ReplyRow, SummaryRow,
};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get};
use crate::web::api::listed::{Limit, Nothing, Numbered, OfIncident, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/figures", WORK, ("figures", "How much there is"), figures),
        get("/incidents", WORK, ("listIncidents", "Incidents, the one with the newest post first"), incidents),
        get("/incidents/{id}", WORK, ("incident", "One incident, and how it stands"), incident),
        get("/incidents/{id}/events", WORK, ("incidentEvents", "What happened to an incident, oldest first"), events),
        get("/clocks", WORK, ("listClocks", "Clocks that run, the one that ends first on top"), clocks),
        get("/responses", WORK, ("responses", "How fast answers came"), answered),
        get("/replies", WORK, ("listReplies", "Answers"), replies),
        get("/replies/{id}", WORK, ("reply", "One answer, with its text"), reply),
        get("/disclosures", WORK, ("listDisclosures", "What is published on one's own initiative"), disclosures),
        get("/disclosures/{id}", WORK, ("disclosure", "One disclosure"), disclosure),
        get("/referrals", WORK, ("listReferrals", "Legal referrals"), referrals),
        get("/summaries", WORK, ("listSummaries", "What the public reads, and drafts of it"), summaries),
        get("/cases", WORK, ("listCases", "Closed incidents to learn from"), cases),
        get("/cases/{id}", WORK, ("case", "One case"), case),
        get(
            "/contacts",
            Access::Able(Act::KeepContacts),
            ("listContacts", "Contacts at media, sites and forums"),
            contacts,
        ),
        get("/contacts/{id}", Access::Able(Act::KeepContacts), ("contact", "One contact"), contact),
        get(
            "/searches",
            Access::Able(Act::KeepSearches),
            ("listSearches", "The searches that you keep, and those that colleagues share"),
            searches,
        ),
        get(
            "/feeds",
            Access::Able(Act::KeepFeeds),
            ("listFeeds", "Addresses to which calendars and readers subscribe"),
            feeds,
        ),
    ]
}

fn figures(call: &Call, _: Nothing) -> Result<Figures, Problem> {
    Ok(call.clerk().reader.figures()?)
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
    let rows = call.clerk().reader.incidents(&query)?;
    Ok(Part::of(rows, wanted.limit, |row| format!("{}.{}", row.latest, row.id)))
}

fn after(cursor: &str) -> Result<(i64, IncidentId), Problem> {
    let read = || {
        let (latest, id) = cursor.split_once('.')?;
        Some((latest.parse().ok()?, id.parse().ok()?))
    };
    read().ok_or_else(|| Problem::Malformed("cursor: take it from `next` of the part before".to_owned()))
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
    let reader = &call.clerk().reader;
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
    event: Recorded,
    /// The reason or note, until it is deleted.
    note: Option<String>,
}

fn events(call: &Call, Numbered { id }: Numbered) -> Result<Part<Told>, Problem> {
    let reader = &call.clerk().reader;
    reader.incident(id)?.ok_or(Problem::Missing)?;
    let told = |event: Recorded| {
        let note = event.event.note().map_or(Ok(None), |note| reader.note(note.id))?;
        Ok::<_, Problem>(Told { event, note })
    };
    Ok(Part::whole(reader.history(id)?.into_iter().map(told).collect::<Result<_, _>>()?))
}

/// A clock of an incident.
#[derive(Debug, Serialize, JsonSchema)]
struct Running {
    /// The incident.
    incident: IncidentId,
    /// The clock.
    clock: Clock,
}

fn clocks(call: &Call, OfIncident { incident }: OfIncident) -> Result<Part<Running>, Problem> {
    let standings = call.clerk().reader.standings()?;
    let wanted = standings.iter().filter(|(id, _)| incident.is_none_or(|only| only == *id));
    let of = |(id, life): &(IncidentId, Incident)| {
        let live = life.clocks.clocks().iter().filter(|clock| clock.is_live()).cloned();
        live.map(|clock| Running { incident: *id, clock }).collect::<Vec<_>>()
    };
    let mut running: Vec<Running> = wanted.flat_map(of).collect();
    running.sort_by_key(|one| (one.clock.due, one.incident));
    Ok(Part::whole(running))
}

fn answered(call: &Call, _: Nothing) -> Result<Responses, Problem> {
    let standings = call.clerk().reader.standings()?;
    let rounds: Vec<_> = standings.iter().flat_map(|(_, incident)| incident.rounds()).collect();
    Ok(responses(&rounds, call.now))
}

fn replies(call: &Call, OfIncident { incident }: OfIncident) -> Result<Part<ReplyRow>, Problem> {
    Ok(Part::whole(call.clerk().reader.replies(incident)?))
}

/// An answer and its text.
#[derive(Debug, Serialize, JsonSchema)]
struct ReplyShown {
    /// How it stands.
    reply: ReplyRow,
    /// What it says, until it is deleted.
    text: Option<String>,
}

fn reply(call: &Call, Numbered { id }: Numbered) -> Result<ReplyShown, Problem> {
    let reader = &call.clerk().reader;
    let reply = reader.reply(id)?.ok_or(Problem::Missing)?;
    let text = reply.reply.text.as_ref().map_or(Ok(None), |note| reader.note(note.id))?;
    Ok(ReplyShown { reply, text })
}

fn disclosures(call: &Call, OfIncident { incident }: OfIncident) -> Result<Part<DisclosureRow>, Problem> {
    Ok(Part::whole(call.clerk().reader.disclosures(incident)?))
}

fn disclosure(call: &Call, Numbered { id }: Numbered) -> Result<DisclosureRow, Problem> {
    call.clerk().reader.disclosure(id)?.ok_or(Problem::Missing)
}

fn referrals(call: &Call, _: Nothing) -> Result<Part<ReferralRow>, Problem> {
    Ok(Part::whole(call.clerk().reader.referrals()?))
}

fn summaries(call: &Call, _: Nothing) -> Result<Part<SummaryRow>, Problem> {
    Ok(Part::whole(call.clerk().reader.summaries()?))
}

fn cases(call: &Call, _: Nothing) -> Result<Part<CaseRow>, Problem> {
    Ok(Part::whole(call.clerk().reader.cases()?))
}

fn case(call: &Call, Numbered { id }: Numbered) -> Result<CaseRow, Problem> {
    call.clerk().reader.case(id)?.ok_or(Problem::Missing)
}

fn searches(call: &Call, _: Nothing) -> Result<Part<KeptSearch>, Problem> {
    let known = call.visitor.person.as_ref().ok_or(Problem::Unknown)?;
    Ok(Part::whole(call.clerk().reader.kept_searches(&known.user)?))
}

fn contacts(call: &Call, _: Nothing) -> Result<Part<ContactRow>, Problem> {
    Ok(Part::whole(call.clerk().reader.contacts(&ContactQuery::default())?))
}

fn contact(call: &Call, Numbered { id }: Numbered) -> Result<ContactRow, Problem> {
    call.clerk().reader.contact(id).map_err(|error| match error {
        crate::store::StoreError::Unknown { .. } => Problem::Missing,
        error => error.into(),
    })
}

fn feeds(call: &Call, _: Nothing) -> Result<Part<Feed>, Problem> {
    Ok(Part::whole(call.clerk().reader.feeds()?))
}

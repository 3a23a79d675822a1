//! `/disclosures`: what is published on one's own initiative, from the calendar to the receipts (P20).

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use caifeng_plugin_host::contract::Timestamp;
use serde::Deserialize;

use super::replies::worded;
use super::{act, grounds, missing, people};
use crate::control::{Asked as Order, Refusal};
use crate::disclosure::calendar::Day;
use crate::disclosure::{DisclosureState, Kind};
use crate::handling::What;
use crate::handling::disclosed::Disclosed;
use crate::handling::receipt::{Published, Receipting};
use crate::incident::IncidentId;
use crate::store::{Composed, Disclosing, DisclosureRow, Reader, Receipt, Sight, When};
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::{Fields, Numbered, Reasoned, Seen, Sent, Uploaded};
use crate::web::page::{self, DisclosureRows, DisclosuresRows, PlanRows, Planned, Trouble, Visit};
use crate::web::rows::Rows;

/// Those that are over on the page.
const OVER: usize = 30;

fn usage(words: impl std::fmt::Display) -> Refused {
    Refused::Refusal(Refusal::Usage(words.to_string()))
}

/// `GET /disclosures`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let all = ours.reader(visit.user()).disclosures(None)?;
        let over =
            |row: &DisclosureRow| matches!(row.disclosure.state, DisclosureState::Receipted | DisclosureState::Dropped);
        let (mut over, open): (Vec<_>, Vec<_>) = all.into_iter().partition(over);
        over.reverse();
        over.truncate(OVER);
        Ok(page::disclosures(
            visit,
            &DisclosuresRows { figures: rows.figures()?, watches: rows.watches()?, open, over },
        )?)
    })
    .await
}

fn read(desk: &Desk, (rows, reader): (&dyn Rows, &Reader), id: i64) -> Result<Disclosed, Refused> {
    let plan_of = |incident| rows.governing(incident).map_err(Refused::from);
    Disclosed::read(reader, id, desk.app.owner.setup.plan.get(), plan_of)?.ok_or_else(missing)
}

/// `GET /disclosures/{id}`.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let reader = &ours.reader(visit.user());
        let it = read(&ours, (rows, reader), id)?;
        let clerk = &ours.app.owner.clerk;
        let told = DisclosureRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            grounds: grounds((&ours, reader), &it.text().body)?,
            history: reader.disclosure_history(it.row.id)?,
            people: people(reader)?,
            organisation: clerk.organisation.get().as_ref().clone(),
            it,
        };
        Ok(page::disclosure(visit, &told)?)
    })
    .await
}

/// What a new one is to answer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Beginning {
    answers: Option<IncidentId>,
}

/// `GET /disclosures/new?answers=…`: an answer to an incident, or something of one's own.
pub(in crate::web) async fn new(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    beginning: Result<Query<Beginning>, QueryRejection>,
) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let Query(Beginning { answers }) = beginning.map_err(|_| Refused::Trouble(Trouble::Address))?;
        let mut planned = Planned::default();
        if let Some(id) = answers {
            rows.incident(id)?.ok_or_else(missing)?;
            (planned.kind, planned.answers) = (Kind::Answer, id.to_string());
        }
        planning(&ours, rows, visit, planned)
    })
    .await
}

/// `GET /disclosures/{id}/edit`.
pub(in crate::web) async fn edit(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let reader = &ours.reader(visit.user());
        let it = read(&ours, (rows, reader), id)?;
        let zone = &visit.zone;
        let local = |at: Timestamp| {
            let at = jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(zone.clone());
            at.strftime("%Y-%m-%dT%H:%M").to_string()
        };
        let (text, disclosure) = (it.text(), &it.row.disclosure);
        let planned = Planned {
            sight: Some(Sight { id: it.row.id, version: disclosure.version }),
            kind: disclosure.kind,
            title: text.title,
            text: text.body,
            channels: disclosure.channels.clone(),
            planned: disclosure.planned.map(local).unwrap_or_default(),
            due: disclosure.due.map(local).unwrap_or_default(),
            answers: disclosure.answers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            looked: true,
        };
        planning(&ours, rows, visit, planned)
    })
    .await
}

fn planning(desk: &Desk, rows: &dyn Rows, visit: &Visit, planned: Planned) -> Result<String, Refused> {
    let told = PlanRows {
        figures: rows.figures()?,
        watches: rows.watches()?,
        plan: desk.app.owner.setup.plan.get(),
        people: if planned.looked {
            let found = Disclosed::private(&planned.text, &desk.app.owner.clerk.organisation.get());
            found.into_iter().map(|one| planned.text[one.range].to_owned()).collect()
        } else {
            Vec::new()
        },
        planned,
    };
    Ok(page::plan_disclosure(visit, &told)?)
}

/// `POST /disclosures`.
pub(in crate::web) async fn begin(desk: State<Arc<Desk>>, asked: Asked, fields: Fields) -> Response {
    take(desk, asked, None, &fields).await
}

/// `POST /disclosures/{id}/edit`.
pub(in crate::web) async fn change(
    desk: State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    fields: Fields,
) -> Response {
    let version = fields.one("version").and_then(|version| version.parse().ok());
    let Some(version) = version else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    take(desk, asked, Some(Sight { id, version }), &fields).await
}

async fn take(State(desk): State<Arc<Desk>>, asked: Asked, sight: Option<Sight>, fields: &Fields) -> Response {
    let known = ["version", "kind", "title", "text", "channel", "planned", "due", "answers", "look"];
    let kind = fields.one("kind").and_then(|kind| Kind::from_name(&kind));
    let (Some(kind), true) = (kind, fields.only(&known)) else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let said = |name: &str| fields.one(name).unwrap_or_default();
    let planned = Planned {
        sight,
        kind,
        title: said("title"),
        text: said("text"),
        channels: fields.all("channel"),
        planned: said("planned"),
        due: said("due"),
        answers: said("answers"),
        looked: true,
    };
    if fields.one("look").is_some() {
        let ours = Arc::clone(&desk);
        return desk.show(asked, move |rows, visit| planning(&ours, rows, visit, planned)).await;
    }
    let composed = match composed(&desk, planned) {
        Ok(composed) => composed,
        Err(refused) => return refuse(asked.lang, refused),
    };
    let disclosing = match sight {
        Some(sight) => Disclosing::Edit(sight, composed),
        None => Disclosing::Draft(composed),
    };
    act(desk, asked, What::Disclose(disclosing), "done.planned").await
}

/// What a form says that it is to be; what it leaves empty is taken away.
fn composed(desk: &Desk, planned: Planned) -> Result<Composed, Refused> {
    let zone = &desk.app.organisation.get().zone();
    let when = |text: &str, of: fn(Day, &jiff::tz::TimeZone) -> Timestamp| {
        if text.is_empty() {
            return Ok(When::Never);
        }
        text.parse::<Day>().map(|day| When::At(of(day, zone))).map_err(usage)
    };
    let number = |text: &str| text.parse().map_err(|_| usage("name an incident by its number, such as 7"));
    let answers = planned.answers.split([',', '，', '、', ' ']).map(str::trim).filter(|it| !it.is_empty());
    Ok(Composed {
        kind: Some(planned.kind),
        title: Some(planned.title),
        body: Some(worded(desk, planned.text).map_err(Refused::Refusal)?),
        channels: Some(planned.channels),
        planned: Some(when(&planned.planned, Day::begins)?),
        due: Some(when(&planned.due, Day::ends)?),
        answers: Some(answers.map(number).collect::<Result<_, _>>()?),
    })
}

/// `POST /disclosures/{id}/review`.
pub(in crate::web) async fn review(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Seen { version }): Sent<Seen>,
) -> Response {
    act(desk, asked, What::Disclose(Disclosing::Review(Sight { id, version })), "done.reviewed").await
}

/// `POST /disclosures/{id}/approve`.
pub(in crate::web) async fn approve(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Seen { version }): Sent<Seen>,
) -> Response {
    act(desk, asked, What::Disclose(Disclosing::Approve(Sight { id, version })), "done.approved").await
}

/// `POST /disclosures/{id}/return`.
pub(in crate::web) async fn give_back(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Reasoned { version, reason }): Sent<Reasoned>,
) -> Response {
    act(desk, asked, What::Disclose(Disclosing::Return(Sight { id, version }, reason)), "done.returned").await
}

/// `POST /disclosures/{id}/drop`.
pub(in crate::web) async fn give_up(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Reasoned { version, reason }): Sent<Reasoned>,
) -> Response {
    act(desk, asked, What::Disclose(Disclosing::Drop(Sight { id, version }, reason)), "done.dropped").await
}

/// What somebody published, and where.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Posted {
    version: u64,
    channel: String,
    account: String,
}

/// `POST /disclosures/{id}/publish`.
pub(in crate::web) async fn publish(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Posted { version, channel, account }): Sent<Posted>,
) -> Response {
    act(desk, asked, What::Disclose(Disclosing::Publish(Sight { id, version }, channel, account)), "done.published")
        .await
}

/// `POST /disclosures/{id}/receipt`: an address, which is fetched and kept, or a file.
pub(in crate::web) async fn receipt(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    sent: Uploaded,
) -> Response {
    let lang = asked.lang;
    let read = || {
        let sight = Sight { id, version: sent.field("version")?.parse().ok()? };
        sent.only(&["version", "url", "channel"]).then_some((sight, sent.said("channel")?))
    };
    let Some((sight, channel)) = read() else { return refuse(lang, Refused::Trouble(Trouble::Form)) };
    let published_at = sent.said("url").unwrap_or_default();
    if let Some(file) = sent.file {
        let kept = match desk.keep(file).await {
            Ok(digest) => digest,
            Err(refusal) => return refuse(lang, Refused::Refusal(refusal)),
        };
        let what = What::DisclosureReceipt(sight, channel, Receipt::Document(kept));
        return act(desk, asked, what, "done.receipted").await;
    }
    let of = Published::Disclosure(sight, channel);
    let receipting = Receipting { token: asked.visitor.token.clone(), of, published_at };
    match desk.order(Order::Receipt(receipting)).await {
        Ok(_) => lead(&Done::new(format!("/disclosures/{id}"), "done.receipted")),
        Err(refusal) => refuse(lang, Refused::Refusal(refusal)),
    }
}

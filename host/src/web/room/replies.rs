//! `/replies`: answers, from a draft to the receipt of what was published (P18, P19).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Deserialize;

use super::{act, grounds, missing, people};
use crate::config;
use crate::control::{Asked as Order, Refusal};
use crate::handling::What;
use crate::handling::answer::Answer;
use crate::handling::receipt::{Published, Receipting};
use crate::incident::IncidentId;
use crate::incident::event::{Event, Recorded};
use crate::plan::answer::Form;
use crate::reply::{ReplyEvent, ReplyId, ReplyState};
use crate::store::{Answering, Reader, Receipt, Sight, StoreError};
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::{Numbered, Reasoned, Seen, Sent, Uploaded};
use crate::web::page::{self, Draft, DraftRows, RepliesRows, ReplyRows, Trouble, Version, Visit};
use crate::web::rows::Rows;

/// Published replies on a page.
const PAGE: usize = 30;
/// Replies under way on the page: more wait for people than people can read.
const OPEN: usize = 100;
/// Posts that a draft can cite by a click.
const CITABLE: usize = 30;

const WAITING: [ReplyState; 4] = [ReplyState::Draft, ReplyState::Reviewed, ReplyState::Approved, ReplyState::Published];

/// `GET /replies?before=…`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let before = match query.as_deref().unwrap_or_default() {
            "" => None,
            query => {
                let number = query.strip_prefix("before=").and_then(|id| id.parse().ok());
                Some(number.ok_or(Refused::Trouble(Trouble::Address))?)
            }
        };
        let reader = &ours.reader(visit.user());
        let answer = |row: crate::store::ReplyRow| -> Result<(Answer, String), Refused> {
            let plan = rows.governing(row.incident)?;
            let title = rows.incident(row.incident)?.map(|incident| incident.title).unwrap_or_default();
            Ok((Answer::of(reader, row, plan)?, title))
        };
        let waiting = if before.is_none() { reader.replies_in(&WAITING, None, OPEN)? } else { Vec::new() };
        let mut out = reader.replies_in(&[ReplyState::Receipted], before, PAGE + 1)?;
        let more = out.len() > PAGE;
        out.truncate(PAGE);
        let told = RepliesRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            waiting: waiting.into_iter().map(answer).collect::<Result<_, Refused>>()?,
            out: out.into_iter().map(answer).collect::<Result<_, Refused>>()?,
            first: before.is_none(),
            more,
            people: people(reader)?,
            accounts: ours.app.owner.clerk.organisation.get().accounts.clone(),
        };
        Ok(page::replies(visit, &told)?)
    })
    .await
}

/// `GET /replies/{id}`.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let reader = &ours.reader(visit.user());
        let answer = answer(rows, reader, id, visit)?;
        let title = rows.incident(answer.row.incident)?.map(|incident| incident.title).unwrap_or_default();
        let history = reader.history(answer.row.incident)?;
        let told = ReplyRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            versions: versions(reader, answer.row.id, history)?,
            grounds: grounds((&ours, reader), answer.text.as_deref().unwrap_or_default())?,
            answer,
            title,
            people: people(reader)?,
            accounts: ours.app.owner.clerk.organisation.get().accounts.clone(),
        };
        Ok(page::reply(visit, &told)?)
    })
    .await
}

fn answer(rows: &dyn Rows, reader: &Reader, id: ReplyId, visit: &Visit) -> Result<Answer, Refused> {
    Answer::read(reader, id, |incident| rows.governing(incident).map_err(Refused::from), visit.now)?.ok_or_else(missing)
}

/// Everything that happened to a reply, the oldest first, with what was written.
fn versions(reader: &Reader, reply: ReplyId, history: Vec<Recorded>) -> Result<Vec<Version>, StoreError> {
    let of_it = history.into_iter().filter_map(|recorded| match recorded.event {
        Event::Reply { reply: id, done } if id == reply => Some((recorded.at, recorded.by, done)),
        _ => None,
    });
    let version = |(at, by, done): (_, _, ReplyEvent)| {
        let note = match &done {
            ReplyEvent::Drafted { text, .. } => Some(text.id),
            ReplyEvent::Returned { note } => Some(note.id),
            _ => None,
        };
        Ok(Version { at, by, done, text: note.map_or(Ok(None), |id| reader.note(id))? })
    };
    of_it.map(version).collect()
}

/// `GET /incidents/{id}/replies/new`.
pub(in crate::web) async fn new(State(desk): State<Arc<Desk>>, Numbered(incident): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let plan = rows.governing(incident)?;
        let channel = plan.channels.first().ok_or_else(missing)?;
        let form = channel.form.first().copied().unwrap_or(Form::Post);
        let draft = Draft { incident, reply: None, form, channel: channel.id.clone(), text: String::new() };
        drafting(&ours, rows, visit, draft, false)
    })
    .await
}

/// `GET /replies/{incident}/edit`.
pub(in crate::web) async fn edit(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let Answer { row, text, .. } = answer(rows, &ours.reader(visit.user()), id, visit)?;
        let reply = Some(Sight { id: row.id, version: row.reply.version });
        let (form, channel) = (row.reply.form, row.reply.channel);
        let draft = Draft { incident: row.incident, reply, form, channel, text: text.unwrap_or_default() };
        drafting(&ours, rows, visit, draft, true)
    })
    .await
}

/// The page on which a text is written, the aid beside it.
fn drafting(desk: &Desk, rows: &dyn Rows, visit: &Visit, draft: Draft, looked: bool) -> Result<String, Refused> {
    let clerk = &desk.app.owner.clerk;
    let id = draft.incident;
    let incident = rows.incident(id)?.ok_or_else(missing)?;
    let standing = desk.reader(visit.user()).standing(id)?.ok_or_else(missing)?;
    let told = DraftRows {
        figures: rows.figures()?,
        watches: rows.watches()?,
        title: incident.title,
        category: standing.decided(),
        cause_established: standing.steps.contains_key("cause"),
        plan: rows.governing(id)?,
        posts: rows.posts_of(id, CITABLE)?,
        // What is wrong with the file is told when a wording is inserted.
        wordings: config::wordings_beside(&clerk.directory.config()).unwrap_or_default(),
        today: clerk.organisation.get().day(visit.now),
        draft,
        looked,
    };
    Ok(page::draft(visit, &told)?)
}

/// A draft that somebody sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Written {
    /// The version that was seen; left out for a new one.
    version: Option<u64>,
    form: Form,
    channel: String,
    text: String,
    /// Only look at it, and keep nothing.
    look: Option<String>,
}

/// `POST /incidents/{id}/replies`.
pub(in crate::web) async fn begin(
    desk: State<Arc<Desk>>,
    Numbered(incident): Numbered,
    asked: Asked,
    Sent(written): Sent<Written>,
) -> Response {
    take(desk, asked, incident, None, written).await
}

/// `POST /replies/{incident}/edit`.
pub(in crate::web) async fn change(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(written): Sent<Written>,
) -> Response {
    let Some(version) = written.version else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let reader = desk.reader(asked.visitor.user());
    let incident = match tokio::task::spawn_blocking(move || reader.reply(id)).await {
        Ok(Ok(Some(row))) => row.incident,
        Ok(Ok(None)) => return refuse(asked.lang, missing()),
        Ok(Err(error)) => return refuse(asked.lang, error.into()),
        Err(error) => return refuse(asked.lang, Refused::Refusal(Refusal::Internal(error.to_string()))),
    };
    take(State(desk), asked, incident, Some(Sight { id, version }), written).await
}

async fn take(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    incident: IncidentId,
    reply: Option<Sight>,
    written: Written,
) -> Response {
    let Written { form, channel, text, look, .. } = written;
    if look.is_some() {
        let ours = Arc::clone(&desk);
        let draft = Draft { incident, reply, form, channel, text };
        return desk.show(asked, move |rows, visit| drafting(&ours, rows, visit, draft, true)).await;
    }
    // Browsers send the ends of lines as CR LF (HTML §4.10.21.3).
    let text = match worded(&desk, text.replace("\r\n", "\n")) {
        Ok(text) => text,
        Err(refusal) => return refuse(asked.lang, Refused::Refusal(refusal)),
    };
    act(desk, asked, What::Answer(Answering::Draft { incident, reply, form, channel, text }), "done.drafted").await
}

/// A text with the approved wording that it names in its place.
pub(in crate::web) fn worded(desk: &Desk, text: String) -> Result<String, Refusal> {
    if !text.contains("{{") {
        return Ok(text);
    }
    let clerk = &desk.app.owner.clerk;
    let usage = |wrong: Vec<String>| Refusal::Usage(wrong.join("; "));
    let wordings = config::wordings_beside(&clerk.directory.config()).map_err(|e| usage(vec![e.to_string()]))?;
    let today = clerk.organisation.get().day((desk.app.clock)());
    wordings.insert(&text, today).map_err(|wrong| usage(wrong.iter().map(ToString::to_string).collect()))
}

/// The same, under an account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Posted {
    version: u64,
    account: String,
}

/// `POST /replies/{id}/review`.
pub(in crate::web) async fn review(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Seen { version }): Sent<Seen>,
) -> Response {
    act(desk, asked, What::Answer(Answering::Review(Sight { id, version })), "done.reviewed").await
}

/// `POST /replies/{id}/approve`.
pub(in crate::web) async fn approve(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Seen { version }): Sent<Seen>,
) -> Response {
    act(desk, asked, What::Answer(Answering::Approve(Sight { id, version })), "done.approved").await
}

/// `POST /replies/{id}/return`.
pub(in crate::web) async fn give_back(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Reasoned { version, reason }): Sent<Reasoned>,
) -> Response {
    act(desk, asked, What::Answer(Answering::Return(Sight { id, version }, reason)), "done.returned").await
}

/// `POST /replies/{id}/publish`.
pub(in crate::web) async fn publish(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Posted { version, account }): Sent<Posted>,
) -> Response {
    act(desk, asked, What::Answer(Answering::Publish(Sight { id, version }, account)), "done.published").await
}

/// `POST /replies/{id}/receipt`: an address, which is fetched and kept, or a file.
pub(in crate::web) async fn receipt(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    sent: Uploaded,
) -> Response {
    let lang = asked.lang;
    let read = || {
        let sight = Sight { id, version: sent.field("version")?.parse().ok()? };
        sent.only(&["version", "url"]).then_some(sight)
    };
    let Some(sight) = read() else { return refuse(lang, Refused::Trouble(Trouble::Form)) };
    let address = sent.field("url").unwrap_or_default().trim().to_owned();
    if let Some(file) = sent.file {
        let kept = match desk.keep(file).await {
            Ok(digest) => digest,
            Err(refusal) => return refuse(lang, Refused::Refusal(refusal)),
        };
        let what = What::Receipt(sight, Receipt::Document(kept));
        return act(desk, asked, what, "done.receipted").await;
    }
    let receipting =
        Receipting { token: asked.visitor.token.clone(), of: Published::Reply(sight), published_at: address };
    match desk.order(Order::Receipt(receipting)).await {
        Ok(_) => lead(&Done::new(format!("/replies/{id}"), "done.receipted")),
        Err(refusal) => refuse(lang, Refused::Refusal(refusal)),
    }
}

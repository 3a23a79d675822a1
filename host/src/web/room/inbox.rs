//! `/inbox` 研判: what waits for a decision, one by one; and the decisions themselves (P11).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use caifeng_plugin_host::contract::Timestamp;
use serde::Deserialize;

use crate::calendar::time::OfficeTime;
use crate::handling::What;
use crate::incident::clock::prospect;
use crate::incident::life::Grouped;
use crate::incident::life::command::TAKE_BACK;
use crate::incident::matter::most_alike;
use crate::incident::{Category, IncidentId, State as Standing};
use crate::lang::Lang;
use crate::store::{Decision, Inbox, Reader, Seen, Unassessed};
use crate::text::telling::Telling;
use crate::web::desk::{Asked, Desk, Done, Refused, refuse};
use crate::web::form::{Numbered, Sent};
use crate::web::page::{self, Alike, InboxRows, Judging, Slip, Slipped, Trouble};
use crate::web::rows::Rows;

/// Posts that stand beside the question.
const POSTS: usize = 5;
/// Similar incidents that are shown.
const SIMILAR: usize = 4;
/// Incidents that may be similar and are compared with the one that is shown.
const COMPARED: usize = 64;
/// Hours for which something can be put off.
pub(in crate::web) const HOURS: [i64; 3] = [1, 4, 24];

/// `GET /inbox?at=…&did=…`: the one that was asked for, else the first; what was done just before can be taken back.
pub(in crate::web) async fn inbox(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let wanted = Wanted::read(query.as_deref().unwrap_or_default()).ok_or(Refused::Trouble(Trouble::Address))?;
        let reader = &ours.reader(visit.user());
        let user = visit.person.as_ref().map(|known| known.user.as_str());
        let inbox = reader.inbox(user, visit.now)?;
        let place = inbox.waiting.iter().position(|id| Some(*id) == wanted.at);
        let gone = wanted.at.filter(|_| place.is_none());
        let place = place.unwrap_or_default();
        let shown = inbox.waiting.get(place).map(|id| reader.waiting(*id, user, visit.now));
        let judging =
            shown.transpose()?.flatten().map(|one| judging(&ours, (rows, reader), visit.now, &one)).transpose()?;
        let undo = match (wanted.did, user) {
            (Some(did), Some(user)) => slipped(reader, &inbox, did, user, visit.now)?,
            _ => None,
        };
        let (figures, watches) = (rows.figures()?, rows.watches()?);
        Ok(page::inbox(visit, &InboxRows { figures, watches, inbox, place, gone, judging, undo })?)
    })
    .await
}

/// What the address asks for.
#[derive(Clone, Copy, Default)]
struct Wanted {
    at: Option<IncidentId>,
    did: Option<IncidentId>,
}

impl Wanted {
    fn read(query: &str) -> Option<Self> {
        let mut wanted = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let number = value.parse().ok()?;
            match name.as_ref() {
                "at" => wanted.at = Some(number),
                "did" => wanted.did = Some(number),
                _ => return None,
            }
        }
        Some(wanted)
    }
}

/// What a person weighs.
pub(in crate::web) fn judging(
    desk: &Desk,
    (rows, reader): (&dyn Rows, &Reader),
    now: Timestamp,
    one: &Unassessed,
) -> Result<Judging, Refused> {
    let id = one.row.id;
    let plan = rows.governing(id)?;
    let life = reader.standing(id)?.unwrap_or_default();
    let posts = rows.posts_of(id, POSTS)?;
    let calendar = desk.app.owner.setup.calendar.get();
    let time = OfficeTime::new(&calendar, &plan.office, desk.app.organisation.get().zone());
    let prospects = Category::ALL.map(|category| {
        let first = prospect(&plan, category, life.opened, now, &time);
        (category, first.map(|first| (first.name.clone(), first.due)))
    });
    let text = posts.last().map(|post| post.text.as_str()).unwrap_or_default();
    let telling = Telling::of(&desk.app.owner.sweeper.pipeline.tokeniser.cut(Some(&one.row.title), text));
    let mut alike = Vec::new();
    let mut others = desk.app.owner.clerk.store.alike(&telling, COMPARED);
    others.retain(|other| *other != id);
    for (other, likeness) in most_alike(&telling, &reader.abouts(&others)?, SIMILAR) {
        alike.extend(rows.incident(other)?.map(|row| Alike { row, words: likeness.words }));
    }
    let (row, escalated) = (one.row.clone(), one.escalated);
    let strongest = row.suggested().map(|category| rows.strongest(id, category)).transpose()?.flatten();
    Ok(Judging { strongest, row, escalated, opinion: rows.opinion(id)?, plan, life, posts, prospects, alike })
}

/// What a person did a moment ago, if it can be taken back: the record says so, whatever the address does.
pub(in crate::web) fn slipped(
    reader: &Reader,
    inbox: &Inbox,
    id: IncidentId,
    user: &str,
    now: Timestamp,
) -> Result<Option<Slipped>, Refused> {
    let (Some(row), Some(life)) = (reader.incident(id)?, reader.standing(id)?) else { return Ok(None) };
    let told = |slip, version| Ok(Some(Slipped { id, title: row.title.clone(), slip, version }));
    if inbox.snoozed.iter().any(|(row, _)| row.id == id) {
        return told(Slip::Snoozed, life.version);
    }
    if now.saturating_sub(life.acted) > TAKE_BACK || !is_of(reader, id, user)? {
        return Ok(None);
    }
    match (life.state, &life.merged) {
        (Standing::Dismissed, _) => told(Slip::Dismissed, life.version),
        (Standing::Handling, _) if life.steps.is_empty() => told(Slip::Assessed, life.version),
        (Standing::Merged, Some(merged)) => {
            let into = reader.standing(merged.into)?.unwrap_or_default();
            let latest = into.grouped.last() == Some(&Grouped::Merged(id));
            if latest { told(Slip::Merged(merged.into), into.version) } else { Ok(None) }
        }
        _ => Ok(None),
    }
}

/// Whether the latest decision about it is this person's.
fn is_of(reader: &Reader, id: IncidentId, user: &str) -> Result<bool, Refused> {
    let history = reader.history(id)?;
    let latest = history.iter().rev().find(|recorded| recorded.event.is_decision());
    Ok(latest.is_some_and(|recorded| recorded.by.user() == user))
}

/// What the form of a decision says; each button takes what it needs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Judged {
    version: u64,
    /// The one that is looked at next.
    #[serde(default)]
    next: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    level: String,
    category: Option<Category>,
}

impl Judged {
    /// The reason; whoever gives none says what the button says.
    fn reason(&self, lang: Lang, otherwise: &str) -> String {
        let said = self.reason.trim().replace("\r\n", "\n");
        if said.is_empty() { lang.t(otherwise) } else { said }
    }
}

/// The next one, and what can be taken back.
fn onward(next: &str, did: IncidentId) -> String {
    match next.parse::<IncidentId>() {
        Ok(next) => format!("/inbox?at={next}&did={did}"),
        Err(_) => format!("/inbox?did={did}"),
    }
}

/// `POST /inbox/{id}/assess`.
pub(in crate::web) async fn assess(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(judged): Sent<Judged>,
) -> Response {
    let Some(category) = judged.category else { return refuse(asked.lang, Refused::Trouble(Trouble::Form)) };
    let level = Some(judged.level.trim().to_owned()).filter(|level| !level.is_empty());
    let reason = judged.reason(asked.lang, "inbox.as-read");
    judge(desk, asked, (id, judged), Decision::Assess { category, level, reason }, "done.assessed").await
}

/// `POST /inbox/{id}/dismiss`.
pub(in crate::web) async fn dismiss(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(judged): Sent<Judged>,
) -> Response {
    let reason = judged.reason(asked.lang, "inbox.as-nothing");
    judge(desk, asked, (id, judged), Decision::Dismiss(reason), "done.dismissed").await
}

/// `POST /inbox/{id}/escalate`.
pub(in crate::web) async fn escalate(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(judged): Sent<Judged>,
) -> Response {
    let reason = judged.reason(asked.lang, "inbox.as-urgent");
    judge(desk, asked, (id, judged), Decision::Escalate(reason), "done.escalated").await
}

async fn judge(
    desk: Arc<Desk>,
    asked: Asked,
    (id, judged): (IncidentId, Judged),
    decision: Decision,
    said: &'static str,
) -> Response {
    let seen = Seen { id, version: Some(judged.version) };
    super::decide(desk, asked, (seen, &judged.reason), decision, |_| Done::new(onward(&judged.next, id), said)).await
}

/// What the form of a merge says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Merging {
    version: u64,
    #[serde(default)]
    next: String,
    into: String,
}

/// `POST /inbox/{number}/merge`.
pub(in crate::web) async fn merge(
    State(desk): State<Arc<Desk>>,
    Numbered(number): Numbered,
    asked: Asked,
    Sent(Merging { version, next, into }): Sent<Merging>,
) -> Response {
    let into = into.trim().trim_start_matches(['#', '＃']).parse();
    let Ok(into) = into else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let seen = Seen { id: number, version: Some(version) };
    let decision = Decision::Merge(Seen { id: into, version: None });
    super::decide(desk, asked, (seen, ""), decision, |_| Done::new(onward(&next, number), "done.merged")).await
}

/// What the form of putting off says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct PutOff {
    #[serde(default)]
    next: String,
    hours: i64,
}

/// `POST /inbox/{number}/snooze`.
pub(in crate::web) async fn snooze(
    State(desk): State<Arc<Desk>>,
    Numbered(number): Numbered,
    asked: Asked,
    Sent(PutOff { next, hours }): Sent<PutOff>,
) -> Response {
    if !HOURS.contains(&hours) {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    }
    let until = (desk.app.clock)().saturating_add(hours * 3_600);
    desk.act(asked, What::Snooze(number, Some(until)), |_| Done::new(onward(&next, number), "done.snoozed")).await
}

/// What the form of taking back says: the version that was made by it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Undoing {
    version: u64,
}

/// `POST /inbox/{number}/undo`: what this person did a moment ago is taken back.
pub(in crate::web) async fn undo(
    State(desk): State<Arc<Desk>>,
    Numbered(number): Numbered,
    asked: Asked,
    Sent(Undoing { version }): Sent<Undoing>,
) -> Response {
    let (lang, user) = (asked.lang, asked.visitor.person.as_ref().map(|known| known.user.clone()));
    let Some(user) = user else {
        return refuse(lang, Refused::Trouble(Trouble::Missing));
    };
    let ours = Arc::clone(&desk);
    let look = move || {
        let (reader, now) = (&ours.reader(Some(&user)), (ours.app.clock)());
        slipped(reader, &reader.inbox(Some(&user), now)?, number, &user, now)
    };
    let slip = match tokio::task::spawn_blocking(look).await {
        Ok(Ok(Some(slipped))) => slipped.slip,
        Ok(Ok(None)) => return refuse(lang, crate::control::Refusal::Refused(TOO_LATE.to_string()).into()),
        Ok(Err(refused)) => return refuse(lang, refused),
        Err(error) => return refuse(lang, crate::control::Refusal::Internal(error.to_string()).into()),
    };
    let done = |_: &_| Done::new(format!("/inbox?at={number}"), "done.undone");
    match taken_back(slip, (number, version), lang) {
        What::Decide(seen, decision) => super::decide(desk, asked, (seen, ""), decision, done).await,
        what => desk.act(asked, what, done).await,
    }
}

/// What takes back what was done a moment ago to the incident `number`, whose `version` that made.
pub(in crate::web) fn taken_back(slip: Slip, (number, version): (IncidentId, u64), lang: Lang) -> What {
    let at = |id| Seen { id, version: Some(version) };
    match slip {
        Slip::Snoozed => What::Snooze(number, None),
        Slip::Assessed => What::Decide(at(number), Decision::TakeBack),
        Slip::Dismissed => What::Decide(at(number), Decision::Reopen(lang.t("inbox.as-slip"))),
        Slip::Merged(into) => What::Decide(at(into), Decision::Undo),
    }
}

/// Nothing of it can be taken back any more.
pub(in crate::web) const TOO_LATE: crate::incident::life::Refusal = crate::incident::life::Refusal::TooLate;

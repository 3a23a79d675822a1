//! `/cases` and `/drills`: what is over, to learn from, with the people in it hidden; and its replay against the clock (P22).

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{act, missing, people};
use crate::case::correct::Correction;
use crate::case::life::may_leave;
use crate::case::sheet::sheet;
use crate::case::words::Speech;
use crate::clock::Clock as _;
use crate::config;
use crate::control::{Asked as Order, Refusal};
use crate::directory::Directory;
use crate::document::{Document, html};
use crate::drill::order::{Advance, Inject, Order as ToDrill, Wish};
use crate::drill::stage::{self, Ground};
use crate::drill::{DrillClock, DrillError, sheet as score_sheet};
use crate::handling::What;
use crate::handling::casework::{Casework, hidden};
use crate::handling::drilled::{self, Scored};
use crate::lang::Lang;
use crate::plan::Plan;
use crate::privacy::Kind;
use crate::reporting::{self, Format};
use crate::store::{CaseRow, Reader, Sight};
use crate::web::desk::{Asked, Attached, Desk, Done, Refused, attach, lead, refuse};
use crate::web::form::{Fields, Numbered, Seen, Sent};
use crate::web::page::{self, CaseAsked, CaseRows, CasesRows, DrillLine, DrillRows, DrillsRows, Trouble};

/// So fast that a day passes in a second.
pub(in crate::web) const FASTEST: u32 = 86_400;

impl From<DrillError> for Refused {
    fn from(error: DrillError) -> Self {
        match error {
            DrillError::Store(error) => error.into(),
            error @ DrillError::Directory { .. } => Self::Refusal(Refusal::Internal(error.to_string())),
            error => Self::Refusal(Refusal::Usage(error.to_string())),
        }
    }
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::web) struct Wanted {
    q: String,
}

/// A query that was read, or could not be.
type Asking<T> = Result<Query<T>, axum::extract::rejection::QueryRejection>;

/// `GET /cases?q=…`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked, wanted: Asking<Wanted>) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let Query(Wanted { q }) = wanted.map_err(|_| Refused::Trouble(Trouble::Address))?;
        let reader = &ours.reader(visit.user());
        let all = if q.trim().is_empty() {
            let mut all = reader.cases()?;
            all.reverse();
            all
        } else {
            reader.find_cases(&ours.app.owner.sweeper.pipeline.tokeniser.query_words(&q))?
        };
        let told = CasesRows { figures: rows.figures()?, watches: rows.watches()?, all, q, drill: ours.app.drill };
        Ok(page::cases(visit, &told)?)
    })
    .await
}

fn read(reader: &Reader, id: i64) -> Result<CaseRow, Refused> {
    reader.case(id)?.ok_or_else(missing)
}

/// The sheet of a case, in the plan by which it was handled.
fn paper(desk: &Desk, row: &CaseRow, lang: Lang) -> Result<Document, Refused> {
    let kept = desk.unveiled().plan(&row.case.plan)?;
    let in_force = desk.app.owner.setup.plan.get();
    let plan: &Plan = kept.as_ref().unwrap_or(&in_force);
    Ok(sheet(row.id, &row.case, &Speech { lang, zone: desk.app.organisation.get().zone(), plan }))
}

/// `GET /cases/{id}`.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let reader = &ours.reader(visit.user());
        let row = read(reader, id)?;
        let told = CaseRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            hidden: hidden(reader, &row.case)?,
            paper: html::fragment(&paper(&ours, &row, visit.lang)?),
            people: people(reader)?,
            row,
        };
        Ok(page::case(visit, &told)?)
    })
    .await
}

/// How it is written down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Paper {
    format: Format,
}

/// `GET /cases/{id}/file?format=…`: only what was released leaves the room.
pub(in crate::web) async fn download(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    wanted: Asking<Paper>,
) -> Response {
    attach(asked.lang, move || {
        let Query(Paper { format }) = wanted.map_err(|_| Refused::Trouble(Trouble::Address))?;
        file(&desk, &desk.reader(asked.visitor.user()), id, format, asked.lang)
    })
    .await
}

/// The sheet of a released case as a file.
pub(in crate::web) fn file(
    desk: &Desk,
    reader: &Reader,
    id: i64,
    format: Format,
    lang: Lang,
) -> Result<Attached, Refused> {
    let row = read(reader, id)?;
    may_leave(&row.life).map_err(|error| Refused::Refusal(Refusal::Refused(error.to_string())))?;
    let bytes = reporting::render(&paper(desk, &row, lang)?, format);
    let bytes = bytes.map_err(|error| Refused::Refusal(Refusal::Internal(error.to_string())))?;
    Ok(Attached { kind: format.media_type(), name: format!("case-{}.{}", row.id, format.as_str()), bytes })
}

/// `GET /incidents/{id}/cases/new`.
pub(in crate::web) async fn new(State(desk): State<Arc<Desk>>, Numbered(incident): Numbered, asked: Asked) -> Response {
    desk.show(asked, move |rows, visit| {
        let title = rows.incident(incident)?.ok_or_else(missing)?.title;
        Ok(page::case_form(visit, rows.figures()?, &rows.watches()?, &CaseAsked { incident, title })?)
    })
    .await
}

/// Lines, or words between commas; nothing of what is empty.
fn several(text: Option<String>, by: &[char]) -> Vec<String> {
    let text = text.unwrap_or_default();
    text.split(by).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

const LINES: &[char] = &['\n'];
const WORDS: &[char] = &['\n', ',', '，', '、'];

/// `POST /incidents/{incident}/cases`.
pub(in crate::web) async fn make(
    State(desk): State<Arc<Desk>>,
    Numbered(incident): Numbered,
    asked: Asked,
    fields: Fields,
) -> Response {
    if !fields.only(&["lessons", "tags"]) {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    }
    let (lessons, tags) = (several(fields.one("lessons"), LINES), several(fields.one("tags"), WORDS));
    act(desk, asked, What::Case(Casework::Make { incident, lessons, tags }), "done.case-made").await
}

/// `POST /cases/{incident}/hide`.
pub(in crate::web) async fn hide(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    fields: Fields,
) -> Response {
    let known = ["version", "words", "kind", "harmless", "lessons", "tags"];
    let read = || {
        let sight = Sight { id, version: fields.one("version")?.parse().ok()? };
        let kind = Kind::from_name(&fields.one("kind")?)?;
        fields.only(&known).then_some((sight, kind))
    };
    let Some((sight, kind)) = read() else { return refuse(asked.lang, Refused::Trouble(Trouble::Form)) };
    let correction = Correction {
        hide: several(fields.one("words"), WORDS).into_iter().map(|word| (word, kind)).collect(),
        harmless: several(fields.one("harmless"), WORDS),
        lessons: several(fields.one("lessons"), LINES),
        tags: several(fields.one("tags"), WORDS),
    };
    if correction == Correction::default() {
        let what = "nothing to change: name a word to hide or to put back, a lesson or a tag";
        return refuse(asked.lang, Refused::Refusal(Refusal::Usage(what.to_owned())));
    }
    act(desk, asked, What::Case(Casework::Correct(sight, correction)), "done.case-corrected").await
}

/// `POST /cases/{id}/check`.
pub(in crate::web) async fn check(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Seen { version }): Sent<Seen>,
) -> Response {
    act(desk, asked, What::Case(Casework::Check(Sight { id, version })), "done.case-checked").await
}

/// `POST /cases/{id}/release`.
pub(in crate::web) async fn release(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Seen { version }): Sent<Seen>,
) -> Response {
    act(desk, asked, What::Case(Casework::Release(Sight { id, version })), "done.case-released").await
}

/// How fast a drill runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Speed {
    speed: u32,
}

/// `POST /cases/{id}/drill`: sets a drill up; its own process shows it.
pub(in crate::web) async fn set_up(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Speed { speed }): Sent<Speed>,
) -> Response {
    let lang = asked.lang;
    match tokio::task::spawn_blocking(move || staged(&desk, &desk.reader(asked.visitor.user()), id, speed)).await {
        Ok(Ok(name)) => lead(&Done::new(format!("/drills/{name}"), "done.drill-set-up")),
        Ok(Err(refused)) => refuse(lang, refused),
        Err(error) => refuse(lang, Refused::Refusal(Refusal::Internal(error.to_string()))),
    }
}

/// Sets a drill up of a released case; its name.
pub(in crate::web) fn staged(desk: &Desk, reader: &Reader, id: i64, speed: u32) -> Result<String, Refused> {
    if speed > FASTEST {
        return Err(Refused::Trouble(Trouble::Form));
    }
    let clerk = &desk.app.owner.clerk;
    clerk
        .directory
        .not_in_a_drill("a drill is set up of the real data directory")
        .map_err(|it| Refused::Refusal(it.into()))?;
    let row = read(reader, id)?;
    may_leave(&row.life).map_err(|error| Refused::Refusal(Refusal::Refused(error.to_string())))?;
    let people = desk.unveiled().enrolment()?;
    let ground = Ground { real: &clerk.directory, case: &row, organisation: &clerk.organisation.get(), people, speed };
    Ok(name(&stage::stage(ground)?))
}

fn name(drill: &Directory) -> String {
    drill.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `GET /drills`: in a drill, how it stands; elsewhere, which there are.
pub(in crate::web) async fn drills(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let clerk = &ours.app.owner.clerk;
        if ours.app.drill {
            let scored = drilled::read(&clerk.directory, ours.unveiled(), &visit.plan, visit.now)?;
            return drill_page(rows, visit, &ours, &clerk.directory, &scored, true);
        }
        let all = lines(&clerk.directory)?;
        let cases = ours.reader(visit.user()).cases()?.into_iter().filter(|row| may_leave(&row.life).is_ok()).collect();
        let told = DrillsRows { figures: rows.figures()?, watches: rows.watches()?, all, cases };
        Ok(page::drills(visit, &told)?)
    })
    .await
}

/// The drills of a data directory, and where each clock stands.
pub(in crate::web) fn lines(real: &Directory) -> Result<Vec<DrillLine>, DrillError> {
    let line = |(drill, mark): (Directory, crate::drill::Mark)| {
        let now = DrillClock::new(&drill).map_or(mark.begins, |clock| clock.now());
        DrillLine { name: name(&drill), case: mark.case, now, over: now >= mark.ends, speed: mark.pace.speed }
    };
    Ok(stage::all(real)?.into_iter().map(line).collect())
}

fn drill_page(
    rows: &dyn crate::web::Rows,
    visit: &page::Visit,
    desk: &Desk,
    drill: &Directory,
    scored: &Scored,
    own: bool,
) -> Result<String, Refused> {
    let plan = config::plan_beside(&drill.config()).unwrap_or_else(|_| (*desk.app.owner.setup.plan.get()).clone());
    let speech = Speech { lang: visit.lang, zone: visit.zone.clone(), plan: &plan };
    let told = DrillRows {
        figures: rows.figures()?,
        watches: rows.watches()?,
        name: name(drill),
        path: drill.path().display().to_string(),
        kept: (scored.score.kept, scored.score.kept + scored.score.missed),
        right: (scored.score.right, scored.score.right + scored.score.other),
        over: scored.score.over,
        paper: html::fragment(&score_sheet::sheet(&scored.score, &scored.about, &speech)),
        own,
    };
    Ok(page::drill(visit, &told)?)
}

/// A drill by its name, and its score. Only what the directory itself lists is opened: no name leads anywhere else.
pub(in crate::web) fn scored(desk: &Desk, wanted: &str) -> Result<(Directory, Scored), Refused> {
    let all = stage::all(&desk.app.owner.clerk.directory)?;
    let (drill, _) = all.into_iter().find(|(drill, _)| name(drill) == wanted).ok_or_else(missing)?;
    let reader = Reader::open(drill.path())?;
    let now = DrillClock::new(&drill)?.now();
    let plan = config::plan_beside(&drill.config()).unwrap_or_else(|_| (*desk.app.owner.setup.plan.get()).clone());
    let scored = drilled::read(&drill, &reader, &plan, now)?;
    Ok((drill, scored))
}

/// `GET /drills/{name}`: the score of a drill.
pub(in crate::web) async fn drill(State(desk): State<Arc<Desk>>, Path(wanted): Path<String>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let (drill, scored) = scored(&ours, &wanted)?;
        drill_page(rows, visit, &ours, &drill, &scored, false)
    })
    .await
}

/// `POST /drills/advance`: in a drill, its clock goes on.
pub(in crate::web) async fn advance(State(desk): State<Arc<Desk>>, asked: Asked, fields: Fields) -> Response {
    let to = match fields.one("by").as_deref() {
        Some("end") => Some(Advance::End),
        Some(minutes) => minutes.parse::<u32>().ok().map(|minutes| Advance::By(i64::from(minutes) * 60)),
        None => None,
    };
    let (Some(to), true) = (to, fields.only(&["by"])) else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    wish(desk, asked, Wish::Advance(to), "done.advanced").await
}

/// `POST /drills/inject`: in a drill, something more is said.
pub(in crate::web) async fn inject(State(desk): State<Arc<Desk>>, asked: Asked, fields: Fields) -> Response {
    if !fields.only(&["title", "text"]) {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    }
    let text = fields.one("text").unwrap_or_default();
    let inject = Inject { site: None, at: None, title: fields.one("title"), text };
    wish(desk, asked, Wish::Inject(inject), "done.injected").await
}

async fn wish(desk: Arc<Desk>, asked: Asked, wish: Wish, said: &'static str) -> Response {
    let order = Order::Drill(ToDrill { token: asked.visitor.token.clone(), drill: wish });
    match desk.order(order).await {
        Ok(_) => lead(&Done::new("/drills", said)),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

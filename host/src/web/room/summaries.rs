//! `/summaries`: what the public reads of an incident, written by one person and approved by another (P24).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::{act, missing, people};
use crate::handling::What;
use crate::store::{Sight, Supervising};
use crate::supervision::Told;
use crate::web::desk::{Asked, Desk, Refused, refuse};
use crate::web::form::{Numbered, Reasoned, Seen, Sent};
use crate::web::page::{self, SummariesRows, SummaryAsked, Trouble};

/// Summaries on the page, the newest.
const LIST: usize = 100;

/// `GET /summaries`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let reader = &ours.reader(visit.user());
        let mut all = reader.summaries()?;
        all.reverse();
        all.truncate(LIST);
        let told = SummariesRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            all,
            people: people(reader)?,
            public: ours.app.public,
        };
        Ok(page::summaries(visit, &told)?)
    })
    .await
}

/// `GET /incidents/{id}/summaries/new`.
pub(in crate::web) async fn new(State(desk): State<Arc<Desk>>, Numbered(incident): Numbered, asked: Asked) -> Response {
    desk.show(asked, move |rows, visit| {
        let title = rows.incident(incident)?.ok_or_else(missing)?.title;
        let empty = Told { raised: String::new(), answered: String::new(), corrected: None };
        let asked = SummaryAsked { incident, title, sight: None, told: empty };
        Ok(page::summary_form(visit, rows.figures()?, &rows.watches()?, &asked)?)
    })
    .await
}

/// `GET /summaries/{incident}/edit`.
pub(in crate::web) async fn edit(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let found = ours.reader(visit.user()).summaries()?.into_iter().find(|row| row.id == id);
        let row = found.ok_or_else(missing)?;
        let title = rows.incident(row.incident)?.map(|incident| incident.title).unwrap_or_default();
        let empty = Told { raised: String::new(), answered: String::new(), corrected: None };
        let sight = Some(Sight { id, version: row.summary.version });
        let asked = SummaryAsked { incident: row.incident, title, sight, told: row.told.unwrap_or(empty) };
        Ok(page::summary_form(visit, rows.figures()?, &rows.watches()?, &asked)?)
    })
    .await
}

/// What somebody wrote for everybody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Written {
    version: Option<u64>,
    raised: String,
    answered: String,
    #[serde(default)]
    corrected: String,
}

impl Written {
    fn told(self) -> Told {
        let lines = |text: String| text.replace("\r\n", "\n");
        let corrected = Some(lines(self.corrected)).filter(|text| !text.trim().is_empty());
        Told { raised: lines(self.raised), answered: lines(self.answered), corrected }
    }
}

/// `POST /incidents/{id}/summaries`.
pub(in crate::web) async fn begin(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(written): Sent<Written>,
) -> Response {
    act(desk, asked, What::Supervise(Supervising::Draft(id, written.told())), "done.summarised").await
}

/// `POST /summaries/{id}/edit`.
pub(in crate::web) async fn change(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(written): Sent<Written>,
) -> Response {
    let Some(version) = written.version else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    act(desk, asked, What::Supervise(Supervising::Redraft(Sight { id, version }, written.told())), "done.summarised")
        .await
}

/// `POST /summaries/{id}/approve`.
pub(in crate::web) async fn approve(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Seen { version }): Sent<Seen>,
) -> Response {
    act(desk, asked, What::Supervise(Supervising::Approve(Sight { id, version })), "done.shown").await
}

/// `POST /summaries/{id}/withdraw`.
pub(in crate::web) async fn withdraw(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Reasoned { version, reason }): Sent<Reasoned>,
) -> Response {
    act(desk, asked, What::Supervise(Supervising::Withdraw(Sight { id, version }, reason)), "done.withdrawn").await
}

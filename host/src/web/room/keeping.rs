//! `/admin/keeping`: how long things are kept, what another rule would let go of before it holds, and which days are worked.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::sources::ground;
use super::topics::lines;
use crate::config::edit::{Change, YearDays};
use crate::control::{Asked as Order, Refusal, Upkeep};
use crate::planning;
use crate::retention::{Retention, would_release};
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::{Fields, Pressed, Sent};
use crate::web::lang::refusal::told;
use crate::web::page::{self, KeepingRows, Trouble, WantedRules, YearRow};

/// What a form says of rules that were not judged yet.
type Written = Vec<(&'static str, String)>;

/// `GET /admin/keeping`.
pub(in crate::web) async fn keeping(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    shown(desk, asked, None, None).await
}

async fn shown(
    desk: Arc<Desk>,
    asked: Asked,
    wanted: Option<(Written, Result<Retention, String>)>,
    days: Option<(YearDays, String)>,
) -> Response {
    let ours = Arc::clone(&desk);
    let wrong = days.is_some() || wanted.as_ref().is_some_and(|(_, read)| read.is_err());
    let mut response = desk
        .show(asked, move |rows, visit| {
            let owner = &ours.app.owner;
            let calendar = owner.setup.calendar.get();
            let organisation = ours.app.organisation.get();
            let today = organisation.day(visit.now);
            let rules = *owner.sweeper.retention.get();
            let evidence = owner.clerk.directory.evidence();
            let goes = |rules: &Retention| would_release(ours.unveiled(), &evidence, rules, visit.now);
            let wanted = wanted.map(|(written, read)| {
                let outcome = match read {
                    Ok(other) => Ok((goes(&other)?, goes(&rules)?)),
                    Err(wrong) => Err(wrong),
                };
                Ok::<_, Refused>(WantedRules { written, outcome })
            });
            let year = |year: i16| YearRow {
                year,
                source: calendar.notice(year).map(str::to_owned),
                days: calendar.exceptions(year),
            };
            let told = KeepingRows {
                rules,
                wanted: wanted.transpose()?,
                years: (today.year() - 1..=today.year() + 1).rev().map(year).collect(),
                this_year: today.year(),
                missing: calendar.missing(today),
                days,
                zone: organisation.time_zone.clone(),
                can_change: owner.setup.file.is_some(),
            };
            Ok(page::keeping(visit, &ground(rows)?, &told)?)
        })
        .await;
    if wrong && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

/// `POST /admin/keeping/rules`: looks at what would go, or lets the rules hold.
pub(in crate::web) async fn rules(State(desk): State<Arc<Desk>>, asked: Asked, fields: Fields) -> Response {
    let old = *desk.app.owner.sweeper.retention.get();
    let written: Written = page::rules(&old).map(|(name, _)| (name, fields.one(name).unwrap_or_default())).to_vec();
    let names: Vec<&str> = written.iter().map(|(name, _)| *name).chain(["seen", "deed"]).collect();
    let (Some(seen), Some(deed), true) = (fields.one("seen"), fields.one("deed"), fields.only(&names)) else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let table = written.iter().map(|(name, text)| ((*name).to_owned(), serde_json::Value::from(text.as_str())));
    let read = serde_json::from_value::<Retention>(serde_json::Value::Object(table.collect()));
    let read = read.map_err(|error| told(asked.lang, &error.to_string()));
    match (deed.as_str(), read) {
        ("save", Ok(retention)) => {
            let done = Done::new("/admin/keeping", "done.rules-saved");
            desk.configure(asked, Change::SetRetention { seen, retention }, done).await
        }
        ("look" | "save", read) => shown(desk, asked, Some((written, read)), None).await,
        _ => refuse(asked.lang, Refused::Trouble(Trouble::Form)),
    }
}

/// `POST /admin/keeping/retain`: lets go, now, of what is kept no longer.
pub(in crate::web) async fn retain(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    let order = Order::Upkeep(Upkeep::Retain { token: asked.visitor.token.clone() });
    match desk.order(order).await {
        Ok(_) => lead(&Done::new("/admin/keeping", "done.retained")),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

/// Days of one year, one or from to in a line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Days {
    year: String,
    source: String,
    off: String,
    work: String,
}

/// `POST /admin/keeping/days`: days of the organisation's own, in place of its own of that year.
pub(in crate::web) async fn days(State(desk): State<Arc<Desk>>, asked: Asked, Sent(typed): Sent<Days>) -> Response {
    let Ok(year) = typed.year.trim().parse::<i16>() else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let source = typed.source.trim().to_owned();
    let days = YearDays { year, source, off: lines(&typed.off), work: lines(&typed.work) };
    let wanted = days.clone();
    let work = move |owner: &_, caller: &_| planning::set_days(owner, caller, &wanted);
    match Arc::clone(&desk).tend(&asked, work).await {
        Ok(()) => lead(&Done::new("/admin/keeping", "done.days-saved")),
        Err(Refusal::Usage(words)) => {
            let words = told(asked.lang, &words);
            shown(desk, asked, None, Some((days, words))).await
        }
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

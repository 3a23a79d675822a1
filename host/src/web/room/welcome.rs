//! `/welcome`: the first steps of whoever sets Caifeng up, at most five: who we are, a first source, topics, channels, done.
//!
//! Each step is a form of its own that does what the rooms do; one can leave at any of them and come back.

use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::channels::channel_rows;
use super::sources::{Pasted, Saving, ground, looked};
use super::topics::lines;
use crate::config::edit::{Calls, Change};
use crate::config::{Config, Reading};
use crate::topic::DEFAULT;
use crate::web::desk::{Asked, Desk, Done, Refused, refuse};
use crate::web::form::{Fields, Sent};
use crate::web::page::{self, Step, Trouble};

/// Shows one of the steps.
async fn step(desk: Arc<Desk>, asked: Asked, step: Step) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let config = ours.app.owner.setup.config.get();
        let suggested = if step == Step::Topics { suggested() } else { Config::default() };
        let channels = if step == Step::Channels { channel_rows(&ours, visit.now)? } else { Vec::new() };
        Ok(page::welcome(visit, &ground(rows)?, step, (&config, &suggested.topics, &channels))?)
    })
    .await
}

/// The topics that come with Caifeng, and what their names stand for.
pub(in crate::web) fn suggested() -> Config {
    Reading::parse(DEFAULT, Path::new("default.toml")).config
}

/// `GET /welcome`.
pub(in crate::web) async fn begin(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    step(desk, asked, Step::Organisation).await
}

/// How the organisation is called; names, places and accounts stand one a line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Called {
    name: String,
    aliases: String,
    places: String,
    accounts: String,
    contact: String,
}

/// `POST /welcome`.
pub(in crate::web) async fn called(State(desk): State<Arc<Desk>>, asked: Asked, Sent(form): Sent<Called>) -> Response {
    let name = form.name.trim().to_owned();
    if name.is_empty() {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    }
    let contact = Some(form.contact.trim().to_owned()).filter(|contact| !contact.is_empty());
    let (aliases, places, accounts) = (lines(&form.aliases), lines(&form.places), lines(&form.accounts));
    let change = Change::Organisation(Calls { name, aliases, places, accounts, contact });
    desk.configure(asked, change, Done::new("/welcome/source", "done.organisation")).await
}

/// `GET /welcome/source`.
pub(in crate::web) async fn source(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    step(desk, asked, Step::Source).await
}

/// `POST /welcome/source`: a real look at what was pasted.
pub(in crate::web) async fn look(State(desk): State<Arc<Desk>>, asked: Asked, Sent(pasted): Sent<Pasted>) -> Response {
    looked(desk, asked, pasted, true).await
}

/// `POST /welcome/source/save`.
pub(in crate::web) async fn save(State(desk): State<Arc<Desk>>, asked: Asked, Sent(saving): Sent<Saving>) -> Response {
    desk.configure(asked, saving.change(), Done::new("/welcome/topics", "done.watch-saved")).await
}

/// `GET /welcome/topics`.
pub(in crate::web) async fn topics(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    step(desk, asked, Step::Topics).await
}

/// `POST /welcome/topics`: those that are ticked.
pub(in crate::web) async fn adopt(State(desk): State<Arc<Desk>>, asked: Asked, fields: Fields) -> Response {
    if !fields.only(&["topic"]) {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    }
    let (wanted, Config { mut topics, aliases, .. }) = (fields.all("topic"), suggested());
    topics.retain(|topic| wanted.contains(&topic.name));
    if topics.is_empty() {
        return crate::web::desk::lead(&Done::new("/welcome/channels", ""));
    }
    let change = Change::AddTopics { topics, aliases: aliases.into_iter().collect() };
    desk.configure(asked, change, Done::new("/welcome/channels", "done.topic-saved")).await
}

/// `GET /welcome/channels`.
pub(in crate::web) async fn channels(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    step(desk, asked, Step::Channels).await
}

/// `GET /welcome/done`.
pub(in crate::web) async fn done(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    step(desk, asked, Step::Done).await
}

//! `/topics`: what matters to the organisation, written, tried on a text and saved.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::sources::ground;
use crate::config::edit::Change;
use crate::topic::{TopicConfig, Topics};
use crate::web::desk::{Asked, Desk, Done, Refused};
use crate::web::form::Sent;
use crate::web::lang::refusal::told;
use crate::web::page::{self, CountedTopic, TopicAsked, Tried, Trouble};

/// Days that are counted.
pub(in crate::web) const DAYS: i64 = 30;

async fn shown(desk: Arc<Desk>, asked: Asked, text: String) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let owner = &ours.app.owner;
        let (reader, config) = (ours.unveiled(), owner.setup.config.get());
        let since = visit.now - DAYS * 86_400;
        let counted = config.topics.iter().map(|topic| {
            Ok::<_, Refused>(CountedTopic { count: reader.topic_count(&topic.name, since)?, topic: topic.clone() })
        });
        let topics = owner.sweeper.pipeline.topics.get();
        let tried = held(&topics, text);
        Ok(page::topics(visit, &ground(rows)?, &counted.collect::<Result<Vec<_>, _>>()?, &tried)?)
    })
    .await
}

pub(in crate::web) fn held(topics: &Topics, text: String) -> Tried {
    let found = topics.matches(None, &text).into_iter();
    let found = found.filter_map(|found| Some((topics.name(found.topic)?.to_owned(), found))).collect();
    Tried { text, found }
}

/// `GET /topics`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    shown(desk, asked, String::new()).await
}

/// A text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Text {
    text: String,
}

/// `POST /topics/try`: which topics does a text hit, and where?
pub(in crate::web) async fn try_all(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Text { text }): Sent<Text>,
) -> Response {
    shown(desk, asked, text).await
}

async fn form(desk: Arc<Desk>, asked: Asked, told: TopicAsked) -> Response {
    let wrong = told.wrong.is_some();
    let mut response = desk.show(asked, move |rows, visit| Ok(page::topic_form(visit, &ground(rows)?, &told)?)).await;
    if wrong && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

fn can_change(desk: &Desk) -> bool {
    desk.app.owner.setup.file.is_some()
}

/// `GET /topics/new`.
pub(in crate::web) async fn new(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let can_change = can_change(&desk);
    form(desk, asked, TopicAsked::of(None, can_change)).await
}

/// Which topic.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Named {
    name: String,
}

/// `GET /topics/edit?name=…`.
pub(in crate::web) async fn edit(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    named: Result<Query<Named>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let found = named.ok().and_then(|Query(Named { name })| {
        let config = desk.app.owner.setup.config.get();
        config.topics.iter().find(|topic| topic.name == name).cloned()
    });
    let can_change = can_change(&desk);
    match found {
        Some(topic) => form(desk, asked, TopicAsked::of(Some(topic), can_change)).await,
        None => crate::web::desk::refuse(asked.lang, Refused::Trouble(Trouble::Missing)),
    }
}

/// A topic as somebody writes it, a term a line; tried on a text, or saved.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Written {
    was: String,
    seen: String,
    name: String,
    query: String,
    must: String,
    any: String,
    not: String,
    cap: String,
    text: String,
    deed: Deed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    Try,
    Save,
}

impl Written {
    /// The topic; `None` when its cap is no number.
    fn topic(&self) -> Option<TopicConfig> {
        let cap = self.cap.trim();
        Some(TopicConfig {
            name: self.name.trim().to_owned(),
            query: self.query.trim().replace("\r\n", "\n"),
            must: lines(&self.must),
            any: lines(&self.any),
            not: lines(&self.not),
            cap: if cap.is_empty() { None } else { Some(cap.parse::<NonZeroU32>().ok()?) },
        })
    }
}

/// What stands one a line.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// `POST /topics`.
pub(in crate::web) async fn save(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(written): Sent<Written>,
) -> Response {
    let Some(topic) = written.topic() else {
        return crate::web::desk::refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let names = desk.app.owner.setup.names.get();
    let compiled = Topics::compile(std::slice::from_ref(&topic), &names);
    let was = Some((written.was, written.seen)).filter(|(name, _)| !name.is_empty());
    match compiled {
        Ok(_) if written.deed == Deed::Save => {
            desk.configure(asked, Change::SetTopic { was, topic }, Done::new("/topics", "done.topic-saved")).await
        }
        Ok(topics) => {
            let tried = held(&topics, written.text);
            let told = TopicAsked { was, topic, wrong: None, tried, can_change: can_change(&desk) };
            form(desk, asked, told).await
        }
        Err(error) => {
            let wrong = Some(told(asked.lang, &error.to_string()));
            let tried = Tried { text: written.text, found: Vec::new() };
            let told = TopicAsked { was, topic, wrong, tried, can_change: can_change(&desk) };
            form(desk, asked, told).await
        }
    }
}

/// `POST /topics/remove`.
pub(in crate::web) async fn remove(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Named { name }): Sent<Named>,
) -> Response {
    desk.configure(asked, Change::RemoveTopic { name }, Done::new("/topics", "done.topic-removed")).await
}

//! `/admin/channels`: the ways out are listed, tried, added, changed and removed. Secrets are written here and never shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::missing;
use super::sources::ground;
use super::topics::lines;
use crate::config::edit::Change;
use crate::configuring::Configuring;
use crate::control::{Asked as Order, Refusal};
use crate::fetch::secrets::{NewSecrets, Secrets};
use crate::notify::channel::{Channel, Kind};
use crate::notify::{Carried, trial};
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::{Fields, Sent};
use crate::web::lang::refusal::told as in_words;
use crate::web::page::{self, ChannelAsked, ChannelRow, Trouble};

/// What is kept of secrets.
pub(in crate::web) fn secrets(desk: &Desk) -> Result<Secrets, Refused> {
    let read = Secrets::read(&desk.app.owner.clerk.directory.secrets());
    read.map_err(|error| Refused::Refusal(Refusal::Refused(error.to_string())))
}

/// Channels as they are configured, with how they stand.
pub(in crate::web) fn channel_rows(desk: &Desk, now: i64) -> Result<Vec<ChannelRow>, Refused> {
    let owner = &desk.app.owner;
    let secrets = secrets(desk)?;
    let config = owner.setup.config.get();
    let row = |channel: &Channel| {
        let own = secrets.channel(&channel.id);
        let needed = channel.kind.secrets().iter().filter(|(name, needed)| *needed && own.get(name).is_none());
        Ok(ChannelRow {
            standing: desk.unveiled().channel_standing(&channel.id, now)?,
            missing: needed.map(|(name, _)| (*name).to_owned()).collect(),
            channel: channel.clone(),
        })
    };
    config.notify.channels.iter().map(row).collect()
}

/// `GET /admin/channels`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    shown(desk, asked, Vec::new()).await
}

async fn shown(desk: Arc<Desk>, asked: Asked, came: Vec<page::Came>) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let can_change = ours.app.owner.setup.file.is_some();
        Ok(page::channels(visit, &ground(rows)?, &channel_rows(&ours, visit.now)?, &came, can_change)?)
    })
    .await
}

/// A trial; `to` only of mail without recipients of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Trying {
    channel: String,
    #[serde(default)]
    to: String,
}

/// Sends one short message on a channel; what came of it at each place.
pub(in crate::web) async fn tried(
    desk: &Desk,
    channel: &str,
    to: Option<&str>,
) -> Result<Vec<(String, Carried)>, Refused> {
    let owner = &desk.app.owner;
    let in_drill = owner.clerk.directory.not_in_a_drill("who would be told is written down and nobody is");
    in_drill.map_err(|it| Refused::Refusal(it.into()))?;
    let config = owner.setup.config.get();
    let found = config.notify.channels.iter().find(|one| one.id == channel).ok_or_else(missing)?;
    let addresses = trial::addresses(found, to);
    let addresses = addresses.map_err(|unsent| Refused::Refusal(Refusal::Usage(unsent.to_string())))?;
    Ok(trial::send(&owner.setup.courier, (&config.notify, found), &addresses, (desk.app.clock)()).await)
}

/// `POST /admin/channels/try`: one short message, past the outbox.
pub(in crate::web) async fn try_one(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Trying { channel, to }): Sent<Trying>,
) -> Response {
    let to = Some(to.trim()).filter(|to| !to.is_empty());
    let came = match tried(&desk, &channel, to).await {
        Ok(came) => came,
        Err(refused) => return refuse(asked.lang, refused),
    };
    let told = came.into_iter().map(|(to, carried)| {
        let outcome = match &carried {
            Carried::Delivered => "sent",
            Carried::Refused { .. } => "refused",
            Carried::Later { .. } => "later",
            Carried::Unsure { .. } => "unsure",
        };
        let place = if to.is_empty() { channel.clone() } else { to };
        (place, outcome, carried.why().to_owned())
    });
    let told = told.collect();
    shown(Arc::clone(&desk), asked, told).await
}

async fn form(desk: Arc<Desk>, asked: Asked, mut told: ChannelAsked) -> Response {
    let wrong = told.wrong.is_some();
    let ours = Arc::clone(&desk);
    let mut response = desk
        .show(asked, move |rows, visit| {
            let config = ours.app.owner.setup.config.get();
            told.others = config.notify.channels.iter().map(|channel| channel.id.clone()).collect();
            if let Some((id, _)) = &told.was {
                told.given = secrets(&ours)?.channel(id).names().map(str::to_owned).collect();
            }
            Ok(page::channel_form(visit, &ground(rows)?, &told)?)
        })
        .await;
    if wrong && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

/// What kind of channel a name is.
fn kind_of(name: &str) -> Option<Kind> {
    [Kind::Wecom, Kind::Dingtalk, Kind::Feishu, Kind::Mail, Kind::Webhook]
        .into_iter()
        .find(|kind| kind.as_str() == name)
}

/// `GET /admin/channels/form?kind=…|id=…`.
pub(in crate::web) async fn open(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery, asked: Asked) -> Response {
    let query = query.unwrap_or_default();
    let told = match query.split_once('=') {
        Some(("kind", name)) => kind_of(name).map(ChannelAsked::new),
        Some(("id", id)) => {
            let config = desk.app.owner.setup.config.get();
            config.notify.channels.iter().find(|channel| channel.id == id).map(ChannelAsked::of)
        }
        _ => None,
    };
    match told {
        Some(told) => form(desk, asked, told).await,
        None => refuse(asked.lang, missing()),
    }
}

/// What a form says of a channel that stands once.
const ONCE: [&str; 10] =
    ["id", "next", "quiet", "per_minute", "endpoint", "server", "security", "plain_because", "user", "from"];
/// How the names of fields begin that hold a secret, and that take one away.
const SECRET: &str = "secret-";
const FORGET: &str = "forget-";

/// The form of one kind of channel; `None` when it is none of ours.
fn written(fields: &Fields) -> Option<(ChannelAsked, NewSecrets)> {
    let kind = kind_of(&fields.one("kind")?)?;
    let names: Vec<&str> = kind.secrets().iter().map(|(name, _)| *name).collect();
    let own = |head: &str| names.iter().map(|name| format!("{head}{name}")).collect::<Vec<_>>();
    let secret: Vec<String> = own(SECRET).into_iter().chain(own(FORGET)).collect();
    let known = ONCE.into_iter().chain(["kind", "was", "seen", "tell", "to"]).chain(secret.iter().map(String::as_str));
    if !fields.only(&known.collect::<Vec<_>>()) {
        return None;
    }
    let mut new = BTreeMap::new();
    for name in names {
        if let Some(value) = fields.one(&format!("{SECRET}{name}")) {
            new.insert(name.to_owned(), value);
        } else if fields.one(&format!("{FORGET}{name}")).is_some() {
            new.insert(name.to_owned(), String::new());
        }
    }
    let mut told = ChannelAsked::new(kind);
    told.was = fields.one("was").map(|was| (was, fields.one("seen").unwrap_or_default()));
    told.written = ONCE.into_iter().filter_map(|name| Some((name, fields.one(name)?))).collect();
    told.written.insert("to", fields.one("to").unwrap_or_default());
    told.tell = fields.all("tell");
    Some((told, NewSecrets(new)))
}

/// The channel that a form describes.
fn channel(told: &ChannelAsked) -> Result<Channel, String> {
    let mut table = serde_json::Map::new();
    table.insert("kind".to_owned(), told.kind.as_str().into());
    table.insert("tell".to_owned(), told.tell.clone().into());
    for (name, value) in told.written.iter().filter(|(_, value)| !value.is_empty()) {
        let value = match *name {
            "to" => lines(value).into(),
            "per_minute" => value.parse::<u32>().unwrap_or_default().into(),
            // What a form always says of mail is what goes without saying.
            "security" if value == "tls" => continue,
            _ => serde_json::Value::from(value.as_str()),
        };
        table.insert((*name).to_owned(), value);
    }
    serde_json::from_value(table.into()).map_err(|error| error.to_string())
}

/// `POST /admin/channels`: what is not in order comes back as it was typed, but for secrets.
pub(in crate::web) async fn save(State(desk): State<Arc<Desk>>, asked: Asked, fields: Fields) -> Response {
    let Some((mut told, secrets)) = written(&fields) else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let saved = match channel(&told) {
        Err(wrong) => Err(Refusal::Usage(wrong)),
        Ok(channel) => {
            let configure = Change::SetChannel { was: told.was.clone(), channel: Box::new(channel) };
            let order = Configuring { token: asked.visitor.token.clone(), configure, secrets };
            Arc::clone(&desk).order(Order::Configure(Box::new(order))).await
        }
    };
    match saved {
        Ok(_) => lead(&Done::new("/admin/channels", "done.channel-saved")),
        Err(Refusal::Usage(words)) => {
            told.wrong = Some(in_words(asked.lang, &words));
            form(desk, asked, told).await
        }
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

/// Which channel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Which {
    id: String,
}

/// `POST /admin/channels/remove`: its secrets go with it.
pub(in crate::web) async fn remove(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Which { id }): Sent<Which>,
) -> Response {
    desk.configure(asked, Change::RemoveChannel { id }, Done::new("/admin/channels", "done.channel-removed")).await
}

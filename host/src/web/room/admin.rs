//! `/admin`: people, plan, channels, what is kept how long, and the record. Each administrator is offered what is theirs.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::sources::{Pressed, ground};
use crate::control::{Asked as Order, Refusal, Upkeep};
use crate::fetch::secrets::Secrets;
use crate::handling::{Outcome, What};
use crate::incident::event::Role;
use crate::notify::{Carried, trial};
use crate::plan::Plan;
use crate::plan::diff::diff;
use crate::store::UserChange;
use crate::web::desk::{Asked, Attached, Desk, Done, Refused, attach, lead, refuse};
use crate::web::form::{Fields, Sent};
use crate::web::page::{self, ChannelRow, CheckedPlan, Trouble};

/// Entries of the record on one page.
const ENTRIES: usize = 50;

/// `GET /admin`.
pub(in crate::web) async fn people(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    shown(desk, asked, None).await
}

async fn shown(desk: Arc<Desk>, asked: Asked, code: Option<(String, String)>) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let users = ours.app.owner.clerk.reader.users()?;
        Ok(page::people(visit, &ground(rows)?, &users, code)?)
    })
    .await
}

/// A new user; `role` only for the first administrators.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Adding {
    name: String,
    #[serde(default)]
    role: String,
}

/// `POST /admin/users`: adds somebody, and shows once the code with which they choose a password.
pub(in crate::web) async fn add(State(desk): State<Arc<Desk>>, asked: Asked, Sent(adding): Sent<Adding>) -> Response {
    let roles = match adding.role.as_str() {
        "" => Vec::new(),
        name => match Role::from_name(name) {
            Some(role) => vec![role],
            None => return refuse(asked.lang, Refused::Trouble(Trouble::Form)),
        },
    };
    let change = UserChange::Add { name: adding.name.trim().to_owned(), roles };
    match Arc::clone(&desk).carry_out(&asked, What::User(change)).await {
        Ok(Outcome::User(user, _)) => coded(desk, asked, user.id).await,
        Ok(_) => refuse(asked.lang, Refused::Trouble(Trouble::Ours)),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

/// Which user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Whom {
    user: String,
}

/// `POST /admin/users/code`.
pub(in crate::web) async fn code(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Whom { user }): Sent<Whom>,
) -> Response {
    coded(desk, asked, user).await
}

async fn coded(desk: Arc<Desk>, asked: Asked, user: String) -> Response {
    match Arc::clone(&desk).carry_out(&asked, What::Code(user)).await {
        Ok(Outcome::Code(user, code)) => {
            let name = user.name.unwrap_or(user.id);
            shown(desk, asked, Some((name, code.written()))).await
        }
        Ok(_) => refuse(asked.lang, Refused::Trouble(Trouble::Ours)),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

async fn changed(desk: Arc<Desk>, asked: Asked, change: UserChange) -> Response {
    desk.act(asked, What::User(change), |_| Done::new("/admin", "done.user-changed")).await
}

/// `POST /admin/users/revoke`.
pub(in crate::web) async fn revoke(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Whom { user }): Sent<Whom>,
) -> Response {
    changed(desk, asked, UserChange::Revoke { user }).await
}

/// `POST /admin/users/factor`.
pub(in crate::web) async fn end_factor(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Whom { user }): Sent<Whom>,
) -> Response {
    changed(desk, asked, UserChange::EndFactor { user }).await
}

/// `POST /admin/users/roles`: all the roles that are ticked, and no other.
pub(in crate::web) async fn roles(State(desk): State<Arc<Desk>>, asked: Asked, fields: Fields) -> Response {
    let roles = fields.all("role").iter().map(|name| Role::from_name(name)).collect::<Option<Vec<Role>>>();
    let (Some(user), Some(roles), true) = (fields.one("user"), roles, fields.only(&["user", "role"])) else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    changed(desk, asked, UserChange::Roles { user, roles }).await
}

/// A unit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Belonging {
    user: String,
    unit: String,
}

/// `POST /admin/users/unit`: an empty one takes the user out of theirs.
pub(in crate::web) async fn unit(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Belonging { user, unit }): Sent<Belonging>,
) -> Response {
    let unit = Some(unit.trim().to_owned()).filter(|unit| !unit.is_empty());
    changed(desk, asked, UserChange::Unit { user, unit }).await
}

/// `GET /admin/plan`.
pub(in crate::web) async fn plan(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    desk.show(asked, |rows, visit| Ok(page::plan(visit, &ground(rows)?, None)?)).await
}

/// A plan as somebody pasted it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Pasted {
    text: String,
}

/// `POST /admin/plan/check`: is it in order, and what would be different? Nothing is put into force.
pub(in crate::web) async fn check(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Pasted { text }): Sent<Pasted>,
) -> Response {
    desk.show(asked, move |rows, visit| {
        let text = text.replace("\r\n", "\n");
        let read = Plan::read(text.clone().into_bytes(), Path::new("plan.toml"));
        let checked = CheckedPlan { text, outcome: read.map(|other| diff(&visit.plan, &other)) };
        Ok(page::plan(visit, &ground(rows)?, Some(&checked))?)
    })
    .await
}

/// Channels as they are configured, with how they stand.
pub(in crate::web) fn channel_rows(desk: &Desk, now: i64) -> Result<Vec<ChannelRow>, Refused> {
    let owner = &desk.app.owner;
    let failed = |error: &dyn std::fmt::Display| Refused::Refusal(Refusal::Refused(error.to_string()));
    let secrets = Secrets::read(&owner.clerk.directory.secrets()).map_err(|error| failed(&error))?;
    let config = owner.setup.config.get();
    let row = |channel: &crate::notify::channel::Channel| {
        let own = secrets.channel(&channel.id);
        let needed = channel.kind.secrets().iter().filter(|(name, needed)| *needed && own.get(name).is_none());
        Ok(ChannelRow {
            standing: owner.clerk.reader.channel_standing(&channel.id, now)?,
            missing: needed.map(|(name, _)| (*name).to_owned()).collect(),
            channel: channel.clone(),
        })
    };
    config.notify.channels.iter().map(row).collect()
}

/// `GET /admin/channels`.
pub(in crate::web) async fn channels(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    channels_after(desk, asked, Vec::new()).await
}

async fn channels_after(desk: Arc<Desk>, asked: Asked, came: Vec<page::Came>) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        Ok(page::channels(visit, &ground(rows)?, &channel_rows(&ours, visit.now)?, &came)?)
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

/// `POST /admin/channels/try`: one short message, past the outbox.
pub(in crate::web) async fn try_channel(
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
    channels_after(Arc::clone(&desk), asked, told).await
}

/// Sends one short message on a channel; what came of it, by address.
pub(in crate::web) async fn tried(
    desk: &Desk,
    channel: &str,
    to: Option<&str>,
) -> Result<Vec<(String, Carried)>, Refused> {
    let owner = &desk.app.owner;
    let in_drill = owner.clerk.directory.not_in_a_drill("who would be told is written down and nobody is");
    in_drill.map_err(|it| Refused::Refusal(it.into()))?;
    let config = owner.setup.config.get();
    let found = config.notify.channels.iter().find(|one| one.id == channel);
    let found = found.ok_or(Refused::Trouble(Trouble::Missing))?;
    let addresses = trial::addresses(found, to);
    let addresses = addresses.map_err(|unsent| Refused::Refusal(Refusal::Usage(unsent.to_string())))?;
    Ok(trial::send(&owner.setup.courier, (&config.notify, found), &addresses, (desk.app.clock)()).await)
}

/// `GET /admin/keeping`.
pub(in crate::web) async fn keeping(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let calendar = &ours.app.calendar;
        let today = ours.app.organisation.get().day(visit.now);
        let around = today.year() - 1..=today.year() + 1;
        let years = around.filter_map(|year| Some((year, calendar.notice(year)?.to_owned())));
        let years: Vec<(i16, String)> = years.collect();
        let rules = ours.app.owner.sweeper.retention;
        Ok(page::keeping(visit, &ground(rows)?, &rules, (&years, calendar.missing(today)))?)
    })
    .await
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

/// From where on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::web) struct Before {
    before: Option<i64>,
}

/// `GET /admin/audit?before=…`.
pub(in crate::web) async fn audit(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    wanted: Result<Query<Before>, axum::extract::rejection::QueryRejection>,
) -> Response {
    record(desk, asked, wanted.map(|Query(wanted)| wanted.before).map_err(|_| Trouble::Address), false).await
}

/// `POST /admin/audit/verify`: walks the whole chain.
pub(in crate::web) async fn verify(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    record(desk, asked, Ok(None), true).await
}

async fn record(desk: Arc<Desk>, asked: Asked, before: Result<Option<i64>, Trouble>, walk: bool) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let before = before.map_err(Refused::Trouble)?;
        let reader = &ours.app.owner.clerk.reader;
        let walked = if walk { Some(reader.verify_chain(None)?) } else { None };
        let events = reader.entries(before, ENTRIES)?;
        let older = events.last().map(|event| event.seq).filter(|_| events.len() == ENTRIES);
        Ok(page::audit(visit, &ground(rows)?, (&events, older), walked.as_ref())?)
    })
    .await
}

/// `POST /admin/audit/checkpoint`: a signed checkpoint, to be kept elsewhere.
pub(in crate::web) async fn checkpoint(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    match Arc::clone(&desk).carry_out(&asked, What::Checkpoint).await {
        Ok(Outcome::Checkpoint(signed)) => {
            attach(asked.lang, move || {
                let bytes = serde_json::to_vec(&signed);
                let bytes = bytes.map_err(|error| Refused::Refusal(Refusal::Internal(error.to_string())))?;
                Ok(Attached { kind: "application/json", name: "caifeng-checkpoint.json".to_owned(), bytes })
            })
            .await
        }
        Ok(_) => refuse(asked.lang, Refused::Trouble(Trouble::Ours)),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

//! `/channels`: the ways out. Their secrets are written here and never told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::edit::{self, Change};
use crate::configuring::Configuring;
use crate::control::Asked as Order;
use crate::fetch::secrets::NewSecrets;
use crate::notify::Carried;
use crate::notify::channel::{Channel, Kind};
use crate::store::ChannelStanding;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, Pending, get, wait, wait_secret};
use crate::web::api::listed::{Named, Nothing, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::page::ChannelRow;
use crate::web::room::channels::{channel_rows, secrets, tried};
use crate::web::routes::ADMINISTRATORS;

pub(super) fn table() -> Vec<Endpoint> {
    let setting_up = Access::Able(Act::Configure);
    vec![
        get("/channels", ADMINISTRATORS, ("listChannels", "The ways out, and how each stands"), channels),
        get("/channels/{id}", setting_up, ("channel", "A way out as it is written, without its secrets"), channel),
        wait_secret(
            "/channels",
            setting_up,
            ("setChannel", "Add a way out, or change one; its secrets are written and never told"),
            set,
        )
        .like(&[
            (
                "add",
                r#"{"was": null, "channel": {"id": "duty", "kind": "wecom", "tell": ["monitor"]}, "secrets": {"key": "693a91f6-0000-4bc4-97a0"}}"#,
            ),
            (
                "change",
                r#"{"was": {"id": "duty", "seen": "0a1b2c3d4e5f"}, "channel": {"id": "duty", "kind": "wecom", "tell": ["monitor", "head"]}, "secrets": {}}"#,
            ),
        ]),
        wait(
            "/channels/{id}/remove",
            setting_up,
            ("removeChannel", "Nobody is told on it any more; its secrets go with it"),
            remove,
        )
        .like(&[("remove", r#"{}"#)]),
        wait("/channels/{id}/try", setting_up, ("tryChannel", "Send one short message on a channel"), try_channel)
            .like(&[("try", r#"{"to": null}"#)]),
    ]
}

/// A way out.
#[derive(Debug, Serialize, JsonSchema)]
struct Way {
    /// Its name.
    id: String,
    /// What it is.
    kind: Kind,
    /// Secrets that it lacks; none is ever told.
    missing: Vec<String>,
    /// How it stands.
    standing: ChannelStanding,
}

fn channels(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Way>, Problem> {
    let told = channel_rows(&call.desk, call.now)?.into_iter().map(|ChannelRow { channel, standing, missing }| Way {
        id: channel.id,
        kind: channel.kind,
        missing,
        standing,
    });
    Part::sorted(told.collect(), limit, cursor.as_deref(), |one: &Way| one.id.clone())
}

/// A way out as it is written.
#[derive(Debug, Serialize, JsonSchema)]
struct ChannelWritten {
    /// As the configuration has it.
    channel: Channel,
    /// What whoever changes it has seen.
    seen: String,
    /// Names of the secrets that it has; none is ever told.
    secrets: Vec<String>,
}

fn channel(call: &Call, Named { id }: Named) -> Result<ChannelWritten, Problem> {
    let config = call.desk.app.owner.setup.config.get();
    let channel = config.notify.channels.iter().find(|channel| channel.id == id).ok_or(Problem::Missing)?.clone();
    let secrets = secrets(&call.desk)?.channel(&id).names().map(str::to_owned).collect();
    Ok(ChannelWritten { seen: edit::mark(&channel), channel, secrets })
}

/// What a channel was.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Was {
    /// Its name.
    id: String,
    /// What was seen: `seen` of the channel.
    seen: String,
}

/// A channel as it shall be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// The one that is changed; a new one otherwise.
    was: Option<Was>,
    /// The channel.
    channel: Channel,
    /// Its secrets by their names: one that is left out stays, an empty one is forgotten.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    secrets: NewSecrets,
}

fn set(call: Call, _: Nothing, Setting { was, channel, secrets }: Setting) -> Pending<Nothing> {
    Box::pin(async move {
        let was = was.map(|Was { id, seen }| (id, seen));
        let configure = Change::SetChannel { was, channel: Box::new(channel) };
        let order = Configuring { token: call.visitor.token.clone(), configure, secrets };
        call.desk.order(Order::Configure(Box::new(order))).await?;
        Ok(Nothing {})
    })
}

fn remove(call: Call, Named { id }: Named, _: Nothing) -> Pending<Nothing> {
    Box::pin(async move {
        call.configure(Change::RemoveChannel { id }).await?;
        Ok(Nothing {})
    })
}

/// Where to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Trying {
    /// An address, only of mail without recipients of its own.
    to: Option<String>,
}

/// What came of a trial.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Outcomes {
    /// The channel has taken it.
    Sent,
    /// It will not take it.
    Refused,
    /// It has not taken it now.
    Later,
    /// Nobody knows.
    Unsure,
}

/// What came of a trial at one place.
#[derive(Debug, Serialize, JsonSchema)]
struct Tried {
    /// The address; nothing where a channel has none.
    to: Option<String>,
    /// What came of it.
    outcome: Outcomes,
    /// One line.
    why: String,
}

fn try_channel(call: Call, Named { id }: Named, Trying { to }: Trying) -> Pending<Vec<Tried>> {
    Box::pin(async move {
        let to = to.as_deref().map(str::trim).filter(|to| !to.is_empty());
        let came = tried(&call.desk, &id, to).await?.into_iter();
        let told = came.map(|(to, carried)| {
            let outcome = match &carried {
                Carried::Delivered => Outcomes::Sent,
                Carried::Refused { .. } => Outcomes::Refused,
                Carried::Later { .. } => Outcomes::Later,
                Carried::Unsure { .. } => Outcomes::Unsure,
            };
            Tried { to: Some(to).filter(|to| !to.is_empty()), outcome, why: carried.why().to_owned() }
        });
        Ok(told.collect())
    })
}

//! Carries a message to its channel, or to a recording of one.
//!
//! Everything that leaves here leaves through [`fetch`](crate::fetch), past its guard. A drill, a test or a measurement
//! brings channels of its own ([`Courier::Made`]), and nothing of it can reach anybody.

use std::fmt;
use std::time::Duration;

use caifeng_plugin_host::contract::Timestamp;

use super::Carried;
use super::channel::{Channel, Kind};
use super::letter::{self, Post};
use super::message::{Message, cut, one_line};
use super::robot::{self, Keys, Parcel};
use super::webhook::{self, Envelope, Item};
use crate::clock::rfc3339;
use crate::current::Current;
use crate::fetch::live::{Answered, Limits, Live, MailServer, Undelivered, Unposted};
use crate::fetch::secrets::{ChannelSecrets, Secrets};

/// Bytes of what a channel says that are kept.
const WHY: usize = 200;

/// A message, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    /// The channel.
    pub channel: &'a Channel,
    /// An address of mail; empty otherwise.
    pub address: &'a str,
    /// The number of the message for whoever gets it.
    pub number: i64,
    /// It may have arrived before.
    pub again: bool,
    /// What it says.
    pub message: &'a Message,
    /// The notices in it.
    pub items: &'a [Item<'a>],
    /// Now.
    pub now: Timestamp,
}

/// What answers a load in [`Courier::Made`].
pub type Making = dyn Fn(&Load<'_>) -> Carried + Send + Sync;

/// What one exchange may take: less than half of the minute after which a notice goes elsewhere.
#[must_use]
pub fn limits() -> Limits {
    Limits { connect: Duration::from_secs(10), total: Duration::from_secs(15), ..Limits::default() }
}

/// Carries messages.
pub enum Courier {
    /// To the channels themselves.
    Live(Box<Carrier>),
    /// To channels that a test or a drill makes up.
    Made(Box<Making>),
}

/// What it takes to reach channels.
pub struct Carrier {
    /// The one door.
    pub live: Live,
    /// Keys, passwords, signing secrets.
    pub secrets: Current<Secrets>,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Live(_)) { "Courier::Live" } else { "Courier::Made" })
    }
}

impl Courier {
    /// From now on it sends with these secrets.
    pub fn trust(&self, secrets: Secrets) {
        if let Self::Live(carrier) = self {
            carrier.secrets.set(secrets);
        }
    }

    /// Carries it; what the channel made of it.
    pub async fn carry(&self, load: &Load<'_>) -> Carried {
        match self {
            Self::Live(carrier) => carrier.carry(load).await,
            Self::Made(make) => make(load),
        }
    }
}

impl Carrier {
    async fn carry(&self, load: &Load<'_>) -> Carried {
        let secrets = self.secrets.get().channel(&load.channel.id);
        let carried = match load.channel.kind {
            Kind::Mail => self.mail(load, &secrets).await,
            _ => self.parcel(load, &secrets).await,
        };
        carried.unwrap_or_else(|why| Carried::Refused { code: None, why }).told(&secrets)
    }

    async fn parcel(&self, load: &Load<'_>, secrets: &ChannelSecrets) -> Result<Carried, String> {
        let Load { channel, number, again, message, items, now, .. } = *load;
        let Parcel { url, fields, body } = match channel.kind {
            Kind::Webhook => {
                let secret = needed(channel, secrets, "secret")?;
                let at = &rfc3339(now);
                let envelope = Envelope { delivery: number, again, text: &message.text, at, now };
                webhook::parcel(channel.place(), secret, envelope, items)?
            }
            kind => {
                let name = if kind == Kind::Wecom { "key" } else { "token" };
                let keys = Keys { token: needed(channel, secrets, name)?, secret: secrets.get("secret") };
                robot::parcel(kind, channel.place(), keys, &message.text, now)?
            }
        };
        Ok(match self.live.deliver(&url, &fields, body).await {
            Ok(Answered { status, rest, .. }) if channel.kind == Kind::Webhook => webhook::read(status, rest),
            Ok(Answered { status, rest, body }) => robot::read(channel.kind, status, rest, &body),
            Err(Undelivered::Refused(refusal)) => Carried::Refused { code: None, why: refusal.to_string() },
            Err(unreached @ Undelivered::Unreached(_)) => {
                Carried::Later { code: None, why: unreached.to_string(), rest: None }
            }
            Err(unanswered @ Undelivered::Unanswered(_)) => Carried::Unsure { why: unanswered.to_string() },
        })
    }

    async fn mail(&self, load: &Load<'_>, secrets: &ChannelSecrets) -> Result<Carried, String> {
        let Load { channel, address, number, message, now, .. } = *load;
        let missing = || "server or from is missing".to_owned();
        let (host, port) = channel.mail_server().ok_or_else(missing)?;
        let from = channel.from.as_deref().ok_or_else(missing)?;
        let user = channel.user.as_deref().unwrap_or(from).to_owned();
        let login = secrets.get("password").map(|password| (user, password.to_owned()));
        let server = MailServer { host: host.to_owned(), port, security: channel.security(), login };
        let letter = letter::letter(message, Post { from, to: address, number, now })?;
        let code = |code: Option<u16>| code.map(i64::from);
        Ok(match self.live.mail(&server, &letter).await {
            Ok(()) => Carried::Delivered,
            Err(Unposted::Refused { code: told, why }) => Carried::Refused { code: code(told), why },
            Err(Unposted::Later { code: told, why }) => Carried::Later { code: code(told), why, rest: None },
            Err(Unposted::Unsure { why }) => Carried::Unsure { why },
        })
    }
}

/// A secret without which nothing can be sent.
fn needed<'a>(channel: &Channel, secrets: &'a ChannelSecrets, name: &str) -> Result<&'a str, String> {
    secrets.get(name).ok_or_else(|| {
        format!(
            "no {name} is set: write [notify.{}] and {name} = \"…\" into secrets.toml in the data directory",
            channel.id
        )
    })
}

impl Carried {
    /// What the channel said, as it may be kept: one short line without secrets.
    fn told(self, secrets: &ChannelSecrets) -> Self {
        let line = |why: String| cut(&secrets.scrubbed(one_line(&why)), WHY);
        match self {
            Self::Delivered => Self::Delivered,
            Self::Refused { code, why } => Self::Refused { code, why: line(why) },
            Self::Later { code, why, rest } => Self::Later { code, why: line(why), rest },
            Self::Unsure { why } => Self::Unsure { why: line(why) },
        }
    }
}

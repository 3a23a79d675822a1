//! One short message on a channel, past the outbox: does it work?

use caifeng_plugin_host::contract::Timestamp;

use super::Carried;
use super::channel::{Channel, Kind, Notify};
use super::courier::{Courier, Load};
use super::message::{Message, Saying, compose};
use super::pace::Limits;
use super::words;
use crate::lang::Lang;

/// Why nothing was sent; whoever asked must say where to, or the operator must.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// Mail goes to somebody.
    #[error("this channel has no recipients of its own: name one")]
    Nobody,
    /// Only mail has addresses.
    #[error("a {0} channel has no addresses")]
    Addressless(&'static str),
}

/// Where a trial goes: `to` where it was named, else the channel's own recipients; one that has no addresses has one place.
///
/// # Errors
/// There is nobody, or addresses mean nothing here.
pub fn addresses(channel: &Channel, to: Option<&str>) -> Result<Vec<String>, Unsent> {
    match (to, channel.kind) {
        (Some(to), Kind::Mail) => Ok(vec![to.to_owned()]),
        (Some(_), kind) => Err(Unsent::Addressless(kind.as_str())),
        (None, Kind::Mail) if channel.to.is_empty() => Err(Unsent::Nobody),
        (None, Kind::Mail) => Ok(channel.to.clone()),
        (None, _) => Ok(vec![String::new()]),
    }
}

/// The message.
#[must_use]
pub fn message(notify: &Notify, channel: &Channel) -> Message {
    let lang = notify.lang.as_deref().and_then(Lang::of_tag).unwrap_or(Lang::Zh);
    let saying = Saying { text: words::trial(lang, &channel.id), link: notify.link.clone(), urgent: false };
    compose(lang, &[saying], false, None, Limits::of(channel).bytes)
}

/// Sends it to each address; what came of it.
pub async fn send(
    courier: &Courier,
    (notify, channel): (&Notify, &Channel),
    addresses: &[String],
    now: Timestamp,
) -> Vec<(String, Carried)> {
    let message = message(notify, channel);
    let mut came = Vec::with_capacity(addresses.len());
    for address in addresses {
        let load = Load { channel, address, number: now, again: false, message: &message, items: &[], now };
        came.push((address.clone(), courier.carry(&load).await));
    }
    came
}

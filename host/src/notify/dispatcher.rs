//! One round after another: from the outbox to the channels.
//!
//! Each channel has a line of its own, so that one that hangs makes no other wait: the daemon asks [`Dispatcher::round`] of each
//! once a second, beside [`Dispatcher::route`]. All that is remembered lies in the store; a round can end anywhere.

use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;

use super::Carried;
use super::channel::Channel;
use super::courier::{Courier, Load};
use super::message::{Message, Saying, compose};
use super::pace::{Limits, Turn, turn};
use super::route::Routes;
use super::webhook::Item;
use super::words::{Voice, link};
use crate::clock::Clock;
use crate::current::Current;
use crate::lang::Lang;
use crate::plan::Plan;
use crate::store::{Queue, Reader, Store, StoreError, Waiting};
use crate::sweep::blocking;

/// Notices that one round looks at, urgent ones first.
const AHEAD: usize = 300;
/// Messages that one round sends: then others are looked at again.
const MOST: usize = 40;

/// Sends notices.
#[derive(Clone)]
pub struct Dispatcher {
    /// Remembers.
    pub store: Store,
    /// Says what waits.
    pub reader: Reader,
    /// Carries.
    pub courier: Arc<Courier>,
    /// The ways.
    pub routes: Current<Routes>,
    /// Names clocks.
    pub plan: Current<Plan>,
    /// What messages speak.
    pub lang: Lang,
    /// How addresses of the product begin.
    pub link: Option<String>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher")
            .field("courier", &self.courier)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

/// Some of what waits, as one message.
struct Bundle {
    message: Message,
    sayings: Vec<Saying>,
    held: Vec<Waiting>,
    again: bool,
    /// The number of the message that it may have arrived in.
    number: Option<i64>,
}

impl Dispatcher {
    /// Takes up what was being sent when Caifeng ended. Once, before the first round.
    ///
    /// # Errors
    /// The store cannot write.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        let (store, routes, now) = (self.store.clone(), self.routes.get(), self.clock.now());
        blocking(move || store.recover_notices(&routes, now)).await
    }

    /// Chooses the ways of new notices, and ends what waits for channels that are not configured any more; how many
    /// notices got their ways.
    ///
    /// # Errors
    /// The store cannot be read or written; nothing is lost.
    pub async fn route(&self) -> Result<usize, StoreError> {
        let (store, reader, routes, now) =
            (self.store.clone(), self.reader.clone(), self.routes.get(), self.clock.now());
        blocking(move || {
            for channel in reader.awaited_channels()?.iter().filter(|id| routes.channel(id).is_none()) {
                while store.pass_notices(&routes, channel, now)? > 0 {}
            }
            // Most seconds have nothing to tell, and the writer is not asked.
            let mut all = 0;
            while reader.has_unrouted()? {
                all += store.route_notices(&routes, now)?;
            }
            Ok(all)
        })
        .await
    }

    /// Sends what a channel takes now; how many messages.
    ///
    /// # Errors
    /// The store cannot be read or written; nothing is lost.
    pub async fn round(&self, channel: &str) -> Result<usize, StoreError> {
        let routes = self.routes.get();
        let Some(channel) = routes.channel(channel) else { return Ok(0) };
        let limits = Limits::of(channel);
        for sent in 0..MOST {
            let now = self.clock.now();
            let Queue { waiting, sent: before, rest } = self.queue(channel, now).await?;
            if waiting.is_empty() {
                return Ok(sent);
            }
            let together = match turn(limits, &before, rest, waiting.len(), now) {
                Turn::Wait(_) => return Ok(sent),
                Turn::Alone => false,
                Turn::Together => true,
            };
            let bundle = self.bundle(waiting, together, limits.bytes);
            if !self.send(channel, bundle, now).await? {
                return Ok(sent + 1);
            }
        }
        Ok(MOST)
    }

    /// What waits for a channel, once what it did not take in time has gone elsewhere.
    async fn queue(&self, channel: &Channel, now: Timestamp) -> Result<Queue, StoreError> {
        let (store, reader, routes) = (self.store.clone(), self.reader.clone(), self.routes.get());
        let id = channel.id.clone();
        blocking(move || {
            if reader.is_overdue(&id, routes.patience(&id), now)? {
                while store.pass_notices(&routes, &id, now)? > 0 {}
            }
            reader.queue(&id, now, AHEAD)
        })
        .await
    }

    /// The first that waits, with others for the same place where they go together. What may have arrived goes as it went
    /// before, so that whoever gets it can tell.
    fn bundle(&self, waiting: Vec<Waiting>, together: bool, bytes: usize) -> Bundle {
        let (to, again, number) = match waiting.first() {
            Some(first) => (first.to.clone(), first.again, first.message.filter(|_| first.again)),
            None => Default::default(),
        };
        let alike = |one: &Waiting| {
            let same = one.to.channel == to.channel && one.to.address == to.address;
            same && one.again == again && one.message.filter(|_| one.again) == number
        };
        let mut held: Vec<Waiting> = waiting.into_iter().filter(alike).collect();
        if number.is_none() && !together {
            held.truncate(1);
        }
        let mut sayings: Vec<Saying> = held.iter().map(|one| self.saying(one)).collect();
        let message = compose(self.lang, &sayings, again, self.link.as_deref(), bytes);
        held.truncate(message.holds);
        sayings.truncate(message.holds);
        Bundle { message, sayings, held, again, number }
    }

    fn saying(&self, waiting: &Waiting) -> Saying {
        let (routes, plan) = (self.routes.get(), self.plan.get());
        let voice = Voice { lang: self.lang, zone: &routes.zone, plan: &plan };
        Saying {
            text: voice.sentence(&waiting.notice, &waiting.known),
            link: self.link.as_deref().map(|base| link(base, &waiting.notice)),
            urgent: waiting.notice.urgent,
        }
    }

    /// Notes, sends, notes again; whether the channel takes more.
    async fn send(&self, channel: &Channel, bundle: Bundle, now: Timestamp) -> Result<bool, StoreError> {
        let Bundle { message, sayings, held, again, number } = bundle;
        let ids: Vec<i64> = held.iter().map(|one| one.id).collect();
        let (store, id) = (self.store.clone(), channel.id.clone());
        let attempt = blocking(move || store.begin_message(&id, ids, number, now)).await?;
        let items: Vec<Item<'_>> = held
            .iter()
            .zip(&sayings)
            .map(|(one, saying)| Item { id: one.number, notice: &one.notice, saying })
            .collect();
        let address = held.first().map_or("", |one| one.to.address.as_str());
        let load = Load { channel, address, number: attempt.number, again, message: &message, items: &items, now };
        let carried = self.courier.carry(&load).await;
        let more = matches!(carried, Carried::Delivered | Carried::Refused { .. });
        if !matches!(carried, Carried::Delivered) {
            tracing::warn!(channel = channel.id, notices = held.len(), "a message was not taken: {}", carried.why());
        }
        let (store, routes, now) = (self.store.clone(), self.routes.get(), self.clock.now());
        blocking(move || store.end_message(&routes, &attempt, carried, now)).await?;
        Ok(more)
    }
}

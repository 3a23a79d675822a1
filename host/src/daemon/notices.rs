//! Notices leave from here: one line for each channel, one for choosing the ways.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Daemon, OpenError, settings, upkeep};
use crate::clock::Clock;
use crate::config::Config;
use crate::current::Current;
use crate::fetch::live::{Live, Settings};
use crate::fetch::secrets::Secrets;
use crate::lang::Lang;
use crate::notify::courier::{Carrier, Courier, limits};
use crate::notify::dispatcher::Dispatcher;
use crate::notify::route::Routes;
use crate::store::StoreError;

/// A door of their own: a notice waits for no sweep.
pub(super) fn courier(config: &Config, secrets: &Arc<Secrets>, clock: &Arc<dyn Clock>) -> Result<Courier, OpenError> {
    for channel in &config.notify.channels {
        let own = secrets.channel(&channel.id);
        for (name, _) in channel.kind.secrets().iter().filter(|(name, needed)| *needed && own.get(name).is_none()) {
            let id = &channel.id;
            tracing::error!("nothing can be sent there: write [notify.{id}] and {name} = \"…\" into secrets.toml");
        }
    }
    let clock = Arc::clone(clock);
    let settings = Settings { limits: limits(), ..settings(config) };
    let live = Live::new(settings, Arc::new(move || clock.now()));
    let live = live.map_err(|error| OpenError::Network(error.to_string()))?;
    Ok(Courier::Live(Box::new(Carrier { live, secrets: Current::sharing(Arc::clone(secrets)) })))
}

/// The ways of the configuration; none leads out of a demo.
pub(super) fn routes(config: &Config, is_demo: bool) -> Routes {
    let channels = if is_demo { Vec::new() } else { config.notify.channels.clone() };
    Routes { channels, quiet: config.notify.quiet, zone: config.organisation.zone() }
}

impl Daemon {
    /// What sends notices. Takes up first what was being sent when Caifeng ended.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn dispatcher(&self) -> Result<Dispatcher, StoreError> {
        let notify = &self.config.notify;
        let dispatcher = Dispatcher {
            store: self.sweeper.store.clone(),
            reader: self.sweeper.reader.clone(),
            courier: Arc::clone(&self.courier),
            routes: self.setup.routes.clone(),
            plan: self.setup.plan.clone(),
            lang: notify.lang.as_deref().and_then(Lang::of_tag).unwrap_or(Lang::Zh),
            link: notify.link.clone(),
            clock: Arc::clone(&self.sweeper.clock),
        };
        let cut_off = dispatcher.recover().await?;
        if cut_off > 0 {
            tracing::warn!(notices = cut_off, "they may have been sent when caifeng ended, and are sent once more");
        }
        Ok(dispatcher)
    }
}

/// One task for the ways, and one for what goes along them.
pub(super) fn spawn(tasks: &mut JoinSet<()>, dispatcher: &Dispatcher) {
    tasks.spawn(upkeep::route_notices(dispatcher.clone()));
    tasks.spawn(upkeep::send_notices(dispatcher.clone()));
}

//! What a daemon is put together from, each part from the configuration and the data directory, with who must act where it
//! cannot be.

use std::sync::Arc;
use std::time::Duration;

use caifeng_plugin_host::contract::{Failure, Timestamp};
use caifeng_plugin_host::engine::{CallError, Engine};

use super::OpenError;
use crate::asking::{self, Service};
use crate::clock::Clock;
use crate::config::{ClassifierConfig, Config};
use crate::directory::Directory;
use crate::drill::DrillError;
use crate::entrance::Entrance;
use crate::evidence::archive::Archive;
use crate::evidence::vault::Vault;
use crate::fetch::Fetcher;
use crate::fetch::guard::Policy;
use crate::fetch::live::{Limits, Live, Settings, user_agent};
use crate::fetch::permit::Permit;
use crate::fetch::replay::Replay;
use crate::fetch::secrets::{Secrets, SecretsError};
use crate::grant::Grants;
use crate::handling::handout;
use crate::ingest::Voice;
use crate::plugins::Registry;
use crate::recording::Recording;
use crate::store::{self, Reader, Store, StoreError};
use crate::user::code::Code;

/// A drill hears its recording and stays in its directory: nobody opens it in another way.
pub(super) fn within(directory: &Directory, recording: Option<&Recording>) -> Result<(), OpenError> {
    if let Some(path) = directory.way_out() {
        return Err(DrillError::WayOut(path).into());
    }
    if directory.is_drill() && recording.is_none() {
        return Err(OpenError::OnlyRecorded(directory.path().to_owned()));
    }
    Ok(())
}

/// Where nothing is reached: a recording of nothing.
pub(super) fn nobody() -> Result<Fetcher, OpenError> {
    let archive = Archive::from_bytes(Vec::new()).map_err(|error| OpenError::Network(error.to_string()))?;
    Ok(Fetcher::Replay(Replay::new(archive)))
}

/// The services that the operator has named, each with what may be made of it.
pub(super) fn services(
    registry: &Registry,
    engine: &Engine,
    config: &Config,
    grants: &Grants,
) -> Result<Vec<Service>, OpenError> {
    let named = registry.askers().into_iter().filter_map(|id| Some((config.classifiers.get(&id)?, id)));
    let service = |(own, plugin): (&ClassifierConfig, String)| {
        let refused = |why: String| OpenError::Classifier { plugin: plugin.clone(), why };
        let (found, artifact) = registry.find(&plugin)?;
        let asker = registry.asker(&plugin, engine)?;
        let service = Service::new(asker, &own.settings(), own.weight, own.budget);
        let service = service.map_err(|error| refused(error.to_string()))?;
        let endpoint = service.endpoint().clone();
        if !grants.right_at(artifact, found.origin, Some(endpoint.clone()))?.covers(&endpoint) {
            return Err(refused(format!("grants.toml does not cover its endpoint: {endpoint}")));
        }
        Ok(service)
    };
    named.map(service).collect()
}

/// How a service is asked: as the web is, but for robots.txt, pauses and patience.
pub(super) fn service_fetcher(
    config: &Config,
    services: &[Service],
    clock: &Arc<dyn Clock>,
) -> Result<Fetcher, OpenError> {
    let permitted = services.iter().filter_map(|service| {
        let (host, reason) = named(service)?;
        Some(Permit { host: host.parse().ok()?, reason, pace: Some(Duration::ZERO) })
    });
    let settings = Settings {
        permitted: permitted.collect(),
        pace: Duration::ZERO,
        limits: Limits { total: asking::PATIENCE, body: asking::ANSWER, ..Limits::default() },
        ..settings(config)
    };
    fetcher(settings, clock)
}

/// Where a service is, as permissions name it, and why robots.txt is not asked there.
fn named(service: &Service) -> Option<(String, String)> {
    let endpoint = service.endpoint();
    let host = format!("{}:{}", endpoint.host_str()?, endpoint.port_or_known_default()?);
    Some((host, format!("[classifiers.{}]", service.plugin())))
}

/// The classifiers that are installed, each with what the operator makes of it.
pub(super) fn voices(registry: &Registry, engine: &Engine, config: &Config) -> Result<Vec<Voice>, OpenError> {
    let ids = registry.classifiers();
    let askers = registry.askers();
    for unknown in config.classifiers.keys().filter(|id| !ids.contains(id) && !askers.contains(id)) {
        tracing::warn!("there is no classifier of this name: [classifiers.{unknown}]");
    }
    let voice = |plugin: &String| {
        let own = config.classifiers.get(plugin).cloned().unwrap_or_default();
        let refused = |why: String| OpenError::Classifier { plugin: plugin.clone(), why };
        let loaded = registry.classifier(plugin, engine)?;
        let voice = Voice::new(loaded, &own.settings(), own.weight).map_err(|error| refused(error.to_string()))?;
        match voice.tried() {
            Err(error @ CallError::Failure(Failure::Unsupported(_))) => Err(refused(error.to_string())),
            // A broken plugin costs its own opinion, post by post, and nothing else.
            _ => Ok(voice),
        }
    };
    ids.iter().map(voice).collect()
}

/// The entrance of a data directory: where nobody was added, with a code for whoever set it up.
pub(super) fn entrance(
    directory: &Directory,
    config: &Config,
    (reader, is_recorded): (&Reader, bool),
    now: Timestamp,
) -> Result<Entrance, OpenError> {
    let first = if is_recorded || reader.anybody()? {
        None
    } else {
        Some((Code::new(store::random()?), now.saturating_add(store::CODE_WORKS)))
    };
    Ok(Entrance::open(directory, config.sign_in.second_factor.clone(), first)?)
}

/// Lets go of what a process left that ended while it handed something out.
pub(super) fn clear(directory: &Directory) {
    if let Err(error) = handout::clear(directory) {
        tracing::error!(%error, "what was being handed out is left in {}", directory.path().display());
    }
}

pub(super) fn vault(directory: &Directory, reader: &Reader, clock: &Arc<dyn Clock>) -> Result<Vault, StoreError> {
    let clock = Arc::clone(clock);
    // What the store cannot say is looked for in the file.
    let known = |path: &str| reader.known_until(path).unwrap_or(0);
    let opened = Vault::open(&directory.evidence(), Arc::new(move || clock.now()), &known);
    opened.map_err(|error| StoreError::Directory { path: directory.evidence(), why: error.to_string() })
}

/// How the web is asked, as the operator has set it.
#[must_use]
pub fn settings(config: &Config) -> Settings {
    Settings {
        user_agent: user_agent(config.organisation.contact.as_deref()),
        policy: Policy { private: config.network.private_pairs() },
        permitted: config.network.permitted.clone(),
        ..Settings::default()
    }
}

pub(super) fn fetcher(settings: Settings, clock: &Arc<dyn Clock>) -> Result<Fetcher, OpenError> {
    let clock = Arc::clone(clock);
    let live = Live::new(settings, Arc::new(move || clock.now()));
    live.map(|live| Fetcher::Live(Box::new(live))).map_err(|error| OpenError::Network(error.to_string()))
}

/// Says at which hosts robots.txt is not asked, and enters what is new into the audit record.
pub(super) fn vouch(store: &Store, config: &Config, services: &[Service], now: Timestamp) -> Result<(), StoreError> {
    let permitted = &config.network.permitted;
    for permit in permitted {
        let (host, reason) = (&permit.host, &permit.reason);
        tracing::warn!("robots.txt is not asked at {host}, by [[network.permitted]]: {reason}");
    }
    let mut declared: Vec<(String, String)> = services.iter().filter_map(named).collect();
    declared.extend(permitted.iter().map(|permit| (permit.host.to_string(), permit.reason.clone())));
    store.declare_permissions(declared, now).map(drop)
}

/// The operator's credentials. One for a plugin that is not there is a slip of the pen.
pub(super) fn secrets(directory: &Directory, registry: &Registry) -> Result<Secrets, SecretsError> {
    let secrets = Secrets::read(&directory.secrets())?;
    for plugin in secrets.plugins() {
        match registry.find(plugin) {
            Ok((_, artifact)) => {
                let idle = secrets.idle(artifact.manifest());
                idle.iter().for_each(|line| tracing::warn!("secrets.toml: not used: {line}"));
            }
            Err(_) => tracing::warn!("secrets.toml has a section for a plugin that is not installed: [{plugin}]"),
        }
    }
    Ok(secrets)
}

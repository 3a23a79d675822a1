//! What a daemon is put together from, each part from the configuration and the data directory, with who must act where it
//! cannot be.

use std::sync::Arc;
use std::time::Duration;

use caifeng_plugin_host::contract::Timestamp;
use caifeng_plugin_host::engine::Engine;

use super::OpenError;
use caifeng_plugin_host::artifact::PluginKind;

use crate::asking::{self, Asking, Service};
use crate::clock::Clock;
use crate::config::Config;
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
use crate::ingest::Voices;
use crate::plugins::installed::Installed;
use crate::plugins::oversight::Oversight;
use crate::plugins::{PluginError, Registry};
use crate::recording::Recording;
use crate::store::{self, Reader, Store, StoreError};
use crate::user::code::Code;
use crate::user::provider::Oidc;
use crate::vouching::{self, Provider};

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
) -> Result<Vec<Arc<Service>>, OpenError> {
    named_services(registry, config).map(|id| service(registry, engine, config, grants, &id).map(Arc::new)).collect()
}

/// Askers that are installed and that the operator has named.
fn named_services(registry: &Registry, config: &Config) -> impl Iterator<Item = String> {
    registry.askers().into_iter().filter(|id| config.classifiers.contains_key(id))
}

fn service(
    registry: &Registry,
    engine: &Engine,
    config: &Config,
    grants: &Grants,
    plugin: &str,
) -> Result<Service, OpenError> {
    let refused = |why: String| OpenError::Classifier { plugin: plugin.to_owned(), why };
    let own = config.classifiers.get(plugin).cloned().unwrap_or_default();
    let (found, artifact) = registry.find(plugin)?;
    let asker = registry.asker(plugin, engine)?;
    let service = Service::new(asker, &own.settings(), own.weight, own.budget);
    let service = service.map_err(|error| refused(error.to_string()))?;
    let endpoint = service.endpoint().clone();
    if !grants.right_at(artifact, found.origin, Some(endpoint.clone()))?.covers(&endpoint) {
        return Err(refused(format!("grants.toml does not cover its endpoint: {endpoint}")));
    }
    Ok(service)
}

/// Follows which askers are installed while services are asked.
pub(super) struct Switchboard {
    pub(super) plugins: Arc<Installed>,
    pub(super) engine: Engine,
    pub(super) config: Config,
    /// What was installed and granted when it was looked at last.
    pub(super) seen: (Arc<Registry>, Arc<Grants>),
}

impl Switchboard {
    /// How services are asked from now on, where what is installed or granted has changed. A version that cannot take its
    /// place is told of, and the one before goes on, with its questions. Blocks.
    ///
    /// # Errors
    /// The store cannot be written, or the network not be used: what was there goes on.
    pub(super) fn changed(&mut self, asking: &Asking) -> Result<Option<Asking>, OpenError> {
        let now = self.plugins.now();
        if Arc::ptr_eq(&now.0, &self.seen.0) && Arc::ptr_eq(&now.1, &self.seen.1) {
            return Ok(None);
        }
        let services = self.services(&now, &asking.services);
        let same = services.len() == asking.services.len()
            && services.iter().zip(asking.services.iter()).all(|(new, old)| Arc::ptr_eq(new, old));
        if !same {
            let fetcher = Arc::new(service_fetcher(&self.config, &services, &asking.clock)?);
            vouch(&asking.store, &self.config, &services, asking.clock.now())?;
            asking.store.configure_askers(services.iter().map(|service| service.plugin().to_owned()).collect())?;
            self.seen = now;
            return Ok(Some(Asking { services: Arc::new(services), fetcher, ..asking.clone() }));
        }
        self.seen = now;
        Ok(None)
    }

    fn services(
        &self,
        (registry, grants): &(Arc<Registry>, Arc<Grants>),
        before: &[Arc<Service>],
    ) -> Vec<Arc<Service>> {
        let mut ids: Vec<String> = named_services(registry, &self.config).collect();
        // A file that cannot be read is not a plugin that was taken away.
        let missing = |id: &str| matches!(registry.find(id), Err(PluginError::Missing { .. }));
        ids.extend(before.iter().map(|old| old.plugin().to_owned()).filter(|id| !missing(id)));
        ids.sort();
        ids.dedup();
        ids.iter().filter_map(|id| self.next(registry, grants, id, before)).collect()
    }

    fn next(&self, registry: &Registry, grants: &Grants, id: &str, before: &[Arc<Service>]) -> Option<Arc<Service>> {
        // Another plugin has taken its name, which asks nobody.
        if registry.find(id).is_ok_and(|(_, artifact)| artifact.kind() != PluginKind::Asker) {
            return None;
        }
        let old = before.iter().find(|old| old.plugin() == id);
        let found = registry.find(id).ok().map(|(_, artifact)| artifact.digest());
        let granted = |old: &Service| {
            let found = registry.find(id).ok()?;
            Some(grants.right_at(found.1, found.0.origin, Some(old.endpoint().clone())).ok()?.covers(old.endpoint()))
        };
        if let Some(old) = old.filter(|old| found == Some(old.artifact().digest())) {
            // What was granted may have been taken back.
            return granted(old).unwrap_or(false).then(|| Arc::clone(old));
        }
        match service(registry, &self.engine, &self.config, grants, id) {
            Ok(new) => {
                tracing::info!("{} is asked from now on", new.by());
                Some(Arc::new(match old {
                    Some(old) => new.after(old),
                    None => new,
                }))
            }
            Err(error) => {
                let goes_on = old.map_or_else(String::new, |old| format!("; {} goes on", old.by()));
                tracing::error!("{error}{goes_on}");
                old.cloned()
            }
        }
    }
}

/// How a service is asked: as the web is, but for robots.txt, pauses and patience.
pub(super) fn service_fetcher(
    config: &Config,
    services: &[Arc<Service>],
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
pub(super) fn voices(
    registry: &Arc<Registry>,
    oversight: &Oversight,
    engine: &Engine,
    config: &Config,
) -> Result<Voices, OpenError> {
    let (ids, askers) = (registry.classifiers(), registry.askers());
    for unknown in config.classifiers.keys().filter(|id| !ids.contains(id) && !askers.contains(id)) {
        tracing::warn!("there is no classifier of this name: [classifiers.{unknown}]");
    }
    Ok(Voices::following(Arc::clone(registry), oversight.clone(), engine, &config.classifiers)?)
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

/// The provider of sign-in. Its issuer may be reached wherever it is, because the operator has named it.
pub(super) fn provider(
    directory: &Directory,
    config: &Config,
    oidc: &Oidc,
    secrets: &Secrets,
    clock: &Arc<dyn Clock>,
) -> Result<Provider, OpenError> {
    let secret = secrets.provider().ok_or_else(|| OpenError::NoClientSecret(directory.secrets()))?;
    let mut settings = settings(config);
    let issuer =
        oidc.address().and_then(|issuer| Some((issuer.host_str()?.to_owned(), issuer.port_or_known_default()?)));
    settings.policy.private.extend(issuer);
    settings.limits = Limits { total: vouching::PATIENCE, ..settings.limits };
    let clock = Arc::clone(clock);
    let live = Live::new(settings, Arc::new(move || clock.now()));
    let live = live.map_err(|error| OpenError::Network(error.to_string()))?;
    Ok(Provider::new(oidc.clone(), secret.to_owned(), live))
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
pub(super) fn vouch(
    store: &Store,
    config: &Config,
    services: &[Arc<Service>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let permitted = &config.network.permitted;
    for permit in permitted {
        let (host, reason) = (&permit.host, &permit.reason);
        tracing::warn!("robots.txt is not asked at {host}, by [[network.permitted]]: {reason}");
    }
    let mut declared: Vec<(String, String)> = services.iter().filter_map(|service| named(service)).collect();
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use caifeng_plugin_host::artifact::Artifact;
    use caifeng_plugin_host::engine::EngineConfig;

    use super::super::{Daemon, Parts};
    use super::*;
    use crate::clock::SetClock;
    use crate::plugins::Origin;

    /// The shipped asker as its author's next version.
    fn next_version(plugins: &Path) -> Vec<u8> {
        let mut file = std::fs::read(plugins.join("model.wasm")).unwrap();
        let (old, new) = (b"version = \"0.1.0\"", b"version = \"0.1.1\"");
        let at = file.windows(old.len()).rposition(|window| window == old).unwrap();
        file[at..at + new.len()].copy_from_slice(new);
        file
    }

    #[test]
    fn a_new_version_of_an_asker_takes_over_between_rounds_once_it_is_granted() {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
        if !plugins.join("model.wasm").exists() {
            println!("skipped: no plugins in target/plugins; run make plugins");
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::at(place.path());
        let own = directory.plugins();
        let config = "[classifiers.model]\nsettings = { endpoint = \"https://models.example/v1\", model = \"m\" }\n";
        let clock: Arc<dyn Clock> = Arc::new(SetClock::new(1_773_028_800));
        let daemon = Daemon::open(Parts {
            directory: directory.clone(),
            config: Config::parse(config, Path::new("caifeng.toml")).unwrap(),
            follow: true,
            file: None,
            recording: None,
            registry: Arc::new(
                Registry::read(&[(plugins.clone(), Origin::Shipped), (own.clone(), Origin::Installed)]).unwrap(),
            ),
            engine: Engine::new(EngineConfig::default()).unwrap(),
            clock,
        })
        .unwrap();
        let mut switchboard = daemon.switchboard().unwrap();
        let asking = daemon.asking.clone();
        let by = |asking: &Asking| asking.services.iter().map(|service| service.by().to_owned()).collect::<Vec<_>>();
        assert_eq!(by(&asking), ["model@0.1.0"]);
        assert!(switchboard.changed(&asking).unwrap().is_none(), "nothing has changed");
        // Nobody has granted it: the one before goes on, with its questions.
        std::fs::create_dir_all(&own).unwrap();
        let file = next_version(&plugins);
        std::fs::write(own.join("model.wasm"), &file).unwrap();
        assert!(switchboard.changed(&asking).unwrap().is_none());
        let digest = Artifact::read(file).unwrap().digest();
        let grant = format!("[[grant]]\nplugin = \"model\"\ndigest = \"{digest}\"\nnetwork = [\"target\"]\n");
        std::fs::write(directory.grants(), grant).unwrap();
        let next = switchboard.changed(&asking).unwrap().unwrap();
        assert_eq!((by(&next), by(&asking)), (vec!["model@0.1.1".to_owned()], vec!["model@0.1.0".to_owned()]));
        // A damaged file is not a plugin that was taken away.
        std::fs::write(own.join("model.wasm"), "no plugin").unwrap();
        assert!(switchboard.changed(&next).unwrap().is_none());
        std::fs::remove_file(own.join("model.wasm")).unwrap();
        assert_eq!(by(&switchboard.changed(&next).unwrap().unwrap()), ["model@0.1.0"], "the release's again");
    }

    #[test]
    fn a_successor_leaves_alone_what_its_predecessor_left_alone() {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
        if !plugins.join("model.wasm").exists() {
            println!("skipped: no plugins in target/plugins; run make plugins");
            return;
        }
        let engine = Engine::new(EngineConfig::default()).unwrap();
        let registry = Registry::read(&[(plugins, Origin::Shipped)]).unwrap();
        let service = |endpoint: &str| {
            let settings =
                [("endpoint", endpoint), ("model", "m")].map(|(name, value)| (name.to_owned(), value.to_owned()));
            let asker = registry.asker("model", &engine).unwrap();
            Service::new(asker, &settings.to_vec(), Default::default(), Default::default()).unwrap()
        };
        let before = service("https://models.example/v1");
        let until = before.leave_alone(100);
        assert_eq!(service("https://models.example/v1").after(&before).left_alone_until(), until);
        assert_eq!(service("https://other.example/v1").after(&before).left_alone_until(), 0);
    }
}

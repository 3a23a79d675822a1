//! Wires the stages together, owns the tasks and ends them.
//!
//! [`Daemon::open`] takes a data directory and puts a [`Sweeper`] together from
//! configuration, plugins and store; commands that sweep once stop there.
//! [`Daemon::run`] adds what lives: the schedule, the page, the socket for
//! orders, and in a demo the recorded month. All of them end before it returns,
//! and the store is closed last.

mod notices;
mod upkeep;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caifeng_plugin_host::contract::{Failure, Timestamp};
use caifeng_plugin_host::engine::{CallError, Engine};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::asking::{self, Asking, Service};
use crate::calendar::Calendar;
use crate::clock::Clock;
use crate::config::{self, ClassifierConfig, Config};
use crate::configuring::Setup;
use crate::control::{self, Owner};
use crate::current::Current;
use crate::demo::DemoError;
use crate::directory::{Directory, DirectoryError};
use crate::drill::DrillError;
use crate::drill::play::Player;
use crate::entrance::Entrance;
use crate::evidence::archive::Archive;
use crate::evidence::vault::Vault;
use crate::failed_call::FailedCalls;
use crate::fetch::Fetcher;
use crate::fetch::guard::Policy;
use crate::fetch::live::{Limits, Live, Settings, user_agent};
use crate::fetch::permit::Permit;
use crate::fetch::replay::Replay;
use crate::fetch::secrets::{Secrets, SecretsError};
use crate::grant::{GrantError, Grants};
use crate::handling::Clerk;
use crate::ingest::{Pipeline, Pseudonyms, Voice};
use crate::notify::courier::Courier;
use crate::notify::route::Routes;
use crate::plan::Plan;
use crate::plugins::installed::Installed;
use crate::plugins::{PluginError, Registry};
use crate::reach::{Reach, Serve};
use crate::recording::{self, Happened, Moment, Recording, Ringing};
use crate::rounds::Rounds;
use crate::store::{self, Reader, Store, StoreError};
use crate::sweep::{Sweeper, blocking};
use crate::text::tokens::Tokeniser;
use crate::topic::{TopicError, Topics};
use crate::user::code::Code;
use crate::web;

/// Sweeps that run at once; politeness per host is the fetcher's business.
const AT_ONCE: usize = 8;
/// How often the schedule looks for due watches.
const TICK: Duration = Duration::from_secs(1);

/// What a daemon is made of.
pub struct Parts {
    /// The data directory; its owner from now on.
    pub directory: Directory,
    /// What the operator set.
    pub config: Config,
    /// Where it stands, or would: pages change it there. `None` where it comes with a recording.
    pub file: Option<PathBuf>,
    /// Whether the watches become those of the configuration; a command that has none leaves them as they are.
    pub follow: bool,
    /// What is played, when the directory holds the demo or is a drill.
    pub recording: Option<Recording>,
    /// The plugins.
    pub registry: Arc<Registry>,
    /// The sandbox.
    pub engine: Engine,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why nothing could be started, by who must act.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory or its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The demo's mark in the directory.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A drill that cannot be played.
    #[error(transparent)]
    Drill(#[from] DrillError),
    /// Somebody wants to do in a drill what is real.
    #[error("this is a drill: it hears its recording and nothing else: {}", .0.display())]
    OnlyRecorded(PathBuf),
    /// There are watches here and no configuration: the operator must name it, or every post would count.
    #[error("this directory has watches but no configuration: name the file with --config, or copy it to {}", .0.display())]
    Unconfigured(PathBuf),
    /// The operator must correct the topics.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The operator must correct the grants.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// The operator must correct the secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// A plugin cannot be loaded.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A classifier does not take its settings: the operator must correct them.
    #[error("[classifiers.{plugin}]: {why}; `caifeng config check` says where")]
    Classifier {
        /// Which one.
        plugin: String,
        /// What is wrong.
        why: String,
    },
    /// The fetcher cannot be set up.
    #[error("the network cannot be used: {0}")]
    Network(String),
}

/// Everything of one data directory, ready to sweep.
pub struct Daemon {
    /// Sweeps.
    pub sweeper: Sweeper,
    /// Asks services.
    pub asking: Asking,
    /// Carries notices.
    courier: Arc<Courier>,
    /// Where to.
    routes: Arc<Routes>,
    directory: Directory,
    config: Config,
    /// What of it is in force.
    setup: Setup,
    /// What is recorded, in a demo and in a drill.
    moments: Vec<Moment>,
    commits: watch::Receiver<u64>,
    /// Who comes in at a browser.
    entrance: Arc<Entrance>,
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Daemon").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Daemon {
    /// Takes possession of a data directory. Blocks: the store is opened, plugins
    /// may be compiled.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing runs afterwards.
    pub fn open(parts: Parts) -> Result<Self, OpenError> {
        let Parts { directory, config, file, follow, recording, registry, engine, clock } = parts;
        within(&directory, recording.as_ref())?;
        let (bump, commits) = watch::channel(0);
        let store = Store::open(
            directory.path(),
            Some(Box::new(move |n| {
                let _ = bump.send_replace(n);
            })),
        )?;
        let reader = store.reader()?;
        let vault = vault(&directory, &reader, &clock)?;
        let now = clock.now();
        let moments = recording.as_ref().map(Recording::moments).unwrap_or_default();
        let shift = recording.as_ref().map(|recording| recording.shift);
        let is_recorded = recording.is_some();
        let pipeline = Pipeline {
            topics: Current::new(Topics::compile(&config.topics, &config.names())?),
            tokeniser: Arc::new(Tokeniser::new()),
            voices: voices(&registry, &engine, &config)?,
            pseudonyms: Pseudonyms::new(&directory.key("author")?),
        };
        let fetcher = match recording {
            Some(recording) => Fetcher::Replay(Replay::new(recording.archive)),
            None => fetcher(settings(&config), &clock)?,
        };
        let plugins = Installed::of(&directory, Arc::clone(&registry))?;
        let services = if is_recorded { Vec::new() } else { services(&registry, &engine, &config, &plugins.now().1)? };
        let secrets = Arc::new(secrets(&directory, &registry)?);
        let courier = notices::courier(&config, &secrets, &clock)?;
        let asking = Asking {
            fetcher: Arc::new(if is_recorded { nobody()? } else { service_fetcher(&config, &services, &clock)? }),
            services: Arc::new(services),
            secrets: Arc::clone(&secrets),
            store: store.clone(),
            reader: reader.clone(),
            clock: Arc::clone(&clock),
            zone: config.organisation.zone(),
        };
        if follow {
            store.configure_topics(config.kept_topics(), config.organisation.utc_offset(now))?;
            store.configure_media(config.media.clone())?;
            store.observe(&config.watches_for(&registry, now), config.paused())?;
            vouch(&store, &config, &asking.services, now)?;
            store.configure_askers(asking.services.iter().map(|service| service.plugin().to_owned()).collect())?;
        } else if reader.watches()?.iter().any(|row| !row.watch.recorded) {
            return Err(OpenError::Unconfigured(directory.config()));
        }
        let sweeper = Sweeper {
            store,
            reader,
            engine,
            plugins: Arc::new(plugins),
            pipeline,
            fetcher: Arc::new(fetcher),
            recorder: None,
            secrets,
            budgets: Current::new(config.budgets()),
            vault: Arc::new(vault),
            retention: config.retention,
            failed: FailedCalls::below(directory.failed_calls()),
            clock,
            zone: config.organisation.zone(),
            shift,
            sources: Arc::default(),
            turns: Arc::default(),
        };
        let (courier, routes) = (Arc::new(courier), Arc::new(notices::routes(&config, is_recorded)));
        let entrance = Arc::new(entrance(&directory, &config, (&sweeper.reader, is_recorded), now)?);
        let setup = Setup::new(file.filter(|_| !is_recorded), &config, Arc::clone(&courier));
        Ok(Self { sweeper, asking, courier, routes, directory, config, setup, moments, commits, entrance })
    }

    /// How the desk is reached, as the configuration says.
    #[must_use]
    pub fn serving(&self) -> &Serve {
        &self.config.serve
    }

    /// The code with which the first user is made at a browser; `None` once there is somebody, and in a demo.
    #[must_use]
    pub fn first_code(&self) -> Option<&Code> {
        self.entrance.first()
    }

    /// The recorded sweeps up to now that were not done before; empty where nothing is recorded.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn unplayed(&self) -> Result<Vec<Moment>, StoreError> {
        let (shift, now) = (self.sweeper.shift.unwrap_or_default(), self.sweeper.clock.now());
        let moments = recording::unplayed(&self.moments, shift, &self.sweeper.reader)?;
        Ok(moments.into_iter().filter(|moment| moment.at.saturating_add(shift) <= now).collect())
    }

    /// Lets the time of a demo pass up to now: what was recorded meanwhile is swept, and clocks ring; each at its moment
    /// when the demo's clock `stood` at an earlier time, all at the end when the demo begins. `done` is told after each
    /// sweep how many of how many that was. Returns how many there were.
    ///
    /// # Errors
    /// When the store cannot read or write; what was done before stays.
    pub async fn pass(&self, stood: Option<Timestamp>, done: impl Fn(usize, usize)) -> Result<usize, StoreError> {
        let mut month: VecDeque<Moment> = self.unplayed()?.into();
        let (of, mut nth) = (month.len(), 0);
        let ringing = if stood.is_some() { Ringing::OnTheWay } else { Ringing::AtTheEnd };
        let now = self.sweeper.clock.now();
        let happened = |happened| {
            if happened == Happened::Swept {
                nth += 1;
                done(nth, of);
            }
            Ok::<_, StoreError>(())
        };
        recording::pass(&self.sweeper, &mut month, now, ringing, happened).await?;
        Ok(of)
    }

    /// What orders are carried out with.
    #[must_use]
    pub fn owner(&self) -> Owner {
        let Sweeper { store, reader, clock, .. } = &self.sweeper;
        let (store, reader, clock) = (store.clone(), reader.clone(), Arc::clone(clock));
        let organisation = self.setup.organisation.clone();
        let clerk = Clerk { store, reader, clock, directory: self.directory.clone(), organisation };
        Owner { sweeper: self.sweeper.clone(), clerk, setup: self.setup.clone() }
    }

    /// The socket that takes orders; what comes before [`run`](Self::run) waits.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn orders(&self) -> io::Result<UnixListener> {
        control::listen(&self.directory.socket())
    }

    /// Listens, remembers and shows, as `reach` allows, until `shutdown` says so.
    ///
    /// # Errors
    /// When the page can no longer be served.
    pub async fn run(
        self,
        listener: TcpListener,
        orders: UnixListener,
        reach: Reach,
        shutdown: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let alive = Arc::new(AtomicI64::new(self.sweeper.clock.now()));
        let store = self.sweeper.store.clone();
        let plan = blocking(move || store.plan_in_force()).await.map_err(io::Error::other)?;
        let app = self.app(&alive, plan, &reach);
        let daemon = Arc::new(self);
        let mut tasks = JoinSet::new();
        tasks.spawn(control::serve(orders, daemon.owner()));
        tasks.spawn({
            let (daemon, alive) = (Arc::clone(&daemon), Arc::clone(&alive));
            async move {
                if daemon.directory.is_drill() {
                    return daemon.play_drill(&alive).await;
                }
                daemon.play_month().await;
                daemon.keep_schedule(&alive).await;
            }
        });
        tasks.spawn(upkeep::retain_daily(daemon.sweeper.clone()));
        if !daemon.directory.is_drill() {
            tasks.spawn(upkeep::ring_clocks(daemon.sweeper.clone()));
            tasks.spawn(upkeep::tell_overdue(daemon.sweeper.clone()));
        }
        tasks.spawn(upkeep::visit_again(daemon.sweeper.clone()));
        tasks.spawn(upkeep::judge_growth(daemon.sweeper.clone()));
        tasks.spawn(upkeep::ask_services(daemon.asking.clone()));
        tasks.spawn(upkeep::write_reports(daemon.sweeper.clone(), daemon.press()));
        match daemon.dispatcher().await {
            Ok(dispatcher) => notices::spawn(&mut tasks, &dispatcher),
            Err(error) => tracing::error!("no notice is sent: {error}"),
        }
        let outcome = web::serve(listener, app, reach.way, ended(shutdown)).await;
        // A sweep that is cut off has committed every page it has read; its line stays open in the record.
        tasks.shutdown().await;
        let _ = std::fs::remove_file(daemon.directory.socket());
        let store = daemon.sweeper.store.clone();
        blocking(move || store.close()).await;
        outcome.map_err(io::Error::other)
    }

    /// What regular reports are written with; `None` in a demo, and under a plan that cannot be read.
    fn press(&self) -> Option<upkeep::Press> {
        if self.sweeper.shift.is_some() {
            return None;
        }
        let plan = crate::config::plan_beside(&self.directory.config());
        let plan = plan.inspect_err(|error| tracing::error!("no regular reports are written: {error}")).ok()?;
        let organisation = self.config.organisation.name.clone();
        Some(upkeep::Press { folder: self.directory.reports(), organisation, plan })
    }

    fn app(&self, pulse: &Arc<AtomicI64>, plan: Arc<Plan>, reach: &Reach) -> web::App {
        let (clock, store) = (Arc::clone(&self.sweeper.clock), self.sweeper.store.clone());
        let steady = Arc::clone(&clock);
        // What is wrong with the file was told when the plan in force was read.
        let calendar = config::calendar_beside(&self.directory.config());
        web::App {
            rows: Arc::new(web::Stored::new(
                self.sweeper.reader.clone(),
                Arc::clone(&self.sweeper.pipeline.tokeniser),
                self.setup.names.clone(),
                Arc::clone(&plan),
                &self.directory.reports(),
            )),
            owner: self.owner(),
            account: nix::unistd::getuid().as_raw(),
            organisation: self.setup.organisation.clone(),
            clock: Arc::new(move || clock.now()),
            off: Arc::new(move || steady.off()),
            calendar: calendar.unwrap_or_else(|_| Calendar::built_in().clone()),
            writable: Arc::new(move || store.health().err().map(|error| error.to_string())),
            changes: self.commits.clone(),
            pulse: Arc::clone(pulse),
            demo: self.directory.demo().exists(),
            drill: self.directory.is_drill(),
            public: self.config.public.enabled,
            plan,
            entrance: Arc::clone(&self.entrance),
            secure: reach.is_secure(),
            hosts: reach.hosts.clone(),
        }
    }

    async fn play_month(&self) {
        if let Err(error) = self.pass(None, |_, _| ()).await {
            tracing::error!("the demo cannot be played: {error}");
        }
    }

    /// Lets happen what is due by the drill's clock, for ever; its clocks ring in the same order.
    async fn play_drill(&self, alive: &AtomicI64) {
        let mut player = Player::new(self.directory.clone(), self.sweeper.clone());
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            let now = self.sweeper.clock.now();
            alive.store(now, Ordering::Relaxed);
            if let Err(error) = player.until(now).await {
                tracing::error!("the drill cannot be played: {error}");
            }
        }
    }

    /// Sweeps what is due, for ever.
    async fn keep_schedule(self: &Arc<Self>, alive: &AtomicI64) {
        let rounds = Arc::new(Rounds::new(self.sweeper.clone()));
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let running: Arc<Mutex<HashSet<String>>> = Arc::default();
        let mut sweeps = JoinSet::new();
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            alive.store(self.sweeper.clock.now(), Ordering::Relaxed);
            while let Some(ended) = sweeps.try_join_next() {
                if let Err(fault) = ended {
                    tracing::error!("a sweep ended with a fault of caifeng itself, please report it: {fault}");
                }
            }
            let under_way = running.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
            if let Err(error) = rounds.tend(under_way).await {
                tracing::error!("gaps cannot be looked for: {error}");
            }
            let due = rounds.due().await.unwrap_or_else(|error| {
                tracing::error!("the schedule cannot be read: {error}");
                Vec::new()
            });
            for watch in due {
                let Some(running) = Running::begin(&running, &watch.id) else { continue };
                let (rounds, places) = (Arc::clone(&rounds), Arc::clone(&places));
                sweeps.spawn(async move {
                    let _running = running;
                    if let Ok(_place) = places.acquire().await {
                        rounds.sweep(&watch).await;
                    }
                });
            }
        }
    }
}

/// A watch whose sweep is under way; it is free again however the sweep ends.
struct Running {
    all: Arc<Mutex<HashSet<String>>>,
    id: String,
}

impl Running {
    fn begin(all: &Arc<Mutex<HashSet<String>>>, id: &str) -> Option<Self> {
        let free = all.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        free.then(|| Self { all: Arc::clone(all), id: id.to_owned() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// A drill hears its recording and stays in its directory: nobody opens it in another way.
fn within(directory: &Directory, recording: Option<&Recording>) -> Result<(), OpenError> {
    if let Some(path) = directory.way_out() {
        return Err(DrillError::WayOut(path).into());
    }
    if directory.is_drill() && recording.is_none() {
        return Err(OpenError::OnlyRecorded(directory.path().to_owned()));
    }
    Ok(())
}

/// Where nothing is reached: a recording of nothing.
fn nobody() -> Result<Fetcher, OpenError> {
    let archive = Archive::from_bytes(Vec::new()).map_err(|error| OpenError::Network(error.to_string()))?;
    Ok(Fetcher::Replay(Replay::new(archive)))
}

/// The services that the operator has named, each with what may be made of it.
fn services(registry: &Registry, engine: &Engine, config: &Config, grants: &Grants) -> Result<Vec<Service>, OpenError> {
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
fn service_fetcher(config: &Config, services: &[Service], clock: &Arc<dyn Clock>) -> Result<Fetcher, OpenError> {
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
fn voices(registry: &Registry, engine: &Engine, config: &Config) -> Result<Vec<Voice>, OpenError> {
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
fn entrance(
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

fn vault(directory: &Directory, reader: &Reader, clock: &Arc<dyn Clock>) -> Result<Vault, StoreError> {
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

fn fetcher(settings: Settings, clock: &Arc<dyn Clock>) -> Result<Fetcher, OpenError> {
    let clock = Arc::clone(clock);
    let live = Live::new(settings, Arc::new(move || clock.now()));
    live.map(|live| Fetcher::Live(Box::new(live))).map_err(|error| OpenError::Network(error.to_string()))
}

/// Says at which hosts robots.txt is not asked, and enters what is new into the audit record.
fn vouch(store: &Store, config: &Config, services: &[Service], now: Timestamp) -> Result<(), StoreError> {
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
fn secrets(directory: &Directory, registry: &Registry) -> Result<Secrets, SecretsError> {
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

/// Ends when somebody says so, or when nobody is left to say so.
async fn ended(mut shutdown: watch::Receiver<bool>) {
    let _ = shutdown.wait_for(|stop| *stop).await;
}

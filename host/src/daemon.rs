//! Wires the stages together, owns the tasks and ends them.
//!
//! [`Daemon::open`] takes a data directory and puts a [`Sweeper`] together from
//! configuration, plugins and store; commands that sweep once stop there.
//! [`Daemon::run`] adds what lives: the [`schedule`], the page, the socket for
//! orders, and in a demo the recorded month. All of them end before it returns,
//! and the store is closed last.

mod assembly;
mod notices;
mod schedule;
mod upkeep;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use caifeng_plugin_host::contract::Timestamp;
use caifeng_plugin_host::engine::Engine;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::asking::Asking;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::configuring::Setup;
use crate::control::{self, Owner};
use crate::current::Current;
use crate::demo::{DemoError, removal};
use crate::directory::{Directory, DirectoryError};
use crate::drill::DrillError;
use crate::drill::play::Player;
use crate::entrance::Entrance;
use crate::failed_call::FailedCalls;
use crate::fetch::Fetcher;
use crate::fetch::replay::Replay;
use crate::fetch::secrets::SecretsError;
use crate::grant::GrantError;
use crate::handling::Clerk;
use crate::ingest::{Pipeline, Pseudonyms, VoiceError};
use crate::notify::courier::Courier;
use crate::plugins::installed::Installed;
use crate::plugins::oversight::Oversight;
use crate::plugins::{PluginError, Registry};
use crate::reach::{Reach, Serve};
use crate::recording::{self, Happened, Moment, Recording, Ringing};
use crate::store::{Store, StoreError};
use crate::sweep::{Sweeper, blocking};
use crate::text::tokens::Tokeniser;
use crate::topic::{TopicError, Topics};
use crate::user::code::Code;
use crate::web;

pub use assembly::settings;

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
    /// A classifier cannot take part.
    #[error(transparent)]
    Voice(#[from] VoiceError),
    /// An asker does not take its settings: the operator must correct them.
    #[error("[classifiers.{plugin}]: {why}; `caifeng config check` says where")]
    Classifier {
        /// Which one.
        plugin: String,
        /// What is wrong.
        why: String,
    },
    /// The provider of sign-in does not know us without its secret: the operator must write it.
    #[error("[sign_in.oidc] needs a secret: write [sign_in.oidc] and client_secret = \"…\" into {}", .0.display())]
    NoClientSecret(PathBuf),
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
    directory: Directory,
    config: Config,
    /// What of it is in force.
    setup: Setup,
    /// What is recorded, in a demo and in a drill.
    moments: Vec<Moment>,
    commits: watch::Receiver<u64>,
    /// Who comes in at a browser.
    entrance: Arc<Entrance>,
    /// Told when the demo is over.
    over: watch::Sender<bool>,
}

/// Why a daemon has ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// The demo in this directory was ended and is gone: the real thing can be opened there.
    DemoRemoved(Directory),
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
        assembly::within(&directory, recording.as_ref())?;
        let (bump, commits) = watch::channel(0);
        let store = Store::open(
            directory.path(),
            Some(Box::new(move |n| {
                let _ = bump.send_replace(n);
            })),
        )?;
        assembly::clear(&directory);
        let reader = store.reader()?;
        let vault = assembly::vault(&directory, &reader, &clock)?;
        let now = clock.now();
        let moments = recording.as_ref().map(Recording::moments).unwrap_or_default();
        let shift = recording.as_ref().map(|recording| recording.shift);
        let is_recorded = recording.is_some();
        let plugins = Arc::new(Installed::of(&directory, Arc::clone(&registry))?);
        let oversight = Oversight::new(Arc::clone(&plugins), Arc::clone(&clock), !is_recorded);
        let pipeline = Pipeline {
            topics: Current::new(Topics::compile(&config.topics, &config.names())?),
            tokeniser: Arc::new(Tokeniser::new()),
            voices: assembly::voices(&registry, &oversight, &engine, &config)?,
            pseudonyms: Pseudonyms::new(&directory.key("author")?),
        };
        let fetcher = match recording {
            Some(recording) => Fetcher::Replay(Replay::new(recording.archive)),
            None => assembly::fetcher(assembly::settings(&config), &clock)?,
        };
        let (installed, granted) = plugins.now();
        let services =
            if is_recorded { Vec::new() } else { assembly::services(&installed, &engine, &config, &granted)? };
        let secrets = Arc::new(assembly::secrets(&directory, &registry)?);
        let courier = notices::courier(&config, &secrets, &clock)?;
        let asking = Asking {
            fetcher: Arc::new(if is_recorded {
                assembly::nobody()?
            } else {
                assembly::service_fetcher(&config, &services, &clock)?
            }),
            services: Arc::new(services),
            secrets: Arc::clone(&secrets),
            store: store.clone(),
            reader: reader.clone(),
            clock: Arc::clone(&clock),
            zone: config.organisation.zone(),
            oversight: Some(oversight),
        };
        if follow {
            store.configure_topics(config.kept_topics(), config.organisation.utc_offset(now))?;
            store.configure_media(config.media.clone())?;
            store.observe(&config.watches_for(&registry, now), config.paused())?;
            assembly::vouch(&store, &config, &asking.services, now)?;
            store.configure_askers(asking.services.iter().map(|service| service.plugin().to_owned()).collect())?;
        } else if reader.watches()?.iter().any(|row| !row.watch.recorded) {
            return Err(OpenError::Unconfigured(directory.config()));
        }
        let sweeper = Sweeper {
            store,
            reader,
            engine,
            plugins,
            pipeline,
            fetcher: Arc::new(fetcher),
            recorder: None,
            secrets,
            budgets: Current::new(config.budgets()),
            vault: Arc::new(vault),
            retention: Current::new(config.retention),
            failed: FailedCalls::below(directory.failed_calls()),
            clock,
            zone: config.organisation.zone(),
            shift,
            sources: Arc::default(),
            turns: Arc::default(),
        };
        let courier = Arc::new(courier);
        let entrance = assembly::entrance(&directory, &config, (&sweeper.reader, is_recorded), now)?;
        // Nothing outside is reached in a demo or a drill, and nobody proves who they are in a demo.
        let provider = config.sign_in.oidc.as_ref().filter(|_| !is_recorded);
        let provider =
            provider.map(|oidc| assembly::provider(&directory, &config, oidc, &sweeper.secrets, &sweeper.clock));
        let entrance = Arc::new(entrance.with_provider(provider.transpose()?));
        let setup = Setup::new(file.filter(|_| !is_recorded), &config, Arc::clone(&courier));
        setup.routes.set(notices::routes(&config, is_recorded));
        let over = watch::Sender::new(false);
        Ok(Self { sweeper, asking, courier, directory, config, setup, moments, commits, entrance, over })
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
        Owner { sweeper: self.sweeper.clone(), clerk, setup: self.setup.clone(), over: self.over.clone() }
    }

    /// The socket that takes orders; what comes before [`run`](Self::run) waits.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn orders(&self) -> io::Result<UnixListener> {
        control::listen(&self.directory.socket())
    }

    /// Listens, remembers and shows, as `reach` allows, until `shutdown` says so, or somebody ends the demo; then it is
    /// removed.
    ///
    /// # Errors
    /// When the page can no longer be served, or the demo not be removed.
    pub async fn run(
        self,
        listener: TcpListener,
        orders: UnixListener,
        reach: Reach,
        shutdown: watch::Receiver<bool>,
    ) -> io::Result<Ended> {
        let alive = Arc::new(AtomicI64::new(self.sweeper.clock.now()));
        let store = self.sweeper.store.clone();
        let plan = blocking(move || store.plan_in_force()).await.map_err(io::Error::other)?;
        self.setup.plan.set((*plan).clone());
        // What is wrong with the file was told when the plan in force was read.
        if let Ok(calendar) = config::calendar_beside(&self.directory.config()) {
            self.setup.calendar.set(calendar);
        }
        let app = self.app(&alive, &reach);
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
                schedule::keep(daemon.sweeper.clone(), &alive).await;
            }
        });
        tasks.spawn(upkeep::retain_daily(daemon.sweeper.clone()));
        if !daemon.directory.is_drill() {
            tasks.spawn(upkeep::ring_clocks(daemon.sweeper.clone()));
            tasks.spawn(upkeep::tell_overdue(daemon.sweeper.clone()));
        }
        tasks.spawn(upkeep::visit_again(daemon.sweeper.clone()));
        tasks.spawn(upkeep::judge_growth(daemon.sweeper.clone()));
        tasks.spawn(upkeep::ask_services(daemon.asking.clone(), daemon.switchboard()));
        tasks.spawn(upkeep::write_reports(daemon.sweeper.clone(), daemon.press()));
        match daemon.dispatcher().await {
            Ok(dispatcher) => notices::spawn(&mut tasks, &dispatcher),
            Err(error) => tracing::error!("no notice is sent: {error}"),
        }
        let mut over = daemon.over.subscribe();
        let ending = async move {
            // Each ends it; which one did is asked afterwards.
            tokio::select! { () = ended(shutdown) => {}, _ = over.wait_for(|over| *over) => {} }
        };
        let outcome = web::serve(listener, app, reach.way, ending).await;
        // A sweep that is cut off has committed every page it has read; its line stays open in the record.
        tasks.shutdown().await;
        let _ = std::fs::remove_file(daemon.directory.socket());
        let store = daemon.sweeper.store.clone();
        blocking(move || store.close()).await;
        outcome.map_err(io::Error::other)?;
        if !*daemon.over.borrow() {
            return Ok(Ended::Stopped);
        }
        let directory = daemon.directory.clone();
        drop(daemon);
        let gone = directory.clone();
        blocking(move || removal::remove(&gone)).await.map_err(io::Error::other)?;
        Ok(Ended::DemoRemoved(directory))
    }

    /// What services are named and installed; `None` in a demo, which asks nobody.
    fn switchboard(&self) -> Option<assembly::Switchboard> {
        let Sweeper { plugins, engine, .. } = &self.sweeper;
        let seen = plugins.now();
        let (plugins, engine, config) = (Arc::clone(plugins), engine.clone(), self.config.clone());
        self.sweeper.shift.is_none().then_some(assembly::Switchboard { plugins, engine, config, seen })
    }

    /// What regular reports are written with; `None` in a demo.
    fn press(&self) -> Option<upkeep::Press> {
        if self.sweeper.shift.is_some() {
            return None;
        }
        let organisation = self.config.organisation.name.clone();
        Some(upkeep::Press { folder: self.directory.reports(), organisation, plan: self.setup.plan.clone() })
    }

    fn app(&self, pulse: &Arc<AtomicI64>, reach: &Reach) -> web::App {
        let (clock, store) = (Arc::clone(&self.sweeper.clock), self.sweeper.store.clone());
        let steady = Arc::clone(&clock);
        web::App {
            rows: Arc::new(web::Stored::new(
                self.sweeper.reader.clone(),
                Arc::clone(&self.sweeper.pipeline.tokeniser),
                self.setup.names.clone(),
                self.setup.plan.clone(),
                &self.directory.reports(),
            )),
            owner: self.owner(),
            account: nix::unistd::getuid().as_raw(),
            organisation: self.setup.organisation.clone(),
            clock: Arc::new(move || clock.now()),
            off: Arc::new(move || steady.off()),
            writable: Arc::new(move || store.health().err().map(|error| error.to_string())),
            changes: self.commits.clone(),
            pulse: Arc::clone(pulse),
            demo: self.directory.demo().exists(),
            drill: self.directory.is_drill(),
            public: self.config.public.enabled,
            entrance: Arc::clone(&self.entrance),
            secure: reach.is_secure(),
            strict: reach.strict,
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
}

/// Ends when somebody says so, or when nobody is left to say so.
async fn ended(mut shutdown: watch::Receiver<bool>) {
    let _ = shutdown.wait_for(|stop| *stop).await;
}

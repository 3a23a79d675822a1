//! `caifeng serve`: the daemon.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use caifeng::config::{Config, Organisation};
use caifeng::daemon::{Daemon, Ended, OpenError, Parts};
use caifeng::demo::Demo;
use caifeng::directory::Directory;
use caifeng::drill;
use caifeng::reach::{Reach, Serve, Way};
use caifeng::recording::Recording;
use caifeng::store::StoreError;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::output::{Lines, note};
use super::workplace::{self, DataArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng serve`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Configuration [default: caifeng.toml in the data directory; without one and with an empty directory, the demo]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    #[command(flatten)]
    bind: Bind,
    #[command(flatten)]
    over: Over,
}

/// How other machines reach the page; over what [serve] says.
#[derive(Clone, Debug, clap::Args)]
struct Over {
    /// The certificate for HTTPS, with its chain, in PEM
    #[arg(long, value_name = "F")]
    certificate: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, value_name = "F")]
    key: Option<PathBuf>,
    /// Speak HTTPS with a certificate of its own, which is made once and whose fingerprint is told
    #[arg(long, conflicts_with_all = ["certificate", "key"])]
    self_signed: bool,
    /// The address of a proxy that speaks HTTPS and passes on what others ask; may be repeated
    #[arg(long = "proxy", value_name = "IP")]
    proxies: Vec<IpAddr>,
    /// A name under which the desk is asked for; may be repeated
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

impl Over {
    /// What was said here, else what the configuration says.
    fn or(self, configured: &Serve) -> Serve {
        let Self { certificate, key, self_signed, proxies, hosts } = self;
        let mut serve = configured.clone();
        if certificate.is_some() || key.is_some() || self_signed {
            (serve.certificate, serve.key, serve.self_signed) = (certificate, key, self_signed);
        }
        if !proxies.is_empty() {
            serve.proxies = proxies;
        }
        if !hosts.is_empty() {
            serve.hosts = hosts;
        }
        serve
    }
}

/// Where the page is served.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Bind {
    /// Address of the page; others than loopback ones take HTTPS
    #[arg(long = "bind", value_name = "A", default_value = "127.0.0.1:8080")]
    address: SocketAddr,
}

/// Runs `caifeng serve`.
pub(crate) fn run(args: Args) -> Outcome {
    let directory = args.data.directory()?;
    // A demo is anybody's who reaches it.
    if directory.demo().exists() || args.config.is_none() && directory.is_empty() {
        args.bind.check()?;
    }
    let daemon = match args.config {
        None if directory.is_empty() => open_demo(&directory)?,
        config => open_as_it_is(&directory, config.as_ref())?,
    };
    serve_as(daemon, args.bind, |daemon| {
        let (serving, now) = (args.over.clone().or(daemon.serving()), daemon.sweeper.clock.now());
        let year = Organisation::default().day(now).year();
        Reach::of(args.bind.address, &serving, &directory, year).or_exit(Exit::Usage)
    })
}

/// Opens a data directory as what it is: a drill, the demo, or the real thing with the configuration that was named or
/// that lies in it.
pub(crate) fn open_as_it_is(directory: &Directory, named: Option<&PathBuf>) -> Result<Daemon, Failed> {
    if directory.is_drill() {
        if named.is_some() {
            directory.not_in_a_drill("it has its own configuration: leave --config out").or_exit(Exit::Usage)?;
        }
        let recording = drill::open(directory).or_exit(Exit::Usage)?;
        return assemble(directory, Some(recording.config.clone()), None, Some(recording));
    }
    match workplace::config(named, directory)? {
        None if directory.demo().exists() => open_demo(directory),
        config => open(directory, config, named.cloned().unwrap_or_else(|| directory.config())),
    }
}

/// Opens the real thing with a configuration, which stands in `file`; without one its watches stay as they are.
fn open(directory: &Directory, config: Option<Config>, file: PathBuf) -> Result<Daemon, Failed> {
    if directory.demo().exists() {
        let what = directory.path().display();
        return Err(anyhow!("{what} holds the demo: name another --data for the real thing")).or_exit(Exit::Usage);
    }
    directory.create().or_exit(Exit::Usage)?;
    assemble(directory, config, Some(file), None)
}

/// Opens a data directory with the demo.
pub(crate) fn open_demo(directory: &Directory) -> Result<Daemon, Failed> {
    fresh_or_demo(directory)?;
    directory.create().or_exit(Exit::Usage)?;
    let demo = Demo::open(directory, workplace::clock(directory)?.now()).or_exit(Exit::Internal)?;
    assemble(directory, Some(demo.config.clone()), None, Some(demo))
}

/// Refuses a directory that holds the real thing.
pub(crate) fn fresh_or_demo(directory: &Directory) -> Result<(), Failed> {
    if directory.demo().exists() || directory.is_empty() {
        return Ok(());
    }
    let what = directory.path().display();
    Err(anyhow!("{what} holds real data: name another --data for the demo")).or_exit(Exit::Usage)
}

fn assemble(
    directory: &Directory,
    config: Option<Config>,
    file: Option<PathBuf>,
    recording: Option<Recording>,
) -> Result<Daemon, Failed> {
    let parts = Parts {
        directory: directory.clone(),
        follow: config.is_some(),
        config: config.unwrap_or_default(),
        file,
        recording,
        registry: workplace::registry(Some(directory))?,
        engine: workplace::engine(Some(directory))?,
        clock: workplace::clock(directory)?,
    };
    let daemon = Daemon::open(parts).map_err(unopened)?;
    workplace::govern(&daemon.sweeper.store, directory, daemon.sweeper.zone.clone())?;
    Ok(daemon)
}

/// Who must act.
fn unopened(error: OpenError) -> Failed {
    let exit = match &error {
        OpenError::Store(StoreError::Disk(_) | StoreError::Damaged(_) | StoreError::Internal(_))
        | OpenError::Network(_) => Exit::Internal,
        OpenError::Store(StoreError::Owned { .. }) => Exit::Refused,
        OpenError::Plugin(_) => Exit::Plugin,
        _ => Exit::Usage,
    };
    Failed { exit, error: error.into() }
}

/// The runtime that commands with a network, a socket or a page run on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failed> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().or_exit(Exit::Internal)
}

impl Bind {
    /// Refuses what others could reach.
    pub(crate) fn check(self) -> Result<(), Failed> {
        if self.address.ip().is_loopback() {
            return Ok(());
        }
        let what = "only a loopback address shows a demo or a drill: use 127.0.0.1 or [::1]";
        Err(anyhow!("--bind {}: {what}", self.address)).or_exit(Exit::Usage)
    }
}

/// Every page that listens holds a file open, and the usual limit is 1,024 of them: up to what the system allows.
fn raise_file_limit() {
    if let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE)
        && now < most
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, most, most)
    {
        tracing::warn!("the limit of open files stays at {now}: {error}");
    }
}

/// Serves this machine until the process is told to stop.
pub(crate) fn serve(daemon: Daemon, bind: Bind) -> Outcome {
    serve_as(daemon, bind, |_| Ok(Reach::here()))
}

/// Serves until the process is told to stop. When somebody ends the demo, the real thing is opened in its directory and served
/// at the same address: whoever asks meanwhile waits, since the socket stays open.
fn serve_as(daemon: Daemon, bind: Bind, reach: impl Fn(&Daemon) -> Result<Reach, Failed>) -> Outcome {
    raise_file_limit();
    runtime()?.block_on(async {
        let socket = TcpListener::bind(bind.address).await.and_then(TcpListener::into_std);
        let socket = socket.with_context(|| format!("--bind {}", bind.address)).or_exit(Exit::Usage)?;
        let (stop, stopped) = watch::channel(false);
        let mut interrupt = signal(SignalKind::interrupt()).or_exit(Exit::Internal)?;
        let mut terminate = signal(SignalKind::terminate()).or_exit(Exit::Internal)?;
        tokio::spawn(async move {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            let _ = stop.send(true);
        });
        let mut daemon = daemon;
        loop {
            let reach = reach(&daemon)?;
            let listener = socket.try_clone().and_then(TcpListener::from_std).or_exit(Exit::Internal)?;
            let orders = daemon.orders().context("caifeng.sock").or_exit(Exit::Usage)?;
            announce(&daemon, &reach, listener.local_addr().or_exit(Exit::Internal)?)?;
            let ended = daemon.run(listener, orders, reach, stopped.clone()).await.or_exit(Exit::Internal)?;
            let Ended::DemoRemoved(directory) = ended else { return Ok(Exit::Done) };
            note("the demo is over and removed; what is recorded from now on is real");
            daemon = tokio::task::block_in_place(|| open_as_it_is(&directory, None))?;
        }
    })
}

/// Says where the desk is, and how the first user comes in.
fn announce(daemon: &Daemon, reach: &Reach, address: SocketAddr) -> Result<(), Failed> {
    // Whoever reads this line, a person or a program, may give orders and open the page: nothing stands before it.
    let mut lines = Lines::new();
    let scheme = if matches!(reach.way, Way::Tls(_)) { "https" } else { "http" };
    let line = format!("{scheme}://{address}/\n");
    lines.bytes(line.as_bytes()).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    if let Some(fingerprint) = &reach.fingerprint {
        note(format_args!(
            "the certificate was made here: compare its SHA-256 fingerprint in the browser: {fingerprint}"
        ));
    }
    // Only on the terminal: a log would keep it.
    if let Some(code) = daemon.first_code() {
        let line = format!(
            "nobody can sign in yet: the first user chooses a name and a password at {scheme}://{address}/set-up-password with the code {} (works once, within a day)\n",
            code.written()
        );
        lines.bytes(line.as_bytes()).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    }
    Ok(())
}

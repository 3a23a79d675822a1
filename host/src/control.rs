//! Orders: what a command asks of whoever owns the data directory.
//!
//! One process owns a data directory. A command that must write gives its order
//! to that process over `DATA/caifeng.sock` (one line of JSON, answered by lines
//! of JSON), or takes the directory itself when nobody owns it. Either way
//! [`carry_out`] does the work, and the command prints the same [`Line`]s.
//! Only the user who owns the directory can open the socket (mode 0600 in 0700).

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use caifeng_plugin_host::contract::Target;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::case::life::CaseRefusal;
use crate::configuring::{self, Configuring, Setup};
use crate::demo::removal::NotRemoved;
use crate::directory::InDrill;
use crate::drill::order::{self, Came};
use crate::evidence::archive::Archive;
use crate::evidence::warc::Recorder;
use crate::fetch::replay::Replay;
use crate::fetch::{Fetcher, SharedRecorder};
use crate::hand::{self, HandIn, Told};
use crate::handling::receipt::{self, Receipting};
use crate::handling::{Clerk, Deed, Outcome};
use crate::incident::life;
use crate::planning::{self, Planning};
use crate::plugins::PluginError;
use crate::referral::ReferralRefusal;
use crate::retention::Released;
use crate::store::{Caller, StoreError};
use crate::supervision::SummaryRefusal;
use crate::sweep::{Report, Sweeper, When, blocking};
use crate::user::right::Act;
use crate::user::token::Token;
use crate::watch::Watch;

/// Longest order that is read, in bytes.
const LONGEST: u64 = 2 << 20;

/// Which watches to sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// All that are configured.
    All,
    /// One, by its id.
    Watch(String),
    /// All of a plugin; with a recording, every answer in it as a watch of its own.
    Plugin(String),
}

/// Sweep now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What to sweep.
    pub selection: Selection,
    /// Answers come from this recording instead of the network.
    pub replay: Option<PathBuf>,
    /// Each exchange is written here.
    pub record: Option<PathBuf>,
    /// The personal token; none is needed before there are users.
    #[serde(default)]
    pub token: Option<Token>,
}

/// Something other than a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Upkeep {
    /// Let go of what is kept no longer, now.
    Retain {
        /// The personal token; none is needed before there are users.
        token: Option<Token>,
    },
    /// End the demo: everything recorded of it goes, and the desk goes on as the real thing.
    EndDemo {
        /// The personal token; none is needed where nobody was added.
        token: Option<Token>,
    },
}

/// What one line to the owner of the directory asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Asked {
    /// A sweep.
    Sweep(Order),
    /// To take what a person hands in.
    HandIn(HandIn),
    /// Something that takes a person.
    Deed(Box<Deed>),
    /// What a site shows of a published answer.
    Receipt(Receipting),
    /// To change the configuration.
    Configure(Box<Configuring>),
    /// To have another plan in force.
    Plan(Planning),
    /// Something that the trainer of a drill wants.
    Drill(order::Order),
    /// Something other than listening.
    Upkeep(Upkeep),
}

impl Asked {
    /// Does it and tells each step to `tell`; `account` is that of the machine which asks.
    ///
    /// # Errors
    /// When it cannot be understood, or the store cannot write.
    pub async fn carry_out(self, owner: &Owner, account: u32, tell: &mpsc::Sender<Line>) -> Result<(), Refusal> {
        let Owner { sweeper, clerk, over, .. } = owner;
        match self {
            Self::Sweep(order) => {
                clerk.directory.not_in_a_drill("its sites are swept by its clock: caifeng drill advance moves it")?;
                carry_out(&order, account, sweeper, tell).await
            }
            Self::HandIn(handing) => hand::carry_out(handing, account, sweeper, tell).await,
            Self::Deed(deed) => {
                let clerk = clerk.clone();
                let outcome = blocking(move || clerk.carry_out(*deed, account)).await?;
                let _ = tell.send(Line::Acted(Box::new(outcome))).await;
                Ok(())
            }
            Self::Configure(configuring) => {
                let owner = owner.clone();
                blocking(move || configuring::carry_out(&configuring, account, &owner)).await
            }
            Self::Plan(planning) => {
                let owner = owner.clone();
                blocking(move || planning::carry_out(planning, account, &owner)).await
            }
            Self::Receipt(receipting) => receipt::carry_out(receipting, account, owner, tell).await,
            Self::Drill(wish) => order::carry_out(wish, account, owner, tell).await,
            Self::Upkeep(Upkeep::Retain { token }) => {
                clerk
                    .directory
                    .not_in_a_drill("nothing is kept for long in it: remove its directory when it is over")?;
                retain(Caller { token, account }, sweeper, tell).await
            }
            Self::Upkeep(Upkeep::EndDemo { token }) => {
                let (clerk, caller) = (clerk.clone(), Caller { token, account });
                blocking(move || clerk.may_end_demo(&caller)).await?;
                let _ = over.send_replace(true);
                Ok(())
            }
        }
    }
}

/// What the process that owns the data directory works with.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Listens.
    pub sweeper: Sweeper,
    /// Acts for people.
    pub clerk: Clerk,
    /// The configuration, and what of it is in force.
    pub setup: Setup,
    /// Told when the demo is over.
    pub over: watch::Sender<bool>,
}

/// What is told while an order is carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// How many sweeps there will be.
    Total(u64),
    /// One is done.
    Swept(Box<Report>),
    /// What became of something that was handed in.
    Handed(Box<Told>),
    /// What came of something that a person did.
    Acted(Box<Outcome>),
    /// What came of an order to a drill.
    Drilled(Came),
    /// Something beside the sweeps that a person should know.
    Note(String),
    /// What retention let go of.
    Released(Released),
    /// All are done.
    Done,
    /// The order ended early.
    Failed(Refusal),
}

/// Why an order was not carried out, by who must act.
#[derive(Clone, Debug, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Whoever gave the order must give another.
    #[error("{0}")]
    Usage(String),
    /// It may not be, or not now; who must act first is in the words.
    #[error("{0}")]
    Refused(String),
    /// Whoever asks may not do it; who may is in the words.
    #[error("{0}")]
    Denied(String),
    /// The store or the machine; what was committed before stays.
    #[error("{0}")]
    Internal(String),
}

impl From<InDrill> for Refusal {
    fn from(refusal: InDrill) -> Self {
        Self::Refused(refusal.to_string())
    }
}

impl From<NotRemoved> for Refusal {
    fn from(error: NotRemoved) -> Self {
        match error {
            NotRemoved::Store(error) => error.into(),
            NotRemoved::Left { .. } => Self::Internal(error.to_string()),
            NotRemoved::NoDemo(_) | NotRemoved::Configured(_) | NotRemoved::Real(_) => Self::Refused(error.to_string()),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Denied(_)
            | StoreError::Refused(life::Refusal::Role(..))
            | StoreError::Referral(ReferralRefusal::Role { .. })
            | StoreError::Case(CaseRefusal::Role { .. })
            | StoreError::Summary(SummaryRefusal::Role { .. }) => Self::Denied(error.to_string()),
            StoreError::Refused(_)
            | StoreError::Answer(_)
            | StoreError::Disclosure(_)
            | StoreError::Referral(_)
            | StoreError::Case(_)
            | StoreError::Shut(_)
            | StoreError::Summary(_)
            | StoreError::Overtaken { .. }
            | StoreError::PlanMoved
            | StoreError::SamePlan
            | StoreError::NoProposal
            | StoreError::OwnPlan
            | StoreError::Outdated { .. } => Self::Refused(error.to_string()),
            StoreError::Unknown { .. }
            | StoreError::Wordless
            | StoreError::Unwritten(_)
            | StoreError::Groundless(_)
            | StoreError::Private(_)
            | StoreError::Unkept(_)
            | StoreError::Address(_) => Self::Usage(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}

/// Carries out an order and tells each step to `tell`; `account` is that of the machine which asks.
///
/// # Errors
/// When the order cannot be understood, whoever gives it may not, or the store cannot write.
pub async fn carry_out(
    order: &Order,
    account: u32,
    sweeper: &Sweeper,
    tell: &mpsc::Sender<Line>,
) -> Result<(), Refusal> {
    let (store, now) = (sweeper.store.clone(), sweeper.clock.now());
    let caller = Caller { token: order.token.clone(), account };
    if !blocking(move || store.may(&caller, Act::Sweep, now)).await? {
        say_that_nobody_was_added(tell).await;
    }
    let configured = configured(sweeper).await?;
    let mut sweeper = sweeper.clone();
    let work = match &order.replay {
        None => {
            let watches = selected(order, configured)?;
            watches.into_iter().map(|watch| (watch, sweeper.when())).collect()
        }
        Some(path) => {
            let archive = archive(path, tell).await?;
            let work = recorded(order, configured, &archive)?;
            sweeper.fetcher = Arc::new(Fetcher::Replay(Replay::new(archive)));
            work
        }
    };
    if let Selection::Plugin(plugin) = &order.selection
        && let Err(missing @ PluginError::Missing { .. }) = sweeper.plugins.registry().find(plugin)
    {
        return Err(Refusal::Usage(missing.to_string()));
    }
    // Created when nothing stands in the way any more: a recording is never overwritten.
    let recorder = order.record.as_deref().map(|path| record_to(path, &sweeper)).transpose()?;
    sweeper.recorder = recorder.clone().map(|recorder| recorder as SharedRecorder);
    if order.replay.is_some() {
        let (store, watches) = (sweeper.store.clone(), work.iter().map(|(watch, _)| watch.clone()).collect::<Vec<_>>());
        blocking(move || store.put_watches(&watches)).await?;
    }
    // The listener may hang up (| head): the work is done all the same.
    let _ = tell.send(Line::Total(work.len() as u64)).await;
    for (watch, when) in work {
        let report = sweeper.sweep(&watch, when).await?;
        let _ = tell.send(Line::Swept(Box::new(report))).await;
    }
    drop(sweeper);
    if let Some(recorder) = recorder.and_then(Arc::into_inner) {
        let recorder = recorder.into_inner().unwrap_or_else(PoisonError::into_inner);
        recorder.finish().map_err(|error| Refusal::Internal(format!("the recording is incomplete: {error}")))?;
    }
    Ok(())
}

/// Said of what takes nobody in particular, as long as nobody is known by a token.
pub const NOBODY: &str = "nobody has been added here yet: whoever uses this account of the machine may do this; caifeng user add NAME --role system ends that";

async fn say_that_nobody_was_added(tell: &mpsc::Sender<Line>) {
    let _ = tell.send(Line::Note(NOBODY.to_owned())).await;
}

/// Lets go of what is kept no longer, and tells what went; that somebody had it do so is an event.
///
/// # Errors
/// When whoever asks may not, or the store or the disk fails; what went before is gone.
pub async fn retain(caller: Caller, sweeper: &Sweeper, tell: &mpsc::Sender<Line>) -> Result<(), Refusal> {
    let (keeper, now) = (sweeper.keeper(), sweeper.clock.now());
    let store = sweeper.store.clone();
    if !blocking(move || store.may_retain(&caller, now)).await? {
        say_that_nobody_was_added(tell).await;
    }
    let released = blocking(move || keeper.run(now)).await;
    let _ = tell.send(Line::Released(released.map_err(|error| Refusal::Internal(error.to_string()))?)).await;
    Ok(())
}

async fn configured(sweeper: &Sweeper) -> Result<Vec<Watch>, Refusal> {
    let reader = sweeper.reader.clone();
    let rows = blocking(move || reader.watches()).await?;
    let rows = rows.into_iter().filter(|row| !row.watch.recorded && row.halted.is_none());
    Ok(rows.map(|row| row.watch).collect())
}

/// The watches that an order names, of those that are configured and not halted.
fn selected(order: &Order, mut configured: Vec<Watch>) -> Result<Vec<Watch>, Refusal> {
    let known = configured.iter().map(|watch| watch.id.as_str()).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { "none: add [[watch]] to caifeng.toml".to_owned() } else { known };
    configured.retain(|watch| match &order.selection {
        Selection::All => true,
        Selection::Watch(id) => watch.id == *id,
        Selection::Plugin(plugin) => watch.plugin == *plugin,
    });
    if configured.is_empty() {
        return Err(Refusal::Usage(format!("no such watch (configured: {known})")));
    }
    Ok(configured)
}

async fn archive(path: &Path, tell: &mpsc::Sender<Line>) -> Result<Archive, Refusal> {
    let opened = path.to_owned();
    let archive = blocking(move || Archive::open(&opened)).await;
    let archive = archive.map_err(|error| Refusal::Usage(format!("{}: cannot be read: {error}", path.display())))?;
    for problem in archive.problems() {
        let _ = tell.send(Line::Note(format!("{}: {problem}", path.display()))).await;
    }
    if archive.entries().is_empty() {
        let what = "no answer of a site can be read from it: name a WARC file that holds some";
        return Err(Refusal::Usage(format!("{}: {what}", path.display())));
    }
    Ok(archive)
}

/// With a recording: the configured watches at its end, or every answer as a
/// watch of its own at the moment it was recorded.
fn recorded(order: &Order, configured: Vec<Watch>, archive: &Archive) -> Result<Vec<(Watch, When)>, Refusal> {
    let Selection::Plugin(plugin) = &order.selection else {
        let at = archive.entries().iter().map(|entry| entry.date).max().unwrap_or_default();
        // Its sweeps are told apart from the watch's own: to have read a recording is not to have listened.
        let stand_in = |watch: Watch| Watch { id: format!("{} (recording)", watch.id), recorded: true, ..watch };
        let watches = selected(order, configured)?.into_iter().map(stand_in);
        return Ok(watches.map(|watch| (watch, When::Recorded { at, shift: 0 })).collect());
    };
    let own = |url: &str| Watch {
        id: url.to_owned(),
        plugin: plugin.clone(),
        target: Target::Listing(url.to_owned()),
        site: None,
        settings: Vec::new(),
        utc_offset: 0,
        recorded: true,
        registered: None,
        every: crate::watch::Every::default(),
        canary: None,
    };
    let entries = archive.entries().iter();
    Ok(entries.map(|entry| (own(&entry.url), When::Recorded { at: entry.date, shift: 0 })).collect())
}

fn record_to(path: &Path, sweeper: &Sweeper) -> Result<Arc<Mutex<Recorder>>, Refusal> {
    let failed = |error: io::Error| Refusal::Usage(format!("{}: cannot be written: {error}", path.display()));
    let software = concat!("caifeng/", env!("CARGO_PKG_VERSION"));
    let mut seed = [0; 16];
    getrandom::fill(&mut seed).map_err(|error| Refusal::Internal(error.to_string()))?;
    let recorder = Recorder::create(path, software, sweeper.clock.now(), seed).map_err(failed)?;
    Ok(Arc::new(Mutex::new(recorder)))
}

/// Listens for orders until the task is dropped; a socket left by a crash is replaced.
///
/// # Errors
/// When the socket cannot be made.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Takes orders for ever, one task each.
pub async fn serve(listener: UnixListener, owner: Owner) {
    // Orders end with this task: nothing sweeps when the store is closed.
    let mut orders = JoinSet::new();
    loop {
        while orders.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let owner = owner.clone();
                orders.spawn(async move {
                    if let Err(error) = answer(stream, &owner).await {
                        tracing::info!("an order's listener went away: {error}");
                    }
                });
            }
            Err(error) => {
                tracing::warn!("orders cannot be taken: {error}");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, owner: &Owner) -> io::Result<()> {
    let account = stream.peer_cred()?.uid();
    let (from, mut to) = stream.into_split();
    let mut line = String::new();
    BufReader::new(tokio::io::AsyncReadExt::take(from, LONGEST)).read_line(&mut line).await?;
    let asked: Asked = match serde_json::from_str(&line) {
        Ok(asked) => asked,
        Err(error) => {
            let refusal = Refusal::Usage(format!("not an order of this version: {error}"));
            return write(&mut to, &Line::Failed(refusal)).await;
        }
    };
    let (tell, mut told) = mpsc::channel(16);
    let work = async move {
        let outcome = asked.carry_out(owner, account, &tell).await;
        let _ = tell.send(outcome.map_or_else(Line::Failed, |()| Line::Done)).await;
    };
    let print = async move {
        let mut heard = Ok(());
        while let Some(line) = told.recv().await {
            if heard.is_ok() {
                heard = write(&mut to, &line).await;
            }
        }
        heard
    };
    tokio::join!(work, print).1
}

async fn write(to: &mut (impl AsyncWriteExt + Unpin), line: &Line) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    to.write_all(&bytes).await
}

/// Gives an order to the process that listens on `path`, and passes on what it tells.
///
/// # Errors
/// When nobody listens there, or the connection breaks before the end.
pub async fn give(path: &Path, order: &impl Serialize, tell: &mpsc::Sender<Line>) -> io::Result<()> {
    let (from, mut to) = UnixStream::connect(path).await?.into_split();
    let mut bytes = serde_json::to_vec(order)?;
    bytes.push(b'\n');
    to.write_all(&bytes).await?;
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await? {
        let line: Line = serde_json::from_str(&line)?;
        let last = matches!(line, Line::Done | Line::Failed(_));
        let _ = tell.send(line).await;
        if last {
            return Ok(());
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the daemon ended before the order was carried out"))
}

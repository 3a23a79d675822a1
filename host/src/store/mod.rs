//! What Caifeng remembers: one SQLite file, one writer, many readers.
//!
//! [`Store`] owns a data directory. All writing goes through one thread that gathers what
//! is waiting into one transaction ([`writer`]); a call returns when its work is on disk
//! (WAL, `synchronous = FULL`). [`Reader`] has connections of its own that cannot write,
//! also from another process while a daemon runs. Both block: async code calls them
//! from `spawn_blocking`.
//!
//! A batch of posts ([`Batch`]) becomes, in one transaction: rows and search
//! entries ([`ingest`]), incidents opened or joined, their events ([`incidents`]), and figures. What people decide is
//! one transaction each ([`decisions`]).
//! Grouping happens here and not before, because only the writer sees what the batch
//! just ahead of it stored; the choice itself is pure ([`group`](crate::incident::group)).
//!
//! What it gave up: rows are found by time or by full text and not by author, for which
//! there is no index, as there is no query (design §7); and texts are not compressed.

mod addresses;
mod callers;
mod captures;
mod casefile;
mod cases;
mod contacts;
mod credentials;
mod decisions;
mod disclosures;
mod enrolment;
pub mod error;
mod facets;
mod feeds;
mod follow_up;
mod gaps;
mod identities;
mod inbox;
mod incidents;
mod ingest;
mod listings;
mod media;
pub mod model;
mod moment;
pub mod near;
mod once;
mod outbox;
mod pages;
mod permissions;
mod plans;
mod questions;
mod read;
mod referrals;
mod regroup;
mod replies;
mod retain;
mod rings;
mod rowid;
mod schema;
mod searches;
mod sessions;
pub mod snapshot;
mod submissions;
mod summaries;
mod tally;
#[cfg(test)]
mod tests;
mod topics;
mod users;
mod visits;
mod warnings;
mod watches;
mod writer;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use caifeng_plugin_host::contract::{Reactions, Timestamp};
use rusqlite::Connection;

pub use addresses::{AddressChange, OwnAddress};
pub use callers::Caller;
pub use captures::Evidence;
pub use cases::{CaseChange, CaseRow};
pub use contacts::{ContactNote, ContactQuery, ContactRow, Contacted, Contacting, Imported, Via};
pub use credentials::{CODE_WORKS, Credential, Entering, FactorKept, First, Proven};
pub use decisions::{Decided, Decision, Seen, Shown};
pub use disclosures::{Composed, Disclosing, DisclosureRow, DisclosureStep, When};
pub use enrolment::Enrolment;
pub use error::StoreError;
pub use feeds::Feeding;
pub use inbox::{Inbox, LONGEST_SNOOZE, Unassessed};
pub use once::Begun;
pub use outbox::Attempt;
pub use plans::{Governing, PlanProposal};
pub use questions::{Answered, Asked, ServiceRow};
pub use read::evidence::{Due, Life, Looked, Proof, Reading, Version};
pub use read::machine::{Machine, Watching};
pub use read::outbox::{ChannelStanding, DeliveryRow, NoticeRow, OutboxHealth, OutboxQuery, Queue, Waiting};
pub use read::warnings::{Course, Risen, Subject, Warned, WarningQuery};
pub use read::{
    CategoryFilter, EntryPage, EntryQuery, EventRow, Examined, Fresh, IncidentQuery, Keep, LOOKED, MACHINE, Novelty,
    PostPage, PostQuery, Reader, RecordQuery, SCANNED, SeriesPoint,
};
pub use referrals::{ReferralRow, Referring};
pub use replies::{Answering, Receipt, ReplyRow, Sight};
pub use retain::{Cutoffs, Erased, Step};
pub use rings::{Deadline, Unacknowledged};
pub use rowid::second;
pub use searches::Searching;
pub use sessions::{Held, ProgramToken, SessionRow};
pub use summaries::{HeldBack, SummaryRow, Supervising};
pub use topics::{FullDay, KeptTopic, TopicCount};
pub use users::{Changed, UserChange};
pub use visits::Look;

use crate::incident::matter::{Matter, Matters};
use crate::permission::Change;
use crate::warning::media::Medium;
use crate::watch::{SweepTally, Watch};
use model::{Batch, Heard, Ingested, KnownPage, Received, Submission};
use plans::Plans;
use writer::{Health, Message, OnCommit, Shared, Task, Writer, Writing};

/// How long the copy that is made before a conversion is kept: as long as what mentions nothing, by default, so that
/// nothing that must go stays in it for longer.
pub const COPIES_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Jobs that may wait before callers do.
const QUEUE: usize = 64;
/// Incidents that can be found by their words, the newest; half as many again until the oldest are let go. About
/// 400 bytes each.
const MATTERS: usize = 20_000;

/// The one that writes. Clones share the writer; the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    queue: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    health: Health,
    matters: Shared,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Inner {
    fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = self.queue.send(Message::Stop);
            if thread.join().is_err() {
                tracing::error!("the writer of the store ended with a fault");
            }
        }
    }
}

impl Store {
    /// Takes possession of a data directory, creates what is missing and converts what is
    /// older. `on_commit` is called after each transaction, by the writer's thread, with
    /// a number that rises by one; it must not wait for the store.
    ///
    /// # Errors
    /// Another process owns the directory; it cannot be used; the store in it is newer or damaged.
    pub fn open(dir: &Path, on_commit: Option<Box<dyn Fn(u64) + Send>>) -> Result<Self, StoreError> {
        Self::open_remembering(dir, on_commit, near::RUN)
    }

    fn open_remembering(dir: &Path, on_commit: Option<OnCommit>, run: usize) -> Result<Self, StoreError> {
        let lock = own(dir)?;
        let path = dir.join(schema::FILE);
        // SQLite gives its log the same permissions.
        private(&path)?;
        let db = schema::open_writer(&path)?;
        let near = near::Near::load(&db, run)?;
        let matters = Arc::new(RwLock::new(load_matters(&db)?));
        let head = incidents::head(&db)?;
        let (plans, media) = (Plans::built_in(), media::read(&db)?);
        let (commits, suspect, health) = (0, false, Health::default());
        Self::start(
            dir,
            Writer { db, near, matters, head, plans, media, on_commit, lock, commits, run, suspect, health },
        )
    }

    fn start(dir: &Path, writer: Writer) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::sync_channel(QUEUE);
        let (health, matters) = (writer.health.clone(), Arc::clone(&writer.matters));
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.serve(&jobs))
            .map_err(|e| unusable(dir, &e))?;
        let inner = Inner { dir: dir.to_owned(), queue, thread: Mutex::new(Some(thread)), health, matters };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Lets go of copies from before conversions that are older than [`COPIES_KEPT`].
    ///
    /// # Errors
    /// The directory cannot be read, or a copy not removed.
    pub fn expire_copies(&self) -> Result<(), StoreError> {
        for copy in schema::copies(&self.inner.dir)? {
            // One from the future is kept: the machine's clock is wrong.
            if fs::metadata(&copy)?.modified()?.elapsed().is_ok_and(|age| age > COPIES_KEPT) {
                fs::remove_file(&copy)?;
                tracing::info!("let go of {}", copy.display());
            }
        }
        Ok(())
    }

    /// The data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Connections that read this store.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.inner.dir)
    }

    /// Whether transactions can be written. Does not wait and tries nothing: after a failure it
    /// says so until one of at least the same size commits, or many smaller ones do.
    ///
    /// # Errors
    /// Why not; [`StoreError::Closed`] when nobody writes any more.
    pub fn health(&self) -> Result<(), StoreError> {
        self.inner.health.get()
    }

    /// Finishes what is queued, folds the log into the file and gives up the directory.
    /// Later calls, also on clones, answer [`StoreError::Closed`].
    pub fn close(&self) {
        self.inner.stop();
    }

    /// Stores new and changed posts and lets those that mention a topic open or join
    /// incidents. Doing it again does nothing.
    ///
    /// # Errors
    /// Nothing of the batch is stored.
    pub fn ingest(&self, batch: Batch) -> Result<Ingested, StoreError> {
        self.ingest_all(vec![batch.into()])
    }

    /// As [`ingest`](Self::ingest), for several responses of a sweep, in their order, with their evidence: a version
    /// that is stored came from the evidence's page.
    ///
    /// # Errors
    /// Nothing of them is stored.
    pub fn ingest_all(&self, heard: Vec<Heard>) -> Result<Ingested, StoreError> {
        self.run(move |w| ingest::ingest(w, &heard))
    }

    /// Stores where captures lie of which no post came.
    ///
    /// # Errors
    /// None of them is stored.
    pub fn keep(&self, evidence: Evidence) -> Result<(), StoreError> {
        self.run(move |w| captures::keep(w.db, &evidence).map(|_| ()))
    }

    /// Stores a post that a person handed in, unless it is stored already, and lets it open or
    /// join an incident, whatever it says. Doing it again is another submission of the same post.
    ///
    /// # Errors
    /// Nothing of it is stored.
    pub fn submit(&self, submission: Submission) -> Result<Received, StoreError> {
        let salt = salt()?;
        self.run(move |w| submissions::submit(w, &submission, &salt))
    }

    /// Replaces the reactions of posts that are otherwise as stored (those that
    /// [`Reader::unseen`] calls [`Novelty::Reactions`]); ids that are not stored are passed
    /// over. Returns how many changed.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn touch(&self, plugin: &str, site: &str, posts: Vec<(String, Reactions)>) -> Result<u64, StoreError> {
        let (plugin, site) = (plugin.to_owned(), site.to_owned());
        self.run(move |w| ingest::touch(w.db, &plugin, &site, &posts, None))
    }

    /// Adds watches, or replaces those of the same id. One that now observes something else
    /// is due at once and no longer halted; the record of its sweeps stays.
    ///
    /// # Errors
    /// None of them is changed.
    pub fn put_watches(&self, watches: &[Watch]) -> Result<(), StoreError> {
        let watches = watches.to_vec();
        self.run(move |w| watches::put(w.db, &watches))
    }

    /// Makes these the watches of the configuration. Others are retired: they are listed and swept no more,
    /// and what they heard stays. A watch that was halted gets another chance.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn configure_watches(&self, watches: &[Watch]) -> Result<(), StoreError> {
        self.observe(watches, Vec::new())
    }

    /// The same, but for those of `paused`, each with why: they are passed over.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn observe(&self, watches: &[Watch], paused: Vec<(String, String)>) -> Result<(), StoreError> {
        let watches = watches.to_vec();
        self.run(move |w| {
            watches::configure(w.db, &watches)?;
            paused.iter().try_for_each(|(id, why)| watches::set_halted(w.db, id, Some(why)))
        })
    }

    /// Makes these the topics of the configuration: a topic with a cap takes no more posts of one day, which begins
    /// `utc_offset` seconds before it does in UTC.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn configure_topics(&self, topics: Vec<KeptTopic>, utc_offset: i32) -> Result<(), StoreError> {
        self.run(move |w| topics::configure(w.db, &topics, utc_offset))
    }

    /// Makes these the operator's media: what is heard from now on is told of them by these levels and names.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn configure_media(&self, own: Vec<Medium>) -> Result<(), StoreError> {
        self.run(move |w| media::configure(w, &own))
    }

    /// Passes a watch over until it is configured anew; `reason` is shown to people.
    ///
    /// # Errors
    /// There is no such watch.
    pub fn halt_watch(&self, id: &str, reason: &str) -> Result<(), StoreError> {
        let (id, reason) = (id.to_owned(), reason.to_owned());
        self.run(move |w| watches::set_halted(w.db, &id, Some(&reason)))
    }

    /// Remembers when a watch is due next, as the schedule has decided.
    ///
    /// # Errors
    /// There is no such watch.
    pub fn set_due(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.run(move |w| watches::set_due(w.db, &id, at))
    }

    /// As [`set_due`](Self::set_due), with why: JSON of [`Reason`](crate::schedule::Reason).
    ///
    /// # Errors
    /// There is no such watch.
    pub fn schedule_watch(&self, id: &str, at: Timestamp, why: &crate::schedule::Reason) -> Result<(), StoreError> {
        let (id, why) = (id.to_owned(), serde_json::to_string(why)?);
        self.run(move |w| watches::schedule(w.db, &id, at, &why))
    }

    /// Notes that the schedule is alive at `now`, opens gaps for watches that it missed, and repeats notices.
    /// `off_since`: when Caifeng stopped, told once after a start; `running`: watches that are being swept.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn tend(&self, now: Timestamp, off_since: Option<Timestamp>, running: Vec<String>) -> Result<(), StoreError> {
        self.run(move |w| gaps::tend(w.db, &w.plans.in_force(), now, off_since, &running))
    }

    /// Records that a sweep begins; returns its number.
    ///
    /// # Errors
    /// There is no such watch.
    pub fn begin_sweep(&self, watch: &str, now: Timestamp) -> Result<i64, StoreError> {
        let watch = watch.to_owned();
        self.run(move |w| watches::begin_sweep(w.db, &watch, now))
    }

    /// Records what a sweep did, and what that means for the gaps of its watch.
    ///
    /// # Errors
    /// It does not run.
    pub fn finish_sweep(&self, sweep: i64, now: Timestamp, tally: &SweepTally) -> Result<(), StoreError> {
        let tally = tally.clone();
        self.run(move |w| watches::finish_sweep(w.db, &w.plans.in_force(), sweep, now, &tally))
    }

    /// Keeps pages that `reader` (a digest of plugin and watch) has read to the end, looking from `since` on.
    ///
    /// # Errors
    /// Nothing is kept.
    pub fn keep_pages(
        &self,
        watch: &str,
        reader: [u8; 32],
        since: Timestamp,
        pages: Vec<KnownPage>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let watch = watch.to_owned();
        self.run(move |w| pages::keep(w.db, &watch, &reader, since, &pages, now))
    }

    /// Makes the audit record say which hosts the operator vouches for, as host and reason. Returns what was appended.
    ///
    /// # Errors
    /// Nothing is appended.
    pub fn declare_permissions(
        &self,
        declared: Vec<(String, String)>,
        now: Timestamp,
    ) -> Result<Vec<Change>, StoreError> {
        let salt = salt()?;
        self.run(move |w| permissions::declare(w, &declared, &salt, now))
    }

    /// Queues a job and waits until its transaction is on disk.
    fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Writing<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = mpsc::sync_channel(1);
        let job = Box::new(Task::new(work, reply));
        self.inner.queue.send(Message::Run(job)).map_err(|_| StoreError::Closed)?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }
}

fn salt() -> Result<[u8; 16], StoreError> {
    random()
}

/// Random bytes, for what must not be guessed.
///
/// # Errors
/// The system gives none.
pub fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| StoreError::Internal(e.to_string()))?;
    Ok(bytes)
}

/// The copies that were made before conversions in a data directory.
///
/// # Errors
/// The directory cannot be read.
pub fn copies(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    schema::copies(dir)
}

/// Creates the directory for this user alone and locks it, as long as the file is held.
///
/// # Errors
/// Another process owns it, or it cannot be used.
pub fn own(dir: &Path) -> Result<File, StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| unusable(dir, &e))?;
    let path = dir.join("caifeng.lock");
    let mut lock = private(&path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = lock.read_to_string(&mut pid);
            let pid = if pid.trim().is_empty() { "unknown".to_owned() } else { pid.trim().to_owned() };
            return Err(StoreError::Owned { dir: dir.to_owned(), pid });
        }
        Err(TryLockError::Error(e)) => return Err(unusable(&path, &e)),
    }
    let pid = |mut lock: &File| {
        lock.set_len(0)?;
        lock.rewind()?;
        writeln!(lock, "{}", std::process::id())
    };
    pid(&lock).map_err(|e| unusable(&path, &e))?;
    Ok(lock)
}

/// Opens a file that only this user may read, creating it if need be.
fn private(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|e| unusable(path, &e))
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded => StoreError::Disk(error.to_string()),
        _ => StoreError::Directory { path: path.to_owned(), why: error.to_string() },
    }
}

fn load_matters(db: &Connection) -> Result<Matters, StoreError> {
    let sql = "SELECT id, matter FROM (SELECT id, matter FROM incident ORDER BY id DESC LIMIT ?1) ORDER BY id";
    let mut matters = Matters::default();
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([MATTERS as i64])?;
    while let Some(r) = rows.next()? {
        let matter = r.get_ref(1)?.as_blob_or_null().ok().flatten().map(Matter::from_bytes).unwrap_or_default();
        matters.restore(&matter, r.get(0)?);
    }
    Ok(matters)
}

/// Whether a store was ever made there.
#[must_use]
pub fn exists(dir: &Path) -> bool {
    fs::metadata(dir.join(schema::FILE)).is_ok_and(|m| m.len() > 0)
}

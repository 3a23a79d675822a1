//! The one thread that writes, and group commit.
//!
//! Callers queue jobs over a bounded channel and wait. The thread takes what is
//! waiting into one transaction, each job within a savepoint of its own, commits
//! (one sync of the disk for all of them), and only then answers. A job that fails
//! is undone alone. When the disk fails, the whole transaction is undone and every
//! caller in it is told; what is kept in memory beside the file (the index of
//! near-duplicates, the head of the event chain, the figures) goes back with it, so
//! that the next transaction starts from what is on disk. A job that panics is one
//! that fails; whether the latest transaction could be written is [`Health`].

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};

use rusqlite::Connection;

use super::error::StoreError;
use super::model::Figures;
use super::near::Near;
use super::plans::Plans;
use super::tally::Tally;
use crate::incident::chain::Checkpoint;
use crate::incident::matter::Matters;
use crate::warning::media::Register;

/// Most jobs of one transaction: bounds the log and how long the first waits for the last.
const GROUP: usize = 64;

/// Told after each commit, with a number that rises by one.
pub(super) type OnCommit = Box<dyn Fn(u64) + Send>;

/// Whether writing works. On an almost full disk the few rows that begin and end a sweep
/// still fit where a page of posts does not; so after a failure only a transaction of at
/// least as many rows shows that writing works again, or [`REGAINED`] smaller ones in a row.
/// Ends with [`StoreError::Closed`], however the thread ends.
#[derive(Clone, Default)]
pub(super) struct Health(Arc<Mutex<Option<Failing>>>);

struct Failing {
    error: StoreError,
    /// Rows that the failed transaction had changed.
    rows: u64,
    /// Transactions that have succeeded since.
    good: u32,
}

/// How many small transactions outweigh a failed one.
const REGAINED: u32 = 16;

impl Health {
    pub(super) fn get(&self) -> Result<(), StoreError> {
        let failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failing.as_ref().map_or(Ok(()), |failing| Err(failing.error.clone()))
    }

    /// Takes note of a transaction and of the rows it changed or had changed.
    fn note(&self, result: &Result<(), StoreError>, rows: u64) {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (result, failing.as_mut()) {
            (Err(error), _) => *failing = Some(Failing { error: error.clone(), rows, good: 0 }),
            (Ok(()), Some(was)) if rows < was.rows && was.good + 1 < REGAINED => was.good += 1,
            (Ok(()), _) => *failing = None,
        }
    }
}

/// Held by the thread: what it drops last says that nobody writes any more.
struct Mortal(Health);

impl Drop for Mortal {
    fn drop(&mut self) {
        self.0.note(&Err(StoreError::Closed), 0);
    }
}

/// What a caller sends.
pub(super) enum Message {
    Run(Box<dyn Job>),
    Stop,
}

/// Something to do within a transaction, and somebody who waits for it.
pub(super) trait Job: Send {
    /// Does it and keeps the outcome; `Err` carries a copy of the error.
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), StoreError>;
    /// Hands the outcome over, or `lost` when the transaction did not commit.
    fn answer(self: Box<Self>, lost: Option<&StoreError>);
}

/// The job of a closure.
pub(super) struct Task<F, T> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: SyncSender<Result<T, StoreError>>,
}

impl<F, T> Task<F, T> {
    pub(super) fn new(work: F, reply: SyncSender<Result<T, StoreError>>) -> Self {
        Self { work: Some(work), outcome: None, reply }
    }
}

impl<F, T> Job for Task<F, T>
where
    F: FnOnce(&mut Writing<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(writing))).unwrap_or_else(|panic| {
            writing.panicked = true;
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(StoreError::Internal(format!("a job of the writer panicked: {said}")))
        });
        let result = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        result
    }

    fn answer(self: Box<Self>, lost: Option<&StoreError>) {
        let answer = match (self.outcome, lost) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(lost)) => Err(lost.clone()),
            (Some(done), None) => done,
            (None, None) => Err(StoreError::Closed),
        };
        // The caller may have gone; the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

/// What a job may use.
pub(super) struct Writing<'a> {
    pub(super) db: &'a Connection,
    pub(super) near: &'a mut Near,
    pub(super) matters: &'a mut Matters,
    pub(super) head: &'a mut Checkpoint,
    pub(super) plans: &'a mut Plans,
    pub(super) media: &'a mut Register,
    /// Changes to the figures, written when the job has succeeded.
    pub(super) delta: Delta,
    /// What was counted for early warning, written with them.
    pub(super) tally: Tally,
    /// The job ended in the middle of something.
    pub(super) panicked: bool,
}

/// Differences to [`Figures`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delta {
    pub(super) open: i64,
    pub(super) new: i64,
    pub(super) posts: i64,
    pub(super) mentions: i64,
}

/// The index of what incidents are about, which readers share.
pub(super) type Shared = Arc<RwLock<Matters>>;

fn held(matters: &RwLock<Matters>) -> RwLockWriteGuard<'_, Matters> {
    matters.write().unwrap_or_else(PoisonError::into_inner)
}

/// The thread's possessions.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) near: Near,
    /// Readers look into it too, between jobs.
    pub(super) matters: Shared,
    pub(super) head: Checkpoint,
    pub(super) plans: Plans,
    /// Media by level, the operator's first.
    pub(super) media: Register,
    pub(super) on_commit: Option<OnCommit>,
    /// Held while the thread lives: this process owns the directory.
    pub(super) lock: File,
    pub(super) commits: u64,
    /// Signatures of a run of `near`.
    pub(super) run: usize,
    /// A job has panicked: what is in memory may be half done.
    pub(super) suspect: bool,
    pub(super) health: Health,
}

impl Writer {
    /// Serves until told to stop or until every caller has gone.
    pub(super) fn serve(mut self, queue: &Receiver<Message>) {
        let _mortal = Mortal(self.health.clone());
        let mut stop = false;
        while !stop {
            let mut jobs: Vec<Box<dyn Job>> = Vec::new();
            match queue.recv() {
                Ok(Message::Run(job)) => jobs.push(job),
                Ok(Message::Stop) | Err(_) => break,
            }
            while jobs.len() < GROUP {
                match queue.try_recv() {
                    Ok(Message::Run(job)) => jobs.push(job),
                    Ok(Message::Stop) => {
                        stop = true;
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.round(jobs);
        }
        // An empty log makes the next start fast and the file complete by itself. When
        // it fails, the log is still there and is read at the next start.
        if let Err(error) = self.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!("the log could not be folded into the database: {error}");
        }
        drop(self.db);
        drop(self.lock);
    }

    /// One transaction.
    fn round(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let (near, matters, head) = (self.near.mark(), held(&self.matters).mark(), self.head);
        let before = self.db.total_changes();
        let result = self.transact(&mut jobs);
        if let Err(error) = &result {
            // Some errors have already rolled back; then there is nothing left to do.
            if !self.db.is_autocommit() && self.db.execute_batch("ROLLBACK").is_err() {
                tracing::error!("a failed transaction could not be undone: {error}");
            }
            self.near.rollback(near);
            held(&self.matters).rollback(matters);
            self.head = head;
            tracing::error!("a transaction was undone: {error}");
        }
        self.health.note(&result, self.db.total_changes() - before);
        for job in jobs {
            job.answer(result.as_ref().err());
        }
        if result.is_ok() {
            self.commits += 1;
            if let Some(hook) = &self.on_commit {
                hook(self.commits);
            }
        }
        if std::mem::take(&mut self.suspect) {
            self.reload();
        }
        held(&self.matters).settle(super::MATTERS);
        if self.near.is_full()
            && let Err(error) = self.near.seal(&mut self.db)
        {
            tracing::error!("near-duplicates stay in memory until they can be written: {error}");
        }
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        for job in jobs.iter_mut() {
            self.one(job.as_mut())?;
        }
        self.db.execute_batch("COMMIT")?;
        Ok(())
    }

    /// One job in its savepoint. `Err` only when the transaction is lost.
    fn one(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.db.prepare_cached("SAVEPOINT job")?.execute([])?;
        let mut held = held(&self.matters);
        let (near, matters, head) = (self.near.mark(), held.mark(), self.head);
        let mut writing = Writing {
            db: &self.db,
            near: &mut self.near,
            matters: &mut held,
            head: &mut self.head,
            plans: &mut self.plans,
            media: &mut self.media,
            delta: Delta::default(),
            tally: Tally::default(),
            panicked: false,
        };
        let result = job.run(&mut writing);
        let Writing { delta, tally, panicked, .. } = writing;
        self.suspect |= panicked;
        match result {
            Ok(()) => {
                delta.write(&self.db)?;
                tally.write(&self.db)?;
                self.db.prepare_cached("RELEASE job")?.execute([])?;
                Ok(())
            }
            Err(error) if error.spoils_all() || self.db.is_autocommit() => Err(error),
            Err(_) => {
                self.near.rollback(near);
                held.rollback(matters);
                self.head = head;
                self.db.execute_batch("ROLLBACK TO job; RELEASE job")?;
                Ok(())
            }
        }
    }

    /// Reads again what is kept in memory.
    fn reload(&mut self) {
        match Near::load(&self.db, self.run) {
            Ok(near) => self.near = near,
            Err(error) => {
                tracing::error!("near-duplicates are found only among new posts until a restart: {error}");
                self.near = Near::new(self.run);
            }
        }
        match super::load_matters(&self.db) {
            Ok(matters) => *held(&self.matters) = matters,
            Err(error) => {
                tracing::error!(
                    "other words for one matter are found only among new incidents until a restart: {error}"
                );
                *held(&self.matters) = Matters::default();
            }
        }
    }
}

impl Delta {
    fn write(self, db: &Connection) -> Result<(), StoreError> {
        let changes = [("open", self.open), ("new", self.new), ("posts", self.posts), ("mentions", self.mentions)];
        for (name, n) in changes.into_iter().filter(|(_, n)| *n != 0) {
            db.prepare_cached("UPDATE figure SET n = n + ?2 WHERE name = ?1")?.execute((name, n))?;
        }
        Ok(())
    }
}

/// The figures as they are stored.
pub(super) fn figures(db: &Connection) -> Result<Figures, StoreError> {
    let mut figures = Figures::default();
    let mut statement = db.prepare_cached("SELECT name, n FROM figure")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let n = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        match row.get_ref(0)?.as_str().unwrap_or_default() {
            "open" => figures.open = n,
            "new" => figures.new = n,
            "posts" => figures.posts = n,
            "mentions" => figures.mentions = n,
            _ => {}
        }
    }
    Ok(figures)
}

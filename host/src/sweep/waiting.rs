//! Answers that were read and wait to be stored: several share a transaction and a sync of the evidence.
//!
//! An answer waits for company until [`ANSWERS`] or [`BYTES`] have come together, for [`LONGEST`] at most, and not at
//! all when the crawl has nothing else to ask meanwhile. A group is stored by a task of its own while the
//! crawl reads on, one group after the other: so no more than two are in memory, and a slow disk slows the crawl.
//!
//! What waits is not acknowledged and counts nowhere. After a crash the next sweep reads it again.

use std::pin::Pin;
use std::time::Duration;

use caifeng_plugin_host::contract::{Post, Timestamp};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Sleep, sleep};

use super::Sweeper;
use super::run::{FAULT, Run};
use crate::evidence::vault::Capture;
use crate::ingest::Origin;
use crate::store::model::{Heard, Ingested, KnownPage};
use crate::store::{Evidence, StoreError};
use crate::watch::FailureKind;

/// Answers that are stored together.
const ANSWERS: usize = 32;
/// Bytes of text that are stored together, about.
const BYTES: usize = 4 << 20;
/// How long an answer waits for others.
const LONGEST: Duration = Duration::from_millis(500);

/// What one answer brought.
struct Answer {
    posts: Vec<Post>,
    fetched: Timestamp,
    /// What was captured since the answer before it, its own page last.
    captures: Vec<Capture>,
    /// What the site calls the page, if it need not be read again.
    known: Option<KnownPage>,
}

/// What became of a group.
struct Stored {
    ingested: Ingested,
    failures: Vec<String>,
    /// Captures that the store does not know, because nothing came of them.
    captures: Vec<Capture>,
    known: Vec<KnownPage>,
}

/// The answers of one crawl that are not stored yet.
#[derive(Default)]
pub(super) struct Waiting {
    answers: Vec<Answer>,
    bytes: usize,
    /// Ends when the first of them has waited long enough.
    patience: Option<Pin<Box<Sleep>>>,
    storing: Option<JoinHandle<Result<Stored, StoreError>>>,
    /// Pages that need not be read again: all of them is stored.
    pub(super) learnt: Vec<KnownPage>,
}

impl Waiting {
    fn add(&mut self, answer: Answer) {
        self.bytes += answer.posts.iter().map(|post| post.text.len() + 1_000).sum::<usize>();
        self.patience.get_or_insert_with(|| Box::pin(sleep(LONGEST)));
        self.answers.push(answer);
    }

    const fn is_full(&self) -> bool {
        self.answers.len() >= ANSWERS || self.bytes >= BYTES
    }

    fn take(&mut self) -> Vec<Answer> {
        (self.bytes, self.patience) = (0, None);
        std::mem::take(&mut self.answers)
    }
}

impl Run<'_> {
    /// Takes over the posts of the page that was captured last; they are stored soon.
    pub(super) async fn remember(
        &mut self,
        mut posts: Vec<Post>,
        fetched: Timestamp,
        known: Option<KnownPage>,
    ) -> Result<(), StoreError> {
        let shift = self.when.shift();
        for post in &mut posts {
            post.published = post.published.map(|at| at.saturating_add(shift));
            post.edited = post.edited.map(|at| at.saturating_add(shift));
        }
        let (fetched, captures) = (fetched.saturating_add(shift), std::mem::take(&mut self.captures));
        self.waiting.add(Answer { posts, fetched, captures, known });
        if self.waiting.is_full() { self.begin_storing().await } else { Ok(()) }
    }

    /// Stores what has waited long enough, until `answered` says that there is more to read.
    pub(super) async fn store_in_time(&mut self, answered: impl Future<Output = ()>) -> Result<(), StoreError> {
        let Some(patience) = &mut self.waiting.patience else { return Ok(()) };
        tokio::select! {
            biased;
            () = answered => Ok(()),
            () = patience => self.begin_storing().await,
        }
    }

    /// Returns when everything that was remembered is on disk.
    pub(super) async fn store_all(&mut self) -> Result<(), StoreError> {
        self.begin_storing().await?;
        self.end_storing().await
    }

    /// Begins to store what waits, when the group before it is stored.
    async fn begin_storing(&mut self) -> Result<(), StoreError> {
        self.end_storing().await?;
        let mut answers = self.waiting.take();
        let Some(first) = answers.first_mut() else { return Ok(()) };
        first.captures.splice(..0, std::mem::take(&mut self.unstored));
        let (sweeper, form) = (self.sweeper.clone(), self.form());
        self.waiting.storing = Some(spawn_blocking(move || store(&sweeper, &form, answers)));
        Ok(())
    }

    async fn end_storing(&mut self) -> Result<(), StoreError> {
        let Some(storing) = &mut self.waiting.storing else { return Ok(()) };
        let ended = storing.await;
        self.waiting.storing = None;
        match ended {
            Ok(stored) => self.count(stored?),
            Err(error) if error.is_panic() => self.fail(FailureKind::Trap, FAULT),
            // The runtime ends, and whoever waits here with it.
            Err(_cancelled) => std::future::pending().await,
        }
        Ok(())
    }

    fn count(&mut self, stored: Stored) {
        let Stored { ingested, failures, captures, known } = stored;
        self.tally.new += ingested.new;
        self.tally.changed += ingested.changed;
        self.tally.matched += ingested.matched;
        self.opened.extend(ingested.opened);
        self.joined.extend(ingested.joined);
        self.unstored = captures;
        self.waiting.learnt.extend(known);
        for failure in failures {
            self.fail(FailureKind::Trap, failure);
        }
    }

    /// What all answers of the sweep have in common.
    fn form(&self) -> Form {
        let origin =
            Origin { sweep: Some(self.sweep), plugin: self.watch.plugin.clone(), site: self.site.clone(), captured: 0 };
        Form { origin, evidence: self.evidence(Vec::new()) }
    }
}

struct Form {
    origin: Origin,
    evidence: Evidence,
}

/// Stores a group. What it was captured from is on disk first.
fn store(sweeper: &Sweeper, form: &Form, answers: Vec<Answer>) -> Result<Stored, StoreError> {
    let mut stored = Stored { ingested: Ingested::default(), failures: vec![], captures: vec![], known: vec![] };
    let mut heard: Vec<Heard> = Vec::new();
    for Answer { posts, fetched, captures, known } in answers {
        let origin = Origin { captured: fetched, ..form.origin.clone() };
        let understood = sweeper.pipeline.understand(&sweeper.reader, origin, posts)?;
        stored.failures.extend(understood.failures);
        stored.known.extend(known);
        stored.captures.extend(captures);
        if understood.batch.posts.is_empty() && understood.reactions.is_empty() {
            continue;
        }
        let captures = std::mem::take(&mut stored.captures);
        let evidence = Evidence { page: captures.len().checked_sub(1), captures, ..form.evidence.clone() };
        heard.push(Heard { batch: understood.batch, reactions: understood.reactions, evidence });
    }
    if let Some(last) = heard.last_mut() {
        last.evidence.captures.append(&mut stored.captures);
        sweeper.vault.sync()?;
        stored.ingested = sweeper.store.ingest_all(heard)?;
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use caifeng_plugin_host::contract::Kind;

    use super::*;

    fn answer(bytes: usize) -> Answer {
        let post = Post { text: "a".repeat(bytes), ..Post::new(Kind::Post, "1", "http://a.example/1") };
        Answer { posts: vec![post], fetched: 0, captures: Vec::new(), known: None }
    }

    #[tokio::test]
    async fn a_group_is_bounded_by_answers_and_by_bytes() {
        let mut waiting = Waiting::default();
        (1..ANSWERS).for_each(|_| waiting.add(answer(1)));
        assert!(!waiting.is_full());
        waiting.add(answer(1));
        assert!(waiting.is_full());
        assert_eq!(waiting.take().len(), ANSWERS);
        assert!(!waiting.is_full() && waiting.patience.is_none());
        waiting.add(answer(BYTES));
        assert!(waiting.is_full());
    }
}

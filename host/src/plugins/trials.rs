//! Score cards that are made aside while people go on: one file at a time, each once.
//!
//! What came of it is known by the digest of exactly that file, and forgotten when the process ends: a card can be made again.
//! Nothing here starts a thread; whoever holds a [`Turn`] runs it where waiting costs nobody anything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::Timestamp;
use caifeng_plugin_host::engine::CompiledCache;
use caifeng_plugin_host::laws::ScoreCard;

use super::card::{self, Unlawful};

/// Cards that are remembered.
const MOST: usize = 64;

/// The trials of one process.
#[derive(Clone, Debug, Default)]
pub struct Trials(Arc<Mutex<BTreeMap<String, Trial>>>);

/// One file's.
#[derive(Clone, Debug)]
pub struct Trial {
    /// When it began.
    pub since: Timestamp,
    /// How it stands.
    pub state: State,
}

/// Another file is being tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// How a trial stands.
#[derive(Clone, Debug)]
pub enum State {
    /// Under way.
    Running,
    /// Every law is kept.
    Kept(Arc<ScoreCard>),
    /// Not taken in: why, with the card where there is one.
    Failed(String, Option<Arc<ScoreCard>>),
}

/// A trial that is to be run; when it is dropped unfinished the trial has failed.
#[derive(Debug)]
pub struct Turn {
    trials: Trials,
    artifact: Artifact,
    done: bool,
}

impl Trials {
    /// Begins one, unless this file is being tried or has kept every law.
    ///
    /// # Errors
    /// Another file is being tried: one waits for it.
    pub fn begin(&self, artifact: &Artifact, now: Timestamp) -> Result<Option<Turn>, Busy> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = artifact.digest().to_string();
        match all.get(&digest).map(|trial| &trial.state) {
            Some(State::Running | State::Kept(_)) => return Ok(None),
            Some(State::Failed(..)) | None => {}
        }
        if all.values().any(|trial| matches!(trial.state, State::Running)) {
            return Err(Busy);
        }
        while all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, trial)| trial.since).map(|(digest, _)| digest.clone());
            let Some(oldest) = oldest else { break };
            all.remove(&oldest);
        }
        all.insert(digest, Trial { since: now, state: State::Running });
        Ok(Some(Turn { trials: self.clone(), artifact: artifact.clone(), done: false }))
    }

    /// How the trial of a file stands, if there was one.
    #[must_use]
    pub fn of(&self, digest: &str) -> Option<Trial> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    fn end(&self, digest: &str, state: State) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trial) = all.get_mut(digest) {
            trial.state = state;
        }
    }
}

impl Turn {
    /// Tries every law. Blocks, for up to minutes.
    pub fn run(self, cache: Option<CompiledCache>, today: Timestamp) {
        match card::tried(&self.artifact, cache, today) {
            Ok(card) => self.end(State::Kept(Arc::new(card))),
            Err(error) => {
                let why = error.to_string();
                let card = if let Unlawful::Broken { card, .. } = error { Some(Arc::new(*card)) } else { None };
                self.end(State::Failed(why, card));
            }
        }
    }

    fn end(mut self, state: State) {
        self.done = true;
        self.trials.end(&self.artifact.digest().to_string(), state);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.done {
            let why = "the trial ended before its time: try again".to_owned();
            self.trials.end(&self.artifact.digest().to_string(), State::Failed(why, None));
        }
    }
}

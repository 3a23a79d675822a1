//! A loaded plugin of any kind: its code, its contract's functions, the file that they come from.
//!
//! Sources, classifiers and askers differ in what they are asked and in what of their answers is believed. How one is
//! loaded, how an instance is had and kept for the next call, and what a call comes to is the same, and is here.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::{Compiled, Cost, Engine, Limits, Live, LoadError, Trap};
use crate::artifact::{Artifact, PluginKind};
use crate::contract::Failure;
use crate::manifest::Manifest;

/// What a call came to and what it used.
#[derive(Clone, Debug, PartialEq)]
pub struct Called<T> {
    /// The answer or why there is none.
    pub outcome: Result<T, CallError>,
    /// What it used.
    pub cost: Cost,
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The plugin says why; each case has its reaction.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The plugin is broken: its author must act, and until then the host
    /// counts the call as a failure of the plugin, not of the site.
    #[error(transparent)]
    Trap(#[from] Trap),
}

impl<T> Called<T> {
    /// Goes on with the answer, if there is one; the cost stays.
    pub(crate) fn and_then<U>(self, then: impl FnOnce(T) -> Result<U, Trap>) -> Called<U> {
        let Self { outcome, cost } = self;
        Called { outcome: outcome.and_then(|answer| then(answer).map_err(CallError::Trap)), cost }
    }
}

/// Finds the functions of a contract's version in compiled code.
type Find<C> = fn(&str, &Compiled) -> Result<Box<C>, LoadError>;

/// A loaded plugin that answers by the contract `C`. Cheap to clone.
pub(crate) struct Plugin<C: ?Sized> {
    shared: Arc<Shared<C>>,
}

struct Shared<C: ?Sized> {
    compiled: Compiled,
    artifact: Artifact,
    contract: Box<C>,
}

impl<C: ?Sized> Plugin<C> {
    /// Compiles a plugin of the wanted kind, or takes its code from the cache, and finds its functions.
    pub(crate) fn load(
        engine: &Engine,
        artifact: &Artifact,
        wanted: PluginKind,
        find: Find<C>,
    ) -> Result<Self, LoadError> {
        if artifact.kind() != wanted {
            return Err(LoadError::Kind { id: artifact.manifest().id.clone(), wanted, found: artifact.kind() });
        }
        let compiled = engine.compile(artifact)?;
        let contract = find(artifact.contract(), &compiled)?;
        Ok(Self { shared: Arc::new(Shared { compiled, artifact: artifact.clone(), contract }) })
    }

    pub(crate) fn manifest(&self) -> &Arc<Manifest> {
        self.shared.artifact.manifest()
    }

    pub(crate) fn artifact(&self) -> &Artifact {
        &self.shared.artifact
    }

    pub(crate) fn limits(&self) -> &Limits {
        self.shared.compiled.limits()
    }

    /// Whether so many instances live that one which waits for the network should give its slot back.
    pub(crate) fn crowded(&self) -> bool {
        self.shared.compiled.crowded()
    }

    /// Calls on the instance that was kept, or on a fresh one, and keeps it for the next call unless it trapped.
    pub(crate) fn call<T>(
        &self,
        kept: &mut Option<Live>,
        run: impl FnOnce(&C, &Compiled, &mut Live) -> Result<Result<T, Failure>, Trap>,
    ) -> Called<T> {
        let start = Instant::now();
        let Shared { compiled, contract, .. } = &*self.shared;
        let mut live = match kept.take().map_or_else(|| compiled.spawn(), Ok) {
            Ok(live) => live,
            Err(trap) => return Called { outcome: Err(trap.into()), cost: since(start, None) },
        };
        let answer = run(contract, compiled, &mut live);
        let cost = since(start, Some(&live));
        if answer.is_ok() {
            *kept = Some(live);
        }
        let outcome = match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failure)) => Err(failure.into()),
            Err(trap) => Err(trap.into()),
        };
        Called { outcome, cost }
    }
}

impl<C: ?Sized> Clone for Plugin<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<C: ?Sized> fmt::Debug for Plugin<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.artifact.fmt(f)
    }
}

/// What was used since a call began.
fn since(start: Instant, live: Option<&Live>) -> Cost {
    Cost { wall: start.elapsed(), memory: live.map_or(0, Live::memory), fuel: live.and_then(|live| live.fuel) }
}

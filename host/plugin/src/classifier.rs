//! Classifiers: posts in, labels with evidence out.
//!
//! A batch has an instance of its own, since a classifier must not remember.
//! What it says is checked before anybody reads it: see [`labels`].

use crate::artifact::{Artifact, PluginKind};
use crate::contract::{self, ClassifierContract, Label, Post, Settings};
use crate::engine::{self, Compiled, Engine, Live, LoadError};
use crate::labels;
use crate::manifest::Manifest;
use crate::source::{CallError, Called};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// A loaded classifier. Cheap to clone.
#[derive(Clone)]
pub struct Classifier {
    shared: Arc<Shared>,
}

struct Shared {
    compiled: Compiled,
    contract: Box<dyn ClassifierContract>,
    artifact: Artifact,
}

/// An instance that has answered a call.
pub(crate) struct Warm(Live);

impl Classifier {
    /// Compiles a classifier, or takes its code from the cache, and checks that
    /// its function has the contract's types.
    ///
    /// # Errors
    /// Says who must act; see [`LoadError`].
    pub fn load(engine: &Engine, artifact: &Artifact) -> Result<Self, LoadError> {
        let compiled = engine::load(engine, artifact, PluginKind::Classifier)?;
        let contract = contract::classifier(artifact.contract(), &compiled)?;
        Ok(Self { shared: Arc::new(Shared { compiled, contract, artifact: artifact.clone() }) })
    }

    /// What the plugin declares.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        self.shared.artifact.manifest()
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        &self.shared.artifact
    }

    /// Labels a batch: one list per post, in the order given.
    #[must_use]
    pub fn classify(&self, settings: &Settings, posts: &[Post]) -> Called<Vec<Vec<Label>>> {
        self.classify_on(&mut None, settings, posts)
    }

    /// Labels a batch on an instance that has labelled others, which is made if
    /// there is none: for the law that this makes no difference.
    pub(crate) fn classify_on(
        &self,
        warm: &mut Option<Warm>,
        settings: &Settings,
        posts: &[Post],
    ) -> Called<Vec<Vec<Label>>> {
        let start = Instant::now();
        let shared = &self.shared;
        let mut live = match warm.take().map_or_else(|| shared.compiled.spawn(), |warm| Ok(warm.0)) {
            Ok(live) => live,
            Err(trap) => {
                return Called { outcome: Err(trap.into()), cost: engine::since(start, None) };
            }
        };
        let answer = shared.contract.classify(&shared.compiled, &mut live, settings, posts);
        let cost = engine::since(start, Some(&live));
        if answer.is_ok() {
            *warm = Some(Warm(live));
        }
        let outcome = match answer {
            Ok(Ok(lists)) => {
                let limit = shared.compiled.limits().posts;
                labels::check(self.manifest(), limit, posts, lists).map_err(CallError::Trap)
            }
            Ok(Err(failure)) => Err(failure.into()),
            Err(trap) => Err(trap.into()),
        };
        Called { outcome, cost }
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Classifier").field(&self.shared.artifact).finish()
    }
}

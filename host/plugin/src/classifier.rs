//! Classifiers: posts in, labels with evidence out.
//!
//! A batch has an instance of its own, since a classifier must not remember.
//! What it says is checked before anybody reads it: see [`labels`].

use crate::artifact::{Artifact, PluginKind};
use crate::contract::{self, ClassifierContract, Label, Post, Settings};
use crate::engine::{Called, Engine, Live, LoadError, Plugin};
use crate::labels;
use crate::manifest::Manifest;
use std::sync::Arc;

/// A loaded classifier. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Classifier(Plugin<dyn ClassifierContract>);

impl Classifier {
    /// Compiles a classifier, or takes its code from the cache, and checks that
    /// its function has the contract's types.
    ///
    /// # Errors
    /// Says who must act; see [`LoadError`].
    pub fn load(engine: &Engine, artifact: &Artifact) -> Result<Self, LoadError> {
        Plugin::load(engine, artifact, PluginKind::Classifier, contract::classifier).map(Self)
    }

    /// What the plugin declares.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        self.0.manifest()
    }

    /// What one call may use.
    pub(crate) fn limits(&self) -> &crate::engine::Limits {
        self.0.limits()
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        self.0.artifact()
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
        warm: &mut Option<Live>,
        settings: &Settings,
        posts: &[Post],
    ) -> Called<Vec<Vec<Label>>> {
        let said = self.0.call(warm, |contract, on, live| contract.classify(on, live, settings, posts));
        said.and_then(|lists| labels::check(self.manifest(), self.0.limits().posts, posts, lists))
    }
}

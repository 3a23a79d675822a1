//! A plugin of any kind, loaded: for tools that treat all alike.
//!
//! The daemon knows what it wants of a plugin and loads a [`Source`], a
//! [`Classifier`] or an [`Asker`]. Fixtures and laws are given a file and find out.

use crate::artifact::{Artifact, PluginKind};
use crate::asker::Asker;
use crate::classifier::Classifier;
use crate::engine::{Engine, Limits, LoadError};
use crate::manifest::Manifest;
use crate::source::Source;
use std::sync::Arc;

/// A loaded plugin. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Loaded {
    /// Reads posts.
    Source(Source),
    /// Labels posts.
    Classifier(Classifier),
    /// Labels posts by what a service answers.
    Asker(Asker),
}

impl Loaded {
    /// Compiles a plugin, or takes its code from the cache, as what its export
    /// proves it to be.
    ///
    /// # Errors
    /// Says who must act; see [`LoadError`].
    pub fn load(engine: &Engine, artifact: &Artifact) -> Result<Self, LoadError> {
        match artifact.kind() {
            PluginKind::Source => Source::load(engine, artifact).map(Self::Source),
            PluginKind::Classifier => Classifier::load(engine, artifact).map(Self::Classifier),
            PluginKind::Asker => Asker::load(engine, artifact).map(Self::Asker),
        }
    }

    /// What the plugin declares.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        match self {
            Self::Source(source) => source.manifest(),
            Self::Classifier(classifier) => classifier.manifest(),
            Self::Asker(asker) => asker.manifest(),
        }
    }

    /// What one of its calls may use: its wishes, as far as the sandbox grants them.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        match self {
            Self::Source(source) => source.limits(),
            Self::Classifier(classifier) => classifier.limits(),
            Self::Asker(asker) => asker.limits(),
        }
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        match self {
            Self::Source(source) => source.artifact(),
            Self::Classifier(classifier) => classifier.artifact(),
            Self::Asker(asker) => asker.artifact(),
        }
    }
}

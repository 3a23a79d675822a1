//! Classifiers: posts in, labels with evidence out.
//!
//! A batch has an instance of its own, since a classifier must not remember.
//! What it says is checked before anybody reads it: one list per post, labels
//! that the manifest declares, scores that are chances, evidence that stands
//! verbatim in the post. A classifier that breaks one of these has not given
//! an opinion but an error, because a quotation that nobody wrote must never
//! reach the person who decides.

use crate::artifact::{Artifact, PluginKind};
use crate::contract::{self, ClassifierContract, Label, Post, Settings};
use crate::engine::{self, Compiled, Engine, Live, LoadError, Trap};
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
            Ok(Ok(lists)) => self.check(posts, lists).map_err(CallError::Trap),
            Ok(Err(failure)) => Err(failure.into()),
            Err(trap) => Err(trap.into()),
        };
        Called { outcome, cost }
    }

    fn check(&self, posts: &[Post], lists: Vec<Vec<Label>>) -> Result<Vec<Vec<Label>>, Trap> {
        if lists.len() != posts.len() {
            return Err(Trap::Contract(format!("{} lists of labels for {} posts", lists.len(), posts.len())));
        }
        for (post, labels) in posts.iter().zip(&lists) {
            if labels.len() > self.shared.compiled.limits().posts {
                return Err(Trap::TooLarge(format!("{} labels for one post", labels.len())));
            }
            for label in labels {
                self.check_label(post, label)?;
            }
        }
        Ok(lists)
    }

    fn check_label(&self, post: &Post, label: &Label) -> Result<(), Trap> {
        let name: String = label.name.chars().take(80).collect();
        if !self.manifest().has_label(&label.name) {
            return Err(Trap::Contract(format!("a label that the manifest does not declare: {name:?}")));
        }
        // Not-a-number is in no range.
        if !(0.0..=1.0).contains(&label.score) {
            return Err(Trap::Contract(format!(
                "label {name} with a score that is not between 0 and 1: {}",
                label.score
            )));
        }
        let said = |excerpt: &String| {
            !excerpt.is_empty()
                && (post.text.contains(excerpt.as_str())
                    || post.title.as_ref().is_some_and(|title| title.contains(excerpt.as_str())))
        };
        match label.evidence.iter().find(|excerpt| !said(excerpt)) {
            Some(invented) => {
                let invented: String = invented.chars().take(80).collect();
                Err(Trap::Contract(format!("label {name} with evidence that the post does not hold: {invented:?}")))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Classifier").field(&self.shared.artifact).finish()
    }
}

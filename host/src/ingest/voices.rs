//! Who gives opinions on posts: the classifiers that are installed, as they are now.
//!
//! Commands change what is installed while the daemon runs. Whoever begins something (a sweep, an import, a page that was
//! handed in) takes the [voices](Voices::held) that there are then and ends with them, so that no post is labelled by two
//! versions and none by neither. A version that cannot be loaded, or refuses its settings, is told of, and the one before
//! goes on. A classifier that [rests](crate::plugins::suspension) gives no opinion.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use caifeng_plugin_host::artifact::PluginKind;
use caifeng_plugin_host::contract::Failure;
use caifeng_plugin_host::engine::{CallError, Engine};

use super::Voice;
use crate::config::ClassifierConfig;
use crate::plugins::oversight::Oversight;
use crate::plugins::{PluginError, Registry};

/// Why a classifier cannot take part; the operator must act.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// The plugin cannot be loaded.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// It does not take its settings.
    #[error("[classifiers.{plugin}]: {why}; `caifeng config check` says where")]
    Refused {
        /// Which one.
        plugin: String,
        /// What is wrong.
        why: String,
    },
}

/// Who gives opinions. Cheap to clone. The default is nobody.
#[derive(Clone, Debug)]
pub struct Voices(Those);

#[derive(Clone, Debug)]
enum Those {
    /// These, whatever is installed.
    Held(Arc<Vec<Voice>>),
    /// Those that are installed.
    Followed(Arc<Followed>),
}

impl Default for Voices {
    fn default() -> Self {
        Self(Those::Held(Arc::default()))
    }
}

#[derive(Debug)]
struct Followed {
    oversight: Oversight,
    engine: Engine,
    /// What the operator makes of each.
    configured: BTreeMap<String, ClassifierConfig>,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    registry: Arc<Registry>,
    voices: Arc<Vec<Voice>>,
}

impl Voices {
    /// The classifiers of `registry`, and from then on those that are installed. Blocks: plugins may be compiled.
    ///
    /// # Errors
    /// One of the first cannot be loaded or does not take its settings.
    pub fn following(
        registry: Arc<Registry>,
        oversight: Oversight,
        engine: &Engine,
        configured: &BTreeMap<String, ClassifierConfig>,
    ) -> Result<Self, VoiceError> {
        let followed = Followed {
            oversight,
            engine: engine.clone(),
            configured: configured.clone(),
            now: Mutex::new(Now { registry: Arc::default(), voices: Arc::default() }),
        };
        let voices = registry.classifiers().iter().map(|id| followed.voice(&registry, id)).collect::<Result<_, _>>()?;
        *followed.now.lock().unwrap_or_else(PoisonError::into_inner) = Now { registry, voices: Arc::new(voices) };
        Ok(Self(Those::Followed(Arc::new(followed))))
    }

    /// Those that there are now. Blocks: looks at the disk, and a new version may be compiled.
    #[must_use]
    pub fn now(&self) -> Arc<Vec<Voice>> {
        match &self.0 {
            Those::Held(voices) => Arc::clone(voices),
            Those::Followed(followed) => followed.now(),
        }
    }

    /// Those that there are now, for good. Blocks like [`now`](Self::now).
    #[must_use]
    pub fn held(&self) -> Self {
        Self(Those::Held(self.now()))
    }
}

impl Followed {
    fn now(&self) -> Arc<Vec<Voice>> {
        let registry = self.oversight.plugins().registry();
        // Whoever comes meanwhile waits: they want the new version as well.
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&registry, &now.registry) {
            now.voices = Arc::new(self.anew(&registry, &now.voices));
            now.registry = registry;
        }
        Arc::clone(&now.voices)
    }

    /// The classifiers of a registry, those that are unchanged as they were.
    fn anew(&self, registry: &Registry, before: &[Voice]) -> Vec<Voice> {
        let mut ids = registry.classifiers();
        ids.extend(before.iter().map(|voice| voice.classifier.manifest().id.clone()));
        ids.sort();
        ids.dedup();
        ids.iter().filter_map(|id| self.next(registry, id, before)).collect()
    }

    fn next(&self, registry: &Registry, id: &str, before: &[Voice]) -> Option<Voice> {
        let old = before.iter().find(|voice| voice.classifier.manifest().id == id);
        let next = match registry.find(id) {
            Err(PluginError::Missing { .. }) => return None,
            Ok((_, artifact)) if artifact.kind() != PluginKind::Classifier => return None,
            Ok((_, artifact)) if old.is_some_and(|old| old.classifier.artifact().digest() == artifact.digest()) => {
                return old.cloned();
            }
            Ok(_) => self.voice(registry, id),
            Err(error) => Err(error.into()),
        };
        match next {
            Ok(voice) => {
                let instead = old.map_or_else(String::new, |old| format!(" in place of {}", old.by));
                tracing::info!("{} labels posts from now on{instead}", voice.by);
                Some(voice)
            }
            Err(error) => {
                let goes_on = old.map_or_else(String::new, |old| format!("; {} goes on", old.by));
                tracing::error!("{error}{goes_on}");
                old.cloned()
            }
        }
    }

    /// The classifier of this id, with what the operator makes of it.
    fn voice(&self, registry: &Registry, id: &str) -> Result<Voice, VoiceError> {
        let own = self.configured.get(id).cloned().unwrap_or_default();
        let refused = |why: String| VoiceError::Refused { plugin: id.to_owned(), why };
        let loaded = registry.classifier(id, &self.engine)?;
        let voice = Voice::new(loaded, &own.settings(), own.weight).map_err(|error| refused(error.to_string()))?;
        match voice.tried() {
            Err(error @ CallError::Failure(Failure::Unsupported(_))) => Err(refused(error.to_string())),
            // A broken plugin costs its own opinion, post by post, and nothing else.
            _ => Ok(Voice { oversight: Some(self.oversight.clone()), ..voice }),
        }
    }
}

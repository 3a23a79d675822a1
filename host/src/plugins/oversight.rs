//! What the daemon sees of its plugins' calls: each is counted, and one that is at fault again and again rests.

use std::sync::Arc;

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::engine::{CallError, Called};

use super::installed::Installed;
use super::suspension::Suspended;
use crate::clock::Clock;

/// Watches over the plugins of one daemon. Cheap to clone.
#[derive(Clone)]
pub struct Oversight {
    plugins: Arc<Installed>,
    clock: Arc<dyn Clock>,
    /// Whether faults count: what was recorded once shows the same ones each time.
    judges: bool,
}

impl std::fmt::Debug for Oversight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oversight").field("judges", &self.judges).finish_non_exhaustive()
    }
}

impl Oversight {
    /// Over these plugins; where a recording is played, it `judges` none.
    #[must_use]
    pub fn new(plugins: Arc<Installed>, clock: Arc<dyn Clock>, judges: bool) -> Self {
        Self { plugins, clock, judges }
    }

    /// The plugins.
    #[must_use]
    pub fn plugins(&self) -> &Installed {
        &self.plugins
    }

    /// Counts a call.
    pub fn count<T>(&self, artifact: &Artifact, step: &str, called: &Called<T>) {
        self.plugins.tally.note(artifact.manifest(), step, called);
    }

    /// Counts a fault of a plugin on `what`, the address of a post; another error is none. Blocks.
    pub fn note_fault(&self, artifact: &Artifact, what: &str, error: &CallError) {
        let CallError::Trap(trap) = error else { return };
        if !self.judges {
            return;
        }
        if let Some(suspended) = self.plugins.suspensions.note(artifact, &format!("{what}: {trap}"), self.clock.now()) {
            tracing::error!("{suspended}");
        }
    }

    /// Why this exact file rests, if it does. Blocks.
    #[must_use]
    pub fn resting(&self, artifact: &Artifact) -> Option<Suspended> {
        self.judges.then(|| self.plugins.suspensions.find(artifact)).flatten()
    }
}

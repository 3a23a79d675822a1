//! The schedule: every second it looks for watches that are due, and sweeps some of them at once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::TICK;
use crate::rounds::Rounds;
use crate::sweep::Sweeper;

/// Sweeps that run at once; politeness per host is the fetcher's business.
const AT_ONCE: usize = 8;

/// Sweeps what is due, for ever; `alive` is when it last looked.
pub(super) async fn keep(sweeper: Sweeper, alive: &AtomicI64) {
    let clock = Arc::clone(&sweeper.clock);
    let rounds = Arc::new(Rounds::new(sweeper));
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let running: Arc<Mutex<HashSet<String>>> = Arc::default();
    let mut sweeps = JoinSet::new();
    let mut tick = tokio::time::interval(TICK);
    loop {
        tick.tick().await;
        alive.store(clock.now(), Ordering::Relaxed);
        while let Some(ended) = sweeps.try_join_next() {
            if let Err(fault) = ended {
                tracing::error!("a sweep ended with a fault of caifeng itself, please report it: {fault}");
            }
        }
        let under_way = running.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        if let Err(error) = rounds.tend(under_way).await {
            tracing::error!("gaps cannot be looked for: {error}");
        }
        let due = rounds.due().await.unwrap_or_else(|error| {
            tracing::error!("the schedule cannot be read: {error}");
            Vec::new()
        });
        for watch in due {
            let Some(running) = Running::begin(&running, &watch.id) else { continue };
            let (rounds, places) = (Arc::clone(&rounds), Arc::clone(&places));
            sweeps.spawn(async move {
                let _running = running;
                if let Ok(_place) = places.acquire().await {
                    rounds.sweep(&watch).await;
                }
            });
        }
    }
}

/// A watch whose sweep is under way; it is free again however the sweep ends.
struct Running {
    all: Arc<Mutex<HashSet<String>>>,
    id: String,
}

impl Running {
    fn begin(all: &Arc<Mutex<HashSet<String>>>, id: &str) -> Option<Self> {
        let free = all.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        free.then(|| Self { all: Arc::clone(all), id: id.to_owned() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

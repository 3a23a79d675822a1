//! One request per host in a while, first come, first served.
//!
//! Each request reserves the next free moment of its host, so watches of one
//! host take turns in the order in which they ask, and each has at most one request waiting.
//! A request that is given up while it waits leaves its moment unused:
//! too slow is polite, too fast is not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// When each host may be asked again.
#[derive(Debug)]
pub struct Pace {
    between: Duration,
    free: Mutex<HashMap<String, Instant>>,
}

/// Hosts remembered before those that are free again are forgotten.
const REMEMBERED: usize = 1_024;

impl Pace {
    /// At least `between` from the start of one request to the start of the next on the same host.
    #[must_use]
    pub fn new(between: Duration) -> Self {
        Self { between, free: Mutex::new(HashMap::new()) }
    }

    /// Waits until `host` may be asked, and takes the turn. `slower` is the pace that the caller wishes; the slower one counts.
    pub async fn turn(&self, host: &str, slower: Duration) {
        let at = self.reserve(host, self.between.max(slower));
        sleep_until(at).await;
    }

    /// Nobody asks `host` for a while: it has asked for that.
    pub fn hold(&self, host: &str, wait: Duration) {
        let until = Instant::now() + wait;
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = free.entry(host.to_owned()).or_insert(until);
        *entry = until.max(*entry);
    }

    fn reserve(&self, host: &str, between: Duration) -> Instant {
        let now = Instant::now();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() >= REMEMBERED {
            free.retain(|_, at| *at > now);
        }
        let at = free.get(host).map_or(now, |free| now.max(*free));
        free.insert(host.to_owned(), at + between);
        at
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const TWO: Duration = Duration::from_secs(2);

    #[tokio::test(start_paused = true)]
    async fn one_host_is_asked_in_turn_and_others_at_once() {
        let pace = Arc::new(Pace::new(TWO));
        let start = Instant::now();
        let mut turns = tokio::task::JoinSet::new();
        for (order, host) in ["a", "a", "b", "a"].into_iter().enumerate() {
            let pace = Arc::clone(&pace);
            turns.spawn(async move {
                pace.turn(host, Duration::ZERO).await;
                (order, host, start.elapsed())
            });
        }
        let mut got = turns.join_all().await;
        got.sort_unstable();
        assert_eq!(got, [(0, "a", Duration::ZERO), (1, "a", TWO), (2, "b", Duration::ZERO), (3, "a", 2 * TWO)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_manifest_may_slow_and_never_hurry() {
        let pace = Pace::new(TWO);
        let start = Instant::now();
        pace.turn("a", Duration::from_secs(5)).await;
        pace.turn("a", Duration::from_millis(1)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        pace.turn("a", Duration::ZERO).await;
        assert_eq!(start.elapsed(), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asks_for_rest_gets_it() {
        let pace = Pace::new(TWO);
        let start = Instant::now();
        pace.hold("a", Duration::from_secs(60));
        pace.hold("a", Duration::from_secs(10));
        pace.turn("a", Duration::ZERO).await;
        assert_eq!(start.elapsed(), Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn free_hosts_are_forgotten() {
        let pace = Pace::new(TWO);
        for host in 0..REMEMBERED {
            pace.reserve(&host.to_string(), TWO);
        }
        tokio::time::advance(TWO).await;
        pace.reserve("one more", TWO);
        assert_eq!(pace.free.lock().unwrap().len(), 1);
    }
}

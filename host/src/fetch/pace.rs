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
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Clone, Copy, Debug)]
struct Host {
    /// The next moment that nobody has reserved.
    free: Instant,
    /// Until when the host wants rest, and the status by which it said so.
    rest: Option<(Instant, u16)>,
}

/// A host that wants rest: nobody waits for that, the schedule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// The status by which it said so: 429 or 5xx.
    pub status: u16,
    /// From now.
    pub wait: Duration,
}

/// Hosts remembered before those that are free again are forgotten.
const REMEMBERED: usize = 1_024;

impl Pace {
    /// At least `between` from the start of one request to the start of the next on the same host.
    #[must_use]
    pub fn new(between: Duration) -> Self {
        Self { between, hosts: Mutex::default() }
    }

    /// Waits until `host` may be asked, and takes the turn. `slower` is the pace that the caller wishes; the slower one counts.
    ///
    /// # Errors
    /// The host wants rest, or has said so while this request waited.
    pub async fn turn(&self, host: &str, slower: Duration) -> Result<(), Resting> {
        let at = self.reserve(host, self.between.max(slower))?;
        sleep_until(at).await;
        self.resting(host).map_or(Ok(()), Err)
    }

    /// Nobody asks `host` for a while: it has asked for that by this status.
    pub fn rest(&self, host: &str, status: u16, wait: Duration) {
        let now = Instant::now();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = hosts.entry(host.to_owned()).or_insert(Host { free: now, rest: None });
        let longer = entry.rest.is_none_or(|(until, _)| until < now + wait);
        if longer {
            entry.rest = Some((now + wait, status));
        }
    }

    fn resting(&self, host: &str) -> Option<Resting> {
        let now = Instant::now();
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, status) = hosts.get(host)?.rest?;
        (until > now).then(|| Resting { status, wait: until - now })
    }

    fn reserve(&self, host: &str, between: Duration) -> Result<Instant, Resting> {
        if let Some(resting) = self.resting(host) {
            return Err(resting);
        }
        let now = Instant::now();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= REMEMBERED {
            hosts.retain(|_, host| host.free > now || host.rest.is_some_and(|(until, _)| until > now));
        }
        let entry = hosts.entry(host.to_owned()).or_insert(Host { free: now, rest: None });
        let at = now.max(entry.free);
        entry.free = at + between;
        Ok(at)
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
                pace.turn(host, Duration::ZERO).await.unwrap();
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
        pace.turn("a", Duration::from_secs(5)).await.unwrap();
        pace.turn("a", Duration::from_millis(1)).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        pace.turn("a", Duration::ZERO).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_wants_rest_gets_it_and_nobody_waits() {
        let pace = Pace::new(TWO);
        pace.rest("a", 429, Duration::from_secs(60));
        pace.rest("a", 503, Duration::from_secs(10));
        let resting = |seconds| Err(Resting { status: 429, wait: Duration::from_secs(seconds) });
        assert_eq!(pace.turn("a", Duration::ZERO).await, resting(60));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(pace.turn("a", Duration::ZERO).await, resting(40));
        assert_eq!(pace.turn("b", Duration::ZERO).await, Ok(()));
        tokio::time::advance(Duration::from_secs(40)).await;
        assert_eq!(pace.turn("a", Duration::ZERO).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_in_turn_hears_of_the_rest() {
        let pace = Arc::new(Pace::new(TWO));
        pace.turn("a", Duration::ZERO).await.unwrap();
        let waiting = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { pace.turn("a", Duration::ZERO).await }
        });
        tokio::task::yield_now().await;
        pace.rest("a", 503, Duration::from_secs(10));
        assert_eq!(waiting.await.unwrap(), Err(Resting { status: 503, wait: Duration::from_secs(8) }));
    }

    #[tokio::test(start_paused = true)]
    async fn free_hosts_are_forgotten() {
        let pace = Pace::new(TWO);
        for host in 0..REMEMBERED {
            pace.reserve(&host.to_string(), TWO).unwrap();
        }
        tokio::time::advance(TWO).await;
        pace.reserve("one more", TWO).unwrap();
        assert_eq!(pace.hosts.lock().unwrap().len(), 1);
    }
}

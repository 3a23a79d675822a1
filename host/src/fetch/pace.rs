//! One request at a time to a host, with a pause that follows how fast it answers.
//!
//! Whoever wants to ask a host takes a [`Turn`], in the order in which they came, and holds it until the answer is
//! there: so a host never works for two of our watches at once. From the start of one request to the start of the next
//! lies at least the pause that operator, manifest or the site itself want (the *floor*), or longer where the site
//! is slow: AutoThrottle, as Scrapy has it with a target concurrency of one. The pause moves
//! halfway towards the time that the last answer took, at once to it when that is longer, and never becomes shorter by an
//! answer that was not good, for a site in trouble often says so quickly.
//!
//! A host that asks for rest (429, 503, Retry-After) gets it from everybody. A short rest is waited for, a long one
//! is the schedule's business. Over all hosts only so many requests are under way.
//!
//! A floor of zero is an operator's word that nobody needs to be spared there (a benchmark, a server of one's
//! own): no turns then and no pause, only rest and the overall limit.
//!
//! A request that is given up while it waits leaves nothing behind; one that is given up under way counts as sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until};

/// Longest pause that comes of a site's slowness alone; Scrapy's default too.
const CEILING: Duration = Duration::from_secs(60);

/// Hosts remembered before those that are free again are forgotten.
const REMEMBERED: usize = 1_024;

/// When each host may be asked again.
#[derive(Debug)]
pub struct Pace {
    patience: Duration,
    places: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    rhythm: Arc<tokio::sync::Mutex<Rhythm>>,
    /// Until when the host wants rest, and the status by which it said so.
    rest: Mutex<Option<(Instant, u16)>>,
}

/// Held by whoever asks.
#[derive(Clone, Copy, Debug)]
struct Rhythm {
    /// When the next request may start.
    free: Instant,
    /// What the site's slowness asks for.
    pause: Duration,
}

/// A host that wants rest for longer than anybody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// The status by which it said so: 429 or 5xx.
    pub status: u16,
    /// From now.
    pub wait: Duration,
}

/// Leave to send one request now. The host is free for the next when it is dropped.
#[derive(Debug)]
pub struct Turn {
    began: Instant,
    floor: Duration,
    rhythm: Option<OwnedMutexGuard<Rhythm>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// Says that the answer is there, or that there is none. `good`: it was what a healthy site sends.
    pub fn answered(mut self, good: bool) {
        let latency = self.began.elapsed();
        if let Some(rhythm) = &mut self.rhythm {
            rhythm.pause = throttled(rhythm.pause, latency, good);
            rhythm.free = self.began + self.floor.max(rhythm.pause);
        }
    }
}

/// The next pause after one of `pause` and an answer that took `latency`.
fn throttled(pause: Duration, latency: Duration, good: bool) -> Duration {
    let wanted = ((pause + latency) / 2).max(latency).min(CEILING);
    if good { wanted } else { wanted.max(pause) }
}

impl Pace {
    /// At most `at_once` requests under way over all hosts; a rest of up to `patience` is waited for.
    #[must_use]
    pub fn new(at_once: usize, patience: Duration) -> Self {
        Self { patience, places: Arc::new(Semaphore::new(at_once)), hosts: Mutex::default() }
    }

    /// Waits until `host` may be asked, `floor` after the last time or later, and takes the turn.
    ///
    /// # Errors
    /// The host wants rest for longer than anybody waits, or has said so while this request waited.
    pub async fn turn(&self, host: &str, floor: Duration) -> Result<Turn, Resting> {
        let host = self.host(host);
        host.rested(self.patience).await?;
        let mut rhythm = if floor.is_zero() { None } else { Some(Arc::clone(&host.rhythm).lock_owned().await) };
        let place = loop {
            if let Some(rhythm) = &rhythm {
                sleep_until(rhythm.free).await;
            }
            // Closed is never said: then no limit would be the lesser evil.
            let place = Arc::clone(&self.places).acquire_owned().await.ok();
            match host.resting() {
                None => break place,
                Some(_) => drop(place),
            }
            host.rested(self.patience).await?;
        };
        let began = Instant::now();
        if let Some(rhythm) = &mut rhythm {
            rhythm.free = began + floor.max(rhythm.pause);
        }
        Ok(Turn { began, floor, rhythm, _place: place })
    }

    /// Nobody asks `host` for a while: it has asked for that by this status.
    pub fn rest(&self, host: &str, status: u16, wait: Duration) {
        let host = self.host(host);
        let until = Instant::now() + wait;
        let mut rest = host.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if rest.is_none_or(|(before, _)| before < until) {
            *rest = Some((until, status));
        }
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= REMEMBERED {
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || host.is_remembered());
        }
        Arc::clone(hosts.entry(name.to_owned()).or_default())
    }
}

impl Default for Host {
    fn default() -> Self {
        let rhythm = Rhythm { free: Instant::now(), pause: Duration::ZERO };
        Self { rhythm: Arc::new(tokio::sync::Mutex::new(rhythm)), rest: Mutex::default() }
    }
}

impl Host {
    fn resting(&self) -> Option<Resting> {
        let now = Instant::now();
        let rest = *self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        rest.filter(|(until, _)| *until > now).map(|(until, status)| Resting { status, wait: until - now })
    }

    /// Waits until the host has rested, unless that takes too long.
    async fn rested(&self, patience: Duration) -> Result<(), Resting> {
        while let Some(resting) = self.resting() {
            if resting.wait > patience {
                return Err(resting);
            }
            sleep(resting.wait).await;
        }
        Ok(())
    }

    /// One that is asked right now is locked.
    fn is_remembered(&self) -> bool {
        self.resting().is_some() || self.rhythm.try_lock().map_or(true, |rhythm| rhythm.free > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Duration = Duration::from_secs(2);

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn pace() -> Arc<Pace> {
        Arc::new(Pace::new(16, seconds(30)))
    }

    #[tokio::test(start_paused = true)]
    async fn one_host_is_asked_in_turn_and_others_at_once() {
        let (pace, start) = (pace(), Instant::now());
        let mut turns = tokio::task::JoinSet::new();
        for (order, host) in ["a", "a", "b", "a"].into_iter().enumerate() {
            let pace = Arc::clone(&pace);
            turns.spawn(async move {
                pace.turn(host, TWO).await.unwrap();
                (order, host, start.elapsed())
            });
        }
        let mut got = turns.join_all().await;
        got.sort_unstable();
        assert_eq!(got, [(0, "a", Duration::ZERO), (1, "a", TWO), (2, "b", Duration::ZERO), (3, "a", 2 * TWO)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_never_works_for_two() {
        let (pace, start) = (pace(), Instant::now());
        let turn = pace.turn("a", TWO).await.unwrap();
        let next = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { pace.turn("a", TWO).await.map(|_| start.elapsed()) }
        });
        sleep(seconds(20)).await;
        drop(turn);
        assert_eq!(next.await.unwrap().unwrap(), seconds(20));
    }

    #[tokio::test(start_paused = true)]
    async fn overall_only_so_many_requests_are_under_way() {
        let pace = Arc::new(Pace::new(2, Duration::ZERO));
        let (one, _two) = (pace.turn("a", TWO).await.unwrap(), pace.turn("b", Duration::ZERO).await.unwrap());
        let third = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { pace.turn("c", TWO).await.map(drop) }
        });
        sleep(seconds(100)).await;
        assert!(!third.is_finished());
        one.answered(true);
        third.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_follows_the_site_and_is_not_shortened_by_errors() {
        let (pace, mut starts) = (pace(), Vec::new());
        let begin = Instant::now();
        // How long each answer takes, and whether it is good.
        for (takes, good) in [(0, true), (10, true), (0, false), (0, true), (0, true), (0, true), (0, true)] {
            let turn = pace.turn("a", TWO).await.unwrap();
            starts.push(begin.elapsed().as_secs());
            sleep(seconds(takes)).await;
            turn.answered(good);
        }
        // 2 by the floor; 10 for 10; 10 again, for errors are quick; then halved: 5, 2.5, and the floor.
        assert_eq!(starts, [0, 2, 12, 22, 27, 29, 31]);
    }

    #[test]
    fn throttling_is_bounded_and_smooth() {
        assert_eq!(throttled(Duration::ZERO, seconds(3), true), seconds(3));
        assert_eq!(throttled(seconds(9), seconds(1), true), seconds(5));
        assert_eq!(throttled(seconds(9), seconds(1), false), seconds(9));
        assert_eq!(throttled(seconds(9), seconds(20), false), seconds(20));
        assert_eq!(throttled(seconds(9), seconds(500), true), CEILING);
    }

    #[tokio::test(start_paused = true)]
    async fn a_floor_of_zero_switches_pausing_off() {
        let (pace, start) = (pace(), Instant::now());
        let slow = pace.turn("a", Duration::ZERO).await.unwrap();
        let other = pace.turn("a", Duration::ZERO).await.unwrap();
        sleep(seconds(1)).await;
        slow.answered(false);
        other.answered(true);
        pace.turn("a", Duration::ZERO).await.unwrap();
        assert_eq!(start.elapsed(), seconds(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_rest_is_kept_by_everybody_and_nobody_waits() {
        let pace = pace();
        pace.rest("a", 429, seconds(60));
        pace.rest("a", 503, seconds(10));
        let resting = |left| Some(Resting { status: 429, wait: seconds(left) });
        for floor in [TWO, Duration::ZERO] {
            assert_eq!(pace.turn("a", floor).await.err(), resting(60));
        }
        tokio::time::advance(seconds(20)).await;
        assert_eq!(pace.turn("a", TWO).await.err(), resting(40));
        assert!(pace.turn("b", TWO).await.is_ok());
        tokio::time::advance(seconds(40)).await;
        assert!(pace.turn("a", TWO).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_rest_is_waited_for_also_by_those_in_the_queue() {
        let (pace, start) = (pace(), Instant::now());
        let turn = pace.turn("a", TWO).await.unwrap();
        let queued = |pace: &Arc<Pace>| {
            let pace = Arc::clone(pace);
            tokio::spawn(async move { pace.turn("a", TWO).await.map(|_| start.elapsed()) })
        };
        let waiting = queued(&pace);
        tokio::task::yield_now().await;
        pace.rest("a", 503, seconds(10));
        drop(turn);
        assert_eq!(waiting.await.unwrap(), Ok(seconds(10)));
        let waiting = queued(&pace);
        tokio::task::yield_now().await;
        pace.rest("a", 503, seconds(100));
        assert_eq!(waiting.await.unwrap(), Err(Resting { status: 503, wait: seconds(98) }));
    }

    #[tokio::test(start_paused = true)]
    async fn free_hosts_are_forgotten_and_busy_ones_are_not() {
        let pace = pace();
        for host in 0..REMEMBERED {
            pace.turn(&host.to_string(), TWO).await.unwrap();
        }
        let _busy = pace.turn("busy", TWO).await.unwrap();
        pace.rest("resting", 429, seconds(60));
        tokio::time::advance(TWO).await;
        pace.host("one more");
        let mut left: Vec<_> = pace.hosts.lock().unwrap().keys().cloned().collect();
        left.sort_unstable();
        assert_eq!(left, ["busy", "one more", "resting"]);
    }
}

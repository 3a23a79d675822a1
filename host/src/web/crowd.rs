//! How many places one and the same may hold at a time: an address, a session.
//!
//! Without it whoever asks often enough takes every place that there is for all. Whoever asks from this machine itself is not
//! counted: they could take more from it than places.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::user::throttle::network;

/// Who holds how many places.
#[derive(Debug)]
pub(super) struct Crowd<K: Eq + Hash> {
    most: usize,
    held: Mutex<HashMap<K, usize>>,
}

/// A place. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Held<K: Eq + Hash> {
    crowd: Arc<Crowd<K>>,
    who: K,
}

impl<K: Eq + Hash> Crowd<K> {
    /// At most so many for each.
    pub(super) fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone> Crowd<K> {
    /// A place for `who`, unless they hold as many as they may.
    pub(super) fn enter(self: &Arc<Self>, who: K) -> Option<Held<K>> {
        let mut held = self.held();
        let count = held.entry(who.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(held);
        Some(Held { crowd: Arc::clone(self), who })
    }
}

impl<K: Eq + Hash> Drop for Held<K> {
    fn drop(&mut self) {
        let mut held = self.crowd.held();
        if let Some(count) = held.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.who);
            }
        }
    }
}

/// What an address counts as; nothing for this machine itself.
pub(super) fn counted(address: IpAddr) -> Option<IpAddr> {
    let address = network(address);
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_holds_so_many_and_gives_them_back() {
        let crowd = Crowd::of(2);
        let (first, _second) = (crowd.enter("a").unwrap(), crowd.enter("a").unwrap());
        assert!(crowd.enter("a").is_none());
        assert!(crowd.enter("b").is_some(), "another's");
        drop(first);
        assert!(crowd.enter("a").is_some());
        assert_eq!(crowd.held().len(), 1, "nothing is remembered of whoever holds none");
    }

    #[test]
    fn a_network_counts_as_one_and_this_machine_as_none() {
        let of = |text: &str| counted(text.parse().unwrap()).map(|address| address.to_string());
        assert_eq!(of("192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(of("2001:db8:1:2:3::4").as_deref(), Some("2001:db8:1:2::"));
        for here in ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(here), None, "{here}");
        }
    }
}

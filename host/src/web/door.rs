//! The door: how many passwords are hashed at a time.
//!
//! One hash takes 19 MiB and some hundredths of a second of a core. Two are made at a time for whoever comes, and few may wait, so that
//! a flood of sign-ins takes neither the memory nor the machine from the monitoring. Browsers in which somebody has signed
//! in before have a place of their own: a flood from elsewhere does not keep them out. Of those who wait few come from one
//! address, so that another still finds room.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::crowd::{Crowd, Held, counted};

/// One way in.
struct Way {
    hashing: Semaphore,
    waiting: Semaphore,
}

impl Way {
    fn new(hashing: usize, waiting: usize) -> Self {
        Self { hashing: Semaphore::new(hashing), waiting: Semaphore::new(waiting) }
    }
}

/// Two ways in.
pub(super) struct Door {
    known: Way,
    other: Way,
    /// Who is at the door.
    crowd: Arc<Crowd<IpAddr>>,
}

/// Of one address, hashing and waiting.
const EACH: usize = 8;

impl Default for Door {
    fn default() -> Self {
        Self { known: Way::new(1, 16), other: Way::new(2, 32), crowd: Crowd::of(EACH) }
    }
}

/// A place at the door. Dropping it lets the next one in.
pub(super) struct Turn<'a> {
    _hashing: SemaphorePermit<'a>,
    _own: Option<Held<IpAddr>>,
}

impl Door {
    /// Waits for a turn; nothing when too many wait already, or too many from this address.
    pub(super) async fn turn(&self, known: bool, address: IpAddr) -> Option<Turn<'_>> {
        let (way, whose) = if known { (&self.known, None) } else { (&self.other, counted(address)) };
        let own = match whose {
            Some(address) => Some(self.crowd.enter(address)?),
            None => None,
        };
        let _waiting = way.waiting.try_acquire().ok()?;
        way.hashing.acquire().await.ok().map(|hashing| Turn { _hashing: hashing, _own: own })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn one_address_does_not_keep_the_others_from_waiting() {
        let door = Door::default();
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let mut context = Context::from_waker(Waker::noop());
        let mut turns: Vec<_> = (0..40).map(|_| Box::pin(door.turn(false, one))).collect();
        let (mut waiting, mut sent_away) = (0, 0);
        for turn in &mut turns {
            match turn.as_mut().poll(&mut context) {
                Poll::Ready(None) => sent_away += 1,
                Poll::Ready(Some(turn)) => std::mem::forget(turn),
                Poll::Pending => waiting += 1,
            }
        }
        assert_eq!((waiting, sent_away), (EACH - 2, 40 - EACH));
        let mut next = pin!(door.turn(false, other));
        assert!(next.as_mut().poll(&mut context).is_pending(), "another waits its turn");
    }

    #[tokio::test]
    async fn few_are_let_in_and_a_flood_does_not_keep_known_browsers_out() {
        let door = Door::default();
        let (one, two) = (door.turn(false, HERE).await, door.turn(false, HERE).await);
        assert!(one.is_some() && two.is_some());
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<_> = (0..32).map(|_| Box::pin(door.turn(false, HERE))).collect();
        for turn in &mut waiting {
            assert!(turn.as_mut().poll(&mut context).is_pending());
        }
        assert!(door.turn(false, HERE).await.is_none(), "too many wait");
        assert!(door.turn(true, HERE).await.is_some());
        drop(one);
        assert!(matches!(waiting[0].as_mut().poll(&mut context), Poll::Ready(Some(_))));
        let mut next = pin!(door.turn(false, HERE));
        assert!(next.as_mut().poll(&mut context).is_pending());
    }
}

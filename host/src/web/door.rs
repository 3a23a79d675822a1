//! The door: how many passwords are hashed at a time.
//!
//! One hash takes 19 MiB and some hundredths of a second of a core. Two are made at a time for whoever comes, and few may wait, so that
//! a flood of sign-ins takes neither the memory nor the machine from the monitoring. Browsers in which somebody has signed
//! in before have a place of their own: a flood from elsewhere does not keep them out.

use tokio::sync::{Semaphore, SemaphorePermit};

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
}

impl Default for Door {
    fn default() -> Self {
        Self { known: Way::new(1, 16), other: Way::new(2, 32) }
    }
}

/// A place at the door. Dropping it lets the next one in.
pub(super) struct Turn<'a> {
    _hashing: SemaphorePermit<'a>,
}

impl Door {
    /// Waits for a turn; nothing when too many wait already.
    pub(super) async fn turn(&self, known: bool) -> Option<Turn<'_>> {
        let way = if known { &self.known } else { &self.other };
        let _waiting = way.waiting.try_acquire().ok()?;
        way.hashing.acquire().await.ok().map(|hashing| Turn { _hashing: hashing })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[tokio::test]
    async fn few_are_let_in_and_a_flood_does_not_keep_known_browsers_out() {
        let door = Door::default();
        let (one, two) = (door.turn(false).await, door.turn(false).await);
        assert!(one.is_some() && two.is_some());
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<_> = (0..32).map(|_| Box::pin(door.turn(false))).collect();
        for turn in &mut waiting {
            assert!(turn.as_mut().poll(&mut context).is_pending());
        }
        assert!(door.turn(false).await.is_none(), "too many wait");
        assert!(door.turn(true).await.is_some());
        drop(one);
        assert!(matches!(waiting[0].as_mut().poll(&mut context), Poll::Ready(Some(_))));
        let mut next = pin!(door.turn(false));
        assert!(next.as_mut().poll(&mut context).is_pending());
    }
}

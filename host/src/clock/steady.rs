//! A wall clock that nobody can set: what deadlines are kept by.
//!
//! The system's wall clock may be set wrong, set right again, or jump when the machine finds its time server; and a deadline that a
//! jump makes pass, or puts off by a day, is a public body's word broken by an accident. So the wall clock is believed once,
//! when the program starts, and from then on seconds are counted by a clock that cannot be set and goes on in suspend
//! (`CLOCK_BOOTTIME`). Where the two part by more than [`TOLERANCE`], the count goes on, and [`Reckoner::off`] says by how much:
//! a person must look, because no program can know which of the two is right. If the wall clock is, a restart
//! believes it again.
//!
//! Time never goes back, not across restarts either: it starts at the latest moment on record, if that is later
//! ([`Reader::latest`](crate::store::Reader::latest)). A record that is ahead because the machine once was takes a person
//! who says so ([`Store::distrust`](crate::store::Store::distrust)).

use std::sync::{Mutex, PoisonError};

use caifeng_plugin_host::contract::Timestamp;

use super::{Clock, SystemClock};

/// Seconds by which the wall clock may be off before it is no longer followed: more than any time
/// server's correction of a clock that runs, less than what matters to the shortest deadline.
pub const TOLERANCE: i64 = 5;

/// Reckons the time from a wall clock and from one that cannot be set. Pure.
#[derive(Clone, Copy, Debug)]
pub struct Reckoner {
    /// The wall time, and the seconds that had been counted, when they were last seen to agree.
    wall: Timestamp,
    counted: i64,
    latest: Timestamp,
    off: i64,
}

impl Reckoner {
    /// Starts from what both clocks say; `latest` is the latest moment on record.
    #[must_use]
    pub const fn new(wall: Timestamp, counted: i64, latest: Timestamp) -> Self {
        // Behind by no more than a time server corrects, it is followed, and waited for.
        let believed = wall >= latest.saturating_sub(TOLERANCE);
        let (start, off) = if believed { (wall, 0) } else { (latest, wall.saturating_sub(latest)) };
        Self { wall: start, counted, latest: if start > latest { start } else { latest }, off }
    }

    /// The time, from what both clocks say now.
    pub fn now(&mut self, wall: Timestamp, counted: i64) -> Timestamp {
        let reckoned = self.wall.saturating_add(counted.saturating_sub(self.counted).max(0));
        self.off = wall.saturating_sub(reckoned);
        if self.off.abs() <= TOLERANCE {
            (self.wall, self.counted, self.off) = (wall, counted, 0);
            self.latest = self.latest.max(wall);
        } else {
            self.latest = self.latest.max(reckoned);
        }
        self.latest
    }

    /// Seconds by which the wall clock was ahead (or behind, negative) when last asked; 0 when it is followed.
    #[must_use]
    pub const fn off(&self) -> i64 {
        self.off
    }
}

/// The system's clocks, reckoned together.
#[derive(Debug)]
pub struct SteadyClock(Mutex<Reckoner>);

impl SteadyClock {
    /// Believes the wall clock now, but nothing before `latest`, the latest moment on record.
    #[must_use]
    pub fn after(latest: Timestamp) -> Self {
        Self(Mutex::new(Reckoner::new(SystemClock.now(), counted(), latest)))
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now(SystemClock.now(), counted())
    }

    fn off(&self) -> i64 {
        let mut reckoner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reckoner.now(SystemClock.now(), counted());
        reckoner.off()
    }
}

/// Seconds since the machine was started, in suspend too.
fn counted() -> i64 {
    use nix::time::{ClockId, clock_gettime};
    // Every Linux since 2.6.39 has it, and asking cannot fail there.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(0, |time| time.tv_sec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn both_agree_and_the_wall_clock_is_followed() {
        let mut time = Reckoner::new(1_000, 50, 0);
        assert_eq!(time.now(1_060, 110), 1_060);
        // A time server corrects it by seconds.
        assert_eq!((time.now(1_124, 170), time.off()), (1_124, 0));
        assert_eq!(time.now(1_184, 230), 1_184);
    }

    #[test]
    fn a_jump_of_a_day_either_way_changes_nothing_and_is_told() {
        for jump in [DAY, -DAY] {
            let mut time = Reckoner::new(1_000_000, 50, 0);
            assert_eq!(time.now(1_000_010 + jump, 60), 1_000_010);
            assert_eq!(time.off(), jump);
            assert_eq!(time.now(1_007_200 + jump, 7_250), 1_007_200, "two hours are two hours");
            // Set right again.
            assert_eq!((time.now(1_007_300, 7_350), time.off()), (1_007_300, 0));
        }
    }

    #[test]
    fn suspend_counts() {
        let mut time = Reckoner::new(1_000, 50, 0);
        assert_eq!((time.now(1_000 + DAY, 50 + DAY), time.off()), (1_000 + DAY, 0));
    }

    #[test]
    fn a_restart_with_a_clock_that_went_back_goes_on_from_the_record() {
        let mut time = Reckoner::new(1_000_000 - DAY, 50, 1_000_000);
        assert_eq!((time.now(1_000_007 - DAY, 57), time.off()), (1_000_007, -DAY));
    }

    #[test]
    fn a_wall_clock_that_is_a_second_behind_the_record_is_followed() {
        let mut time = Reckoner::new(999_999, 50, 1_000_000);
        assert_eq!((time.off(), time.now(999_999, 50), time.now(1_000_001, 52)), (0, 1_000_000, 1_000_001));
        assert_eq!(Reckoner::new(1_000_000 - TOLERANCE - 1, 50, 1_000_000).off(), -TOLERANCE - 1);
    }

    #[test]
    fn the_systems_clocks_agree() {
        let clock = SteadyClock::after(0);
        assert!((clock.now() - SystemClock.now()).abs() <= TOLERANCE);
        assert_eq!(clock.off(), 0);
        let ahead = SteadyClock::after(SystemClock.now() + DAY);
        assert!(ahead.off() <= -DAY + TOLERANCE);
    }

    proptest! {
        /// Whatever the wall clock does, time goes forward, and by no more than was counted and the tolerance.
        #[test]
        fn time_is_what_was_counted(steps in prop::collection::vec((0_i64..10_000, -DAY..DAY), 1..50)) {
            let (mut wall, mut counted) = (1_000_000, 0);
            let mut time = Reckoner::new(wall, counted, 0);
            let mut last = wall;
            for (passed, jump) in steps {
                counted += passed;
                wall += passed + jump;
                let now = time.now(wall, counted);
                prop_assert!(now >= last);
                prop_assert!(now - last <= passed + TOLERANCE, "{} passed, {} were counted", now - last, passed);
                last = now;
            }
        }
    }
}

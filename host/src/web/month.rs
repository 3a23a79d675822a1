//! The last thirty days in figures: mentions a day and category.
//!
//! The store counts them by reading every mention of the month, which takes longer
//! the more is said; so the answer is kept. It is asked for again when something
//! was committed, the day changed, or the offset did, but not before [`REST`] times
//! as long has passed as the last reading took: however many pages are open and
//! however fast posts arrive, counting takes a fiftieth of one core at most. While
//! one page waits for it, the others show what was kept.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;

use super::rows::{Rows, Unanswered};
use crate::incident::Category;
use crate::store::SeriesPoint;

/// Days shown, today being the last.
pub(crate) const DAYS: usize = 30;

/// The five categories and, last, none.
pub(crate) const SERIES: usize = Category::ALL.len() + 1;

const DAY: i64 = 24 * 3600;

/// A reading is followed by a rest of this many times its length.
const REST: u32 = 50;

/// Mentions of each day and category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Month {
    /// First second of the first day.
    first: Timestamp,
    counts: [[u64; SERIES]; DAYS],
}

impl Month {
    /// Sorts points into the thirty days that end with the day of `now`; those outside are left out.
    fn of(points: &[SeriesPoint], now: Timestamp, utc_offset: i32) -> Self {
        let mut month = Self { first: first(now, utc_offset), counts: [[0; SERIES]; DAYS] };
        for point in points {
            let day = usize::try_from(point.day.saturating_sub(month.first).div_euclid(DAY));
            let series = Category::ALL.iter().position(|c| Some(*c) == point.category).unwrap_or(SERIES - 1);
            if let Some(counts) = day.ok().and_then(|day| month.counts.get_mut(day)) {
                counts[series] += point.posts;
            }
        }
        month
    }

    /// Noon of each day, which is that day whether or not clocks were changed since, with its figures.
    pub(crate) fn days(&self) -> impl DoubleEndedIterator<Item = (Timestamp, &[u64; SERIES])> {
        (0_i32..30).zip(&self.counts).map(|(n, counts)| (self.first + i64::from(n) * DAY + DAY / 2, counts))
    }

    /// The figures of one category, day by day.
    pub(crate) fn series(&self, series: usize) -> Vec<u64> {
        self.counts.iter().map(|day| day[series]).collect()
    }

    /// The largest figure of a day and category.
    pub(crate) fn top(&self) -> u64 {
        self.counts.iter().flatten().copied().max().unwrap_or(0)
    }
}

/// First second of the first day.
fn first(now: Timestamp, utc_offset: i32) -> Timestamp {
    let since_midnight = now.saturating_add(utc_offset.into()).rem_euclid(DAY);
    now - since_midnight - 29 * DAY
}

/// The month as last read.
#[derive(Default)]
pub(super) struct Keeper {
    kept: Mutex<Option<Kept>>,
    /// Held while the store counts.
    reading: Mutex<()>,
}

struct Kept {
    month: Arc<Month>,
    commit: u64,
    read: Instant,
    took: Duration,
}

impl Keeper {
    /// The month until `now`, read again if need be.
    pub(super) fn month(
        &self,
        rows: &dyn Rows,
        commit: u64,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Arc<Month>, Unanswered> {
        let moment = jiff::Timestamp::from_second(now).unwrap_or_default();
        let utc_offset = zone.to_offset(moment).seconds();
        let first = first(now, utc_offset);
        let serves = |kept: &Kept| kept.serves(commit, first, Instant::now());
        if let Some(month) = self.kept(serves) {
            return Ok(month);
        }
        let _reading = match self.reading.try_lock() {
            Ok(reading) => reading,
            // An earlier reading panicked: there is nothing in the lock to be broken.
            Err(TryLockError::Poisoned(reading)) => reading.into_inner(),
            Err(TryLockError::WouldBlock) => {
                if let Some(month) = self.kept(|_| true) {
                    return Ok(month);
                }
                // The very first pages wait for one reading, not each for its own.
                let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(month) = self.kept(serves) {
                    return Ok(month);
                }
                reading
            }
        };
        let read = Instant::now();
        let points = rows.per_day(first, utc_offset)?;
        let month = Arc::new(Month::of(&points, now, utc_offset));
        let kept = Kept { month: Arc::clone(&month), commit, read, took: read.elapsed() };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(month)
    }

    /// The kept month, if there is one and it will do.
    fn kept(&self, will_do: impl FnOnce(&Kept) -> bool) -> Option<Arc<Month>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|kept| will_do(kept)).map(|kept| Arc::clone(&kept.month))
    }
}

impl Kept {
    fn serves(&self, commit: u64, first: Timestamp, now: Instant) -> bool {
        let rested = now.saturating_duration_since(self.read) > self.took * REST;
        self.month.first == first && (self.commit == commit || !rested)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixed::{Fixed, NOW};
    use super::*;

    const CHINA: i32 = 8 * 3600;

    #[test]
    fn days_are_local_and_what_lies_outside_is_left_out() {
        let today = first(NOW, CHINA) + 29 * DAY;
        assert_eq!((today + i64::from(CHINA)) % DAY, 0);
        assert!(today <= NOW && NOW < today + DAY);
        let point = |day, category, posts| SeriesPoint { day, category, posts };
        let points = [
            point(today, Some(Category::Rumour), 3),
            point(today, None, 1),
            point(today - 29 * DAY, Some(Category::Problem), 2),
            point(today - 30 * DAY, None, 100),
            point(today + DAY, None, 100),
            point(i64::MIN, None, 100),
        ];
        let month = Month::of(&points, NOW, CHINA);
        assert_eq!(month.top(), 3);
        assert_eq!(month.series(4)[29], 3);
        assert_eq!(month.series(SERIES - 1).iter().sum::<u64>(), 1);
        assert_eq!(month.days().next().unwrap(), (today - 29 * DAY + DAY / 2, &[2, 0, 0, 0, 0, 0]));
    }

    #[test]
    fn a_month_is_kept_until_something_changes_and_counting_has_rested() {
        let month = Arc::new(Month::of(&[], NOW, CHINA));
        let (read, first) = (Instant::now(), month.first);
        let kept = Kept { month, commit: 7, read, took: Duration::from_secs(1) };
        let later = |seconds| read + Duration::from_secs(seconds);
        assert!(kept.serves(7, first, later(9000)), "nothing was committed");
        assert!(kept.serves(8, first, later(50)), "counting has not rested");
        assert!(!kept.serves(8, first, later(51)), "something was committed");
        assert!(!kept.serves(7, first + DAY, later(0)), "it is another day");
    }

    #[test]
    fn a_kept_month_is_not_read_again() {
        let (keeper, zone) = (Keeper::default(), TimeZone::get("Asia/Shanghai").unwrap());
        let month = keeper.month(&Fixed, 1, NOW, &zone).unwrap();
        assert_eq!(month.top(), 21);
        assert!(Arc::ptr_eq(&month, &keeper.month(&Fixed, 1, NOW, &zone).unwrap()));
        let next = keeper.month(&Fixed, 1, NOW + DAY, &zone).unwrap();
        assert!(!Arc::ptr_eq(&month, &next));
        // While the store counts, what was kept is shown.
        let _reading = keeper.reading.lock().unwrap();
        assert!(Arc::ptr_eq(&next, &keeper.month(&Fixed, 2, NOW + 2 * DAY, &zone).unwrap()));
    }
}

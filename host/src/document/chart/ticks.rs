//! Where an axis has its marks: round numbers, and midnights or full hours.

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;

use crate::document::Plain;

/// Marks of an axis of time at most.
const MOST: usize = 8;
const HOUR: i64 = 3600;

/// The step between the marks of an axis that reaches `top`: 1, 2 or 5 times a power of ten, four steps at most.
pub(super) fn step(top: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for times in [1, 2, 5] {
            let step = power.saturating_mul(times);
            if step.saturating_mul(4) >= top || step == u64::MAX {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// Where the axis ends: the first mark that is not below `top`.
pub(super) fn end(top: u64) -> u64 {
    let step = step(top.max(1));
    top.max(1).div_ceil(step).saturating_mul(step)
}

/// Full hours or midnights between two moments, in words of `zone`: `06-03` or `06-03 14:00`.
#[must_use]
pub fn ticks(from: Timestamp, until: Timestamp, zone: &TimeZone) -> Vec<(Timestamp, Plain)> {
    const STEPS: [i64; 12] = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1440];
    let length = (until - from).max(0);
    let fits = |hours: &&i64| usize::try_from(length / (*hours * HOUR)).is_ok_and(|marks| marks < MOST);
    let hours = STEPS.iter().find(fits).copied().unwrap_or(24 * 365);
    let local = |at: Timestamp| jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(zone.clone());
    let midnight = local(from).start_of_day().map_or(from, |day| day.timestamp().as_second());
    let name = if hours >= 24 { "%m-%d" } else { "%m-%d %H:%M" };
    (0_i64..)
        .map(|n| midnight + n * hours * HOUR)
        .skip_while(|at| *at < from)
        .take_while(|at| *at <= until)
        .take(MOST)
        .map(|at| (at, Plain::from(local(at).strftime(name).to_string())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_marks() {
        assert_eq!([0, 1, 4, 5, 9, 37, 1234, 999_999].map(step), [1, 1, 1, 2, 5, 10, 500, 500_000]);
        assert_eq!([0, 1, 5, 37, 1234].map(end), [1, 1, 6, 40, 1500]);
        assert!(end(u64::MAX) > 0);
    }

    #[test]
    fn an_axis_of_time_has_midnights_or_hours() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let told = |from, until| ticks(from, until, &zone).into_iter().map(|(_, told)| told.to_string()).collect::<Vec<_>>();
        // 2026-06-01 09:30 in Shanghai.
        let from = 1_780_277_400;
        assert_eq!(told(from, from + 5 * HOUR), ["06-01 10:00", "06-01 11:00", "06-01 12:00", "06-01 13:00", "06-01 14:00"]);
        assert_eq!(told(from, from + 3 * 24 * HOUR), ["06-01 12:00", "06-02 00:00", "06-02 12:00", "06-03 00:00", "06-03 12:00", "06-04 00:00"]);
        assert_eq!(told(from, from + 6 * 24 * HOUR).first().map(String::as_str), Some("06-02"));
        assert!(told(from, from + 900 * 24 * HOUR).len() <= MOST);
    }
}

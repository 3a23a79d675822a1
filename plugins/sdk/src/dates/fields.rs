//! What was collected of an absolute time, and what it comes to.

use super::Moment;
use super::reader::century;
use crate::civil;

#[derive(Default)]
pub(super) struct Fields {
    pub(super) year: Option<i64>,
    pub(super) month: Option<i64>,
    pub(super) day: Option<i64>,
    /// Days from 1970, where the text says the day otherwise ("昨天", a week date).
    pub(super) days: Option<i64>,
    pub(super) hour: Option<i64>,
    pub(super) minute: i64,
    pub(super) second: i64,
    /// Twelve hours are added (下午) or taken (上午 12 时).
    pub(super) afternoon: Option<bool>,
    pub(super) zone: Option<i64>,
    /// Everything at once: seconds since 1970.
    pub(super) unix: Option<i64>,
    pub(super) month_is_word: bool,
}

impl Fields {
    pub(super) fn has_day(&self) -> bool {
        self.day.is_some() || self.days.is_some()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.has_day() && self.month.is_some() && self.year.is_some()
    }

    pub(super) fn compact(&mut self, date: i64) {
        self.year = Some(date / 10_000);
        self.month = Some(date / 100 % 100);
        self.day = Some(date % 100);
    }

    pub(super) fn clock(&mut self, time: i64) {
        self.hour = Some(time / 10_000);
        self.minute = time / 100 % 100;
        self.second = time % 100;
    }

    /// A weekday is a date only where nothing else is.
    pub(super) fn weekday(&mut self, days: i64) {
        if !self.has_day() && self.month.is_none() {
            self.days = Some(days);
        }
    }

    /// Gives bare numbers their places beside a month that is a word.
    pub(super) fn place(&mut self, numbers: &[(i64, usize)]) {
        if self.day.is_none() && self.month.is_some() && !self.month_is_word {
            // "2016年6月29": the unit was forgotten.
            self.day = numbers.first().map(|(value, _)| *value).filter(|day| (1..=31).contains(day));
        }
        if !self.month_is_word {
            return;
        }
        for (value, len) in numbers {
            if self.day.is_none() && *len <= 2 && (1..=31).contains(value) {
                self.day = Some(*value);
            } else if self.year.is_none() && matches!(len, 2 | 4) {
                self.year = Some(century(*value, *len));
            }
        }
    }

    pub(super) fn resolve(self, local: i64, utc_offset: i32) -> Option<Moment> {
        if let Some(timestamp) = self.unix {
            return Some(Moment { timestamp, day_only: false });
        }
        let today = local.div_euclid(86_400);
        let named = self.day.is_some() || self.month.is_some() || self.year.is_some();
        let days = match self.days {
            Some(days) if !(self.day.is_some() && self.month.is_some()) => days,
            _ if named => self.named_day(today)?,
            _ => today,
        };
        if !named && self.days.is_none() && self.hour.is_none() {
            return None;
        }
        let hour = match (self.hour, self.afternoon) {
            (Some(hour @ 1..=11), Some(true)) => hour + 12,
            (Some(12), Some(false)) => 0,
            (hour, _) => hour.unwrap_or(0),
        };
        let midnight = hour == 24 && self.minute == 0 && self.second == 0;
        if !(hour < 24 || midnight) || self.minute > 59 || self.second > 60 {
            return None;
        }
        let zone = self.zone.unwrap_or(i64::from(utc_offset));
        let timestamp = days * 86_400 + hour * 3600 + self.minute * 60 + self.second - zone;
        Some(Moment { timestamp, day_only: self.hour.is_none() })
    }

    pub(super) fn named_day(&self, today: i64) -> Option<i64> {
        let (this_year, this_month, _) = civil::date(today);
        if self.year.is_none() && self.month.is_none() {
            return None;
        }
        let month = self.month.unwrap_or(if self.year.is_some() { 1 } else { this_month });
        let day = self.day.unwrap_or(1);
        let mut year = self.year.map_or(this_year, |year| if year < 100 { century(year, 2) } else { year });
        if !(1..=12).contains(&month) || !(1..=9999).contains(&year) {
            return None;
        }
        if self.year.is_none() && civil::days(year, month, day.min(28)) > today + 1 {
            year -= 1;
        }
        (1..=civil::days_in_month(year, month)).contains(&day).then(|| civil::days(year, month, day))
    }
}

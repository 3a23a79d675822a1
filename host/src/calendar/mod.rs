//! Working days: which days offices are open, from the yearly notice of the State Council.
//!
//! Pure. The notices that are known come with the program as data ([`Calendar::built_in`]); an organisation adds
//! `calendar.toml` beside `caifeng.toml` for a year that came out since, or for days of its own (an
//! autonomous region's holidays). Nobody can compute a notice, so a year without one counts Monday to Friday,
//! and [`missing`](Calendar::missing) says so before it matters.
//!
//! [`time`] counts working days and hours; here is only which days they are.

pub mod time;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::config::reading::Problem;
use crate::config::sheet::Sheet;
use crate::config::written::{Spot, Wrong};

/// The file's name beside the configuration.
pub const FILE: &str = "calendar.toml";

const BUILT_IN: &str = include_str!("days.toml");

/// From when on the next year's notice should be there: it has come out between late October and early December.
const EXPECTED: (i8, i8) = (12, 1);

/// Which days are worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Days that are not what their day of the week says: whether they are worked.
    days: BTreeMap<Date, bool>,
    /// Years with a notice, and which.
    years: BTreeMap<i16, String>,
}

/// A file of the calendar.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Years {
    #[serde(rename = "year")]
    years: Vec<Year>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    year: i16,
    /// The notice.
    source: String,
    #[serde(default)]
    off: Vec<Days>,
    #[serde(default)]
    work: Vec<Days>,
}

/// One day, or from one to another, both included: `"2026-02-15/2026-02-23"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Days {
    from: Date,
    to: Date,
}

impl Days {
    fn read(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('/').unwrap_or((text, text));
        let day = |text: &str| if text.len() == 10 { text.parse::<Date>().ok() } else { None };
        let (from, to) = (day(from)?, day(to)?);
        (from <= to && from.year() == to.year()).then_some(Self { from, to })
    }

    fn each(self) -> impl Iterator<Item = Date> {
        std::iter::successors(Some(self.from), |day| day.tomorrow().ok()).take_while(move |day| *day <= self.to)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            D::Error::custom(format!(
                "not days of one year: {short:?}: write \"2026-01-04\" or \"2026-02-15/2026-02-23\""
            ))
        })
    }
}

impl Calendar {
    /// The notices that come with the program.
    ///
    /// # Panics
    /// Never: a test reads them.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| {
            let mut calendar = Calendar::default();
            let read = calendar.add(BUILT_IN.into(), Path::new("days.toml"));
            debug_assert!(read.is_ok(), "{read:?}");
            calendar
        });
        &CALENDAR
    }

    /// Adds the years of a file; what it says of a day holds against what was known. `path` is only for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, with line and column; then nothing is added.
    pub fn add(&mut self, text: Vec<u8>, path: &Path) -> Result<(), Vec<Problem>> {
        let (sheet, years, mut problems) = Sheet::read::<Years>(path, text);
        let Some(Years { years }) = years else { return Err(problems) };
        let wrong = check(&years, sheet.spot.key("year"));
        problems.extend(wrong.into_iter().map(|wrong| sheet.problem(wrong.offset, wrong.message)));
        if !problems.is_empty() {
            problems.sort();
            return Err(problems);
        }
        for year in years {
            self.years.insert(year.year, year.source);
            for (days, worked) in [(year.off, false), (year.work, true)] {
                self.days.extend(days.into_iter().flat_map(Days::each).map(|day| (day, worked)));
            }
        }
        Ok(())
    }

    /// Whether offices are open on `day`: by the year's notice, Monday to Friday when there is none.
    #[must_use]
    pub fn is_worked(&self, day: Date) -> bool {
        self.days.get(&day).copied().unwrap_or_else(|| !is_weekend(day))
    }

    /// The notice of a year, if it is known.
    #[must_use]
    pub fn notice(&self, year: i16) -> Option<&str> {
        self.years.get(&year).map(String::as_str)
    }

    /// The days of a year that are not what their day of the week says, in runs of the same kind: first, last, worked.
    #[must_use]
    pub fn exceptions(&self, year: i16) -> Vec<(Date, Date, bool)> {
        let mut runs: Vec<(Date, Date, bool)> = Vec::new();
        for (day, worked) in self.days.iter().filter(|(day, _)| day.year() == year) {
            match runs.last_mut() {
                Some((_, last, same)) if same == worked && last.tomorrow().ok() == Some(*day) => *last = *day,
                _ => runs.push((*day, *day, *worked)),
            }
        }
        runs
    }

    /// The year whose notice should be known `today` and is not: this one, or from December on the next.
    #[must_use]
    pub fn missing(&self, today: Date) -> Option<i16> {
        let expected = (today.month(), today.day()) >= EXPECTED;
        let years = [Some(today.year()), expected.then(|| today.year().saturating_add(1))];
        years.into_iter().flatten().find(|year| self.notice(*year).is_none())
    }
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn check(years: &[Year], spot: &Spot) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut say = |spot: &Spot, message: String| wrong.push(Wrong { offset: spot.value(), message });
    for (index, year) in years.iter().enumerate() {
        let at = spot.index(index);
        if years[..index].iter().any(|other| other.year == year.year) {
            say(at.key("year"), format!("{} is there twice: put its days together", year.year));
        }
        if year.source.trim().is_empty() {
            say(at.key("source"), "the source is empty: write the notice that says so".to_owned());
        }
        for (key, days) in [("off", &year.off), ("work", &year.work)] {
            for (number, days) in days.iter().enumerate().filter(|(_, days)| days.from.year() != year.year) {
                say(at.key(key).index(number), format!("{} does not lie in {}", days.from, year.year));
            }
        }
        for (number, days) in year.work.iter().enumerate() {
            let at = at.key("work").index(number);
            if let Some(day) = days.each().find(|day| year.off.iter().any(|off| off.each().any(|other| other == *day)))
            {
                say(at, format!("{day} is both off and worked: remove one"));
            } else if let Some(day) = days.each().find(|day| !is_weekend(*day)) {
                say(at, format!("{day} is no weekend and is worked anyhow: was another day meant?"));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_notices_that_come_with_the_program_can_be_read() {
        let mut calendar = Calendar::default();
        calendar.add(BUILT_IN.into(), Path::new("days.toml")).unwrap();
        assert_eq!(&calendar, Calendar::built_in());
        assert_eq!([2024, 2025, 2026].map(|year| calendar.notice(year).is_some()), [true; 3]);
    }

    #[test]
    fn holidays_are_off_and_make_up_days_are_worked() {
        let calendar = Calendar::built_in();
        for (day, worked) in [
            (date(2026, 2, 13), true),
            (date(2026, 2, 14), true),
            (date(2026, 2, 16), false),
            (date(2026, 2, 23), false),
            (date(2026, 2, 24), true),
            (date(2026, 2, 28), true),
            (date(2026, 3, 1), false),
        ] {
            assert_eq!(calendar.is_worked(day), worked, "{day}");
        }
    }

    #[test]
    fn the_exceptions_of_a_year_are_told_in_runs() {
        let runs = Calendar::built_in().exceptions(2026);
        assert_eq!(runs[0], (date(2026, 1, 1), date(2026, 1, 3), false));
        assert_eq!(runs[1], (date(2026, 1, 4), date(2026, 1, 4), true));
        assert_eq!(runs.iter().filter(|(.., worked)| *worked).count(), 6);
        assert_eq!(Calendar::built_in().exceptions(1999), []);
    }

    #[test]
    fn a_year_without_a_notice_counts_by_weekdays_and_is_missed_in_time() {
        let calendar = Calendar::built_in();
        assert!(!calendar.is_worked(date(2027, 1, 2)) && calendar.is_worked(date(2027, 1, 1)));
        assert_eq!(calendar.missing(date(2026, 11, 30)), None);
        assert_eq!(calendar.missing(date(2026, 12, 1)), Some(2027));
        assert_eq!(calendar.missing(date(2027, 6, 1)), Some(2027));
    }

    #[test]
    fn an_organisations_file_adds_a_year_and_days_of_its_own() {
        let mut calendar = Calendar::built_in().clone();
        let text = "[[year]]\nyear = 2027\nsource = \"通知\"\noff = [\"2027-01-01\"]\n[[year]]\nyear = 2026\nsource = \"自治区\"\noff = [\"2026-04-20/2026-04-21\"]\n";
        calendar.add(text.into(), Path::new("calendar.toml")).unwrap();
        assert!(!calendar.is_worked(date(2027, 1, 1)) && !calendar.is_worked(date(2026, 4, 20)));
        assert!(!calendar.is_worked(date(2026, 2, 16)), "what was known still holds");
        assert_eq!(calendar.missing(date(2026, 12, 1)), None);
    }

    #[test]
    fn what_cannot_be_right_is_refused_where_it_stands() {
        let text = "[[year]]\nyear = 2027\nsource = \"\"\noff = [\"2026-01-01\", \"2027-02-06/2027-02-12\"]\nwork = [\"2027-02-06\", \"2027-02-15\"]\n[[year]]\nyear = 2027\nsource = \"x\"\n";
        let told = |text: &str| {
            let mut calendar = Calendar::default();
            let problems = calendar.add(text.into(), Path::new("calendar.toml")).unwrap_err();
            assert_eq!(calendar, Calendar::default());
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(told(text));
        insta::assert_snapshot!(told(
            "[[year]]\nyear = 2027\nsource = \"x\"\nof = [\"2027-1-1\"]\nwork = [\"2027-02-31\", \"2027-03-02/2027-03-01\"]\n"
        ));
    }
}

//! Dates as sites write them.
//!
//! One reader for all forms instead of a list of formats: it walks over the
//! text, collects what is clearly a year, a month, a time, a zone, and ignores
//! the rest, because pages wrap dates in words ("发布时间：… 来源：…"). It reads
//! RFC 3339, W3C-DTF and ISO 8601 (also basic, week and ordinal), RFC 822 with
//! its many malformations, asctime, numeric dates, English and some other
//! European month names, Chinese (numerals too), Korean, and times told
//! relative to now. What it gives up: a text with two dates gives the first.
//!
//! `exact` reads the two forms of nearly all feeds without a detour; else `normal` makes one spelling of many,
//! `relative` reads what counts from now, and `reader` collects the `fields` of an absolute time.

mod exact;
mod fields;
mod normal;
mod reader;
mod relative;

use std::str::Chars;

use crate::Timestamp;
use exact::{rfc_822, rfc_3339};
use fields::Fields;
use normal::normalise;
use reader::Reader;
use relative::relative;

/// What a text says about a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub timestamp: Timestamp,
    /// The text gives a day and no time; `timestamp` is its first second.
    pub day_only: bool,
}

/// The first second of year 1 and the last of year 9999: no `now` is taken from
/// beyond, so that no sum overflows.
const YEAR_1: i64 = -62_135_596_800;
const YEAR_9999: i64 = 253_402_300_799;

/// Reads a date. `now` is what relative times count from and what a missing
/// year is chosen by (a date without a year is never in the future);
/// `utc_offset`, in seconds east, applies where the text names no zone.
///
/// ```
/// use caifeng_plugin_sdk::dates;
///
/// let now = 1_657_080_000; // 2022-07-06 12:00 in China
/// let china = 8 * 3600;
/// let at = |text| dates::parse(text, now, china).map(|moment| moment.timestamp);
/// assert_eq!(at("3分钟前"), Some(now - 180));
/// assert_eq!(at("昨天 12:01"), Some(now - 86_400 + 60));
/// assert_eq!(at("Wed, 06 Jul 2022 04:00:00 GMT"), Some(now));
/// assert!(dates::parse("2022年07月06日", now, china).unwrap().day_only);
/// assert_eq!(at("置顶"), None);
/// ```
pub fn parse(text: &str, now: Timestamp, utc_offset: i32) -> Option<Moment> {
    let text = text.trim();
    if let Some(moment) = rfc_822(text).or_else(|| rfc_3339(text)) {
        return Some(moment);
    }
    let chars = normalise(text);
    let local = now.clamp(YEAR_1, YEAR_9999) + i64::from(utc_offset);
    if let Some(moment) = relative(&chars, local, utc_offset) {
        return Some(moment);
    }
    let mut reader = Reader { chars: &chars, at: 0, fields: Fields::default(), numbers: Vec::new() };
    reader.read(local.div_euclid(86_400));
    let Reader { mut fields, numbers, .. } = reader;
    fields.place(&numbers);
    fields.resolve(local, utc_offset)
}

fn starts(chars: &[char], word: &str) -> bool {
    let mut letters: Chars<'_> = word.chars();
    let mut at = 0;
    letters.all(|c| {
        at += 1;
        chars.get(at - 1) == Some(&c)
    })
}

/// The length in characters of the first of the words that `chars` starts with.
fn first_of(chars: &[char], words: &[&str]) -> Option<usize> {
    words.iter().find(|word| starts(chars, word)).map(|word| word.chars().count())
}

fn trim(chars: &[char]) -> &[char] {
    let blank = chars.iter().take_while(|c| **c == ' ').count();
    &chars[blank..]
}

fn number(digits: &[char]) -> i64 {
    digits.iter().take(15).fold(0, |n, c| n * 10 + i64::from(c.to_digit(10).unwrap_or(0)))
}

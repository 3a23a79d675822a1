//! Lengths of time as a plan writes them: `30m`, `2h`, `30d` run on; `5wd` and `4wh` run while offices are open.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// The most of any unit: longer than any plan, and far from overflow.
const MOST: u32 = 100_000;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// Seconds that pass day and night.
    Wall(i64),
    /// Working days: the day it starts does not count, the last one ends when offices close.
    WorkingDays(u32),
    /// Seconds that pass only while offices are open.
    WorkingHours(i64),
}

impl Span {
    /// It is over when it begins.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        matches!(self, Self::Wall(0) | Self::WorkingDays(0) | Self::WorkingHours(0))
    }

    fn read(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number = number.parse::<u32>().ok().filter(|n| *n <= MOST)?;
        let n = i64::from(number);
        match unit {
            "m" => Some(Self::Wall(n * MINUTE)),
            "h" => Some(Self::Wall(n * HOUR)),
            "d" => Some(Self::Wall(n * DAY)),
            "wh" => Some(Self::WorkingHours(n * HOUR)),
            "wd" => Some(Self::WorkingDays(number)),
            _ => None,
        }
    }
}

/// Seconds in the largest unit that divides them; days from three on, as norms say 24 and 48 hours.
fn wall(seconds: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if seconds % DAY == 0 && seconds > 2 * DAY {
        write!(f, "{}d", seconds / DAY)
    } else if seconds % HOUR == 0 && seconds > HOUR {
        write!(f, "{}h", seconds / HOUR)
    } else {
        write!(f, "{}m", seconds / MINUTE)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Wall(seconds) => wall(seconds, f),
            Self::WorkingDays(n) => write!(f, "{n}wd"),
            Self::WorkingHours(seconds) => write!(f, "{}wh", seconds / HOUR),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            D::Error::custom(format!(
                "not a length of time: {short:?}: write minutes \"30m\", hours \"2h\", days \"30d\", working hours \"4wh\" or working days \"5wd\""
            ))
        })
    }
}

/// Seconds that pass day and night, where nothing else makes sense: `"24h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wall(pub i64);

impl Serialize for Wall {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Span::Wall(self.0))
    }
}

impl<'de> Deserialize<'de> for Wall {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Span::deserialize(from)? {
            Span::Wall(seconds) => Ok(Self(seconds)),
            working => {
                Err(D::Error::custom(format!("{working} runs in office hours only: write it as \"24h\" or \"30d\"")))
            }
        }
    }
}

/// A moment on the way to a deadline: seconds before (negative) or after it, as `"T-30m"` or `"T+1h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('T')?;
        let (sign, length) = rest.strip_prefix('-').map_or((1, rest.strip_prefix('+')), |length| (-1, Some(length)));
        match length.map(Span::read)?? {
            Span::Wall(seconds) => Some(Self(sign * seconds)),
            _ => None,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 < 0 { "T-" } else { "T+" })?;
        wall(self.0.abs(), f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).ok_or_else(|| {
            let short: String = text.chars().take(40).collect();
            D::Error::custom(format!(
                "not a moment before or after a deadline: {short:?}: write \"T-30m\", \"T+0m\" or \"T+1h\""
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_said_again() {
        for text in ["30m", "2h", "24h", "48h", "30d", "5wd", "4wh", "0m", "90m"] {
            assert_eq!(Span::read(text).unwrap().to_string(), text);
        }
        for text in ["T-60m", "T-30m", "T+0m", "T+2h"] {
            assert_eq!(Moment::read(text).unwrap().to_string(), text);
        }
        assert_eq!(Span::read("60m"), Span::read("1h"));
    }

    #[test]
    fn what_is_no_length_is_none() {
        for text in ["", "h", "2", "2x", "-2h", "2 h", "1.5h", "100001d", "99999999999d", "２h", "2hh", "水"] {
            assert_eq!(Span::read(text), None, "{text}");
        }
        for text in ["", "T", "T30m", "-30m", "T-5wd", "T--5m", "T-"] {
            assert_eq!(Moment::read(text), None, "{text}");
        }
    }
}

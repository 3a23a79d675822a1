//! The two forms that machines write, read without a search.

use super::Moment;
use super::reader::month;
use crate::civil;

/// "Wed, 06 Jul 2022 04:00:00 GMT" or "+0800", exactly so.
pub(super) fn rfc_822(text: &str) -> Option<Moment> {
    let rest = match text.as_bytes() {
        [_, _, _, b',', b' ', ..] => text.get(5..)?,
        _ => text,
    };
    let b = rest.as_bytes();
    let (day, rest) = match b {
        [d, b' ', ..] if d.is_ascii_digit() => (i64::from(d - b'0'), b.get(2..)?),
        [_, _, b' ', ..] => (pair(b, 0)?, b.get(3..)?),
        _ => return None,
    };
    if rest.len() < 18 || rest[3] != b' ' || rest[8] != b' ' || rest[11] != b':' || rest[14] != b':' {
        return None;
    }
    let month = month(str::from_utf8(&rest[..3]).ok()?)?;
    let year = pair(rest, 4)? * 100 + pair(rest, 6)?;
    let zone = match rest.get(17..)? {
        b" GMT" | b" UTC" | b" Z" => 0,
        [b' ', sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 => {
            let offset = pair(digits, 0)? * 3600 + pair(digits, 2)? * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    exact(year, month, day, [pair(rest, 9)?, pair(rest, 12)?, pair(rest, 15)?], zone)
}

/// "2022-07-06T04:00:00Z" with or without a fraction or an offset, exactly so.
pub(super) fn rfc_3339(text: &str) -> Option<Moment> {
    let b = text.as_bytes();
    if b.len() < 20 || b[4] != b'-' || b[7] != b'-' || b[10] != b'T' || b[13] != b':' || b[16] != b':' {
        return None;
    }
    let mut at = 19;
    if b[at] == b'.' {
        at += 1 + b[20..].iter().take_while(|b| b.is_ascii_digit()).count();
    }
    let zone = match b.get(at..)? {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), rest @ ..] if rest.len() == 5 && rest[2] == b':' => {
            let offset = pair(rest, 0)? * 3600 + pair(rest, 3)? * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let year = pair(b, 0)? * 100 + pair(b, 2)?;
    exact(year, pair(b, 5)?, pair(b, 8)?, [pair(b, 11)?, pair(b, 14)?, pair(b, 17)?], zone)
}

pub(super) fn pair(bytes: &[u8], at: usize) -> Option<i64> {
    match bytes.get(at..at + 2)? {
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => Some(i64::from(a - b'0') * 10 + i64::from(b - b'0')),
        _ => None,
    }
}

pub(super) fn exact(year: i64, month: i64, day: i64, [h, m, s]: [i64; 3], zone: i64) -> Option<Moment> {
    let valid = (1..=12).contains(&month)
        && (1..=civil::days_in_month(year, month)).contains(&day)
        && (0..24).contains(&h)
        && (0..60).contains(&m)
        && (0..=60).contains(&s);
    let timestamp = civil::days(year, month, day) * 86_400 + h * 3600 + m * 60 + s - zone;
    valid.then_some(Moment { timestamp, day_only: false })
}

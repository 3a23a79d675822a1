//! A time that the page writes without a zone is meant as the site's: whether it was read as UTC can be seen, because
//! then it is the page's writing of it that comes out. So can any other zone, once it is known that the time stays the same
//! at a site that lies elsewhere.

use crate::contract::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Ways in which pages write a minute; the first four pad with zeroes.
const FORMS: [&str; 7] = [
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M",
    "%Y年%m月%d日 %H:%M",
    "%Y-%-m-%-d %H:%M",
    "%Y/%-m/%-d %H:%M",
    "%Y年%-m月%-d日 %H:%M",
];

/// The page's words for this time, if they fit it in UTC, name no zone, and nothing on the page fits it at the site.
pub(super) fn misread(body: &str, at: Timestamp, utc_offset: i32) -> Option<String> {
    if utc_offset == 0 || written(body, at, utc_offset)?.is_some() {
        return None;
    }
    written(body, at, 0)?
}

/// Ways without a year, which are looked for at the site's own zone only.
const SHORT: [&str; 3] = ["%m-%d %H:%M", "%m/%d %H:%M", "%m月%d日 %H:%M"];

/// Words by which a page says in which zone its times are.
const ZONES: [&str; 8] = ["GMT", "UTC", "CST", "北京时间", "时区", "timezone", "time_zone", "timeZone"];

/// The page's words for one of these times, which are the same wherever the site lies, and the offset that they were read at;
/// `None` if the page may say its zone, or writes none of them without one. At another offset than the site's, which chance
/// may bring about, half of them must stand there, and `alone` says that no time of the page depends on the site.
pub(super) fn fixed(body: &str, times: &[Timestamp], utc_offset: i32, alone: bool) -> Option<(String, i32)> {
    let untold = || !is_told(body) && !times.iter().any(|at| counts(body, *at));
    let own =
        |at: &Timestamp| written(body, *at, utc_offset)?.or_else(|| formed(body, *at, utc_offset, &SHORT).flatten());
    if let Some(form) = times.iter().find_map(own) {
        return untold().then_some((form, utc_offset));
    }
    let hours = (-11..=14).map(|hour| hour * 3600).filter(|offset| alone && *offset != 0 && *offset != utc_offset);
    let mut read = hours.filter_map(|offset| {
        let mut forms: Vec<String> = times.iter().filter_map(|at| written(body, *at, offset)?).collect();
        let enough = forms.len() * 2 >= times.len() && (forms.len() > 1 || times.len() == 1);
        enough.then(|| (forms.swap_remove(0), offset))
    });
    read.next().filter(|_| untold())
}

/// Whether the page says a zone somewhere, in words or behind a time of day.
pub(super) fn is_told(body: &str) -> bool {
    let zoned = |at: usize| {
        let rest = body[at..].trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '.')).trim_start();
        let sign = rest.strip_prefix(['+', '-', '\u{2212}']).or_else(|| rest.strip_prefix("&#43;"));
        let sign = sign.unwrap_or_default().as_bytes();
        let utc = rest.strip_prefix(['Z', 'z']).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
        utc || sign.len() >= 2 && sign[..2].iter().all(u8::is_ascii_digit)
    };
    let clock = |at: usize| {
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let bytes = body.as_bytes();
        is_digit(at.checked_sub(1).and_then(|before| bytes.get(before))) && is_digit(bytes.get(at + 1))
    };
    ZONES.iter().any(|zone| body.contains(zone)) || body.match_indices(':').any(|(at, _)| clock(at) && zoned(at))
}

/// The page with its writing of this time, at the site, replaced by another; `None` if it does not write it so.
pub(super) fn rewritten(body: &str, at: Timestamp, utc_offset: i32, instead: &str) -> Option<String> {
    let form = written(body, at, utc_offset)??;
    let start = body.find(&form)?;
    let rest = body[start + form.len()..].trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '.'));
    Some(format!("{}{instead}{rest}", &body[..start]))
}

/// Whether the page has this time in seconds, or in thousandths.
pub(super) fn counts(body: &str, at: Timestamp) -> bool {
    body.contains(&at.to_string())
}

/// Whether the page says this time: in seconds, or written at the site's zone or in UTC, with or without it.
pub(super) fn says(body: &str, at: Timestamp, utc_offset: i32) -> bool {
    let stands = |offset: i32| {
        let zone = TimeZone::fixed(Offset::from_seconds(offset).ok()?);
        let at = jiff::Timestamp::from_second(at).ok()?.to_zoned(zone);
        Some(FORMS.iter().any(|form| body.contains(&at.strftime(form).to_string())))
    };
    counts(body, at) || [0, utc_offset].into_iter().any(|offset| stands(offset) == Some(true))
}

/// How the page writes this time without a zone, if it does; `None` if it is no time.
fn written(body: &str, at: Timestamp, offset: i32) -> Option<Option<String>> {
    formed(body, at, offset, &FORMS)
}

fn formed(body: &str, at: Timestamp, offset: i32, forms: &[&str]) -> Option<Option<String>> {
    let zone = TimeZone::fixed(Offset::from_seconds(offset).ok()?);
    let at = jiff::Timestamp::from_second(at).ok()?.to_zoned(zone);
    let forms = forms.iter().map(|form| at.strftime(form).to_string());
    let mut unzoned =
        forms.filter(|form| body.match_indices(form.as_str()).any(|(at, _)| is_unzoned(&body[at + form.len()..])));
    Some(unzoned.next())
}

/// Whether what follows hours and minutes names no zone.
fn is_unzoned(rest: &str) -> bool {
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '.')).trim_start();
    let named = ["Z", "z", "+", "-", "GMT", "UTC", "&#43;", "(UTC", "(GMT"];
    !named.iter().any(|zone| rest.starts_with(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-09T12:05:30Z.
    const AT: Timestamp = 1_773_057_930;
    const CHINA: i32 = 28_800;

    #[test]
    fn a_local_time_that_was_read_as_utc_is_seen() {
        let says = |body: &str| misread(body, AT, CHINA);
        assert_eq!(says("<td>2026-03-09 12:05:30</td>").as_deref(), Some("2026-03-09 12:05"));
        assert_eq!(says("发表于 2026-3-9 12:05").as_deref(), Some("2026-3-9 12:05"));
        assert_eq!(says("2026年3月9日 12:05").as_deref(), Some("2026年3月9日 12:05"));
        // Read as what it says, or as the site means it.
        assert_eq!(says("<time>2026-03-09T12:05:30Z</time>"), None);
        assert_eq!(says("2026-03-09T12:05:30.123+00:00"), None);
        assert_eq!(says("2026-03-09 20:05:30"), None);
        assert_eq!(says("2026-03-09 20:05 (2026-03-09 12:05)"), None);
        assert_eq!(misread("2026-03-09 12:05", AT, 0), None);
        assert_eq!(rewritten("<td>2026-03-09 20:05:30</td>", AT, CHINA, "x").as_deref(), Some("<td>x</td>"));
        assert_eq!(rewritten("<td>2026-03-09 20:05:30Z</td>", AT, CHINA, "x"), None);
    }

    #[test]
    fn a_time_that_stays_the_same_elsewhere_was_read_at_an_offset_of_its_own() {
        let says = |body: &str, alone: bool| fixed(body, &[AT], CHINA, alone);
        assert_eq!(says("<td>2026-03-09 20:05</td>", false), Some(("2026-03-09 20:05".to_owned(), CHINA)));
        assert_eq!(says("03-09 20:05", false), Some(("03-09 20:05".to_owned(), CHINA)));
        // Read at +09:00, which is only believed where no time of the page depends on the site.
        assert_eq!(says("2026-03-09 21:05", true), Some(("2026-03-09 21:05".to_owned(), 9 * 3600)));
        assert_eq!(says("2026-03-09 21:05", false), None);
        let two = [AT, AT - 3600, AT - 7230];
        assert_eq!(fixed("2026-03-09 21:05", &two, CHINA, true), None);
        assert!(fixed("2026-03-09 21:05, 2026-03-09 20:05", &two, CHINA, true).is_some());
        // Whoever says the zone, or the seconds, may be read anywhere.
        for told in [
            "2026-03-09T12:05:30Z",
            "20:05:30.5 +0800",
            "20:05:30&#43;08:00",
            "12:00+08:00",
            "全部时间为 GMT+8",
            "1773057930",
            "1773057930123",
        ] {
            assert_eq!(says(&format!("2026-03-09 20:05 {told}"), true), None, "{told}");
        }
        for bare in ["20:05 - 21:05", "电话:12345-6", "https://a.example:8080", "12:05 Zhang"] {
            assert!(says(&format!("2026-03-09 20:05 {bare}"), true).is_some(), "{bare}");
        }
    }
}

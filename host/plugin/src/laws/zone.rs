//! A time that the page writes without a zone is meant as the site's: whether it was read as UTC can be seen, because
//! then it is the page's writing of it that comes out.

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

/// The page with its writing of this time, at the site, replaced by another; `None` if it does not write it so.
pub(super) fn rewritten(body: &str, at: Timestamp, utc_offset: i32, instead: &str) -> Option<String> {
    let form = written(body, at, utc_offset)??;
    let start = body.find(&form)?;
    let rest = body[start + form.len()..].trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ':' | '.'));
    Some(format!("{}{instead}{rest}", &body[..start]))
}

/// How the page writes this time without a zone, if it does; `None` if it is no time.
fn written(body: &str, at: Timestamp, offset: i32) -> Option<Option<String>> {
    let zone = TimeZone::fixed(Offset::from_seconds(offset).ok()?);
    let at = jiff::Timestamp::from_second(at).ok()?.to_zoned(zone);
    let forms = FORMS.iter().map(|form| at.strftime(form).to_string());
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
}

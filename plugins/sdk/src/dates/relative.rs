//! Times told from now: "3分钟前", "yesterday".

use super::{Moment, first_of, number, starts, trim};
use crate::civil;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    Seconds(i64),
    Months(i64),
}

const UNITS: [(&str, Unit); 33] = [
    ("秒钟", Unit::Seconds(1)),
    ("秒", Unit::Seconds(1)),
    ("分钟", Unit::Seconds(60)),
    ("分", Unit::Seconds(60)),
    ("小时", Unit::Seconds(3600)),
    ("钟头", Unit::Seconds(3600)),
    ("天", Unit::Seconds(86_400)),
    ("日", Unit::Seconds(86_400)),
    ("周", Unit::Seconds(604_800)),
    ("星期", Unit::Seconds(604_800)),
    ("礼拜", Unit::Seconds(604_800)),
    ("月", Unit::Months(1)),
    ("年", Unit::Months(12)),
    ("seconds", Unit::Seconds(1)),
    ("second", Unit::Seconds(1)),
    ("secs", Unit::Seconds(1)),
    ("sec", Unit::Seconds(1)),
    ("minutes", Unit::Seconds(60)),
    ("minute", Unit::Seconds(60)),
    ("mins", Unit::Seconds(60)),
    ("min", Unit::Seconds(60)),
    ("hours", Unit::Seconds(3600)),
    ("hour", Unit::Seconds(3600)),
    ("hrs", Unit::Seconds(3600)),
    ("hr", Unit::Seconds(3600)),
    ("days", Unit::Seconds(86_400)),
    ("day", Unit::Seconds(86_400)),
    ("weeks", Unit::Seconds(604_800)),
    ("week", Unit::Seconds(604_800)),
    ("months", Unit::Months(1)),
    ("month", Unit::Months(1)),
    ("years", Unit::Months(12)),
    ("year", Unit::Months(12)),
];

/// "3分钟前", "半小时前", "约2个月后", "5 minutes ago", "刚刚"; `local` is now at
/// the site's clock.
pub(super) fn relative(chars: &[char], local: i64, utc_offset: i32) -> Option<Moment> {
    let moment = |local: i64| Moment { timestamp: local - i64::from(utc_offset), day_only: false };
    for at in 0..chars.len() {
        let here = &chars[at..];
        if first_of(here, &["刚刚", "刚才", "just now", "Just now"]).is_some() {
            return Some(moment(local));
        }
        let (amount, len) = match amount(here) {
            Some(amount) if at == 0 || !chars[at - 1].is_ascii_digit() => amount,
            _ => continue,
        };
        let rest = trim(&here[len..]);
        let rest = trim(rest.strip_prefix(&['个']).unwrap_or(rest));
        let Some((word, unit)) = UNITS.iter().find(|(word, _)| starts(rest, word)) else {
            continue;
        };
        let after = trim(&rest[word.chars().count()..]);
        let half = after.first() == Some(&'半');
        let after = if half { trim(&after[1..]) } else { after };
        let sign = if first_of(after, &["前", "以前", "之前", "ago"]).is_some() {
            -1
        } else if first_of(after, &["后", "以后", "之后"]).is_some() {
            1
        } else {
            continue;
        };
        let halves = sign * (amount + i64::from(half));
        return Some(moment(match unit {
            Unit::Seconds(seconds) => local + halves * seconds / 2,
            Unit::Months(months) => add_months(local, halves * months / 2)?,
        }));
    }
    None
}

/// An amount in halves, and its length: "3", "半", "几" (taken for three).
pub(super) fn amount(chars: &[char]) -> Option<(i64, usize)> {
    let len = chars.iter().take(7).take_while(|c| c.is_ascii_digit()).count();
    if len > 0 {
        return (len < 7).then(|| (number(&chars[..len]) * 2, len));
    }
    match chars.first()? {
        '半' => Some((1, 1)),
        '几' | '幾' => Some((6, 1)),
        'a' if chars.get(1) == Some(&' ') => Some((2, 1)),
        'a' if starts(chars, "an ") => Some((2, 2)),
        _ => None,
    }
}

pub(super) fn add_months(local: i64, months: i64) -> Option<i64> {
    let (year, month, day) = civil::date(local.div_euclid(86_400));
    let total = year * 12 + month - 1 + months;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    if !(1..=9999).contains(&year) {
        return None;
    }
    let day = day.min(civil::days_in_month(year, month));
    Some(civil::days(year, month, day) * 86_400 + local.rem_euclid(86_400))
}

//! Dates as sites write them.
//!
//! One reader for all forms instead of a list of formats: it walks over the
//! text, collects what is clearly a year, a month, a time, a zone, and ignores
//! the rest, because pages wrap dates in words ("发布时间：… 来源：…"). It reads
//! RFC 3339, W3C-DTF and ISO 8601 (also basic, week and ordinal), RFC 822 with
//! its many malformations, asctime, numeric dates, English and some other
//! European month names, Chinese (numerals too), Korean, and times told
//! relative to now. What it gives up: a text with two dates gives the first.

use std::str::Chars;

use crate::Timestamp;
use crate::civil;

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
    let mut reader = Reader {
        chars: &chars,
        at: 0,
        fields: Fields::default(),
        numbers: Vec::new(),
    };
    reader.read(local.div_euclid(86_400));
    let Reader {
        mut fields,
        numbers,
        ..
    } = reader;
    fields.place(&numbers);
    fields.resolve(local, utc_offset)
}

// The two forms of nearly all feeds, read without a detour.

/// "Wed, 06 Jul 2022 04:00:00 GMT" or "+0800", exactly so.
fn rfc_822(text: &str) -> Option<Moment> {
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
    if rest.len() < 18 || rest[3] != b' ' || rest[8] != b' ' || rest[11] != b':' || rest[14] != b':'
    {
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
    exact(
        year,
        month,
        day,
        [pair(rest, 9)?, pair(rest, 12)?, pair(rest, 15)?],
        zone,
    )
}

/// "2022-07-06T04:00:00Z" with or without a fraction or an offset, exactly so.
fn rfc_3339(text: &str) -> Option<Moment> {
    let b = text.as_bytes();
    if b.len() < 20
        || b[4] != b'-'
        || b[7] != b'-'
        || b[10] != b'T'
        || b[13] != b':'
        || b[16] != b':'
    {
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
    exact(
        year,
        pair(b, 5)?,
        pair(b, 8)?,
        [pair(b, 11)?, pair(b, 14)?, pair(b, 17)?],
        zone,
    )
}

fn pair(bytes: &[u8], at: usize) -> Option<i64> {
    match bytes.get(at..at + 2)? {
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => {
            Some(i64::from(a - b'0') * 10 + i64::from(b - b'0'))
        }
        _ => None,
    }
}

fn exact(year: i64, month: i64, day: i64, [h, m, s]: [i64; 3], zone: i64) -> Option<Moment> {
    let valid = (1..=12).contains(&month)
        && (1..=civil::days_in_month(year, month)).contains(&day)
        && (0..24).contains(&h)
        && (0..60).contains(&m)
        && (0..=60).contains(&s);
    let timestamp = civil::days(year, month, day) * 86_400 + h * 3600 + m * 60 + s - zone;
    valid.then_some(Moment {
        timestamp,
        day_only: false,
    })
}

// Text

/// The characters of a date, at most 160: full-width ones made narrow, Chinese
/// numerals before a unit made digits.
fn normalise(text: &str) -> Vec<char> {
    let narrow = |c: char| match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        '：' | '∶' => ':',
        '－' | '–' | '—' | '‐' | '−' => '-',
        '／' => '/',
        '．' => '.',
        '，' | '、' => ',',
        '點' => '点',
        '時' => '时',
        '後' => '后',
        '鐘' | '鍾' => '钟',
        '個' => '个',
        '週' => '周',
        '剛' => '刚',
        '號' => '号',
        '年' | '년' => '年',
        '월' => '月',
        '일' => '日',
        '\u{3000}' | '\u{a0}' | '\n' | '\r' | '\t' => ' ',
        _ => c,
    };
    let mut chars: Vec<char> = Vec::with_capacity(text.len().min(160));
    for c in text.chars().take(160).map(narrow) {
        if "年月日号点时分秒".contains(c) {
            // "2019 年 10 月": a unit belongs to the number before it.
            let written = chars
                .iter()
                .rposition(|c| *c != ' ')
                .map_or(0, |last| last + 1);
            if written > 0 && chars[written - 1].is_ascii_digit() {
                chars.truncate(written);
            }
        }
        chars.push(c);
    }
    if !chars.iter().any(|c| numeral(*c).is_some()) {
        return chars;
    }
    let mut out = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let run = chars[at..]
            .iter()
            .take_while(|c| numeral(**c).is_some())
            .count();
        let unit = chars
            .get(at + run)
            .is_some_and(|c| "年月日号点时分秒小天个周星".contains(*c));
        let is_weekday = at > 0 && matches!(chars[at - 1], '周' | '期' | '拜');
        match chinese_number(&chars[at..at + run]) {
            Some(number) if run > 0 && unit && !is_weekday => {
                out.extend(number.chars());
                at += run;
            }
            _ => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}

fn numeral(c: char) -> Option<i64> {
    Some(match c {
        '〇' | '零' | '○' => 0,
        '一' => 1,
        '二' | '两' | '兩' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => 10,
        '廿' => 20,
        '卅' => 30,
        _ => return None,
    })
}

/// "二〇二二" digit by digit, "二十三" and "十" by value.
fn chinese_number(run: &[char]) -> Option<String> {
    let values: Vec<i64> = run.iter().filter_map(|c| numeral(*c)).collect();
    if values.is_empty() || values.len() > 4 {
        return None;
    }
    if values.iter().all(|v| *v < 10) {
        return Some(values.iter().map(i64::to_string).collect());
    }
    let mut total = 0;
    for value in values {
        total = if value == 10 && total % 10 != 0 {
            total * 10
        } else {
            total + value
        };
    }
    Some(total.to_string())
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
    words
        .iter()
        .find(|word| starts(chars, word))
        .map(|word| word.chars().count())
}

// Relative times

#[derive(Clone, Copy, PartialEq)]
enum Unit {
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
fn relative(chars: &[char], local: i64, utc_offset: i32) -> Option<Moment> {
    let moment = |local: i64| Moment {
        timestamp: local - i64::from(utc_offset),
        day_only: false,
    };
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
fn amount(chars: &[char]) -> Option<(i64, usize)> {
    let len = chars
        .iter()
        .take(7)
        .take_while(|c| c.is_ascii_digit())
        .count();
    if len > 0 {
        return (len < 7).then(|| (number(&chars[..len]) * 2, len));
    }
    match chars.first()? {
        '半' => Some((1, 1)),
        '几' | '幾' => Some((6, 1)),
        'a' if chars.get(1) == Some(&' ') => Some((2, 1)),
        _ => None,
    }
}

fn add_months(local: i64, months: i64) -> Option<i64> {
    let (year, month, day) = civil::date(local.div_euclid(86_400));
    let total = year * 12 + month - 1 + months;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    if !(1..=9999).contains(&year) {
        return None;
    }
    let day = day.min(civil::days_in_month(year, month));
    Some(civil::days(year, month, day) * 86_400 + local.rem_euclid(86_400))
}

fn trim(chars: &[char]) -> &[char] {
    let blank = chars.iter().take_while(|c| **c == ' ').count();
    &chars[blank..]
}

fn number(digits: &[char]) -> i64 {
    digits
        .iter()
        .take(15)
        .fold(0, |n, c| n * 10 + i64::from(c.to_digit(10).unwrap_or(0)))
}

// Absolute times

#[derive(Default)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    /// Days from 1970, where the text says the day otherwise ("昨天", a week date).
    days: Option<i64>,
    hour: Option<i64>,
    minute: i64,
    second: i64,
    /// Twelve hours are added (下午) or taken (上午 12 时).
    afternoon: Option<bool>,
    zone: Option<i64>,
    /// Everything at once: seconds since 1970.
    unix: Option<i64>,
    month_is_word: bool,
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    fields: Fields,
    /// Bare numbers and their lengths, for dates with the month as a word.
    numbers: Vec<(i64, usize)>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, today: i64) {
        while let Some(c) = self.chars.get(self.at).copied() {
            let before = self.at;
            match c {
                '0'..='9' => self.digits(),
                '+' | '-' if self.fields.hour.is_some() => self.offset(),
                _ if c.is_ascii_alphabetic() || (c.is_alphabetic() && !is_han(c)) => self.word(),
                _ if is_han(c) => self.han(today),
                _ => {}
            }
            if self.at == before {
                self.at += 1;
            }
            if self.fields.is_whole() && self.peek(0) == Some('|') {
                return;
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn run(&self, from: usize) -> &'a [char] {
        let chars = self.chars;
        let rest = chars.get(from..).unwrap_or_default();
        &rest[..rest.iter().take_while(|c| c.is_ascii_digit()).count()]
    }

    fn digits(&mut self) {
        let run = self.run(self.at);
        let (len, value) = (run.len(), number(run));
        let next = self.peek(len);
        let after = self.run(self.at + len + 1).len();
        let dated = self.fields.has_day();
        match next {
            Some(':') if after > 0 && self.fields.hour.is_none() => self.time(len),
            Some('年') => self.set(len + 1, |fields| fields.year = Some(value)),
            Some('月') => self.set(len + 1, |fields| fields.month = Some(value)),
            Some('日' | '号') => self.set(len + 1, |fields| fields.day = Some(value)),
            Some('点' | '时') => self.set(len + 1, |fields| fields.hour = Some(value)),
            Some('分') => self.set(len + 1, |fields| fields.minute = value),
            Some('秒') => self.set(len + 1, |fields| fields.second = value),
            Some(sep @ ('-' | '/' | '.')) if !dated && after > 0 && len <= 4 => {
                self.numeric(value, len, sep);
            }
            Some('-') if !dated && len == 4 && matches!(self.peek(5), Some('W' | 'w')) => {
                self.week(value);
            }
            _ if !dated && self.compact(value, len) => self.at += len,
            _ => {
                self.numbers.push((value, len));
                self.at += len;
            }
        }
    }

    fn set(&mut self, len: usize, change: impl FnOnce(&mut Fields)) {
        // "2012年 12 月 20": blanks around the units are skipped by `read`.
        change(&mut self.fields);
        self.at += len;
    }

    /// `hh:mm[:ss[.fraction]]`; digits before the hour are a day ("2911:30").
    fn time(&mut self, len: usize) {
        let split = len.saturating_sub(2);
        if split > 0 {
            let day = number(&self.chars[self.at..self.at + split]);
            if self.fields.month.is_some() && self.fields.day.is_none() {
                self.fields.day = Some(day);
            } else {
                self.numbers.push((day, split));
            }
        }
        self.fields.hour = Some(number(&self.chars[self.at + split..self.at + len]));
        self.at += len + 1;
        let minutes = self.run(self.at);
        let minutes = &minutes[..minutes.len().min(2)];
        self.fields.minute = number(minutes);
        self.at += minutes.len();
        if self.peek(0) == Some(':') && !self.run(self.at + 1).is_empty() {
            let seconds = self.run(self.at + 1);
            let seconds = &seconds[..seconds.len().min(2)];
            self.fields.second = number(seconds);
            self.at += 1 + seconds.len();
            if matches!(self.peek(0), Some('.' | ',' | ':')) {
                self.at += 1 + self.run(self.at + 1).len();
            }
        }
    }

    /// Three numbers or two with the same sign between them.
    fn numeric(&mut self, first: i64, len: usize, sep: char) {
        let second_at = self.at + len + 1;
        let second_run = self.run(second_at);
        let (second, second_len) = (number(second_run), second_run.len());
        let third_at = second_at + second_len + 1;
        let third_run = match self.chars.get(third_at - 1) {
            Some(c) if *c == sep => self.run(third_at),
            _ => &[],
        };
        // "2019-10-3012:30" and "2019-05-17T…": the day is two digits at most.
        let third_len = if len == 4 {
            third_run.len().min(2)
        } else {
            third_run.len().min(4)
        };
        let third = number(&third_run[..third_len]);
        let end = if third_len > 0 {
            third_at + third_len
        } else {
            second_at + second_len
        };
        let fields = &mut self.fields;
        if len == 4 {
            fields.year = Some(first);
            if third_len == 0 && second_len == 3 {
                fields.days = Some(civil::days(first, 1, 1) + second - 1);
            } else {
                fields.month = Some(second);
                fields.day = (third_len > 0).then_some(third);
            }
        } else if third_len == 0 {
            if sep == '.' && second_len == 1 && len == 1 {
                return;
            }
            (fields.month, fields.day) = (Some(first), Some(second));
        } else if sep == '-' && third_len <= 2 {
            fields.year = Some(century(first, len));
            (fields.month, fields.day) = (Some(second), Some(third));
        } else {
            fields.year = Some(century(third, third_len));
            let day_first = if sep == '/' { first > 12 } else { second <= 12 };
            (fields.day, fields.month) = if day_first {
                (Some(first), Some(second))
            } else {
                (Some(second), Some(first))
            };
        }
        self.at = end;
    }

    /// `2022-W27-3`.
    fn week(&mut self, year: i64) {
        let week_run = self.run(self.at + 6);
        let (week, len) = (number(week_run), week_run.len());
        let day = match self.chars.get(self.at + 6 + len) {
            Some('-') => number(self.run(self.at + 7 + len)),
            _ => 1,
        };
        self.at += 6 + len;
        if (1..=53).contains(&week) && (1..=7).contains(&day) {
            let fourth = civil::days(year, 1, 4);
            self.fields.days = Some(fourth - civil::weekday(fourth) + (week - 1) * 7 + day - 1);
            self.at = self.chars.len().min(self.at + 2);
        }
    }

    /// Dates without separators, by their length.
    fn compact(&mut self, value: i64, len: usize) -> bool {
        let alone = len == self.chars.len();
        let in_range = |value: i64| {
            (1..=12).contains(&(value / 100 % 100)) && (1..=31).contains(&(value % 100))
        };
        match len {
            8 if in_range(value) => self.fields.compact(value),
            12 if in_range(value / 10_000) => {
                self.fields.compact(value / 10_000);
                self.fields.hour = Some(value / 100 % 100);
                self.fields.minute = value % 100;
            }
            14 if in_range(value / 1_000_000) => {
                self.fields.compact(value / 1_000_000);
                self.fields.clock(value % 1_000_000);
            }
            4 if alone && (1900..2100).contains(&value) => self.fields.year = Some(value),
            13 if alone => self.fields.unix = Some(value / 1000),
            9 | 10 if alone => self.fields.unix = Some(value),
            _ => return false,
        }
        if len == 8 && matches!(self.peek(8), Some('T' | 't')) {
            let time = self.run(self.at + 9);
            if matches!(time.len(), 4 | 6) {
                let value = if time.len() == 4 {
                    number(time) * 100
                } else {
                    number(time)
                };
                let len = time.len();
                self.fields.clock(value);
                self.at += 1 + len;
            }
        }
        true
    }

    /// `+08:00`, `-0500`, `+8` after a time.
    fn offset(&mut self) {
        let sign = if self.chars[self.at] == '-' { -1 } else { 1 };
        let run = self.run(self.at + 1);
        let (len, value) = (run.len(), number(run));
        let minutes = if self.peek(1 + len) == Some(':') {
            self.run(self.at + 2 + len)
        } else {
            &[]
        };
        let offset = match len {
            1 | 2 => value * 3600 + number(minutes) * 60,
            3 | 4 => value / 100 * 3600 + value % 100 * 60,
            _ => return,
        };
        if offset <= 15 * 3600 && self.fields.zone.is_none_or(|zone| zone == 0) {
            let colon = if minutes.is_empty() {
                0
            } else {
                1 + minutes.len()
            };
            self.fields.zone = Some(sign * offset);
            self.at += 1 + len + colon;
        }
    }

    fn word(&mut self) {
        let rest = &self.chars[self.at..];
        let len = rest
            .iter()
            .take_while(|c| c.is_alphabetic() && !is_han(**c))
            .count();
        let word: String = rest[..len].iter().flat_map(|c| c.to_lowercase()).collect();
        self.at += len;
        match &*word {
            "am" => self.fields.afternoon = Some(false),
            "pm" => self.fields.afternoon = Some(true),
            "a" | "p" if self.peek(0) == Some('.') && matches!(self.peek(1), Some('m' | 'M')) => {
                self.fields.afternoon = Some(word == "p");
                self.at += 2;
            }
            "오전" => self.fields.afternoon = Some(false),
            "오후" => self.fields.afternoon = Some(true),
            _ => {
                if let Some(month) = month(&word).filter(|_| self.fields.month.is_none()) {
                    self.fields.month = Some(month);
                    self.fields.month_is_word = true;
                } else if self.fields.hour.is_some() && self.fields.zone.is_none() {
                    self.fields.zone = zone(&word);
                }
            }
        }
    }

    fn han(&mut self, today: i64) {
        let rest = &self.chars[self.at..];
        let fields = &mut self.fields;
        const DAYS: [(&str, i64); 10] = [
            ("大前天", -3),
            ("大后天", 3),
            ("前天", -2),
            ("昨天", -1),
            ("昨日", -1),
            ("今天", 0),
            ("今日", 0),
            ("明天", 1),
            ("明日", 1),
            ("后天", 2),
        ];
        if let Some((word, days)) = DAYS.iter().find(|(word, _)| starts(rest, word)) {
            if !fields.has_day() {
                fields.days = Some(today + days);
            }
            self.at += word.chars().count();
        } else if let Some(len) = first_of(rest, &["上午", "凌晨", "早上", "早晨", "清晨"])
        {
            fields.afternoon = Some(false);
            self.at += len;
        } else if let Some(len) = first_of(rest, &["下午", "晚上", "傍晚", "中午", "午后", "夜间"])
        {
            fields.afternoon = Some(true);
            self.at += len;
        } else if let Some(len) = first_of(rest, &["星期", "礼拜", "周"]) {
            let weekday = self
                .peek(len)
                .and_then(|c| "一二三四五六日天".chars().position(|day| day == c));
            if let Some(weekday) = weekday.and_then(|day| i64::try_from(day.min(6)).ok()) {
                let last_week = self.at > 0 && self.chars[self.at - 1] == '上';
                let back = (civil::weekday(today) - weekday).rem_euclid(7);
                let this_week = civil::weekday(today) - weekday;
                let back = if last_week { this_week + 7 } else { back };
                self.fields.weekday(today - back);
                self.at += len + 1;
            }
        } else if rest[0] == '半' && self.at > 0 && matches!(self.chars[self.at - 1], '点' | '时')
        {
            fields.minute = 30;
        }
    }
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Two-digit years: 90 to 99 are of the last century.
fn century(year: i64, len: usize) -> i64 {
    match len {
        1 | 2 if year < 90 => year + 2000,
        1 | 2 => year + 1900,
        _ => year,
    }
}

impl Fields {
    fn has_day(&self) -> bool {
        self.day.is_some() || self.days.is_some()
    }

    fn is_whole(&self) -> bool {
        self.has_day() && self.month.is_some() && self.year.is_some()
    }

    fn compact(&mut self, date: i64) {
        self.year = Some(date / 10_000);
        self.month = Some(date / 100 % 100);
        self.day = Some(date % 100);
    }

    fn clock(&mut self, time: i64) {
        self.hour = Some(time / 10_000);
        self.minute = time / 100 % 100;
        self.second = time % 100;
    }

    /// A weekday is a date only where nothing else is.
    fn weekday(&mut self, days: i64) {
        if !self.has_day() && self.month.is_none() {
            self.days = Some(days);
        }
    }

    /// Gives bare numbers their places beside a month that is a word.
    fn place(&mut self, numbers: &[(i64, usize)]) {
        if self.day.is_none() && self.month.is_some() && !self.month_is_word {
            // "2016年6月29": the unit was forgotten.
            self.day = numbers
                .first()
                .map(|(value, _)| *value)
                .filter(|day| (1..=31).contains(day));
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

    fn resolve(self, local: i64, utc_offset: i32) -> Option<Moment> {
        if let Some(timestamp) = self.unix {
            return Some(Moment {
                timestamp,
                day_only: false,
            });
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
        Some(Moment {
            timestamp,
            day_only: self.hour.is_none(),
        })
    }

    fn named_day(&self, today: i64) -> Option<i64> {
        let (this_year, this_month, _) = civil::date(today);
        if self.year.is_none() && self.month.is_none() {
            return None;
        }
        let month = self
            .month
            .unwrap_or(if self.year.is_some() { 1 } else { this_month });
        let day = self.day.unwrap_or(1);
        let mut year =
            self.year.map_or(
                this_year,
                |year| if year < 100 { century(year, 2) } else { year },
            );
        if !(1..=12).contains(&month) || !(1..=9999).contains(&year) {
            return None;
        }
        if self.year.is_none() && civil::days(year, month, day.min(28)) > today + 1 {
            year -= 1;
        }
        (1..=civil::days_in_month(year, month))
            .contains(&day)
            .then(|| civil::days(year, month, day))
    }
}

/// English names whole or cut to three letters, and those of feeds in French,
/// German, Spanish, Greek and Hungarian. Lower case.
fn month(word: &str) -> Option<i64> {
    let lower: String = word.chars().take(12).flat_map(char::to_lowercase).collect();
    const NAMES: [&[&str]; 12] = [
        &[
            "january", "janvier", "janv", "januar", "jän", "enero", "ene", "ιαν", "január",
        ],
        &[
            "february",
            "février",
            "févr",
            "fév",
            "februar",
            "febrero",
            "φεβ",
            "februári",
            "február",
        ],
        &[
            "march", "mars", "märz", "mär", "mrz", "marzo", "μάώ", "μαώ", "μάρ", "μαρ", "március",
        ],
        &["april", "avril", "avr", "abril", "abr", "απρ", "április"],
        &["may", "mai", "mayo", "μάι", "μαϊ", "μαι", "május"],
        &[
            "june", "juin", "juni", "junio", "ιούν", "ιον", "ιουν", "június",
        ],
        &[
            "july", "juillet", "juil", "juli", "julio", "ιούλ", "ιολ", "ιουλ", "július",
        ],
        &[
            "august",
            "août",
            "aout",
            "agosto",
            "ago",
            "αύγ",
            "αυγ",
            "augusztus",
        ],
        &[
            "september",
            "septembre",
            "sept",
            "septiembre",
            "σεπ",
            "szeptember",
        ],
        &[
            "october", "octobre", "oktober", "okt", "octubre", "οκτ", "október",
        ],
        &["november", "novembre", "noviembre", "νοέ", "νοε"],
        &[
            "december",
            "décembre",
            "déc",
            "dezember",
            "dez",
            "diciembre",
            "dic",
            "δεκ",
        ],
    ];
    let is_month = |names: &&[&str]| {
        names.contains(&&*lower)
            || (lower.len() >= 3 && lower.len() <= names[0].len() && names[0].starts_with(&*lower))
    };
    NAMES
        .iter()
        .position(is_month)
        .and_then(|at| i64::try_from(at + 1).ok())
}

/// Zone names of mail and feeds, in seconds. CST is the American one, as mail
/// has it; unknown names are nothing.
fn zone(name: &str) -> Option<i64> {
    let hours = match name {
        "z" | "gmt" | "utc" | "ut" | "wet" => 0,
        "adt" => -3,
        "ast" | "at" | "edt" => -4,
        "est" | "et" | "cdt" => -5,
        "cst" | "ct" | "mdt" => -6,
        "mst" | "mt" | "pdt" => -7,
        "pst" | "pt" => -8,
        "bst" | "cet" | "met" | "west" => 1,
        "cest" | "mest" | "eet" => 2,
        "eest" | "msk" => 3,
        "hkt" | "sgt" | "awst" => 8,
        "jst" | "kst" => 9,
        "aest" => 10,
        "aedt" => 11,
        "nzst" => 12,
        "nzdt" => 13,
        _ => return None,
    };
    Some(hours * 3600)
}

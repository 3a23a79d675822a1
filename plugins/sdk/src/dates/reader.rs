//! Walks over a text and collects what is clearly part of a date.

use super::fields::Fields;
use super::{first_of, number, starts};
use crate::civil;

pub(super) struct Reader<'a> {
    pub(super) chars: &'a [char],
    pub(super) at: usize,
    pub(super) fields: Fields,
    /// Bare numbers and their lengths, for dates with the month as a word.
    pub(super) numbers: Vec<(i64, usize)>,
}

impl<'a> Reader<'a> {
    pub(super) fn read(&mut self, today: i64) {
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
        let third_len = if len == 4 { third_run.len().min(2) } else { third_run.len().min(4) };
        let third = number(&third_run[..third_len]);
        let end = if third_len > 0 { third_at + third_len } else { second_at + second_len };
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
            (fields.day, fields.month) =
                if day_first { (Some(first), Some(second)) } else { (Some(second), Some(first)) };
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
        let in_range = |value: i64| (1..=12).contains(&(value / 100 % 100)) && (1..=31).contains(&(value % 100));
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
                let value = if time.len() == 4 { number(time) * 100 } else { number(time) };
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
        let minutes = if self.peek(1 + len) == Some(':') { self.run(self.at + 2 + len) } else { &[] };
        let offset = match len {
            1 | 2 => value * 3600 + number(minutes) * 60,
            3 | 4 => value / 100 * 3600 + value % 100 * 60,
            _ => return,
        };
        if offset <= 15 * 3600 && self.fields.zone.is_none_or(|zone| zone == 0) {
            let colon = if minutes.is_empty() { 0 } else { 1 + minutes.len() };
            self.fields.zone = Some(sign * offset);
            self.at += 1 + len + colon;
        }
    }

    fn word(&mut self) {
        let rest = &self.chars[self.at..];
        let len = rest.iter().take_while(|c| c.is_alphabetic() && !is_han(**c)).count();
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
        } else if let Some(len) = first_of(rest, &["上午", "凌晨", "早上", "早晨", "清晨"]) {
            fields.afternoon = Some(false);
            self.at += len;
        } else if let Some(len) = first_of(rest, &["下午", "晚上", "傍晚", "中午", "午后", "夜间"]) {
            fields.afternoon = Some(true);
            self.at += len;
        } else if let Some(len) = first_of(rest, &["星期", "礼拜", "周"]) {
            let weekday = self.peek(len).and_then(|c| "一二三四五六日天".chars().position(|day| day == c));
            if let Some(weekday) = weekday.and_then(|day| i64::try_from(day.min(6)).ok()) {
                let last_week = self.at > 0 && self.chars[self.at - 1] == '上';
                let back = (civil::weekday(today) - weekday).rem_euclid(7);
                let this_week = civil::weekday(today) - weekday;
                let back = if last_week { this_week + 7 } else { back };
                self.fields.weekday(today - back);
                self.at += len + 1;
            }
        } else if rest[0] == '半' && self.at > 0 && matches!(self.chars[self.at - 1], '点' | '时') {
            fields.minute = 30;
        }
    }
}

pub(super) fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Two-digit years: 90 to 99 are of the last century.
pub(super) fn century(year: i64, len: usize) -> i64 {
    match len {
        1 | 2 if year < 90 => year + 2000,
        1 | 2 => year + 1900,
        _ => year,
    }
}

/// English names whole or cut to three letters, and those of feeds in French,
/// German, Spanish, Greek and Hungarian. Lower case.
pub(super) fn month(word: &str) -> Option<i64> {
    let lower: String = word.chars().take(12).flat_map(char::to_lowercase).collect();
    const NAMES: [&[&str]; 12] = [
        &["january", "janvier", "janv", "januar", "jän", "enero", "ene", "ιαν", "január"],
        &["february", "février", "févr", "fév", "februar", "febrero", "φεβ", "februári", "február"],
        &["march", "mars", "märz", "mär", "mrz", "marzo", "μάώ", "μαώ", "μάρ", "μαρ", "március"],
        &["april", "avril", "avr", "abril", "abr", "απρ", "április"],
        &["may", "mai", "mayo", "μάι", "μαϊ", "μαι", "május"],
        &["june", "juin", "juni", "junio", "ιούν", "ιον", "ιουν", "június"],
        &["july", "juillet", "juil", "juli", "julio", "ιούλ", "ιολ", "ιουλ", "július"],
        &["august", "août", "aout", "agosto", "ago", "αύγ", "αυγ", "augusztus"],
        &["september", "septembre", "sept", "septiembre", "σεπ", "szeptember"],
        &["october", "octobre", "oktober", "okt", "octubre", "οκτ", "október"],
        &["november", "novembre", "noviembre", "νοέ", "νοε"],
        &["december", "décembre", "déc", "dezember", "dez", "diciembre", "dic", "δεκ"],
    ];
    let is_month = |names: &&[&str]| {
        names.contains(&&*lower) || (lower.len() >= 3 && lower.len() <= names[0].len() && names[0].starts_with(&*lower))
    };
    NAMES.iter().position(is_month).and_then(|at| i64::try_from(at + 1).ok())
}

/// Zone names of mail and feeds, in seconds. CST is the American one, as mail
/// has it; unknown names are nothing.
pub(super) fn zone(name: &str) -> Option<i64> {
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

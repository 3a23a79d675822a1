//! Dates, sources, authors and views as pages write them in words:
//! "发布时间：2026-03-09 12:00　来源：清河日报　作者：张三　浏览次数：32".

use caifeng_plugin_sdk::count;
use caifeng_plugin_sdk::dates::{self, Moment};

use crate::lines::Short;
use crate::words::BYLINE;

/// What a label says of the words after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    Published,
    Source,
    Author,
    Views,
    /// Known, so that it ends the words before it.
    Other,
}

const LABELS: [(&str, Label); 50] = [
    ("发布时间", Label::Published),
    ("发布日期", Label::Published),
    ("发表时间", Label::Published),
    ("发表日期", Label::Published),
    ("发文时间", Label::Published),
    ("发文日期", Label::Published),
    ("发稿时间", Label::Published),
    ("上传时间", Label::Published),
    ("录入时间", Label::Published),
    ("更新时间", Label::Published),
    ("时间", Label::Published),
    ("日期", Label::Published),
    ("信息来源", Label::Source),
    ("文章来源", Label::Source),
    ("稿件来源", Label::Source),
    ("新闻来源", Label::Source),
    ("内容来源", Label::Source),
    ("来源", Label::Source),
    ("稿源", Label::Source),
    ("供稿单位", Label::Source),
    ("发布机构", Label::Source),
    ("本文作者", Label::Author),
    ("文章作者", Label::Author),
    ("作者", Label::Author),
    ("撰稿人", Label::Author),
    ("撰稿", Label::Author),
    ("撰文", Label::Author),
    ("记者", Label::Author),
    ("浏览次数", Label::Views),
    ("浏览量", Label::Views),
    ("浏览数", Label::Views),
    ("阅读次数", Label::Views),
    ("阅读量", Label::Views),
    ("阅读数", Label::Views),
    ("访问次数", Label::Views),
    ("访问量", Label::Views),
    ("点击次数", Label::Views),
    ("点击数", Label::Views),
    ("点击量", Label::Views),
    ("点击率", Label::Views),
    ("点击", Label::Views),
    ("阅读", Label::Views),
    ("浏览", Label::Views),
    ("责任编辑", Label::Other),
    ("责编", Label::Other),
    ("编辑", Label::Other),
    ("审核", Label::Other),
    ("校对", Label::Other),
    ("字号", Label::Other),
    ("分享", Label::Other),
];

/// What the lines around an article say about it.
#[derive(Debug, Default)]
pub(crate) struct Byline {
    /// A date with a label that says so.
    pub(crate) labelled: Option<Moment>,
    /// Other dates with a year, in the order of the page.
    pub(crate) dates: Vec<Moment>,
    pub(crate) source: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) views: Option<u64>,
}

impl Byline {
    /// Reads some lines; `now` and `utc_offset` as for dates.
    pub(crate) fn of<'s>(lines: impl Iterator<Item = &'s Short>, now: i64, utc_offset: i32) -> Self {
        let mut byline = Self::default();
        for line in lines {
            byline.line(line, now, utc_offset);
        }
        byline
    }

    fn line(&mut self, line: &Short, now: i64, utc_offset: i32) {
        let text = closed_up(&line.text);
        let labels = labels(&text);
        for (at, (label, start)) in labels.iter().enumerate() {
            let end = labels.get(at + 1).map_or(text.len(), |(next, _)| next.begin);
            let value = text.get(*start..end).unwrap_or_default().trim();
            self.value(label.label, value, now, utc_offset);
        }
        let named = line.marks & BYLINE != 0;
        if let Some(date) = date(&text).or_else(|| english(&text)).filter(|_| named || text.chars().count() <= 120) {
            self.dates.extend(dates::parse(date, now, utc_offset));
        }
        if self.author.is_none() {
            self.author = written_by(&text);
        }
    }

    fn value(&mut self, label: Label, value: &str, now: i64, utc_offset: i32) {
        match label {
            Label::Published if self.labelled.is_none() => {
                // A label makes a date of "03-09 12:00" too.
                let bare = value.starts_with(|c: char| c.is_ascii_digit()).then_some(value);
                self.labelled = date(value).or(bare).and_then(|date| dates::parse(date, now, utc_offset));
            }
            Label::Source if self.source.is_none() => self.source = name(value, 30),
            Label::Author if self.author.is_none() => self.author = name(value, 24),
            Label::Views if self.views.is_none() && is_count(value) => {
                self.views = count::parse(value);
            }
            _ => {}
        }
    }
}

/// Whether a short line says when, by whom or from where, and nothing else.
pub(crate) fn is_byline(text: &str) -> bool {
    let closed = closed_up(text);
    let dated = date(&closed).or_else(|| english(&closed)).is_some() && text.chars().count() <= 70;
    dated || labels(&closed).iter().any(|(found, _)| found.begin < 60) || written_by(&closed).is_some()
}

/// A number at the start, and not that of a year.
fn is_count(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_digit()) && date(value).is_none_or(|date| !value.starts_with(date))
}

struct Found {
    label: Label,
    /// Where the label itself begins.
    begin: usize,
}

/// The labels of a line, each with where its value begins.
fn labels(text: &str) -> Vec<(Found, usize)> {
    let mut found: Vec<(Found, usize)> = Vec::new();
    for (colon, c) in text.char_indices().filter(|(_, c)| matches!(c, ':' | '：')) {
        let head = text[..colon].trim_end();
        let label = LABELS.iter().find(|(word, _)| head.ends_with(word));
        if let Some((word, label)) = label {
            found.push((Found { label: *label, begin: head.len() - word.len() }, colon + c.len_utf8()));
        }
    }
    found
}

/// Joins "来 源" and the like, and drops white space after colons.
fn closed_up(text: &str) -> String {
    let mut text = text.to_owned();
    for (apart, joined) in
        [("来 源", "来源"), ("作 者", "作者"), ("时 间", "时间"), ("日 期", "日期"), ("编 辑", "编辑")]
    {
        if text.contains(apart) {
            text = text.replace(apart, joined);
        }
    }
    text
}

/// A name at the start of a value: up to a blank, a bracket, a bar or a date.
fn name(value: &str, most: usize) -> Option<String> {
    let value =
        value.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '[' | '【' | '(' | '（' | '《' | '|'));
    let end = value
        .find(['|', '【', '】', '[', ']', ')', '）', '》', '，', ',', ';', '；', '。', '│', '丨'])
        .unwrap_or(value.len());
    let value = value[..end].trim();
    let value = date(value).and_then(|date| value.split(date).next()).unwrap_or(value).trim();
    let han = value.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
    let mut words = value.split_whitespace();
    let value = match words.next() {
        // "张三 李四" are two people, "清河日报 打印" is a name and a button.
        Some(first) if han => match words.next() {
            Some(second)
                if first.chars().count() <= 4
                    && (2..=3).contains(&second.chars().count())
                    && most < 30
                    && !is_button(second) =>
            {
                format!("{first} {second}")
            }
            _ => first.to_owned(),
        },
        Some(_) => value.to_owned(),
        None => return None,
    };
    let len = value.chars().count();
    ((1..=most).contains(&len) && value.chars().any(char::is_alphabetic)).then_some(value)
}

/// The name of an author, standing alone.
pub(crate) fn person(text: &str) -> Option<String> {
    let text = text.strip_prefix("By ").or_else(|| text.strip_prefix("by ")).unwrap_or(text);
    let text = text.strip_prefix("作者").unwrap_or(text).trim_start_matches([':', '：', ' ']);
    let named =
        text.chars().count() <= 24 && !text.contains(|c: char| c.is_ascii_digit() || matches!(c, ':' | '：' | '@'));
    if named { name(text, 24) } else { None }
}

fn is_button(word: &str) -> bool {
    ["打印", "关闭", "分享", "收藏", "评论", "字体", "大", "中", "小"].contains(&word)
}

/// "By Jane Doe", "文/张三", "文 | 张三".
fn written_by(text: &str) -> Option<String> {
    if text.chars().count() > 60 {
        return None;
    }
    if let Some(rest) = text.strip_prefix("By ").or_else(|| text.strip_prefix("by ")) {
        let end = rest.find(['|', ',', '•', '·', '(', '—']).unwrap_or(rest.len());
        let name = rest[..end].trim();
        let words = name.split_whitespace().count();
        let named = name.split_whitespace().all(|word| word.starts_with(char::is_uppercase) || word.len() <= 3);
        let named = named && name.starts_with(char::is_uppercase);
        return ((1..=5).contains(&words) && named && !name.contains("by ") && !name.contains(char::is_numeric))
            .then(|| name.to_owned());
    }
    let rest = text.strip_prefix('文')?.trim_start();
    let rest = rest.strip_prefix(['/', '|', '｜', '／', '丨'])?;
    name(rest, 24)
}

/// The first date with a year in figures, up to its time and zone: "2026-03-09 12:00:00",
/// "2026年3月9日12时", "2026/3/9".
pub(crate) fn date(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    for (at, window) in bytes.windows(4).enumerate() {
        let year = matches!(window, [b'1', b'9', ..] | [b'2', b'0', ..]) && window.iter().all(u8::is_ascii_digit);
        if !year || (at > 0 && bytes[at - 1].is_ascii_digit()) {
            continue;
        }
        let rest = &text[at + 4..];
        if is_month_and_day(rest) {
            let end = rest.find(|c: char| !in_date(c)).unwrap_or(rest.len());
            return Some(text[at..at + 4 + end].trim_end());
        }
    }
    None
}

/// "-03-09", "年3月9日", "/3/9", ". 3. 9" and "0309".
fn is_month_and_day(rest: &str) -> bool {
    let separated = |rest: &str| {
        let rest = rest.trim_start();
        let cut = rest.strip_prefix(['-', '/', '.', '年', '月', '－', '—', '–'])?.trim_start().to_owned();
        let digits = cut.bytes().take_while(u8::is_ascii_digit).count();
        (1..=2).contains(&digits).then(|| cut[digits..].to_owned())
    };
    separated(&rest[..floor(rest, 24)]).and_then(|rest| separated(&rest)).is_some()
}

fn floor(text: &str, len: usize) -> usize {
    let mut len = len.min(text.len());
    while !text.is_char_boundary(len) {
        len -= 1;
    }
    len
}

fn in_date(c: char) -> bool {
    c.is_ascii_digit()
        || matches!(
            c,
            '-' | '/'
                | '.'
                | ':'
                | '：'
                | ' '
                | 'T'
                | 'Z'
                | '+'
                | '年'
                | '月'
                | '日'
                | '时'
                | '分'
                | '秒'
                | '点'
                | '上'
                | '下'
                | '午'
                | '－'
        )
}

/// A short line with an English month and a year.
fn english(text: &str) -> Option<&str> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    if text.len() > 100 {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let year = lower.as_bytes().windows(4).any(|four| four.starts_with(b"20") && four.iter().all(u8::is_ascii_digit));
    let month =
        lower.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word.len() >= 3 && MONTHS.contains(&&word[..3]));
    (year && month).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tag::Tag;

    fn read(text: &str) -> Byline {
        let line = Short { text: text.to_owned(), marks: 0, tag: Tag::Div };
        Byline::of([line].iter(), 1_773_000_000, 8 * 3600)
    }

    #[test]
    fn reads_what_pages_write_above_an_article() {
        let byline = read("发布时间：2026-03-01 12:00 来源：清河日报 作者： 张三 责任编辑：李四 浏览次数：1,032 次");
        assert_eq!(byline.labelled.map(|moment| moment.timestamp), Some(1_772_337_600));
        assert_eq!(byline.source.as_deref(), Some("清河日报"));
        assert_eq!(byline.author.as_deref(), Some("张三"));
        assert_eq!(byline.views, Some(1_032));
    }

    #[test]
    fn an_editor_is_no_author_and_a_blank_no_name() {
        let byline = read("责任编辑：李四 来源： 浏览次数： 2026年3月1日");
        assert_eq!((byline.author, byline.source, byline.views), (None, None, None));
        assert_eq!(byline.dates.len(), 1);
    }

    #[test]
    fn finds_authors_in_other_words() {
        assert_eq!(read("By Jane van Doe | 3 March 2026").author.as_deref(), Some("Jane van Doe"));
        assert_eq!(read("文/张三").author.as_deref(), Some("张三"));
        assert_eq!(read("By the way, prices rose in many of the towns").author, None);
    }

    #[test]
    fn cuts_dates_out_of_a_line() {
        assert_eq!(date("编号20261234 2026年3月9日 08:30 来源"), Some("2026年3月9日 08:30"));
        assert_eq!(date("2026-03-09T08:30:00+08:00"), Some("2026-03-09T08:30:00+08:00"));
        assert_eq!(date("共2026条"), None);
    }
}

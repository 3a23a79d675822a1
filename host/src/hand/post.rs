//! A row becomes a post, or says which of its cells is wrong and what to write.

use caifeng_plugin_host::contract::{Author, Kind, Post, Reactions, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use url::Url;

use super::columns::Field;
use super::submit::{clip, digest};
use crate::crawl::{MAX_TEXT, MAX_TITLE};

/// The cells of a row that mean something, each field once.
pub type Cells = Vec<(Field, String)>;

/// Why a row is not taken: which cell, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Which cell; `None` when it is the row as a whole.
    pub field: Option<Field>,
    /// What is wrong and what to write.
    pub message: String,
}

/// A post with the site that it is kept under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Second part of the post's key: the column, else the host of the address.
    pub site: String,
    /// The post.
    pub post: Post,
}

/// Longest short text (a site, a source, a name), in bytes.
const SHORT: usize = 200;

/// Makes a post of a row; `zone` is that of times that name none.
///
/// # Errors
/// The first cell that cannot be understood.
pub fn post(cells: &Cells, zone: &TimeZone) -> Result<Placed, Unfit> {
    let unfit = |field: Option<Field>, message: String| Unfit { field, message };
    for (field, text) in cells {
        if text.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            let message = "holds bytes that are no text: save the file as UTF-8".to_owned();
            return Err(unfit(Some(*field), message));
        }
    }
    let cell = |wanted: Field| cells.iter().find(|(field, _)| *field == wanted).map(|(_, text)| text.trim());
    let cell = |wanted: Field| cell(wanted).filter(|text| !text.is_empty());
    let (title, text) = (cell(Field::Title), cell(Field::Text));
    if title.is_none() && text.is_none() {
        return Err(unfit(Some(Field::Text), "neither a title nor a text: write what was said".to_owned()));
    }
    let url = cell(Field::Url).map(address).transpose().map_err(|message| unfit(Some(Field::Url), message))?;
    let published = cell(Field::Published).map(|text| moment(text, zone)).transpose();
    let published = published.map_err(|message| unfit(Some(Field::Published), message))?;
    let kind = cell(Field::Kind).map(kind).transpose().map_err(|message| unfit(Some(Field::Kind), message))?;
    let count = |field| {
        let number = cell(field).map(count).transpose();
        number.map_err(|message| unfit(Some(field), message))
    };
    let reactions = Reactions {
        views: count(Field::Views)?,
        likes: count(Field::Likes)?,
        replies: count(Field::Replies)?,
        shares: count(Field::Shares)?,
    };
    let title = title.map(|title| clip(title, MAX_TITLE));
    let text = clip(text.unwrap_or_default(), MAX_TEXT);
    let own = cell(Field::Id).map(|id| clip(id, SHORT));
    let address = url.as_ref().map_or("", Url::as_str);
    let id = own.unwrap_or_else(|| match address {
        "" => {
            let when = cell(Field::Published).unwrap_or_default();
            digest(&[title.as_deref().unwrap_or_default(), &text, when])
        }
        long if long.len() > 500 => digest(&[long]),
        url => url.to_owned(),
    });
    let host = url.as_ref().and_then(Url::host_str);
    let site = cell(Field::Site).or(host).unwrap_or(super::IMPORTED);
    let author = cell(Field::Author).map(|name| Author { id: String::new(), name: clip(name, SHORT) });
    let (published, day_only) = published.unzip();
    let post = Post {
        id,
        kind: kind.unwrap_or(if url.is_some() && title.is_some() { Kind::Article } else { Kind::Post }),
        url: address.to_owned(),
        parent: None,
        author,
        publisher: cell(Field::Source).map(|source| clip(source, SHORT)),
        title,
        text,
        language: None,
        published,
        day_only: day_only.unwrap_or_default(),
        edited: None,
        reactions,
        media: Vec::new(),
        extra: Vec::new(),
    };
    Ok(Placed { site: clip(site, SHORT), post })
}

fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or("not a web address: write it with http:// or https://")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address holds no user name and no password: leave them out".to_owned());
    }
    Ok(url)
}

fn kind(text: &str) -> Result<Kind, String> {
    match text.to_lowercase().as_str() {
        "article" | "news" | "文章" | "新闻" | "报道" | "资讯" | "公众号" => Ok(Kind::Article),
        "post" | "帖子" | "主帖" | "主贴" | "贴子" | "微博" | "原创" | "视频" | "短视频" | "论坛" => {
            Ok(Kind::Post)
        }
        "comment" | "reply" | "评论" | "回复" | "跟帖" | "跟贴" => Ok(Kind::Comment),
        "repost" | "转发" | "转载" => Ok(Kind::Repost),
        _ => Err("unknown kind: write 文章 (article), 帖子 (post), 评论 (comment) or 转发 (repost)".to_owned()),
    }
}

/// `1234`, `1,234`, `1.2万`, `10万+`, `3亿`.
fn count(text: &str) -> Result<u64, String> {
    let wrong = || "not a number: write digits, such as 1200 or 1.2万".to_owned();
    let bare: String = text.chars().filter(|c| !matches!(c, ',' | '，' | '+' | ' ')).collect();
    let (number, factor) = match bare.strip_suffix(['万', 'w', 'W']) {
        Some(number) => (number, 1e4),
        None => bare.strip_suffix('亿').map_or((bare.as_str(), 1.0), |number| (number, 1e8)),
    };
    let digits = number.len() <= 18 && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: f64 = number.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "digits only: finite and not negative")]
    Ok((number * factor).round() as u64)
}

/// A time as tables write it, and whether it is only a day.
///
/// RFC 3339; `2026-03-01 12:00:05`, with `/`, `.` or `年月日` and with or without a time of day; seconds or
/// milliseconds since 1970.
fn moment(text: &str, zone: &TimeZone) -> Result<(Timestamp, bool), String> {
    let wrong = || "not a time: write 2026-03-01 12:00".to_owned();
    if text.len() > 64 {
        return Err(wrong());
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok((at.as_second(), false));
    }
    if text.len() >= 9 && text.bytes().all(|b| b.is_ascii_digit()) {
        let number: i64 = text.parse().map_err(|_| wrong())?;
        let seconds = if text.len() >= 12 { number / 1_000 } else { number };
        return jiff::Timestamp::from_second(seconds).map(|at| (at.as_second(), false)).map_err(|_| wrong());
    }
    let parts = |c: char| {
        matches!(c, '-' | '/' | '.' | ':' | '：' | ' ' | 'T' | '年' | '月' | '日' | '时' | '分' | '秒' | '\u{3000}')
    };
    let numbers: Result<Vec<i64>, _> = text.split(parts).filter(|part| !part.is_empty()).map(str::parse).collect();
    let numbers = numbers.ok().filter(|numbers| (3..=7).contains(&numbers.len())).ok_or_else(wrong)?;
    let part = |n: usize| numbers.get(n).copied().unwrap_or_default();
    let small = |n: usize| i8::try_from(part(n)).map_err(|_| wrong());
    let year = i16::try_from(part(0)).ok().filter(|year| (1970..=2200).contains(year)).ok_or_else(wrong)?;
    let civil = DateTime::new(year, small(1)?, small(2)?, small(3)?, small(4)?, small(5)?, 0).map_err(|_| wrong())?;
    let at = civil.to_zoned(zone.clone()).map_err(|_| wrong())?;
    Ok((at.timestamp().as_second(), numbers.len() == 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    fn row(cells: &[(Field, &str)]) -> Result<Placed, Unfit> {
        post(&cells.iter().map(|(field, text)| (*field, (*text).to_owned())).collect(), &shanghai())
    }

    #[test]
    fn times_are_read_as_tables_write_them() {
        let noon = 1_772_337_600; // 2026-03-01T04:00:00Z
        for text in [
            "2026-03-01 12:00:00",
            "2026/3/1 12:00",
            "2026年3月1日 12时0分",
            "2026.03.01 12：00",
            "2026-03-01T12:00:00+08:00",
            "2026-03-01T04:00:00Z",
            "1772337600",
            "1772337600000",
        ] {
            assert_eq!(moment(text, &shanghai()), Ok((noon, false)), "{text}");
        }
        assert_eq!(moment("2026年3月1日", &shanghai()), Ok((noon - 12 * 3600, true)));
        for text in ["昨天", "2026-13-01", "2026-02-30", "12:00", "1-2-3-4-5-6-7-8", "", &"9".repeat(63)] {
            assert!(moment(text, &shanghai()).is_err(), "{text}");
        }
    }

    #[test]
    fn counts_are_read_as_people_write_them() {
        let read = |text: &str| count(text).ok();
        assert_eq!(
            ["1234", "1,234", "1.2万", "10万+", "3亿"].map(read),
            [Some(1234), Some(1234), Some(12_000), Some(100_000), Some(300_000_000)]
        );
        assert_eq!(["-1", "many", "1e300", "inf", "", "."].map(read), [None; 6]);
    }

    #[test]
    fn the_same_row_is_the_same_post_and_another_another() {
        let letter = [(Field::Title, "路灯坏了"), (Field::Text, "半个月"), (Field::Published, "2026-03-01")];
        let one = row(&letter).unwrap();
        assert_eq!(one, row(&letter).unwrap());
        assert_eq!((one.site.as_str(), one.post.kind, one.post.day_only), ("import", Kind::Post, true));
        assert_ne!(one.post.id, row(&letter[..2]).unwrap().post.id);
        let linked =
            row(&[(Field::Title, "路灯"), (Field::Url, "https://bbs.qinghe.example/t/1"), (Field::Author, "张三")])
                .unwrap();
        assert_eq!(
            (linked.site.as_str(), linked.post.id.as_str()),
            ("bbs.qinghe.example", "https://bbs.qinghe.example/t/1")
        );
    }

    #[test]
    fn the_cell_that_is_wrong_is_named() {
        let field = |cells: &[(Field, &str)]| row(cells).unwrap_err().field;
        assert_eq!(field(&[(Field::Author, "张三")]), Some(Field::Text));
        assert_eq!(field(&[(Field::Text, "水"), (Field::Url, "qinghe.example")]), Some(Field::Url));
        assert_eq!(field(&[(Field::Text, "水"), (Field::Url, "javascript:alert(1)")]), Some(Field::Url));
        assert_eq!(field(&[(Field::Text, "水"), (Field::Published, "昨天")]), Some(Field::Published));
        assert_eq!(field(&[(Field::Text, "水"), (Field::Kind, "谣言")]), Some(Field::Kind));
        assert_eq!(field(&[(Field::Text, "水"), (Field::Likes, "很多")]), Some(Field::Likes));
        assert_eq!(field(&[(Field::Text, "水\0")]), Some(Field::Text));
        let secret = row(&[(Field::Text, "水"), (Field::Url, "https://u:hunter2@a.example/")]).unwrap_err();
        assert!(!secret.message.contains("hunter2"));
    }

    #[test]
    fn what_is_too_long_is_cut_and_not_refused() {
        let long = "水".repeat(MAX_TEXT);
        let placed = row(&[(Field::Title, &long), (Field::Text, &long), (Field::Site, &long)]).unwrap();
        assert!(placed.post.text.len() <= MAX_TEXT && placed.site.len() <= SHORT);
        assert!(placed.post.title.unwrap().len() <= MAX_TITLE);
    }
}

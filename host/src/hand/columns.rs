//! What the columns of a table mean, by the names that people give them.
//!
//! Tables come from other systems, from colleagues and from suppliers; what they call a
//! column differs, so a column is known by any of the names here, in Chinese or
//! English, without regard to case, spaces and what stands in brackets. A column that is not
//! known is named in the preview and left out; nothing is guessed from what cells hold.

use serde::{Deserialize, Serialize};

use crate::config::suggest::{did_you_mean, listed};

/// Most columns that a table may have.
pub const MOST: usize = 1_000;

/// What a cell is to a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// Headline.
    Title,
    /// What was said.
    Text,
    /// Where it can be read.
    Url,
    /// When it was published.
    Published,
    /// Who carried it.
    Source,
    /// Who wrote it; becomes a pseudonym.
    Author,
    /// The site or platform.
    Site,
    /// Article, post, comment or repost.
    Kind,
    /// The site's own number of it.
    Id,
    /// Times read.
    Views,
    /// Times liked.
    Likes,
    /// Answers and comments.
    Replies,
    /// Times passed on.
    Shares,
}

/// The names of each field; the first two are what messages tell people to write.
const NAMES: [(Field, &[&str]); 13] = [
    (Field::Title, &["标题", "title", "题目", "主题", "新闻标题", "帖子标题", "headline", "subject"]),
    (Field::Text, &["正文", "text", "内容", "全文", "正文内容", "摘要", "content", "body", "description", "summary"]),
    (Field::Url, &["链接", "url", "网址", "原文链接", "地址", "链接地址", "原文地址", "link", "href", "address"]),
    (
        Field::Published,
        &[
            "时间",
            "published",
            "发布时间",
            "日期",
            "发布日期",
            "发表时间",
            "发文时间",
            "date",
            "time",
            "pubdate",
            "publishedat",
            "createdat",
        ],
    ),
    (Field::Source, &["来源", "source", "媒体", "媒体名称", "来源媒体", "publisher", "media"]),
    (
        Field::Author,
        &["作者", "author", "发布者", "发布人", "用户", "用户名", "昵称", "博主", "账号", "user", "username"],
    ),
    (Field::Site, &["平台", "site", "网站", "站点", "网站名称", "渠道", "platform", "channel"]),
    (Field::Kind, &["类型", "kind", "信息类型", "文章类型", "type"]),
    (Field::Id, &["编号", "id", "序列号", "postid"]),
    (Field::Views, &["阅读", "views", "阅读数", "阅读量", "浏览量", "点击量", "播放量", "reads"]),
    (Field::Likes, &["点赞", "likes", "点赞数", "点赞量"]),
    (Field::Replies, &["评论", "replies", "评论数", "评论量", "回复数", "comments"]),
    (Field::Shares, &["转发", "shares", "转发数", "转发量", "reposts"]),
];

impl Field {
    /// What messages call it: `标题 (title)`.
    #[must_use]
    pub fn name(self) -> String {
        let names = NAMES.iter().find(|(field, _)| *field == self).map_or(&[][..], |(_, names)| names);
        format!("{} ({})", names.first().unwrap_or(&""), names.get(1).unwrap_or(&""))
    }

    /// The field of this name, if there is one.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        // A cell of a megabyte is no name.
        let name = plain(name.get(..200).unwrap_or(name).trim());
        NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(field, _)| *field)
    }
}

/// A name without case, spaces, joints and what stands in brackets.
fn plain(name: &str) -> String {
    let bare = name.split(['(', '（', '[', '【']).next().unwrap_or(name);
    let kept = bare.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | ':' | '：' | '*' | '\u{feff}'));
    kept.flat_map(char::to_lowercase).collect()
}

/// What each column of a table means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    names: Vec<String>,
    fields: Vec<Option<Field>>,
}

impl Columns {
    /// Reads a header.
    ///
    /// # Errors
    /// When no column can hold what was said, or there are too many; in words.
    pub fn of<S: AsRef<str>>(header: &[S]) -> Result<Self, String> {
        if header.len() > MOST {
            return Err(format!("{} columns, at most {MOST}: leave out those that are not needed", header.len()));
        }
        let mut fields: Vec<Option<Field>> = Vec::with_capacity(header.len());
        for name in header {
            // Of two columns of one meaning the first counts.
            let field = Field::of(name.as_ref()).filter(|field| !fields.contains(&Some(*field)));
            fields.push(field);
        }
        let names: Vec<String> = header.iter().map(|name| shown(name.as_ref())).collect();
        if !fields.iter().any(|field| matches!(field, Some(Field::Title | Field::Text))) {
            let known = NAMES.iter().flat_map(|(_, names)| names.iter().copied());
            let hint = names.iter().map(|name| did_you_mean(name, known.clone())).find(|hint| !hint.is_empty());
            let found = listed(names.iter().map(String::as_str));
            let hint = hint.unwrap_or_default();
            return Err(format!(
                "no column is called 标题 (title) or 正文 (text){hint}; write the names into the first row (found: {found})"
            ));
        }
        Ok(Self { names, fields })
    }

    /// What the column with this number means.
    #[must_use]
    pub fn field(&self, column: usize) -> Option<Field> {
        self.fields.get(column).copied().flatten()
    }

    /// Number of columns.
    #[must_use]
    pub fn count(&self) -> usize {
        self.fields.len()
    }

    /// Each column with what it means.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Field>)> {
        self.names.iter().map(String::as_str).zip(self.fields.iter().copied())
    }
}

/// A name as messages show it.
fn shown(name: &str) -> String {
    name.trim().chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_their_chinese_and_english_names() {
        let header = [
            "序号",
            "标题",
            " 正文内容 ",
            "原文链接",
            "发布时间（北京时间）",
            "Published At",
            "来源媒体",
            "作者",
            "平台",
        ];
        let columns = Columns::of(&header).unwrap();
        let fields: Vec<_> = columns.iter().map(|(_, field)| field).collect();
        assert_eq!(
            fields,
            [
                None,
                Some(Field::Title),
                Some(Field::Text),
                Some(Field::Url),
                Some(Field::Published),
                None,
                Some(Field::Source),
                Some(Field::Author),
                Some(Field::Site)
            ],
            "of two times the first counts"
        );
    }

    #[test]
    fn every_name_means_one_field() {
        let mut met = std::collections::HashSet::new();
        for (field, names) in NAMES {
            for name in names {
                assert_eq!(Field::of(name), Some(field), "{name}");
                assert!(met.insert(*name), "{name} twice");
            }
        }
    }

    #[test]
    fn a_table_without_text_says_what_to_write() {
        let error = Columns::of(&["编号", "Titel"]).unwrap_err();
        assert!(error.contains("标题 (title)") && error.contains("did you mean `title`"), "{error}");
        assert!(Columns::of::<&str>(&[]).is_err());
        assert!(Columns::of(&vec!["title"; MOST + 1]).unwrap_err().contains("columns"));
    }
}

//! How answers are given: their forms, their channels, and who stands behind them.

use serde::{Deserialize, Serialize};

use super::level::Weight;
use super::words::{Roles, Words};
use crate::incident::Category;

/// The forms of an official answer (P18, P3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// 发帖.
    Post,
    /// 跟帖.
    Comment,
    /// 评论文章.
    Article,
    /// A statement through media: 情况通报, a press conference.
    Statement,
}

impl Form {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Post, Self::Comment, Self::Article, Self::Statement];

    /// The name that plans, events and the command line use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Article => "article",
            Self::Statement => "statement",
        }
    }

    /// The form of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == name)
    }
}

/// Where answers are published, and what fits there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// What commands call it.
    pub id: String,
    /// What people call it.
    pub name: Words,
    /// The forms that it carries.
    pub form: Vec<Form>,
    /// The most characters that it takes; without end when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// What is pasted there.
    #[serde(default, skip_serializing_if = "Markup::is_text")]
    pub markup: Markup,
}

/// What is pasted on a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Markup {
    /// Plain text.
    #[default]
    Text,
    /// A page.
    Html,
}

impl Markup {
    /// Plain text, which a plan need not say.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text)
    }
}

/// Who stands behind an answer; the first rule that fits it holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// For incidents of these categories; all when left out.
    #[serde(default)]
    pub category: Vec<Category>,
    /// Of these levels.
    #[serde(default)]
    pub level: Weight,
    /// For answers of these forms; all when left out.
    #[serde(default)]
    pub form: Vec<Form>,
    /// Who may review; never the author.
    pub review: Roles,
    /// Who may approve; never the author.
    pub approve: Roles,
    /// The least number of different people among author, reviewer and approver: two or three.
    #[serde(default = "two")]
    pub people: u8,
}

const fn two() -> u8 {
    2
}

impl Approval {
    /// Whether the rule holds for an answer.
    #[must_use]
    pub fn is_for(&self, category: Category, major: bool, form: Form) -> bool {
        (self.category.is_empty() || self.category.contains(&category))
            && self.level.fits(major)
            && (self.form.is_empty() || self.form.contains(&form))
    }

    /// It holds for every answer.
    #[must_use]
    pub fn is_general(&self) -> bool {
        self.category.is_empty() && self.level == Weight::Any && self.form.is_empty()
    }
}

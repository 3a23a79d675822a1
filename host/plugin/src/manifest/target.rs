//! What a watch may observe.

use super::pattern::Pattern;
use serde::{Deserialize, Serialize};

/// Which of the four things a watch observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A search phrase.
    Keyword,
    /// An account of an organisation.
    Account,
    /// The address of a page that lists posts.
    Listing,
    /// The address of one post.
    Item,
}

/// `[[target]]`: one kind of thing that a watch may observe.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRule {
    /// Which kind.
    pub kind: TargetKind,
    /// What the operator's text must look like. For an account, the first
    /// capture group is the identifier that the plugin is given.
    #[serde(default)]
    pub r#match: Option<Pattern>,
    /// Shown where a watch is added; fits `match`.
    pub example: String,
}

impl TargetRule {
    pub(super) fn capture(&self, text: &str) -> Option<String> {
        let Some(pattern) = &self.r#match else {
            return Some(text.to_owned());
        };
        let found = pattern.0.captures(text)?;
        let part = found.get(1).or_else(|| found.get(0))?;
        Some(part.as_str().to_owned())
    }
}

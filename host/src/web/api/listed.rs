//! What lists have in common: how many, from where on, and what comes back.

use std::borrow::Cow;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// How many items a list shows at most.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u16")]
pub(super) struct Limit(u16);

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 })
    }
}

impl Limit {
    pub(super) fn items(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u16> for Limit {
    type Error = &'static str;

    fn try_from(n: u16) -> Result<Self, Self::Error> {
        if (1..=200).contains(&n) { Ok(Self(n)) } else { Err("between 1 and 200") }
    }
}

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Part<T> {
    /// What there is, in the order of the list.
    pub(super) items: Vec<T>,
    /// What `cursor` is to be for the next part; nothing when this is the last.
    pub(super) next: Option<String>,
}

impl<T> Part<T> {
    /// Everything there is, where that is never much.
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// What comes after `cursor` in the order of the keys, no two of which are the same.
    pub(super) fn sorted<K: Ord + FromStr + ToString>(
        mut items: Vec<T>,
        limit: Limit,
        cursor: Option<&str>,
        key: impl Fn(&T) -> K,
    ) -> Result<Self, Problem> {
        let after: Option<K> = cursor.map(|text| text.parse().map_err(|_| strange())).transpose()?;
        items.retain(|item| after.as_ref().is_none_or(|after| key(item) > *after));
        items.sort_by_key(&key);
        Ok(Self::of(items, limit, |item| key(item).to_string()))
    }

    /// The first `limit` of `items`, of which one more was read if there is one; `cursor` says where the next part begins.
    pub(super) fn of(mut items: Vec<T>, limit: Limit, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit.items();
        items.truncate(limit.items());
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}

/// A cursor that came from nowhere.
pub(super) fn strange() -> Problem {
    Problem::Unfit("cursor: take it from `next` of the part before".to_owned())
}

/// Nothing: no parameter, or an empty body.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A number in the path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Numbered {
    /// Its number.
    pub(super) id: i64,
}

/// A name in the path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    /// Its name.
    pub(super) id: String,
}

/// A part of a whole list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Paged {
    /// At most so many.
    #[serde(default)]
    pub(super) limit: Limit,
    /// Where the part before ended.
    pub(super) cursor: Option<String>,
}

/// A part of the list of one thing of a number.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberedPart {
    /// Its number.
    pub(super) id: i64,
    /// At most so many.
    #[serde(default)]
    pub(super) limit: Limit,
    /// Where the part before ended.
    pub(super) cursor: Option<String>,
}

/// A part of a list of one incident, or of all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfIncident {
    /// Only of this incident.
    pub(super) incident: Option<i64>,
    /// At most so many.
    #[serde(default)]
    pub(super) limit: Limit,
    /// Where the part before ended.
    pub(super) cursor: Option<String>,
}

//! What lists have in common: how many, from where on, and what comes back.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

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
    /// Everything there is.
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// The first `limit` of `items`, of which one more was read if there is one; `cursor` says where the next part begins.
    pub(super) fn of(mut items: Vec<T>, limit: Limit, cursor: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit.items();
        items.truncate(limit.items());
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
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

/// A list of one incident, or of all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfIncident {
    /// Only of this incident.
    pub(super) incident: Option<i64>,
}

//! The shapes in which Weibo's three faces answer.
//!
//! Shapes, not addresses, say what an answer holds: addresses have changed more
//! often than envelopes, and a recording may have another address altogether.

use caifeng_plugin_sdk::json::{self, Value};

use crate::status;

/// What an answer holds, by its shape.
pub(crate) enum Shape<'a> {
    /// Cards of the mobile web: a search or a timeline.
    Cards(&'a Value),
    /// A list of posts, and the name that it stands under.
    Posts(&'a [Value], &'static str),
    /// A list of comments.
    Comments(Vec<&'a Value>),
    /// A list that is empty: of either.
    Empty,
    /// One post.
    Post(&'a Value),
    /// The full text of a post, without the post.
    Long(&'a Value),
    /// No text longer than the one that a list shows.
    NoLonger,
    /// An account and nothing that it said.
    Account,
}

impl<'a> Shape<'a> {
    /// The shape of an answer; nothing if it is none that this plugin knows.
    pub(crate) fn of(answer: &'a Value) -> Option<Self> {
        let data = answer.get("data").unwrap_or(&Value::Null);
        if let Some(text) = data.get("longTextContent") {
            let nothing = text.as_str().is_some_and(|text| text.trim().is_empty());
            return Some(if nothing { Self::NoLonger } else { Self::Long(data) });
        }
        if data.as_object().is_some_and(serde_json::Map::is_empty) && answer.get("http_code").is_some() {
            return Some(Self::NoLonger);
        }
        if data.get("cards").is_some_and(Value::is_array) {
            return Some(Self::Cards(data));
        }
        let outer = ["statuses", "comments", "reposts", "data"].map(|name| (answer, name));
        let inner = ["list", "data", "statuses"].map(|name| (data, name));
        let list = |(value, name): (&'a Value, _)| Some((value.get(name)?.as_array()?, name));
        if let Some((list, name)) = outer.into_iter().chain(inner).find_map(list) {
            return Some(Self::list(list, name, data));
        }
        if data.get("userInfo").is_some() {
            return Some(Self::Account);
        }
        let texts = |value: &Value| value.get("text").is_some() || value.get("text_raw").is_some();
        [data, answer].into_iter().find(|value| texts(value) && status::is_status(value)).map(Self::Post)
    }

    fn list(list: &'a [Value], name: &'static str, data: &'a Value) -> Self {
        if list.iter().any(status::is_status) {
            return Self::Posts(list, name);
        }
        // Older answers give the comments most liked beside the newest.
        let all: Vec<&Value> = json::list(data, "hot_data").iter().chain(list).collect();
        if all.is_empty() { Self::Empty } else { Self::Comments(all) }
    }

    /// Whether the step that was asked is answered in this shape.
    pub(crate) fn answers(&self, step: &str) -> bool {
        matches!(
            (step, self),
            ("search", Self::Cards(_))
                | ("timeline", Self::Cards(_) | Self::Posts(_, "statuses" | "list") | Self::Empty)
                | ("comments", Self::Comments(_) | Self::Empty)
                | ("reposts", Self::Posts(_, "reposts" | "data") | Self::Empty)
                | ("post", Self::Post(_))
                | ("long", Self::Long(_) | Self::NoLonger)
        )
    }
}

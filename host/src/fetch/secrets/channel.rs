//! The key, password or signing secret of a channel of `[notify]`.

use std::collections::BTreeMap;
use std::fmt;

use super::credentials::Finder;

/// What a channel's messages are sent with. Nothing here prints a value.
#[derive(Clone, Default)]
pub struct ChannelSecrets {
    values: BTreeMap<String, String>,
    finder: Finder,
}

impl fmt::Debug for ChannelSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChannelSecrets").field(&self.values.keys().collect::<Vec<_>>()).finish()
    }
}

impl ChannelSecrets {
    pub(super) fn new(values: BTreeMap<String, String>) -> Self {
        let finder = Finder::new(values.values().map(String::as_str));
        Self { values, finder }
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The names of those that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// What a channel answered, without what it repeated of them.
    #[must_use]
    pub fn scrubbed(&self, mut text: String) -> String {
        self.finder.scrub_text(&mut text);
        text
    }
}

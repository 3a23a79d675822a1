//! Topics: their names, what came of them, when they were full.

use caifeng_plugin_host::contract::Timestamp;

use super::Reader;
use crate::store::error::StoreError;
use crate::store::topics::{self, FullDay, TopicCount};

impl Reader {
    /// Names of the topics that are configured or were mentioned, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn topic_names(&self) -> Result<Vec<String>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT name FROM topic ORDER BY name")?;
            Ok(statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
        })
    }

    /// What came of a topic, with posts published (else captured) from `since` on.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn topic_count(&self, name: &str, since: Timestamp) -> Result<TopicCount, StoreError> {
        self.with(|db| topics::count(db, name, since))
    }

    /// Days from that of `since` on, on which posts were over the cap of a topic, the newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn full_days(&self, since: Timestamp) -> Result<Vec<FullDay>, StoreError> {
        self.with(|db| topics::full_days(db, since))
    }
}

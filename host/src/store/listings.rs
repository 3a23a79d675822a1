//! Lists of posts that leave the desk as files: the record says so before they do.

use caifeng_plugin_host::contract::Timestamp;

use super::Store;
use super::callers::{self, Caller};
use super::error::StoreError;
use super::incidents::append;
use crate::listing::{Listed, ListingEntry};
use crate::permission::NO_INCIDENT;
use crate::user::right::Act;

impl Store {
    /// Writes down that a person hands posts out as a file.
    ///
    /// # Errors
    /// The caller may not; then nothing may leave.
    pub fn hand_out_posts(&self, caller: &Caller, listed: Listed, now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let actor = callers::allowed(w, &caller, Act::ExportEvidence, now)?;
            append(w, NO_INCIDENT, &ListingEntry::PostsHandedOut { listed }, &actor, now)
        })
    }
}

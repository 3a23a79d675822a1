//! Pages that need not be sent again: which ones a watch has read to the end, and what their site calls them.
//!
//! A page is worth asking for conditionally only when passing it over loses nothing: it held posts, all of them were
//! read and stored, and it led nowhere. That stays true for the same request, the same plugin (by
//! its digest), the same watch and a time window that does not begin earlier; anything else is asked for whole. So is every page
//! once a day, because a site that says "unchanged" for ever would otherwise be deaf ground that looks quiet.

use std::collections::HashMap;

use caifeng_plugin_host::contract::{Request, Timestamp};
use sha2::{Digest, Sha256};

use super::{Sweeper, blocking};
use crate::fetch::validator::Validator;
use crate::store::StoreError;
use crate::store::model::KnownPage;
use crate::watch::Watch;

/// What one sweep knows of the pages that it may meet.
pub(super) struct Known {
    /// Digest of plugin and watch.
    reader: [u8; 32],
    since: Timestamp,
    before: HashMap<[u8; 32], Validator>,
}

impl Known {
    /// Nothing, for a sweep that has to see every page.
    pub(super) fn nothing() -> Self {
        Self { reader: [0; 32], since: 0, before: HashMap::new() }
    }

    /// What the watch knows; `plugin` is the digest of its plugin.
    pub(super) async fn read(
        sweeper: &Sweeper,
        watch: &Watch,
        plugin: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let reader = sum(&(plugin, watch))?;
        let (rows, id) = (sweeper.reader.clone(), watch.id.clone());
        let pages = blocking(move || rows.known_pages(&id, &reader, since, now)).await?;
        let validator = |page: KnownPage| Validator { etag: page.etag, modified: page.modified };
        let before = pages.into_iter().map(|page| (page.request, validator(page))).collect();
        Ok(Self { reader, since, before })
    }

    /// What to ask with, for a page that was read to the end before.
    pub(super) fn validator(&self, request: &Request) -> Option<Validator> {
        if self.before.is_empty() { None } else { self.before.get(&sum(request).ok()?).cloned() }
    }

    /// A page of which nothing was left out, as it is remembered once its posts are stored.
    pub(super) fn page(request: &Request, validator: Validator) -> Option<KnownPage> {
        let Validator { etag, modified } = validator;
        sum(request).ok().map(|request| KnownPage { request, etag, modified })
    }

    /// Stores what was learnt, for the next sweep and the next start.
    pub(super) async fn write(
        self,
        sweeper: &Sweeper,
        watch: &Watch,
        learnt: Vec<KnownPage>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if learnt.is_empty() {
            return Ok(());
        }
        let (store, id, Self { reader, since, .. }) = (sweeper.store.clone(), watch.id.clone(), self);
        blocking(move || store.keep_pages(&id, reader, since, learnt, now)).await
    }
}

fn sum(of: &impl serde::Serialize) -> Result<[u8; 32], serde_json::Error> {
    Ok(Sha256::digest(serde_json::to_vec(of)?).into())
}

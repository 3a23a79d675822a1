//! What a sweep's requests captured, on its way from the tape to the store: before the posts that came of it.

use std::sync::{Arc, PoisonError};

use super::{Run, blocking};
use crate::store::{Evidence, StoreError};

impl Run<'_> {
    /// Takes over what was captured since the last time; before [`Self::remember`], the page.
    pub(super) fn rewind(&mut self) -> Result<(), StoreError> {
        self.captures.extend(self.tape.lock().unwrap_or_else(PoisonError::into_inner).take()?);
        Ok(())
    }

    /// What the store does not know yet; posts come from the latest, if any come with it.
    pub(super) fn evidence(&mut self, of_posts: bool) -> Evidence {
        let captures = std::mem::take(&mut self.captures);
        let page = captures.len().checked_sub(1).filter(|_| of_posts);
        let watch = Some(self.watch.id.clone());
        Evidence { captures, page, shift: self.when.shift(), sweep: Some(self.sweep), watch }
    }

    /// Stores where answers lie of which no post came: robots.txt, failures, what was known already.
    pub(super) async fn keep_evidence(&mut self) -> Result<(), StoreError> {
        self.rewind()?;
        let evidence = self.evidence(false);
        if evidence.captures.is_empty() {
            return Ok(());
        }
        let (store, vault) = (self.sweeper.store.clone(), Arc::clone(&self.sweeper.vault));
        blocking(move || {
            vault.sync()?;
            store.keep(evidence)
        })
        .await
    }
}

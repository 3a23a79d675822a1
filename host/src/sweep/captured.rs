//! What a sweep's requests captured, on its way from the tape to the store: before the posts that came of it.

use std::sync::{Arc, PoisonError};

use super::blocking;
use super::run::Run;
use crate::evidence::vault::Capture;
use crate::store::{Evidence, StoreError};

impl Run<'_> {
    /// Takes over what was captured since the last time; before [`Self::remember`], the page.
    pub(super) fn rewind(&mut self) -> Result<(), StoreError> {
        self.captures.extend(self.tape.lock().unwrap_or_else(PoisonError::into_inner).take()?);
        Ok(())
    }

    /// The evidence that `captures` are, on its way to the store.
    pub(super) fn evidence(&self, captures: Vec<Capture>) -> Evidence {
        let watch = Some(self.watch.id.clone());
        Evidence { captures, page: None, shift: self.when.shift(), sweep: Some(self.sweep), watch }
    }

    /// Stores where answers lie of which no post came: robots.txt, failures, what was known already.
    pub(super) async fn keep_evidence(&mut self) -> Result<(), StoreError> {
        self.rewind()?;
        let mut captures = std::mem::take(&mut self.unstored);
        captures.append(&mut self.captures);
        if captures.is_empty() {
            return Ok(());
        }
        let evidence = self.evidence(captures);
        let (store, vault) = (self.sweeper.store.clone(), Arc::clone(&self.sweeper.vault));
        blocking(move || {
            vault.sync()?;
            store.keep(evidence)
        })
        .await
    }
}

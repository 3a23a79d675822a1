//! What a site shows of a published answer: one page, asked for once, kept as evidence.
//!
//! The same fetcher as for everything else, with its guard, robots.txt and pace; redirects stay at the host that was
//! named. The page is on disk before anybody says that there is a receipt.

use std::sync::{Arc, PoisonError};

use caifeng_plugin_host::contract::{Method, Request};
use url::Url;

use super::{Sweeper, blocking};
use crate::fetch::{FetchError, Session, SharedRecorder};
use crate::store::{Evidence, StoreError};

/// A page as it was captured.
#[derive(Clone, Debug)]
pub struct Captured {
    /// SHA-256 of what the site answered.
    pub digest: [u8; 32],
    /// The page, decoded.
    pub body: String,
}

/// Why there is no capture, by who must act.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The site or the network; the person may hand in a picture of the page instead.
    #[error("{0}; a page that cannot be read is shown by a document: --document FILE")]
    Fetch(#[from] FetchError),
    /// The site says that there is no such page.
    #[error("the site answers {0}: is it the address of what was published?")]
    Status(u16),
    /// The page was not kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sweeper {
    /// Captures the page at `url`.
    ///
    /// # Errors
    /// See [`CaptureError`]; then nothing is said to be there.
    pub async fn capture(&self, url: &Url) -> Result<Captured, CaptureError> {
        let tape = self.tape();
        let recorder: SharedRecorder = tape.clone();
        let mut session = Session { recorder: Some(recorder), ..Session::default() };
        let request = Request {
            step: "receipt".to_owned(),
            url: url.to_string(),
            method: Method::Get,
            headers: Vec::new(),
            context: String::new(),
        };
        let at_home = |at: &Url| at.host() == url.host() && at.port_or_known_default() == url.port_or_known_default();
        let fetched = self.fetcher.fetch(&mut session, &request, &at_home).await;
        let taken = tape.lock().unwrap_or_else(PoisonError::into_inner).take();
        let captures = taken.map_err(StoreError::from)?;
        let last = captures.last().map(|capture| capture.digest);
        let evidence = Evidence { captures, ..Evidence::default() };
        let (store, vault) = (self.store.clone(), Arc::clone(&self.vault));
        blocking(move || {
            vault.sync()?;
            store.keep(evidence)
        })
        .await?;
        let response = fetched?.response;
        if !(200..300).contains(&response.status) {
            return Err(CaptureError::Status(response.status));
        }
        let missing = || StoreError::Internal("an answer without a capture".to_owned());
        Ok(Captured { digest: last.ok_or_else(missing)?, body: response.body })
    }
}

//! What writes down the exchanges of one crawl.
//!
//! A fetcher knows only [`Record`]. In a data directory that is a [`Tape`]: it puts each
//! exchange into the vault, remembers where, and hands it on to the file of `--record`,
//! if somebody asked for one. The sweep takes the captures from it page by page, so that
//! the posts of a page are stored together with where their page lies.

use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::vault::{Capture, Vault};
use super::warc::{Exchange, Recorder};

/// Writes exchanges down as they happen.
pub trait Record: Debug + Send {
    /// Adds one exchange.
    ///
    /// # Errors
    /// The disk gave one.
    fn write(&mut self, exchange: &Exchange) -> io::Result<()>;
}

impl Record for Recorder {
    fn write(&mut self, exchange: &Exchange) -> io::Result<()> {
        Self::write(self, exchange)
    }
}

/// The recorder of one crawl.
#[derive(Debug)]
pub struct Tape {
    vault: Arc<Vault>,
    also: Option<Arc<Mutex<dyn Record>>>,
    taken: Vec<Capture>,
    failed: Option<io::Error>,
}

impl Tape {
    /// Records into `vault`, and into `also`.
    #[must_use]
    pub fn new(vault: Arc<Vault>, also: Option<Arc<Mutex<dyn Record>>>) -> Self {
        Self { vault, also, taken: Vec::new(), failed: None }
    }

    /// What was captured since this was last asked.
    ///
    /// # Errors
    /// The first capture that could not be written: what it would prove is not stored either.
    pub fn take(&mut self) -> io::Result<Vec<Capture>> {
        self.failed.take().map_or_else(|| Ok(std::mem::take(&mut self.taken)), Err)
    }
}

impl Record for Tape {
    fn write(&mut self, exchange: &Exchange) -> io::Result<()> {
        match self.vault.add(exchange) {
            Ok(capture) => self.taken.push(capture),
            Err(error) => {
                let told = io::Error::new(error.kind(), error.to_string());
                self.failed.get_or_insert(error);
                return Err(told);
            }
        }
        self.also.as_ref().map_or(Ok(()), |also| also.lock().unwrap_or_else(PoisonError::into_inner).write(exchange))
    }
}

//! The store behind the desk.

use std::sync::Arc;

use super::rows::{PostsQuery, Rows, Unanswered};
use crate::incident::IncidentId;
use crate::store::model::{Figures, IncidentRow, PostRow, WatchRow};
use crate::store::{IncidentQuery, PostQuery, Reader, StoreError};
use crate::text::tokens::Tokeniser;
use crate::watch::Sweep;

/// What the desk reads from a data directory.
#[derive(Clone)]
pub struct Stored {
    /// Reads the store.
    pub reader: Reader,
    /// Turns what a person typed into search tokens.
    pub tokeniser: Arc<Tokeniser>,
}

impl From<StoreError> for Unanswered {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl Rows for Stored {
    fn figures(&self) -> Result<Figures, Unanswered> {
        Ok(self.reader.figures()?)
    }

    fn incidents(&self, limit: usize) -> Result<Vec<IncidentRow>, Unanswered> {
        Ok(self.reader.incidents(&IncidentQuery { limit: Some(limit), ..IncidentQuery::default() })?)
    }

    fn incident(&self, id: IncidentId) -> Result<Option<IncidentRow>, Unanswered> {
        Ok(self.reader.incident(id)?)
    }

    fn posts_of(&self, id: IncidentId, limit: usize) -> Result<Vec<PostRow>, Unanswered> {
        Ok(self.reader.posts(&PostQuery { incident: Some(id), limit: Some(limit), ..PostQuery::default() })?)
    }

    fn posts(&self, query: &PostsQuery) -> Result<Vec<PostRow>, Unanswered> {
        let text = match &query.search {
            None => None,
            Some(words) => match self.tokeniser.query_text(words) {
                None => return Ok(Vec::new()),
                text => text,
            },
        };
        let query = PostQuery { text, before: query.before, limit: Some(query.limit), ..PostQuery::default() };
        Ok(self.reader.posts(&query)?)
    }

    fn watches(&self) -> Result<Vec<WatchRow>, Unanswered> {
        let mut rows = self.reader.watches()?;
        rows.retain(|row| !row.watch.recorded);
        Ok(rows)
    }

    fn sweeps(&self, watch: &str, limit: usize) -> Result<Vec<Sweep>, Unanswered> {
        let mut sweeps = self.reader.sweeps(Some(watch), limit)?;
        sweeps.reverse();
        Ok(sweeps)
    }
}

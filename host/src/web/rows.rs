//! What the desk reads, as one small interface: the store's reader behind it in
//! the daemon, fixed rows in tests and pictures.
//!
//! Every call blocks on disk and is made from a blocking thread only.

use crate::incident::IncidentId;
use crate::store::model::{Figures, IncidentRow, PostRow, PostRowId, WatchRow};
use crate::watch::Sweep;

/// The store could not answer: the page shows that it could not, with this text
/// in the log only.
#[derive(Debug, thiserror::Error)]
#[error("store does not answer: {0}")]
pub struct Unanswered(pub String);

/// Which posts a list shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostsQuery {
    /// Words a person typed; `None` for all.
    pub search: Option<String>,
    /// Only posts older than this row, for the next page.
    pub before: Option<PostRowId>,
    /// How many at most.
    pub limit: usize,
}

/// What the desk asks of a store.
pub trait Rows: Send + Sync + 'static {
    /// The figures of the whole store.
    ///
    /// # Errors
    /// [`Unanswered`] when the store cannot be read; so for every method.
    fn figures(&self) -> Result<Figures, Unanswered>;

    /// Incidents, newest post first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn incidents(&self, limit: usize) -> Result<Vec<IncidentRow>, Unanswered>;

    /// One incident.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn incident(&self, id: IncidentId) -> Result<Option<IncidentRow>, Unanswered>;

    /// Posts of an incident, newest first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn posts_of(&self, id: IncidentId, limit: usize) -> Result<Vec<PostRow>, Unanswered>;

    /// Posts, newest first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn posts(&self, query: &PostsQuery) -> Result<Vec<PostRow>, Unanswered>;

    /// All watches.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn watches(&self) -> Result<Vec<WatchRow>, Unanswered>;

    /// The latest sweeps of a watch, oldest first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn sweeps(&self, watch: &str, limit: usize) -> Result<Vec<Sweep>, Unanswered>;
}

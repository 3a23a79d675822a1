//! A setting that may change while the daemon runs: all clones show the newest.

use std::sync::{Arc, PoisonError, RwLock};

/// Something of which there is one in force, and later another.
///
/// Whoever works with it takes it once ([`get`](Self::get)) and goes on with what it was then: a sweep that is under way
/// ends by the topics that it began with.
#[derive(Debug, Default)]
pub struct Current<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Current<T> {
    /// The first.
    pub fn new(first: T) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(first))))
    }

    /// The first, which others hold too.
    pub fn sharing(first: Arc<T>) -> Self {
        Self(Arc::new(RwLock::new(first)))
    }

    /// The one in force.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one in force, for good.
    #[must_use]
    pub fn held(&self) -> Self {
        Self(Arc::new(RwLock::new(self.get())))
    }

    /// From now on this one.
    pub fn set(&self, next: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_show_the_newest_and_what_was_taken_stays() {
        let current = Current::new(1);
        let (other, taken, held) = (current.clone(), current.get(), current.held());
        current.set(2);
        assert_eq!((*other.get(), *taken, *held.get()), (2, 1, 1));
    }
}

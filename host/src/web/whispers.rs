//! What suggestions rest on: for each incident that lists show, the label that tells best why its category is suggested.
//!
//! To find it, some forty posts of each incident are looked at, and lists are read far more often than anything is
//! committed: every open page reads its list again when something was. So what was found is kept until the next commit.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::rows::Unanswered;
use crate::incident::{Category, IncidentId};
use crate::store::model::{IncidentRow, LabelBy};

/// Answers that are kept at most: those of some thirty pages of lists.
const KEPT: usize = 1_000;

/// What was found since the newest commit.
#[derive(Default)]
pub(super) struct Whispers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    commit: u64,
    found: HashMap<(IncidentId, Category), Option<LabelBy>>,
}

impl Whispers {
    /// Incidents, each with what shows best why its category is suggested, which `find` looks for. `commit` is the newest
    /// commit at a moment before any of this is read: what is kept under it is at least as new.
    pub(super) fn of(
        &self,
        commit: u64,
        incidents: Vec<IncidentRow>,
        find: impl Fn(IncidentId, Category) -> Result<Option<LabelBy>, Unanswered>,
    ) -> Result<Vec<(IncidentRow, Option<LabelBy>)>, Unanswered> {
        let told = |row: IncidentRow| {
            let strongest = match row.suggested() {
                Some(category) => self.strongest(commit, (row.id, category), &find)?,
                None => None,
            };
            Ok((row, strongest))
        };
        incidents.into_iter().map(told).collect()
    }

    fn strongest(
        &self,
        commit: u64,
        key: (IncidentId, Category),
        find: impl Fn(IncidentId, Category) -> Result<Option<LabelBy>, Unanswered>,
    ) -> Result<Option<LabelBy>, Unanswered> {
        if let Some(found) = self.kept(commit).found.get(&key) {
            return Ok(found.clone());
        }
        let found = find(key.0, key.1)?;
        let mut kept = self.kept(commit);
        // While it was looked for, something may have been committed and looked at by another page.
        if kept.commit == commit && kept.found.len() < KEPT {
            kept.found.insert(key, found.clone());
        }
        Ok(found)
    }

    /// What is kept; nothing of what an earlier commit left.
    fn kept(&self, commit: u64) -> MutexGuard<'_, Kept> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.commit < commit {
            *kept = Kept { commit, found: HashMap::new() };
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::store::IncidentQuery;
    use crate::web::fixed::Fixed;
    use crate::web::rows::Rows as _;

    #[test]
    fn what_was_found_is_kept_until_something_is_committed() {
        let (whispers, looks) = (Whispers::default(), Cell::new(0));
        let rows = Fixed.incidents(&IncidentQuery::default()).unwrap();
        let suggested = rows.iter().filter(|row| row.suggested().is_some()).count();
        assert!(suggested > 1 && suggested < rows.len(), "some are decided, some are not: {suggested}");
        let list = |commit| {
            looks.set(0);
            let find = |id, category| {
                looks.set(looks.get() + 1);
                Fixed.strongest(id, category)
            };
            (whispers.of(commit, rows.clone(), find).unwrap(), looks.get())
        };
        let (told, first) = list(7);
        assert_eq!(first, suggested, "nobody looks for what a person has decided");
        assert!(told.iter().any(|(_, strongest)| strongest.is_some()));
        assert_eq!(list(7), (told.clone(), 0));
        assert_eq!(list(8), (told, suggested));
    }

    #[test]
    fn no_more_is_kept_than_fits_and_what_is_old_replaces_nothing() {
        let (whispers, row) = (Whispers::default(), Fixed.incidents(&IncidentQuery::default()).unwrap().remove(0));
        let many = (0..)
            .take(KEPT + 50)
            .map(|id| IncidentRow { id, category: Some(Category::Problem), category_by: None, ..row.clone() })
            .collect();
        whispers.of(9, many, |_, _| Ok(None)).unwrap();
        assert_eq!(whispers.kept(9).found.len(), KEPT);
        whispers.of(10, Vec::new(), |_, _| Ok(None)).unwrap();
        whispers.of(9, vec![row], |_, _| Ok(None)).unwrap();
        let kept = whispers.kept(10);
        assert_eq!((kept.commit, kept.found.len()), (10, 0), "a slow page brings nothing back");
    }
}

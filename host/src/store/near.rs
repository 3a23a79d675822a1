//! Which stored posts may be near-duplicates: the newest in memory, all others in runs on disk.
//!
//! New signatures go into a [`NearIndex`] and, by row, into `near_young`, from which a start reads them again. At
//! [`RUN`] of them they are sealed: sorted into pages of `near_page`, and a column of the [`Sieve`] says what the run
//! holds. There are 64 runs; the next one takes the place of the oldest. So a million posts cost
//! 45 MiB of memory, 250 MB of the file, and a question some 100 reads of memory and a page or two.

use std::collections::VecDeque;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::model::PostRowId;
use crate::text::near::run::{holders, page_of, pages_of, paginate};
use crate::text::near::sieve::{SLOTS, Sieve};
use crate::text::near::{BANDS, MOST_CANDIDATES, Mark, NearIndex, Signature, Signatures, rank};

/// Signatures of one run.
pub const RUN: usize = 16_384;
/// Most pages that are read for one question: a text that every run has is known from the newest.
const READS: usize = 64;
/// Columns that are in memory at once while the sieve is read.
const COLUMNS: usize = 8;

/// The index of near-duplicates; its part in memory. Public for its benchmark: the writer owns the one that counts.
#[derive(Debug)]
pub struct Near {
    young: NearIndex,
    sieve: Sieve,
    /// Slots in use, the newest first.
    runs: VecDeque<usize>,
    /// Signatures of one run.
    size: usize,
}

impl Near {
    /// One without posts, whose runs have `size` signatures.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { young: NearIndex::new(), sieve: Sieve::new(size * BANDS), runs: VecDeque::new(), size }
    }

    /// Reads the part in memory.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn load(db: &Connection, size: usize) -> Result<Self, StoreError> {
        let mut near = Self::new(size);
        let mut runs = db.prepare("SELECT slot FROM near_run ORDER BY sealed DESC")?;
        let slots = runs.query_map([], |r| r.get::<_, i64>(0))?;
        near.runs = slots.map(|slot| slot.map(|slot| slot as usize % SLOTS)).collect::<Result<_, _>>()?;
        let mut column = db.prepare("SELECT sieve FROM near_run WHERE slot = ?1")?;
        for slots in near.runs.make_contiguous().chunks(COLUMNS) {
            let read = |&slot: &usize| Ok((slot, column.query_row([slot as i64], |r| r.get(0))?));
            near.sieve.restore(&slots.iter().map(read).collect::<Result<Vec<_>, StoreError>>()?);
        }
        let mut young = db.prepare("SELECT m.row, m.signature FROM near_young y JOIN mention m ON m.row = y.row")?;
        let mut rows = young.query([])?;
        while let Some(r) = rows.next()? {
            let stored = r.get_ref(1)?.as_blob_or_null().ok().flatten().unwrap_or_default();
            let row = r.get(0)?;
            Signatures::from_bytes(stored).iter().flat_map(Signatures::each).for_each(|s| near.young.insert(s, row));
        }
        Ok(near)
    }

    /// Adds a post with its signatures, which are stored with its mention.
    ///
    /// # Errors
    /// The file cannot be written; the caller undoes its transaction.
    pub fn insert(&mut self, db: &Connection, signatures: &Signatures, row: PostRowId) -> Result<(), StoreError> {
        db.prepare_cached("INSERT OR IGNORE INTO near_young (row) VALUES (?1)")?.execute([row])?;
        signatures.each().for_each(|signature| self.young.insert(signature, row));
        Ok(())
    }

    /// Posts that may say almost what was signed; see [`rank`].
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn candidates(&self, db: &Connection, signature: &Signature) -> Result<Vec<PostRowId>, StoreError> {
        let mut agreeing = self.young.agreeing(signature);
        // As many copies as there may be answers: older ones could add none.
        if agreeing.len() < MOST_CANDIDATES * BANDS {
            self.read_runs(db, signature, &mut agreeing)?;
        }
        Ok(rank(agreeing))
    }

    fn read_runs(&self, db: &Connection, signature: &Signature, found: &mut Vec<PostRowId>) -> Result<(), StoreError> {
        let asked = signature.bands().map(|hash| (hash, self.sieve.ask(hash)));
        let anywhere = asked.iter().fold(0, |all, (_, runs)| all | runs);
        let mut page = db.prepare_cached("SELECT bands FROM near_page WHERE id = ?1")?;
        let mut reads = 0;
        for &slot in self.runs.iter().filter(|&&slot| anywhere >> slot & 1 == 1) {
            for (hash, _) in asked.iter().filter(|(_, runs)| runs >> slot & 1 == 1) {
                let id = id(slot, page_of(*hash, pages_of(self.size)));
                let read = |r: &rusqlite::Row<'_>| {
                    found.extend(holders(r.get_ref(0)?.as_blob()?, *hash));
                    Ok(())
                };
                page.query_row([id], read).optional()?;
                reads += 1;
            }
            if reads >= READS || found.len() >= MOST_CANDIDATES * BANDS {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn mark(&self) -> Mark {
        self.young.mark()
    }

    /// Takes back what was added since `mark`; a seal makes older marks void.
    pub(super) fn rollback(&mut self, mark: Mark) {
        self.young.rollback(mark);
    }

    /// How many signatures are in memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len()
    }

    /// Whether a run is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.young.len() >= self.size
    }

    /// Puts what is in memory on disk, as a transaction of its own. When that fails nothing has changed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn seal(&mut self, db: &mut Connection) -> Result<(), StoreError> {
        let slot = self.next_slot();
        let bands: Vec<(u32, PostRowId)> = self.young.bands().collect();
        let hashes: Vec<u32> = bands.iter().map(|(hash, _)| *hash).collect();
        let newest = bands.iter().map(|(_, row)| *row).max();
        let mut sieve = Sieve::new(self.size * BANDS);
        sieve.fill(slot, hashes.iter().copied());
        let tx = db.transaction()?;
        forget(&tx, slot)?;
        {
            let mut page = tx.prepare_cached("INSERT INTO near_page (id, bands) VALUES (?1, ?2)")?;
            for (number, bytes) in paginate(bands, pages_of(self.size)) {
                page.execute(params![id(slot, number), bytes])?;
            }
        }
        tx.execute(
            "INSERT INTO near_run (slot, sealed, newest, sieve)
             VALUES (?1, (SELECT coalesce(max(sealed), 0) + 1 FROM near_run), ?2, ?3)",
            params![slot as i64, newest, sieve.column(slot)],
        )?;
        tx.execute("DELETE FROM near_young", [])?;
        tx.commit()?;
        self.sieve.fill(slot, hashes.into_iter());
        self.runs.retain(|&run| run != slot);
        self.runs.push_front(slot);
        self.young = NearIndex::new();
        Ok(())
    }

    /// A slot that is free, else that of the oldest run.
    fn next_slot(&self) -> usize {
        let free = (0..SLOTS).find(|slot| !self.runs.contains(slot));
        free.or_else(|| self.runs.back().copied()).unwrap_or_default()
    }
}

/// The key of a page: pages of a run lie side by side.
fn id(slot: usize, page: u32) -> i64 {
    (slot as i64) << 32 | i64::from(page)
}

fn forget(db: &Connection, slot: usize) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM near_page WHERE id BETWEEN ?1 AND ?2")?
        .execute((id(slot, 0), id(slot, u32::MAX)))?;
    db.prepare_cached("DELETE FROM near_run WHERE slot = ?1")?.execute([slot as i64])?;
    Ok(())
}

/// Deletes the runs all of whose posts are older than a row. In memory they stay known until a new run takes their
/// place: pages that are gone hold nobody.
pub(super) fn expire(db: &Connection, oldest_kept: PostRowId) -> Result<(), StoreError> {
    let mut old = db.prepare_cached("SELECT slot FROM near_run WHERE newest < ?1")?;
    let slots = old.query_map([oldest_kept], |r| r.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?;
    slots.into_iter().try_for_each(|slot| forget(db, slot as usize % SLOTS))
}

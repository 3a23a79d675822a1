//! Row keys of posts: time in the high bits.
//!
//! A post is filed under the time it was published, else captured; also when the
//! page claims a later time than that of the capture, for a post cannot have been
//! published after it was seen, and one claim of the year 9999 would otherwise head every
//! list for ever. What the page said is kept in its own column.
//!
//! Events name posts by these keys, so that one which was ever a mention's is not given
//! again after its post was deleted: `buried` remembers it.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::Connection;

use super::error::StoreError;
use super::model::PostRowId;

/// Bits of the sequence number within one second.
const BITS: u32 = 20;
/// The first second of the year 1: nothing on the web is older.
const EARLIEST: Timestamp = -62_135_596_800;
/// The last second of the year 9999.
const LATEST: Timestamp = 253_402_300_799;

/// The first key of a second. Seconds out of range give the nearest key there is.
pub(super) fn first(second: Timestamp) -> PostRowId {
    second.clamp(EARLIEST, LATEST + 1) << BITS
}

/// The second a key belongs to.
#[must_use]
pub fn second(row: PostRowId) -> Timestamp {
    row >> BITS
}

/// The second a post is filed under.
pub(super) fn filed(published: Option<Timestamp>, captured: Timestamp) -> Timestamp {
    let captured = captured.clamp(EARLIEST, LATEST);
    published.filter(|p| (EARLIEST..=captured).contains(p)).unwrap_or(captured)
}

/// The next free key of a second, or of the first one after it that has one.
pub(super) fn allocate(db: &Connection, filed: Timestamp) -> Result<PostRowId, StoreError> {
    let mut newest = db.prepare_cached(
        "SELECT max(row) FROM (SELECT max(row) AS row FROM post WHERE row BETWEEN ?1 AND ?2
         UNION ALL SELECT max(row) FROM buried WHERE row BETWEEN ?1 AND ?2)",
    )?;
    let mut at = filed;
    loop {
        let (first, last) = (at << BITS, ((at + 1) << BITS) - 1);
        match newest.query_row((first, last), |r| r.get::<_, Option<i64>>(0))? {
            None => return Ok(first),
            Some(row) if row < last => return Ok(row + 1),
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filed_under_publication_unless_that_cannot_be() {
        assert_eq!(filed(Some(50), 100), 50);
        assert_eq!(filed(Some(-50), 100), -50);
        assert_eq!(filed(None, 100), 100);
        assert_eq!(filed(Some(101), 100), 100);
        assert_eq!(filed(Some(i64::MAX), 100), 100);
        assert_eq!(filed(Some(i64::MIN), 100), 100);
        assert_eq!(filed(None, i64::MAX), LATEST);
    }

    #[test]
    fn keys_sort_by_time_and_never_repeat() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE post (row INTEGER PRIMARY KEY); CREATE TABLE buried (row INTEGER PRIMARY KEY)")
            .unwrap();
        let give = |at| {
            let row = allocate(&db, at).unwrap();
            db.execute("INSERT INTO post VALUES (?1)", [row]).unwrap();
            row
        };
        let (a, b, c) = (give(-1), give(-1), give(0));
        assert!(a < b && b < c, "{a} {b} {c}");
        assert_eq!([a, b, c].map(second), [-1, -1, 0]);
        db.execute_batch("DELETE FROM post; INSERT INTO buried VALUES (0)").unwrap();
        assert_eq!(give(0), 1, "what an event names is not given again");
        // A second that is full spills into the next.
        db.execute("INSERT INTO post VALUES (?1)", [first(8) - 1]).unwrap();
        assert_eq!(allocate(&db, 7).unwrap(), first(8));
        assert_eq!(first(i64::MAX), first(LATEST + 1));
    }
}

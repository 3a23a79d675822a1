//! Pages that need not be sent again: kept a day, so many of each watch.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, params};

use super::Reader;
use super::error::StoreError;
use super::model::KnownPage;

/// Seconds after which a page is read whole again.
const KEPT: i64 = 24 * 60 * 60;

/// Pages of one watch, the newest.
const MOST: i64 = 2_000;

/// Adds what one sweep has learnt. What another plugin or another form of the watch had learnt goes.
pub(super) fn keep(
    db: &Connection,
    watch: &str,
    reader: &[u8; 32],
    since: Timestamp,
    pages: &[KnownPage],
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO known_page (watch, request, reader, since, etag, modified, read)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    for page in pages {
        db.prepare_cached(sql)?.execute(params![watch, page.request, reader, since, page.etag, page.modified, now])?;
    }
    db.prepare_cached("DELETE FROM known_page WHERE watch = ?1 AND (reader <> ?2 OR read <= ?3)")?.execute(params![
        watch,
        reader,
        now - KEPT
    ])?;
    db.prepare_cached(
        "DELETE FROM known_page WHERE watch = ?1 AND request NOT IN
         (SELECT request FROM known_page WHERE watch = ?1 ORDER BY read DESC, request LIMIT ?2)",
    )?
    .execute(params![watch, MOST])?;
    Ok(())
}

impl Reader {
    /// Pages that `reader` (plugin and watch) has read to the end, looking no later than from `since` on.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn known_pages(
        &self,
        watch: &str,
        reader: &[u8; 32],
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<KnownPage>, StoreError> {
        let sql = "SELECT request, etag, modified FROM known_page
                   WHERE watch = ?1 AND reader = ?2 AND since <= ?3 AND read > ?4";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map(params![watch, reader, since, now - KEPT], |r| {
                Ok(KnownPage { request: r.get(0)?, etag: r.get(1)?, modified: r.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::store::Store;
    use crate::store::model::KnownPage;

    fn page(request: u8) -> KnownPage {
        KnownPage { request: [request; 32], etag: Some(format!("\"{request}\"")), modified: None }
    }

    #[test]
    fn pages_outlive_a_restart_and_not_another_plugin_a_wider_window_or_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let (mine, other) = ([1; 32], [2; 32]);
        let store = Store::open(dir.path(), None).unwrap();
        store.keep_pages("w", mine, 50, vec![page(7), page(8)], 1_000).unwrap();
        store.close();
        let store = Store::open(dir.path(), None).unwrap();
        let reader = store.reader().unwrap();
        let known = |watch, by, since, now| reader.known_pages(watch, by, since, now).unwrap();
        assert_eq!(known("w", &mine, 50, 1_001), [page(7), page(8)]);
        assert_eq!(known("w", &mine, 60, 1_001).len(), 2);
        assert!(known("w", &mine, 49, 1_001).is_empty(), "it was not looked so far back");
        assert!(known("w", &other, 50, 1_001).is_empty());
        assert!(known("v", &mine, 50, 1_001).is_empty());
        assert!(known("w", &mine, 50, 1_000 + 86_400).is_empty(), "once a day the whole page");
        store.keep_pages("w", other, 50, vec![page(9)], 1_002).unwrap();
        assert!(known("w", &mine, 50, 1_003).is_empty(), "an older plugin's pages are forgotten");
        assert_eq!(known("w", &other, 50, 1_003), [page(9)]);
    }

    #[test]
    fn a_watch_keeps_a_bounded_number() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), None).unwrap();
        let many = |from: u32| {
            let page = |n: u32| {
                let mut request = [0; 32];
                request[..4].copy_from_slice(&n.to_be_bytes());
                KnownPage { request, etag: None, modified: Some("x".to_owned()) }
            };
            (from..from + 1_500).map(page).collect::<Vec<_>>()
        };
        store.keep_pages("w", [1; 32], 0, many(0), 10).unwrap();
        store.keep_pages("w", [1; 32], 0, many(5_000), 20).unwrap();
        let known = store.reader().unwrap().known_pages("w", &[1; 32], 0, 21).unwrap();
        assert_eq!(known.len(), 2_000);
        assert!(many(5_000).iter().all(|page| known.contains(page)), "the newest stay");
    }
}

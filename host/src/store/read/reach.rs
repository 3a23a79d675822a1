//! Where an incident is told.

use super::Reader;
use crate::incident::IncidentId;
use crate::incident::group::Why;
use crate::incident::reach::{Reach, Sight};
use crate::store::error::StoreError;
use crate::store::rowid;

/// Posts that are counted, the newest: a page waits for them.
const MOST: usize = 10_000;

impl Reader {
    /// How far an incident has gone, by its newest ten thousand posts.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn reach(&self, incident: IncidentId) -> Result<Reach, StoreError> {
        let sql = format!(
            "SELECT s.site, p.publisher, p.url, p.row, p.views, m.why
             FROM (SELECT row, why FROM mention WHERE incident = ?1 ORDER BY row DESC LIMIT {MOST}) m
             JOIN post p ON p.row = m.row JOIN source s ON s.id = p.source"
        );
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query([incident])?;
            let mut sights = Vec::new();
            while let Some(r) = rows.next()? {
                let why: Option<String> = r.get(5)?;
                let why: Option<Why> = why.map(|why| serde_json::from_str(&why)).transpose()?;
                sights.push(Sight {
                    site: r.get(0)?,
                    medium: r.get(1)?,
                    url: r.get(2)?,
                    at: rowid::second(r.get(3)?),
                    views: r.get::<_, Option<i64>>(4)?.and_then(|views| u64::try_from(views).ok()),
                    copy_of: why.and_then(copied),
                });
            }
            Ok(Reach::of(&sights))
        })
    }
}

/// The address of what a post copies, if that is why it is here.
fn copied(why: Why) -> Option<String> {
    match why {
        Why::Near { to, .. } => Some(to),
        _ => None,
    }
}

//! Topics as the store knows them: which posts mention them, and how much of a topic is taken.
//!
//! A topic may have a cap: of one day of publication so many posts become mentions and no more, so that a name that is
//! suddenly in everybody's mouth does not bury what a person must read. What is over is stored like a post that mentions
//! nothing, counted, and shown where topics and posts are; who was asked for it (a submission, a table) is never
//! counted out. Days are those of publication, so that reading back a week fills a week and not a day.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::error::StoreError;
use super::model::PostRowId;
use super::rowid;

const DAY: i64 = 86_400;

/// A topic of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTopic {
    /// Its name.
    pub name: String,
    /// Most posts of one day; `None` for all.
    pub cap: Option<u32>,
}

/// What came of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicCount {
    /// Posts that mention it.
    pub posts: u64,
    /// Posts that would, but for its cap.
    pub over: u64,
    /// Publication of the newest post that mentions it.
    pub newest: Option<Timestamp>,
}

/// A day on which a topic was full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullDay {
    /// The topic's name.
    pub topic: String,
    /// First second of the day.
    pub day: Timestamp,
    /// Posts that were taken.
    pub taken: u64,
    /// Posts that were not.
    pub over: u64,
}

/// Makes these the topics of the configuration, with days that begin `utc_offset` seconds before they do in UTC. The
/// posts of others stay.
pub(super) fn configure(db: &Connection, topics: &[KeptTopic], utc_offset: i32) -> Result<(), StoreError> {
    db.execute("UPDATE topic SET cap = NULL", ())?;
    let sql = "INSERT INTO topic (name, cap, utc_offset) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET cap = excluded.cap, utc_offset = excluded.utc_offset";
    let mut statement = db.prepare_cached(sql)?;
    for topic in topics {
        statement.execute((&topic.name, topic.cap, utc_offset))?;
    }
    Ok(())
}

/// Which of these topics a post is taken for.
pub(super) fn admit(db: &Connection, row: PostRowId, names: &[String]) -> Result<Vec<String>, StoreError> {
    let mut admitted = Vec::with_capacity(names.len());
    for name in names {
        if admits(db, row, name)? {
            admitted.push(name.clone());
        }
    }
    Ok(admitted)
}

fn admits(db: &Connection, row: PostRowId, name: &str) -> Result<bool, StoreError> {
    let sql = "SELECT id, cap, utc_offset FROM topic WHERE name = ?1 AND cap IS NOT NULL";
    let capped: Option<(i64, i64, i64)> =
        db.prepare_cached(sql)?.query_row([name], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).optional()?;
    let Some((topic, cap, offset)) = capped else { return Ok(true) };
    let known = "SELECT 1 FROM topic_post WHERE topic = ?1 AND row = ?2";
    if db.prepare_cached(known)?.exists((topic, row))? {
        return Ok(true);
    }
    let day = (rowid::second(row) + offset).div_euclid(DAY);
    db.prepare_cached("INSERT OR IGNORE INTO topic_day (topic, day) VALUES (?1, ?2)")?.execute((topic, day))?;
    let take = "UPDATE topic_day SET taken = taken + 1 WHERE topic = ?1 AND day = ?2 AND taken < ?3";
    if db.prepare_cached(take)?.execute((topic, day, cap))? > 0 {
        return Ok(true);
    }
    // A new version of a post that is over already is not counted again.
    let leave = "INSERT OR IGNORE INTO topic_over (topic, row) VALUES (?1, ?2)";
    if db.prepare_cached(leave)?.execute((topic, row))? > 0 {
        let count = "UPDATE topic_day SET over = over + 1 WHERE topic = ?1 AND day = ?2";
        db.prepare_cached(count)?.execute((topic, day))?;
    }
    Ok(false)
}

/// Notes that a post mentions topics; returns the numbers of those that are new for it.
pub(super) fn note(db: &Connection, row: PostRowId, names: &[String]) -> Result<Vec<i64>, StoreError> {
    let mut added = Vec::new();
    for name in names {
        let topic = id_or_new(db, name)?;
        let sql = "INSERT OR IGNORE INTO topic_post (topic, row) VALUES (?1, ?2)";
        if db.prepare_cached(sql)?.execute((topic, row))? > 0 {
            added.push(topic);
        }
    }
    Ok(added)
}

/// The number of a topic, if it is known.
pub(super) fn id(db: &Connection, name: &str) -> Result<Option<i64>, StoreError> {
    Ok(db.prepare_cached("SELECT id FROM topic WHERE name = ?1")?.query_row([name], |r| r.get(0)).optional()?)
}

fn id_or_new(db: &Connection, name: &str) -> Result<i64, StoreError> {
    if let Some(known) = id(db, name)? {
        return Ok(known);
    }
    db.prepare_cached("INSERT INTO topic (name) VALUES (?1)")?.execute([name])?;
    Ok(db.last_insert_rowid())
}

/// What came of a topic with posts from `since` on.
pub(super) fn count(db: &Connection, name: &str, since: Timestamp) -> Result<TopicCount, StoreError> {
    let Some(topic) = id(db, name)? else { return Ok(TopicCount::default()) };
    let counted = |table| format!("SELECT count(*), max(row) FROM {table} WHERE topic = ?1 AND row >= ?2");
    let ask = |table| {
        let mut statement = db.prepare_cached(&counted(table))?;
        statement.query_row((topic, rowid::first(since)), |r| Ok((r.get::<_, u32>(0)?, r.get::<_, Option<i64>>(1)?)))
    };
    let ((posts, newest), (over, _)) = (ask("topic_post")?, ask("topic_over")?);
    Ok(TopicCount { posts: posts.into(), over: over.into(), newest: newest.map(rowid::second) })
}

/// Posts from `since` on that the cap of a topic left out, by its row.
pub(super) fn over(db: &Connection, topic: i64, since: Timestamp) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM topic_over WHERE topic = ?1 AND row >= ?2";
    let over: u32 = db.prepare_cached(sql)?.query_row((topic, rowid::first(since)), |r| r.get(0))?;
    Ok(over.into())
}

/// Days from that of `since` on, on which a topic was full, the newest first.
pub(super) fn full_days(db: &Connection, since: Timestamp) -> Result<Vec<FullDay>, StoreError> {
    let sql = "SELECT t.name, d.day * 86400 - t.utc_offset, d.taken, d.over
               FROM topic t JOIN topic_day d ON d.topic = t.id AND d.day >= (?1 + t.utc_offset) / 86400
               WHERE t.cap IS NOT NULL AND d.over > 0 ORDER BY d.day DESC, t.name";
    let mut statement = db.prepare_cached(sql)?;
    let days = statement.query_map([since], |r| {
        let (taken, over): (u32, u32) = (r.get(2)?, r.get(3)?);
        Ok(FullDay { topic: r.get(0)?, day: r.get(1)?, taken: taken.into(), over: over.into() })
    })?;
    Ok(days.collect::<Result<_, _>>()?)
}

/// Lets go of counts of days before that of `since`.
pub(super) fn expire(db: &Connection, since: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM topic_day WHERE day < ?1")?.execute([since.div_euclid(DAY)])?;
    Ok(())
}

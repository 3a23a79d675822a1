//! Posts: what is new, lists, full text.

use std::collections::HashMap;
use std::ops::ControlFlow;

use caifeng_plugin_host::contract::{Post, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{Reader, list};
use crate::hand::SUBMITTED;
use crate::incident::IncidentId;
use crate::store::error::StoreError;
use crate::store::ingest::{self, Content};
use crate::store::model::{PostRow, PostRowId};
use crate::store::{retain, rowid};

/// Rows of an export that are read at a time.
const CHUNK: usize = 500;
/// Notes of one post that are read: anybody may hand in a post any number of times.
const NOTES: usize = 20;

/// What a post just read from a page is to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// Not stored.
    New,
    /// Stored with another title or text.
    Changed,
    /// Stored as it is, except for its reactions: [`Store::touch`](crate::store::Store::touch) suffices.
    Reactions,
    /// Stored as it is, or an earlier post of the same page has the same id.
    Known,
}

/// Which posts to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostQuery {
    /// Published (else captured) at or after this second.
    pub since: Option<Timestamp>,
    /// Of this incident.
    pub incident: Option<IncidentId>,
    /// That this expression finds, which [`Tokeniser::query_text`](crate::text::tokens::Tokeniser::query_text)
    /// has made of what a person typed.
    pub text: Option<String>,
    /// That mention this topic.
    pub topic: Option<String>,
    /// At most so many; `None` for all.
    pub limit: Option<usize>,
    /// After the page that ended with this row: its [`PostRow::row`].
    pub before: Option<PostRowId>,
}

impl Reader {
    /// What each of a page's posts is to the store, in their order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn unseen(&self, plugin: &str, site: &str, posts: &[Post]) -> Result<Vec<Novelty>, StoreError> {
        self.unseen_in(None, plugin, site, posts)
    }

    /// As [`unseen`](Self::unseen), for a page that a sweep has read: when somebody handed it in, what was deleted
    /// because its time was over is new.
    ///
    /// # Errors
    /// As above.
    pub fn unseen_in(
        &self,
        sweep: Option<i64>,
        plugin: &str,
        site: &str,
        posts: &[Post],
    ) -> Result<Vec<Novelty>, StoreError> {
        self.with(|db| {
            let wanted = ingest::wanted(db, plugin, sweep)?;
            let source = ingest::source(db, plugin, site)?;
            let mut met: HashMap<&str, Content> = HashMap::new();
            let mut answers = Vec::with_capacity(posts.len());
            for post in posts {
                let content = ingest::content(post);
                if met.insert(&post.id, content).is_some() {
                    answers.push(Novelty::Known);
                    continue;
                }
                let known = match source {
                    Some(source) => ingest::known(db, source, &post.id)?,
                    None => None,
                };
                answers.push(match known {
                    // It was deleted when its time was over, and the site still lists it.
                    None if !wanted
                        && source.map_or(Ok(false), |s| retain::forgotten(db, s, &post.id, &content))? =>
                    {
                        Novelty::Known
                    }
                    None => Novelty::New,
                    Some(k) if k.content != content => Novelty::Changed,
                    Some(k) if ingest::changes_reactions(k.reactions, post.reactions) => Novelty::Reactions,
                    Some(_) => Novelty::Known,
                });
            }
            Ok(answers)
        })
    }

    /// A page of posts, newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn posts(&self, query: &PostQuery) -> Result<Vec<PostRow>, StoreError> {
        self.with(|db| select(db, query, query.limit.unwrap_or(usize::MAX)))
    }

    /// The post of this key, if it is stored.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn post(&self, plugin: &str, site: &str, id: &str) -> Result<Option<PostRow>, StoreError> {
        self.with(|db| {
            let Some(source) = ingest::source(db, plugin, site)? else { return Ok(None) };
            let values = vec![Value::Integer(source), Value::Text(id.to_owned())];
            let found = rows(db, "SELECT row FROM post WHERE source = ?1 AND id = ?2", values)?;
            Ok(found.into_iter().next())
        })
    }

    /// Hands every post of a query to `take`, newest first, until that breaks; holds
    /// only a few hundred in memory.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn for_each_post(
        &self,
        query: &PostQuery,
        mut take: impl FnMut(PostRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut query = query.clone();
        let mut left = query.limit.unwrap_or(usize::MAX);
        while left > 0 {
            let wanted = left.min(CHUNK);
            let page = self.with(|db| select(db, &query, wanted))?;
            let last = page.len() < wanted;
            left -= page.len();
            for post in page {
                query.before = Some(post.row);
                if take(post).is_break() {
                    return Ok(());
                }
            }
            if last {
                break;
            }
        }
        Ok(())
    }
}

impl Reader {
    /// The posts of a statement that yields their keys, newest first.
    pub(in crate::store) fn posts_where(&self, from: &str, values: Vec<Value>) -> Result<Vec<PostRow>, StoreError> {
        self.with(|db| rows(db, from, values))
    }
}

/// The newest `limit` rows of a query.
fn select(db: &Connection, query: &PostQuery, limit: usize) -> Result<Vec<PostRow>, StoreError> {
    let Some((from, values)) = plan(query, limit) else {
        return Ok(Vec::new());
    };
    rows(db, &from, values)
}

/// The rows of a statement that yields their keys, newest first.
fn rows(db: &Connection, from: &str, values: Vec<Value>) -> Result<Vec<PostRow>, StoreError> {
    // The page of row keys comes first: without it a sort would carry every text along.
    let sql = format!(
        "SELECT p.row, s.plugin, s.site, p.id, p.kind, p.url, p.title, p.text, p.author, p.publisher,
                p.published, p.day_only, p.captured, p.version, p.views, p.likes, p.replies, p.shares,
                p.labels, m.topics, m.incident, m.why,
                (SELECT min(u.at) FROM submission u WHERE u.row = p.row),
                (SELECT json_group_array(text) FROM (SELECT n.text FROM submission u JOIN note n ON n.id = u.note
                 WHERE u.row = p.row ORDER BY u.at, u.id LIMIT {NOTES})),
                CASE WHEN s.plugin = '{SUBMITTED}' THEN (SELECT json_extract(e.value, '$[1]')
                     FROM json_each(p.extra, '$.extra') e WHERE json_extract(e.value, '$[0]') = 'failure') END
         FROM ({from}) AS k JOIN post p ON p.row = k.row JOIN source s ON s.id = p.source
         LEFT JOIN mention m ON m.row = p.row ORDER BY k.row DESC"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut posts = Vec::new();
    while let Some(row) = rows.next()? {
        posts.push(post(row)?);
    }
    Ok(posts)
}

/// The statement that yields the page's row keys; `None` when nothing can match.
fn plan(query: &PostQuery, limit: usize) -> Option<(String, Vec<Value>)> {
    let first = query.since.map_or(i64::MIN, rowid::first);
    let last = match query.before {
        Some(before) => before.checked_sub(1)?,
        None => i64::MAX,
    };
    let mut values = vec![Value::Integer(first), Value::Integer(last)];
    let mut bind = |value| {
        values.push(value);
        values.len()
    };
    let mut tests = Vec::new();
    let from = match &query.text {
        Some(text) => {
            let n = bind(Value::Text(text.clone()));
            tests.push(format!("post_text MATCH ?{n}"));
            ("post_text", "post_text.rowid")
        }
        None if query.topic.is_some() => ("topic_post t", "t.row"),
        None if query.incident.is_some() => ("mention", "mention.row"),
        None => ("post", "post.row"),
    };
    let (table, key) = from;
    if let Some(topic) = &query.topic {
        let n = bind(Value::Text(topic.clone()));
        tests.push(match table {
            "topic_post t" => format!("t.topic = (SELECT id FROM topic WHERE name = ?{n})"),
            _ => format!(
                "EXISTS (SELECT 1 FROM topic_post t WHERE t.topic = (SELECT id FROM topic WHERE name = ?{n}) AND t.row = {key})"
            ),
        });
    }
    if let Some(incident) = query.incident {
        let n = bind(Value::Integer(incident));
        tests.push(match table {
            "mention" => format!("mention.incident = ?{n}"),
            _ => format!("EXISTS (SELECT 1 FROM mention WHERE mention.row = {key} AND mention.incident = ?{n})"),
        });
    }
    tests.push(format!("{key} BETWEEN ?1 AND ?2"));
    let n = bind(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    let tests = tests.join(" AND ");
    Some((format!("SELECT {key} AS row FROM {table} WHERE {tests} ORDER BY {key} DESC LIMIT ?{n}"), values))
}

fn post(row: &rusqlite::Row<'_>) -> Result<PostRow, StoreError> {
    let why = row.get_ref(21)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    Ok(PostRow {
        row: row.get(0)?,
        plugin: row.get(1)?,
        site: row.get(2)?,
        id: row.get(3)?,
        kind: ingest::kind_of(row.get(4)?),
        url: row.get(5)?,
        title: row.get(6)?,
        text: row.get(7)?,
        author: row.get(8)?,
        publisher: row.get(9)?,
        published: row.get(10)?,
        day_only: row.get(11)?,
        captured: row.get(12)?,
        version: row.get(13)?,
        reactions: ingest::reactions(row, 14)?,
        labels: list(row.get_ref(18)?.as_str_or_null().map_err(rusqlite::Error::from)?)?,
        topics: list(row.get_ref(19)?.as_str_or_null().map_err(rusqlite::Error::from)?)?,
        incident: row.get(20)?,
        why: why.map(serde_json::from_str).transpose()?,
        submitted: row.get(22)?,
        notes: list(row.get_ref(23)?.as_str_or_null().map_err(rusqlite::Error::from)?)?,
        failure: row.get(24)?,
    })
}

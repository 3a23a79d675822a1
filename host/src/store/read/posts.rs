//! Posts as rows: lists by filters and full text, page after page.
//!
//! A list is a walk over keys from the newest on: those that full text gives for what is fixed when a post is stored
//! (its words, and [`facets`]: source, kind, topics), else those of an incident, else all. What may change afterwards —
//! category, level and state of the post's incident — and what full text cannot decide is looked up for each key, and a
//! page looks at no more than [`SCANNED`] keys: then it ends before it is full, and says from where to go on. So no
//! filter makes a page slower than that, however rare what it wants.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use caifeng_plugin_host::contract::{Kind, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{CategoryFilter, Reader, list};
use crate::hand::SUBMITTED;
use crate::incident::{IncidentId, State};
use crate::store::error::StoreError;
use crate::store::model::{PostRow, PostRowId};
use crate::store::{facets, ingest, rowid, topics};

/// Rows of an export that are read at a time.
const CHUNK: usize = 500;
/// Notes of one post that are read: anybody may hand in a post any number of times.
const NOTES: usize = 20;
/// Keys that one page looks at.
pub const SCANNED: usize = 1_000;
/// Keys that are looked at to count what is new.
const COUNTED: usize = 500;
/// How much later than it was said something new may be heard, in seconds: what comes later is not counted.
const LATE: i64 = 3 * 86_400;

/// Which posts to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostQuery {
    /// Published (else captured) at or after this second.
    pub since: Option<Timestamp>,
    /// Published (else captured) before this second.
    pub until: Option<Timestamp>,
    /// Of this incident.
    pub incident: Option<IncidentId>,
    /// That this full-text expression finds: [`Search::expression`](crate::search::Search::expression).
    pub words: Option<String>,
    /// That mention this topic.
    pub topic: Option<String>,
    /// That this plugin read.
    pub plugin: Option<String>,
    /// Of this site.
    pub site: Option<String>,
    /// Of this form.
    pub kind: Option<Kind>,
    /// Of an incident with this category, or with none.
    pub category: CategoryFilter,
    /// Of an incident with this level.
    pub level: Option<String>,
    /// Of an incident in this state.
    pub state: Option<State>,
    /// At most so many; `None` for all.
    pub limit: Option<usize>,
    /// After the page that ended with this row: its [`PostRow::row`], or [`PostPage::next`].
    pub before: Option<PostRowId>,
}

/// Whether a post is wanted for what it says: asked with its title and its text.
pub type Keep<'a> = &'a mut dyn FnMut(Option<&str>, &str) -> bool;

/// How many posts of a list are new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    /// So many at least.
    pub posts: u64,
    /// There may be more.
    pub more: bool,
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PostPage {
    /// The posts, newest first.
    pub posts: Vec<PostRow>,
    /// What to ask for next ([`PostQuery::before`]); `None` when all was seen.
    pub next: Option<PostRowId>,
}

impl Reader {
    /// The newest posts of a query, at most its limit.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn posts(&self, query: &PostQuery) -> Result<Vec<PostRow>, StoreError> {
        let mut posts = Vec::new();
        self.for_each_post(query, |post| {
            posts.push(post);
            ControlFlow::Continue(())
        })?;
        Ok(posts)
    }

    /// One page of those posts of a query whose title and text `keep` keeps. Looks at a bounded number of posts: fewer
    /// than the limit, and even none, do not mean that there are no more.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn post_page(&self, query: &PostQuery, keep: Keep<'_>) -> Result<PostPage, StoreError> {
        self.with(|db| page(db, query, query.limit.unwrap_or(CHUNK), Some(keep)))
    }

    /// How many posts of a query, whose title and text `keep` keeps, were first heard after `since`: counted from the
    /// newest on, `most` at most, over a bounded number of posts.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn heard_since(
        &self,
        query: &PostQuery,
        keep: Keep<'_>,
        since: Timestamp,
        most: u64,
    ) -> Result<Fresh, StoreError> {
        let from = since.saturating_sub(LATE);
        let query = PostQuery { since: Some(query.since.map_or(from, |first| first.max(from))), ..query.clone() };
        self.with(|db| {
            let Some((sql, values)) = keys(db, &query)? else { return Ok(Fresh::default()) };
            let mut filter = Filter::of(&query);
            let mut heard = db.prepare_cached("SELECT captured > ?2 FROM post WHERE row = ?1")?;
            let mut statement = db.prepare_cached(&sql)?;
            let mut keys = statement.query(params_from_iter(values))?;
            let (mut posts, mut scanned) = (0, 0);
            while let Some(key) = keys.next()? {
                if posts == most || scanned == COUNTED {
                    return Ok(Fresh { posts, more: true });
                }
                let key: PostRowId = key.get(0)?;
                scanned += 1;
                let new = heard.query_row((key, since), |r| r.get::<_, bool>(0))?
                    && filter.as_mut().map_or(Ok(true), |filter| filter.passes(db, key))?
                    && says(db, key, keep)?;
                posts += u64::from(new);
            }
            Ok(Fresh { posts, more: false })
        })
    }

    /// Sites that posts are from, at most so many, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sites(&self, limit: usize) -> Result<Vec<String>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT DISTINCT site FROM source ORDER BY site LIMIT ?1")?;
            let sites = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |r| r.get(0))?;
            Ok(sites.collect::<Result<_, _>>()?)
        })
    }

    /// The post of this key, if it is stored.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn post(&self, plugin: &str, site: &str, id: &str) -> Result<Option<PostRow>, StoreError> {
        self.with(|db| {
            let Some(source) = ingest::source(db, plugin, site)? else { return Ok(None) };
            let known = ingest::known(db, source, id)?;
            known.map_or(Ok(None), |known| row(db, known.row))
        })
    }

    /// The post of this row key, if it is stored.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn post_of(&self, key: PostRowId) -> Result<Option<PostRow>, StoreError> {
        self.with(|db| row(db, key))
    }

    /// Posts that can be read at this very address. Nobody is looked for: whoever asks names what they said.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn posts_at(&self, url: &str) -> Result<Vec<PostRow>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT row FROM post WHERE url = ?1")?;
            let keys = statement.query_map([url], |r| r.get(0))?.collect::<Result<Vec<PostRowId>, _>>()?;
            keys.into_iter().filter_map(|key| row(db, key).transpose()).collect()
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
        take: impl FnMut(PostRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.walk(query, None, take)
    }

    /// The same for those posts whose title and text `keep` keeps, where it is given.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn walk(
        &self,
        query: &PostQuery,
        mut keep: Option<Keep<'_>>,
        mut take: impl FnMut(PostRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut query = query.clone();
        let mut left = query.limit.unwrap_or(usize::MAX);
        while left > 0 {
            let keep: Option<Keep<'_>> = match &mut keep {
                Some(keep) => Some(&mut **keep),
                None => None,
            };
            let part = self.with(|db| page(db, &query, left.min(CHUNK), keep))?;
            left -= part.posts.len();
            for post in part.posts {
                if take(post).is_break() {
                    return Ok(());
                }
            }
            match part.next {
                Some(next) => query.before = Some(next),
                None => break,
            }
        }
        Ok(())
    }
}

impl Reader {
    /// The posts of a statement that yields their keys, in its order.
    pub(in crate::store) fn posts_where(&self, keys: &str, values: Vec<Value>) -> Result<Vec<PostRow>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached(keys)?;
            let mut keys = statement.query(params_from_iter(values))?;
            let mut posts = Vec::new();
            while let Some(key) = keys.next()? {
                posts.extend(row(db, key.get(0)?)?);
            }
            Ok(posts)
        })
    }
}

/// Walks a query's keys until the page is full or has looked at enough.
fn page(db: &Connection, query: &PostQuery, limit: usize, mut keep: Option<Keep<'_>>) -> Result<PostPage, StoreError> {
    let mut page = PostPage::default();
    let Some((sql, values)) = keys(db, query)? else { return Ok(page) };
    let mut filter = Filter::of(query);
    let mut statement = db.prepare_cached(&sql)?;
    let mut keys = statement.query(params_from_iter(values))?;
    let mut scanned = 0;
    while let Some(key) = keys.next()? {
        if page.posts.len() == limit || scanned == SCANNED.max(limit) {
            return Ok(page);
        }
        let key: PostRowId = key.get(0)?;
        scanned += 1;
        page.next = Some(key);
        let passes = filter.as_mut().map_or(Ok(true), |filter| filter.passes(db, key))?
            && keep.as_mut().map_or(Ok(true), |keep| says(db, key, *keep))?;
        if passes && let Some(post) = row(db, key)? {
            page.posts.push(post);
        }
    }
    page.next = None;
    Ok(page)
}

/// The statement that yields a query's keys, newest first; `None` when nothing can match.
fn keys(db: &Connection, query: &PostQuery) -> Result<Option<(String, Vec<Value>)>, StoreError> {
    let first = query.since.map_or(i64::MIN, rowid::first);
    let until = query.until.map_or(i64::MAX, |until| rowid::first(until).saturating_sub(1));
    let Some(last) = query.before.map_or(Some(i64::MAX), |before| before.checked_sub(1)) else { return Ok(None) };
    let mut values = vec![Value::Integer(first), Value::Integer(last.min(until))];
    let Some(words) = asked(db, query)? else { return Ok(None) };
    let (table, key, test) = match (words.is_empty(), query.incident) {
        (false, _) => {
            values.push(Value::Text(words.join(" AND ")));
            ("post_text", "rowid", "post_text MATCH ?3 AND")
        }
        (true, Some(incident)) => {
            values.push(Value::Integer(incident));
            ("mention", "row", "incident = ?3 AND")
        }
        // Only mentions have what else is filtered by.
        (true, None) if query.is_of_incidents() => ("mention", "row", ""),
        (true, None) => ("post", "row", ""),
    };
    let sql = format!("SELECT {key} FROM {table} WHERE {test} {key} BETWEEN ?1 AND ?2 ORDER BY {key} DESC");
    Ok(Some((sql, values)))
}

/// What full text is asked for, all of it together; `None` when a source or a topic is not known at all.
fn asked(db: &Connection, query: &PostQuery) -> Result<Option<Vec<String>>, StoreError> {
    let mut words: Vec<String> = query.words.iter().map(|words| format!("({words})")).collect();
    if let Some(kind) = query.kind {
        words.push(quoted(&facets::kind(kind)));
    }
    if let Some(plugin) = &query.plugin {
        words.push(quoted(&facets::plugin(plugin)));
    }
    if let Some(site) = &query.site {
        let mut statement = db.prepare_cached("SELECT id FROM source WHERE site = ?1")?;
        let ids: Vec<i64> = statement.query_map([site], |r| r.get(0))?.collect::<Result<_, _>>()?;
        if ids.is_empty() {
            return Ok(None);
        }
        let any: Vec<String> = ids.into_iter().map(|id| quoted(&facets::source(id))).collect();
        words.push(format!("({})", any.join(" OR ")));
    }
    if let Some(topic) = &query.topic {
        let Some(id) = topics::id(db, topic)? else { return Ok(None) };
        words.push(quoted(&facets::topic(id)));
    }
    Ok(Some(words))
}

fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}

impl PostQuery {
    /// Whether it asks for something that only a mention has.
    fn is_of_incidents(&self) -> bool {
        self.category != CategoryFilter::Any || self.level.is_some() || self.state.is_some()
    }
}

/// What is looked up for each key.
struct Filter {
    sql: String,
    values: Vec<Value>,
}

impl Filter {
    fn of(query: &PostQuery) -> Option<Self> {
        let mut tests = String::new();
        let mut values = vec![Value::Null];
        let mut test = |sql: &str, value: Value| {
            values.push(value);
            tests.push_str(&format!(" AND {sql} = ?{}", values.len()));
        };
        if let Some(incident) = query.incident {
            test("m.incident", Value::Integer(incident));
        }
        if let CategoryFilter::Only(category) = query.category {
            test("coalesce(i.assessed, i.suggested)", Value::Text(category.as_str().to_owned()));
        }
        if let Some(level) = &query.level {
            test("i.level", Value::Text(level.clone()));
        }
        if let Some(state) = query.state {
            test("i.state", Value::Text(state.as_str().to_owned()));
        }
        if query.category == CategoryFilter::Without {
            tests.push_str(" AND coalesce(i.assessed, i.suggested) IS NULL");
        }
        let sql = format!("SELECT 1 FROM mention m JOIN incident i ON i.id = m.incident WHERE m.row = ?1{tests}");
        (!tests.is_empty()).then_some(Self { sql, values })
    }

    fn passes(&mut self, db: &Connection, key: PostRowId) -> Result<bool, StoreError> {
        self.values[0] = Value::Integer(key);
        Ok(db.prepare_cached(&self.sql)?.exists(params_from_iter(&self.values))?)
    }
}

/// Whether a post says what is wanted. Of most candidates of a search nothing else is ever read.
fn says(db: &Connection, key: PostRowId, keep: Keep<'_>) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached("SELECT title, text FROM post WHERE row = ?1")?;
    let mut rows = statement.query([key])?;
    let Some(r) = rows.next()? else { return Ok(false) };
    let title = r.get_ref(0)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    Ok(keep(title, r.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?))
}

/// A post with its source, and what became of it.
static ROW: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.row, s.plugin, s.site, p.id, p.kind, p.url, p.title, p.text, p.author, p.publisher,
                p.published, p.day_only, p.captured, p.version, p.views, p.likes, p.replies, p.shares,
                p.labels, m.topics, m.incident, m.why,
                (SELECT min(u.at) FROM submission u WHERE u.row = p.row),
                CASE WHEN s.plugin = '{SUBMITTED}' THEN (SELECT json_extract(e.value, '$[1]')
                     FROM json_each(p.extra, '$.extra') e WHERE json_extract(e.value, '$[0]') = 'failure') END
         FROM post p JOIN source s ON s.id = p.source LEFT JOIN mention m ON m.row = p.row WHERE p.row = ?1"
    )
});

fn row(db: &Connection, key: PostRowId) -> Result<Option<PostRow>, StoreError> {
    let mut statement = db.prepare_cached(&ROW)?;
    let mut rows = statement.query([key])?;
    let Some(mut post) = rows.next()?.map(post).transpose()? else { return Ok(None) };
    // Hardly any post was handed in, and to look for what nobody wrote costs as much as all the rest.
    if post.submitted.is_some() {
        post.notes = notes(db, key)?;
    }
    Ok(Some(post))
}

/// What people wrote who handed a post in, the first [`NOTES`].
fn notes(db: &Connection, key: PostRowId) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT n.text FROM submission u JOIN note n ON n.id = u.note WHERE u.row = ?1 ORDER BY u.at, u.id LIMIT {NOTES}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    Ok(statement.query_map([key], |r| r.get(0))?.collect::<Result<_, _>>()?)
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
        notes: Vec::new(),
        failure: row.get(23)?,
    })
}

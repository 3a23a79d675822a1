//! Batches of posts on their way in: new, changed or known.
//!
//! A post is known by (source, id), where a source is a plugin and a site. Only
//! title and text make a version; reactions are replaced in place. Everything here
//! may be repeated: a batch that is already stored changes nothing.

use std::collections::{HashMap, HashSet};

use caifeng_plugin_host::contract::{Kind, Post, Reactions, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::captures;
use super::error::StoreError;
use super::facets;
use super::incidents::{self, Mention};
use super::model::{Batch, Heard, Ingested, LabelBy, PostRowId, Prepared};
use super::questions;
use super::retain;
use super::rowid;
use super::tally::Counted;
use super::topics;
use super::visits;
use super::writer::Writing;
use crate::hand::IMPORTED;
use crate::incident::ballot::Ballot;
use crate::incident::event::Actor;
use crate::watch::Watch;

/// What a version is recognised by: half of a SHA-256 over title and text.
pub(super) type Content = [u8; 16];

pub(super) fn content(post: &Post) -> Content {
    let mut sha = Sha256::new();
    let title = post.title.as_deref().unwrap_or_default();
    sha.update((title.len() as u64).to_be_bytes());
    sha.update(title);
    sha.update(&post.text);
    let mut content = [0; 16];
    content.copy_from_slice(&sha.finalize()[..16]);
    content
}

/// A post as far as it decides what is new.
pub(super) struct Known {
    pub(super) row: PostRowId,
    pub(super) content: Content,
    pub(super) reactions: Reactions,
}

pub(super) fn known(db: &Connection, source: i64, id: &str) -> Result<Option<Known>, StoreError> {
    let sql = "SELECT row, content, views, likes, replies, shares FROM post
               WHERE source = ?1 AND id = ?2";
    let found = db.prepare_cached(sql)?.query_row(params![source, id], |r| {
        Ok(Known { row: r.get(0)?, content: r.get(1)?, reactions: reactions(r, 2)? })
    });
    Ok(found.optional()?)
}

pub(super) fn reactions(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Reactions> {
    let count = |i| row.get::<_, Option<i64>>(first + i).map(|n| n.and_then(|n| u64::try_from(n).ok()));
    Ok(Reactions { views: count(0)?, likes: count(1)?, replies: count(2)?, shares: count(3)? })
}

/// SQLite's integers end at 2^63; a page that claims more is believed up to there.
pub(super) fn counted(n: Option<u64>) -> Option<i64> {
    n.map(|n| i64::try_from(n).unwrap_or(i64::MAX))
}

/// The newer sight, keeping what it does not say.
fn merged(old: Reactions, new: Reactions) -> Reactions {
    let bound = |n: Option<u64>| counted(n).and_then(|n| u64::try_from(n).ok());
    Reactions {
        views: bound(new.views).or(old.views),
        likes: bound(new.likes).or(old.likes),
        replies: bound(new.replies).or(old.replies),
        shares: bound(new.shares).or(old.shares),
    }
}

pub(super) fn changes_reactions(old: Reactions, new: Reactions) -> bool {
    merged(old, new) != old
}

pub(super) fn source(db: &Connection, plugin: &str, site: &str) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT id FROM source WHERE plugin = ?1 AND site = ?2";
    Ok(db.prepare_cached(sql)?.query_row((plugin, site), |r| r.get(0)).optional()?)
}

pub(super) fn source_or_new(db: &Connection, plugin: &str, site: &str) -> Result<i64, StoreError> {
    if let Some(id) = source(db, plugin, site)? {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO source (plugin, site) VALUES (?1, ?2)")?.execute((plugin, site))?;
    Ok(db.last_insert_rowid())
}

/// Stores what some responses brought, in their order; the job behind [`Store::ingest_all`](super::Store::ingest_all).
pub(super) fn ingest(writing: &mut Writing<'_>, heard: &[Heard]) -> Result<Ingested, StoreError> {
    let mut done = Ingested::default();
    let mut said = Vec::new();
    let mut known: Option<(&Batch, Origin)> = None;
    for Heard { batch, reactions, evidence } in heard {
        let capture = captures::keep(writing.db, evidence)?;
        touch(writing.db, &batch.plugin, &batch.site, reactions, Some(batch.captured))?;
        let origin = match known {
            Some((before, origin)) if before.is_of_the_same(batch) => origin,
            _ => Origin::of(writing.db, batch)?,
        };
        known = Some((batch, origin));
        done += page(writing, batch, origin, capture, &mut said)?;
    }
    index(writing.db, &said)?;
    done.settle();
    Ok(done)
}

/// What all responses of a sweep have in common.
#[derive(Clone, Copy)]
struct Origin {
    source: i64,
    visited: bool,
    wanted: bool,
}

impl Origin {
    fn of(db: &Connection, batch: &Batch) -> Result<Self, StoreError> {
        Ok(Self {
            source: source_or_new(db, &batch.plugin, &batch.site)?,
            visited: visits::can_be_visited(db, batch.sweep)?,
            wanted: wanted(db, &batch.plugin, batch.sweep)?,
        })
    }
}

/// Stores the posts of one response; what full text has to know of them is added to `said`.
fn page<'a>(
    writing: &mut Writing<'_>,
    batch: &'a Batch,
    origin: Origin,
    capture: Option<i64>,
    said: &mut Vec<(PostRowId, &'a str)>,
) -> Result<Ingested, StoreError> {
    let mut done = Ingested::default();
    let Origin { source, visited, wanted } = origin;
    let (captured, sweep) = (batch.captured, batch.sweep);
    let site = &batch.site;
    let intake = Intake { by: None, source, site, captured, sweep, page: capture, visited, wanted };
    // A page that lists one id twice with different texts would otherwise make two versions at every sight.
    let mut met = HashSet::new();
    for prepared in batch.posts.iter().filter(|p| met.insert(p.post.id.as_str())) {
        if let Some(row) = intake.post(writing, prepared, &mut done)? {
            said.push((row, prepared.tokens.as_str()));
        }
    }
    writing.delta.posts += i64::try_from(done.new).unwrap_or(i64::MAX);
    if let Some(sweep) = batch.sweep.filter(|_| done.new > 0) {
        let sql = "UPDATE watch SET posts = posts + ?2
                   WHERE id = (SELECT watch FROM sweep WHERE id = ?1)";
        writing.db.prepare_cached(sql)?.execute((sweep, done.new as i64))?;
    }
    Ok(done)
}

/// Makes rows findable by their tokens and [`facets`], those of new versions in place of the old.
///
/// All of a batch at its end: any statement that SQLite may have to undo alone (one with a
/// trigger, such as an event's) makes FTS5 write out what it has gathered, and a
/// segment for every mention would cost more than everything else together.
pub(super) fn index(db: &Connection, said: &[(PostRowId, &str)]) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached("INSERT OR REPLACE INTO post_text (rowid, tokens) VALUES (?1, ?2)")?;
    for (row, tokens) in said {
        statement.execute((row, format!("{tokens}{}", facets::of_post(db, *row)?)))?;
    }
    Ok(())
}

/// Replaces reactions of posts that are otherwise as stored; the job behind
/// [`Store::touch`](super::Store::touch). Returns how many changed.
pub(super) fn touch(
    db: &Connection,
    plugin: &str,
    site: &str,
    posts: &[(String, Reactions)],
    at: Option<Timestamp>,
) -> Result<u64, StoreError> {
    let Some(source) = source(db, plugin, site)? else {
        return Ok(0);
    };
    let mut changed = 0;
    for (id, reactions) in posts {
        if let Some(known) = known(db, source, id)? {
            changed += u64::from(set_counts(db, &known, *reactions, at)?);
        }
    }
    Ok(changed)
}

fn set_reactions(db: &Connection, known: &Known, new: Reactions, at: Timestamp) -> Result<bool, StoreError> {
    set_counts(db, known, new, Some(at))
}

/// Replaces the counts; of a mention also takes note of when they were so.
fn set_counts(db: &Connection, known: &Known, new: Reactions, at: Option<Timestamp>) -> Result<bool, StoreError> {
    let now = merged(known.reactions, new);
    if now == known.reactions {
        return Ok(false);
    }
    let sql = "UPDATE post SET views = ?2, likes = ?3, replies = ?4, shares = ?5 WHERE row = ?1";
    db.prepare_cached(sql)?.execute(params![
        known.row,
        counted(now.views),
        counted(now.likes),
        counted(now.replies),
        counted(now.shares)
    ])?;
    if let Some(at) = at {
        visits::read(db, known.row, at, now)?;
    }
    Ok(true)
}

/// What all posts of a batch have in common.
pub(super) struct Intake<'a> {
    pub(super) source: i64,
    /// The site's name.
    pub(super) site: &'a str,
    pub(super) captured: Timestamp,
    pub(super) sweep: Option<i64>,
    /// Who handed it in; `None` for what was heard.
    pub(super) by: Option<&'a Actor>,
    /// The capture that they were read from.
    pub(super) page: Option<i64>,
    /// Mentions among them are visited again.
    pub(super) visited: bool,
    /// Somebody wants them: what was deleted because its time was over is stored again.
    pub(super) wanted: bool,
}

/// Whether a person wants the posts of a batch: rows of a table, or a page that was handed in. What a site merely
/// still lists is another matter.
pub(super) fn wanted(db: &Connection, plugin: &str, sweep: Option<i64>) -> Result<bool, StoreError> {
    let Some(sweep) = sweep else { return Ok(plugin == IMPORTED) };
    let sql = "SELECT w.body FROM sweep s JOIN watch w ON w.id = s.watch WHERE s.id = ?1";
    let body: Option<String> = db.prepare_cached(sql)?.query_row([sweep], |r| r.get(0)).optional()?;
    let watch: Option<Watch> = body.map(|body| serde_json::from_str(&body)).transpose()?;
    Ok(watch.is_some_and(|watch| watch.is_handed_in()))
}

impl Intake<'_> {
    /// Stores one post; returns its row when its text is new.
    pub(super) fn post(
        &self,
        writing: &mut Writing<'_>,
        prepared: &Prepared,
        done: &mut Ingested,
    ) -> Result<Option<PostRowId>, StoreError> {
        let content = content(&prepared.post);
        match known(writing.db, self.source, &prepared.post.id)? {
            None if !self.wanted && retain::forgotten(writing.db, self.source, &prepared.post.id, &content)? => {
                Ok(None)
            }
            None => {
                let row = self.insert(writing.db, prepared, &content)?;
                self.came_from_page(writing.db, row)?;
                done.new += 1;
                if let Some(topics) = self.admitted(writing.db, prepared, row, done)? {
                    self.mention(writing, prepared, row, &topics, done)?;
                }
                Ok(Some(row))
            }
            Some(known) if known.content == content => {
                set_reactions(writing.db, &known, prepared.post.reactions, self.captured)?;
                Ok(None)
            }
            Some(known) => {
                let before = self.revise(writing.db, known.row, prepared, &content)?;
                self.came_from_page(writing.db, known.row)?;
                set_reactions(writing.db, &known, prepared.post.reactions, self.captured)?;
                done.changed += 1;
                self.remention(writing, prepared, known.row, before, done)?;
                Ok(Some(known.row))
            }
        }
    }

    /// The topics that a post is taken for; `None` when it mentions none, or none that is not full.
    fn admitted(
        &self,
        db: &Connection,
        prepared: &Prepared,
        row: PostRowId,
        done: &mut Ingested,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let Some(named) = &prepared.topics else { return Ok(None) };
        if self.wanted {
            return Ok(Some(named.clone()));
        }
        let admitted = topics::admit(db, row, named)?;
        if admitted.is_empty() && !named.is_empty() {
            done.over += 1;
            return Ok(None);
        }
        Ok(Some(admitted))
    }

    fn came_from_page(&self, db: &Connection, row: PostRowId) -> Result<(), StoreError> {
        self.page.map_or(Ok(()), |page| captures::came_from(db, row, page))
    }

    fn insert(&self, db: &Connection, prepared: &Prepared, content: &Content) -> Result<PostRowId, StoreError> {
        let post = &prepared.post;
        let row = rowid::allocate(db, rowid::filed(post.published, self.captured))?;
        let sql = "INSERT INTO post (row, source, id, content, captured, revised, sweep, kind, published,
                   day_only, edited, views, likes, replies, shares, url, parent, author, publisher, language,
                   title, text, labels, extra) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
                   ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)";
        db.prepare_cached(sql)?.execute(params![
            row,
            self.source,
            post.id,
            content,
            self.captured,
            self.sweep,
            kind_number(post.kind),
            post.published,
            post.day_only,
            post.edited,
            counted(post.reactions.views),
            counted(post.reactions.likes),
            counted(post.reactions.replies),
            counted(post.reactions.shares),
            post.url,
            post.parent,
            post.author.as_ref().map(|a| &a.id),
            post.publisher,
            post.language,
            post.title,
            post.text,
            json_unless_empty(&prepared.labels)?,
            extra(post)?
        ])?;
        Ok(row)
    }

    /// Makes what was stored an old version; returns its votes.
    fn revise(
        &self,
        db: &Connection,
        row: PostRowId,
        prepared: &Prepared,
        content: &Content,
    ) -> Result<Ballot, StoreError> {
        let post = &prepared.post;
        let labels: Option<String> =
            db.prepare_cached("SELECT labels FROM post WHERE row = ?1")?.query_row([row], |r| r.get(0))?;
        let before = labels.map(|l| serde_json::from_str::<Vec<LabelBy>>(&l)).transpose()?;
        db.prepare_cached(
            "INSERT INTO post_version (row, version, captured, title, text)
             SELECT row, version, revised, title, text FROM post WHERE row = ?1",
        )?
        .execute([row])?;
        let sql = "UPDATE post SET version = version + 1, content = ?2, revised = ?3, edited = ?4, title = ?5,
                   text = ?6, labels = ?7, extra = ?8, url = ?9 WHERE row = ?1";
        db.prepare_cached(sql)?.execute(params![
            row,
            content,
            self.captured,
            post.edited,
            post.title,
            post.text,
            json_unless_empty(&prepared.labels)?,
            extra(post)?,
            post.url
        ])?;
        Ok(LabelBy::ballot(&before.unwrap_or_default()))
    }

    /// A changed post stays in its incident, with its new say in it; one that
    /// mentions a topic only now opens or joins an incident.
    fn remention(
        &self,
        writing: &mut Writing<'_>,
        prepared: &Prepared,
        row: PostRowId,
        before: Ballot,
        done: &mut Ingested,
    ) -> Result<(), StoreError> {
        let Some(topics) = self.admitted(writing.db, prepared, row, done)? else {
            // It stays where it is, but its say was about the text that is gone.
            return match incidents::of_post(writing.db, row)? {
                Some(id) => incidents::revote(writing, id, &before, &LabelBy::ballot(&prepared.labels), self.captured),
                None => Ok(()),
            };
        };
        let Some(incident) = incidents::of_post(writing.db, row)? else {
            return self.mention(writing, prepared, row, &topics, done);
        };
        done.matched += 1;
        let counted = self.counted(prepared, row);
        let added = topics::note(writing.db, row, &topics)?;
        if counted.has_date() || counted.is_new(writing.db)? {
            added.into_iter().for_each(|topic| writing.tally.topic(topic, &counted));
        }
        writing
            .db
            .prepare_cached("UPDATE mention SET topics = ?2 WHERE row = ?1")?
            .execute(params![row, json_unless_empty(&topics)?])?;
        questions::raise(writing.db, row, self.captured)?;
        incidents::revote(writing, incident, &before, &LabelBy::ballot(&prepared.labels), self.captured)
    }

    fn counted<'p>(&'p self, prepared: &'p Prepared, row: PostRowId) -> Counted<'p> {
        let Post { published, publisher, url, .. } = &prepared.post;
        let (captured, sweep, site) = (self.captured, self.sweep, self.site);
        Counted { row, captured, sweep, published: *published, publisher: publisher.as_deref(), url, site }
    }

    pub(super) fn mention(
        &self,
        writing: &mut Writing<'_>,
        prepared: &Prepared,
        row: PostRowId,
        topics: &[String],
        done: &mut Ingested,
    ) -> Result<(), StoreError> {
        done.matched += 1;
        writing.delta.mentions += 1;
        let topic_rows = topics::note(writing.db, row, topics)?;
        let mention = Mention {
            row,
            source: self.source,
            captured: self.captured,
            by: self.by,
            post: &prepared.post,
            links: &prepared.links,
            signature: prepared.signature.as_ref(),
            telling: &prepared.telling,
            topics: json_unless_empty(topics)?,
            ballot: LabelBy::ballot(&prepared.labels),
        };
        let (incident, opened) = incidents::place(writing, &mention)?;
        if opened {
            done.opened.push(incident);
        } else {
            done.joined.push(incident);
        }
        let counted = self.counted(prepared, row);
        let is_new = !counted.has_date() && counted.is_new(writing.db)?;
        if is_new {
            writing.db.prepare_cached("UPDATE mention SET counted = 1 WHERE row = ?1")?.execute([row])?;
        }
        if counted.has_date() || is_new {
            writing.tally.incident(incident, &counted, writing.media);
            topic_rows.into_iter().for_each(|topic| writing.tally.topic(topic, &counted));
        }
        if self.visited {
            visits::expect(writing.db, row, self.captured)?;
        }
        questions::raise(writing.db, row, self.captured)?;
        visits::read(writing.db, row, self.captured, prepared.post.reactions)
    }
}

pub(super) fn json_unless_empty<T: serde::Serialize>(list: &[T]) -> Result<Option<String>, StoreError> {
    if list.is_empty() { Ok(None) } else { Ok(Some(serde_json::to_string(list)?)) }
}

/// What is kept of a post but never asked for.
fn extra(post: &Post) -> Result<Option<String>, StoreError> {
    if post.media.is_empty() && post.extra.is_empty() {
        return Ok(None);
    }
    let kept =
        HashMap::from([("media", serde_json::to_value(&post.media)?), ("extra", serde_json::to_value(&post.extra)?)]);
    Ok(Some(serde_json::to_string(&kept)?))
}

pub(super) const fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Article => 0,
        Kind::Post => 1,
        Kind::Comment => 2,
        Kind::Repost => 3,
    }
}

pub(super) fn kind_of(number: i64) -> Kind {
    match number {
        0 => Kind::Article,
        2 => Kind::Comment,
        3 => Kind::Repost,
        _ => Kind::Post,
    }
}

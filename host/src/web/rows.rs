//! What the desk reads, as one small interface: the store's reader behind it in
//! the daemon, fixed rows in tests and pictures.
//!
//! Every call blocks on disk and is made from a blocking thread only.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;

use super::room::subscribed::Subscribed;
use crate::coverage::Notice;
use crate::coverage::statement::Statement;
use crate::current::Current;
use crate::feed;
use crate::incident::opinion::Opinion;
use crate::incident::reach::Reach;
use crate::incident::{Category, IncidentId};
use crate::permission::Permission;
use crate::plan::Plan;
use crate::record::Entry;
use crate::reporting::shelf;
use crate::search::{Search, SearchError};
use crate::store::model::{Figures, IncidentRow, LabelBy, PostRow, PostRowId, WatchRow};
use crate::store::{
    Course, Deadline, DisclosureRow, Fresh, FullDay, Governing, IncidentQuery, Life, NoticeRow, OutboxHealth,
    OutboxQuery, PostQuery, Reader, Reading, RecordQuery, Risen, SeriesPoint, ServiceRow, StoreError, Unacknowledged,
    Version,
};
use crate::text::diff::{Part, diff};
use crate::text::tokens::Tokeniser;
use crate::topic::{Hit, Names};
use crate::warning::known::Kind;
use crate::watch::Sweep;

/// Incidents that a feed tells of.
const ENTRIES: usize = 50;

/// The store could not answer: the page shows that it could not, with this text
/// in the log only.
#[derive(Debug, thiserror::Error)]
#[error("store does not answer: {0}")]
pub struct Unanswered(pub String);

/// Which posts a list shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostsQuery {
    /// What a person typed; `None` for all.
    pub search: Option<String>,
    /// The filters, and how many at most.
    pub list: PostQuery,
}

/// A part of a list of posts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The posts, newest first, each with what was found in it.
    pub posts: Vec<(PostRow, Vec<Hit>)>,
    /// From where older ones are looked for; `None` when all was seen.
    pub next: Option<PostRowId>,
    /// Why nothing was looked for.
    pub wrong: Option<SearchError>,
}

/// What a list of posts can be filtered by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Names of topics that posts mention.
    pub topics: Vec<String>,
    /// Sites that posts are from.
    pub sites: Vec<String>,
}

/// What became of a post after it was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Became {
    /// Counts over time, oldest first.
    pub readings: Vec<Reading>,
    /// Between which two moments it was deleted.
    pub deleted: Option<(Timestamp, Timestamp)>,
    /// What its latest versions changed, the newest first.
    pub changes: Vec<Changed>,
}

/// What one version changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which version.
    pub version: u32,
    /// When it was first seen so.
    pub at: Timestamp,
    /// The text before and after, word by word.
    pub parts: Vec<Part>,
}

/// Parts of a list that one page looks through: eight thousand posts, some fiftieth of a second.
const PARTS: usize = 8;
/// New posts of a kept search that are counted.
const FRESH: u64 = 99;
/// Sites that a list can be filtered by; the others are found by address.
const SITES: usize = 300;
/// Versions of one post whose changes are told.
const VERSIONS: usize = 3;
/// Words that are compared for one page: a page of hundreds of long posts is still put together at once.
const WORDS: usize = 60_000;

fn changes(tokeniser: &Tokeniser, versions: &[Version], budget: &mut usize) -> Vec<Changed> {
    let mut changes = Vec::new();
    for pair in versions.windows(2).rev().take(VERSIONS) {
        let [old, new] = [&pair[0], &pair[1]].map(|v| match &v.title {
            Some(title) => format!("{title}\n{}", v.text),
            None => v.text.clone(),
        });
        let (old, new) = (tokeniser.words(&old), tokeniser.words(&new));
        let Some(left) = budget.checked_sub(old.len() + new.len()) else { break };
        *budget = left;
        changes.push(Changed { version: pair[1].version, at: pair[1].captured, parts: diff(&old, &new) });
    }
    changes
}

/// What the desk asks of a store.
pub trait Rows: Send + Sync + 'static {
    /// The same, as far as a user sees it, by identifier; `None` for a user: what everybody sees. Fixed rows hide nothing.
    fn seen_by(&self, _user: Option<&str>) -> Option<Arc<dyn Rows>> {
        None
    }

    /// The figures of the whole store.
    ///
    /// # Errors
    /// [`Unanswered`] when the store cannot be read; so for every method.
    fn figures(&self) -> Result<Figures, Unanswered>;

    /// Incidents, newest post first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn incidents(&self, query: &IncidentQuery) -> Result<Vec<IncidentRow>, Unanswered>;

    /// Mentions by day and category from `since` on; a day begins `utc_offset` seconds before it does in UTC.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn per_day(&self, since: Timestamp, utc_offset: i32) -> Result<Vec<SeriesPoint>, Unanswered>;

    /// One incident.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn incident(&self, id: IncidentId) -> Result<Option<IncidentRow>, Unanswered>;

    /// What the classifiers make of an incident.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn opinion(&self, _id: IncidentId) -> Result<Opinion, Unanswered> {
        Ok(Opinion::default())
    }

    /// The label that shows best why a category is suggested for an incident.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn strongest(&self, _id: IncidentId, _category: Category) -> Result<Option<LabelBy>, Unanswered> {
        Ok(None)
    }

    /// The plan that governs an incident.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn governing(&self, _id: IncidentId) -> Result<Arc<Plan>, Unanswered> {
        Ok(Arc::new(Plan::built_in().clone()))
    }

    /// Posts of an incident, newest first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn posts_of(&self, id: IncidentId, limit: usize) -> Result<Vec<PostRow>, Unanswered>;

    /// How far an incident has gone.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn reach(&self, _id: IncidentId) -> Result<Reach, Unanswered> {
        Ok(Reach::default())
    }

    /// What was published that answers an incident, in the order of its numbers.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn disclosures(&self, _id: IncidentId) -> Result<Vec<DisclosureRow>, Unanswered> {
        Ok(Vec::new())
    }

    /// What the feed of this secret and kind says, if there is one that may be read.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn feed(&self, _asked: &Subscribed) -> Result<Option<String>, Unanswered> {
        Ok(None)
    }

    /// What became of posts, by row; those of which nothing is known are left out.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn lives(&self, _posts: &[PostRow]) -> Result<BTreeMap<PostRowId, Became>, Unanswered> {
        Ok(BTreeMap::new())
    }

    /// Posts, newest first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn posts(&self, query: &PostsQuery) -> Result<Found, Unanswered>;

    /// Hands every post of a list to `take`, newest first, until that breaks; why nothing was looked for.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn each_post(
        &self,
        query: &PostsQuery,
        take: &mut dyn FnMut(PostRow) -> ControlFlow<()>,
    ) -> Result<Option<SearchError>, Unanswered> {
        let found = self.posts(query)?;
        let _ = found.posts.into_iter().try_for_each(|(post, _)| take(post));
        Ok(found.wrong)
    }

    /// How many posts of a list were first heard after `since`.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn fresh(&self, _query: &PostsQuery, _since: Timestamp) -> Result<Fresh, Unanswered> {
        Ok(Fresh::default())
    }

    /// What posts can be filtered by.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn choices(&self) -> Result<Choices, Unanswered> {
        Ok(Choices::default())
    }

    /// Days from that of `since` on, on which a topic was full.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn full_days(&self, _since: Timestamp) -> Result<Vec<FullDay>, Unanswered> {
        Ok(Vec::new())
    }

    /// All watches.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn watches(&self) -> Result<Arc<[WatchRow]>, Unanswered>;

    /// Hosts at which robots.txt is not asked.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn permissions(&self) -> Result<Vec<Permission>, Unanswered> {
        Ok(Vec::new())
    }

    /// Services that are asked about posts, and what that has come to on the day `today` of their budgets.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn services(&self, _today: i64) -> Result<Vec<ServiceRow>, Unanswered> {
        Ok(Vec::new())
    }

    /// The monitoring record, newest first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn record(&self, query: &RecordQuery) -> Result<Vec<Entry>, Unanswered>;

    /// What was covered from `since` to `now`.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn coverage(&self, since: Timestamp, now: Timestamp) -> Result<Statement, Unanswered>;

    /// The newest notices, newest first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn notices(&self, limit: usize) -> Result<Vec<Notice>, Unanswered>;

    /// The newest notices to people, newest first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn told(&self, _limit: usize) -> Result<Vec<NoticeRow>, Unanswered> {
        Ok(Vec::new())
    }

    /// Whether notices leave.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn outbox_health(&self, _now: Timestamp) -> Result<OutboxHealth, Unanswered> {
        Ok(OutboxHealth::default())
    }

    /// What is not quiet, what grows first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn risen(&self, _now: Timestamp, _limit: usize) -> Result<Vec<Risen>, Unanswered> {
        Ok(Vec::new())
    }

    /// Incidents with escalations that nobody who decides has acknowledged, the longest waiting first; and how many
    /// there are.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn unacknowledged(&self, _limit: usize) -> Result<(Vec<Unacknowledged>, u64), Unanswered> {
        Ok((Vec::new(), 0))
    }

    /// What runs out next, an incident with its first clock, `limit` at most.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn deadlines(&self, _now: Timestamp, _limit: usize) -> Result<Vec<Deadline>, Unanswered> {
        Ok(Vec::new())
    }

    /// How an incident grew.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn course(&self, _incident: IncidentId) -> Result<Course, Unanswered> {
        Ok(Course::default())
    }

    /// The latest sweeps of a watch that have ended, oldest first.
    ///
    /// # Errors
    /// [`Unanswered`].
    fn sweeps(&self, watch: &str, limit: usize) -> Result<Vec<Sweep>, Unanswered>;
}

/// The store's reader with the tokeniser that its full text was made with.
#[derive(Clone)]
pub struct Stored {
    reader: Reader,
    tokeniser: Arc<Tokeniser>,
    names: Current<Names>,
    in_force: Current<Plan>,
    reports: Arc<Path>,
}

impl Stored {
    /// Reads through `reader`; searches are cut into words by `tokeniser`, as posts were, and may use `names`;
    /// `in_force` governs what nobody has decided yet; regular reports lie in `reports`.
    #[must_use]
    pub fn new(
        reader: Reader,
        tokeniser: Arc<Tokeniser>,
        names: Current<Names>,
        in_force: Current<Plan>,
        reports: &Path,
    ) -> Self {
        Self { reader, tokeniser, names, in_force, reports: reports.into() }
    }

    /// What a list asks the store, and the search that decides where full text cannot.
    fn read(&self, query: &PostsQuery) -> Result<(Option<Search>, PostQuery), SearchError> {
        let typed = query.search.as_deref();
        let search = typed.map(|typed| Search::read(typed, &self.tokeniser, &self.names.get())).transpose()?.flatten();
        let words = search.as_ref().and_then(Search::expression).map(str::to_owned);
        Ok((search, PostQuery { words, ..query.list.clone() }))
    }
}

impl From<StoreError> for Unanswered {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl Rows for Stored {
    fn seen_by(&self, user: Option<&str>) -> Option<Arc<dyn Rows>> {
        Some(Arc::new(Self { reader: self.reader.seen_by(user), ..self.clone() }))
    }

    fn figures(&self) -> Result<Figures, Unanswered> {
        Ok(self.reader.figures()?)
    }

    fn incidents(&self, query: &IncidentQuery) -> Result<Vec<IncidentRow>, Unanswered> {
        Ok(self.reader.incidents(query)?)
    }

    fn per_day(&self, since: Timestamp, utc_offset: i32) -> Result<Vec<SeriesPoint>, Unanswered> {
        Ok(self.reader.posts_per_day(since, utc_offset)?)
    }

    fn incident(&self, id: IncidentId) -> Result<Option<IncidentRow>, Unanswered> {
        Ok(self.reader.incident(id)?)
    }

    fn opinion(&self, id: IncidentId) -> Result<Opinion, Unanswered> {
        Ok(self.reader.opinion(id)?)
    }

    fn strongest(&self, id: IncidentId, category: Category) -> Result<Option<LabelBy>, Unanswered> {
        Ok(self.reader.strongest(id, category)?)
    }

    fn governing(&self, id: IncidentId) -> Result<Arc<Plan>, Unanswered> {
        Ok(Governing::new(self.reader.clone(), self.in_force.get()).plan(id)?)
    }

    fn posts_of(&self, id: IncidentId, limit: usize) -> Result<Vec<PostRow>, Unanswered> {
        let query = PostQuery { incident: Some(id), limit: Some(limit), ..PostQuery::default() };
        Ok(self.reader.posts(&query)?)
    }

    fn reach(&self, id: IncidentId) -> Result<Reach, Unanswered> {
        Ok(self.reader.reach(id)?)
    }

    fn disclosures(&self, id: IncidentId) -> Result<Vec<DisclosureRow>, Unanswered> {
        Ok(self.reader.disclosures(Some(id))?)
    }

    fn feed(&self, asked: &Subscribed) -> Result<Option<String>, Unanswered> {
        let Some(feed) = self.reader.feed(&asked.token)?.filter(|feed| feed.kind == asked.kind) else {
            return Ok(None);
        };
        let (lang, now) = (feed.lang(), asked.now);
        // Whoever has the address reads it, here or elsewhere.
        let reader = self.reader.seen_by(None);
        Ok(Some(match feed.kind {
            feed::Kind::Clocks => feed::ics::clocks(&reader.running_clocks(lang)?, lang, now),
            feed::Kind::Disclosures => {
                let rows = reader.disclosures(None)?;
                let told = rows.iter().map(|row| (row.id, &row.disclosure, row.text.as_ref()));
                feed::ics::disclosures(told, lang, now)
            }
            feed::Kind::Incidents => feed::atom::incidents(&reader.incidents_told(ENTRIES)?, &asked.organisation, lang),
            feed::Kind::Reports => {
                let folder = self.reports.display();
                let told = shelf::told(&self.reports, ENTRIES)
                    .map_err(|error| StoreError::Internal(format!("{folder}: {error}")))?;
                feed::atom::reports(&told, &asked.organisation, lang)
            }
        }))
    }

    fn lives(&self, posts: &[PostRow]) -> Result<BTreeMap<PostRowId, Became>, Unanswered> {
        let mut budget = WORDS;
        let mut lives = BTreeMap::new();
        for post in posts {
            let life = self.reader.life(post.row)?;
            let changes = changes(&self.tokeniser, &life.versions, &mut budget);
            let Life { readings, deleted, .. } = life;
            if readings.len() > 1 || deleted.is_some() || !changes.is_empty() {
                lives.insert(post.row, Became { readings, deleted, changes });
            }
        }
        Ok(lives)
    }

    fn posts(&self, query: &PostsQuery) -> Result<Found, Unanswered> {
        let (search, mut list) = match self.read(query) {
            Ok(read) => read,
            Err(wrong) => return Ok(Found { wrong: Some(wrong), ..Found::default() }),
        };
        let wanted = list.limit.unwrap_or(usize::MAX);
        let mut found = Found { next: list.before, ..Found::default() };
        for _ in 0..PARTS {
            list.limit = Some(wanted - found.posts.len());
            let mut hits = Vec::new();
            let mut keep = |title: Option<&str>, text: &str| {
                let told = search.as_ref().map_or(Some(Vec::new()), |search| search.found(title, text));
                told.map(|told| hits.push(told)).is_some()
            };
            let page = self.reader.post_page(&list, &mut keep)?;
            found.posts.extend(page.posts.into_iter().zip(hits));
            (found.next, list.before) = (page.next, page.next);
            if page.next.is_none() || found.posts.len() == wanted {
                break;
            }
        }
        Ok(found)
    }

    fn each_post(
        &self,
        query: &PostsQuery,
        take: &mut dyn FnMut(PostRow) -> ControlFlow<()>,
    ) -> Result<Option<SearchError>, Unanswered> {
        let (search, list) = match self.read(query) {
            Ok(read) => read,
            Err(wrong) => return Ok(Some(wrong)),
        };
        let mut keep = |title: Option<&str>, text: &str| Search::means(search.as_ref(), title, text);
        self.reader.walk(&list, Some(&mut keep), take)?;
        Ok(None)
    }

    fn fresh(&self, query: &PostsQuery, since: Timestamp) -> Result<Fresh, Unanswered> {
        let Ok((search, list)) = self.read(query) else { return Ok(Fresh::default()) };
        let mut keep = |title: Option<&str>, text: &str| Search::means(search.as_ref(), title, text);
        Ok(self.reader.heard_since(&list, &mut keep, since, FRESH)?)
    }

    fn choices(&self) -> Result<Choices, Unanswered> {
        Ok(Choices { topics: self.reader.topic_names()?, sites: self.reader.sites(SITES)? })
    }

    fn full_days(&self, since: Timestamp) -> Result<Vec<FullDay>, Unanswered> {
        Ok(self.reader.full_days(since)?)
    }

    fn watches(&self) -> Result<Arc<[WatchRow]>, Unanswered> {
        Ok(self.reader.listened()?)
    }

    fn permissions(&self) -> Result<Vec<Permission>, Unanswered> {
        Ok(self.reader.permissions()?)
    }

    fn services(&self, today: i64) -> Result<Vec<ServiceRow>, Unanswered> {
        Ok(self.reader.services(today)?)
    }

    fn record(&self, query: &RecordQuery) -> Result<Vec<Entry>, Unanswered> {
        Ok(self.reader.record(query)?)
    }

    fn coverage(&self, since: Timestamp, now: Timestamp) -> Result<Statement, Unanswered> {
        Ok(self.reader.coverage(since, now)?)
    }

    fn notices(&self, limit: usize) -> Result<Vec<Notice>, Unanswered> {
        Ok(self.reader.notices(None, limit)?)
    }

    fn told(&self, limit: usize) -> Result<Vec<NoticeRow>, Unanswered> {
        Ok(self.reader.outbox(&OutboxQuery { limit, ..OutboxQuery::default() })?)
    }

    fn outbox_health(&self, now: Timestamp) -> Result<OutboxHealth, Unanswered> {
        Ok(self.reader.outbox_health(now)?)
    }

    fn risen(&self, now: Timestamp, limit: usize) -> Result<Vec<Risen>, Unanswered> {
        Ok(self.reader.risen(now, limit)?)
    }

    fn unacknowledged(&self, limit: usize) -> Result<(Vec<Unacknowledged>, u64), Unanswered> {
        Ok(self.reader.unacknowledged(limit)?)
    }

    fn deadlines(&self, now: Timestamp, limit: usize) -> Result<Vec<Deadline>, Unanswered> {
        Ok(self.reader.deadlines(now, limit)?)
    }

    fn course(&self, incident: IncidentId) -> Result<Course, Unanswered> {
        Ok(self.reader.course(Kind::Incident, incident, i64::MAX)?)
    }

    fn sweeps(&self, watch: &str, limit: usize) -> Result<Vec<Sweep>, Unanswered> {
        // One of those asked for may still be running.
        let mut sweeps = self.reader.sweeps(Some(watch), limit + 1)?;
        sweeps.retain(|s| s.ended.is_some());
        sweeps.truncate(limit);
        sweeps.reverse();
        Ok(sweeps)
    }
}

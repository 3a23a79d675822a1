//! What was heard, and the record of having looked.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coverage::statement::Statement;
use crate::incident::group::Why;
use crate::incident::{Category, IncidentId, State};
use crate::store::model::{PostRow, WatchRow};
use crate::store::{CategoryFilter, PostQuery, RecordQuery, WarningQuery};
use crate::warning::Alert;
use crate::watch::Sweep;
use crate::web::api::endpoint::{Call, Endpoint, get};
use crate::web::api::listed::{Limit, Nothing, Numbered, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::{DESK, WORK};
use crate::web::rows::PostsQuery;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/posts", WORK, ("listPosts", "Posts, newest first; `q` finds by what they say"), posts),
        get("/posts/{id}", WORK, ("post", "One post"), post),
        get("/watches", DESK, ("listWatches", "What is listened to, and how it stands"), watches),
        get("/sweeps", DESK, ("listSweeps", "The monitoring record, newest first"), sweeps),
        get("/coverage", DESK, ("coverage", "What was heard and what was not"), coverage),
        get("/warnings", WORK, ("listWarnings", "What grows, newest first"), warnings),
    ]
}

/// A form of utterance.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Form {
    Article,
    Post,
    Comment,
    Repost,
}

impl From<Form> for Kind {
    fn from(form: Form) -> Self {
        match form {
            Form::Article => Self::Article,
            Form::Post => Self::Post,
            Form::Comment => Self::Comment,
            Form::Repost => Self::Repost,
        }
    }
}

impl From<Kind> for Form {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Article => Self::Article,
            Kind::Post => Self::Post,
            Kind::Comment => Self::Comment,
            Kind::Repost => Self::Repost,
        }
    }
}

/// Which posts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// What is looked for, as people type it.
    q: Option<String>,
    /// Published (else captured) at or after this second since 1970.
    since: Option<i64>,
    /// Published (else captured) before it.
    until: Option<i64>,
    /// Of this incident.
    incident: Option<IncidentId>,
    /// That mention this topic.
    topic: Option<String>,
    /// Of this site.
    site: Option<String>,
    /// Of this form.
    kind: Option<Form>,
    /// Of an incident with this category.
    category: Option<Category>,
    /// Of an incident in this state.
    state: Option<State>,
    /// At most so many.
    #[serde(default)]
    limit: Limit,
    /// Where the part before ended.
    cursor: Option<i64>,
}

/// A post. There is no author: nobody is looked for.
#[derive(Debug, Serialize, JsonSchema)]
struct PostShown {
    /// Its number.
    id: i64,
    /// The plugin that read it.
    plugin: String,
    /// The site.
    site: String,
    /// Form of utterance.
    kind: Form,
    /// Where a person can read it.
    url: String,
    /// Headline.
    title: Option<String>,
    /// Plain text.
    text: String,
    /// When it was published, as the site tells it.
    published: Option<i64>,
    /// When it was first captured.
    captured: i64,
    /// 1 for the first version.
    version: u32,
    /// Topics that it mentions.
    topics: Vec<String>,
    /// What classifiers said: who, label, score between 0 and 1, and the words that show it.
    labels: Vec<LabelShown>,
    /// How far it has travelled, as last seen.
    reactions: BTreeMap<String, u64>,
    /// The incident it belongs to.
    incident: Option<IncidentId>,
    /// Why it joined that incident.
    why: Option<Why>,
}

/// What a classifier said.
#[derive(Debug, Serialize, JsonSchema)]
struct LabelShown {
    by: String,
    label: String,
    score: f32,
    evidence: Vec<String>,
}

impl From<PostRow> for PostShown {
    fn from(row: PostRow) -> Self {
        let label = |label: crate::store::model::LabelBy| LabelShown {
            by: label.by,
            label: label.label.name,
            score: label.label.score,
            evidence: label.label.evidence,
        };
        let reactions = &row.reactions;
        let counts = [
            ("views", reactions.views),
            ("likes", reactions.likes),
            ("replies", reactions.replies),
            ("shares", reactions.shares),
        ];
        Self {
            id: row.row,
            plugin: row.plugin,
            site: row.site,
            kind: row.kind.into(),
            url: row.url,
            title: row.title,
            text: row.text,
            published: row.published,
            captured: row.captured,
            version: row.version,
            topics: row.topics,
            labels: row.labels.into_iter().map(label).collect(),
            reactions: counts.into_iter().filter_map(|(name, n)| Some((name.to_owned(), n?))).collect(),
            incident: row.incident,
            why: row.why,
        }
    }
}

fn posts(call: &Call, wanted: Wanted) -> Result<Part<PostShown>, Problem> {
    let list = PostQuery {
        since: wanted.since,
        until: wanted.until,
        incident: wanted.incident,
        topic: wanted.topic,
        site: wanted.site,
        kind: wanted.kind.map(Kind::from),
        category: wanted.category.map_or(CategoryFilter::Any, CategoryFilter::Only),
        state: wanted.state,
        limit: Some(wanted.limit.items()),
        before: wanted.cursor,
        ..PostQuery::default()
    };
    let found = call.rows().posts(&PostsQuery { search: wanted.q, list })?;
    if let Some(wrong) = found.wrong {
        return Err(Problem::Malformed(format!("q: {wrong}")));
    }
    let items = found.posts.into_iter().map(|(post, _)| post.into()).collect();
    Ok(Part { items, next: found.next.map(|next| next.to_string()) })
}

fn post(call: &Call, Numbered { id }: Numbered) -> Result<PostShown, Problem> {
    Ok(call.clerk().reader.post_of(id)?.ok_or(Problem::Missing)?.into())
}

/// A watch and how it stands.
#[derive(Debug, Serialize, JsonSchema)]
struct WatchShown {
    /// Its name.
    id: String,
    /// The plugin that reads it.
    plugin: String,
    /// What is listened to.
    target: String,
    /// The newest sweep that ended.
    last: Option<Sweep>,
    /// When a sweep last ended without a failure.
    heard: Option<i64>,
    /// Failed sweeps in a row since then.
    failing: u32,
    /// When it is due next.
    due: Option<i64>,
    /// Why it is not swept any more.
    halted: Option<String>,
    /// Posts stored from it.
    posts: u64,
}

impl From<WatchRow> for WatchShown {
    fn from(row: WatchRow) -> Self {
        let target = row.target().to_owned();
        let WatchRow { watch, last, heard, failing, due, halted, posts, .. } = row;
        Self { id: watch.id, plugin: watch.plugin, target, last, heard, failing, due, halted, posts }
    }
}

fn watches(call: &Call, _: Nothing) -> Result<Part<WatchShown>, Problem> {
    let mut rows = call.clerk().reader.watches()?;
    rows.retain(|row| !row.watch.recorded);
    Ok(Part::whole(rows.into_iter().map(WatchShown::from).collect()))
}

/// Which sweeps.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Swept {
    /// Of this watch.
    watch: Option<String>,
    /// That began at or after this second since 1970.
    since: Option<i64>,
    /// That began before it.
    until: Option<i64>,
    /// Only those that failed, or never ended.
    #[serde(default)]
    failed: bool,
    /// At most so many.
    #[serde(default)]
    limit: Limit,
    /// Where the part before ended.
    cursor: Option<i64>,
}

fn sweeps(call: &Call, wanted: Swept) -> Result<Part<Sweep>, Problem> {
    let query = RecordQuery {
        watch: wanted.watch,
        since: wanted.since,
        until: wanted.until,
        failed: wanted.failed,
        before: wanted.cursor,
        limit: Some(wanted.limit.items() + 1),
    };
    let entries = call.clerk().reader.record(&query)?.into_iter().map(|entry| entry.sweep).collect();
    Ok(Part::of(entries, wanted.limit, |sweep: &Sweep| sweep.id.to_string()))
}

/// Of how many days.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    /// Up to now; a week where it is left out.
    #[serde(default = "week")]
    #[schemars(range(min = 1, max = 92))]
    days: u8,
}

fn week() -> u8 {
    7
}

fn coverage(call: &Call, Days { days }: Days) -> Result<Statement, Problem> {
    if !(1..=92).contains(&days) {
        return Err(Problem::Malformed("days: between 1 and 92".to_owned()));
    }
    Ok(call.clerk().reader.coverage(call.now - i64::from(days) * 86_400, call.now)?)
}

/// Which warnings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Warnings {
    /// Given at or after this second since 1970.
    since: Option<i64>,
    /// At most so many.
    #[serde(default)]
    limit: Limit,
}

/// A warning.
#[derive(Debug, Serialize, JsonSchema)]
struct WarningShown {
    /// Its number: rises with time.
    id: i64,
    /// When.
    at: i64,
    /// Of which incident.
    incident: Option<IncidentId>,
    /// What was told.
    alert: Alert,
}

fn warnings(call: &Call, wanted: Warnings) -> Result<Part<WarningShown>, Problem> {
    let query = WarningQuery { since: wanted.since, least: None, after: None, limit: wanted.limit.items() };
    let told = call.clerk().reader.warnings(&query)?.into_iter().map(|one| WarningShown {
        id: one.id,
        at: one.at,
        incident: (one.subject.kind == crate::warning::known::Kind::Incident).then_some(one.subject.id),
        alert: one.alert,
    });
    Ok(Part::whole(told.collect()))
}

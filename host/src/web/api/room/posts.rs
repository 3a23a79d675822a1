//! `/posts`: what was said.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::{Kind, Reactions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::incident::group::Why;
use crate::incident::{Category, IncidentId, State};
use crate::store::model::PostRow;
use crate::store::{CategoryFilter, Life, PostQuery};
use crate::web::api::endpoint::{Call, Endpoint, get};
use crate::web::api::listed::{Limit, Numbered, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::WORK;
use crate::web::rows::PostsQuery;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/posts", WORK, ("listPosts", "Posts, newest first; `q` finds by what they say"), posts)
            .like(&[("query", "q=停水")]),
        get("/posts/{id}", WORK, ("post", "One post"), post),
        get(
            "/posts/{id}/life",
            WORK,
            ("postLife", "What became of a post: versions, looks, deletion, how far it went"),
            life,
        ),
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

/// Counts by name, those that a site shows.
fn counted(reactions: &Reactions) -> BTreeMap<String, u64> {
    let counts = [
        ("views", reactions.views),
        ("likes", reactions.likes),
        ("replies", reactions.replies),
        ("shares", reactions.shares),
    ];
    counts.into_iter().filter_map(|(name, n)| Some((name.to_owned(), n?))).collect()
}

impl From<PostRow> for PostShown {
    fn from(row: PostRow) -> Self {
        let label = |label: crate::store::model::LabelBy| LabelShown {
            by: label.by,
            label: label.label.name,
            score: label.label.score,
            evidence: label.label.evidence,
        };
        let reactions = counted(&row.reactions);
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
            reactions,
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
        return Err(Problem::Unfit(format!("q: {wrong}")));
    }
    let items = found.posts.into_iter().map(|(post, _)| post.into()).collect();
    Ok(Part { items, next: found.next.map(|next| next.to_string()) })
}

fn post(call: &Call, Numbered { id }: Numbered) -> Result<PostShown, Problem> {
    Ok(call.reader().post_of(id)?.ok_or(Problem::Missing)?.into())
}

/// A version of a post.
#[derive(Debug, Serialize, JsonSchema)]
struct VersionShown {
    /// 1 for the first.
    version: u32,
    /// When it was captured.
    captured: i64,
    /// Headline.
    title: Option<String>,
    /// Plain text.
    text: String,
}

/// A look at whether it is still there.
#[derive(Debug, Serialize, JsonSchema)]
struct LookShown {
    /// When.
    at: i64,
    /// What was found.
    found: String,
    /// One line about that.
    detail: Option<String>,
}

/// How far it had gone.
#[derive(Debug, Serialize, JsonSchema)]
struct ReadingShown {
    /// When it was looked at.
    at: i64,
    /// The counts.
    reactions: BTreeMap<String, u64>,
}

/// When something ceased to be there.
#[derive(Debug, Serialize, JsonSchema)]
struct Gone {
    /// It was last seen.
    seen: i64,
    /// It was first missed.
    missed: i64,
}

/// What became of a post.
#[derive(Debug, Serialize, JsonSchema)]
struct LifeShown {
    /// Its versions.
    versions: Vec<VersionShown>,
    /// Looks at it.
    looks: Vec<LookShown>,
    /// How far it had gone, each time it was seen.
    readings: Vec<ReadingShown>,
    /// Between which moments it was deleted, where it was.
    deleted: Option<Gone>,
}

fn life(call: &Call, Numbered { id }: Numbered) -> Result<LifeShown, Problem> {
    call.reader().post_of(id)?.ok_or(Problem::Missing)?;
    let Life { readings, versions, looks, deleted } = call.reader().life(id)?;
    let version = |it: crate::store::Version| VersionShown {
        version: it.version,
        captured: it.captured,
        title: it.title,
        text: it.text,
    };
    Ok(LifeShown {
        versions: versions.into_iter().map(version).collect(),
        looks: looks.into_iter().map(|it| LookShown { at: it.at, found: it.found, detail: it.detail }).collect(),
        readings: readings.into_iter().map(|it| ReadingShown { at: it.at, reactions: counted(&it.counts) }).collect(),
        deleted: deleted.map(|(seen, missed)| Gone { seen, missed }),
    })
}

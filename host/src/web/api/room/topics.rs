//! `/topics`: what matters to the organisation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::config::edit::{self, Change};
use crate::store::TopicCount;
use crate::topic::{TopicConfig, TopicMatch, Topics};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, Pending, blocking, get, post, wait};
use crate::web::api::listed::{Nothing, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::room::topics::DAYS;
use crate::web::room::welcome::suggested;
use crate::web::routes::{DESK, KEEPERS};

pub(super) fn table() -> Vec<Endpoint> {
    let setting_up = Access::Able(Act::Configure);
    vec![
        get(
            "/topics",
            DESK,
            ("listTopics", "What matters to the organisation, and what each brought in thirty days"),
            topics,
        ),
        post("/topics/try", DESK, ("tryTopics", "Which topics a text mentions, and where"), try_all)
            .like(&[("try", r#"{"text": "城东停水两天了"}"#)]),
        wait(
            "/topics",
            KEEPERS,
            ("setTopic", "Add a topic or change one; with `try`, only look at what it would find"),
            set,
        )
        .like(&[
            ("save", r#"{"was": null, "topic": {"name": "供水", "any": ["停水", "水压"]}, "try": null}"#),
            ("try", r#"{"topic": {"name": "供水", "query": "停水 | 水压"}, "try": "城东停水两天了"}"#),
        ]),
        wait("/topics/remove", KEEPERS, ("removeTopic", "A topic is no more; what mentioned it stays"), remove)
            .like(&[("remove", r#"{"name": "供水"}"#)]),
        get("/topics/suggested", setting_up, ("suggestedTopics", "Topics that come with Caifeng"), offered),
        wait("/topics/adopt", setting_up, ("adoptTopics", "Take over some of these"), adopt)
            .like(&[("adopt", r#"{"names": ["行风建设"]}"#)]),
    ]
}

/// A topic and what came of it.
#[derive(Debug, Serialize, JsonSchema)]
struct TopicShown {
    /// As it is written.
    topic: TopicConfig,
    /// What a change of it says that it saw.
    seen: String,
    /// How it is understood, in one line.
    reading: String,
    /// Posts of thirty days that mention it.
    posts: u64,
    /// Posts that would, but for its cap.
    over: u64,
    /// Publication of the newest.
    newest: Option<i64>,
}

fn shown(call: &Call, topic: TopicConfig) -> Result<TopicShown, Problem> {
    let TopicCount { posts, over, newest } = call.reader().topic_count(&topic.name, call.now - DAYS * 86_400)?;
    Ok(TopicShown { seen: edit::mark(&topic), reading: topic.reading(), topic, posts, over, newest })
}

fn topics(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<TopicShown>, Problem> {
    let config = call.desk.app.owner.setup.config.get();
    let all = config.topics.iter().map(|topic| shown(call, topic.clone())).collect::<Result<Vec<_>, _>>()?;
    Part::sorted(all, limit, cursor.as_deref(), |one| one.topic.name.clone())
}

/// A text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    /// What somebody might say.
    text: String,
}

/// A topic that a text mentions.
#[derive(Debug, Serialize, JsonSchema)]
struct Mention {
    /// Its name.
    topic: String,
    /// The words of the text that say so.
    words: Vec<String>,
}

fn mentions(topics: &Topics, text: &str) -> Vec<Mention> {
    let told = |found: TopicMatch| {
        let words = found.hits.iter().filter_map(|hit| text.get(hit.range.clone()).map(str::to_owned)).collect();
        Some(Mention { topic: topics.name(found.topic)?.to_owned(), words })
    };
    topics.matches(None, text).into_iter().filter_map(told).collect()
}

fn try_all(call: &Call, _: Nothing, Text { text }: Text) -> Result<Vec<Mention>, Problem> {
    Ok(mentions(&call.desk.app.owner.sweeper.pipeline.topics.get(), &text))
}

/// What a topic was.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Was {
    /// Its name.
    name: String,
    /// What was seen: `seen` of the topic.
    seen: String,
}

/// A topic as it shall be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// The one that is changed; a new one otherwise.
    was: Option<Was>,
    /// The topic.
    topic: TopicConfig,
    /// Only say what it would find in this text.
    r#try: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Set {
    /// It is in force.
    Saved(TopicShown),
    /// Nothing was changed; what it would find.
    Tried(Vec<Mention>),
}

fn set(call: Call, _: Nothing, Setting { was, topic, r#try }: Setting) -> Pending<Set> {
    Box::pin(async move {
        let names = call.desk.app.owner.setup.names.get();
        let compiled = Topics::compile(std::slice::from_ref(&topic), &names);
        let compiled = compiled.map_err(|error| Problem::Unfit(error.to_string()))?;
        if let Some(text) = r#try {
            return Ok(Set::Tried(mentions(&compiled, &text)));
        }
        let was = was.map(|Was { name, seen }| (name, seen));
        call.configure(Change::SetTopic { was, topic: topic.clone() }).await?;
        blocking(move || shown(&call, topic).map(Set::Saved)).await
    })
}

/// Which topic.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Removing {
    /// Its name.
    name: String,
}

fn remove(call: Call, _: Nothing, Removing { name }: Removing) -> Pending<Nothing> {
    Box::pin(async move {
        call.configure(Change::RemoveTopic { name }).await?;
        Ok(Nothing {})
    })
}

fn offered(_: &Call, _: Nothing) -> Result<Part<TopicConfig>, Problem> {
    Ok(Part::whole(suggested().topics))
}

/// Which of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Adopting {
    /// Their names.
    #[schemars(length(min = 1))]
    names: Vec<String>,
}

fn adopt(call: Call, _: Nothing, Adopting { names }: Adopting) -> Pending<Nothing> {
    Box::pin(async move {
        let Config { mut topics, aliases, .. } = suggested();
        if let Some(strange) = names.iter().find(|name| topics.iter().all(|topic| topic.name != **name)) {
            return Err(Problem::Unfit(format!(
                "{strange:?} does not come with Caifeng: /topics/suggested lists what does"
            )));
        }
        topics.retain(|topic| names.contains(&topic.name));
        if topics.is_empty() {
            return Err(Problem::Unfit("names: name at least one".to_owned()));
        }
        call.configure(Change::AddTopics { topics, aliases: aliases.into_iter().collect() }).await?;
        Ok(Nothing {})
    })
}

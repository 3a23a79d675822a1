//! 监测主题: what matters, what came of it, and a text held against it.

use askama::Template;
use url::form_urlencoded::byte_serialize;

use super::sources::{Ground, found};
use super::{Frame, Marked, Rendered, Room, Tab, Visit, tabs};
use crate::config::edit::mark;
use crate::store::TopicCount;
use crate::topic::{Part, TopicConfig, TopicMatch};
use crate::web::mark::line;
use crate::web::when::Stamp;

/// A topic with what came of it.
pub(crate) struct CountedTopic {
    /// The topic.
    pub(crate) topic: TopicConfig,
    /// In the last thirty days.
    pub(crate) count: TopicCount,
}

struct TopicLine {
    name: String,
    href: String,
    reading: String,
    posts: String,
    over: Option<String>,
    newest: Option<Stamp>,
}

/// A text that was held against the topics.
#[derive(Default)]
pub(crate) struct Tried {
    /// The text.
    pub(crate) text: String,
    /// What was found, by topic name.
    pub(crate) found: Vec<(String, TopicMatch)>,
}

struct HitView {
    name: String,
    text: Option<Marked>,
}

struct TriedView {
    hits: Vec<HitView>,
    sentence: String,
}

impl Tried {
    fn told(&self, visit: &Visit) -> Option<TriedView> {
        (!self.text.is_empty()).then(|| {
            let names: Vec<&String> = self.found.iter().map(|(name, _)| name).collect();
            let sentence = if names.is_empty() {
                visit.lang.t("topics.hits-none")
            } else {
                visit.lang.with("topics.hits", &[("names", &visit.lang.list(&names))])
            };
            let view = |(name, found_in): &(String, TopicMatch)| {
                let hits = found_in.hits.iter().filter(|hit| hit.part == Part::Text);
                let words: Vec<&str> = hits.filter_map(|hit| self.text.get(hit.range.clone())).collect();
                HitView { name: name.clone(), text: found(&self.text, &words) }
            };
            TriedView { hits: self.found.iter().map(view).collect(), sentence }
        })
    }
}

#[derive(Template)]
#[template(path = "topics.html")]
struct TopicsPage<'a> {
    frame: Frame,
    tabs: Vec<Tab>,
    count: String,
    topics: Vec<TopicLine>,
    text: &'a str,
    tried: Option<TriedView>,
    may_keep: bool,
}

/// All topics, and the tester.
pub(crate) fn topics(visit: &Visit, ground: &Ground, topics: &[CountedTopic], tried: &Tried) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Watches, lang.t("topics.title"), ground.figures, &ground.watches);
    let view = |counted: &CountedTopic| TopicLine {
        name: counted.topic.name.clone(),
        href: format!("/topics/edit?name={}", byte_serialize(counted.topic.name.as_bytes()).collect::<String>()),
        reading: line(&counted.topic.reading(), 400),
        posts: lang.count("topics.posts", counted.count.posts),
        over: (counted.count.over > 0).then(|| lang.count("topics.over", counted.count.over)),
        newest: counted.count.newest.map(|at| frame.face.stamp(at)),
    };
    TopicsPage {
        tabs: tabs(lang, "/topics"),
        count: lang.count("topics.count", topics.len() as u64),
        topics: topics.iter().map(view).collect(),
        text: &tried.text,
        tried: tried.told(visit),
        may_keep: visit.keeps_watches(),
        frame,
    }
    .render()
}

/// A topic as somebody writes it.
pub(crate) struct TopicAsked {
    /// What it was called and its mark; `None` for a new one.
    pub(crate) was: Option<(String, String)>,
    /// What is written so far.
    pub(crate) topic: TopicConfig,
    /// What is wrong with it.
    pub(crate) wrong: Option<String>,
    /// A text, held against it.
    pub(crate) tried: Tried,
    /// Whether the configuration can be changed here.
    pub(crate) can_change: bool,
}

impl TopicAsked {
    /// A topic as it stands.
    pub(crate) fn of(topic: Option<TopicConfig>, can_change: bool) -> Self {
        let was = topic.as_ref().map(|topic| (topic.name.clone(), mark(topic)));
        Self { was, topic: topic.unwrap_or_default(), wrong: None, tried: Tried::default(), can_change }
    }
}

#[derive(Template)]
#[template(path = "topic-form.html")]
struct TopicPage<'a> {
    frame: Frame,
    was: &'a str,
    seen: &'a str,
    topic: &'a TopicConfig,
    must: String,
    any: String,
    not: String,
    cap: String,
    wrong: Option<&'a str>,
    text: &'a str,
    tried: Option<TriedView>,
    is_new: bool,
    can_change: bool,
}

/// The form of a topic.
pub(crate) fn topic_form(visit: &Visit, ground: &Ground, asked: &TopicAsked) -> Rendered {
    let lang = visit.lang;
    let is_new = asked.was.is_none();
    let title = asked.was.as_ref().map_or_else(|| lang.t("topics.new"), |(name, _)| line(name, 60));
    let (was, seen) = asked.was.as_ref().map_or(("", ""), |(name, seen)| (name, seen));
    let topic = &asked.topic;
    TopicPage {
        frame: Frame::new(visit, Room::Watches, title, ground.figures, &ground.watches),
        was,
        seen,
        must: topic.must.join("\n"),
        any: topic.any.join("\n"),
        not: topic.not.join("\n"),
        cap: topic.cap.map(|cap| cap.to_string()).unwrap_or_default(),
        topic,
        wrong: asked.wrong.as_deref(),
        text: &asked.tried.text,
        tried: asked.tried.told(visit),
        is_new,
        can_change: asked.can_change,
    }
    .render()
}

//! Reads an answer by its shape and says what to ask next.

use std::collections::{BTreeMap, HashSet};

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::refusal::excerpt;
use caifeng_plugin_sdk::{Crawl, Failure, Page, Post, Request, Response, Timestamp, dates, url};

use crate::ask::{self, Context};
use crate::post::{self, Place, Read, Topic};

/// What an answer holds, by its shape.
enum Shape<'a> {
    /// Topics: latest, a category, a tag.
    Topics(&'a Value),
    /// A topic with its first posts and the numbers of all.
    Topic(&'a Value),
    /// Further posts of a topic.
    Posts(&'a [Value]),
    /// The newest posts of the forum.
    Recent(&'a [Value]),
    /// One post.
    Post,
    /// Hits of a search.
    Hits(&'a [Value]),
    /// Hits of old versions: groups of topics.
    Groups(&'a [Value]),
}

impl<'a> Shape<'a> {
    fn of(answer: &'a Value) -> Option<Self> {
        let list = |value: &'a Value, name| value.get(name).and_then(Value::as_array).map(Vec::as_slice);
        if let Some(topics) = answer.get("topic_list").filter(|topics| list(topics, "topics").is_some()) {
            return Some(Self::Topics(topics));
        }
        if let Some(stream) = answer.get("post_stream") {
            let posts = list(stream, "posts")?;
            return Some(if answer.get("title").is_some() { Self::Topic(stream) } else { Self::Posts(posts) });
        }
        if let Some(posts) = list(answer, "latest_posts") {
            return Some(Self::Recent(posts));
        }
        if answer.get("grouped_search_result").is_some() {
            return Some(Self::Hits(json::list(answer, "posts")));
        }
        let grouped = |groups: &&'a [Value]| groups.iter().all(|group| group.get("results").is_some());
        if let Some(groups) = answer.as_array().map(Vec::as_slice).filter(grouped) {
            return Some(Self::Groups(groups));
        }
        (answer.get("cooked").is_some() && answer.get("post_number").is_some()).then_some(Self::Post)
    }

    fn answers(&self, step: &str) -> bool {
        matches!(
            (step, self),
            ("list", Self::Topics(_))
                | ("topic", Self::Topic(_))
                | ("posts", Self::Posts(_))
                | ("recent", Self::Recent(_))
                | ("post", Self::Post)
                | ("search", Self::Hits(_) | Self::Groups(_))
        )
    }
}

/// Reads an answer.
pub(crate) fn read(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
    let answer = body(response)?;
    let context = Context::read(&request.context);
    let shape = Shape::of(&answer).ok_or_else(|| Failure::unexpected("neither topics nor posts in the answer"))?;
    if context.is_some() && !shape.answers(&request.step) {
        return Err(Failure::unexpected(format!("the answer is none to the step: {}", request.step)));
    }
    let base = ask::base(&request.url).unwrap_or_default();
    let place = Place { base: &base, fetched: response.fetched, utc_offset: crawl.utc_offset };
    let mut reader = Reader { crawl, request, context, place, page: Page::default(), seen: HashSet::new() };
    match shape {
        Shape::Topics(list) => reader.topics(list, json::list(&answer, "users")),
        Shape::Topic(stream) => reader.topic(&answer, stream)?,
        Shape::Posts(list) => reader.posts(list),
        Shape::Recent(list) => reader.recent(list),
        Shape::Post => reader.post(&answer)?,
        Shape::Hits(list) => reader.hits(list, &answer),
        Shape::Groups(groups) => reader.groups(groups),
    }
    Ok(reader.page)
}

/// The answer as JSON. Refusals are told by the status, by an `error_type`, and
/// by a redirect to the login page.
fn body(response: &Response) -> Result<Value, Failure> {
    if url::path(&response.url).ends_with("/login") {
        return Err(Failure::blocked("the forum asks for a login"));
    }
    let answer = match json::read(&response.body) {
        Ok(answer) => answer,
        Err(Failure::Unexpected(why)) => {
            response.check_status()?;
            return Err(Failure::Unexpected(why));
        }
        Err(failure) => return Err(failure),
    };
    let said = json::list(&answer, "errors").first().and_then(Value::as_str).map(excerpt);
    match json::string(&answer, "error_type") {
        "" if said.is_none() => response.check_status()?,
        "not_found" => return Err(Failure::Gone),
        "not_logged_in" | "invalid_access" | "rate_limit" | "read_only" => {
            return Err(Failure::blocked(said.unwrap_or_else(|| "the forum asks for a login".to_owned())));
        }
        other => {
            response.check_status()?;
            return Err(Failure::unexpected(format!(
                "the forum says no: {}",
                said.unwrap_or_else(|| other.to_owned())
            )));
        }
    }
    Ok(answer)
}

/// Collects the posts of one answer.
struct Reader<'a> {
    crawl: &'a Crawl,
    request: &'a Request,
    /// Nothing if the response was not asked for by this plugin.
    context: Option<Context>,
    place: Place<'a>,
    page: Page,
    seen: HashSet<String>,
}

impl Reader<'_> {
    /// Touched topics are read; in a recording the rows are all there is.
    fn topics(&mut self, list: &Value, users: &[Value]) {
        let mut older = false;
        for topic in json::list(list, "topics") {
            let row = match post::row(topic, users, self.place) {
                Ok(row) => row,
                Err(line) => {
                    self.page.skipped.push(line);
                    continue;
                }
            };
            let touched = ["last_posted_at", "bumped_at", "created_at"]
                .into_iter()
                .filter_map(|name| self.moment(topic, name))
                .max();
            let recent = touched.is_none_or(|at| at >= self.crawl.since);
            older |= !recent && !json::flag(topic, "pinned");
            match (&self.context, json::count(topic, "id")) {
                (None, _) => self.keep(row),
                (Some(_), Some(id)) if recent => self.page.follow.push(ask::topic(self.place.base, id)),
                _ => {}
            }
        }
        let more = json::text(list, "more_topics_url");
        if let (false, Some(more), Some(page)) = (older, more, self.next_page()) {
            self.page.follow.extend(ask::more(&self.request.url, &more, page));
        }
    }

    fn topic(&mut self, answer: &Value, stream: &Value) -> Result<(), Failure> {
        if answer.get("deleted_at").is_some_and(|at| !at.is_null()) {
            return Err(Failure::Gone);
        }
        let id = json::count(answer, "id");
        let asked = self.context.as_ref().and_then(|context| context.topic);
        if asked.is_some() && asked != id {
            return Err(Failure::unexpected("an answer for another topic"));
        }
        let about = Topic::read(answer);
        let posts = json::list(stream, "posts");
        for value in posts {
            self.element(value, id, &about);
        }
        if self.context.is_some() {
            let read: HashSet<u64> = posts.iter().filter_map(|post| json::count(post, "id")).collect();
            let all = json::list(stream, "stream").iter().filter_map(Value::as_u64);
            let missing: Vec<u64> = all.filter(|number| !read.contains(number)).collect();
            let context = Context { topic: id, title: about.title, slug: about.slug, ..Context::page(1) };
            self.page.follow.extend(ask::newest(self.place.base, &context, missing, 2));
        }
        Ok(())
    }

    /// Part of a long topic; goes on towards its beginning until what it reads is known.
    fn posts(&mut self, list: &[Value]) {
        let context = self.context.clone();
        let about = context.as_ref().map(|context| Topic {
            title: context.title.clone(),
            slug: context.slug.clone(),
            ..Topic::default()
        });
        let topic = context.as_ref().and_then(|context| context.topic);
        for value in list {
            if topic.is_some() && json::count(value, "topic_id").is_some_and(|of| Some(of) != topic) {
                self.page
                    .skipped
                    .push(format!("a post of another topic: {}", json::text(value, "id").unwrap_or_default()));
            } else {
                self.element(value, topic, &about.clone().unwrap_or_default());
            }
        }
        if let (Some(context), Some(page), false) = (context, self.next_page(), self.reaches_back(list)) {
            let rest = context.rest.clone();
            self.page.follow.extend(ask::newest(self.place.base, &context, rest, page));
        }
    }

    fn recent(&mut self, list: &[Value]) {
        for value in list {
            self.element(value, None, &Topic::default());
        }
        let oldest = list.iter().filter_map(|value| json::count(value, "id")).min();
        if let (Some(oldest), Some(page), false) = (oldest, self.next_page(), self.reaches_back(list)) {
            let address = ask::with(&self.request.url, "before", &oldest.to_string());
            self.page.follow.push(ask::request("recent", address, &Context::page(page)));
        }
    }

    /// One post; its topic has the title, and the discussion that it belongs to.
    fn post(&mut self, value: &Value) -> Result<(), Failure> {
        self.element(value, None, &Topic::default());
        match (&self.context, json::count(value, "topic_id")) {
            (Some(_), _)
                if self.page.posts.is_empty() && self.page.skipped.iter().any(|line| line.contains("deleted")) =>
            {
                Err(Failure::Gone)
            }
            (Some(_), Some(topic)) => {
                // Without its title the first post would be another version of itself.
                self.page.posts.retain(|post| post.parent.is_some());
                self.page.follow.push(ask::topic(self.place.base, topic));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A search shows excerpts: the posts are asked for, topic by topic.
    fn hits(&mut self, list: &[Value], answer: &Value) {
        let topics: BTreeMap<u64, Topic> = json::list(answer, "topics")
            .iter()
            .filter_map(|topic| Some((json::count(topic, "id")?, Topic::read(topic))))
            .collect();
        let mut wanted: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for value in list {
            let topic = json::count(value, "topic_id");
            let about = topic.and_then(|topic| topics.get(&topic)).cloned().unwrap_or_default();
            match (post::hit(value, &about, self.place), topic, json::count(value, "id")) {
                (Err(line), ..) => self.page.skipped.push(line),
                (Ok(hit), ..) if self.context.is_none() => self.keep(hit),
                (Ok(hit), Some(topic), Some(number)) if hit.published.is_none_or(|at| at >= self.crawl.since) => {
                    wanted.entry(topic).or_default().push(number);
                }
                _ => {}
            }
        }
        for (topic, numbers) in wanted {
            let about = topics.get(&topic).cloned().unwrap_or_default();
            let context = Context { title: about.title, slug: about.slug, ..Context::topic(topic) };
            self.page.follow.extend(ask::posts(self.place.base, &context, &numbers));
        }
        let more =
            answer.get("grouped_search_result").is_some_and(|result| json::flag(result, "more_full_page_results"));
        if let (true, false, Some(page)) = (more, self.reaches_back(list), self.next_page()) {
            let address = ask::with(&self.request.url, "page", &page.to_string());
            self.page.follow.push(ask::request("search", address, &Context::page(page)));
        }
    }

    fn groups(&mut self, groups: &[Value]) {
        for result in groups
            .iter()
            .filter(|group| json::string(group, "type") == "topic")
            .flat_map(|group| json::list(group, "results"))
        {
            match (post::row(result, &[], self.place), &self.context, json::count(result, "id")) {
                (Ok(_), Some(_), Some(id)) => self.page.follow.push(ask::topic(self.place.base, id)),
                (Ok(mut row), ..) => {
                    if let Some(address) = json::text(result, "url") {
                        row.url = url::join(&format!("{}/", self.place.base), &address);
                    }
                    self.keep(row);
                }
                (Err(line), ..) => self.page.skipped.push(line),
            }
        }
    }

    fn element(&mut self, value: &Value, topic: Option<u64>, about: &Topic) {
        match post::read(value, topic, about, self.place) {
            Ok(Read::Post(post)) => self.keep(*post),
            Ok(Read::Action) => {}
            Err(line) => self.page.skipped.push(line),
        }
    }

    fn keep(&mut self, post: Post) {
        if self.seen.insert(post.id.clone()) {
            self.page.posts.push(post);
        } else {
            self.page.skipped.push(format!("two posts with one number: {}", post.id));
        }
    }

    /// Whether the list holds something older than what is stored.
    fn reaches_back(&self, list: &[Value]) -> bool {
        list.iter().filter_map(|value| self.moment(value, "created_at")).any(|at| at < self.crawl.since)
    }

    fn moment(&self, value: &Value, name: &str) -> Option<Timestamp> {
        dates::parse(&json::text(value, name)?, self.place.fetched, self.place.utc_offset)
            .map(|moment| moment.timestamp)
    }

    /// The number of the next page, if one more may be read.
    fn next_page(&self) -> Option<u32> {
        let pages = self.crawl.setting("pages").and_then(|pages| pages.parse().ok()).unwrap_or(5_u32);
        let page = self.context.as_ref()?.page;
        (page < pages).then_some(page + 1)
    }
}

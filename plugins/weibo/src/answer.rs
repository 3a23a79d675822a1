//! Reads the posts and comments of an answer and says what to ask next.

use std::collections::HashSet;

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::refusal::excerpt;
use caifeng_plugin_sdk::{Crawl, Failure, Kind, Page, Post, Request, Response, Target, url};

use crate::ask::{self, Api, Context};
use crate::comment::{self, Comment};
use crate::refusal::{self, Refusal};
use crate::shape::Shape;
use crate::status::{self, Status};
use crate::{mid, plain};

/// Reads an answer. A text that cannot be had alone is looked for in its post.
pub(crate) fn read(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
    let context = Context::read(&request.context);
    let instead = context.as_ref().filter(|_| request.step == "long");
    let instead = instead.and_then(|context| ask::instead(Api::at(&request.url), context));
    let is_answer = response.body.trim_start().starts_with('{');
    match (told(crawl, request, response, context), instead) {
        (Err(Failure::Unexpected(_)), Some(post)) if is_answer => Ok(Page { follow: vec![post], ..Page::default() }),
        (told, _) => told,
    }
}

fn told(crawl: &Crawl, request: &Request, response: &Response, context: Option<Context>) -> Result<Page, Failure> {
    let answer = match body(request, response)? {
        Ok(answer) => answer,
        Err(Refusal::Failure(failure)) => return Err(failure),
        Err(Refusal::Nothing) if matches!(request.step.as_str(), "post" | "long") && context.is_some() => {
            return Err(Failure::unexpected("no post where one was asked for"));
        }
        Err(Refusal::Nothing) => return Ok(Page::default()),
    };
    let shape = Shape::of(&answer).ok_or_else(|| Failure::unexpected("neither posts nor comments in the answer"))?;
    if context.is_some() && !shape.answers(&request.step) {
        return Err(Failure::unexpected(format!("the answer is none to the step: {}", request.step)));
    }
    let mut reader =
        Reader { crawl, request, response, context, page: Page::default(), seen: HashSet::new(), fresh: false };
    match shape {
        Shape::Cards(data) => reader.cards(data, &response.body)?,
        Shape::Posts(list, _) => reader.posts(list, &answer),
        Shape::Comments(list) => reader.comments(&list, &answer),
        Shape::Post(value) => reader.post(value)?,
        Shape::Long(data) => reader.long(data)?,
        Shape::NoLonger => reader.no_longer()?,
        Shape::Empty | Shape::Account => {}
    }
    Ok(reader.page)
}

/// The answer as JSON, or what the site says in place of one.
fn body(request: &Request, response: &Response) -> Result<Result<Value, Refusal>, Failure> {
    // 418 and 432 are how Weibo turns programs away.
    if matches!(response.status, 401 | 407 | 414 | 418 | 432 | 451) {
        return Err(Failure::blocked(format!("the site answered with status: {}", response.status)));
    }
    let body = &response.body;
    let answer = match body.split_once("$render_data = [") {
        // The page of one post carries its answer in a script.
        Some((_, rest)) if !body.trim_start().starts_with('{') => embedded(rest)?,
        _ => match json::read(body) {
            Ok(answer) => answer,
            Err(Failure::Unexpected(_)) if response.status >= 400 => Value::Null,
            Err(failure) => return Err(failure),
        },
    };
    if let Some(refusal) = refusal::of(&answer) {
        return Ok(Err(refusal));
    }
    response.check_status().map_err(|failure| moved(request, failure))?;
    Ok(Ok(answer))
}

/// A list is never gone: if its address is, the site has changed.
fn moved(request: &Request, failure: Failure) -> Failure {
    match failure {
        Failure::Gone if matches!(request.step.as_str(), "search" | "timeline") => {
            Failure::unexpected("the site has nothing at this address any more")
        }
        failure => failure,
    }
}

fn embedded(script: &str) -> Result<Value, Failure> {
    let mut values = serde_json::Deserializer::from_str(script).into_iter::<Value>();
    let page = values.next().ok_or_else(|| Failure::unexpected("no data in the page"))??;
    page.get("status").cloned().ok_or_else(|| Failure::unexpected("no post in the page"))
}

/// Collects the posts of one answer.
struct Reader<'a> {
    crawl: &'a Crawl,
    request: &'a Request,
    response: &'a Response,
    /// Nothing if the response was not asked for by this plugin.
    context: Option<Context>,
    page: Page,
    seen: HashSet<String>,
    /// Something in the list is not older than what is stored.
    fresh: bool,
}

impl Reader<'_> {
    fn cards(&mut self, data: &Value, body: &str) -> Result<(), Failure> {
        let info = data.get("cardlistInfo").unwrap_or(&Value::Null);
        let container = json::text(info, "containerid").unwrap_or_default();
        let other = if self.request.step == "search" { "107603" } else { "100103" };
        if self.context.is_some() && container.starts_with(other) {
            return Err(Failure::unexpected(format!("an answer for another list: {container}")));
        }
        let cards = json::list(data, "cards");
        let mut found = false;
        for card in cards.iter().flat_map(|card| json::list(card, "card_group").iter().chain([card])) {
            match card.get("mblog").filter(|mblog| mblog.is_object()) {
                Some(mblog) => {
                    found = true;
                    self.row(mblog);
                }
                None if !card.is_object() => self.page.skipped.push("a card that is none".to_owned()),
                None if json::count(card, "card_type") == Some(9) => {
                    self.page.skipped.push(format!("a card without its post: {}", json::string(card, "itemid")));
                }
                None => {}
            }
        }
        // A list that only says that it is empty is a card with words.
        let honest =
            ["没有找到", "暂无", "还没有", "没有内容", "没有更多", "无结果"].iter().any(|word| body.contains(word));
        if !found && self.page.skipped.is_empty() && !cards.is_empty() && !honest {
            return Err(Failure::unexpected("cards without a post"));
        }
        let cursor = json::text(info, "since_id").filter(|cursor| cursor != "0");
        let number = (self.page_number() + 1).to_string();
        match cursor {
            Some(cursor) if found => self.next(&[("since_id", &cursor)]),
            _ if found => self.next(&[("page", &number)]),
            _ => {}
        }
        Ok(())
    }

    fn posts(&mut self, list: &[Value], answer: &Value) {
        for value in list {
            self.row(value);
        }
        let number = self.page_number() + 1;
        let pages =
            answer.get("data").and_then(|data| json::count(data, "max")).or_else(|| json::count(answer, "max_page"));
        let more = pages.is_none_or(|pages| u64::from(number) <= pages);
        if more && !list.is_empty() {
            self.next(&[("page", &number.to_string())]);
        }
    }

    /// One post of a list.
    fn row(&mut self, value: &Value) {
        let status = match status::read(value, self.response.fetched) {
            Ok(status) => status,
            Err(line) => return self.page.skipped.push(line),
        };
        let asked = self.context.as_ref().and_then(|context| context.mid.as_deref());
        match (&self.crawl.target, self.request.step.as_str(), asked) {
            // Likes of others stand between the account's own posts.
            (Target::Account(uid), "timeline", _) if status.post.author.as_ref().is_none_or(|by| by.id != *uid) => {}
            (_, "reposts", Some(asked)) => {
                let mut status = status;
                if status.post.parent.as_deref().is_some_and(|parent| parent != asked) {
                    return self.page.skipped.push(format!("a repost of another post: {}", status.post.id));
                }
                (status.post.kind, status.post.parent) = (Kind::Repost, Some(asked.to_owned()));
                // The step `post` reads the original.
                status.original = None;
                self.add(status);
            }
            _ => self.add(status),
        }
    }

    /// Keeps a post, or asks for its text if it is an excerpt.
    fn add(&mut self, status: Status) {
        let recent = status
            .post
            .published
            .is_none_or(|at| at + if status.post.day_only { 86_400 } else { 0 } >= self.crawl.since);
        self.fresh |= recent && !status.pinned;
        if let Some(original) = status.original {
            self.keep(*original, recent);
        }
        self.keep(Status { original: None, ..status }, recent);
    }

    fn keep(&mut self, status: Status, recent: bool) {
        if !self.seen.insert(status.post.id.clone()) {
            return;
        }
        if !status.cut || self.context.is_none() {
            let mut post = status.post;
            if status.cut {
                post.extra.push(("excerpt".to_owned(), "true".to_owned()));
            }
            self.page.posts.push(post);
        } else if recent {
            // An older one was read when it was new.
            self.page.follow.push(ask::long(Api::at(&self.request.url), status.post));
        }
    }

    fn post(&mut self, value: &Value) -> Result<(), Failure> {
        let status = match status::read(value, self.response.fetched) {
            Ok(status) => status,
            Err(_) if json::flag(value, "deleted") => return Err(Failure::Gone),
            Err(line) => return Err(Failure::unexpected(line)),
        };
        let asked = self.context.as_ref().and_then(|context| context.mid.as_deref());
        if asked.is_some_and(|asked| asked != status.post.id) {
            return Err(Failure::unexpected(format!("an answer for another post: {}", status.post.id)));
        }
        // Nothing longer is left to ask the open platform for.
        let cut = status.cut && Api::at(&self.request.url) != Api::Open;
        if cut && self.context.as_ref().is_some_and(|context| context.in_vain) {
            return Err(Failure::unexpected(format!("only an excerpt of a long text can be had: {}", status.post.id)));
        }
        let Status { post, pinned, original, .. } = status;
        self.keep(Status { post, cut, pinned, original: None }, true);
        if let Some(original) = original {
            self.keep(*original, true);
        }
        Ok(())
    }

    /// The full text, with what a list told about its post.
    fn long(&mut self, data: &Value) -> Result<(), Failure> {
        let raw = data.get("longTextContent").and_then(Value::as_str);
        let raw = raw.ok_or_else(|| Failure::unexpected("a long text that is none"))?;
        let text = plain::read(raw).text;
        let row = self.context.as_mut().and_then(|context| context.row.take());
        let row = row.map(|row| *row).or_else(|| {
            let id = url::parameter(&self.request.url, "id").and_then(|id| mid::from(&id))?;
            let address = format!("https://m.weibo.cn/status/{id}");
            Some(Post::new(Kind::Post, id, address))
        });
        let Some(mut post) = row else {
            self.page.skipped.push(format!("a long text without the id of its post: {}", excerpt(&text)));
            return Ok(());
        };
        post.text = text;
        let count = |name| json::count(data, name);
        post.reactions.likes = post.reactions.likes.or(count("attitudes_count"));
        post.reactions.replies = post.reactions.replies.or(count("comments_count"));
        post.reactions.shares = post.reactions.shares.or(count("reposts_count"));
        self.page.posts.push(post);
        Ok(())
    }

    /// The list showed all there is.
    fn no_longer(&mut self) -> Result<(), Failure> {
        let row = self.context.as_mut().and_then(|context| context.row.take()).filter(|row| !row.text.is_empty());
        let row = row.ok_or_else(|| Failure::unexpected("no text where a long one was asked for"))?;
        self.page.posts.push(*row);
        Ok(())
    }

    fn comments(&mut self, list: &[&Value], answer: &Value) {
        for value in list {
            self.comment(value, 0);
        }
        let cursors = answer.get("data").filter(|data| data.is_object()).unwrap_or(answer);
        let cursor = json::text(cursors, "max_id").filter(|cursor| cursor != "0");
        if let Some(cursor) = cursor {
            // The mobile web orders comments by heat: old ones say nothing about the next page.
            self.fresh |= Api::at(&self.request.url) == Api::Mobile;
            let kind = json::text(cursors, "max_id_type").unwrap_or_else(|| "0".to_owned());
            self.next(&[("max_id", &cursor), ("max_id_type", &kind)]);
        } else if Api::at(&self.request.url) == Api::Open {
            let number = (self.page_number() + 1).to_string();
            self.next(&[("page", &number)]);
        }
    }

    fn comment(&mut self, value: &Value, depth: usize) {
        let asked = self.context.as_ref().and_then(|context| context.mid.clone());
        let read = comment::read(value, asked.as_deref(), &self.response.url, self.response.fetched);
        let Comment { post, of, answers, total } = match read {
            Ok(comment) => comment,
            Err(line) => return self.page.skipped.push(line),
        };
        if asked.is_some() && of != asked {
            return self.page.skipped.push(format!("a comment of another post: {}", post.id));
        }
        self.fresh |= post.published.is_none_or(|at| at >= self.crawl.since);
        let id = post.id.clone();
        if self.seen.insert(id.clone()) {
            self.page.posts.push(post);
        }
        // Answers to answers are listed flat; deeper nesting is not Weibo's.
        for answer in answers.iter().filter(|_| depth == 0) {
            self.comment(answer, 1);
        }
        if let Some(status) =
            value.get("status").filter(|_| asked.is_none()).and_then(|s| status::read(s, self.response.fetched).ok())
        {
            self.add(status);
        }
        let missing = depth == 0 && total > u64::try_from(answers.len()).unwrap_or(u64::MAX);
        let root = url::parameter(&self.request.url, "cid").is_none()
            && url::parameter(&self.request.url, "fetch_level").as_deref() != Some("1");
        if let Some(context) = self.context.as_ref().filter(|_| missing && root) {
            self.page.follow.extend(ask::answers(Api::at(&self.request.url), &id, context));
        }
    }

    fn page_number(&self) -> u32 {
        self.context.as_ref().map_or(1, |context| context.page)
    }

    /// Asks for the next page of the list, if what is new may go on there.
    fn next(&mut self, parameters: &[(&str, &str)]) {
        let Some(context) = &self.context else { return };
        let pages = self.crawl.setting("pages").and_then(|pages| pages.parse().ok()).unwrap_or(5_u32);
        if self.fresh && context.page < pages {
            let address = ask::with(&self.request.url, parameters);
            let context = Context::page(context.page + 1, context.mid.as_deref());
            self.page.follow.push(ask::request(&self.request.step, address, &context));
        }
    }
}

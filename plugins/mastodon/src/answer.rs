//! Reads an answer by its shape and says what to ask next.

use std::collections::HashSet;

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::refusal::excerpt;
use caifeng_plugin_sdk::{Crawl, Failure, Page, Post, Request, Response, Timestamp, url};

use crate::ask::{self, Context};
use crate::status::{self, Status};

/// What an answer holds, by its shape.
enum Shape<'a> {
    /// A timeline.
    Statuses(&'a [Value]),
    /// Hits of a search.
    Hits(&'a [Value]),
    /// What stands before and after a status.
    Thread(&'a [Value], &'a [Value]),
    /// One status.
    Status,
    /// One account.
    Account,
}

impl<'a> Shape<'a> {
    fn of(answer: &'a Value) -> Option<Self> {
        let list = |name| answer.get(name).and_then(Value::as_array).map(Vec::as_slice);
        if let Some(statuses) = answer.as_array() {
            return Some(Self::Statuses(statuses));
        }
        if let (Some(before), Some(after)) = (list("ancestors"), list("descendants")) {
            return Some(Self::Thread(before, after));
        }
        if let Some(hits) = list("statuses") {
            return Some(Self::Hits(hits));
        }
        let has = |name| answer.get(name).is_some();
        if has("account") && has("content") {
            return Some(Self::Status);
        }
        (has("acct") && has("username")).then_some(Self::Account)
    }

    fn answers(&self, step: &str) -> bool {
        matches!(
            (step, self),
            ("timeline", Self::Statuses(_))
                | ("search", Self::Hits(_))
                | ("context", Self::Thread(..))
                | ("status", Self::Status)
                | ("account", Self::Account)
        )
    }
}

/// Reads an answer.
pub(crate) fn read(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
    let answer = body(request, response)?;
    let context = Context::read(&request.context);
    let shape = Shape::of(&answer).ok_or_else(|| Failure::unexpected("no status in the answer"))?;
    if context.is_some() && !shape.answers(&request.step) {
        return Err(Failure::unexpected(format!("the answer is none to the step: {}", request.step)));
    }
    let mut reader = Reader { since: crawl.since, response, page: Page::default(), seen: HashSet::new(), oldest: None };
    let Some(context) = context else {
        reader.alone(&shape, &answer);
        return Ok(reader.page);
    };
    let server = url::origin(&request.url).unwrap_or_default();
    let pages = crawl.setting("pages").and_then(|pages| pages.parse().ok()).unwrap_or(5_u32);
    let more = context.page < pages;
    match shape {
        Shape::Statuses(list) => {
            for value in list {
                reader.status(value, Some(&context.about));
            }
            // Behind a proxy servers misname themselves: only path and query are taken from the header.
            let next = response.header("link").and_then(ask::next).map(|next| url::join(&response.url, next));
            let next = next.map(|next| format!("{server}{}", url::path_and_query(&next)));
            if let (Some(next), true, true) = (next, more, reader.goes_on()) {
                reader.page.follow.push(ask::request("timeline", next, context.page + 1, &context.about));
            }
        }
        Shape::Hits(list) => {
            for value in list {
                reader.status(value, None);
            }
            let read = url::parameter(&request.url, "offset").and_then(|offset| offset.parse().ok()).unwrap_or(0_u32);
            let read = read.saturating_add(u32::try_from(list.len()).unwrap_or(u32::MAX));
            // Servers order hits by time, but promise nothing.
            if !list.is_empty() && more && reader.goes_on() {
                reader.page.follow.push(ask::request("search", ask::further(&request.url, read), context.page + 1, ""));
            }
        }
        Shape::Thread(before, after) => reader.thread(before, after, &context.about),
        Shape::Status => {
            if json::text(&answer, "id").as_deref() != Some(&context.about) {
                return Err(Failure::unexpected("an answer for another status"));
            }
            reader.status(&answer, None);
        }
        Shape::Account => {
            let account =
                json::text(&answer, "id").ok_or_else(|| Failure::unexpected("an account without its number"))?;
            reader.page.follow.push(ask::statuses(server, &account));
        }
    }
    Ok(reader.page)
}

/// The answer as JSON. Servers say no by the status, with an `error` beside it.
fn body(request: &Request, response: &Response) -> Result<Value, Failure> {
    let answer = match json::read(&response.body) {
        Ok(answer) => answer,
        Err(Failure::Unexpected(why)) => {
            response.check_status()?;
            return Err(Failure::Unexpected(why));
        }
        Err(failure) => return Err(failure),
    };
    let said = json::text(&answer, "error").map(|error| excerpt(&error)).unwrap_or_default();
    match response.status {
        401 | 403 | 422 => {
            return Err(Failure::blocked(format!("the server answers only to members, who hold a token: {said}")));
        }
        404 if matches!(request.step.as_str(), "timeline" | "search") => {
            return Err(Failure::unexpected(format!("the server has no such list: {said}")));
        }
        _ => response.check_status()?,
    }
    if said.is_empty() { Ok(answer) } else { Err(Failure::unexpected(format!("the server says no: {said}"))) }
}

/// Collects the posts of one answer.
struct Reader<'a> {
    since: Timestamp,
    response: &'a Response,
    page: Page,
    seen: HashSet<String>,
    /// The time of the oldest status of the list.
    oldest: Option<Timestamp>,
}

impl Reader<'_> {
    fn alone(&mut self, shape: &Shape<'_>, answer: &Value) {
        match shape {
            Shape::Statuses(list) | Shape::Hits(list) => list.iter().for_each(|value| self.status(value, None)),
            Shape::Thread(before, after) => before.iter().chain(*after).for_each(|value| self.status(value, None)),
            Shape::Status => self.status(answer, None),
            Shape::Account => {}
        }
    }

    /// One status; `account` is the number of the account whose list it is, if of one.
    fn status(&mut self, value: &Value, account: Option<&str>) {
        let Status { post, boosted, account: by } = match status::read(value, self.response.fetched) {
            Ok(status) => status,
            Err(line) => return self.page.skipped.push(line),
        };
        if account.is_some_and(|account| !account.is_empty() && by.as_deref() != Some(account)) {
            return self.page.skipped.push(format!("a status of another account: {}", post.id));
        }
        let pinned = json::flag(value, "pinned");
        if let Some(at) = post.published.filter(|_| !pinned) {
            self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
        }
        if let Some(boosted) = boosted {
            self.keep(*boosted);
        }
        self.keep(post);
    }

    /// The thread around a status: only what hangs together with it.
    fn thread(&mut self, before: &[Value], after: &[Value], about: &str) {
        let numbers: HashSet<String> = before.iter().chain(after).filter_map(|value| json::text(value, "id")).collect();
        for value in before {
            self.status(value, None);
        }
        for value in after {
            let answered = json::text(value, "in_reply_to_id");
            match answered.filter(|parent| parent == about || numbers.contains(parent)) {
                Some(_) => self.status(value, None),
                None => {
                    let id = json::text(value, "id").unwrap_or_default();
                    self.page.skipped.push(format!("an answer to nothing in the thread: {id}"));
                }
            }
        }
    }

    fn keep(&mut self, post: Post) {
        if self.seen.insert(post.id.clone()) {
            self.page.posts.push(post);
        }
    }

    /// Whether the next page may hold something that is not stored.
    fn goes_on(&self) -> bool {
        self.oldest.is_some_and(|oldest| oldest >= self.since)
    }
}

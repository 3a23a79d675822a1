//! The law of posts: what the contract says of ids, addresses and times.

use super::card::{Law, Ledger};
use super::zone;
use crate::contract::{Method, Page, Post, Request, Response, Timestamp};
use crate::source::{ID_LIMIT, brief, openable};
use crate::unread::too_many;
use std::collections::HashMap;

/// 1900-01-01 and 10000-01-01, between which public speech on the web lies.
const YEARS: std::ops::Range<Timestamp> = -2_208_988_800..253_402_300_800;

/// How far ahead of the page a time may be before it looks misread: as far as clocks go wrong.
const AHEAD: Timestamp = 3600;

/// Digits from which a number that is an id is looked for: shorter ones stand on any page.
const NUMBER: usize = 5;

/// 2^53, above which not every whole number is a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Tags that plain text does not hold unless it was not made plain.
const TAGS: [&str; 12] =
    ["<p>", "<p ", "</p>", "<br", "<div", "</div>", "<span", "</span>", "<a href", "<img ", "<script", "&nbsp;"];

/// Looks at every post of an answer.
pub(super) fn posts(
    ledger: &mut Ledger,
    fixture: &str,
    page: &Page,
    (request, response): (&Request, &Response),
    utc_offset: i32,
) {
    for problem in unread(page).into_iter().chain(short(page)).chain(nowhere(page, request, response)) {
        ledger.warn(Law::Posts, Some(fixture), "the page itself", problem);
    }
    let mut seen: HashMap<&str, &Post> = HashMap::new();
    for (nth, post) in page.posts.iter().enumerate() {
        let place =
            if post.id.trim().is_empty() { format!("post {}", nth + 1) } else { format!("post {}", brief(&post.id)) };
        for problem in broken(post) {
            ledger.fail(Law::Posts, Some(fixture), &place, problem);
        }
        let zoned = post.published.filter(|_| !post.day_only);
        if let Some(written) = zoned.and_then(|at| zone::misread(&response.body, at, utc_offset)) {
            let problem = format!(
                "{written:?} was read as UTC: a date that names no zone is the site's, crawl.utc-offset seconds ahead (where a site writes UTC, its fixtures say utc-offset = 0)"
            );
            ledger.fail(Law::Posts, Some(fixture), &place, problem);
        }
        for problem in doubtful(post, response.fetched, utc_offset) {
            ledger.warn(Law::Posts, Some(fixture), &place, problem);
        }
        if seen.insert(&post.id, post).is_some_and(|first| first != post) {
            let problem = "another post of the page has its id: one of the two would be lost";
            ledger.fail(Law::Posts, Some(fixture), &place, problem);
        }
    }
}

/// What the first sweep would report as drift.
fn unread(page: &Page) -> Option<String> {
    let (seen, skipped) = (page.posts.len() as u64, page.skipped.len() as u64);
    too_many((seen, skipped), (0, 0))?;
    let why = page.skipped.first().map_or("", String::as_str);
    Some(format!(
        "{skipped} of {} elements could not be read, and a sweep would report drift: {}",
        seen + skipped,
        brief(why)
    ))
}

/// A page that says it lists more than was told of.
fn short(page: &Page) -> Option<String> {
    let told = page.posts.len() + page.skipped.len();
    let listed = page.expected.and_then(|listed| usize::try_from(listed).ok()).filter(|listed| *listed > told)?;
    Some(format!(
        "expected says that the page lists {listed} posts, and {told} are read or skipped: add a line to skipped for each element that cannot be read"
    ))
}

/// A number that is an id, and that the site never sent: one that was rounded, or counted.
fn nowhere(page: &Page, request: &Request, response: &Response) -> Option<String> {
    let sent = if let Method::Post(body) = &request.method { body } else { "" };
    let headers = response.headers.iter().map(|(_, value)| value.as_str());
    let given: Vec<&str> = [response.body.as_str(), &response.url, &request.url, &request.context, sent]
        .into_iter()
        .chain(headers)
        .collect();
    let ids = page.posts.iter().map(|post| post.id.as_str());
    let number = |id: &&str| id.len() >= NUMBER && id.bytes().all(|byte| byte.is_ascii_digit());
    let id = ids.filter(number).find(|id| !given.iter().any(|text| text.contains(id)))?;
    Some(match rounded(id, &response.body) {
        Some(exact) => format!(
            "the id {id} stands nowhere on the page, which has {exact}: a number above 2^53 loses digits in JavaScript, so take it from a text, or from the page as it is written"
        ),
        None => format!("the id {} stands nowhere on the page: make ids of what the site calls the post", brief(id)),
    })
}

/// The number of a page that is this one once it was a double.
fn rounded<'a>(id: &str, body: &'a str) -> Option<&'a str> {
    let double = |text: &str| text.parse::<f64>().ok().filter(|number| *number > EXACT);
    let own = double(id)?;
    let runs = body.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len().abs_diff(id.len()) <= 1);
    runs.filter(|run| *run != id).find(|run| double(run).is_some_and(|number| number.to_bits() == own.to_bits()))
}

/// What the host would refuse or empty, or cannot be.
fn broken(post: &Post) -> Vec<String> {
    let mut problems = Vec::new();
    if post.id.trim().is_empty() {
        problems.push("no id".to_owned());
    }
    if post.id.len() > ID_LIMIT {
        problems.push(format!("an id of {} bytes, limit {ID_LIMIT}", post.id.len()));
    }
    if post.id.chars().any(char::is_control) {
        problems.push("a control character in its id".to_owned());
    }
    if !openable(&post.url) {
        problems.push(format!("its url is not an absolute http or https address: {:?}", brief(&post.url)));
    }
    if let Some(address) = post.media.iter().find(|address| !openable(address)) {
        problems.push(format!("media at what is not an absolute http or https address: {:?}", brief(address)));
    }
    if post.parent.as_ref() == Some(&post.id) {
        problems.push("it is its own parent".to_owned());
    }
    for (what, at) in [("published", post.published), ("edited", post.edited)] {
        if let Some(at) = at.filter(|at| !YEARS.contains(at)) {
            problems.push(format!("{what} outside of the years 1900 to 9999: {at}"));
        }
    }
    if post.day_only && post.published.is_none() {
        problems.push("day-only without a day in published".to_owned());
    }
    problems
}

/// What can be right and mostly is not.
fn doubtful(post: &Post, fetched: Timestamp, utc_offset: i32) -> Vec<String> {
    let mut problems = Vec::new();
    if post.published.is_some_and(|at| at > fetched.saturating_add(AHEAD)) {
        problems.push("published after the page was fetched: read in another zone, or another year?".to_owned());
    }
    let first_second = |at: Timestamp| at.saturating_add(i64::from(utc_offset)).rem_euclid(86_400) == 0;
    if post.day_only && post.published.is_some_and(|at| !first_second(at)) {
        problems.push("day-only, but published is not the first second of a day at the site".to_owned());
    }
    let texts = [post.title.as_deref().unwrap_or_default(), &post.text];
    if texts.iter().all(|text| text.trim().is_empty()) && post.media.is_empty() {
        problems.push("neither title nor text nor media".to_owned());
    }
    if let Some(tag) = TAGS.iter().find(|tag| texts.iter().any(|text| text.contains(**tag))) {
        problems.push(format!("markup in its text: {tag}"));
    }
    if post.author.as_ref().is_some_and(|author| author.id.trim().is_empty()) {
        problems.push("an author without an id".to_owned());
    }
    problems
}

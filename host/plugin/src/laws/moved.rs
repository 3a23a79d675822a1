//! The same page read at another time, and by a crawl that knows its posts: what is on a page does not depend on when
//! it is read.

use super::call::{Case, ask};
use super::card::{Law, Ledger};
use super::zone;
use crate::address::HostPattern;
use crate::contract::{Crawl, Method, Page, Post, Request, Response, Timestamp};
use crate::fixture::{Answer, Call};
use crate::source::{Source, brief};
use std::collections::{BTreeSet, HashMap};

/// How much later a page is read again: another day, another month.
const LATER: Timestamp = 40 * 86_400;

/// Seconds east of UTC at sites that lie elsewhere: of the first, unless that is the fixture's.
const ABROAD: [i32; 2] = [12_600, 20_700];

/// How sites say that something was published just now.
const NOW: [&str; 7] = ["刚刚", "刚才", "秒前", "秒钟前", "just now", "Just now", "now<"];

/// Bytes of an address before its number by which another page's is found in the body.
const STEM: usize = 6;

/// Requests of a page that are compared with what it links.
const LOOKED_AT: usize = 50;

/// Reads the page of a case, whose answer was `page`, at other times.
pub(super) fn check(ledger: &mut Ledger, source: &Source, case: &Case, page: &Page) {
    let Call::Parse { crawl, request, response } = &case.call else { return };
    let again = |ledger: &mut Ledger, crawl: Crawl, response: Response| {
        let call = Call::Parse { crawl, request: request.clone(), response };
        match ask(ledger, source, &call).outcome {
            Ok(Answer::Page(page)) => Some(page),
            _ => None,
        }
    };
    let name = Some(case.name.as_str());
    let late = Crawl { now: crawl.now.saturating_add(LATER), ..crawl.clone() };
    if let Some(other) = again(ledger, late.clone(), response.clone()) {
        let place = "read by a crawl forty days later";
        if let Some(problem) = renamed(page, &other).or_else(|| redated(page, &other)) {
            ledger.fail(Law::Posts, name, place, problem);
        }
        reworded(ledger, &case.name, place, page, &other);
    }
    let sent_late = Response { fetched: response.fetched.saturating_add(LATER), ..response.clone() };
    if let Some(other) = again(ledger, late, sent_late) {
        let place = "sent by the site forty days later";
        if let Some(problem) = renamed(page, &other) {
            ledger.fail(Law::Posts, name, place, problem);
        }
        reworded(ledger, &case.name, place, page, &other);
    }
    let utc_offset = if crawl.utc_offset == ABROAD[0] { ABROAD[1] } else { ABROAD[0] };
    if page.posts.iter().any(|post| post.published.is_some())
        && let Some(other) = again(ledger, Crawl { utc_offset, ..crawl.clone() }, response.clone())
        && let Some(problem) = zoned(page, &other, &response.body, (crawl.utc_offset, serves_many(source)))
    {
        ledger.warn(Law::Posts, name, "read for a site in another zone", problem);
    }
    relative(ledger, source, case, page);
    edited(ledger, source, case, page);
    if let Some(problem) = guessed(page, response, crawl.utc_offset) {
        ledger.warn(Law::Posts, name, "the page itself", problem);
    }
    let further: Vec<&Request> = page.follow.iter().filter(|next| next.step == request.step).collect();
    if further.is_empty() {
        return;
    }
    if further.iter().all(|next| next.url == request.url && next.method == request.method) {
        let problem = "asks for the page that it has just read, which the host does not ask for twice: count from the page that answered";
        ledger.warn(Law::Closure, name, "the page itself", problem);
    }
    if let Some(problem) = passed_over(&response.body, request, &further) {
        ledger.warn(Law::Closure, name, "the page itself", problem);
    }
}

/// Where the page writes a time, a relative one is put in its place and read by two crawls: a page that has none today has
/// one tomorrow.
fn relative(ledger: &mut Ledger, source: &Source, case: &Case, page: &Page) {
    let Call::Parse { crawl, request, response } = &case.call else { return };
    let timed = page.posts.iter().filter(|post| !post.day_only).filter_map(|post| post.published);
    let rewritten = |at| zone::rewritten(&response.body, at, crawl.utc_offset, "3分钟前");
    let Some(body) = timed.take(LOOKED_AT).find_map(rewritten) else { return };
    let mut read = |now: Timestamp| {
        let crawl = Crawl { now, ..crawl.clone() };
        let response = Response { body: body.clone(), ..response.clone() };
        ask(ledger, source, &Call::Parse { crawl, request: request.clone(), response }).outcome.ok()
    };
    let both = (read(crawl.now), read(crawl.now.saturating_add(LATER)));
    if let (Some(Answer::Page(first)), Some(Answer::Page(second))) = both
        && let Some(problem) = redated(&first, &second)
    {
        let place = "with \"3分钟前\" in place of a time, read by a crawl forty days later";
        ledger.fail(Law::Posts, Some(&case.name), place, problem);
    }
}

/// The title of a post is edited: it is the same post all the same.
fn edited(ledger: &mut Ledger, source: &Source, case: &Case, page: &Page) {
    let Call::Parse { crawl, request, response } = &case.call else { return };
    let titled = page.posts.iter().filter_map(|post| Some((post, post.title.as_deref()?)));
    let mut titled = titled.filter(|(_, title)| title.chars().nth(3).is_some() && response.body.contains(title));
    let Some((post, title)) = titled.next() else { return };
    let other = format!("{title}（更正）");
    let response = Response { body: response.body.replace(title, &other), ..response.clone() };
    let call = Call::Parse { crawl: crawl.clone(), request: request.clone(), response };
    let Ok(Answer::Page(changed)) = ask(ledger, source, &call).outcome else { return };
    let lost = changed.posts.iter().all(|own| own.id != post.id);
    if lost && let Some(new) = changed.posts.iter().find(|own| own.title.as_deref() == Some(other.as_str())) {
        let problem = format!(
            "post {} is {} once its title was edited: its id comes from its words, so that an edit is another post",
            brief(&post.id),
            brief(&new.id)
        );
        ledger.warn(Law::Posts, Some(&case.name), "with a title that was edited", problem);
    }
}

/// A post that has another id now.
fn renamed(page: &Page, other: &Page) -> Option<String> {
    let ids: BTreeSet<&str> = page.posts.iter().map(|post| post.id.as_str()).collect();
    let new = other.posts.iter().find(|post| !ids.contains(post.id.as_str()))?;
    Some(format!(
        "a post has another id than before, {}: make ids of what the site calls the post, never of the time",
        brief(&new.id)
    ))
}

/// A post that was published at another time now, of the same answer of the site.
fn redated(page: &Page, other: &Page) -> Option<String> {
    let times: HashMap<&str, (Option<Timestamp>, Option<Timestamp>)> =
        page.posts.iter().map(|post| (post.id.as_str(), (post.published, post.edited))).collect();
    let moved = |post: &&Post| times.get(post.id.as_str()).is_some_and(|own| *own != (post.published, post.edited));
    let post = other.posts.iter().find(moved)?;
    Some(format!(
        "post {} has another time than before: count relative times from response.fetched, not from crawl.now",
        brief(&post.id)
    ))
}

/// A post that says something else now: it would be stored as an edit at each sweep.
fn reworded(ledger: &mut Ledger, fixture: &str, place: &str, page: &Page, other: &Page) {
    // Times are looked at elsewhere.
    let timeless = |post: &Post| Post { published: None, day_only: false, edited: None, ..post.clone() };
    let own: HashMap<&str, &Post> = page.posts.iter().map(|post| (post.id.as_str(), post)).collect();
    for post in &other.posts {
        let Some(first) = own.get(post.id.as_str()) else { continue };
        let (first, now) = (timeless(first), timeless(post));
        if first == now {
            continue;
        }
        let single = |post: Post| Answer::Page(Page { posts: vec![post], ..Page::default() });
        let words = (&first.title, &first.text) != (&now.title, &now.text);
        let how = crate::fixture::difference(&single(first), &single(now), 0).into_iter().next().unwrap_or_default();
        if words {
            let problem = format!(
                "{how}: what a post says does not depend on when it is read, or each sweep stores a new version of it"
            );
            return ledger.fail(Law::Posts, Some(fixture), place, problem);
        }
        return ledger.warn(Law::Posts, Some(fixture), place, format!("{how}: it depends on when the page is read"));
    }
}

/// Whether the plugin reads sites that its author has not seen. Of one site the zone is known, and may stand in the plugin.
fn serves_many(source: &Source) -> bool {
    source.manifest().network.allow.contains(&HostPattern::Target)
}

/// Times that stay the same though the site lies in another zone, and that the page writes without one.
fn zoned(page: &Page, other: &Page, body: &str, (utc_offset, many): (i32, bool)) -> Option<String> {
    let times: HashMap<&str, Option<Timestamp>> =
        other.posts.iter().map(|post| (post.id.as_str(), post.published)).collect();
    let dated = || page.posts.iter().filter(|post| post.published.is_some());
    let same: Vec<&Post> = dated().filter(|post| times.get(post.id.as_str()) == Some(&post.published)).collect();
    let alone = same.len() == dated().count();
    let moments: BTreeSet<Timestamp> =
        same.iter().filter(|post| !post.day_only).filter_map(|post| post.published).collect();
    let moments: Vec<Timestamp> = moments.into_iter().take(LOOKED_AT).collect();
    let Some((written, read)) = zone::fixed(body, &moments, utc_offset, alone) else {
        let days = many && alone && same.iter().any(|post| post.day_only);
        let told =
            zone::is_told(body) || same.iter().filter_map(|post| post.published).any(|at| zone::counts(body, at));
        return (days && !told).then(|| {
            "its days begin in the same second whatever crawl.utc-offset says: a day is the site's, and published its first second there".to_owned()
        });
    };
    if read == utc_offset && !many {
        return None;
    }
    let (sign, minutes) = (if read < 0 { '-' } else { '+' }, read.abs() / 60);
    Some(format!(
        "{written:?} was read at {sign}{:02}:{:02} whatever crawl.utc-offset says: a date that names no zone is the site's, crawl.utc-offset seconds ahead of UTC",
        minutes / 60,
        minutes % 60
    ))
}

/// Times that the site would have had to say to the second in which it answered.
fn guessed(page: &Page, response: &Response, utc_offset: i32) -> Option<String> {
    let (body, at) = (response.body.as_str(), response.fetched);
    let posts = page.posts.iter().filter(|post| post.published == Some(at) && !post.day_only).count();
    let said = NOW.iter().map(|word| body.matches(word).count()).sum::<usize>();
    (posts > 1 && posts > said && !zone::says(body, at, utc_offset)).then(|| {
        let which = if posts == page.posts.len() { "every post was".to_owned() } else { format!("{posts} posts were") };
        format!(
            "{which} published in the second in which the page was fetched: a time that is not on the page stays none"
        )
    })
}

/// A page that this one links and that is left out between this one and the next: the addresses differ in one number.
fn passed_over(body: &str, request: &Request, further: &[&Request]) -> Option<String> {
    let body = body.replace("&amp;", "&");
    let all: BTreeSet<&str> = further.iter().map(|next| next.url.as_str()).collect();
    let asked = further.iter().filter(|next| next.method == Method::Get).take(LOOKED_AT);
    for url in asked.map(|next| next.url.as_str()) {
        for (start, end) in numbers(url) {
            let (head, tail) = (&url[..start], &url[end..]);
            let own = request.url.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
            let (Some(own), Ok(next)) = (own.and_then(number), url[start..end].parse::<u64>()) else { continue };
            let stem = &head[head.ceil_char_boundary(head.len().saturating_sub(STEM))..];
            let linked = linked(&body, stem);
            let left_out = |n: &u64| !all.contains(format!("{head}{n}{tail}").as_str());
            let after = own.saturating_add(1);
            if let Some(missed) = linked.range(after..next.max(after)).find(|n| left_out(n)) {
                return Some(format!("page {missed} is linked, and {} is asked for: is one passed over?", brief(url)));
            }
        }
    }
    None
}

fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Where the numbers of a text lie.
fn numbers(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()).map(|found| at + found) {
        let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |length| start + length);
        found.push((start, end));
        at = end;
    }
    found
}

/// The numbers that stand behind this stem in a page.
fn linked(body: &str, stem: &str) -> BTreeSet<u64> {
    if stem.is_empty() {
        return BTreeSet::new();
    }
    let behind = body.match_indices(stem).map(|(at, _)| &body[at + stem.len()..]);
    let run = |rest: &str| rest.find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| end);
    behind.filter_map(|rest| number(&rest[..run(rest)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Kind;

    fn page(url: &str) -> Request {
        Request {
            step: "list".to_owned(),
            url: url.to_owned(),
            method: Method::Get,
            headers: Vec::new(),
            context: String::new(),
        }
    }

    #[test]
    fn days_begin_where_the_site_lies() {
        let day = |at: Timestamp, day_only: bool| {
            let post = Post { published: Some(at), day_only, ..Post::new(Kind::Post, "1", "https://a.example/1") };
            Page { posts: vec![post], ..Page::default() }
        };
        let says = |page: &Page, other: &Page, many: bool| zoned(page, other, "2026-03-09", (28_800, many));
        // 2026-03-09 in China.
        let china = day(1_772_985_600, true);
        assert!(says(&china, &china, true).unwrap().starts_with("its days begin in the same second"));
        // A plugin of one site knows where that lies.
        assert_eq!(says(&china, &china, false), None);
        assert_eq!(says(&china, &day(1_773_000_000, true), true), None);
        assert_eq!(zoned(&china, &china, "2026-03-09 GMT+8", (28_800, true)), None);
    }

    #[test]
    fn a_page_that_is_linked_and_left_out_is_seen() {
        let body = r#"<a href="/b?fid=7&amp;page=1">1</a> <a href="/b?fid=7&amp;page=2">2</a> <a href="/b?fid=7&amp;page=3">3</a>"#;
        let own = page("https://a.example/b?fid=7&page=1");
        let at = |n: u32| page(&format!("https://a.example/b?fid=7&page={n}"));
        let says = |next: &[u32]| {
            let further: Vec<Request> = next.iter().map(|n| at(*n)).collect();
            passed_over(body, &own, &further.iter().collect::<Vec<_>>())
        };
        assert!(says(&[3]).unwrap().starts_with("page 2 is linked"));
        assert_eq!(says(&[2]), None);
        assert_eq!(says(&[2, 3]), None);
        // A page may call itself anything.
        let last = page(&format!("https://a.example/b?fid=7&page={}", u64::MAX));
        assert_eq!(passed_over(body, &last, &[&at(3)]), None);
        // Nothing is known of what the page does not link.
        assert_eq!(passed_over("", &own, &[&at(3)]), None);
    }
}

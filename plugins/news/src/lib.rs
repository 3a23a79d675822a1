//! The plugin `news`: articles of any news or government site, without a feed and
//! without a rule for any site.
//!
//! `tree` keeps what `markup` of the SDK cuts a page into, flat in the order of the
//! page. `words` says what names of classes mean, `body` finds the text and
//! `text` writes it, `meta` reads the head, `lines` the short lines, `title` and
//! `byline` what stands in them; `article` makes a post of all that. `list` finds
//! the links to articles in a list, `paging` the next page, `sitemap` reads
//! sitemaps, `address` says what an address tells, `refusal` what a page is that
//! holds neither.
//!
//! A list gives requests, never posts: what it tells of an article, the article
//! tells better, and a post that changes from a headline to a text would be a new
//! version of what nobody edited. A target is read as what its manifest's kind
//! says; only a page that was followed from nowhere is read as what it looks like.
//!
//! The id of a post comes from the address that was asked for, never from the
//! page: a page that lost its head in transit would otherwise be another post.

mod address;
mod article;
mod body;
mod byline;
mod lines;
mod list;
mod meta;
mod paging;
mod refusal;
mod sitemap;
mod tag;
mod text;
mod title;
mod tree;
mod words;

use caifeng_plugin_sdk::{Crawl, Failure, Kind, Page, Post, Request, Response, Source, Target, warm};

use crate::article::{Body, Reading};
use crate::list::Listed;

// The steps of the manifest.
const LIST: &str = "list";
const ARTICLE: &str = "article";
const SITEMAP: &str = "sitemap";

/// The most pages of one list, if dates say where to stop, and if not.
const MOST_PAGES: u32 = 30;
const MOST_UNDATED_PAGES: u32 = 3;

/// The most parts of one article.
const MOST_PARTS: u32 = 20;

/// Reads one response with the time of the response as now.
fn read(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
    response.check_status()?;
    let body = response.body.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if body.is_empty() {
        return Err(Failure::unexpected("the response is empty"));
    }
    if request.step == SITEMAP || (request.step == LIST && sitemap::is_sitemap(body)) {
        return read_sitemap(crawl, body, response);
    }
    if is_other_document(body) {
        return Err(Failure::unexpected(
            "no page but a document of XML or JSON: a feed is watched with the plugin feed",
        ));
    }
    if is_sent_home(request, response) {
        return Err(Failure::Gone);
    }
    let tree = tree::Tree::parse(body);
    let measured = body::Measured::of(&tree);
    let meta = meta::Meta::of(&tree);
    let now = if response.fetched > 0 { response.fetched } else { crawl.now };
    let reading = Reading { page: &measured, meta: &meta, address: &response.url, crawl, now };
    if request.step == LIST {
        return read_list(&reading, &request.context, &reading.listed());
    }
    let from_nowhere =
        request.context.is_empty() && matches!(&crawl.target, Target::Listing(target) if *target == request.url);
    read_article(&reading, request, from_nowhere)
}

fn read_sitemap(crawl: &Crawl, body: &str, response: &Response) -> Result<Page, Failure> {
    sitemap::read(crawl, body, &response.url).map_err(|failure| {
        let tree = tree::Tree::parse(body);
        let measured = body::Measured::of(&tree);
        let meta = meta::Meta::of(&tree);
        let reading = Reading { page: &measured, meta: &meta, address: &response.url, crawl, now: crawl.now };
        reading.refusal(0).unwrap_or(failure)
    })
}

/// XML or JSON that is no page; XHTML is one.
fn is_other_document(body: &str) -> bool {
    let head: String = body.chars().take(600).collect::<String>().to_ascii_lowercase();
    body.starts_with(['{', '['])
        || (["<rss", "<feed", "<urlset", "<sitemapindex", "<rdf:rdf"].iter().any(|name| head.contains(name))
            && !head.contains("<html"))
}

/// Whether a request for an article was answered with the home page.
fn is_sent_home(request: &Request, response: &Response) -> bool {
    let path = |address: &str| caifeng_plugin_sdk::url::path_and_query(address);
    request.step == ARTICLE && path(&response.url) == "/" && path(&request.url) != "/"
}

fn read_article(reading: &Reading<'_, '_>, request: &Request, from_nowhere: bool) -> Result<Page, Failure> {
    let body = reading.body();
    if let Some(failure) = reading.refusal(body.as_ref().map_or(0, |body| body.measure.len)) {
        return Err(failure);
    }
    if body.as_ref().is_none_or(may_be_list) {
        let listed = reading.listed();
        if is_list(reading, body.as_ref(), &listed) {
            return if from_nowhere {
                read_list(reading, "", &listed)
            } else {
                Err(Failure::unexpected("a list in place of an article"))
            };
        }
    }
    let Some(body) = body else {
        return Err(Failure::unexpected("no text of an article in the page"));
    };
    let Some(mut post) = reading.post(body) else {
        return Err(Failure::unexpected("a text without a title, or a few words without a date"));
    };
    let mut page = Page::default();
    let (part, first) = part(&request.context);
    if let Some(first) = first {
        mark_part(&mut post, part, first);
    }
    if part < MOST_PARTS
        && let Some(next) = reading.next_part()
    {
        let first = first.unwrap_or(&post.id);
        page.follow.push(Request { context: format!("part {} of {first}", part + 1), ..Request::get(ARTICLE, next) });
    }
    page.posts.push(post);
    Ok(page)
}

/// A further part is a post of its own that says what it continues: the parts
/// cannot be joined, because a call knows nothing of the one before.
fn mark_part(post: &mut Post, part: u32, first: &str) {
    post.kind = Kind::Article;
    post.parent = Some(first.to_owned());
    post.extra.push(("part".to_owned(), part.to_string()));
}

/// The number of this part, and the id of the first if this is not it.
fn part(context: &str) -> (u32, Option<&str>) {
    let rest = context.strip_prefix("part ").and_then(|rest| rest.split_once(" of "));
    match rest.and_then(|(part, first)| Some((part.parse().ok()?, first))) {
        Some((part, first)) => (part, Some(first)),
        None => (1, None),
    }
}

/// Whether it is worth the time to look whether a text is none but that of a list.
fn may_be_list(body: &Body) -> bool {
    body.measure.len < 200 || body.measure.density() > 0.4
}

/// Whether a page is a list rather than an article: its text is made of links to articles.
fn is_list(reading: &Reading<'_, '_>, body: Option<&Body>, listed: &[Listed]) -> bool {
    let Some(body) = body else {
        return true;
    };
    let tree = reading.page.tree;
    let within = |link: &&Listed| body.roots.iter().any(|root| (*root..tree.end(*root)).contains(&link.at));
    let within = listed.iter().filter(within).count();
    let linked = body.measure.density() > 0.4 && reading.meta.kind() != Some("article");
    listed.len() >= 5 && (body.measure.len < 200 || (linked && within >= 5 && within * 2 > listed.len()))
}

fn read_list(reading: &Reading<'_, '_>, context: &str, listed: &[Listed]) -> Result<Page, Failure> {
    if listed.is_empty() {
        if let Some(failure) = reading.refusal(0) {
            return Err(failure);
        }
        return if reading.is_empty_list() {
            Ok(Page::default())
        } else {
            Err(Failure::unexpected("no list of articles in the page, or one that only a browser's scripts make"))
        };
    }
    let since = reading.crawl.since;
    let is_new = |link: &&Listed| {
        // A list may say a day where the article says an hour of it.
        let slack = link.date.map_or(0, |date| if date.day_only { 86_399 } else { 0 });
        link.date.is_none_or(|date| date.timestamp + slack >= since)
    };
    let follow: Vec<Request> =
        listed.iter().filter(is_new).map(|link| Request::get(ARTICLE, link.address.clone())).collect();
    let mut page = Page { follow, ..Page::default() };
    let dated = listed.iter().filter(|link| link.date.is_some()).count();
    // Pinned articles stand first, so the end of the list tells whether older ones follow.
    let mut last = listed.iter().rev().filter(|link| link.date.is_some()).take(3);
    let reached = dated > 0 && last.all(|link| !is_new(&link));
    let number: u32 = context.strip_prefix("page ").and_then(|number| number.parse().ok()).unwrap_or(1);
    let most = if dated * 2 > listed.len() { MOST_PAGES } else { MOST_UNDATED_PAGES };
    if !reached
        && number < most
        && let Some(next) = reading.next_page()
    {
        page.follow.push(Request { context: format!("page {}", number + 1), ..Request::get(LIST, next) });
    }
    Ok(page)
}

/// The source that the component exports.
#[derive(Debug)]
pub struct News;

impl Source for News {
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        match &crawl.target {
            Target::Listing(address) => {
                let path = address.split(['?', '#']).next().unwrap_or_default();
                let step = if path.to_ascii_lowercase().ends_with(".xml") { SITEMAP } else { LIST };
                Ok(vec![Request::get(step, address)])
            }
            Target::Item(address) => Ok(vec![Request::get(ARTICLE, address)]),
            _ => Err(Failure::unsupported("only the address of a list or of an article can be watched")),
        }
    }

    fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
        read(crawl, request, response)
    }

    fn warm() {
        let target = Target::Listing("https://example.cn/news/".to_owned());
        warm::page::<Self>(target, "list", "https://example.cn/news/", include_str!("../fixtures/gov-list/body.html"));
        let target = Target::Item("https://example.cn/news/202603/t20260308_81024.html".to_owned());
        warm::page::<Self>(
            target,
            "article",
            "https://example.cn/news/202603/t20260308_81024.html",
            include_str!("../fixtures/gov-article/body.html"),
        );
    }
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

caifeng_plugin_sdk::export_source!(News);

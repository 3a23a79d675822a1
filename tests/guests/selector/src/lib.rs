//! What a plugin for one site looks like, where the site has four templates: a list page and, for each template, the
//! elements that hold title, date, author and paragraphs. The benchmarks crawl their generated site with it, beside
//! Scrapy with the same selectors.

use caifeng_plugin_sdk::markup::{Tag, select};
use caifeng_plugin_sdk::{
    Author, Crawl, Failure, Kind, Page, Post, Request, Response, Source, Target, dates, html, url,
};

struct Selector;

impl Source for Selector {
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        match &crawl.target {
            Target::Listing(address) => Ok(vec![Request::get("list", address)]),
            _ => Err(Failure::unsupported("only a list page can be watched")),
        }
    }

    fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
        response.check_status()?;
        match request.step.as_str() {
            "list" => Ok(Page { follow: links(response), ..Page::default() }),
            _ => article(crawl, response).map(|post| Page { posts: vec![post], ..Page::default() }),
        }
    }
}

fn links(response: &Response) -> Vec<Request> {
    let found = select(&response.body, |tag, inside| match inside {
        None => (tag.is("ul") && tag.has_class("news-list")).then_some(false),
        Some(_) => (tag.is("a") && tag.has_class("item")).then_some(true),
    });
    let links = found.filter(|found| found.key).filter_map(|link| link.tag.attribute("href"));
    links.map(|href| Request::get("article", url::join(&response.url, &href))).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Title,
    Date,
    Author,
    Body,
    Paragraph,
}

/// Which part of an article an element is, in any of the templates.
fn part(tag: &Tag<'_>, inside: Option<Part>) -> Option<Part> {
    match inside {
        None => {}
        Some(Part::Body) => return (tag.is("p") || tag.is("section")).then_some(Part::Paragraph),
        Some(_) => return None,
    }
    let class = tag.raw("class").unwrap_or_default();
    match (class, tag.raw("id").unwrap_or_default()) {
        ("main-title" | "rich_media_title", _) => Some(Part::Title),
        ("date" | "info", _) | (_, "publish_time") => Some(Part::Date),
        ("author" | "byline" | "nick", _) => Some(Part::Author),
        ("TRS_Editor" | "post-body", _) | (_, "artibody" | "js_content") => Some(Part::Body),
        _ if tag.is("h1") || tag.is("h2") => Some(Part::Title),
        _ if tag.is("time") => Some(Part::Date),
        _ => None,
    }
}

fn article(crawl: &Crawl, response: &Response) -> Result<Post, Failure> {
    let mut post = Post::new(Kind::Article, url::path_and_query(&response.url), response.url.clone());
    for found in select(&response.body, |tag, inside| part(tag, inside.copied())) {
        match found.key {
            Part::Title if post.title.is_none() => post.title = Some(found.text()),
            Part::Date if post.published.is_none() => {
                let line = found.text();
                if let Some((_, author)) = line.split_once("作者：") {
                    set_author(&mut post, author.split_whitespace().next().unwrap_or_default());
                }
                let line = line.split("来源").next().unwrap_or_default();
                let moment = dates::parse(line.trim().trim_start_matches("发布时间："), crawl.now, crawl.utc_offset);
                post.published = moment.map(|moment| moment.timestamp);
            }
            Part::Author if post.author.is_none() => {
                set_author(&mut post, found.text().trim_start_matches("作者："));
            }
            Part::Paragraph => {
                if !post.text.is_empty() {
                    post.text.push('\n');
                }
                post.text.push_str(&html::text(found.inner));
            }
            _ => {}
        }
    }
    if post.text.is_empty() { Err(Failure::unexpected("no paragraph where the text should be")) } else { Ok(post) }
}

fn set_author(post: &mut Post, name: &str) {
    post.author = Some(Author { id: name.to_owned(), name: name.to_owned() });
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

caifeng_plugin_sdk::export_source!(Selector);

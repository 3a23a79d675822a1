//! Reads the newest topics of a board.
//!
//! What is here reads the page of `fixtures/latest`. Put a page of your site in
//! its place, change `rows` and `topic`, and let `caifeng plugin check` say what
//! is missing.

use caifeng_plugin_sdk::markup::{Found, select};
use caifeng_plugin_sdk::{
    Author, Crawl, Failure, Kind, Page, Post, Request, Response, Source, Target, dates, url, warm,
};

struct Board;

impl Source for Board {
    /// The first requests of a crawl.
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        match &crawl.target {
            Target::Listing(address) => Ok(vec![Request::get("list", address)]),
            _ => Err(Failure::unsupported("only the address of a board can be watched")),
        }
    }

    /// Reads one answer of the site.
    fn parse(crawl: &Crawl, _: &Request, response: &Response) -> Result<Page, Failure> {
        response.check_status()?;
        let mut page = Page::default();
        for row in rows(&response.body) {
            match topic(crawl, response, &row) {
                Some(post) => page.posts.push(post),
                None => page.skipped.push(format!("topic without link, author or time: {}", row.text())),
            }
        }
        // A page without topics is a quiet board only if the board says so.
        if page.posts.is_empty() && page.skipped.is_empty() && !response.body.contains("还没有主题") {
            if response.body.contains("请先登录") {
                return Err(Failure::blocked("the board asks for a login"));
            }
            return Err(Failure::unexpected("no list of topics"));
        }
        Ok(page)
    }

    /// Done once, when the plugin is built: a fresh instance begins with what this sets up.
    fn warm() {
        let at = "https://board.example.cn/latest";
        let target = Target::Listing(at.to_owned());
        warm::page::<Self>(target, "list", at, include_str!("../fixtures/latest/body.html"));
    }
}

#[derive(PartialEq)]
enum Part {
    List,
    Topic,
}

/// The elements of the list.
fn rows(body: &str) -> Vec<Found<'_, Part>> {
    let found = select(body, |tag, inside| match inside {
        None => (tag.is("ul") && tag.has_class("topics")).then_some(Part::List),
        Some(Part::List) => tag.is("li").then_some(Part::Topic),
        Some(Part::Topic) => None,
    });
    found.filter(|found| found.key == Part::Topic).collect()
}

/// One topic, if the row is whole: what was cut off is no post.
fn topic(crawl: &Crawl, response: &Response, row: &Found<'_, Part>) -> Option<Post> {
    if row.torn {
        return None;
    }
    let link = part(row, "a")?;
    let href = link.tag.attribute("href")?;
    let id = href.strip_prefix("/topic/")?;
    let author = part(row, "span")?;
    let time = dates::parse(&part(row, "time")?.text(), response.fetched, crawl.utc_offset)?;
    let mut post = Post::new(Kind::Post, id, url::join(&response.url, &href));
    post.title = Some(link.text());
    post.author = Some(Author { id: author.tag.attribute("data-uid")?.into_owned(), name: author.text() });
    post.published = Some(time.timestamp);
    post.day_only = time.day_only;
    Some(post)
}

/// The first whole element of that name in a row.
fn part<'a>(row: &Found<'a, Part>, name: &str) -> Option<Found<'a, ()>> {
    select(row.inner, |tag, _| tag.is(name).then_some(())).find(|found| !found.torn)
}

caifeng_plugin_sdk::export_source!(Board);

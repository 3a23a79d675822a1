//! The plugin `feed`: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, CDF and JSON
//! Feed become posts.
//!
//! Feeds are written by hand, by old software and by people who never saw the
//! specification, so the reader accepts what feed readers of twenty years have
//! accepted; where formats leave a choice it follows Universal Feed Parser,
//! whose answers are what people have come to expect. `xml` cuts the document
//! into tokens and never fails, `element` says what a name means, `reader`
//! turns tokens into entries (`json` does so for JSON Feed), `value` makes texts
//! plain, `post` makes posts. `refusal` tells what a response is that holds no
//! feed.
//!
//! It gives up DTD entities that refer to others, and external ones; locations
//! (GeoRSS) and chapters of podcasts, which no one here asks for.

mod element;
mod entry;
mod json;
mod post;
mod reader;
mod refusal;
mod value;
mod xml;

use caifeng_plugin_sdk::{Crawl, Failure, Page, Request, Response, Source, Target, Timestamp, url, warm};

/// The one step of the manifest.
const STEP: &str = "feed";

/// What reading a feed may depend on besides its body.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The address that answered; relative links start here.
    pub base: &'a str,
    /// The address that is watched. Its path and query begin every id, so that
    /// a redirect does not change them.
    pub target: &'a str,
    /// Archives are not followed beyond this time.
    pub since: Timestamp,
    /// What relative dates count from.
    pub now: Timestamp,
    /// Seconds east of UTC, for dates that name no zone.
    pub utc_offset: i32,
}

/// Reads a feed, already decoded to Unicode.
///
/// A feed without entries is a page without posts. What is left of a feed that
/// was cut off is read, with a line in `skipped`.
///
/// # Errors
/// [`Failure::Blocked`] for a login, a captcha or a refusal in place of the
/// feed, [`Failure::Unexpected`] for anything else that is no feed.
pub fn read(body: &str, context: &Context<'_>) -> Result<Page, Failure> {
    let body = body.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    let document = if body.starts_with('{') { json::read(body, context)? } else { reader::read(body, context) };
    if !document.is_feed {
        return Err(refusal::failure(body, document.root.as_deref()));
    }
    Ok(post::page(document, context))
}

struct Feed;

impl Source for Feed {
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        match &crawl.target {
            Target::Listing(url) => Ok(vec![Request::get(STEP, url)]),
            _ => Err(Failure::unsupported("only the address of a feed can be watched")),
        }
    }

    fn parse(crawl: &Crawl, _: &Request, response: &Response) -> Result<Page, Failure> {
        response.check_status()?;
        // RFC 9110: the address of this very representation, relative to the one asked.
        let base = match response.header("content-location") {
            Some(location) => url::join(&response.url, location),
            None => response.url.clone(),
        };
        let target = match &crawl.target {
            Target::Listing(url) => url,
            _ => &response.url,
        };
        let context =
            Context { base: &base, target, since: crawl.since, now: response.fetched, utc_offset: crawl.utc_offset };
        read(&response.body, &context)
    }

    fn warm() {
        let target = Target::Listing("https://example.cn/rss".to_owned());
        warm::page::<Self>(target, "feed", "https://example.cn/rss", include_str!("../fixtures/weibo/body.xml"));
        let target = Target::Listing("https://example.cn/feed".to_owned());
        warm::page::<Self>(target, "feed", "https://example.cn/feed", include_str!("../fixtures/letters/body.json"));
    }
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

caifeng_plugin_sdk::export_source!(Feed);

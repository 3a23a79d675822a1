//! The plugin `weibo`: posts, reposts and comments of Weibo, in the JSON of its
//! mobile web, its desktop web and its open platform.
//!
//! The three tell the same things in different envelopes, so there is one reader
//! of a post (`status`) and one of a comment (`comment`), and `answer` finds them
//! by the `shape` of what came back. In a crawl the shape must also be the one that
//! the step asked for: an answer to another question is `unexpected`, not posts.
//! A response that comes without a context was not asked for by this plugin (a
//! recording that somebody reads); its shape alone decides and nothing is followed.
//!
//! **One post, one id**: the number that Weibo calls `mid`, whichever envelope it
//! came in; the short form in addresses (`bid`) is the same number in base 62
//! (`mid`). **One post, one text**: lists cut long texts, so a cut post is not
//! yielded but its full text is asked for, and what the list told about it travels
//! in the context. If that answer is none the post itself is asked for; if that shows an
//! excerpt too, or a request fails, the sweep has failed, and the next one meets the post in its
//! list again. The excerpt is never stored: the full text would look like an edit.
//!
//! It gives up the desktop's own search, whose address needs a token that a script
//! computes to keep programs out: searches go to the mobile web.

mod answer;
mod ask;
mod comment;
mod mid;
mod plain;
mod refusal;
mod shape;
mod status;

use caifeng_plugin_sdk::{Crawl, Failure, Page, Request, Response, Source, Target, warm};

/// Weibo's clock, whatever the watch says: it shows Beijing time to everybody.
const CHINA: i32 = 8 * 3600;

/// The source.
#[derive(Debug)]
pub struct Weibo;

impl Source for Weibo {
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        ask::first(crawl)
    }

    fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
        answer::read(crawl, request, response)
    }

    fn warm() {
        let target = Target::Keyword("清河 停水".to_owned());
        warm::page::<Self>(
            target,
            "search",
            "https://m.weibo.cn/api/container/getIndex",
            include_str!("../fixtures/search/body.json"),
        );
        let target = Target::Account("1000000001".to_owned());
        warm::page::<Self>(
            target,
            "timeline",
            "https://m.weibo.cn/api/container/getIndex",
            include_str!("../fixtures/timeline/body.json"),
        );
    }
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

caifeng_plugin_sdk::export_source!(Weibo);

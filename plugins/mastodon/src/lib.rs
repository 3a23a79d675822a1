//! The plugin `mastodon`: hashtags, accounts, searches and threads of Mastodon
//! and of servers that speak its API (docs.joinmastodon.org/methods).
//!
//! `ask` turns targets into requests, `answer` reads what came back by its shape,
//! `status` makes posts of statuses. Every status comes with its whole text, so
//! lists and single answers give the same post.
//!
//! **Ids** are the server's own, which is one site: the same status has another
//! number on another server. Its own address, which is the same everywhere, is the
//! post's address. A boost has a number of its own and becomes a repost whose
//! parent is the boosted status.
//!
//! A response that comes without a context was not asked for by this plugin (a
//! recording that somebody reads): its shape alone decides and nothing is followed.

mod answer;
mod ask;
mod status;

use caifeng_plugin_sdk::{Crawl, Failure, Page, Request, Response, Source, Target, warm};

/// The source.
#[derive(Debug)]
pub struct Mastodon;

impl Source for Mastodon {
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        ask::first(crawl)
    }

    fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
        answer::read(crawl, request, response)
    }

    fn warm() {
        let target = Target::Keyword("#停水".to_owned());
        warm::page::<Self>(
            target,
            "timeline",
            "https://social.example/api/v1/timelines/tag/x",
            include_str!("../fixtures/timeline/body.json"),
        );
    }
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

caifeng_plugin_sdk::export_source!(Mastodon);

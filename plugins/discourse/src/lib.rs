//! The plugin `discourse`: topics, posts and searches of forums that run
//! Discourse, through the JSON that stands behind each of their pages.
//!
//! `ask` turns the addresses that people paste into those of the JSON, `answer`
//! reads what came back by its shape, `post` makes posts of it, `cooked` makes
//! their HTML plain.
//!
//! **Ids** are `topic/number`, as in the forum's own addresses: it is the only name
//! of a post that lists, topics, searches and replies all know. It gives up
//! posts that a moderator moves to another topic; they are seen as new ones.
//!
//! **One post, one text**: lists show titles and searches show excerpts, so in a
//! crawl neither becomes posts; the topics that were touched since are read, and of
//! a long topic its first posts and then the newest, backwards, until they are
//! known. A response that comes without a context was not asked for by this
//! plugin (a recording that somebody reads): then rows and excerpts are all there
//! is, they become posts, and nothing is followed.

mod answer;
mod ask;
mod cooked;
mod post;

use caifeng_plugin_sdk::{Crawl, Failure, Page, Request, Response, Source, Target, warm};

/// The source.
#[derive(Debug)]
pub struct Discourse;

impl Source for Discourse {
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        ask::first(crawl)
    }

    fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
        answer::read(crawl, request, response)
    }

    fn warm() {
        let target = Target::Listing("https://forum.example/latest".to_owned());
        warm::page::<Self>(
            target,
            "list",
            "https://forum.example/latest.json",
            include_str!("../fixtures/list/body.json"),
        );
        let target = Target::Item("https://forum.example/t/water/57/3".to_owned());
        warm::page::<Self>(
            target,
            "topic",
            "https://forum.example/t/57.json",
            include_str!("../fixtures/topic/body.json"),
        );
    }
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

caifeng_plugin_sdk::export_source!(Discourse);

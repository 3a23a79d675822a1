//! The plugin `discuz`: boards, threads and searches of forums that run
//! Discuz! 6 to X3.5, desktop and mobile, become posts.
//!
//! Templates differ from site to site, so the page is read by what no template
//! changes, because the forum's own scripts need it: the ids `normalthread_1`,
//! `post_1`, `postmessage_1`, `authorposton1`. What a response holds is worked
//! out from the response; an address only excludes what cannot be there, if it
//! is written as forums write theirs, because sites rewrite them as they like. `address` knows the addresses, `list` reads rows of a board or a
//! search, `thread` reads floors, `message` makes the text of one, `search`
//! asks, `refusal` tells what a page is that holds none of these.
//!
//! Identity: a thread's first floor is `t<tid>`, as its row in a list is; a
//! reply is `p<pid>` with `t<tid>` as parent. Within a crawl a list yields no
//! rows: its threads are followed, and the first floor then comes with its text
//! — a row without one would otherwise be a new version at each sight. A list
//! that is read by itself (empty context) yields its rows too.
//!
//! A thread is read at its first page and then from its last page backwards, as
//! long as what it finds is newer than `since`: new replies stand at the end.
//!
//! Short comments under a floor (点评, `comment`) are comments on that floor.

mod address;
mod comment;
mod list;
mod message;
mod pager;
mod refusal;
mod search;
mod thread;

use address::Holds;
use caifeng_plugin_sdk::{Crawl, Failure, Page, Request, Response, Source, Target, url, warm};

/// The steps of the manifest.
const BOARD: &str = "board";
const THREAD: &str = "thread";
const SEARCH: &str = "search";

/// What a request carries: its response is read as part of a crawl.
const CRAWL: &str = "crawl";
/// As [`CRAWL`], and the thread is being read from its end.
const BACK: &str = "back";

struct Discuz;

impl Source for Discuz {
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        match &crawl.target {
            Target::Listing(at) => Ok(vec![request(BOARD, at, CRAWL)]),
            Target::Item(at) => Ok(vec![request(THREAD, &address::with_page(at, 1), CRAWL)]),
            Target::Keyword(phrase) if phrase.trim().is_empty() => Err(Failure::unsupported("the phrase is empty")),
            Target::Keyword(_) => {
                let site = crawl.site.as_deref().filter(|site| url::scheme(site).is_some());
                let site = site.ok_or_else(|| Failure::unsupported("name the forum to search as the watch's site"))?;
                Ok(vec![request(SEARCH, &search::form(site), CRAWL)])
            }
            Target::Account(_) => Err(Failure::unsupported("a board, a thread or a search phrase can be watched")),
        }
    }

    fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
        // Forums send their refusals with any status, and say more than it does.
        let read = read(crawl, request, response);
        match (response.check_status(), read) {
            (Ok(()), read) => read,
            (Err(_), Err(said @ (Failure::Blocked(_) | Failure::Gone))) => Err(said),
            (Err(status), _) => Err(status),
        }
    }

    fn warm() {
        let target = Target::Listing("https://bbs.example/forum-2-1.html".to_owned());
        warm::page::<Self>(
            target,
            "board",
            "https://bbs.example/forum-2-1.html",
            include_str!("../fixtures/board-x35/body.html"),
        );
        let target = Target::Item("https://bbs.example/thread-1201-1-1.html".to_owned());
        warm::page::<Self>(
            target,
            "thread",
            "https://bbs.example/thread-1201-1-1.html",
            include_str!("../fixtures/thread-x35-page-2/body.html"),
        );
    }
}

fn read(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
    let holds = address::holds(&response.url);
    let page = match holds {
        Some(Holds::Floors) => thread::read(crawl, request, response),
        Some(Holds::Board) => list::read(crawl, request, response, holds),
        Some(Holds::Search) => {
            list::read(crawl, request, response, holds).or_else(|| search::read(crawl, request, response))
        }
        None => thread::read(crawl, request, response).or_else(|| list::read(crawl, request, response, holds)),
    };
    if let Some(mut page) = page {
        // A row can lead to another site: an advertisement, a thread that was moved.
        let host = address::host(&response.url);
        page.follow.retain(|ask| address::host(&ask.url) == host);
        return Ok(page);
    }
    if let Some(refusal) = refusal::told(&response.body) {
        return refusal;
    }
    Err(refusal::unread(&response.body))
}

fn request(step: &str, url: &str, context: &str) -> Request {
    let mut request = Request::get(step, url);
    request.context = context.to_owned();
    request
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

caifeng_plugin_sdk::export_source!(Discuz);

/// For tests: the exported calls, natively.
#[doc(hidden)]
pub mod native {
    use super::{Crawl, Discuz, Failure, Page, Request, Response, Source};

    /// [`Source::start`].
    ///
    /// # Errors
    /// As the plugin's.
    pub fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        Discuz::start(crawl)
    }

    /// [`Source::parse`].
    ///
    /// # Errors
    /// As the plugin's.
    pub fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
        Discuz::parse(crawl, request, response)
    }
}

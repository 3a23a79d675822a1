//! The SDK of Caifeng plugins: everything that an author needs to know.
//!
//! A plugin is a WebAssembly component with no imports: no network, no files, no
//! clock, no randomness, no memory of earlier calls. It is a pure function of its
//! arguments. The host sends the requests, waits, stores, knows the time, and
//! decides what a plugin may reach.
//!
//! * A [`Source`] says which requests to send ([`Source::start`]) and reads each
//!   response into posts ([`Source::parse`]). [`export_source!`] exports it.
//! * A [`Classifier`] labels posts. [`export_classifier!`] exports it.
//! * An [`Asker`] labels posts by what a service answers. [`export_asker!`] exports it.
//!
//! # A whole source
//!
//! A bulletin board whose list page has lines `<li><a href="…">title</a> 昨天 12:01</li>`:
//!
//! ```
//! use caifeng_plugin_sdk::{
//!     Crawl, Failure, Kind, Page, Post, Request, Response, Source, Target, dates, html, url,
//! };
//!
//! struct Board;
//!
//! impl Source for Board {
//!     fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
//!         match &crawl.target {
//!             Target::Listing(address) => Ok(vec![Request::get("list", address)]),
//!             _ => Err(Failure::unsupported("only the address of a board can be watched")),
//!         }
//!     }
//!
//!     fn parse(crawl: &Crawl, _: &Request, response: &Response) -> Result<Page, Failure> {
//!         response.check_status()?;
//!         let mut page = Page::default();
//!         for row in response.body.split("<li>").skip(1) {
//!             match read_row(crawl, response, row) {
//!                 Some(post) => page.posts.push(post),
//!                 None => page.skipped.push(format!("row without a link: {}", html::text(row))),
//!             }
//!         }
//!         // Only where the list is missing: posts quote such words, too.
//!         if page.posts.is_empty() && page.skipped.is_empty() {
//!             return Err(if response.body.contains("请先登录") {
//!                 Failure::blocked("the board asks for a login")
//!             } else {
//!                 Failure::unexpected("no row in the list")
//!             });
//!         }
//!         Ok(page)
//!     }
//! }
//!
//! fn read_row(crawl: &Crawl, response: &Response, row: &str) -> Option<Post> {
//!     let (_, rest) = row.split_once("href=\"")?;
//!     let (href, rest) = rest.split_once("\">")?;
//!     let (title, rest) = rest.split_once("</a>")?;
//!     let address = url::join(&response.url, &html::decode(href));
//!     let mut post = Post::new(Kind::Post, url::path_and_query(&address), address);
//!     post.title = Some(html::text(title));
//!     if let Some(moment) = dates::parse(&html::text(rest), response.fetched, crawl.utc_offset) {
//!         post.published = Some(moment.timestamp);
//!         post.day_only = moment.day_only;
//!     }
//!     Some(post)
//! }
//!
//! caifeng_plugin_sdk::export_source!(Board);
//!
//! // Tested natively, like any function:
//! let crawl = Crawl {
//!     target: Target::Listing("https://bbs.example.cn/list?fid=2".into()),
//!     site: None,
//!     settings: vec![],
//!     since: 0,
//!     now: 1_657_080_000,
//!     utc_offset: 8 * 3600,
//! };
//! let requests = Board::start(&crawl).unwrap();
//! let response = Response {
//!     url: requests[0].url.clone(),
//!     status: 200,
//!     headers: vec![],
//!     body: "<ul><li><a href=\"/t/7\">路灯 &amp; 井盖</a> 昨天 12:01</li></ul>".into(),
//!     fetched: crawl.now,
//! };
//! let page = Board::parse(&crawl, &requests[0], &response).unwrap();
//! assert_eq!(page.posts[0].url, "https://bbs.example.cn/t/7");
//! assert_eq!(page.posts[0].title.as_deref(), Some("路灯 & 井盖"));
//! assert_eq!(page.posts[0].published, Some(1_657_080_000 - 86_400 + 60));
//! ```
//!
//! # The crate around it
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]   # the component, and a library for tests
//!
//! [dependencies]
//! caifeng-plugin-sdk = { path = "…" }
//! ```
//!
//! Beside it `plugin.toml`, which says everything the plugin may ask for:
//!
//! ```toml
//! id = "board"
//! version = "0.1.0"
//! name = "Example board"
//! licence = "Apache-2.0"
//!
//! [network]
//! allow = ["target"]                # the host of the watched address, or patterns
//!
//! [[target]]
//! kind = "listing"
//! match = "^https?://"
//! example = "https://bbs.example.cn/list?fid=2"
//!
//! [[step]]                          # one for each kind of response that `parse` reads
//! name = "list"
//! match = "^https?://"
//! ```
//!
//! `caifeng plugin build` compiles the crate for `wasm32-wasip1` and makes the
//! component; `caifeng plugin parse` runs recorded responses through it.
//!
//! The build initialises the component and keeps what that set up: do in [`Source::warm`] on a small
//! example what calls do ([`warm`]), and a fresh instance is as fast as one that has answered.
//!
//! # Rules
//!
//! * **Ids are for ever.** [`Post::id`] is the site's own identifier, stable and
//!   unique within the site. Two posts with one id are versions of one post; never
//!   derive an id from a position in the page.
//! * **Nothing is dropped silently.** What looks like a post and cannot be read is
//!   a line in [`Page::skipped`]. A page with nothing at all is a [`Failure`].
//! * **Failures are reactions.** [`Failure`] says what each case makes the host
//!   do. `?` turns any error into [`Failure::Unexpected`], with its causes.
//! * **Never panic.** A panic kills the call without its message. Pages are
//!   hostile: index nothing that was not checked, and keep time linear.
//! * **Not said is not zero.** Leave [`Reactions`] `None` where the page is silent.
//! * **The body is Unicode already**; ignore any encoding that it names.
//!
//! # Helpers
//!
//! Each a pure function: [`dates::parse`] for dates of any form, also Chinese and
//! relative ones; [`html::text`] and [`html::decode`] for plain text;
//! [`url::join`] for absolute addresses, [`url::encode`] and [`url::parameter`]
//! for queries; [`count::parse`] for "1.2万"; [`markup::select`] to find the
//! elements of a page without building a tree; [`clause::around`] for the excerpt that
//! shows what a label rests on. With the feature `json`, the module
//! `json` reads answers that should be JSON and names what stands in their place.

pub mod bindings;
mod civil;
pub mod clause;
mod contract;
pub mod count;
pub mod dates;
mod entities;
mod export;
#[doc(hidden)]
pub mod failure;
pub mod html;
#[cfg(feature = "json")]
pub mod json;
pub mod markup;
pub mod refusal;
pub mod url;
pub mod warm;

pub use contract::{
    Asker, Author, Classifier, Crawl, Kind, Label, Method, Page, Post, Reactions, Request, Response, Settings, Source,
    Target, Timestamp,
};
pub use failure::Failure;

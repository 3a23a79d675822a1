//! The plugin `tieba`: the threads of a bar of Baidu Tieba, with their floors.
//!
//! Tieba writes what its scripts need as JSON into `data-field` attributes, and
//! hides parts of a page in comments that a script unpacks; both are read as
//! they stand. `list` reads a bar, `thread` a page of a thread, `refusal` tells
//! what a page is that is neither: most often a wall.
//!
//! Identity: a thread's first floor is `t<thread>`, as its row in a bar is; a
//! floor is `p<post>` with the thread as parent; a comment under a floor is
//! `c<comment>` with the floor as parent. Within a crawl a bar yields no rows:
//! its threads are followed, and the first floor comes with its whole text. A
//! bar that is read by itself (empty context) yields its rows too.
//!
//! A thread is read at its first page and then from its last page backwards, as
//! long as what it finds is newer than `since`. It gives up the comments that
//! the page itself would fetch later, of which it shows the first few.

mod list;
mod refusal;
mod thread;

use caifeng_plugin_sdk::dates::{self, Moment};
use caifeng_plugin_sdk::markup::Tag;
use caifeng_plugin_sdk::{Author, Crawl, Failure, Page, Request, Response, Source, Target, warm};
use serde_json::Value;

/// The steps of the manifest.
const BAR: &str = "bar";
const THREAD: &str = "thread";

/// What a request carries: its response is read as part of a crawl.
const CRAWL: &str = "crawl";
/// As [`CRAWL`], and the thread is being read from its end.
const BACK: &str = "back";

const SITE: &str = "https://tieba.baidu.com";

struct Tieba;

impl Source for Tieba {
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        match &crawl.target {
            Target::Keyword(name) => {
                let name = name.trim().trim_end_matches('吧');
                if name.is_empty() {
                    return Err(Failure::unsupported("name the bar to watch"));
                }
                Ok(vec![request(BAR, &format!("{SITE}/f?kw={}&ie=utf-8", escaped(name)), CRAWL)])
            }
            Target::Listing(at) => Ok(vec![request(BAR, at, CRAWL)]),
            Target::Item(at) => match thread_id(at) {
                Some(id) => Ok(vec![request(THREAD, &thread_page(id, 1), CRAWL)]),
                None => Err(Failure::unsupported("the address is none of a thread: …/p/ and a number")),
            },
            Target::Account(_) => Err(Failure::unsupported("a bar or a thread can be watched")),
        }
    }

    fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
        // Walls come with any status, and say more than it does.
        if let Some(failure) = refusal::wall(response) {
            return Err(failure);
        }
        response.check_status()?;
        let named = thread_id(&response.url).is_some();
        let page = if named { None } else { list::read(crawl, request, response) };
        let bar = response.url.contains("/f?");
        let page = page.or_else(|| if bar { None } else { thread::read(crawl, request, response) });
        page.map_or_else(|| Err(refusal::told(response)), Ok)
    }

    fn warm() {
        let target = Target::Keyword("清河县吧".to_owned());
        warm::page::<Self>(
            target,
            "bar",
            "https://tieba.baidu.com/f?kw=%E6%B8%85%E6%B2%B3%E5%8E%BF&ie=utf-8",
            include_str!("../fixtures/bar/body.html"),
        );
        let target = Target::Item("https://tieba.baidu.com/p/7000000001".to_owned());
        warm::page::<Self>(
            target,
            "thread",
            "https://tieba.baidu.com/p/7000000001",
            include_str!("../fixtures/thread/body.html"),
        );
    }
}

fn request(step: &str, url: &str, context: &str) -> Request {
    let mut request = Request::get(step, url);
    request.context = context.to_owned();
    request
}

/// The number of the thread that an address leads to.
fn thread_id(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("/p/")?;
    Some(digits(rest)).filter(|id| !id.is_empty())
}

fn thread_page(id: &str, number: u32) -> String {
    if number > 1 { format!("{SITE}/p/{id}?pn={number}") } else { format!("{SITE}/p/{id}") }
}

/// The digits that a text begins with.
fn digits(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}

/// A name as part of a query.
fn escaped(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What an element says of itself to the scripts of the page.
fn field(tag: &Tag<'_>) -> Option<Value> {
    serde_json::from_str(&tag.attribute("data-field")?).ok()
}

/// A number or a text of digits, as a text.
fn number(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() && digits(text) == text => Some(text.clone()),
        _ => None,
    }
}

/// A text that is not empty.
fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Who wrote, by what the page knows best of them: a number, then the portrait,
/// which both survive a change of name.
fn author(id: Option<String>, portrait: Option<&str>, name: Option<&str>) -> Option<Author> {
    let name = name.or(portrait)?.to_owned();
    // A portrait is followed by the time of its last change.
    let portrait = portrait.and_then(|portrait| portrait.split('?').next());
    let id = id.filter(|id| id != "0").or_else(|| portrait.map(str::to_owned)).unwrap_or_else(|| name.clone());
    Some(Author { id, name })
}

/// "16:10", "7-28", "2026-03-09 12:00"; a year and a month only are no date.
fn moment(text: &str, fetched: i64, utc_offset: i32) -> Option<Moment> {
    let text = text.trim();
    let dashes = text.matches('-').count();
    if dashes == 1 && text.len() <= 7 && text.split('-').next().is_some_and(|year| year.len() == 4) {
        return None;
    }
    dates::parse(text, fetched, utc_offset)
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

caifeng_plugin_sdk::export_source!(Tieba);

/// For tests: the exported calls, natively.
#[doc(hidden)]
pub mod native {
    use super::{Crawl, Failure, Page, Request, Response, Source, Tieba};

    /// [`Source::start`].
    ///
    /// # Errors
    /// As the plugin's.
    pub fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
        Tieba::start(crawl)
    }

    /// [`Source::parse`].
    ///
    /// # Errors
    /// As the plugin's.
    pub fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure> {
        Tieba::parse(crawl, request, response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_addresses_and_names() {
        assert_eq!(thread_id("https://tieba.baidu.com/p/7000000001?pn=2"), Some("7000000001"));
        assert_eq!(thread_id("https://tieba.baidu.com/f?kw=x"), None);
        assert_eq!(escaped("清a "), "%E6%B8%85a%20");
    }

    #[test]
    fn a_month_is_no_date() {
        let now = 1_773_028_800; // 2026-03-09 12:00 in China
        let at = |text| moment(text, now, 28_800).map(|moment| (moment.timestamp, moment.day_only));
        assert_eq!(at(" 11:59 "), Some((now - 60, false)));
        assert_eq!(at("3-8"), Some((now - 86_400 - 43_200, true)));
        assert_eq!(at("2019-12"), None);
        assert_eq!(at("2026-03-09 12:00"), Some((now, false)));
    }
}

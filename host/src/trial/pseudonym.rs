//! Other names for the people of recorded pages, so that a fixture can be published.
//!
//! The authors that the plugin found are known by name and by number; wherever either stands in the exchange, another of
//! the same form takes its place, the same on every page. A page that is built with other names is read alike, so that the
//! fixture tests what it did.
//!
//! Whom no post names, nobody knows: [`unknown`] says so of a page, for whoever must look at it.
//!
//! What this gave up: names that no post has as its author, such as those in the text of a post. Only a person who reads
//! the fixture finds them.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::{Author, Page, Request, Response};
use caifeng_plugin_host::fixture::{Answer, Call, Fixture};

use super::Exchange;

/// Shorter ones stand in too many other words.
const SHORTEST: usize = 2;

/// Who is called what.
#[derive(Clone, Debug, Default)]
pub struct Pseudonyms {
    /// Longest first, so that a name within another is not replaced before it.
    pairs: Vec<(String, String)>,
}

impl Pseudonyms {
    /// New names for all authors of these pages.
    #[must_use]
    pub fn of(exchanges: &[Exchange]) -> Self {
        let pages = exchanges.iter().filter_map(|exchange| exchange.outcome.as_ref().ok());
        let mut names: BTreeMap<&str, String> = BTreeMap::new();
        let authors: BTreeMap<&str, &Author> = pages
            .flat_map(|page: &Page| &page.posts)
            .filter_map(|post| Some((post.author.as_ref()?.id.as_str(), post.author.as_ref()?)))
            .collect();
        for (nth, author) in authors.into_values().enumerate() {
            for text in [author.id.as_str(), author.name.as_str()] {
                if text.chars().count() >= SHORTEST {
                    names.entry(text).or_insert_with(|| another(text, nth + 1));
                }
            }
        }
        let mut pairs: Vec<(String, String)> = names.into_iter().map(|(old, new)| (old.to_owned(), new)).collect();
        pairs.sort_by_key(|(old, _)| std::cmp::Reverse(old.len()));
        Self { pairs }
    }

    /// How many names and numbers are replaced.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether nobody was named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The text with other names, also where JSON writes them as escapes and addresses as percent signs.
    #[must_use]
    pub fn replace(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (old, new) in &self.pairs {
            text = text.replace(old, new);
            if !old.is_ascii() {
                for form in [escaped(old), escaped(old).to_lowercase(), percent(old)] {
                    text = text.replace(&form, new);
                }
            }
        }
        text
    }

    /// A fixture with other names, in its call and in the answer that it expects.
    #[must_use]
    pub fn fixture(&self, fixture: &Fixture) -> Fixture {
        let Call::Parse { crawl, request, response } = &fixture.call else { return fixture.clone() };
        let (request, response) = (self.request(request), self.response(response));
        let call = Call::Parse { crawl: crawl.clone(), request, response };
        // The answer holds nobody that its page does not.
        let expect = fixture.expect.as_ref().map(|answer| {
            serde_json::from_str::<Answer>(&self.replace(&answer.written())).unwrap_or_else(|_| answer.clone())
        });
        Fixture { call, expect, ..fixture.clone() }
    }

    /// A request with other names.
    #[must_use]
    pub fn request(&self, request: &Request) -> Request {
        Request { url: self.replace(&request.url), context: self.replace(&request.context), ..request.clone() }
    }

    /// An answer with other names.
    #[must_use]
    pub fn response(&self, response: &Response) -> Response {
        let headers = response.headers.iter().map(|(name, value)| (name.clone(), self.replace(value)));
        Response {
            url: self.replace(&response.url),
            headers: headers.collect(),
            body: self.replace(&response.body),
            ..response.clone()
        }
    }
}

/// Why nobody knows all whom this page names, if so: other names can only be given to authors that the plugin has found.
#[must_use]
pub fn unknown(exchange: &Exchange) -> Option<&'static str> {
    match &exchange.outcome {
        Err(_) => Some("it could not be read, so that its authors are not known"),
        Ok(page) if page.posts.is_empty() => Some("a list of requests: its authors are not known"),
        Ok(page) if page.posts.iter().any(|post| post.author.is_none()) => {
            Some("posts without an author: who wrote them is not known")
        }
        Ok(page) if !page.skipped.is_empty() => Some("elements that could not be read: their authors are not known"),
        Ok(_) => None,
    }
}

/// The nth name of the same form: a number of as many digits, else letters that every page can hold.
fn another(old: &str, nth: usize) -> String {
    if old.chars().all(|c| c.is_ascii_digit()) {
        let width = old.len();
        let number = format!("{nth:0>width$}");
        // A number that begins with zeros is no number to some sites.
        return if width > number.trim_start_matches('0').len() { format!("9{}", &number[1..]) } else { number };
    }
    format!("user{nth}")
}

/// As JSON may write it.
fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect::<String>()
}

/// As an address writes it.
fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use caifeng_plugin_host::contract::{Kind, Method, Post};

    fn exchange(authors: &[(&str, &str)]) -> Exchange {
        let posts = authors.iter().map(|(id, name)| {
            let author = Some(Author { id: (*id).to_owned(), name: (*name).to_owned() });
            Post { author, ..Post::new(Kind::Post, "1", "https://example.cn/1") }
        });
        Exchange {
            request: Request {
                step: "list".to_owned(),
                url: "https://example.cn/".to_owned(),
                method: Method::Get,
                headers: Vec::new(),
                context: String::new(),
            },
            response: Response {
                url: "https://example.cn/".to_owned(),
                status: 200,
                headers: Vec::new(),
                body: String::new(),
                fetched: 0,
            },
            outcome: Ok(Page { posts: posts.collect(), ..Page::default() }),
        }
    }

    #[test]
    fn everyone_is_somebody_else_on_every_page_and_in_every_form() {
        let names =
            Pseudonyms::of(&[exchange(&[("1000234", "张三"), ("77", "张三丰")]), exchange(&[("1000234", "张三")])]);
        let page = r#"{"uid":1000234,"name":"\u5f20\u4e09","by":"张三丰","of":"/u/1000234?n=%E5%BC%A0%E4%B8%89"}"#;
        insta::assert_snapshot!(names.replace(page), @r#"{"uid":9000001,"name":"user1","by":"user2","of":"/u/9000001?n=user1"}"#);
        assert!(!names.is_empty() && names.len() == 4);
    }

    #[test]
    fn what_is_too_short_to_be_told_apart_stays() {
        let names = Pseudonyms::of(&[exchange(&[("1", "王")])]);
        assert_eq!(names.replace("王 1 王府"), "王 1 王府");
    }
}

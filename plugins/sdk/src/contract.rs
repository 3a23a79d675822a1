//! The words of the contract, with the few methods that every author needs.

use crate::Failure;

pub use crate::bindings::exports::caifeng::plugin::source::{Crawl, Page, Target};
pub use crate::bindings::exports::caifeng::plugin::types::{
    Author, Kind, Label, Method, Post, Reactions, Request, Response, Settings, Timestamp,
};

/// Reads posts from one kind of site.
///
/// Both functions are pure: the same arguments give the same answer, on any
/// machine, in any order. There is no clock ([`Crawl::now`] is the time) and no
/// network (describe a [`Request`]; the host decides whether and when to send
/// it). Export an implementation with [`export_source!`](crate::export_source).
pub trait Source {
    /// The first requests of a crawl.
    ///
    /// # Errors
    /// [`Failure::Unsupported`] for a target or a setting that the plugin
    /// cannot serve.
    fn start(crawl: &Crawl) -> Result<Vec<Request>, Failure>;

    /// Reads one response; `request` is the request as the plugin made it.
    ///
    /// An element that looks like a post and cannot be read is one line in
    /// [`Page::skipped`], not an error: the other posts of the page count.
    ///
    /// # Errors
    /// The reaction the host should have when the page holds no posts at all.
    fn parse(crawl: &Crawl, request: &Request, response: &Response) -> Result<Page, Failure>;

    /// Sets up what every call needs, once, when the plugin is built: its memory is then part of the file, and a fresh
    /// instance begins with it. The best way is to do what calls do, on a small example ([`warm`](crate::warm)). It must
    /// change no answer: the laws compare an instance that has answered with a fresh one.
    fn warm() {}
}

/// Labels posts. Export an implementation with
/// [`export_classifier!`](crate::export_classifier).
pub trait Classifier {
    /// Labels a batch: one list per post, in the order given. A post with no
    /// label has an empty list.
    ///
    /// # Errors
    /// [`Failure::Unsupported`] for settings the plugin cannot work with.
    fn classify(settings: &Settings, posts: &[Post]) -> Result<Vec<Vec<Label>>, Failure>;

    /// Sets up what every call needs, once, when the plugin is built: its memory is then part of the file, and a fresh
    /// instance begins with it. The best way is to do what calls do, on a small example ([`warm`](crate::warm)). It must
    /// change no answer: the laws compare an instance that has answered with a fresh one.
    fn warm() {}
}

/// Labels posts by asking a service at the address that the operator has set as
/// `endpoint`. Export an implementation with
/// [`export_asker!`](crate::export_asker).
///
/// What a service answers is as hostile as a page: a post may have given it orders. Read strictly, take identities from
/// [`Request::context`] and never from the answer, and show as evidence only what stands in the post.
pub trait Asker {
    /// What to ask about these posts: at most one request a post. An empty batch asks
    /// whether the settings are in order.
    ///
    /// # Errors
    /// [`Failure::Unsupported`] for settings the plugin cannot work with.
    fn ask(settings: &Settings, posts: &[Post]) -> Result<Vec<Request>, Failure>;

    /// Reads what was answered to one of these requests: one list per post, in the
    /// order given, empty for posts that it was not about.
    ///
    /// # Errors
    /// [`Failure::Blocked`] where the service refuses, [`Failure::Unexpected`] for an
    /// answer that is none.
    fn read(
        settings: &Settings,
        posts: &[Post],
        request: &Request,
        response: &Response,
    ) -> Result<Vec<Vec<Label>>, Failure>;

    /// Sets up what every call needs, once, when the plugin is built: its memory is then part of the file, and a fresh
    /// instance begins with it. The best way is to do what calls do, on a small example ([`warm`](crate::warm)). It must
    /// change no answer: the laws compare an instance that has answered with a fresh one.
    fn warm() {}
}

impl Post {
    /// A post with its identity and nothing else; fill in what the page tells.
    ///
    /// `id` is the site's own identifier, `url` where a person can read it.
    pub fn new(kind: Kind, id: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind,
            url: url.into(),
            parent: None,
            author: None,
            publisher: None,
            title: None,
            text: String::new(),
            language: None,
            published: None,
            day_only: false,
            edited: None,
            reactions: Reactions::default(),
            media: Vec::new(),
            extra: Vec::new(),
        }
    }
}

impl Default for Reactions {
    /// The page tells nothing about reactions, which is not zero of each.
    fn default() -> Self {
        Self { views: None, likes: None, replies: None, shares: None }
    }
}

#[allow(clippy::derivable_impls, reason = "the type is generated elsewhere")]
impl Default for Page {
    fn default() -> Self {
        Self { posts: Vec::new(), follow: Vec::new(), expected: None, skipped: Vec::new() }
    }
}

impl Request {
    /// A `GET` of `url` whose response the step `step` of the manifest reads.
    pub fn get(step: impl Into<String>, url: impl Into<String>) -> Self {
        Self { step: step.into(), url: url.into(), method: Method::Get, headers: Vec::new(), context: String::new() }
    }

    /// A `POST` of a body of this media type to `url`.
    pub fn post(step: impl Into<String>, url: impl Into<String>, media_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self { method: Method::Post(body.into()), headers, ..Self::get(step, url) }
    }
}

impl Response {
    /// The first header field of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The failure that the status alone already is: 404 and 410 are
    /// [`Failure::Gone`]; 401, 403, 407 and 451 are [`Failure::Blocked`]; any
    /// other 4xx is [`Failure::Unexpected`].
    ///
    /// # Errors
    /// As said above; `Ok` for every other status.
    pub fn check_status(&self) -> Result<(), Failure> {
        match self.status {
            404 | 410 => Err(Failure::Gone),
            401 | 403 | 407 | 451 => Err(Failure::blocked(format!("the site answered with status: {}", self.status))),
            400..=499 => Err(Failure::unexpected(format!("the site answered with status: {}", self.status))),
            _ => Ok(()),
        }
    }
}

impl Crawl {
    /// What the operator has set under that name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16) -> Response {
        Response {
            url: "https://example.org/".into(),
            status,
            headers: vec![("Content-Type".into(), "text/xml".into())],
            body: String::new(),
            fetched: 0,
        }
    }

    #[test]
    fn status_names_the_reaction() {
        assert_eq!(response(200).check_status(), Ok(()));
        assert_eq!(response(410).check_status(), Err(Failure::Gone));
        assert!(matches!(response(403).check_status(), Err(Failure::Blocked(_))));
        assert!(matches!(response(418).check_status(), Err(Failure::Unexpected(_))));
    }

    #[test]
    fn header_names_have_no_case() {
        assert_eq!(response(200).header("content-type"), Some("text/xml"));
        assert_eq!(response(200).header("etag"), None);
    }
}

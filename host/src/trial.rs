//! One crawl of a plugin for its author, or for whoever would watch something with it: nothing is stored.
//!
//! What is asked, and how, is what a sweep would do: the right that the caller names at every hop, the guard, robots.txt,
//! the pace, the limits of a crawl. For a plugin's author the grant is taken as given ([`Right::asked`]), since whoever
//! tries a plugin is who would give it.
//! There are no credentials: what needs them says so, and no recording of a trial can hold any.
//!
//! What this gave up: pages are read one after the other, and a page that was read before is asked for again.

pub mod pseudonym;

use std::time::Duration;

use caifeng_plugin_host::contract::{Crawl, Page, Request, Response};
use caifeng_plugin_host::engine::CallError;
use caifeng_plugin_host::source::Source;
use url::Url;

use crate::crawl::{Frontier, LeftOut, Limits};
use crate::failed_call::without_credentials;
use crate::fetch::{FetchError, Fetcher, Session};
use crate::grant::Right;
use crate::sweep::blocking;

/// What is tried, and how far it may go.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The plugin.
    pub source: &'a Source,
    /// What it is told.
    pub crawl: Crawl,
    /// The web, or a recording of it.
    pub fetcher: &'a Fetcher,
    /// How far the crawl may go.
    pub limits: Limits,
    /// What the plugin may reach.
    pub right: Right,
}

/// What happens while it is tried, in this order.
#[derive(Debug)]
pub enum Event {
    /// `start` was called.
    Started(Result<Vec<Request>, CallError>),
    /// This page is asked for.
    Asking(Request),
    /// There is no answer that the plugin may read.
    Unheard(Request, FetchError),
    /// The plugin was given an answer.
    Read(Box<Exchange>),
    /// A request or a post that the host does not take, a line each.
    TurnedAway(String),
    /// What the limits left out.
    LeftOut(LeftOut),
}

/// A page, and what the plugin made of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// As the plugin made it.
    pub request: Request,
    /// What it was given.
    pub response: Response,
    /// What it said.
    pub outcome: Result<Page, CallError>,
}

impl Trial<'_> {
    /// Crawls to the end, and tells what happens.
    pub async fn run(&self, tell: &mut impl FnMut(Event)) {
        let right = self.right.clone();
        let allowed = move |url: &Url| right.covers(url);
        let pace: Duration = self.source.manifest().network.pace.unwrap_or_default();
        let mut session = Session { pace, ..Session::default() };
        let mut frontier = Frontier::new(self.limits);
        let mut crawling = self.source.crawl(&self.crawl);
        let (back, first) = blocking(move || {
            let called = crawling.start();
            (crawling, called)
        })
        .await;
        crawling = back;
        let refused = first.outcome.as_ref().map_or_else(|_| Vec::new(), |r| frontier.offer(r.clone(), 0, &allowed));
        tell(Event::Started(first.outcome));
        refused.into_iter().for_each(|line| tell(Event::TurnedAway(line)));
        while let Some(queued) = frontier.pop() {
            tell(Event::Asking(queued.request.clone()));
            let fetched = self.fetcher.fetch(&mut session, &queued.request, &allowed).await;
            frontier.used(session.spent.requests, session.spent.bytes);
            let response = match fetched {
                Ok(fetched) => without_credentials(fetched.response),
                Err(error) => {
                    tell(Event::Unheard(queued.request, error));
                    continue;
                }
            };
            let (request, given) = (queued.request.clone(), response.clone());
            let (back, parsed) = blocking(move || {
                let called = crawling.parse(&request, &given);
                (crawling, called)
            })
            .await;
            crawling = back;
            let kept =
                parsed.outcome.as_ref().ok().map(|page| frontier.take(&queued, page.clone(), &response.url, &allowed));
            tell(Event::Read(Box::new(Exchange { request: queued.request, response, outcome: parsed.outcome })));
            kept.into_iter().flat_map(|kept| kept.turned_away).for_each(|line| tell(Event::TurnedAway(line)));
        }
        if let Some(left_out) = frontier.left_out() {
            tell(Event::LeftOut(left_out));
        }
    }
}

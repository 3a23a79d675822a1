//! Askers: posts in, a question for a service out; its answer in, labels out.
//!
//! An asker never talks to its service. It says what to ask, the host asks within the operator's budget, and a second
//! call reads what came back. Each call has a fresh instance, since an asker must not remember.
//!
//! Two hostile parties meet here, a plugin and a service that a post may have talked into anything, and neither is
//! believed. A request goes to the operator's endpoint and nowhere else, at most one a post; labels are held against
//! the same rules as a classifier's ([`labels`]). Whoever calls with one post at a time also
//! knows that no answer can say anything of another.

use crate::artifact::{Artifact, PluginKind};
use crate::contract::{self, AskerContract, Label, Post, Request, Response, Settings};
use crate::engine::{Called, Engine, Live, LoadError, Plugin, Trap};
use crate::labels;
use crate::manifest::{ENDPOINT, Manifest};
use crate::source;
use std::sync::Arc;
use url::Url;

/// A loaded asker. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Asker(Plugin<dyn AskerContract>);

impl Asker {
    /// Compiles an asker, or takes its code from the cache, and checks that its functions have the contract's types.
    ///
    /// # Errors
    /// Says who must act; see [`LoadError`].
    pub fn load(engine: &Engine, artifact: &Artifact) -> Result<Self, LoadError> {
        Plugin::load(engine, artifact, PluginKind::Asker, contract::asker).map(Self)
    }

    /// What the plugin declares.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        self.0.manifest()
    }

    /// What one call may use.
    pub(crate) fn limits(&self) -> &crate::engine::Limits {
        self.0.limits()
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        self.0.artifact()
    }

    /// What to ask about these posts.
    #[must_use]
    pub fn ask(&self, settings: &Settings, posts: &[Post]) -> Called<Vec<Request>> {
        self.ask_unchecked(&mut None, settings, posts).and_then(|requests| {
            match self.fault(settings, posts, &requests) {
                Some(fault) => Err(Trap::Contract(fault)),
                None => Ok(requests),
            }
        })
    }

    /// What the plugin says, before anything of it is refused: for the laws.
    pub(crate) fn ask_unchecked(
        &self,
        warm: &mut Option<Live>,
        settings: &Settings,
        posts: &[Post],
    ) -> Called<Vec<Request>> {
        self.0.call(warm, |contract, on, live| contract.ask(on, live, settings, posts))
    }

    /// Reads what was answered to `request`, one that [`ask`](Self::ask) gave for the same posts.
    #[must_use]
    pub fn read(
        &self,
        settings: &Settings,
        posts: &[Post],
        request: &Request,
        response: &Response,
    ) -> Called<Vec<Vec<Label>>> {
        self.read_on(&mut None, settings, posts, request, response)
    }

    /// Reads an answer on an instance that has read others: for the law that this makes no difference.
    pub(crate) fn read_on(
        &self,
        warm: &mut Option<Live>,
        settings: &Settings,
        posts: &[Post],
        request: &Request,
        response: &Response,
    ) -> Called<Vec<Vec<Label>>> {
        let said = self.0.call(warm, |contract, on, live| contract.read(on, live, settings, posts, request, response));
        said.and_then(|lists| labels::check(self.manifest(), self.0.limits().posts, posts, lists))
    }

    /// Why the host would not carry these requests, if so.
    pub(crate) fn fault(&self, settings: &Settings, posts: &[Post], requests: &[Request]) -> Option<String> {
        if requests.len() > posts.len() {
            return Some(format!("{} requests for {} posts", requests.len(), posts.len()));
        }
        let endpoint = endpoint(settings);
        requests.iter().find_map(|request| {
            source::fault(self.manifest(), request).or_else(|| {
                let elsewhere = endpoint.is_none() || Url::parse(&request.url).ok() != endpoint;
                elsewhere
                    .then(|| format!("request to another address than the endpoint: {}", source::brief(&request.url)))
            })
        })
    }
}

/// The address that the operator has set; `None` if it is no address of the web.
#[must_use]
pub fn endpoint(settings: &Settings) -> Option<Url> {
    let (_, address) = settings.iter().find(|(name, _)| name == ENDPOINT)?;
    Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

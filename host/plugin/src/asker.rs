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
use crate::contract::{self, AskerContract, Failure, Label, Post, Request, Response, Settings};
use crate::engine::{self, Compiled, Engine, Live, LoadError, Trap};
use crate::labels;
use crate::manifest::{ENDPOINT, Manifest};
use crate::source::{self, CallError, Called};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use url::Url;

/// A loaded asker. Cheap to clone.
#[derive(Clone)]
pub struct Asker {
    shared: Arc<Shared>,
}

struct Shared {
    compiled: Compiled,
    contract: Box<dyn AskerContract>,
    artifact: Artifact,
}

/// An instance that has answered a call.
pub(crate) struct Warm(Live);

impl Asker {
    /// Compiles an asker, or takes its code from the cache, and checks that its functions have the contract's types.
    ///
    /// # Errors
    /// Says who must act; see [`LoadError`].
    pub fn load(engine: &Engine, artifact: &Artifact) -> Result<Self, LoadError> {
        let compiled = engine::load(engine, artifact, PluginKind::Asker)?;
        let contract = contract::asker(artifact.contract(), &compiled)?;
        Ok(Self { shared: Arc::new(Shared { compiled, contract, artifact: artifact.clone() }) })
    }

    /// What the plugin declares.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        self.shared.artifact.manifest()
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        &self.shared.artifact
    }

    /// What to ask about these posts.
    #[must_use]
    pub fn ask(&self, settings: &Settings, posts: &[Post]) -> Called<Vec<Request>> {
        let Called { outcome, cost } = self.ask_unchecked(&mut None, settings, posts);
        let outcome = outcome.and_then(|requests| match self.fault(settings, posts, &requests) {
            Some(fault) => Err(Trap::Contract(fault).into()),
            None => Ok(requests),
        });
        Called { outcome, cost }
    }

    /// What the plugin says, before anything of it is refused: for the laws.
    pub(crate) fn ask_unchecked(
        &self,
        warm: &mut Option<Warm>,
        settings: &Settings,
        posts: &[Post],
    ) -> Called<Vec<Request>> {
        self.call(warm, |shared, live| shared.contract.ask(&shared.compiled, live, settings, posts))
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
        warm: &mut Option<Warm>,
        settings: &Settings,
        posts: &[Post],
        request: &Request,
        response: &Response,
    ) -> Called<Vec<Vec<Label>>> {
        let run = |shared: &Shared, live: &mut Live| {
            shared.contract.read(&shared.compiled, live, settings, posts, request, response)
        };
        let Called { outcome, cost } = self.call(warm, run);
        let limit = self.shared.compiled.limits().posts;
        let checked = |lists| labels::check(self.manifest(), limit, posts, lists).map_err(CallError::Trap);
        Called { outcome: outcome.and_then(checked), cost }
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

    fn call<T>(
        &self,
        warm: &mut Option<Warm>,
        run: impl FnOnce(&Shared, &mut Live) -> Result<Result<T, Failure>, Trap>,
    ) -> Called<T> {
        let start = Instant::now();
        let shared = &self.shared;
        let mut live = match warm.take().map_or_else(|| shared.compiled.spawn(), |warm| Ok(warm.0)) {
            Ok(live) => live,
            Err(trap) => return Called { outcome: Err(trap.into()), cost: engine::since(start, None) },
        };
        let answer = run(shared, &mut live);
        let cost = engine::since(start, Some(&live));
        if answer.is_ok() {
            *warm = Some(Warm(live));
        }
        let outcome = match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failure)) => Err(failure.into()),
            Err(trap) => Err(trap.into()),
        };
        Called { outcome, cost }
    }
}

/// The address that the operator has set; `None` if it is no address of the web.
#[must_use]
pub fn endpoint(settings: &Settings) -> Option<Url> {
    let (_, address) = settings.iter().find(|(name, _)| name == ENDPOINT)?;
    Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asker").field(&self.shared.artifact).finish()
    }
}

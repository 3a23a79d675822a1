//! Asks services about posts that are stored: classifiers that are askers, off unless the operator names them.
//!
//! Asking takes seconds where everything else takes micro-seconds, and may fail. So it never stands in the way of a post:
//! the store notes with each mention whom to ask ([`Store::configure_askers`](crate::store::Store)), and a round looks for what is due. The answer's
//! labels are votes like any other's, marked as a machine model's. A service that fails is left alone for a while, a question that failed
//! three times or waited a day is given up; both are counted and shown.
//!
//! What goes out is one post at a time, without its author and without what its site said beside it, to exactly the endpoint that the
//! operator has set. So whatever a post makes a model say is said of that post alone. The fetcher is one of its own:
//! guard, limits and `[network] private` hold as for sources, robots.txt is not asked (it is about sites), and nothing is recorded.
//!
//! What it gave up: answers are not kept, only the labels that were read from them.

pub mod budget;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::asker::{self, Asker};
use caifeng_plugin_host::contract::{Failure, Label, Method, Post, Request, Response, Settings, Timestamp};
use caifeng_plugin_host::engine::{CallError, Called};
use caifeng_plugin_host::manifest::SettingError;
use jiff::tz::TimeZone;
use url::Url;

use self::budget::{Budget, Cost};
use crate::clock::Clock;
use crate::fetch::secrets::Secrets;
use crate::fetch::{Fetcher, Session};
use crate::incident::ballot::Weight;
use crate::ingest::groups;
use crate::plugins::oversight::Oversight;
use crate::store::model::{LabelBy, PostRow};
use crate::store::{Answered, Reader, Store, StoreError};
use crate::sweep::blocking;

/// Questions of one round and service: the next round sees newer ones first.
const ROUND: usize = 16;
/// A question that waited for so many seconds is given up: a label that comes later helps nobody.
const LONGEST: i64 = 86_400;
/// Times that one question is asked.
pub const TRIES: u32 = 3;
/// Longest wait for one answer: models that run on a processor are slow.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of one answer.
pub const ANSWER: u64 = 256 << 10;

/// A service as the operator has set it up.
#[derive(Debug)]
pub struct Service {
    asker: Asker,
    by: String,
    settings: Settings,
    endpoint: Url,
    weight: Weight,
    budget: Budget,
    resting: Mutex<Resting>,
}

/// How it stands with a service that failed.
#[derive(Clone, Copy, Debug, Default)]
struct Resting {
    failures: u32,
    until: Timestamp,
}

/// The operator must act on `[classifiers.ID]`.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A setting is unknown, missing or of another type.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The endpoint is no address.
    #[error("endpoint is not an address of the web: write https://… or http://…")]
    Endpoint,
    /// The plugin does not take its settings.
    #[error(transparent)]
    Refused(#[from] CallError),
}

impl Service {
    /// Puts a service together and asks the plugin whether its settings are in order.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub fn new(asker: Asker, given: &Settings, weight: Weight, budget: Budget) -> Result<Self, ServiceError> {
        let manifest = asker.manifest();
        let by = format!("{}@{}", manifest.id, manifest.version);
        let settings = manifest.settings(given)?;
        let endpoint = asker::endpoint(&settings).ok_or(ServiceError::Endpoint)?;
        asker.ask(&settings, &[]).outcome?;
        Ok(Self { by, settings, endpoint, weight, budget, resting: Mutex::default(), asker })
    }

    /// The plugin's id.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.asker.manifest().id
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        self.asker.artifact()
    }

    /// Plugin id and version.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Takes the place of an earlier version: a service that is left alone is left alone by its successor too.
    #[must_use]
    pub fn after(self, before: &Self) -> Self {
        if self.endpoint == before.endpoint {
            *self.resting() = *before.resting();
        }
        self
    }

    /// Where it asks.
    #[must_use]
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// Until when it is left alone.
    pub(crate) fn left_alone_until(&self) -> Timestamp {
        self.resting().until
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, Resting> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn succeeded(&self) {
        *self.resting() = Resting::default();
    }

    /// Leaves the service alone for a while after a failure; returns until when.
    pub(crate) fn leave_alone(&self, now: Timestamp) -> Timestamp {
        let mut resting = self.resting();
        resting.failures += 1;
        resting.until = now.saturating_add_unsigned(budget::rest(resting.failures).as_secs());
        resting.until
    }
}

/// Everything that asking needs.
#[derive(Clone)]
pub struct Asking {
    /// Whom to ask.
    pub services: Arc<Vec<Arc<Service>>>,
    /// Asks; its own, with limits for services.
    pub fetcher: Arc<Fetcher>,
    /// What the operator lets requests carry.
    pub secrets: Arc<Secrets>,
    /// Remembers.
    pub store: Store,
    /// Says what is due.
    pub reader: Reader,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The organisation's zone, in which a budget's day begins.
    pub zone: TimeZone,
    /// Who sees the plugins' calls; `None` where one is only tried.
    pub oversight: Option<Oversight>,
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asking").field("services", &self.services).finish_non_exhaustive()
    }
}

/// Why a question has no answer.
enum Unanswered {
    /// The plugin broke on this post: the service is not at fault.
    Plugin(String),
    /// The service did not answer, or not in a form that can be read.
    Service(String),
}

impl Asking {
    /// Asks every service about the posts that are due, the newest first. Returns how many were answered.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn round(&self) -> Result<usize, StoreError> {
        let mut answered = 0;
        for service in self.services.iter() {
            answered += self.round_of(service).await?;
        }
        Ok(answered)
    }

    async fn round_of(&self, service: &Service) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let (store, reader, plugin) = (self.store.clone(), self.reader.clone(), service.plugin().to_owned());
        let day = self.day(now);
        let due = blocking(move || {
            // Most rounds have nothing to write.
            if reader.has_stale_questions(&plugin, now - LONGEST)? {
                store.give_up_questions(&plugin, day, now - LONGEST)?;
            }
            reader.questions(&plugin, now, ROUND)
        })
        .await?;
        let mut answered = 0;
        for row in due {
            let now = self.clock.now();
            if service.left_alone_until() > now || !self.affordable(service, now).await? {
                break;
            }
            let outcome = self.ask(service, &row, now).await?;
            answered += usize::from(outcome.is_ok());
            self.settle(service, &row, outcome).await?;
        }
        Ok(answered)
    }

    fn day(&self, now: Timestamp) -> i64 {
        let offset = jiff::Timestamp::from_second(now).map_or(0, |at| self.zone.to_offset(at).seconds());
        budget::day(now, offset)
    }

    /// Whether the budget of the day is not used up and the plugin does not rest; where that is otherwise, it is noted.
    async fn affordable(&self, service: &Service, now: Timestamp) -> Result<bool, StoreError> {
        let (store, reader, plugin) = (self.store.clone(), self.reader.clone(), service.plugin().to_owned());
        let (day, budget) = (self.day(now), service.budget);
        let (oversight, artifact) = (self.oversight.clone(), service.artifact().clone());
        blocking(move || {
            let asked = reader.asked(&plugin, day)?;
            let suspended = oversight.and_then(|oversight| oversight.resting(&artifact)).map(|why| why.to_string());
            let Some(why) = suspended.or_else(|| budget.used_up(asked.cost)) else { return Ok(true) };
            if asked.failure.as_ref() != Some(&why) {
                store.note_asking(&plugin, day, Cost::default(), Some(why))?;
            }
            Ok(false)
        })
        .await
    }

    /// Asks about one post. What it costs is written down before it is spent.
    async fn ask(
        &self,
        service: &Service,
        row: &PostRow,
        now: Timestamp,
    ) -> Result<Result<Vec<Label>, Unanswered>, StoreError> {
        let post = row.told();
        let (asker, settings, given) = (service.asker.clone(), service.settings.clone(), post.clone());
        let asked = self.called(service, "ask", &row.url, move || asker.ask(&settings, std::slice::from_ref(&given)));
        let request = match asked.await {
            Ok(mut requests) => match requests.pop() {
                Some(request) => request,
                None => return Ok(Ok(Vec::new())),
            },
            Err(error) => return Ok(Err(Unanswered::Plugin(error.to_string()))),
        };
        let question = if let Method::Post(body) = &request.method { body.len() as u64 } else { 0 };
        self.note(service, now, Cost { requests: 1, bytes: question, millis: 0 }, None).await?;
        let mut session = Session {
            credentials: self.secrets.credentials(service.asker.manifest(), Some(service.endpoint.clone())),
            ..Session::default()
        };
        let allowed = |url: &Url| *url == service.endpoint;
        let start = Instant::now();
        let fetched = self.fetcher.fetch(&mut session, &request, &allowed).await;
        let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.note(service, now, Cost { requests: 0, bytes: session.spent.bytes, millis }, None).await?;
        Ok(match fetched {
            Ok(fetched) => self.read(service, post, request, fetched.response).await,
            Err(error) => Err(Unanswered::Service(error.to_string())),
        })
    }

    /// Calls the plugin off the async threads; what the call came to is counted.
    async fn called<T: Send + 'static>(
        &self,
        service: &Service,
        step: &str,
        url: &str,
        call: impl FnOnce() -> Called<T> + Send + 'static,
    ) -> Result<T, CallError> {
        let (oversight, artifact) = (self.oversight.clone(), service.artifact().clone());
        let (step, url) = (step.to_owned(), url.to_owned());
        blocking(move || {
            let called = call();
            if let Some(oversight) = oversight {
                oversight.count(&artifact, &step, &called);
                if let Err(error) = &called.outcome {
                    oversight.note_fault(&artifact, &url, error);
                }
            }
            called.outcome
        })
        .await
    }

    async fn read(
        &self,
        service: &Service,
        post: Post,
        request: Request,
        response: Response,
    ) -> Result<Vec<Label>, Unanswered> {
        let (asker, settings) = (service.asker.clone(), service.settings.clone());
        let (step, url) = (request.step.clone(), post.url.clone());
        let read = self.called(service, &step, &url, move || asker.read(&settings, &[post], &request, &response));
        match read.await {
            Ok(mut lists) => Ok(lists.pop().unwrap_or_default()),
            Err(CallError::Failure(failure @ (Failure::Blocked(_) | Failure::Gone | Failure::Unsupported(_)))) => {
                Err(Unanswered::Service(failure.to_string()))
            }
            Err(error) => Err(Unanswered::Plugin(error.to_string())),
        }
    }

    async fn note(
        &self,
        service: &Service,
        now: Timestamp,
        cost: Cost,
        failure: Option<String>,
    ) -> Result<(), StoreError> {
        let (store, plugin, day) = (self.store.clone(), service.plugin().to_owned(), self.day(now));
        blocking(move || store.note_asking(&plugin, day, cost, failure)).await
    }

    /// Stores what was answered, or puts the question off.
    async fn settle(
        &self,
        service: &Service,
        row: &PostRow,
        outcome: Result<Vec<Label>, Unanswered>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (store, plugin, key) = (self.store.clone(), service.plugin().to_owned(), row.row);
        let labels = match outcome {
            Ok(labels) => labels,
            Err(unanswered) => {
                let (until, why) = match unanswered {
                    Unanswered::Service(why) => (service.leave_alone(now), why),
                    Unanswered::Plugin(why) => (now.saturating_add(60), why),
                };
                tracing::warn!("{}: no answer, asked again later: {why}", service.by);
                self.note(service, now, Cost::default(), Some(why)).await?;
                let day = self.day(now);
                return blocking(move || store.put_off_question(&plugin, day, key, until, TRIES)).await;
            }
        };
        service.succeeded();
        let groups = groups(service.asker.manifest());
        let labels = labels.into_iter().map(|label| LabelBy {
            by: service.by.clone(),
            group: groups.get(&label.name).cloned().unwrap_or_default(),
            weight: service.weight,
            asked: true,
            label,
        });
        let answered =
            Answered { day: self.day(now), plugin, row: key, version: row.version, at: now, labels: labels.collect() };
        blocking(move || store.answer_question(answered)).await
    }
}

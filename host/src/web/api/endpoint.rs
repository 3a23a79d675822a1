//! One line of the API: route and description in one.

use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, RawPathParams, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::idempotency::{self, Kept};
use super::problem::Problem;
use super::strict::Strict;
use crate::config::edit::Change;
use crate::configuring::Configuring;
use crate::control::{Asked as Order, Line, Refusal};
use crate::fetch::secrets::NewSecrets;
use crate::handling::handout::Parcel;
use crate::handling::{Clerk, Deed, Outcome, What};
use crate::lang::Lang;
use crate::store::{Caller, Reader};
use crate::user::right::Act;
use crate::user::session::Known;
use crate::web::access::{Access, SCOPE, Visitor};
use crate::web::desk::{Desk, handed};
use crate::web::rows::Rows;
use crate::web::{form, guard};

/// What an endpoint works with.
#[derive(Clone)]
pub(super) struct Call {
    /// The desk.
    pub(super) desk: Arc<Desk>,
    /// Who asks.
    pub(super) visitor: Visitor,
    /// The language that they read, where an answer is in words.
    pub(super) lang: Lang,
    /// Now, in seconds since 1970.
    pub(super) now: i64,
}

/// What comes of something that waits: for a site, a channel, the daemon.
pub(super) type Pending<O> = Pin<Box<dyn Future<Output = Result<O, Problem>> + Send>>;

impl Call {
    /// Acts and reads.
    pub(super) fn clerk(&self) -> &Clerk {
        &self.desk.app.owner.clerk
    }

    /// Reads what is stored, as far as who asks sees it.
    pub(super) fn reader(&self) -> Reader {
        self.desk.reader(self.visitor.user())
    }

    /// Reads what pages read, as far as who asks sees it.
    pub(super) fn rows(&self) -> Arc<dyn Rows> {
        self.desk.rows(self.visitor.user())
    }

    /// How the store knows who asks.
    pub(super) fn caller(&self) -> Caller {
        Caller { token: self.visitor.token.clone(), account: self.desk.app.account }
    }

    /// Who asks; nobody in particular is told to say so.
    pub(super) fn known(&self) -> Result<&Known, Problem> {
        self.visitor.person.as_ref().ok_or(Problem::Unknown)
    }

    /// Whoever asks has this right, and their token does too: said before anything is looked at, as on the way to a page.
    pub(super) fn must(&self, act: Act) -> Result<(), Problem> {
        if self.visitor.may(act) {
            return Ok(());
        }
        let known = self.known()?;
        if known.roles.iter().any(|role| act.is_for(*role)) {
            return Err(Problem::Others(SCOPE.to_owned()));
        }
        let able: Vec<&str> = act.roles().iter().map(|role| role.as_str()).collect();
        Err(Problem::Others(format!("your roles do not include this: it is for {}", able.join(", "))))
    }

    /// Does what who asks wants; when it comes back it is on disk.
    pub(super) fn act(&self, act: What) -> Result<Outcome, Problem> {
        let deed = Deed { token: self.visitor.token.clone(), act };
        Ok(self.clerk().carry_out(deed, self.desk.app.account)?)
    }

    /// The same from a task that may not block.
    pub(super) async fn acting(&self, act: What) -> Result<Outcome, Problem> {
        let call = self.clone();
        blocking(move || call.act(act)).await
    }

    /// Gives an order to the daemon; what it told that `wanted` takes.
    pub(super) async fn order<O>(&self, order: Order, wanted: fn(Line) -> Option<O>) -> Result<O, Problem> {
        let lines = Arc::clone(&self.desk).order(order).await?;
        let told = lines.into_iter().find_map(wanted);
        told.ok_or_else(|| Refusal::Internal("the daemon told nothing".to_owned()).into())
    }

    /// Changes the configuration; when it comes back it is in force.
    pub(super) async fn configure(&self, change: Change) -> Result<(), Problem> {
        let configure =
            Configuring { token: self.visitor.token.clone(), configure: change, secrets: NewSecrets::default() };
        Ok(Arc::clone(&self.desk).order(Order::Configure(Box::new(configure))).await.map(drop)?)
    }
}

/// Work that may block, off the tasks; a panic there is a fault of ours.
pub(super) async fn blocking<O: Send + 'static>(
    work: impl FnOnce() -> Result<O, Problem> + Send + 'static,
) -> Result<O, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(broken(&error)))
}

/// How a schema is asked for.
type Describe = fn(&mut SchemaGenerator) -> Schema;

/// In which form an endpoint answers.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// As JSON.
    Json(Describe),
    /// As an archive, piece by piece as it is read from the disk.
    Zip,
}

/// What the document says of an endpoint.
#[derive(Clone, Copy)]
pub(super) struct Described {
    /// Its name for programs.
    pub(super) id: &'static str,
    /// What it is for, in one line.
    pub(super) summary: &'static str,
    /// What stands in path and query.
    pub(super) parameters: Describe,
    /// What the body holds.
    pub(super) body: Option<Describe>,
    /// What is answered.
    pub(super) answer: Answer,
    /// It is done once for each `Idempotency-Key`.
    pub(super) keyed: bool,
    /// Bodies as somebody might send them, by what they do: JSON. Of what is read: a query.
    pub(super) examples: &'static [(&'static str, &'static str)],
    /// The most bytes of a body.
    pub(super) most: usize,
}

/// A route of the API and its description.
pub(in crate::web) struct Endpoint {
    pub(in crate::web) method: Method,
    pub(in crate::web) path: String,
    pub(in crate::web) access: Access,
    pub(in crate::web) answers: MethodRouter<Arc<Desk>>,
    pub(super) described: Described,
}

impl Endpoint {
    /// With bodies as somebody might send them: for the document, for people who read it, and for tests.
    pub(super) fn like(mut self, examples: &'static [(&'static str, &'static str)]) -> Self {
        self.described.examples = examples;
        self
    }

    /// Takes a body with a file in it, as large as that of a form.
    pub(super) fn with_file(self) -> Self {
        self.with_file_of(form::LARGEST)
    }

    /// Takes a body with a file of at most so many bytes in it.
    pub(super) fn with_file_of(mut self, bytes: usize) -> Self {
        // As base64, and what stands around it.
        self.described.most = bytes / 3 * 4 + (64 << 10);
        Self { answers: self.answers.layer(DefaultBodyLimit::max(self.described.most)), ..self }
    }
}

/// Bytes of a body without a file: what axum reads unless it is told otherwise.
const USUAL: usize = 2 << 20;

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Reads: `answer` is called in a blocking thread with what stands in path and query.
pub(super) fn get<Q, O>(
    path: &str,
    access: Access,
    (id, summary): (&'static str, &'static str),
    answer: fn(&Call, Q) -> Result<O, Problem>,
) -> Endpoint
where
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + Send + 'static,
{
    let handler = move |State(desk): State<Arc<Desk>>, named: RawPathParams, uri: Uri, request: Request| async move {
        let call = called(desk, &request);
        let asked = parameters::<Q>(&named, uri.query());
        answered(blocking(move || answer(&call, asked?)).await)
    };
    let described = Described {
        id,
        summary,
        parameters: schema::<Q>,
        body: None,
        answer: Answer::Json(schema::<O>),
        keyed: false,
        examples: &[],
        most: USUAL,
    };
    let answers = on(MethodFilter::GET, handler);
    Endpoint { method: Method::GET, path: format!("{}{path}", super::BASE), access, answers, described }
}

/// Acts: `answer` is called in a blocking thread with what stands in path and query, and in the body.
pub(super) fn post<Q, B, O>(
    path: &str,
    access: Access,
    named: (&'static str, &'static str),
    answer: fn(&Call, Q, B) -> Result<O, Problem>,
) -> Endpoint
where
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + Send + 'static,
{
    acts(path, access, named, answer, true)
}

/// Acts, and answers with a secret: such an answer is kept nowhere, so that no key brings it again.
pub(super) fn post_secret<Q, B, O>(
    path: &str,
    access: Access,
    named: (&'static str, &'static str),
    answer: fn(&Call, Q, B) -> Result<O, Problem>,
) -> Endpoint
where
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + Send + 'static,
{
    acts(path, access, named, answer, false)
}

fn acts<Q, B, O>(
    path: &str,
    access: Access,
    named: (&'static str, &'static str),
    answer: fn(&Call, Q, B) -> Result<O, Problem>,
    keyed: bool,
) -> Endpoint
where
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + Send + 'static,
{
    let handler = move |State(desk): State<Arc<Desk>>, named: RawPathParams, request: Request| async move {
        let asked = match parameters::<Q>(&named, request.uri().query()) {
            Ok(asked) => asked,
            Err(problem) => return problem.into_response(),
        };
        let work = move |call, body| blocking(move || answer(&call, asked, body));
        acting::<B, O, _, _>(desk, request, keyed, work).await
    };
    deed::<Q, B>(path, access, named, (Answer::Json(schema::<O>), keyed), on(MethodFilter::POST, handler))
}

/// Hands out an archive, which `pack` packs in a blocking thread: it is kept nowhere, so that no key brings it again.
pub(super) fn archive<Q, B>(
    path: &str,
    access: Access,
    named: (&'static str, &'static str),
    pack: fn(&Call, Q, B) -> Result<Parcel, Problem>,
) -> Endpoint
where
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
{
    let handler = move |State(desk): State<Arc<Desk>>, named: RawPathParams, request: Request| async move {
        let packed = async {
            let asked = parameters::<Q>(&named, request.uri().query())?;
            let Sent { call, body, .. } = sent::<B>(desk, request, false).await?;
            blocking(move || pack(&call, asked, body)).await
        };
        packed.await.map_or_else(Problem::into_response, handed)
    };
    deed::<Q, B>(path, access, named, (Answer::Zip, false), on(MethodFilter::POST, handler))
}

/// Acts and waits: for a site, a channel, the daemon.
pub(super) fn wait<Q, B, O>(
    path: &str,
    access: Access,
    named: (&'static str, &'static str),
    answer: fn(Call, Q, B) -> Pending<O>,
) -> Endpoint
where
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + Send + 'static,
{
    waits(path, access, named, answer, true)
}

/// Acts and waits, and is sent a secret: nothing of such a request is kept, not even what tells it from others.
pub(super) fn wait_secret<Q, B, O>(
    path: &str,
    access: Access,
    named: (&'static str, &'static str),
    answer: fn(Call, Q, B) -> Pending<O>,
) -> Endpoint
where
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + Send + 'static,
{
    waits(path, access, named, answer, false)
}

fn waits<Q, B, O>(
    path: &str,
    access: Access,
    named: (&'static str, &'static str),
    answer: fn(Call, Q, B) -> Pending<O>,
    keyed: bool,
) -> Endpoint
where
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    B: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + Send + 'static,
{
    let handler = move |State(desk): State<Arc<Desk>>, named: RawPathParams, request: Request| async move {
        let asked = match parameters::<Q>(&named, request.uri().query()) {
            Ok(asked) => asked,
            Err(problem) => return problem.into_response(),
        };
        acting::<B, O, _, _>(desk, request, keyed, move |call, body| answer(call, asked, body)).await
    };
    deed::<Q, B>(path, access, named, (Answer::Json(schema::<O>), keyed), on(MethodFilter::POST, handler))
}

/// An endpoint that acts, with what its document says.
fn deed<Q: JsonSchema, B: JsonSchema>(
    path: &str,
    access: Access,
    (id, summary): (&'static str, &'static str),
    (answer, keyed): (Answer, bool),
    answers: MethodRouter<Arc<Desk>>,
) -> Endpoint {
    let described = Described {
        id,
        summary,
        parameters: schema::<Q>,
        body: Some(schema::<B>),
        answer,
        keyed,
        examples: &[],
        most: USUAL,
    };
    Endpoint { method: Method::POST, path: format!("{}{path}", super::BASE), access, answers, described }
}

/// A request that acts, read: who asks, under which key, and what they want.
struct Sent<B> {
    call: Call,
    kept: Option<Kept>,
    body: B,
}

async fn sent<B: DeserializeOwned>(desk: Arc<Desk>, request: Request, keyed: bool) -> Result<Sent<B>, Problem> {
    let call = called(desk, &request);
    let key = idempotency::key(request.headers())?;
    if key.is_some() && !keyed {
        let words = "not taken here: nothing of what is sent or answered is kept, so that no key could bring it again";
        return Err(Problem::Malformed(format!("{}: {words}", idempotency::FIELD)));
    }
    let (headers, place) = (request.headers().clone(), request.uri().path().to_owned());
    let bytes = Bytes::from_request(request, &()).await.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::Malformed("the body did not arrive whole and in time".to_owned()),
    })?;
    let body = body::<B>(&headers, &bytes)?;
    let user = || call.visitor.person.as_ref().map(|known| known.user.clone()).unwrap_or_default();
    let kept = key.map(|key| Kept { user: user(), key, print: idempotency::print(&place, &bytes) });
    Ok(Sent { call, kept, body })
}

/// Reads the body and does `work`, once for each key.
async fn acting<B, O, F, W>(desk: Arc<Desk>, request: Request, keyed: bool, work: F) -> Response
where
    B: DeserializeOwned,
    O: Serialize,
    F: FnOnce(Call, B) -> W,
    W: Future<Output = Result<O, Problem>>,
{
    let Sent { call, kept, body } = match sent::<B>(Arc::clone(&desk), request, keyed).await {
        Ok(sent) => sent,
        Err(problem) => return problem.into_response(),
    };
    let now = call.now;
    match kept {
        None => answered(work(call, body).await),
        Some(kept) => idempotency::once(desk, kept, now, work(call, body)).await,
    }
}

fn called(desk: Arc<Desk>, request: &Request) -> Call {
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    let (lang, now) = (guard::language(request.headers()), (desk.app.clock)());
    Call { desk, visitor, lang, now }
}

fn broken(error: &tokio::task::JoinError) -> Problem {
    Refusal::Internal(error.to_string()).into()
}

/// The answer as JSON.
pub(super) fn answered<O: Serialize>(outcome: Result<O, Problem>) -> Response {
    match outcome {
        Ok(answer) => (StatusCode::OK, Json(answer)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// What stands in the path by name, and in the query, as one typed value.
fn parameters<Q: DeserializeOwned>(named: &RawPathParams, query: Option<&str>) -> Result<Q, Problem> {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(named);
    let mut all = pairs.finish();
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        if !all.is_empty() {
            all.push('&');
        }
        all.push_str(query);
    }
    let deserializer = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(all.as_bytes()));
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| Problem::Malformed(format!("{}: {}", error.path(), error.inner())))
}

/// The body as one typed value; what is wrong is told with its place.
fn body<B: DeserializeOwned>(headers: &HeaderMap, bytes: &Bytes) -> Result<B, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::NotJson);
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(Strict(&mut json)).map_err(|error| {
        let words = format!("the body is not understood: {}: {}", error.path(), error.inner());
        if error.inner().is_data() { Problem::Unfit(words) } else { Problem::Malformed(words) }
    })?;
    let more = |error: serde_json::Error| Problem::Malformed(format!("the body is not understood: {error}"));
    json.end().map(|()| read).map_err(more)
}

//! One line of the API: route and description in one.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, RawPathParams, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::idempotency::{self, Kept};
use super::problem::Problem;
use crate::control::{Asked as Order, Line, Refusal};
use crate::handling::{Clerk, Deed, Outcome, What};
use crate::web::access::{Access, Visitor};
use crate::web::desk::Desk;
use crate::web::rows::Rows;

/// What an endpoint works with.
pub(super) struct Call {
    /// The desk.
    pub(super) desk: Arc<Desk>,
    /// Who asks.
    pub(super) visitor: Visitor,
    /// Now, in seconds since 1970.
    pub(super) now: i64,
}

impl Call {
    /// Acts and reads.
    pub(super) fn clerk(&self) -> &Clerk {
        &self.desk.app.owner.clerk
    }

    /// Reads what pages read.
    pub(super) fn rows(&self) -> &dyn Rows {
        self.desk.app.rows.as_ref()
    }

    /// Does what who asks wants; when it comes back it is on disk.
    pub(super) fn act(&self, act: What) -> Result<Outcome, Problem> {
        let deed = Deed { token: self.visitor.token.clone(), act };
        Ok(self.clerk().carry_out(deed, self.desk.app.account)?)
    }
}

/// How a schema is asked for.
type Describe = fn(&mut SchemaGenerator) -> Schema;

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
    pub(super) answer: Describe,
    /// It is done once for each `Idempotency-Key`.
    pub(super) keyed: bool,
}

/// A route of the API and its description.
pub(in crate::web) struct Endpoint {
    pub(in crate::web) method: Method,
    pub(in crate::web) path: String,
    pub(in crate::web) access: Access,
    pub(in crate::web) answers: MethodRouter<Arc<Desk>>,
    pub(super) described: Described,
}

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
        let work = move || answer(&call, asked?);
        answered(tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(broken(&error))))
    };
    let described = Described { id, summary, parameters: schema::<Q>, body: None, answer: schema::<O>, keyed: false };
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
    (id, summary): (&'static str, &'static str),
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
        acting::<B, O, _, _>(desk, request, keyed, move |call, body| async move {
            let work = move || answer(&call, asked, body);
            tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(broken(&error)))
        })
        .await
    };
    let described =
        Described { id, summary, parameters: schema::<Q>, body: Some(schema::<B>), answer: schema::<O>, keyed };
    let answers = on(MethodFilter::POST, handler);
    Endpoint { method: Method::POST, path: format!("{}{path}", super::BASE), access, answers, described }
}

/// Gives an order to the daemon: `wanted` says which, `told` what came of it.
pub(super) fn order<Q, B, O>(
    path: &str,
    access: Access,
    (id, summary): (&'static str, &'static str),
    wanted: fn(&Call, Q, B) -> Result<Order, Problem>,
    told: fn(Vec<Line>) -> Option<O>,
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
        acting::<B, O, _, _>(desk, request, true, move |call, body| async move {
            let order = wanted(&call, asked, body)?;
            let lines = Arc::clone(&call.desk).order(order).await?;
            told(lines).ok_or_else(|| Refusal::Internal("the daemon told nothing".to_owned()).into())
        })
        .await
    };
    let described =
        Described { id, summary, parameters: schema::<Q>, body: Some(schema::<B>), answer: schema::<O>, keyed: true };
    let answers = on(MethodFilter::POST, handler);
    Endpoint { method: Method::POST, path: format!("{}{path}", super::BASE), access, answers, described }
}

/// Reads the body and does `work`, once for each key.
async fn acting<B, O, F, W>(desk: Arc<Desk>, request: Request, keyed: bool, work: F) -> Response
where
    B: DeserializeOwned,
    O: Serialize,
    F: FnOnce(Call, B) -> W,
    W: Future<Output = Result<O, Problem>>,
{
    let call = called(Arc::clone(&desk), &request);
    let key = match idempotency::key(request.headers()) {
        Ok(Some(_)) if !keyed => {
            let words =
                format!("{}: not taken here, where the answer is a secret that is kept nowhere", idempotency::FIELD);
            return Problem::Malformed(words).into_response();
        }
        Ok(key) => key,
        Err(problem) => return problem.into_response(),
    };
    let (headers, place) = (request.headers().clone(), request.uri().path().to_owned());
    let Ok(bytes) = Bytes::from_request(request, &()).await else { return Problem::TooLarge.into_response() };
    let body = match body::<B>(&headers, &bytes) {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let Some(key) = key else { return answered(work(call, body).await) };
    let (user, now) = (call.visitor.person.as_ref().map(|known| known.user.clone()).unwrap_or_default(), call.now);
    let kept = Kept { user, key, print: idempotency::print(&place, &bytes) };
    idempotency::once(desk, kept, now, work(call, body)).await
}

fn called(desk: Arc<Desk>, request: &Request) -> Call {
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    let now = (desk.app.clock)();
    Call { desk, visitor, now }
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
    Json::<B>::from_bytes(bytes).map(|Json(body)| body).map_err(|error| match error {
        JsonRejection::JsonSyntaxError(error) => Problem::Malformed(error.body_text()),
        other => Problem::Unfit(other.body_text()),
    })
}

//! What is wrong, for programs: problem details (RFC 9457).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::Refusal;
use crate::store::StoreError;
use crate::web::access::Barred;
use crate::web::desk::Refused;
use crate::web::page::Trouble;
use crate::web::rows::Unanswered;

/// Why something was not answered, by what the program can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) enum Problem {
    /// 400: a parameter, or the form of the body, cannot be understood.
    Malformed(String),
    /// 401: nobody is known by what was sent.
    Unknown,
    /// 403: it is for others.
    Others(String),
    /// 404: there is no such thing, or not for who asks.
    Missing,
    /// 405: this address is not asked in this way.
    Method,
    /// 409: it may not be, or not now; who must act first is in the words.
    Refused(String),
    /// 413: the body is too large.
    TooLarge,
    /// 415: the body is not JSON.
    NotJson,
    /// 422: it was understood and makes no sense here.
    Unfit(String),
    /// 429: too many tokens that were made up; so many seconds.
    Slow(i64),
    /// 500: our fault; the log has the cause.
    Ours,
}

/// The body of a problem (RFC 9457 §3).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Details {
    /// Which kind of problem.
    r#type: String,
    /// In words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What exactly, and who must act.
    detail: String,
}

/// What any endpoint may answer with: the status, the kind of problem, and what it means.
pub(super) const KINDS: [(u16, &str, &str); 11] = [
    (400, "malformed", "A parameter or the form of the body cannot be understood."),
    (401, "unknown", "Nobody is known by what was sent: sign in, or send a token."),
    (403, "others", "It is for others, or the token does not include it."),
    (404, "missing", "There is no such thing."),
    (405, "method", "This address is not asked in this way: Allow says in which."),
    (409, "refused", "It may not be, or not now: the detail says who must act first."),
    (413, "too-large", "The body is too large."),
    (415, "not-json", "The body is not JSON."),
    (422, "unfit", "What was sent was understood and makes no sense here."),
    (429, "slow", "Too many tokens that are worth nothing came from this address: wait as long as Retry-After says."),
    (500, "ours", "A fault of Caifeng itself."),
];

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unknown => StatusCode::UNAUTHORIZED,
            Self::Others(_) => StatusCode::FORBIDDEN,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Slow(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Ours => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn details(self) -> Details {
        let status = self.status().as_u16();
        let kind = KINDS.iter().find(|(of, _, _)| *of == status).map_or("ours", |(_, kind, _)| *kind);
        let (title, detail) = match self {
            Self::Malformed(why) => ("not understood", why),
            Self::Unknown => (
                "nobody is known by this",
                "send a session's cookie, or a token of yours: Authorization: Bearer caifeng_…".to_owned(),
            ),
            Self::Others(why) => ("this is for others", why),
            Self::Missing => ("there is no such thing", "it may have been deleted, or the address is wrong".to_owned()),
            Self::Method => ("not asked in this way", "look at /api which way it is asked".to_owned()),
            Self::Refused(why) => ("it was not done", why),
            Self::TooLarge => ("too large", "send less at once".to_owned()),
            Self::NotJson => ("not JSON", "send application/json".to_owned()),
            Self::Unfit(why) => ("it makes no sense here", why),
            Self::Slow(seconds) => ("too many tokens that are worth nothing", format!("wait {seconds} s")),
            Self::Ours => ("Caifeng itself has failed", "try again later; the log has the cause".to_owned()),
        };
        Details { r#type: format!("/api#{kind}"), title: title.to_owned(), status, detail }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let wait = if let Self::Slow(seconds) = self { Some(seconds) } else { None };
        let body = serde_json::to_vec(&self.details()).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        response
    }
}

impl From<Barred> for Problem {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::Unknown => Self::Unknown,
            Barred::Other => {
                Self::Others("your roles do not include this: the security administrator gives roles".to_owned())
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Usage(why) => Self::Unfit(why),
            Refusal::Refused(why) => Self::Refused(why),
            Refusal::Denied(why) => Self::Others(why),
            Refusal::Internal(why) => {
                tracing::error!(%why, "an endpoint did not answer");
                Self::Ours
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Trouble(Trouble::Missing) => Self::Missing,
            Refused::Trouble(Trouble::Address | Trouble::Form) => {
                Self::Unfit("what was sent cannot be understood: look at /api".to_owned())
            }
            Refused::Trouble(Trouble::SignIn) => Self::Unknown,
            Refused::Trouble(Trouble::Others) => Barred::Other.into(),
            Refused::Trouble(Trouble::TooLarge) => Self::TooLarge,
            Refused::Refusal(refusal) => refusal.into(),
            Refused::Store(error) => error.into(),
            other => Refusal::Internal(other.to_string()).into(),
        }
    }
}

impl From<Unanswered> for Problem {
    fn from(error: Unanswered) -> Self {
        Refusal::Internal(error.to_string()).into()
    }
}

//! The only code that opens outbound sockets, or the recording that stands in for it.
//!
//! A crawl asks for pages through one front, [`Fetcher`], and cannot tell
//! whether the web ([`live`]) or a recording ([`replay`]) answers. What comes back is a
//! decoded page or one of the [`FetchError`]s, each of which is a distinct
//! reaction of the host; 304, 429 and 5xx never reach a plugin.
//!
//! | question | module |
//! | --- | --- |
//! | may this address be reached at all | [`guard`], pure |
//! | does the site allow it | [`robots`] |
//! | is it polite to ask now | [`pace`] |
//! | which cookies go with it | [`cookies`], pure |
//! | what do the bytes mean | [`charset`], pure |
//!
//! Whether the grant covers an address is the caller's closure, [`Allow`], so
//! that nothing here knows manifests. It is asked for every hop of a redirect.
//!
//! *Invariants:* the environment's proxies are never used; a connection is
//! made only to an address that the guard has seen; a request is recorded
//! before cookies are attached, and an answer without those it sets.
//!
//! TLS: the client is built without a provider of its own. Whoever starts the
//! process and makes TLS connections of its own calls [`install_tls`] first;
//! [`live::Live::new`] does it too, so that a test cannot forget it. Roots are the system's.

pub mod charset;
pub mod cookies;
pub mod guard;
pub mod live;
pub mod pace;
pub mod replay;
pub mod robots;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use caifeng_plugin_host::contract::{Request, Response, Timestamp};
use url::Url;

use crate::evidence::tape::Record;
use crate::evidence::warc::field;
use crate::watch::FailureKind;

/// Does the grant cover this address?
pub type Allow<'a> = &'a (dyn Fn(&Url) -> bool + Sync);

/// The web, or a recording of it.
#[derive(Debug)]
pub enum Fetcher {
    /// The web.
    Live(Box<live::Live>),
    /// A recording.
    Replay(replay::Replay),
}

impl Fetcher {
    /// Asks for one page.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch(
        &self,
        session: &mut Session,
        request: &Request,
        allow: Allow<'_>,
    ) -> Result<Fetched, FetchError> {
        match self {
            Self::Live(live) => live.fetch(session, request, allow).await,
            Self::Replay(replay) => replay.fetch(session, request, allow),
        }
    }
}

/// What one crawl keeps between its requests.
#[derive(Debug, Default)]
pub struct Session {
    /// The pace that the manifest wishes; only ever slows the host's own.
    pub pace: Duration,
    /// The moment that a recording stands for; what was recorded later is not there yet.
    pub at: Option<Timestamp>,
    /// What the sites set; one jar a crawl.
    pub cookies: cookies::Jar,
    /// Writes down what the web answers, robots.txt and failures included.
    pub recorder: Option<SharedRecorder>,
}

/// A recording that several crawls write.
pub type SharedRecorder = Arc<Mutex<dyn Record>>;

/// An answer that a plugin may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// What the plugin gets.
    pub response: Response,
    /// Bytes of the body, decompressed and before decoding.
    pub bytes: u64,
    /// Which encoding the body had, and what said so.
    pub encoding: (&'static str, charset::How),
}

/// Why there is no answer, by what the host does about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The grant or the guard does not allow the address: the operator must act.
    #[error("refused: {why}")]
    Refused {
        /// What is not allowed.
        why: String,
    },
    /// The site's robots.txt forbids the address: nobody asks again.
    #[error("the site's robots.txt does not allow the address: {url}")]
    Blocked {
        /// The address.
        url: String,
    },
    /// The site asks to be left alone for a while; at least until then nobody asks its host.
    #[error("the site answers {status} and asks to wait: {} s", wait.as_secs())]
    RetryAfter {
        /// 429 or 5xx.
        status: u16,
        /// From now.
        wait: Duration,
    },
    /// The site could not be reached, or what it sent is not HTTP: tried again at the next sweep.
    #[error("the site could not be read: {detail}")]
    Network {
        /// One line.
        detail: String,
    },
    /// The site was too slow: tried again at the next sweep.
    #[error("the site took longer than {} s", after.as_secs())]
    TimedOut {
        /// The limit.
        after: Duration,
    },
    /// The answer is too large: given up, without keeping any of it.
    #[error("the answer is larger than allowed: {what}")]
    TooLarge {
        /// Which limit, with its value.
        what: String,
    },
    /// The recording has no answer to this request.
    #[error("the recording has no answer for: {url}")]
    Missing {
        /// The address.
        url: String,
    },
}

impl FetchError {
    /// How a sweep records it.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Refused { .. } => FailureKind::Refused,
            Self::Blocked { .. } => FailureKind::Blocked,
            Self::RetryAfter { .. }
            | Self::Network { .. }
            | Self::TimedOut { .. }
            | Self::TooLarge { .. }
            | Self::Missing { .. } => FailureKind::Network,
        }
    }
}

/// Redirects that are followed before the site counts as broken (RFC 9110 §15.4 leaves the number open).
pub const MAX_HOPS: usize = 5;

/// The address of a request as it is sent: without fragment.
fn address(text: &str) -> Result<Url, FetchError> {
    let mut url = Url::parse(text).map_err(|e| FetchError::Refused { why: format!("not an address ({e}): {text}") })?;
    url.set_fragment(None);
    Ok(url)
}

fn allowed(url: &Url, allow: Allow<'_>) -> Result<(), FetchError> {
    if allow(url) {
        return Ok(());
    }
    Err(FetchError::Refused { why: format!("the plugin's grant does not cover the address: {url}") })
}

/// Where an answer sends to, if it is a redirect that can be followed.
fn redirect(at: &Url, status: u16, headers: &[(String, String)]) -> Option<Result<Url, FetchError>> {
    let to = matches!(status, 301 | 302 | 303 | 307 | 308).then(|| field(headers, "location")).flatten()?;
    let mut next = match at.join(to) {
        Ok(next) => next,
        Err(e) => {
            return Some(Err(FetchError::Network {
                detail: format!("redirect to something that is no address ({e}): {to}"),
            }));
        }
    };
    next.set_fragment(None);
    Some(Ok(next))
}

/// Is this a status that a plugin may see? The others are reactions of the host.
fn settle(status: u16, headers: &[(String, String)], now: Timestamp) -> Result<(), FetchError> {
    match status {
        429 | 500..=599 => Err(FetchError::RetryAfter { status, wait: retry_after(headers, now) }),
        200..=303 | 305..=499 => Ok(()),
        _ => Err(FetchError::Network { detail: format!("answer with a status that nobody asked for: {status}") }),
    }
}

/// Seconds or a date (RFC 9110 §10.2.3); a minute where the site says nothing, at most a day.
fn retry_after(headers: &[(String, String)], now: Timestamp) -> Duration {
    const DEFAULT: i64 = 60;
    const LONGEST: i64 = 24 * 60 * 60;
    let seconds = field(headers, "retry-after").and_then(|value| {
        let date = || jiff::fmt::rfc2822::parse(value).ok().map(|date| date.timestamp().as_second() - now);
        value.parse::<i64>().ok().or_else(date)
    });
    Duration::from_secs(seconds.unwrap_or(DEFAULT).clamp(1, LONGEST).unsigned_abs())
}

/// The fields of an answer that go on to plugins and recordings: none about the transfer, which is over, and no cookies.
fn kept(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    const GONE: [&str; 10] = [
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "set-cookie",
        "set-cookie2",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "alt-svc",
    ];
    headers.into_iter().filter(|(name, _)| !GONE.iter().any(|gone| name.eq_ignore_ascii_case(gone))).collect()
}

/// Installs the TLS provider (ring) of this process; later calls do nothing. Called by `main` and by tests.
pub fn install_tls() {
    // An error says that another provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn a_wait_is_read_in_both_forms() {
        let now = 1_700_000_000;
        let wait = |value: &str| retry_after(&headers("Retry-After", value), now).as_secs();
        assert_eq!(wait("120"), 120);
        assert_eq!(wait("Tue, 14 Nov 2023 22:15:20 GMT"), 120);
        assert_eq!(wait("Tue, 14 Nov 2023 22:00:00 GMT"), 1);
        assert_eq!(wait("-5"), 1);
        assert_eq!(wait("999999999999"), 86_400);
        assert_eq!(wait("soon"), 60);
        assert_eq!(retry_after(&[], now).as_secs(), 60);
    }

    #[test]
    fn statuses_that_are_reactions_stay_in_the_host() {
        for status in [100, 101, 199, 304, 600] {
            assert!(matches!(settle(status, &[], 0), Err(FetchError::Network { .. })), "{status}");
        }
        for status in [429, 500, 503, 599] {
            assert!(matches!(settle(status, &[], 0), Err(FetchError::RetryAfter { .. })), "{status}");
        }
        for status in [200, 204, 300, 404, 410, 403] {
            assert_eq!(settle(status, &[], 0), Ok(()), "{status}");
        }
    }

    #[test]
    fn redirects_are_resolved_against_the_page() {
        let at = Url::parse("http://a.example/b/c?d").unwrap();
        let to = |status, value| redirect(&at, status, &headers("location", value)).map(|next| next.map(String::from));
        assert_eq!(to(302, "../e#f"), Some(Ok("http://a.example/e".to_owned())));
        assert_eq!(to(301, "//b.example"), Some(Ok("http://b.example/".to_owned())));
        assert_eq!(to(200, "/x"), None);
        assert!(matches!(to(308, "http://["), Some(Err(FetchError::Network { .. }))));
    }
}

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
//! | does the operator vouch for it | [`permit`], pure |
//! | is it polite to ask now | [`pace`] |
//! | has the page changed | [`validator`], pure |
//! | which cookies go with it | [`cookies`], pure |
//! | which credentials go with it | [`secrets`] |
//! | what do the bytes mean | [`charset`], pure |
//!
//! Whether the grant covers an address is the caller's closure, [`Allow`], so
//! that nothing here knows manifests. It is asked for every hop of a redirect.
//!
//! *Invariants:* the environment's proxies are never used; a connection is
//! made only to an address that the guard has seen; a request is recorded
//! before cookies and credentials are attached, and an answer without those it sets or repeats.
//!
//! TLS: the client is built without a provider of its own. Whoever starts the
//! process and makes TLS connections of its own calls [`install_tls`] first;
//! [`live::Live::new`] does it too, so that a test cannot forget it. Roots are the system's.

pub mod charset;
pub mod cookies;
pub mod guard;
pub mod live;
pub mod pace;
pub mod permit;
pub mod registry;
pub mod replay;
pub mod robots;
pub mod secrets;
pub mod validator;

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
    /// Answers that a test or a drill makes up.
    Made(Made),
}

/// Makes up an answer; it is not asked for what the grant does not cover.
pub struct Made(pub Box<Making>);

/// What answers a request in [`Made`].
pub type Making = dyn Fn(&Request) -> Result<Fetched, FetchError> + Send + Sync;

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Made").finish()
    }
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
            Self::Replay(replay) => {
                session.spent.requests += 1;
                let fetched = replay.fetch(session, request, allow);
                session.spent.bytes += fetched.as_ref().map_or(0, |fetched| fetched.bytes);
                fetched
            }
            Self::Made(made) => {
                allowed(&address(&request.url)?, allow)?;
                session.spent.requests += 1;
                (made.0)(request)
            }
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
    /// What the operator set for the plugin; attached to requests and never shown.
    pub credentials: secrets::Credentials,
    /// What the site called the page that is asked for next when it was last read; taken by that request.
    pub known: Option<validator::Validator>,
    /// Nobody who is trusted chose the address: the operator's private pairs are not for it.
    pub public_only: bool,
    /// What the crawl has cost so far.
    pub spent: Spent,
    /// Writes down what the web answers, robots.txt and failures included.
    pub recorder: Option<SharedRecorder>,
}

/// What requests have cost: each hop and each repetition counts, robots.txt does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests sent.
    pub requests: u64,
    /// Bytes of bodies received, decompressed, also of those that were given up.
    pub bytes: u64,
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
    /// What the site calls this state of the page, when it was the page that was asked for.
    pub validator: Option<validator::Validator>,
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
    /// The site has failed (5xx) and does not say when to come back, also when asked again: tried at the next sweep.
    #[error("the site answers {status}: it is at fault")]
    Faulty {
        /// 5xx.
        status: u16,
    },
    /// The site sends somewhere else to sign in or to prove to be human: the operator must act.
    #[error("the site asks for a login or a captcha: it sends to {url}")]
    Login {
        /// Where to.
        url: String,
    },
    /// 304: the page is the one that was read before, and nothing is lost by passing it over.
    #[error("unchanged since it was last read: {url}")]
    Unchanged {
        /// The address.
        url: String,
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
            Self::Blocked { .. } | Self::Login { .. } => FailureKind::Blocked,
            // An unchanged page is a page that was heard; who counts failures does not ask here.
            Self::Unchanged { .. }
            | Self::RetryAfter { .. }
            | Self::Faulty { .. }
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

/// The grant for an address that a redirect leads to: a site that sends away to a login says something else than one
/// that has moved.
fn allowed_after(url: &Url, allow: Allow<'_>) -> Result<(), FetchError> {
    const DOORS: [&str; 9] =
        ["login", "logon", "signin", "passport", "sso", "captcha", "verify", "visitor", "antispider"];
    let refused = allowed(url, allow);
    let words = url.host_str().into_iter().chain([url.path()]).flat_map(|text| text.split(['.', '/', '-', '_']));
    let door = |word: &str| DOORS.iter().any(|door| word == *door || door.len() >= 5 && word.ends_with(door));
    match refused {
        Err(_) if words.map(str::to_ascii_lowercase).any(|word| door(&word)) => {
            Err(FetchError::Login { url: url[..url::Position::AfterPath].to_owned() })
        }
        other => other,
    }
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
        429 | 503 => Err(FetchError::RetryAfter { status, wait: retry_after(headers, now) }),
        500..=599 if field(headers, "retry-after").is_some() => {
            Err(FetchError::RetryAfter { status, wait: retry_after(headers, now) })
        }
        500..=599 => Err(FetchError::Faulty { status }),
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
    Duration::from_secs(seconds.unwrap_or(DEFAULT).clamp(0, LONGEST).unsigned_abs())
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
        assert_eq!(wait("Tue, 14 Nov 2023 22:00:00 GMT"), 0);
        assert_eq!(wait("0"), 0);
        assert_eq!(wait("-5"), 0);
        assert_eq!(wait("999999999999"), 86_400);
        assert_eq!(wait("soon"), 60);
        assert_eq!(retry_after(&[], now).as_secs(), 60);
    }

    #[test]
    fn statuses_that_are_reactions_stay_in_the_host() {
        for status in [100, 101, 199, 304, 600] {
            assert!(matches!(settle(status, &[], 0), Err(FetchError::Network { .. })), "{status}");
        }
        for status in [429, 503] {
            assert!(matches!(settle(status, &[], 0), Err(FetchError::RetryAfter { .. })), "{status}");
        }
        for status in [500, 502, 599] {
            assert_eq!(settle(status, &[], 0), Err(FetchError::Faulty { status }));
            let told = settle(status, &headers("retry-after", "9"), 0);
            assert_eq!(told, Err(FetchError::RetryAfter { status, wait: Duration::from_secs(9) }));
        }
        for status in [200, 204, 300, 404, 410, 403] {
            assert_eq!(settle(status, &[], 0), Ok(()), "{status}");
        }
    }

    #[test]
    fn a_door_is_told_from_a_move() {
        let nowhere = |_: &Url| false;
        let after = |to: &str| allowed_after(&Url::parse(to).unwrap(), &nowhere).unwrap_err();
        for door in [
            "https://passport.weibo.com/visitor/visitor?entry=x",
            "https://a.cn/member.php/login.jsp",
            "https://sso.gov.cn/",
            "https://a.cn/_sec/verify.html?token=1",
            "https://www.a.cn/Captcha",
        ] {
            let FetchError::Login { url } = after(door) else { panic!("{door}") };
            assert!(!url.contains('?'), "what stands behind a question mark may be a token: {url}");
        }
        for other in ["https://new.a.cn/news/1", "https://b.cn/espresso/loginova-festival", "https://a.cn/?login"] {
            assert!(matches!(after(other), FetchError::Refused { .. }), "{other}");
        }
        assert_eq!(allowed_after(&Url::parse("https://passport.a.cn/").unwrap(), &|_| true), Ok(()));
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

//! One step of a request, and what a guest may say in it.

use caifeng_plugin_host::contract::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::evidence::warc::Sent;
use crate::fetch::FetchError;
use crate::fetch::guard::{self, Policy};

/// What happens to a body at its limit.
#[derive(Clone, Copy)]
pub(super) enum Body {
    Refused(u64),
    Cut(u64),
}

impl Body {
    pub(super) fn exceeded(self, size: u64) -> bool {
        matches!(self, Self::Refused(limit) if size > limit)
    }

    /// True when the body has all that it may have.
    pub(super) fn cut(self, body: &mut Vec<u8>) -> bool {
        let Self::Cut(limit) = self else { return false };
        let full = body.len() as u64 >= limit;
        body.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        full
    }

    pub(super) fn error(self) -> FetchError {
        let (Self::Refused(limit) | Self::Cut(limit)) = self;
        FetchError::TooLarge { what: format!("{limit} bytes") }
    }
}

/// One step of a request: where, how, and from where it was sent there.
pub(super) struct Hop {
    pub(super) url: Url,
    pub(super) from: Option<Url>,
    pub(super) method: Method,
    /// A redirect has left the origin that was asked first: credentials stay behind, also when it comes back.
    pub(super) away: bool,
}

impl Hop {
    pub(super) const fn first(url: Url, method: Method) -> Self {
        Self { url, from: None, method, away: false }
    }

    pub(super) fn check(&self, policy: &Policy) -> Result<bool, FetchError> {
        guard::check_url(&self.url, policy, self.from.as_ref()).map_err(FetchError::from)
    }

    /// RFC 9110 §15.4: 307 and 308 repeat the request, the others ask for a page.
    pub(super) fn to(self, url: Url, status: u16) -> Self {
        let method = if matches!(status, 307 | 308) { self.method } else { Method::Get };
        let away = self.away || url.origin() != self.url.origin();
        Self { url, from: Some(self.url), method, away }
    }

    pub(super) fn sent(&self, fields: &HeaderMap, user_agent: &str) -> Sent {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut headers = vec![("User-Agent".to_owned(), user_agent.to_owned())];
        headers.extend(fields.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))));
        let (method, body) = match &self.method {
            Method::Get => ("GET", Vec::new()),
            Method::Post(body) => ("POST", body.clone().into_bytes()),
        };
        Sent { method: method.to_owned(), url: self.url.to_string(), headers, body }
    }
}

/// Fields of a guest beyond this many are not a request for a page.
const MOST_FIELDS: usize = 32;

/// What a plugin may set: nothing that says who asks, proves it, or describes the transfer.
pub(super) fn guest_fields(fields: &[(String, String)]) -> Result<HeaderMap, FetchError> {
    let refused = |what: &str| FetchError::Refused {
        why: format!("the plugin asks with a header field that cannot be sent: {what:?}"),
    };
    let mut map = HeaderMap::new();
    if fields.len() > MOST_FIELDS {
        return Err(refused("too many"));
    }
    for (name, value) in fields.iter().filter(|(name, _)| may_set(name)) {
        let name_ok = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(name))?;
        let value = HeaderValue::from_str(value).map_err(|_| refused(name))?;
        map.append(name_ok, value);
    }
    Ok(map)
}

fn may_set(name: &str) -> bool {
    const HOSTS: [&str; 24] = [
        "accept-charset",
        "accept-encoding",
        "alt-used",
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "expect",
        "forwarded",
        "from",
        "host",
        "http2-settings",
        "keep-alive",
        "max-forwards",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "true-client-ip",
        "upgrade",
        "user-agent",
        "via",
        "x-real-ip",
        "x-client-ip",
    ];
    const PREFIXES: [&str; 6] = ["proxy-", "x-forwarded", "sec-", "if-", "cf-", "x-http-method"];
    const CREDENTIALS: [&str; 9] =
        ["auth", "cookie", "token", "api-key", "apikey", "secret", "session", "password", "credential"];
    let name = name.to_ascii_lowercase();
    !HOSTS.contains(&&*name)
        && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !CREDENTIALS.iter().any(|part| name.contains(part))
}

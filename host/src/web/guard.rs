//! What every request passes and every response carries.
//!
//! The Host field must name this machine, or a host that the operator listed, or else a page of another site could read the
//! desk through the reader's own browser by pointing its name at us (DNS rebinding).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::desk::Desk;
use super::lang::Lang;

/// Nothing from elsewhere, nothing inline, in no frame (CSP Level 3); text becomes a page in `page.js` only (Trusted Types).
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types caifeng";

/// For a year this desk is asked for over HTTPS and nothing else (RFC 6797); other names of its domain are their own affair.
const STRICT: &str = "max-age=31536000";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Sites must not learn from a followed link which incident it was followed from.
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Whether an address reaches this machine only.
pub(super) fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Refuses what may not come in; puts the headers on what goes out.
pub(super) async fn guard(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let strict = desk
        .app
        .strict
        .holds(request.headers().get_all("x-forwarded-proto").iter().next_back().map(HeaderValue::as_bytes));
    let mut response = if !names_us(request.uri(), request.headers(), &desk.app.hosts) {
        let text = "this address is not served here: open the address that caifeng printed when it started\n";
        (StatusCode::MISDIRECTED_REQUEST, text).into_response()
    } else if let Some(chosen) = choice(request.uri()) {
        chosen
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if strict {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The language that the sender of these fields reads.
pub(super) fn language(headers: &HeaderMap) -> Lang {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    Lang::negotiate(text(header::COOKIE), text(header::ACCEPT_LANGUAGE))
}

/// `?lang=` is remembered in a cookie and leaves the address.
fn choice(uri: &Uri) -> Option<Response> {
    let query = uri.query()?;
    let lang = url::form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, value)| (name == "lang").then(|| Lang::of_tag(&value)).flatten())?;
    let place = without_lang(uri);
    // "//host" would leave for another site.
    if place.starts_with("//") || place.contains('\\') {
        return None;
    }
    let cookie = format!("lang={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", lang.code());
    Some((StatusCode::SEE_OTHER, [(header::LOCATION, place), (header::SET_COOKIE, cookie)]).into_response())
}

/// Path and query without the parameter `lang`.
pub(super) fn without_lang(uri: &Uri) -> String {
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && *pair != "lang" && !pair.starts_with("lang="))
        .collect();
    if kept.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), kept.join("&")) }
}

/// Exactly one Host, and it and the authority of an absolute target, if any, name this machine.
fn names_us(uri: &Uri, headers: &HeaderMap, ours: &[String]) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let named = |authority: &str| is_ours(authority, ours);
    host.to_str().is_ok_and(named) && uri.authority().is_none_or(|a| named(a.as_str()))
}

/// Whether `host[:port]` is a loopback name or one the operator listed.
fn is_ours(authority: &str, ours: &[String]) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((address, port)) if port.is_empty() || is_port(port) => address,
            _ => return false,
        },
        None => match authority.find(':') {
            Some(at) if is_port(&authority[at..]) => &authority[..at],
            Some(_) => return false,
            None => authority,
        },
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
        || ours.iter().any(|o| o.eq_ignore_ascii_case(host))
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_served() {
        let ours = ["desk.example".to_owned()];
        for good in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:8080",
            "127.8.8.8",
            "[::1]:1",
            "[::ffff:127.0.0.1]",
            "desk.example:443",
        ] {
            assert!(is_ours(good, &ours), "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "192.168.1.4",
            "[::2]",
            "[::1",
            "[::1]x",
            "localhost:http",
            "",
            "localhost@evil.example",
            "user@localhost",
        ] {
            assert!(!is_ours(bad, &ours), "{bad}");
        }
    }

    #[test]
    fn one_host_field_exactly() {
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("/");
        assert!(!names_us(&uri, &headers, &[]));
        headers.append(header::HOST, HeaderValue::from_static("localhost"));
        assert!(names_us(&uri, &headers, &[]));
        assert!(!names_us(&Uri::from_static("http://evil.example/"), &headers, &[]));
        headers.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(!names_us(&uri, &headers, &[]));
    }

    #[test]
    fn the_choice_of_a_language_leaves_the_rest_of_the_address() {
        assert_eq!(without_lang(&Uri::from_static("/posts?q=a&lang=en&before=3")), "/posts?q=a&before=3");
        assert_eq!(without_lang(&Uri::from_static("/?lang=en")), "/");
    }

    #[test]
    fn a_choice_never_leads_to_another_site() {
        assert!(choice(&Uri::from_static("//evil.example/?lang=en")).is_none());
        let kept = choice(&Uri::from_static("/posts?lang=en")).unwrap();
        assert_eq!(kept.headers()[header::LOCATION], "/posts");
        let cookie = kept.headers()[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
}

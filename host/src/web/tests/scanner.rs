//! The desk as a scanner meets it: every route of the table asked as it should not be, and every kind of answer looked at.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use axum::http::header;

use super::table::filled;
use super::*;
use crate::web::access::{Access, Peer};
use crate::web::routes::{self, Route};

/// The role that a route is for, if it takes one.
fn entitled(route: &Route) -> Option<Role> {
    Role::ALL.into_iter().find(|role| route.access.admits(Some(&[*role]), route.method == Method::GET, false).is_ok())
}

/// A request of somebody who may: by a cookie at pages, by a token at the API.
fn by(office: &Office, route: &Route, role: Role, more: &[(&str, &str)]) -> Request<Body> {
    let token = office.session(role).written();
    let (name, value) = if route.path.starts_with("/api/v1") {
        ("authorization", format!("Bearer {token}"))
    } else {
        ("cookie", format!("caifeng_session={token}"))
    };
    let mut headers = vec![(name, value.as_str())];
    headers.extend(more);
    asking(route.method.clone(), &filled(&route.path), &headers)
}

/// Where the record stands.
fn head(office: &Office) -> crate::incident::chain::Checkpoint {
    office.owner.clerk.reader.machine(NOW).unwrap().head
}

fn at(mut request: Request<Body>, address: u8) -> Request<Body> {
    let peer = Peer::of(Ipv4Addr::new(192, 0, 2, address));
    request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
    request
}

#[tokio::test]
async fn every_kind_of_answer_carries_every_header() {
    let office = office();
    let router = office.router_with(|app| {
        app.public = true;
        app.strict = Strict::Always;
    });
    let mut kinds = BTreeSet::new();
    let table = routes::table();
    // Each is made when its turn comes: some of them end sessions.
    type Making<'a> = Box<dyn Fn() -> Request<Body> + 'a>;
    let mut requests: Vec<(String, Making<'_>)> = Vec::new();
    for route in &table {
        let what = format!("{} {}", route.method, route.path);
        let same = [("sec-fetch-site", "same-origin")];
        let nobody = move || asking(route.method.clone(), &filled(&route.path), &same);
        requests.push((format!("{what} by nobody"), Box::new(nobody)));
        if let Some(role) = entitled(route) {
            let office = &office;
            requests.push((what, Box::new(move || by(office, route, role, &same))));
        }
    }
    for (path, host) in [("/no", "localhost"), ("/", "evil.example"), ("/incidents?lang=en", "localhost")] {
        requests.push((format!("{path} at {host}"), Box::new(move || asking(Method::GET, path, &[("host", host)]))));
    }
    for path in ["/assets/desk.css", "/assets/page.js", "/assets/icon.svg", "/sweeps.csv", "/api/v1/nothing"] {
        requests.push((path.to_owned(), Box::new(move || asking(Method::GET, path, &[]))));
    }
    requests.push(("TRACE".to_owned(), Box::new(|| asking(Method::TRACE, "/", &[]))));
    let cross = || asking(Method::POST, "/sign-in", &[("sec-fetch-site", "cross-site")]);
    requests.push(("cross-site".to_owned(), Box::new(cross)));
    for (what, make) in requests {
        let answer = router.clone().oneshot(make()).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers());
        let says = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
        let policy = says("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.split("; ").any(|own| own == part), "{what}: {part}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{what}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(says(name), value, "{what}: {name}");
        }
        assert!(says("permissions-policy").contains("camera=()"), "{what}");
        for name in ["server", "x-powered-by", "access-control-allow-origin"] {
            assert!(!headers.contains_key(name), "{what}: {name}");
        }
        let kind = says("content-type").split(';').next().unwrap().to_owned();
        let cached = says("cache-control");
        if status.is_success() && what.contains("/assets/") && !what.contains('{') {
            assert!(cached.contains("immutable"), "{what}: {cached}");
        } else if !what.contains("/public") {
            assert!(cached.contains("no-store") || kind == "text/event-stream", "{what}: {status} {cached}");
        }
        if kind == "text/event-stream" {
            assert!(cached.contains("no-cache") || cached.contains("no-store"), "{cached}");
        }
        assert!(status.as_u16() < 500, "{what}: {status}");
        kinds.insert(kind);
    }
    for kind in [
        "",
        "text/html",
        "text/plain",
        "text/css",
        "text/javascript",
        "image/svg+xml",
        "text/csv",
        "text/event-stream",
        "application/json",
        "application/problem+json",
    ] {
        assert!(kinds.contains(kind), "no answer was {kind:?}: {kinds:?}");
    }
}

#[tokio::test]
async fn browsers_hear_of_https_only_where_it_is() {
    for (strict, proto, told) in [
        (Strict::Never, "https", false),
        (Strict::AsForwarded, "https", true),
        (Strict::AsForwarded, "http", false),
        (Strict::Always, "http", true),
    ] {
        let router = office().router_with(|app| app.strict = strict);
        let answer = router.oneshot(asking(Method::GET, "/healthz", &[("x-forwarded-proto", proto)])).await.unwrap();
        assert_eq!(answer.headers().contains_key(header::STRICT_TRANSPORT_SECURITY), told, "{strict:?} {proto}");
    }
}

/// DNS rebinding: a page of another site has its own name point at this machine, and asks through the reader's browser.
#[tokio::test]
async fn nothing_is_told_under_another_name() {
    let office = office();
    let router = office.public(true);
    let mut asked = 0;
    for route in routes::table() {
        let Some(role) = entitled(&route) else { continue };
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost:80@evil.example", "169.254.169.254", ""] {
            let request = by(&office, &route, role, &[("host", host), ("sec-fetch-site", "same-origin")]);
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), 421, "{} {} at {host}", route.method, route.path);
            assert!(!answer.headers().contains_key(header::SET_COOKIE));
            asked += 1;
        }
    }
    assert!(asked > 500, "{asked}");
}

/// What changes something is asked for by pages of ours only, whoever is signed in.
#[tokio::test]
async fn no_other_site_has_anything_done() {
    let office = office();
    let router = office.public(true);
    // Whoever is added is on record.
    for role in Role::ALL {
        office.session(role);
    }
    let mut ours = 0;
    for route in routes::table().into_iter().filter(|route| route.method != Method::GET) {
        let role = entitled(&route).unwrap();
        let foreign: [&[(&str, &str)]; 5] = [
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8420")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
        ];
        for sent in foreign {
            let before = head(&office);
            let mut request = by(&office, &route, role, sent);
            // As a browser would send it along with a form of another site.
            let cookie = format!("caifeng_session={}", office.session(role).written());
            request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
            let status = router.clone().oneshot(request).await.unwrap().status();
            assert_eq!(status, 403, "{} {} {sent:?}", route.method, route.path);
            assert_eq!(head(&office), before, "{} {}", route.method, route.path);
        }
        let own = by(&office, &route, role, &[("sec-fetch-site", "same-origin")]);
        ours += usize::from(router.clone().oneshot(own).await.unwrap().status() != 403);
    }
    assert!(ours > 80, "pages of ours are let through: {ours}");
}

#[tokio::test]
async fn methods_that_a_route_does_not_have_are_refused() {
    let office = office();
    let router = office.public(true);
    let mut methods: std::collections::BTreeMap<String, BTreeSet<String>> = std::collections::BTreeMap::new();
    for route in routes::table() {
        methods.entry(route.path.to_string()).or_default().insert(route.method.to_string());
    }
    for (path, own) in &methods {
        for method in ["TRACE", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "GET", "HEAD", "POST"] {
            let known = own.contains(method) || method == "HEAD" && own.contains("GET");
            if known {
                continue;
            }
            let cookie = format!("caifeng_session={}", office.session(Role::System).written());
            let sent = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
            let request = asking(Method::from_bytes(method.as_bytes()).unwrap(), &filled(path), &sent);
            let answer = router.clone().oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            assert!(matches!(status, 403..=405), "{method} {path}: {status}");
            assert!(!answer.headers().contains_key(header::SET_COOKIE), "{method} {path}");
            let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(!body.contains(cookie.as_str()), "{method} {path} repeats what was sent");
        }
    }
}

#[tokio::test]
async fn a_path_is_what_the_table_says_and_nothing_near_it() {
    let office = office();
    let router = office.public(true);
    let cookie = format!("caifeng_session={}", office.session(Role::Head).written());
    for path in [
        "//",
        "//incidents",
        "//evil.example/",
        "//evil.example/?lang=en",
        "/incidents/",
        "/incidents//7",
        "/incidents;x=1",
        "/incidents/7;v=1",
        "/incidents/7/..",
        "/./incidents",
        "/posts/../incidents",
        "/posts/..;/incidents",
        "/%2e/incidents",
        "/%2e%2e/incidents",
        "/%2fincidents",
        "/incidents%00",
        "/incidents%2f7",
        "/INCIDENTS",
        "/incidents/%37%20",
        "/incidents/0x7",
        "/incidents/99999999999999999999",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e%2fdesk.css",
        "/assets/desk.css%00.js",
        "/assets/",
        "/documents/..%2f..%2fsecrets.toml",
        "/documents/7",
        "/reports/shelf/..%2f..%2f..%2fcaifeng.db",
        "/reports/shelf/%2fetc%2fpasswd",
        "/public/..%2fcaifeng.toml",
        "/feeds/x/..%2f..%2fsecrets.toml",
        "/drills/..%2f..",
        "/api/v1",
        "/api/v1/",
        "/api/v1/../../metrics",
        "/.git/config",
        "/.env",
        "/caifeng.db",
        "/index.php",
    ] {
        let sent = [("cookie", cookie.as_str()), ("accept-language", "en")];
        let answer = router.clone().oneshot(asking(Method::GET, path, &sent)).await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert!(!answer.headers().contains_key(header::LOCATION), "{path}");
    }
    // What stands before a page does not hide it from whoever stands before the page.
    for path in ["/incidents?x=/../", "/incidents?%00", "/incidents?a;b"] {
        let status = router.clone().oneshot(asking(Method::GET, path, &[])).await.unwrap().status();
        assert_eq!(status, 303, "{path} leads whoever is not signed in to where that is done");
    }
}

/// From the first start on only whoever is known reads: before anybody is, the code of the terminal is the one way.
#[tokio::test]
async fn where_nobody_was_added_the_set_up_code_is_the_only_way() {
    let office = office();
    let router = office.public(false);
    let open = |route: &Route| route.access == Access::Everybody;
    for route in routes::table().into_iter().filter(|route| !open(route)) {
        let request = asking(route.method.clone(), &filled(&route.path), &[("sec-fetch-site", "same-origin")]);
        let answer = router.clone().oneshot(at(request, 9)).await.unwrap();
        let status = answer.status().as_u16();
        let to = answer.headers().get(header::LOCATION).map_or("", |to| to.to_str().unwrap());
        assert!(
            matches!((status, to.starts_with("/sign-in?to=")), (303, true) | (401, _)),
            "{} {}: {status} {to}",
            route.method,
            route.path
        );
    }
    let led = router.clone().oneshot(asking(Method::GET, "/sign-in?to=%2F", &[])).await.unwrap();
    assert_eq!((led.status().as_u16(), &led.headers()[header::LOCATION]), (303, &"/set-up-password".parse().unwrap()));
    // What everybody is answered tells nothing and changes nothing.
    let before = head(&office);
    for route in routes::table().into_iter().filter(open) {
        let request = asking(route.method.clone(), &filled(&route.path), &[("sec-fetch-site", "same-origin")]);
        let answer = router.clone().oneshot(at(request, 9)).await.unwrap();
        assert!(answer.status().as_u16() < 500, "{} {}", route.method, route.path);
        let gone = |field: &axum::http::HeaderValue| field.to_str().unwrap().contains("Max-Age=0");
        let kept = answer.headers().get_all(header::SET_COOKIE).iter().filter(|field| !gone(field));
        let kept: Vec<_> = kept.filter(|field| field.to_str().unwrap().contains("session")).collect();
        assert!(kept.is_empty(), "{} {}: {kept:?}", route.method, route.path);
    }
    assert_eq!(head(&office), before);
    assert!(!office.owner.clerk.reader.anybody().unwrap());
}

/// What a demo shows is invented, and so it is read by whoever reaches it; nothing of what opens or proves something is.
#[tokio::test]
async fn in_a_demo_everybody_reads_and_nobody_unknown_changes_or_learns_a_secret() {
    let office = office();
    let router = office.router_with(|app| {
        app.demo = true;
        app.public = true;
    });
    let store = &office.owner.clerk.store;
    let system = office.session(Role::System);
    let caller = crate::store::Caller { token: Some(system.clone()), account: 1000 };
    let user = office.owner.clerk.reader.users().unwrap()[0].id.clone();
    let (_, code) = store.give_code(&caller, &user, NOW).unwrap();
    let keys = office.owner.clerk.directory.key(crate::user::seal::KEY).unwrap();
    let file = office.owner.clerk.directory.secrets();
    std::fs::write(&file, "[notify.duty]\nkey = \"planted-secret\"\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let secrets = [
        system.written(),
        system.written().rsplit('_').next().unwrap().to_owned(),
        code.written(),
        code.written().replace('-', ""),
        crate::hex::hex(&keys),
        "planted-secret".to_owned(),
        FIRST.written(),
    ];
    let before = head(&office);
    let (mut read, mut refused) = (0, 0);
    for route in routes::table() {
        if route.path == "/events" || route.path.starts_with("/demo/") {
            continue;
        }
        let request = asking(route.method.clone(), &filled(&route.path), &[("sec-fetch-site", "same-origin")]);
        let answer = router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        if route.method != Method::GET && route.access != Access::Everybody {
            assert!(matches!(status, 303 | 401), "{} {}: {status}", route.method, route.path);
            refused += 1;
        }
        let body = to_bytes(answer.into_body(), 1 << 24).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        for secret in &secrets {
            assert!(!body.contains(secret), "{} {} tells {secret}", route.method, route.path);
        }
        read += usize::from(status == 200);
    }
    assert_eq!(head(&office), before, "nothing was changed");
    assert!(read > 20 && refused > 80, "{read} {refused}");
    // Each administrator's pages are among them.
    for path in ["/admin", "/admin/channels", "/plugins"] {
        let status = router.clone().oneshot(asking(Method::GET, path, &[])).await.unwrap().status();
        assert_eq!(status, 200, "{path}");
    }
}

#[tokio::test]
async fn one_address_and_one_browser_leave_seats_to_others() {
    let office = office();
    let router = office.router();
    let listens = async |address: u8, cookie: &str| {
        let request = at(asking(Method::GET, "/events", &[("cookie", cookie)]), address);
        router.clone().oneshot(request).await.unwrap()
    };
    let cookies: Vec<String> =
        (0..=32).map(|_| format!("caifeng_session={}", office.session(Role::Head).written())).collect();
    let mut open = Vec::new();
    for _ in 0..live::OF_SESSION {
        open.push(listens(1, &cookies[0]).await);
    }
    assert!(open.iter().all(|answer| answer.status() == 200));
    let more = listens(1, &cookies[0]).await;
    assert_eq!(more.status(), 429, "one browser");
    assert!(more.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(listens(2, &cookies[0]).await.status(), 429, "wherever it is");
    for n in live::OF_SESSION..live::OF_ADDRESS {
        let answer = listens(1, &cookies[n / live::OF_SESSION]).await;
        assert_eq!(answer.status(), 200, "{n}");
        open.push(answer);
    }
    assert_eq!(listens(1, &cookies[32]).await.status(), 429, "one address");
    assert_eq!(listens(2, &cookies[32]).await.status(), 200, "another");
    open.pop();
    assert_eq!(listens(1, &cookies[32]).await.status(), 200, "what was given back");
}

//! The desk as a browser meets it, over fixed rows and a fixed moment.

mod listening;
mod paging;
mod provider;
mod ready;
pub(super) mod rooms;
mod scanner;
mod sign_in;
mod slow;
mod table;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request};
use caifeng_plugin_host::contract::{Kind, Post};
use futures_util::StreamExt;
use tower::ServiceExt;

use std::sync::LazyLock;

use caifeng_plugin_host::engine::{Engine, EngineConfig};

use super::fixed::{Fixed, NOW};
use super::page::{HomeRows, Visit};
use super::*;
use crate::clock::SetClock;
use crate::config::Config;
use crate::coverage::Notice;
use crate::coverage::statement::{Span, Statement};
use crate::daemon::{Daemon, Parts};
use crate::directory::Directory;
use crate::incident::IncidentId;
use crate::incident::event::Role;
use crate::plan::Plan;
use crate::plugins::Registry;
use crate::record::Entry;
use crate::store::model::{Batch, Figures, IncidentRow, PostRow, Prepared, WatchRow};
use crate::store::{CategoryFilter, Deadline, IncidentQuery, RecordQuery, SeriesPoint, Store};
use crate::text::tokens::Tokeniser;
use crate::user::code::Code;
use crate::user::token::Token;
use crate::vouching::Provider;
use crate::watch::Sweep;

/// A desk over `rows`, with the two ends that the daemon holds.
struct Rig {
    router: Router,
    commit: watch::Sender<u64>,
    stop: watch::Sender<bool>,
}

/// A data directory of its own, with everything that acts in it.
pub(super) struct Office {
    _dir: tempfile::TempDir,
    pub(super) owner: Owner,
    entrance: Arc<Entrance>,
}

/// The code with which the first user of an office is made.
const FIRST: Code = Code::new([9; 10]);

/// Whether a file of `docs` holds this text; `INSTA_UPDATE=always` writes it anew.
pub(super) fn is_kept(file: &str, text: &str) -> bool {
    let path = format!("{}/../docs/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, text).unwrap();
    }
    std::fs::read_to_string(path).unwrap_or_default() == text
}

/// A new one.
pub(super) fn office() -> Arc<Office> {
    office_with(Vec::new())
}

/// A new one, in which whoever has one of these roles signs in with a second factor.
fn office_with(second_factor: Vec<Role>) -> Arc<Office> {
    office_vouched(second_factor, None)
}

/// The same, to which people may come in by a provider.
fn office_vouched(second_factor: Vec<Role>, provider: Option<Provider>) -> Arc<Office> {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::open(Parts {
        directory: Directory::at(dir.path()),
        config: Config::default(),
        follow: true,
        file: None,
        recording: None,
        registry: Arc::new(Registry::read(&[]).unwrap()),
        engine: Engine::new(EngineConfig::default()).unwrap(),
        clock: Arc::new(SetClock::new(NOW)),
    });
    let first = Some((FIRST, NOW + 86_400));
    let entrance = Entrance::open(&Directory::at(dir.path()), second_factor, first).unwrap();
    let entrance = Arc::new(entrance.with_provider(provider));
    Arc::new(Office { owner: daemon.unwrap().owner(), entrance, _dir: dir })
}

/// One whose configuration is a file, with these plugins beside those that are installed.
pub(super) fn office_of(text: &str, plugins: &[(std::path::PathBuf, crate::plugins::Origin)]) -> Arc<Office> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("caifeng.toml");
    std::fs::write(&file, text).unwrap();
    let own = (Directory::at(dir.path()).plugins(), crate::plugins::Origin::Installed);
    let plugins: Vec<_> = plugins.iter().cloned().chain([own]).collect();
    let daemon = Daemon::open(Parts {
        directory: Directory::at(dir.path()),
        config: Config::read(&file).unwrap(),
        file: Some(file),
        follow: true,
        recording: None,
        registry: Arc::new(Registry::read(&plugins).unwrap()),
        engine: Engine::new(EngineConfig::default()).unwrap(),
        clock: Arc::new(SetClock::new(NOW)),
    });
    let entrance = Arc::new(Entrance::open(&Directory::at(dir.path()), Vec::new(), None).unwrap());
    Arc::new(Office { owner: daemon.unwrap().owner(), entrance, _dir: dir })
}

impl Office {
    /// A session of somebody with this role.
    pub(super) fn session(&self, role: Role) -> Token {
        self.owner.clerk.store.rehearse(role.as_str(), role, NOW).unwrap()
    }

    /// The desk over it, which is no demo.
    pub(super) fn router(&self) -> Router {
        self.router_with(|_| ())
    }

    /// The same, with the public page on or off.
    fn public(&self, public: bool) -> Router {
        self.router_with(|app| app.public = public)
    }

    /// As [`router`](Self::router), by another clock.
    fn router_at(&self, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Router {
        self.router_with(|app| app.clock = clock)
    }

    /// The same, but for what is changed.
    fn router_with(&self, change: impl FnOnce(&mut App)) -> Router {
        let (_, changes) = watch::channel(7);
        self.router_until(watch::channel(false).1, changes, change)
    }

    /// The same, with the two ends that the daemon holds.
    fn router_until(
        &self,
        stopped: watch::Receiver<bool>,
        changes: watch::Receiver<u64>,
        change: impl FnOnce(&mut App),
    ) -> Router {
        let sweeper = &self.owner.sweeper;
        let plan = self.owner.setup.plan.clone();
        let tokeniser = Arc::clone(&sweeper.pipeline.tokeniser);
        let rows = Stored::new(sweeper.reader.clone(), tokeniser, Current::default(), plan, "reports".as_ref());
        let (owner, entrance) = (self.owner.clone(), Arc::clone(&self.entrance));
        let mut app = App { owner, entrance, demo: false, ..app(Arc::new(rows), changes) };
        change(&mut app);
        router(app, stopped)
    }
}

/// Who would act where nobody does: the same for all tests of one run.
fn owner() -> Owner {
    static OFFICE: LazyLock<Arc<Office>> = LazyLock::new(office);
    OFFICE.owner.clone()
}

fn entrance() -> Arc<Entrance> {
    let dir = tempfile::tempdir().unwrap();
    Arc::new(Entrance::open(&Directory::at(dir.path()), Vec::new(), None).unwrap())
}

fn app(rows: Arc<dyn Rows>, changes: watch::Receiver<u64>) -> App {
    App {
        rows,
        owner: owner(),
        account: 1000,
        organisation: Current::new(Organisation { name: "青石县水务局".to_owned(), ..Organisation::default() }),
        clock: Arc::new(|| NOW),
        off: Arc::new(|| 0),
        writable: Arc::new(|| None),
        changes,
        pulse: Arc::new(AtomicI64::new(NOW - 5)),
        demo: true,
        drill: false,
        public: false,
        entrance: entrance(),
        secure: false,
        strict: Strict::Never,
        hosts: vec![],
    }
}

fn plan() -> Current<Plan> {
    Current::new(Plan::built_in().clone())
}

fn rig(rows: impl Rows) -> Rig {
    let (commit, changes) = watch::channel(7);
    let (stop, stopped) = watch::channel(false);
    Rig { router: router(app(Arc::new(rows), changes), stopped), commit, stop }
}

fn asking(method: Method, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "127.0.0.1:8420");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

async fn ask(rig: &Rig, method: Method, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
    let request = asking(method, path, headers);
    let answer = rig.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, 1 << 24).await.unwrap();
    (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
}

async fn get_text(path: &str, lang: &str) -> String {
    let (status, _, body) = ask(&rig(Fixed), Method::GET, path, &[("accept-language", lang)]).await;
    assert_eq!(status, 200, "{path}");
    body
}

/// Serves the fixed desk, whose posts are hostile, for the browser tests of
/// `tests/web`: `CAIFENG_DESK_PORT=8421 cargo test -p caifeng --lib fixed_desk -- --ignored`.
#[tokio::test]
#[ignore = "serves until it is ended"]
async fn fixed_desk() {
    let port = std::env::var("CAIFENG_DESK_PORT").map_or(8421, |p| p.parse().unwrap());
    let (_commit, changes) = watch::channel(0);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    serve(listener, app(Arc::new(Fixed), changes), Way::Plain, std::future::pending()).await.unwrap();
}

#[tokio::test]
async fn pages_read_as_they_should() {
    for (name, path, lang) in [
        ("home-zh", "/", "zh-CN"),
        ("incidents-zh", "/incidents?state=all&category=problem", "zh-CN"),
        ("incident-en", "/incidents/12", "en"),
        ("watches-en", "/watches", "en"),
        ("posts-zh", "/posts?q=停水", "zh-CN"),
        ("coverage-zh", "/coverage", "zh-CN"),
        ("sweeps-en", "/sweeps?watch=county-forum&failed=1", "en"),
    ] {
        // The version changes with every touch of the style.
        let body = get_text(path, lang).await.replace(asset::version(), "V");
        insta::assert_snapshot!(name, body);
    }
}

/// The one place where nobody proves who they are is the demo; what it gives is a session that ends.
#[tokio::test]
async fn a_demo_is_entered_by_a_form_of_its_own_pages_only_and_left_again() {
    let entered = |site: &'static str, demo: bool| async move {
        let (_commit, changes) = watch::channel(7);
        let (_stop, stopped) = watch::channel(false);
        let router = router(App { demo, ..app(Arc::new(Fixed), changes) }, stopped);
        let form = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", site)];
        let mut request = asking(Method::POST, "/demo/enter", &form);
        *request.body_mut() = Body::from("role=head");
        let answer = router.clone().oneshot(request).await.unwrap();
        (router, answer)
    };
    assert_eq!(entered("cross-site", true).await.1.status(), 403);
    assert_eq!(entered("same-origin", false).await.1.status(), 404);
    let (router, answer) = entered("same-origin", true).await;
    assert_eq!(answer.status(), 303);
    let cookies: Vec<&str> = answer.headers().get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    let session = cookies.iter().find(|c| c.starts_with("caifeng_session=caifeng_")).unwrap();
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session}");
    let kept = session.split(';').next().unwrap();
    let page = |path: &'static str, kept: String| {
        let request = asking(Method::GET, path, &[("cookie", &kept), ("accept-language", "en")]);
        let router = router.clone();
        async move {
            String::from_utf8_lossy(
                &to_bytes(router.oneshot(request).await.unwrap().into_body(), 1 << 24).await.unwrap(),
            )
            .into_owned()
        }
    };
    let said = page("/", format!("{kept}; caifeng_said=entered")).await;
    assert!(said.contains("<small>head</small>") && said.contains("You are in the demo"), "{said}");
    assert!(!page("/", format!("{kept}; caifeng_said=<b>")).await.contains("said-done"));
    let mut leaving = asking(Method::POST, "/demo/leave", &[("cookie", kept), ("sec-fetch-site", "same-origin")]);
    *leaving.body_mut() = Body::empty();
    assert_eq!(router.clone().oneshot(leaving).await.unwrap().status(), 303);
    assert!(!page("/", kept.to_owned()).await.contains("<small>head</small>"), "the session has ended");
}

/// Who may end a demo: whoever sets Caifeng up, and nobody in particular on this machine, from a page of ours; nobody where
/// there is no demo.
#[tokio::test]
async fn a_demo_is_ended_by_whom_it_may_be_and_nothing_else_is() {
    let end = |office: &Arc<Office>, demo: bool, headers: Vec<(String, String)>| {
        let router = office.router_with(|app| app.demo = demo);
        async move {
            let mut all: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
            all.push(("content-type", "application/x-www-form-urlencoded"));
            router.oneshot(asking(Method::POST, "/demo/end", &all)).await.unwrap().status().as_u16()
        }
    };
    let own = || vec![("sec-fetch-site".to_owned(), "same-origin".to_owned())];
    let of = |office: &Office, role| {
        let cookie = format!("caifeng_session={}", office.session(role).written());
        own().into_iter().chain([("cookie".to_owned(), cookie)]).collect::<Vec<_>>()
    };
    let is_over = |office: &Office| *office.owner.over.borrow();
    // The desk says that it is a demo, and the directory does not: nothing is believed but the directory.
    let office = office();
    assert_eq!(end(&office, false, own()).await, 404);
    assert_eq!(end(&office, true, own()).await, 409);
    assert!(!is_over(&office));
    std::fs::write(office.owner.clerk.directory.demo(), "{\"shift\":0}").unwrap();
    assert_eq!(end(&office, true, vec![("sec-fetch-site".to_owned(), "cross-site".to_owned())]).await, 403);
    let passed_on = own().into_iter().chain([("x-forwarded-for".to_owned(), "198.51.100.7".to_owned())]).collect();
    assert_eq!(end(&office, true, passed_on).await, 403, "somebody passes on what others ask");
    for role in [Role::Head, Role::Security, Role::Audit] {
        assert_eq!(end(&office, true, of(&office, role)).await, 403, "{role:?}");
    }
    std::fs::write(office.owner.clerk.directory.config(), "").unwrap();
    assert_eq!(end(&office, true, of(&office, Role::System)).await, 409, "a configuration lies there");
    std::fs::remove_file(office.owner.clerk.directory.config()).unwrap();
    assert!(!is_over(&office));
    assert_eq!(end(&office, true, of(&office, Role::System)).await, 303);
    assert!(is_over(&office));
    office.owner.over.send_replace(false);
    assert_eq!(end(&office, true, own()).await, 303, "nobody in particular, on this machine");
    assert!(is_over(&office));
}

/// What somebody must do before all else stands on the first page, in both languages.
#[tokio::test]
async fn escalations_a_clock_that_is_off_and_missing_holidays_are_told_first() {
    let told = |off: i64, later: i64| {
        let (_commit, changes) = watch::channel(7);
        let (_stop, stopped) = watch::channel(false);
        let clock = Arc::new(move || NOW + later);
        let app = App { clock, off: Arc::new(move || off), ..app(Arc::new(Fixed), changes) };
        async move {
            let router = router(app, stopped);
            let mut pages = Vec::new();
            for lang in ["en", "zh-CN"] {
                let request = asking(Method::GET, "/", &[("accept-language", lang)]);
                let body = router.clone().oneshot(request).await.unwrap().into_body();
                pages.push(String::from_utf8(to_bytes(body, 1 << 24).await.unwrap().to_vec()).unwrap());
            }
            pages
        }
    };
    let calm = told(0, 0).await;
    for (page, words) in calm.iter().zip(["nobody who decides has acted", "决定者尚未处理"]) {
        assert!(page.contains(words) && page.contains("href=\"/incidents/12\""), "{words}");
        assert!(!page.contains("<script>alert"), "a title is text");
    }
    for (page, words) in calm.iter().zip([["behind", "ahead", "working days of"], ["慢了", "快了", "放假安排"]])
    {
        assert!(words.iter().all(|words| !page.contains(words)), "{words:?}");
    }
    for (page, words) in told(-86_400, 0).await.iter().zip(["is 1 d behind", "本机时钟慢了 1 天"]) {
        assert!(page.contains(words), "{words}");
    }
    let december = 20 * 86_400;
    let both = told(7_200, december).await;
    for (page, words) in both.iter().zip([["jumped 2 h ahead", "of 2027 are not known"], ["快了 2 小时", "2027"]]) {
        assert!(words.iter().all(|words| page.contains(words)), "{words:?}");
    }
}

/// Somebody who reads English, to whom no room is open.
fn visit() -> Visit {
    Visit {
        lang: Lang::En,
        path: "/".to_owned(),
        organisation: "青石县水务局".to_owned(),
        zone: jiff::tz::TimeZone::UTC,
        reader: jiff::tz::TimeZone::UTC,
        now: NOW,
        demo: false,
        plan: plan().get(),
        drill: false,
        person: None,
        said: None,
        rooms: Vec::new(),
        writers: Vec::new(),
    }
}

#[test]
fn what_is_due_next_stands_on_the_first_page_and_on_the_wall() {
    let due =
        Deadline {
            incident: 7, title: Some("停水两天 <b>".to_owned()), clock: "facts".to_owned(), due: NOW + 5_400
        };
    let rows = HomeRows { deadlines: vec![(due, plan().get())], ..HomeRows::default() };
    let clock = Plan::built_in().clock_name("facts").unwrap().in_lang(Lang::En).to_owned();
    for page in [page::home(&visit(), &rows).unwrap(), page::wall(&visit(), &rows).unwrap()] {
        for words in ["href=\"/incidents/7\"", "停水两天 &#60;b&#62;", "1 h 30 min left", &clock] {
            assert!(page.contains(words), "{words}: {page}");
        }
    }
    assert!(page::wall(&visit(), &HomeRows::default()).unwrap().contains("No clock is running."));
}

#[test]
fn an_empty_desk_says_what_to_do() {
    let page = page::home(&visit(), &HomeRows::default()).unwrap();
    assert!(page.contains("run caifeng demo for a tour"));
    assert!(page.contains("nothing is watched"));
    assert!(!page.contains("no gaps"), "silence shown as quiet");
}

#[tokio::test]
async fn hostile_posts_stay_text() {
    for path in ["/", "/incidents", "/incidents/13", "/posts", "/watches", "/posts?q=%3Cscript%3E"] {
        let page = get_text(path, "en").await;
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script src=\"/assets/").count(),
            "{path}: only ours"
        );
        for planted in ["<iframe", "<img", "href=\"javascript", "href=\"data", "style="] {
            assert!(!page.contains(planted), "{path}: {planted}");
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let rig = rig(Fixed);
    for (method, path, host) in [
        (Method::GET, "/", "localhost"),
        (Method::HEAD, "/", "localhost"),
        (Method::GET, "/nothing", "localhost"),
        (Method::GET, "/assets/desk.css", "localhost"),
        (Method::GET, "/assets/nothing", "localhost"),
        (Method::POST, "/", "localhost"),
        (Method::GET, "/", "evil.example"),
        (Method::GET, "/healthz", "[::1]:1"),
    ] {
        let (_, headers, _) = ask(&rig, method, path, &[("host", host)]).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn what_may_not_come_in_is_refused() {
    let rig = rig(Fixed);
    let (status, _, body) = ask(&rig, Method::GET, "/", &[("host", "evil.example")]).await;
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
    assert!(!body.contains("青石县"));
    let (status, headers, _) = ask(&rig, Method::POST, "/posts", &[]).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers["allow"], "GET,HEAD");
    for path in ["/incidents/99", "/incidents/x", "/no"] {
        assert_eq!(ask(&rig, Method::GET, path, &[]).await.0, 404, "{path}");
    }
    for path in [
        "/posts?before=x",
        "/incidents?before=5",
        "/incidents?before=5.x",
        "/incidents?category=x",
        "/incidents?state=x",
        "/coverage?days=8",
        "/sweeps?from=yesterday",
        "/sweeps.csv?before=x",
    ] {
        assert_eq!(ask(&rig, Method::GET, path, &[]).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn a_language_is_remembered() {
    let rig = rig(Fixed);
    let (status, headers, _) = ask(&rig, Method::GET, "/posts?q=a&lang=en", &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers["location"], "/posts?q=a");
    let cookie = headers["set-cookie"].to_str().unwrap().to_owned();
    let (_, _, page) = ask(&rig, Method::GET, "/", &[("cookie", &cookie)]).await;
    assert!(page.contains(r#"<html lang="en">"#));
}

#[tokio::test]
async fn pages_are_compressed_and_not_kept() {
    let (_, headers, body) = ask(&rig(Fixed), Method::GET, "/", &[("accept-encoding", "gzip")]).await;
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(headers["cache-control"], "no-store");
    assert!(!body.contains("<html"));
}

pub(super) fn prepared(tokeniser: &Tokeniser, id: &str, text: &str) -> Prepared {
    Prepared {
        telling: crate::text::telling::Telling::default(),
        post: Post {
            text: text.to_owned(),
            published: Some(NOW - 60),
            ..Post::new(Kind::Post, id, format!("https://bbs.example/{id}"))
        },
        tokens: tokeniser.index_text(None, text),
        signature: None,
        links: vec![],
        topics: Some(vec!["供水".to_owned()]),
        labels: vec![],
    }
}

#[tokio::test]
async fn what_the_store_took_is_on_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), None).unwrap();
    let tokeniser = Arc::new(Tokeniser::new());
    let texts = [("1", "城东农贸市场停水两天"), ("2", "公园的长椅坏了")];
    let batch = Batch {
        sweep: None,
        plugin: "feed".to_owned(),
        site: "bbs.example".to_owned(),
        captured: NOW,
        posts: texts.map(|(id, text)| prepared(&tokeniser, id, text)).to_vec(),
    };
    store.ingest(batch).unwrap();
    let rig = rig(Stored::new(store.reader().unwrap(), tokeniser, Current::default(), plan(), dir.path()));
    let (_, _, home) = ask(&rig, Method::GET, "/", &[]).await;
    assert!(home.contains("2 件事件未办结"), "{home}");
    let search = |words: &str| {
        let words: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
        format!("/posts?q={words}")
    };
    let (_, _, found) = ask(&rig, Method::GET, &search("停水"), &[]).await;
    assert!(found.contains("bbs.example/1") && !found.contains("bbs.example/2"));
    assert!(found.contains("<mark>停水</mark>"), "{found}");
    let (_, _, none) = ask(&rig, Method::GET, &search("停电"), &[]).await;
    assert!(none.contains("没有找到"), "{none}");
    let (_, _, wrong) = ask(&rig, Method::GET, &search("停水 ☆"), &[]).await;
    assert!(wrong.contains("第 4 个字") && !wrong.contains("bbs.example/1"), "{wrong}");
    let narrowed = |query: &str| format!("{}&{query}", search("停水 | 长椅"));
    for (query, shown) in [
        ("topic=%E4%BE%9B%E6%B0%B4&kind=post&site=bbs.example&state=new&category=none", 2),
        ("kind=comment", 0),
        ("site=other.example", 0),
        ("topic=other", 0),
        ("category=problem", 0),
        ("state=closed", 0),
        ("level=x", 0),
        ("to=2001-01-01", 0),
    ] {
        let (_, _, page) = ask(&rig, Method::GET, &narrowed(query), &[]).await;
        assert_eq!(page.matches("data-key=\"post-").count(), shown, "{query}: {page}");
    }
}

#[tokio::test]
async fn hosts_that_the_operator_vouches_for_are_shown_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), None).unwrap();
    let stored =
        Stored::new(store.reader().unwrap(), Arc::new(Tokeniser::new()), Current::default(), plan(), dir.path());
    let rig = rig(stored);
    let page = || async { ask(&rig, Method::GET, "/watches", &[("accept-language", "en")]).await.2 };
    assert!(!page().await.contains("robots.txt"));
    let declared = vec![("api.qinghe.example".to_owned(), "contract <7>".to_owned())];
    store.declare_permissions(declared, 1_700_000_000).unwrap();
    let shown = page().await;
    for part in ["robots.txt is not asked", "api.qinghe.example", "contract &#60;7&#62;", "2023-11-1"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

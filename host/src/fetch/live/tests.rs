//! A hostile web on the loopback, reached the way the operator's private pairs are.

mod hostile;
mod polite;
mod secret;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caifeng_plugin_host::contract::{Method, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::evidence::warc::{Kind, Reader, Recorder};
use crate::fetch::SharedRecorder;
use crate::fetch::guard::Policy;

fn settings(servers: &[SocketAddr]) -> Settings {
    let private = servers.iter().map(|at| (at.ip().to_string(), at.port())).collect();
    Settings {
        user_agent: "Caifeng/test (+mailto:a@b.cn)".to_owned(),
        policy: Policy { private },
        limits: Limits { body: 100_000, ..Limits::default() },
        pace: Duration::ZERO,
        ..Settings::default()
    }
}

fn live(settings: Settings) -> Live {
    Live::new(settings, Arc::new(|| 1_767_323_045)).unwrap()
}

fn get(url: impl Into<String>) -> Request {
    Request {
        step: "list".to_owned(),
        url: url.into(),
        method: Method::Get,
        headers: Vec::new(),
        context: String::new(),
    }
}

async fn fetch(server: &MockServer, at: &str) -> Result<Fetched, FetchError> {
    live(settings(&[*server.address()]))
        .fetch(&mut Session::default(), &get(format!("{}{at}", server.uri())), &|_| true)
        .await
}

/// A server that answers every path but robots.txt with this.
async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/robots.txt")).respond_with(ResponseTemplate::new(404)).with_priority(1).mount(&server).await;
    Mock::given(any()).respond_with(answer).with_priority(9).mount(&server).await;
    server
}

/// A server that speaks bytes: `answer` to every request but robots.txt, and then holds the line or hangs up.
async fn raw(answer: Vec<u8>, hold: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut line, _)) = listener.accept().await {
            let mut asked = vec![0; 4_096];
            let n = line.read(&mut asked).await.unwrap_or(0);
            let robots = asked[..n].starts_with(b"GET /robots.txt");
            let said: &[u8] =
                if robots { b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" } else { &answer };
            // An error says that the client hung up, as it should on a hostile answer.
            let _ = line.write_all(said).await;
            if hold && !robots {
                held.push(line);
            }
        }
    });
    at
}

async fn fetch_raw(answer: impl Into<Vec<u8>>, hold: bool, limits: Limits) -> Result<Fetched, FetchError> {
    let at = raw(answer.into(), hold).await;
    live(Settings { limits, ..settings(&[at]) })
        .fetch(&mut Session::default(), &get(format!("http://{at}/")), &|_| true)
        .await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut out, bytes).unwrap();
    out.finish().unwrap()
}

#[tokio::test]
async fn a_page_in_gbk_is_read_and_packed_ones_unpacked() {
    let page = encoding_rs::GBK.encode("<p>某市供水局停水通知</p>").0.into_owned();
    let packed = ResponseTemplate::new(200)
        .set_body_raw(gzip(&page), "text/html; charset=gb2312")
        .insert_header("content-encoding", "gzip")
        .insert_header("set-cookie", "s=1");
    let server = server(packed).await;
    let got = fetch(&server, "/a?b=c#d").await.unwrap();
    assert_eq!((&*got.response.body, got.encoding.0), ("<p>某市供水局停水通知</p>", "gb18030"));
    assert_eq!(
        (got.response.url, got.bytes, got.response.fetched),
        (format!("{}/a?b=c", server.uri()), page.len() as u64, 1_767_323_045)
    );
    assert!(field(&got.response.headers, "set-cookie").is_none());
}

#[tokio::test]
async fn redirects_lead_nowhere_inside() {
    let inside = server(ResponseTemplate::new(200).set_body_string("secret")).await;
    for to in [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:22/",
        "http://[::1]/",
        "http://0x7f.1/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "http://user@www.gov.cn/",
        &inside.uri(),
    ] {
        let outside = server(ResponseTemplate::new(302).insert_header("location", to)).await;
        // Both are listed, and yet one does not lead to the other.
        let live = live(settings(&[*outside.address(), *inside.address()]));
        let got = live.fetch(&mut Session::default(), &get(outside.uri()), &|_| true).await;
        assert!(matches!(got, Err(FetchError::Refused { .. })), "{to}: {got:?}");
    }
    assert!(inside.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_resolves_inside_is_refused() {
    let inside = server(ResponseTemplate::new(200)).await;
    let (port, at) = (inside.address().port(), *inside.address());
    let public: SocketAddr = "114.114.114.114:0".parse().unwrap();
    let lookup: Lookup = Arc::new(move |name| {
        assert_eq!(name, "rebind.gov.cn");
        Box::pin(async move { Ok(vec![public, at]) })
    });
    let live = Live::with_lookup(settings(&[]), Arc::new(|| 0), lookup).unwrap();
    let got = live.fetch(&mut Session::default(), &get(format!("http://rebind.gov.cn:{port}/")), &|_| true).await;
    let Err(FetchError::Refused { why }) = got else { panic!("{got:?}") };
    assert!(why.contains("127.0.0.1"), "{why}");
    assert!(inside.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_listed_name_may_resolve_inside_on_its_port_only() {
    let inside = server(ResponseTemplate::new(200).set_body_string("wiki")).await;
    let at = *inside.address();
    let lookup: Lookup = Arc::new(move |_| Box::pin(async move { Ok(vec![at]) }));
    let listed =
        |port| Settings { policy: Policy { private: vec![("wiki.bureau.cn".to_owned(), port)] }, ..settings(&[]) };
    let request = get(format!("http://wiki.bureau.cn:{}/", at.port()));
    for (port, open) in [(at.port(), true), (at.port() ^ 1, false)] {
        let live = Live::with_lookup(listed(port), Arc::new(|| 0), Arc::clone(&lookup)).unwrap();
        let got = live.fetch(&mut Session::default(), &request, &|_| true).await;
        assert_eq!(got.is_ok(), open, "{got:?}");
    }
}

#[tokio::test]
async fn the_grant_is_asked_at_every_hop() {
    let server = server(ResponseTemplate::new(302).insert_header("location", "/other")).await;
    let live = live(settings(&[*server.address()]));
    let got = live.fetch(&mut Session::default(), &get(server.uri()), &|url| url.path() == "/").await;
    let Err(FetchError::Refused { why }) = got else { panic!("{got:?}") };
    assert!(why.contains("/other"), "{why}");
    let pages = server.received_requests().await.unwrap().iter().filter(|r| r.url.path() != "/robots.txt").count();
    assert_eq!(pages, 1);
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    let server = server(ResponseTemplate::new(302).insert_header("location", "/again")).await;
    assert!(matches!(fetch(&server, "/").await, Err(FetchError::Network { .. })));
    assert_eq!(server.received_requests().await.unwrap().len(), 1 + 1 + MAX_HOPS);
}

#[tokio::test]
async fn bombs_and_endless_bodies_stop_at_the_limit() {
    let bomb = ResponseTemplate::new(200)
        .set_body_raw(gzip(&vec![b' '; 50_000_000]), "text/html")
        .insert_header("content-encoding", "gzip");
    assert!(matches!(fetch(&server(bomb).await, "/").await, Err(FetchError::TooLarge { .. })));
    let large = ResponseTemplate::new(200).set_body_bytes(vec![b' '; 100_001]);
    assert!(matches!(fetch(&server(large).await, "/").await, Err(FetchError::TooLarge { .. })));
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 200_000]].concat();
    let limits = settings(&[]).limits;
    assert!(matches!(fetch_raw(endless, true, limits).await, Err(FetchError::TooLarge { .. })));
    let odd = ResponseTemplate::new(200).set_body_string("x").insert_header("content-encoding", "zip9");
    assert!(matches!(fetch(&server(odd).await, "/").await, Err(FetchError::Network { .. })));
}

#[tokio::test]
async fn a_server_that_does_not_go_on_is_left() {
    let limits = Limits { total: Duration::from_millis(200), ..settings(&[]).limits };
    let after = limits.total;
    for stuck in ["", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"] {
        assert_eq!(fetch_raw(stuck, true, limits).await, Err(FetchError::TimedOut { after }), "{stuck:?}");
    }
}

#[tokio::test]
async fn heads_without_measure_are_refused() {
    let limits = settings(&[]).limits;
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let many = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{many}\r\n");
    let got = fetch_raw(many, false, limits).await;
    assert!(matches!(got, Err(FetchError::TooLarge { .. })), "{got:?}");
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: {}\r\n\r\n", "y".repeat(70_000));
    let got = fetch_raw(long, false, limits).await;
    assert!(matches!(got, Err(FetchError::TooLarge { .. })), "{got:?}");
}

#[tokio::test]
async fn an_answer_that_is_cut_or_is_not_http_is_not_a_page() {
    let limits = settings(&[]).limits;
    for bad in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        "SSH-2.0-OpenSSH_9\r\n",
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    ] {
        let got = fetch_raw(bad, false, limits).await;
        assert!(matches!(got, Err(FetchError::Network { .. })), "{bad:?}: {got:?}");
    }
    let more = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nsmuggled";
    assert_eq!(fetch_raw(more, false, limits).await.unwrap().response.body, "ok");
}

#[tokio::test]
async fn a_site_that_asks_for_rest_is_heard() {
    for (status, wait) in [(429, 120), (503, 120), (500, 120)] {
        let server = server(ResponseTemplate::new(status).insert_header("retry-after", "120")).await;
        let got = fetch(&server, "/").await.unwrap_err();
        assert_eq!(got, FetchError::RetryAfter { status, wait: Duration::from_secs(wait) });
    }
    let server = server(ResponseTemplate::new(429).insert_header("retry-after", "120")).await;
    let live = live(settings(&[*server.address()]));
    for _ in 0..3 {
        let got = live.fetch(&mut Session::default(), &get(server.uri()), &|_| true).await.unwrap_err();
        assert!(matches!(got, FetchError::RetryAfter { wait, .. } if wait.as_secs() >= 100), "{got:?}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 2, "robots.txt and one page");
}

#[tokio::test]
async fn not_modified_is_no_answer_to_what_was_asked() {
    let server = server(ResponseTemplate::new(304)).await;
    assert!(matches!(fetch(&server, "/").await, Err(FetchError::Network { .. })));
}

#[tokio::test]
async fn robots_txt_is_obeyed() {
    let server = MockServer::start().await;
    let rules = "User-agent: caifeng\nDisallow: /inner\n\nUser-agent: *\nDisallow: /";
    Mock::given(path("/robots.txt"))
        .respond_with(ResponseTemplate::new(200).set_body_string(rules))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/open"))
        .respond_with(ResponseTemplate::new(302).insert_header("location", "/inner"))
        .mount(&server)
        .await;
    Mock::given(path("/fine")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let live = live(settings(&[*server.address()]));
    let mut session = Session::default();
    for (at, open) in [("/inner", false), ("/open", false), ("/fine", true)] {
        let got = live.fetch(&mut session, &get(format!("{}{at}", server.uri())), &|_| true).await;
        assert_eq!(got.is_ok(), open, "{at}: {got:?}");
        assert_eq!(matches!(got, Err(FetchError::Blocked { .. })), !open);
    }
}

#[tokio::test]
async fn without_robots_txt_of_a_broken_site_nothing_is_read() {
    let server = MockServer::start().await;
    Mock::given(path("/robots.txt")).respond_with(ResponseTemplate::new(503)).mount(&server).await;
    Mock::given(path("/")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    assert!(matches!(fetch(&server, "/").await, Err(FetchError::RetryAfter { status: 503, .. })));
}

#[tokio::test]
async fn the_host_says_who_asks_and_the_guest_does_not() {
    let server = server(ResponseTemplate::new(200).insert_header("set-cookie", "sid=42; Path=/")).await;
    let live = live(settings(&[*server.address()]));
    let mut session = Session::default();
    let fields = [
        "Authorization",
        "Cookie",
        "Host",
        "User-Agent",
        "X-Forwarded-For",
        "Proxy-Authorization",
        "X-Auth-Token",
        "If-None-Match",
        "Accept-Encoding",
        "Transfer-Encoding",
        "Connection",
    ];
    let mut request = get(server.uri());
    request.headers = fields.iter().map(|name| ((*name).to_owned(), "evil".to_owned())).collect();
    request.headers.push(("Accept-Language".to_owned(), "zh-CN".to_owned()));
    request.method = Method::Post("q=1".to_owned());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.warc");
    session.recorder = Some(Arc::new(Mutex::new(Recorder::create(&file, "caifeng test", 0, [1; 16]).unwrap())));
    live.fetch(&mut session, &request, &|_| true).await.unwrap();
    live.fetch(&mut session, &request, &|_| true).await.unwrap();
    let asked = server.received_requests().await.unwrap();
    let last = asked.last().unwrap();
    assert!(last.headers.values().all(|value| value != "evil"), "{last:?}");
    assert_eq!(
        (&last.headers["user-agent"], &last.headers["accept-language"]),
        (&"Caifeng/test (+mailto:a@b.cn)".parse().unwrap(), &"zh-CN".parse().unwrap())
    );
    assert_eq!((&last.headers["cookie"], &*last.body), (&"sid=42".parse().unwrap(), &b"q=1"[..]));
    let recorded = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
    assert!(recorded.contains("q=1") && !recorded.contains("sid"), "credentials are not recorded");
    request.headers = vec![("X\r\nEvil".to_owned(), "y".to_owned())];
    assert!(matches!(live.fetch(&mut session, &request, &|_| true).await, Err(FetchError::Refused { .. })));
}

#[tokio::test]
async fn a_redirected_post_becomes_a_get_unless_it_may_not() {
    for (status, wanted) in [(302, "GET"), (303, "GET"), (307, "POST")] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path("/"))
            .respond_with(ResponseTemplate::new(status).insert_header("location", "/to"))
            .mount(&server)
            .await;
        Mock::given(method(wanted))
            .and(path("/to"))
            .respond_with(ResponseTemplate::new(200))
            .expect(1)
            .mount(&server)
            .await;
        let request = Request { method: Method::Post("a".to_owned()), ..get(server.uri()) };
        live(settings(&[*server.address()])).fetch(&mut Session::default(), &request, &|_| true).await.unwrap();
    }
}

#[tokio::test]
async fn everything_is_recorded_and_replays() {
    let server = MockServer::start().await;
    Mock::given(path("/"))
        .respond_with(ResponseTemplate::new(301).insert_header("location", "/new"))
        .mount(&server)
        .await;
    let page = encoding_rs::GBK.encode("供水局停水通知全文").0.into_owned();
    Mock::given(path("/new"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(page, "text/html; charset=gbk"))
        .mount(&server)
        .await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.warc.gz");
    let recorder = Recorder::create(&file, "caifeng test", 0, [1; 16]).unwrap();
    let recorder = Arc::new(Mutex::new(recorder));
    let mut session = Session { recorder: Some(Arc::clone(&recorder) as SharedRecorder), ..Session::default() };
    let heard = live(settings(&[*server.address()])).fetch(&mut session, &get(server.uri()), &|_| true).await.unwrap();
    drop(session);
    Arc::into_inner(recorder).unwrap().into_inner().unwrap().finish().unwrap();
    let server_uri = server.uri();
    drop(server);

    let records: Vec<_> = Reader::new(std::fs::File::open(&file).unwrap()).unwrap().map(Result::unwrap).collect();
    assert_eq!(records.iter().filter(|r| r.kind == Kind::Response).count(), 3, "robots.txt, the redirect and the page");
    let archive = crate::evidence::archive::Archive::open(&file).unwrap();
    let last = archive.find(&heard.response.url, &Method::Get, None).unwrap();
    let again = crate::evidence::archive::answer(archive.record(last).unwrap()).unwrap();
    assert_eq!(encoding_rs::GBK.decode(&again.body).0, heard.response.body);
    let first = archive.find(&server_uri, &Method::Get, None).unwrap();
    assert_eq!(archive.record(first).unwrap().http.unwrap().header("location"), Some("/new"));
}

#[test]
fn the_contact_is_in_the_user_agent_and_cannot_break_it() {
    assert!(user_agent(None).starts_with("Caifeng/"));
    assert!(user_agent(Some("mailto:a@b.cn")).ends_with(" (+mailto:a@b.cn)"));
    assert!(user_agent(Some("a)\r\nEvil: b")).ends_with(" (+aEvil:b)"));
}

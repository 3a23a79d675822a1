//! A site that means harm. What it wants to reach is a trap, what it sends has no end, and what it costs is counted.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::*;
use crate::watch::FailureKind;

/// A server inside the network that nobody may reach: it counts who knocks.
struct Trap {
    at: SocketAddr,
    knocks: Arc<AtomicU32>,
}

impl Trap {
    async fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, knocks) = (listener.local_addr().unwrap(), Arc::new(AtomicU32::new(0)));
        let counted = Arc::clone(&knocks);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { at, knocks }
    }

    fn assert_untouched(&self) {
        assert_eq!(self.knocks.load(Ordering::SeqCst), 0, "a forbidden address was reached");
    }
}

/// Every way to write an address inside, with the trap's port.
fn notations(port: u16) -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0x7f.0x0.0x0.0x1",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "localhost.localdomain",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "100.100.100.200",
        "metadata.google.internal",
        "user@127.0.0.1",
        "user:password@127.0.0.1",
        "www.gov.cn@127.0.0.1",
    ];
    hosts.iter().map(|host| format!("http://{host}:{port}/latest/meta-data/")).collect()
}

#[tokio::test]
async fn no_notation_of_an_inner_address_is_reached() {
    let trap = Trap::set().await;
    let live = live(settings(&[]));
    for url in notations(trap.at.port()) {
        let got = live.fetch(&mut Session::default(), &get(&url), &|_| true).await;
        let Err(error @ FetchError::Refused { .. }) = got else { panic!("{url}: {got:?}") };
        assert_eq!(error.kind(), FailureKind::Refused);
    }
    trap.assert_untouched();
}

#[tokio::test]
async fn no_redirect_reaches_an_inner_address_or_another_scheme() {
    let trap = Trap::set().await;
    let others = ["file:///etc/passwd", "gopher://127.0.0.1/", "data:text/html,x", "javascript:1", "ftp://a.cn/"];
    for to in notations(trap.at.port()).iter().map(String::as_str).chain(others) {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let got = fetch_raw(answer, false, settings(&[]).limits).await;
        assert!(matches!(got, Err(FetchError::Refused { .. })), "{to}: {got:?}");
    }
    trap.assert_untouched();
}

#[tokio::test]
async fn no_name_that_resolves_inside_is_reached() {
    let trap = Trap::set().await;
    for inside in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["169.254.169.254"],
        &["fd00:ec2::254"],
        &["0.0.0.0"],
        &["114.114.114.114", "127.0.0.1"],
    ] {
        let port = trap.at.port();
        let found: Vec<SocketAddr> =
            inside.iter().map(|address| SocketAddr::new(address.parse().unwrap(), port)).collect();
        let lookup: Lookup = Arc::new(move |_| {
            let found = found.clone();
            Box::pin(async move { Ok(found) })
        });
        let live = Live::with_lookup(settings(&[]), Arc::new(|| 0), lookup).unwrap();
        let request = get(format!("http://news.gov.cn:{port}/"));
        let got = live.fetch(&mut Session::default(), &request, &|_| true).await;
        assert!(
            matches!(&got, Err(FetchError::Refused { why }) if why.contains("not a public")),
            "{inside:?}: {got:?}"
        );
    }
    trap.assert_untouched();
}

/// Between a check and a connection of its own a name could change its mind; there is no second look-up.
#[tokio::test]
async fn a_name_is_looked_up_once_for_a_connection() {
    let trap = Trap::set().await;
    let (looked, inside) = (Arc::new(AtomicU32::new(0)), trap.at);
    let counted = Arc::clone(&looked);
    let lookup: Lookup = Arc::new(move |_| {
        // First nothing to object to, then the trap.
        let found = if counted.fetch_add(1, Ordering::SeqCst) == 0 { Vec::new() } else { vec![inside] };
        Box::pin(async move { Ok(found) })
    });
    let permitted = vec![toml::from_str("host = \"news.gov.cn\"\nreason = \"test\"").unwrap()];
    let live = Live::with_lookup(Settings { permitted, ..settings(&[]) }, Arc::new(|| 0), lookup).unwrap();
    let request = get(format!("http://news.gov.cn:{}/", inside.port()));
    let first = live.fetch(&mut Session::default(), &request, &|_| true).await;
    assert!(matches!(first, Err(FetchError::Network { .. })), "{first:?}");
    assert_eq!(looked.load(Ordering::SeqCst), 1);
    let second = live.fetch(&mut Session::default(), &request, &|_| true).await;
    assert!(matches!(second, Err(FetchError::Refused { .. })), "{second:?}");
    trap.assert_untouched();
}

/// A server that sends `head` and then `more` again and again, until nobody listens or `most` bytes are sent.
struct Endless {
    at: SocketAddr,
    sent: Arc<AtomicU64>,
}

impl Endless {
    async fn serve(head: &'static str, more: Vec<u8>, most: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, sent) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&sent);
        tokio::spawn(async move {
            while let Ok((mut line, _)) = listener.accept().await {
                let _ = line.read(&mut vec![0; 4_096]).await;
                let _ = line.write_all(head.as_bytes()).await;
                while counted.load(Ordering::SeqCst) < most && line.write_all(&more).await.is_ok() {
                    counted.fetch_add(more.len() as u64, Ordering::SeqCst);
                }
            }
        });
        Self { at, sent }
    }

    /// Asks for it without robots.txt; what came, and what was counted as received.
    async fn fetch(&self) -> (Result<Fetched, FetchError>, u64) {
        let permitted = vec![toml::from_str(&format!("host = \"{}\"\nreason = \"test\"", self.at)).unwrap()];
        let live = live(Settings { permitted, ..settings(&[self.at]) });
        let mut session = Session::default();
        let got = live.fetch(&mut session, &get(format!("http://{}/", self.at)), &|_| true).await;
        (got, session.spent.bytes)
    }
}

/// What may be on its way in buffers of the system when the line is cut.
const BUFFERED: u64 = 24 << 20;

#[tokio::test]
async fn what_has_no_end_is_cut_and_not_kept() {
    let chunk = [b"4000\r\n".to_vec(), vec![b'x'; 0x4000], b"\r\n".to_vec()].concat();
    let headers: Vec<u8> = (0..1_000).flat_map(|n| format!("X-{n}: y\r\n").into_bytes()).collect();
    for (what, head, more) in [
        ("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk),
        ("a body of 10 GB", "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", vec![b'x'; 0x4000]),
        ("a body without length", "HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 0x4000]),
        ("a million header fields", "HTTP/1.1 200 OK\r\n", headers),
        ("a header field", "HTTP/1.1 200 OK\r\nX: ", vec![b'x'; 0x4000]),
    ] {
        let site = Endless::serve(head, more, 1 << 30).await;
        let (got, received) = site.fetch().await;
        let Err(error @ FetchError::TooLarge { .. }) = got else { panic!("{what}: {got:?}") };
        assert_eq!(error.kind(), FailureKind::Network, "{what}");
        assert!(received < 1 << 20, "{what}: {received} bytes were taken");
        let sent = site.sent.load(Ordering::SeqCst);
        assert!(sent < BUFFERED, "{what}: the site could send {sent} bytes");
    }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut out, bytes).unwrap();
    out.finish().unwrap()
}

/// 50 MB of blanks in 80 bytes, as Brotli at its best packs them.
const BROTLI_BOMB: [u8; 80] = [
    0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x25, 0x40, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x8f, 0xff, 0xff, 0x7f, 0xf0, 0x4b,
    0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0xe0, 0x97, 0x00, 0x88, 0xc3, 0x02, 0x00, 0xdd,
    0xfb, 0x3f, 0xfe, 0xff, 0xff, 0xc1, 0x2f, 0x01, 0x10, 0x87, 0x05, 0x00, 0xba, 0xf7, 0x7f, 0xfc, 0xff, 0xff, 0x83,
    0x5f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74, 0xef, 0xff, 0xf2, 0x0f, 0x5e, 0x0f, 0xbf, 0x04, 0x40, 0x1c, 0x16, 0x00,
    0xe8, 0xa0, 0xeb, 0x01,
];

#[tokio::test]
async fn bombs_in_every_coding_stop_at_the_limit() {
    let blanks = vec![b' '; 50_000_000];
    for (coding, bomb) in [("gzip", gzip(&blanks)), ("deflate", deflate(&blanks)), ("br", BROTLI_BOMB.to_vec())] {
        assert!(bomb.len() < 100_000, "it is small on the wire");
        let packed =
            ResponseTemplate::new(200).set_body_raw(bomb, "text/html").insert_header("content-encoding", coding);
        let server = server(packed).await;
        let mut session = Session::default();
        let got = live(settings(&[*server.address()])).fetch(&mut session, &get(server.uri()), &|_| true).await;
        assert!(matches!(got, Err(FetchError::TooLarge { .. })), "{coding}: {got:?}");
        assert!(session.spent.bytes < 1 << 20, "{coding}: {} bytes were unpacked", session.spent.bytes);
    }
}

#[tokio::test]
async fn codings_that_nobody_asked_for_are_not_unpacked() {
    for coding in ["zstd", "gzip, gzip", "compress", "br, gzip"] {
        let packed = ResponseTemplate::new(200)
            .set_body_raw(gzip(&gzip(b"x")), "text/html")
            .insert_header("content-encoding", coding);
        let server = server(packed).await;
        let got = fetch(&server, "/").await;
        assert!(matches!(got, Err(FetchError::Network { .. })), "{coding}: {got:?}");
        let asked = server.received_requests().await.unwrap();
        assert!(!asked[0].headers["accept-encoding"].to_str().unwrap().contains("zstd"));
    }
}

/// A server that sends `head` and then a byte whenever the last one has gone.
async fn dripping(head: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = line.read(&mut vec![0; 4_096]).await;
                let _ = line.write_all(head.as_bytes()).await;
                let mut drop = tokio::time::interval(Duration::from_millis(10));
                while line.write_all(b"y").await.is_ok() {
                    drop.tick().await;
                }
            });
        }
    });
    at
}

#[tokio::test]
async fn a_site_that_drips_holds_no_place_beyond_its_time() {
    let good = server(ResponseTemplate::new(200).set_body_string("ok")).await;
    for head in ["HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"] {
        let slow = dripping(head).await;
        let limits = Limits { total: Duration::from_millis(150), ..settings(&[]).limits };
        let permitted = vec![toml::from_str(&format!("host = \"{slow}\"\nreason = \"test\"")).unwrap()];
        // One place for all.
        let settings = Settings { limits, permitted, at_once: 1, ..settings(&[slow, *good.address()]) };
        let live = live(settings);
        let got = live.fetch(&mut Session::default(), &get(format!("http://{slow}/")), &|_| true).await;
        assert_eq!(got, Err(FetchError::TimedOut { after: limits.total }), "{head:?}");
        let got = live.fetch(&mut Session::default(), &get(good.uri()), &|_| true).await.unwrap();
        assert_eq!(got.response.body, "ok", "the place is free again");
    }
}

#[tokio::test]
async fn broken_tls_has_a_cause() {
    for said in ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "\x16\x03\x03\0\x05junk!", ""] {
        let at = raw(said.as_bytes().to_vec(), false).await;
        let permitted = vec![toml::from_str(&format!("host = \"{at}\"\nreason = \"test\"")).unwrap()];
        let live = live(Settings { permitted, ..settings(&[at]) });
        let got = live.fetch(&mut Session::default(), &get(format!("https://{at}/")), &|_| true).await;
        let Err(error @ FetchError::Network { .. }) = got else { panic!("{said:?}: {got:?}") };
        assert!(error.to_string().len() > "the site could not be read: ".len(), "{error}");
    }
}

#[tokio::test]
async fn redirects_that_lead_nowhere_end() {
    for (to, status) in [("http://[", 302), ("", 302), ("//", 301), ("http://", 307), ("/again", 308)] {
        let answer = format!("HTTP/1.1 {status} X\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let got = fetch_raw(answer, false, settings(&[]).limits).await;
        assert!(matches!(got, Err(FetchError::Network { .. })), "{to:?}: {got:?}");
    }
    let none = "HTTP/1.1 302 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    let got = fetch_raw(none, false, settings(&[]).limits).await.unwrap();
    assert_eq!((got.response.status, &*got.response.body), (302, "hi"), "a page, for the plugin to judge");
}

#[tokio::test]
async fn a_site_that_sends_to_its_login_is_blocked_and_one_that_moves_is_refused() {
    for (to, kind) in [("/passport/login?r=/", FailureKind::Blocked), ("/new", FailureKind::Refused)] {
        let server = server(ResponseTemplate::new(302).insert_header("location", to)).await;
        let live = live(settings(&[*server.address()]));
        let got = live.fetch(&mut Session::default(), &get(server.uri()), &|url| url.path() == "/").await;
        assert_eq!(got.unwrap_err().kind(), kind, "{to}");
    }
}

/// What a page says of its encoding is weighed, not believed; what comes out is text within the limit.
#[tokio::test]
async fn lies_about_the_encoding_cost_nothing() {
    let gbk = encoding_rs::GBK.encode("<p>清河县供水局停水通知：明日检修</p>").0.into_owned();
    for (says, body, reads) in [
        ("text/html; charset=utf-8", gbk.clone(), true),
        ("text/html; charset=gbk", "<p>清河县供水局停水通知：明日检修</p>".as_bytes().to_vec(), true),
        ("text/html; charset=nonsense", gbk, true),
        ("text/html; charset=utf-16", vec![0xd8; 999], false),
        ("nonsense", vec![0xff; 90_000], false),
    ] {
        let server = server(ResponseTemplate::new(200).set_body_raw(body, says)).await;
        let got = fetch(&server, "/").await.unwrap();
        assert!(got.response.body.len() <= 3 * 90_000, "{says}");
        assert_eq!(got.response.body.contains("停水通知"), reads, "{says}: {}", got.encoding.0);
    }
}

/// The operator's pairs are for addresses that somebody who is trusted has chosen.
#[tokio::test]
async fn a_session_for_the_public_web_reaches_no_private_pair() {
    let trap = Trap::set().await;
    let mut session = Session { public_only: true, ..Session::default() };
    let asked = get(format!("http://{}/", trap.at));
    let refused = live(settings(&[trap.at])).fetch(&mut session, &asked, &|_| true).await.unwrap_err();
    assert_eq!(refused.kind(), FailureKind::Refused);
    trap.assert_untouched();
}

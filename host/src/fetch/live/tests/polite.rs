//! A site with wishes, and a host that heeds them.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::fetch::Spent;
use crate::fetch::validator::Validator;

/// A site without robots.txt whose pages answer in this order, the last one again and again.
async fn in_turn(answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/robots.txt")).respond_with(ResponseTemplate::new(404)).with_priority(1).mount(&server).await;
    let next = AtomicU32::new(0);
    let answer = move |_: &wiremock::Request| {
        let n = next.fetch_add(1, Ordering::SeqCst) as usize;
        answers[n.min(answers.len() - 1)].clone()
    };
    Mock::given(any()).respond_with(answer).with_priority(9).mount(&server).await;
    server
}

async fn pages(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().iter().filter(|r| r.url.path() != "/robots.txt").count()
}

fn soon(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("retry-after", "0")
}

#[tokio::test]
async fn a_page_that_could_not_be_given_is_asked_for_again_and_not_for_ever() {
    let ok = || ResponseTemplate::new(200).set_body_string("ok");
    let broken = || ResponseTemplate::new(502);
    for (answers, asked, outcome) in [
        (vec![soon(429), soon(503), ok()], 3, Ok("ok")),
        (vec![broken(), ok()], 2, Ok("ok")),
        (vec![soon(429)], 3, Err(FetchError::RetryAfter { status: 429, wait: Duration::ZERO })),
        (vec![broken()], 3, Err(FetchError::Faulty { status: 502 })),
        (vec![ResponseTemplate::new(404), ok()], 1, Ok("")),
    ] {
        let server = in_turn(answers).await;
        let mut session = Session::default();
        let live = live(settings(&[*server.address()]));
        let got = live.fetch(&mut session, &get(server.uri()), &|_| true).await;
        assert_eq!(got.as_ref().map(|fetched| &*fetched.response.body), outcome.as_ref().copied());
        assert_eq!((pages(&server).await, session.spent.requests), (asked, asked as u64));
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let server = in_turn(vec![soon(503)]).await;
    let request = Request { method: Method::Post("q".to_owned()), ..get(server.uri()) };
    let got = live(settings(&[*server.address()])).fetch(&mut Session::default(), &request, &|_| true).await;
    assert!(matches!(got, Err(FetchError::RetryAfter { .. })), "{got:?}");
    assert_eq!(pages(&server).await, 1);
}

#[tokio::test]
async fn one_watch_hears_for_all_that_a_host_wants_rest() {
    let wants = ResponseTemplate::new(503).insert_header("retry-after", "600");
    let server = in_turn(vec![wants, ResponseTemplate::new(200)]).await;
    let live = live(settings(&[*server.address()]));
    let mut waits = Vec::new();
    for page in ["/a", "/b"] {
        let request = get(format!("{}{page}", server.uri()));
        let got = live.fetch(&mut Session::default(), &request, &|_| true).await;
        let Err(FetchError::RetryAfter { status: 503, wait }) = got else { panic!("{got:?}") };
        waits.push(wait.as_secs());
    }
    assert_eq!((waits[0], pages(&server).await), (600, 1));
    assert!(waits[1] > 500);
}

#[tokio::test]
async fn a_broken_page_does_not_silence_its_host() {
    let server = MockServer::start().await;
    Mock::given(path("/bad")).respond_with(ResponseTemplate::new(500)).mount(&server).await;
    Mock::given(path("/good")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let live = live(settings(&[*server.address()]));
    let mut session = Session::default();
    let bad = live.fetch(&mut session, &get(format!("{}/bad", server.uri())), &|_| true).await;
    assert_eq!(bad, Err(FetchError::Faulty { status: 500 }));
    live.fetch(&mut session, &get(format!("{}/good", server.uri())), &|_| true).await.unwrap();
}

#[tokio::test]
async fn an_unchanged_page_ends_there_and_is_asked_about_with_the_sites_own_words() {
    let page = ResponseTemplate::new(200)
        .insert_header("etag", "\"v1\"")
        .insert_header("last-modified", "Tue, 14 Nov 2023 22:15:20 GMT")
        .set_body_string("ok");
    let server = in_turn(vec![page, ResponseTemplate::new(304)]).await;
    let live = live(settings(&[*server.address()]));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.warc");
    let recorder = Recorder::create(&file, "caifeng test", 0, [1; 16]).unwrap();
    let mut session = Session { recorder: Some(Arc::new(Mutex::new(recorder))), ..Session::default() };
    let first = live.fetch(&mut session, &get(server.uri()), &|_| true).await.unwrap();
    session.known = first.validator;
    let second = live.fetch(&mut session, &get(server.uri()), &|_| true).await;
    assert_eq!(second, Err(FetchError::Unchanged { url: first.response.url }));
    let asked = server.received_requests().await.unwrap();
    let fields = |n: usize| ["if-none-match", "if-modified-since"].map(|name| asked[n].headers.get(name));
    assert_eq!(fields(1), [None, None]);
    assert_eq!(fields(2), [Some(&"\"v1\"".parse().unwrap()), Some(&"Tue, 14 Nov 2023 22:15:20 GMT".parse().unwrap())]);
    assert_eq!(session.known, None, "it was for one request");
    assert_eq!(session.spent, Spent { requests: 2, bytes: 2 });
    // Nobody asked this time.
    let third = live.fetch(&mut session, &get(server.uri()), &|_| true).await;
    assert!(matches!(third, Err(FetchError::Network { .. })), "{third:?}");
    drop(session);
    let answers = Reader::new(std::fs::File::open(&file).unwrap()).unwrap().map(Result::unwrap);
    let statuses: Vec<_> = answers.filter(|r| r.kind == Kind::Response).map(|r| r.http.unwrap().status).collect();
    assert_eq!(statuses, [404, 200], "a 304 holds no page");
}

#[tokio::test]
async fn only_the_page_that_was_asked_for_has_a_validator() {
    let tagged = |status: u16| ResponseTemplate::new(status).insert_header("etag", "\"v1\"");
    let moved = tagged(302).insert_header("location", "/to");
    for (answers, method, kept) in [
        (vec![tagged(200)], Method::Get, true),
        (vec![tagged(404)], Method::Get, false),
        (vec![moved, tagged(200)], Method::Get, false),
        (vec![tagged(200)], Method::Post("q".to_owned()), false),
    ] {
        let server = in_turn(answers).await;
        let known = Some(Validator { etag: Some("\"v0\"".to_owned()), modified: None });
        let mut session = Session { known, ..Session::default() };
        let request = Request { method, ..get(server.uri()) };
        let got = live(settings(&[*server.address()])).fetch(&mut session, &request, &|_| true).await.unwrap();
        assert_eq!(got.validator.is_some(), kept);
        let asked = server.received_requests().await.unwrap();
        let conditional = asked.iter().filter(|r| r.headers.contains_key("if-none-match")).count();
        assert_eq!(conditional, 1, "the first hop and no other");
    }
}

async fn forbidding() -> MockServer {
    let server = MockServer::start().await;
    let rules = "User-agent: *\nDisallow: /\nCrawl-delay: 500";
    let file = ResponseTemplate::new(200).set_body_string(rules);
    Mock::given(path("/robots.txt")).respond_with(file).with_priority(1).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).with_priority(9).mount(&server).await;
    server
}

#[tokio::test]
async fn where_the_operator_vouches_robots_txt_is_not_asked() {
    let server = forbidding().await;
    let permit = |host: String| toml::from_str(&format!("host = \"{host}\"\nreason = \"contract 7\"")).unwrap();
    let pace = Duration::from_millis(1);
    let other = Settings { permitted: vec![permit("127.0.0.1:1".to_owned())], pace, ..settings(&[*server.address()]) };
    let got = live(other.clone()).fetch(&mut Session::default(), &get(server.uri()), &|_| true).await;
    assert!(matches!(got, Err(FetchError::Blocked { .. })), "{got:?}");
    let before = server.received_requests().await.unwrap().len();
    let live = live(Settings { permitted: vec![permit(server.address().to_string())], ..other });
    for page in ["/a", "/b"] {
        let request = get(format!("{}{page}", server.uri()));
        live.fetch(&mut Session::default(), &request, &|_| true).await.unwrap();
    }
    let asked = server.received_requests().await.unwrap();
    let after: Vec<_> = asked[before..].iter().map(|r| r.url.path()).collect();
    assert_eq!(after, ["/a", "/b"], "neither its rules nor its delay");
}

#[tokio::test]
async fn the_longest_of_all_wishes_counts_and_the_operators_word_before_all() {
    let server = in_turn(vec![ResponseTemplate::new(200)]).await;
    let url = Url::parse(&server.uri()).unwrap();
    let (short, long) = (Duration::from_millis(1), Duration::from_secs(500));
    let permit = format!("host = \"{}\"\nreason = \"ours\"\npace = 0", server.address());
    let at_once = |pace, manifest, site, permitted: bool| {
        let permitted = permitted.then(|| toml::from_str(&permit).unwrap()).into_iter().collect();
        let live = live(Settings { pace, permitted, ..settings(&[]) });
        let (session, url) = (Session { pace: manifest, ..Session::default() }, url.clone());
        async move {
            drop(live.turn(&url, &session, site).await.unwrap());
            let again = live.turn(&url, &session, site);
            tokio::time::timeout(Duration::from_millis(30), again).await.is_ok()
        }
    };
    assert!(at_once(short, short, short, false).await);
    for (pace, manifest, site) in [(long, short, short), (short, long, short), (short, short, long)] {
        assert!(!at_once(pace, manifest, site, false).await);
        assert!(at_once(pace, manifest, site, true).await);
    }
    assert!(at_once(Duration::ZERO, long, long, false).await);
}

//! Credentials go where they belong, and nothing that is kept or said knows them.

use caifeng_plugin_host::manifest::Manifest;

use super::*;
use crate::fetch::secrets::{Credentials, Secrets};

/// One that a site may repeat in several spellings.
const SECRET: &str = "hunter2/hunter2+x";

fn credentials(attach: &str) -> Credentials {
    let manifest = format!(
        "id = \"p\"\nversion = \"1.0.0\"\nname = \"p\"\nlicence = \"MIT\"\n[network]\nallow = [\"127.0.0.1\", \"a.gov.cn\"]\n\
         [[target]]\nkind = \"keyword\"\nexample = \"x\"\n[[step]]\nname = \"list\"\n\
         [[secret]]\nname = \"one\"\nattach = \"{attach}\"\nto = \"127.0.0.1\"\n\
         [[secret]]\nname = \"two\"\nattach = \"{attach}\"\nto = \"a.gov.cn\"\n"
    );
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secrets.toml");
    std::fs::write(&file, format!("[p]\none = \"{SECRET}\"\ntwo = \"{SECRET}\"\n")).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, private).unwrap();
    Secrets::read(&file).unwrap().credentials(&Manifest::parse(&manifest).unwrap(), None)
}

#[track_caller]
fn assert_unsaid(what: &str, said: &str) {
    assert!(!said.to_lowercase().contains("hunter2"), "{what}: {said}");
}

#[tokio::test]
async fn a_secret_is_sent_and_neither_recorded_nor_shown() {
    for (attach, sent) in [
        ("header:X-Token", SECRET),
        ("cookie:SUB", "SUB=hunter2/hunter2+x"),
        ("query:access_token", "access_token=hunter2%2Fhunter2%2Bx"),
    ] {
        // The site repeats all that it was told, twice, and sends on to itself.
        let server = MockServer::start().await;
        Mock::given(path("/robots.txt")).respond_with(ResponseTemplate::new(404)).with_priority(1).mount(&server).await;
        Mock::given(path("/"))
            .respond_with(|asked: &wiremock::Request| {
                let told = format!("{}#{:?}", asked.url, asked.headers);
                let next = format!("/next?{}&said={}", asked.url.query().unwrap_or_default(), SECRET);
                ResponseTemplate::new(302)
                    .insert_header("location", &*next)
                    .insert_header("x-told", &*told)
                    .set_body_string(told)
            })
            .mount(&server)
            .await;
        Mock::given(path("/next"))
            .respond_with(|asked: &wiremock::Request| {
                let told = format!("invalid token: {} {:?} {SECRET}", asked.url, asked.headers);
                ResponseTemplate::new(403).insert_header("x-told", &*told).set_body_string(told)
            })
            .mount(&server)
            .await;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("r.warc");
        let recorder = Recorder::create(&file, "caifeng test", 0, [1; 16]).unwrap();
        let recorder = Arc::new(Mutex::new(recorder));
        let mut session = Session {
            credentials: credentials(attach),
            recorder: Some(Arc::clone(&recorder) as SharedRecorder),
            ..Session::default()
        };
        let live = live(settings(&[*server.address()]));
        let got = live.fetch(&mut session, &get(server.uri()), &|_| true).await.unwrap();
        assert_eq!(got.response.status, 403);
        assert!(got.response.body.contains("[secret]"), "{}", got.response.body);
        assert_unsaid("what the plugin gets", &format!("{got:?}"));
        assert_unsaid("the session", &format!("{session:?} {live:?}"));
        drop(session);
        Arc::into_inner(recorder).unwrap().into_inner().unwrap().finish().unwrap();
        assert_unsaid("the recording", &String::from_utf8_lossy(&std::fs::read(&file).unwrap()));
        for asked in server.received_requests().await.unwrap() {
            let told = format!("{} {:?}", asked.url, asked.headers.iter().collect::<Vec<_>>());
            let values = asked.headers.values().map(|value| value.to_str().unwrap().to_owned());
            let whole: String = values.chain([asked.url.to_string()]).collect();
            assert_eq!(whole.contains(sent), asked.url.path() != "/robots.txt", "{attach}: {told}");
        }
    }
}

fn built(hop: &Hop, private: bool) -> (String, bool) {
    let session = Session { credentials: credentials("query:key"), ..Session::default() };
    let asking = live(settings(&[])).asking(hop, &HeaderMap::new(), None, &session, private);
    assert_unsaid("what is written down", &format!("{:?}", asking.sent));
    let url = asking.request.build().unwrap().url().to_string();
    let carried = url.contains("hunter2");
    (url, carried)
}

#[test]
fn a_secret_stays_behind_when_a_redirect_leaves_its_origin_also_on_the_way_back() {
    let url = |text: &str| Url::parse(text).unwrap();
    let home = Hop::first(url("https://a.gov.cn/x"), Method::Get);
    assert!(built(&home, false).1);
    let next = home.to(url("https://a.gov.cn/y"), 302);
    assert!(built(&next, false).1);
    let away = next.to(url("https://evil.cn/"), 302);
    assert!(!built(&away, false).1);
    let back = away.to(url("https://a.gov.cn/z"), 302);
    assert!(!built(&back, false).1);
    let sideways = Hop::first(url("https://a.gov.cn/x"), Method::Get).to(url("https://a.gov.cn:8443/"), 307);
    assert!(!built(&sideways, false).1);
}

#[test]
fn a_secret_is_not_sent_where_everybody_on_the_way_could_read_it() {
    let hop = |text: &str| Hop::first(Url::parse(text).unwrap(), Method::Get);
    assert!(!built(&hop("http://a.gov.cn/"), false).1);
    assert!(built(&hop("http://127.0.0.1/"), true).1, "on the operator's own network");
    assert!(!built(&hop("https://b.gov.cn/"), false).1);
}

#[tokio::test]
async fn errors_do_not_hold_the_address_that_was_sent() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = free.local_addr().unwrap();
    drop(free);
    let permitted = vec![toml::from_str(&format!("host = \"{closed}\"\nreason = \"test\"")).unwrap()];
    let live = live(Settings { permitted, ..settings(&[closed]) });
    let mut session = Session { credentials: credentials("query:key"), ..Session::default() };
    let error = live.fetch(&mut session, &get(format!("http://{closed}/")), &|_| true).await.unwrap_err();
    assert_unsaid("the error", &format!("{error} {error:?}"));
}

//! Notices against robots, a webhook and a mail server that check every byte, and misbehave.
//!
//! The servers are fakes on this machine; outbox, rounds, fetcher and store are the real ones, on a clock that is moved by
//! hand. Only what kills the process runs the binary.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod post;
mod terminal;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caifeng::clock::{Clock as _, SetClock};
use caifeng::config::Config;
use caifeng::daemon;
use caifeng::fetch::live::{Limits, Live, Settings};
use caifeng::fetch::secrets::Secrets;
use caifeng::incident::event::{Event, Role};
use caifeng::lang::Lang;
use caifeng::notify::courier::{Carrier, Courier};
use caifeng::notify::dispatcher::Dispatcher;
use caifeng::notify::route::Routes;
use caifeng::notify::{DeliveryState, Notice, Occasion, Receipt, Tell};
use caifeng::plan::Plan;
use caifeng::store::model::{Batch, Prepared};
use caifeng::store::{NoticeRow, OutboxQuery, Store};
use caifeng::text::telling::Telling;
use caifeng_plugin_host::contract::{Kind, Post};
use people::Office;
use post::{Meter, Server, Turn, subject};
use terminal::Place;

/// 2026-03-09T12:00:00+08:00.
const NOW: i64 = 1_773_028_800;

const KEY: &str = "wecom-key-693a91f6";
const TOKEN: &str = "token-0123456789";
const SECRET: &str = "SEC-signing-secret";
const PASSWORD: &str = "smtp-password-1";

/// What a title of the public may hold.
const HOSTILE: &str =
    "@all <at user_id=\"all\">所有人</at>\rBcc: e@evil.example \u{202e}[点](https://evil.example/x)\u{0}";

/// An outbox with its channels.
struct House {
    dir: tempfile::TempDir,
    clock: Arc<SetClock>,
    store: Store,
    dispatcher: Dispatcher,
    channels: Vec<String>,
}

/// The clock that servers of a test count by.
fn clock() -> Arc<SetClock> {
    Arc::new(SetClock::new(NOW))
}

fn meter(clock: &Arc<SetClock>, limit: usize, mute: i64) -> Meter {
    let clock = Arc::clone(clock);
    Meter::new(limit, mute, move || clock.now())
}

fn wecom(clock: &Arc<SetClock>) -> Server {
    post::wecom(KEY, meter(clock, 20, 60))
}

impl House {
    /// `channels` is the configuration of `[notify]`; every server may be reached unless it says otherwise.
    fn new(clock: &Arc<SetClock>, servers: &[&Server], channels: &str) -> Self {
        let private: Vec<String> = servers.iter().map(|server| format!("\"{}\"", server.at)).collect();
        let text = format!("[network]\nprivate = [{}]\n[notify]\n{channels}", private.join(", "));
        Self::open(tempfile::tempdir().unwrap(), clock, &text)
    }

    fn open(dir: tempfile::TempDir, clock: &Arc<SetClock>, text: &str) -> Self {
        let config = Config::parse(text, Path::new("caifeng.toml")).unwrap_or_else(|error| panic!("{error}"));
        let store = Store::open(&dir.path().join("data"), None).unwrap();
        let told = Arc::clone(clock);
        let limits =
            Limits { connect: Duration::from_millis(400), total: Duration::from_millis(400), ..Limits::default() };
        let settings = Settings { limits, ..daemon::settings(&config) };
        let live = Live::new(settings, Arc::new(move || told.now())).unwrap();
        let secrets = Arc::new(Secrets::read(&secrets(dir.path())).unwrap());
        let channels = config.notify.channels.iter().map(|channel| channel.id.clone()).collect();
        let dispatcher = Dispatcher {
            store: store.clone(),
            reader: store.reader().unwrap(),
            courier: Arc::new(Courier::Live(Box::new(Carrier { live, secrets }))),
            routes: Arc::new(Routes {
                channels: config.notify.channels.clone(),
                quiet: config.notify.quiet,
                zone: config.organisation.zone(),
            }),
            plan: Arc::new(Plan::built_in().clone()),
            lang: Lang::Zh,
            link: config.notify.link.clone(),
            clock: clock.clone(),
        };
        Self { dir, clock: Arc::clone(clock), store, dispatcher, channels }
    }

    /// The process ends without a chance to do anything, and another takes over.
    fn crash(self, text: &str) -> Self {
        let Self { dir, clock, store, dispatcher, .. } = self;
        drop(dispatcher);
        store.close();
        drop(store);
        Self::open(dir, &clock, text)
    }

    /// An incident of this title; its own notices are not sent.
    fn incident(&self, title: &str) -> i64 {
        let post = Post {
            title: Some(title.to_owned()),
            text: "正文".into(),
            published: Some(NOW),
            ..Post::new(Kind::Post, title.len().to_string(), "https://bbs.example/1")
        };
        let (tokens, signature, telling, links) = (String::new(), None, Telling::default(), Vec::new());
        let post = Prepared { post, tokens, signature, telling, links, topics: Some(vec![]), labels: vec![] };
        let batch = Batch { sweep: None, plugin: "feed".into(), site: "a".into(), captured: NOW, posts: vec![post] };
        let opened = self.store.ingest(batch).unwrap().opened[0];
        let nowhere = Arc::new(Routes { channels: vec![], ..(*self.dispatcher.routes).clone() });
        while self.store.route_notices(&nowhere, NOW).unwrap() > 0 {}
        opened
    }

    fn queue(&self, incident: i64, urgent: bool) {
        let tell = Tell { roles: vec![Role::LeadingGroup], users: vec![] };
        let notice = Notice { incident: Some(incident), urgent, occasion: Occasion::Submitted, tell };
        self.store.queue_notice(notice, self.clock.now()).unwrap();
    }

    /// A second passes, so many times: ways are chosen, every channel has its round.
    async fn seconds(&self, n: i64) {
        for _ in 0..n {
            self.dispatcher.route().await.unwrap();
            for channel in &self.channels {
                self.dispatcher.round(channel).await.unwrap();
            }
            self.clock.set(self.clock.now() + 1);
        }
    }

    fn newest(&self) -> NoticeRow {
        self.dispatcher.reader.outbox(&OutboxQuery { limit: 1, ..OutboxQuery::default() }).unwrap().remove(0)
    }

    /// How the newest notice stands on each of its ways.
    fn stands(&self) -> Vec<(String, DeliveryState)> {
        let rows = self.newest().deliveries.into_iter();
        rows.map(|row| (format!("{} {}", row.to.channel, row.to.address).trim_end().to_owned(), row.state)).collect()
    }

    /// What the record of an incident says of its notices.
    fn receipts(&self, incident: i64) -> Vec<(String, Receipt, bool, Option<i64>)> {
        let history = self.dispatcher.reader.history(incident).unwrap();
        let receipts = history.into_iter().filter_map(|recorded| match recorded.event {
            Event::Notified { channel, receipt, again, code, .. } => Some((channel, receipt, again, code)),
            _ => None,
        });
        receipts.collect()
    }

    /// Everything that the store keeps, as bytes.
    fn kept(&self) -> Vec<u8> {
        let folder = self.dir.path().join("data");
        ["caifeng.db", "caifeng.db-wal"]
            .iter()
            .filter_map(|name| std::fs::read(folder.join(name)).ok())
            .flatten()
            .collect()
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn secrets(dir: &Path) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join("secrets.toml");
    let text = format!(
        "[notify.duty]\nkey = \"{KEY}\"\n[notify.ding]\ntoken = \"{TOKEN}\"\nsecret = \"{SECRET}\"\n\
         [notify.fei]\ntoken = \"{TOKEN}\"\nsecret = \"{SECRET}\"\n[notify.hook]\nsecret = \"{SECRET}\"\n\
         [notify.office]\npassword = \"{PASSWORD}\"\n"
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn robot(id: &str, kind: &str, server: &Server, more: &str) -> String {
    format!("[[notify.channel]]\nid = \"{id}\"\nkind = \"{kind}\"\nendpoint = \"http://{}/send\"\n{more}\n", server.at)
}

fn told(id: &str, kind: &str, server: &Server, more: &str) -> String {
    robot(id, kind, server, &format!("tell = [\"leading-group\"]\n{more}"))
}

fn mail(server: &Server, to: &[&str], more: &str) -> String {
    format!(
        "[[notify.channel]]\nid = \"office\"\nkind = \"mail\"\nserver = \"{}\"\nsecurity = \"plain\"\n\
         from = \"caifeng@a.gov.cn\"\nto = {to:?}\n{more}\n",
        server.at
    )
}

const AUTH: &[&str] = &["AUTH PLAIN LOGIN", "8BITMIME"];

#[tokio::test]
async fn each_robot_gets_what_it_checks_and_the_record_its_receipts() {
    let clock = clock();
    let duty = wecom(&clock);
    let ding = post::dingtalk(TOKEN, SECRET, meter(&clock, 20, 600));
    let fei = post::feishu(TOKEN, SECRET, meter(&clock, 100, 60));
    let hook = {
        let clock = Arc::clone(&clock);
        post::receiver(SECRET, move || clock.now())
    };
    let channels = [
        "link = \"https://caifeng.a.gov.cn/\"\n".to_owned(),
        told("duty", "wecom", &duty, ""),
        told("ding", "dingtalk", &ding, ""),
        told("fei", "feishu", &fei, ""),
        told("hook", "webhook", &hook, ""),
    ];
    let house = House::new(&clock, &[&duty, &ding, &fei, &hook], &channels.concat());
    let id = house.incident("城南水厂爆管");
    house.queue(id, true);
    house.seconds(1).await;
    let states: Vec<_> = house.stands().into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [DeliveryState::Sent; 4], "{:?}", house.newest());
    let expected = format!(
        "【采风·紧急】#{id}「城南水厂爆管」（未归类）有人报送了信息（致：领导小组）\nhttps://caifeng.a.gov.cn/incidents/{id}"
    );
    for server in [&duty, &ding, &fei] {
        let asked = server.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].text(), expected);
        assert_eq!(asked[0].field("authorization"), "");
    }
    let asked = hook.asked().remove(0);
    assert_eq!(asked.body["notices"][0]["incident"], id);
    assert_eq!(asked.body["again"], false);
    let channels: Vec<String> = house
        .receipts(id)
        .into_iter()
        .map(|(channel, receipt, again, _)| {
            assert_eq!((receipt, again), (Receipt::Sent, false));
            channel
        })
        .collect();
    assert_eq!(channels, ["duty", "ding", "fei", "hook"]);
    assert!(house.dispatcher.reader.verify_chain(None).unwrap().is_ok());
    house.seconds(120).await;
    assert!(duty.asked().is_empty() && hook.asked().is_empty(), "once");
    for secret in [KEY, TOKEN, SECRET] {
        assert!(!holds(&house.kept(), secret), "{secret} is in the store");
    }
}

#[tokio::test]
async fn what_the_public_wrote_is_obeyed_by_nobody() {
    let clock = clock();
    let (duty, fei, office) = (wecom(&clock), post::feishu(TOKEN, SECRET, meter(&clock, 100, 60)), Server::smtp(AUTH));
    let channels = told("duty", "wecom", &duty, "")
        + &told("fei", "feishu", &fei, "")
        + &mail(&office, &["li@a.gov.cn"], "tell = [\"leading-group\"]");
    let house = House::new(&clock, &[&duty, &fei, &office], &channels);
    let id = house.incident(HOSTILE);
    house.queue(id, false);
    house.seconds(1).await;
    for text in [duty.asked()[0].text().to_owned(), fei.asked()[0].text().to_owned()] {
        for obeyed in ["@", "<at", "://evil", "\r", "\u{202e}", "\u{0}"] {
            assert!(!text.contains(obeyed), "{obeyed:?}: {text}");
        }
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("＠all ＜at user_id=\"all\"＞所有人"), "{text}");
    }
    let letter = office.letters().remove(0);
    assert_eq!(letter.to, ["li@a.gov.cn"]);
    assert!(!letter.head.iter().any(|(name, _)| name.eq_ignore_ascii_case("bcc")), "{:?}", letter.head);
    let subject = subject(letter.field("Subject"));
    assert!(subject.starts_with("【采风】#1「＠all") && !subject.contains(['\n', '\u{202e}']), "{subject}");
    assert!(letter.text.contains("Bcc: e＠evil.example"), "{}", letter.text);
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_at_a_character_and_keeps_its_link() {
    let clock = clock();
    let duty = wecom(&clock);
    let link = format!("https://caifeng.a.gov.cn/{}", "a".repeat(1_850));
    let house = House::new(&clock, &[&duty], &format!("link = \"{link}\"\n{}", told("duty", "wecom", &duty, "")));
    let id = house.incident(&"水厂爆管停水".repeat(30));
    house.queue(id, false);
    house.seconds(1).await;
    assert_eq!(house.stands(), [("duty".to_owned(), DeliveryState::Sent)], "the robot counts bytes");
    let text = duty.asked().remove(0).text().to_owned();
    assert!(text.len() <= 2_048 && text.contains("…\nhttps://caifeng.a.gov.cn/aaa"), "{text}");
    assert!(text.ends_with(&format!("/incidents/{id}")));
}

#[tokio::test]
async fn an_error_inside_200_goes_to_the_next_channel_at_once() {
    let clock = clock();
    let (duty, office) = (wecom(&clock), Server::smtp(AUTH));
    duty.will(&[Turn::Says(200, r#"{"errcode":93000,"errmsg":"invalid webhook url, hint: wecom-key-693a91f6"}"#)]);
    let channels = told("duty", "wecom", &duty, "next = \"office\"") + &mail(&office, &["li@a.gov.cn"], "");
    let house = House::new(&clock, &[&duty, &office], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(2).await;
    let sent = ("office".to_owned(), Receipt::Sent, false, None);
    assert_eq!(house.receipts(id), [("duty".to_owned(), Receipt::Refused, false, Some(93_000)), sent]);
    let why = house.newest().deliveries[0].why.clone().unwrap();
    assert_eq!(
        why, "error 93000: invalid webhook url, hint: [secret]",
        "a robot that repeats its key gives it to nobody"
    );
    assert_eq!(office.letters().len(), 1);
    house.seconds(90).await;
    assert!(duty.asked().len() == 1 && office.letters().is_empty(), "and stays there");
}

#[tokio::test]
async fn a_robot_that_mutes_is_left_alone_for_as_long_and_nothing_is_lost() {
    let clock = clock();
    // Somebody else has used the limit up.
    let ding = post::dingtalk(TOKEN, SECRET, meter(&clock, 20, 600));
    ding.will(&[Turn::Says(200, r#"{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}"#)]);
    let house = House::new(&clock, &[&ding], &told("ding", "dingtalk", &ding, ""));
    let id = house.incident("水压不足");
    (0..3).for_each(|_| house.queue(id, false));
    house.seconds(600).await;
    assert_eq!(ding.asked().len(), 1, "ten minutes of silence");
    house.seconds(2).await;
    assert_eq!(ding.asked().len(), 3);
    assert_eq!(house.receipts(id).len(), 3);
    assert_eq!(house.dispatcher.reader.outbox_health(clock.now()).unwrap().waiting, 0);
}

#[tokio::test]
async fn after_a_minute_and_not_before_a_notice_goes_to_the_next_channel() {
    let clock = clock();
    let (duty, office) = (wecom(&clock), Server::smtp(AUTH));
    duty.will(&vec![Turn::Says(503, ""); 20]);
    let channels =
        told("duty", "wecom", &duty, "next = \"office\"") + &mail(&office, &["li@a.gov.cn", "wu@a.gov.cn"], "");
    let house = House::new(&clock, &[&duty, &office], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(60).await;
    assert_eq!(office.letters().len(), 0, "not yet");
    // At 0, 5, 15 and 35 seconds.
    assert_eq!(duty.asked().len(), 4, "slower each time");
    let health = house.dispatcher.reader.outbox_health(clock.now()).unwrap();
    assert_eq!((health.waiting, health.oldest), (1, Some(NOW)));
    house.seconds(2).await;
    assert_eq!(office.letters().len(), 2);
    let expected = [("duty", Receipt::FellBack), ("office", Receipt::Sent), ("office", Receipt::Sent)];
    assert_eq!(house.receipts(id).iter().map(|(c, r, ..)| (c.as_str(), *r)).collect::<Vec<_>>(), expected);
    house.seconds(60).await;
    assert!(duty.asked().is_empty(), "it is not sent twice");
}

#[tokio::test]
async fn nobody_there_is_no_answer_and_the_next_channel_is_the_last_resort() {
    let clock = clock();
    let (gone, duty) = (Server::http(|_| (200, String::new())), wecom(&clock));
    let listening = gone.at;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let first = told("hook", "webhook", &gone, "next = \"duty\"").replace(&listening.to_string(), &free.to_string());
    let text =
        format!("[network]\nprivate = [\"{free}\", \"{}\"]\n{first}{}", duty.at, robot("duty", "wecom", &duty, ""));
    let house = House::open(tempfile::tempdir().unwrap(), &clock, &text);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(62).await;
    let why = house.newest().deliveries[0].clone();
    assert_eq!(why.state, DeliveryState::Passed);
    assert!(!why.again, "no connection: nothing was sent");
    assert_eq!(duty.asked().len(), 1);
}

#[tokio::test]
async fn what_may_have_arrived_is_sent_once_more_marked_and_never_a_third_time() {
    let clock = clock();
    let (duty, hook) = (wecom(&clock), {
        let clock = Arc::clone(&clock);
        post::receiver(SECRET, move || clock.now())
    });
    duty.will(&[Turn::Closes, Turn::Closes]);
    hook.will(&[Turn::Closes]);
    let channels = told("duty", "wecom", &duty, "next = \"hook\"") + &robot("hook", "webhook", &hook, "");
    let house = House::new(&clock, &[&duty, &hook], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(90).await;
    let texts: Vec<String> = duty.asked().iter().map(|asked| asked.text().to_owned()).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].starts_with("【采风】#") && texts[1].starts_with("【采风】（可能重复）#"), "{texts:?}");
    // The webhook had it the first time and says so: 409.
    let asked = hook.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[0].field("caifeng-delivery"),
        asked[1].field("caifeng-delivery"),
        "the number by which it can tell"
    );
    assert_eq!((asked[0].body["again"].as_bool(), asked[1].body["again"].as_bool()), (Some(false), Some(true)));
    let expected =
        [("duty".to_owned(), Receipt::Uncertain, true, None), ("hook".to_owned(), Receipt::Sent, true, None)];
    assert_eq!(house.receipts(id), expected);
}

#[tokio::test]
async fn a_robot_that_never_answers_makes_no_other_channel_wait() {
    let clock = clock();
    let (duty, hook) = (wecom(&clock), {
        let clock = Arc::clone(&clock);
        post::receiver(SECRET, move || clock.now())
    });
    duty.will(&[Turn::Hangs]);
    let channels = told("duty", "wecom", &duty, "") + &told("hook", "webhook", &hook, "");
    let house = House::new(&clock, &[&duty, &hook], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.dispatcher.route().await.unwrap();
    let (hung, sent) = tokio::join!(house.dispatcher.round("duty"), async {
        let sent = house.dispatcher.round("hook").await;
        (sent, house.receipts(id).len())
    });
    assert_eq!((hung.unwrap(), sent.0.unwrap(), sent.1), (1, 1, 1));
    let row = house.newest().deliveries[0].clone();
    assert_eq!((row.state, row.again), (DeliveryState::Waiting, true));
    assert!(row.why.unwrap().starts_with("no answer: nothing within"));
}

#[tokio::test]
async fn a_mail_server_that_refuses_half_gets_the_other_half_once() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    office.will(&[
        Turn::Well,
        Turn::Replies("RCPT", "550 5.1.1 no such user smtp-password-1"),
        Turn::Well,
        Turn::Replies("RCPT", "550 5.1.1 no such user"),
    ]);
    let to = ["a@a.gov.cn", "b@a.gov.cn", "c@a.gov.cn", "d@a.gov.cn"];
    let house = House::new(&clock, &[&office], &mail(&office, &to, "tell = [\"leading-group\"]"));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(30).await;
    let states: Vec<_> = house.stands().into_iter().map(|(_, state)| state).collect();
    use DeliveryState::{Refused, Sent};
    assert_eq!(states, [Sent, Refused, Sent, Refused]);
    let letters = office.letters();
    assert_eq!(letters.iter().flat_map(|letter| letter.to.clone()).collect::<Vec<_>>(), ["a@a.gov.cn", "c@a.gov.cn"]);
    let letter = &letters[0];
    assert_eq!((letter.from.as_str(), letter.field("To")), ("caifeng@a.gov.cn", "a@a.gov.cn"));
    assert_eq!(letter.field("Auto-Submitted"), "auto-generated");
    assert!(letter.text.starts_with("【采风】#"), "{}", letter.text);
    let why = house.newest().deliveries[1].why.clone().unwrap();
    assert!(why.contains("5.1.1") && !why.contains(PASSWORD), "{why}");
    assert!(office.said().iter().any(|line| line.starts_with("AUTH PLAIN")));
    assert!(!holds(&house.kept(), PASSWORD));
    let codes: Vec<_> = house.receipts(id).into_iter().map(|(_, _, _, code)| code).collect();
    assert_eq!(codes, [None, Some(550), None, Some(550)]);
}

#[tokio::test]
async fn a_greylisted_letter_is_tried_again_and_arrives_once() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    office.will(&[Turn::Replies("RCPT", "451 4.7.1 greylisted"), Turn::Replies("DATA", "421 4.3.2 busy")]);
    let house = House::new(&clock, &[&office], &mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]"));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(5).await;
    assert!(office.letters().is_empty());
    let row = house.newest().deliveries[0].clone();
    assert_eq!((row.state, row.code, row.again), (DeliveryState::Waiting, Some(451), false));
    house.seconds(15).await;
    assert_eq!(office.letters().len(), 1);
    assert_eq!(house.receipts(id), [("office".to_owned(), Receipt::Sent, false, None)]);
}

#[tokio::test]
async fn a_mail_server_that_hangs_or_breaks_off_is_told_apart() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    office.will(&[Turn::Hangs, Turn::Closes]);
    let house = House::new(&clock, &[&office], &mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]"));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(1).await;
    let row = house.newest().deliveries[0].clone();
    assert_eq!((row.state, row.again), (DeliveryState::Waiting, false), "it hung before the letter: {row:?}");
    house.seconds(6).await;
    let row = house.newest().deliveries[0].clone();
    assert_eq!((row.state, row.again), (DeliveryState::Waiting, true), "it broke off after the letter: {row:?}");
    house.seconds(30).await;
    let letters = office.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].field("Message-ID"), letters[1].field("Message-ID"), "mail programs show it once");
    assert!(letters[1].text.starts_with("【采风】（可能重复）"), "{}", letters[1].text);
    assert_eq!(house.receipts(id), [("office".to_owned(), Receipt::Sent, true, None)]);
}

#[tokio::test]
async fn without_the_tls_that_was_asked_for_nothing_is_said() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    let channels = mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]").replace("\"plain\"", "\"starttls\"");
    let house = House::new(&clock, &[&office], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(2).await;
    assert_eq!(house.receipts(id), [("office".to_owned(), Receipt::Refused, false, None)]);
    let why = house.newest().deliveries[0].why.clone().unwrap();
    assert!(why.contains("STARTTLS"), "{why}");
    let said = office.said();
    assert!(said.iter().all(|line| line.starts_with("EHLO") || line.starts_with("QUIT")), "{said:?}");
}

#[tokio::test]
async fn a_password_that_is_refused_stands_in_no_error() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    office.will(&[Turn::Replies("AUTH", "535 5.7.8 AGNhaWZlbmcAc210cC1wYXNzd29yZC0x smtp-password-1 is wrong")]);
    let house = House::new(&clock, &[&office], &mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]"));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(2).await;
    assert_eq!(house.receipts(id), [("office".to_owned(), Receipt::Refused, false, Some(535))]);
    let why = house.newest().deliveries[0].why.clone().unwrap();
    assert_eq!(why, "the server does not accept user and password (535)");
}

#[tokio::test]
async fn nothing_inside_the_network_is_reached_that_is_not_listed_and_no_redirect_is_followed() {
    let clock = clock();
    let (duty, inside, office) = (wecom(&clock), Server::http(|_| (200, "{}".into())), Server::smtp(AUTH));
    let channels = told("duty", "wecom", &duty, "") + &mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]");
    let unlisted = House::new(&clock, &[], &channels);
    let id = unlisted.incident("水压不足");
    unlisted.queue(id, false);
    unlisted.seconds(2).await;
    let states: Vec<_> = unlisted.stands().into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [DeliveryState::Refused; 2]);
    for row in unlisted.newest().deliveries {
        assert!(row.why.unwrap().contains("[network] private"));
    }
    assert_eq!((duty.connections(), office.connections()), (0, 0));

    let to: &'static str = Box::leak(format!("http://{}/", inside.at).into_boxed_str());
    duty.will(&[Turn::Sends(to)]);
    let house = House::new(&clock, &[&duty, &inside], &told("duty", "wecom", &duty, ""));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(2).await;
    assert_eq!(house.receipts(id), [("duty".to_owned(), Receipt::Refused, false, Some(302))]);
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn quiet_hours_hold_what_can_wait_and_an_emergency_breaks_them() {
    let clock = clock();
    let duty = wecom(&clock);
    // 12:00 in Shanghai.
    let channels = format!("quiet = \"11:30-13:00\"\n{}", told("duty", "wecom", &duty, ""));
    let house = House::new(&clock, &[&duty], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.queue(id, true);
    house.seconds(5).await;
    let texts: Vec<String> = duty.asked().iter().map(|asked| asked.text().to_owned()).collect();
    assert!(texts.len() == 1 && texts[0].starts_with("【采风·紧急】"), "{texts:?}");
    let health = house.dispatcher.reader.outbox_health(clock.now()).unwrap();
    assert_eq!(health.waiting, 0, "what quiet hours hold back is not late");
    assert_eq!(house.dispatcher.reader.channel_standing("duty", clock.now()).unwrap().held, 1);
    clock.set(NOW + 3_599);
    house.seconds(1).await;
    assert!(duty.asked().is_empty());
    house.seconds(1).await;
    assert_eq!(duty.asked().len(), 1);
}

#[tokio::test]
async fn a_thousand_in_one_second_leave_within_the_limit_and_none_is_lost() {
    let clock = clock();
    let duty = wecom(&clock);
    let house = House::new(&clock, &[&duty], &told("duty", "wecom", &duty, ""));
    let id = house.incident("水压不足，居民多次反映无人处理，要求公开原因与恢复时间");
    (0..1_000).for_each(|n| house.queue(id, n == 999));
    house.seconds(1).await;
    let first = duty.asked();
    assert!(first[0].text().contains("1. 【紧急】#"), "the urgent one goes first: {}", first[0].text());
    let mut told: usize = 0;
    let mut messages = first;
    for second in 1..1_200 {
        house.seconds(1).await;
        messages.extend(duty.asked());
        if house.dispatcher.reader.outbox_health(clock.now()).unwrap().waiting == 0 {
            assert!(second < 400, "{second} s");
            break;
        }
    }
    for asked in &messages {
        // The robot has judged each of them: muted or too long it would not have been taken.
        told += asked.text().lines().filter(|line| line.contains("水压不足")).count();
    }
    assert_eq!(told, 1_000, "each is told once");
    assert_eq!(house.receipts(id).iter().filter(|(_, receipt, ..)| *receipt == Receipt::Sent).count(), 1_000);
    assert!(messages.len() < 80, "{} messages", messages.len());
}

#[tokio::test]
async fn what_was_being_sent_when_the_process_died_is_sent_once_more() {
    let clock = clock();
    let duty = wecom(&clock);
    let text = format!("[network]\nprivate = [\"{}\"]\n{}", duty.at, told("duty", "wecom", &duty, ""));
    let mut house = House::open(tempfile::tempdir().unwrap(), &clock, &text);
    let id = house.incident("水压不足");
    house.queue(id, false);
    for life in 1..=3 {
        house.dispatcher.route().await.unwrap();
        let queue = house.dispatcher.reader.queue("duty", clock.now(), 10).unwrap();
        let waiting = queue.waiting.first().cloned();
        if let Some(waiting) = waiting {
            assert!(life <= 2, "a third time");
            assert_eq!(waiting.again, life == 2);
            house.store.begin_message("duty", vec![waiting.id], waiting.message, clock.now()).unwrap();
        }
        house = house.crash(&text);
        assert_eq!(house.dispatcher.recover().await.unwrap(), usize::from(life <= 2));
        clock.set(clock.now() + 60);
    }
    assert_eq!(house.receipts(id), [("duty".to_owned(), Receipt::Uncertain, true, None)]);
}

#[tokio::test]
async fn a_channel_that_is_not_configured_any_more_holds_nothing_back() {
    let clock = clock();
    let duty = wecom(&clock);
    duty.will(&[Turn::Says(503, "")]);
    let text = format!("[network]\nprivate = [\"{}\"]\n{}", duty.at, told("duty", "wecom", &duty, ""));
    let house = House::open(tempfile::tempdir().unwrap(), &clock, &text);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(1).await;
    let house = house.crash("");
    house.seconds(1).await;
    assert_eq!(house.receipts(id), [("duty".to_owned(), Receipt::Refused, false, None)]);
    assert_eq!(house.dispatcher.reader.outbox_health(clock.now()).unwrap().oldest, None);
}

/// A place whose daemon tells the leading group by a robot.
fn office(duty: &Server, more: &str) -> Office {
    let office = Office::new();
    let channels = told("duty", "wecom", duty, more);
    let topic = "[[topic]]\nname = \"水\"\nany = [\"水\"]\n";
    let config =
        format!("[network]\nprivate = [\"{}\"]\n{topic}[notify]\nlink = \"https://c.a.gov.cn\"\n{channels}", duty.at);
    office.place.write("data/caifeng.toml", config);
    std::fs::copy(secrets(&office.place.path(".")), office.place.path("data/secrets.toml")).unwrap();
    office
}

#[test]
fn kill_9_between_sending_and_noting_it_loses_nothing_and_sends_twice_at_most() {
    let clock = clock();
    let duty = post::wecom(KEY, meter(&clock, 1_000, 60));
    duty.will(&[Turn::Hangs, Turn::Hangs]);
    let office = office(&duty, "");
    office.run("li", "submit --text 水管又破了没人管").ends(0);
    let (first, _) = office.place.serve("--data data");
    let text = duty.wait().text().to_owned();
    assert!(text.starts_with("【采风"), "{text}");
    first.kill();
    let (second, _) = office.place.serve("--data data");
    let again = duty.wait().text().to_owned();
    assert!(again.contains("（可能重复）"), "{again}");
    second.kill();
    let (mut third, address) = office.place.serve("--data data");
    // It is in the product, and the robot is told nothing a third time: another notice goes past it.
    office.run("li", "submit --text 路灯坏了很久没人修").ends(0);
    let other = duty.wait().text().to_owned();
    assert!(!other.contains("可能重复"), "{other}");
    let listed = office.place.run("notify list --data data --json").ends(0).json();
    let uncertain = listed.iter().find(|row| row["deliveries"][0]["state"] == "uncertain").expect("it says so");
    assert_eq!(uncertain["deliveries"][0]["again"], true);
    let shown = office.place.run(&format!("notify show {} --data data", uncertain["id"])).ends(0).out;
    assert!(shown.contains("duty  uncertain") && shown.contains("possibly repeated"), "{shown}");
    let ready = terminal::http(&address, "GET /readyz HTTP/1.1\nHost: 127.0.0.1");
    assert!(ready.contains("\"notices\":{"), "{ready}");
    let page = terminal::http(&address, "GET / HTTP/1.1\nHost: 127.0.0.1\nAccept-Language: zh-CN");
    assert!(page.contains("有人报送了信息"), "the newest notices are on the first page");
    third.terminate();
    office.place.run("audit verify --data data").ends(0);
}

#[test]
fn a_channel_can_be_tried_and_its_key_is_shown_by_nothing() {
    let clock = clock();
    let duty = post::wecom(KEY, meter(&clock, 1_000, 60));
    let office = office(&duty, "");
    let place: &Place = &office.place;
    let said = place.run("notify test duty --data data").ends(0);
    assert_eq!(said.out, "duty sent\n");
    assert_eq!(duty.wait().text(), "【采风】这是一条测试提醒，渠道 duty 可用。\nhttps://c.a.gov.cn");
    duty.will(&[
        Turn::Says(200, r#"{"errcode":93000,"errmsg":"bad key wecom-key-693a91f6"}"#),
        Turn::Says(503, ""),
        Turn::Closes,
    ]);
    let refused = place.run("notify test duty --data data --json").ends(1);
    assert_eq!(refused.json()[0]["why"], "error 93000: bad key [secret]");
    let later = place.run("notify test duty --data data").ends(4);
    assert_eq!(later.out, "duty not now: it answers 503\n");
    assert!(place.run("notify test duty --data data").ends(4).out.starts_with("duty no answer: "));
    let missing = place.run("notify test dutty --data data").ends(2);
    assert_eq!(missing.err, "error: no such channel: dutty (there are: duty)\n");
    place.run("notify test duty --to a@b.cn --data data").ends(2);
    std::fs::remove_file(place.path("data/secrets.toml")).unwrap();
    let keyless = place.run("notify test duty --data data").ends(2);
    assert!(keyless.err.contains("write [notify.duty] and key"), "{keyless}");
    let standing = place.run("notify channels --data data").ends(0).out;
    assert!(standing.contains("secrets.toml lacks [notify.duty] key"), "{standing}");
    for command in ["config show", "notify channels --json", "notify list"] {
        assert!(!place.run(&format!("{command} --data data")).out.contains(KEY), "{command}");
    }
}

#[test]
fn somebody_is_told_at_their_own_address_and_the_record_does_not_hold_it() {
    let clock = clock();
    let (duty, post_office) = (post::wecom(KEY, meter(&clock, 1_000, 60)), Server::smtp(AUTH));
    let office = office(&duty, "");
    let config = std::fs::read_to_string(office.place.path("data/caifeng.toml")).unwrap();
    let config = config.replace("private = [", &format!("private = [\"{}\", ", post_office.at));
    office.place.write("data/caifeng.toml", config + &mail(&post_office, &[], ""));
    let added = office.run("li", "notify own add office li@home.example --json").ends(0).json();
    assert_eq!(added[0][0]["address"], "li@home.example");
    office.run("li", "notify own add offic li@home.example").ends(2);
    office.run("li", "notify own add office li").ends(2);
    office.run("li", "notify own remove office wu@home.example").ends(2);
    office.run("li", "submit --text 水管又破了没人管").ends(0);
    let (mut daemon, _) = office.place.serve("--data data");
    duty.wait();
    let letter = std::iter::repeat_with(|| post_office.letters()).take(600).find_map(|mut letters| {
        std::thread::park_timeout(Duration::from_millis(50));
        letters.pop()
    });
    assert_eq!(letter.expect("a letter").to, ["li@home.example"]);
    daemon.terminate();
    let shown = office.place.run("notify list --data data --json").ends(0).out;
    assert!(shown.contains("li@home.example"), "{shown}");
    let trail = office.place.run("incident show 1 --data data --json").ends(0).out;
    assert!(trail.contains("\"notified\"") && !trail.contains("home.example"), "{trail}");
    office.run("li", "notify own remove office li@home.example").ends(0);
    office.place.run("audit verify --data data").ends(0);
}

//! An outbox with its channels, on a clock that is moved by hand, and the configuration that tests write for it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caifeng::clock::{Clock as _, SetClock};
use caifeng::config::Config;
use caifeng::current::Current;
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

use crate::post::{self, Meter, Server};

/// 2026-03-09T12:00:00+08:00.
pub(super) const NOW: i64 = 1_773_028_800;

pub(super) const KEY: &str = "wecom-key-693a91f6";

pub(super) const TOKEN: &str = "token-0123456789";

pub(super) const SECRET: &str = "SEC-signing-secret";

pub(super) const PASSWORD: &str = "smtp-password-1";

/// What a mail server says that it can.
pub(super) const AUTH: &[&str] = &["AUTH PLAIN LOGIN", "8BITMIME"];

/// What a title of the public may hold.
pub(super) const HOSTILE: &str =
    "@all <at user_id=\"all\">所有人</at>\rBcc: e@evil.example \u{202e}[点](https://evil.example/x)\u{0}";

/// An outbox with its channels.
pub(super) struct House {
    pub(super) dir: tempfile::TempDir,
    pub(super) clock: Arc<SetClock>,
    pub(super) store: Store,
    pub(super) dispatcher: Dispatcher,
    pub(super) channels: Vec<String>,
}

/// The clock that servers of a test count by.
pub(super) fn clock() -> Arc<SetClock> {
    Arc::new(SetClock::new(NOW))
}

pub(super) fn meter(clock: &Arc<SetClock>, limit: usize, mute: i64) -> Meter {
    let clock = Arc::clone(clock);
    Meter::new(limit, mute, move || clock.now())
}

pub(super) fn wecom(clock: &Arc<SetClock>) -> Server {
    post::wecom(KEY, meter(clock, 20, 60))
}

impl House {
    /// `channels` is the configuration of `[notify]`; every server may be reached unless it says otherwise.
    pub(super) fn new(clock: &Arc<SetClock>, servers: &[&Server], channels: &str) -> Self {
        let private: Vec<String> = servers.iter().map(|server| format!("\"{}\"", server.at)).collect();
        let text = format!("[network]\nprivate = [{}]\n[notify]\n{channels}", private.join(", "));
        Self::open(tempfile::tempdir().unwrap(), clock, &text)
    }

    pub(super) fn open(dir: tempfile::TempDir, clock: &Arc<SetClock>, text: &str) -> Self {
        let config = Config::parse(text, Path::new("caifeng.toml")).unwrap_or_else(|error| panic!("{error}"));
        let store = Store::open(&dir.path().join("data"), None).unwrap();
        let told = Arc::clone(clock);
        let limits =
            Limits { connect: Duration::from_millis(400), total: Duration::from_millis(400), ..Limits::default() };
        let settings = Settings { limits, ..daemon::settings(&config) };
        let live = Live::new(settings, Arc::new(move || told.now())).unwrap();
        let secrets = Current::new(Secrets::read(&secrets(dir.path())).unwrap());
        let channels = config.notify.channels.iter().map(|channel| channel.id.clone()).collect();
        let dispatcher = Dispatcher {
            store: store.clone(),
            reader: store.reader().unwrap(),
            courier: Arc::new(Courier::Live(Box::new(Carrier { live, secrets }))),
            routes: Current::new(Routes {
                channels: config.notify.channels.clone(),
                quiet: config.notify.quiet,
                zone: config.organisation.zone(),
            }),
            plan: Current::new(Plan::built_in().clone()),
            lang: Lang::Zh,
            link: config.notify.link.clone(),
            clock: clock.clone(),
        };
        Self { dir, clock: Arc::clone(clock), store, dispatcher, channels }
    }

    /// The process ends without a chance to do anything, and another takes over.
    pub(super) fn crash(self, text: &str) -> Self {
        let Self { dir, clock, store, dispatcher, .. } = self;
        drop(dispatcher);
        store.close();
        drop(store);
        Self::open(dir, &clock, text)
    }

    /// An incident of this title; its own notices are not sent.
    pub(super) fn incident(&self, title: &str) -> i64 {
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
        let nowhere = Arc::new(Routes { channels: vec![], ..(*self.dispatcher.routes.get()).clone() });
        while self.store.route_notices(&nowhere, NOW).unwrap() > 0 {}
        opened
    }

    pub(super) fn queue(&self, incident: i64, urgent: bool) {
        let tell = Tell { roles: vec![Role::LeadingGroup], users: vec![] };
        let notice = Notice { incident: Some(incident), urgent, occasion: Occasion::Submitted, tell };
        self.store.queue_notice(notice, self.clock.now()).unwrap();
    }

    /// A second passes, so many times: ways are chosen, every channel has its round.
    pub(super) async fn seconds(&self, n: i64) {
        for _ in 0..n {
            self.dispatcher.route().await.unwrap();
            for channel in &self.channels {
                self.dispatcher.round(channel).await.unwrap();
            }
            self.clock.set(self.clock.now() + 1);
        }
    }

    pub(super) fn newest(&self) -> NoticeRow {
        self.dispatcher.reader.outbox(&OutboxQuery { limit: 1, ..OutboxQuery::default() }).unwrap().remove(0)
    }

    /// How the newest notice stands on each of its ways.
    pub(super) fn stands(&self) -> Vec<(String, DeliveryState)> {
        let rows = self.newest().deliveries.into_iter();
        rows.map(|row| (format!("{} {}", row.to.channel, row.to.address).trim_end().to_owned(), row.state)).collect()
    }

    /// What the record of an incident says of its notices.
    pub(super) fn receipts(&self, incident: i64) -> Vec<(String, Receipt, bool, Option<i64>)> {
        let history = self.dispatcher.reader.history(incident).unwrap();
        let receipts = history.into_iter().filter_map(|recorded| match recorded.event {
            Event::Notified { channel, receipt, again, code, .. } => Some((channel, receipt, again, code)),
            _ => None,
        });
        receipts.collect()
    }

    /// Everything that the store keeps, as bytes.
    pub(super) fn kept(&self) -> Vec<u8> {
        let folder = self.dir.path().join("data");
        ["caifeng.db", "caifeng.db-wal"]
            .iter()
            .filter_map(|name| std::fs::read(folder.join(name)).ok())
            .flatten()
            .collect()
    }
}

pub(super) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

pub(super) fn secrets(dir: &Path) -> std::path::PathBuf {
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

pub(super) fn robot(id: &str, kind: &str, server: &Server, more: &str) -> String {
    format!("[[notify.channel]]\nid = \"{id}\"\nkind = \"{kind}\"\nendpoint = \"http://{}/send\"\n{more}\n", server.at)
}

pub(super) fn told(id: &str, kind: &str, server: &Server, more: &str) -> String {
    robot(id, kind, server, &format!("tell = [\"leading-group\"]\n{more}"))
}

pub(super) fn mail(server: &Server, to: &[&str], more: &str) -> String {
    format!(
        "[[notify.channel]]\nid = \"office\"\nkind = \"mail\"\nserver = \"{}\"\nsecurity = \"plain\"\n\
         from = \"caifeng@a.gov.cn\"\nto = {to:?}\n{more}\n",
        server.at
    )
}

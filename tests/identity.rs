//! A post of one service is one post, whether a search, its own address or a person's submission led to it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use caifeng::clock::{Clock, SetClock};
use caifeng::current::Current;
use caifeng::directory::Directory;
use caifeng::evidence::vault::Vault;
use caifeng::failed_call::FailedCalls;
use caifeng::fetch::{FetchError, Fetched, Fetcher, Made, replay};
use caifeng::hand::submit::{Submission, What, submit};
use caifeng::ingest::{Pipeline, Pseudonyms, Voices};
use caifeng::plugins::installed::Installed;
use caifeng::plugins::{Origin, Registry};
use caifeng::retention::Retention;
use caifeng::store::{Caller, PostQuery, Store};
use caifeng::sweep::{Sweeper, When};
use caifeng::text::tokens::Tokeniser;
use caifeng::topic::{Names, TopicConfig, Topics};
use caifeng::watch::{Every, Watch};
use caifeng_plugin_host::contract::{Request, Target};
use caifeng_plugin_host::engine::{Engine, EngineConfig};
use jiff::tz::TimeZone;

/// 2026-03-09T12:00:00+08:00.
const NOW: i64 = 1_773_028_800;
const ADDRESS: &str = "https://weibo.com/1000000017/Qv5G85ban";
const POST: &str = r#"{"created_at":"Mon Mar 09 11:40:00 +0800 2026","id":"5274100001234567","mid":"5274100001234567","text":"清河停水停到现在还没来",
"user":{"id":1000000017,"screen_name":"河边老王"},"reposts_count":0,"comments_count":0,"attitudes_count":3,"isLongText":false,"bid":"Qv5G85ban"}"#;

/// The service: a search that finds one post, and the post, without comments and reposts.
fn service(request: &Request) -> Result<Fetched, FetchError> {
    let body = match request.url.as_str() {
        url if url.contains("/getIndex?") && !url.contains("&page=") => {
            format!(r#"{{"ok":1,"data":{{"cards":[{{"card_type":9,"mblog":{POST}}}]}}}}"#)
        }
        url if url.contains("/statuses/show?") => format!(r#"{{"ok":1,"data":{POST}}}"#),
        url if url.contains("/hotflow?") => r#"{"ok":0}"#.to_owned(),
        _ => r#"{"ok":0,"msg":"暂无数据"}"#.to_owned(),
    };
    Ok(replay::saved(&request.url, Some("application/json"), body.as_bytes(), NOW))
}

fn sweeper(dir: &Path, plugins: &Path) -> Sweeper {
    let store = Store::open(dir, None).unwrap();
    let topic = TopicConfig { name: "供水".to_owned(), any: vec!["停水".to_owned()], ..TopicConfig::default() };
    Sweeper {
        reader: store.reader().unwrap(),
        store,
        engine: Engine::new(EngineConfig::default()).unwrap(),
        plugins: Arc::new(Installed::fixed(
            Arc::new(Registry::read(&[(plugins.to_owned(), Origin::Shipped)]).unwrap()),
            Arc::default(),
            &Directory::at(dir),
        )),
        pipeline: Pipeline {
            topics: Current::new(Topics::compile(&[topic], &Names::default()).unwrap()),
            tokeniser: Arc::new(Tokeniser::new()),
            voices: Voices::default(),
            pseudonyms: Pseudonyms::new(&[7; 32]),
        },
        fetcher: Arc::new(Fetcher::Made(Made(Box::new(service)))),
        recorder: None,
        budgets: Current::default(),
        failed: FailedCalls::below(dir.join("fixtures")),
        vault: Arc::new(Vault::open(&dir.join("evidence"), Arc::new(|| NOW), &|_| 0).unwrap()),
        retention: Current::new(Retention::default()),
        secrets: Arc::default(),
        clock: Arc::new(SetClock::new(NOW)) as Arc<dyn Clock>,
        zone: TimeZone::get("Asia/Shanghai").unwrap(),
        shift: None,
        sources: Arc::default(),
        turns: Arc::default(),
    }
}

fn watch(id: &str, target: Target, site: Option<&str>) -> Watch {
    Watch {
        id: id.to_owned(),
        plugin: "weibo".to_owned(),
        target,
        site: site.map(str::to_owned),
        settings: Vec::new(),
        utc_offset: 28_800,
        recorded: false,
        registered: None,
        every: Every::default(),
        canary: None,
    }
}

#[test]
fn a_post_found_by_search_by_address_and_by_a_person_is_one() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
    if !plugins.join("weibo.wasm").exists() {
        println!("skipped: no plugin weibo in target/plugins; run make plugins");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let sweeper = sweeper(dir.path(), &plugins);
    let watches = [
        watch("search", Target::Keyword("清河 停水".to_owned()), None),
        watch("post", Target::Item(ADDRESS.to_owned()), None),
        watch("again", Target::Item(ADDRESS.to_owned()), Some("https://m.weibo.cn/")),
    ];
    sweeper.store.configure_watches(&watches).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let heard = watches.each_ref().map(|watch| {
        let report = runtime.block_on(sweeper.sweep(watch, When::Live)).unwrap();
        assert!(report.tally.failures.is_empty() && report.tally.seen == 1, "{report:?}");
        report.tally.new
    });
    assert_eq!(heard, [1, 0, 0]);
    let page = What::Page(ADDRESS.to_owned());
    let submission = Submission { what: page, note: None };
    let by = Caller { token: None, account: 1000 };
    let receipt = runtime.block_on(submit(&submission, &by, &sweeper)).unwrap();
    assert_eq!((receipt.failure, receipt.new, receipt.opened), (None, false, false));
    let posts = sweeper.reader.posts(&PostQuery::default()).unwrap();
    let keys: Vec<_> = posts.iter().map(|post| [&*post.plugin, &*post.site, &*post.id]).collect();
    assert_eq!(keys, [["weibo", "weibo", "5274100001234567"]]);
}

//! Every plugin of the release keeps every law, and an author at the terminal
//! sees which one is broken.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recording;
mod site;
mod terminal;

use std::path::{Path, PathBuf};

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::fixture::Fixture;
use caifeng_plugin_host::laws::{Law, Laws, Verdict};
use caifeng_plugin_host::manifest::Manifest;
use recording::{Answer, item};
use site::Site;
use terminal::Place;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folders of `plugins/` that hold a plugin.
fn sources() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("plugins")).unwrap().map(|entry| entry.unwrap().path());
    let mut sources: Vec<_> = entries.filter(|path| path.join("plugin.toml").is_file()).collect();
    sources.sort();
    assert!(sources.len() >= 2, "{sources:?}");
    sources
}

#[test]
fn every_shipped_plugin_keeps_every_law() {
    let laws = Laws::new(None).unwrap();
    let mut broken = String::new();
    for source in sources() {
        let text = std::fs::read_to_string(source.join("plugin.toml")).unwrap();
        let id = Manifest::parse(&text).unwrap().id;
        let file = root().join("target/plugins").join(format!("{id}.wasm"));
        let bytes = std::fs::read(&file).unwrap_or_else(|_| panic!("run make plugins first: {id} is missing"));
        let built = Artifact::read(bytes.clone()).unwrap();
        assert_eq!(built.manifest_text(), text, "run make plugins first: {id} is older than its source");
        let fixtures = Fixture::all(&source.join("fixtures")).unwrap();
        // Their age is what a release looks at, and no reason for a build to fail on another day.
        let card = laws.check(&bytes, &fixtures, 0);
        if !card.passes() {
            broken += &card.to_string();
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

/// A folder with a plugin's file and fixtures of its own.
fn author() -> Place {
    let place = Place::new();
    place.write("feed.wasm", std::fs::read(root().join("target/plugins/feed.wasm")).unwrap());
    let fixture = root().join("plugins/feed/fixtures/bureau");
    for file in ["call.toml", "body.xml", "expect.json"] {
        place.write(&format!("fixtures/bureau/{file}"), std::fs::read(fixture.join(file)).unwrap());
    }
    place
}

#[test]
fn an_author_sees_a_difference_per_post_and_accepts_it() {
    let place = author();
    let test = "plugin test feed.wasm --fixtures fixtures";
    let said = place.run(test).ends(0);
    assert!(said.out.contains("ok         bureau"), "{said}");
    let body = std::fs::read_to_string(place.path("fixtures/bureau/body.xml")).unwrap();
    place.write("fixtures/bureau/body.xml", body.replace("临时停水的通知", "临时停电的通知"));
    let said = place.run(test).ends(3);
    assert!(said.out.contains("DIFFERENT  bureau"), "{said}");
    let line =
        "art_52_10331.html: title: expected \"关于城东片区临时停水的通知\", found \"关于城东片区临时停电的通知\"";
    assert!(said.out.contains(line), "{said}");
    assert!(place.run(&format!("{test} --accept")).ends(0).out.contains("accepted   bureau"));
    place.run(test).ends(0);
    place.write("fixtures/bureau/call.toml", "note = \"n\"\n[crawl]\ntarget = { listing = \"x\" }\nnov = \"\"\n");
    let said = place.run(test).ends(3);
    assert!(said.out.contains("call.toml:4:1: unknown field `nov`, expected one of `target`"), "{said}");
}

#[test]
fn a_card_in_each_form_and_its_exit_code() {
    let place = author();
    let check = "plugin check feed.wasm --fixtures fixtures";
    let said = place.run(check).ends(0);
    assert!(said.out.contains("pass  damage"), "{said}");
    let json: serde_json::Value =
        serde_json::from_str(&place.run(&format!("{check} --format json")).ends(0).out).unwrap();
    assert_eq!((json["plugin"].as_str(), json["laws"][0]["verdict"].as_str()), (Some("feed"), Some("pass")));
    let xml = place.run(&format!("{check} --format junit")).ends(0).out;
    assert!(xml.contains("<testcase classname=\"feed\" name=\"damage\"/>"), "{xml}");
    // A file that is no plugin has a card as well.
    place.write("other.wasm", "no plugin");
    let said = place.run("plugin check other.wasm --fixtures fixtures").ends(3);
    assert!(said.out.contains("FAIL  contract") && said.out.contains("the file: not a plugin"), "{said}");
    let said = place.run("plugin check other.wasm").ends(2);
    assert!(said.err.contains("--fixtures DIR"), "{said}");
}

/// The page that a sweep could not read is there for the plugin's author.
#[test]
fn a_page_that_failed_in_production_becomes_a_fixture() {
    let place = Place::new();
    let url = "https://zjj.qinghe.example/rss";
    let page = "<html><head><title>新版网站 - 建设局</title></head></html>".to_owned();
    recording::write(&place.path("web.warc.gz"), &[Answer { url: url.to_owned(), status: 200, body: page.clone() }]);
    let said = place.run("sweep --plugin feed --replay web.warc.gz --data data --json").ends(3);
    let (_, named) = said.out.split_once("(kept as call ").unwrap_or_else(|| panic!("{said}"));
    let call = &named[..12];
    let said = place.run(&format!("plugin fixture {call} --data data --out plugins/feed/fixtures/new")).ends(0);
    assert_eq!(said.out, "plugins/feed/fixtures/new\n");
    let fixture = Fixture::read(&place.path("plugins/feed/fixtures/new")).unwrap();
    assert!(fixture.note.contains("no feed but an HTML page"), "{}", fixture.note);
    assert_eq!(std::fs::read_to_string(place.path("plugins/feed/fixtures/new/body.html")).unwrap(), page);
    place.run(&format!("plugin fixture {call} --data data --out plugins/feed/fixtures/new")).ends(2);
    place.run("plugin fixture nothing --data data --out x").ends(2);
    // And it is a fixture of the plugin, which still says the same.
    place.write("feed.wasm", std::fs::read(root().join("target/plugins/feed.wasm")).unwrap());
    let said = place.run("plugin test feed.wasm --fixtures plugins/feed/fixtures --accept").ends(0);
    assert!(said.out.contains("accepted   new") && said.out.contains("unexpected: no feed"), "{said}");
    let laws = Laws::new(None).unwrap();
    let fixtures = Fixture::all(&place.path("plugins/feed/fixtures")).unwrap();
    let card = laws.check(&std::fs::read(place.path("feed.wasm")).unwrap(), &fixtures, 0);
    assert_eq!(card.of(Law::Damage).unwrap().verdict, Verdict::Pass, "{card}");
    assert_eq!(card.of(Law::Coverage).unwrap().verdict, Verdict::Fail, "{card}");
}

const ROBOTS: &str = "User-agent: *\nDisallow: /private\n";

/// A site with a feed, whose author is named, and whose robots.txt keeps everybody from a part of it.
fn feed_site() -> Site {
    Site::serve(|path, _| {
        let named = item("1", "路灯坏了", "张三丰说：没人管").replace("<pubDate>", "<author>张三丰</author><pubDate>");
        let (kind, body) = match path {
            "/robots.txt" => ("text/plain", ROBOTS.to_owned()),
            "/page" => ("text/html", "<html><a href=\"/u/103\">小区邻居</a></html>".to_owned()),
            _ => ("application/rss+xml", Answer::feed("http://127.0.0.1/rss", &[named]).body),
        };
        (format!("200 OK\r\nContent-Type: {kind}\r\nSet-Cookie: sid=geheim"), body)
    })
}

/// The host's rules hold for an author too: what is private, what robots.txt says.
#[test]
fn a_live_trial_keeps_the_rules_shows_what_is_read_and_records_fixtures_without_names() {
    let (place, site) = (author(), feed_site());
    let at = site.at;
    let trial = |path: &str, more: &str| {
        place.run(&format!("plugin try http://{at}{path} --plugin feed.wasm --fixtures fixtures --data data {more}"))
    };
    let said = trial("/rss", "").ends(4);
    assert!(said.out.contains("not heard: refused: "), "nobody has opened the private address: {said}");
    assert!(site.asked().is_empty());
    place.write("data/caifeng.toml", format!("[network]\nprivate = [\"{at}\"]\n"));
    let said = trial("/private/rss", "").ends(4);
    assert!(said.out.contains("robots.txt does not allow"), "{said}");
    let said = trial("/rss", "--save live --pseudonymise").ends(0);
    assert!(said.out.contains("1 posts, 0 requests, 0 skipped") && said.out.contains("张三丰  路灯坏了"), "{said}");
    assert!(site.asked().iter().all(|head| !head.contains("cookie")), "an author has no credentials");
    let saved = place.path("fixtures/live-1");
    let all = ["call.toml", "body.xml"].map(|file| std::fs::read_to_string(saved.join(file)).unwrap()).concat();
    assert!(!all.contains("张三丰") && all.contains("user1") && !all.contains("geheim"), "{all}");
    assert!(said.err.contains("2 fixtures in") && !said.err.contains("look at it before"), "all are known: {said}");
    // Nothing is overwritten, and what was recorded is a fixture like any other.
    trial("/rss", "--save live").ends(2);
    let said = place.run("plugin test feed.wasm --fixtures fixtures --accept").ends(0);
    assert!(said.out.contains("accepted   live-1") && said.out.contains("accepted   live-start"), "{said}");
    place.run("plugin check feed.wasm --fixtures fixtures").ends(0);
}

/// Of a page that is not read nobody knows whom it names, which is said; once it is read, its authors get other names in place.
#[test]
fn a_fixture_whose_authors_nobody_knows_is_named_and_one_that_is_there_gets_other_names() {
    let (place, site) = (author(), feed_site());
    let at = site.at;
    place.write("data/caifeng.toml", format!("[network]\nprivate = [\"{at}\"]\n"));
    let trial = |path: &str, more: &str| {
        place.run(&format!("plugin try http://{at}{path} --plugin feed.wasm --fixtures fixtures --data data {more}"))
    };
    let said = trial("/page", "--save page --pseudonymise").ends(3);
    let unread = "page-1: it could not be read, so that its authors are not known; look at it before you share it";
    assert!(said.err.contains(unread), "{said}");
    trial("/rss", "--save named").ends(0);
    place.run("plugin test feed.wasm --fixtures fixtures --accept").ends(0);
    let saved = || {
        let read = |file: &str| std::fs::read_to_string(place.path("fixtures/named-1").join(file)).unwrap();
        ["body.xml", "expect.json"].map(read).concat()
    };
    assert!(saved().contains("张三丰"));
    // As somebody wrote them by hand.
    std::fs::rename(place.path("fixtures/named-1/body.xml"), place.path("fixtures/named-1/body.txt")).unwrap();
    let call = place.path("fixtures/page-1/call.toml");
    std::fs::write(&call, format!("# A page.\n{}", std::fs::read_to_string(&call).unwrap())).unwrap();
    let said = place.run("plugin fixture --pseudonymise --plugin feed.wasm --fixtures fixtures").ends(0);
    assert!(said.err.contains(unread) && said.err.contains(" names replaced in 2 fixtures"), "{said}");
    assert!(!place.path("fixtures/named-1/body.txt").exists(), "a fixture has one body");
    assert!(std::fs::read_to_string(&call).unwrap().starts_with("# A page."), "nobody is named in it");
    assert!(!saved().contains("张三丰") && saved().contains("user"), "{}", saved());
    // What each expects went with its page.
    place.run("plugin test feed.wasm --fixtures fixtures").ends(0);
}

#[test]
fn a_trial_hears_a_recording_and_says_what_it_lacks() {
    let place = author();
    let url = "https://a-good.example/rss";
    recording::write(&place.path("web.warc.gz"), &[Answer::feed(url, &[item("1", "第一条", "停水三天")])]);
    let said = place.run(&format!("plugin try {url} --plugin feed.wasm --from web.warc.gz --json")).ends(0);
    let events: Vec<_> = said.json().iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events, ["started", "asking", "read"], "{said}");
    let said = place.run("plugin try https://elsewhere.example/ --plugin feed.wasm --from web.warc.gz").ends(4);
    assert!(said.out.contains("the recording has no answer"), "{said}");
    let said = place.run("plugin try 停水 --plugin feed.wasm --from web.warc.gz").ends(2);
    assert!(said.err.contains("no target of plugin feed, name one such as https://"), "{said}");
}

#[test]
fn what_each_step_takes_stands_beside_what_it_may() {
    let place = author();
    let bench = "plugin bench feed.wasm --fixtures fixtures --rounds 5";
    let said = place.run(bench).ends(0);
    assert!(said.out.starts_with("a call may take 2000 ms and 64 MiB"), "{said}");
    let line = &place.run(&format!("{bench} --json")).ends(0).json()[0];
    assert_eq!((line["step"].as_str(), line["fixture"].as_str()), (Some("feed"), Some("bureau")));
    assert!(line["instructions"].as_u64() > Some(10_000) && line["fresh_us"].as_f64() > Some(0.0), "{line}");
}

/// Tested again when a fixture changes; whoever watches ends it.
#[test]
fn a_watched_folder_is_tested_again_when_it_changes() {
    let place = author();
    let manifest = std::fs::read_to_string(root().join("plugins/feed/plugin.toml")).unwrap();
    place.write("plugin.toml", manifest);
    // Newer than its source, so that nothing is built.
    std::fs::create_dir(place.path("target")).unwrap();
    std::fs::copy(place.path("feed.wasm"), place.path("target/feed.wasm")).unwrap();
    let mut watching = place.caifeng("plugin test --watch").spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(watching.stdout.take().unwrap()));
    let first = lines.next().unwrap().unwrap();
    let body = std::fs::read_to_string(place.path("fixtures/bureau/body.xml")).unwrap();
    place.write("fixtures/bureau/body.xml", body.replace("临时停水的通知", "临时停电的通知"));
    let second = lines.next().unwrap().unwrap();
    watching.kill().unwrap();
    watching.wait().unwrap();
    assert!(first.starts_with("ok         bureau"), "{first}");
    assert!(second.starts_with("DIFFERENT  bureau"), "{second}");
    place.run("plugin test feed.wasm --watch --fixtures fixtures").ends(2);
}

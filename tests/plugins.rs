//! Every plugin of the release keeps every law, and an author at the terminal
//! sees which one is broken.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recording;
mod terminal;

use std::path::{Path, PathBuf};

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::fixture::Fixture;
use caifeng_plugin_host::laws::{Law, Laws, Verdict};
use caifeng_plugin_host::manifest::Manifest;
use recording::Answer;
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

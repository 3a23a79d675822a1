//! What was promised to authors: a published contract never changes, and a plugin that was built for it keeps working.
//!
//! The guests of `tests/guests/*/published` are kept as they were built on the day of the contract's release, and are not
//! built anew: what an author's file from that day holds, a compiler of today would not make.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guests;

use caifeng_plugin_host::artifact::{Artifact, Digest};
use caifeng_plugin_host::asker::Asker;
use caifeng_plugin_host::classifier::Classifier;
use caifeng_plugin_host::contract::{Request, SPOKEN};
use caifeng_plugin_host::source::Source;
use guests::{ENGINE, crawl, post, request, response, root};
use std::path::PathBuf;

/// Every contract that was published, and the SHA-256 of its text.
const PUBLISHED: &[(&str, &str)] = &[("0.1.0", "e969c6db33874ad3d29c615640173f19d2739f40481fceec7d60b71049fb1ad2")];

fn wit(path: &str) -> String {
    std::fs::read_to_string(root().join("wit").join(path)).unwrap()
}

/// The version that a contract's text gives itself.
fn version(wit: &str) -> &str {
    let line = wit.lines().find_map(|line| line.strip_prefix("package caifeng:plugin@")).unwrap();
    line.trim_end_matches(';')
}

#[test]
fn a_published_contract_is_frozen() {
    let mut files: Vec<String> = std::fs::read_dir(root().join("wit/published"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let named: Vec<String> = PUBLISHED.iter().map(|(version, _)| format!("{version}.wit")).collect();
    assert_eq!(files, named, "a contract is published by a line here and a file there");
    for (of, hash) in PUBLISHED {
        let text = wit(&format!("published/{of}.wit"));
        assert_eq!(Digest::of(text.as_bytes()).to_string(), *hash, "{of} has changed: publish another version instead");
        assert_eq!(version(&text), *of);
    }
}

/// Whoever changes the contract gives it another version first.
#[test]
fn the_contract_in_use_is_a_published_one_or_a_new_one() {
    let current = wit("plugin.wit");
    if let Some((of, _)) = PUBLISHED.iter().find(|(of, _)| *of == version(&current)) {
        assert_eq!(current, wit(&format!("published/{of}.wit")), "{of} is published: change the version");
    }
}

#[test]
fn the_host_speaks_the_current_contract_and_the_one_before() {
    let newest: Vec<&str> = PUBLISHED.iter().rev().take(2).map(|(version, _)| *version).collect();
    assert_eq!(SPOKEN, newest);
}

fn kept(kind: &str, version: &str) -> Artifact {
    let path: PathBuf = root().join(format!("tests/guests/{kind}/published/{version}.wasm"));
    let artifact = Artifact::read(std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(artifact.contract(), version);
    artifact
}

#[test]
fn a_plugin_of_each_published_contract_works() {
    for version in SPOKEN {
        let source = Source::load(&ENGINE, &kept("source", version)).unwrap();
        let mut crawling = source.crawl(&crawl("echo"));
        assert_eq!(crawling.start().outcome.unwrap(), [request()]);
        let asked = Request { context: "页=2".to_owned(), ..request() };
        let page = crawling.parse(&asked, &response("路灯坏了")).outcome.unwrap();
        assert_eq!((page.posts[0].title.as_deref(), page.posts[0].text.as_str()), (Some("页=2"), "路灯坏了"));

        let classifier = Classifier::load(&ENGINE, &kept("classifier", version)).unwrap();
        let how = |how: &str| vec![("how".to_owned(), how.to_owned())];
        let labels = classifier.classify(&how("good"), &[post("停水 三天")]).outcome.unwrap();
        assert_eq!(
            (labels[0][0].name.as_str(), labels[0][0].evidence.as_slice()),
            ("problem", ["停水".to_owned()].as_slice())
        );

        let asker = Asker::load(&ENGINE, &kept("asker", version)).unwrap();
        let settings = [how(""), vec![("endpoint".to_owned(), "https://models.example/".to_owned())]].concat();
        let requests = asker.ask(&settings, &[post("停水 三天")]).outcome.unwrap();
        assert_eq!(requests[0].url, "https://models.example/");
        let labels = asker.read(&settings, &[post("停水 三天")], &requests[0], &response("problem")).outcome.unwrap();
        assert_eq!(labels[0][0].name, "problem");
    }
}

//! Ill-behaved plugins in a data directory that does real work: each costs its
//! own call and nothing else, is named in the record, and reaches nothing that
//! nobody granted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recording;
mod terminal;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use caifeng::store::Reader;
use caifeng::watch::{FailureKind, Sweep};
use caifeng_plugin_host::build::build_crate;
use recording::{Answer, item};
use terminal::{Place, Said};

static SOURCE: LazyLock<Vec<u8>> = LazyLock::new(|| guest("source"));
static CLASSIFIER: LazyLock<Vec<u8>> = LazyLock::new(|| guest("classifier"));

/// Builds a plugin of `tests/guests`; cargo keeps what is unchanged.
fn guest(name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // Named after this program, since others build the same guests at the same time.
    let out: PathBuf = root.join("target/guests/sandbox").join(format!("{name}.wasm"));
    let path = build_crate(&root.join("tests/guests").join(name), &out, &mut |_| ()).unwrap();
    std::fs::read(path).unwrap()
}

/// Another plugin: a piece of its manifest is replaced, and nothing moves.
fn mended(plugin: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert!(to.len() <= from.len(), "{to:?} does not fit");
    let at: Vec<usize> =
        plugin.windows(from.len()).enumerate().filter(|(_, w)| *w == from.as_bytes()).map(|(at, _)| at).collect();
    let [at] = at[..] else { panic!("{from:?} is there {} times", at.len()) };
    let mut other = plugin.to_vec();
    other[at..at + from.len()].copy_from_slice(format!("{to:<width$}", width = from.len()).as_bytes());
    other
}

/// A data directory with two good feeds and, between them in the order of sweeps, ill watches.
fn place(ills: &[&str]) -> Place {
    let place = Place::new();
    let mut config = String::new();
    let good = |id: &str| format!("https://{id}.example/rss");
    for id in ["a-good", "z-good"] {
        let url = good(id);
        config += &format!("[[watch]]\nid = \"{id}\"\nplugin = \"feed\"\ntarget = {{ listing = \"{url}\" }}\n");
    }
    for how in ills {
        config +=
            &format!("[[watch]]\nid = \"ill-{how}\"\nplugin = \"ill-source\"\ntarget = {{ keyword = \"{how}\" }}\n");
    }
    place.write("data/caifeng.toml", config);
    place.write("data/plugins/ill-source.wasm", &*SOURCE);
    let feed = |id: &str| {
        Answer::feed(
            &good(id),
            &[
                item("1", &format!("{id}的第一条"), "窗口人员态度恶劣，打电话没人接"),
                item("2", &format!("{id}的第二条"), "建议在办事大厅增加无障碍通道"),
            ],
        )
    };
    let ill = Answer { url: "https://example.cn/".to_owned(), status: 200, body: "一\n二".to_owned() };
    recording::write(&place.path("web.warc.gz"), &[feed("a-good"), ill, feed("z-good")]);
    place
}

fn sweep_all(place: &Place) -> Said {
    place.run("sweep --all --replay web.warc.gz --data data --json").ends(0)
}

/// The record of the latest sweep of a watch from the recording.
fn record(place: &Place, watch: &str) -> Sweep {
    let reader = Reader::open(&place.path("data")).unwrap();
    let mut sweeps = reader.sweeps(Some(&format!("{watch} (recording)")), 1).unwrap();
    sweeps.pop().unwrap_or_else(|| panic!("{watch} is not in the record"))
}

/// How many posts are stored from a site.
fn stored(place: &Place, site: &str) -> usize {
    let posts = place.run("posts --data data --json").ends(0).json();
    posts.iter().filter(|post| post["site"] == site).count()
}

#[track_caller]
fn assert_good_are_heard(place: &Place) {
    for id in ["a-good", "z-good"] {
        assert_eq!(stored(place, &format!("{id}.example")), 2, "{id}");
        let sweep = record(place, id);
        assert!(sweep.ended.is_some() && sweep.tally.failures.is_empty(), "{sweep:?}");
    }
}

/// Does what the refusal says.
fn grant(place: &Place) -> String {
    let said = place.run("sweep ill-1 --replay web.warc.gz --data data");
    let (_, text) = said.err.split_once("add to grants.toml:\n").unwrap_or_else(|| panic!("{said}"));
    place.write("data/grants.toml", text);
    text.to_owned()
}

#[test]
fn what_a_plugin_does_wrong_costs_its_own_call() {
    let ills =
        ["1", "start-loop", "start-panic", "loop", "allocate", "panic", "abort", "stack", "million", "many", "giant"];
    let place = place(&ills);
    grant(&place);
    let said = sweep_all(&place);
    assert_eq!(said.json().len(), ills.len() + 2, "{said}");
    assert_good_are_heard(&place);
    for how in ills.into_iter().filter(|how| *how != "1") {
        let sweep = record(&place, &format!("ill-{how}"));
        assert!(sweep.ended.is_some(), "{sweep:?}");
        let kinds: Vec<_> = sweep.tally.failures.iter().map(|failure| failure.kind).collect();
        assert_eq!(kinds, [FailureKind::Trap], "{how}: {:?}", sweep.tally.failures);
        assert!(sweep.tally.requests <= 1, "{how}: one call each: {sweep:?}");
    }
    // It behaved once, and that is stored.
    assert_eq!(stored(&place, "ill-source"), 1);
    // Alone, the plugin's fault is how the command ends.
    place.run("sweep ill-panic --replay web.warc.gz --data data").ends(3);
    place.run("audit verify --data data").ends(0);
}

#[test]
fn lies_about_ids_and_addresses_change_nobody_elses_posts() {
    let place = place(&["1", "ids-empty", "ids-long", "ids-repeated", "javascript", "follow", "skipped"]);
    grant(&place);
    sweep_all(&place);
    assert_good_are_heard(&place);
    // All that could be stored has the plugin's own site and one of two ids.
    let posts = place.run("posts --data data --json").ends(0).json();
    let ill: Vec<_> = posts.iter().filter(|post| post["plugin"] == "ill-source").collect();
    let mut ids: Vec<_> =
        ill.iter().map(|post| (post["site"].as_str().unwrap(), post["id"].as_str().unwrap())).collect();
    ids.sort_unstable();
    assert_eq!(ids, [("ill-source", "0"), ("ill-source", "1")]);
    assert!(posts.iter().all(|post| !post["url"].as_str().unwrap().contains("script:")), "{posts:?}");
    assert_eq!(record(&place, "ill-ids-empty").tally.skipped, 2);
    // What it asked for beyond its manifest was never asked: only what the recording lacks is a failure.
    let follow = record(&place, "ill-follow").tally;
    assert!(follow.failures.iter().all(|failure| !failure.detail.contains("evil")), "{follow:?}");
    assert!(follow.skipped >= 4, "{follow:?}");
}

#[test]
fn what_nobody_granted_is_refused_and_says_how_to_grant_it() {
    let place = place(&["1"]);
    sweep_all(&place);
    assert_good_are_heard(&place);
    let refused = record(&place, "ill-1").tally;
    assert_eq!(refused.failures[0].kind, FailureKind::Refused, "{refused:?}");
    assert_eq!((refused.requests, stored(&place, "ill-source")), (0, 0));
    // Refused is how the command ends when nothing else was asked.
    place.run("sweep ill-1 --replay web.warc.gz --data data").ends(1);

    let text = grant(&place);
    assert!(text.contains("plugin = \"ill-source\"") && text.contains("network = [\"example.cn\"]"), "{text}");
    sweep_all(&place);
    assert_eq!(stored(&place, "ill-source"), 1);

    // An upgrade is another plugin: it waits for a grant of its own.
    let upgrade = mended(&SOURCE, "version = \"0.1.0\"", "version = \"0.1.1\"");
    place.write("data/plugins/ill-source.wasm", upgrade);
    let said = place.run("sweep ill-1 --replay web.warc.gz --data data").ends(1);
    let (_, again) = said.err.split_once("add to grants.toml:\n").unwrap();
    assert_ne!(again, text);
}

#[test]
fn a_grant_of_less_is_less() {
    let place = place(&["1"]);
    let text = grant(&place);
    place.write("data/grants.toml", text.replace("example.cn", "other.example"));
    let said = place.run("sweep ill-1 --replay web.warc.gz --data data --json");
    assert_eq!(said.json()[0]["requests"], 0, "{said}");
    assert_eq!(stored(&place, "ill-source"), 0, "{said}");
    place.write("data/grants.toml", "[[grant]]\nplugin = \"ill-source\"\ndigest = \"x\"\nnetwrok = []\n");
    let typo = place.run("sweep --all --replay web.warc.gz --data data").ends(2);
    assert!(typo.err.contains("netwrok") && typo.err.contains("line 4"), "{typo}");
}

/// Somebody's own plugin under a shipped plugin's name does not get its rights.
#[test]
fn an_installed_plugin_does_not_inherit_the_shipped_ones_grant() {
    let place = place(&[]);
    let shipped = Path::new(env!("CARGO_BIN_EXE_caifeng")).ancestors().nth(2).unwrap().join("plugins/feed.wasm");
    place.write("data/plugins/feed.wasm", std::fs::read(shipped).unwrap());
    let said = place.run("sweep --all --replay web.warc.gz --data data").ends(1);
    assert!(said.err.contains("plugin \"feed\" is not granted"), "{said}");
}

#[test]
fn rubbish_among_the_plugins_stops_nobody() {
    let place = place(&[]);
    place.write("data/plugins/rubbish.wasm", "this is no plugin");
    place.write("data/plugins/ill-source.wasm", &SOURCE[..SOURCE.len() / 2]);
    sweep_all(&place);
    assert_good_are_heard(&place);
}

/// A classifier that fails costs its own opinion: posts are stored, with the opinions of others.
#[test]
fn an_ill_classifier_costs_its_own_opinion() {
    for how in ["panic", "loop", "short", "long"] {
        let place = place(&[]);
        let from = "name = \"how\"\ntype = \"text\"\ndefault = \"\"";
        let to = format!("name=\"how\"\ntype=\"text\"\ndefault=\"{how}\"");
        place.write("data/plugins/ill-classifier.wasm", mended(&CLASSIFIER, from, &to));
        sweep_all(&place);
        let posts = place.run("posts --data data --json").ends(0).json();
        assert_eq!(posts.len(), 4, "{how}");
        for post in &posts {
            let by: Vec<_> = post["labels"].as_array().unwrap().iter().map(|label| &label["by"]).collect();
            assert!(!by.is_empty() && by.iter().all(|by| *by == "triage@0.1.0"), "{how}: {post}");
        }
        let sweep = record(&place, "a-good");
        assert_eq!(sweep.tally.failures[0].kind, FailureKind::Trap, "{how}: {sweep:?}");
        assert!(sweep.tally.failures[0].detail.contains("ill-classifier"), "{how}: {sweep:?}");
    }
}

/// An opinion about what was said must not depend on who said it.
#[test]
fn a_classifier_never_sees_an_author() {
    let place = place(&[]);
    let from = "name = \"how\"\ntype = \"text\"\ndefault = \"\"";
    let curious = mended(&CLASSIFIER, from, "name=\"how\"\ntype=\"text\"\ndefault=\"author\"");
    place.write("data/plugins/ill-classifier.wasm", curious);
    let named = item("1", "第一条", "窗口人员态度恶劣")
        .replace("<pubDate>", "<author>zhang@mail.example (张某)</author><pubDate>");
    recording::write(&place.path("web.warc.gz"), &[Answer::feed("https://a-good.example/rss", &[named])]);
    place.run("sweep a-good --replay web.warc.gz --data data").ends(0);
    let posts = place.run("posts --data data --json").ends(0).json();
    assert!(posts[0]["author"].is_string(), "it has an author: {}", posts[0]);
    let labels = posts[0]["labels"].as_array().unwrap();
    let seen = labels.iter().find(|label| label["by"] == "ill-classifier@0.1.0").unwrap();
    assert_eq!(seen["score"], 0.0, "{seen}");
}

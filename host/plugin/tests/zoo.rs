//! The zoo: everything that a plugin can do wrong, and what it gets.
//!
//! For each fault a line says what the host makes of a call, which law the card names, and with which words. The card
//! names that law and no other; the host says which plugin; and no animal takes longer than its limit or leaves a post
//! that nobody wrote.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guests;

use caifeng_plugin_host::artifact::{Artifact, MANIFEST_SECTION};
use caifeng_plugin_host::contract::{Post, Request};
use caifeng_plugin_host::engine::{CallError, CompiledCache, LoadError, Trap};
use caifeng_plugin_host::fixture::{Call, Fixture, Listed};
use caifeng_plugin_host::laws::{Law, Laws, Score, ScoreCard, Verdict};
use caifeng_plugin_host::loaded::Loaded;
use caifeng_plugin_host::source::Source;
use guests::{CLASSIFIER, ENGINE, SOURCE, crawl, post, request, response};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;
use wasm_encoder::{ComponentSection, CustomSection};

static LAWS: LazyLock<Laws> = LazyLock::new(|| {
    let dir = guests::root().join("target/guests/zoo-compiled");
    Laws::new(Some(CompiledCache { dir, key: [7; 32] })).unwrap()
});

const TODAY: i64 = 1_700_000_000;
const LIST: &str = "<html>\n<ul>\n<li id=\"10231\">幸福路的路灯坏了</li>\n<li id=\"10232\">城东片区停水</li>\n<li id=\"10233\">建议增设公交站</li>\n<li id=\"10234\">窗口态度很好</li>\n<li id=\"10235\">河边有人倒垃圾</li>\n</ul>\n</html>\n";
const ITEM: &str = "<html>\n<article id=\"20001\">一篇文章，说的是停水的事。</article>\n</html>\n";
const MANIFEST: &str = include_str!("../../../tests/guests/source/plugin.toml");

/// What does not answer cannot answer as expected either: that is told of the law that it breaks.
fn broken(card: &ScoreCard) -> Vec<Law> {
    let failed = card.laws.iter().filter(|score| score.verdict == Verdict::Fail);
    let unanswered = |score: &&Score| {
        score.law == Law::Expectations
            && score.findings.iter().all(|finding| finding.problem.starts_with("no answer: "))
    };
    failed.filter(|score| !unanswered(score)).map(|score| score.law).collect()
}

fn found(card: &ScoreCard, law: Law) -> String {
    card.of(law).unwrap().findings.iter().map(|finding| format!("{finding}\n")).collect()
}

fn reading(how: &str, step: &str, body: &str) -> Call {
    Call::Parse { crawl: crawl(how), request: Request { step: step.to_owned(), ..request() }, response: response(body) }
}

/// A fixture that expects what the plugin says to it; where it says nothing, what a good one would.
fn fixture(plugin: &Loaded, name: &str, call: Call, good: Call) -> Listed {
    let mut fixture = Fixture { name: name.to_owned(), note: String::new(), call: good, expect: None };
    let wanted = fixture.run(plugin).unwrap().outcome.ok();
    fixture.call = call;
    fixture.expect = fixture.run(plugin).unwrap().outcome.ok().or(wanted);
    (PathBuf::from(name), Ok(fixture))
}

/// The card of the ill source with one fault.
fn card(how: &str) -> ScoreCard {
    let plugin = Loaded::load(&ENGINE, &SOURCE).unwrap();
    let list = fixture(&plugin, "list", reading(how, "list", LIST), reading("reads", "list", LIST));
    let item = fixture(&plugin, "item", reading("reads", "item", ITEM), reading("reads", "item", ITEM));
    LAWS.check(SOURCE.bytes(), &[list, item], TODAY)
}

/// What the host makes of one call: the trap, or how many posts and requests it keeps, and what it turned away.
fn host(how: &str) -> String {
    let called = Source::load(&ENGINE, &SOURCE).unwrap().crawl(&crawl(how)).parse(&request(), &response("一\n二"));
    // The limit is 200 ms; a machine that others use may take more, but never much.
    assert!(called.cost.wall < Duration::from_secs(5), "{how} took {:?}", called.cost.wall);
    match called.outcome {
        Ok(page) => {
            assert!(page.posts.iter().all(|post| !post.id.trim().is_empty()), "{how}: {page:?}");
            let turned = page.skipped.first().map_or(String::new(), |line| format!(", {line}"));
            format!("{} posts, {} requests{turned}", page.posts.len(), page.follow.len())
        }
        Err(error) => error.to_string(),
    }
}

/// What one call of the source gets, and the law that the card names, with its words.
#[rustfmt::skip]
const SOURCES: &[(&str, &str, Law, &str)] = &[
    ("loop", "stopped after 200 ms", Law::Termination, "no answer: stopped after 200 ms: an endless loop"),
    ("allocate", "out of memory: limit 64 MiB", Law::Termination, "out of memory: limit 64 MiB"),
    ("panic", "第 2 行读不懂", Law::Termination, "读不懂"),
    ("index", "index out of bounds", Law::Termination, "index out of bounds"),
    ("abort", "unreachable", Law::Termination, "no answer: trapped"),
    ("stack", "stack overflow", Law::Termination, "stack overflow"),
    ("clock", "a plugin has no clock: use crawl.now", Law::Termination, "a plugin has no clock: use crawl.now"),
    ("million", "out of memory: limit 64 MiB", Law::Termination, "out of memory"),
    ("giant", "result too large: more than 8 MiB", Law::Termination, "result too large: more than 8 MiB"),
    ("not-unicode", "breaks the contract: invalid utf-8", Law::Termination, "invalid utf-8"),
    ("lying-length", "breaks the contract: ", Law::Termination, "no answer: breaks the contract"),
    ("also-over", "unexpected", Law::Termination, "result too large: 10006 posts, limit 10000"),
    ("also-million-follow", "unexpected", Law::Termination, "50000 follow-up requests, limit 10000"),
    ("also-ids-empty", "unexpected", Law::Posts, "post 1: no id"),
    ("also-ids-long", "unexpected", Law::Posts, "an id of 5000 bytes, limit 512"),
    ("also-control-id", "unexpected", Law::Posts, "a control character in its id"),
    ("also-javascript", "unexpected", Law::Posts, "not an absolute http or https address: \" java script:alert(1)\""),
    ("also-own-parent", "unexpected", Law::Posts, "it is its own parent"),
    ("also-year-0", "unexpected", Law::Posts, "published outside of the years 1900 to 9999: -62167219200"),
    ("also-year-10000", "unexpected", Law::Posts, "published outside of the years 1900 to 9999: 253402300800"),
    ("also-day-without", "unexpected", Law::Posts, "day-only without a day"),
    ("also-twins", "unexpected", Law::Posts, "another post of the page has its id"),
    ("also-follow", "unexpected", Law::Closure, "request outside of network.allow: https://evil.example.net/"),
    ("also-hash", "unexpected", Law::Determinism, "fresh against warm: post 1: text"),
    ("also-remember", "unexpected", Law::Determinism, "fresh against warm: post 0: not expected"),
    ("reads-elsewhere", "unexpected", Law::Closure, "request outside of network.allow"),
    ("reads-half-ids", "unexpected", Law::Damage, "cut at "),
    ("reads-everything-anew", "1 posts", Law::Damage, "emptied: invents a post"),
    ("reads-login-as-post", "unexpected", Law::Damage, "with a login page in its place: invents a post"),
    ("reads-text-into-ids", "unexpected", Law::Damage, "elements reversed: invents a post"),
    ("reads-between-the-lines", "unexpected", Law::Damage, "lines reversed: invents a post"),
    ("reads-other-pages", "unexpected", Law::Damage, "with the body of item: invents a post"),
    ("reads-empty-as-empty", "unexpected", Law::Damage, "emptied: takes an empty body for a page"),
    ("reads-captcha-as-empty", "unexpected", Law::Damage, "takes a login or captcha page for a page"),
    ("reads-half-as-empty", "unexpected", Law::Damage, "an empty page of a page that was cut"),
    ("reads-half-as-gone", "gone", Law::Damage, "says \"gone\" of a page that was cut"),
    ("reads-other-pages-as-empty", "unexpected", Law::Damage, "an empty page, where another step reads posts"),
    ("reads-and-panics-on-half", "no end", Law::Damage, "no answer: trapped: "),
    ("gone", "gone", Law::Coverage, "step list: no fixture"),
    ("blocked", "blocked: captcha", Law::Coverage, "step list: no fixture"),
];

#[test]
fn each_source_breaks_its_law_and_no_other() {
    for (how, says, law, finding) in SOURCES {
        let host = host(how);
        assert!(host.contains(says), "{how}: the host says {host:?}");
        let card = card(how);
        assert_eq!(broken(&card), [*law], "{how}\n{card}");
        assert!(found(&card, *law).contains(finding), "{how}\n{card}");
        assert_eq!((card.plugin.as_str(), card.version.as_str()), ("ill-source", "0.1.0"));
    }
}

/// What is only to be looked at is shown and breaks nothing; what the host sets right is no fault.
#[test]
fn odd_ones_pass() {
    for (how, law) in [
        ("also-markup", Some(Law::Posts)),
        ("also-identity", Some(Law::Closure)),
        ("also-cycle", None),
        ("also-ids-repeated", None),
    ] {
        let card = card(how);
        assert_eq!(broken(&card), [], "{how}\n{card}");
        let warned: Vec<Law> =
            card.laws.iter().filter(|score| score.verdict == Verdict::Warn).map(|score| score.law).collect();
        assert!(law.is_none_or(|law| warned.contains(&law)), "{how}\n{card}");
    }
}

#[rustfmt::skip]
const CLASSIFIERS: &[(&str, Law, &str)] = &[
    ("panic", Law::Termination, "no opinion"),
    ("loop", Law::Termination, "stopped after 200 ms"),
    ("short", Law::Labels, "2 lists of labels for 3 posts"),
    ("long", Law::Labels, "4 lists of labels for 3 posts"),
    ("undeclared", Law::Labels, "a label that the manifest does not declare"),
    ("score-high", Law::Labels, "a score that is not between 0 and 1"),
    ("score-low", Law::Labels, "a score that is not between 0 and 1"),
    ("score-nan", Law::Labels, "a score that is not between 0 and 1"),
    ("invented", Law::Labels, "evidence that the post does not hold"),
    ("breaks-on-empty", Law::Damage, "emptied: no answer: "),
    ("refuses-empty", Law::Damage, "emptied: refuses the whole batch"),
    ("labels-empty", Law::Damage, "invents a label of a post without words"),
    ("remembers", Law::Determinism, "fresh against warm"),
    ("needs-company", Law::Determinism, "post 1 alone: "),
    ("first-counts-more", Law::Determinism, "in another order: "),
    ("twice", Law::Labels, "label problem twice for one post"),
    ("labels-everything", Law::Coverage, "every post of every fixture has it"),
    ("never", Law::Coverage, "label problem: no fixture"),
];

#[test]
fn each_classifier_breaks_its_law_and_no_other() {
    let plugin = Loaded::load(&ENGINE, &CLASSIFIER).unwrap();
    for (how, law, finding) in CLASSIFIERS {
        let posts = vec![
            post("路灯 坏了"),
            Post { id: "2".to_owned(), ..post("停水 三天") },
            Post { id: "3".to_owned(), ..post("谢谢 帮忙") },
        ];
        let call = |how: &str| Call::Posts { settings: vec![("how".to_owned(), how.to_owned())], posts: posts.clone() };
        let card = LAWS.check(CLASSIFIER.bytes(), &[fixture(&plugin, "two", call(how), call("good"))], TODAY);
        assert_eq!(broken(&card), [*law], "{how}\n{card}");
        assert!(found(&card, *law).contains(finding), "{how}\n{card}");
    }
}

/// A component whose core module is `core`, with the manifest of the ill source. Its functions have no types worth the
/// name, which is only seen once it has started.
fn component(core: &str) -> Vec<u8> {
    with_manifest(
        &format!(
            r#"(component (core module $m {core}) (core instance $i (instantiate $m))
                 (func $f (canon lift (core func $i "f")))
                 (instance $s (export "start" (func $f)) (export "parse" (func $f)))
                 (export "caifeng:plugin/source@0.1.0" (instance $s)))"#
        ),
        MANIFEST.as_bytes(),
    )
}

fn with_manifest(text: &str, manifest: &[u8]) -> Vec<u8> {
    let mut bytes = wat::parse_str(text).unwrap();
    CustomSection { name: MANIFEST_SECTION.into(), data: manifest.into() }.append_to_component(&mut bytes);
    bytes
}

fn exporting(names: &[&str]) -> Vec<u8> {
    let exports: String = names.iter().map(|name| format!(r#"(export "{name}" (instance $i))"#)).collect();
    with_manifest(&format!("(component (instance $i) {exports})"), MANIFEST.as_bytes())
}

const F: &str = r#"(func (export "f"))"#;

/// Files that are no plugins, or stop being one when they start: what the card says of each.
fn files() -> Vec<(&'static str, Vec<u8>, Law, &'static str)> {
    use Law::{Contract, Manifest};
    let good = SOURCE.bytes();
    let started = |code: &str| component(&format!(r#"{F} (memory 1) (table 1 funcref) (func $s {code}) (start $s)"#));
    let source = "(component (instance $i) (export \"caifeng:plugin/source@0.1.0\" (instance $i)))";
    vec![
        ("nothing", Vec::new(), Contract, "an empty file"),
        ("a page", b"<html>".to_vec(), Contract, "a text file"),
        ("text of WebAssembly", b"(component)".to_vec(), Contract, "WebAssembly text"),
        ("another program", b"\x7fELF\x02\xff".to_vec(), Contract, "some other binary file"),
        ("a core module", wat::parse_str("(module)").unwrap(), Contract, "a core WebAssembly module"),
        ("the first half", good[..good.len() / 2].to_vec(), Contract, "damaged"),
        ("the head alone", good[..8].to_vec(), Contract, "exports none of"),
        ("an import of WASI", with_manifest("(component (import \"wasi:cli/environment@0.2.0\" (instance)))", b""), Contract, "must import nothing, its author must remove: wasi:cli/environment@0.2.0"),
        ("an import of a function", with_manifest("(component (import \"log\" (func)))", b""), Contract, "must remove: log"),
        ("no contract", exporting(&[]), Contract, "exports none of `source`, `classifier` and `asker`"),
        ("a contract to come", exporting(&["caifeng:plugin/source@9.0.0"]), Contract, "made for contract 9.0.0, this host speaks 0.1.0"),
        ("a contract long gone", exporting(&["caifeng:plugin/source@0.0.1"]), Contract, "made for contract 0.0.1, this host speaks 0.1.0"),
        ("another package's contract", exporting(&["other:plugin/source@0.1.0"]), Contract, "exports none of"),
        ("two contracts", exporting(&["caifeng:plugin/source@0.1.0", "caifeng:plugin/classifier@0.1.0"]), Contract, "exports more than the contract"),
        ("a door beside the contract", exporting(&["caifeng:plugin/source@0.1.0", "wasi:cli/run@0.2.0"]), Contract, "must remove: wasi:cli/run@0.2.0"),
        ("a contract in name only", exporting(&["caifeng:plugin/source@0.1.0"]), Contract, "no function start"),
        ("functions of other types", component(F), Contract, "does not fit the contract it names"),
        ("no manifest", wat::parse_str(source).unwrap(), Manifest, "has no manifest"),
        ("two manifests", { let mut two = component(F); CustomSection { name: MANIFEST_SECTION.into(), data: MANIFEST.as_bytes().into() }.append_to_component(&mut two); two }, Manifest, "more than one manifest"),
        ("a manifest that is no text", with_manifest(source, b"id = \"\xff\""), Contract, "its manifest: invalid utf-8"),
        ("a manifest that is no TOML", with_manifest(source, b"id ="), Manifest, "the manifest is wrong"),
        ("a classifier's manifest", with_manifest(source, include_bytes!("../../../tests/guests/classifier/plugin.toml")), Manifest, "does not suit a source"),
        ("a manifest hidden in a part", wat::parse_str(format!("(component (component (@custom \"{MANIFEST_SECTION}\" \"id\")) (instance $i) (export \"caifeng:plugin/source@0.1.0\" (instance $i)))")).unwrap(), Manifest, "has no manifest"),
        ("a loop before the first call", started("(loop (br 0))"), Contract, "cannot start, its author must act: stopped after 200 ms"),
        ("a trap before the first call", started("unreachable"), Contract, "cannot start, its author must act: trapped"),
        ("memory without end", started("(loop (drop (memory.grow (i32.const 1000))) (br_if 0 (i32.ne (memory.grow (i32.const 100)) (i32.const -1)))) unreachable"), Contract, "out of memory: limit 64 MiB"),
        ("tables without end", started("(loop (br_if 0 (i32.ne (table.grow (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable"), Contract, "too many table elements: limit 20000"),
        ("recursion without end", component(&format!(r#"{F} (func $s (call $s)) (start $s)"#)), Contract, "stack overflow"),
        ("more memory than anybody has", component(&format!("{F} (memory 65535)")), Contract, "its author must"),
        ("two memories", component(&format!("{F} (memory 1) (memory 1)")), Contract, "its author must"),
        ("a memory of 64 bits", component(&format!("{F} (memory i64 1)")), Contract, "its author must"),
    ]
}

#[test]
fn each_file_breaks_its_law_and_no_other() {
    for (what, bytes, law, says) in files() {
        let card = LAWS.check(&bytes, &[], TODAY);
        assert_eq!(broken(&card), [law], "{what}\n{card}");
        assert!(found(&card, law).contains(says), "{what}\n{card}");
    }
}

/// A file in which one bit is another is refused, or it is another plugin, which the sandbox holds like any.
#[test]
fn a_flipped_bit_is_refused_or_held() {
    let good = CLASSIFIER.bytes();
    let (mut refused, mut held) = (0, 0);
    for nth in 0..48 {
        // A step that is no divisor of anything in the file.
        let bit = (nth * 7919 * 13) % (good.len() * 8);
        let mut bytes = good.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let loaded =
            Artifact::read(bytes).map_err(LoadError::from).and_then(|artifact| Loaded::load(&ENGINE, &artifact));
        let Ok(Loaded::Classifier(classifier)) = loaded else {
            refused += 1;
            continue;
        };
        held += 1;
        match classifier.classify(&vec![("how".to_owned(), "good".to_owned())], &[post("路灯 坏了")]).outcome {
            Ok(lists) => assert!(lists.iter().flatten().all(|label| label.name == "problem"), "bit {bit}"),
            Err(CallError::Trap(Trap::Timeout(limit))) => assert!(limit <= Duration::from_secs(10)),
            Err(_) => {}
        }
    }
    assert!(refused > 0 && held > 0, "{refused} refused, {held} held");
}

/// Where `caifeng plugin test` says TRAP, the card does not say that the fixtures answer as expected.
#[test]
fn an_answer_that_breaks_the_contract_is_not_the_one_expected() {
    let plugin = Loaded::load(&ENGINE, &CLASSIFIER).unwrap();
    let call = |how: &str| Call::Posts {
        settings: vec![("how".to_owned(), how.to_owned())],
        posts: vec![post("路灯 坏了")],
    };
    let card = LAWS.check(CLASSIFIER.bytes(), &[fixture(&plugin, "one", call("score-high"), call("good"))], TODAY);
    let said = found(&card, Law::Expectations);
    assert!(said.contains("one, the answer: no answer: breaks the contract: label problem with a score"), "{card}");
    assert_eq!(card.of(Law::Expectations).unwrap().verdict, Verdict::Fail);
}

#[test]
fn the_zoo_is_large() {
    assert!(SOURCES.len() + CLASSIFIERS.len() + files().len() >= 80);
}

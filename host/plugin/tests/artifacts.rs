//! Files that are no plugins, and compiled code that is not ours.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guests;

use caifeng_plugin_host::artifact::{Artifact, MANIFEST_SECTION, PluginKind};
use caifeng_plugin_host::build::{BuildError, encode};
use caifeng_plugin_host::engine::{CompiledCache, Engine, EngineConfig, LoadError};
use caifeng_plugin_host::source::Source;
use guests::{ENGINE, SOURCE, crawl, root};
use wasm_encoder::{ComponentSection, CustomSection};

const MANIFEST: &str = include_str!("../../../tests/guests/source/plugin.toml");

/// A component from its text, with a manifest.
fn component(text: &str) -> Vec<u8> {
    let mut bytes = wat::parse_str(text).unwrap();
    CustomSection { name: MANIFEST_SECTION.into(), data: MANIFEST.as_bytes().into() }.append_to_component(&mut bytes);
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    Artifact::read(bytes).unwrap_err().to_string()
}

#[test]
fn a_plugin_says_what_it_is() {
    assert_eq!(SOURCE.kind(), PluginKind::Source);
    assert_eq!(SOURCE.contract(), "0.1.0");
    assert_eq!(SOURCE.manifest().id, "ill-source");
    assert_eq!(SOURCE.manifest_text(), MANIFEST);
    assert_eq!(SOURCE.digest().to_string().len(), 64);
}

#[test]
fn what_is_no_component_is_refused_with_what_it_is() {
    insta::assert_snapshot!(refusal(b""), @"not a plugin, choose a component made by `caifeng plugin build`: this is an empty file");
    insta::assert_snapshot!(refusal(b"<html>"), @"not a plugin, choose a component made by `caifeng plugin build`: this is a text file");
    insta::assert_snapshot!(refusal(b"(component)"), @"not a plugin, choose a component made by `caifeng plugin build`: this is WebAssembly text");
    insta::assert_snapshot!(refusal(b"\x7fELF\x02\xff"), @"not a plugin, choose a component made by `caifeng plugin build`: this is some other binary file");
    insta::assert_snapshot!(refusal(&wat::parse_str("(module)").unwrap()), @"not yet a plugin, its author must build it with `caifeng plugin build`: this is a core WebAssembly module");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = SOURCE.bytes();
    for cut in (0..bytes.len()).step_by(bytes.len() / 97) {
        assert!(Artifact::read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn every_import_is_named() {
    let text = r#"(component (import "wasi:cli/environment@0.2.0" (instance)) (import "log" (func)))"#;
    insta::assert_snapshot!(refusal(&component(text)), @"a plugin must import nothing, its author must remove: wasi:cli/environment@0.2.0, log");
}

#[test]
fn the_contract_and_nothing_else_is_exported() {
    let export = |names: &[&str]| {
        let exports: String = names.iter().map(|name| format!(r#"(export "{name}" (instance $i))"#)).collect();
        refusal(&component(&format!("(component (instance $i) {exports})")))
    };
    insta::assert_snapshot!(export(&[]), @"exports none of `source`, `classifier` and `asker` of `caifeng:plugin`, its author must export one; it exports: nothing");
    insta::assert_snapshot!(export(&["caifeng:plugin/source@9.0.0"]), @"made for contract 9.0.0, this host speaks 0.1.0: rebuild the plugin or update the host");
    insta::assert_snapshot!(export(&["caifeng:plugin/source@0.1.0", "wasi:cli/run@0.2.0"]), @"exports more than the contract, its author must remove: wasi:cli/run@0.2.0");
}

#[test]
fn a_contract_in_name_only_is_refused_when_loaded() {
    let bytes = component(r#"(component (instance $i) (export "caifeng:plugin/source@0.1.0" (instance $i)))"#);
    let artifact = Artifact::read(bytes).unwrap();
    assert!(matches!(Source::load(&ENGINE, &artifact), Err(LoadError::Shape(_))));
}

#[test]
fn without_a_manifest_or_with_another_kinds_it_is_refused() {
    let text = r#"(component (instance $i) (export "caifeng:plugin/classifier@0.1.0" (instance $i)))"#;
    insta::assert_snapshot!(refusal(&wat::parse_str(text).unwrap()), @"has no manifest, its author must build it with `caifeng plugin build` beside a plugin.toml");
    insta::assert_snapshot!(refusal(&component(text)), @"the manifest does not suit a classifier, its author must mend it: it needs a [[label]]");
}

#[test]
fn what_a_guest_links_from_outside_is_named() {
    let module = wat::parse_str(
        r#"(module (import "env" "send" (func)) (import "wasi_snapshot_preview1" "sock_recv" (func)) (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))))"#,
    )
    .unwrap();
    let Err(BuildError::Links(names)) = encode(&module, MANIFEST) else { panic!("taken") };
    assert_eq!(names, ["env::send", "wasi_snapshot_preview1::sock_recv"]);
    assert!(matches!(encode(&module, "id = 1"), Err(BuildError::Manifest(_))));
    assert!(matches!(
        encode(&wat::parse_str("(module)").unwrap(), MANIFEST),
        Err(BuildError::Encode(_) | BuildError::Artifact(_))
    ));
}

/// Loads with a cache and says what its one entry then holds.
fn load_with(cache: &CompiledCache) -> Vec<u8> {
    let engine =
        Engine::new(EngineConfig { instances: 4, cache: Some(cache.clone()), ..EngineConfig::default() }).unwrap();
    let source = Source::load(&engine, &SOURCE).unwrap();
    assert_eq!(source.crawl(&crawl("2")).start().outcome.unwrap().len(), 1);
    std::fs::read(entry(cache)).unwrap()
}

fn entry(cache: &CompiledCache) -> std::path::PathBuf {
    let files: Vec<_> = std::fs::read_dir(&cache.dir).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("not one entry: {files:?}") };
    file.clone()
}

#[test]
fn compiled_code_is_kept_and_tampering_is_undone() {
    let dir = tempfile::tempdir_in(root().join("target")).unwrap();
    let cache = CompiledCache { dir: dir.path().join("compiled"), key: [7; 32] };
    let kept = load_with(&cache);
    assert_eq!(load_with(&cache), kept, "an entry with a right seal is left alone");
    let middle = kept.len() / 2;
    let changed = |at: usize| {
        let mut bytes = kept.clone();
        bytes[at] ^= 1;
        bytes
    };
    for bad in [changed(0), changed(32), changed(middle), kept[..middle].to_vec(), kept[..10].to_vec(), Vec::new()] {
        std::fs::write(entry(&cache), bad).unwrap();
        assert_eq!(load_with(&cache), kept, "a bad entry is replaced");
    }
}

#[test]
fn an_entry_under_another_key_is_not_loaded() {
    let dir = tempfile::tempdir_in(root().join("target")).unwrap();
    let ours = CompiledCache { dir: dir.path().to_owned(), key: [7; 32] };
    let theirs = CompiledCache { key: [8; 32], ..ours.clone() };
    let (first, second) = (load_with(&theirs), load_with(&ours));
    assert_ne!(first[..32], second[..32], "sealed anew");
    assert_eq!(first[32..], second[32..], "the same code");
}

/// Parsers of bytes stand on `memchr`, which has vectors only where the build allows them.
#[test]
fn guests_are_built_with_vectors() {
    use wasmparser::{Operator, Parser, Payload};
    let mut vectors = 0;
    for payload in Parser::new(0).parse_all(SOURCE.bytes()) {
        if let Payload::CodeSectionEntry(body) = payload.unwrap() {
            let operators = body.get_operators_reader().unwrap().into_iter();
            vectors += operators.filter(|operator| matches!(operator, Ok(Operator::V128Load { .. }))).count();
        }
    }
    assert!(vectors > 0, "no vector is loaded anywhere");
}

//! What the sandbox adds to a call: a fresh instance and one trivial call
//! through this crate, beside wasmtime's own instantiate-and-call on the same
//! component, and a hundred posts of 1 kB in and out of a classifier.
//!
//! `cargo run --profile release --example overhead -- SOURCE.wasm CLASSIFIER.wasm`,
//! with the two ill-behaved guests; prints one JSON object a line.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement: it prints, and stops at the first surprise"
)]

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::classifier::Classifier;
use caifeng_plugin_host::contract::{Crawl, Kind, Post, Reactions, Target};
use caifeng_plugin_host::engine::{Engine, EngineConfig};
use caifeng_plugin_host::source::Source;
use std::hint::black_box;
use std::time::Instant;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

#[allow(missing_docs, reason = "generated")]
mod raw {
    wasmtime::component::bindgen!({ path: "../../wit", world: "source-plugin" });
}

/// Median and 99th percentile of `run`, in microseconds.
fn measure(name: &str, mut run: impl FnMut()) {
    (0..200).for_each(|_| run());
    let mut micros: Vec<f64> = (0..3000)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    for (what, at) in [("median", 1500), ("p99", 2970)] {
        println!(
            r#"{{"name":"{name}, {what}","value":{:.1},"unit":"µs"}}"#,
            micros[at]
        );
    }
}

fn post(n: usize) -> Post {
    Post {
        id: n.to_string(),
        kind: Kind::Post,
        url: format!("https://example.cn/{n}"),
        parent: None,
        author: None,
        publisher: None,
        title: Some("标题".to_owned()),
        text: "a".repeat(1000),
        language: None,
        published: None,
        day_only: false,
        edited: None,
        reactions: Reactions::default(),
        media: Vec::new(),
        extra: Vec::new(),
    }
}

fn main() {
    let mut files = std::env::args()
        .skip(1)
        .map(|path| Artifact::read(std::fs::read(path).unwrap()).unwrap());
    let (source, classifier) = (files.next().unwrap(), files.next().unwrap());
    bare(source.bytes());
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let loaded = Source::load(&engine, &source).unwrap();
    let crawl = Crawl {
        target: Target::Keyword("1".to_owned()),
        site: None,
        settings: Vec::new(),
        since: 0,
        now: 0,
        utc_offset: 0,
    };
    measure("fresh instance and call", || {
        black_box(loaded.crawl(&crawl).start().outcome.unwrap());
    });
    let mut crawling = loaded.crawl(&crawl);
    measure("call on a live instance", || {
        black_box(crawling.start().outcome.unwrap());
    });
    let loaded = Classifier::load(&engine, &classifier).unwrap();
    let posts: Vec<_> = (0..100).map(post).collect();
    let settings = loaded.manifest().settings(&Vec::new()).unwrap();
    measure(
        "100 posts of 1 kB in, their text out as evidence, fresh instance",
        || {
            black_box(loaded.classify(&settings, &posts).outcome.unwrap());
        },
    );
}

/// wasmtime alone, set up as the engine sets it up, without limits.
fn bare(component: &[u8]) {
    use raw::exports::caifeng::plugin::source::{Crawl, Target};
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(
        PoolingAllocationConfig::new(),
    ));
    config.epoch_interruption(true);
    let engine = wasmtime::Engine::new(&config).unwrap();
    let component = Component::from_binary(&engine, component).unwrap();
    let pre = Linker::new(&engine).instantiate_pre(&component).unwrap();
    let pre = raw::SourcePluginPre::new(pre).unwrap();
    let crawl = Crawl {
        target: Target::Keyword("1".to_owned()),
        site: None,
        settings: Vec::new(),
        since: 0,
        now: 0,
        utc_offset: 0,
    };
    measure("wasmtime's own instantiate and call", || {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(1000);
        let plugin = pre.instantiate(&mut store).unwrap();
        black_box(
            plugin
                .caifeng_plugin_source()
                .call_start(&mut store, &crawl)
                .unwrap()
                .unwrap(),
        );
    });
}

//! What the sandbox adds to a call: a fresh instance, one trivial call, and the
//! end of the instance, beside the same through Wasmtime's own interface.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Context as _;
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::{Crawl, Target};
use caifeng_plugin_host::engine::Engine;
use caifeng_plugin_host::source::Source;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use crate::report::{Figure, Goal, percentile};

#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
mod raw {
    wasmtime::component::bindgen!({ path: "../wit", world: "source-plugin" });
}

const CALLS: usize = 4_000;
const WARM: usize = 400;
const LISTING: &str = "https://www.example.gov.cn/rss/news.xml";

/// Prints median and 99th percentile of both.
pub(crate) fn run(engine: &Engine, feed: &Artifact) -> anyhow::Result<()> {
    let source = Source::load(engine, feed)?;
    let mut bare = Bare::new(feed.bytes())?;
    let crawl = Crawl {
        target: Target::Listing(LISTING.to_owned()),
        site: None,
        settings: Vec::new(),
        since: 0,
        now: 0,
        utc_offset: 0,
    };
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    // Turn by turn, so that whatever else the machine does falls on both.
    for round in 0..WARM + CALLS {
        let start = Instant::now();
        black_box(source.crawl(&crawl).start().outcome?);
        let middle = Instant::now();
        black_box(bare.call()?);
        let end = Instant::now();
        if round >= WARM {
            ours.push((middle - start).as_secs_f64() * 1e6);
            raw.push((end - middle).as_secs_f64() * 1e6);
        }
    }
    ours.sort_by(f64::total_cmp);
    raw.sort_by(f64::total_cmp);
    for (name, fraction) in [("call.fresh.median", 0.5), ("call.fresh.p99", 0.99)] {
        Figure::new(name, percentile(&ours, fraction), "us")
            .against("wasmtime's own instantiate, call, drop", percentile(&raw, fraction))
            .goal(Goal::AtMost(2.0))
            .print();
    }
    Ok(())
}

/// Wasmtime alone: the same pool, the same clock for time limits, the types
/// that its own macro makes, no limits and nothing checked.
struct Bare {
    engine: wasmtime::Engine,
    plugin: raw::SourcePluginPre<()>,
}

impl Bare {
    fn new(component: &[u8]) -> anyhow::Result<Self> {
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::new()));
        config.epoch_interruption(true);
        let engine = wasmtime::Engine::new(&config).map_err(plain)?;
        let component = Component::from_binary(&engine, component).map_err(plain)?;
        let pre = Linker::new(&engine).instantiate_pre(&component).map_err(plain)?;
        let plugin = raw::SourcePluginPre::new(pre).map_err(plain)?;
        Ok(Self { engine, plugin })
    }

    fn call(&mut self) -> anyhow::Result<usize> {
        use raw::exports::caifeng::plugin::source::{Crawl, Target};
        let crawl = Crawl {
            target: Target::Listing(LISTING.to_owned()),
            site: None,
            settings: Vec::new(),
            since: 0,
            now: 0,
            utc_offset: 0,
        };
        let mut store = Store::new(&self.engine, ());
        store.set_epoch_deadline(1_000);
        let plugin = self.plugin.instantiate(&mut store).map_err(plain)?;
        let answer = plugin.caifeng_plugin_source().call_start(&mut store, &crawl).map_err(plain)?;
        Ok(answer.ok().context("the plugin refused")?.len())
    }
}

fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

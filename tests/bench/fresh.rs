//! What a fresh instance costs beside a warm one, for every shipped plugin, and what loading compiled code takes.
//!
//! A plugin is measured by its own fixtures that read something: recorded pages of one to fifteen kilobytes, which are
//! short beside a site's, so that what an instance costs weighs more here than in a crawl.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use caifeng::plugins::Registry;
use caifeng_plugin_host::engine::{CompiledCache, Engine, EngineConfig};
use caifeng_plugin_host::fixture::{Call, Fixture};
use caifeng_plugin_host::loaded::Loaded;

use crate::report::{Figure, Goal, percentile};

const ROUNDS: usize = 200;
const LOADS: usize = 20;

/// Prints a line for each plugin, and the slowest load.
pub(crate) fn run(engine: &Engine, registry: &Registry, scratch: &Path) -> anyhow::Result<()> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let mut slowest = 0.0_f64;
    for found in registry.all() {
        let artifact = found.artifact.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
        let id = &artifact.manifest().id;
        let plugin = Loaded::load(engine, artifact)?;
        let (mut fresh, mut warm) = (Duration::ZERO, Duration::ZERO);
        for (_, fixture) in Fixture::all(&sources.join(id).join("fixtures"))? {
            let fixture = fixture?;
            if !matches!(fixture.call, Call::Start(_)) {
                let measured = fixture.measure(&plugin, ROUNDS)?.with_context(|| fixture.name.clone())?;
                fresh += measured.fresh;
                warm += measured.warm;
            }
        }
        Figure::new(format!("fresh.{id}"), fresh.as_secs_f64() * 1e6, "us for its fixtures")
            .against("warm", warm.as_secs_f64() * 1e6)
            .goal(Goal::AtMost(1.3))
            .print();
        let cache = CompiledCache { dir: scratch.join("compiled"), key: [7; 32] };
        let cached = Engine::new(EngineConfig { cache: Some(cache), instances: 4, ..EngineConfig::default() })?;
        Loaded::load(&cached, artifact)?;
        let mut loads = Vec::new();
        for _ in 0..LOADS {
            let start = Instant::now();
            Loaded::load(&cached, artifact)?;
            loads.push(start.elapsed().as_secs_f64() * 1e3);
        }
        loads.sort_by(f64::total_cmp);
        slowest = slowest.max(percentile(&loads, 0.5));
    }
    Figure::new("load.cached", slowest, "ms, the slowest plugin's median").goal(Goal::AtMost(10.0)).print();
    Ok(())
}

//! `caifeng plugin bench`: what each step takes, beside what it may take.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::engine::{Engine, EngineConfig, Limits};
use caifeng_plugin_host::fixture::{Call, Fixture, Measured};
use caifeng_plugin_host::loaded::Loaded;
use serde::Serialize;

use super::super::output::{Lines, note, progress};
use super::super::workplace;
use super::super::{Exit, OrExit, Outcome};
use super::folder::PluginArgs;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A fresh instance is what a crawl or a batch begins with; a warm one has answered before. If the first is much slower, set up in `warm` what every call needs."
)]
pub(super) struct BenchArgs {
    #[command(flatten)]
    plugin: PluginArgs,
    /// How often each fixture is played on either
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// What the slowest fixture of a step takes, beside the limits of a call.
#[derive(Serialize)]
struct Line {
    step: String,
    /// The slowest fixture of the step.
    fixture: String,
    fixtures: usize,
    fresh_us: f64,
    warm_us: f64,
    /// Fresh over warm, all fixtures of the step together.
    ratio: f64,
    instructions: Option<u64>,
    memory_kib: usize,
    limit_ms: u128,
    limit_mib: usize,
}

/// A fixture's figures.
struct Seen<'a> {
    fixture: &'a str,
    measured: Measured,
    instructions: Option<u64>,
}

/// Runs `caifeng plugin bench`.
pub(super) fn run(args: &BenchArgs) -> Outcome {
    let subject = args.plugin.subject()?;
    let artifact = Artifact::read(subject.bytes).with_context(|| subject.path.display().to_string());
    let artifact = artifact.or_exit(Exit::Plugin)?;
    let plugin = Loaded::load(&workplace::engine(None)?, &artifact).or_exit(Exit::Plugin)?;
    // Instructions are counted apart, because counting them takes time.
    let config = EngineConfig { metered: true, instances: 4, ..EngineConfig::default() };
    let counting = Loaded::load(&Engine::new(config).or_exit(Exit::Internal)?, &artifact).or_exit(Exit::Plugin)?;
    let bar = progress(subject.fixtures.len() as u64, "playing");
    let mut steps: BTreeMap<String, Vec<Seen<'_>>> = BTreeMap::new();
    let mut bad = 0;
    for (dir, fixture) in &subject.fixtures {
        bar.inc(1);
        let seen = fixture.as_ref().map_err(ToString::to_string);
        match seen.and_then(|fixture| Ok((fixture, measure(fixture, &plugin, &counting, args.rounds)?))) {
            Ok((fixture, seen)) => steps.entry(step(&fixture.call).to_owned()).or_default().push(seen),
            Err(problem) => {
                bad += 1;
                note(format_args!("{}: {problem}", dir.display()));
            }
        }
    }
    bar.finish_and_clear();
    print(&steps, plugin.limits(), args.json).or_exit(Exit::Internal)?;
    if steps.is_empty() {
        note(format_args!("{}: no fixture to play: docs/plugins.md says how to write one", artifact.manifest().id));
    }
    Ok(if bad == 0 && !steps.is_empty() { Exit::Done } else { Exit::Plugin })
}

fn measure<'a>(fixture: &'a Fixture, plugin: &Loaded, counting: &Loaded, rounds: u16) -> Result<Seen<'a>, String> {
    let measured = fixture.measure(plugin, usize::from(rounds)).map_err(|error| error.to_string())?;
    let measured = measured.map_err(|trap| trap.to_string())?;
    let instructions = fixture.run(counting).map_err(|error| error.to_string())?.cost.fuel;
    Ok(Seen { fixture: &fixture.name, measured, instructions })
}

/// The step, or the function, that a call is one of.
fn step(call: &Call) -> &str {
    call.step().unwrap_or(match call {
        Call::Start(_) => "(start)",
        _ => "(posts)",
    })
}

fn print(steps: &BTreeMap<String, Vec<Seen<'_>>>, limits: &Limits, json: bool) -> std::io::Result<()> {
    let mut lines = Lines::new();
    if !json && !steps.is_empty() {
        let of = (limits.time.as_millis(), limits.memory >> 20);
        lines.text(format_args!("a call may take {} ms and {} MiB; of each step its slowest fixture:", of.0, of.1))?;
        lines.text(format_args!(
            "{:<12} {:>10} {:>10} {:>6} {:>14} {:>10}  {}",
            "step", "fresh", "warm", "ratio", "instructions", "memory", "fixture"
        ))?;
    }
    for line in steps.iter().filter_map(|(step, seen)| line(step, seen, limits)) {
        if json {
            lines.json(&line)?;
            continue;
        }
        lines.text(format_args!(
            "{:<12} {:>7.0} µs {:>7.0} µs {:>6.2} {:>14} {:>6} KiB  {} (of {})",
            line.step,
            line.fresh_us,
            line.warm_us,
            line.ratio,
            line.instructions.map_or_else(|| "?".to_owned(), |count| count.to_string()),
            line.memory_kib,
            line.fixture,
            line.fixtures
        ))?;
    }
    lines.flush()
}

fn line(step: &str, seen: &[Seen<'_>], limits: &Limits) -> Option<Line> {
    let slowest = seen.iter().max_by_key(|seen| seen.measured.fresh)?;
    let sum = |of: fn(&Measured) -> Duration| seen.iter().map(|seen| of(&seen.measured)).sum::<Duration>();
    let (fresh, warm) = (sum(|m| m.fresh).as_secs_f64(), sum(|m| m.warm).as_secs_f64());
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    Some(Line {
        step: step.to_owned(),
        fixture: slowest.fixture.to_owned(),
        fixtures: seen.len(),
        fresh_us: us(slowest.measured.fresh),
        warm_us: us(slowest.measured.warm),
        ratio: if warm > 0.0 { fresh / warm } else { 1.0 },
        instructions: slowest.instructions,
        memory_kib: seen.iter().map(|seen| seen.measured.memory).max().unwrap_or(0) >> 10,
        limit_ms: limits.time.as_millis(),
        limit_mib: limits.memory >> 20,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_shown_by_its_slowest_fixture_and_its_ratio_is_of_all() {
        let seen = |fixture, fresh, warm, memory| Seen {
            fixture,
            measured: Measured { fresh: Duration::from_micros(fresh), warm: Duration::from_micros(warm), memory },
            instructions: Some(fresh),
        };
        let limits = EngineConfig::default().usual;
        let line = line("list", &[seen("a", 30, 20, 4 << 10), seen("b", 90, 40, 2 << 10)], &limits).unwrap();
        assert_eq!((line.fixture.as_str(), line.instructions, line.memory_kib), ("b", Some(90), 4));
        assert!((line.ratio - 2.0).abs() < 1e-9, "{}", line.ratio);
        assert!(super::line("list", &[], &limits).is_none());
    }
}

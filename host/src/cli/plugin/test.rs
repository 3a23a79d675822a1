//! `caifeng plugin test`: the fixtures, offline, and how the answers differ.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::fixture::{Answer, Fixture, FixtureError, difference};
use caifeng_plugin_host::loaded::Loaded;
use serde::Serialize;

use super::super::output::{Lines, error, note};
use super::super::workplace;
use super::super::{Exit, Failed, OrExit, Outcome};
use super::folder::{PluginArgs, last_change};

#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    plugin: PluginArgs,
    /// Make the answers what the fixtures expect; look at them before you commit them
    #[arg(long)]
    accept: bool,
    /// Test again whenever the source or a fixture changes, until interrupted
    #[arg(long, conflicts_with = "accept")]
    watch: bool,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// How often a watched folder is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// What became of one fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// It answers as expected.
    Same,
    /// It answers otherwise.
    Different,
    /// Nobody has said what to expect.
    New,
    /// Its answer was made the expectation.
    Accepted,
    /// The plugin trapped.
    Trapped,
    /// The fixture is wrong.
    Unusable,
}

/// A line of the result.
#[derive(Serialize)]
struct Tested {
    fixture: String,
    verdict: Verdict,
    /// The answer in a few words, or what is wrong.
    answer: String,
    differences: Vec<String>,
}

/// Runs `caifeng plugin test`.
pub(super) fn run(args: &TestArgs) -> Outcome {
    if !args.watch {
        return once(args);
    }
    let Some(folder) = args.plugin.folder() else {
        return Err(anyhow!("--watch: name the source folder of a plugin")).or_exit(Exit::Usage);
    };
    loop {
        // Before the test: what changes meanwhile is tested again.
        let seen = last_change(&folder);
        if let Err(failed) = once(args) {
            error(&failed.error);
        }
        note("waiting for a change; interrupt to end");
        while last_change(&folder) == seen {
            rest();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a folder does not say when it changes: it is looked at")]
fn rest() {
    std::thread::sleep(LOOK);
}

fn once(args: &TestArgs) -> Outcome {
    let subject = args.plugin.subject()?;
    let artifact = Artifact::read(subject.bytes).with_context(|| subject.path.display().to_string());
    let artifact = artifact.or_exit(Exit::Plugin)?;
    let plugin = Loaded::load(&workplace::engine(None)?, &artifact).or_exit(Exit::Plugin)?;
    let mut lines = Lines::new();
    let mut bad = 0;
    for (dir, fixture) in &subject.fixtures {
        let tested = test(&plugin, dir, fixture.as_ref(), args.accept)?;
        bad += usize::from(!matches!(tested.verdict, Verdict::Same | Verdict::Accepted));
        print(&mut lines, &tested, args.json).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    let (id, total) = (&artifact.manifest().id, subject.fixtures.len());
    if total == 0 {
        note(format_args!("{id}: no fixtures: docs/plugins.md says how to write one"));
        return Ok(Exit::Plugin);
    }
    note(format_args!("{id}: {} of {total} fixtures as expected", total - bad));
    Ok(if bad == 0 { Exit::Done } else { Exit::Plugin })
}

fn test(plugin: &Loaded, dir: &Path, fixture: Result<&Fixture, &FixtureError>, accept: bool) -> Result<Tested, Failed> {
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let tested = |verdict, answer: String, differences| Tested { fixture: name.clone(), verdict, answer, differences };
    let fixture = match fixture {
        Ok(fixture) => fixture,
        Err(error) => return Ok(tested(Verdict::Unusable, error.to_string(), Vec::new())),
    };
    let answer = match fixture.run(plugin) {
        Ok(ran) => match ran.outcome {
            Ok(answer) => answer,
            Err(trap) => return Ok(tested(Verdict::Trapped, trap.to_string(), Vec::new())),
        },
        Err(error) => return Ok(tested(Verdict::Unusable, error.to_string(), Vec::new())),
    };
    let differences = fixture.expect.as_ref().map(|expected| difference(expected, &answer, fixture.call.utc_offset()));
    let verdict = match &differences {
        // What is not told apart is read as equal, so that a difference is never accepted unseen.
        Some(_) if fixture.expect.as_ref() == Some(&answer) => Verdict::Same,
        _ if accept => accepted(dir, &answer)?,
        Some(_) => Verdict::Different,
        None => Verdict::New,
    };
    Ok(tested(verdict, answer.brief(), differences.unwrap_or_default()))
}

fn accepted(dir: &Path, answer: &Answer) -> Result<Verdict, Failed> {
    Fixture::accept(dir, answer).or_exit(Exit::Usage)?;
    Ok(Verdict::Accepted)
}

fn print(lines: &mut Lines, tested: &Tested, json: bool) -> std::io::Result<()> {
    if json {
        return lines.json(tested);
    }
    let Tested { fixture, verdict, answer, differences } = tested;
    let (mark, hint) = match verdict {
        Verdict::Same => ("ok", ""),
        Verdict::Different => ("DIFFERENT", ""),
        Verdict::New => ("NEW", "; no expect.json: `--accept` writes it"),
        Verdict::Accepted => ("accepted", ""),
        Verdict::Trapped => ("TRAP", ""),
        Verdict::Unusable => ("UNUSABLE", ""),
    };
    lines.text(format_args!("{mark:<9}  {fixture:<24}  {answer}{hint}"))?;
    for line in differences {
        lines.text(format_args!("           {line}"))?;
    }
    Ok(())
}

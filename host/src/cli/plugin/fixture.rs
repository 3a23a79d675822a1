//! `caifeng plugin fixture`: a page that a plugin could not read becomes one of
//! its fixtures, or fixtures that are there get other names for their authors.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use caifeng::failed_call::FailedCalls;
use caifeng::trial::Exchange;
use caifeng::trial::pseudonym::{Pseudonyms, unknown};
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::Failure;
use caifeng_plugin_host::engine::CallError;
use caifeng_plugin_host::fixture::{Answer, Call, Fixture};
use caifeng_plugin_host::loaded::Loaded;

use super::super::output::{Lines, note};
use super::super::workplace;
use super::super::{Exit, Failed, OrExit, Outcome};
use super::folder::NamedArgs;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The failure of a sweep names the call. Credentials are not in it; people's names are: look at it before you commit it."
)]
pub(super) struct FixtureArgs {
    /// The call, or the beginning of its name
    #[arg(value_name = "CALL", required_unless_present = "pseudonymise", conflicts_with = "pseudonymise")]
    call: Option<String>,
    /// Where to write the fixture [default: fixtures/CALL of the plugin's source]
    #[arg(long, short, value_name = "DIR", conflicts_with = "pseudonymise")]
    out: Option<PathBuf>,
    /// Give the authors in all fixtures of --plugin other names and numbers, in place
    #[arg(long)]
    pseudonymise: bool,
    #[command(flatten)]
    plugin: NamedArgs,
}

/// Runs `caifeng plugin fixture`.
pub(super) fn run(args: &FixtureArgs) -> Outcome {
    let Some(call) = &args.call else { return pseudonymise(&args.plugin) };
    let directory = args.plugin.plugin().directory()?;
    let found = FailedCalls::below(directory.failed_calls()).find(call).or_exit(Exit::Usage)?;
    let fixture = Fixture::read(&found.path).or_exit(Exit::Internal)?;
    let Some(out) =
        args.out.clone().or_else(|| source(&found.plugin).map(|dir| dir.join("fixtures").join(&found.call)))
    else {
        let what = "is not in this folder: name the fixture's folder with --out DIR";
        return Err(anyhow!("the source of plugin {:?} {what}", found.plugin)).or_exit(Exit::Usage);
    };
    if out.exists() {
        return Err(anyhow!("{}: is there already: name another folder with --out DIR", out.display()))
            .or_exit(Exit::Usage);
    }
    fixture.write(&out).or_exit(Exit::Usage)?;
    let mut lines = Lines::new();
    lines.text(out.display()).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    note(format_args!("{}; mend the plugin, then: caifeng plugin test --accept", fixture.note));
    Ok(Exit::Done)
}

/// Gives the authors of all fixtures other names, the same in each. What a fixture expects is renamed with its page and not
/// accepted anew, so that the next test shows what is read otherwise. A fixture that names none of them stays as it is.
fn pseudonymise(named: &NamedArgs) -> Outcome {
    let subject = named.plugin().subject()?;
    let artifact = Artifact::read(subject.bytes).with_context(|| subject.path.display().to_string());
    let plugin = Loaded::load(&workplace::engine(None)?, &artifact.or_exit(Exit::Plugin)?).or_exit(Exit::Plugin)?;
    let mut pages = Vec::new();
    for (dir, fixture) in subject.fixtures {
        let fixture = fixture.or_exit(Exit::Plugin)?;
        if let Some(exchange) = read(&plugin, &fixture)? {
            pages.push((dir, fixture, exchange));
        }
    }
    let names = Pseudonyms::of(&pages.iter().map(|(_, _, exchange)| exchange.clone()).collect::<Vec<_>>());
    let mut changed = 0;
    for (dir, fixture, exchange) in &pages {
        if let Some(why) = unknown(exchange) {
            note(format_args!("{}: {why}; look at it before you share it", fixture.name));
        }
        let other = names.fixture(fixture);
        if other != *fixture {
            other.write(dir).or_exit(Exit::Usage)?;
            changed += 1;
        }
    }
    let what = "who is named inside a text only you can see; then: caifeng plugin test";
    note(format_args!("{} names replaced in {} fixtures: {what}", names.len(), changed));
    Ok(Exit::Done)
}

/// A fixture's page and what the plugin makes of it; `None` if it holds none.
fn read(plugin: &Loaded, fixture: &Fixture) -> Result<Option<Exchange>, Failed> {
    let Call::Parse { request, response, .. } = &fixture.call else { return Ok(None) };
    let outcome = match fixture.run(plugin).or_exit(Exit::Plugin)?.outcome {
        Ok(Answer::Page(page)) => Ok(page),
        Ok(Answer::Failure(failure)) => Err(CallError::Failure(failure)),
        Ok(_) => Err(CallError::Failure(Failure::Unexpected("no page".to_owned()))),
        Err(trap) => Err(CallError::Trap(trap)),
    };
    Ok(Some(Exchange { request: request.clone(), response: response.clone(), outcome }))
}

/// The plugin's source, if it is here or in `plugins/`.
fn source(plugin: &str) -> Option<PathBuf> {
    let is_its = |dir: &PathBuf| {
        let text = std::fs::read_to_string(dir.join("plugin.toml")).ok();
        let table = text.and_then(|text| text.parse::<toml::Table>().ok());
        table.is_some_and(|table| table.get("id").and_then(toml::Value::as_str) == Some(plugin))
    };
    [PathBuf::from("."), Path::new("plugins").join(plugin)].into_iter().find(is_its)
}

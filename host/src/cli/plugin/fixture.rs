//! `caifeng plugin fixture`: a page that a plugin could not read becomes one of
//! its fixtures.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use caifeng::failed_call::FailedCalls;
use caifeng_plugin_host::fixture::Fixture;

use super::super::output::{Lines, note};
use super::super::workplace::DataArgs;
use super::super::{Exit, OrExit, Outcome};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The failure of a sweep names the call. Credentials are not in it; people's names are: look at it before you commit it."
)]
pub(super) struct FixtureArgs {
    /// The call, or the beginning of its name
    #[arg(value_name = "CALL")]
    call: String,
    /// Where to write the fixture [default: fixtures/CALL of the plugin's source]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs `caifeng plugin fixture`.
pub(super) fn run(args: &FixtureArgs) -> Outcome {
    let directory = args.data.directory()?;
    let found = FailedCalls::below(directory.failed_calls()).find(&args.call).or_exit(Exit::Usage)?;
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

/// The plugin's source, if it is here or in `plugins/`.
fn source(plugin: &str) -> Option<PathBuf> {
    let is_its = |dir: &PathBuf| {
        let text = std::fs::read_to_string(dir.join("plugin.toml")).ok();
        let table = text.and_then(|text| text.parse::<toml::Table>().ok());
        table.is_some_and(|table| table.get("id").and_then(toml::Value::as_str) == Some(plugin))
    };
    [PathBuf::from("."), Path::new("plugins").join(plugin)].into_iter().find(is_its)
}

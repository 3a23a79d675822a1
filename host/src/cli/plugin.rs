//! `caifeng plugin`: a file per sub-command.

mod bench;
mod build;
mod check;
mod fixture;
mod folder;
mod grant;
mod inspect;
mod install;
mod key;
mod list;
mod new;
mod pack;
mod parse;
mod publish;
mod registry;
mod remove;
mod resume;
mod secret;
mod test;
mod r#try;

use std::path::PathBuf;

use anyhow::Context;
use caifeng::plugins::Registry;
use caifeng::plugins::install::Way;
use caifeng_plugin_host::artifact::Artifact;
use clap::Subcommand;

use super::workplace;
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng plugin …`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Begin a plugin: a folder that builds, with its SDK, one parser and one fixture
    New(new::NewArgs),
    /// List the installed plugins
    List(list::ListArgs),
    /// Show what a plugin is and what it asks for
    Inspect(inspect::InspectArgs),
    /// Make a plugin from its source: Rust, JavaScript or Python
    Build(build::BuildArgs),
    /// Run recorded responses through a source and print its posts
    Parse(parse::ParseArgs),
    /// Run a plugin's fixtures and show how its answers differ
    Test(test::TestArgs),
    /// Try a target on the web, or on a recording of it, and show what the plugin reads
    Try(r#try::TryArgs),
    /// Hold a plugin against every law and print the score card
    Check(check::CheckArgs),
    /// Measure what each step takes, beside what it may take
    Bench(bench::BenchArgs),
    /// Make a fixture of a page that a plugin could not read
    Fixture(fixture::FixtureArgs),
    /// Make a key to sign plugins with
    Key(key::KeyArgs),
    /// Make the one file that is handed on, with its fixtures inside, and sign it
    Pack(pack::PackArgs),
    /// Put a signed plugin into a registry
    Publish(publish::PublishArgs),
    /// Install a plugin: show whose it is and what it asks for, hold it against every law
    Install(install::InstallArgs),
    /// Put a newer version in the place of an installed plugin
    Upgrade(install::InstallArgs),
    /// Allow what a plugin asks for
    Grant(grant::GrantArgs),
    /// Remove an installed plugin
    Remove(remove::RemoveArgs),
    /// Let a plugin go on that was suspended after too many faults
    Resume(resume::ResumeArgs),
}

/// Runs `caifeng plugin …`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::New(args) => new::run(&args),
        Command::List(args) => list::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Parse(args) => parse::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Try(args) => r#try::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Fixture(args) => fixture::run(&args),
        Command::Key(args) => key::run(&args),
        Command::Pack(args) => pack::run(&args),
        Command::Publish(args) => publish::run(&args),
        Command::Install(args) => install::run(&args, Way::Install),
        Command::Upgrade(args) => install::run(&args, Way::Upgrade),
        Command::Grant(args) => grant::run(&args),
        Command::Remove(args) => remove::run(&args),
        Command::Resume(args) => resume::run(&args),
    }
}

/// Reads the plugin that was named by id or by path.
fn named(registry: &Registry, name: &str) -> Result<(PathBuf, Artifact), Failed> {
    if !name.ends_with(".wasm") {
        let (found, artifact) = registry.find(name).map_err(workplace::plugin_fault)?;
        return Ok((found.path.clone(), artifact.clone()));
    }
    let path = PathBuf::from(name);
    let bytes = std::fs::read(&path).with_context(|| format!("{name}: cannot be read")).or_exit(Exit::Usage)?;
    let artifact = Artifact::read(bytes).with_context(|| name.to_owned()).or_exit(Exit::Plugin)?;
    Ok((path, artifact))
}

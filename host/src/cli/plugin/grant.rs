//! `caifeng plugin grant`: what a plugin asks for is allowed, and it runs.

use caifeng::plugins::install;
use caifeng::plugins::shelf::Shelf;
use caifeng_plugin_host::address::HostPattern;

use super::super::deed::TokenArgs;
use super::super::output::Lines;
use super::super::workplace::DataArgs;
use super::super::{Exit, Failed, OrExit, Outcome};
use super::install::{NEXT_START, written_down};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "caifeng plugin inspect ID shows what is installed; caifeng plugin list shows what waits. It takes the system administrator, once there are users."
)]
pub(super) struct GrantArgs {
    /// The plugin's id
    id: String,
    /// Allow only these of the hosts that it asks for; may be repeated [default: all that it asks for]
    #[arg(long, value_name = "HOST")]
    network: Vec<HostPattern>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    token: TokenArgs,
}

/// Runs `caifeng plugin grant`.
pub(super) fn run(args: &GrantArgs) -> Outcome {
    let directory = args.data.directory()?;
    directory.not_in_a_drill("its plugins are those of the real thing: allow it there").or_exit(Exit::Refused)?;
    let network = (!args.network.is_empty()).then_some(args.network.as_slice());
    let note = |change| written_down(&args.data, &args.token, change);
    let (package, network) = install::grant::<Failed>(&Shelf::of(&directory), &args.id, (network, None), note)?;
    let manifest = package.artifact.manifest();
    let hosts: Vec<String> = network.iter().map(ToString::to_string).collect();
    let may = if hosts.is_empty() { "nobody".to_owned() } else { hosts.join(", ") };
    let mut lines = Lines::new();
    let line = format!("{} {} may reach {may}: {NEXT_START}", manifest.id, manifest.version);
    lines.text(line).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

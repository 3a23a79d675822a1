//! `caifeng plugin remove`: a plugin goes, and what it was allowed.

use caifeng::plugins::install;
use caifeng::plugins::shelf::Shelf;

use super::super::deed::TokenArgs;
use super::super::output::Lines;
use super::super::workplace::DataArgs;
use super::super::{Exit, Failed, OrExit, Outcome};
use super::install::written_down;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What it has read stays. Watches that name it show a gap from the next sweep on. Its signer is remembered, so that nobody else can come back under its name; --forget-signer ends that. It takes the system administrator, once there are users."
)]
pub(super) struct RemoveArgs {
    /// The plugin's id
    id: String,
    /// Forget whose signature it had, and which version was the last
    #[arg(long)]
    forget_signer: bool,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    token: TokenArgs,
}

/// Runs `caifeng plugin remove`.
pub(super) fn run(args: &RemoveArgs) -> Outcome {
    let directory = args.data.directory()?;
    directory.not_in_a_drill("its plugins are those of the real thing: remove it there").or_exit(Exit::Refused)?;
    let id = &args.id;
    let note = |change| written_down(&args.data, &args.token, change);
    install::remove::<Failed>(&Shelf::of(&directory), id, args.forget_signer, note)?;
    let mut lines = Lines::new();
    let line = format!("{id}: removed, with its grants; a running caifeng serve sweeps no more with it");
    lines.text(line).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

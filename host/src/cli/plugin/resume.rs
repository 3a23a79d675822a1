//! `caifeng plugin resume`: a plugin that rests goes on.

use caifeng::plugins::install;
use caifeng::plugins::shelf::Shelf;
use caifeng::plugins::suspension::Suspensions;

use super::super::deed::TokenArgs;
use super::super::output::Lines;
use super::super::workplace::DataArgs;
use super::super::{Exit, Failed, OrExit, Outcome};
use super::install::written_down;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Three distinct traps within an hour suspend a plugin: its watches show a gap with that cause. caifeng plugin list names those that rest; another version does not rest. It takes the system administrator, once there are users."
)]
pub(super) struct ResumeArgs {
    /// The plugin's id
    id: String,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    token: TokenArgs,
}

/// Runs `caifeng plugin resume`.
pub(super) fn run(args: &ResumeArgs) -> Outcome {
    let directory = args.data.directory()?;
    let id = &args.id;
    let note = |change| written_down(&args.data, &args.token, change);
    install::resume::<Failed>(&Shelf::of(&directory), &Suspensions::of(&directory), id, note)?;
    let mut lines = Lines::new();
    let line = format!("{id} goes on with the next sweep");
    lines.text(line).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

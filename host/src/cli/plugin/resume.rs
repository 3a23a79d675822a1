//! `caifeng plugin resume`: a plugin that rests goes on.

use anyhow::anyhow;
use caifeng::plugins::suspension::Suspensions;

use super::super::output::Lines;
use super::super::workplace::DataArgs;
use super::super::{Exit, OrExit, Outcome};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Three distinct traps within an hour suspend a plugin: its watches show a gap with that cause. caifeng plugin list names those that rest; another version does not rest."
)]
pub(super) struct ResumeArgs {
    /// The plugin's id
    id: String,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs `caifeng plugin resume`.
pub(super) fn run(args: &ResumeArgs) -> Outcome {
    let directory = args.data.directory()?;
    let id = &args.id;
    if !Suspensions::of(&directory).resume(id).or_exit(Exit::Internal)? {
        let what = "is not suspended: see caifeng plugin list";
        return Err(anyhow!("plugin {id:?} {what}")).or_exit(Exit::Usage);
    }
    let mut lines = Lines::new();
    let line = format!("{id} goes on with the next sweep");
    lines.text(line).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

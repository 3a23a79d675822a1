//! `caifeng plugin remove`: a plugin goes, and what it was allowed.

use anyhow::anyhow;
use caifeng::plugins::shelf::Shelf;

use super::super::output::Lines;
use super::super::workplace::DataArgs;
use super::super::{Exit, OrExit, Outcome};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What it has read stays. Watches that name it show a gap from the next sweep on. Its signer is remembered, so that nobody else can come back under its name; --forget-signer ends that."
)]
pub(super) struct RemoveArgs {
    /// The plugin's id
    id: String,
    /// Forget whose signature it had, and which version was the last
    #[arg(long)]
    forget_signer: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs `caifeng plugin remove`.
pub(super) fn run(args: &RemoveArgs) -> Outcome {
    let directory = args.data.directory()?;
    directory.not_in_a_drill("its plugins are those of the real thing: remove it there").or_exit(Exit::Refused)?;
    let id = &args.id;
    if !Shelf::of(&directory).take_away(id, args.forget_signer).or_exit(Exit::Internal)? {
        let what = "is not installed here: see caifeng plugin list";
        return Err(anyhow!("plugin {id:?} {what}")).or_exit(Exit::Usage);
    }
    let mut lines = Lines::new();
    let line = format!("{id}: removed, with its grants; a running caifeng serve sweeps no more with it");
    lines.text(line).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

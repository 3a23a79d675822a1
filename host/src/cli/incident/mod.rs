//! `caifeng incident …`: what is known of incidents, and what people decide about them.

mod decide;
mod list;
mod show;
mod story;

use clap::Subcommand;

use super::Outcome;

/// `caifeng incident …`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Incidents. A decision names the incident with the version that you saw, as `caifeng incident show` prints it: 12@3. When somebody else decided meanwhile, it is refused and says what has changed. Decisions are taken as the user of your personal token."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, for as long as a command takes")]
enum Command {
    /// Print incidents, newest first
    List(list::Args),
    /// Print one: how it stands, what is to be done, what has happened
    Show(show::Args),
    #[command(flatten)]
    Decide(decide::Command),
}

/// Runs `caifeng incident …`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::List(args) => list::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Decide(command) => decide::run(command),
    }
}

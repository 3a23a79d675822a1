//! `caifeng plugin check`: the laws, as a score card.

use caifeng::clock::{Clock as _, SystemClock};
use caifeng_plugin_host::laws::Laws;

use super::super::output::{Lines, waiting};
use super::super::workplace;
use super::super::{Exit, OrExit, Outcome};
use super::folder::PluginArgs;

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 3 when a law is broken. docs/plugins.md says what each law asks for.")]
pub(super) struct CheckArgs {
    #[command(flatten)]
    plugin: PluginArgs,
    /// How to print the score card
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// For build servers
    Junit,
}

/// What takes so long.
pub(super) fn trying(fixtures: usize) -> String {
    format!("trying every law on {}: this may take a minute", counted(fixtures))
}

/// "1 fixture", "2 fixtures".
pub(super) fn counted(fixtures: usize) -> String {
    format!("{fixtures} fixture{}", if fixtures == 1 { "" } else { "s" })
}

/// Runs `caifeng plugin check`.
pub(super) fn run(args: &CheckArgs) -> Outcome {
    let subject = args.plugin.subject()?;
    let laws = Laws::new(workplace::compiled(None)).or_exit(Exit::Internal)?;
    let bar = waiting(trying(subject.fixtures.len()));
    let card = laws.check(&subject.bytes, &subject.fixtures, SystemClock.now());
    bar.finish_and_clear();
    let mut lines = Lines::new();
    let printed = match args.format {
        Format::Text => lines.text(card.to_string().trim_end()),
        Format::Json => lines.json(&card),
        Format::Junit => lines.text(card.junit().trim_end()),
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(if card.passes() { Exit::Done } else { Exit::Plugin })
}

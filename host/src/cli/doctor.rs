//! `caifeng doctor`: is everything as it should be?

use std::path::PathBuf;

use caifeng::doctor::{self, Patient, Standing};

use super::output::Lines;
use super::workplace::{self, DataArgs};
use super::{Exit, OrExit, Outcome};

/// `caifeng doctor`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Looks at the data directory, the configuration, permissions of secrets, space on the disk, the store and the chain of its events, evidence, plugins, the clock, channels, fonts and users, and says what to do where something is wrong. Changes nothing, and may be run while a daemon serves. Ends with 1 when something does not work; what works but deserves a look is only told."
)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng doctor`.
pub(crate) fn run(args: &Args) -> Outcome {
    let directory = args.data.directory()?;
    let clock = workplace::clock(&directory)?;
    let registry = workplace::registry(Some(&directory))?;
    let patient = Patient {
        config: args.config.clone().unwrap_or_else(|| directory.config()),
        engine: &workplace::engine(None)?,
        registry: &registry,
        now: clock.now(),
        off: clock.off(),
        directory: &directory,
    };
    let findings = doctor::examine(&patient);
    let mut lines = Lines::new();
    for finding in &findings {
        if args.json {
            lines.json(finding).or_exit(Exit::Internal)?;
            continue;
        }
        let mark = match finding.standing {
            Standing::Good => "good   ",
            Standing::Look => "look at",
            Standing::Bad => "bad    ",
        };
        lines.text(format_args!("{mark} {:<14} {}", finding.check, finding.found)).or_exit(Exit::Internal)?;
        if let Some(advice) = &finding.advice {
            lines.text(format_args!("        → {advice}")).or_exit(Exit::Internal)?;
        }
    }
    lines.flush().or_exit(Exit::Internal)?;
    let bad = findings.iter().any(|finding| finding.standing == Standing::Bad);
    Ok(if bad { Exit::Refused } else { Exit::Done })
}

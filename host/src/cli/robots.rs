//! `caifeng robots`: what a robots.txt says to a robot.

use std::path::PathBuf;

use anyhow::Context as _;
use caifeng::fetch::robots::MAX_BYTES;
use caifeng::fetch::robots::rules::{Rules, path_of};

use super::output::Lines;
use super::{Exit, OrExit as _, Outcome};

/// `caifeng robots FILE --agent A URL…`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Prints for each address whether the robots.txt in FILE lets the robot read it: allowed or disallowed, one line each. Addresses are compared as they are written, as the fetcher compares the ones it asks for."
)]
pub(crate) struct Args {
    /// A robots.txt
    file: PathBuf,
    /// The robot's name; a version after a slash does not count
    #[arg(long, value_name = "A", default_value = "Caifeng")]
    agent: String,
    /// Addresses
    #[arg(required = true, value_name = "URL")]
    urls: Vec<String>,
}

/// Runs `caifeng robots`.
pub(crate) fn run(args: &Args) -> Outcome {
    let file = std::fs::read(&args.file);
    let mut file = file.with_context(|| format!("{}: cannot be read", args.file.display())).or_exit(Exit::Usage)?;
    file.truncate(usize::try_from(MAX_BYTES).unwrap_or(usize::MAX));
    let agent = args.agent.split('/').next().unwrap_or_default();
    let rules = Rules::parse(&file, agent);
    let mut lines = Lines::new();
    for url in &args.urls {
        let line = if rules.allows(&path_of(url)) { "allowed" } else { "disallowed" };
        lines.text(line).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

//! `caifeng completions` and `caifeng man`: what shells and `man` read, made from the same description as the commands.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use super::output::Lines;
use super::{Exit, OrExit, Outcome};

/// `caifeng completions`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Prints what makes a shell complete commands and options. Bash: caifeng completions bash > /etc/bash_completion.d/caifeng"
)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// `caifeng man`
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// Write a page for each command into this folder instead: caifeng.1, caifeng-serve.1, …
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs `caifeng completions`.
pub(crate) fn completions(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Args::command(), "caifeng", &mut script);
    print(&script)
}

/// Runs `caifeng man`.
pub(crate) fn man(args: &ManArgs) -> Outcome {
    let command = super::Args::command().disable_help_subcommand(true);
    match &args.out {
        Some(folder) => {
            let what = || folder.display().to_string();
            std::fs::create_dir_all(folder).with_context(what).or_exit(Exit::Usage)?;
            clap_mangen::generate_to(command, folder).with_context(what).or_exit(Exit::Usage)?;
            Ok(Exit::Done)
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).or_exit(Exit::Internal)?;
            print(&page)
        }
    }
}

fn print(bytes: &[u8]) -> Outcome {
    let mut lines = Lines::new();
    lines.bytes(bytes).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

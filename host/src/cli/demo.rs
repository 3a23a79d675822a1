//! `caifeng demo`: a recorded month, without network.

use caifeng::daemon::Daemon;
use serde_json::json;

use super::output::{Lines, note, progress};
use super::serve::{Bind, open_demo, runtime, serve};
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng demo`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Sweep the whole month, then exit
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    bind: Bind,
    /// With --once: print the sum as JSON
    #[arg(long, requires = "once")]
    json: bool,
}

/// Runs `caifeng demo`.
pub(crate) fn run(args: Args) -> Outcome {
    args.bind.check()?;
    let daemon = open_demo(&args.data.directory()?)?;
    if !args.once {
        return serve(daemon, args.bind);
    }
    let swept = runtime()?.block_on(play(&daemon))?;
    let figures = daemon.sweeper.reader.figures().or_exit(Exit::Internal)?;
    let mut lines = Lines::new();
    if args.json {
        let sum = json!({
            "sweeps": swept, "posts": figures.posts, "mentions": figures.mentions, "incidents_open": figures.open,
        });
        lines.json(&sum).or_exit(Exit::Internal)?;
    } else {
        let (posts, mentions, open) = (figures.posts, figures.mentions, figures.open);
        let sum = format!("{swept} sweeps: {posts} posts, {mentions} mentions, {open} incidents open");
        lines.text(sum).or_exit(Exit::Internal)?;
        note("`caifeng demo` shows them in a page; `caifeng incidents` lists them");
    }
    lines.flush().or_exit(Exit::Internal)?;
    daemon.sweeper.store.close();
    Ok(Exit::Done)
}

async fn play(daemon: &Daemon) -> Result<usize, Failed> {
    let month = daemon.month().or_exit(Exit::Internal)?;
    let bar = progress(month.len() as u64, "sweeping");
    for moment in &month {
        daemon.play(moment).await.or_exit(Exit::Internal)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(month.len())
}

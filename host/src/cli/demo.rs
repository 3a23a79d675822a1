//! `caifeng demo`: a recorded month, without network.

use caifeng::clock::{Clock as _, SystemClock, parse_time};
use caifeng::daemon::Daemon;
use caifeng::demo::Demo;
use caifeng_plugin_host::contract::Timestamp;
use serde_json::json;

use super::output::{Lines, note, progress};
use super::serve::{Bind, fresh_or_demo, open_demo, runtime, serve};
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng demo`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Put the demo's clock to this time, and let it run on from there: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", value_parser = parse_time)]
    at: Option<Timestamp>,
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
    let directory = args.data.directory()?;
    if let Some(at) = args.at {
        fresh_or_demo(&directory)?;
        directory.create().or_exit(Exit::Usage)?;
        Demo::set_clock(&directory, at, SystemClock.now()).or_exit(Exit::Usage)?;
    }
    let daemon = open_demo(&directory)?;
    if !args.once {
        return serve(daemon, args.bind);
    }
    let swept = runtime()?.block_on(play(&daemon))?;
    let now = daemon.sweeper.clock.now();
    while !daemon.sweeper.store.ring(now).or_exit(Exit::Internal)?.is_empty() {}
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
        note("`caifeng demo` shows them in a page; `caifeng incident list` lists them");
    }
    lines.flush().or_exit(Exit::Internal)?;
    daemon.sweeper.store.close();
    Ok(Exit::Done)
}

async fn play(daemon: &Daemon) -> Result<usize, Failed> {
    let month = daemon.unplayed().or_exit(Exit::Internal)?;
    let bar = progress(month.len() as u64, "sweeping");
    for moment in &month {
        daemon.play(moment).await.or_exit(Exit::Internal)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(month.len())
}

//! `caifeng demo`: a recorded month, without network.

use caifeng::clock::{Clock as _, SystemClock, parse_time};
use caifeng::demo::Demo;
use caifeng_plugin_host::contract::Timestamp;
use serde_json::json;

use super::output::{Lines, note, progress};
use super::serve::{Bind, fresh_or_demo, open_demo, runtime, serve};
use super::workplace::DataArgs;
use super::{Exit, OrExit, Outcome};

/// `caifeng demo`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Shows a recorded month of a county that does not exist, without network. The month ends when the demo is first opened in a directory. --at puts its clock elsewhere: to a moment of the month itself (June 2026), where what was recorded later is heard as the clock comes to it, or to any other, where the month ends. Time goes on from there and only forward: --once --at LATER is how a terminal lets time pass; clocks ring for the moment that they come to."
)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Put the demo's clock to this time, and let it run on from there: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", value_parser = parse_time)]
    at: Option<Timestamp>,
    /// Sweep what was recorded up to now, let clocks ring, then exit
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
    let mut stood = None;
    if let Some(at) = args.at {
        fresh_or_demo(&directory)?;
        directory.create().or_exit(Exit::Usage)?;
        stood = Demo::set_clock(&directory, at, SystemClock.now()).or_exit(Exit::Usage)?;
    }
    let daemon = open_demo(&directory)?;
    if !args.once {
        return serve(daemon, args.bind);
    }
    let bar = progress(0, "sweeping");
    let told = |nth: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(nth as u64);
    };
    let swept = runtime()?.block_on(daemon.pass(stood, told)).or_exit(Exit::Internal)?;
    bar.finish_and_clear();
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

//! `caifeng demo`: a recorded month, without network.

use caifeng::clock::{Clock as _, SystemClock, parse_time};
use caifeng::control::{Asked, Refusal, Upkeep};
use caifeng::demo::{Demo, removal};
use caifeng::directory::Directory;
use caifeng::store::{self, Caller, Store};
use caifeng_plugin_host::contract::Timestamp;
use serde_json::json;

use super::deed::{self, PersonArgs, account, refused};
use super::output::{Lines, note, progress};
use super::serve::{Bind, fresh_or_demo, open_demo, runtime, serve};
use super::{Exit, OrExit, Outcome, workplace};

/// `caifeng demo`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Shows a recorded month of a county that does not exist, without network. The month ends when the demo is first opened in a directory. --at puts its clock elsewhere: to a moment of the month itself (June 2026), where what was recorded later is heard as the clock comes to it, or to any other, where the month ends. Time goes on from there and only forward: --once --at LATER is how a terminal lets time pass; clocks ring for the moment that they come to. --remove ends it: everything recorded of it goes, what else lies in the directory stays, and a running caifeng serve goes on there as the real thing; the page has a button for the same. A directory that holds anything but a demo is not touched."
)]
pub(crate) struct Args {
    #[command(flatten)]
    person: PersonArgs,
    /// Put the demo's clock to this time, and let it run on from there: 2026-07-01, RFC 3339 or seconds since 1970
    #[arg(long, value_name = "T", value_parser = parse_time)]
    at: Option<Timestamp>,
    /// Sweep what was recorded up to now, let clocks ring, then exit
    #[arg(long)]
    once: bool,
    /// Remove the demo: everything recorded of it
    #[arg(long, conflicts_with_all = ["at", "once", "address"])]
    remove: bool,
    #[command(flatten)]
    bind: Bind,
    /// With --once: print the sum as JSON
    #[arg(long, requires = "once")]
    json: bool,
}

/// Runs `caifeng demo`.
pub(crate) fn run(args: Args) -> Outcome {
    args.bind.check()?;
    let directory = args.person.data.directory()?;
    if args.remove {
        return remove(&directory, &args.person);
    }
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

/// Ends the demo: by the daemon when one runs here, else by taking the directory.
fn remove(directory: &Directory, person: &PersonArgs) -> Outcome {
    removal::is_removable(directory).map_err(Refusal::from).map_err(refused)?;
    // Nobody in particular may end a demo: the token of another desk, which lies where it always lies, says nothing here.
    let token = person.token.named()?;
    if std::os::unix::net::UnixStream::connect(directory.socket()).is_ok() {
        deed::ask(directory, Asked::Upkeep(Upkeep::EndDemo { token }), |_| None::<()>)?.map_err(refused)?;
        note("the demo is over: whoever serves the directory removes it and goes on there as the real thing");
        return Ok(Exit::Done);
    }
    if store::exists(directory.path()) {
        let opened = Store::open(directory.path(), None).map_err(Refusal::from).map_err(refused)?;
        let caller = Caller { token, account: account(directory) };
        let may = opened.may_end_demo(&caller, workplace::clock(directory)?.now());
        opened.close();
        may.map_err(Refusal::from).map_err(refused)?;
    }
    removal::remove(directory).map_err(Refusal::from).map_err(refused)?;
    note("the demo is removed: caifeng serve --config F begins the real thing there");
    Ok(Exit::Done)
}

//! `caifeng drill`: a case replayed against the clock.

use anyhow::anyhow;
use caifeng::case::CaseId;
use caifeng::case::life::may_leave;
use caifeng::clock::{SystemClock, parse_time, rfc3339};
use caifeng::control::{self, Asked, Line, Refusal};
use caifeng::directory::Directory;
use caifeng::drill::order::{Advance, Came, Inject, Order, Wish};
use caifeng::drill::play::Player;
use caifeng::drill::stage::{self, Ground};
use caifeng::drill::{DrillError, Mark};
use caifeng::store::{self, Reader};
use caifeng_plugin_host::contract::Timestamp;
use clap::Subcommand;
use serde_json::json;
use tokio::sync::mpsc;

use super::deed::{TokenArgs, account, refused};
use super::output::{Lines, note};
use super::serve::{Bind, open_as_it_is, runtime, serve};
use super::workplace::{self, DataArgs, ListArgs};
use super::{Exit, Failed, OrExit, Outcome, case};

mod score;

/// `caifeng drill`
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    long_about = "Drills (P22). `caifeng drill CASE` sets up a data directory below DATA/drills in which the case happens again: its posts are heard when they were heard, the plan's clocks run, and the team acts with the ordinary commands and its own tokens (--data DRILL). The trainer adds posts (inject), moves the clock (advance), and prints how well each clock was kept and what was decided (score). Nothing of a drill leaves its directory: no network, no notices, no evidence; and everything that is printed of it says that it is one."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    start: StartArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the drills of a data directory
    List(ListArgs),
    /// Say something on one of a drill's sites
    Inject(InjectArgs),
    /// Let what is due happen, and move the drill's clock
    Advance(AdvanceArgs),
    /// Print how each clock was kept, and each decision beside what was decided then
    Score(score::Args),
}

#[derive(Debug, clap::Args)]
struct StartArgs {
    /// The case; it must be released
    #[arg(required = true)]
    case: Option<CaseId>,
    /// Seconds of the drill for each second; 0 stands still until `caifeng drill advance`; full plays it to its end at once
    #[arg(long, value_name = "N", default_value = "1", value_parser = speed)]
    speed: Speed,
    /// Set it up only: `caifeng serve --data DRILL` shows it
    #[arg(long)]
    prepare: bool,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    bind: Bind,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How fast a drill runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speed {
    Times(u32),
    Full,
}

/// So fast that a day passes in a second: faster is `full`.
const FASTEST: u32 = 86_400;

fn speed(text: &str) -> Result<Speed, String> {
    let times = || text.parse().ok().filter(|times| *times <= FASTEST).map(Speed::Times);
    let read = if text == "full" { Some(Speed::Full) } else { times() };
    read.ok_or_else(|| format!("write a whole number from 0 to {FASTEST}, or full"))
}

#[derive(Debug, clap::Args)]
struct TrainerArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    token: TokenArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct InjectArgs {
    /// What is said
    #[arg(long, value_name = "T")]
    text: String,
    /// Headline
    #[arg(long, value_name = "T")]
    title: Option<String>,
    /// Where: one of the drill's sites, as its watches are called [default: the trainer's own]
    #[arg(long, value_name = "SITE")]
    site: Option<String>,
    /// When it is heard, on the drill's clock [default: now]
    #[arg(long, value_name = "T", value_parser = parse_time)]
    at: Option<Timestamp>,
    #[command(flatten)]
    trainer: TrainerArgs,
}

#[derive(Debug, clap::Args)]
#[group(id = "where", required = true, multiple = false, args = ["by", "to", "end"])]
struct AdvanceArgs {
    /// So far on: 90s, 25m, 2h, 1d
    #[arg(long, value_name = "D", value_parser = span)]
    by: Option<i64>,
    /// To this time on the drill's clock
    #[arg(long, value_name = "T", value_parser = parse_time)]
    to: Option<Timestamp>,
    /// To its end
    #[arg(long)]
    end: bool,
    #[command(flatten)]
    trainer: TrainerArgs,
}

fn span(text: &str) -> Result<i64, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let read =
        units.iter().find_map(|(unit, size)| text.strip_suffix(unit)?.parse::<u32>().ok().map(|n| i64::from(n) * size));
    read.ok_or_else(|| format!("{text:?} is not a time: write 90s, 25m, 2h or 1d"))
}

/// Runs `caifeng drill`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        None => start(&args.start),
        Some(Command::List(args)) => list(&args),
        Some(Command::Inject(args)) => {
            let InjectArgs { text, title, site, at, trainer } = args;
            give(&trainer, Wish::Inject(Inject { site, at, title, text }))
        }
        Some(Command::Advance(args)) => {
            let to = match (args.by, args.to) {
                (Some(seconds), _) => Advance::By(seconds),
                (None, Some(at)) => Advance::To(at),
                (None, None) => Advance::End,
            };
            give(&args.trainer, Wish::Advance(to))
        }
        Some(Command::Score(args)) => score::run(&args),
    }
}

fn start(args: &StartArgs) -> Outcome {
    args.bind.check()?;
    let real = args.data.directory()?;
    if real.is_drill() {
        return Err(DrillError::Within(real.path().to_owned())).or_exit(Exit::Usage);
    }
    let reader = Reader::open(real.path()).or_exit(Exit::Usage)?;
    let row = case::known(&reader, args.case.unwrap_or_default())?;
    may_leave(&row.life).or_exit(Exit::Refused)?;
    let organisation = workplace::organisation(None, &real)?;
    let people = reader.enrolment().or_exit(Exit::Internal)?;
    let times = if let Speed::Times(times) = args.speed { times } else { 0 };
    let ground = Ground { real: &real, case: &row, organisation: &organisation, people, speed: times };
    let drill = stage::stage(ground).map_err(failed)?;
    if args.speed == Speed::Full {
        return play(&drill, args.json);
    }
    let mark = Mark::read(&drill).map_err(failed)?;
    let path = drill.path().display();
    if args.prepare {
        return print_drill(&drill, &mark, args.json);
    }
    super::output::mark_as_drill();
    note(format_args!("the drill is in {path}: act with --data {path}"));
    serve(open_as_it_is(&drill, None)?, args.bind)
}

/// Plays it to its end at once, for whoever wants to see what happens when nobody does anything.
fn play(drill: &Directory, json: bool) -> Outcome {
    super::output::mark_as_drill();
    let end = Mark::read(drill).map_err(failed)?.ends;
    let daemon = open_as_it_is(drill, None)?;
    let mut player = Player::new(drill.clone(), daemon.sweeper.clone());
    let played = runtime()?.block_on(player.until(end)).map_err(failed)?;
    let set = caifeng::drill::order::set(drill, end).map_err(failed);
    daemon.sweeper.store.close();
    set?;
    print_came(drill, &Came { now: end, over: true, played }, json)
}

fn list(args: &ListArgs) -> Outcome {
    let directory = args.data.directory()?;
    let mut lines = Lines::new();
    for (drill, mark) in stage::all(&directory).map_err(failed)? {
        let printed = if args.json { lines.json(&object(&drill, &mark)) } else { lines.text(line(&drill, &mark)) };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn print_drill(drill: &Directory, mark: &Mark, json: bool) -> Outcome {
    let mut lines = Lines::new();
    let printed = if json { lines.json(&object(drill, mark)) } else { lines.text(line(drill, mark)) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn object(drill: &Directory, mark: &Mark) -> serde_json::Value {
    json!({
        "path": drill.path(), "case": mark.case, "begins": rfc3339(mark.begins), "ends": rfc3339(mark.ends),
        "now": rfc3339(mark.pace.now(SystemClock.milliseconds())), "speed": mark.pace.speed,
    })
}

fn line(drill: &Directory, mark: &Mark) -> String {
    let now = mark.pace.now(SystemClock.milliseconds());
    let how = if now >= mark.ends { "over".to_owned() } else { format!("at {}", rfc3339(now)) };
    let (begins, ends, speed) = (rfc3339(mark.begins), rfc3339(mark.ends), mark.pace.speed);
    format!("{}  case {}  {begins} to {ends}  ×{speed}  {how}", drill.path().display(), mark.case)
}

/// Gives an order to the process that owns the drill, or takes the drill.
fn give(args: &TrainerArgs, wish: Wish) -> Outcome {
    let directory = args.data.directory()?;
    Mark::read(&directory).map_err(failed)?;
    let asked = Asked::Drill(Order { token: args.token.read()?, drill: wish });
    let owned = std::os::unix::net::UnixStream::connect(directory.socket()).is_ok();
    let daemon = if owned { None } else { Some(open_as_it_is(&directory, None)?) };
    let (owner, socket, account) =
        (daemon.as_ref().map(|daemon| daemon.owner()), directory.socket(), account(&directory));
    let (came, refusal) = runtime()?.block_on(async {
        let (tell, mut told) = mpsc::channel(4);
        let work = tokio::spawn(async move {
            match owner {
                Some(owner) => asked.carry_out(&owner, account, &tell).await,
                None => {
                    let given = control::give(&socket, &asked, &tell).await;
                    given.map_err(|error| Refusal::Internal(error.to_string()))
                }
            }
        });
        let (mut came, mut refusal) = (None, None);
        while let Some(line) = told.recv().await {
            match line {
                Line::Drilled(it) => came = Some(it),
                Line::Failed(failed) => refusal = Some(failed),
                _ => {}
            }
        }
        let carried = work.await.or_exit(Exit::Internal)?;
        Ok::<_, Failed>((came, refusal.or(carried.err())))
    })?;
    if let Some(daemon) = daemon {
        daemon.sweeper.store.close();
    }
    if let Some(refusal) = refusal {
        return Err(refused(refusal));
    }
    let came = came.ok_or_else(|| anyhow!("nothing came of it")).or_exit(Exit::Internal)?;
    print_came(&directory, &came, args.json)
}

fn print_came(drill: &Directory, came: &Came, json: bool) -> Outcome {
    let mut lines = Lines::new();
    let figures = Reader::open(drill.path()).and_then(|reader| reader.figures()).or_exit(Exit::Internal)?;
    let printed = if json {
        let played = came.played;
        lines.json(&json!({
            "path": drill.path(), "now": rfc3339(came.now), "over": came.over, "sweeps": played.sweeps,
            "notices": played.notices, "posts": figures.posts, "incidents_open": figures.open,
        }))
    } else {
        let over = if came.over { ", the drill is over" } else { "" };
        let (sweeps, notices) = (came.played.sweeps, came.played.notices);
        let now = rfc3339(came.now);
        lines.text(format_args!(
            "it is {now}{over}: {sweeps} sites swept, {notices} notices kept, {} posts",
            figures.posts
        ))
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// Who must act.
fn failed(error: DrillError) -> Failed {
    let exit = match &error {
        DrillError::Store(store::StoreError::Owned { .. }) => Exit::Refused,
        DrillError::Store(_) | DrillError::Directory { .. } => Exit::Internal,
        _ => Exit::Usage,
    };
    Failed { exit, error: error.into() }
}

//! `caifeng sweep`: sweep now and print what was found.

use std::path::PathBuf;

use anyhow::anyhow;
use caifeng::control::{self, Line, Order, Refusal, Selection};
use caifeng::sweep::Report;
use caifeng::watch::FailureKind;
use tokio::sync::mpsc;

use super::deed::{TokenArgs, account, refused};
use super::output::{Lines, note, progress};
use super::serve::{open_as_it_is, runtime};
use super::workplace::DataArgs;
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng sweep WATCH|--all|--plugin P`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Sweeps now and prints what was found. With --plugin P --replay F every response of the recording is a watch of its own (a listing of its address), at the moment it was recorded. Ends with 4 when no site could be heard, with 3 when that was the plugin's fault, and with 1 when nothing may be reached; sweeps that failed beside others that did not are printed, shown as gaps, and end with 0."
)]
#[group(id = "selection", required = true, multiple = false, args = ["watch", "all", "plugin"])]
pub(crate) struct Args {
    /// The watch to sweep
    watch: Option<String>,
    /// All configured watches
    #[arg(long)]
    all: bool,
    /// All watches of a plugin; with --replay, every response in the recording
    #[arg(long, value_name = "P")]
    plugin: Option<String>,
    /// Answer from a recording instead of the network
    #[arg(long, value_name = "F.warc.gz")]
    replay: Option<PathBuf>,
    /// Write each exchange to a recording
    #[arg(long, value_name = "F.warc.gz", conflicts_with = "replay")]
    record: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    token: TokenArgs,
    /// Configuration [default: caifeng.toml in the data directory]
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Print JSON Lines, one for each sweep
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng sweep`.
pub(crate) fn run(args: Args) -> Outcome {
    let directory = args.data.directory()?;
    let instead = "its sites are swept by its clock: caifeng drill advance moves it";
    directory.not_in_a_drill(instead).or_exit(Exit::Refused)?;
    let order = order(&args)?;
    let runtime = runtime()?;
    if std::os::unix::net::UnixStream::connect(directory.socket()).is_ok() {
        if args.config.is_some() {
            let what = "a daemon runs here with its own configuration: leave --config out, or start the daemon with it";
            return Err(anyhow!(what)).or_exit(Exit::Usage);
        }
        return runtime.block_on(print(&args, |tell| async move {
            let given = control::give(&directory.socket(), &order, &tell).await;
            given.map_err(|error| Refusal::Internal(error.to_string()))
        }));
    }
    let daemon = open_as_it_is(&directory, args.config.as_ref())?;
    let (sweeper, account) = (daemon.sweeper.clone(), account(&directory));
    let outcome = runtime
        .block_on(print(&args, |tell| async move { control::carry_out(&order, account, &sweeper, &tell).await }));
    daemon.sweeper.store.close();
    outcome
}

fn order(args: &Args) -> Result<Order, Failed> {
    let selection = match (&args.watch, &args.plugin) {
        (Some(id), _) => Selection::Watch(id.clone()),
        (None, Some(plugin)) => Selection::Plugin(plugin.clone()),
        (None, None) => Selection::All,
    };
    // The daemon may stand in another folder.
    let absolute = |path: &Option<PathBuf>| path.as_deref().map(std::path::absolute).transpose().or_exit(Exit::Usage);
    let (replay, record) = (absolute(&args.replay)?, absolute(&args.record)?);
    Ok(Order { selection, replay, record, token: args.token.read()? })
}

/// What was printed so far, for the last line and the exit code.
#[derive(Default)]
struct Sum {
    sweeps: u64,
    heard: u64,
    new: u64,
    changed: u64,
    matched: u64,
    opened: usize,
    plugin_faults: u64,
    refused: u64,
}

impl Sum {
    fn add(&mut self, report: &Report) {
        let tally = &report.tally;
        let ours = |kind| {
            matches!(kind, FailureKind::Unsupported | FailureKind::Unexpected | FailureKind::Trap | FailureKind::Drift)
        };
        self.sweeps += 1;
        self.heard += u64::from(tally.failures.is_empty() || tally.seen > 0);
        self.new += tally.new;
        self.changed += tally.changed;
        self.matched += tally.matched;
        self.opened += report.opened.len();
        let failures = &tally.failures;
        let refused = !failures.is_empty() && failures.iter().all(|failure| failure.kind == FailureKind::Refused);
        self.refused += u64::from(refused);
        self.plugin_faults += u64::from(tally.failures.iter().any(|failure| ours(failure.kind)));
    }

    const fn exit(&self) -> Exit {
        match (self.sweeps, self.heard, self.plugin_faults) {
            (1.., 0, 0) if self.refused == self.sweeps => Exit::Refused,
            (1.., 0, 0) => Exit::Network,
            (1.., 0, _) => Exit::Plugin,
            _ => Exit::Done,
        }
    }
}

async fn print<W>(args: &Args, work: impl FnOnce(mpsc::Sender<Line>) -> W) -> Outcome
where
    W: Future<Output = Result<(), Refusal>> + Send + 'static,
{
    let (tell, mut told) = mpsc::channel(16);
    let work = tokio::spawn(work(tell));
    let mut lines = Lines::new();
    let mut sum = Sum::default();
    let bar = progress(0, "sweeping");
    let mut refusal = None;
    while let Some(line) = told.recv().await {
        match line {
            Line::Total(total) => bar.set_length(total),
            Line::Note(line) => bar.suspend(|| note(line)),
            Line::Swept(report) => {
                bar.inc(1);
                sum.add(&report);
                if args.json {
                    // At once: whoever reads it may count on it, it is on disk.
                    lines.json(&report).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
                } else {
                    bar.suspend(|| failures(&report));
                    if report.tally.new + report.tally.changed > 0 {
                        bar.suspend(|| lines.text(found(&report)).and_then(|()| lines.flush()))
                            .or_exit(Exit::Internal)?;
                    }
                }
            }
            Line::Done | Line::Acted(_) | Line::Drilled(_) | Line::Handed(_) | Line::Released(_) => {}
            Line::Failed(failed) => refusal = Some(failed),
        }
    }
    bar.finish_and_clear();
    let carried = work.await.or_exit(Exit::Internal)?;
    if let Some(refusal) = refusal.or_else(|| carried.err()) {
        return Err(refused(refusal));
    }
    if !args.json {
        let Sum { sweeps, heard, new, changed, matched, opened, .. } = &sum;
        let line = format!(
            "{sweeps} sweeps, {heard} heard: {new} new posts, {changed} changed, {matched} mentions, {opened} incidents opened"
        );
        lines.text(line).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(sum.exit())
}

/// What a sweep found that was not known before.
fn found(report: &Report) -> String {
    let (watch, tally) = (&report.watch, &report.tally);
    let (new, changed, matched) = (tally.new, tally.changed, tally.matched);
    let (opened, joined) = (report.opened.len(), report.joined.len());
    format!(
        "{watch}: {new} new posts, {changed} changed, {matched} mentions, {opened} incidents opened, {joined} joined"
    )
}

fn failures(report: &Report) {
    for failure in &report.tally.failures {
        // A watch that is named by its address need not be named twice.
        let detail = failure.detail.strip_prefix(&report.watch).and_then(|rest| rest.strip_prefix(": "));
        note(format_args!("{}: {}", report.watch, detail.unwrap_or(&failure.detail)));
    }
    let unasked = report.tally.unasked;
    if unasked > 0 && report.tally.failures.iter().all(|failure| failure.kind != FailureKind::Budget) {
        // A first sweep meets everything that was ever said: that it did not read all of it is no failure.
        note(format_args!("{}: {unasked} pages were left out at the limit of a sweep: read from now on", report.watch));
    }
}

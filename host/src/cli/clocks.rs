//! `caifeng clocks`: what incidents run against, and how fast answers came.

use caifeng::clock::rfc3339;
use caifeng::incident::IncidentId;
use caifeng::incident::clock::response::{Answered, Responses, responses};
use caifeng::incident::clock::{Clock, ClockState};
use caifeng::incident::life::Incident;
use caifeng::store::Reader;
use caifeng_plugin_host::contract::Timestamp;
use serde_json::{Value, json};

use super::output::Lines;
use super::workplace::{self, DataArgs};
use super::{Exit, OrExit, Outcome};

/// `caifeng clocks`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Prints the clocks that are running, the one that ends first on top. With --responses: which share of the incidents was answered within 2, 5, 24 and 48 hours of first sight, and the median; computed from the record."
)]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Only clocks of this incident, also those that are over
    #[arg(long, value_name = "ID", conflicts_with = "responses")]
    incident: Option<IncidentId>,
    /// Print response times
    #[arg(long)]
    responses: bool,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng clocks`.
pub(crate) fn run(args: &Args) -> Outcome {
    let directory = args.data.directory()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let now = workplace::clock(&directory)?.now();
    let standings = reader.standings().or_exit(Exit::Internal)?;
    let mut lines = Lines::new();
    if args.responses {
        let table = table(&standings, now);
        let printed =
            if args.json { lines.json(&table) } else { text(&table).into_iter().try_for_each(|l| lines.text(l)) };
        printed.or_exit(Exit::Internal)?;
    }
    for (id, clock) in shown(&standings, args) {
        let printed = if args.json { lines.json(&object(id, clock, now)) } else { lines.text(line(id, clock, now)) };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn shown<'a>(standings: &'a [(IncidentId, Incident)], args: &Args) -> Vec<(IncidentId, &'a Clock)> {
    if args.responses {
        return Vec::new();
    }
    let wanted = |id: &IncidentId, clock: &&Clock| args.incident.map_or_else(|| clock.is_live(), |only| only == *id);
    let all =
        standings.iter().flat_map(|(id, incident)| incident.clocks.clocks().iter().map(move |clock| (*id, clock)));
    let mut clocks: Vec<_> = all.filter(|(id, clock)| wanted(id, clock)).collect();
    clocks.sort_by_key(|(id, clock)| (clock.due, *id));
    clocks
}

/// Merged incidents are answered where their posts are.
fn table(standings: &[(IncidentId, Incident)], now: Timestamp) -> Responses {
    let counted = standings.iter().filter(|(_, incident)| incident.merged.is_none());
    let answered = counted.map(|(_, incident)| {
        let first = incident.answers.values().map(|(_, at)| *at).filter(|at| *at >= incident.opened).min();
        Answered { first_sight: incident.opened, at: first }
    });
    responses(&answered.collect::<Vec<_>>(), now)
}

fn text(table: &Responses) -> Vec<String> {
    let Responses { incidents, answered, within, median } = table;
    let mut lines = vec![format!("{incidents} incidents, {answered} answered")];
    lines.extend(within.iter().map(|share| {
        let percent = share.share().map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", share * 100.0));
        format!("within {:>2} h  {percent:>6}  ({} of {})", share.hours, share.answered, share.of)
    }));
    let median = median.map_or_else(|| "none: half of them are not answered".to_owned(), length);
    lines.push(format!("median  {median}"));
    lines
}

/// Hours and minutes.
fn length(seconds: i64) -> String {
    format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60)
}

fn line(id: IncidentId, clock: &Clock, now: Timestamp) -> String {
    let how = match (clock.state, clock.late(now)) {
        (ClockState::Running, 0) => format!("{} left", length(clock.due - now)),
        (ClockState::Paused(since), _) => format!("stands still since {}", rfc3339(since)),
        (ClockState::Met(at), 0) => format!("met {}", rfc3339(at)),
        (ClockState::Void(at), _) => format!("does not apply since {}", rfc3339(at)),
        (ClockState::Met(at), late) => format!("met {}, {} late", rfc3339(at), length(late)),
        (ClockState::Running, late) => format!("MISSED by {}", length(late)),
    };
    format!("{}  incident {id}  {}  {how}", rfc3339(clock.due), clock.id)
}

fn object(id: IncidentId, clock: &Clock, now: Timestamp) -> Value {
    json!({
        "incident": id, "clock": clock.id, "round": clock.round, "from": rfc3339(clock.from),
        "due": rfc3339(clock.due), "state": clock.state, "late": clock.late(now), "pauses": clock.pauses,
    })
}

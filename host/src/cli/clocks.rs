//! `caifeng clocks`: what incidents run against, and how fast answers came.

use std::collections::HashMap;

use caifeng::clock::rfc3339;
use caifeng::config;
use caifeng::incident::IncidentId;
use caifeng::incident::clock::response::{Responses, responses};
use caifeng::incident::clock::{Clock, ClockState};
use caifeng::incident::life::Incident;
use caifeng::plan::Plan;
use caifeng::plan::words::Words;
use caifeng::store::{Reader, StoreError};
use caifeng_plugin_host::contract::Timestamp;
use serde_json::{Value, json};

use super::output::Lines;
use super::workplace::{self, DataArgs};
use super::{Exit, OrExit, Outcome};

/// `caifeng clocks`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Prints the clocks that are running, the one that ends first on top. With --responses: which share of the incidents was answered within 2, 5, 24 and 48 hours of first sight, and the median; computed from the record. An incident that came back counts again, from when it did."
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
    let mut lines = Lines::new();
    let standings = reader.standings().or_exit(Exit::Internal)?;
    if args.responses {
        let rounds: Vec<_> = standings.iter().flat_map(|(_, incident)| incident.rounds()).collect();
        let table = responses(&rounds, now);
        let printed =
            if args.json { lines.json(&table) } else { text(&table).into_iter().try_for_each(|l| lines.text(l)) };
        printed.or_exit(Exit::Internal)?;
    }
    let plans = Plans::of(&reader, &standings, config::plan_beside(&directory.config()).or_exit(Exit::Usage)?);
    let plans = plans.or_exit(Exit::Internal)?;
    for (id, incident, clock) in shown(&standings, args) {
        let name = plans.governing(incident).clock_name(&clock.id);
        let printed =
            if args.json { lines.json(&object(id, clock, name, now)) } else { lines.text(line(id, clock, name, now)) };
        printed.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// The plans that govern incidents, each read once.
struct Plans {
    in_force: Plan,
    kept: HashMap<String, Plan>,
}

impl Plans {
    fn of(reader: &Reader, standings: &[(IncidentId, Incident)], in_force: Plan) -> Result<Self, StoreError> {
        let mut kept = HashMap::new();
        for assessed in standings.iter().filter_map(|(_, incident)| incident.assessed.as_ref()) {
            if !kept.contains_key(&assessed.plan) {
                kept.extend(reader.plan(&assessed.plan)?.map(|plan| (assessed.plan.clone(), plan)));
            }
        }
        Ok(Self { in_force, kept })
    }

    fn governing(&self, incident: &Incident) -> &Plan {
        incident.assessed.as_ref().and_then(|it| self.kept.get(&it.plan)).unwrap_or(&self.in_force)
    }
}

fn shown<'a>(standings: &'a [(IncidentId, Incident)], args: &Args) -> Vec<(IncidentId, &'a Incident, &'a Clock)> {
    if args.responses {
        return Vec::new();
    }
    let wanted = |id: &IncidentId, clock: &&Clock| args.incident.map_or_else(|| clock.is_live(), |only| only == *id);
    let of = |(id, incident): &'a (IncidentId, Incident)| {
        incident.clocks.clocks().iter().map(move |clock| (*id, incident, clock))
    };
    let mut clocks: Vec<_> = standings.iter().flat_map(of).filter(|(id, _, clock)| wanted(id, clock)).collect();
    clocks.sort_by_key(|(id, _, clock)| (clock.due, *id));
    clocks
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

/// Hours, minutes and seconds.
fn length(seconds: i64) -> String {
    format!("{} h {:02} min {:02} s", seconds / 3600, seconds % 3600 / 60, seconds % 60)
}

fn line(id: IncidentId, clock: &Clock, name: Option<&Words>, now: Timestamp) -> String {
    let how = match (clock.state, clock.late(now)) {
        (ClockState::Running, 0) => format!("{} left", length(clock.due - now)),
        (ClockState::Paused(since), _) => format!("stands still since {}", rfc3339(since)),
        (ClockState::Met(at), 0) => format!("met {}", rfc3339(at)),
        (ClockState::Void(at), _) => format!("does not apply since {}", rfc3339(at)),
        (ClockState::Met(at), late) => format!("met {}, {} late", rfc3339(at), length(late)),
        (ClockState::Running, late) => format!("MISSED by {}", length(late)),
    };
    let name = name.map_or_else(String::new, |name| format!(" {name}"));
    format!("{}  incident {id}  {}{name}  {how}", rfc3339(clock.due), clock.id)
}

fn object(id: IncidentId, clock: &Clock, name: Option<&Words>, now: Timestamp) -> Value {
    json!({
        "incident": id, "clock": clock.id, "name": name, "round": clock.round, "from": rfc3339(clock.from),
        "due": rfc3339(clock.due), "state": clock.state, "late": clock.late(now), "pauses": clock.pauses,
    })
}

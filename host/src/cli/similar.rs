//! `caifeng similar`: whether two short texts say the same. JSON Lines in, JSON Lines out.

use caifeng::text::same::compare;
use caifeng::text::tokens::Tokeniser;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::output::{Lines, note};
use super::{Exit, OrExit, Outcome, input};

/// Score from which two texts are taken to say the same.
const SAME: f32 = 0.5;

/// `caifeng similar < pairs.jsonl`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads lines {\"a\", \"b\"} from standard input and prints, in the same order, lines {\"same\", \"score\", \"apart\"}: whether two short texts say the same, and the words that only one of them has. With --evaluate each line also has a \"label\" (1 for the same, 0 for not) and one object with accuracy, precision and recall is printed instead."
)]
pub(crate) struct Args {
    /// Compare with the labels of the pairs and print how often they agree
    #[arg(long)]
    evaluate: bool,
    /// Print JSON Lines (the only form; accepted for symmetry)
    #[arg(long, hide = true)]
    json: bool,
}

#[derive(Deserialize)]
struct Pair {
    a: String,
    b: String,
    #[serde(default)]
    label: Option<u8>,
}

#[derive(Serialize)]
struct Output<'a> {
    same: bool,
    score: f32,
    apart: &'a [String],
}

/// Pairs by what people said and what was found.
#[derive(Default)]
struct Counts {
    both: u64,
    only_people: u64,
    only_found: u64,
    neither: u64,
}

/// Runs `caifeng similar`.
pub(crate) fn run(args: &Args) -> Outcome {
    let tokeniser = Tokeniser::new();
    let (mut lines, mut counts, mut unlabelled) = (Lines::new(), Counts::default(), 0);
    for line in input::lines("write {\"a\": …, \"b\": …} on each line") {
        let (_, pair): (usize, Pair) = line?;
        let found = compare(&tokeniser, &pair.a, &pair.b);
        let same = found.score >= SAME;
        if args.evaluate {
            match pair.label {
                Some(label) => counts.count(label != 0, same),
                None => unlabelled += 1,
            }
        } else {
            lines.json(&Output { same, score: found.score, apart: &found.apart }).or_exit(Exit::Internal)?;
        }
    }
    if args.evaluate {
        lines.json(&counts.told()).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    if unlabelled > 0 {
        note(format_args!("{unlabelled} pairs have no label and were not counted"));
    }
    Ok(Exit::Done)
}

impl Counts {
    fn count(&mut self, people: bool, found: bool) {
        *match (people, found) {
            (true, true) => &mut self.both,
            (true, false) => &mut self.only_people,
            (false, true) => &mut self.only_found,
            (false, false) => &mut self.neither,
        } += 1;
    }

    fn told(&self) -> serde_json::Value {
        let Self { both, only_people, only_found, neither } = *self;
        let share = |part: u64, all: u64| (all > 0).then(|| (part as f64 / all as f64 * 1e4).round() / 1e4);
        let all = both + only_people + only_found + neither;
        json!({
            "pairs": all, "accuracy": share(both + neither, all),
            "precision": share(both, both + only_found), "recall": share(both, both + only_people),
        })
    }
}

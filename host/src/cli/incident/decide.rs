//! What people decide about an incident: arguments into a decision, and what came of it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, anyhow};
use caifeng::directory::Directory;
use caifeng::handling::{Outcome as Done, What, document};
use caifeng::incident::Category;
use caifeng::store::{Decided, Decision, Seen, Shown};
use clap::Subcommand;

use crate::cli::deed::{With, act};
use crate::cli::output::Lines;
use crate::cli::{Exit, Failed, OrExit, Outcome};

/// `12@3`: an incident, and the version of it that was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(Seen);

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (id, version) = text.split_once('@')?;
            Some(Self(Seen { id: id.parse().ok()?, version: Some(version.parse().ok()?) }))
        };
        read().ok_or_else(|| {
            "write the incident and the version that you saw: 12@3 (caifeng incident show 12)".to_owned()
        })
    }
}

fn category(text: &str) -> Result<Category, String> {
    let known = || Category::ALL.map(Category::as_str).join(", ");
    Category::from_name(text).ok_or_else(|| format!("no such category: one of {}", known()))
}

/// A decision that needs a reason and nothing else.
#[derive(Debug, clap::Args)]
pub(super) struct Plain {
    /// The incident, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    /// Why
    #[arg(long, value_name = "R")]
    reason: String,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Decide what it is (研判), and how serious
    Assess {
        /// The incident, and the version that you saw
        #[arg(value_name = "ID@VERSION")]
        at: At,
        /// problem, emergency, sensitive, suggestion or rumour
        #[arg(value_parser = category)]
        category: Category,
        /// The level, as the plan calls it
        #[arg(long, value_name = "L")]
        level: Option<String>,
        /// Why
        #[arg(long, value_name = "R")]
        reason: String,
        #[command(flatten)]
        with: With,
    },
    /// Decide how serious it is
    Level {
        /// The incident, and the version that you saw
        #[arg(value_name = "ID@VERSION")]
        at: At,
        /// The level, as the plan calls it
        level: String,
        /// Why
        #[arg(long, value_name = "R")]
        reason: String,
        #[command(flatten)]
        with: With,
    },
    /// Say who owns it
    Assign {
        /// The incident, and the version that you saw
        #[arg(value_name = "ID@VERSION")]
        at: At,
        /// The user: name or identifier
        user: String,
        #[command(flatten)]
        with: With,
    },
    /// Record that a step is done, with what shows it; that it does not apply; or that it has to be done again
    Step(StepArgs),
    /// Write a note
    Note {
        /// The incident
        incident: i64,
        /// What to remember
        text: String,
        #[command(flatten)]
        with: With,
    },
    /// Bring it before those who decide, at once
    Escalate {
        /// The incident
        incident: i64,
        /// Why
        #[arg(long, value_name = "R")]
        reason: String,
        #[command(flatten)]
        with: With,
    },
    /// Take an assessment of less than a minute ago back
    TakeBack {
        /// The incident, and the version that you saw
        #[arg(value_name = "ID@VERSION")]
        at: At,
        #[command(flatten)]
        with: With,
    },
    /// Say that you know that its clocks ran out, or that somebody escalated it
    Acknowledge {
        /// The incident
        incident: i64,
        #[command(flatten)]
        with: With,
    },
    /// Stop its clocks, for a reason
    Pause(Plain),
    /// Let its clocks run again
    Resume(Plain),
    /// Say that it is handled; a major one is watched first
    Close(Plain),
    /// Take it up again
    Reopen(Plain),
    /// Say that there is nothing to do
    Dismiss(Plain),
    /// Show it only to those who decide, its owner and the owner's unit
    Restrict(Plain),
    /// Show it to everybody at the desk again
    Unrestrict(Plain),
    /// Make it part of another incident, which takes its posts
    Merge {
        /// The incident, and the version that you saw
        #[arg(value_name = "ID@VERSION")]
        at: At,
        /// The incident that takes its posts, and the version that you saw
        #[arg(long, value_name = "ID@VERSION")]
        into: At,
        #[command(flatten)]
        with: With,
    },
    /// Make some of its posts an incident of their own
    Split {
        /// The incident, and the version that you saw
        #[arg(value_name = "ID@VERSION")]
        at: At,
        /// A post, by the key that `caifeng incident show` prints; may be repeated
        #[arg(long = "post", value_name = "KEY", required = true, allow_negative_numbers = true)]
        posts: Vec<i64>,
        #[command(flatten)]
        with: With,
    },
    /// Take its latest merge or split back
    Undo {
        /// The incident, and the version that you saw
        #[arg(value_name = "ID@VERSION")]
        at: At,
        #[command(flatten)]
        with: With,
    },
}

#[derive(Debug, clap::Args)]
#[group(id = "instead", multiple = false, args = ["waive", "back"])]
pub(super) struct StepArgs {
    /// The incident, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    /// The step, as `caifeng incident show` calls it
    step: String,
    /// Evidence: words; may be repeated, like all evidence
    #[arg(long = "note", value_name = "T", conflicts_with = "instead")]
    notes: Vec<String>,
    /// Evidence: a file, which is copied into the data directory
    #[arg(long = "document", value_name = "F", conflicts_with = "instead")]
    documents: Vec<PathBuf>,
    /// Evidence: a post of the incident, by the key that `caifeng incident show` prints
    #[arg(long = "capture", value_name = "KEY", allow_negative_numbers = true, conflicts_with = "instead")]
    captures: Vec<i64>,
    /// Evidence: a published reply, by its number
    #[arg(long = "reply", value_name = "N", conflicts_with = "instead")]
    replies: Vec<i64>,
    /// Evidence: another body's consent, as its name and a file: 'WHOSE=FILE'
    #[arg(long = "consent", value_name = "WHOSE=F", conflicts_with = "instead")]
    consents: Vec<String>,
    /// Evidence: a decided referral, by its number
    #[arg(long = "referral", value_name = "N", conflicts_with = "instead")]
    referrals: Vec<i64>,
    /// The step does not apply
    #[arg(long, requires = "reason")]
    waive: bool,
    /// The step, and what rests on it, has to be done again
    #[arg(long, requires = "reason")]
    back: bool,
    /// Why, for --waive and --back
    #[arg(long, value_name = "R", requires = "instead")]
    reason: Option<String>,
    #[command(flatten)]
    with: With,
}

/// Runs what decides.
pub(super) fn run(command: Command) -> Outcome {
    let (seen, decision, with) = match command {
        Command::Assess { at, category, level, reason, with } => {
            (at.0, Decision::Assess { category, level, reason }, with)
        }
        Command::Level { at, level, reason, with } => (at.0, Decision::SetLevel { level, reason }, with),
        Command::Assign { at, user, with } => (at.0, Decision::Assign(user), with),
        Command::Step(args) => return step(args),
        Command::Note { incident, text, with } => (Seen { id: incident, version: None }, Decision::Note(text), with),
        Command::Escalate { incident, reason, with } => {
            (Seen { id: incident, version: None }, Decision::Escalate(reason), with)
        }
        Command::TakeBack { at, with } => (at.0, Decision::TakeBack, with),
        Command::Acknowledge { incident, with } => (Seen { id: incident, version: None }, Decision::Acknowledge, with),
        Command::Pause(Plain { at, reason, with }) => (at.0, Decision::Pause(reason), with),
        Command::Resume(Plain { at, reason, with }) => (at.0, Decision::Resume(reason), with),
        Command::Close(Plain { at, reason, with }) => (at.0, Decision::Close(reason), with),
        Command::Reopen(Plain { at, reason, with }) => (at.0, Decision::Reopen(reason), with),
        Command::Dismiss(Plain { at, reason, with }) => (at.0, Decision::Dismiss(reason), with),
        Command::Restrict(Plain { at, reason, with }) => (at.0, Decision::Restrict(reason), with),
        Command::Unrestrict(Plain { at, reason, with }) => (at.0, Decision::Unrestrict(reason), with),
        Command::Merge { at, into, with } => (at.0, Decision::Merge(into.0), with),
        Command::Split { at, posts, with } => (at.0, Decision::Split(posts), with),
        Command::Undo { at, with } => (at.0, Decision::Undo, with),
    };
    take(seen, decision, &with)
}

fn step(args: StepArgs) -> Outcome {
    let (seen, step) = (args.at.0, args.step.clone());
    let decision = match (args.waive, args.back, args.reason.clone().unwrap_or_default()) {
        (true, _, reason) => Decision::WaiveStep { step, reason },
        (_, true, reason) => Decision::SendBack { step, reason },
        _ => Decision::DoStep { step, evidence: evidence(&args)? },
    };
    take(seen, decision, &args.with)
}

/// What shows it; files are kept before anything names them.
fn evidence(args: &StepArgs) -> Result<Vec<Shown>, Failed> {
    let directory = args.with.person.data.directory()?;
    let mut shown: Vec<Shown> = args.notes.iter().cloned().map(Shown::Note).collect();
    for path in &args.documents {
        shown.push(Shown::Document(kept(&directory, path)?));
    }
    for consent in &args.consents {
        let (whose, path) = consent
            .split_once('=')
            .filter(|(whose, _)| !whose.trim().is_empty())
            .with_context(|| format!("--consent {consent}: write whose it is and the file: 'WHOSE=FILE'"))
            .or_exit(Exit::Usage)?;
        shown.push(Shown::Consent(kept(&directory, Path::new(path))?, whose.to_owned()));
    }
    shown.extend(args.captures.iter().copied().map(Shown::Capture));
    shown.extend(args.replies.iter().copied().map(Shown::Reply));
    shown.extend(args.referrals.iter().copied().map(Shown::Referral));
    Ok(shown)
}

fn kept(directory: &Directory, path: &Path) -> Result<String, Failed> {
    let kept = document::keep(&directory.documents(), path);
    kept.with_context(|| format!("{}: cannot be kept", path.display())).or_exit(Exit::Usage)
}

fn take(seen: Seen, decision: Decision, with: &With) -> Outcome {
    let Done::Decided(decided) = act(&with.person, What::Decide(seen, decision))? else {
        return Err(anyhow!("nothing was decided")).or_exit(Exit::Internal);
    };
    let mut lines = Lines::new();
    let printed = if with.json { lines.json(&decided) } else { lines.text(line(&decided)) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// What came of it, with the version to name next.
fn line(decided: &Decided) -> String {
    let Decided { id, version, state, other, events } = decided;
    let done: Vec<_> = events.iter().map(|event| event.name()).collect();
    let done = if done.is_empty() { "nothing to change".to_owned() } else { done.join(", ") };
    let other = other.map_or_else(String::new, |other| format!("  with {other}"));
    format!("{id}@{version}  {}  {done}{other}", state.as_str())
}

//! `caifeng drill score`: how each clock was kept, and each decision beside what was decided then.

use caifeng::case::words::Speech;
use caifeng::clock::rfc3339;
use caifeng::config;
use caifeng::drill::Mark;
use caifeng::drill::score::{ClockScore, Decided, DecisionScore, Outcome as Came, Score};
use caifeng::drill::sheet::sheet;
use caifeng::handling::drilled::{self, Scored};
use caifeng::lang::Lang;
use caifeng::plan::Plan;
use caifeng::store::Reader;

use super::failed;
use crate::cli::output::Lines;
use crate::cli::paper::{PaperArgs, hand_out};
use crate::cli::workplace::{self, DataArgs};
use crate::cli::{Exit, OrExit, Outcome};

/// `caifeng drill score`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// Write it as a document: docx, html, md
    #[command(flatten)]
    paper: OptionalPaper,
    /// Print JSON
    #[arg(long, conflicts_with = "document")]
    json: bool,
}

/// A document only when one is asked for.
#[derive(Debug, clap::Args)]
struct OptionalPaper {
    /// Write it as a document (--format, --lang, -o)
    #[arg(long)]
    document: bool,
    #[command(flatten)]
    paper: PaperArgs,
}

/// Runs `caifeng drill score`.
pub(super) fn run(args: &Args) -> Outcome {
    let directory = args.data.directory()?;
    let plan = config::plan_beside(&directory.config()).or_exit(Exit::Usage)?;
    // What is no drill is said before anything else that is wrong with it.
    Mark::read(&directory).map_err(failed)?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let now = workplace::clock(&directory)?.now();
    let Scored { mark, score, about } = drilled::read(&directory, &reader, &plan, now).map_err(failed)?;
    if args.paper.document {
        let lang = args.paper.paper.lang;
        let zone = workplace::organisation(None, &directory)?.zone();
        let speech = Speech { lang, zone, plan: &plan };
        return hand_out(&sheet(&score, &about, &speech), &args.paper.paper, &format!("drill-{}", mark.case));
    }
    let mut lines = Lines::new();
    let printed = if args.json {
        lines.json(&score)
    } else {
        text(&score, &plan).into_iter().try_for_each(|line| lines.text(line))
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn text(score: &Score, plan: &Plan) -> Vec<String> {
    let over = if score.over { "over" } else { "goes on" };
    let (kept, counted) = (score.kept, score.kept + score.missed);
    let (right, made) = (score.right, score.right + score.other);
    let at = rfc3339(score.at);
    let mut lines =
        vec![format!("clocks kept: {kept} of {counted}  decisions as then: {right} of {made}  at {at}, {over}")];
    lines.extend(score.clocks.iter().map(clock_line));
    lines.extend(score.decisions.iter().map(|decision| decision_line(decision, plan)));
    lines
}

fn clock_line(clock: &ClockScore) -> String {
    let how = match clock.outcome {
        Came::Kept(left) => format!("kept, {left} s left"),
        Came::Late(late) => format!("MISSED, {late} s late"),
        Came::Overdue(late) => format!("MISSED, not met, {late} s over"),
        Came::Running(left) => format!("runs, {left} s left"),
        Came::Void(_) => "ceased to apply".to_owned(),
    };
    let then = match clock.then {
        None => String::new(),
        Some(0) => "  (then: kept)".to_owned(),
        Some(late) => format!("  (then: {late} s late)"),
    };
    format!("  incident {}  {}  due {}  {how}{then}", clock.incident, clock.clock, rfc3339(clock.due))
}

fn decision_line(decision: &DecisionScore, plan: &Plan) -> String {
    let about = match &decision.about {
        Decided::Step(id) => {
            let books = caifeng::incident::Category::ALL.into_iter().filter_map(|category| plan.playbook(category));
            let name = books.filter_map(|book| book.step(id)).next();
            name.map_or_else(|| id.clone(), |step| step.name.in_lang(Lang::En).to_owned())
        }
        Decided::Category => "category".to_owned(),
        Decided::Level => "level".to_owned(),
        Decided::Owner => "owner".to_owned(),
        Decided::Reply => "first answer".to_owned(),
        Decided::Close => "closed".to_owned(),
    };
    let told = |value: Option<&str>, after: Option<i64>| match (value, after) {
        (_, None) => "not done".to_owned(),
        (None, Some(after)) => format!("after {after} s"),
        (Some(value), Some(after)) => format!("{value} after {after} s"),
    };
    let mark = if decision.same == Some(false) { "OTHER " } else { "" };
    let now = told(decision.value.as_deref(), decision.after);
    format!("  {about}  {mark}{now}  (then: {})", told(decision.then.as_deref(), decision.then_after))
}

//! `caifeng case`: closed incidents to learn from, with the people in them hidden.

use anyhow::anyhow;
use caifeng::case::CaseId;
use caifeng::case::correct::{Correction, told};
use caifeng::case::life::{Life, may_leave};
use caifeng::case::sheet::sheet;
use caifeng::case::words::Speech;
use caifeng::clock::rfc3339;
use caifeng::config;
use caifeng::handling::casework::{Casework, Hid, hidden};
use caifeng::handling::{Outcome as Done, What};
use caifeng::privacy::Kind;
use caifeng::store::{CaseRow, Reader};
use caifeng::text::tokens::Tokeniser;
use clap::Subcommand;
use serde_json::{Value, json};

use super::deed::{SeenArgs, With, act};
use super::output::{Lines, one_line};
use super::paper::{PaperArgs, hand_out};
use super::reply::At;
use super::workplace::{self, DataArgs, ListArgs};
use super::{Exit, Failed, OrExit, Outcome};

/// `caifeng case`
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Cases (P22). A closed incident becomes a case: names, numbers, accounts, doors, and places finer than the organisation's own area are hidden by rules, and what was hidden is listed. Rules miss names. So a second person reads the case, hides what was missed (hide --word), puts back what is nobody (hide --harmless), checks and releases it; until then it is neither exported nor found nor drilled. A command names the case with the version that you saw, as `caifeng case show` prints it: 3@1."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a case of a closed incident
    Make(MakeArgs),
    /// Print cases
    List(ListArgs),
    /// Print one, with what was hidden in it
    Show(ShowArgs),
    /// Hide what was missed, put back what is nobody, add lessons and tags
    Hide(HideArgs),
    /// Say that a case which somebody else made names nobody
    Check(SeenArgs),
    /// Let a checked case be shown
    Release(SeenArgs),
    /// Find released cases by their words
    Search(SearchArgs),
    /// Write a released case as a sheet for a class
    Export(ExportArgs),
}

#[derive(Debug, clap::Args)]
struct MakeArgs {
    /// The incident
    incident: i64,
    /// What is to be learnt from it; may be repeated
    #[arg(long = "lesson", value_name = "T")]
    lessons: Vec<String>,
    /// By what it is to be found; may be repeated
    #[arg(long = "tag", value_name = "T")]
    tags: Vec<String>,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The case
    case: CaseId,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct HideArgs {
    /// The case, and the version that you saw
    #[arg(value_name = "ID@VERSION")]
    at: At,
    /// A word to be hidden wherever it stands; may be repeated
    #[arg(long = "word", value_name = "W")]
    words: Vec<String>,
    /// What those words are: name, account, phone, number, plate, email, link, address, place
    #[arg(long = "as", value_name = "KIND", default_value = "name", value_parser = kind)]
    kind: Kind,
    /// A word that is nobody: put back where it was hidden, and not found any more; may be repeated
    #[arg(long, value_name = "W")]
    harmless: Vec<String>,
    /// A lesson to be added; may be repeated
    #[arg(long = "lesson", value_name = "T")]
    lessons: Vec<String>,
    /// A tag to be added; may be repeated
    #[arg(long = "tag", value_name = "T")]
    tags: Vec<String>,
    #[command(flatten)]
    with: With,
}

#[derive(Debug, clap::Args)]
struct SearchArgs {
    /// Words, all of which a case must hold
    #[arg(required = true)]
    words: Vec<String>,
    /// Only cases with this tag
    #[arg(long, value_name = "T")]
    tag: Option<String>,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// The case
    case: CaseId,
    #[command(flatten)]
    paper: PaperArgs,
    #[command(flatten)]
    data: DataArgs,
    /// Print the case as JSON instead
    #[arg(long)]
    json: bool,
}

fn kind(text: &str) -> Result<Kind, String> {
    let known = Kind::ALL.map(Kind::as_str).join(", ");
    Kind::from_name(text).ok_or_else(|| format!("no such kind: one of {known}"))
}

/// Runs `caifeng case`.
pub(crate) fn run(args: Args) -> Outcome {
    match args.command {
        Command::Make(MakeArgs { incident, lessons, tags, with }) => {
            take(Casework::Make { incident, lessons, tags }, &with)
        }
        Command::List(args) => list(&args),
        Command::Show(args) => show(&args),
        Command::Hide(args) => hide(args),
        Command::Check(args) => take(Casework::Check(args.at.0), &args.with),
        Command::Release(args) => take(Casework::Release(args.at.0), &args.with),
        Command::Search(args) => search(&args),
        Command::Export(args) => export(&args),
    }
}

fn hide(args: HideArgs) -> Outcome {
    let HideArgs { at, words, kind, harmless, lessons, tags, with } = args;
    if words.is_empty() && harmless.is_empty() && lessons.is_empty() && tags.is_empty() {
        let what = "nothing to do: name a --word to hide, a --harmless one to put back, a --lesson or a --tag to add";
        return Err(anyhow!(what)).or_exit(Exit::Usage);
    }
    let hide = words.into_iter().map(|word| (word, kind)).collect();
    take(Casework::Correct(at.0, Correction { hide, harmless, lessons, tags }), &with)
}

fn take(work: Casework, with: &With) -> Outcome {
    let Done::Case(row) = act(&with.person, What::Case(work))? else {
        return Err(anyhow!("nothing came of it")).or_exit(Exit::Internal);
    };
    let mut lines = Lines::new();
    let printed = if with.json { lines.json(&brief(&row)) } else { lines.text(line(&row)) };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn line(row: &CaseRow) -> String {
    let CaseRow { id, life, case } = row;
    let title = one_line(&case.title.shown());
    let tags = if case.tags.is_empty() { String::new() } else { format!("  [{}]", case.tags.join(", ")) };
    let (standing, hidden) = (life.standing.as_str(), case.hidden());
    let (incident, category) = (case.incident, case.category.as_str());
    format!("{id}@{}  {standing:<8}  incident {incident}  {category}  {hidden} hidden  {title}{tags}", life.version)
}

fn brief(row: &CaseRow) -> Value {
    let CaseRow { id, life, case } = row;
    let Life { version, standing, maker, made, checker, released } = life;
    json!({
        "case": id, "version": version, "standing": standing, "incident": case.incident, "title": case.title.shown(),
        "category": case.category, "level": case.level, "hidden": case.hidden(), "tags": case.tags, "maker": maker,
        "made": rfc3339(*made), "checker": checker, "released": released.map(rfc3339), "posts": case.posts.len(),
    })
}

fn list(args: &ListArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    print(&reader.cases().or_exit(Exit::Internal)?, args.json)
}

fn print(rows: &[CaseRow], json: bool) -> Outcome {
    let mut lines = Lines::new();
    for row in rows {
        if json { lines.json(&brief(row)) } else { lines.text(line(row)) }.or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn search(args: &SearchArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let words = Tokeniser::new().query_words(&args.words.join(" "));
    let mut found = reader.find_cases(&words).or_exit(Exit::Internal)?;
    found.retain(|row| args.tag.as_ref().is_none_or(|tag| row.case.tags.contains(tag)));
    print(&found, args.json)
}

fn export(args: &ExportArgs) -> Outcome {
    let directory = args.data.directory()?;
    let reader = Reader::open(directory.path()).or_exit(Exit::Usage)?;
    let row = known(&reader, args.case)?;
    may_leave(&row.life).or_exit(Exit::Refused)?;
    if args.json {
        let mut lines = Lines::new();
        lines.json(&whole(&row, &[])).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
        return Ok(Exit::Done);
    }
    let plan = reader.plan(&row.case.plan).or_exit(Exit::Internal)?;
    let plan = plan.map_or_else(|| config::plan_beside(&directory.config()), Ok).or_exit(Exit::Usage)?;
    let zone = workplace::organisation(None, &directory)?.zone();
    let speech = Speech { lang: args.paper.lang, zone, plan: &plan };
    hand_out(&sheet(row.id, &row.case, &speech), &args.paper, &format!("case-{}", row.id))
}

/// The case of this number.
pub(super) fn known(reader: &Reader, id: CaseId) -> Result<CaseRow, Failed> {
    let found = reader.case(id).or_exit(Exit::Internal)?;
    found.ok_or_else(|| anyhow!("no such case: {id} (caifeng case list lists them)")).or_exit(Exit::Usage)
}

fn show(args: &ShowArgs) -> Outcome {
    let reader = Reader::open(args.data.directory()?.path()).or_exit(Exit::Usage)?;
    let row = known(&reader, args.case)?;
    let hidden = hidden(&reader, &row.case).or_exit(Exit::Internal)?;
    let mut lines = Lines::new();
    let printed = if args.json {
        lines.json(&whole(&row, &hidden))
    } else {
        text(&row, &hidden).into_iter().try_for_each(|line| lines.text(line))
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

fn whole(row: &CaseRow, hidden: &[Hid]) -> Value {
    let case = &row.case;
    let posts = case.posts.iter().map(|said| {
        json!({
            "post": said.row, "site": said.site, "kind": said.kind, "heard": rfc3339(said.heard),
            "said": said.said.map(rfc3339), "title": said.title.as_ref().map(|title| title.shown()),
            "text": said.text.shown(),
        })
    });
    let course = case.course.iter().map(|step| {
        json!({"at": rfc3339(step.at), "by": step.by, "what": step.what, "notes": step.notes.iter().map(|(_, note)| note.shown()).collect::<Vec<_>>()})
    });
    let hidden = hidden.iter().map(
        |one| json!({"place": told(one.place), "kind": one.kind, "at": one.at, "shown": one.shown, "was": one.was}),
    );
    let mut shown = brief(row);
    shown["opened"] = rfc3339(case.opened).into();
    shown["ended"] = rfc3339(case.ended).into();
    shown["left_out"] = case.left_out.into();
    shown["posts_shown"] = posts.collect();
    shown["course"] = course.collect();
    shown["clocks"] = json!(case.clocks);
    shown["lessons"] = case.lessons.iter().map(|lesson| lesson.shown()).collect();
    shown["harmless"] = json!(case.harmless);
    shown["hidden_words"] = hidden.collect();
    shown
}

fn text(row: &CaseRow, hidden: &[Hid]) -> Vec<String> {
    let case = &row.case;
    let mut lines = vec![line(row)];
    let level = case.level.as_deref().unwrap_or("-");
    lines.push(format!("  level {level}  first seen {}  closed {}", rfc3339(case.opened), rfc3339(case.ended)));
    lines.extend(case.lessons.iter().map(|lesson| format!("  lesson: {}", lesson.shown())));
    for said in &case.posts {
        let title = said.title.as_ref().map_or_else(String::new, |title| format!("{}: ", title.shown()));
        lines.push(format!(
            "  {}  {}  post {}  {title}{}",
            rfc3339(said.heard),
            said.site,
            said.row,
            said.text.shown()
        ));
    }
    if case.left_out > 0 {
        lines.push(format!("  {} later posts are not in it", case.left_out));
    }
    for step in &case.course {
        let note: String = step.notes.iter().map(|(_, note)| format!(": {}", note.shown())).collect();
        lines.push(format!("  {}  {}  {}{note}", rfc3339(step.at), step.by, json!(step.what)));
    }
    lines.push(format!("  hidden, each for a second person to check ({}):", hidden.len()));
    lines.extend(hidden.iter().map(|one| {
        let was = one.was.as_deref().unwrap_or("(no longer kept)");
        format!("  {}  at {}  {}  {} ← {}", told(one.place), one.at, one.kind.as_str(), one.shown, one_line(was))
    }));
    lines
}

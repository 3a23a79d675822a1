//! `/cases` and `/drills`: what is over, to learn from, and its replay against the clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::strange;
use crate::control::{Asked as Order, Line};
use crate::drill::order::{Advance, Came, Inject, Order as ToDrill, Wish};
use crate::drill::score::Score;
use crate::handling::casework::{Casework, Hid, hidden};
use crate::handling::{Outcome, What, drilled};
use crate::privacy::Kind;
use crate::reporting::Format;
use crate::store::CaseRow;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, Pending, get, post, wait};
use crate::web::api::file::File;
use crate::web::api::listed::{Limit, Named, Nothing, Numbered, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::desk::Refused;
use crate::web::page::DrillLine;
use crate::web::room::cases::{FASTEST, file, lines, scored, staged};
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    let leading = Access::Able(Act::LeadDrill);
    vec![
        get("/cases", WORK, ("listCases", "Closed incidents to learn from; `q` finds among the released"), cases),
        get("/cases/{id}", WORK, ("case", "One case"), case),
        get("/cases/{id}/file", WORK, ("caseFile", "The sheet of a released case, as a file"), paper).like(&[("query", "format=html")]),
        post(
            "/cases",
            Access::AbleToAny(Casework::ACTS),
            ("workOnCase", "Make, correct, check or release a case"),
            work,
        ).like(&[
("make", r#"{"make": {"incident": 1, "lessons": ["提前一天告知"], "tags": ["供水"]}}"#),
("correct", r#"{"correct": [{"id": 1, "version": 1}, {"hide": [["王芳", "name"]], "harmless": [], "lessons": [], "tags": []}]}"#),
("check", r#"{"check": {"id": 1, "version": 1}}"#),
("release", r#"{"release": {"id": 1, "version": 2}}"#),
]),
        post("/cases/{id}/drill", leading, ("setUpDrill", "Set a drill up of a released case"), set_up).like(&[
("set-up", r#"{"speed": 60}"#),
]),
        get("/drills", WORK, ("listDrills", "Drills that were set up; in a drill, none"), drills),
        get("/drills/{id}", WORK, ("drill", "How well a team does in a drill"), drill),
        get("/drill", WORK, ("thisDrill", "In a drill: how it stands"), this),
        wait("/drills/advance", leading, ("advanceDrill", "In a drill: move its clock on"), advance).like(&[
("by", r#"{"by": 600}"#),
("end", r#""end""#),
]),
        wait("/drills/inject", leading, ("injectIntoDrill", "In a drill: have something more said"), inject).like(&[
("inject", r#"{"site": null, "at": null, "title": null, "text": "有人说水又停了"}"#),
]),
    ]
}

/// Which cases.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// What is looked for.
    q: Option<String>,
    /// At most so many.
    #[serde(default)]
    limit: Limit,
    /// Where the part before ended.
    cursor: Option<String>,
}

fn cases(call: &Call, Wanted { q, limit, cursor }: Wanted) -> Result<Part<CaseRow>, Problem> {
    let tokeniser = &call.desk.app.owner.sweeper.pipeline.tokeniser;
    let found = match q.filter(|q| !q.trim().is_empty()) {
        Some(q) => call.reader().find_cases(&tokeniser.query_words(&q))?,
        None => call.reader().cases()?,
    };
    Part::sorted(found, limit, cursor.as_deref(), |row| row.id)
}

/// Something that was hidden in a case.
#[derive(Debug, Serialize, JsonSchema)]
struct Covered {
    /// What it was.
    kind: Kind,
    /// What stands in its place.
    shown: String,
    /// What stood there, as long as it is kept elsewhere.
    was: Option<String>,
}

/// A case.
#[derive(Debug, Serialize, JsonSchema)]
struct Whole {
    /// How it stands.
    #[serde(flatten)]
    row: CaseRow,
    /// What was hidden, for whoever checks it.
    covered: Vec<Covered>,
}

fn case(call: &Call, Numbered { id }: Numbered) -> Result<Whole, Problem> {
    let row = call.reader().case(id)?.ok_or(Problem::Missing)?;
    let covered = hidden(&call.reader(), &row.case)?.into_iter();
    let covered = covered.map(|Hid { kind, shown, was, .. }| Covered { kind, shown, was }).collect();
    Ok(Whole { row, covered })
}

/// How a case is written down.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Paper {
    /// Its number.
    id: i64,
    /// How it is written down.
    format: Format,
}

fn paper(call: &Call, Paper { id, format }: Paper) -> Result<File, Problem> {
    Ok(file(&call.desk, &call.reader(), id, format, call.lang)?.into())
}

fn work(call: &Call, _: Nothing, work: Casework) -> Result<CaseRow, Problem> {
    call.must(work.takes())?;
    match call.act(What::Case(work))? {
        Outcome::Case(row) => Ok(*row),
        other => Err(strange(&other)),
    }
}

/// How fast a drill runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Speed {
    /// Seconds of the drill in one of ours; 0: its clock is moved by hand.
    #[schemars(range(max = 86_400))]
    speed: u32,
}

/// A drill that was set up.
#[derive(Debug, Serialize, JsonSchema)]
struct SetUp {
    /// Its name.
    id: String,
}

fn set_up(call: &Call, Numbered { id }: Numbered, Speed { speed }: Speed) -> Result<SetUp, Problem> {
    if speed > FASTEST {
        return Err(Problem::Unfit(format!("speed: at most {FASTEST}, a day in a second")));
    }
    Ok(SetUp { id: staged(&call.desk, &call.reader(), id, speed)? })
}

/// A drill.
#[derive(Debug, Serialize, JsonSchema)]
struct DrillShown {
    /// Its name.
    id: String,
    /// The case that it replays.
    case: i64,
    /// Where its clock stands.
    now: i64,
    /// It is over.
    over: bool,
    /// Seconds of it in one of ours.
    speed: u32,
}

impl From<DrillLine> for DrillShown {
    fn from(DrillLine { name, case, now, over, speed }: DrillLine) -> Self {
        Self { id: name, case, now, over, speed }
    }
}

fn drills(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<DrillShown>, Problem> {
    let directory = &call.clerk().directory;
    let all = if call.desk.app.drill { Vec::new() } else { lines(directory).map_err(Refused::from)? };
    let all = all.into_iter().map(DrillShown::from).collect();
    Part::sorted(all, limit, cursor.as_deref(), |one: &DrillShown| one.id.clone())
}

fn drill(call: &Call, Named { id }: Named) -> Result<Score, Problem> {
    Ok(scored(&call.desk, &id)?.1.score)
}

fn this(call: &Call, _: Nothing) -> Result<Score, Problem> {
    if !call.desk.app.drill {
        return Err(Problem::Missing);
    }
    let clerk = call.clerk();
    let read = drilled::read(&clerk.directory, call.desk.unveiled(), &call.desk.app.owner.setup.plan.get(), call.now);
    Ok(read.map_err(Refused::from)?.score)
}

/// Where its clock is moved to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Moving {
    /// So many seconds on.
    By(u32),
    /// To a moment.
    To(i64),
    /// To the drill's end.
    End,
}

fn came(line: Line) -> Option<Came> {
    match line {
        Line::Drilled(came) => Some(came),
        _ => None,
    }
}

fn wish(call: Call, wish: Wish) -> Pending<Came> {
    Box::pin(async move {
        let order = Order::Drill(ToDrill { token: call.visitor.token.clone(), drill: wish });
        call.order(order, came).await
    })
}

fn advance(call: Call, _: Nothing, to: Moving) -> Pending<Came> {
    let to = match to {
        Moving::By(seconds) => Advance::By(i64::from(seconds)),
        Moving::To(at) => Advance::To(at),
        Moving::End => Advance::End,
    };
    wish(call, Wish::Advance(to))
}

/// Something that is said.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Said {
    /// On which site; the trainer's own where none is named.
    site: Option<String>,
    /// When it is heard; now where nothing is said.
    at: Option<i64>,
    /// Headline.
    title: Option<String>,
    /// Text.
    text: String,
}

fn inject(call: Call, _: Nothing, Said { site, at, title, text }: Said) -> Pending<Came> {
    wish(call, Wish::Inject(Inject { site, at, title, text }))
}

//! `/retention` and `/calendar`: what is kept how long, and which days are worked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::edit::{self, Change, YearDays};
use crate::control::{Asked as Order, Line, Refusal, Upkeep};
use crate::planning;
use crate::retention::{Released, Retention, would_release};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, Pending, get, post, wait};
use crate::web::api::listed::Nothing;
use crate::web::api::problem::Problem;
use crate::web::routes::ADMINISTRATORS;

pub(super) fn table() -> Vec<Endpoint> {
    let setting_up = Access::Able(Act::Configure);
    vec![
        get("/retention", ADMINISTRATORS, ("retention", "What is kept how long"), kept),
        wait("/retention", Access::Able(Act::Retain), ("retain", "Let go, now, of what is kept no longer"), retain)
            .like(&[("retain", r#"{}"#)]),
        post(
            "/retention/preview",
            setting_up,
            ("previewRetention", "What other rules would let go of with the next run, beside what goes anyhow"),
            preview,
        )
        .like(&[(
            "look",
            r#"{"rules": {"unmatched": "36h", "matched": "180d", "evidence": "7d", "contact_notes": "365d", "records": "180d"}}"#,
        )]),
        wait("/retention/rules", setting_up, ("setRetention", "Keep things so long from now on"), set).like(&[(
            "save",
            r#"{"seen": "0a1b2c3d4e5f", "rules": {"unmatched": "7d", "matched": "365d", "evidence": "7d", "contact_notes": "365d", "records": "180d"}}"#,
        )]),
        get("/calendar", ADMINISTRATORS, ("calendar", "Which days are worked, around this year"), calendar),
        post(
            "/calendar",
            setting_up,
            ("setDays", "Days of a year that are not what their day of the week says, beside those that come with the program"),
            days,
        )
        .like(&[(
            "days",
            r#"{"year": 2027, "source": "国办通知", "off": ["2027-01-01", "2027-02-08/2027-02-12"], "work": ["2027-02-07"]}"#,
        )]),
    ]
}

/// How long things are kept, in days or hours: `7d`, `36h`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// Posts that mention no topic.
    unmatched: String,
    /// Posts that do, once their incident is finished.
    matched: String,
    /// What sites answered, but for what belongs to an incident.
    evidence: String,
    /// Notes about contacts.
    contact_notes: String,
    /// The record of sweeps.
    records: String,
}

impl Rules {
    fn of(rules: &Retention) -> Result<Self, Problem> {
        let written = serde_json::to_value(rules).and_then(serde_json::from_value);
        written.map_err(|error| Refusal::Internal(error.to_string()).into())
    }

    /// As the configuration reads them.
    fn read(&self) -> Result<Retention, Problem> {
        let read = serde_json::to_value(self).and_then(serde_json::from_value);
        read.map_err(|error| Problem::Unfit(format!("rules: {error}")))
    }
}

/// What is kept how long, in seconds from the capture.
#[derive(Debug, Serialize, JsonSchema)]
struct Kept {
    /// Posts that mention no topic.
    unmatched: i64,
    /// Posts that do, once their incident is finished.
    matched: i64,
    /// What sites answered, but for what belongs to an incident.
    evidence: i64,
    /// Notes about contacts.
    contact_notes: i64,
    /// The record of sweeps.
    records: i64,
    /// A year whose working days are not known and should be.
    missing_year: Option<i16>,
    /// The same as it is written.
    rules: Rules,
    /// What whoever changes it has seen.
    seen: String,
}

fn kept(call: &Call, _: Nothing) -> Result<Kept, Problem> {
    let rules = call.desk.app.owner.sweeper.retention.get();
    let today = call.desk.app.organisation.get().day(call.now);
    Ok(Kept {
        unmatched: rules.unmatched.seconds(),
        matched: rules.matched.seconds(),
        evidence: rules.evidence.seconds(),
        contact_notes: rules.contact_notes.seconds(),
        records: rules.records.seconds(),
        missing_year: call.desk.app.owner.setup.calendar.get().missing(today),
        rules: Rules::of(&rules)?,
        seen: edit::mark(&*rules),
    })
}

fn retain(call: Call, _: Nothing, _: Nothing) -> Pending<Released> {
    Box::pin(async move {
        let order = Order::Upkeep(Upkeep::Retain { token: call.visitor.token.clone() });
        let released = |line| match line {
            Line::Released(released) => Some(released),
            _ => None,
        };
        call.order(order, released).await
    })
}

/// Rules that are only looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Looking {
    /// How long things would be kept.
    rules: Rules,
}

/// What the next run would let go of.
#[derive(Debug, Serialize, JsonSchema)]
struct Goes {
    /// By the rules in force.
    now: Released,
    /// By the others.
    then: Released,
}

fn preview(call: &Call, _: Nothing, Looking { rules }: Looking) -> Result<Goes, Problem> {
    let (other, owner) = (rules.read()?, &call.desk.app.owner);
    let evidence = owner.clerk.directory.evidence();
    let goes = |rules: &Retention| would_release(call.desk.unveiled(), &evidence, rules, call.now);
    Ok(Goes { now: goes(&owner.sweeper.retention.get())?, then: goes(&other)? })
}

/// Rules that shall hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// What was seen: `seen` of what is kept how long.
    seen: String,
    /// How long things are kept.
    rules: Rules,
}

fn set(call: Call, _: Nothing, Setting { seen, rules }: Setting) -> Pending<Nothing> {
    Box::pin(async move {
        call.configure(Change::SetRetention { seen, retention: rules.read()? }).await?;
        Ok(Nothing {})
    })
}

/// Days in a row.
#[derive(Debug, Serialize, JsonSchema)]
struct Run {
    /// The first, as 2027-02-08.
    from: String,
    /// The last.
    to: String,
    /// They are worked; else they are off.
    worked: bool,
}

/// A year.
#[derive(Debug, Serialize, JsonSchema)]
struct Year {
    /// Which.
    year: i16,
    /// Where its days come from; nothing where none are known and it counts by days of the week.
    source: Option<String>,
    /// Those that are not what their day of the week says.
    days: Vec<Run>,
}

/// Which days are worked.
#[derive(Debug, Serialize, JsonSchema)]
struct Calendar {
    /// The year before this one, this one and the next.
    years: Vec<Year>,
    /// One whose days are not known and should be.
    missing: Option<i16>,
}

fn calendar(call: &Call, _: Nothing) -> Result<Calendar, Problem> {
    let calendar = call.desk.app.owner.setup.calendar.get();
    let today = call.desk.app.organisation.get().day(call.now);
    let year = |year: i16| {
        let runs = calendar.exceptions(year).into_iter();
        let days = runs.map(|(from, to, worked)| Run { from: from.to_string(), to: to.to_string(), worked }).collect();
        Year { year, source: calendar.notice(year).map(str::to_owned), days }
    };
    let years = (today.year() - 1..=today.year() + 1).map(year).collect();
    Ok(Calendar { years, missing: calendar.missing(today) })
}

/// Days of one year, in place of the organisation's own of that year.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    /// Which year.
    year: i16,
    /// Where they come from.
    source: String,
    /// Days off, one or from to: `2027-02-08/2027-02-12`.
    off: Vec<String>,
    /// Weekends that are worked.
    work: Vec<String>,
}

fn days(call: &Call, _: Nothing, Days { year, source, off, work }: Days) -> Result<Nothing, Problem> {
    let days = YearDays { year, source: source.trim().to_owned(), off, work };
    planning::set_days(&call.desk.app.owner, &call.caller(), &days)?;
    Ok(Nothing {})
}

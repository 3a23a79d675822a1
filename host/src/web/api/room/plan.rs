//! `/plan` and `/organisation`: by what the office works, and how it is called.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::edit::{Calls, Change};
use crate::config::reading;
use crate::plan::diff::{Change as Difference, diff};
use crate::planning;
use crate::store::PlanProposal;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, Pending, get, post, wait};
use crate::web::api::listed::{Named, Nothing, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::ALL;

pub(super) fn table() -> Vec<Endpoint> {
    let setting_up = Access::Able(Act::Configure);
    vec![
        get("/plan", ALL, ("plan", "The plan in force"), plan),
        post("/plan/check", ALL, ("checkPlan", "Whether a plan is in order, and what would be different; nothing is put into force"), check).like(&[
("check", r#"{"text": "[plan]\nname = \"预案\"\n"}"#),
]),
        get("/plan/proposals", ALL, ("listPlanProposals", "What somebody proposes in place of the plan in force: one, or none"), proposals),
        post("/plan/proposals", Access::Able(Act::ProposePlan), ("proposePlan", "Propose another plan, for somebody who decides to put into force; what was proposed before is dropped"), propose).like(&[
("propose", r#"{"text": "[plan]\nname = \"预案\"\n", "seen": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "reason": "局务会决定"}"#),
]),
        post("/plan/proposals/{id}/adopt", Access::Able(Act::AdoptPlan), ("adoptPlan", "Put the plan of this digest into force; never by whoever proposed it"), adopt).like(&[
("adopt", r#"{}"#),
]),
        post("/plan/proposals/{id}/drop", Access::AbleToAny(&[Act::ProposePlan, Act::AdoptPlan]), ("dropPlan", "The plan of this digest is proposed no longer"), give_up).like(&[
("drop", r#"{}"#),
]),
        get("/organisation", setting_up, ("organisation", "How the organisation is called"), organisation),
        wait("/organisation", setting_up, ("nameOrganisation", "Say how the organisation is called"), name).like(&[
("name", r#"{"name": "青石县水务局", "aliases": ["县水务局"], "places": ["青石县"], "accounts": ["青石水务"], "contact": null}"#),
]),
    ]
}

/// The plan.
#[derive(Debug, Serialize, JsonSchema)]
struct PlanShown {
    /// SHA-256 of its text: what decisions name.
    digest: String,
    /// Its text, as TOML.
    text: String,
}

fn plan(call: &Call, _: Nothing) -> Result<PlanShown, Problem> {
    let plan = call.desk.app.owner.setup.plan.get();
    Ok(PlanShown { digest: plan.digest(), text: plan.text().to_owned() })
}

/// A plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Its text, as TOML.
    text: String,
}

/// Something that is wrong with it.
#[derive(Debug, Serialize, JsonSchema)]
struct Wrong {
    /// Line, from 1; nothing when the text cannot be read at all.
    line: Option<usize>,
    /// Character of that line, from 1.
    column: Option<usize>,
    /// What is wrong and what to write instead.
    message: String,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
struct Checked {
    /// What is wrong with it.
    problems: Vec<Wrong>,
    /// What would be different, when nothing is.
    changes: Vec<Difference>,
}

fn check(call: &Call, _: Nothing, Written { text }: Written) -> Result<Checked, Problem> {
    Ok(checked(call, &text))
}

fn checked(call: &Call, text: &str) -> Checked {
    let wrong = |problem: reading::Problem| {
        let (line, column) = problem.at.unzip();
        Wrong { line, column, message: problem.message }
    };
    match planning::read(text) {
        Ok(other) => Checked { problems: Vec::new(), changes: diff(&call.desk.app.owner.setup.plan.get(), &other) },
        Err(problems) => Checked { problems: problems.into_iter().map(wrong).collect(), changes: Vec::new() },
    }
}

/// A plan that somebody proposes.
#[derive(Debug, Serialize, JsonSchema)]
struct Proposed {
    /// SHA-256 of its text: what `adoptPlan` and `dropPlan` name.
    id: String,
    /// That of the plan that it is to take the place of.
    before: String,
    /// Its text, as TOML.
    text: String,
    /// Why.
    reason: String,
    /// Who proposes it: a user's identifier.
    by: String,
    /// When.
    at: i64,
    /// How it stands beside the plan in force.
    checked: Checked,
}

fn proposals(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Proposed>, Problem> {
    let told = call.reader().plan_proposal()?.map(|PlanProposal { plan, before, text, reason, user, at }| Proposed {
        checked: checked(call, &text),
        id: plan,
        before,
        text,
        reason,
        by: user,
        at,
    });
    Part::sorted(told.into_iter().collect(), limit, cursor.as_deref(), |one: &Proposed| one.id.clone())
}

/// A plan, and which one it is to take the place of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Proposing {
    /// Its text, as TOML.
    text: String,
    /// The digest of the plan in force that was seen.
    seen: String,
    /// Why.
    reason: String,
}

fn propose(call: &Call, _: Nothing, Proposing { text, seen, reason }: Proposing) -> Result<Nothing, Problem> {
    planning::propose(&call.desk.app.owner, &call.caller(), &text, &seen, &reason)?;
    Ok(Nothing {})
}

fn adopt(call: &Call, Named { id }: Named, _: Nothing) -> Result<Nothing, Problem> {
    planning::adopt(&call.desk.app.owner, &call.caller(), &id)?;
    Ok(Nothing {})
}

fn give_up(call: &Call, Named { id }: Named, _: Nothing) -> Result<Nothing, Problem> {
    planning::give_up(&call.desk.app.owner, &call.caller(), id)?;
    Ok(Nothing {})
}

/// How an organisation is called.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Called {
    /// Full name.
    name: String,
    /// Other names that people use for it.
    #[serde(default)]
    aliases: Vec<String>,
    /// Places it answers for.
    #[serde(default)]
    places: Vec<String>,
    /// Official accounts under which it may answer.
    #[serde(default)]
    accounts: Vec<String>,
    /// How a site's operator can reach it.
    contact: Option<String>,
}

fn organisation(call: &Call, _: Nothing) -> Result<Called, Problem> {
    let own = call.clerk().organisation.get().as_ref().clone();
    Ok(Called {
        name: own.name,
        aliases: own.aliases,
        places: own.places,
        accounts: own.accounts,
        contact: own.contact,
    })
}

fn name(call: Call, _: Nothing, called: Called) -> Pending<Nothing> {
    Box::pin(async move {
        let Called { name, aliases, places, accounts, contact } = called;
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(Problem::Unfit("name: an organisation has one".to_owned()));
        }
        call.configure(Change::Organisation(Calls { name, aliases, places, accounts, contact })).await?;
        Ok(Nothing {})
    })
}

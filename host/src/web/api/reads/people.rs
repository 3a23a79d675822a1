//! Who asks, who there is, and the record.

use schemars::JsonSchema;
use serde::Serialize;

use crate::incident::chain::Checkpoint;
use crate::incident::event::Role;
use crate::user::User;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get};
use crate::web::api::listed::{Nothing, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::{ADMINISTRATORS, WORK};

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/me", Access::Signed, ("me", "Who is known by what was sent, and what they may do"), me),
        get("/users", ADMINISTRATORS, ("listUsers", "All users"), users),
        get("/plan", WORK, ("plan", "The plan in force"), plan),
        get(
            "/audit/verification",
            ADMINISTRATORS,
            ("verifyRecord", "Whether the record of events is consistent"),
            verified,
        ),
    ]
}

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
struct Me {
    /// Identifier of the user.
    user: String,
    /// What colleagues call them.
    name: Option<String>,
    /// Their roles.
    roles: Vec<Role>,
    /// What these include.
    rights: Vec<Act>,
}

fn me(call: &Call, _: Nothing) -> Result<Me, Problem> {
    let known = call.visitor.person.clone().ok_or(Problem::Unknown)?;
    let rights = crate::user::right::RIGHTS.iter().map(|(act, _)| *act).filter(|act| call.visitor.may(*act)).collect();
    Ok(Me { user: known.user, name: known.name, roles: known.roles, rights })
}

fn users(call: &Call, _: Nothing) -> Result<Part<User>, Problem> {
    Ok(Part::whole(call.clerk().reader.users()?))
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
    let plan = call.clerk().store.plan_in_force()?;
    Ok(PlanShown { digest: plan.digest(), text: plan.text().to_owned() })
}

/// What the chain of events says.
#[derive(Debug, Serialize, JsonSchema)]
struct Verified {
    /// Each entry follows from the one before it.
    consistent: bool,
    /// Where it ends now.
    head: Option<Checkpoint>,
    /// Where and how it breaks.
    broken: Option<String>,
}

fn verified(call: &Call, _: Nothing) -> Result<Verified, Problem> {
    Ok(match call.clerk().reader.verify_chain(None)? {
        Ok(report) => Verified { consistent: true, head: Some(report.head), broken: None },
        Err(broken) => Verified { consistent: false, head: None, broken: Some(broken.to_string()) },
    })
}

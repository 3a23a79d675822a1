//! `/users`: who there is, and what they may do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::strange;
use crate::handling::{Outcome, What};
use crate::store::UserChange;
use crate::user::User;
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get, post_secret};
use crate::web::api::listed::{Nothing, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::ADMINISTRATORS;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/users", ADMINISTRATORS, ("listUsers", "All users"), users),
        post_secret(
            "/users",
            Access::AbleToAny(UserChange::ACTS),
            ("changeUsers", "Add users, give roles and units, link to an account elsewhere, replace tokens, revoke, take a lost second factor away"),
            user,
        )
        .like(&[
            ("add", r#"{"add": {"name": "周敏", "roles": []}}"#),
            ("roles", r#"{"roles": {"user": "周敏", "roles": ["monitor"]}}"#),
            ("unit", r#"{"unit": {"user": "周敏", "unit": "供水股"}}"#),
            ("revoke", r#"{"revoke": {"user": "周敏"}}"#),
            ("identity", r#"{"identity": {"user": "周敏", "name": "zhoumin"}}"#),
            ("end-factor", r#"{"end-factor": {"user": "周敏"}}"#),
        ]),
        post_secret(
            "/users/codes",
            Access::Able(Act::AddUser),
            ("giveCode", "A code with which a user chooses a password; told this once"),
            code,
        )
        .like(&[("code", r#"{"user": "周敏"}"#)]),
    ]
}

fn users(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<User>, Problem> {
    Part::sorted(call.reader().users()?, limit, cursor.as_deref(), |user| user.id.clone())
}

/// A user; a new token is told this once.
#[derive(Debug, Serialize, JsonSchema)]
struct UserMade {
    /// The user now.
    user: User,
    /// The new token.
    token: Option<String>,
}

fn user(call: &Call, _: Nothing, change: UserChange) -> Result<UserMade, Problem> {
    call.must(change.takes())?;
    match call.act(What::User(change))? {
        Outcome::User(user, token) => Ok(UserMade { user, token: token.map(|token| token.written()) }),
        other => Err(strange(&other)),
    }
}

/// Whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Whom {
    /// Identifier or name.
    user: String,
}

/// A code; told this once.
#[derive(Debug, Serialize, JsonSchema)]
struct CodeMade {
    /// The user.
    user: User,
    /// What they type at `/set-up-password`.
    code: String,
}

fn code(call: &Call, _: Nothing, Whom { user }: Whom) -> Result<CodeMade, Problem> {
    match call.act(What::Code(user))? {
        Outcome::Code(user, code) => Ok(CodeMade { user, code: code.written() }),
        other => Err(strange(&other)),
    }
}

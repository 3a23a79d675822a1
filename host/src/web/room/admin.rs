//! `/admin`: people. Each administrator is offered what is theirs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::sources::ground;
use crate::handling::{Outcome, What};
use crate::incident::event::Role;
use crate::store::UserChange;
use crate::web::desk::{Asked, Desk, Done, Refused, refuse};
use crate::web::form::{Fields, Sent};
use crate::web::page::{self, Trouble};

/// `GET /admin`.
pub(in crate::web) async fn people(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    shown(desk, asked, None).await
}

async fn shown(desk: Arc<Desk>, asked: Asked, code: Option<(String, String)>) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let users = ours.unveiled().users()?;
        let provider = ours.app.entrance.provider().map(|provider| provider.label().to_owned());
        Ok(page::people(visit, &ground(rows)?, &users, (code, provider))?)
    })
    .await
}

/// A new user; `role` only for the first administrators.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Adding {
    name: String,
    #[serde(default)]
    role: String,
}

/// `POST /admin/users`: adds somebody, and shows once the code with which they choose a password.
pub(in crate::web) async fn add(State(desk): State<Arc<Desk>>, asked: Asked, Sent(adding): Sent<Adding>) -> Response {
    let roles = match adding.role.as_str() {
        "" => Vec::new(),
        name => match Role::from_name(name) {
            Some(role) => vec![role],
            None => return refuse(asked.lang, Refused::Trouble(Trouble::Form)),
        },
    };
    let change = UserChange::Add { name: adding.name.trim().to_owned(), roles };
    match Arc::clone(&desk).carry_out(&asked, What::User(change)).await {
        Ok(Outcome::User(user, _)) => coded(desk, asked, user.id).await,
        Ok(_) => refuse(asked.lang, Refused::Trouble(Trouble::Ours)),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

/// Which user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Whom {
    user: String,
}

/// `POST /admin/users/code`.
pub(in crate::web) async fn code(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Whom { user }): Sent<Whom>,
) -> Response {
    coded(desk, asked, user).await
}

async fn coded(desk: Arc<Desk>, asked: Asked, user: String) -> Response {
    match Arc::clone(&desk).carry_out(&asked, What::Code(user)).await {
        Ok(Outcome::Code(user, code)) => {
            let name = user.name.unwrap_or(user.id);
            shown(desk, asked, Some((name, code.written()))).await
        }
        Ok(_) => refuse(asked.lang, Refused::Trouble(Trouble::Ours)),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

async fn changed(desk: Arc<Desk>, asked: Asked, change: UserChange) -> Response {
    desk.act(asked, What::User(change), |_| Done::new("/admin", "done.user-changed")).await
}

/// `POST /admin/users/revoke`.
pub(in crate::web) async fn revoke(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Whom { user }): Sent<Whom>,
) -> Response {
    changed(desk, asked, UserChange::Revoke { user }).await
}

/// `POST /admin/users/factor`.
pub(in crate::web) async fn end_factor(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Whom { user }): Sent<Whom>,
) -> Response {
    changed(desk, asked, UserChange::EndFactor { user }).await
}

/// `POST /admin/users/roles`: all the roles that are ticked, and no other.
pub(in crate::web) async fn roles(State(desk): State<Arc<Desk>>, asked: Asked, fields: Fields) -> Response {
    let roles = fields.all("role").iter().map(|name| Role::from_name(name)).collect::<Option<Vec<Role>>>();
    let (Some(user), Some(roles), true) = (fields.one("user"), roles, fields.only(&["user", "role"])) else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    changed(desk, asked, UserChange::Roles { user, roles }).await
}

/// What the provider says of somebody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Linking {
    user: String,
    name: String,
}

/// `POST /admin/users/identity`: nothing takes the link away.
pub(in crate::web) async fn identity(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Linking { user, name }): Sent<Linking>,
) -> Response {
    let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    changed(desk, asked, UserChange::Identity { user, name }).await
}

/// A unit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Belonging {
    user: String,
    unit: String,
}

/// `POST /admin/users/unit`: an empty one takes the user out of theirs.
pub(in crate::web) async fn unit(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Belonging { user, unit }): Sent<Belonging>,
) -> Response {
    let unit = Some(unit.trim().to_owned()).filter(|unit| !unit.is_empty());
    changed(desk, asked, UserChange::Unit { user, unit }).await
}

//! The one table of routes: what is asked for, how, whom it is for, and who answers.
//!
//! A route cannot exist without a line here, and a line cannot be written without saying whom it is for.
//! `docs/operating.md` shows it as a table; a test holds the two together.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::access::{Access, enforce};
use super::api::{self, Endpoint};
use super::desk::Desk;
use super::room::{account, demo, hearing, incidents, posts, sign_in, situation, subscribed, watches};
use super::{asset, health, live};
use crate::incident::event::Role;
use crate::user::Realm;

/// Those who hear and answer.
pub(super) const WORK: Access = Access::Realms(&[Realm::Work]);
/// Those who hear and answer, and who keeps the machine.
pub(super) const DESK: Access = Access::Realms(&[Realm::Work, Realm::System]);
/// The three administrators.
pub(super) const ADMINISTRATORS: Access = Access::Realms(&[Realm::System, Realm::Security, Realm::Audit]);

/// One line of the table.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: Cow<'static, str>,
    pub(super) access: Access,
    answers: MethodRouter<Arc<Desk>>,
}

fn get<H, T>(path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, Arc<Desk>>,
    T: 'static,
{
    Route { method: Method::GET, path: path.into(), access, answers: on(MethodFilter::GET, handler) }
}

fn post<H, T>(path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, Arc<Desk>>,
    T: 'static,
{
    Route { method: Method::POST, path: path.into(), access, answers: on(MethodFilter::POST, handler) }
}

impl From<Endpoint> for Route {
    fn from(Endpoint { method, path, access, answers, .. }: Endpoint) -> Self {
        Self { method, path: path.into(), access, answers }
    }
}

/// The table: pages, and the endpoints of the API.
pub(super) fn table() -> Vec<Route> {
    let mut table = pages();
    table.extend(api::table().into_iter().map(Route::from));
    table
}

fn pages() -> Vec<Route> {
    use Access::{Everybody, Signed};
    vec![
        // 态势
        get("/", WORK, situation::home),
        // 事件
        get("/incidents", WORK, incidents::list),
        get("/incidents/{id}", WORK, incidents::one),
        // 信息
        get("/posts", WORK, posts::list),
        // 监测
        get("/watches", DESK, watches::list),
        get("/coverage", DESK, hearing::coverage),
        get("/sweeps", DESK, hearing::sweeps),
        get("/sweeps.csv", DESK, hearing::csv),
        get("/sweeps.xlsx", DESK, hearing::xlsx),
        // Who is there
        get("/sign-in", Everybody, sign_in::form),
        post("/sign-in", Everybody, sign_in::sign_in),
        post("/sign-in/code", Everybody, sign_in::code),
        post("/sign-out", Everybody, sign_in::sign_out),
        get("/set-up-password", Everybody, sign_in::choose),
        post("/set-up-password", Everybody, sign_in::set_up),
        get("/account", Signed, account::account),
        post("/account/end", Signed, account::end),
        post("/account/password", Signed, account::password),
        get("/account/factor", Signed, account::offer),
        post("/account/factor", Signed, account::add_factor),
        post("/account/factor/end", Signed, account::end_factor),
        post("/account/programs", Signed, account::make),
        // The demo
        post("/demo/enter", Everybody, demo::enter),
        post("/demo/leave", Everybody, demo::leave),
        // For machines
        get("/api", DESK, api::reference),
        get("/api/v1/openapi.json", Everybody, api::document),
        get("/assets/{file}", Everybody, asset::asset),
        get("/events", DESK, live::events),
        get("/feeds/{token}/{file}", Everybody, subscribed::feed),
        get("/healthz", Everybody, health::healthz),
        get("/readyz", Everybody, health::readyz),
    ]
}

/// Whom each page is for, by its path.
static PAGES: LazyLock<HashMap<Cow<'static, str>, Access>> = LazyLock::new(|| {
    let pages = table().into_iter().filter(|route| route.method == Method::GET);
    pages.map(|route| (route.path, route.access)).collect()
});

/// Whether there is a page at `path` that is for these roles, or that is read by whoever is not signed in where reading
/// is open.
pub(super) fn leads_in(path: &str, roles: Option<&[Role]>) -> bool {
    PAGES.get(path).is_some_and(|access| access.admits(roles, true, true).is_ok())
}

/// The table as a router: nothing is answered that does not stand in it, and before each answer stands its access.
pub(super) fn router(desk: &Arc<Desk>) -> Router<Arc<Desk>> {
    table().into_iter().fold(Router::new(), |router, route| {
        let guarded = route.answers.layer(from_fn_with_state((Arc::clone(desk), route.access), enforce));
        router.route(&route.path, guarded)
    })
}

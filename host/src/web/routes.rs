//! The one table of routes: what is asked for, how, whom it is for, and who answers.
//!
//! A route cannot exist without a line here, and a line cannot be written without saying whom it is for.
//! `docs/access.md` shows it as a table; a test holds the two together.

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
use super::room::{
    account, acting, cases, contacts, disclosures, documents, public, referrals, replies, reports, submit, summaries,
};
use super::room::{admin, audit, backups, channels, keeping, plan, plugins, welcome};
use super::room::{
    demo, hearing, inbox, incidents, posts, presence, provider, searches, sign_in, situation, sources, subscribed,
    topics, watches,
};
use super::{asset, health, live, metrics};
use crate::configuring;
use crate::incident::event::Role;
use crate::user::Realm;
use crate::user::right::Act;

/// Those who hear and answer.
pub(super) const WORK: Access = Access::Realms(&[Realm::Work]);
/// Those who hear and answer, and who keeps the machine.
pub(super) const DESK: Access = Access::Realms(&[Realm::Work, Realm::System]);
/// Those who keep what is listened to, and who sets Caifeng up.
pub(super) const KEEPERS: Access = Access::AbleToAny(configuring::KEEPERS);
/// Everybody who is known here.
pub(super) const ALL: Access = Access::Realms(&[Realm::Work, Realm::System, Realm::Security, Realm::Audit]);
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
    table.extend(judged());
    table.extend(told());
    table.extend(learnt());
    table.extend(kept());
    table.extend(api::table().into_iter().map(Route::from));
    table
}

fn pages() -> Vec<Route> {
    use Access::{Everybody, Signed};
    vec![
        // 态势
        get("/", WORK, situation::home),
        get("/wall", WORK, situation::wall),
        // 事件
        get("/incidents", WORK, incidents::list),
        get("/incidents/{id}", WORK, incidents::one),
        get("/incidents/{id}/record", WORK, incidents::record),
        // 信息
        get("/posts", WORK, posts::list),
        post("/posts/file", Access::Able(Act::ExportEvidence), posts::file),
        get("/searches", Access::Able(Act::KeepSearches), searches::list),
        post("/searches", Access::Able(Act::KeepSearches), searches::keep),
        get("/searches/{id}", Access::Able(Act::KeepSearches), searches::open),
        post("/searches/{id}/rename", Access::Able(Act::KeepSearches), searches::rename),
        post("/searches/{id}/remove", Access::Able(Act::KeepSearches), searches::remove),
        // 监测
        get("/watches", DESK, watches::list),
        get("/repairs", DESK, sources::repairs),
        get("/watches/new", KEEPERS, sources::new),
        // What a form answered with is read anew where it stands, by an open page and by whoever presses reload.
        get("/watches/preview", KEEPERS, sources::new),
        post("/watches/preview", KEEPERS, sources::preview),
        post("/watches", KEEPERS, sources::save),
        get("/watches/{id}", DESK, sources::one),
        post("/watches/{id}/edit", KEEPERS, sources::edit),
        post("/watches/{id}/pause", KEEPERS, sources::pause),
        post("/watches/{id}/resume", KEEPERS, sources::resume),
        post("/watches/{id}/remove", KEEPERS, sources::remove),
        post("/watches/{id}/sweep", Access::Able(Act::Sweep), sources::sweep),
        get("/topics", DESK, topics::list),
        get("/topics/try", DESK, topics::list),
        post("/topics/try", DESK, topics::try_all),
        get("/topics/new", KEEPERS, topics::new),
        get("/topics/edit", KEEPERS, topics::edit),
        post("/topics", KEEPERS, topics::save),
        post("/topics/remove", KEEPERS, topics::remove),
        get("/coverage", DESK, hearing::coverage),
        get("/sweeps", DESK, hearing::sweeps),
        get("/sweeps.csv", DESK, hearing::csv),
        get("/sweeps.xlsx", DESK, hearing::xlsx),
        // Who is there
        get("/sign-in", Everybody, sign_in::form),
        post("/sign-in", Everybody, sign_in::sign_in),
        get("/sign-in/code", Everybody, sign_in::ask_code),
        post("/sign-in/code", Everybody, sign_in::code),
        post("/sign-in/kept", Everybody, sign_in::go_on),
        get("/sign-in/provider", Everybody, provider::go),
        get("/sign-in/callback", Everybody, provider::back),
        post("/sign-out", Everybody, sign_in::sign_out),
        get("/set-up-password", Everybody, sign_in::choose),
        post("/set-up-password", Everybody, sign_in::set_up),
        get("/account", Signed, account::account),
        post("/account/end", Signed, account::end),
        post("/account/end-others", Signed, account::end_others),
        post("/account/password", Signed, account::password),
        get("/account/factor", Signed, account::offer),
        post("/account/factor", Signed, account::add_factor),
        post("/account/factor/end", Signed, account::end_factor),
        post("/account/programs", Signed, account::make),
        // The demo
        post("/demo/enter", Everybody, demo::enter),
        post("/demo/leave", Everybody, demo::leave),
        post("/demo/end", Everybody, demo::end),
        // For machines
        get("/api", DESK, api::reference),
        get("/api/v1/openapi.json", Everybody, api::document),
        get("/assets/{file}", Everybody, asset::asset),
        get("/events", DESK, live::events),
        post("/presence", WORK, presence::say),
        get("/feeds/{token}/{file}", Everybody, subscribed::feed),
        get("/healthz", Everybody, health::healthz),
        get("/readyz", Everybody, health::readyz),
        get("/metrics", Access::Machine, metrics::metrics),
    ]
}

/// What is decided.
fn judged() -> Vec<Route> {
    use Access::Able;
    vec![
        // 研判
        get("/inbox", WORK, inbox::inbox),
        post("/inbox/{id}/assess", Able(Act::Assess), inbox::assess),
        post("/inbox/{id}/dismiss", Able(Act::Dismiss), inbox::dismiss),
        post("/inbox/{id}/merge", Able(Act::Group), inbox::merge),
        post("/inbox/{id}/snooze", Able(Act::Escalate), inbox::snooze),
        post("/inbox/{id}/escalate", Able(Act::Escalate), inbox::escalate),
        post("/inbox/{id}/undo", Able(Act::Escalate), inbox::undo),
        // What is done about an incident
        post("/incidents/{id}/assess", Able(Act::Assess), acting::assess),
        post("/incidents/{id}/level", Able(Act::SetLevel), acting::level),
        post("/incidents/{id}/assign", Able(Act::Assign), acting::assign),
        post("/incidents/{id}/step", Able(Act::DoStep), acting::step),
        post("/incidents/{id}/waive", Able(Act::WaiveStep), acting::waive),
        post("/incidents/{id}/send-back", Able(Act::WaiveStep), acting::send_back),
        post("/incidents/{id}/note", Able(Act::Note), acting::note),
        post("/incidents/{id}/acknowledge", Able(Act::Acknowledge), acting::acknowledge),
        post("/incidents/{id}/escalate", Able(Act::Escalate), acting::escalate),
        post("/incidents/{id}/restrict", Able(Act::Restrict), acting::restrict),
        post("/incidents/{id}/unrestrict", Able(Act::Restrict), acting::unrestrict),
        post("/incidents/{id}/pause", Able(Act::Pause), acting::pause),
        post("/incidents/{id}/resume", Able(Act::Pause), acting::resume),
        post("/incidents/{id}/close", Able(Act::Close), acting::close),
        post("/incidents/{id}/reopen", Able(Act::Reopen), acting::reopen),
        post("/incidents/{id}/dismiss", Able(Act::Dismiss), acting::dismiss),
        post("/incidents/{id}/merge", Able(Act::Group), acting::merge),
        post("/incidents/{id}/split", Able(Act::Group), acting::split),
        post("/incidents/{id}/undo", Able(Act::Group), acting::undo),
        post("/incidents/{id}/evidence", Able(Act::ExportEvidence), incidents::evidence),
    ]
}

/// What is told: answers, disclosures, reports, what staff hand in.
fn told() -> Vec<Route> {
    use Access::{Able, Everybody};
    vec![
        // 回应
        get("/replies", WORK, replies::list),
        get("/replies/{id}", WORK, replies::one),
        get("/incidents/{id}/replies/new", Able(Act::DraftReply), replies::new),
        post("/incidents/{id}/replies", Able(Act::DraftReply), replies::begin),
        get("/replies/{id}/edit", Able(Act::DraftReply), replies::edit),
        post("/replies/{id}/edit", Able(Act::DraftReply), replies::change),
        post("/replies/{id}/review", Able(Act::ReviewReply), replies::review),
        post("/replies/{id}/approve", Able(Act::ApproveReply), replies::approve),
        post("/replies/{id}/return", Able(Act::ReviewReply), replies::give_back),
        post("/replies/{id}/publish", Able(Act::PublishReply), replies::publish),
        post("/replies/{id}/receipt", Able(Act::PublishReply), replies::receipt),
        // 上报
        get("/submit", Able(Act::Submit), submit::form),
        post("/submit", Able(Act::Submit), submit::take),
        // 报告
        get("/reports", WORK, reports::list),
        get("/reports/view", WORK, reports::view),
        get("/reports/file", WORK, reports::download),
        get("/reports/shelf/{name}", WORK, reports::shelved),
        // 公开
        get("/disclosures", WORK, disclosures::list),
        get("/disclosures/new", Able(Act::DraftReply), disclosures::new),
        post("/disclosures", Able(Act::DraftReply), disclosures::begin),
        get("/disclosures/{id}", WORK, disclosures::one),
        get("/disclosures/{id}/edit", Able(Act::DraftReply), disclosures::edit),
        post("/disclosures/{id}/edit", Able(Act::DraftReply), disclosures::change),
        post("/disclosures/{id}/review", Able(Act::ReviewReply), disclosures::review),
        post("/disclosures/{id}/approve", Able(Act::ApproveReply), disclosures::approve),
        post("/disclosures/{id}/return", Able(Act::ReviewReply), disclosures::give_back),
        post("/disclosures/{id}/publish", Able(Act::PublishReply), disclosures::publish),
        post("/disclosures/{id}/receipt", Able(Act::PublishReply), disclosures::receipt),
        post("/disclosures/{id}/drop", Able(Act::DraftReply), disclosures::give_up),
        // What the public reads
        get("/summaries", WORK, summaries::list),
        get("/incidents/{id}/summaries/new", Able(Act::DraftSummary), summaries::new),
        post("/incidents/{id}/summaries", Able(Act::DraftSummary), summaries::begin),
        get("/summaries/{id}/edit", Able(Act::DraftSummary), summaries::edit),
        post("/summaries/{id}/edit", Able(Act::DraftSummary), summaries::change),
        post("/summaries/{id}/approve", Able(Act::ApproveSummary), summaries::approve),
        post("/summaries/{id}/withdraw", Able(Act::ApproveSummary), summaries::withdraw),
        get("/public", Everybody, public::page),
        get("/public/{file}", Everybody, public::file),
        // 移送
        get("/incidents/{id}/referral", WORK, referrals::one),
        post("/incidents/{id}/referral", Able(Act::ProposeReferral), referrals::propose),
        post("/referrals/{id}/approve", Able(Act::DecideReferral), referrals::approve),
        post("/referrals/{id}/refuse", Able(Act::DecideReferral), referrals::refused),
        post("/referrals/{id}/export", Able(Act::ExportReferral), referrals::export),
    ]
}

/// What is kept and learnt from: contacts, cases, drills.
fn learnt() -> Vec<Route> {
    use Access::Able;
    vec![
        // 案例演练
        get("/cases", WORK, cases::list),
        get("/cases/{id}", WORK, cases::one),
        get("/cases/{id}/file", WORK, cases::download),
        get("/incidents/{id}/cases/new", Able(Act::MakeCase), cases::new),
        post("/incidents/{id}/cases", Able(Act::MakeCase), cases::make),
        post("/cases/{id}/hide", Able(Act::MakeCase), cases::hide),
        post("/cases/{id}/check", Able(Act::CheckCase), cases::check),
        post("/cases/{id}/release", Able(Act::CheckCase), cases::release),
        post("/cases/{id}/drill", Able(Act::LeadDrill), cases::set_up),
        get("/drills", WORK, cases::drills),
        get("/drills/{name}", WORK, cases::drill),
        post("/drills/advance", Able(Act::LeadDrill), cases::advance),
        post("/drills/inject", Able(Act::LeadDrill), cases::inject),
        // 联络
        get("/contacts", WORK, contacts::list),
        get("/contacts/new", Able(Act::KeepContacts), contacts::new),
        post("/contacts", Able(Act::KeepContacts), contacts::add),
        get("/contacts/file", Able(Act::KeepContacts), contacts::export),
        post("/contacts/import", Able(Act::KeepContacts), contacts::import),
        get("/contacts/{id}", WORK, contacts::one),
        get("/contacts/{id}/edit", Able(Act::KeepContacts), contacts::edit),
        post("/contacts/{id}/edit", Able(Act::KeepContacts), contacts::change),
        post("/contacts/{id}/note", Able(Act::KeepContacts), contacts::note),
        post("/contacts/{id}/link", Able(Act::KeepContacts), contacts::link),
        post("/contacts/{id}/remove", Able(Act::KeepContacts), contacts::remove),
        get("/documents/{digest}", WORK, documents::one),
    ]
}

/// What Caifeng is made of, and who keeps it: plugins, people, channels, the record; and the first steps.
fn kept() -> Vec<Route> {
    use Access::Able;
    vec![
        // 插件
        get("/plugins", ALL, plugins::list),
        post("/plugins", Able(Act::KeepPlugins), plugins::offer),
        get("/plugin-offer", Able(Act::KeepPlugins), plugins::offer_page),
        post("/plugin-offer/take", Able(Act::KeepPlugins), plugins::take),
        post("/plugin-offer/drop", Able(Act::KeepPlugins), plugins::give_up),
        get("/plugins/{id}", ALL, plugins::one),
        post("/plugins/{id}/grant", Able(Act::KeepPlugins), plugins::grant),
        post("/plugins/{id}/resume", Able(Act::KeepPlugins), plugins::resume),
        post("/plugins/{id}/remove", Able(Act::KeepPlugins), plugins::remove),
        post("/plugins/{id}/check", Able(Act::KeepPlugins), plugins::check),
        // 管理
        get("/admin", ADMINISTRATORS, admin::people),
        get("/admin/users", ADMINISTRATORS, admin::people),
        post("/admin/users", Able(Act::AddUser), admin::add),
        get("/admin/users/code", ADMINISTRATORS, admin::people),
        post("/admin/users/code", Able(Act::AddUser), admin::code),
        post("/admin/users/revoke", Able(Act::AddUser), admin::revoke),
        post("/admin/users/roles", Able(Act::GiveRoles), admin::roles),
        post("/admin/users/unit", Able(Act::KeepUnits), admin::unit),
        post("/admin/users/factor", Able(Act::EndFactor), admin::end_factor),
        post("/admin/users/identity", Able(Act::AddUser), admin::identity),
        // The plan is everybody's to read; who decides puts another one into force.
        get("/admin/plan", ALL, plan::plan),
        get("/admin/plan/check", ALL, plan::plan),
        post("/admin/plan/check", ALL, plan::check),
        get("/admin/plan/propose", ALL, plan::plan),
        post("/admin/plan/propose", Able(Act::ProposePlan), plan::propose),
        post("/admin/plan/adopt", Able(Act::AdoptPlan), plan::adopt),
        post("/admin/plan/drop", Access::AbleToAny(&[Act::ProposePlan, Act::AdoptPlan]), plan::give_up),
        get("/admin/channels", ADMINISTRATORS, channels::list),
        post("/admin/channels", Able(Act::Configure), channels::save),
        get("/admin/channels/form", Able(Act::Configure), channels::open),
        post("/admin/channels/remove", Able(Act::Configure), channels::remove),
        get("/admin/channels/try", ADMINISTRATORS, channels::list),
        post("/admin/channels/try", Able(Act::Configure), channels::try_one),
        get("/admin/keeping", ADMINISTRATORS, keeping::keeping),
        get("/admin/keeping/rules", ADMINISTRATORS, keeping::keeping),
        post("/admin/keeping/rules", Able(Act::Configure), keeping::rules),
        post("/admin/keeping/retain", Able(Act::Retain), keeping::retain),
        get("/admin/keeping/days", ADMINISTRATORS, keeping::keeping),
        post("/admin/keeping/days", Able(Act::Configure), keeping::days),
        get("/admin/backup", Able(Act::BackUp), backups::list),
        post("/admin/backup", Able(Act::BackUp), backups::make),
        post("/admin/backup/take", Able(Act::BackUp), backups::take),
        post("/admin/backup/remove", Able(Act::BackUp), backups::remove),
        get("/admin/audit", Able(Act::Checkpoint), audit::audit),
        get("/admin/audit/verify", Able(Act::Checkpoint), audit::audit),
        post("/admin/audit/verify", Able(Act::Checkpoint), audit::verify),
        get("/admin/audit/compare", Able(Act::Checkpoint), audit::audit),
        post("/admin/audit/compare", Able(Act::Checkpoint), audit::compare),
        post("/admin/audit/checkpoint", Able(Act::Checkpoint), audit::checkpoint),
        // The first steps
        get("/welcome", Able(Act::Configure), welcome::begin),
        post("/welcome", Able(Act::Configure), welcome::called),
        get("/welcome/source", Able(Act::Configure), welcome::source),
        post("/welcome/source", Able(Act::Configure), welcome::look),
        post("/welcome/source/save", Able(Act::Configure), welcome::save),
        get("/welcome/topics", Able(Act::Configure), welcome::topics),
        post("/welcome/topics", Able(Act::Configure), welcome::adopt),
        get("/welcome/channels", Able(Act::Configure), welcome::channels),
        get("/welcome/done", Able(Act::Configure), welcome::done),
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
        let counted = (Arc::clone(desk), route.path.clone());
        router.route(&route.path, guarded.layer(from_fn_with_state(counted, metrics::count)))
    })
}

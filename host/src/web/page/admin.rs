//! 管理: people; and what stands around every page of the room.

use askama::Template;

use super::sources::Ground;
use super::{Frame, Rendered, Room, Tab, Visit};
use crate::incident::event::Role;
use crate::plan::show::role_key;
use crate::user::right::Act;
use crate::user::{Realm, User};
use crate::web::lang::Lang;
use crate::web::when::Stamp;

/// Characters of one line of a rule.
pub(super) const LINE: usize = 240;

/// The pages of the room; nothing for those who only come to look at the plan.
pub(super) fn admin_tabs(visit: &Visit, here: &'static str) -> Vec<Tab> {
    let lang = visit.lang;
    if visit.person.as_ref().is_some_and(|known| known.roles.iter().all(|role| Realm::of(*role) == Realm::Work)) {
        return Vec::new();
    }
    let tab = |href, key| Tab { name: lang.t(key), href, here: href == here };
    let mut all = vec![
        tab("/admin", "admin.people"),
        tab("/admin/plan", "admin.plan"),
        tab("/admin/channels", "admin.channels"),
        tab("/admin/keeping", "admin.keeping"),
    ];
    if visit.may(Act::BackUp) {
        all.push(tab("/admin/backup", "admin.backup"));
    }
    if visit.may(Act::Checkpoint) {
        all.push(tab("/admin/audit", "admin.audit"));
    }
    all
}

pub(super) fn frame(visit: &Visit, ground: &Ground) -> Frame {
    let title = visit.lang.t("rooms.administration");
    Frame::new(visit, Room::Administration, title, ground.figures, &ground.watches)
}

struct RoleBox {
    value: &'static str,
    name: String,
    checked: bool,
}

struct UserView {
    id: String,
    name: String,
    roles: String,
    unit: String,
    how: String,
    /// Known to the provider of sign-in.
    linked: bool,
    used: Option<Stamp>,
    revoked: Option<Stamp>,
    boxes: Vec<RoleBox>,
    factor: bool,
    oneself: bool,
}

#[derive(Template)]
#[template(path = "admin-people.html")]
struct PeoplePage {
    frame: Frame,
    tabs: Vec<Tab>,
    count: String,
    users: Vec<UserView>,
    code: Option<(String, String)>,
    first: Vec<RoleBox>,
    may_add: bool,
    gives_roles: bool,
    keeps_units: bool,
    ends_factors: bool,
    /// What is written down of an account of the provider, where there is one.
    provider: Option<String>,
}

/// Users; `code`: a name, and a code that is told this once.
pub(crate) fn people(
    visit: &Visit,
    ground: &Ground,
    users: &[User],
    (code, provider): (Option<(String, String)>, Option<String>),
) -> Rendered {
    let lang = visit.lang;
    let frame = frame(visit, ground);
    let view = |user: &User| user_view(user, visit, &frame);
    let administrators = [Role::Security, Role::Audit];
    let vacant = administrators.into_iter().filter(|role| !users.iter().any(|user| user.roles.contains(role)));
    PeoplePage {
        tabs: admin_tabs(visit, "/admin"),
        count: lang.count("admin.users", users.len() as u64),
        users: users.iter().map(view).collect(),
        code,
        first: vacant.map(|role| role_box(role, false, lang)).collect(),
        may_add: visit.may(Act::AddUser),
        gives_roles: visit.may(Act::GiveRoles),
        keeps_units: visit.may(Act::KeepUnits),
        ends_factors: visit.may(Act::EndFactor),
        provider: provider.map(|label| lang.with("admin.identity-why", &[("label", &label)])),
        frame,
    }
    .render()
}

fn role_box(role: Role, checked: bool, lang: Lang) -> RoleBox {
    RoleBox { value: role.as_str(), name: lang.t(role_key(role)), checked }
}

fn user_view(user: &User, visit: &Visit, frame: &Frame) -> UserView {
    let lang = visit.lang;
    let roles: Vec<String> = user.roles.iter().map(|role| lang.t(role_key(*role))).collect();
    UserView {
        id: user.id.clone(),
        name: user.name.clone().unwrap_or_else(|| lang.t("admin.deleted")),
        roles: if roles.is_empty() { lang.t("account.no-role") } else { lang.list(&roles) },
        unit: user.unit.clone().unwrap_or_default(),
        linked: user.provider,
        how: lang.t(match (user.password, user.factor) {
            (false, _) if user.provider => "admin.through",
            (false, _) => "admin.no-password",
            (true, false) => "admin.password",
            (true, true) => "admin.both",
        }),
        used: user.used.map(|at| frame.face.stamp(at)),
        revoked: user.revoked.map(|at| frame.face.stamp(at)),
        boxes: Role::ALL.into_iter().map(|role| role_box(role, user.roles.contains(&role), lang)).collect(),
        factor: user.factor,
        oneself: visit.person.as_ref().is_some_and(|known| known.user == user.id),
    }
}

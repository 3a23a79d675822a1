//! 管理: people, the plan, channels, what is kept how long, and the record.

use askama::Template;

use super::sources::Ground;
use super::{Frame, Rendered, Room, Tab, Visit, tight};
use crate::config::Problem;
use crate::incident::chain::{ChainBreak, ChainReport};
use crate::incident::event::{Actor, Role};
use crate::notify::channel::Channel;
use crate::plan::diff::Change;
use crate::plan::show::role_key;
use crate::retention::{Retention, Span};
use crate::store::{ChannelStanding, EventRow};
use crate::user::User;
use crate::user::right::Act;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::when::Stamp;

/// Characters of one line of a rule.
const LINE: usize = 240;

fn admin_tabs(visit: &Visit, here: &'static str) -> Vec<Tab> {
    let lang = visit.lang;
    let tab = |href, key| Tab { name: lang.t(key), href, here: href == here };
    let mut all = vec![
        tab("/admin", "admin.people"),
        tab("/admin/plan", "admin.plan"),
        tab("/admin/channels", "admin.channels"),
        tab("/admin/keeping", "admin.keeping"),
    ];
    if visit.may(Act::Checkpoint) {
        all.push(tab("/admin/audit", "admin.audit"));
    }
    all
}

fn frame(visit: &Visit, ground: &Ground) -> Frame {
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

/// A plan that somebody pasted.
pub(crate) struct Checked {
    /// Its text.
    pub(crate) text: String,
    /// What is wrong with it, or what is different.
    pub(crate) outcome: Result<Vec<Change>, Vec<Problem>>,
}

#[derive(Template)]
#[template(path = "admin-plan.html")]
struct PlanPage {
    frame: Frame,
    tabs: Vec<Tab>,
    lines: Vec<String>,
    text: String,
    verdict: Option<String>,
    said: Vec<String>,
}

/// The plan in force as a person reads it, and a pasted one held against it.
pub(crate) fn plan(visit: &Visit, ground: &Ground, checked: Option<&Checked>) -> Rendered {
    let lang = visit.lang;
    let (verdict, said) = match checked.map(|checked| &checked.outcome) {
        None => (None, Vec::new()),
        Some(Ok(changes)) => {
            let told = changes.iter().map(change_line).collect::<Vec<_>>();
            (Some(lang.count("admin.plan-changes", changes.len() as u64)), told)
        }
        Some(Err(problems)) => {
            let told = problems.iter().map(|problem| line(&problem.to_string(), LINE));
            (Some(lang.count("admin.plan-problems", problems.len() as u64)), told.collect())
        }
    };
    PlanPage {
        frame: frame(visit, ground),
        tabs: admin_tabs(visit, "/admin/plan"),
        lines: crate::plan::show::lines(&visit.plan, lang),
        text: checked.map(|checked| checked.text.clone()).unwrap_or_default(),
        verdict,
        said,
    }
    .render()
}

fn change_line(change: &Change) -> String {
    let said = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let told = match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!("{}: {} → {}", change.path, said(from), said(to)),
        (Some(from), None) => format!("− {}: {}", change.path, said(from)),
        (None, Some(to)) => format!("+ {}: {}", change.path, said(to)),
        (None, None) => change.path.clone(),
    };
    line(&told, LINE)
}

/// A channel, and how it stands.
pub(crate) struct ChannelRow {
    /// As the configuration has it.
    pub(crate) channel: Channel,
    /// What waits and what went.
    pub(crate) standing: ChannelStanding,
    /// Secrets that are missing.
    pub(crate) missing: Vec<String>,
}

pub(super) struct ChannelView {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) tells: String,
    pub(super) stands: String,
    pub(super) why: Option<String>,
    pub(super) missing: Option<String>,
    pub(super) asks_address: bool,
}

pub(super) fn channel_view(row: &ChannelRow, lang: Lang) -> ChannelView {
    let ChannelRow { channel, standing, missing } = row;
    let roles: Vec<String> = channel.tell.all().iter().map(|role| lang.t(role_key(*role))).collect();
    let figures = [standing.waiting, standing.sent, standing.lost].map(grouped);
    let [waiting, sent, lost] = &figures;
    ChannelView {
        id: channel.id.clone(),
        kind: lang.t(match channel.kind.as_str() {
            "wecom" => "admin.wecom",
            "dingtalk" => "admin.dingtalk",
            "feishu" => "admin.feishu",
            "mail" => "admin.mail",
            _ => "admin.webhook",
        }),
        tells: lang.list(&roles),
        stands: lang.with("admin.channel-stands", &[("waiting", waiting), ("sent", sent), ("lost", lost)]),
        why: standing.why.as_deref().map(|why| line(why, LINE)),
        missing: (!missing.is_empty())
            .then(|| lang.with("admin.channel-missing", &[("channel", &channel.id), ("names", &lang.list(missing))])),
        asks_address: channel.kind.as_str() == "mail" && channel.to.is_empty(),
    }
}

#[derive(Template)]
#[template(path = "admin-channels.html")]
struct ChannelsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    count: String,
    channels: Vec<ChannelView>,
    came: Vec<String>,
    may_try: bool,
}

/// What came of a trial: where to, whether it was taken, and what the channel said.
pub(crate) type Came = (String, &'static str, String);

/// Channels, and what came of a trial.
pub(crate) fn channels(visit: &Visit, ground: &Ground, rows: &[ChannelRow], came: &[Came]) -> Rendered {
    let lang = visit.lang;
    ChannelsPage {
        frame: frame(visit, ground),
        tabs: admin_tabs(visit, "/admin/channels"),
        count: lang.count("admin.channel-count", rows.len() as u64),
        channels: rows.iter().map(|row| channel_view(row, lang)).collect(),
        came: came_lines(came, lang),
        may_try: visit.may(Act::Configure),
    }
    .render()
}

/// What came of a trial, told.
fn came_lines(came: &[Came], lang: Lang) -> Vec<String> {
    let told = came.iter().map(|(to, outcome, why)| {
        let outcome = lang.t(match *outcome {
            "sent" => "admin.sent",
            "refused" => "admin.refused",
            "later" => "admin.later",
            _ => "admin.unsure",
        });
        let parts = [to.as_str(), &outcome, why.as_str()];
        line(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "), LINE)
    });
    told.collect()
}

#[derive(Template)]
#[template(path = "admin-keeping.html")]
struct KeepingPage {
    frame: Frame,
    tabs: Vec<Tab>,
    kept: Vec<(String, String)>,
    years: Vec<(String, String)>,
    missing: Option<String>,
    may_retain: bool,
}

/// How long what is kept, and which days are worked.
pub(crate) fn keeping(
    visit: &Visit,
    ground: &Ground,
    rules: &Retention,
    (years, missing): (&[(i16, String)], Option<i16>),
) -> Rendered {
    let lang = visit.lang;
    let days = |span: Span| lang.count("length.days", span.seconds().unsigned_abs() / 86_400);
    let kept = [
        ("admin.unmatched", rules.unmatched),
        ("admin.matched", rules.matched),
        ("admin.evidence", rules.evidence),
        ("admin.contact-notes", rules.contact_notes),
        ("admin.records", rules.records),
    ];
    KeepingPage {
        frame: frame(visit, ground),
        tabs: admin_tabs(visit, "/admin/keeping"),
        kept: kept.into_iter().map(|(key, span)| (lang.t(key), days(span))).collect(),
        years: years.iter().map(|(year, source)| (year.to_string(), line(source, LINE))).collect(),
        missing: missing.map(|year| tight(&lang.with("admin.year-missing", &[("year", &year)]))),
        may_retain: visit.may(Act::Retain),
    }
    .render()
}

struct EventView {
    seq: i64,
    at: Stamp,
    who: String,
    what: String,
    incident: Option<i64>,
    body: String,
}

#[derive(Template)]
#[template(path = "admin-audit.html")]
struct AuditPage {
    frame: Frame,
    tabs: Vec<Tab>,
    events: Vec<EventView>,
    older: Option<i64>,
    verdict: Option<String>,
    broken: bool,
}

/// The record, newest first; what a walk over all of it found.
pub(crate) fn audit(
    visit: &Visit,
    ground: &Ground,
    (events, older): (&[EventRow], Option<i64>),
    walked: Option<&Result<ChainReport, ChainBreak>>,
) -> Rendered {
    let lang = visit.lang;
    let frame = frame(visit, ground);
    let view = |event: &EventRow| EventView {
        seq: event.seq,
        at: frame.face.stamp(event.at),
        who: who(&event.actor, lang),
        what: line(&name_of(&event.body), 60),
        incident: (event.incident > 0).then_some(event.incident),
        body: event.body.chars().take(4000).collect(),
    };
    AuditPage {
        tabs: admin_tabs(visit, "/admin/audit"),
        events: events.iter().map(view).collect(),
        older,
        verdict: walked.map(|walked| match walked {
            Ok(report) => lang.count("admin.consistent", report.head.seq.unsigned_abs()),
            Err(broken) => lang.with("admin.broken", &[("seq", &broken.seq)]),
        }),
        broken: walked.is_some_and(Result::is_err),
        frame,
    }
    .render()
}

/// Who an entry names.
fn who(actor: &str, lang: Lang) -> String {
    match serde_json::from_str::<Actor>(actor) {
        Ok(Actor::Person { user, role, .. }) => format!("{user} · {}", lang.t(role_key(role))),
        Ok(Actor::Machine { by }) => line(&by, 40),
        Err(_) => line(actor, 40),
    }
}

/// What kind of entry it is.
fn name_of(body: &str) -> String {
    let read: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let name = read.as_ref().and_then(|value| value.get("event")).and_then(serde_json::Value::as_str);
    name.unwrap_or_default().to_owned()
}

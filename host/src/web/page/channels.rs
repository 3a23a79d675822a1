//! 通知渠道: the ways that lead out, how each stands, and the form for one. What a channel's secrets are is on no page.

use std::collections::BTreeMap;

use askama::Template;

use super::admin::{LINE, admin_tabs, frame};
use super::sources::Ground;
use super::{Frame, Rendered, Tab, Visit};
use crate::config::edit::mark;
use crate::incident::event::Role;
use crate::notify::channel::{Channel, Kind};
use crate::plan::show::role_key;
use crate::store::ChannelStanding;
use crate::user::right::Act;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;

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

fn kind_name(kind: Kind, lang: Lang) -> String {
    lang.t(match kind {
        Kind::Wecom => "admin.wecom",
        Kind::Dingtalk => "admin.dingtalk",
        Kind::Feishu => "admin.feishu",
        Kind::Mail => "admin.mail",
        Kind::Webhook => "admin.webhook",
    })
}

pub(super) fn channel_view(row: &ChannelRow, lang: Lang) -> ChannelView {
    let ChannelRow { channel, standing, missing } = row;
    let roles: Vec<String> = channel.tell.all().iter().map(|role| lang.t(role_key(*role))).collect();
    let figures = [standing.waiting, standing.sent, standing.lost].map(grouped);
    let [waiting, sent, lost] = &figures;
    let names: Vec<String> = missing.iter().map(|name| secret_name(name, lang)).collect();
    ChannelView {
        id: channel.id.clone(),
        kind: kind_name(channel.kind, lang),
        tells: lang.list(&roles),
        stands: lang.with("admin.channel-stands", &[("waiting", waiting), ("sent", sent), ("lost", lost)]),
        why: standing.why.as_deref().map(|why| line(why, LINE)),
        missing: (!names.is_empty()).then(|| lang.with("admin.channel-missing", &[("names", &lang.list(&names))])),
        asks_address: channel.kind == Kind::Mail && channel.to.is_empty(),
    }
}

/// Kinds that can be added.
struct KindLink {
    kind: &'static str,
    name: String,
}

#[derive(Template)]
#[template(path = "admin-channels.html")]
struct ChannelsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    count: String,
    channels: Vec<ChannelView>,
    came: Vec<String>,
    kinds: Vec<KindLink>,
    may_try: bool,
    may_change: bool,
}

/// What came of a trial: where to, whether it was taken, and what the channel said.
pub(crate) type Came = (String, &'static str, String);

/// Channels, and what came of a trial; `can_change`: this is the real thing.
pub(crate) fn channels(
    visit: &Visit,
    ground: &Ground,
    rows: &[ChannelRow],
    came: &[Came],
    can_change: bool,
) -> Rendered {
    let lang = visit.lang;
    let kinds = [Kind::Wecom, Kind::Dingtalk, Kind::Feishu, Kind::Mail, Kind::Webhook];
    ChannelsPage {
        frame: frame(visit, ground),
        tabs: admin_tabs(visit, "/admin/channels"),
        count: lang.count("admin.channel-count", rows.len() as u64),
        channels: rows.iter().map(|row| channel_view(row, lang)).collect(),
        came: came_lines(came, lang),
        kinds: kinds.into_iter().map(|kind| KindLink { kind: kind.as_str(), name: kind_name(kind, lang) }).collect(),
        may_try: visit.may(Act::Configure),
        may_change: can_change && visit.may(Act::Configure),
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

/// What a secret of a channel is called.
fn secret_name(name: &str, lang: Lang) -> String {
    lang.t(match name {
        "key" => "outlet.key",
        "token" => "outlet.token",
        "password" => "outlet.password",
        _ => "outlet.secret",
    })
}

/// A channel as somebody writes it.
pub(crate) struct ChannelAsked {
    /// Its id and mark as they saw it; `None` for a new one.
    pub(crate) was: Option<(String, String)>,
    /// What it is.
    pub(crate) kind: Kind,
    /// What is written so far, by the names of the configuration; no secrets.
    pub(crate) written: BTreeMap<&'static str, String>,
    /// The roles that are ticked, by name.
    pub(crate) tell: Vec<String>,
    /// Secrets that are kept already, by name.
    pub(crate) given: Vec<String>,
    /// The other channels, by id.
    pub(crate) others: Vec<String>,
    /// What is wrong with it.
    pub(crate) wrong: Option<String>,
}

impl ChannelAsked {
    /// A channel as it stands.
    pub(crate) fn of(channel: &Channel) -> Self {
        let own = |text: &Option<String>| text.clone().unwrap_or_default();
        let security = channel.security.and_then(|security| serde_json::to_value(security).ok());
        let written = BTreeMap::from([
            ("id", channel.id.clone()),
            ("next", own(&channel.next)),
            ("quiet", channel.quiet.map(|quiet| quiet.to_string()).unwrap_or_default()),
            ("per_minute", channel.per_minute.map(|n| n.to_string()).unwrap_or_default()),
            ("endpoint", own(&channel.endpoint)),
            ("server", own(&channel.server)),
            ("security", security.and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()),
            ("plain_because", own(&channel.plain_because)),
            ("user", own(&channel.user)),
            ("from", own(&channel.from)),
            ("to", channel.to.join("\n")),
        ]);
        Self {
            was: Some((channel.id.clone(), mark(channel))),
            written,
            tell: channel.tell.all().iter().map(|role| role.as_str().to_owned()).collect(),
            ..Self::new(channel.kind)
        }
    }

    /// A new one.
    pub(crate) fn new(kind: Kind) -> Self {
        let (written, tell, given, others) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        Self { was: None, kind, written, tell, given, others, wrong: None }
    }

    fn said(&self, name: &str) -> String {
        self.written.get(name).cloned().unwrap_or_default()
    }
}

struct RoleBox {
    value: &'static str,
    name: String,
    checked: bool,
}

struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

struct SecretField {
    name: &'static str,
    label: String,
    given: bool,
    needed: bool,
}

#[derive(Template)]
#[template(path = "channel-form.html")]
struct ChannelPage {
    frame: Frame,
    kind: &'static str,
    is_mail: bool,
    is_webhook: bool,
    was: String,
    seen: String,
    is_new: bool,
    wrong: Option<String>,
    id: String,
    roles: Vec<RoleBox>,
    next: Vec<Choice>,
    quiet: String,
    per_minute: String,
    endpoint: String,
    server: String,
    security: Vec<Choice>,
    plain_because: String,
    user: String,
    from: String,
    to: String,
    secrets: Vec<SecretField>,
    how: String,
}

/// The form of a channel.
pub(crate) fn channel_form(visit: &Visit, ground: &Ground, asked: &ChannelAsked) -> Rendered {
    let lang = visit.lang;
    let mut frame = frame(visit, ground);
    frame.title = match &asked.was {
        Some((id, _)) => lang.with("outlet.one", &[("kind", &kind_name(asked.kind, lang)), ("id", id)]),
        None => lang.with("outlet.new", &[("kind", &kind_name(asked.kind, lang))]),
    };
    let (was, seen) = asked.was.clone().unwrap_or_default();
    let roles = Role::WORK.into_iter().map(|role| RoleBox {
        value: role.as_str(),
        name: lang.t(role_key(role)),
        checked: asked.tell.iter().any(|name| name == role.as_str()),
    });
    let next = asked.said("next");
    let others = asked.others.iter().filter(|id| **id != was);
    let others: Vec<Choice> =
        others.map(|id| Choice { value: id.clone(), name: id.clone(), chosen: *id == next }).collect();
    let nobody = Choice { value: String::new(), name: lang.t("outlet.next-none"), chosen: next.is_empty() };
    let security = asked.said("security");
    let securities = [("tls", "outlet.tls"), ("starttls", "outlet.starttls"), ("plain", "outlet.plain")];
    let security = securities.into_iter().map(|(value, key)| Choice {
        value: value.to_owned(),
        name: lang.t(key),
        chosen: security == value || security.is_empty() && value == "tls",
    });
    let secrets = asked.kind.secrets().iter().map(|(name, needed)| SecretField {
        name,
        label: secret_name(name, lang),
        given: asked.given.iter().any(|given| given == name),
        needed: *needed,
    });
    ChannelPage {
        kind: asked.kind.as_str(),
        is_mail: asked.kind == Kind::Mail,
        is_webhook: asked.kind == Kind::Webhook,
        is_new: asked.was.is_none(),
        was,
        seen,
        wrong: asked.wrong.as_deref().map(|wrong| line(wrong, 600)),
        id: asked.said("id"),
        roles: roles.collect(),
        next: std::iter::once(nobody).chain(others).collect(),
        quiet: asked.said("quiet"),
        per_minute: asked.said("per_minute"),
        endpoint: asked.said("endpoint"),
        server: asked.said("server"),
        security: security.collect(),
        plain_because: asked.said("plain_because"),
        user: asked.said("user"),
        from: asked.said("from"),
        to: asked.said("to"),
        secrets: secrets.collect(),
        how: lang.t(match asked.kind {
            Kind::Wecom => "outlet.how-wecom",
            Kind::Dingtalk => "outlet.how-dingtalk",
            Kind::Feishu => "outlet.how-feishu",
            Kind::Mail => "outlet.how-mail",
            Kind::Webhook => "outlet.how-webhook",
        }),
        frame,
    }
    .render()
}

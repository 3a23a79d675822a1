//! 插件: what is installed and waits, what each may do in plain words and how it fares; one of them; and one that is offered.

use askama::Template;
use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::artifact::PluginKind;
use caifeng_plugin_host::laws::{Law, Score, ScoreCard, Verdict};
use caifeng_plugin_host::manifest::{Attach, Manifest};

use super::sources::Ground;
use super::{Frame, Rendered, Room, Visit};
use crate::plugins::install::Offer;
use crate::plugins::suspension::Suspended;
use crate::plugins::trials::{State, Trial};
use crate::plugins::wishes::Wish;
use crate::store::model::WatchRow;
use crate::user::right::Act;
use crate::web::coverage::Health;
use crate::web::lang::{Lang, grouped, refusal};
use crate::web::mark::line;
use crate::web::when::{Clockface, Stamp};

/// A plugin file.
pub(crate) struct PluginRow {
    /// The file's name.
    pub(crate) file: String,
    /// Part of this release.
    pub(crate) shipped: bool,
    /// Nobody has allowed it yet: nothing of it runs.
    pub(crate) waiting: bool,
    /// The fixtures that it carries, where they were asked for.
    pub(crate) fixtures: Vec<String>,
    /// Why it rests, if it does.
    pub(crate) resting: Option<Suspended>,
    /// What it is, or what is wrong with the file.
    pub(crate) what: Result<Described, String>,
}

/// A plugin that is in order.
pub(crate) struct Described {
    /// What it asks for.
    pub(crate) manifest: Manifest,
    /// What it does.
    pub(crate) kind: PluginKind,
    /// Of exactly this file.
    pub(crate) digest: String,
    /// Why it may reach nothing yet.
    pub(crate) ungranted: bool,
    /// Another file of the same id stands in its place.
    pub(crate) replaced: bool,
    /// The hosts that it may reach; `None` where that is everything it asks for.
    pub(crate) granted: Option<Vec<HostPattern>>,
}

struct PluginView {
    name: String,
    id: String,
    version: String,
    kind: String,
    origin: String,
    digest: String,
    may: Vec<String>,
    health: Option<String>,
    silent: bool,
    last: Option<Stamp>,
    waits: Option<String>,
    resting: Option<RestView>,
    wrong: Option<String>,
    waiting: bool,
    installed: bool,
}

struct RestView {
    told: String,
    since: String,
    traps: Vec<String>,
}

#[derive(Template)]
#[template(path = "plugins.html")]
struct PluginsPage {
    frame: Frame,
    count: String,
    plugins: Vec<PluginView>,
    may_keep: bool,
    offered: bool,
}

fn frame(visit: &Visit, ground: &Ground, title: String) -> Frame {
    Frame::new(visit, Room::Plugins, title, ground.figures, &ground.watches)
}

/// The page; `offered`: somebody has handed a file in that nobody has decided about yet.
pub(crate) fn plugins(visit: &Visit, ground: &Ground, rows: &[PluginRow], offered: bool) -> Rendered {
    let lang = visit.lang;
    let frame = frame(visit, ground, lang.t("rooms.plugins"));
    PluginsPage {
        count: lang.count("plugins.count", rows.len() as u64),
        plugins: rows.iter().map(|row| view(row, ground, visit, &frame.face)).collect(),
        may_keep: visit.may(Act::KeepPlugins),
        offered,
        frame,
    }
    .render()
}

fn view(row: &PluginRow, ground: &Ground, visit: &Visit, face: &Clockface) -> PluginView {
    let lang = visit.lang;
    let origin = lang.t(match (row.shipped, row.waiting) {
        (true, _) => "plugins.shipped",
        (false, true) => "plugins.waits",
        (false, false) => "plugins.installed",
    });
    let installed = !row.shipped && !row.waiting;
    let resting = row.resting.as_ref().map(|resting| RestView {
        told: lang.count("plugins.rests", resting.traps.len() as u64),
        since: resting.since.clone(),
        traps: resting.traps.iter().map(|trap| line(trap, 300)).collect(),
    });
    let described = match &row.what {
        Ok(described) => described,
        Err(why) => {
            return PluginView {
                name: line(&row.file, 80),
                id: row.file.strip_suffix(".wasm").map(|stem| line(stem, 80)).unwrap_or_default(),
                version: String::new(),
                kind: String::new(),
                origin,
                digest: String::new(),
                may: Vec::new(),
                health: None,
                silent: true,
                last: None,
                waits: None,
                resting,
                wrong: Some(line(why, 300)),
                waiting: row.waiting,
                installed,
            };
        }
    };
    let Described { manifest, kind, digest, ungranted, replaced, granted } = described;
    let own: Vec<&WatchRow> =
        ground.watches.iter().filter(|row| row.watch.plugin == manifest.id && !row.watch.recorded).collect();
    let silent = own.iter().filter(|row| Health::of(row, visit.now).rank() == 0).count();
    let runs = !row.waiting && !replaced;
    let health = (*kind == PluginKind::Source && runs).then(|| {
        let (all, silent) = (own.len(), silent);
        lang.with("plugins.health", &[("all", &lang.count("plugins.watches", all as u64)), ("silent", &silent)])
    });
    let last = own.iter().filter_map(|row| row.last.as_ref().map(|sweep| sweep.started)).max().filter(|_| runs);
    let waits = match (row.waiting, ungranted, replaced) {
        (true, ..) => Some(lang.t("plugins.nothing-runs")),
        (_, _, true) => Some(lang.t("plugins.replaced")),
        (_, true, _) => Some(lang.t("plugins.ungranted")),
        _ => None,
    };
    let mut may = may(manifest, *kind, lang);
    if let Some(granted) = granted.as_ref().filter(|granted| **granted != manifest.network.allow) {
        let hosts: Vec<String> = granted.iter().map(|host| place(host, lang)).collect();
        may.push(if hosts.is_empty() {
            lang.t("plugins.granted-none")
        } else {
            lang.with("plugins.granted", &[("hosts", &lang.list(&hosts))])
        });
    }
    PluginView {
        name: line(&manifest.name, 80),
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        kind: kind_name(*kind, lang),
        origin,
        digest: digest.clone(),
        may,
        health,
        silent: silent > 0,
        last: last.map(|at| face.stamp(at)),
        waits,
        resting,
        wrong: None,
        waiting: row.waiting,
        installed,
    }
}

fn kind_name(kind: PluginKind, lang: Lang) -> String {
    lang.t(match kind {
        PluginKind::Source => "plugins.source",
        PluginKind::Classifier => "plugins.classifier",
        PluginKind::Asker => "plugins.asker",
    })
}

/// Hosts that a pattern stands for.
fn place(host: &HostPattern, lang: Lang) -> String {
    match host {
        HostPattern::Target => lang.t("wish.target"),
        HostPattern::Exact(name) => name.clone(),
        HostPattern::Below(domain) => lang.with("wish.below", &[("domain", domain)]),
    }
}

/// What a plugin asks for, as a person says yes or no to it.
pub(crate) fn wish(wish: &Wish, lang: Lang) -> String {
    match wish {
        Wish::Reach(host) => lang.with("wish.reach", &[("hosts", &place(host, lang))]),
        Wish::Send { name, attach, to } => {
            let how = match attach {
                Attach::Bearer => lang.t("wish.bearer"),
                Attach::Header(field) => lang.with("wish.header", &[("name", field)]),
                Attach::Cookie(cookie) => lang.with("wish.cookie", &[("name", cookie)]),
                Attach::Query(parameter) => lang.with("wish.parameter", &[("name", parameter)]),
            };
            lang.with("wish.send", &[("name", name), ("hosts", &place(to, lang)), ("how", &how)])
        }
        Wish::Memory(mib) => lang.with("wish.memory", &[("n", mib)]),
        Wish::Time(ms) => lang.with("wish.time", &[("n", ms)]),
    }
}

struct LawView {
    name: String,
    verdict: String,
    broken: bool,
    summary: String,
    findings: Vec<String>,
}

/// A score card, with what it says of each law.
struct CardView {
    verdict: String,
    kept: bool,
    laws: Vec<LawView>,
}

fn law_name(law: Law, lang: Lang) -> String {
    lang.t(match law {
        Law::Contract => "laws.contract",
        Law::Manifest => "laws.manifest",
        Law::Expectations => "laws.expectations",
        Law::Determinism => "laws.determinism",
        Law::Closure => "laws.closure",
        Law::Termination => "laws.termination",
        Law::Posts => "laws.posts",
        Law::Coverage => "laws.coverage",
        Law::Damage => "laws.damage",
        Law::Labels => "laws.labels",
        Law::Age => "laws.age",
        _ => return law.as_str().to_owned(),
    })
}

fn card_view(card: &ScoreCard, lang: Lang) -> CardView {
    let law = |score: &Score| LawView {
        name: law_name(score.law, lang),
        verdict: lang.t(match score.verdict {
            Verdict::Pass => "laws.pass",
            Verdict::Warn => "laws.warn",
            Verdict::Untried => "laws.untried",
            Verdict::Fail => "laws.fail",
        }),
        broken: score.verdict == Verdict::Fail,
        summary: line(&score.summary, 300),
        findings: score
            .findings
            .iter()
            .take(5)
            .map(|one| {
                line(&format!("{} · {}: {}", one.fixture.as_deref().unwrap_or("—"), one.place, one.problem), 400)
            })
            .collect(),
    };
    let told = [("fixtures", card.fixtures), ("calls", card.calls)].map(|(name, n)| (name, grouped(n as u64)));
    let [(_, fixtures), (_, calls)] = &told;
    let key = if card.passes() { "laws.all-kept" } else { "laws.broken" };
    CardView {
        verdict: lang.with(key, &[("fixtures", fixtures), ("calls", calls)]),
        kept: card.passes(),
        laws: card.laws.iter().map(law).collect(),
    }
}

/// How the trial of a file stands, for a page.
struct TrialView {
    running: Option<Stamp>,
    failed: Option<String>,
    card: Option<CardView>,
}

fn trial_view(trial: &Trial, face: &Clockface, lang: Lang) -> TrialView {
    match &trial.state {
        State::Running => TrialView { running: Some(face.stamp(trial.since)), failed: None, card: None },
        State::Kept(card) => TrialView { running: None, failed: None, card: Some(card_view(card, lang)) },
        State::Failed(why, card) => TrialView {
            running: None,
            failed: Some(line(&refusal::told(lang, why), 600)),
            card: card.as_ref().map(|card| card_view(card, lang)),
        },
    }
}

struct HostBox {
    value: String,
    name: String,
}

fn host_boxes(manifest: &Manifest, lang: Lang) -> Vec<HostBox> {
    let boxed = |host: &HostPattern| HostBox { value: host.to_string(), name: place(host, lang) };
    manifest.network.allow.iter().map(boxed).collect()
}

/// One plugin, and what can be done to it.
pub(crate) struct OnePlugin {
    /// The files of this id: those that run, and the one that waits.
    pub(crate) rows: Vec<PluginRow>,
    /// The trial of each file that was tried, by digest.
    pub(crate) trials: Vec<(String, Trial)>,
    /// Pages that it could not read, by the names of the calls.
    pub(crate) failed: Vec<String>,
    /// Whose signature it had when it came.
    pub(crate) signer: Option<String>,
    /// What the one that waits asks for and the running one did not.
    pub(crate) more: Vec<Wish>,
}

struct FileView {
    it: PluginView,
    fixtures: Option<(String, String)>,
    trial: Option<TrialView>,
    hosts: Vec<HostBox>,
}

#[derive(Template)]
#[template(path = "plugin.html")]
struct PluginPage {
    frame: Frame,
    id: String,
    files: Vec<FileView>,
    more: Vec<String>,
    signer: Option<String>,
    failed: Vec<String>,
    soon: bool,
    may_keep: bool,
    removable: bool,
}

/// The page of one plugin.
pub(crate) fn plugin(visit: &Visit, ground: &Ground, id: &str, one: &OnePlugin) -> Rendered {
    let lang = visit.lang;
    let title = one.rows.iter().find_map(|row| row.what.as_ref().ok()).map(|it| line(&it.manifest.name, 80));
    let frame = frame(visit, ground, title.unwrap_or_else(|| line(id, 80)));
    let files: Vec<FileView> = one
        .rows
        .iter()
        .map(|row| {
            let it = view(row, ground, visit, &frame.face);
            let trial = one.trials.iter().find(|(digest, _)| *digest == it.digest);
            FileView {
                trial: trial.map(|(_, trial)| trial_view(trial, &frame.face, lang)),
                fixtures: (!row.fixtures.is_empty()).then(|| {
                    (lang.count("laws.fixtures", row.fixtures.len() as u64), line(&lang.list(&row.fixtures), 600))
                }),
                hosts: row.what.as_ref().map(|it| host_boxes(&it.manifest, lang)).unwrap_or_default(),
                it,
            }
        })
        .collect();
    PluginPage {
        id: id.to_owned(),
        soon: files.iter().any(|file| file.trial.as_ref().is_some_and(|trial| trial.running.is_some())),
        removable: one.rows.iter().any(|row| !row.shipped),
        files,
        more: one.more.iter().map(|one| wish(one, lang)).collect(),
        signer: one.signer.clone(),
        failed: one.failed.clone(),
        may_keep: visit.may(Act::KeepPlugins),
        frame,
    }
    .render()
}

/// A file that was handed in, and how its trial stands.
pub(crate) struct OfferRows<'a> {
    /// The file, in its place.
    pub(crate) offer: &'a Offer,
    /// Its trial.
    pub(crate) trial: Option<Trial>,
    /// Its length.
    pub(crate) bytes: u64,
}

#[derive(Template)]
#[template(path = "plugin-offer.html")]
struct OfferPage {
    frame: Frame,
    id: String,
    version: String,
    kind: String,
    size: String,
    digest: String,
    signer: Option<String>,
    signed: String,
    unsigned: bool,
    before: Option<String>,
    asks: Vec<String>,
    more: Vec<String>,
    upgrades: bool,
    may: Vec<String>,
    hosts: Vec<HostBox>,
    trial: Option<TrialView>,
    ready: bool,
    soon: bool,
}

/// What was handed in: whose it is, what it asks for, what is different, and whether it keeps the laws.
pub(crate) fn plugin_offer(visit: &Visit, ground: &Ground, rows: &OfferRows<'_>) -> Rendered {
    let lang = visit.lang;
    let offer = rows.offer;
    let manifest = offer.artifact().manifest();
    let frame = frame(visit, ground, lang.with("offer.title", &[("name", &line(&manifest.name, 80))]));
    let signed = lang.t(match (&offer.signer, offer.signer_is_known()) {
        (Some(_), true) => "offer.signed-as-before",
        (Some(_), false) => "offer.signed-new",
        (None, _) => "offer.unsigned",
    });
    let trial = rows.trial.as_ref().map(|trial| trial_view(trial, &frame.face, lang));
    OfferPage {
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        kind: kind_name(offer.artifact().kind(), lang),
        size: super::backups::size(rows.bytes, lang),
        digest: offer.artifact().digest().to_string(),
        signer: offer.signer.as_ref().map(ToString::to_string),
        signed,
        unsigned: offer.signer.is_none(),
        before: offer.before.as_ref().map(|old| old.manifest().version.clone()),
        asks: Wish::all(manifest).iter().map(|one| wish(one, lang)).collect(),
        more: offer.more().iter().map(|one| wish(one, lang)).collect(),
        upgrades: offer.upgrades(),
        may: may(manifest, offer.artifact().kind(), lang),
        hosts: host_boxes(manifest, lang),
        ready: rows.trial.as_ref().is_some_and(|trial| matches!(trial.state, State::Kept(_))),
        soon: rows.trial.as_ref().is_some_and(|trial| matches!(trial.state, State::Running)),
        trial,
        frame,
    }
    .render()
}

/// What it may do, a sentence each.
fn may(manifest: &Manifest, kind: PluginKind, lang: Lang) -> Vec<String> {
    let mut said = Vec::new();
    let named: Vec<String> = manifest
        .network
        .allow
        .iter()
        .filter(|pattern| **pattern != HostPattern::Target)
        .map(ToString::to_string)
        .collect();
    match kind {
        PluginKind::Classifier => said.push(lang.t("plugins.reads-posts")),
        PluginKind::Asker => said.push(lang.t("plugins.reaches-service")),
        PluginKind::Source => {
            if manifest.network.follows_target() {
                said.push(lang.t("plugins.reaches-target"));
            }
            if !named.is_empty() {
                said.push(lang.with("plugins.reaches", &[("hosts", &lang.list(&named))]));
            }
        }
    }
    for secret in &manifest.secrets {
        let how = lang.t(match secret.attach {
            Attach::Bearer => "plugins.as-bearer",
            _ => "plugins.as-part",
        });
        let to = secret.to.to_string();
        said.push(lang.with("plugins.secret", &[("name", &secret.name), ("how", &how), ("host", &to)]));
    }
    if !manifest.settings.is_empty() {
        let names: Vec<&str> = manifest.settings.iter().map(|setting| setting.name.as_str()).collect();
        said.push(lang.with("plugins.settings", &[("names", &lang.list(&names))]));
    }
    if !manifest.labels.is_empty() {
        said.push(lang.count("plugins.labels", manifest.labels.len() as u64));
    }
    said.push(lang.t("plugins.never"));
    said
}

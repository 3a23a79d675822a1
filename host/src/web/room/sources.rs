//! `/watches/…` and `/repairs`: watches are pasted, looked at, saved and changed; what needs mending is told.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use caifeng_plugin_host::contract::Timestamp;
use caifeng_plugin_host::manifest::TargetKind;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::missing;
use crate::asking::budget;
use crate::config::edit::Change;
use crate::config::watches::EveryConfig;
use crate::config::{AccountConfig, Config, Reading, WatchConfig};
use crate::control::{Asked as Order, Order as SweepOrder, Selection};
use crate::coverage::Cause;
use crate::coverage::words::keys;
use crate::crawl::Limits;
use crate::fitting;
use crate::preview::{self, Wish};
use crate::store::Caller;
use crate::store::model::WatchRow;
use crate::web::coverage::Health;
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::{Fields, Pressed, Sent};
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::page::{self, Looked, Repair, Standing, SweptWatch, Trouble, WatchRows};
use crate::web::rows::{Rows, Unanswered};

/// Figures and watches, for what stands around a page.
pub(super) fn ground(rows: &dyn Rows) -> Result<Standing, Unanswered> {
    Ok(Standing { figures: rows.figures()?, watches: rows.watches()? })
}

fn said(text: String) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// What each source reads, by the first example of its manifest.
fn examples(desk: &Desk) -> Vec<(String, String)> {
    let registry = desk.app.owner.sweeper.plugins.registry();
    let sources = preview::sources(&registry).map(|(_, artifact)| artifact.manifest());
    let example = |rule: Option<&caifeng_plugin_host::manifest::TargetRule>| rule.map(|rule| rule.example.clone());
    sources.filter_map(|manifest| Some((manifest.name.clone(), example(manifest.targets.last())?))).collect()
}

/// `GET /watches/new`.
pub(in crate::web) async fn new(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| Ok(page::new_watch(visit, &ground(rows)?, ("", ""), examples(&ours))?)).await
}

/// What was pasted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Pasted {
    pub(super) text: String,
    #[serde(default)]
    pub(super) site: String,
    #[serde(default)]
    pub(super) plugin: String,
}

/// `POST /watches/preview`: a real look, and what it shows.
pub(in crate::web) async fn preview(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(pasted): Sent<Pasted>,
) -> Response {
    looked(desk, asked, pasted, false).await
}

/// Looks at what was pasted, and shows what is there.
pub(super) async fn looked(desk: Arc<Desk>, asked: Asked, pasted: Pasted, first: bool) -> Response {
    let lang = asked.lang;
    let caller = Caller { token: asked.visitor.token.clone(), account: desk.app.account };
    let wish = Wish { text: pasted.text.clone(), plugin: said(pasted.plugin), site: said(pasted.site.clone()) };
    let seen = match preview::preview(&desk.app.owner, caller, &wish).await {
        Ok(seen) => seen,
        Err(refusal) => return refuse(lang, Refused::Refusal(refusal)),
    };
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let owner = &ours.app.owner;
        let topics = owner.sweeper.pipeline.topics.get();
        let mentions = seen.posts.iter().map(|post| {
            let found = topics.matches(post.title.as_deref(), &post.text);
            found.iter().filter_map(|found| topics.name(found.topic).map(str::to_owned)).collect()
        });
        let config = owner.setup.config.get();
        let taken: Vec<&str> = config.watches.iter().map(|watch| watch.id.as_str()).collect();
        let looked = Looked {
            name: fitting::name(&seen.fit.plugin, &pasted.text, Some(&pasted.site), &taken),
            mentions: mentions.collect(),
            site: pasted.site.trim().to_owned(),
            can_save: owner.setup.file.is_some(),
            first,
            preview: seen,
        };
        Ok(page::preview(visit, &ground(rows)?, &looked)?)
    })
    .await
}

/// A watch as its preview is saved.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Saving {
    id: String,
    text: String,
    plugin: String,
    kind: TargetKind,
    #[serde(default)]
    site: String,
    organisation: Option<String>,
    reason: Option<String>,
}

impl Saving {
    /// The change that it asks for.
    pub(super) fn change(self) -> Change {
        let account = match (self.organisation, self.reason) {
            (Some(organisation), Some(reason)) if self.kind == TargetKind::Account => Some(AccountConfig {
                plugin: self.plugin.clone(),
                id: self.text.trim().to_owned(),
                organisation: organisation.trim().to_owned(),
                reason: reason.trim().to_owned(),
            }),
            _ => None,
        };
        let watch = WatchConfig {
            id: self.id.trim().to_owned(),
            plugin: self.plugin,
            target: preview::written(self.kind, &self.text),
            site: said(self.site),
            settings: std::collections::BTreeMap::new(),
            budget: Limits::default(),
            every: EveryConfig::default(),
            canary: None,
            paused: None,
            note: None,
        };
        Change::AddWatch { watch, account }
    }
}

/// `POST /watches`.
pub(in crate::web) async fn save(State(desk): State<Arc<Desk>>, asked: Asked, Sent(saving): Sent<Saving>) -> Response {
    let to = format!("/watches/{}", saving.id.trim());
    desk.configure(asked, saving.change(), Done::new(to, "done.watch-saved")).await
}

/// `GET /watches/{id}`.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Path(id): Path<String>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let ground = ground(rows)?;
        let owner = &ours.app.owner;
        let row = ground.watches.iter().find(|row| row.watch.id == id && !row.watch.recorded).cloned();
        let written = owner.setup.config.get().watches.iter().find(|watch| watch.id == id).cloned();
        if row.is_none() && written.is_none() {
            return Err(missing());
        }
        let swept = row.map(|row| Ok::<_, Unanswered>(SweptWatch { sweeps: rows.sweeps(&id, page::SWEEPS)?, row }));
        let registry = owner.sweeper.plugins.registry();
        let plugin = written.as_ref().and_then(|watch| registry.find(&watch.plugin).ok());
        let told = WatchRows {
            swept: swept.transpose()?,
            settings: plugin.map(|(_, artifact)| artifact.manifest().settings.clone()).unwrap_or_default(),
            written,
            can_change: owner.setup.file.is_some(),
            ground,
        };
        Ok(page::watch(visit, &id, &told)?)
    })
    .await
}

/// How the names of fields begin that set something of the plugin.
const SET: &str = "set-";

/// The watch as a form would have it; `None` when the form is none of ours.
fn changed(old: &WatchConfig, fields: &Fields, settings: &[String]) -> Option<WatchConfig> {
    let own: Vec<String> = settings.iter().map(|name| format!("{SET}{name}")).collect();
    let known = ["seen", "text", "site", "floor", "ceiling", "canary", "note"];
    let known: Vec<&str> = known.into_iter().chain(own.iter().map(String::as_str)).collect();
    if !fields.only(&known) {
        return None;
    }
    let mut watch = old.clone();
    watch.target = preview::written(old.target.target_kind(), &fields.one("text")?);
    watch.site = fields.one("site");
    watch.every = EveryConfig { floor: fields.one("floor"), ceiling: fields.one("ceiling") };
    watch.canary = fields.one("canary");
    watch.note = fields.one("note");
    for name in settings {
        match fields.one(&format!("{SET}{name}")) {
            Some(value) => drop(watch.settings.insert(name.clone(), value)),
            None => drop(watch.settings.remove(name)),
        }
    }
    Some(watch)
}

/// `POST /watches/{id}/edit`.
pub(in crate::web) async fn edit(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    asked: Asked,
    fields: Fields,
) -> Response {
    let owner = &desk.app.owner;
    let config = owner.setup.config.get();
    let Some(old) = config.watches.iter().find(|watch| watch.id == id) else { return refuse(asked.lang, missing()) };
    let registry = owner.sweeper.plugins.registry();
    let plugin = registry.find(&old.plugin).ok();
    let settings = plugin.map(|(_, artifact)| artifact.manifest().settings.clone()).unwrap_or_default();
    let settings: Vec<String> = settings.into_iter().map(|setting| setting.name).collect();
    let (Some(watch), Some(seen)) = (changed(old, &fields, &settings), fields.one("seen")) else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let done = Done::new(format!("/watches/{id}"), "done.watch-saved");
    Arc::clone(&desk).configure(asked, Change::ChangeWatch { watch, seen }, done).await
}

/// Why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Because {
    why: String,
}

/// `POST /watches/{id}/pause`.
pub(in crate::web) async fn pause(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    asked: Asked,
    Sent(Because { why }): Sent<Because>,
) -> Response {
    let done = Done::new(format!("/watches/{id}"), "done.watch-paused");
    desk.configure(asked, Change::PauseWatch { id, why: Some(why.trim().to_owned()) }, done).await
}

/// `POST /watches/{id}/resume`.
pub(in crate::web) async fn resume(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    let done = Done::new(format!("/watches/{id}"), "done.watch-resumed");
    desk.configure(asked, Change::PauseWatch { id, why: None }, done).await
}

/// `POST /watches/{id}/remove`.
pub(in crate::web) async fn remove(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    desk.configure(asked, Change::RemoveWatch { id }, Done::new("/watches", "done.watch-removed")).await
}

/// `POST /watches/{id}/sweep`: now, and not when it is due.
pub(in crate::web) async fn sweep(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    let token = asked.visitor.token.clone();
    let (selection, done) = (Selection::Watch(id.clone()), Done::new(format!("/watches/{id}"), "done.swept"));
    let order = Order::Sweep(SweepOrder { selection, replay: None, record: None, token });
    match desk.order(order).await {
        Ok(_) => lead(&done),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

/// `GET /repairs`.
pub(in crate::web) async fn repairs(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let found = found(&ours, rows, (visit.lang, &visit.zone), visit.now)?;
        Ok(page::repairs(visit, &ground(rows)?, &found)?)
    })
    .await
}

/// What is wrong, in the order in which it cannot wait.
pub(in crate::web) fn found(
    desk: &Desk,
    rows: &dyn Rows,
    (lang, zone): (Lang, &TimeZone),
    now: Timestamp,
) -> Result<Vec<Repair>, Refused> {
    let mut watches = rows.watches()?.to_vec();
    watches.retain(|row| !row.watch.recorded);
    page::order(&mut watches, now);
    let mut found: Vec<Repair> = watches.iter().filter_map(|row| of_watch(row, lang, now)).collect();
    found.extend(of_gaps(rows, (lang, zone), now)?);
    found.extend(of_machine(desk, rows, (lang, zone), now)?);
    Ok(found)
}

fn of_watch(row: &WatchRow, lang: Lang, now: Timestamp) -> Option<Repair> {
    let cause = match Health::of(row, now) {
        Health::Heard | Health::Waiting => return None,
        Health::Halted => {
            return Some(Repair {
                what: row.watch.id.clone(),
                href: Some(format!("/watches/{}", row.watch.id)),
                since: row.heard,
                why: lang.t("cause.halted"),
                detail: row.halted.as_deref().map(|why| line(why, 240)),
                step: lang.t("step.halted"),
                sweep: None,
            });
        }
        Health::Late => row.gap.unwrap_or(Cause::Late),
        Health::Failing(crate::web::coverage::Cause::Known(kind)) => Cause::Failed(kind),
        Health::Failing(crate::web::coverage::Cause::Interrupted) => Cause::Late,
    };
    let (why, step) = keys(cause);
    let detail = row.last.as_ref().and_then(|sweep| sweep.tally.failures.first());
    Some(Repair {
        what: row.watch.id.clone(),
        href: Some(format!("/watches/{}", row.watch.id)),
        since: row.heard,
        why: lang.t(why),
        detail: detail.map(|failure| line(&failure.detail, 240)).filter(|detail| !detail.is_empty()),
        step: lang.t(step),
        sweep: Some(row.watch.id.clone()),
    })
}

/// What was not caught up with, of the last week.
fn of_gaps(rows: &dyn Rows, (lang, zone): (Lang, &TimeZone), now: Timestamp) -> Result<Vec<Repair>, Unanswered> {
    let statement = rows.coverage(now - 7 * 86_400, now)?;
    let gaps = statement.watches.iter().flat_map(|watch| watch.gaps.iter());
    let lost = gaps.filter(|gap| gap.closed.is_some() && gap.lost(now).is_some());
    Ok(lost
        .map(|gap| Repair {
            what: gap.watch.clone(),
            href: Some("/coverage".to_owned()),
            since: Some(gap.from),
            why: lang.t("repairs.lost"),
            detail: Some(crate::coverage::words::filled(lang, gap, zone, now)),
            step: lang.t("repairs.lost-step"),
            sweep: None,
        })
        .collect())
}

/// What is wrong with plugins, services, notices and the configuration.
fn of_machine(
    desk: &Desk,
    rows: &dyn Rows,
    (lang, zone): (Lang, &TimeZone),
    now: Timestamp,
) -> Result<Vec<Repair>, Refused> {
    let repair = |what: String, why: &str, detail: Option<String>, step: &str| Repair {
        what,
        href: None,
        since: None,
        why: lang.t(why),
        detail: detail.map(|detail| line(&detail, 300)),
        step: lang.t(step),
        sweep: None,
    };
    let mut found = Vec::new();
    for file in desk.app.owner.sweeper.plugins.registry().all() {
        if let Err(error) = &file.artifact {
            let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push(repair(name, "repairs.plugin", Some(error.to_string()), "repairs.plugin-step"));
        }
    }
    for resting in desk.app.owner.sweeper.plugins.suspensions.all() {
        let name = format!("{} {}", resting.plugin, resting.version);
        found.push(repair(name, "repairs.resting", resting.traps.last().cloned(), "repairs.resting-step"));
    }
    let offset = jiff::Timestamp::from_second(now).map_or(0, |at| zone.to_offset(at).seconds());
    for service in rows.services(budget::day(now, offset))? {
        if let Some(failure) = service.today.failure {
            found.push(repair(service.plugin, "repairs.service", Some(failure), "repairs.service-step"));
        }
    }
    let config = desk.app.owner.setup.config.get();
    for channel in &config.notify.channels {
        let standing = desk.unveiled().channel_standing(&channel.id, now)?;
        if standing.lost > 0 {
            found.push(repair(channel.id.clone(), "repairs.channel", standing.why, "repairs.channel-step"));
        }
    }
    found.extend(of_configuration(desk, &config, lang));
    Ok(found)
}

/// What stands on disk and could not be taken up.
fn of_configuration(desk: &Desk, config: &Config, lang: Lang) -> Vec<Repair> {
    let setup = &desk.app.owner.setup;
    let Some(file) = setup.file.as_ref().filter(|file| file.exists()) else { return Vec::new() };
    let repair = |why: &str, detail: Option<String>, step: &str| Repair {
        what: lang.t("repairs.configuration"),
        href: None,
        since: None,
        why: lang.t(why),
        detail,
        step: lang.t(step),
        sweep: None,
    };
    let read = Reading::read(file).map(|mut reading| {
        let owner = &desk.app.owner;
        reading.check_against(&owner.sweeper.plugins.registry(), &owner.clerk.directory.grants());
        reading
    });
    match read {
        Err(error) => vec![repair("repairs.unreadable", Some(error.to_string()), "repairs.unreadable-step")],
        Ok(reading) if !reading.problems().is_empty() => {
            let told = reading.problems().iter().take(5);
            told.map(|problem| repair("repairs.wrong", Some(problem.message.clone()), "repairs.unreadable-step"))
                .collect()
        }
        // Changed by hand since Caifeng started: what a person sees in the file is not what happens.
        Ok(reading) if reading.config.to_toml().ok() != config.to_toml().ok() => {
            vec![repair("repairs.other", None, "repairs.other-step")]
        }
        Ok(_) => Vec::new(),
    }
}

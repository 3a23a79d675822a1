//! `/watches`: what is listened to. A change is written into the configuration, and is in force when it is answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use caifeng_plugin_host::contract::Post;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::edit::{self, Change};
use crate::config::watches::EveryConfig;
use crate::config::{AccountConfig, TargetConfig, WatchConfig};
use crate::control::{Asked as Order, Line, Order as Sweeping, Selection};
use crate::crawl::Limits;
use crate::fitting::{self, Fit};
use crate::preview::{self, Look, Preview, Wish};
use crate::store::model::WatchRow;
use crate::sweep::Report;
use crate::user::right::Act;
use crate::watch::Sweep;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, Pending, blocking, get, wait};
use crate::web::api::listed::{Named, Nothing, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::routes::{DESK, KEEPERS};

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/watches", DESK, ("listWatches", "What is listened to, and how it stands"), watches),
        get("/watches/{id}", DESK, ("watch", "One watch: how it stands, and as it is written"), watch),
        wait("/watches/preview", KEEPERS, ("previewWatch", "A real look at what an address or a phrase would bring; nothing is kept"), look).like(&[
("look", r#"{"text": "https://bbs.example/forum-7.html", "plugin": null, "site": null}"#),
]),
        wait("/watches", KEEPERS, ("addWatch", "Listen to something more"), add).like(&[
("add", r#"{"id": "forum", "plugin": "discuz", "watch": {"target": {"listing": "https://bbs.example/forum-7.html"}}, "account": null}"#),
]),
        wait("/watches/{id}/edit", KEEPERS, ("changeWatch", "Listen to it differently"), change).like(&[
("edit", r#"{"seen": "0a1b2c3d4e5f", "watch": {"target": {"listing": "https://bbs.example/forum-7.html"}, "every": {"floor": "5m", "ceiling": "1h"}, "note": "夜里没有人发帖"}}"#),
]),
        wait("/watches/{id}/pause", KEEPERS, ("pauseWatch", "Do not sweep it for the time being, for a reason: a gap as long"), pause).like(&[
("pause", r#"{"why": "网站在改版"}"#),
]),
        wait("/watches/{id}/resume", KEEPERS, ("resumeWatch", "Sweep it again"), resume).like(&[
("resume", r#"{}"#),
]),
        wait("/watches/{id}/remove", KEEPERS, ("removeWatch", "Do not listen to it any more; what was heard stays"), remove).like(&[
("remove", r#"{}"#),
]),
        wait("/watches/{id}/sweeps", Access::Able(Act::Sweep), ("sweep", "Sweep a watch now"), sweep).like(&[
("sweep", r#"{}"#),
]),
    ]
}

/// A watch and how it stands.
#[derive(Debug, Serialize, JsonSchema)]
struct WatchShown {
    /// Its name.
    id: String,
    /// The plugin that reads it.
    plugin: String,
    /// What is listened to.
    target: String,
    /// The newest sweep that ended.
    last: Option<Sweep>,
    /// When a sweep last ended without a failure.
    heard: Option<i64>,
    /// Failed sweeps in a row since then.
    failing: u32,
    /// When it is due next.
    due: Option<i64>,
    /// Why it is not swept any more.
    halted: Option<String>,
    /// Posts stored from it.
    posts: u64,
}

impl From<WatchRow> for WatchShown {
    fn from(row: WatchRow) -> Self {
        let target = row.target().to_owned();
        let WatchRow { watch, last, heard, failing, due, halted, posts, .. } = row;
        Self { id: watch.id, plugin: watch.plugin, target, last, heard, failing, due, halted, posts }
    }
}

fn rows(call: &Call) -> Result<Vec<WatchRow>, Problem> {
    let mut rows = call.reader().watches()?;
    rows.retain(|row| !row.watch.recorded);
    Ok(rows)
}

fn watches(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<WatchShown>, Problem> {
    let shown = rows(call)?.into_iter().map(WatchShown::from).collect();
    Part::sorted(shown, limit, cursor.as_deref(), |watch: &WatchShown| watch.id.clone())
}

/// What a person says of a watch.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Saying {
    /// What is listened to.
    target: TargetConfig,
    /// The site's address, for plugins that serve many sites.
    site: Option<String>,
    /// Settings that the plugin's manifest declares.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    /// The bounds of the time between two sweeps.
    #[serde(default)]
    every: EveryConfig,
    /// What each full sweep must find again.
    canary: Option<String>,
    /// What a person should know about it.
    note: Option<String>,
}

/// A watch as it is written in the configuration.
#[derive(Debug, Serialize, JsonSchema)]
struct Written {
    /// What a change of it says that it saw.
    seen: String,
    /// The plugin that reads it.
    plugin: String,
    /// Why it is not swept for the time being.
    paused: Option<String>,
    /// What was said of it.
    #[serde(flatten)]
    saying: Saying,
}

impl From<&WatchConfig> for Written {
    fn from(watch: &WatchConfig) -> Self {
        let WatchConfig { plugin, target, site, settings, every, canary, paused, note, .. } = watch.clone();
        let saying = Saying { target, site, settings, every, canary, note };
        Self { seen: edit::mark(watch), plugin, paused, saying }
    }
}

/// A watch.
#[derive(Debug, Serialize, JsonSchema)]
struct Whole {
    /// How it stands; nothing before its first turn.
    standing: Option<WatchShown>,
    /// As it is written; nothing when it stands in no configuration any more.
    written: Option<Written>,
}

fn written(call: &Call, id: &str) -> Option<WatchConfig> {
    call.desk.app.owner.setup.config.get().watches.iter().find(|watch| watch.id == id).cloned()
}

fn whole(call: &Call, id: &str) -> Result<Whole, Problem> {
    let standing = rows(call)?.into_iter().find(|row| row.watch.id == id).map(WatchShown::from);
    let written = written(call, id).as_ref().map(Written::from);
    if standing.is_none() && written.is_none() { Err(Problem::Missing) } else { Ok(Whole { standing, written }) }
}

fn watch(call: &Call, Named { id }: Named) -> Result<Whole, Problem> {
    whole(call, &id)
}

/// What somebody has before them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pasted {
    /// An address, a phrase or an account.
    text: String,
    /// The plugin that shall read it; the one that fits where nothing is said.
    plugin: Option<String>,
    /// The site, for a phrase or an account at one of many.
    site: Option<String>,
}

/// A way to read it.
#[derive(Debug, Serialize, JsonSchema)]
struct Way {
    /// The plugin.
    plugin: String,
    /// The watch must name its site.
    needs_site: bool,
}

impl From<Fit> for Way {
    fn from(Fit { plugin, needs_site, .. }: Fit) -> Self {
        Self { plugin, needs_site }
    }
}

/// A page that was asked for.
#[derive(Debug, Serialize, JsonSchema)]
struct Asked {
    /// Where.
    url: String,
    /// Posts that it showed.
    posts: Option<u64>,
    /// Why it showed none.
    failure: Option<String>,
}

impl From<Look> for Asked {
    fn from(Look { url, outcome }: Look) -> Self {
        let (posts, failure) = match outcome {
            Ok(posts) => (Some(posts as u64), None),
            Err(why) => (None, Some(why)),
        };
        Self { url, posts, failure }
    }
}

/// A post that would be heard. There is no author.
#[derive(Debug, Serialize, JsonSchema)]
struct Sample {
    /// Where a person can read it.
    url: String,
    /// Headline.
    title: Option<String>,
    /// Plain text.
    text: String,
    /// When it was published, as the site tells it.
    published: Option<i64>,
    /// Topics that it mentions.
    topics: Vec<String>,
}

/// What a watch would read.
#[derive(Debug, Serialize, JsonSchema)]
struct Previewed {
    /// The plugin that was tried last: the one that read posts, if one did.
    way: Way,
    /// The target as a configuration writes it.
    target: TargetConfig,
    /// A name that is free.
    id: String,
    /// Others that fit.
    others: Vec<Way>,
    /// How many posts there were.
    seen: u64,
    /// Some of them.
    posts: Vec<Sample>,
    /// Addresses that were asked for, with what came of each.
    asked: Vec<Asked>,
    /// What the host turned away or the limits left out.
    left_out: Vec<String>,
}

fn look(call: Call, _: Nothing, Pasted { text, plugin, site }: Pasted) -> Pending<Previewed> {
    Box::pin(async move {
        let wish = Wish { text: text.clone(), plugin, site: site.clone() };
        let seen = preview::preview(&call.desk.app.owner, call.caller(), &wish).await?;
        let owner = &call.desk.app.owner;
        let (topics, config) = (owner.sweeper.pipeline.topics.get(), owner.setup.config.get());
        let taken: Vec<&str> = config.watches.iter().map(|watch| watch.id.as_str()).collect();
        let id = fitting::name(&seen.fit.plugin, &text, site.as_deref(), &taken);
        let sample = |Post { url, title, text, published, .. }: Post| {
            let found = topics.matches(title.as_deref(), &text).into_iter();
            let topics = found.filter_map(|found| topics.name(found.topic).map(str::to_owned)).collect();
            Sample { url, title, text, published, topics }
        };
        let Preview { fit, target, others, posts, seen, asked, left_out } = seen;
        Ok(Previewed {
            way: fit.into(),
            target,
            id,
            others: others.into_iter().map(Way::from).collect(),
            seen: seen as u64,
            posts: posts.into_iter().map(sample).collect(),
            asked: asked.into_iter().map(Asked::from).collect(),
            left_out,
        })
    })
}

/// Whose account it is: never a private person's.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Registration {
    /// The organisation that speaks through it.
    organisation: String,
    /// Why it is watched.
    reason: String,
}

/// One more watch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Adding {
    /// Its name: lower-case letters, digits and hyphens.
    id: String,
    /// The plugin that reads it.
    plugin: String,
    /// What is said of it.
    watch: Saying,
    /// Of an account: whose it is.
    account: Option<Registration>,
}

fn add(call: Call, _: Nothing, Adding { id, plugin, watch, account }: Adding) -> Pending<Whole> {
    Box::pin(async move {
        let Saying { target, site, settings, every, canary, note } = watch;
        let account = match (&target, account) {
            (TargetConfig::Account(name), Some(Registration { organisation, reason })) => {
                Some(AccountConfig { plugin: plugin.clone(), id: name.clone(), organisation, reason })
            }
            (_, None) => None,
            (_, Some(_)) => return Err(Problem::Unfit("account: only a watch of an account has one".to_owned())),
        };
        let budget = Limits::default();
        let watch =
            WatchConfig { id: id.clone(), plugin, target, site, settings, budget, every, canary, paused: None, note };
        configured(call, id, Change::AddWatch { watch, account }).await
    })
}

/// Changes the configuration; how the watch stands then.
async fn configured(call: Call, id: String, change: Change) -> Result<Whole, Problem> {
    call.configure(change).await?;
    blocking(move || whole(&call, &id)).await
}

/// A watch as it shall be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Changing {
    /// What was seen: `seen` of the watch.
    seen: String,
    /// All that is said of it, also what stays.
    watch: Saying,
}

fn change(call: Call, Named { id }: Named, Changing { seen, watch }: Changing) -> Pending<Whole> {
    Box::pin(async move {
        let old = written(&call, &id).ok_or(Problem::Missing)?;
        let Saying { target, site, settings, every, canary, note } = watch;
        let watch = WatchConfig { target, site, settings, every, canary, note, ..old };
        configured(call, id, Change::ChangeWatch { watch, seen }).await
    })
}

/// Why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Because {
    /// In words.
    why: String,
}

fn pause(call: Call, Named { id }: Named, Because { why }: Because) -> Pending<Whole> {
    Box::pin(async move {
        written(&call, &id).ok_or(Problem::Missing)?;
        configured(call, id.clone(), Change::PauseWatch { id, why: Some(why.trim().to_owned()) }).await
    })
}

fn resume(call: Call, Named { id }: Named, _: Nothing) -> Pending<Whole> {
    Box::pin(async move {
        written(&call, &id).ok_or(Problem::Missing)?;
        configured(call, id.clone(), Change::PauseWatch { id, why: None }).await
    })
}

fn remove(call: Call, Named { id }: Named, _: Nothing) -> Pending<Nothing> {
    Box::pin(async move {
        written(&call, &id).ok_or(Problem::Missing)?;
        call.configure(Change::RemoveWatch { id }).await?;
        Ok(Nothing {})
    })
}

fn sweep(call: Call, Named { id }: Named, _: Nothing) -> Pending<Report> {
    Box::pin(async move {
        let rows = Arc::clone(&call.desk.app.rows);
        let (token, selection) = (call.visitor.token.clone(), Selection::Watch(id.clone()));
        let known = blocking(move || Ok(rows.watches()?)).await?;
        if !known.iter().any(|row| row.watch.id == id) {
            return Err(Problem::Missing);
        }
        let order = Order::Sweep(Sweeping { selection, replay: None, record: None, token });
        let swept = |line| match line {
            Line::Swept(report) => Some(*report),
            _ => None,
        };
        call.order(order, swept).await
    })
}

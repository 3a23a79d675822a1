//! 监测, kept: a watch is pasted, looked at and saved; changed, paused, removed; and what needs mending.

use std::sync::Arc;

use askama::Template;
use caifeng_plugin_host::contract::Post;
use caifeng_plugin_host::manifest::{Setting, TargetKind};

use super::watch::{SweptWatch, WatchView};
use super::{Frame, Marked, Rendered, Room, Tab, Visit, tabs};
use crate::config::WatchConfig;
use crate::config::edit::mark;
use crate::fitting::Fit;
use crate::preview::Preview;
use crate::store::model::{Figures, WatchRow};
use crate::user::right::Act;
use crate::web::lang::Lang;
use crate::web::mark::{line, pieces};
use crate::web::when::Stamp;

/// Characters of a post that a preview shows.
const SHOWN: usize = 160;

impl Visit {
    /// Whether they keep what is listened to, and for what.
    pub(crate) fn keeps_watches(&self) -> bool {
        self.may(Act::KeepWatches) || self.may(Act::Configure)
    }
}

/// What every page here stands on.
pub(crate) struct Ground {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches.
    pub(crate) watches: Arc<[WatchRow]>,
}

#[derive(Template)]
#[template(path = "watch-new.html")]
struct NewPage<'a> {
    frame: Frame,
    text: &'a str,
    site: &'a str,
    examples: Vec<(String, String)>,
}

/// Where an address is pasted; `examples` are what each plugin reads.
pub(crate) fn new_watch(
    visit: &Visit,
    ground: &Ground,
    (text, site): (&str, &str),
    examples: Vec<(String, String)>,
) -> Rendered {
    let frame = Frame::new(visit, Room::Watches, visit.lang.t("keep.new"), ground.figures, &ground.watches);
    NewPage { frame, text, site, examples }.render()
}

struct PostLine {
    words: String,
    when: Option<Stamp>,
    url: String,
    topics: String,
}

struct LookLine {
    url: String,
    said: String,
    read: bool,
}

struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "watch-preview.html")]
struct PreviewPage {
    frame: Frame,
    sentence: String,
    reads: bool,
    posts: Vec<PostLine>,
    asked: Vec<LookLine>,
    left_out: Vec<String>,
    plugins: Vec<Choice>,
    text: String,
    site: String,
    plugin: String,
    kind: &'static str,
    of_account: bool,
    name: String,
    can_save: bool,
    again: &'static str,
    save: &'static str,
}

/// A look at a site, told.
pub(crate) struct Looked {
    /// What was seen.
    pub(crate) preview: Preview,
    /// What was pasted as its site.
    pub(crate) site: String,
    /// A name for the watch.
    pub(crate) name: String,
    /// Of each post the topics that it mentions.
    pub(crate) mentions: Vec<Vec<String>>,
    /// Whether the configuration can be changed here.
    pub(crate) can_save: bool,
    /// In the first steps, not in the room of watches.
    pub(crate) first: bool,
}

/// The preview.
pub(crate) fn preview(visit: &Visit, ground: &Ground, looked: &Looked) -> Rendered {
    let (lang, preview) = (visit.lang, &looked.preview);
    let title = lang.t("keep.preview");
    let frame = Frame::new(visit, Room::Watches, title, ground.figures, &ground.watches);
    let posts = preview.posts.iter().zip(&looked.mentions);
    let reads = !preview.posts.is_empty();
    let plugin = &preview.fit.plugin;
    let seen = lang.count("count.posts", preview.seen as u64);
    let key = if reads { "keep.reads" } else { "keep.reads-nothing" };
    PreviewPage {
        sentence: lang.with(key, &[("plugin", plugin), ("posts", &seen)]),
        reads,
        posts: posts.map(|(post, topics)| post_line(post, topics, &frame, lang)).collect(),
        asked: preview.asked.iter().map(|look| look_line(&look.url, &look.outcome, lang)).collect(),
        left_out: preview.left_out.iter().take(4).map(|said| line(said, 200)).collect(),
        plugins: std::iter::once(&preview.fit).chain(&preview.others).map(|fit| choice(fit, plugin)).collect(),
        text: preview.target.text().to_owned(),
        site: looked.site.clone(),
        plugin: plugin.clone(),
        kind: preview.target.kind(),
        of_account: preview.fit.kind == TargetKind::Account,
        name: looked.name.clone(),
        can_save: looked.can_save,
        again: if looked.first { "/welcome/source" } else { "/watches/preview" },
        save: if looked.first { "/welcome/source/save" } else { "/watches" },
        frame,
    }
    .render()
}

fn choice(fit: &Fit, chosen: &str) -> Choice {
    Choice { value: fit.plugin.clone(), name: fit.plugin.clone(), chosen: fit.plugin == chosen }
}

fn post_line(post: &Post, topics: &[String], frame: &Frame, lang: Lang) -> PostLine {
    let words = post.title.as_deref().filter(|title| !title.trim().is_empty()).unwrap_or(&post.text);
    PostLine {
        words: line(words, SHOWN),
        when: post.published.map(|at| frame.face.stamp(at)),
        url: line(&post.url, 120),
        topics: lang.list(topics),
    }
}

fn look_line(url: &str, outcome: &Result<usize, String>, lang: Lang) -> LookLine {
    let said = match outcome {
        Ok(posts) => lang.count("count.posts", *posts as u64),
        Err(why) => line(why, 240),
    };
    LookLine { url: line(url, 160), said, read: outcome.is_ok() }
}

/// A watch, and how the configuration has it.
pub(crate) struct WatchRows {
    /// Figures and watches.
    pub(crate) ground: Ground,
    /// How it stands; `None` before it was taken up.
    pub(crate) swept: Option<SweptWatch>,
    /// As the configuration has it.
    pub(crate) written: Option<WatchConfig>,
    /// What its plugin lets one set.
    pub(crate) settings: Vec<Setting>,
    /// Whether the configuration can be changed here.
    pub(crate) can_change: bool,
}

struct SettingView {
    name: String,
    value: String,
    usual: String,
}

struct Written {
    target: String,
    plugin: String,
    kind: String,
    site: String,
    floor: String,
    ceiling: String,
    canary: String,
    note: String,
    paused: Option<String>,
    seen: String,
    settings: Vec<SettingView>,
}

#[derive(Template)]
#[template(path = "watch-one.html")]
struct WatchPage {
    frame: Frame,
    id: String,
    watch: Option<WatchView>,
    written: Option<Written>,
    may_sweep: bool,
    fixed: bool,
}

fn kind_key(kind: &str) -> &'static str {
    match kind {
        "keyword" => "keep.keyword",
        "account" => "keep.account",
        "item" => "keep.item",
        _ => "keep.listing",
    }
}

fn written(config: &WatchConfig, settings: &[Setting], lang: Lang) -> Written {
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    let setting = |setting: &Setting| SettingView {
        name: setting.name.clone(),
        value: config.settings.get(&setting.name).cloned().unwrap_or_default(),
        usual: setting.default.clone().unwrap_or_default(),
    };
    Written {
        target: config.target.text().to_owned(),
        plugin: config.plugin.clone(),
        kind: lang.t(kind_key(config.target.kind())),
        site: said(&config.site),
        floor: said(&config.every.floor),
        ceiling: said(&config.every.ceiling),
        canary: said(&config.canary),
        note: said(&config.note),
        paused: config.paused.clone(),
        seen: mark(config),
        settings: settings.iter().map(setting).collect(),
    }
}

/// The page of one watch.
pub(crate) fn watch(visit: &Visit, id: &str, rows: &WatchRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Watches, line(id, 60), rows.ground.figures, &rows.ground.watches);
    let keeps = visit.keeps_watches();
    WatchPage {
        id: id.to_owned(),
        watch: rows.swept.as_ref().map(|swept| WatchView::new(swept, &frame.face, lang)),
        written: rows
            .written
            .as_ref()
            .filter(|_| keeps && rows.can_change)
            .map(|config| written(config, &rows.settings, lang)),
        may_sweep: visit.may(Act::Sweep) && rows.swept.as_ref().is_some_and(|swept| swept.row.halted.is_none()),
        fixed: keeps && !rows.can_change,
        frame,
    }
    .render()
}

/// Something that needs a person.
pub(crate) struct Repair {
    /// What it is about.
    pub(crate) what: String,
    /// Where more of it is.
    pub(crate) href: Option<String>,
    /// Since when.
    pub(crate) since: Option<i64>,
    /// Why.
    pub(crate) why: String,
    /// One line about that, as it was noticed.
    pub(crate) detail: Option<String>,
    /// What to do next, and who does it.
    pub(crate) step: String,
    /// Looking again now may be enough.
    pub(crate) sweep: Option<String>,
}

struct RepairView<'a> {
    it: &'a Repair,
    since: Option<Stamp>,
}

#[derive(Template)]
#[template(path = "repairs.html")]
struct RepairsPage<'a> {
    frame: Frame,
    tabs: Vec<Tab>,
    count: String,
    repairs: Vec<RepairView<'a>>,
    may_sweep: bool,
}

/// What is wrong, why, and what to do next.
pub(crate) fn repairs(visit: &Visit, ground: &Ground, repairs: &[Repair]) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Watches, lang.t("repairs.title"), ground.figures, &ground.watches);
    RepairsPage {
        tabs: tabs(lang, "/repairs"),
        count: lang.count("repairs.count", repairs.len() as u64),
        repairs: repairs.iter().map(|it| RepairView { since: it.since.map(|at| frame.face.stamp(at)), it }).collect(),
        may_sweep: visit.may(Act::Sweep),
        frame,
    }
    .render()
}

/// Text with the words in it that a topic found.
pub(super) fn found(text: &str, words: &[&str]) -> Option<Marked> {
    Marked::some(pieces(text, words))
}

//! 插件: what is installed, what each may do in plain words, and how it fares.

use askama::Template;
use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::artifact::PluginKind;
use caifeng_plugin_host::manifest::{Attach, Manifest};

use super::sources::Ground;
use super::{Frame, Rendered, Room, Visit};
use crate::store::model::WatchRow;
use crate::web::coverage::Health;
use crate::web::lang::Lang;
use crate::web::mark::line;

/// A plugin file.
pub(crate) struct PluginRow {
    /// The file's name.
    pub(crate) file: String,
    /// Part of this release.
    pub(crate) shipped: bool,
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
    waits: Option<String>,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "plugins.html")]
struct PluginsPage {
    frame: Frame,
    count: String,
    plugins: Vec<PluginView>,
}

/// The page.
pub(crate) fn plugins(visit: &Visit, ground: &Ground, rows: &[PluginRow]) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Plugins, lang.t("rooms.plugins"), ground.figures, &ground.watches);
    PluginsPage {
        count: lang.count("plugins.count", rows.len() as u64),
        plugins: rows.iter().map(|row| view(row, ground, visit)).collect(),
        frame,
    }
    .render()
}

fn view(row: &PluginRow, ground: &Ground, visit: &Visit) -> PluginView {
    let lang = visit.lang;
    let origin = lang.t(if row.shipped { "plugins.shipped" } else { "plugins.installed" });
    let described = match &row.what {
        Ok(described) => described,
        Err(why) => {
            return PluginView {
                name: line(&row.file, 80),
                id: String::new(),
                version: String::new(),
                kind: String::new(),
                origin,
                digest: String::new(),
                may: Vec::new(),
                health: None,
                silent: true,
                waits: None,
                wrong: Some(line(why, 300)),
            };
        }
    };
    let Described { manifest, kind, digest, ungranted, replaced } = described;
    let own: Vec<&WatchRow> =
        ground.watches.iter().filter(|row| row.watch.plugin == manifest.id && !row.watch.recorded).collect();
    let silent = own.iter().filter(|row| Health::of(row, visit.now).rank() == 0).count();
    let health = (*kind == PluginKind::Source).then(|| {
        let (all, silent) = (own.len(), silent);
        lang.with("plugins.health", &[("all", &lang.count("plugins.watches", all as u64)), ("silent", &silent)])
    });
    let waits = match (ungranted, replaced) {
        (_, true) => Some(lang.t("plugins.replaced")),
        (true, _) => Some(lang.t("plugins.ungranted")),
        _ => None,
    };
    PluginView {
        name: line(&manifest.name, 80),
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        kind: lang.t(match kind {
            PluginKind::Source => "plugins.source",
            PluginKind::Classifier => "plugins.classifier",
            PluginKind::Asker => "plugins.asker",
        }),
        origin,
        digest: digest.clone(),
        may: may(manifest, *kind, lang),
        health,
        silent: silent > 0,
        waits,
        wrong: None,
    }
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

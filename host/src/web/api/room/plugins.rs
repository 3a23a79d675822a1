//! `/plugins`: what is installed, and what each may do.

use schemars::JsonSchema;
use serde::Serialize;

use caifeng_plugin_host::artifact::PluginKind;

use crate::web::api::endpoint::{Call, Endpoint, get};
use crate::web::api::listed::{Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::page::{Described, PluginRow};
use crate::web::room::plugins;
use crate::web::routes::ALL;

pub(super) fn table() -> Vec<Endpoint> {
    vec![get("/plugins", ALL, ("listPlugins", "Plugins that are installed, and what each may do"), list)]
}

/// What a plugin does.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Does {
    /// It reads sites.
    Source,
    /// It labels posts.
    Classifier,
    /// It writes questions to a service, and reads its answers.
    Asker,
}

/// A plugin file.
#[derive(Debug, Serialize, JsonSchema)]
struct Plugin {
    /// The file's name.
    file: String,
    /// Part of this release.
    shipped: bool,
    /// It waits to be allowed.
    waiting: bool,
    /// What is wrong with the file.
    broken: Option<String>,
    /// What it is, where nothing is.
    is: Option<Is>,
}

/// A plugin that is in order.
#[derive(Debug, Serialize, JsonSchema)]
struct Is {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// Its licence.
    licence: String,
    /// What it does.
    kind: Does,
    /// Of exactly this file.
    digest: String,
    /// Hosts that it asks for; `target` is the host of the watch.
    allow: Vec<String>,
    /// Somebody has allowed what it asks for.
    granted: bool,
    /// Another file of the same id stands in its place.
    replaced: bool,
}

fn is(Described { manifest, kind, digest, ungranted, replaced, .. }: Described) -> Is {
    let kind = match kind {
        PluginKind::Source => Does::Source,
        PluginKind::Classifier => Does::Classifier,
        PluginKind::Asker => Does::Asker,
    };
    Is {
        id: manifest.id,
        name: manifest.name,
        version: manifest.version.to_string(),
        licence: manifest.licence,
        kind,
        digest,
        allow: manifest.network.allow.iter().map(ToString::to_string).collect(),
        granted: !ungranted,
        replaced,
    }
}

fn list(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Plugin>, Problem> {
    let found = plugins::rows(&call.desk.app.owner, None)?;
    let told = found.into_iter().map(|PluginRow { file, shipped, waiting, what, .. }| {
        let (is, broken) = match what {
            Ok(described) => (Some(is(described)), None),
            Err(why) => (None, Some(why)),
        };
        Plugin { file, shipped, waiting, broken, is }
    });
    Part::sorted(told.collect(), limit, cursor.as_deref(), |one: &Plugin| {
        format!("{}.{}.{}", one.file, one.shipped, one.waiting)
    })
}

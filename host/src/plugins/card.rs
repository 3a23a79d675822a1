//! The score card of a file that is offered, or installed: its laws, tried on the fixtures that it carries.
//!
//! Nothing that breaks a law is taken in, and what carries no fixtures cannot be tried at all. The sandbox is metered, so that a
//! card is the same everywhere and a file that never ends costs its limits; it still takes a while, and is tried aside.

use std::collections::BTreeSet;

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::Timestamp;
use caifeng_plugin_host::engine::{CompiledCache, EngineError};
use caifeng_plugin_host::fixture::Listed;
use caifeng_plugin_host::laws::{Laws, ScoreCard, Verdict};
use caifeng_plugin_host::pack::{self, PackError};

/// Why a file is not taken in, by who must act.
#[derive(Debug, thiserror::Error)]
pub enum Unlawful {
    /// Nothing can be tried on it.
    #[error(
        "plugin {plugin} {version}: it carries no fixtures, on which its laws could be tried: its author must pack it with caifeng plugin pack"
    )]
    Bare {
        /// Which plugin.
        plugin: String,
        /// Its version.
        version: String,
    },
    /// What it carries cannot be read.
    #[error(
        "plugin {plugin} {version}: the fixtures that it carries cannot be read, its author must pack it anew: {why}"
    )]
    Unreadable {
        /// Which plugin.
        plugin: String,
        /// Its version.
        version: String,
        /// Why.
        why: String,
    },
    /// It breaks laws.
    #[error("plugin {plugin} {version}: it breaks the law of {laws}: its author must mend it")]
    Broken {
        /// Which plugin.
        plugin: String,
        /// Its version.
        version: String,
        /// Which laws, with commas.
        laws: String,
        /// All of it.
        card: Box<ScoreCard>,
    },
    /// This machine runs no plugins.
    #[error("no plugin can be tried on this machine: {0}")]
    Machine(#[from] EngineError),
}

/// The fixtures that a packed plugin carries; none of a file that is no plugin, of which its card will tell.
///
/// # Errors
/// They cannot be unpacked.
pub fn fixtures(file: &[u8]) -> Result<Vec<Listed>, PackError> {
    if Artifact::read(file).is_err() {
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir().map_err(|error| PackError::Folder { path: "a temporary folder".into(), error })?;
    pack::lay_out(&pack::fixtures(file)?, folder.path())
}

/// The names of the fixtures that a packed plugin carries; none where they cannot be read.
#[must_use]
pub fn names(file: &[u8]) -> Vec<String> {
    let files = pack::fixtures(file).unwrap_or_default();
    let names: BTreeSet<String> =
        files.iter().filter_map(|file| Some(file.name.split_once('/')?.0.to_owned())).collect();
    names.into_iter().collect()
}

/// Tries every law. Blocks, for up to minutes; compiled code is kept in `cache`. `today` tells how old fixtures are.
///
/// # Errors
/// See [`Unlawful`].
pub fn tried(artifact: &Artifact, cache: Option<CompiledCache>, today: Timestamp) -> Result<ScoreCard, Unlawful> {
    let manifest = artifact.manifest();
    let (plugin, version) = (manifest.id.clone(), manifest.version.clone());
    let fixtures = match fixtures(artifact.bytes()) {
        Err(error) => return Err(Unlawful::Unreadable { plugin, version, why: error.to_string() }),
        Ok(none) if none.is_empty() => return Err(Unlawful::Bare { plugin, version }),
        Ok(fixtures) => fixtures,
    };
    let card = Laws::new(cache)?.check(artifact.bytes(), &fixtures, today);
    if card.passes() {
        return Ok(card);
    }
    let broken = card.laws.iter().filter(|law| law.verdict == Verdict::Fail).map(|law| law.law.as_str());
    let laws = broken.collect::<Vec<_>>().join(", ");
    Err(Unlawful::Broken { plugin, version, laws, card: Box::new(card) })
}

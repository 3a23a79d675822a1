//! What the operator allowed a plugin to reach.
//!
//! The effective right is manifest ∩ grant: a plugin that came with this
//! release is granted what its manifest asks for, any other only what
//! `grants.toml` says for exactly its digest. An upgrade has another digest and
//! waits for a new grant.

use std::path::Path;

use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::Crawl;
use serde::Deserialize;
use url::Url;

use crate::plugins::Origin;
use crate::watch::Watch;

/// `grants.toml`: one `[[grant]]` per plugin and digest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    #[serde(default, rename = "grant")]
    grants: Vec<Grant>,
}

/// What one exact plugin may reach.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    plugin: String,
    digest: String,
    network: Vec<HostPattern>,
}

/// The operator must correct or extend `grants.toml`.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The file cannot be read or understood.
    #[error("grants.toml: {0}")]
    Wrong(String),
    /// Nobody has allowed this plugin, or it has changed since.
    #[error(
        "plugin {plugin:?} is not granted: to allow it, add to grants.toml:\n[[grant]]\nplugin = {plugin:?}\ndigest = {digest:?}\nnetwork = {network:?}"
    )]
    Missing {
        /// Plugin id.
        plugin: String,
        /// Its digest now.
        digest: String,
        /// What its manifest asks for.
        network: Vec<String>,
    },
}

/// The right to reach addresses, as one watch of one plugin has it.
#[derive(Clone, Debug)]
pub struct Right {
    asked: Vec<HostPattern>,
    /// `None`: everything that was asked.
    granted: Option<Vec<HostPattern>>,
    target: Option<Url>,
}

impl Right {
    /// All that a plugin asks for when it reads this: for its author, who would grant it.
    #[must_use]
    pub fn asked(artifact: &Artifact, crawl: &Crawl) -> Self {
        let target = crate::watch::address(crawl.site.as_deref(), &crawl.target);
        Self { asked: artifact.manifest().network.allow.clone(), granted: None, target }
    }

    /// Whether the plugin may reach `url`.
    #[must_use]
    pub fn covers(&self, url: &Url) -> bool {
        let within = |patterns: &[HostPattern]| patterns.iter().any(|p| p.covers(url, self.target.as_ref()));
        within(&self.asked) && self.granted.as_deref().is_none_or(within)
    }
}

impl Grants {
    /// Reads `path`; a file that does not exist grants nothing.
    ///
    /// # Errors
    /// When it cannot be read, or with line and column when it is wrong.
    pub fn read(path: &Path) -> Result<Self, GrantError> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| GrantError::Wrong(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(GrantError::Wrong(error.to_string())),
        }
    }

    /// Ids of the plugins that are granted something, as written.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = &str> {
        self.grants.iter().map(|grant| grant.plugin.as_str())
    }

    /// The right of `artifact` when it reads `watch`.
    ///
    /// # Errors
    /// When the plugin is not part of this release and this digest has no grant.
    pub fn right(&self, artifact: &Artifact, origin: Origin, watch: &Watch) -> Result<Right, GrantError> {
        self.right_at(artifact, origin, watch.address())
    }

    /// The right of `artifact` where `target` is the address that the operator has named.
    ///
    /// # Errors
    /// As [`right`](Self::right).
    pub fn right_at(&self, artifact: &Artifact, origin: Origin, target: Option<Url>) -> Result<Right, GrantError> {
        let manifest = artifact.manifest();
        let asked = manifest.network.allow.clone();
        let granted = match origin {
            Origin::Shipped => None,
            Origin::Installed => {
                let digest = artifact.digest().to_string();
                let grant = self.grants.iter().find(|g| g.plugin == manifest.id && g.digest == digest);
                let missing = || GrantError::Missing {
                    plugin: manifest.id.clone(),
                    digest: digest.clone(),
                    network: asked.iter().map(ToString::to_string).collect(),
                };
                Some(grant.ok_or_else(missing)?.network.clone())
            }
        };
        Ok(Right { asked, granted, target })
    }
}

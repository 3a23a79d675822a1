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
use serde::{Deserialize, Serialize};
use url::Url;

use crate::plugins::Origin;
use crate::watch::Watch;

/// `grants.toml`: one `[[grant]]` per plugin and digest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    #[serde(default, rename = "grant")]
    grants: Vec<Grant>,
}

/// What one exact plugin may reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    plugin: String,
    digest: String,
    #[serde(serialize_with = "as_written")]
    network: Vec<HostPattern>,
}

fn as_written<S: serde::Serializer>(patterns: &[HostPattern], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(patterns.iter().map(ToString::to_string))
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

    /// What this exact file of a plugin was granted; `None` where it was granted nothing at all.
    #[must_use]
    pub fn network(&self, artifact: &Artifact) -> Option<&[HostPattern]> {
        let digest = artifact.digest().to_string();
        let granted = |grant: &&Grant| grant.plugin == artifact.manifest().id && grant.digest == digest;
        self.grants.iter().find(granted).map(|grant| grant.network.as_slice())
    }

    /// The text of `grants.toml` with a grant of one exact file more, in place of the one that it had; the rest stays as
    /// it was written.
    ///
    /// # Errors
    /// The text is wrong, or written in a way that a command cannot change.
    pub fn with(text: &str, plugin: &str, digest: &str, network: &[HostPattern]) -> Result<String, GrantError> {
        let mut text = rewritten(text, |grant| grant.plugin == plugin && grant.digest == digest)?;
        let grant = Grant { plugin: plugin.to_owned(), digest: digest.to_owned(), network: network.to_vec() };
        let added = toml::to_string(&Self { grants: vec![grant] }).map_err(|e| GrantError::Wrong(e.to_string()))?;
        if !text.is_empty() {
            text.truncate(text.trim_end().len());
            text.push_str("\n\n");
        }
        text.push_str(&added);
        Ok(text)
    }

    /// The text of `grants.toml` without the grants of a plugin, except that of the file with the digest `keep`.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn without(text: &str, plugin: &str, keep: Option<&str>) -> Result<String, GrantError> {
        rewritten(text, |grant| grant.plugin == plugin && keep != Some(grant.digest.as_str()))
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

/// The text without the grants that are `dropped`; comments stay.
fn rewritten(text: &str, dropped: impl Fn(&Grant) -> bool) -> Result<String, GrantError> {
    let parsed = |text: &str| toml::from_str::<Grants>(text).map_err(|error| GrantError::Wrong(error.to_string()));
    let wanted: Vec<Grant> = parsed(text)?.grants.into_iter().filter(|grant| !dropped(grant)).collect();
    let mut blocks = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("[[grant]]") {
            blocks.push(String::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push_str(line);
        }
    }
    let mut left = String::new();
    for block in &blocks {
        let gone = parsed(block).is_ok_and(|block| !block.grants.is_empty() && block.grants.iter().all(&dropped));
        if gone {
            // What is said after a grant and before the next is said about that one.
            let remark = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
            let after: Vec<&str> = block.split_inclusive('\n').rev().take_while(remark).collect();
            left.extend(after.into_iter().rev());
        } else {
            left.push_str(block);
        }
    }
    if parsed(&left)?.grants == wanted {
        Ok(left)
    } else {
        let what = "it is written in a way that a command does not change: change it by hand, or write each grant as a [[grant]]";
        Err(GrantError::Wrong(what.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(patterns: &[&str]) -> Vec<HostPattern> {
        patterns.iter().map(|pattern| pattern.parse().unwrap()).collect()
    }

    #[test]
    fn a_grant_comes_and_goes_and_what_a_person_wrote_stays() {
        let own = "# ours\n[[grant]]\nplugin = \"a\"\ndigest = \"01\"\nnetwork = [\"a.cn\"] # only this\n\n# about b\n";
        let with = Grants::with(own, "b", "02", &hosts(&["target", "*.b.cn"])).unwrap();
        assert!(with.starts_with(own.trim_end()), "{with}");
        let both = Grants::with(&with, "b", "03", &hosts(&["b.cn"])).unwrap();
        let read: Grants = toml::from_str(&both).unwrap();
        assert_eq!(read.grants.len(), 3);
        let read: Grants = toml::from_str(&Grants::without(&both, "b", Some("03")).unwrap()).unwrap();
        assert_eq!(read.grants[1], Grant { plugin: "b".into(), digest: "03".into(), network: hosts(&["b.cn"]) });
        assert_eq!(Grants::without(&both, "b", None).unwrap().trim_end(), own.trim_end());
        let without_a = Grants::without(own, "a", None).unwrap();
        assert_eq!(without_a, "# ours\n\n# about b\n");
        // The same file is granted once.
        assert_eq!(Grants::with(&with, "b", "02", &hosts(&["target", "*.b.cn"])).unwrap(), with);
    }

    #[test]
    fn what_cannot_be_changed_safely_is_left_alone() {
        let inline = "grant = [{ plugin = \"a\", digest = \"01\", network = [] }, { plugin = \"b\", digest = \"02\", network = [] }]\n";
        assert!(Grants::without(inline, "a", None).unwrap_err().to_string().contains("by hand"));
        assert!(Grants::without("[[grant]]\nplugin = 1\n", "a", None).is_err());
        assert_eq!(Grants::without(inline, "c", None).unwrap(), inline);
    }
}

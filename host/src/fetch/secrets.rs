//! The operator's credentials: read from `DATA/secrets.toml`, attached by the host, seen by nobody.
//!
//! ```toml
//! [weibo]                     # the plugin
//! access-token = "2.00abc…"   # a [[secret]] that its manifest declares
//!
//! [mastodon."social.example"] # of a plugin that goes where its watches say: the site that it is for
//! token = "abc…"
//!
//! [notify.duty]               # a channel of [notify]: what its kind needs
//! key = "693a91f6-…"
//!
//! [sign_in.oidc]              # the provider of sign-in
//! client_secret = "…"
//! ```
//!
//! A secret whose manifest sends it to `target` has no value for all sites: it would tell one site the password of another.
//!
//! The file must be readable by its owner only. A secret goes to the host that the manifest names, over
//! https (or to a pair of `[network] private`), in requests whose address has not left the origin that the plugin
//! asked; never along a redirect to another.
//!
//! A secret enters a request after the request has been written down, and whatever comes back is searched for it before
//! anybody sees it: a site that repeats a token in an error, a redirect or a page gives it away to no recording, plugin,
//! log or failure. That is why a secret has at least [`SHORTEST`] characters: fewer would be found everywhere.
//! No type here prints one.

mod channel;
mod credentials;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::manifest::{Manifest, Secret};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

pub use self::channel::ChannelSecrets;
pub use self::credentials::Credentials;

/// Characters of a secret, at least.
pub const SHORTEST: usize = 8;

/// The section of channels; no plugin has this id.
const NOTIFY: &str = "notify";

/// The section of the provider of sign-in; no plugin has this id.
const SIGN_IN: &str = "sign_in";

/// All secrets of one data directory.
#[derive(Clone, Default)]
pub struct Secrets {
    plugins: BTreeMap<String, Section>,
    channels: BTreeMap<String, Values>,
    provider: Option<String>,
}

/// What one plugin's requests may carry.
#[derive(Clone, Default)]
struct Section {
    values: Values,
    /// Of a plugin for many sites: what belongs to one site and to no other.
    sites: BTreeMap<HostPattern, Values>,
}

/// What is written within it.
const OIDC: &str = "oidc";
const CLIENT_SECRET: &str = "client_secret";

/// Secrets by name.
type Values = BTreeMap<String, String>;

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |section: &Section| {
            let own = section.values.keys().cloned();
            let sites =
                section.sites.iter().flat_map(|(site, own)| own.keys().map(move |name| format!("{site}: {name}")));
            own.chain(sites).collect::<Vec<_>>()
        };
        let channels = self.channels.iter().map(|(id, own)| (format!("{NOTIFY}.{id}"), own.keys().cloned().collect()));
        let plugins = self.plugins.iter().map(|(plugin, section)| (plugin.clone(), names(section)));
        let provider = self.provider.iter().map(|_| (SIGN_IN.to_owned(), vec![CLIENT_SECRET.to_owned()]));
        f.debug_map().entries(plugins.chain(channels).chain(provider)).finish()
    }
}

/// The operator must act on `secrets.toml`. No message holds a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others can read it.
    #[error("{}: other users can read it (mode {mode:03o}): run chmod 600 on it, and replace the secrets if others may have", .0.display(), mode = .1)]
    Open(PathBuf, u32),
    /// It is not written as it should be.
    #[error("{}:{line}: not written as [plugin] or [plugin.\"site.example\"] and name = \"value\"", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// A value that could not be sent or not be kept secret.
    #[error("{}: [{section}] {name}: {what}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which plugin, and which site.
        section: String,
        /// Which secret.
        name: String,
        /// What a secret must be.
        what: &'static str,
    },
}

impl Secrets {
    /// Reads `path`; a file that does not exist holds none.
    ///
    /// # Errors
    /// See [`SecretsError`].
    pub fn read(path: &Path) -> Result<Self, SecretsError> {
        use std::os::unix::fs::PermissionsExt as _;
        let unreadable = |source| SecretsError::Unreadable { path: path.to_owned(), source };
        let mode = match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            found => found.map_err(unreadable)?.permissions().mode() & 0o777,
        };
        if mode & 0o077 != 0 {
            return Err(SecretsError::Open(path.to_owned(), mode));
        }
        Self::parse(&std::fs::read_to_string(path).map_err(unreadable)?, path)
    }

    /// What the text of the file at `path` says.
    ///
    /// # Errors
    /// It is not written as it should be, or holds what cannot be kept secret; no message holds a value.
    pub fn parse(text: &str, path: &Path) -> Result<Self, SecretsError> {
        // The parser's own message shows the line, and on the line stands the secret.
        let wrong = |at: usize| {
            let line = text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1;
            SecretsError::Wrong { path: path.to_owned(), line }
        };
        let file = DeTable::parse(text).map_err(|error| wrong(error.span().map_or(0, |span| span.start)))?;
        let mut secrets = Self::default();
        let faulty = |fault| match fault {
            Fault::Written(at) => wrong(at),
            Fault::Value { section, name, what } => SecretsError::Value { path: path.to_owned(), section, name, what },
        };
        for (plugin, section) in file.into_inner() {
            if plugin.get_ref() == NOTIFY {
                secrets.channels = named_within(NOTIFY, section).map_err(faulty)?;
                continue;
            }
            if plugin.get_ref() == SIGN_IN {
                secrets.provider = of_provider(section).map_err(faulty)?;
                continue;
            }
            let read = Section::read(plugin.get_ref(), section).map_err(faulty)?;
            secrets.plugins.insert(plugin.into_inner().into_owned(), read);
        }
        Ok(secrets)
    }

    /// What belongs to a channel of `[notify]`.
    #[must_use]
    pub fn channel(&self, id: &str) -> ChannelSecrets {
        ChannelSecrets::new(self.channels.get(id).cloned().unwrap_or_default())
    }

    /// What we show the provider of sign-in.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// Plugins that have a section here.
    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        self.plugins.keys().map(String::as_str)
    }

    /// A line for each value that no request of the plugin will ever carry.
    #[must_use]
    pub fn idle(&self, manifest: &Manifest) -> Vec<String> {
        let id = &manifest.id;
        let Some(section) = self.plugins.get(id) else { return Vec::new() };
        let declared = |name: &str| manifest.secrets.iter().find(|secret| secret.name == name);
        let unknown = |section: String, name: &str| format!("[{section}] {name}: the plugin declares no such secret");
        let own = section.values.keys().filter_map(|name| match declared(name) {
            None => Some(unknown(id.clone(), name)),
            Some(secret) if secret.to == HostPattern::Target => {
                Some(format!("[{id}] {name}: say which site it is for: [{id}.\"site.example\"]"))
            }
            Some(_) => None,
        });
        let sites = section.sites.iter().flat_map(|(site, values)| values.keys().map(move |name| (site, name)));
        let sites = sites.filter_map(|(site, name)| match declared(name) {
            None => Some(unknown(format!("{id}.\"{site}\""), name)),
            Some(secret) if secret.to != HostPattern::Target => {
                Some(format!("[{id}.\"{site}\"] {name}: it goes to {} only: write it under [{id}]", secret.to))
            }
            Some(_) => None,
        });
        own.chain(sites).collect()
    }

    /// What the requests of one crawl carry. `target` is the address that the watch names.
    #[must_use]
    pub fn credentials(&self, manifest: &Manifest, target: Option<Url>) -> Credentials {
        let section = self.plugins.get(&manifest.id);
        let here = target.clone();
        let site = section.zip(here).and_then(|(section, here)| {
            section.sites.iter().find(|(site, _)| site.covers(&here, None)).map(|(_, values)| values)
        });
        Credentials::new(manifest, target, |Secret { name, to, .. }| match to {
            HostPattern::Target => site?.get(name),
            _ => section?.values.get(name),
        })
    }
}

/// New secrets of a channel by their names, as a person typed them; an empty one takes the old one away. Nothing here
/// prints a value.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NewSecrets(pub BTreeMap<String, String>);

impl fmt::Debug for NewSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NewSecrets").field(&self.0.keys().collect::<Vec<_>>()).finish()
    }
}

/// What is wrong with a section.
enum Fault {
    /// From this byte on it is not written as it should be.
    Written(usize),
    Value {
        section: String,
        name: String,
        what: &'static str,
    },
}

impl Section {
    fn read(plugin: &str, written: Spanned<DeValue<'_>>) -> Result<Self, Fault> {
        let mut section = Self::default();
        let at = written.span().start;
        let DeValue::Table(table) = written.into_inner() else { return Err(Fault::Written(at)) };
        for (name, value) in table {
            let (at, name) = (value.span().start, name.into_inner().into_owned());
            match value.into_inner() {
                DeValue::String(value) => section.values.insert(name.clone(), fit(plugin, name, value.into_owned())?),
                DeValue::Table(values) => {
                    let Ok(site @ HostPattern::Exact(_)) = name.parse() else { return Err(Fault::Written(at)) };
                    let values = of_site(&format!("{plugin}.\"{site}\""), values)?;
                    section.sites.insert(site, values);
                    continue;
                }
                _ => return Err(Fault::Written(at)),
            };
        }
        Ok(section)
    }
}

/// The one secret of the provider of sign-in.
fn of_provider(written: Spanned<DeValue<'_>>) -> Result<Option<String>, Fault> {
    let at = written.span().start;
    let mut named = named_within(SIGN_IN, written)?;
    let Some(mut values) = named.remove(OIDC).filter(|_| named.is_empty()) else { return Err(Fault::Written(at)) };
    let secret = values.remove(CLIENT_SECRET);
    if values.is_empty() { Ok(secret) } else { Err(Fault::Written(at)) }
}

/// Sections of a section, each with its values.
fn named_within(outer: &str, written: Spanned<DeValue<'_>>) -> Result<BTreeMap<String, Values>, Fault> {
    let at = written.span().start;
    let DeValue::Table(table) = written.into_inner() else { return Err(Fault::Written(at)) };
    let channels = table.into_iter().map(|(id, values)| {
        let (at, id) = (values.span().start, id.into_inner().into_owned());
        let DeValue::Table(values) = values.into_inner() else { return Err(Fault::Written(at)) };
        Ok((id.clone(), of_site(&format!("{outer}.{id}"), values)?))
    });
    channels.collect()
}

fn of_site(section: &str, table: DeTable<'_>) -> Result<Values, Fault> {
    let values = table.into_iter().map(|(name, value)| {
        let (at, name) = (value.span().start, name.into_inner().into_owned());
        let DeValue::String(value) = value.into_inner() else { return Err(Fault::Written(at)) };
        Ok((name.clone(), fit(section, name, value.into_owned())?))
    });
    values.collect()
}

/// A value, if it can be sent and kept secret.
fn fit(section: &str, name: String, value: String) -> Result<String, Fault> {
    let what = if value.len() < SHORTEST {
        "a secret has at least 8 characters: a shorter one could not be kept out of records"
    } else if !value.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        "a secret is ASCII, in one line"
    } else {
        return Ok(value);
    };
    Err(Fault::Value { section: section.to_owned(), name, what })
}

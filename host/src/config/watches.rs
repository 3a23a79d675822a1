//! Watches as they are written, in `caifeng.toml` and in the files of `watches/`, and the
//! organisations whose accounts may be watched.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Target;
use caifeng_plugin_host::manifest::{Manifest, TargetKind};
use serde::{Deserialize, Serialize};

use crate::crawl::Limits;
use crate::watch::{Every, Registered, Watch};

/// A watch as it is written in the file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WatchConfig {
    /// Short name: lower-case letters, digits and hyphens.
    pub id: String,
    /// The source plugin that reads it.
    pub plugin: String,
    /// `{ listing = "https://…" }`, `{ keyword = "…" }`, `{ account = "…" }` or `{ item = "https://…" }`.
    pub target: TargetConfig,
    /// The site's address, for plugins that serve many sites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Settings that the plugin's manifest declares.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// How far one sweep may go: `{ requests = 200, bytes = "50MiB", depth = 20 }`.
    #[serde(default, skip_serializing_if = "Limits::is_usual")]
    pub budget: Limits,
    /// How often it is swept: `{ floor = "5m", ceiling = "1h" }`.
    #[serde(default, skip_serializing_if = "EveryConfig::is_usual")]
    pub every: EveryConfig,
    /// What each full sweep must find again: a post's id or address, or a phrase of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
    /// Why it is not swept for the time being; it is a gap as long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// What a person should know about it; never interpreted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The bounds of the time between two sweeps, as they are written in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EveryConfig {
    /// Shortest, such as `5m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// Longest, such as `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<String>,
}

impl EveryConfig {
    /// The bounds in seconds.
    ///
    /// # Errors
    /// What is wrong and what to write.
    pub fn read(&self) -> Result<Every, String> {
        Every::parse(self.floor.as_deref(), self.ceiling.as_deref())
    }

    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// A target as it is written in the file.
#[derive(Clone, Debug, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetConfig {
    /// A search phrase.
    Keyword(String),
    /// An account of a registered organisation.
    Account(String),
    /// The address of a page that lists posts.
    Listing(String),
    /// The address of one post.
    Item(String),
}

/// A file of `watches/`: `[[watch]]` tables and nothing else.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WatchFile {
    #[serde(rename = "watch")]
    pub(super) watches: Vec<WatchConfig>,
}

/// An account that may be watched because an organisation speaks through it (design §7).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    /// The source plugin whose site it is an account of.
    pub plugin: String,
    /// The account, as a watch's target writes it or in another form that the plugin knows: its address or its number.
    pub id: String,
    /// Whose account it is: never a private person's.
    pub organisation: String,
    /// Why it is watched.
    pub reason: String,
}

impl TargetConfig {
    /// The key it is written under.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Keyword(_) => "keyword",
            Self::Account(_) => "account",
            Self::Listing(_) => "listing",
            Self::Item(_) => "item",
        }
    }

    /// What it is written as.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Keyword(text) | Self::Account(text) | Self::Listing(text) | Self::Item(text) => text,
        }
    }
}

impl From<TargetConfig> for Target {
    fn from(target: TargetConfig) -> Self {
        match target {
            TargetConfig::Keyword(phrase) => Self::Keyword(phrase),
            TargetConfig::Account(id) => Self::Account(id),
            TargetConfig::Listing(url) => Self::Listing(url),
            TargetConfig::Item(url) => Self::Item(url),
        }
    }
}

/// What is wrong with a part of a watch or an account: the key it stands under, and the message.
pub(super) type Fault = (&'static str, String);

impl WatchConfig {
    /// Everything that a watch may not be, whatever its plugin.
    pub(super) fn faults(&self, accounts: &[AccountConfig]) -> Vec<Fault> {
        let mut faults = Vec::new();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(plain) {
            faults.push(("id", format!("watch id {:?}: use lower-case letters, digits and hyphens", self.id)));
        }
        let named = |message: String| format!("watch {:?}: {message}", self.id);
        faults.extend(self.every.read().err().map(|message| ("every", named(message))));
        if self.canary.as_ref().is_some_and(|canary| canary.trim().is_empty()) {
            let message = "a canary is a post's id or address, or a phrase of a page: write one or leave it out";
            faults.push(("canary", named(message.to_owned())));
        }
        if self.paused.as_ref().is_some_and(|why| why.trim().is_empty()) {
            faults.push(("paused", named("say why it is paused, or leave `paused` out".to_owned())));
        }
        match &self.target {
            TargetConfig::Account(id)
                if registered(accounts, &self.plugin, id).is_none() && !self.may_be_registered(accounts) =>
            {
                faults.push(self.unregistered(id));
            }
            TargetConfig::Listing(url) | TargetConfig::Item(url) => {
                faults.extend(address(url).map(|message| ("target", named(message))));
            }
            TargetConfig::Account(_) | TargetConfig::Keyword(_) => {}
        }
        faults.extend(self.site.as_deref().and_then(address).map(|message| ("site", named(message))));
        faults
    }

    /// The fault of watching an account that nobody has registered.
    pub(super) fn unregistered(&self, id: &str) -> Fault {
        let message = format!(
            "watch {:?}: an account can be watched only when it is a registered organisation's: add [[account]] with \
             plugin = {:?}, id = {id:?}, organisation and reason, or watch a keyword or a page",
            self.id, self.plugin
        );
        ("target", message)
    }

    /// Whether a registration may be of this account in another form, which only the plugin's manifest can tell:
    /// one of the two is an address, or a name with its `@`.
    fn may_be_registered(&self, accounts: &[AccountConfig]) -> bool {
        let has_forms = |id: &str| id.contains('/') || id.trim().starts_with('@');
        let mut registered = accounts.iter().filter(|a| a.plugin == self.plugin && a.faults().is_empty());
        registered.any(|account| has_forms(&account.id) || has_forms(self.target.text()))
    }

    /// The registration of its account, in whatever form the manifest of its plugin knows it.
    pub(super) fn registered_as(&self, accounts: &[AccountConfig], manifest: &Manifest) -> Option<Registered> {
        let TargetConfig::Account(id) = &self.target else { return None };
        let captured = |id: &str| match manifest.target(TargetKind::Account, id) {
            Some(Target::Account(captured)) => captured,
            // What a pattern captures need not fit it again.
            _ => id.trim().to_owned(),
        };
        let wanted = captured(id);
        let complete = accounts.iter().filter(|a| a.plugin == self.plugin && a.faults().is_empty());
        complete.into_iter().find(|account| captured(&account.id) == wanted).map(AccountConfig::registered)
    }

    /// The watch, with the organisation's offset for dates that name no zone.
    #[must_use]
    pub fn watch(&self, utc_offset: i32, accounts: &[AccountConfig]) -> Watch {
        let registered = match &self.target {
            TargetConfig::Account(id) => registered(accounts, &self.plugin, id),
            _ => None,
        };
        Watch {
            id: self.id.clone(),
            plugin: self.plugin.clone(),
            target: self.target.clone().into(),
            site: self.site.clone(),
            settings: self.settings.clone().into_iter().collect(),
            utc_offset,
            recorded: false,
            registered,
            every: self.every.read().unwrap_or_default(),
            canary: self.canary.clone(),
        }
    }
}

impl AccountConfig {
    fn registered(&self) -> Registered {
        Registered { organisation: self.organisation.clone(), reason: self.reason.clone() }
    }

    /// What a registration may not leave out.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let parts = [
            ("plugin", &self.plugin, "the plugin whose site it is an account of"),
            ("id", &self.id, "the account, as the watch writes it"),
            ("organisation", &self.organisation, "whose account it is"),
            ("reason", &self.reason, "why it is watched"),
        ];
        let empty = parts.into_iter().filter(|(_, text, _)| text.trim().is_empty());
        empty.map(|(key, _, what)| (key, format!("account {:?}: `{key}` is empty: say {what}", self.id))).collect()
    }
}

/// The registration of an account, when it is complete.
fn registered(accounts: &[AccountConfig], plugin: &str, id: &str) -> Option<Registered> {
    let named = |account: &&AccountConfig| {
        account.plugin == plugin && account.id.trim() == id.trim() && account.faults().is_empty()
    };
    accounts.iter().find(named).map(AccountConfig::registered)
}

/// What is wrong with an address, never repeating a password.
fn address(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(url) = url else {
        return Some(format!("{text:?} is not a web address: write it with http:// or https://"));
    };
    let secret = !url.username().is_empty() || url.password().is_some();
    secret.then(|| "an address holds no user name and no password: plugins and records would see them".to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;
    use super::*;

    #[test]
    fn an_account_is_registered_in_any_form_that_its_plugin_knows() {
        let weibo = Manifest::parse(include_str!("../../../plugins/weibo/plugin.toml")).unwrap();
        let read = |target: &str, id: &str| {
            let text = format!(
                "[[watch]]\nid = \"a\"\nplugin = \"weibo\"\ntarget = {{ account = {target:?} }}\n\
                 [[account]]\nplugin = \"weibo\"\nid = {id:?}\norganisation = \"中心\"\nreason = \"媒体\"\n"
            );
            Config::parse(&text, Path::new("x"))
        };
        let registered = |target: &str, id: &str| {
            let config = read(target, id).unwrap();
            config.watches[0].registered_as(&config.accounts, &weibo).map(|it| it.organisation)
        };
        let (address, number) = ("https://weibo.com/u/2000000001", "2000000001");
        for (target, id) in [(address, number), (number, address), (address, "https://m.weibo.cn/profile/2000000001")] {
            assert_eq!(registered(target, id).as_deref(), Some("中心"), "{target} {id}");
        }
        assert_eq!(registered(address, "2000000002"), None, "another account");
        assert!(read(number, "2000000002").unwrap_err().to_string().contains("registered organisation's"));
    }
}

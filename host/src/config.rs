//! `caifeng.toml`, read once at the edge into one typed value.
//!
//! Unknown keys are refused with line and column. Without a file every field
//! has its default, and the daemon starts with the demo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use caifeng_plugin_host::contract::Target;
use serde::Deserialize;

use crate::retention::Retention;
use crate::topic::TopicConfig;
use crate::watch::Watch;

/// Everything an operator can set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who is listening.
    pub organisation: Organisation,
    /// What may be reached, and how.
    pub network: Network,
    /// How long what was heard is kept.
    pub retention: Retention,
    /// What matters to the organisation (监测主题).
    #[serde(rename = "topic")]
    pub topics: Vec<TopicConfig>,
    /// What is observed (监测点).
    #[serde(rename = "watch")]
    pub watches: Vec<WatchConfig>,
}

/// Who is listening: configuration, never code.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Organisation {
    /// Full name.
    pub name: String,
    /// Other names that people use for it: `@organisation` in a topic.
    pub aliases: Vec<String>,
    /// Places it answers for: `@places` in a topic.
    pub places: Vec<String>,
    /// IANA time zone of its days and clocks.
    pub time_zone: String,
    /// Accounts under which it may answer.
    pub accounts: Vec<String>,
    /// How a site's operator can reach it: part of the User-Agent.
    pub contact: Option<String>,
}

impl Default for Organisation {
    fn default() -> Self {
        Self {
            name: String::new(),
            aliases: Vec::new(),
            places: Vec::new(),
            time_zone: "Asia/Shanghai".to_owned(),
            accounts: Vec::new(),
            contact: None,
        }
    }
}

impl Organisation {
    /// The zone of its days and clocks; checked when the file was read.
    #[must_use]
    pub fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// Seconds east of UTC in its zone at `now`.
    #[must_use]
    pub fn utc_offset(&self, now: i64) -> i32 {
        jiff::Timestamp::from_second(now).map_or(0, |at| self.zone().to_offset(at).seconds())
    }
}

/// What may be reached, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// `host:port` pairs on private or loopback addresses that may be reached.
    pub private: Vec<String>,
}

impl Network {
    /// The pairs, taken apart; [`Config::parse`] has checked that they can be.
    #[must_use]
    pub fn private_pairs(&self) -> Vec<(String, u16)> {
        self.private.iter().filter_map(|pair| pair_of(pair)).collect()
    }
}

/// `host:port`, with brackets round an IPv6 address.
fn pair_of(pair: &str) -> Option<(String, u16)> {
    let (host, port) = pair.rsplit_once(':')?;
    let host = host.strip_prefix('[').map_or(Some(host), |host| host.strip_suffix(']'))?;
    Some((host.to_owned(), port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
}

/// A watch as it is written in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchConfig {
    /// Short name: lower-case letters, digits and hyphens.
    pub id: String,
    /// The source plugin that reads it.
    pub plugin: String,
    /// `{ listing = "https://…" }`, `{ keyword = "…" }`, `{ account = "…" }` or `{ item = "https://…" }`.
    pub target: TargetConfig,
    /// The site's address, for plugins that serve many sites.
    pub site: Option<String>,
    /// Settings that the plugin's manifest declares.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// A target as it is written in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetConfig {
    /// A search phrase.
    Keyword(String),
    /// An account.
    Account(String),
    /// The address of a page that lists posts.
    Listing(String),
    /// The address of one post.
    Item(String),
}

impl WatchConfig {
    /// What a watch may not be. An error is the text it is about, and the message.
    fn check(&self) -> Result<(), (String, String)> {
        let address = match &self.target {
            TargetConfig::Account(id) => {
                let message = "an account can be watched only when it is a registered organisation's, and registration \
                               does not exist yet: watch a keyword or a page";
                return Err((id.clone(), message.to_owned()));
            }
            TargetConfig::Keyword(_) => None,
            TargetConfig::Listing(url) | TargetConfig::Item(url) => Some(url),
        };
        for address in address.into_iter().chain(&self.site) {
            let url = url::Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            let url = url.ok_or_else(|| {
                (address.clone(), format!("{address:?} is not a web address: write it with http:// or https://"))
            })?;
            if !url.username().is_empty() || url.password().is_some() {
                let message = "an address holds no user name and no password: plugins and records would see them";
                return Err((self.id.clone(), message.to_owned()));
            }
        }
        Ok(())
    }

    /// The watch, with the organisation's offset for dates that name no zone.
    #[must_use]
    pub fn watch(&self, utc_offset: i32) -> Watch {
        let target = match self.target.clone() {
            TargetConfig::Keyword(phrase) => Target::Keyword(phrase),
            TargetConfig::Account(id) => Target::Account(id),
            TargetConfig::Listing(url) => Target::Listing(url),
            TargetConfig::Item(url) => Target::Item(url),
        };
        Watch {
            id: self.id.clone(),
            plugin: self.plugin.clone(),
            target,
            site: self.site.clone(),
            settings: self.settings.clone().into_iter().collect(),
            utc_offset,
            recorded: false,
        }
    }
}

/// The operator must correct the file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in it is wrong; the message points at line and column.
    #[error("{path}:{line}:{column}: {message}")]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong and what to write instead.
        message: String,
    },
}

impl Config {
    /// Reads and checks `path`.
    ///
    /// # Errors
    /// The first thing that is wrong, with line and column.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Checks `text`; `path` is only for the message.
    ///
    /// # Errors
    /// The first thing that is wrong, with line and column.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let wrong = |offset: usize, message: String| {
            let (line, column) = position(text, offset);
            ConfigError::Wrong { path: path.to_owned(), line, column, message }
        };
        let config: Self = toml::from_str(text)
            .map_err(|error| wrong(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
        config.check().map_err(|(culprit, message)| wrong(text.find(&culprit).unwrap_or(0), message))?;
        Ok(config)
    }

    /// What types cannot say. An error is the text it is about, and the message.
    fn check(&self) -> Result<(), (String, String)> {
        let zone = &self.organisation.time_zone;
        jiff::tz::TimeZone::get(zone).map_err(|_| {
            (zone.clone(), format!("unknown time zone {zone:?}: write an IANA name such as \"Asia/Shanghai\""))
        })?;
        for pair in &self.network.private {
            pair_of(pair)
                .ok_or_else(|| (pair.clone(), format!("{pair:?} is not host:port, for example \"127.0.0.1:8080\"")))?;
        }
        let mut ids = std::collections::HashSet::new();
        for watch in &self.watches {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if watch.id.is_empty() || !watch.id.chars().all(plain) {
                return Err((
                    watch.id.clone(),
                    format!("watch id {:?}: use lower-case letters, digits and hyphens", watch.id),
                ));
            }
            watch.check().map_err(|(culprit, message)| (culprit, format!("watch {:?}: {message}", watch.id)))?;
            if !ids.insert(&watch.id) {
                return Err((watch.id.clone(), format!("two watches are called {:?}: rename one", watch.id)));
            }
        }
        Ok(())
    }

    /// The watches, with offsets of the organisation's zone at `now`.
    #[must_use]
    pub fn watches(&self, now: i64) -> Vec<Watch> {
        let offset = self.organisation.utc_offset(now);
        self.watches.iter().map(|watch| watch.watch(offset)).collect()
    }
}

/// Line and column, both from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Config::parse(text, Path::new("caifeng.toml")).unwrap_err().to_string()
    }

    #[test]
    fn without_a_word_every_field_has_its_default() {
        let config = Config::parse("", Path::new("x")).unwrap();
        assert_eq!(config.organisation.utc_offset(1_700_000_000), 8 * 3600);
        assert!(config.watches.is_empty());
    }

    #[test]
    fn how_long_things_are_kept_can_be_set_but_for_the_floor() {
        let text = "[retention]\nunmatched = \"36h\"\nrecords = \"400d\"\n";
        let kept = Config::parse(text, Path::new("x")).unwrap().retention;
        assert_eq!((kept.unmatched.seconds(), kept.records.seconds()), (36 * 3600, 400 * 86_400));
        assert_eq!(kept.matched, Retention::default().matched);
        let floor = error("[retention]\nunmatched = \"1d\"\nrecords = \"179d\"\n");
        assert!(floor.starts_with("caifeng.toml:3:11: ") && floor.contains("180 days"), "{floor}");
        for wrong in ["7", "-1d", "d", "7 d", "1w", "99999999999d"] {
            let told = error(&format!("[retention]\nevidence = \"{wrong}\"\n"));
            assert!(told.starts_with("caifeng.toml:2:12: ") && told.contains("\"7d\""), "{told}");
        }
    }

    #[test]
    fn a_watch_becomes_what_the_file_says() {
        let text = "[[watch]]\nid = \"gov\"\nplugin = \"feed\"\ntarget = { listing = \"https://a.example/feed\" }\n";
        let watches = Config::parse(text, Path::new("x")).unwrap().watches(0);
        assert_eq!(watches[0].target, Target::Listing("https://a.example/feed".into()));
        assert_eq!(watches[0].site_key(), "a.example");
    }

    #[test]
    fn no_person_is_watched_and_no_password_is_written_into_an_address() {
        let watch = |target: &str| format!("[[watch]]\nid = \"a\"\nplugin = \"x\"\ntarget = {{ {target} }}\n");
        assert!(error(&watch("account = \"u123\"")).contains("registered organisation"));
        let secret = error(&watch("listing = \"https://u:hunter2@a.example/\""));
        assert!(secret.contains("no password") && !secret.contains("hunter2"), "{secret}");
        assert!(error(&watch("listing = \"a.example/rss\"")).contains("http://"));
    }

    #[test]
    fn errors_point_at_the_place_and_say_what_to_write() {
        insta::assert_snapshot!(
            [
                error("[organisation]\nnmae = \"x\"\n"),
                error("[organisation]\ntime_zone = \"Beijing\"\n"),
                error("[network]\nprivate = [\"localhost\"]\n"),
                error(
                    "\n[[watch]]\nid = \"Gov Site\"\nplugin = \"feed\"\ntarget = { listing = \"https://a.example/\" }\n"
                ),
                error("[[watch]]\nid = \"a\"\nplugin = \"feed\"\ntarget = { list = \"https://a.example/\" }\n"),
                error("[[watch]\n"),
            ]
            .join("\n")
        );
    }
}

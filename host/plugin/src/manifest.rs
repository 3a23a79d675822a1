//! The manifest: everything a plugin asks for and declares about itself.
//!
//! `plugin.toml` lies beside a plugin's source and travels inside the component
//! as a custom section, so that what was reviewed is what runs. It is parsed
//! once, here, into types that cannot hold a contradiction: an unknown key, a
//! repeated name, an example that its own pattern refuses or a secret bound for
//! a host that is not asked for is an error with line and column, because a
//! manifest is written by hand and read by the person who grants its wishes.
//!
//! It has no field that the component already proves: whether a plugin is a
//! source, a classifier or an asker, and which contract it speaks, is read from what it
//! exports.

use crate::address::HostPattern;
use crate::contract::{Settings, Target};
use regex::Regex;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::time::Duration;
use toml::Spanned;
use url::Url;

/// What a plugin declares. See the module for where it lives and who reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Names the plugin everywhere: lower-case letters, digits and hyphens.
    pub id: String,
    /// `major.minor.patch`, shown beside the id; the digest is what pins.
    pub version: String,
    /// For people, in the plugin's main language.
    pub name: String,
    /// SPDX expression.
    pub licence: String,
    /// Which hosts it asks to reach, and how fast.
    pub network: Network,
    /// What a watch of this plugin may observe.
    pub targets: Vec<TargetRule>,
    /// The plugin's own parsers, by name.
    pub steps: Vec<Step>,
    /// What the operator may set.
    pub settings: Vec<Setting>,
    /// What the host attaches to requests and the plugin never sees.
    pub secrets: Vec<Secret>,
    /// What a classifier may say.
    pub labels: Vec<LabelRule>,
    /// What one call may use; the operator's ceiling applies as well.
    pub limits: Wishes,
}

/// `[network]`: which hosts a source asks to reach.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Hosts; empty for a plugin that reads recordings only.
    #[serde(default)]
    pub allow: Vec<HostPattern>,
    /// Least seconds between two requests to one host. The host never goes
    /// faster than its own pace, so a plugin can only ask for slower.
    #[serde(default, deserialize_with = "seconds")]
    pub pace: Option<Duration>,
}

impl Network {
    /// Whether it goes to the host that a watch names, and so serves many sites;
    /// any other serves one service, wherever that keeps its hosts.
    #[must_use]
    pub fn follows_target(&self) -> bool {
        self.allow.contains(&HostPattern::Target)
    }
}

/// The setting that names the service of an asker.
pub const ENDPOINT: &str = "endpoint";

/// Which of the four things a watch observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A search phrase.
    Keyword,
    /// An account of an organisation.
    Account,
    /// The address of a page that lists posts.
    Listing,
    /// The address of one post.
    Item,
}

/// `[[target]]`: one kind of thing that a watch may observe.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRule {
    /// Which kind.
    pub kind: TargetKind,
    /// What the operator's text must look like. For an account, the first
    /// capture group is the identifier that the plugin is given.
    #[serde(default)]
    pub r#match: Option<Pattern>,
    /// Shown where a watch is added; fits `match`.
    pub example: String,
}

/// `[[step]]`: one of the plugin's own parsers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What `request.step` says.
    #[serde(deserialize_with = "identifier")]
    pub name: String,
    /// Addresses this step reads, for responses that come without a request.
    #[serde(default)]
    pub r#match: Option<Pattern>,
}

/// What a setting's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingType {
    /// Any text.
    Text,
    /// A signed 64-bit number.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// `[[setting]]`: one thing that the operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What the plugin reads it by.
    pub name: String,
    /// What its value looks like.
    pub r#type: SettingType,
    /// The value if the operator sets none; without it the operator must.
    pub default: Option<String>,
}

/// `[[secret]]`: a credential that the host attaches.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// What the operator stores it under.
    #[serde(deserialize_with = "identifier")]
    pub name: String,
    /// Where in a request it goes.
    pub attach: Attach,
    /// The only hosts that ever receive it; one of `network.allow`.
    pub to: HostPattern,
}

/// Where in a request the host puts a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Attach {
    /// `bearer`: as the token of `Authorization: Bearer …` (RFC 6750).
    Bearer,
    /// `header:NAME`: as the value of this header field.
    Header(String),
    /// `cookie:NAME`: as this cookie.
    Cookie(String),
    /// `query:NAME`: as this parameter of the address.
    Query(String),
}

/// What a label speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelGroup {
    /// Which of the plan's categories.
    Category,
    /// How serious.
    Level,
    /// In which mood.
    Sentiment,
    /// How soon it must be looked at.
    Urgency,
}

impl LabelGroup {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Category, Self::Level, Self::Sentiment, Self::Urgency];

    /// The group of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.as_str() == name)
    }

    /// The name in the manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Level => "level",
            Self::Sentiment => "sentiment",
            Self::Urgency => "urgency",
        }
    }
}

/// `[[label]]`: one thing that a classifier may say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    /// What `label.name` says.
    #[serde(deserialize_with = "identifier")]
    pub name: String,
    /// What it speaks of.
    pub group: LabelGroup,
}

/// `[limits]`: what one call asks to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wishes {
    /// Mebibytes of linear memory.
    pub memory_mib: Option<u32>,
    /// Milliseconds of one call.
    pub time_ms: Option<u32>,
    /// Posts of one page.
    pub posts: Option<u32>,
}

/// A regular expression that runs in linear time, whatever a page holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

/// Where the manifest is wrong and how. The plugin's author must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plugin.toml:{line}:{column}: {message}")]
pub struct ManifestError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// Why the operator's settings do not fit a manifest; the operator must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A name that the manifest does not declare.
    #[error("unknown setting, the plugin has {known}: {name}")]
    Unknown {
        /// The name that was given.
        name: String,
        /// The names there are, or `none`.
        known: String,
    },
    /// A value of another type.
    #[error("setting {name} must be {expected}: {value}")]
    Type {
        /// Which setting.
        name: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        value: String,
    },
    /// The same setting twice.
    #[error("setting given twice: {0}")]
    Repeated(String),
    /// No value and no default.
    #[error("setting needs a value: {0}")]
    Missing(String),
}

/// The file as written; tables that are checked against each other keep their
/// place for the error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(deserialize_with = "identifier")]
    id: String,
    #[serde(deserialize_with = "release")]
    version: String,
    #[serde(deserialize_with = "line_of_text")]
    name: String,
    #[serde(deserialize_with = "line_of_text")]
    licence: String,
    #[serde(default)]
    network: Network,
    #[serde(default)]
    target: Vec<Spanned<TargetRule>>,
    #[serde(default)]
    step: Vec<Spanned<Step>>,
    #[serde(default)]
    setting: Vec<Spanned<WrittenSetting>>,
    #[serde(default)]
    secret: Vec<Spanned<Secret>>,
    #[serde(default)]
    label: Vec<Spanned<LabelRule>>,
    #[serde(default)]
    limits: Wishes,
}

/// A setting whose default has not yet been checked against its type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSetting {
    #[serde(deserialize_with = "identifier")]
    name: String,
    r#type: SettingType,
    default: Option<toml::Value>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let written: Written = toml::from_str(text)
            .map_err(|error| ManifestError::at(text, error.span().map_or(0, |span| span.start), error.message()))?;
        written.check().map_err(|(offset, message)| ManifestError::at(text, offset, &message))
    }

    /// The step that reads `url`: the first whose `match` fits, else the first
    /// without a `match`, which reads what no other step claims.
    #[must_use]
    pub fn step_for(&self, url: &Url) -> Option<&str> {
        let fits = |step: &&Step| step.r#match.as_ref().is_some_and(|pattern| pattern.fits(url.as_str()));
        let open = |step: &&Step| step.r#match.is_none();
        let step = self.steps.iter().find(fits).or_else(|| self.steps.iter().find(open));
        step.map(|step| step.name.as_str())
    }

    /// Whether the manifest declares this step.
    #[must_use]
    pub fn has_step(&self, name: &str) -> bool {
        self.steps.iter().any(|step| step.name == name)
    }

    /// Whether the manifest declares this label.
    #[must_use]
    pub fn has_label(&self, name: &str) -> bool {
        self.labels.iter().any(|label| label.name == name)
    }

    /// Whether the operator must name the service that it asks.
    #[must_use]
    pub fn asks_for_endpoint(&self) -> bool {
        let named = |setting: &&Setting| setting.name == ENDPOINT;
        let setting = self.settings.iter().find(named);
        setting.is_some_and(|setting| setting.r#type == SettingType::Text && setting.default.is_none())
    }

    /// What `text`, as a person typed it, means as a target of `kind`; `None`
    /// if the plugin does not observe that. For an account it is what the
    /// pattern's first group captured.
    #[must_use]
    pub fn target(&self, kind: TargetKind, text: &str) -> Option<Target> {
        let text = text.trim();
        let rules = self.targets.iter().filter(|rule| rule.kind == kind);
        let value = rules.filter(|_| !text.is_empty()).find_map(|rule| rule.capture(text))?;
        Some(match kind {
            TargetKind::Keyword => Target::Keyword(text.to_owned()),
            TargetKind::Account => Target::Account(value),
            TargetKind::Listing => Target::Listing(text.to_owned()),
            TargetKind::Item => Target::Item(text.to_owned()),
        })
    }

    /// Whether a plugin may be given this target: it fits a rule of its kind.
    /// An account is what a pattern captured, which need not fit it again.
    #[must_use]
    pub fn observes(&self, target: &Target) -> bool {
        match target {
            Target::Keyword(text) => self.target(TargetKind::Keyword, text).is_some(),
            Target::Account(_) => self.targets.iter().any(|rule| rule.kind == TargetKind::Account),
            Target::Listing(text) => self.target(TargetKind::Listing, text).is_some(),
            Target::Item(text) => self.target(TargetKind::Item, text).is_some(),
        }
    }

    /// Checks what the operator set and fills in the defaults, in the order of
    /// the manifest: the settings that a call is given.
    ///
    /// # Errors
    /// The first setting that does not fit.
    pub fn settings(&self, given: &Settings) -> Result<Settings, SettingError> {
        let mut seen = HashSet::new();
        for (name, _) in given {
            if !self.settings.iter().any(|setting| setting.name == *name) {
                return Err(SettingError::Unknown { name: name.clone(), known: self.setting_names() });
            }
            if !seen.insert(name) {
                return Err(SettingError::Repeated(name.clone()));
            }
        }
        self.settings.iter().map(|setting| setting.take(given)).collect()
    }

    fn setting_names(&self) -> String {
        if self.settings.is_empty() {
            return "none".to_owned();
        }
        let names: Vec<_> = self.settings.iter().map(|setting| setting.name.as_str()).collect();
        names.join(", ")
    }
}

impl TargetRule {
    fn capture(&self, text: &str) -> Option<String> {
        let Some(pattern) = &self.r#match else {
            return Some(text.to_owned());
        };
        let found = pattern.0.captures(text)?;
        let part = found.get(1).or_else(|| found.get(0))?;
        Some(part.as_str().to_owned())
    }
}

impl Setting {
    fn take(&self, given: &Settings) -> Result<(String, String), SettingError> {
        let value = given.iter().find(|(name, _)| *name == self.name).map(|(_, value)| value);
        let value = value.or(self.default.as_ref()).ok_or_else(|| SettingError::Missing(self.name.clone()))?;
        if !self.r#type.admits(value) {
            return Err(SettingError::Type {
                name: self.name.clone(),
                expected: self.r#type.named(),
                value: value.clone(),
            });
        }
        Ok((self.name.clone(), value.clone()))
    }
}

impl SettingType {
    fn admits(self, value: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Integer => value.parse::<i64>().is_ok(),
            Self::Boolean => matches!(value, "true" | "false"),
        }
    }

    fn named(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "an integer",
            Self::Boolean => "true or false",
        }
    }
}

impl Pattern {
    /// The expression as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the expression fits anywhere in `text`.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Regex::new(&text).map(Self).map_err(|error| {
            // The crate draws the expression over several lines; its last one says what is wrong.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            format!("not a regular expression: {}", reason.trim_start_matches("error: "))
        })
    }
}

impl TryFrom<String> for Attach {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let token =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if text == "bearer" {
            return Ok(Self::Bearer);
        }
        match text.split_once(':') {
            Some(("header", name)) if token(name) => Ok(Self::Header(name.to_owned())),
            Some(("cookie", name)) if token(name) => Ok(Self::Cookie(name.to_owned())),
            Some(("query", name)) if token(name) => Ok(Self::Query(name.to_owned())),
            _ => Err(format!("write `bearer`, `header:NAME`, `cookie:NAME` or `query:NAME`: {text}")),
        }
    }
}

impl Written {
    fn check(self) -> Result<Manifest, (usize, String)> {
        unique("step", self.step.iter().map(|step| (step.span().start, &step.get_ref().name)))?;
        unique("setting", self.setting.iter().map(|item| (item.span().start, &item.get_ref().name)))?;
        unique("secret", self.secret.iter().map(|item| (item.span().start, &item.get_ref().name)))?;
        unique("label", self.label.iter().map(|item| (item.span().start, &item.get_ref().name)))?;
        for target in &self.target {
            let rule = target.get_ref();
            if rule.capture(&rule.example).is_none() {
                return Err((target.span().start, format!("the example does not fit the match: {}", rule.example)));
            }
        }
        for secret in &self.secret {
            let to = &secret.get_ref().to;
            if !self.network.allow.contains(to) {
                return Err((secret.span().start, format!("a secret goes only to a host in network.allow: {to}")));
            }
        }
        let settings = self.setting.into_iter().map(check_setting).collect::<Result<_, _>>()?;
        Ok(Manifest {
            id: self.id,
            version: self.version,
            name: self.name,
            licence: self.licence,
            network: self.network,
            targets: self.target.into_iter().map(Spanned::into_inner).collect(),
            steps: self.step.into_iter().map(Spanned::into_inner).collect(),
            settings,
            secrets: self.secret.into_iter().map(Spanned::into_inner).collect(),
            labels: self.label.into_iter().map(Spanned::into_inner).collect(),
            limits: self.limits,
        })
    }
}

fn check_setting(item: Spanned<WrittenSetting>) -> Result<Setting, (usize, String)> {
    let start = item.span().start;
    let WrittenSetting { name, r#type, default } = item.into_inner();
    let default = match (r#type, default) {
        (_, None) => None,
        (SettingType::Text, Some(toml::Value::String(value))) => Some(value),
        (SettingType::Integer, Some(toml::Value::Integer(value))) => Some(value.to_string()),
        (SettingType::Boolean, Some(toml::Value::Boolean(value))) => Some(value.to_string()),
        (_, Some(value)) => {
            return Err((start, format!("the default must be {}: {value}", r#type.named())));
        }
    };
    Ok(Setting { name, r#type, default })
}

fn unique<'a>(what: &str, names: impl Iterator<Item = (usize, &'a String)>) -> Result<(), (usize, String)> {
    let mut seen = HashSet::new();
    for (start, name) in names {
        if !seen.insert(name) {
            return Err((start, format!("{what} declared twice: {name}")));
        }
    }
    Ok(())
}

impl ManifestError {
    fn at(text: &str, offset: usize, message: &str) -> Self {
        let (line, column) = place(text, offset);
        Self { line, column, message: message.replace('\n', "; ") }
    }
}

/// Line and column, in characters and from 1, of a byte of a text.
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn identifier<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let fits = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if fits {
        Ok(text)
    } else {
        Err(D::Error::custom(format!(
            "write at most 64 lower-case letters, digits and hyphens, a letter first: {text}"
        )))
    }
}

fn release<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let parts: Vec<_> = text.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.len() < 10 && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() == 3 && parts.iter().all(number) {
        Ok(text)
    } else {
        Err(D::Error::custom(format!("write major.minor.patch: {text}")))
    }
}

fn line_of_text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() || text.chars().count() > 80 || text.contains(char::is_control) {
        return Err(D::Error::custom("write one line of 1 to 80 characters"));
    }
    Ok(text)
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let seconds = f64::deserialize(from)?;
    if (0.0..=3600.0).contains(&seconds) {
        Ok(Some(Duration::from_secs_f64(seconds)))
    } else {
        Err(D::Error::custom(format!("write seconds between 0 and 3600: {seconds}")))
    }
}

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
//!
//! | question | module |
//! | --- | --- |
//! | is the file in order, and where is it not | `written` |
//! | what may a watch observe | `target`, and `pattern` for addresses |
//! | what may the operator set, and does it fit | `setting` |
//! | what does the host attach | `secret` |
//! | what may a classifier say | `label` |

mod label;
mod pattern;
mod secret;
mod setting;
mod target;
mod written;

pub use label::{LabelGroup, LabelRule};
pub use pattern::Pattern;
pub use secret::{Attach, Secret};
pub use setting::{Setting, SettingError, SettingType};
pub use target::{TargetKind, TargetRule};
pub use written::ManifestError;
pub(crate) use written::place;

use crate::address::HostPattern;
use crate::contract::Target;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::time::Duration;
use url::Url;
use written::identifier;

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

impl Manifest {
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
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let seconds = f64::deserialize(from)?;
    if (0.0..=3600.0).contains(&seconds) {
        Ok(Some(Duration::from_secs_f64(seconds)))
    } else {
        Err(D::Error::custom(format!("write seconds between 0 and 3600: {seconds}")))
    }
}

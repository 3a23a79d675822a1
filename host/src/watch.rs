//! Watches and sweeps: what is observed, and the record of having looked (P5, P6).

use caifeng_plugin_host::contract::{Settings, Target, Timestamp};
use serde::{Deserialize, Serialize};

/// One plugin target under observation (监测点).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Short name, unique in a data directory: what a person types.
    pub id: String,
    /// The id of the source plugin that reads it.
    pub plugin: String,
    /// What it observes.
    pub target: Target,
    /// The site's address, for plugins that serve many sites.
    pub site: Option<String>,
    /// What the operator set for the plugin.
    pub settings: Settings,
    /// Seconds east of UTC at the site.
    pub utc_offset: i32,
    /// It stands for one answer of a recording: never on the schedule, no part of the coverage.
    #[serde(default)]
    pub recorded: bool,
    /// Of an account: whose it is and why it is watched. An account without is never swept (design §7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Registered>,
}

/// An organisation's account, as the configuration registers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Whose account it is.
    pub organisation: String,
    /// Why it is watched.
    pub reason: String,
}

impl Watch {
    /// The address that the watch is about: its declared site, else its target's.
    #[must_use]
    pub fn address(&self) -> Option<url::Url> {
        let address = self.site.as_deref().or(match &self.target {
            Target::Listing(url) | Target::Item(url) => Some(url),
            Target::Keyword(_) | Target::Account(_) => None,
        })?;
        url::Url::parse(address).ok()
    }

    /// The site that posts of this watch are keyed by: taken from the watch and
    /// never from a page, so that no site can rewrite another's posts.
    ///
    /// The host and port of its [`address`](Self::address), else the plugin's
    /// id (a plugin for one service, such as a microblog).
    #[must_use]
    pub fn site_key(&self) -> String {
        let authority = self.address().and_then(|url| {
            let host = url.host_str()?;
            Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
        authority.unwrap_or_else(|| self.plugin.clone())
    }
}

/// Why a sweep did not hear everything it should have. Stored with the sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepFailure {
    /// Which reaction it causes.
    pub kind: FailureKind,
    /// One line for the person who must act.
    pub detail: String,
}

/// Failures by the reaction that they cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The plugin cannot do that: whoever added the watch must change it.
    Unsupported,
    /// The target no longer exists: the watch pauses.
    Gone,
    /// Login, captcha, refusal, robots.txt: the operator must act.
    Blocked,
    /// The page is not built as the parser expects: the plugin's author must act.
    Unexpected,
    /// The plugin trapped, ran out of time or memory: the plugin's author must act.
    Trap,
    /// The site could not be reached or answered with an error.
    Network,
    /// The grant or the guard does not allow the address: the operator must act.
    Refused,
    /// Not all was asked, because the sweep's budget was used up: the operator may raise it.
    Budget,
}

/// What one sweep did (巡查): a line of the monitoring record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepTally {
    /// Requests sent.
    pub requests: u64,
    /// Bytes of decoded bodies received.
    pub bytes: u64,
    /// Posts read from pages.
    pub seen: u64,
    /// Posts not in the store before.
    pub new: u64,
    /// Posts whose title or text changed.
    pub changed: u64,
    /// New or changed posts that match a topic.
    pub matched: u64,
    /// Elements that looked like a post but could not be read.
    pub skipped: u64,
    /// The failures, in the order met.
    pub failures: Vec<SweepFailure>,
}

/// A finished or running sweep as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// Row id.
    pub id: i64,
    /// The watch that was swept.
    pub watch: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` while it runs, or for ever after a crash.
    pub ended: Option<Timestamp>,
    /// What it did.
    pub tally: SweepTally,
}

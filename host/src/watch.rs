//! Watches and sweeps: what is observed, and the record of having looked (P5, P6).

use caifeng_plugin_host::contract::{Settings, Target, Timestamp};
use caifeng_plugin_host::manifest::Network;
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
    /// How often it may and must be swept.
    #[serde(default, skip_serializing_if = "Every::is_usual")]
    pub every: Every,
    /// What each full sweep must find again: a post's id or address, or a phrase of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<String>,
}

/// An organisation's account, as the configuration registers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Whose account it is.
    pub organisation: String,
    /// Why it is watched.
    pub reason: String,
}

/// The bounds of the time between two sweeps of a watch, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Every {
    /// Shortest.
    pub floor: i64,
    /// Longest.
    pub ceiling: i64,
}

impl Default for Every {
    fn default() -> Self {
        Self { floor: 5 * 60, ceiling: 60 * 60 }
    }
}

impl Every {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// The bounds that a configuration writes, such as `5m` and `1h`; what is left out is as usual.
    ///
    /// # Errors
    /// What cannot be read, or is out of bounds, and what to write.
    pub fn parse(floor: Option<&str>, ceiling: Option<&str>) -> Result<Self, String> {
        let usual = Self::default();
        let floor = floor.map_or(Ok(usual.floor), seconds)?;
        let ceiling = ceiling.map_or(Ok(usual.ceiling.max(floor)), seconds)?;
        let floor = floor.min(if floor == usual.floor { ceiling } else { floor });
        if floor > ceiling {
            return Err("every: the floor is above the ceiling: exchange them".to_owned());
        }
        Ok(Self { floor, ceiling })
    }
}

/// `90s`, `5m`, `1h` or `1d` in seconds: a minute at least, a week at most.
fn seconds(text: &str) -> Result<i64, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let read =
        units.iter().find_map(|(unit, size)| text.trim().strip_suffix(unit)?.parse::<i64>().ok()?.checked_mul(*size));
    let read = read.ok_or_else(|| format!("every: {text:?} is not a time: write 90s, 5m, 1h or 1d"))?;
    if (60..=7 * 86_400).contains(&read) { Ok(read) } else { Err(format!("every: {text:?}: from 1m to 7d")) }
}

/// How the id of a page that was handed in ends.
const HANDED_IN: &str = ", handed in)";

/// The address that a crawl is about: the site that was named, else that of the target.
pub(crate) fn address(site: Option<&str>, target: &Target) -> Option<url::Url> {
    let address = site.or(match target {
        Target::Listing(url) | Target::Item(url) => Some(url),
        Target::Keyword(_) | Target::Account(_) => None,
    })?;
    url::Url::parse(address).ok()
}

impl Watch {
    /// The id of a watch that reads one page because somebody handed it in.
    #[must_use]
    pub fn handed_in(plugin: &str, url: &str) -> String {
        format!("{url} ({plugin}{HANDED_IN}")
    }

    /// Whether it reads one page because somebody handed it in, and is no recording.
    #[must_use]
    pub fn is_handed_in(&self) -> bool {
        self.recorded && matches!(self.target, Target::Item(_)) && self.id.ends_with(HANDED_IN)
    }

    /// The address that the watch is about: its declared site, else its target's.
    #[must_use]
    pub fn address(&self) -> Option<url::Url> {
        address(self.site.as_deref(), &self.target)
    }

    /// The site that posts of this watch are keyed by: taken from the watch and
    /// its plugin's manifest and never from a page, so that no site can rewrite
    /// another's posts.
    ///
    /// Of a plugin that goes wherever its watch says: the host and port of its
    /// [`address`](Self::address). Of one for a single service, such as a microblog: the
    /// plugin's id, whatever the watch observes, because there a post is the same
    /// whether a search, a list or its own address led to it.
    #[must_use]
    pub fn site_key(&self, network: &Network) -> String {
        let address = if network.follows_target() { self.address() } else { None };
        let authority = address.and_then(|url| {
            let host = url.host_str()?;
            Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
        authority.unwrap_or_else(|| self.plugin.clone())
    }
}

/// Why a sweep did not hear everything it should have. Stored with the sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SweepFailure {
    /// Which reaction it causes.
    pub kind: FailureKind,
    /// One line for the person who must act.
    pub detail: String,
}

/// Failures by the reaction that they cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// The page was read, but not as it used to be read: the plugin's author must look.
    Drift,
    /// Nothing new for longer than this watch's past makes likely: a person must look.
    Silent,
    /// What each sweep must find again was not found: a person must look.
    Canary,
    /// Not all was asked, because the sweep's budget was used up: the operator may raise it.
    Budget,
}

impl FailureKind {
    /// Every kind, in the order of the record's columns.
    pub const ALL: [Self; 11] = [
        Self::Unsupported,
        Self::Gone,
        Self::Blocked,
        Self::Unexpected,
        Self::Trap,
        Self::Network,
        Self::Refused,
        Self::Drift,
        Self::Silent,
        Self::Canary,
        Self::Budget,
    ];

    /// The name that commands and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::Gone => "gone",
            Self::Blocked => "blocked",
            Self::Unexpected => "unexpected",
            Self::Trap => "trap",
            Self::Network => "network",
            Self::Refused => "refused",
            Self::Drift => "drift",
            Self::Silent => "silent",
            Self::Canary => "canary",
            Self::Budget => "budget",
        }
    }

    /// Whether the site answered, but what it said is not to be trusted: no reason to ask less often.
    #[must_use]
    pub const fn is_doubt(self) -> bool {
        matches!(self, Self::Drift | Self::Silent | Self::Canary | Self::Budget)
    }
}

/// What one sweep did (巡查): a line of the monitoring record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Pages that the plugin read.
    #[serde(default)]
    pub pages: u64,
    /// Pages that were not sent again because they have not changed.
    #[serde(default)]
    pub unchanged: u64,
    /// Posts that pages say they list beyond those read from them.
    #[serde(default)]
    pub missing: u64,
    /// Requests that were not sent because the budget or the time was used up.
    #[serde(default)]
    pub unasked: u64,
    /// Publication of the newest post read.
    #[serde(default)]
    pub newest: Option<Timestamp>,
    /// How far back the posts read reach, as [`crate::coverage::reach`] tells.
    #[serde(default)]
    pub reach: Option<Timestamp>,
    /// Whether the canary was found; `None` where none was looked for.
    #[serde(default)]
    pub canary: Option<bool>,
    /// Until when a site asked to be left alone.
    #[serde(default)]
    pub wait_until: Option<Timestamp>,
    /// Since when the watch may have been deaf although its sweeps looked well.
    #[serde(skip)]
    pub doubted_since: Option<Timestamp>,
    /// The failures, in the order met.
    pub failures: Vec<SweepFailure>,
}

impl SweepTally {
    /// How many failures of each kind, those without any left out.
    #[must_use]
    pub fn by_kind(&self) -> Vec<(FailureKind, u64)> {
        let count = |kind| self.failures.iter().filter(|failure| failure.kind == kind).count() as u64;
        FailureKind::ALL.into_iter().map(|kind| (kind, count(kind))).filter(|(_, n)| *n > 0).collect()
    }
}

/// A finished or running sweep as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_of_one_service_have_one_site_however_they_are_found() {
        let watch = |target, site: Option<&str>| Watch {
            id: "w".to_owned(),
            plugin: "weibo".to_owned(),
            target,
            site: site.map(str::to_owned),
            settings: Vec::new(),
            utc_offset: 0,
            recorded: false,
            registered: None,
            every: Every::default(),
            canary: None,
        };
        let network = |allow: &str| Network { allow: vec![allow.parse().unwrap()], pace: None };
        let keyword = || Target::Keyword("停水".to_owned());
        let item = || Target::Item("https://bbs.example:8080/1".to_owned());
        let sites = |network: &Network| {
            let watches = [watch(keyword(), None), watch(item(), None), watch(keyword(), Some("https://s.example/"))];
            watches.map(|watch| watch.site_key(network))
        };
        assert_eq!(sites(&network("bbs.example")), ["weibo", "weibo", "weibo"]);
        assert_eq!(sites(&network("target")), ["weibo", "bbs.example:8080", "s.example"]);
    }

    #[test]
    fn bounds_are_written_as_people_say_them() {
        assert_eq!(Every::parse(Some("90s"), Some("2h")), Ok(Every { floor: 90, ceiling: 7200 }));
        assert_eq!(Every::parse(None, Some("2m")), Ok(Every { floor: 120, ceiling: 120 }));
        assert_eq!(Every::parse(Some("1d"), None), Ok(Every { floor: 86_400, ceiling: 86_400 }));
        assert!(Every::parse(Some("2h"), Some("1h")).unwrap_err().contains("above"));
        for wrong in ["5", "soon", "1s", "9d", "-5m", "99999999999999999d"] {
            assert!(Every::parse(Some(wrong), None).is_err(), "{wrong}");
        }
    }
}

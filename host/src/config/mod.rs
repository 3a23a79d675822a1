//! `caifeng.toml`, read once at the edge into one typed value.
//!
//! Watches may also lie in `watches/*.toml` beside it. Unknown keys are refused with line
//! and column, and everything that is wrong is told at once ([`Reading`]). Without a file
//! every field has its default, and the daemon starts with the demo.
//!
//! | question | module |
//! | --- | --- |
//! | what does a watch look like | [`watches`] |
//! | what is made of classifiers | [`classifiers`] |
//! | what does the text say, and where | `written`, `sheet` |
//! | which files, and is it consistent | [`reading`] |
//! | what does a page change in them | [`edit`] |
//! | does it fit what is installed | `check` |

mod check;
pub mod classifiers;
pub mod edit;
pub mod reading;
pub(crate) mod sheet;
pub(crate) mod suggest;
pub mod watches;
pub(crate) mod written;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use classifiers::ClassifierConfig;
pub use reading::{Problem, Reading};
pub use watches::{AccountConfig, TargetConfig, WatchConfig};

use crate::calendar::{self, Calendar};
use crate::crawl::Limits;
use crate::fetch::permit::Permit;
use crate::incident::event::Role;
use crate::notify::channel::Notify;
use crate::plan::{self, Plan};
use crate::reach::Serve;
use crate::reply::wording::{self, Wordings};
use crate::retention::Retention;
use crate::store::KeptTopic;
use crate::topic::{Names, TopicConfig};
use crate::user::provider::Oidc;
use crate::warning::media::Medium;
use crate::watch::Watch;

/// The folder of further watches, beside the configuration file.
pub const WATCHES: &str = "watches";

/// Everything an operator can set.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who is listening.
    pub organisation: Organisation,
    /// What may be reached, and how.
    pub network: Network,
    /// How long what was heard is kept.
    pub retention: Retention,
    /// Words that mean the same: `@name` in a topic stands for any of them.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// What matters to the organisation (监测主题).
    #[serde(rename = "topic")]
    pub topics: Vec<TopicConfig>,
    /// Media that the register does not know, or not so: what carries a matter weighs by its level.
    #[serde(rename = "medium", skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Medium>,
    /// What is observed (监测点).
    #[serde(rename = "watch")]
    pub watches: Vec<WatchConfig>,
    /// Organisations whose accounts may be watched.
    #[serde(rename = "account")]
    pub accounts: Vec<AccountConfig>,
    /// What is made of plugins that label posts, by their ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub classifiers: BTreeMap<String, ClassifierConfig>,
    /// How people are told what cannot wait (P7).
    pub notify: Notify,
    /// What everybody may read (P24).
    pub public: Public,
    /// What people show at a browser.
    #[serde(skip_serializing_if = "SignIn::is_default")]
    pub sign_in: SignIn,
    /// How the desk is reached from other machines.
    #[serde(skip_serializing_if = "Serve::is_default")]
    pub serve: Serve,
}

/// What everybody may read without signing in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Public {
    /// The page of approved summaries is served at `/public`.
    pub enabled: bool,
}

/// What people show at a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// Whoever has one of these roles signs in with a second factor.
    pub second_factor: Vec<Role>,
    /// Who vouches for people in place of a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
}

impl SignIn {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Who is listening: configuration, never code.
#[derive(Clone, Debug, Deserialize, Serialize)]
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

    /// Which day it is there at `now`.
    #[must_use]
    pub fn day(&self, now: i64) -> jiff::civil::Date {
        jiff::Timestamp::from_second(now).unwrap_or_default().to_zoned(self.zone()).date()
    }

    /// Seconds east of UTC in its zone at `now`.
    #[must_use]
    pub fn utc_offset(&self, now: i64) -> i32 {
        jiff::Timestamp::from_second(now).map_or(0, |at| self.zone().to_offset(at).seconds())
    }
}

/// What may be reached, and how.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// `host:port` pairs on private or loopback addresses that may be reached.
    pub private: Vec<String>,
    /// `[[network.permitted]]`: hosts whose robots.txt is not asked, each with its reason.
    pub permitted: Vec<Permit>,
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
    /// Things in it are wrong; each message points at line and column.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<Problem>),
}

/// The plan in force for the configuration at `path`: `plan.toml` beside it, else the built-in one.
///
/// # Errors
/// Everything that is wrong with the file, with line and column.
pub fn plan_beside(path: &Path) -> Result<Plan, ConfigError> {
    let file = path.with_file_name(plan::FILE);
    match reading::bounded(&file) {
        Ok(text) => Plan::read(text, &file).map_err(ConfigError::Wrong),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Plan::built_in().clone()),
        Err(source) => Err(ConfigError::Unreadable { path: file, source }),
    }
}

/// The working days for the configuration at `path`: those that come with the program, and `calendar.toml` beside it.
///
/// # Errors
/// Everything that is wrong with the file, with line and column.
pub fn calendar_beside(path: &Path) -> Result<Calendar, ConfigError> {
    let file = path.with_file_name(calendar::FILE);
    let mut calendar = Calendar::built_in().clone();
    match reading::bounded(&file) {
        Ok(text) => calendar.add(text, &file).map_err(ConfigError::Wrong)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => return Err(ConfigError::Unreadable { path: file, source }),
    }
    Ok(calendar)
}

/// The approved wording for the configuration at `path`: `wording.toml` beside it; none without a file.
///
/// # Errors
/// Everything that is wrong with the file, with line and column.
pub fn wordings_beside(path: &Path) -> Result<Wordings, ConfigError> {
    let file = path.with_file_name(wording::FILE);
    match reading::bounded(&file) {
        Ok(text) => Wordings::read(text, &file).map_err(ConfigError::Wrong),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Wordings::default()),
        Err(source) => Err(ConfigError::Unreadable { path: file, source }),
    }
}

/// The plan in the file at `path`.
///
/// # Errors
/// When the file cannot be read, and everything that is wrong with it, with line and column.
pub fn plan_at(path: &Path) -> Result<Plan, ConfigError> {
    let text = reading::bounded(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    Plan::read(text, path).map_err(ConfigError::Wrong)
}

/// Watches as a file of `watches/` has them.
///
/// # Errors
/// When a value has no form in TOML.
pub fn watches_toml(watches: &[WatchConfig]) -> Result<String, toml::ser::Error> {
    toml::to_string(&watches::WatchFile { watches: watches.to_vec() })
}

impl Config {
    /// Reads and checks `path`, and the files of `watches/` beside it.
    ///
    /// # Errors
    /// Everything that is wrong, with line and column.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Reading::read(path)?.into_config()
    }

    /// Checks `text`; `path` is only for the message.
    ///
    /// # Errors
    /// Everything that is wrong, with line and column.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        Reading::parse(text, path).into_config()
    }

    /// Everything that is set, defaults included, as a file could say it. There are no secrets in a configuration:
    /// addresses with a password are refused, and credentials are kept elsewhere.
    ///
    /// # Errors
    /// When a value has no form in TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// How far each watch's sweeps may go.
    #[must_use]
    pub fn budgets(&self) -> HashMap<String, Limits> {
        self.watches.iter().map(|watch| (watch.id.clone(), watch.budget)).collect()
    }

    /// The topics as the store keeps them.
    #[must_use]
    pub fn kept_topics(&self) -> Vec<KeptTopic> {
        let kept = |topic: &TopicConfig| KeptTopic { name: topic.name.clone(), cap: topic.cap.map(NonZeroU32::get) };
        self.topics.iter().map(kept).collect()
    }

    /// What `@names` stand for in topics and searches.
    #[must_use]
    pub fn names(&self) -> Names {
        let organisation = &self.organisation;
        let own = std::iter::once(&organisation.name).filter(|name| !name.is_empty());
        Names {
            organisation: own.chain(&organisation.aliases).cloned().collect(),
            places: organisation.places.clone(),
            aliases: self.aliases.clone(),
        }
    }

    /// Watches that are not swept for the time being, each with why.
    #[must_use]
    pub fn paused(&self) -> Vec<(String, String)> {
        self.watches.iter().filter_map(|watch| Some((watch.id.clone(), watch.paused.clone()?))).collect()
    }

    /// The watches, with offsets of the organisation's zone at `now`.
    #[must_use]
    pub fn watches(&self, now: i64) -> Vec<Watch> {
        let offset = self.organisation.utc_offset(now);
        self.watches.iter().map(|watch| watch.watch(offset, &self.accounts)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use caifeng_plugin_host::contract::Target;

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
    fn media_of_an_operator_are_named_once_and_rightly() {
        let text = "[[medium]]\nlevel = \"local\"\nnames = [\"云溪观察\"]\nhosts = [\"yunxi.example.cn\"]\n";
        let media = Config::parse(text, Path::new("x")).unwrap().media;
        assert_eq!((media.len(), media[0].level), (1, crate::warning::media::Tier::Local));
        let twice = format!("{text}[[medium]]\nlevel = \"central\"\nnames = [\"别的\", \"云溪观察\"]\n");
        assert!(
            error(&twice).starts_with("caifeng.toml:5:1: \"云溪观察\" names a medium already"),
            "{}",
            error(&twice)
        );
        let wrong = error(&text.replace("yunxi.example.cn", "https://yunxi.example.cn/"));
        assert!(wrong.starts_with("caifeng.toml:4:9:") && wrong.contains("is no host"), "{wrong}");
        assert!(error(&text.replace("local", "county")).contains("known here: local, provincial, central"));
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
        assert_eq!(watches[0].address().unwrap().host_str(), Some("a.example"));
    }

    fn watch(target: &str) -> String {
        format!("[[watch]]\nid = \"a\"\nplugin = \"x\"\ntarget = {{ {target} }}\n")
    }

    #[test]
    fn no_person_is_watched_and_no_password_is_written_into_an_address() {
        assert!(error(&watch("account = \"u123\"")).contains("registered organisation"));
        let secret = error(&watch("listing = \"https://u:hunter2@a.example/\""));
        assert!(secret.contains("no password") && !secret.contains("hunter2"), "{secret}");
        assert!(error(&watch("listing = \"a.example/rss\"")).contains("http://"));
    }

    #[test]
    fn only_a_complete_registration_of_that_account_lets_it_be_watched() {
        let with = |plugin: &str, id: &str, organisation: &str, reason: &str| {
            let account = format!(
                "[[account]]\nplugin = {plugin:?}\nid = {id:?}\norganisation = {organisation:?}\nreason = {reason:?}\n"
            );
            Config::parse(&(watch("account = \"2000000001\"") + &account), Path::new("x"))
        };
        let config = with("x", "2000000001", "清河县融媒体中心", "县里的媒体").unwrap();
        let registered = config.watches(0).remove(0).registered.unwrap();
        assert_eq!((registered.organisation.as_str(), registered.reason.as_str()), ("清河县融媒体中心", "县里的媒体"));
        for (plugin, id, organisation, reason) in [
            ("y", "2000000001", "中心", "媒体"),
            ("x", "2000000002", "中心", "媒体"),
            ("x", "2000000001", " ", "媒体"),
            ("x", "2000000001", "中心", ""),
        ] {
            let error = with(plugin, id, organisation, reason).unwrap_err().to_string();
            assert!(error.contains("registered organisation's"), "{error}");
        }
    }

    /// Written by hand, with one of each mistake.
    const MISTAKES: &str = r#"organisatoin = 1
[organisation]
nmae = "x"
time_zone = "Beijing"
aliases = "县局"
[network]
private = ["localhost", 7, "127.0.0.1:80"]
[[watch]]
id = "Gov Site"
plugn = "feed"
target = { listing = "https://a.example/" }
[[watch]]
id = "b"
plugin = "feed"
target = { lsting = "https://a.example/" }
colour = 1
[[watch]]
id = "c"
plugin = "feed"
target = { listing = "a.example", item = "https://a.example/" }
[[watch]]
id = "d"
target = { listing = "a.example" }
[[watch]]
id = "e"
plugin = "feed"
target = { listing = "b.example" }
settings = { x = [1] }
[[watch]]
id = "e"
plugin = "feed"
target = { keyword = "水" }
"#;

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_once() {
        insta::assert_snapshot!(error(MISTAKES));
    }

    #[test]
    fn watches_lie_beside_it_too() {
        let temp = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| {
            let path = temp.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let one = |id: &str| format!("[[watch]]\nid = {id:?}\nplugin = \"feed\"\ntarget = {{ keyword = \"水\" }}\n");
        write("caifeng.toml", one("a").as_bytes());
        write("watches/2.toml", one("c").as_bytes());
        write("watches/1.toml", format!("\u{feff}{}", one("b")).as_bytes());
        write("watches/.1.toml", b"not for us");
        write("watches/notes.txt", b"nor this");
        let path = temp.path().join("caifeng.toml");
        let ids = |config: Config| config.watches.into_iter().map(|watch| watch.id).collect::<Vec<_>>();
        assert_eq!(ids(Config::read(&path).unwrap()), ["a", "b", "c"]);

        write("watches/2.toml", (one("a") + &one("d") + "[organisation]\nname = \"x\"\n").as_bytes());
        write("watches/3.toml", &[b"# ", &b"\xc7\xe5\xba\xd3"[..]].concat());
        std::fs::create_dir(temp.path().join("watches/4.toml")).unwrap();
        let said = Config::read(&path).unwrap_err().to_string().replace(temp.path().to_str().unwrap(), "PLACE");
        insta::assert_snapshot!(said);
    }

    #[test]
    fn what_is_hostile_is_refused_and_not_endured() {
        let deep = format!("a = {}1{}", "[".repeat(10_000), "]".repeat(10_000));
        let wide = (0..50_000).fold(String::new(), |text, n| text + &format!("k{n} = 1\n"));
        let long = format!("a = \"{}\"", "水".repeat(1_000_000));
        for text in [deep.as_str(), &wide, &long, "\0", "[[watch]]\nid = \"\0\"", "a\r b = 1"] {
            assert!(!error(text).is_empty());
        }
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

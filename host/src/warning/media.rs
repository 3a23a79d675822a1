//! The register of media by level: a data file that a person can read, and what an operator adds to it.
//!
//! The operator's media (`[[medium]]` of `caifeng.toml`) come first: what they name, by a name or a host, the data file is not
//! asked for.
//!
//! A medium is known by the name that an article gives as its origin, or by the host of its address. A name that is not
//! in the register and ends like one of a medium (日报, 电视台, 融媒体中心 …) is a local one.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

const REGISTER: &str = include_str!("media.toml");
/// How names of media end.
const ENDINGS: [&str; 12] =
    ["日报", "晚报", "晨报", "早报", "都市报", "商报", "时报", "新闻网", "电视台", "广播电台", "融媒体中心", "融媒"];
/// Characters of the longest name that is looked at: an origin of a page may be anything.
const LONGEST: usize = 40;

/// The level of a medium. The order is that of weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// 地方: of a city or county.
    Local,
    /// 省级, and media of a city that are read in the whole country.
    Provincial,
    /// 中央.
    Central,
}

impl Tier {
    /// All, the least first.
    pub const ALL: [Self; 3] = [Self::Local, Self::Provincial, Self::Central];

    /// The name that the register and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Provincial => "provincial",
            Self::Central => "central",
        }
    }

    /// The level of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == name)
    }
}

/// A medium of the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medium {
    /// Its level.
    pub level: Tier,
    /// Its names, the usual one first.
    pub names: Vec<String>,
    /// Its hosts; what lies below them is its too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
}

impl Medium {
    /// What is wrong with one that a person wrote: the key and what to write instead.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if self.names.is_empty() || self.names.iter().any(|name| name.trim().is_empty()) {
            faults
                .push(("names", "a medium needs a name: write names = [\"云溪日报\"], the usual one first".to_owned()));
        }
        let too_long = self.names.iter().find(|name| name.chars().count() > LONGEST);
        faults.extend(too_long.map(|name| ("names", format!("a name has at most {LONGEST} characters: {name:?}"))));
        let is_host = |host: &str| {
            let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            host.contains('.') && host.split('.').all(label) && !host.chars().any(|c| c.is_ascii_uppercase())
        };
        let wrong = self.hosts.iter().find(|host| !is_host(host));
        faults.extend(wrong.map(|host| {
            ("hosts", format!("{host:?} is no host: write it as in an address, in small letters: \"yunxinews.cn\""))
        }));
        faults
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BuiltIn {
    medium: Vec<Medium>,
}

static MEDIA: LazyLock<Vec<Medium>> =
    LazyLock::new(|| toml::from_str::<BuiltIn>(REGISTER).map(|register| register.medium).unwrap_or_default());

/// The register: the media of the data file, after those of the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    own: Vec<Medium>,
}

impl Register {
    /// With the media that an operator adds.
    #[must_use]
    pub const fn with(own: Vec<Medium>) -> Self {
        Self { own }
    }

    /// All media, those of the operator first.
    pub fn media(&self) -> impl Iterator<Item = &Medium> {
        self.own.iter().chain(MEDIA.iter())
    }

    /// The medium that an origin names, else that an address belongs to: its level, and its name in the register.
    #[must_use]
    pub fn find(&self, publisher: Option<&str>, host: Option<&str>) -> Option<(Tier, String)> {
        let named = publisher.map(str::trim).filter(|name| name.chars().count() <= LONGEST);
        let by_name = named.and_then(|name| self.media().find(|medium| medium.names.iter().any(|own| own == name)));
        let by_host =
            || host.and_then(|host| self.media().find(|medium| medium.hosts.iter().any(|own| below(host, own))));
        if let Some(medium) = by_name.or_else(by_host) {
            return Some((medium.level, medium.names.first()?.clone()));
        }
        let local = named.filter(|name| ENDINGS.iter().any(|ending| name.ends_with(ending) && *name != *ending))?;
        Some((Tier::Local, local.to_owned()))
    }

    /// Where a post stands: the medium of the register, with its level, else the site.
    #[must_use]
    pub fn place(&self, publisher: Option<&str>, address: &str, site: &str) -> (Option<Tier>, String) {
        let url = url::Url::parse(address).ok();
        let medium = self.find(publisher, url.as_ref().and_then(url::Url::host_str));
        medium.map_or_else(|| (None, site.to_owned()), |(tier, name)| (Some(tier), name))
    }
}

fn below(host: &str, own: &str) -> bool {
    host.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_register_is_read_and_names_nobody_twice() {
        assert!(MEDIA.len() > 50, "{}", MEDIA.len());
        let mut seen = HashSet::new();
        for medium in MEDIA.iter() {
            assert!(medium.faults().is_empty() && !medium.names.is_empty(), "{medium:?}");
            for word in medium.names.iter().chain(&medium.hosts) {
                assert!(seen.insert(word), "{word} is named twice");
            }
            assert!(medium.hosts.iter().all(|host| host.contains('.') && *host == host.to_lowercase()), "{medium:?}");
        }
    }

    #[test]
    fn a_medium_is_known_by_its_name_or_its_host() {
        let found = |name: Option<&str>, host: Option<&str>| Register::default().find(name, host);
        assert_eq!(found(Some(" 新华网 "), None), Some((Tier::Central, "新华社".to_owned())));
        assert_eq!(found(None, Some("he.people.com.cn")), Some((Tier::Central, "人民日报".to_owned())));
        assert_eq!(found(None, Some("hebnews.cn")), Some((Tier::Provincial, "河北日报".to_owned())));
        assert_eq!(found(None, Some("notpeople.com.cn")), None);
        assert_eq!(found(Some("衡水日报"), Some("x.example")), Some((Tier::Local, "衡水日报".to_owned())));
        assert_eq!(found(Some("日报"), None), None);
        assert_eq!(found(Some(&"长".repeat(60)), None), None);
        assert_eq!(found(Some("李四"), Some("forum.example")), None);
    }

    #[test]
    fn what_an_operator_adds_comes_first() {
        let own = |level, name: &str, host: &str| Medium { level, names: vec![name.into()], hosts: vec![host.into()] };
        let register = Register::with(vec![
            own(Tier::Provincial, "云溪观察", "yunxi.example"),
            own(Tier::Local, "河北日报社", "hebnews.cn"),
        ]);
        let found = |name: Option<&str>, host: Option<&str>| register.find(name, host);
        assert_eq!(found(None, Some("bbs.yunxi.example")), Some((Tier::Provincial, "云溪观察".to_owned())));
        assert_eq!(found(None, Some("hebnews.cn")), Some((Tier::Local, "河北日报社".to_owned())), "its word counts");
        assert_eq!(found(Some("新华社"), None), Some((Tier::Central, "新华社".to_owned())), "the others stay");
        assert_eq!(register.place(None, "http://x.example/1", "x.example"), (None, "x.example".to_owned()));
    }

    #[test]
    fn a_medium_that_cannot_be_meant_is_told() {
        let faults = |names: &[&str], hosts: &[&str]| {
            let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
            let medium = Medium { level: Tier::Local, names: owned(names), hosts: owned(hosts) };
            medium.faults().into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        };
        assert_eq!(faults(&["云溪日报"], &["yunxi-news.cn"]), [""; 0]);
        assert_eq!(faults(&[], &[]), ["names"]);
        assert_eq!(faults(&["云溪日报", " "], &["https://yunxi.cn/"]), ["names", "hosts"]);
        for host in ["localhost", "Yunxi.cn", "yunxi..cn", ".cn", "a.example:80"] {
            assert_eq!(faults(&["云溪日报"], &[host]), ["hosts"], "{host}");
        }
    }
}

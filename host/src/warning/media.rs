//! The register of media by level: a data file that a person can read.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medium {
    /// Its level.
    pub level: Tier,
    /// Its names, the usual one first.
    pub names: Vec<String>,
    /// Its hosts; what lies below them is its too.
    #[serde(default)]
    pub hosts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    medium: Vec<Medium>,
}

static MEDIA: LazyLock<Vec<Medium>> =
    LazyLock::new(|| toml::from_str::<Register>(REGISTER).map(|register| register.medium).unwrap_or_default());

/// The register.
#[must_use]
pub fn register() -> &'static [Medium] {
    &MEDIA
}

/// The medium that an origin names, else that an address belongs to: its level, and its name in the register.
#[must_use]
pub fn find(publisher: Option<&str>, host: Option<&str>) -> Option<(Tier, String)> {
    let named = publisher.map(str::trim).filter(|name| name.chars().count() <= LONGEST);
    let by_name = named.and_then(|name| register().iter().find(|medium| medium.names.iter().any(|own| own == name)));
    let by_host =
        || host.and_then(|host| register().iter().find(|medium| medium.hosts.iter().any(|own| below(host, own))));
    if let Some(medium) = by_name.or_else(by_host) {
        return Some((medium.level, medium.names.first()?.clone()));
    }
    let local = named.filter(|name| ENDINGS.iter().any(|ending| name.ends_with(ending) && *name != *ending))?;
    Some((Tier::Local, local.to_owned()))
}

/// Where a post stands: the medium of the register, with its level, else the site.
#[must_use]
pub fn place(publisher: Option<&str>, address: &str, site: &str) -> (Option<Tier>, String) {
    let url = url::Url::parse(address).ok();
    let medium = find(publisher, url.as_ref().and_then(url::Url::host_str));
    medium.map_or_else(|| (None, site.to_owned()), |(tier, name)| (Some(tier), name))
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
        assert!(register().len() > 50, "{}", register().len());
        let mut seen = HashSet::new();
        for medium in register() {
            assert!(!medium.names.is_empty(), "{medium:?}");
            for word in medium.names.iter().chain(&medium.hosts) {
                assert!(seen.insert(word), "{word} is named twice");
            }
            assert!(medium.hosts.iter().all(|host| host.contains('.') && *host == host.to_lowercase()), "{medium:?}");
        }
    }

    #[test]
    fn a_medium_is_known_by_its_name_or_its_host() {
        let found = |name: Option<&str>, host: Option<&str>| find(name, host);
        assert_eq!(found(Some(" 新华网 "), None), Some((Tier::Central, "新华社".to_owned())));
        assert_eq!(found(None, Some("he.people.com.cn")), Some((Tier::Central, "人民日报".to_owned())));
        assert_eq!(found(None, Some("hebnews.cn")), Some((Tier::Provincial, "河北日报".to_owned())));
        assert_eq!(found(None, Some("notpeople.com.cn")), None);
        assert_eq!(found(Some("衡水日报"), Some("x.example")), Some((Tier::Local, "衡水日报".to_owned())));
        assert_eq!(found(Some("日报"), None), None);
        assert_eq!(found(Some(&"长".repeat(60)), None), None);
        assert_eq!(found(Some("李四"), Some("forum.example")), None);
    }
}

//! Host patterns: which hosts a plugin asks to reach.
//!
//! A pattern is one of three things, so that a person who reads a manifest or a
//! grant sees at once how far it goes: an exact host, everything below a
//! domain, or `target`, the host that the watch itself names. Ports, paths and
//! schemes are deliberately absent: a site moves those without becoming another
//! site, and what may be reached on the inside of a network is the operator's
//! decision (`[network] private`), never a plugin's.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use url::{Host, Url};

/// Hosts that a plugin may reach, as its manifest writes them.
///
/// ```
/// use caifeng_plugin_host::address::HostPattern;
/// use url::Url;
///
/// let pattern: HostPattern = "*.example.cn".parse()?;
/// assert!(pattern.covers(&Url::parse("https://bbs.example.cn/x")?, None));
/// assert!(!pattern.covers(&Url::parse("https://example.cn/")?, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum HostPattern {
    /// `target`: the host of the watch's own target or site.
    Target,
    /// `example.cn`: this host and no other.
    Exact(String),
    /// `*.example.cn`: every host below the domain, not the domain itself.
    Below(String),
}

/// Why a text is not a host pattern; who wrote the manifest or grant must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a host pattern, write `example.cn`, `*.example.cn` or `target`: {0}")]
pub struct PatternError(String);

impl HostPattern {
    /// Whether `url` is at a host that this pattern covers. `target` is the
    /// address that the watch names, which only [`HostPattern::Target`] needs.
    #[must_use]
    pub fn covers(&self, url: &Url, target: Option<&Url>) -> bool {
        let Some(host) = url.host() else { return false };
        match self {
            Self::Target => target.and_then(Url::host).is_some_and(|own| own == host),
            Self::Exact(name) => bare(&host.to_string()) == name,
            Self::Below(domain) => match host {
                Host::Domain(name) => {
                    bare(name).strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
                }
                Host::Ipv4(_) | Host::Ipv6(_) => false,
            },
        }
    }

    /// Whether every host that this covers is covered by `other` too, whatever the watch.
    #[must_use]
    pub fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(name) | Self::Below(name), Self::Below(domain)) => {
                let below =
                    name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
                // An address in numbers has no domain.
                below && name.parse::<std::net::IpAddr>().is_err() || self == other
            }
            _ => self == other,
        }
    }
}

/// A fully qualified name may end in a dot; it is the same host.
fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

impl FromStr for HostPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let refuse = || PatternError(text.to_owned());
        if text == "target" {
            return Ok(Self::Target);
        }
        let (below, name) = match text.strip_prefix("*.") {
            Some(domain) => (true, domain),
            None => (false, text),
        };
        let host = Host::parse(name).map_err(|_| refuse())?;
        let written = bare(&host.to_string()).to_owned();
        if written.split('.').any(str::is_empty) {
            return Err(refuse());
        }
        match (below, host) {
            // `*.cn` would be a country, not a site.
            (true, Host::Domain(_)) if written.contains('.') => Ok(Self::Below(written)),
            (false, _) if !written.is_empty() && !written.contains('*') => Ok(Self::Exact(written)),
            _ => Err(refuse()),
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target => f.write_str("target"),
            Self::Exact(name) => f.write_str(name),
            Self::Below(domain) => write!(f, "*.{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_lies_within_another_when_it_reaches_no_further() {
        let within = |a: &str, b: &str| a.parse::<HostPattern>().unwrap().within(&b.parse().unwrap());
        for (a, b) in
            [("a.cn", "a.cn"), ("x.a.cn", "*.a.cn"), ("*.x.a.cn", "*.a.cn"), ("*.a.cn", "*.a.cn"), ("target", "target")]
        {
            assert!(within(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("a.cn", "*.a.cn"),
            ("xa.cn", "*.a.cn"),
            ("*.a.cn", "x.a.cn"),
            ("*.a.cn", "*.x.a.cn"),
            ("target", "*.a.cn"),
            ("a.cn", "target"),
        ] {
            assert!(!within(a, b), "{a} {b}");
        }
    }

    fn covers(pattern: &str, url: &str) -> bool {
        let pattern: HostPattern = pattern.parse().unwrap();
        pattern.covers(&Url::parse(url).unwrap(), None)
    }

    #[test]
    fn exact_hosts_cover_themselves_only() {
        assert!(covers("example.cn", "https://example.cn/a"));
        assert!(covers("example.cn", "http://EXAMPLE.cn:8080/"));
        assert!(covers("example.cn", "https://example.cn./"));
        assert!(!covers("example.cn", "https://www.example.cn/"));
        assert!(!covers("example.cn", "https://badexample.cn/"));
        assert!(!covers("example.cn", "https://example.cn.evil.net/"));
        assert!(covers("127.0.0.1", "http://127.0.0.1:9/"));
        assert!(covers("127.0.0.1", "http://0x7f.1/"));
    }

    #[test]
    fn below_covers_every_depth_but_not_the_domain() {
        assert!(covers("*.example.cn", "https://a.example.cn/"));
        assert!(covers("*.example.cn", "https://a.b.example.cn/"));
        assert!(!covers("*.example.cn", "https://example.cn/"));
        assert!(!covers("*.example.cn", "https://aexample.cn/"));
        assert!(!covers("*.example.cn", "https://user@evil.net/.example.cn"));
    }

    #[test]
    fn names_are_compared_as_the_network_sees_them() {
        assert!(covers("中国政府网.政务", "https://中国政府网.政务/"));
        assert!(covers("Example.CN", "https://example.cn/"));
    }

    #[test]
    fn target_needs_the_same_host() {
        let target = Url::parse("https://bbs.example.cn/forum").unwrap();
        let other = Url::parse("https://example.cn/").unwrap();
        let own = Url::parse("http://bbs.example.cn/x").unwrap();
        assert!(HostPattern::Target.covers(&own, Some(&target)));
        assert!(!HostPattern::Target.covers(&other, Some(&target)));
        assert!(!HostPattern::Target.covers(&own, None));
    }

    #[test]
    fn what_is_too_wide_or_no_host_is_refused() {
        for text in
            ["", "*", "*.cn", "*.", "a.*.cn", "https://x.cn", "x.cn/y", "x.cn:80", "*.1.2.3.4", "..", "a..cn", ".cn"]
        {
            assert!(text.parse::<HostPattern>().is_err(), "{text:?} was taken");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_displays_back(text in "\\PC{0,20}") {
            if let Ok(pattern) = text.parse::<HostPattern>() {
                prop_assert_eq!(pattern.to_string().parse::<HostPattern>().unwrap(), pattern);
            }
        }
    }
}

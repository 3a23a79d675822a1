//! Hosts whose rules an operator has agreed with their owner: `[[network.permitted]]`.
//!
//! An API under contract may forbid robots in its robots.txt and mean others. Where the operator says so, with a
//! reason, robots.txt and its crawl-delay are not asked there; everything else holds: grant, guard, pace, limits,
//! Retry-After. The declaration is logged at every start, shown beside the watches, and each change of it is an entry
//! in the hash-chained record ([`crate::permission`]).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A host with which the operator has an understanding.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Permit {
    /// `api.example.cn`, or with a port: `127.0.0.1:8080`. Without one, every port. No wildcard: a contract names its party.
    #[serde(deserialize_with = "place", serialize_with = "written")]
    pub host: Place,
    /// Why: number of the contract, whose permission. For the log, the page and the audit.
    #[serde(deserialize_with = "words")]
    pub reason: String,
    /// Seconds from one request to the next there, in place of every other wish; 0 switches pausing off.
    #[serde(
        default,
        deserialize_with = "seconds",
        serialize_with = "in_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub pace: Option<Duration>,
}

/// A host, on one port or on all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    host: Host,
    port: Option<u16>,
}

fn written<S: serde::Serializer>(place: &Place, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(place)
}

fn in_seconds<S: serde::Serializer>(pace: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    pace.map(|pace| pace.as_secs_f64()).serialize(to)
}

impl Place {
    /// Is this address there?
    #[must_use]
    pub fn covers(&self, url: &Url) -> bool {
        let own = url.host().is_some_and(|host| match (host, &self.host) {
            (Host::Domain(name), Host::Domain(own)) => name.trim_end_matches('.') == own,
            (Host::Ipv4(address), Host::Ipv4(own)) => address == *own,
            (Host::Ipv6(address), Host::Ipv6(own)) => address == *own,
            _ => false,
        });
        own && self.port.is_none_or(|port| url.port_or_known_default() == Some(port))
    }
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("not a host, write \"api.example.cn\" or \"127.0.0.1:8080\": {text:?}");
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| wrong())?))
            }
            _ => (text, None),
        };
        let host = Host::parse(host.trim_end_matches('.')).map_err(|_| wrong())?;
        if matches!(&host, Host::Domain(name) if name.is_empty() || name.contains('*')) {
            return Err(wrong());
        }
        Ok(Self { host, port })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The permit for an address, if there is one: the one with a port before the one without.
#[must_use]
pub fn permit<'a>(permits: &'a [Permit], url: &Url) -> Option<&'a Permit> {
    permits.iter().filter(|permit| permit.host.covers(url)).max_by_key(|permit| permit.host.port.is_some())
}

fn place<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Place, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn words<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(serde::de::Error::custom(
            "a permitted host needs a reason, in one line: who permits it, and where",
        ));
    }
    Ok(text.to_owned())
}

fn seconds<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let wrong = || serde::de::Error::custom("pace is seconds from 0 to 3600");
    let seconds = f64::deserialize(from)?;
    let sound = (0.0..=3_600.0).contains(&seconds);
    Duration::try_from_secs_f64(seconds).ok().filter(|_| sound).map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Permit, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn a_permit_names_a_host_a_reason_and_perhaps_a_pace() {
        let one = parse("host = \"API.example.cn\"\nreason = \" contract 7 \"").unwrap();
        assert_eq!((one.host.to_string(), &*one.reason, one.pace), ("api.example.cn".to_owned(), "contract 7", None));
        let two = parse("host = \"127.0.0.1:80\"\nreason = \"ours\"\npace = 0").unwrap();
        assert_eq!(two.pace, Some(Duration::ZERO));
        let url = |text: &str| Url::parse(text).unwrap();
        let all = [one, two];
        for (address, covered) in [
            ("https://api.example.cn/x", true),
            ("http://api.example.cn.:8080/", true),
            ("https://example.cn/", false),
            ("https://x.api.example.cn/", false),
            ("http://127.0.0.1/", true),
            ("http://2130706433:80/", true),
            ("http://127.0.0.1:81/", false),
            ("https://127.0.0.1/", false),
        ] {
            assert_eq!(permit(&all, &url(address)).is_some(), covered, "{address}");
        }
        let six = parse("host = \"[::1]:8080\"\nreason = \"x\"").unwrap();
        assert!(six.host.covers(&url("http://[::1]:8080/")) && six.host.to_string() == "[::1]:8080");
    }

    #[test]
    fn the_entry_with_the_port_counts_before_the_one_without() {
        let text = |host: &str, pace: u32| format!("host = \"{host}\"\nreason = \"x\"\npace = {pace}");
        let all = [parse(&text("127.0.0.1:8080", 0)).unwrap(), parse(&text("127.0.0.1", 5)).unwrap()];
        let pace = |address: &str| permit(&all, &Url::parse(address).unwrap()).unwrap().pace.unwrap().as_secs();
        assert_eq!((pace("http://127.0.0.1:8080/"), pace("http://127.0.0.1:8081/")), (0, 5));
    }

    #[test]
    fn what_is_no_permit_is_refused() {
        for (text, why) in [
            ("host = \"*.example.cn\"\nreason = \"x\"", "not a host"),
            ("host = \"\"\nreason = \"x\"", "not a host"),
            ("host = \"a.cn:x\"\nreason = \"x\"", "not a host"),
            ("host = \"a.cn\"\nreason = \" \"", "needs a reason"),
            ("host = \"a.cn\"\nreason = \"a\\nb\"", "needs a reason"),
            ("host = \"a.cn\"", "missing field"),
            ("host = \"a.cn\"\nreason = \"x\"\npace = -1.0", "seconds"),
            ("host = \"a.cn\"\nreason = \"x\"\nrobots = false", "unknown field"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}

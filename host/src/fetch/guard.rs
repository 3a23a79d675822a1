//! Which addresses may be reached at all: nothing that lies inside someone's network.
//!
//! A plugin or a page that chooses addresses must not be able to turn the
//! host against its own surroundings (SSRF). So the host of the URL is checked in whatever
//! notation it came — the URL standard has already turned `0x7f.1`, `2130706433` and
//! `127.0.0.1.` into one form — and then each address that a name resolves to,
//! and all of it again at each redirect.
//!
//! What is public is said by the IANA special-purpose registries (RFC 6890 and its
//! updates); IPv6 is allowed by its one global block, 2000::/3, less
//! exceptions, so that what nobody thought of is refused. IPv4 inside IPv6 is refused
//! in all forms but one: NAT64 (RFC 6052), where the address inside decides, because on
//! some networks every IPv4 host looks like that.
//!
//! The operator may list exact `host:port` pairs inside the network
//! ([`Policy::private`]); a redirect never leads to one, except within the pair itself, and nor does an address
//! that only a page named ([`Session::public_only`](super::Session)).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// What the operator permits beyond the public web.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Hosts inside the network that may be reached: name or address as a URL writes it, and port.
    pub private: Vec<(String, u16)>,
}

impl Policy {
    /// Is this exactly a pair that the operator listed? Names are compared without a final dot and without case.
    #[must_use]
    pub fn lists(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return false;
        };
        self.private.iter().any(|(h, p)| *p == port && plain(h) == plain(host))
    }
}

fn plain(host: &str) -> String {
    host.trim_end_matches('.').trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

/// An address as it stands before a port.
fn bracketed(address: IpAddr) -> String {
    if address.is_ipv6() { format!("[{address}]") } else { address.to_string() }
}

/// Why an address is not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not `http` or `https`.
    #[error("only http and https are fetched: {0}")]
    Scheme(String),
    /// `user:password@` in the address.
    #[error("an address with a user name in it is not fetched")]
    UserInfo,
    /// A name that means something inside a network.
    #[error(
        "not a name of the public web: {0}; list it in [network] private if it is meant, in caifeng.toml: private = [\"{0}:PORT\"]"
    )]
    Name(String),
    /// An address that is not public.
    #[error("not a public address: {}; list it in [network] private if it is meant, in caifeng.toml: private = [\"{}:PORT\"]", .0, bracketed(*.0))]
    Address(IpAddr),
}

/// Checks an address before it is resolved. `true`: it is one of the operator's pairs, and resolved addresses need no check.
///
/// `from` is the address that redirected here, if one did.
///
/// # Errors
/// See [`Refusal`].
pub fn check_url(url: &Url, policy: &Policy, from: Option<&Url>) -> Result<bool, Refusal> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::UserInfo);
    }
    // Within the pair a redirect reaches nothing that the operator has not listed.
    if policy.lists(url) && from.is_none_or(|from| from.origin() == url.origin()) {
        return Ok(true);
    }
    match url.host() {
        Some(Host::Ipv4(address)) => check_address(address.into()),
        Some(Host::Ipv6(address)) => check_address(address.into()),
        Some(Host::Domain(name)) => check_name(name),
        None => Err(Refusal::Name(String::new())),
    }
    .map(|()| false)
}

/// Names that never belong to the public web (RFC 6761, 6762, 7686, 8375, 9476, and what clouds and routers use).
const INSIDE: [&str; 16] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "onion",
    "alt",
    "invalid",
    "test",
    "example",
    "consul",
];

fn check_name(name: &str) -> Result<(), Refusal> {
    let refused = || Err(Refusal::Name(name.to_owned()));
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let mut labels = name.rsplit('.');
    let last = labels.next().unwrap_or_default();
    // A name of one label is searched for in the local domains.
    if labels.next().is_none() || INSIDE.contains(&last) || name.contains("..") {
        return refused();
    }
    Ok(())
}

/// Checks an address that a name resolved to, or that stood in the URL.
///
/// # Errors
/// [`Refusal::Address`] unless it is a public unicast address.
pub fn check_address(address: IpAddr) -> Result<(), Refusal> {
    let public = match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    if public { Ok(()) } else { Err(Refusal::Address(address)) }
}

/// IANA IPv4 special-purpose registry, multicast, class E, and one cloud's metadata at a public address.
const SPECIAL_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([168, 63, 129, 16], 32), // Azure: metadata and DNS of the host
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !SPECIAL_V4.iter().any(|&(net, length)| within(bits.into(), Ipv4Addr::from(net).to_bits().into(), 32 - length))
}

/// Exceptions within 2000::/3 (IANA IPv6 special-purpose registry).
const SPECIAL_V6: [([u16; 3], u32); 5] = [
    ([0x2001, 0, 0], 23),         // IETF protocols: Teredo, benchmarking, ORCHID
    ([0x2001, 0xdb8, 0], 32),     // documentation
    ([0x2002, 0, 0], 16),         // 6to4: an IPv4 address inside
    ([0x2620, 0x4f, 0x8000], 48), // AS112
    ([0x3fff, 0, 0], 20),         // documentation
];

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    if let [0x64, 0xff9b, 0, 0, 0, 0, ..] = address.segments() {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    let net = |[a, b, c]: [u16; 3]| Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_bits();
    within(bits, net([0x2000, 0, 0]), 125)
        && !SPECIAL_V6.iter().any(|&(prefix, length)| within(bits, net(prefix), 128 - length))
}

/// Do the bits above the lowest `free` agree?
fn within(bits: u128, net: u128, free: u32) -> bool {
    bits >> free == net >> free
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<bool, Refusal> {
        check_url(&Url::parse(url).unwrap(), &Policy::default(), None)
    }

    #[test]
    fn every_notation_of_an_inner_address_is_refused() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0x7f.1/",
            "http://127.0.0.1./",
            "http://①②⑦.0.0.1/",
            "http://0/",
            "http://0.0.0.0/",
            "http://10.1.2.3/",
            "http://172.31.255.255/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.100.100.200/",
            "http://168.63.129.16/",
            "http://100.64.0.1/",
            "http://198.18.0.1/",
            "http://198.19.255.255/",
            "http://192.0.2.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:8.8.8.8]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::10.0.0.1]/",
            "http://[64:ff9b:1::1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:4136:e378:8000:63bf:3f57:fdf2]/",
            "http://[fe80::1]/",
            "http://[fec0::1]/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/",
            "http://[ff02::1]/",
            "http://[2001:db8::1]/",
            "http://[3fff::1]/",
            "http://[100::1]/",
            "http://[5f00::1]/",
            "http://[2001:2::1]/",
        ] {
            assert!(matches!(check(url), Err(Refusal::Address(_))), "{url}: {:?}", check(url));
        }
    }

    #[test]
    fn inner_names_other_schemes_and_credentials_are_refused() {
        for url in [
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://intranet/",
            "http://nas.local/",
            "http://metadata.google.internal/",
            "http://host.docker.internal/",
            "http://router.lan/",
            "http://1.0.0.127.in-addr.arpa/",
            "http://x.onion/",
            "http://a..b.cn/",
        ] {
            assert!(matches!(check(url), Err(Refusal::Name(_))), "{url}");
        }
        for url in
            ["file:///etc/passwd", "ftp://a.cn/", "gopher://a.cn:70/", "data:text/html,x", "ws://a.cn/", "javascript:1"]
        {
            assert!(matches!(check(url), Err(Refusal::Scheme(_))), "{url}");
        }
        for url in ["http://a@b.cn/", "http://a:b@b.cn/", "http://:b@b.cn/"] {
            assert_eq!(check(url), Err(Refusal::UserInfo), "{url}");
        }
    }

    #[test]
    fn the_public_web_is_reached() {
        for url in [
            "http://www.gov.cn/",
            "https://例子.中国/",
            "http://114.114.114.114/",
            "http://[2400:3200::1]/",
            "http://[64:ff9b::114.114.114.114]/",
            "http://172.32.0.1/",
            "http://100.128.0.1/",
            "http://198.20.0.1/",
            "http://223.255.255.255/",
            "http://a.cn.:8080/",
            "http://localhost.gov.cn/",
        ] {
            assert_eq!(check(url), Ok(false), "{url}");
        }
    }

    #[test]
    fn a_listed_pair_is_exact_and_never_reached_by_redirect() {
        let policy = Policy {
            private: vec![("127.0.0.1".to_owned(), 8080), ("Wiki.local".to_owned(), 80), ("::1".to_owned(), 9)],
        };
        let url = |text: &str| Url::parse(text).unwrap();
        let check = |text: &str, from: Option<&str>| check_url(&url(text), &policy, from.map(url).as_ref());
        for listed in ["http://127.0.0.1:8080/x", "http://wiki.local./", "http://2130706433:8080/", "http://[::1]:9/"] {
            assert_eq!(check(listed, None), Ok(true), "{listed}");
            assert!(check(listed, Some("http://www.gov.cn/")).is_err(), "{listed}");
        }
        for other in [
            "http://127.0.0.1/",
            "http://127.0.0.1:8081/",
            "http://127.0.0.2:8080/",
            "https://wiki.local/",
            "http://a.wiki.local/",
        ] {
            assert!(check(other, None).is_err(), "{other}");
        }
        assert_eq!(check("http://127.0.0.1:8080/b", Some("http://127.0.0.1:8080/a")), Ok(true));
        assert!(check("http://127.0.0.1:8080/", Some("http://wiki.local/")).is_err());
        assert!(check("http://127.0.0.1:8080/", Some("https://127.0.0.1:8080/")).is_err());
    }

    #[test]
    fn the_published_forms_are_judged_as_published() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/url/ssrf_hosts.jsonl");
        let Ok(rows) = std::fs::read_to_string(path) else {
            println!("skipped: no recorded data beside the repository");
            return;
        };
        for row in rows.lines() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let input = row["input"].as_str().unwrap();
            let passed = match row["kind"].as_str().unwrap() {
                "ip" => check_address(input.parse().unwrap()).is_ok(),
                _ => {
                    let base = row["base"].as_str().map(|base| Url::parse(base).unwrap());
                    let url = Url::options().base_url(base.as_ref()).parse(input).unwrap();
                    check_url(&url, &Policy::default(), None).is_ok()
                }
            };
            assert_eq!(passed, !row["blocked"].as_bool().unwrap(), "{input}");
        }
    }
}

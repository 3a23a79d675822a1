//! What a plugin asks for, in words that a person can say yes or no to; pure.

use std::fmt;

use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::manifest::{Attach, Manifest};

/// One thing that a plugin asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To have these hosts asked.
    Reach(HostPattern),
    /// To have a credential of the operator sent there.
    Send {
        /// What the operator keeps it under.
        name: String,
        /// Where in a request it goes.
        attach: Attach,
        /// The hosts that get it.
        to: HostPattern,
    },
    /// Mebibytes of memory in a call, where it asks for some number of them.
    Memory(u32),
    /// Milliseconds of a call, where it asks for some number of them.
    Time(u32),
}

impl Wish {
    /// Everything that a manifest asks for, in its order.
    #[must_use]
    pub fn all(manifest: &Manifest) -> Vec<Self> {
        let reach = manifest.network.allow.iter().cloned().map(Self::Reach);
        let send = manifest.secrets.iter().map(|secret| Self::Send {
            name: secret.name.clone(),
            attach: secret.attach.clone(),
            to: secret.to.clone(),
        });
        let memory = manifest.limits.memory_mib.map(Self::Memory);
        let time = manifest.limits.time_ms.map(Self::Time);
        reach.chain(send).chain(memory).chain(time).collect()
    }

    /// What `new` asks for and `old` did not.
    #[must_use]
    pub fn more(old: &Manifest, new: &Manifest) -> Vec<Self> {
        let old = Self::all(old);
        let covered = |wish: &Self| old.iter().any(|had| wish.within(had));
        Self::all(new).into_iter().filter(|wish| !covered(wish)).collect()
    }

    /// Whether granting `other` grants this.
    fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Reach(host), Self::Reach(other)) => host.within(other),
            (Self::Send { name, attach, to }, Self::Send { name: had, attach: so, to: there }) => {
                name == had && attach == so && to.within(there)
            }
            (Self::Memory(wish), Self::Memory(had)) | (Self::Time(wish), Self::Time(had)) => wish <= had,
            _ => false,
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |pattern: &HostPattern| match pattern {
            HostPattern::Target => "the site that each of your watches names".to_owned(),
            HostPattern::Exact(name) => name.clone(),
            HostPattern::Below(domain) => format!("every host below {domain}"),
        };
        match self {
            Self::Reach(host) => write!(f, "read from {}", place(host)),
            Self::Send { name, attach, to } => {
                let how = match attach {
                    Attach::Bearer => "as a bearer token".to_owned(),
                    Attach::Header(field) => format!("in the header field {field}"),
                    Attach::Cookie(cookie) => format!("as the cookie {cookie}"),
                    Attach::Query(parameter) => format!("as the parameter {parameter} of the address"),
                };
                write!(f, "have your credential {name:?} sent to {}, {how} (it never sees it itself)", place(to))
            }
            Self::Memory(mib) => write!(f, "use up to {mib} MiB of memory in a call"),
            Self::Time(ms) => write!(f, "use up to {ms} ms of a processor in a call"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(rest: &str) -> Manifest {
        let head = "id = \"board\"\nversion = \"0.1.0\"\nname = \"A\"\nlicence = \"MIT\"\n";
        Manifest::parse(&format!("{head}{rest}")).unwrap()
    }

    fn words(wishes: &[Wish]) -> Vec<String> {
        wishes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_person_can_read_them() {
        let all = Wish::all(&manifest(
            "[network]\nallow = [\"target\", \"api.a.cn\", \"*.b.cn\"]\n[[secret]]\nname = \"sid\"\nattach = \"cookie:SID\"\nto = \"api.a.cn\"\n[limits]\nmemory-mib = 32",
        ));
        assert_eq!(
            words(&all),
            [
                "read from the site that each of your watches names",
                "read from api.a.cn",
                "read from every host below b.cn",
                "have your credential \"sid\" sent to api.a.cn, as the cookie SID (it never sees it itself)",
                "use up to 32 MiB of memory in a call",
            ]
        );
        assert_eq!(Wish::all(&manifest("")), []);
    }

    #[test]
    fn only_what_goes_further_is_more() {
        let old = manifest("[network]\nallow = [\"*.a.cn\"]\n[limits]\nmemory-mib = 32");
        assert_eq!(Wish::more(&old, &manifest("[network]\nallow = [\"x.a.cn\"]\n[limits]\nmemory-mib = 16")), []);
        let more = Wish::more(&old, &manifest("[network]\nallow = [\"a.cn\", \"*.a.cn\"]\n[limits]\nmemory-mib = 33"));
        assert_eq!(words(&more), ["read from a.cn", "use up to 33 MiB of memory in a call"]);
        let send =
            "[network]\nallow = [\"*.a.cn\"]\n[[secret]]\nname = \"sid\"\nattach = \"cookie:SID\"\nto = \"*.a.cn\"";
        assert_eq!(Wish::more(&old, &manifest(send)).len(), 1);
        let other = send.replace("cookie:SID", "query:sid");
        assert_eq!(Wish::more(&manifest(send), &manifest(&other)).len(), 1);
    }
}

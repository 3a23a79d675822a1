//! Where a plugin lies in a registry, and what can be wrong there; the requests are in [`live`](super::live).

use std::str::FromStr;

use url::Url;

use super::guard::Refusal;

/// `oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:…]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Reference {
    authority: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
    plain: bool,
    login: Option<(String, String)>,
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// Why a registry gave or took nothing, by who must act.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Whoever wrote it must write another.
    #[error("not a place in a registry, write oci://HOST/REPOSITORY:TAG: {0}")]
    Reference(String),
    /// Whoever wrote it must write it otherwise.
    #[error("not a place in a registry: a repository is written in lower case, as {0}")]
    Case(String),
    /// The guard does not allow the address: the operator must list it.
    #[error("{0}")]
    Refused(Refusal),
    /// Unencrypted, outside of the operator's network.
    #[error(
        "--plain-http is for registries that [network] private lists: what comes without https can be anybody's; if this one is yours, write private = [\"{0}\"] under [network] in caifeng.toml"
    )]
    Plain(String),
    /// Another plugin has that name already: whoever publishes it must choose.
    #[error(
        "{place}: another file is published there ({there}), which people may have installed: raise the version, or put this one in its place with --replace"
    )]
    Taken {
        /// Where.
        place: String,
        /// The digest of what is there.
        there: String,
    },
    /// It does not let this login, or anybody without one, do that.
    #[error(
        "{0} does not allow this (status {1}): name a file with USER:PASSWORD by --login-file, or ask whoever runs it"
    )]
    Denied(String, u16),
    /// Nothing is there.
    #[error("{0}: the registry has no such plugin: look at the name and the tag")]
    Missing(String),
    /// Nothing is there by that name, but by others: whoever wrote it must name one.
    #[error("{place}: {}; there are: {}", if *.named { "the registry has no such plugin" } else { "no tag was named, and none is latest: name one" }, .tags.join(", "))]
    Tags {
        /// What was asked for.
        place: String,
        /// Whether a tag was.
        named: bool,
        /// The first of those that are there.
        tags: Vec<String>,
    },
    /// What is there is no plugin.
    #[error("{0}: what is there is no plugin, its author must publish it with caifeng plugin publish: {1}")]
    Foreign(String, String),
    /// It sent something else than it promised.
    #[error(
        "{0}: the registry sent something else than it promised, and nothing of it was taken; whoever runs it must act: {1}"
    )]
    Lies(String, String),
    /// A status that the specification does not have there.
    #[error("{0}: the registry answered with status {1}: try again later, or ask whoever runs it")]
    Status(String, u16),
    /// Longer than it may be.
    #[error("the registry sent more than an answer of its kind may have")]
    TooLong,
    /// The network.
    #[error("no answer from the registry: {0}")]
    Unanswered(String),
}

impl FromStr for Reference {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let wrong = || RegistryError::Reference(text.to_owned());
        let rest = text.strip_prefix("oci://").ok_or_else(wrong)?;
        let (authority, path) = rest.split_once('/').ok_or_else(wrong)?;
        let (path, digest) = match path.split_once('@') {
            Some((path, digest)) => (path, Some(digest.to_owned())),
            None => (path, None),
        };
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag.to_owned())),
            None => (path, None),
        };
        // The alphabets of the distribution specification, §"Pulling manifests".
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(plain) && !part.contains("..")
        };
        let tagged = |tag: &String| {
            tag.len() <= 128
                && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        let hashed = |digest: &String| {
            digest
                .strip_prefix("sha256:")
                .is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')))
        };
        let host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        let lower = repository.to_lowercase();
        if lower != repository && lower.split('/').all(part) {
            return Err(RegistryError::Case(text.replacen(repository, &lower, 1)));
        }
        let right = !authority.is_empty()
            && authority.chars().all(host)
            && repository.split('/').all(part)
            && tag.as_ref().is_none_or(tagged)
            && digest.as_ref().is_none_or(hashed);
        if !right {
            return Err(wrong());
        }
        let (authority, repository) = (authority.to_owned(), repository.to_owned());
        Ok(Self { authority, repository, tag, digest, plain: false, login: None })
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "oci://{}/{}", self.authority, self.repository)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

impl Reference {
    /// Reached without https.
    #[must_use]
    pub fn plain_http(self, plain: bool) -> Self {
        Self { plain, ..self }
    }

    /// Reached as this user.
    #[must_use]
    pub fn as_user(self, login: Option<(String, String)>) -> Self {
        Self { login, ..self }
    }

    /// With this tag where it names none.
    #[must_use]
    pub fn or_tag(self, tag: &str) -> Self {
        let tag = self.tag.or_else(|| self.digest.is_none().then(|| tag.to_owned()));
        Self { tag, ..self }
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The digest of the manifest, where it is named by that.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    pub(super) fn login(&self) -> Option<&(String, String)> {
        self.login.as_ref()
    }

    /// Whether a tag is named.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        self.tag.is_some()
    }

    /// The same place by another tag, if that is one.
    pub(super) fn tagged(&self, tag: &str) -> Option<Self> {
        let named = Self { tag: None, digest: None, ..self.clone() };
        format!("{named}:{tag}").parse().ok().map(|at: Self| at.plain_http(self.plain))
    }

    /// The registry, as `[network] private` lists it.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// What the manifest is asked for by.
    pub(super) fn name(&self) -> &str {
        self.digest.as_deref().or(self.tag.as_deref()).unwrap_or("latest")
    }

    /// An address below the repository.
    pub(super) fn at(&self, rest: &str) -> Result<Url, RegistryError> {
        let scheme = if self.plain { "http" } else { "https" };
        let address = format!("{scheme}://{}/v2/{}/{rest}", self.authority, self.repository);
        Url::parse(&address).map_err(|_| RegistryError::Reference(self.to_string()))
    }

    pub(super) fn lies(&self, what: String) -> RegistryError {
        RegistryError::Lies(self.to_string(), what)
    }

    pub(super) fn foreign(&self, what: String) -> RegistryError {
        RegistryError::Foreign(self.to_string(), what)
    }

    /// What a status means that is none of `right`.
    pub(super) fn expects(&self, status: u16, right: &[u16]) -> Result<(), RegistryError> {
        match status {
            status if right.contains(&status) => Ok(()),
            401 | 403 => Err(RegistryError::Denied(self.to_string(), status)),
            404 => Err(RegistryError::Missing(self.to_string())),
            _ => Err(RegistryError::Status(self.to_string(), status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_registry_is_written_one_way() {
        let hash = "0".repeat(64);
        for right in [
            "oci://ghcr.io/a/board:0.1.0",
            "oci://127.0.0.1:5000/board",
            "oci://[::1]:5000/a/b-c/d_e:latest",
            &format!("oci://a.cn/b@sha256:{hash}"),
            &format!("oci://a.cn/b:1@sha256:{hash}"),
        ] {
            assert_eq!(right.parse::<Reference>().unwrap().to_string(), right);
        }
        for wrong in [
            "https://a.cn/b",
            "oci://a.cn",
            "oci:///b",
            "oci://user:pass@a.cn/b",
            "oci://a.cn/B",
            "oci://a.cn/../v2/b",
            "oci://a.cn/b:../c",
            "oci://a.cn/b?x",
            "oci://a.cn/b@sha256:00",
            "oci://a.cn/b@md5:00",
        ] {
            assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
        }
        let shouted = "oci://ghcr.io/You/board:0.1.0".parse::<Reference>().unwrap_err().to_string();
        assert!(shouted.ends_with("lower case, as oci://ghcr.io/you/board:0.1.0"), "{shouted}");
        let place: Reference = "oci://a.cn/b".parse().unwrap();
        assert_eq!(place.at("x").unwrap().as_str(), "https://a.cn/v2/b/x");
        assert_eq!(place.clone().plain_http(true).or_tag("1").at("x").unwrap().as_str(), "http://a.cn/v2/b/x");
        let shown = format!("{:?}", place.as_user(Some(("u".into(), "geheim".into()))));
        assert!(!shown.contains("geheim"));
    }
}

//! A file that somebody offers as a plugin: whether it may take the place that it names; pure.
//!
//! Its signer is pinned when it is met first (trust on first use), and stays pinned when the plugin is removed: who comes
//! later under the same name must hold the same key, and must not bring back an older version, with what was wrong in it.
//! Both may be allowed, each by a word of its own that a person types.

use caifeng_plugin_host::artifact::{Artifact, Digest};
use serde::{Deserialize, Serialize};

use crate::signature::{SignatureError, Signed, Signer, verify};

/// What is remembered of a plugin that was taken once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Its id.
    pub plugin: String,
    /// Whose signature it has; `None` where it had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// The last version that was let run; `None` where it only waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whose signature the version has that waits, where that is somebody else: pinned when it is let run, not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
}

/// Somebody who would be pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// Whose signature; `None` where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
}

impl Pin {
    /// What is remembered once a version by `signer` is laid aside (it `waits`) or let run.
    #[must_use]
    pub fn next(before: Option<&Self>, plugin: &str, signer: Option<&Signer>, waits: bool) -> Self {
        match before {
            Some(before) if waits && before.signer.as_ref() != signer => {
                Self { waiting: Some(Waiting { signer: signer.cloned() }), ..before.clone() }
            }
            _ => Self {
                plugin: plugin.to_owned(),
                signer: signer.cloned(),
                version: before.and_then(|before| before.version.clone()),
                waiting: None,
            },
        }
    }

    /// Whose signature the version must have that waits.
    #[must_use]
    pub fn expected(&self) -> Option<&Signer> {
        self.waiting.as_ref().map_or(self.signer.as_ref(), |waiting| waiting.signer.as_ref())
    }
}

/// What a person has allowed beyond the usual.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed {
    /// Another key than the pinned one, or none.
    pub signer: bool,
    /// An older version, or another file of the same.
    pub downgrade: bool,
    /// To stand in for a plugin of the release.
    pub shipped: bool,
}

/// What stands where the offered file would stand.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// The version that is installed.
    pub installed: Option<&'a Artifact>,
    /// Whether the release has a plugin of this id.
    pub shipped: bool,
    /// What is remembered of it.
    pub pin: Option<&'a Pin>,
}

/// Why a file is not taken: what, which version, and who must act.
#[derive(Debug, thiserror::Error)]
#[error("plugin {plugin} {version}: {why}")]
pub struct Refused {
    /// The id.
    pub plugin: String,
    /// The version that was offered.
    pub version: String,
    /// Why.
    pub why: Why,
}

/// See [`Refused`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It is there already.
    #[error("{0} is installed: take it with caifeng plugin upgrade")]
    Installed(String),
    /// It is not there.
    #[error("it is not installed: take it with caifeng plugin install")]
    NotInstalled,
    /// The signature proves nothing.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Signed by somebody else.
    #[error(
        "it is signed by {found}, and was signed by {pinned} when it was installed: ask its author, by another way than the one it came, whether the key is theirs; --new-signer trusts it from then on"
    )]
    Signer {
        /// Whose signature it has.
        found: Signer,
        /// Whose it had.
        pinned: Signer,
    },
    /// Not signed any more.
    #[error(
        "it is not signed, and was signed by {0} when it was installed: ask its author for the signature, a file named .minisig beside it; --new-signer takes it without"
    )]
    Unsigned(Signer),
    /// Older than what was there.
    #[error("it is older than {0}, which was let run here: name a newer file; --downgrade goes back")]
    Older(String),
    /// The same version and other bytes.
    #[error(
        "it is another file than the one of the same version that was let run here (sha256 {0}): its author must give it a version of its own; --downgrade takes it"
    )]
    Another(Digest),
    /// A plugin of the release has this id.
    #[error(
        "the release has a plugin of this name, in whose place it would run: its author must name it otherwise; --replace-shipped takes it"
    )]
    Shipped,
}

impl Refused {
    /// With the name of what was offered.
    #[must_use]
    pub fn of(artifact: &Artifact, why: Why) -> Self {
        let manifest = artifact.manifest();
        Self { plugin: manifest.id.clone(), version: manifest.version.clone(), why }
    }
}

/// Who signed the offered file, if it may stand where it wants to; `None` where nobody has signed it and nobody need.
/// `named` is the key that a person has named.
///
/// # Errors
/// See [`Why`].
pub fn judge(
    offered: &Artifact,
    signature: Option<&str>,
    named: Option<&Signer>,
    known: &Known<'_>,
    allowed: Allowed,
) -> Result<Option<Signer>, Refused> {
    let refused = |why: Why| Refused::of(offered, why);
    let manifest = offered.manifest();
    if known.shipped && known.installed.is_none() && !allowed.shipped {
        return Err(refused(Why::Shipped));
    }
    let pinned = known.pin.and_then(|pin| pin.signer.as_ref());
    let signer = match signature {
        Some(text) => {
            let of = Signed { plugin: manifest.id.clone(), version: manifest.version.clone() };
            // The pinned key is the one to try where the signature names none.
            let expected = named.or_else(|| pinned.filter(|_| !allowed.signer));
            match verify(offered.bytes(), text, &of, expected) {
                Err(SignatureError::Another { found, expected }) if named.is_none() => {
                    let found = found.parse::<Signer>();
                    let pinned = expected.parse::<Signer>();
                    let (Ok(found), Ok(pinned)) = (found, pinned) else {
                        return Err(refused(
                            SignatureError::Another { found: "a key that it does not name".to_owned(), expected }
                                .into(),
                        ));
                    };
                    return Err(refused(Why::Signer { found, pinned }));
                }
                other => Some(other.map_err(|error| refused(error.into()))?),
            }
        }
        None => None,
    };
    match (&signer, pinned) {
        _ if allowed.signer => {}
        (Some(found), Some(pinned)) if found != pinned => {
            return Err(refused(Why::Signer { found: found.clone(), pinned: pinned.clone() }));
        }
        (None, Some(pinned)) => return Err(refused(Why::Unsigned(pinned.clone()))),
        _ => {}
    }
    let last = known.installed.map(|artifact| artifact.manifest().version.as_str());
    let last =
        last.into_iter().chain(known.pin.and_then(|pin| pin.version.as_deref())).max_by_key(|version| parts(version));
    if let Some(last) = last
        && !allowed.downgrade
    {
        if parts(&manifest.version) < parts(last) {
            return Err(refused(Why::Older(last.to_owned())));
        }
        if let Some(installed) = known.installed
            && installed.manifest().version == manifest.version
            && installed.digest() != offered.digest()
        {
            return Err(refused(Why::Another(installed.digest())));
        }
    }
    Ok(signer)
}

/// `major.minor.patch` in the order of numbers.
fn parts(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

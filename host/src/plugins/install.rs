//! How a plugin comes in, is allowed, goes on and goes; commands and pages take these very steps.
//!
//! An [`Offer`] is a file that was found to be in its place: who signed it, what it would stand in for, what it asks for that
//! nobody has allowed. Its laws are tried [beside](super::card), which takes a while. Then, one person at a time
//! ([`Shelf::turn`]), it is judged once more against what is there now, the change is written into the record, and only then
//! are files moved. So two who install at once are told of each other, and a change that nobody may make, or that could not be
//! written down, changes nothing. A change that the disk refuses after that is in the record and did not happen: the error says
//! so, and the same step can be taken again.

use caifeng_plugin_host::address::HostPattern;
use caifeng_plugin_host::artifact::{Artifact, Digest};

use super::PluginError;
use super::offer::{Allowed, Known, Pin, Refused, Why, judge};
use super::shelf::{Package, Shelf, ShelfError};
use super::suspension::Suspensions;
use super::wishes::Wish;
use crate::control::Refusal;
use crate::signature::Signer;
use crate::user::{PluginChange, PluginStep};

/// Whether a plugin of the name is expected to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// No.
    Install,
    /// Yes.
    Upgrade,
    /// Whichever it is.
    Either,
}

/// What a person says of an offered file besides handing it over.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whether one is expected to be there.
    pub way: Way,
    /// The key that must have signed it.
    pub signer: Option<Signer>,
    /// What is allowed beyond the usual.
    pub allowed: Allowed,
    /// The release has a plugin of this id.
    pub shipped: bool,
}

/// Why nothing was changed, by who must act.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Whoever offers the file, or its author.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The shelf.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// Somebody else was faster.
    #[error("plugin {0:?} was changed by somebody else meanwhile: look again, then decide")]
    Meanwhile(String),
    /// Whoever asked must name another.
    #[error("plugin {0:?} neither waits nor is installed: see caifeng plugin list")]
    Missing(String),
    /// Whoever asked must name another.
    #[error("plugin {0:?} is not suspended: see caifeng plugin list")]
    Awake(String),
    /// Whoever asked must name hosts that the plugin asks for.
    #[error("plugin {plugin} {version} does not ask for {host}: name hosts of {asked}")]
    Beyond {
        /// Which plugin.
        plugin: String,
        /// Its version.
        version: String,
        /// What was named.
        host: String,
        /// What it asks for.
        asked: String,
    },
}

impl From<InstallError> for Refusal {
    fn from(error: InstallError) -> Self {
        match &error {
            InstallError::Missing(_) | InstallError::Awake(_) | InstallError::Beyond { .. } => {
                Self::Usage(error.to_string())
            }
            InstallError::Refused(_) | InstallError::Meanwhile(_) => Self::Refused(error.to_string()),
            InstallError::Shelf(ShelfError::File { .. }) => Self::Internal(error.to_string()),
            InstallError::Shelf(_) => Self::Refused(error.to_string()),
        }
    }
}

/// A file that may take the place that it names, and what a person must know before it does.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The file.
    pub package: Package,
    /// What it takes the place of.
    pub before: Option<Artifact>,
    /// Who signed it.
    pub signer: Option<Signer>,
    /// What the version before may reach; `None` where it was allowed nothing.
    granted: Option<Vec<HostPattern>>,
    pin: Option<Pin>,
    wanted: Wanted,
}

impl Offer {
    /// Looks at a file and at what is there.
    ///
    /// # Errors
    /// It may not take that place, or what is there cannot be read.
    pub fn of(shelf: &Shelf, package: Package, wanted: Wanted) -> Result<Self, InstallError> {
        let id = &package.artifact.manifest().id;
        let installed = shelf.installed(id)?;
        // A broken file may be replaced, and says nothing of versions.
        let before = installed.as_ref().and_then(|found| found.artifact.as_ref().ok()).cloned();
        let refused = |why| Refused::of(&package.artifact, why);
        match (wanted.way, &before) {
            (Way::Install, Some(old)) => return Err(refused(Why::Installed(old.manifest().version.clone())).into()),
            (Way::Upgrade, None) if installed.is_none() => return Err(refused(Why::NotInstalled).into()),
            _ => {}
        }
        let pin = shelf.pin(id)?;
        let known = Known { installed: before.as_ref(), shipped: wanted.shipped, pin: pin.as_ref() };
        let signature = package.signature.as_deref();
        let signer = judge(&package.artifact, signature, wanted.signer.as_ref(), &known, wanted.allowed)?;
        let granted = match &before {
            Some(old) => shelf.grants()?.network(old).map(<[HostPattern]>::to_vec),
            None => None,
        };
        Ok(Self { package, before, signer, granted, pin, wanted })
    }

    /// The offered plugin.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        &self.package.artifact
    }

    /// Whether a version before it was allowed something, so that only what goes further is asked for.
    #[must_use]
    pub fn upgrades(&self) -> bool {
        self.before.is_some() && self.granted.is_some()
    }

    /// Whether it is known who signed what was there before.
    #[must_use]
    pub fn pinned(&self) -> bool {
        self.pin.is_some()
    }

    /// Whether what was there before was known, and had no signature.
    #[must_use]
    pub fn was_unsigned(&self) -> bool {
        self.pin.as_ref().is_some_and(|pin| pin.signer.is_none())
    }

    /// Whether the same key signed what was there before.
    #[must_use]
    pub fn signer_is_known(&self) -> bool {
        self.pin.as_ref().is_some_and(|pin| pin.signer == self.signer)
    }

    /// What nobody has allowed yet.
    #[must_use]
    pub fn more(&self) -> Vec<Wish> {
        let manifest = self.artifact().manifest();
        match (&self.before, &self.granted) {
            (Some(old), Some(_)) => Wish::more(old.manifest(), manifest),
            _ => Wish::all(manifest),
        }
    }

    /// What it was seen to stand in for.
    fn seen(&self) -> (Option<Digest>, Option<&Pin>, Option<&[HostPattern]>) {
        (self.before.as_ref().map(Artifact::digest), self.pin.as_ref(), self.granted.as_deref())
    }

    /// Lets it run, with these hosts or, where it asks for no more than the version before, with what that one had; else puts it
    /// aside. `note` writes the change down first. `true`: it runs.
    ///
    /// # Errors
    /// Something else is there meanwhile, `note` refuses, or the disk does.
    pub fn take<E: From<InstallError>>(
        &self,
        shelf: &Shelf,
        allow: Option<&[HostPattern]>,
        note: impl FnOnce(PluginChange) -> Result<(), E>,
    ) -> Result<bool, E> {
        let manifest = self.artifact().manifest();
        let asked = &manifest.network.allow;
        if let Some(allow) = allow {
            within(self.artifact(), allow)?;
        }
        let _turn = shelf.turn().map_err(InstallError::from)?;
        let now = Self::of(shelf, self.package.clone(), self.wanted.clone())?;
        if now.seen() != self.seen() {
            return Err(InstallError::Meanwhile(manifest.id.clone()).into());
        }
        let runs = allow.is_some() || self.more().is_empty();
        // Nothing more was asked: what the operator has left out before stays left out.
        let network = allow.or(self.granted.as_deref()).unwrap_or(asked);
        let change = match (runs, &self.before) {
            (false, _) => PluginStep::PutAside,
            (true, None) => PluginStep::Installed,
            (true, Some(_)) => PluginStep::Upgraded,
        };
        note(told(change, self.artifact(), self.signer.as_ref(), if runs { network } else { &[] }))?;
        let pin = Pin::next(self.pin.as_ref(), &manifest.id, self.signer.as_ref(), !runs);
        let kept = shelf
            .remember(pin)
            .and_then(|()| if runs { shelf.let_run(&self.package, network) } else { shelf.put_aside(&self.package) });
        kept.map_err(InstallError::from)?;
        Ok(runs)
    }
}

/// Refuses hosts that a plugin does not ask for.
fn within(artifact: &Artifact, network: &[HostPattern]) -> Result<(), InstallError> {
    let manifest = artifact.manifest();
    let asked = &manifest.network.allow;
    let beyond = network.iter().find(|host| !asked.iter().any(|asked| host.within(asked)));
    beyond.map_or(Ok(()), |host| {
        let all: Vec<String> = asked.iter().map(ToString::to_string).collect();
        Err(InstallError::Beyond {
            plugin: manifest.id.clone(),
            version: manifest.version.clone(),
            host: host.to_string(),
            asked: all.join(", "),
        })
    })
}

fn told(change: PluginStep, artifact: &Artifact, signer: Option<&Signer>, network: &[HostPattern]) -> PluginChange {
    let manifest = artifact.manifest();
    PluginChange {
        change,
        plugin: manifest.id.clone(),
        version: manifest.version.clone(),
        sha256: artifact.digest().to_string(),
        signer: signer.map(ToString::to_string),
        network: network.iter().map(ToString::to_string).collect(),
    }
}

/// What is to be allowed under an id: what waits, looked at again, for it has lain about; else what is installed.
///
/// # Errors
/// There is neither, or it is not what it was.
pub fn subject(shelf: &Shelf, id: &str) -> Result<(Package, Option<Signer>), InstallError> {
    let pin = shelf.pin(id)?;
    if let Some(package) = shelf.waiting(id)? {
        let known = Known { pin: pin.as_ref(), ..Known::default() };
        // An older version waits only where somebody wanted it, and so does one by another key.
        let another = pin.as_ref().is_some_and(|pin| pin.waiting.is_some());
        let allowed = Allowed { downgrade: true, signer: another, ..Allowed::default() };
        let expected = pin.as_ref().and_then(Pin::expected).filter(|_| another);
        let signer = judge(&package.artifact, package.signature.as_deref(), expected, &known, allowed)?;
        return Ok((package, signer));
    }
    let Some(package) = shelf.running(id)? else { return Err(InstallError::Missing(id.to_owned())) };
    Ok((package, pin.and_then(|pin| pin.signer)))
}

/// Allows what a plugin asks for, or these hosts of it, and lets it run; which file that is, and which hosts. With `seen`, only
/// that very file.
///
/// # Errors
/// There is no such plugin, it asks for less, `note` refuses, or the disk does.
pub fn grant<E: From<InstallError>>(
    shelf: &Shelf,
    id: &str,
    (network, seen): (Option<&[HostPattern]>, Option<&str>),
    note: impl FnOnce(PluginChange) -> Result<(), E>,
) -> Result<(Package, Vec<HostPattern>), E> {
    let _turn = shelf.turn().map_err(InstallError::from)?;
    let (package, signer) = subject(shelf, id)?;
    if seen.is_some_and(|seen| seen != package.artifact.digest().to_string()) {
        return Err(InstallError::Meanwhile(id.to_owned()).into());
    }
    let network = network.unwrap_or(&package.artifact.manifest().network.allow).to_vec();
    within(&package.artifact, &network)?;
    note(told(PluginStep::Granted, &package.artifact, signer.as_ref(), &network))?;
    shelf.let_run(&package, &network).map_err(InstallError::from)?;
    Ok((package, network))
}

/// Takes a plugin away, with what it was allowed and what waits; its signer is forgotten only if `forget` says so.
///
/// # Errors
/// There is none, `note` refuses, or the disk does.
pub fn remove<E: From<InstallError>>(
    shelf: &Shelf,
    id: &str,
    forget: bool,
    note: impl FnOnce(PluginChange) -> Result<(), E>,
) -> Result<(), E> {
    let _turn = shelf.turn().map_err(InstallError::from)?;
    let installed = shelf.installed(id).map_err(InstallError::from)?;
    // A file that waits and is damaged can be taken away, too.
    let waits = shelf.waiting(id).map(|waiting| waiting.map(|package| package.artifact));
    let waiting = match waits {
        Err(ShelfError::Plugin(PluginError::Broken { .. })) => Some(None),
        waiting => waiting.map_err(InstallError::from)?.map(Some),
    };
    if installed.is_none() && waiting.is_none() {
        return Err(InstallError::Missing(id.to_owned()).into());
    }
    let artifact = installed.and_then(|found| found.artifact.ok()).or(waiting.flatten());
    let change = artifact.as_ref().map_or_else(
        || PluginChange {
            change: PluginStep::Removed,
            plugin: id.to_owned(),
            version: String::new(),
            sha256: String::new(),
            signer: None,
            network: Vec::new(),
        },
        |artifact| told(PluginStep::Removed, artifact, None, &[]),
    );
    note(change)?;
    shelf.take_away(id, forget).map_err(InstallError::from)?;
    Ok(())
}

/// Lets a plugin go on that rests.
///
/// # Errors
/// It does not rest, `note` refuses, or the disk does.
pub fn resume<E: From<InstallError>>(
    shelf: &Shelf,
    suspensions: &Suspensions,
    id: &str,
    note: impl FnOnce(PluginChange) -> Result<(), E>,
) -> Result<(), E> {
    let _turn = shelf.turn().map_err(InstallError::from)?;
    let Some(resting) = suspensions.all().into_iter().find(|one| one.plugin == id) else {
        return Err(InstallError::Awake(id.to_owned()).into());
    };
    note(PluginChange {
        change: PluginStep::Resumed,
        plugin: resting.plugin,
        version: resting.version,
        sha256: resting.digest,
        signer: None,
        network: Vec::new(),
    })?;
    let resumed = suspensions.resume(id);
    let resumed = resumed.map_err(|source| ShelfError::File { path: shelf.suspended(), source });
    resumed.map(drop).map_err(|error| InstallError::from(error).into())
}

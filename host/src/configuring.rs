//! Changes to the configuration while Caifeng runs: who may, is it right, onto the disk, into the record, into force.
//!
//! The configuration is a file that people keep, and stays one: a page that changes it writes the file, by
//! [`config::edit`](crate::config::edit), and holds it against what is installed exactly as `caifeng config check` does. What
//! is not in order is refused as a whole and nothing is changed. Then the new file is written beside the old one and on
//! disk, the change is an entry of the record with the file's digest, and the new file takes the old one's place; so nobody
//! reads half a file, and a change that nobody wrote down does not come into force.
//!
//! What the daemon takes up at once: watches with their budgets and pauses, topics, `@names`, the organisation's names and
//! accounts, channels with their secrets, and how long things are kept. The zone, the network, classifiers and sign-in are read
//! when it starts.
//!
//! Secrets of a channel go into `secrets.toml`, which only its owner reads, and from there nowhere but to the channel: a page
//! can write one and never read it back, and the record says that it was changed and not what it is.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::calendar::Calendar;
use crate::config::edit::{Change, EditError, Edited, edited, with_channel_secrets};
use crate::config::{Config, Organisation, Reading};
use crate::control::{Owner, Refusal};
use crate::current::Current;
use crate::fetch::secrets::{NewSecrets, Secrets, SecretsError};
use crate::hex::hex;
use crate::notify::courier::Courier;
use crate::notify::route::Routes;
use crate::plan::Plan;
use crate::store::Caller;
use crate::topic::{Names, Topics};
use crate::user::UserEvent;
use crate::user::right::Act;
use crate::user::token::Token;

/// Problems that one refusal tells.
const TOLD: usize = 5;

/// The configuration of a daemon: where it stands, and what of it is in force.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The main file, which need not be there yet; `None` in a demo and in a drill, where nothing is configured.
    pub file: Option<PathBuf>,
    /// All of it, as it was last taken up.
    pub config: Current<Config>,
    /// Whose work it is.
    pub organisation: Current<Organisation>,
    /// What `@names` stand for.
    pub names: Current<Names>,
    /// Carries notices: what is tried on a channel goes the same way.
    pub courier: Arc<Courier>,
    /// Where notices go.
    pub routes: Current<Routes>,
    /// The plan in force.
    pub plan: Current<Plan>,
    /// Which days are worked.
    pub calendar: Current<Calendar>,
    /// One change at a time.
    pub(crate) turn: Arc<Mutex<()>>,
}

impl Setup {
    /// What a daemon begins with.
    #[must_use]
    pub fn new(file: Option<PathBuf>, config: &Config, courier: Arc<Courier>) -> Self {
        Self {
            file,
            config: Current::new(config.clone()),
            organisation: Current::new(config.organisation.clone()),
            names: Current::new(config.names()),
            courier,
            routes: Current::new(routes(config)),
            plan: Current::new(Plan::built_in().clone()),
            calendar: Current::new(Calendar::built_in().clone()),
            turn: Arc::default(),
        }
    }
}

/// The ways that a configuration names.
fn routes(config: &Config) -> Routes {
    let notify = &config.notify;
    Routes { channels: notify.channels.clone(), quiet: notify.quiet, zone: config.organisation.zone() }
}

/// A change, and who wants it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Configuring {
    /// The personal token.
    pub token: Option<Token>,
    /// What shall be different.
    pub configure: Change,
    /// Secrets of the channel that it is about.
    #[serde(default)]
    pub secrets: NewSecrets,
}

impl Change {
    /// The rights of which each includes it: whoever keeps watches keeps topics, and whoever sets Caifeng up sets up the first
    /// ones.
    #[must_use]
    pub const fn acts(&self) -> &'static [Act] {
        match self {
            Self::Organisation(_)
            | Self::SetChannel { .. }
            | Self::RemoveChannel { .. }
            | Self::SetRetention { .. } => &[Act::Configure],
            _ => KEEPERS,
        }
    }
}

/// Who keeps what is listened to, and for what.
pub const KEEPERS: &[Act] = &[Act::KeepWatches, Act::Configure];

impl From<EditError> for Refusal {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Inline { .. } | EditError::Twice { .. } => Self::Usage(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// Carries out a change, for `account` of the machine. Blocks until it is on disk and in force.
///
/// # Errors
/// Whoever asks may not, the configuration would not be in order, or the file cannot be written; nothing is changed.
pub fn carry_out(configuring: &Configuring, account: u32, owner: &Owner) -> Result<(), Refusal> {
    let Owner { sweeper, clerk, setup, .. } = owner;
    let change = &configuring.configure;
    let caller = Caller { token: configuring.token.clone(), account };
    let now = sweeper.clock.now();
    clerk.store.may_one_of(&caller, change.acts(), now)?;
    let file = file_of(owner)?;
    let _turn = setup.turn.lock().unwrap_or_else(PoisonError::into_inner);
    let edited = edited(&reading(&file, None)?, change)?;
    let config = checked(owner, &file, &edited)?;
    let trusted = Trusted::after(owner, change, &configuring.secrets)?;
    let draft = Draft::write(&edited.path, &edited.text).map_err(|error| unwritable(&edited.path, &error))?;
    let (what, name) = change.told();
    let changed = UserEvent::ConfigurationChanged {
        change: what.to_owned(),
        name: name.to_owned(),
        sha256: hex(&Sha256::digest(&edited.text)),
    };
    let secrets = trusted.as_ref().map(|trusted| trusted.event.clone());
    clerk.store.note_kept(&caller, change.acts(), std::iter::once(changed).chain(secrets).collect(), now)?;
    // Secrets without their channel are harmless, a channel without its secrets is not: they come first, and go last.
    let goes = matches!(change, Change::RemoveChannel { .. });
    let (first, last) = if goes { (None, trusted) } else { (trusted, None) };
    first.map_or(Ok(()), |trusted| trusted.keep(owner))?;
    draft.keep().map_err(|error| unwritable(&edited.path, &error))?;
    let taken_up = owner.take_up(config);
    last.map_or(Ok(()), |trusted| trusted.keep(owner))?;
    taken_up
}

/// The secrets as they shall be: written beside the old file, in force only once they are kept.
struct Trusted {
    draft: Draft,
    secrets: Secrets,
    event: UserEvent,
}

impl Trusted {
    /// What becomes of the secrets of the channel that is changed; `None` where they stay as they are.
    fn after(owner: &Owner, change: &Change, new: &NewSecrets) -> Result<Option<Self>, Refusal> {
        let path = owner.clerk.directory.secrets();
        let refused = |error: SecretsError| match error {
            SecretsError::Value { what, name, .. } => Refusal::Usage(format!("{name}: {what}")),
            error => Refusal::Refused(error.to_string()),
        };
        let (channel, values) = match change {
            Change::SetChannel { channel, .. } => {
                let known = channel.kind.secrets();
                if let Some(name) = new.0.keys().find(|name| known.iter().all(|(known, _)| known != name)) {
                    return Err(Refusal::Usage(format!(
                        "a {} channel has no {name}: remove it",
                        channel.kind.as_str()
                    )));
                }
                (&channel.id, Some(&new.0))
            }
            Change::RemoveChannel { id } => (id, None),
            _ => return Ok(None),
        };
        // Also when nothing is changed here: a file that others can read is told of before a channel relies on it.
        let old = Secrets::read(&path).map_err(refused)?;
        let mut names: Vec<String> = old.channel(channel).names().map(str::to_owned).collect();
        if let Some(values) = values {
            names.retain(|name| values.get(name).is_some_and(String::is_empty));
            names.extend(values.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.clone()));
        }
        if names.is_empty() {
            return Ok(None);
        }
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| unwritable(&path, &error))?,
        };
        let text = with_channel_secrets(&text, channel, values)?;
        let secrets = Secrets::parse(&text, &path).map_err(refused)?;
        let draft = Draft::write_private(&path, &text).map_err(|error| unwritable(&path, &error))?;
        names.sort();
        Ok(Some(Self { draft, secrets, event: UserEvent::SecretsChanged { channel: channel.clone(), names } }))
    }

    fn keep(self, owner: &Owner) -> Result<(), Refusal> {
        let path = self.draft.place.clone();
        self.draft.keep().map_err(|error| unwritable(&path, &error))?;
        owner.setup.courier.trust(self.secrets);
        Ok(())
    }
}

/// The file that is changed here.
///
/// # Errors
/// This is a demo or a drill.
pub(crate) fn file_of(owner: &Owner) -> Result<PathBuf, Refusal> {
    owner.setup.file.clone().ok_or_else(|| {
        let what = "this hears a recording and nothing else: what is configured here is changed in the real thing";
        Refusal::Refused(what.to_owned())
    })
}

fn reading(file: &Path, edited: Option<&Edited>) -> Result<Reading, Refusal> {
    if edited.is_none() && !file.exists() {
        return Ok(Reading::parse("", file));
    }
    Reading::read_with(file, edited).map_err(|error| Refusal::Refused(error.to_string()))
}

/// The configuration as it would be, when it is in order.
fn checked(owner: &Owner, file: &Path, edited: &Edited) -> Result<Config, Refusal> {
    let after = held(owner, reading(file, Some(edited))?);
    if after.problems().is_empty() {
        return after.into_config().map_err(|error| Refusal::Internal(error.to_string()));
    }
    let before = held(owner, reading(file, None)?);
    let known: Vec<&str> = before.problems().iter().map(|problem| problem.message.as_str()).collect();
    let new = after.problems().iter().filter(|problem| !known.contains(&problem.message.as_str()));
    let new: Vec<&str> = new.take(TOLD).map(|problem| problem.message.as_str()).collect();
    if new.is_empty() {
        let old: Vec<String> = after.problems().iter().take(TOLD).map(ToString::to_string).collect();
        let what = "the configuration is not in order, the system administrator must correct it first";
        return Err(Refusal::Refused(format!("{what}: {}", old.join("; "))));
    }
    Err(Refusal::Usage(new.join("; ")))
}

/// Held against what is installed, as `caifeng config check` does it.
fn held(owner: &Owner, mut reading: Reading) -> Reading {
    let sweeper = &owner.sweeper;
    reading.check_against(&sweeper.plugins.registry(), &owner.clerk.directory.grants());
    if !reading.config.classifiers.is_empty() {
        reading.check_classifiers(&sweeper.plugins.registry(), &sweeper.engine);
    }
    reading
}

pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Refusal {
    let what = "cannot be written, the system administrator must let Caifeng write it";
    Refusal::Refused(format!("{} {what}: {error}", path.display()))
}

/// A new file beside the one whose place it takes; gone when it is dropped.
pub(crate) struct Draft {
    draft: PathBuf,
    place: PathBuf,
}

impl Draft {
    /// Writes `text`, which shall be at `path`, beside it: readable by whom the old one is.
    pub(crate) fn write(path: &Path, text: &str) -> io::Result<Self> {
        Self::written(path, text, 0o666)
    }

    /// The same, readable by its owner only.
    fn write_private(path: &Path, text: &str) -> io::Result<Self> {
        Self::written(path, text, 0o600)
    }

    fn written(path: &Path, text: &str, mode: u32) -> io::Result<Self> {
        // A link stays a link: what it leads to is replaced.
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Begins with a dot, so that a file of watches/ is not read as one.
        let draft = place.with_file_name(format!(".{name}.{}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft)?;
        let written = match std::fs::metadata(&place) {
            Ok(old) => file.set_permissions(old.permissions()),
            Err(_) => Ok(()),
        };
        let written = written.and_then(|()| file.write_all(text.as_bytes())).and_then(|()| file.sync_all());
        let kept = Self { draft, place };
        written.map(|()| kept)
    }

    /// Lets it take the old one's place, on disk.
    pub(crate) fn keep(self) -> io::Result<()> {
        std::fs::rename(&self.draft, &self.place)?;
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
        // The name is on disk when its folder is.
        std::fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Nothing lies there any more once it is kept.
        let _ = std::fs::remove_file(&self.draft);
    }
}

impl Owner {
    /// Brings a configuration into force, as far as that needs no new start.
    ///
    /// # Errors
    /// The store cannot write; the next start takes it up.
    fn take_up(&self, config: Config) -> Result<(), Refusal> {
        let Self { sweeper, clerk, setup, .. } = self;
        let now = sweeper.clock.now();
        let topics = Topics::compile(&config.topics, &config.names());
        let topics = topics.map_err(|error| Refusal::Usage(error.to_string()))?;
        clerk.store.configure_topics(config.kept_topics(), config.organisation.utc_offset(now))?;
        clerk.store.observe(&config.watches_for(&sweeper.plugins.registry(), now), config.paused())?;
        sweeper.pipeline.topics.set(topics);
        sweeper.budgets.set(config.budgets());
        sweeper.retention.set(config.retention);
        setup.routes.set(routes(&config));
        setup.names.set(config.names());
        setup.organisation.set(config.organisation.clone());
        setup.config.set(config);
        Ok(())
    }
}

//! Looks at everything that must be right for Caifeng to work, and says what to do where it is not.
//!
//! Nothing is changed or sent; a daemon may run meanwhile. Each look is a function that gives findings, in the order in which
//! a person would put them right: without a directory there is no store, without plugins no sweep.

use std::path::{Path, PathBuf};
use std::{fs, io};

use caifeng_plugin_host::artifact::PluginKind;
use caifeng_plugin_host::contract::Timestamp;
use caifeng_plugin_host::engine::Engine;
use serde::Serialize;

use crate::backup::contents::{KEYS, SECRETS};
use crate::calendar::Calendar;
use crate::config::{self, Config, Reading};
use crate::directory::Directory;
use crate::document::picture::Fonts;
use crate::fetch::secrets::Secrets;
use crate::plugins::Registry;
use crate::store::{self, Reader, StoreError, snapshot};

/// Space that a day of listening needs many times over.
const SCARCE: u64 = 1 << 30;
/// With less than this the next sweep may find the disk full.
const TOO_LITTLE: u64 = 100 << 20;

/// Who is looked at.
#[derive(Debug)]
pub struct Patient<'a> {
    /// The data directory.
    pub directory: &'a Directory,
    /// The configuration in use.
    pub config: PathBuf,
    /// The plugins that are there.
    pub registry: &'a Registry,
    /// Where they are tried.
    pub engine: &'a Engine,
    /// Now.
    pub now: Timestamp,
    /// Seconds by which the machine's clock is not followed.
    pub off: i64,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// As it should be.
    Good,
    /// It works, and somebody should look at it.
    Look,
    /// It does not work.
    Bad,
}

/// What one look has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub advice: Option<String>,
}

fn good(check: &'static str, found: impl Into<String>) -> Finding {
    Finding { check, standing: Standing::Good, found: found.into(), advice: None }
}

fn look(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { check, standing: Standing::Look, found: found.into(), advice: Some(advice.into()) }
}

fn bad(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { check, standing: Standing::Bad, found: found.into(), advice: Some(advice.into()) }
}

/// Looks at all of it.
#[must_use]
pub fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let Patient { directory, registry, engine, now, off, .. } = patient;
    let (config, mut findings) = configuration(patient);
    findings.splice(0..0, [owned(directory), space(directory)]);
    findings.extend(secrets(directory, config.as_ref()));
    findings.extend(kept(directory));
    findings.extend(plugins(registry, engine));
    findings.extend(time(patient, config.as_ref(), *now, *off));
    findings.push(channels(directory, config.as_ref(), *now));
    findings.push(fonts());
    findings
}

fn owned(directory: &Directory) -> Finding {
    let (path, what) = (directory.path(), "data");
    let shown = path.display();
    match open_to_others(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            look(what, format!("{shown}: is not there"), "caifeng serve makes it; or name the right one with --data")
        }
        Err(error) => bad(what, format!("{shown}: {error}"), "make it readable for the account that caifeng runs as"),
        Ok(Some(mode)) => look(
            what,
            format!("{shown}: others on this machine may look into it (mode {mode:o})"),
            format!("chmod 700 {shown}"),
        ),
        Ok(None) => good(what, shown.to_string()),
    }
}

/// The permissions of what others than its owner may use; `None` when they may not.
fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

fn space(directory: &Directory) -> Finding {
    let what = "space";
    // What is not there yet will be made on the disk of the nearest folder above it.
    let place = directory.path().ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let free = match nix::sys::statvfs::statvfs(place) {
        Ok(disk) => disk.blocks_available() * disk.fragment_size(),
        Err(error) => return look(what, format!("cannot be told: {error}"), "look with df"),
    };
    let found = format!("{} MiB free", free >> 20);
    let advice = "free space on this disk, or move the data directory; nothing that was acknowledged is lost meanwhile";
    match free {
        free if free < TOO_LITTLE => bad(what, found, advice),
        free if free < SCARCE => look(what, found, advice),
        _ => good(what, found),
    }
}

fn configuration(patient: &Patient<'_>) -> (Option<Config>, Vec<Finding>) {
    let (what, path) = ("configuration", &patient.config);
    if !path.exists() {
        let found = format!("{}: is not there", path.display());
        if patient.directory.demo().exists() {
            return (None, vec![good(what, "the demo's")]);
        }
        return (None, vec![look(what, found, "write one, or look at the demo first: caifeng demo")]);
    }
    let mut reading = match Reading::read(path) {
        Ok(reading) => reading,
        Err(error) => return (None, vec![bad(what, error.to_string(), "make the file readable")]),
    };
    reading.check_against(patient.registry, &patient.directory.grants());
    let mut findings: Vec<Finding> = Vec::new();
    let advice = "correct the line that is named; caifeng config check shows it again";
    findings.extend(reading.problems().iter().map(|problem| bad(what, problem.to_string(), advice)));
    let beside = &patient.directory.config();
    let others = [
        ("plan", config::plan_beside(beside).err()),
        ("calendar", config::calendar_beside(beside).err()),
        ("wording", config::wordings_beside(beside).err()),
    ];
    findings.extend(others.into_iter().filter_map(|(what, error)| Some(bad(what, error?.to_string(), advice))));
    if findings.is_empty() {
        let Config { topics, watches, .. } = &reading.config;
        findings.push(good(what, format!("{} topics, {} watches", topics.len(), watches.len())));
    }
    (reading.into_config().ok(), findings)
}

fn secrets(directory: &Directory, config: Option<&Config>) -> Vec<Finding> {
    let what = "secrets";
    let mut findings = Vec::new();
    match Secrets::read(&directory.secrets()) {
        Err(error) => {
            findings.push(bad(
                what,
                error.to_string(),
                format!("chmod 600 {}, or correct it", directory.secrets().display()),
            ));
        }
        Ok(secrets) => {
            let channels = config.map(|config| config.notify.channels.as_slice()).unwrap_or_default();
            for channel in channels {
                let own = secrets.channel(&channel.id);
                let missing = channel.kind.secrets().iter().filter(|(name, needed)| *needed && own.get(name).is_none());
                findings.extend(missing.map(|(name, _)| {
                    let id = &channel.id;
                    bad(
                        what,
                        format!("channel {id} lacks {name}"),
                        format!("write [notify.{id}] and {name} = \"…\" into {SECRETS}"),
                    )
                }));
            }
        }
    }
    findings.extend(config.and_then(|config| provider(directory, config)));
    let keys = directory.path().join(KEYS);
    let files = fs::read_dir(&keys).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    for path in files.chain([keys.clone()]) {
        if let Ok(Some(mode)) = open_to_others(&path) {
            let found = format!("{}: others on this machine can use it (mode {mode:o})", path.display());
            findings.push(bad(what, found, format!("chmod go= {}", path.display())));
        }
    }
    if findings.iter().all(|finding| finding.check != what) {
        findings.insert(0, good(what, "readable by their owner only"));
    }
    findings
}

/// The provider of sign-in: its secret is there, and somebody is linked to it.
fn provider(directory: &Directory, config: &Config) -> Option<Finding> {
    let what = "sign-in";
    let oidc = config.sign_in.oidc.as_ref()?;
    let issuer = &oidc.issuer;
    // What cannot be read is told where secrets are.
    let secrets = Secrets::read(&directory.secrets()).ok()?;
    if secrets.provider().is_none() {
        let advice =
            format!("write [sign_in.oidc] and client_secret = \"…\" into {SECRETS}; serve does not start without");
        return Some(bad(what, format!("the provider {issuer} knows this desk by no secret"), advice));
    }
    let linked = Reader::open(directory.path()).and_then(|reader| reader.linked()).unwrap_or(0);
    Some(match linked {
        0 => look(
            what,
            format!("nobody is linked to the provider {issuer}"),
            format!("caifeng user identity NAME --is WHAT, with what its claim {:?} says of them", oidc.claim),
        ),
        linked => good(what, format!("with passwords, and {linked} with the provider {issuer}")),
    })
}

/// The store, the chain of its events, and the evidence that it knows.
fn kept(directory: &Directory) -> Vec<Finding> {
    let what = "store";
    if !store::exists(directory.path()) {
        return vec![look(what, "nothing was stored yet", "caifeng serve begins")];
    }
    let held = match snapshot::examine(&snapshot::file(directory.path())) {
        Ok(held) => held,
        Err(error @ StoreError::Damaged(_)) => {
            let advice =
                "keep the directory as it is for whoever finds out why, and bring back a backup: caifeng restore";
            return vec![bad(what, error.to_string(), advice)];
        }
        Err(error) => return vec![bad(what, error.to_string(), "see docs/operating.md, when something is wrong")],
    };
    let mut findings = vec![good(what, format!("sound, schema {}", held.schema))];
    let events = format!("{} events, each link of the chain holds", held.head.seq);
    findings.push(good("record", events));
    let evidence = directory.evidence();
    let missing: Vec<&String> = held.evidence.iter().filter(|file| !evidence.join(file).is_file()).collect();
    findings.push(match missing.first() {
        Some(first) => {
            let found = format!("{} files are missing, such as {first}", missing.len());
            bad("evidence", found, "bring them back from a backup: what came from them cannot be proved without them")
        }
        None => good("evidence", format!("{} files", held.evidence.len())),
    });
    findings.extend(people(directory));
    findings
}

fn people(directory: &Directory) -> Option<Finding> {
    let what = "users";
    match Reader::open(directory.path()).and_then(|reader| reader.anybody()) {
        Ok(true) => Some(good(what, "somebody can sign in")),
        Ok(false) if directory.demo().exists() || directory.is_drill() => None,
        Ok(false) => Some(look(
            what,
            "nobody was added yet",
            "caifeng user add NAME --role system, or use the code that caifeng serve prints",
        )),
        Err(error @ StoreError::Older { .. }) => {
            Some(look("schema", error.to_string(), "caifeng backup first, if it is not a copy already"))
        }
        Err(error) => Some(bad(what, error.to_string(), "see docs/operating.md, when something is wrong")),
    }
}

fn plugins(registry: &Registry, engine: &Engine) -> Vec<Finding> {
    let what = "plugins";
    let mut findings = Vec::new();
    let mut loaded = 0;
    for found in registry.all() {
        let outcome = match &found.artifact {
            Err(error) => Err(format!("{}: {error}", found.path.display())),
            Ok(artifact) => {
                let id = &artifact.manifest().id;
                let tried = match artifact.kind() {
                    PluginKind::Source => registry.source(id, engine).map(drop),
                    PluginKind::Classifier => registry.classifier(id, engine).map(drop),
                    PluginKind::Asker => registry.asker(id, engine).map(drop),
                };
                tried.map_err(|error| error.to_string())
            }
        };
        match outcome {
            Ok(()) => loaded += 1,
            Err(error) => findings.push(bad(
                what,
                error,
                "install it anew, or take the file away; caifeng plugin inspect FILE says more",
            )),
        }
    }
    if loaded == 0 && findings.is_empty() {
        let advice = "install caifeng with its plugins/ beside it, or build them: make plugins";
        findings.push(bad(what, "there are none: nothing can be heard", advice));
    } else {
        findings.insert(0, good(what, format!("{loaded} load")));
    }
    findings
}

fn time(patient: &Patient<'_>, config: Option<&Config>, now: Timestamp, off: i64) -> Vec<Finding> {
    let mut findings = vec![match off {
        0 => good("clock", crate::clock::rfc3339(now)),
        off => bad(
            "clock",
            format!(
                "the machine's clock is {} s {} the record",
                off.abs(),
                if off < 0 { "behind" } else { "ahead of" }
            ),
            "set the machine's clock; if the record is wrong: caifeng config trust-clock",
        ),
    }];
    let calendar =
        config::calendar_beside(&patient.directory.config()).unwrap_or_else(|_| Calendar::built_in().clone());
    let today = config.cloned().unwrap_or_default().organisation.day(now);
    findings.push(match calendar.missing(today) {
        Some(year) => look(
            "working days",
            format!("no notice of holidays is known for {year}"),
            "enter the State Council's notice in calendar.toml beside caifeng.toml, or install a newer version",
        ),
        None => good("working days", format!("known for {}", today.year())),
    });
    findings
}

fn channels(directory: &Directory, config: Option<&Config>, now: Timestamp) -> Finding {
    let what = "channels";
    let Some(config) = config else { return good(what, "not configured") };
    if config.notify.channels.is_empty() {
        let advice = "add [[notify.channel]] to caifeng.toml, then caifeng notify test CHANNEL";
        return look(what, "there are none: nobody is told what cannot wait", advice);
    }
    let names: Vec<&str> = config.notify.channels.iter().map(|channel| channel.id.as_str()).collect();
    let health = Reader::open(directory.path()).and_then(|reader| reader.outbox_health(now));
    match health {
        Ok(health) if health.waiting > 0 => look(
            what,
            format!("{}; {} notices wait", names.join(", "), health.waiting),
            "caifeng notify channels says which channel does not take them and what it said",
        ),
        _ => good(what, names.join(", ")),
    }
}

fn fonts() -> Finding {
    if Fonts::of_this_machine().have_chinese() {
        return good("fonts", "charts in documents are lettered in Chinese");
    }
    look("fonts", "none with Chinese: charts in DOCX have no letters", "install one, such as Debian's fonts-noto-cjk")
}

//! `caifeng plugin inspect`: what a plugin is, what it asks for, whose it is and what it may do here.

use std::fs;
use std::path::{Path, PathBuf};

use caifeng::directory::Directory;
use caifeng::plugins::shelf::Shelf;
use caifeng::plugins::wishes::Wish;
use caifeng::plugins::{Origin, Registry};
use caifeng::signature::{Signed, Signer, verify};
use caifeng_plugin_host::artifact::Artifact;
use serde::Serialize;

use super::super::output::Lines;
use super::super::workplace::{self, DataArgs};
use super::super::{Exit, Failed, OrExit, Outcome};
use super::folder::PluginArgs;
use super::list::Listed;
use super::{named, pack};

#[derive(Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// The id of a plugin that is installed or waits, the path of a .wasm file, or a plugin's source folder
    #[arg(value_name = "ID|PATH", default_value = ".")]
    plugin: String,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON, a line for each version that is there
    #[arg(long)]
    json: bool,
}

/// Where a plugin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// A file or a folder, wherever it lies.
    File,
    /// It came with the release.
    Shipped,
    /// It runs, with what it was granted.
    Installed,
    /// Nothing of it runs.
    Waiting,
}

/// One file of a plugin.
struct Inspected {
    path: PathBuf,
    artifact: Artifact,
    state: State,
    /// Whose signature it has; the text is what is wrong with it.
    signer: Option<Result<Signer, String>>,
    /// The hosts that it may reach; `None` where nobody has granted any.
    may: Option<Vec<String>>,
}

/// Runs `caifeng plugin inspect`.
pub(super) fn run(args: &InspectArgs) -> Outcome {
    let directory = args.data.directory().ok();
    let mut lines = Lines::new();
    for (nth, inspected) in all(args, directory.as_ref())?.iter().enumerate() {
        if args.json {
            lines.json(&inspected.value()?).or_exit(Exit::Internal)?;
        } else {
            let gap = if nth > 0 { "\n" } else { "" };
            lines.text(format_args!("{gap}{}", inspected.text())).or_exit(Exit::Internal)?;
        }
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// What was named: what runs under an id and what waits to, else a file or a folder.
fn all(args: &InspectArgs, directory: Option<&Directory>) -> Result<Vec<Inspected>, Failed> {
    let registry = workplace::registry(directory)?;
    let known = known(&args.plugin, &registry, directory)?;
    if !known.is_empty() {
        return Ok(known);
    }
    let path = Path::new(&args.plugin);
    let (path, artifact) = if path.is_dir() {
        let located = PluginArgs::of(&args.plugin, &args.data).located()?;
        (located.path, Artifact::read(located.bytes).or_exit(Exit::Plugin)?)
    } else {
        named(&registry, &args.plugin)?
    };
    let signer = signer(&path, &artifact, None);
    Ok(vec![Inspected { path, artifact, state: State::File, signer, may: None }])
}

/// The files that are kept here under an id.
fn known(id: &str, registry: &Registry, directory: Option<&Directory>) -> Result<Vec<Inspected>, Failed> {
    let mut known = Vec::new();
    let shelf = directory.map(Shelf::of);
    let pin = shelf.as_ref().map(|shelf| shelf.pin(id)).transpose().or_exit(Exit::Internal)?.flatten();
    if registry.all().iter().any(|found| found.is_called(id)) {
        let (found, artifact) = registry.find(id).map_err(workplace::plugin_fault)?;
        let (path, artifact) = (found.path.clone(), artifact.clone());
        let shipped = found.origin == Origin::Shipped;
        let state = if shipped { State::Shipped } else { State::Installed };
        let may = match &shelf {
            _ if shipped => Some(hosts(&artifact.manifest().network.allow)),
            Some(shelf) => shelf.grants().or_exit(Exit::Usage)?.network(&artifact).map(hosts),
            None => None,
        };
        let pinned = pin.as_ref().and_then(|pin| pin.signer.as_ref());
        let signer = signer(&path, &artifact, pinned);
        known.push(Inspected { path, artifact, state, signer, may });
    }
    let waiting = shelf.map(|shelf| shelf.all_waiting()).transpose().or_exit(Exit::Internal)?;
    let waits = waiting.as_ref().and_then(|waiting| waiting.all().iter().find(|found| found.is_called(id)));
    if let Some((found, artifact)) = waits.and_then(|found| Some((found, found.artifact.as_ref().ok()?))) {
        let expected = pin.as_ref().and_then(|pin| pin.expected());
        let (path, artifact) = (found.path.clone(), artifact.clone());
        let signer = signer(&path, &artifact, expected);
        known.push(Inspected { path, artifact, state: State::Waiting, signer, may: None });
    }
    Ok(known)
}

fn hosts(patterns: &[impl ToString]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

/// By the signature beside a file, held against it; a signature that names no key is tried with the one that is known.
fn signer(path: &Path, artifact: &Artifact, known: Option<&Signer>) -> Option<Result<Signer, String>> {
    let text = fs::read_to_string(pack::beside(path)).ok()?;
    let manifest = artifact.manifest();
    let of = Signed { plugin: manifest.id.clone(), version: manifest.version.clone() };
    Some(verify(artifact.bytes(), &text, &of, known).map_err(|error| error.to_string()))
}

impl Inspected {
    fn value(&self) -> Result<serde_json::Value, Failed> {
        let mut value = serde_json::to_value(Listed::of(&self.artifact, &self.path)).or_exit(Exit::Internal)?;
        let manifest: toml::Table = toml::from_str(self.artifact.manifest_text()).or_exit(Exit::Plugin)?;
        value["contract"] = self.artifact.contract().into();
        value["bytes"] = self.artifact.bytes().len().into();
        value["manifest"] = serde_json::to_value(manifest).or_exit(Exit::Internal)?;
        value["state"] = serde_json::to_value(self.state).or_exit(Exit::Internal)?;
        value["signer"] = self.signer.as_ref().and_then(|signer| Some(signer.as_ref().ok()?.to_string())).into();
        value["may_reach"] = self.may.clone().into();
        Ok(value)
    }

    fn text(&self) -> String {
        let listed = Listed::of(&self.artifact, &self.path);
        let (contract, bytes) = (self.artifact.contract(), self.artifact.bytes().len());
        let mut lines = vec![
            format!("{} {} ({})", listed.id, listed.version, listed.kind),
            listed.name.to_owned(),
            format!("contract {contract}, {bytes} bytes, imports nothing"),
            listed.digest.clone(),
        ];
        lines.extend(self.standing(listed.id));
        lines.push(format!("\n{}", self.artifact.manifest_text().trim_end()));
        lines.join("\n")
    }

    /// Whose it is, what it asks for and what it may do.
    fn standing(&self, id: &str) -> Vec<String> {
        let signed = match &self.signer {
            Some(Ok(signer)) => format!("signed by {signer}"),
            Some(Err(problem)) => format!("SIGNATURE: {problem}"),
            None => "not signed".to_owned(),
        };
        let wishes = Wish::all(self.artifact.manifest());
        let head = if wishes.is_empty() { "it asks for nothing" } else { "it asks to" };
        let asks = std::iter::once(head.to_owned()).chain(wishes.iter().map(|wish| format!("  - {wish}")));
        let may = match &self.may {
            None => "it may reach nobody: it was granted nothing".to_owned(),
            Some(hosts) if hosts.is_empty() => "it may reach nobody".to_owned(),
            Some(hosts) => format!("it may reach {}", hosts.join(", ")),
        };
        let stands = match self.state {
            State::Shipped => return asks.chain(["it came with the release, and may do so".to_owned()]).collect(),
            State::File => None,
            State::Installed => Some(format!("installed: {may}")),
            State::Waiting => {
                Some(format!("it waits, and nothing of it runs. To allow what it asks for: caifeng plugin grant {id}"))
            }
        };
        std::iter::once(signed).chain(asks).chain(stands).collect()
    }
}

//! `caifeng plugin list`: what is installed here.

use std::path::Path;

use caifeng::directory::Directory;
use caifeng::plugins::Origin;
use caifeng::plugins::shelf::Shelf;
use caifeng::plugins::suspension::Suspensions;
use caifeng_plugin_host::artifact::Artifact;
use serde::Serialize;

use super::super::output::{Lines, note};
use super::super::workplace::{self, DataArgs};
use super::super::{Exit, Failed, OrExit, Outcome};

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON Lines
    #[arg(long)]
    json: bool,
}

/// A line of `plugin list`.
#[derive(Serialize)]
pub(super) struct Listed<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) kind: String,
    path: &'a Path,
    pub(super) digest: String,
}

impl<'a> Listed<'a> {
    /// Of one plugin file.
    pub(super) fn of(artifact: &'a Artifact, path: &'a Path) -> Self {
        let manifest = artifact.manifest();
        let (id, name, version) = (&manifest.id, &manifest.name, &manifest.version);
        Self { id, name, version, kind: artifact.kind().to_string(), path, digest: artifact.digest().to_string() }
    }
}

/// Runs `caifeng plugin list`.
pub(super) fn run(args: &ListArgs) -> Outcome {
    let directory = args.data.directory().ok();
    let registry = workplace::registry(directory.as_ref())?;
    let mut lines = Lines::new();
    let mut exit = Exit::Done;
    for found in registry.all() {
        match &found.artifact {
            Ok(artifact) if args.json => lines.json(&Listed::of(artifact, &found.path)).or_exit(Exit::Internal)?,
            Ok(artifact) => {
                let Listed { id, name, version, kind, .. } = Listed::of(artifact, &found.path);
                let origin = match found.origin {
                    Origin::Shipped => "shipped",
                    Origin::Installed => "installed",
                };
                lines
                    .text(format_args!("{id:<12} {version:<8} {kind:<11} {origin:<10} {name}"))
                    .or_exit(Exit::Internal)?;
            }
            Err(error) => {
                exit = Exit::Plugin;
                note(format_args!("{}: {error}", found.path.display()));
            }
        }
    }
    if let Some(directory) = &directory {
        waiting(directory, args.json, &mut lines)?;
        for suspended in Suspensions::of(directory).all() {
            note(suspended);
        }
    }
    if registry.all().is_empty() {
        note(
            "no plugins are installed: caifeng plugin install takes one; those of the release belong into a folder plugins/ beside the executable",
        );
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(exit)
}

/// Those that wait to be allowed.
fn waiting(directory: &Directory, json: bool, lines: &mut Lines) -> Result<(), Failed> {
    let waiting = Shelf::of(directory).all_waiting().or_exit(Exit::Internal)?;
    for found in waiting.all() {
        let Ok(artifact) = &found.artifact else {
            note(format_args!("{}: damaged, install it again", found.path.display()));
            continue;
        };
        let listed = Listed::of(artifact, &found.path);
        if json {
            let mut value = serde_json::to_value(&listed).or_exit(Exit::Internal)?;
            value["waiting"] = true.into();
            lines.json(&value).or_exit(Exit::Internal)?;
        } else {
            let Listed { id, name, version, kind, .. } = listed;
            let line = format!(
                "{id:<12} {version:<8} {kind:<11} {:<10} {name} (allow it: caifeng plugin grant {id})",
                "waiting"
            );
            lines.text(line).or_exit(Exit::Internal)?;
        }
    }
    Ok(())
}

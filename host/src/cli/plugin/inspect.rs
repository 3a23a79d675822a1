//! `caifeng plugin inspect`: what a plugin is and what it asks for.

use super::super::output::Lines;
use super::super::workplace::{self, DataArgs};
use super::super::{Exit, OrExit, Outcome};
use super::list::Listed;
use super::named;

#[derive(Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// Plugin id, or the path of a .wasm file
    plugin: String,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng plugin inspect`.
pub(super) fn run(args: &InspectArgs) -> Outcome {
    let directory = args.data.directory().ok();
    let registry = workplace::registry(directory.as_ref())?;
    let (path, artifact) = named(&registry, &args.plugin)?;
    let mut lines = Lines::new();
    let listed = Listed::of(&artifact, &path);
    if args.json {
        let mut value = serde_json::to_value(&listed).or_exit(Exit::Internal)?;
        let manifest: toml::Table = toml::from_str(artifact.manifest_text()).or_exit(Exit::Plugin)?;
        value["contract"] = artifact.contract().into();
        value["bytes"] = artifact.bytes().len().into();
        value["manifest"] = serde_json::to_value(manifest).or_exit(Exit::Internal)?;
        lines.json(&value).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
        return Ok(Exit::Done);
    }
    let facts = format!(
        "{} {} ({})\n{}\ncontract {}, {} bytes, imports nothing\n{}\n\n{}",
        listed.id,
        listed.version,
        listed.kind,
        listed.name,
        artifact.contract(),
        artifact.bytes().len(),
        listed.digest,
        artifact.manifest_text().trim_end(),
    );
    lines.text(facts).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

//! `caifeng plugin publish`: a plugin goes where others can install it from.

use std::path::PathBuf;

use anyhow::anyhow;
use caifeng::fetch::live::Kept;
use caifeng::signature::{Signed, verify};

use super::super::output::Lines;
use super::super::{Exit, Failed, OrExit, Outcome};
use super::folder::PluginArgs;
use super::install::{bounded, lawful};
use super::pack::{beside, packed, signed};
use super::registry::RegistryArgs;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Any registry of the OCI distribution specification takes it. It must keep every law of caifeng plugin check and be signed: with --key, or by a .minisig beside a packed file. A tag that another file has is refused; the same file again is the same artifact."
)]
pub(super) struct PublishArgs {
    /// Where to: HOST/REPOSITORY, with a tag or with that of its version
    #[arg(value_name = "oci://…")]
    to: String,
    #[command(flatten)]
    plugin: PluginArgs,
    /// Sign with this secret key of minisign, or of `caifeng plugin key`
    #[arg(long, value_name = "F")]
    key: Option<PathBuf>,
    /// The file that holds the key's password, in its first line; without it the password is asked for at the terminal
    #[arg(long, value_name = "F", requires = "key")]
    password_file: Option<PathBuf>,
    /// Put it in the place of another file that has the tag already
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs `caifeng plugin publish`.
pub(super) fn run(args: &PublishArgs) -> Outcome {
    let reference = args.registry.reference(&args.to)?;
    let (file, artifact) = packed(&args.plugin)?;
    let manifest = artifact.manifest();
    let reference = reference.or_tag(&manifest.version);
    let signature = match &args.key {
        Some(key) => signed(key, args.password_file.as_deref(), &artifact)?,
        None => found(args)?,
    };
    let of = Signed { plugin: manifest.id.clone(), version: manifest.version.clone() };
    verify(&file, &signature, &of, None).or_exit(Exit::Refused)?;
    lawful(&artifact)?;
    let exports = [format!("caifeng:plugin/{}@{}", artifact.kind(), artifact.contract())];
    let kept = Kept { file, signature: Some(signature) };
    let digest = args.registry.push(&reference, &kept, (&exports, args.replace), args.plugin.data())?;
    let mut lines = Lines::new();
    let line = format!("{reference}@{digest}");
    lines.text(line).and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// The signature beside a packed file.
fn found(args: &PublishArgs) -> Result<String, Failed> {
    let path = args.plugin.located()?.path;
    let beside = beside(&path);
    if !beside.exists() {
        return Err(anyhow!("{}: not signed: name your key with --key F", path.display())).or_exit(Exit::Usage);
    }
    let text = String::from_utf8(bounded(&beside, caifeng::signature::LONGEST)?);
    text.map_err(|_| anyhow!("{}: no signature of minisign", beside.display())).or_exit(Exit::Refused)
}

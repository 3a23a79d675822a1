//! `caifeng plugin pack`: one file that is handed on, and its signature beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use caifeng::signature::{Key, Signed, has_password};
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::pack;

use super::super::output::{Lines, note};
use super::super::{Exit, Failed, OrExit, Outcome};
use super::folder::PluginArgs;
use super::list::Listed;
use super::secret;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The same source and fixtures give the same file. The signature is one of minisign: minisign -V -p KEY.pub -m FILE checks it. Whoever installs the file holds it against every law, so run caifeng plugin check first."
)]
pub(super) struct PackArgs {
    #[command(flatten)]
    plugin: PluginArgs,
    /// Sign with this secret key of minisign, or of `caifeng plugin key`
    #[arg(long, value_name = "F")]
    key: Option<PathBuf>,
    /// The file that holds the key's password, in its first line; without it the password is asked for at the terminal
    #[arg(long, value_name = "F", requires = "key")]
    password_file: Option<PathBuf>,
    /// Where to write it [default: ID-VERSION.wasm]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng plugin pack`.
pub(super) fn run(args: &PackArgs) -> Outcome {
    let (bytes, artifact) = packed(&args.plugin)?;
    let manifest = artifact.manifest();
    let usual = || PathBuf::from(format!("{}-{}.wasm", manifest.id, manifest.version));
    let out = args.out.clone().unwrap_or_else(usual);
    let signature = args.key.as_deref().map(|key| signed(key, args.password_file.as_deref(), &artifact)).transpose()?;
    let beside = beside(&out);
    put(&out, &bytes)?;
    match &signature {
        Some(text) => put(&beside, text.as_bytes())?,
        // The signature of an earlier file would not fit this one.
        None if beside.exists() => fs::remove_file(&beside).or_exit(Exit::Usage)?,
        None => note("not signed: nobody can see that it is yours; sign it with --key F"),
    }
    let mut lines = Lines::new();
    if args.json {
        let mut value = serde_json::to_value(Listed::of(&artifact, &out)).or_exit(Exit::Internal)?;
        value["signature"] = signature.map(|_| beside.display().to_string()).into();
        lines.json(&value).or_exit(Exit::Internal)?;
    } else {
        let size = bytes.len();
        lines.text(format_args!("{} ({size} bytes, {})", out.display(), artifact.digest())).or_exit(Exit::Internal)?;
        if signature.is_some() {
            lines.text(beside.display()).or_exit(Exit::Internal)?;
        }
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// A plugin's file as it is handed on.
pub(super) fn packed(plugin: &PluginArgs) -> Result<(Vec<u8>, Artifact), Failed> {
    let located = plugin.located()?;
    let shown = || located.path.display().to_string();
    let inside = pack::fixtures(&located.bytes).with_context(shown).or_exit(Exit::Plugin)?;
    let fixtures = match located.fixtures {
        Some(folder) if folder.is_dir() => pack::gather(&folder).or_exit(Exit::Usage)?,
        Some(folder) => return Err(anyhow!("{}: no such folder", folder.display())).or_exit(Exit::Usage),
        None => inside,
    };
    let bytes = pack::pack(&located.bytes, &fixtures).with_context(shown).or_exit(Exit::Plugin)?;
    let artifact = Artifact::read(bytes.as_slice()).or_exit(Exit::Plugin)?;
    if fixtures.is_empty() {
        note("no fixtures: nobody can install it, for no law can be tried on it; see caifeng plugin try --save");
    }
    Ok((bytes, artifact))
}

/// The signature of a packed file by the key in a file.
pub(super) fn signed(key: &Path, password: Option<&Path>, artifact: &Artifact) -> Result<String, Failed> {
    let text = read(key)?;
    let password = match password {
        Some(path) => Some(secret::line(path)?),
        None if has_password(&text) => {
            let typed = secret::typed(&format!("Password of {}: ", key.display()))?;
            let what = "has a password: name the file that holds it with --password-file F";
            Some(typed.ok_or_else(|| anyhow!("{}: {what}", key.display())).or_exit(Exit::Usage)?)
        }
        None => None,
    };
    let key = Key::open(&text, password.as_deref()).with_context(|| key.display().to_string()).or_exit(Exit::Usage)?;
    let manifest = artifact.manifest();
    let signed = Signed { plugin: manifest.id.clone(), version: manifest.version.clone() };
    key.sign(artifact.bytes(), &signed).or_exit(Exit::Internal)
}

fn read(path: &Path) -> Result<String, Failed> {
    fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display())).or_exit(Exit::Usage)
}

/// Where the signature of a file lies.
pub(super) fn beside(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.minisig", file.display()))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Failed> {
    fs::write(path, bytes).with_context(|| format!("{}: cannot be written", path.display())).or_exit(Exit::Usage)
}

//! `caifeng plugin build`: source becomes a plugin.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::build::{self, Progress};
use caifeng_plugin_host::manifest::Manifest;

use super::super::output::{Lines, note, waiting};
use super::super::{Exit, Failed, OrExit, Outcome};
use super::folder;
use super::list::Listed;

#[derive(Debug, clap::Args)]
pub(super) struct BuildArgs {
    /// The plugin's folder, with its plugin.toml and a Cargo.toml, package.json or requirements.txt
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Where to write the component [default: ID.wasm in the folder's target folder]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `caifeng plugin build`.
pub(super) fn run(args: &BuildArgs) -> Outcome {
    let out = match &args.out {
        Some(out) => out.clone(),
        None => default_out(&args.dir)?,
    };
    let (path, artifact) = built(&args.dir, &out)?;
    let mut lines = Lines::new();
    if args.json {
        lines.json(&Listed::of(&artifact, &path)).or_exit(Exit::Internal)?;
    } else {
        let size = artifact.bytes().len();
        lines.text(format_args!("{} ({size} bytes, imports nothing)", path.display())).or_exit(Exit::Internal)?;
    }
    lines.flush().or_exit(Exit::Internal)?;
    Ok(Exit::Done)
}

/// Builds the plugin in `dir` into the file `out`, saying how far it is.
pub(super) fn built(dir: &Path, out: &Path) -> Result<(PathBuf, Artifact), Failed> {
    let told = |progress| match progress {
        Progress::Fetching => "fetching what the lock file names".to_owned(),
        Progress::Compiled(name) => format!("compiled {name}"),
        Progress::Encoding => "encoding".to_owned(),
    };
    // A log, which shows no progress, says at least what takes so long.
    if !out.exists() {
        note(format_args!("building {} for the first time: this may take a minute", dir.display()));
    }
    let bar = waiting("building");
    let mut tell = |progress| bar.set_message(told(progress));
    let in_place = folder::place(dir).is_some_and(|place| same(&place, out));
    let make = if in_place { build::build_in_place } else { build::build };
    let built = make(dir, out, &mut tell);
    bar.finish_and_clear();
    let path = built.or_exit(Exit::Plugin)?;
    let artifact = std::fs::read(&path).map_err(anyhow::Error::from).and_then(|bytes| Ok(Artifact::read(bytes)?));
    Ok((path, artifact.or_exit(Exit::Plugin)?))
}

/// Whether two paths are of one file, which need not be there yet.
fn same(one: &Path, other: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).ok();
    absolute(one) == absolute(other)
}

/// `target/ID.wasm` in the folder, by the id in its manifest.
pub(super) fn default_out(dir: &Path) -> Result<PathBuf, Failed> {
    let path = dir.join("plugin.toml");
    if !path.exists() {
        let what = "no plugin.toml: name the folder of a plugin, or begin one with caifeng plugin new NAME";
        return Err(anyhow!("{}: {what}", dir.display())).or_exit(Exit::Usage);
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}: cannot be read", path.display()));
    let manifest = Manifest::parse(&text.or_exit(Exit::Usage)?).with_context(|| path.display().to_string());
    Ok(dir.join("target").join(format!("{}.wasm", manifest.or_exit(Exit::Plugin)?.id)))
}

//! `caifeng plugin build`: source becomes a plugin.

use std::path::{Path, PathBuf};

use anyhow::Context;
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::build::{self, Progress};
use caifeng_plugin_host::manifest::Manifest;

use super::super::output::{Lines, progress};
use super::super::{Exit, Failed, OrExit, Outcome};
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

/// Builds the plugin in `dir` into the file `out`, with a progress bar.
pub(super) fn built(dir: &Path, out: &Path) -> Result<(PathBuf, Artifact), Failed> {
    let bar = progress(0, "building");
    let built = build::build(dir, out, &mut |progress| match progress {
        Progress::Fetching => bar.set_message("fetching what the lock file names"),
        Progress::Compiled(name) => bar.set_message(format!("compiled {name}")),
        Progress::Encoding => bar.set_message("encoding"),
    });
    bar.finish_and_clear();
    let path = built.or_exit(Exit::Plugin)?;
    let artifact = std::fs::read(&path).map_err(anyhow::Error::from).and_then(|bytes| Ok(Artifact::read(bytes)?));
    Ok((path, artifact.or_exit(Exit::Plugin)?))
}

/// `target/ID.wasm` in the folder, by the id in its manifest.
pub(super) fn default_out(dir: &Path) -> Result<PathBuf, Failed> {
    let path = dir.join("plugin.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}: cannot be read", path.display()));
    let manifest = Manifest::parse(&text.or_exit(Exit::Usage)?).with_context(|| path.display().to_string());
    Ok(dir.join("target").join(format!("{}.wasm", manifest.or_exit(Exit::Plugin)?.id)))
}

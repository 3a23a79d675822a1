//! `caifeng plugin new`: a folder from which a plugin is made.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use caifeng::clock::{Clock as _, SystemClock};
use caifeng::starter::{self, File, Kind, Language, Name};

use super::super::output::{Lines, note};
use super::super::workplace;
use super::super::{Exit, Failed, OrExit, Outcome};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is fetched: the SDK and the contract are written into the folder. docs/plugins.md goes on."
)]
pub(super) struct NewArgs {
    /// The plugin's folder; its last part is the plugin's id
    #[arg(value_name = "NAME")]
    dir: PathBuf,
    /// What it is written in
    #[arg(long, value_enum, default_value_t = Lang::Rust)]
    lang: Lang,
    /// What it is to do
    #[arg(long, value_enum, default_value_t = What::Source)]
    kind: What,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Lang {
    /// A crate; needs Rust and its target wasm32-wasip1
    Rust,
    /// A module; needs Node 18 and npm
    Js,
    /// A module; needs Python 3.10 with venv and pip
    Python,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum What {
    /// Reads posts from one kind of site
    Source,
    /// Labels posts
    Classifier,
    /// Labels posts by what a service answers that the operator names
    Asker,
}

/// Runs `caifeng plugin new`.
pub(super) fn run(args: &NewArgs) -> Outcome {
    let named = args.dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = Name::new(&named).or_exit(Exit::Usage)?;
    if workplace::registry(None)?.ships(&named) {
        return Err(anyhow!("{named}: the release has a plugin of this name, choose another")).or_exit(Exit::Usage);
    }
    let language = match args.lang {
        Lang::Rust => Language::Rust,
        Lang::Js => Language::JavaScript,
        Lang::Python => Language::Python,
    };
    let kind = match args.kind {
        What::Source => Kind::Source,
        What::Classifier => Kind::Classifier,
        What::Asker => Kind::Asker,
    };
    let files = starter::files(&name, language, kind, &today()?);
    write(&args.dir, &files)?;
    let mut lines = Lines::new();
    let theirs = files.iter().filter(|file| !file.path.starts_with("sdk/") && !file.path.starts_with("wit/"));
    let dir = args.dir.display();
    let printed = theirs.map(|file| format!("{dir}/{}", file.path)).try_for_each(|path| lines.text(path));
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)?;
    note(format_args!("next: cd {dir} && caifeng plugin test && caifeng plugin check"));
    Ok(Exit::Done)
}

/// The day, by which the fixture is as old as the folder.
fn today() -> Result<String, Failed> {
    let now = jiff::Timestamp::from_second(SystemClock.now()).map_err(anyhow::Error::from).or_exit(Exit::Internal)?;
    Ok(now.strftime("%Y-%m-%d").to_string())
}

/// Writes into a folder that is not there yet, or is empty: nothing of anybody's is written over.
fn write(dir: &Path, files: &[File]) -> Result<(), Failed> {
    if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        return Err(anyhow!("{}: is there already, choose another name", dir.display())).or_exit(Exit::Usage);
    }
    for file in files {
        let path = dir.join(&file.path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = made.and_then(|()| std::fs::write(&path, &file.text));
        written.with_context(|| format!("{}: cannot be written", path.display())).or_exit(Exit::Usage)?;
    }
    Ok(())
}

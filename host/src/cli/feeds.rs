//! `caifeng import FILE.opml`: a list of subscriptions becomes watches beside the configuration.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use caifeng::config::{Config, WATCHES};
use caifeng::hand::opml::{self, Feeds};
use serde_json::json;

use super::import::Args;
use super::output::{Lines, note};
use super::{Exit, Failed, OrExit, Outcome};

/// Makes watches of a list of subscriptions.
pub(super) fn import(args: &Args) -> Outcome {
    let directory = args.place.data.directory()?;
    let path = args.place.config.clone().unwrap_or_else(|| directory.config());
    if !path.exists() {
        let what =
            format!("feeds become watches beside the configuration, and {} does not exist: write it", path.display());
        return Err(anyhow!(what)).or_exit(Exit::Usage);
    }
    let config = Config::read(&path).or_exit(Exit::Usage)?;
    let named = |what: String| anyhow!("{}: {what}", args.file.display());
    let mut bytes = Vec::new();
    let file =
        std::fs::File::open(&args.file).map_err(|e| named(format!("cannot be read: {e}"))).or_exit(Exit::Usage)?;
    file.take(opml::LARGEST + 1).read_to_end(&mut bytes).or_exit(Exit::Usage)?;
    if bytes.len() as u64 > opml::LARGEST {
        return Err(named("larger than 16 MiB".to_owned())).or_exit(Exit::Usage);
    }
    let feeds = opml::feeds(&bytes, &config.watches).map_err(named).or_exit(Exit::Usage)?;
    let wrong = feeds.skipped.iter().filter(|skipped| skipped.wrong).count();
    let refuse = args.strict && wrong > 0;
    let written = if feeds.watches.is_empty() || args.dry_run || refuse {
        None
    } else {
        let folder = path.parent().unwrap_or_else(|| Path::new("")).join(WATCHES);
        Some(write_watches(&folder, &args.file, &feeds)?)
    };
    print_feeds(args, &feeds, written.as_deref())?;
    if refuse {
        return Err(named(format!("{wrong} outlines are wrong and nothing was written: correct them")))
            .or_exit(Exit::Usage);
    }
    Ok(if wrong == 0 { Exit::Done } else { Exit::Refused })
}

fn print_feeds(args: &Args, feeds: &Feeds, written: Option<&Path>) -> Result<(), Failed> {
    let mut lines = Lines::new();
    for skipped in &feeds.skipped {
        if args.place.json {
            lines.json(&json!({ "skipped": skipped })).or_exit(Exit::Internal)?;
        } else {
            note(format_args!("{}:{}: {}: {}", args.file.display(), skipped.line, skipped.address, skipped.why));
        }
    }
    for watch in &feeds.watches {
        let printed = if args.place.json {
            lines.json(&json!({ "watch": watch }))
        } else {
            lines.text(format_args!("{}  {}  {}", watch.id, watch.target.text(), watch.note.as_deref().unwrap_or("")))
        };
        printed.or_exit(Exit::Internal)?;
    }
    let (new, skipped) = (feeds.watches.len(), feeds.skipped.len());
    let printed = match written {
        _ if args.place.json => lines.json(&json!({ "new": new, "skipped": skipped, "written": written })),
        Some(path) => {
            let path = path.display();
            lines.text(format_args!(
                "{new} watches written to {path}, {skipped} skipped; the daemon reads it when it starts"
            ))
        }
        None if args.dry_run => lines.text(format_args!("{new} watches would be written, {skipped} skipped")),
        None => lines.text(format_args!("nothing to write, {skipped} skipped")),
    };
    printed.and_then(|()| lines.flush()).or_exit(Exit::Internal)
}

/// Writes the watches under a name that is free.
fn write_watches(folder: &Path, list: &Path, feeds: &Feeds) -> Result<PathBuf, Failed> {
    let stem = list.file_stem().map(|stem| opml::slug(&stem.to_string_lossy())).filter(|stem| !stem.is_empty());
    let stem = stem.unwrap_or_else(|| "feeds".to_owned());
    let text = caifeng::config::watches_toml(&feeds.watches).or_exit(Exit::Internal)?;
    let attempt = || -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        // Written aside and linked into place: a crash leaves no half a file, and nothing is overwritten.
        let draft = folder.join(format!(".{stem}.{}", std::process::id()));
        std::fs::write(&draft, &text)?;
        std::fs::File::open(&draft)?.sync_all()?;
        let names = std::iter::once(stem.clone()).chain((2..1_000).map(|n| format!("{stem}-{n}")));
        let mut linked = Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists));
        for name in names {
            let path = folder.join(format!("{name}.toml"));
            linked = std::fs::hard_link(&draft, &path).map(|()| path);
            if !matches!(&linked, Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists) {
                break;
            }
        }
        std::fs::remove_file(&draft)?;
        linked
    };
    attempt().map_err(|error| anyhow!("{}: cannot be written: {error}", folder.display())).or_exit(Exit::Usage)
}

//! What a component was made of, written down beside it: so that it is made anew when that has changed, and only then.
//!
//! In Rust cargo knows: its dep-info names each file that the compiler read, those that `include_str!` names and those of
//! crates in the folder too. The manifests and the lock file come to it. In JavaScript and Python the tools read whole
//! folders, `src`, `sdk` and `wit`, and the files that name what is fetched. Notes, keys, what git keeps and what a
//! `--data DIR` holds are of no plugin, and nothing is made anew for them.
//!
//! A file is told by what it holds and not by its time: a checkout touches files, and an older one may come back.

use super::Source;
use crate::artifact::Digest;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What tools read whole.
const FOLDERS: [&str; 3] = ["src", "sdk", "wit"];
/// What stands beside them.
const FILES: [&str; 4] = ["plugin.toml", "package.json", "package-lock.json", "requirements.txt"];
/// What a build itself may write into the source.
const LOCKS: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// The list beside a component, begun before it is made.
pub(super) struct Record {
    path: PathBuf,
    begun: Option<SystemTime>,
}

impl Record {
    /// An empty list, which is that of no source. Where it cannot be written, nothing is said, and the component is made anew each time.
    pub(super) fn begin(component: &Path) -> Self {
        let path = beside(component);
        let _ = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, ""));
        Self { begun: modified(&path), path }
    }

    /// Fills it, unless something was changed while it was read.
    pub(super) fn end(self, dir: &Path, inputs: &[PathBuf]) {
        let changed =
            |input: &PathBuf| !LOCKS.iter().any(|lock| input.ends_with(lock)) && modified(input) >= self.begun;
        let lines: Option<String> = inputs.iter().map(|input| line(dir, input)).collect();
        if let Some(lines) = lines.filter(|_| !inputs.iter().any(changed)) {
            let _ = fs::write(&self.path, lines);
        }
    }
}

/// Whether a component is what the source in `dir` makes, by the list beside it. Where there is no source, it is all there is.
pub(super) fn is_current(dir: &Path, component: &Path) -> bool {
    let Some(source) = Source::of(dir) else { return component.is_file() };
    let Ok(record) = fs::read_to_string(beside(component)) else { return false };
    let named: Vec<PathBuf> = record.lines().filter_map(|line| Some(dir.join(line.split_once("  ")?.1))).collect();
    let same = record
        .lines()
        .zip(&named)
        .all(|(line, input)| self::line(dir, input).is_some_and(|now| now.trim_end() == line));
    let more = || !matches!(source, Source::Crate) && of_script(dir).iter().any(|input| !named.contains(input));
    component.is_file() && !named.is_empty() && same && !more()
}

/// `board.wasm.made-of`
fn beside(component: &Path) -> PathBuf {
    PathBuf::from(format!("{}.made-of", component.display()))
}

/// A file as `sha256sum` writes it.
fn line(dir: &Path, input: &Path) -> Option<String> {
    let bytes = fs::read(input).ok()?;
    Some(format!("{}  {}\n", Digest::of(&bytes), input.strip_prefix(dir).unwrap_or(input).display()))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// What the tools of JavaScript and Python read.
pub(super) fn of_script(dir: &Path) -> Vec<PathBuf> {
    let files = FILES.iter().map(|file| dir.join(file)).filter(|path| path.is_file());
    let mut found: Vec<PathBuf> = files.chain(FOLDERS.iter().flat_map(|folder| below(dir.join(folder)))).collect();
    found.sort();
    found
}

/// All files of a folder but what an editor or an interpreter lays beside a source.
fn below(folder: PathBuf) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') || name.ends_with('~') || name == "__pycache__" {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

/// What cargo read for a module: by its dep-info, without what the build made.
pub(super) fn of_crate(dir: &Path, module: &Path) -> Vec<PathBuf> {
    let info = fs::read_to_string(module.with_extension("d")).unwrap_or_default();
    // TARGET/wasm32-wasip1/PROFILE/NAME.wasm
    let made = module.ancestors().nth(3).unwrap_or(module);
    let named = info.split_once(": ").map_or("", |(_, named)| named.lines().next().unwrap_or_default());
    let read = paths(named).into_iter().map(|path| dir.join(path)).filter(|path| !path.starts_with(made));
    // A build script may name a whole folder.
    let mut found: Vec<PathBuf> = read.flat_map(|path| if path.is_dir() { below(path) } else { vec![path] }).collect();
    // Without it nothing is known, and an empty list is that of no source.
    if !found.is_empty() {
        found.push(dir.join("plugin.toml"));
    }
    found
}

/// The paths of a line of dep-info, in which a blank of a path stands behind a backslash.
fn paths(line: &str) -> Vec<PathBuf> {
    // No path holds a zero.
    let line = line.replace("\\ ", "\0");
    line.split(' ').filter(|path| !path.is_empty()).map(|path| PathBuf::from(path.replace('\0', " "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Python plugin and its component, with what it was made of written down.
    fn made() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, name).unwrap();
            let before = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
            fs::File::options().write(true).open(path).unwrap().set_modified(before).unwrap();
        };
        ["plugin.toml", "requirements.txt", "src/plugin.py", "sdk/python/caifeng.py", "wit/plugin.wit"]
            .into_iter()
            .for_each(put);
        let component = dir.path().join("target/board.wasm");
        let record = Record::begin(&component);
        fs::write(&component, "component").unwrap();
        record.end(dir.path(), &of_script(dir.path()));
        (dir, component)
    }

    #[test]
    fn what_is_no_source_makes_nothing_old() {
        let (dir, component) = made();
        assert!(is_current(dir.path(), &component));
        for other in ["NOTES.txt", ".git/index", "board.key", "DATA/caifeng.db", "src/.plugin.py.swp", "src/plugin.py~"]
        {
            let path = dir.path().join(other);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "new").unwrap();
            assert!(is_current(dir.path(), &component), "{other}");
        }
        // Touched, and the same.
        fs::write(dir.path().join("src/plugin.py"), "src/plugin.py").unwrap();
        assert!(is_current(dir.path(), &component));
    }

    #[test]
    fn each_source_that_is_changed_added_or_removed_makes_it_old() {
        for (file, text) in [
            ("src/plugin.py", Some("other")),
            ("src/more.py", Some("")),
            ("plugin.toml", Some("")),
            ("wit/plugin.wit", None),
        ] {
            let (dir, component) = made();
            let path = dir.path().join(file);
            text.map_or_else(|| fs::remove_file(&path), |text| fs::write(&path, text)).unwrap();
            assert!(!is_current(dir.path(), &component), "{file}");
        }
        let (dir, component) = made();
        fs::remove_file(&component).unwrap();
        assert!(!is_current(dir.path(), &component));
    }

    #[test]
    fn what_is_changed_while_it_is_built_is_built_again() {
        let (dir, component) = made();
        let record = Record::begin(&component);
        fs::write(dir.path().join("src/plugin.py"), "meanwhile").unwrap();
        record.end(dir.path(), &of_script(dir.path()));
        assert!(!is_current(dir.path(), &component));
    }

    #[test]
    fn dep_info_names_what_was_read() {
        let line = "/a/src/lib.rs /a/my\\ page.html sdk/lib.rs";
        assert_eq!(paths(line), ["/a/src/lib.rs", "/a/my page.html", "sdk/lib.rs"].map(PathBuf::from));
        let dir = tempfile::tempdir().unwrap();
        let module = dir.path().join("target/wasm32-wasip1/guest/a.wasm");
        fs::create_dir_all(module.parent().unwrap()).unwrap();
        assert!(of_crate(dir.path(), &module).is_empty());
        let made = dir.path().join("target/x/bindings.rs");
        fs::write(module.with_extension("d"), format!("{}: src/lib.rs {}\n", module.display(), made.display()))
            .unwrap();
        assert_eq!(of_crate(dir.path(), &module), ["src/lib.rs", "plugin.toml"].map(|name| dir.path().join(name)));
    }
}

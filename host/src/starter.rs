//! What a new plugin begins with: `caifeng plugin new`.
//!
//! A folder that builds, passes its own test and keeps every law, with nothing
//! in it that the author must understand first. All of it is inside the binary:
//! the contract, the SDK of the language as it stands in this repository, a
//! manifest, one parser and one fixture. What an author's tools fetch besides
//! comes from the public registries, pinned.
//!
//! Pure: names and texts come out, and whoever calls writes them. The names of
//! template files end in `.txt` where a tool of this repository would otherwise
//! take them for its own.

/// A text below `plugins/templates`.
macro_rules! template {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins/templates/", $path))
    };
}

mod rust;
mod script;

use std::fmt;

/// The language that a plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// A crate.
    Rust,
    /// A module for QuickJS, by npm.
    JavaScript,
    /// A module for CPython, by pip.
    Python,
}

/// What a plugin is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Read posts.
    Source,
    /// Label posts.
    Classifier,
    /// Label posts by what a service answers.
    Asker,
}

/// One file of a new plugin: where it lies in the folder, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the plugin's folder, with `/`.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// Why there can be no plugin of that name; its author chooses another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write at most 64 lower-case letters, digits and hyphens, a letter first and no hyphen last: {0}")]
pub struct NameError(String);

/// What a plugin is called: in its manifest, its package and the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Takes a name that suits manifests and packages alike.
    ///
    /// # Errors
    /// If it does not.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = name.len() <= 64 && name.chars().all(plain) && !name.ends_with('-');
        if fits && name.starts_with(|c: char| c.is_ascii_lowercase()) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NameError(name.to_owned()))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The files of a new plugin. `today`, as `2026-03-09`, dates its fixture.
#[must_use]
pub fn files(name: &Name, language: Language, kind: Kind, today: &str) -> Vec<File> {
    let own = match language {
        Language::Rust => rust::files(kind),
        Language::JavaScript => script::javascript(kind),
        Language::Python => script::python(kind),
    };
    let features = if kind == Kind::Asker { ", features = [\"json\"]" } else { "" };
    let filled =
        |text: &str| text.replace("{{features}}", features).replace("{{id}}", &name.0).replace("{{today}}", today);
    let of_language = own.into_iter().map(|(path, text)| (path.to_owned(), filled(text)));
    // The SDK and the contract go out as they are.
    let sdk = match language {
        Language::Rust => rust::SDK,
        Language::JavaScript => script::JAVASCRIPT_SDK,
        Language::Python => script::PYTHON_SDK,
    };
    let as_it_is = sdk.iter().chain(&CONTRACT).map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let common = fixture(kind).iter().map(|(path, text)| ((*path).to_owned(), filled(text)));
    let mut files: Vec<_> = of_language.chain(common).chain(as_it_is).map(|(path, text)| File { path, text }).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// A path in the new folder, and its text.
type Held = (&'static str, &'static str);

const CONTRACT: [Held; 1] = [("wit/plugin.wit", include_str!("../../wit/plugin.wit"))];

/// What does not belong into a repository: what is built and fetched, and whatever an author may lay beside it, above all keys.
const IGNORED: &str = template!("gitignore.txt");

const fn fixture(kind: Kind) -> &'static [Held] {
    match kind {
        Kind::Source => &[
            ("plugin.toml", template!("source.toml")),
            ("fixtures/latest/call.toml", template!("fixtures/source/latest/call.toml")),
            ("fixtures/latest/body.html", template!("fixtures/source/latest/body.html")),
            ("fixtures/latest/expect.json", template!("fixtures/source/latest/expect.json")),
        ],
        Kind::Classifier => &[
            ("plugin.toml", template!("classifier.toml")),
            ("fixtures/suggestions/call.toml", template!("fixtures/classifier/suggestions/call.toml")),
            ("fixtures/suggestions/posts.jsonl", template!("fixtures/classifier/suggestions/posts.jsonl")),
            ("fixtures/suggestions/expect.json", template!("fixtures/classifier/suggestions/expect.json")),
        ],
        Kind::Asker => &[
            ("plugin.toml", template!("asker.toml")),
            ("fixtures/ask/call.toml", template!("fixtures/asker/ask/call.toml")),
            ("fixtures/ask/posts.jsonl", template!("fixtures/asker/ask/posts.jsonl")),
            ("fixtures/ask/expect.json", template!("fixtures/asker/ask/expect.json")),
            ("fixtures/suggestion/call.toml", template!("fixtures/asker/suggestion/call.toml")),
            ("fixtures/suggestion/posts.jsonl", template!("fixtures/asker/suggestion/posts.jsonl")),
            ("fixtures/suggestion/body.json", template!("fixtures/asker/suggestion/body.json")),
            ("fixtures/suggestion/expect.json", template!("fixtures/asker/suggestion/expect.json")),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use caifeng_plugin_host::manifest::Manifest;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn every() -> impl Iterator<Item = (Language, Kind, Vec<File>)> {
        let name = Name::new("harbour-board").unwrap();
        let languages = [Language::Rust, Language::JavaScript, Language::Python];
        let kinds = [Kind::Source, Kind::Classifier, Kind::Asker];
        let all = languages.into_iter().flat_map(move |language| kinds.map(|kind| (language, kind)));
        all.map(move |(language, kind)| (language, kind, files(&name, language, kind, "2026-03-09")))
    }

    #[test]
    fn nothing_is_left_to_fill_in_and_no_path_is_there_twice() {
        for (language, kind, files) in every() {
            let paths: BTreeSet<_> = files.iter().map(|file| file.path.as_str()).collect();
            assert_eq!(paths.len(), files.len(), "{language:?} {kind:?}");
            let manifest = files.iter().find(|file| file.path == "plugin.toml").unwrap();
            assert_eq!(Manifest::parse(&manifest.text).unwrap().id, "harbour-board");
            for file in &files {
                for open in ["{{id}}", "{{today}}", "{{features}}"] {
                    assert!(!file.text.contains(open), "{}", file.path);
                }
            }
        }
    }

    /// A key that is committed is everybody's.
    #[test]
    fn what_is_secret_or_made_is_kept_out_of_git() {
        for (language, kind, files) in every() {
            let ignored = files.iter().find(|file| file.path == ".gitignore").unwrap();
            let lines: Vec<_> = ignored.text.lines().collect();
            for line in
                ["*.key", "/login", "*.wasm", "*.minisig", "/DATA/", "/target/", "/node_modules/", "__pycache__/"]
            {
                assert!(lines.contains(&line), "{language:?} {kind:?} {line}");
            }
        }
    }

    #[test]
    fn a_name_suits_manifest_and_package() {
        for good in ["a", "harbour-board", "board2"] {
            assert_eq!(Name::new(good).unwrap().to_string(), good);
        }
        for bad in ["", "2board", "Board", "board-", "青禾", "a/b", "a b", "a.b", &"a".repeat(65)] {
            assert!(Name::new(bad).is_err(), "{bad}");
        }
    }

    /// A file of the SDK that is not listed would be missing in every new plugin.
    #[test]
    fn the_whole_sdk_goes_along() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/sdk");
        for (folder, to, held) in [
            ("src", "sdk/rust/src", rust::SDK),
            ("javascript", "sdk/javascript", script::JAVASCRIPT_SDK),
            ("python", "sdk/python", script::PYTHON_SDK),
        ] {
            let held: BTreeSet<_> = held.iter().map(|(path, _)| (*path).to_owned()).collect();
            for file in below(&sdk.join(folder)) {
                let path = format!("{to}/{file}");
                assert!(held.contains(&path), "{path} is not in the table of what a new plugin holds");
            }
        }
    }

    fn below(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "__pycache__" {
                found.extend(below(&path).into_iter().map(|inner| format!("{name}/{inner}")));
            } else if path.is_file() {
                found.push(name);
            }
        }
        found
    }

    /// The SDK that goes along is built from the same crates as ours.
    #[test]
    fn the_sdk_that_goes_along_needs_what_ours_needs() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let table = |path: &str| -> toml::Table { std::fs::read_to_string(root.join(path)).unwrap().parse().unwrap() };
        let workspace = table("Cargo.toml");
        let ours = table("plugins/sdk/Cargo.toml");
        let theirs: toml::Table = rust::MANIFEST.parse().unwrap();
        for kind in ["dependencies", "build-dependencies"] {
            let names = |of: &toml::Table| of[kind].as_table().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&ours), names(&theirs), "{kind}");
            for (name, how) in ours[kind].as_table().unwrap() {
                let inherited = how.get("workspace").is_some();
                let wanted = if inherited { &workspace["workspace"]["dependencies"][name] } else { how };
                let version = |how: &toml::Value| how.get("version").unwrap_or(how).clone();
                let (wanted, given) = (version(wanted), version(&theirs[kind][name]));
                assert_eq!(wanted, given, "{name}");
            }
        }
        let package = &workspace["workspace"]["package"];
        for key in ["edition", "rust-version"] {
            assert_eq!(package[key], theirs["package"][key], "{key}");
        }
    }
}

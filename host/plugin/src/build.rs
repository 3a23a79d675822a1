//! From source to a plugin: `caifeng plugin build`.
//!
//! What the folder holds says in which language: a `Cargo.toml` Rust, a
//! `package.json` JavaScript, a `requirements.txt` Python. For the latter two see
//! `script`; what follows is about Rust.
//!
//! A guest is compiled for `wasm32-wasip1`, because ordinary crates work there,
//! and encoded into a component with an adapter of our own in WASI's place that
//! reaches nothing (`adapter.wat`); it becomes a part of the guest (`linked`). The
//! result imports nothing; that is not hoped for but read back from the file
//! before it is handed out.
//!
//! A guest that exports [`SNAPSHOT_EXPORT`], as the SDK's macros do, is then
//! initialised, once and for all: what it sets up on first use is in the file,
//! and a fresh instance answers like one that has answered before.
//!
//! The build belongs to the author: their cargo, their lock file, their
//! profile. Only the target features are ours: `simd128` is on, since memchr
//! and its kin, which every parser stands on, run a quarter faster with it,
//! and every host of ours has it.

mod blame;
mod inputs;
mod linked;
mod narrow;
mod script;

use crate::artifact::{Artifact, ArtifactError, MANIFEST_SECTION, SNAPSHOT_EXPORT};
use crate::engine::{self, SPOKEN_PAGES, SnapshotError};
use crate::manifest::{Manifest, ManifestError};
use inputs::Record;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::{Parser, Payload, TypeRef};

/// Stands in for WASI inside the component.
const ADAPTER: &str = include_str!("adapter.wat");

/// What a plugin hears that asks for the time.
const NO_CLOCK: &str = "a plugin has no clock: use crawl.now";

/// The module name that the adapter satisfies.
const WASI: &str = "wasi_snapshot_preview1";

/// What guests are compiled for.
const TARGET: &str = "wasm32-wasip1";

/// The profile guests are built with where their workspace has it.
const PROFILE: &str = "guest";

/// Why there is no plugin; unless it says otherwise, its author must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No manifest where one must be.
    #[error("cannot read the manifest, write a plugin.toml beside the source: {path}: {error}")]
    NoManifest {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The manifest is wrong.
    #[error("mend the manifest: {0}")]
    Manifest(#[from] ManifestError),
    /// Nothing in the folder says how it is built.
    #[error("no Cargo.toml, package.json or requirements.txt, begin with `caifeng plugin new`: {0}")]
    NoSource(PathBuf),
    /// A program that the language needs cannot be run: whoever set up the machine must act.
    #[error("cannot run {program}, {remedy}: {error}")]
    NoProgram {
        /// What was to run.
        program: String,
        /// What to do.
        remedy: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
    /// The registry did not give what the lock file names: whoever set up the machine must act, or the author mend the file.
    #[error("cannot fetch what {file} names, look at the network and the file:\n{said}")]
    Fetch {
        /// The lock file.
        file: &'static str,
        /// What npm or pip said.
        said: String,
    },
    /// The source does not become a component. The text is the tool's.
    #[error("the source does not become a component, mend it:\n{0}")]
    Script(String),
    /// cargo cannot be run: whoever set up the machine must act.
    #[error("cannot run cargo, install Rust from https://rustup.rs: {0}")]
    NoCargo(std::io::Error),
    /// The target is not installed: whoever set up the machine must act.
    #[error("the compiler cannot make WebAssembly yet, run: rustup target add {TARGET}")]
    MissingTarget,
    /// The crate does not compile. The text is the compiler's.
    #[error("the crate does not compile, mend it:\n{0}")]
    Compile(String),
    /// The crate makes no WebAssembly library.
    #[error("the crate makes no WebAssembly library, add `[lib] crate-type = [\"cdylib\"]` to {0}")]
    NotCdylib(PathBuf),
    /// The module wants from outside what a plugin cannot have.
    #[error("a plugin reaches nothing outside, remove what links: {}", .0.join(", "))]
    Links(Vec<String>),
    /// The module is not a guest of the contract.
    #[error("cannot be made a component, export a plugin with the SDK's macro: {0}")]
    Encode(String),
    /// What the plugin sets up before its first call goes wrong.
    #[error("cannot be initialised, mend what its `warm` does: {0}")]
    Warm(#[from] SnapshotError),
    /// The component is not a plugin.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The result cannot be written.
    #[error("cannot write the plugin, make room or choose another place: {path}: {error}")]
    Write {
        /// Where it was to go.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}

/// How far a build has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// What the lock file names is being fetched.
    Fetching,
    /// This crate is compiled.
    Compiled(String),
    /// The component is being made.
    Encoding,
}

/// Makes a plugin of a core module that was built for `wasm32-wasip1`.
///
/// # Errors
/// If the module wants anything from outside, is no guest of the contract, or
/// the manifest is wrong.
pub fn encode(core_module: &[u8], manifest_toml: &str) -> Result<Vec<u8>, BuildError> {
    Manifest::parse(manifest_toml)?;
    let adapter = adapter()?;
    let foreign = foreign_imports(core_module, &adapter)?;
    if !foreign.is_empty() {
        return Err(BuildError::Links(foreign));
    }
    let module = linked::linked(core_module, &adapter)?;
    let mut component = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(wit_component::ComponentEncoder::encode)
        .map_err(|error| BuildError::Encode(format!("{error:#}")))?;
    if exports(&module)?.iter().any(|name| name == SNAPSHOT_EXPORT) {
        component = engine::initialised(&component)?;
    }
    finished(component, manifest_toml)
}

/// Builds the plugin in `dir`, whatever it is written in, and writes it to
/// `out`, whose path it returns. `progress` is called for every crate that was
/// compiled, and for the steps of other languages.
///
/// # Errors
/// Says who must act; see [`BuildError`].
pub fn build(dir: &Path, out: &Path, progress: &mut dyn FnMut(Progress)) -> Result<PathBuf, BuildError> {
    write(made(dir, progress)?.plugin, out)
}

/// As [`build`], and writes down beside `out` what it was made of, for [`is_current`].
///
/// # Errors
/// Says who must act; see [`BuildError`].
pub fn build_in_place(dir: &Path, out: &Path, progress: &mut dyn FnMut(Progress)) -> Result<PathBuf, BuildError> {
    let record = Record::begin(out);
    let made = made(dir, progress)?;
    let path = write(made.plugin, out)?;
    record.end(dir, &made.inputs);
    Ok(path)
}

/// Whether a component that [`build_in_place`] wrote is what the source in `dir` makes now. Where there is no source, what is
/// there is all there is.
#[must_use]
pub fn is_current(dir: &Path, component: &Path) -> bool {
    inputs::is_current(dir, component)
}

/// Builds the crate in `dir` with cargo and writes the plugin to `out`, whose
/// path it returns. `progress` is called for every crate that was compiled.
///
/// # Errors
/// Says who must act; see [`BuildError`].
pub fn build_crate(dir: &Path, out: &Path, progress: &mut dyn FnMut(Progress)) -> Result<PathBuf, BuildError> {
    write(made_of_crate(dir, progress)?.plugin, out)
}

/// What a folder says of how it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Crate,
    Script(script::Script),
}

impl Source {
    fn of(dir: &Path) -> Option<Self> {
        if dir.join("Cargo.toml").is_file() { Some(Self::Crate) } else { script::Script::of(dir).map(Self::Script) }
    }
}

/// A plugin, and the files that it was made of.
struct Made {
    plugin: Vec<u8>,
    inputs: Vec<PathBuf>,
}

fn made(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Made, BuildError> {
    match Source::of(dir) {
        Some(Source::Crate) => made_of_crate(dir, progress),
        Some(Source::Script(script)) => {
            let (text, manifest) = manifest(dir)?;
            let component = script.component(dir, script::World::of(&manifest), progress)?;
            progress(Progress::Encoding);
            let plugin = finished(narrow::narrowed(&component)?, &text)?;
            Ok(Made { plugin, inputs: inputs::of_script(dir) })
        }
        None => Err(BuildError::NoSource(dir.to_owned())),
    }
}

fn made_of_crate(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Made, BuildError> {
    let (text, _) = manifest(dir)?;
    let workspace = Workspace::of(dir)?;
    let module = compile(dir, &workspace, progress)?;
    progress(Progress::Encoding);
    let core = fs::read(&module).map_err(|error| BuildError::Compile(format!("{}: {error}", module.display())))?;
    let plugin = encode(&core, &text).map_err(|error| match error {
        BuildError::Links(foreign) => BuildError::Links(blame::with_lines(dir, foreign)),
        other => other,
    })?;
    let mut inputs = inputs::of_crate(dir, &module);
    if !inputs.is_empty() {
        inputs.extend(workspace.manifests());
    }
    Ok(Made { plugin, inputs })
}

fn manifest(dir: &Path) -> Result<(String, Manifest), BuildError> {
    let path = dir.join("plugin.toml");
    let text = fs::read_to_string(&path).map_err(|error| BuildError::NoManifest { path, error })?;
    let manifest = Manifest::parse(&text)?;
    Ok((text, manifest))
}

fn write(plugin: Vec<u8>, out: &Path) -> Result<PathBuf, BuildError> {
    let written = out.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(out, plugin));
    written.map_err(|error| BuildError::Write { path: out.to_owned(), error })?;
    Ok(out.to_owned())
}

/// A component with its manifest inside, read as the host will read it.
fn finished(mut component: Vec<u8>, manifest_toml: &str) -> Result<Vec<u8>, BuildError> {
    CustomSection { name: MANIFEST_SECTION.into(), data: manifest_toml.as_bytes().into() }
        .append_to_component(&mut component);
    Artifact::read(component.as_slice())?;
    Ok(component)
}

/// Runs cargo and returns the path of the core module.
fn compile(dir: &Path, workspace: &Workspace, progress: &mut dyn FnMut(Progress)) -> Result<PathBuf, BuildError> {
    let crate_manifest = dir.join("Cargo.toml");
    let profile = if workspace.has_guest_profile() { PROFILE } else { "release" };
    let mut cargo = Command::new("cargo")
        .current_dir(dir)
        .args(["build", "--lib", "--target", TARGET, "--profile", profile])
        .args(["--message-format", "json-render-diagnostics"])
        // A setting of the author's machine must not change what the plugin is.
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", workspace.flags())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(BuildError::NoCargo)?;
    // cargo blocks when either pipe is full, so both are read at once.
    let complaints = read_aside(&mut cargo);
    let module = cargo.stdout.take().and_then(|out| follow(out, &crate_manifest, progress));
    let status = cargo.wait().map_err(BuildError::NoCargo)?;
    let complaints = complaints.and_then(|thread| thread.join().ok()).unwrap_or_default();
    if !status.success() {
        return Err(complaint(complaints));
    }
    module.ok_or(BuildError::NotCdylib(crate_manifest))
}

fn read_aside(cargo: &mut Child) -> Option<std::thread::JoinHandle<String>> {
    let mut stderr = cargo.stderr.take()?;
    Some(std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What could be read is what there is to show.
        let _ = stderr.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }))
}

/// Reads cargo's messages, one JSON object a line, until it ends.
fn follow(out: ChildStdout, crate_manifest: &Path, progress: &mut dyn FnMut(Progress)) -> Option<PathBuf> {
    let own = fs::canonicalize(crate_manifest).unwrap_or_else(|_| crate_manifest.to_owned());
    let mut module = None;
    for line in BufReader::new(out).lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(&line) else {
            continue;
        };
        if message["reason"] != "compiler-artifact" {
            continue;
        }
        if let Some(name) = message["target"]["name"].as_str() {
            progress(Progress::Compiled(name.to_owned()));
        }
        let from = message["manifest_path"].as_str().map(PathBuf::from);
        if from.and_then(|path| fs::canonicalize(path).ok()).as_ref() == Some(&own) {
            let files = message["filenames"].as_array().into_iter().flatten();
            let wasm = files.filter_map(|file| file.as_str()).find(|file| file.ends_with(".wasm"));
            module = wasm.map(PathBuf::from).or(module);
        }
    }
    module
}

/// What the build must know of the workspace that a crate belongs to.
struct Workspace {
    root: PathBuf,
    /// Where cargo keeps the sources of other crates.
    registry: Option<PathBuf>,
    /// The manifests of the crates on this machine that the crate may be made of.
    own: Vec<PathBuf>,
}

impl Workspace {
    fn of(dir: &Path) -> Result<Self, BuildError> {
        let found = Command::new("cargo")
            .current_dir(dir)
            .args(["metadata", "--format-version", "1", "--filter-platform", TARGET])
            .output()
            .map_err(BuildError::NoCargo)?;
        if !found.status.success() {
            return Err(complaint(String::from_utf8_lossy(&found.stderr).into_owned()));
        }
        let metadata: serde_json::Value =
            serde_json::from_slice(&found.stdout).map_err(|error| BuildError::Compile(error.to_string()))?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let (foreign, own): (Vec<_>, Vec<_>) = packages.partition(|package| package["source"].is_string());
        // REGISTRY/NAME-VERSION/Cargo.toml
        let registry = foreign
            .iter()
            .filter_map(|package| Path::new(package["manifest_path"].as_str()?).ancestors().nth(2))
            .map(Path::to_owned)
            .next();
        let root = metadata["workspace_root"].as_str().map_or_else(|| dir.to_owned(), PathBuf::from);
        let own = own.iter().filter_map(|package| package["manifest_path"].as_str()).map(PathBuf::from).collect();
        Ok(Self { root, registry, own })
    }

    /// What says how the crate is built: the manifests, and the lock file.
    fn manifests(&self) -> Vec<PathBuf> {
        let workspace = [self.root.join("Cargo.toml"), self.root.join("Cargo.lock")];
        let mut all: Vec<_> = self.own.iter().cloned().chain(workspace).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether it defines the guest profile.
    fn has_guest_profile(&self) -> bool {
        let manifest = fs::read_to_string(self.root.join("Cargo.toml")).ok();
        let table = manifest.and_then(|text| text.parse::<toml::Table>().ok());
        table.is_some_and(|table| table.get("profile").is_some_and(|profiles| profiles.get(PROFILE).is_some()))
    }

    /// What rustc is told. SIMD, because parsers of bytes gain from it and every host has it; and
    /// that panic messages name no folder of this machine, so that one source is one digest everywhere.
    fn flags(&self) -> String {
        let mut flags = vec!["-Ctarget-feature=+simd128".to_owned()];
        let places = [(Some(&self.root), "/plugin"), (self.registry.as_ref(), "/crates")];
        for (place, name) in places {
            flags.extend(place.map(|place| format!("--remap-path-prefix={}={name}", place.display())));
        }
        flags.join("\u{1f}")
    }
}

/// What cargo's complaint means for who must act.
fn complaint(text: String) -> BuildError {
    let missing = text.contains("target may not be installed") || text.contains("can't find crate for `core`");
    if missing { BuildError::MissingTarget } else { BuildError::Compile(text.trim_end().to_owned()) }
}

fn adapter() -> Result<Vec<u8>, BuildError> {
    // The adapter has no memory of its own to keep a text in: it is spelled out, a byte an instruction.
    let byte = |byte| format!("(drop (memory.grow (i32.const {})))", SPOKEN_PAGES + usize::from(byte));
    let said: String = NO_CLOCK.bytes().map(byte).collect();
    wat::parse_str(ADAPTER.replace("(@say)", &said))
        .map_err(|error| BuildError::Encode(format!("the host's own adapter: {error}")))
}

/// What the module imports and the adapter does not give.
fn foreign_imports(module: &[u8], adapter: &[u8]) -> Result<Vec<String>, BuildError> {
    let given = exports(adapter)?;
    let mut foreign = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload.map_err(damaged)? {
            for import in section.into_imports() {
                let import = import.map_err(damaged)?;
                let ours = import.module == WASI
                    && matches!(import.ty, TypeRef::Func(_))
                    && given.iter().any(|name| name == import.name);
                if !ours {
                    foreign.push(format!("{}::{}", import.module, import.name));
                }
            }
        }
    }
    Ok(foreign)
}

fn exports(module: &[u8]) -> Result<Vec<String>, BuildError> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(section) = payload.map_err(damaged)? {
            for export in section {
                names.push(export.map_err(damaged)?.name.to_owned());
            }
        }
    }
    Ok(names)
}

#[expect(clippy::needless_pass_by_value, reason = "passed by name to map_err")]
fn damaged(error: wasmparser::BinaryReaderError) -> BuildError {
    BuildError::Encode(error.to_string())
}

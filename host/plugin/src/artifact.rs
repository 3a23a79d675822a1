//! One plugin file: what it is, before anything of it runs.
//!
//! Reading a file answers the questions on which trust rests: which bytes are
//! these (the digest that a grant pins), what do they ask for (the embedded
//! manifest), what do they answer (their exports) and can they reach anything
//! (imports, of which there must be none). Nothing is compiled and nothing
//! runs, so a listing of plugins costs little and a hostile file costs an error.
//!
//! The contract's version is read from the export's name, so a manifest cannot
//! claim another. One export besides the contract is permitted,
//! [`SNAPSHOT_EXPORT`], by which a plugin is initialised when it is built.

use crate::address::HostPattern;
use crate::manifest::{Manifest, ManifestError};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;
use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload};

/// The custom section of a component that holds its `plugin.toml`.
pub const MANIFEST_SECTION: &str = "caifeng:manifest";

/// The one export that a plugin may have besides the contract: what the
/// snapshot at build time calls.
pub const SNAPSHOT_EXPORT: &str = "wizer-initialize";

/// The package whose interfaces plugins export.
const PACKAGE: &str = "caifeng:plugin/";

/// SHA-256 of a plugin's file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// Whether a plugin reads posts or labels them, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginKind {
    /// Reads posts from one kind of site.
    Source,
    /// Labels posts.
    Classifier,
    /// Labels posts by what a service answers.
    Asker,
}

/// A plugin file that was read and is what it should be. Cheap to clone.
#[derive(Clone)]
pub struct Artifact {
    bytes: Arc<[u8]>,
    digest: Digest,
    manifest: Arc<Manifest>,
    manifest_text: Arc<str>,
    kind: PluginKind,
    contract: Arc<str>,
}

/// Why a file is not a plugin, and who must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// Not WebAssembly at all: the operator chose the wrong file.
    #[error("not a plugin, choose a component made by `caifeng plugin build`: this is {0}")]
    NotWasm(&'static str),
    /// A core module: its author has not yet encoded it.
    #[error(
        "not yet a plugin, its author must build it with `caifeng plugin build`: this is a core WebAssembly module"
    )]
    CoreModule,
    /// A file that ends early or is damaged: the operator fetches it again.
    #[error("damaged file, fetch or build it again: {0}")]
    Damaged(String),
    /// It wants something from outside: its author must remove that.
    #[error("a plugin must import nothing, its author must remove: {}", .0.join(", "))]
    Imports(Vec<String>),
    /// It exports no interface of the contract: its author must.
    #[error(
        "exports none of `source`, `classifier` and `asker` of `caifeng:plugin`, its author must export one; it exports: {0}"
    )]
    NoContract(String),
    /// A contract that this host does not speak.
    #[error("made for contract {found}, this host speaks {spoken}: rebuild the plugin or update the host")]
    Contract {
        /// The version in the export's name.
        found: String,
        /// Versions that this host speaks.
        spoken: String,
    },
    /// It exports something besides the contract: its author must remove it.
    #[error("exports more than the contract, its author must remove: {}", .0.join(", "))]
    Exports(Vec<String>),
    /// No manifest inside: its author must build it with one.
    #[error("has no manifest, its author must build it with `caifeng plugin build` beside a plugin.toml")]
    NoManifest,
    /// Two manifests, of which a reader might take either: its author must build it anew.
    #[error("has more than one manifest, its author must build it anew with `caifeng plugin build`")]
    Manifests,
    /// The manifest is wrong: its author must mend it.
    #[error("the manifest is wrong, its author must mend it: {0}")]
    Manifest(#[from] ManifestError),
    /// The manifest does not suit what the component exports.
    #[error("the manifest does not suit a {kind}, its author must mend it: {problem}")]
    Unsuited {
        /// What the component is.
        kind: PluginKind,
        /// What is missing or too much.
        problem: &'static str,
    },
}

impl Artifact {
    /// Reads a plugin file.
    ///
    /// # Errors
    /// The first reason why it is not a plugin of this host.
    pub fn read(bytes: impl Into<Arc<[u8]>>) -> Result<Self, ArtifactError> {
        let bytes = bytes.into();
        let surface = Surface::read(&bytes)?;
        if !surface.imports.is_empty() {
            return Err(ArtifactError::Imports(surface.imports));
        }
        let (kind, contract) = surface.contract()?;
        let manifest_text = surface.manifest.ok_or(ArtifactError::NoManifest)?;
        let manifest = Manifest::parse(&manifest_text)?;
        suits(&manifest, kind)?;
        Ok(Self {
            digest: Digest::of(&bytes),
            bytes,
            manifest: Arc::new(manifest),
            manifest_text: manifest_text.into(),
            kind,
            contract: contract.into(),
        })
    }

    /// The component itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What pins a grant to these bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What the plugin declares.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// The manifest as its author wrote it.
    #[must_use]
    pub fn manifest_text(&self) -> &str {
        &self.manifest_text
    }

    /// Source, classifier or asker, as its export proves.
    #[must_use]
    pub fn kind(&self) -> PluginKind {
        self.kind
    }

    /// Version of the contract, such as `0.1.0`, as its export proves.
    #[must_use]
    pub fn contract(&self) -> &str {
        &self.contract
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifact")
            .field("id", &self.manifest.id)
            .field("kind", &self.kind)
            .field("contract", &self.contract)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{self}")
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Classifier => "classifier",
            Self::Asker => "asker",
        })
    }
}

/// What the outermost component of a file imports, and what of the contract it exports; for builds, which make a
/// plugin of it.
///
/// # Errors
/// If it is no component.
pub(crate) fn surface(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), ArtifactError> {
    let Surface { imports, mut exports, .. } = Surface::read(bytes)?;
    exports.retain(|name| interface(name).is_some());
    Ok((imports, exports))
}

/// What the outermost component shows.
#[derive(Default)]
struct Surface {
    imports: Vec<String>,
    exports: Vec<String>,
    manifest: Option<String>,
}

impl Surface {
    fn read(bytes: &[u8]) -> Result<Self, ArtifactError> {
        if !bytes.starts_with(b"\0asm") {
            return Err(ArtifactError::NotWasm(describe(bytes)));
        }
        let damaged = |error: wasmparser::BinaryReaderError| ArtifactError::Damaged(error.to_string());
        let mut surface = Self::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(damaged)? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(ArtifactError::CoreModule);
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        surface.imports.push(import.map_err(damaged)?.name.full_name().into_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        surface.note(&export.map_err(damaged)?);
                    }
                }
                Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                    let text = std::str::from_utf8(section.data());
                    let text = text.map_err(|error| ArtifactError::Damaged(format!("its manifest: {error}")))?;
                    if surface.manifest.replace(text.to_owned()).is_some() {
                        return Err(ArtifactError::Manifests);
                    }
                }
                _ => {}
            }
        }
        Ok(surface)
    }

    fn note(&mut self, export: &wasmparser::ComponentExport<'_>) {
        let name = export.name.full_name().into_owned();
        let snapshot = export.kind == ComponentExternalKind::Func && name == SNAPSHOT_EXPORT;
        if !snapshot {
            self.exports.push(name);
        }
    }

    /// The one interface of the contract among the exports, with its version.
    fn contract(&self) -> Result<(PluginKind, String), ArtifactError> {
        let mut found = None;
        let mut more = Vec::new();
        for export in &self.exports {
            match interface(export) {
                Some(("source", version)) if found.is_none() => {
                    found = Some((PluginKind::Source, version.to_owned()));
                }
                Some(("classifier", version)) if found.is_none() => {
                    found = Some((PluginKind::Classifier, version.to_owned()));
                }
                Some(("asker", version)) if found.is_none() => {
                    found = Some((PluginKind::Asker, version.to_owned()));
                }
                Some(("types", _)) => {}
                _ => more.push(export.clone()),
            }
        }
        let (kind, version) = found.ok_or_else(|| {
            let all = if self.exports.is_empty() { "nothing".to_owned() } else { self.exports.join(", ") };
            ArtifactError::NoContract(all)
        })?;
        if !crate::contract::SPOKEN.contains(&version.as_str()) {
            return Err(ArtifactError::Contract { found: version, spoken: crate::contract::SPOKEN.join(", ") });
        }
        if more.is_empty() { Ok((kind, version)) } else { Err(ArtifactError::Exports(more)) }
    }
}

/// `caifeng:plugin/source@0.1.0` as `("source", "0.1.0")`.
fn interface(export: &str) -> Option<(&str, &str)> {
    export.strip_prefix(PACKAGE)?.split_once('@')
}

fn describe(bytes: &[u8]) -> &'static str {
    match bytes {
        [] => "an empty file",
        [b'\0', ..] | [_, b'\0', ..] => "some other binary file",
        _ if std::str::from_utf8(bytes).is_ok_and(|text| text.trim_start().starts_with('(')) => "WebAssembly text",
        _ if std::str::from_utf8(bytes).is_ok() => "a text file",
        _ => "some other binary file",
    }
}

/// What the manifest must have, or must not, for this kind of plugin.
fn suits(manifest: &Manifest, kind: PluginKind) -> Result<(), ArtifactError> {
    let problem = match kind {
        PluginKind::Source if manifest.targets.is_empty() => "it needs a [[target]]",
        PluginKind::Source if manifest.steps.is_empty() => "it needs a [[step]]",
        PluginKind::Source if !manifest.labels.is_empty() => "it has a [[label]]",
        PluginKind::Classifier if manifest.labels.is_empty() => "it needs a [[label]]",
        PluginKind::Classifier if !manifest.network.allow.is_empty() => "it asks for network.allow",
        PluginKind::Classifier if !manifest.secrets.is_empty() => "it has a [[secret]]",
        PluginKind::Classifier if !manifest.targets.is_empty() || !manifest.steps.is_empty() => {
            "it has a [[target]] or a [[step]]"
        }
        PluginKind::Asker if manifest.labels.is_empty() => "it needs a [[label]]",
        PluginKind::Asker if manifest.steps.is_empty() => "it needs a [[step]]",
        PluginKind::Asker if !manifest.targets.is_empty() => "it has a [[target]]",
        PluginKind::Asker if manifest.network.allow != [HostPattern::Target] => {
            "it must ask for network.allow = [\"target\"], the endpoint that the operator sets, and for nothing else"
        }
        PluginKind::Asker if !manifest.asks_for_endpoint() => {
            "it needs a [[setting]] endpoint of type text without a default"
        }
        _ => return Ok(()),
    };
    Err(ArtifactError::Unsuited { kind, problem })
}

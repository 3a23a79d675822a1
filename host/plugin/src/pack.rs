//! The one file that is handed on: `caifeng plugin pack`.
//!
//! A plugin that travels must be able to show that it keeps the laws, where its author's folder is not. So its
//! fixtures travel in it, in a custom section beside the manifest's; no sandbox loads them, and the digest covers them.
//! What only a debugger reads is left out, of every module inside.
//!
//! The same input gives the same bytes: sections stand in a fixed order, files by name, without times or owners. Packing
//! what is packed changes nothing. The signature is no part of the file (see `docs/plugins.md`): who signs does not change what
//! is signed.
//!
//! The fixtures are a zlib stream (RFC 1950) of entries: length of the name, name, length of the content, content; lengths are
//! 32 bits, little-endian. A stranger packed them: sizes and names are bounded before anything is kept.

use crate::artifact::{Artifact, ArtifactError, MANIFEST_SECTION};
use crate::fixture::{Fixture, FixtureError, Listed};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use wasm_encoder::{ComponentSection as _, ComponentSectionId, CustomSection, Encode as _, RawSection, Section as _};
use wasmparser::{Encoding, Parser, Payload};

/// The custom section of a component that holds its fixtures.
pub const FIXTURES_SECTION: &str = "caifeng:fixtures";

/// Files of all fixtures together.
const FILES: usize = 4096;

/// Bytes of all fixtures together, uncompressed.
const BYTES: u64 = 64 << 20;

/// Bytes of a name, with its folder.
const NAME: usize = 255;

/// A file of a fixture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// `FIXTURE/FILE`.
    pub name: String,
    /// What it holds.
    pub content: Vec<u8>,
}

/// Why a plugin cannot be packed or unpacked; unless it says otherwise, its author must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The file is no plugin.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The fixtures inside are damaged: the operator fetches the file again.
    #[error("the fixtures inside are damaged, fetch or pack it again: {0}")]
    Damaged(String),
    /// More than the fixtures of a plugin are.
    #[error("the fixtures are too large, leave out some: more than {0}")]
    TooLarge(String),
    /// A folder that cannot be read or written.
    #[error("{path}: {error}")]
    Folder {
        /// Which.
        path: std::path::PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A fixture that cannot be read.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
}

/// Packs a component with its manifest inside and these fixtures.
///
/// # Errors
/// It is no plugin, or the fixtures are too large.
pub fn pack(component: &[u8], fixtures: &[File]) -> Result<Vec<u8>, PackError> {
    let artifact = Artifact::read(component)?;
    let mut packed = strip(component)?;
    let manifest = CustomSection { name: MANIFEST_SECTION.into(), data: artifact.manifest_text().as_bytes().into() };
    manifest.append_to_component(&mut packed);
    if !fixtures.is_empty() {
        let data = written(fixtures)?;
        CustomSection { name: FIXTURES_SECTION.into(), data: data.into() }.append_to_component(&mut packed);
    }
    Artifact::read(packed.as_slice())?;
    Ok(packed)
}

/// The fixtures of a folder: every file of every folder in it, by name. Hidden ones are not fixtures.
///
/// # Errors
/// Something cannot be read, or it is too much.
pub fn gather(folder: &Path) -> Result<Vec<File>, PackError> {
    let mut files = Vec::new();
    for fixture in entries(folder)? {
        if !fixture.is_dir() {
            continue;
        }
        for path in entries(&fixture)? {
            if path.is_file() {
                let content = fs::read(&path).map_err(|error| PackError::Folder { path: path.clone(), error })?;
                files.push(File { name: format!("{}/{}", name_of(&fixture), name_of(&path)), content });
            }
        }
    }
    bounded(&files)?;
    Ok(files)
}

/// The fixtures inside a packed plugin; none where none were packed.
///
/// # Errors
/// They are damaged, too large, or named as no fixture is.
pub fn fixtures(packed: &[u8]) -> Result<Vec<File>, PackError> {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(packed) {
        match payload.map_err(damaged)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == FIXTURES_SECTION => {
                return read(section.data());
            }
            _ => {}
        }
    }
    Ok(Vec::new())
}

/// Lays the fixtures out in a folder that is there, and reads them as those of a source folder are read.
///
/// # Errors
/// The folder cannot be written.
pub fn lay_out(files: &[File], folder: &Path) -> Result<Vec<Listed>, PackError> {
    for file in files {
        let path = folder.join(&file.name);
        let laid = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, &file.content));
        laid.map_err(|error| PackError::Folder { path, error })?;
    }
    Ok(Fixture::all(folder)?)
}

/// The visible entries of a folder, by name.
fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, PackError> {
    let failed = |error| PackError::Folder { path: folder.to_owned(), error };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if !name_of(&path).starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn bounded(files: &[File]) -> Result<(), PackError> {
    if files.len() > FILES {
        return Err(PackError::TooLarge(format!("{FILES} files")));
    }
    if files.iter().map(|file| file.content.len() as u64).sum::<u64>() > BYTES {
        return Err(PackError::TooLarge(format!("{} MiB", BYTES >> 20)));
    }
    Ok(())
}

fn written(files: &[File]) -> Result<Vec<u8>, PackError> {
    bounded(files)?;
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::best());
    let mut put = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        stream.write_all(&length.to_le_bytes())?;
        stream.write_all(bytes)
    };
    let all = files.iter().try_for_each(|file| put(file.name.as_bytes()).and_then(|()| put(&file.content)));
    all.and_then(|()| stream.finish()).map_err(|error| PackError::Damaged(error.to_string()))
}

fn read(section: &[u8]) -> Result<Vec<File>, PackError> {
    let wrong = |error: io::Error| PackError::Damaged(error.to_string());
    // Names and lengths cost a little more than the contents.
    let most = BYTES + (FILES * (NAME + 8)) as u64;
    let mut stream = ZlibDecoder::new(section).take(most);
    let mut files = Vec::new();
    while let Some(name) = part(&mut stream, NAME as u64).map_err(wrong)? {
        let content = part(&mut stream, BYTES).map_err(wrong)?;
        let content = content.ok_or_else(|| PackError::Damaged("a file without content".to_owned()))?;
        let name = String::from_utf8(name).ok().filter(|name| is_plain(name));
        let name = name.ok_or_else(|| PackError::Damaged("a name that no fixture has".to_owned()))?;
        files.push(File { name, content });
        bounded(&files)?;
    }
    Ok(files)
}

/// The next length and as many bytes; `None` at the end.
fn part(stream: &mut impl io::Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    let mut first = [0; 1];
    if stream.read(&mut first)? == 0 {
        return Ok(None);
    }
    length[0] = first[0];
    stream.read_exact(&mut length[1..])?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > most {
        return Err(io::Error::other("a length that no fixture has"));
    }
    let mut bytes = Vec::new();
    let got = stream.take(length).read_to_end(&mut bytes)?;
    if got as u64 == length { Ok(Some(bytes)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Two names and nothing that leads elsewhere.
fn is_plain(name: &str) -> bool {
    let visible = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.chars().any(|c| c.is_control() || c == '\\' || c == ':')
    };
    name.len() <= NAME && name.split('/').count() == 2 && name.split('/').all(visible)
}

/// Leaves out every custom section, of the component and of all that is inside it; the manifest and the fixtures are added
/// anew by [`pack`].
fn strip(component: &[u8]) -> Result<Vec<u8>, PackError> {
    let mut outer: Vec<Vec<u8>> = Vec::new();
    let mut here = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(damaged)?;
        match &payload {
            Payload::Version { encoding, .. } => here.extend_from_slice(match encoding {
                Encoding::Module => &wasm_encoder::Module::HEADER,
                Encoding::Component => &wasm_encoder::Component::HEADER,
            }),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                outer.push(std::mem::take(&mut here));
                continue;
            }
            Payload::End(_) => {
                let Some(mut around) = outer.pop() else { break };
                let inner = here.starts_with(&wasm_encoder::Component::HEADER);
                let id = if inner { ComponentSectionId::Component } else { ComponentSectionId::CoreModule };
                around.push(id.into());
                here.encode(&mut around);
                here = around;
                continue;
            }
            Payload::CustomSection(_) => continue,
            _ => {}
        }
        let Some((id, range)) = payload.as_section() else { continue };
        let range = usize::try_from(range.start).unwrap_or(0)..usize::try_from(range.end).unwrap_or(0);
        if let Some(data) = component.get(range) {
            RawSection { id, data }.append_to(&mut here);
        }
    }
    Ok(here)
}

#[expect(clippy::needless_pass_by_value, reason = "passed by name to map_err")]
fn damaged(error: wasmparser::BinaryReaderError) -> PackError {
    PackError::Artifact(ArtifactError::Damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &[u8]) -> File {
        File { name: name.to_owned(), content: content.to_owned() }
    }

    #[test]
    fn fixtures_come_back_as_they_went_in() {
        let files = [file("a/body.html", b"<p>"), file("a/call.toml", b""), file("b/x", &[0, 255])];
        assert_eq!(read(&written(&files).unwrap()).unwrap(), files);
        assert_eq!(read(&written(&[]).unwrap()).unwrap(), []);
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in [
            "a",
            "../x",
            "a/..",
            "/a",
            "a/b/c",
            "a\\b/c",
            ".a/b",
            "a/.b",
            "a/\n",
            "c:/x",
            &format!("a/{}", "b".repeat(300)),
        ] {
            assert!(!is_plain(bad), "{bad:?}");
            assert!(read(&written(&[file(bad, b"x")]).unwrap()).is_err(), "{bad:?}");
        }
        assert!(is_plain("2024 列表/body.html"));
    }

    #[test]
    fn what_is_cut_or_swells_is_refused_within_bounds() {
        let whole = written(&[file("a/b", &[7; 1000])]).unwrap();
        for cut in 1..whole.len() {
            assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
        }
        let mut bomb = ZlibEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&3_u32.to_le_bytes()).unwrap();
        bomb.write_all(b"a/b").unwrap();
        bomb.write_all(&u32::MAX.to_le_bytes()).unwrap();
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
        assert!(read(&bomb.finish().unwrap()).unwrap_err().to_string().contains("a length that no fixture has"));
        let many: Vec<File> = (0..=FILES).map(|n| file(&format!("a/{n}"), b"")).collect();
        assert!(matches!(written(&many), Err(PackError::TooLarge(_))));
    }
}

//! In which encoding a text file is, and what stands between its fields.
//!
//! The whole file is looked at once before it is read: one that is UTF-8 but for a
//! few damaged bytes is UTF-8, and its damaged rows are told; one that is not UTF-8 at all is
//! what `chardetng` takes it for, which for Chinese tables is GBK. NUL bytes mean that
//! it is no text.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

use super::{Counted, FileFault};

/// Bytes of a file that are shown to the detector.
const SHOWN: usize = 4 << 20;
/// Where a NUL byte means that the file is no text at all.
const HEAD: usize = 64 << 10;

/// What was found out.
pub(super) fn encoding(path: &Path) -> Result<&'static Encoding, FileFault> {
    let mut file = Counted::open(path, &Arc::new(AtomicU64::new(0)))?;
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let (mut utf8, mut seen) = (Utf8::default(), 0);
    let mut buffer = vec![0; HEAD];
    loop {
        let read = fill(&mut file, &mut buffer)?;
        let bytes = &buffer[..read];
        if seen == 0 {
            if let Some((encoding, _)) = Encoding::for_bom(bytes) {
                return Ok(encoding);
            }
            if bytes.contains(&0) {
                let what = "no text: it holds NUL bytes; save it as CSV in UTF-8, or name its --format";
                return Err(FileFault::Wrong(what.to_owned()));
            }
        }
        if seen < SHOWN {
            detector.feed(bytes, read < buffer.len());
        }
        seen += read;
        utf8.feed(bytes);
        if read < buffer.len() {
            break;
        }
    }
    Ok(if utf8.is_utf8() { UTF_8 } else { detector.guess(Some(b"cn"), Utf8Detection::Deny) })
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut full = 0;
    while full < buffer.len() {
        match file.read(&mut buffer[full..]) {
            Ok(0) => break,
            Ok(read) => full += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(full)
}

/// How much of a file is UTF-8.
#[derive(Default)]
struct Utf8 {
    good: u64,
    broken: u64,
    /// The beginning of a character that the next bytes complete.
    carry: Vec<u8>,
}

impl Utf8 {
    fn feed(&mut self, bytes: &[u8]) {
        let joined;
        let mut rest = if self.carry.is_empty() {
            bytes
        } else {
            self.carry.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.carry);
            &joined[..]
        };
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return self.count(text.as_bytes()),
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    self.count(valid);
                    let Some(broken) = error.error_len() else {
                        after.clone_into(&mut self.carry);
                        return;
                    };
                    self.broken += 1;
                    rest = &after[broken..];
                }
            }
        }
    }

    /// Counts characters beyond ASCII by their first bytes.
    fn count(&mut self, valid: &[u8]) {
        self.good += valid.iter().filter(|byte| **byte >= 0xc0).count() as u64;
    }

    /// Chinese in another encoding breaks UTF-8 at nearly every character.
    const fn is_utf8(&self) -> bool {
        self.broken == 0 || self.good / 4 > self.broken
    }
}

/// What stands most often between the fields of a first line, outside quotes.
pub(crate) fn delimiter(line: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in line.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| *delimiter == byte && !quoted) {
            *count += 1;
        }
    }
    // Of equals the first.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

//! What becomes of a file of contacts, whatever program wrote it.

use std::collections::BTreeSet;
use std::fmt;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use super::{Contact, Draft, Kind, table, vcard};
use crate::document::Plain;

/// Largest file, in bytes: ten thousand cards with small photographs.
pub const LARGEST: u64 = 64 << 20;
/// Most contacts of one file.
pub const MOST: usize = 10_000;
/// Longest name by which another program knows a contact, in characters.
const LONGEST_UID: usize = 200;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// vCards, versions 2.1 to 4.0.
    Vcard,
    /// A table with the names of its columns in the first row.
    Csv,
}

impl Format {
    /// The form of this name, or of a file whose name ends so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "vcard" | "vcf" => Some(Self::Vcard),
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// What is said of contacts that do not say it themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Where they work.
    pub kind: Option<Kind>,
    /// The organisation.
    pub organisation: String,
    /// The function.
    pub role: String,
}

impl Defaults {
    /// A draft with what it lacks.
    #[must_use]
    pub fn fill(&self, mut draft: Draft) -> Draft {
        let lacks = |text: &str| Plain::of(text).is_empty();
        draft.kind = draft.kind.or(self.kind);
        if lacks(&draft.organisation) {
            draft.organisation.clone_from(&self.organisation);
        }
        if lacks(&draft.role) {
            draft.role.clone_from(&self.role);
        }
        draft
    }
}

/// Something in a file that is not taken: whoever made the file must correct it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Bad {
    /// Line, from 1.
    pub line: u64,
    /// Character of the line with which the value begins, in cards; number of the cell, in tables; from 1.
    pub column: u64,
    /// What is wrong and what to write.
    pub message: String,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// A contact that can be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// Line on which it begins, from 1.
    pub line: u64,
    /// By which other programs know it, if the file says so.
    pub uid: Option<String>,
    /// The contact.
    pub contact: Contact,
}

/// What a file has in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Intake {
    /// Contacts that can be taken, in the order of the file.
    pub taken: Vec<Taken>,
    /// What cannot.
    pub bad: Vec<Bad>,
    /// Names of properties or columns that belong to a person and not to a function, or mean nothing here.
    pub left_out: BTreeSet<String>,
}

/// Reads a file.
///
/// # Errors
/// It is too large, holds no text, or no row of it has a meaning; the message says what to do.
pub fn read(bytes: &[u8], format: Format, defaults: &Defaults) -> Result<Intake, String> {
    if bytes.len() as u64 > LARGEST {
        return Err("larger than 64 MiB: export contacts without photographs, or fewer at a time".to_owned());
    }
    let text = text(bytes)?;
    let mut intake = match format {
        Format::Vcard => vcard::read(&text, defaults),
        Format::Csv => table::read(&text, defaults)?,
    };
    if intake.taken.len() > MOST {
        return Err(format!("{} contacts: take in at most {MOST} at a time", intake.taken.len()));
    }
    if intake.taken.is_empty() && intake.bad.is_empty() {
        return Err("there is no contact in it: is it a file of vCards or a table?".to_owned());
    }
    for taken in &mut intake.taken {
        let plain = taken.uid.take().map(|uid| Plain::of(&uid));
        taken.uid =
            plain.filter(|uid| !uid.is_empty() && uid.chars() <= LONGEST_UID).map(|uid| uid.as_str().trim().to_owned());
    }
    Ok(intake)
}

/// A file as text: in the encoding of its mark, in UTF-8 if it is that, else in what it looks like.
fn text(bytes: &[u8]) -> Result<String, String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Ok(encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned());
    }
    if bytes.iter().take(64 << 10).any(|byte| *byte == 0) {
        return Err("no text: it holds NUL bytes; export vCards or CSV in UTF-8".to_owned());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    if let Ok(text) = String::from_utf8(mended(bytes)) {
        return Ok(text);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes[..bytes.len().min(1 << 20)], bytes.len() <= 1 << 20);
    let encoding = detector.guess(Some(b"cn"), Utf8Detection::Deny);
    Ok(encoding.decode_without_bom_handling(bytes).0.into_owned())
}

/// Characters of UTF-8 that were folded in their middle, as RFC 2426 lets programs do, put together before the fold.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let fold = [&b"\r\n "[..], b"\r\n\t", b"\n ", b"\n\t"].into_iter().find(|fold| rest.starts_with(fold));
        let within = out.last().is_some_and(|byte: &u8| *byte >= 0x80);
        match fold.filter(|_| within) {
            Some(fold) => {
                let after = &rest[fold.len()..];
                let split = after.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
                out.extend_from_slice(&after[..split]);
                out.extend_from_slice(fold);
                rest = &after[split..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "BEGIN:VCARD\nORG:河北日报\nTITLE:记者\nN:王;芳\nTEL:110\nEND:VCARD\n";

    #[test]
    fn a_file_is_text_in_whatever_encoding() {
        let read = |bytes: &[u8]| {
            read(bytes, Format::Vcard, &Defaults::default()).map(|intake| intake.taken[0].contact.clone())
        };
        let wanted = read(CARD.as_bytes()).unwrap();
        assert_eq!((wanted.organisation.as_str(), wanted.name.as_deref()), ("河北日报", Some("王芳")));
        assert_eq!(read(&encoding_rs::GBK.encode(CARD).0).unwrap(), wanted);
        assert_eq!(read(format!("\u{feff}{CARD}").as_bytes()).unwrap(), wanted);
        let utf16: Vec<u8> = std::iter::once(0xfeff).chain(CARD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&utf16).unwrap(), wanted);
        assert!(read(b"\0\0\0\0").unwrap_err().contains("NUL bytes"));
        assert!(read(b"\n \n").unwrap_err().contains("no contact in it"));
    }

    #[test]
    fn too_much_is_refused_before_anything_is_taken() {
        let many = CARD.repeat(MOST + 1);
        let told = read(many.as_bytes(), Format::Vcard, &Defaults::default()).unwrap_err();
        assert_eq!(told, "10001 contacts: take in at most 10000 at a time");
    }

    #[test]
    fn what_another_program_knows_it_by_is_bounded() {
        let card = |uid: &str| CARD.replace("ORG:", &format!("UID:{uid}\nORG:"));
        let uid =
            |text: String| read(text.as_bytes(), Format::Vcard, &Defaults::default()).unwrap().taken.remove(0).uid;
        assert_eq!(uid(card("urn:uuid:1\u{202e}")), Some("urn:uuid:1".to_owned()));
        assert_eq!(uid(card(&"a".repeat(300))), None);
    }
}

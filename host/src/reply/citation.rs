//! What a sentence rests on: `[post:123]` a captured post, `[doc:3f9a…]` a document by the beginning of its SHA-256.
//!
//! A citation stands behind the sentence in the draft, is checked while the draft is written, and is taken out of what is
//! published. One that does not exist is refused: a draft whose grounds were made up must not get as
//! far as a reviewer.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// The fewest digits of a document's hash: enough that no two of an organisation's are alike by chance.
const DIGITS: usize = 8;

/// Something that a sentence rests on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Citation {
    /// A captured post, by its row key.
    Post(i64),
    /// A document of the incident, by the beginning of its SHA-256 in hex.
    Document(String),
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Post(row) => write!(f, "[post:{row}]"),
            Self::Document(hash) => write!(f, "[doc:{hash}]"),
        }
    }
}

/// A citation and where it stands, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// Where.
    pub at: Range<usize>,
    /// What; `None` when it is written as a citation and names nothing.
    pub what: Option<Citation>,
}

/// A citation that is wrong: the author must correct it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CitationError {
    /// It names nothing.
    #[error("{0}: not a citation: write [post:NUMBER] or [doc:SHA-256, at least 8 digits]")]
    Unreadable(String),
    /// What it names is not there.
    #[error("{0}: there is no such {1} in this incident: cite what `caifeng incident show` lists")]
    Missing(Citation, &'static str),
}

/// All citations of a draft.
#[must_use]
pub fn citations(text: &str) -> Vec<Cited> {
    static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\[(post|doc):([^\[\]\n]{0,80})\]").ok());
    let Some(mark) = MARK.as_ref() else { return Vec::new() };
    let found = mark.captures_iter(text).filter_map(|found| {
        let (whole, kind, name) = (found.get(0)?, found.get(1)?, found.get(2)?.as_str().trim());
        let hex = name.len() >= DIGITS && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let what = match kind.as_str() {
            "post" => name.parse().ok().map(Citation::Post),
            _ => hex.then(|| Citation::Document(name.to_ascii_lowercase())),
        };
        Some(Cited { at: whole.range(), what })
    });
    found.collect()
}

/// The text without citations, as it is published.
#[must_use]
pub fn without(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for cited in citations(text) {
        out.push_str(text[from..cited.at.start].trim_end_matches(' '));
        from = cited.at.end;
    }
    out.push_str(&text[from..]);
    out
}

/// Everything that is wrong with the citations of a draft; `exists` knows posts and documents of the incident.
pub fn check(text: &str, mut exists: impl FnMut(&Citation) -> bool) -> Vec<CitationError> {
    let mut wrong = Vec::new();
    for cited in citations(text) {
        match cited.what {
            None => wrong.push(CitationError::Unreadable(text[cited.at].to_owned())),
            Some(what) if !exists(&what) => {
                let kind = if matches!(what, Citation::Post(_)) { "post" } else { "document" };
                wrong.push(CitationError::Missing(what, kind));
            }
            Some(_) => {}
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_are_found_checked_and_taken_out() {
        let text = "水厂7月1日8时停水 [post:12][doc:3F9A00bb]。恢复时间另行通知[post:x]。";
        let named: Vec<_> = citations(text).into_iter().map(|cited| cited.what).collect();
        assert_eq!(named, [Some(Citation::Post(12)), Some(Citation::Document("3f9a00bb".into())), None]);
        assert_eq!(without(text), "水厂7月1日8时停水。恢复时间另行通知。");
        let wrong = check(text, |citation| *citation == Citation::Post(12));
        let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2);
        assert!(told[0].starts_with("[doc:3f9a00bb]: there is no such document"), "{told:?}");
        assert!(told[1].starts_with("[post:x]: not a citation"), "{told:?}");
    }

    #[test]
    fn what_only_looks_like_one_is_text() {
        for text in ["[post]", "post:1", "[1]", "[postcode:1]", "［post:1］", "[post:1\n]"] {
            assert_eq!((citations(text).len(), without(text).as_str()), (0, text));
        }
        assert_eq!(citations("[doc:12345]")[0].what, None, "too short to name a document");
    }
}

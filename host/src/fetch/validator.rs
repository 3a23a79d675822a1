//! Conditional requests (RFC 9110 §13): what a site calls this state of a page.
//!
//! The site's words are kept and sent back as they are, never compared here. A
//! hostile site cannot make them long or break a header with them.

use caifeng_plugin_host::contract::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};

use crate::evidence::warc::field;

/// What names one state of a page: at least one of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// `ETag`, with its quotes and its `W/`.
    pub etag: Option<String>,
    /// `Last-Modified`, as the site wrote it.
    pub modified: Option<String>,
}

/// Longest of either that is kept, in bytes.
const LONGEST: usize = 256;

impl Validator {
    /// What the header fields of an answer of `now` say.
    ///
    /// A date alone is kept only when it lies a minute back: what changes twice within a second keeps its date
    /// (RFC 9110 §8.8.2.2).
    #[must_use]
    pub fn of(headers: &[(String, String)], now: Timestamp) -> Option<Self> {
        let sound =
            |text: &&str| (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b));
        let kept = |name| field(headers, name).map(str::trim).filter(sound).map(str::to_owned);
        let etag = kept("etag");
        let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp().as_second());
        let settled = |text: &String| etag.is_some() || date(text).is_some_and(|date| date + 60 <= now);
        let modified = kept("last-modified").filter(settled);
        let validator = Self { etag, modified };
        (validator.etag.is_some() || validator.modified.is_some()).then_some(validator)
    }

    /// Asks for the page only if it is another by now.
    pub(super) fn ask(&self, fields: &mut HeaderMap) {
        for (name, value) in [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.modified)] {
            if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
                fields.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_site_says_is_sent_back_and_nonsense_is_not_kept() {
        let headers = |etag: &str, modified: &str| {
            vec![("ETag".to_owned(), etag.to_owned()), ("Last-Modified".to_owned(), modified.to_owned())]
        };
        let date = "Tue, 14 Nov 2023 22:15:20 GMT";
        let now = 1_700_000_120;
        let both = Validator::of(&headers(" W/\"a\" ", date), now).unwrap();
        assert_eq!((both.etag.as_deref(), both.modified.as_deref()), (Some("W/\"a\""), Some(date)));
        let mut fields = HeaderMap::new();
        both.ask(&mut fields);
        assert_eq!(
            (&fields[IF_NONE_MATCH], &fields[IF_MODIFIED_SINCE]),
            (&"W/\"a\"".parse().unwrap(), &date.parse().unwrap())
        );
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(Validator::of(&headers("", &long), now), None);
        assert_eq!(Validator::of(&headers("a\r\nEvil: b", "停"), now), None);
        assert_eq!(Validator::of(&headers(&long, date), now + 60).unwrap().etag, None);
        assert_eq!(Validator::of(&[], now), None);
        assert_eq!(Validator::of(&headers("", date), now + 59), None, "it may change again within its second");
        assert!(Validator::of(&headers("", date), now + 60).is_some());
    }
}

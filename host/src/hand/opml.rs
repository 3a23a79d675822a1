//! Lists of subscriptions (OPML 2.0): every feed becomes a watch.
//!
//! Pure: text in, watches out. Folders of the list become the note of a watch, since what
//! somebody sorted by hand is worth keeping and means nothing to the program. A feed that is
//! watched already, by its address, is passed over. Entities that the list declares itself
//! are not expanded, so that a list cannot grow while it is read.

use std::collections::HashSet;

use encoding_rs::GB18030;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::watches::EveryConfig;
use crate::config::{TargetConfig, WatchConfig};
use crate::crawl::Limits;

/// The plugin that reads feeds.
pub const FEED: &str = "feed";
/// Largest list that is read, in bytes.
pub const LARGEST: u64 = 16 << 20;
/// Folders within folders.
const DEEPEST: usize = 64;
/// Feeds of one list.
const MOST: usize = 10_000;
/// Longest note and id, in characters.
const NOTE: usize = 200;
const ID: usize = 40;

/// What becomes of a list.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    /// The new watches, in the order of the list.
    pub watches: Vec<WatchConfig>,
    /// Outlines that became none.
    pub skipped: Vec<Skipped>,
}

/// An outline that became no watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Line of the file, from 1.
    pub line: u64,
    /// Its address, as far as it has one.
    pub address: String,
    /// Why.
    pub why: String,
    /// Whoever made the list must correct it; else the feed is watched already.
    pub wrong: bool,
}

/// Reads a list of subscriptions; `existing` are the watches there are.
///
/// # Errors
/// When it is no OPML; with the line.
pub fn feeds(bytes: &[u8], existing: &[WatchConfig]) -> Result<Feeds, String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => GB18030.decode(bytes).0,
    };
    let mut reading = Reading::new(text.strip_prefix('\u{feff}').unwrap_or(&text), existing);
    reading.read()?;
    Ok(reading.feeds)
}

struct Reading<'a> {
    text: &'a str,
    /// The folders around, `None` for elements that name none.
    folders: Vec<Option<String>>,
    addresses: HashSet<String>,
    ids: HashSet<String>,
    feeds: Feeds,
    opml: bool,
    /// Bytes, and the line that they reach to: lines are counted once.
    counted: (usize, u64),
}

impl<'a> Reading<'a> {
    fn new(text: &'a str, existing: &[WatchConfig]) -> Self {
        let listings = existing.iter().filter_map(|watch| match &watch.target {
            TargetConfig::Listing(address) if watch.plugin == FEED => Some(same(address)),
            _ => None,
        });
        Self {
            text,
            folders: Vec::new(),
            addresses: listings.collect(),
            ids: existing.iter().map(|watch| watch.id.clone()).collect(),
            feeds: Feeds::default(),
            opml: false,
            counted: (0, 1),
        }
    }

    fn read(&mut self) -> Result<(), String> {
        let mut reader = Reader::from_str(self.text);
        // Lists in the wild leave elements open.
        reader.config_mut().check_end_names = false;
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event().map_err(|error| {
                let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                format!("line {}: not XML: {error}", self.line(at))
            })?;
            let line = self.line(at);
            match event {
                Event::Eof => break,
                Event::Start(element) => {
                    let folder = self.element(&element, line)?;
                    self.folders.push(folder);
                    if self.folders.len() > DEEPEST {
                        return Err(format!("line {line}: more than {DEEPEST} folders within each other"));
                    }
                }
                Event::Empty(element) => drop(self.element(&element, line)?),
                Event::End(_) => drop(self.folders.pop()),
                _ => {}
            }
        }
        if self.opml { Ok(()) } else { Err("not a list of subscriptions: no <opml> in it".to_owned()) }
    }

    /// The line of a byte offset that is not before the last one asked for.
    fn line(&mut self, at: usize) -> u64 {
        let at = at.min(self.text.len());
        let (before, line) = self.counted;
        if at > before {
            let more = self.text.as_bytes()[before..at].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.counted = (at, line + more);
        }
        self.counted.1
    }

    /// Takes an element; its name when it is a folder.
    fn element(&mut self, element: &BytesStart<'_>, line: u64) -> Result<Option<String>, String> {
        let name = element.local_name();
        let name: &str = name.as_ref();
        self.opml |= name.eq_ignore_ascii_case("opml");
        if !name.eq_ignore_ascii_case("outline") {
            return Ok(None);
        }
        let (mut label, mut address) = (None, None);
        for attribute in element.attributes().with_checks(false) {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(error) => {
                    self.skip(line, "", format!("not XML: {error}"), true);
                    return Ok(None);
                }
            };
            let key: &str = attribute.key.as_ref();
            let slot = match key.to_ascii_lowercase().as_str() {
                "xmlurl" => &mut address,
                "title" => &mut label,
                "text" if label.is_none() => &mut label,
                _ => continue,
            };
            match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => *slot = Some(value.trim().to_owned()),
                Err(error) => {
                    self.skip(line, "", format!("{error}: write the text itself"), true);
                    return Ok(None);
                }
            }
        }
        let label: String = label.unwrap_or_default().chars().filter(|c| !c.is_control()).take(NOTE).collect();
        match address {
            Some(address) => {
                self.feed(&label, &address, line)?;
                Ok(None)
            }
            None => Ok(Some(label)),
        }
    }

    fn skip(&mut self, line: u64, address: &str, why: String, wrong: bool) {
        let address = address.chars().filter(|c| !c.is_control()).take(NOTE).collect();
        self.feeds.skipped.push(Skipped { line, address, why, wrong });
    }

    fn feed(&mut self, label: &str, address: &str, line: u64) -> Result<(), String> {
        if self.feeds.watches.len() + self.feeds.skipped.len() >= MOST {
            return Err(format!("line {line}: more than {MOST} feeds: split the list"));
        }
        // Feed readers write what they were told.
        let written = address.strip_prefix("feed://").map(|rest| format!("http://{rest}"));
        let address = written.as_deref().unwrap_or(address);
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(url) = url else {
            self.skip(line, address, "not a web address: write it with http:// or https://".to_owned(), true);
            return Ok(());
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.skip(
                line,
                url.host_str().unwrap_or_default(),
                "an address holds no password: leave it out".to_owned(),
                true,
            );
            return Ok(());
        }
        if !self.addresses.insert(same(address)) {
            self.skip(line, address, "watched already".to_owned(), false);
            return Ok(());
        }
        let folders = self.folders.iter().flatten().map(String::as_str).filter(|name| !name.is_empty());
        let note = folders.chain(Some(label).filter(|label| !label.is_empty())).collect::<Vec<_>>().join(" / ");
        let note: String = note.chars().take(NOTE).collect();
        let id = self.id(label, &url);
        let target = TargetConfig::Listing(url.to_string());
        let (plugin, settings) = (FEED.to_owned(), std::collections::BTreeMap::new());
        let note = Some(note).filter(|note| !note.is_empty());
        self.feeds.watches.push(WatchConfig {
            id,
            plugin,
            target,
            site: None,
            settings,
            budget: Limits::default(),
            every: EveryConfig::default(),
            canary: None,
            paused: None,
            note,
        });
        Ok(())
    }

    /// A name that no other watch has: the label's where it has Latin letters, else the host's.
    fn id(&mut self, label: &str, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        let own = if label.is_ascii() { slug(label) } else { String::new() };
        let base = [own, slug(host.strip_prefix("www.").unwrap_or(host)), FEED.to_owned()];
        let base = base.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let numbered = (2_u32..).map(|n| format!("{base}-{n}"));
        let free = std::iter::once(base.clone()).chain(numbered).find(|id| !self.ids.contains(id));
        let id = free.unwrap_or(base);
        self.ids.insert(id.clone());
        id
    }
}

/// Lower-case letters, digits and hyphens of a name.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= ID {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// An address as two lists would write it differently.
fn same(address: &str) -> String {
    let Ok(url) = Url::parse(address) else { return address.to_owned() };
    let whole = url.as_str().split('#').next().unwrap_or_default();
    let bare = whole.split_once("://").map_or(whole, |(_, rest)| rest);
    bare.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(body: &str) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\"><body>\n{body}\n</body></opml>")
    }

    #[test]
    fn folders_become_notes_and_known_feeds_are_passed_over() {
        let text = list(
            "<outline text=\"政务\"><outline text=\"县局\">\n\
             <outline type=\"rss\" text=\"清河发布\" xmlUrl=\"https://www.qinghe.example/rss.xml?a=1&amp;b=2\"/>\n\
             <outline text=\"Qinghe News\" xmlUrl=\"https://news.qinghe.example/feed\"></outline>\n\
             </outline></outline>\n\
             <outline text=\"x\" xmlUrl=\"http://news.qinghe.example/feed/\"/>\n\
             <outline text=\"y\" xmlUrl=\"javascript:alert(1)\"/>\n\
             <outline text=\"清河二\" xmlUrl=\"https://www.qinghe.example/two.xml\"/>",
        );
        let first = feeds(text.as_bytes(), &[]).unwrap();
        let told: Vec<_> =
            first.watches.iter().map(|w| (w.id.as_str(), w.target.text(), w.note.as_deref().unwrap_or("-"))).collect();
        assert_eq!(
            told,
            [
                ("qinghe-example", "https://www.qinghe.example/rss.xml?a=1&b=2", "政务 / 县局 / 清河发布"),
                ("qinghe-news", "https://news.qinghe.example/feed", "政务 / 县局 / Qinghe News"),
                ("qinghe-example-2", "https://www.qinghe.example/two.xml", "清河二"),
            ]
        );
        let skipped: Vec<_> = first.skipped.iter().map(|s| (s.line, s.wrong)).collect();
        assert_eq!(skipped, [(7, false), (8, true)]);
        let again = feeds(text.as_bytes(), &first.watches).unwrap();
        assert_eq!((again.watches.len(), again.skipped.len()), (0, 5));
    }

    #[test]
    fn what_is_hostile_is_refused_and_not_endured() {
        let laughs = "<!DOCTYPE opml [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]>\n<opml><body>\
                      <outline text=\"&b;\" xmlUrl=\"https://a.example/\"/>\
                      <outline text=\"&#0;\" xmlUrl=\"https://b.example/\"/>\
                      <outline text=\"好\" xmlUrl=\"https://c.example/\"/></body></opml>";
        let read = feeds(laughs.as_bytes(), &[]).unwrap();
        assert_eq!(read.watches.len(), 1, "{read:?}");
        assert!(read.skipped.iter().all(|skipped| skipped.wrong), "{read:?}");

        let deep = list(&"<outline text=\"a\">".repeat(100_000));
        assert!(feeds(deep.as_bytes(), &[]).unwrap_err().contains("within each other"));
        let many: String = (0..=MOST).map(|n| format!("<outline xmlUrl=\"https://a.example/{n}\"/>")).collect();
        assert!(feeds(list(&many).as_bytes(), &[]).unwrap_err().contains("more than"));
        for text in ["", "<rss/>", "<opml", "\0\0\0", "{}", "<opml><outline xmlUrl=\"https://a.example/"] {
            assert!(feeds(text.as_bytes(), &[]).is_err(), "{text:?}");
        }
        let secret = feeds(list("<outline xmlUrl=\"https://u:hunter2@a.example/\"/>").as_bytes(), &[]).unwrap();
        assert!(secret.watches.is_empty() && !format!("{secret:?}").contains("hunter2"));
    }

    #[test]
    fn a_list_in_gbk_is_read() {
        let (bytes, _, _) = encoding_rs::GBK
            .encode("<opml><body><outline text=\"清河发布\" xmlUrl=\"https://a.example/\"/></body></opml>");
        assert_eq!(feeds(&bytes, &[]).unwrap().watches[0].note.as_deref(), Some("清河发布"));
    }
}

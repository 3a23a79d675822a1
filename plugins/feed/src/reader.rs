//! Reads RSS, RDF, Atom and CDF into entries.
//!
//! One pass over the tokens with a stack of the elements whose text is being
//! collected. Within a text element every tag is markup and belongs to its
//! value; outside, an unknown element matters only for its attributes. An end
//! tag that fits nothing is ignored, one that fits an outer element closes what
//! was left open inside. Nothing is recursive, and the work per token does not
//! grow with the depth.

mod closing;
mod opening;

use std::borrow::Cow;

use caifeng_plugin_sdk::dates::{self, Moment};
use caifeng_plugin_sdk::{html, url};

use crate::Context;
use crate::element::{Element, element, prefix_of};
use crate::entry::{Entry, Person};
use crate::value::Form;
use crate::xml::{Attributes, Token, Tokens};

/// Open elements beyond this depth collect no text of their own.
const DEEPEST: usize = 64;

/// Base addresses longer than this are ignored, or nesting relative ones would
/// let them grow without end.
const LONGEST_BASE: usize = 2048;

/// What a document turned out to hold.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) entries: Vec<Entry>,
    pub(crate) skipped: Vec<String>,
    /// An element that only feeds have was there.
    pub(crate) is_feed: bool,
    /// The page that links to older entries (RFC 5005).
    pub(crate) older: Option<String>,
    /// The author and the language that entries inherit.
    pub(crate) author: Option<Person>,
    pub(crate) language: Option<String>,
    /// The name of the first element, to tell what a page is that is no feed.
    pub(crate) root: Option<String>,
}

/// Reads a whole document; never fails.
pub(crate) fn read(body: &str, context: &Context<'_>) -> Document {
    let mut reader = Reader::new(body, context);
    for token in Tokens::new(body) {
        reader.token(token);
    }
    reader.finish()
}

/// An element whose text is being collected.
struct Frame<'a> {
    name: &'a str,
    element: Element,
    /// Set for elements that hold a text in some form.
    form: Option<Form>,
    text: String,
    depth: u32,
    /// Elements of the same name open inside, as markup.
    same: u32,
    /// The value of the attribute that the element's meaning depends on.
    note: Option<String>,
}

struct Reader<'a> {
    context: &'a Context<'a>,
    document: Document,
    frames: Vec<Frame<'a>>,
    entry: Option<Entry>,
    /// The name that the open entry's element was written with.
    entry_name: &'a str,
    /// Where base addresses and namespaces were declared, with the depth.
    bases: Vec<(u32, String)>,
    prefixes: Vec<(u32, &'a str, Option<&'static str>)>,
    entities: Vec<(&'a str, &'a str)>,
    /// Bytes that references to declared entities may still add.
    expansion: usize,
    depth: u32,
    /// The depth at which the current entry's title ended.
    title_depth: Option<u32>,
    in_image: bool,
    in_source: bool,
    in_author: bool,
    is_atom: bool,
    closed: bool,
    torn: bool,
}

impl<'a> Reader<'a> {
    fn new(body: &str, context: &'a Context<'a>) -> Self {
        Self {
            context,
            document: Document::default(),
            frames: Vec::new(),
            entry: None,
            entry_name: "",
            bases: Vec::new(),
            prefixes: Vec::new(),
            entities: Vec::new(),
            expansion: body.len().max(4096),
            depth: 0,
            title_depth: None,
            in_image: false,
            in_source: false,
            in_author: false,
            is_atom: false,
            closed: false,
            torn: false,
        }
    }

    fn token(&mut self, token: Token<'a>) {
        match token {
            Token::Start { name, attributes, empty } => self.start(name, attributes, empty),
            Token::End(name) => self.end(name),
            Token::Text(text) => self.text(text),
            Token::Cdata(text) => self.cdata(text),
            Token::Doctype(subset) => self.declare_entities(subset),
            Token::Torn => self.torn = true,
        }
    }

    fn finish(mut self) -> Document {
        let torn = self.torn || self.entry.is_some() || (self.document.is_feed && !self.closed);
        // An entry that is open is dropped whole: what identifies it may have been in the part that is missing, and
        // under another id it would be another post.
        if torn && self.document.is_feed {
            let read = self.document.entries.len();
            self.document.skipped.push(format!("document is cut off, entries read: {read}"));
        }
        self.document
    }

    // Text

    fn text(&mut self, text: &str) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if frame.form == Some(Form::Markup) || memchr::memchr(b'&', text.as_bytes()).is_none() {
            frame.text.push_str(text);
        } else if self.entities.is_empty() {
            frame.text.push_str(&html::decode(text));
        } else {
            expand(&mut frame.text, text, &self.entities, &mut self.expansion);
        }
    }

    fn cdata(&mut self, text: &str) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if frame.form == Some(Form::Markup) && text.contains(['<', '&']) {
            frame.text.push_str(&text.replace('&', "&amp;").replace('<', "&lt;"));
        } else {
            frame.text.push_str(text);
        }
    }

    /// Takes the simple entities of a DTD: text or one character reference, so
    /// that none can refer to another. Sixty-four are kept.
    fn declare_entities(&mut self, subset: &'a str) {
        for declaration in subset.split("<!ENTITY").skip(1).take(64) {
            let declaration = declaration.trim_start();
            let Some((name, rest)) = declaration.split_once(|c: char| c.is_ascii_whitespace()) else {
                continue;
            };
            let rest = rest.trim_start();
            let Some(quote @ ('"' | '\'')) = rest.chars().next() else {
                continue;
            };
            let Some((value, _)) = rest[1..].split_once(quote) else {
                continue;
            };
            let simple = !value.contains('&') || html::reference(value).is_some_and(|(_, len)| len == value.len());
            if simple && value.len() <= 1024 {
                self.entities.push((name, value));
            }
        }
    }

    // Names and scopes

    fn resolve(&self, name: &str) -> Element {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let declared = self.prefixes.iter().rev().find(|(_, known, _)| *known == prefix);
        let prefix = match declared {
            Some((_, _, Some(canonical))) => canonical,
            _ => prefix,
        };
        element(prefix, local)
    }

    fn declare(&mut self, attributes: Attributes<'a>) {
        for (key, value) in attributes.iter() {
            if let Some(prefix) = key.strip_prefix("xmlns") {
                let prefix = prefix.strip_prefix(':').unwrap_or(prefix);
                if self.prefixes.len() < 256 {
                    self.prefixes.push((self.depth, prefix, prefix_of(value)));
                }
            } else if (key.eq_ignore_ascii_case("xml:base") || key.eq_ignore_ascii_case("base"))
                && self.bases.len() < DEEPEST
                && value.len() <= LONGEST_BASE
            {
                let base = url::join(self.base(), &html::decode(value));
                if url::scheme(&base).is_some_and(|scheme| matches!(scheme, "http" | "https" | "ftp" | "feed")) {
                    self.bases.push((self.depth, base));
                }
            } else if key.eq_ignore_ascii_case("xml:lang") || key.eq_ignore_ascii_case("lang") {
                self.language(value);
            }
        }
    }

    fn language(&mut self, value: &str) {
        let value = value.trim().replace('_', "-");
        if value.is_empty() || value.len() > 35 {
            return;
        }
        let language = match &mut self.entry {
            Some(entry) => &mut entry.language,
            None => &mut self.document.language,
        };
        language.get_or_insert(value);
    }

    fn base(&self) -> &str {
        self.bases.last().map_or(self.context.base, |(_, base)| base)
    }

    fn absolute(&self, reference: &str) -> String {
        absolute(self.base(), reference)
    }

    // Start tags

    fn start(&mut self, name: &'a str, attributes: Attributes<'a>, empty: bool) {
        let outer = self.depth;
        self.depth += 1;
        if self.document.root.is_none() {
            self.document.root = Some(name.to_ascii_lowercase());
        }
        let in_text = self.frames.last().is_some_and(|frame| frame.form.is_some());
        if !in_text && !attributes.is_empty() {
            self.declare(attributes);
        }
        if in_text && !self.is_unclosed_before(name) {
            self.markup(name, attributes, empty);
            if empty {
                self.depth = outer;
            }
            return;
        }
        if self.in_image && !name.contains(':') {
            let within = ["title", "link", "description", "url", "href", "width", "height"];
            self.in_image = within.iter().any(|known| known.eq_ignore_ascii_case(name));
        }
        let element = self.resolve(name);
        self.open(element, name, attributes);
        if empty {
            self.end(name);
        }
    }

    /// Whether a tag can only mean that the end tag of the text before it was
    /// forgotten. What is open is closed then.
    fn is_unclosed_before(&mut self, name: &str) -> bool {
        let Some(frame) = self.frames.last() else {
            return false;
        };
        let in_title = frame.element == Element::Title;
        let unclosed = match name.len() {
            4 => name.eq_ignore_ascii_case("item") || (in_title && name.eq_ignore_ascii_case("link")) || name == "guid",
            5 => name.eq_ignore_ascii_case("entry"),
            7 => name.eq_ignore_ascii_case("pubdate") || name == "dc:date",
            11 => name.eq_ignore_ascii_case("description") && frame.name != name,
            15 => name == "content:encoded" && frame.name != name,
            _ => false,
        };
        if unclosed {
            while let Some(frame) = self.frames.pop() {
                self.close(frame);
            }
        }
        unclosed
    }

    /// A tag within a text: part of the text.
    fn markup(&mut self, name: &'a str, attributes: Attributes<'a>, empty: bool) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        let local = name.rsplit(':').next().unwrap_or(name);
        if name == frame.name && !empty {
            frame.same += 1;
        }
        if frame.form != Some(Form::Markup) {
            if local.eq_ignore_ascii_case("div") {
                return;
            }
            frame.form = Some(Form::Markup);
        }
        frame.text.push('<');
        frame.text.push_str(local);
        frame.text.push_str(attributes.source());
        frame.text.push_str(if empty { "/>" } else { ">" });
    }

    fn push(&mut self, element: Element, name: &'a str, form: Option<Form>) {
        if self.frames.len() < DEEPEST {
            let text = String::new();
            self.frames.push(Frame { name, element, form, text, depth: self.depth, same: 0, note: None });
        }
    }

    fn note(&mut self, note: Option<Cow<'a, str>>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.note = note.map(Cow::into_owned);
        }
    }

    // End tags

    fn date(&self, text: &str) -> Option<Moment> {
        dates::parse(text, self.context.now, self.context.utc_offset)
    }
}

/// An absolute address; `http:////host` loses the slashes that are too many.
pub(crate) fn absolute(base: &str, reference: &str) -> String {
    let joined = url::join(base, reference.trim());
    let scheme = url::scheme(&joined).filter(|scheme| *scheme != "file");
    match scheme.and_then(|scheme| joined[scheme.len()..].strip_prefix(":///")) {
        Some(rest) => {
            let host = rest.trim_start_matches('/');
            let scheme = &joined[..joined.len() - rest.len() - 1];
            [scheme, host].concat()
        }
        None => joined,
    }
}

fn non_empty(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Appends `text` with references decoded, those to declared entities as long
/// as they add no more than `budget` bytes in all.
fn expand(out: &mut String, text: &str, entities: &[(&str, &str)], budget: &mut usize) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(66).position(|b| b == b';');
        let name = end.map_or("", |end| &rest[1..end]);
        let declared = entities.iter().find(|(known, value)| *known == name && value.len() <= *budget);
        if let (Some((_, value)), Some(end)) = (declared, end) {
            *budget -= value.len();
            out.push_str(&html::decode(value));
            rest = &rest[end + 1..];
        } else if let Some((c, len)) = html::reference(rest) {
            out.push(c);
            rest = &rest[len..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
}

//! Reads RSS, RDF, Atom and CDF into entries.
//!
//! One pass over the tokens with a stack of the elements whose text is being
//! collected. Within a text element every tag is markup and belongs to its
//! value; outside, an unknown element matters only for its attributes. An end
//! tag that fits nothing is ignored, one that fits an outer element closes what
//! was left open inside. Nothing is recursive, and the work per token does not
//! grow with the depth.

use std::borrow::Cow;

use caifeng_plugin_sdk::dates::{self, Moment};
use caifeng_plugin_sdk::{count, html, url};

use crate::Context;
use crate::element::{Element, element, prefix_of};
use crate::entry::{Entry, Person};
use crate::value::{Form, Value};
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
        if frame.form == Some(Form::Markup) || !text.contains('&') {
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
        if !name.contains(':') {
            self.in_image &= matches!(
                &*name.to_ascii_lowercase(),
                "title" | "link" | "description" | "url" | "href" | "width" | "height"
            );
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

    fn open(&mut self, element: Element, name: &'a str, attributes: Attributes<'a>) {
        match element {
            Element::Rss | Element::Rdf | Element::Channel => self.document.is_feed = true,
            Element::Feed => {
                self.document.is_feed = true;
                self.is_atom = true;
            }
            Element::Item => self.open_entry(name, attributes),
            Element::Image | Element::TextInput => {
                self.in_image = true;
                self.title_depth = None;
            }
            Element::Source => self.open_source(name, attributes),
            Element::Link => self.open_link(name, attributes),
            Element::Author | Element::DcAuthor => {
                self.in_author = true;
                self.push(element, name, None);
            }
            Element::Id => {
                self.push(element, name, None);
                let permanent = attributes.get("ispermalink");
                self.note(permanent);
            }
            Element::Category | Element::ItunesCategory => {
                let term = attributes.get("term").or_else(|| attributes.get("text"));
                self.push(element, name, None);
                self.note(term);
            }
            Element::Title | Element::MediaTitle | Element::Abstract | Element::Summary | Element::Content => {
                self.push_text(element, name, attributes, Form::Plain);
            }
            Element::Subtitle | Element::Rights => {
                self.push_text(element, name, attributes, Form::Plain);
            }
            Element::Description | Element::ContentEncoded => {
                self.push_text(element, name, attributes, Form::Html);
            }
            Element::Body => self.push_text(element, name, attributes, Form::Markup),
            Element::Enclosure
            | Element::MediaContent
            | Element::MediaThumbnail
            | Element::ItunesImage
            | Element::MediaStatistics
            | Element::StarRating
            | Element::InReplyTo => self.open_facts(element, attributes),
            Element::MediaGroup => {}
            Element::Other if self.frames.is_empty() || !attributes.is_empty() => {}
            _ => self.push(element, name, None),
        }
    }

    fn push(&mut self, element: Element, name: &'a str, form: Option<Form>) {
        if self.frames.len() < DEEPEST {
            let text = String::new();
            self.frames.push(Frame { name, element, form, text, depth: self.depth, same: 0, note: None });
        }
    }

    fn push_text(&mut self, element: Element, name: &'a str, attributes: Attributes<'a>, default: Form) {
        let form = if attributes.is_empty() {
            default
        } else {
            Form::declared(attributes.get("type").as_deref(), attributes.get("mode").as_deref(), default)
        };
        self.push(element, name, Some(form));
    }

    fn note(&mut self, note: Option<Cow<'a, str>>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.note = note.map(Cow::into_owned);
        }
    }

    fn open_entry(&mut self, name: &'a str, attributes: Attributes<'a>) {
        self.frames.clear();
        self.finish_entry();
        self.document.is_feed = true;
        self.entry_name = name;
        self.title_depth = None;
        self.in_source = false;
        self.in_author = false;
        let mut entry = Entry::default();
        if !attributes.is_empty() {
            let about = attributes.iter().find(|(key, _)| key.ends_with(":about"));
            entry.id = about.map(|(_, value)| html::decode(value).into_owned());
            // CDF says both in attributes.
            entry.link = attributes.get("href").map(|href| self.absolute(&href));
            entry.updated = attributes.get("lastmod").and_then(|date| self.date(&date));
        }
        self.entry = Some(entry);
    }

    fn open_source(&mut self, name: &'a str, attributes: Attributes<'a>) {
        self.in_source = true;
        self.title_depth = None;
        self.push(Element::Source, name, None);
        let address = attributes.get("url");
        self.note(address);
    }

    fn open_link(&mut self, name: &'a str, attributes: Attributes<'a>) {
        let href = if attributes.is_empty() {
            None
        } else {
            attributes
                .get("url")
                .or_else(|| attributes.get("uri"))
                .filter(|href| !href.is_empty())
                .or_else(|| attributes.get("href"))
        };
        let Some(href) = href else {
            self.push(Element::Link, name, None);
            return;
        };
        let href = self.absolute(&href);
        let rel = attributes.get("rel").map_or_else(|| "alternate".to_owned(), |rel| rel.to_ascii_lowercase());
        let kind = attributes.get("type").map(|kind| kind.to_ascii_lowercase());
        let is_page =
            kind.as_deref().is_none_or(|kind| matches!(kind, "text/html" | "html" | "application/xhtml+xml" | "xhtml"));
        if self.in_source {
            return;
        }
        let Some(entry) = &mut self.entry else {
            let older = matches!(&*rel, "next" | "prev-archive");
            if older && self.document.older.is_none() {
                self.document.older = Some(href);
            }
            return;
        };
        match &*rel {
            "enclosure" => entry.add_media(href),
            "alternate" if is_page => entry.link = Some(href),
            "alternate" => entry.other_links.insert(0, href),
            "self" | "edit" | "replies" | "license" | "next" | "previous" => {}
            _ => entry.other_links.push(href),
        }
    }

    /// Elements whose attributes say all.
    fn open_facts(&mut self, element: Element, attributes: Attributes<'a>) {
        let address = attributes.get("url").or_else(|| attributes.get("href")).map(|url| self.absolute(&url));
        let Some(entry) = self.entry.as_mut().filter(|_| !self.in_source) else {
            return;
        };
        let number = |name| attributes.get(name).and_then(|value| count::parse(&value));
        match element {
            Element::MediaStatistics => {
                entry.reactions.views = number("views");
                entry.reactions.likes = entry.reactions.likes.or_else(|| number("favorites"));
            }
            Element::StarRating => entry.reactions.likes = number("count"),
            Element::InReplyTo => {
                let reply_to = attributes.get("ref").or_else(|| attributes.get("href"));
                entry.reply_to = reply_to.map(Cow::into_owned);
            }
            _ => {
                if let Some(address) = address {
                    entry.add_media(address);
                }
            }
        }
    }

    // End tags

    fn end(&mut self, name: &'a str) {
        let depth = self.depth;
        self.depth = depth.saturating_sub(1);
        if self.entry.is_some() && name == self.entry_name {
            while let Some(frame) = self.frames.pop() {
                self.close(frame);
            }
            self.finish_entry();
        } else if let Some(frame) = self.frames.last_mut() {
            if frame.form.is_some() && (frame.name != name || frame.same > 0) {
                end_of_markup(frame, name);
            } else {
                self.close_named(name);
            }
        }
        if self.frames.is_empty() {
            self.end_outside(name);
        }
        while self.bases.last().is_some_and(|(at, _)| *at >= depth) {
            self.bases.pop();
        }
        while self.prefixes.last().is_some_and(|(at, ..)| *at >= depth && *at > 1) {
            self.prefixes.pop();
        }
    }

    fn end_outside(&mut self, name: &str) {
        match self.resolve(name) {
            Element::Rss | Element::Rdf | Element::Feed => self.closed = true,
            Element::Image | Element::TextInput => self.in_image = false,
            _ => {}
        }
        self.closed |= self.document.root.as_deref().is_some_and(|root| root.eq_ignore_ascii_case(name));
    }

    /// Closes the innermost open element of that name and what is open in it.
    fn close_named(&mut self, name: &str) {
        let Some(at) = self.frames.iter().rposition(|frame| frame.name == name) else {
            return;
        };
        while self.frames.len() > at {
            if let Some(frame) = self.frames.pop() {
                self.close(frame);
            }
        }
    }

    fn close(&mut self, frame: Frame<'a>) {
        match frame.element {
            Element::Source => return self.close_source(&frame),
            Element::Author | Element::DcAuthor => return self.close_author(&frame),
            Element::Name | Element::Email | Element::Address => return self.close_person(&frame),
            _ if self.in_source => return self.close_in_source(&frame),
            Element::Language => return self.language(&frame.text),
            _ => {}
        }
        let text = frame.text.trim();
        let date = match frame.element {
            Element::Published | Element::Updated | Element::Created | Element::Date => self.date(text),
            _ => None,
        };
        let link = match frame.element {
            Element::Link => self.absolute(&text.replace("&amp;", "&")),
            Element::Id => self.absolute(text),
            _ => String::new(),
        };
        let (in_image, last_title) = (self.in_image, self.title_depth);
        let Some(entry) = &mut self.entry else {
            if matches!(frame.element, Element::Title) && !text.is_empty() {
                self.title_depth = Some(frame.depth);
            }
            return;
        };
        match frame.element {
            Element::Published => entry.published = date.or(entry.published),
            Element::Updated => entry.updated = date.or(entry.updated),
            Element::Created | Element::Date => entry.created = date.or(entry.created),
            Element::Link if !in_image && !text.is_empty() => entry.link = Some(link),
            Element::Id => close_id(entry, &frame, text, link),
            Element::Category | Element::ItunesCategory => {
                entry.add_category(frame.note.as_deref().filter(|term| !term.is_empty()).unwrap_or(text));
            }
            Element::Keywords => text.split(',').for_each(|term| entry.add_category(term)),
            Element::Publisher => entry.publisher = non_empty(text),
            Element::Comments => entry.comments = non_empty(text),
            Element::CommentCount => entry.reactions.replies = count::parse(text),
            Element::Title | Element::MediaTitle => {
                let is_title = frame.element == Element::Title;
                let depth = frame.depth;
                if is_title && !text.is_empty() {
                    self.title_depth = Some(depth);
                }
                let later = last_title.is_some_and(|title| title <= depth);
                if !later && (entry.title.is_none() || depth <= entry.title_depth) {
                    entry.title_depth = depth;
                    entry.title = Some(value(frame));
                }
            }
            Element::Abstract
            | Element::Summary
            | Element::Content
            | Element::Description
            | Element::ContentEncoded
            | Element::Body
                if !text.is_empty() && entry.bodies.len() < 16 =>
            {
                entry.bodies.push(value(frame));
            }
            _ => {}
        }
    }

    fn close_source(&mut self, frame: &Frame<'_>) {
        self.in_source = false;
        let text = Value::new(frame.text.clone(), Form::Plain).line();
        if let Some(entry) = self.entry.as_mut().filter(|_| !text.is_empty()) {
            entry.publisher = Some(text);
        }
    }

    /// Of the feed that an entry was taken from only the title is kept.
    fn close_in_source(&mut self, frame: &Frame<'_>) {
        if frame.element == Element::Title {
            let title = Value::new(frame.text.clone(), frame.form.unwrap_or(Form::Plain)).line();
            if let Some(entry) = &mut self.entry {
                entry.publisher = non_empty(&title);
            }
        }
    }

    fn close_author(&mut self, frame: &Frame<'_>) {
        self.in_author = false;
        let text = frame.text.trim();
        if !text.is_empty() {
            let person = Person::parse(&Value::new(text.to_owned(), Form::Plain).line());
            self.save_author(|author| *author = person);
        }
    }

    fn close_person(&mut self, frame: &Frame<'_>) {
        let text = frame.text.trim();
        if !self.in_author || text.is_empty() {
            return;
        }
        match frame.element {
            Element::Name => {
                let name = Value::new(text.to_owned(), Form::Plain).line();
                self.save_author(|author| author.name = name);
            }
            _ => self.save_author(|author| {
                if author.address.is_empty() {
                    text.clone_into(&mut author.address);
                }
            }),
        }
    }

    fn save_author(&mut self, change: impl FnOnce(&mut Person)) {
        if self.in_source {
            return;
        }
        match &mut self.entry {
            Some(entry) => change(entry.author.get_or_insert_default()),
            None if self.is_atom => change(self.document.author.get_or_insert_default()),
            None => {}
        }
    }

    fn date(&self, text: &str) -> Option<Moment> {
        dates::parse(text, self.context.now, self.context.utc_offset)
    }

    fn finish_entry(&mut self) {
        let Some(entry) = self.entry.take() else {
            return;
        };
        self.in_source = false;
        self.in_author = false;
        if entry.is_empty() {
            let nth = self.document.entries.len() + self.document.skipped.len() + 1;
            self.document.skipped.push(format!("entry without id, title, link and text: number {nth}"));
        } else {
            self.document.entries.push(entry);
        }
    }
}

fn value(frame: Frame<'_>) -> Value {
    Value::new(frame.text, frame.form.unwrap_or(Form::Plain))
}

fn close_id(entry: &mut Entry, frame: &Frame<'_>, text: &str, link: String) {
    if text.is_empty() {
        return;
    }
    entry.id = Some(text.to_owned());
    entry.id_is_link = frame.note.as_deref().is_none_or(|note| note == "true");
    if entry.id_is_link && entry.link.is_none() {
        entry.link = Some(link);
    }
}

/// An end tag within a text.
fn end_of_markup(frame: &mut Frame<'_>, name: &str) {
    if frame.name == name {
        frame.same -= 1;
    }
    if frame.form == Some(Form::Markup) {
        frame.text.push_str("</");
        frame.text.push_str(name.rsplit(':').next().unwrap_or(name));
        frame.text.push('>');
    }
}

/// An absolute address; `http:////host` loses the slashes that are too many.
pub(crate) fn absolute(base: &str, reference: &str) -> String {
    let reference = reference.trim();
    let joined = url::join(base, reference);
    match joined.find("://") {
        Some(at) if joined[at + 3..].starts_with('/') && !joined.starts_with("file:") => {
            format!("{}{}", &joined[..at + 3], joined[at + 3..].trim_start_matches('/'))
        }
        _ => joined,
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

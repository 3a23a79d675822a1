//! What a start tag begins: an entry, a text, a link, a fact.

use super::Reader;
use crate::element::Element;
use crate::entry::Entry;
use crate::value::Form;
use crate::xml::Attributes;
use caifeng_plugin_sdk::{count, html};
use std::borrow::Cow;

impl<'a> Reader<'a> {
    pub(super) fn open(&mut self, element: Element, name: &'a str, attributes: Attributes<'a>) {
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

    pub(super) fn push_text(&mut self, element: Element, name: &'a str, attributes: Attributes<'a>, default: Form) {
        let form = if attributes.is_empty() {
            default
        } else {
            Form::declared(attributes.get("type").as_deref(), attributes.get("mode").as_deref(), default)
        };
        self.push(element, name, Some(form));
    }

    pub(super) fn open_entry(&mut self, name: &'a str, attributes: Attributes<'a>) {
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

    pub(super) fn open_source(&mut self, name: &'a str, attributes: Attributes<'a>) {
        self.in_source = true;
        self.title_depth = None;
        self.push(Element::Source, name, None);
        let address = attributes.get("url");
        self.note(address);
    }

    pub(super) fn open_link(&mut self, name: &'a str, attributes: Attributes<'a>) {
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
    pub(super) fn open_facts(&mut self, element: Element, attributes: Attributes<'a>) {
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
}

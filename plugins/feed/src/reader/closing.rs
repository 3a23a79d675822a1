//! What an end tag completes, and which elements end without one.

use super::{Frame, Reader, non_empty};
use crate::element::Element;
use crate::entry::{Entry, Person};
use crate::value::{Form, Value, trimmed};
use caifeng_plugin_sdk::count;

impl<'a> Reader<'a> {
    pub(super) fn end(&mut self, name: &'a str) {
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

    pub(super) fn end_outside(&mut self, name: &str) {
        match self.resolve(name) {
            Element::Rss | Element::Rdf | Element::Feed => self.closed = true,
            Element::Image | Element::TextInput => self.in_image = false,
            _ => {}
        }
        self.closed |= self.document.root.as_deref().is_some_and(|root| root.eq_ignore_ascii_case(name));
    }

    /// Closes the innermost open element of that name and what is open in it.
    pub(super) fn close_named(&mut self, name: &str) {
        let Some(at) = self.frames.iter().rposition(|frame| frame.name == name) else {
            return;
        };
        while self.frames.len() > at {
            if let Some(frame) = self.frames.pop() {
                self.close(frame);
            }
        }
    }

    pub(super) fn close(&mut self, frame: Frame<'a>) {
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
            Element::Link if text.contains('&') => self.absolute(&text.replace("&amp;", "&")),
            Element::Link => self.absolute(text),
            Element::Id if is_permanent(&frame) && self.lacks_link() => self.absolute(text),
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
            Element::Id if !text.is_empty() => close_id(entry, frame, link),
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

    fn lacks_link(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.link.is_none())
    }

    pub(super) fn close_source(&mut self, frame: &Frame<'_>) {
        self.in_source = false;
        let text = Value::new(frame.text.clone(), Form::Plain).into_line();
        if let Some(entry) = self.entry.as_mut().filter(|_| !text.is_empty()) {
            entry.publisher = Some(text);
        }
    }

    /// Of the feed that an entry was taken from only the title is kept.
    pub(super) fn close_in_source(&mut self, frame: &Frame<'_>) {
        if frame.element == Element::Title {
            let title = Value::new(frame.text.clone(), frame.form.unwrap_or(Form::Plain)).into_line();
            if let Some(entry) = &mut self.entry {
                entry.publisher = non_empty(&title);
            }
        }
    }

    pub(super) fn close_author(&mut self, frame: &Frame<'_>) {
        self.in_author = false;
        let text = frame.text.trim();
        if !text.is_empty() {
            let person = Person::parse(&Value::new(text.to_owned(), Form::Plain).into_line());
            self.save_author(|author| *author = person);
        }
    }

    pub(super) fn close_person(&mut self, frame: &Frame<'_>) {
        let text = frame.text.trim();
        if !self.in_author || text.is_empty() {
            return;
        }
        match frame.element {
            Element::Name => {
                let name = Value::new(text.to_owned(), Form::Plain).into_line();
                self.save_author(|author| author.name = name);
            }
            _ => self.save_author(|author| {
                if author.address.is_empty() {
                    text.clone_into(&mut author.address);
                }
            }),
        }
    }

    pub(super) fn save_author(&mut self, change: impl FnOnce(&mut Person)) {
        if self.in_source {
            return;
        }
        match &mut self.entry {
            Some(entry) => change(entry.author.get_or_insert_default()),
            None if self.is_atom => change(self.document.author.get_or_insert_default()),
            None => {}
        }
    }

    pub(super) fn finish_entry(&mut self) {
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

/// Whether an id is an address too, unless it says otherwise.
fn is_permanent(frame: &Frame<'_>) -> bool {
    frame.note.as_deref().is_none_or(|note| note == "true")
}

fn close_id(entry: &mut Entry, frame: Frame<'_>, link: String) {
    entry.id_is_link = is_permanent(&frame);
    if entry.id_is_link && entry.link.is_none() {
        entry.link = Some(link);
    }
    entry.id = Some(trimmed(frame.text));
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

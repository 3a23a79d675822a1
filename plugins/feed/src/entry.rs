//! One entry as a feed tells it, whatever the format.

use caifeng_plugin_sdk::Reactions;
use caifeng_plugin_sdk::dates::Moment;

use crate::value::Value;

/// What an entry says. Kept as the feed has it, made a post by `post`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) id: Option<String>,
    pub(crate) id_is_link: bool,
    pub(crate) title: Option<Value>,
    /// How deep the title stood; a shallower one replaces it.
    pub(crate) title_depth: u32,
    pub(crate) link: Option<String>,
    /// Further addresses, best first: used when there is no link.
    pub(crate) other_links: Vec<String>,
    /// Summaries and contents in the order of the feed.
    pub(crate) bodies: Vec<Value>,
    pub(crate) published: Option<Moment>,
    pub(crate) updated: Option<Moment>,
    pub(crate) created: Option<Moment>,
    pub(crate) author: Option<Person>,
    pub(crate) publisher: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) reactions: Reactions,
    pub(crate) reply_to: Option<String>,
    pub(crate) media: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) comments: Option<String>,
}

impl Entry {
    /// Whether the entry says anything that a post could be made of.
    pub(crate) fn is_empty(&self) -> bool {
        self.id.is_none()
            && self.title.is_none()
            && self.link.is_none()
            && self.bodies.is_empty()
            && self.media.is_empty()
            && self.other_links.is_empty()
    }

    /// Adds an address of a picture, sound or video, once.
    pub(crate) fn add_media(&mut self, url: String) {
        if !url.is_empty() && self.media.len() < 64 && !self.media.contains(&url) {
            self.media.push(url);
        }
    }

    /// Adds a category, once.
    pub(crate) fn add_category(&mut self, term: &str) {
        let term = term.trim();
        if !term.is_empty() && self.categories.len() < 64 && !self.categories.iter().any(|known| known == term) {
            self.categories.push(term.to_owned());
        }
    }
}

/// Who wrote an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// An address of the web or of mail, if the feed has one.
    pub(crate) address: String,
}

impl Person {
    /// Reads `name`, `mail`, `mail (name)` and `name <mail>`.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim();
        let mail = text
            .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | ','))
            .find(|word| word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')));
        let Some(mail) = mail else {
            return Self { name: text.to_owned(), address: String::new() };
        };
        let name = text.replacen(mail, "", 1);
        let name = name.replace("()", "").replace("<>", "");
        let name = name.trim().trim_start_matches('(').trim_end_matches(')').trim();
        Self { name: name.to_owned(), address: mail.to_owned() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.name.is_empty() && self.address.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_people() {
        for (text, name, address) in [
            ("张三", "张三", ""),
            ("me@example.org (Me Too)", "Me Too", "me@example.org"),
            ("Me Too <me@example.org>", "Me Too", "me@example.org"),
            ("me@example.org", "", "me@example.org"),
            ("@新华网", "@新华网", ""),
        ] {
            let expected = Person { name: name.into(), address: address.into() };
            assert_eq!(Person::parse(text), expected, "{text}");
        }
    }
}

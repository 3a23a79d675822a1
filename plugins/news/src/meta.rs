//! What the head of a page says about it: meta elements, JSON-LD, links.
//!
//! Chinese government sites carry the meta elements of their own norm (State
//! Council General Office, 2015, No. 15: `ArticleTitle`, `PubDate`,
//! `ContentSource`, …); news sites those of Open Graph, schema.org and Dublin Core.

use std::borrow::Cow;

use caifeng_plugin_sdk::html;
use caifeng_plugin_sdk::markup::Attributes;
use serde_json::Value as Json;

use crate::tag::Tag;
use crate::tree::Tree;

/// JSON-LD beyond this size is not read.
const MOST_JSON: usize = 512 * 1024;

/// Titles are cut after so many characters.
const LONGEST: usize = 300;

/// The head of a page, decoded, in the page's own words.
#[derive(Debug, Default)]
pub(crate) struct Meta<'a> {
    /// Names in lower case, with what they say.
    named: Vec<(String, Cow<'a, str>)>,
    /// The content of the title element, on one line.
    pub(crate) title: String,
    pub(crate) headline: Option<String>,
    pub(crate) published: Option<String>,
    pub(crate) modified: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) publisher: Option<String>,
    pub(crate) article_body: Option<String>,
    pub(crate) canonical: Option<String>,
    pub(crate) next: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) refresh: bool,
}

const TITLES: &[&str] =
    &["articletitle", "og:title", "twitter:title", "weibo:article:title", "dc.title", "dcterm.title", "title"];
const PUBLISHED: &[&str] = &[
    "pubdate",
    "article:published_time",
    "og:published_time",
    "og:release_date",
    "bytedance:published_time",
    "weibo:article:create_at",
    "apub:time",
    "publishdate",
    "publish_date",
    "publish-date",
    "publication_date",
    "publicationdate",
    "datepublished",
    "article.published",
    "dc.date.issued",
    "dcterms.created",
    "dcterms.date",
    "dc.date.created",
    "dc.date",
    "sailthru.date",
    "parsely-pub-date",
    "cxenseparse:recs:publishtime",
    "article_date_original",
    "article:published",
    "published_at",
    "published_time",
    "published-date",
    "pubtime",
    "ptime",
    "_pubtime",
    "date",
    "og:time",
    "displaydate",
];
const MODIFIED: &[&str] = &[
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "bytedance:updated_time",
    "dcterms.modified",
    "lastmodified",
    "last-modified",
];
const AUTHORS: &[&str] = &[
    "author",
    "article:author",
    "og:author",
    "dc.creator",
    "dcterms.creator",
    "byl",
    "parsely-author",
    "sailthru.author",
    "mediaid",
];
const SOURCES: &[&str] = &["contentsource", "source", "og:article:source", "article:source", "dc.source"];

impl<'a> Meta<'a> {
    pub(crate) fn of(tree: &Tree<'a>) -> Self {
        let language = tree.attribute(0, "lang").or_else(|| tree.attribute(0, "xml:lang")).map(str::to_owned);
        let mut meta = Self { language, ..Self::default() };
        for at in 0..tree.nodes.len() {
            let node = tree.node(at);
            match node.tag {
                Tag::Meta => meta.element(node.source),
                Tag::Link => meta.link(node.source),
                Tag::Title if meta.title.is_empty() => meta.title = tree.line(at).chars().take(LONGEST).collect(),
                Tag::Base if meta.base.is_none() => meta.base = tree.attribute(at, "href").map(plain),
                Tag::Script if node.source.contains("ld+json") => meta.json_ld(node.raw),
                _ => {}
            }
        }
        meta
    }

    fn element(&mut self, source: &'a str) {
        let mut names: [Option<&str>; 3] = [None; 3];
        let mut content = None;
        for (key, value) in Attributes::new(source) {
            match key.len() {
                4 if key.eq_ignore_ascii_case("name") => names[0] = Some(value),
                8 if key.eq_ignore_ascii_case("property") => names[1] = Some(value),
                8 if key.eq_ignore_ascii_case("itemprop") => names[2] = Some(value),
                7 if key.eq_ignore_ascii_case("content") => content = Some(value),
                10 if key.eq_ignore_ascii_case("http-equiv") => {
                    self.refresh |= value.eq_ignore_ascii_case("refresh");
                    if value.eq_ignore_ascii_case("content-language") {
                        names[0] = Some(value);
                    }
                }
                _ => {}
            }
        }
        let Some(content) = content.map(str::trim).filter(|content| !content.is_empty()) else {
            return;
        };
        for name in names.into_iter().flatten().flat_map(str::split_ascii_whitespace) {
            if self.named.len() < 200 {
                self.named.push((name.to_ascii_lowercase(), html::decode(content)));
            }
        }
    }

    fn link(&mut self, source: &'a str) {
        let (mut rel, mut href) = ("", "");
        for (key, value) in Attributes::new(source) {
            if key.eq_ignore_ascii_case("rel") {
                rel = value;
            } else if key.eq_ignore_ascii_case("href") {
                href = value;
            }
        }
        if href.is_empty() {
            return;
        }
        if rel.eq_ignore_ascii_case("canonical") && self.canonical.is_none() {
            self.canonical = Some(plain(href));
        } else if rel.eq_ignore_ascii_case("next") && self.next.is_none() {
            self.next = Some(plain(href));
        }
    }

    fn json_ld(&mut self, source: &str) {
        if source.len() > MOST_JSON {
            return;
        }
        let source = source.trim().trim_start_matches("<!--").trim_end_matches("-->");
        let source = source.trim().trim_start_matches("//<![CDATA[").trim_end_matches("//]]>");
        if let Ok(json) = serde_json::from_str::<Json>(source) {
            self.json(&json, 0);
        } else if let Ok(json) = serde_json::from_str::<Json>(&source.replace(['\n', '\r', '\t'], " ")) {
            self.json(&json, 0);
        }
    }

    fn json(&mut self, json: &Json, depth: u8) {
        match json {
            Json::Array(items) if depth < 4 => items.iter().take(50).for_each(|item| self.json(item, depth + 1)),
            Json::Object(object) => {
                if let Some(graph) = object.get("@graph") {
                    self.json(graph, depth + 1);
                }
                let kinds = object.get("@type");
                let is_article = |kind: &Json| {
                    kind.as_str().is_some_and(|kind| {
                        kind.ends_with("Article") || kind.ends_with("BlogPosting") || kind.ends_with("WebPage")
                    })
                };
                let article = kinds.is_some_and(|kind| {
                    is_article(kind) || kind.as_array().is_some_and(|all| all.iter().any(is_article))
                });
                if article || object.contains_key("pubDate") || object.contains_key("datePublished") {
                    self.article(json);
                }
            }
            _ => {}
        }
    }

    fn article(&mut self, json: &Json) {
        let text = |name: &str| {
            json.get(name).and_then(Json::as_str).map(|text| html::text(text.trim())).filter(|text| !text.is_empty())
        };
        let set = |slot: &mut Option<String>, value: Option<String>| {
            if slot.is_none() {
                *slot = value;
            }
        };
        set(&mut self.headline, text("headline"));
        set(&mut self.published, text("datePublished").or_else(|| text("pubDate")));
        set(&mut self.modified, text("dateModified").or_else(|| text("upDate")));
        set(&mut self.author, json.get("author").and_then(|author| person(author, 0)));
        set(&mut self.publisher, json.get("publisher").and_then(|publisher| person(publisher, 0)));
        set(&mut self.article_body, text("articleBody"));
    }

    /// What the first of some names says.
    pub(crate) fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.named.iter().find(|(known, _)| known == name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn titles(&self) -> impl Iterator<Item = &str> {
        let stated = self.get(TITLES).into_iter().chain(self.headline.as_deref());
        stated.filter(|title| title.len() <= 4 * LONGEST)
    }

    /// Dates of publication, best first.
    pub(crate) fn published(&self) -> impl Iterator<Item = &str> {
        let meta = PUBLISHED.iter().filter_map(|name| self.get(&[name]));
        self.get(&PUBLISHED[..1]).into_iter().chain(self.published.as_deref()).chain(meta)
    }

    pub(crate) fn modified(&self) -> impl Iterator<Item = &str> {
        self.modified.as_deref().into_iter().chain(self.get(MODIFIED))
    }

    /// Who wrote it, if that is a name.
    pub(crate) fn author(&self) -> Option<&str> {
        self.author
            .as_deref()
            .or_else(|| AUTHORS.iter().find_map(|name| self.get(&[name]).filter(|author| is_name(author))))
    }

    pub(crate) fn source(&self) -> Option<&str> {
        self.get(SOURCES).filter(|source| is_name(source))
    }

    pub(crate) fn site_name(&self) -> Option<&str> {
        self.get(&["sitename", "og:site_name", "application-name"]).or(self.publisher.as_deref())
    }

    pub(crate) fn kind(&self) -> Option<&str> {
        self.get(&["og:type"])
    }
}

/// Not an address of any kind, and short enough for a name.
fn is_name(text: &str) -> bool {
    !text.contains(['@', '/']) && text.chars().count() <= 40
}

fn plain(value: &str) -> String {
    html::decode(value).trim().to_owned()
}

/// The name of a person or an organisation in JSON-LD.
fn person(json: &Json, depth: u8) -> Option<String> {
    match json {
        Json::String(name) => Some(name.trim().to_owned()),
        Json::Array(all) if depth == 0 => {
            let names: Vec<String> = all.iter().take(8).filter_map(|one| person(one, 1)).collect();
            Some(names.join(", "))
        }
        Json::Object(_) => json.get("name").and_then(|name| person(name, 1)),
        _ => None,
    }
    .filter(|name| !name.is_empty() && is_name(name))
}

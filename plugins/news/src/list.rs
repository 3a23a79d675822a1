//! Finds the links to articles in a list page, a channel or a home page.
//!
//! There is no rule for any site. A link to an article has a text long enough for
//! a title, stands outside menus and footers, and is one of a kind: links whose
//! surrounding elements have the same names form a group, and a group is a list
//! if dates stand beside its links, if their addresses look like articles', or if
//! its texts are as long as titles. What is given up: lists that scripts build in
//! the browser.

use std::collections::HashMap;

use caifeng_plugin_sdk::dates::{self, Moment};
use caifeng_plugin_sdk::{html, url};

use crate::address;
use crate::article::Reading;
use crate::body::measure;
use crate::byline;
use crate::tag::Tag;
use crate::tree::Line;
use crate::words::{MENU, PAGER};

/// Links beyond this number are not looked at.
const MOST_LINKS: usize = 4_000;

/// A title weighs at least this (six Han characters).
const TITLE: u32 = 12;

/// One link to an article.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) address: String,
    pub(crate) date: Option<Moment>,
    /// The node of the link.
    pub(crate) at: usize,
}

struct Link {
    at: usize,
    address: String,
    title: String,
    weight: u32,
    kind: u64,
    article: bool,
    date: Option<Moment>,
}

#[derive(Default)]
struct Group {
    links: u32,
    dated: u32,
    articles: u32,
    weight: u32,
}

impl Group {
    fn is_list(&self) -> bool {
        let mean = self.weight / self.links.max(1);
        let most = |part: u32| part * 2 > self.links;
        (most(self.dated) && mean >= TITLE) || (most(self.articles) && mean >= 14) || (self.links >= 4 && mean >= 24)
    }
}

impl Reading<'_, '_> {
    /// The articles that the page lists, in its order, each once.
    pub(crate) fn listed(&self) -> Vec<Listed> {
        let links = self.links();
        let mut groups: HashMap<u64, Group> = HashMap::new();
        for link in &links {
            let group = groups.entry(link.kind).or_default();
            group.links += 1;
            group.dated += u32::from(link.date.is_some());
            group.articles += u32::from(link.article);
            group.weight += link.weight;
        }
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut found: Vec<Listed> = Vec::new();
        for link in links {
            let is_list = groups.get(&link.kind).is_some_and(Group::is_list);
            if !is_list || (link.weight < TITLE && !link.article) {
                continue;
            }
            let id = address::clean(&link.address);
            if let Some(place) = places.get(&id) {
                let known = &mut found[*place];
                known.date = known.date.or(link.date);
                continue;
            }
            places.insert(id, found.len());
            found.push(Listed { address: link.address, date: link.date, at: link.at });
        }
        found
    }

    fn links(&self) -> Vec<Link> {
        let tree = self.page.tree;
        let mut links: Vec<Link> = Vec::new();
        let mut at = 1;
        while at < tree.nodes.len() && links.len() < MOST_LINKS {
            if self.is_apart(at) {
                at = tree.end(at);
                continue;
            }
            if tree.tag(at) == Tag::A {
                links.extend(self.link(at));
            }
            at += 1;
        }
        self.date(&mut links);
        links
    }

    /// Whether a subtree is a menu, a footer or steps between pages.
    fn is_apart(&self, at: usize) -> bool {
        let tag = self.page.tree.tag(at);
        if matches!(tag, Tag::Text | Tag::Body | Tag::A) {
            return false;
        }
        let marks = self.page.marks[at];
        self.page.silent[at]
            || matches!(tag, Tag::Nav | Tag::Footer)
            || (marks & (MENU | PAGER) != 0 && self.is_small(at))
    }

    /// A menu is not the half of a page, whatever its name.
    fn is_small(&self, at: usize) -> bool {
        (self.page.tree.end(at) - at) * 2 < self.page.tree.nodes.len()
    }

    fn link(&self, at: usize) -> Option<Link> {
        let tree = self.page.tree;
        let href = html::decode(tree.attribute(at, "href")?.trim());
        if href.is_empty() || href.starts_with('#') || href.len() > 2_000 {
            return None;
        }
        let address = url::join(self.base(), &href);
        let address = address.split('#').next().unwrap_or_default().to_owned();
        if !address::is_web(&address) || !address::same_host(&address, self.watched()) || is_file(&address) {
            return None;
        }
        let shown = tree.line(at);
        let full = tree.attribute(at, "title").map(html::text).unwrap_or_default();
        let cut = shown.trim_end_matches(['.', '…', '·']);
        let title = if full.len() > shown.len() && full.starts_with(cut) || shown.is_empty() { full } else { shown };
        let weight = measure(&title).len;
        let same = address::clean(&address) == address::clean(self.address);
        if weight < 8 || same || crate::paging::is_step(&title) {
            return None;
        }
        let article = address::is_article(&address);
        Some(Link { at, address, title, weight: weight.min(200), kind: self.kind(at), article, date: None })
    }

    /// What the elements around a link are called: alike for the links of one list.
    fn kind(&self, at: usize) -> u64 {
        let tree = self.page.tree;
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix = |bytes: &[u8]| {
            for b in bytes.iter().chain(&[0]) {
                hash = (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for (level, above) in tree.above(at).take(4).enumerate() {
            mix(&[tree.tag(above) as u8]);
            let class = tree.attribute(above, "class").unwrap_or_default();
            // Rows are often named by turns or numbered; what holds them is not.
            if level > 1 {
                mix(class.trim_end_matches(|c: char| c.is_ascii_digit()).as_bytes());
            }
        }
        hash
    }

    /// Gives each link the date that stands in its row: in the widest element
    /// around it that holds no link to anything else.
    fn date(&self, links: &mut [Link]) {
        let tree = self.page.tree;
        let bounds = bounds(links);
        for (link, (before, after)) in links.iter_mut().zip(bounds) {
            let mut row = link.at;
            for above in tree.above(link.at).take(6) {
                if above <= before
                    || tree.end(above) > after
                    || matches!(tree.tag(above), Tag::Body | Tag::Ul | Tag::Table)
                {
                    break;
                }
                row = above;
            }
            // A date may follow the link as bare text.
            let end = if row == link.at { tree.end(tree.parent(row)).min(after) } else { tree.end(row) };
            link.date = self.row_date(row, end.min(row + 60), &link.title);
        }
    }

    fn row_date(&self, from: usize, to: usize, title: &str) -> Option<Moment> {
        let tree = self.page.tree;
        let mut line = Line::default();
        for at in from..to {
            let node = tree.node(at);
            match node.tag {
                Tag::Text if line.out.len() < 600 => line.text(node.source),
                Tag::Text => {}
                Tag::Time => {
                    let stated = tree.attribute(at, "datetime").and_then(|date| self.day(date));
                    if stated.is_some() {
                        return stated;
                    }
                }
                _ => line.space(),
            }
        }
        let rest = line.out.replacen(title, " ", 1);
        if let Some(date) = byline::date(&rest) {
            return self.day(date);
        }
        rest.split([' ', '|', '[', ']', '(', ')', '【', '】', '（', '）'])
            .filter(|word| is_date(word))
            .find_map(|word| self.day(word))
    }

    fn day(&self, date: &str) -> Option<Moment> {
        dates::parse(date, self.now, self.crawl.utc_offset).filter(|moment| moment.timestamp <= self.now + 86_400)
    }
}

/// For each link the nodes of the nearest links to other addresses before and after it.
fn bounds(links: &[Link]) -> Vec<(usize, usize)> {
    let mut bounds = vec![(0, usize::MAX); links.len()];
    for at in 1..links.len() {
        let last = &links[at - 1];
        bounds[at].0 = if last.address == links[at].address { bounds[at - 1].0 } else { last.at };
    }
    for at in (1..links.len()).rev() {
        let next = &links[at];
        bounds[at - 1].1 = if next.address == links[at - 1].address { bounds[at].1 } else { next.at };
    }
    bounds
}

/// "03-09", "3月9日", "2小时前", "昨天".
fn is_date(word: &str) -> bool {
    let len = word.chars().count();
    if !(2..=12).contains(&len) {
        return false;
    }
    let mut parts = word.split(['-', '/', '月', '.']);
    let number = |part: Option<&str>| {
        part.is_some_and(|part| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let day = number(parts.next())
        && number(parts.next().map(|day| day.trim_end_matches('日')))
        && parts.next().is_none_or(str::is_empty);
    day || word.ends_with('前') || word.starts_with("昨天") || word.starts_with("今天") || word.ends_with("ago")
}

/// Whether the address is that of a file no one reads as a page.
fn is_file(address: &str) -> bool {
    let path = url::path_and_query(address).to_ascii_lowercase();
    let path = path.split('?').next().unwrap_or_default();
    [
        ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".zip", ".rar", ".jpg", ".png", ".gif", ".mp4", ".mp3", ".apk",
        ".exe", ".ppt", ".pptx",
    ]
    .iter()
    .any(|ending| path.ends_with(ending))
}

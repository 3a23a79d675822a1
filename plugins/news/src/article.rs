//! One article: what a page says, put together and made a post.

use caifeng_plugin_sdk::dates::{self, Moment};
use caifeng_plugin_sdk::markup::Attributes;
use caifeng_plugin_sdk::{Author, Crawl, Kind, Post, url};

use crate::address;
use crate::body::{Attempt, Measure, Measured, Strictness, measure};
use crate::byline::{self, Byline};
use crate::lines::{self, Short};
use crate::meta::Meta;
use crate::tag::Tag;
use crate::text;
use crate::title;
use crate::tree::Tree;
use crate::words::AUTHOR;

/// A text lighter than this may have been missed, and is looked for less strictly.
const ENOUGH: u32 = 250;

/// So may one that is a smaller part of the page's text than one in this many.
const SHARE: u32 = 12;

/// A text lighter than this is none.
const LEAST: u32 = 24;

/// A text lighter than this, and than the links around it, is an article only if
/// the page dates it.
const SHORT: u32 = 100;

/// Pictures beyond this number are not listed.
const MOST_MEDIA: usize = 32;

/// A page that has been read.
pub(crate) struct Reading<'p, 'a> {
    pub(crate) page: &'p Measured<'p, 'a>,
    pub(crate) meta: &'p Meta<'a>,
    /// The address that answered.
    pub(crate) address: &'p str,
    pub(crate) crawl: &'p Crawl,
    pub(crate) now: i64,
}

/// The text of an article and where it stands.
pub(crate) struct Body {
    pub(crate) roots: Vec<usize>,
    pub(crate) dropped: Vec<bool>,
    pub(crate) text: String,
    pub(crate) measure: Measure,
}

impl Body {
    fn first(&self) -> usize {
        self.roots.first().copied().unwrap_or(0)
    }
}

impl Reading<'_, '_> {
    fn tree(&self) -> &Tree<'_> {
        self.page.tree
    }

    /// The text, if there is one.
    pub(crate) fn body(&self) -> Option<Body> {
        let mut best = self.attempt(Strictness { unlikely: true, weight: true });
        let page = self.plain();
        for (unlikely, weight) in [(false, true), (false, false)] {
            let len = best.measure.len;
            if len >= ENOUGH && len >= page / SHARE {
                break;
            }
            let body = self.attempt(Strictness { unlikely, weight });
            // A short text is more often short than missed.
            if body.measure.len > len * if len < LEAST { 1 } else { 4 } {
                best = body;
            }
        }
        if let Some(stated) = &self.meta.article_body
            && measure(stated).len > best.measure.len.max(LEAST) * 3
        {
            // A page that a browser's scripts write: only its data have the text.
            best.text.clone_from(stated);
            best.measure = measure(stated);
        }
        Some(best).filter(|body| body.measure.len >= LEAST)
    }

    /// The weight of all text outside of links.
    fn plain(&self) -> u32 {
        self.page.own.iter().map(|own| own.len - own.link).sum()
    }

    fn weight_of_links(&self) -> u32 {
        self.page.own.iter().map(|own| own.link).sum()
    }

    fn attempt(&self, strictness: Strictness) -> Body {
        let mut attempt = Attempt::new(self.page, strictness);
        let roots = attempt.roots();
        let mut whole = Measure::default();
        for root in &roots {
            whole.add(attempt.sums[*root]);
            attempt.clean(*root);
        }
        let text = text::lines(self.page, &roots, &attempt.dropped);
        let measure = Measure { len: measure(&text).len, link: whole.link, commas: whole.commas };
        Body { roots, dropped: attempt.dropped, text, measure }
    }

    /// The post that the page makes; none if it has no title, or only a few words
    /// among links and no date.
    pub(crate) fn post(&self, mut body: Body) -> Option<Post> {
        let around = self.around(&body);
        let title = title::of(self.meta, &around.before)?;
        without_title(&mut body.text, &title);
        let byline = Byline::of(around.near(&title), self.now, self.crawl.utc_offset);
        let dates = self.dates(&byline);
        if dates.is_empty() && body.measure.len < SHORT.min(self.weight_of_links()) {
            return None;
        }
        let address = self.own_address();
        let mut post = Post::new(Kind::Article, address::id(self.address, self.watched()), address);
        let published = self.published(&dates);
        post.published = published.map(|moment| moment.timestamp);
        post.day_only = published.is_some_and(|moment| moment.day_only);
        let edited = self.meta.modified().find_map(|date| self.moment(date)).map(|moment| moment.timestamp);
        post.edited = edited.filter(|edited| post.published.is_some_and(|published| *edited > published));
        let named = || self.named_author(body.first()).or_else(|| self.meta.author().map(str::to_owned));
        let author = byline.author.or_else(named);
        post.author = author.map(|name| Author { id: name.clone(), name });
        post.publisher = byline.source.or_else(|| self.meta.source().map(str::to_owned));
        post.reactions.views = byline.views;
        post.language = self.meta.language.clone().filter(|language| is_language(language));
        post.media = self.media(&body);
        post.title = Some(title);
        post.text = body.text;
        Some(post)
    }

    pub(crate) fn watched(&self) -> &str {
        use caifeng_plugin_sdk::Target;
        match &self.crawl.target {
            Target::Listing(address) | Target::Item(address) => address,
            _ => self.address,
        }
    }

    /// Where a person can read it: the canonical address if it is of this site.
    fn own_address(&self) -> String {
        let canonical = self.meta.canonical.as_deref().map(|link| url::join(self.address, link));
        let is_own = |link: &String| {
            address::same_host(link, self.address) && url::path_and_query(link) != "/" && address::is_web(link)
        };
        canonical.filter(is_own).unwrap_or_else(|| address::clean(self.address))
    }

    fn around(&self, body: &Body) -> Around {
        let tree = self.page.tree;
        let first = body.first();
        let end = body.roots.last().map_or(first, |root| tree.end(*root));
        let before = lines::short(self.page, 1, first);
        let mut within = lines::short(self.page, first, end);
        let last = within.split_off(within.len().saturating_sub(4).max(8.min(within.len())));
        within.truncate(8);
        let mut after = lines::short(self.page, end, (end + 400).min(tree.nodes.len()));
        after.truncate(8);
        let mut all = before;
        all.extend(within);
        Around { before: all, last, after }
    }

    /// The dates that the page states, best first.
    fn dates(&self, byline: &Byline) -> Vec<Moment> {
        let stated = self.meta.published().filter_map(|date| self.moment(date));
        let plausible = |moment: &Moment| self.plausible(moment);
        let mut all: Vec<Moment> = stated.collect();
        all.extend(byline.labelled.filter(plausible));
        all.extend(self.times());
        all.extend(byline.dates.iter().copied().filter(plausible));
        all
    }

    /// When it was published: as the page states, else the day of its address.
    fn published(&self, all: &[Moment]) -> Option<Moment> {
        let best = all.first().copied().or_else(|| address::day(self.address, self.now, self.crawl.utc_offset))?;
        let offset = i64::from(self.crawl.utc_offset);
        let day = |moment: &Moment| (moment.timestamp + offset).div_euclid(86_400);
        let bare = best.day_only || (best.timestamp + offset).rem_euclid(86_400) == 0;
        // A date without a time gives way to the same day with one.
        let finer = all.iter().find(|other| bare && !other.day_only && day(other) == day(&best));
        Some(finer.copied().unwrap_or(best))
    }

    /// Dates of `time` elements that stand before or in the text.
    fn times(&self) -> Vec<Moment> {
        let tree = self.tree();
        let times = (1..tree.nodes.len()).filter(|at| tree.tag(*at) == Tag::Time && !self.page.silent[*at]);
        let stated = times.take(8).filter_map(|at| tree.attribute(at, "datetime"));
        stated.filter_map(|date| self.moment(date)).collect()
    }

    fn moment(&self, date: &str) -> Option<Moment> {
        dates::parse(date, self.now, self.crawl.utc_offset).filter(|moment| self.plausible(moment))
    }

    /// After 1990 and not later than tomorrow.
    fn plausible(&self, moment: &Moment) -> bool {
        (631_152_000..=self.now + 86_400).contains(&moment.timestamp)
    }

    /// What an element above the text holds that is called an author.
    fn named_author(&self, text: usize) -> Option<String> {
        let tree = self.tree();
        let is_named = |at: &usize| {
            let tag = tree.tag(*at);
            let called = self.page.marks[*at] & AUTHOR != 0 || tree.attribute(*at, "rel") == Some("author");
            called && tag != Tag::Text && !self.page.silent[*at] && tree.end(*at) - at < 8
        };
        let found = (1..text).rev().take(200).filter(is_named);
        found.take(4).find_map(|at| byline::person(&tree.line(at)))
    }

    fn media(&self, body: &Body) -> Vec<String> {
        let tree = self.tree();
        let mut found: Vec<String> = Vec::new();
        for root in &body.roots {
            let mut at = *root;
            while at < tree.end(*root) && found.len() < MOST_MEDIA {
                let node = tree.node(at);
                if body.dropped[at] && !matches!(node.tag, Tag::Video | Tag::Audio) {
                    at = tree.end(at);
                    continue;
                }
                if matches!(node.tag, Tag::Img | Tag::Video | Tag::Audio | Tag::Source)
                    && let Some(link) = picture(node.source)
                {
                    let link = url::join(self.base(), &caifeng_plugin_sdk::html::decode(link));
                    if address::is_web(&link) && !found.contains(&link) {
                        found.push(link);
                    }
                }
                at += 1;
            }
        }
        found
    }

    /// Where relative links start.
    pub(crate) fn base(&self) -> &str {
        self.meta.base.as_deref().filter(|base| address::is_web(base)).unwrap_or(self.address)
    }
}

/// The short lines before, in, at the end of, and after the text.
struct Around {
    before: Vec<Short>,
    last: Vec<Short>,
    after: Vec<Short>,
}

impl Around {
    /// The lines where a byline may stand: from the title on.
    fn near(&self, title: &str) -> impl Iterator<Item = &Short> {
        let at = self.before.iter().rposition(|line| line.text == title).unwrap_or(0);
        let from = at.saturating_sub(3);
        self.before[from..].iter().chain(&self.last).chain(&self.after)
    }
}

fn picture(source: &str) -> Option<&str> {
    let lazy = ["data-src", "data-original", "data-lazy-src", "src"];
    lazy.iter()
        .filter_map(|name| Attributes::new(source).named(name))
        .map(str::trim)
        .find(|link| !link.is_empty() && !link.starts_with("data:"))
}

/// The title repeated at the head of the text is no text.
fn without_title(text: &mut String, title: &str) {
    let folded = title::fold(title);
    let mut start = 0;
    for line in text.split_inclusive('\n').take(3) {
        if title::fold(line) == folded && !folded.is_empty() {
            let end = start + line.len();
            if end < text.len() {
                text.replace_range(start..end, "");
            }
            return;
        }
        start += line.len();
    }
}

/// A language tag of BCP 47, roughly.
fn is_language(text: &str) -> bool {
    (2..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

//! Finds the text of an article in a page.
//!
//! The way of Readability (Arc90, Mozilla): every paragraph gives points to the
//! elements around it, names of classes add and take away, links divide; the best
//! element, and siblings like it, are the article; what looks like a list of links
//! or a form in it is taken out. Here a paragraph is a run of inline content in
//! a block, so that texts without `<p>`, cut by `<br>` or laid out in tables count
//! alike, and a Han character weighs as two letters, because thresholds made for
//! English are otherwise too high.
//!
//! A library (`dom_smoothie`) was the alternative. It is well kept, but a page
//! costs it about four times what it costs here, and that alone would use up the
//! time that an article may take in the sandbox.

mod clean;

use caifeng_plugin_sdk::markup::Attributes;

use crate::tag::Tag;
use crate::tree::Tree;
use crate::words::{MAYBE, Marks, NEGATIVE, POSITIVE, UNLIKELY, marks};

/// What stands in a node: weights of letters, of those in links, and commas.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measure {
    pub(crate) len: u32,
    pub(crate) link: u32,
    pub(crate) commas: u32,
}

impl Measure {
    pub(crate) fn add(&mut self, other: Self) {
        self.len += other.len;
        self.link += other.link;
        self.commas += other.commas;
    }

    pub(crate) fn density(self) -> f32 {
        if self.len == 0 { 0.0 } else { ratio(self.link, self.len) }
    }
}

/// A page whose elements have been named and measured.
pub(crate) struct Measured<'t, 'a> {
    pub(crate) tree: &'t Tree<'a>,
    /// What class and id say, per node.
    pub(crate) marks: Vec<Marks>,
    /// Points for class and id: 25 each way.
    weight: Vec<i8>,
    /// What a reader does not see.
    pub(crate) silent: Vec<bool>,
    pub(crate) own: Vec<Measure>,
}

pub(crate) fn ratio(part: u32, whole: u32) -> f32 {
    #[allow(clippy::cast_precision_loss, reason = "lengths of texts, far below what an f32 tells apart")]
    let ratio = part as f32 / whole.max(1) as f32;
    ratio
}

impl<'t, 'a> Measured<'t, 'a> {
    pub(crate) fn of(tree: &'t Tree<'a>) -> Self {
        let n = tree.nodes.len();
        let mut page = Self {
            tree,
            marks: vec![0; n],
            weight: vec![0; n],
            silent: vec![false; n],
            own: vec![Measure::default(); n],
        };
        let mut link_end = 0;
        for at in 0..n {
            let node = tree.node(at);
            if node.tag == Tag::Text {
                let mut measure = measure(node.source);
                if at < link_end {
                    measure.link = measure.len;
                }
                page.own[at] = measure;
            } else {
                page.name(at);
                if node.tag == Tag::A && node.source.len() > 5 {
                    link_end = tree.end(at);
                }
            }
        }
        page
    }

    /// The block that a text stands in.
    pub(crate) fn owner(&self, at: usize) -> usize {
        let mut owner = self.tree.parent(at);
        while owner > 0 && self.tree.tag(owner).is_inline() {
            owner = self.tree.parent(owner);
        }
        owner
    }

    fn name(&mut self, at: usize) {
        let node = self.tree.node(at);
        self.silent[at] = node.tag.is_silent();
        if node.source.len() < 4 {
            return;
        }
        for (name, value) in Attributes::new(node.source) {
            match name.len() {
                2 if name.eq_ignore_ascii_case("id") => self.named(at, value),
                5 if name.eq_ignore_ascii_case("class") => self.named(at, value),
                5 if name.eq_ignore_ascii_case("style") => self.silent[at] |= is_hidden(value),
                4 if name.eq_ignore_ascii_case("role") && is_menu_role(value) => self.marks[at] |= UNLIKELY,
                6 if name.eq_ignore_ascii_case("hidden") => self.silent[at] = true,
                11 if name.eq_ignore_ascii_case("aria-hidden") => self.silent[at] |= value.eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
    }

    fn named(&mut self, at: usize, value: &str) {
        let found = marks(value);
        self.marks[at] |= found;
        let points = 25 * (i8::from(found & POSITIVE != 0) - i8::from(found & NEGATIVE != 0));
        self.weight[at] = self.weight[at].saturating_add(points);
    }
}

fn is_menu_role(role: &str) -> bool {
    ["menu", "menubar", "complementary", "navigation", "alert", "alertdialog", "dialog"].contains(&role)
}

fn is_hidden(style: &str) -> bool {
    let mut rest = style;
    while let Some(at) = memchr::memchr(b':', rest.as_bytes()) {
        let (name, value) = (rest[..at].trim_ascii(), rest[at + 1..].trim_ascii_start());
        let name = name.rsplit(';').next().unwrap_or_default().trim_ascii();
        if (name.eq_ignore_ascii_case("display") && starts(value, "none"))
            || (name.eq_ignore_ascii_case("visibility") && starts(value, "hidden"))
        {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

fn starts(value: &str, word: &str) -> bool {
    value.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// The weight of a text: a letter or sign 1, a Han character 2, white space 0.
pub(crate) fn measure(source: &str) -> Measure {
    let bytes = source.as_bytes();
    let mut len = 0_u32;
    let mut commas = 0_u32;
    for (at, b) in bytes.iter().enumerate() {
        // Every first byte counts, those of three bytes twice.
        len += u32::from((*b > b' ') & ((*b & 0xc0) != 0x80)) + u32::from(*b >= 0xe3);
        if *b == b',' {
            commas += 1;
        } else if *b == 0xef || *b == 0xe3 {
            match bytes.get(at + 1..at + 3) {
                // ，、。 and the ideographic space, which is none.
                Some([0xbc, 0x8c] | [0x80, 0x81 | 0x82]) => commas += 1,
                Some([0x80, 0x80]) => len -= 2,
                _ => {}
            }
        }
    }
    Measure { len, link: 0, commas }
}

/// How strictly an attempt looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strictness {
    /// Elements with unlikely names are not looked at.
    pub(crate) unlikely: bool,
    /// Names add to the points.
    pub(crate) weight: bool,
}

/// One attempt at a page.
pub(crate) struct Attempt<'p, 't, 'a> {
    page: &'p Measured<'t, 'a>,
    strictness: Strictness,
    /// Roots of subtrees that are not looked at.
    pub(crate) dropped: Vec<bool>,
    /// Sums over subtrees.
    pub(crate) sums: Vec<Measure>,
    scores: Vec<f32>,
    /// The weight of plain paragraphs, summed over subtrees.
    plain: Vec<u32>,
}

impl<'p, 't, 'a> Attempt<'p, 't, 'a> {
    pub(crate) fn new(page: &'p Measured<'t, 'a>, strictness: Strictness) -> Self {
        let n = page.tree.nodes.len();
        let mut attempt = Self {
            page,
            strictness,
            dropped: page.silent.clone(),
            sums: page.own.clone(),
            scores: vec![0.0; n],
            plain: vec![0; n],
        };
        if strictness.unlikely {
            attempt.drop_unlikely();
        }
        attempt.sum();
        attempt.score();
        attempt
    }

    /// The roots of the subtrees that are the article, in document order.
    pub(crate) fn roots(&self) -> Vec<usize> {
        let Some(top) = self.top() else {
            return Vec::new();
        };
        self.siblings(self.climb(top))
    }

    fn drop_unlikely(&mut self) {
        let tree = self.page.tree;
        let mut at = 1;
        while at < tree.nodes.len() {
            let tag = tree.tag(at);
            let marks = self.page.marks[at];
            let unlikely =
                (marks & UNLIKELY != 0 && marks & MAYBE == 0) || matches!(tag, Tag::Nav | Tag::Footer | Tag::Aside);
            if unlikely && !matches!(tag, Tag::Body | Tag::Html | Tag::A | Tag::Article | Tag::Main | Tag::Text) {
                self.dropped[at] = true;
            }
            at = if self.dropped[at] { tree.end(at) } else { at + 1 };
        }
    }

    fn sum(&mut self) {
        let tree = self.page.tree;
        for at in (1..tree.nodes.len()).rev() {
            if self.dropped[at] {
                self.sums[at] = Measure::default();
            } else {
                let sum = self.sums[at];
                self.sums[tree.parent(at)].add(sum);
            }
        }
    }

    fn score(&mut self) {
        let tree = self.page.tree;
        let mut run = Run::default();
        let mut at = 1;
        while at < tree.nodes.len() {
            if self.dropped[at] {
                at = tree.end(at);
                continue;
            }
            let tag = tree.tag(at);
            if tag == Tag::Text {
                let own = self.page.own[at];
                if own.len > 0 {
                    let owner = self.page.owner(at);
                    if owner != run.owner {
                        self.reward(run);
                        run = Run { owner, ..Run::default() };
                    }
                    run.measure.add(own);
                    run.breaks = 0;
                }
            } else if tag == Tag::Br {
                run.breaks += 1;
                if run.breaks > 1 {
                    self.reward(run);
                    run = Run::default();
                }
            } else if !tag.is_inline() {
                self.reward(run);
                run = Run::default();
            }
            at += 1;
        }
        self.reward(run);
        self.finish();
    }

    /// Gives the points of a paragraph to the elements around it.
    fn reward(&mut self, run: Run) {
        let Measure { len, commas, .. } = run.measure;
        if len < 25 || run.owner == 0 {
            return;
        }
        let tree = self.page.tree;
        if run.measure.density() < 0.3 && len >= 60 {
            self.plain[run.owner] += len;
        }
        let points = 1.0 + ratio(commas, 1) + ratio(len, 100).min(3.0);
        let first = match tree.tag(run.owner) {
            Tag::H1 => return,
            Tag::P | Tag::Pre | Tag::Li | Tag::Dd | Tag::Dt | Tag::Figcaption | Tag::Th => tree.parent(run.owner),
            tag if tag.is_heading() => tree.parent(run.owner),
            _ => run.owner,
        };
        let mut at = first;
        for level in 0..5_u8 {
            if at == 0 {
                break;
            }
            let share = match level {
                0 => 1.0,
                1 => 2.0,
                _ => 3.0 * f32::from(level),
            };
            if self.scores[at] == 0.0 {
                self.scores[at] = self.begin(at);
            }
            self.scores[at] += points / share;
            at = tree.parent(at);
        }
    }

    /// What an element is worth before any paragraph is counted.
    fn begin(&self, at: usize) -> f32 {
        let tag = match self.page.tree.tag(at) {
            Tag::Div | Tag::Article | Tag::Main => 5.0,
            Tag::Pre | Tag::Td | Tag::Blockquote => 3.0,
            Tag::Address | Tag::Ol | Tag::Ul | Tag::Dl | Tag::Dd | Tag::Dt | Tag::Li | Tag::Form => -3.0,
            tag if tag.is_heading() || tag == Tag::Th => -5.0,
            _ => 0.0,
        };
        // Never zero, which means that it was not begun.
        tag + 0.001 + self.weight(at)
    }

    fn weight(&self, at: usize) -> f32 {
        if self.strictness.weight { f32::from(self.page.weight[at]) } else { 0.0 }
    }

    fn finish(&mut self) {
        let tree = self.page.tree;
        for at in (1..tree.nodes.len()).rev() {
            let plain = self.plain[at];
            self.plain[tree.parent(at)] += plain;
        }
        for (at, score) in self.scores.iter_mut().enumerate() {
            if *score != 0.0 {
                *score *= 1.0 - self.sums[at].density();
            }
        }
    }

    fn top(&self) -> Option<usize> {
        let scored = self.scores.iter().enumerate().filter(|(_, score)| **score > 0.0);
        // Of equals the outer one, which comes first.
        scored
            .fold(None, |best: Option<(usize, f32)>, (at, score)| match best {
                Some((_, high)) if high >= *score => best,
                _ => Some((at, *score)),
            })
            .map(|(at, _)| at)
    }

    /// Goes up as long as that gains.
    fn climb(&self, top: usize) -> usize {
        let tree = self.page.tree;
        let mut top = self.shared(top).unwrap_or(top);
        let mut last = self.scores[top];
        let threshold = last / 3.0;
        let mut at = tree.parent(top);
        while at > 0 && tree.tag(at) != Tag::Body {
            let score = self.scores[at];
            if score != 0.0 {
                if score < threshold {
                    break;
                }
                if score > last {
                    top = at;
                    break;
                }
                last = score;
            }
            at = tree.parent(at);
        }
        top = self.widened(top);
        let mut at = tree.parent(top);
        while at > 0 && tree.tag(at) != Tag::Body && self.elements(at) == 1 {
            top = at;
            at = tree.parent(at);
        }
        top
    }

    /// Goes up to an element that holds clearly more plain text and little else.
    fn widened(&self, top: usize) -> usize {
        let tree = self.page.tree;
        let mut best = top;
        for outer in tree.above(top).take(12) {
            if tree.tag(outer) == Tag::Body {
                break;
            }
            let more = self.plain[outer] - self.plain[best];
            let extra = self.sums[outer].len.saturating_sub(self.sums[best].len);
            if more >= self.plain[best] && more * 10 >= extra * 6 {
                best = outer;
            }
        }
        best
    }

    /// The nearest element that three strong candidates share.
    fn shared(&self, top: usize) -> Option<usize> {
        let tree = self.page.tree;
        let strong = self.scores[top] * 0.75;
        let mut others: Vec<usize> =
            (1..tree.nodes.len()).filter(|at| *at != top && self.scores[*at] >= strong).collect();
        others.sort_by(|a, b| self.scores[*b].total_cmp(&self.scores[*a]));
        others.truncate(4);
        if others.len() < 3 {
            return None;
        }
        let holds = |outer: usize, inner: usize| outer < inner && inner < tree.end(outer);
        let shared = tree.above(top).find(|outer| others.iter().filter(|other| holds(*outer, **other)).count() >= 3)?;
        (tree.tag(shared) != Tag::Body).then_some(shared)
    }

    fn elements(&self, at: usize) -> usize {
        let tree = self.page.tree;
        let is_element = |child: &usize| match tree.tag(*child) {
            Tag::Text => self.page.own[*child].len > 0,
            Tag::Script | Tag::Br | Tag::Link => false,
            _ => true,
        };
        tree.children(at).filter(is_element).take(2).count()
    }

    /// The element and those of its siblings that belong to it.
    fn siblings(&self, top: usize) -> Vec<usize> {
        let tree = self.page.tree;
        let parent = tree.parent(top);
        if tree.tag(top) == Tag::Body || parent == 0 {
            return vec![top];
        }
        let score = self.scores[top];
        let threshold = (score * 0.2).max(10.0);
        let class = tree.attribute(top, "class").unwrap_or_default();
        let belongs = |at: &usize| {
            if *at == top {
                return true;
            }
            if self.dropped[*at] {
                return false;
            }
            let alike = !class.is_empty() && tree.attribute(*at, "class") == Some(class);
            let bonus = if alike { score * 0.2 } else { 0.0 };
            if self.scores[*at] != 0.0 && self.scores[*at] + bonus >= threshold {
                return true;
            }
            let Measure { len, commas, .. } = self.sums[*at];
            let density = self.sums[*at].density();
            tree.tag(*at) == Tag::P && ((len > 80 && density < 0.25) || (len > 0 && density == 0.0 && commas > 0))
        };
        tree.children(parent).filter(belongs).collect()
    }
}

/// A paragraph that is being read.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    owner: usize,
    measure: Measure,
    breaks: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn han_characters_weigh_two() {
        let Measure { len, commas, .. } = measure("　　清河，abc é");
        assert_eq!((len, commas), (4 + 2 + 3 + 1, 1));
    }

    #[test]
    fn sees_what_is_hidden() {
        assert!(is_hidden("color:red; Display : None"));
        assert!(is_hidden("visibility:hidden"));
        assert!(!is_hidden("display:block;background:url(none)"));
    }
}

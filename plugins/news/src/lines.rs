//! The short lines of a page, where titles, dates and sources stand.

use crate::body::Measured;
use crate::tag::Tag;
use crate::tree::Line;
use crate::words::Marks;

/// Lines heavier than this are text, not a byline.
const HEAVIEST: u32 = 300;

/// How many lines are looked at.
const MOST: usize = 400;

/// One short line.
#[derive(Debug)]
pub(crate) struct Short {
    pub(crate) text: String,
    /// What the names of the elements around it say.
    pub(crate) marks: Marks,
    pub(crate) tag: Tag,
}

/// The short lines between two nodes, in order.
pub(crate) fn short(page: &Measured<'_, '_>, from: usize, to: usize) -> Vec<Short> {
    let mut found = Vec::new();
    let mut run = Run::default();
    let mut at = from;
    while at < to.min(page.tree.nodes.len()) && found.len() < MOST {
        if page.silent[at] {
            at = page.tree.end(at);
            continue;
        }
        let tag = page.tree.tag(at);
        if tag == Tag::Text {
            let len = page.own[at].len;
            if len > 0 {
                let owner = page.owner(at);
                if owner != run.owner {
                    run.finish(page, &mut found);
                    run.owner = owner;
                }
                run.add(at, len);
            } else {
                run.nodes.push(at);
            }
        } else if !tag.is_inline() || tag == Tag::Br {
            run.finish(page, &mut found);
        }
        at += 1;
    }
    run.finish(page, &mut found);
    found
}

#[derive(Default)]
struct Run {
    owner: usize,
    nodes: Vec<usize>,
    len: u32,
}

impl Run {
    fn add(&mut self, at: usize, len: u32) {
        self.len += len;
        self.nodes.push(at);
    }

    fn finish(&mut self, page: &Measured<'_, '_>, found: &mut Vec<Short>) {
        if self.len > 0 && self.len <= HEAVIEST {
            let mut line = Line::default();
            let mut marks = page.marks[self.owner] | page.marks[page.tree.parent(self.owner)];
            for at in &self.nodes {
                marks |= page.marks[page.tree.parent(*at)];
                line.text(page.tree.node(*at).source);
            }
            let tag = page.tree.tag(self.owner);
            found.push(Short { text: line.out, marks, tag });
        }
        *self = Self::default();
    }
}

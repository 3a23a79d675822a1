//! Takes out of the parts of an article what is hardly text: lists of links, forms,
//! captions, buttons that share.

use super::{Attempt, Measure, ratio};
use crate::tag::Tag;
use crate::words::{CAPTION, SHARE};

/// What stands below an element.
#[derive(Clone, Copy, Debug, Default)]
struct Content {
    measure: Measure,
    paragraphs: u32,
    pictures: u32,
    items: u32,
    /// Items of lists that are nothing but links.
    linked: u32,
    inputs: u32,
    embeds: u32,
    /// The weight of headings.
    headings: u32,
    /// The weight of what stands in lists.
    listed: u32,
    cells: u32,
}

impl Content {
    fn add(&mut self, other: &Self) {
        self.measure.add(other.measure);
        self.paragraphs += other.paragraphs;
        self.pictures += other.pictures;
        self.items += other.items;
        self.linked += other.linked;
        self.inputs += other.inputs;
        self.embeds += other.embeds;
        self.headings += other.headings;
        self.listed += other.listed;
        self.cells += other.cells;
    }
}

impl Attempt<'_, '_, '_> {
    /// Takes out of a root what is hardly part of the text. Inner elements are
    /// judged first, and what is taken out no longer counts for the outer ones.
    pub(crate) fn clean(&mut self, root: usize) {
        let tree = self.page.tree;
        let base = root;
        let mut contents = vec![Content::default(); tree.end(root) - base];
        let mut outside = vec![false; tree.end(root) - base];
        for at in tree.below(root) {
            let parent = tree.parent(at);
            outside[at - base] = self.dropped[at] || outside[parent - base];
        }
        for at in tree.below(root).rev() {
            if outside[at - base] {
                continue;
            }
            self.count(at, &mut contents[at - base]);
            let content = contents[at - base];
            if self.is_waste(at, &content) {
                self.dropped[at] = true;
            } else {
                contents[tree.parent(at) - base].add(&content);
            }
        }
    }

    fn count(&self, at: usize, content: &mut Content) {
        match self.page.tree.tag(at) {
            Tag::Text => content.measure.add(self.page.own[at]),
            Tag::P => content.paragraphs += 1,
            Tag::Img => content.pictures += 1,
            Tag::Li => {
                content.items += 1;
                content.linked += u32::from(content.measure.density() > 0.85);
            }
            Tag::Input => content.inputs += 1,
            Tag::Embed => content.embeds += 1,
            Tag::Td => content.cells += 1,
            Tag::Ul | Tag::Ol => content.listed = content.measure.len,
            tag if tag.is_heading() => content.headings = content.measure.len,
            _ => {}
        }
    }

    fn is_waste(&self, at: usize, content: &Content) -> bool {
        let tag = self.page.tree.tag(at);
        let marks = self.page.marks[at];
        let Measure { len, commas, .. } = content.measure;
        if (marks & SHARE != 0 && len < 500) || (marks & CAPTION != 0 && len < 200) {
            return true;
        }
        match tag {
            Tag::Footer | Tag::Aside | Tag::Nav => return true,
            Tag::Figcaption => return len < 200,
            Tag::H1 | Tag::H2 => return self.weight(at) < 0.0,
            Tag::Form | Tag::Fieldset | Tag::Table | Tag::Ul | Tag::Ol | Tag::Dl | Tag::Div | Tag::Section => {}
            _ => return false,
        }
        let weight = self.weight(at);
        if tag == Tag::Table && is_data(content) {
            return false;
        }
        if weight < 0.0 {
            return true;
        }
        // A list of headlines, however many commas are in them.
        if tag.is_list() && content.linked > 1 && content.linked * 2 > content.items {
            return true;
        }
        commas < 10 && self.is_meagre(tag, weight, content, len)
    }

    fn is_meagre(&self, tag: Tag, weight: f32, content: &Content, len: u32) -> bool {
        let density = content.measure.density();
        let list = tag.is_list() || ratio(content.listed, len) > 0.9;
        let Content { paragraphs, pictures, items, inputs, embeds, headings, .. } = *content;
        (pictures > 1 && ratio(paragraphs, pictures) < 0.5 && len < 100)
            || (!list && items > paragraphs + 100)
            || inputs * 3 > paragraphs
            || (!list && ratio(headings, len) < 0.9 && len < 25 && (pictures == 0 || pictures > 2) && density > 0.0)
            || (!list && weight < 25.0 && density > 0.2)
            || (list && density > 0.7)
            || (weight >= 25.0 && density > 0.5)
            || (embeds == 1 && len < 75)
            || embeds > 1
    }
}

/// A table of figures rather than one that lays out the page.
fn is_data(content: &Content) -> bool {
    content.cells > 10 && content.paragraphs * 4 < content.cells && content.measure.density() < 0.3
}

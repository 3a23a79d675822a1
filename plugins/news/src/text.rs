//! Writes the text of an article from the parts of the page that were kept.

use crate::tag::Tag;
use crate::tree::{Line, Tree};

/// The lines of some subtrees, without those that are dropped.
pub(crate) fn lines(tree: &Tree<'_>, roots: &[usize], dropped: &[bool]) -> String {
    let mut line = Line::default();
    for root in roots {
        line.newline();
        write(tree, *root, dropped, &mut line);
    }
    line.newline();
    line.out.truncate(line.out.trim_end().len());
    line.out
}

fn write(tree: &Tree<'_>, root: usize, dropped: &[bool], line: &mut Line) {
    // The ends of blocks that are open, to break the line where they close.
    let mut open: Vec<usize> = Vec::new();
    let mut at = root;
    while at < tree.end(root) {
        while open.last().is_some_and(|end| *end <= at) {
            open.pop();
            line.newline();
        }
        if dropped[at] {
            at = tree.end(at);
            continue;
        }
        let node = tree.node(at);
        match node.tag {
            Tag::Text => line.text(node.source),
            Tag::Br | Tag::Hr => line.newline(),
            Tag::Td | Tag::Th => line.space(),
            tag if !tag.is_inline() => {
                line.newline();
                open.push(tree.end(at));
            }
            _ => {}
        }
        at += 1;
    }
}

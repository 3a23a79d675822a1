//! Writes the text of an article from the parts of the page that were kept, a
//! line for each paragraph, without the lines at its edges that are no text: the
//! byline above, editors, buttons and further links below.

use crate::body::{Measure, Measured};
use crate::byline;
use crate::tag::Tag;
use crate::tree::Line;

/// One paragraph.
#[derive(Debug)]
struct Paragraph {
    text: String,
    measure: Measure,
    owner: Tag,
}

impl Paragraph {
    /// Nothing but links.
    fn is_link(&self) -> bool {
        self.measure.link * 10 >= self.measure.len * 9
    }

    /// Text that an article consists of, whatever stands around it.
    fn is_text(&self) -> bool {
        self.measure.len >= 80 && self.measure.density() < 0.5
    }
}

/// What ends below a text begin with.
const TAILS: [&str; 41] = [
    "责任编辑",
    "责编",
    "编辑：",
    "编辑:",
    "【责任编辑",
    "（责任编辑",
    "(责任编辑",
    "[责任编辑",
    "（编辑",
    "(编辑",
    "（责编",
    "(责编",
    "【编辑",
    "[编辑",
    "审核：",
    "校对：",
    "监制：",
    "打印",
    "关闭",
    "上一篇",
    "下一篇",
    "上一条",
    "下一条",
    "分享到",
    "分享：",
    "扫一扫",
    "相关阅读",
    "相关新闻",
    "相关链接",
    "延伸阅读",
    "推荐阅读",
    "附件下载",
    "声明：",
    "特别声明",
    "免责声明",
    "版权声明",
    "郑重声明",
    "收藏",
    "举报",
    "返回顶部",
    "阅读全文",
];

/// What notices of other kinds begin with, anywhere; in lower case.
const NOTICES: [&str; 12] = [
    "advertisement",
    "related:",
    "read more:",
    "see also:",
    "share this",
    "follow us on",
    "click here",
    "sign up for",
    "subscribe to",
    "story continues below",
    "本文已获授权",
    "扫描二维码",
];

/// The lines of some subtrees, without those that are dropped.
pub(crate) fn lines(page: &Measured<'_, '_>, roots: &[usize], dropped: &[bool]) -> String {
    let mut writer =
        Writer { page, dropped, done: Vec::new(), line: Line::default(), measure: Measure::default(), owner: Tag::Div };
    for root in roots {
        writer.subtree(*root);
        writer.finish();
    }
    let kept = edges(writer.done);
    let mut text = String::with_capacity(kept.iter().map(|kept| kept.text.len() + 1).sum());
    for paragraph in kept {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&paragraph.text);
    }
    text
}

struct Writer<'p, 't, 'a> {
    page: &'p Measured<'t, 'a>,
    dropped: &'p [bool],
    done: Vec<Paragraph>,
    line: Line,
    measure: Measure,
    owner: Tag,
}

impl Writer<'_, '_, '_> {
    fn subtree(&mut self, root: usize) {
        let tree = self.page.tree;
        // The ends of blocks that are open, to break the line where they close.
        let mut open: Vec<usize> = Vec::new();
        let mut at = root;
        while at < tree.end(root) {
            while open.last().is_some_and(|end| *end <= at) {
                open.pop();
                self.finish();
            }
            if self.dropped[at] {
                at = tree.end(at);
                continue;
            }
            let node = tree.node(at);
            match node.tag {
                Tag::Text => {
                    self.line.text(node.source);
                    self.measure.add(self.page.own[at]);
                }
                Tag::Br | Tag::Hr => self.finish(),
                Tag::Td | Tag::Th => self.line.space(),
                tag if !tag.is_inline() => {
                    self.finish();
                    self.owner = tag;
                    open.push(tree.end(at));
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn finish(&mut self) {
        let text = std::mem::take(&mut self.line).out;
        let measure = std::mem::take(&mut self.measure);
        if !text.is_empty() {
            self.done.push(Paragraph { text, measure, owner: self.owner });
        }
    }
}

/// Drops what stands before the first and after the last text and is none, and
/// notices between.
fn edges(paragraphs: Vec<Paragraph>) -> Vec<Paragraph> {
    let begins = |paragraph: &Paragraph| paragraph.is_text();
    let may_begin = |paragraph: &Paragraph| !is_head(paragraph) && !is_tail(paragraph);
    // A notice may have no long paragraph at all.
    let first = paragraphs.iter().position(begins).or_else(|| paragraphs.iter().position(may_begin));
    let Some(first) = first else {
        return paragraphs;
    };
    let last = paragraphs.iter().rposition(begins).unwrap_or(first);
    let keeps = |(at, paragraph): (usize, Paragraph)| {
        let drop = if at < first {
            is_head(&paragraph)
        } else if at > last {
            is_tail(&paragraph)
        } else {
            at != first && is_notice(&paragraph)
        };
        (!drop).then_some(paragraph)
    };
    paragraphs.into_iter().enumerate().filter_map(keeps).collect()
}

fn is_head(paragraph: &Paragraph) -> bool {
    paragraph.is_link() || (paragraph.measure.len <= 120 && byline::is_byline(&paragraph.text)) || is_notice(paragraph)
}

fn is_tail(paragraph: &Paragraph) -> bool {
    let text = paragraph.text.trim_start();
    (paragraph.is_link() && paragraph.owner != Tag::Li)
        || paragraph.owner.is_heading()
        || TAILS.iter().any(|tail| text.starts_with(tail))
        || is_notice(paragraph)
}

fn is_notice(paragraph: &Paragraph) -> bool {
    paragraph.measure.len < 120 && NOTICES.iter().any(|notice| starts(&paragraph.text, notice))
}

fn starts(text: &str, word: &str) -> bool {
    text.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

//! The page after this one, of a list or of an article.

use caifeng_plugin_sdk::{html, url};

use crate::address;
use crate::article::Reading;
use crate::tag::Tag;

/// What links to the next page say.
const NEXT: [&str; 17] = [
    "下一页",
    "下一頁",
    "下页",
    "下頁",
    "后一页",
    "后页",
    "下一页>",
    "下一页>>",
    "下一页 >",
    "next",
    "next page",
    "next »",
    "next >",
    "older posts",
    ">",
    "›",
    "»",
];

/// What links to other pages say, which are no titles.
const STEPS: [&str; 14] = [
    "上一页",
    "上页",
    "前页",
    "首页",
    "尾页",
    "末页",
    "最后一页",
    "第一页",
    "上一篇",
    "下一篇",
    "prev",
    "previous",
    "last",
    "first",
];

/// Whether a text names a step from page to page.
pub(crate) fn is_step(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    NEXT.contains(&&*text)
        || STEPS.iter().any(|step| text.starts_with(step) && text.chars().count() <= step.chars().count() + 6)
        || ["上一篇", "下一篇", "上一条", "下一条"].iter().any(|step| text.starts_with(step))
}

impl Reading<'_, '_> {
    /// The address of the next page: by its link, by the number after this one, or
    /// by the script that Chinese government systems write their pages' numbers with.
    pub(crate) fn next_page(&self) -> Option<String> {
        let own = address::clean(self.address);
        let stated = self.meta.next.as_deref().map(|link| url::join(self.base(), link));
        let fits = |link: &String| address::same_host(link, self.address) && address::clean(link) != own;
        stated.filter(fits).or_else(|| self.linked(&fits)).or_else(|| self.scripted()).filter(|link| link.len() < 2_000)
    }

    /// The next part of this article: a next page whose address differs in its number only.
    pub(crate) fn next_part(&self) -> Option<String> {
        let own = address::stem(self.address);
        self.next_page().filter(|link| address::stem(link) == own)
    }

    fn linked(&self, fits: &impl Fn(&String) -> bool) -> Option<String> {
        let tree = self.page.tree;
        let mut numbered = None;
        let mut current = None;
        for at in 1..tree.nodes.len() {
            let tag = tree.tag(at);
            // The number of this page stands in the row without a link.
            if tag == Tag::Text && current.is_none() && tree.tag(tree.parent(at)) != Tag::A {
                current = number(tree.node(at).source).filter(|_| self.is_in_pager(at));
            }
            if tag != Tag::A || tree.end(at) - at > 6 {
                continue;
            }
            let Some(href) = tree.attribute(at, "href").filter(|href| !href.trim().is_empty()) else {
                continue;
            };
            let text = tree.line(at);
            let text = if text.is_empty() { tree.attribute(at, "title").unwrap_or_default().to_owned() } else { text };
            let link =
                || Some(url::join(self.base(), &html::decode(href))).filter(|link| address::is_web(link)).filter(fits);
            let rel = tree.attribute(at, "rel").is_some_and(|rel| rel.eq_ignore_ascii_case("next"));
            if (rel || NEXT.contains(&&*text.trim().to_lowercase()))
                && let Some(link) = link()
            {
                return Some(link);
            }
            if numbered.is_none()
                && number(&text).is_some_and(|n| current.is_some_and(|own| n == own + 1))
                && self.is_in_pager(at)
            {
                numbered = link();
            }
        }
        numbered
    }

    fn is_in_pager(&self, at: usize) -> bool {
        let tree = self.page.tree;
        tree.above(at).take(4).any(|above| {
            let name = |attribute: &str| tree.attribute(above, attribute).unwrap_or_default().to_ascii_lowercase();
            name("class").contains("pag") || name("id").contains("pag") || name("class").contains("fenye")
        })
    }

    /// `createPageHTML(10, 0, "index", "html")` of TRS: ten pages, this is the first.
    fn scripted(&self) -> Option<String> {
        let tree = self.page.tree;
        let scripts = tree.nodes.iter().filter(|node| node.tag == Tag::Script);
        let call = scripts.filter_map(|node| called(node.raw)).next()?;
        let mut parts = call.split(',').map(|part| part.trim().trim_matches(['"', '\'']));
        let pages: u32 = parts.next()?.parse().ok()?;
        let current: u32 = parts.next()?.parse().ok()?;
        let (name, ending) = (parts.next()?, parts.next()?);
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let next = current.checked_add(1).filter(|next| *next < pages)?;
        (plain(name) && plain(ending)).then(|| url::join(self.address, &format!("{name}_{next}.{ending}")))
    }
}

fn called(script: &str) -> Option<&str> {
    const CALL: &str = "createPageHTML(";
    let mut rest = script;
    while let Some(at) = rest.find(CALL) {
        let arguments = &rest[at + CALL.len()..];
        let end = arguments.find(')')?;
        if arguments[..end].trim_start().starts_with(|c: char| c.is_ascii_digit()) {
            return Some(&arguments[..end]);
        }
        rest = &arguments[end..];
    }
    None
}

fn number(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|n| *n < 10_000)
}

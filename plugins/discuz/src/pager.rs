//! The numbers under a list: which page this is, and where the others are.

use caifeng_plugin_sdk::html;
use caifeng_plugin_sdk::markup::{Found, select};
use caifeng_plugin_sdk::url;

use crate::address;

/// What the pager of a page says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pager {
    /// This page's number, if it is marked.
    pub(crate) current: Option<u32>,
    /// The address of the next page.
    pub(crate) next: Option<String>,
    /// The number of the last page, and the address of some other page, from
    /// which the address of any page can be made.
    pub(crate) last: Option<(u32, String)>,
}

enum Part {
    Bar,
    Link,
    Current,
    Total,
}

/// Reads the first pager of a page; `base` is the page's address.
pub(crate) fn read(body: &str, base: &str) -> Pager {
    let mut pager = Pager::default();
    let mut total = None;
    let parts = select(body, |tag, inside| match inside {
        None => ["pg", "pages", "page"].iter().any(|class| tag.has_class(class)).then_some(Part::Bar),
        Some(Part::Bar) if tag.is("a") => Some(Part::Link),
        Some(Part::Bar) if tag.is("strong") => Some(Part::Current),
        Some(Part::Bar) if tag.is("span") && tag.raw("title").is_some() => Some(Part::Total),
        Some(_) => None,
    });
    for found in parts {
        match found.key {
            Part::Link => link(&found, base, &mut pager),
            Part::Current => pager.current = pager.current.or_else(|| found.text().parse().ok()),
            Part::Total => total = found.tag.raw("title").and_then(|title| address::after(title, "共 ")?.parse().ok()),
            // A bar above the list and one below it say the same.
            Part::Bar if pager.last.is_some() || pager.next.is_some() => break,
            Part::Bar => {}
        }
    }
    if let (Some(total), Some((last, _))) = (total, &mut pager.last) {
        *last = (*last).max(total);
    }
    pager
}

fn link(found: &Found<'_, Part>, base: &str, pager: &mut Pager) {
    let Some(href) = found.tag.attribute("href").filter(|href| !href.is_empty() && !href.starts_with("javascript"))
    else {
        return;
    };
    let text = html::text(found.inner);
    let address = url::join(base, &href);
    let next =
        found.tag.has_class("nxt") || found.tag.has_class("next") || text.contains("下一页") || text.contains("下一頁");
    if next {
        pager.next.get_or_insert_with(|| address.clone());
    }
    let number = text.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u32>().ok();
    let number = number.filter(|number| address::page(&address) == *number);
    // The link to the next page is evidence of it, where no number is written.
    if let Some(number) = number.or_else(|| next.then(|| address::page(&address))).filter(|number| *number > 1) {
        match &mut pager.last {
            Some((last, _)) if *last >= number => {}
            last => *last = Some((number, address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pagers_of_each_generation() {
        let x = "<div class=\"pg\"><strong>1</strong><a href=\"thread-5-2-1.html\">2</a>\
                 <a href=\"thread-5-25-1.html\" class=\"last\">... 25</a><label><span title=\"共 25 页\"> / 25 页</span></label>\
                 <a href=\"thread-5-2-1.html\" class=\"nxt\">下一页</a></div>";
        let last = Some((25, "https://e.cn/thread-5-25-1.html".to_owned()));
        let next = Some("https://e.cn/thread-5-2-1.html".to_owned());
        assert_eq!(read(x, "https://e.cn/"), Pager { current: Some(1), next, last });
        let seven = "<div class=\"pages\"><a href=\"viewthread.php?tid=5&amp;page=1\" class=\"prev\">‹‹</a>\
                     <a href=\"viewthread.php?tid=5&amp;page=1\">1</a><strong>2</strong></div>";
        assert_eq!(read(seven, "https://e.cn/"), Pager { current: Some(2), next: None, last: None });
        let mobile =
            "<div class=\"page\"><a href=\"forum.php?mod=forumdisplay&fid=2&page=2&mobile=2\">下一页</a></div>";
        assert_eq!(read(mobile, "https://e.cn/").last.map(|last| last.0), Some(2));
        assert_eq!(read("<p>没有</p>", "https://e.cn/"), Pager::default());
    }
}

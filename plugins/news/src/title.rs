//! The title of an article, without the name of its site.
//!
//! The title element says too much ("标题_频道_网站") and headings may say
//! something else; where the two agree is the title. Without such a place the
//! parts that separators cut off the end are dropped.

use crate::lines::Short;
use crate::meta::Meta;
use crate::tag::Tag;
use crate::words::TITLE;

/// Words that end the name of a site or a channel.
const SITES: [&str; 20] = [
    "网",
    "报",
    "新闻",
    "频道",
    "政府",
    "门户",
    "在线",
    "日报",
    "中心",
    "平台",
    "资讯",
    "论坛",
    "客户端",
    "博客",
    "网站",
    "杂志",
    "首页",
    "电视台",
    "专栏",
    "栏目",
];

/// The title that the head and the lines of a page say.
pub(crate) fn of(meta: &Meta<'_>, lines: &[Short]) -> Option<String> {
    let stated: Vec<&str> = meta.titles().map(str::trim).filter(|title| !title.is_empty()).collect();
    let whole = meta.title.trim();
    let sources: Vec<String> = stated.iter().copied().chain([whole]).map(fold).collect();
    if let Some(line) = agreed(&sources, lines) {
        return Some(line);
    }
    let stated = stated.first().copied().or(Some(whole)).filter(|title| !title.is_empty());
    let heading =
        || lines.iter().find(|line| line.tag == Tag::H1 && !line.text.is_empty()).map(|line| line.text.clone());
    stated.map(|title| without_site(title, meta.site_name())).or_else(heading)
}

/// The best line that the head repeats.
fn agreed(sources: &[String], lines: &[Short]) -> Option<String> {
    let mut best: Option<(u32, &Short)> = None;
    for line in lines {
        let weight = line.text.chars().count();
        if !(4..=160).contains(&weight) {
            continue;
        }
        let text = fold(&line.text);
        let heading = match line.tag {
            Tag::H1 => 40,
            tag if tag.is_heading() => 25,
            _ if line.marks & TITLE != 0 => 20,
            _ => 0,
        };
        let Some(rank) = sources.iter().filter_map(|source| rank(source, &text, heading > 0)).max() else {
            continue;
        };
        let points = rank + heading;
        if best.is_none_or(|(high, _)| points > high) {
            best = Some((points, line));
        }
    }
    best.map(|(_, line)| line.text.clone())
}

/// How well a line fits a title of the head, in hundredths; nothing if it does not.
fn rank(source: &str, text: &str, heading: bool) -> Option<u32> {
    if text.len() < 6 || source.is_empty() {
        return None;
    }
    if source == text {
        return Some(100);
    }
    let share = u32::try_from(text.len() * 100 / source.len().max(1)).unwrap_or(0);
    if source.starts_with(text) && share >= 25 {
        return Some(share.min(95));
    }
    if heading && share >= 50 && source.contains(text) {
        return Some(share.min(90));
    }
    // "清河信息网--标题": the site comes first.
    if let Some(site) = source.strip_suffix(text)
        && share >= 40
        && SITES.iter().any(|word| site.ends_with(word))
    {
        return Some(share.min(90));
    }
    // A title element that was cut short.
    (text.starts_with(source) && source.len() >= 24).then_some(70)
}

/// Letters and digits only, in lower case.
pub(crate) fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Drops what stands after the last separators, if that is the name of a site.
pub(crate) fn without_site(title: &str, site: Option<&str>) -> String {
    let site = site.map(fold).unwrap_or_default();
    let mut kept = title.trim();
    while let Some((head, tail, strong)) = last_cut(kept) {
        let folded = fold(tail);
        let named = !site.is_empty() && (site.contains(&folded) || folded.contains(&site));
        let like = SITES.iter().any(|word| tail.trim().ends_with(word));
        let short = folded.chars().count() <= 24 && fold(head).chars().count() >= folded.chars().count().max(6);
        if folded.is_empty() || (named && !fold(head).is_empty()) || (short && (strong || like)) {
            kept = head.trim_end();
        } else {
            break;
        }
    }
    if kept.is_empty() { title.trim().to_owned() } else { kept.to_owned() }
}

/// What stands before and after the last separator, and whether that is one that
/// titles themselves hardly contain.
fn last_cut(title: &str) -> Option<(&str, &str, bool)> {
    let strong = ["_", "|", " - ", " – ", " — ", "——", " :: ", "｜", " » ", " « ", " · "];
    let cut = strong.iter().filter_map(|mark| title.rfind(mark).map(|at| (at, mark.len(), true)));
    let weak = ["-", "－", "—", "–"].iter().filter_map(|mark| title.rfind(mark).map(|at| (at, mark.len(), false)));
    let (at, len, strong) = cut.chain(weak).max_by_key(|(at, len, strong)| (at + len, *strong))?;
    (at > 0).then(|| (&title[..at], &title[at + len..], strong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_the_title_element_repeats_is_the_title() {
        let line = |text: &str| Short { text: text.to_owned(), marks: 0, tag: Tag::Td };
        for (title, expected) in [
            ("城东停水通知 通知公告 清河县人民政府", "城东停水通知"),
            ("清河信息网--城东停水通知", "城东停水通知"),
            ("清河的城东停水通知", "清河的城东停水通知"),
        ] {
            let mut meta = Meta::default();
            title.clone_into(&mut meta.title);
            assert_eq!(of(&meta, &[line("通知公告"), line("城东停水通知")]).as_deref(), Some(expected), "{title}");
        }
    }

    #[test]
    fn drops_the_site() {
        for (title, site, expected) in [
            ("城东停水通知_通知公告_清河县人民政府网", None, "城东停水通知"),
            ("城东停水通知-清河新闻网", None, "城东停水通知"),
            ("Council votes on water | The Qinghe Times", None, "Council votes on water"),
            ("水价—听证会纪要", None, "水价—听证会纪要"),
            ("Covid-19 cases fall", None, "Covid-19 cases fall"),
            ("城东停水 - 清河", Some("清河"), "城东停水"),
            ("城东停水", Some("清河"), "城东停水"),
        ] {
            assert_eq!(without_site(title, site), expected, "{title}");
        }
    }
}

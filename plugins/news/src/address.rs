//! What the address of a page tells: its identity, its day, whether it is an
//! article or a list.

use caifeng_plugin_sdk::dates::{self, Moment};
use caifeng_plugin_sdk::url;

/// Parameters that say how a reader came, not what is read.
const TRACKING: [&str; 22] = [
    "spm",
    "from",
    "fromid",
    "ref",
    "refer",
    "referer",
    "share",
    "share_token",
    "sharer",
    "source",
    "src",
    "scene",
    "fbclid",
    "gclid",
    "isappinstalled",
    "nsukey",
    "tdsourcetag",
    "bdversion",
    "vd_source",
    "_t",
    "timestamp",
    "wfr",
];

/// The host of an absolute address, without port and user.
pub(crate) fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() }
}

/// Whether two addresses are at one host.
pub(crate) fn same_host(a: &str, b: &str) -> bool {
    !host(a).is_empty() && host(a).eq_ignore_ascii_case(host(b))
}

/// Whether a person can open it.
pub(crate) fn is_web(address: &str) -> bool {
    (address.starts_with("http://") || address.starts_with("https://")) && !host(address).is_empty()
}

/// An address without its fragment and without what only tells how a reader came.
pub(crate) fn clean(address: &str) -> String {
    let address = address.split('#').next().unwrap_or_default();
    let Some((path, query)) = address.split_once('?') else {
        return address.to_owned();
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_tracking(pair)).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

fn is_tracking(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    name.starts_with("utm_") || name.starts_with("share_") || TRACKING.contains(&&*name)
}

/// The identity of an article: path and query, and its host if that is not the
/// watched one.
pub(crate) fn id(address: &str, watched: &str) -> String {
    let cleaned = clean(address);
    let path = url::path_and_query(&cleaned);
    if same_host(address, watched) { path } else { format!("{}{path}", host(address)) }
}

/// The day that a path names: `/2026/03/09/`, `/202603/t20260309_`, `/2026-03/09/`, `/art/2026/3/9/`.
pub(crate) fn day(address: &str, now: i64, utc_offset: i32) -> Option<Moment> {
    let path = url::path_and_query(address);
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if run == 0 {
            at += 1;
            continue;
        }
        if let Some(text) = day_at(&path, at, run)
            && let Some(moment) = dates::parse(&text, now, utc_offset)
            && moment.timestamp <= now + 86_400
        {
            return Some(Moment { day_only: true, ..moment });
        }
        at += run;
    }
    None
}

fn day_at(path: &str, at: usize, run: usize) -> Option<String> {
    let digits = &path[at..at + run];
    if !(digits.starts_with("19") || digits.starts_with("20")) {
        return None;
    }
    let tail = &path[at + run..];
    if run == 8 || (run > 8 && run <= 17) {
        return valid(&digits[..4], &digits[4..6], &digits[6..8]);
    }
    let mut parts = tail.split(['/', '-', '_']).skip(1);
    match run {
        4 if tail.starts_with(['/', '-', '_']) => {
            let (month, day) = (parts.next()?, parts.next()?);
            if month.len() == 4 { valid(digits, &month[..2], month.get(2..)?) } else { valid(digits, month, day) }
        }
        6 if tail.starts_with(['/', '-']) => valid(&digits[..4], &digits[4..], parts.next()?),
        _ => None,
    }
}

fn valid(year: &str, month: &str, day: &str) -> Option<String> {
    let day = &day[..day.bytes().take_while(u8::is_ascii_digit).count()];
    let within = |text: &str, most: u8| text.len() <= 2 && text.parse::<u8>().is_ok_and(|n| (1..=most).contains(&n));
    (within(month, 12) && within(day, 31)).then(|| format!("{year}-{month}-{day}"))
}

/// Whether the address is shaped like that of one article.
pub(crate) fn is_article(address: &str) -> bool {
    let path = url::path_and_query(address).to_ascii_lowercase();
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    let digits = |text: &str, least: usize| text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= least);
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    if is_list(address) {
        return false;
    }
    digits(last, 5)
        || (last.ends_with("html") || last.ends_with(".htm")) && (digits(path, 4) || digits(last, 1))
        || query
            .split('&')
            .any(|pair| digits(pair, 2) && pair.split('=').next().is_some_and(|name| name.ends_with("id")))
        || digits(last, 8)
        || last.matches('-').count() >= 3
        || (digits(path, 4) && last.len() >= 8)
}

/// Whether the address is shaped like that of a list: a folder, an index, a numbered page.
pub(crate) fn is_list(address: &str) -> bool {
    let path = url::path_and_query(address).to_ascii_lowercase();
    let path = path.split('?').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let stem = last
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '_' || c == '-');
    last.is_empty() || ["index", "list", "node", "default", "column", "channel", "more", "home", "main"].contains(&stem)
}

/// The address without the number of a part: `a_2.html` and `a.html?page=2` are `a.html`.
pub(crate) fn stem(address: &str) -> String {
    let cleaned = clean(address);
    let (path, query) = cleaned.split_once('?').unwrap_or((&cleaned, ""));
    let folder = path.rfind('/').map_or(0, |at| at + 1);
    let (name, ending) = match path[folder..].rfind('.') {
        Some(dot) => path.split_at(folder + dot),
        None => (path, ""),
    };
    let cut = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let part = name.len() - cut.len();
    let name = match cut.strip_suffix(['_', '-']) {
        Some(stem) if (1..=2).contains(&part) && stem.len() > folder => stem,
        _ => name,
    };
    let is_part =
        |pair: &&str| ["page", "p", "pn", "pageno", "paged"].contains(&pair.split('=').next().unwrap_or_default());
    let query: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_part(pair)).collect();
    format!("{name}{ending}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_is_read_and_not_how_one_came() {
        let watched = "https://news.qinghe.example/";
        assert_eq!(id("https://news.qinghe.example/a?id=7&utm_source=x&spm=1#top", watched), "/a?id=7");
        assert_eq!(id("https://news.qinghe.example:8443/a?from=x", watched), "/a");
        assert_eq!(id("https://www.qinghe.example/a", watched), "www.qinghe.example/a");
    }

    #[test]
    fn paths_name_days() {
        let now = 1_773_000_000;
        let at = |path: &str| day(&format!("https://a.example{path}"), now, 0).map(|moment| moment.timestamp);
        let expected = dates::parse("2026-03-01", now, 0).map(|moment| moment.timestamp);
        assert!(expected.is_some());
        for path in [
            "/2026/03/01/x.html",
            "/202603/t20260301_1024.html",
            "/2026-03/01/c_1.htm",
            "/art/2026/3/1/art_7.html",
            "/2026/0301/c1.html",
            "/20260301123456.html",
            "/202603/01/a.html",
        ] {
            assert_eq!(at(path), expected, "{path}");
        }
        for path in ["/a/20991301.html", "/2026/99/01/", "/c1024/20.html", "/"] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    #[test]
    fn shapes_tell_articles_from_lists() {
        let at = |path: &str| is_article(&format!("https://a.example{path}"));
        for path in [
            "/202603/t20260309_1024.html",
            "/article-10245.html",
            "/n?id=1024",
            "/2026/03/09/council-votes",
            "/a-long-slug-of-words",
            "/c/7.html",
        ] {
            assert!(at(path), "{path}");
        }
        for path in ["/", "/news/", "/index_2.html", "/about", "/list.html"] {
            assert!(!at(path), "{path}");
        }
    }

    #[test]
    fn parts_share_a_stem() {
        let of = |path: &str| stem(&format!("https://a.example{path}"));
        assert_eq!(of("/t20260309_1024_2.html"), of("/t20260309_1024.html"));
        assert_eq!(of("/a.html?page=2&x=1"), of("/a.html?x=1"));
        assert_ne!(of("/t20260309_1024.html"), of("/t20260309_1025.html"));
    }
}

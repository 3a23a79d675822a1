//! Addresses that identify what a post is about: its own, and those that its
//! text names.
//!
//! Two posts that name the same article speak of the same matter, but two that
//! name the same portal do not. An address therefore counts only when it looks
//! like that of one page: a number, a long last segment or the mixed case of a
//! short link in it. What this gives up: a page at a short plain address
//! (`/about`), and different addresses of one page on different hosts.

use url::Url;

/// Most addresses of one post; a text that names more is a list of links.
pub const MOST: usize = 16;
/// Longest address considered, in bytes.
const LONGEST: usize = 2_048;

/// The addresses that identify what a post is about, its own first, without
/// repetition, at most [`MOST`].
///
/// Its own address keeps its fragment: fifty entries of one page are fifty
/// posts. An address in the text loses it: it is the page that is pointed at.
#[must_use]
pub fn links(own: &str, text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let own = normalise(own, true).into_iter();
    for link in own.chain(addresses(text).filter_map(|address| normalise(address, false))) {
        if !links.contains(&link) {
            links.push(link);
        }
        if links.len() == MOST {
            break;
        }
    }
    links
}

/// How many bytes of `text`, which begins with an address, belong to it. Chinese
/// text often follows an address without a space, so anything that is not
/// printable ASCII ends it.
pub(super) fn address_length(text: &str) -> usize {
    let inside =
        |b: &u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'`' | b'\\' | b'^' | b'{' | b'|' | b'}');
    let length = text.bytes().take_while(inside).count();
    text[..length].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*']).len()
}

fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    // A text of a million addresses must not cost a million parses.
    std::iter::from_fn(move || {
        let start = rest.match_indices("://").find_map(|(at, _)| {
            ["https", "http"].into_iter().find_map(|scheme| {
                let begin = at.checked_sub(scheme.len())?;
                rest.get(begin..at).is_some_and(|word| word.eq_ignore_ascii_case(scheme)).then_some(begin)
            })
        })?;
        let address = &rest[start..start + address_length(&rest[start..])];
        rest = &rest[start + address.len().max(1)..];
        Some(address)
    })
    .take(4 * MOST)
}

/// One spelling for one page: no scheme, no `www.`, no fragment (unless it is
/// wanted), no tracking parameters, the others sorted, no slash at the end.
/// `None` if it does not look like the address of one page.
fn normalise(address: &str, fragment: bool) -> Option<String> {
    if address.len() > LONGEST {
        return None;
    }
    let url = Url::parse(address.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?;
    let mut parameters: Vec<&str> =
        url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !is_tracking(pair)).collect();
    parameters.sort_unstable();
    let path = url.path().trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    if !(names_a_page(path, last) || parameters.iter().any(|pair| pair.bytes().any(|b| b.is_ascii_digit()))) {
        return None;
    }
    let mut link = host.strip_prefix("www.").unwrap_or(host).to_owned();
    if let Some(port) = url.port() {
        link.push_str(&format!(":{port}"));
    }
    link.push_str(path);
    if !parameters.is_empty() {
        link.push('?');
        link.push_str(&parameters.join("&"));
    }
    if let Some(part) = url.fragment().filter(|part| fragment && !part.is_empty()) {
        link.push('#');
        link.push_str(part);
    }
    Some(link)
}

fn names_a_page(path: &str, last: &str) -> bool {
    let digit = path.bytes().any(|b| b.is_ascii_digit());
    let mixed = last.bytes().any(|b| b.is_ascii_lowercase()) && last.bytes().any(|b| b.is_ascii_uppercase());
    // Section names are short words; slugs of titles are long ones.
    digit || mixed || last.len() >= 16
}

/// Parameters that say how a reader came, not what the page is.
fn is_tracking(pair: &str) -> bool {
    const NAMES: [&str; 24] = [
        "spm",
        "scm",
        "from",
        "source",
        "src",
        "ref",
        "refer",
        "referer",
        "referrer",
        "share",
        "share_token",
        "share_source",
        "sharer_shareid",
        "shareid",
        "wfr",
        "isappinstalled",
        "fbclid",
        "gclid",
        "nsukey",
        "refer_flag",
        "luicode",
        "lfid",
        "featurecode",
        "wxshare",
    ];
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    name.starts_with("utm_") || name.starts_with("share_") || NAMES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_page_has_one_spelling() {
        let one = |address| links(address, "");
        let page = ["a.example/news/20261101/123.html"];
        assert_eq!(one("https://www.a.example/news/20261101/123.html"), page);
        assert_eq!(
            one("http://A.example:80/news/20261101/123.html/?utm_source=x&spm=1.2&from=timeline&SHARE_id=3"),
            page
        );
        assert_eq!(links("", "见http://a.example/news/20261101/123.html#c5。"), page);
        assert_eq!(one("https://a.example/read?tid=7&fid=2"), one("https://a.example/read?fid=2&tid=7"));
        assert_ne!(one("https://a.example/read?tid=7"), one("https://a.example/read?tid=8"));
        assert_eq!(
            one("http://a.example/list-1#p2"),
            ["a.example/list-1#p2"],
            "its own fragment is part of what it is"
        );
    }

    #[test]
    fn portals_and_sections_identify_nothing() {
        for address in [
            "https://www.a.example/",
            "https://a.example",
            "http://a.example/news/",
            "http://a.example/zh/?from=app2",
            "mailto:a1@b.example",
            "/1.html",
        ] {
            assert_eq!(links(address, address), [] as [&str; 0], "{address}");
        }
        assert_eq!(links("http://t.example/zjFeHpQ", ""), ["t.example/zjFeHpQ"], "a short link is one page");
        assert_eq!(links("http://a.example/water-is-back-in-bridge-street", "").len(), 1);
    }

    #[test]
    fn addresses_end_where_the_sentence_goes_on() {
        let text = "看 http://a.example/1.html，和（https://b.example/2?x=1）以及HTTPS://c.example/3。还有(http://d.example/4).";
        assert_eq!(links("", text), ["a.example/1.html", "b.example/2?x=1", "c.example/3", "d.example/4"]);
    }

    #[test]
    fn the_number_of_links_is_bounded() {
        let many: String = (0..100_000).map(|n| format!("http://a.example/{n} ")).collect();
        assert_eq!(links("http://a.example/own-1", &many).len(), MOST);
        assert_eq!(links("", &format!("http://a.example/{}", "1".repeat(10_000))).len(), 0);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_no_link_comes_twice(own in "\\PC{0,20}", text in "(?:(?:https?://|http://a\\.b/1|[.)#?/&=:]|\\PC)){0,30}") {
            let found = links(&own, &text);
            prop_assert!(found.len() <= MOST);
            let mut once = found.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), found.len());
        }
    }
}

//! The links of a page, as far as they are found without knowing it: what `href` names in markup, also where JSON holds the
//! markup, and the texts of JSON that have no blank. Led to another host, they show whom a plugin follows.

use std::collections::BTreeSet;
use std::ops::Range;
use url::Url;

/// The host that no plugin was ever told of.
pub(super) const ELSEWHERE: &str = "elsewhere.example.net";

/// Bytes of a text of JSON that may be a link.
const LONGEST: usize = 2048;

/// A link: where it stands, and what it names.
struct Link {
    at: Range<usize>,
    said: String,
    markup: bool,
}

/// Links that name no host lead to another; `None` if there are none.
pub(super) fn relative(body: &str) -> Option<String> {
    led(body, |link| {
        let said = link.said.as_str();
        let first = said.chars().next()?;
        let rooted = first == '?' || first == '/' && !said.starts_with("//");
        let named = said.split(['/', '?', '#']).next().is_some_and(|head| head.contains(':'));
        let beside = link.markup && !named && !matches!(first, '/' | '#');
        (rooted || beside).then(|| format!("//{ELSEWHERE}/{}", said.trim_start_matches(['.', '/'])))
    })
}

/// Links to these addresses lead to another host; `None` if the page has none that names one of them, seen from `base`.
pub(super) fn followed(body: &str, base: &Url, addresses: &BTreeSet<Url>) -> Option<String> {
    led(body, |link| {
        let mut address = base.join(&link.said).ok().filter(|address| addresses.contains(address))?;
        address.set_host(Some(ELSEWHERE)).ok()?;
        address.set_port(None).ok()?;
        Some(address.into())
    })
}

/// The page with each link that `other` has an answer for replaced by that.
fn led(body: &str, other: impl Fn(&Link) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(body.len() + body.len() / 8);
    let mut from = 0;
    for link in links(body) {
        if let Some(other) = other(&link).filter(|_| link.at.start >= from) {
            out.push_str(&body[from..link.at.start]);
            out.push_str(&if link.markup { other.replace('&', "&amp;") } else { other });
            from = link.at.end;
        }
    }
    out.push_str(&body[from..]);
    (from > 0).then_some(out)
}

/// In the order of the page.
fn links(body: &str) -> Vec<Link> {
    let mut found = hrefs(body);
    if body.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']) {
        found.extend(texts(body));
        found.sort_by_key(|link| link.at.start);
    }
    found
}

fn hrefs(body: &str) -> Vec<Link> {
    let behind = body.match_indices("href=").map(|(at, name)| at + name.len());
    let link = |at: usize| {
        let rest = &body[at..];
        // `\"` where JSON holds the markup.
        let open = rest.trim_start_matches('\\');
        let quote = open.chars().next().filter(|c| matches!(c, '"' | '\''));
        let start = body.len() - open.len() + usize::from(quote.is_some());
        let ends = |c: char| quote.map_or(c.is_whitespace() || c == '>', |quote| c == quote);
        let length = body[start..].find(ends)?;
        let end = start + body[start..start + length].trim_end_matches('\\').len();
        Some(Link { at: start..end, said: plain(&body[start..end]), markup: true })
    };
    behind.filter_map(link).collect()
}

/// Texts of JSON that are values.
fn texts(body: &str) -> Vec<Link> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = body[at..].find('"').map(|next| at + next + 1) {
        let mut escaped = false;
        let length = body[start..].find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = length.map(|length| start + length) else { break };
        at = end + 1;
        let text = &body[start..end];
        let is_key = body[at..].trim_start().starts_with(':');
        if !is_key && text.len() <= LONGEST && !text.contains(|c: char| c.is_whitespace() || c == '<') {
            found.push(Link { at: start..end, said: plain(text), markup: false });
        }
    }
    found
}

/// What is meant, of what HTML and JSON write otherwise.
fn plain(text: &str) -> String {
    text.trim().replace("&amp;", "&").replace("\\/", "/").replace("\\u0026", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_lead_elsewhere_and_nothing_else_does() {
        let page = r##"<a href="/t/1?a=1&amp;b=2">1</a><a href='?page=2'>2</a><a href=../t/3>3</a><a href="#top">top</a><a href="https://a.example/4">4</a><a href="mailto:a@b.example">5</a><a href="//a.example/6">6</a>/t/7"##;
        insta::assert_snapshot!(relative(page).unwrap(), @r##"<a href="//elsewhere.example.net/t/1?a=1&amp;b=2">1</a><a href='//elsewhere.example.net/?page=2'>2</a><a href=//elsewhere.example.net/t/3>3</a><a href="#top">top</a><a href="https://a.example/4">4</a><a href="mailto:a@b.example">5</a><a href="//a.example/6">6</a>/t/7"##);
        let json = r#"{"/key": "/api\/topics?page=2", "html": "<a href=\"\/t\/1\">x", "name": "路灯"}"#;
        insta::assert_snapshot!(relative(json).unwrap(), @r#"{"/key": "//elsewhere.example.net/api/topics?page=2", "html": "<a href=\"//elsewhere.example.net/t/1\">x", "name": "路灯"}"#);
        assert_eq!((relative("<p>plain"), relative("<a href=\"/cut")), (None, None));
    }

    #[test]
    fn what_is_followed_leads_elsewhere_however_it_is_written() {
        let base = Url::parse("http://a.example:8080/api/topics").unwrap();
        let two = BTreeSet::from([base.join("?page=2").unwrap()]);
        let json = r#"{"next": "/api/topics?page=2", "last": "/api/topics?page=9"}"#;
        insta::assert_snapshot!(followed(json, &base, &two).unwrap(), @r#"{"next": "http://elsewhere.example.net/api/topics?page=2", "last": "/api/topics?page=9"}"#);
        let html = r#"<a href="http://a.example:8080/api/topics?page=2">2</a>"#;
        insta::assert_snapshot!(followed(html, &base, &two).unwrap(), @r#"<a href="http://elsewhere.example.net/api/topics?page=2">2</a>"#);
        assert_eq!(followed("<a href=\"/other\">", &base, &two), None);
    }
}

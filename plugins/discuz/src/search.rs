//! Asking a forum for a phrase.
//!
//! The form is read first, for the one thing that an address cannot tell: in
//! which encoding the forum expects the phrase. Then the phrase is sent; the
//! forum answers with a list, or with a page that leads to one.

use caifeng_plugin_sdk::markup::select;
use caifeng_plugin_sdk::{Crawl, Page, Request, Response, Target, url};

use crate::{CRAWL, SEARCH, request as ask};

/// Two bytes for each character from U+4E00 to U+9FFF.
const GBK: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/gbk.bin"));

/// The address of a forum's search form.
pub(crate) fn form(site: &str) -> String {
    url::join(&folder(site), "search.php?mod=forum")
}

/// The site's address with a slash at its end.
fn folder(site: &str) -> String {
    let last = site.rsplit('/').next().unwrap_or_default();
    if site.ends_with('/') || last.contains('.') && site.matches('/').count() > 2 {
        site.to_owned()
    } else {
        format!("{site}/")
    }
}

/// The form, or a page that leads to the results; nothing if it is neither.
pub(crate) fn read(crawl: &Crawl, asked: &Request, response: &Response) -> Option<Page> {
    let Target::Keyword(phrase) = &crawl.target else {
        return None;
    };
    if asked.step != SEARCH {
        return None;
    }
    let leads = select(&response.body, |tag, _: Option<&()>| {
        let onward = tag.is("a") && tag.raw("href").is_some_and(|href| href.contains("searchid="));
        (onward || tag.is("input") && tag.raw("name") == Some("srchtxt")).then_some(())
    });
    let mut form = false;
    for found in leads {
        if let Some(href) = found.tag.attribute("href") {
            return Some(leading_to(url::join(&response.url, &href)));
        }
        form = true;
    }
    // A form once more is what a forum shows for a phrase that it does not take.
    let first = !asked.url.contains("srchtxt=") && !asked.url.contains("searchid=");
    (form && first).then(|| leading_to(query(phrase, response)))
}

fn leading_to(address: String) -> Page {
    Page { follow: vec![ask(SEARCH, &address, CRAWL)], ..Page::default() }
}

fn query(phrase: &str, response: &Response) -> String {
    let phrase = if is_gbk(response) { gbk(phrase) } else { phrase.trim().bytes().flat_map(escaped).collect() };
    let query = format!("search.php?mod=forum&srchtxt={phrase}&orderby=lastpost&ascdesc=desc&searchsubmit=yes");
    url::join(&response.url, &query)
}

/// Whether the forum writes GBK: the host has decoded the page, but a phrase is
/// to be sent as the forum would.
fn is_gbk(response: &Response) -> bool {
    let head = &response.body[..response.body.floor_char_boundary(4096)];
    let declared = [response.header("content-type").unwrap_or_default(), head];
    declared.iter().any(|text| {
        let text = text.to_ascii_lowercase();
        ["charset=gb", "charset=\"gb"].iter().any(|mark| text.contains(mark))
    })
}

/// The phrase in GBK, percent-encoded; what GBK lacks as browsers send it.
fn gbk(phrase: &str) -> String {
    let mut out = String::new();
    for c in phrase.trim().chars() {
        let at = u32::from(c).wrapping_sub(0x4E00) as usize * 2;
        match GBK.get(at..at.saturating_add(2)) {
            Some(&[first, second]) if first != 0 => out.push_str(&format!("%{first:02X}%{second:02X}")),
            _ if c.is_ascii() => out.extend(c.encode_utf8(&mut [0; 4]).bytes().flat_map(escaped)),
            _ => out.push_str(&format!("%26%23{}%3B", u32::from(c))),
        }
    }
    out
}

/// A byte of a query, percent-encoded unless it need not be.
fn escaped(byte: u8) -> impl Iterator<Item = char> {
    let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let hex = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase();
    let written =
        if plain { [Some(byte as char), None, None] } else { [Some('%'), Some(hex(byte >> 4)), Some(hex(byte & 15))] };
    written.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_phrases_as_the_forum_reads_them() {
        assert_eq!(gbk("清河 a&龘"), "%C7%E5%BA%D3%20a%26%FD%93");
        assert_eq!(gbk("é"), "%26%23233%3B");
        assert_eq!("路 ".trim().bytes().flat_map(escaped).collect::<String>(), "%E8%B7%AF");
    }

    #[test]
    fn finds_the_form_of_a_site() {
        assert_eq!(form("https://bbs.qinghe.example"), "https://bbs.qinghe.example/search.php?mod=forum");
        assert_eq!(form("https://qinghe.example/bbs"), "https://qinghe.example/bbs/search.php?mod=forum");
        assert_eq!(form("https://qinghe.example/bbs/index.php"), "https://qinghe.example/bbs/search.php?mod=forum");
    }
}

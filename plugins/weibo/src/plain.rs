//! The text of a post as a person reads it.
//!
//! Weibo writes emoji as pictures with a name, addresses as "网页链接" over a
//! redirect, and ends a text that it cut with a link to the rest. Texts of the
//! open platform and of desktop answers are plain, with line breaks of their own.

use caifeng_plugin_sdk::{html, url};

/// A text, and whether Weibo cut it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) text: String,
    pub(crate) cut: bool,
}

/// What the link to the rest of a text says.
const MORE: [&str; 2] = ["全文", "展开"];

/// Reads what stands in `text`, `text_raw` or `longTextContent`.
pub(crate) fn read(raw: &str) -> Plain {
    let text = if is_html(raw) { html::text(&readable(raw)) } else { lines(&html::decode(raw)) };
    let marked = raw.contains("class=\"expand\"") || raw.contains(">全文<") || raw.contains("全文： http");
    if !marked {
        return Plain { text, cut: false };
    }
    let end = text.rfind("全文： http").unwrap_or(text.len());
    let mut kept = text[..end].trim_end();
    for more in MORE {
        kept = kept.strip_suffix(more).unwrap_or(kept).trim_end();
    }
    let kept = kept.trim_end_matches(|c: char| matches!(c, '.' | '…' | '\u{200b}') || c.is_whitespace());
    Plain { text: kept.to_owned(), cut: true }
}

/// Plain text: white space at the ends of lines and more than one empty line go.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines() {
        let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{200b}');
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        out.push_str(line);
    }
    out
}

fn is_html(raw: &str) -> bool {
    let tags = ["<a", "<span", "<br", "<img", "</"];
    tags.iter().any(|tag| raw.contains(tag))
}

/// HTML whose pictures and hidden addresses have become text. One pass: every
/// tag is looked at once.
fn readable(raw: &str) -> String {
    let own_breaks = !raw.contains("<br");
    let mut out = String::with_capacity(raw.len());
    let mut link = None;
    let mut rest = raw;
    while let Some(at) = rest.find('<') {
        words(&rest[..at], link.as_deref(), own_breaks, &mut out);
        rest = &rest[at..];
        let Some(end) = rest.find('>') else { break };
        let tag = &rest[..=end];
        if tag.starts_with("<img") {
            if let Some(alt) = html::attribute(tag, "alt") {
                escape(&html::decode(alt), &mut out);
            }
        } else if tag.starts_with("<a ") {
            link = html::attribute(tag, "href").and_then(target);
        } else if tag.starts_with("</a") {
            link = None;
        } else {
            out.push_str(tag);
        }
        rest = &rest[end + 1..];
    }
    words(rest, link.as_deref(), own_breaks, &mut out);
    out
}

/// What stands between tags; "网页链接" is replaced by the address behind it.
fn words(text: &str, link: Option<&str>, own_breaks: bool, out: &mut String) {
    match link {
        Some(address) if text.trim() == "网页链接" => escape(address, out),
        _ if own_breaks && text.contains('\n') => out.push_str(&text.replace('\n', "<br>")),
        _ => out.push_str(text),
    }
}

/// The address that a redirect of Weibo leads to, or the link itself if it
/// leads out of Weibo.
fn target(href: &str) -> Option<String> {
    let href = html::decode(href);
    if href.contains("/sinaurl") {
        let address = url::parameter(&href, "u").or_else(|| url::parameter(&href, "toasturl"))?;
        return address.starts_with("http").then_some(address);
    }
    (href.starts_with("http") && !href.contains("weibo.c")).then(|| href.into_owned())
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(raw: &str) -> String {
        let plain = read(raw);
        assert!(!plain.cut, "{raw}");
        plain.text
    }

    #[test]
    fn emoji_keep_their_names() {
        let raw =
            "停水了<span class=\"url-icon\"><img alt=[怒] src=\"//h5.example/d_nu.png\" style=\"width:1em;\" /></span>";
        assert_eq!(whole(raw), "停水了[怒]");
        assert_eq!(whole("好<img src='x' alt='[赞]'/><br />再来"), "好[赞]\n再来");
        assert_eq!(
            whole("<span class='url-icon'><img style='w' src='x'></span><span class=\"surl-text\">清河超话</span>"),
            "清河超话"
        );
    }

    #[test]
    fn links_show_where_they_lead() {
        let raw = "看<a  href=\"https://weibo.cn/sinaurl?u=https%3A%2F%2Fwww.qinghe.example%2Fa%3Fb%3D1%26c%3D2\" data-hide=\"\">\
                   <span class='url-icon'><img src='i'></span><span class=\"surl-text\">网页链接</span></a>，\
                   <a href='/n/清河发布'>@清河发布</a> <a href=\"//s.example\"><span class=\"surl-text\">#停水#</span></a>";
        assert_eq!(whole(raw), "看https://www.qinghe.example/a?b=1&c=2，@清河发布 #停水#");
    }

    #[test]
    fn a_cut_text_is_known_by_its_link() {
        for raw in [
            "一段很长的话...<a href=\"/status/4383183661430868\">全文</a>",
            "一段很长的话\u{200b}\u{200b}... <span class=\"expand\">展开</span>",
            "一段很长的话...全文： http://m.weibo.cn/1/2",
        ] {
            assert_eq!(read(raw), Plain { text: "一段很长的话".to_owned(), cut: true }, "{raw}");
        }
        assert_eq!(whole("请看全文"), "请看全文");
    }

    #[test]
    fn plain_texts_keep_their_lines() {
        assert_eq!(whole("一 &lt;3 \n二\n\n\n三\u{200b}"), "一 <3\n二\n\n三");
        assert_eq!(whole("一\n二<a href='/n/x'>@x</a>"), "一\n二@x");
        assert_eq!(whole("1 < 2 & 3 > 2"), "1 < 2 & 3 > 2");
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        for unit in ["<img ", "<a href=", "<img alt=\"", "<a href='x' ", "网页链接<"] {
            let text = unit.repeat(200_000);
            assert!(read(&text).text.len() <= text.len());
        }
        assert_eq!(read("<img alt='a&lt;b'>c</").text, "a<bc");
    }
}

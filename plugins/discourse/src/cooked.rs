//! The HTML of a post ("cooked") as plain text, and the media in it.

use caifeng_plugin_sdk::{html, url};

/// The text of a post and the addresses of what it shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cooked {
    pub(crate) text: String,
    pub(crate) media: Vec<String>,
}

/// Most media that are kept of one post.
const MOST: usize = 64;

/// Reads HTML that Discourse made; `base` is what relative addresses start from.
///
/// Emoji keep their names (`:smile:`); what stands under an enlarged picture (its
/// file name and size) goes.
pub(crate) fn read(raw: &str, base: &str) -> Cooked {
    let mut out = String::with_capacity(raw.len());
    let mut media = Vec::new();
    // How deep the element lies that is left out.
    let mut hidden = 0_u32;
    let mut rest = raw;
    while let Some(at) = rest.find('<') {
        if hidden == 0 {
            out.push_str(&rest[..at]);
        }
        rest = &rest[at..];
        let Some(end) = rest.find('>') else { break };
        let tag = &rest[..=end];
        rest = &rest[end + 1..];
        if hidden > 0 {
            // Only `div` and `span` occur there.
            hidden = if tag.starts_with("</div") { hidden - 1 } else { hidden + u32::from(tag.starts_with("<div")) };
            continue;
        }
        let class = html::attribute(tag, "class").unwrap_or_default();
        if tag.starts_with("<div") && class == "meta" {
            hidden = 1;
            continue;
        }
        if let Some(address) = shown(tag, class) {
            let address = url::join(base, &html::decode(address));
            if address.starts_with("http") && media.len() < MOST && !media.contains(&address) {
                media.push(address);
            }
        }
        if tag.starts_with("<img") && class.contains("emoji") {
            out.push_str(html::attribute(tag, "alt").unwrap_or_default());
        } else {
            out.push_str(tag);
        }
    }
    if hidden == 0 {
        out.push_str(rest);
    }
    Cooked { text: html::text(&out), media }
}

/// What a tag shows: a picture that is no ornament, a film, a sound, a file. An
/// enlarged picture is known by its link, which comes first.
fn shown<'a>(tag: &'a str, class: &str) -> Option<&'a str> {
    if tag.starts_with("<a ") {
        return html::attribute(tag, "href").filter(|_| class.contains("lightbox") || class.contains("attachment"));
    }
    let carries = ["<img", "<video", "<audio", "<source"].iter().any(|name| tag.starts_with(name));
    let ornament = ["emoji", "avatar", "site-icon", "thumbnail"].iter().any(|word| class.contains(word));
    // Inside a lightbox stands a smaller copy with the name of the original.
    let copy = html::attribute(tag, "data-base62-sha1").is_some();
    html::attribute(tag, "src").filter(|_| carries && !ornament && !copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_text_goes() {
        let raw = "<p>停水了 <img src=\"/images/emoji/rage.png\" title=\":rage:\" class=\"emoji\" alt=\":rage:\"></p>\
                   <div class=\"lightbox-wrapper\"><a class=\"lightbox\" href=\"//cdn.example/original/1.jpeg\">\
                   <img src=\"//cdn.example/optimized/1_690.jpeg\" data-base62-sha1=\"x\" alt=\"水管\">\
                   <div class=\"meta\"><span class=\"filename\">IMG_1.jpeg</span><div>690×388</div></div></a></div>\
                   <p>还有<img src=\"/uploads/2.png\" alt=\"x\">：1 &lt; 2</p>";
        let cooked = read(raw, "https://forum.example/t/1.json");
        assert_eq!(cooked.text, "停水了 :rage:\n\n还有：1 < 2");
        assert_eq!(cooked.media, ["https://cdn.example/original/1.jpeg", "https://forum.example/uploads/2.png"]);
    }

    #[test]
    fn hostile_html_takes_linear_time() {
        for unit in ["<div class=\"meta\">", "<img class=", "<a href=\"x\" class=\"lightbox\">", "<"] {
            let raw = unit.repeat(100_000);
            assert!(read(&raw, "https://e.org/").media.len() <= MOST);
        }
    }
}

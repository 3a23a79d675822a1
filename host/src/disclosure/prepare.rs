//! A disclosure as a person pastes it: one form per channel.
//!
//! The program does not publish. What it prepares is, letter for letter, what was approved, without its citations: for a
//! government site a page with the tags that the inspection of such sites looks for (《政府网站发展指引》, 国办发〔2017〕47号,
//! 附件2: `ArticleTitle`, `PubDate`, `ContentSource`), for a group or an account plain text, with its length, in as many
//! parts as fit.

use quick_xml::escape::escape;
use serde::Serialize;

use super::Text;
use crate::document::{Block, Document, Plain, Run, html};
use crate::lang::Lang;
use crate::plan::answer::{Channel, Markup};
use crate::reply::citation;
use crate::reply::prepare::{self, TooLong};
use crate::text::is_han;

/// Who publishes, and when.
#[derive(Clone, Debug)]
pub struct Imprint {
    /// The organisation's name; empty when the configuration has none.
    pub organisation: String,
    /// By the organisation's clocks: `2026-07-01 09:00`.
    pub published: String,
}

/// What is pasted on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prepared {
    /// The plan's channel.
    pub channel: String,
    /// Its form.
    pub markup: Markup,
    /// Characters that a reader sees, title included.
    pub characters: usize,
    /// The most that the channel takes in one part.
    pub limit: Option<usize>,
    /// What to paste, each by itself.
    pub parts: Vec<String>,
}

/// Prepares `text` for `channel`.
///
/// # Errors
/// It does not fit there.
pub fn prepare(text: &Text, channel: &Channel, imprint: &Imprint) -> Result<Prepared, TooLong> {
    let title = Plain::of(&text.title);
    let body = shown(&text.body);
    let plain = format!("【{title}】\n{}", body.join("\n"));
    // A page has one part, however long; that it fits is asked of its text.
    let parts = prepare::prepare(&plain, channel)?;
    let parts = match channel.markup {
        Markup::Text => parts,
        Markup::Html => vec![page(&title, &body, imprint)],
    };
    let characters = title.chars() + body.iter().map(|line| line.chars().count()).sum::<usize>();
    Ok(Prepared { channel: channel.id.clone(), markup: channel.markup, characters, limit: channel.length, parts })
}

/// The text as a page is searched for it once it is published.
#[must_use]
pub fn said(text: &Text) -> String {
    format!("{}\n{}", Plain::of(&text.title), shown(&text.body).join("\n"))
}

/// The paragraphs of a text, without citations and without what acts instead of being read.
fn shown(body: &str) -> Vec<String> {
    Plain::lines(&citation::without(body)).iter().map(|line| line.as_str().trim().to_owned()).collect()
}

/// A page of a government site: what its editor pastes, or uploads as it is. Style is the site's own.
fn page(title: &Plain, body: &[String], imprint: &Imprint) -> String {
    let lang = if title.as_str().chars().any(is_han) { Lang::Zh } else { Lang::En };
    let source = Plain::of(&imprint.organisation);
    let mut document = Document::new(lang, title);
    let line = [("source", &source as &dyn std::fmt::Display), ("time", &imprint.published)];
    document.subtitle = Some(lang.with("disclosure.imprint", &line).into());
    for paragraph in body {
        document.push(Block::Paragraph(vec![Run::text(paragraph)]));
    }
    let (title, source, at) = (escape(title.as_str()), escape(source.as_str()), escape(imprint.published.as_str()));
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"ArticleTitle\" content=\"{title}\">\n<meta name=\"PubDate\" content=\"{at}\">\n\
         <meta name=\"ContentSource\" content=\"{source}\">\n</head>\n<body>\n<article>\n{}</article>\n</body>\n</html>\n",
        lang.code(),
        html::fragment(&document)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    fn channel(id: &str) -> &'static Channel {
        Plan::built_in().channel(id).unwrap()
    }

    fn imprint() -> Imprint {
        Imprint { organisation: "县城管局 \"A&B\"".into(), published: "2026-07-01 09:00".into() }
    }

    fn text() -> Text {
        Text::new("路灯修复<情况>", "桥东路路灯7月1日修好[post:12]。\n\n报修电话：0318-5320000。\u{202e}").unwrap()
    }

    #[test]
    fn a_page_has_the_tags_of_government_sites_and_nothing_that_acts() {
        let page = prepare(&text(), channel("site"), &imprint()).unwrap();
        assert_eq!((page.markup, page.limit, page.parts.len()), (Markup::Html, None, 1));
        for part in [
            r#"<meta name="ArticleTitle" content="路灯修复&lt;情况&gt;">"#,
            r#"<meta name="PubDate" content="2026-07-01 09:00">"#,
            r#"<meta name="ContentSource" content="县城管局 &quot;A&amp;B&quot;">"#,
            "<p>桥东路路灯7月1日修好。</p>\n<p>报修电话：0318-5320000。</p>",
        ] {
            assert!(page.parts[0].contains(part), "{part}: {}", page.parts[0]);
        }
        assert!(!page.parts[0].contains("post:12") && !page.parts[0].contains('\u{202e}'));
        assert!(page.parts[0].starts_with("<!doctype html>\n<html lang=\"zh-CN\">"));
    }

    #[test]
    fn a_group_gets_plain_text_with_its_length_in_parts_that_fit() {
        let group = prepare(&text(), channel("wechat-group"), &imprint()).unwrap();
        assert_eq!(group.parts, ["【路灯修复<情况>】\n桥东路路灯7月1日修好。\n报修电话：0318-5320000。"]);
        assert_eq!((group.characters, group.limit), (8 + 12 + 18, Some(500)));
        let long = Text::new("路灯", &"桥东路路灯修好了。".repeat(100)).unwrap();
        let parts = prepare(&long, channel("wechat-group"), &imprint()).unwrap().parts;
        assert!(parts.len() == 2 && parts.iter().all(|part| part.chars().count() <= 500), "{parts:?}");
        let endless = Text::new("路灯", &"桥东路路灯修好了。".repeat(1000)).unwrap();
        assert!(prepare(&endless, channel("wechat-group"), &imprint()).is_err());
        assert_eq!(prepare(&endless, channel("site"), &imprint()).unwrap().parts.len(), 1);
    }

    #[test]
    fn what_was_pasted_is_found_on_the_page_again() {
        let page = prepare(&text(), channel("site"), &imprint()).unwrap().parts.remove(0);
        assert!(prepare::is_shown(&page, &said(&text())));
        assert!(!prepare::is_shown(&page.replace("7月1日", "7月2日"), &said(&text())));
    }
}

//! What is wrong with real feeds, and what is hostile, must cost nothing but
//! what is really lost.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use caifeng_feed::{Context, read};
use caifeng_plugin_sdk::{Failure, Page};

const URL: &str = "http://site.example/feed.xml";
const CONTEXT: Context<'_> = Context { base: URL, target: URL, since: 0, now: 1_773_028_800, utc_offset: 0 };

fn page(body: &str) -> Page {
    read(body, &CONTEXT).unwrap()
}

/// A feed of one item with these elements.
fn item(elements: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>F</title><item>{elements}</item></channel></rss>")
}

fn title(body: &str) -> String {
    page(body).posts[0].title.clone().unwrap_or_default()
}

#[test]
fn titles() {
    for (source, expected) in [
        ("<title>A & B &lt; C</title>", "A & B < C"),
        ("<title>caf&eacute; &middot;</title>", "café ·"),
        ("<title>Q&amp;amp;A &amp;#8217;</title>", "Q&A ’"),
        ("<title><![CDATA[<b>粗</b> &amp; 体]]></title>", "粗 & 体"),
        ("<TITLE>大写</TITLE>", "大写"),
        ("<title>a\u{b}b\n  c</title>", "a b c"),
        ("<title>1 < 2</title>", "1 < 2"),
        ("<title>一</title><title>二</title><dc:title>三</dc:title>", "一"),
        ("<media:group><media:title>媒体</media:title></media:group><title>本</title>", "本"),
        ("<image><title>图</title><link>http://i.example/</link></image><title>本</title>", "本"),
        ("<title>未闭合<link>http://a.example/</link>", "未闭合"),
        ("<title type=\"html\">&lt;i&gt;斜&lt;/i&gt;</title>", "斜"),
        ("<title>&unknown; x</title>", "&unknown; x"),
        ("<!-- <title>注释</title> --><title>本</title>", "本"),
    ] {
        assert_eq!(title(&item(source)), expected, "{source}");
    }
}

#[test]
fn links() {
    for (source, expected) in [
        ("<link>\n http://a.example/1 \n</link>", "http://a.example/1"),
        ("<link>http://a.example/?a=1&b=2&copy=3</link>", "http://a.example/?a=1&b=2&copy=3"),
        ("<link><![CDATA[http://a.example/?a=1&amp;b=2]]></link>", "http://a.example/?a=1&b=2"),
        ("<link>/1</link>", "http://site.example/1"),
        ("<link xml:base=\"http://b.example/x/\">1</link>", "http://b.example/x/1"),
        ("<guid>http://a.example/g</guid>", "http://a.example/g"),
        ("<guid>http://a.example/g</guid><link>http://a.example/l</link>", "http://a.example/l"),
        ("<guid isPermaLink=\"false\">g</guid>", URL),
        ("<link rel=\"self\" href=\"/s\"/><link rel=\"alternate\" href=\"/a\"/>", "http://site.example/a"),
        ("<link href=\"/rss\" type=\"application/rss+xml\"/><link href=\"/a\"/>", "http://site.example/a"),
        ("<link/><guid>http://a.example/g</guid>", "http://a.example/g"),
        ("<link>http:////a.example//1</link>", "http://a.example//1"),
    ] {
        let source = format!("<title>t</title>{source}");
        assert_eq!(page(&item(&source)).posts[0].url, expected, "{source}");
    }
}

#[test]
fn what_surrounds_a_feed_does_not_matter() {
    let feed = item("<title>t</title>");
    for body in [
        format!("\u{feff}\n\n  <?xml version=\"1.0\"?>{feed}"),
        format!("<br />\n<b>Warning</b>: mysql in <b>a.php</b>\n{feed}"),
        format!("{feed}\n<!-- 0.1 s --><script>x()</script>"),
        format!("<?xml version=\"1.0\" encoding=\"gb2312\"?><?xml-stylesheet href=\"a\"?>{feed}"),
    ] {
        assert_eq!(title(&body), "t", "{body}");
        assert_eq!(page(&body).skipped, [""; 0], "{body}");
    }
}

#[test]
fn a_feed_that_is_cut_off_keeps_what_came() {
    let page = page(
        "<rss><channel><item><title>一</title><link>/1</link></item><item><title>二</title><link>/2</link><description>未完",
    );
    assert_eq!(page.posts.len(), 1, "what identifies the second may be missing, such as its guid");
    assert_eq!(page.skipped, ["document is cut off, entries read: 1"]);
}

#[test]
fn nothing_is_dropped_silently() {
    let page = page(&item("<foo/></item><item><title>t</title>"));
    assert_eq!(page.posts.len(), 1);
    assert_eq!(page.skipped, ["entry without id, title, link and text: number 1"]);
}

#[test]
fn ids_are_distinct_and_do_not_depend_on_the_order() {
    let one = "<item><guid isPermaLink=\"false\">g</guid><title>一</title><link>/1</link></item>";
    let two = "<item><guid isPermaLink=\"false\">g</guid><title>二</title><link>/2</link></item>";
    let ids = |items: [&str; 2]| {
        let page = page(&format!("<rss><channel>{}{}</channel></rss>", items[0], items[1]));
        page.posts.into_iter().map(|post| post.id).collect::<Vec<_>>()
    };
    let [forth, mut back] = [ids([one, two]), ids([two, one])];
    back.reverse();
    assert_eq!(forth, back);
    assert_ne!(forth[0], forth[1]);
    assert!(forth[0].starts_with("/feed.xml#g~"), "{forth:?}");
    let bare = page(&item("<description>只有正文</description>"));
    assert_eq!(bare.posts[0].id.len(), "/feed.xml#".len() + 16);
}

#[test]
fn what_is_no_feed_says_what_it_is() {
    let fail = |body: &str| read(body, &CONTEXT).unwrap_err();
    assert!(matches!(fail("<html><body>请先登录</body></html>"), Failure::Blocked(_)));
    assert!(matches!(fail("<!DOCTYPE html><html><title>验证码</title>"), Failure::Blocked(_)));
    for body in ["", "<html><title>首页</title></html>", "plain", "{\"a\":1}", "{\"a\":", "<catalog/>"] {
        assert!(matches!(fail(body), Failure::Unexpected(_)), "{body}");
    }
}

#[test]
fn a_feed_without_entries_is_a_page_without_posts() {
    assert_eq!(page("<rss><channel><title>空</title></channel></rss>"), Page::default());
    assert_eq!(page("<feed xmlns=\"http://www.w3.org/2005/Atom\"/>"), Page::default());
    assert_eq!(page("{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[]}"), Page::default());
}

#[test]
fn simple_entities_are_expanded_and_bombs_are_not() {
    let simple = format!("<!DOCTYPE rss [<!ENTITY who \"县政府\">]>{}", item("<title>&who;公告</title>"));
    assert_eq!(title(&simple), "县政府公告");
    let mut bomb = String::from("<!DOCTYPE rss [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaa\">");
    for (n, m) in [('b', 'a'), ('c', 'b'), ('d', 'c'), ('e', 'd')] {
        bomb.push_str(&format!("<!ENTITY {n} \"{}\">", format!("&{m};").repeat(20)));
    }
    bomb.push_str("]>");
    bomb.push_str(&item("<title>&e;</title>"));
    assert_eq!(title(&bomb), "&e;");
    // Many references to one long entity: the sum is bounded by the document.
    let long = format!("<!DOCTYPE rss [<!ENTITY a \"{}\">]>", "x".repeat(1000));
    let body = long + &item(&format!("<description>{}</description>", "&a;".repeat(100_000)));
    assert!(page(&body).posts[0].text.len() < 3 * body.len());
}

/// Each of these would take minutes if anything were quadratic, and overflow
/// the stack if anything were recursive.
#[test]
fn hostile_shapes_take_linear_time() {
    let n = 100_000;
    for body in [
        item(&"<a>".repeat(n)),
        item(&format!("<description>{}</description>", "<div>".repeat(n))),
        item(&format!("<author>{}", "<x>".repeat(n))),
        item(&format!("<description>{}", "<description>".repeat(n))),
        item(&"<!--".repeat(n)),
        item(&"<![CDATA[".repeat(n)),
        item(&"<?x ".repeat(n)),
        item(&"<a b=\"".repeat(n)),
        item(&"<!DOCTYPE [".repeat(n)),
        item(&format!("<title>{}</title>", "&".repeat(n))),
        item(&format!("<title>{}</title>", "&lt;a href='".repeat(n))),
        format!("<rss{}>{}", " xmlns:a=\"b\"".repeat(n), item("")),
        "</x>".repeat(n),
        format!("<rss>{}", "<item>".repeat(n)),
        format!("<rss>{}", "<item><guid>g</guid></item>".repeat(n)),
        format!("{{\"items\":{}", "[".repeat(n)),
        format!("<feed>{}", "<entry xml:base='a/'>".repeat(n)),
    ] {
        let _ = read(&body, &CONTEXT);
    }
}

/// Damage: bytes taken out, put in, swapped and cut, of every fixture; the
/// reader answers and never panics.
#[test]
fn damaged_feeds_never_trap() {
    let fixtures = [
        include_str!("../fixtures/bureau/body.xml"),
        include_str!("../fixtures/weibo/body.xml"),
        include_str!("../fixtures/rdf/body.xml"),
        include_str!("../fixtures/comments/body.xml"),
        include_str!("../fixtures/letters/body.json"),
        include_str!("../fixtures/channel/body.xml"),
    ];
    let pieces = [
        "<",
        ">",
        "&",
        "\"",
        "'",
        "]]>",
        "<![CDATA[",
        "</item>",
        "<item>",
        "=",
        "/",
        "é",
        "\0",
        "<title>",
        "</title>",
        ":",
        "&#x;",
        "<!--",
        "{",
        "[",
    ];
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    for round in 0..3_000 {
        let mut chars: Vec<char> = fixtures[round % fixtures.len()].chars().collect();
        for _ in 0..=random(6) {
            let at = random(chars.len());
            match random(4) {
                0 => chars.truncate(at),
                1 => drop(chars.drain(at..(at + random(40)).min(chars.len()))),
                2 => {
                    let piece = pieces[random(pieces.len())];
                    chars.splice(at..at, piece.chars());
                }
                _ => {
                    let other = random(chars.len());
                    if !chars.is_empty() {
                        chars.swap(at, other);
                    }
                }
            }
        }
        let body: String = chars.into_iter().collect();
        if let Ok(page) = read(&body, &CONTEXT) {
            assert!(page.posts.iter().all(|post| post.id.starts_with("/feed.xml#")), "{body}");
        }
    }
}

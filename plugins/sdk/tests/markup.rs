//! What holds of `markup` for any page whatever.

use caifeng_plugin_sdk::markup::{Event, Found, Token, Tokens, Walk, select};
use proptest::prelude::*;

/// Pieces that make pages go wrong, and whatever else.
fn pages() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "<p>", "</p>", "<div class=\"a b\">", "</div>", "<li>", "<ul>", "</ul>", "<table>", "<tr>", "<td>", "</td>",
            "</table>", "<a href='x'>", "</a>", "<br/>", "<svg><path/>", "<script>", "</script>", "<title>", "</title>",
            "<!--", "-->", "--!>", "<!", "<?", "</", "<", ">", "\"", "'", "=", "/", " ", "<a b=", "<td x='", "中",
            "&amp;", "&#20013;", "&", "<SELECT>", "<option>", "</body>", "<h2>", "</h3>", "<dl>", "<dt>", "<dd>",
            "<tbody>", "<head>", "<textarea>", "\u{0}", "<é>", "<a é='中'>",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_follow_each_other_and_lie_in_the_page(page in pages()) {
        let mut tokens = Tokens::new(&page);
        let mut at = 0;
        while let Some(token) = tokens.next() {
            let range = tokens.range();
            prop_assert!(range.start >= at && range.end > range.start);
            at = range.end;
            let source = page.get(range).expect("a range lies between characters");
            match token {
                Token::Text(text) | Token::Raw(text) => prop_assert_eq!(text, source),
                Token::Start(tag) => {
                    prop_assert!(source.starts_with('<') && source.ends_with('>') && source[1..].starts_with(tag.name()));
                    for (name, value) in tag.attributes() {
                        prop_assert!(source.contains(name) && source.contains(value));
                    }
                }
                Token::End(name) => prop_assert!(source[2..].starts_with(name)),
                Token::Comment(text) => prop_assert!(source.contains(text)),
            }
        }
    }

    #[test]
    fn what_opens_closes_once(page in pages()) {
        let mut walk = Walk::new(&page);
        let mut depth = 0_usize;
        while let Some(event) = walk.next() {
            match event {
                Event::Open(_) => depth += 1,
                Event::Close => depth = depth.checked_sub(1).expect("something was open"),
                _ => {}
            }
            prop_assert_eq!(depth, walk.depth());
            prop_assert!(page.get(walk.range()).is_some());
        }
        prop_assert_eq!(depth, 0);
    }

    #[test]
    fn every_element_is_found_with_what_lies_in_it(page in pages()) {
        let found: Vec<Found<'_, ()>> = select(&page, |_, _| Some(())).collect();
        let opened = Walk::new(&page).filter(|event| matches!(event, Event::Open(_))).count();
        prop_assert_eq!(found.len(), opened);
        for (n, element) in found.iter().enumerate() {
            let end = element.inner.as_ptr() as usize + element.inner.len() - page.as_ptr() as usize;
            prop_assert!(element.start < end && end <= page.len());
            // Of two elements one holds the other, or they lie apart.
            for other in &found[..n] {
                let other_end = other.inner.as_ptr() as usize + other.inner.len() - page.as_ptr() as usize;
                prop_assert!(other_end <= element.start || other.start > element.start && other_end <= end);
            }
            let _ = element.text();
        }
    }
}

#[test]
fn no_page_takes_more_than_linear_time() {
    // With a search that starts again and again each of these would take minutes.
    for unit in [
        "<a b='",
        "<a b=\"c",
        "<!--",
        "<!-",
        "</",
        "<",
        "<script>",
        "<title",
        "<p>",
        "<div>",
        "<p><div>",
        "</p>",
        "</div>",
        "<i></b>",
        "<li>",
        "<table><tr>",
        "<td><div>",
        "<a>",
        "<x>",
        "<a =",
        "<a/",
        "<!---->",
        "<p></i>",
    ] {
        let page = unit.repeat(600_000 / unit.len());
        let found = select(&page, |tag, inside| (tag.has_class("x") || inside.is_none()).then_some(())).count();
        assert!(found <= page.len());
    }
}

//! What people and pages may write to be a nuisance: each ends, with an answer or an error, in memory that its own length
//! bounds.

use proptest::prelude::*;

use super::*;

fn compile(config: TopicConfig) -> Result<Topics, TopicError> {
    Topics::compile(&[config], &Names::default())
}

fn any(terms: impl IntoIterator<Item = String>) -> TopicConfig {
    TopicConfig { name: "t".to_owned(), any: terms.into_iter().collect(), ..TopicConfig::default() }
}

fn query(query: &str) -> TopicConfig {
    TopicConfig { name: "t".to_owned(), query: query.to_owned(), ..TopicConfig::default() }
}

#[test]
fn texts_without_words_or_with_millions_are_only_texts() {
    let topics = compile(any(["停水", "etc"].map(str::to_owned))).unwrap();
    let distinct: String = (0..1_000_000).map(|n| format!("词{n} ")).collect();
    let texts = ["", "\u{200b}\u{feff}", "😀👨‍👩‍👧‍👦🇨🇳", "مرحبا Привет สวัสดี नमस्ते", "\u{301}\u{336}", distinct.as_str()];
    for text in texts {
        assert_eq!(topics.matches(Some(text), text), [], "{}", text.chars().take(20).collect::<String>());
    }
    let one = "停水".repeat(200_000);
    let hits = topics.matches(Some(&one), &one).remove(0).hits;
    assert_eq!(hits.len(), 2 * MOST_HITS, "a megabyte of one word, twice");
}

#[test]
fn a_symbol_is_no_term_and_a_mixed_one_is() {
    assert!(compile(any(["😀".to_owned()])).is_err());
    assert_eq!(compile(any(["😀停水".to_owned()])).unwrap().matches(None, "又😀停水").len(), 1);
    assert_eq!(compile(any(["5G基站abc".to_owned()])).unwrap().matches(None, "５Ｇ基站ABC!").len(), 1);
}

#[test]
fn more_terms_than_anybody_means_are_refused() {
    let terms = |count: usize| any((0..count).map(|n| format!("词{n}")));
    assert!(compile(terms(10_000)).unwrap().matches(None, "词9999").len() == 1);
    let error = compile(terms(200_001)).unwrap_err().to_string();
    assert!(error.contains("200001 words, of at most 200000"), "{error}");
}

#[test]
fn more_expressions_than_every_post_can_be_held_against_are_refused() {
    let patterns = |count: usize| any((0..count).map(|n| format!("/停{n}水/")));
    assert!(compile(patterns(100)).is_ok());
    assert_eq!(compile(patterns(101)).unwrap_err(), TopicError::Patterns(101));
    assert!(compile(any((0..101).map(|_| "/停.水/".to_owned()))).is_ok(), "one expression, however often");
}

#[test]
fn catastrophic_expressions_are_linear_or_refused() {
    let text = "a".repeat(200_000);
    for pattern in ["/(a+)+$/", "/(a|aa)+$/", "/(.*)*b/", "/(a|a)*b|a/", "/\\b|停水/", "/(?m)$|停水/"] {
        // What can be found in the empty text is refused, the others are found or not.
        let found = compile(query(pattern)).map_or(0, |topics| topics.matches(None, &text).len());
        assert_eq!(found, usize::from(pattern.starts_with("/(a")), "{pattern}");
    }
    for huge in ["/((a{99}){99}){99}/", "/\\p{L}{5000}/", "/(?:(?:(?:a{50}){50}){50}){50}/"] {
        let error = compile(query(huge)).unwrap_err().to_string();
        assert!(error.contains("not a regular expression"), "{huge}: {error}");
    }
}

#[test]
fn an_expression_that_is_found_nowhere_in_particular_is_not_found_for_ever() {
    // Each word has two edges, and none of them is a hit.
    let topics = compile(query("/停水|\\b/")).unwrap();
    assert_eq!(topics.matches(None, &"a ".repeat(500_000)), []);
    // An edge more than are looked at stands before it.
    assert_eq!(topics.matches(None, &format!("{}停水", "a ".repeat(10_000))), []);
    assert_eq!(topics.matches(None, "a 停水").len(), 1);
}

#[test]
fn what_is_nested_a_thousand_deep_is_refused_at_its_character() {
    for deep in ["(", "-", "-(", "（"] {
        let error = compile(query(&format!("停水 {}", deep.repeat(1_000)))).unwrap_err();
        let TopicError::Query { at, fault: Fault::Deep(most), .. } = error else { panic!("{error}") };
        assert!(at.column > most && at.column < 2 * most + 9, "{deep}: {}", at.column);
    }
}

proptest! {
    #[test]
    fn any_query_over_any_text_ends(typed in "(?s)[停水a()|\\-!\"/.*+?\\[\\]{}@\\\\ \\n]{0,40}", text in "(?s).{0,60}") {
        if let Ok(topics) = compile(query(&typed)) {
            for hit in topics.matches(Some(&text), &text).iter().flat_map(|found| &found.hits) {
                prop_assert!(text.get(hit.range.clone()).is_some_and(|said| !said.is_empty()));
            }
        }
    }
}

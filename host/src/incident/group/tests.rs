use super::*;
use proptest::prelude::*;

fn candidate(incident: IncidentId) -> Candidate {
    Candidate::new(incident, format!("http://a.example/{incident}"), 0)
}

fn near(incident: IncidentId, similarity: f32) -> Candidate {
    Candidate { similarity: Some(similarity), ..candidate(incident) }
}

fn linked(incident: IncidentId, link: &str) -> Candidate {
    Candidate { link: Some(link.to_owned()), ..candidate(incident) }
}

fn quoted(incident: IncidentId, quotation: f32) -> Candidate {
    Candidate { quotation: Some(quotation), ..candidate(incident) }
}

fn parent(incident: IncidentId) -> Candidate {
    Candidate { parent: true, ..candidate(incident) }
}

fn chosen(candidates: &[Candidate]) -> Option<IncidentId> {
    choose(0, candidates).map(|(incident, _)| incident)
}

#[test]
fn parent_before_link_before_text() {
    assert_eq!(chosen(&[near(1, 1.0), linked(2, "a/1"), parent(3)]), Some(3));
    assert_eq!(chosen(&[near(1, 1.0), linked(2, "a/1")]), Some(2));
    assert_eq!(chosen(&[near(1, 0.8), near(2, 0.9)]), Some(2));
    assert_eq!(chosen(&[]), None);
}

fn worded(incident: IncidentId, likeness: f32) -> Candidate {
    let words = vec!["搅拌站".to_owned()];
    Candidate { words: Some(Likeness { whole: likeness, deed: likeness, told: FEW, words }), ..candidate(incident) }
}

#[test]
fn other_words_about_one_matter_join_it_when_nothing_else_does() {
    assert_eq!(chosen(&[worded(1, 0.4), worded(2, 0.5)]), Some(2));
    assert_eq!(chosen(&[worded(1, 0.4), worded(2, 0.4)]), Some(1));
    assert_eq!(chosen(&[worded(1, LEAST_LIKENESS - 0.01)]), None);
    assert_eq!(chosen(&[worded(1, 0.9), near(2, 0.8)]), Some(2));
    assert_eq!(choose(WORDS_WINDOW + 1, &[worded(1, 0.9)]), None);
    let mut named = worded(1, 0.9);
    named.words.as_mut().unwrap().deed = LEAST_DEED - 0.01;
    assert_eq!(chosen(&[named]), None, "they only speak of one place");
    let mut short = worded(1, 0.5);
    short.words.as_mut().unwrap().told = FEW - 1;
    assert_eq!(chosen(std::slice::from_ref(&short)), None, "one word of three is soon shared");
    short.words.as_mut().unwrap().whole = LEAST_LIKENESS_OF_FEW;
    assert_eq!(chosen(&[short]), Some(1));
    let why = Why::Words { words: vec!["搅拌站".to_owned()], likeness: 0.5 };
    assert_eq!(choose(0, &[worded(1, 0.5)]), Some((1, why)));
}

#[test]
fn a_quotation_comes_after_a_copy_and_before_words() {
    assert_eq!(chosen(&[quoted(1, 1.0), near(2, 0.8)]), Some(2));
    assert_eq!(chosen(&[quoted(2, 0.8), worded(1, 0.9)]), Some(2));
    assert_eq!(chosen(&[quoted(1, 0.8), quoted(2, 0.9)]), Some(2));
    assert_eq!(chosen(&[quoted(1, 0.74)]), None);
    let to = "http://a.example/1".to_owned();
    assert_eq!(choose(0, &[quoted(1, 0.8)]), Some((1, Why::Quote { similarity: 0.8, to })));
}

#[test]
fn what_holds_to_a_post_that_was_moved_follows_it() {
    let moved = Candidate { moved_out_of: vec![1], ..near(2, 0.8) };
    assert_eq!(chosen(&[near(1, 1.0), moved.clone()]), Some(2), "though it is more like one that stayed");
    assert_eq!(chosen(&[linked(1, "a/1"), worded(1, 0.9), parent(1), moved.clone()]), Some(2));
    let far = Candidate { similarity: Some(0.5), ..moved.clone() };
    assert_eq!(chosen(&[near(1, 1.0), far]), Some(1), "one that says something else decides nothing");
    let parent = Candidate { parent: true, similarity: None, ..moved.clone() };
    assert_eq!(chosen(&[near(1, 1.0), parent]), Some(2));
    let quoted = Candidate { quotation: Some(0.9), similarity: None, ..moved.clone() };
    assert_eq!(chosen(&[near(1, 1.0), quoted]), Some(2));
    assert_eq!(
        choose(WINDOW + 1, &[worded(1, 0.9), moved]),
        Some((1, Why::Words { words: vec!["搅拌站".to_owned()], likeness: 0.9 }))
    );
}

#[test]
fn it_says_why() {
    let to = "http://a.example/1".to_owned();
    assert_eq!(choose(0, &[parent(1)]), Some((1, Why::Parent { to: to.clone() })));
    assert_eq!(choose(0, &[linked(1, "b/1")]), Some((1, Why::Link { url: "b/1".to_owned() })));
    assert_eq!(choose(0, &[near(1, 0.75)]), Some((1, Why::Near { similarity: 0.75, to })));
}

#[test]
fn at_a_tie_the_older_incident_wins() {
    assert_eq!(chosen(&[near(5, 0.8), near(4, 0.8)]), Some(4));
    assert_eq!(chosen(&[parent(5), parent(4)]), Some(4));
    assert_eq!(chosen(&[linked(5, "a/1"), linked(4, "a/2")]), Some(4));
}

#[test]
fn an_address_of_two_incidents_joins_neither() {
    assert_eq!(chosen(&[linked(1, "a/1"), linked(2, "a/1")]), None);
    assert_eq!(chosen(&[linked(1, "a/1"), linked(2, "a/1"), linked(2, "a/2")]), Some(2), "but another one may");
    assert_eq!(chosen(&[linked(1, "a/1"), linked(1, "a/1")]), Some(1));
}

#[test]
fn too_little_alike_or_too_long_ago_opens_another_incident() {
    assert_eq!(chosen(&[near(1, 0.74)]), None);
    assert_eq!(chosen(&[near(1, f32::NAN)]), None);
    for (candidate, joins) in [(near(1, 1.0), false), (linked(1, "a/1"), false), (parent(1), true)] {
        assert_eq!(choose(WINDOW + 1, std::slice::from_ref(&candidate)).is_some(), joins);
        assert_eq!(choose(-WINDOW - 1, std::slice::from_ref(&candidate)).is_some(), joins, "an older post heard later");
        assert!(choose(WINDOW, std::slice::from_ref(&candidate)).is_some());
    }
    assert_eq!(choose(i64::MIN, &[Candidate { at: i64::MAX, ..near(1, 1.0) }]), None);
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let link = prop::option::of("[ab]/[12]");
    let words = (0.2f32..1.0, 0.0f32..0.5, prop::collection::vec("[ab]", 0..2));
    let words = prop::option::of(words.prop_map(|(whole, deed, words)| Likeness { whole, deed, told: FEW, words }));
    let moved = prop::collection::vec(1i64..5, 0..2);
    let at = -2 * WINDOW..2 * WINDOW;
    let texts = (prop::option::of(0.5f32..1.0), prop::option::of(0.5f32..1.0));
    (1i64..5, texts, link, words, prop::bool::weighted(0.2), moved, "[a-c]", at).prop_map(
        |(incident, (similarity, quotation), link, words, parent, moved_out_of, url, at)| Candidate {
            incident,
            similarity,
            quotation,
            link,
            words,
            parent,
            moved_out_of,
            url,
            at,
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_candidates_does_not_matter(mut candidates in prop::collection::vec(any_candidate(), 0..8), turn in 0usize..8) {
        let before = choose(0, &candidates);
        candidates.reverse();
        prop_assert_eq!(&choose(0, &candidates), &before);
        let middle = turn.min(candidates.len());
        candidates.rotate_left(middle);
        prop_assert_eq!(&choose(0, &candidates), &before);
    }

    #[test]
    fn it_joins_only_what_it_was_offered(candidates in prop::collection::vec(any_candidate(), 0..8)) {
        if let Some((incident, why)) = choose(0, &candidates) {
            let offered = candidates.iter().any(|c| c.incident == incident && match &why {
                Why::Submitted => false,
                Why::Parent { to } => c.parent && c.url == *to,
                Why::Link { url } => c.link.as_ref() == Some(url),
                Why::Words { words, likeness } => c.words.as_ref().is_some_and(|w| w.whole == *likeness && w.words == *words && w.deed >= LEAST_DEED) && *likeness >= LEAST_LIKENESS,
                Why::Quote { similarity, to } => c.quotation == Some(*similarity) && c.url == *to && *similarity >= LEAST_SIMILARITY,
                Why::Near { similarity, to } => c.similarity == Some(*similarity) && c.url == *to && *similarity >= LEAST_SIMILARITY,
            });
            prop_assert!(offered, "{:?}", why);
            let refused = candidates.iter().any(|c| c.is_followed(0) && c.moved_out_of.contains(&incident));
            prop_assert!(!refused, "a person has moved what it follows out of it");
        }
    }
}

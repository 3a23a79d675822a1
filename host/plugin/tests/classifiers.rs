//! What an ill-behaved classifier gets: an error instead of an opinion.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guests;

use caifeng_plugin_host::classifier::Classifier;
use caifeng_plugin_host::contract::{Failure, Label};
use caifeng_plugin_host::engine::{CallError, LoadError, Trap};
use guests::{CLASSIFIER, ENGINE, SOURCE, post};

fn classify(how: &str) -> Result<Vec<Vec<Label>>, CallError> {
    let classifier = Classifier::load(&ENGINE, &CLASSIFIER).unwrap();
    let settings = classifier.manifest().settings(&vec![("how".to_owned(), how.to_owned())]).unwrap();
    classifier.classify(&settings, &[post("停水 三天"), post("没人管")]).outcome
}

#[test]
fn an_honest_answer_arrives() {
    let lists = classify("").unwrap();
    assert_eq!(lists.len(), 2);
    assert_eq!(lists[0], [Label { name: "problem".to_owned(), score: 0.5, evidence: vec!["停水".to_owned()] }]);
    assert_eq!(classify("title").unwrap()[1][0].evidence, ["标题"]);
}

#[test]
fn a_broken_promise_is_no_opinion() {
    for how in ["short", "long", "undeclared", "score-high", "score-low", "score-nan", "invented", "empty-evidence"] {
        let outcome = classify(how);
        assert!(matches!(outcome, Err(CallError::Trap(Trap::Contract(_)))), "{how}: {outcome:?}");
        assert!(classify("").is_ok(), "after {how}");
    }
}

#[test]
fn the_error_names_what_was_broken() {
    let Err(error) = classify("invented") else { panic!("taken") };
    insta::assert_snapshot!(error, @r#"breaks the contract: label problem with evidence that the post does not hold: "从未说过""#);
}

#[test]
fn traps_and_failures_are_told_apart() {
    assert!(matches!(classify("panic"), Err(CallError::Trap(Trap::Other(message))) if message.contains("no opinion")));
    assert!(matches!(classify("loop"), Err(CallError::Trap(Trap::Timeout(_)))));
    assert_eq!(classify("unexpected"), Err(CallError::Failure(Failure::Unexpected("no words".to_owned()))));
}

#[test]
fn a_source_is_no_classifier() {
    assert!(matches!(Classifier::load(&ENGINE, &SOURCE), Err(LoadError::Kind { .. })));
}

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

fn verdict(label: &str, said: Option<(&str, f32)>) -> Verdict {
    let said = said.map(|(name, score)| (name.to_owned(), score));
    Verdict { label: label.to_owned(), alt: None, said, source: None }
}

fn tally(verdicts: &[Verdict]) -> Report {
    let mut tally = Tally::default();
    for verdict in verdicts {
        tally.add(verdict).unwrap();
    }
    tally.report()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

#[test]
fn figures_are_those_worked_out_by_hand() {
    let report = tally(&[
        verdict("problem", Some(("problem", 0.9))),
        verdict("problem", Some(("problem", 0.7))),
        verdict("problem", Some(("sensitive", 0.6))),
        verdict("sensitive", Some(("problem", 0.8))),
        verdict("none", None),
    ]);
    assert_eq!(report.texts, 5);
    assert!(near(report.strict.accuracy, 0.6));
    let problem = &report.strict.classes["problem"];
    assert!(near(problem.precision, 2.0 / 3.0) && near(problem.recall, 2.0 / 3.0) && near(problem.f1, 2.0 / 3.0));
    let sensitive = &report.strict.classes["sensitive"];
    assert!(near(sensitive.precision, 0.0) && near(sensitive.f1, 0.0));
    assert_eq!(sensitive.said["problem"], 1);
    assert!(near(report.strict.macro_f1, (2.0 / 3.0 + 0.0 + 1.0) / 3.0));
}

#[test]
fn an_alternative_counts_where_it_was_said_and_only_leniently() {
    let mut defended = verdict("sensitive", Some(("problem", 0.5)));
    defended.alt = Some("problem".to_owned());
    let mut not_said = verdict("problem", Some(("problem", 0.5)));
    not_said.alt = Some("sensitive".to_owned());
    let report = tally(&[defended, not_said]);
    assert!(near(report.strict.accuracy, 0.5));
    assert!(near(report.lenient.accuracy, 1.0));
}

#[test]
fn a_class_that_is_never_true_is_no_part_of_the_mean() {
    let report = tally(&[verdict("problem", Some(("rumour", 0.9))), verdict("none", None)]);
    assert_eq!(report.strict.classes["rumour"].texts, 0);
    assert!(near(report.strict.macro_f1, 0.5), "{}", report.strict.macro_f1);
}

#[test]
fn calibration_compares_scores_with_what_is_right_and_passes_over_silence() {
    let report = tally(&[
        verdict("problem", Some(("problem", 0.85))),
        verdict("problem", Some(("none", 0.85))),
        verdict("problem", None),
        verdict("problem", Some(("problem", 1.0))),
    ]);
    assert_eq!(report.calibration.labels(), 3);
    let bins: Vec<Bin> = report.calibration.bins().collect();
    assert_eq!(bins.len(), 2);
    assert!(near(bins[0].right, 0.5) && near(bins[0].from, 0.8));
    assert!(near(report.calibration.error(), 0.7 / 3.0), "{}", report.calibration.error());
}

#[test]
fn sources_are_told_apart_and_bounded() {
    let mut counting = Tally::default();
    for nth in 0..200 {
        let mut one = verdict("problem", (nth % 2 == 0).then_some(("problem", 0.9)));
        one.source = Some(format!("site {nth}"));
        counting.add(&one).unwrap();
    }
    let report = counting.report();
    assert_eq!(report.by_source.len(), MOST_SOURCES + 1);
    assert_eq!(report.by_source[OTHERS].texts, 200 - MOST_SOURCES as u64);
    assert!(near(report.by_source["site 0"].accuracy, 1.0) && near(report.by_source["site 1"].accuracy, 0.0));
}

#[test]
fn one_source_is_not_shown_apart() {
    let mut one = verdict("problem", None);
    one.source = Some("letters".to_owned());
    assert!(tally(&[one]).by_source.is_empty());
}

#[test]
fn a_file_with_a_label_for_every_text_is_refused() {
    let mut counting = Tally::default();
    let outcome = (0..=MOST_CLASSES).try_for_each(|nth| counting.add(&verdict(&nth.to_string(), None)));
    assert_eq!(outcome, Err(TooManyClasses));
}

proptest! {
    #[test]
    fn figures_are_parts_and_the_lenient_are_never_lower(
        verdicts in proptest::collection::vec((0..4_usize, 0..4_usize, 0..5_usize, 0.0_f32..=1.0), 0..60),
    ) {
        let names = ["problem", "sensitive", "rumour", NONE];
        let verdicts: Vec<Verdict> = verdicts
            .into_iter()
            .map(|(label, alt, said, score)| Verdict {
                alt: Some(names[alt].to_owned()),
                ..verdict(names[label], names[..3].get(said).map(|name| (*name, score)))
            })
            .collect();
        let report = tally(&verdicts);
        prop_assert_eq!(report.texts, verdicts.len() as u64);
        prop_assert!(report.lenient.accuracy >= report.strict.accuracy);
        for figures in [&report.strict, &report.lenient] {
            for class in figures.classes.values() {
                prop_assert!([class.precision, class.recall, class.f1].iter().all(|part| (0.0..=1.0).contains(part)));
                prop_assert_eq!(class.said.values().sum::<u64>(), class.texts);
            }
        }
        prop_assert!((0.0..=1.0).contains(&report.calibration.error()));
    }
}

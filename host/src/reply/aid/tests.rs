use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// Drafts written for this test, each with what a careful reader would point at.
const SET: &str = include_str!("set.jsonl");

#[derive(Deserialize)]
struct Draft {
    lang: String,
    category: Option<Category>,
    form: Form,
    established: bool,
    text: String,
    expect: BTreeSet<Kind>,
}

impl Draft {
    fn found(&self) -> BTreeSet<Kind> {
        let purpose = Purpose { category: self.category, form: self.form, cause_established: self.established };
        findings(&self.text, &purpose).into_iter().map(|finding| finding.kind).collect()
    }
}

fn purpose() -> Purpose {
    Purpose { category: None, form: Form::Comment, cause_established: false }
}

fn kinds(text: &str) -> Vec<(&str, &'static str)> {
    findings(text, &purpose()).into_iter().map(|finding| (&text[finding.at], finding.kind.as_str())).collect()
}

/// Prints how right and how complete each kind is on the written set; `cargo test -p caifeng --lib reply::aid -- --nocapture`.
#[test]
fn precision_on_the_written_set() {
    let drafts: Vec<Draft> = SET.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut table: BTreeMap<(String, Kind), [usize; 3]> = BTreeMap::new();
    for draft in &drafts {
        let found = draft.found();
        for kind in Kind::ALL {
            let row = table.entry((draft.lang.clone(), kind)).or_default();
            match (draft.expect.contains(&kind), found.contains(&kind)) {
                (true, true) => row[0] += 1,
                (false, true) => row[1] += 1,
                (true, false) => row[2] += 1,
                (false, false) => {}
            }
            if draft.expect.contains(&kind) != found.contains(&kind) {
                println!(
                    "{} {}: {}",
                    if found.contains(&kind) { "too much" } else { "missed" },
                    kind.as_str(),
                    draft.text
                );
            }
        }
    }
    println!("{} drafts", drafts.len());
    println!("{:<4}{:<16}{:>6}{:>7}{:>8}", "", "kind", "right", "wrong", "missed");
    for ((lang, kind), [right, wrong, missed]) in &table {
        println!("{lang:<4}{:<16}{right:>6}{wrong:>7}{missed:>8}", kind.as_str());
    }
    let all = table.values().fold([0; 3], |all, row| [all[0] + row[0], all[1] + row[1], all[2] + row[2]]);
    let [right, wrong, missed] = all;
    println!("precision {right}/{} recall {right}/{}", right + wrong, right + missed);
    assert!(wrong * 20 <= right + wrong, "precision below 95%");
    assert!(missed * 10 <= right + missed, "recall below 90%");
}

#[test]
fn findings_point_at_the_words() {
    assert_eq!(
        kinds("我局高度重视，7月1日开会。有关部门将尽快整改。"),
        [
            ("高度重视", "jargon"),
            ("有关部门", "evasion"),
            ("将尽快整改", "promise-owner"),
            ("将尽快整改", "promise-date"),
        ]
    );
}

#[test]
fn what_is_quoted_is_left_alone() {
    assert_eq!(kinds("来信说“你们高度重视了三年”，我局7月1日到场。"), []);
    assert_eq!(kinds("On 1 July the writer asked our office: \"no comment?\""), []);
}

#[test]
fn every_kind_says_why_and_what_instead_in_both_languages() {
    for kind in Kind::ALL {
        for lang in Lang::ALL {
            assert_ne!(kind.why(lang), kind.instead(lang));
        }
        assert_ne!(kind.why(Lang::Zh), kind.why(Lang::En));
    }
}

#[test]
fn an_empty_draft_has_nothing_to_point_at_and_a_huge_one_ends() {
    assert_eq!(kinds(""), []);
    assert_eq!(kinds(" \n"), []);
    let huge = "将".repeat(400_000);
    assert!(findings(&huge, &purpose()).len() < 10);
}

proptest! {
    #[test]
    fn places_lie_in_the_text(text in "(\\PC|将|尽快|整改|。|高度重视|“|”|\\[post:1\\]){0,60}") {
        for finding in findings(&text, &purpose()) {
            prop_assert!(text.get(finding.at.clone()).is_some(), "{:?}", finding);
        }
    }
}

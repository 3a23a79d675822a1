//! What rules do with posts, and what an operator is told of wrong ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use caifeng_plugin_sdk::{Classifier, Failure, Kind, Label, Post, Reactions};
use caifeng_rules::{LABELS, Rules};
use proptest::prelude::*;

const EMERGENCY: &str = r#"
[[rule]]
note = "gas"
label = "emergency"
score = 0.9
must = ["燃气"]
any = ["爆炸", "ＬＥＡＫ"]
not = ["演练"]
place = ["清河县"]
kind = ["article", "post"]
reactions = { shares = 10 }
"#;

fn post(title: &str, text: &str, shares: Option<u64>) -> Post {
    let mut post = Post::new(Kind::Post, "1", "https://bbs.example/1");
    post.title = Some(title.to_owned());
    post.text = text.to_owned();
    post.reactions = Reactions { shares, ..Reactions::default() };
    post
}

fn classify(rules: &str, post: Post) -> Result<Vec<Label>, Failure> {
    Rules::classify(&vec![("rules".to_owned(), rules.to_owned())], &[post]).map(|mut lists| lists.remove(0))
}

fn holds(post: Post) -> bool {
    !classify(EMERGENCY, post).unwrap().is_empty()
}

#[test]
fn every_part_of_a_rule_counts() {
    let good = post("清河县通报", "昨夜燃气管道爆炸，两人送医", Some(10));
    assert!(holds(good.clone()));
    assert!(!holds(post("清河县通报", "昨夜管道爆炸", Some(10))), "must");
    assert!(!holds(post("清河县通报", "燃气涨价", Some(10))), "any");
    assert!(!holds(post("清河县通报", "燃气爆炸应急演练", Some(10))), "not");
    assert!(!holds(post("通报", "昨夜燃气管道爆炸", Some(10))), "place");
    assert!(!holds(Post { kind: Kind::Comment, ..good.clone() }), "kind");
    assert!(!holds(post("清河县通报", "昨夜燃气管道爆炸", Some(9))), "reactions");
    assert!(!holds(post("清河县通报", "昨夜燃气管道爆炸", None)), "what is not told is not enough");
}

#[test]
fn evidence_stands_in_the_post_as_it_is_written() {
    let label = classify(EMERGENCY, post("清河县", "小区燃\u{200b}气ｌｅａｋ了，没人来", Some(99))).unwrap().remove(0);
    assert_eq!((label.name.as_str(), label.score), ("emergency", 0.9));
    assert_eq!(label.evidence, ["小区燃\u{200b}气ｌｅａｋ了"]);
}

#[test]
fn a_label_is_given_once_by_its_surest_rule() {
    let rules = "[[rule]]\nlabel = \"problem\"\nscore = 0.4\nany = [\"停水\"]\n\
                 [[rule]]\nlabel = \"problem\"\nscore = 0.7\nany = [\"三天\"]\n\
                 [[rule]]\nlabel = \"major\"\nany = [\"停水\"]\n";
    let labels = classify(rules, post("", "停水，已经三天", None)).unwrap();
    let told: Vec<_> = labels.iter().map(|l| (l.name.as_str(), l.score, l.evidence.join("|"))).collect();
    assert_eq!(told, [("problem", 0.7, "停水|已经三天".to_owned()), ("major", 0.8, "停水".to_owned())]);
}

#[test]
fn no_rules_say_nothing() {
    assert_eq!(classify("", post("", "停水", None)), Ok(vec![]));
    assert_eq!(Rules::classify(&vec![], &[]), Ok(vec![]));
}

fn refused(rules: &str) -> Vec<String> {
    match classify(rules, post("", "", None)) {
        Err(Failure::Unsupported(why)) => why.lines().map(str::to_owned).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_mistake_is_told_with_line_and_column() {
    let rules = "[[rule]]\nlabel = \"emergancy\"\nscore = 1.5\nany = [\"停水\", \" \"]\nkind = [\"tweet\"]\n\
                 [[rule]]\nlabel = \"problem\"\nplace = [\"清河县\"]\n\
                 [[rule]]\nlabel = \"problem\"\nmust = [\"自来水\"]\nnot = [\"水\"]\n";
    let told = refused(rules);
    let places: Vec<&str> = told.iter().map(|line| &line[..line.find(": ").unwrap()]).collect();
    assert_eq!(places, ["rules:2:9", "rules:3:9", "rules:4:14", "rules:5:9", "rules:6:1", "rules:12:8"], "{told:#?}");
    assert!(told[0].ends_with("emergancy") && told[0].contains("problem, emergency"), "{}", told[0]);
    assert!(told[5].contains("never holds"), "{}", told[5]);
    assert_eq!(refused("[[rule]]\nlable = \"problem\"\n").len(), 1);
    assert!(
        refused("[[rule]]\nlable = \"problem\"\n")[0].starts_with("rules:2:1: "),
        "{:?}",
        refused("[[rule]]\nlable = 1\n")
    );
    assert!(refused("[[rule]\n")[0].starts_with("rules:1:"));
}

#[test]
fn what_is_too_much_is_refused() {
    let rule = "[[rule]]\nlabel = \"problem\"\nany = [\"水\"]\n";
    assert!(refused(&rule.repeat(1_001))[0].contains("at most 1000 rules"));
    let words = vec!["\"水\""; 10_001].join(", ");
    assert!(refused(&format!("[[rule]]\nlabel = \"problem\"\nany = [{words}]\n"))[0].contains("10000 words"));
    assert!(refused(&rule.replace('水', &"水".repeat(101)))[0].contains("at most 100 characters"));
    assert!(classify(&rule.repeat(1_000), post("", "水", None)).is_ok());
}

/// A hundred words that begin alike, in a text that is nothing but them.
#[test]
fn a_text_without_end_is_read_to_a_bound() {
    let words: Vec<String> = (1..=100).map(|n| format!("{:?}", "水".repeat(n))).collect();
    let rules = format!("[[rule]]\nlabel = \"problem\"\nany = [{}]\n", words.join(", "));
    let labels = classify(&rules, post("", &"水".repeat(1 << 20), None)).unwrap();
    assert_eq!(labels[0].evidence.len(), 3);
    let tail = format!("{}火", "水".repeat(20_000));
    assert_eq!(classify("[[rule]]\nlabel = \"problem\"\nany = [\"火\"]\n", post("", &tail, None)), Ok(vec![]));
}

#[test]
fn the_manifest_declares_these_labels() {
    let manifest = include_str!("../plugin.toml");
    let declared = manifest.split("[[label]]").skip(1).filter_map(|part| part.split('"').nth(1));
    assert_eq!(declared.collect::<Vec<_>>(), LABELS);
}

proptest! {
    #[test]
    fn evidence_is_verbatim_whatever_the_text(title in "\\PC{0,30}", text in "[水火Ａa，。\u{200b}İ ]{0,40}") {
        let rules = "[[rule]]\nlabel = \"problem\"\nany = [\"水\", \"a\", \"火水\", \"i\"]\n";
        let given = post(&title, &text, None);
        for excerpt in classify(rules, given.clone()).unwrap().iter().flat_map(|label| &label.evidence) {
            prop_assert!(!excerpt.is_empty());
            prop_assert!(text.contains(excerpt.as_str()) || title.contains(excerpt.as_str()), "{excerpt:?}");
        }
    }
}

//! The laws of classifiers.

use super::call::{Case, differs};
use super::card::{Law, Ledger};
use crate::classifier::Classifier;
use crate::contract::{Label, Post, Settings};
use crate::engine::Trap;
use crate::fixture::{Answer, Call, Ran, difference};
use crate::manifest::{LabelGroup, Manifest};
use std::collections::BTreeSet;

/// How often a text is repeated to see that a long one is read too.
const TIMES: usize = 64;

/// Bytes of a repeated text: the longest that the host stores.
const LONG: usize = 200_000;

/// How often an instance labels a batch and must say the same.
const WARM: usize = 8;

/// Posts of a batch that are labelled alone as well.
const ALONE: usize = 8;

/// What scores of labels that exclude each other may come to; chances come to one, and are rounded.
const SUREST: f32 = 1.05;

/// Holds a classifier against its laws.
pub(super) fn check(ledger: &mut Ledger, classifier: &Classifier, cases: &[Case]) {
    ledger.tried(Law::Manifest, format!("{} labels", classifier.manifest().labels.len()));
    let mut damaged = 0;
    let mut most = 0;
    for case in cases {
        let Call::Posts { settings, posts } = &case.call else { continue };
        let first = determinism(ledger, classifier, &case.name, settings, posts);
        most = most.max(first.cost.fuel.unwrap_or(0));
        judge(ledger, Law::Termination, &case.name, "the posts themselves", &first);
        if let Ok(Answer::Labels(lists)) = &first.outcome {
            company(ledger, classifier, &case.name, (settings, posts), lists);
            certain(ledger, classifier.manifest(), &case.name, lists);
        }
        // What the whole batch breaks, its parts break as well.
        let sound = !matches!(
            first.outcome,
            Err(Trap::Timeout(_) | Trap::Memory(_) | Trap::Table(_) | Trap::Stack | Trap::Other(_))
        );
        for (place, posts) in damages(posts).into_iter().filter(|_| sound) {
            damaged += 1;
            let ran = ask(ledger, classifier, settings, &posts);
            judge(ledger, Law::Damage, &case.name, place, &ran);
            refusal(ledger, &case.name, place, &posts, &ran);
        }
    }
    coverage(ledger, classifier.manifest(), cases);
    withheld(ledger, classifier.manifest(), cases);
    ledger.tried(Law::Determinism, "fresh against fresh, fresh against warm, each post alone, in another order");
    ledger.tried(Law::Termination, format!("at most {:.1} million instructions a batch", most as f64 / 1e6));
    ledger.tried(Law::Damage, format!("{damaged} damaged batches"));
    ledger.tried(Law::Labels, "declared, scores between 0 and 1, evidence verbatim");
}

fn ask(ledger: &mut Ledger, classifier: &Classifier, settings: &Settings, posts: &[Post]) -> Ran {
    ledger.calls += 1;
    Ran::of(classifier.classify(settings, posts), Answer::Labels)
}

fn determinism(ledger: &mut Ledger, classifier: &Classifier, name: &str, settings: &Settings, posts: &[Post]) -> Ran {
    let first = ask(ledger, classifier, settings, posts);
    let second = ask(ledger, classifier, settings, posts);
    if let Some(how) = differs(&first, &second) {
        ledger.fail(Law::Determinism, Some(name), "fresh against fresh", how);
    } else if first.cost.fuel != second.cost.fuel && first.outcome.is_ok() {
        let how = format!("other instructions: {:?}, then {:?}", first.cost.fuel, second.cost.fuel);
        ledger.fail(Law::Determinism, Some(name), "fresh against fresh", how);
    }
    let mut warm = None;
    let mut again = || {
        ledger.calls += 1;
        Ran::of(classifier.classify_on(&mut warm, settings, posts), Answer::Labels)
    };
    if let Some(how) = (0..WARM).find_map(|_| differs(&first, &again())) {
        ledger.fail(Law::Determinism, Some(name), "fresh against warm", how);
    }
    first
}

/// What is said of a post must not depend on which posts come with it: that is the host's choice.
fn company(
    ledger: &mut Ledger,
    classifier: &Classifier,
    name: &str,
    (settings, posts): (&Settings, &[Post]),
    lists: &[Vec<Label>],
) {
    if posts.len() < 2 {
        return;
    }
    let turned: Vec<Post> = posts.iter().rev().cloned().collect();
    let expected = Answer::Labels(lists.iter().rev().cloned().collect());
    let mut tries = vec![("in another order".to_owned(), turned, expected)];
    tries.extend(posts.iter().zip(lists).take(ALONE).enumerate().map(|(nth, (post, list))| {
        (format!("post {} alone", nth + 1), vec![post.clone()], Answer::Labels(vec![list.clone()]))
    }));
    for (place, posts, expected) in tries {
        if let Ok(found) = ask(ledger, classifier, settings, &posts).outcome
            && let Some(how) = difference(&expected, &found, 0).into_iter().next()
        {
            let problem = format!("{how}: what is said of a post must not depend on the others of its batch");
            return ledger.fail(Law::Determinism, Some(name), &place, problem);
        }
    }
}

/// Of labels that exclude each other no more than one can be right.
fn certain(ledger: &mut Ledger, manifest: &Manifest, name: &str, lists: &[Vec<Label>]) {
    for (nth, list) in lists.iter().enumerate() {
        for group in LabelGroup::ALL.into_iter().filter(|group| *group != LabelGroup::Urgency) {
            let of_group =
                |label: &&Label| manifest.labels.iter().any(|rule| rule.name == label.name && rule.group == group);
            let sum: f32 = list.iter().filter(of_group).map(|label| label.score).sum();
            if sum > SUREST {
                let problem = format!(
                    "its scores of {} come to {sum:.2}: of eight posts in ten that are one thing, none is another as well",
                    group.as_str()
                );
                return ledger.warn(Law::Labels, Some(name), &format!("post {}", nth + 1), problem);
            }
        }
    }
}

/// A label that every post is given says nothing.
fn withheld(ledger: &mut Ledger, manifest: &Manifest, cases: &[Case]) {
    let mut lists = Vec::new();
    for case in cases {
        if let (Call::Posts { posts, .. }, Some(Answer::Labels(given))) = (&case.call, &case.expect) {
            lists.extend(posts.iter().zip(given).filter(|(post, _)| !wordless(post)).map(|(_, list)| list));
        }
    }
    for rule in &manifest.labels {
        if !lists.is_empty() && lists.iter().all(|list| list.iter().any(|label| label.name == rule.name)) {
            let problem = "every post of every fixture has it: add one that it does not fit";
            ledger.fail(Law::Coverage, None, &format!("label {}", rule.name), problem);
        }
    }
}

/// Whether there is nothing to label.
pub(super) fn wordless(post: &Post) -> bool {
    post.text.trim().is_empty() && post.title.as_ref().is_none_or(|title| title.trim().is_empty())
}

/// A trap breaks `law`, unless it is a label that breaks the contract.
pub(super) fn judge(ledger: &mut Ledger, law: Law, name: &str, place: &str, ran: &Ran) {
    match &ran.outcome {
        Err(Trap::Contract(problem)) => ledger.fail(Law::Labels, Some(name), place, problem.clone()),
        Err(trap) => ledger.fail(law, Some(name), place, format!("no answer: {trap}")),
        Ok(Answer::Labels(lists)) => {
            if let Some(label) = lists.iter().flatten().find(|label| label.evidence.is_empty()) {
                let problem = format!("label {} without evidence: a person must see why", label.name);
                ledger.warn(Law::Labels, Some(name), place, problem);
            }
        }
        Ok(_) => {}
    }
}

/// A batch with odd posts is not refused, and a post without words is not labelled.
fn refusal(ledger: &mut Ledger, name: &str, place: &str, posts: &[Post], ran: &Ran) {
    match &ran.outcome {
        Ok(Answer::Failure(failure)) => {
            let problem = format!("refuses the whole batch: {failure}; give such a post no label");
            ledger.fail(Law::Damage, Some(name), place, problem);
        }
        Ok(Answer::Labels(lists)) => {
            let labels: Vec<&Label> =
                posts.iter().zip(lists).filter(|(post, _)| wordless(post)).flat_map(|(_, l)| l).collect();
            if let Some(label) = labels.first() {
                ledger.fail(
                    Law::Damage,
                    Some(name),
                    place,
                    format!("invents a label of a post without words: {}", label.name),
                );
            }
        }
        _ => {}
    }
}

/// The batch, damaged in each way.
pub(super) fn damages(posts: &[Post]) -> Vec<(&'static str, Vec<Post>)> {
    let each = |change: &dyn Fn(usize, &Post) -> Post| -> Vec<Post> {
        posts.iter().enumerate().map(|(nth, post)| change(nth, post)).collect()
    };
    let next = |nth: usize| &posts[(nth + 1) % posts.len()];
    let half = |text: &str| text[..text.floor_char_boundary(text.len() / 2)].to_owned();
    let mixed = |text: &str| text.split_inclusive(['。', '，', '\n', '.', ',', '！', '？']).rev().collect::<String>();
    vec![
        ("emptied", each(&|_, post| Post { title: None, text: String::new(), ..post.clone() })),
        (
            "blank",
            each(&|_, post| Post { title: Some(" ".to_owned()), text: "\n\t\u{3000}".to_owned(), ..post.clone() }),
        ),
        (
            "cut",
            each(&|_, post| Post { title: post.title.as_deref().map(half), text: half(&post.text), ..post.clone() }),
        ),
        ("sentences mixed", each(&|_, post| Post { text: mixed(&post.text), ..post.clone() })),
        ("under another's title", each(&|nth, post| Post { title: next(nth).title.clone(), ..post.clone() })),
        ("with another's text", each(&|nth, post| Post { text: next(nth).text.clone(), ..post.clone() })),
        (
            "repeated",
            each(&|_, post| {
                let mut text = post.text.repeat(TIMES);
                text.truncate(text.floor_char_boundary(LONG));
                Post { text, ..post.clone() }
            }),
        ),
        (
            "with odd characters",
            each(&|_, post| Post { text: format!("\u{0}\u{202e}{}\u{fffd}\u{10ffff}", post.text), ..post.clone() }),
        ),
        ("no posts at all", Vec::new()),
    ]
}

/// Each label must have been given somewhere.
pub(super) fn coverage(ledger: &mut Ledger, manifest: &Manifest, cases: &[Case]) {
    let lists =
        cases.iter().filter_map(|case| if let Some(Answer::Labels(lists)) = &case.expect { Some(lists) } else { None });
    let given: BTreeSet<&str> = lists.flatten().flatten().map(|label| label.name.as_str()).collect();
    let declared = &manifest.labels;
    for label in declared.iter().filter(|label| !given.contains(label.name.as_str())) {
        let problem = "no fixture in which it is given: add one, or remove it from the manifest";
        ledger.fail(Law::Coverage, None, &format!("label {}", label.name), problem);
    }
    ledger.tried(Law::Coverage, format!("{} labels", declared.len()));
}

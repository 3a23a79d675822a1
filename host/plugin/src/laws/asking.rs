//! The laws of askers.

use super::call::{Case, differs, with_body, with_damage};
use super::card::{Law, Ledger};
use super::classifying::{self, judge, wordless};
use super::damage::{self, Damage, Kind};
use super::identity;
use crate::asker::Asker;
use crate::contract::{Failure, Label, Post, Response};
use crate::engine::{Live, Trap};
use crate::fixture::{Answer, Call, Ran};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Posts with the same words that an answer might be said to be about.
const ALIKE: usize = 2;

/// How often an answer is repeated to see that a long one is read too.
const TIMES: usize = 8;

/// Holds an asker against its laws.
pub(super) fn check(ledger: &mut Ledger, asker: &Asker, cases: &[Case]) {
    let manifest = asker.manifest();
    ledger.tried(Law::Manifest, format!("{} labels, {} steps", manifest.labels.len(), manifest.steps.len()));
    let before = ledger.calls;
    let mut most = 0;
    for case in cases {
        let first = determinism(ledger, asker, case);
        most = most.max(first.cost.fuel.unwrap_or(0));
        judge(ledger, Law::Termination, &case.name, "the call itself", &first);
        closure(ledger, asker, &case.name, "the call itself", &case.call, &first);
        match &case.call {
            Call::Posts { .. } => asked(ledger, asker, case),
            Call::Read { .. } => answered(ledger, asker, case),
            Call::Start(_) | Call::Parse { .. } => {}
        }
    }
    steps(ledger, asker, cases);
    classifying::coverage(ledger, manifest, cases);
    ledger.tried(Law::Determinism, "fresh against fresh, fresh against warm");
    ledger.tried(Law::Closure, "the endpoint, at most once a post");
    ledger.tried(Law::Termination, format!("at most {:.1} million instructions a call", most as f64 / 1e6));
    ledger.tried(Law::Damage, format!("{} damaged calls", ledger.calls - before));
    ledger.tried(Law::Labels, "declared, scores between 0 and 1, evidence verbatim");
}

fn call(ledger: &mut Ledger, asker: &Asker, warm: &mut Option<Live>, call: &Call) -> Ran {
    ledger.calls += 1;
    match call {
        Call::Read { settings, posts, request, response } => {
            Ran::of(asker.read_on(warm, settings, posts, request, response), Answer::Labels)
        }
        Call::Posts { settings, posts } => Ran::of(asker.ask_unchecked(warm, settings, posts), Answer::Requests),
        Call::Start(_) | Call::Parse { .. } => Ran {
            outcome: Err(Trap::Contract("a crawl for an asker".to_owned())),
            cost: crate::engine::Cost::default(),
        },
    }
}

/// Two fresh instances, then one that is warm. Gives the first answer.
fn determinism(ledger: &mut Ledger, asker: &Asker, case: &Case) -> Ran {
    let first = call(ledger, asker, &mut None, &case.call);
    let second = call(ledger, asker, &mut None, &case.call);
    if let Some(how) = differs(&first, &second) {
        ledger.fail(Law::Determinism, Some(&case.name), "fresh against fresh", how);
    } else if first.cost.fuel != second.cost.fuel && first.outcome.is_ok() {
        let how = format!("other instructions: {:?}, then {:?}", first.cost.fuel, second.cost.fuel);
        ledger.fail(Law::Determinism, Some(&case.name), "fresh against fresh", how);
    }
    let mut warm = None;
    call(ledger, asker, &mut warm, &case.call);
    // What came between must leave no trace either.
    call(ledger, asker, &mut warm, &with_body(&case.call, damage::LOGIN.to_owned()));
    let again = call(ledger, asker, &mut warm, &case.call);
    if let Some(how) = differs(&first, &again) {
        ledger.fail(Law::Determinism, Some(&case.name), "fresh against warm", how);
    }
    first
}

/// Every request of an answer.
fn closure(ledger: &mut Ledger, asker: &Asker, name: &str, place: &str, call: &Call, ran: &Ran) {
    let (Call::Posts { settings, posts }, Ok(Answer::Requests(requests))) = (call, &ran.outcome) else { return };
    if let Some(fault) = asker.fault(settings, posts, requests) {
        ledger.fail(Law::Closure, Some(name), place, fault);
    }
}

/// Odd posts are asked about or not, but never refused; of a post without words there is nothing to ask.
fn asked(ledger: &mut Ledger, asker: &Asker, case: &Case) {
    let Call::Posts { settings, posts } = &case.call else { return };
    for (place, posts) in classifying::damages(posts) {
        let damaged = Call::Posts { settings: settings.clone(), posts };
        let ran = call(ledger, asker, &mut None, &damaged);
        judge(ledger, Law::Damage, &case.name, place, &ran);
        closure(ledger, asker, &case.name, place, &damaged, &ran);
        let Call::Posts { posts, .. } = &damaged else { continue };
        let problem = match &ran.outcome {
            Ok(Answer::Failure(failure)) => {
                format!("refuses the whole batch: {failure}; ask nothing about such a post")
            }
            Ok(Answer::Requests(requests)) if !requests.is_empty() && posts.iter().all(wordless) => {
                "asks about posts without words".to_owned()
            }
            _ => continue,
        };
        ledger.fail(Law::Damage, Some(&case.name), place, problem);
    }
}

/// A damaged answer is read as far as it can be, or is no answer.
fn answered(ledger: &mut Ledger, asker: &Asker, case: &Case) {
    let Call::Read { response, .. } = &case.call else { return };
    let repeated = Damage::new(format!("{TIMES} times over"), Kind::Lines, response.body.repeat(TIMES));
    for damage in damage::of(&response.body).into_iter().chain([repeated]) {
        let ran = call(ledger, asker, &mut None, &with_damage(&case.call, &damage));
        judge(ledger, Law::Damage, &case.name, &damage.name, &ran);
        if let Some(problem) = misread(&damage, case, &ran) {
            ledger.fail(Law::Damage, Some(&case.name), &damage.name, problem);
        }
    }
    swapped(ledger, asker, case);
    claimed(ledger, asker, case);
}

fn misread(damage: &Damage, case: &Case, ran: &Ran) -> Option<String> {
    let whole = matches!(&case.expect, Some(Answer::Failure(_)));
    match &ran.outcome {
        Ok(Answer::Failure(Failure::Blocked(_) | Failure::Unexpected(_))) => None,
        Ok(Answer::Failure(Failure::Gone)) if damage.kind == Kind::Missing => None,
        Ok(Answer::Failure(failure)) if !whole => Some(format!("says {failure:?} {}", damage.kind.of_what())),
        Ok(Answer::Labels(_))
            if matches!(damage.kind, Kind::Emptied | Kind::Refusal | Kind::Hollow | Kind::Missing) =>
        {
            Some(format!("takes {} for an answer: say `blocked` or `unexpected`", damage.kind.what()))
        }
        _ => None,
    }
}

/// The answer that was meant for other posts: nothing may be said with words that these posts do not hold, which
/// the sandbox refuses as a broken contract, and nothing of more posts than were asked about.
fn swapped(ledger: &mut Ledger, asker: &Asker, case: &Case) {
    let Call::Read { settings, posts, request, response } = &case.call else { return };
    let foreign: Vec<Post> =
        posts.iter().map(|post| Post { title: None, text: "一段没有关系的话".to_owned(), ..post.clone() }).collect();
    let (request, response) = (request.clone(), response.clone());
    let ran =
        call(ledger, asker, &mut None, &Call::Read { settings: settings.clone(), posts: foreign, request, response });
    let place = "read for other posts";
    judge(ledger, Law::Damage, &case.name, place, &ran);
    if let Ok(Answer::Labels(lists)) = &ran.outcome {
        let labels: Vec<&Label> = lists.iter().flatten().collect();
        if let Some(label) = labels.first() {
            let problem = format!("gives {} to a post that holds none of the words it was given for", label.name);
            ledger.fail(Law::Damage, Some(&case.name), place, problem);
        }
    }
}

/// An answer that says it is about another post. The batch gets posts with the same words, which any label would fit: what was
/// asked is known from the request's context, so that no label moves to them.
fn claimed(ledger: &mut Ledger, asker: &Asker, case: &Case) {
    let Call::Read { settings, posts, request, response } = &case.call else { return };
    let room = asker.limits().posts.saturating_sub(posts.len());
    let Some(Answer::Labels(lists)) = &case.expect else { return };
    let labelled = posts.iter().zip(lists).filter(|(_, list)| !list.is_empty()).map(|(post, _)| post);
    let others = labelled.cycle().take(ALIKE.min(room)).enumerate();
    let others: Vec<Post> = others.map(|(nth, post)| Post { id: format!("other-{nth}"), ..post.clone() }).collect();
    let batch = [posts.clone(), others.clone()].concat();
    let mut labelled = |body: String| {
        let (settings, posts, request) = (settings.clone(), batch.clone(), request.clone());
        let read = Call::Read { settings, posts, request, response: Response { body, ..response.clone() } };
        match call(ledger, asker, &mut None, &read).outcome {
            Ok(Answer::Labels(lists)) => lists.iter().map(|list| !list.is_empty()).collect(),
            _ => Vec::new(),
        }
    };
    let own: Vec<bool> = labelled(response.body.clone());
    if !own.contains(&true) {
        return;
    }
    let numbers = (0..batch.len()).rev().take(others.len() * 2).flat_map(|nth| [json!(nth), json!(nth.to_string())]);
    let said: Vec<Value> = numbers.chain(others.iter().map(|post| json!(post.id))).collect();
    for body in identity::claimed(&response.body, &said) {
        let moved = labelled(body).iter().zip(&own).any(|(now, before)| *now && !before);
        if moved {
            let problem = "its labels move to the post that the answer names: a post may have told the service what to answer, so take from request.context which one was asked about";
            return ledger.fail(Law::Damage, Some(&case.name), "an answer that says it is about another post", problem);
        }
    }
}

/// Each step must have read labels somewhere.
fn steps(ledger: &mut Ledger, asker: &Asker, cases: &[Case]) {
    let mut read: BTreeMap<&str, bool> =
        asker.manifest().steps.iter().map(|step| (step.name.as_str(), false)).collect();
    for case in cases {
        let full = matches!(&case.expect, Some(Answer::Labels(lists)) if lists.iter().any(|list| !list.is_empty()));
        if let Some(found) = case.call.step().and_then(|step| read.get_mut(step)) {
            *found |= full;
        }
    }
    for (step, _) in read.iter().filter(|(_, found)| !**found) {
        let problem = "no fixture in which this step reads labels: add one";
        ledger.fail(Law::Coverage, None, &format!("step {step}"), problem);
    }
}

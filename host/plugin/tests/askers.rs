//! What an ill-behaved asker gets, and what the laws find in it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guests;

use caifeng_plugin_host::asker::{Asker, endpoint};
use caifeng_plugin_host::contract::{Failure, Post, Request, Response, Settings};
use caifeng_plugin_host::engine::{CallError, CompiledCache, LoadError, Trap};
use caifeng_plugin_host::fixture::{Answer, Call, Fixture, Listed};
use caifeng_plugin_host::laws::{Law, Laws, ScoreCard, Verdict};
use guests::{ASKER, CLASSIFIER, ENGINE, post, response};
use std::sync::LazyLock;

static LAWS: LazyLock<Laws> = LazyLock::new(|| {
    let dir = guests::root().join("target/guests/askers-compiled");
    Laws::new(Some(CompiledCache { dir, key: [7; 32] })).unwrap()
});

const ENDPOINT: &str = "https://models.example/v1/chat/completions";

fn settings(how: &str) -> Settings {
    vec![("endpoint".to_owned(), ENDPOINT.to_owned()), ("how".to_owned(), how.to_owned())]
}

fn posts() -> Vec<Post> {
    vec![post("停水 三天"), post("没人管")]
}

fn asker() -> Asker {
    Asker::load(&ENGINE, &ASKER).unwrap()
}

fn ask(how: &str) -> Result<Vec<Request>, CallError> {
    asker().ask(&settings(how), &posts()).outcome
}

fn answer(body: &str) -> Response {
    Response { url: ENDPOINT.to_owned(), ..response(body) }
}

fn read(how: &str, body: &str) -> Result<usize, CallError> {
    let request = ask("").unwrap().remove(0);
    let lists = asker().read(&settings(how), &posts(), &request, &answer(body)).outcome?;
    Ok(lists.iter().map(Vec::len).sum())
}

#[test]
fn an_honest_asker_asks_its_endpoint_and_reads_its_answer() {
    let requests = ask("").unwrap();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.url == ENDPOINT));
    assert_eq!(read("", "problem"), Ok(1));
    assert_eq!(read("", "请登录"), Err(CallError::Failure(Failure::Unexpected("not an answer".to_owned()))));
    assert_eq!(asker().ask(&settings(""), &[]).outcome, Ok(vec![]));
}

#[test]
fn a_request_to_anywhere_else_is_not_sent() {
    for how in ["elsewhere", "longer-path", "too-many", "undeclared-step"] {
        let outcome = ask(how);
        assert!(matches!(outcome, Err(CallError::Trap(Trap::Contract(_)))), "{how}: {outcome:?}");
    }
    let nowhere = vec![("endpoint".to_owned(), "file:///etc/passwd".to_owned()), ("how".to_owned(), String::new())];
    assert_eq!(endpoint(&nowhere), None);
    assert!(matches!(asker().ask(&nowhere, &posts()).outcome, Err(CallError::Trap(Trap::Contract(_)))));
}

#[test]
fn a_broken_promise_is_no_opinion() {
    for how in ["short", "undeclared", "sure", "invented"] {
        let outcome = read(how, "problem");
        assert!(matches!(outcome, Err(CallError::Trap(Trap::Contract(_)))), "{how}: {outcome:?}");
    }
    assert!(matches!(read("read-panics", "problem"), Err(CallError::Trap(Trap::Other(_)))));
    assert!(matches!(ask("ask-panics"), Err(CallError::Trap(Trap::Other(_)))));
}

#[test]
fn an_asker_is_no_classifier() {
    assert!(matches!(Asker::load(&ENGINE, &CLASSIFIER), Err(LoadError::Kind { .. })));
}

/// Fixtures of both calls.
fn fixtures(how: &str, body: &str) -> Vec<Listed> {
    let fixture = |name: &str, call, expect| {
        let fixture = Fixture { name: name.to_owned(), note: String::new(), call, expect: Some(expect) };
        (name.into(), Ok(fixture))
    };
    let request = ask("").unwrap().remove(0);
    let labels = asker().read(&settings(""), &posts(), &request, &answer("problem")).outcome.unwrap();
    let read = Call::Read { settings: settings(how), posts: posts(), request, response: answer(body) };
    let asked = Call::Posts { settings: settings(how), posts: posts() };
    vec![fixture("ask", asked, Answer::Requests(ask("").unwrap())), fixture("read", read, Answer::Labels(labels))]
}

fn card(how: &str, body: &str) -> ScoreCard {
    LAWS.check(ASKER.bytes(), &fixtures(how, body), 0)
}

fn broken(how: &str) -> Vec<Law> {
    let card = card(how, "problem");
    card.laws.iter().filter(|score| score.verdict == Verdict::Fail).map(|score| score.law).collect()
}

#[test]
fn each_fault_breaks_its_law() {
    assert_eq!(broken(""), []);
    for (how, law) in [
        ("elsewhere", Law::Closure),
        ("too-many", Law::Closure),
        ("asks-of-nothing", Law::Damage),
        ("believes", Law::Damage),
        ("read-panics", Law::Termination),
        ("undeclared", Law::Labels),
        ("invented", Law::Labels),
    ] {
        assert!(broken(how).contains(&law), "{how}: {:?}", broken(how));
    }
}

/// A post may have told the service to speak of another.
#[test]
fn whom_an_answer_is_about_is_not_for_the_answer_to_say() {
    for body in ["{\"labels\":[\"problem\"]}", "{\"about\":0,\"labels\":[\"problem\"]}"] {
        let good = card("asks-of-one", body);
        assert!(good.passes(), "{good}");
        let bad = card("asks-of-one-and-believes", body);
        let damage = bad.of(Law::Damage).unwrap();
        let found = damage.findings.iter().any(|finding| finding.problem.starts_with("its labels move to the post"));
        assert!(damage.verdict == Verdict::Fail && found, "{bad}");
    }
}

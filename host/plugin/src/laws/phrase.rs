//! What a plugin that takes a search phrase makes of one: it is a person's words, which must arrive as they are and
//! change nothing else.

use super::call::ask;
use super::card::{Law, Ledger};
use crate::contract::{Crawl, Method, Request, Target};
use crate::fixture::{Answer, Call};
use crate::manifest::{Manifest, TargetKind};
use crate::source::{Source, brief};
use url::Url;

/// Two that a person might type.
const PLAIN: [&str; 2] = ["停水", "路灯"];

/// One whose every part would be another part of the address, were it not encoded.
const ODD: &str = "a/zq9/?zq9=1&zq9=1#zq9";

/// Starts crawls like `crawl`, of other phrases. Gives what the plugin answered to the odd one.
pub(super) fn check(ledger: &mut Ledger, source: &Source, crawl: &Crawl, place: &str) -> Option<Answer> {
    let started = |ledger: &mut Ledger, phrase: &str| {
        let target = source.manifest().target(TargetKind::Keyword, phrase).filter(|target| is_whole(target, phrase))?;
        Some(ask(ledger, source, &Call::Start(Crawl { target, ..crawl.clone() })).outcome)
    };
    if let [Some(Ok(Answer::Requests(first))), Some(Ok(Answer::Requests(second)))] =
        PLAIN.map(|phrase| started(ledger, phrase))
        && first == second
        && !first.is_empty()
    {
        // A search may begin with its form, and the phrase come in a later step.
        let problem =
            "start asks the same whatever the phrase is: put crawl.target into the address, if no later step does";
        ledger.warn(Law::Manifest, None, place, problem);
    }
    let answer = match started(ledger, ODD)? {
        Ok(answer) => answer,
        Err(trap) => {
            ledger.fail(Law::Termination, None, &format!("{place}, of the phrase {ODD:?}"), format!("start: {trap}"));
            return None;
        }
    };
    let requests: &[Request] = if let Answer::Requests(requests) = &answer { requests } else { &[] };
    if let Some(request) = requests.iter().find(|request| is_changed(request)) {
        let problem = format!(
            "the phrase {ODD:?} adds parts to the request, encode it: {}",
            brief(if let Method::Post(body) = &request.method { body } else { &request.url })
        );
        ledger.fail(Law::Closure, None, place, problem);
    }
    Some(answer)
}

/// Whether the manifest gives the phrase to the plugin as it is.
fn is_whole(target: &Target, phrase: &str) -> bool {
    matches!(target, Target::Keyword(text) if text == phrase)
}

/// Whether the odd phrase became more than a value.
fn is_changed(request: &Request) -> bool {
    let Ok(url) = Url::parse(&request.url) else { return false };
    let form = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case("content-type") && value.starts_with("application/x-www-form-urlencoded")
    };
    let body = match &request.method {
        Method::Post(body) if request.headers.iter().any(form) => body.as_str(),
        _ => "",
    };
    let path = url.path_segments().is_some_and(|mut parts| parts.any(|part| part == "zq9"));
    let query = url.query_pairs().any(|(name, _)| name == "zq9");
    path || query || url.fragment().is_some_and(|end| end.starts_with("zq9")) || body.contains("&zq9=1")
}

/// Whether a manifest takes phrases at all.
pub(super) fn concerns(manifest: &Manifest, crawl: &Crawl) -> bool {
    matches!(crawl.target, Target::Keyword(_)) && manifest.target(TargetKind::Keyword, ODD).is_some()
}

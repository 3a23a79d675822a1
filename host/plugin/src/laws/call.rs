//! A fixture's call, as the laws make it: what the plugin says is seen before
//! the host turns anything of it away.

use super::card::Ledger;
use super::damage::Damage;
use crate::contract::{Request, Response};
use crate::engine::Trap;
use crate::fixture::{Answer, Call, Ran};
use crate::source::{Crawling, Source};

/// A fixture that can be played.
pub(super) struct Case {
    /// Its name.
    pub(super) name: String,
    /// Its call, with the settings that the manifest adds.
    pub(super) call: Call,
    /// What it must answer.
    pub(super) expect: Option<Answer>,
}

/// Calls a source on a fresh instance.
pub(super) fn ask(ledger: &mut Ledger, source: &Source, call: &Call) -> Ran {
    match call.crawl() {
        Some(crawl) => ask_on(ledger, &mut source.crawl(crawl), call),
        None => Ran {
            outcome: Err(Trap::Contract("a batch of posts for a source".to_owned())),
            cost: crate::engine::Cost::default(),
        },
    }
}

/// Calls a source on the instance of a crawl.
pub(super) fn ask_on(ledger: &mut Ledger, crawling: &mut Crawling, call: &Call) -> Ran {
    ledger.calls += 1;
    match call {
        Call::Parse { request, response, .. } => Ran::of(crawling.parse_unchecked(request, response), Answer::Page),
        Call::Start(_) | Call::Posts { .. } | Call::Read { .. } => {
            Ran::of(crawling.start_unchecked(), Answer::Requests)
        }
    }
}

/// The same call, with another body.
pub(super) fn with_body(call: &Call, body: String) -> Call {
    match call {
        Call::Parse { crawl, request, response } => Call::Parse {
            crawl: crawl.clone(),
            request: request.clone(),
            response: Response { body, ..response.clone() },
        },
        Call::Read { settings, posts, request, response } => Call::Read {
            settings: settings.clone(),
            posts: posts.clone(),
            request: request.clone(),
            response: Response { body, ..response.clone() },
        },
        other => other.clone(),
    }
}

/// The same call, answered with this damaged page.
pub(super) fn with_damage(call: &Call, damage: &Damage) -> Call {
    let mut call = with_body(call, damage.body.clone());
    if let (Some(status), Call::Parse { response, .. } | Call::Read { response, .. }) = (damage.status, &mut call) {
        response.status = status;
    }
    call
}

/// The call as it is for a page of which nothing is known, where that is another.
pub(super) fn without_context(call: &Call) -> Option<Call> {
    match call {
        Call::Parse { crawl, request, response } if !request.context.is_empty() => {
            let request = Request { context: String::new(), ..request.clone() };
            Some(Call::Parse { crawl: crawl.clone(), request, response: response.clone() })
        }
        _ => None,
    }
}

/// Both answers in few words, where they differ.
pub(super) fn differs(first: &Ran, second: &Ran) -> Option<String> {
    if first.outcome == second.outcome {
        return None;
    }
    match (&first.outcome, &second.outcome) {
        (Ok(first), Ok(second)) => {
            let lines = crate::fixture::difference(first, second, 0);
            Some(lines.into_iter().next().unwrap_or_else(|| "another answer".to_owned()))
        }
        (Ok(_), Err(trap)) | (Err(trap), Ok(_)) => Some(format!("one of them traps: {trap}")),
        (Err(first), Err(second)) => Some(format!("other traps: {first}, then {second}")),
    }
}

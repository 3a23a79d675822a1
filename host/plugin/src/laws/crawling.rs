//! The laws of sources.

use super::call::{Case, ask, ask_on, differs, with_body, with_damage, without_context};
use super::card::{Law, Ledger};
use super::damage::{self, Damage};
use super::judge::{self, Own};
use super::since::Tried;
use super::{across, moved, phrase, shape};
use crate::address::HostPattern;
use crate::contract::{Crawl, Page, Request, Response, Settings, Target, Timestamp};
use crate::engine::Trap;
use crate::fixture::{Answer, Call, Ran};
use crate::manifest::{Manifest, SettingType, TargetKind, TargetRule};
use crate::source::{self, Source};
use std::collections::BTreeMap;
use url::Url;

/// When examples are started, if no fixture tells a time: 2026-03-09T12:00:00+08:00.
const NOW: Timestamp = 1_773_028_800;

/// Where a plugin for many sites is told to look when its examples are started.
const SITE: &str = "https://www.example.cn/";

/// How often a page is repeated to see how a call's cost grows with it.
const TIMES: usize = 8;

/// How much more a byte of the repeated page may cost than one of the page
/// itself. What is linear costs the same, what is quadratic `TIMES`.
const GROWTH: u64 = 3;

/// Instructions below which growth is not looked at: a tenth of a millisecond.
const CHEAP: u64 = 20_000_000;

/// How often an instance answers others before it must answer as a fresh one does.
const WARM: usize = 3;

/// Other fixtures whose bodies are tried in a fixture's place.
const SWAPS: usize = 12;

/// Damages of one page that may run out of time before the others are left out.
const ENDLESS: usize = 3;

/// Fields of a request by which the host says who asks.
const IDENTITY: [&str; 6] = ["authorization", "cookie", "host", "proxy-authorization", "user-agent", "x-forwarded-for"];

/// A case that was played.
struct Played<'a> {
    case: &'a Case,
    ran: Ran,
    /// What the page says where nothing is known beside it; every step must accept that.
    bare: Option<Answer>,
}

/// Holds a source against its laws.
pub(super) fn check(ledger: &mut Ledger, source: &Source, cases: &[Case]) {
    manifest(ledger, source, cases);
    let mut played = Vec::new();
    for case in cases {
        let ran = determinism(ledger, source, case);
        if let Err(trap) = &ran.outcome {
            ledger.fail(Law::Termination, Some(&case.name), "the page itself", format!("no answer: {trap}"));
        }
        let bare = bare(ledger, source, case, &ran);
        played.push(Played { case, ran, bare });
    }
    let mut since = Tried::default();
    for Played { case, ran, .. } in &played {
        if let (Ok(answer), Some(crawl)) = (&ran.outcome, case.call.crawl()) {
            closure(ledger, source.manifest(), crawl, answer, Some(&case.name), "the page itself");
            if let (Answer::Page(page), Call::Parse { crawl, request, response }) = (answer, &case.call) {
                if let Some(trap) = source.too_many(page) {
                    ledger.fail(Law::Termination, Some(&case.name), "the page itself", trap.to_string());
                }
                shape::posts(ledger, &case.name, page, (request, response), crawl.utc_offset);
                moved::check(ledger, source, case, page);
                since.check(ledger, source, case, page);
            }
        }
    }
    across::check(ledger, played.iter().filter_map(Played::page));
    coverage(ledger, source.manifest(), cases);
    damages(ledger, source, &played);
    growth(ledger, source, &played);
    ledger.tried(Law::Determinism, "fresh against fresh, fresh against warm");
    ledger.tried(Law::Closure, allowed(source.manifest()) + &since.told());
    let posts: usize = played
        .iter()
        .map(|played| if let Ok(Answer::Page(page)) = &played.ran.outcome { page.posts.len() } else { 0 })
        .sum();
    ledger.tried(Law::Posts, format!("{posts} posts"));
}

fn allowed(manifest: &Manifest) -> String {
    let hosts: Vec<_> = manifest.network.allow.iter().map(ToString::to_string).collect();
    if hosts.is_empty() { "no host".to_owned() } else { hosts.join(", ") }
}

impl<'a> Played<'a> {
    /// The fixture's name, what the site answered and what was read of it, where that is a page.
    fn page(&self) -> Option<(&'a str, &'a Response, &Page)> {
        match (&self.case.call, &self.ran.outcome) {
            (Call::Parse { response, .. }, Ok(Answer::Page(page))) => Some((&self.case.name, response, page)),
            _ => None,
        }
    }
}

/// Reads the page of a case without a context, where it has one: every step must accept that.
fn bare(ledger: &mut Ledger, source: &Source, case: &Case, ran: &Ran) -> Option<Answer> {
    let answer = ask(ledger, source, &without_context(&case.call)?).outcome;
    let place = "with an empty context";
    match (&ran.outcome, &answer) {
        (Ok(_), Err(trap)) => ledger.fail(Law::Termination, Some(&case.name), place, format!("no answer: {trap}")),
        (Ok(Answer::Page(page)), Ok(Answer::Failure(failure))) if !page.posts.is_empty() => {
            let problem = format!("says {failure}: every step must read a page that comes without");
            ledger.warn(Law::Termination, Some(&case.name), place, problem);
        }
        _ => {}
    }
    answer.ok()
}

/// Starts every example.
fn manifest(ledger: &mut Ledger, source: &Source, cases: &[Case]) {
    let manifest = source.manifest();
    let (settings, assumed) = settings(manifest, cases);
    for rule in &manifest.targets {
        let place = format!("example {:?}", rule.example);
        let Some(crawl) = example(manifest, rule, &settings) else {
            ledger.fail(Law::Manifest, None, &place, "is none of its own targets: mend match or example");
            continue;
        };
        let ran = ask(ledger, source, &Call::Start(crawl.clone()));
        if ran.outcome.is_ok()
            && phrase::concerns(manifest, &crawl)
            && let Some(answer) = phrase::check(ledger, source, &crawl, &place)
        {
            closure(ledger, manifest, &crawl, &answer, None, &format!("{place}, with an odd phrase"));
        }
        match ran.outcome {
            Ok(Answer::Requests(requests)) if requests.is_empty() => {
                ledger.fail(Law::Manifest, None, &place, "start wants no page, so that nothing would ever be heard");
            }
            Ok(Answer::Failure(failure)) if assumed => {
                ledger.warn(Law::Manifest, None, &place, format!("with settings that were guessed: {failure}"));
            }
            Ok(Answer::Failure(failure)) => ledger.fail(Law::Manifest, None, &place, format!("start says {failure}")),
            Ok(answer) => closure(ledger, manifest, &crawl, &answer, None, &place),
            Err(trap) => ledger.fail(Law::Manifest, None, &place, format!("start: {trap}")),
        }
    }
    ledger.tried(Law::Manifest, format!("{} examples start", manifest.targets.len()));
}

/// The settings of the first fixture that has any, else the defaults, else
/// something of the right type; and whether it is the last.
fn settings(manifest: &Manifest, cases: &[Case]) -> (Settings, bool) {
    let recorded = cases.iter().filter_map(|case| case.call.crawl()).map(|crawl| &crawl.settings);
    if let Some(settings) = recorded.into_iter().find(|settings| !settings.is_empty()) {
        return (settings.clone(), false);
    }
    if let Ok(settings) = manifest.settings(&Vec::new()) {
        return (settings, false);
    }
    let value = |setting: &crate::manifest::Setting| {
        setting.default.clone().unwrap_or_else(|| {
            let value = match setting.r#type {
                SettingType::Text => "x",
                SettingType::Integer => "1",
                SettingType::Boolean => "true",
            };
            value.to_owned()
        })
    };
    (manifest.settings.iter().map(|setting| (setting.name.clone(), value(setting))).collect(), true)
}

/// The crawl of an example. A plugin for many sites is told one where the
/// example names none.
fn example(manifest: &Manifest, rule: &TargetRule, settings: &Settings) -> Option<Crawl> {
    let target = manifest.target(rule.kind, &rule.example)?;
    let names_none = matches!(rule.kind, TargetKind::Keyword | TargetKind::Account);
    let many = manifest.network.allow.contains(&HostPattern::Target);
    let site = (names_none && many).then(|| SITE.to_owned());
    Some(Crawl { target, site, settings: settings.clone(), since: 0, now: NOW, utc_offset: 28_800 })
}

/// Two fresh instances, then one that is warm. Gives the first answer.
fn determinism(ledger: &mut Ledger, source: &Source, case: &Case) -> Ran {
    let first = ask(ledger, source, &case.call);
    let second = ask(ledger, source, &case.call);
    if let Some(how) = differs(&first, &second) {
        ledger.fail(Law::Determinism, Some(&case.name), "fresh against fresh", how);
    } else if first.cost.fuel != second.cost.fuel && first.outcome.is_ok() {
        let how = format!("other instructions: {:?}, then {:?}", first.cost.fuel, second.cost.fuel);
        ledger.fail(Law::Determinism, Some(&case.name), "fresh against fresh", how);
    }
    if let Some(crawl) = case.call.crawl() {
        let mut crawling = source.crawl(crawl);
        for _ in 0..WARM {
            ask_on(ledger, &mut crawling, &case.call);
            // What came between must leave no trace either.
            ask_on(ledger, &mut crawling, &with_body(&case.call, damage::LOGIN.to_owned()));
            let warm = ask_on(ledger, &mut crawling, &case.call);
            if let Some(how) = differs(&first, &warm) {
                ledger.fail(Law::Determinism, Some(&case.name), "fresh against warm", how);
                break;
            }
        }
    }
    first
}

/// Every request of an answer.
fn closure(
    ledger: &mut Ledger,
    manifest: &Manifest,
    crawl: &Crawl,
    answer: &Answer,
    fixture: Option<&str>,
    place: &str,
) {
    let requests: &[Request] = match answer {
        Answer::Requests(requests) => requests,
        Answer::Page(page) => &page.follow,
        Answer::Labels(_) | Answer::Failure(_) => &[],
    };
    let target = address(crawl);
    for request in requests {
        if let Some(fault) = source::fault(manifest, request) {
            ledger.fail(Law::Closure, fixture, place, fault);
            continue;
        }
        let covered = Url::parse(&request.url)
            .is_ok_and(|url| manifest.network.allow.iter().any(|pattern| pattern.covers(&url, target.as_ref())));
        if !covered {
            let problem = format!("request outside of network.allow: {}", source::brief(&request.url));
            ledger.fail(Law::Closure, fixture, place, problem);
        }
        for (name, _) in &request.headers {
            if IDENTITY.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                let problem = format!("the host says who asks and drops this field: {}", source::brief(name));
                ledger.warn(Law::Closure, fixture, place, problem);
            }
        }
    }
}

/// What `target` in an allow-list stands for, as the host sees it.
fn address(crawl: &Crawl) -> Option<Url> {
    let address = crawl.site.as_deref().or(match &crawl.target {
        Target::Listing(url) | Target::Item(url) => Some(url),
        Target::Keyword(_) | Target::Account(_) => None,
    })?;
    Url::parse(address).ok()
}

/// Each step must have read something somewhere.
fn coverage(ledger: &mut Ledger, manifest: &Manifest, cases: &[Case]) {
    let mut read: BTreeMap<&str, bool> = manifest.steps.iter().map(|step| (step.name.as_str(), false)).collect();
    for case in cases {
        let full =
            matches!(&case.expect, Some(Answer::Page(page)) if !page.posts.is_empty() || !page.follow.is_empty());
        if let Some(found) = case.call.step().and_then(|step| read.get_mut(step)) {
            *found |= full;
        }
    }
    for (step, _) in read.iter().filter(|(_, found)| !**found) {
        let problem = "no fixture in which this step finds posts or requests: add one";
        ledger.fail(Law::Coverage, None, &format!("step {step}"), problem);
    }
    ledger.tried(Law::Coverage, format!("{} steps", read.len()));
}

fn damages(ledger: &mut Ledger, source: &Source, played: &[Played<'_>]) {
    let before = ledger.calls;
    for (nth, Played { case, ran, .. }) in played.iter().enumerate() {
        let Call::Parse { response, .. } = &case.call else { continue };
        // What the whole page breaks, a part of it may break as well: that says nothing more.
        if ran.outcome.is_err() {
            continue;
        }
        let own = Own::of(&ran.outcome);
        let elsewhere = elsewhere(response, &ran.outcome);
        let whole = damage::of(&response.body).into_iter().chain(elsewhere).map(|damage| (damage, None));
        let mut endless = 0;
        for (damage, other) in whole.chain(swaps(played, nth)) {
            let answer = damaged(ledger, source, case, &damage, &own, other.as_ref());
            endless += usize::from(matches!(answer, Err(Trap::Timeout(_))));
            if endless == ENDLESS {
                let problem = "the other damages of this page were not tried: they would take too long";
                ledger.warn(Law::Damage, Some(&case.name), &damage.name, problem);
                break;
            }
        }
    }
    ledger.tried(Law::Damage, format!("{} damaged pages", ledger.calls - before));
}

/// A page whose links lead to another host.
fn elsewhere(response: &Response, answer: &Result<Answer, Trap>) -> Vec<Damage> {
    let Ok(base) = Url::parse(&response.url) else { return Vec::new() };
    let follow = if let Ok(Answer::Page(page)) = answer { page.follow.as_slice() } else { &[] };
    let addresses = follow.iter().filter_map(|request| Url::parse(&request.url).ok()).collect();
    damage::elsewhere(&response.body, &base, &addresses)
}

/// Tries one damaged page.
fn damaged(
    ledger: &mut Ledger,
    source: &Source,
    case: &Case,
    damage: &Damage,
    own: &Own<'_>,
    other: Option<&Own<'_>>,
) -> Result<Answer, Trap> {
    let whole = if let Call::Parse { response, .. } = &case.call { response.body.as_str() } else { "" };
    let answer = ask(ledger, source, &with_damage(&case.call, damage)).outcome;
    for problem in judge::judge(damage, own, other, whole, &answer) {
        ledger.fail(Law::Damage, Some(&case.name), &damage.name, problem);
    }
    if let (Ok(answer), Some(crawl)) = (&answer, case.call.crawl()) {
        closure(ledger, source.manifest(), crawl, answer, Some(&case.name), &damage.name);
    }
    answer
}

/// The bodies of other fixtures, as damages of the nth: those that follow it, so
/// that every body has its turn where there are many.
fn swaps<'a>(played: &'a [Played<'a>], nth: usize) -> Vec<(Damage, Option<Own<'a>>)> {
    let step = played[nth].case.call.step();
    let order = (1..played.len()).map(|further| &played[(nth + further) % played.len()]);
    let bodies = order.filter_map(|other| match &other.case.call {
        Call::Parse { response, .. } => Some((other, response)),
        _ => None,
    });
    bodies
        .take(SWAPS)
        .map(|(other, response)| {
            let kind = damage::Kind::Swapped { same_step: other.case.call.step() == step };
            let name = format!("with the body of {}", other.case.name);
            (
                Damage::new(name, kind, response.body.clone()),
                Some(Own::of(&other.ran.outcome).beside(other.bare.as_ref())),
            )
        })
        .collect()
}

/// What a page costs, and what it costs eight times over.
fn growth(ledger: &mut Ledger, source: &Source, played: &[Played<'_>]) {
    let mut most = 0;
    for Played { case, ran, .. } in played {
        let Some(once) = ran.cost.fuel.filter(|_| ran.outcome.is_ok()) else { continue };
        most = most.max(once);
        let Call::Parse { response, .. } = &case.call else { continue };
        let repeated = ask(ledger, source, &with_body(&case.call, response.body.repeat(TIMES)));
        let times = repeated.cost.fuel.unwrap_or(0);
        let place = format!("the page {TIMES} times over");
        if let Err(trap) = &repeated.outcome {
            ledger.fail(Law::Termination, Some(&case.name), &place, format!("no answer: {trap}"));
        } else if times > CHEAP && times > once.saturating_mul(TIMES as u64 * GROWTH) {
            let problem =
                format!("costs {} times as much: what it does grows faster than the page", times / once.max(1));
            ledger.fail(Law::Termination, Some(&case.name), &place, problem);
        }
    }
    ledger.tried(Law::Termination, format!("at most {:.1} million instructions a page", most as f64 / 1e6));
}

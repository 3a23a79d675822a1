//! How reports say things: moments, names, and the sentences that several of them share.

use caifeng_plugin_host::contract::Timestamp;

use super::facts::{Frame, Kept, Matter, Moods};
use crate::coverage;
use crate::coverage::statement::{Span, Statement};
use crate::document::{Block, Document, Plain, Run};
use crate::incident::clock::{Clock, ClockState};
use crate::incident::{Category, State};
use crate::lang::{Lang, grouped};
use crate::plan::Plan;
use crate::warning;

/// Characters of an incident's title in a sentence.
const TITLE: usize = 30;

/// A moment: `2026-06-03 10:20`.
pub(super) fn moment(frame: &Frame<'_>, at: Timestamp) -> String {
    coverage::words::moment(at, frame.zone)
}

/// A day as official papers write it (GB/T 9704—2012, 7.3.5.4): `2026年6月3日`.
pub(super) fn day(frame: &Frame<'_>, at: Timestamp) -> String {
    let form = match frame.lang {
        Lang::Zh => "%Y年%-m月%-d日",
        Lang::En => "%-d %B %Y",
    };
    local(frame, at).strftime(form).to_string()
}

/// A moment in the organisation's zone.
pub(super) fn local(frame: &Frame<'_>, at: Timestamp) -> jiff::Zoned {
    jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(frame.zone.clone())
}

/// A span: its first and its last day where it is made of days, else both moments.
pub(super) fn span(frame: &Frame<'_>, span: Span) -> String {
    let midnight = |at| local(frame, at).time() == jiff::civil::Time::midnight();
    let (from, to) = if midnight(span.since) && midnight(span.until) {
        (day(frame, span.since), day(frame, span.until - 1))
    } else {
        (moment(frame, span.since), moment(frame, span.until))
    };
    if from == to { from } else { frame.lang.with("report.span", &[("from", &from), ("to", &to)]) }
}

/// Who tells: its name, or a place to fill.
pub(super) fn organisation(frame: &Frame<'_>) -> String {
    if frame.organisation.trim().is_empty() { frame.lang.t("report.unnamed") } else { frame.organisation.to_owned() }
}

/// A category, or that there is none.
pub(super) fn category(frame: &Frame<'_>, category: Option<Category>) -> String {
    frame.lang.t(match category {
        Some(Category::Problem) => "category.problem",
        Some(Category::Emergency) => "category.emergency",
        Some(Category::Sensitive) => "category.sensitive",
        Some(Category::Suggestion) => "category.suggestion",
        Some(Category::Rumour) => "category.rumour",
        None => "category.none",
    })
}

/// The six of a [`Day`](super::facts::Day).
pub(super) fn categories(frame: &Frame<'_>) -> Vec<String> {
    let named = Category::ALL.into_iter().map(Some).chain([None]);
    named.map(|one| category(frame, one)).collect()
}

/// A state.
pub(super) fn state(frame: &Frame<'_>, state: State) -> String {
    frame.lang.t(match state {
        State::New => "state.new",
        State::Handling => "state.handling",
        State::Watching => "state.watching",
        State::Closed => "state.closed",
        State::Dismissed => "state.dismissed",
        State::Merged => "state.merged",
    })
}

/// A level by the plan that named it, or that none was decided.
pub(super) fn level(frame: &Frame<'_>, plan: &Plan, level: Option<&str>) -> String {
    match level {
        None => frame.lang.t("report.no-level"),
        Some(id) => plan.level(id).map_or_else(|| id.to_owned(), |level| level.name.in_lang(frame.lang).to_owned()),
    }
}

/// How it grows.
pub(super) fn stage(frame: &Frame<'_>, stage: warning::Stage) -> String {
    warning::words::stage(frame.lang, stage)
}

/// A colleague by identifier; those who left are known by it only.
pub(super) fn person(frame: &Frame<'_>, id: &str) -> String {
    frame.people.get(id).cloned().unwrap_or_else(|| id.to_owned())
}

/// What an incident is called in a sentence.
pub(super) fn called(matter: &Matter) -> Plain {
    let title = Plain::of(&matter.title);
    if title.is_empty() { Plain::of(&format!("#{}", matter.id)) } else { title.cut(TITLE) }
}

/// Category with who says so.
pub(super) fn kind(frame: &Frame<'_>, matter: &Matter) -> String {
    let named = category(frame, matter.category);
    match (matter.category, matter.decided) {
        (None, _) => frame.lang.t("report.not-judged"),
        (Some(_), true) => named,
        (Some(_), false) => frame.lang.with("report.suggested-category", &[("category", &named)]),
    }
}

/// Category with who says so, and level.
pub(super) fn judged(frame: &Frame<'_>, plan: &Plan, matter: &Matter) -> String {
    let named = kind(frame, matter);
    match &matter.level {
        None => named,
        Some(id) => frame.lang.list(&[named, level(frame, plan, Some(id))]),
    }
}

/// The name of a clock: its rule's, or that of the step whose due time it is.
pub(super) fn clock(frame: &Frame<'_>, plan: &Plan, id: &str) -> String {
    if let Some(step) = id.strip_prefix("step:") {
        let found = plan.playbooks.iter().find_map(|playbook| playbook.step(step));
        let name = found.map_or(step, |step| step.name.in_lang(frame.lang));
        return frame.lang.with("report.step-clock", &[("step", &name)]);
    }
    let rule = plan.clocks.iter().find(|rule| rule.id == id);
    rule.map_or_else(|| id.to_owned(), |rule| rule.name.in_lang(frame.lang).to_owned())
}

/// What became of a clock by now.
pub(super) fn course(frame: &Frame<'_>, clock: &Clock) -> String {
    let length = |seconds| coverage::words::length(frame.lang, seconds);
    let late = clock.late(frame.now);
    match clock.state {
        ClockState::Met(at) if late == 0 => frame.lang.with("report.clock-met", &[("time", &moment(frame, at))]),
        ClockState::Met(at) => {
            frame.lang.with("report.clock-late", &[("time", &moment(frame, at)), ("length", &length(late))])
        }
        ClockState::Running if late == 0 => {
            frame.lang.with("report.clock-left", &[("length", &length(clock.due - frame.now))])
        }
        ClockState::Running => frame.lang.with("report.clock-missed", &[("length", &length(late))]),
        ClockState::Paused(at) => frame.lang.with("report.clock-paused", &[("time", &moment(frame, at))]),
        ClockState::Void(_) => frame.lang.t("report.clock-void"),
    }
}

/// How clocks went, in one sentence.
pub(super) fn clocks(frame: &Frame<'_>, plan: &Plan, kept: &[Kept]) -> String {
    let (good, bad) = kept.iter().fold((0, 0), |(good, bad), one| (good + one.kept, bad + one.missed));
    if good + bad == 0 {
        return frame.lang.t("report.clocks-none");
    }
    let mut told = frame
        .lang
        .with("report.clocks", &[("all", &grouped(good + bad)), ("kept", &grouped(good)), ("missed", &grouped(bad))]);
    let missed: Vec<String> =
        kept.iter().filter(|one| one.missed > 0).map(|one| clock(frame, plan, &one.clock)).collect();
    if !missed.is_empty() {
        told.push_str(&frame.lang.with("report.clocks-missed", &[("names", &frame.lang.list(&missed))]));
    }
    told
}

/// How posts are labelled, and that it is a label.
pub(super) fn moods(frame: &Frame<'_>, moods: Moods) -> String {
    if moods.critical + moods.favourable == 0 {
        return frame.lang.t("report.moods-none");
    }
    let (critical, favourable, unmarked) =
        (grouped(moods.critical), grouped(moods.favourable), grouped(moods.unmarked));
    frame.lang.with("report.moods", &[("critical", &critical), ("favourable", &favourable), ("unmarked", &unmarked)])
}

/// The coverage statement that every report carries: how much was heard, what is missing and why.
pub(super) fn coverage(document: &mut Document, statement: &Statement, frame: &Frame<'_>) {
    let mut told = frame.lang.t("report.coverage");
    told.push_str(&coverage::words::sentence(frame.lang, statement, frame.zone));
    let mut causes: Vec<String> = Vec::new();
    for gap in statement.open().chain(statement.lost()) {
        let (cause, _) = coverage::words::keys(gap.cause);
        let one = frame.lang.with("report.gap", &[("watch", &gap.watch), ("cause", &frame.lang.t(cause))]);
        if !causes.contains(&one) {
            causes.push(one);
        }
    }
    if !causes.is_empty() {
        let more = causes.len().saturating_sub(4);
        causes.truncate(4);
        told.push_str(&frame.lang.with("report.causes", &[("causes", &frame.lang.list(&causes))]));
        if more > 0 {
            told.push_str(&frame.lang.count("report.causes-more", more as u64));
        }
    }
    document.push(Block::Note(vec![Run::text(told)]));
}

/// How figures are come by, in small print.
pub(super) fn grounds(document: &mut Document, frame: &Frame<'_>) {
    document.push(Block::Note(vec![Run::text(frame.lang.t("report.grounds"))]));
}

/// More or less than before, in words.
pub(super) fn change(frame: &Frame<'_>, now: u64, before: u64) -> String {
    if before == 0 || now == before {
        let key = if now == before { "report.same" } else { "report.none-before" };
        return frame.lang.t(key);
    }
    #[expect(clippy::cast_precision_loss, reason = "a percentage of counts")]
    let share = (now as f64 - before as f64).abs() / before as f64 * 100.0;
    let key = if now > before { "report.more" } else { "report.fewer" };
    frame.lang.with(key, &[("before", &grouped(before)), ("share", &format!("{share:.1}%"))])
}

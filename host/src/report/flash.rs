//! 快报: one page about one incident, for those who must know now (P7, P23).
//!
//! Facts at once, causes with care, attitude first (速报事实、慎报原因、重报态度): a cause is never told here, because
//! nothing that was captured can be one.

use super::cite::cite_all;
use super::facts::{Dossier, Frame};
use super::{Kind, headed, special, words};
use crate::coverage::words::length;
use crate::document::{Document, Run};
use crate::incident::clock::Clock;
use crate::lang::grouped;

/// Clocks that are named.
const CLOCKS: usize = 2;
/// Posts that are cited.
const CITED: usize = 2;

/// 快报.
pub(super) fn write(dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut document = headed(Kind::Flash, words::called(&dossier.matter), number(frame), frame);
    let what = what(&mut document, dossier, frame);
    let parts = [
        ("report.what", what),
        ("report.spread", vec![Run::text(spread(dossier, frame))]),
        ("report.judgement", special::judgement(dossier, frame)),
        ("report.handling", vec![Run::text(handling(dossier, frame))]),
    ];
    for (name, runs) in parts {
        // Headings of their own would cost the page its last lines.
        let name = Run::strong(lang.with("report.run-in", &[("name", &lang.t(name))]));
        document.paragraph(std::iter::once(name).chain(runs).collect());
    }
    words::coverage(&mut document, &dossier.coverage, frame);
    document
}

/// The number of the issue, or room for one: who numbers flashes is a person.
pub(super) fn number(frame: &Frame<'_>) -> String {
    match frame.number {
        Some(n) => frame.lang.with("report.issue", &[("n", &n)]),
        None => frame.lang.t("report.issue-room"),
    }
}

/// First sight, and what was said, in the words of whoever said it first.
pub(super) fn what(document: &mut Document, dossier: &Dossier, frame: &Frame<'_>) -> Vec<Run> {
    let lang = frame.lang;
    let Some(first) = dossier.matter.cited.first() else {
        return vec![Run::missing(lang)];
    };
    let told = lang.with(
        "report.first-sight",
        &[
            ("time", &words::moment(frame, dossier.matter.opened)),
            ("site", &first.site),
            ("title", &super::cite::title(first)),
        ],
    );
    let mut runs = vec![Run::text(told)];
    runs.extend(cite_all(document, dossier.matter.cited.iter().take(CITED), frame));
    runs.push(Run::text(lang.t("list.stop")));
    runs
}

/// Where it is told, how often, and how it grows.
pub(super) fn spread(dossier: &Dossier, frame: &Frame<'_>) -> String {
    let lang = frame.lang;
    let reach = &dossier.reach;
    let views = reach.views.map_or_else(
        || lang.t("report.views-unknown"),
        |views| lang.with("report.views", &[("views", &grouped(views))]),
    );
    let mut told = lang.with(
        "report.reach",
        &[
            ("now", &words::moment(frame, frame.now)),
            ("posts", &lang.count("count.posts", reach.posts)),
            ("copies", &grouped(reach.copies)),
            ("sites", &lang.count("count.sites", reach.places.len() as u64)),
            ("views", &views),
            ("stage", &words::stage(frame, dossier.matter.stage)),
        ],
    );
    let media: Vec<String> = dossier
        .media
        .iter()
        .take(3)
        .map(|(name, tier)| {
            lang.with("report.medium", &[("name", name), ("tier", &crate::warning::words::tier(lang, *tier))])
        })
        .collect();
    if !media.is_empty() {
        told.push_str(&lang.with("report.media", &[("media", &lang.list(&media))]));
    }
    if dossier.deleted > 0 {
        told.push_str(&lang.count("report.deleted", dossier.deleted));
    }
    told
}

/// What was done, and what ends next.
fn handling(dossier: &Dossier, frame: &Frame<'_>) -> String {
    let lang = frame.lang;
    let done = dossier.incident.steps.len();
    let steps =
        dossier.matter.category.and_then(|category| dossier.plan.playbook(category)).map_or(0, |book| book.steps.len());
    let owner =
        dossier.incident.owner.as_ref().map_or_else(|| lang.t("report.no-owner"), |id| words::person(frame, id));
    let mut told = lang.with(
        "report.handling-said",
        &[("state", &words::state(frame, dossier.matter.state)), ("owner", &owner), ("done", &done), ("steps", &steps)],
    );
    let mut clocks: Vec<&Clock> = dossier.incident.clocks.clocks().iter().filter(|clock| clock.is_live()).collect();
    clocks.sort_by_key(|clock| clock.due);
    for clock in clocks.into_iter().take(CLOCKS) {
        let (name, course) = (words::clock(frame, &dossier.plan, &clock.id), words::course(frame, clock));
        told.push_str(&lang.with("report.clock-said", &[("clock", &name), ("course", &course)]));
    }
    match dossier.matter.answered {
        Some(at) => {
            let took = length(lang, (at - dossier.matter.opened).max(0));
            told.push_str(
                &lang.with("report.answered-after", &[("time", &words::moment(frame, at)), ("length", &took)]),
            );
        }
        None => told.push_str(&lang.t("report.matter-unanswered")),
    }
    told
}

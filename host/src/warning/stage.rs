//! From signs to a stage, and from a stage to at most one warning a step: pure.
//!
//! ```text
//!         a sign                strong and rising          grows no more         below half
//! quiet ─────────▶ emerging ─────────────────────▶ growing ─────────────▶ peaking ─────────▶ fading
//!   ▲                 │                               ▲                      │                 │
//!   └── calm for six hours that were heard ───────────┼──────────────────────┼─────────────────┤
//!                                                     └──── new height ──────┴─── comes back ──┘
//! ```
//!
//! How high it stands is told by posts an hour (by six hours where an hour has few); what was reached counts half after
//! a day, so that a second wave is measured by what is still remembered of the first. Nothing falls while it is
//! not heard. A warning is given when its severity exceeds what was told in this episode, or when what had faded for
//! six hours comes back; an episode ends in quiet.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::known::{HOUR, Known};
use super::signs::Signs;
use super::usual::Memory;
use super::{Alert, Reason, Severity, Stage};

/// Hours without a sign, as far as they were heard, after which an episode is over.
const CALM: f64 = 6.0;
/// How far from a sign a rate must be to count as calm: twenty times likelier.
const CLEAR: f64 = 3.0;
/// Posts of an hour from which hours tell how high it stands.
const LIVELY: u64 = 5;
/// Hours that are taken together where it is less.
const SLOW: i64 = 6;
/// Below that share of its height it fades, above the other it has come back.
const FALLEN: f64 = 0.5;
const BACK: f64 = 0.6;
/// Hours after which a height counts half.
const HALF: f64 = 24.0;
/// Hours for which it must have faded before it is told that it comes back.
const FADED: i64 = 6;
/// How far back heights are looked for, in hours.
const EPISODE: i64 = 7 * 24;
/// Share of an hour that must have been heard for a fall in it to be believed.
const HEARD: f64 = 0.5;

/// Where a subject stands, kept from one judgement to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its stage.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
    /// The most that was told in this episode.
    pub told: Option<Severity>,
    /// Since when there has been no sign, within an episode.
    pub calm: Option<Timestamp>,
    /// When it was judged last.
    pub at: Timestamp,
}

/// What a judgement came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Where it stands now.
    pub standing: Standing,
    /// What a person must be told.
    pub alert: Option<Alert>,
    /// What it is judged by.
    pub signs: Signs,
}

/// Judges a subject at `now`. A moment before the last judgement changes nothing.
#[must_use]
pub fn judge(before: &Standing, known: &Known<'_>, memory: &mut Memory, now: Timestamp) -> Judged {
    if now < before.at {
        return Judged { standing: *before, alert: None, signs: Signs::default() };
    }
    let signs = Signs::read(known, memory, now);
    let calm = if signs.any() || signs.distance < CLEAR { None } else { Some(before.calm.unwrap_or(now)) };
    let stage = next(before, known, &signs, calm, now);
    let since = if stage == before.stage { before.since } else { now };
    let mut standing = Standing { stage, since, told: before.told, calm, at: now };
    if stage == Stage::Quiet {
        standing = Standing { told: None, calm: None, ..standing };
    }
    let faded = before.stage == Stage::Fading && now - before.since >= FADED * HOUR;
    let returned = faded && stage == Stage::Growing;
    let alert = severity(stage, &signs).filter(|severity| returned || Some(*severity) > standing.told);
    let alert = alert.map(|severity| {
        standing.told = standing.told.max(Some(severity));
        let back = returned.then_some(Reason::Returned);
        Alert { stage, severity, why: back.into_iter().chain(signs.reasons(now)).collect() }
    });
    Judged { standing, alert, signs }
}

fn severity(stage: Stage, signs: &Signs) -> Option<Severity> {
    let base = match stage {
        Stage::Quiet | Stage::Fading => return None,
        Stage::Emerging => Severity::Notice,
        Stage::Growing | Stage::Peaking => Severity::Warning,
    };
    Some(if signs.wide { base.raised() } else { base })
}

fn next(before: &Standing, known: &Known<'_>, signs: &Signs, calm: Option<Timestamp>, now: Timestamp) -> Stage {
    let strong = signs.rate.is_some_and(|rate| rate.strong);
    let height = Height::of(known, now);
    match before.stage {
        Stage::Quiet if !signs.any() => Stage::Quiet,
        Stage::Quiet | Stage::Emerging if strong && height.rises => Stage::Growing,
        Stage::Quiet => Stage::Emerging,
        Stage::Emerging | Stage::Fading if calm.is_some_and(|since| known.hearing.heard(since, now) >= CALM) => {
            Stage::Quiet
        }
        _ if !(heard(known, &height, now) || signs.rate.is_some() && height.rises) => before.stage,
        Stage::Emerging => Stage::Emerging,
        Stage::Growing | Stage::Peaking if height.rises && signs.rate.is_some() => Stage::Growing,
        Stage::Growing | Stage::Peaking if height.share >= FALLEN => Stage::Peaking,
        Stage::Fading if height.share >= BACK && signs.rate.is_some() => Stage::Growing,
        Stage::Growing | Stage::Peaking | Stage::Fading => Stage::Fading,
    }
}

/// Whether a fall could have been seen: an hour after the height was heard. It need not be the last one, for watches are
/// swept at their own pace.
fn heard(known: &Known<'_>, height: &Height, now: Timestamp) -> bool {
    let hours = height.hour + 1..now.div_euclid(HOUR);
    hours.rev().any(|hour| known.hearing.heard(hour * HOUR, (hour + 1) * HOUR) >= HEARD)
}

/// How high it stands beside what it has reached.
struct Height {
    /// The height is being reached now.
    rises: bool,
    /// What it is lately, as a share of the height.
    share: f64,
    /// The last hour of the height.
    hour: i64,
}

impl Height {
    fn of(known: &Known<'_>, now: Timestamp) -> Self {
        let hour = now.div_euclid(HOUR);
        let counts = known.span(hour - EPISODE, hour);
        let lively = counts.iter().any(|count| count.posts >= LIVELY);
        let width = if lively { 1 } else { SLOW };
        let mut best = (0.0, hour);
        for end in counts.iter().map(|count| count.hour + width - 1) {
            let end = end.min(hour);
            #[expect(clippy::cast_precision_loss, reason = "posts and hours of a week")]
            let remembered = known.posts(end - width + 1, end) as f64 * 0.5_f64.powf((hour - end) as f64 / HALF);
            if remembered >= best.0 {
                best = (remembered, end);
            }
        }
        // The hour that runs has only begun: the one before it says as much.
        let lately = known.posts(hour - width + 1, hour).max(known.posts(hour - width, hour - 1));
        #[expect(clippy::cast_precision_loss, reason = "posts of an hour")]
        let share = if best.0 > 0.0 { lately as f64 / best.0 } else { 0.0 };
        Self { rises: hour - best.1 <= width.min(2) && best.0 > 0.0, share, hour: best.1 }
    }
}

//! What changed after an answer was published: how much was said, in how many places, how it was seen and in which mood.
//!
//! Two windows, a day and a week, each held against the same length of time before. A window that is not over is
//! compared with as much of the time before as has passed since. Fewer posts are calm only where somebody listened:
//! each side says which part of it was heard, by the watches that bring the incident, and an effect that rests on
//! too little of it ([`ENOUGH`]) says so instead of being read as one.
//!
//! What it gave up: a cause. Attention fades by itself; the figures say what changed, not why.

use std::collections::BTreeSet;

use caifeng_plugin_host::contract::Timestamp;
use serde::Serialize;

use crate::warning::known::Hearing;

/// The windows, in seconds: a day, and a week.
pub const WINDOWS: [i64; 2] = [24 * 3600, 7 * 24 * 3600];
/// From this part of its time on a side counts as heard.
pub const ENOUGH: f64 = 0.9;
/// A window shorter than this says nothing yet, in seconds.
const LEAST: i64 = 3600;

/// A post of the incident, as far as the effect goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Its publication, else its capture.
    pub at: Timestamp,
    /// Where.
    pub site: String,
    /// How often it was seen, where the site says so.
    pub views: Option<u64>,
    /// In which mood, where a classifier says so.
    pub mood: Option<Mood>,
}

/// The mood of a post, by the strongest label of the classifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mood {
    /// Approving.
    Positive,
    /// Neither.
    Neutral,
    /// Complaining, angry, afraid.
    Negative,
}

impl Mood {
    /// The mood of a label's name, if it is one.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "positive" => Some(Self::Positive),
            "neutral" => Some(Self::Neutral),
            "negative" => Some(Self::Negative),
            _ => None,
        }
    }
}

/// What was said in one span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Side {
    /// Posts.
    pub posts: u64,
    /// Sites.
    pub places: u64,
    /// Views of these posts that are known, together; `None` when no site says.
    pub views: Option<u64>,
    /// Posts of which a classifier says a mood.
    pub moods: u64,
    /// Of these the negative ones.
    pub negative: u64,
    /// Of these the positive ones.
    pub positive: u64,
    /// Which part of the time was heard, 0 to 1.
    pub heard: f64,
}

/// A span of time before the publication, held against one of the same length after it.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Window {
    /// Seconds that it has when it is over.
    pub seconds: i64,
    /// Seconds on each side that are compared.
    pub compared: i64,
    /// Before.
    pub before: Side,
    /// After.
    pub after: Side,
    /// What may be read from it.
    pub reading: Reading,
}

/// What a comparison is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// Both sides were heard.
    Comparable,
    /// One was not: fewer posts may be silence, more may be hearing again.
    Unheard,
    /// It was published too lately.
    TooEarly,
}

/// The effect of one answer.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Effect {
    /// When the answer was published.
    pub published: Timestamp,
    /// The windows, the shorter first.
    pub windows: Vec<Window>,
}

impl Effect {
    /// What has changed by `now`, from the incident's posts in any order.
    #[must_use]
    pub fn of(published: Timestamp, voices: &[Voice], hearing: &Hearing, now: Timestamp) -> Self {
        let passed = now.saturating_sub(published).max(0);
        let window = |seconds: i64| {
            let compared = seconds.min(passed);
            let before = side(voices, hearing, published - compared, published);
            let after = side(voices, hearing, published, published + compared);
            let reading = match (before.heard, after.heard) {
                _ if compared < LEAST => Reading::TooEarly,
                (before, after) if before < ENOUGH || after < ENOUGH => Reading::Unheard,
                _ => Reading::Comparable,
            };
            Window { seconds, compared, before, after, reading }
        };
        Self { published, windows: WINDOWS.map(window).to_vec() }
    }
}

/// What was said from one moment on, up to another.
fn side(voices: &[Voice], hearing: &Hearing, from: Timestamp, until: Timestamp) -> Side {
    let said = || voices.iter().filter(|voice| (from..until).contains(&voice.at));
    let mood = |wanted: Mood| said().filter(|voice| voice.mood == Some(wanted)).count() as u64;
    #[expect(clippy::cast_precision_loss, reason = "seconds of a week are exact in f64")]
    let hours = (until - from) as f64 / 3600.0;
    Side {
        posts: said().count() as u64,
        places: said().map(|voice| voice.site.as_str()).collect::<BTreeSet<_>>().len() as u64,
        views: said().filter_map(|voice| voice.views).reduce(u64::saturating_add),
        moods: said().filter(|voice| voice.mood.is_some()).count() as u64,
        negative: mood(Mood::Negative),
        positive: mood(Mood::Positive),
        heard: if until > from { (hearing.heard(from, until) / hours).clamp(0.0, 1.0) } else { 0.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warning::known::Deaf;

    const HOUR: i64 = 3600;
    const AT: Timestamp = 1_000_000_800;

    fn voice(hours: i64, site: &str, views: Option<u64>, mood: Option<Mood>) -> Voice {
        Voice { at: AT + hours * HOUR, site: site.to_owned(), views, mood }
    }

    fn deaf(from: i64, until: i64, share: f64) -> Hearing {
        Hearing::but_for(vec![Deaf { from: AT + from * HOUR, until: AT + until * HOUR, share }])
    }

    #[test]
    fn each_side_has_its_own_posts_and_the_moment_itself_is_after() {
        let negative = Some(Mood::Negative);
        let voices = [
            voice(-25, "a", None, negative),
            voice(-3, "a", Some(7), negative),
            voice(-2, "b", Some(5), None),
            voice(0, "a", None, Some(Mood::Positive)),
            voice(5, "a", None, negative),
            voice(24, "c", None, negative),
        ];
        let effect = Effect::of(AT, &voices, &Hearing::default(), AT + 400 * HOUR);
        let [day, week] = &effect.windows[..] else { panic!("two windows") };
        let sum = |side: &Side| (side.posts, side.places, side.views, side.moods, side.negative, side.positive);
        assert_eq!(sum(&day.before), (2, 2, Some(12), 1, 1, 0));
        assert_eq!(sum(&day.after), (2, 1, None, 2, 1, 1));
        assert_eq!((sum(&week.before).0, sum(&week.after).0), (3, 3));
        assert_eq!((day.reading, day.compared, week.compared), (Reading::Comparable, 24 * HOUR, 168 * HOUR));
    }

    #[test]
    fn a_window_that_is_not_over_is_held_against_as_much_of_the_time_before() {
        let voices = [voice(-7, "a", None, None), voice(-5, "a", None, None), voice(3, "a", None, None)];
        let effect = Effect::of(AT, &voices, &Hearing::default(), AT + 6 * HOUR);
        for window in &effect.windows {
            assert_eq!((window.compared, window.before.posts, window.after.posts), (6 * HOUR, 1, 1));
        }
        let early = Effect::of(AT, &voices, &Hearing::default(), AT + HOUR - 1);
        assert!(early.windows.iter().all(|window| window.reading == Reading::TooEarly));
        let future = Effect::of(AT, &voices, &Hearing::default(), AT - HOUR);
        assert_eq!((future.windows[0].compared, future.windows[0].after.posts), (0, 0));
    }

    /// Design §1: silence is never shown as quiet.
    #[test]
    fn what_was_not_heard_is_never_read_as_calm() {
        let voices = [voice(-3, "a", None, None), voice(-2, "a", None, None)];
        let now = AT + 24 * HOUR;
        let reading = |hearing: &Hearing| Effect::of(AT, &voices, hearing, now).windows[0].clone();
        let after = reading(&deaf(10, 24, 1.0));
        assert_eq!((after.after.posts, after.reading), (0, Reading::Unheard));
        assert!((after.after.heard - 10.0 / 24.0).abs() < 1e-9 && (after.before.heard - 1.0).abs() < 1e-9);
        assert_eq!(reading(&deaf(-20, -10, 0.5)).reading, Reading::Unheard, "nor does the past make it louder");
        assert_eq!(reading(&deaf(0, 2, 0.5)).reading, Reading::Comparable, "an hour of a day");
        assert_eq!(reading(&Hearing::default()).reading, Reading::Comparable);
    }
}

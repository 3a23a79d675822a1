//! What became of a post: its counts, its deletion, its versions.

use caifeng_plugin_host::contract::{Reactions, Timestamp};

use super::tight;
use crate::store::Reading;
use crate::text::diff::Change;
use crate::web::lang::{Lang, grouped};
use crate::web::when::Clockface;
use crate::web::{Became, Changed};

/// A post's life, told.
pub(super) struct LifeView {
    /// Between which two moments it was deleted, as a sentence.
    pub(super) deleted: Option<String>,
    /// Its counts, when they were seen more than once.
    pub(super) counts: Option<CountsView>,
    /// What its latest versions changed.
    pub(super) changes: Vec<ChangeView>,
}

/// The line of the count that says most, its sentence, and all of them as a table.
pub(super) struct CountsView {
    pub(super) points: String,
    pub(super) sentence: String,
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<(String, Vec<String>)>,
}

/// What one version changed.
pub(super) struct ChangeView {
    pub(super) version: u32,
    pub(super) head: String,
    pub(super) parts: Vec<PartView>,
}

/// A run of text.
pub(super) struct PartView {
    pub(super) removed: bool,
    pub(super) added: bool,
    pub(super) text: String,
}

/// Readings that are drawn and listed: the newest.
const MOST: usize = 100;
/// Characters of a run that did not change, beside what did.
const CONTEXT: usize = 40;
/// Characters of a run that changed.
const LONGEST: usize = 2_000;

/// One of the four counts.
type Count = (&'static str, fn(&Reactions) -> Option<u64>);

/// The four, that which says most of how far a post has travelled first.
const COUNTS: [Count; 4] = [
    ("life.views", |counts| counts.views),
    ("life.shares", |counts| counts.shares),
    ("life.replies", |counts| counts.replies),
    ("life.likes", |counts| counts.likes),
];

impl LifeView {
    pub(super) fn new(became: &Became, face: &Clockface, lang: Lang) -> Self {
        let deleted = became.deleted.map(|(from, to)| {
            tight(&lang.with("life.between", &[("from", &face.plain(from)), ("to", &face.plain(to))]))
        });
        let newest = became.readings.len().saturating_sub(MOST);
        Self {
            deleted,
            counts: counts(&became.readings[newest..], face, lang),
            changes: became.changes.iter().map(|changed| change(changed, face, lang)).collect(),
        }
    }
}

fn counts(readings: &[Reading], face: &Clockface, lang: Lang) -> Option<CountsView> {
    let told: Vec<Count> =
        COUNTS.into_iter().filter(|(_, of)| readings.iter().any(|r| of(&r.counts).is_some())).collect();
    let values = |of: fn(&Reactions) -> Option<u64>| -> Vec<(Timestamp, u64)> {
        readings.iter().filter_map(|r| Some((r.at, of(&r.counts)?))).collect()
    };
    let (name, line) = told.iter().map(|(name, of)| (name, values(*of))).find(|(_, line)| line.len() > 1)?;
    let (first, last) = (line.first()?, line.last()?);
    let sentence = lang.with(
        "life.counts",
        &[
            ("name", &lang.t(name)),
            ("first", &grouped(first.1)),
            ("start", &face.plain(first.0)),
            ("last", &grouped(last.1)),
            ("end", &face.plain(last.0)),
        ],
    );
    let cell = |n: Option<u64>| n.map_or_else(|| "–".to_owned(), grouped);
    let row = |r: &Reading| (face.plain(r.at), told.iter().map(|(_, of)| cell(of(&r.counts))).collect());
    Some(CountsView {
        points: points(&line),
        sentence: tight(&sentence),
        heads: told.iter().map(|(name, _)| lang.t(name)).collect(),
        rows: readings.iter().map(row).collect(),
    })
}

/// A line in a box of 120 by 28, time from left to right, counts from 0 up.
#[expect(clippy::cast_precision_loss, reason = "a picture needs no more than 52 bits")]
fn points(line: &[(Timestamp, u64)]) -> String {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return String::new() };
    let span = (last.0 - first.0).max(1) as f64;
    let top = line.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1) as f64;
    let point = |(at, n): &(Timestamp, u64)| {
        let (x, y) = ((at - first.0) as f64 / span * 118.0 + 1.0, 27.0 - *n as f64 / top * 26.0);
        format!("{x:.1},{y:.1}")
    };
    line.iter().map(point).collect::<Vec<_>>().join(" ")
}

fn change(changed: &Changed, face: &Clockface, lang: Lang) -> ChangeView {
    let last = changed.parts.len().saturating_sub(1);
    let part = |(n, part): (usize, &crate::text::diff::Part)| PartView {
        removed: part.change == Change::Removed,
        added: part.change == Change::Added,
        text: match part.change {
            Change::Same => context(&part.text, n > 0, n < last),
            Change::Removed | Change::Added => clipped(&part.text),
        },
    };
    ChangeView {
        version: changed.version,
        head: tight(&lang.with("life.changed", &[("n", &changed.version), ("at", &face.plain(changed.at))])),
        parts: changed.parts.iter().enumerate().map(part).collect(),
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The ends of a run that stand next to something that changed.
fn context(text: &str, after: bool, before: bool) -> String {
    let chars = text.chars().count();
    let room = CONTEXT * (usize::from(after) + usize::from(before));
    if chars <= room + CONTEXT / 2 {
        return text.to_owned();
    }
    let head: String = text.chars().take(if after { CONTEXT } else { 0 }).collect();
    let tail: String = text.chars().skip(chars - if before { CONTEXT } else { 0 }).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::diff::Part;
    use crate::web::fixed;

    fn face() -> Clockface {
        Clockface::new(fixed::NOW, &jiff::tz::TimeZone::UTC, Lang::En)
    }

    #[test]
    fn a_line_is_drawn_in_its_box_by_time() {
        assert_eq!(points(&[(0, 0), (50, 10), (100, 5)]), "1.0,27.0 60.0,1.0 119.0,14.0");
        assert_eq!(points(&[(7, 0)]), "1.0,27.0");
    }

    #[test]
    fn counts_that_were_seen_once_are_no_picture() {
        let reading = |at, views, likes| Reading { at, counts: Reactions { views, likes, ..Reactions::default() } };
        assert!(counts(&[reading(0, Some(1), Some(1))], &face(), Lang::En).is_none());
        let view = counts(&[reading(0, None, Some(1)), reading(60, Some(9), Some(4))], &face(), Lang::En).unwrap();
        assert!(view.sentence.starts_with("liked: 1"), "{}", view.sentence);
        assert_eq!(view.rows[0].1, ["–", "1"]);
    }

    #[test]
    fn what_did_not_change_is_shortened() {
        let same = Part { change: Change::Same, text: "同".repeat(500) };
        let new = Part { change: Change::Added, text: "新".to_owned() };
        let changed = Changed { version: 2, at: fixed::NOW, parts: vec![same.clone(), new, same] };
        let view = change(&changed, &face(), Lang::En);
        let shown: Vec<_> = view.parts.iter().map(|part| part.text.chars().count()).collect();
        assert_eq!(shown, [41, 1, 41]);
        assert!(view.parts[0].text.starts_with('…') && view.parts[2].text.ends_with('…'));
    }
}

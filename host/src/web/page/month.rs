//! The picture of the month: one small chart a category, all to one scale.
//!
//! Small charts side by side rather than one in six colours: colour is kept for
//! what a person must act on, and six of them could not be told apart by all.

use super::{category, link_to, tight};
use crate::incident::Category;
use crate::store::CategoryFilter;
use crate::web::lang::{Lang, grouped};
use crate::web::month::{Month, SERIES};
use crate::web::trend::{Bar, scaled};
use crate::web::when::Clockface;

/// The month with its pictures, its sentence and its table.
pub(super) struct MonthView {
    pub(super) cells: Vec<Cell>,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) sentence: String,
    pub(super) heads: Vec<String>,
    /// Days with mentions, the newest first.
    pub(super) days: Vec<Day>,
}

/// One category.
pub(super) struct Cell {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) sum: String,
    pub(super) bars: Vec<Bar>,
}

/// One line of the table.
pub(super) struct Day {
    pub(super) name: String,
    pub(super) figures: Vec<String>,
    pub(super) sum: String,
}

impl MonthView {
    /// `None` when nothing was said all month.
    pub(super) fn new(month: &Month, face: &Clockface, lang: Lang) -> Option<Self> {
        let total = |day: &[u64; SERIES]| day.iter().sum::<u64>();
        // The latest of equals.
        let (peak, most) = month.days().map(|(at, day)| (at, total(day))).max_by_key(|(at, n)| (*n, *at))?;
        if most == 0 {
            return None;
        }
        let (first, last) = (face.plain_day(month.days().next()?.0), face.plain_day(month.days().next_back()?.0));
        let all = month.days().map(|(_, day)| total(day)).sum();
        let sentence = tight(&lang.with(
            "month.sentence",
            &[
                ("first", &first),
                ("last", &last),
                ("mentions", &lang.count("count.mentions", all)),
                ("peak", &face.plain_day(peak)),
                ("n", &grouped(most)),
            ],
        ));
        let told = |(at, day): (_, &[u64; SERIES])| Day {
            name: face.plain_day(at),
            figures: day.iter().map(|n| grouped(*n)).collect(),
            sum: grouped(total(day)),
        };
        let cells: Vec<Cell> = (0..SERIES).map(|n| cell(month, n, lang)).collect();
        Some(Self {
            heads: cells.iter().map(|c| c.name.clone()).collect(),
            cells,
            first,
            last,
            sentence,
            days: month.days().rev().filter(|(_, day)| total(day) > 0).map(told).collect(),
        })
    }
}

fn cell(month: &Month, series: usize, lang: Lang) -> Cell {
    let values = month.series(series);
    let (name, of) = match Category::ALL.get(series) {
        Some(known) => (category(lang, *known), CategoryFilter::Only(*known)),
        None => (lang.t("category.none"), CategoryFilter::Without),
    };
    Cell {
        name,
        href: link_to(false, of, None),
        sum: grouped(values.iter().sum()),
        bars: scaled(&values, month.top(), 150, 40),
    }
}

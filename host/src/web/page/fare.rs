//! How the watches fare: a square for each, the share heard hour by hour, one sentence, and the table behind both.

use super::watch::{SweptWatch, WatchView};
use crate::coverage::statement::Statement;
use crate::coverage::words::percent;
use crate::web::coverage::Health;
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::trend::{Bar, scaled};
use crate::web::when::{Clockface, Stamp};

/// Squares in a row, and at most.
const ROW: usize = 24;
const SQUARES: usize = 240;
/// Units of the picture from one square to the next.
const STEP: usize = 13;
/// Lines of the table; the rest is on the page of watches.
const LINES: usize = 60;

/// The standings, the worst first: as the squares stand.
const STANDINGS: [Standing; 5] =
    [Standing::Failing, Standing::Late, Standing::Paused, Standing::Never, Standing::Heard];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Failing,
    Late,
    Paused,
    Never,
    Heard,
}

impl Standing {
    const fn of(health: Health) -> Self {
        match health {
            Health::Heard => Self::Heard,
            Health::Waiting => Self::Never,
            Health::Late => Self::Late,
            Health::Failing(_) => Self::Failing,
            Health::Halted => Self::Paused,
        }
    }

    /// The name of its mark.
    const fn mark(self) -> &'static str {
        match self {
            Self::Heard => "heard",
            Self::Never => "never",
            Self::Late => "late",
            Self::Failing => "failing",
            Self::Paused => "paused",
        }
    }

    fn counted(self, lang: Lang, n: u64) -> String {
        match self {
            Self::Heard => lang.count("fare.heard", n),
            Self::Never => lang.count("fare.never", n),
            Self::Late => lang.count("fare.late", n),
            Self::Failing => lang.count("fare.failing", n),
            Self::Paused => lang.count("fare.paused", n),
        }
    }
}

/// A square of the picture.
pub(super) struct Square {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) mark: &'static str,
}

/// A standing in words, beside its mark.
pub(super) struct Counted {
    pub(super) mark: &'static str,
    pub(super) words: String,
}

/// A watch in the table.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) standing: String,
    pub(super) heard: Option<Stamp>,
    /// The shares of the last day: heard in time, and known by now.
    pub(super) shares: Option<(String, String)>,
}

/// All of it.
pub(super) struct FareView {
    pub(super) sentence: String,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) squares: Vec<Square>,
    pub(super) counted: Vec<Counted>,
    pub(super) hours: Vec<Bar>,
    pub(super) first: String,
    pub(super) lines: Vec<Line>,
    pub(super) more: Option<String>,
}

impl FareView {
    /// `None` when nothing is watched. The statement is of the last day.
    pub(super) fn new(watches: &[SweptWatch], day: &Statement, face: &Clockface, lang: Lang) -> Option<Self> {
        if watches.is_empty() {
            return None;
        }
        let standing = |swept: &SweptWatch| Standing::of(Health::of(&swept.row, face.now()));
        let standings: Vec<Standing> = watches.iter().map(standing).collect();
        let of = |wanted: Standing| standings.iter().filter(|standing| **standing == wanted).count();
        let counts: Vec<(Standing, usize)> =
            STANDINGS.into_iter().map(|standing| (standing, of(standing))).filter(|(_, n)| *n > 0).collect();
        let counted = counts
            .iter()
            .map(|(standing, n)| Counted { mark: standing.mark(), words: standing.counted(lang, *n as u64) });
        let counted: Vec<Counted> = counted.collect();
        let squares = squares(&counts);
        let lines = watches.iter().take(LINES).map(|swept| told(swept, day, face, lang)).collect();
        let more = watches.len() > LINES;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "thousandths of a share")]
        let hours: Vec<u64> =
            day.by_hour().into_iter().map(|share| share.map_or(0, |share| (share * 1000.0) as u64)).collect();
        Some(Self {
            sentence: sentence(lang, &counted, watches.len() as u64, day),
            width: ROW * STEP,
            height: squares.len().div_ceil(ROW) * STEP,
            squares,
            counted,
            hours: scaled(&hours, 1000, 320, 40),
            first: face.plain(day.span.since),
            lines,
            more: more.then(|| lang.count("watches.all", watches.len() as u64)),
        })
    }
}

fn sentence(lang: Lang, counted: &[Counted], all: u64, day: &Statement) -> String {
    let parts: Vec<&str> = counted.iter().map(|one| one.words.as_str()).collect();
    let (watches, list) = (lang.count("count.watches", all), lang.list(&parts));
    match day.shares() {
        None => lang.with("fare.sentence-none", &[("watches", &watches), ("list", &list)]),
        Some((heard, covered)) => lang.with(
            "fare.sentence",
            &[("watches", &watches), ("list", &list), ("heard", &percent(heard)), ("covered", &percent(covered))],
        ),
    }
}

/// A square for each watch; where there are too many, each stands for several of one standing.
fn squares(counts: &[(Standing, usize)]) -> Vec<Square> {
    let all: usize = counts.iter().map(|(_, n)| n).sum();
    let each = all.div_ceil(SQUARES).max(1);
    let marks = counts.iter().flat_map(|(standing, n)| std::iter::repeat_n(standing.mark(), n.div_ceil(each)));
    let place = |(at, mark)| Square { x: at % ROW * STEP, y: at / ROW * STEP, mark };
    marks.enumerate().map(place).collect()
}

fn told(swept: &SweptWatch, day: &Statement, face: &Clockface, lang: Lang) -> Line {
    let view = WatchView::new(&SweptWatch { row: swept.row.clone(), sweeps: Vec::new() }, face, lang);
    let covered = day.watches.iter().find(|watch| watch.watch == swept.row.watch.id);
    let shares = covered.and_then(|watch| watch.heard.zip(watch.covered));
    Line {
        name: line(&swept.row.watch.id, 60),
        standing: view.standing,
        heard: view.heard,
        shares: shares.map(|(heard, covered)| (percent(heard), percent(covered))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::statement::{Span, Watched};
    use crate::web::Rows as _;
    use crate::web::fixed;

    fn view(lang: Lang) -> FareView {
        let face = Clockface::new(fixed::NOW, &jiff::tz::TimeZone::UTC, lang);
        let watches: Vec<SweptWatch> =
            fixed::watches().into_iter().map(|row| SweptWatch { row, sweeps: Vec::new() }).collect();
        let day = fixed::Fixed.coverage(fixed::NOW - 86_400, fixed::NOW).unwrap();
        FareView::new(&watches, &day, &face, lang).unwrap()
    }

    #[test]
    fn each_watch_is_a_square_the_worst_first_and_every_standing_is_said() {
        let fare = view(Lang::En);
        let marks: Vec<&str> = fare.squares.iter().map(|square| square.mark).collect();
        assert_eq!(marks, ["failing", "late", "paused", "never", "heard", "heard"]);
        let words: Vec<&str> = fare.counted.iter().map(|one| one.words.as_str()).collect();
        assert_eq!(words, ["1 failing", "1 overdue", "1 paused", "1 never swept", "2 heard"]);
        assert!(words.iter().all(|words| fare.sentence.contains(words)), "{}", fare.sentence);
        assert_eq!((fare.lines.len(), fare.hours.len(), fare.more), (6, 24, None));
        let never = fare.lines.iter().find(|line| line.name == "tieba-qingshi").unwrap();
        assert_eq!(never.shares, None, "nothing is claimed of what was never swept");
    }

    #[test]
    fn a_standing_of_one_is_seen_among_thousands() {
        let squares = squares(&[(Standing::Failing, 1), (Standing::Heard, 5_000)]);
        assert_eq!((squares[0].mark, squares.len()), ("failing", 240));
        assert!(squares.iter().all(|square| square.x < ROW * STEP));
    }

    #[test]
    fn where_nothing_is_watched_there_is_no_picture() {
        let face = Clockface::new(fixed::NOW, &jiff::tz::TimeZone::UTC, Lang::Zh);
        let day = Statement::of(Span { since: 0, until: 86_400 }, Vec::<Watched>::new(), None);
        assert!(FareView::new(&[], &day, &face, Lang::Zh).is_none());
    }
}

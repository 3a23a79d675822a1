//! The charts of reports: volume and category over time, sources, clocks kept and missed, spread of an incident.

use super::facts::{Dossier, Frame, Kept, Period, Volume};
use super::words;
use crate::document::chart::{Chart, Grid, Lane, Mark, Series, Shape, Timeline, ticks};
use crate::document::{Cell, Column, Plain, Table};
use crate::incident::clock::response::{Responses, Share};
use crate::lang::{Lang, grouped};

/// Sites and clocks that are drawn.
const ROWS: usize = 12;
/// Lanes of a spread.
const LANES: usize = 10;
/// Hours up to which a course is drawn by the hour.
const HOURLY: usize = 72;

/// Posts a day, one category on the other.
pub(super) fn volume(volume: &Volume, frame: &Frame<'_>) -> Chart {
    let labels = volume.days.iter().map(|day| words::local(frame, day.from).strftime("%m-%d").to_string().into());
    let names = words::categories(frame);
    let series = names
        .into_iter()
        .enumerate()
        .map(|(n, name)| Series { name: name.into(), values: volume.days.iter().map(|day| day.posts[n]).collect() });
    let grid = Grid {
        labels: labels.collect(),
        series: series.filter(|series| series.values.iter().any(|n| *n > 0)).collect(),
    };
    chart(frame, "report.chart-volume", Shape::Stacked(grid))
}

/// Posts by site.
pub(super) fn sources(volume: &Volume, frame: &Frame<'_>) -> Chart {
    let mut figures: Vec<(Plain, u64)> =
        volume.sites.iter().take(ROWS).map(|(site, posts)| (site.into(), *posts)).collect();
    let rest: u64 = volume.sites.iter().skip(ROWS).map(|(_, posts)| posts).sum();
    if rest > 0 {
        let others = frame.lang.count("report.other-sites", (volume.sites.len() - ROWS) as u64);
        figures.push((others.into(), rest));
    }
    chart(frame, "report.chart-sources", Shape::Bars(Grid::single(figures)))
}

/// Clocks by rule: kept, missed, running.
pub(super) fn clocks(period: &Period, frame: &Frame<'_>) -> Chart {
    let rules: Vec<&Kept> = period.clocks.iter().take(ROWS).collect();
    let series = |key: &str, of: fn(&Kept) -> u64| Series {
        name: frame.lang.t(key).into(),
        values: rules.iter().map(|rule| of(rule)).collect(),
    };
    let grid = Grid {
        labels: rules.iter().map(|rule| words::clock(frame, frame.plan, &rule.clock).into()).collect(),
        series: vec![
            series("report.missed", |rule| rule.missed),
            series("report.running", |rule| rule.running),
            series("report.kept", |rule| rule.kept),
        ],
    };
    Chart { unit: frame.lang.t("report.unit-clocks").into(), ..chart(frame, "report.chart-clocks", Shape::Bars(grid)) }
}

/// Posts of an incident by hour, or by day when it is old.
pub(super) fn course(dossier: &Dossier, frame: &Frame<'_>) -> Chart {
    let (Some((first, _)), Some((last, _))) = (dossier.hours.first(), dossier.hours.last()) else {
        return chart(frame, "report.chart-course", Shape::Lines(Grid::default()));
    };
    let hourly = usize::try_from(last - first).is_ok_and(|hours| hours < HOURLY);
    let name = |hour: i64| {
        let at = words::local(frame, hour * 3600);
        at.strftime(if hourly { "%m-%d %H:00" } else { "%m-%d" }).to_string()
    };
    let mut figures: Vec<(Plain, u64)> = Vec::new();
    let mut counted = dossier.hours.iter().peekable();
    for hour in *first..=*last {
        let posts = counted.next_if(|(at, _)| *at == hour).map_or(0, |(_, posts)| *posts);
        let label = Plain::from(name(hour));
        match figures.last_mut() {
            Some((known, sum)) if *known == label => *sum += posts,
            _ => figures.push((label, posts)),
        }
    }
    chart(frame, "report.chart-course", Shape::Lines(Grid::single(figures)))
}

/// Where an incident is told, and since when: a lane for each place, and one for what we did.
pub(super) fn spread(dossier: &Dossier, frame: &Frame<'_>) -> Chart {
    let mut places: Vec<_> = dossier.reach.places.iter().collect();
    places.truncate(LANES);
    places.sort_by_key(|place| place.since);
    let mut lanes: Vec<Lane> = places
        .iter()
        .map(|place| Lane {
            name: (&place.site).into(),
            marks: vec![Mark {
                at: place.since,
                told: words::moment(frame, place.since).into(),
                size: place.posts,
                alarming: false,
            }],
        })
        .collect();
    let published = dossier.answers.iter().filter_map(|answer| answer.reply.published.as_ref());
    let ours: Vec<Mark> = published
        .map(|done| Mark { at: done.at, told: words::moment(frame, done.at).into(), size: 1, alarming: true })
        .collect();
    let at = lanes.iter().flat_map(|lane| &lane.marks).chain(&ours).map(|mark| mark.at);
    let (from, until) = (at.clone().min().unwrap_or(dossier.matter.opened), at.max().unwrap_or(frame.now));
    if !ours.is_empty() {
        lanes.push(Lane { name: frame.lang.t("report.our-replies").into(), marks: ours });
    }
    // A little air on both sides, so that neither end is cut.
    let air = ((until - from) / 20).max(1800);
    let (from, until) = (from - air, until + air);
    let timeline = Timeline { from, until, ticks: ticks(from, until, frame.zone), lanes };
    chart(frame, "report.chart-spread", Shape::Timeline(timeline))
}

/// How many incidents were answered within which time.
pub(crate) fn responses(responses: &Responses, lang: Lang) -> Table {
    let row = |share: &Share| {
        let name = lang.with("report.within", &[("hours", &share.hours)]);
        let part = share.share().map_or_else(|| Cell::text("—"), Cell::Ratio);
        vec![Cell::text(name), Cell::Count(share.answered as u64), Cell::Count(share.of as u64), part]
    };
    Table {
        caption: lang.t("report.table-responses").into(),
        columns: vec![
            Column::new(lang.t("report.limit"), 3),
            Column::new(lang.t("report.answered"), 2),
            Column::new(lang.t("report.due"), 2),
            Column::new(lang.t("report.share"), 2),
        ],
        rows: responses.within.iter().map(row).collect(),
    }
}

/// What was not heard, watch by watch.
pub(super) fn coverage(period: &Period, frame: &Frame<'_>) -> Table {
    let lang = frame.lang;
    let part = |share: Option<f64>| share.map_or_else(|| Cell::text("—"), Cell::Ratio);
    let row = |watch: &crate::coverage::statement::WatchCoverage| {
        let causes = watch.gaps.iter().map(|gap| lang.t(crate::coverage::words::keys(gap.cause).0));
        let mut causes: Vec<String> = causes.collect();
        causes.sort();
        causes.dedup();
        let told = if causes.is_empty() { "—".to_owned() } else { lang.list(&causes) };
        vec![
            Cell::text(&watch.watch),
            part(watch.heard),
            part(watch.covered),
            Cell::Count(watch.gaps.len() as u64),
            Cell::text(told),
        ]
    };
    Table {
        caption: lang.t("report.table-coverage").into(),
        columns: vec![
            Column::new(lang.t("report.watch"), 4),
            Column::new(lang.t("report.heard"), 2),
            Column::new(lang.t("report.covered"), 2),
            Column::new(lang.t("report.gaps"), 2),
            Column::new(lang.t("report.causes-head"), 5),
        ],
        rows: period.coverage.watches.iter().map(row).collect(),
    }
}

/// The incidents of a span.
pub(super) fn matters(period: &Period, frame: &Frame<'_>) -> Table {
    let lang = frame.lang;
    let row = |matter: &super::facts::Matter| {
        let answered = matter.answered.map_or_else(|| lang.t("report.unanswered"), |at| words::moment(frame, at));
        vec![
            Cell::text(format!("#{} {}", matter.id, words::called(matter))),
            Cell::text(words::judged(frame, frame.plan, matter)),
            Cell::text(words::state(frame, matter.state)),
            Cell::Count(matter.posts),
            Cell::text(answered),
        ]
    };
    Table {
        caption: lang.t("report.table-matters").into(),
        columns: vec![
            Column::new(lang.t("report.matter"), 6),
            Column::new(lang.t("report.judged"), 4),
            Column::new(lang.t("report.state"), 3),
            Column::new(lang.t("report.posts"), 2),
            Column::new(lang.t("report.first-answer"), 4),
        ],
        rows: period.matters.iter().map(row).collect(),
    }
}

/// Rows of two columns: a name and a number.
pub(super) fn counts(frame: &Frame<'_>, caption: &str, names: Vec<(String, u64)>) -> Table {
    Table {
        caption: caption.into(),
        columns: vec![Column::new(frame.lang.t("paper.item"), 3), Column::new(frame.lang.t("report.posts"), 1)],
        rows: names.into_iter().map(|(name, posts)| vec![Cell::text(name), Cell::Count(posts)]).collect(),
    }
}

fn chart(frame: &Frame<'_>, title: &str, shape: Shape) -> Chart {
    Chart { title: frame.lang.t(title).into(), unit: frame.lang.t("report.unit-posts").into(), shape }
}

/// Sites in words: the three with most posts.
pub(super) fn leading_sites(volume: &Volume, frame: &Frame<'_>) -> String {
    let names = volume
        .sites
        .iter()
        .take(3)
        .map(|(site, posts)| frame.lang.with("report.site-posts", &[("site", site), ("posts", &grouped(*posts))]));
    frame.lang.list(&names.collect::<Vec<_>>())
}

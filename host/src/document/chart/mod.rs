//! Charts: figures as a picture, and always as the table behind it.
//!
//! [`Chart::svg`] draws without a font's help: what must be read to understand the picture — its title, the names of
//! the colours, every number — stands in the document beside it ([`Chart::legend`], [`Chart::table`]), so that a chart is
//! whole on a machine that has no Chinese font, and for somebody who does not see it.

mod draw;
mod ticks;
mod timeline;

use caifeng_plugin_host::contract::Timestamp;

use super::{Cell, Column, Plain, Table};
use crate::lang::Lang;
pub use draw::Palette;
pub use ticks::ticks;

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: Plain,
    /// What one is: posts, clocks.
    pub unit: Plain,
    /// How it is drawn.
    pub shape: Shape,
}

/// How a chart is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A bar for each label, lying, the first on top: which of many is largest. Series stand behind one another.
    Bars(Grid),
    /// A column for each label, standing, its series one on the other: a whole and its parts over time.
    Stacked(Grid),
    /// A line for each series: how things went over time.
    Lines(Grid),
    /// A lane for each name, with dots in time: what happened where, and when.
    Timeline(Timeline),
}

/// Values by label and series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// The labels.
    pub labels: Vec<Plain>,
    /// The series; each has a value for every label.
    pub series: Vec<Series>,
}

/// Values that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// What they are of.
    pub name: Plain,
    /// One for each label.
    pub values: Vec<u64>,
}

/// Lanes in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The first second.
    pub from: Timestamp,
    /// The last second.
    pub until: Timestamp,
    /// Moments that are named below, such as midnights: [`ticks()`].
    pub ticks: Vec<(Timestamp, Plain)>,
    /// The lanes, the first on top.
    pub lanes: Vec<Lane>,
}

/// One lane of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Whose it is: a site, a clock, a role.
    pub name: Plain,
    /// What happened.
    pub marks: Vec<Mark>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// The same in words.
    pub told: Plain,
    /// How much: the area of the dot.
    pub size: u64,
    /// It needs a look: drawn hollow in red.
    pub alarming: bool,
}

impl Chart {
    /// The colours and what they stand for; empty when there is one only.
    #[must_use]
    pub fn legend(&self) -> Vec<(&Plain, usize)> {
        match &self.shape {
            Shape::Bars(grid) | Shape::Stacked(grid) | Shape::Lines(grid) if grid.series.len() > 1 => {
                grid.series.iter().zip(0..).map(|(series, n)| (&series.name, n)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The figures behind the picture.
    #[must_use]
    pub fn table(&self, lang: Lang) -> Table {
        let (columns, rows) = match &self.shape {
            Shape::Bars(grid) | Shape::Stacked(grid) | Shape::Lines(grid) => self.figures(grid, lang),
            Shape::Timeline(timeline) => self.moments(timeline, lang),
        };
        Table { caption: self.title.clone(), columns, rows }
    }

    fn figures(&self, grid: &Grid, lang: Lang) -> (Vec<Column>, Vec<Vec<Cell>>) {
        let alone = grid.series.len() == 1 && grid.series[0].name.is_empty();
        let name = |series: &Series| if alone { self.unit.clone() } else { series.name.clone() };
        let mut columns = vec![Column::new(lang.t("paper.item"), 3)];
        columns.extend(grid.series.iter().map(|series| Column { name: name(series), share: 2 }));
        let row = |(n, label): (usize, &Plain)| {
            let values = grid.series.iter().map(|series| Cell::Count(series.values.get(n).copied().unwrap_or(0)));
            std::iter::once(Cell::text(label)).chain(values).collect()
        };
        (columns, grid.labels.iter().enumerate().map(row).collect())
    }

    fn moments(&self, timeline: &Timeline, lang: Lang) -> (Vec<Column>, Vec<Vec<Cell>>) {
        let columns = vec![
            Column::new(lang.t("paper.lane"), 3),
            Column::new(lang.t("paper.when"), 3),
            Column { name: self.unit.clone(), share: 2 },
        ];
        let rows = timeline.lanes.iter().flat_map(|lane| {
            lane.marks.iter().map(|mark| vec![Cell::text(&lane.name), Cell::text(&mark.told), Cell::Count(mark.size)])
        });
        (columns, rows.collect())
    }

    /// Draws it as a whole `<svg>`. `id` is unique within the page.
    #[must_use]
    pub fn svg(&self, palette: &Palette, id: &str) -> String {
        match &self.shape {
            Shape::Bars(grid) => draw::bars(self, grid, palette, id),
            Shape::Stacked(grid) => draw::stacked(self, grid, palette, id),
            Shape::Lines(grid) => draw::lines(self, grid, palette, id),
            Shape::Timeline(timeline) => timeline::draw(self, timeline, palette, id),
        }
    }
}

impl Grid {
    /// One series without a name.
    #[must_use]
    pub fn single(figures: Vec<(Plain, u64)>) -> Self {
        let (labels, values) = figures.into_iter().unzip();
        Self { labels, series: vec![Series { name: Plain::default(), values }] }
    }

    /// The largest value.
    fn top(&self) -> u64 {
        self.series.iter().flat_map(|series| &series.values).copied().max().unwrap_or(0)
    }

    /// The largest sum of a label.
    fn highest(&self) -> u64 {
        (0..self.labels.len()).map(|n| self.sum(n)).max().unwrap_or(0)
    }

    fn sum(&self, label: usize) -> u64 {
        self.series.iter().filter_map(|series| series.values.get(label)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(shape: fn(Grid) -> Shape) -> Chart {
        let series = |name: &str, values: &[u64]| Series { name: name.into(), values: values.to_vec() };
        let grid = Grid {
            labels: ["一日", "二日<script>", "三日"].map(Plain::from).to_vec(),
            series: vec![series("问题", &[3, 0, 10]), series("建议", &[1, 2, 5])],
        };
        Chart { title: "量与类别".into(), unit: "条".into(), shape: shape(grid) }
    }

    fn attributes(svg: &str, element: &str, name: &str) -> Vec<f64> {
        let open = format!("<{element} ");
        let told = format!(" {name}=\"");
        svg.split(&open)
            .skip(1)
            .map(|rest| rest.split(&told).nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
            .collect()
    }

    #[test]
    fn columns_stand_one_on_the_other_in_proportion() {
        let svg = chart(Shape::Stacked).svg(&Palette::PAPER, "f1");
        let heights = attributes(&svg, "rect", "height");
        assert_eq!(heights.len(), 5, "nothing is drawn for nothing: {svg}");
        let unit = heights[0] / 3.0;
        for (height, posts) in heights.iter().zip([3.0, 1.0, 2.0, 10.0, 5.0]) {
            assert!((height - unit * posts).abs() < 0.02, "{heights:?}");
        }
        let tops = attributes(&svg, "rect", "y");
        assert!((tops[4] + heights[4] - tops[3]).abs() < 0.02, "the second stands on the first");
    }

    #[test]
    fn bars_are_as_long_as_their_values() {
        let svg = chart(Shape::Bars).svg(&Palette::PAPER, "f1");
        let widths = attributes(&svg, "rect", "width");
        assert!((widths[0] / widths[2] - 0.3).abs() < 0.01 || (widths[0] / widths[3] - 0.3).abs() < 0.01, "{widths:?}");
    }

    #[test]
    fn words_in_a_picture_are_words() {
        for shape in [Shape::Bars as fn(Grid) -> Shape, Shape::Stacked, Shape::Lines] {
            let svg = chart(shape).svg(&Palette::SCREEN, "f1");
            assert!(!svg.contains("<script>"), "{svg}");
            assert!(svg.contains("<title id=\"f1\">量与类别</title>"), "{svg}");
            quick_xml_reads(&svg);
        }
    }

    fn quick_xml_reads(svg: &str) {
        let mut reader = quick_xml::Reader::from_str(svg);
        reader.config_mut().check_end_names = true;
        loop {
            match reader.read_event() {
                Ok(quick_xml::events::Event::Eof) => break,
                Ok(_) => {}
                Err(error) => panic!("{error}: {svg}"),
            }
        }
    }

    #[test]
    fn the_table_behind_it_has_every_figure() {
        let table = chart(Shape::Lines).table(Lang::Zh);
        assert_eq!(table.columns.len(), 3);
        assert_eq!(table.rows[2][1..], [Cell::Count(10), Cell::Count(5)]);
        assert_eq!(chart(Shape::Lines).legend().len(), 2);
    }

    #[test]
    fn nothing_is_drawn_of_nothing_without_a_fault() {
        let empty = |shape| Chart { title: "空".into(), unit: "条".into(), shape };
        for shape in [Shape::Bars as fn(Grid) -> Shape, Shape::Stacked, Shape::Lines] {
            quick_xml_reads(&empty(shape(Grid::default())).svg(&Palette::PAPER, "f1"));
            let none = Grid::single(vec![("一".into(), 0)]);
            assert!(!empty(shape(none)).svg(&Palette::PAPER, "f1").contains("NaN"));
        }
        let timeline = Timeline { from: 5, until: 5, ticks: Vec::new(), lanes: Vec::new() };
        assert!(!empty(Shape::Timeline(timeline)).svg(&Palette::PAPER, "f1").contains("NaN"));
    }
}

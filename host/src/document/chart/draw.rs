//! Bars, columns and lines as SVG.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::ticks::{end, step};
use super::{Chart, Grid};
use crate::document::Plain;

/// Width of every chart, in user units; one unit is about a pixel of a page.
pub(super) const WIDTH: f64 = 720.0;
/// Size of the letters.
const LETTERS: f64 = 13.0;
/// Labels below an axis at most.
const LABELS: usize = 10;
/// Height of a plot of columns or lines.
const PLOT: f64 = 210.0;
const LEFT: f64 = 54.0;
const TOP: f64 = 14.0;
const BELOW: f64 = 30.0;

/// Colours, as SVG writes them.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Letters.
    pub ink: &'static str,
    /// Lines of the grid.
    pub rule: &'static str,
    /// What needs a look.
    pub alarm: &'static str,
    /// Series, in their order; the first comes again after the last.
    pub series: [&'static str; 6],
}

impl Palette {
    /// For paper. Neighbours differ in lightness, so that they differ when printed in grey.
    pub const PAPER: Self = Self {
        ink: "#222222",
        rule: "#cccccc",
        alarm: "#b3261e",
        series: ["#b3261e", "#f0a202", "#3f3d7d", "#4fa3a5", "#8c564b", "#b9bfc2"],
    };
    /// For a page that is read on a screen, light or dark: the colours are the page's.
    pub const SCREEN: Self = Self {
        ink: "var(--ink)",
        rule: "var(--rule)",
        alarm: "var(--alarm)",
        series: ["var(--s0)", "var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)", "var(--s5)"],
    };

    /// The colour of a series.
    #[must_use]
    pub const fn of(&self, series: usize) -> &'static str {
        self.series[series % self.series.len()]
    }
}

/// An `<svg>` that grows.
pub(super) struct Canvas<'a> {
    out: String,
    pub(super) palette: &'a Palette,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(chart: &Chart, height: f64, palette: &'a Palette, id: &str) -> Self {
        let mut out = String::with_capacity(4096);
        let title = escape(chart.title.as_str());
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"{id}\" \
             font-family=\"Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, SimHei, sans-serif\" \
             font-size=\"{LETTERS}\"><title id=\"{id}\">{title}</title>"
        );
        Self { out, palette }
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let rule = self.palette.rule;
        let _ = write!(
            self.out,
            "<path d=\"M{x1:.2} {y1:.2}L{x2:.2} {y2:.2}\" stroke=\"{rule}\" stroke-width=\"1\" fill=\"none\"/>"
        );
    }

    fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str) {
        let _ = write!(
            self.out,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\"/>"
        );
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: &str, words: &Plain) {
        let (ink, words) = (self.palette.ink, escape(words.as_str()));
        let _ =
            write!(self.out, "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"{anchor}\" fill=\"{ink}\">{words}</text>");
    }

    fn polyline(&mut self, points: &[(f64, f64)], stroke: &str) {
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.2},{y:.2}")).collect();
        let _ = write!(
            self.out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"2\" stroke-linejoin=\"round\"/>",
            path.join(" ")
        );
        for (x, y) in points.iter().filter(|_| points.len() <= 2 * LABELS) {
            let _ = write!(self.out, "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"3\" fill=\"{stroke}\"/>");
        }
    }

    pub(super) fn dot(&mut self, x: f64, y: f64, r: f64, alarming: bool) {
        let (fill, stroke) =
            if alarming { ("none", self.palette.alarm) } else { (self.palette.of(2), self.palette.of(2)) };
        let _ = write!(
            self.out,
            "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{r:.2}\" fill=\"{fill}\" fill-opacity=\"0.75\" \
             stroke=\"{stroke}\" stroke-width=\"2\"/>"
        );
    }

    pub(super) fn finish(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }
}

#[expect(clippy::cast_precision_loss, reason = "a picture is exact to a pixel")]
pub(super) const fn real(n: u64) -> f64 {
    n as f64
}

fn nth(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

/// A plot that stands on an axis of labels.
struct Plot<'a> {
    canvas: Canvas<'a>,
    end: u64,
    slot: f64,
}

impl<'a> Plot<'a> {
    fn new(chart: &Chart, grid: &Grid, top: u64, palette: &'a Palette, id: &str) -> Self {
        let (end, step) = (end(top), step(top.max(1)));
        let slot = (WIDTH - LEFT - 8.0) / nth(grid.labels.len().max(1));
        let mut plot = Self { canvas: Canvas::new(chart, TOP + PLOT + BELOW, palette, id), end, slot };
        let mut mark = 0;
        while mark <= end {
            let y = plot.y(mark);
            plot.canvas.line((LEFT, y), (WIDTH - 8.0, y));
            plot.canvas.text(LEFT - 8.0, y + 4.5, "end", &mark.to_string().into());
            mark = mark.saturating_add(step);
        }
        let every = grid.labels.len().div_ceil(LABELS).max(1);
        for (n, label) in grid.labels.iter().enumerate().step_by(every) {
            plot.canvas.text(plot.x(n), TOP + PLOT + 20.0, "middle", &label.cut(12));
        }
        plot
    }

    fn y(&self, value: u64) -> f64 {
        TOP + PLOT * (1.0 - real(value) / real(self.end))
    }

    fn x(&self, label: usize) -> f64 {
        LEFT + self.slot * (nth(label) + 0.5)
    }
}

/// Columns, one series on the other.
pub(super) fn stacked(chart: &Chart, grid: &Grid, palette: &Palette, id: &str) -> String {
    let mut plot = Plot::new(chart, grid, grid.highest(), palette, id);
    let wide = (plot.slot * 0.7).min(56.0);
    for label in 0..grid.labels.len() {
        let mut below = 0;
        for (n, series) in grid.series.iter().enumerate() {
            let value = series.values.get(label).copied().unwrap_or(0);
            let (from, to) = (plot.y(below), plot.y(below + value));
            below += value;
            if value > 0 {
                plot.canvas.rect(plot.x(label) - wide / 2.0, to, wide, from - to, palette.of(n));
            }
        }
    }
    plot.canvas.finish()
}

/// A line for each series.
pub(super) fn lines(chart: &Chart, grid: &Grid, palette: &Palette, id: &str) -> String {
    let mut plot = Plot::new(chart, grid, grid.top(), palette, id);
    for (n, series) in grid.series.iter().enumerate() {
        let values = series.values.iter().take(grid.labels.len()).enumerate();
        let points: Vec<(f64, f64)> = values.map(|(at, value)| (plot.x(at), plot.y(*value))).collect();
        plot.canvas.polyline(&points, palette.of(n));
    }
    plot.canvas.finish()
}

/// Bars that lie, the first on top; the value stands at the end of its bar.
pub(super) fn bars(chart: &Chart, grid: &Grid, palette: &Palette, id: &str) -> String {
    const ROW: f64 = 28.0;
    const NAMES: f64 = 190.0;
    const VALUES: f64 = 64.0;
    let room = WIDTH - NAMES - VALUES;
    let top = grid.highest().max(1);
    let mut canvas = Canvas::new(chart, 8.0 + ROW * nth(grid.labels.len().max(1)), palette, id);
    for (row, label) in grid.labels.iter().enumerate() {
        let y = 4.0 + ROW * nth(row);
        canvas.text(NAMES - 8.0, y + 18.5, "end", &narrow(label));
        let mut x = NAMES;
        for (n, series) in grid.series.iter().enumerate() {
            let value = series.values.get(row).copied().unwrap_or(0);
            let long = room * real(value) / real(top);
            if value > 0 {
                canvas.rect(x, y + 4.0, long, ROW - 8.0, palette.of(if grid.series.len() == 1 { 3 } else { n }));
            }
            x += long;
        }
        canvas.text(x + 6.0, y + 18.5, "start", &grid.sum(row).to_string().into());
    }
    canvas.finish()
}

/// A label that fits beside a bar: 24 narrow letters or half as many wide ones.
pub(super) fn narrow(label: &Plain) -> Plain {
    let wide = |c: char| if c.is_ascii() { 1 } else { 2 };
    let mut room = 24_usize;
    let fit = label.as_str().chars().take_while(|c| {
        let fits = room >= wide(*c);
        room = room.saturating_sub(wide(*c));
        fits
    });
    label.cut(fit.count())
}

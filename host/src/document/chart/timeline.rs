//! Lanes in time as SVG: what happened where, and when.

use caifeng_plugin_host::contract::Timestamp;

use super::draw::{Canvas, Palette, WIDTH, narrow, real};
use super::{Chart, Timeline};

const ROW: f64 = 30.0;
const NAMES: f64 = 190.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 8.0;
/// Room for the name of a moment: `06-03 14:00`.
const LABEL: f64 = 84.0;
/// The largest dot, as a radius.
const LARGEST: f64 = 11.0;
/// The smallest dot that is seen.
const SMALLEST: f64 = 3.0;

pub(super) fn draw(chart: &Chart, timeline: &Timeline, palette: &Palette, id: &str) -> String {
    let rows = f64::from(u32::try_from(timeline.lanes.len().max(1)).unwrap_or(u32::MAX));
    let bottom = TOP + ROW * rows;
    let mut canvas = Canvas::new(chart, bottom + 28.0, palette, id);
    let mut free = f64::MIN;
    for (at, told) in &timeline.ticks {
        let x = place(timeline, *at);
        canvas.line((x, TOP), (x, bottom));
        let (anchor, left) = if x > WIDTH - 60.0 { ("end", x - LABEL) } else { ("middle", x - LABEL / 2.0) };
        // The last one is moved to the left where it would stand over the edge, and may have no room there.
        if left >= free {
            canvas.text(x, bottom + 20.0, anchor, told);
            free = left + LABEL;
        }
    }
    let sizes = timeline.lanes.iter().flat_map(|lane| &lane.marks).map(|mark| mark.size);
    let top = real(sizes.max().unwrap_or(1).max(1));
    for (lane, row) in timeline.lanes.iter().zip(0_u32..) {
        let y = TOP + ROW * (f64::from(row) + 0.5);
        canvas.line((NAMES, y), (WIDTH - RIGHT, y));
        canvas.text(NAMES - 14.0, y + 4.5, "end", &narrow(&lane.name));
        for mark in &lane.marks {
            let r = (LARGEST * (real(mark.size) / top).sqrt()).max(SMALLEST);
            canvas.dot(place(timeline, mark.at), y, r, mark.alarming);
        }
    }
    canvas.finish()
}

fn place(timeline: &Timeline, at: Timestamp) -> f64 {
    let length = (timeline.until - timeline.from).max(1);
    let passed = (at - timeline.from).clamp(0, length);
    let share = real(passed.unsigned_abs()) / real(length.unsigned_abs());
    NAMES + share * (WIDTH - NAMES - RIGHT)
}

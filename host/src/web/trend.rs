//! The trend of an incident: posts an hour or a day, as bars a person can check.
//!
//! Pure: points in time go in, bins and the geometry of an SVG come out. Up to
//! two days are told by the hour, anything longer by the local day; at most
//! [`MOST_BARS`] bins are drawn, the newest, so that one post with a wrong year
//! cannot flatten the picture.

use caifeng_plugin_host::contract::Timestamp;

use super::when::Clockface;

/// Bins a figure holds at most.
pub(crate) const MOST_BARS: usize = 48;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// How wide a bin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// One hour.
    Hour,
    /// One day of the organisation's time zone.
    Day,
}

/// One bin: posts from `from` until the next bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bin {
    /// First second.
    pub(crate) from: Timestamp,
    /// How many posts.
    pub(crate) posts: u64,
}

/// Bins in order of time without holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trend {
    /// The width of each.
    pub(crate) width: Width,
    /// At least one, at most [`MOST_BARS`].
    pub(crate) bins: Vec<Bin>,
    /// Points older than the first bin, which are not drawn.
    pub(crate) older: u64,
}

impl Trend {
    /// Sorts points in time into bins; `None` without points.
    pub(crate) fn of(points: &[Timestamp], face: &Clockface) -> Option<Self> {
        let (first, last) = (*points.iter().min()?, *points.iter().max()?);
        let width = if last.saturating_sub(first) <= 2 * DAY - HOUR { Width::Hour } else { Width::Day };
        let newest = start(last, width, face)?;
        let mut bins = vec![Bin { from: newest, posts: 0 }];
        while bins.len() < MOST_BARS && bins[bins.len() - 1].from > first {
            // One second before a bin lies in the one before it, however long that day was.
            let from = start(bins[bins.len() - 1].from - 1, width, face)?;
            bins.push(Bin { from, posts: 0 });
        }
        bins.reverse();
        let mut older = 0;
        for point in points {
            match bins.partition_point(|b| b.from <= *point) {
                0 => older += 1,
                after => bins[after - 1].posts += 1,
            }
        }
        Some(Self { width, bins, older })
    }

    /// The fullest bin, the latest of equals.
    pub(crate) fn peak(&self) -> Bin {
        self.bins.iter().copied().max_by_key(|b| b.posts).unwrap_or(Bin { from: 0, posts: 0 })
    }

    /// A rectangle per bin inside `width` × `height`, standing on the bottom edge.
    pub(crate) fn bars(&self, width: u32, height: u32) -> Vec<Bar> {
        let values: Vec<u64> = self.bins.iter().map(|b| b.posts).collect();
        bars(&values, width, height)
    }
}

fn start(at: Timestamp, width: Width, face: &Clockface) -> Option<Timestamp> {
    match width {
        Width::Hour => Some(at - at.rem_euclid(HOUR)),
        Width::Day => Some(face.local(at)?.start_of_day().ok()?.timestamp().as_second()),
    }
}

/// A rectangle of an SVG, in its user units with one decimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Left edge.
    pub(crate) x: String,
    /// Upper edge.
    pub(crate) y: String,
    /// Width.
    pub(crate) w: String,
    /// Height, at least one unit for a value above zero.
    pub(crate) h: String,
}

/// No bar is wider than this, so that two of them do not make a wall.
const WIDEST: f64 = 14.0;

/// A rectangle per value, the largest as high as the box.
pub(crate) fn bars(values: &[u64], width: u32, height: u32) -> Vec<Bar> {
    scaled(values, values.iter().copied().max().unwrap_or(0), width, height)
}

/// A rectangle per value, one of `top` as high as the box: so pictures side by side can be compared.
pub(crate) fn scaled(values: &[u64], top: u64, width: u32, height: u32) -> Vec<Bar> {
    let top = top.max(1);
    let slot = f64::from(width) / f64::from(u32::try_from(values.len().max(1)).unwrap_or(u32::MAX));
    let gap = (slot * 0.25).min(3.0);
    let (mut out, mut left) = (Vec::with_capacity(values.len()), 0.0);
    for value in values {
        #[expect(clippy::cast_precision_loss, reason = "a picture needs no more than 52 bits")]
        let share = *value as f64 / top as f64;
        let h = if *value == 0 { 0.0 } else { (share * f64::from(height)).max(1.0) };
        let w = (slot - gap).min(WIDEST);
        out.push(Bar { x: unit(left + (slot - w) / 2.0), y: unit(f64::from(height) - h), w: unit(w), h: unit(h) });
        left += slot;
    }
    out
}

fn unit(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::super::lang::Lang;
    use super::*;

    const NOON: Timestamp = 1_790_049_600; // 2026-09-22T04:00:00Z, noon in China

    fn face() -> Clockface {
        Clockface::new(NOON, &TimeZone::get("Asia/Shanghai").unwrap(), Lang::En)
    }

    #[test]
    fn hours_without_posts_are_drawn_as_zero() {
        let trend = Trend::of(&[NOON - 3 * HOUR, NOON, NOON + 5], &face()).unwrap();
        assert_eq!(trend.width, Width::Hour);
        assert_eq!(trend.bins.iter().map(|b| b.posts).collect::<Vec<_>>(), [1, 0, 0, 2]);
        assert_eq!(trend.peak(), Bin { from: NOON, posts: 2 });
    }

    #[test]
    fn days_begin_at_local_midnight() {
        let trend = Trend::of(&[NOON - 5 * DAY, NOON], &face()).unwrap();
        assert_eq!(trend.width, Width::Day);
        assert_eq!(trend.bins.len(), 6);
        assert_eq!(trend.bins[5].from, NOON - 12 * HOUR);
    }

    #[test]
    fn a_wrong_year_does_not_flatten_the_picture() {
        let trend = Trend::of(&[0, NOON, NOON], &face()).unwrap();
        assert_eq!(trend.bins.len(), MOST_BARS);
        assert_eq!((trend.older, trend.peak().posts), (1, 2));
        assert_eq!(Trend::of(&[], &face()), None);
    }

    #[test]
    fn extreme_points_are_refused_not_looped_over() {
        assert_eq!(Trend::of(&[i64::MIN, i64::MAX], &face()), None);
    }

    #[test]
    fn bars_stand_on_the_bottom_and_the_largest_fills_the_box() {
        let bars = bars(&[0, 1, 4], 30, 40);
        assert_eq!(bars[2], Bar { x: "21.2".into(), y: "0".into(), w: "7.5".into(), h: "40".into() });
        assert_eq!((bars[1].y.as_str(), bars[1].h.as_str()), ("30", "10"));
        assert_eq!(bars[0].h, "0");
        let half = scaled(&[4], 8, 30, 40);
        assert_eq!((half[0].y.as_str(), half[0].h.as_str()), ("20", "20"));
    }
}

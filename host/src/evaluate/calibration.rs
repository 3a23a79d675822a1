//! Whether a score is worth what it says.

use serde::Serialize;
use serde::ser::{SerializeStruct as _, Serializer};

/// How many bins of equal width the scores from 0 to 1 fall into.
const BINS: usize = 10;

/// Scores by size, with how many of them were right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    bins: [Sums; BINS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    labels: u64,
    score: f64,
    right: u64,
}

/// The labels whose scores fall into one bin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// The least score of the bin; the next bin begins a tenth higher.
    pub from: f64,
    /// Labels.
    pub labels: u64,
    /// Their mean score.
    pub score: f64,
    /// Part of them that is right.
    pub right: f64,
}

impl Calibration {
    /// Counts a label that was given.
    pub(super) fn add(&mut self, score: f32, right: bool) {
        let nth = (score.clamp(0.0, 1.0) * BINS as f32) as usize;
        let bin = &mut self.bins[nth.min(BINS - 1)];
        bin.labels += 1;
        bin.score += f64::from(score);
        bin.right += u64::from(right);
    }

    /// Labels that were given.
    #[must_use]
    pub fn labels(&self) -> u64 {
        self.bins.iter().map(|bin| bin.labels).sum()
    }

    /// The expected calibration error: how far the mean score of a bin is from the part of it that is
    /// right, averaged over the labels. 0 is perfect.
    #[must_use]
    pub fn error(&self) -> f64 {
        let off: f64 = self.bins.iter().map(|bin| (bin.score - bin.right as f64).abs()).sum();
        if self.labels() == 0 { 0.0 } else { off / self.labels() as f64 }
    }

    /// The bins that hold something, from the least score.
    pub fn bins(&self) -> impl Iterator<Item = Bin> + '_ {
        self.bins.iter().enumerate().filter(|(_, bin)| bin.labels > 0).map(|(nth, bin)| Bin {
            from: nth as f64 / BINS as f64,
            labels: bin.labels,
            score: bin.score / bin.labels as f64,
            right: bin.right as f64 / bin.labels as f64,
        })
    }
}

impl Serialize for Calibration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Calibration", 3)?;
        out.serialize_field("labels", &self.labels())?;
        out.serialize_field("error", &self.error())?;
        out.serialize_field("bins", &self.bins().collect::<Vec<_>>())?;
        out.end()
    }
}

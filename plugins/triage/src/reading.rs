//! What the cues of one post come to.

use crate::cues::{self, SIGNS, Sign};
use crate::decide;
use crate::fold::Folded;
use crate::model;

/// The cues of one post.
pub(crate) struct Reading<'a> {
    /// Title and text as they were written.
    pub(crate) sources: [&'a str; 2],
    /// Title and text as they are read.
    pub(crate) folded: [&'a Folded; 2],
    /// Which part, and the cue.
    pub(crate) hits: Vec<(usize, cues::Hit)>,
    sums: [f32; SIGNS],
}

/// What the cues give the model: the damped sum of each sign, event × consequence,
/// how many kinds of rumour sign there are, and whether it is the writer's own matter.
#[must_use]
pub fn dense(title: &str, text: &str) -> [f32; model::DENSE] {
    let (mut folded_title, mut folded_text) = (Folded::default(), Folded::default());
    folded_title.read(title);
    folded_text.read(text);
    Reading::of([title, text], [&folded_title, &folded_text]).dense()
}

impl<'a> Reading<'a> {
    /// Finds the cues. Each term counts once, twice as much in the title.
    pub(crate) fn of(sources: [&'a str; 2], folded: [&'a Folded; 2]) -> Self {
        let mut seen = [0_u64; cues::COUNT.div_ceil(64)];
        let mut sums = [0.0; SIGNS];
        let mut hits = Vec::with_capacity(24);
        for (part, factor) in [2.0, 1.0].into_iter().enumerate() {
            for hit in cues::hits(&folded[part].codes) {
                let (word, bit) = (hit.term / 64, 1 << (hit.term % 64));
                if seen[word] & bit != 0 {
                    continue;
                }
                seen[word] |= bit;
                for (sign, weight) in cues::signs(hit.term) {
                    if !(hit.taken_back && cues::silenced(*sign)) {
                        sums[*sign as usize] += f32::from(*weight) * factor;
                    }
                }
                hits.push((part, hit));
            }
        }
        Self { sources, folded, hits, sums }
    }

    /// The weights of a sign's cues.
    pub(crate) fn sum(&self, sign: Sign) -> f32 {
        self.sums[sign as usize]
    }

    /// See [`dense`].
    pub(crate) fn dense(&self) -> [f32; model::DENSE] {
        let mut dense = [0.0; model::DENSE];
        for (value, sum) in dense.iter_mut().zip(self.sums).filter(|(_, sum)| *sum > 0.0) {
            *value = sum.ln_1p() / 2.0;
        }
        let consequence = self.sum(Sign::Harm) + self.sum(Sign::Now);
        dense[SIGNS] = self.sum(Sign::Event).min(12.0) * consequence.min(18.0) / 60.0;
        let told = [Sign::Vague, Sign::Urge, Sign::Shock].iter().filter(|sign| self.sum(**sign) > 0.0).count();
        dense[SIGNS + 1] = [0.0, 0.5, 1.0, 1.5][told];
        dense[SIGNS + 2] = if decide::own_grievance(self) { 1.0 } else { 0.0 };
        dense
    }
}

//! The statistical model: logistic regression over character runs and the sums of the cues.
//!
//! Runs are weighted by how rare they are in the training texts and brought to length one (tf-idf with
//! a term frequency of one); runs that the training did not meet twice count for nothing, also
//! not for the length. The file is written by `cargo run --release -p caifeng-triage --example train`.
//! Little-endian: `CFT3`; a digest of the training texts (`u64`); the `f32` of [`Head`] in their order; a tag for each slot; a [`Row`] of eight bytes for
//! each slot. It is read in place: a fresh instance builds nothing.

use crate::cues::SIGNS;
use crate::fold::Folded;
use crate::ngrams::{self, SLOTS};

/// `problem`, `emergency`, `sensitive`, `suggestion`, `rumour`, none.
pub const CLASSES: usize = 6;

/// Numbers that the cues give: a sum for each sign, and three combinations.
pub const DENSE: usize = SIGNS + 3;

/// What a run says, in eight signed steps: of each class, of the mood, and the square of its rarity.
pub type Row = [u8; 8];

/// Where in a row the mood is.
pub const MOOD: usize = CLASSES;

/// Where in a row the square of the rarity is.
pub const RARITY: usize = CLASSES + 1;

const MAGIC: &[u8; 4] = b"CFT3";

/// Numbers of a model that are not in its table.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Calibration: what the sums of the classes and of the mood are multiplied by.
    pub sharpness: [f32; 2],
    /// What a post that says nothing gets, for each class and for the mood.
    pub bias: [f32; CLASSES + 1],
    /// Weights of the cue sums, for each class and for the mood.
    pub dense: [[f32; CLASSES + 1]; DENSE],
    /// What a step of a row is worth: of the classes, of the mood, of the squared rarity.
    pub scale: [f32; 3],
}

/// How many numbers a head has.
const NUMBERS: usize = 2 + (CLASSES + 1) * (1 + DENSE) + 3;

/// Bytes before the numbers.
const NAME: usize = 4 + 8;

/// Bytes before the tags.
const FRONT: usize = NAME + 4 * NUMBERS;

static MODEL: &[u8; FRONT + SLOTS * 9] = include_bytes!("../model.bin");

impl Head {
    /// The numbers in the order of the file.
    #[must_use]
    pub fn numbers(&self) -> Vec<f32> {
        let all = self.sharpness.iter().chain(&self.bias).chain(self.dense.iter().flatten()).chain(&self.scale);
        all.copied().collect()
    }
}

/// The file of a model that was learnt from texts with this digest.
#[must_use]
pub fn to_bytes(learnt_from: u64, head: &Head, tags: &[u8], rows: &[Row]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend(learnt_from.to_le_bytes());
    for number in head.numbers() {
        out.extend(number.to_le_bytes());
    }
    out.extend(tags);
    out.extend(rows.iter().flatten());
    out
}

/// The digest of the texts that the model was learnt from.
#[must_use]
pub fn learnt_from() -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&MODEL[4..NAME]);
    u64::from_le_bytes(bytes)
}

/// The number at this place of the head.
fn number(nth: usize) -> f32 {
    let at = NAME + 4 * nth;
    f32::from_le_bytes([MODEL[at], MODEL[at + 1], MODEL[at + 2], MODEL[at + 3]])
}

/// The slot of a run, and whether the model knows it. Nothing here branches: which runs a model knows is chance, and a
/// processor that guesses wrong loses more than a look costs.
fn find(hash: u32) -> (usize, bool) {
    let tag = ngrams::tag(hash);
    let [first, beside] = ngrams::slots(hash);
    let (here, there) = (MODEL[FRONT + first] == tag, MODEL[FRONT + beside] == tag);
    (if here { first } else { beside }, here | there)
}

/// What the run of a slot says.
fn said(slot: usize) -> Row {
    let at = FRONT + SLOTS + slot % SLOTS * 8;
    let mut row = Row::default();
    row.copy_from_slice(&MODEL[at..at + 8]);
    row
}

/// What a run says, if the model knows it.
pub(crate) fn row(hash: u32) -> Option<Row> {
    let (slot, known) = find(hash);
    known.then(|| said(slot))
}

/// Which slots a post has shown, kept from post to post so that nothing is allocated.
pub struct Seen {
    /// One for each slot; all clear between posts.
    bits: Vec<u64>,
    /// Slots of the post's known runs, as often as they stand there; only the front is in use.
    slots: Vec<u32>,
}

impl Default for Seen {
    fn default() -> Self {
        Self { bits: vec![0; SLOTS / 64], slots: Vec::new() }
    }
}

impl Seen {
    /// Finds the known runs of a post: how many there are.
    fn find(&mut self, title: &Folded, text: &Folded) -> usize {
        let most = ngrams::most(title, text);
        if self.slots.len() < most {
            self.slots.resize(most, 0);
        }
        let slots = &mut self.slots[..most];
        let mut count = 0;
        ngrams::each(title, text, |hash| {
            let (slot, known) = find(hash);
            if let Some(next) = slots.get_mut(count) {
                *next = slot as u32;
                count += usize::from(known);
            }
        });
        count
    }

    /// The sums of what the first `count` runs say, each run once.
    fn sums(&mut self, count: usize) -> [i32; 8] {
        let mut sums = [0; 8];
        let bits = &mut self.bits[..SLOTS / 64];
        for slots in self.slots[..count].chunks(LANE) {
            let (mut even, mut odd, mut counted) = (0_u64, 0_u64, 0);
            for slot in slots {
                let slot = *slot as usize % SLOTS;
                let (word, bit) = (&mut bits[slot / 64], slot % 64);
                let new = !(*word >> bit) & 1;
                *word |= 1 << bit;
                let row = (u64::from_le_bytes(said(slot)) ^ LIFT) & new.wrapping_neg();
                even += row & EVEN;
                odd += (row >> 8) & EVEN;
                counted += new as i32;
            }
            for (nth, sum) in sums.iter_mut().enumerate() {
                let lanes = if nth % 2 == 0 { even } else { odd };
                *sum += (lanes >> (nth / 2 * 16)) as u16 as i32 - 128 * counted;
            }
        }
        for slot in &self.slots[..count] {
            bits[*slot as usize % SLOTS / 64] = 0;
        }
        sums
    }
}

/// How many bytes a lane of sixteen bits can add up.
const LANE: usize = 256;

/// Makes signed bytes unsigned, 128 greater, so that one addition adds four of them.
const LIFT: u64 = 0x8080_8080_8080_8080;

/// Every other byte.
const EVEN: u64 = 0x00ff_00ff_00ff_00ff;

/// What the model makes of a post before any rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sums {
    /// For each class; their softmax is the shares.
    pub(crate) classes: [f32; CLASSES],
    /// For a good mood; its logistic is the share.
    pub(crate) mood: f32,
}

/// Reads a post.
pub(crate) fn sums(title: &Folded, text: &Folded, dense: &[f32; DENSE], seen: &mut Seen) -> Sums {
    let count = seen.find(title, text);
    let steps = seen.sums(count);
    let scale = |nth: usize| number(NUMBERS - 3 + nth);
    #[expect(clippy::cast_precision_loss, reason = "sums of 4,500 bytes, exact")]
    let steps = steps.map(|step| step as f32);
    let length = (steps[RARITY] * scale(2)).max(1.0).sqrt();
    let mut cued = [0.0; CLASSES + 1];
    for (nth, value) in dense.iter().enumerate().filter(|(_, value)| **value != 0.0) {
        for (column, sum) in cued.iter_mut().enumerate() {
            *sum += value * number(2 + (CLASSES + 1) * (1 + nth) + column);
        }
    }
    let sum = |column: usize, scale: f32, sharpness: f32| {
        (number(2 + column) + steps[column] * scale / length + cued[column]) * sharpness
    };
    let mut classes = [0.0; CLASSES];
    for (class, value) in classes.iter_mut().enumerate() {
        *value = sum(class, scale(0), number(0));
    }
    Sums { classes, mood: sum(MOOD, scale(1), number(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_a_model() {
        assert_eq!(&MODEL[..4], MAGIC);
        assert!((0..NUMBERS).all(|nth| number(nth).is_finite()));
        assert!(number(0) > 0.0 && number(1) > 0.0);
    }

    /// What the sums should be, one row after the other.
    fn plainly(title: &Folded, text: &Folded) -> [i32; 8] {
        let mut met = std::collections::BTreeSet::new();
        let mut sums = [0; 8];
        ngrams::each(title, text, |hash| {
            if let (slot, true) = find(hash)
                && met.insert(slot)
            {
                sums.iter_mut().zip(said(slot)).for_each(|(sum, byte)| *sum += i32::from(byte.cast_signed()));
            }
        });
        sums
    }

    #[test]
    fn added_at_once_is_added_one_by_one() {
        let mut seen = Seen::default();
        let training = include_str!("../cues.txt");
        for part in [3, 40, 400, 4000].map(|length| training.chars().skip(length).take(length).collect::<String>()) {
            let (mut title, mut text) = (Folded::default(), Folded::default());
            title.read(&part.chars().take(12).collect::<String>());
            text.read(&part);
            // Twice, since nothing may be left of a post.
            for _ in 0..2 {
                let count = seen.find(&title, &text);
                assert_eq!(seen.sums(count), plainly(&title, &text), "{part}");
            }
        }
    }
}

//! The statistical model: multinomial logistic regression over hashed character
//! runs and the sums of the cues, quantised to one byte a weight.
//!
//! The file is written by `cargo run --release -p caifeng-triage --example train`.
//! Little-endian: `CFT1`; `f32` inverse temperature; [`CLASSES`] `f32` biases;
//! [`DENSE`] × [`CLASSES`] `f32` weights of the cue sums; one `f32` scale; then
//! `BUCKETS` × [`CLASSES`] `i8`. It is read in place: a fresh instance builds nothing.

use crate::ngrams;

/// `problem`, `emergency`, `sensitive`, `suggestion`, `rumour`, none.
pub const CLASSES: usize = 6;

/// Numbers that the cues give: a sum for each sign, and three combinations.
pub const DENSE: usize = crate::cues::SIGNS + 3;

/// Bytes before the weights of the buckets.
const HEAD: usize = 4 + 4 * (1 + CLASSES + DENSE * CLASSES + 1);

/// Bytes of a model.
const SIZE: usize = HEAD + ngrams::BUCKETS * CLASSES;

static MODEL: &[u8; SIZE] = include_bytes!("../model.bin");

/// A model as it is trained.
pub struct Weights {
    /// Calibration: what the sums are multiplied by.
    pub sharpness: f32,
    /// What a post that says nothing gets.
    pub bias: [f32; CLASSES],
    /// Weights of the cue sums.
    pub dense: [[f32; CLASSES]; DENSE],
    /// Weights of the buckets, [`ngrams::BUCKETS`] of them.
    pub runs: Vec<[f32; CLASSES]>,
}

impl Weights {
    /// The file's bytes; weights are rounded to 255 steps of the largest.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let largest = self.runs.iter().flatten().fold(1e-6_f32, |most, weight| most.max(weight.abs()));
        let scale = largest / 127.0;
        let mut out = b"CFT1".to_vec();
        let numbers = std::iter::once(&self.sharpness).chain(&self.bias).chain(self.dense.iter().flatten());
        for number in numbers.chain([&scale]) {
            out.extend(number.to_le_bytes());
        }
        for weight in self.runs.iter().flatten() {
            #[expect(clippy::cast_possible_truncation, reason = "at most 127 by the scale")]
            out.extend(((weight / scale).round() as i8).to_le_bytes());
        }
        out
    }
}

/// The `f32` at this place of the head.
fn number(nth: usize) -> f32 {
    let at = 4 + 4 * nth;
    f32::from_le_bytes([MODEL[at], MODEL[at + 1], MODEL[at + 2], MODEL[at + 3]])
}

/// How much a normalised run counts, by how many the post has.
#[must_use]
pub fn share_of_run(count: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most 65,536")]
    let count = count.max(12) as f32;
    1.0 / count.sqrt()
}

/// The model's sums for a post, before any rule, calibrated: their softmax is the shares.
pub(crate) fn sums(title: &str, text: &str, dense: &[f32; DENSE]) -> [f32; CLASSES] {
    let mut runs = [0_i32; CLASSES];
    let count = ngrams::each(title, text, |bucket| {
        for (sum, weight) in runs.iter_mut().zip(weights(bucket)) {
            *sum += i32::from(weight);
        }
    });
    let scale = number(1 + CLASSES + DENSE * CLASSES) * share_of_run(count);
    let mut sums = [0.0; CLASSES];
    for (class, sum) in sums.iter_mut().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "at most 127 × 65,536, exact")]
        let from_runs = runs[class] as f32 * scale;
        let from_cues: f32 =
            dense.iter().enumerate().map(|(nth, value)| value * number(1 + CLASSES + nth * CLASSES + class)).sum();
        *sum = (number(1 + class) + from_runs + from_cues) * number(0);
    }
    sums
}

/// What a bucket says of each class, in steps of the scale.
pub(crate) fn weights(bucket: usize) -> [i8; CLASSES] {
    let at = HEAD + bucket * CLASSES;
    let mut weights = [0; CLASSES];
    for (weight, byte) in weights.iter_mut().zip(&MODEL[at..at + CLASSES]) {
        *weight = i8::from_le_bytes([*byte]);
    }
    weights
}

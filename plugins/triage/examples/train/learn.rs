//! Logistic regression by AdaGrad, one thread, the same each time.
//!
//! Two things keep it from learning the texts by heart. At each step a part of the runs of a text is left out, so that no
//! single phrase may carry a class (dropout; for linear models of texts Wang & Manning 2013). And what is kept are
//! the weights' means over the later epochs, not where the last step left them.

use std::collections::BTreeMap;

use caifeng_triage::fold::Folded;
use caifeng_triage::model::{self, CLASSES, DENSE, Head, MOOD, RARITY, Row as Steps};
use caifeng_triage::{dense, ngrams};

use crate::compose::Draw;
use crate::texts::Row;

pub(crate) const NAMES: [&str; CLASSES] = ["problem", "emergency", "sensitive", "suggestion", "rumour", "none"];

const EPOCHS: usize = 20;
/// From this epoch on the means are taken.
const SETTLED: usize = 8;
/// Which part of a text's runs a step leaves out, in hundredths.
const LEFT_OUT: usize = 50;
/// Step of AdaGrad, and the pull to zero of a run's and a cue's weight.
const STEP: f32 = 0.1;
const PULL_RUN: f32 = 1e-6;
const PULL_CUE: f32 = 4e-4;
/// What a text that was written whole weighs beside a composed one.
const WHOLE: f32 = 4.0;
/// What a text that is none weighs beside one that is something: on doubt a post is read by a person.
const NOTHING: f32 = 0.5;
/// What a mood that follows from the category weighs.
const IMPLIED: f32 = 0.1;
/// Outputs: a sum for each class, and one for the mood.
const SUMS: usize = CLASSES + 1;

/// The runs that the model knows, with their rarity.
pub(crate) struct Runs {
    /// By hash: which run.
    places: BTreeMap<u32, usize>,
    /// By run: its hash, and its rarity.
    runs: Vec<(u32, f32)>,
    /// By run: its slot.
    slots: Vec<usize>,
}

/// A row as the model reads it.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) class: Option<usize>,
    /// Whether the mood is good, and how much that weighs.
    pub(crate) good: Option<(bool, f32)>,
    pub(crate) whole: bool,
    pub(crate) family: String,
    weight: f32,
    runs: Vec<u32>,
    /// One through the length.
    length: f32,
    dense: [f32; DENSE],
}

pub(crate) struct Weights {
    pub(crate) sharpness: [f32; 2],
    bias: [f32; SUMS],
    dense: [[f32; SUMS]; DENSE],
    runs: Vec<[f32; SUMS]>,
}

/// The hashes of a row's runs, each once.
pub(crate) fn hashes(title: &str, text: &str) -> Vec<u32> {
    let (mut folded_title, mut folded_text) = (Folded::default(), Folded::default());
    folded_title.read(title);
    folded_text.read(text);
    let mut all = Vec::new();
    ngrams::each(&folded_title, &folded_text, |hash| all.push(hash));
    all.sort_unstable();
    all.dedup();
    all
}

impl Runs {
    /// Runs that two rows have, the frequent first, as long as one of their slots is free.
    pub(crate) fn of(rows: &[Row]) -> Self {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        for row in rows {
            for hash in hashes(row.title.as_deref().unwrap_or_default(), &row.text) {
                *counts.entry(hash).or_default() += 1;
            }
        }
        let mut known: Vec<(u32, u32)> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
        known.sort_by_key(|(hash, count)| (std::cmp::Reverse(*count), *hash));
        let mut taken = vec![0; ngrams::SLOTS];
        let mut slots = Vec::with_capacity(known.len());
        known.retain(|(hash, _)| {
            let pair = ngrams::slots(*hash);
            // A run that looks like one beside it could not be told from it.
            let alike = pair.iter().any(|slot| taken[*slot] == ngrams::tag(*hash));
            let free = pair.into_iter().find(|slot| taken[*slot] == 0).filter(|_| !alike);
            if let Some(slot) = free {
                taken[slot] = ngrams::tag(*hash);
                slots.push(slot);
            }
            free.is_some()
        });
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let rarity = |count: u32| ((1 + rows.len()) as f32 / (1 + count) as f32).ln() + 1.0;
        let runs: Vec<(u32, f32)> = known.into_iter().map(|(hash, count)| (hash, rarity(count))).collect();
        Self { places: runs.iter().enumerate().map(|(nth, (hash, _))| (*hash, nth)).collect(), runs, slots }
    }

    pub(crate) fn len(&self) -> usize {
        self.runs.len()
    }

    pub(crate) fn sample(&self, row: &Row) -> Sample {
        let title = row.title.as_deref().unwrap_or_default();
        let known = hashes(title, &row.text).into_iter().filter_map(|hash| self.places.get(&hash));
        let runs: Vec<u32> = known.map(|nth| u32::try_from(*nth).unwrap_or(0)).collect();
        let square: f32 = runs.iter().map(|run| self.runs[*run as usize].1.powi(2)).sum();
        let category = row.category.as_deref();
        let good = match (category, row.form.as_str()) {
            (Some("positive"), _) => Some((true, 1.0)),
            (Some("negative"), _) => Some((false, 1.0)),
            (_, "thanks") => Some((true, 1.0)),
            (Some("problem" | "sensitive"), _) => Some((false, IMPLIED)),
            _ => None,
        };
        Sample {
            class: NAMES.iter().position(|name| Some(*name) == category),
            good,
            whole: row.whole,
            family: row.family.clone(),
            weight: if row.whole { WHOLE } else { 1.0 },
            runs,
            length: 1.0 / square.max(1.0).sqrt(),
            dense: dense(title, &row.text),
        }
    }
}

impl Sample {
    /// The text with a part of its runs left out; the others stand for them.
    pub(crate) fn with_gaps(&self, draw: &mut Draw) -> Self {
        let mut gapped = self.clone();
        gapped.runs.retain(|_| draw.below(100) >= LEFT_OUT);
        #[expect(clippy::cast_precision_loss, reason = "hundredths")]
        let stand = 100.0 / (100 - LEFT_OUT) as f32;
        gapped.length *= stand;
        gapped
    }
}

impl Weights {
    pub(crate) fn sums(&self, runs: &Runs, sample: &Sample) -> [f32; SUMS] {
        let mut sums = [0.0; SUMS];
        for run in &sample.runs {
            let rarity = runs.runs[*run as usize].1;
            for (sum, weight) in sums.iter_mut().zip(&self.runs[*run as usize]) {
                *sum += weight * rarity;
            }
        }
        for (nth, sum) in sums.iter_mut().enumerate() {
            *sum = *sum * sample.length + self.bias[nth];
            for (weights, value) in self.dense.iter().zip(&sample.dense) {
                *sum += weights[nth] * value;
            }
        }
        sums
    }

    /// Adds other weights, each times a factor.
    fn add(&mut self, other: &Self, factor: f32) {
        let mine = self.bias.iter_mut().chain(self.dense.iter_mut().flatten()).chain(self.runs.iter_mut().flatten());
        let theirs = other.bias.iter().chain(other.dense.iter().flatten()).chain(other.runs.iter().flatten());
        for (mine, theirs) in mine.zip(theirs) {
            *mine += theirs * factor;
        }
    }

    fn blank(runs: usize) -> Self {
        Self { sharpness: [1.0; 2], bias: [0.0; SUMS], dense: [[0.0; SUMS]; DENSE], runs: vec![[0.0; SUMS]; runs] }
    }

    /// The file of the model; weights are rounded to 255 steps between the largest and its opposite.
    pub(crate) fn to_bytes(&self, runs: &Runs, learnt_from: u64) -> Vec<u8> {
        let largest = |range: std::ops::Range<usize>| {
            let all = self.runs.iter().zip(&runs.runs);
            all.flat_map(|(weights, (_, rarity))| {
                weights[range.clone()].iter().map(move |weight| (weight * rarity).abs())
            })
            .fold(1e-6_f32, f32::max)
        };
        let rarest = runs.runs.iter().fold(1e-6_f32, |most, (_, rarity)| most.max(rarity.powi(2)));
        let scale = [largest(0..CLASSES) / 127.0, largest(MOOD..SUMS) / 127.0, rarest / 127.0];
        let mut tags = vec![0; ngrams::SLOTS];
        let mut rows = vec![Steps::default(); ngrams::SLOTS];
        for ((weights, (hash, rarity)), slot) in self.runs.iter().zip(&runs.runs).zip(runs.slots.iter().copied()) {
            tags[slot] = ngrams::tag(*hash);
            for (nth, weight) in weights.iter().enumerate() {
                let step = weight * rarity / scale[usize::from(nth == MOOD)];
                #[expect(clippy::cast_possible_truncation, reason = "at most 127 by the scale")]
                let step = step.round() as i8;
                rows[slot][nth] = step.cast_unsigned();
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 127 by the scale")]
            let square = (rarity.powi(2) / scale[2]).round() as u8;
            rows[slot][RARITY] = square;
        }
        let head = Head { sharpness: self.sharpness, bias: self.bias, dense: self.dense, scale };
        model::to_bytes(learnt_from, &head, &tags, &rows)
    }
}

/// The shares of sums that are multiplied by `sharpness`.
pub(crate) fn softmax(sums: &[f32], sharpness: f32) -> Vec<f32> {
    let most = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares: Vec<f32> = sums.iter().map(|sum| ((sum - most) * sharpness).exp()).collect();
    let all: f32 = shares.iter().sum();
    shares.into_iter().map(|share| share / all).collect()
}

/// Learns from samples; texts of a rare class weigh more.
pub(crate) fn train(runs: &Runs, samples: &[&Sample]) -> Weights {
    let (mut weights, mut past) = (Weights::blank(runs.len()), Weights::blank(runs.len()));
    let mut means = Weights::blank(runs.len());
    let mut counts = [0.0_f32; CLASSES];
    for sample in samples {
        if let Some(class) = sample.class {
            counts[class] += sample.weight;
        }
    }
    let mean = counts.iter().sum::<f32>() / 6.0;
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut draw = Draw(0x2545_f491_4f6c_dd1d);
    for epoch in 0..EPOCHS {
        for nth in (1..order.len()).rev() {
            order.swap(nth, draw.below(nth + 1));
        }
        for nth in &order {
            let sample = samples[*nth];
            let doubt = |class| if class == CLASSES - 1 { NOTHING } else { 1.0 };
            let rare = sample.class.map_or(0.0, |class| (mean / counts[class]).sqrt() * doubt(class));
            learn(runs, &mut weights, &mut past, &sample.with_gaps(&mut draw), rare);
        }
        if epoch >= SETTLED {
            #[expect(clippy::cast_precision_loss, reason = "a dozen")]
            means.add(&weights, 1.0 / (EPOCHS - SETTLED) as f32);
        }
    }
    means
}

fn learn(runs: &Runs, weights: &mut Weights, past: &mut Weights, sample: &Sample, rare: f32) {
    let sums = weights.sums(runs, sample);
    let mut errors = [0.0; SUMS];
    if let Some(class) = sample.class {
        for (nth, share) in softmax(&sums[..CLASSES], 1.0).into_iter().enumerate() {
            errors[nth] = (share - if nth == class { 1.0 } else { 0.0 }) * sample.weight * rare;
        }
    }
    if let Some((good, weight)) = sample.good {
        let share = 1.0 / (1.0 + (-sums[MOOD]).exp());
        errors[MOOD] = (share - if good { 1.0 } else { 0.0 }) * weight;
    }
    for (nth, error) in errors.into_iter().enumerate().filter(|(_, error)| *error != 0.0) {
        step(&mut weights.bias[nth], &mut past.bias[nth], error);
        for (cue, value) in sample.dense.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            let pulled = error * value + PULL_CUE * weights.dense[cue][nth];
            step(&mut weights.dense[cue][nth], &mut past.dense[cue][nth], pulled);
        }
        for run in &sample.runs {
            let (weight, past) = (&mut weights.runs[*run as usize][nth], &mut past.runs[*run as usize][nth]);
            let value = runs.runs[*run as usize].1 * sample.length;
            step(weight, past, error * value + PULL_RUN * *weight);
        }
    }
}

/// One weight and the sum of its squared gradients.
fn step(weight: &mut f32, past: &mut f32, gradient: f32) {
    *past += gradient * gradient;
    *weight -= STEP * gradient / (past.sqrt() + 1e-3);
}

//! Trains the model on `training/*.jsonl` and writes `model.bin`:
//! `cargo run --release -p caifeng-triage --example train [-- --measure LABELLED.jsonl]`.
//!
//! Deterministic: the order is drawn from a fixed seed, the arithmetic is one
//! thread's. Rows are `{"text", "title"?, "category", "core"?, "form"?}`; texts that grew
//! from one hand-written core stay in one fold, so the cross-validation never
//! meets in a test fold what it learnt in another. Calibration: the one factor on
//! the sums that makes the held-out shares most likely.
//!
//! `--measure` prints the same table for another labelled file, before any rule;
//! the rows are never learnt from.

#![allow(clippy::print_stdout, reason = "a command's report")]

use std::error::Error;
use std::path::Path;

use caifeng_triage::model::{CLASSES, DENSE, Weights, share_of_run};
use caifeng_triage::{dense, ngrams};
use serde::Deserialize;

const NAMES: [&str; CLASSES] = ["problem", "emergency", "sensitive", "suggestion", "rumour", "none"];
const FOLDS: u64 = 5;
const EPOCHS: usize = 14;
/// Step of AdaGrad, and the pull to zero of a run's and a cue's weight.
const STEP: f32 = 0.35;
const PULL_RUN: f32 = 2e-5;
const PULL_CUE: f32 = 4e-4;

#[derive(Deserialize)]
struct Row {
    text: String,
    title: Option<String>,
    #[serde(alias = "label")]
    category: String,
    core: Option<String>,
}

/// A row as the model reads it.
struct Sample {
    class: usize,
    fold: u64,
    runs: Vec<u32>,
    share: f32,
    dense: [f32; DENSE],
}

fn read(path: &Path) -> Result<Vec<Sample>, Box<dyn Error>> {
    let mut samples = Vec::new();
    for line in std::fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()) {
        let row: Row = serde_json::from_str(line)?;
        let class = NAMES.iter().position(|name| *name == row.category).ok_or_else(|| row.category.clone())?;
        let title = row.title.as_deref().unwrap_or_default();
        let mut runs = Vec::new();
        let count = ngrams::each(title, &row.text, |bucket| runs.push(u32::try_from(bucket).unwrap_or(0)));
        let key = row.core.as_deref().unwrap_or(&row.text);
        samples.push(Sample {
            class,
            fold: fnv(key) % FOLDS,
            runs,
            share: share_of_run(count),
            dense: dense(title, &row.text),
        });
    }
    Ok(samples)
}

fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn sums(weights: &Weights, sample: &Sample) -> [f32; CLASSES] {
    let mut sums = [0.0; CLASSES];
    for run in &sample.runs {
        for (sum, weight) in sums.iter_mut().zip(&weights.runs[*run as usize]) {
            *sum += weight;
        }
    }
    for (class, sum) in sums.iter_mut().enumerate() {
        *sum = *sum * sample.share + weights.bias[class];
        for (weight, value) in weights.dense.iter().zip(&sample.dense) {
            *sum += weight[class] * value;
        }
    }
    sums
}

fn softmax(sums: [f32; CLASSES], sharpness: f32) -> [f32; CLASSES] {
    let most = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares = sums.map(|sum| ((sum - most) * sharpness).exp());
    let all: f32 = shares.iter().sum();
    shares.map(|share| share / all)
}

/// One weight and the sum of its squared gradients.
fn step(weight: &mut f32, past: &mut f32, gradient: f32) {
    *past += gradient * gradient;
    *weight -= STEP * gradient / (past.sqrt() + 1e-3);
}

fn train(samples: &[&Sample]) -> Weights {
    let blank = || Weights {
        sharpness: 1.0,
        bias: [0.0; CLASSES],
        dense: [[0.0; CLASSES]; DENSE],
        runs: vec![[0.0; CLASSES]; ngrams::BUCKETS],
    };
    let (mut weights, mut past) = (blank(), blank());
    let mut counts = [0.0_f32; CLASSES];
    for sample in samples {
        counts[sample.class] += 1.0;
    }
    let mean = counts.iter().sum::<f32>() / 6.0;
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..EPOCHS {
        for nth in (1..order.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            order.swap(nth, usize::try_from((state >> 33) % (nth as u64 + 1)).unwrap_or(0));
        }
        for nth in &order {
            learn(&mut weights, &mut past, samples[*nth], (mean / counts[samples[*nth].class]).sqrt());
        }
    }
    weights
}

fn learn(weights: &mut Weights, past: &mut Weights, sample: &Sample, importance: f32) {
    let mut gradient = softmax(sums(weights, sample), 1.0);
    gradient[sample.class] -= 1.0;
    for (class, share) in gradient.into_iter().enumerate() {
        let g = share * importance;
        step(&mut weights.bias[class], &mut past.bias[class], g);
        for (nth, value) in sample.dense.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            let pulled = g * value + PULL_CUE * weights.dense[nth][class];
            step(&mut weights.dense[nth][class], &mut past.dense[nth][class], pulled);
        }
        for run in &sample.runs {
            let (weight, past) = (&mut weights.runs[*run as usize][class], &mut past.runs[*run as usize][class]);
            step(weight, past, g * sample.share + PULL_RUN * *weight);
        }
    }
}

/// The factor on the sums under which the truth is most likely.
fn calibrate(held: &[(usize, [f32; CLASSES])]) -> f32 {
    let loss = |sharpness: f32| -> f32 {
        held.iter().map(|(class, sums)| -softmax(*sums, sharpness)[*class].max(1e-9).ln()).sum()
    };
    (1..=60_u8).map(|n| f32::from(n) * 0.05).min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0)
}

fn report(held: &[(usize, [f32; CLASSES])], sharpness: f32) {
    let mut table = [[0_u32; CLASSES]; CLASSES];
    let mut bins = [(0.0_f64, 0.0_f64, 0.0_f64); 10];
    for (class, sums) in held {
        let shares = softmax(*sums, sharpness);
        let said = (0..CLASSES).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap_or(0);
        table[*class][said] += 1;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 0 to 1")]
        let bin = &mut bins[((shares[said] * 10.0) as usize).min(9)];
        *bin = (bin.0 + 1.0, bin.1 + f64::from(shares[said]), bin.2 + f64::from(u8::from(said == *class)));
    }
    let (mut macro_f1, mut right) = (0.0, 0);
    println!("{:<11}{:>7}{:>7}{:>7}   said: {}", "", "prec", "recall", "F1", NAMES.join(" "));
    for (class, row) in table.iter().enumerate() {
        let hit = f64::from(row[class]);
        let said: u32 = table.iter().map(|other| other[class]).sum();
        let precision = hit / f64::from(said.max(1));
        let recall = hit / f64::from(row.iter().sum::<u32>().max(1));
        let f1 = if hit > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
        macro_f1 += f1 / 6.0;
        right += row[class];
        println!("{:<11}{precision:>7.3}{recall:>7.3}{f1:>7.3}   {row:?}", NAMES[class]);
    }
    let all = f64::from(u32::try_from(held.len().max(1)).unwrap_or(1));
    let error: f64 = bins.iter().map(|(_, share, right)| (share - right).abs()).sum::<f64>() / all;
    println!("accuracy {:.3}  macro-F1 {macro_f1:.3}  calibration error {error:.3}", f64::from(right) / all);
}

fn main() -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(home.join("training"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "jsonl"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err("no texts in training/: run the example compose first".into());
    }
    let mut samples = Vec::new();
    for file in &files {
        samples.extend(read(file)?);
    }
    let mut held = Vec::new();
    for fold in 0..FOLDS {
        let rest: Vec<&Sample> = samples.iter().filter(|sample| sample.fold != fold).collect();
        let weights = train(&rest);
        let folded = samples.iter().filter(|sample| sample.fold == fold);
        held.extend(folded.map(|sample| (sample.class, sums(&weights, sample))));
    }
    let sharpness = calibrate(&held);
    println!("{} texts, {FOLDS}-fold cross-validated by core, sharpness {sharpness:.2}", samples.len());
    report(&held, sharpness);

    let mut weights = train(&samples.iter().collect::<Vec<_>>());
    weights.sharpness = sharpness;
    std::fs::write(home.join("model.bin"), weights.to_bytes())?;
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--measure") {
        let other = read(Path::new(args.get(at + 1).ok_or("--measure needs a file")?))?;
        let measured: Vec<_> = other.iter().map(|sample| (sample.class, sums(&weights, sample))).collect();
        println!("{} other texts, before any rule", other.len());
        report(&measured, sharpness);
    }
    Ok(())
}

//! Trains the model on `training/` and writes `model.bin`:
//! `cargo run --release -p caifeng-triage --example train [-- --measure LABELLED.jsonl [--mistakes] | --print]`.
//!
//! Deterministic: what is drawn is drawn from a fixed seed, the arithmetic is one thread's. The report is
//! of texts that were written whole, each read by a model that met nothing of its family
//! (`texts.rs`). Calibration: the one factor on the sums under which the shares of held-out texts are most likely,
//! when a part of their runs is left out as in training: other people's texts hold fewer words that the model knows.
//!
//! `--measure` prints the same table for another labelled file (`{"text", "title"?, "label"}`), before any
//! rule; the rows are never learnt from; `--mistakes` adds the rows that the model takes for something else, with the share it
//! gives them. `--print` prints the texts as JSON Lines and trains nothing.

#![allow(clippy::print_stdout, reason = "a command's report")]

mod compose;
mod digest;
mod learn;
mod report;
mod texts;

use std::error::Error;
use std::path::Path;

use caifeng_triage::model::{CLASSES, MOOD};
use serde::Deserialize;
use serde_json::json;

use crate::compose::Draw;
use crate::learn::{NAMES, Runs, Sample, Weights, softmax, train};
use crate::report::{best, calibrate, classes, moods};
use crate::texts::Row;

const FOLDS: u64 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rows = texts::all(&home.join("training"))?;
    if arguments.iter().any(|argument| argument == "--print") {
        for row in &rows {
            let (category, form, family) = (&row.category, &row.form, &row.family);
            let (title, text, whole) = (&row.title, &row.text, row.whole);
            println!(
                "{}",
                json!({ "label": category, "form": form, "title": title, "text": text, "family": family, "whole": whole })
            );
        }
        return Ok(());
    }
    let runs = Runs::of(&rows);
    let samples: Vec<Sample> = rows.iter().map(|row| runs.sample(row)).collect();
    println!(
        "{} texts, {} of them whole; {} runs",
        rows.len(),
        rows.iter().filter(|row| row.whole).count(),
        runs.len()
    );
    let sharpness = cross_validated(&runs, &samples);
    let mut weights = train(&runs, &samples.iter().collect::<Vec<_>>());
    weights.sharpness = sharpness;
    std::fs::write(home.join("model.bin"), weights.to_bytes(&runs, digest::of(home)?))?;
    if let Some(at) = arguments.iter().position(|argument| argument == "--measure") {
        let path = Path::new(arguments.get(at + 1).ok_or("--measure needs a file")?);
        measure(path, &runs, &weights, arguments.iter().any(|argument| argument == "--mistakes"))?;
    }
    Ok(())
}

/// Reports on the folds, and answers how sharp the sums of classes and of moods should be.
fn cross_validated(runs: &Runs, samples: &[Sample]) -> [f32; 2] {
    let (mut by_class, mut by_mood, mut gapped) = (Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
    let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
    for fold in 0..FOLDS {
        let (held, rest): (Vec<&Sample>, Vec<&Sample>) =
            samples.iter().partition(|sample| fnv(&sample.family) % FOLDS == fold);
        let weights = train(runs, &rest);
        for sample in held.into_iter().filter(|sample| sample.whole) {
            let surely = sample.good.filter(|(_, weight)| *weight >= 1.0);
            let by = |sums: [f32; CLASSES + 1]| {
                let class = sample.class.map(|class| (class, sums[..CLASSES].to_vec()));
                (class, surely.map(|(good, _)| (usize::from(good), vec![0.0, sums[MOOD]])))
            };
            let (class, mood) = by(weights.sums(runs, sample));
            by_class.extend(class);
            by_mood.extend(mood);
            let (class, mood) = by(weights.sums(runs, &sample.with_gaps(&mut draw)));
            gapped[0].extend(class);
            gapped[1].extend(mood);
        }
    }
    let sharpness = [calibrate(&gapped[0]), calibrate(&gapped[1])];
    println!("{FOLDS} folds by family, whole texts alone; sharpness {sharpness:.2?}");
    classes(&by_class, sharpness[0]);
    moods(&by_mood, sharpness[1]);
    sharpness
}

#[derive(Deserialize)]
struct Labelled {
    text: String,
    title: Option<String>,
    label: String,
}

fn measure(path: &Path, runs: &Runs, weights: &Weights, mistakes: bool) -> Result<(), Box<dyn Error>> {
    let mut held = Vec::new();
    for line in std::fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()) {
        let Labelled { text, title, label } = serde_json::from_str(line)?;
        let class = NAMES.iter().position(|name| *name == label).ok_or(label)?;
        let row = Row { category: None, form: String::new(), title, text, family: String::new(), whole: true };
        let sums = weights.sums(runs, &runs.sample(&row))[..CLASSES].to_vec();
        let shares = softmax(&sums, weights.sharpness[0]);
        let said = best(&shares);
        if mistakes && said != class {
            let head: String = row.title.unwrap_or_default().chars().chain(row.text.chars()).take(90).collect();
            println!("{} said {} {:.2}: {}", NAMES[class], NAMES[said], shares[said], head.replace('\n', " "));
        }
        held.push((class, sums));
    }
    println!("{} other texts, before any rule", held.len());
    classes(&held, weights.sharpness[0]);
    Ok(())
}

fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

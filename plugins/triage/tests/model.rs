//! The committed model is the one that the committed texts and cues make.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/train/digest.rs"]
mod digest;

use std::path::Path;

#[test]
fn the_model_was_learnt_from_these_texts() {
    let learnt = digest::of(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let hint = "run: cargo run --release -p caifeng-triage --example train";
    assert_eq!(caifeng_triage::model::learnt_from(), learnt, "{hint}");
}

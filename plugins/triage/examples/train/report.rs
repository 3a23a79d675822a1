//! What the held-out texts say of a model.

use caifeng_triage::model::CLASSES;

use crate::learn::{NAMES, softmax};

/// A class, and the sums that the model gives the text.
type Held = (usize, Vec<f32>);

/// The factor on the sums under which the truth is most likely.
pub(crate) fn calibrate(held: &[Held]) -> f32 {
    let loss = |sharpness: f32| -> f32 {
        held.iter().map(|(class, sums)| -softmax(sums, sharpness)[*class].max(1e-9).ln()).sum()
    };
    (1..=60_u8).map(|n| f32::from(n) * 0.05).min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0)
}

/// The greatest of them.
pub(crate) fn best(shares: &[f32]) -> usize {
    (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap_or(0)
}

/// Part that is right, and the expected calibration error in ten bins.
fn worth(held: &[Held], sharpness: f32) -> (f64, f64) {
    let mut bins = [(0.0_f64, 0.0_f64); 10];
    for (class, sums) in held {
        let shares = softmax(sums, sharpness);
        let said = best(&shares);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 0 to 1")]
        let bin = &mut bins[((shares[said] * 10.0) as usize).min(9)];
        *bin = (bin.0 + f64::from(shares[said]), bin.1 + f64::from(u8::from(said == *class)));
    }
    let all = f64::from(u32::try_from(held.len().max(1)).unwrap_or(1));
    let right: f64 = bins.iter().map(|(_, right)| right).sum();
    (right / all, bins.iter().map(|(share, right)| (share - right).abs()).sum::<f64>() / all)
}

/// Prints precision, recall and F1 by class, and who is taken for whom.
pub(crate) fn classes(held: &[Held], sharpness: f32) {
    let mut table = [[0_u32; CLASSES]; CLASSES];
    for (class, sums) in held {
        table[*class][best(sums)] += 1;
    }
    let mut macro_f1 = 0.0;
    println!("{:<11}{:>7}{:>7}{:>7}   said: {}", "", "prec", "recall", "F1", NAMES.join(" "));
    for (class, row) in table.iter().enumerate() {
        let hit = f64::from(row[class]);
        let said: u32 = table.iter().map(|other| other[class]).sum();
        let precision = hit / f64::from(said.max(1));
        let recall = hit / f64::from(row.iter().sum::<u32>().max(1));
        let f1 = if hit > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
        macro_f1 += f1 / 6.0;
        println!("{:<11}{precision:>7.3}{recall:>7.3}{f1:>7.3}   {row:?}", NAMES[class]);
    }
    let (accuracy, error) = worth(held, sharpness);
    println!("accuracy {accuracy:.3}  macro-F1 {macro_f1:.3}  calibration error {error:.3}");
}

/// Prints how many moods are right.
pub(crate) fn moods(held: &[Held], sharpness: f32) {
    let (accuracy, error) = worth(held, sharpness);
    println!("mood of {} texts: accuracy {accuracy:.3}  calibration error {error:.3}", held.len());
}

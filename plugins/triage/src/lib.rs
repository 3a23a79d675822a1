//! Says what a Chinese post is: a problem, an emergency, a sensitive matter, a
//! suggestion, what looks like a rumour — or none of these. A label is a
//! proposal with its evidence; a person decides.
//!
//! Method. Two readings are added up by one logistic regression (`model.rs`): the
//! character runs of the text (`ngrams.rs`), and the sums of cue terms
//! (`cues.txt`, written by hand) by what they are a sign of: harm by conduct or
//! service, a proposal, an event, what it did to people, that it is recent, crime
//! or threat, an uncheckable source, pressure to forward, a sensational claim, and
//! what speaks against. A word before a cue takes it back (没有爆炸, 如果发生火灾).
//! The weights are learnt from `training/`, texts written for this project, by
//! `cargo run --release -p caifeng-triage --example train`. The rules that stand
//! above the model are in `decide.rs`.
//!
//! What this gave up: irony, images, any knowledge of what is true. The quality is
//! measured in `README.md`. Nothing is built at run time, because a fresh instance
//! would pay for it on every call.

mod claim;
mod cues;
mod decide;
pub mod model;
pub mod ngrams;

use caifeng_plugin_sdk as sdk;

use crate::cues::{SIGNS, Sign};

/// A category that a text shows signs of.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// `problem`, `emergency`, `sensitive`, `suggestion` or `rumour`.
    pub name: &'static str,
    /// The model's share for it, 0 to 1; the shares of all categories and of none sum to 1.
    pub score: f32,
    /// Clauses of the title or the text, verbatim, at most three.
    pub evidence: Vec<String>,
}

/// A category: its name, and the signs whose cues are shown as evidence.
struct Category {
    name: &'static str,
    shown: &'static [Sign],
}

const CATEGORIES: [Category; 5] = [
    Category { name: "problem", shown: &[Sign::Problem] },
    Category { name: "emergency", shown: &[Sign::Event, Sign::Harm] },
    Category { name: "sensitive", shown: &[Sign::Sensitive] },
    Category { name: "suggestion", shown: &[Sign::Suggestion] },
    Category { name: "rumour", shown: &[Sign::Vague, Sign::Urge, Sign::Shock] },
];

/// How many clauses are shown as evidence.
const EVIDENCE: usize = 3;

/// The most characters of a clause shown on either side of its cue.
const AROUND: usize = 20;

/// The labels of a text, the most likely first; empty where none is more likely
/// than each of them (`decide.rs` says when). A second label stands only with a share of a quarter.
#[must_use]
pub fn classify(title: Option<&str>, text: &str) -> Vec<Label> {
    let title = title.unwrap_or_default();
    if title.trim().is_empty() && text.trim().is_empty() {
        return Vec::new();
    }
    let reading = Reading::of(title, text);
    let shares = decide::shares(&reading, model::sums(title, text, &reading.dense()));
    decide::standing(shares)
        .into_iter()
        .filter_map(|class| {
            let evidence = reading.evidence(class);
            (!evidence.is_empty()).then_some(Label { name: CATEGORIES[class].name, score: shares[class], evidence })
        })
        .collect()
}

/// What the cues give the model: the damped sum of each sign, event × consequence,
/// how many kinds of rumour sign there are, and whether it is the writer's own matter.
#[must_use]
pub fn dense(title: &str, text: &str) -> [f32; model::DENSE] {
    Reading::of(title, text).dense()
}

/// The cues of one post.
struct Reading<'a> {
    parts: [&'a str; 2],
    /// Which part, and the cue.
    hits: Vec<(usize, cues::Hit)>,
    sums: [f32; SIGNS],
}

impl<'a> Reading<'a> {
    fn of(title: &'a str, text: &'a str) -> Self {
        let mut seen = [0_u64; cues::COUNT.div_ceil(64)];
        let mut sums = [0.0; SIGNS];
        let mut hits = Vec::new();
        for (part, (source, factor)) in [(title, 2.0), (text, 1.0)].into_iter().enumerate() {
            for hit in cues::hits(source) {
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
        Self { parts: [title, text], hits, sums }
    }

    fn sum(&self, sign: Sign) -> f32 {
        self.sums[sign as usize]
    }

    fn dense(&self) -> [f32; model::DENSE] {
        let mut dense = [0.0; model::DENSE];
        for (value, sum) in dense.iter_mut().zip(self.sums) {
            *value = sum.ln_1p() / 2.0;
        }
        let consequence = self.sum(Sign::Harm) + self.sum(Sign::Now);
        dense[SIGNS] = self.sum(Sign::Event).min(12.0) * consequence.min(18.0) / 60.0;
        let told = [Sign::Vague, Sign::Urge, Sign::Shock].iter().filter(|sign| self.sum(**sign) > 0.0).count();
        dense[SIGNS + 1] = [0.0, 0.5, 1.0, 1.5][told];
        dense[SIGNS + 2] =
            if claim::own_grievance(self.parts[0]) || claim::own_grievance(self.parts[1]) { 1.0 } else { 0.0 };
        dense
    }

    /// Clauses, in reading order: those with the strongest cues of the category, or
    /// without any the one whose runs of characters speak most for it.
    fn evidence(&self, class: usize) -> Vec<String> {
        let cued = self.cued(CATEGORIES[class].shown);
        if cued.is_empty() { self.loudest(class).into_iter().collect() } else { cued }
    }

    /// The clause whose runs speak most for the category; none where nothing does.
    fn loudest(&self, class: usize) -> Option<String> {
        let mut best: Option<(i32, &str)> = None;
        for (nth, part) in self.parts.into_iter().enumerate() {
            let end = part.char_indices().nth(ngrams::READ).map_or(part.len(), |(at, _)| at);
            for piece in part[..end].split(ends_clause).map(str::trim).filter(|piece| !piece.is_empty()) {
                let end = piece.char_indices().nth(2 * AROUND).map_or(piece.len(), |(at, _)| at);
                let piece = piece[..end].trim_end();
                let mut weight = 0;
                ngrams::places(piece, nth == 0, |bucket, _, _| {
                    let weights = model::weights(bucket);
                    weight += i32::from(weights[class]) - i32::from(weights[decide::NONE]);
                });
                if best.is_none_or(|(most, _)| weight > most) {
                    best = Some((weight, piece));
                }
            }
        }
        best.map(|(_, piece)| piece.to_owned())
    }

    /// Clauses that hold the strongest cues of these signs, in reading order.
    fn cued(&self, shown: &[Sign]) -> Vec<String> {
        let strength = |hit: &cues::Hit| {
            cues::signs(hit.term)
                .iter()
                .filter(|(sign, _)| shown.contains(sign) && !(hit.taken_back && cues::silenced(*sign)))
                .map(|(_, weight)| *weight)
                .max()
        };
        let mut strongest: Vec<(u8, usize)> = self
            .hits
            .iter()
            .enumerate()
            .filter_map(|(nth, (_, hit))| strength(hit).map(|weight| (weight, nth)))
            .collect();
        strongest.sort_by_key(|(weight, nth)| (std::cmp::Reverse(*weight), *nth));
        let mut chosen: Vec<usize> = Vec::new();
        let mut clauses: Vec<(usize, &str)> = Vec::new();
        for (_, nth) in strongest {
            let (part, hit) = &self.hits[nth];
            let clause = clause(self.parts[*part], hit.start, hit.end);
            if !clauses.iter().any(|(_, seen)| *seen == clause) {
                clauses.push((nth, clause));
                chosen.push(nth);
            }
            if chosen.len() == EVIDENCE {
                break;
            }
        }
        clauses.sort_by_key(|(nth, _)| *nth);
        clauses.into_iter().map(|(_, clause)| clause.to_owned()).collect()
    }
}

/// The clause around a cue: to the nearest punctuation, or `AROUND` characters.
fn clause(text: &str, start: usize, end: usize) -> &str {
    let before = text[..start]
        .char_indices()
        .rev()
        .take(AROUND)
        .take_while(|(_, c)| !ends_clause(*c))
        .last()
        .map_or(start, |(at, _)| at);
    let after = text[end..]
        .char_indices()
        .take(AROUND)
        .take_while(|(_, c)| !ends_clause(*c))
        .last()
        .map_or(end, |(at, c)| end + at + c.len_utf8());
    text[before..after].trim()
}

fn ends_clause(c: char) -> bool {
    matches!(
        c,
        '，' | '。'
            | '！'
            | '？'
            | '；'
            | '：'
            | '、'
            | '…'
            | '“'
            | '”'
            | '【'
            | '】'
            | '（'
            | '）'
            | '《'
            | '》'
    ) || (c.is_ascii_punctuation() && !matches!(c, '.' | '-' | '@' | '#' | '/' | '%' | ':'))
        || matches!(c, '\n' | '\r' | '\t')
}

/// The plugin.
struct Triage;

impl sdk::Classifier for Triage {
    fn classify(_settings: &sdk::Settings, posts: &[sdk::Post]) -> Result<Vec<Vec<sdk::Label>>, sdk::Failure> {
        Ok(posts
            .iter()
            .map(|post| {
                classify(post.title.as_deref(), &post.text)
                    .into_iter()
                    .map(|label| sdk::Label {
                        name: label.name.to_owned(),
                        score: label.score,
                        evidence: label.evidence,
                    })
                    .collect()
            })
            .collect())
    }
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

sdk::export_classifier!(Triage);

#[cfg(test)]
mod tests;

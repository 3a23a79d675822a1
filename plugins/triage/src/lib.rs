//! Says what a Chinese post is: a problem, an emergency, a sensitive matter, a
//! suggestion, what looks like a rumour — or none of these. A label is a
//! proposal with its evidence; a person decides.
//!
//! Method. Cue terms (`cues.txt`, written by hand) are found in one pass and
//! summed by what they are a sign of: harm by conduct or service, a proposal, an
//! event, what it did to people, that it is recent, crime or threat, an
//! uncheckable source, pressure to forward, a sensational claim — and what speaks
//! against: a question of procedure, praise, a newsroom's voice, a denial, chat.
//! A word before a cue takes it back (没有爆炸, 如果发生火灾). A small
//! log-linear model over the fourteen sums, with its weights in this file, makes
//! them comparable.
//!
//! Two rules stand above the model. `rumour` needs signs of two kinds among
//! uncheckable source, pressure to forward and sensational claim, with one of
//! the first two, and no denial: criticism, however harsh, has neither. And on
//! doubt between nothing and `problem` the bias is for `problem`: someone who
//! reads a post too many loses a minute, someone who misses one loses trust.
//!
//! What this gave up: words not in the list, irony, images, any knowledge of
//! what is true. The quality is measured in `README.md`. Nothing is built at
//! run time, because a fresh instance would pay for it on every call.

mod cues;

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

/// A category: its name, what it is read from, and its weights.
struct Category {
    name: &'static str,
    /// Signs whose cues are shown as evidence.
    shown: &'static [Sign],
    bias: f32,
    /// One weight for each sign, then for event × consequence, then for how many
    /// kinds of rumour sign there are.
    weights: [f32; SIGNS + 2],
}

const CATEGORIES: [Category; 5] = [
    Category {
        name: "problem",
        shown: &[Sign::Problem],
        bias: -0.1,
        weights: [1.9, -0.3, -0.1, -0.2, -0.5, -0.2, -0.1, -0.1, -0.4, -0.1, 0.4, -0.5, -0.2, 0.2, -0.4, -0.4],
    },
    Category {
        name: "emergency",
        shown: &[Sign::Event, Sign::Harm],
        bias: -0.1,
        weights: [-1.0, -0.7, 0.9, 0.8, 1.0, 0.2, -0.2, 0.1, 0.0, 0.3, 0.0, -0.2, 0.7, -0.5, 0.3, -0.1],
    },
    Category {
        name: "sensitive",
        shown: &[Sign::Sensitive],
        bias: -1.0,
        weights: [0.7, -0.6, -0.1, 0.1, -0.1, 1.3, 0.3, -0.3, -0.3, -0.1, -0.2, 0.1, -0.2, -0.2, 0.2, -0.1],
    },
    Category {
        name: "suggestion",
        shown: &[Sign::Suggestion],
        bias: -1.9,
        weights: [0.0, 2.7, -0.3, -0.2, -0.3, -0.5, -0.4, -0.1, -0.7, -0.1, -0.7, 0.4, -0.6, 0.0, 0.4, -0.7],
    },
    Category {
        name: "rumour",
        shown: &[Sign::Vague, Sign::Urge, Sign::Shock],
        bias: -1.1,
        weights: [-0.7, -0.8, 0.0, 0.0, -0.1, 0.0, 0.7, 0.9, 1.2, 0.0, -0.2, 0.0, -0.1, -0.1, 0.0, 1.5],
    },
];

/// Neither of them.
const NONE_BIAS: f32 = 3.2;
const NONE: [f32; SIGNS + 2] =
    [-0.9, -0.2, -0.5, -0.5, 0.0, -0.8, -0.3, -0.5, 0.3, 0.0, 0.7, 0.2, 0.3, 0.6, -0.4, -0.3];

/// How many clauses are shown as evidence.
const EVIDENCE: usize = 3;

/// The most characters of a clause shown on either side of its cue.
const AROUND: usize = 20;

/// The labels of a text, the most likely first; empty where none is more likely
/// than each of them. A second label stands only with a share of a quarter.
#[must_use]
pub fn classify(title: Option<&str>, text: &str) -> Vec<Label> {
    let reading = Reading::of(title.unwrap_or_default(), text);
    let shares = reading.shares();
    let none = shares[CATEGORIES.len()];
    let mut order: Vec<usize> = (0..CATEGORIES.len()).collect();
    order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
    order
        .into_iter()
        .enumerate()
        .filter(|(rank, nth)| shares[*nth] > none && (*rank == 0 || shares[*nth] >= 0.25))
        .filter_map(|(_, nth)| {
            let evidence = reading.evidence(CATEGORIES[nth].shown);
            (!evidence.is_empty()).then_some(Label { name: CATEGORIES[nth].name, score: shares[nth], evidence })
        })
        .collect()
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

    /// The share of each category, and last of none.
    fn shares(&self) -> [f32; CATEGORIES.len() + 1] {
        let rumour_kinds = [Sign::Vague, Sign::Urge, Sign::Shock].iter().filter(|sign| self.sum(**sign) > 0.0).count();
        let told = self.sum(Sign::Vague) > 0.0 || self.sum(Sign::Urge) > 0.0;
        let may_be_rumour = rumour_kinds >= 2 && told && self.sum(Sign::Debunk) <= 0.0;

        let mut features = [0.0; SIGNS + 2];
        for (feature, sum) in features.iter_mut().zip(self.sums) {
            *feature = sum.ln_1p();
        }
        let consequence = self.sum(Sign::Harm) + self.sum(Sign::Now);
        features[SIGNS] = self.sum(Sign::Event).min(12.0) * consequence.min(18.0) / 60.0;
        features[SIGNS + 1] = [0.0, 1.0, 2.0, 3.0][rumour_kinds];

        let mut shares = [0.0; CATEGORIES.len() + 1];
        for (share, category) in shares.iter_mut().zip(&CATEGORIES) {
            let possible = category.name != "rumour" || may_be_rumour;
            *share = if possible { dot(category.bias, &category.weights, &features) } else { f32::NEG_INFINITY };
        }
        shares[CATEGORIES.len()] = dot(NONE_BIAS, &NONE, &features);
        let most = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for share in &mut shares {
            *share = (*share - most).exp();
        }
        let all: f32 = shares.iter().sum();
        shares.map(|share| share / all)
    }

    /// Clauses that hold the strongest cues of these signs, in reading order.
    fn evidence(&self, shown: &[Sign]) -> Vec<String> {
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

fn dot(bias: f32, weights: &[f32; SIGNS + 2], features: &[f32; SIGNS + 2]) -> f32 {
    weights.iter().zip(features).fold(bias, |sum, (weight, feature)| sum + weight * feature)
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

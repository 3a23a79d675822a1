//! Says what a Chinese post is: a problem, an emergency, a sensitive matter, a
//! suggestion, what looks like a rumour — or none of these; how serious an event is, how
//! soon a post must be looked at, and in which mood it is written. A label is a
//! proposal with its evidence; a person decides.
//!
//! Method. The text is folded to one form (`fold.rs`). Two readings of it are added up by one
//! logistic regression (`model.rs`): its character runs (`ngrams.rs`), and the sums of cue terms
//! (`cues.txt`, written by hand) by what they are a sign of. A word before a cue takes it back (没有爆炸, 如果发生火灾).
//! The weights are learnt from `training/`, texts written for this project, by
//! `cargo run --release -p caifeng-triage --example train`. The rules that stand
//! above the model are in `decide.rs`, level and urgency in `severity.rs`.
//!
//! What this gave up: irony, images, any knowledge of what is true. The quality is
//! measured in `README.md`. Nothing is built at run time, because a fresh instance
//! would pay for it on every call.

mod claim;
mod cues;
mod decide;
mod evidence;
pub mod fold;
pub mod model;
pub mod ngrams;
mod reading;
mod severity;

use caifeng_plugin_sdk as sdk;

use crate::cues::Sign;
use crate::decide::{EMERGENCY, NONE};
use crate::fold::Folded;
use crate::model::Seen;
use crate::reading::Reading;

pub use crate::reading::dense;

/// What a text shows signs of.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// One of the names that `plugin.toml` declares.
    pub name: &'static str,
    /// How likely it is right, 0 to 1. The shares of the categories and of none sum to 1.
    pub score: f32,
    /// Clauses of the title or the text, verbatim, at most three.
    pub evidence: Vec<String>,
}

/// A category: its name, and the signs whose cues are shown as evidence.
struct Category {
    name: &'static str,
    shown: &'static [Sign],
}

const CATEGORIES: [Category; NONE] = [
    Category { name: "problem", shown: &[Sign::Problem] },
    Category { name: "emergency", shown: &[Sign::Event, Sign::Harm] },
    Category { name: "sensitive", shown: &[Sign::Sensitive] },
    Category { name: "suggestion", shown: &[Sign::Suggestion] },
    Category { name: "rumour", shown: &[Sign::Vague, Sign::Urge, Sign::Shock] },
];

/// From this share of a good or a bad mood it is said; between, a text is even-tempered.
const MOODY: f32 = 0.6;

/// How much less sure a mood is of which as much speaks for as against.
const TORN: f32 = 0.6;

/// Part of a mood that is spread evenly: two readers differ on it more often than on what a post is.
const MIXED: f32 = 0.06;

/// From this sum of its cues a life or a crowd is in danger.
const PERIL: f32 = 6.0;

/// How sure a reading by rule is: of an urgency, and of a level that a toll makes.
const URGENT: f32 = 0.8;
const SOON: f32 = 0.6;

/// How many labels most posts have at most.
const LABELS: usize = 6;

/// What the classifier works in; kept from post to post, so that nothing is allocated for each.
#[derive(Default)]
pub struct Desk {
    title: Folded,
    text: Folded,
    seen: Seen,
}

/// The labels of a text: its categories, the most likely first — none where none is more likely
/// than each of them (`decide.rs` says when) — then level, urgency and mood, where it has one.
#[must_use]
pub fn classify(title: Option<&str>, text: &str) -> Vec<Label> {
    Desk::default().classify(title, text)
}

impl Desk {
    /// Like [`classify`], for one text after the other.
    pub fn classify(&mut self, title: Option<&str>, text: &str) -> Vec<Label> {
        let title = title.unwrap_or_default();
        self.title.read(title);
        self.text.read(text);
        if self.title.codes.is_empty() && self.text.codes.is_empty() {
            return Vec::new();
        }
        let reading = Reading::of([title, text], [&self.title, &self.text]);
        let sums = model::sums(&self.title, &self.text, &reading.dense(), &mut self.seen);
        let shares = decide::shares(&reading, sums.classes);
        let standing = decide::standing(shares);
        let mut labels = Vec::with_capacity(LABELS);
        for class in &standing {
            let Category { name, shown } = CATEGORIES[*class];
            let cued = reading.clauses(shown);
            let evidence = if cued.is_empty() { reading.loudest(*class).into_iter().collect() } else { cued };
            push(&mut labels, name, shares[*class], evidence);
        }
        if standing.first() == Some(&EMERGENCY)
            && let Some((level, clause)) = reading.toll()
        {
            push(&mut labels, level.name(), shares[EMERGENCY], vec![clause]);
        }
        urgency(&reading, standing.first().copied(), &mut labels);
        mood(&reading, sums.mood, &mut labels);
        labels
    }
}

/// Adds a label, unless it has nothing to show for itself.
fn push(labels: &mut Vec<Label>, name: &'static str, score: f32, evidence: Vec<String>) {
    if !evidence.is_empty() {
        labels.push(Label { name, score, evidence });
    }
}

/// A life or a crowd in danger is urgent, in an emergency or where restricted handling is due; what
/// concerns people who cannot help themselves is looked at soon. A rumour is neither: it is told.
fn urgency(reading: &Reading<'_>, first: Option<usize>, labels: &mut Vec<Label>) {
    let grave = matches!(first, Some(EMERGENCY | decide::SENSITIVE));
    let peril = reading.sum(Sign::Peril);
    if grave && peril >= PERIL {
        push(labels, "urgent", URGENT, reading.clauses(&[Sign::Peril]));
    } else if grave || (first == Some(decide::PROBLEM) && reading.sum(Sign::Frail) > 0.0) {
        let shown: &[Sign] =
            if reading.sum(Sign::Frail) > 0.0 { &[Sign::Frail] } else { &[Sign::Harm, Sign::Sensitive] };
        push(labels, "soon", SOON, reading.clauses(shown));
    }
}

/// A mood needs a clause that shows it: most letters are written calmly, whatever the model makes of them. What
/// praises and blames in one breath says less surely which it is, however much it says.
fn mood(reading: &Reading<'_>, sum: f32, labels: &mut Vec<Label>) {
    let [good, bad] = [Sign::Good, Sign::Bad].map(|sign| reading.sum(sign));
    let torn = good.min(bad) / good.max(bad).max(1.0);
    let good = MIXED / 2.0 + (1.0 - MIXED) / (1.0 + (-sum * (1.0 - TORN * torn)).exp());
    let (name, share, shown): (_, _, &[Sign]) = if good >= 0.5 {
        ("positive", good, &[Sign::Good, Sign::Thanks])
    } else {
        ("negative", 1.0 - good, &[Sign::Bad, Sign::Problem, Sign::Harm, Sign::Sensitive])
    };
    if share >= MOODY {
        push(labels, name, share, reading.clauses(shown));
    }
}

/// Read once when the plugin is built: something of each category.
const WARMING: &str = "清河县幸福路的路灯坏了半个月，打了三次电话没人管，态度恶劣！建议尽快维修。网传化工厂爆炸致多人受伤，系谣言；感谢工作人员。";

/// The plugin.
struct Triage;

impl sdk::Classifier for Triage {
    fn classify(_settings: &sdk::Settings, posts: &[sdk::Post]) -> Result<Vec<Vec<sdk::Label>>, sdk::Failure> {
        let mut desk = Desk::default();
        Ok(posts
            .iter()
            .map(|post| desk.classify(post.title.as_deref(), &post.text).into_iter().map(told).collect())
            .collect())
    }

    fn warm() {
        sdk::warm::posts::<Self>(&Vec::new(), &[WARMING; 16]);
    }
}

fn told(label: Label) -> sdk::Label {
    sdk::Label { name: label.name.to_owned(), score: label.score, evidence: label.evidence }
}

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

sdk::export_classifier!(Triage);

#[cfg(test)]
mod tests;

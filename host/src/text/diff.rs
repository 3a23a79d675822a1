//! What one version of a text changed, word by word.
//!
//! Words come from outside (Chinese has no spaces to cut at); joined, the parts that are the
//! same or removed are the old text, those that are the same or added the new one. Texts
//! that differ in more than [`MOST`] words are told as replaced: comparing takes time that grows with the
//! square of what differs, and a reader would see no sense in the crumbs.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// What happened to a run of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is in both.
    Same,
    /// It was only in the old one.
    Removed,
    /// It is only in the new one.
    Added,
}

/// A run of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What happened to it.
    pub change: Change,
    /// The text.
    pub text: String,
}

/// Words of either text, without what they have in common at both ends, that are compared.
const MOST: usize = 1_500;

/// Compares two texts, given as words.
#[must_use]
pub fn diff(old: &[&str], new: &[&str]) -> Vec<Part> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, end) = old_rest.split_at(old_rest.len() - tail);
    let new_middle = &new_rest[..new_rest.len() - tail];
    let mut parts = Parts::default();
    parts.add(Change::Same, &old[..head]);
    if old_middle.len() > MOST || new_middle.len() > MOST {
        parts.add(Change::Removed, old_middle);
        parts.add(Change::Added, new_middle);
    } else {
        for op in capture_diff_slices(Algorithm::Myers, old_middle, new_middle) {
            let (gone, came) = (op.old_range(), op.new_range());
            if matches!(op, DiffOp::Equal { .. }) {
                parts.add(Change::Same, &old_middle[gone]);
            } else {
                parts.add(Change::Removed, &old_middle[gone]);
                parts.add(Change::Added, &new_middle[came]);
            }
        }
    }
    parts.add(Change::Same, end);
    parts.0
}

#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn add(&mut self, change: Change, words: &[&str]) {
        let text = words.concat();
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.change == change => last.text.push_str(&text),
            _ => self.0.push(Part { change, text }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tokens::Tokeniser;
    use super::*;

    fn shown(parts: &[Part]) -> String {
        let wrap = |part: &Part| match part.change {
            Change::Same => part.text.clone(),
            Change::Removed => format!("[-{}-]", part.text),
            Change::Added => format!("{{+{}+}}", part.text),
        };
        parts.iter().map(wrap).collect()
    }

    #[test]
    fn whole_words_are_told() {
        let tokeniser = Tokeniser::new();
        let (old, new) = ("县供水站明天停水维修，请提前储水。", "县供水站后天停水抢修，请提前储水。电话 12345");
        let parts = diff(&tokeniser.words(old), &tokeniser.words(new));
        assert_eq!(shown(&parts), "县供水站[-明天-]{+后天+}停水[-维修-]{+抢修+}，请提前储水。{+电话 12345+}");
    }

    #[test]
    fn what_differs_without_end_is_replaced() {
        let old: Vec<String> = (0..5_000).map(|n| format!("a{n} ")).collect();
        let new: Vec<String> = (0..5_000).map(|n| format!("b{n} ")).collect();
        let words = |list: &'static [&'static str]| list.to_vec();
        let (mut a, mut b) = (words(&["same "]), words(&["same "]));
        a.extend(old.iter().map(String::as_str));
        b.extend(new.iter().map(String::as_str));
        let parts = diff(&a, &b);
        let changes: Vec<_> = parts.iter().map(|part| part.change).collect();
        assert_eq!(changes, [Change::Same, Change::Removed, Change::Added]);
    }

    proptest! {
        #[test]
        fn both_texts_are_in_the_parts(old in "[停水电ab 。]{0,30}", new in "[停水电ab 。]{0,30}") {
            let split = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
            let (a, b) = (split(&old), split(&new));
            let parts = diff(
                &a.iter().map(String::as_str).collect::<Vec<_>>(),
                &b.iter().map(String::as_str).collect::<Vec<_>>(),
            );
            let without = |change: Change| parts.iter().filter(|p| p.change != change).map(|p| p.text.as_str()).collect::<String>();
            prop_assert_eq!(without(Change::Added), old);
            prop_assert_eq!(without(Change::Removed), new);
        }

        #[test]
        fn words_joined_are_the_text(text in "\\PC{0,80}") {
            static TOKENISER: std::sync::LazyLock<Tokeniser> = std::sync::LazyLock::new(Tokeniser::new);
            prop_assert_eq!(TOKENISER.words(&text).concat(), text);
        }
    }
}

//! What the classifiers make of an incident, from what they said of its posts.
//!
//! Each post has one vote: its strongest category label. Votes weigh as much as
//! their score; the heaviest category is suggested. On a tie, and whenever rumour
//! does not outweigh everything else together, the category in which *we* may
//! be at fault or must hurry wins (design §7): a rumour is suggested only by a
//! majority. Integer weights make the result independent of the order of posts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Category;

/// From the one that must be preferred in doubt to the one that must not.
const CAUTION: [Category; 5] =
    [Category::Emergency, Category::Problem, Category::Sensitive, Category::Suggestion, Category::Rumour];

/// Which of [`CAUTION`] it is; lower is to be preferred.
fn caution(category: Category) -> usize {
    CAUTION.iter().position(|c| *c == category).unwrap_or(CAUTION.len())
}

/// A post's say in the opinion on its incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// For which category.
    pub category: Category,
    /// Thousandths of the label's score, 0 to 1000.
    pub weight: u64,
    /// Plugin id and version that gave the label.
    pub by: String,
}

impl Vote {
    /// A post's vote, from its category labels as (name, score, plugin).
    /// Names that are no category and scores of 0 or NaN do not count.
    pub fn of<'a>(labels: impl IntoIterator<Item = (&'a str, f32, &'a str)>) -> Option<Self> {
        labels
            .into_iter()
            .filter_map(|(name, score, by)| {
                let category = Category::from_name(name)?;
                let weight = thousandths(score);
                (weight > 0).then(|| Self { category, weight, by: by.to_owned() })
            })
            .max_by(|a, b| (a.weight.cmp(&b.weight)).then(caution(b.category).cmp(&caution(a.category))))
    }
}

fn thousandths(score: f32) -> u64 {
    (score.clamp(0.0, 1.0) * 1000.0).round() as u64
}

/// The votes of an incident's posts, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    votes: BTreeMap<Category, Votes>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Votes {
    posts: u64,
    weight: u64,
    by: BTreeMap<String, u64>,
}

/// What the opinion comes to, with the figures that explain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The category.
    pub category: Category,
    /// The plugin that most of its votes come from.
    pub by: String,
    /// Posts that vote for it.
    pub posts: u64,
    /// Posts that vote at all.
    pub of: u64,
}

impl Opinion {
    /// Counts a post's vote.
    pub fn add(&mut self, vote: Vote) {
        let votes = self.votes.entry(vote.category).or_default();
        votes.posts += 1;
        votes.weight += vote.weight;
        *votes.by.entry(vote.by).or_default() += 1;
    }

    /// Takes back a vote counted before: the post has changed.
    pub fn remove(&mut self, vote: &Vote) {
        let Some(votes) = self.votes.get_mut(&vote.category) else {
            return;
        };
        votes.posts = votes.posts.saturating_sub(1);
        votes.weight = votes.weight.saturating_sub(vote.weight);
        if let Some(n) = votes.by.get_mut(&vote.by) {
            *n = n.saturating_sub(1);
        }
        votes.by.retain(|_, n| *n > 0);
        self.votes.retain(|_, v| v.posts > 0);
    }

    /// What it comes to; `None` while no post has a category.
    #[must_use]
    pub fn suggestion(&self) -> Option<Suggestion> {
        let total: u64 = self.votes.values().map(|v| v.weight).sum();
        let eligible = |category: Category, weight: u64| category != Category::Rumour || weight > total - weight;
        let (category, votes) = self
            .votes
            .iter()
            .filter(|(c, v)| eligible(**c, v.weight))
            .max_by_key(|(c, v)| (v.weight, std::cmp::Reverse(caution(**c))))?;
        let by = votes.by.iter().max_by_key(|(_, n)| **n)?.0;
        Some(Suggestion {
            category: *category,
            by: by.clone(),
            posts: votes.posts,
            of: self.votes.values().map(|v| v.posts).sum(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vote(category: Category, weight: u64) -> Vote {
        Vote { category, weight, by: "triage@0.1.0".into() }
    }

    fn opinion(votes: &[(Category, u64)]) -> Option<Category> {
        let mut opinion = Opinion::default();
        for (category, weight) in votes {
            opinion.add(vote(*category, *weight));
        }
        opinion.suggestion().map(|s| s.category)
    }

    #[test]
    fn heaviest_wins_and_doubt_goes_against_us() {
        use Category::{Emergency, Problem, Rumour, Sensitive};
        assert_eq!(opinion(&[]), None);
        assert_eq!(opinion(&[(Sensitive, 400), (Problem, 300), (Problem, 300)]), Some(Problem));
        assert_eq!(opinion(&[(Problem, 500), (Emergency, 500)]), Some(Emergency));
        assert_eq!(opinion(&[(Rumour, 500), (Sensitive, 500)]), Some(Sensitive));
        assert_eq!(opinion(&[(Rumour, 500), (Sensitive, 300), (Problem, 200)]), Some(Sensitive));
        assert_eq!(opinion(&[(Rumour, 600), (Sensitive, 300)]), Some(Rumour));
    }

    #[test]
    fn a_post_votes_once_for_its_strongest_category() {
        let labels =
            [("problem", 0.4, "a@1"), ("rumour", 0.8, "b@2"), ("angry", 1.0, "c@3"), ("emergency", f32::NAN, "d@4")];
        let vote = Vote::of(labels).unwrap();
        assert_eq!(vote, Vote { category: Category::Rumour, weight: 800, by: "b@2".into() });
        assert_eq!(Vote::of([("rumour", 0.5, "a"), ("problem", 0.5, "a")]).unwrap().category, Category::Problem);
        assert_eq!(Vote::of([("problem", 0.0, "a")]), None);
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_removing_undoes_adding(
            votes in proptest::collection::vec((0usize..5, 1u64..1000), 0..20),
            extra in (0usize..5, 1u64..1000),
        ) {
            let votes: Vec<_> = votes.into_iter().map(|(c, w)| vote(Category::ALL[c], w)).collect();
            let mut forth = Opinion::default();
            votes.iter().cloned().for_each(|v| forth.add(v));
            let mut back = Opinion::default();
            votes.iter().rev().cloned().for_each(|v| back.add(v));
            prop_assert_eq!(&forth, &back);
            let extra = vote(Category::ALL[extra.0], extra.1);
            back.add(extra.clone());
            back.remove(&extra);
            prop_assert_eq!(forth, back);
        }
    }
}

//! What the classifiers make of an incident, from what they said of its posts.
//!
//! This is the one place where votes come together. The [ballots](super::ballot) of all posts are added up label
//! by label; the label with the most points is suggested. On a tie, and whenever rumour does not outweigh
//! every other category together, the category in which *we* may be at fault or must hurry wins (design §7): a
//! rumour is suggested only by a majority. A tie of levels or moods goes to the graver.
//!
//! Votes are kept under the labels that the classifiers gave, because a plan may change and a post's votes must be taken
//! back as they were counted. What a level means is looked up when somebody reads ([`Opinion::in_words_of`]): each plan
//! has its own scheme and says which labels suggest which of its levels.
//!
//! Integer points make the result independent of the order of posts; who voted for what, with which weight, is
//! kept beside the sums, so that a page can show it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use caifeng_plugin_host::manifest::LabelGroup;
use serde::{Deserialize, Serialize};

use super::Category;
use super::ballot::{Ballot, Weight};
use crate::plan::Plan;
use crate::plan::level::Level;

/// The ballots of an incident's posts, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion(BTreeMap<LabelGroup, Group>);

/// Everything that was said of one thing: the category, the level, the mood, the urgency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Posts of which anything was said.
    pub posts: u64,
    /// What was said, by label.
    pub labels: BTreeMap<String, Tally>,
}

/// The votes for one label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Posts of which it was said.
    pub posts: u64,
    /// Thousandths of a sure vote of weight 1.
    pub points: u64,
    /// Who said it, in the order of names.
    pub by: Vec<Share>,
}

/// What one classifier has to do with a tally.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Plugin id and version.
    pub by: String,
    /// What it counted.
    pub weight: Weight,
    /// Posts of which it said so.
    pub posts: u64,
    /// Its part of the points.
    pub points: u64,
}

/// What the opinion comes to, with the figures that explain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The category.
    pub category: Category,
    /// The plugin that most of its points come from.
    pub by: String,
    /// Posts that vote for it.
    pub posts: u64,
    /// Posts that vote at all.
    pub of: u64,
}

impl Opinion {
    /// Counts a post's votes.
    pub fn add(&mut self, ballot: &Ballot) {
        self.count(ballot, |n, more| n + more);
    }

    /// Takes back votes counted before: the post has changed.
    pub fn remove(&mut self, ballot: &Ballot) {
        self.count(ballot, u64::saturating_sub);
        for group in self.0.values_mut() {
            for tally in group.labels.values_mut() {
                tally.by.retain(|share| share.posts > 0);
            }
            group.labels.retain(|_, tally| tally.posts > 0);
        }
        self.0.retain(|_, group| group.posts > 0);
    }

    fn count(&mut self, ballot: &Ballot, change: fn(u64, u64) -> u64) {
        let mut met: Vec<(LabelGroup, Option<&str>)> = Vec::new();
        // A post counts once, whoever speaks of it.
        let mut first = |group, label| {
            let new = !met.contains(&(group, label));
            met.push((group, label));
            u64::from(new)
        };
        for vote in ballot.votes() {
            let group = self.0.entry(vote.group).or_default();
            group.posts = change(group.posts, first(vote.group, None));
            let tally = group.labels.entry(vote.name.clone()).or_default();
            tally.posts = change(tally.posts, first(vote.group, Some(&vote.name)));
            tally.points = change(tally.points, vote.points);
            let share = tally.share(&vote.by, vote.weight);
            share.posts = change(share.posts, 1);
            share.points = change(share.points, vote.points);
        }
    }

    /// What was said, by what it speaks of.
    pub fn groups(&self) -> impl Iterator<Item = (LabelGroup, &Group)> {
        self.0.iter().map(|(group, said)| (*group, said))
    }

    /// The category it comes to; `None` while no post has one.
    #[must_use]
    pub fn suggestion(&self) -> Option<Suggestion> {
        let group = self.0.get(&LabelGroup::Category)?;
        let total: u64 = group.labels.values().map(|tally| tally.points).sum();
        let tallies = group.labels.iter().filter_map(|(name, tally)| Some((Category::from_name(name)?, tally)));
        let (category, tally) = tallies
            .filter(|(category, tally)| *category != Category::Rumour || tally.points > total - tally.points)
            .max_by_key(|(category, tally)| (tally.points, Reverse(category.caution())))?;
        let by = tally.by.iter().max_by_key(|share| share.points)?.by.clone();
        Some(Suggestion { category, by, posts: tally.posts, of: group.posts })
    }

    /// The mood that it comes to; `None` while no post has one.
    #[must_use]
    pub fn mood(&self) -> Option<&str> {
        let labels = &self.0.get(&LabelGroup::Sentiment)?.labels;
        labels
            .iter()
            .max_by_key(|(name, tally)| (tally.points, Reverse(gravity(name)), Reverse(*name)))
            .map(|(name, _)| name.as_str())
    }

    /// The level of the plan's scheme that it comes to; `None` while no post has one that the plan knows. On a tie
    /// the higher one.
    #[must_use]
    pub fn level<'plan>(&self, plan: &'plan Plan) -> Option<&'plan Level> {
        let told = self.in_words_of(plan);
        let labels = &told.0.get(&LabelGroup::Level)?.labels;
        let voted = plan.levels().iter().filter_map(|level| Some((level, labels.get(&level.id)?.points)));
        // Levels go from the lowest to the highest, and of equals the last is the greatest.
        voted.max_by_key(|(_, points)| *points).map(|(level, _)| level)
    }

    /// The same votes with levels as the plan calls them: votes for labels that mean one level are votes for it.
    /// A label that the plan has no level for stays as it is.
    ///
    /// Posts of which several classifiers said it by different labels count once for each; never more than there are.
    #[must_use]
    pub fn in_words_of(&self, plan: &Plan) -> Self {
        let mut told = self.clone();
        if let Some(group) = told.0.get_mut(&LabelGroup::Level) {
            for (label, tally) in std::mem::take(&mut group.labels) {
                let name = plan.level_meant_by(&label).map_or(label, |level| level.id.clone());
                group.labels.entry(name).or_default().join(tally, group.posts);
            }
        }
        told
    }
}

/// Its place among moods, the gravest first; those of plugins that have names of their own come last.
fn gravity(name: &str) -> usize {
    const GRAVEST: [&str; 3] = ["negative", "neutral", "positive"];
    GRAVEST.iter().position(|known| *known == name).unwrap_or(GRAVEST.len())
}

impl Tally {
    /// Adds another label's votes; of `most` posts at all.
    fn join(&mut self, other: Self, most: u64) {
        self.posts = (self.posts + other.posts).min(most);
        self.points += other.points;
        for Share { by, weight, posts, points } in other.by {
            let share = self.share(&by, weight);
            share.posts += posts;
            share.points += points;
        }
    }

    /// The share of whoever votes, made if there is none.
    fn share(&mut self, by: &str, weight: Weight) -> &mut Share {
        let key = (by, weight);
        let at = self.by.binary_search_by(|share| (share.by.as_str(), share.weight).cmp(&key)).unwrap_or_else(|at| {
            self.by.insert(at, Share { by: by.to_owned(), weight, posts: 0, points: 0 });
            at
        });
        &mut self.by[at]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ballot::Said;
    use super::*;

    fn ballot(group: LabelGroup, votes: &[(&'static str, &'static str, u64)]) -> Ballot {
        let evidence = ["水厂被投毒".to_owned()];
        let said = votes.iter().map(|&(by, name, points)| Said {
            by,
            group,
            name,
            score: points as f32 / 1000.0,
            weight: Weight::default(),
            asked: false,
            evidence: &evidence,
        });
        Ballot::of(&said.collect::<Vec<_>>())
    }

    fn category(category: Category, points: u64) -> Ballot {
        ballot(LabelGroup::Category, &[("triage@0.1.0", category.as_str(), points)])
    }

    fn opinion(votes: &[(Category, u64)]) -> Option<Category> {
        let mut opinion = Opinion::default();
        for (voted, points) in votes {
            opinion.add(&category(*voted, *points));
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
    fn a_post_counts_once_and_its_classifiers_each() {
        let mut opinion = Opinion::default();
        let both = [("a@1", "problem", 600), ("b@1", "problem", 500), ("c@1", "sensitive", 900)];
        opinion.add(&ballot(LabelGroup::Category, &both));
        opinion.add(&ballot(LabelGroup::Category, &[("c@1", "sensitive", 100)]));
        let suggestion = opinion.suggestion().unwrap();
        assert_eq!(suggestion, Suggestion { category: Category::Problem, by: "a@1".into(), posts: 1, of: 2 });
        let (_, group) = opinion.groups().next().unwrap();
        assert_eq!(group.labels["problem"].by.iter().map(|s| s.points).collect::<Vec<_>>(), [600, 500]);
        assert_eq!((group.labels["sensitive"].posts, group.labels["sensitive"].by[0].posts), (2, 2));
    }

    /// The built-in plan with another of its schemes in force.
    fn scheme(name: &str) -> Plan {
        let text = crate::plan::BUILT_IN.replace("levels = \"colours\"", &format!("levels = \"{name}\""));
        Plan::read(text.into_bytes(), std::path::Path::new("plan.toml")).unwrap()
    }

    fn levels(votes: &[(&'static str, &'static str, u64)]) -> Opinion {
        let mut opinion = Opinion::default();
        votes.iter().for_each(|vote| opinion.add(&ballot(LabelGroup::Level, &[*vote])));
        opinion
    }

    #[test]
    fn a_tie_of_levels_goes_to_the_graver() {
        let mut opinion = levels(&[("a@1", "larger", 500), ("b@1", "major", 500)]);
        let level = |opinion: &Opinion| opinion.level(Plan::built_in()).map(|level| level.id.clone());
        assert_eq!(level(&opinion).as_deref(), Some("ii"));
        opinion.add(&ballot(LabelGroup::Level, &[("b@1", "larger", 1)]));
        assert_eq!(level(&opinion).as_deref(), Some("iii"));
        let mut moods = Opinion::default();
        moods.add(&ballot(LabelGroup::Sentiment, &[("a@1", "positive", 500), ("b@1", "negative", 500)]));
        assert_eq!((moods.mood(), level(&moods)), (Some("negative"), None));
    }

    #[test]
    fn levels_are_suggested_in_the_words_of_the_plan_in_force() {
        let opinion = levels(&[("a@1", "major", 400), ("b@1", "extreme", 400), ("c@1", "larger", 500)]);
        for (plan, expected) in [("colours", "iii"), ("four", "larger"), ("three", "major")] {
            let plan = scheme(plan);
            assert_eq!(opinion.level(&plan).map(|level| &*level.id), Some(expected), "{expected}");
        }
        let told = opinion.in_words_of(&scheme("three"));
        let (_, group) = told.groups().next().unwrap();
        let major = &group.labels["major"];
        assert_eq!((major.points, major.posts, major.by.len(), group.labels.len()), (800, 2, 2, 2));
    }

    #[test]
    fn a_label_that_the_plan_has_no_level_for_is_shown_and_suggests_none() {
        let opinion = levels(&[("a@1", "code-red", 900)]);
        assert_eq!(opinion.level(Plan::built_in()), None);
        assert!(opinion.in_words_of(Plan::built_in()).groups().all(|(_, group)| group.labels.contains_key("code-red")));
        let known = levels(&[("a@1", "code-red", 900), ("a@1", "iv", 100)]);
        assert_eq!(known.level(Plan::built_in()).map(|level| &*level.id), Some("iv"), "an id means its level");
    }

    #[test]
    fn one_post_said_by_two_labels_is_one_post() {
        let mut opinion = Opinion::default();
        opinion.add(&ballot(LabelGroup::Level, &[("a@1", "major", 500), ("b@1", "extreme", 500)]));
        let told = opinion.in_words_of(&scheme("three"));
        assert_eq!(told.groups().next().unwrap().1.labels["major"].posts, 1);
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let mut opinion = Opinion::default();
        opinion.add(&category(Category::Problem, 700));
        let kept = serde_json::to_string(&opinion).unwrap();
        assert_eq!(serde_json::from_str::<Opinion>(&kept).unwrap(), opinion);
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_removing_undoes_adding(
            votes in proptest::collection::vec((0usize..5, 1u64..1000, 0usize..3), 0..20),
            extra in (0usize..5, 1u64..1000, 0usize..3),
        ) {
            let one = |(category, points, by): (usize, u64, usize)| {
                ballot(LabelGroup::Category, &[(["a@1", "b@1", "c@1"][by], Category::ALL[category].as_str(), points)])
            };
            let ballots: Vec<Ballot> = votes.into_iter().map(one).collect();
            let mut forth = Opinion::default();
            ballots.iter().for_each(|ballot| forth.add(ballot));
            let mut back = Opinion::default();
            ballots.iter().rev().for_each(|ballot| back.add(ballot));
            prop_assert_eq!(&forth, &back);
            let extra = one(extra);
            back.add(&extra);
            back.remove(&extra);
            prop_assert_eq!(forth, back);
        }
    }
}

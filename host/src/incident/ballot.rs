//! A post's say in the opinion on its incident: every classifier has its votes, weighed.
//!
//! A vote is worth its label's score times the weight that the operator gives the classifier, in
//! thousandths. Of a category, a level and a mood a classifier has one vote a post, its strongest label; signs
//! of urgency do not exclude each other, so each is a vote.
//!
//! Rumour is the gravest thing to say of somebody, so a vote for it counts for *problem* (design §7)
//!
//! - where no excerpt is a claim that could be checked: a statement, not a question and not a word;
//! - where only a service that was asked sees it: a post that gives such a model orders would otherwise have
//!   itself, or its neighbour, called a rumour.
//!
//! What it gave up: whether a claim is false is not looked at, for no machine here could know.

use std::collections::BTreeMap;

use caifeng_plugin_host::manifest::LabelGroup;
use serde::{Deserialize, Serialize};

use super::Category;

/// How much a classifier's word counts, from 0 (shown, not counted) to [`Weight::MOST`]; 1 unless the operator says
/// otherwise. Kept in hundredths, so that sums do not depend on the order of posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Weight(u32);

impl Weight {
    /// The most that one classifier may count.
    pub const MOST: f64 = 10.0;

    /// Whether it is 1.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(100)
    }
}

impl From<Weight> for f64 {
    fn from(weight: Weight) -> Self {
        Self::from(weight.0) / 100.0
    }
}

impl TryFrom<f64> for Weight {
    type Error = String;

    fn try_from(weight: f64) -> Result<Self, String> {
        if (0.0..=Self::MOST).contains(&weight) {
            return Ok(Self((weight * 100.0).round() as u32));
        }
        Err(format!("a weight is a number from 0 to {}: {weight}", Self::MOST))
    }
}

/// A label as the vote sees it.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Plugin id and version.
    pub by: &'a str,
    /// What it speaks of.
    pub group: LabelGroup,
    /// The label.
    pub name: &'a str,
    /// Between 0 and 1.
    pub score: f32,
    /// What the classifier counted when it said so.
    pub weight: Weight,
    /// A service was asked; no rule and no model of ours says it.
    pub asked: bool,
    /// Verbatim excerpts.
    pub evidence: &'a [String],
}

impl Said<'_> {
    fn points(&self) -> u64 {
        let thousandths = (self.score.clamp(0.0, 1.0) * 1000.0).round() as u64;
        thousandths * u64::from(self.weight.0) / 100
    }

    /// Category labels that name no category of the plan say nothing; nor does a score of 0, or one that is none.
    fn counts(&self) -> bool {
        let known = self.group != LabelGroup::Category || Category::from_name(self.name).is_some();
        known && self.points() > 0
    }
}

/// One vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// What it speaks of.
    pub group: LabelGroup,
    /// For which label.
    pub name: String,
    /// Thousandths of a sure vote of weight 1; at least 1.
    pub points: u64,
    /// What the classifier counts.
    pub weight: Weight,
    /// Plugin id and version.
    pub by: String,
}

/// All votes of one post.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ballot(Vec<Vote>);

impl Ballot {
    /// The votes that a post's labels come to.
    #[must_use]
    pub fn of(labels: &[Said<'_>]) -> Self {
        let mut single: BTreeMap<(LabelGroup, &str), &Said<'_>> = BTreeMap::new();
        let mut votes = Vec::new();
        for said in labels.iter().filter(|said| said.counts()) {
            if said.group == LabelGroup::Urgency {
                votes.push(vote(said, said.name));
                continue;
            }
            let best = single.entry((said.group, said.by)).or_insert(said);
            if (said.points(), cautious(best)) > (best.points(), cautious(said)) {
                *best = said;
            }
        }
        let rumour = |said: &Said<'_>| said.group == LabelGroup::Category && said.name == Category::Rumour.as_str();
        let seconded = single.values().any(|said| rumour(said) && !said.asked && claims(said.evidence));
        votes.extend(single.into_values().map(|said| {
            let doubtful = rumour(said) && !(seconded && claims(said.evidence));
            vote(said, if doubtful { Category::Problem.as_str() } else { said.name })
        }));
        Self(votes)
    }

    /// The votes.
    #[must_use]
    pub fn votes(&self) -> &[Vote] {
        &self.0
    }
}

fn vote(said: &Said<'_>, name: &str) -> Vote {
    let Said { group, weight, by, .. } = *said;
    Vote { group, name: name.to_owned(), points: said.points(), weight, by: by.to_owned() }
}

/// Of two labels with the same score the one that is lower here stands.
fn cautious<'a>(said: &Said<'a>) -> (usize, &'a str) {
    (Category::from_name(said.name).map_or(0, Category::caution), said.name)
}

/// Characters of the shortest statement.
const STATEMENT: usize = 5;

/// Whether some excerpt is a statement that somebody could check.
fn claims(evidence: &[String]) -> bool {
    evidence.iter().map(|excerpt| excerpt.trim()).any(|excerpt| {
        let question = excerpt.ends_with(['？', '?']) || excerpt.contains('吗');
        !question && excerpt.chars().filter(|c| c.is_alphanumeric()).nth(STATEMENT - 1).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<'a>(by: &'a str, name: &'a str, score: f32, evidence: &'a [String]) -> Said<'a> {
        let group = LabelGroup::Category;
        Said { by, group, name, score, weight: Weight::default(), asked: by.starts_with("model"), evidence }
    }

    fn votes(labels: &[Said<'_>]) -> Vec<(String, u64)> {
        Ballot::of(labels).0.into_iter().map(|vote| (vote.name, vote.points)).collect()
    }

    fn claim() -> Vec<String> {
        vec!["水厂被投毒".to_owned()]
    }

    #[test]
    fn each_classifier_has_one_vote_for_its_strongest_category() {
        let claim = claim();
        let labels = [
            said("a@1", "problem", 0.4, &claim),
            said("a@1", "suggestion", 0.6, &claim),
            said("b@2", "sensitive", 0.8, &claim),
            said("b@2", "angry", 1.0, &claim),
            said("c@3", "emergency", f32::NAN, &claim),
        ];
        assert_eq!(votes(&labels), [("suggestion".to_owned(), 600), ("sensitive".to_owned(), 800)]);
        let tied = [said("a@1", "suggestion", 0.5, &claim), said("a@1", "problem", 0.5, &claim)];
        assert_eq!(votes(&tied), [("problem".to_owned(), 500)], "in doubt we may be at fault");
        assert_eq!(votes(&[tied[1], tied[0]]), votes(&tied));
    }

    #[test]
    fn a_vote_is_worth_what_the_operator_says() {
        let weighed = |weight: f64| Said { weight: weight.try_into().unwrap(), ..said("a@1", "problem", 0.5, &[]) };
        assert_eq!(votes(&[weighed(2.5)]), [("problem".to_owned(), 1250)]);
        assert_eq!(votes(&[weighed(0.0)]), []);
        for wrong in [-0.1, 10.1, f64::NAN, f64::INFINITY] {
            assert!(Weight::try_from(wrong).unwrap_err().contains("from 0 to 10"), "{wrong}");
        }
    }

    #[test]
    fn every_sign_of_urgency_is_a_vote() {
        let sign = |name| Said { group: LabelGroup::Urgency, ..said("a@1", name, 0.5, &[]) };
        assert_eq!(votes(&[sign("urgent"), sign("soon")]), [("urgent".to_owned(), 500), ("soon".to_owned(), 500)]);
        let level = |name| Said { group: LabelGroup::Level, ..said("a@1", name, 0.5, &[]) };
        assert_eq!(votes(&[level("major"), level("extreme")]), [("extreme".to_owned(), 500)]);
    }

    #[test]
    fn a_rumour_without_a_claim_is_a_problem() {
        let claim = claim();
        assert_eq!(votes(&[said("a@1", "rumour", 0.9, &claim)])[0].0, "rumour");
        for excerpt in ["谣言", "水厂被投毒了吗", "水厂真的被投毒？", "！！！！！！！！"] {
            assert_eq!(votes(&[said("a@1", "rumour", 0.9, &[excerpt.to_owned()])])[0].0, "problem", "{excerpt}");
        }
        assert_eq!(votes(&[said("a@1", "rumour", 0.9, &[])])[0].0, "problem");
    }

    #[test]
    fn a_service_alone_calls_nothing_a_rumour() {
        let claim = claim();
        let asked = said("model@1", "rumour", 1.0, &claim);
        assert_eq!(votes(&[asked]), [("problem".to_owned(), 1000)]);
        let other = said("triage@1", "sensitive", 0.6, &claim);
        assert!(votes(&[asked, other]).iter().all(|(name, _)| name != "rumour"));
        let seconded = votes(&[asked, said("triage@1", "rumour", 0.6, &claim)]);
        assert_eq!(seconded, [("rumour".to_owned(), 1000), ("rumour".to_owned(), 600)]);
    }
}

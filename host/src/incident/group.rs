//! Grouping: which incident a new post belongs to, and why.
//!
//! A post that answers a post of an incident belongs to it; so does one that
//! names the same address, or says almost the same. Everything else opens an
//! incident of its own: to a desk, one matter shown twice costs a click on
//! *merge*, while two matters shown as one hide the second and stop its clock.
//! So every rule here prefers a miss to a false merge.

use serde::{Deserialize, Serialize};

use caifeng_plugin_host::contract::Timestamp;

use super::IncidentId;
use super::matter::Likeness;

/// Kept with each incident, so that a later reader knows which rules put its
/// posts together. Raised whenever a rule, a threshold or the signature changes.
pub const ALGORITHM: &str = "near-quote-link-words/3";

/// Least similarity at which two texts are taken for one.
///
/// Measured on published sets. Among 3,671 citizens' letters (6.7 million pairs)
/// no two of different matters reach 0.60; among 1,430 microblogs every pair
/// above 0.5 is the same story; among 645 letters with hand-made incidents, two
/// questions of one form (about a flat, about a second-hand flat) have 0.71.
/// Hence 0.75: in none of these sets does the rule join two matters. The letters'
/// own groups it finds to 79% (B-cubed recall; at 0.65 it would be 81%), of the
/// hand-made incidents 7 of 19 (B-cubed precision 1.00, recall 0.84): people who
/// report one matter mostly use their own words, which is for other rules.
pub const LEAST_SIMILARITY: f32 = 0.75;

/// Seconds between two posts beyond which text or address no longer joins them.
/// Reposts come within days and reminders within weeks; the same notice next
/// year is another matter.
pub const WINDOW: i64 = 30 * 86_400;

/// Least likeness, by telling words, at which a post belongs to an incident.
pub const LEAST_LIKENESS: f32 = 0.33;

/// Least part of that likeness that must come from other words than names. Without it everything that is
/// said about one street grows together: of 3,599 citizens' letters, thirty-five.
pub const LEAST_DEED: f32 = 0.15;

/// A post with fewer telling words than this must be more alike ([`LEAST_LIKENESS_OF_FEW`]): of three words one is soon
/// shared. One letter in a thousand is so short, and one microblog in twenty.
pub const FEW: usize = 8;

/// Least likeness of a post of few words. Of 2,500 pairs of short questions it agrees with people on most (63 in 100; at
/// 0.33 it is 59, with half as many false merges again).
pub const LEAST_LIKENESS_OF_FEW: f32 = 0.6;

/// Seconds before an incident's earliest or after its latest post beyond which words alone do not join it.
pub const WORDS_WINDOW: i64 = 90 * 86_400;

/// Why a post belongs to an incident, in terms a person can check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Why {
    /// A person handed it in, and it opened the incident.
    Submitted,
    /// Nearly the same text as an earlier post.
    Near {
        /// Estimated Jaccard similarity, between 0 and 1.
        similarity: f32,
        /// The earlier post's address.
        to: String,
    },
    /// One of the two texts holds the other as a quotation.
    Quote {
        /// Estimated Jaccard similarity of the passage and the text that it comes from, between 0 and 1.
        similarity: f32,
        /// The other post's address.
        to: String,
    },
    /// It tells of the same matter in other words.
    Words {
        /// The words that both use, the most telling first.
        words: Vec<String>,
        /// Likeness to all posts of the incident together, between 0 and 1.
        likeness: f32,
    },
    /// Both name the same address.
    Link {
        /// The shared address.
        url: String,
    },
    /// It answers, comments or repeats a post of the incident.
    Parent {
        /// The parent's address.
        to: String,
    },
}

/// A stored post of an incident that has something in common with a new post.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The incident that it belongs to.
    pub incident: IncidentId,
    /// Estimated similarity of the two texts, if both have a signature.
    pub similarity: Option<f32>,
    /// The same of a passage that one of them quotes and the whole of the other.
    pub quotation: Option<f32>,
    /// An address that both name.
    pub link: Option<String>,
    /// How like the whole incident the new post is.
    pub words: Option<Likeness>,
    /// The new post answers, comments or repeats this one.
    pub parent: bool,
    /// Incidents out of which a person has moved this post.
    pub moved_out_of: Vec<IncidentId>,
    /// Where this post can be read.
    pub url: String,
    /// Its publication, else its capture; for an incident as a whole, the nearest moment at which it was talked of.
    pub at: Timestamp,
}

impl Candidate {
    /// A post with which nothing is known to be in common yet.
    #[must_use]
    pub fn new(incident: IncidentId, url: String, at: Timestamp) -> Self {
        let (similarity, quotation, link, words) = (None, None, None, None);
        Self { incident, similarity, quotation, link, words, parent: false, moved_out_of: Vec::new(), url, at }
    }

    fn is_near_in_time(&self, at: Timestamp) -> bool {
        at.abs_diff(self.at) <= WINDOW.unsigned_abs()
    }

    /// Whether the new post says what this one says, so that what a person decided about this one holds for it too.
    fn is_followed(&self, at: Timestamp) -> bool {
        let alike = |similarity: Option<f32>| similarity.is_some_and(|s| s >= LEAST_SIMILARITY);
        self.parent || (self.is_near_in_time(at) && (alike(self.similarity) || alike(self.quotation)))
    }
}

/// Which incident a post published (else captured) at `at` joins, and why;
/// `None` when it opens one of its own.
///
/// A parent outweighs a link, a link a similar text, a similar text a quotation, a quotation the same matter in other
/// words, a more similar text a less similar one; at a tie the older incident (the lower number) wins. A post that
/// follows one which a person has moved out of an incident does not join that incident by any rule. The order
/// of `candidates` does not matter.
#[must_use]
pub fn choose(at: Timestamp, candidates: &[Candidate]) -> Option<(IncidentId, Why)> {
    let followed = candidates.iter().filter(|candidate| candidate.is_followed(at));
    let refused: Vec<IncidentId> = followed.flat_map(|candidate| &candidate.moved_out_of).copied().collect();
    let open = candidates.iter().filter(|candidate| !refused.contains(&candidate.incident));
    let recent = open.clone().filter(|candidate| candidate.is_near_in_time(at));
    by_parent(open.clone())
        .or_else(|| by_link(recent.clone()))
        .or_else(|| by_text(recent.clone()))
        .or_else(|| by_quotation(recent))
        .or_else(|| by_words(at, open))
}

fn by_parent<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Option<(IncidentId, Why)> {
    let parents = candidates.filter(|candidate| candidate.parent);
    let parent = parents.min_by_key(|candidate| (candidate.incident, &candidate.url))?;
    Some((parent.incident, Why::Parent { to: parent.url.clone() }))
}

/// An address that already leads to two incidents is a place where many matters
/// meet (a message board, a policy, a live page) and says nothing about this one.
fn by_link<'a>(candidates: impl Iterator<Item = &'a Candidate> + Clone) -> Option<(IncidentId, Why)> {
    let linked = candidates.filter_map(|candidate| Some((candidate.incident, candidate.link.as_deref()?)));
    let alone = |&(incident, link): &(IncidentId, &str)| {
        linked.clone().all(|(other, shared)| shared != link || other == incident)
    };
    let (incident, url) = linked.clone().filter(alone).min()?;
    Some((incident, Why::Link { url: url.to_owned() }))
}

fn by_text<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Option<(IncidentId, Why)> {
    let (similarity, nearest) = most_similar(candidates, |candidate| candidate.similarity)?;
    Some((nearest.incident, Why::Near { similarity, to: nearest.url.clone() }))
}

fn by_quotation<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Option<(IncidentId, Why)> {
    let (similarity, nearest) = most_similar(candidates, |candidate| candidate.quotation)?;
    Some((nearest.incident, Why::Quote { similarity, to: nearest.url.clone() }))
}

fn most_similar<'a>(
    candidates: impl Iterator<Item = &'a Candidate>,
    similarity: fn(&Candidate) -> Option<f32>,
) -> Option<(f32, &'a Candidate)> {
    candidates
        .filter_map(|candidate| Some((similarity(candidate).filter(|&s| s >= LEAST_SIMILARITY)?, candidate)))
        .min_by(|(a, x), (b, y)| {
            b.total_cmp(a).then_with(|| (x.incident, x.at, &x.url).cmp(&(y.incident, y.at, &y.url)))
        })
}

fn by_words<'a>(at: Timestamp, candidates: impl Iterator<Item = &'a Candidate>) -> Option<(IncidentId, Why)> {
    let alike = candidates.filter_map(|candidate| {
        let likeness = candidate.words.as_ref()?;
        let recent = at.abs_diff(candidate.at) <= WORDS_WINDOW.unsigned_abs();
        let least = if likeness.told < FEW { LEAST_LIKENESS_OF_FEW } else { LEAST_LIKENESS };
        let enough = likeness.whole >= least && likeness.deed >= LEAST_DEED;
        (recent && enough).then_some((likeness.whole, candidate.incident, &likeness.words))
    });
    let (likeness, incident, words) =
        alike.min_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))))?;
    Some((incident, Why::Words { words: words.clone(), likeness }))
}

#[cfg(test)]
mod tests;

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

/// Kept with each incident, so that a later reader knows which rules put its
/// posts together. Raised whenever a rule, a threshold or the signature changes.
pub const ALGORITHM: &str = "near-link-words/2";

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
///
/// Measured by `caifeng group` on 645 letters with 19 hand-made incidents among distractors, in the order of time: B-cubed
/// precision .974, recall .967, 15 of the 19 found (in a shuffled order .977, .957 and 15). At 0.33 recall rises by a
/// hundredth and precision falls by two; below 0.30 questions of one form about different places begin to meet. The
/// threshold was chosen on these letters, so on others expect less.
pub const LEAST_LIKENESS: f32 = 0.36;

/// Seconds since an incident's latest post beyond which words alone no longer join it.
pub const WORDS_WINDOW: i64 = 90 * 86_400;

/// Why a post belongs to an incident, in terms a person can check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// An address that both name.
    pub link: Option<String>,
    /// How like the whole incident the new post is, and by which words.
    pub words: Option<(f32, Vec<String>)>,
    /// The new post answers, comments or repeats this one.
    pub parent: bool,
    /// Where this post can be read.
    pub url: String,
    /// Its publication, else its capture.
    pub at: Timestamp,
}

/// Which incident a post published (else captured) at `at` joins, and why;
/// `None` when it opens one of its own.
///
/// A parent outweighs a link, a link a similar text, a similar text the same matter in other
/// words, a more similar text a less similar one; at a tie the older incident (the lower number) wins. The order
/// of `candidates` does not matter.
#[must_use]
pub fn choose(at: Timestamp, candidates: &[Candidate]) -> Option<(IncidentId, Why)> {
    let near_in_time = |candidate: &&Candidate| at.abs_diff(candidate.at) <= WINDOW.unsigned_abs();
    by_parent(candidates)
        .or_else(|| by_link(candidates.iter().filter(near_in_time)))
        .or_else(|| by_text(candidates.iter().filter(near_in_time)))
        .or_else(|| by_words(at, candidates))
}

fn by_parent(candidates: &[Candidate]) -> Option<(IncidentId, Why)> {
    let parents = candidates.iter().filter(|candidate| candidate.parent);
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
    let (similarity, nearest) = candidates
        .filter_map(|candidate| Some((candidate.similarity.filter(|&s| s >= LEAST_SIMILARITY)?, candidate)))
        .min_by(|(a, x), (b, y)| {
            b.total_cmp(a).then_with(|| (x.incident, x.at, &x.url).cmp(&(y.incident, y.at, &y.url)))
        })?;
    Some((nearest.incident, Why::Near { similarity, to: nearest.url.clone() }))
}

fn by_words(at: Timestamp, candidates: &[Candidate]) -> Option<(IncidentId, Why)> {
    let alike = candidates.iter().filter_map(|candidate| {
        let (likeness, words) = candidate.words.as_ref()?;
        let recent = at.abs_diff(candidate.at) <= WORDS_WINDOW.unsigned_abs();
        (recent && *likeness >= LEAST_LIKENESS).then_some((*likeness, candidate.incident, words))
    });
    let (likeness, incident, words) =
        alike.min_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))))?;
    Some((incident, Why::Words { words: words.clone(), likeness }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidate(incident: IncidentId) -> Candidate {
        let url = format!("http://a.example/{incident}");
        Candidate { incident, similarity: None, link: None, words: None, parent: false, url, at: 0 }
    }

    fn near(incident: IncidentId, similarity: f32) -> Candidate {
        Candidate { similarity: Some(similarity), ..candidate(incident) }
    }

    fn linked(incident: IncidentId, link: &str) -> Candidate {
        Candidate { link: Some(link.to_owned()), ..candidate(incident) }
    }

    fn parent(incident: IncidentId) -> Candidate {
        Candidate { parent: true, ..candidate(incident) }
    }

    fn chosen(candidates: &[Candidate]) -> Option<IncidentId> {
        choose(0, candidates).map(|(incident, _)| incident)
    }

    #[test]
    fn parent_before_link_before_text() {
        assert_eq!(chosen(&[near(1, 1.0), linked(2, "a/1"), parent(3)]), Some(3));
        assert_eq!(chosen(&[near(1, 1.0), linked(2, "a/1")]), Some(2));
        assert_eq!(chosen(&[near(1, 0.8), near(2, 0.9)]), Some(2));
        assert_eq!(chosen(&[]), None);
    }

    fn worded(incident: IncidentId, likeness: f32) -> Candidate {
        Candidate { words: Some((likeness, vec!["搅拌站".to_owned()])), ..candidate(incident) }
    }

    #[test]
    fn other_words_about_one_matter_join_it_when_nothing_else_does() {
        assert_eq!(chosen(&[worded(1, 0.4), worded(2, 0.5)]), Some(2));
        assert_eq!(chosen(&[worded(1, 0.4), worded(2, 0.4)]), Some(1));
        assert_eq!(chosen(&[worded(1, LEAST_LIKENESS - 0.01)]), None);
        assert_eq!(chosen(&[worded(1, 0.9), near(2, 0.8)]), Some(2));
        assert_eq!(choose(WORDS_WINDOW + 1, &[worded(1, 0.9)]), None);
        let why = Why::Words { words: vec!["搅拌站".to_owned()], likeness: 0.5 };
        assert_eq!(choose(0, &[worded(1, 0.5)]), Some((1, why)));
    }

    #[test]
    fn it_says_why() {
        let to = "http://a.example/1".to_owned();
        assert_eq!(choose(0, &[parent(1)]), Some((1, Why::Parent { to: to.clone() })));
        assert_eq!(choose(0, &[linked(1, "b/1")]), Some((1, Why::Link { url: "b/1".to_owned() })));
        assert_eq!(choose(0, &[near(1, 0.75)]), Some((1, Why::Near { similarity: 0.75, to })));
    }

    #[test]
    fn at_a_tie_the_older_incident_wins() {
        assert_eq!(chosen(&[near(5, 0.8), near(4, 0.8)]), Some(4));
        assert_eq!(chosen(&[parent(5), parent(4)]), Some(4));
        assert_eq!(chosen(&[linked(5, "a/1"), linked(4, "a/2")]), Some(4));
    }

    #[test]
    fn an_address_of_two_incidents_joins_neither() {
        assert_eq!(chosen(&[linked(1, "a/1"), linked(2, "a/1")]), None);
        assert_eq!(chosen(&[linked(1, "a/1"), linked(2, "a/1"), linked(2, "a/2")]), Some(2), "but another one may");
        assert_eq!(chosen(&[linked(1, "a/1"), linked(1, "a/1")]), Some(1));
    }

    #[test]
    fn too_little_alike_or_too_long_ago_opens_another_incident() {
        assert_eq!(chosen(&[near(1, 0.74)]), None);
        assert_eq!(chosen(&[near(1, f32::NAN)]), None);
        for (candidate, joins) in [(near(1, 1.0), false), (linked(1, "a/1"), false), (parent(1), true)] {
            assert_eq!(choose(WINDOW + 1, std::slice::from_ref(&candidate)).is_some(), joins);
            assert_eq!(
                choose(-WINDOW - 1, std::slice::from_ref(&candidate)).is_some(),
                joins,
                "an older post heard later"
            );
            assert!(choose(WINDOW, std::slice::from_ref(&candidate)).is_some());
        }
        assert_eq!(choose(i64::MIN, &[Candidate { at: i64::MAX, ..near(1, 1.0) }]), None);
    }

    fn any_candidate() -> impl Strategy<Value = Candidate> {
        let link = prop::option::of("[ab]/[12]");
        let words = prop::option::of((0.2f32..1.0, prop::collection::vec("[ab]", 0..2)));
        let at = -2 * WINDOW..2 * WINDOW;
        (1i64..5, prop::option::of(0.5f32..1.0), link, words, prop::bool::weighted(0.2), "[a-c]", at).prop_map(
            |(incident, similarity, link, words, parent, url, at)| Candidate {
                incident,
                similarity,
                link,
                words,
                parent,
                url,
                at,
            },
        )
    }

    proptest! {
        #[test]
        fn the_order_of_candidates_does_not_matter(mut candidates in prop::collection::vec(any_candidate(), 0..8), turn in 0usize..8) {
            let before = choose(0, &candidates);
            candidates.reverse();
            prop_assert_eq!(&choose(0, &candidates), &before);
            let middle = turn.min(candidates.len());
            candidates.rotate_left(middle);
            prop_assert_eq!(&choose(0, &candidates), &before);
        }

        #[test]
        fn it_joins_only_what_it_was_offered(candidates in prop::collection::vec(any_candidate(), 0..8)) {
            if let Some((incident, why)) = choose(0, &candidates) {
                let offered = candidates.iter().any(|c| c.incident == incident && match &why {
                    Why::Submitted => false,
                    Why::Parent { to } => c.parent && c.url == *to,
                    Why::Link { url } => c.link.as_ref() == Some(url),
                    Why::Words { words, likeness } => c.words == Some((*likeness, words.clone())) && *likeness >= LEAST_LIKENESS,
                    Why::Near { similarity, to } => c.similarity == Some(*similarity) && c.url == *to && *similarity >= LEAST_SIMILARITY,
                });
                prop_assert!(offered, "{:?}", why);
            }
        }
    }
}

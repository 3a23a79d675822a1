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
pub const ALGORITHM: &str = "near-link/1";

/// Least similarity at which two texts are taken for one.
pub const LEAST_SIMILARITY: f32 = 0.65;

/// Seconds between two posts beyond which text or address no longer joins them.
pub const WINDOW: i64 = 30 * 86_400;

/// Why a post belongs to an incident, in terms a person can check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Why {
    /// Nearly the same text as an earlier post.
    Near {
        /// Estimated Jaccard similarity, between 0 and 1.
        similarity: f32,
        /// The earlier post's address.
        to: String,
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
/// A parent outweighs a link, a link a similar text, a more similar text a less
/// similar one; at a tie the older incident (the lower number) wins. The order
/// of `candidates` does not matter.
#[must_use]
pub fn choose(at: Timestamp, candidates: &[Candidate]) -> Option<(IncidentId, Why)> {
    let near_in_time = |candidate: &&Candidate| at.abs_diff(candidate.at) <= WINDOW.unsigned_abs();
    by_parent(candidates)
        .or_else(|| by_link(candidates.iter().filter(near_in_time)))
        .or_else(|| by_text(candidates.iter().filter(near_in_time)))
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

//! How fast answers came: computed from what happened, never typed in.
//!
//! An incident that is not answered yet counts where its time is already up, and nowhere else; so that a share can
//! only be better than it says by what is still open, and never is by what was left unanswered.

use caifeng_plugin_host::contract::Timestamp;
use serde::Serialize;

/// Hours that answers are measured against: the plan's two, and the national five, 24 and 48.
pub const HOURS: [i64; 4] = [2, 5, 24, 48];

/// One incident, or one round of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// First sight.
    pub first_sight: Timestamp,
    /// When the first reply was published, if one was.
    pub at: Option<Timestamp>,
}

/// A table of response times.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Responses {
    /// All incidents.
    pub incidents: usize,
    /// Those with a published reply.
    pub answered: usize,
    /// For each of [`HOURS`].
    pub within: Vec<Share>,
    /// Seconds in which half of all incidents were answered; `None` as long as half of them are not.
    pub median: Option<i64>,
}

/// Answers within some hours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Share {
    /// Within how many.
    pub hours: i64,
    /// So many were.
    pub answered: usize,
    /// Of those whose time is up or that were answered before.
    pub of: usize,
}

impl Share {
    /// From 0 to 1; `None` of nothing.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of incidents are far below 2^52")]
        (self.of > 0).then(|| self.answered as f64 / self.of as f64)
    }
}

/// The table at `now`.
#[must_use]
pub fn responses(incidents: &[Answered], now: Timestamp) -> Responses {
    let took = |one: &Answered| one.at.map(|at| (at - one.first_sight).max(0));
    let within = HOURS.map(|hours| {
        let limit = hours * 3600;
        let answered = incidents.iter().filter_map(took).filter(|seconds| *seconds <= limit).count();
        let up = |one: &&Answered| took(one).unwrap_or(now - one.first_sight) > limit;
        Share { hours, answered, of: answered + incidents.iter().filter(up).count() }
    });
    let mut times: Vec<i64> = incidents.iter().filter_map(took).collect();
    times.sort_unstable();
    // The unanswered lie behind all others.
    let median = incidents.len().checked_sub(1).and_then(|last| times.get(last / 2)).copied();
    Responses { incidents: incidents.len(), answered: times.len(), within: within.to_vec(), median }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(first_sight: Timestamp, hours: Option<i64>) -> Answered {
        Answered { first_sight, at: hours.map(|hours| first_sight + hours * 3600) }
    }

    #[test]
    fn shares_count_what_is_up_and_the_median_counts_all() {
        let now = 1_000_000;
        let old = |hours| answered(0, hours);
        let fresh = answered(now - 3 * 3600, None);
        let table = responses(&[old(Some(1)), old(Some(2)), old(Some(30)), old(None), fresh], now);
        let shares: Vec<_> = table.within.iter().map(|share| (share.hours, share.answered, share.of)).collect();
        // The fresh one's two hours are up, its five are not.
        assert_eq!(shares, [(2, 2, 5), (5, 2, 4), (24, 2, 4), (48, 3, 4)]);
        assert_eq!((table.incidents, table.answered, table.median), (5, 3, Some(30 * 3600)));
        assert_eq!(table.within[0].share(), Some(0.4));
    }

    #[test]
    fn half_unanswered_has_no_median_and_nothing_has_no_share() {
        assert_eq!(responses(&[answered(0, Some(1)), answered(0, None), answered(0, None)], 0).median, None);
        let nothing = responses(&[], 0);
        assert_eq!((nothing.median, nothing.within[0].share()), (None, None));
    }
}

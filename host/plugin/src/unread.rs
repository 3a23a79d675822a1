//! When more could not be read than a page may have: one rule for sweeps and for the laws.

/// Shares of elements that could not be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unread {
    /// Of these.
    pub now: f64,
    /// Of those before.
    pub usual: f64,
}

/// More elements that could not be read than the usual share explains, by four standard deviations; `None` if there are not.
/// Both are posts and elements that could not be read, `lately` of what came before; without that one in twenty may be skipped.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of elements")]
pub fn too_many((posts, skipped): (u64, u64), lately: (u64, u64)) -> Option<Unread> {
    let share = |posts: u64, skipped: u64| skipped as f64 / (skipped + posts).max(1) as f64;
    let usual = share(lately.0 + 19, lately.1 + 1);
    let all = (posts + skipped) as f64;
    let bound = all * usual + 4.0 * (all * usual * (1.0 - usual)).sqrt() + 2.0;
    let now = share(posts, skipped);
    (skipped as f64 > bound && now > usual + 0.1).then_some(Unread { now, usual })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_look_allows_one_in_twenty_and_a_few() {
        assert!(too_many((1, 7), (0, 0)).is_some());
        assert!(too_many((5, 3), (0, 0)).is_none());
        // What was usual stays so.
        assert!(too_many((1, 7), (10, 70)).is_none());
        assert_eq!(too_many((0, 0), (0, 0)), None);
    }
}

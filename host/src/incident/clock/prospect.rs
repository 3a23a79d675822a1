//! What clocks an incident would run against, were its category decided now: what a person weighs before deciding.

use caifeng_plugin_host::contract::Timestamp;

use super::{Basis, rules};
use crate::calendar::time::OfficeTime;
use crate::incident::Category;
use crate::plan::Plan;
use crate::plan::words::Words;

/// A clock that would run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prospect<'a> {
    /// What people call it.
    pub name: &'a Words,
    /// The norm that it comes from.
    pub source: &'a Words,
    /// Until when it would run.
    pub due: Timestamp,
}

/// The clock of `category` that would run out first, for an incident first seen at `first_sight` and decided at `now`,
/// without the clock of the decision itself, which it ends.
#[must_use]
pub fn prospect<'a>(
    plan: &'a Plan,
    category: Category,
    first_sight: Timestamp,
    now: Timestamp,
    time: &OfficeTime<'_>,
) -> Option<Prospect<'a>> {
    let basis = Basis { round: 1, first_sight, decided: Some(now), now };
    let running = rules(plan, Some(category), false).into_iter().filter(|rule| !rule.ends_with(&super::Done::Assessed));
    let due = running.filter_map(|rule| {
        let due = time.after(basis.start(rule.from)?, rule.span);
        Some(Prospect { name: rule.name, source: rule.source, due })
    });
    due.min_by_key(|prospect| prospect.due)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::calendar::Calendar;

    #[test]
    fn an_emergency_would_run_out_before_a_suggestion_and_says_by_which_norm() {
        let plan = Plan::built_in();
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let time = OfficeTime::new(Calendar::built_in(), &plan.office, zone);
        let (seen, now) = (1_790_000_000, 1_790_000_600);
        let of = |category| prospect(plan, category, seen, now, &time).unwrap();
        let emergency = of(Category::Emergency);
        assert_eq!(emergency.due - seen, 1800, "on site within half an hour of first sight");
        assert!(emergency.source.zh.contains("P13"), "{:?}", emergency.source);
        for category in Category::ALL {
            assert!(of(category).due >= emergency.due, "{category:?}");
        }
        assert!(of(Category::Suggestion).due > of(Category::Rumour).due);
    }
}

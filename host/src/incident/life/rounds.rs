//! How fast an incident was answered, each time it came up.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;

use super::Incident;
use crate::incident::clock::response::Answered;

impl Incident {
    /// First sight and first answer of each round: it came up, and came back. Computed from its clocks, never told; an
    /// incident that was merged is answered where its posts are, and has none.
    #[must_use]
    pub fn rounds(&self) -> Vec<Answered> {
        if self.merged.is_some() || !self.born {
            return Vec::new();
        }
        let mut sights: BTreeMap<u32, Timestamp> = BTreeMap::new();
        for clock in self.clocks.clocks() {
            let sight = sights.entry(clock.round).or_insert(clock.from);
            *sight = clock.from.min(*sight);
        }
        // Of the latest round the incident itself knows best: clocks that were met did not move any more.
        sights.insert(self.recurred + 1, self.opened);
        let sights: Vec<Timestamp> = sights.into_values().collect();
        let ends = sights.iter().skip(1).copied().chain([Timestamp::MAX]);
        let answers = |from: Timestamp, until: Timestamp| {
            self.answers.values().map(|(_, at)| *at).filter(|at| (from..until).contains(at)).min()
        };
        let round =
            |(first_sight, until): (Timestamp, Timestamp)| Answered { first_sight, at: answers(first_sight, until) };
        sights.iter().copied().zip(ends).map(round).collect()
    }
}

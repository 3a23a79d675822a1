//! What became of the calls of plugins since the daemon began: by plugin, version and step.
//!
//! For `/metrics` and for pages. A call has one ending: an answer, one of the four ways in which a plugin says no, or what it
//! broke. Instructions are not counted here: they are in a metered sandbox only (`caifeng plugin bench`), which a daemon has not,
//! because counting costs a third of the speed.
//!
//! However many versions come and go and however many steps they declare, [`COURSES`] are kept; whichever was called longest
//! ago makes room.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use caifeng_plugin_host::contract::Failure;
use caifeng_plugin_host::engine::{CallError, Called, Trap};
use caifeng_plugin_host::manifest::Manifest;

/// Courses that are kept.
const COURSES: usize = 1000;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// With an answer.
    Answered,
    /// The plugin cannot do that.
    Unsupported,
    /// It no longer exists.
    Gone,
    /// The site refuses.
    Blocked,
    /// The page is not built as the plugin expects.
    Unexpected,
    /// It ran out of time.
    Time,
    /// It ran out of memory, or of elements in its tables.
    Memory,
    /// Its calls nested too deeply.
    Stack,
    /// Its answer was too large.
    Size,
    /// Its answer breaks the contract.
    Contract,
    /// It panicked.
    Trap,
}

impl Ending {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Answered,
        Self::Unsupported,
        Self::Gone,
        Self::Blocked,
        Self::Unexpected,
        Self::Time,
        Self::Memory,
        Self::Stack,
        Self::Size,
        Self::Contract,
        Self::Trap,
    ];

    /// Its name in figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unsupported => "unsupported",
            Self::Gone => "gone",
            Self::Blocked => "blocked",
            Self::Unexpected => "unexpected",
            Self::Time => "time",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Size => "size",
            Self::Contract => "contract",
            Self::Trap => "trap",
        }
    }

    /// Whether the plugin is at fault, and not the site or the operator.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Time | Self::Memory | Self::Stack | Self::Size | Self::Contract | Self::Trap)
    }

    fn of<T>(outcome: &Result<T, CallError>) -> Self {
        match outcome {
            Ok(_) => Self::Answered,
            Err(CallError::Failure(Failure::Unsupported(_))) => Self::Unsupported,
            Err(CallError::Failure(Failure::Gone)) => Self::Gone,
            Err(CallError::Failure(Failure::Blocked(_))) => Self::Blocked,
            Err(CallError::Failure(Failure::Unexpected(_))) => Self::Unexpected,
            Err(CallError::Trap(Trap::Timeout(_))) => Self::Time,
            Err(CallError::Trap(Trap::Memory(_) | Trap::Table(_))) => Self::Memory,
            Err(CallError::Trap(Trap::Stack)) => Self::Stack,
            Err(CallError::Trap(Trap::TooLarge(_))) => Self::Size,
            Err(CallError::Trap(Trap::Contract(_))) => Self::Contract,
            Err(CallError::Trap(_)) => Self::Trap,
        }
    }
}

/// The calls of one step of one version of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Calls by their ending; only endings that there were.
    pub calls: BTreeMap<Ending, u64>,
    /// What all of them took, instances included.
    pub time: Duration,
    /// What the longest took.
    pub longest: Duration,
    /// Bytes of linear memory that one of them held at most.
    pub memory: usize,
    /// When it was last called, in calls of all plugins.
    last: u64,
}

impl Course {
    /// Calls, however they ended.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.calls.values().sum()
    }

    /// Calls in which the plugin was at fault.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.calls.iter().filter(|(ending, _)| ending.is_fault()).map(|(_, calls)| calls).sum()
    }
}

/// Plugin, version and step. A step is one of the manifest's, or `start`, `classify` or `ask`.
pub type Of = (String, String, String);

/// The courses of all plugins.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    calls: u64,
    courses: BTreeMap<Of, Course>,
}

impl Tally {
    /// Counts a call.
    pub fn note<T>(&self, manifest: &Manifest, step: &str, called: &Called<T>) {
        let of = (manifest.id.clone(), manifest.version.clone(), step.to_owned());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.calls += 1;
        let now = kept.calls;
        if kept.courses.len() >= COURSES && !kept.courses.contains_key(&of) {
            let oldest = kept.courses.iter().min_by_key(|(_, course)| course.last).map(|(of, _)| of.clone());
            oldest.and_then(|oldest| kept.courses.remove(&oldest));
        }
        let course = kept.courses.entry(of).or_default();
        *course.calls.entry(Ending::of(&called.outcome)).or_default() += 1;
        course.time += called.cost.wall;
        course.longest = course.longest.max(called.cost.wall);
        course.memory = course.memory.max(called.cost.memory);
        course.last = now;
    }

    /// All courses, by plugin, version and step.
    #[must_use]
    pub fn all(&self) -> BTreeMap<Of, Course> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).courses.clone()
    }
}

#[cfg(test)]
mod tests {
    use caifeng_plugin_host::engine::Cost;

    use super::*;

    fn manifest(version: &str) -> Manifest {
        let text = include_str!("../../../plugins/triage/plugin.toml");
        let own = text.lines().find(|line| line.starts_with("version")).unwrap();
        Manifest::parse(&text.replace(own, &format!("version = \"{version}\""))).unwrap()
    }

    fn called(outcome: Result<(), CallError>, millis: u64) -> Called<()> {
        let cost = Cost { wall: Duration::from_millis(millis), memory: 1 << 20, fuel: None };
        Called { outcome, cost }
    }

    #[test]
    fn calls_are_counted_by_version_step_and_ending() {
        let tally = Tally::default();
        let first = manifest("0.1.0");
        tally.note(&first, "classify", &called(Ok(()), 2));
        tally.note(&first, "classify", &called(Err(Trap::Stack.into()), 5));
        tally.note(&first, "classify", &called(Err(Failure::Gone.into()), 1));
        tally.note(&manifest("0.2.0"), "classify", &called(Ok(()), 1));
        let all = tally.all();
        let of = |version: &str| ("triage".to_owned(), version.to_owned(), "classify".to_owned());
        let course = &all[&of("0.1.0")];
        assert_eq!((course.all(), course.faults(), course.calls[&Ending::Stack]), (3, 1, 1));
        assert_eq!((course.time, course.longest), (Duration::from_millis(8), Duration::from_millis(5)));
        assert_eq!((course.memory, all[&of("0.2.0")].all(), all.len()), (1 << 20, 1, 2));
    }

    #[test]
    fn however_many_versions_come_the_memory_is_bounded_and_the_latest_stay() {
        let tally = Tally::default();
        let manifest = manifest("0.1.0");
        for step in 0..COURSES + 10 {
            tally.note(&manifest, &step.to_string(), &called(Ok(()), 1));
            tally.note(&manifest, "0", &called(Ok(()), 1));
        }
        let all = tally.all();
        let has = |step: usize| all.keys().any(|(_, _, own)| *own == step.to_string());
        assert_eq!(all.len(), COURSES);
        assert!(has(0) && has(COURSES + 9) && !has(1));
    }
}

//! 还要告知谁: who hears of what happens besides new incidents and clocks (P7, P10).

use serde::{Deserialize, Serialize};

use super::words::Roles;
use crate::incident::event::Role;
use crate::warning::Severity;

/// `[tell]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tell {
    /// Somebody of the staff handed something in (P10).
    pub submission: Roles,
    /// Something grows (P1): look at it today.
    pub notice: Roles,
    /// Look at it now.
    pub warning: Roles,
    /// The leading group must know now.
    pub alarm: Roles,
    /// A watch is not heard.
    pub gap: Roles,
    /// A disclosure is not published everywhere although its day is over (P20), besides its authors.
    pub overdue: Roles,
    /// An incident came back (P17), besides those who heard of it.
    pub recurrence: Roles,
}

impl Default for Tell {
    fn default() -> Self {
        let monitor = Roles::of(&[Role::Monitor]);
        Self {
            submission: Roles::of(&[Role::LeadingGroup]),
            notice: monitor.clone(),
            warning: Roles::of(&[Role::Monitor, Role::LeadingGroup]),
            alarm: Roles::of(&[Role::Monitor, Role::LeadingGroup, Role::Head]),
            gap: monitor.clone(),
            overdue: Roles::of(&[Role::LeadingGroup, Role::Spokesperson]),
            recurrence: Roles::of(&[Role::Monitor, Role::LeadingGroup]),
        }
    }
}

impl Tell {
    /// Who hears of a warning.
    #[must_use]
    pub const fn of(&self, severity: Severity) -> &Roles {
        match severity {
            Severity::Notice => &self.notice,
            Severity::Warning => &self.warning,
            Severity::Alarm => &self.alarm,
        }
    }

    /// All of it, by the keys of the file.
    #[must_use]
    pub const fn all(&self) -> [(&'static str, &Roles); 7] {
        [
            ("submission", &self.submission),
            ("notice", &self.notice),
            ("warning", &self.warning),
            ("alarm", &self.alarm),
            ("gap", &self.gap),
            ("overdue", &self.overdue),
            ("recurrence", &self.recurrence),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    #[test]
    fn a_plan_that_says_nothing_tells_those_whom_the_built_in_one_names() {
        assert_eq!(Plan::built_in().tell, Tell::default());
    }
}

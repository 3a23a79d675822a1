//! What people decided of incidents, beside what the classifiers had suggested: what there is to learn from.
//!
//! Read from the record of events, which holds both already. So nothing of its own is kept, and what must be deleted is:
//! events hold keys of posts, and the texts behind those keys go when their time is over.

use serde::Serialize;

use super::event::{Actor, Event, Recorded};
use super::{Category, IncidentId};

/// An incident whose category a person has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The incident.
    pub incident: IncidentId,
    /// What the classifiers suggested when a person first decided.
    pub suggested: Option<Category>,
    /// What was decided last.
    pub decided: Category,
    /// What had been decided before, if that was something else.
    pub before: Option<Category>,
    /// Keys of the posts that it had when it was last decided, some of which may have been deleted since.
    pub posts: Vec<i64>,
}

impl Decision {
    /// The decision that an incident's history ends with; `None` while nobody has decided.
    #[must_use]
    pub fn of(history: &[Recorded]) -> Option<Self> {
        let mut posts = Vec::new();
        let mut suggested = None;
        let mut decision: Option<Self> = None;
        for recorded in history {
            match (&recorded.event, &recorded.by) {
                (Event::Opened { post, .. } | Event::Joined { post, .. }, _) => posts.push(*post),
                (Event::Suggested { category, .. }, _) => suggested = *category,
                (Event::Assessed { category, .. }, Actor::Person { .. }) => {
                    let earlier = decision.as_ref();
                    let changed = earlier.filter(|earlier| earlier.decided != *category).map(|earlier| earlier.decided);
                    decision = Some(Self {
                        incident: recorded.incident,
                        suggested: earlier.map_or(suggested, |earlier| earlier.suggested),
                        decided: *category,
                        before: changed.or(earlier.and_then(|earlier| earlier.before)),
                        posts: posts.clone(),
                    });
                }
                _ => {}
            }
        }
        decision
    }

    /// Whether a person said otherwise: than the classifiers, or than a person before.
    #[must_use]
    pub fn is_correction(&self) -> bool {
        self.suggested != Some(self.decided) || self.before.is_some()
    }
}

/// How often classifiers agree with people: when it was decided, and now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Incidents that were decided and still have a post.
    pub decisions: u64,
    /// Of these, those in which what was suggested then was decided.
    pub right_then: u64,
    /// Those in which the classifiers would suggest now what was decided.
    pub right_now: u64,
    /// Those in which a person said otherwise.
    pub corrections: u64,
    /// Of the corrections, those in which the classifiers would now suggest what was decided.
    pub corrected_now: u64,
    /// Decisions of which no post is left, and nothing can be said.
    pub gone: u64,
}

impl Score {
    /// Counts a decision; `now` is what would be suggested of the posts that are left.
    pub fn count(&mut self, decision: &Decision, now: Option<Category>) {
        let right = now == Some(decision.decided);
        self.decisions += 1;
        self.right_then += u64::from(decision.suggested == Some(decision.decided));
        self.right_now += u64::from(right);
        self.corrections += u64::from(decision.is_correction());
        self.corrected_now += u64::from(decision.is_correction() && right);
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::{Note, Role};
    use super::*;

    fn history(events: Vec<Event>) -> Vec<Recorded> {
        let machine = Actor::Machine { by: "triage@0.1.0".into() };
        let head = Actor::Person { user: "u1".into(), role: Role::Head, token: None };
        let record = |(seq, event): (i64, Event)| {
            let by = if matches!(event, Event::Assessed { .. }) { head.clone() } else { machine.clone() };
            Recorded { seq, at: seq, incident: 7, by, event }
        };
        (1..).zip(events).map(record).collect()
    }

    fn suggested(category: Category) -> Event {
        Event::Suggested { category: Some(category), by: "triage@0.1.0".into(), posts: 1, of: 1 }
    }

    fn assessed(category: Category) -> Event {
        Event::Assessed { category, level: None, note: Note { id: 1, seal: String::new() }, plan: String::new() }
    }

    fn opened(post: i64) -> Event {
        Event::Opened { post, captured: 0 }
    }

    #[test]
    fn what_stood_when_it_was_decided_is_what_was_corrected() {
        let events = vec![
            opened(1),
            suggested(Category::Rumour),
            suggested(Category::Sensitive),
            Event::Joined { post: 2, captured: 0 },
            assessed(Category::Problem),
            suggested(Category::Problem),
            Event::Joined { post: 3, captured: 0 },
        ];
        let decision = Decision::of(&history(events)).unwrap();
        let (sensitive, problem) = (Some(Category::Sensitive), Category::Problem);
        let expected =
            Decision { incident: 7, suggested: sensitive, decided: problem, before: None, posts: vec![1, 2] };
        assert_eq!(decision, expected);
        assert!(decision.is_correction());
    }

    #[test]
    fn who_agrees_corrects_nothing_and_who_decides_anew_does() {
        let agreed = vec![opened(1), suggested(Category::Problem), assessed(Category::Problem)];
        let decision = Decision::of(&history(agreed.clone())).unwrap();
        assert!(!decision.is_correction());
        let anew = [agreed, vec![assessed(Category::Emergency), assessed(Category::Emergency)]].concat();
        let decision = Decision::of(&history(anew)).unwrap();
        assert_eq!((decision.suggested, decision.before), (Some(Category::Problem), Some(Category::Problem)));
        assert_eq!(decision.decided, Category::Emergency);
        assert!(decision.is_correction());
    }

    #[test]
    fn agreement_is_counted_then_and_now() {
        let agreed = vec![opened(1), suggested(Category::Problem), assessed(Category::Problem)];
        let corrected = vec![opened(2), suggested(Category::Rumour), assessed(Category::Problem)];
        let [agreed, corrected] = [agreed, corrected].map(|events| Decision::of(&history(events)).unwrap());
        let mut score = Score::default();
        score.count(&agreed, Some(Category::Sensitive));
        score.count(&corrected, Some(Category::Problem));
        score.count(&corrected, None);
        let expected = Score { decisions: 3, right_then: 1, right_now: 1, corrections: 2, corrected_now: 1, gone: 0 };
        assert_eq!(score, expected);
    }

    #[test]
    fn nobody_has_decided_and_nothing_was_suggested() {
        assert_eq!(Decision::of(&history(vec![opened(1), suggested(Category::Problem)])), None);
        let decision = Decision::of(&history(vec![opened(1), assessed(Category::Problem)])).unwrap();
        assert!(decision.suggested.is_none() && decision.is_correction());
    }
}

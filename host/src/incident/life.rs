//! The life of an incident: which commands it accepts, and what they do to it.
//!
//! ```text
//! new 待研判 ──assess──▶ handling 处置中 ──▶ closed 办结 …
//! ```
//!
//! [`decide`] looks at the incident and answers with events or a refusal;
//! [`apply`] folds an event into the incident and cannot fail. Machines open,
//! join and suggest. Only a person assesses, and only an assessment is a decision:
//! what classifiers say later stays visible beside it and changes nothing. There is no
//! command by which a machine could close, refer or publish, nor may there ever be one.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Actor, Event, Note, Role};
use super::opinion::Suggestion;
use super::{Category, State};
use crate::warning::Alert;

/// An incident: the fold of its events. The default is one that has not been opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Where it stands.
    pub state: State,
    /// First sight: the earliest capture of any of its posts. Clocks start here.
    pub opened: Timestamp,
    /// Posts that belong to it; 0 before it is opened.
    pub posts: u64,
    /// What classifiers make of it.
    pub suggested: Option<Suggested>,
    /// What a person decided.
    pub assessed: Option<Assessed>,
}

/// A classifier's standing suggestion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggested {
    /// The category.
    pub category: Category,
    /// Plugin id and version.
    pub by: String,
}

/// A person's standing decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessed {
    /// The category.
    pub category: Category,
    /// The level, if it was decided too.
    pub level: Option<String>,
    /// The role in which it was decided.
    pub by: String,
}

impl Default for Incident {
    fn default() -> Self {
        Self { state: State::New, opened: 0, posts: 0, suggested: None, assessed: None }
    }
}

impl Incident {
    /// The decided, else the suggested category, and who says so.
    #[must_use]
    pub fn category(&self) -> Option<(Category, &str)> {
        let decided = self.assessed.as_ref().map(|a| (a.category, a.by.as_str()));
        decided.or_else(|| self.suggested.as_ref().map(|s| (s.category, s.by.as_str())))
    }
}

/// What somebody wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A post that belongs to no incident opens one.
    Open {
        /// Row key of the post.
        post: i64,
        /// When it was captured.
        captured: Timestamp,
    },
    /// A post joins.
    Join {
        /// Row key of the post.
        post: i64,
        /// When it was captured.
        captured: Timestamp,
    },
    /// A person hands in a post that belongs to it.
    Submit {
        /// Row key of the post.
        post: i64,
        /// When.
        at: Timestamp,
        /// What the person said with it.
        note: Option<Note>,
    },
    /// The classifiers' combined opinion, `None` when there is none any more.
    Suggest(Option<Suggestion>),
    /// A rule of early warning tells how it grows.
    Warn(Alert),
    /// A person decides.
    Assess {
        /// The category.
        category: Category,
        /// The level, if it is decided too.
        level: Option<String>,
        /// The reason.
        note: Note,
    },
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Opening what is open.
    #[error("the incident is already open")]
    AlreadyOpen,
    /// Acting on what has not been opened.
    #[error("the incident has not been opened")]
    NotOpen,
    /// A machine tried to decide.
    #[error("only a person may decide this: a member of the leading group must assess the incident")]
    PersonOnly,
    /// A machine handed something in: what a machine hears joins by itself.
    #[error("only a person hands in a post")]
    NotHandedIn,
    /// A person suggested: a person's opinion is an assessment, with a reason.
    #[error("only a classifier suggests: assess the incident instead")]
    MachineOnly,
    /// The role does not include this.
    #[error("the role {} may not do this: a member of the leading group must", .0.as_str())]
    Role(Role),
    /// The incident no longer takes this command.
    #[error("the incident is {}", .0.as_str())]
    State(State),
}

/// What `command` by `actor` does to `incident`; no events when it changes nothing.
///
/// # Errors
/// The refusal, in terms of what must happen first or who must act instead.
pub fn decide(incident: &Incident, command: Command, actor: &Actor) -> Result<Vec<Event>, Refusal> {
    if let Command::Open { post, captured } = command {
        return match incident.posts {
            0 => Ok(vec![Event::Opened { post, captured }]),
            _ => Err(Refusal::AlreadyOpen),
        };
    }
    if incident.posts == 0 {
        return Err(Refusal::NotOpen);
    }
    match command {
        Command::Open { .. } => Err(Refusal::AlreadyOpen),
        Command::Join { post, captured } => match incident.state {
            State::Merged => Err(Refusal::State(State::Merged)),
            _ => Ok(vec![Event::Joined { post, captured }]),
        },
        // Everybody in the organisation may report what they saw (P10), whatever the incident's state.
        Command::Submit { post, at, note } => match actor {
            Actor::Machine { .. } => Err(Refusal::NotHandedIn),
            Actor::Person { .. } => Ok(vec![Event::Submitted { post, at, note }]),
        },
        Command::Suggest(suggestion) => suggest(incident, suggestion, actor),
        Command::Warn(alert) => match (actor, incident.state) {
            (Actor::Person { .. }, _) => Err(Refusal::MachineOnly),
            (_, State::Merged) => Err(Refusal::State(State::Merged)),
            _ => Ok(vec![Event::Warned(alert)]),
        },
        Command::Assess { category, level, note } => {
            may_assess(incident, actor)?;
            Ok(vec![Event::Assessed { category, level, note }])
        }
    }
}

fn suggest(incident: &Incident, suggestion: Option<Suggestion>, actor: &Actor) -> Result<Vec<Event>, Refusal> {
    if !matches!(actor, Actor::Machine { .. }) {
        return Err(Refusal::MachineOnly);
    }
    let standing = incident.suggested.as_ref().map(|s| s.category);
    if standing == suggestion.as_ref().map(|s| s.category) {
        return Ok(Vec::new());
    }
    Ok(vec![match suggestion {
        Some(s) => Event::Suggested { category: Some(s.category), by: s.by, posts: s.posts, of: s.of },
        None => Event::Suggested { category: None, by: actor.label().to_owned(), posts: 0, of: 0 },
    }])
}

/// P11: the leading group analyses and judges.
fn may_assess(incident: &Incident, actor: &Actor) -> Result<(), Refusal> {
    match actor {
        Actor::Machine { .. } => return Err(Refusal::PersonOnly),
        Actor::Person { role: Role::LeadingGroup | Role::Head, .. } => {}
        Actor::Person { role, .. } => return Err(Refusal::Role(*role)),
    }
    match incident.state {
        State::New | State::Handling | State::Watching => Ok(()),
        closed => Err(Refusal::State(closed)),
    }
}

/// Folds `event`, done by `actor`, into `incident`.
pub fn apply(incident: &mut Incident, event: &Event, actor: &Actor) {
    match event {
        Event::Opened { captured, .. } => {
            *incident = Incident { opened: *captured, posts: 1, ..Incident::default() };
        }
        Event::Joined { captured, .. } => {
            incident.posts += 1;
            incident.opened = incident.opened.min(*captured);
        }
        Event::Submitted { at, .. } => incident.opened = incident.opened.min(*at),
        // It tells people something and changes nothing.
        Event::Warned(_) => {}
        Event::Suggested { category, by, .. } => {
            incident.suggested = category.map(|category| Suggested { category, by: by.clone() });
        }
        Event::Assessed { category, level, .. } => {
            incident.assessed =
                Some(Assessed { category: *category, level: level.clone(), by: actor.label().to_owned() });
            if incident.state == State::New {
                incident.state = State::Handling;
            }
        }
    }
}

/// The incident that a history makes.
pub fn replay<'a>(history: impl IntoIterator<Item = (&'a Event, &'a Actor)>) -> Incident {
    let mut incident = Incident::default();
    for (event, actor) in history {
        apply(&mut incident, event, actor);
    }
    incident
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::warning::{Severity, Stage};

    #[test]
    fn only_a_machine_warns_and_nothing_changes_by_it() {
        let person = Actor::Person { user: "u1".into(), role: Role::Head };
        let alert = Alert { stage: Stage::Growing, severity: Severity::Alarm, why: Vec::new() };
        let mut incident = Incident { posts: 1, state: State::Closed, ..Incident::default() };
        let warn = |incident: &Incident, actor: &Actor| decide(incident, Command::Warn(alert.clone()), actor);
        assert_eq!(warn(&incident, &person), Err(Refusal::MachineOnly));
        let events = warn(&incident, &machine()).unwrap();
        let before = incident.clone();
        apply(&mut incident, &events[0], &machine());
        assert_eq!((events.len(), &incident), (1, &before));
        incident.state = State::Merged;
        assert_eq!(warn(&incident, &machine()), Err(Refusal::State(State::Merged)));
    }

    fn machine() -> Actor {
        Actor::Machine { by: "triage@0.1.0".into() }
    }

    fn person(role: Role) -> Actor {
        Actor::Person { user: "u1".into(), role }
    }

    fn note() -> Note {
        Note { id: 1, seal: "s".into() }
    }

    fn opened() -> Incident {
        replay([(&Event::Opened { post: 1, captured: 100 }, &machine())])
    }

    fn assess(category: Category) -> Command {
        Command::Assess { category, level: None, note: note() }
    }

    fn suggestion(category: Category) -> Command {
        Command::Suggest(Some(Suggestion { category, by: "triage@0.1.0".into(), posts: 1, of: 1 }))
    }

    #[test]
    fn a_machine_never_decides() {
        for state in State::ALL {
            let incident = Incident { state, ..opened() };
            assert_eq!(decide(&incident, assess(Category::Problem), &machine()), Err(Refusal::PersonOnly));
        }
    }

    #[test]
    fn only_the_leading_group_assesses() {
        for role in Role::ALL {
            let answer = decide(&opened(), assess(Category::Problem), &person(role));
            match role {
                Role::LeadingGroup | Role::Head => assert!(answer.is_ok()),
                _ => assert_eq!(answer, Err(Refusal::Role(role))),
            }
        }
    }

    #[test]
    fn assessing_moves_new_to_handling_and_nothing_else() {
        let head = person(Role::Head);
        for state in State::ALL {
            let mut incident = Incident { state, ..opened() };
            let Ok(events) = decide(&incident, assess(Category::Rumour), &head) else {
                assert!(!state.is_open());
                continue;
            };
            events.iter().for_each(|e| apply(&mut incident, e, &head));
            assert_eq!(incident.state, if state == State::New { State::Handling } else { state });
            assert_eq!(incident.category(), Some((Category::Rumour, "head")));
        }
    }

    #[test]
    fn an_unopened_incident_takes_nothing_but_opening() {
        let none = Incident::default();
        let join = Command::Join { post: 1, captured: 1 };
        assert_eq!(decide(&none, join, &machine()), Err(Refusal::NotOpen));
        assert_eq!(decide(&none, suggestion(Category::Problem), &machine()), Err(Refusal::NotOpen));
        assert_eq!(decide(&none, assess(Category::Problem), &person(Role::Head)), Err(Refusal::NotOpen));
        let open = Command::Open { post: 1, captured: 1 };
        assert_eq!(decide(&opened(), open, &machine()), Err(Refusal::AlreadyOpen));
    }

    #[test]
    fn a_person_does_not_suggest_and_merged_incidents_take_no_posts() {
        let refused = decide(&opened(), suggestion(Category::Problem), &person(Role::Head));
        assert_eq!(refused, Err(Refusal::MachineOnly));
        let merged = Incident { state: State::Merged, ..opened() };
        let join = Command::Join { post: 2, captured: 1 };
        assert_eq!(decide(&merged, join, &machine()), Err(Refusal::State(State::Merged)));
    }

    #[test]
    fn a_suggestion_that_says_nothing_new_is_no_event() {
        let mut incident = opened();
        let events = decide(&incident, suggestion(Category::Problem), &machine()).unwrap();
        assert_eq!(events.len(), 1);
        events.iter().for_each(|e| apply(&mut incident, e, &machine()));
        assert_eq!(decide(&incident, suggestion(Category::Problem), &machine()), Ok(vec![]));
        assert_eq!(decide(&incident, Command::Suggest(None), &machine()).unwrap().len(), 1);
    }

    fn command() -> impl Strategy<Value = (Command, Actor)> {
        let category = (0usize..5).prop_map(|i| Category::ALL[i]);
        let actor = prop_oneof![Just(machine()), (0usize..7).prop_map(|i| person(Role::ALL[i])),];
        let command = prop_oneof![
            (any::<i64>(), -1000i64..1000).prop_map(|(post, captured)| Command::Open { post, captured }),
            (any::<i64>(), -1000i64..1000).prop_map(|(post, captured)| Command::Join { post, captured }),
            category.clone().prop_map(suggestion),
            Just(Command::Suggest(None)),
            category.prop_map(assess),
        ];
        (command, actor)
    }

    proptest! {
        #[test]
        fn histories_hold(commands in proptest::collection::vec(command(), 0..40)) {
            let mut incident = Incident::default();
            let mut history: Vec<(Event, Actor)> = Vec::new();
            let mut captures: Vec<Timestamp> = Vec::new();
            for (command, actor) in commands {
                let before = incident.clone();
                let Ok(events) = decide(&incident, command, &actor) else { continue };
                for event in events {
                    if let Event::Opened { captured, .. } | Event::Joined { captured, .. } = &event {
                        captures.push(*captured);
                    }
                    apply(&mut incident, &event, &actor);
                    history.push((event, actor.clone()));
                }
                if before.assessed.is_some() && matches!(actor, Actor::Machine { .. }) {
                    prop_assert_eq!(&incident.assessed, &before.assessed);
                    prop_assert_eq!(incident.category(), before.category());
                    prop_assert_eq!(incident.state, before.state);
                }
            }
            prop_assert_eq!(incident.opened, captures.iter().copied().min().unwrap_or_default());
            prop_assert_eq!(incident.posts, captures.len() as u64);
            let stored: Vec<(Event, Actor)> = history
                .iter()
                .map(|pair| serde_json::from_str(&serde_json::to_string(pair).unwrap()).unwrap())
                .collect();
            prop_assert_eq!(replay(stored.iter().map(|(e, a)| (e, a))), incident);
        }
    }
}

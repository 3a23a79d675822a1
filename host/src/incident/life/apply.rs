//! What an event makes of an incident.

use caifeng_plugin_host::contract::Timestamp;

use super::progress::Progress;
use super::{Assessed, Escalation, Grouped, Incident, Merged, Suggested};
use crate::incident::clock::ClockEvent;
use crate::incident::event::{Actor, Event, Recorded};
use crate::incident::{Category, State};
use crate::user::right::Act;

/// Folds `event`, done by `actor` at `at`, into `incident`.
pub fn apply(incident: &mut Incident, event: &Event, actor: &Actor, at: Timestamp) {
    arrive(incident, event);
    if let Event::Clock(clock) = event {
        incident.clocks.apply(clock);
    }
    escalate(incident, event, actor, at);
    if !event.is_decision() {
        return;
    }
    incident.version += 1;
    incident.acted = incident.acted.max(at);
    match event {
        Event::Assessed { category, level, plan, .. } => {
            assess(incident, (*category, level.as_deref(), plan), actor, at);
        }
        Event::LevelSet { level, .. } => {
            if let Some(assessed) = &mut incident.assessed {
                assessed.level = Some(level.clone());
            }
        }
        Event::TakenBack => {
            incident.assessed = None;
            incident.steps.clear();
            enter(incident, State::New, at);
        }
        Event::Assigned { user } => incident.owner = Some(user.clone()),
        Event::Restricted { .. } => incident.restricted = true,
        Event::Unrestricted { .. } => incident.restricted = false,
        Event::StepDone { step, .. } => {
            incident.steps.insert(step.clone(), Progress::Done(at, actor.user().to_owned()));
        }
        Event::StepWaived { step, .. } => {
            incident.steps.insert(step.clone(), Progress::Waived(at, actor.user().to_owned()));
        }
        Event::SentBack { steps, .. } => incident.steps.retain(|id, _| !steps.contains(id)),
        Event::Paused { .. } => incident.paused = Some(at),
        Event::Resumed { .. } => incident.paused = None,
        Event::Watched { until, .. } => {
            enter(incident, State::Watching, at);
            incident.watched_until = Some(*until);
        }
        Event::Closed { .. } => enter(incident, State::Closed, at),
        Event::Dismissed { .. } => enter(incident, State::Dismissed, at),
        Event::Reopened { .. } => resume(incident, at),
        Event::Answered { reply, form } => {
            incident.answers.insert(*reply, (*form, at));
        }
        Event::Referred { referral, approved } => {
            incident.referrals.insert(*referral, *approved);
        }
        grouping => group(incident, grouping, at),
    }
}

/// What ran out stands until somebody who decides says that they know, or shows it by deciding.
fn escalate(incident: &mut Incident, event: &Event, actor: &Actor, at: Timestamp) {
    match event {
        Event::Clock(ClockEvent::Rung { clock, escalate: true, .. }) => {
            incident.escalations.push(Escalation { clock: Some(clock.clone()), at });
        }
        Event::Escalated { .. } => incident.escalations.push(Escalation { clock: None, at }),
        Event::Acknowledged { .. } => incident.escalations.clear(),
        decision if decision.is_decision() => {
            if matches!(actor, Actor::Person { role, .. } if Act::Acknowledge.is_for(*role)) {
                incident.escalations.clear();
            }
        }
        _ => {}
    }
}

/// What arrives without anybody's decision.
fn arrive(incident: &mut Incident, event: &Event) {
    match event {
        Event::Opened { captured, .. } => {
            *incident = Incident { born: true, opened: *captured, since: *captured, posts: 1, ..Incident::default() };
        }
        Event::Joined { captured, .. } => {
            incident.posts += 1;
            incident.opened = incident.opened.min(*captured);
        }
        Event::Submitted { at, .. } => incident.opened = incident.opened.min(*at),
        Event::Suggested { category, by, .. } => {
            incident.suggested = category.map(|category| Suggested { category, by: by.clone() });
        }
        _ => {}
    }
}

/// Another category has another playbook: what was done under the one before stays in the record only.
fn assess(
    incident: &mut Incident,
    (category, level, plan): (Category, Option<&str>, &str),
    actor: &Actor,
    at: Timestamp,
) {
    let before = incident.assessed.take();
    if before.as_ref().is_none_or(|before| before.category != category) {
        incident.steps.clear();
    }
    let level = level.map(str::to_owned).or_else(|| before.and_then(|before| before.level));
    let by = actor.label().to_owned();
    incident.assessed = Some(Assessed { category, level, by, at, plan: plan.to_owned() });
    if incident.state == State::New {
        enter(incident, State::Handling, at);
    }
}

fn group(incident: &mut Incident, event: &Event, at: Timestamp) {
    match event {
        Event::Recurred { at: said, .. } => {
            resume(incident, at);
            incident.opened = *said;
            incident.steps.clear();
            incident.recurred += 1;
        }
        Event::Absorbed { from, posts, opened, undo } => {
            incident.posts += posts;
            incident.opened = incident.opened.min(*opened);
            regroup(incident, Grouped::Merged(*from), *undo);
        }
        Event::Parted { into, posts, opened, undo } => {
            incident.posts = incident.posts.saturating_sub(*posts);
            incident.opened = *opened;
            regroup(incident, Grouped::Split(*into), *undo);
        }
        Event::MergedInto { into } => {
            incident.merged = Some(Merged { into: *into, was: incident.state, posts: incident.posts });
            incident.posts = 0;
            enter(incident, State::Merged, at);
        }
        Event::Returned { posts } => {
            let was = incident.merged.take().map_or(State::New, |merged| merged.was);
            incident.posts = *posts;
            enter(incident, was, at);
        }
        Event::SplitFrom { posts, opened, restricted, .. } => {
            *incident = Incident {
                born: true,
                restricted: *restricted,
                opened: *opened,
                since: at,
                posts: *posts,
                version: incident.version,
                acted: at,
                ..Incident::default()
            };
        }
        _ => {}
    }
}

/// What is undone leaves the list of what can be.
fn regroup(incident: &mut Incident, grouped: Grouped, undo: bool) {
    if undo {
        incident.grouped.pop();
    } else {
        incident.grouped.push(grouped);
    }
}

fn enter(incident: &mut Incident, state: State, at: Timestamp) {
    incident.state = state;
    incident.since = at;
    incident.watched_until = None;
    if state != State::Handling {
        incident.paused = None;
    }
}

/// Back to work: what has been decided is handled, what has not is new.
fn resume(incident: &mut Incident, at: Timestamp) {
    enter(incident, if incident.assessed.is_some() { State::Handling } else { State::New }, at);
}

/// The incident that a history makes.
pub fn replay<'a>(history: impl IntoIterator<Item = &'a Recorded>) -> Incident {
    let mut incident = Incident::default();
    for recorded in history {
        apply(&mut incident, &recorded.event, &recorded.by, recorded.at);
    }
    incident
}

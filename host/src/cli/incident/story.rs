//! What has happened to an incident, in words: a line for each thing that people act upon.

use std::collections::HashMap;

use caifeng::clock::rfc3339;
use caifeng::incident::clock::ClockEvent;
use caifeng::incident::event::{Actor, Event, Recorded};
use caifeng::incident::life::Given;
use caifeng::plan::Plan;
use caifeng::plan::playbook::Playbook;

use crate::cli::output::one_line;

/// What a story is told with: the plan that governs it, what users are called.
pub(super) struct Teller<'a> {
    pub(super) plan: &'a Plan,
    pub(super) playbook: Option<&'a Playbook>,
    pub(super) names: &'a HashMap<String, String>,
}

impl Teller<'_> {
    /// The line of something that happened; `note` is what a person wrote with it.
    pub(super) fn line(&self, recorded: &Recorded, note: Option<&str>) -> String {
        let who = match &recorded.by {
            Actor::Machine { by } => by.clone(),
            Actor::Person { user, role, .. } => format!("{} as {}", self.user(user), role.as_str()),
        };
        let note = note.map_or_else(String::new, |note| format!(": {}", one_line(note)));
        format!("  {}  {}  {who}{note}", rfc3339(recorded.at), self.happened(&recorded.event))
    }

    /// What colleagues call a user, and the identifier that the record has.
    pub(super) fn user(&self, id: &str) -> String {
        self.names.get(id).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
    }

    /// A clock with its name.
    pub(super) fn clock(&self, id: &str) -> String {
        self.plan.clock_name(id).map_or_else(|| id.to_owned(), |name| format!("{id} {name}"))
    }

    fn step(&self, id: &str) -> String {
        let named = self.playbook.and_then(|playbook| playbook.step(id));
        named.map_or_else(|| id.to_owned(), |step| format!("{id} {}", step.name))
    }

    fn happened(&self, event: &Event) -> String {
        let name = event.name();
        match event {
            Event::Clock(clock) => format!("clock {}: {}", self.clock(clock.clock()), self.rang(clock)),
            Event::Assessed { category, level, .. } => {
                let level = level.as_ref().map_or_else(String::new, |level| format!(", level {level}"));
                format!("{name} as {}{level}", category.as_str())
            }
            Event::LevelSet { level, .. } => format!("{name} to {level}"),
            Event::Assigned { user } => format!("{name} to {}", self.user(user)),
            Event::StepDone { step, .. } | Event::StepWaived { step, .. } => format!("{name} {}", self.step(step)),
            Event::SentBack { steps, .. } => format!("{name} {}", steps.join(", ")),
            Event::Watched { until, .. } => format!("{name} until {}", rfc3339(*until)),
            Event::Recurred { post, .. } => format!("{name}: it came back with post {post}"),
            Event::Reply { reply, done } => format!("{name} {reply} {}", done.name()),
            Event::Referral { referral, done } => format!("{name} {referral} {}", done.name()),
            Event::Answered { reply, form } => format!("{name} by reply {reply}, a {}", form.as_str()),
            Event::Referred { referral, approved: true } => format!("{name}: {referral} is approved"),
            Event::Referred { referral, approved: false } => format!("{name}: {referral} is refused"),
            Event::Absorbed { from, posts, .. } => format!("{name} {posts} posts of {from}"),
            Event::MergedInto { into } => format!("{name} {into}"),
            Event::Parted { into, posts, .. } => format!("{name} with {posts} posts, to {into}"),
            Event::Acknowledged { clocks } => format!("{name} that time was up: {}", clocks.join(", ")),
            Event::Notified { notice, channel, receipt, again, code, .. } => {
                let again = if *again { ", possibly repeated" } else { "" };
                let code = code.map_or_else(String::new, |code| format!(" ({code})"));
                format!("notice {notice} on {channel}: {}{code}{again}", receipt.as_str())
            }
            Event::Disclosed { disclosure, channel } => format!("disclosure {disclosure} published on {channel}"),
            Event::HandedOut { sha256 } => format!("{name}: a file with SHA-256 {sha256}"),
            _ => name.to_owned(),
        }
    }

    /// What became of a clock.
    fn rang(&self, clock: &ClockEvent) -> String {
        match clock {
            ClockEvent::Started { due, overdue: false, .. } => format!("runs until {}", rfc3339(*due)),
            ClockEvent::Started { due, .. } => format!("was over at {}", rfc3339(*due)),
            ClockEvent::Moved { due, .. } => format!("now runs until {}", rfc3339(*due)),
            ClockEvent::Rung { moment, owner, tell, escalate, .. } => {
                let when = if *moment < 0 { format!("{} min to go", -moment / 60) } else { "is over".to_owned() };
                let roles = tell.iter().map(|role| role.as_str());
                let whom: Vec<&str> = owner.then_some("its owner").into_iter().chain(roles).collect();
                let how = if *escalate { "escalated to" } else { "told" };
                if whom.is_empty() { when } else { format!("{when}: {how} {}", whom.join(", ")) }
            }
            ClockEvent::Paused { .. } => "stands still".to_owned(),
            ClockEvent::Resumed { due, .. } => format!("goes on until {}", rfc3339(*due)),
            ClockEvent::Met { late: 0, .. } => "met".to_owned(),
            ClockEvent::Met { late, .. } => format!("met {} min {} s too late", late / 60, late % 60),
            ClockEvent::Void { .. } => "no longer applies".to_owned(),
        }
    }
}

/// What shows that a step was done; `text` gives the words of a note, `None` once they are deleted.
pub(super) fn evidence<E>(
    given: &[Given],
    mut text: impl FnMut(i64) -> Result<Option<String>, E>,
) -> Result<Option<String>, E> {
    let mut words = |id: i64| -> Result<String, E> { Ok(text(id)?.unwrap_or_else(|| "(deleted)".to_owned())) };
    let mut shown = Vec::new();
    for one in given {
        shown.push(match one {
            Given::Note(note) => words(note.id)?,
            Given::Document(digest) => format!("document {}", head(digest)),
            Given::Capture(post) => format!("post {post}"),
            Given::Reply(reply) => format!("reply {reply}"),
            Given::Consent(digest, whose) => format!("consent of {}, document {}", words(whose.id)?, head(digest)),
            Given::Referral(referral) => format!("referral {referral}"),
        });
    }
    Ok((!shown.is_empty()).then(|| shown.join("; ")))
}

/// As much of a digest as tells it from others, and as a citation takes.
fn head(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

/// Posts that arrive are listed as posts.
pub(super) const fn is_told(event: &Event) -> bool {
    !matches!(event, Event::Joined { .. } | Event::Suggested { .. })
}

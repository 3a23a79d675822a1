//! An incident in the writer's hands: read once, written once, whatever happens in between.
//!
//! Events first, then what they come to: `life::decide` is asked, its events are appended to the chain and folded
//! in, and the outcome is written back as one snapshot, all within the caller's transaction. What a decision
//! costs therefore depends neither on how long the incident's history is nor on anybody else's.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension, ToSql};

use super::error::StoreError;
use super::incidents::{append, chain, history};
use super::read::veil;
use super::writer::Writing;
use super::{follow_up, outbox, plans};
use crate::incident::ballot::Ballot;
use crate::incident::event::{Actor, Event};
use crate::incident::life::{self, Command, Grounds, Incident};
use crate::incident::matter::Matter;
use crate::incident::opinion::Opinion;
use crate::incident::{IncidentId, State, group};
use crate::notify::occasion::{Stand, of_incident};
use crate::user::Person;

/// An incident with what the store knows of it beside its life.
pub(super) struct CaseFile {
    pub(super) id: IncidentId,
    pub(super) incident: Incident,
    /// State as stored; `None` when it is not stored yet.
    stored: Option<State>,
    /// Publication of its earliest and of its latest post.
    pub(super) earliest: Timestamp,
    pub(super) latest: Timestamp,
    pub(super) sites: i64,
    /// JSON.
    pub(super) opinion: Option<String>,
    pub(super) matter: Matter,
    /// When one of its clocks has something to tell.
    due: Option<Timestamp>,
}

impl CaseFile {
    /// One that is about to be opened.
    pub(super) fn new(db: &Connection) -> Result<Self, StoreError> {
        let id = db.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM incident")?.query_row([], |r| r.get(0))?;
        Ok(Self {
            id,
            incident: Incident::default(),
            stored: None,
            earliest: Timestamp::MAX,
            latest: Timestamp::MIN,
            sites: 0,
            opinion: None,
            matter: Matter::default(),
            due: None,
        })
    }

    pub(super) fn read(db: &Connection, id: IncidentId) -> Result<Self, StoreError> {
        let sql =
            "SELECT life, latest, sites, opinion, matter, due, coalesce(earliest, latest) FROM incident WHERE id = ?1";
        let found = db.prepare_cached(sql)?.query_row([id], |r| {
            let life: Option<String> = r.get(0)?;
            let matter = r.get_ref(4)?.as_blob_or_null()?.map(Matter::from_bytes).unwrap_or_default();
            Ok((life, r.get(1)?, r.get(2)?, r.get(3)?, matter, r.get(5)?, r.get(6)?))
        });
        let (life, latest, sites, opinion, matter, due, earliest) = found.optional()?.ok_or_else(|| unknown(id))?;
        let incident: Incident = match life {
            Some(life) => serde_json::from_str(&life)?,
            // Stored before there were snapshots.
            None => life::replay(&history(db, id)?),
        };
        Ok(Self { id, stored: Some(incident.state), incident, earliest, latest, sites, opinion, matter, due })
    }

    /// As [`read`](Self::read), for a person; one that they do not see is none.
    pub(super) fn read_by(db: &Connection, id: IncidentId, person: &Person) -> Result<Self, StoreError> {
        let file = Self::read(db, id)?;
        if veil::sees(db, &person.user, id)? { Ok(file) } else { Err(unknown(id)) }
    }

    /// As [`read`](Self::read); of one that was merged, the incident that has its posts now.
    pub(super) fn read_where_its_posts_are(db: &Connection, id: IncidentId) -> Result<Self, StoreError> {
        let mut file = Self::read(db, id)?;
        // No incident is merged into itself, not even by way of others: only open ones are merged.
        while let Some(merged) = &file.incident.merged {
            file = Self::read(db, merged.into)?;
        }
        Ok(file)
    }

    /// Asks `life`, appends the events to the chain and folds them in.
    pub(super) fn act(
        &mut self,
        writing: &mut Writing<'_>,
        command: Command,
        actor: &Actor,
        seen: Option<u64>,
        now: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        let plan = plans::governing(writing, &self.incident, &command)?;
        let grounds = Grounds { plan: &plan, time: writing.plans.time(&plan) };
        let before = Stand::of(&self.incident, &plan);
        let events = life::decide(&self.incident, command, &grounds, actor, seen, now)?;
        let watched = self.incident.watched_until;
        for event in &events {
            // Everybody may hand in what turns out to belong to something that they do not see.
            if matches!(event, Event::Opened { .. } | Event::Submitted { .. }) {
                chain(writing, self.id, event, actor, now)?;
            } else {
                append(writing, self.id, event, actor, now)?;
            }
            life::apply(&mut self.incident, event, actor, now);
            if matches!(event, Event::Assessed { .. }) {
                plans::keep(writing.db, &plan, now)?;
            }
        }
        if self.incident.watched_until != watched {
            follow_up::settle(writing.db, self.id, self.incident.watched_until, &plan.follow_up, now)?;
        }
        if !events.is_empty() {
            self.due = self.incident.next_ring(&plan);
            outbox::queue(writing.db, &of_incident(self.id, before, &self.incident, &events, &plan), now)?;
        }
        Ok(events)
    }

    /// Nothing was told although it was time: the moment is past all the same, and is not waited for for ever.
    pub(super) fn look_again(&mut self, now: Timestamp) {
        self.due = self.due.filter(|due| *due > now);
    }

    /// Counts a post's votes in place of its earlier ones, and suggests what comes of it.
    pub(super) fn vote(
        &mut self,
        writing: &mut Writing<'_>,
        before: &Ballot,
        after: &Ballot,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if before == after {
            return Ok(());
        }
        let mut opinion: Opinion = match &self.opinion {
            Some(stored) => serde_json::from_str(stored)?,
            None => Opinion::default(),
        };
        opinion.remove(before);
        opinion.add(after);
        self.hold(writing, &opinion, now)
    }

    /// Makes this the votes of its posts, and suggests what comes of it.
    pub(super) fn hold(
        &mut self,
        writing: &mut Writing<'_>,
        opinion: &Opinion,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.opinion = Some(serde_json::to_string(opinion)?);
        let suggestion = opinion.suggestion();
        let by = (suggestion.as_ref()).map_or(group::ALGORITHM, |s| &s.by);
        let actor = Actor::Machine { by: by.to_owned() };
        self.act(writing, Command::Suggest(suggestion), &actor, None, now)?;
        Ok(())
    }

    /// Stores it; `title` only counts for one that is not stored yet.
    pub(super) fn write(&self, writing: &mut Writing<'_>, title: Option<String>) -> Result<(), StoreError> {
        let state = self.incident.state;
        let was = |test: fn(State) -> bool| i64::from(self.stored.is_some_and(test));
        writing.delta.open += i64::from(state.is_open()) - was(State::is_open);
        writing.delta.new += i64::from(state == State::New) - was(|s| s == State::New);
        let sql = if self.stored.is_none() {
            "INSERT INTO incident (id, state, opened, posts, suggested, suggested_by, assessed, assessed_by,
             level, latest, sites, opinion, matter, owner, life, due, earliest, escalated, algorithm, title)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
        } else {
            "UPDATE incident SET state = ?2, opened = ?3, posts = ?4, suggested = ?5, suggested_by = ?6, assessed = ?7,
             assessed_by = ?8, level = ?9, latest = ?10, sites = ?11, opinion = ?12, matter = ?13, owner = ?14,
             life = ?15, due = ?16, earliest = ?17, escalated = ?18 WHERE id = ?1"
        };
        let incident = &self.incident;
        let (suggested, assessed) = (incident.suggested.as_ref(), incident.assessed.as_ref());
        let mut values: Vec<&dyn ToSql> = Vec::with_capacity(20);
        let posts = i64::try_from(incident.posts).unwrap_or(i64::MAX);
        let state = state.as_str();
        let by_machine = (suggested.map(|s| s.category.as_str()), suggested.map(|s| &s.by));
        let by_person = (assessed.map(|a| a.category.as_str()), assessed.map(|a| &a.by));
        let level = incident.level();
        let escalated = incident.escalations.first().map(|escalation| escalation.at);
        let matter = self.matter.to_bytes();
        let life = serde_json::to_string(incident)?;
        values.extend::<[&dyn ToSql; 18]>([
            &self.id,
            &state,
            &incident.opened,
            &posts,
            &by_machine.0,
            &by_machine.1,
            &by_person.0,
            &by_person.1,
            &level,
            &self.latest,
            &self.sites,
            &self.opinion,
            &matter,
            &incident.owner,
            &life,
            &self.due,
            &self.earliest,
            &escalated,
        ]);
        if self.stored.is_none() {
            values.extend::<[&dyn ToSql; 2]>([&group::ALGORITHM, &title]);
        }
        writing.db.prepare_cached(sql)?.execute(&values[..])?;
        self.restrict(writing.db)
    }

    /// Keeps what is looked up to know who sees it.
    fn restrict(&self, db: &Connection) -> Result<(), StoreError> {
        let sql = if self.incident.restricted {
            "INSERT OR IGNORE INTO restricted (incident) VALUES (?1)"
        } else {
            "DELETE FROM restricted WHERE incident = ?1"
        };
        db.prepare_cached(sql)?.execute([self.id])?;
        Ok(())
    }
}

pub(super) fn unknown(id: IncidentId) -> StoreError {
    StoreError::Unknown { what: "incident", id: id.to_string() }
}

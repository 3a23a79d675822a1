//! Who is writing where, so that two people do not do the same work: told to whoever is at the same place, while it lasts.
//!
//! It is no record: it lives in the memory of the desk, within bounds, and is gone a minute after it was last said. Pages
//! read it as they read everything else; open ones are told that something changed, and neither where nor who, so that
//! nobody learns of a place whose page they may not read.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use caifeng_plugin_host::contract::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long it lasts unless it is said again.
pub(super) const LASTS: Duration = Duration::from_secs(60);
/// People at places that are remembered at once.
const MOST: usize = 256;
/// Places at which one person writes at once.
const OWN: usize = 8;

/// Where somebody can be writing: what a reply, a disclosure or a summary says, else what becomes of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// An incident: its room, its place in the inbox, what is begun for it.
    Incident(i64),
    /// A reply.
    Reply(i64),
    /// A disclosure.
    Disclosure(i64),
    /// A summary for the public.
    Summary(i64),
}

impl Place {
    /// The place that a page is about.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or_default();
        let mut parts = path.strip_prefix('/')?.splitn(3, '/');
        Self::named(parts.next()?, parts.next()?)
    }

    fn named(kind: &str, id: &str) -> Option<Self> {
        let id = id.parse().ok().filter(|id| *id > 0)?;
        match kind {
            "incidents" => Some(Self::Incident(id)),
            "replies" => Some(Self::Reply(id)),
            "disclosures" => Some(Self::Disclosure(id)),
            "summaries" => Some(Self::Summary(id)),
            _ => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, id) = match self {
            Self::Incident(id) => ("incidents", id),
            Self::Reply(id) => ("replies", id),
            Self::Disclosure(id) => ("disclosures", id),
            Self::Summary(id) => ("summaries", id),
        };
        write!(f, "{kind}/{id}")
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.split_once('/').and_then(|(kind, id)| Self::named(kind, id)).ok_or(())
    }
}

/// Somebody who is writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Writer {
    /// Where.
    pub(crate) place: Place,
    /// A user's identifier.
    pub(crate) user: String,
    /// What colleagues call the user.
    pub(crate) name: String,
    /// Since when.
    pub(crate) since: Timestamp,
}

/// What the desk remembers of it.
pub(super) struct Presence {
    writing: Mutex<HashMap<(Place, String), (Writer, Instant)>>,
    changes: watch::Sender<u64>,
}

impl Default for Presence {
    fn default() -> Self {
        Self { writing: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Presence {
    /// Somebody is writing at a place, or still is. What finds no room is not remembered.
    pub(super) fn note(&self, writer: Writer) {
        let now = Instant::now();
        let new = {
            let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            writing.retain(|_, (_, said)| now.duration_since(*said) < LASTS);
            let key = (writer.place, writer.user.clone());
            if let Some((_, said)) = writing.get_mut(&key) {
                *said = now;
                return;
            }
            let own = writing.keys().filter(|(_, user)| *user == writer.user).count();
            let room = writing.len() < MOST && own < OWN;
            room && writing.insert(key, (writer, now)).is_none()
        };
        if new {
            self.changes.send_modify(|n| *n += 1);
        }
    }

    /// Somebody has left a place.
    pub(super) fn leave(&self, place: Place, user: &str) {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let was_there = writing.remove(&(place, user.to_owned())).is_some();
        drop(writing);
        if was_there {
            self.changes.send_modify(|n| *n += 1);
        }
    }

    /// Who is writing now, who began first standing first.
    pub(super) fn writers(&self) -> Vec<Writer> {
        let now = Instant::now();
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let lasting = writing.values().filter(|(_, said)| now.duration_since(*said) < LASTS);
        let mut writers: Vec<Writer> = lasting.map(|(writer, _)| writer.clone()).collect();
        writers.sort_by(|a, b| (a.since, &a.user).cmp(&(b.since, &b.user)));
        writers
    }

    /// Changes whenever somebody begins or leaves; that nobody says it any more is seen by reading.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(place: Place, user: &str) -> Writer {
        Writer { place, user: user.to_owned(), name: user.to_uppercase(), since: 7 }
    }

    fn users(presence: &Presence) -> Vec<String> {
        presence.writers().into_iter().map(|writer| writer.user).collect()
    }

    #[test]
    fn a_place_is_read_from_a_path_and_from_its_own_words() {
        for (path, place) in [
            ("/incidents/7", Some(Place::Incident(7))),
            ("/incidents/7/replies/new", Some(Place::Incident(7))),
            ("/replies/3/edit?look=1", Some(Place::Reply(3))),
            ("/disclosures/4", Some(Place::Disclosure(4))),
            ("/summaries/5/edit", Some(Place::Summary(5))),
            ("/incidents", None),
            ("/incidents/x", None),
            ("/incidents/0", None),
            ("/watches/7", None),
            ("", None),
        ] {
            assert_eq!(Place::of_path(path), place, "{path}");
            if let Some(place) = place {
                assert_eq!(place.to_string().parse(), Ok(place));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_told_once_and_gone_a_minute_after_it_was_last_said() {
        let presence = Presence::default();
        let changes = presence.changes();
        presence.note(writer(Place::Incident(7), "u1"));
        assert!(changes.has_changed().unwrap());
        let told = *changes.borrow();
        tokio::time::advance(LASTS - Duration::from_secs(1)).await;
        presence.note(Writer { since: 99, ..writer(Place::Incident(7), "u1") });
        assert_eq!(*changes.borrow(), told, "what goes on is not told again");
        tokio::time::advance(LASTS - Duration::from_secs(1)).await;
        assert_eq!(presence.writers()[0].since, 7, "since the beginning");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(users(&presence).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn it_stays_within_bounds_and_finds_room_again() {
        let presence = Presence::default();
        for n in 1..=100 {
            presence.note(writer(Place::Reply(n), "busy"));
        }
        assert_eq!(presence.writers().len(), OWN);
        for n in 0..1_000 {
            presence.note(writer(Place::Reply(1), &format!("u{n}")));
        }
        assert_eq!(presence.writers().len(), MOST);
        tokio::time::advance(LASTS).await;
        presence.note(writer(Place::Reply(1), "late"));
        assert_eq!(users(&presence), ["late"]);
    }

    #[test]
    fn who_leaves_is_gone_at_once_and_nobody_else_is() {
        let presence = Presence::default();
        for user in ["u1", "u2"] {
            presence.note(writer(Place::Incident(7), user));
        }
        let changes = presence.changes();
        presence.leave(Place::Incident(8), "u1");
        assert!(!changes.has_changed().unwrap(), "nobody was there");
        presence.leave(Place::Incident(7), "u1");
        assert!(changes.has_changed().unwrap());
        assert_eq!(users(&presence), ["u2"]);
    }
}

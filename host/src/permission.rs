//! What the operator vouches for, as entries of the audit record: pure.
//!
//! That robots.txt is not asked at a host is a decision that must be found again, with its
//! reason and its time. So each start compares what the configuration declares with what the record
//! says, and appends the difference to the one hash chain in which the events of incidents stand; these
//! entries belong to none. The reason is a person's words and therefore a [`Note`] outside
//! the chain, which holds only its seal.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::IncidentId;
use crate::incident::event::Note;

/// In place of an incident, which are counted from one.
pub const NO_INCIDENT: IncidentId = 0;

/// An entry of the record. Its JSON form is hashed: a variant or field may be added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum PermissionEvent {
    /// From now on robots.txt is not asked there.
    HostPermitted {
        /// Host, and port where it was given.
        host: String,
        /// The reason.
        note: Note,
    },
    /// From now on it is asked again.
    HostPermissionEnded {
        /// Host, and port where it was given.
        host: String,
    },
}

/// A permission that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// Host, and port where it was given.
    pub host: String,
    /// Why; `None` once it has been deleted.
    pub reason: Option<String>,
    /// Since when, with this reason.
    pub since: Timestamp,
}

/// What has to be done so that the record says what is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Permit it, for this reason.
    Permit(String, String),
    /// End it.
    End(String),
}

/// The permissions that stand after `events`, each with its note's id and time, by host.
#[must_use]
pub fn standing(events: impl IntoIterator<Item = (Timestamp, PermissionEvent)>) -> BTreeMap<String, (i64, Timestamp)> {
    let mut standing = BTreeMap::new();
    for (at, event) in events {
        match event {
            PermissionEvent::HostPermitted { host, note } => {
                standing.insert(host, (note.id, at));
            }
            PermissionEvent::HostPermissionEnded { host } => {
                standing.remove(&host);
            }
        }
    }
    standing
}

/// The difference between what stands and what is declared as host and reason.
#[must_use]
pub fn changes(standing: &[Permission], declared: &[(String, String)]) -> Vec<Change> {
    let ended = standing.iter().filter(|old| declared.iter().all(|(host, _)| *host != old.host));
    let known = |(host, reason): &(String, String)| {
        standing.iter().any(|old| old.host == *host && old.reason.as_ref() == Some(reason))
    };
    let new: BTreeMap<_, _> = declared.iter().filter(|one| !known(one)).cloned().collect();
    let ended = ended.map(|old| Change::End(old.host.clone()));
    ended.chain(new.into_iter().map(|(host, reason)| Change::Permit(host, reason))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_form_is_frozen() {
        let permitted =
            PermissionEvent::HostPermitted { host: "a.cn:80".into(), note: Note { id: 7, seal: "ab".into() } };
        assert_eq!(
            serde_json::to_string(&permitted).unwrap(),
            r#"{"event":"host-permitted","host":"a.cn:80","note":{"id":7,"seal":"ab"}}"#
        );
        let ended = PermissionEvent::HostPermissionEnded { host: "a.cn".into() };
        assert_eq!(serde_json::to_string(&ended).unwrap(), r#"{"event":"host-permission-ended","host":"a.cn"}"#);
    }

    #[test]
    fn only_differences_are_recorded() {
        let old = |host: &str, reason: Option<&str>| Permission {
            host: host.to_owned(),
            reason: reason.map(str::to_owned),
            since: 1,
        };
        let declared = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(host, reason)| ((*host).to_owned(), (*reason).to_owned())).collect::<Vec<_>>()
        };
        let standing = [old("a.cn", Some("x")), old("b.cn", Some("y")), old("c.cn", None)];
        assert_eq!(changes(&standing[..2], &declared(&[("b.cn", "y"), ("a.cn", "x")])), []);
        assert_eq!(
            changes(&standing, &declared(&[("a.cn", "x"), ("b.cn", "z"), ("d.cn", "w"), ("c.cn", "v")])),
            [("b.cn", "z"), ("c.cn", "v"), ("d.cn", "w")].map(|(h, r)| Change::Permit(h.to_owned(), r.to_owned()))
        );
        assert_eq!(changes(&standing[..1], &[]), [Change::End("a.cn".to_owned())]);
    }
}

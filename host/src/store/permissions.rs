//! Permissions as the writer keeps them: entries of the event chain that belong to no incident.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StoreError;
use super::incidents::append;
use super::writer::Writing;
use super::{Reader, incidents};
use crate::incident::event::Actor;
use crate::permission::{self, Change, NO_INCIDENT, Permission, PermissionEvent};

/// Makes the record say what is declared. Returns what had to be appended.
pub(super) fn declare(
    writing: &mut Writing<'_>,
    declared: &[(String, String)],
    salt: &[u8; 16],
    now: Timestamp,
) -> Result<Vec<Change>, StoreError> {
    let changes = permission::changes(&standing(writing.db)?, declared);
    let actor = Actor::Machine { by: "configuration".to_owned() };
    for change in &changes {
        let event = match change {
            Change::Permit(host, reason) => {
                let note = incidents::note(writing.db, salt, reason)?;
                PermissionEvent::HostPermitted { host: host.clone(), note }
            }
            Change::End(host) => PermissionEvent::HostPermissionEnded { host: host.clone() },
        };
        append(writing, NO_INCIDENT, &event, &actor, now)?;
    }
    Ok(changes)
}

fn standing(db: &Connection) -> Result<Vec<Permission>, StoreError> {
    let mut statement = db.prepare_cached("SELECT at, body FROM event WHERE incident = ?1 ORDER BY seq")?;
    let mut rows = statement.query([NO_INCIDENT])?;
    let mut events = Vec::new();
    while let Some(r) = rows.next()? {
        // Another kind of entry that belongs to no incident says nothing about permissions.
        let body = r.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        events
            .extend(serde_json::from_str(body).ok().map(|event| Ok::<_, StoreError>((r.get(0)?, event))).transpose()?);
    }
    let mut text = db.prepare_cached("SELECT text FROM note WHERE id = ?1")?;
    let mut permissions = Vec::new();
    for (host, (note, since)) in permission::standing(events) {
        let reason = text.query_row(params![note], |r| r.get(0)).optional()?;
        permissions.push(Permission { host, reason, since });
    }
    Ok(permissions)
}

impl Reader {
    /// Hosts at which robots.txt is not asked, as the record says.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn permissions(&self) -> Result<Vec<Permission>, StoreError> {
        self.with(standing)
    }
}

#[cfg(test)]
mod tests {
    use crate::store::Store;

    fn declared(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(host, reason)| ((*host).to_owned(), (*reason).to_owned())).collect()
    }

    #[test]
    fn each_change_is_one_entry_of_the_chain() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), None).unwrap();
        let reader = store.reader().unwrap();
        let entries = || reader.verify_chain(None).unwrap().unwrap().head.seq;
        let both = declared(&[("api.example.cn", "contract 7"), ("127.0.0.1:80", "ours")]);
        assert_eq!(store.declare_permissions(both.clone(), 10).unwrap().len(), 2);
        assert_eq!(store.declare_permissions(both, 20).unwrap().len(), 0, "a restart changes nothing");
        assert_eq!(entries(), 2);
        let standing: Vec<_> =
            reader.permissions().unwrap().into_iter().map(|p| (p.host, p.reason.unwrap(), p.since)).collect();
        assert_eq!(
            standing,
            [("127.0.0.1:80".into(), "ours".into(), 10), ("api.example.cn".into(), "contract 7".into(), 10)]
        );
        store.declare_permissions(declared(&[("api.example.cn", "contract 8")]), 30).unwrap();
        assert_eq!((entries(), reader.permissions().unwrap()[0].since), (4, 30));
        store.declare_permissions(Vec::new(), 40).unwrap();
        assert_eq!((entries(), reader.permissions().unwrap().len()), (5, 0));
        assert!(reader.history(1).unwrap().is_empty(), "it is no incident's");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test tampers with the file")]
    fn a_changed_permission_breaks_the_chain() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), None).unwrap();
        store.declare_permissions(declared(&[("api.example.cn", "contract 7")]), 10).unwrap();
        store.close();
        let raw = rusqlite::Connection::open(dir.path().join("caifeng.db")).unwrap();
        raw.execute_batch(
            "DROP TRIGGER event_is_not_changed;
             UPDATE event SET body = replace(body, 'api.example.cn', 'www.example.cn')",
        )
        .unwrap();
        let reader = crate::store::Reader::open(dir.path()).unwrap();
        assert_eq!(reader.verify_chain(None).unwrap().unwrap_err().seq, 1);
    }
}

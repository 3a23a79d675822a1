//! Searches that people keep: what is in them is read strictly, so that none asks for a person.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::callers::{self, Caller};
use super::error::StoreError;
use super::incidents::append;
use super::writer::Writing;
use super::{Reader, Store};
use crate::permission::NO_INCIDENT;
use crate::search::kept::{self, KeptSearch, MOST, SearchEntry, SearchId, Unkept};
use crate::search::wanted::Wanted;
use crate::user::right::Act;

/// What a person does about kept searches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Searching {
    /// Keep one.
    Keep {
        /// What it is called, in one line.
        name: String,
        /// What it looks for.
        wanted: Wanted,
        /// Everybody at the desk has it.
        shared: bool,
    },
    /// Call it otherwise.
    Rename(SearchId, String),
    /// Note that the person has opened it: what is new is counted from now on. This is no entry of the record.
    Open(SearchId),
    /// Nobody has it any more.
    Remove(SearchId),
}

/// The job behind [`Store::search`]: the search as it is then; as it was, when it was removed.
fn act(
    writing: &mut Writing<'_>,
    caller: &Caller,
    searching: &Searching,
    now: Timestamp,
) -> Result<KeptSearch, StoreError> {
    let actor = callers::person(writing, caller, now)?.doing(Act::KeepSearches)?;
    let user = actor.user().to_owned();
    match searching {
        Searching::Keep { name, wanted, shared } => {
            let id = keep(writing.db, &user, (name, wanted, *shared), now)?;
            append(writing, NO_INCIDENT, &SearchEntry::SearchKept { search: id, shared: *shared }, &actor, now)?;
            one(writing.db, &user, id)
        }
        Searching::Rename(id, name) => {
            let (was, name) = (own(writing.db, &user, *id)?, kept::name(name)?);
            is_free(writing.db, &was.user, &name, Some(*id))?;
            writing.db.prepare_cached("UPDATE kept_search SET name = ?2 WHERE id = ?1")?.execute(params![id, name])?;
            append(writing, NO_INCIDENT, &SearchEntry::SearchRenamed { search: *id }, &actor, now)?;
            one(writing.db, &user, *id)
        }
        Searching::Open(id) => {
            one(writing.db, &user, *id)?;
            let sql = "INSERT INTO opened_search (search, user, at) VALUES (?1, ?2, ?3)
                       ON CONFLICT (search, user) DO UPDATE SET at = max(at, ?3)";
            writing.db.prepare_cached(sql)?.execute(params![id, user, now])?;
            one(writing.db, &user, *id)
        }
        Searching::Remove(id) => {
            let was = own(writing.db, &user, *id)?;
            writing.db.prepare_cached("DELETE FROM kept_search WHERE id = ?1")?.execute([id])?;
            append(writing, NO_INCIDENT, &SearchEntry::SearchRemoved { search: *id }, &actor, now)?;
            Ok(was)
        }
    }
}

fn keep(
    db: &Connection,
    user: &str,
    (name, wanted, shared): (&str, &Wanted, bool),
    now: Timestamp,
) -> Result<SearchId, StoreError> {
    let name = kept::name(name)?;
    if wanted.is_all() {
        return Err(Unkept::Everything.into());
    }
    let sql = "SELECT count(*) FROM kept_search WHERE user = ?1";
    let held: i64 = db.prepare_cached(sql)?.query_row([user], |r| r.get(0))?;
    if usize::try_from(held).is_ok_and(|held| held >= MOST) {
        return Err(Unkept::Many.into());
    }
    is_free(db, user, &name, None)?;
    let sql = "INSERT INTO kept_search (user, name, wanted, shared, kept) VALUES (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![user, name, wanted.to_string(), shared, now])?;
    Ok(db.last_insert_rowid())
}

/// Whether none of a person's searches is called so, but for the one that is renamed.
fn is_free(db: &Connection, user: &str, name: &str, but: Option<SearchId>) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM kept_search WHERE user = ?1 AND name = ?2 AND id IS NOT ?3";
    let taken = db.prepare_cached(sql)?.exists(params![user, name, but])?;
    if taken { Err(Unkept::Taken(name.to_owned()).into()) } else { Ok(()) }
}

/// What `?1` has, and may change: their own, and what nobody else looks after any more.
const SEEN: &str = "SELECT s.id, s.name, s.wanted, s.shared, s.user, s.kept,
                           coalesce((SELECT at FROM opened_search o WHERE o.search = s.id AND o.user = ?1), s.kept),
                           s.user = ?1 OR EXISTS (SELECT 1 FROM user u WHERE u.id = s.user AND u.revoked IS NOT NULL)
                    FROM kept_search s WHERE (s.user = ?1 OR s.shared)";

fn read(r: &Row<'_>) -> Result<KeptSearch, StoreError> {
    let wanted: String = r.get(2)?;
    Ok(KeptSearch {
        id: r.get(0)?,
        name: r.get(1)?,
        wanted: wanted.parse().map_err(|error| StoreError::Damaged(format!("a kept search: {error}")))?,
        shared: r.get(3)?,
        user: r.get(4)?,
        kept: r.get(5)?,
        opened: r.get(6)?,
        theirs: r.get(7)?,
    })
}

fn one(db: &Connection, user: &str, id: SearchId) -> Result<KeptSearch, StoreError> {
    let mut statement = db.prepare_cached(&format!("{SEEN} AND s.id = ?2"))?;
    let mut rows = statement.query(params![user, id])?;
    // What somebody else keeps for themselves is not there for anybody else.
    let found = rows.next()?.map(read).transpose()?;
    found.ok_or_else(|| StoreError::Unknown { what: "search", id: id.to_string() })
}

fn own(db: &Connection, user: &str, id: SearchId) -> Result<KeptSearch, StoreError> {
    let found = one(db, user, id)?;
    if found.theirs { Ok(found) } else { Err(Unkept::Others.into()) }
}

/// What somebody kept for themselves goes with them; what they shared stays with the desk.
pub(super) fn drop_own(db: &Connection, user: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM kept_search WHERE user = ?1 AND NOT shared")?.execute([user])?;
    Ok(())
}

impl Store {
    /// Takes what a person does about kept searches.
    ///
    /// # Errors
    /// The caller may not, there is no such search, or it is not to be kept so; nothing is changed.
    pub fn search(&self, caller: &Caller, searching: Searching, now: Timestamp) -> Result<KeptSearch, StoreError> {
        let caller = caller.clone();
        self.run(move |w| act(w, &caller, &searching, now))
    }
}

impl Reader {
    /// The searches that a person has: their own, then those of the desk, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn kept_searches(&self, user: &str) -> Result<Vec<KeptSearch>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached(&format!("{SEEN} ORDER BY s.user <> ?1, s.name, s.id"))?;
            let mut rows = statement.query([user])?;
            let mut found = Vec::new();
            while let Some(r) = rows.next()? {
                found.push(read(r)?);
            }
            Ok(found)
        })
    }

    /// One of them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn kept_search(&self, user: &str, id: SearchId) -> Result<Option<KeptSearch>, StoreError> {
        self.with(|db| {
            one(db, user, id).map(Some).or_else(|error| match error {
                StoreError::Unknown { .. } => Ok(None),
                error => Err(error),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::event::Role;
    use crate::store::EntryQuery;
    use crate::user::token::Token;

    const NOW: Timestamp = 1_795_342_200;

    struct Desk {
        _dir: tempfile::TempDir,
        store: Store,
        reader: Reader,
    }

    fn desk() -> Desk {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), None).unwrap();
        let reader = store.reader().unwrap();
        Desk { _dir: dir, store, reader }
    }

    impl Desk {
        fn person(&self, name: &str, role: Role) -> Caller {
            let token: Token = self.store.rehearse(name, role, NOW).unwrap();
            Caller { token: Some(token), account: 1000 }
        }

        fn keep(&self, who: &Caller, name: &str, wanted: &str, shared: bool) -> Result<KeptSearch, StoreError> {
            let wanted = wanted.parse().unwrap();
            self.store.search(who, Searching::Keep { name: name.to_owned(), wanted, shared }, NOW)
        }

        fn names(&self, of: &KeptSearch) -> Vec<String> {
            self.reader.kept_searches(&of.user).unwrap().into_iter().map(|one| one.name).collect()
        }

        fn entries(&self) -> Vec<String> {
            let entries = self.reader.entries(&EntryQuery { limit: 100, ..EntryQuery::default() }).unwrap().entries;
            let mut bodies: Vec<String> = entries.into_iter().map(|entry| entry.body).collect();
            bodies.retain(|body| body.contains("\"search-"));
            bodies.reverse();
            bodies
        }
    }

    #[test]
    fn a_search_is_kept_opened_renamed_and_removed_and_the_record_holds_no_word_of_it() {
        let desk = desk();
        let li = desk.person("li", Role::Monitor);
        let one = desk.keep(&li, " 停水 ", "q=停水&site=bbs.example", false).unwrap();
        assert_eq!((one.name.as_str(), one.opened, one.theirs), ("停水", NOW, true));
        let opened = desk.store.search(&li, Searching::Open(one.id), NOW + 60).unwrap();
        assert_eq!(opened.opened, NOW + 60);
        let renamed = desk.store.search(&li, Searching::Rename(one.id, "城东停水".to_owned()), NOW + 61).unwrap();
        assert_eq!((renamed.name.as_str(), renamed.opened), ("城东停水", NOW + 60));
        assert_eq!(desk.names(&one), ["城东停水"]);
        desk.store.search(&li, Searching::Remove(one.id), NOW + 62).unwrap();
        assert!(desk.names(&one).is_empty());
        assert!(matches!(desk.store.search(&li, Searching::Open(one.id), NOW), Err(StoreError::Unknown { .. })));
        let entries = desk.entries();
        assert_eq!(entries.len(), 3, "kept, renamed, removed: {entries:?}");
        assert!(entries.iter().all(|body| !body.contains("停水") && !body.contains("bbs")), "{entries:?}");
        let again = desk.keep(&li, "停水", "q=停水", false).unwrap();
        assert_ne!(again.id, one.id, "what the record names is not another search later");
    }

    #[test]
    fn what_is_shared_everybody_has_and_its_keeper_alone_changes() {
        let desk = desk();
        let (li, wu) = (desk.person("li", Role::Monitor), desk.person("wu", Role::Staff));
        let own = desk.keep(&li, "own", "q=停水", false).unwrap();
        let shared = desk.keep(&li, "shared", "q=停电", true).unwrap();
        let theirs = desk.keep(&wu, "own", "q=路灯", false).unwrap();
        assert_eq!(desk.names(&theirs), ["own", "shared"], "and not the other's own");
        assert!(desk.reader.kept_search(&theirs.user, own.id).unwrap().is_none());
        for (act, id) in [(Searching::Remove(own.id), own.id), (Searching::Open(own.id), own.id)] {
            assert!(matches!(desk.store.search(&wu, act, NOW), Err(StoreError::Unknown { .. })), "{id}");
        }
        for act in [Searching::Remove(shared.id), Searching::Rename(shared.id, "x".to_owned())] {
            let refused = desk.store.search(&wu, act, NOW);
            assert!(matches!(refused, Err(StoreError::Unkept(Unkept::Others))), "{refused:?}");
        }
        // Each has opened it for themselves.
        desk.store.search(&wu, Searching::Open(shared.id), NOW + 60).unwrap();
        let seen = |user: &str| desk.reader.kept_search(user, shared.id).unwrap().unwrap().opened;
        assert_eq!((seen(&theirs.user), seen(&own.user)), (NOW + 60, NOW));
    }

    #[test]
    fn what_makes_no_search_is_refused_and_who_keeps_the_machine_has_none() {
        let desk = desk();
        let li = desk.person("li", Role::Monitor);
        assert!(matches!(desk.keep(&li, "all", "", false), Err(StoreError::Unkept(Unkept::Everything))));
        assert!(matches!(desk.keep(&li, "a\nb", "q=a", false), Err(StoreError::Unkept(Unkept::Name))));
        desk.keep(&li, "a", "q=a", false).unwrap();
        assert!(matches!(desk.keep(&li, "a", "q=b", true), Err(StoreError::Unkept(Unkept::Taken(_)))));
        for n in 1..MOST {
            desk.keep(&li, &n.to_string(), "q=a", false).unwrap();
        }
        assert!(matches!(desk.keep(&li, "more", "q=a", false), Err(StoreError::Unkept(Unkept::Many))));
        let keeper = desk.person("wang", Role::System);
        assert!(matches!(desk.keep(&keeper, "b", "q=a", false), Err(StoreError::Denied(_))));
    }
}

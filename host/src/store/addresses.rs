//! Where people are told: their own addresses, and those who may be told at all.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::callers::{Caller, person};
use super::error::StoreError;
use super::incidents::append;
use super::users::roles;
use super::writer::Writing;
use super::{Store, outbox};
use crate::notify::channel::mailbox_fault;
use crate::notify::route::Recipient;
use crate::permission::NO_INCIDENT;
use crate::user::{Denied, UserEvent};

/// An address at which somebody wants to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnAddress {
    /// A mail channel of the configuration.
    pub channel: String,
    /// The address.
    pub address: String,
}

/// A change of the caller's own addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum AddressChange {
    /// Tell me there too.
    Add(OwnAddress),
    /// And not there any more.
    Remove(OwnAddress),
}

/// Those who may be told, in the order of their identifiers.
pub(super) fn recipients(db: &Connection) -> Result<Vec<Recipient>, StoreError> {
    let mut statement = db.prepare_cached("SELECT id FROM user WHERE revoked IS NULL ORDER BY length(id), id")?;
    let ids = statement.query_map([], |r| r.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let recipient = |user: String| {
        let (roles, own) = (roles(db, &user)?, outbox::own_addresses(db, &user)?);
        Ok(Recipient { user, roles, own })
    };
    ids.into_iter().map(recipient).collect()
}

/// Adds an address of the caller's own, or takes it away; what there is then.
fn change_address(
    writing: &mut Writing<'_>,
    caller: &Caller,
    change: &AddressChange,
    now: Timestamp,
) -> Result<Vec<(String, String)>, StoreError> {
    let person = person(writing, caller, now)?;
    let (sql, own, added) = match change {
        AddressChange::Add(own) => {
            if let Some(wrong) = mailbox_fault(&own.address) {
                return Err(StoreError::Address(wrong));
            }
            ("INSERT OR IGNORE INTO own_address (user, channel, address) VALUES (?1, ?2, ?3)", own, true)
        }
        AddressChange::Remove(own) => {
            ("DELETE FROM own_address WHERE user = ?1 AND channel = ?2 AND address = ?3", own, false)
        }
    };
    let user = person.user.clone();
    let changed = writing.db.prepare_cached(sql)?.execute((&user, &own.channel, &own.address))?;
    match (changed, added) {
        (0, false) => return Err(StoreError::Unknown { what: "address of yours", id: own.address.clone() }),
        (0, true) => {}
        _ => {
            let role = person.roles.first().copied().ok_or(Denied::NoRole)?;
            let channel = own.channel.clone();
            let event = UserEvent::AddressChanged { user: user.clone(), channel, added };
            append(writing, NO_INCIDENT, &event, &person.in_role(role), now)?;
        }
    }
    outbox::own_addresses(writing.db, &user)
}

impl Store {
    /// Changes the addresses at which the caller is told; what they are then.
    ///
    /// # Errors
    /// The caller is nobody here, or the address is none; nothing is changed.
    pub fn change_address(
        &self,
        caller: &Caller,
        change: AddressChange,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let caller = caller.clone();
        self.run(move |w| change_address(w, &caller, &change, now))
    }
}

//! What people do, on its way to the record: users, decisions about incidents, checkpoints.
//!
//! A [`Deed`] is a personal token and what its owner wants. Whoever owns the data directory hands it to a
//! [`Clerk`], which adds what only the owner knows (the time, the account that the kernel names, the plan in force)
//! and lets the store do the rest in one transaction: who is it, may they, is it still what they saw, what
//! follows. When an [`Outcome`] comes back it is on disk.

pub mod checkpoint;
pub mod document;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::control::Refusal;
use crate::directory::Directory;
use crate::store::model::PostRowId;
use crate::store::{Caller, Changed, Decided, Decision, Reader, Seen, Shown, Store, UserChange};
use crate::user::User;
use crate::user::token::Token;
use checkpoint::Signed;

/// What somebody wants, and the token by which they are known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deed {
    /// The personal token; `None` when there is none yet.
    pub token: Option<Token>,
    /// What is to be done.
    pub act: What,
}

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Change the users.
    User(UserChange),
    /// Decide about an incident.
    Decide(Seen, Decision),
    /// Delete posts, by row key, because the person who said them asks for it; with the reason.
    Erase(Vec<PostRowId>, String),
    /// Sign where the record stands.
    Checkpoint,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The user now, and a new token where there is one.
    User(User, Option<Token>),
    /// Where an incident stands now.
    Decided(Decided),
    /// So many posts are gone.
    Erased(u64),
    /// Where the record stands.
    Checkpoint(Signed),
}

/// Carries out deeds in one data directory.
#[derive(Clone)]
pub struct Clerk {
    /// Writes.
    pub store: Store,
    /// Reads.
    pub reader: Reader,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the keys lie.
    pub directory: Directory,
}

impl std::fmt::Debug for Clerk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clerk").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Clerk {
    /// Does it, for `account` of the machine, as the kernel names it. Blocks until it is on disk.
    ///
    /// # Errors
    /// Why not, by who must act; nothing is changed.
    pub fn carry_out(&self, deed: Deed, account: u32) -> Result<Outcome, Refusal> {
        let caller = Caller { token: deed.token, account };
        let now = self.clock.now();
        match deed.act {
            What::User(change) => {
                let Changed { user, token } = self.store.change_user(&caller, change, now)?;
                Ok(Outcome::User(user, token))
            }
            What::Decide(seen, decision) => {
                self.documents_are_kept(&decision)?;
                Ok(Outcome::Decided(self.store.decide(&caller, seen, decision, now)?))
            }
            What::Erase(rows, reason) => Ok(Outcome::Erased(self.store.erase_posts(&caller, rows, &reason, now)?)),
            What::Checkpoint => {
                let key = self.directory.key(checkpoint::KEY).map_err(|e| Refusal::Internal(e.to_string()))?;
                let key = checkpoint::Key::new(&key);
                let head = self.store.checkpoint(&caller, key.public(), now)?;
                Ok(Outcome::Checkpoint(key.sign(head, now)))
            }
        }
    }

    /// Nothing in the record names a document that is not there.
    fn documents_are_kept(&self, decision: &Decision) -> Result<(), Refusal> {
        let Decision::DoStep { evidence, .. } = decision else { return Ok(()) };
        let folder = self.directory.documents();
        for shown in evidence {
            if let Shown::Document(digest) | Shown::Consent(digest, _) = shown
                && !document::is_kept(&folder, digest)
            {
                return Err(Refusal::Usage(format!("no document {digest} is kept here: hand the file in again")));
            }
        }
        Ok(())
    }
}

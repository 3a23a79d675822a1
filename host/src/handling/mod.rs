//! What people do, on its way to the record: users, decisions about incidents, checkpoints.
//!
//! A [`Deed`] is a personal token and what its owner wants. Whoever owns the data directory hands it to a
//! [`Clerk`], which adds what only the owner knows (the time, the account that the kernel names, the plan in force)
//! and lets the store do the rest in one transaction: who is it, may they, is it still what they saw, what
//! follows. When an [`Outcome`] comes back it is on disk.

pub mod answer;
pub mod casework;
pub mod checkpoint;
pub mod disclosed;
pub mod document;
pub mod drilled;
pub mod handout;
pub mod receipt;

use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::config::Organisation;
use crate::control::Refusal;
use crate::current::Current;
use crate::demo::removal;
use crate::directory::Directory;
use crate::feed::Feed;
use crate::incident::IncidentId;
use crate::listing::Listed;
use crate::reply::citation::{self, Citation};
use crate::search::kept::KeptSearch;
use crate::store::model::PostRowId;
use crate::store::{
    AddressChange, Answering, Caller, CaseRow, Changed, Contacted, Contacting, Decided, Decision, Disclosing,
    DisclosureRow, Erased, Feeding, OwnAddress, Reader, Receipt, ReferralRow, Referring, ReplyRow, Searching, Seen,
    Shown, Sight, Store, SummaryRow, Supervising, UserChange,
};
use crate::user::code::Code;
use crate::user::right::Act;
use crate::user::token::Token;
use crate::user::{PluginChange, User, UserEvent};
use casework::Casework;
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
    /// Give a user, named by identifier or name, a code with which to choose a password.
    Code(String),
    /// Decide about an incident.
    Decide(Seen, Decision),
    /// Delete posts, by row key, because the person who said them asks for it; with the reason.
    Erase(Vec<PostRowId>, String),
    /// Do something about an answer.
    Answer(Answering),
    /// Keep the receipt of a published answer.
    Receipt(Sight, Receipt),
    /// Do something about a disclosure.
    Disclose(Disclosing),
    /// Keep the receipt of a disclosure that was published on a channel.
    DisclosureReceipt(Sight, String, Receipt),
    /// Do something about contacts.
    Contact(Contacting),
    /// Let somebody subscribe, or no longer.
    Feed(Feeding),
    /// Do something about a legal referral.
    Refer(Referring),
    /// Do something about what the public reads.
    Supervise(Supervising),
    /// Change the addresses at which the caller is told.
    Address(AddressChange),
    /// Hand out the evidence of an incident: the SHA-256 of the file, in hex.
    HandOut(IncidentId, String),
    /// Hand out a list of posts, which has been written and has not left yet.
    HandOutPosts(Listed),
    /// Do something about kept searches.
    Search(Searching),
    /// Hide a new incident from the caller's own inbox until a time; `None` shows it again.
    Snooze(IncidentId, Option<Timestamp>),
    /// Believe the machine's clock and not a record that is ahead of it.
    TrustClock,
    /// Do something about a case.
    Case(Casework),
    /// Write down what is being done to a plugin, when the caller may do it.
    Plugin(PluginChange),
    /// Sign where the record stands.
    Checkpoint,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The user now, and a new token where there is one.
    User(User, Option<Token>),
    /// The user, and the code, which is told this once.
    Code(User, Code),
    /// Where an incident stands now.
    Decided(Decided),
    /// Posts are gone, and pages will be.
    Erased(Erased),
    /// How an answer stands now.
    Reply(ReplyRow),
    /// How a disclosure stands now.
    Disclosure(Box<DisclosureRow>),
    /// What came of something about contacts.
    Contact(Contacted),
    /// The feed now, and the secret of its address when it is new.
    Feed(Feed, Option<Token>),
    /// How a legal referral stands now.
    Referral(ReferralRow),
    /// How a summary for the public stands now.
    Public(SummaryRow),
    /// The addresses at which the caller is told now.
    Addresses(Vec<OwnAddress>),
    /// What time the record said, if it was ahead, and what the machine's clock says.
    Trusted(Option<Timestamp>, Timestamp),
    /// How a case stands now.
    Case(Box<CaseRow>),
    /// A kept search as it is now; as it was, when it is gone.
    Search(KeptSearch),
    /// It stands in the record.
    Noted,
    /// Until when the caller's inbox does not show an incident.
    Snoozed(IncidentId, Option<Timestamp>),
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
    /// Whose work it is: its registered accounts, its name and its places.
    pub organisation: Current<Organisation>,
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
            What::Code(user) => {
                let (user, code) = self.store.give_code(&caller, &user, now)?;
                Ok(Outcome::Code(user, code))
            }
            What::Decide(seen, decision) => {
                self.documents_are_kept(&decision)?;
                Ok(Outcome::Decided(self.store.decide(&caller, seen, decision, now)?))
            }
            What::Erase(rows, reason) => Ok(Outcome::Erased(self.store.erase_posts(&caller, rows, &reason, now)?)),
            What::Answer(answering) => {
                if let Answering::Draft { text, .. } = &answering {
                    self.citations_are_kept(text)?;
                }
                Ok(Outcome::Reply(self.store.answer(
                    &caller,
                    answering,
                    self.organisation.get().accounts.clone(),
                    now,
                )?))
            }
            What::Receipt(reply, receipt) => {
                if let Receipt::Document(digest) = &receipt {
                    self.is_kept(digest)?;
                }
                Ok(Outcome::Reply(self.store.receipt(&caller, reply, receipt, now)?))
            }
            What::Disclose(disclosing) => {
                if let Disclosing::Draft(composed) | Disclosing::Edit(_, composed) = &disclosing {
                    self.citations_are_kept(composed.body.as_deref().unwrap_or_default())?;
                }
                let row = self.store.disclose(&caller, disclosing, self.organisation.get().accounts.clone(), now)?;
                Ok(Outcome::Disclosure(Box::new(row)))
            }
            What::DisclosureReceipt(sight, channel, receipt) => {
                if let Receipt::Document(digest) = &receipt {
                    self.is_kept(digest)?;
                }
                let row = self.store.disclosure_receipt(&caller, (sight, channel), receipt, now)?;
                Ok(Outcome::Disclosure(Box::new(row)))
            }
            What::Contact(contacting) => Ok(Outcome::Contact(self.store.contact(&caller, contacting, now)?)),
            What::Feed(feeding) => {
                let (feed, token) = self.store.feed(&caller, feeding, now)?;
                Ok(Outcome::Feed(feed, token))
            }
            What::Refer(referring) => {
                if let Referring::Propose { evidence, .. } = &referring {
                    evidence.iter().try_for_each(|digest| self.is_kept(digest))?;
                }
                Ok(Outcome::Referral(self.store.refer(&caller, referring, now)?))
            }
            What::Supervise(wanted) => Ok(Outcome::Public(self.store.supervise(&caller, wanted, now)?)),
            What::Address(change) => {
                let own = self.store.change_address(&caller, change, now)?.into_iter();
                Ok(Outcome::Addresses(own.map(|(channel, address)| OwnAddress { channel, address }).collect()))
            }
            What::HandOut(incident, sha256) => {
                Ok(Outcome::Decided(self.store.hand_out(&caller, incident, sha256, now)?))
            }
            What::HandOutPosts(listed) => {
                self.store.hand_out_posts(&caller, listed, now)?;
                Ok(Outcome::Noted)
            }
            What::Search(searching) => Ok(Outcome::Search(self.store.search(&caller, searching, now)?)),
            What::Snooze(incident, until) => {
                self.store.snooze(&caller, incident, until, now)?;
                Ok(Outcome::Snoozed(incident, until))
            }
            What::TrustClock => {
                let wall = now.saturating_add(self.clock.off());
                Ok(Outcome::Trusted(self.store.distrust(&caller, wall)?, wall))
            }
            What::Case(work) => Ok(Outcome::Case(Box::new(self.casework(&caller, work, now)?))),
            What::Plugin(change) => self.note_plugin(&caller, change, now),
            What::Checkpoint => self.checkpoint(&caller, now),
        }
    }

    /// What is being done to a plugin is written down before it is done.
    fn note_plugin(&self, caller: &Caller, change: PluginChange, now: Timestamp) -> Result<Outcome, Refusal> {
        self.store.note_kept(caller, &[Act::KeepPlugins], vec![UserEvent::PluginChanged(change)], now)?;
        Ok(Outcome::Noted)
    }

    fn checkpoint(&self, caller: &Caller, now: Timestamp) -> Result<Outcome, Refusal> {
        let key = self.directory.key(checkpoint::KEY).map_err(|e| Refusal::Internal(e.to_string()))?;
        let key = checkpoint::Key::new(&key);
        let head = self.store.checkpoint(caller, key.public(), now)?;
        Ok(Outcome::Checkpoint(key.sign(head, now)))
    }

    /// Whether what lies here is a demo that `caller` may end. Nothing is written down: it goes with everything else.
    ///
    /// # Errors
    /// Why not, by who must act.
    pub fn may_end_demo(&self, caller: &Caller) -> Result<(), Refusal> {
        removal::is_removable(&self.directory)?;
        Ok(self.store.may_end_demo(caller, self.clock.now())?)
    }

    /// Nothing in the record names a document that is not there.
    fn documents_are_kept(&self, decision: &Decision) -> Result<(), Refusal> {
        let Decision::DoStep { evidence, .. } = decision else { return Ok(()) };
        for shown in evidence {
            if let Shown::Document(digest) | Shown::Consent(digest, _) = shown {
                self.is_kept(digest)?;
            }
        }
        Ok(())
    }

    fn is_kept(&self, digest: &str) -> Result<(), Refusal> {
        if document::is_kept(&self.directory.documents(), digest) {
            return Ok(());
        }
        Err(Refusal::Usage(format!("no document {digest} is kept here: hand the file in again")))
    }

    /// No draft rests on a document that is not there.
    fn citations_are_kept(&self, text: &str) -> Result<(), Refusal> {
        let folder = self.directory.documents();
        let wrong = citation::check(text, |cited| match cited {
            Citation::Document(beginning) => document::is_kept_as(&folder, beginning),
            Citation::Post(_) => true,
        });
        let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        if told.is_empty() { Ok(()) } else { Err(Refusal::Usage(told.join("; "))) }
    }
}

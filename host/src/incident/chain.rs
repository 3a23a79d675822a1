//! The hash chain over all events, and what walking it proves.
//!
//! `hash(n) = SHA-256(hash(n-1) ‖ bytes(n))`, with 32 zero bytes before the first.
//! `bytes` length-prefixes every part, so that no two records share them, and covers
//! the JSON exactly as it is stored, so that walking needs no parser.
//!
//! Walking shows that the record is *consistent*: a changed, removed, inserted or
//! swapped event breaks it at that event. It cannot see that the end was cut off,
//! nor that somebody with the code rewrote everything from some event on. Against a
//! [`Checkpoint`] kept elsewhere both show, up to that checkpoint: the record is
//! *anchored*. [`Proof`] says which of the two was done.

use std::fmt;
use std::str::FromStr;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::IncidentId;
use crate::hex::{hex, unhex};

/// SHA-256 of a record and all before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for Hash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("not a hash of 64 hexadecimal digits: {text}");
        let bytes = unhex(text).ok_or_else(wrong)?;
        bytes.try_into().map(Self).map_err(|_| wrong())
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A record as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Place in the chain, from 1, without gaps.
    pub seq: i64,
    /// When what led to it was seen; see [`Recorded::at`](super::event::Recorded::at).
    pub at: Timestamp,
    /// The incident it happened to.
    pub incident: IncidentId,
    /// JSON of the actor.
    pub actor: &'a str,
    /// JSON of the event.
    pub body: &'a str,
}

impl Record<'_> {
    /// The hash of this record after `prev`.
    #[must_use]
    pub fn hash(&self, prev: &Hash) -> Hash {
        let mut sha = Sha256::new();
        sha.update(prev.0);
        for number in [self.seq, self.at, self.incident] {
            sha.update(number.to_be_bytes());
        }
        for text in [self.actor, self.body] {
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text);
        }
        Hash(sha.finalize().into())
    }
}

/// The end of a chain at some moment, to be kept where the database is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Checkpoint {
    /// The newest record; 0 for an empty chain.
    pub seq: i64,
    /// Its hash.
    #[schemars(with = "String")]
    pub hash: Hash,
}

/// What a walk has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Every record follows from the one before. A cut end or a complete rewriting would not show.
    Consistent,
    /// Besides, the record still contains the checkpoint: nothing up to it was cut off or rewritten.
    Anchored,
}

/// A chain that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// Where it ends now; worth keeping as the next checkpoint.
    pub head: Checkpoint,
    /// What this walk has shown.
    pub proof: Proof,
}

/// A chain that does not hold, at the first record where it shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("the record of events is broken at event {seq}: {what}; the audit administrator must compare with a backup")]
pub struct ChainBreak {
    /// The place.
    pub seq: i64,
    /// What is wrong there.
    pub what: Fault,
}

/// What can be wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// No record has this number although later ones exist.
    #[error("the event is missing")]
    Missing,
    /// The record does not have the hash that its content and its predecessors give.
    #[error("the event was changed, inserted or moved")]
    Altered,
    /// The chain ends before the checkpoint.
    #[error("events up to the checkpoint were cut off")]
    CutOff,
    /// The record is consistent but not the one that the checkpoint saw.
    #[error("the event is not the one at the checkpoint: the record was rewritten")]
    Rewritten,
}

/// Whether a record is what was chained behind the one before it, whose stored hash is `before`: none is known of the
/// first. This shows a change of this record only; whether the others are what they were takes a [`Walk`].
///
/// # Errors
/// It is not, or the one before it is gone.
pub fn follows(record: &Record<'_>, before: Option<&[u8]>, stored: &[u8]) -> Result<(), ChainBreak> {
    let before = match before {
        Some(hash) => {
            hash.try_into().map(Hash).map_err(|_| ChainBreak { seq: record.seq - 1, what: Fault::Altered })?
        }
        None if record.seq == 1 => Hash::default(),
        None => return Err(ChainBreak { seq: record.seq - 1, what: Fault::Missing }),
    };
    if record.hash(&before).0 == stored { Ok(()) } else { Err(ChainBreak { seq: record.seq, what: Fault::Altered }) }
}

/// A walk along the chain, one record at a time, in the order of their numbers.
#[derive(Debug, Default)]
pub struct Walk {
    head: Checkpoint,
    checkpoint: Option<Checkpoint>,
}

impl Walk {
    /// Starts before the first record; `checkpoint` is one that was kept elsewhere. One
    /// that saw no record yet proves nothing and counts as none.
    #[must_use]
    pub fn new(checkpoint: Option<Checkpoint>) -> Self {
        Self { head: Checkpoint::default(), checkpoint: checkpoint.filter(|c| c.seq > 0) }
    }

    /// Takes the next record, with the hash that is stored beside it.
    ///
    /// # Errors
    /// The record does not follow.
    pub fn step(&mut self, record: &Record<'_>, stored: &[u8]) -> Result<(), ChainBreak> {
        let expected = self.head.seq + 1;
        if record.seq > expected {
            return Err(ChainBreak { seq: expected, what: Fault::Missing });
        }
        let hash = record.hash(&self.head.hash);
        if record.seq < expected || stored != hash.0 {
            return Err(ChainBreak { seq: record.seq, what: Fault::Altered });
        }
        self.head = Checkpoint { seq: record.seq, hash };
        match self.checkpoint {
            Some(c) if c.seq == record.seq && c.hash != hash => {
                Err(ChainBreak { seq: record.seq, what: Fault::Rewritten })
            }
            _ => Ok(()),
        }
    }

    /// After the last record.
    ///
    /// # Errors
    /// The chain ends before the checkpoint.
    pub fn finish(self) -> Result<ChainReport, ChainBreak> {
        match self.checkpoint {
            Some(c) if c.seq > self.head.seq => Err(ChainBreak { seq: self.head.seq + 1, what: Fault::CutOff }),
            Some(_) => Ok(ChainReport { head: self.head, proof: Proof::Anchored }),
            None => Ok(ChainReport { head: self.head, proof: Proof::Consistent }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_reads_its_own_text() {
        let hash = Record { seq: 1, at: 2, incident: 3, actor: "a", body: "b" }.hash(&Hash::default());
        assert_eq!(hash.to_string().parse::<Hash>().unwrap(), hash);
        assert!("12".parse::<Hash>().is_err());
        assert!("é".repeat(32).parse::<Hash>().is_err());
    }

    /// Computed with Python's hashlib: the form of the bytes must never change.
    #[test]
    fn bytes_are_frozen() {
        let hash = Record { seq: 1, at: 2, incident: 3, actor: "a", body: "b" }.hash(&Hash::default());
        assert_eq!(hash.to_string(), "0dd9886a5b9f0e4e48899682dc37ce543b579b09152097aed95b7f1cb9e5b487");
    }

    #[test]
    fn moving_a_byte_between_fields_shows() {
        let one = Record { seq: 1, at: 2, incident: 3, actor: "ab", body: "c" };
        let two = Record { actor: "a", body: "bc", ..one };
        assert_ne!(one.hash(&Hash::default()), two.hash(&Hash::default()));
    }

    #[test]
    fn an_empty_chain_holds_unless_a_checkpoint_saw_more() {
        assert_eq!(Walk::new(None).finish().unwrap().proof, Proof::Consistent);
        for nothing in [Checkpoint::default(), Checkpoint { seq: -1, hash: Hash([9; 32]) }] {
            assert_eq!(Walk::new(Some(nothing)).finish().unwrap().proof, Proof::Consistent, "it saw no event");
        }
        let seen = Checkpoint { seq: 1, hash: Hash([9; 32]) };
        let broken = Walk::new(Some(seen)).finish().unwrap_err();
        assert_eq!(broken, ChainBreak { seq: 1, what: Fault::CutOff });
    }
}

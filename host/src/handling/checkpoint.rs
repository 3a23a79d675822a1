//! Signed checkpoints: where the chain of events stood, in a form that proves who says so.
//!
//! A checkpoint is worth as much as the place where it is kept. Printed or sent elsewhere, it shows later that nothing
//! up to it was cut off or rewritten; its signature (Ed25519) shows that it came from this data directory and that
//! nobody changed it on the way. The key lies outside the database. Whoever has both the database and the key can
//! sign another history, but cannot change a checkpoint that lies elsewhere.

use caifeng_plugin_host::contract::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::hex::{hex, unhex};
use crate::incident::chain::Checkpoint;

/// The name of the key in the data directory.
pub const KEY: &str = "checkpoint";

/// A checkpoint with its signature: what is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Where the record stood.
    pub checkpoint: Checkpoint,
    /// When it was signed.
    pub at: Timestamp,
    /// The public key, in hex.
    pub key: String,
    /// Over all of the above, in hex.
    pub signature: String,
}

/// Why a signature proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The file is another one.
    #[error("not a checkpoint: name what `caifeng audit checkpoint` printed")]
    NotOne,
    /// The key or the signature cannot be read.
    #[error(
        "the checkpoint holds no signature that could be checked: use the file as `caifeng audit checkpoint` wrote it"
    )]
    Unreadable,
    /// The signature is of something else.
    #[error("the checkpoint was changed after it was signed: use an unchanged copy")]
    Changed,
    /// It was signed with another key.
    #[error(
        "the checkpoint was signed with another key: it belongs to another data directory, or the key was replaced"
    )]
    AnotherKey,
}

/// A checkpoint that was kept elsewhere, as a file says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Where the record stood.
    pub checkpoint: Checkpoint,
    /// Its signature was checked; without one it proves as much as the place where it was kept.
    pub signed: bool,
}

/// Reads a file that holds a checkpoint; a signature must be that of the `trusted` public key.
///
/// # Errors
/// It holds none, or the signature proves nothing.
pub fn brought(file: &[u8], trusted: &str) -> Result<Brought, Unproven> {
    let printed: serde_json::Value = serde_json::from_slice(file).map_err(|_| Unproven::NotOne)?;
    if printed.get("signature").is_none() {
        let bare = printed.get("checkpoint").cloned().unwrap_or(printed);
        let checkpoint = serde_json::from_value(bare).map_err(|_| Unproven::NotOne)?;
        return Ok(Brought { checkpoint, signed: false });
    }
    let signed: Signed = serde_json::from_value(printed).map_err(|_| Unproven::NotOne)?;
    Ok(Brought { checkpoint: signed.proven(trusted)?, signed: true })
}

/// The key that signs.
pub struct Key(Ed25519KeyPair);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Key").field(&self.public()).finish()
    }
}

impl Key {
    /// From its 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(secret);
        Self(pair.unwrap_or_else(|_| unreachable!("every 32 bytes are a seed")))
    }

    /// The public key, in hex.
    #[must_use]
    pub fn public(&self) -> String {
        hex(self.0.public_key().as_ref())
    }

    /// Signs where the record stood at a moment.
    #[must_use]
    pub fn sign(&self, checkpoint: Checkpoint, at: Timestamp) -> Signed {
        let signature = self.0.sign(&said(checkpoint, at));
        Signed { checkpoint, at, key: self.public(), signature: hex(signature.as_ref()) }
    }
}

/// The bytes that are signed: a mark, then the three numbers.
fn said(checkpoint: Checkpoint, at: Timestamp) -> Vec<u8> {
    [b"caifeng checkpoint 1".as_slice(), &checkpoint.seq.to_be_bytes(), &checkpoint.hash.0, &at.to_be_bytes()].concat()
}

impl Signed {
    /// The checkpoint, once its signature has been checked; `trusted` is the public key that must have made it.
    ///
    /// # Errors
    /// The signature is another's, of something else, or none.
    pub fn proven(&self, trusted: &str) -> Result<Checkpoint, Unproven> {
        let bytes = |text: &str| unhex(text).ok_or(Unproven::Unreadable);
        let (key, signature) = (bytes(&self.key)?, bytes(&self.signature)?);
        if (key.len(), signature.len()) != (32, 64) {
            return Err(Unproven::Unreadable);
        }
        if !trusted.trim().eq_ignore_ascii_case(&self.key) {
            return Err(Unproven::AnotherKey);
        }
        let key = UnparsedPublicKey::new(&ED25519, key);
        key.verify(&said(self.checkpoint, self.at), &signature).map_err(|_| Unproven::Changed)?;
        Ok(self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::chain::Hash;

    #[test]
    fn a_signature_is_of_one_checkpoint_one_time_and_one_key() {
        let key = Key::new(&[7; 32]);
        let checkpoint = Checkpoint { seq: 12, hash: Hash([3; 32]) };
        let signed = key.sign(checkpoint, 1_000);
        assert_eq!(signed.proven(&key.public()), Ok(checkpoint));
        let changes: [fn(&mut Signed); 4] = [
            |s| s.checkpoint.seq += 1,
            |s| s.checkpoint.hash.0[31] ^= 1,
            |s| s.at -= 1,
            |s| s.signature.replace_range(..2, if s.signature.starts_with("00") { "01" } else { "00" }),
        ];
        for change in changes {
            let mut changed = signed.clone();
            change(&mut changed);
            assert_eq!(changed.proven(&key.public()), Err(Unproven::Changed), "{changed:?}");
        }
        assert_eq!(signed.proven(&Key::new(&[8; 32]).public()), Err(Unproven::AnotherKey));
        let cut = Signed { signature: signed.signature[2..].to_owned(), ..signed };
        assert_eq!(cut.proven(&key.public()), Err(Unproven::Unreadable));
    }

    /// The same secret and record give the same signature everywhere (RFC 8032 is deterministic).
    #[test]
    fn the_secret_is_not_in_what_is_shown() {
        let key = Key::new(&[0xab; 32]);
        let signed = key.sign(Checkpoint::default(), 0);
        assert_eq!(signed, key.sign(Checkpoint::default(), 0));
        let shown = format!("{key:?} {}", serde_json::to_string(&signed).unwrap());
        assert!(!shown.contains(&"ab".repeat(32)), "{shown}");
    }
}

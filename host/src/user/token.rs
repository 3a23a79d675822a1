//! Personal tokens: what proves who gives a command.
//!
//! The store keeps a proof from which the secret cannot be computed, and compares in constant
//! time. The secret is shown once, kept by its owner in a file that nobody else can read, and has no
//! form in which it could be logged.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::hex::{hex, unhex};

/// The number of a token: what events and lists name.
pub type TokenId = i64;

/// How a written token begins, so that people and scanners of leaked secrets know what it is.
const MARK: &str = "caifeng";

/// A number and 32 secret bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    secret: [u8; 32],
}

impl Token {
    /// A token of 32 random bytes.
    #[must_use]
    pub const fn new(id: TokenId, secret: [u8; 32]) -> Self {
        Self { id, secret }
    }

    /// The form in which its owner keeps it, and in which it is shown once.
    #[must_use]
    pub fn written(&self) -> String {
        format!("{MARK}_{}_{}", self.id, hex(&self.secret))
    }

    /// What the store keeps.
    #[must_use]
    pub fn proof(&self) -> Vec<u8> {
        self.mac().finalize().into_bytes().to_vec()
    }

    /// Whether the store keeps the proof of this token; takes the same time whatever differs.
    #[must_use]
    pub fn proves(&self, proof: &[u8]) -> bool {
        self.mac().verify_slice(proof).is_ok()
    }

    fn mac(&self) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret)
            .unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
        mac.update(b"caifeng token ");
        mac.update(&self.id.to_be_bytes());
        mac
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Not a token; what was read is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token: it looks like {MARK}_7_ and 64 hexadecimal digits, as `caifeng user add` printed it")]
pub struct NoToken;

impl FromStr for Token {
    type Err = NoToken;

    fn from_str(text: &str) -> Result<Self, NoToken> {
        let rest = text.trim().strip_prefix(MARK).and_then(|rest| rest.strip_prefix('_')).ok_or(NoToken)?;
        let (id, secret) = rest.split_once('_').ok_or(NoToken)?;
        let secret = unhex(secret).ok_or(NoToken)?.try_into().map_err(|_| NoToken)?;
        Ok(Self { id: id.parse().map_err(|_| NoToken)?, secret })
    }
}

/// On the way to the process that owns the data directory.
impl Serialize for Token {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_its_own_text_and_nothing_else() {
        let token = Token::new(7, [0xab; 32]);
        assert_eq!(token.written().parse::<Token>().unwrap(), token);
        assert_eq!(format!("  {}\n", token.written()).parse::<Token>().unwrap(), token);
        for bad in ["", "caifeng_7_", "caifeng_7_abcd", "caifeng_x_ab", &token.written()[1..], &token.written()[..70]] {
            assert_eq!(bad.parse::<Token>(), Err(NoToken), "{bad}");
        }
    }

    #[test]
    fn a_proof_is_of_one_number_and_one_secret() {
        let token = Token::new(7, [1; 32]);
        assert!(token.proves(&token.proof()));
        assert!(!Token::new(8, [1; 32]).proves(&token.proof()));
        assert!(!Token::new(7, [2; 32]).proves(&token.proof()));
        assert!(!token.proves(&token.proof()[..31]));
    }

    #[test]
    fn the_secret_is_in_no_debug_output_and_no_error() {
        let token = Token::new(7, [0xab; 32]);
        assert_eq!(format!("{token:?}"), "Token { id: 7, .. }");
        let error = format!("{}x", token.written()).parse::<Token>().unwrap_err();
        assert!(!error.to_string().contains("abab"));
        let error = serde_json::from_str::<Token>(&format!("\"{}x\"", token.written())).unwrap_err();
        assert!(!error.to_string().contains("abab"), "{error}");
    }
}

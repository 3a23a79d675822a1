//! Sealed words: what a browser keeps for us and cannot change. Pure.
//!
//! Between a password and the code that must follow it, and to know a browser again in which somebody has signed in
//! before, the browser holds a few words with a seal (HMAC) and an end. They prove nothing but that we wrote them: neither
//! is a session.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use caifeng_plugin_host::contract::Timestamp;

use crate::hex::{hex, unhex};

/// The name of the key in the data directory.
pub const KEY: &str = "sign-in";

/// What sealed words are for: those for one thing open nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The password was right; the code must follow.
    Halfway,
    /// Somebody has signed in here before.
    Browser,
    /// Somebody is at the provider, and shall come back.
    Away,
    /// The provider has vouched for somebody; the code must follow.
    Vouched,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Halfway => "half",
            Self::Browser => "browser",
            Self::Away => "away",
            Self::Vouched => "vouched",
        }
    }
}

/// The key that seals.
#[derive(Clone)]
pub struct Seal([u8; 32]);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

impl Seal {
    /// From its 32 secret bytes.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Words with their end and seal, fit for a cookie.
    #[must_use]
    pub fn close(&self, purpose: Purpose, words: &str, ends: Timestamp) -> String {
        let said = format!("{}.{ends}.{}", purpose.as_str(), hex(words.as_bytes()));
        let mac = hex(&self.mac(&said).finalize().into_bytes());
        format!("{said}.{mac}")
    }

    /// The words, when they were sealed for this and have not ended.
    #[must_use]
    pub fn open(&self, purpose: Purpose, sealed: &str, now: Timestamp) -> Option<String> {
        let (said, mac) = sealed.rsplit_once('.')?;
        self.mac(said).verify_slice(&unhex(mac)?).ok()?;
        let mut parts = said.split('.');
        let (named, ends, words) = (parts.next()?, parts.next()?, parts.next()?);
        let ends: Timestamp = ends.parse().ok()?;
        if named != purpose.as_str() || ends <= now || parts.next().is_some() {
            return None;
        }
        String::from_utf8(unhex(words)?).ok()
    }

    /// Twenty bytes that belong to `words`: a secret that is made again whenever it is needed, and stored nowhere.
    #[must_use]
    pub fn derive(&self, words: &[&[u8]]) -> [u8; 20] {
        let mut mac = self.keyed(b"caifeng derived ");
        for word in words {
            mac.update(&(word.len() as u64).to_be_bytes());
            mac.update(word);
        }
        let bytes = mac.finalize().into_bytes();
        std::array::from_fn(|at| bytes[at])
    }

    fn mac(&self, said: &str) -> Hmac<Sha256> {
        let mut mac = self.keyed(b"caifeng sealed ");
        mac.update(said.as_bytes());
        mac
    }

    fn keyed(&self, what: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
        mac.update(what);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_words_open_for_their_purpose_until_they_end() {
        let seal = Seal::new([7; 32]);
        let sealed = seal.close(Purpose::Halfway, "u1 · 王芳", 100);
        assert!(sealed.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'), "{sealed}");
        assert_eq!(seal.open(Purpose::Halfway, &sealed, 99).as_deref(), Some("u1 · 王芳"));
        assert_eq!(seal.open(Purpose::Halfway, &sealed, 100), None);
        assert_eq!(seal.open(Purpose::Browser, &sealed, 99), None);
        assert_eq!(Seal::new([8; 32]).open(Purpose::Halfway, &sealed, 99), None);
        for at in 0..sealed.len() {
            let mut forged = sealed.clone().into_bytes();
            forged[at] = if forged[at] == b'1' { b'2' } else { b'1' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(seal.open(Purpose::Halfway, &forged, 99), None, "{forged}");
        }
        for none in ["", ".", "half.100.00", "half.x.00.00"] {
            assert_eq!(seal.open(Purpose::Halfway, none, 0), None, "{none}");
        }
    }

    #[test]
    fn what_is_derived_differs_with_each_word_and_each_key() {
        let seal = Seal::new([7; 32]);
        let one = seal.derive(&[b"u1", b"salt"]);
        assert_eq!(one, seal.derive(&[b"u1", b"salt"]));
        for other in [
            seal.derive(&[b"u1s", b"alt"]),
            seal.derive(&[b"u2", b"salt"]),
            Seal::new([8; 32]).derive(&[b"u1", b"salt"]),
        ] {
            assert_ne!(one, other);
        }
    }
}

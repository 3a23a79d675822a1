//! Passwords: which may be chosen, and what is kept of them. Pure.
//!
//! A password has at least [`SHORTEST`] characters and is not one of those that everybody tries first; there is no other
//! rule, because rules of composition make passwords that are forgotten and not better ones (NIST SP 800-63B §3.1.1.2).
//! What is kept is an argon2id hash with parameters of its own in it (PHC string), so that they can be raised later: whoever signs in
//! then is hashed anew.
//!
//! 19 MiB and two passes are what OWASP's Password Storage Cheat Sheet asks for at least. More would let fewer people in at once:
//! the desk runs on small machines beside the monitoring, and how many are hashed at a time is bounded by whoever calls.

use std::fmt;
use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use icu_normalizer::ComposingNormalizerBorrowed;

/// Fewest characters of a password.
pub const SHORTEST: usize = 10;
/// Most bytes: enough for a sentence, and nothing that takes long to read.
const LONGEST: usize = 512;
/// KiB of memory that one hash takes.
const MEMORY: u32 = 19 * 1024;
/// Times that it goes over it.
const PASSES: u32 = 2;

/// What everybody tries first: whole passwords, in small letters, of at least [`SHORTEST`] characters.
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());

/// A password as somebody typed it. It has no form in which it could be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Fewer than [`SHORTEST`] characters.
    Short,
    /// More than anybody types.
    Long,
    /// Among those that are tried first, or made of one character, of a row of keys or of the user's own name.
    Common,
    /// The second time it was typed differently.
    Differs,
}

impl Password {
    /// What was typed, in the one form in which it is compared (NFKC: a full-width letter is the letter).
    #[must_use]
    pub fn typed(text: &str) -> Self {
        // What is too long is never right, and is not hashed whole.
        let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= LONGEST + 4).last();
        let text = &text[..end.unwrap_or(0)];
        Self(ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned())
    }

    /// A password that `name` chooses, typed twice.
    ///
    /// # Errors
    /// It is too easy to guess, or was not typed the same both times.
    pub fn chosen(text: &str, again: &str, name: &str) -> Result<Self, Unfit> {
        if text.len() > LONGEST {
            return Err(Unfit::Long);
        }
        let (password, again) = (Self::typed(text), Self::typed(again));
        if password.0.chars().count() < SHORTEST {
            return Err(Unfit::Short);
        }
        if password.is_common(name) {
            return Err(Unfit::Common);
        }
        if password == again { Ok(password) } else { Err(Unfit::Differs) }
    }

    fn is_common(&self, name: &str) -> bool {
        let small = self.0.to_lowercase();
        let bare: String = small.replace(&name.to_lowercase(), "");
        let first = small.chars().next();
        let row = |row: &str| row.repeat(2).contains(&small) || row.chars().rev().collect::<String>().contains(&small);
        COMMON.contains(&small.as_str())
            || small.chars().all(|c| Some(c) == first)
            || bare.chars().count() < SHORTEST / 2
            || ["01234567890", "1234567890123", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"]
                .into_iter()
                .any(row)
    }

    /// What is kept of it. Takes [`MEMORY`] and some hundredths of a second: never on the thread that writes.
    #[must_use]
    pub fn hash(&self, salt: [u8; 16]) -> String {
        let hashed = argon2().hash_password_with_salt(self.0.as_bytes(), &salt);
        hashed.unwrap_or_else(|_| unreachable!("the parameters are fixed and the salt has sixteen bytes")).to_string()
    }

    /// Whether it is the one that was kept as `hash`; takes the same time whatever differs.
    #[must_use]
    pub fn proves(&self, hash: &str) -> bool {
        PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(self.0.as_bytes(), &hash).is_ok())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, 1, None);
    let params = params.unwrap_or_else(|_| unreachable!("the parameters are within their bounds"));
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether a hash was made with parameters that are not used any more.
#[must_use]
pub fn is_outdated(hash: &str) -> bool {
    let ours = format!("$argon2id$v=19$m={MEMORY},t={PASSES},p=1$");
    !hash.starts_with(&ours)
}

/// The hash that a password is compared with where there is no user of that name, so that it takes as long.
#[must_use]
pub fn nobodys() -> &'static str {
    static NOBODYS: LazyLock<String> = LazyLock::new(|| Password(String::new()).hash([0; 16]));
    &NOBODYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_not_what_everybody_tries_first() {
        let chosen = |text: &str| Password::chosen(text, text, "wangfang");
        for good in ["correct horse battery", "清水河边有三只白鹭", "水务局值班室 7 号柜", "xK4#mmmmmmmm"]
        {
            let wanted = if good.chars().count() < SHORTEST { Err(Unfit::Short) } else { Ok(Password::typed(good)) };
            assert_eq!(chosen(good), wanted, "{good}");
        }
        assert_eq!(chosen("short"), Err(Unfit::Short));
        assert_eq!(chosen("九个汉字不够长一点"), Err(Unfit::Short));
        assert_eq!(chosen(&"长".repeat(200)), Err(Unfit::Long));
        for common in
            ["password123", "PassWord123", "1234567890", "0987654321", "aaaaaaaaaaaa", "qwertyuiop", "wangfang123"]
        {
            assert_eq!(chosen(common), Err(Unfit::Common), "{common}");
        }
        assert_eq!(Password::chosen("correct horse", "correct hose", "a"), Err(Unfit::Differs));
    }

    #[test]
    fn the_list_of_common_ones_is_as_it_is_compared() {
        assert!(COMMON.len() > 100);
        for common in COMMON.iter() {
            assert!(common.chars().count() >= SHORTEST && *common == common.to_lowercase(), "{common:?}");
        }
    }

    #[test]
    fn what_is_kept_proves_one_password_and_says_how_it_was_made() {
        let password = Password::typed("correct horse battery");
        let hash = password.hash([3; 16]);
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(password.proves(&hash) && !is_outdated(&hash));
        assert!(!Password::typed("correct horse batterz").proves(&hash));
        assert!(!password.proves("") && !password.proves("$argon2id$v=19$m=8"));
        assert_ne!(hash, password.hash([4; 16]));
        assert!(is_outdated(&hash.replace("t=2", "t=1")));
    }

    #[test]
    fn what_is_typed_in_full_width_is_the_same() {
        assert_eq!(Password::typed("ｃｏｒｒｅｃｔ　horse"), Password::typed("correct horse"));
        assert_eq!(format!("{:?}", Password::typed("secret")), "Password(..)");
    }

    #[test]
    fn nobody_has_the_hash_that_unknown_names_are_compared_with() {
        assert!(!Password::typed("correct horse battery").proves(nobodys()));
        assert!(!is_outdated(nobodys()));
    }
}

//! One-time codes: what a person types from a slip of paper. Pure.
//!
//! A set-up code lets a user choose a password, a recovery code stands in for a second factor that was lost. Each has 80
//! random bits in sixteen characters that no typeface confuses, so that a fast hash of it is enough and guessing is
//! hopeless even without the brake on sign-ins. Each works once.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Digits and letters without I, L, O and U (Crockford's base 32).
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters between two hyphens.
const GROUP: usize = 4;

/// Ten secret bytes. It has no form in which it could be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Code([u8; 10]);

impl Code {
    /// A code of ten random bytes.
    #[must_use]
    pub const fn new(secret: [u8; 10]) -> Self {
        Self(secret)
    }

    /// The form in which it is shown once: `7K2M-99QX-…`.
    #[must_use]
    pub fn written(&self) -> String {
        let digits = base32(&self.0, DIGITS);
        let groups: Vec<String> =
            digits.as_bytes().chunks(GROUP).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        groups.join("-")
    }

    /// What the store keeps; a code of one user is none of another's.
    #[must_use]
    pub fn proof(&self, user: &str) -> Vec<u8> {
        self.mac(user).finalize().into_bytes().to_vec()
    }

    /// Whether the store keeps the proof of this code; takes the same time whatever differs.
    #[must_use]
    pub fn proves(&self, user: &str, proof: &[u8]) -> bool {
        self.mac(user).verify_slice(proof).is_ok()
    }

    fn mac(&self, user: &str) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
        mac.update(b"caifeng code ");
        mac.update(user.as_bytes());
        mac
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// On its way from the process that owns the data directory to whoever asked for it.
impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written())
    }
}

impl<'de> serde::Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Not a code; what was read is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code: it has sixteen letters and digits")]
pub struct NoCode;

impl FromStr for Code {
    type Err = NoCode;

    /// As people type it: in small letters, with spaces or without hyphens, O for 0, I and L for 1.
    fn from_str(text: &str) -> Result<Self, NoCode> {
        let typed = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—'));
        let mut bits: u128 = 0;
        let mut count = 0_usize;
        for c in typed {
            let value = value(c).ok_or(NoCode)?;
            count += 1;
            if count > 16 {
                return Err(NoCode);
            }
            bits = bits << 5 | u128::from(value);
        }
        let bytes = bits.to_be_bytes();
        if count == 16 { bytes[6..].try_into().map(Self).map_err(|_| NoCode) } else { Err(NoCode) }
    }
}

fn value(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    DIGITS.iter().position(|digit| char::from(*digit) == c).and_then(|at| u8::try_from(at).ok())
}

/// Bytes in base 32 (RFC 4648 §6) without padding, in the digits of an alphabet.
pub(super) fn base32(bytes: &[u8], digits: &[u8; 32]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        for at in 0..(chunk.len() * 8).div_ceil(5) {
            out.push(char::from(digits[(bits >> (35 - 5 * at) & 31) as usize]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = Code::new([0, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf]);
        assert_eq!(code.written().len(), 19);
        assert_eq!(code.written().parse::<Code>(), Ok(code.clone()));
        let sloppy = code.written().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(sloppy.parse::<Code>(), Ok(code.clone()));
        for wrong in ["", "0", &code.written()[1..], &format!("{}0", code.written()), "UUUU-UUUU-UUUU-UUUU", "密码"] {
            assert_eq!(wrong.parse::<Code>(), Err(NoCode), "{wrong}");
        }
    }

    #[test]
    fn a_proof_is_of_one_code_and_one_user() {
        let code = Code::new([7; 10]);
        assert!(code.proves("u1", &code.proof("u1")));
        assert!(!code.proves("u2", &code.proof("u1")));
        assert!(!Code::new([8; 10]).proves("u1", &code.proof("u1")));
        assert!(!code.proves("u1", &code.proof("u1")[1..]));
    }

    #[test]
    fn the_secret_is_in_no_debug_output_and_no_error() {
        let code = Code::new([0xab; 10]);
        assert_eq!(format!("{code:?}"), "Code(..)");
        let wrong = format!("{}!", code.written());
        assert!(!wrong.parse::<Code>().unwrap_err().to_string().contains(&code.written()[..4]));
    }

    /// RFC 4648 §10, in its own alphabet and without padding.
    #[test]
    fn base_32_is_that_of_the_rfc() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let vectors =
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")];
        for (bytes, text) in vectors {
            assert_eq!(base32(bytes.as_bytes(), alphabet), text);
        }
        assert_eq!(base32(b"foobar", alphabet), "MZXW6YTBOI");
    }
}

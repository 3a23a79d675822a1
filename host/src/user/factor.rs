//! The second factor: a code that changes every half minute (TOTP, RFC 6238). Pure.
//!
//! Six digits from HMAC-SHA-1 over steps of thirty seconds are what every authenticator app speaks. A code of the step before or after is
//! taken too, for clocks that are a little off (RFC 6238 §5.2), and no step twice: whoever looks over a shoulder comes too late.

use caifeng_plugin_host::contract::Timestamp;
use ring::hmac;

use super::code::base32;

/// Seconds of one step.
const STEP: i64 = 30;
/// Steps before and after the present one whose codes are taken.
const LEEWAY: i64 = 1;
/// Digits of a code.
const DIGITS: u32 = 6;
/// The alphabet of RFC 4648 §6, in which apps take a secret.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// How many recovery codes come with a second factor.
pub const RECOVERY: usize = 10;

/// What an app and we share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 20]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// From its twenty bytes (RFC 4226 §4 R6).
    #[must_use]
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// As it is typed into an app, in groups of four.
    #[must_use]
    pub fn written(&self) -> String {
        let text = base32(&self.0, ALPHABET);
        let groups: Vec<&str> = (0..text.len()).step_by(4).map(|at| &text[at..(at + 4).min(text.len())]).collect();
        groups.join(" ")
    }

    /// The address that an app reads from a picture (Google Authenticator's key URI format).
    #[must_use]
    pub fn address(&self, organisation: &str, name: &str) -> String {
        let plain =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let issuer = if organisation.is_empty() { "Caifeng" } else { organisation };
        let (issuer, name) = (plain(issuer), plain(name));
        format!("otpauth://totp/{issuer}:{name}?secret={}&issuer={issuer}", base32(&self.0, ALPHABET))
    }

    /// The code of a step, as a number.
    fn code(&self, step: i64, digits: u32) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let bytes = tag.as_ref();
        // Dynamic truncation (RFC 4226 §5.3).
        let at = usize::from(bytes[19] & 15);
        let four = [bytes[at] & 0x7f, bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        u32::from_be_bytes(four) % 10_u32.pow(digits)
    }

    /// The step whose code was typed, when it may be taken now. `last`: the newest that was taken before.
    #[must_use]
    pub fn step_of(&self, typed: &str, now: Timestamp, last: Option<i64>) -> Option<i64> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if typed.len() != DIGITS as usize || !typed.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let typed: u32 = typed.parse().ok()?;
        let present = now.div_euclid(STEP);
        // All are computed, so that it takes the same time whichever it is.
        let found = (present - LEEWAY..=present + LEEWAY)
            .filter(|step| self.code(*step, DIGITS) == typed)
            .fold(None, |_, step| Some(step));
        found.filter(|step| last.is_none_or(|last| *step > last))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What an app shows at `now` for a secret as it is typed (RFC 4648 §6).
    pub(crate) fn shown(secret: &str, now: Timestamp) -> String {
        let letters = secret.bytes().filter(|b| *b != b' ');
        let bits = letters.fold(String::new(), |bits, letter| {
            let five = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
            format!("{bits}{five:05b}")
        });
        let bytes: Vec<u8> =
            (0..bits.len() / 8).map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap()).collect();
        let secret = Secret::new(bytes.try_into().unwrap());
        format!("{:06}", secret.code(now.div_euclid(STEP), DIGITS))
    }

    fn rfc() -> Secret {
        Secret::new(*b"12345678901234567890")
    }

    /// RFC 6238 appendix B, those of SHA-1.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let vectors = [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ];
        for (at, code) in vectors {
            assert_eq!(rfc().code(i64::div_euclid(at, STEP), 8), code, "{at}");
        }
        // RFC 4226 appendix D.
        let counted: Vec<u32> = (0..10).map(|step| rfc().code(step, 6)).collect();
        assert_eq!(counted, [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489]);
    }

    #[test]
    fn a_code_is_taken_one_step_early_or_late_and_never_twice() {
        // Its code at 59 s, step 1, is 287082.
        for (now, taken) in [(0, true), (30, true), (59, true), (89, true), (90, false), (-31, false)] {
            assert_eq!(rfc().step_of("287 082", now, None).is_some(), taken, "{now}");
        }
        assert_eq!(rfc().step_of("287082", 59, Some(0)), Some(1));
        assert_eq!(rfc().step_of("287082", 59, Some(1)), None, "taken before");
        assert_eq!(rfc().step_of("287082", 59, Some(2)), None, "older than one that was taken");
        for wrong in ["", "287083", "28708", "2870822", "28708x", "２８７０８２", "+87082"] {
            assert_eq!(rfc().step_of(wrong, 59, None), None, "{wrong}");
        }
    }

    #[test]
    fn apps_read_the_secret_from_an_address() {
        assert_eq!(rfc().written(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let address = rfc().address("青石县 水务局", "王芳");
        assert!(address.starts_with("otpauth://totp/%E9%9D%92%E7%9F%B3%E5%8E%BF%20%E6%B0%B4"), "{address}");
        assert!(address.contains("?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E9%9D%92"), "{address}");
        assert_eq!(format!("{:?}", rfc()), "Secret(..)");
    }
}

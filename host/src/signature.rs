//! Who stands behind a plugin's file: signatures in the form of minisign, pure but for the randomness of keys.
//!
//! A signature lies beside the file (`board-0.1.0.wasm.minisig`) and can be checked with the tool of that name
//! (<https://jedisct1.github.io/minisign/>), which can also make the keys. Its trusted comment, which the key signs
//! with the rest, says for what it was made and by which key:
//!
//! `plugin:board`, `version:0.1.0` and `key:RWQ…`, with a tab between each two.
//!
//! So whoever meets a signer for the first time has a key to pin, and a signature of one plugin does not pass for
//! another's. A key in the comment proves nothing of a person: who trusts it at first sight should have seen it elsewhere
//! too. A signature of the tool itself has no such comment and needs a key that is known already.

use std::fmt;
use std::io::Cursor;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::{KeyPair, PublicKey, SecretKeyBox, SignatureBox};
use serde::{Deserialize, Serialize};

/// Bytes of a signature file that are read; one has about 400.
pub const LONGEST: u64 = 4096;

/// Bytes of an Ed25519 signature (RFC 8032).
const SIGNATURE: usize = 64;

/// A public key as minisign writes it, in Base64 (`RW…`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signer(String);

/// A secret key that is open: it can sign.
#[derive(Debug)]
pub struct Key(minisign::SecretKey);

/// What a signature was made for, as its trusted comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The plugin's id.
    pub plugin: String,
    /// Its version.
    pub version: String,
}

/// Why a signature proves nothing, and who must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a signature, or one that was cut: fetch it again.
    #[error("the signature is damaged, fetch it again: {0}")]
    Damaged(String),
    /// Made without a key in its comment, and nobody has named one.
    #[error(
        "the signature does not say by which key it was made: ask its author for the public key and name it with --signer KEY"
    )]
    Unnamed,
    /// Another key than the one that was expected.
    #[error("signed by another key ({found}) than the one that is trusted ({expected})")]
    Another {
        /// Whose signature it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// The file is not the one that was signed.
    #[error(
        "the signature does not fit the file: the file was changed, or the signature is another file's{0}; its author must send both again"
    )]
    Unfit(String),
    /// The signature is of another plugin or version than the file says it is.
    #[error("the signature was made for {} {}: its author must send the right one", .0.plugin, .0.version)]
    Elsewhere(Signed),
    /// A key that cannot be used: whoever named it must name another.
    #[error("{0}")]
    Key(String),
}

impl FromStr for Signer {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        // As a file of two lines, or the second alone.
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        match PublicKey::from_base64(line) {
            Ok(key) => Ok(Self(key.to_base64())),
            Err(_) => {
                Err(SignatureError::Key("not a public key of minisign, which is a line that begins with RW".to_owned()))
            }
        }
    }
}

impl TryFrom<String> for Signer {
    type Error = SignatureError;

    fn try_from(text: String) -> Result<Self, SignatureError> {
        text.parse()
    }
}

impl From<Signer> for String {
    fn from(signer: Signer) -> Self {
        signer.0
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Signer {
    fn key(&self) -> Result<PublicKey, SignatureError> {
        PublicKey::from_base64(&self.0).map_err(|error| SignatureError::Key(error.to_string()))
    }
}

impl Key {
    /// Opens a secret key of minisign. One with a password needs it; `None` for one without.
    ///
    /// # Errors
    /// It is no key, or the password is wrong or missing.
    pub fn open(text: &str, password: Option<&str>) -> Result<Self, SignatureError> {
        let failed = |error: minisign::PError| SignatureError::Key(error.to_string());
        let Some(password) = password else { return Self::bare(text) };
        let key = SecretKeyBox::from_string(text).and_then(|key| key.into_secret_key(Some(password.to_owned())));
        key.map(Self).map_err(failed)
    }

    /// A key without a password. Its checksum says nothing: the tool leaves it empty, the library fills it in.
    fn bare(text: &str) -> Result<Self, SignatureError> {
        let no_key = || SignatureError::Key("not a secret key of minisign".to_owned());
        let bytes = STANDARD.decode(text.lines().nth(1).unwrap_or_default().trim()).map_err(|_| no_key())?;
        let key = minisign::SecretKey::from_bytes(&bytes).map_err(|_| no_key())?;
        if key.is_encrypted() { Err(SignatureError::Key("the key has a password".to_owned())) } else { Ok(Self(key)) }
    }

    /// A new secret key as minisign writes it, encrypted with the password if there is one (scrypt), and its public half.
    ///
    /// # Errors
    /// The machine gives no randomness, or not the memory that the password takes.
    pub fn generate(comment: &str, password: Option<&str>) -> Result<(String, Signer), SignatureError> {
        let failed = |error: minisign::PError| SignatureError::Key(error.to_string());
        let made = match password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password.to_owned())),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let KeyPair { pk, sk } = made.map_err(failed)?;
        Ok((sk.to_box(Some(comment)).map_err(failed)?.into_string(), Signer(pk.to_base64())))
    }

    /// The public half.
    ///
    /// # Errors
    /// The key is damaged.
    pub fn signer(&self) -> Result<Signer, SignatureError> {
        let key = PublicKey::from_secret_key(&self.0);
        key.map(|key| Signer(key.to_base64())).map_err(|error| SignatureError::Key(error.to_string()))
    }

    /// Signs a plugin's file; the text of the file beside it.
    ///
    /// # Errors
    /// The key is damaged.
    pub fn sign(&self, file: &[u8], signed: &Signed) -> Result<String, SignatureError> {
        let Signed { plugin, version } = signed;
        let trusted = format!("plugin:{plugin}\tversion:{version}\tkey:{}", self.signer()?);
        // Signs only if the halves fit: nothing else shows that the key is whole.
        let public = PublicKey::from_secret_key(&self.0).map_err(|error| SignatureError::Key(error.to_string()))?;
        let made = minisign::sign(
            Some(&public),
            &self.0,
            Cursor::new(file),
            Some(&trusted),
            Some("signature of a Caifeng plugin"),
        );
        made.map(SignatureBox::into_string).map_err(|error| SignatureError::Key(error.to_string()))
    }
}

/// Whether a secret key is kept under a password.
#[must_use]
pub fn has_password(text: &str) -> bool {
    let line = text.lines().nth(1).unwrap_or_default().trim();
    // Algorithm, then key derivation: `Sc`, or two zeroes where there is no password.
    STANDARD.decode(line).is_ok_and(|bytes| bytes.get(2..4) == Some(b"Sc"))
}

/// Who signed `file`, which says of itself that it is `of`. `expected` is whose signature it must be, where that is known.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify(file: &[u8], text: &str, of: &Signed, expected: Option<&Signer>) -> Result<Signer, SignatureError> {
    let damaged = |why: &str| SignatureError::Damaged(why.to_owned());
    // The library takes any length of the last line and reads as far as it should reach.
    let last = text.lines().nth(3).and_then(|line| STANDARD.decode(line.trim()).ok());
    if last.is_none_or(|bytes| bytes.len() != SIGNATURE) {
        return Err(damaged("its last line is no signature"));
    }
    let signature = SignatureBox::from_string(text).map_err(|error| damaged(&error.to_string()))?;
    let comment = signature.trusted_comment().map_err(|error| damaged(&error.to_string()))?;
    let word = |name: &str| comment.split('\t').find_map(|word| word.strip_prefix(name)?.strip_prefix(':'));
    let named = word("key").map(str::parse::<Signer>).transpose()?;
    if let (Some(found), Some(expected)) = (&named, expected)
        && found != expected
    {
        return Err(SignatureError::Another { found: found.to_string(), expected: expected.to_string() });
    }
    let signer = expected.cloned().or(named).ok_or(SignatureError::Unnamed)?;
    let key = signer.key()?;
    if key.keynum() != signature.keynum() {
        let number = |bytes: &[u8]| bytes.iter().rev().map(|byte| format!("{byte:02X}")).collect::<String>();
        let (found, expected) = (number(signature.keynum()), signer.to_string());
        return Err(SignatureError::Another { found, expected });
    }
    let signed = word("plugin").zip(word("version"));
    let signed = signed.map(|(plugin, version)| Signed { plugin: plugin.to_owned(), version: version.to_owned() });
    if minisign::verify(&key, &signature, Cursor::new(file), true, false, false).is_err() {
        let claimed = signed.filter(|signed| signed != of);
        let claimed = claimed.map(|signed| format!(" (it says {} {})", signed.plugin, signed.version));
        return Err(SignatureError::Unfit(claimed.unwrap_or_default()));
    }
    match signed {
        Some(signed) if signed != *of => Err(SignatureError::Elsewhere(signed)),
        _ => Ok(signer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(version: &str) -> Signed {
        Signed { plugin: "board".to_owned(), version: version.to_owned() }
    }

    fn key() -> (Key, Signer) {
        let (text, signer) = Key::generate("a test's", None).unwrap();
        assert!(!has_password(&text));
        let key = Key::open(&text, None).unwrap();
        assert_eq!(key.signer().unwrap(), signer);
        (key, signer)
    }

    #[test]
    fn a_signature_names_its_signer_and_what_it_is_for() {
        let (key, signer) = key();
        let text = key.sign(b"file", &board("0.1.0")).unwrap();
        assert_eq!(verify(b"file", &text, &board("0.1.0"), None), Ok(signer.clone()));
        assert_eq!(verify(b"file", &text, &board("0.1.0"), Some(&signer)), Ok(signer.clone()));
        let (_, other) = super::tests::key();
        let refused = verify(b"file", &text, &board("0.1.0"), Some(&other)).unwrap_err();
        assert!(matches!(refused, SignatureError::Another { .. }), "{refused}");
        // Another file's, the same one's of another version, and a file that was changed.
        let refused = verify(b"other", &text, &board("0.2.0"), Some(&signer)).unwrap_err();
        assert!(refused.to_string().contains("does not fit the file") && refused.to_string().contains("board 0.1.0"));
        let refused = verify(b"file", &text, &board("0.2.0"), None).unwrap_err();
        assert_eq!(refused, SignatureError::Elsewhere(board("0.1.0")));
    }

    #[test]
    fn a_key_with_a_password_opens_with_it_alone_and_says_nothing_of_it() {
        let (text, signer) = Key::generate("a test's", Some("清河 2026")).unwrap();
        assert!(has_password(&text) && !text.contains("清河"));
        assert_eq!(Key::open(&text, Some("清河 2026")).unwrap().signer().unwrap(), signer);
        for wrong in [Some("清河 2025"), Some(""), None] {
            let refused = Key::open(&text, wrong).unwrap_err().to_string();
            assert!(!refused.contains("清河"), "{refused}");
        }
    }

    #[test]
    fn a_comment_that_was_changed_proves_nothing() {
        let (key, signer) = key();
        let text = key.sign(b"file", &board("0.1.0")).unwrap();
        let changed = text.replace("version:0.1.0", "version:0.2.0");
        assert_ne!(changed, text);
        let refused = verify(b"file", &changed, &board("0.2.0"), Some(&signer)).unwrap_err();
        assert!(matches!(refused, SignatureError::Unfit(_)), "{refused}");
        // A stranger writes the trusted key over their own signature.
        let (stranger, theirs) = super::tests::key();
        let forged = stranger.sign(b"file", &board("0.1.0")).unwrap().replace(&theirs.0, &signer.0);
        let refused = verify(b"file", &forged, &board("0.1.0"), Some(&signer)).unwrap_err();
        assert!(matches!(refused, SignatureError::Another { .. }), "{refused}");
    }

    #[test]
    fn whatever_is_cut_or_flipped_is_refused() {
        let (key, signer) = key();
        let text = key.sign(b"file", &board("0.1.0")).unwrap();
        for cut in 0..text.trim_end().len() {
            assert!(verify(b"file", &text[..cut], &board("0.1.0"), Some(&signer)).is_err(), "cut at {cut}");
        }
        // The first line is a remark that nobody trusts.
        for place in text.find('\n').unwrap() + 1..text.trim_end().len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1;
            let Ok(flipped) = String::from_utf8(bytes) else { continue };
            assert!(
                verify(b"file", &flipped, &board("0.1.0"), Some(&signer)).is_err(),
                "flipped at {place}: {flipped}"
            );
        }
        // A secret key of which one byte was changed signs nothing.
        let (text, _) = Key::generate("a test's", None).unwrap();
        let (head, line) = text.trim_end().split_once('\n').unwrap();
        let mut bytes = STANDARD.decode(line).unwrap();
        bytes[70] ^= 1;
        let damaged = Key::open(&format!("{head}\n{}\n", STANDARD.encode(&bytes)), None).unwrap();
        assert!(damaged.sign(b"file", &board("0.1.0")).is_err());
        assert!(Key::open("a\nb\n", None).is_err());
        assert_eq!("RWQ".parse::<Signer>().unwrap_err(), "".parse::<Signer>().unwrap_err());
    }
}

//! Was this signed by the provider: JSON Web Signature (RFC 7515) with keys of a JSON Web Key set (RFC 7517). Pure.
//!
//! The algorithm is one of two and must be that of the key; what the token says of itself only chooses among them. So
//! `none`, a MAC with a public key for a secret, and a key of another kind are refused before anything is compared.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use super::Untrusted;

/// Bytes of a token, at most.
const LARGEST: usize = 64 << 10;
/// Keys of a set that are looked at.
const KEYS: usize = 64;

/// The keys of a provider.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// RS256: modulus and exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// ES256: the point, uncompressed.
    P256(Vec<u8>),
}

/// A key as a set has it; those of other kinds, and for other uses, are passed over.
#[derive(Deserialize)]
struct Written {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    used: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

impl Written {
    fn key(self) -> Option<Key> {
        let for_us = |alg: &str| {
            self.used.as_deref().is_none_or(|used| used == "sig") && self.alg.as_deref().is_none_or(|own| own == alg)
        };
        let kind = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) if for_us("RS256") => Kind::Rsa { n: bytes(self.n.as_deref()?)?, e: bytes(self.e.as_deref()?)? },
            ("EC", Some("P-256")) if for_us("ES256") => {
                let (x, y) = (bytes(self.x.as_deref()?)?, bytes(self.y.as_deref()?)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Kind::P256([&[4][..], &x, &y].concat())
            }
            _ => return None,
        };
        Some(Key { id: self.kid, kind })
    }
}

impl Keys {
    /// Reads a set.
    ///
    /// # Errors
    /// It is none, or has no key that is taken here.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let set: Set = serde_json::from_slice(text).map_err(|error| format!("its keys are not understood: {error}"))?;
        let written = set.keys.into_iter().take(KEYS);
        let keys: Vec<Key> = written.filter_map(|key| serde_json::from_value::<Written>(key).ok()?.key()).collect();
        if keys.is_empty() {
            return Err("it has no key for RS256 or ES256".to_owned());
        }
        Ok(Self(keys))
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

/// What stands in a token (compact serialisation) that one of these keys has signed.
///
/// # Errors
/// Nothing of it is to be believed; [`Untrusted::UnknownKey`] where the provider may have another key by now.
pub fn signed(token: &str, keys: &Keys) -> Result<Vec<u8>, Untrusted> {
    let form = |what: &str| Untrusted::Form(what.to_owned());
    if token.len() > LARGEST {
        return Err(form("a token without end"));
    }
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(form("not a token of three parts"));
    };
    let header = bytes(head).ok_or_else(|| form("not base64url"))?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| form("its header"))?;
    if header.crit.is_some() {
        return Err(form("it asks for extensions"));
    }
    let fits = |key: &&Key| match (header.alg.as_str(), &key.kind) {
        ("RS256", Kind::Rsa { .. }) | ("ES256", Kind::P256(_)) => {
            header.kid.is_none() || key.id.is_none() || header.kid == key.id
        }
        _ => false,
    };
    if !matches!(header.alg.as_str(), "RS256" | "ES256") {
        return Err(Untrusted::Algorithm(header.alg.chars().filter(|c| !c.is_control()).take(20).collect()));
    }
    let (body, signature) =
        (bytes(body).ok_or_else(|| form("not base64url"))?, bytes(signature).ok_or_else(|| form("not base64url"))?);
    let said = token.rsplit_once('.').map_or("", |(said, _)| said).as_bytes();
    let mut candidates = keys.0.iter().filter(fits).peekable();
    if candidates.peek().is_none() {
        return Err(Untrusted::UnknownKey);
    }
    let verified = candidates.any(|key| match &key.kind {
        Kind::Rsa { n, e } => {
            RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, said, &signature).is_ok()
        }
        Kind::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(said, &signature).is_ok(),
    });
    if verified { Ok(body) } else { Err(Untrusted::Signature) }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::{Value, json};

    use super::*;

    fn b64(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// RFC 7515, appendix A.2: the key and the token that it signed.
    const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const BY_RSA: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn pair() -> EcdsaKeyPair {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
    }

    fn jwk(pair: &EcdsaKeyPair, kid: &str) -> Value {
        let point = pair.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": b64(&point[1..33]), "y": b64(&point[33..])})
    }

    fn set(keys: &[Value]) -> Keys {
        Keys::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    fn sign(pair: &EcdsaKeyPair, header: &Value) -> String {
        let said = format!("{}.{}", b64(header.to_string()), b64(r#"{"iss":"x"}"#));
        let signature = pair.sign(&SystemRandom::new(), said.as_bytes()).unwrap();
        format!("{said}.{}", b64(signature))
    }

    #[test]
    fn the_examples_of_the_norm_are_taken() {
        let keys = set(&[json!({"kty": "RSA", "n": N, "e": "AQAB"})]);
        assert!(signed(BY_RSA, &keys).unwrap().starts_with(b"{\"iss\":\"joe\""));
        // RFC 7515, appendix A.3.
        let keys = set(&[json!({"kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})]);
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert!(signed(token, &keys).is_ok());
    }

    #[test]
    fn whatever_is_changed_is_refused() {
        let keys = set(&[json!({"kty": "RSA", "n": N, "e": "AQAB"})]);
        for at in (0..BY_RSA.len()).step_by(7) {
            let mut bent = BY_RSA.as_bytes().to_vec();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).unwrap();
            assert!(signed(&bent, &keys).is_err(), "{at}");
        }
        for odd in ["", ".", "..", "a.b", &format!("{BY_RSA}."), &format!("{BY_RSA}.e30"), &"a".repeat(LARGEST + 1)] {
            assert!(matches!(signed(odd, &keys), Err(Untrusted::Form(_))), "{}", &odd[..odd.len().min(20)]);
        }
    }

    #[test]
    fn no_token_chooses_how_it_is_looked_at() {
        let pair = pair();
        let keys = set(&[jwk(&pair, "k1"), json!({"kty": "RSA", "n": N, "e": "AQAB", "kid": "k2"})]);
        for alg in ["none", "None", "HS256", "PS256", "ES384", "RS512", "EdDSA", ""] {
            let token = sign(&pair, &json!({"alg": alg, "kid": "k1"}));
            assert_eq!(signed(&token, &keys), Err(Untrusted::Algorithm(alg.to_owned())));
        }
        let bare = format!("{}.{}.", b64(r#"{"alg":"none"}"#), b64("{}"));
        assert_eq!(signed(&bare, &keys), Err(Untrusted::Algorithm("none".to_owned())));
        // The public key as the secret of a MAC is no way in either.
        let header = b64(r#"{"alg":"HS256"}"#);
        let said = format!("{header}.{}", b64("{}"));
        let mac = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, N.as_bytes()), said.as_bytes());
        assert!(matches!(signed(&format!("{said}.{}", b64(mac)), &keys), Err(Untrusted::Algorithm(_))));
        // A key of another kind.
        assert_eq!(signed(&sign(&pair, &json!({"alg": "RS256", "kid": "k1"})), &keys), Err(Untrusted::UnknownKey));
        let critical = sign(&pair, &json!({"alg": "ES256", "kid": "k1", "crit": ["b64"], "b64": false}));
        assert!(matches!(signed(&critical, &keys), Err(Untrusted::Form(_))));
        let twice = format!("{{\"alg\":\"ES256\",\"alg\":\"none\",\"kid\":\"{}\"}}", "k1");
        let said = format!("{}.{}", b64(twice), b64("{}"));
        let signature = pair.sign(&SystemRandom::new(), said.as_bytes()).unwrap();
        assert!(matches!(signed(&format!("{said}.{}", b64(signature)), &keys), Err(Untrusted::Form(_))));
    }

    #[test]
    fn the_key_must_be_the_providers() {
        let (own, other) = (pair(), pair());
        let keys = set(&[jwk(&own, "k1"), jwk(&pair(), "k2")]);
        assert!(signed(&sign(&own, &json!({"alg": "ES256", "kid": "k1"})), &keys).is_ok());
        assert!(signed(&sign(&own, &json!({"alg": "ES256"})), &keys).is_ok(), "without a name each is tried");
        let foreign = sign(&other, &json!({"alg": "ES256", "kid": "k1"}));
        assert_eq!(signed(&foreign, &keys), Err(Untrusted::Signature));
        // Its own key within the token is nobody's word.
        let carried = sign(
            &other,
            &json!({"alg": "ES256", "kid": "k1", "jwk": jwk(&other, "k1"), "jku": "https://evil.example/"}),
        );
        assert_eq!(signed(&carried, &keys), Err(Untrusted::Signature));
        let renewed = sign(&other, &json!({"alg": "ES256", "kid": "k9"}));
        assert_eq!(signed(&renewed, &keys), Err(Untrusted::UnknownKey));
    }

    #[test]
    fn keys_for_other_uses_and_weak_ones_are_passed_over() {
        let pair = pair();
        let mut sealing = jwk(&pair, "k1");
        sealing["use"] = "enc".into();
        let mut foreign = jwk(&pair, "k2");
        foreign["alg"] = "ES512".into();
        let mut short = jwk(&pair, "k3");
        short["x"] = "AAAA".into();
        let symmetric = json!({"kty": "oct", "k": "c2VjcmV0"});
        let odd = json!(7);
        let none = json!({"keys": [sealing, foreign, short, symmetric, odd]}).to_string();
        assert!(Keys::read(none.as_bytes()).unwrap_err().contains("no key"));
        assert!(Keys::read(b"{}").is_err() && Keys::read(b"[]").is_err());
        // 512 bits: read, and nothing is ever verified with it.
        let weak = set(&[json!({"kty": "RSA", "n": b64([0xff; 64]), "e": "AQAB"})]);
        assert_eq!(signed(BY_RSA, &weak), Err(Untrusted::Signature));
    }
}

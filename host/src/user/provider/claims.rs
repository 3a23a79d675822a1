//! What a signed token says, and whether it says it to us, now, about this browser (OpenID Connect Core 1.0 §3.1.3.7). Pure.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{EMAIL, LONGEST, Oidc, SUBJECT, Untrusted, named};

/// Seconds by which two clocks may differ.
const SKEW: i64 = 60;

/// Whom a provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The provider.
    pub issuer: String,
    /// Its own identifier of somebody, which it gives to nobody else.
    pub subject: String,
    /// What the claim says that names a user here.
    pub name: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    #[serde(deserialize_with = "moment")]
    exp: Timestamp,
    #[serde(deserialize_with = "moment")]
    iat: Timestamp,
    nonce: Option<String>,
    azp: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    /// Whether it is meant for `client`, and for nobody else without saying that `client` asked.
    fn is(&self, client: &str, asked: Option<&str>) -> bool {
        let (meant, alone) = match self {
            Self::One(one) => (one == client, true),
            Self::Many(all) => (all.iter().any(|one| one == client), all.len() == 1),
        };
        meant && asked.map_or(alone, |asked| asked == client)
    }
}

/// Seconds since 1970, which may have a fraction (RFC 7519 §2).
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let number = serde_json::Number::deserialize(from)?;
    let whole = number.as_i64().or_else(|| number.as_f64().filter(|n| n.abs() < 1e15).map(|n| n as i64));
    whole.ok_or_else(|| serde::de::Error::custom("not a moment"))
}

/// Whom a signed token vouches for. `nonce`: what this browser's question held.
///
/// # Errors
/// Why it is no answer to it.
pub fn believed(payload: &[u8], config: &Oidc, nonce: &str, now: Timestamp) -> Result<Vouched, Untrusted> {
    let claims: Claims =
        serde_json::from_slice(payload).map_err(|error| Untrusted::Form(format!("its claims: {error}")))?;
    if claims.iss != config.issuer {
        return Err(Untrusted::Issuer);
    }
    if !claims.aud.is(&config.client_id, claims.azp.as_deref()) {
        return Err(Untrusted::Audience);
    }
    if claims.exp.saturating_add(SKEW) <= now {
        return Err(Untrusted::Over);
    }
    if claims.iat.saturating_sub(SKEW) > now {
        return Err(Untrusted::Early);
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(Untrusted::Nonce);
    }
    let unnamed = || Untrusted::Unnamed(config.claim.clone());
    if claims.sub.is_empty() || claims.sub.len() > LONGEST || !claims.sub.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(Untrusted::Unnamed(SUBJECT.to_owned()));
    }
    let said = match config.claim.as_str() {
        SUBJECT => claims.sub.as_str(),
        claim => claims.rest.get(claim).and_then(Value::as_str).ok_or_else(unnamed)?,
    };
    if config.claim == EMAIL {
        let verified = claims.rest.get("email_verified");
        // Some providers write it as text.
        if !verified.is_some_and(|said| *said == Value::Bool(true) || said.as_str() == Some("true")) {
            return Err(Untrusted::Unverified);
        }
    }
    let name = named(said).ok_or_else(unnamed)?;
    Ok(Vouched { issuer: claims.iss, subject: claims.sub, name })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::config;
    use super::*;

    const NOW: Timestamp = 1_800_000_000;

    fn judged(claim: &str, change: impl FnOnce(&mut Value)) -> Result<Vouched, Untrusted> {
        let mut value = json!({
            "iss": "https://id.example.cn/realms/county", "sub": "f3-c1", "aud": "caifeng", "exp": NOW + 300,
            "iat": NOW, "nonce": "n", "email": "Li@example.cn", "email_verified": true, "preferred_username": "li",
        });
        change(&mut value);
        let config = Oidc { claim: claim.to_owned(), ..config() };
        believed(value.to_string().as_bytes(), &config, "n", NOW)
    }

    #[test]
    fn somebody_is_named_by_the_claim_that_the_operator_chose() {
        let vouched = judged("sub", |_| ()).unwrap();
        assert_eq!((vouched.subject.as_str(), vouched.name.as_str()), ("f3-c1", "f3-c1"));
        assert_eq!(judged("email", |_| ()).unwrap().name, "li@example.cn");
        assert_eq!(judged("preferred_username", |_| ()).unwrap().name, "li");
        assert!(judged("email", |v| v["email_verified"] = "true".into()).is_ok());
        for unverified in [json!(false), json!("false"), json!(1), Value::Null] {
            assert_eq!(judged("email", |v| v["email_verified"] = unverified), Err(Untrusted::Unverified));
        }
        assert_eq!(judged("staff", |_| ()), Err(Untrusted::Unnamed("staff".into())));
        for odd in [json!(""), json!(7), json!(["li"]), json!("a\nb")] {
            assert_eq!(judged("staff", |v| v["staff"] = odd), Err(Untrusted::Unnamed("staff".into())));
        }
        for odd in ["", "\u{e9}", &"a".repeat(256)] {
            assert_eq!(judged("email", |v| v["sub"] = odd.into()), Err(Untrusted::Unnamed("sub".into())));
        }
    }

    #[test]
    fn it_must_be_meant_for_us() {
        assert_eq!(judged("sub", |v| v["iss"] = "https://id.example.cn/realms/county/".into()), Err(Untrusted::Issuer));
        for (aud, azp, good) in [
            (json!(["caifeng"]), Value::Null, true),
            (json!(["other", "caifeng"]), json!("caifeng"), true),
            (json!("caifeng"), json!("caifeng"), true),
            (json!(["other", "caifeng"]), Value::Null, false),
            (json!(["other", "caifeng"]), json!("other"), false),
            (json!("caifeng"), json!("other"), false),
            (json!("other"), Value::Null, false),
            (json!("caifeng2"), Value::Null, false),
            (json!([]), Value::Null, false),
        ] {
            let said = judged("sub", |v| {
                v["aud"] = aud.clone();
                v["azp"] = azp.clone();
            });
            assert_eq!(said.is_ok(), good, "{aud} {azp}: {said:?}");
            assert!(good || said == Err(Untrusted::Audience));
        }
    }

    #[test]
    fn it_must_be_of_now_and_the_answer_to_this_question() {
        assert!(judged("sub", |v| v["exp"] = (NOW - SKEW + 1).into()).is_ok());
        assert_eq!(judged("sub", |v| v["exp"] = (NOW - SKEW).into()), Err(Untrusted::Over));
        assert_eq!(judged("sub", |v| v["iat"] = (NOW + SKEW + 1).into()), Err(Untrusted::Early));
        assert!(judged("sub", |v| v["exp"] = json!(NOW as f64 + 0.5)).is_ok());
        for nonce in [json!("m"), json!(""), Value::Null] {
            assert_eq!(judged("sub", |v| v["nonce"] = nonce), Err(Untrusted::Nonce));
        }
    }

    #[test]
    fn what_is_missing_twice_or_of_another_kind_is_not_understood() {
        for claim in ["iss", "sub", "aud", "exp", "iat"] {
            let gone = judged("sub", |v| {
                v.as_object_mut().unwrap().remove(claim);
            });
            assert!(matches!(gone, Err(Untrusted::Form(_))), "{claim}");
            let odd = judged("sub", |v| v[claim] = json!({}));
            assert!(matches!(odd, Err(Untrusted::Form(_))), "{claim}");
        }
        assert!(matches!(judged("sub", |v| v["exp"] = "1900000000".into()), Err(Untrusted::Form(_))), "not as text");
        let twice = format!(
            r#"{{"iss":"https://id.example.cn/realms/county","sub":"a","sub":"b","aud":"caifeng","exp":{NOW},"iat":{NOW},"nonce":"n"}}"#
        );
        assert!(matches!(believed(twice.as_bytes(), &config(), "n", NOW), Err(Untrusted::Form(_))));
        assert!(matches!(believed(b"[]", &config(), "n", NOW), Err(Untrusted::Form(_))));
    }
}

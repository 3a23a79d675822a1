//! Signing in by a provider (OpenID Connect Core 1.0): what it is asked, and what is believed of its answer. Pure.
//!
//! A provider says who somebody is and nothing else: it makes nobody a user and gives nobody a role. What it says is one
//! claim, which an administrator has written down beside a user beforehand; when it is first used, the provider's own
//! identifier (`sub`) is kept with it, so that a name that is given to somebody else later opens nothing.
//!
//! The way is the authorization code flow with PKCE. Between the two visits of a browser nothing is stored here: its cookie
//! holds a sealed word (`state`), and what belongs to it (`nonce`, the verifier) is made of that word and our key again.
//!
//! Given up: logging out at the provider, userinfo, refresh tokens, encrypted tokens, any algorithm but RS256 and ES256. A
//! library that does all of it (`openidconnect`) brings some thirty crates and a second RSA with an open advisory
//! (RUSTSEC-2023-0071); what is needed here is one signature, which `ring` looks at already for every certificate.
//!
//! | question | module |
//! | --- | --- |
//! | was this signed by the provider | [`jws`] |
//! | is it meant for us, now, for this browser | [`claims`] |

pub mod claims;
pub mod jws;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

use super::seal::Seal;
use crate::hex::hex;

/// The claim that names somebody where nothing else is said: the only one that is never given to another.
pub const SUBJECT: &str = "sub";
/// The claim that must have been verified.
pub const EMAIL: &str = "email";
/// Longest value of a claim, in characters.
pub const LONGEST: usize = 255;

/// `[sign_in.oidc]`: who vouches for people at a browser.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider, exactly as it calls itself: `https://id.example.cn/realms/county`.
    pub issuer: String,
    /// What we are called there.
    pub client_id: String,
    /// What the button calls it.
    pub label: String,
    /// The claim that names a user.
    #[serde(default = "subject")]
    pub claim: String,
    /// What is asked for besides `openid`; without it what the claim takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The provider asks for a second factor itself, so that ours is not asked for.
    #[serde(default)]
    pub trust_second_factor: bool,
}

fn subject() -> String {
    SUBJECT.to_owned()
}

/// Whether a name travels within this machine only.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// One short line without spaces at its ends.
fn is_line(text: &str, most: usize) -> bool {
    !text.is_empty() && text.trim() == text && text.chars().count() <= most && !text.chars().any(char::is_control)
}

fn is_word(text: &str) -> bool {
    is_line(text, LONGEST) && text.bytes().all(|b| b.is_ascii_graphic())
}

impl Oidc {
    /// The issuer as an address, if it can be one.
    #[must_use]
    pub fn address(&self) -> Option<Url> {
        let url = Url::parse(&self.issuer).ok()?;
        let bare = url.username().is_empty() && url.password().is_none();
        let kept = bare && url.query().is_none() && url.fragment().is_none() && url.has_host();
        let scheme = url.scheme() == "https" || url.scheme() == "http" && is_here(&url);
        (kept && scheme).then_some(url)
    }

    /// Where the provider describes itself (OpenID Connect Discovery 1.0 §4).
    #[must_use]
    pub fn described_at(&self) -> Option<Url> {
        self.address()?;
        Url::parse(&format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'))).ok()
    }

    /// What is wrong, with the key under which it stands.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if self.address().is_none() {
            let issuer = &self.issuer;
            faults.push((
                "issuer",
                format!("{issuer:?} is no provider: write its issuer, an https:// address without ? and #"),
            ));
        }
        if !is_word(&self.client_id) {
            faults.push(("client_id", "write what the provider calls this desk: ASCII without spaces".to_owned()));
        }
        if !is_line(&self.label, 40) {
            faults.push(("label", "say in at most 40 characters what people call the provider".to_owned()));
        }
        if !is_word(&self.claim) {
            faults.push(("claim", "name one claim: \"sub\", \"email\", \"preferred_username\"".to_owned()));
        }
        if self.scopes.iter().flatten().any(|scope| !is_word(scope)) {
            faults.push(("scopes", "a scope is one word: \"email\", \"profile\"".to_owned()));
        }
        faults
    }

    fn scope(&self) -> String {
        let own = match (&self.scopes, self.claim.as_str()) {
            (Some(scopes), _) => scopes.clone(),
            (None, SUBJECT) => Vec::new(),
            (None, EMAIL) => vec![EMAIL.to_owned()],
            (None, _) => vec!["profile".to_owned()],
        };
        let own = own.into_iter().filter(|scope| scope != "openid");
        std::iter::once("openid".to_owned()).chain(own).collect::<Vec<_>>().join(" ")
    }
}

/// What a claim says, as it is kept and compared; `None` where nobody is named so. What looks like a mail address is compared
/// without case.
#[must_use]
pub fn named(said: &str) -> Option<String> {
    let said = said.trim();
    is_line(said, LONGEST).then(|| if said.contains('@') { said.to_lowercase() } else { said.to_owned() })
}

/// One way to the provider and back, of one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The word that comes back, and that the browser's cookie must hold.
    pub state: String,
    /// What the token must repeat.
    pub nonce: String,
    /// What only we can show when the code is exchanged (RFC 7636).
    pub verifier: String,
}

impl Flow {
    /// The flow of a word that nobody can guess.
    #[must_use]
    pub fn of(seal: &Seal, state: &str) -> Self {
        let derived = |what: &[u8]| hex(&seal.derive(&[b"sign-in by a provider", what, state.as_bytes()]));
        Self {
            state: state.to_owned(),
            nonce: derived(b"nonce"),
            // 43 characters at least (RFC 7636 §4.1).
            verifier: format!("{}{}", derived(b"verifier"), derived(b"verifier, continued")),
        }
    }

    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }
}

/// What a provider says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Where people are sent.
    pub authorization: Url,
    /// Where a code is exchanged.
    pub token: Url,
    /// Where its keys are.
    pub keys: Url,
    /// The secret goes into the form and not into the header field.
    pub secret_in_form: bool,
}

#[derive(Deserialize)]
struct Written {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Description {
    /// Reads it.
    ///
    /// # Errors
    /// What the operator or the provider's must change.
    pub fn read(text: &[u8], config: &Oidc) -> Result<Self, String> {
        let read: Written =
            serde_json::from_slice(text).map_err(|error| format!("its description is not understood: {error}"))?;
        if read.issuer != config.issuer {
            return Err(format!("it calls itself {:?}: write that as issuer in [sign_in.oidc]", read.issuer));
        }
        let own = config.address().map(|issuer| issuer.origin());
        let place = |name: &str, text: &str| {
            let url = Url::parse(text).ok().filter(|url| url.fragment().is_none());
            let url = url.filter(|url| url.scheme() == "https" || own.as_ref() == Some(&url.origin()));
            url.ok_or_else(|| format!("its {name} is no https address"))
        };
        let ways = read.token_endpoint_auth_methods_supported;
        let has = |way: &str| ways.as_ref().is_some_and(|ways| ways.iter().any(|known| known == way));
        Ok(Self {
            authorization: place("authorization_endpoint", &read.authorization_endpoint)?,
            token: place("token_endpoint", &read.token_endpoint)?,
            keys: place("jwks_uri", &read.jwks_uri)?,
            secret_in_form: has("client_secret_post") && !has("client_secret_basic"),
        })
    }

    /// Where a browser is sent, to come back to `redirect`.
    #[must_use]
    pub fn question(&self, config: &Oidc, flow: &Flow, redirect: &str) -> Url {
        let mut url = self.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", &config.scope())
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &flow.challenge())
            .append_pair("code_challenge_method", "S256");
        url
    }
}

/// Why nobody comes in by what a provider has answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It is not what the norms say.
    #[error("not understood: {0}")]
    Form(String),
    /// Signed in a way that is not taken here, or not signed at all.
    #[error("signed by {0:?}: only RS256 and ES256 are taken")]
    Algorithm(String),
    /// Signed with a key that is none of the provider's.
    #[error("signed with a key that is none of the provider's")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the signature does not fit")]
    Signature,
    /// Of another provider.
    #[error("of another issuer")]
    Issuer,
    /// For somebody else.
    #[error("meant for another client")]
    Audience,
    /// Its time is over.
    #[error("its time is over: compare the clocks of both machines")]
    Over,
    /// Its time has not come.
    #[error("of a later time than it is: compare the clocks of both machines")]
    Early,
    /// Asked for by another browser, or at another time.
    #[error("not the answer to this question")]
    Nonce,
    /// It does not say who somebody is.
    #[error("it says nothing that can be taken for the claim {0:?}: let the provider add it to the ID token")]
    Unnamed(String),
    /// It has not looked whether the address is somebody's.
    #[error("the provider has not verified the mail address")]
    Unverified,
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn config() -> Oidc {
        Oidc {
            issuer: "https://id.example.cn/realms/county".to_owned(),
            client_id: "caifeng".to_owned(),
            label: "统一认证".to_owned(),
            claim: SUBJECT.to_owned(),
            scopes: None,
            trust_second_factor: false,
        }
    }

    fn described(change: impl FnOnce(&mut serde_json::Value)) -> Result<Description, String> {
        let mut value = serde_json::json!({
            "issuer": "https://id.example.cn/realms/county",
            "authorization_endpoint": "https://id.example.cn/auth?realm=county",
            "token_endpoint": "https://id.example.cn/token",
            "jwks_uri": "https://keys.example.cn/",
            "more": [1],
        });
        change(&mut value);
        Description::read(value.to_string().as_bytes(), &config())
    }

    #[test]
    fn a_provider_is_reached_over_https_or_on_this_machine() {
        let with = |issuer: &str| Oidc { issuer: issuer.to_owned(), ..config() }.faults();
        for good in [
            "https://id.example.cn",
            "https://id.example.cn/",
            "http://127.0.0.1:8080/a",
            "http://[::1]",
            "http://localhost",
        ] {
            assert!(with(good).is_empty(), "{good}");
        }
        for bad in [
            "",
            "id.example.cn",
            "http://id.example.cn",
            "http://10.0.0.1",
            "ftp://id.example.cn",
            "https://u:p@id.example.cn",
            "https://id.example.cn/?a",
            "https://id.example.cn/#a",
        ] {
            assert_eq!(with(bad)[0].0, "issuer", "{bad}");
        }
        let wrong = Oidc {
            client_id: "a b".into(),
            label: " ".into(),
            claim: String::new(),
            scopes: Some(vec!["a b".into()]),
            ..config()
        };
        let keys: Vec<&str> = wrong.faults().iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["client_id", "label", "claim", "scopes"]);
        assert_eq!(
            Oidc { issuer: "https://a.example/".into(), ..config() }.described_at().unwrap().as_str(),
            "https://a.example/.well-known/openid-configuration"
        );
    }

    #[test]
    fn what_a_provider_says_about_itself_is_taken_only_when_it_is_itself() {
        let good = described(|_| ()).unwrap();
        assert!(!good.secret_in_form);
        let ways = |ways: &[&str]| described(|v| v["token_endpoint_auth_methods_supported"] = ways.into());
        assert!(ways(&["client_secret_post"]).unwrap().secret_in_form);
        assert!(!ways(&["client_secret_post", "client_secret_basic"]).unwrap().secret_in_form);
        let other = described(|v| v["issuer"] = "https://id.example.cn/realms/other".into()).unwrap_err();
        assert!(other.contains("realms/other") && other.contains("[sign_in.oidc]"), "{other}");
        for place in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for bad in ["http://id.example.cn/a", "javascript:alert(1)", "/a", "https://id.example.cn/#a"] {
                let why = described(|v| v[place] = bad.into()).unwrap_err();
                assert!(why.contains(place), "{why}");
            }
            assert!(described(|v| v[place] = serde_json::Value::Null).is_err());
        }
        assert!(Description::read(b"<html>", &config()).unwrap_err().contains("not understood"));
    }

    #[test]
    fn a_question_binds_the_answer_to_one_browser() {
        let seal = Seal::new([7; 32]);
        let flow = Flow::of(&seal, "word");
        assert_eq!(flow, Flow::of(&seal, "word"));
        let (other, foreign) = (Flow::of(&seal, "another"), Flow::of(&Seal::new([8; 32]), "word"));
        for strange in [&other, &foreign] {
            assert!(flow.nonce != strange.nonce && flow.verifier != strange.verifier);
        }
        assert!(flow.verifier.len() >= 43 && flow.nonce.len() >= 32 && !flow.verifier.contains(&flow.nonce));
        let asked = described(|_| ()).unwrap().question(&config(), &flow, "https://desk.example.cn/sign-in/callback");
        let said: std::collections::BTreeMap<_, _> = asked.query_pairs().into_owned().collect();
        assert_eq!(said["realm"], "county", "what stood there stays");
        assert_eq!((said["response_type"].as_str(), said["scope"].as_str()), ("code", "openid"));
        assert_eq!((&said["state"], &said["nonce"]), (&flow.state, &flow.nonce));
        assert_eq!(said["code_challenge_method"], "S256");
        assert!(!asked.as_str().contains(&flow.verifier), "the verifier stays here");
        // RFC 7636, appendix B.
        let known = Flow { verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(), ..flow };
        assert_eq!(known.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn what_is_asked_for_is_what_the_claim_takes() {
        let scope = |claim: &str, scopes: Option<&[&str]>| {
            let scopes = scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect());
            Oidc { claim: claim.into(), scopes, ..config() }.scope()
        };
        assert_eq!(scope("sub", None), "openid");
        assert_eq!(scope("email", None), "openid email");
        assert_eq!(scope("preferred_username", None), "openid profile");
        assert_eq!(scope("staff", Some(&["openid", "staff"])), "openid staff");
    }

    #[test]
    fn mail_addresses_are_compared_without_case_and_nothing_else_is() {
        assert_eq!(named(" Li@Example.CN ").as_deref(), Some("li@example.cn"));
        assert_eq!(named("Li").as_deref(), Some("Li"));
        for none in ["", " ", "a\nb", &"长".repeat(256)] {
            assert_eq!(named(none), None, "{none:?}");
        }
    }
}

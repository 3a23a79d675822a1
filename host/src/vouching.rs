//! The provider of sign-in, asked: what it is, which keys it has, and whom it vouches for.
//!
//! [`provider`](crate::user::provider) says what is asked and what is believed; here it is fetched, past the same guard as every page,
//! without redirects, within [`PATIENCE`] and [`ANSWER`]. Where its issuer lies inside the network, that one place may be
//! reached: the operator has named it. What it says about itself and its keys are kept for an hour, so that a sign-in is one
//! exchange; a key that is not known is asked for at once, at most each minute. While it does not answer, whoever comes next
//! within some seconds is told so without asking it again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caifeng_plugin_host::contract::Timestamp;
use serde::Deserialize;
use tokio::sync::{Mutex, Semaphore};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::fetch::live::{Answered, Live};
use crate::user::provider::claims::{Vouched, believed};
use crate::user::provider::jws::{Keys, signed};
use crate::user::provider::{Description, Flow, Oidc, Untrusted};

/// How long one exchange with a provider may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of one of its answers.
pub const ANSWER: usize = 256 << 10;
/// Seconds for which what it says about itself holds.
const KEPT: i64 = 3600;
/// Seconds between two looks for a key that is not known.
const LOOKED: i64 = 60;
/// Seconds after a silence in which it is not asked again.
const SILENT: i64 = 15;
/// Codes that are exchanged at a time, for all who come.
const AT_ONCE: usize = 8;

/// Why nobody comes in by the provider.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unvouched {
    /// It does not answer, or not as it should: the operator, or who runs it, must look.
    #[error("the provider of sign-in {issuer}: {why}")]
    Silent {
        /// Which one.
        issuer: String,
        /// Why.
        why: String,
    },
    /// It takes the code for none of its own.
    #[error("the provider of sign-in does not take the code: {0}")]
    Refused(String),
    /// It vouches in a way that cannot be believed.
    #[error("what the provider of sign-in says is not believed: {0}")]
    Untrusted(#[from] Untrusted),
}

/// What is known of the provider.
#[derive(Clone)]
struct Known {
    description: Arc<Description>,
    keys: Arc<Keys>,
    /// When it was asked.
    at: Timestamp,
}

/// What was heard of it last.
#[derive(Clone)]
enum Heard {
    Nothing,
    Known(Known),
    Silence { why: String, at: Timestamp },
}

/// The provider of sign-in.
pub struct Provider {
    config: Oidc,
    secret: String,
    live: Live,
    heard: Mutex<Heard>,
    exchanges: Semaphore,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What comes with a code, or with a refusal of one (RFC 6749 §5).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Exchanged {
    id_token: Option<String>,
    error: Option<String>,
}

impl Provider {
    /// The provider of a configuration, with the secret by which it knows us. `live` may reach its issuer.
    #[must_use]
    pub fn new(config: Oidc, secret: String, live: Live) -> Self {
        Self { config, secret, live, heard: Mutex::new(Heard::Nothing), exchanges: Semaphore::new(AT_ONCE) }
    }

    /// What people call it.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.config.label
    }

    /// Whether its second factor is taken for ours.
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        self.config.trust_second_factor
    }

    /// Whether an answer that names its sender (RFC 9207) comes from it.
    #[must_use]
    pub fn is(&self, issuer: &str) -> bool {
        self.config.issuer == issuer
    }

    /// Where a browser is sent, to come back to `redirect`.
    ///
    /// # Errors
    /// The provider does not say what it is.
    pub async fn question(&self, flow: &Flow, redirect: &str, now: Timestamp) -> Result<Url, Unvouched> {
        let known = self.known(now, KEPT).await?;
        Ok(known.description.question(&self.config, flow, redirect))
    }

    /// Whom it vouches for with the code that a browser brought back to `redirect`.
    ///
    /// # Errors
    /// Nobody.
    pub async fn answer(&self, code: &str, flow: &Flow, redirect: &str, now: Timestamp) -> Result<Vouched, Unvouched> {
        let known = self.known(now, KEPT).await?;
        let token = self.exchange(&known.description, code, flow, redirect).await?;
        let payload = match signed(&token, &known.keys) {
            // It may have changed its keys meanwhile.
            Err(Untrusted::UnknownKey) => signed(&token, &self.known(now, LOOKED).await?.keys)?,
            judged => judged?,
        };
        Ok(believed(&payload, &self.config, &flow.nonce, now)?)
    }

    /// What is known of it and not older than `most` seconds.
    async fn known(&self, now: Timestamp, most: i64) -> Result<Known, Unvouched> {
        // Whoever comes meanwhile waits for the one who asks.
        let mut heard = self.heard.lock().await;
        match &*heard {
            Heard::Known(known) if (0..most).contains(&now.saturating_sub(known.at)) => return Ok(known.clone()),
            Heard::Silence { why, at } if (0..SILENT).contains(&now.saturating_sub(*at)) => {
                return Err(self.silent(why.clone()));
            }
            _ => {}
        }
        match self.look(now).await {
            Ok(known) => {
                *heard = Heard::Known(known.clone());
                Ok(known)
            }
            Err(error) => {
                // What was known a moment ago still holds.
                if let Heard::Known(known) = &*heard
                    && now.saturating_sub(known.at) < KEPT
                {
                    return Ok(known.clone());
                }
                if let Unvouched::Silent { why, .. } = &error {
                    *heard = Heard::Silence { why: why.clone(), at: now };
                }
                Err(error)
            }
        }
    }

    async fn look(&self, now: Timestamp) -> Result<Known, Unvouched> {
        let url = self.config.described_at().ok_or_else(|| self.silent("its issuer is no address".to_owned()))?;
        let text = self.get(&url).await?;
        let description = Description::read(text.as_bytes(), &self.config).map_err(|why| self.silent(why))?;
        let text = self.get(&description.keys).await?;
        let keys = Keys::read(text.as_bytes()).map_err(|why| self.silent(why))?;
        Ok(Known { description: Arc::new(description), keys: Arc::new(keys), at: now })
    }

    async fn get(&self, url: &Url) -> Result<String, Unvouched> {
        let Answered { status, body, .. } =
            self.live.inquire(url, None, ANSWER).await.map_err(|error| self.silent(format!("{url}: {error}")))?;
        if status == 200 { Ok(body) } else { Err(self.silent(format!("{url} answers {status}"))) }
    }

    async fn exchange(
        &self,
        description: &Description,
        code: &str,
        flow: &Flow,
        redirect: &str,
    ) -> Result<String, Unvouched> {
        let _turn = self.exchanges.acquire().await.map_err(|error| self.silent(error.to_string()))?;
        let asked = self.exchanging(description, code, flow, redirect);
        let answered = self.live.inquire(&description.token, Some(asked), ANSWER).await;
        let Answered { status, body, .. } = answered.map_err(|error| self.silent(error.to_string()))?;
        let said: Exchanged = serde_json::from_str(&body).unwrap_or_default();
        match (status, said) {
            (200, Exchanged { id_token: Some(token), .. }) => Ok(token),
            // Ours to put right: a secret or an address that it does not know.
            (400 | 401, Exchanged { error: Some(error), .. }) if error != "invalid_grant" => {
                Err(self.silent(format!("it refuses this desk: {}", word(&error))))
            }
            (400, Exchanged { error: Some(error), .. }) => Err(Unvouched::Refused(word(&error))),
            (200, _) => Err(Untrusted::Form("no ID token".to_owned()).into()),
            (status, _) => Err(self.silent(format!("its token endpoint answers {status}"))),
        }
    }

    /// The form with which a code is exchanged, and the field that says who we are, where that stands in none.
    fn exchanging(
        &self,
        description: &Description,
        code: &str,
        flow: &Flow,
        redirect: &str,
    ) -> (String, Option<String>) {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect)
            .append_pair("code_verifier", &flow.verifier);
        if description.secret_in_form {
            form.append_pair("client_id", &self.config.client_id).append_pair("client_secret", &self.secret);
            return (form.finish(), None);
        }
        // RFC 6749 §2.3.1: both are encoded as in a form first.
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&self.config.client_id), encoded(&self.secret));
        (form.finish(), Some(format!("Basic {}", STANDARD.encode(pair))))
    }

    fn silent(&self, why: String) -> Unvouched {
        Unvouched::Silent { issuer: self.config.issuer.clone(), why }
    }
}

/// A word of another's, fit for a log.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(60).collect()
}

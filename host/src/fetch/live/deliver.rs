//! A notice on its way to a robot or a webhook: one exchange with an address that the operator wrote.

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use url::Url;

use super::Live;
use crate::fetch::guard::{Refusal, check_url};
use crate::fetch::{FetchError, retry_after};

/// Bytes of an answer that are read.
const ANSWER: usize = 64 << 10;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// Seconds that it asks to be left alone.
    pub rest: Option<i64>,
    /// The beginning of the body.
    pub body: String,
}

/// Why nothing came back. No message holds the address, in which there may be a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The guard does not allow the address: the operator must list it, or write another.
    #[error("{0}")]
    Refused(Refusal),
    /// No connection: nothing was sent.
    #[error("no connection: {0}")]
    Unreached(String),
    /// The line broke, or nothing came in time, after something was sent.
    #[error("no answer: {0}")]
    Unanswered(String),
}

impl Live {
    /// Sends `body`, which is JSON, to `url`, with these header fields. Follows no redirect and asks nobody twice.
    ///
    /// # Errors
    /// See [`Undelivered`]; any answer is no error.
    pub async fn deliver(
        &self,
        url: &Url,
        fields: &[(&'static str, String)],
        body: String,
    ) -> Result<Answered, Undelivered> {
        let private = check_url(url, &self.settings.policy, None).map_err(Undelivered::Refused)?;
        let client = if private { &self.private } else { &self.public };
        let request = client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let exchange = async {
            let mut response = request.send().await.map_err(|error| self.unsent(&error))?;
            let status = response.status().as_u16();
            let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let asked = asked.map(|value| ("retry-after".to_owned(), value.to_owned()));
            let rest = asked.map(|field| retry_after(&[field], (self.now)()));
            let mut body = Vec::new();
            // What it said first is enough: it has answered.
            while body.len() < ANSWER
                && let Ok(Some(chunk)) = response.chunk().await
            {
                body.extend_from_slice(&chunk);
            }
            body.truncate(ANSWER);
            let rest = rest.and_then(|rest| i64::try_from(rest.as_secs()).ok());
            Ok(Answered { status, rest, body: String::from_utf8_lossy(&body).into_owned() })
        };
        let patience = self.settings.limits.total;
        let late = || Undelivered::Unanswered(format!("nothing within {} s", patience.as_secs()));
        tokio::time::timeout(patience, exchange).await.unwrap_or_else(|_| Err(late()))
    }

    fn unsent(&self, error: &reqwest::Error) -> Undelivered {
        let mut next: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
        while let Some(cause) = next {
            if let Some(refusal) = cause.downcast_ref::<Refusal>() {
                return Undelivered::Refused(refusal.clone());
            }
            next = cause.source();
        }
        let why = match self.failed(error) {
            FetchError::Network { detail } => detail,
            other => other.to_string(),
        };
        if error.is_connect() { Undelivered::Unreached(why) } else { Undelivered::Unanswered(why) }
    }
}

//! One exchange with an address that the operator wrote: a notice on its way to a robot or a webhook, and what the provider of
//! sign-in is asked.

use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
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
        let request = self.client_for(url)?.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, value));
        // What it said first is enough: it has answered.
        self.exchanged(request, ANSWER, true).await
    }

    /// Asks for JSON at `url`, or sends a form there with what says who sends it. Follows no redirect and asks nobody twice; an
    /// answer of more than `most` bytes is none.
    ///
    /// # Errors
    /// See [`Undelivered`]; any answer is no error.
    pub async fn inquire(
        &self,
        url: &Url,
        form: Option<(String, Option<String>)>,
        most: usize,
    ) -> Result<Answered, Undelivered> {
        let client = self.client_for(url)?;
        let request = match form {
            None => client.get(url.clone()),
            Some((form, shown)) => {
                let request = client.post(url.clone()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                shown.into_iter().fold(request.body(form), |request, shown| request.header(AUTHORIZATION, shown))
            }
        };
        self.exchanged(request.header(ACCEPT, "application/json"), most, false).await
    }

    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, Undelivered> {
        let private = check_url(url, &self.settings.policy, None).map_err(Undelivered::Refused)?;
        Ok(if private { &self.private } else { &self.public })
    }

    /// Sends a request and reads at most `most` bytes of the answer; what is longer is cut, or is none.
    async fn exchanged(&self, request: RequestBuilder, most: usize, cut: bool) -> Result<Answered, Undelivered> {
        let exchange = async {
            let mut response = request.send().await.map_err(|error| self.unsent(&error))?;
            let status = response.status().as_u16();
            let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let asked = asked.map(|value| ("retry-after".to_owned(), value.to_owned()));
            let rest = asked.map(|field| retry_after(&[field], (self.now)()));
            let mut body = Vec::new();
            while body.len() <= most {
                match response.chunk().await {
                    Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                    Err(error) if !cut => return Err(self.unsent(&error)),
                    _ => break,
                }
            }
            if body.len() > most && !cut {
                return Err(Undelivered::Unanswered(format!("more than {most} bytes")));
            }
            body.truncate(most);
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

//! Receipts: what the site shows of a published answer or disclosure, fetched and kept before the record says so.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use url::Url;

use super::Outcome;
use crate::control::{Line, Owner, Refusal};
use crate::disclosure;
use crate::reply::prepare;
use crate::store::{Caller, Reader, Receipt, Sight, Store, StoreError};
use crate::sweep::blocking;
use crate::sweep::receipt::CaptureError;
use crate::user::token::Token;

/// Something that was published, and the version of it that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Published {
    /// An answer.
    Reply(Sight),
    /// A disclosure, on a channel.
    Disclosure(Sight, String),
}

impl Published {
    /// What was published, as the page is searched for it.
    fn said(&self, reader: &Reader) -> Result<Option<String>, StoreError> {
        match self {
            Self::Reply(sight) => {
                let note = reader.reply(sight.id)?.and_then(|row| row.reply.text);
                note.map_or(Ok(None), |note| reader.note(note.id))
            }
            Self::Disclosure(sight, _) => {
                Ok(reader.disclosure(sight.id)?.and_then(|row| row.text).map(|text| disclosure::prepare::said(&text)))
            }
        }
    }

    /// Keeps its receipt.
    fn keep(self, store: &Store, caller: &Caller, receipt: Receipt, now: Timestamp) -> Result<Outcome, StoreError> {
        match self {
            Self::Reply(sight) => store.receipt(caller, sight, receipt, now).map(Outcome::Reply),
            Self::Disclosure(sight, channel) => {
                let row = store.disclosure_receipt(caller, (sight, channel), receipt, now)?;
                Ok(Outcome::Disclosure(Box::new(row)))
            }
        }
    }
}

/// The receipt of something published is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipting {
    /// The personal token.
    pub token: Option<Token>,
    /// Of what.
    pub of: Published,
    /// Where it can be read.
    pub published_at: String,
}

/// Fetches the page, keeps it, and tells where what was published stands.
///
/// # Errors
/// The page cannot be read, or the store refuses; nothing is recorded.
pub async fn carry_out(
    Receipting { token, of, published_at }: Receipting,
    account: u32,
    Owner { sweeper, clerk, .. }: &Owner,
    tell: &mpsc::Sender<Line>,
) -> Result<(), Refusal> {
    let usage = |what: &str| Refusal::Usage(what.to_owned());
    let url = Url::parse(&published_at).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| usage("not a web address: write it with http:// or https://"))?;
    let (reader, asked) = (sweeper.reader.clone(), of.clone());
    let text = blocking(move || asked.said(&reader)).await?;
    let captured = sweeper.capture(&url).await.map_err(|error| match error {
        CaptureError::Store(error) => Refusal::from(error),
        site => Refusal::Refused(site.to_string()),
    })?;
    let found = text.is_some_and(|text| prepare::is_shown(&captured.body, &text));
    let (store, caller, now) = (clerk.store.clone(), Caller { token, account }, clerk.clock.now());
    let receipt = Receipt::Page { digest: captured.digest, found };
    let outcome = blocking(move || of.keep(&store, &caller, receipt, now)).await?;
    let _ = tell.send(Line::Acted(Box::new(outcome))).await;
    Ok(())
}

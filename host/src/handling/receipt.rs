//! Receipts: what the site shows of a published answer, fetched and kept before the record says so.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use url::Url;

use super::Outcome;
use crate::control::{Line, Owner, Refusal};
use crate::reply::prepare;
use crate::store::{Caller, Receipt, Sight};
use crate::sweep::blocking;
use crate::sweep::receipt::CaptureError;
use crate::user::token::Token;

/// The receipt of a published answer is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipting {
    /// The personal token.
    pub token: Option<Token>,
    /// The reply, and the version that was seen.
    pub reply: Sight,
    /// Where it can be read.
    pub published_at: String,
}

/// Fetches the page, keeps it, and tells where the reply stands.
///
/// # Errors
/// The page cannot be read, or the store refuses; nothing is recorded.
pub async fn carry_out(
    Receipting { token, reply, published_at }: Receipting,
    account: u32,
    Owner { sweeper, clerk }: &Owner,
    tell: &mpsc::Sender<Line>,
) -> Result<(), Refusal> {
    let usage = |what: &str| Refusal::Usage(what.to_owned());
    let url = Url::parse(&published_at).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| usage("not a web address: write it with http:// or https://"))?;
    let reader = sweeper.reader.clone();
    let text = blocking(move || {
        let note = reader.reply(reply.id)?.and_then(|row| row.reply.text);
        note.map_or(Ok(None), |note| reader.note(note.id))
    })
    .await?;
    let captured = sweeper.capture(&url).await.map_err(|error| match error {
        CaptureError::Store(error) => Refusal::from(error),
        site => Refusal::Refused(site.to_string()),
    })?;
    let found = text.is_some_and(|text| prepare::is_shown(&captured.body, &text));
    let (store, caller, now) = (clerk.store.clone(), Caller { token, account }, clerk.clock.now());
    let receipt = Receipt::Page { digest: captured.digest, found };
    let row = blocking(move || store.receipt(&caller, reply, receipt, now)).await?;
    let _ = tell.send(Line::Acted(Box::new(Outcome::Reply(row)))).await;
    Ok(())
}

//! By hand (P10): what people report, beside what is swept.
//!
//! Anybody in the organisation may hand in a page, a text, or a table of posts that somebody
//! else gathered. What is handed in takes the same way as what is heard — plugin,
//! guard, topics, classifiers, grouping — with one difference: a single page or text is its own
//! reason, so that it opens or joins an incident even when it mentions no topic, and its
//! clock starts when it was handed in. Rows of a table are many and mostly not read by anybody,
//! so they are treated as if they had been swept.
//!
//! | question | module |
//! | --- | --- |
//! | which plugin reads a page | [`choose`] (pure) |
//! | what becomes of a page or a text | [`submit`] |
//! | which rows does a file have | [`rows`] |
//! | what does a row mean | [`columns`], [`post`] (pure) |
//! | what becomes of the rows | [`import`] |
//! | which feeds does a list of subscriptions name | [`opml`] (pure) |
//!
//! **robots.txt.** RFC 9309 speaks of crawlers, "automatic clients"; a page that a person asks for once is not
//! crawled, and the RFC does not forbid asking for it. It is obeyed all the same: the request
//! leaves under the same name and from the same address as the sweeps, so that the site cannot
//! tell them apart; comments and further pages are followed by a machine; and nothing is lost by
//! it, because the submission is kept with its address and the refusal, and its text can be
//! handed in with `--text`.

pub mod choose;
pub mod columns;
pub mod import;
pub mod opml;
pub mod post;
pub mod rows;
pub mod submit;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::control::{Line, Refusal};
use crate::store::Caller;
use crate::sweep::{Sweeper, blocking};
use crate::user::right::Act;
use crate::user::token::Token;

/// The plugin id under which texts and unread pages are stored.
pub const SUBMITTED: &str = "submitted";
/// The plugin id under which rows of a table are stored.
pub const IMPORTED: &str = "import";

/// What a person hands in, and the token by which they are known; none is needed before there are users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandIn {
    /// The personal token.
    pub token: Option<Token>,
    /// What is handed in.
    pub handing: Handing,
}

/// Something that a person hands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handing {
    /// A page or a text.
    Submission(submit::Submission),
    /// A table of posts.
    Table(import::Import),
}

/// What is told about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// A page or a text has been stored.
    Receipt(submit::Receipt),
    /// How a table is read.
    Mapping(import::Mapping),
    /// A row as it would be stored.
    Sample(Box<import::Sample>),
    /// A row that was not taken.
    Bad(rows::BadRow),
    /// How far reading has come: bytes, of so many.
    Progress(u64, u64),
    /// What became of a table.
    Imported(import::Summary),
}

/// Takes what was handed in and tells each step to `tell`; `account` is that of the machine which asks.
///
/// # Errors
/// When it cannot be understood, whoever hands it in may not, or the store cannot write.
pub async fn carry_out(
    HandIn { token, handing }: HandIn,
    account: u32,
    sweeper: &Sweeper,
    tell: &mpsc::Sender<Line>,
) -> Result<(), Refusal> {
    let by = Caller { token, account };
    // Before anything is asked for: a page is not read for somebody who may not hand it in.
    let (store, caller, now) = (sweeper.store.clone(), by.clone(), sweeper.clock.now());
    blocking(move || store.may(&caller, Act::Submit, now)).await?;
    match handing {
        Handing::Submission(submission) => {
            let receipt = submit::submit(&submission, &by, sweeper).await?;
            let _ = tell.send(Line::Handed(Box::new(Told::Receipt(receipt)))).await;
            Ok(())
        }
        Handing::Table(table) => import::import(&table, sweeper, tell).await,
    }
}

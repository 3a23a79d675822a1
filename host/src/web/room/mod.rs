//! What is answered, by room of the desk: handlers read rows in a blocking thread and hand them to a [`page`](super::page),
//! or take what a form says to the [`Clerk`](crate::handling::Clerk). Which route leads to which stands in
//! [`routes`](super::routes).

use std::collections::HashMap;

use super::desk::Desk;
use super::page::Ground;
use crate::handling::document;
use crate::reply::citation::{self, Citation};
use crate::store::{Reader, StoreError};

pub(super) mod account;
pub(super) mod cases;
pub(super) mod contacts;
pub(super) mod demo;
pub(super) mod disclosures;
pub(super) mod documents;
pub(super) mod hearing;
pub(super) mod incidents;
pub(super) mod posts;
pub(super) mod public;
pub(super) mod referrals;
pub(super) mod replies;
pub(super) mod reports;
pub(super) mod sign_in;
pub(super) mod situation;
pub(super) mod submit;
pub(super) mod subscribed;
pub(super) mod summaries;
pub(super) mod watches;

/// Names of the organisation's own people, by identifier; whoever's name has been deleted has none.
fn people(reader: &Reader) -> Result<HashMap<String, String>, StoreError> {
    Ok(reader.users()?.into_iter().filter_map(|user| Some((user.id, user.name?))).collect())
}

/// What a text rests on, each once, in the order of the text.
fn grounds(desk: &Desk, text: &str) -> Result<Vec<Ground>, StoreError> {
    let clerk = &desk.app.owner.clerk;
    let mut found: Vec<Ground> = Vec::new();
    for citation in citation::citations(text).into_iter().filter_map(|cited| cited.what) {
        let mark = citation.to_string();
        if found.iter().any(|ground| ground.mark == mark) {
            continue;
        }
        let (words, href) = match &citation {
            Citation::Post(row) => {
                let post = clerk.reader.post_of(*row)?;
                let words = post.as_ref().map(|post| post.title.clone().unwrap_or_else(|| post.text.clone()));
                (words, post.map(|post| post.url))
            }
            Citation::Document(beginning) => {
                let kept = document::named(&clerk.directory.documents(), beginning);
                (None, kept.map(|digest| format!("/documents/{digest}")))
            }
        };
        found.push(Ground { mark, words, href });
    }
    Ok(found)
}

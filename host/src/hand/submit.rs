//! A page or a text that a person hands in.
//!
//! A page is read by a sweep of its own, with the same grant, guard, robots.txt and limits as any
//! other, which is a line in the monitoring record. Whatever comes of it, the submission is
//! stored: as the post that was read, or, when none could be, as a post of its own with the address, the
//! note and what went wrong. The answer is given when it is on disk.

use caifeng_plugin_host::contract::{Kind, Post, Target, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::{SUBMITTED, choose};
use crate::control::Refusal;
use crate::crawl::{MAX_TEXT, MAX_TITLE};
use crate::hex::hex;
use crate::incident::IncidentId;
use crate::ingest::Origin;
use crate::store::model::{self, PostRow, Received};
use crate::store::{Caller, StoreError};
use crate::sweep::{Report, Sweeper, blocking};
use crate::watch::Every;
use crate::watch::{FailureKind, Watch};

/// Plugins that are tried in turn on one page.
const TRIES: usize = 3;
/// Longest note, in bytes.
const MAX_NOTE: usize = 10_000;

/// What is handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The page or the text.
    pub what: What,
    /// What the person says with it.
    pub note: Option<String>,
}

/// A page or a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum What {
    /// An address to be read.
    Page(String),
    /// A text that somebody has seen or been told.
    Text {
        /// What was said.
        text: String,
        /// Headline.
        title: Option<String>,
        /// Where it can be read.
        url: Option<String>,
        /// Who carried it: a paper, a programme, a hotline.
        source: Option<String>,
        /// When it was published.
        published: Option<Timestamp>,
    },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Receipt {
    /// The incident that it belongs to now.
    pub incident: IncidentId,
    /// The submission opened it.
    pub opened: bool,
    /// The post was not known before.
    pub new: bool,
    /// First part of the post's key: the plugin that read it, or `submitted`.
    pub plugin: String,
    /// Second part.
    pub site: String,
    /// Third part.
    pub id: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// Headline, or the head of the text.
    pub title: String,
    /// Why the page could not be read; the submission is kept all the same.
    pub failure: Option<String>,
}

/// Stores a submission; when this returns it is on disk.
///
/// # Errors
/// When it says nothing that could be stored, or the store cannot write.
pub async fn submit(submission: &Submission, by: &Caller, sweeper: &Sweeper) -> Result<Receipt, Refusal> {
    let usage = |what: &str| Refusal::Usage(what.to_owned());
    if submission.note.as_ref().is_some_and(|note| note.len() > MAX_NOTE) {
        return Err(Refusal::Usage(format!("a note has at most {MAX_NOTE} bytes: shorten it")));
    }
    match &submission.what {
        What::Page(address) => {
            let url = web(address).ok_or_else(|| usage("not a web address: write it with http:// or https://"))?;
            page(submission, by, &url, sweeper).await
        }
        What::Text { text, title, url, source, published } => {
            if text.trim().is_empty() {
                return Err(usage("an empty text: write what was said"));
            }
            let url =
                url.as_deref().map(|url| web(url).ok_or_else(|| usage("--url is not a web address"))).transpose()?;
            let mut post = Post::new(Kind::Post, "", url.as_ref().map_or("", Url::as_str));
            (post.title, post.text) =
                (title.as_deref().map(|t| clip(t.trim(), MAX_TITLE)), clip(text.trim(), MAX_TEXT));
            (post.publisher, post.published) = (source.clone(), *published);
            post.id = digest(&[post.title.as_deref().unwrap_or_default(), &post.text, &post.url]);
            keep(submission, by, (SUBMITTED, &site(url.as_ref())), post, None, sweeper).await
        }
    }
}

/// Reads a page with the plugin that fits best, and stores what came of it.
async fn page(submission: &Submission, by: &Caller, url: &Url, sweeper: &Sweeper) -> Result<Receipt, Refusal> {
    let plugins = choose::choose(&sweeper.plugins.registry(), url);
    let mut failures = Vec::new();
    for plugin in plugins.iter().take(TRIES) {
        let watch = one_off(plugin, url, sweeper).await?;
        let Report { item, tally, .. } = sweeper.sweep(&watch, sweeper.when()).await?;
        if let Some(id) = item {
            let (reader, site) = (sweeper.reader.clone(), sweeper.site_of(&watch));
            let (key, plugin) = ((site.clone(), id.clone()), plugin.clone());
            let row = blocking(move || reader.post(&plugin, &key.0, &key.1)).await?;
            if let Some(row) = row {
                let plugin = row.plugin.clone();
                let receipt = keep(submission, by, (&plugin, &site), stored(row), None, sweeper).await?;
                // The sweep has just stored it.
                return Ok(Receipt { new: receipt.new || tally.new > 0, ..receipt });
            }
        }
        let cause = tally.failures.first();
        failures.push(match cause {
            Some(failure) => format!("{plugin}: {}", failure.detail),
            None => format!("{plugin}: found no post on the page"),
        });
        // A refusal, a login or a dead line is the same for every plugin.
        let other_might = cause.is_none_or(|failure| {
            matches!(
                failure.kind,
                FailureKind::Unsupported | FailureKind::Unexpected | FailureKind::Trap | FailureKind::Refused
            )
        });
        if !other_might {
            break;
        }
    }
    if plugins.is_empty() {
        failures.push("no installed plugin reads single pages of this site".to_owned());
    }
    let failure = failures.join("; ");
    let mut post = Post::new(Kind::Post, "", url.as_str());
    url.as_str().clone_into(&mut post.id);
    post.text = submission.note.clone().unwrap_or_else(|| url.to_string());
    post.extra = vec![("failure".to_owned(), failure.clone())];
    keep(submission, by, (SUBMITTED, &site(Some(url))), post, Some(failure), sweeper).await
}

/// A watch that is swept once: never on the schedule, no part of the coverage.
async fn one_off(plugin: &str, url: &Url, sweeper: &Sweeper) -> Result<Watch, StoreError> {
    let now = sweeper.clock.now();
    let offset = jiff::Timestamp::from_second(now).map_or(0, |at| sweeper.zone.to_offset(at).seconds());
    let watch = Watch {
        id: Watch::handed_in(plugin, url.as_str()),
        plugin: plugin.to_owned(),
        target: Target::Item(url.to_string()),
        site: None,
        settings: Vec::new(),
        utc_offset: offset,
        recorded: true,
        registered: None,
        every: Every::default(),
        canary: None,
    };
    let (store, put) = (sweeper.store.clone(), watch.clone());
    blocking(move || store.put_watches(&[put])).await?;
    Ok(watch)
}

async fn keep(
    submission: &Submission,
    by: &Caller,
    (plugin, site): (&str, &str),
    post: Post,
    failure: Option<String>,
    sweeper: &Sweeper,
) -> Result<Receipt, Refusal> {
    let at = sweeper.clock.now();
    let origin = Origin { sweep: None, plugin: plugin.to_owned(), site: site.to_owned(), captured: at };
    let (id, url) = (post.id.clone(), Some(post.url.clone()).filter(|url| !url.is_empty()));
    let title = clip(post.title.as_deref().unwrap_or(&post.text).trim(), 200);
    let (note, by) = (submission.note.clone().filter(|note| !note.trim().is_empty()), by.clone());
    let sweeper = sweeper.clone();
    let received = blocking(move || {
        let (prepared, failures) = sweeper.pipeline.hand_in(&origin, post);
        for failure in failures {
            tracing::warn!("stored without the labels of a classifier: {failure}");
        }
        let Origin { plugin, site, .. } = origin;
        sweeper.store.submit(model::Submission { plugin, site, at, prepared, note, by })
    });
    let Received { incident, opened, new } = received.await?;
    let (plugin, site) = (plugin.to_owned(), site.to_owned());
    Ok(Receipt { incident, opened, new, plugin, site, id, url, title, failure })
}

/// What is stored, as a post again. Its author is a pseudonym already and is left alone.
fn stored(row: PostRow) -> Post {
    Post {
        id: row.id,
        kind: row.kind,
        title: row.title,
        text: row.text,
        publisher: row.publisher,
        published: row.published,
        day_only: row.day_only,
        reactions: row.reactions,
        ..Post::new(Kind::Post, "", &row.url)
    }
}

/// An address that a browser would open, without a password in it.
fn web(address: &str) -> Option<Url> {
    let url = Url::parse(address.trim()).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (plain && url.has_host() && matches!(url.scheme(), "http" | "https")).then_some(url)
}

/// The site that something handed in is kept under: that of its address, else a name that no host has.
fn site(url: Option<&Url>) -> String {
    let host = url.and_then(|url| {
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    });
    host.unwrap_or_else(|| "by hand".to_owned())
}

/// 16 hexadecimal digits that stand for some texts.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    hex(&sha.finalize()[..8])
}

/// The first `limit` bytes of a text, cut at a character, without what is not text.
pub(super) fn clip(text: &str, limit: usize) -> String {
    let text = &text[..text.floor_char_boundary(limit)];
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

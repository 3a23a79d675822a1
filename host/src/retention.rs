//! How long what was heard is kept (design §7), and the daily task that lets go of it.
//!
//! | what | how long | unless |
//! | --- | --- | --- |
//! | posts that mention no topic | 7 days | |
//! | posts that do | 180 days | an incident that is not finished holds them |
//! | what sites answered | 7 days | a post of an incident came from it, or a look that proves its deletion: *pinned* |
//! | pages that a plugin could not read | 30 days | |
//! | what was said with contacts | 365 days | |
//! | sweeps, and notices | 180 days, and never less | what waits to be sent |
//! | the copy of the store from before a conversion, backups made from the desk | 7 days, by the time of the file | |
//! | pages with the words of a person who asked that they be deleted | to the next run | *pinned* by a post of somebody else |
//!
//! All can be set, the floor cannot. Time counts from the capture. A page holds what was
//! said by many, so that what sites answered is by default kept no longer than posts that matter to nobody.
//! Deletion is complete: rows, versions, search entries, labels, memberships. What stays is the
//! chain of events, which holds keys and seals, and for as long as a site may still list
//! a deleted post a hash by which it is not heard again.
//!
//! Work is done in batches that each take the writer for a moment, so that sweeps go on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::backup::kept;
use crate::directory::Directory;
use crate::evidence::compact::{self, OldFile};
use crate::evidence::vault::{self, Vault};
use crate::failed_call::FailedCalls;
use crate::store::{Cutoffs, Reader, Store, StoreError};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Sweeps are kept at least so long (网络安全法 §21: logs for no less than six months).
pub const FLOOR: i64 = 180 * DAY;

/// A length of time: `"7d"` or `"36h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(i64);

impl Span {
    /// So many days.
    #[must_use]
    pub const fn days(n: i64) -> Self {
        Self(n * DAY)
    }

    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (n, unit) = if self.0 % DAY == 0 { (self.0 / DAY, 'd') } else { (self.0 / HOUR, 'h') };
        to.collect_str(&format_args!("{n}{unit}"))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let unit = |end: char| if end == 'd' { DAY } else { HOUR };
        let number = text.strip_suffix(['d', 'h']).and_then(|n| n.parse::<u32>().ok()).filter(|n| *n <= 100_000);
        let seconds = number.zip(text.chars().next_back()).map(|(n, end)| i64::from(n) * unit(end));
        let wrong = || D::Error::custom(format!("not a length of time: {text:?}: write days or hours, such as \"7d\""));
        seconds.map(Self).ok_or_else(wrong)
    }
}

/// How long counts by the hour are kept, in seconds: a year can be compared with the one before. They hold no text.
const COUNTS: i64 = 800 * DAY;

/// From the last write to a file to when the store knows all of it for certain: pages wait for each other half a second,
/// and a slow disk is given a lot more.
const SETTLED: Duration = Duration::from_secs(20);

/// `[retention]`: how long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Posts that mention no topic.
    pub unmatched: Span,
    /// Posts that do, once their incident is finished.
    pub matched: Span,
    /// What sites answered, but for what belongs to an incident.
    pub evidence: Span,
    /// Notes about contacts.
    pub contact_notes: Span,
    /// The record of sweeps.
    #[serde(deserialize_with = "records")]
    pub records: Span,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            unmatched: Span::days(7),
            matched: Span::days(180),
            evidence: Span::days(7),
            contact_notes: Span::days(365),
            records: Span(FLOOR),
        }
    }
}

fn records<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    let span = Span::deserialize(from)?;
    if span.0 < FLOOR {
        return Err(D::Error::custom("the record of sweeps is kept at least 180 days: write \"180d\" or more"));
    }
    Ok(span)
}

impl Retention {
    /// What is older than these moments goes.
    #[must_use]
    pub const fn cutoffs(&self, now: Timestamp) -> Cutoffs {
        Cutoffs {
            now,
            unmatched: now - self.unmatched.0,
            matched: now - self.matched.0,
            evidence: now - self.evidence.0,
            contact_notes: now - self.contact_notes.0,
            records: now - self.records.0,
        }
    }
}

/// What went, or would go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Released {
    /// Posts that mention no topic.
    pub unmatched: u64,
    /// Posts that did.
    pub matched: u64,
    /// Lines of the record of sweeps.
    pub sweeps: u64,
    /// Exchanges.
    pub captures: u64,
    /// Bytes of evidence files.
    pub bytes: u64,
    /// Pages that a plugin could not read.
    #[serde(default)]
    pub calls: u64,
    /// Files with pages that must go, which are too young to be touched: the next run lets go of them.
    #[serde(default)]
    pub later: u64,
    /// Notes about contacts.
    #[serde(default)]
    pub contact_notes: u64,
}

/// Why letting go ended early; what went before is gone.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of evidence, or a page that a plugin could not read.
    #[error("evidence cannot be let go of: {0}")]
    Evidence(#[from] std::io::Error),
}

/// Lets go of what is kept no longer.
#[derive(Clone, Debug)]
pub struct Keeper {
    /// Deletes.
    pub store: Store,
    /// Says what there is.
    pub reader: Reader,
    /// The files.
    pub vault: Arc<Vault>,
    /// Pages that plugins could not read.
    pub failed: FailedCalls,
    /// How long.
    pub rules: Retention,
}

impl Keeper {
    /// Does the work of a day, one run at a time. Blocks; each step takes the writer for a moment only.
    ///
    /// # Errors
    /// See [`RetentionError`].
    pub fn run(&self, now: Timestamp) -> Result<Released, RetentionError> {
        let _alone = self.vault.release();
        let cutoffs = self.rules.cutoffs(now);
        let mut released = Released { calls: self.failed.prune_all(now)?, ..Released::default() };
        let mut after = i64::MIN;
        loop {
            let step = self.store.expire_posts(cutoffs, after)?;
            released.unmatched += step.unmatched;
            released.matched += step.matched;
            match step.next {
                Some(next) => after = next,
                None => break,
            }
        }
        let mut first = true;
        while released.unmatched + released.matched > 0 && self.store.merge_search(first)? {
            first = false;
        }
        if let Some(last) = self.reader.last_old_sweep(cutoffs)? {
            loop {
                let gone = self.store.expire_sweeps(last)?;
                released.sweeps += gone;
                if gone == 0 {
                    break;
                }
            }
        }
        self.store.expire_counts(now - COUNTS)?;
        while self.store.expire_notices(cutoffs.records)? > 0 {}
        released.contact_notes = self.store.expire_contact_notes(cutoffs.contact_notes)?;
        self.store.expire_cases(cutoffs.matched)?;
        self.store.expire_copies()?;
        kept::expire(&Directory::at(self.store.dir()))?;
        self.release_files(cutoffs, &mut released)?;
        Ok(released)
    }

    /// Closes a file that is written to, and says whether something was written so lately that the store may not
    /// know of it yet.
    fn is_in_use(&self, file: &OldFile) -> Result<bool, RetentionError> {
        self.vault.turn(&file.path)?;
        let written = std::fs::metadata(self.vault.dir().join(&file.path)).and_then(|meta| meta.modified());
        // A file that is gone already, or from the future, has nobody who is about to tell of it.
        Ok(written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < SETTLED)))
    }

    fn release_files(&self, cutoffs: Cutoffs, released: &mut Released) -> Result<(), RetentionError> {
        let current = self.vault.current()?;
        let dir = self.vault.dir();
        for file in self.reader.old_files(cutoffs)? {
            if file.young && self.is_in_use(&file)? {
                released.later += 1;
                continue;
            }
            if !file.young && current.as_ref() == Some(&file.path) {
                continue;
            }
            let size = std::fs::metadata(dir.join(&file.path)).map_or(0, |meta| meta.len());
            if !file.shrinks(size) {
                continue;
            }
            let moved = match compact::rewrite(dir, &file, cutoffs.now) {
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    tracing::error!("evidence is kept as it is: {error}");
                    continue;
                }
                moved => moved?,
            };
            let (to, kept) = moved.as_ref().map_or((None, 0), |moved| (Some(moved.path.clone()), moved.bytes));
            if self.store.replace_file(file.id, moved)? {
                compact::remove(dir, &file.path)?;
                released.captures += file.loose;
                released.bytes += size.saturating_sub(kept);
            } else if let Some(path) = to {
                // A capture was pinned meanwhile: the next run sees it.
                compact::remove(dir, &path)?;
            }
        }
        let known = self.reader.known_files()?;
        for name in vault::files(dir)? {
            let stray = vault::generation(&name) > 0 || vault::ends(&name).is_some_and(|end| end < cutoffs.evidence);
            if stray && !known.contains(&name) && current.as_ref() != Some(&name) {
                released.bytes += std::fs::metadata(dir.join(&name)).map_or(0, |meta| meta.len());
                compact::remove(dir, &name)?;
            }
        }
        Ok(())
    }
}

/// What [`Keeper::run`] would do; needs nobody's leave, because it only reads.
///
/// # Errors
/// The store cannot be read.
pub fn would_release(
    reader: &Reader,
    evidence: &Path,
    rules: &Retention,
    now: Timestamp,
) -> Result<Released, StoreError> {
    let cutoffs = rules.cutoffs(now);
    let mut released = Released::default();
    let mut after = i64::MIN;
    loop {
        let step = reader.expiring_posts(cutoffs, after)?;
        released.unmatched += step.unmatched;
        released.matched += step.matched;
        match step.next {
            Some(next) => after = next,
            None => break,
        }
    }
    if let Some(last) = reader.last_old_sweep(cutoffs)? {
        released.sweeps = reader.old_sweeps(last)?;
    }
    released.contact_notes = reader.expiring_contact_notes(cutoffs.contact_notes)?;
    for file in reader.old_files(cutoffs)? {
        let size = std::fs::metadata(evidence.join(&file.path)).map_or(0, |meta| meta.len());
        if file.shrinks(size) {
            released.captures += file.loose;
            released.bytes += size.saturating_sub(file.pinned.iter().map(|pinned| pinned.capture.length).sum());
        }
    }
    Ok(released)
}

#[cfg(test)]
mod tests;

//! Posts that a person handed in.
//!
//! The person is the reason: the post opens or joins an incident whether or not it mentions a
//! topic. Who it was is an event; what was said with it is a note, which can be deleted.

use rusqlite::params;

use super::error::StoreError;
use super::ingest::{self, Intake};
use super::model::{Ingested, Received, Submission};
use super::writer::Writing;
use super::{callers, incidents, ingest::source_or_new, visits};
use crate::user::right::Act;

/// Stores a submission; the job behind [`Store::submit`](super::Store::submit).
pub(super) fn submit(
    writing: &mut Writing<'_>,
    submission: &Submission,
    salt: &[u8; 16],
) -> Result<Received, StoreError> {
    let Submission { plugin, site, at, prepared, note, by } = submission;
    let actor = &callers::allowed(writing, by, Act::Submit, *at)?;
    let mut done = Ingested::default();
    let source = source_or_new(writing.db, plugin, site)?;
    // There is nothing to visit without an address.
    let visited = !prepared.post.url.is_empty();
    let intake =
        Intake { source, site, captured: *at, sweep: None, by: Some(actor), page: None, visited, wanted: true };
    let mut said = intake.post(writing, prepared, &mut done)?;
    let unknown = || StoreError::Unknown { what: "post", id: prepared.post.id.clone() };
    let row = ingest::known(writing.db, source, &prepared.post.id)?.ok_or_else(unknown)?.row;
    let incident = match incidents::of_post(writing.db, row)? {
        Some(incident) => incident,
        // Stored before, but nobody had asked for it.
        None => {
            let labels = ingest::json_unless_empty(&prepared.labels)?;
            writing.db.prepare_cached("UPDATE post SET labels = ?2 WHERE row = ?1")?.execute(params![row, labels])?;
            let topics = prepared.topics.as_deref().unwrap_or_default();
            intake.mention(writing, prepared, row, topics, &mut done)?;
            // It can be found by its topics now.
            said = Some(row);
            incidents::of_post(writing.db, row)?.ok_or_else(unknown)?
        }
    };
    if let Some(row) = said {
        ingest::index(writing.db, &[(row, prepared.tokens.as_str())])?;
    }
    // A page is read by a sweep of its own, which does not expect that anybody comes back.
    if visited {
        visits::expect(writing.db, row, *at)?;
    }
    let note = note.as_deref().map(|text| incidents::note(writing.db, salt, text)).transpose()?;
    let sql = "INSERT INTO submission (row, at, note) VALUES (?1, ?2, ?3)";
    writing.db.prepare_cached(sql)?.execute(params![row, at, note.as_ref().map(|note| note.id)])?;
    incidents::submitted(writing, incident, row, note, actor, *at)?;
    writing.delta.posts += i64::try_from(done.new).unwrap_or(i64::MAX);
    Ok(Received { incident, opened: done.opened.contains(&incident), new: done.new > 0 })
}

//! What the effect of an answer is counted from.

use caifeng_plugin_host::contract::Timestamp;

use super::warnings::hearing;
use super::{Reader, list};
use crate::reply::effect::{Effect, Mood, Voice, WINDOWS};
use crate::store::error::StoreError;
use crate::store::model::LabelBy;
use crate::store::{ReplyRow, rowid};
use crate::warning::known::Kind;

/// Posts that are counted, the newest: a page waits for them.
const MOST: usize = 50_000;

impl Reader {
    /// What has changed since a reply was published; `None` before it was.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn effect(&self, row: &ReplyRow, now: Timestamp) -> Result<Option<Effect>, StoreError> {
        let Some(published) = row.reply.published.as_ref().map(|it| it.at) else { return Ok(None) };
        let longest = WINDOWS.into_iter().max().unwrap_or_default();
        let (from, until) = (published.saturating_sub(longest), published.saturating_add(longest).min(now));
        let sql = format!(
            "SELECT m.row, s.site, p.views, p.labels FROM mention m
             JOIN post p ON p.row = m.row JOIN source s ON s.id = p.source
             WHERE m.incident = ?1 AND m.row >= ?2 AND m.row < ?3 ORDER BY m.row DESC LIMIT {MOST}"
        );
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query((row.incident, rowid::first(from), rowid::first(until)))?;
            let mut voices = Vec::new();
            while let Some(r) = rows.next()? {
                let labels: Vec<LabelBy> = list(r.get_ref(3)?.as_str_or_null().map_err(rusqlite::Error::from)?)?;
                voices.push(Voice {
                    at: rowid::second(r.get(0)?),
                    site: r.get(1)?,
                    views: r.get::<_, Option<i64>>(2)?.and_then(|views| u64::try_from(views).ok()),
                    mood: mood(&labels),
                });
            }
            let hearing = hearing(db, Kind::Incident, row.incident, now)?;
            Ok(Some(Effect::of(published, &voices, &hearing, now)))
        })
    }
}

/// What the strongest label about the mood says, each counting by its classifier's weight.
fn mood(labels: &[LabelBy]) -> Option<Mood> {
    let of = |label: &&LabelBy| label.group == "sentiment" && f64::from(label.weight) > 0.0;
    let strength = |label: &LabelBy| f64::from(label.label.score) * f64::from(label.weight);
    let strongest = labels.iter().filter(of).max_by(|a, b| strength(a).total_cmp(&strength(b)))?;
    Mood::of_name(&strongest.label.name)
}

//! Incidents: lists, histories, figures by day.

use std::fmt::Write as _;

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{CategoryFilter, Reader, SeriesPoint, list, unsigned};
use crate::incident::correction::Decision;
use crate::incident::event::Recorded;
use crate::incident::opinion::Opinion;
use crate::incident::{Category, IncidentId, State};
use crate::store::error::StoreError;
use crate::store::incidents;
use crate::store::model::{IncidentRow, LabelBy};
use crate::store::rowid;
use crate::warning::Stage;

/// Posts of an incident that are looked at for what tells most.
const LOOKED_AT: i64 = 40;

/// Which incidents to list, those with the newest post first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentQuery {
    /// First seen, or with a post published, at or after this second.
    pub since: Option<Timestamp>,
    /// At most so many; `None` for all.
    pub limit: Option<usize>,
    /// After the page that ended with this row: its `latest` and `id`.
    pub before: Option<(Timestamp, IncidentId)>,
    /// Only those of which a state [is open](State::is_open).
    pub open: bool,
    /// Only those with this category, or with none.
    pub category: CategoryFilter,
}

impl IncidentQuery {
    /// Conditions for the filters in use. Their values are words of ours, never a reader's. All are tested while
    /// walking the index of `latest`, which ends at the limit: no index of its own could give the order too.
    fn filters(&self) -> String {
        let mut sql = String::new();
        if self.open {
            let open: Vec<_> = State::ALL.iter().filter(|s| s.is_open()).map(|s| format!("'{}'", s.as_str())).collect();
            let _ = write!(sql, " AND state IN ({})", open.join(", "));
        }
        match self.category {
            CategoryFilter::Any => {}
            CategoryFilter::Without => sql.push_str(" AND coalesce(assessed, suggested) IS NULL"),
            CategoryFilter::Only(category) => {
                let _ = write!(sql, " AND coalesce(assessed, suggested) = '{}'", category.as_str());
            }
        }
        sql
    }
}

const COLUMNS: &str = "id, title, suggested, suggested_by, assessed, assessed_by, level, state, opened, latest,
                       posts, sites, (SELECT stage FROM standing WHERE kind = 'incident' AND subject = incident.id),
                       owner, EXISTS (SELECT 1 FROM restricted WHERE restricted.incident = incident.id)";

impl Reader {
    /// A page of incidents, the one with the newest post first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn incidents(&self, query: &IncidentQuery) -> Result<Vec<IncidentRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM incident
             WHERE (latest, id) < (?1, ?2) AND (latest >= ?3 OR opened >= ?3){}
             ORDER BY latest DESC, id DESC LIMIT ?4",
            query.filters()
        );
        let (latest, id) = query.before.unwrap_or((i64::MAX, i64::MAX));
        let limit = query.limit.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1);
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map((latest, id, query.since.unwrap_or(i64::MIN), limit), incident)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// One incident.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn incident(&self, id: IncidentId) -> Result<Option<IncidentRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM incident WHERE id = ?1");
        self.with(|db| Ok(db.prepare_cached(&sql)?.query_row([id], incident).optional()?))
    }

    /// What the classifiers make of an incident; nothing for one that there is not.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn opinion(&self, id: IncidentId) -> Result<Opinion, StoreError> {
        let sql = "SELECT opinion FROM incident WHERE id = ?1";
        let kept = self.with(|db| {
            Ok(db.prepare_cached(sql)?.query_row([id], |r| r.get::<_, Option<String>>(0)).optional()?.flatten())
        })?;
        Ok(kept.map(|kept| serde_json::from_str(&kept)).transpose()?.unwrap_or_default())
    }

    /// The strongest of those labels that say `category` of an incident's newest posts, [`LOOKED_AT`] at most, the newest of
    /// equals: what shows best why it is suggested.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn strongest(&self, id: IncidentId, category: Category) -> Result<Option<LabelBy>, StoreError> {
        let sql = "SELECT p.labels FROM mention m JOIN post p ON p.row = m.row
                   WHERE m.incident = ?1 ORDER BY m.row DESC LIMIT ?2";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query((id, LOOKED_AT))?;
            let mut strongest: Option<LabelBy> = None;
            while let Some(row) = rows.next()? {
                let labels: Vec<LabelBy> = list(row.get_ref(0)?.as_str_or_null().map_err(rusqlite::Error::from)?)?;
                for said in labels {
                    let stronger = strongest.as_ref().is_none_or(|best| said.label.score > best.label.score);
                    if stronger && said.says(category) {
                        strongest = Some(said);
                    }
                }
            }
            Ok(strongest)
        })
    }

    /// All that has happened to an incident, in order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn history(&self, id: IncidentId) -> Result<Vec<Recorded>, StoreError> {
        self.with(|db| incidents::history(db, id))
    }

    /// What people decided, with what was suggested before, by incident.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn decisions(&self) -> Result<Vec<Decision>, StoreError> {
        let ids: Vec<IncidentId> = self.with(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM incident WHERE assessed IS NOT NULL ORDER BY id")?;
            Ok(statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
        })?;
        let histories = ids.into_iter().map(|id| Ok(Decision::of(&self.history(id)?)));
        histories.filter_map(Result::transpose).collect()
    }

    /// What a person wrote when deciding; `None` once it has been deleted.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn note(&self, id: i64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT text FROM note WHERE id = ?1";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([id], |r| r.get(0)).optional()?))
    }
}

/// Incidents that fit `rest`: a condition, and what follows it.
pub(in crate::store) fn incident_rows(
    db: &Connection,
    rest: &str,
    arguments: impl rusqlite::Params,
) -> Result<Vec<IncidentRow>, StoreError> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM incident WHERE {rest}"))?;
    let rows = statement.query_map(arguments, incident)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn incident(row: &Row<'_>) -> rusqlite::Result<IncidentRow> {
    let category = |i| Ok::<_, rusqlite::Error>(row.get_ref(i)?.as_str_or_null()?.and_then(Category::from_name));
    let (suggested, assessed) = (category(2)?, category(4)?);
    let by = if assessed.is_some() { 5 } else { 3 };
    Ok(IncidentRow {
        id: row.get(0)?,
        title: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
        category: assessed.or(suggested),
        category_by: row.get(by)?,
        level: row.get(6)?,
        state: State::from_name(row.get_ref(7)?.as_str()?).unwrap_or(State::New),
        opened: row.get(8)?,
        latest: row.get(9)?,
        posts: unsigned(row.get(10)?),
        sites: unsigned(row.get(11)?),
        stage: row.get_ref(12)?.as_str_or_null()?.and_then(Stage::of_name).unwrap_or_default(),
        owner: row.get(13)?,
        restricted: row.get(14)?,
    })
}

pub(super) fn series(db: &Connection, since: Timestamp, utc_offset: i32) -> Result<Vec<SeriesPoint>, StoreError> {
    const DAY: i64 = 86_400;
    let offset = i64::from(utc_offset);
    let day = (since.saturating_add(offset)).div_euclid(DAY);
    // Integer division rounds towards zero: counted from the first day, nothing is negative.
    let sql = "SELECT ((m.row >> 20) + ?2 - ?3) / 86400 AS day, coalesce(i.assessed, i.suggested) AS category, count(*)
               FROM mention m JOIN incident i ON i.id = m.incident
               WHERE m.row >= ?1 GROUP BY 1, 2 ORDER BY 1, 2";
    let start = day * DAY - offset;
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map((rowid::first(start), offset, day * DAY), |r| {
        Ok(SeriesPoint {
            day: start + r.get::<_, i64>(0)? * DAY,
            category: r.get_ref(1)?.as_str_or_null()?.and_then(Category::from_name),
            posts: unsigned(r.get(2)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

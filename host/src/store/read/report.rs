//! What reports rest on, read in as few passes as there are questions.
//!
//! A month of a large body is a million posts: they are walked once, in the order of the file, and counted by day,
//! category, site, label and incident at the same time; words are read of the few that are quoted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Reader;
use crate::coverage::statement::{Span, Statement};
use crate::incident::clock::response::{Answered, Responses, responses};
use crate::incident::clock::{Clock, ClockState};
use crate::incident::life::Incident;
use crate::incident::{Category, IncidentId};
use crate::plan::Plan;
use crate::record::Entry;
use crate::report::facts::{
    Answer, Day, Dossier, Happened, Heard, Kept, Matter, Mood, Moods, Period, Piece, Sweeps, Volume,
};
use crate::store::error::StoreError;
use crate::store::model::{LabelBy, PostRowId};
use crate::store::{RecordQuery, rowid};
use crate::warning::known::Kind;

/// Incidents that a report about a span names.
const MATTERS: usize = 10;
/// Voices of either sort that are handed in.
const VOICES: usize = 5;
/// Loud posts of either sort that are remembered while counting, so that enough are of different incidents.
const LOUD: usize = 200;
/// Sweeps on paper.
const SWEEPS: usize = 500;

/// A label's name in a stored post, as JSON writes it: a quotation mark of the post itself would stand behind a backslash.
const MOOD: &str = "CASE WHEN p.labels IS NULL THEN 0 WHEN instr(p.labels, '\"name\":\"negative\"') > 0 THEN 1 \
                    WHEN instr(p.labels, '\"name\":\"positive\"') > 0 THEN 2 ELSE 0 END";
/// How far a post has travelled, as far as sites say.
const TRAVELLED: &str =
    "coalesce(p.shares, 0) * 20 + coalesce(p.replies, 0) * 5 + coalesce(p.likes, 0) + coalesce(p.views, 0) / 100";

impl Reader {
    /// What a daily, weekly or monthly report rests on.
    ///
    /// # Errors
    /// The file cannot be read; so for every question here.
    pub fn period(&self, span: Span, zone: &TimeZone) -> Result<Period, StoreError> {
        let volume = self.with(|db| volume(db, span, zone))?;
        let before = Span { since: span.since - (span.until - span.since), until: span.since };
        let standings = self.with(|db| standings(db, span))?;
        let matters = self.matters(&volume, &standings)?;
        let held = |incident: &&(IncidentId, Incident)| incident.1.merged.is_none();
        let within = |at: Timestamp| (span.since..span.until).contains(&at);
        let whole: Vec<&(IncidentId, Incident)> = standings.iter().filter(held).collect();
        let count = |test: &dyn Fn(&Incident) -> bool| whole.iter().filter(|(_, one)| test(one)).count() as u64;
        Ok(Period {
            span,
            before: self.with(|db| said(db, before))?,
            topics: self.with(|db| topics(db, span))?,
            matters,
            opened: count(&|one| within(one.opened)),
            closed: count(&|one| !one.state.is_open() && within(one.since)),
            open: self.with(open)?,
            clocks: kept(&whole, span),
            responses: answered(&whole, span),
            coverage: self.covered(span)?,
            volume,
        })
    }

    /// What the monitoring record of a span rests on.
    ///
    /// # Errors
    /// As above.
    pub fn swept(&self, span: Span) -> Result<Sweeps, StoreError> {
        let query = RecordQuery {
            since: Some(span.since),
            until: Some(span.until),
            limit: Some(SWEEPS),
            ..RecordQuery::default()
        };
        let mut entries: Vec<Entry> = self.record(&query)?;
        entries.reverse();
        let sql = "SELECT count(*), coalesce(sum(failures IS NOT NULL OR ended IS NULL), 0) FROM sweep
                   WHERE started >= ?1 AND started < ?2";
        let (all, failed): (i64, i64) = self.with(|db| {
            Ok(db.prepare_cached(sql)?.query_row((span.since, span.until), |r| Ok((r.get(0)?, r.get(1)?)))?)
        })?;
        let coverage = self.covered(span)?;
        Ok(Sweeps { span, entries, all: all.unsigned_abs(), failed: failed.unsigned_abs(), coverage })
    }

    /// What a report about an incident rests on; `None` when there is no such incident. The plan `in_force` governs
    /// one that was not decided yet.
    ///
    /// # Errors
    /// As above.
    pub fn dossier(&self, id: IncidentId, in_force: &Plan, now: Timestamp) -> Result<Option<Dossier>, StoreError> {
        let Some(incident) = self.standing(id)? else { return Ok(None) };
        let Some(matter) = self.matter(id, &incident, None)? else { return Ok(None) };
        let governed = incident.assessed.as_ref().map(|assessed| self.plan(&assessed.plan)).transpose()?.flatten();
        let plan = governed.unwrap_or_else(|| in_force.clone());
        let course = self.course(Kind::Incident, id, Timestamp::MIN)?;
        let (moods, voices) = self.with(|db| voices(db, id))?;
        let media = course.carriers.iter().filter_map(|(carrier, _)| Some((carrier.name.clone(), carrier.tier?)));
        Ok(Some(Dossier {
            reach: self.reach(id)?,
            hours: course.hours.iter().filter(|hour| hour.posts > 0).map(|hour| (hour.hour, hour.posts)).collect(),
            media: media.collect(),
            alert: course.warnings.first().map(|(_, alert)| alert.clone()),
            deleted: self.deleted_posts(id)?,
            moods,
            voices,
            history: self.happened(id)?,
            answers: self.answers(id)?,
            referrals: self.proposed(id)?,
            evidence: self.pieces(id)?,
            coverage: self.covered(Span { since: matter.opened.min(now - 1), until: now })?,
            matter,
            incident,
            plan,
        }))
    }

    /// What was not heard in a span that may be over: what broke later is no part of it.
    fn covered(&self, span: Span) -> Result<Statement, StoreError> {
        let mut statement = self.coverage(span.since, span.until)?;
        for watch in &mut statement.watches {
            watch.gaps.retain(|gap| gap.from < span.until);
        }
        Ok(statement)
    }

    /// The incidents with most posts in the span.
    fn matters(&self, volume: &Volume, standings: &[(IncidentId, Incident)]) -> Result<Vec<Matter>, StoreError> {
        let mut busy: Vec<(IncidentId, u64)> = volume.incidents.iter().map(|(id, posts)| (*id, *posts)).collect();
        busy.sort_by_key(|(id, posts)| (Reverse(*posts), *id));
        let known: HashMap<IncidentId, &Incident> = standings.iter().map(|(id, incident)| (*id, incident)).collect();
        let mut matters = Vec::new();
        for (id, posts) in busy.into_iter().take(MATTERS) {
            let read = if known.contains_key(&id) { None } else { self.standing(id)? };
            if let Some(incident) = known.get(&id).copied().or(read.as_ref()) {
                matters.extend(self.matter(id, incident, Some(posts))?);
            }
        }
        Ok(matters)
    }

    /// An incident as reports name it, cited by its first post and by the one that travelled furthest.
    fn matter(&self, id: IncidentId, incident: &Incident, posts: Option<u64>) -> Result<Option<Matter>, StoreError> {
        let Some(row) = self.incident(id)? else { return Ok(None) };
        let first = "SELECT row FROM mention WHERE incident = ?1 ORDER BY row LIMIT 1";
        let loudest = format!(
            "SELECT m.row FROM (SELECT row FROM mention WHERE incident = ?1 ORDER BY row DESC LIMIT 10000) m
             JOIN post p ON p.row = m.row ORDER BY {TRAVELLED} DESC, m.row LIMIT 1"
        );
        let cited = self.with(|db| {
            let one = |sql: &str| db.prepare_cached(sql)?.query_row([id], |r| r.get::<_, PostRowId>(0)).optional();
            let mut rows: Vec<PostRowId> = [one(first)?, one(&loudest)?].into_iter().flatten().collect();
            rows.dedup();
            rows.into_iter().filter_map(|row| heard(db, row).transpose()).collect::<Result<Vec<_>, _>>()
        })?;
        let answered = incident.answers.values().map(|(_, at)| *at).filter(|at| *at >= incident.opened).min();
        Ok(Some(Matter {
            id,
            title: row.title,
            category: row.category,
            decided: incident.decided().is_some(),
            level: row.level,
            state: row.state,
            stage: row.stage,
            opened: row.opened,
            posts: posts.unwrap_or(row.posts),
            whole: row.posts,
            sites: row.sites,
            answered,
            cited,
        }))
    }

    fn happened(&self, id: IncidentId) -> Result<Vec<Happened>, StoreError> {
        let history = self.history(id)?;
        history
            .into_iter()
            .map(|recorded| {
                let note = recorded.event.note().map(|note| self.note(note.id)).transpose()?.flatten();
                Ok(Happened { recorded, note })
            })
            .collect()
    }

    fn answers(&self, id: IncidentId) -> Result<Vec<Answer>, StoreError> {
        let told = self.replies(Some(id))?.into_iter().map(|row| {
            let text = row.reply.text.as_ref().map(|note| self.note(note.id)).transpose()?.flatten();
            let receipt = row.reply.receipt.as_ref().filter(|receipt| !receipt.document);
            let receipt = receipt.map(|receipt| self.receipt_of(&receipt.capture)).transpose()?.flatten();
            Ok(Answer { id: row.id, reply: row.reply, text, receipt })
        });
        told.collect()
    }

    fn proposed(&self, id: IncidentId) -> Result<Vec<(i64, crate::referral::Referral, Option<Heard>)>, StoreError> {
        let rows = self.referrals()?.into_iter().filter(|row| row.incident == id);
        rows.map(|row| {
            let claim = self.with(|db| heard(db, row.referral.post))?;
            Ok((row.id, row.referral, claim))
        })
        .collect()
    }

    fn pieces(&self, id: IncidentId) -> Result<Vec<Piece>, StoreError> {
        let mut known = HashSet::new();
        let proofs = self.proofs(id)?.into_iter().filter(|proof| known.insert(proof.capture_id));
        let piece = proofs.map(|proof| Piece {
            capture: proof.capture_id,
            url: proof.capture.url,
            at: proof.at,
            digest: crate::hex::hex(&proof.capture.digest),
        });
        Ok(piece.collect())
    }
}

/// Counts the mentions of a span.
fn volume(db: &Connection, span: Span, zone: &TimeZone) -> Result<Volume, StoreError> {
    let categories = categories(db)?;
    let mut volume = Volume { days: days(span, zone), ..Volume::default() };
    let mut sites: HashMap<i64, u64> = HashMap::new();
    let mut incidents: HashMap<IncidentId, u64> = HashMap::new();
    let mut loud = [Loud::default(), Loud::default()];
    let sql = format!(
        "SELECT m.row, m.incident, p.source, {MOOD}, {TRAVELLED} FROM mention m JOIN post p ON p.row = m.row
         WHERE m.row >= ?1 AND m.row < ?2 ORDER BY m.row"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query((rowid::first(span.since), rowid::first(span.until)))?;
    let mut day = 0;
    while let Some(r) = rows.next()? {
        let (row, incident): (PostRowId, IncidentId) = (r.get(0)?, r.get(1)?);
        while volume.days.get(day + 1).is_some_and(|next| next.from <= rowid::second(row)) {
            day += 1;
        }
        if let Some(day) = volume.days.get_mut(day) {
            day.posts[categories.get(&incident).copied().unwrap_or(5)] += 1;
        }
        *sites.entry(r.get(2)?).or_default() += 1;
        *incidents.entry(incident).or_default() += 1;
        match r.get::<_, i64>(3)? {
            1 => {
                volume.moods.critical += 1;
                loud[0].hear(r.get(4)?, row, incident);
            }
            2 => {
                volume.moods.favourable += 1;
                loud[1].hear(r.get(4)?, row, incident);
            }
            _ => volume.moods.unmarked += 1,
        }
    }
    volume.incidents = incidents.into_iter().collect();
    volume.sites = named(db, sites)?;
    let [critical, favourable] = loud;
    volume.critical = critical.heard(db)?;
    volume.favourable = favourable.heard(db)?;
    Ok(volume)
}

/// The days of a span, without holes.
fn days(span: Span, zone: &TimeZone) -> Vec<Day> {
    let local = |at| jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(zone.clone());
    let mut days = vec![Day { from: span.since, ..Day::default() }];
    let mut date = local(span.since).date();
    while let Ok(next) = date.tomorrow() {
        let from = next.to_zoned(zone.clone()).map_or(Timestamp::MAX, |at| at.timestamp().as_second());
        if from >= span.until || days.len() > 3_700 {
            break;
        }
        days.push(Day { from, ..Day::default() });
        date = next;
    }
    days
}

/// The category of each incident, as an index of [`Day::posts`].
fn categories(db: &Connection) -> Result<HashMap<IncidentId, usize>, StoreError> {
    let mut statement = db.prepare_cached("SELECT id, coalesce(assessed, suggested) FROM incident")?;
    let mut rows = statement.query([])?;
    let mut found = HashMap::new();
    while let Some(r) = rows.next()? {
        let name = r.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let category = name.and_then(Category::from_name);
        let index = Category::ALL.iter().position(|one| Some(*one) == category);
        found.extend(index.map(|index| Ok::<_, rusqlite::Error>((r.get(0)?, index))).transpose()?);
    }
    Ok(found)
}

/// Sites by name, the most posts first; one site may be read by several plugins.
fn named(db: &Connection, counts: HashMap<i64, u64>) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement = db.prepare_cached("SELECT id, site FROM source")?;
    let mut rows = statement.query([])?;
    let mut sites: BTreeMap<String, u64> = BTreeMap::new();
    while let Some(r) = rows.next()? {
        if let Some(posts) = counts.get(&r.get(0)?) {
            *sites.entry(r.get(1)?).or_default() += posts;
        }
    }
    let mut sites: Vec<(String, u64)> = sites.into_iter().collect();
    sites.sort_by_key(|(_, posts)| Reverse(*posts));
    Ok(sites)
}

/// The posts of a label that travelled furthest.
#[derive(Default)]
struct Loud(Vec<(i64, Reverse<PostRowId>, IncidentId)>);

impl Loud {
    fn hear(&mut self, travelled: i64, row: PostRowId, incident: IncidentId) {
        self.0.push((travelled, Reverse(row), incident));
        if self.0.len() >= 2 * LOUD {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.0.sort_unstable_by(|a, b| b.cmp(a));
        self.0.truncate(LOUD);
    }

    /// One of each incident.
    fn heard(mut self, db: &Connection) -> Result<Vec<Heard>, StoreError> {
        self.settle();
        let mut told = HashSet::new();
        let rows = self.0.into_iter().filter(|(_, _, incident)| told.insert(*incident)).take(VOICES);
        rows.filter_map(|(_, Reverse(row), _)| heard(db, row).transpose()).collect()
    }
}

/// A post as reports cite it.
fn heard(db: &Connection, row: PostRowId) -> Result<Option<Heard>, StoreError> {
    let sql = format!(
        "SELECT p.row, p.version, s.site, p.url, p.title, p.text, p.published, p.revised, p.views, {MOOD}, p.labels,
                (SELECT max(capture) FROM post_capture WHERE row = p.row AND version = p.version)
         FROM post p JOIN source s ON s.id = p.source WHERE p.row = ?1"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([row])?;
    let Some(r) = rows.next()? else { return Ok(None) };
    let labels: Option<String> = r.get(10)?;
    Ok(Some(Heard {
        row: r.get(0)?,
        version: r.get(1)?,
        capture: r.get(11)?,
        site: r.get(2)?,
        url: r.get(3)?,
        title: r.get(4)?,
        text: r.get(5)?,
        published: r.get(6)?,
        captured: r.get(7)?,
        views: r.get::<_, Option<i64>>(8)?.and_then(|views| u64::try_from(views).ok()),
        mood: match r.get::<_, i64>(9)? {
            1 => Some(Mood::Critical),
            2 => Some(Mood::Favourable),
            _ => None,
        },
        suggested: suggested(labels.as_deref())?,
    }))
}

/// What a model server gave as the evidence of its label.
fn suggested(labels: Option<&str>) -> Result<Option<(String, String)>, StoreError> {
    let labels: Vec<LabelBy> = super::list(labels)?;
    let asked = labels.into_iter().find(|label| label.asked && !label.label.evidence.is_empty());
    Ok(asked.map(|label| (label.by, label.label.evidence.join("；"))))
}

/// Labels of an incident's newest posts, and the loudest of either sort.
fn voices(db: &Connection, id: IncidentId) -> Result<(Moods, Vec<Heard>), StoreError> {
    let sql = format!(
        "SELECT m.row, {MOOD}, {TRAVELLED} FROM (SELECT row FROM mention WHERE incident = ?1 ORDER BY row DESC LIMIT 10000) m
         JOIN post p ON p.row = m.row"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([id])?;
    let mut moods = Moods::default();
    let mut loud: [Vec<(i64, Reverse<PostRowId>)>; 2] = Default::default();
    while let Some(r) = rows.next()? {
        let (row, travelled) = (Reverse(r.get(0)?), r.get(2)?);
        match r.get::<_, i64>(1)? {
            1 => {
                moods.critical += 1;
                loud[0].push((travelled, row));
            }
            2 => {
                moods.favourable += 1;
                loud[1].push((travelled, row));
            }
            _ => moods.unmarked += 1,
        }
    }
    let mut told = Vec::new();
    for mut of in loud {
        of.sort_unstable_by(|a, b| b.cmp(a));
        for (_, Reverse(row)) in of.into_iter().take(VOICES) {
            told.extend(heard(db, row)?);
        }
    }
    Ok((moods, told))
}

/// Incidents that were first seen, told of or decided upon in a span.
fn standings(db: &Connection, span: Span) -> Result<Vec<(IncidentId, Incident)>, StoreError> {
    let sql = "SELECT id, life FROM incident WHERE latest >= ?1 OR opened >= ?1 OR due IS NOT NULL
               OR state IN ('new', 'handling', 'watching') OR json_extract(life, '$.since') >= ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([span.since])?;
    let mut found = Vec::new();
    while let Some(r) = rows.next()? {
        if let Some(life) = r.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)? {
            found.push((r.get(0)?, serde_json::from_str(life)?));
        }
    }
    Ok(found)
}

fn said(db: &Connection, span: Span) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM mention WHERE row >= ?1 AND row < ?2";
    let keys = (rowid::first(span.since), rowid::first(span.until));
    Ok(db.prepare_cached(sql)?.query_row(keys, |r| r.get::<_, i64>(0))?.unsigned_abs())
}

fn open(db: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT n FROM figure WHERE name = 'open'";
    Ok(db.prepare_cached(sql)?.query_row([], |r| r.get::<_, i64>(0))?.unsigned_abs())
}

/// Posts by topic, the most first; those without any are left out.
fn topics(db: &Connection, span: Span) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "SELECT t.name, (SELECT count(*) FROM topic_post WHERE topic = t.id AND row >= ?1 AND row < ?2) AS n
               FROM topic t ORDER BY n DESC, t.name";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![rowid::first(span.since), rowid::first(span.until)], |r| {
        Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    let found: Vec<(String, u64)> = rows.collect::<Result<_, _>>()?;
    Ok(found.into_iter().filter(|(_, posts)| *posts > 0).collect())
}

/// Clocks by rule: those that were met in the span, those that ended in it and were not met, those that run at its end.
fn kept(incidents: &[&(IncidentId, Incident)], span: Span) -> Vec<Kept> {
    let mut rules: BTreeMap<&str, Kept> = BTreeMap::new();
    let within = |at: Timestamp| (span.since..span.until).contains(&at);
    for clock in incidents.iter().flat_map(|(_, incident)| incident.clocks.clocks()) {
        let rule = rules.entry(&clock.id).or_insert_with(|| Kept { clock: clock.id.clone(), ..Kept::default() });
        match fate(clock, span.until) {
            Some((at, true)) if within(at) => rule.kept += 1,
            Some((at, false)) if within(at) => rule.missed += 1,
            None if clock.from < span.until => rule.running += 1,
            _ => {}
        }
    }
    let mut rules: Vec<Kept> = rules.into_values().filter(|rule| rule.kept + rule.missed + rule.running > 0).collect();
    rules.sort_by_key(|rule| Reverse((rule.missed, rule.kept)));
    rules
}

/// When a clock was met (`true`) or missed by `until`; `None` while it runs, never for one that does not apply.
fn fate(clock: &Clock, until: Timestamp) -> Option<(Timestamp, bool)> {
    match clock.state {
        ClockState::Void(_) => Some((Timestamp::MIN, true)),
        ClockState::Met(at) if at < until && clock.late(at) == 0 => Some((at, true)),
        ClockState::Paused(_) => None,
        ClockState::Met(_) | ClockState::Running if clock.due < until => Some((clock.due, false)),
        ClockState::Met(_) | ClockState::Running => None,
    }
}

fn answered(incidents: &[&(IncidentId, Incident)], span: Span) -> Responses {
    let seen = incidents.iter().filter(|(_, incident)| (span.since..span.until).contains(&incident.opened));
    let answered = seen.map(|(_, incident)| {
        let first = incident.answers.values().map(|(_, at)| *at).filter(|at| *at >= incident.opened).min();
        Answered { first_sight: incident.opened, at: first }
    });
    responses(&answered.collect::<Vec<_>>(), span.until)
}

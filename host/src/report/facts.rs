//! What reports rest on: figures and captured posts, handed in by the store. Nothing here is made up, and nothing is
//! asked for: a report that lacks a fact shows the gap.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;

use crate::coverage::statement::{Span, Statement};
use crate::incident::clock::response::Responses;
use crate::incident::event::Recorded;
use crate::incident::life::Incident;
use crate::incident::reach::Reach;
use crate::incident::{Category, IncidentId, State};
use crate::lang::Lang;
use crate::plan::Plan;
use crate::record::Entry;
use crate::referral::Referral;
use crate::reply::Reply;
use crate::warning::media::Tier;
use crate::warning::{Alert, Stage};

/// Who tells, in which language, when, and by which plan.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// The language of the report.
    pub lang: Lang,
    /// The organisation's zone.
    pub zone: &'a TimeZone,
    /// When the report is made.
    pub now: Timestamp,
    /// The organisation's name; may be empty.
    pub organisation: &'a str,
    /// The plan in force.
    pub plan: &'a Plan,
    /// Names of colleagues by identifier; those who left are missing.
    pub people: &'a BTreeMap<String, String>,
    /// The number of the issue, where somebody gave one.
    pub number: Option<u32>,
}

/// How a classifier labelled a post. Nobody has checked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mood {
    /// 批评.
    Critical,
    /// 肯定.
    Favourable,
}

/// A captured post as a report cites it. Its author is not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Row key.
    pub row: i64,
    /// Version that is cited.
    pub version: u32,
    /// Number of the capture that it came from; `None` when no response was kept.
    pub capture: Option<i64>,
    /// The site.
    pub site: String,
    /// Where it stands.
    pub url: String,
    /// Its headline.
    pub title: Option<String>,
    /// Its text.
    pub text: String,
    /// When it was published, as the site tells it.
    pub published: Option<Timestamp>,
    /// When it was captured.
    pub captured: Timestamp,
    /// Views, where the site says so.
    pub views: Option<u64>,
    /// How it is labelled.
    pub mood: Option<Mood>,
    /// What a model server suggests of it: who, and the label's evidence. Marked wherever it is quoted.
    pub suggested: Option<(String, String)>,
}

/// Posts of a day (of the organisation's zone) by category; the last is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// First second.
    pub from: Timestamp,
    /// By [`Category::ALL`], then without.
    pub posts: [u64; 6],
}

impl Day {
    /// All posts of the day.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.posts.iter().sum()
    }
}

/// Posts by label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moods {
    /// Labelled critical.
    pub critical: u64,
    /// Labelled favourable.
    pub favourable: u64,
    /// Neither.
    pub unmarked: u64,
}

/// What was said in a span of time, counted in one reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Volume {
    /// Day by day, without holes.
    pub days: Vec<Day>,
    /// Sites and their posts, the most first.
    pub sites: Vec<(String, u64)>,
    /// How posts are labelled.
    pub moods: Moods,
    /// Posts of incidents in the span.
    pub incidents: BTreeMap<IncidentId, u64>,
    /// The critical posts that travelled furthest, one of an incident.
    pub critical: Vec<Heard>,
    /// The favourable ones.
    pub favourable: Vec<Heard>,
}

impl Volume {
    /// All posts.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.days.iter().map(Day::all).sum()
    }

    /// Posts by category, over all days.
    #[must_use]
    pub fn by_category(&self) -> [u64; 6] {
        let mut sums = [0; 6];
        for day in &self.days {
            sums.iter_mut().zip(day.posts).for_each(|(sum, posts)| *sum += posts);
        }
        sums
    }
}

/// An incident as a report about a span of time names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Matter {
    /// Its number.
    pub id: IncidentId,
    /// What it is called.
    pub title: String,
    /// Decided, else suggested.
    pub category: Option<Category>,
    /// A person decided the category.
    pub decided: bool,
    /// Its level, once decided.
    pub level: Option<String>,
    /// Where it stands.
    pub state: State,
    /// How it grows.
    pub stage: Stage,
    /// First sight.
    pub opened: Timestamp,
    /// Posts in the span.
    pub posts: u64,
    /// All its posts.
    pub whole: u64,
    /// Sites that told of it.
    pub sites: u64,
    /// When it was first answered in public.
    pub answered: Option<Timestamp>,
    /// What it is cited by: its first post, and the one that travelled furthest.
    pub cited: Vec<Heard>,
}

/// Clocks of one rule in a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The rule's id.
    pub clock: String,
    /// Met in time.
    pub kept: u64,
    /// Met too late, or over and not met.
    pub missed: u64,
    /// Running, and not over.
    pub running: u64,
}

/// What a daily, weekly or monthly report rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// The span.
    pub span: Span,
    /// What was said.
    pub volume: Volume,
    /// How much was said in the span of the same length before it.
    pub before: u64,
    /// Posts by topic.
    pub topics: Vec<(String, u64)>,
    /// The incidents with most posts in the span.
    pub matters: Vec<Matter>,
    /// Incidents first seen in the span.
    pub opened: u64,
    /// Incidents closed in the span.
    pub closed: u64,
    /// Incidents that are open at its end.
    pub open: u64,
    /// Clocks that were met or ran out in the span, and those that run.
    pub clocks: Vec<Kept>,
    /// How fast incidents of the span were answered.
    pub responses: Responses,
    /// What was not heard.
    pub coverage: Statement,
}

/// A reply with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its number.
    pub id: i64,
    /// How it stands.
    pub reply: Reply,
    /// Its text; `None` once it has been deleted.
    pub text: Option<String>,
    /// Where its receipt was captured, and when.
    pub receipt: Option<(String, Timestamp)>,
}

/// Something that happened to an incident, with what a person wrote about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// The event.
    pub recorded: Recorded,
    /// Its note; `None` once it has been deleted, or without one.
    pub note: Option<String>,
}

/// What is kept as evidence of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Number of the capture.
    pub capture: i64,
    /// Its address.
    pub url: String,
    /// When.
    pub at: Timestamp,
    /// SHA-256 of what the site answered, in hex.
    pub digest: String,
}

/// What a report about one incident rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dossier {
    /// As lists show it.
    pub matter: Matter,
    /// How it stands.
    pub incident: Incident,
    /// The plan that governs it.
    pub plan: Plan,
    /// All that happened, oldest first.
    pub history: Vec<Happened>,
    /// How far it has gone.
    pub reach: Reach,
    /// Posts by hour (hours since 1970), oldest first.
    pub hours: Vec<(i64, u64)>,
    /// Media of the register that carry it, the first first.
    pub media: Vec<(String, Tier)>,
    /// The latest warning.
    pub alert: Option<Alert>,
    /// Posts that whoever put them there has deleted.
    pub deleted: u64,
    /// How its posts are labelled.
    pub moods: Moods,
    /// Posts to quote: critical and favourable ones, those that travelled furthest first.
    pub voices: Vec<Heard>,
    /// Replies, oldest first.
    pub answers: Vec<Answer>,
    /// Referrals, oldest first.
    pub referrals: Vec<(i64, Referral, Option<Heard>)>,
    /// Captures, oldest first.
    pub evidence: Vec<Piece>,
    /// What was not heard since first sight.
    pub coverage: Statement,
}

/// What the monitoring record (监测记录, P6) of a span rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweeps {
    /// The span.
    pub span: Span,
    /// Sweeps, oldest first: the newest of the span where there are too many for paper.
    pub entries: Vec<Entry>,
    /// All sweeps of the span.
    pub all: u64,
    /// Those that failed or never ended.
    pub failed: u64,
    /// What was not heard.
    pub coverage: Statement,
}

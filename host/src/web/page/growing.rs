//! What grows: how far it has come, why, and its last two days as a picture with its table.

use super::tight;
use crate::incident::IncidentId;
use crate::store::{Course, Risen};
use crate::warning::known::{HOUR, Hour, Kind};
use crate::warning::{Alert, Stage, words};
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::trend::{Bar, MOST_BARS, bars};
use crate::web::when::{Clockface, Stamp};

/// A stage as lists mark it; nothing for what is quiet.
pub(super) struct StageMark {
    pub(super) words: String,
    /// A class of the style sheet.
    pub(super) tone: &'static str,
}

impl StageMark {
    pub(super) fn of(stage: Stage, lang: Lang) -> Option<Self> {
        (stage != Stage::Quiet).then(|| Self { words: words::stage(lang, stage), tone: stage.as_str() })
    }
}

/// Something that grows.
pub(super) struct GrowingView {
    pub(super) key: String,
    /// Where an incident is read; a topic has no page of its own.
    pub(super) href: Option<String>,
    pub(super) title: String,
    pub(super) mark: StageMark,
    pub(super) since: Stamp,
    pub(super) why: Option<String>,
    /// What the cap of a topic left out of the chart.
    pub(super) over: Option<String>,
    pub(super) chart: Option<Chart>,
}

/// Two days by the hour.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) sentence: String,
    pub(super) rows: Vec<(String, String)>,
}

impl GrowingView {
    pub(super) fn new(risen: &Risen, face: &Clockface, lang: Lang) -> Option<Self> {
        let subject = &risen.subject;
        let incident = subject.kind == Kind::Incident;
        let name = line(&subject.name, 60);
        let title = match (incident, name.is_empty()) {
            (true, true) => format!("#{}", subject.id),
            (true, false) => name,
            (false, _) => lang.with("growing.topic", &[("name", &name)]),
        };
        Some(Self {
            key: format!("{}-{}", subject.kind.as_str(), subject.id),
            href: incident.then(|| format!("/incidents/{}", subject.id)),
            title,
            mark: StageMark::of(risen.stage, lang)?,
            since: face.stamp(risen.since),
            why: risen.latest.as_ref().map(|(_, alert)| words::alert(lang, alert)),
            over: words::over(lang, risen.over),
            chart: Chart::of(&risen.hours, face, lang),
        })
    }
}

impl Chart {
    fn of(hours: &[Hour], face: &Clockface, lang: Lang) -> Option<Self> {
        let span = i64::try_from(MOST_BARS).unwrap_or(48);
        let last = face.now().div_euclid(HOUR);
        let first = last - span + 1;
        let mut values = vec![0; MOST_BARS];
        for hour in hours {
            if let Some(value) = usize::try_from(hour.hour - first).ok().and_then(|at| values.get_mut(at)) {
                *value = hour.posts;
            }
        }
        let peak = hours.iter().filter(|hour| hour.hour >= first && hour.posts > 0).max_by_key(|hour| hour.posts)?;
        let name = |hour: i64| face.plain(hour * HOUR);
        let sentence = tight(&lang.with(
            "growing.sentence",
            &[
                ("posts", &lang.count("count.posts", values.iter().sum())),
                ("peak", &name(peak.hour)),
                ("n", &grouped(peak.posts)),
            ],
        ));
        let told = hours.iter().filter(|hour| hour.hour >= first && hour.posts > 0);
        Some(Self {
            bars: bars(&values, 320, 40),
            first: name(first),
            last: name(last),
            sentence,
            rows: told.map(|hour| (name(hour.hour), grouped(hour.posts))).collect(),
        })
    }
}

/// The course of an incident: where it stands, what was told of it, and who carries it.
pub(super) struct CourseView {
    pub(super) mark: Option<StageMark>,
    pub(super) since: Option<Stamp>,
    pub(super) quiet: String,
    pub(super) told: Vec<(Stamp, String)>,
    pub(super) media: Vec<MediumRow>,
}

/// A medium of the register that carries an incident.
pub(super) struct MediumRow {
    pub(super) name: String,
    pub(super) level: String,
    pub(super) first: Stamp,
    pub(super) posts: String,
}

/// Warnings and media that the page of an incident shows.
const SHOWN: usize = 12;

impl CourseView {
    pub(super) fn new(course: &Course, face: &Clockface, lang: Lang) -> Self {
        let stage = course.standing.map(|standing| standing.stage).unwrap_or_default();
        let mark = StageMark::of(stage, lang);
        let told = |(at, alert): &(i64, Alert)| (face.stamp(*at), words::alert(lang, alert));
        let media = course.carriers.iter().filter_map(|(carrier, posts)| {
            Some(MediumRow {
                name: line(&carrier.name, 40),
                level: words::tier(lang, carrier.tier?),
                first: face.stamp(carrier.first),
                posts: grouped(*posts),
            })
        });
        Self {
            since: mark.as_ref().and(course.standing.map(|standing| face.stamp(standing.since))),
            mark,
            quiet: words::stage(lang, Stage::Quiet),
            told: course.warnings.iter().take(SHOWN).map(told).collect(),
            media: media.take(SHOWN).collect(),
        }
    }
}

/// The incident among what has risen that a person should look at first: what still grows or stands high.
pub(super) fn first(risen: &[Risen]) -> Option<(IncidentId, &Risen)> {
    let up = |risen: &&Risen| risen.subject.kind == Kind::Incident && risen.stage != Stage::Fading;
    risen.iter().find(up).map(|risen| (risen.subject.id, risen))
}

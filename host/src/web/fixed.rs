//! A small made-up desk for tests: every state of a watch, every reason for
//! grouping, and posts written to break a page.

use std::collections::BTreeMap;
use std::sync::Arc;

use caifeng_plugin_host::contract::{Kind, Label, Reactions, Target, Timestamp};

use super::rows::{Became, Changed, Choices, Found, PostsQuery, Rows, Unanswered};
use crate::coverage::statement::{Span, Statement, Watched};
use crate::coverage::{Cause, Gap, Notice, Told};
use crate::incident::ballot::Weight;
use crate::incident::group::Why;
use crate::incident::life::Escalation;
use crate::incident::reach::{Reach, Sight};
use crate::incident::{Category, IncidentId, State};
use crate::record::Entry;
use crate::store::model::{Figures, IncidentRow, LabelBy, PostRow, WatchRow};
use crate::store::{
    CategoryFilter, Course, FullDay, IncidentQuery, Reading, RecordQuery, Risen, SeriesPoint, Subject, Unacknowledged,
};
use crate::text::diff::{Change, Part};
use crate::topic::{self, Hit};
use crate::warning::known::{Carrier, Hour, Kind as Of};
use crate::warning::media::Tier;
use crate::warning::stage::Standing;
use crate::warning::{Alert, Reason, Severity, Stage};
use crate::watch::{FailureKind, Sweep, SweepFailure, SweepTally, Watch};

/// 2026-11-22 18:10 in China.
pub(super) const NOW: Timestamp = 1_795_342_200;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// A watch that is heard.
pub(super) fn watch(id: &str) -> WatchRow {
    let address = format!("https://{id}.example/feed.xml");
    WatchRow {
        watch: Watch {
            id: id.to_owned(),
            plugin: "feed".to_owned(),
            target: Target::Listing(address),
            site: None,
            settings: vec![],
            utc_offset: 8 * 3600,
            recorded: false,
            registered: None,
            every: crate::watch::Every::default(),
            canary: None,
        },
        last: Some(sweep(id, NOW - 4 * MINUTE, 2)),
        heard: Some(NOW - 4 * MINUTE),
        failing: 0,
        due: Some(NOW + 6 * MINUTE),
        why: Some(crate::schedule::Reason::Rhythm { daily: 31 }),
        gap: None,
        halted: None,
        posts: 312,
    }
}

fn sweep(watch: &str, started: Timestamp, new: u64) -> Sweep {
    let tally = SweepTally { requests: 1, bytes: 9_000, seen: 20, new, ..SweepTally::default() };
    Sweep { id: started, watch: watch.to_owned(), started, ended: Some(started + 2), tally }
}

/// A sweep that failed ten minutes ago.
pub(super) fn failed_sweep(watch: &str, kind: FailureKind, detail: &str) -> Sweep {
    let mut failed = sweep(watch, NOW - 10 * MINUTE, 0);
    failed.tally.failures.push(SweepFailure { kind, detail: detail.to_owned() });
    failed
}

fn failing(id: &str, kind: FailureKind, detail: &str, times: u32) -> WatchRow {
    let mut row = watch(id);
    row.last = Some(failed_sweep(id, kind, detail));
    row.heard = Some(NOW - 22 * HOUR);
    row.failing = times;
    row.due = Some(NOW + 50 * MINUTE);
    row
}

/// The gaps of a watch, oldest first.
fn gaps(watch: &str) -> Vec<Gap> {
    let gap = |cause, from: i64, until: Option<i64>| Gap {
        id: from,
        watch: watch.to_owned(),
        cause,
        detail: None,
        partial: false,
        from: NOW - from,
        until: until.map(|until| NOW - until),
        closed: until.map(|until| NOW - until),
        filled: None,
        found: until.map(|_| 12),
    };
    let whole = |gap: Gap| Gap { filled: Some(gap.from), ..gap };
    let blocked = Cause::Failed(FailureKind::Blocked);
    match watch {
        "county-forum" => vec![
            whole(gap(Cause::Off, 100 * HOUR, Some(89 * HOUR))),
            Gap {
                detail: Some("HTTP 403: 请登录后再访问 <script>alert(1)</script>".to_owned()),
                ..gap(blocked, 22 * HOUR, None)
            },
        ],
        "microblog" => vec![
            Gap { filled: Some(NOW - 93 * HOUR), ..gap(Cause::Off, 100 * HOUR, Some(89 * HOUR)) },
            Gap { partial: true, ..gap(Cause::Failed(FailureKind::Network), 30 * HOUR, Some(28 * HOUR)) },
        ],
        "old-board" => vec![gap(Cause::Failed(FailureKind::Gone), 9 * 24 * HOUR, None)],
        _ => vec![],
    }
}

/// All watches.
pub(super) fn watches() -> Vec<WatchRow> {
    let mut fresh = watch("tieba-qingshi");
    (fresh.heard, fresh.last, fresh.due, fresh.posts) = (None, None, Some(NOW + MINUTE), 0);
    let mut halted = watch("old-board");
    halted.halted = Some("gone: HTTP 410 twice".to_owned());
    halted.heard = Some(NOW - 9 * 24 * HOUR);
    let mut late = watch("county-news");
    late.due = Some(NOW - HOUR);
    late.heard = Some(NOW - 2 * HOUR);
    vec![
        watch("official-news"),
        failing("county-forum", FailureKind::Blocked, "HTTP 403: 请登录后再访问 <script>alert(1)</script>", 4),
        watch("microblog"),
        fresh,
        halted,
        late,
    ]
}

fn label(name: &str, score: f32, evidence: &[&str]) -> LabelBy {
    let evidence = evidence.iter().map(|e| (*e).to_owned()).collect();
    LabelBy {
        by: "triage@0.1.0".to_owned(),
        group: "category".to_owned(),
        weight: Weight::default(),
        asked: false,
        label: Label { name: name.to_owned(), score, evidence },
    }
}

fn post(row: i64, site: &str, ago: i64, title: Option<&str>, text: &str) -> PostRow {
    PostRow {
        row,
        plugin: "feed".to_owned(),
        site: site.to_owned(),
        id: row.to_string(),
        kind: Kind::Post,
        url: format!("https://{site}/t/{row}"),
        title: title.map(str::to_owned),
        text: text.to_owned(),
        author: Some("a3f19c04d2".to_owned()),
        publisher: None,
        published: Some(NOW - ago),
        day_only: false,
        captured: NOW - ago + 200,
        version: 1,
        reactions: Reactions::default(),
        topics: vec![],
        labels: vec![],
        incident: Some(12),
        why: None,
        submitted: None,
        notes: vec![],
        failure: None,
    }
}

/// All posts, newest first.
pub(crate) fn posts() -> Vec<PostRow> {
    let first = PostRow {
        reactions: Reactions { views: Some(3812), replies: Some(46), ..Reactions::default() },
        labels: vec![label("problem", 0.71, &["停水", "没有任何通知"])],
        ..post(
            1,
            "bbs.qingshi.example",
            10 * HOUR,
            Some("农贸市场停水两天了，鱼都死了谁赔？"),
            "从前天晚上开始就没水，没有任何通知，打电话说在修，问什么时候修好没有人能答。\n市场里三十多家水产摊位都靠自来水，两天下来损失不小。",
        )
    };
    let near = PostRow {
        kind: Kind::Repost,
        reactions: Reactions { shares: Some(128), replies: Some(61), ..Reactions::default() },
        labels: vec![label("sensitive", 0.18, &["已经举报三次"])],
        why: Some(Why::Near { similarity: 0.914, to: "https://bbs.qingshi.example/t/1".to_owned() }),
        ..post(2, "weibo.example", 9 * HOUR, None, "听说城东市场停水是因为管子老化没人管，已经举报三次。")
    };
    let linked = PostRow {
        kind: Kind::Article,
        author: None,
        publisher: Some("青石县融媒体中心".to_owned()),
        day_only: true,
        version: 2,
        why: Some(Why::Link { url: "https://bbs.qingshi.example/t/1".to_owned() }),
        ..post(
            3,
            "news.qingshi.example",
            5 * HOUR,
            Some("城东农贸市场主管道抢修，应急供水车已到场"),
            &"县供水站今天上午派出三名抢修人员赶赴现场，初步查明为主管道破裂。".repeat(12),
        )
    };
    let hostile = PostRow {
        url: "javascript:alert(document.domain)".to_owned(),
        incident: Some(13),
        labels: vec![label("rumour", 0.66, &["<b>"])],
        why: Some(Why::Parent { to: "data:text/html,<script>alert(1)</script>".to_owned() }),
        author: Some("\"><img src=x onerror=alert(1)>".to_owned()),
        ..post(
            4,
            "evil.example",
            3 * HOUR,
            Some("<script>document.title='owned'</script> \u{202e}drowssap"),
            "</p><iframe src=//evil.example></iframe> <b> &amp; ' \" ".to_owned().as_str(),
        )
    };
    let long = PostRow {
        incident: Some(14),
        ..post(
            5,
            "long.example",
            20 * MINUTE,
            Some(&"无空格的长标题".repeat(14)),
            &"aVeryLongWordWithoutAnySpaces".repeat(9),
        )
    };
    let stray = PostRow { incident: None, ..post(6, "weibo.example", 2 * MINUTE, None, "今天天气不错。") };
    vec![stray, long, hostile, linked, near, first]
}

/// All incidents, newest post first.
pub(super) fn incidents() -> Vec<IncidentRow> {
    let row = |id, title: &str, category, opened: i64, latest: i64, posts, sites| IncidentRow {
        owner: None,
        id,
        title: title.to_owned(),
        category,
        category_by: category.map(|_| "triage@0.1.0".to_owned()),
        level: None,
        state: State::New,
        stage: if id == 12 { Stage::Growing } else { Stage::Quiet },
        opened: NOW - opened,
        latest: NOW - latest,
        posts,
        sites,
        restricted: false,
    };
    let decided = IncidentRow {
        category_by: Some("领导小组".to_owned()),
        level: Some("iii".to_owned()),
        state: State::Handling,
        ..row(11, "城西小学门口道路破损，雨天积水", Some(Category::Problem), 70 * HOUR, 26 * HOUR, 9, 2)
    };
    vec![
        row(14, &"无空格的长标题".repeat(14), None, 20 * MINUTE, 20 * MINUTE, 1, 1),
        row(
            13,
            "<script>document.title='owned'</script> \u{202e}drowssap",
            Some(Category::Rumour),
            3 * HOUR,
            3 * HOUR,
            1,
            1,
        ),
        row(12, "农贸市场停水两天了，鱼都死了谁赔？", Some(Category::Problem), 10 * HOUR, 5 * HOUR, 3, 3),
        decided,
    ]
}

/// A warning of the second step.
fn alert() -> Alert {
    let why = vec![
        Reason::Rate { posts: 12, minutes: 70, usual: 31 },
        Reason::Media { tier: Tier::Provincial, name: "河北日报<b>".to_owned() },
        Reason::Spread { places: 3, hours: 24 },
    ];
    Alert { stage: Stage::Growing, severity: Severity::Warning, why }
}

/// Posts by hour: a morning, a night, and a rise.
fn hours() -> Vec<Hour> {
    let hour = |ago: i64, posts| Hour { hour: NOW / HOUR - ago, posts, ..Hour::default() };
    vec![hour(40, 1), hour(31, 2), hour(9, 1), hour(5, 3), hour(3, 2), hour(2, 5), hour(1, 9), hour(0, 4)]
}

/// How the incident 12 grew.
fn course() -> Course {
    let standing =
        Standing { stage: Stage::Growing, since: NOW - HOUR, told: Some(Severity::Warning), ..Standing::default() };
    let carrier = |tier, name: &str, ago: i64| Carrier { tier, name: name.to_owned(), first: NOW - ago };
    Course {
        standing: Some(standing),
        first: NOW - 10 * HOUR,
        hours: hours(),
        carriers: vec![
            (carrier(None, "bbs.qingshi.example", 10 * HOUR), 14),
            (carrier(Some(Tier::Provincial), "河北日报<b>", 2 * HOUR), 2),
        ],
        warnings: vec![(NOW - HOUR, alert())],
    }
}

/// What became of two of them: one was counted and deleted, one changed.
fn lives() -> BTreeMap<i64, Became> {
    let reading = |ago: i64, views: u64, replies: u64| Reading {
        at: NOW - ago,
        counts: Reactions { views: Some(views), replies: Some(replies), ..Reactions::default() },
    };
    let readings = vec![
        reading(10 * HOUR, 12, 0),
        reading(9 * HOUR, 640, 11),
        reading(5 * HOUR, 3_100, 40),
        reading(2 * HOUR, 3_812, 46),
    ];
    let part = |change, text: &str| Part { change, text: text.to_owned() };
    let parts = vec![
        part(Change::Same, "县供水站"),
        part(Change::Removed, "明天"),
        part(Change::Added, "后天<b>"),
        part(Change::Same, "停水。"),
    ];
    let changes = vec![Changed { version: 2, at: NOW - HOUR, parts }];
    BTreeMap::from([
        (1, Became { readings, deleted: Some((NOW - 2 * HOUR, NOW - HOUR)), changes: Vec::new() }),
        (3, Became { changes, ..Became::default() }),
    ])
}

/// The figures.
pub(super) const FIGURES: Figures = Figures { open: 4, new: 3, posts: 1_248, mentions: 61 };

/// A store that holds the rows above.
pub(super) struct Fixed;

impl Rows for Fixed {
    fn figures(&self) -> Result<Figures, Unanswered> {
        Ok(FIGURES)
    }

    fn incidents(&self, query: &IncidentQuery) -> Result<Vec<IncidentRow>, Unanswered> {
        let found = |i: &IncidentRow| match query.category {
            CategoryFilter::Any => true,
            CategoryFilter::Without => i.category.is_none(),
            CategoryFilter::Only(category) => i.category == Some(category),
        };
        let older = |i: &IncidentRow| query.before.is_none_or(|end| (i.latest, i.id) < end);
        let kept = |i: &IncidentRow| found(i) && older(i) && (!query.open || i.state.is_open());
        Ok(incidents().into_iter().filter(kept).take(query.limit.unwrap_or(usize::MAX)).collect())
    }

    fn per_day(&self, since: Timestamp, utc_offset: i32) -> Result<Vec<SeriesPoint>, Unanswered> {
        let today = NOW - (NOW + i64::from(utc_offset)).rem_euclid(24 * HOUR);
        let point = |ago: i64, category, posts| SeriesPoint { day: today - ago * 24 * HOUR, category, posts };
        let all = [
            point(28, Some(Category::Suggestion), 2),
            point(5, None, 11),
            point(3, Some(Category::Problem), 21),
            point(3, Some(Category::Sensitive), 3),
            point(0, Some(Category::Problem), 20),
            point(0, None, 4),
        ];
        Ok(all.into_iter().filter(|p| p.day >= since - 24 * HOUR).collect())
    }

    fn incident(&self, id: IncidentId) -> Result<Option<IncidentRow>, Unanswered> {
        Ok(incidents().into_iter().find(|i| i.id == id))
    }

    fn strongest(&self, id: IncidentId, category: Category) -> Result<Option<LabelBy>, Unanswered> {
        let said = posts().into_iter().filter(|p| p.incident == Some(id)).flat_map(|p| p.labels);
        Ok(said.filter(|l| l.says(category)).max_by(|a, b| a.label.score.total_cmp(&b.label.score)))
    }

    fn posts_of(&self, id: IncidentId, limit: usize) -> Result<Vec<PostRow>, Unanswered> {
        Ok(posts().into_iter().filter(|p| p.incident == Some(id)).take(limit).collect())
    }

    fn reach(&self, id: IncidentId) -> Result<Reach, Unanswered> {
        let sight = |post: PostRow| Sight {
            site: post.site,
            medium: post.publisher,
            url: post.url,
            at: post.published.unwrap_or(post.captured),
            views: post.reactions.views,
            copy_of: match post.why {
                Some(Why::Near { to, .. }) => Some(to),
                _ => None,
            },
        };
        Ok(Reach::of(&self.posts_of(id, usize::MAX)?.into_iter().map(sight).collect::<Vec<_>>()))
    }

    fn lives(&self, posts: &[PostRow]) -> Result<BTreeMap<i64, Became>, Unanswered> {
        Ok(lives().into_iter().filter(|(row, _)| posts.iter().any(|post| post.row == *row)).collect())
    }

    fn posts(&self, query: &PostsQuery) -> Result<Found, Unanswered> {
        let hits = |p: &PostRow| {
            let Some(words) = query.search.as_deref() else { return Some(Vec::new()) };
            let at = p.text.find(words)?;
            Some(vec![Hit { part: topic::Part::Text, range: at..at + words.len() }])
        };
        let older = |p: &PostRow| query.list.before.is_none_or(|row| p.row < row);
        let found = posts().into_iter().filter(older).filter_map(|p| hits(&p).map(|hits| (p, hits)));
        Ok(Found { posts: found.take(query.list.limit.unwrap_or(usize::MAX)).collect(), ..Found::default() })
    }

    fn full_days(&self, _: Timestamp) -> Result<Vec<FullDay>, Unanswered> {
        Ok(vec![FullDay { topic: "停水".into(), day: NOW - 2 * 86_400, taken: 200, over: 1_035 }])
    }

    fn choices(&self) -> Result<Choices, Unanswered> {
        Ok(Choices { topics: vec!["停水".into(), "<b>水质</b>".into()], sites: vec!["bbs.qingshi.example".into()] })
    }

    fn watches(&self) -> Result<Arc<[WatchRow]>, Unanswered> {
        Ok(watches().into())
    }

    fn record(&self, query: &RecordQuery) -> Result<Vec<Entry>, Unanswered> {
        let mut entries = Vec::new();
        for row in watches() {
            let sweeps = self.sweeps(&row.watch.id, 24)?;
            let target = row.target().to_owned();
            entries.extend(sweeps.into_iter().map(|sweep| Entry {
                sweep,
                plugin: "feed".into(),
                target: target.clone(),
            }));
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.sweep.id));
        let wanted = |entry: &Entry| {
            query.watch.as_ref().is_none_or(|watch| *watch == entry.sweep.watch)
                && query.since.is_none_or(|since| entry.sweep.started >= since)
                && query.until.is_none_or(|until| entry.sweep.started < until)
                && query.before.is_none_or(|before| entry.sweep.id < before)
                && (!query.failed || !entry.sweep.tally.failures.is_empty())
        };
        entries.retain(wanted);
        entries.truncate(query.limit.unwrap_or(usize::MAX));
        Ok(entries)
    }

    fn coverage(&self, since: Timestamp, now: Timestamp) -> Result<Statement, Unanswered> {
        let watched = watches().into_iter().map(|row| Watched {
            gaps: gaps(&row.watch.id),
            first: row.last.as_ref().map(|_| NOW - 20 * 24 * HOUR),
            covered: row.heard,
            halted: row.halted.is_some(),
            due: row.due,
            ceiling: HOUR,
            id: row.watch.id,
        });
        Ok(Statement::of(Span { since, until: now }, watched.collect(), Some(NOW)))
    }

    fn notices(&self, limit: usize) -> Result<Vec<Notice>, Unanswered> {
        let notice = |id, ago, watch: &str, told, cause| Notice {
            id,
            at: NOW - ago,
            watch: watch.to_owned(),
            told,
            cause,
            since: NOW - 22 * HOUR,
            times: 4,
        };
        let blocked = Cause::Failed(FailureKind::Blocked);
        let all = vec![
            notice(3, HOUR, "county-forum", Told::Silent, blocked),
            notice(2, 6 * HOUR, "microblog", Told::Recovered, Cause::Off),
            notice(1, 7 * HOUR, "microblog", Told::Silent, Cause::Off),
        ];
        Ok(all.into_iter().take(limit).collect())
    }

    fn risen(&self, _: Timestamp, limit: usize) -> Result<Vec<Risen>, Unanswered> {
        let risen = |kind, id, name: &str, stage, latest| Risen {
            subject: Subject { kind, id, name: name.to_owned() },
            stage,
            since: NOW - HOUR,
            told: Some(Severity::Warning),
            hours: hours(),
            over: if kind == Of::Topic { 1_240 } else { 0 },
            latest,
        };
        let all = vec![
            risen(Of::Incident, 12, "农贸市场停水两天了，鱼都死了谁赔？", Stage::Growing, Some((NOW - HOUR, alert()))),
            risen(Of::Topic, 3, "供水<b>", Stage::Fading, None),
        ];
        Ok(all.into_iter().take(limit).collect())
    }

    fn unacknowledged(&self, _: usize) -> Result<(Vec<Unacknowledged>, u64), Unanswered> {
        let escalations = vec![Escalation { clock: Some("facts".to_owned()), at: NOW - HOUR }];
        let title = Some("路面塌了<script>alert(1)</script>".to_owned());
        Ok((vec![Unacknowledged { incident: 12, title, since: NOW - HOUR, escalations }], 3))
    }

    fn course(&self, incident: IncidentId) -> Result<Course, Unanswered> {
        Ok(if incident == 12 { course() } else { Course::default() })
    }

    fn sweeps(&self, watch: &str, limit: usize) -> Result<Vec<Sweep>, Unanswered> {
        let row = watches().into_iter().find(|w| w.watch.id == watch);
        let count = if row.as_ref().is_some_and(|w| w.last.is_some()) { 18 } else { 0 };
        let mut all: Vec<Sweep> =
            (0..count).map(|n: i64| sweep(watch, NOW - (20 - n) * 10 * MINUTE, (n * 7 % 5).unsigned_abs())).collect();
        if let Some(last) = row.filter(|r| r.failing > 0).and_then(|r| r.last) {
            let failures = last.tally.failures.clone();
            for sweep in all.iter_mut().rev().take(4) {
                sweep.tally = SweepTally { failures: failures.clone(), ..SweepTally::default() };
            }
        }
        let from = all.len().saturating_sub(limit);
        Ok(all.split_off(from))
    }
}

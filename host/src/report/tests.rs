//! Every kind of report from the same facts, in both languages and all formats.

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;

use super::facts::*;
use super::*;
use crate::coverage::statement::{Span, Statement, Watched};
use crate::coverage::{Cause, Gap};
use crate::document::picture::Fonts;
use crate::document::{Block, Run, docx, html, markdown, said, sheet};
use crate::incident::clock::ClockEvent;
use crate::incident::clock::response::responses;
use crate::incident::event::{Actor, Event, Note, Recorded};
use crate::incident::life::{Assessed, Incident};
use crate::incident::reach::{Reach, Sight};
use crate::incident::{Category, State};
use crate::plan::Plan;
use crate::record::Entry;
use crate::reply::{Publication, Reply};
use crate::watch::{FailureKind, Sweep, SweepFailure, SweepTally};

/// 2026-06-30 00:00 in Shanghai.
const DAY: Timestamp = 1_782_748_800;
const HOUR: i64 = 3600;

fn heard(n: i64, mood: Option<Mood>) -> Heard {
    Heard {
        row: n,
        version: 1,
        capture: (n != 9).then_some(100 + n),
        site: "bbs.yunxi.example".into(),
        url: format!("https://bbs.yunxi.example/thread/{n}.html"),
        title: Some(format!("城东充电桩离幼儿园太近（{n}）")),
        text: "充电桩离幼儿园围墙不到十米，家长们都很担心，希望有关部门重新选址。".into(),
        published: Some(DAY + n * HOUR),
        captured: DAY + n * HOUR + 600,
        views: Some(1200),
        mood,
        suggested: (n == 3).then(|| ("model@0.1.0".to_owned(), "涉及儿童安全，建议尽快回应".to_owned())),
    }
}

fn coverage(since: Timestamp, until: Timestamp) -> Statement {
    let gap = Gap {
        id: 1,
        watch: "forum".into(),
        cause: Cause::Failed(FailureKind::Blocked),
        detail: None,
        partial: false,
        from: since + HOUR,
        until: None,
        closed: None,
        filled: None,
        found: None,
    };
    let watch = |id: &str, gaps| Watched {
        id: id.into(),
        due: Some(until),
        covered: Some(until),
        halted: false,
        first: Some(since),
        ceiling: HOUR,
        gaps,
    };
    Statement::of(Span { since, until }, vec![watch("forum", vec![gap]), watch("news", Vec::new())], Some(until))
}

fn matter(cited: Vec<Heard>) -> Matter {
    Matter {
        id: 12,
        title: "城东充电桩选址引发家长担忧".into(),
        category: Some(Category::Problem),
        decided: true,
        level: Some("iii".into()),
        state: State::Handling,
        stage: crate::warning::Stage::Growing,
        opened: DAY + 2 * HOUR,
        posts: 36,
        whole: 42,
        sites: 3,
        answered: None,
        cited,
    }
}

fn period() -> Period {
    let span = Span { since: DAY, until: DAY + 24 * HOUR };
    let volume = Volume {
        days: vec![Day { from: DAY, posts: [36, 2, 0, 8, 0, 4] }],
        sites: vec![("bbs.yunxi.example".into(), 30), ("news.yunxi.example".into(), 20)],
        moods: Moods { critical: 20, favourable: 3, unmarked: 27 },
        incidents: [(12, 36)].into(),
        critical: vec![heard(2, Some(Mood::Critical)), heard(3, Some(Mood::Critical))],
        favourable: vec![heard(4, Some(Mood::Favourable))],
    };
    let kept = |clock: &str, kept, missed, running| Kept { clock: clock.into(), kept, missed, running };
    Period {
        span,
        volume,
        before: 40,
        topics: vec![("本局管理".into(), 50)],
        matters: vec![matter(vec![heard(2, None), heard(5, None)])],
        opened: 2,
        closed: 1,
        open: 4,
        clocks: vec![kept("answer", 3, 1, 2), kept("facts", 1, 0, 0)],
        responses: responses(&[], span.until),
        coverage: coverage(span.since, span.until),
    }
}

fn dossier() -> Dossier {
    let mut incident = Incident {
        born: true,
        state: State::Handling,
        opened: DAY + 2 * HOUR,
        owner: Some("u5".into()),
        assessed: Some(Assessed {
            category: Category::Problem,
            level: Some("iii".into()),
            by: "leading-group".into(),
            at: DAY + 3 * HOUR,
            plan: Plan::built_in().digest(),
        }),
        ..Incident::default()
    };
    incident.clocks.apply(&ClockEvent::Started {
        clock: "answer".into(),
        round: 1,
        from: DAY,
        due: DAY + 6 * HOUR,
        overdue: false,
    });
    let person = Actor::Person { user: "u4".into(), role: crate::incident::event::Role::LeadingGroup, token: None };
    let note = Note { id: 1, seal: String::new() };
    let assessed =
        Event::Assessed { category: Category::Problem, level: Some("iii".into()), note, plan: String::new() };
    let recorded = |seq, event, by: &Actor| Recorded { seq, at: DAY + 3 * HOUR, incident: 12, by: by.clone(), event };
    let sight = |site: &str, at| Sight { site: site.into(), url: format!("https://{site}/"), at, ..Sight::default() };
    let reply = Reply {
        channel: "letters".into(),
        authors: vec!["u5".into()],
        reviewer: Some("u6".into()),
        approver: Some("u8".into()),
        published: Some(Publication { account: "letters:fg".into(), at: DAY + 9 * HOUR }),
        ..Reply::default()
    };
    Dossier {
        matter: matter(vec![heard(2, None), heard(9, None)]),
        plan: Plan::built_in().clone(),
        history: vec![Happened {
            recorded: recorded(2, assessed, &person), note: Some("选址公示不充分".into())
        }],
        reach: Reach::of(&[sight("bbs.yunxi.example", DAY), sight("news.yunxi.example", DAY + 5 * HOUR)]),
        hours: vec![(DAY / HOUR, 3), (DAY / HOUR + 2, 9)],
        media: vec![("云溪日报".into(), crate::warning::media::Tier::Local)],
        alert: None,
        deleted: 1,
        moods: Moods { critical: 20, favourable: 3, unmarked: 19 },
        voices: vec![heard(2, Some(Mood::Critical)), heard(4, Some(Mood::Favourable))],
        answers: vec![Answer {
            id: 3, reply, text: Some("已暂停施工。\n将重新公示。".into()), receipt: None
        }],
        referrals: vec![(1, crate::referral::Referral::default(), Some(heard(2, None)))],
        evidence: vec![Piece {
            capture: 102,
            url: "https://bbs.yunxi.example/".into(),
            at: DAY,
            digest: "ab".repeat(32),
        }],
        coverage: coverage(DAY, DAY + 12 * HOUR),
        incident,
    }
}

fn sweeps() -> Sweeps {
    let failure = SweepFailure { kind: FailureKind::Blocked, detail: "captcha".into() };
    let tally = SweepTally { seen: 20, new: 3, matched: 2, failures: vec![failure], ..SweepTally::default() };
    let sweep = Sweep { id: 7, watch: "forum".into(), started: DAY + HOUR, ended: Some(DAY + HOUR + 9), tally };
    let entry = Entry { sweep, plugin: "feed".into(), target: "https://bbs.yunxi.example/rss".into() };
    let span = Span { since: DAY, until: DAY + 24 * HOUR };
    Sweeps { span, entries: vec![entry], all: 1, failed: 1, coverage: coverage(span.since, span.until) }
}

fn facts(kind: Kind) -> Facts {
    match kind {
        Kind::Daily | Kind::Weekly | Kind::Monthly => Facts::Period(Box::new(period())),
        Kind::Record => Facts::Sweeps(Box::new(sweeps())),
        _ => Facts::Dossier(Box::new(dossier())),
    }
}

fn written(kind: Kind, facts: &Facts, lang: Lang) -> Document {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let people: BTreeMap<String, String> = [("u4", "李主任"), ("u5", "陈科长"), ("u6", "韩法制"), ("u8", "周局长")]
        .map(|(id, name)| (id.into(), name.into()))
        .into();
    let frame = Frame {
        lang,
        zone: &zone,
        now: DAY + 12 * HOUR,
        organisation: "云溪县发展和改革局",
        plan: Plan::built_in(),
        people: &people,
        number: None,
    };
    write(kind, facts, &frame).unwrap()
}

fn text(document: &Document) -> String {
    markdown::write(document)
}

#[test]
fn every_kind_says_what_was_not_heard_and_leaves_no_slot_of_its_own_unfilled() {
    for kind in Kind::ALL {
        for lang in Lang::ALL {
            let document = written(kind, &facts(kind), lang);
            let told = text(&document);
            let notes: Vec<String> = document
                .blocks
                .iter()
                .filter_map(|block| if let Block::Note(runs) = block { Some(said(runs)) } else { None })
                .collect();
            assert!(notes.iter().any(|note| note.starts_with(&lang.t("report.coverage"))), "{kind:?}: {notes:?}");
            assert!(notes.iter().any(|note| note.contains("forum")), "the gap is named: {kind:?}: {notes:?}");
            assert!(!told.contains("%{") && !told.contains("report."), "{kind:?} {lang:?}: {told}");
            assert!(!html::write(&document).contains("%{"), "{kind:?}");
            assert!(docx::write(&document, &Fonts::none()).unwrap().starts_with(b"PK"), "{kind:?}");
            assert!(sheet::xlsx(&document).unwrap().starts_with(b"PK"), "{kind:?}");
        }
    }
}

#[test]
fn a_sentence_about_an_incident_cites_or_says_that_it_cannot() {
    for kind in [Kind::Flash, Kind::Special, Kind::Summary, Kind::Daily, Kind::Monthly] {
        let with = written(kind, &facts(kind), Lang::Zh);
        assert!(!with.sources.is_empty(), "{kind:?}");
        assert!(with.sources.iter().any(|source| source.capture.as_str() == "102"), "{kind:?}: {:?}", with.sources);
        let mut bare = facts(kind);
        match &mut bare {
            Facts::Dossier(dossier) => {
                dossier.matter.cited.clear();
                dossier.voices.clear();
            }
            Facts::Period(period) => {
                period.matters[0].cited.clear();
                period.volume.critical.clear();
                period.volume.favourable.clear();
            }
            Facts::Sweeps(_) => {}
        }
        let without = written(kind, &bare, Lang::Zh);
        assert_eq!(without.sources, [], "{kind:?}");
        let told = text(&without);
        assert!(told.contains("—（无依据，待补）"), "{kind:?}: {told}");
        assert!(!told.contains("幼儿园围墙"), "{kind:?}");
    }
    let uncaptured = written(Kind::Flash, &facts(Kind::Flash), Lang::Zh);
    assert!(uncaptured.sources.iter().any(|source| source.capture.as_str() == "未截存（信息 9）"));
}

#[test]
fn criticism_stands_beside_praise_and_neither_is_made_up() {
    for kind in [Kind::Daily, Kind::Weekly, Kind::Monthly, Kind::Special, Kind::Summary] {
        let told = text(&written(kind, &facts(kind), Lang::Zh));
        let (critical, favourable) = (told.find("批评").unwrap(), told.rfind("肯定").unwrap());
        assert!(critical < favourable, "{kind:?}");
        assert!(told.contains("标为批评 20 条、肯定 3 条"), "a label is called a label: {kind:?}: {told}");
    }
    let mut silent = period();
    silent.volume.favourable.clear();
    let told = text(&written(Kind::Daily, &Facts::Period(Box::new(silent)), Lang::Zh));
    assert!(told.contains("**肯定：**未听到标为此类的信息。"), "{told}");
}

#[test]
fn the_head_of_a_special_report_has_two_hundred_characters_and_begins_with_the_risk() {
    let head = |dossier: Dossier| {
        let document = written(Kind::Special, &Facts::Dossier(Box::new(dossier)), Lang::Zh);
        let found = document
            .blocks
            .iter()
            .find_map(|block| if let Block::Summary(runs) = block { Some(said(runs)) } else { None });
        found.unwrap()
    };
    let told = head(dossier());
    assert!(told.starts_with("核心风险：时限“"), "{told}");
    assert!(told.contains("已超时 6 小时"), "{told}");
    assert!(told.chars().count() <= special::HEAD, "{told}");
    let mut long = dossier();
    long.matter.title = "很长的标题".repeat(100);
    long.media = vec![("中央媒体".repeat(60), crate::warning::media::Tier::Central)];
    long.incident.clocks = Default::default();
    let told = head(long);
    assert!(told.chars().count() <= special::HEAD, "{}", told.chars().count());
    assert!(told.starts_with("核心风险："), "{told}");
    let mut calm = dossier();
    calm.incident.clocks = Default::default();
    calm.matter.stage = crate::warning::Stage::Quiet;
    calm.matter.answered = Some(DAY + 9 * HOUR);
    calm.deleted = 0;
    assert!(head(calm).contains("目前没有超时、没有加速传播。"));
}

#[test]
fn a_daily_report_is_read_in_a_minute() {
    let mut three = period();
    three.matters = vec![three.matters[0].clone(); 3];
    let document = written(Kind::Daily, &Facts::Period(Box::new(three)), Lang::Zh);
    let body: usize = document
        .blocks
        .iter()
        .map(|block| match block {
            Block::Paragraph(runs) => said(runs).chars().count(),
            Block::Heading(_, words) => words.chars(),
            _ => 0,
        })
        .sum();
    assert!((350..=650).contains(&body), "about 500 characters, not {body}");
}

#[test]
fn what_a_model_suggests_is_marked_wherever_it_is_quoted() {
    let document = written(Kind::Monthly, &facts(Kind::Monthly), Lang::Zh);
    let all: Vec<&Run> = document
        .blocks
        .iter()
        .flat_map(|block| match block {
            Block::List { items, .. } => items.iter().flatten().collect(),
            Block::Paragraph(runs) => runs.iter().collect(),
            _ => Vec::new(),
        })
        .collect();
    let marked: Vec<_> = all.iter().filter(|run| matches!(run, Run::Suggested { .. })).collect();
    assert_eq!(marked.len(), 1);
    let unmarked = all.iter().filter(|run| !matches!(run, Run::Suggested { .. }));
    assert!(unmarked.into_iter().all(|run| !run.words().contains("涉及儿童安全")));
    assert!(text(&document).contains("模型建议，由 model\\@0.1.0 生成，未经人工核实"));
}

#[test]
fn forms_are_filled_with_what_is_known_and_leave_room_for_the_rest() {
    let told = |kind| text(&written(kind, &facts(kind), Lang::Zh));
    let assignment = told(Kind::Assignment);
    for words in ["陈科长", "选址公示不充分", "致歉叫停", "领导批示"] {
        assert!(assignment.contains(words), "{words}: {assignment}");
    }
    let approval = told(Kind::Approval);
    for words in ["已暂停施工。<br>将重新公示。", "韩法制", "周局长", "letters:fg"] {
        assert!(approval.contains(words), "{words}: {approval}");
    }
    let referral = told(Kind::Referral);
    assert!(referral.contains("批评、意见、情绪和未经核实的内容不属移送范围"), "{referral}");
    let archive = told(Kind::Archive);
    assert!(archive.contains(&"ab".repeat(32)) && archive.contains("| 102 |"), "{archive}");
    let record = told(Kind::Record);
    assert!(record.contains("未听到：blocked 1") && record.contains("| 20 | 3 | 2 |"), "{record}");
}

#[test]
fn facts_of_another_kind_are_refused() {
    let zone = TimeZone::UTC;
    let people = BTreeMap::new();
    let frame = Frame {
        lang: Lang::En,
        zone: &zone,
        now: DAY,
        organisation: "",
        plan: Plan::built_in(),
        people: &people,
        number: None,
    };
    assert_eq!(write(Kind::Flash, &facts(Kind::Daily), &frame), Err(Misfit(Kind::Flash)));
}

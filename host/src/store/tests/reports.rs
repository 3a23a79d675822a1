//! What reports rest on: counted once, and right.

use super::*;
use crate::coverage::statement::Span;
use crate::plan::Plan;
use crate::report::Kind;
use crate::report::facts::Mood;
use crate::reporting::{Setting, Subject, prepare, shelf};
use jiff::tz::TimeZone;

/// 2026-06-29 00:00 in Shanghai.
const MONDAY: i64 = 1_782_662_400;
const DAY: i64 = 86_400;

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn said(n: u64, at: i64, category: &str, mood: Option<&str>, shares: u64) -> Prepared {
    let mut p = prepared(post(&n.to_string(), &text(n)));
    p.post.published = Some(at);
    p.post.reactions = Reactions { shares: Some(shares), ..Reactions::default() };
    p.labels = vec![label(category, 0.9)];
    if let Some(mood) = mood {
        p.labels.push(LabelBy { group: "sentiment".into(), ..label(mood, 0.7) });
    }
    p
}

fn setting(now: i64) -> Setting {
    Setting {
        organisation: "县发改局".into(),
        zone: zone(),
        plan: Plan::built_in().clone(),
        lang: crate::lang::Lang::Zh,
        now,
        number: None,
    }
}

#[test]
fn a_span_is_counted_by_day_category_site_and_label() {
    let (_dir, store) = store();
    let posts = vec![
        said(1, MONDAY - 1, "problem", None, 0),
        said(2, MONDAY, "problem", Some("negative"), 1),
        said(3, MONDAY + DAY - 1, "problem", Some("negative"), 9),
        said(4, MONDAY + DAY, "suggestion", Some("positive"), 2),
        said(5, MONDAY + 2 * DAY, "suggestion", None, 0),
    ];
    store.ingest(Batch { captured: MONDAY + 3 * DAY, ..batch(posts) }).unwrap();
    let other = Batch {
        site: "news.example".into(),
        captured: MONDAY + 3 * DAY,
        ..batch(vec![said(6, MONDAY + 10, "sensitive", None, 0)])
    };
    store.ingest(other).unwrap();
    let reader = store.reader().unwrap();
    let span = Span { since: MONDAY, until: MONDAY + 2 * DAY };
    let period = reader.period(span, &zone()).unwrap();
    let days: Vec<_> = period.volume.days.iter().map(|day| (day.from, day.posts)).collect();
    assert_eq!(days, [(MONDAY, [2, 0, 1, 0, 0, 0]), (MONDAY + DAY, [0, 0, 0, 1, 0, 0])]);
    assert_eq!(period.volume.sites, [("bbs.example".to_owned(), 3), ("news.example".to_owned(), 1)]);
    let moods = period.volume.moods;
    assert_eq!((moods.critical, moods.favourable, moods.unmarked), (2, 1, 1));
    assert_eq!(period.before, 1);
    let loudest = period.volume.critical.first().unwrap();
    assert_eq!((loudest.mood, &*loudest.url), (Some(Mood::Critical), "https://bbs.example/thread/3.html"));
    assert_eq!(period.volume.critical.len(), 2, "of two incidents");
    assert_eq!((period.opened, period.open), (0, 6), "captured after the span");
    assert_eq!(period.matters.len(), 4);
}

/// A text that quotes the words that are counted is not counted for them.
#[test]
fn a_label_is_no_word_of_the_post() {
    let (_dir, store) = store();
    let mut hostile = said(1, MONDAY, "problem", None, 0);
    hostile.labels[0].label.evidence = vec!["\"name\":\"negative\"".into()];
    store.ingest(Batch { captured: MONDAY + 60, ..batch(vec![hostile]) }).unwrap();
    let span = Span { since: MONDAY, until: MONDAY + DAY };
    let moods = store.reader().unwrap().period(span, &zone()).unwrap().volume.moods;
    assert_eq!((moods.critical, moods.unmarked), (0, 1));
}

#[test]
fn clocks_are_kept_or_missed_by_the_end_of_the_span() {
    let (_dir, store) = store();
    let head = head(&store);
    store.ingest(Batch { captured: NOW, ..batch(vec![said(1, NOW - 60, "emergency", None, 0)]) }).unwrap();
    assess(&store, &head, 1, Category::Emergency, NOW + 600).unwrap();
    let reader = store.reader().unwrap();
    let fates = |until: i64| {
        let period = reader.period(Span { since: NOW - 3600, until }, &zone()).unwrap();
        let facts = period.clocks.into_iter().find(|clock| clock.clock == "facts").unwrap();
        (facts.kept, facts.missed, facts.running)
    };
    assert_eq!(fates(NOW + 3600), (0, 0, 1));
    assert_eq!(fates(NOW + 2 * 3600 + 1), (0, 1, 0), "the two hours are over");
}

#[test]
fn a_case_has_what_was_said_done_and_kept() {
    let (_dir, store) = store();
    let head = head(&store);
    store.ingest(Batch { captured: NOW, ..batch(vec![said(1, NOW - 60, "problem", Some("negative"), 3)]) }).unwrap();
    assess(&store, &head, 1, Category::Problem, NOW + 60).unwrap();
    let reader = store.reader().unwrap();
    let dossier = reader.dossier(1, Plan::built_in(), NOW + 120).unwrap().unwrap();
    assert_eq!((dossier.matter.whole, dossier.matter.decided, dossier.moods.critical), (1, true, 1));
    assert_eq!(dossier.matter.cited.len(), 1);
    assert_eq!(dossier.voices[0].mood, Some(Mood::Critical));
    assert!(dossier.history.iter().any(|one| one.note.as_deref() == Some("张三确有其事")));
    assert!(!dossier.incident.clocks.clocks().is_empty());
    assert_eq!(reader.dossier(2, Plan::built_in(), NOW).unwrap(), None);
    let missing = prepare(&reader, Kind::Flash, Subject::Incident(2), &setting(NOW)).unwrap_err();
    assert!(missing.to_string().contains("no such incident: 2"), "{missing}");
}

#[test]
fn regular_reports_are_written_once_and_only_of_what_was_listened_to() {
    let (dir, store) = store();
    let shelf = dir.path().join("reports");
    let reader = store.reader().unwrap();
    let written = |now: i64| -> Vec<String> {
        let paths = shelf::write_due(&reader, &shelf, &setting(now)).unwrap().into_iter();
        paths.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let tuesday = MONDAY + DAY + 10 * 3600;
    assert_eq!(written(tuesday), Vec::<String>::new(), "nobody listened");
    store.put_watches(&[watch("a")]).unwrap();
    let sweep = store.begin_sweep("a", MONDAY + 3600).unwrap();
    store.finish_sweep(sweep, MONDAY + 3605, &SweepTally { seen: 1, ..SweepTally::default() }).unwrap();
    assert_eq!(written(MONDAY + 10 * 3600), Vec::<String>::new(), "Sunday is over and was not listened to");
    assert_eq!(written(tuesday), ["daily-2026-06-29.docx", "daily-2026-06-29.html"]);
    assert_eq!(written(tuesday + 60), Vec::<String>::new(), "they are there");
    std::fs::remove_file(shelf.join("daily-2026-06-29.docx")).unwrap();
    assert_eq!(written(tuesday + 120), ["daily-2026-06-29.docx"], "whoever takes one down has it written again");
    // The week and the month in which it began are over a week later.
    let later = written(MONDAY + 7 * DAY + 10 * 3600);
    assert!(later.contains(&"weekly-2026-06-29.docx".to_owned()), "{later:?}");
    assert!(later.contains(&"monthly-2026-06-01.html".to_owned()), "{later:?}");
}

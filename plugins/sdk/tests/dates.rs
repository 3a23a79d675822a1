//! The date reader against date strings that others collected, and against
//! noise.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use caifeng_plugin_sdk::dates::{self, Moment};
use serde_json::Value;

/// 2014-09-01T10:30:00Z, the `now` of the relative cases.
const NOW: i64 = 1_409_567_400;

fn utc(text: &str) -> Moment {
    dates::parse(text, NOW, 0).unwrap_or_else(|| panic!("not read: {text}"))
}

/// Seconds of "2019-09-07T09:59:22" or a part of it.
fn seconds(iso: &str) -> i64 {
    let zeros = "0000-01-01T00:00:00Z";
    utc(&format!("{iso}{}", &zeros[iso.len()..])).timestamp
}

#[test]
fn reads_every_collected_string() {
    let mut failures = Vec::new();
    for line in include_str!("dates.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let input = case["input"].as_str().unwrap();
        let moment = dates::parse(input, NOW, 0);
        let right = if let Some(expected) = case["expected"].as_str() {
            moment.is_some_and(|moment| {
                moment.timestamp == seconds(expected) && moment.day_only != input.contains(':')
                    || expected.ends_with("T00:00:00") && moment.timestamp == seconds(expected)
                    || input.contains('时') && moment.timestamp == seconds(expected)
            })
        } else if case["delta"].is_object() {
            moment.is_some_and(|moment| is_delta(&case, moment))
        } else {
            moment.is_some()
        };
        if !right {
            failures.push(format!("{input}: {moment:?}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

fn is_delta(case: &Value, moment: Moment) -> bool {
    let sign = if case["kind"] == "ago" { -1 } else { 1 };
    let of = |unit: &str| case["delta"][unit].as_i64();
    let expected = match (of("years"), of("months")) {
        (Some(2), _) => seconds("2012-09-01T10:30:00"),
        (_, Some(5)) => seconds("2015-02-01T10:30:00"),
        _ => {
            let units = [("weeks", 604_800), ("days", 86_400), ("hours", 3600), ("minutes", 60)];
            NOW + sign * units.iter().filter_map(|(unit, len)| Some(of(unit)? * len)).sum::<i64>()
        }
    };
    // "昨天" is a day, not a time.
    let expected = if moment.day_only { expected - expected.rem_euclid(86_400) } else { expected };
    moment.timestamp == expected
}

#[test]
fn reads_feed_dates() {
    for (text, expected) in [
        ("Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21"),
        ("Thu, 01 Jan 04 19:48:21 +0800", "2004-01-01T11:48:21"),
        ("Thu, 1 Jan 2004 19:48 EST", "2004-01-02T00:48:00"),
        ("Thu, Jan 01 2004 19:48:21 GMT", "2004-01-01T19:48:21"),
        ("01 Jan 1998 19:48:21 GMT-08:00", "1998-01-02T03:48:21"),
        ("Thu Jan  1 19:48:21 2004", "2004-01-01T19:48:21"),
        ("Thu Jan 01 19:48:21 +0800 2004", "2004-01-01T11:48:21"),
        ("Fri, 2006/09/15 08:19:53 EDT", "2006-09-15T12:19:53"),
        ("2003-12-31T10:14:55-08:00", "2003-12-31T18:14:55"),
        ("2003-12-31T10:14:55.123Z", "2003-12-31T10:14:55"),
        ("2003-12-31 10:14:55 +0800", "2003-12-31T02:14:55"),
        ("20031231T101455", "2003-12-31T10:14:55"),
        ("2003-365", "2003-12-31T00:00:00"),
        ("2004-W01-3", "2003-12-31T00:00:00"),
        ("2003-12", "2003-12-01T00:00:00"),
        ("03-12-31", "2003-12-31T00:00:00"),
        ("1072866895", "2003-12-31T10:34:55"),
        ("1072866895000", "2003-12-31T10:34:55"),
        ("2004-július-13T9:15-05:00", "2004-07-13T14:15:00"),
        ("Κυρ, 11 Ιούλ 2004 12:00:00 EST", "2004-07-11T17:00:00"),
        ("2004-05-25 오후 11:23:17", "2004-05-25T23:23:17"),
        ("2004년 05월 28일  01:31:15", "2004-05-28T01:31:15"),
    ] {
        assert_eq!(utc(text).timestamp, seconds(expected), "{text}");
    }
}

#[test]
fn reads_chinese_dates() {
    // 2022-07-06 is a Wednesday; 12:00 in China.
    let (now, china) = (1_657_080_000, 28_800);
    for (text, expected, day_only) in [
        ("刚刚", "2022-07-06T12:00:00", false),
        ("3分钟前", "2022-07-06T11:57:00", false),
        ("半小时前", "2022-07-06T11:30:00", false),
        ("1小时半前", "2022-07-06T10:30:00", false),
        ("两天前", "2022-07-04T12:00:00", false),
        ("昨天 12:01", "2022-07-05T12:01:00", false),
        ("前天", "2022-07-04T00:00:00", true),
        ("今天 08:00", "2022-07-06T08:00:00", false),
        ("今天 下午3:05", "2022-07-06T15:05:00", false),
        ("上午12:05", "2022-07-06T00:05:00", false),
        ("07-06 12:00", "2022-07-06T12:00:00", false),
        ("12-31 12:00", "2021-12-31T12:00:00", false),
        ("2022年07月06日 12:01", "2022-07-06T12:01:00", false),
        ("2022年7月6日晚上8点半", "2022-07-06T20:30:00", false),
        ("二〇二二年七月六日", "2022-07-06T00:00:00", true),
        ("二○二一年十二月二十三日", "2021-12-23T00:00:00", true),
        ("7月1日", "2022-07-01T00:00:00", true),
        ("星期三", "2022-07-06T00:00:00", true),
        ("周五 10:00", "2022-07-01T10:00:00", false),
        ("上周五", "2022-07-01T00:00:00", true),
        ("２０２２－０７－０６　１２：０１", "2022-07-06T12:01:00", false),
        ("[2022-07-06 12:01:02] 来源：县政府网", "2022-07-06T12:01:02", false),
    ] {
        let moment = dates::parse(text, now, china);
        let expected = Moment { timestamp: seconds(expected) - 28_800, day_only };
        assert_eq!(moment, Some(expected), "{text}");
    }
}

/// What the SDKs in JavaScript and Python read too: `tests/authoring.rs` asks them for the same lines.
#[test]
fn reads_what_the_other_languages_read() {
    let (now, china) = (1_657_080_000, 28_800);
    for line in include_str!("when.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let day_only = case["day_only"] == true;
        let at = case["published"].as_str().map(|iso| seconds(iso.trim_end_matches('Z')));
        assert_eq!(dates::parse(text, now, china), at.map(|timestamp| Moment { timestamp, day_only }), "{text}");
    }
}

#[test]
fn refuses_what_is_no_date() {
    for text in ["", " ", "置顶", "来源：新华社", "2022-13-45", "31 Feb 2022 10:00:00 GMT", "25:61", "0", "abc"]
    {
        assert_eq!(dates::parse(text, NOW, 0), None, "{text}");
    }
}

/// Every string made of the pieces of dates is read or refused, never a panic.
#[test]
fn bears_any_mixture() {
    let pieces = [
        "2022",
        "07",
        "6",
        "-",
        "/",
        ":",
        ".",
        " ",
        "年",
        "月",
        "日",
        "Jan",
        "T",
        "Z",
        "+",
        "W",
        "上午",
        "前",
        "分钟",
        "半",
        "99999999999999999999",
        "昨天",
        "周",
        "一",
        "十",
        ",",
        "é",
        "0",
    ];
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..(state >> 60) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let _ = dates::parse(&text, i64::MAX, 0).or(dates::parse(&text, i64::MIN, -50_400));
        let _ = dates::parse(&text, NOW, 28_800);
    }
}

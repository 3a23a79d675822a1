//! What is made of texts: classified, measured, grouped, compared, held against the past.

use crate::terminal::Place;
use crate::{shows, swept};

#[test]
fn texts_are_classified_in_their_order() {
    let place = Place::new();
    let lines = concat!(
        "{\"id\":\"w1\",\"text\":\"窗口人员态度恶劣，打电话没人接，材料跑了四趟都办不成\"}\n",
        "\n",
        "{\"id\":2,\"title\":\"建议\",\"text\":\"建议在办事大厅增加无障碍通道，方便老年人\"}\n",
        "{\"id\":null,\"text\":\"今天天气很好\"}\n",
    );
    let said = place.run_with("classify", lines).ends(0);
    let ids: Vec<_> = said.json().iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [serde_json::json!("w1"), serde_json::json!(2), serde_json::Value::Null]);
    shows("classify", said);
}

#[test]
fn a_classifier_is_measured_on_labelled_texts() {
    let place = Place::new();
    let labelled = [
        r#"{"title":"路灯坏了没人修","text":"投诉了三次，物业和街道互相推诿，一直没有解决","label":"problem","source":"letters"}"#,
        r#"{"title":"仓库着火","text":"今天凌晨发生火灾，消防员正在现场救援，两人受伤送医","label":"sensitive","alt":"emergency","source":"news"}"#,
        r#"{"text":"今天的晚霞真美，大家晚安","label":null,"source":"news"}"#,
        r#"{"text":"今天的晚霞真美，大家早安","label":"unheard","source":"news"}"#,
    ]
    .join("\n");
    place.write("labelled.jsonl", &labelled);
    let said = place.run("evaluate labelled.jsonl --json").ends(0);
    let report = &said.json()[0];
    assert_eq!(
        (&report["plugin"], &report["group"], &report["texts"]),
        (&"triage".into(), &"category".into(), &4.into())
    );
    assert_eq!(report["strict"]["accuracy"], 0.5);
    assert_eq!(report["lenient"]["accuracy"], 0.75);
    assert_eq!(report["strict"]["classes"]["sensitive"]["said"]["emergency"], 1);
    assert_eq!(report["calibration"]["labels"], 2);
    assert_eq!(report["by_source"]["letters"]["accuracy"], 1.0);
    assert!(said.err.contains("triage never says unheard"), "{said}");

    let table = place.run_with("evaluate -", &labelled).ends(0);
    for piece in ["accuracy 0.500", "lenient: accuracy 0.750", "expected calibration error", "letters"] {
        assert!(table.out.contains(piece), "{piece}: {table}");
    }
    place.write("bad.jsonl", format!("{labelled}\n{{\"text\":\"好\"}}\n"));
    let bad = place.run("evaluate bad.jsonl").ends(2);
    assert!(bad.err.contains("line 5") && bad.err.contains("label"), "{bad}");
    assert!(place.run("evaluate labelled.jsonl --group mood").ends(2).err.contains("sentiment"));
    assert!(place.run("evaluate nowhere.jsonl").ends(2).err.contains("nowhere.jsonl"));
}

/// A calm start, thirty posts within the hour at noon, and what came after.
fn burst() -> String {
    let noon = 1_772_424_000;
    let answers = (0..30).map(|n| noon + 90 * n).chain((1..6).map(|hour| noon + 5400 * hour));
    let root = format!("{{\"id\":\"root\",\"published\":{},\"site\":\"bbs\"}}\n", noon - 7200);
    answers.fold(root, |lines, at| {
        format!("{lines}{{\"id\":{at},\"parent\":\"root\",\"published\":{at},\"site\":\"bbs\"}}\n")
    })
}

#[test]
fn a_past_is_replayed_and_says_when_it_would_have_warned() {
    let place = Place::new();
    std::fs::write(place.path("burst.jsonl"), burst()).unwrap();
    let said = place.run("backtest burst.jsonl --data data").ends(0);
    shows("backtest", &said);
    let again = place.run("backtest burst.jsonl --data data").ends(0);
    assert_eq!(said.to_string(), again.to_string(), "the same each time");
    let lines = place.run_with("backtest - --data data --format jsonl", &burst()).ends(0).json();
    assert_eq!(lines[0]["warnings"][1]["alert"]["stage"], "growing", "{lines:?}");
    assert!(lines[0]["peaks"][0]["lead_seconds"].as_i64().unwrap() > 900, "{lines:?}");
    assert_eq!((&lines[1]["score"]["missed"], &lines[1]["score"]["false_alarms"]), (&0.into(), &0.into()), "{lines:?}");
    let wrong = place.run_with("backtest - --data data", "{\"published\":\"昨天\"}\n").ends(2);
    assert!(wrong.err.contains("line 1") && wrong.err.contains("2026-03-09"), "{}", wrong.err);
    let missing = place.run("backtest nothing.jsonl --data data").ends(2);
    assert!(missing.err.contains("nothing.jsonl cannot be read"), "{}", missing.err);
}

#[test]
fn warnings_are_listed_and_a_store_is_replayed() {
    let place = swept();
    assert_eq!(place.run("warnings --data data").ends(0).out, "");
    assert_eq!(place.run("warnings --data data --now --format jsonl").ends(0).out, "");
    let replayed = place.run("backtest --data data --format jsonl").ends(0).json();
    assert_eq!(replayed[0]["score"]["missed"], 0, "{replayed:?}");
    assert!(replayed[0]["score"]["subjects"].as_u64().unwrap() > 0, "{replayed:?}");
    let wrong = place.run("warnings --data data --least loud").ends(2);
    assert!(wrong.err.contains("notice, warning or alarm"), "{}", wrong.err);
    let unknown = place.run("backtest --data data --topic 无此主题").ends(2);
    assert!(unknown.err.contains("无此主题"), "{}", unknown.err);
}

/// A full disk under standard output must not look like success.
#[test]
fn posts_of_one_matter_are_grouped_by_the_words_that_tell_of_it() {
    let place = Place::new();
    let lines = "{\"id\":1,\"title\":\"青禾苑小区旁建搅拌站\",\"text\":\"青禾苑小区旁边的搅拌站噪音扰民，灰尘漫天，请管管。\",\"published\":\"2026-03-01 08:00:00\"}\n\
        {\"id\":\"b\",\"text\":\"养老金上个月没有发，社保局电话没人接\"}\n\
        {\"id\":3,\"title\":\"搅拌站何时搬走\",\"text\":\"请问青禾苑附近的搅拌站什么时候搬走？孩子被灰尘呛得咳嗽\",\"published\":1772500000}\n";
    let said = place.run_with("group", lines).ends(0).json();
    assert_eq!((&said[0]["group"], &said[0]["why"]), (&said[2]["group"], &serde_json::Value::Null), "{said:?}");
    assert_eq!((&said[1]["id"], said[1]["group"] != said[0]["group"]), (&serde_json::json!("b"), true), "{said:?}");
    assert_eq!(said[2]["why"]["by"], "words");
    assert!(said[2]["why"]["words"].as_array().unwrap().iter().any(|word| word == "搅拌站"), "{said:?}");
    let wrong = place.run_with("group", "{\"id\":1,\"text\":\"好\",\"published\":\"昨天\"}\n").ends(2);
    assert!(wrong.err.contains("line 1") && wrong.err.contains("2026-03-09"), "{}", wrong.err);
}

#[test]
fn where_an_incident_is_told_is_listed() {
    let place = swept();
    let said = ["places 1 --data data", "places 1 --data data --json"]
        .map(|arguments| place.run(arguments).ends(0).to_string());
    shows("places", said.join("\n"));
    let wrong = place.run("places 99 --data data").ends(2);
    assert_eq!(wrong.err, "error: no such incident: 99 (caifeng incident list lists them)\n");
}

#[test]
fn short_texts_that_say_the_same_are_told_from_others() {
    let place = Place::new();
    let pairs = r#"{"a":"桥西路什么时候恢复供水？","b":"请问桥西路何时恢复供水","label":1}
{"a":"桥西路幼儿园什么时候开学","b":"桥西路养老院什么时候开工","label":0}
"#;
    let said = place.run_with("similar", pairs).ends(0).json();
    assert_eq!((&said[0]["same"], &said[1]["same"]), (&true.into(), &false.into()), "{said:?}");
    assert!(said[1]["apart"].as_array().unwrap().contains(&"幼儿园".into()), "{said:?}");
    let judged = place.run_with("similar --evaluate", pairs).ends(0).json();
    assert_eq!(judged[0], serde_json::json!({"pairs": 2, "accuracy": 1.0, "precision": 1.0, "recall": 1.0}));
    place.run_with("similar", "{\"a\":1}\n").ends(2);
}

#[test]
fn hostile_texts_are_grouped_in_bounds() {
    let place = Place::new();
    let words: String = (0..200_000).map(|n| format!("w{n} ")).collect();
    let texts = [
        "停水".repeat(170_000),
        words,
        "😡".repeat(1_000),
        "\u{200b}".repeat(1_000),
        String::new(),
        "“".repeat(100_000),
    ];
    let line = |(n, text): (usize, &String)| serde_json::json!({"id": n, "text": text}).to_string() + "\n";
    let lines: String = texts.iter().enumerate().map(line).collect();
    let said = place.run_with("group", &lines).ends(0).json();
    let groups: std::collections::BTreeSet<String> = said.iter().map(|line| line["group"].to_string()).collect();
    assert_eq!((said.len(), groups.len()), (texts.len(), texts.len()), "{said:?}");
}

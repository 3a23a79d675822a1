//! The command line as other programs and people meet it: what each command
//! prints, where, and how it ends (0 done, 1 refused, 2 usage, 3 plugin,
//! 4 network, 70 internal).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recording;
mod terminal;

use recording::{Answer, item};
use terminal::{Place, Said};

/// Holds what was said against what is kept, without what differs between machines and days.
#[track_caller]
fn shows(name: &str, said: impl std::fmt::Display) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"[0-9a-f]{64}", "DIGEST");
    settings.add_filter(r#""author":"[0-9a-f]{16}""#, r#""author":"PSEUDONYM""#);
    settings.add_filter(r"\d+ bytes", "N bytes");
    settings.add_filter(r"last used \d{4}-\S+", "last used WHEN");
    settings.add_filter(r"revoked \d{4}-\S+", "revoked WHEN");
    settings.add_filter(r#""bytes":\d{5,}"#, r#""bytes":N"#);
    settings.add_filter(r"/\S+/plugins/", "PLUGINS/");
    // How sure the classifier is, and what the demo holds, is held elsewhere.
    settings.add_filter(r#""score":0\.\d+"#, r#""score":SCORE"#);
    settings.add_filter(r#""(incidents_open|mentions|posts|sweeps)":\d{2,}"#, r#""$1":MANY"#);
    // Whether next year's holidays are known depends on the day.
    settings.add_filter(r"no notice of holidays is known for .*\n", "");
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, said.to_string()));
}

/// Two sites: three letters about one matter, one about another.
fn letters() -> Vec<Answer> {
    let broken = "桥东路的路灯坏了半个月，晚上出门看不见路，打了三次电话都没有人来修，请问什么时候能修好？";
    vec![
        Answer::feed(
            "https://bbs.example/rss",
            &[
                item("a1", "桥东路路灯坏了没人修", broken),
                item("a2", "转发：桥东路路灯坏了没人修", &format!("{broken}转给大家看看。")),
            ],
        ),
        Answer::feed(
            "https://letters.example/rss",
            &[item("b1", "建议在图书馆加装饮水机", "建议在县图书馆二楼阅览室加装一台饮水机，方便看书的学生。")],
        ),
    ]
}

fn swept() -> Place {
    let place = Place::new();
    recording::write(&place.path("letters.warc.gz"), &letters());
    place.run("sweep --plugin feed --replay letters.warc.gz --data data").ends(0);
    place
}

#[test]
fn every_command_explains_itself() {
    let place = Place::new();
    let commands = [
        "",
        "serve",
        "demo",
        "sweep",
        "plugin",
        "plugin list",
        "plugin inspect",
        "plugin build",
        "plugin parse",
        "plugin test",
        "plugin check",
        "plugin fixture",
        "classify",
        "evaluate",
        "search",
        "posts",
        "incident",
        "incident list",
        "incident show",
        "incident assess",
        "incident level",
        "incident assign",
        "incident step",
        "incident note",
        "incident acknowledge",
        "incident pause",
        "incident close",
        "incident merge",
        "incident split",
        "incident undo",
        "topic",
        "topic list",
        "topic check",
        "topic test",
        "places",
        "submit",
        "import",
        "config",
        "config check",
        "config show",
        "config trust-clock",
        "clocks",
        "user",
        "user add",
        "user list",
        "user role",
        "user token",
        "user revoke",
        "audit",
        "audit verify",
        "audit checkpoint",
        "audit permissions",
        "plan",
        "plan check",
        "plan show",
        "plan diff",
        "reply draft",
        "reply receipt",
        "report",
        "publish draft",
        "publish export",
        "referral propose",
        "robots",
        "group",
        "similar",
        "watch list",
        "coverage",
        "record",
        "warnings",
        "backtest",
        "evidence list",
        "evidence export",
        "retain",
    ];
    let pages: Vec<String> =
        commands.iter().map(|command| place.run(&format!("{command} --help")).ends(0).to_string()).collect();
    shows("help", pages.join("\n"));
}

#[test]
fn plugins_are_listed_and_inspected() {
    let place = Place::new();
    let said = ["plugin list", "plugin list --json", "plugin inspect feed", "plugin inspect triage --json"]
        .map(|arguments| place.run(arguments).ends(0).to_string());
    shows("plugins", said.join("\n"));
    for plugin in place.run("plugin list --json").json() {
        for key in ["id", "name", "version", "kind", "path", "digest"] {
            assert!(plugin[key].is_string(), "{key}: {plugin}");
        }
    }
}

#[test]
fn recorded_responses_become_lines() {
    let place = Place::new();
    let mut answers = letters();
    answers.push(Answer {
        url: "https://broken.example/rss".to_owned(),
        status: 200,
        body: "<html>登录</html>".into(),
    });
    answers.push(Answer { url: "https://gone.example/rss".to_owned(), status: 404, body: String::new() });
    recording::write(&place.path("web.warc"), &answers);
    place.write("feed.xml", &answers[0].body);
    let said = [
        "plugin parse feed --warc web.warc",
        "plugin parse feed --warc web.warc --jsonl",
        "plugin parse feed --step feed --fetched 2026-07-01T00:00:00Z --url https://bbs.example/rss feed.xml --jsonl",
    ]
    .map(|arguments| place.run(arguments).ends(0).to_string());
    shows("parse", said.join("\n"));
}

#[test]
fn a_recording_becomes_posts_and_incidents() {
    let place = Place::new();
    recording::write(&place.path("letters.warc.gz"), &letters());
    let said = [
        "sweep --plugin feed --replay letters.warc.gz --data data",
        "sweep --plugin feed --replay letters.warc.gz --data data --json",
        "posts --data data",
        "posts --data data --json",
        "posts --data data --since 2026-07-02",
        "posts --data data --kind comment",
        "search 饮水机 --data data",
        "search 路灯 --data data --limit 1",
        "search 路灯 --data data --limit 1 --json",
        "incident list --data data",
        "incident list --data data --json",
        "incident list --data data --json --limit 1",
        "audit verify --data data",
    ]
    .map(|arguments| place.run(arguments).ends(0).to_string());
    shows("sweep", said.join("\n"));
    for incident in place.run("incident list --data data --json").json() {
        for key in ["id", "title", "category", "category_by", "level", "state", "opened", "posts"] {
            assert!(incident.get(key).is_some(), "{key}: {incident}");
        }
    }
}

#[test]
fn a_search_that_cannot_be_asked_points_at_its_character() {
    let place = swept();
    let said = [
        "search 路灯|(饮水机 --data data",
        "search -路灯 --data data",
        "search @谁 --data data",
        "search 路灯 --kind tweet",
    ]
    .map(|arguments| place.run(arguments).ends(2).to_string());
    shows("search-wrong", said.join("\n"));
}

#[test]
fn topics_are_listed_checked_and_tried_on_the_past() {
    let place = swept();
    let topics = "[[topic]]\nname = \"照明\"\nany = [\"路灯\", \"井盖\"]\ncap = 9\n";
    place.write("data/caifeng.toml", topics);
    let said = [
        ("topic check --data data", 0),
        ("topic check 路灯|(饮水机 --data data", 2),
        ("topic check 桥东|路灯&-(转发|@organisation) --data data --json", 2),
        ("topic test 照明 --data data", 0),
        ("topic test 饮水机|转发 --against 照明 --data data --samples 1", 0),
        ("topic test 饮水机|转发 --against 照明 --data data --samples 1 --json", 0),
        ("topic test 饮水机 --against 供水 --data data", 2),
    ]
    .map(|(arguments, code)| place.run(arguments).ends(code).to_string());
    shows("topics", said.join("\n"));
    let listed = place.run("topic list --data data --json").ends(0).json();
    assert_eq!((listed[0]["name"].as_str(), listed[0]["cap"].as_u64()), (Some("照明"), Some(9)));
}

/// What is printed for people to adopt can be adopted.
#[test]
fn default_topics_are_a_configuration() {
    let place = Place::new();
    let organisation = "[organisation]\nname = \"某县发展和改革局\"\n\n";
    place.write("data/caifeng.toml", organisation.to_owned() + &place.run("topic default").ends(0).out);
    let checked = place.run("topic check --data data").ends(0);
    assert_eq!(checked.out.lines().count(), 13, "{checked}");
    assert!(["行风建设: ", "本局管理: ", "干部队伍建设: "].iter().all(|name| checked.out.contains(name)), "{checked}");
}

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

#[test]
fn the_demo_is_played_once() {
    let place = Place::new();
    shows("demo", place.run("demo --once --json --data demo").ends(0));
    // What was played is not played again.
    let again = place.run("demo --once --json --data demo").ends(0).json().remove(0);
    assert_eq!(again["sweeps"], 0, "{again}");
    place.run("audit verify --data demo").ends(0);
}

#[test]
fn a_record_is_verified_against_a_checkpoint() {
    let place = swept();
    let first = place.run("audit verify --data data --json").ends(0);
    place.write("kept.json", &first.out);
    let anchored = place.run("audit verify --data data --checkpoint kept.json").ends(0);
    let seq = first.json()[0]["checkpoint"]["seq"].clone();
    assert!(anchored.out.contains(&format!("up to event {seq}")), "{anchored}");
    let anchored = place.run("audit verify --data data --checkpoint kept.json --json").ends(0).json().remove(0);
    assert_eq!((&anchored["proof"], &anchored["anchored_to"]), (&"anchored".into(), &seq), "{anchored}");
    // A checkpoint of an empty record saw nothing and proves nothing.
    let mut empty: serde_json::Value = serde_json::from_str(&first.out).unwrap();
    empty["checkpoint"]["seq"] = 0.into();
    place.write("empty.json", empty.to_string());
    let alone = place.run("audit verify --data data --checkpoint empty.json --json").ends(0).json().remove(0);
    assert_eq!((&alone["proof"], &alone["anchored_to"]), (&"consistent".into(), &serde_json::Value::Null), "{alone}");
    // A checkpoint of another record: something was cut off or rewritten.
    let mut other: serde_json::Value = serde_json::from_str(&first.out).unwrap();
    other["checkpoint"]["seq"] = 1_000_000.into();
    place.write("kept.json", other.to_string());
    for arguments in
        ["audit verify --data data --checkpoint kept.json", "audit verify --data data --checkpoint kept.json --json"]
    {
        place.run(arguments).ends(1);
    }
    place.write("kept.json", "not a checkpoint");
    place.run("audit verify --data data --checkpoint kept.json").ends(2);
}

/// Adds the three administrators and a member of the leading group; tokens lie in NAME.token.
fn staffed(place: &Place) {
    for command in [
        "user add wang --role system --data data --out wang.token",
        "user add zhao --role security --data data --token wang.token --out zhao.token",
        "user add qian --role audit --data data --token wang.token --out qian.token",
        "user add li --data data --token wang.token --out li.token",
        "user role li leading-group --data data --token zhao.token",
    ] {
        place.run(command).ends(0);
    }
}

#[test]
fn a_checkpoint_is_signed_and_a_changed_one_proves_nothing() {
    let place = swept();
    staffed(&place);
    let signed = place.run("audit checkpoint --data data --token qian.token").ends(0);
    place.write("kept.json", &signed.out);
    let verify = |more: &str| place.run(&format!("audit verify --data data --checkpoint kept.json {more}"));
    let anchored = verify("--json").ends(0).json().remove(0);
    assert_eq!(anchored["proof"], "anchored", "{anchored}");
    let key = signed.json()[0]["key"].as_str().unwrap().to_owned();
    verify(&format!("--key {key}")).ends(0);
    let other = verify(&format!("--key {}", "0".repeat(64))).ends(1);
    assert!(other.err.contains("another key"), "{other}");
    place.write("kept.json", signed.out.replace("\"at\":", "\"at\":1"));
    let changed = verify("").ends(1);
    assert!(changed.err.contains("changed after it was signed"), "{changed}");
    place.run("audit checkpoint --data data --token li.token").ends(1);
}

#[test]
fn people_act_by_their_token_and_by_nothing_else() {
    let place = swept();
    staffed(&place);
    place.write("nobody.token", format!("caifeng_1_{}\n", "0".repeat(64)));
    place.write("open.token", std::fs::read(place.path("li.token")).unwrap());
    place.run("user role li head --data data --token zhao.token").ends(0);
    let mode = |name: &str, mode| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(place.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("nobody.token", 0o600);
    mode("open.token", 0o640);
    let said = [
        ("user add chen --data data", 1),
        ("user add chen --data data --token li.token", 1),
        ("user add chen --data data --token nobody.token", 1),
        ("user add chen --data data --token open.token", 2),
        ("user add chen --data data --token missing.token", 2),
        ("user add chen --role head --data data --token wang.token", 1),
        ("user add wang --data data --token wang.token", 1),
        ("user add u7 --data data --token wang.token", 1),
        ("user role li audit --data data --token zhao.token", 1),
        ("user role zhao head --data data --token zhao.token", 1),
        ("user role li emperor --data data --token zhao.token", 2),
        ("user revoke wang --data data --token wang.token", 1),
        ("user revoke nobody --data data --token wang.token", 2),
        ("user revoke li --data data --token wang.token", 0),
        ("submit --text 路灯又坏了 --data data --token li.token", 1),
        ("submit --text 路灯又坏了 --data data", 1),
        ("user token li --data data --token wang.token", 2),
        ("user rights", 0),
    ]
    .map(|(arguments, code)| place.run(arguments).ends(code).to_string());
    shows("people", said.join("\n"));
    let users = place.run("user list --data data --json").ends(0).json();
    let seen: Vec<_> = users.iter().map(|user| (user["id"].as_str().unwrap(), user["revoked"].is_null())).collect();
    assert_eq!(seen, [("u1", true), ("u2", true), ("u3", true), ("u4", false)]);
    let everything = format!("{}{}", said.join(""), std::fs::read_to_string(place.path("wang.token")).unwrap());
    let secret = std::fs::read_to_string(place.path("wang.token")).unwrap();
    assert_eq!(everything.matches(secret.trim()).count(), 1, "no command shows a token again");
}

/// With a daemon the kernel says who asks; the rights are the same.
#[test]
fn a_daemon_knows_people_by_their_token() {
    let place = swept();
    staffed(&place);
    let (mut daemon, _) = place.serve("--data data");
    place.run("user role li staff --data data --token zhao.token").ends(0);
    place.run("user role li head --data data --token li.token").ends(1);
    place.run("audit checkpoint --data data --token qian.token").ends(0);
    assert!(daemon.terminate().success());
    place.run("audit verify --data data").ends(0);
}

#[test]
fn whoever_called_is_told_what_to_do() {
    let place = swept();
    place.write("typo.toml", "[organisation]\nname = \"局\"\nalias = [\"县局\"]\n");
    place.write("zone.toml", "[organisation]\ntime_zone = \"Beijing\"\n");
    place.write("not.warc", "this is no recording");
    place.write("feed.xml", "<rss/>");
    let said = [
        "sweep --plugin feed --replay missing.warc.gz --data other",
        "sweep --plugin feed --replay not.warc --data other",
        "sweep --plugin nosuch --replay letters.warc.gz --data other",
        "sweep nosuch --data data",
        "sweep --all --data data",
        "sweep --data data",
        "sweep --all --data data --config typo.toml",
        "serve --data data --config typo.toml",
        "serve --data data --config zone.toml",
        "serve --data data --config missing.toml",
        "serve --data new --bind 0.0.0.0:8080",
        "demo --data new --bind [::]:8080",
        "serve --data new --bind nowhere",
        "demo --once --data data",
        "posts --data nowhere",
        "posts --data data --since yesterday",
        "incident list --data nowhere --json",
        "audit verify --data nowhere",
        "plugin parse feed --warc missing.warc",
        "plugin parse feed --warc not.warc",
        "plugin parse nosuch --warc letters.warc.gz",
        "plugin parse feed --step nosuch --warc letters.warc.gz",
        "plugin parse feed --url https://a.example/ missing.xml",
        "plugin parse feed feed.xml",
        "plugin parse feed --fetched never --url https://a.example/ feed.xml",
        "plugin inspect nosuch",
        "plugin inspect missing.wasm",
        "plugin build missing",
        "classify --plugin nosuch",
    ]
    .map(|arguments| place.run(arguments).ends(2).to_string());
    shows("usage", said.join("\n"));
    assert!(!place.path("new").exists(), "a refused command makes nothing");
    let bad_line = place.run_with("classify", "{\"id\":1,\"text\":\"好\"}\n{\"id\":2}\n").ends(2);
    assert!(bad_line.err.contains("line 2"), "{bad_line}");
}

#[test]
fn a_damaged_store_is_no_mistake_of_whoever_called() {
    let place = swept();
    place.write("data/caifeng.db", "not a database at all, only some text ".repeat(200));
    let said = place.run("serve --data data --bind 127.0.0.1:0").ends(70);
    assert!(said.err.contains("restore it from a backup"), "{said}");
}

#[test]
fn the_demo_and_the_real_thing_keep_apart() {
    let place = Place::new();
    place.run("demo --once --data demo").ends(0);
    place.write("caifeng.toml", "[organisation]\nname = \"县局\"\n");
    let serve = place.run("serve --data demo --config caifeng.toml").ends(2);
    let sweep = place.run("sweep --all --data demo --config caifeng.toml").ends(2);
    shows("apart", format!("{serve}\n{sweep}"));
}

#[test]
fn a_plugin_that_is_at_fault_is_named() {
    let place = swept();
    place.write("bad.wasm", "this is no plugin");
    place.write("data/plugins/broken.wasm", "\0asm\u{1}\0\0\0");
    place.write("crate/plugin.toml", "id = \"mine\"\nversion = \"0.1.0\"\nnaem = \"x\"\n");
    recording::write(
        &place.path("page.warc"),
        &[Answer { url: "https://site.example/".to_owned(), status: 200, body: "<html>登录</html>".into() }],
    );
    let said = [
        "plugin list --data data",
        "plugin inspect bad.wasm",
        "plugin inspect broken --data data",
        "plugin parse broken --warc letters.warc.gz --data data",
        "plugin parse triage --warc letters.warc.gz",
        "plugin build crate",
        "classify --plugin feed",
        "sweep --plugin feed --replay page.warc --data other",
    ]
    .map(|arguments| place.run(arguments).ends(3).to_string());
    shows("plugin-faults", said.join("\n"));
}

#[test]
fn a_site_that_cannot_be_heard_ends_with_4() {
    let place = Place::new();
    let gone = |n: u32, status| Answer { url: format!("https://site{n}.example/"), status, body: String::new() };
    recording::write(&place.path("down.warc"), &[gone(1, 503), gone(2, 500)]);
    shows("network", place.run("sweep --plugin feed --replay down.warc --data data").ends(4));
}

#[test]
fn a_damaged_recording_gives_what_can_be_read() {
    let place = Place::new();
    for (name, gzip) in [("cut.warc", false), ("cut.warc.gz", true)] {
        let whole = recording::bytes(&letters(), gzip);
        place.write(name, &whole[..whole.len() - 300]);
        let parsed = place.run(&format!("plugin parse feed --warc {name} --jsonl")).ends(0);
        let urls: Vec<_> =
            parsed.json().iter().filter(|post| post["id"].is_string()).map(|post| post["source_url"].clone()).collect();
        assert_eq!(urls, ["https://bbs.example/rss", "https://bbs.example/rss"], "{parsed}");
        assert!(parsed.err.contains("damaged"), "{parsed}");
        let swept = place.run(&format!("sweep --plugin feed --replay {name} --data data-{name}")).ends(0);
        assert!(swept.out.contains("\n1 sweeps, 1 heard: 2 new posts"), "{swept}");
        assert!(swept.err.contains(name), "{swept}");
    }
}

/// `| head` closes standard output after the first lines: no error, no panic.
#[test]
fn a_reader_who_leaves_is_no_error() {
    let place = Place::new();
    recording::write(&place.path("many.warc.gz"), &recording::many(60));
    place.run("sweep --plugin feed --replay many.warc.gz --data data").ends(0);
    for command in [
        "posts --data data --json",
        "posts --data data",
        "incident list --data data --json",
        "plugin parse feed --warc many.warc.gz --jsonl",
        "sweep --plugin feed --replay many.warc.gz --data data --json",
    ] {
        let mut shell = place.program("sh");
        let line = format!("{{ \"$0\" {command}; echo ended with $? >&2; }} | head -n 1");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_caifeng")]);
        let said: Said = place.finish(command, shell);
        // A sweep says first that nobody was added here yet.
        assert_eq!((said.out.lines().count(), said.err.lines().last()), (1, Some("ended with 0")), "{said}");
    }
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
fn what_cannot_be_printed_is_an_error() {
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        println!("skipped: no /dev/full here");
        return;
    }
    let place = swept();
    for command in [
        "posts --data data --json",
        "incident list --data data --json",
        "audit verify --data data --json",
        "plugin list --json",
        "plugin inspect feed",
        "plugin parse feed --warc letters.warc.gz --jsonl",
        "sweep --plugin feed --replay letters.warc.gz --data data --json",
    ] {
        let mut program = place.caifeng(command);
        program.stdout(std::fs::File::options().write(true).open(full).unwrap());
        let said = place.finish(command, program).ends(70);
        assert!(said.err.lines().last().is_some_and(|line| line.starts_with("error: ")), "{said}");
    }
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

#[test]
fn the_plan_is_shown_checked_and_compared() {
    let place = Place::new();
    let whole = place.run("plan show --toml --data data").ends(0).out.clone();
    assert_eq!(whole, include_str!("../host/src/plan/default.toml"), "byte for byte: where a plan of one's own begins");
    place.write("plan.toml", whole.replace("publish = [\"spokesperson\"]", "publish = [\"spokesman\"]"));
    place.write("mine.toml", whole.replace("due = \"5h\"", "due = \"4h\""));
    let said = [
        place.run("plan check --data data").ends(0),
        place.run("plan check mine.toml").ends(0),
        place.run("plan check plan.toml").ends(2),
        place.run("plan check plan.toml --json").ends(2),
        place.run("plan check nowhere.toml").ends(2),
        place.run("plan diff built-in mine.toml").ends(0),
        place.run("plan diff built-in mine.toml --json").ends(0),
        place.run("plan diff mine.toml mine.toml").ends(0),
        place.run("plan show --lang fr").ends(2),
    ]
    .map(|said| said.to_string());
    shows("plan", said.join("\n"));
}

//! The command line as other programs and people meet it: what each command
//! prints, where, and how it ends (0 done, 1 refused, 2 usage, 3 plugin,
//! 4 network, 70 internal).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// Rooms of their own: what goes wrong, who acts, what is made of texts.
mod cli {
    mod faults;
    mod people;
    mod texts;
}
mod recording;
mod terminal;

use recording::{Answer, item};
use terminal::Place;

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
        "plugin new",
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
        "plan propose",
        "plan proposals",
        "plan adopt",
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
        "backup",
        "restore",
        "doctor",
        "completions",
        "man",
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
fn the_demo_is_played_once() {
    let place = Place::new();
    shows("demo", place.run("demo --once --json --data demo").ends(0));
    // What was played is not played again.
    let again = place.run("demo --once --json --data demo").ends(0).json().remove(0);
    assert_eq!(again["sweeps"], 0, "{again}");
    place.run("audit verify --data demo").ends(0);
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

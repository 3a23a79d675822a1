//! Cases and drills by the command line alone: the demo's emergency becomes a case, and the case a drill that is scored to
//! the second and out of which there is no door.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod terminal;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;

use people::Office;
use serde_json::Value;
use terminal::{Place, Said, http};

/// When the demo's month ends: a Wednesday morning in the county, longer ago than posts are kept.
const END: &str = "2025-07-02T09:00:00+08:00";
/// What stands in a case and names somebody.
const VILLAGER: &str = "村民刘大山";

/// The demo's month with people in it, its emergency handled, closed, and made a case by zhou; the number of the incident.
fn closed() -> (Office, i64) {
    let place = Place::new();
    place.run(&format!("demo --once --at {END} --data data")).ends(0);
    let office = Office::at(place);
    office.run("wang", "user add feng --out feng.token").ends(0);
    office.run("zhao", "user role feng trainer").ends(0);
    let id = emergency(&office.place, "data");
    office.li(id, "assess", "emergency --level iii --reason 有人送医").ends(0);
    office.li(id, "assign", "chen").ends(0);
    office.chen(id, "step", &format!("on-site --note {VILLAGER}报的警，电话13812345678，值班员到场")).ends(0);
    office.chen(id, "step", "investigate --note 已核实:四人送医").ends(0);
    let reply = answered(&office, "data", id);
    office.li(id, "step", &format!("publish --reply {reply}")).ends(0);
    office.li(id, "close", "--reason 处置完毕").ends(0);
    (office, id)
}

/// The incident that the leak at the market opened.
fn emergency(place: &Place, data: &str) -> i64 {
    let all = place.run(&format!("incident list --data {data} --json --limit 500")).ends(0).json();
    let leak = all.iter().filter(|it| it["title"].as_str().unwrap().contains("泄漏"));
    leak.max_by_key(|it| it["posts"].as_u64()).unwrap()["id"].as_i64().unwrap()
}

/// An answer from its draft to its receipt; its number.
fn answered(office: &Office, data: &str, id: i64) -> i64 {
    let run = |who: &str, command: &str| {
        let said = office.place.run(&format!("{command} --data {data} --token {who}.token --json"));
        let row = said.ends(0).json().remove(0);
        (row["id"].as_i64().unwrap(), row["reply"]["version"].clone())
    };
    let text = "云溪县发展和改革局通报：6时40分发生燃气泄漏，4人送医，阀门已关闭。";
    let (reply, version) = run("chen", &format!("reply draft {id} --form statement --channel media --text {text}"));
    let (_, version) = run("han", &format!("reply review {reply}@{version}"));
    let (_, version) = run("zhou", &format!("reply approve {reply}@{version}"));
    let (_, version) = run("sun", &format!("reply publish {reply}@{version} --account 云溪发改"));
    office.place.write("shot.png", "what the paper printed");
    run("sun", &format!("reply receipt {reply}@{version} --document shot.png"));
    reply
}

/// `ID@VERSION` of the only case.
fn case_at(office: &Office) -> String {
    let row = office.place.run("case list --data data --json").ends(0).json().remove(0);
    format!("{}@{}", row["case"], row["version"])
}

/// The same with its case checked and released.
fn released() -> (Office, i64) {
    let (office, id) = closed();
    office.run("zhou", &format!("case make {id} --lesson 到场要快 --tag 燃气")).ends(0);
    let found = office.run("feng", &format!("case check {}", case_at(&office)));
    if found.code() != 0 {
        panic!("the rules still find somebody: {found}");
    }
    office.run("feng", &format!("case release {}", case_at(&office))).ends(0);
    (office, id)
}

/// A drill that stands still, and its directory.
fn drill(office: &Office) -> String {
    let said = office.place.run("drill 1 --speed 0 --prepare --data data --json").ends(0);
    let path = said.json().remove(0)["path"].as_str().unwrap().to_owned();
    path.replace("PLACE/", "")
}

fn score(place: &Place, drill: &str) -> Value {
    place.run(&format!("drill score --data {drill} --json")).ends(0).json().remove(0)
}

#[test]
fn a_case_names_nobody_is_checked_by_another_and_leaves_only_released() {
    let (office, id) = closed();
    let open = office.place.run("incident list --data data --json --limit 500").ends(0).json();
    let open = open.iter().find(|it| it["state"] == "new").unwrap()["id"].clone();
    let early = office.run("zhou", &format!("case make {open}")).ends(1);
    assert!(early.err.contains("is not closed"), "{early}");
    let admin = office.run("qian", &format!("case make {id}")).ends(1);
    assert!(admin.err.contains("may not do this"), "{admin}");
    office.run("zhou", &format!("case make {id} --lesson 以后先找王局长 --tag 燃气")).ends(0);
    let shown = office.place.run("case show 1 --data data --json").ends(0).json().remove(0);
    let words = shown["posts_shown"].to_string() + &shown["course"].to_string() + &shown["lessons"].to_string();
    for named in ["刘大山", "13812345678", "王局长", "城东农贸市场", "竹溪路"] {
        assert!(!words.contains(named), "{named} is still in it");
    }
    let hidden: Vec<&Value> = shown["hidden_words"].as_array().unwrap().iter().collect();
    let phone = hidden.iter().find(|one| one["kind"] == "phone").unwrap();
    assert_eq!((&phone["was"], &phone["shown"]), (&"13812345678".into(), &"［电话］".into()), "{phone}");
    assert!(phone["at"].is_u64() && phone["place"].as_str().unwrap().starts_with("note "), "{phone}");
    for refused in ["case export 1", "drill 1 --prepare"] {
        let said = office.place.run(&format!("{refused} --data data")).ends(1);
        assert!(said.err.contains("a second person must check and release it first"), "{said}");
    }
    assert_eq!(office.place.run("case search 燃气 --data data").ends(0).out, "");
    let own = office.run("zhou", &format!("case check {}", case_at(&office))).ends(1);
    assert!(own.err.contains("you made this case"), "{own}");
    let seen = case_at(&office);
    office.run("feng", &format!("case hide {seen} --lesson 找电话13987654321那位 --word 燃气公司 --as place")).ends(0);
    let late = office.run("feng", &format!("case check {seen}")).ends(1);
    assert!(late.err.contains("has changed since version 1, it is at 2 now"), "{late}");
    office.run("feng", &format!("case hide {} --tag 13987654321", case_at(&office))).ends(0);
    let named = office.run("feng", &format!("case check {}", case_at(&office))).ends(1);
    assert!(named.err.contains("it still names somebody: tag: 13987654321 (phone)"), "{named}");
    office.run("feng", &format!("case hide {} --harmless 13987654321", case_at(&office))).ends(0);
    office.run("feng", &format!("case check {}", case_at(&office))).ends(0);
    let own = office.run("zhou", &format!("case release {}", case_at(&office))).ends(1);
    assert!(own.err.contains("you made this case"), "{own}");
    office.run("feng", &format!("case release {}", case_at(&office))).ends(0);
    assert!(office.place.run("case search 泄漏 市场 --tag 燃气 --data data").ends(0).out.contains("released"));
    office.place.run("audit verify --data data").ends(0);
}

#[test]
fn a_case_is_handed_out_as_a_sheet_and_outlives_what_it_was_made_of() {
    let (office, _) = released();
    for (form, begins) in [("docx", &b"PK"[..]), ("html", b"<!doctype html>"), ("md", b"#")] {
        office.place.run(&format!("case export 1 --format {form} --data data")).ends(0);
        let file = std::fs::read(office.place.path(&format!("case-1.{form}"))).unwrap();
        assert!(file.starts_with(begins), "{form}");
    }
    let again = office.place.run("case export 1 --format md --data data").ends(2);
    assert!(again.err.contains("is there already"), "{again}");
    let english = office.place.run("case export 1 --format md --lang en -o - --data data").ends(0);
    for words in ["What was done", "go on site", "Case 1", "After"] {
        assert!(english.out.to_lowercase().contains(&words.to_lowercase()), "{words}: {english}");
    }
    // Its time is over: the posts go.
    let before = office.place.run("case show 1 --data data --json").ends(0).json().remove(0);
    office.place.run("demo --once --at 2026-03-01T00:00:00Z --data data").ends(0);
    office.place.run("retain --data data --token wang.token").ends(0);
    let after = office.place.run("case show 1 --data data --json").ends(0).json().remove(0);
    let kept = |shown: &Value| {
        let of_posts = |one: &&Value| one["place"].as_str().unwrap().starts_with("post ");
        let hidden = shown["hidden_words"].as_array().unwrap().iter().filter(of_posts);
        hidden.filter(|one| !one["was"].is_null()).count()
    };
    assert!(kept(&before) > 0 && kept(&after) == 0, "{after}");
    assert_eq!(before["posts_shown"], after["posts_shown"]);
    office.place.run("case export 1 --format html -o later.html --data data").ends(0);
}

/// Of one drill the seconds by hand: what is done when is what `advance` says, and what is due when is what the plan says
/// of first sight.
#[test]
fn a_drill_of_the_demos_emergency_is_scored_to_the_second() {
    let (office, _) = released();
    let place = &office.place;
    let at = drill(&office);
    let run = |who: &str, command: &str| place.run(&format!("{command} --data {at} --token {who}.token"));
    let decides = |who: &str, id: i64, verb: &str, rest: &str| {
        let shown = place.run(&format!("incident show {id} --data {at} --json")).ends(0).json().remove(0);
        run(who, &format!("incident {verb} {id}@{} {rest}", shown["version"]))
    };
    let advance = |by: &str| run("feng", &format!("drill advance --by {by}")).ends(0);
    advance("0s");
    let first = place.run(&format!("incident list --data {at} --json")).ends(0).json();
    let id = first.iter().min_by_key(|it| it["opened"].as_str().unwrap().to_owned()).unwrap()["id"].as_i64().unwrap();
    advance("10m");
    // 600 s after first sight.
    decides("li", id, "assess", "emergency --level iii --reason 有人送医").ends(0);
    decides("li", id, "assign", "chen").ends(0);
    decides("chen", id, "step", "on-site --note 到场").ends(0);
    advance("4801s");
    // 5,401 s: a second after the 90 minutes of the investigation.
    decides("chen", id, "step", "investigate --note 已核实:四人送医").ends(0);
    advance("29m");
    // 7,141 s: 59 s before the two hours.
    let reply = answered(&office, &at, id);
    decides("li", id, "step", &format!("publish --reply {reply}")).ends(0);
    advance("1h");
    // 10,741 s.
    decides("li", id, "close", "--reason 处置完毕").ends(0);
    let told = score(place, &at);
    let clocks: BTreeMap<&str, (&str, i64)> = told["clocks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|clock| clock["incident"] == id)
        .map(|clock| {
            let outcome = (clock["outcome"].as_str().unwrap(), clock["seconds"].as_i64().unwrap());
            (clock["clock"].as_str().unwrap(), outcome)
        })
        .collect();
    let expected = [
        ("answer", ("kept", 48 * 3600 - 7_141)),
        ("facts", ("kept", 59)),
        ("step:investigate", ("late", 1)),
        ("step:on-site", ("kept", 1_200)),
    ];
    for (clock, outcome) in expected {
        assert_eq!(clocks[clock], outcome, "{clock}: {told}");
    }
    assert_eq!(clocks["assess"].0, "kept", "{told}");
    let decisions: BTreeMap<String, &Value> =
        told["decisions"].as_array().unwrap().iter().map(|one| (one["about"].to_string(), one)).collect();
    for (about, after, same) in [
        ("\"category\"", 600, Some(true)),
        ("\"level\"", 600, Some(true)),
        ("\"owner\"", 600, None),
        ("{\"step\":\"on-site\"}", 600, None),
        ("{\"step\":\"investigate\"}", 5_401, None),
        ("\"reply\"", 7_141, None),
        ("{\"step\":\"publish\"}", 7_141, None),
        ("\"close\"", 10_741, None),
    ] {
        let one = decisions[about];
        assert_eq!((one["after"].as_i64(), one["same"].as_bool()), (Some(after), same), "{about}: {one}");
        assert!(one["then_after"].is_i64(), "{about}: {one}");
    }
    let notices = std::fs::read_to_string(place.path(&at).join("notices.jsonl")).unwrap();
    assert!(notices.lines().all(|line| line.contains("\"clock\"")) && notices.contains("facts"), "{notices}");
    place.run(&format!("audit verify --data {at}")).ends(0);
    place.run(&format!("drill score --document --format docx -o score.docx --data {at}")).ends(0);
    let sheet = place.run(&format!("drill score --document --format md --lang en -o - --data {at}")).ends(0);
    for words in ["This was a drill", "0:00:59 left", "late by 0:00:01"] {
        assert!(sheet.out.contains(words), "{words}: {sheet}");
    }
}

#[test]
fn a_team_that_does_nothing_misses_its_clocks_and_another_judges_otherwise() {
    let (office, _) = released();
    let (place, at) = (&office.place, drill(&office));
    place.run(&format!("drill advance --end --data {at} --token feng.token")).ends(0);
    let told = score(place, &at);
    assert_eq!((&told["over"], &told["kept"]), (&true.into(), &0.into()), "{told}");
    let id = told["incident"].as_i64().unwrap();
    let missed = told["clocks"].as_array().unwrap().iter().find(|clock| clock["incident"] == id).unwrap();
    let shown = place.run("drill list --data data --json").ends(0).json().remove(0);
    let seconds = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    let over = seconds(&shown["ends"]) - missed["due"].as_i64().unwrap();
    assert_eq!((&missed["outcome"], &missed["seconds"]), (&"overdue".into(), &over.into()), "{missed}");
    let back = place.run(&format!("drill advance --to 2025-01-01 --data {at} --token feng.token")).ends(2);
    assert!(back.err.contains("only goes forward"), "{back}");
    let second = drill(&office);
    assert_ne!(second, at);
    place.run(&format!("drill advance --by 5m --data {second} --token feng.token")).ends(0);
    let shown = place.run(&format!("incident show {id} --data {second} --json")).ends(0).json().remove(0);
    let assess = format!("incident assess {id}@{} rumour --level iv --reason 不信", shown["version"]);
    place.run(&format!("{assess} --data {second} --token li.token")).ends(0);
    let told = score(place, &second);
    assert_eq!((&told["right"], &told["other"]), (&0.into(), &2.into()), "{told}");
}

#[test]
fn the_trainer_adds_what_nobody_expected() {
    let (office, _) = released();
    let (place, at) = (&office.place, drill(&office));
    let inject = |who: &str, rest: &str| place.run(&format!("drill inject --data {at} --token {who}.token {rest}"));
    let chen = inject("chen", "--text 学校停课了").ends(1);
    assert!(chen.err.contains("may not do this") || chen.err.contains("lead a drill"), "{chen}");
    inject("feng", "--text 中心小学门口又冒气了！").ends(0);
    // Two in one second.
    inject("feng", "--text 有人说已经封路了").ends(0);
    let site = inject("feng", "--text x --site nowhere").ends(2);
    assert!(site.err.contains("no site \"nowhere\": one of ") && site.err.contains("trainer"), "{site}");
    let begins = place.run("drill list --data data --json").ends(0).json().remove(0)["begins"].clone();
    let begins: jiff::Timestamp = begins.as_str().unwrap().parse().unwrap();
    let later = begins + jiff::SignedDuration::from_mins(20);
    inject("feng", &format!("--text 超市的水卖完了 --at {later}")).ends(0);
    let heard = |what: &str| place.run(&format!("posts --data {at}")).ends(0).out.contains(what);
    assert!(heard("又冒气了") && heard("封路了"));
    assert!(!heard("水卖完了"), "its time has not come");
    place.run(&format!("drill advance --by 19m --data {at} --token feng.token")).ends(0);
    assert!(!heard("水卖完了"), "its time has not come");
    place.run(&format!("drill advance --by 1m --data {at} --token feng.token")).ends(0);
    assert!(heard("水卖完了"));
}

/// Every door out of a drill, one after the other, with a listener that would hear anything that got through.
#[test]
fn there_is_no_door_out_of_a_drill() {
    let (office, _) = released();
    let (place, at) = (&office.place, drill(&office));
    place.run(&format!("drill advance --by 2h --data {at} --token feng.token")).ends(0);
    let real = state_of(&place.path("data"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let outside = listener.local_addr().unwrap();
    // As if its operator had allowed it.
    let config = std::fs::read_to_string(place.path(&at).join("caifeng.toml")).unwrap();
    let allowed = config.replace("private = []", &format!("private = [\"{outside}\"]"));
    assert_ne!(config, allowed);
    place.write(&format!("{at}/caifeng.toml"), &allowed);
    place.write("other.toml", format!("[network]\nprivate = [\"{outside}\"]\n[[watch]]\nid = \"w\"\nplugin = \"feed\"\ntarget = {{ listing = \"http://{outside}/\" }}\n"));
    let url = format!("http://{outside}/a");
    for (door, code, words) in [
        (format!("sweep --all --data {at}"), 1, "this is a drill"),
        (format!("sweep --all --config other.toml --data {at}"), 1, "this is a drill"),
        (format!("serve --config other.toml --bind 127.0.0.1:0 --data {at}"), 2, "this is a drill"),
        (format!("retain --data {at}"), 1, "this is a drill"),
        (format!("evidence export 1 --data {at}"), 1, "this is a drill"),
        (format!("record --format csv --data {at}"), 1, "this is a drill"),
        (format!("record --output record.txt --data {at}"), 1, "this is a drill"),
        (format!("referral export 1@1 --data {at} --token han.token"), 1, "this is a drill"),
        (format!("case make 1 --data {at} --token zhou.token"), 1, "this is a drill"),
        (format!("notify test duty --data {at}"), 1, "this is a drill"),
        (format!("report flash --incident 1 --data {at}"), 1, "this is a drill"),
        (format!("publish export public --data {at}"), 1, "this is a drill"),
        (format!("drill 1 --prepare --data {at}"), 2, "is a drill itself"),
        (format!("demo --once --data {at}"), 2, "holds real data"),
    ] {
        let said = place.run(&door).ends(code);
        assert!(said.err.contains(words) && said.err.contains("演练 DRILL"), "{said}");
    }
    // A page that is handed in is looked for in the recording, and kept as what could not be read.
    let handed = place.run(&format!("submit {url} --data {at} --token li.token")).ends(0);
    assert!(handed.err.contains("could not be read"), "{handed}");
    let (mut daemon, address) = place.serve(&format!("--data {at}"));
    place.run(&format!("submit {url}b --data {at} --token li.token")).ends(0);
    let said = place.run(&format!("sweep --all --data {at}")).ends(1);
    assert!(said.err.contains("this is a drill"), "{said}");
    let cookie = office.enters("li", &at, &address);
    for (lang, words) in [("zh-CN", "这里是演练"), ("en", "This is a drill")] {
        for path in ["/", "/incidents", "/incidents/1", "/posts", "/watches", "/coverage", "/sweeps"] {
            let page = http(
                &address,
                &format!("GET {path} HTTP/1.1\nHost: {address}\nAccept-Language: {lang}\nCookie: {cookie}\n"),
            );
            assert!(page.contains("drill-band") && page.contains(words), "{path} in {lang}: {page}");
        }
    }
    assert!(daemon.terminate().success());
    let mut heard = Vec::new();
    if let Ok((mut stream, _)) = listener.accept() {
        let _ = stream.read_to_end(&mut heard);
        panic!("something was reached: {}", String::from_utf8_lossy(&heard));
    }
    assert_eq!(real, state_of(&place.path("data")), "the real thing was touched");
    // Nothing in it leads to what is real.
    let evidence = place.path(&at).join("evidence");
    std::fs::remove_dir_all(&evidence).unwrap();
    std::os::unix::fs::symlink(place.path("data/evidence"), &evidence).unwrap();
    for command in ["incident list", "serve --bind 127.0.0.1:0", "drill advance --by 1m --token feng.token"] {
        let said = place.run(&format!("{command} --data {at}")).ends(2);
        assert!(said.err.contains("leads out of the drill"), "{said}");
    }
}

/// All files of the real thing, without the drills in it and what connections to the store leave behind.
fn state_of(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(data).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "drills" {
                folders.push(path);
            } else if path.is_file() && !name.ends_with("-shm") && !name.ends_with("-wal") {
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    assert!(files.contains_key("caifeng.db") && files.keys().any(|name| name.starts_with("evidence/")));
    files
}

#[test]
fn whatever_is_printed_of_a_drill_says_so() {
    let (office, _) = released();
    let (place, at) = (&office.place, drill(&office));
    place.run(&format!("drill advance --by 2h --data {at} --token feng.token")).ends(0);
    for command in [
        "incident list",
        "incident show 1",
        "posts",
        "search 燃气",
        "clocks",
        "clocks --responses",
        "places 1",
        "watch list",
        "coverage",
        "record",
        "user list",
        "audit verify",
        "evidence list 1",
        "drill score",
    ] {
        let text = place.run(&format!("{command} --data {at}"));
        assert!(is_marked(&text) && text.out.starts_with("【演练 DRILL】"), "{text}");
        if ["watch list", "coverage", "record"].contains(&command) {
            continue;
        }
        let json = place.run(&format!("{command} --json --data {at}"));
        assert!(is_marked(&json) && json.json().iter().all(|line| line["drill"] == true), "{json}");
        let real = place.run(&format!("{command} --data data"));
        assert!(!real.out.contains("演练 DRILL") && !real.err.contains("演练 DRILL"), "{real}");
    }
}

fn is_marked(said: &Said) -> bool {
    said.code() == 0 && said.err.contains("演练 DRILL")
}

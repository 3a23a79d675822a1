//! Disclosures, contacts and feeds by the command line alone: two people through every door, calendars, files of other programs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod site;
mod terminal;

use std::path::Path;

use people::Office;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use site::Site;
use terminal::{Said, http};

const CONFIG: &str = "[organisation]\nname = \"县城管局\"\naccounts = [\"site:cg\", \"group:1\"]\n";

fn office() -> Office {
    let office = Office::new();
    office.place.write("data/caifeng.toml", CONFIG);
    office
}

/// What a command says as JSON.
fn told(said: Said) -> Value {
    said.ends(0).json().remove(0)
}

/// `ID@VERSION`, as the command's JSON says it.
fn at(row: &Value) -> String {
    format!("{}@{}", row["id"], row["disclosure"]["version"])
}

fn does(office: &Office, who: &str, verb: &str, at: &str, rest: &str) -> String {
    self::at(&told(office.run(who, &format!("disclosure {verb} {at} {rest} --json"))))
}

fn show(office: &Office, id: i64) -> Value {
    told(office.place.run(&format!("disclosure show {id} --data data --json")))
}

const TEXT: &str = "县城管局7月1日起分批检修路灯。报修电话：0318-5320000。";

fn drafted(office: &Office, more: &str) -> String {
    let draft = format!(
        "disclosure draft --title 路灯检修安排 --text {TEXT} --channel site --channel wechat-group --json {more}"
    );
    at(&told(office.run("chen", &draft)))
}

#[test]
fn a_disclosure_goes_from_the_calendar_to_its_receipts_by_four_people() {
    let office = office();
    let planned = told(office.run("chen", "disclosure draft --title 路灯检修安排 --channel site --channel wechat-group --planned 2026-07-01 --due 2026-07-05 --json"));
    assert_eq!(planned["disclosure"]["state"], "planned");
    assert_eq!(
        planned["disclosure"]["due"], 1_783_267_200_i64,
        "the end of the fifth in Shanghai: 2026-07-05T16:00:00Z"
    );
    let bare = office.run("han", &format!("disclosure review {}", at(&planned))).ends(1);
    assert!(bare.err.contains("it needs a text first"), "{bare}");
    let drafted = does(&office, "chen", "edit", &at(&planned), &format!("--text {TEXT}"));
    let early = office.place.run("disclosure prepare 1 --data data").ends(1);
    assert!(early.err.contains("it is not approved"), "{early}");
    // Nobody stands behind their own words, in whatever role; and nobody without the right does.
    let own = office.run("chen", &format!("disclosure review {drafted}")).ends(1);
    assert!(own.err.contains("may not do this: leading-group, spokesperson, legal may"), "{own}");
    let by_li = does(&office, "li", "edit", &drafted, "--title 路灯检修安排公告");
    for verb in ["review", "return --reason x"] {
        let said = office.run("li", &format!("disclosure {verb} {by_li}"));
        if verb == "review" {
            assert!(said.ends(1).err.contains("you wrote this text"), "an author in another role");
        }
    }
    let current = show(&office, 1);
    let reviewed = does(&office, "han", "review", &at(&current), "");
    let stale = office.run("zhou", &format!("disclosure approve {drafted}")).ends(1);
    assert!(stale.err.contains("the disclosure has changed since version"), "{stale}");
    let own = office.run("li", &format!("disclosure approve {reviewed}")).ends(1);
    assert!(own.err.contains("you wrote this text"), "{own}");
    let nobody = office.place.run(&format!("disclosure approve {reviewed} --data data")).ends(1);
    assert!(nobody.err.contains("personal token"), "{nobody}");
    let approved = does(&office, "zhou", "approve", &reviewed, "");
    let private = office.run("sun", &format!("disclosure publish {approved} --channel site --account weibo:2")).ends(1);
    assert!(private.err.contains("no registered official account"), "{private}");
    let page = office.place.run("disclosure prepare 1 --channel site --out page.html --data data").ends(0);
    assert_eq!(page.out, "");
    let page = std::fs::read_to_string(office.place.path("page.html")).unwrap();
    for part in ["name=\"ArticleTitle\" content=\"路灯检修安排公告\"", "name=\"ContentSource\" content=\"县城管局\""]
    {
        assert!(page.contains(part), "{page}");
    }
    let group = told(office.place.run("disclosure prepare 1 --channel wechat-group --data data --json"));
    assert_eq!((&group["limit"], &group["characters"]), (&500.into(), &42.into()), "{group}");
    assert_eq!(group["parts"][0], format!("【路灯检修安排公告】\n{TEXT}"));
    let published = does(&office, "sun", "publish", &approved, "--channel site --account site:cg");
    let changed = office.run("chen", &format!("disclosure edit {published} --title 另一个")).ends(1);
    assert!(changed.err.contains("what is published cannot be changed"), "{changed}");
    let both = does(&office, "sun", "publish", &published, "--channel wechat-group --account group:1");
    office.place.write("shot.png", "what the group showed");
    let one = does(&office, "sun", "receipt", &both, "--channel wechat-group --document shot.png");
    let all = does(&office, "sun", "receipt", &one, "--channel site --document page.html");
    let shown = show(&office, 1);
    assert_eq!((&shown["disclosure"]["state"], at(&shown)), (&"receipted".into(), all));
    let history = office.place.run("disclosure show 1 --data data").ends(0);
    for words in
        ["planned  u5 as", "published on site  u7 as spokesperson", "receipt from wechat-group", "approved by u8"]
    {
        assert!(history.out.contains(words), "{words}: {history}");
    }
    office.place.run("audit verify --data data").ends(0);
}

/// What was pasted is looked for on the page that the site shows; its capture is the receipt.
#[test]
fn the_receipt_of_a_page_is_its_capture_and_says_whether_the_text_was_found() {
    let office = Office::new();
    let page = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let shown = std::sync::Arc::clone(&page);
    let site = Site::serve(move |path, _| {
        let html = "200 OK\r\nContent-Type: text/html; charset=utf-8".to_owned();
        if path == "/notice" {
            (html, shown.lock().unwrap().clone())
        } else {
            ("404 Not Found".to_owned(), String::new())
        }
    });
    office.place.write("data/caifeng.toml", format!("{CONFIG}{}", site.config(&[], "")));
    let drafted = at(&told(
        office.run("chen", &format!("disclosure draft --title 路灯检修 --text {TEXT} --channel site --json")),
    ));
    let reviewed = does(&office, "han", "review", &drafted, "");
    let approved = does(&office, "zhou", "approve", &reviewed, "");
    let published = does(&office, "sun", "publish", &approved, "--channel site --account site:cg");
    "<p>别的公告。</p>".clone_into(&mut page.lock().unwrap());
    let url = format!("http://{}/notice", site.at);
    let receipt = format!("disclosure receipt {published} {url} --channel site --json");
    let other = office.run("sun", &receipt).ends(0);
    assert!(other.err.contains("the approved text was not found on it"), "{other}");
    let again = at(&other.json()[0]);
    office.place.run("disclosure prepare 1 --channel site --out page.html --data data").ends(0);
    let pasted = std::fs::read_to_string(office.place.path("page.html")).unwrap();
    page.lock().unwrap().clone_from(&pasted);
    let found = office.run("sun", &format!("disclosure receipt {again} {url} --channel site --json")).ends(0);
    assert!(!found.err.contains("not found"), "{found}");
    let receipt = &found.json()[0]["disclosure"]["outlets"]["site"]["receipt"];
    assert_eq!((&receipt["found"], &receipt["document"]), (&true.into(), &false.into()), "{receipt}");
    let digest = Sha256::digest(pasted.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(receipt["capture"], digest);
    let gone = office
        .run("sun", &format!("disclosure receipt {} http://{}/other --channel site", at(&found.json()[0]), site.at));
    assert!(gone.ends(1).err.contains("the site answers 404"), "a page that is not there is no receipt");
}

/// Whether the text may name somebody is for people to decide; that it may is said at every step.
#[test]
fn a_private_person_in_a_text_is_pointed_at() {
    let office = office();
    let text = "居民王芳反映，3号楼2单元501室门前路灯7月1日修好。联系县城管局0318-5320000。";
    let draft =
        office.run("chen", &format!("disclosure draft --title 路灯 --channel site --text {text} --json")).ends(0);
    assert!(draft.err.contains("it may name private persons: 王芳, 3号楼2单元501室"), "{draft}");
    let review = office.run("han", &format!("disclosure review {}", at(&draft.json()[0]))).ends(0);
    assert!(review.err.contains("it may name private persons: 王芳"), "{review}");
    let shown = office.place.run("disclosure show 1 --lang zh-CN --data data").ends(0);
    assert!(shown.out.contains("name  “王芳”  可能是私人姓名"), "{shown}");
    assert_eq!(show(&office, 1)["people"][1]["kind"], "address");
}

#[test]
fn what_answers_an_incident_is_shown_there_and_approved_by_its_rules() {
    let office = office();
    let text = "桥东路的路灯坏了半个月，晚上出门看不见路，打了三次电话都没有人来修。";
    let id =
        told(office.place.run_with("submit --text - --data data --token li.token --json", text))["incident"].clone();
    let id = id.as_i64().unwrap();
    let unknown =
        office.run("chen", &format!("disclosure draft --title 路灯 --channel site --text {TEXT} --answers 99")).ends(2);
    assert!(unknown.err.contains("no such incident: 99"), "{unknown}");
    let groundless = office
        .run(
            "chen",
            &format!("disclosure draft --title 路灯 --channel site --text 7月1日修好[post:99]。 --answers {id}"),
        )
        .ends(2);
    assert!(groundless.err.contains("[post:99]: there is no such post"), "{groundless}");
    let drafted = drafted(&office, &format!("--answers {id}"));
    let hasty = office.run("han", &format!("disclosure review {drafted}")).ends(1);
    assert!(hasty.err.contains(&format!("incident {id} has no category yet")), "{hasty}");
    office.li(id, "assess", "rumour --reason 查").ends(0);
    let spokesperson = office.run("sun", &format!("disclosure review {drafted}")).ends(1);
    assert!(spokesperson.err.contains("may not do this: legal may"), "a rumour goes past legal: {spokesperson}");
    let reviewed = does(&office, "han", "review", &drafted, "");
    let group = office.run("li", &format!("disclosure approve {reviewed}")).ends(1);
    assert!(group.err.contains("may not do this: head may"), "{group}");
    let approved = does(&office, "zhou", "approve", &reviewed, "");
    let published = does(&office, "sun", "publish", &approved, "--channel site --account site:cg");
    let case = office.case(id);
    let events = case["events"].as_array().unwrap();
    let disclosed = events.iter().find(|told| told["event"]["event"] == "disclosed").unwrap();
    assert_eq!((&disclosed["event"]["disclosure"], &disclosed["event"]["channel"]), (&1.into(), &"site".into()));
    assert_eq!(case["disclosures"][0]["id"], 1);
    let shown = office.place.run(&format!("incident show {id} --data data")).ends(0);
    for words in ["disclosure 1@", "disclosure 1 published on site  ", "(u7) as spokesperson"] {
        assert!(shown.out.contains(words), "{words}: {shown}");
    }
    let listed = office.place.run(&format!("disclosure list --incident {id} --data data")).ends(0);
    assert!(listed.out.starts_with(&published), "{listed}");
    assert_eq!(office.place.run("disclosure list --incident 77 --data data").ends(0).out, "");
    office.place.run("audit verify --data data").ends(0);
}

#[test]
fn what_is_overdue_is_told_by_the_list_and_once_by_the_daemon() {
    let office = office();
    let soon = drafted(&office, "--due 2020-01-05");
    let later = drafted(&office, "--due 2999-01-05");
    let backwards = office.run("chen", &format!("disclosure edit {later} --planned 2999-02-01")).ends(1);
    assert!(backwards.err.contains("due before the day for which it is planned"), "{backwards}");
    let due = office.place.run("disclosure list --due --data data").ends(1);
    assert!(due.out.starts_with(&format!("{soon}  draft")) && due.out.ends_with("OVERDUE\n"), "{due}");
    assert_eq!(due.out.lines().count(), 1, "the other is not due within a week: {due}");
    let (mut daemon, _) = office.place.serve("--data data");
    let overdue = |shown: &Value| {
        let steps = shown["history"].as_array().unwrap();
        steps.iter().filter(|step| step["done"]["what"] == "overdue").count()
    };
    while !daemon.error_line().contains("a disclosure is overdue") {}
    assert!(daemon.terminate().success());
    let (mut daemon, _) = office.place.serve("--data data");
    assert!(daemon.terminate().success());
    assert_eq!(overdue(&show(&office, 1)), 1, "told once");
    let notices = office.place.run("notify list --data data --json").ends(0).json();
    let late: Vec<&Value> = notices.iter().filter(|row| row.to_string().contains("overdue")).collect();
    assert_eq!(late.len(), 1, "{notices:?}");
    assert_eq!(overdue(&show(&office, 2)), 0);
    let current = at(&show(&office, 1));
    does(&office, "chen", "drop", &current, "--reason 不再需要");
    office.place.run("disclosure list --due --data data").ends(0);
}

/// Adds a contact; its number.
fn added(office: &Office, what: &str) -> i64 {
    told(office.run("chen", &format!("contact add {what} --json")))["id"].as_i64().unwrap()
}

#[test]
fn a_contact_is_somebody_in_a_function_and_is_gone_when_it_is_removed() {
    let office = office();
    let person = office.run("chen", "contact add --name 王芳 --phone 13900001111").ends(2);
    assert!(person.err.contains("organisation: missing") && person.err.contains("role: missing"), "{person}");
    office.run("han", "contact add --organisation 河北日报 --role 记者 --phone 110").ends(1);
    let id = added(&office, "--organisation 河北日报 --role 记者 --name 王芳芳 --phone 13900001111");
    let twice =
        office.run("chen", "contact add --organisation 河北日报 --role 记者 --name 王芳芳 --phone 1390").ends(2);
    assert!(twice.err.contains("is the same person in the same function"), "{twice}");
    let submitted =
        office.place.run_with("submit --text - --data data --token li.token --json", "桥东路的路灯坏了半个月了");
    let incident = told(submitted)["incident"].as_i64().unwrap();
    office.run("chen", &format!("contact link {id} --incident {incident}")).ends(0);
    let missing = office.run("chen", &format!("contact link {id} --watch county")).ends(2);
    assert!(missing.err.contains("no such watch: county"), "{missing}");
    let noted = office.run("chen", &format!("contact note {id} --text 答应周五前回复采访 --spoke now --json"));
    assert_eq!(told(noted)["last_by"], "u5");
    let future = office.run("chen", &format!("contact note {id} --text 明年再说 --spoke 2999-01-01")).ends(2);
    assert!(future.err.contains("in the future"), "{future}");
    let shown = office.place.run(&format!("contact show {id} --data data")).ends(0);
    assert!(shown.out.contains("答应周五前回复采访"), "{shown}");
    let case = office.case(incident);
    assert_eq!(
        (&case["contacts"][0]["contact"]["organisation"], &case["contacts"][0]["via"]),
        (&"河北日报".into(), &"itself".into())
    );
    let stale = office.run("chen", &format!("contact edit {id}@7 --role 编辑")).ends(1);
    assert!(stale.err.contains("the contact has changed since version 7, it is at 1 now"), "{stale}");
    let edited = told(office.run("chen", &format!("contact edit {id}@1 --role 编辑 --json")));
    assert_eq!((&edited["role"], &edited["name"], &edited["version"]), (&"编辑".into(), &"王芳芳".into(), &2.into()));
    office.run("chen", &format!("contact remove {id}@2")).ends(0);
    office.place.run(&format!("contact show {id} --data data")).ends(2);
    assert_eq!(office.case(incident)["contacts"].as_array().unwrap().len(), 0);
    let file = std::fs::read(office.place.path("data/caifeng.db")).unwrap();
    for words in ["王芳芳", "13900001111", "答应周五前"] {
        assert!(!file.windows(words.len()).any(|window| window == words.as_bytes()), "{words} is still in the file");
    }
    let next = added(&office, "--organisation 河北日报 --role 新闻热线 --phone 0311-88660000");
    assert!(next > id, "a number that an event names is not given again");
    office.place.run("audit verify --data data").ends(0);
}

/// No option leads from a person to what they said, or looks for a person by name (design §7).
#[test]
fn nobody_is_looked_for_by_name() {
    let office = office();
    let help = office.place.run("contact list --help").ends(0).out;
    for option in ["--name", "--author", "--person", "--post", "--text"] {
        assert!(!help.contains(option), "{option}: {help}");
    }
    for verb in ["list", "show", "export"] {
        office.place.run(&format!("contact {verb} --name 王芳 --data data")).ends(2);
    }
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/contacts").join(name)
}

#[test]
fn files_of_other_programs_are_taken_once_and_handed_out_the_same() {
    let office = office();
    for name in ["outlook.vcf", "ios.vcf", "google.vcf", "four.vcf"] {
        std::fs::copy(fixture(name), office.place.path(name)).unwrap();
    }
    let dry = office.run("chen", "contact import ios.vcf --dry-run").ends(0);
    assert!(dry.out.ends_with("2 would be taken, 0 things are wrong\n"), "{dry}");
    assert!(dry.err.contains("left out, because it does not belong to a function: ADR (home), BDAY"), "{dry}");
    assert_eq!(office.place.run("contact list --data data").ends(0).out, "", "a dry run takes nothing");
    for (name, sum) in [("outlook.vcf", 1), ("ios.vcf", 2), ("google.vcf", 1), ("four.vcf", 1)] {
        let said = told(office.run("chen", &format!("contact import {name} --json")));
        assert_eq!((&said["added"], &said["changed"], &said["known"]), (&sum.into(), &0.into(), &0.into()), "{name}");
        let again = told(office.run("chen", &format!("contact import {name} --json")));
        assert_eq!(
            (&again["added"], &again["changed"], &again["known"]),
            (&0.into(), &0.into(), &sum.into()),
            "{name}"
        );
    }
    for form in ["vcf", "csv"] {
        office.place.run(&format!("contact export all.{form} --data data")).ends(0);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(office.place.path(&format!("all.{form}"))).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600, "it holds names");
        let said = told(office.run("chen", &format!("contact import all.{form} --json")));
        assert_eq!((&said["added"], &said["changed"], &said["known"]), (&0.into(), &0.into(), &5.into()), "{form}");
    }
    // Elsewhere they are the same contacts, in whatever form they came.
    let list = |place: &Office| -> Vec<Value> {
        let mut rows = place.place.run("contact list --data data --json").ends(0).json();
        rows.iter_mut().for_each(|row| row["id"] = Value::Null);
        rows
    };
    for form in ["vcf", "csv"] {
        let other = self::office();
        std::fs::copy(office.place.path(&format!("all.{form}")), other.place.path(&format!("all.{form}"))).unwrap();
        other.run("chen", &format!("contact import all.{form}")).ends(0);
        assert_eq!(list(&other), list(&office), "{form}");
    }
    office.place.run("audit verify --data data").ends(0);
}

#[test]
fn what_is_wrong_in_a_file_is_told_and_nothing_of_it_taken_unless_somebody_says_so() {
    let office = office();
    office.place.write(
        "mixed.csv",
        "单位,职务,姓名,电话\n河北日报,记者,王芳,0311-88661234\n,,李雷,13800000000\n河北日报,编辑,,=1+1\n",
    );
    let refused = office.run("chen", "contact import mixed.csv").ends(2);
    for words in [
        "mixed.csv:3:1: organisation: missing",
        "mixed.csv:3:2: role: missing",
        "mixed.csv:4:4: phone: not a telephone number: \"=1+1\"",
        "nothing was taken",
    ] {
        assert!(refused.err.contains(words), "{words}: {refused}");
    }
    assert_eq!(office.place.run("contact list --data data").ends(0).out, "");
    office.run("chen", "contact import mixed.csv --dry-run").ends(1);
    let taken = office.run("chen", "contact import mixed.csv --skip").ends(1);
    assert_eq!(taken.out, "1 new contacts, 0 changed, 0 known\n");
    assert!(!office.place.run("contact list --data data").ends(0).out.contains("李雷"), "a person is no contact");
    let form = office.run("chen", "contact import mixed.xyz").ends(2);
    assert!(form.err.contains("name it with --format vcard or csv"), "{form}");
}

#[test]
fn a_feed_is_read_by_its_address_until_it_is_revoked_and_says_no_word_of_a_post() {
    let office = office();
    let words = "桥东路的路灯坏了半个月，晚上出门看不见路，打了三次电话都没有人来修。";
    let id =
        told(office.place.run_with("submit --text - --data data --token li.token --json", words))["incident"].clone();
    office.li(id.as_i64().unwrap(), "assess", "problem --level iv --reason 属实").ends(0);
    drafted(&office, "--due 2999-01-05");
    office.run("chen", "feed add clocks").ends(1);
    let add = |kind: &str| told(office.run("li", &format!("feed add {kind} --json")));
    let paths: Vec<String> = ["clocks", "disclosures", "incidents", "reports"]
        .map(add)
        .iter()
        .map(|feed| feed["path"].as_str().unwrap().to_owned())
        .collect();
    let listed = office.place.run("feed list --data data").ends(0).out;
    let (_, secret) = paths[0].split_once("/feeds/").unwrap();
    let secret = secret.split('/').next().unwrap().rsplit('_').next().unwrap();
    assert!(!listed.contains(secret) && listed.lines().count() == 4, "{listed}");
    let shelf = office.place.path("data/reports");
    std::fs::create_dir_all(&shelf).unwrap();
    std::fs::write(shelf.join("daily-2026-06-30.html"), "桥东路").unwrap();
    let (_daemon, address) = office.place.serve("--data data");
    let get = |path: &str| http(&address, &format!("GET {path} HTTP/1.1\nHost: localhost"));
    let answers: Vec<String> = paths.iter().map(|path| get(path)).collect();
    for (answer, parts) in answers.iter().zip([
        ["200 OK", "text/calendar", "BEGIN:VEVENT"],
        ["200 OK", "text/calendar", "SUMMARY:待公开：路灯检修安排"],
        ["200 OK", "application/atom+xml", "<title>事件 1：问题类"],
        ["200 OK", "application/atom+xml", "<title>网络舆情日报（2026-06-30）</title>"],
    ]) {
        for part in parts {
            assert!(answer.contains(part), "{part}: {answer}");
        }
        for word in ["桥东路", "半个月", "李"] {
            assert!(!answer.contains(word), "{word}: {answer}");
        }
    }
    assert!(get(&paths[0].replace("clocks.ics", "incidents.atom")).starts_with("HTTP/1.1 404"), "one secret, one feed");
    let other = paths[0].replace(secret, &"0".repeat(64));
    assert!(get(&other).starts_with("HTTP/1.1 404"));
    office.run("li", "feed revoke 1").ends(0);
    assert!(get(&paths[0]).starts_with("HTTP/1.1 404"), "revoked");
    assert!(get(&paths[1]).starts_with("HTTP/1.1 200"), "the others are not");
    let files = std::fs::read(office.place.path("data/caifeng.db")).unwrap();
    let log = std::fs::read(office.place.path("data/caifeng.db-wal")).unwrap_or_default();
    for file in [files, log] {
        assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()), "the secret is not kept");
    }
}

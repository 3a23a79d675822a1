//! Reports by the command line: every kind, every format, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod recording;
mod terminal;

use people::Office;

/// An incident with a reply that was published and has its receipt.
fn handled() -> (Office, i64) {
    let office = Office::new();
    office
        .place
        .write("data/caifeng.toml", "[organisation]\nname = \"云溪县发展和改革局\"\naccounts = [\"letters:fg\"]\n");
    let text = "云溪县发展和改革局批的充电桩离幼儿园不到十米，家长们都很担心，太气人了！";
    let said = office.place.run_with("submit --text - --data data --token li.token --json", text).ends(0);
    let id = said.json()[0]["incident"].as_i64().unwrap();
    office.li(id, "assess", "problem --level iii --reason 选址公示不充分").ends(0);
    office.li(id, "assign", "chen").ends(0);
    let at = |said: &terminal::Said| {
        let row = said.json().remove(0);
        format!("{}@{}", row["id"], row["reply"]["version"])
    };
    let draft = format!("reply draft {id} --form comment --channel letters --text 该充电桩7月1日起停用。 --json");
    let first = at(&office.run("li", &draft).ends(0));
    let reviewed = at(&office.run("han", &format!("reply review {first} --json")).ends(0));
    let approved = at(&office.run("zhou", &format!("reply approve {reviewed} --json")).ends(0));
    let published = at(&office.run("sun", &format!("reply publish {approved} --account letters:fg --json")).ends(0));
    office.place.write("shot.png", "what the page showed");
    office.run("sun", &format!("reply receipt {published} --document shot.png")).ends(0);
    (office, id)
}

const OF_INCIDENT: [&str; 9] =
    ["flash", "special", "summary", "assignment", "feedback", "extension", "approval", "referral", "archive"];
const OF_SPAN: [&str; 4] = ["daily", "weekly", "monthly", "record"];

#[test]
fn every_report_is_written_in_every_format_and_both_languages() {
    let (office, id) = handled();
    for (kind, about) in OF_INCIDENT
        .map(|kind| (kind, format!("--incident {id}")))
        .into_iter()
        .chain(OF_SPAN.map(|kind| (kind, "--from 2020-01-01".to_owned())))
    {
        for format in ["docx", "html", "md", "xlsx", "csv"] {
            let out = format!("{kind}.{format}");
            let said = office.place.run(&format!("report {kind} {about} --data data --out {out} --json")).ends(0);
            let told = said.json().remove(0);
            let size = std::fs::metadata(office.place.path(&out)).unwrap().len();
            assert_eq!((told["kind"].as_str(), told["bytes"].as_u64()), (Some(kind), Some(size)), "{told}");
            assert!(size > 200, "{kind} {format}: {size}");
        }
        let english = office.place.run(&format!("report {kind} {about} --lang en --data data")).ends(0);
        assert!(english.out.contains("What was heard: "), "{kind}: {english}");
    }
    let special = std::fs::read_to_string(office.place.path("special.md")).unwrap();
    for words in ["核心风险：", "选址公示不充分", "letters:fg", "充电桩", "未截存"] {
        assert!(special.contains(words), "{words}: {special}");
    }
    let page = std::fs::read_to_string(office.place.path("special.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("<script"), "{page}");
    let figures = std::fs::read_to_string(office.place.path("monthly.csv")).unwrap();
    assert!(figures.starts_with("\u{feff}表,行,列,值\r\n"), "{figures}");
}

#[test]
fn what_cannot_be_reported_says_what_to_do() {
    let (office, id) = handled();
    let refused = |arguments: &str, words: &str| {
        let said = office.place.run(&format!("report {arguments} --data data")).ends(2);
        assert!(said.err.contains(words), "{words}: {said}");
    };
    refused("flash", "name it with --incident");
    refused("flash --incident 999", "no such incident: 999");
    refused(&format!("daily --incident {id}"), "leave out --incident");
    refused(&format!("flash --incident {id} --from 2026-01-01"), "leave out --from and --to");
    refused("daily --from 2026-06-02 --to 2026-06-01", "exchange them");
    refused("daily --from 2999-01-01", "lies in the future");
    refused("daily --from soon", "not a time");
    refused("daily --format docx", "name a file with --out FILE.docx");
    refused("daily --json", "name a file with --out");
    refused("gazette", "one of flash, daily");
    refused("daily --lang fr", "write zh-CN or en");
    office.place.write("there.md", "mine");
    refused("daily --out there.md", "there.md");
    assert_eq!(std::fs::read_to_string(office.place.path("there.md")).unwrap(), "mine");
    assert_eq!(office.place.run("report list --data data").ends(0).out, "", "the shelf is empty");
}

/// A post that was deleted because the person asked for it is in no report that is written afterwards.
#[test]
fn what_was_erased_is_in_no_report() {
    let (office, id) = handled();
    let url = "https://bbs.example/t/1";
    let text = "幼儿园门口充电桩的事我也要说两句某某某";
    office.place.run(&format!("submit --text {text} --url {url} --data data --token li.token")).ends(0);
    office.run("han", &format!("person erase {url} --reason 本人要求")).ends(0);
    for kind in OF_INCIDENT {
        let report = office.place.run(&format!("report {kind} --incident {id} --data data")).ends(0);
        assert!(!report.out.contains("某某某"), "{kind}: {report}");
    }
    let month = office.place.run("report monthly --from 2020-01-01 --data data").ends(0);
    assert!(!month.out.contains("某某某"), "{month}");
}

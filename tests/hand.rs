//! What people hand in, and the configuration they write, as sessions at a terminal.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod terminal;

use std::io::Write as _;

use people::Office;
use serde_json::Value;
use terminal::{Place, http};

/// A topic that the things handed in here do not mention.
const CONFIG: &str = "[organisation]\nname = \"清河县住建局\"\n[[topic]]\nname = \"供水\"\nany = [\"停水\"]\n";

fn place() -> Place {
    let place = Place::new();
    place.write("data/caifeng.toml", CONFIG);
    place
}

fn incidents(place: &Place) -> Vec<Value> {
    place.run("incident list --data data --json").ends(0).json()
}

fn posts(place: &Place) -> Vec<Value> {
    place.run("posts --data data --json").ends(0).json()
}

#[test]
fn a_text_opens_an_incident_though_no_topic_matches() {
    let place = place();
    let said = place
        .run("submit --data data --json --text 桥东路的路灯坏了半个月没有人来修 --title 路灯坏了 --source 热线 --note 群众来电")
        .ends(0)
        .json()
        .remove(0);
    assert_eq!((&said["incident"], &said["opened"], &said["new"]), (&1.into(), &true.into(), &true.into()), "{said}");
    let post = posts(&place).remove(0);
    assert_eq!(
        (&post["plugin"], &post["publisher"], &post["incident"]),
        (&"submitted".into(), &"热线".into(), &1.into())
    );
    assert_eq!(post["why"], serde_json::json!({ "by": "submitted" }), "{post}");
    assert_eq!(incidents(&place)[0]["opened"], post["captured"], "its clock starts when it is handed in");
    // The same again is the same post in the same incident.
    let again = place
        .run_with("submit --data data --json --text - --title 路灯坏了", "桥东路的路灯坏了半个月没有人来修")
        .ends(0)
        .json()
        .remove(0);
    assert_eq!(
        (&again["incident"], &again["opened"], &again["new"]),
        (&1.into(), &false.into(), &false.into()),
        "{again}"
    );
    assert_eq!(posts(&place).len(), 1);
    place.run("audit verify --data data").ends(0);
    let record = std::fs::read(place.path("data/caifeng.db")).unwrap();
    let names = |what: &str| record.windows(what.len()).any(|window| window == what.as_bytes());
    assert!(names("\"event\":\"submitted\"") && names("\"user\":\"uid:"), "who submitted is in no event");
}

#[test]
fn a_page_that_cannot_be_read_is_kept() {
    let place = place();
    let address = "https://nobody.example/thread-1-1-1.html";
    let said = place.run(&format!("submit {address} --data data --json --note 请看")).ends(0).json().remove(0);
    assert!(said["failure"].is_string(), "{said}");
    let post = posts(&place).remove(0);
    assert_eq!(
        (&post["url"], &post["text"], &post["site"]),
        (&address.into(), &"请看".into(), &"nobody.example".into())
    );
    assert_eq!(incidents(&place).len(), 1);
}

#[test]
fn whoever_hands_in_nothing_is_told_what_to_write() {
    let place = place();
    for (arguments, hint) in [
        ("submit --data data", "<URL|--text"),
        ("submit ftp://a.example/ --data data", "http://"),
        ("submit https://u:hunter2@a.example/ --data data", "http://"),
        ("submit https://a.example/ --text x --data data", "cannot be used with"),
        ("import missing.csv --data data", "cannot be read"),
        ("import table --data data", "--format"),
        ("import feeds.opml --data nowhere", "does not exist"),
    ] {
        let said = place.run(arguments).ends(2);
        assert!(said.err.contains(hint) && !said.err.contains("hunter2"), "{said}");
    }
    assert!(place.run_with("submit --data data --text -", " \n").ends(2).err.contains("empty"));
}

#[test]
fn a_running_daemon_takes_it_and_the_page_says_so() {
    let place = place();
    let (mut daemon, address) = place.serve("--data data");
    let said = place.run("submit --data data --json --text 南门菜市场污水横流没有人管").ends(0).json().remove(0);
    assert_eq!(said["incident"], 1, "{said}");
    place.write("one.csv", "标题,正文\n县医院停水,县医院停水两天\n");
    let sum = place.run("import one.csv --data data --json").ends(0).json().pop().unwrap();
    assert_eq!((&sum["new"], &sum["opened"]), (&1.into(), &1.into()), "{sum}");
    let cookie = Office::at(place).enters("li", "data", &address);
    for (language, words) in [("zh-CN", "由人工报送"), ("en", "handed in by a person")] {
        let asked =
            format!("GET /incidents/1 HTTP/1.1\nHost: {address}\nCookie: {cookie}\nAccept-Language: {language}");
        let page = http(&address, &asked);
        assert!(page.contains(words), "{page}");
    }
    assert!(daemon.terminate().success());
}

const TABLE: &str = "标题,正文,链接,发布时间,来源,作者,备注\n\
    停水通知,城南停水两天,https://news.qinghe.example/1,2026-03-01 08:00,清河发布,张伟明,x\n\
    没有时间,\"一行,两行\n第二行\",,昨天,,,\n\
    多了一格,正文,,,,,,,\n\
    只有标题,,https://news.qinghe.example/2,2026/3/2,,,\n";

#[test]
fn a_table_is_previewed_taken_once_and_its_bad_rows_are_named() {
    let place = place();
    let (gbk, _, _) = encoding_rs::GBK.encode(TABLE);
    let bom = format!("\u{feff}{}", TABLE.replace(',', "\t").replace("一行\t两行", "一行,两行"));
    for (name, bytes) in [("utf8.csv", TABLE.as_bytes()), ("gbk.csv", &*gbk), ("bom.tsv", bom.as_bytes())] {
        place.write(name, bytes);
        let shown = place.run(&format!("import {name} --dry-run --data data")).ends(1);
        assert!(shown.out.contains("备注 → left out") && shown.out.contains("停水通知"), "{shown}");
        assert!(shown.out.contains("4 rows: 2 would be taken, 2 would not"), "{shown}");
        assert!(shown.err.contains(":3: 时间 (published): not a time") && shown.err.contains(":5: 9 cells"), "{shown}");
        assert!(!shown.out.contains("张伟明"), "{shown}");
        assert!(!place.path("data/caifeng.db").exists(), "a preview stores nothing");
    }
    let strict = place.run("import utf8.csv --strict --data data").ends(2);
    assert!(strict.err.contains("2 rows are wrong and nothing was taken"), "{strict}");
    let first = place.run("import utf8.csv --data data --json").ends(1).json().pop().unwrap();
    let second = place.run("import gbk.csv --data data --json").ends(1).json().pop().unwrap();
    let figures = |sum: &Value| ["new", "known", "bad", "matched", "opened"].map(|key| sum[key].as_u64().unwrap());
    assert_eq!((figures(&first), figures(&second)), ([2, 0, 2, 1, 1], [0, 2, 2, 0, 0]));
    let post = posts(&place).into_iter().find(|post| post["title"] == "停水通知").unwrap();
    assert_eq!((&post["plugin"], &post["site"]), (&"import".into(), &"news.qinghe.example".into()));
    assert_eq!(post["published"], "2026-03-01T00:00:00Z", "{post}");
    assert_eq!(post["author"].as_str().map(str::len), Some(16), "{post}");
}

#[test]
fn lines_of_json_are_taken_as_they_were_printed() {
    let place = place();
    place.write(
        "posts.jsonl",
        "{\"title\":\"停水\",\"text\":\"停水\",\"作者\":{\"name\":\"张三\"}}\n\n[1]\n{\"text\":\n{\"text\":\"好\"}\n",
    );
    let said = place.run("import posts.jsonl --data data").ends(1);
    assert!(
        said.err.contains("posts.jsonl:3: not an object") && said.err.contains("posts.jsonl:4: not JSON"),
        "{said}"
    );
    assert!(said.out.contains("4 rows: 2 new posts"), "{said}");
}

#[test]
fn hostile_files_are_refused_and_cost_little() {
    let place = place();
    let wide = vec!["title"; 1_000_000].join(",");
    let mut unclosed = "title,text\n\"a".to_owned();
    unclosed.push_str(&"x\n".repeat(5 << 20));
    let mut long = "{\"text\":\"".to_owned();
    long.push_str(&"x".repeat(20 << 20));
    long.push_str("\"}\n{\"text\":\"好\"}\n");
    for (name, bytes, hint) in [
        ("nul.csv", b"title,text\0\n".to_vec(), "NUL"),
        ("wide.csv", wide.into_bytes(), "columns"),
        ("empty.csv", b"\n\n".to_vec(), "empty"),
        ("names.csv", b"Titel,b\nx,y\n".to_vec(), "did you mean `title`"),
        ("unclosed.csv", unclosed.into_bytes(), "not closed"),
        ("cut.xlsx", b"PK\x03\x04 and no more".to_vec(), "damaged"),
        ("text.xlsx", b"title,text".to_vec(), "damaged"),
        ("bomb.xlsx", bomb(), "unpacks to more than"),
    ] {
        place.write(name, bytes);
        let said = place.run(&format!("import {name} --dry-run --data data")).ends(2);
        assert!(said.err.contains(hint), "{said}");
    }
    place.write("long.jsonl", long);
    let said = place.run("import long.jsonl --dry-run --data data").ends(1);
    assert!(said.err.contains(":1: longer than 8 MiB") && said.out.contains("2 rows: 1 would"), "{said}");
}

/// A workbook of a few hundred kilobytes whose strings have no end.
fn bomb() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = zip::write::SimpleFileOptions::default();
    archive.start_file("xl/sharedStrings.xml", deflated).unwrap();
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..140 {
        archive.write_all(&zeros).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The smallest workbook: cells as they stand in `sheetData`.
fn workbook(rows: &str) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = zip::write::SimpleFileOptions::default();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    for (name, text) in [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"一\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>")),
    ] {
        archive.start_file(name, deflated).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_workbook_is_taken_with_its_formulas() {
    let place = place();
    let text = |at: &str, text: &str| format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let head = format!("<row r=\"1\">{}{}</row>", text("A1", "标题"), text("B1", "阅读数"));
    let rows = [
        format!("<row r=\"2\">{}<c r=\"B2\"><f>1+1</f><v>2</v></c></row>", text("A2", "停水")),
        format!("<row r=\"3\">{}<c r=\"B3\"><f>1+1</f></c></row>", text("A3", "无值")),
        format!("<row r=\"5\">{}<c r=\"B5\" t=\"e\"><v>#REF!</v></c></row>", text("A5", "错误")),
    ];
    place.write("table.xlsx", workbook(&(head + &rows.concat())));
    let said = place.run("import table.xlsx --data data").ends(1);
    assert!(said.out.contains("3 rows: 1 new posts"), "{said}");
    assert!(
        said.err.contains(":3: 阅读 (views): a formula without") && said.err.contains(":5: 阅读 (views): an error"),
        "{said}"
    );
    assert_eq!(posts(&place)[0]["reactions"]["views"], 2);
}

#[test]
fn feeds_become_watches_beside_the_configuration() {
    let place = place();
    place.write(
        "my feeds.opml".replace(' ', "-").as_str(),
        "<opml version=\"2.0\"><body><outline text=\"政务\">\n\
         <outline text=\"清河发布\" xmlUrl=\"https://www.qinghe.example/rss.xml\"/>\n\
         <outline text=\"坏\" xmlUrl=\"qinghe.example\"/></outline></body></opml>",
    );
    let shown = place.run("import my-feeds.opml --dry-run --data data").ends(1);
    assert!(shown.out.contains("qinghe-example  https://www.qinghe.example/rss.xml  政务 / 清河发布"), "{shown}");
    assert!(shown.err.contains("my-feeds.opml:3:"), "{shown}");
    assert!(!place.path("data/watches").exists());
    place.run("import my-feeds.opml --data data").ends(1);
    let written = std::fs::read_to_string(place.path("data/watches/my-feeds.toml")).unwrap();
    place.run("config check --data data").ends(0);
    let again = place.run("import my-feeds.opml --data data").ends(1);
    assert!(again.out.contains("nothing to write") && again.err.contains("watched already"), "{again}");
    assert_eq!(std::fs::read_to_string(place.path("data/watches/my-feeds.toml")).unwrap(), written);
    assert_eq!(std::fs::read_dir(place.path("data/watches")).unwrap().count(), 1, "a draft was left");
}

#[test]
fn the_whole_configuration_is_checked_at_once() {
    let place = place();
    let said = place.run("config check --data data").ends(0);
    assert!(said.out.contains("1 files in order: 1 topics, 0 watches"), "{said}");
    place.write("data/caifeng.toml", format!("{CONFIG}[[topic]]\nname = \"空\"\nany = [\"水\", \"@plaecs\"]\n"));
    place.write(
        "data/watches/a.toml",
        "[[watch]]\nid = \"a\"\nplugin = \"fed\"\ntarget = { listing = \"https://a.example/\" }\n\
         [[watch]]\nid = \"b\"\nplugin = \"feed\"\ntarget = { keyword = \"水\" }\nsite = \"https://a.example/\"\n\
         [[watch]]\nid = \"c\"\nplugin = \"feed\"\ntarget = { listing = \"https://b.example/\" }\nsite = \"https://a.example/\"\nsettings = { depth = \"2\" }\n\
         [[watch]]\nid = \"d\"\nplugin = \"triage\"\ntarget = { listing = \"https://b.example/\" }\nsit = 1\n",
    );
    place.write("data/grants.toml", "[[grant]]\nplugin = \"wiebo\"\ndigest = \"x\"\nnetwork = [\"*\"]\n");
    let said = place.run("config check --data data").ends(2);
    for expected in [
        "caifeng.toml:8:13: topic \"空\": unknown name",
        "a.toml:3:10: no plugin \"fed\" is installed: did you mean `feed`?",
        "a.toml:8:10: plugin \"feed\" does not observe keyword \"水\"",
        "a.toml:13:10: plugin \"feed\" may not reach \"https://b.example/\"",
        "a.toml:15:14: plugin \"feed\" has no setting \"depth\"",
        "a.toml:18:10: plugin \"triage\" classifies",
        "a.toml:20:1: unknown key `sit`: did you mean `site`?",
        "grants.toml:4:",
    ] {
        assert!(said.out.contains(expected), "{expected}: {said}");
    }
    assert!(said.err.contains("8 problems in 3 files"), "{said}");
    assert_eq!(place.run("config check --data data --json").ends(2).json().len(), 8);
    // What the check refuses at once the daemon refuses too, as far as it concerns the files alone.
    assert!(place.run("serve --data data --bind 127.0.0.1:0").ends(2).err.contains("did you mean `site`"));
}

#[test]
fn the_configuration_in_force_is_shown() {
    let place = place();
    place.write(
        "data/watches/a.toml",
        "[[watch]]\nid = \"a\"\nplugin = \"feed\"\ntarget = { listing = \"https://a.example/\" }\n",
    );
    let shown = place.run("config show --data data").ends(0);
    assert!(shown.out.contains("time_zone = \"Asia/Shanghai\"") && shown.out.contains("id = \"a\""), "{shown}");
    // What is shown is a configuration.
    place.write("shown/caifeng.toml", &shown.out);
    assert_eq!(place.run("config show --config shown/caifeng.toml --data data").ends(0).out, shown.out);
    place.run("config show --data nowhere").ends(2);
}

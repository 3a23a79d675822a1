//! What Caifeng never does, held from outside: no names of private persons, no
//! search by person, nothing that leaves the machine, nothing decided by it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "looks at the database as another program would")]

mod people;
mod recording;
mod terminal;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use people::Office;
use recording::{Answer, item};
use rusqlite::Connection;
use terminal::{Place, http};

/// What identifies the authors of [`people`], and must be nowhere afterwards.
const SECRETS: [&str; 7] =
    ["张伟明", "zhangweiming@mail", "李晓红", "people.example", "u99887766", "欧阳建国", "王小二"];

/// Feeds in each form, each with an author who is named in every way that the form has.
fn people() -> Vec<Answer> {
    let rss = item("r1", "窗口态度", "窗口人员态度恶劣，打电话没人接")
        .replace("<pubDate>", "<author>zhangweiming@mail.example (张伟明)</author><pubDate>");
    let creator = "<dc:creator xmlns:dc=\"http://purl.org/dc/elements/1.1/\">欧阳建国</dc:creator>";
    let dc =
        item("r2", "路灯坏了", "桥东路的路灯坏了半个月没有人来修").replace("<pubDate>", &format!("{creator}<pubDate>"));
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>消息</title><id>urn:f</id>\
        <entry><id>urn:a1</id><title>饮水机</title><link href=\"https://atom.example/1\"/>\
        <author><name>李晓红</name><uri>https://people.example/u99887766</uri><email>li@people.example</email></author>\
        <updated>2026-06-30T00:00:00Z</updated><content>建议在图书馆加装饮水机</content></entry></feed>";
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"消息","items":[{"id":"j1","url":"https://json.example/1",
        "content_text":"建议增加公交班次","authors":[{"name":"王小二","url":"https://people.example/wang"}]}]}"#;
    let other = |url: &str, body: &str| Answer { url: url.to_owned(), status: 200, body: body.to_owned() };
    vec![
        Answer::feed("https://rss.example/feed", &[rss, dc]),
        other("https://atom.example/feed", atom),
        other("https://json.example/feed", json),
    ]
}

const SWEEP: &str = "sweep --plugin feed --replay web.warc.gz --data data --json";

fn place_with(answers: &[Answer]) -> Place {
    let place = Place::new();
    recording::write(&place.path("web.warc.gz"), answers);
    place
}

fn swept(answers: &[Answer]) -> Place {
    let place = place_with(answers);
    place.run(SWEEP).ends(0);
    place
}

fn files(below: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![below.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[track_caller]
fn assert_nowhere(place: &Place, secrets: &[&str]) {
    // What sites answered is kept as they answered it, for its time (docs/operating.md).
    let evidence = place.path("data/evidence");
    let kept = files(&place.path("data")).into_iter().filter(|file| file.is_file() && !file.starts_with(&evidence));
    for file in kept {
        let bytes = std::fs::read(&file).unwrap();
        for secret in secrets {
            let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(!contains(&bytes, secret.as_bytes()), "{secret} is in {}", file.display());
            assert!(!contains(&bytes, &utf16), "{secret} is in {}", file.display());
        }
    }
}

#[test]
fn an_authors_name_reaches_no_file_and_no_log() {
    let place = place_with(&people());
    let names = place.run("plugin parse feed --warc web.warc.gz --jsonl").ends(0);
    for secret in SECRETS {
        // Else this test would hold for a plugin that reads no authors.
        assert!(names.out.contains(secret) || secret.ends_with("@mail"), "{secret}: {names}");
    }
    // A daemon that ends without a chance to fold the log into the database: its bytes count too.
    place.write("data/caifeng.toml", "[organisation]\nname = \"县局\"\n");
    let mut daemon = place.caifeng("serve --bind 127.0.0.1:0 --data data");
    daemon.env("RUST_LOG", "trace");
    let mut daemon = terminal::Running::spawn(daemon);
    daemon.address();
    place.run(SWEEP).ends(0);
    let said = daemon.kill_and_hear();
    assert!(std::fs::metadata(place.path("data/caifeng.db-wal")).unwrap().len() > 0, "nothing is in the log");
    assert_nowhere(&place, &SECRETS);
    // And once more with everything in its place.
    let whole = place.run(SWEEP).ends(0);
    assert_nowhere(&place, &SECRETS);
    let shown = place.run("posts --data data --json").ends(0);
    for secret in SECRETS {
        assert!(![&said, &whole.out, &whole.err, &shown.out].iter().any(|text| text.contains(secret)), "{secret}");
    }
    let authors: BTreeSet<String> =
        shown.json().iter().map(|post| post["author"].as_str().expect("a pseudonym").to_owned()).collect();
    assert_eq!(authors.len(), 4, "four people, four pseudonyms: {shown}");
    assert!(authors.iter().all(|author| author.len() == 16 && author.bytes().all(|b| b.is_ascii_hexdigit())));
}

#[test]
fn keys_are_private_and_lie_apart() {
    let place = swept(&people());
    let mode = |name: &str| std::fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data"), mode("data/keys"), mode("data/caifeng.db")), (0o700, 0o700, 0o600));
    let all = files(&place.path("data"));
    let (keys, others): (Vec<_>, Vec<_>) = all.iter().partition(|file| file.parent().unwrap().ends_with("keys"));
    assert!(!keys.is_empty());
    for key in keys {
        assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600, "{}", key.display());
        let secret = std::fs::read(key).unwrap();
        assert_eq!(secret.len(), 32);
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        for other in &others {
            let bytes = std::fs::read(other).unwrap();
            assert!(!contains(&bytes, &secret) && !contains(&bytes, hex.as_bytes()), "{}", other.display());
        }
    }
    // Another directory has another key, so that two organisations cannot compare what they know.
    let elsewhere = swept(&people());
    let authors = |place: &Place| -> BTreeSet<String> {
        let posts = place.run("posts --data data --json").ends(0).json();
        posts.iter().map(|post| post["author"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(authors(&place).intersection(&authors(&elsewhere)).count(), 0);
}

#[test]
fn events_hold_ids_and_no_text() {
    let place = swept(&people());
    let db = Connection::open(place.path("data/caifeng.db")).unwrap();
    let mut statement = db.prepare("SELECT actor || body FROM event").unwrap();
    let events: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(events.len() >= 4, "{events:?}");
    let posts = place.run("posts --data data --json").ends(0).json();
    for event in &events {
        assert!(event.is_ascii(), "{event}");
        for post in &posts {
            for key in ["title", "text", "url", "author", "id", "site"] {
                let words = post[key].as_str().unwrap_or("-no such-");
                assert!(!event.contains(words), "{key} {words}: {event}");
            }
        }
    }
}

#[test]
fn nobody_can_ask_what_a_person_said() {
    let place = swept(&people());
    let posts = place.run("posts --data data --json").ends(0).json();
    let pseudonym = posts[0]["author"].as_str().unwrap();
    for command in ["posts", "search 水", "incident list", "sweep", "serve"] {
        // Whoever sweeps is known by a personal token; that asks for nobody.
        let help = place.run(&format!("{command} --help")).ends(0).out.replace("personal token", "token");
        for word in ["author", "person", "user-id", "pseudonym"] {
            assert!(!help.contains(word), "{command}: {word}");
        }
        place.run(&format!("{command} --data data --author {pseudonym}")).ends(2);
    }
    for words in [pseudonym, "张伟明", "u99887766"] {
        assert_eq!(place.run(&format!("search {words} --data data")).ends(0).out, "", "{words}");
    }
    place.write("data/caifeng.toml", "");
    let office = Office::at(place);
    let place = &office.place;
    let (mut daemon, address) = place.serve("--data data");
    let cookie = office.enters("li", "data", &address);
    let get = |path: &str| http(&address, &format!("GET {path} HTTP/1.1\nHost: {address}\nCookie: {cookie}"));
    let count = |page: &str| page.matches("<article").count().max(page.matches("/posts/").count());
    let all = get("/posts");
    for secret in SECRETS.into_iter().chain([pseudonym]) {
        assert!(!all.contains(secret), "the page shows {secret}");
    }
    assert!(all.contains("饮水机") && all.contains("路灯坏了"), "{all}");
    // An author is no field: what does not exist chooses nothing.
    assert_eq!(count(&get(&format!("/posts?author={pseudonym}"))), count(&all));
    for words in [pseudonym, "u99887766"] {
        let found = get(&format!("/posts?q={words}"));
        assert!(!found.contains("饮水机</") && !found.contains("路灯坏了</"), "{words}: {found}");
    }
    assert!(daemon.terminate().success());
    // Not even somebody with SQL finds an index to go by.
    let db = Connection::open(place.path("data/caifeng.db")).unwrap();
    let by_author: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%author%'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(by_author, 0);
}

#[test]
fn what_is_taken_away_as_a_file_names_nobody() {
    let place = swept(&people());
    let posts = place.run("posts --data data --json").ends(0).json();
    let pseudonym = posts[0]["author"].as_str().unwrap();
    for ending in ["csv", "jsonl", "xlsx"] {
        place.run(&format!("posts --data data --output list.{ending}")).ends(0);
        let bytes = std::fs::read(place.path(&format!("list.{ending}"))).unwrap();
        let text = if ending == "xlsx" { unpacked(bytes) } else { String::from_utf8(bytes).unwrap() };
        assert!(text.contains("饮水机") && text.contains("路灯坏了"), "{ending}: {text}");
        for secret in SECRETS.into_iter().chain([pseudonym, "author"]) {
            assert!(!text.contains(secret), "{ending} shows {secret}");
        }
    }
    place.run("posts --data data --output list.csv").ends(2);
    place.run("posts --data data --output list.doc").ends(2);
    place.run("posts --data data --output lamps.csv --words 路灯").ends(0);
    let lamps = std::fs::read_to_string(place.path("lamps.csv")).unwrap();
    assert!(lamps.contains("路灯坏了") && !lamps.contains("饮水机"), "{lamps}");
    let db = Connection::open(place.path("data/caifeng.db")).unwrap();
    let noted = "SELECT count(*) FROM event WHERE body LIKE '%posts-handed-out%' AND body NOT LIKE '%路灯%'";
    assert_eq!(db.query_row(noted, [], |row| row.get::<_, i64>(0)).unwrap(), 4, "each is in the record");
}

/// Everything in an archive, as text.
fn unpacked(bytes: Vec<u8>) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        // The file says which program and whose it is in a part that every workbook has.
        if !file.name().unwrap().starts_with("docProps/") {
            std::io::Read::read_to_string(&mut file, &mut text).unwrap();
        }
    }
    text
}

#[test]
fn one_site_cannot_rewrite_anothers_posts() {
    let feed =
        |site: &str, text: &str| Answer::feed(&format!("https://{site}.example/feed"), &[item("1", "通知", text)]);
    let place = swept(&[feed("bureau", "明天停水"), feed("liar", "明天不停水")]);
    let posts = place.run("posts --data data --json").ends(0).json();
    let texts: BTreeSet<_> =
        posts.iter().map(|post| (post["site"].as_str().unwrap(), post["text"].as_str().unwrap())).collect();
    assert_eq!(texts, BTreeSet::from([("bureau.example", "明天停水"), ("liar.example", "明天不停水")]));
    assert!(posts.iter().all(|post| post["version"] == 1), "{posts:?}");
}

/// The machine suggests; whatever it swept waits for a person.
#[test]
fn the_machine_decides_nothing() {
    let place = Place::new();
    place.run("demo --once --data data").ends(0);
    let incidents = place.run("incident list --data data --json").ends(0).json();
    assert!(!incidents.is_empty());
    for incident in incidents {
        assert_eq!((&incident["state"], &incident["level"]), (&"new".into(), &serde_json::Value::Null), "{incident}");
        let by = incident["category_by"].as_str();
        assert!(by.is_none_or(|by| by.starts_with("triage@")), "{incident}");
        assert_eq!(incident["category"].is_null(), by.is_none(), "{incident}");
    }
}

/// The demo and a replayed recording are what they say: without network.
#[test]
fn the_demo_works_where_there_is_no_network() {
    let alone = |command: &str| {
        let mut command_line = Command::new("unshare");
        command_line.args(["--user", "--map-root-user", "--net", command]);
        command_line
    };
    if !alone("true").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: unshare --net does not work here");
        return;
    }
    let place = Place::new();
    let mut command = place.program("unshare");
    command.args(["--user", "--map-root-user", "--net", env!("CARGO_BIN_EXE_caifeng")]);
    command.args(["demo", "--once", "--json", "--data", "data"]);
    let said = place.finish("demo", command).ends(0);
    assert!(said.json()[0]["posts"].as_u64().unwrap() > 100, "{said}");
}

/// A site that sets a cookie and wants it back: what a session needs is sent and never written down.
fn site_with_a_session() -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = std::thread::spawn(move || {
        let mut heard = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let first = request.first().cloned().unwrap_or_default();
            heard.push(request.join("\n"));
            let feed = Answer::feed("", &[item("1", "通知", "明天停水")]).body;
            let (head, body) = match first.split(' ').nth(1) {
                Some("/feed") => {
                    ("302 Found\r\nLocation: /inner\r\nSet-Cookie: session=SESAM-0815; Path=/", String::new())
                }
                Some("/inner") => ("200 OK\r\nContent-Type: application/rss+xml", feed),
                _ => ("404 Not Found", String::new()),
            };
            let length = body.len();
            write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").unwrap();
            if first.contains("/inner") {
                break;
            }
        }
        heard
    });
    (address, serving)
}

#[test]
fn recordings_hold_no_credentials() {
    let (address, serving) = site_with_a_session();
    let place = Place::new();
    let config = format!(
        "[network]\nprivate = [\"{address}\"]\n[[watch]]\nid = \"site\"\nplugin = \"feed\"\ntarget = {{ listing = \"http://{address}/feed\" }}\n"
    );
    place.write("data/caifeng.toml", config);
    let said = place.run("sweep site --data data --record r.warc --json").ends(0);
    assert_eq!(said.json()[0]["new"], 1, "{said}");
    let heard = serving.join().unwrap();
    assert!(heard.last().unwrap().contains("SESAM-0815"), "the session was not kept: {heard:?}");
    let recorded = std::fs::read_to_string(place.path("r.warc")).unwrap();
    assert!(recorded.contains("明天停水"), "{recorded}");
    assert!(!recorded.contains("SESAM"), "{recorded}");
    assert_nowhere(&place, &["SESAM-0815"]);
    // What was recorded is what a replay answers with.
    let replayed = place.run("sweep site --data data --replay r.warc --json").ends(0);
    assert_eq!((&replayed.json()[0]["seen"], &replayed.json()[0]["new"]), (&1.into(), &0.into()), "{replayed}");
}

#[test]
fn the_page_is_for_this_machine_and_for_reading() {
    let place = swept(&people());
    place.write("data/caifeng.toml", "");
    let office = Office::at(place);
    let (mut daemon, address) = office.place.serve("--data data");
    let cookie = office.enters("li", "data", &address);
    let status = |request: &str| http(&address, request).split(' ').nth(1).unwrap_or_default().to_owned();
    let port = address.rsplit(':').next().unwrap();
    for host in [address.clone(), format!("localhost:{port}")] {
        assert_eq!(status(&format!("GET / HTTP/1.1\nHost: {host}\nCookie: {cookie}")), "200", "{host}");
        assert_eq!(status(&format!("GET / HTTP/1.1\nHost: {host}")), "303", "{host}: nobody in particular");
    }
    for host in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1.evil.example", "169.254.169.254", ""] {
        for path in ["/", "/posts", "/watches", "/events", "/healthz", "/assets/live.js"] {
            let answer = http(&address, &format!("GET {path} HTTP/1.1\nHost: {host}\nCookie: {cookie}"));
            assert!(answer.starts_with("HTTP/1.1 4"), "{host} {path}: {answer}");
            assert!(!answer.contains("饮水机"), "{host} {path}");
        }
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let answer = status(&format!("{method} /posts HTTP/1.1\nHost: {address}\nCookie: {cookie}\nContent-Length: 0"));
        assert!(answer.starts_with('4'), "{method}: {answer}");
    }
    assert!(daemon.terminate().success());
}

#[test]
fn what_a_page_wrote_is_shown_and_not_obeyed() {
    let title = "标题<script>alert(1)</script><img src=x onerror=alert(2)>\\u001b[31m\\u202e红";
    let body = format!(
        r#"{{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[
            {{"id":"1","url":"javascript:alert(3)","title":"{title}","content_text":"正文\u001b]0;x\u0007</title><svg onload=alert(4)>"}},
            {{"id":"\"><b>2","url":"https://a.example/\"onmouseover=\"alert(5)","title":"{title}二","content_text":"别的内容"}}]}}"#
    );
    let place = swept(&[Answer { url: "https://hostile.example/feed".to_owned(), status: 200, body }]);
    place.write("data/caifeng.toml", "");
    for command in ["posts --data data", "incident list --data data", "plugin parse feed --warc web.warc.gz"] {
        let said = place.run(command).ends(0);
        assert!(said.out.contains("标题"), "{said}");
        assert!(!said.out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said}");
    }
    let office = Office::at(place);
    let (mut daemon, address) = office.place.serve("--data data");
    let cookie = office.enters("li", "data", &address);
    let get = |path: &str| http(&address, &format!("GET {path} HTTP/1.1\nHost: {address}\nCookie: {cookie}"));
    for path in ["/", "/posts", "/watches", "/incidents/1", "/posts?q=%3Cscript%3Ealert(1)%3C/script%3E"] {
        let page = get(path);
        assert!(page.starts_with("HTTP/1.1 200"), "{path}: {page}");
        for markup in ["<script>alert", "<img src=x", "<svg onload", "href=\"javascript:", "\"onmouseover=\"", "<b>2"] {
            assert!(!page.contains(markup), "{path} holds {markup}: {page}");
        }
    }
    assert!(get("/posts").contains("标题&#60;script"));
    assert!(daemon.terminate().success());
}

/// Design §7: an account is watched only when it is registered as an organisation's, with a reason.
#[test]
fn an_account_is_watched_only_when_it_is_registered() {
    let place = Place::new();
    let watch = "[[watch]]\nid = \"w\"\nplugin = \"feed\"\ntarget = { account = \"2000000001\" }\n";
    let account = |organisation: &str, reason: &str| {
        format!(
            "{watch}[[account]]\nplugin = \"feed\"\nid = \"2000000001\"\norganisation = {organisation:?}\nreason = {reason:?}\n"
        )
    };
    for text in [watch.to_owned(), account("", "县里的媒体"), account("清河县融媒体中心", " ")] {
        place.write("data/caifeng.toml", text);
        let said = place.run("sweep --all --data data").ends(2);
        assert!(said.err.contains("registered organisation's"), "{said}");
    }
    place.write("data/caifeng.toml", account("清河县融媒体中心", "县里的媒体"));
    // The registration is accepted; that feeds have no accounts is another matter.
    let said = place.run("sweep --all --data data").ends(3);
    assert!(said.err.contains("does not observe"), "{said}");
    let office = Office::at(place);
    let (_daemon, address) = office.place.serve("--data data");
    let cookie = office.enters("li", "data", &address);
    let asked = format!("GET /watches HTTP/1.1\nHost: {address}\nCookie: {cookie}\nAccept-Language: zh-CN");
    let page = http(&address, &asked);
    assert!(page.contains("清河县融媒体中心的账号，登记理由：县里的媒体"), "{page}");
}

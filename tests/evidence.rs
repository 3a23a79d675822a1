//! What was heard can be proved, handed out, visited again and let go of.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recording;
mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caifeng::clock::{Clock as _, SetClock};
use caifeng::config::Config;
use caifeng::daemon::{Daemon, Parts};
use caifeng::directory::Directory;
use caifeng::evidence::archive::Archive;
use caifeng::evidence::warc::{Kind, Reader as Warc};
use caifeng::fetch::Fetcher;
use caifeng::fetch::guard::Policy;
use caifeng::fetch::live::{Live, Settings};
use caifeng::fetch::replay::Replay;
use caifeng::plugins::{Origin, Registry};
use caifeng::store::{PostQuery, Reader};
use caifeng::sweep::{Sweeper, When};
use caifeng_plugin_host::contract::Reactions;
use caifeng_plugin_host::engine::{Engine, EngineConfig};
use recording::{Answer, item};
use sha2::{Digest as _, Sha256};
use terminal::Place;

const SWEEP: &str = "sweep --plugin feed --replay web.warc.gz --data data --json";

fn letters() -> Vec<Answer> {
    let broken = "桥东路的路灯坏了半个月，晚上出门看不见路，打了三次电话都没有人来修，请问什么时候能修好？";
    let again = format!("{broken}转给大家看看。");
    vec![
        Answer::feed("https://bbs.example/rss", &[item("a1", "桥东路路灯坏了没人修", broken)]),
        Answer::feed("https://other.example/rss", &[item("a2", "转发：桥东路路灯<坏了>没人修", &again)]),
        Answer::feed(
            "https://letters.example/rss",
            &[item("b1", "建议加装饮水机", "建议在县图书馆二楼加装一台饮水机。")],
        ),
    ]
}

fn swept(answers: &[Answer]) -> Place {
    let place = Place::new();
    recording::write(&place.path("web.warc.gz"), answers);
    place.run(SWEEP).ends(0);
    place
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every post's version has an exchange, which lies where it is said to and has the hash that is said.
fn assert_proved(place: &Place) -> usize {
    let reader = Reader::open(&place.path("data")).unwrap();
    let posts = reader.posts(&PostQuery::default()).unwrap();
    let mut proved = BTreeMap::new();
    for incident in posts.iter().filter_map(|post| post.incident).collect::<BTreeSet<_>>() {
        for proof in reader.proofs(incident).unwrap() {
            let bytes = std::fs::read(place.path("data/evidence").join(&proof.capture.file)).unwrap();
            let at = usize::try_from(proof.capture.offset).unwrap();
            let length = usize::try_from(proof.capture.length).unwrap();
            let records: Vec<_> = Warc::new(&bytes[at..at + length]).unwrap().map(Result::unwrap).collect();
            assert_eq!(records.len(), 2);
            assert_eq!((&records[0].kind, &records[1].kind), (&Kind::Request, &Kind::Response));
            let body = &records[1].http.as_ref().unwrap().body;
            assert_eq!(hex(&Sha256::digest(body)), hex(&proof.capture.digest));
            proved.insert((proof.row, proof.version), body.clone());
        }
    }
    for post in &posts {
        let body = proved.get(&(post.row, post.version)).unwrap_or_else(|| panic!("no evidence: {}", post.id));
        let title = post.title.as_deref().unwrap().split('<').next().unwrap().to_owned();
        assert!(String::from_utf8_lossy(body).contains(&title), "{title} is not what was captured");
    }
    posts.len()
}

/// The order is: captured, on disk, stored. Whenever the process dies, what is stored is proved.
#[test]
fn kill_9_leaves_no_post_without_its_evidence() {
    let place = Place::new();
    recording::write(&place.path("web.warc.gz"), &recording::many(60));
    let mut seen = 0;
    for reports in [1, 7, 20, 33] {
        let mut sweep = place.start(SWEEP);
        (0..reports).for_each(|_| drop(sweep.line().expect("a report")));
        sweep.kill();
        // What was being written may be cut anywhere.
        let newest = evidence_files(&place).pop().unwrap();
        let mut file = std::fs::File::options().append(true).open(newest).unwrap();
        file.write_all(&[0x1f, 0x8b, 8, 0, 0, 0]).unwrap();
        let now = assert_proved(&place);
        assert!(now >= seen, "{now} after {seen}");
        seen = now;
    }
    place.run(SWEEP).ends(0);
    assert_eq!(assert_proved(&place), 180);
    for file in evidence_files(&place) {
        let whole = Warc::new(std::fs::File::open(&file).unwrap()).unwrap().all(|record| record.is_ok());
        assert!(whole, "{} was repaired", file.display());
    }
}

fn evidence_files(place: &Place) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![place.path("data/evidence")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

#[test]
fn an_incident_is_handed_out_with_what_others_can_check() {
    let place = swept(&letters());
    let listed = place.run("evidence list 1 --data data --json").ends(0).json();
    assert_eq!(listed.len(), 2, "two sites tell it: {listed:?}");
    let exported = place.run("evidence export 1 --data data -o case.warc.gz --json").ends(0);
    assert_eq!(exported.json()[0]["captures"], 2, "{exported}");
    let warc = std::fs::read(place.path("case.warc.gz")).unwrap();
    let urls: Vec<_> =
        Warc::new(&*warc).unwrap().map(Result::unwrap).filter(|r| r.kind == Kind::Response).map(|r| r.url).collect();
    assert_eq!(urls, ["https://bbs.example/rss", "https://other.example/rss"]);
    let events = std::fs::read_to_string(place.path("case.events.jsonl")).unwrap();
    assert!(events.lines().count() >= 2 && events.contains("opened") && events.contains("\"hash\":\""), "{events}");
    let index = std::fs::read_to_string(place.path("case.html")).unwrap();
    for entry in &listed {
        assert!(index.contains(entry["sha256"].as_str().unwrap()), "{index}");
    }
    assert!(!index.contains("<坏了>"), "what a page said is not markup: {index}");

    let mut sums = place.program("sha256sum");
    sums.args(["-c", "case.warc.gz.sha256"]);
    let checked = place.finish("sha256sum", sums).ends(0);
    assert_eq!(checked.out.matches(": OK").count(), 3, "{checked}");
    let warcio = "import sys; from warcio.cli import main; main(['check', '-v', sys.argv[1]])";
    let run = Command::new("python3").args(["-c", warcio]).arg(place.path("case.warc.gz")).output();
    match run.ok().filter(|run| !String::from_utf8_lossy(&run.stderr).contains("ModuleNotFound")) {
        None => println!("skipped: python3 with warcio is not here"),
        Some(run) => {
            let said = String::from_utf8_lossy(&run.stdout).into_owned();
            assert!(run.status.success() && said.matches("digest pass").count() == 5, "{said}");
        }
    }
    // Nothing is written over, and what does not exist is said.
    place.run("evidence export 1 --data data -o case.warc.gz").ends(2);
    place.run("evidence export 99 --data data").ends(2);

    // What was changed is not handed out as if it were not.
    let file = evidence_files(&place).remove(0);
    let offset = usize::try_from(listed[0]["offset"].as_u64().unwrap()).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[offset + 600] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let said = place.run("evidence export 1 --data data -o again.warc.gz").ends(1);
    assert!(said.err.contains("missing: https://bbs.example/rss"), "{said}");
}

#[test]
fn retention_is_told_before_it_is_done() {
    let place = swept(&letters());
    place.write(
        "data/caifeng.toml",
        "[organisation]\nname = \"县局\"\n[retention]\nevidence = \"0d\"\n[[topic]]\nname = \"路灯\"\nany = [\"路灯\"]\n",
    );
    // Recorded in 2026, with every post a mention of an open incident: all of it stays.
    let dry = place.run("retain --dry-run --data data --json").ends(0).json();
    assert_eq!((&dry[0]["matched"], &dry[0]["unmatched"]), (&0.into(), &0.into()));
    let done = place.run("retain --data data --json").ends(0).json();
    assert_eq!((&done[0]["matched"], &done[0]["unmatched"]), (&0.into(), &0.into()));
    assert_eq!(assert_proved(&place), 3);
    // The daemon does it too, when it is asked.
    let (mut daemon, _) = place.serve("--data data");
    place.run("retain --data data").ends(0);
    assert!(daemon.terminate().success());
    place.run("retain --data nosuch").ends(2);
    let floor = place.write("floor.toml", "[retention]\nrecords = \"7d\"\n");
    let said = place.run(&format!("retain --dry-run --data data --config {}", floor.display())).ends(2);
    assert!(said.err.contains(":2:11: ") && said.err.contains("180 days"), "{said}");
}

/// A site whose answers a test changes: path to status and body.
type Site = Arc<Mutex<BTreeMap<String, (u16, String)>>>;

fn site() -> (Site, String) {
    let answers: Site = Arc::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let shown = Arc::clone(&answers);
    std::thread::spawn(move || {
        for stream in listener.incoming().take(100) {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
            let path = first.split(' ').nth(1).unwrap().to_owned();
            let (status, body) = shown.lock().unwrap().get(&path).cloned().unwrap_or((404, String::new()));
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: text/html; charset=utf-8\r\nX-Auth-Token: hunter2\r\nConnection: close\r\n"
            );
            let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (answers, address)
}

/// A daemon that hears `address`, on a clock of ours and without the pace.
fn listening(dir: &Path, address: &str, clock: &Arc<SetClock>) -> Daemon {
    let plugins = Path::new(env!("CARGO_BIN_EXE_caifeng")).ancestors().nth(2).unwrap().join("plugins");
    let config = format!(
        "[network]\nprivate = [\"{address}\"]\n[[watch]]\nid = \"w\"\nplugin = \"feed\"\ntarget = {{ listing = \"http://{address}/feed\" }}\n"
    );
    let mut daemon = Daemon::open(Parts {
        directory: Directory::at(dir),
        config: Config::parse(&config, Path::new("caifeng.toml")).unwrap(),
        follow: true,
        file: None,
        recording: None,
        registry: Arc::new(Registry::read(&[(plugins, Origin::Shipped)]).unwrap()),
        engine: Engine::new(EngineConfig::default()).unwrap(),
        clock: Arc::clone(clock) as Arc<dyn caifeng::clock::Clock>,
    })
    .unwrap();
    let policy = Policy { private: daemon_pairs(address) };
    let settings = Settings { policy, pace: Duration::ZERO, ..Settings::default() };
    let now = Arc::clone(clock);
    let live = Live::new(settings, Arc::new(move || now.now())).unwrap();
    daemon.sweeper.fetcher = Arc::new(Fetcher::Live(Box::new(live)));
    daemon
}

fn daemon_pairs(address: &str) -> Vec<(String, u16)> {
    let (host, port) = address.rsplit_once(':').unwrap();
    vec![(host.to_owned(), port.parse().unwrap())]
}

const MINUTE: i64 = 60;

#[test]
fn posts_of_an_open_incident_are_visited_until_two_looks_agree_that_they_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (site, address) = site();
    let show = |path: &str, status: u16, body: &str| {
        site.lock().unwrap().insert(path.to_owned(), (status, body.to_owned()));
    };
    let feed = Answer::feed("x", &[item("a1", "路灯坏了", "桥东路的路灯坏了半个月")]).body;
    show("/feed", 200, &feed.replace("https://news.example/a1", &format!("http://{address}/a1")));
    let start = 1_782_864_000;
    let clock = Arc::new(SetClock::new(start));
    let daemon = listening(dir.path(), &address, &clock);
    let sweeper = daemon.sweeper.clone();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let watch = sweeper.reader.watches().unwrap().remove(0).watch;
    let report = runtime.block_on(sweeper.sweep(&watch, When::Live)).unwrap();
    assert_eq!((report.tally.new, report.tally.failures.len()), (1, 0), "{report:?}");
    let row = sweeper.reader.posts(&PostQuery::default()).unwrap()[0].row;
    let mut now = start;
    // A post's address leads to no private pair, so that from here on a recording answers.
    let mut later = |minutes: i64, status: u16, body: &str| {
        now += minutes * MINUTE;
        clock.set(now);
        let page = Answer { url: format!("http://{address}/a1"), status, body: body.to_owned() };
        let archive = Archive::from_bytes(recording::bytes(&[page], false)).unwrap();
        let fetcher = Arc::new(Fetcher::Replay(Replay::new(archive)));
        let sweeper = Sweeper { fetcher, ..sweeper.clone() };
        runtime.block_on(sweeper.visit_due(20)).unwrap()
    };
    let whole = format!("<p>桥东路的路灯坏了半个月{}</p>", "。".repeat(500));
    assert_eq!(later(14, 200, &whole), 0, "not yet");
    assert_eq!(later(1, 200, &whole), 1);
    let life = || sweeper.reader.life(row).unwrap();
    assert_eq!((life().looks[0].found.as_str(), life().deleted), ("there", None));
    // A site that refuses says nothing about the post.
    assert_eq!((later(60, 403, ""), life().looks[1].found.as_str()), (1, "unclear"));
    assert_eq!((later(4 * 60, 404, ""), life().looks[2].found.as_str(), life().deleted), (1, "gone", None));
    assert_eq!(later(59, 404, ""), 0, "the second look comes an hour later");
    assert_eq!(later(1, 200, "<title>提示信息</title><p>抱歉，该帖子已被删除</p>"), 1);
    let first_gone = start + (15 + 60 + 240) * MINUTE;
    assert_eq!(life().deleted, Some((start + 15 * MINUTE, first_gone)));
    // Nor does one that fails.
    assert_eq!((later(24 * 60, 503, ""), life().looks[4].found.as_str()), (1, "unclear"));
    assert_eq!(life().deleted, Some((start + 15 * MINUTE, first_gone)));
    // What was looked at is evidence, and a line of the record; tokens of the site are in neither.
    let sweeps = sweeper.reader.sweeps(Some("revisits of feed"), 10).unwrap();
    assert_eq!(sweeps.iter().map(|sweep| sweep.tally.requests).sum::<u64>(), 5);
    assert!(sweeps.iter().any(|sweep| !sweep.tally.failures.is_empty()), "the 503 is told");
    assert_eq!(sweeper.reader.posts(&PostQuery::default()).unwrap()[0].reactions, Reactions::default());
    sweeper.store.close();
    let mut urls = Vec::new();
    for file in caifeng::evidence::vault::files(&dir.path().join("evidence")).unwrap() {
        let file = std::fs::File::open(dir.path().join("evidence").join(file)).unwrap();
        for record in Warc::new(file).unwrap().map(Result::unwrap).filter(|r| r.kind == Kind::Response) {
            let fields = &record.http.as_ref().unwrap().headers;
            assert!(!fields.iter().any(|(_, value)| value == "hunter2"), "{fields:?}");
            urls.push(record.url);
        }
    }
    assert_eq!(urls.iter().filter(|url| url.ends_with("/a1")).count(), 5, "{urls:?}");
    assert!(urls.iter().any(|url| url.ends_with("/robots.txt")), "{urls:?}");
}

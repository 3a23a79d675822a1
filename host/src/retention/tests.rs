#![expect(
    clippy::disallowed_methods,
    reason = "closes incidents, which no command does yet, and looks at the raw file"
)]

use caifeng_plugin_host::contract::{Kind, Post, Reactions};

use super::*;
use crate::evidence::warc::{Exchange, Sent};
use crate::incident::event::Role;
use crate::revisit::Found;
use crate::store::model::{Batch, Heard, Prepared, Submission};
use crate::store::{Caller, Evidence, Look, Novelty, PostQuery, UserChange};
use crate::text::telling::Telling;
use crate::user::token::Token;
use crate::watch::Watch;

/// 2026-07-01T00:00:00Z.
const NOW: Timestamp = 1_782_864_000;

struct Rig {
    dir: tempfile::TempDir,
    store: Store,
    reader: Reader,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), None).unwrap();
        let reader = store.reader().unwrap();
        Self { dir, store, reader }
    }

    /// A vault on the day of `at`, so that later ones begin new files.
    fn vault(&self, at: Timestamp) -> Arc<Vault> {
        Arc::new(Vault::open(&self.dir.path().join("evidence"), Arc::new(move || at), &|_| 0).unwrap())
    }

    fn keeper(&self) -> Keeper {
        let (store, reader, vault) = (self.store.clone(), self.reader.clone(), self.vault(NOW));
        let failed = FailedCalls::below(self.dir.path().join("failed"));
        Keeper { store, reader, vault, failed, rules: Retention::default() }
    }

    /// A page with one post, captured at `at` with its evidence.
    fn hear(&self, id: &str, at: Timestamp, text: &str, matched: bool) -> i64 {
        let url = format!("http://a.example/{id}");
        let sent = Sent { method: "GET".to_owned(), url, headers: Vec::new(), body: Vec::new() };
        let noise: Vec<u8> = (0..4_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let body = [text.as_bytes(), id.as_bytes(), &noise].concat();
        let exchange = Exchange { date: at, sent, status: 200, headers: Vec::new(), body };
        let vault = self.vault(at);
        let capture = vault.add(&exchange).unwrap();
        vault.sync().unwrap();
        let posts = vec![prepared(id, at, text, matched)];
        let batch = Batch { sweep: None, plugin: "p".to_owned(), site: "s".to_owned(), captured: at, posts };
        let evidence = Evidence { captures: vec![capture], page: Some(0), ..Evidence::default() };
        let before = self.rows();
        self.store.ingest_all(vec![Heard { evidence, ..batch.into() }]).unwrap();
        self.rows().into_iter().find(|row| !before.contains(row)).unwrap_or_default()
    }

    fn rows(&self) -> Vec<i64> {
        self.reader.posts(&PostQuery::default()).unwrap().into_iter().map(|post| post.row).collect()
    }

    fn finish_incidents(&self) {
        let db = rusqlite::Connection::open(self.dir.path().join("caifeng.db")).unwrap();
        db.execute("UPDATE incident SET state = 'closed'", []).unwrap();
    }

    fn count(&self, table: &str) -> i64 {
        let db = rusqlite::Connection::open(self.dir.path().join("caifeng.db")).unwrap();
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
    }

    fn bytes(&self) -> u64 {
        let dir = self.dir.path().join("evidence");
        vault::files(&dir).unwrap().iter().map(|name| std::fs::metadata(dir.join(name)).unwrap().len()).sum()
    }
}

/// A post of the page `id`.
fn prepared(id: &str, at: Timestamp, text: &str, matched: bool) -> Prepared {
    let url = format!("http://a.example/{id}");
    let post = Post {
        id: id.to_owned(),
        kind: Kind::Post,
        url: url.clone(),
        parent: None,
        author: None,
        publisher: None,
        title: Some(text.to_owned()),
        text: text.to_owned(),
        language: None,
        published: Some(at),
        day_only: false,
        edited: None,
        reactions: Reactions { views: Some(7), ..Reactions::default() },
        media: Vec::new(),
        extra: Vec::new(),
    };
    let topics = matched.then(|| vec!["供水".to_owned()]);
    Prepared {
        telling: Telling::default(),
        post,
        tokens: text.to_owned(),
        signature: None,
        links: vec![url],
        topics,
        labels: Vec::new(),
    }
}

fn looked(row: i64, at: Timestamp, found: Found, proof: Option<(String, i64)>) -> Look {
    Look { row, at, found, detail: None, reactions: Reactions::default(), proof }
}

#[test]
fn each_kind_goes_when_its_time_is_over() {
    let rig = Rig::new();
    let old = rig.hear("old", NOW - 8 * DAY, "旧闻", false);
    let new = rig.hear("new", NOW - 6 * DAY, "新闻", false);
    let held = rig.hear("held", NOW - 300 * DAY, "停水", true);
    let before = rig.bytes();
    let dry = would_release(&rig.reader, &rig.dir.path().join("evidence"), &Retention::default(), NOW).unwrap();
    assert_eq!((dry.unmatched, dry.matched, dry.captures, rig.rows().len()), (1, 0, 1, 3), "only told");
    let done = rig.keeper().run(NOW).unwrap();
    assert_eq!((done.unmatched, done.matched, done.captures), (dry.unmatched, dry.matched, dry.captures));
    let mut left = rig.rows();
    left.sort_unstable();
    assert_eq!(left, [held, new], "{old} is gone, and the open incident holds what is old");
    let figures = rig.reader.figures().unwrap();
    assert_eq!((figures.posts, figures.mentions), (2, 1));
    assert!(rig.bytes() + 2_000 <= before, "{before} bytes became {}", rig.bytes());
    assert_eq!(rig.keeper().run(NOW).unwrap(), Released::default(), "once is enough");

    rig.finish_incidents();
    let done = rig.keeper().run(NOW).unwrap();
    assert_eq!((done.unmatched, done.matched), (0, 1));
    assert_eq!(rig.rows(), [new]);
    assert_eq!(rig.reader.proofs(1).unwrap(), [], "what was pinned is so no longer");
}

/// A young mention of a finished incident stays; 180 days are counted from the capture.
#[test]
fn a_finished_incident_keeps_its_posts_for_half_a_year() {
    let rig = Rig::new();
    rig.hear("a", NOW - 179 * DAY, "停水", true);
    rig.finish_incidents();
    assert_eq!(rig.keeper().run(NOW).unwrap().matched, 0);
    assert_eq!(rig.keeper().run(NOW + 2 * DAY).unwrap().matched, 1);
}

#[test]
fn deletion_is_complete_and_the_chain_stays() {
    let rig = Rig::new();
    let (secret, other) = ("甲乙丙丁停水投诉qzx917", "无关的闲谈wvk404");
    let row = rig.hear("m", NOW - 200 * DAY, secret, true);
    rig.hear("m", NOW - 199 * DAY, &format!("{secret}又一版"), true);
    rig.hear("u", NOW - 200 * DAY, other, false);
    let look = looked(row, NOW, Found::There, None);
    rig.store.looked(look).unwrap();
    assert!(rig.count("post_version") + rig.count("reading") + rig.count("look") >= 3);
    rig.finish_incidents();
    let done = rig.keeper().run(NOW).unwrap();
    assert_eq!((done.unmatched, done.matched, done.captures), (1, 1, 3));
    for table in [
        "post",
        "post_version",
        "mention",
        "topic_post",
        "link",
        "post_capture",
        "reading",
        "look",
        "revisit",
        "capture",
        "evidence_file",
    ] {
        assert_eq!(rig.count(table), 0, "{table}");
    }
    assert!(rig.reader.verify_chain(None).unwrap().is_ok());
    let events: Vec<_> = rig.reader.history(1).unwrap().iter().map(|recorded| recorded.event.name()).collect();
    assert_eq!(events, ["opened", "clock"], "what opened it, and the clock that it started");
    assert_eq!(rig.reader.incident(1).unwrap().unwrap().title, "", "a title is words of a post");
    // Not in a free page, not in the search index, not in what is left of the evidence.
    let dir = rig.dir.path().to_owned();
    rig.store.close();
    let raw = std::fs::read(dir.join("caifeng.db")).unwrap();
    for word in ["qzx917", "wvk404", "投诉", "闲谈"] {
        assert!(!raw.windows(word.len()).any(|window| window == word.as_bytes()), "{word} is still in the file");
    }
    assert_eq!(vault::files(&dir.join("evidence")).unwrap(), [] as [String; 0]);
}

/// A site lists a post for years; its key is not given to another.
#[test]
fn what_was_deleted_does_not_come_back_unless_it_says_something_new() {
    let rig = Rig::new();
    let row = rig.hear("m", NOW - 200 * DAY, "停水", true);
    rig.finish_incidents();
    rig.keeper().run(NOW).unwrap();
    rig.hear("m", NOW - 200 * DAY, "停水", true);
    assert_eq!(rig.rows(), [] as [i64; 0]);
    let again = rig.hear("m", NOW - 200 * DAY, "又停水", true);
    assert!(again > row, "an event names {row}");
}

#[test]
fn pinned_captures_stay_whole_through_a_crash_at_any_step() {
    let rig = Rig::new();
    let at = NOW - 20 * DAY;
    rig.hear("a", at, "闲谈", false);
    rig.hear("b", at, "停水", true);
    rig.hear("c", at, "闲谈又", false);
    let dir = rig.dir.path().join("evidence");
    let proof = rig.reader.proofs(1).unwrap().remove(0);
    let good = vault::bytes(&dir, &proof.capture).unwrap();
    let holds = |moment: &str| {
        let proof = rig.reader.proofs(1).unwrap().remove(0);
        assert_eq!(vault::bytes(&dir, &proof.capture).unwrap(), good, "{moment}");
        proof.capture.file
    };
    // Cut off after the new file was written: nobody knows it.
    let cutoffs = Retention::default().cutoffs(NOW);
    let file = rig.reader.old_files(cutoffs).unwrap().remove(0);
    assert_eq!((file.pinned.len(), file.loose), (1, 2));
    let moved = compact::rewrite(&dir, &file, NOW).unwrap();
    assert_eq!(holds("before the transaction"), file.path);
    // Cut off after the transaction: nobody knows the old one.
    assert!(rig.store.replace_file(file.id, moved).unwrap());
    let new = holds("after the transaction");
    assert!(new.ends_with(".c1.warc.gz"), "{new}");
    assert_eq!(vault::files(&dir).unwrap().len(), 2);
    rig.keeper().run(NOW).unwrap();
    holds("after the next run");
    assert_eq!(vault::files(&dir).unwrap(), [new]);
    // A file that was written and never told of goes too.
    let stray = file.path.replace("-0001.", "-0001.c7.");
    std::fs::write(dir.join(&stray), b"left by a crash").unwrap();
    rig.keeper().run(NOW).unwrap();
    assert!(!dir.join(stray).exists());
    holds("at the end");
}

#[test]
fn what_was_pinned_meanwhile_is_not_let_go_of() {
    let rig = Rig::new();
    rig.hear("a", NOW - 20 * DAY, "闲谈", false);
    let file = rig.reader.old_files(Retention::default().cutoffs(NOW)).unwrap().remove(0);
    assert_eq!(file.pinned, []);
    let row = rig.rows()[0];
    let db = rusqlite::Connection::open(rig.dir.path().join("caifeng.db")).unwrap();
    db.execute(
        "INSERT INTO incident (id, state, opened, latest, posts, sites, algorithm) VALUES (9, 'new', 0, 0, 1, 1, 'x')",
        [],
    )
    .unwrap();
    db.execute("INSERT INTO mention (row, incident) VALUES (?1, 9)", [row]).unwrap();
    assert!(!rig.store.replace_file(file.id, None).unwrap());
    assert_eq!(rig.reader.proofs(9).unwrap().len(), 1);
}

#[test]
fn the_record_of_sweeps_is_kept_for_its_time() {
    let rig = Rig::new();
    let text = "[[watch]]\nid = \"w\"\nplugin = \"feed\"\ntarget = { listing = \"https://a.example/\" }\n";
    let watches = crate::config::Config::parse(text, Path::new("x")).unwrap().watches(0);
    rig.store.put_watches(&watches).unwrap();
    for at in [NOW - 400 * DAY, NOW - 181 * DAY, NOW - 179 * DAY, NOW] {
        let sweep = rig.store.begin_sweep("w", at).unwrap();
        rig.store.finish_sweep(sweep, at + 1, &crate::watch::SweepTally::default()).unwrap();
    }
    let dry = would_release(&rig.reader, Path::new("none"), &Retention::default(), NOW).unwrap();
    assert_eq!((dry.sweeps, rig.keeper().run(NOW).unwrap().sweeps), (2, 2));
    assert_eq!(rig.reader.sweeps(None, 10).unwrap().len(), 2);
}

/// Two at once would each remove the file that the other has just written.
#[test]
fn one_run_at_a_time() {
    let rig = Rig::new();
    rig.hear("a", NOW - 20 * DAY, "闲谈", false);
    rig.hear("b", NOW - 20 * DAY, "停水", true);
    rig.store.close();
    let vault = rig.vault(NOW);
    let (watched, alone) = (Arc::clone(&vault), Arc::new(std::sync::Mutex::new(Vec::new())));
    let seen = Arc::clone(&alone);
    let told = Box::new(move |_| seen.lock().unwrap().push(watched.is_releasing()));
    let store = Store::open(rig.dir.path(), Some(told)).unwrap();
    let keeper = Keeper { reader: store.reader().unwrap(), store: store.clone(), vault, ..rig.keeper() };
    assert_eq!(keeper.run(NOW).unwrap().captures, 1);
    store.close();
    let alone = alone.lock().unwrap();
    assert!(alone.contains(&true), "files were removed while others could: {alone:?}");
    assert!(!keeper.vault.is_releasing());
}

/// What a site still lists is one thing; what a person wants to be seen is another.
#[test]
fn what_was_deleted_comes_back_when_somebody_hands_it_in_and_its_note_goes_with_it() {
    let rig = Rig::new();
    let at = NOW - 200 * DAY;
    let by = || Caller { token: None, account: 1 };
    let submit = |at: Timestamp| {
        let (plugin, site, note) = ("p".to_owned(), "s".to_owned(), Some("秘密的话".to_owned()));
        let prepared = prepared("m", NOW - 200 * DAY, "停水", true);
        rig.store.submit(Submission { plugin, site, at, prepared, note, by: by() }).unwrap()
    };
    assert!(submit(at).new);
    assert_eq!(rig.count("note"), 1);
    rig.finish_incidents();
    assert_eq!(rig.keeper().run(NOW).unwrap().matched, 1);
    assert_eq!((rig.count("note"), rig.count("submission")), (0, 0), "what was said with it is words too");
    assert!(submit(NOW).new);
    assert_eq!(rig.rows().len(), 1);
}

#[test]
fn what_was_deleted_comes_back_with_a_table_or_a_page_that_somebody_wants() {
    let rig = Rig::new();
    let text = "[[watch]]\nid = \"w\"\nplugin = \"p\"\ntarget = { item = \"http://a.example/m\" }\n";
    let watch = crate::config::Config::parse(text, Path::new("x")).unwrap().watches(0).remove(0);
    let wanted = Watch { id: Watch::handed_in("p", "http://a.example/m"), recorded: true, ..watch.clone() };
    let replayed = Watch { id: "http://a.example/m".to_owned(), recorded: true, ..watch.clone() };
    rig.store.put_watches(&[watch.clone(), wanted.clone(), replayed.clone()]).unwrap();
    for (plugin, watch, back) in
        [("p", &watch, false), ("p", &replayed, false), ("p", &wanted, true), ("import", &watch, true)]
    {
        let site = format!("{} of {plugin}", watch.id);
        // Rows of a table belong to no sweep.
        let sweep = (plugin == "p").then(|| rig.store.begin_sweep(&watch.id, NOW).unwrap());
        let batch = |at: Timestamp| {
            let posts = vec![prepared("m", NOW - 20 * DAY, "闲谈", false)];
            Batch { sweep, plugin: plugin.to_owned(), site: site.clone(), captured: at, posts }
        };
        assert_eq!(rig.store.ingest(batch(NOW - 20 * DAY)).unwrap().new, 1);
        assert_eq!(rig.keeper().run(NOW).unwrap().unmatched, 1);
        let posts = [prepared("m", NOW - 20 * DAY, "闲谈", false).post];
        let novelty = rig.reader.unseen_in(sweep, plugin, &site, &posts).unwrap();
        assert_eq!(novelty == [Novelty::New], back, "{plugin} {}", watch.id);
        assert_eq!(rig.store.ingest(batch(NOW)).unwrap().new, u64::from(back), "{plugin} {}", watch.id);
    }
}

#[test]
fn pages_that_no_plugin_could_read_go_too() {
    let rig = Rig::new();
    let call = rig.dir.path().join("failed/feed/0123456789ab");
    std::fs::create_dir_all(&call).unwrap();
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs((NOW - 31 * DAY).unsigned_abs());
    std::fs::File::open(&call).unwrap().set_modified(old).unwrap();
    assert_eq!(rig.keeper().run(NOW).unwrap().calls, 1);
    assert!(!call.exists());
}

/// A person's words go when they ask, and not only from the table: the page that they stood on goes with the next run,
/// however young it is; but for one that posts of somebody else rest on.
#[test]
fn pages_with_the_words_of_whoever_asked_go_with_the_next_run() {
    let rig = Rig::new();
    let at = NOW - 3600;
    let own = rig.hear("a", at, "停水甲", true);
    rig.hear("a", at, "又看到停水甲", true);
    rig.hear("b", at, "停水乙", true);
    rig.hear("c", at, "闲谈", false);
    let erased = rig.store.erase_posts(&legal(&rig), vec![own], "本人要求", NOW).unwrap();
    assert_eq!((erased.posts, erased.pages, erased.shared), (1, 2, 0), "every sight of that page");
    let dir = rig.dir.path().join("evidence");
    let before = vault::files(&dir).unwrap();
    // Whatever is written to a file now may not be known to the store yet.
    assert_eq!(rig.keeper().run(NOW).unwrap().later, 1);
    assert_eq!(vault::files(&dir).unwrap(), before);
    age(&dir);
    let released = rig.keeper().run(NOW).unwrap();
    assert_eq!((released.captures, released.later), (2, 0));
    let (files, captures) = (vault::files(&dir).unwrap(), rig.count("capture"));
    assert_eq!((files.len(), captures), (1, 2), "what others said stays, though no mention: its time is not over");
    // The next capture begins a file of its own, and the one after it lies beside that.
    rig.hear("d", NOW, "停水丁", true);
    assert_eq!(rig.reader.known_files().unwrap().len(), 2);
}

#[test]
fn a_page_that_somebody_elses_post_rests_on_stays_and_is_told() {
    let rig = Rig::new();
    let at = NOW - 3600;
    let url = "http://a.example/list".to_owned();
    let sent = Sent { method: "GET".to_owned(), url, headers: Vec::new(), body: Vec::new() };
    let exchange = Exchange { date: at, sent, status: 200, headers: Vec::new(), body: b"both".to_vec() };
    let vault = rig.vault(at);
    let capture = vault.add(&exchange).unwrap();
    vault.sync().unwrap();
    let posts = vec![prepared("a", at, "停水甲", true), prepared("b", at, "停水乙", true)];
    let batch = Batch { sweep: None, plugin: "p".to_owned(), site: "s".to_owned(), captured: at, posts };
    let evidence = Evidence { captures: vec![capture], page: Some(0), ..Evidence::default() };
    rig.store.ingest_all(vec![Heard { evidence, ..batch.into() }]).unwrap();
    let rows = rig.rows();
    let by = legal(&rig);
    let first = rig.store.erase_posts(&by, vec![rows[0]], "本人要求", NOW).unwrap();
    assert_eq!((first.posts, first.pages, first.shared), (1, 0, 1));
    let second = rig.store.erase_posts(&by, vec![rows[1]], "本人要求", NOW).unwrap();
    assert_eq!((second.pages, second.shared), (1, 0), "nobody rests on it any more");
    age(&rig.dir.path().join("evidence"));
    assert_eq!(rig.keeper().run(NOW).unwrap().captures, 1);
    assert_eq!(rig.bytes(), 0);
}

/// As if nothing had been written for a minute.
fn age(dir: &Path) {
    for name in vault::files(dir).unwrap() {
        let file = std::fs::File::options().append(true).open(dir.join(name)).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written - Duration::from_secs(60)).unwrap();
    }
}

/// The legal officer, added by the administrators.
fn legal(rig: &Rig) -> Caller {
    let caller = |token: Option<Token>| Caller { token, account: 1 };
    let change = |by: &Caller, change| rig.store.change_user(by, change, NOW).unwrap().token;
    let add = |by: &Caller, name: &str, roles: &[Role]| {
        caller(change(by, UserChange::Add { name: name.into(), roles: roles.to_vec() }))
    };
    let system = add(&caller(None), "sys", &[Role::System]);
    let security = add(&system, "sec", &[Role::Security]);
    let legal = add(&system, "law", &[]);
    change(&security, UserChange::Roles { user: "law".into(), roles: vec![Role::Legal] });
    legal
}

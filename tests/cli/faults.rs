//! What goes wrong, and who must act: exit codes and errors.

use crate::recording::{self, Answer};
use crate::terminal::{Place, Said};
use crate::{letters, shows, swept};

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

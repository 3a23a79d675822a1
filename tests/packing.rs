//! A plugin on its way from its author to an operator: packed, signed, and whatever can be wrong with it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recording;
mod site;
mod terminal;

use std::path::{Path, PathBuf};

use caifeng::store::{EntryQuery, Reader};
use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::pack;
use recording::{Answer, item};
use site::Site;
use terminal::{DEADLINE, Place};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The shipped feed plugin under another name, as a third party's: with its fixtures, in a folder.
fn author() -> Place {
    let place = Place::new();
    place.write("board.wasm", board(&place, "0.1.0", "[\"target\"]"));
    place.run("plugin key author.key").ends(0);
    place
}

/// The component with a manifest that names another plugin, another version and other hosts.
fn board(place: &Place, version: &str, allow: &str) -> Vec<u8> {
    let feed = std::fs::read(root().join("target/plugins/feed.wasm")).unwrap();
    let text = Artifact::read(feed.as_slice()).unwrap().manifest_text().to_owned();
    let mut manifest: toml::Table = toml::from_str(&text).unwrap();
    manifest["id"] = "board".into();
    manifest["version"] = version.into();
    manifest["network"]["allow"] = toml::from_str::<toml::Table>(&format!("a = {allow}")).unwrap()["a"].clone();
    copy(&root().join("plugins/feed/fixtures"), &place.path("fixtures"));
    with_manifest(&feed, &toml::to_string(&manifest).unwrap())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &there);
        } else {
            std::fs::copy(&path, there).unwrap();
        }
    }
}

/// The component with its manifest replaced: a custom section is a zero, a length, a name and its content.
fn with_manifest(component: &[u8], manifest: &str) -> Vec<u8> {
    let name = b"caifeng:manifest";
    let at = component.windows(name.len()).rposition(|window| window == name).unwrap();
    let old = Artifact::read(component).unwrap().manifest_text().len();
    let header = at - 1 - leb((name.len() + 1 + old) as u64).len() - 1;
    assert_eq!(component[header], 0, "a custom section");
    let mut changed = component[..header].to_vec();
    changed.push(0);
    changed.extend(leb((name.len() + 1 + manifest.len()) as u64));
    changed.push(u8::try_from(name.len()).unwrap());
    changed.extend(name);
    changed.extend(manifest.as_bytes());
    changed.extend(&component[at + name.len() + old..]);
    assert_eq!(Artifact::read(changed.as_slice()).unwrap().manifest_text(), manifest);
    changed
}

fn leb(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[test]
fn the_same_source_gives_the_same_file_stripped_with_its_fixtures_inside() {
    let place = author();
    let said = place.run("plugin pack board.wasm --fixtures fixtures").ends(0);
    assert!(said.err.contains("not signed"), "{said}");
    let packed = std::fs::read(place.path("board-0.1.0.wasm")).unwrap();
    place.run("plugin pack board.wasm --fixtures fixtures --out again.wasm").ends(0);
    place.run("plugin pack board-0.1.0.wasm --out packed-again.wasm").ends(0);
    for file in ["again.wasm", "packed-again.wasm"] {
        assert!(std::fs::read(place.path(file)).unwrap() == packed, "{file}");
    }
    let inside = pack::fixtures(&packed).unwrap();
    assert!(inside.iter().any(|file| file.name == "bureau/call.toml"));
    let told = |file: &[u8]| file.windows(10).filter(|window| window == b"\x09producers").count();
    assert!(told(&std::fs::read(place.path("board.wasm")).unwrap()) > 1);
    // One stands in the data of the guest itself, where it is no section.
    assert_eq!(told(&packed), 1, "what only a debugger reads is left out");
    // What it carries is enough to try the laws.
    let said = place.run("plugin check board-0.1.0.wasm").ends(0);
    assert!(said.out.contains("pass  damage"), "{said}");
}

#[test]
fn minisign_itself_checks_what_is_signed_and_its_keys_sign() {
    let place = author();
    place.run("plugin pack board.wasm --fixtures fixtures --key author.key").ends(0);
    let minisign = |arguments: &str| {
        let mut command = place.program("minisign");
        command.args(arguments.split_whitespace());
        command
    };
    let Ok(_) = minisign("-v").output() else {
        println!("not run: minisign is not installed");
        return;
    };
    let said = place.finish("minisign", minisign("-V -p author.key.pub -m board-0.1.0.wasm")).ends(0);
    assert!(said.out.contains("plugin:board\tversion:0.1.0\tkey:RW"), "{said}");
    place.finish("minisign", minisign("-G -W -p other.pub -s other.key")).ends(0);
    place.run("plugin pack board.wasm --fixtures fixtures --key other.key").ends(0);
    place.finish("minisign", minisign("-V -p other.pub -m board-0.1.0.wasm")).ends(0);
    place.finish("minisign", minisign("-V -p author.key.pub -m board-0.1.0.wasm")).ends(1);
}

#[test]
fn a_key_is_never_written_over_and_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = author();
    let mode = std::fs::metadata(place.path("author.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let said = place.run("plugin key author.key").ends(2);
    assert!(said.err.contains("author.key: cannot be written"), "{said}");
    place.write("no.key", "a\nb\n");
    place.run("plugin pack board.wasm --fixtures fixtures --key no.key").ends(2);
}

/// A file that only its owner can read.
fn secret(place: &Place, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = place.write(name, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_key_with_a_password_signs_with_it_and_nothing_shows_it() {
    let place = author();
    secret(&place, "password", "correct horse\n");
    secret(&place, "wrong", "battery staple\n");
    place.run("plugin key sealed.key --password-file password").ends(0);
    let pack = "plugin pack board.wasm --fixtures fixtures --key sealed.key";
    let said = place.run(pack).ends(2);
    assert!(said.err.contains("sealed.key: has a password") && said.err.contains("--password-file"), "{said}");
    let said = place.run(&format!("{pack} --password-file wrong")).ends(2);
    assert!(!said.err.contains("staple") && !place.path("board-0.1.0.wasm.minisig").exists(), "{said}");
    place.write("open", "correct horse\n");
    let said = place.run(&format!("{pack} --password-file open")).ends(2);
    assert!(said.err.contains("open: others can read it (644), so it is no secret: chmod 600 it"), "{said}");
    place.run("plugin key other.key --password").ends(2);
    place.run(&format!("{pack} --password-file password")).ends(0);
    let mut minisign = place.program("minisign");
    minisign.args(["-V", "-p", "sealed.key.pub", "-m", "board-0.1.0.wasm"]);
    if place.program("minisign").arg("-v").output().is_ok() {
        place.finish("minisign", minisign).ends(0);
    }
}

/// Packs and signs a version of the board, as `board-VERSION.wasm`.
fn release(place: &Place, version: &str, allow: &str, key: &str) {
    place.write("board.wasm", board(place, version, allow));
    place.run(&format!("plugin pack board.wasm --fixtures fixtures --key {key}")).ends(0);
}

/// Two keys, and a version of the board by the first.
fn released() -> Place {
    let place = author();
    place.run("plugin key other.key").ends(0);
    release(&place, "0.1.0", "[\"target\"]", "author.key");
    place
}

fn grants(place: &Place) -> String {
    std::fs::read_to_string(place.path("data/grants.toml")).unwrap_or_default()
}

#[test]
fn a_plugin_waits_for_its_grant_and_an_upgrade_that_asks_for_more_does_too() {
    let place = released();
    let said = place.run("plugin install board-0.1.0.wasm --data data").ends(0);
    for line in [
        "a key that was not known here",
        "keeps every law",
        "  - read from the site that each of your watches names",
        "it waits, and nothing of it runs",
    ] {
        assert!(said.out.contains(line), "{line}: {said}");
    }
    assert!(!place.path("data/plugins/board.wasm").exists() && grants(&place).is_empty());
    let said = place.run("plugin inspect board --data data").ends(0);
    for line in
        ["\nsigned by RW", "  - read from the site", "it waits, and nothing of it runs", "caifeng plugin grant board"]
    {
        assert!(said.out.contains(line), "{line}: {said}");
    }
    let said = place.run("plugin list --data data").ends(0);
    assert!(said.out.contains("waiting") && said.out.contains("caifeng plugin grant board"), "{said}");
    place.run("plugin grant board --data data --network example.cn").ends(2);
    place.run("plugin grant board --data data").ends(0);
    assert!(place.path("data/plugins/board.wasm.minisig").exists());
    let said = place.run("plugin inspect board --data data").ends(0);
    assert!(said.out.contains("signed by RW") && said.out.contains("installed: it may reach target"), "{said}");
    assert_eq!(grants(&place).matches("[[grant]]").count(), 1);
    let first = grants(&place);
    // No more than before: it takes the place at once, with the grant of the one before.
    release(&place, "0.1.1", "[\"target\"]", "author.key");
    let said = place.run("plugin upgrade board-0.1.1.wasm --data data").ends(0);
    assert!(said.out.contains("as before") && said.out.contains("no more than 0.1.0"), "{said}");
    assert!(said.out.contains("installed in place of 0.1.0"), "{said}");
    assert!(grants(&place).matches("[[grant]]").count() == 1 && grants(&place) != first);
    // More: the one before keeps running, with its grant.
    release(&place, "0.2.0", "[\"target\", \"*.example.cn\"]", "author.key");
    let (second, file) = (grants(&place), std::fs::read(place.path("data/plugins/board.wasm")).unwrap());
    let said = place.run("plugin upgrade board-0.2.0.wasm --data data").ends(0);
    assert!(said.out.contains("  + read from every host below example.cn"), "{said}");
    assert!(!said.out.contains("  + read from the site"), "{said}");
    assert!(said.out.contains("it waits, and 0.1.1 keeps running"), "{said}");
    let said = place.run("plugin inspect board --data data --json").ends(0).json();
    let stands: Vec<_> = said.iter().map(|one| (one["version"].as_str(), one["state"].as_str())).collect();
    assert_eq!(stands, [(Some("0.1.1"), Some("installed")), (Some("0.2.0"), Some("waiting"))], "{said:?}");
    assert!(said[0]["may_reach"][0] == "target" && said[1]["may_reach"].is_null() && said[1]["signer"].is_string());
    assert!(grants(&place) == second && std::fs::read(place.path("data/plugins/board.wasm")).unwrap() == file);
    place.run("plugin grant board --data data").ends(0);
    assert!(place.run("plugin list --data data").ends(0).out.contains("board        0.2.0"));
    assert!(grants(&place).contains("*.example.cn") && grants(&place).matches("[[grant]]").count() == 1);
    place.run("plugin remove board --data data").ends(0);
    assert!(!grants(&place).contains("board") && !place.path("data/plugins/board.wasm").exists());
    place.run("plugin remove board --data data").ends(2);
}

#[test]
fn who_signs_is_pinned_and_nobody_else_comes_in_under_the_name() {
    let place = released();
    place.run("plugin install board-0.1.0.wasm --data data --grant").ends(0);
    release(&place, "0.2.0", "[\"target\"]", "other.key");
    let upgrade = "plugin upgrade board-0.2.0.wasm --data data";
    let said = place.run(upgrade).ends(1);
    assert!(said.err.contains("plugin board 0.2.0: it is signed by RW") && said.err.contains("--new-signer"), "{said}");
    std::fs::remove_file(place.path("board-0.2.0.wasm.minisig")).unwrap();
    let said = place.run(upgrade).ends(1);
    assert!(said.err.contains("plugin board 0.2.0: it is not signed") && said.err.contains("ask its author"), "{said}");
    // The signature of the version before, used again.
    std::fs::copy(place.path("board-0.1.0.wasm.minisig"), place.path("board-0.2.0.wasm.minisig")).unwrap();
    let said = place.run(upgrade).ends(1);
    assert!(said.err.contains("does not fit the file") && said.err.contains("it says board 0.1.0"), "{said}");
    // Removed, the name is still the first signer's.
    place.run("plugin remove board --data data").ends(0);
    release(&place, "0.2.0", "[\"target\"]", "other.key");
    place.run("plugin install board-0.2.0.wasm --data data").ends(1);
    place.run("plugin install board-0.2.0.wasm --data data --new-signer --grant").ends(0);
    release(&place, "0.3.0", "[\"target\"]", "other.key");
    place.run("plugin upgrade board-0.3.0.wasm --data data").ends(0);
    // A person who knows the key says so, and another does not pass.
    let said = place.run("plugin install board-0.3.0.wasm --data elsewhere --signer author.key.pub").ends(1);
    assert!(said.err.contains("signed by another key"), "{said}");
    place.run("plugin install board-0.3.0.wasm --data elsewhere --signer other.key.pub").ends(0);
}

#[test]
fn another_key_is_pinned_when_its_version_runs_and_not_when_it_waits() {
    let place = released();
    place.run("plugin install board-0.1.0.wasm --data data --grant").ends(0);
    let pinned = || std::fs::read_to_string(place.path("data/signers.toml")).unwrap();
    let first = pinned();
    let more = "[\"target\", \"*.example.cn\"]";
    release(&place, "0.2.0", more, "other.key");
    let stage = "plugin upgrade board-0.2.0.wasm --data data --new-signer";
    let said = place.run(stage).ends(0);
    assert!(said.out.contains("another key than before: trusted once it is allowed"), "{said}");
    assert!(said.out.contains("it waits, and 0.1.0 keeps running"), "{said}");
    // Who signed before still may, and takes the place of what waits.
    release(&place, "0.1.1", "[\"target\"]", "author.key");
    let said = place.run("plugin upgrade board-0.1.1.wasm --data data").ends(0);
    assert!(said.out.contains("as before") && said.out.contains("installed in place of 0.1.0"), "{said}");
    assert_eq!(pinned(), first.replace("0.1.0", "0.1.1"));
    place.run("plugin grant board --data data").ends(0);
    assert!(place.run("plugin list --data data").ends(0).out.contains("board        0.1.1"));
    // Laid aside again and allowed, the other key is the pinned one.
    place.run(stage).ends(0);
    place.run("plugin grant board --data data").ends(0);
    assert!(place.run("plugin list --data data").ends(0).out.contains("board        0.2.0"));
    release(&place, "0.3.0", more, "author.key");
    place.run("plugin upgrade board-0.3.0.wasm --data data").ends(1);
    release(&place, "0.3.0", more, "other.key");
    place.run("plugin upgrade board-0.3.0.wasm --data data").ends(0);
}

/// There was no key before that this could be another than.
#[test]
fn who_signs_what_was_not_signed_before_is_told_of_as_such() {
    let place = author();
    place.run("plugin pack board.wasm --fixtures fixtures").ends(0);
    place.run("plugin install board-0.1.0.wasm --data data --grant").ends(0);
    let said = place.run("plugin inspect board --data data").ends(0);
    assert!(said.out.contains("\nnot signed\n"), "{said}");
    release(&place, "0.2.0", "[\"target\", \"*.example.cn\"]", "author.key");
    let said = place.run("plugin upgrade board-0.2.0.wasm --data data").ends(0);
    assert!(said.out.contains("the version before was not signed: trusted once it is allowed"), "{said}");
    assert!(!said.out.contains("another key"), "{said}");
}

#[test]
fn an_older_version_and_a_name_of_the_release_need_a_word_of_their_own() {
    let place = released();
    release(&place, "0.10.0", "[\"target\"]", "author.key");
    place.run("plugin install board-0.10.0.wasm --data data --grant").ends(0);
    place.run("plugin install board-0.10.0.wasm --data data").ends(1);
    let said = place.run("plugin upgrade board-0.1.0.wasm --data data").ends(1);
    assert!(said.err.contains("plugin board 0.1.0: it is older than 0.10.0"), "{said}");
    // Removed, the last version is still known.
    place.run("plugin remove board --data data").ends(0);
    place.run("plugin install board-0.1.0.wasm --data data").ends(1);
    place.run("plugin install board-0.1.0.wasm --data data --downgrade --grant").ends(0);
    // The same version, another file.
    let other = std::fs::read_to_string(place.path("fixtures/bureau/call.toml")).unwrap();
    place.write("fixtures/bureau/call.toml", format!("# again\n{other}"));
    place.run("plugin pack board.wasm --fixtures fixtures --key author.key").ends(0);
    place.run("plugin upgrade board-0.10.0.wasm --data data").ends(0);
    place.write("board.wasm", std::fs::read(place.path("board-0.10.0.wasm")).unwrap());
    place.write("fixtures/bureau/call.toml", other);
    place.run("plugin pack board.wasm --fixtures fixtures --key author.key").ends(0);
    let said = place.run("plugin upgrade board-0.10.0.wasm --data data").ends(1);
    assert!(said.err.contains("another file than the one of the same version"), "{said}");
    place.run("plugin pack feed --out feed.wasm").ends(0);
    let said = place.run("plugin install feed.wasm --data data").ends(1);
    assert!(said.err.contains("the release has a plugin of this name"), "{said}");
}

#[test]
fn what_was_tampered_with_is_refused_and_nothing_of_it_stays() {
    let place = released();
    let whole = std::fs::read(place.path("board-0.1.0.wasm")).unwrap();
    let signature = std::fs::read_to_string(place.path("board-0.1.0.wasm.minisig")).unwrap();
    let install = |name: &str, file: &[u8], code: i32, said: &str| {
        place.write(&format!("{name}.wasm"), file);
        place.write(&format!("{name}.wasm.minisig"), &signature);
        let answer = place.run(&format!("plugin install {name}.wasm --data data --grant")).ends(code);
        assert!(answer.err.contains(said), "{name}: {answer}");
        assert!(!place.path("data").exists(), "{name}: {answer}");
    };
    let text = Artifact::read(whole.as_slice()).unwrap().manifest_text().to_owned();
    let tampered = with_manifest(&whole, &text.replace("\"target\"", "\"target\", \"*.evil.cn\""));
    install("tampered", &tampered, 1, "plugin board 0.1.0: the signature does not fit the file");
    install("cut", &whole[..whole.len() - 100], 3, "damaged file, fetch or build it again");
    install("no-plugin", b"no plugin", 3, "not a plugin");
    place.write("board-0.1.0.wasm.minisig", &signature[..signature.len() - 20]);
    let said = place.run("plugin install board-0.1.0.wasm --data data").ends(1);
    assert!(said.err.contains("the signature is damaged, fetch it again"), "{said}");
    // A law that is broken, and no fixtures to try any on.
    let call = std::fs::read_to_string(place.path("fixtures/bureau/expect.json")).unwrap();
    place.write("fixtures/bureau/expect.json", call.replace("停水", "停电"));
    place.run("plugin pack board.wasm --fixtures fixtures --out lawless.wasm --key author.key").ends(0);
    let said = place.run("plugin install lawless.wasm --data data").ends(3);
    assert!(
        said.err.contains("plugin board 0.1.0: it breaks the law of expectations: its author must mend it"),
        "{said}"
    );
    place.run("plugin pack board.wasm --out bare.wasm --key author.key").ends(0);
    let said = place.run("plugin install bare.wasm --data data").ends(3);
    assert!(said.err.contains("it carries no fixtures"), "{said}");
    assert!(!place.path("data").exists());
}

/// A registry of Debian's on the loopback; ends with the test.
struct Registry {
    child: std::process::Child,
    at: String,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Registry {
    /// `None` where it is not installed.
    fn start(place: &Place) -> Option<Self> {
        Self::start_with(place, "", "")
    }

    /// With more of its configuration: below `http`, and beside it.
    #[expect(clippy::disallowed_methods, reason = "a test waits until the registry listens")]
    fn start_with(place: &Place, http: &str, more: &str) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = free.local_addr().unwrap().to_string();
        drop(free);
        let kept = place.path("registry");
        let config = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage:\n  filesystem: {{ rootdirectory: {} }}\nhttp: {{ addr: '{at}'{http} }}\n{more}",
            kept.display()
        );
        let config = place.write("registry.yml", config);
        let child = place.program("docker-registry").arg("serve").arg(config).spawn().ok()?;
        let registry = Self { child, at };
        let begun = std::time::Instant::now();
        while std::net::TcpStream::connect(&registry.at).is_err() {
            assert!(begun.elapsed() < DEADLINE, "the registry does not listen");
            std::thread::yield_now();
        }
        Some(registry)
    }
}

#[test]
fn a_real_registry_takes_a_plugin_and_gives_it_back() {
    let place = released();
    let Some(registry) = Registry::start(&place) else {
        println!("not run: docker-registry is not installed");
        return;
    };
    let at = format!("oci://{}/plugins/board", registry.at);
    let publish = format!("plugin publish {at} board-0.1.0.wasm --data data");
    let said = place.run(&format!("{publish} --plain-http")).ends(2);
    let pair = format!("private = [\"{}:PORT\"]", registry.at.split(':').next().unwrap());
    assert!(said.err.contains("list it in [network] private") && said.err.contains(&pair), "{said}");
    place.write("data/caifeng.toml", format!("[network]\nprivate = [\"{}\"]\n", registry.at));
    let said = place.run(&format!("{publish} --plain-http")).ends(0);
    let digest = said.out.trim().rsplit_once('@').unwrap().1.to_owned();
    assert!(said.out.starts_with(&format!("{at}:0.1.0@sha256:")), "{said}");
    // The same plugin is the same artifact.
    assert!(place.run(&format!("{publish} --plain-http")).ends(0).out.contains(&digest));
    let said = place.run(&format!("plugin install {at}:9.9.9 --data data --plain-http")).ends(4);
    assert!(said.err.contains("the registry has no such plugin"), "{said}");
    let said = place.run(&format!("plugin install {at}@{digest} --data data --plain-http --grant")).ends(0);
    assert!(said.out.contains("signed by RW") && said.out.contains("installed:"), "{said}");
    let installed = std::fs::read(place.path("data/plugins/board.wasm")).unwrap();
    assert!(installed == std::fs::read(place.path("board-0.1.0.wasm")).unwrap());
    release(&place, "0.2.0", "[\"target\"]", "author.key");
    let to = format!("plugin publish {at} board.wasm --fixtures fixtures --data data --plain-http");
    place.run(&to).ends(2);
    place.run(&format!("{to} --key author.key")).ends(0);
    // What people may have installed is not replaced unseen: not by other fixtures, and not by another signature.
    let note = std::fs::read_to_string(place.path("fixtures/bureau/call.toml")).unwrap();
    place.write("fixtures/bureau/call.toml", format!("# again\n{note}"));
    for command in [format!("{to} --key author.key"), format!("{to} --key other.key")] {
        let said = place.run(&command).ends(1);
        assert!(
            said.err.contains("another file is published there (sha256:") && said.err.contains("--replace"),
            "{said}"
        );
    }
    let there =
        place.run(&format!("plugin install {at}:0.2.0 --data other --config data/caifeng.toml --plain-http")).ends(0);
    place.run(&format!("{to} --key author.key --replace")).ends(0);
    let here =
        place.run(&format!("plugin install {at}:0.2.0 --data third --config data/caifeng.toml --plain-http")).ends(0);
    assert_ne!(there.out, here.out);
    // Who names no tag is told which there are; who shouts, that one does not.
    let said = place.run(&format!("plugin install {at} --data data --plain-http")).ends(2);
    assert!(said.err.contains("no tag was named") && said.err.contains("there are: 0.1.0, 0.2.0"), "{said}");
    let said = place.run(&format!("plugin install {at}:9.9.9 --data data --plain-http")).ends(4);
    assert!(said.err.contains("there are: 0.1.0, 0.2.0"), "{said}");
    let said = place.run(&format!("plugin install oci://{}/Plugins/board:0.1.0 --data data", registry.at)).ends(2);
    assert!(said.err.contains("in lower case, as oci://") && said.err.contains("/plugins/board:0.1.0"), "{said}");
    let said = place.run(&format!("plugin upgrade {at}:0.2.0 --data data --plain-http")).ends(0);
    assert!(said.out.contains("installed in place of 0.1.0"), "{said}");
}

/// `correct-horse-battery`, hashed by bcrypt.
const HASHED: &str = "$2b$04$cAPFsksIYmg.35gVSg63rOQ.5WaQJ6Ggy/plAqTSMaaSFnCyZA9A6";

#[test]
fn a_registry_with_a_login_and_https_is_entered_with_a_file_that_nobody_else_can_read() {
    let place = released();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = place.write("registry.pem", made.cert.pem());
    let key = place.write("registry.key", made.signing_key.serialize_pem());
    let users = place.write("users", format!("author:{HASHED}\n"));
    let http = format!(", tls: {{ certificate: {}, key: {} }}", certificate.display(), key.display());
    let auth = format!("auth:\n  htpasswd: {{ realm: plugins, path: {} }}\n", users.display());
    let Some(registry) = Registry::start_with(&place, &http, &auth) else {
        println!("not run: docker-registry is not installed");
        return;
    };
    place.write("data/caifeng.toml", format!("[network]\nprivate = [\"{}\"]\n", registry.at));
    let at = format!("oci://{}/plugins/board", registry.at);
    // Everything is logged, as somebody does who looks for a fault: the password is in none of it.
    let run = |arguments: &str| {
        let mut command = place.caifeng(arguments);
        command.env("SSL_CERT_FILE", &certificate).env("RUST_LOG", "trace").env("CAIFENG_LOG", "trace");
        let said = place.finish(arguments, command);
        for secret in ["correct-horse", "battery-staple", "YXV0aG9yOmNvcnJlY3QtaG9yc2U"] {
            assert!(!said.err.contains(secret) && !said.out.contains(secret), "{arguments}: {said}");
        }
        said
    };
    let publish = format!("plugin publish {at} board-0.1.0.wasm --data data");
    let said = run(&publish).ends(1);
    assert!(said.err.contains("--login-file"), "{said}");
    place.write("login", "author:correct-horse-battery\n");
    let said = run(&format!("{publish} --login-file login")).ends(2);
    assert!(said.err.contains("login: others can read it"), "{said}");
    secret(&place, "wrong", "author:battery-staple\n");
    run(&format!("{publish} --login-file wrong")).ends(1);
    secret(&place, "nobody", "correct-horse-battery\n");
    let said = run(&format!("{publish} --login-file nobody")).ends(2);
    assert!(said.err.contains("nobody: write USER:PASSWORD"), "{said}");
    secret(&place, "mine", "author:correct-horse-battery\n");
    let said = run(&format!("{publish} --login-file mine")).ends(0);
    assert!(said.out.starts_with(&format!("{at}:0.1.0@sha256:")), "{said}");
    run(&format!("plugin install {at}:0.1.0 --data data --grant")).ends(1);
    let said = run(&format!("plugin install {at}:0.1.0 --data data --grant --login-file mine")).ends(0);
    assert!(said.out.contains("installed:"), "{said}");
    // A certificate that nobody vouches for is no registry.
    let said = place.run(&format!("{publish} --login-file mine")).ends(4);
    assert!(!said.err.contains("correct-horse"), "{said}");
}

#[test]
fn a_registry_that_lies_is_found_out() {
    let place = released();
    let hash = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let (a, b) = (hash("a"), hash("b"));
    let layer = format!("{{\"mediaType\":\"application/wasm\",\"digest\":\"{a}\",\"size\":20}}");
    let manifest = |layers: &str| format!("{{\"schemaVersion\":2,\"config\":{layer},\"layers\":[{layers}]}}");
    let (one, none) = (manifest(&layer), manifest(""));
    let site = Site::serve(move |path, _| match path {
        _ if path.ends_with("/manifests/other") => (format!("200 OK\r\nDocker-Content-Digest: {b}"), one.clone()),
        _ if path.ends_with("/manifests/none") => ("200 OK".to_owned(), none.clone()),
        _ if path.ends_with("/manifests/long") => ("200 OK".to_owned(), one.replace("20", "19")),
        _ if path.ends_with("/manifests/away") => {
            ("307 Go\r\nLocation: http://169.254.169.254/latest".to_owned(), String::new())
        }
        _ if path.ends_with("/manifests/shut") => ("403 No".to_owned(), String::new()),
        _ if path.contains("/manifests/") => ("200 OK".to_owned(), one.clone()),
        _ => ("200 OK".to_owned(), "another file, indeed".to_owned()),
    });
    place.write("data/caifeng.toml", format!("[network]\nprivate = [\"{}\"]\n", site.at));
    let install = |name: &str, code: i32, why: &str| {
        let at = format!("oci://{}/board{name}", site.at);
        let said = place.run(&format!("plugin install {at} --data data --plain-http --grant")).ends(code);
        assert!(said.err.contains(why), "{name}: {said}");
        assert!(!place.path("data/plugins").exists());
    };
    install(":1", 1, "the registry sent something else than it promised, and nothing of it was taken");
    install(":other", 1, "a manifest of sha256:");
    install(&format!("@{}", hash("c")), 1, "a manifest of sha256:");
    install(":long", 1, "more than the 19 bytes that it promised");
    install(":none", 3, "its author must publish it with caifeng plugin publish");
    install(":away", 2, "not a public address: 169.254.169.254");
    install(":shut", 1, "--login-file");
    install(":../x", 2, "not a place in a registry");
}

#[test]
fn a_running_daemon_sweeps_with_what_is_installed_now() {
    let (place, site) = (released(), feed());
    place.write("data/caifeng.toml", site.config(&["/rss"], "").replace("plugin = \"feed\"", "plugin = \"board\""));
    let (_running, _) = place.serve("--data data");
    let sweep = "sweep --all --data data --json";
    let kind = |said: terminal::Said| said.json()[0]["failures"][0]["detail"].as_str().unwrap_or("none").to_owned();
    assert!(kind(place.run(sweep)).contains("no plugin \"board\" is installed"));
    place.run("plugin install board-0.1.0.wasm --data data").ends(0);
    assert!(kind(place.run(sweep)).contains("no plugin \"board\" is installed"), "it waits");
    place.run("plugin grant board --data data").ends(0);
    assert_eq!(kind(place.run(sweep).ends(0)), "none");
    release(&place, "0.2.0", "[\"target\"]", "author.key");
    place.run("plugin upgrade board-0.2.0.wasm --data data").ends(0);
    assert_eq!(kind(place.run(sweep).ends(0)), "none");
    place.run("plugin remove board --data data").ends(0);
    assert!(kind(place.run(sweep)).contains("no plugin \"board\" is installed"));
    assert_eq!(recorded(&place), ["removed 0.2.0", "upgraded 0.2.0", "granted 0.1.0", "put-aside 0.1.0"]);
}

/// What was done to plugins, the newest first, as the record has it.
fn recorded(place: &Place) -> Vec<String> {
    let reader = Reader::open(&place.path("data")).unwrap();
    let page = reader.entries(&EntryQuery { limit: 100, ..EntryQuery::default() }).unwrap();
    let told = page.entries.iter().filter_map(|entry| {
        let body: serde_json::Value = serde_json::from_str(&entry.body).unwrap();
        let said = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (said("event") == "plugin-changed").then(|| format!("{} {}", said("change"), said("version")))
    });
    told.collect()
}

#[test]
fn each_change_is_in_the_record_and_takes_the_system_administrator_once_there_are_users() {
    let place = released();
    place.run("plugin install board-0.1.0.wasm --data data").ends(0);
    place.run("plugin grant board --data data").ends(0);
    assert_eq!(recorded(&place), ["granted 0.1.0", "put-aside 0.1.0"]);
    place.run("user add wang --role system --data data --out wang.token").ends(0);
    place.run("user add zhao --role security --data data --token wang.token --out zhao.token").ends(0);
    release(&place, "0.2.0", "[\"target\", \"*.example.cn\"]", "author.key");
    let before = std::fs::read(place.path("data/plugins/board.wasm")).unwrap();
    for command in ["plugin upgrade board-0.2.0.wasm", "plugin grant board", "plugin remove board"] {
        let said = place.run(&format!("{command} --data data")).ends(1);
        assert!(said.err.contains("this needs your personal token"), "{said}");
        let said = place.run(&format!("{command} --data data --token zhao.token")).ends(1);
        assert!(said.err.contains("(keep plugins): it takes system"), "{said}");
    }
    assert!(std::fs::read(place.path("data/plugins/board.wasm")).unwrap() == before);
    assert!(!place.path("data/plugins/waiting").join("board.wasm").exists());
    assert_eq!(recorded(&place).len(), 2, "what was refused changed nothing");
    place.run("plugin upgrade board-0.2.0.wasm --data data --token wang.token").ends(0);
    place.run("plugin grant board --data data --network target --token wang.token").ends(0);
    place.run("plugin remove board --data data --token wang.token").ends(0);
    assert_eq!(recorded(&place)[..3], ["removed 0.2.0", "granted 0.2.0", "put-aside 0.2.0"]);
    let said = place.run("audit verify --data data").ends(0);
    assert!(said.out.contains("consistent"), "{said}");
}

#[test]
fn two_who_install_at_once_wait_for_each_other() {
    let place = released();
    let running: Vec<_> = (0..3).map(|_| place.start("plugin install board-0.1.0.wasm --data data --grant")).collect();
    let codes: Vec<i32> = running.into_iter().map(|mut one| one.wait().code().unwrap()).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}: one installs it, others find it there");
    assert!(codes.iter().all(|code| matches!(code, 0 | 1)), "{codes:?}");
    assert_eq!(recorded(&place), ["installed 0.1.0"]);
    assert_eq!(grants(&place).matches("[[grant]]").count(), 1);
    assert!(place.run("plugin list --data data").ends(0).out.contains("board        0.1.0"));
}

/// A site with one letter in its feed.
fn feed() -> Site {
    Site::serve(|path, _| match path {
        "/robots.txt" => ("200 OK\r\nContent-Type: text/plain".to_owned(), String::new()),
        _ => {
            let body = Answer::feed("http://127.0.0.1/rss", &[item("1", "路灯坏了", "没人管")]).body;
            ("200 OK\r\nContent-Type: application/rss+xml".to_owned(), body)
        }
    })
}

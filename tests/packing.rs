//! A plugin on its way from its author to an operator: packed, signed, and whatever can be wrong with it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod terminal;

use std::path::{Path, PathBuf};

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::pack;
use terminal::Place;

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
        if path.is_dir() { copy(&path, &there) } else { drop(std::fs::copy(&path, there).unwrap()) }
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
    let names = packed.windows(6).filter(|window| window == b"\x04name\x00" || window == b"produc").count();
    assert_eq!(names, 0, "what only a debugger reads is left out");
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

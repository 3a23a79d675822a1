//! 插件: a file is handed in, tried, allowed, upgraded, let go on and removed; what is hostile is refused and leaves nothing.

use std::path::{Path, PathBuf};

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::pack;

use super::sources::{FILE, House, every};
use super::*;
use crate::plugins::suspension::Suspended;
use crate::signature::{Key, Signed};
use crate::user::{PluginChange, PluginStep, UserEvent};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn feed() -> Vec<u8> {
    std::fs::read(root().join("target/plugins/feed.wasm")).expect("no plugins in target/plugins: run make plugins")
}

/// The shipped feed plugin as a third party's, with its fixtures inside.
pub(in crate::web) fn board(version: &str, allow: &str) -> Vec<u8> {
    let feed = feed();
    let text = Artifact::read(feed.as_slice()).unwrap().manifest_text().to_owned();
    let mut manifest: toml::Table = toml::from_str(&text).unwrap();
    manifest["id"] = "board".into();
    manifest["version"] = version.into();
    manifest["network"]["allow"] = toml::from_str::<toml::Table>(&format!("a = {allow}")).unwrap()["a"].clone();
    let component = with_manifest(&feed, &toml::to_string(&manifest).unwrap());
    pack::pack(&component, &pack::gather(&root().join("plugins/feed/fixtures")).unwrap()).unwrap()
}

/// The component with its manifest replaced: a custom section is a zero, a length, a name and its content.
fn with_manifest(component: &[u8], manifest: &str) -> Vec<u8> {
    let name = b"caifeng:manifest";
    let at = component.windows(name.len()).rposition(|window| window == name).unwrap();
    let old = Artifact::read(component).unwrap().manifest_text().len();
    let header = at - 1 - leb(name.len() + 1 + old).len() - 1;
    let mut changed = component[..header].to_vec();
    changed.push(0);
    changed.extend(leb(name.len() + 1 + manifest.len()));
    changed.push(u8::try_from(name.len()).unwrap());
    changed.extend(name);
    changed.extend(manifest.as_bytes());
    changed.extend(&component[at + name.len() + old..]);
    changed
}

fn leb(mut number: usize) -> Vec<u8> {
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

fn key() -> Key {
    Key::open(&Key::generate("a test", None).unwrap().0, None).unwrap()
}

fn signed(key: &Key, file: &[u8], version: &str) -> String {
    key.sign(file, &Signed { plugin: "board".to_owned(), version: version.to_owned() }).unwrap()
}

impl House {
    /// One without plugins of a release.
    fn bare() -> Self {
        Self::of(FILE, &[])
    }

    fn data(&self) -> &Path {
        self.file.parent().unwrap()
    }

    /// Hands a file in.
    async fn hand_in(&self, system: &Token, file: &[u8], signature: Option<&str>) -> Answered {
        let mut body = Vec::new();
        if let Some(text) = signature {
            let head = "--b\r\ncontent-disposition: form-data; name=\"signature\"; filename=\"a.minisig\"\r\n\r\n";
            body.extend(format!("{head}{text}\r\n").into_bytes());
        }
        body.extend(b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"../../x.wasm\"\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n--b--\r\n");
        let cookie = format!("caifeng_session={}", system.written());
        let fields = [
            ("cookie", cookie.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "multipart/form-data; boundary=b"),
            ("accept-language", "en"),
        ];
        let mut request = asking(Method::POST, "/plugins", &fields);
        *request.body_mut() = Body::from(body);
        self.bureau.send(request).await
    }

    /// The page of what was handed in, once it was tried.
    async fn tried(&self, system: &Token) -> String {
        let begun = std::time::Instant::now();
        loop {
            let page = self.bureau.get(system, "/plugin-offer").await;
            assert_eq!(page.status, 200, "{}", page.body);
            if !page.body.contains("data-soon") {
                return page.body;
            }
            assert!(begun.elapsed().as_secs() < 300, "{}", page.body);
            tokio::task::yield_now().await;
        }
    }

    /// What was done to plugins, the newest first, as the record has it.
    fn changes(&self) -> Vec<PluginChange> {
        let page = self.bureau.office.owner.clerk.reader.entries(&every()).unwrap();
        let changes = page.entries.iter().filter_map(|entry| match serde_json::from_str(&entry.body) {
            Ok(UserEvent::PluginChanged(change)) => Some(change),
            _ => None,
        });
        changes.collect()
    }

    fn has_nothing(&self) -> bool {
        let data = self.data();
        !data.join("plugins").exists() && !data.join("grants.toml").exists() && self.changes().is_empty()
    }
}

fn digest_of(page: &str) -> String {
    page.split("name=\"seen\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_plugin_waits_is_allowed_upgraded_and_removed_and_each_step_is_in_the_record() {
    let house = House::bare();
    let bureau = &house.bureau;
    let system = bureau.office.session(Role::System);
    let key = key();
    let first = board("0.1.0", "[\"target\"]");
    let taken = house.hand_in(&system, &first, Some(&signed(&key, &first, "0.1.0"))).await;
    assert_eq!(taken.to, "/plugin-offer", "{}", taken.body);
    let page = house.tried(&system).await;
    for said in
        ["a key that was not known here", "read from the site that each of your watches names", "Keeps every law"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let digest = digest_of(&page);
    assert!(!house.data().join("plugins/board.wasm").exists(), "looked at, not taken");
    // Without the word that allows it, it waits.
    let waits = bureau.post(&system, "/plugin-offer/take", &format!("seen={digest}")).await;
    assert_eq!(waits.to, "/plugins/board", "{}", waits.body);
    assert!(
        house.data().join("plugins/waiting/board.wasm").exists() && !house.data().join("plugins/board.wasm").exists()
    );
    let page = bureau.get(&system, "/plugins/board").await;
    assert!(page.status == 200 && page.body.contains("Nobody has allowed it yet"), "{}", page.body);
    let other = bureau.post(&system, "/plugins/board/grant", &format!("seen={}&host=target", "0".repeat(64))).await;
    assert_eq!(other.status, 409, "another file than was seen");
    let beyond = bureau.post(&system, "/plugins/board/grant", &format!("seen={digest}&host=evil.cn")).await;
    assert!(beyond.status == 422 && beyond.body.contains("does not ask for evil.cn"), "{}", beyond.body);
    assert_eq!(
        bureau.post(&system, "/plugins/board/grant", &format!("seen={digest}&host=target")).await.to,
        "/plugins/board"
    );
    let registry = || bureau.office.owner.sweeper.plugins.registry();
    assert_eq!(registry().find("board").unwrap().1.manifest().version, "0.1.0", "a sweep runs it");
    // An upgrade that asks for more says what is new, and only with the hosts that are ticked it runs.
    let second = board("0.2.0", "[\"target\", \"*.example.cn\"]");
    let taken = house.hand_in(&system, &second, Some(&signed(&key, &second, "0.2.0"))).await;
    assert_eq!(taken.to, "/plugin-offer", "{}", taken.body);
    let page = house.tried(&system).await;
    assert!(page.contains("as before") && page.contains("in place of"), "{page}");
    let new = page.split("plain new").nth(1).unwrap().split("</ul>").next().unwrap();
    assert!(new.contains("every host below example.cn") && !new.contains("each of your watches"), "{new}");
    let form = format!("seen={}&allow=1&host=target", digest_of(&page));
    assert_eq!(bureau.post(&system, "/plugin-offer/take", &form).await.to, "/plugins/board");
    assert_eq!(registry().find("board").unwrap().1.manifest().version, "0.2.0");
    let page = bureau.get(&system, "/plugins/board").await.body;
    assert!(page.contains("It is allowed to reach only:"), "{page}");
    assert_eq!(bureau.post(&system, "/plugins/board/remove", "").await.to, "/plugins");
    assert_eq!(bureau.get(&system, "/plugins/board").await.status, 404);
    let changes = house.changes();
    let steps: Vec<PluginStep> = changes.iter().map(|change| change.change).collect();
    assert_eq!(steps, [PluginStep::Removed, PluginStep::Upgraded, PluginStep::Granted, PluginStep::PutAside]);
    let upgraded = &changes[1];
    assert_eq!((upgraded.version.as_str(), &upgraded.network[..]), ("0.2.0", &["target".to_owned()][..]));
    assert_eq!(upgraded.signer, Some(key.signer().unwrap().to_string()));
    assert_eq!(upgraded.sha256, Artifact::read(second.as_slice()).unwrap().digest().to_string());
}

#[tokio::test]
async fn whoever_is_not_the_signer_or_brings_back_an_older_version_is_refused() {
    let house = House::bare();
    let system = house.bureau.office.session(Role::System);
    let (key, other) = (key(), key());
    let second = board("0.2.0", "[\"target\"]");
    house.hand_in(&system, &second, Some(&signed(&key, &second, "0.2.0"))).await;
    let page = house.tried(&system).await;
    house.bureau.post(&system, "/plugin-offer/take", &format!("seen={}&allow=1&host=target", digest_of(&page))).await;
    let before = std::fs::read(house.data().join("plugins/board.wasm")).unwrap();
    let third = board("0.3.0", "[\"target\"]");
    let first = board("0.1.0", "[\"target\"]");
    for (file, signature, why) in [
        (&third, Some(signed(&other, &third, "0.3.0")), "it is signed by RW"),
        (&third, None, "it is not signed"),
        (&third, Some(signed(&key, &second, "0.2.0")), "does not fit the file"),
        (&third, Some("untrusted comment: x\nnonsense".to_owned()), "the signature is damaged"),
        (&third, Some("x".repeat(5000)), "far too long"),
        (&first, Some(signed(&key, &first, "0.1.0")), "it is older than 0.2.0"),
    ] {
        let refused = house.hand_in(&system, file, signature.as_deref()).await;
        assert!(matches!(refused.status, 409 | 422) && refused.body.contains(why), "{why}: {}", refused.body);
    }
    assert_eq!(std::fs::read(house.data().join("plugins/board.wasm")).unwrap(), before);
    assert_eq!(house.changes().len(), 1);
    // A name of the release takes a word at the machine.
    let shipped = House::new();
    let system = shipped.bureau.office.session(Role::System);
    let packed = pack::pack(&feed(), &pack::gather(&root().join("plugins/feed/fixtures")).unwrap()).unwrap();
    let refused = shipped.hand_in(&system, &packed, None).await;
    assert!(
        refused.status == 409 && refused.body.contains("the release has a plugin of this name"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn a_hostile_file_is_refused_in_words_and_leaves_nothing() {
    let house = House::bare();
    let bureau = &house.bureau;
    let system = bureau.office.session(Role::System);
    let whole = board("0.1.0", "[\"target\"]");
    for (name, file) in [
        ("nothing", Vec::new()),
        ("words", b"<script>alert(1)</script>".to_vec()),
        ("a core module", b"\0asm\x01\0\0\0".to_vec()),
        ("cut", whole[..whole.len() - 100].to_vec()),
    ] {
        let refused = house.hand_in(&system, &file, None).await;
        assert_eq!(refused.status, 422, "{name}: {}", refused.body);
        assert!(!refused.body.contains(HOSTILE) && house.has_nothing(), "{name}");
    }
    // A flipped bit anywhere: refused at once, or by the laws, never an error of ours.
    for at in (0..whole.len()).step_by(whole.len() / 24) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        let answer = house.hand_in(&system, &flipped, None).await;
        assert!(matches!(answer.status, 303 | 409 | 422), "byte {at}: {} {}", answer.status, answer.body);
        if answer.status == 303 {
            let page = house.tried(&system).await;
            assert!(page.contains("Score card"), "{page}");
            bureau.post(&system, "/plugin-offer/drop", "").await;
        }
        assert!(house.has_nothing(), "byte {at}");
    }
    // Without fixtures no law can be tried.
    let bare = pack::pack(&feed(), &[]).unwrap();
    assert_eq!(house.hand_in(&system, &bare, None).await.to, "/plugin-offer");
    let page = house.tried(&system).await;
    assert!(page.contains("it carries no fixtures") && !page.contains("/plugin-offer/take"), "{page}");
    let digest = Artifact::read(bare.as_slice()).unwrap().digest().to_string();
    let refused = bureau.post(&system, "/plugin-offer/take", &format!("seen={digest}&allow=1")).await;
    assert_eq!(refused.status, 409, "whatever a form says");
    assert!(house.has_nothing());
}

#[tokio::test]
async fn what_breaks_a_law_is_shown_with_its_card_and_not_taken() {
    let house = House::bare();
    let system = house.bureau.office.session(Role::System);
    let mut fixtures = pack::gather(&root().join("plugins/feed/fixtures")).unwrap();
    let expect = fixtures.iter_mut().find(|file| file.name == "bureau/expect.json").unwrap();
    expect.content = String::from_utf8(expect.content.clone()).unwrap().replace("停水", "停电").into_bytes();
    let lawless = pack::pack(&feed(), &fixtures).unwrap();
    assert_eq!(house.hand_in(&system, &lawless, None).await.to, "/plugin-offer");
    let page = house.tried(&system).await;
    assert!(page.contains("breaks the law of expectations") && page.contains("Breaks a law"), "{page}");
    assert!(!page.contains("/plugin-offer/take") && house.has_nothing());
}

#[tokio::test]
async fn a_plugin_that_rests_goes_on_when_its_administrator_says_so() {
    let house = House::new();
    let system = house.bureau.office.session(Role::System);
    let digest = Artifact::read(feed()).unwrap().digest().to_string();
    let resting = Suspended {
        plugin: "feed".to_owned(),
        version: "0.1.0".to_owned(),
        digest,
        since: "2026-03-09T12:00:00Z".to_owned(),
        traps: vec![format!("https://a.example/ {HOSTILE}"), "b".to_owned(), "c".to_owned()],
    };
    let written = toml::to_string(&std::collections::BTreeMap::from([("plugin", vec![&resting])])).unwrap();
    std::fs::write(house.data().join("suspended.toml"), written).unwrap();
    let page = house.bureau.get(&system, "/plugins/feed").await;
    assert!(page.body.contains("Suspended after 3 distinct faults") && !page.body.contains(HOSTILE), "{}", page.body);
    let monitor = house.bureau.office.session(Role::Monitor);
    assert!(!house.bureau.get(&monitor, "/plugins/feed").await.body.contains("/plugins/feed/resume"));
    assert_eq!(house.bureau.post(&system, "/plugins/feed/resume", "").await.to, "/plugins/feed");
    assert!(!house.bureau.get(&system, "/plugins/feed").await.body.contains("Suspended after"));
    assert_eq!(house.bureau.post(&system, "/plugins/feed/resume", "").await.status, 422);
    assert_eq!(house.changes()[0].change, PluginStep::Resumed);
    assert_eq!(house.bureau.post(&system, "/plugins/feed/remove", "").await.status, 422, "it is part of the release");
}

//! The rules of `docs/architecture.md` that the compiler does not keep: who may
//! name what. Read from the sources as text: comments, strings and test modules
//! do not count. What a path could hide (`use x as y`) is left to reviewers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// One file of Rust.
struct Source {
    /// From the root of the repository, with `/`.
    path: String,
    /// Its words, without comments, strings and test modules.
    code: String,
}

impl Source {
    fn named(&self, name: &str) -> bool {
        words(&self.code).any(|(_, word)| word == name)
    }

    /// Whether a path (`a::b::c`) is written out.
    fn spells(&self, path: &str) -> bool {
        let packed: String = self.code.split_whitespace().collect();
        let continues = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        packed.match_indices(path).any(|(at, _)| {
            !continues(packed[..at].chars().next_back()) && !continues(packed[at + path.len()..].chars().next())
        })
    }

    fn within(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || place.ends_with('/') && self.path.starts_with(place))
    }

    /// Modules of the crate's root that it names: by `crate::`, by the crate's
    /// name or by as many `super::` as it lies deep.
    fn modules(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let packed: String = self.code.split_whitespace().map(|word| format!("{word} ")).collect();
        let packed = packed.replace(" ::", "::").replace(":: ", "::");
        let up = "super::".repeat(self.depth());
        for prefix in ["crate::", "caifeng::", &up] {
            for (at, _) in packed.match_indices(prefix).filter(|_| !prefix.is_empty()) {
                let before = packed[..at].chars().next_back();
                if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    found.extend(first_segments(&packed[at + prefix.len()..]));
                }
            }
        }
        found
    }

    /// How many modules it lies below the root of its crate.
    fn depth(&self) -> usize {
        let inner = self.path.split_once("/src/").map_or("", |(_, inner)| inner);
        let steps = inner.trim_end_matches(".rs").split('/');
        steps.filter(|step| !matches!(*step, "mod" | "lib" | "main")).count()
    }
}

/// `a::b` gives `a`; `{a, b::{c, d}}` gives `a` and `b`.
fn first_segments(text: &str) -> Vec<String> {
    let ident = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = text.trim_start().strip_prefix('{') else { return vec![ident(text)] };
    let mut depth = 0_usize;
    let mut names = Vec::new();
    let mut start = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            c if start && (c.is_alphabetic() || c == '_') => {
                names.push(ident(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    names
}

/// The words of a text and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let inner = |c: char| c.is_alphanumeric() || c == '_';
    text.split(move |c: char| !inner(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

/// All Rust below a folder, without what is built.
fn sources(below: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !matches!(&*name, "target" | "node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let code = without_tests(&bare(&std::fs::read_to_string(&path).unwrap()));
                let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push(Source { path, code });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "nothing below {below}");
    found
}

/// What is compiled into the product: no tests, benches or examples of a crate.
fn shipped(below: &str) -> Vec<Source> {
    let mut found = sources(below);
    let is_test = |path: &str| path.ends_with("/tests.rs") || path.contains("/tests/");
    found.retain(|source| source.path.contains("/src/") && !is_test(&source.path));
    found
}

/// The code with comments and the insides of strings and characters blanked.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment(rest)
        } else if c == '"' {
            string(rest)
        } else if let Some(length) = raw_string(rest, &out) {
            length
        } else if c == '\'' {
            character(rest)
        } else {
            0
        };
        if skipped > 0 {
            out.push(' ');
            rest = &rest[skipped..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str, before: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?.chars().take_while(|c| *c == '#').count();
    let body = text[1 + hashes..].strip_prefix('"')?;
    // `for"` is no raw string; `br"` is.
    let stem = before.trim_end_matches('b').chars().next_back();
    if stem.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    Some(2 + hashes + body.find(&end).map_or(body.len(), |at| at + end.len()))
}

/// The length of a character literal; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text[3..].find('\'').map_or(text.len(), |at| at + 4),
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// Without `#[cfg(test)] mod … { … }`.
fn without_tests(code: &str) -> String {
    let Some((before, after)) = code.split_once("#[cfg(test)]") else { return code.to_owned() };
    let Some(open) = after.find(['{', ';']) else { return code.to_owned() };
    let mut depth = 0_usize;
    let end = after[open..].char_indices().find_map(|(at, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(open + at + 1)
    });
    format!("{before} {}", without_tests(&after[end.unwrap_or(after.len())..]))
}

/// Checks that only `places` name what `names` finds.
#[track_caller]
fn only(sources: &[Source], what: &str, places: &[&str], names: impl Fn(&Source) -> bool) {
    let (inside, outside): (Vec<_>, Vec<_>) = sources.iter().filter(|s| names(s)).partition(|s| s.within(places));
    let outside: Vec<_> = outside.iter().map(|source| &source.path).collect();
    assert!(outside.is_empty(), "only {places:?} may name {what}, but so do {outside:?}");
    assert!(!inside.is_empty(), "nobody names {what}: the rule has outlived it or the test is blind");
}

#[test]
fn the_reader_of_sources_sees_code_only() {
    let text = r####"
        use crate::{store::Reader, text}; // rusqlite in a comment
        /* axum /* nested */ tokio */ const A: &str = "reqwest \" reqwest"; const B: &str = r#"wasmtime " "#;
        fn f<'a>(c: &'a char) -> bool { *c == '"' || *c == '\'' || std::fs ::exists("x") }
        #[cfg(test)]
        mod tests { fn hidden() { let x = '{'; } }
        mod seen {}
    "####;
    let source = Source { path: "host/src/incident/group.rs".to_owned(), code: without_tests(&bare(text)) };
    for word in ["rusqlite", "axum", "tokio", "reqwest", "wasmtime", "hidden"] {
        assert!(!source.named(word), "{word}: {}", source.code);
    }
    assert!(source.named("seen") && source.spells("std::fs") && !source.spells("std::f"));
    assert_eq!(source.modules(), BTreeSet::from(["store".to_owned(), "text".to_owned()]));
    let up = Source {
        path: source.path,
        code: "use super::super::web::App; use super::near; use caifeng::daemon;".to_owned(),
    };
    assert_eq!(up.modules(), BTreeSet::from(["daemon".to_owned(), "web".to_owned()]));
}

/// A pure module can be replayed, drilled and back-tested, because nothing in it acts.
#[test]
fn pure_modules_reach_nothing() {
    let pure = [
        "host/src/crawl.rs",
        "host/src/config/edit.rs",
        "host/src/config/edit/",
        "host/src/fitting.rs",
        "host/src/asking/budget.rs",
        "host/src/permission.rs",
        "host/src/coverage/",
        "host/src/document/",
        "host/src/case/",
        "host/src/drill/score.rs",
        "host/src/drill/sheet.rs",
        "host/src/evaluate/",
        "host/src/record.rs",
        "host/src/schedule.rs",
        "host/src/starter.rs",
        "host/src/starter/",
        "host/src/revisit.rs",
        "host/src/query.rs",
        "host/src/search.rs",
        "host/src/search/",
        "host/src/topic/",
        "host/src/watch.rs",
        "host/src/text/",
        "host/src/incident/",
        "host/src/user/",
        "host/src/warning/",
        "host/src/plan/",
        "host/src/calendar/",
        "host/src/reply/",
        "host/src/report/",
        "host/src/supervision/",
        "host/src/referral/",
        "host/src/notify/channel.rs",
        "host/src/notify/letter.rs",
        "host/src/notify/message.rs",
        "host/src/notify/mod.rs",
        "host/src/notify/occasion.rs",
        "host/src/notify/pace.rs",
        "host/src/notify/robot.rs",
        "host/src/notify/route.rs",
        "host/src/notify/webhook.rs",
        "host/src/notify/words.rs",
        "host/src/endorsement.rs",
        "host/src/disclosure/",
        "host/src/privacy/",
        "host/src/contact/",
        "host/src/feed/",
        "host/src/plugins/offer.rs",
        "host/src/plugins/wishes.rs",
        "host/src/signature.rs",
    ];
    let sources = shipped("host/src");
    for place in pure {
        assert!(sources.iter().any(|source| source.within(&[place])), "{place} has gone");
    }
    for source in sources.iter().filter(|source| source.within(&pure)) {
        let acting = [
            "store",
            "fetch",
            "web",
            "daemon",
            "control",
            "sweep",
            "ingest",
            "clock",
            "directory",
            "plugins",
            "demo",
            "recording",
        ];
        let named: Vec<_> = source.modules().into_iter().filter(|module| acting.contains(&&**module)).collect();
        assert!(named.is_empty(), "{} is pure and names {named:?}", source.path);
        for foreign in ["tokio", "rusqlite", "axum", "reqwest", "tracing", "getrandom"] {
            assert!(!source.named(foreign), "{} is pure and names {foreign}", source.path);
        }
        // A cursor is a file in memory, which is what a ZIP is written to.
        let inner = Source { path: source.path.clone(), code: source.code.replace("std::io::Cursor", "") };
        for path in ["std::fs", "std::net", "std::env", "std::process", "std::thread", "std::io", "std::time::Instant"]
        {
            assert!(!inner.spells(path), "{} is pure and names {path}", source.path);
        }
    }
}

/// What may change its version, its licence or its author is named in one place.
#[test]
fn each_large_dependency_is_named_in_one_place() {
    let host = shipped("host");
    let all = |name: &'static str| move |source: &Source| source.named(name);
    only(
        &host,
        "wasmtime",
        &["host/plugin/src/engine.rs", "host/plugin/src/engine/", "host/plugin/src/contract/v0_1.rs"],
        all("wasmtime"),
    );
    only(&host, "rusqlite", &["host/src/store/"], all("rusqlite"));
    only(&host, "axum", &["host/src/web/"], all("axum"));
    only(&host, "askama", &["host/src/web/"], all("askama"));
    only(&host, "reqwest", &["host/src/fetch/"], all("reqwest"));
    only(&host, "lettre", &["host/src/fetch/live/mail.rs", "host/src/notify/"], all("lettre"));
    only(&host, "jieba_rs", &["host/src/text/"], all("jieba_rs"));
    only(&host, "clap", &["host/src/cli/"], all("clap"));
    only(&host, "minisign", &["host/src/signature.rs"], all("minisign"));
    only(&host, "toml_edit", &["host/src/config/edit.rs", "host/src/config/edit/"], all("toml_edit"));
    only(&host, "calcard", &["host/src/contact/vcard.rs"], all("calcard"));
    only(&host, "icalendar", &["host/src/feed/ics.rs"], all("icalendar"));
    only(
        &host,
        "atom_syndication",
        &["host/src/feed/atom.rs", "host/src/supervision/page.rs", "host/src/drill/web.rs"],
        all("atom_syndication"),
    );
    only(&host, "docx_rs", &["host/src/document/docx/"], all("docx_rs"));
    only(&host, "resvg", &["host/src/document/picture.rs"], all("resvg"));
    only(
        &host,
        "rust_xlsxwriter",
        &["host/src/document/", "host/src/record.rs", "host/src/listing.rs"],
        all("rust_xlsxwriter"),
    );
    only(&host, "anyhow", &["host/src/cli/", "host/src/main.rs"], all("anyhow"));
}

/// A recorded week is replayed on recorded time: nobody else asks what time it is.
#[test]
fn only_the_clock_asks_for_the_time() {
    let host = shipped("host");
    let now = |source: &Source| {
        ["SystemTime::now", "Timestamp::now", "Zoned::now", "UtcDateTime::now"].iter().any(|path| source.spells(path))
    };
    only(&host, "the system's time", &["host/src/clock.rs"], now);
    // Durations are another matter: politeness towards a site, what a call cost, how old a kept answer is.
    let measured = [
        "host/src/fetch/pace.rs",
        "host/src/fetch/robots.rs",
        "host/src/fetch/live.rs",
        "host/plugin/src/engine/plugin.rs",
        "host/src/asking/mod.rs",
        // How long a picture that costs a walk over a month may be shown again.
        "host/src/web/month.rs",
        // How long the desk takes to answer.
        "host/src/web/metrics.rs",
        // How long ago somebody said that they write, and how long posts are looked for to be taken away.
        "host/src/web/presence.rs",
        "host/src/web/room/posts.rs",
    ];
    only(&host, "Instant::now", &measured, |source| source.spells("Instant::now"));
}

/// Who may open what.
#[test]
fn each_way_out_has_one_door() {
    let host = shipped("host/src");
    only(&host, "the environment", &["host/src/cli/workplace.rs"], |source| {
        source.spells("std::env") || source.spells("env::var_os")
    });
    only(
        &host,
        "randomness",
        &["host/src/directory.rs", "host/src/control.rs", "host/src/store/", "host/src/evidence/vault.rs"],
        |source| source.named("getrandom"),
    );
    let connects = |source: &Source| {
        ["TcpStream::connect", "UdpSocket", "lookup_host", "ToSocketAddrs"].iter().any(|path| source.spells(path))
    };
    only(&host, "outbound sockets and names", &["host/src/fetch/"], connects);
    // What is put together elsewhere leaves through the same door.
    only(&host, "SMTP", &["host/src/fetch/live/mail.rs"], |source| source.named("AsyncSmtpConnection"));
    let printed = |source: &Source| {
        ["println", "eprintln", "print", "eprint"].iter().any(|name| source.spells(&format!("{name}!")))
    };
    only(&host, "the terminal", &["host/src/cli/output.rs"], printed);
}

#[test]
fn pages_and_commands_do_not_know_each_other() {
    for source in shipped("host/src") {
        if source.within(&["host/src/cli/"]) {
            assert!(!source.modules().contains("web"), "{}", source.path);
        } else if source.within(&["host/src/web/"]) {
            assert!(!source.modules().contains("cli") && !source.named("clap"), "{}", source.path);
        }
    }
}

#[test]
fn unsafe_code_only_loads_what_we_compiled() {
    // The other two are what the contract's generated bindings need inside a guest.
    let places = ["host/plugin/src/engine/cache.rs", "plugins/sdk/src/bindings.rs", "plugins/sdk/src/export.rs"];
    let mut sources = shipped("host");
    sources.extend(shipped("plugins"));
    only(&sources, "unsafe", &places, |source| source.named("unsafe"));
}

#[test]
fn files_are_named_by_what_is_in_them() {
    for folder in ["host", "plugins", "tests"] {
        for source in sources(folder) {
            for step in source.path.trim_end_matches(".rs").split('/') {
                let nameless = ["util", "utils", "common", "helper", "helpers", "types", "misc", "shared"];
                assert!(!nameless.contains(&step), "{}: name it by its content", source.path);
            }
        }
    }
}

#[test]
fn every_file_begins_with_its_design() {
    for folder in ["host", "plugins", "tests"] {
        // A module of tests is about the file beside it.
        for source in sources(folder).iter().filter(|source| !source.path.ends_with("/tests.rs")) {
            let text = std::fs::read_to_string(root().join(&source.path)).unwrap();
            assert!(text.starts_with("//! "), "{} does not say what it is", source.path);
        }
    }
}

fn manifest(path: &Path) -> toml::Table {
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Names of what a Cargo.toml depends on, of every kind.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut tables: Vec<&toml::Table> = vec![manifest];
    tables.extend(
        manifest
            .get("target")
            .and_then(toml::Value::as_table)
            .into_iter()
            .flat_map(|t| t.values())
            .filter_map(toml::Value::as_table),
    );
    let tables = tables.into_iter().flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)?.as_table()));
    tables.flat_map(|table| table.keys().cloned()).collect()
}

/// The crates of this workspace, as others name them.
fn ours() -> BTreeSet<String> {
    let workspace = manifest(&root().join("Cargo.toml"));
    let all = workspace["workspace"]["dependencies"].as_table().unwrap();
    all.iter().filter(|(_, how)| how.get("path").is_some()).map(|(name, _)| name.clone()).collect()
}

/// A plugin's author needs the SDK and the registry.
#[test]
fn plugins_depend_on_the_sdk_only() {
    let ours = ours();
    assert!(ours.contains("caifeng-plugin-sdk"), "{ours:?}");
    for entry in std::fs::read_dir(root().join("plugins")).unwrap() {
        let path = entry.unwrap().path().join("Cargo.toml");
        if !path.exists() {
            continue;
        }
        let manifest = manifest(&path);
        let named: Vec<_> = dependencies(&manifest).intersection(&ours).cloned().collect();
        let is_sdk = manifest["package"]["name"].as_str() == Some("caifeng-plugin-sdk");
        let allowed: &[&str] = if is_sdk { &[] } else { &["caifeng-plugin-sdk"] };
        assert_eq!(named, allowed, "{}", path.display());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("path = \"..") && !text.contains("git = "), "{}", path.display());
    }
}

/// The product runs plugins in the sandbox and never links one.
#[test]
fn the_host_links_no_plugin() {
    let host = manifest(&root().join("host/Cargo.toml"));
    let linked: BTreeSet<_> = host["dependencies"].as_table().unwrap().keys().cloned().collect();
    let linked: Vec<_> = linked.intersection(&ours()).cloned().collect();
    assert_eq!(linked, ["caifeng-plugin-host"]);
    let sandbox = manifest(&root().join("host/plugin/Cargo.toml"));
    assert_eq!(dependencies(&sandbox).intersection(&ours()).count(), 0);
}

/// Not even through somebody else: the sandbox is used where there is no runtime, store or network.
#[test]
fn the_sandbox_depends_on_no_runtime_store_or_network() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = "tree -p caifeng-plugin-host -e normal --prefix none --format {lib} --offline --locked";
    let output = Command::new(cargo).args(arguments.split(' ')).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let reached: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!(reached.contains("wasmtime"), "the graph was not read: {reached:?}");
    for heavy in ["tokio", "rusqlite", "axum", "reqwest", "hyper", "ureq", "mio"] {
        assert!(!reached.contains(heavy), "caifeng-plugin-host reaches {heavy}");
    }
}

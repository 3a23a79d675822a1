//! What a stranger does who writes a plugin: the tutorial of `docs/plugins.md`,
//! command by command, with the built binary and the registries and nothing else.
//!
//! JavaScript and Python fetch their tools from npm and PyPI. Where these cannot
//! be reached, the tests say so and go on, unless `CAIFENG_REGISTRIES_REQUIRED` is set.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what was not tried is said")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use wit_parser::{Docs, Resolve, Type, TypeDefKind, TypeId, WorldItem};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands of the tutorial of one language.
fn tutorial(language: &str) -> Vec<String> {
    let blocks = blocks(language);
    assert!(blocks.len() >= 3, "{language}: {blocks:?}");
    blocks
}

/// Code blocks of the guide that begin with ```sh MARK.
fn blocks(mark: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs/plugins.md")).unwrap();
    let opening = format!("```sh {mark}\n");
    text.split(&opening).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

/// Runs commands in a folder, with the built `caifeng` on the path.
fn shell(dir: &Path, commands: &str) -> Output {
    let built = Path::new(env!("CARGO_BIN_EXE_caifeng")).parent().unwrap();
    let path = format!("{}:{}", built.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-ec", commands]).current_dir(dir).env("PATH", path).env("XDG_DATA_HOME", dir.join("home"));
    // What comes from crates.io is compiled once for all tests.
    shell.env("CARGO_TARGET_DIR", root().join("target/authoring")).output().unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// Whether a registry answers; where it must, it is asked by what is built.
fn reachable(registry: &str, ask: &str) -> bool {
    let there = Command::new("sh").args(["-c", ask]).output().is_ok_and(|output| output.status.success());
    let required = std::env::var_os("CAIFENG_REGISTRIES_REQUIRED").is_some();
    if !there && !required {
        eprintln!("NOT TRIED: {registry} does not answer, so that nothing can be built with what it holds");
    }
    there || required
}

fn npm() -> bool {
    reachable("npm", "npm view componentize-qjs@0.4.5 version")
}

fn pypi() -> bool {
    reachable(
        "PyPI",
        "cd /tmp && python3 -m pip download --quiet --no-deps --dest \"$(mktemp -d)\" componentize-py==0.25.1",
    )
}

/// Follows the tutorial of one language from an empty folder to its end.
fn follow(language: &str) {
    let place = tempfile::tempdir().unwrap();
    // As at a terminal, where a command stands after the one before.
    let commands = [tutorial(language), blocks("watch")].concat().join("\n");
    let output = shell(place.path(), &commands);
    assert!(output.status.success(), "{}", said(&output));
    let said = said(&output);
    for word in ["imports nothing", "ok         latest", "pass  damage", "0 topics, 1 watches"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn the_tutorial_in_rust() {
    follow("rust");
}

#[test]
fn the_tutorial_in_javascript() {
    if npm() {
        follow("javascript");
    }
}

#[test]
fn the_tutorial_in_python() {
    if pypi() {
        follow("python");
    }
}

/// Begins a plugin and checks it against every law.
fn begun(name: &str, arguments: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let output = shell(place.path(), &format!("caifeng plugin new {name} {arguments}\ncaifeng plugin check {name}"));
    assert!(output.status.success(), "{}", said(&output));
    place
}

#[test]
fn a_classifier_in_rust_and_a_folder_that_is_there() {
    let place = begun("words", "--kind classifier");
    let again = shell(place.path(), "caifeng plugin new words");
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("words: is there already"), "{}", said(&again));
    let named = shell(place.path(), "caifeng plugin new Words");
    assert!(said(&named).contains("lower-case letters"), "{}", said(&named));
}

/// A key that is committed is everybody's.
#[test]
fn what_an_author_lays_into_the_folder_stays_out_of_git() {
    let place = tempfile::tempdir().unwrap();
    let output = shell(
        place.path(),
        "caifeng plugin new board\ncd board\ngit init -q\ncaifeng plugin key board.key\n\
         mkdir -p DATA target fixtures/login\ntouch DATA/caifeng.db login board-0.1.0.wasm board-0.1.0.wasm.minisig s.warc.gz\n\
         touch fixtures/login/call.toml\ngit add -A\ngit ls-files",
    );
    assert!(output.status.success(), "{}", said(&output));
    let kept = String::from_utf8_lossy(&output.stdout).into_owned();
    let kept: Vec<_> = kept.lines().skip_while(|line| !line.starts_with(".gitignore")).collect();
    for file in ["src/lib.rs", "board.key.pub", "fixtures/login/call.toml", "fixtures/latest/body.html"] {
        assert!(kept.contains(&file), "{file}: {kept:?}");
    }
    for file in ["board.key", "login", "DATA/caifeng.db", "board-0.1.0.wasm", "board-0.1.0.wasm.minisig", "s.warc.gz"] {
        assert!(!kept.contains(&file), "{file}: {kept:?}");
    }
}

#[test]
fn a_name_of_the_release_and_a_folder_without_a_plugin_are_told_of() {
    let place = tempfile::tempdir().unwrap();
    let named = shell(place.path(), "caifeng plugin new triage");
    assert_eq!(named.status.code(), Some(2));
    assert!(said(&named).contains("the release has a plugin of this name"), "{}", said(&named));
    let empty = shell(place.path(), "caifeng plugin build");
    assert_eq!(empty.status.code(), Some(2));
    assert!(said(&empty).contains("no plugin.toml: name the folder of a plugin, or begin one"), "{}", said(&empty));
}

/// What the source includes is source, and what lies beside it is not.
#[test]
fn a_component_is_built_anew_when_what_it_was_made_of_has_changed() {
    let place = begun("fresh", "--kind source");
    let again = |commands: &str| {
        let output =
            shell(place.path(), &format!("cd fresh\n{commands}\ncaifeng plugin test || true\ncaifeng plugin inspect"));
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let other =
        again("echo later > NOTES.txt\nmkdir DATA\ntouch DATA/x src/lib.rs src/.lib.rs.swp\ncaifeng plugin key a.key");
    assert!(!other.contains("older than its source") && other.contains("it asks to"), "{other}");
    let included = again("sed -i 's/<li>/<li >/' fixtures/latest/body.html");
    assert!(included.contains("fresh.wasm is older than its source"), "{included}");
    let same = again("");
    assert!(!same.contains("older than its source"), "{same}");
    let sdk = again("echo '// more' >> sdk/rust/src/count.rs");
    assert!(sdk.contains("older than its source"), "{sdk}");
}

/// An asker that asks a service, in each language.
#[test]
fn an_asker_in_each_language_keeps_every_law() {
    begun("service", "--kind asker");
    if npm() {
        begun("service", "--kind asker --lang js");
    }
    if pypi() {
        begun("service", "--kind asker --lang python");
    }
}

/// What links something from outside is told which line did.
#[test]
fn an_import_is_refused_with_its_line() {
    let place = tempfile::tempdir().unwrap();
    let line = "pub fn reach() { std::thread::sleep(std::time::Duration::from_millis(1)); }";
    let commands = format!(
        "caifeng plugin new reaching\ncd reaching\necho \"{line}\" >> src/lib.rs\n\
         sed -i 's/response.check_status()?;/response.check_status()?; reach();/' src/lib.rs\ncaifeng plugin build"
    );
    let output = shell(place.path(), &commands);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("(src/lib.rs:") && said(&output).contains("thread::sleep"), "{}", said(&output));
}

/// Lays an example over a new plugin, as its README says, and checks it.
fn example(name: &str, language: &str) {
    let place = tempfile::tempdir().unwrap();
    let from = root().join("plugins/examples").join(name);
    let commands = format!(
        "caifeng plugin new {name} --lang {language}\nrm -r {name}/fixtures\ncp -r '{}' .\ncaifeng plugin check {name}",
        from.display()
    );
    let output = shell(place.path(), &commands);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_example_in_javascript_keeps_every_law() {
    if npm() {
        example("v2ex", "js");
    }
}

#[test]
fn the_example_in_python_keeps_every_law() {
    if pypi() {
        example("letters", "python");
    }
}

/// What a plugin answers to a page, by a fixture that is accepted.
fn answers(place: &Path, pages: &[&str]) -> Vec<String> {
    let mut answers = Vec::new();
    for (nth, page) in pages.iter().enumerate() {
        let fixture = place.join(format!("fixtures/{nth}"));
        std::fs::create_dir_all(&fixture).unwrap();
        std::fs::copy(place.join("fixtures/latest/call.toml"), fixture.join("call.toml")).unwrap();
        std::fs::write(fixture.join("body.html"), page).unwrap();
    }
    let output = shell(place, "caifeng plugin test --accept");
    for nth in 0..pages.len() {
        let answer = std::fs::read_to_string(place.join(format!("fixtures/{nth}/expect.json")));
        answers.push(answer.unwrap_or_else(|_| said(&output)));
    }
    answers
}

/// What the SDK of a language makes of each line of `plugins/sdk/tests/when.jsonl`, beside what stands there.
fn reads_dates(language: &str, code: &str, file: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let made = shell(place.path(), &format!("caifeng plugin new dated --lang {language}"));
    assert!(made.status.success(), "{}", said(&made));
    let folder = place.path().join("dated");
    std::fs::write(folder.join(file), code).unwrap();
    let table = std::fs::read_to_string(root().join("plugins/sdk/tests/when.jsonl")).unwrap();
    let cases: Vec<serde_json::Value> = table.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<_> = cases.iter().map(|case| case["text"].as_str().unwrap()).collect();
    let answer = answers(&folder, &[&texts.join("|")]).remove(0);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{answer}"));
    let read = answer["page"]["skipped"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(read.len(), cases.len(), "{answer}");
    for (case, read) in cases.iter().zip(read) {
        let at = case["published"].as_str().map(|iso| iso.parse::<jiff::Timestamp>().unwrap().as_second());
        let wanted = at.map_or("nothing".to_owned(), |at| format!("{at} {}", case["day_only"] == true));
        assert_eq!(read.as_str(), Some(wanted.as_str()), "{case}");
    }
    place
}

#[test]
fn javascript_reads_dates_as_rust_does() {
    let code = "import { count, encode, origin, page, parameter, when } from '../sdk/javascript/caifeng.js';
export function start() { return []; }
export function parse(crawl, request, response) {
  if (count('1.2万') !== 12000 || count('置顶') !== null) throw new Error('count');
  if (origin('https://a.cn:8/b?c') !== 'https://a.cn:8' || encode('水 &') !== '%E6%B0%B4%20%26') throw new Error('origin');
  if (parameter('https://a.cn/?b=1&q=%E6%B0%B4#q=2', 'q') !== '水') throw new Error('parameter');
  const said = (text) => {
    const read = when(text, 1657080000, 28800);
    return read ? `${read.published} ${read.dayOnly}` : 'nothing';
  };
  return page({ skipped: response.body.split('|').map(said) });
}
";
    if npm() {
        reads_dates("js", code, "src/plugin.js");
    }
}

/// And the folder can be moved: its virtual environment is made anew.
#[test]
fn python_reads_dates_as_rust_does() {
    let code = "from caifeng import count, encode, origin, page, parameter, when


def start(crawl):
    return []


def parse(crawl, request, response):
    assert count('1.2万') == 12000 and count('置顶') is None
    assert origin('https://a.cn:8/b?c') == 'https://a.cn:8' and encode('水 &') == '%E6%B0%B4%20%26'
    assert parameter('https://a.cn/?b=1&q=%E6%B0%B4#q=2', 'q') == '水'
    return page(skipped=[said(text) for text in response.body.split('|')])


def said(text):
    read = when(text, 1657080000, 28800)
    return f\"{read['published']} {str(read['day_only']).lower()}\" if read else 'nothing'
";
    if !pypi() {
        return;
    }
    let place = reads_dates("python", code, "src/plugin.py");
    let moved = shell(place.path(), "mv dated elsewhere\ncd elsewhere\ncaifeng plugin build");
    assert!(moved.status.success() && said(&moved).contains("imports nothing"), "{}", said(&moved));
}

/// Asks, in a language, for what a plugin has not.
fn forbidden(language: &str, code: &str, file: &str, wanted: &[(&str, &str)]) {
    let place = tempfile::tempdir().unwrap();
    let made = shell(place.path(), &format!("caifeng plugin new asking --lang {language}"));
    assert!(made.status.success(), "{}", said(&made));
    let place = place.path().join("asking");
    std::fs::write(place.join(file), code).unwrap();
    let pages: Vec<_> = wanted.iter().map(|(page, _)| *page).collect();
    for ((page, wanted), answer) in wanted.iter().zip(answers(&place, &pages)) {
        assert!(answer.contains("\"unexpected\"") && answer.contains(wanted), "{page}: {answer}");
    }
}

#[test]
fn javascript_is_told_what_a_plugin_has_not() {
    if !npm() {
        return;
    }
    let code = "export function start() { return []; }
export function parse(crawl, request, response) {
  const tried = {
    now: () => Date.now(),
    date: () => new Date(),
    chance: () => Math.random(),
    fetch: () => fetch('https://example.cn/'),
    address: () => new URL('https://example.cn/'),
    mistake: () => undefined.title,
    nothing: () => undefined,
  };
  return tried[response.body.trim()]();
}
";
    forbidden(
        "js",
        code,
        "src/plugin.js",
        &[
            ("now", "a plugin has no clock: use crawl.now, or response.fetched (src/plugin.js:4)"),
            ("date", "a plugin has no clock"),
            ("chance", "a plugin has no randomness"),
            ("fetch", "a plugin has no network"),
            ("address", "a plugin has no URL, which is of the browser: use join, origin, parameter and encode"),
            ("mistake", "TypeError: "),
            ("nothing", "parse returned nothing"),
        ],
    );
}

#[test]
fn python_is_told_what_a_plugin_has_not() {
    if !pypi() {
        return;
    }
    let code = "import datetime, random, time, uuid
from datetime import date


def start(crawl):
    return []


def parse(crawl, request, response):
    tried = dict(
        now=lambda: time.time(),
        date=lambda: datetime.datetime.now(),
        today=lambda: date.today(),
        chance=lambda: random.choice([1, 2]),
        uuid=lambda: uuid.uuid4(),
        files=lambda: open('/etc/passwd'),
        later=lambda: __import__('xml.dom.minidom'),
        mistake=lambda: {}['title'],
        nothing=lambda: None,
    )
    return tried[response.body.strip()]()
";
    forbidden(
        "python",
        code,
        "src/plugin.py",
        &[
            ("now", "a plugin has no clock: use crawl.now, or response.fetched (plugin.py:11)"),
            ("date", "a plugin has no clock"),
            ("today", "a plugin has no clock"),
            ("chance", "a plugin has no randomness"),
            ("uuid", "a plugin has no randomness"),
            ("files", "a plugin has no files"),
            ("later", "import xml.dom.minidom at the top"),
            ("mistake", "KeyError: 'title' (plugin.py:18)"),
            ("nothing", "parse returned nothing"),
        ],
    );
}

/// `docs/contract.md` is made of `wit/`: `UPDATE_DOCS=1 cargo test -p caifeng --test authoring reference` writes it.
#[test]
fn the_contract_reference_is_made_of_the_contract() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(root().join("wit/plugin.wit")).unwrap();
    let made = reference(&resolve, package);
    let path = root().join("docs/contract.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/contract.md is older than wit/: UPDATE_DOCS=1 cargo test -p caifeng --test authoring");
}

fn reference(resolve: &Resolve, package: wit_parser::PackageId) -> String {
    let package = &resolve.packages[package];
    let mut page = format!(
        "# The contract `{}`\n\nMade of [`wit/plugin.wit`](../wit/plugin.wit); a test keeps it so.\n",
        package.name
    );
    page += &format!("\n{}", prose(&package.docs));
    for (name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        page += &format!("\n## interface `{name}`\n\n{}", prose(&interface.docs));
        for (name, id) in &interface.types {
            // What is used of another interface is told there.
            if !matches!(resolve.types[*id].kind, TypeDefKind::Type(Type::Id(_))) {
                page += &defined(resolve, name, *id);
            }
        }
        for (name, function) in &interface.functions {
            let given = function.params.iter().map(|given| format!("{}: {}", given.name, named(resolve, given.ty)));
            let given: Vec<_> = given.collect();
            let result = function.result.map_or_else(String::new, |ty| format!(" -> {}", named(resolve, ty)));
            page += &format!("\n### `{name}({}){result}`\n\n{}", given.join(", "), prose(&function.docs));
        }
    }
    page += "\n## Worlds\n\n| world | exports |\n| --- | --- |\n";
    for (name, id) in &package.worlds {
        let exports = resolve.worlds[*id].exports.values().filter_map(|item| match item {
            WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.clone(),
            _ => None,
        });
        page += &format!("| `{name}` | {} |\n", exports.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
    }
    page
}

/// A type, and its parts as a table.
fn defined(resolve: &Resolve, name: &str, id: TypeId) -> String {
    let of = &resolve.types[id];
    let rows: Vec<(&str, String, &Docs)> = match &of.kind {
        TypeDefKind::Record(record) => {
            record.fields.iter().map(|field| (field.name.as_str(), named(resolve, field.ty), &field.docs)).collect()
        }
        TypeDefKind::Variant(variant) => {
            let of = |ty: Option<Type>| ty.map_or_else(String::new, |ty| named(resolve, ty));
            variant.cases.iter().map(|case| (case.name.as_str(), of(case.ty), &case.docs)).collect()
        }
        TypeDefKind::Enum(names) => {
            names.cases.iter().map(|case| (case.name.as_str(), String::new(), &case.docs)).collect()
        }
        TypeDefKind::Type(ty) => return format!("\n### `{name}` = `{}`\n\n{}", named(resolve, *ty), prose(&of.docs)),
        other => return format!("\n### `{name}` = `{}`\n\n{}", kind(resolve, other), prose(&of.docs)),
    };
    let mut text = format!("\n### {} `{name}`\n\n{}", of.kind.as_str(), prose(&of.docs));
    text += if of.docs.contents.is_some() { "\n" } else { "" };
    text += "| | type | |\n| --- | --- | --- |\n";
    for (name, ty, docs) in rows {
        let ty = if ty.is_empty() { ty } else { format!("`{ty}`") };
        text += &format!("| `{name}` | {ty} | {} |\n", prose(docs).trim().replace('\n', " ").replace('|', "\\|"));
    }
    text
}

fn named(resolve: &Resolve, ty: Type) -> String {
    match ty {
        Type::Id(id) => {
            let of = &resolve.types[id];
            of.name.clone().unwrap_or_else(|| kind(resolve, &of.kind))
        }
        Type::Bool => "bool".to_owned(),
        Type::String => "string".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn kind(resolve: &Resolve, kind: &TypeDefKind) -> String {
    match kind {
        TypeDefKind::List(ty) => format!("list<{}>", named(resolve, *ty)),
        TypeDefKind::Option(ty) => format!("option<{}>", named(resolve, *ty)),
        TypeDefKind::Tuple(tuple) => {
            let parts: Vec<_> = tuple.types.iter().map(|ty| named(resolve, *ty)).collect();
            format!("tuple<{}>", parts.join(", "))
        }
        TypeDefKind::Result(result) => {
            let part = |ty: Option<Type>| ty.map_or_else(|| "_".to_owned(), |ty| named(resolve, ty));
            format!("result<{}, {}>", part(result.ok), part(result.err))
        }
        other => other.as_str().to_owned(),
    }
}

fn prose(docs: &Docs) -> String {
    docs.contents.as_ref().map_or_else(String::new, |text| format!("{}\n", text.trim()))
}

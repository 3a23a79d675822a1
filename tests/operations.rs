//! What whoever keeps the machine does: a copy that can be brought back, made while somebody writes, without secrets, and
//! refused when it is not what was made; the copy that a conversion leaves; figures; the doctor; what shells and `man` read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod recording;
mod terminal;

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use caifeng::store::snapshot;
use people::Office;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use terminal::{Place, http};

fn swept(feeds: usize) -> Place {
    let place = Place::new();
    recording::write(&place.path("many.warc.gz"), &recording::many(feeds));
    place.run("sweep --plugin feed --replay many.warc.gz --data data").ends(0);
    place
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn is_empty(path: &Path) -> bool {
    std::fs::read_dir(path).unwrap().next().is_none()
}

/// Every post that is stored, with the incident that it is in.
fn posts(place: &Place, data: &str) -> Vec<String> {
    place.run(&format!("posts --data {data} --json")).ends(0).out.lines().map(str::to_owned).collect()
}

#[test]
fn a_copy_in_either_form_brings_back_all_of_it_and_no_secrets() {
    let place = swept(3);
    place.write("data/caifeng.toml", "[organisation]\nname = \"云溪县\"\n");
    place.write("data/watches/a.toml", "");
    place.write("data/secrets.toml", "[weibo]\naccess-token = \"2.00abcdefgh\"\n");
    for copy in ["copy.zip", "copy"] {
        place.run(&format!("backup {copy} --data data")).ends(0);
        let data = format!("back-from-{copy}");
        place.run(&format!("restore {copy} --data {data}")).ends(0);
        assert_eq!(posts(&place, &data), posts(&place, "data"));
        place.run(&format!("audit verify --data {data}")).ends(0);
        assert!(place.path(&data).join("watches/a.toml").is_file() && place.path(&data).join("caifeng.toml").is_file());
        assert!(!place.path(&data).join("secrets.toml").exists() && !place.path(&data).join("keys/author").exists());
        assert_eq!(mode(&place.path(copy)) & 0o077, 0, "others can read {copy}");
        assert_eq!(mode(&place.path(&data).join("caifeng.db")), 0o600);
        // Evidence is where the store says: an export reads it.
        place.run(&format!("evidence export 1 --data {data} -o {copy}.warc.gz")).ends(0);
    }
    place.run("backup all.zip --with-secrets --data data").ends(0);
    place.run("restore all.zip --data all").ends(0);
    for secret in ["secrets.toml", "keys/author"] {
        let (was, is) = (place.path("data").join(secret), place.path("all").join(secret));
        assert_eq!(std::fs::read(was).unwrap(), std::fs::read(&is).unwrap());
        assert_eq!(mode(&is), 0o600, "{secret}");
    }
    assert_eq!(mode(&place.path("all.zip")), 0o600);
}

#[test]
fn a_copy_made_while_somebody_writes_is_one_state() {
    let place = Place::new();
    recording::write(&place.path("many.warc.gz"), &recording::many(60));
    let mut sweep = place.start("sweep --plugin feed --replay many.warc.gz --data data --json");
    let mut kept = Vec::new();
    for copy in 0..4 {
        // The next is begun when more has been stored meanwhile.
        for _ in 0..10 {
            sweep.line().expect("a report");
        }
        place.run(&format!("backup {copy}.zip --data data --json")).ends(0);
        place.run(&format!("restore {copy}.zip --data back-{copy}")).ends(0);
        let posts = place.run(&format!("posts --data back-{copy} --json")).ends(0).json();
        assert!(posts.len() >= 30 * (copy + 1), "what was acknowledged is in it: {}", posts.len());
        let told: u64 = place
            .run(&format!("incident list --data back-{copy} --json"))
            .ends(0)
            .json()
            .iter()
            .map(|incident| incident["posts"].as_u64().unwrap())
            .sum();
        assert_eq!(told, posts.len() as u64, "every post is in an incident of the same state");
        kept.push(posts.len());
    }
    assert!(kept.is_sorted() && kept[0] < kept[3], "{kept:?}");
    while sweep.line().is_some() {}
    assert!(sweep.wait().success());
}

#[test]
fn what_is_not_as_it_was_made_is_refused_and_leaves_nothing() {
    let place = swept(2);
    place.run("backup copy --data data").ends(0);
    let manifest = std::fs::read_to_string(place.path("copy/backup.json")).unwrap();
    let refused = |code: i32, why: &str| {
        let said = place.run("restore copy --data back").ends(code);
        assert!(said.err.contains(why), "{said}");
        assert!(!place.path("back").exists() || is_empty(&place.path("back")), "{said}");
    };
    place.write("copy/backup.json", manifest.replace("\"schema\": ", "\"schema\": 9"));
    refused(2, "install the newer caifeng that wrote it");
    place.write("copy/backup.json", manifest.replace("\"caifeng.db\"", "\"../caifeng.db\""));
    refused(2, "has no place in a data directory");
    place.write("copy/backup.json", manifest.replace("\"format\": 1", "\"format\": 2"));
    refused(2, "its form is 2");
    place.write("copy/backup.json", &manifest);
    let whole = std::fs::read(place.path("copy/caifeng.db")).unwrap();
    let mut bent = whole.clone();
    let middle = bent.len() / 2;
    bent[middle] ^= 1;
    place.write("copy/caifeng.db", &bent);
    refused(1, "its content is not what backup.json says");
    place.write("copy/caifeng.db", &whole[..middle]);
    refused(1, "its content is not what backup.json says");
    std::fs::remove_file(place.path("copy/caifeng.db")).unwrap();
    refused(1, "caifeng.db");
    place.write("copy/caifeng.db", &whole);
    place.write("back/mine.txt", "");
    let said = place.run("restore copy --data back").ends(2);
    assert!(said.err.contains("is not empty") && place.path("back/mine.txt").exists(), "{said}");
    place.run("backup copy --data data").ends(2);
    place.run("backup other --data nowhere").ends(2);
    assert!(!place.path("other").exists() && !place.path("other.part").exists());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "changes the record behind the program's back")]
fn a_store_whose_record_was_changed_is_not_called_a_backup() {
    let place = swept(1);
    let database = rusqlite::Connection::open(place.path("data/caifeng.db")).unwrap();
    database.execute_batch("DROP TRIGGER event_is_not_changed").unwrap();
    assert_eq!(database.execute("UPDATE event SET at = at + 1 WHERE seq = 2", []).unwrap(), 1);
    drop(database);
    let said = place.run("backup copy.zip --data data").ends(1);
    assert!(said.err.contains("its record does not hold"), "{said}");
    assert!(!place.path("copy.zip").exists() && !place.path("copy.zip.part").exists());
}

/// `stores/schema-21.db.gz` was written by the program as it was with that schema: two letters, each an incident.
#[test]
fn a_store_of_an_earlier_version_is_kept_as_it_was_when_it_is_converted() {
    let place = Place::new();
    let old = include_bytes!("stores/schema-21.db.gz");
    let mut database = Vec::new();
    flate2::read::GzDecoder::new(&old[..]).read_to_end(&mut database).unwrap();
    place.write("data/caifeng.db", &database);
    // It can be copied before anything is done to it.
    let said = place.run("backup before.zip --data data").ends(1);
    assert!(said.err.contains("evidence was missing before") && said.out.contains("schema 21"), "{said}");
    place.run("restore before.zip --data back").ends(0);
    let reports = place.run("retain --data data").ends(0);
    assert!(reports.err.contains("converted from schema 21"), "{reports}");
    let copies: Vec<_> = std::fs::read_dir(place.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains(".before-schema-"))
        .collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
    let held = snapshot::examine(&copies[0]).unwrap();
    assert_eq!((held.schema, mode(&copies[0])), (21, 0o600));
    assert_eq!(posts(&place, "data").len(), 2);
    place.run("audit verify --data data").ends(0);
    // It goes with the next `retain` after a week, and a second start makes no other.
    place.run("retain --data data").ends(0);
    assert!(copies[0].exists());
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    std::fs::File::options().write(true).open(&copies[0]).unwrap().set_modified(long_ago).unwrap();
    place.run("retain --data data").ends(0);
    assert!(!copies[0].exists());
}

/// A line of the text format: `name{label="value",…} number`.
fn sample(line: &str) -> (String, f64) {
    let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let bare = name.split('{').next().unwrap();
    assert!(bare.starts_with("caifeng_") && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{line}");
    if let Some(labels) = name.strip_prefix(bare).filter(|labels| !labels.is_empty()) {
        let labels = labels.strip_prefix('{').and_then(|labels| labels.strip_suffix('}')).expect(line);
        for label in labels.split("\",") {
            let (key, value) = label.split_once("=\"").expect(line);
            assert!(!key.is_empty() && !value.trim_end_matches('"').contains('"'), "{line}");
        }
    }
    (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
}

#[test]
fn figures_are_for_this_machine_and_for_programs_with_the_scope() {
    let place = swept(4);
    place.write("data/caifeng.toml", "[organisation]\nname = \"云溪县\"\n");
    let office = Office::at(place);
    let (_serving, address) = office.place.serve("--data data");
    let ask = |more: &str| http(&address, &format!("GET /metrics HTTP/1.1\nHost: {address}{more}"));
    http(&address, &format!("GET /healthz HTTP/1.1\nHost: {address}"));
    ask("");
    let answer = ask("");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("200 OK") && head.contains("text/plain; version=0.0.4"), "{head}");
    let body: String = body.lines().filter(|line| line.contains([' ', '#'])).map(|line| format!("{line}\n")).collect();
    let mut typed = Vec::new();
    let mut told = std::collections::BTreeMap::new();
    for line in body.lines() {
        match line.strip_prefix("# TYPE ") {
            Some(line) => typed.push(line.split(' ').next().unwrap().to_owned()),
            None if line.starts_with("# HELP ") => {}
            None => {
                let (name, value) = sample(line);
                assert!(typed.iter().any(|typed| name.starts_with(typed)), "no TYPE before {name}");
                assert!(told.insert(name.clone(), value).is_none(), "twice: {name}");
            }
        }
    }
    assert_eq!((told["caifeng_posts"], told["caifeng_sweeps_total"]), (12.0, 4.0), "{body}");
    assert!(told["caifeng_audit_events_total"] > 10.0 && told["caifeng_store_bytes"] > 4096.0, "{body}");
    assert!(told["caifeng_incidents{state=\"new\"}"] >= 1.0 && told["caifeng_store_writable"] == 1.0, "{body}");
    assert_eq!(told["caifeng_plugins_suspended"], 0.0, "{body}");
    let asked = "method=\"GET\",route=\"/metrics\",status=\"2xx\"";
    let requests = "caifeng_http_request_seconds";
    assert_eq!(told[&format!("{requests}_count{{{asked}}}")], 1.0, "{body}");
    assert_eq!(told[&format!("{requests}_bucket{{{asked},le=\"+Inf\"}}")], 1.0, "{body}");
    // Nobody's name, word or address is in it.
    assert!(!body.contains("example") && !body.contains("云溪"), "{body}");
    // What somebody else asks through this machine is not asked by this machine.
    for passed_on in ["X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.7", "Via: 1.1 gate"] {
        let answer = ask(&format!("\n{passed_on}"));
        assert!(answer.starts_with("HTTP/1.1 401"), "{passed_on}: {answer}");
    }
    let page = http(&address, &format!("GET /watches HTTP/1.1\nHost: {address}"));
    assert!(!page.starts_with("HTTP/1.1 200"), "being on this machine opens no page: {page}");
}

#[test]
fn a_plan_is_proposed_by_one_and_put_into_force_by_another_while_the_desk_runs() {
    let office = Office::new();
    let whole = office.place.run("plan show --toml --data data").ends(0).out.clone();
    let (other, third) = (whole.replace("due = \"5h\"", "due = \"4h\""), whole.replace("due = \"5h\"", "due = \"3h\""));
    office.place.write("other.toml", other.replace('\n', "\r\n"));
    office.place.write("third.toml", &third);
    office.place.write("broken.toml", whole.replace("publish = [\"spokesperson\"]", "publish = [\"spokesman\"]"));
    let (mut serving, address) = office.place.serve("--data data");
    let token = std::fs::read_to_string(office.place.path("wang.token")).unwrap();
    let ask = |how: &str, more: &str| {
        http(&address, &format!("{how} HTTP/1.1\nHost: {address}\nAuthorization: Bearer {}{more}", token.trim()))
    };
    let broken = office.run("wang", "plan propose broken.toml --reason 局务会决定").ends(2);
    assert!(broken.out.contains("broken.toml:") && broken.out.contains("spokesman"), "{broken}");
    office.run("li", "plan propose other.toml --reason 局务会决定").ends(1);
    let nobody = office.place.run("plan propose other.toml --reason 局务会决定 --data data").ends(1);
    assert!(nobody.err.contains("token"), "{nobody}");
    let unseen = format!("plan propose other.toml --reason 局务会决定 --seen {}", "0".repeat(64));
    assert!(office.run("wang", &unseen).ends(1).err.contains("another plan is in force"));
    assert!(office.place.run("plan proposals --data data").ends(0).err.contains("no plan is proposed"));
    let proposed = office.run("wang", "plan propose other.toml --reason 局务会决定 --json").ends(0).json().remove(0);
    let digest = proposed["plan"].as_str().unwrap();
    let shown = office.place.run("plan proposals --data data").ends(0);
    assert!(shown.out.contains(digest) && shown.out.contains("5h → 4h") && shown.out.contains("局务会决定"), "{shown}");
    let own = office.run("wang", &format!("plan adopt {digest}")).ends(1);
    assert!(own.err.contains("leading-group"), "{own}");
    office.run("li", &format!("plan adopt {digest}")).ends(0);
    let in_force = ask("GET /api/v1/plan", "");
    assert!(in_force.contains("200 OK") && in_force.contains(digest), "the desk goes on by it: {in_force}");
    assert_eq!(office.place.run("plan show --toml --data data").ends(0).out, other);
    office.run("li", &format!("plan adopt {digest}")).ends(1);
    // The same token does by the API what its owner may, with no browser.
    let body = "\nContent-Type: application/json\nContent-Length: 2\nConnection: close\n\n{}";
    let backup = ask("POST /api/v1/backups", body);
    assert!(backup.contains("200 OK"), "{backup}");
    serving.terminate();
    // Nobody listens: the command takes the directory itself.
    let proposed = office.run("wang", "plan propose third.toml --reason 再改").ends(0);
    let digest = proposed.out.split_whitespace().next().unwrap().to_owned();
    let told = office.place.run("plan proposals --data data --json").ends(0).json().remove(0);
    assert_eq!(
        (told["plan"].as_str(), told["changes"][0]["to"].as_str()),
        (Some(digest.as_str()), Some("3h")),
        "{told}"
    );
    office.run("zhou", &format!("plan drop {digest}")).ends(0);
    assert!(office.run("zhou", &format!("plan adopt {digest}")).ends(1).err.contains("proposed no longer"));
    office.place.run("audit verify --data data").ends(0);
}

#[test]
fn a_provider_of_sign_in_is_looked_at_before_anybody_needs_it() {
    let place = swept(1);
    let config = |issuer: &str, more: &str| {
        let keys = "client_id = \"caifeng\"\nlabel = \"统一认证\"\n";
        format!("[sign_in.oidc]\nissuer = \"{issuer}\"\n{keys}{more}")
    };
    place.write("data/caifeng.toml", config("http://id.example.cn", ""));
    let said = place.run("config check --data data").ends(2);
    assert!(said.out.contains("caifeng.toml:2:10: \"http://id.example.cn\" is no provider"), "{said}");
    place.write("data/caifeng.toml", config("https://id.example.cn", "claims = \"sub\"\n"));
    let said = place.run("config check --data data").ends(2);
    assert!(said.out.contains("caifeng.toml:5:1:") && said.out.contains("did you mean `claim`"), "{said}");
    place.write("data/caifeng.toml", config("https://id.example.cn/realms/county", ""));
    place.run("config check --data data").ends(0);
    let told = |place: &Place, code: i32, standing: &str, words: &str| {
        let found = place.run("doctor --data data --json").ends(code).json();
        let found = found.iter().find(|found| found["check"] == "sign-in").unwrap();
        assert!(found["standing"] == standing && found.to_string().contains(words), "{found}");
    };
    told(&place, 1, "bad", "[sign_in.oidc] and client_secret");
    let said = place.run("serve --bind 127.0.0.1:0 --data data").ends(2);
    assert!(said.err.contains("[sign_in.oidc] needs a secret"), "{said}");
    for (text, words) in [
        ("[sign_in.oidc]\nclient_secret = \"short\"\n", "[sign_in.oidc] client_secret: a secret has at least 8"),
        ("[sign_in.oidc]\nclient_secrets = \"hunter2hunter2\"\n", "secrets.toml:1:"),
        ("[sign_in.oicd]\nclient_secret = \"hunter2hunter2\"\n", "secrets.toml:1:"),
    ] {
        let file = place.write("data/secrets.toml", text);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let said = place.run("serve --bind 127.0.0.1:0 --data data").ends(2);
        assert!(said.err.contains(words) && !said.err.contains("hunter2"), "{said}");
    }
    place.write("data/secrets.toml", "[sign_in.oidc]\nclient_secret = \"hunter2hunter2\"\n");
    told(&place, 0, "look", "caifeng user identity");
    let office = Office::at(place);
    let linked = office.run("wang", "user identity li --is f3c1-77").ends(0);
    assert!(linked.out.contains("  provider  "), "{linked}");
    told(&office.place, 0, "good", "1 with the provider https://id.example.cn");
    let refused = office.run("wang", "user identity chen --is f3c1-77").ends(1);
    assert!(refused.err.contains("is linked to this account of the provider already"), "{refused}");
    office.run("zhao", "user identity chen --is x").ends(1);
    let list = office.place.run("user list --data data --json").ends(0);
    assert!(!list.out.contains("f3c1-77") && list.out.contains("\"provider\":true"), "{list}");
    // The provider is asked when somebody comes, and not before.
    let (_serving, address) = office.place.serve("--data data");
    let page = http(&address, &format!("GET /sign-in HTTP/1.1\nHost: {address}"));
    assert!(page.contains("统一认证") && !page.contains("hunter2"), "{page}");
    office.run("wang", "user identity li").ends(0);
    office.run("wang", "user identity li").ends(2);
    office.place.run("audit verify --data data").ends(0);
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let place = swept(2);
    place.write("data/caifeng.toml", "[organisation]\nname = \"云溪县\"\n");
    let found = |code: i32| -> Vec<(String, String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let lines = place.run("doctor --data data --json").ends(code).json();
        lines
            .iter()
            .map(|l| (text(&l["check"]), text(&l["standing"]), format!("{} → {}", l["found"], l["advice"])))
            .collect()
    };
    #[track_caller]
    fn bad(found: &[(String, String, String)], check: &str, words: &str) {
        let told = found.iter().any(|(c, s, text)| c == check && s == "bad" && text.contains(words));
        assert!(told, "{check}: {words}: {found:#?}");
        let without = found.iter().find(|(_, standing, text)| standing != "good" && text.ends_with("null"));
        assert!(without.is_none(), "nothing is said of what to do: {without:?}");
    }
    let well = found(0);
    let checks = [
        "data",
        "space",
        "configuration",
        "secrets",
        "store",
        "record",
        "evidence",
        "plugins",
        "clock",
        "channels",
        "fonts",
    ];
    for check in checks {
        assert!(well.iter().any(|(c, ..)| c == check), "{check}: {well:#?}");
    }
    assert!(place.run("doctor --data data").ends(0).out.contains("→"), "advice is printed");
    place.write("data/caifeng.toml", "[organisation]\nnane = \"云溪县\"\n");
    bad(&found(1), "configuration", "caifeng.toml:2");
    place.write("data/caifeng.toml", "");
    let secrets = place.write("data/secrets.toml", "");
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o644)).unwrap();
    bad(&found(1), "secrets", "chmod 600");
    std::fs::remove_file(&secrets).unwrap();
    std::fs::set_permissions(place.path("data/keys/author"), std::fs::Permissions::from_mode(0o640)).unwrap();
    bad(&found(1), "secrets", "keys/author");
    std::fs::set_permissions(place.path("data/keys/author"), std::fs::Permissions::from_mode(0o600)).unwrap();
    place.write("data/plugins/broken.wasm", "not a plugin");
    bad(&found(1), "plugins", "broken.wasm");
    std::fs::remove_file(place.path("data/plugins/broken.wasm")).unwrap();
    let evidence = place.path("data/evidence");
    std::fs::rename(&evidence, place.path("elsewhere")).unwrap();
    bad(&found(1), "evidence", "files are missing");
    std::fs::rename(place.path("elsewhere"), &evidence).unwrap();
    let database = std::fs::read(place.path("data/caifeng.db")).unwrap();
    place.write("data/caifeng.db", &database[..database.len() / 2]);
    bad(&found(1), "store", "caifeng restore");
    place.write("data/caifeng.db", &database);
    found(0);
}

#[test]
fn shells_and_man_read_what_the_commands_are() {
    let place = Place::new();
    for (shell, words) in [("bash", "complete -F"), ("zsh", "#compdef caifeng"), ("fish", "complete -c caifeng")] {
        let said = place.run(&format!("completions {shell}")).ends(0);
        assert!(said.out.contains(words) && said.out.contains("with-secrets"), "{shell}");
    }
    place.run("completions tcsh").ends(2);
    assert!(place.run("man").ends(0).out.contains(".TH caifeng 1"));
    place.run("man --out pages").ends(0);
    let page = std::fs::read_to_string(place.path("pages/caifeng-backup.1")).unwrap();
    assert!(page.contains("with\\-secrets"), "{page}");
}

/// Asks over TLS for `host`, trusting one certificate and no other.
#[expect(clippy::disallowed_methods, reason = "a test visits the page")]
fn https(address: &str, host: &'static str, trusted: &Path, request: &str) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusted).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let client = ClientConnection::new(config, ServerName::try_from(host).unwrap()).unwrap();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(terminal::DEADLINE))?;
    let mut stream = StreamOwned::new(client, stream);
    stream.write_all(request.replace('\n', "\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn other_machines_reach_the_desk_over_https_only() {
    let place = swept(1);
    place.write("data/caifeng.toml", "[organisation]\nname = \"云溪县\"\n\n[serve]\nhosts = [\"desk.example.cn\"]\n");
    let office = Office::at(place);
    let place = &office.place;
    for (more, why) in [
        ("--bind 0.0.0.0:0", "other machines reach this address"),
        ("--bind [::]:0 --host other.example.cn", "--self-signed"),
        ("--bind 127.0.0.1:0 --certificate nowhere.pem", "go together"),
        ("--bind 127.0.0.1:0 --certificate nowhere.pem --key nowhere.pem", "nowhere.pem"),
    ] {
        let said = place.run(&format!("serve --data data {more}")).ends(2);
        assert!(said.err.contains(why), "{said}");
    }
    let (mut serving, address) = place.serve("--data data --self-signed");
    assert!(serving.error_line().contains("fingerprint"));
    let own = place.path("data/certificate.pem");
    let (host, origin) = ("desk.example.cn", "https://desk.example.cn");
    let get = |host: &'static str, named: &str| {
        https(&address, host, &own, &format!("GET /sign-in HTTP/1.1\nHost: {named}\nConnection: close\n\n"))
    };
    assert!(get(host, host).unwrap().starts_with("HTTP/1.1 200"));
    assert!(get("localhost", "localhost").unwrap().starts_with("HTTP/1.1 200"));
    assert!(get(host, "elsewhere.example").unwrap().starts_with("HTTP/1.1 421"));
    assert!(get("elsewhere.example", host).is_err(), "the certificate is good for its own names only");
    // Who speaks no TLS is told nothing.
    let mut plain = String::new();
    let asked = std::panic::catch_unwind(|| http(&address, &format!("GET /sign-in HTTP/1.1\nHost: {host}")));
    plain.push_str(&asked.unwrap_or_default());
    assert!(!plain.contains("HTTP/1.1 200"), "{plain}");
    // Nobody else can set the cookie of a session, and it goes over nothing else.
    let code = place.run("user code li --data data --token wang.token --json").ends(0);
    let code = code.json()[0]["code"].as_str().unwrap().to_owned();
    let password = "three+white+egrets+over+the+weir";
    let form = format!("name=li&code={code}&password={password}&again={password}");
    let post = |path: &str, form: &str| {
        let head = format!("POST {path} HTTP/1.1\nHost: {host}\nOrigin: {origin}\nSec-Fetch-Site: same-origin");
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let length = form.len();
        let request = format!("{head}\n{kind}\nContent-Length: {length}\nConnection: close\n\n{form}");
        https(&address, host, &own, &request).unwrap()
    };
    assert!(post("/set-up-password", &form).starts_with("HTTP/1.1 303"));
    let answer = post("/sign-in", &format!("name=li&password={password}"));
    let cookie = answer.lines().find(|line| line.contains("caifeng_session=")).expect(&answer);
    assert!(cookie.starts_with("set-cookie: __Host-caifeng_session=") && cookie.contains("; Secure"), "{cookie}");
    assert!(serving.terminate().success());
}

#[test]
fn only_the_declared_proxy_is_answered_and_who_asks_is_whom_it_names() {
    let place = swept(1);
    place.write("data/caifeng.toml", "[organisation]\nname = \"云溪县\"\n");
    let office = Office::at(place);
    let behind = |proxy: &str| office.place.serve(&format!("--data data --proxy {proxy} --host desk.example.cn"));
    let ask = |address: &str| {
        let request = "GET /sign-in HTTP/1.1\nHost: desk.example.cn\nX-Forwarded-For: 192.0.2.7";
        std::panic::catch_unwind(|| http(address, request)).unwrap_or_default()
    };
    let (mut serving, address) = behind("127.0.0.1");
    assert!(ask(&address).starts_with("HTTP/1.1 200"));
    assert!(serving.terminate().success());
    let (mut serving, address) = behind("192.0.2.1");
    assert_eq!(ask(&address), "", "somebody else is not answered");
    assert!(serving.terminate().success());
}

/// Whether what a demo records lies there.
fn is_demo(place: &Place, data: &str) -> bool {
    ["caifeng.db", "demo.json", "evidence"].iter().any(|name| place.path(&format!("{data}/{name}")).exists())
}

#[test]
fn a_demo_is_removed_as_a_whole_and_what_is_real_never() {
    let place = swept(2);
    place.run("demo --once --data month").ends(0);
    place.write("month/plugins/own.txt", "the operator's");
    let said = place.run("demo --remove --data month").ends(0).to_string();
    assert!(said.contains("the demo is removed"), "{said}");
    assert!(!is_demo(&place, "month") && place.path("month/plugins/own.txt").is_file());
    place.run("demo --remove --data month").ends(1);
    let before = posts(&place, "data");
    assert!(!before.is_empty());
    // The real thing, as it is, with a mark that somebody put there, and with a configuration beside the mark.
    for (mark, config) in [(false, false), (true, false), (true, true)] {
        if mark {
            place.write("data/demo.json", "{\"shift\":0}");
        }
        if config {
            place.write("data/caifeng.toml", "");
        }
        let said = place.run("demo --remove --data data").ends(1).to_string();
        assert!(said.contains("demo"), "{said}");
        std::fs::remove_file(place.path("data/demo.json")).ok();
        std::fs::remove_file(place.path("data/caifeng.toml")).ok();
        assert_eq!(posts(&place, "data"), before, "{said}");
    }
    // Whoever is known by a token must be the one who sets Caifeng up.
    place.run("demo --once --data month").ends(0);
    place.write("nobody", "caifeng_0000000000000000000000000000000000000000000000000000000000000000");
    std::fs::set_permissions(place.path("nobody"), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_ne!(place.run("demo --remove --data month --token nobody").code(), 0);
    assert!(is_demo(&place, "month"));
}

/// One process, one address: the demo, then the first steps of the real thing.
#[test]
fn a_desk_goes_on_as_the_real_thing_when_its_demo_is_ended() {
    let place = Place::new();
    let (mut desk, address) = place.serve("--data desk");
    let asking = |head: &str| http(&address, &format!("{head}\nHost: {address}"));
    assert!(asking("GET / HTTP/1.1").contains("/demo/end"));
    let form = "Sec-Fetch-Site: same-origin\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 0";
    let ended = asking(&format!("POST /demo/end HTTP/1.1\n{form}"));
    assert!(ended.starts_with("HTTP/1.1 303") && ended.contains("location: /set-up-password"), "{ended}");
    // Whoever is led there waits until the real thing answers.
    let first = asking("GET /set-up-password HTTP/1.1\nAccept-Language: en");
    assert!(first.starts_with("HTTP/1.1 200") && first.contains("where caifeng was started"), "{first}");
    assert!(!asking("GET / HTTP/1.1").contains("/demo/end"));
    assert!(!place.path("desk/demo.json").exists() && place.path("desk/caifeng.db").exists());
    assert!(desk.line().unwrap().starts_with("http://"), "the address again");
    assert!(desk.line().unwrap().contains("with the code"), "and the code of the first user");
    assert!(desk.terminate().success());
    place.run("demo --remove --data desk").ends(1);
    let real = place.run("posts --data desk --json").ends(0).out.clone();
    assert_eq!(real, "", "nothing of the demo is left");
}

//! Who acts, and what proves that the record was not changed.

use crate::terminal::Place;
use crate::{shows, swept};

#[test]
fn a_record_is_verified_against_a_checkpoint() {
    let place = swept();
    let first = place.run("audit verify --data data --json").ends(0);
    place.write("kept.json", &first.out);
    let anchored = place.run("audit verify --data data --checkpoint kept.json").ends(0);
    let seq = first.json()[0]["checkpoint"]["seq"].clone();
    assert!(anchored.out.contains(&format!("up to event {seq}")), "{anchored}");
    let anchored = place.run("audit verify --data data --checkpoint kept.json --json").ends(0).json().remove(0);
    assert_eq!((&anchored["proof"], &anchored["anchored_to"]), (&"anchored".into(), &seq), "{anchored}");
    // A checkpoint of an empty record saw nothing and proves nothing.
    let mut empty: serde_json::Value = serde_json::from_str(&first.out).unwrap();
    empty["checkpoint"]["seq"] = 0.into();
    place.write("empty.json", empty.to_string());
    let alone = place.run("audit verify --data data --checkpoint empty.json --json").ends(0).json().remove(0);
    assert_eq!((&alone["proof"], &alone["anchored_to"]), (&"consistent".into(), &serde_json::Value::Null), "{alone}");
    // A checkpoint of another record: something was cut off or rewritten.
    let mut other: serde_json::Value = serde_json::from_str(&first.out).unwrap();
    other["checkpoint"]["seq"] = 1_000_000.into();
    place.write("kept.json", other.to_string());
    for arguments in
        ["audit verify --data data --checkpoint kept.json", "audit verify --data data --checkpoint kept.json --json"]
    {
        place.run(arguments).ends(1);
    }
    place.write("kept.json", "not a checkpoint");
    place.run("audit verify --data data --checkpoint kept.json").ends(2);
}

/// Adds the three administrators and a member of the leading group; tokens lie in NAME.token.
fn staffed(place: &Place) {
    for command in [
        "user add wang --role system --data data --out wang.token",
        "user add zhao --role security --data data --token wang.token --out zhao.token",
        "user add qian --role audit --data data --token wang.token --out qian.token",
        "user add li --data data --token wang.token --out li.token",
        "user role li leading-group --data data --token zhao.token",
    ] {
        place.run(command).ends(0);
    }
}

#[test]
fn a_checkpoint_is_signed_and_a_changed_one_proves_nothing() {
    let place = swept();
    staffed(&place);
    let signed = place.run("audit checkpoint --data data --token qian.token").ends(0);
    place.write("kept.json", &signed.out);
    let verify = |more: &str| place.run(&format!("audit verify --data data --checkpoint kept.json {more}"));
    let anchored = verify("--json").ends(0).json().remove(0);
    assert_eq!(anchored["proof"], "anchored", "{anchored}");
    let key = signed.json()[0]["key"].as_str().unwrap().to_owned();
    verify(&format!("--key {key}")).ends(0);
    let other = verify(&format!("--key {}", "0".repeat(64))).ends(1);
    assert!(other.err.contains("another key"), "{other}");
    place.write("kept.json", signed.out.replace("\"at\":", "\"at\":1"));
    let changed = verify("").ends(1);
    assert!(changed.err.contains("changed after it was signed"), "{changed}");
    place.run("audit checkpoint --data data --token li.token").ends(1);
}

#[test]
fn people_act_by_their_token_and_by_nothing_else() {
    let place = swept();
    staffed(&place);
    place.write("nobody.token", format!("caifeng_1_{}\n", "0".repeat(64)));
    place.write("open.token", std::fs::read(place.path("li.token")).unwrap());
    place.run("user role li head --data data --token zhao.token").ends(0);
    let mode = |name: &str, mode| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(place.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("nobody.token", 0o600);
    mode("open.token", 0o640);
    let said = [
        ("user add chen --data data", 1),
        ("user add chen --data data --token li.token", 1),
        ("user add chen --data data --token nobody.token", 1),
        ("user add chen --data data --token open.token", 2),
        ("user add chen --data data --token missing.token", 2),
        ("user add chen --role head --data data --token wang.token", 1),
        ("user add wang --data data --token wang.token", 1),
        ("user add u7 --data data --token wang.token", 1),
        ("user role li audit --data data --token zhao.token", 1),
        ("user role zhao head --data data --token zhao.token", 1),
        ("user role li emperor --data data --token zhao.token", 2),
        ("user revoke wang --data data --token wang.token", 1),
        ("user revoke nobody --data data --token wang.token", 2),
        ("user revoke li --data data --token wang.token", 0),
        ("submit --text 路灯又坏了 --data data --token li.token", 1),
        ("submit --text 路灯又坏了 --data data", 1),
        ("user token li --data data --token wang.token", 2),
        ("user rights", 0),
    ]
    .map(|(arguments, code)| place.run(arguments).ends(code).to_string());
    shows("people", said.join("\n"));
    let users = place.run("user list --data data --json").ends(0).json();
    let seen: Vec<_> = users.iter().map(|user| (user["id"].as_str().unwrap(), user["revoked"].is_null())).collect();
    assert_eq!(seen, [("u1", true), ("u2", true), ("u3", true), ("u4", false)]);
    let everything = format!("{}{}", said.join(""), std::fs::read_to_string(place.path("wang.token")).unwrap());
    let secret = std::fs::read_to_string(place.path("wang.token")).unwrap();
    assert_eq!(everything.matches(secret.trim()).count(), 1, "no command shows a token again");
}

/// With a daemon the kernel says who asks; the rights are the same.
#[test]
fn a_daemon_knows_people_by_their_token() {
    let place = swept();
    staffed(&place);
    let (mut daemon, _) = place.serve("--data data");
    place.run("user role li staff --data data --token zhao.token").ends(0);
    place.run("user role li head --data data --token li.token").ends(1);
    place.run("audit checkpoint --data data --token qian.token").ends(0);
    assert!(daemon.terminate().success());
    place.run("audit verify --data data").ends(0);
}

//! What administrators and those who decide do about the desk itself, by its endpoints.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::store::model::{Batch, Prepared};
use crate::text::tokens::Tokeniser;
use crate::user::right::Act;
use crate::web::access::{Access, SCOPE};
use crate::web::api;
use crate::web::fixed::NOW;
use crate::web::tests::rooms::admin::other_plan;
use crate::web::tests::rooms::plugins::board;
use crate::web::tests::rooms::sources::FILE;
use crate::web::tests::{office_of, prepared};

impl Program {
    /// One whose configuration is a file.
    fn configured() -> Self {
        Self::at(office_of(FILE, &[]))
    }

    fn beside(&self, name: &str) -> std::path::PathBuf {
        self.office.owner.setup.file.as_ref().unwrap().with_file_name(name)
    }
}

/// What administrators do belongs to no scope (`user::scope`): each of its endpoints is for themselves, with a session or the token
/// that they keep in a file, and for no program of theirs, whatever its scopes.
#[tokio::test]
async fn no_program_does_what_administrators_do_and_they_do_it_by_the_same_address() {
    let program = Program::configured();
    program.submitted().await;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, program.session(role), program.program(role, &Scope::ALL).await));
    }
    let mut asked = 0;
    for endpoint in api::table().iter().filter(|endpoint| endpoint.method == "POST") {
        let acts: Vec<Act> = match endpoint.access {
            Access::Able(act) => vec![act],
            Access::AbleToAny(acts) => acts.to_vec(),
            _ => continue,
        };
        for (role, session, token) in &people {
            let own: Vec<&Act> = acts.iter().filter(|act| act.is_for(*role)).collect();
            if own.is_empty() || own.iter().any(|act| Scope::of(**act).is_some()) {
                continue;
            }
            let path = endpoint.path["/api/v1".len()..].replace("{id}", "1");
            let mut done = false;
            for (name, example) in endpoint.described.examples {
                let (body, place) =
                    (serde_json::from_str(example).unwrap(), format!("{} {name}", endpoint.described.id));
                let (status, told) = program.post(&path, token, &body).await;
                assert_eq!((status.as_u16(), told["detail"].as_str()), (403, Some(SCOPE)), "{place}: {told}");
                let (status, told) = program.post(&path, session, &body).await;
                assert!(!status.is_server_error(), "{place}: {told}");
                done |= status != 403 && status != 401;
            }
            assert!(done, "{} as {}", endpoint.described.id, role.as_str());
            asked += 1;
        }
    }
    assert!(asked > 25, "{asked}");
}

#[tokio::test]
async fn one_person_proposes_a_plan_and_the_program_of_another_puts_it_into_force() {
    let program = Program::configured();
    let system = program.session(Role::System);
    let (_, plan) = program.get("/plan", &system).await;
    let proposing = |seen: &str, text: &str| json!({"text": text, "seen": seen, "reason": "局务会决定"});
    let seen = plan["digest"].as_str().unwrap();
    let (status, told) = program.post("/plan/proposals", &system, &proposing(&"0".repeat(64), &other_plan())).await;
    assert_eq!(status, 409, "{told}");
    let (status, told) = program.post("/plan/proposals", &system, &proposing(seen, "[plan]")).await;
    assert!(status == 422 && told["detail"].as_str().unwrap().contains("does not hold together"), "{told}");
    assert_eq!(program.post("/plan/proposals", &system, &proposing(seen, &other_plan())).await.0, 200);
    let (_, proposals) = program.get("/plan/proposals", &program.session(Role::Staff)).await;
    let proposal = &proposals["items"][0];
    assert_eq!(
        (proposal["reason"].as_str(), &proposal["before"]),
        (Some("局务会决定"), &plan["digest"]),
        "{proposals}"
    );
    let changed = &proposal["checked"]["changes"][0];
    assert_eq!((&changed["from"], &changed["to"]), (&json!("5h"), &json!("4h")), "{proposals}");
    let digest = proposal["id"].as_str().unwrap();
    let adopt = format!("/plan/proposals/{digest}/adopt");
    assert_eq!(program.post(&adopt, &system, &json!({})).await.0, 403, "whoever proposes does not decide");
    let reading = program.program(Role::Head, &[Scope::Read, Scope::Draft]).await;
    assert_eq!(program.post(&adopt, &reading, &json!({})).await.0, 403, "another scope");
    let handling = program.program(Role::Head, &[Scope::Handle]).await;
    assert_eq!(program.post(&adopt, &handling, &json!({})).await.0, 200);
    let (_, now) = program.get("/plan", &system).await;
    assert_eq!((now["digest"].as_str(), now["text"].as_str()), (Some(digest), Some(other_plan().as_str())));
    assert_eq!(std::fs::read_to_string(program.beside("plan.toml")).unwrap(), other_plan());
    assert_eq!(program.post(&adopt, &handling, &json!({})).await.0, 409, "once");
    let text = plan["text"].as_str().unwrap();
    assert_eq!(program.post("/plan/proposals", &system, &proposing(digest, text)).await.0, 200);
    assert_eq!(program.post(&format!("/plan/proposals/{seen}/drop"), &system, &json!({})).await.0, 200);
    let (_, proposals) = program.get("/plan/proposals", &system).await;
    assert_eq!(proposals["items"], json!([]), "{proposals}");
}

#[tokio::test]
async fn a_channel_is_written_with_a_key_that_is_told_and_kept_nowhere_else() {
    const KEY: &str = "693a91f6-7xxx-4bc4-97a0";
    let program = Program::configured();
    let system = program.session(Role::System);
    let channel = |tell: Value| json!({"id": "duty", "kind": "wecom", "tell": tell});
    let adding = json!({"was": null, "channel": channel(json!(["monitor"])), "secrets": {"key": KEY}});
    let bearer = format!("Bearer {}", system.written());
    let keyed = [("authorization", bearer.as_str()), JSON, ("idempotency-key", "a")];
    let (status, _, told) = program.send("POST", "/channels", &keyed, &adding.to_string()).await;
    assert!(status == 400 && told["detail"].as_str().unwrap().contains("not taken here"), "{told}");
    for (wrong, words) in [
        (json!({"was": null, "channel": channel(json!(["system"])), "secrets": {}}), "unknown role"),
        (json!({"was": null, "channel": channel(json!([])), "secrets": {"password": "12345678"}}), "has no password"),
        (json!({"was": null, "channel": channel(json!([])), "secrets": {"key": "short"}}), "at least 8 characters"),
    ] {
        let (status, told) = program.post("/channels", &system, &wrong).await;
        assert!(status == 422 && told["detail"].as_str().unwrap().contains(words), "{words}: {told}");
    }
    assert!(!program.beside("secrets.toml").exists());
    let (status, told) = program.post("/channels", &system, &adding).await;
    assert_eq!(status, 200, "{told}");
    assert!(std::fs::read_to_string(program.beside("secrets.toml")).unwrap().contains(KEY));
    assert!(program.office.owner.setup.routes.get().channel("duty").is_some(), "in force");
    let (_, written) = program.get("/channels/duty", &system).await;
    assert_eq!(written["secrets"], json!(["key"]), "{written}");
    let (_, listed) = program.get("/channels", &program.session(Role::Audit)).await;
    let (_, entries) = program.get("/audit/entries", &program.session(Role::Audit)).await;
    for told in [&written, &listed, &entries] {
        assert!(!told.to_string().contains(KEY), "{told}");
    }
    assert!(entries.to_string().contains("secrets-changed"), "{entries}");
    let was = json!({"id": "duty", "seen": written["seen"]});
    let change = json!({"was": was, "channel": channel(json!(["monitor", "head"])), "secrets": {}});
    assert_eq!(program.post("/channels", &system, &change).await.0, 200);
    let (_, now) = program.get("/channels/duty", &system).await;
    assert_eq!((&now["channel"]["tell"], &now["secrets"]), (&json!(["monitor", "head"]), &json!(["key"])), "{now}");
    assert_eq!(program.post("/channels", &system, &change).await.0, 409, "outdated");
    assert_eq!(program.post("/channels/duty/remove", &system, &json!({})).await.0, 200);
    assert_eq!(program.get("/channels/duty", &system).await.0, 404);
    assert_eq!(std::fs::read_to_string(program.beside("caifeng.toml")).unwrap(), FILE);
    assert_eq!(std::fs::read_to_string(program.beside("secrets.toml")).unwrap(), "", "its key went with it");
}

#[tokio::test]
async fn rules_of_keeping_are_looked_at_before_they_hold_and_days_are_added() {
    let program = Program::configured();
    let system = program.session(Role::System);
    let (_, kept) = program.get("/retention", &program.session(Role::Security)).await;
    let mut rules = kept["rules"].clone();
    rules["unmatched"] = json!("36h");
    let post = Prepared { topics: None, ..prepared(&Tokeniser::new(), "1", "无关的一条") };
    let (plugin, site, captured) = ("feed".to_owned(), "bbs.example".to_owned(), NOW - 3 * 86_400);
    program.office.owner.clerk.store.ingest(Batch { sweep: None, plugin, site, captured, posts: vec![post] }).unwrap();
    let (status, goes) = program.post("/retention/preview", &system, &json!({"rules": rules})).await;
    assert_eq!(status, 200, "{goes}");
    assert_eq!((&goes["now"]["unmatched"], &goes["then"]["unmatched"]), (&json!(0), &json!(1)), "{goes}");
    let mut floor = rules.clone();
    floor["records"] = json!("179d");
    for path in ["/retention/preview", "/retention/rules"] {
        let (status, told) = program.post(path, &system, &json!({"seen": kept["seen"], "rules": floor})).await;
        assert_eq!(status, 422, "{told}");
    }
    let (status, told) =
        program.post("/retention/rules", &system, &json!({"seen": kept["seen"], "rules": floor})).await;
    assert!(status == 422 && told["detail"].as_str().unwrap().contains("at least 180 days"), "{told}");
    let setting = json!({"seen": kept["seen"], "rules": rules});
    assert_eq!(program.post("/retention/rules", &system, &setting).await.0, 200);
    let (_, now) = program.get("/retention", &system).await;
    assert_eq!((&now["unmatched"], &now["rules"]), (&json!(36 * 3600), &rules), "{now}");
    assert_eq!(program.post("/retention/rules", &system, &setting).await.0, 409, "outdated");
    let days = |off: &str| json!({"year": 2027, "source": "国办通知", "off": [off], "work": ["2027-02-07"]});
    let (status, told) = program.post("/calendar", &system, &days("2027-02-30")).await;
    assert_eq!(status, 422, "{told}");
    assert_eq!(program.post("/calendar", &system, &days("2027-02-08/2027-02-12")).await.0, 200);
    let (_, calendar) = program.get("/calendar", &system).await;
    let year = calendar["years"].as_array().unwrap().iter().find(|it| it["year"] == 2027).unwrap();
    assert_eq!(year["days"][1], json!({"from": "2027-02-08", "to": "2027-02-12", "worked": false}), "{calendar}");
    assert!(program.beside("calendar.toml").exists());
}

#[tokio::test]
async fn the_record_is_held_against_what_was_kept_elsewhere() {
    let program = Program::configured();
    let audit = program.session(Role::Audit);
    let (_, signed) = program.post("/checkpoints", &audit, &json!({})).await;
    let (status, same) = program.post("/audit/verification", &audit, &json!({"checkpoint": signed})).await;
    assert_eq!((status.as_u16(), &same["consistent"]), (200, &json!(true)), "{same}");
    assert_eq!(same["against"], json!({"seq": signed["checkpoint"]["seq"], "signed": true}));
    let mut forged = signed.clone();
    forged["checkpoint"]["seq"] = json!(1);
    let (status, told) = program.post("/audit/verification", &audit, &json!({"checkpoint": forged})).await;
    assert!(status == 409 && told["detail"].as_str().unwrap().contains("changed after it was signed"), "{told}");
    let bare = json!({"checkpoint": {"seq": 1, "hash": "0".repeat(64)}});
    let (status, broken) = program.post("/audit/verification", &audit, &bare).await;
    assert_eq!(
        (status.as_u16(), &broken["consistent"], &broken["against"]["signed"]),
        (200, &json!(false), &json!(false)),
        "{broken}"
    );
    let (_, alone) = program.get("/audit/verification", &audit).await;
    assert_eq!((&alone["consistent"], &alone["against"]), (&json!(true), &Value::Null), "{alone}");
}

#[tokio::test]
async fn a_plugin_is_handed_in_tried_allowed_and_removed() {
    let program = Program::configured();
    let system = program.session(Role::System);
    let offering = |file: &[u8]| json!({"content": STANDARD.encode(file), "signature": null});
    let (status, told) = program.post("/plugins", &system, &offering(b"\0asm\x01\0\0\0")).await;
    assert!(status == 422 && told["detail"].as_str().unwrap().contains("no plugin that can be used"), "{told}");
    assert_eq!(program.get("/plugin-offer", &system).await.0, 404);
    let (status, offered) = program.post("/plugins", &system, &offering(&board("0.1.0", "[\"target\"]"))).await;
    assert_eq!(
        (status.as_u16(), offered["id"].as_str(), &offered["allow"]),
        (200, Some("board"), &json!(["target"])),
        "{offered}"
    );
    let seen = offered["digest"].as_str().unwrap();
    let taking = |allow: Value| json!({"seen": seen, "allow": allow});
    let begun = std::time::Instant::now();
    loop {
        let (_, now) = program.get("/plugin-offer", &system).await;
        if now["trial"]["running"] == false {
            assert_eq!((&now["trial"]["card"]["kept"], &now["trial"]["failed"]), (&json!(true), &Value::Null), "{now}");
            break;
        }
        assert!(begun.elapsed().as_secs() < 300, "{now}");
        tokio::task::yield_now().await;
    }
    let (status, told) = program.post("/plugin-offer/take", &system, &taking(json!(["not a host"]))).await;
    assert_eq!(status, 422, "{told}");
    let (status, taken) = program.post("/plugin-offer/take", &system, &taking(Value::Null)).await;
    assert_eq!((status.as_u16(), &taken["runs"]), (200, &json!(false)), "{taken}");
    assert_eq!(program.get("/plugin-offer", &system).await.0, 404, "decided about");
    let (_, waits) = program.get("/plugins/board", &program.session(Role::Staff)).await;
    assert_eq!((&waits["files"][0]["waiting"], waits["asks"].as_array().unwrap().len()), (&json!(true), 1), "{waits}");
    let granting = |seen: &str, host: &str| json!({"seen": seen, "hosts": [host]});
    assert_eq!(program.post("/plugins/board/grant", &system, &granting(&"0".repeat(64), "target")).await.0, 409);
    assert_eq!(program.post("/plugins/board/grant", &system, &granting(seen, "evil.cn")).await.0, 422);
    assert_eq!(program.post("/plugins/board/grant", &system, &granting(seen, "target")).await.0, 200);
    let (_, runs) = program.get("/plugins/board", &system).await;
    let file = &runs["files"][0];
    assert_eq!(
        (&file["waiting"], &file["is"]["granted"], &file["reaches"]),
        (&json!(false), &json!(true), &json!(["target"])),
        "{runs}"
    );
    assert!(!file["fixtures"].as_array().unwrap().is_empty() && file["trial"]["card"]["kept"] == true, "{runs}");
    assert_eq!(program.post("/plugins/board/check", &system, &json!({"seen": seen})).await.0, 200);
    assert_eq!(program.post("/plugins/board/resume", &system, &json!({})).await.0, 422, "it does not rest");
    assert_eq!(program.post("/plugins/board/remove", &system, &json!({})).await.0, 200);
    assert_eq!(program.get("/plugins/board", &system).await.0, 404);
    let (status, _) = program.post("/plugins", &system, &offering(&board("0.2.0", "[\"target\"]"))).await;
    assert_eq!(status, 200);
    assert_eq!(program.post("/plugin-offer/drop", &system, &json!({})).await.0, 200);
    assert_eq!(program.get("/plugin-offer", &system).await.0, 404);
    let (_, entries) = program.get("/audit/entries", &program.session(Role::Audit)).await;
    let steps =
        entries["items"].as_array().unwrap().iter().filter(|it| it["what"]["event"] == "plugin-changed").count();
    assert_eq!(steps, 3, "put aside, granted, removed: {entries}");
}

//! The API as a program meets it, over a real store.

mod administration;
mod handing_out;
mod hostile;
mod searches;
mod twins;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::incident::event::Role;
use crate::user::scope::Scope;
use crate::user::token::Token;
use crate::web::tests::{Office, is_kept, office};

const JSON: (&str, &str) = ("content-type", "application/json");

struct Program {
    router: Router,
    office: Arc<Office>,
}

impl Program {
    fn new() -> Self {
        Self::at(office())
    }

    fn at(office: Arc<Office>) -> Self {
        Self { router: office.router(), office }
    }

    /// A token for a program of somebody with this role, with these scopes.
    async fn program(&self, role: Role, scopes: &[Scope]) -> Token {
        let making = json!({"label": "值班屏", "scopes": scopes, "days": 1});
        let (status, made) = self.post("/account/tokens", &self.session(role), &making).await;
        assert_eq!(status, 200, "{made}");
        made["token"].as_str().unwrap().parse().unwrap()
    }

    fn session(&self, role: Role) -> Token {
        self.office.session(role)
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}")).header("host", "localhost");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let answer = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 1 << 24).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)));
        (parts.status, parts.headers, body)
    }

    async fn get(&self, path: &str, token: &Token) -> (StatusCode, Value) {
        let bearer = format!("Bearer {}", token.written());
        let (status, _, body) = self.send("GET", path, &[("authorization", &bearer)], "").await;
        (status, body)
    }

    /// A page, or an endpoint, as somebody sees it who is signed in.
    async fn seen(&self, path: &str, token: &Token) -> (StatusCode, HeaderMap, String) {
        let cookie = format!("caifeng_session={}", token.written());
        let request = Request::builder().uri(path).header("host", "localhost").header("cookie", cookie);
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 1 << 26).await.unwrap();
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    /// Two incidents, one of them with a text that is an attack.
    async fn submitted(&self) {
        let staff = self.session(Role::Staff);
        for text in ["城东路灯坏了三天没人修", "<script>owned(0)</script> 桥上的护栏断了"] {
            let text = json!({"what": {"text": {"text": text, "title": null, "url": null, "source": null, "published": null}}, "note": null});
            assert_eq!(self.post("/submissions", &staff, &text).await.0, 200);
        }
    }

    async fn post(&self, path: &str, token: &Token, body: &Value) -> (StatusCode, Value) {
        let bearer = format!("Bearer {}", token.written());
        let (status, _, body) = self.send("POST", path, &[("authorization", &bearer), JSON], &body.to_string()).await;
        (status, body)
    }
}

#[test]
fn the_document_is_the_one_that_is_kept() {
    let written = serde_json::to_string_pretty(&super::openapi::written(&super::table())).unwrap() + "\n";
    assert!(is_kept("openapi.json", &written), "INSTA_UPDATE=always writes docs/openapi.json anew");
}

#[test]
fn each_operation_has_a_name_of_its_own_and_every_part_of_its_path_is_described() {
    let document = super::openapi::written(&super::table());
    let mut names = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            names.push(operation["operationId"].as_str().unwrap().to_owned());
            let told = operation["parameters"].as_array().unwrap();
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(told.iter().any(|it| it["name"] == part && it["in"] == "path"), "{path}: {part}");
            }
        }
    }
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document["components"]["schemas"].get(reference).is_some(), "{reference} is named and not there");
    }
}

#[tokio::test]
async fn nobody_is_told_anything_and_learns_what_to_send() {
    let program = Program::new();
    program.session(Role::Head);
    for fields in [vec![], vec![("authorization", "Bearer caifeng_1_00")], vec![("authorization", "Basic eDp5")]] {
        let (status, headers, body) = program.send("GET", "/incidents", &fields, "").await;
        assert_eq!(status, 401);
        assert_eq!(headers["content-type"], "application/problem+json");
        assert!(body["detail"].as_str().unwrap().contains("Bearer"), "{body}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let program = Program::new();
    let head = program.session(Role::Head);
    for (path, status, words) in [
        ("/incidents?limit=0", 400, "limit: between 1 and 200"),
        ("/incidents?limit=x", 400, "limit"),
        ("/incidents?colour=red", 400, "colour"),
        ("/incidents?cursor=5", 422, "cursor"),
        ("/incidents/7", 404, "deleted"),
        ("/incidents/seven", 400, "id"),
        ("/posts?q=(", 422, "q:"),
        ("/coverage?days=93", 400, "days"),
    ] {
        let (found, body) = program.get(path, &head).await;
        assert_eq!(found, status, "{path} {body}");
        assert!(body["detail"].as_str().unwrap().contains(words), "{path} {body}");
    }
    let bearer = format!("Bearer {}", head.written());
    let asked = [("authorization", bearer.as_str())];
    let (status, _, body) = program.send("POST", "/submissions", &asked, "{}").await;
    assert_eq!((status.as_u16(), body["title"].as_str()), (415, Some("not JSON")));
    let (status, _, body) = program.send("POST", "/submissions", &[asked[0], JSON], "{").await;
    assert_eq!(status, 400, "{body}");
    let (status, _, body) =
        program.send("POST", "/submissions", &[asked[0], JSON], "{\"what\":{\"page\":\"x\"},\"x\":1}").await;
    assert_eq!(status, 422);
    assert!(body["detail"].as_str().unwrap().contains("unknown field `x`"), "{body}");
    let (status, _, _) = program.send("POST", "/submissions", &[asked[0], JSON], &"x".repeat(3 << 20)).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn what_is_handed_in_becomes_an_incident_that_is_decided() {
    let program = Program::new();
    let (head, staff) = (program.session(Role::Head), program.session(Role::Staff));
    let text = json!({"what": {"text": {"text": "城东路灯坏了三天没人修", "title": null, "url": null, "source": "热线", "published": null}}, "note": null});
    let (status, handed) = program.post("/submissions", &staff, &text).await;
    assert_eq!(status, 200, "{handed}");
    let id = handed["incident"].as_i64().unwrap();
    let (_, standing) = program.get(&format!("/incidents/{id}"), &staff).await;
    let version = standing["life"]["version"].as_u64().unwrap();
    let decision =
        json!({"version": version, "decision": {"assess": {"category": "problem", "level": null, "reason": "属实"}}});
    let place = format!("/incidents/{id}/decisions");
    let (status, refused) = program.post(&place, &staff, &decision).await;
    assert_eq!(status, 403, "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("leading-group"), "{refused}");
    let (status, decided) = program.post(&place, &head, &decision).await;
    assert_eq!((status.as_u16(), decided["state"].as_str()), (200, Some("handling")), "{decided}");
    let (status, stale) = program.post(&place, &head, &decision).await;
    assert_eq!(status, 409, "{stale}");
    assert!(stale["detail"].as_str().unwrap().contains("look at it again"), "{stale}");
    let (_, events) = program.get(&format!("/incidents/{id}/events"), &head).await;
    assert!(events["items"].as_array().unwrap().iter().any(|it| it["note"] == "属实"), "{events}");
    let (_, posts) = program.get("/posts?q=路灯", &head).await;
    assert_eq!(posts["items"].as_array().unwrap().len(), 1, "{posts}");
    assert!(!posts.to_string().contains("author"), "{posts}");
    let (_, clocks) = program.get(&format!("/clocks?incident={id}"), &head).await;
    assert!(!clocks["items"].as_array().unwrap().is_empty(), "{clocks}");
}

#[tokio::test]
async fn the_same_key_does_a_thing_once() {
    let program = Program::new();
    let staff = program.session(Role::Staff);
    let bearer = format!("Bearer {}", staff.written());
    let fields = |key: &'static str| vec![("authorization", bearer.as_str()), JSON, ("idempotency-key", key)];
    let text = |words: &str| {
        json!({"what": {"text": {"text": words, "title": null, "url": null, "source": null, "published": null}}, "note": null}).to_string()
    };
    let (status, headers, first) = program.send("POST", "/submissions", &fields("a"), &text("桥上的护栏断了")).await;
    assert_eq!(status, 200, "{first}");
    assert!(!headers.contains_key("idempotency-replayed"));
    let (status, headers, again) = program.send("POST", "/submissions", &fields("a"), &text("桥上的护栏断了")).await;
    assert_eq!((status.as_u16(), &again), (200, &first));
    assert_eq!(headers["idempotency-replayed"], "true");
    let (status, _, other) = program.send("POST", "/submissions", &fields("a"), &text("别的事")).await;
    assert_eq!(status, 422, "{other}");
    let (_, posts) = program.get("/posts", &staff).await;
    let Value::Array(items) = &posts["items"] else { panic!("{posts}") };
    assert_eq!(items.iter().filter(|it| it["text"] == "桥上的护栏断了").count(), 1);
    let bearer = format!("Bearer {}", program.session(Role::System).written());
    let fields = [("authorization", bearer.as_str()), JSON, ("idempotency-key", "b")];
    let (status, _, refused) = program.send("POST", "/users", &fields, "{\"revoke\":{\"user\":\"u1\"}}").await;
    assert_eq!(status, 400, "{refused}");
}

#[tokio::test]
async fn a_list_is_read_to_its_end_part_by_part() {
    let program = Program::new();
    let staff = program.session(Role::Staff);
    for n in 0..5 {
        let words = ["桥塌了一角", "学校门口堵车", "医院排队太久", "公园厕所关门", "公交改线没通知"][n];
        let text = json!({"what": {"text": {"text": words, "title": null, "url": null, "source": null, "published": null}}, "note": null});
        assert_eq!(program.post("/submissions", &staff, &text).await.0, 200);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, part) = program.get(&format!("/incidents?limit=2{cursor}"), &staff).await;
        assert_eq!(status, 200, "{part}");
        seen.extend(part["items"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()));
        let Some(next) = part["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((seen.len(), all), (5, 5));
}

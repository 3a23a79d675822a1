//! What is sent to harm: bodies of every wrong form, and attack texts in every string field, read back from every page.

use super::*;
use crate::web::api;
use crate::web::api::endpoint::Endpoint;
use crate::web::routes;

/// Texts that would act somewhere if anything let them: as markup, style, template, formula, header, event, address, SQL.
const ATTACKS: &[&str] = &[
    "<script>owned(1)</script>",
    "\"><img src=x onerror=owned(2)>",
    "'><svg/onload=owned(3)>",
    "</textarea><script>owned(4)</script>",
    "</title></style><iframe srcdoc='<script>owned(5)</script>'>",
    "javascript:owned(6)//https://a.example/",
    "</p><style>*{background:url(//evil.example/?c)}</style>",
    "{{7*7}}${7*7}#{7*7}<%= 7*7 %>{% include 'x' %}",
    "\u{202e}gnp.exe\u{2066}\u{200f}",
    "=HYPERLINK(\"https://evil.example/\",\"x\")",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)\t-2+3",
    "a\r\nSet-Cookie: owned=8\r\n\r\n<b>",
    "\ndata: owned\nevent: owned\n\n",
    "1'; DROP TABLE incident; --",
    "' OR '1'='1' UNION SELECT name FROM user --",
    "../../../../etc/passwd\0",
    "\u{0}\u{8}\u{1b}[2J\u{7f}",
];

/// Each place of a body at which a text stands.
fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| texts(item, &format!("{at}/{n}"), found)),
        Value::Object(fields) => {
            for (name, field) in fields {
                texts(field, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

fn path_of(endpoint: &Endpoint) -> String {
    endpoint.path["/api/v1".len()..].replace("{id}", "1")
}

/// Somebody for whom it is.
fn able(program: &Program, endpoint: &Endpoint, reading: bool) -> Token {
    let role = Role::ALL.into_iter().find(|role| endpoint.access.admits(Some(&[*role]), reading, false).is_ok());
    program.session(role.unwrap())
}

/// Sends an attack text in place of each text of each example, and of each example as a whole.
async fn attacked(program: &Program) -> usize {
    let mut sent = 0;
    for endpoint in api::table().iter().filter(|endpoint| endpoint.method == "POST") {
        let token = able(program, endpoint, false);
        for (name, example) in endpoint.described.examples {
            let example: Value = serde_json::from_str(example).unwrap();
            let mut places = Vec::new();
            texts(&example, "", &mut places);
            for attack in ATTACKS {
                for place in &places {
                    let mut body = example.clone();
                    *body.pointer_mut(place).unwrap() = json!(attack);
                    // What was overtaken is written nowhere.
                    if endpoint.described.id == "decide" && body["version"].is_number() {
                        let (_, standing) = program.get("/incidents/1", &token).await;
                        body["version"] = standing["life"]["version"].clone();
                    }
                    let (status, told) = program.post(&path_of(endpoint), &token, &body).await;
                    let what = format!("{} {name} {place} {attack:?}: {told}", endpoint.described.id);
                    assert!(!status.is_server_error(), "{what}");
                    sent += 1;
                }
            }
        }
    }
    sent
}

#[tokio::test]
async fn attack_texts_are_words_wherever_they_are_shown() {
    let program = Program::new();
    program.submitted().await;
    let sent = attacked(&program).await;
    assert!(sent > 1000, "{sent}");
    let mut shown = 0;
    for route in routes::table().iter().filter(|route| route.method == "GET" && route.path != "/events") {
        let api = route.path.starts_with("/api/v1");
        let Some(role) = Role::ALL.into_iter().find(|role| route.access.admits(Some(&[*role]), true, false).is_ok())
        else {
            continue;
        };
        for number in 1..=6 {
            let (path, number) = (route.path.to_string(), number.to_string());
            let path = path.split('/').map(|part| if part.starts_with('{') { number.as_str() } else { part });
            let path = path.collect::<Vec<_>>().join("/");
            let (status, headers, body) = program.seen(&path, &program.session(role)).await;
            assert!(!status.is_server_error(), "{path}: {status}");
            for (name, value) in &headers {
                let value = String::from_utf8_lossy(value.as_bytes());
                assert!(!name.as_str().contains("owned") && !value.contains("owned"), "{path} {name}: {value}");
            }
            let kind = headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
            if kind.starts_with("text/html") {
                let at =
                    ["<script>owned", "<img src=x", "<svg/onload", "<iframe srcdoc", "<style>*", "href=\"javascript:"]
                        .into_iter()
                        .find(|markup| body.contains(markup));
                assert_eq!(at, None, "{path}");
                assert!(!body.contains("49${49}"), "{path}: a template was filled");
                shown += usize::from(body.contains("owned("));
            } else if kind.starts_with("text/csv") {
                let cells = csv::ReaderBuilder::new()
                    .flexible(true)
                    .has_headers(false)
                    .from_reader(body.as_bytes())
                    .into_records()
                    .flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
                    .collect::<Vec<_>>();
                let formula = cells.iter().find(|cell| cell.starts_with(['=', '+', '@', '\t', '\r']));
                assert_eq!(formula, None, "{path}");
            } else if api {
                assert!(kind.starts_with("application/"), "{path}: {kind}");
                assert!(serde_json::from_str::<Value>(&body).is_ok(), "{path}");
            }
            if !route.path.contains('{') {
                break;
            }
        }
    }
    assert!(shown > 8, "they were shown nowhere: {shown}");
}

#[tokio::test]
async fn bodies_of_every_wrong_form_are_problems() {
    let program = Program::new();
    program.submitted().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for endpoint in api::table().iter().filter(|endpoint| endpoint.method == "POST") {
        let token = able(&program, endpoint, false);
        let bearer = format!("Bearer {}", token.written());
        let (_, example) = endpoint.described.examples[0];
        let unknown = match serde_json::from_str(example).unwrap() {
            Value::Object(mut fields) => {
                fields.insert("colour".to_owned(), json!("red"));
                Value::Object(fields).to_string()
            }
            other => format!("{{\"colour\": {other}}}"),
        };
        let twice = example.replacen('{', "{\"version\": 1, \"version\": 2, ", 1);
        let large = format!("{{\"text\": \"{}\"}}", "x".repeat(endpoint.described.most));
        let wrong = [
            ("application/json", "", 400),
            ("application/json", "{", 400),
            ("application/json", "nul", 400),
            ("application/json", deep.as_str(), 400),
            ("application/json", "\"\\ud800\"", 400),
            ("application/json", "{\"a\":1}{\"a\":1}", 400),
            ("application/json", "[7]", 422),
            ("application/json", "7e400", 400),
            ("application/json", unknown.as_str(), 422),
            ("application/json", twice.as_str(), 422),
            ("application/json", large.as_str(), 413),
            ("text/plain", example, 415),
            ("application/x-www-form-urlencoded", "version=1", 415),
            ("multipart/form-data; boundary=b", "--b--", 415),
            ("", example, 415),
        ];
        for (kind, body, expected) in wrong {
            let fields = [("authorization", bearer.as_str()), ("content-type", kind)];
            let fields = &fields[..if kind.is_empty() { 1 } else { 2 }];
            let (status, headers, told) = program.send("POST", &path_of(endpoint), fields, body).await;
            let what = format!(
                "{} {kind} {}: {status} {told}",
                endpoint.described.id,
                body.chars().take(80).collect::<String>()
            );
            // Numbers out of range and bodies that hold something else are misfits as well as no JSON.
            let fits = status == expected || (expected == 400 && status == 422) || (expected == 422 && status == 400);
            assert!(fits, "{what}");
            assert_eq!(headers["content-type"], "application/problem+json", "{what}");
            assert_eq!(told["status"], status.as_u16(), "{what}");
        }
    }
}

#[tokio::test]
async fn what_the_api_does_not_have_is_a_problem_too() {
    let program = Program::new();
    let head = program.session(Role::Head);
    let bearer = format!("Bearer {}", head.written());
    for (method, path, expected) in [
        ("GET", "/nothing", 404),
        ("GET", "", 404),
        ("POST", "/incidents", 405),
        ("DELETE", "/incidents/1", 405),
        ("PUT", "/replies", 405),
        ("TRACE", "/incidents", 405),
        ("OPTIONS", "/incidents", 405),
        ("GET", "/incidents/1/decisions", 405),
        ("GET", "/incidents/1?id=2", 400),
        ("GET", "/incidents?open=true&open=false", 400),
        ("GET", "/incidents?limit=99999999999999999999", 400),
        ("GET", "/posts?q=%00a&since=-9223372036854775808", 200),
        ("GET", "/incidents/%2e%2e", 400),
        ("GET", "/watches/..%2f..%2fetc", 404),
        ("GET", "/documents/..%2f..%2fcaifeng.db", 404),
        ("GET", "/reports/shelf/..%2f..%2fcaifeng.toml", 404),
        ("GET", "/drills/..%2f..", 404),
    ] {
        let fields = [("authorization", bearer.as_str())];
        let (status, headers, told) = program.send(method, path, &fields, "").await;
        assert_eq!(status, expected, "{method} {path}: {told}");
        if status != 200 {
            assert_eq!(headers["content-type"], "application/problem+json", "{method} {path}");
        }
        if status == 405 {
            assert!(headers.contains_key("allow"), "{method} {path}");
        }
    }
    let twice = [("authorization", bearer.as_str()), JSON, ("idempotency-key", "a"), ("idempotency-key", "b")];
    let (status, _, told) = program.send("POST", "/topics/try", &twice, "{\"text\":\"x\"}").await;
    assert_eq!(status, 400, "{told}");
}

/// A program whose token only reads changes nothing and reaches nothing, whatever it sends.
#[tokio::test]
async fn a_token_does_what_its_scopes_say_and_no_more() {
    let program = Program::new();
    program.submitted().await;
    for role in Role::ALL {
        let token = program.program(role, &[Scope::Read]).await;
        for endpoint in api::table().iter().filter(|endpoint| endpoint.method == "POST") {
            let (_, example) = endpoint.described.examples[0];
            let (status, told) =
                program.post(&path_of(endpoint), &token, &serde_json::from_str(example).unwrap()).await;
            // Reading that takes a body.
            let reads = ["tryTopics", "checkPlan"].contains(&endpoint.described.id);
            let admitted = endpoint.access.admits(Some(&[role]), false, false).is_ok();
            if reads && admitted {
                assert_eq!(status, 200, "{}: {told}", endpoint.described.id);
            } else {
                assert_eq!(status, 403, "{} as {}: {told}", endpoint.described.id, role.as_str());
            }
        }
    }
}

/// What is one's own: sessions, what was put off, addresses, keys. Its number in somebody else's request is a number of nothing.
#[tokio::test]
async fn what_is_ones_own_is_reached_by_nobody_else() {
    let program = Program::new();
    program.submitted().await;
    let (head, staff) = (program.session(Role::Head), program.session(Role::Staff));
    let making = json!({"label": "值班屏", "scopes": ["read"], "days": 1});
    let (_, made) = program.post("/account/tokens", &head, &making).await;
    let theirs: Token = made["token"].as_str().unwrap().parse().unwrap();
    let (_, held) = program.get("/account/tokens", &head).await;
    let numbers: Vec<i64> = [&held["sessions"], &held["programs"]]
        .iter()
        .flat_map(|list| list.as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect::<Vec<_>>())
        .collect();
    assert!(numbers.len() > 1, "{held}");
    for number in &numbers {
        let (status, told) = program.post(&format!("/account/tokens/{number}/end"), &staff, &json!({})).await;
        assert_eq!(status, 404, "{told}");
    }
    let (_, own) = program.get("/account/tokens", &staff).await;
    assert!(numbers.iter().all(|number| !own.to_string().contains(&format!("\"id\":{number},"))), "{own}");
    assert_eq!(program.get("/me", &theirs).await.0, 200, "it still works");
    let until = json!({"until": crate::web::fixed::NOW + 3_600});
    assert_eq!(program.post("/inbox/1/snooze", &head, &until).await.0, 200);
    let (_, of_head) = program.get("/inbox", &head).await;
    let (_, of_staff) = program.get("/inbox", &staff).await;
    assert_eq!(of_head["snoozed"].as_array().unwrap().len(), 1, "{of_head}");
    assert_eq!(of_staff["snoozed"].as_array().unwrap().len(), 0, "{of_staff}");
    assert_eq!(of_staff["items"].as_array().unwrap().len(), of_head["items"].as_array().unwrap().len() + 1);
    // Whoever did nothing a moment ago takes nothing back.
    let (status, told) = program.post("/inbox/1/undo", &staff, &json!({"version": 1})).await;
    assert_eq!(status, 409, "{told}");
    let once = |token: &Token, text: &str| {
        let bearer = format!("Bearer {}", token.written());
        let body = json!({"text": text}).to_string();
        let program = &program;
        async move {
            let fields = [("authorization", bearer.as_str()), JSON, ("idempotency-key", "k")];
            program.send("POST", "/topics/try", &fields, &body).await
        }
    };
    assert_eq!(once(&head, "a").await.0, 200);
    let (status, headers, _) = once(&staff, "b").await;
    assert!(status == 200 && !headers.contains_key("idempotency-replayed"), "a key of somebody else is another key");
    // A token of a program makes no tokens and sees no sessions.
    assert_eq!(program.get("/account/tokens", &theirs).await.0, 403);
}

//! What is handed out as an archive, and what is said of the record of an incident.

use std::io::Cursor;

use super::*;

impl Program {
    /// What is answered byte by byte.
    async fn taken(&self, path: &str, token: &Token, fields: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
        let bearer = format!("Bearer {}", token.written());
        let mut request = Request::builder().method("POST").uri(format!("/api/v1{path}")).header("host", "localhost");
        for (name, value) in [("authorization", bearer.as_str()), JSON].iter().chain(fields) {
            request = request.header(*name, *value);
        }
        let answer = self.router.clone().oneshot(request.body(Body::from("{}")).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts.status, parts.headers, to_bytes(body, 1 << 24).await.unwrap().to_vec())
    }
}

#[tokio::test]
async fn evidence_leaves_as_an_archive_after_the_record_says_so() {
    let program = Program::new();
    program.submitted().await;
    let (legal, staff) = (program.session(Role::Legal), program.session(Role::Staff));
    let (_, before) = program.get("/incidents/1/record", &staff).await;
    assert_eq!(
        (&before["consistent"], &before["adds_up"], &before["broken"]),
        (&json!(true), &json!(true), &Value::Null)
    );
    assert_eq!(program.taken("/incidents/1/evidence", &staff, &[]).await.0, 403);
    assert_eq!(program.taken("/incidents/9/evidence", &legal, &[]).await.0, 404);
    let (status, headers, told) = program.taken("/incidents/1/evidence", &legal, &[("idempotency-key", "a")]).await;
    assert_eq!(status, 400, "{}", String::from_utf8_lossy(&told));
    assert_eq!(headers["content-type"], "application/problem+json");
    let (_, unchanged) = program.get("/incidents/1/record", &staff).await;
    assert_eq!(unchanged, before, "nothing of that was handed out");
    // A program with the scope for it does what its owner may.
    let token = program.program(Role::Legal, &[Scope::HandOut]).await;
    let (status, headers, bytes) = program.taken("/incidents/1/evidence", &token, &[]).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    assert_eq!(headers["content-type"], "application/zip");
    assert_eq!(headers["content-disposition"], "attachment; filename=\"incident-1.zip\"");
    assert_eq!(headers["content-length"], bytes.len().to_string().as_str());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> =
        (0..archive.len()).map(|at| archive.by_index(at).unwrap().name().unwrap().into_owned()).collect();
    assert!(names.iter().any(|name| name.ends_with(".warc.gz")), "{names:?}");
    let (_, events) = program.get("/incidents/1/events", &staff).await;
    assert!(events.to_string().contains("handed-out"), "{events}");
    let (_, after) = program.get("/incidents/1/record", &staff).await;
    assert_eq!(after["entries"].as_u64(), before["entries"].as_u64().map(|n| n + 1), "{after}");
    assert_eq!(after["adds_up"], true);
    assert_eq!(program.get("/incidents/9/record", &staff).await.0, 404);
    // Whoever does not see it takes nothing of it away, and whoever does goes on.
    let head = program.session(Role::Head);
    let restrict = json!({"version": null, "decision": {"restrict": "涉及未成年人"}});
    let (status, told) = program.post("/incidents/1/decisions", &head, &restrict).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(program.taken("/incidents/1/evidence", &token, &[]).await.0, 404);
    assert_eq!(program.get("/incidents/1/record", &staff).await.0, 404);
    assert_eq!(program.taken("/incidents/1/evidence", &head, &[]).await.0, 200);
    assert_eq!(program.get("/incidents/1/record", &head).await.1["consistent"], true);
}

#[tokio::test]
async fn a_backup_is_made_taken_and_removed() {
    let program = Program::new();
    let system = program.session(Role::System);
    assert_eq!(program.get("/backups", &program.session(Role::Audit)).await.0, 403);
    let (status, told) = program.post("/backups", &system, &json!({})).await;
    assert_eq!(status, 200, "{told}");
    let begun = std::time::Instant::now();
    let name = loop {
        let (_, copies) = program.get("/backups", &system).await;
        if let Some(name) = copies["last"]["made"].as_str() {
            assert_eq!((copies["items"][0]["id"].as_str(), &copies["making"]), (Some(name), &Value::Null), "{copies}");
            break name.to_owned();
        }
        assert!(copies["making"].is_object() && begun.elapsed().as_secs() < 120, "{copies}");
        tokio::task::yield_now().await;
    };
    let (status, headers, bytes) = program.taken(&format!("/backups/{name}/take"), &system, &[]).await;
    assert_eq!((status.as_u16(), &bytes[..2]), (200, &b"PK"[..]));
    assert_eq!(headers["content-disposition"], format!("attachment; filename=\"{name}\"").as_str());
    for other in ["caifeng.db", "..%2Fcaifeng.db", "caifeng-20260309T040000Z.zip"] {
        for deed in ["take", "remove"] {
            assert_eq!(program.taken(&format!("/backups/{other}/{deed}"), &system, &[]).await.0, 422, "{other}");
        }
    }
    assert_eq!(program.post(&format!("/backups/{name}/remove"), &system, &json!({})).await.0, 200);
    let (_, copies) = program.get("/backups", &system).await;
    assert_eq!(copies["items"], json!([]), "{copies}");
    let (_, entries) = program.get("/audit/entries", &program.session(Role::Audit)).await;
    for said in ["backup-made", "backup-taken", "backup-removed"] {
        assert!(entries.to_string().contains(said), "{said}: {entries}");
    }
}

//! What people keep of what they look for, and what they are told.

use super::*;

#[tokio::test]
async fn a_search_is_kept_opened_renamed_shared_and_removed_and_is_nobody_elses() {
    let program = Program::new();
    program.submitted().await;
    let (monitor, staff) = (program.session(Role::Monitor), program.session(Role::Staff));
    let keep =
        |name: &str, wanted: &str, shared: bool| json!({"keep": {"name": name, "wanted": wanted, "shared": shared}});
    let (status, kept) = program.post("/searches", &monitor, &keep("路灯", "q=路灯", false)).await;
    assert_eq!(
        (status.as_u16(), kept["name"].as_str(), kept["shared"].as_bool()),
        (200, Some("路灯"), Some(false)),
        "{kept}"
    );
    let id = kept["id"].as_i64().unwrap();
    let (_, own) = program.get("/searches", &monitor).await;
    assert_eq!(own["items"][0]["wanted"], kept["wanted"], "{own}");
    let (_, others) = program.get("/searches", &staff).await;
    assert!(others["items"].as_array().unwrap().is_empty(), "{others}");
    for deed in [json!({"open": id}), json!({"rename": [id, "我的"]}), json!({"remove": id})] {
        let (status, told) = program.post("/searches", &staff, &deed).await;
        assert!(status.is_client_error(), "{deed}: {told}");
    }
    let (status, renamed) = program.post("/searches", &monitor, &json!({"rename": [id, "城东路灯"]})).await;
    assert_eq!((status.as_u16(), renamed["name"].as_str()), (200, Some("城东路灯")), "{renamed}");
    assert_eq!(program.post("/searches", &monitor, &json!({"open": id})).await.0, 200);
    let (status, shared) = program.post("/searches", &monitor, &keep("桥", "q=桥", true)).await;
    assert_eq!(status, 200, "{shared}");
    let (_, others) = program.get("/searches", &staff).await;
    assert_eq!(others["items"].as_array().unwrap().len(), 1, "{others}");
    // Nobody can search for a person, and so nobody can keep to.
    let (status, told) = program.post("/searches", &monitor, &keep("某人", "author=zhang", false)).await;
    assert!(status.is_client_error(), "{told}");
    assert_eq!(program.post("/searches", &monitor, &json!({"remove": id})).await.0, 200);
    let (_, own) = program.get("/searches", &monitor).await;
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
    let (_, posts) = program.get("/posts?q=路灯", &monitor).await;
    assert_eq!(posts["items"].as_array().unwrap().len(), 1, "what it found stays");
}

#[tokio::test]
async fn what_people_are_told_is_read_part_by_part_in_their_language_and_without_addresses() {
    let program = Program::new();
    program.submitted().await;
    let staff = program.session(Role::Staff);
    let (status, all) = program.get("/notices", &staff).await;
    assert_eq!(status, 200, "{all}");
    let items = all["items"].as_array().unwrap();
    assert!(items.len() > 1 && items.iter().any(|one| one["what"] == "submitted" && one["incident"] == 1), "{all}");
    assert!(items[0]["words"].as_str().unwrap().chars().any(|c| c > '\u{2000}'), "{all}");
    let bearer = format!("Bearer {}", staff.written());
    let english = [("authorization", bearer.as_str()), ("accept-language", "en")];
    let (_, _, told) = program.send("GET", "/notices?incident=1", &english, "").await;
    let told = told["items"].as_array().unwrap();
    assert!(told.iter().all(|one| one["incident"] == 1) && told.len() < items.len(), "{told:?}");
    let submitted = told.iter().find(|one| one["what"] == "submitted").unwrap()["words"].as_str().unwrap();
    assert!(submitted.contains("somebody handed something in"), "{submitted}");
    assert!(!all.to_string().contains("address") && !all.to_string().contains("users"), "{all}");
    let (_, first) = program.get("/notices?limit=1", &staff).await;
    let (_, rest) = program.get(&format!("/notices?cursor={}", first["next"].as_str().unwrap()), &staff).await;
    assert_eq!(rest["items"].as_array().unwrap().len() + 1, items.len(), "{rest}");
    assert_eq!(program.get("/notices", &program.session(Role::System)).await.0, 403);
}

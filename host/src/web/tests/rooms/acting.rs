//! What is done about an incident on its page.

use super::*;

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let bureau = Bureau::new();
    let reason = "version=0&reason=x";
    for act in ["pause", "resume", "close", "dismiss"] {
        bureau.guards(Role::Head, Role::Staff, &format!("/incidents/1/{act}"), reason).await;
    }
    for (act, form) in [
        ("assess", "version=0&category=problem&reason=x"),
        ("level", "version=0&level=iv&reason=x"),
        ("assign", "version=0&user=x"),
        ("waive", "version=0&step=x&reason=x"),
        ("send-back", "version=0&step=x&reason=x"),
    ] {
        bureau.guards(Role::Head, Role::Staff, &format!("/incidents/1/{act}"), form).await;
    }
    for (act, form) in
        [("reopen", reason), ("merge", "version=0&into=2"), ("split", "version=0&post=1"), ("undo", "version=0")]
    {
        bureau.guards(Role::Monitor, Role::Staff, &format!("/incidents/1/{act}"), form).await;
    }
    bureau.guards(Role::Staff, Role::System, "/incidents/1/note", "text=x").await;
    bureau.guards(Role::Staff, Role::System, "/incidents/1/escalate", reason).await;
}

#[tokio::test]
async fn an_incident_is_handled_on_its_page_and_hostile_words_are_words() {
    let bureau = Bureau::new();
    bureau.assessed();
    let (head, staff) = (bureau.office.session(Role::Head), bureau.office.session(Role::Staff));
    for (path, form) in [
        ("/incidents/1/level", "version=1&level=iv&reason=x"),
        ("/incidents/1/pause", "version=2&reason=x"),
        ("/incidents/1/resume", "version=3&reason=x"),
    ] {
        let done = bureau.post(&head, path, form).await;
        assert_eq!((done.status, done.to.as_str()), (303, "/incidents/1"), "{path}: {}", done.body);
    }
    let noted = bureau.post(&staff, "/incidents/1/note", &format!("text={}", encoded(HOSTILE))).await;
    assert_eq!(noted.status, 303, "{}", noted.body);
    let page = bureau.get(&head, "/incidents/1").await.body;
    assert!(page.contains(&escaped(HOSTILE)) && !page.contains(HOSTILE), "{page}");
    assert!(page.contains("/incidents/1/pause") && page.contains("class=\"checklist\""), "{page}");
    let page = bureau.get(&staff, "/incidents/1").await.body;
    assert!(!page.contains("/incidents/1/pause") && page.contains("/incidents/1/note"), "{page}");
    let stale = bureau.post(&head, "/incidents/1/dismiss", "version=1&reason=x").await;
    assert!(stale.status == 409 && stale.body.contains("Somebody else has decided"), "{}", stale.body);
}

//! Who is writing: seen by who is at the same place, and by nobody else.

use super::*;

fn beside(page: &str) -> String {
    page.split_once("id=\"writing\"").map_or("", |(_, rest)| rest.split_once("</div>").unwrap().0).to_owned()
}

#[tokio::test]
async fn who_writes_is_shown_where_they_write_and_nowhere_else() {
    let bureau = Bureau::new();
    let (head, staff) = (bureau.office.session(Role::Head), bureau.office.session(Role::Staff));
    bureau.guards(Role::Staff, Role::System, "/presence", "place=incidents/1").await;
    assert_eq!(bureau.post(&staff, "/presence", "place=incidents/1").await.status, 204);
    for path in ["/incidents/1", "/incidents/1/replies/new", "/inbox?at=1"] {
        let there = beside(&bureau.get(&head, path).await.body);
        assert!(there.contains("<bdi>staff</bdi>") && there.contains("is writing here too"), "{path}: {there}");
    }
    let own = beside(&bureau.get(&staff, "/incidents/1").await.body);
    assert!(
        own.contains("data-place=\"incidents/1\"") && !own.contains("<bdi>"),
        "nobody is told of themselves: {own}"
    );
    for path in ["/incidents/2", "/inbox?at=2"] {
        assert!(!beside(&bureau.get(&head, path).await.body).contains("<bdi>"), "{path}");
    }
    for path in ["/", "/posts", "/incidents"] {
        assert!(!bureau.get(&head, path).await.body.contains("id=\"writing\""), "{path}");
    }
    let nobody = bureau.office.router_with(|app| app.demo = true);
    let page = nobody.oneshot(asking(Method::GET, "/incidents/1", &[])).await.unwrap().into_body();
    let page = String::from_utf8(to_bytes(page, 1 << 24).await.unwrap().to_vec()).unwrap();
    assert!(page.contains("停水两天") && !page.contains("id=\"writing\""), "whoever only looks");
    assert_eq!(bureau.post(&staff, "/presence", "place=incidents/1&gone=1").await.status, 204);
    assert!(!beside(&bureau.get(&head, "/incidents/1").await.body).contains("<bdi>"));
}

#[tokio::test]
async fn a_place_that_is_none_is_refused() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    for place in ["", "incidents", "incidents/", "incidents/-1", "watches/1", "incidents/1/x", &encoded(HOSTILE)] {
        assert_eq!(bureau.post(&staff, "/presence", &format!("place={place}")).await.status, 422, "{place}");
    }
}

/// The line on which all browsers listen says that something changed, and neither where nor who.
#[tokio::test]
async fn open_pages_are_told_that_somebody_writes_and_not_who_or_where() {
    let ((_commit, changes), (_stop, stopped)) = (watch::channel(7), watch::channel(false));
    let mut bureau = Bureau::new();
    bureau.router = bureau.office.router_until(stopped, changes, |_| ());
    let (head, staff) = (bureau.office.session(Role::Head), bureau.office.session(Role::Staff));
    let cookie = format!("caifeng_session={}", head.written());
    let asked = asking(Method::GET, "/events", &[("cookie", &cookie), ("last-event-id", "7")]);
    let mut events = bureau.router.clone().oneshot(asked).await.unwrap().into_body().into_data_stream();
    bureau.post(&staff, "/presence", "place=incidents/1").await;
    assert_eq!(events.next().await.unwrap().unwrap(), "event: writing\ndata: 1\n\n");
    bureau.post(&staff, "/presence", "place=incidents/1").await;
    let again = tokio::time::timeout(std::time::Duration::from_millis(600), events.next()).await;
    assert!(again.is_err(), "that it goes on is not told");
    bureau.post(&staff, "/presence", "place=incidents/1&gone=1").await;
    assert_eq!(events.next().await.unwrap().unwrap(), "event: writing\ndata: 2\n\n");
}

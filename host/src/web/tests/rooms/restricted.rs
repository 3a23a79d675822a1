//! What is restricted is on no page and in no answer, list, file, search or feed of whoever does not see it.

use super::*;
use crate::feed;
use crate::store::Feeding;
use crate::web::routes;

/// Words of the incident that is restricted: of its post, of a note, of an answer.
const TELLING: [&str; 3] = ["城东农贸市场", "家属在门口", "抢修组张工"];

/// A desk whose first incident is restricted, after people have worked on it.
fn bureau() -> Bureau {
    let bureau = Bureau::new();
    bureau.assessed();
    let [head, staff] = [Role::Head, Role::Staff].map(|role| bureau.office.session(role));
    let seen = Seen { id: 1, version: None };
    bureau.does(&staff, What::Decide(seen, Decision::Note("家属在门口".to_owned())));
    bureau.does(&staff, What::Decide(seen, Decision::Escalate("家属在门口等".to_owned())));
    let (form, channel) = (crate::plan::answer::Form::Post, "site".to_owned());
    let text = "抢修组张工负责，18 时前恢复。".to_owned();
    bureau.does(&staff, What::Answer(Answering::Draft { incident: 1, reply: None, form, channel, text }));
    bureau.does(&head, What::Decide(seen, Decision::Restrict("涉及未成年人".to_owned())));
    bureau
}

/// Paths of all pages and answers that a role may read, with 1 for every number, and searches for what is restricted.
fn paths(role: Role) -> Vec<String> {
    let mut paths: Vec<String> = routes::table()
        .iter()
        .filter(|route| route.method == Method::GET && route.access.admits(Some(&[role]), true, false).is_ok())
        .map(|route| {
            let parts = route.path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
            parts.collect::<Vec<_>>().join("/")
        })
        .filter(|path| path != "/events")
        .collect();
    let words = encoded("农贸市场");
    paths.extend(["/posts", "/api/v1/posts", "/cases"].map(|path| format!("{path}?q={words}")));
    paths.extend(["daily", "brief", "special"].map(|kind| format!("/reports/preview?kind={kind}&incident=1")));
    paths
}

/// Of each path the words that it tells.
async fn told(bureau: &Bureau, role: Role) -> Vec<(String, usize)> {
    let session = bureau.office.session(role);
    let bearer = format!("Bearer {}", session.written());
    let mut told = Vec::new();
    for path in paths(role) {
        let answer = if path.starts_with("/api/v1") {
            bureau.send(asking(Method::GET, &path, &[("authorization", &bearer)])).await
        } else {
            bureau.get(&session, &path).await
        };
        assert_ne!(answer.status, 500, "{path}: {}", answer.body);
        let count = TELLING.iter().filter(|words| answer.body.contains(**words)).count();
        told.push((path, count));
    }
    told
}

#[tokio::test]
async fn nothing_that_others_read_tells_of_it() {
    let bureau = bureau();
    let by_head = told(&bureau, Role::Head).await;
    let telling: Vec<_> = by_head.iter().filter(|(_, count)| *count > 0).collect();
    assert!(telling.len() > 15, "whoever decides sees it: {telling:?}");
    for role in [Role::Staff, Role::Monitor, Role::Spokesperson, Role::Legal, Role::System, Role::Audit] {
        let told = told(&bureau, role).await;
        assert!(told.len() > 10, "{role:?}");
        let leaks: Vec<_> = told.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(leaks, Vec::<&(String, usize)>::new(), "{role:?}");
    }
}

#[tokio::test]
async fn what_is_taken_away_and_what_is_subscribed_to_is_without_it() {
    let bureau = bureau();
    let [head, legal] = [Role::Head, Role::Legal].map(|role| bureau.office.session(role));
    let taking = |token| bureau.post(token, "/posts/file", "of=&form=jsonl");
    assert!(taking(&head).await.body.contains(TELLING[0]));
    let list = taking(&legal).await;
    assert_eq!((list.status, list.body.contains(TELLING[0]), list.body.contains("公园的长椅")), (200, false, true));
    let mut feeds = Vec::new();
    for kind in feed::Kind::ALL {
        let Outcome::Feed(_, Some(secret)) = bureau.does(&head, What::Feed(Feeding::Add(kind, "zh-CN".to_owned())))
        else {
            panic!("no feed")
        };
        feeds.push(format!("/feeds/{}/{}", secret.written(), kind.file()));
    }
    let entries = async || {
        let mut entries = 0;
        for path in &feeds {
            let feed = bureau.send(asking(Method::GET, path, &[])).await;
            assert_eq!(feed.status, 200);
            entries += feed.body.matches("<entry>").count() + feed.body.matches("BEGIN:VEVENT").count();
        }
        entries
    };
    let without = entries().await;
    let seen = Seen { id: 1, version: None };
    bureau.does(&head, What::Decide(seen, Decision::Unrestrict("已公布".to_owned())));
    assert!(entries().await > without + 1, "its clock and itself are told again");
}

#[tokio::test]
async fn those_who_decide_restrict_it_and_show_it_again_and_others_find_none() {
    let bureau = Bureau::new();
    bureau.guards(Role::Head, Role::Staff, "/incidents/1/restrict", "version=0&reason=x").await;
    let [head, staff] = [Role::Head, Role::Staff].map(|role| bureau.office.session(role));
    let version = || bureau.office.owner.clerk.reader.standing(1).unwrap().unwrap().version;
    let form = format!("version={}&reason={}", version(), encoded("涉及未成年人"));
    assert_eq!(bureau.post(&head, "/incidents/1/restrict", &form).await.status, 303);
    assert!(bureau.get(&head, "/incidents/1").await.body.contains("/incidents/1/unrestrict\""));
    assert_eq!(bureau.get(&staff, "/incidents/1").await.status, 404);
    let note = bureau.post(&staff, "/incidents/1/note", "text=x").await;
    let none = bureau.post(&staff, "/incidents/9/note", "text=x").await;
    assert_eq!(
        (note.status, note.body.replace("incident: 1<", "incident: 9<")),
        (none.status, none.body),
        "as if there was none"
    );
    // Whoever hands in what belongs to it is thanked, and led nowhere else.
    let hand_in = async || bureau.upload(&staff, "/submit", &[("text", "校门口有人发传单")], None).await.to;
    assert_eq!(hand_in().await, "/incidents/3");
    let seen = Seen { id: 3, version: None };
    bureau.does(&head, What::Decide(seen, Decision::Restrict("涉及未成年人".to_owned())));
    assert_eq!(hand_in().await, "/submit");
    let form = format!("version={}&reason={}", version(), encoded("已公布"));
    assert_eq!(bureau.post(&head, "/incidents/1/unrestrict", &form).await.status, 303);
    assert_eq!(bureau.get(&staff, "/incidents/1").await.status, 200);
}

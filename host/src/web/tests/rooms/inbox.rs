//! 研判.

use super::*;
use crate::incident::State;

fn standing(bureau: &Bureau, id: i64) -> crate::incident::life::Incident {
    bureau.office.owner.clerk.reader.standing(id).unwrap().unwrap()
}

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let bureau = Bureau::new();
    let seen = "version=0&reason=x";
    bureau.guards(Role::Head, Role::Staff, "/inbox/1/assess", &format!("{seen}&category=problem")).await;
    bureau.guards(Role::Head, Role::Staff, "/inbox/1/dismiss", seen).await;
    bureau.guards(Role::Monitor, Role::Staff, "/inbox/1/merge", "version=0&into=2").await;
    bureau.guards(Role::Staff, Role::System, "/inbox/1/escalate", seen).await;
    bureau.guards(Role::Staff, Role::System, "/inbox/1/snooze", "hours=1").await;
    bureau.guards(Role::Staff, Role::System, "/inbox/1/undo", "version=0").await;
}

#[tokio::test]
async fn one_after_the_other_is_decided_and_a_slip_is_taken_back() {
    let bureau = Bureau::new();
    let head = bureau.office.session(Role::Head);
    let page = bureau.get(&head, "/inbox?at=1").await.body;
    assert!(page.contains("/inbox/1/assess") && page.contains("value=\"emergency\""), "{page}");
    assert!(!page.contains("<img src=x"), "what people say is text");
    let form = format!("version=0&next=2&category=problem&level=&reason={}", encoded(HOSTILE));
    let done = bureau.post(&head, "/inbox/1/assess", &form).await;
    assert_eq!((done.status, done.to.as_str()), (303, "/inbox?at=2&did=1"), "{}", done.body);
    assert_eq!(standing(&bureau, 1).decided(), Some(Category::Problem));
    let next = bureau.get(&head, &done.to).await.body;
    assert!(next.contains("/inbox/2/assess") && next.contains("/inbox/1/undo"), "{next}");
    let other = bureau.office.session(Role::LeadingGroup);
    assert!(!bureau.get(&other, &done.to).await.body.contains("/inbox/1/undo"), "it was not theirs");
    assert_eq!(bureau.post(&other, "/inbox/1/undo", "version=1").await.status, 409);
    let undone = bureau.post(&head, "/inbox/1/undo", "version=1").await;
    assert_eq!((undone.status, undone.to.as_str()), (303, "/inbox?at=1"), "{}", undone.body);
    assert_eq!((standing(&bureau, 1).state, standing(&bureau, 1).decided()), (State::New, None));
    assert_eq!(bureau.post(&head, "/inbox/1/undo", "version=2").await.status, 409, "nothing is left to undo");
}

#[tokio::test]
async fn what_is_dismissed_merged_or_put_off_leaves_the_inbox_and_comes_back() {
    let bureau = Bureau::new();
    let head = bureau.office.session(Role::Head);
    let away = |state| assert_eq!(standing(&bureau, 1).state, state);
    let acts = [
        ("/inbox/1/dismiss", "version=0", State::Dismissed),
        ("/inbox/1/merge", "version=2&into=%232", State::Merged),
        ("/inbox/1/snooze", "hours=1", State::New),
    ];
    for (path, form, state) in acts {
        let done = bureau.post(&head, path, form).await;
        assert_eq!((done.status, done.to.as_str()), (303, "/inbox?did=1"), "{path}: {}", done.body);
        away(state);
        let page = bureau.get(&head, &done.to).await.body;
        assert!(page.contains("/inbox/2/assess") && !page.contains("/inbox/1/assess"), "{path}: {page}");
        let field = page.split("action=\"/inbox/1/undo\"").nth(1).unwrap().split("name=\"version\" value=\"").nth(1);
        let version = field.unwrap().split('"').next().unwrap().to_owned();
        let back = bureau.post(&head, "/inbox/1/undo", &format!("version={version}")).await;
        assert_eq!(back.to, "/inbox?at=1", "{path}: {}", back.body);
        away(State::New);
        assert!(bureau.get(&head, &back.to).await.body.contains("/inbox/1/assess"), "{path}");
    }
    assert_eq!(bureau.post(&head, "/inbox/1/snooze", "hours=2000").await.status, 422);
    assert_eq!(bureau.post(&head, "/inbox/1/merge", "version=4&into=x").await.status, 422);
    assert_eq!(bureau.post(&head, "/inbox/9/dismiss", "version=0").await.status, 422);
}

#[tokio::test]
async fn whoever_was_overtaken_is_told_by_whom_and_keeps_what_they_typed() {
    let bureau = Bureau::new();
    bureau.assessed();
    let head = bureau.office.session(Role::LeadingGroup);
    let form = format!("version=0&category=rumour&reason={}", encoded(HOSTILE));
    let stale = bureau.post(&head, "/inbox/1/assess", &form).await;
    assert_eq!(stale.status, 409);
    assert!(stale.body.contains("Somebody else has decided meanwhile"), "{}", stale.body);
    assert!(stale.body.contains(">head<") || stale.body.contains("head"), "{}", stale.body);
    assert!(stale.body.contains(&escaped(HOSTILE)) && !stale.body.contains(HOSTILE), "{}", stale.body);
    assert_eq!(standing(&bureau, 1).decided(), Some(Category::Problem));
}

#[tokio::test]
async fn who_does_not_decide_is_offered_no_decision_and_escalates() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    let page = bureau.get(&staff, "/inbox?at=1").await.body;
    assert!(page.contains("/inbox/1/escalate") && page.contains("/inbox/1/snooze"), "{page}");
    for hidden in ["value=\"problem\"", "/inbox/1/dismiss", "/inbox/1/merge"] {
        assert!(!page.contains(hidden), "{hidden}: {page}");
    }
    let done = bureau.post(&staff, "/inbox/2/escalate", &format!("version=0&reason={}", encoded(HOSTILE))).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let head = bureau.office.session(Role::Head);
    let page = bureau.get(&head, "/inbox").await.body;
    assert!(page.contains("/inbox/2/assess") && page.contains("escalated"), "what cannot wait stands first: {page}");
    for address in ["/inbox?colour=red", "/inbox?at=x"] {
        assert_eq!(bureau.get(&head, address).await.status, 400, "{address}");
    }
    assert!(bureau.get(&head, "/inbox?at=9").await.body.contains("#9 does not wait"));
}

/// However many wait, each knows its place and its neighbours.
#[tokio::test]
async fn of_more_than_a_hundred_each_says_which_it_is() {
    let bureau = Bureau::new();
    let tokeniser = Tokeniser::new();
    let streets = ["青石", "云溪", "平湖", "长宁", "安定", "兴隆", "永昌", "和平", "南山", "北湖", "东关", "西城"];
    let posts = (0..120).map(|n| {
        let text = format!("{}路{n}号门前的路灯坏了第{n}次", streets[n % streets.len()]);
        let mut post = prepared(&tokeniser, &format!("p{n}"), &text);
        post.telling = crate::text::telling::Telling::default();
        post
    });
    let batch = Batch {
        sweep: None,
        plugin: "feed".to_owned(),
        site: "bbs.example".to_owned(),
        captured: NOW,
        posts: posts.collect(),
    };
    bureau.office.owner.clerk.store.ingest(batch).unwrap();
    let waiting = bureau.office.owner.clerk.reader.inbox(None, NOW).unwrap().waiting;
    assert!(waiting.len() > 104, "{}", waiting.len());
    let head = bureau.office.session(Role::Head);
    let page = bureau.get(&head, &format!("/inbox?at={}", waiting[102])).await.body;
    assert!(page.contains(&format!("103 of {} waiting", waiting.len())), "{page}");
    for neighbour in [waiting[101], waiting[103]] {
        assert!(page.contains(&format!("href=\"/inbox?at={neighbour}\"")), "{neighbour}: {page}");
    }
    let last = waiting[waiting.len() - 1];
    let page = bureau.get(&head, &format!("/inbox?at={last}")).await.body;
    assert!(page.contains(&format!("{0} of {0} waiting", waiting.len())) && !page.contains("rel=\"next\""), "{page}");
}

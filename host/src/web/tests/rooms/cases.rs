//! 案例演练.

use std::collections::HashMap;

use super::*;
use crate::case::make::{Heard, Material, make};
use crate::incident::State;
use crate::privacy::Gazetteer;
use crate::store::{Caller, PostQuery};

/// The first incident is over as far as the case knows that the trainer made of it: what its steps need is tested elsewhere.
fn made(bureau: &Bureau, lessons: &[String], tags: &[String]) -> Token {
    bureau.assessed();
    let clerk = &bureau.office.owner.clerk;
    let reader = &clerk.reader;
    let (mut incident, history) = (reader.standing(1).unwrap().unwrap(), reader.history(1).unwrap());
    incident.state = State::Closed;
    let posts = reader.posts(&PostQuery { incident: Some(1), ..PostQuery::default() }).unwrap();
    let heard = |post: PostRow| Heard {
        row: post.row,
        version: post.version,
        site: post.site,
        kind: post.kind,
        heard: post.captured,
        said: post.published,
        title: post.title,
        text: post.text,
        reactions: post.reactions,
    };
    let title = reader.incident(1).unwrap().unwrap().title;
    let (posts, notes) = (posts.into_iter().map(heard).collect(), HashMap::new());
    let (title, incident, history, notes) = (title.as_str(), &incident, history.as_slice(), &notes);
    let material = Material { id: 1, title, incident, posts, history, notes, lessons, tags };
    let case = make(material, &Gazetteer::default(), &Tokeniser::new()).unwrap();
    let trainer = bureau.office.session(Role::Trainer);
    let caller = Caller { token: Some(trainer.clone()), account: 1000 };
    clerk.store.make_case(&caller, case, NOW).unwrap();
    trainer
}

fn version(bureau: &Bureau) -> u64 {
    bureau.office.owner.clerk.reader.case(1).unwrap().unwrap().life.version
}

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let bureau = Bureau::new();
    made(&bureau, &[], &[]);
    bureau.guards(Role::Trainer, Role::Staff, "/incidents/1/cases", "lessons=x&tags=y").await;
    bureau.guards(Role::Trainer, Role::Staff, "/cases/1/hide", "version=1&kind=name&words=x").await;
    bureau.guards(Role::Legal, Role::Monitor, "/cases/1/check", "version=1").await;
    bureau.guards(Role::Legal, Role::Monitor, "/cases/1/release", "version=1").await;
    bureau.guards(Role::Trainer, Role::Staff, "/cases/1/drill", "speed=1").await;
    bureau.guards(Role::Trainer, Role::Staff, "/drills/advance", "by=10").await;
    bureau.guards(Role::Trainer, Role::Staff, "/drills/inject", "text=x").await;
}

#[tokio::test]
async fn a_case_is_made_corrected_checked_by_a_second_person_released_found_and_drilled() {
    let bureau = Bureau::new();
    let trainer = made(&bureau, &[HOSTILE.to_owned()], &["供水".to_owned()]);
    let legal = bureau.office.session(Role::Legal);
    let page = bureau.get(&trainer, "/cases/1").await;
    assert!(page.status == 200 && !page.body.contains(HOSTILE) && !page.body.contains("<img"), "{}", page.body);
    assert!(
        page.body.contains("a second person must check") && !page.body.contains("/cases/1/check\""),
        "{}",
        page.body
    );
    let own = bureau.post(&trainer, "/cases/1/check", &format!("version={}", version(&bureau))).await;
    assert_eq!(own.status, 409, "{}", own.body);
    let empty = format!("version={}&kind=name", version(&bureau));
    assert_eq!(bureau.post(&trainer, "/cases/1/hide", &empty).await.status, 422);
    let hide = format!("version={}&kind=place&words={}", version(&bureau), encoded("城东农贸市场"));
    assert_eq!(bureau.post(&trainer, "/cases/1/hide", &hide).await.to, "/cases/1");
    assert!(
        !bureau.get(&legal, "/cases/1").await.body.split("class=\"paper\"").nth(1).unwrap().contains("城东农贸市场")
    );
    assert_eq!(bureau.get(&legal, "/cases/1/file?format=docx").await.status, 409, "it was not released");
    for act in ["check", "release"] {
        let done = bureau.post(&legal, &format!("/cases/1/{act}"), &format!("version={}", version(&bureau))).await;
        assert_eq!(done.to, "/cases/1", "{act}: {}", done.body);
    }
    assert!(bureau.get(&legal, "/cases/1/file?format=docx").await.body.starts_with("PK"));
    let found = bureau.get(&legal, &format!("/cases?q={}", encoded("停水"))).await.body;
    assert!(found.contains("href=\"/cases/1\""), "{found}");
    assert!(!bureau.get(&legal, &format!("/cases?q={}", encoded("停电"))).await.body.contains("href=\"/cases/1\""));

    let set_up = bureau.post(&trainer, "/cases/1/drill", "speed=0").await;
    assert_eq!(set_up.status, 303, "{}", set_up.body);
    assert!(set_up.to.starts_with("/drills/"), "{}", set_up.to);
    let page = bureau.get(&trainer, &set_up.to).await;
    assert!(
        page.status == 200 && page.body.contains("caifeng serve --data") && page.body.contains("<rect"),
        "{}",
        page.body
    );
    assert!(bureau.get(&trainer, "/drills").await.body.contains(&set_up.to));
    for path in ["/cases/7", "/cases/x", "/drills/nothing", "/drills/..%2F..", "/incidents/9/cases/new"] {
        assert_eq!(bureau.get(&trainer, path).await.status, 404, "{path}");
    }
    assert_eq!(bureau.post(&trainer, "/drills/advance", "by=10").await.status, 422, "this is no drill");
    assert_eq!(bureau.post(&trainer, "/incidents/2/cases", "lessons=").await.status, 409, "it is not over");
    assert_eq!(bureau.get(&trainer, "/cases?colour=red").await.status, 400);
}

/// What stands alone must not look like the real thing either.
#[tokio::test]
async fn pages_of_trouble_say_that_it_is_a_drill() {
    for drill in [true, false] {
        let (_commit, changes) = watch::channel(7);
        let (_stop, stopped) = watch::channel(false);
        let router = router(App { drill, ..app(Arc::new(Fixed), changes) }, stopped);
        for (method, path, status) in
            [(Method::GET, "/nothing", 404), (Method::DELETE, "/", 405), (Method::POST, "/drills/advance", 401)]
        {
            let asked = asking(method, path, &[("accept-language", "en"), ("sec-fetch-site", "same-origin")]);
            let answer = router.clone().oneshot(asked).await.unwrap();
            let (parts, body) = answer.into_parts();
            let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
            assert_eq!((parts.status.as_u16(), body.contains("drill-band")), (status, drill), "{path}: {body}");
        }
    }
}

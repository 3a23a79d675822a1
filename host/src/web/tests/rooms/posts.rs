//! Posts: kept searches, and lists that are taken away.

use super::*;
use crate::store::EntryQuery;

fn kept(name: &str, of: &str) -> String {
    format!("name={}&of={}", encoded(name), encoded(of))
}

#[tokio::test]
async fn a_search_is_kept_opened_with_one_click_renamed_and_removed() {
    let bureau = Bureau::new();
    let monitor = bureau.office.session(Role::Monitor);
    bureau.guards(Role::Monitor, Role::System, "/searches", &kept("x", "q=停水")).await;
    let page = bureau.get(&monitor, &format!("/posts?q={}", encoded("停水"))).await.body;
    assert!(page.contains("Keep this search") && page.contains("Download these posts"), "{page}");
    let bare = bureau.get(&monitor, "/posts").await.body;
    assert!(!bare.contains("Keep this search"), "everything is nothing to keep");
    let done = bureau.post(&monitor, "/searches", &kept(HOSTILE, "q=停水&kind=post")).await;
    assert_eq!((done.status, done.to.contains("kind=post")), (303, true), "{}", done.body);
    let page = bureau.get(&monitor, &done.to).await.body;
    assert!(page.contains(&escaped(HOSTILE)) && !page.contains(HOSTILE), "{page}");
    assert!(page.contains("aria-current=\"true\"><span dir=\"auto\">"), "the search that is open: {page}");
    let opened = bureau.get(&monitor, "/searches/1").await;
    assert_eq!((opened.status, opened.to.as_str()), (303, done.to.as_str()));
    assert_eq!(bureau.post(&monitor, "/searches/1/rename", &format!("name={}", encoded("城东"))).await.status, 303);
    let list = bureau.get(&monitor, "/searches").await.body;
    assert!(list.contains("城东") && list.contains("data-kept"), "{list}");
    assert_eq!(bureau.post(&monitor, "/searches/1/remove", "").await.status, 303);
    for path in ["/searches/1", "/searches/99"] {
        assert_eq!(bureau.get(&monitor, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn nobody_keeps_a_search_for_a_person() {
    let bureau = Bureau::new();
    let monitor = bureau.office.session(Role::Monitor);
    for of in ["author=u1", "q=停水&user=u1", "q=停水&account=x"] {
        let refused = bureau.post(&monitor, "/searches", &kept("x", of)).await;
        assert_eq!(refused.status, 422, "{of}: {}", refused.body);
        let refused = bureau.post(&monitor, "/posts/file", &format!("of={}&form=csv", encoded(of))).await;
        assert_eq!(refused.status, 422, "{of}: {}", refused.body);
    }
    assert!(!bureau.get(&monitor, "/searches").await.body.contains("data-kept"));
}

#[tokio::test]
async fn what_is_shared_another_has_and_changes_not() {
    let bureau = Bureau::new();
    let (monitor, staff) = (bureau.office.session(Role::Monitor), bureau.office.session(Role::Staff));
    bureau.post(&monitor, "/searches", &kept("mine", "q=停水")).await;
    bureau.post(&monitor, "/searches", &format!("{}&shared=on", kept("ours", "q=长椅"))).await;
    let list = bureau.get(&staff, "/searches").await.body;
    assert!(list.contains(">ours<") && !list.contains(">mine<") && list.contains("shared by"), "{list}");
    assert!(!list.contains("/searches/2/rename"), "what cannot be done is not offered");
    assert_eq!(bureau.get(&staff, "/searches/1").await.status, 404);
    assert_eq!(bureau.post(&staff, "/searches/1/remove", "").await.status, 422);
    let refused = bureau.post(&staff, "/searches/2/remove", "").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("somebody else keeps this search"), "{}", refused.body);
}

#[tokio::test]
async fn what_was_heard_since_a_search_was_opened_is_counted() {
    let bureau = Bureau::new();
    let monitor = bureau.office.session(Role::Monitor);
    bureau.post(&monitor, "/searches", &kept("停水", "q=停水")).await;
    let chip = async || {
        let page = bureau.get(&monitor, "/posts").await.body;
        page.split_once("id=\"kept\"").unwrap().1.split_once("</nav>").unwrap().0.to_owned()
    };
    assert!(!chip().await.contains(" new"), "{}", chip().await);
    let tokeniser = Tokeniser::new();
    let texts = [("3", "城西也停水了"), ("4", "路灯坏了"), ("5", "停水第三天")];
    let batch = Batch {
        sweep: None,
        plugin: "feed".to_owned(),
        site: "bbs.example".to_owned(),
        captured: NOW + 5,
        posts: texts.map(|(id, text)| prepared(&tokeniser, id, text)).to_vec(),
    };
    bureau.office.owner.clerk.store.ingest(batch).unwrap();
    assert!(chip().await.contains("2 new"), "{}", chip().await);
}

#[tokio::test]
async fn a_list_is_taken_away_whole_and_the_record_says_so_first() {
    let bureau = Bureau::new();
    let monitor = bureau.office.session(Role::Monitor);
    let records = || {
        let entries = bureau
            .office
            .owner
            .clerk
            .reader
            .entries(&EntryQuery { limit: 50, ..EntryQuery::default() })
            .unwrap()
            .entries;
        entries.into_iter().filter(|entry| entry.body.contains("posts-handed-out")).collect::<Vec<_>>()
    };
    bureau.guards(Role::Monitor, Role::Staff, "/posts/file", "of=&form=csv").await;
    assert!(records().is_empty(), "whoever is refused takes nothing");
    for (form, head) in [("csv", "\u{feff}Published,"), ("jsonl", "{\""), ("xlsx", "PK")] {
        let taken = bureau.post(&monitor, "/posts/file", &format!("of=&form={form}")).await;
        assert_eq!(taken.status, 200, "{}", taken.body);
        assert!(taken.body.starts_with(head), "{form}: {}", taken.body);
        if form != "xlsx" {
            assert!(taken.body.contains("公园的长椅坏了") && taken.body.contains("停水两天"), "{}", taken.body);
        }
    }
    let narrowed = bureau.post(&monitor, "/posts/file", &format!("of={}&form=csv", encoded("q=停水"))).await.body;
    assert!(narrowed.contains("停水两天") && !narrowed.contains("长椅"), "{narrowed}");
    let records = records();
    assert_eq!(records.len(), 4);
    assert!(records[0].body.contains("\"posts\":1") && records[0].body.contains("\"sha256\""), "{:?}", records[0]);
    assert!(!records[0].body.contains("停水"), "what was looked for stands in no entry");
    let wrong = bureau.post(&monitor, "/posts/file", &format!("of={}&form=csv", encoded("q=停水 ☆"))).await;
    assert_eq!(wrong.status, 400, "nothing was looked for");
    assert_eq!(bureau.post(&monitor, "/posts/file", "of=&form=doc").await.status, 422);
}

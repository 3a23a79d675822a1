//! 公开, and what the public reads.

use super::*;
use crate::disclosure::DisclosureState;

const PLANNED: &str = "kind=work&title=X&text=&channel=site&channel=weibo&planned=&due=2026-12-01T09%3A00&answers=1";

fn written(title: &str, text: &str) -> String {
    let (title, text) = (encoded(title), encoded(text));
    format!("kind=answer&title={title}&text={text}&channel=site&planned=&due=&answers=")
}

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    assert_eq!(bureau.post(&staff, "/disclosures", PLANNED).await.to, "/disclosures/1");
    bureau.guards(Role::Staff, Role::Trainer, "/disclosures", PLANNED).await;
    bureau.guards(Role::Staff, Role::Trainer, "/disclosures/1/edit", &format!("version=2&{PLANNED}")).await;
    bureau.guards(Role::Legal, Role::Trainer, "/disclosures/1/review", "version=2").await;
    bureau.guards(Role::Head, Role::Staff, "/disclosures/1/approve", "version=2").await;
    bureau.guards(Role::Legal, Role::Trainer, "/disclosures/1/return", "version=2&reason=x").await;
    bureau.guards(Role::Staff, Role::Trainer, "/disclosures/1/drop", "version=2&reason=x").await;
    let posted = "version=2&channel=site&account=x";
    bureau.guards(Role::Spokesperson, Role::Head, "/disclosures/1/publish", posted).await;
    bureau.guards(Role::Staff, Role::Trainer, "/incidents/1/summaries", "raised=a&answered=b").await;
    bureau.guards(Role::Staff, Role::Trainer, "/summaries/1/edit", "version=1&raised=a&answered=b").await;
    bureau.guards(Role::Head, Role::Staff, "/summaries/1/approve", "version=1").await;
    bureau.guards(Role::Head, Role::Staff, "/summaries/1/withdraw", "version=1&reason=x").await;
}

#[tokio::test]
async fn a_disclosure_goes_from_the_calendar_to_a_channel() {
    let bureau = Bureau::new();
    let [author, second, head] = [Role::Legal, Role::Spokesperson, Role::Head].map(|role| bureau.office.session(role));
    let begun = bureau.post(&author, "/disclosures", &written("夏季供水安排", HOSTILE)).await;
    assert_eq!(begun.to, "/disclosures/1", "{}", begun.body);
    for path in ["/disclosures", "/disclosures/1", "/disclosures/1/edit"] {
        let page = bureau.get(&author, path).await;
        assert!(page.status == 200 && page.body.contains("夏季供水安排") && !page.body.contains(HOSTILE), "{path}");
    }
    let looked =
        bureau.post(&author, "/disclosures", &format!("{}&look=1", written("T", "张三丰家住光明路12号。"))).await;
    assert!(looked.status == 200 && looked.body.contains("It may name private persons"), "{}", looked.body);
    let version = || bureau.office.owner.clerk.reader.disclosure(1).unwrap().unwrap().disclosure.version;
    let acts = [(&second, "review"), (&head, "approve")];
    for (who, act) in acts {
        let done = bureau.post(who, &format!("/disclosures/1/{act}"), &format!("version={}", version())).await;
        assert_eq!(done.status, 303, "{act}: {}", done.body);
    }
    let row = bureau.office.owner.clerk.reader.disclosure(1).unwrap().unwrap();
    assert_eq!(row.disclosure.state, DisclosureState::Approved);
    let page = bureau.get(&second, "/disclosures/1").await.body;
    assert!(page.contains("readonly") && page.contains("夏季供水安排"), "what to paste is there");
    let unknown = format!("version={}&channel=site&account=x", version());
    assert_eq!(bureau.post(&second, "/disclosures/1/publish", &unknown).await.status, 409, "no such account");
    let fields = [("version", "1"), ("channel", "site"), ("url", "")];
    assert_eq!(bureau.upload(&head, "/disclosures/1/receipt", &fields, Some("GIF89a")).await.status, 403);
    assert_eq!(bureau.upload(&second, "/disclosures/1/receipt", &fields, Some("GIF89a")).await.status, 409);
}

#[tokio::test]
async fn what_is_written_wrongly_is_told() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    for (form, status) in [
        (written("", "x"), 422),
        (written("T", "x").replace("channel=site", "channel=nowhere"), 409),
        (written("T", "x").replace("due=", "due=tomorrow"), 422),
        (written("T", "x").replace("answers=", "answers=seven"), 422),
        (written("T", "x").replace("answers=", "answers=9"), 422),
        (written("T", "x").replace("kind=answer", "kind=novel"), 422),
        (written("T", "[post:1]"), 422),
    ] {
        let answer = bureau.post(&staff, "/disclosures", &form).await;
        assert_eq!(answer.status, status, "{form}: {}", answer.body);
    }
    for path in
        ["/disclosures/9", "/disclosures/x", "/disclosures/9/edit", "/summaries/9/edit", "/incidents/9/summaries/new"]
    {
        assert_eq!(bureau.get(&staff, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_public_reads_what_another_person_approved_and_nothing_else() {
    let bureau = Bureau::new();
    let [staff, head] = [Role::Staff, Role::Head].map(|role| bureau.office.session(role));
    let told = |raised: &str| format!("raised={}&answered={}", encoded(raised), encoded("已经修好"));
    let named = bureau.post(&staff, "/incidents/1/summaries", &told("见 https://bbs.example/1")).await;
    assert!(named.status == 422 && named.body.contains("a link"), "{}", named.body);
    let saved = bureau.post(&staff, "/incidents/1/summaries", &told(HOSTILE)).await;
    assert_eq!(saved.to, "/summaries#summary-1", "{}", saved.body);
    let page = bureau.get(&staff, "/summaries").await.body;
    assert!(page.contains(&escaped(HOSTILE)) && !page.contains(HOSTILE) && !page.contains("/summaries/1/approve"));

    let public = |on: bool| bureau.office.public(on);
    let everybody = |router: Router, path: &'static str| async move {
        let answer = router.oneshot(asking(Method::GET, path, &[("accept-language", "zh-CN")])).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts, String::from_utf8(to_bytes(body, 1 << 24).await.unwrap().to_vec()).unwrap())
    };
    let (parts, body) = everybody(public(true), "/public").await;
    assert_eq!(parts.status, 200, "{body}");
    assert!(!body.contains("script&gt;") && !body.contains("alert"), "it was not approved");
    assert_eq!(bureau.post(&head, "/summaries/1/approve", "version=1").await.status, 303);
    for path in ["/public", "/public/feed.atom", "/public/calendar.ics", "/public/data.json"] {
        let (parts, body) = everybody(public(true), path).await;
        assert_eq!(
            (parts.status.as_u16(), parts.headers["cache-control"].to_str().unwrap()),
            (200, "public, max-age=60")
        );
        assert!(!body.contains("<script") || path.ends_with("json"), "{path}: {body}");
        assert!(!body.contains("bbs.example") && !body.contains("农贸市场"), "{path}: nothing of a post");
        assert!(path == "/public/calendar.ics" || body.contains("已经修好"), "{path}: {body}");
        assert_eq!(everybody(public(false), path).await.0.status, 404, "{path}: it is off by default");
    }
    assert_eq!(everybody(public(true), "/public/store.db").await.0.status, 404);
}

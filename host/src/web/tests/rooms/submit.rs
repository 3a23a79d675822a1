//! 上报.

use super::*;

#[tokio::test]
async fn anybody_at_work_hands_in_a_text_or_a_picture_and_it_is_words() {
    let bureau = Bureau::new();
    let [staff, system] = [Role::Staff, Role::System].map(|role| bureau.office.session(role));
    assert_eq!(bureau.get(&staff, "/submit").await.status, 200);
    let refused = bureau.upload(&system, "/submit", &[("text", "x")], None).await;
    assert_eq!(refused.status, 403, "administrators hand in nothing");

    let handed = bureau.upload(&staff, "/submit", &[("text", HOSTILE), ("url", ""), ("source", "")], None).await;
    assert_eq!((handed.status, handed.to.as_str()), (303, "/incidents/3"), "{}", handed.body);
    let page = bureau.get(&staff, "/incidents/3").await.body;
    assert!(page.contains(&escaped(HOSTILE)) && !page.contains(HOSTILE), "{page}");

    let pictured = bureau.upload(&staff, "/submit", &[("text", "")], Some("GIF89a picture")).await;
    assert_eq!(pictured.to, "/incidents/4", "{}", pictured.body);
    let page = bureau.get(&staff, "/incidents/4").await.body;
    let mark = page.split("[doc:").nth(1).unwrap().split(']').next().unwrap();
    let kept = crate::handling::document::named(&bureau.office.owner.clerk.directory.documents(), mark).unwrap();
    assert_eq!(bureau.get(&staff, &format!("/documents/{kept}")).await.body, "GIF89a picture");
    assert_eq!(bureau.get(&system, &format!("/documents/{kept}")).await.status, 403);
}

#[tokio::test]
async fn what_is_no_picture_no_address_or_nothing_is_refused() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    let send =
        |fields: &'static [(&str, &str)], file: Option<&'static str>| bureau.upload(&staff, "/submit", fields, file);
    assert_eq!(send(&[("text", "x")], Some("<svg onload=alert(1)>")).await.status, 422);
    assert_eq!(send(&[("text", " \r\n ")], None).await.status, 422);
    assert_eq!(send(&[("url", "javascript:alert(1)")], None).await.status, 422);
    assert_eq!(send(&[("text", "x"), ("by", "u1")], None).await.status, 422, "nobody hands in for another");
    let elsewhere = ("cross-site", "multipart/form-data; boundary=b");
    let body = "--b\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\nx\r\n--b--\r\n";
    assert_eq!(bureau.posted(&staff, "/submit", body, elsewhere).await.status, 403);
    let broken = ("same-origin", "multipart/form-data; boundary=b");
    assert_eq!(bureau.posted(&staff, "/submit", "--b\r\nnonsense", broken).await.status, 422);
    assert_eq!(bureau.post(&staff, "/submit", "text=x").await.status, 422, "no such form");
    assert_eq!(bureau.office.owner.clerk.reader.incidents(&IncidentQuery::default()).unwrap().len(), 2);
}

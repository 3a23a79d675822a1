//! 联络.

use super::*;

fn desk(organisation: &str) -> String {
    format!(
        "kind=media&organisation={}&department=&role=%E7%BC%96%E8%BE%91&name=&phones=0318-5320000&emails=&links=",
        encoded(organisation)
    )
}

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    assert_eq!(bureau.post(&staff, "/contacts", &desk("河北日报")).await.to, "/contacts/1");
    bureau.guards(Role::Staff, Role::Legal, "/contacts", &desk("青年报")).await;
    bureau.guards(Role::Staff, Role::Legal, "/contacts/1/edit", &format!("version=1&{}", desk("青年报"))).await;
    bureau.guards(Role::Staff, Role::Legal, "/contacts/1/note", "text=x&spoke=1").await;
    bureau.guards(Role::Staff, Role::Legal, "/contacts/1/link", "incident=1&watch=").await;
    bureau.guards(Role::Staff, Role::Legal, "/contacts/1/remove", "version=1").await;
    let legal = bureau.office.session(Role::Legal);
    assert_eq!(bureau.get(&legal, "/contacts").await.status, 200);
    assert_eq!(bureau.get(&legal, "/contacts/file?format=vcard").await.status, 403, "names leave by few hands");
}

#[tokio::test]
async fn a_contact_is_kept_changed_linked_and_removed_and_is_words() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    assert_eq!(bureau.post(&staff, "/contacts", &desk(HOSTILE)).await.to, "/contacts/1");
    assert_eq!(bureau.post(&staff, "/contacts/1/note", &format!("text={}", encoded(HOSTILE))).await.to, "/contacts/1");
    assert_eq!(bureau.post(&staff, "/contacts/1/link", "incident=1&watch=").await.to, "/contacts/1");
    for path in ["/contacts", "/contacts/1", "/contacts/1/edit"] {
        let page = bureau.get(&staff, path).await;
        assert!(page.status == 200 && !page.body.contains(HOSTILE), "{path}");
        assert!(page.body.contains("script"), "{path}");
    }
    assert!(bureau.get(&staff, "/contacts/1").await.body.contains("href=\"/incidents/1\""));
    assert_eq!(bureau.post(&staff, "/contacts", &desk(HOSTILE)).await.status, 422, "the same once more");
    assert_eq!(bureau.post(&staff, "/contacts", &desk("")).await.status, 422, "nobody without an organisation");
    assert_eq!(bureau.post(&staff, "/contacts/1/link", "incident=9").await.status, 422);
    assert_eq!(bureau.post(&staff, "/contacts/1/remove", "version=7").await.status, 409, "somebody changed it");
    assert_eq!(bureau.post(&staff, "/contacts/1/remove", "version=1").await.to, "/contacts");
    assert_eq!(bureau.get(&staff, "/contacts/1").await.status, 404);
    for (query, status) in
        [("?kind=media", 200), ("?kind=person", 400), ("?name=x", 400), ("?watch=a&organisation=b", 200)]
    {
        assert_eq!(bureau.get(&staff, &format!("/contacts{query}")).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_file_is_looked_at_before_it_is_taken_and_handed_out_again() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    let card =
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:王芳\r\nORG:河北日报\r\nTITLE:记者\r\nTEL:0311-88661234\r\nEND:VCARD\r\n";
    let bad = format!("{card}BEGIN:VCARD\r\nVERSION:3.0\r\nFN:无名\r\nEND:VCARD\r\n");
    let send =
        async |fields: &[(&str, &str)], file: &str| bureau.upload(&staff, "/contacts/import", fields, Some(file)).await;
    let kept = || bureau.office.owner.clerk.reader.contacts(&crate::store::ContactQuery::default()).unwrap().len();
    let looked = send(&[("format", "vcard")], card).await;
    assert!(looked.status == 200 && looked.body.contains("1 would be taken, 0 things are wrong"), "{}", looked.body);
    let wrong = send(&[("format", "vcard"), ("take", "1")], &bad).await;
    assert!(wrong.status == 200 && wrong.body.contains("Nothing was taken"), "{}", wrong.body);
    assert_eq!(kept(), 0);
    assert_eq!(send(&[("format", "vcard"), ("take", "1"), ("skip", "1")], &bad).await.to, "/contacts");
    assert_eq!(kept(), 1);
    assert_eq!(send(&[("format", "pdf")], card).await.status, 422);
    assert_eq!(send(&[("format", "csv"), ("colour", "red")], card).await.status, 422);
    assert_eq!(bureau.upload(&staff, "/contacts/import", &[("format", "vcard")], None).await.status, 422);
    let file = bureau.get(&staff, "/contacts/file?format=vcard&kind=media").await;
    assert!(file.body.contains("王芳") && file.body.starts_with("BEGIN:VCARD"), "{}", file.body);
    assert!(bureau.get(&staff, "/contacts/file?format=csv").await.body.contains("河北日报"));
}

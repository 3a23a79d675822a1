//! 回应.

use super::*;

const TEXT: &str = "城东水厂 7 月 1 日 8 时起停水，抢修组张工负责，18 时前恢复。热线 96116。";

fn drafted(text: &str) -> String {
    format!("form=post&channel=site&text={}", encoded(text))
}

/// A reply by somebody of the staff.
fn draft(bureau: &Bureau) -> Sight {
    let staff = bureau.office.session(Role::Staff);
    let (form, channel) = (crate::plan::answer::Form::Post, "site".to_owned());
    let draft = Answering::Draft { incident: 1, reply: None, form, channel, text: TEXT.to_owned() };
    let Outcome::Reply(row) = bureau.does(&staff, What::Answer(draft)) else { panic!("no reply") };
    Sight { id: row.id, version: row.reply.version }
}

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let bureau = Bureau::new();
    let Sight { id, version } = draft(&bureau);
    let seen = format!("version={version}");
    bureau.guards(Role::Staff, Role::Trainer, "/incidents/1/replies", &drafted(TEXT)).await;
    let again = format!("{seen}&{}", drafted(TEXT));
    bureau.guards(Role::Staff, Role::Trainer, &format!("/replies/{id}/edit"), &again).await;
    bureau.guards(Role::Legal, Role::Trainer, &format!("/replies/{id}/review"), &seen).await;
    bureau.guards(Role::Head, Role::Staff, &format!("/replies/{id}/approve"), &seen).await;
    bureau.guards(Role::Legal, Role::Trainer, &format!("/replies/{id}/return"), &format!("{seen}&reason=x")).await;
    bureau
        .guards(Role::Spokesperson, Role::Head, &format!("/replies/{id}/publish"), &format!("{seen}&account=x"))
        .await;
}

#[tokio::test]
async fn an_answer_goes_from_hand_to_hand_and_hostile_words_are_words() {
    let bureau = Bureau::new();
    bureau.assessed();
    let [author, second, head] = [Role::Legal, Role::Spokesperson, Role::Head].map(|role| bureau.office.session(role));
    let looked = bureau.post(&author, "/incidents/1/replies", &format!("{}&look=1", drafted(HOSTILE))).await;
    assert_eq!((looked.status, looked.body.contains(HOSTILE)), (200, false));
    assert!(looked.body.contains(&escaped(HOSTILE)), "{}", looked.body);
    assert_eq!(bureau.office.owner.clerk.reader.replies(None).unwrap(), [], "it was only looked at");

    let saved = bureau.post(&author, "/incidents/1/replies", &drafted(&format!("{TEXT}\r\n{HOSTILE}"))).await;
    assert_eq!((saved.status, saved.to.as_str()), (303, "/replies/1"));
    let page = bureau.get(&author, "/replies/1").await.body;
    assert!(page.contains(&escaped(HOSTILE)) && !page.contains(HOSTILE), "{page}");
    assert!(page.contains("you wrote this text") && !page.contains("/replies/1/review\""), "{page}");
    let own = bureau.post(&author, "/replies/1/review", "version=1").await;
    assert_eq!(own.status, 409, "{}", own.body);

    let page = bureau.get(&second, "/replies").await.body;
    assert!(page.contains("yours to review") && !page.contains("<img src=x"), "{page}");
    assert_eq!(bureau.post(&second, "/replies/1/review", "version=1").await.to, "/replies/1");
    let stale = bureau.post(&head, "/replies/1/approve", "version=1").await;
    assert_eq!(stale.status, 409, "somebody else was faster: {}", stale.body);
    assert_eq!(bureau.post(&head, "/replies/1/approve", "version=2").await.to, "/replies/1");
    let row = bureau.office.owner.clerk.reader.reply(1).unwrap().unwrap();
    assert_eq!(row.reply.state, ReplyState::Approved);
    assert_eq!(
        bureau.post(&head, "/replies/1/return", &format!("version=3&reason={}", encoded(HOSTILE))).await.status,
        303
    );
    let page = bureau.get(&second, "/replies/1").await.body;
    assert!(page.contains(&escaped(HOSTILE)) && !page.contains(HOSTILE), "a reason is text");
}

#[tokio::test]
async fn what_is_not_there_or_not_so_is_a_page_that_says_so() {
    let bureau = Bureau::new();
    let staff = bureau.office.session(Role::Staff);
    for path in ["/replies/7", "/replies/x", "/replies/-1", "/incidents/9/replies/new", "/documents/00"] {
        assert_eq!(bureau.get(&staff, path).await.status, 404, "{path}");
    }
    assert_eq!(bureau.get(&staff, "/replies?after=1").await.status, 400);
    assert_eq!(bureau.post(&staff, "/incidents/9/replies", &drafted(TEXT)).await.status, 422);
    assert_eq!(bureau.post(&staff, "/replies/9/edit", &format!("version=1&{}", drafted(TEXT))).await.status, 404);
    // A citation of what another incident says rests on nothing here.
    let other =
        bureau.office.owner.clerk.reader.posts(&crate::store::PostQuery { incident: Some(2), ..Default::default() });
    let text = format!("{TEXT}[post:{}]", other.unwrap()[0].row);
    let foreign = bureau.post(&staff, "/incidents/1/replies", &drafted(&text)).await;
    assert_eq!((foreign.status, foreign.body.contains("no such post")), (422, true), "{}", foreign.body);
    let unknown = bureau.post(&staff, "/incidents/1/replies", &drafted("{{hours}}")).await;
    assert!(unknown.status == 422 && unknown.body.contains("no wording is called so"), "{}", unknown.body);
}

#[tokio::test]
async fn a_receipt_is_a_page_or_a_file_that_is_kept() {
    let bureau = Bureau::new();
    let spokesperson = bureau.office.session(Role::Spokesperson);
    let staff = bureau.office.session(Role::Staff);
    let at = draft(&bureau);
    let path = format!("/replies/{}/receipt", at.id);
    let version = at.version.to_string();
    let fields = [("version", version.as_str()), ("url", "")];
    assert_eq!(bureau.upload(&staff, &path, &fields, Some("GIF89a")).await.status, 403);
    let early = bureau.upload(&spokesperson, &path, &fields, Some("GIF89a")).await;
    assert_eq!(early.status, 409, "nothing was published yet: {}", early.body);
    let strange = bureau.upload(&spokesperson, &path, &[("version", "1"), ("colour", "red")], None).await;
    assert_eq!(strange.status, 422);
    let twice = bureau.upload(&spokesperson, &path, &[("version", "1"), ("version", "2")], None).await;
    assert_eq!(twice.status, 422);
    let large = "x".repeat(crate::web::form::LARGEST + 1);
    assert_eq!(bureau.upload(&spokesperson, &path, &fields, Some(&large)).await.status, 413);
    let nowhere = bureau.upload(&spokesperson, &path, &[("version", "1"), ("url", "javascript:alert(1)")], None).await;
    assert_eq!(nowhere.status, 422, "{}", nowhere.body);
}

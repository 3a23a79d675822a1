//! 移送.

use super::*;

#[tokio::test]
async fn every_form_is_for_its_people_from_our_pages_and_knows_its_fields() {
    let bureau = Bureau::new();
    bureau.guards(Role::Legal, Role::Staff, "/referrals/1/approve", "version=1&reason=x").await;
    bureau.guards(Role::Head, Role::LeadingGroup, "/referrals/1/refuse", "version=1&reason=x").await;
    bureau.guards(Role::Legal, Role::Head, "/referrals/1/export", "version=1").await;
    let [legal, staff] = [Role::Legal, Role::Staff].map(|role| bureau.office.session(role));
    let fields = [("post", "1"), ("claim", "x")];
    assert_eq!(bureau.upload(&staff, "/incidents/1/referral", &fields, Some("%PDF")).await.status, 403);
    assert_eq!(bureau.upload(&legal, "/incidents/1/referral", &[("post", "x")], None).await.status, 422);
    assert_eq!(bureau.upload(&legal, "/incidents/1/referral", &[("post", "1"), ("by", "u1")], None).await.status, 422);
    let elsewhere = ("cross-site", "multipart/form-data; boundary=b");
    assert_eq!(bureau.posted(&legal, "/incidents/1/referral", "--b--\r\n", elsewhere).await.status, 403);
    assert_eq!(bureau.post(&legal, "/referrals/7/export", "version=1").await.status, 404);
}

#[tokio::test]
async fn the_gate_says_why_it_stays_shut_and_criticism_never_passes() {
    let bureau = Bureau::new();
    bureau.assessed();
    let legal = bureau.office.session(Role::Legal);
    let page = bureau.get(&legal, "/incidents/1/referral").await.body;
    assert!(page.contains("never referred") && page.contains("&#60;img src=x") && !page.contains("<img"), "{page}");
    let posts =
        bureau.office.owner.clerk.reader.posts(&crate::store::PostQuery { incident: Some(1), ..Default::default() });
    let post = posts.unwrap()[0].row.to_string();
    let fields = [("post", post.as_str()), ("claim", "局长昨天收了五万元")];
    let shut = bureau.upload(&legal, "/incidents/1/referral", &fields, Some("%PDF-1.7 minutes")).await;
    assert!(shut.status == 409 && shut.body.contains("not assessed as a rumour"), "{}", shut.body);
    assert_eq!(bureau.office.owner.clerk.reader.referrals().unwrap(), []);
    assert_eq!(bureau.get(&legal, "/incidents/9/referral").await.status, 404);
}

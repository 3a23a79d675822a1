//! A mail server that refuses half, greylists, hangs, breaks off, and offers no TLS.

use caifeng::notify::{DeliveryState, Receipt};

use super::house::{AUTH, House, PASSWORD, clock, holds, mail};
use crate::post::{Server, Turn};

#[tokio::test]
async fn a_mail_server_that_refuses_half_gets_the_other_half_once() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    office.will(&[
        Turn::Well,
        Turn::Replies("RCPT", "550 5.1.1 no such user smtp-password-1"),
        Turn::Well,
        Turn::Replies("RCPT", "550 5.1.1 no such user"),
    ]);
    let to = ["a@a.gov.cn", "b@a.gov.cn", "c@a.gov.cn", "d@a.gov.cn"];
    let house = House::new(&clock, &[&office], &mail(&office, &to, "tell = [\"leading-group\"]"));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(30).await;
    let states: Vec<_> = house.stands().into_iter().map(|(_, state)| state).collect();
    use DeliveryState::{Refused, Sent};
    assert_eq!(states, [Sent, Refused, Sent, Refused]);
    let letters = office.letters();
    assert_eq!(letters.iter().flat_map(|letter| letter.to.clone()).collect::<Vec<_>>(), ["a@a.gov.cn", "c@a.gov.cn"]);
    let letter = &letters[0];
    assert_eq!((letter.from.as_str(), letter.field("To")), ("caifeng@a.gov.cn", "a@a.gov.cn"));
    assert_eq!(letter.field("Auto-Submitted"), "auto-generated");
    assert!(letter.text.starts_with("【采风】#"), "{}", letter.text);
    let why = house.newest().deliveries[1].why.clone().unwrap();
    assert!(why.contains("5.1.1") && !why.contains(PASSWORD), "{why}");
    assert!(office.said().iter().any(|line| line.starts_with("AUTH PLAIN")));
    assert!(!holds(&house.kept(), PASSWORD));
    let codes: Vec<_> = house.receipts(id).into_iter().map(|(_, _, _, code)| code).collect();
    assert_eq!(codes, [None, Some(550), None, Some(550)]);
}

#[tokio::test]
async fn a_greylisted_letter_is_tried_again_and_arrives_once() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    office.will(&[Turn::Replies("RCPT", "451 4.7.1 greylisted"), Turn::Replies("DATA", "421 4.3.2 busy")]);
    let house = House::new(&clock, &[&office], &mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]"));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(5).await;
    assert!(office.letters().is_empty());
    let row = house.newest().deliveries[0].clone();
    assert_eq!((row.state, row.code, row.again), (DeliveryState::Waiting, Some(451), false));
    house.seconds(15).await;
    assert_eq!(office.letters().len(), 1);
    assert_eq!(house.receipts(id), [("office".to_owned(), Receipt::Sent, false, None)]);
}

#[tokio::test]
async fn a_mail_server_that_hangs_or_breaks_off_is_told_apart() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    office.will(&[Turn::Hangs, Turn::Closes]);
    let house = House::new(&clock, &[&office], &mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]"));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(1).await;
    let row = house.newest().deliveries[0].clone();
    assert_eq!((row.state, row.again), (DeliveryState::Waiting, false), "it hung before the letter: {row:?}");
    house.seconds(6).await;
    let row = house.newest().deliveries[0].clone();
    assert_eq!((row.state, row.again), (DeliveryState::Waiting, true), "it broke off after the letter: {row:?}");
    house.seconds(30).await;
    let letters = office.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].field("Message-ID"), letters[1].field("Message-ID"), "mail programs show it once");
    assert!(letters[1].text.starts_with("【采风】（可能重复）"), "{}", letters[1].text);
    assert_eq!(house.receipts(id), [("office".to_owned(), Receipt::Sent, true, None)]);
}

#[tokio::test]
async fn without_the_tls_that_was_asked_for_nothing_is_said() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    let channels = mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]").replace("\"plain\"", "\"starttls\"");
    let house = House::new(&clock, &[&office], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(2).await;
    assert_eq!(house.receipts(id), [("office".to_owned(), Receipt::Refused, false, None)]);
    let why = house.newest().deliveries[0].why.clone().unwrap();
    assert!(why.contains("STARTTLS"), "{why}");
    let said = office.said();
    assert!(said.iter().all(|line| line.starts_with("EHLO") || line.starts_with("QUIT")), "{said:?}");
}

#[tokio::test]
async fn a_password_that_is_refused_stands_in_no_error() {
    let clock = clock();
    let office = Server::smtp(AUTH);
    office.will(&[Turn::Replies("AUTH", "535 5.7.8 AGNhaWZlbmcAc210cC1wYXNzd29yZC0x smtp-password-1 is wrong")]);
    let house = House::new(&clock, &[&office], &mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]"));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(2).await;
    assert_eq!(house.receipts(id), [("office".to_owned(), Receipt::Refused, false, Some(535))]);
    let why = house.newest().deliveries[0].why.clone().unwrap();
    assert_eq!(why, "the server does not accept user and password (535)");
}

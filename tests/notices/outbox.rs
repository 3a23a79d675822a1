//! Which way a notice takes, when, and how often.

use std::sync::Arc;

use caifeng::clock::Clock as _;
use caifeng::notify::{DeliveryState, Receipt};

use super::house::{AUTH, House, NOW, SECRET, clock, mail, robot, told, wecom};
use crate::post::{self, Server, Turn};

#[tokio::test]
async fn after_a_minute_and_not_before_a_notice_goes_to_the_next_channel() {
    let clock = clock();
    let (duty, office) = (wecom(&clock), Server::smtp(AUTH));
    duty.will(&vec![Turn::Says(503, ""); 20]);
    let channels =
        told("duty", "wecom", &duty, "next = \"office\"") + &mail(&office, &["li@a.gov.cn", "wu@a.gov.cn"], "");
    let house = House::new(&clock, &[&duty, &office], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(60).await;
    assert_eq!(office.letters().len(), 0, "not yet");
    // At 0, 5, 15 and 35 seconds.
    assert_eq!(duty.asked().len(), 4, "slower each time");
    let health = house.dispatcher.reader.outbox_health(clock.now()).unwrap();
    assert_eq!((health.waiting, health.oldest), (1, Some(NOW)));
    house.seconds(2).await;
    assert_eq!(office.letters().len(), 2);
    let expected = [("duty", Receipt::FellBack), ("office", Receipt::Sent), ("office", Receipt::Sent)];
    assert_eq!(house.receipts(id).iter().map(|(c, r, ..)| (c.as_str(), *r)).collect::<Vec<_>>(), expected);
    house.seconds(60).await;
    assert!(duty.asked().is_empty(), "it is not sent twice");
}

#[tokio::test]
async fn nobody_there_is_no_answer_and_the_next_channel_is_the_last_resort() {
    let clock = clock();
    let (gone, duty) = (Server::http(|_| (200, String::new())), wecom(&clock));
    let listening = gone.at;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let first = told("hook", "webhook", &gone, "next = \"duty\"").replace(&listening.to_string(), &free.to_string());
    let text =
        format!("[network]\nprivate = [\"{free}\", \"{}\"]\n{first}{}", duty.at, robot("duty", "wecom", &duty, ""));
    let house = House::open(tempfile::tempdir().unwrap(), &clock, &text);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(62).await;
    let why = house.newest().deliveries[0].clone();
    assert_eq!(why.state, DeliveryState::Passed);
    assert!(!why.again, "no connection: nothing was sent");
    assert_eq!(duty.asked().len(), 1);
}

#[tokio::test]
async fn what_may_have_arrived_is_sent_once_more_marked_and_never_a_third_time() {
    let clock = clock();
    let (duty, hook) = (wecom(&clock), {
        let clock = Arc::clone(&clock);
        post::receiver(SECRET, move || clock.now())
    });
    duty.will(&[Turn::Closes, Turn::Closes]);
    hook.will(&[Turn::Closes]);
    let channels = told("duty", "wecom", &duty, "next = \"hook\"") + &robot("hook", "webhook", &hook, "");
    let house = House::new(&clock, &[&duty, &hook], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(90).await;
    let texts: Vec<String> = duty.asked().iter().map(|asked| asked.text().to_owned()).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].starts_with("【采风】#") && texts[1].starts_with("【采风】（可能重复）#"), "{texts:?}");
    // The webhook had it the first time and says so: 409.
    let asked = hook.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[0].field("caifeng-delivery"),
        asked[1].field("caifeng-delivery"),
        "the number by which it can tell"
    );
    assert_eq!((asked[0].body["again"].as_bool(), asked[1].body["again"].as_bool()), (Some(false), Some(true)));
    let expected =
        [("duty".to_owned(), Receipt::Uncertain, true, None), ("hook".to_owned(), Receipt::Sent, true, None)];
    assert_eq!(house.receipts(id), expected);
}

#[tokio::test]
async fn a_robot_that_never_answers_makes_no_other_channel_wait() {
    let clock = clock();
    let (duty, hook) = (wecom(&clock), {
        let clock = Arc::clone(&clock);
        post::receiver(SECRET, move || clock.now())
    });
    duty.will(&[Turn::Hangs]);
    let channels = told("duty", "wecom", &duty, "") + &told("hook", "webhook", &hook, "");
    let house = House::new(&clock, &[&duty, &hook], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.dispatcher.route().await.unwrap();
    let (hung, sent) = tokio::join!(house.dispatcher.round("duty"), async {
        let sent = house.dispatcher.round("hook").await;
        (sent, house.receipts(id).len())
    });
    assert_eq!((hung.unwrap(), sent.0.unwrap(), sent.1), (1, 1, 1));
    let row = house.newest().deliveries[0].clone();
    assert_eq!((row.state, row.again), (DeliveryState::Waiting, true));
    assert!(row.why.unwrap().starts_with("no answer: nothing within"));
}

#[tokio::test]
async fn quiet_hours_hold_what_can_wait_and_an_emergency_breaks_them() {
    let clock = clock();
    let duty = wecom(&clock);
    // 12:00 in Shanghai.
    let channels = format!("quiet = \"11:30-13:00\"\n{}", told("duty", "wecom", &duty, ""));
    let house = House::new(&clock, &[&duty], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.queue(id, true);
    house.seconds(5).await;
    let texts: Vec<String> = duty.asked().iter().map(|asked| asked.text().to_owned()).collect();
    assert!(texts.len() == 1 && texts[0].starts_with("【采风·紧急】"), "{texts:?}");
    let health = house.dispatcher.reader.outbox_health(clock.now()).unwrap();
    assert_eq!(health.waiting, 0, "what quiet hours hold back is not late");
    assert_eq!(house.dispatcher.reader.channel_standing("duty", clock.now()).unwrap().held, 1);
    clock.set(NOW + 3_599);
    house.seconds(1).await;
    assert!(duty.asked().is_empty());
    house.seconds(1).await;
    assert_eq!(duty.asked().len(), 1);
}

#[tokio::test]
async fn a_thousand_in_one_second_leave_within_the_limit_and_none_is_lost() {
    let clock = clock();
    let duty = wecom(&clock);
    let house = House::new(&clock, &[&duty], &told("duty", "wecom", &duty, ""));
    let id = house.incident("水压不足，居民多次反映无人处理，要求公开原因与恢复时间");
    (0..1_000).for_each(|n| house.queue(id, n == 999));
    house.seconds(1).await;
    let first = duty.asked();
    assert!(first[0].text().contains("1. 【紧急】#"), "the urgent one goes first: {}", first[0].text());
    let mut told: usize = 0;
    let mut messages = first;
    for second in 1..1_200 {
        house.seconds(1).await;
        messages.extend(duty.asked());
        if house.dispatcher.reader.outbox_health(clock.now()).unwrap().waiting == 0 {
            assert!(second < 400, "{second} s");
            break;
        }
    }
    for asked in &messages {
        // The robot has judged each of them: muted or too long it would not have been taken.
        told += asked.text().lines().filter(|line| line.contains("水压不足")).count();
    }
    assert_eq!(told, 1_000, "each is told once");
    assert_eq!(house.receipts(id).iter().filter(|(_, receipt, ..)| *receipt == Receipt::Sent).count(), 1_000);
    assert!(messages.len() < 80, "{} messages", messages.len());
}

#[tokio::test]
async fn what_was_being_sent_when_the_process_died_is_sent_once_more() {
    let clock = clock();
    let duty = wecom(&clock);
    let text = format!("[network]\nprivate = [\"{}\"]\n{}", duty.at, told("duty", "wecom", &duty, ""));
    let mut house = House::open(tempfile::tempdir().unwrap(), &clock, &text);
    let id = house.incident("水压不足");
    house.queue(id, false);
    for life in 1..=3 {
        house.dispatcher.route().await.unwrap();
        let queue = house.dispatcher.reader.queue("duty", clock.now(), 10).unwrap();
        let waiting = queue.waiting.first().cloned();
        if let Some(waiting) = waiting {
            assert!(life <= 2, "a third time");
            assert_eq!(waiting.again, life == 2);
            house.store.begin_message("duty", vec![waiting.id], waiting.message, clock.now()).unwrap();
        }
        house = house.crash(&text);
        assert_eq!(house.dispatcher.recover().await.unwrap(), usize::from(life <= 2));
        clock.set(clock.now() + 60);
    }
    assert_eq!(house.receipts(id), [("duty".to_owned(), Receipt::Uncertain, true, None)]);
}

#[tokio::test]
async fn a_channel_that_is_not_configured_any_more_holds_nothing_back() {
    let clock = clock();
    let duty = wecom(&clock);
    duty.will(&[Turn::Says(503, "")]);
    let text = format!("[network]\nprivate = [\"{}\"]\n{}", duty.at, told("duty", "wecom", &duty, ""));
    let house = House::open(tempfile::tempdir().unwrap(), &clock, &text);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(1).await;
    let house = house.crash("");
    house.seconds(1).await;
    assert_eq!(house.receipts(id), [("duty".to_owned(), Receipt::Refused, false, None)]);
    assert_eq!(house.dispatcher.reader.outbox_health(clock.now()).unwrap().oldest, None);
}

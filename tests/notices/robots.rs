//! What robots and webhooks check of a message, and what they answer.

use std::sync::Arc;

use caifeng::clock::Clock as _;
use caifeng::notify::{DeliveryState, Receipt};

use super::house::{AUTH, HOSTILE, House, KEY, SECRET, TOKEN, clock, holds, mail, meter, told, wecom};
use crate::post::{self, Server, Turn, subject};

#[tokio::test]
async fn each_robot_gets_what_it_checks_and_the_record_its_receipts() {
    let clock = clock();
    let duty = wecom(&clock);
    let ding = post::dingtalk(TOKEN, SECRET, meter(&clock, 20, 600));
    let fei = post::feishu(TOKEN, SECRET, meter(&clock, 100, 60));
    let hook = {
        let clock = Arc::clone(&clock);
        post::receiver(SECRET, move || clock.now())
    };
    let channels = [
        "link = \"https://caifeng.a.gov.cn/\"\n".to_owned(),
        told("duty", "wecom", &duty, ""),
        told("ding", "dingtalk", &ding, ""),
        told("fei", "feishu", &fei, ""),
        told("hook", "webhook", &hook, ""),
    ];
    let house = House::new(&clock, &[&duty, &ding, &fei, &hook], &channels.concat());
    let id = house.incident("城南水厂爆管");
    house.queue(id, true);
    house.seconds(1).await;
    let states: Vec<_> = house.stands().into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [DeliveryState::Sent; 4], "{:?}", house.newest());
    let expected = format!(
        "【采风·紧急】#{id}「城南水厂爆管」（未归类）有人报送了信息（致：领导小组）\nhttps://caifeng.a.gov.cn/incidents/{id}"
    );
    for server in [&duty, &ding, &fei] {
        let asked = server.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].text(), expected);
        assert_eq!(asked[0].field("authorization"), "");
    }
    let asked = hook.asked().remove(0);
    assert_eq!(asked.body["notices"][0]["incident"], id);
    assert_eq!(asked.body["again"], false);
    let channels: Vec<String> = house
        .receipts(id)
        .into_iter()
        .map(|(channel, receipt, again, _)| {
            assert_eq!((receipt, again), (Receipt::Sent, false));
            channel
        })
        .collect();
    assert_eq!(channels, ["duty", "ding", "fei", "hook"]);
    assert!(house.dispatcher.reader.verify_chain(None).unwrap().is_ok());
    house.seconds(120).await;
    assert!(duty.asked().is_empty() && hook.asked().is_empty(), "once");
    for secret in [KEY, TOKEN, SECRET] {
        assert!(!holds(&house.kept(), secret), "{secret} is in the store");
    }
}

#[tokio::test]
async fn what_the_public_wrote_is_obeyed_by_nobody() {
    let clock = clock();
    let (duty, fei, office) = (wecom(&clock), post::feishu(TOKEN, SECRET, meter(&clock, 100, 60)), Server::smtp(AUTH));
    let channels = told("duty", "wecom", &duty, "")
        + &told("fei", "feishu", &fei, "")
        + &mail(&office, &["li@a.gov.cn"], "tell = [\"leading-group\"]");
    let house = House::new(&clock, &[&duty, &fei, &office], &channels);
    let id = house.incident(HOSTILE);
    house.queue(id, false);
    house.seconds(1).await;
    for text in [duty.asked()[0].text().to_owned(), fei.asked()[0].text().to_owned()] {
        for obeyed in ["@", "<at", "://evil", "\r", "\u{202e}", "\u{0}"] {
            assert!(!text.contains(obeyed), "{obeyed:?}: {text}");
        }
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("＠all ＜at user_id=\"all\"＞所有人"), "{text}");
    }
    let letter = office.letters().remove(0);
    assert_eq!(letter.to, ["li@a.gov.cn"]);
    assert!(!letter.head.iter().any(|(name, _)| name.eq_ignore_ascii_case("bcc")), "{:?}", letter.head);
    let subject = subject(letter.field("Subject"));
    assert!(subject.starts_with("【采风】#1「＠all") && !subject.contains(['\n', '\u{202e}']), "{subject}");
    assert!(letter.text.contains("Bcc: e＠evil.example"), "{}", letter.text);
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_at_a_character_and_keeps_its_link() {
    let clock = clock();
    let duty = wecom(&clock);
    let link = format!("https://caifeng.a.gov.cn/{}", "a".repeat(1_850));
    let house = House::new(&clock, &[&duty], &format!("link = \"{link}\"\n{}", told("duty", "wecom", &duty, "")));
    let id = house.incident(&"水厂爆管停水".repeat(30));
    house.queue(id, false);
    house.seconds(1).await;
    assert_eq!(house.stands(), [("duty".to_owned(), DeliveryState::Sent)], "the robot counts bytes");
    let text = duty.asked().remove(0).text().to_owned();
    assert!(text.len() <= 2_048 && text.contains("…\nhttps://caifeng.a.gov.cn/aaa"), "{text}");
    assert!(text.ends_with(&format!("/incidents/{id}")));
}

#[tokio::test]
async fn an_error_inside_200_goes_to_the_next_channel_at_once() {
    let clock = clock();
    let (duty, office) = (wecom(&clock), Server::smtp(AUTH));
    duty.will(&[Turn::Says(200, r#"{"errcode":93000,"errmsg":"invalid webhook url, hint: wecom-key-693a91f6"}"#)]);
    let channels = told("duty", "wecom", &duty, "next = \"office\"") + &mail(&office, &["li@a.gov.cn"], "");
    let house = House::new(&clock, &[&duty, &office], &channels);
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(2).await;
    let sent = ("office".to_owned(), Receipt::Sent, false, None);
    assert_eq!(house.receipts(id), [("duty".to_owned(), Receipt::Refused, false, Some(93_000)), sent]);
    let why = house.newest().deliveries[0].why.clone().unwrap();
    assert_eq!(
        why, "error 93000: invalid webhook url, hint: [secret]",
        "a robot that repeats its key gives it to nobody"
    );
    assert_eq!(office.letters().len(), 1);
    house.seconds(90).await;
    assert!(duty.asked().len() == 1 && office.letters().is_empty(), "and stays there");
}

#[tokio::test]
async fn a_robot_that_mutes_is_left_alone_for_as_long_and_nothing_is_lost() {
    let clock = clock();
    // Somebody else has used the limit up.
    let ding = post::dingtalk(TOKEN, SECRET, meter(&clock, 20, 600));
    ding.will(&[Turn::Says(200, r#"{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}"#)]);
    let house = House::new(&clock, &[&ding], &told("ding", "dingtalk", &ding, ""));
    let id = house.incident("水压不足");
    (0..3).for_each(|_| house.queue(id, false));
    house.seconds(600).await;
    assert_eq!(ding.asked().len(), 1, "ten minutes of silence");
    house.seconds(2).await;
    assert_eq!(ding.asked().len(), 3);
    assert_eq!(house.receipts(id).len(), 3);
    assert_eq!(house.dispatcher.reader.outbox_health(clock.now()).unwrap().waiting, 0);
}

#[tokio::test]
async fn nothing_inside_the_network_is_reached_that_is_not_listed_and_no_redirect_is_followed() {
    let clock = clock();
    let (duty, inside, office) = (wecom(&clock), Server::http(|_| (200, "{}".into())), Server::smtp(AUTH));
    let channels = told("duty", "wecom", &duty, "") + &mail(&office, &["a@a.gov.cn"], "tell = [\"leading-group\"]");
    let unlisted = House::new(&clock, &[], &channels);
    let id = unlisted.incident("水压不足");
    unlisted.queue(id, false);
    unlisted.seconds(2).await;
    let states: Vec<_> = unlisted.stands().into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [DeliveryState::Refused; 2]);
    for row in unlisted.newest().deliveries {
        assert!(row.why.unwrap().contains("[network] private"));
    }
    assert_eq!((duty.connections(), office.connections()), (0, 0));

    let to: &'static str = Box::leak(format!("http://{}/", inside.at).into_boxed_str());
    duty.will(&[Turn::Sends(to)]);
    let house = House::new(&clock, &[&duty, &inside], &told("duty", "wecom", &duty, ""));
    let id = house.incident("水压不足");
    house.queue(id, false);
    house.seconds(2).await;
    assert_eq!(house.receipts(id), [("duty".to_owned(), Receipt::Refused, false, Some(302))]);
    assert_eq!(inside.connections(), 0);
}

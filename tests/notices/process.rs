//! What takes the binary: a kill, a trial, an address of somebody's own.

use std::time::Duration;

use super::house::{AUTH, KEY, clock, mail, meter, secrets, told};
use crate::people::Office;
use crate::post::{self, Server, Turn};
use crate::terminal;
use crate::terminal::Place;

/// A place whose daemon tells the leading group by a robot.
fn office(duty: &Server, more: &str) -> Office {
    let office = Office::new();
    let channels = told("duty", "wecom", duty, more);
    let topic = "[[topic]]\nname = \"水\"\nany = [\"水\"]\n";
    let config =
        format!("[network]\nprivate = [\"{}\"]\n{topic}[notify]\nlink = \"https://c.a.gov.cn\"\n{channels}", duty.at);
    office.place.write("data/caifeng.toml", config);
    std::fs::copy(secrets(&office.place.path(".")), office.place.path("data/secrets.toml")).unwrap();
    office
}

#[test]
fn kill_9_between_sending_and_noting_it_loses_nothing_and_sends_twice_at_most() {
    let clock = clock();
    let duty = post::wecom(KEY, meter(&clock, 1_000, 60));
    duty.will(&[Turn::Hangs, Turn::Hangs]);
    let office = office(&duty, "");
    office.run("li", "submit --text 水管又破了没人管").ends(0);
    let (first, _) = office.place.serve("--data data");
    let text = duty.wait().text().to_owned();
    assert!(text.starts_with("【采风"), "{text}");
    first.kill();
    let (second, _) = office.place.serve("--data data");
    let again = duty.wait().text().to_owned();
    assert!(again.contains("（可能重复）"), "{again}");
    second.kill();
    let (mut third, address) = office.place.serve("--data data");
    // It is in the product, and the robot is told nothing a third time: another notice goes past it.
    office.run("li", "submit --text 路灯坏了很久没人修").ends(0);
    let other = duty.wait().text().to_owned();
    assert!(!other.contains("可能重复"), "{other}");
    let listed = office.place.run("notify list --data data --json").ends(0).json();
    let uncertain = listed.iter().find(|row| row["deliveries"][0]["state"] == "uncertain").expect("it says so");
    assert_eq!(uncertain["deliveries"][0]["again"], true);
    let shown = office.place.run(&format!("notify show {} --data data", uncertain["id"])).ends(0).out;
    assert!(shown.contains("duty  uncertain") && shown.contains("possibly repeated"), "{shown}");
    let ready = terminal::http(&address, "GET /readyz HTTP/1.1\nHost: 127.0.0.1");
    assert!(ready.contains("\"notices\":{"), "{ready}");
    let cookie = office.enters("li", "data", &address);
    let asked = format!("GET / HTTP/1.1\nHost: 127.0.0.1\nAccept-Language: zh-CN\nCookie: {cookie}");
    let page = terminal::http(&address, &asked);
    assert!(page.contains("有人报送了信息"), "the newest notices are on the first page");
    third.terminate();
    office.place.run("audit verify --data data").ends(0);
}

#[test]
fn a_channel_can_be_tried_and_its_key_is_shown_by_nothing() {
    let clock = clock();
    let duty = post::wecom(KEY, meter(&clock, 1_000, 60));
    let office = office(&duty, "");
    let place: &Place = &office.place;
    let said = place.run("notify test duty --data data").ends(0);
    assert_eq!(said.out, "duty sent\n");
    assert_eq!(duty.wait().text(), "【采风】这是一条测试提醒，渠道 duty 可用。\nhttps://c.a.gov.cn");
    duty.will(&[
        Turn::Says(200, r#"{"errcode":93000,"errmsg":"bad key wecom-key-693a91f6"}"#),
        Turn::Says(503, ""),
        Turn::Closes,
    ]);
    let refused = place.run("notify test duty --data data --json").ends(1);
    assert_eq!(refused.json()[0]["why"], "error 93000: bad key [secret]");
    let later = place.run("notify test duty --data data").ends(4);
    assert_eq!(later.out, "duty not now: it answers 503\n");
    assert!(place.run("notify test duty --data data").ends(4).out.starts_with("duty no answer: "));
    let missing = place.run("notify test dutty --data data").ends(2);
    assert_eq!(missing.err, "error: no such channel: dutty (there are: duty)\n");
    place.run("notify test duty --to a@b.cn --data data").ends(2);
    std::fs::remove_file(place.path("data/secrets.toml")).unwrap();
    let keyless = place.run("notify test duty --data data").ends(2);
    assert!(keyless.err.contains("write [notify.duty] and key"), "{keyless}");
    let standing = place.run("notify channels --data data").ends(0).out;
    assert!(standing.contains("secrets.toml lacks [notify.duty] key"), "{standing}");
    for command in ["config show", "notify channels --json", "notify list"] {
        assert!(!place.run(&format!("{command} --data data")).out.contains(KEY), "{command}");
    }
}

#[test]
fn somebody_is_told_at_their_own_address_and_the_record_does_not_hold_it() {
    let clock = clock();
    let (duty, post_office) = (post::wecom(KEY, meter(&clock, 1_000, 60)), Server::smtp(AUTH));
    let office = office(&duty, "");
    let config = std::fs::read_to_string(office.place.path("data/caifeng.toml")).unwrap();
    let config = config.replace("private = [", &format!("private = [\"{}\", ", post_office.at));
    office.place.write("data/caifeng.toml", config + &mail(&post_office, &[], ""));
    let added = office.run("li", "notify own add office li@home.example --json").ends(0).json();
    assert_eq!(added[0][0]["address"], "li@home.example");
    office.run("li", "notify own add offic li@home.example").ends(2);
    office.run("li", "notify own add office li").ends(2);
    office.run("li", "notify own remove office wu@home.example").ends(2);
    office.run("li", "submit --text 水管又破了没人管").ends(0);
    let (mut daemon, _) = office.place.serve("--data data");
    duty.wait();
    let letter = std::iter::repeat_with(|| post_office.letters()).take(600).find_map(|mut letters| {
        std::thread::park_timeout(Duration::from_millis(50));
        letters.pop()
    });
    assert_eq!(letter.expect("a letter").to, ["li@home.example"]);
    daemon.terminate();
    let shown = office.place.run("notify list --data data --json").ends(0).out;
    assert!(shown.contains("li@home.example"), "{shown}");
    let trail = office.place.run("incident show 1 --data data --json").ends(0).out;
    assert!(trail.contains("\"notified\"") && !trail.contains("home.example"), "{trail}");
    office.run("li", "notify own remove office li@home.example").ends(0);
    office.place.run("audit verify --data data").ends(0);
}

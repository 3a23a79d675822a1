//! A machine whose clock is wrong: noticed, told, and never followed back behind the record.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod terminal;

use caifeng::clock::{Clock as _, SystemClock};
use caifeng::store::Store;
use people::Office;
use terminal::{Place, http};

const DAY: i64 = 86_400;

/// A directory whose record is a day ahead of the machine's clock, as after the clock was set back while nobody ran.
fn ahead() -> (Place, i64) {
    let place = Place::new();
    place.write("data/caifeng.toml", "[organisation]\nname = \"县城管局\"\n");
    place.run("submit --text 桥东路的路灯坏了半个月没有人来修 --data data").ends(0);
    let record = SystemClock.now() + DAY;
    let store = Store::open(&place.path("data"), None).unwrap();
    store.tend(record, None, vec![]).unwrap();
    store.close();
    (place, record)
}

#[test]
fn a_clock_that_was_set_back_while_nobody_ran_is_noticed_and_told() {
    let (place, record) = ahead();
    let said = place.run("submit --text 六路公交车什么时候恢复到医院的班次 --data data --json").ends(0);
    assert!(said.err.contains("before the latest moment on record: times go on from there"), "{said}");
    let id = said.json()[0]["incident"].clone();
    let case = place.run(&format!("incident show {id} --data data --json")).ends(0).json().remove(0);
    let opened: jiff::Timestamp = case["opened"].as_str().unwrap().parse().unwrap();
    assert!((record..record + 600).contains(&opened.as_second()), "time goes on from the record: {case}");
    let office = Office::at(place);
    let (_daemon, address) = office.place.serve("--data data");
    let cookie = office.enters("li", "data", &address);
    for (tag, words) in [("en", "The clock of this machine is 1 d behind"), ("zh-CN", "本机时钟慢了 1 天")] {
        let page =
            http(&address, &format!("GET / HTTP/1.1\nHost: {address}\nCookie: {cookie}\nAccept-Language: {tag}\n"));
        assert!(page.contains(words), "{tag}: {page}");
    }
}

#[test]
fn a_record_that_is_ahead_is_left_behind_by_a_person_who_says_so() {
    let (place, record) = ahead();
    place.run("user add wang --role system --data data --out wang.token").ends(0);
    place.run("config trust-clock --data data").ends(1);
    let said = place.run("config trust-clock --data data --token wang.token --json").ends(0).json().remove(0);
    let told: jiff::Timestamp = said["record"].as_str().unwrap().parse().unwrap();
    assert!(told.as_second() >= record, "{said}");
    let calm = place.run("clocks --data data").ends(0);
    assert_eq!(calm.err, "", "{calm}");
    let again = place.run("config trust-clock --data data --token wang.token").ends(0);
    assert!(again.out.contains("the record is not ahead"), "{again}");
    place.run("audit verify --data data").ends(0);
}

#[test]
fn a_clock_that_is_right_is_not_spoken_of() {
    let place = Place::new();
    place.write("data/caifeng.toml", "[organisation]\nname = \"县城管局\"\n");
    let said = place.run("submit --text 桥东路的路灯坏了半个月没有人来修 --data data").ends(0);
    assert!(!said.err.contains("clock"), "{said}");
    let office = Office::at(place);
    let (_daemon, address) = office.place.serve("--data data");
    let cookie = office.enters("li", "data", &address);
    let page = http(&address, &format!("GET / HTTP/1.1\nHost: {address}\nCookie: {cookie}\nAccept-Language: en\n"));
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("<main") && !page.contains("id=\"duties\""), "{page}");
}

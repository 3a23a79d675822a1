//! Incidents handled by the command line alone: by people with roles, on what they saw, against clocks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod recording;
mod site;
mod terminal;

use people::Office;
use serde_json::Value;
use site::Site;
use terminal::Place;

/// Somebody hands in a text; the incident that it opens.
fn submitted(office: &Office, text: &str) -> i64 {
    let said = office.place.run_with("submit --text - --data data --token li.token --json", text).ends(0);
    said.json()[0]["incident"].as_i64().unwrap()
}

fn events(case: &Value) -> Vec<String> {
    let name = |told: &Value| {
        let event = &told["event"];
        let what = event["what"].as_str().map_or_else(String::new, |what| format!(" {what}"));
        format!("{}{what}", event["event"].as_str().unwrap())
    };
    case["events"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn an_emergency_is_decided_handled_and_not_closed_without_its_facts() {
    let office = Office::new();
    let id = submitted(&office, "桥东小学门口的路面刚刚塌了，有学生掉下去了！");
    let case = office.case(id);
    assert_eq!((&case["state"], &case["version"]), (&"new".into(), &0.into()), "{case}");
    office.li(id, "assess", "emergency --level i --reason 有人受伤").ends(0);
    office.li(id, "assign", "chen").ends(0);
    let clocks = office.place.run(&format!("clocks --incident {id} --data data --json")).ends(0).json();
    let facts = clocks.iter().find(|clock| clock["clock"] == "facts").unwrap();
    assert_eq!(facts["state"], "running", "{facts}");
    let early = office.chen(id, "step", "investigate --note 原因未明").ends(1);
    assert!(early.err.contains("comes after on-site"), "{early}");
    office.chen(id, "step", "on-site --note 陈科长八点到场").ends(0);
    office.chen(id, "step", "investigate --note 已核实:两人轻伤").ends(0);
    let bare = office.chen(id, "step", "publish").ends(1);
    assert!(bare.err.contains("may not do this: it takes spokesperson, leading-group"), "{bare}");
    let bare = office.li(id, "step", "publish").ends(1);
    assert!(bare.err.contains("the step publish needs evidence: reply"), "{bare}");
    let invented = office.li(id, "step", "publish --reply 9").ends(1);
    assert!(invented.err.contains("no reply 9 of this incident"), "{invented}");
    let open = office.li(id, "close", "--reason 处置完毕").ends(1);
    assert!(open.err.contains("not all is done: publish"), "{open}");
    let case = office.case(id);
    assert_eq!((&case["state"], &case["owner"]), (&"handling".into(), &"u5".into()));
    assert!(events(&case).contains(&"clock started".to_owned()), "{:?}", events(&case));
    office.place.run("audit verify --data data").ends(0);
}

#[test]
fn what_two_people_decide_at_once_is_decided_once() {
    let office = Office::new();
    let id = submitted(&office, "建议在县图书馆二楼阅览室加装一台饮水机。");
    let saw = office.version(id);
    office.li(id, "assess", "suggestion --reason 合理").ends(0);
    let late = office.run("li", &format!("incident dismiss {id}@{saw} --reason 重复")).ends(1);
    assert!(late.err.contains("it is at 1 now (assessed by leading-group)"), "{late}");
    let without = office.run("li", &format!("incident dismiss {id} --reason 重复")).ends(2);
    assert!(without.err.contains("12@3"), "{without}");
    let nobody = office.place.run(&format!("incident dismiss {id}@1 --reason 重复 --data data")).ends(1);
    assert!(nobody.err.contains("personal token"), "{nobody}");
}

#[test]
fn merged_by_mistake_split_by_hand_and_put_right_again() {
    let office = Office::new();
    let lamp = submitted(&office, "桥东路的路灯坏了半个月，晚上出门看不见路，打了三次电话都没有人来修。");
    let bus = submitted(&office, "请问6路公交车什么时候恢复到医院的班次？老人看病很不方便。");
    let into = office.version(lamp);
    office.li(bus, "merge", &format!("--into {lamp}@{into}")).ends(0);
    let case = office.case(lamp);
    assert_eq!(case["posts_shown"].as_array().unwrap().len(), 2, "{case}");
    assert_eq!(office.case(bus)["merged_into"], lamp);
    let refused = office.li(bus, "undo", "").ends(1);
    assert!(refused.err.contains(&format!("undo it there, caifeng incident undo {lamp}")), "{refused}");
    office.li(lamp, "undo", "").ends(0);
    assert_eq!(office.case(bus)["state"], "new");
    office.li(bus, "merge", &format!("--into {lamp}@{}", office.version(lamp))).ends(0);
    let key = office.case(lamp)["posts_shown"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|post| post["text"].as_str().unwrap().contains("公交").then(|| post["post"].as_i64().unwrap()));
    let split = office.li(lamp, "split", &format!("--post {} --json", key.unwrap())).ends(0).json().remove(0);
    let part = split["other"].as_i64().unwrap();
    assert_eq!(office.case(part)["posts"], 1);
    office.place.run("audit verify --data data").ends(0);
}

/// The record says who, in which role, known by which token; the words are beside it and can go.
#[test]
fn every_decision_names_its_person_and_every_reason_can_be_deleted() {
    let office = Office::new();
    let id = submitted(&office, "请问农村低保名额怎么公示？");
    office.li(id, "assess", "problem --reason 公示不到位").ends(0);
    let case = office.case(id);
    let assessed = case["events"].as_array().unwrap().iter().find(|told| told["event"]["event"] == "assessed").unwrap();
    assert_eq!(assessed["note"], "公示不到位");
    let by = &assessed["by"];
    assert_eq!((&by["user"], &by["role"]), (&"u4".into(), &"leading-group".into()), "{assessed}");
    assert!(by["token"].is_i64(), "{assessed}");
    let shown = office.place.run(&format!("incident show {id} --data data")).ends(0);
    for words in [
        "problem (by leading-group)",
        "[ ]  apologise  致歉叫停 (apologise and stop)",
        "li (u4) as leading-group: 公示不到位",
    ] {
        assert!(shown.out.contains(words), "{words}: {shown}");
    }
}

/// Whoever asks names what they said; nobody is looked for.
#[test]
fn a_person_who_asks_is_answered() {
    let office = Office::new();
    let url = "https://bbs.example/t/1";
    let text = format!("submit --text 我家门口的井盖松动了三个月没人管 --url {url} --data data --token li.token");
    office.place.run(&text).ends(0);
    let kept = office.place.run(&format!("person export {url} --data data")).ends(0).json().remove(0);
    assert_eq!(kept["post"]["text"], "我家门口的井盖松动了三个月没人管");
    office.place.run("person export https://bbs.example/t/2 --data data").ends(2);
    office.run("li", &format!("person erase {url} --reason 本人要求")).ends(1);
    let erased = office.run("han", &format!("person erase {url} --reason 本人要求")).ends(0);
    assert_eq!(erased.out, "1 posts erased\n", "it was handed in: no page was captured");
    office.place.run(&format!("person export {url} --data data")).ends(2);
    assert_eq!(office.place.run("posts --data data").ends(0).out, "");
    let case = office.case(1);
    assert!(events(&case).contains(&"erased".to_owned()), "{case}");
    assert!(!case.to_string().contains("井盖"), "no word of it is left: {case}");
    office.place.run("audit verify --data data").ends(0);
    let file = std::fs::read(office.place.path("data/caifeng.db")).unwrap();
    let words = "井盖松动".as_bytes();
    assert!(!file.windows(words.len()).any(|window| window == words));
}

/// `ID@VERSION` of a reply or a referral, as a command's JSON says it.
fn at(said: &terminal::Said, kind: &str) -> String {
    let row = said.json().remove(0);
    format!("{}@{}", row["id"], row[kind]["version"])
}

#[test]
fn an_answer_goes_from_a_draft_to_its_receipt_and_ends_its_clocks() {
    let office = Office::new();
    office.place.write("data/caifeng.toml", "[organisation]\nname = \"县城管局\"\naccounts = [\"letters:cg\"]\n");
    let id = submitted(&office, "桥东路的路灯坏了半个月，晚上出门看不见路，打了三次电话都没有人来修。");
    office.li(id, "assess", "problem --reason 属实").ends(0);
    let draft = |who: &str, text: &str, more: &str| {
        office.run(who, &format!("reply draft {id} --form comment --channel letters --text {text} --json {more}"))
    };
    let groundless = draft("li", "县城管局7月1日修好了路灯[post:99]。", "").ends(2);
    assert!(groundless.err.contains("[post:99]: there is no such post in this incident"), "{groundless}");
    let groundless = draft("li", "县城管局7月1日修好了路灯[doc:0123456789].", "").ends(2);
    assert!(groundless.err.contains("there is no such document"), "{groundless}");
    let written = draft("li", "县城管局7月1日修好了桥东路的路灯。", "").ends(0);
    assert!(!written.err.contains("points at"), "{written}");
    let first = at(&written, "reply");
    let own = office.run("li", &format!("reply review {first}")).ends(1);
    assert!(own.err.contains("you wrote this text"), "{own}");
    let staff = office.run("chen", &format!("reply review {first}")).ends(1);
    assert!(staff.err.contains("may not do this: leading-group, spokesperson, legal may"), "{staff}");
    let reviewed = at(&office.run("han", &format!("reply review {first} --json")).ends(0), "reply");
    let late = office.run("zhou", &format!("reply approve {first}")).ends(1);
    assert!(late.err.contains("the reply has changed since version 1, it is at 2 now"), "{late}");
    let approved = at(&office.run("zhou", &format!("reply approve {reviewed} --json")).ends(0), "reply");
    let private = office.run("sun", &format!("reply publish {approved} --account weibo:2")).ends(1);
    assert!(private.err.contains("no registered official account"), "{private}");
    let published = office.run("sun", &format!("reply publish {approved} --account letters:cg --json")).ends(0);
    let published = at(&published, "reply");
    office.place.write("shot.png", "what the page showed");
    office.run("sun", &format!("reply receipt {published} --document shot.png")).ends(0);
    assert!(events(&office.case(id)).contains(&"answered".to_owned()));
    let clocks = office.place.run(&format!("clocks --incident {id} --data data --json")).ends(0).json();
    let answer = clocks.iter().find(|clock| clock["clock"] == "answer").unwrap();
    assert!(answer["state"]["met"].is_i64() && answer["late"] == 0, "{answer}");
    let shown = office.place.run("reply show 1 --data data").ends(0);
    for words in ["receipted", "written by u4", "reviewed by u6", "approved by u8", "as letters:cg"] {
        assert!(shown.out.contains(words), "{words}: {shown}");
    }
    office.li(id, "step", "apologise --note 7月1日起停用坏灯杆 --reply 1").ends(0);
    office.place.run("audit verify --data data").ends(0);
}

#[test]
fn criticism_is_never_referred_and_says_why_all_at_once() {
    let office = Office::new();
    let id = submitted(&office, "这个局太差了，路灯坏了半个月也没人管！");
    office.li(id, "assess", "rumour --reason 查").ends(0);
    let post = office.case(id)["posts_shown"][0]["post"].clone();
    let refused = office.run("han", &format!("referral propose {id} --post {post} --claim 这个局太差了")).ends(1);
    for words in ["an opinion or a harsh word", "no document shows", "no published reply rebuts", "has not consented"] {
        assert!(refused.err.contains(words), "{words}: {refused}");
    }
    assert_eq!(office.place.run("referral list --data data").ends(0).out, "");
}

/// An answer that was published under the registered account, by everybody whom that takes; `ID@VERSION`.
fn published(office: &Office, id: i64, text: &str) -> String {
    let draft = format!("reply draft {id} --form comment --channel letters --text {text} --json");
    let first = at(&office.run("li", &draft).ends(0), "reply");
    let reviewed = at(&office.run("han", &format!("reply review {first} --json")).ends(0), "reply");
    let approved = at(&office.run("zhou", &format!("reply approve {reviewed} --json")).ends(0), "reply");
    let publish = format!("reply publish {approved} --account letters:cg --json");
    at(&office.run("sun", &publish).ends(0), "reply")
}

#[test]
fn a_receipt_is_what_the_site_shows_kept_with_its_hash() {
    const TEXT: &str = "县城管局7月1日修好了桥东路的路灯。";
    const PAGE: &str = "<html><body><p>答复：</p><p>县城管局7月1日<b>修好了</b>桥东路的路灯。</p></body></html>";
    let site = Site::serve(|path, _| match path {
        "/robots.txt" => ("404 Not Found".to_owned(), String::new()),
        "/ours" => ("200 OK\r\nContent-Type: text/html; charset=utf-8".to_owned(), PAGE.to_owned()),
        "/other" => ("200 OK\r\nContent-Type: text/html; charset=utf-8".to_owned(), "<p>公告</p>".to_owned()),
        _ => ("404 Not Found".to_owned(), "没有这一页".to_owned()),
    });
    let office = Office::new();
    let organisation = "[organisation]\nname = \"县城管局\"\naccounts = [\"letters:cg\"]\n";
    office.place.write("data/caifeng.toml", format!("{organisation}{}", site.config(&[], "")));
    let id = submitted(&office, "桥东路的路灯坏了半个月，晚上出门看不见路，打了三次电话都没有人来修。");
    office.li(id, "assess", "problem --reason 属实").ends(0);
    let receipt =
        |at: &str, path: &str| office.run("sun", &format!("reply receipt {at} http://{}{path} --json", site.at));
    let first = published(&office, id, TEXT);
    let gone = receipt(&first, "/nosuch").ends(1);
    assert!(gone.err.contains("the site answers 404"), "{gone}");
    assert!(!events(&office.case(id)).contains(&"answered".to_owned()), "nothing is recorded");
    let kept = receipt(&first, "/ours").ends(0).json().remove(0);
    let shown = &kept["reply"]["receipt"];
    assert_eq!((&shown["found"], &shown["document"]), (&true.into(), &false.into()), "{kept}");
    let told = office.place.run("reply show 1 --data data --json").ends(0).json().remove(0);
    assert_eq!(told["page"], format!("http://{}/ours", site.at), "{told}");
    assert_eq!(told["effect"]["windows"][0]["reading"], "too-early", "{told}");
    // The capture is the answer of the site, byte for byte, and retention keeps it.
    let digest = shown["capture"].as_str().unwrap().to_owned();
    office.place.write("body.html", PAGE);
    let sum = office.place.finish("sha256sum", {
        let mut sum = office.place.program("sha256sum");
        sum.arg("body.html");
        sum
    });
    assert!(sum.out.starts_with(&digest), "{sum}");
    let second = published(&office, id, TEXT);
    let elsewhere = receipt(&second, "/other").ends(0);
    assert!(elsewhere.err.contains("the approved text was not found on it"), "{elsewhere}");
    office.place.run("audit verify --data data").ends(0);
}

/// Every command acts as a user, once there are any; before, it says that there are none.
#[test]
fn sweeping_letting_go_and_handing_out_take_somebody_who_may() {
    let site = Site::serve(|path, _| match path {
        "/feed" => ("200 OK\r\nContent-Type: application/atom+xml".to_owned(), site::archive(1, 1)),
        _ => ("404 Not Found".to_owned(), String::new()),
    });
    let place = Place::new();
    place.write("data/caifeng.toml", site.config(&["/feed"], ""));
    for command in ["sweep --all --data data", "retain --data data", "evidence export 1 --data data -o first.warc.gz"] {
        let said = place.run(command).ends(0);
        assert!(said.err.contains("nobody has been added here yet"), "{said}");
    }
    let office = Office::at(place);
    let case = office.case(1);
    let handed = case["events"].as_array().unwrap().iter().find(|told| told["event"]["event"] == "handed-out").unwrap();
    assert!(handed["by"]["user"].as_str().unwrap().starts_with("uid:"), "{handed}");
    for (command, who) in [("sweep --all", "li"), ("retain", "wang"), ("evidence export 1 -o {}.warc.gz", "han")] {
        let nobody = office.place.run(&format!("{} --data data", command.replace("{}", "nobody"))).ends(1);
        assert!(nobody.err.contains("personal token"), "{nobody}");
        let wrong = if who == "wang" { "li" } else { "wang" };
        let refused = office.run(wrong, &command.replace("{}", wrong)).ends(1);
        assert!(refused.err.contains("your roles do not include this"), "{refused}");
        let done = office.run(who, &command.replace("{}", who)).ends(0);
        assert!(!done.err.contains("nobody has been added"), "{done}");
    }
    for name in ["nobody", "wang"] {
        assert!(!office.place.path(&format!("{name}.warc.gz")).exists(), "what was refused leaves nothing");
    }
    let case = office.case(1);
    let events = case["events"].as_array().unwrap();
    let handed: Vec<&Value> = events.iter().filter(|told| told["event"]["event"] == "handed-out").collect();
    let last = handed[1];
    assert_eq!((handed.len(), &last["by"]["user"], &last["by"]["role"]), (2, &"u6".into(), &"legal".into()), "{last}");
    let sum = office.place.finish("sha256sum", {
        let mut sum = office.place.program("sha256sum");
        sum.arg("han.warc.gz");
        sum
    });
    assert!(sum.out.starts_with(last["event"]["sha256"].as_str().unwrap()), "the event names the very file: {sum}");
    office.place.run("audit verify --data data").ends(0);
    // The same through a daemon, which knows the caller by the socket and the token.
    let (_daemon, _) = office.place.serve("--data data");
    for (command, who) in [("sweep --all", "li"), ("retain", "wang"), ("evidence export 1 -o daemon.warc.gz", "han")] {
        office.place.run(&format!("{command} --data data")).ends(1);
        office.run(who, command).ends(0);
    }
}

/// What was captured of a person who asks goes too, and the answer says when.
#[test]
fn whoever_asks_is_told_what_becomes_of_the_pages() {
    let entry = |n: u32, text: &str| {
        format!("<entry><id>p{n}</id><title>{text}</title><link href=\"/p/{n}\"/><content>{text}</content></entry>")
    };
    let both = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>清河</title>{}{}</feed>",
        entry(1, "我家门口的井盖松动了三个月没人管"),
        entry(2, "请问六路公交车什么时候恢复")
    );
    let site = Site::serve(move |path, _| match path {
        "/feed" => ("200 OK\r\nContent-Type: application/atom+xml".to_owned(), both.clone()),
        _ => ("404 Not Found".to_owned(), String::new()),
    });
    let place = Place::new();
    place.write("data/caifeng.toml", site.config(&["/feed"], ""));
    place.run("sweep --all --data data").ends(0);
    let office = Office::at(place);
    let url = |n: u32| format!("http://{}/p/{n}", site.at);
    let erase = |n: u32| office.run("han", &format!("person erase {} --reason 本人要求", url(n))).ends(0);
    let first = erase(1);
    assert!(first.out.contains("1 captured pages stay, because posts of somebody else rest on them"), "{first}");
    let second = erase(2);
    assert!(second.out.contains("1 captured pages go with the next `caifeng retain`"), "{second}");
    // A file that was written to just now is not touched yet: as if a minute had passed.
    let shell = |script: &str| {
        let mut shell = office.place.program("sh");
        shell.args(["-c", script]);
        office.place.finish(script, shell).ends(0).out
    };
    let captured = || shell("find data/evidence -name '*.warc.gz' -exec zcat {} +");
    assert!(captured().contains("井盖松动"));
    shell("touch -d '1 minute ago' $(find data/evidence -name '*.warc.gz')");
    let released = office.run("wang", "retain --json").ends(0).json().remove(0);
    assert_eq!((&released["captures"], &released["later"]), (&1.into(), &0.into()), "{released}");
    assert_eq!(captured(), "", "no page is left");
    office.place.run("audit verify --data data").ends(0);
}

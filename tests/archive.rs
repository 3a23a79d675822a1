//! Five incidents of the demo, one of each category, from first sight to the archive: by the command line alone, by
//! people with roles, on the demo's clock.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod terminal;

use people::Office;
use serde_json::Value;
use terminal::Place;

/// The people of the bureau and the demo's month, which goes on when the test says so.
struct Play {
    office: Office,
}

impl Play {
    /// Begins at a moment of the recorded month: what was recorded before has been heard.
    fn begin(at: &str) -> Self {
        let place = Place::new();
        place.run(&format!("demo --once --at {at}+08:00 --data data")).ends(0);
        for (name, words) in
            [("evidence.txt", "管网图与压力记录"), ("consent.txt", "同意发布"), ("check.txt", "核查记录")]
        {
            place.write(name, words);
        }
        place.write("shot.png", "what the page showed");
        Self { office: Office::at(place) }
    }

    /// Time passes.
    fn comes(&self, at: &str) {
        self.office.place.run(&format!("demo --once --at {at}+08:00 --data data")).ends(0);
    }

    fn list(&self) -> Vec<Value> {
        self.office.place.run("incident list --data data --json").ends(0).json()
    }

    /// The incident that is called so, and was first seen at this moment; nobody has decided anything about it.
    fn seen(&self, title: &str, opened: &str) -> i64 {
        let found = self.list().into_iter().find(|row| row["title"].as_str().unwrap().starts_with(title));
        let row = found.unwrap_or_else(|| panic!("nobody speaks of {title}"));
        assert_eq!((&row["state"], &row["opened"]), (&"new".into(), &opened.into()), "{row}");
        assert!(row["category_by"].as_str().unwrap().starts_with("triage@"), "a machine suggests: {row}");
        row["id"].as_i64().unwrap()
    }

    /// What it is, how serious, and whose.
    fn taken_up(&self, id: i64, assessment: &str) {
        self.office.li(id, "assess", assessment).ends(0);
        self.office.li(id, "assign", "chen").ends(0);
    }

    fn does(&self, who: &str, id: i64, step: &str, evidence: &str) {
        self.office.decides(who, id, "step", &format!("{step} {evidence}")).ends(0);
    }

    /// An answer, from its draft to its receipt: four people, the author first. Its number.
    fn answers(&self, id: i64, form_and_channel: &str, text: &str) -> i64 {
        let (form, channel) = form_and_channel.split_once(" on ").unwrap();
        let draft = format!("reply draft {id} --form {form} --channel {channel} --text {text}");
        let mut at = self.moves("chen", &draft);
        let own = self.office.run("chen", &format!("reply review {at}")).ends(1);
        assert!(own.err.contains("you wrote this text") || own.err.contains("may not do this"), "{own}");
        for (who, act, more) in
            [("han", "review", ""), ("zhou", "approve", ""), ("sun", "publish", "--account 云溪发改")]
        {
            at = self.moves(who, &format!("reply {act} {at} {more}"));
        }
        at = self.moves("sun", &format!("reply receipt {at} --document shot.png"));
        at.split_once('@').unwrap().0.parse().unwrap()
    }

    /// What a command about a reply or a referral leads to: `ID@VERSION`.
    fn moves(&self, who: &str, command: &str) -> String {
        let row = self.office.run(who, &format!("{command} --json")).ends(0).json().remove(0);
        let kind = if row["reply"].is_object() { "reply" } else { "referral" };
        format!("{}@{}", row["id"], row[kind]["version"])
    }

    /// How one of its clocks stands, in its latest round.
    fn clock(&self, id: i64, clock: &str) -> Value {
        let all = self.office.place.run(&format!("clocks --incident {id} --data data --json")).ends(0).json();
        all.into_iter().rfind(|row| row["clock"] == clock).unwrap_or_else(|| panic!("no clock {clock}"))
    }

    /// Moments at which a clock told something, from its end, and whether it escalated.
    fn told(&self, id: i64, clock: &str) -> Vec<(i64, i64, bool)> {
        let history = self.office.case(id)["events"].take();
        let told = history.as_array().unwrap().iter().map(|row| (&row["at"], &row["event"]));
        let rung = told.filter(|(_, told)| told["what"] == "rung" && told["clock"] == clock);
        rung.map(|(at, told)| {
            let number = |value: &Value| value.as_i64().unwrap();
            let (moment, planned) = (number(&told["moment"]), number(&told["planned"]));
            (number(at) - (planned - moment), moment, told["escalate"] == true)
        })
        .collect()
    }

    fn shows(&self, id: i64, words: &[&str]) {
        let shown = self.office.place.run(&format!("incident show {id} --data data")).ends(0);
        for words in words {
            assert!(shown.out.contains(words), "{words}: {shown}");
        }
    }

    /// It is over, and everything about it is handed out in one file that can be checked.
    fn archived(&self, id: i64) {
        assert_eq!(self.office.case(id)["state"], "closed");
        self.office.run("han", &format!("evidence export {id} -o archive-{id}.warc.gz")).ends(0);
        let mut sum = self.office.place.program("sha256sum");
        sum.args(["--quiet", "-c", &format!("archive-{id}.warc.gz.sha256")]);
        self.office.place.finish("sha256sum -c", sum).ends(0);
    }
}

/// A second in UTC.
fn second(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

#[test]
fn five_incidents_from_first_sight_to_the_archive() {
    let play = Play::begin("2026-06-27T18:05:00");
    let problem = play.seen("桐花苑施工又把煤气管挖断了", "2026-06-27T09:59:48Z");
    a_problem_is_apologised_for(&play, problem);
    play.comes("2026-06-28T12:05:00");
    let sensitive = play.seen("昨晚充电站打人", "2026-06-28T03:59:48Z");
    an_attitude_is_stated_and_the_cause_is_held(&play, sensitive);
    play.comes("2026-06-29T07:05:00");
    let emergency = play.seen("城东农贸市场煤气泄漏，人都往外跑", "2026-06-28T22:59:48Z");
    an_emergency_runs_against_two_hours(&play, emergency);
    play.comes("2026-06-29T16:05:00");
    let rumour = play.seen("重要！城东主管道全部报废", "2026-06-29T07:59:48Z");
    let referral = a_rumour_is_rebutted_and_rests(&play, rumour);
    play.comes("2026-06-29T20:05:00");
    it_is_watched(&play, emergency);
    play.comes("2026-06-30T12:05:00");
    let suggestion = play.seen("建议：给每个老小区建一张“管线二维码”", "2026-06-30T03:59:48Z");
    a_suggestion_is_thanked_for_and_collated(&play, suggestion);
    play.comes("2026-06-30T17:05:00");
    two_people_agree_after_a_night(&play, rumour, &referral);
    it_came_back(&play, emergency);
    play.comes("2026-07-03T10:00:00");
    what_was_promised_is_done(&play, problem, sensitive, suggestion);
    // What was said until the evening joined what was being handled; nobody has come back to it since.
    play.office.li(emergency, "close", "--reason 已重新接好并检测").ends(0);
    assert_eq!(play.office.case(emergency)["state"], "watching");
    play.comes("2026-08-05T09:00:00");
    play.office.li(emergency, "close", "--reason 跟踪期满").ends(0);
    for id in [problem, sensitive, emergency, rumour, suggestion] {
        play.archived(id);
    }
    response_times_are_those_of_the_record(&play);
    let verified = play.office.place.run("audit verify --data data").ends(0);
    assert!(verified.out.contains("consistent"), "{verified}");
}

/// P12.
fn a_problem_is_apologised_for(play: &Play, id: i64) {
    play.taken_up(id, "problem --level iv --reason 属实:未签保护协议");
    let early = play.office.chen(id, "step", "rectify --document evidence.txt").ends(1);
    assert!(early.err.contains("comes after apologise"), "{early}");
    let apology = play.answers(
        id,
        "comment on forum",
        "云溪县发改局为6月27日桐花苑停气致歉,施工已于当日10时叫停,7月2日前完成交底。",
    );
    play.does("chen", id, "apologise", &format!("--note 6月27日10时叫停施工 --reply {apology}"));
    play.shows(id, &["[x]", "致歉叫停 (apologise and stop)", "owner chen (u5)", "effect of reply", "too early"]);
    assert_eq!(play.clock(id, "answer")["late"], 0);
}

/// P14.
fn an_attitude_is_stated_and_the_cause_is_held(play: &Play, id: i64) {
    play.taken_up(id, "sensitive --level iii --reason 关注度高");
    let text = "经查,事件原因是三人酒后滋事。";
    let aid = play.office.place.run(&format!("reply aid {text} --category sensitive")).ends(0);
    assert!(aid.out.contains("cause"), "a cause that nobody has established is pointed at: {aid}");
    let attitude =
        play.answers(id, "comment on forum", "云溪县发改局关注到6月28日的帖子,已请公安机关核实,6月30日前再次说明。");
    play.does("sun", id, "attitude", &format!("--reply {attitude}"));
    play.does("chen", id, "hype", "--note 两小时内无新增转发");
}

/// P13: two hours, told on the way, missed, acknowledged, met at last.
fn an_emergency_runs_against_two_hours(play: &Play, id: i64) {
    play.taken_up(id, "emergency --level ii --reason 两人晕倒");
    play.does("chen", id, "on-site", "--note 七点零五分到场");
    assert_eq!(play.told(id, "facts"), []);
    play.comes("2026-06-29T09:05:00");
    // At the very second, whoever looked in between.
    assert_eq!(
        play.told(id, "facts"),
        [(-3600, -3600, false), (-1800, -1800, false), (-600, -600, false), (0, 0, true)]
    );
    play.shows(id, &["ESCALATED 2026-06-29T00:59:48Z  facts 两小时内发布事实 (facts within two hours)"]);
    play.office.run("zhou", &format!("incident acknowledge {id}")).ends(0);
    assert_eq!(play.office.case(id)["unacknowledged"], Value::Array(vec![]));
    play.does("chen", id, "investigate", "--note 已核实:东门管道泄漏,四人送医;未核实:原因");
    let open = play.office.li(id, "close", "--reason 完").ends(1);
    assert!(open.err.contains("not all is done: publish"), "{open}");
    let facts = play.answers(
        id,
        "statement on media",
        "6月29日6时40分城东农贸市场东门燃气管道泄漏,4人送医,无人死亡,12时再次发布。",
    );
    play.does("sun", id, "publish", &format!("--reply {facts}"));
    let clock = play.clock(id, "facts");
    let (met, due) = (clock["state"]["met"].as_i64().unwrap(), second(clock["due"].as_str().unwrap()));
    assert_eq!((due, clock["late"].as_i64().unwrap()), (second("2026-06-29T00:59:48Z"), met - due), "{clock}");
    for (norm, hours) in [("authoritative", 5), ("press", 24), ("answer", 48)] {
        let clock = play.clock(id, norm);
        let due = second(clock["due"].as_str().unwrap());
        assert_eq!((due - second("2026-06-28T22:59:48Z"), &clock["late"]), (hours * 3600, &0.into()), "{clock}");
    }
}

/// P17: a major incident is watched once it is handled, for thirty days, and not closed before.
fn it_is_watched(play: &Play, id: i64) {
    play.office.li(id, "close", "--reason 已关阀复气").ends(0);
    let case = play.office.case(id);
    assert_eq!(case["state"], "watching", "{case}");
    let (until, closed) = (second(case["watched_until"].as_str().unwrap()), "2026-06-29T12:05:00Z");
    assert!((0..600).contains(&(until - 30 * 86_400 - second(closed))), "thirty days from then: {case}");
    let early = play.office.li(id, "close", "--reason 完").ends(1);
    assert!(early.err.contains("it is watched until"), "{early}");
}

/// P16: to the gate, and no further on that day.
fn a_rumour_is_rebutted_and_rests(play: &Play, id: i64) -> String {
    play.taken_up(id, "rumour --level iii --reason 管网图证明不实");
    let posts = play.office.case(id)["posts_shown"].clone();
    let claim = posts.as_array().unwrap().last().unwrap()["post"].clone();
    play.does("chen", id, "claim", &format!("--capture {claim} --document evidence.txt"));
    play.does("li", id, "consent", "--consent 云溪燃气公司=consent.txt");
    let propose = format!(
        "referral propose {id} --post {claim} --claim 发改局6月29日已开会决定全城停气30天 --document evidence.txt"
    );
    let early = play.office.run("han", &propose).ends(1);
    assert!(early.err.contains("no published reply rebuts"), "{early}");
    let rebuttal = play.answers(
        id,
        "post on weibo",
        "6月29日停气只涉及城东约2300户,已恢复1600户,其余当晚恢复。管网图见政府网站。",
    );
    play.does("sun", id, "rebut", &format!("--reply {rebuttal}"));
    let proposed = play.moves("han", &propose);
    let rests = play.office.run("zhou", &format!("referral approve {proposed} --reason 影响恶劣")).ends(1);
    assert!(rests.err.contains("2026-06-30T08:0"), "it rests a day: {rests}");
    proposed
}

/// P16: legal and head, two people, after the night; the name is read once, and that is an event.
fn two_people_agree_after_a_night(play: &Play, id: i64, proposed: &str) {
    let legal = play.moves("han", &format!("referral approve {proposed} --reason 符合移送条件"));
    let both = play.moves("zhou", &format!("referral approve {legal} --reason 同意"));
    let wrong = play.office.run("zhou", &format!("referral export {both} -o refused.warc.gz")).ends(1);
    assert!(!play.office.place.path("refused.warc.gz").exists(), "{wrong}");
    play.office.run("han", &format!("referral export {both} -o referral.warc.gz")).ends(0);
    let number = both.split_once('@').unwrap().0;
    play.does("han", id, "refer", &format!("--referral {number}"));
    play.office.li(id, "close", "--reason 已澄清并移送").ends(0);
    play.shows(id, &[&format!("referral {number} exported"), "同意", "consent of 云溪燃气公司"]);
}

/// P15.
fn a_suggestion_is_thanked_for_and_collated(play: &Play, id: i64) {
    play.taken_up(id, "suggestion --level iv --reason 可行");
    let thanks =
        play.answers(id, "comment on forum", "感谢关于管线二维码的建议,由云溪县发改局能源股研究,7月7日前答复。");
    play.does("chen", id, "thank", &format!("--reply {thanks}"));
    play.does("chen", id, "collate", "--document check.txt");
    assert_eq!(play.clock(id, "suggestion")["late"], 0);
}

/// P17: it is said again, and the incident is open again, with clocks of its own; this time the two hours are kept.
fn it_came_back(play: &Play, id: i64) {
    let case = play.office.case(id);
    assert_eq!((&case["state"], &case["recurred"]), (&"handling".into(), &1.into()), "{case}");
    assert_eq!(case["opened"], "2026-06-30T09:00:00Z", "when what was said again was heard");
    play.shows(id, &["recurred: it came back with post", "came back, 1 times so far"]);
    play.does("chen", id, "on-site", "--note 十七点到场");
    play.does("chen", id, "investigate", "--note 已核实:接头微漏,无人受伤");
    let facts = play.answers(
        id,
        "statement on media",
        "6月30日16时44分城东农贸市场东门接头微漏,支阀已关,无人受伤,20时再次发布。",
    );
    play.does("sun", id, "publish", &format!("--reply {facts}"));
    assert_eq!(play.clock(id, "facts")["late"], 0);
}

/// What was begun is finished, and what changed after the answers can be read.
fn what_was_promised_is_done(play: &Play, problem: i64, sensitive: i64, suggestion: i64) {
    play.does("chen", problem, "rectify", "--document evidence.txt");
    let result = play.answers(problem, "comment on forum", "云溪县发改局7月2日核查:桐花苑施工已签保护协议并现场监护。");
    play.does("li", problem, "verify", &format!("--document check.txt --reply {result}"));
    play.does("han", sensitive, "cause", "--document check.txt");
    let report = play.answers(suggestion, "comment on forum", "采纳:8月起在12个老旧小区试点管线二维码。");
    play.does("chen", suggestion, "report", &format!("--reply {report}"));
    for id in [problem, sensitive, suggestion] {
        play.office.li(id, "close", "--reason 办结").ends(0);
        let shown = play.office.case(id);
        let first = &shown["effects"][0]["effect"]["windows"][0];
        assert_eq!(first["compared"], 24 * 3600, "{first}");
        assert!(first["before"]["posts"].as_u64().unwrap() > 0, "{first}");
    }
}

/// Worked out from each incident's events, by other means than the program's own.
fn response_times_are_those_of_the_record(play: &Play) {
    let mut took: Vec<Option<i64>> = Vec::new();
    for row in play.list() {
        let (mut sight, mut answer) = (i64::MAX, None);
        for told in play.office.case(row["id"].as_i64().unwrap())["events"].as_array().unwrap() {
            let event = &told["event"];
            let number = |key: &str| event[key].as_i64().unwrap();
            match event["event"].as_str().unwrap() {
                "opened" | "joined" => sight = sight.min(number("captured")),
                "recurred" => {
                    took.push(answer);
                    (sight, answer) = (number("at"), None);
                }
                "answered" => answer = answer.or(Some(told["at"].as_i64().unwrap() - sight)),
                _ => {}
            }
        }
        took.push(answer);
    }
    let table = play.office.place.run("clocks --responses --data data --json").ends(0).json().remove(0);
    let mut times: Vec<i64> = took.iter().copied().flatten().collect();
    times.sort_unstable();
    assert_eq!(
        (table["incidents"].as_u64(), table["answered"].as_u64()),
        (Some(took.len() as u64), Some(6)),
        "{table}"
    );
    assert_eq!(times.len(), 6, "{times:?}");
    for share in table["within"].as_array().unwrap() {
        let limit = share["hours"].as_i64().unwrap() * 3600;
        let within = times.iter().filter(|seconds| **seconds <= limit).count() as u64;
        assert_eq!(
            (share["answered"].as_u64(), share["of"].as_u64()),
            (Some(within), Some(took.len() as u64)),
            "{share}"
        );
    }
    assert_eq!(table["median"], Value::Null, "half of them are not answered");
}

//! Who may tell the public what, and what it reads.

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;

use super::page::{Facts, Frame, Public, data, document, feed};
use super::private::{Private, private};
use super::*;
use crate::document::html;
use crate::incident::Category;
use crate::incident::clock::response::{Answered, responses};
use crate::lang::Lang;

fn person(user: &str, role: Role) -> Actor {
    Actor::Person { user: user.into(), role, token: None }
}

fn note(seal: &str) -> Note {
    Note { id: 1, seal: seal.into() }
}

fn done(summary: &mut Summary, command: SummaryCommand, actor: &Actor) -> Result<SummaryEvent, SummaryRefusal> {
    let event = decide(summary, command, actor)?;
    apply(summary, &event, actor);
    Ok(event)
}

#[test]
fn nobody_approves_their_own_text_nor_a_text_that_was_changed_since() {
    let mut summary = Summary::default();
    let (li, zhou) = (person("u4", Role::LeadingGroup), person("u8", Role::Head));
    assert_eq!(done(&mut summary, SummaryCommand::Approve, &zhou), Err(SummaryRefusal::State(SummaryState::Draft)));
    done(&mut summary, SummaryCommand::Draft(note("a")), &li).unwrap();
    assert_eq!(done(&mut summary, SummaryCommand::Approve, &li), Err(SummaryRefusal::OwnText));
    let staff = person("u5", Role::Staff);
    let refused = done(&mut summary, SummaryCommand::Approve, &staff).unwrap_err().to_string();
    assert!(refused.contains("the role staff may not approve for the public"), "{refused}");
    let approved = done(&mut summary, SummaryCommand::Approve, &zhou).unwrap();
    assert_eq!(approved, SummaryEvent::Approved { seal: "a".into() });
    assert_eq!((summary.state, summary.approver.as_deref()), (SummaryState::Approved, Some("u8")));
    done(&mut summary, SummaryCommand::Draft(note("b")), &zhou).unwrap();
    assert_eq!(
        (summary.state, summary.approver.as_deref()),
        (SummaryState::Draft, None),
        "the new text is not approved"
    );
    assert_eq!(done(&mut summary, SummaryCommand::Approve, &li), Err(SummaryRefusal::OwnText), "li wrote a part of it");
    let machine = Actor::Machine { by: "triage@0.1.0".into() };
    assert_eq!(done(&mut summary, SummaryCommand::Approve, &machine), Err(SummaryRefusal::PersonOnly));
    done(&mut summary, SummaryCommand::Withdraw(note("c")), &li).unwrap();
    assert_eq!(summary.state, SummaryState::Withdrawn);
}

#[test]
fn what_points_at_a_person_is_found() {
    let of = |text: &str| private(text, ["li", "王小明", "a1b2c3d4e5f6a7b8"]);
    assert!(matches!(of("见 HTTPS://bbs.example/t/1")[..], [Private::Link(_)]));
    assert!(matches!(of("感谢 @热心市民")[..], [Private::Mention(_)]));
    assert!(matches!(of("请拨 138-0013 8000")[..], [Private::Number(_)]));
    assert_eq!(of("王小明反映路灯坏了"), [Private::Name]);
    assert_eq!(of("written by li."), [Private::Name]);
    assert_eq!(of("作者 a1b2c3d4e5f6a7b8"), [Private::Name]);
    assert_eq!(of("2026年6月3日，热线 12345 收到 120 件意见，policy 已修订。"), []);
}

fn facts() -> Facts {
    let told = Told {
        raised: "充电桩离幼儿园太近<script>".into(),
        answered: "7月1日起停用，重新选址。".into(),
        corrected: Some("此前称距离三十米，实测九米。".into()),
    };
    let one = Public {
        id: 3,
        category: Some(Category::Problem),
        opened: 1_782_662_400,
        answered: Some(1_782_662_400 + 5 * 3600),
        approved: 1_782_748_800,
        told,
    };
    let answered = Answered { first_sight: one.opened, at: one.answered };
    Facts { summaries: vec![one], responses: responses(&[answered], 1_782_800_000), referrals: [0, 1, 2] }
}

fn frame(zone: &TimeZone, lang: Lang) -> Frame<'_> {
    let now: Timestamp = 1_782_800_000;
    Frame { lang, zone, now, organisation: "云溪县发改局", contact: Some("https://yunxi.example/contact") }
}

#[test]
fn the_public_reads_what_was_raised_answered_corrected_referred_and_how_to_contest() {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    for lang in Lang::ALL {
        let page = html::write(&document(&facts(), &frame(&zone, lang)));
        for words in ["重新选址", "实测九米", "充电桩离幼儿园太近&lt;script&gt;", "100.0%", "yunxi.example/contact"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!page.contains("%{"), "{page}");
    }
    let zh = html::write(&document(&facts(), &frame(&zone, Lang::Zh)));
    assert!(zh.contains("5 小时") && zh.contains("同意移送 1 件") && zh.contains("不予移送 2 件"), "{zh}");
}

#[test]
fn the_feed_and_the_data_say_the_same() {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let read: atom_syndication::Feed = feed(&facts(), &frame(&zone, Lang::Zh)).parse().unwrap();
    let entry = &read.entries()[0];
    assert!(entry.content().unwrap().value().unwrap().contains("重新选址"));
    assert_eq!(entry.updated().to_rfc3339(), "2026-06-30T00:00:00+08:00");
    assert!(entry.links().is_empty() && entry.id().starts_with("tag:caifeng,2026:"));
    let value = data(&facts(), &frame(&zone, Lang::Zh));
    assert_eq!(value["summaries"][0]["seconds_to_answer"], 5 * 3600);
    assert_eq!(value["referrals"]["refused"], 2);
}

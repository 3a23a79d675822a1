#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::classify;

fn category(title: &str, text: &str) -> Option<&'static str> {
    classify(Some(title), text).first().map(|label| label.name)
}

#[test]
fn each_category_is_told_from_the_others() {
    let cases = [
        (Some("problem"), "路灯坏了半年没人修", "投诉了三次，物业和街道互相推诿，一直没有解决"),
        (Some("emergency"), "仓库着火", "今天凌晨发生火灾，消防员正在现场救援，两人受伤送医"),
        (Some("sensitive"), "举报招标围标", "评标专家受贿，举报人接到恐吓电话，已经报警"),
        (Some("suggestion"), "建议增设公交站", "建议在医院门口增设站点，希望能延长末班时间"),
        (Some("rumour"), "", "内部消息！水厂被投毒，震惊！官方封锁消息，赶紧囤水，速转家人群"),
        (None, "咨询开办早餐店的流程", "请问需要什么条件，如何办理，需要哪些材料"),
        (None, "", "今天的晚霞真美，大家晚安"),
        (None, "感谢窗口的同志", "耐心细致，为你们点赞，送锦旗一面"),
    ];
    for (expected, title, text) in cases {
        assert_eq!(category(title, text), expected, "{title} {text}");
    }
}

#[test]
fn criticism_is_never_a_rumour() {
    for text in [
        "局长不作为，窗口态度恶劣，太可怕了，简直是黑心衙门",
        "垃圾部门，骗老百姓，我就是要骂，乱收费还不给个说法",
        "震惊！交了钱三年不给办证，开发商跑了，政府不管",
    ] {
        assert_ne!(category("", text), Some("rumour"), "{text}");
    }
}

#[test]
fn a_complaint_that_asks_to_be_forwarded_needs_a_source_to_be_a_rumour() {
    for text in [
        "尊敬的领导，我们小区物业把业主的维修基金花了三百万，太可怕了，请有关部门查一查",
        "新来的局长不给老百姓办事，投诉了五次没有人管，天理何在！",
        "医院乱收费，一个阑尾炎收了两万，真是黑心，请大家评评理",
    ] {
        assert!(classify(None, text).iter().all(|label| label.name != "rumour"), "{text}");
    }
}

#[test]
fn a_rehearsed_remembered_or_filmed_event_is_no_emergency() {
    for text in [
        "如果发生火灾怎么办？社区组织消防演练",
        "大地震十周年，幸存者在纪念碑前献花",
        "这部影片讲述矿难救援，爆炸场面震撼，票房破亿",
        "防灾减灾日，学校讲解地震逃生",
    ] {
        assert_ne!(category("", text), Some("emergency"), "{text}");
    }
    assert_eq!(category("", "消防演练时真的起火了，三人受伤送医，消防员正在抢救"), Some("emergency"));
}

#[test]
fn a_label_without_a_cue_still_shows_what_speaks_for_it() {
    let labels = classify(Some("门口的井盖丢了"), "晚上黑灯瞎火，电动车一头栽进去，谁来负责");
    assert_eq!(labels.first().map(|label| label.name), Some("problem"));
}

#[test]
fn a_denial_is_not_the_rumour_it_denies() {
    let text = "网传粮库被搬空，请勿转发。经核实该消息不实，请不信谣不传谣";
    assert_ne!(category("辟谣", text), Some("rumour"));
}

#[test]
fn an_event_taken_back_is_no_emergency() {
    assert_eq!(category("", "今天上午厂区爆炸，多人受伤送医"), Some("emergency"));
    assert_ne!(category("", "消防演练，预防火灾，避免爆炸"), Some("emergency"));
}

#[test]
fn empty_text_has_no_label() {
    assert!(classify(None, "").is_empty());
}

proptest! {
    #[test]
    fn anything_is_read_and_evidence_is_verbatim(
        title in proptest::option::of("\\PC{0,40}"),
        text in "(投诉|爆炸|转发|内部消息|建议|举报|，|🙂|\\PC){0,60}",
    ) {
        for label in classify(title.as_deref(), &text) {
            prop_assert!((0.0..=1.0).contains(&label.score));
            prop_assert!(!label.evidence.is_empty());
            for piece in label.evidence {
                prop_assert!(text.contains(&piece) || title.as_deref().unwrap_or_default().contains(&piece));
            }
        }
    }
}

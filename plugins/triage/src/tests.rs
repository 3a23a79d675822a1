#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::{CATEGORIES, Desk, classify};

fn category(title: &str, text: &str) -> Option<&'static str> {
    let labels = classify(Some(title), text);
    labels.first().map(|label| label.name).filter(|name| CATEGORIES.iter().any(|category| category.name == *name))
}

fn has(text: &str, name: &str) -> bool {
    classify(None, text).iter().any(|label| label.name == name)
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
fn a_toll_makes_a_level_only_in_an_emergency() {
    let event = "今天凌晨化工厂发生爆炸，消防员正在现场救援，已造成12人死亡，多人受伤送医";
    let labels = classify(None, event);
    let level = labels.iter().find(|label| label.name == "major").unwrap();
    assert_eq!(level.evidence, ["已造成12人死亡"]);
    assert!(!has("建议在大桥上加装护栏，去年这里12人死亡，希望能列入计划", "major"));
}

#[test]
fn a_life_in_danger_is_urgent_and_the_weak_are_looked_at_soon() {
    assert!(has("女儿被老师猥亵，孩子不想活了，割腕被救回来，已经报警", "urgent"));
    assert!(has("小区滑梯螺丝松了没人修，孩子摔下来缝了三针，投诉物业两个月不处理", "soon"));
    assert!(!has("建议图书馆延长开放时间", "urgent") && !has("建议图书馆延长开放时间", "soon"));
}

#[test]
fn moods_are_told_apart() {
    assert!(has("房间干净整洁，服务热情，早餐好吃，非常满意，下次还来", "positive"));
    assert!(has("等了两个小时才送到，饭都凉了，难吃，太失望了", "negative"));
}

#[test]
fn what_a_reader_takes_for_the_same_is_classified_the_same() {
    let plain = "投诉物业乱收费，多次反映没有人管，请有关部门查处";
    let said = |text: &str| classify(None, text).first().map(|label| (label.name, label.score.to_bits()));
    assert!(said(plain).is_some());
    assert_eq!(said("投诉物业乱收费，多次反映没有人管，请有关部门查处"), said(plain));
    assert_eq!(said("投訴物業亂收費，多次反映沒有人管，請有關部門查處"), said(plain));
    let hidden: String = plain.chars().flat_map(|c| [c, '\u{200b}']).collect();
    assert_eq!(said(&hidden), said(plain));
}

#[test]
fn one_desk_answers_like_a_new_one() {
    let mut desk = Desk::default();
    let texts = ["小区停水三天没人管", "今天的晚霞真美", "小区停水三天没人管", "", "仓库着火，两人受伤送医"];
    for text in texts {
        assert_eq!(desk.classify(None, text), classify(None, text), "{text}");
    }
}

#[test]
fn a_megabyte_of_anything_is_read_in_bounds() {
    for piece in ["水", "水管", "🙂", "\u{200b}", "a", "投诉", "！", "\u{202e}𠮷"] {
        let text = piece.repeat((1 << 20) / piece.len());
        for label in classify(Some(&text), &text) {
            assert!(label.evidence.iter().all(|clause| clause.len() <= 400), "{piece}");
        }
    }
}

#[test]
fn empty_text_has_no_label() {
    assert!(classify(None, "").is_empty());
    assert!(classify(Some(" \u{200b}"), "\u{feff}\n").is_empty());
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

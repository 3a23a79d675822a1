use super::*;
use proptest::prelude::*;

const TEXT: &str = "桥西路今天又停水了，打供水热线没人接，这已经是本月第三次，请问水利局管不管？";

fn sign(text: &str) -> Signature {
    Signature::of(None, text).unwrap()
}

#[test]
fn what_a_repost_adds_is_not_part_of_the_text() {
    let original = sign(TEXT);
    for copy in [
        format!("转发微博：{TEXT}"),
        format!("//@云河网友: {TEXT}"),
        format!("RT @yunhe: {TEXT} http://t.cn/zj7FeHp"),
        format!("【转】{TEXT}[怒][怒]@云河发布 @云河水利"),
        format!("{TEXT}\n来源：云河论坛\n"),
        format!("＃{}＃", TEXT.replace('，', " , ")),
        TEXT.chars().flat_map(|c| [c, '\u{200b}']).collect(),
    ] {
        assert_eq!(sign(&copy), original, "{copy}");
    }
    assert_eq!(Signature::of(Some("桥西路今天又停水了"), TEXT), Some(original), "the text begins with its title");
}

#[test]
fn a_word_that_begins_like_a_mark_is_part_of_the_text() {
    let moved = "转移群众三百人，安置点设在桥西小学，编辑部的同事也在那里帮忙，来源地还不清楚。";
    let mut essence_of = Vec::new();
    essence(moved, &mut essence_of);
    assert_eq!(essence_of.iter().collect::<String>(), moved.replace(['，', '。'], ""));
}

#[test]
fn short_texts_are_not_compared() {
    assert_eq!(Signature::of(None, "停水了"), None);
    assert_eq!(Signature::of(Some("停水了"), "@云河发布 http://a.example/12345678901234567890 [怒]"), None);
    assert_eq!(Signature::of(None, &"，".repeat(1_000)), None);
    assert!(Signature::of(Some("桥西路停水"), "打热线没有人接怎么办呢").is_some());
}

#[test]
fn similar_texts_are_near_and_notices_of_one_form_are_not() {
    let edited = TEXT.replace("本月第三次", "这个月第四次");
    assert!(similarity(&sign(TEXT), &sign(&edited)) > 0.6);
    let notice = |day: &str, hours: &str, street: &str| {
        sign(&format!(
            "停水通知：因供水管网检修，定于{day}{hours}对{street}片区停水，请居民储水，不便之处敬请谅解。自来水公司"
        ))
    };
    let august = notice("8月3日", "9时至17时", "桥西路");
    assert!(similarity(&august, &notice("8月10日", "8时至12时", "桥西路")) < 0.6);
}

#[test]
fn the_estimate_is_close_to_the_truth() {
    // 400 different characters in a row share 398 shingles with themselves; cut at a known place.
    let chars: Vec<char> = ('一'..).take(400).collect();
    let whole = Signature::of_chars(&chars);
    for shared in [100, 200, 300, 380] {
        let truth = (shared - 2) as f32 / 398.0;
        let estimate = similarity(&whole, &Signature::of_chars(&chars[..shared]));
        assert!((estimate - truth).abs() < 0.12, "{estimate} for {truth}");
    }
    let other: Vec<char> = ('가'..).take(400).collect();
    assert!(similarity(&whole, &Signature::of_chars(&other)) < 0.05);
}

fn candidates(index: &NearIndex, text: &str) -> Vec<i64> {
    rank(index.agreeing(&sign(text)))
}

#[test]
fn copies_are_found_the_closer_one_first() {
    let mut index = NearIndex::new();
    index.insert(&sign(TEXT), 10);
    index.insert(&sign(&format!("{TEXT}我也是")), 20);
    assert_eq!(candidates(&index, TEXT), [10, 20]);
    assert_eq!(candidates(&index, "完全是另外一回事，谁也没有说过这样的话，大家都可以作证。"), [0; 0]);
}

#[test]
fn a_quotation_is_told_from_a_copy() {
    let original = Signatures::of(None, TEXT).unwrap();
    let comment = "我来说两句公道话：修管子总要停水的，但是热线没人接就太不应该了，希望水务局好好整顿一下作风。";
    let answer = Signatures::of(None, &format!("{comment}//@云河网友:{TEXT}")).unwrap();
    assert_eq!(answer.quotes.len(), 1);
    assert!(original.similarity(&answer) < 0.6);
    assert!(original.quotation(&answer).unwrap() > 0.9);
    assert_eq!(original.quotation(&answer), answer.quotation(&original));
    let other = Signatures::of(None, &format!("完全不同的一段话，说的是另外一条路上的事情。//@乙:{TEXT}")).unwrap();
    assert!(answer.quotation(&other).unwrap() < 0.75, "both quote a third text");
    assert_eq!(original.quotation(&Signatures::of(None, comment).unwrap()), None);
    assert_eq!(Signatures::from_bytes(&[0; VALUES + 1]), None);
    assert_eq!(Signatures::from_bytes(&[]), None);
}

#[test]
fn of_a_flood_the_newest_are_candidates() {
    let mut index = NearIndex::new();
    for key in 0..5_000 {
        index.insert(&sign(TEXT), key);
    }
    let newest: Vec<i64> = (0..5_000).rev().take(MOST_CANDIDATES).collect();
    assert_eq!(candidates(&index, TEXT), newest);
    assert!(index.agreeing(&sign(TEXT)).len() <= BANDS * DEEPEST);
    assert_eq!(index.bands().count(), 5_000 * BANDS);
}

fn signature() -> impl Strategy<Value = Signature> {
    // Few different bytes, so that bands agree by accident too.
    prop::collection::vec(0u8..3, VALUES).prop_map(|bytes| Signature(bytes.try_into().unwrap()))
}

proptest! {
    #[test]
    fn similarity_is_symmetric_and_between_zero_and_one(a in signature(), b in signature()) {
        let ab = similarity(&a, &b);
        prop_assert!((0.0..=1.0).contains(&ab));
        prop_assert_eq!(ab, similarity(&b, &a));
        prop_assert_eq!(similarity(&a, &a), 1.0);
    }

    #[test]
    fn any_text_is_signed_or_too_short(title in "\\PC{0,20}", text in "(?s)[\\[\\]@＠#/:：转来源RT \\n\\PC]{0,60}") {
        if let Some(signed) = Signatures::of(Some(&title), &text) {
            prop_assert_eq!(Signatures::from_bytes(&signed.to_bytes()), Some(signed));
        }
    }

    #[test]
    fn what_is_in_the_index_is_found(signatures in prop::collection::vec(signature(), 1..40)) {
        let mut index = NearIndex::new();
        for (key, signature) in signatures.iter().enumerate() {
            index.insert(signature, key as i64);
        }
        for (key, signature) in signatures.iter().enumerate() {
            prop_assert!(rank(index.agreeing(signature)).contains(&(key as i64)));
        }
    }

    #[test]
    fn rolling_back_leaves_no_trace(
        kept in prop::collection::vec(signature(), 0..300), undone in prop::collection::vec(signature(), 0..300),
    ) {
        let (mut index, mut untouched) = (NearIndex::new(), NearIndex::new());
        for (key, signature) in kept.iter().enumerate() {
            index.insert(signature, key as i64);
            untouched.insert(signature, key as i64);
        }
        let mark = index.mark();
        for signature in &undone {
            index.insert(signature, 1_000);
        }
        index.rollback(mark);
        prop_assert_eq!(index.len(), kept.len());
        for signature in kept.iter().chain(&undone) {
            prop_assert_eq!(index.agreeing(signature), untouched.agreeing(signature));
        }
        index.insert(&sign(TEXT), 2_000);
        prop_assert_eq!(candidates(&index, TEXT)[0], 2_000);
    }
}

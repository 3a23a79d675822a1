//! What the rules find, and what they leave.

use std::sync::OnceLock;

use super::*;

pub(crate) fn tokeniser() -> &'static Tokeniser {
    static ONE: OnceLock<Tokeniser> = OnceLock::new();
    ONE.get_or_init(Tokeniser::new)
}

pub(crate) fn about() -> Gazetteer {
    Gazetteer {
        organisation: vec!["云溪县发展和改革局".to_owned(), "云溪县发改局".to_owned(), "发改局".to_owned()],
        places: ["云溪", "城关镇", "柳树湾", "白鹭湾", "南山粮库"].map(str::to_owned).to_vec(),
        people: vec!["贺敏行".to_owned(), "chen".to_owned()],
        hosts: vec!["yunximedia.example".to_owned()],
        harmless: Vec::new(),
    }
}

/// What is found, as kind and words.
fn found(text: &str) -> Vec<(Kind, &str)> {
    find(text, &about(), tokeniser()).into_iter().map(|one| (one.kind, &text[one.range])).collect()
}

#[track_caller]
fn hides(text: &str, kind: Kind, words: &[&str]) {
    let of_kind: Vec<&str> = found(text).into_iter().filter(|(of, _)| *of == kind).map(|(_, words)| words).collect();
    assert_eq!(of_kind, words, "{text}: {:?}", found(text));
}

#[test]
fn numbers_are_found_however_they_are_written() {
    for phone in [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "１３８１２３４５６７８",
        "+86 13812345678",
        "0318-5321234",
        "(0318)5321234",
        "400-812-3456",
    ] {
        hides(&format!("有事打{phone}找我"), Kind::Phone, &[phone]);
    }
    hides("电话：5321234，白天都在", Kind::Phone, &["5321234"]);
    hides("一三八一二三四五六七八", Kind::Phone, &["一三八一二三四五六七八"]);
    for number in
        ["130123198001011234", "13012319800101123X", "130123 19800101 1234", "130123800101123", "6222021234567890123"]
    {
        hides(&format!("号码{number}。"), Kind::Number, &[number]);
    }
    for plate in ["冀T·12345", "冀TA1234", "冀T12345", "京A·D12345"] {
        hides(&format!("那辆{plate}撞了人就跑"), Kind::Plate, &[plate]);
    }
}

#[test]
fn what_everybody_may_call_and_ordinary_numbers_stay() {
    for plain in [
        "打12345热线，或者12388、110、119",
        "2026年6月30日18时约2300户",
        "面积1200平方米，投资3500000元",
        "第20260630号文件",
        "6:40泄漏，13时封堵",
    ] {
        assert_eq!(found(plain), [], "{plain}");
    }
}

#[test]
fn accounts_mail_and_private_pages_are_found_and_official_ones_stay() {
    hides("//@桥东老街坊: 又来了", Kind::Account, &["桥东老街坊"]);
    hides("加我微信 abc_12345 发照片", Kind::Account, &["abc_12345"]);
    hides("QQ:123456789", Kind::Account, &["123456789"]);
    hides("网友“风中落叶”说", Kind::Account, &["风中落叶"]);
    hides("@云溪县发改局 请回应", Kind::Account, &[]);
    hides("写信到 wang.fang@mail.example.com 。", Kind::Email, &["wang.fang@mail.example.com"]);
    hides("看 https://weibo.example/u/123456?x=1 这里", Kind::Link, &["https://weibo.example/u/123456?x=1"]);
    hides("见http://www.yunxi.gov.cn/a/1 和 http://www.yunximedia.example/a", Kind::Link, &[]);
    hides(
        "https://gov.cn.evil.example/x https://evilgov.cn/x",
        Kind::Link,
        &["https://gov.cn.evil.example/x", "https://evilgov.cn/x"],
    );
}

#[test]
fn names_are_found_by_title_by_introduction_and_by_their_making() {
    for (text, names) in [
        ("找了王局长三次都不在", vec!["王"]),
        ("李建国老师说过", vec!["李建国"]),
        ("村民刘大山反映", vec!["刘大山"]),
        ("我叫王芳，今年五十", vec!["王芳"]),
        ("副局长赵志强表示", vec!["赵志强"]),
        ("老张和小王都看见了", vec!["老张", "小王"]),
        ("欧阳女士打了电话", vec!["欧阳"]),
        ("张某某被送医", vec!["张某某"]),
        ("昨天贺敏行同志到场", vec!["贺敏行"]),
        ("chen 签收，不是 kitchen", vec!["chen"]),
        ("Dr. Jane Miller said so", vec!["Jane Miller"]),
    ] {
        hides(text, Kind::Name, &names);
    }
}

#[test]
fn words_that_only_begin_like_a_name_stay() {
    for plain in [
        "高温天气，马上安排",
        "金属管道，黄色警示线",
        "由于局里没人",
        "任何人不得进入",
        "石油价格上涨",
        "和局长有约",
        "白天施工",
        "万元以上",
        "方便群众",
    ] {
        hides(plain, Kind::Name, &[]);
    }
}

#[test]
fn places_finer_than_the_county_are_found_and_the_county_stays() {
    hides("云溪县城关镇桥西路和锦绣家园", Kind::Place, &["城关镇", "桥西路", "锦绣家园"]);
    hides("柳树湾的井盖，在南山粮库门口", Kind::Place, &["柳树湾", "南山粮库"]);
    hides("直击南山粮库现场", Kind::Place, &["南山粮库"]);
    hides("中心小学旁边", Kind::Place, &["中心小学"]);
    hides("云溪县发展和改革局在云溪", Kind::Place, &[]);
    hides("衡水市和河北省都知道", Kind::Place, &[]);
    hides("住3号楼2单元501室", Kind::Address, &["3号楼2单元501室"]);
    hides("锦绣家园3-2-501", Kind::Address, &["3-2-501"]);
    hides("5月3号开会，坐6路车", Kind::Address, &[]);
}

#[test]
fn a_citys_body_may_say_its_counties() {
    let about = Gazetteer { organisation: vec!["衡水市住建局".to_owned()], ..Gazetteer::default() };
    let text = "故城县郑口镇的桥西路";
    let found: Vec<&str> = find(text, &about, tokeniser()).into_iter().map(|one| &text[one.range]).collect();
    assert_eq!(found, ["故城县", "郑口镇", "桥西路"]);
}

#[test]
fn what_a_person_called_harmless_is_no_longer_found() {
    let about = Gazetteer { harmless: vec!["中心小学".to_owned()], ..about() };
    assert_eq!(find("中心小学旁边", &about, tokeniser()), []);
}

#[test]
fn a_megabyte_is_read_in_bounds() {
    for hostile in ["1", "王", "@a", "号楼", "https://", "路"] {
        let text = hostile.repeat(200_000 / hostile.len());
        let _ = find(&text, &about(), tokeniser());
    }
}

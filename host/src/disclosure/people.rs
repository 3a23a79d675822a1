//! Who in a text may be a private person: pointed at, never changed.
//!
//! A disclosure is the organisation's own word, and whoever is named in it did not ask for that. Like the drafting aid this
//! is made to be believed: a few rules by form, each of which is right more often than wrong. A name is seen by
//! what introduces it (居民王芳), by a title of courtesy (王芳女士) or by what hides half of it (王某); an official named by office
//! (局长王芳) is not a private person. It finds no name that stands alone, which is why somebody reads the text.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use crate::lang::Lang;

/// The longest text that is looked at, in bytes: longer than any disclosure, and looking stays instant.
const LONGEST: usize = 200_000;

/// By what somebody may be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// A name.
    Name,
    /// The number of a mobile telephone, which is somebody's own.
    Phone,
    /// The number of an identity card or a bank card.
    Number,
    /// The number of a vehicle.
    Plate,
    /// A door: building, unit, room.
    Door,
    /// The name under which somebody writes.
    Account,
}

impl Sign {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Name, Self::Phone, Self::Number, Self::Plate, Self::Door, Self::Account];

    /// The name that the command line uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Number => "number",
            Self::Plate => "plate",
            Self::Door => "door",
            Self::Account => "account",
        }
    }

    /// Why it is pointed at, and what to do, in words.
    #[must_use]
    pub fn why(self, lang: Lang) -> String {
        lang.t(match self {
            Self::Name => "people.name",
            Self::Phone => "people.phone",
            Self::Number => "people.number",
            Self::Plate => "people.plate",
            Self::Door => "people.door",
            Self::Account => "people.account",
        })
    }
}

/// Something by which a private person may be known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pointed {
    /// Where, in bytes.
    pub at: Range<usize>,
    /// By what.
    pub sign: Sign,
}

/// Surnames that begin few other words, of about four in five people.
const SURNAME: &str = "[王李张刘陈杨赵黄周吴徐孙胡朱林何郭罗梁宋郑谢韩唐冯董程曹袁邓许沈曾彭吕苏卢蒋蔡贾魏薛叶阎潘杜戴汪姜范姚谭廖邹陆郝孔崔邱秦顾侯邵孟钱尹黎贺赖龚]";
/// What introduces somebody who holds no office.
const INTRODUCED: &str = "(?:居民|村民|市民|群众|网民|网友|业主|租户|住户|家长|学生|同学|患者|病人|当事人|投诉人|举报人|反映人|来信人|诉求人|商户|司机|乘客|死者|伤者|家属)";
/// What goes on after a name.
const AFTER: &str =
    "(?:[，。、；：！？,.;:!?\\s（(“”]|反映|反应|来电|来信|投诉|举报|表示|告诉|介绍|询问|称|说|的|在|向|等|和|家|$)";

/// What each rule finds is its group `it`.
static RULES: LazyLock<Vec<(Sign, Regex)>> = LazyLock::new(|| {
    let rules = [
        (Sign::Name, format!("{INTRODUCED}[“\"]?(?P<it>{SURNAME}\\p{{Han}}{{1,2}}?){AFTER}")),
        (Sign::Name, format!("(?P<it>{SURNAME}\\p{{Han}}{{1,2}}?)(?:先生|女士|小姐|大爷|大妈|阿姨)")),
        (Sign::Name, "(?P<it>\\p{Han}某(?:某|\\p{Han}{0,1}))".to_owned()),
        (Sign::Phone, "(?:^|[^0-9])(?P<it>1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4})(?:[^0-9]|$)".to_owned()),
        (Sign::Number, "(?:^|[^0-9])(?P<it>[0-9]{17}[Xx]|[0-9]{16,19})(?:[^0-9]|$)".to_owned()),
        (Sign::Plate, "(?P<it>[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·• ]?[A-HJ-NP-Z0-9]{5,6})".to_owned()),
        (Sign::Door, "(?P<it>[0-9]+\\s*(?:号楼|栋|幢|单元)\\s*[0-9]+\\s*(?:单元|室|号)(?:\\s*[0-9]+\\s*(?:室|号))?)".to_owned()),
        (Sign::Account, "(?:^|[^0-9A-Za-z._%+-])(?P<it>[@＠][\\w\\p{Han}-]{2,30})".to_owned()),
    ];
    rules.into_iter().filter_map(|(sign, rule)| Some((sign, Regex::new(&rule).ok()?))).collect()
});

/// Everything in `text` by which a private person may be known, in the order of the text.
#[must_use]
pub fn pointed(text: &str) -> Vec<Pointed> {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let mut found: Vec<Pointed> = Vec::new();
    for (sign, rule) in RULES.iter() {
        let its = rule.captures_iter(text).filter_map(|found| found.name("it"));
        found.extend(its.map(|it| Pointed { at: it.range(), sign: *sign }));
    }
    found.sort_unstable_by_key(|one| (one.at.start, std::cmp::Reverse(one.at.end), one.sign));
    // What lies within another is said by it.
    let mut end = 0;
    found.retain(|one| {
        let apart = one.at.end > end;
        end = end.max(one.at.end);
        apart
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, &str)> {
        pointed(text).into_iter().map(|one| (one.sign.as_str(), &text[one.at])).collect()
    }

    #[test]
    fn every_rule_can_be_read() {
        assert_eq!(RULES.len(), 8);
        assert!(Sign::ALL.iter().all(|sign| RULES.iter().any(|(known, _)| known == sign)));
    }

    #[test]
    fn private_people_are_pointed_at_by_each_sign() {
        for (text, wanted) in [
            ("居民王芳反映路灯不亮，已于7月1日修好。", ("name", "王芳")),
            ("感谢业主李建国，他家门口的灯先坏。", ("name", "李建国")),
            ("经查，赵明明女士所说属实。", ("name", "赵明明")),
            ("举报人刘某某所反映的情况。", ("name", "刘某某")),
            ("请致电139-0000-1111。", ("phone", "139-0000-1111")),
            ("身份证号13062219900101123X。", ("number", "13062219900101123X")),
            ("车牌冀T·A1234的车辆已移走。", ("plate", "冀T·A1234")),
            ("幸福小区3号楼2单元501室漏水。", ("door", "3号楼2单元501室")),
            ("网友 @桥东小灯 的建议很好。", ("account", "@桥东小灯")),
        ] {
            assert_eq!(found(text), [wanted], "{text}");
        }
    }

    #[test]
    fn officials_offices_and_ordinary_words_are_not() {
        for text in [
            "县城管局局长王芳带队检查，居民安全用电有保障。",
            "报修电话：0318-5320000，或12345热线；邮箱 lamp@cg.example.gov.cn。",
            "为方便居民出行，学生高兴，群众满意，7月1日起调整6路公交。",
            "先进典型：张庄村、李家屯路灯改造；共投入1234567890元。",
            "桥东路12号的路灯在第3单元入口。",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn any_text_takes_a_moment() {
        let long = "居民王@1某".repeat(100_000);
        assert!(pointed(&long).iter().all(|one| one.at.end <= LONGEST));
    }
}

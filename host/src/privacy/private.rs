//! Which of it are private persons in what the organisation itself publishes (P20): pointed at, never changed.
//!
//! A disclosure says places, and how the office is reached; an official named by office (局长王芳) is no private person.
//! Whoever else is named in it did not ask for that. This is made to be believed by its author, so that it leaves out
//! what is wrong more often than right: a number of an office, a street, a single building.

use super::{Found, Gazetteer, Kind, all, apart, own_names};
use crate::text::tokens::Tokeniser;

/// The longest text that is looked at, in bytes: longer than any disclosure, and looking stays instant.
const LONGEST: usize = 200_000;

/// Before or after a name it says that somebody speaks or acts for an office.
const OFFICES: &str = "局长 书记 主任 科长 股长 处长 厅长 部长 县长 市长 镇长 乡长 村长 区长 校长 院长 所长 站长 队长 组长 \
     支书 发言人 负责人 记者 通讯员 编辑";

/// After a word that looks like a name these make it a place: 李家屯.
const PLACES: [char; 10] = ['村', '庄', '屯', '镇', '乡', '路', '街', '湾', '桥', '寨'];

/// What a number within an address is made of.
const NUMERALS: &str = "一二三四五六七八九十百";

/// Everything in `text` by which a private person may be known, in the order of the text.
#[must_use]
pub fn private(text: &str, about: &Gazetteer, tokeniser: &Tokeniser) -> Vec<Found> {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let mut found = all(text, about, tokeniser);
    // A place may be said, and must not hide who lives there: 居民王芳反映路 is no road.
    found.retain(|one| one.kind != Kind::Place);
    let mut found = apart(found, &own_names(text, about));
    found.retain(|one| {
        let words = &text[one.range.clone()];
        match one.kind {
            Kind::Name => {
                let (before, after) = (&text[..one.range.start], &text[one.range.end..]);
                !is_official(before, after) && !after.starts_with(PLACES)
            }
            Kind::Phone => is_mobile(words),
            Kind::Address => numbers(words) > 1,
            Kind::Number | Kind::Plate | Kind::Account => true,
            Kind::Email | Kind::Link | Kind::Place => false,
        }
    });
    found
}

fn is_official(before: &str, after: &str) -> bool {
    let after = after.strip_prefix('副').unwrap_or(after);
    OFFICES.split(' ').filter(|office| !office.is_empty()).any(|it| before.ends_with(it) || after.starts_with(it))
}

/// The number of a mobile telephone, which is somebody's own; also in characters.
fn is_mobile(words: &str) -> bool {
    let digit = |c: char| match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')),
        _ => None,
    };
    let digits: String = words.chars().filter_map(digit).collect();
    let own = digits.strip_prefix("86").unwrap_or(&digits);
    digits.is_empty() || own.starts_with('1') && own.len() == 11
}

/// How many numbers stand in an address: the third building is not behind a door, its room 501 is.
fn numbers(words: &str) -> usize {
    let is_number = |c: char| c.is_ascii_alphanumeric() || ('０'..='９').contains(&c) || NUMERALS.contains(c);
    words.split(|c| !is_number(c)).filter(|part| !part.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::tests::tokeniser;

    fn found(text: &str) -> Vec<(&'static str, &str)> {
        let found = private(text, &Gazetteer::default(), tokeniser());
        found.into_iter().map(|one| (one.kind.as_str(), &text[one.range])).collect()
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
            ("幸福小区3号楼2单元501室漏水。", ("address", "3号楼2单元501室")),
            ("网友 @桥东小灯 的建议很好。", ("account", "桥东小灯")),
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
        let found = private(&long, &Gazetteer::default(), tokeniser());
        assert!(found.iter().all(|one| one.range.end <= LONGEST));
    }
}

//! Names of places and bodies that no dictionary knows: what stands before an ending such as 小区, 路 or 医院.

use super::super::ideographs::{Ideographs, ideograph};

/// Endings of two characters, tried before those of one.
const LONG: [&str; 27] = [
    "小区", "街道", "社区", "公园", "广场", "花园", "大道", "大厦", "学院", "中学", "小学", "大学", "医院", "公司",
    "集团", "银行", "市场", "酒店", "车站", "工地", "项目", "家园", "商会", "大桥", "水库", "电站", "水厂",
];
/// Endings of one character.
const SHORT: &str = "路街村镇乡站湖厂城苑府湾山河";
/// How an ending begins: most characters do not.
static BEGINNINGS: Ideographs = {
    let mut set = Ideographs::none();
    let mut at = 0;
    while at < LONG.len() {
        set.insert(ideograph(LONG[at], 0));
        at += 1;
    }
    at = 0;
    while at < SHORT.len() {
        set.insert(ideograph(SHORT, at));
        at += 3;
    }
    set
};
/// Characters before an ending that tell one place from another.
const STEM: usize = 2;

/// Calls `take` with each name, its ending included, in the order of the text; names do not overlap.
pub(super) fn each_place<'a>(text: &'a str, mut take: impl FnMut(&'a str)) {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut at = 0;
    while at + STEM < chars.len() {
        if !BEGINNINGS.contains(chars[at + STEM].1) {
            at += 1;
            continue;
        }
        let stem = &chars[at..at + STEM];
        let rest = &text[chars[at + STEM].0..];
        match ending(rest).filter(|_| stem.iter().all(|(_, c)| matches!(c, '\u{4e00}'..='\u{9fff}'))) {
            Some(ending) => {
                take(&text[stem[0].0..chars[at + STEM].0 + ending.len()]);
                at += STEM + ending.chars().count();
            }
            None => at += 1,
        }
    }
}

/// The ending that a text begins with.
fn ending(text: &str) -> Option<&str> {
    let long = LONG.iter().find(|ending| text.starts_with(**ending)).map(|ending| ending.len());
    let short = || text.chars().next().filter(|c| SHORT.contains(*c)).map(char::len_utf8);
    long.or_else(short).map(|length| &text[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        each_place(text, |place| found.push(place.to_owned()));
        found
    }

    #[test]
    fn what_stands_before_an_ending_names_a_place() {
        assert_eq!(places("桥西路与青禾苑小区之间的搅拌站"), ["桥西路", "青禾苑", "搅拌站"]);
        assert_eq!(places("中心小学旁边"), ["中心小学"]);
        assert_eq!(places("A7路，路上"), [""; 0]);
        assert_eq!(places("小区"), [""; 0]);
        for ending in LONG.iter().map(|&ending| ending.to_owned()).chain(SHORT.chars().map(String::from)) {
            assert_eq!(places(&format!("青禾{ending}")), [format!("青禾{ending}")]);
        }
    }
}

//! Names of people.
//!
//! A Chinese name is a surname and one or two characters. Four signs tell it from other words: a title after it
//! (王局长, 李建国老师), a title or a word of introduction before it (村民刘大山, 我叫王芳), a pet form (老张, 小王), and its
//! making: a word that begins with a surname and that no dictionary has, or one that it calls a name. Latin names are
//! found by the title before them. Names of colleagues are known.
//!
//! Given up: given names alone (建国说), and names whose surname is also a common word, where no title stands beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Gazetteer, Kind};
use crate::text::tokens::{Guessed, Tokeniser};

/// Surnames of one character, the most frequent first; with those of two they are those of 99 in 100 people.
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任\
                        卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫阎雷段龙黎史陶贺毛郝顾龚邵万覃武钱戴严欧莫\
                        孔向常汤康易乔赖文庞樊殷施洪俞倪安颜章梅庄辛管祝左涂谷祁舒耿牟卜路詹关苗凌费纪靳盛童尚温芦蒙裴柴霍柳\
                        祖邢游阮焦岳虞瞿宁冉翟鲍艾葛戚古丛牛华齐鲁项卞匡屈栾褚滕甄佟娄麦阳初霍占单项尤兰";
/// Surnames of two characters.
const DOUBLE: [&str; 12] =
    ["欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯"];
/// Surnames that are no other word, for signs that are weak.
const PLAIN: &str = "王李张刘陈杨赵吴周徐孙朱胡郭罗郑梁谢宋唐韩邓冯曹彭曾肖董潘袁蔡蒋杜程魏苏吕丁卢姚沈姜崔谭陆范汪廖贾邹孟秦邱侯尹薛闫";

/// What people are called after their name.
const TITLES: &str = "先生 女士 小姐 太太 同志 老师 师傅 医生 大夫 护士 护士长 教授 博士 律师 法官 警官 警察 民警 辅警 \
     队长 大队长 局长 副局长 书记 副书记 主任 副主任 科长 副科长 股长 副股长 处长 副处长 厅长 部长 副部长 \
     县长 副县长 市长 副市长 镇长 副镇长 乡长 副乡长 村长 村主任 支书 区长 副区长 校长 副校长 院长 副院长 \
     所长 副所长 站长 组长 班长 经理 总经理 董事长 老板 会计 出纳 司机 记者 阿姨 叔叔 大爷 大妈 大叔 大姐 \
     大哥 奶奶 爷爷";
/// The same in one character, after a surname alone, and words that only begin so.
const SHORT: [&str; 2] = ["总", "工"];
const LONGER: &str = "工作 工程 工人 工地 工资 工厂 工业 总是 总之 总共 总体 总量 总的 总数";
/// What people are called before their name, and what introduces one.
const BEFORE: &str = "局长 副局长 书记 主任 副主任 科长 副科长 股长 处长 部长 县长 副县长 市长 镇长 乡长 村长 支书 校长 \
     院长 所长 站长 队长 组长 经理 老板 负责人 记者 通讯员 编辑 医生 护士 老师 教师 律师 民警 交警 村民 \
     居民 业主 市民 学生 患者 死者 伤者 司机 商户 家属 名叫 我叫 叫做 姓名 联系人";
/// Words that the dictionary takes for names and that are others.
const NO_NAMES: &str =
    "顾客 高兴 高峰 高手 高速 关心 安全 安心 平安 文明 和平 成功 明白 温馨 万一 任意 严重 安装 程序 金额 江水 石头";
/// Characters that do not belong to a given name.
const NOT_GIVEN: &str = "的了在到从去于和与及是有把被向往至给对由而但又也都就还我你他她它们这那哪该说讲称问答来等不没很太又再才只让\
                         请吗呢吧啊呀、，。！？：；“”";

#[expect(clippy::expect_used, reason = "the rules are constants, and a test reads them all")]
static LATIN: LazyLock<Regex> = LazyLock::new(|| {
    let form = r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Officer)\.?\s+(?P<it>[A-Z][a-z]+(?:\s[A-Z][a-z]+){0,2})";
    Regex::new(form).expect("a rule that can be read")
});

/// Calls `take` with each name.
pub(super) fn find(text: &str, about: &Gazetteer, tokeniser: &Tokeniser, take: &mut impl FnMut(Range<usize>, Kind)) {
    let mut name = |range: Range<usize>| take(range, Kind::Name);
    for found in LATIN.captures_iter(text).filter_map(|found| found.name("it")) {
        name(found.range());
    }
    for person in about.people.iter().filter(|person| person.chars().nth(1).is_some()) {
        text.match_indices(person.as_str())
            .map(|(at, it)| at..at + it.len())
            .filter(|at| alone(text, at))
            .for_each(&mut name);
    }
    let ends = ends(tokeniser.words(text).into_iter());
    let words = tokeniser.guessed_words(text);
    let known = known(&words);
    let mut at = 0;
    for (n, word) in words.iter().enumerate() {
        let after = at + word.word.len();
        // Characters put together across the words of a dictionary (白天施工) are no name.
        if ends.contains(&at)
            && ends.contains(&after)
            && let Some(length) = made_like_a_name(word)
        {
            name(at..at + length);
        }
        if BEFORE.split(' ').any(|before| text[..after].ends_with(before))
            && let Some(length) = introduced(text, after, &words[n + 1..])
        {
            name(after..after + length);
        }
        at = after;
    }
    // A title stands after a name whichever way the words before it are cut.
    for at in ends.iter().chain(&self::ends(words.iter().map(|word| word.word))).copied() {
        let known = known.get(&at).copied();
        if let Some(length) = unnamed(&text[at..]).or_else(|| titled(text, at, known)).or_else(|| pet(text, at)) {
            name(at..at + length);
        }
    }
}

/// Words of the dictionary that are no names, by where they begin: how long they are.
fn known(words: &[Guessed<'_>]) -> BTreeMap<usize, usize> {
    let begins = words.iter().scan(0, |at, word| {
        let begins = *at;
        *at += word.word.len();
        Some((begins, word))
    });
    begins.filter(|(_, word)| word.known && !word.person).map(|(at, word)| (at, word.word.len())).collect()
}

/// Where words end, and 0.
fn ends<'a>(words: impl Iterator<Item = &'a str>) -> BTreeSet<usize> {
    let ends = words.scan(0, |at, word| {
        *at += word.len();
        Some(*at)
    });
    std::iter::once(0).chain(ends).collect()
}

/// A Latin word is a name only where it is no part of another.
fn alone(text: &str, at: &Range<usize>) -> bool {
    let is_latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let (first, last) = (text[at.clone()].chars().next(), text[at.clone()].chars().next_back());
    let before = is_latin(first) && is_latin(text[..at.start].chars().next_back());
    let after = is_latin(last) && is_latin(text[at.end..].chars().next());
    !before && !after
}

/// The surname that a text begins with, in bytes.
fn surname(text: &str) -> Option<usize> {
    let double = DOUBLE.iter().find(|name| text.starts_with(**name)).map(|name| name.len());
    double.or_else(|| text.chars().next().filter(|c| SURNAMES.contains(*c)).map(char::len_utf8))
}

/// A word that begins with a surname, and that is called a name or that no dictionary has.
fn made_like_a_name(word: &Guessed<'_>) -> Option<usize> {
    let surname = surname(word.word)?;
    let given = word.word[surname..].chars().count();
    let likely = word.person || !word.known;
    let likely = likely && !NO_NAMES.split(' ').any(|other| other == word.word) && !ends_like_a_place(word.word);
    ((1..=2).contains(&given) && likely).then_some(word.word.len())
}

/// 张某某, 李×: somebody whom the writer did not want to name is named by so much.
fn unnamed(rest: &str) -> Option<usize> {
    let surname = surname(rest)?;
    let blank = rest[surname..].chars().take(2).take_while(|c| matches!(c, '某' | '×' | '＊' | '*'));
    let blank: usize = blank.map(char::len_utf8).sum();
    (blank > 0).then_some(surname + blank)
}

/// 黄河路 is a place, and found as one.
fn ends_like_a_place(word: &str) -> bool {
    super::places::ending(word).is_some()
}

/// A surname with up to two characters, before a title; 李总 and 王工 take a surname alone. `known`: how far a word of the
/// dictionary reaches that begins there and is no name (高级经理).
fn titled(text: &str, at: usize, known: Option<usize>) -> Option<usize> {
    let rest = &text[at..];
    let surname = surname(rest)?;
    if known.is_some_and(|length| length > surname) {
        return None;
    }
    let given: Vec<usize> = rest[surname..].char_indices().map(|(at, c)| at + c.len_utf8()).take(2).collect();
    [0].into_iter().chain(given).map(|given| surname + given).find(|length| {
        let (given, title) = (&rest[surname..*length], &rest[*length..]);
        let titled = TITLES.split(' ').any(|word| title.starts_with(word));
        let short = given.is_empty() && SHORT.iter().any(|word| title.starts_with(word)) && is_whole(title);
        (titled || short) && given.chars().all(is_given)
    })
}

/// 王工程师 is no 王工, and 李总是 no 李总.
fn is_whole(title: &str) -> bool {
    !LONGER.split(' ').any(|word| title.starts_with(word))
}

/// 老张, 小王, 阿强: before something that does not go on with it.
fn pet(text: &str, at: usize) -> Option<usize> {
    let mut chars = text[at..].chars();
    let (first, second) = (chars.next()?, chars.next()?);
    (matches!(first, '老' | '小' | '阿') && PLAIN.contains(second)).then(|| first.len_utf8() + second.len_utf8())
}

/// A surname with one or two characters, after what introduces a person.
fn introduced(text: &str, at: usize, words: &[Guessed<'_>]) -> Option<usize> {
    let skipped = text[at..].chars().take_while(|c| matches!(c, '：' | ':' | ' ')).map(char::len_utf8).sum::<usize>();
    if skipped > 0 {
        // What follows a colon stands apart, and is found by how it is made.
        return None;
    }
    let rest = &text[at..];
    let surname = surname(rest)?;
    // 记者马上, 居民方便: another word that begins like a name.
    if words.first().is_some_and(|word| word.known && !word.person && word.word.len() > surname) {
        return None;
    }
    let given: Vec<char> = rest[surname..].chars().take(2).take_while(|c| is_given(*c)).collect();
    let first = given.first()?;
    // The words say whether the second character is of the name or of what comes next: 刘大山说, 刘山说.
    let two = given.get(1).filter(|_| {
        let name: usize = surname + given.iter().map(|c| c.len_utf8()).sum::<usize>();
        let mut end = 0;
        words.iter().take(3).any(|word| {
            end += word.word.len();
            end == name
        })
    });
    Some(surname + first.len_utf8() + two.map_or(0, |c| c.len_utf8()))
}

fn is_given(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}') && !NOT_GIVEN.contains(c)
}

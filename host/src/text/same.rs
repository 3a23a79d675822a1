//! Whether two short texts say the same: a question, a headline, a comment of a line or two.
//!
//! Near-duplicates need [`SHORTEST`](super::near::SHORTEST) characters; below that almost everything hangs on single
//! words. What counts is what one text says and the other does not: each word of one that is missing in the other, by how rare it
//! is, less where its characters are there in another order or in other company. Words that only ask or only
//! are polite count nothing, and how something is asked is compared apart from what is asked. The longer
//! both are, the less likely is it that they share so much by chance.
//!
//! What it gives up: synonyms beyond those of asking (a car is not an automobile), and the order of words: who
//! sued whom is the same to it.

use std::collections::BTreeSet;

use super::fold::{fold, is_alphanumeric};
use super::tokens::Tokeniser;

/// Characters that are compared: longer texts are for [`near`](super::near).
pub const LONGEST: usize = 400;
/// Words of a reason that a person is shown.
const SHOWN: usize = 8;

/// What two texts have in common, and how likely they say the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Sameness {
    /// Between 0 and 1; the same from 0.5 on.
    pub score: f32,
    /// Words that only one of them has, those that tell most first.
    pub apart: Vec<String>,
}

/// Weights of a logistic regression over what is compared. Fitted on LCQMC's 5,207 pairs of questions, of which
/// 79 in 100 are then judged as people did. Questions of a bank's customers (BQ) and sentences with
/// words exchanged (PAWS-X) follow other ideas of the same: `docs/performance.md`.
const MISSING: f32 = -4.4;
const SHARED: f32 = 0.7;
const LENGTH: f32 = 5.2;
const ASKED_ALIKE: f32 = -0.6;
const DENIED: f32 = -0.5;
const NUMBERS: f32 = -1.0;
const BIAS: f32 = -10.9;

/// What a word weighs less than the logarithm of how rare it is in the dictionary's texts, and at least.
const COMMON: f32 = 4.0;
const LEAST: f32 = 0.3;
/// Words of a dictionary that was counted on so many, and what stands in for the unknown count of a rare one.
const COUNTED: f32 = 6.01e7;
const SMOOTHING: f32 = 50.0;
/// How much of a missing word is there when all its characters are, or when some are.
const ALL_THERE: f32 = 0.7;
const SOME_THERE: f32 = 0.5;

/// Ways to ask, those that hold others first.
const ASKING: [(&str, &[&str]); 10] = [
    ("why", &["为什么", "为啥", "为何", "怎么会", "凭什么", "原因"]),
    ("what to do", &["怎么办", "咋办", "如何是好"]),
    ("how", &["怎么样", "怎样", "如何", "怎么", "咋样", "咋", "方法", "办法"]),
    ("what price", &["多少钱", "什么价", "价格", "价钱", "费用", "几块"]),
    ("how many", &["多少", "几个", "几"]),
    ("when", &["什么时候", "何时", "几点", "哪天", "时间"]),
    ("where", &["哪里", "哪儿", "什么地方", "在哪", "哪"]),
    ("who", &["谁", "什么人"]),
    ("what meaning", &["什么意思", "含义", "意思"]),
    ("what", &["什么", "啥"]),
];
/// Words that only ask for an answer.
const POLITE: &str = "请问 知道 告诉 有没有人 大神 各位 大家 谢谢 多谢 求助 急 求 跪求 在线等 我想 想问 想 帮忙 推荐 一下 的话 的 了 啊 呢 吗 吧 呀 么 嘛 哦";
/// Characters that deny.
const DENYING: [char; 5] = ['不', '没', '无', '非', '别'];

/// One text, read.
struct Said {
    /// Letters and digits, folded.
    chars: Vec<char>,
    words: Vec<String>,
    asked: BTreeSet<&'static str>,
    denies: bool,
    /// Numbers and Latin words.
    marks: BTreeSet<String>,
}

impl Said {
    fn of(tokeniser: &Tokeniser, text: &str) -> Self {
        let folded: String = fold(text).chars().take(LONGEST).collect();
        let (asked, rest) = asked(&folded);
        let is_word = |word: &str| word.chars().any(is_alphanumeric);
        let polite: BTreeSet<&str> = POLITE.split(' ').collect();
        let words = tokeniser.words(&rest).into_iter().filter(|word| is_word(word) && !polite.contains(word));
        let latin = |part: &&str| !part.is_empty();
        let ascii = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(latin);
        Self {
            words: words.map(str::to_owned).collect(),
            asked,
            denies: folded.contains(DENYING),
            marks: ascii.map(str::to_owned).collect(),
            chars: folded.chars().filter(|&c| is_alphanumeric(c)).collect(),
        }
    }

    /// The share of what this text says that the other does not, by weight, and its words with what each adds.
    fn missing(&self, tokeniser: &Tokeniser, other: &Self) -> (f32, Vec<(f32, String)>) {
        let there: BTreeSet<char> = other.chars.iter().copied().collect();
        let (mut all, mut missing, mut words) = (0.0, 0.0, Vec::new());
        for word in &self.words {
            let weight = weight(tokeniser, word);
            all += weight;
            if other.words.contains(word) {
                continue;
            }
            let absent = weight * (1.0 - partly(word, &there));
            missing += absent;
            words.push((absent, word.clone()));
        }
        (if all > 0.0 { missing / all } else { 0.5 }, words)
    }
}

/// Compares two texts.
#[must_use]
pub fn compare(tokeniser: &Tokeniser, a: &str, b: &str) -> Sameness {
    let (a, b) = (Said::of(tokeniser, a), Said::of(tokeniser, b));
    let ((only_a, mut apart), (only_b, others)) = (a.missing(tokeniser, &b), b.missing(tokeniser, &a));
    apart.extend(others);
    apart.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    apart.truncate(SHOWN);
    let apart = apart.into_iter().map(|(_, word)| word).collect();
    if a.chars == b.chars {
        return Sameness { score: 1.0, apart };
    }
    let flag = |holds: bool| f32::from(u8::from(holds));
    let shorter = a.chars.len().min(b.chars.len()) as f32;
    let sum = MISSING * (only_a + only_b)
        + SHARED * shared(&a.chars, &b.chars)
        + LENGTH * (1.0 + shorter).ln()
        + ASKED_ALIKE * flag(!a.asked.is_disjoint(&b.asked))
        + DENIED * flag(a.denies != b.denies)
        + NUMBERS * flag(a.marks != b.marks)
        + BIAS;
    Sameness { score: 1.0 / (1.0 + (-sum).exp()), apart }
}

/// How something is asked, and the text without the words that ask.
fn asked(folded: &str) -> (BTreeSet<&'static str>, String) {
    let (mut asked, mut rest) = (BTreeSet::new(), folded.to_owned());
    for (way, words) in ASKING {
        for word in words {
            if rest.contains(word) {
                asked.insert(way);
                // A gap keeps the words on either side apart.
                rest = rest.replace(word, " ");
            }
        }
    }
    (asked, rest)
}

fn weight(tokeniser: &Tokeniser, word: &str) -> f32 {
    ((COUNTED / (tokeniser.dictionary(word).0 as f32 + SMOOTHING)).ln() - COMMON).max(LEAST)
}

/// How much of a missing word is there in other company.
fn partly(word: &str, there: &BTreeSet<char>) -> f32 {
    let (mut met, mut all) = (0.0, 0.0);
    for c in word.chars() {
        all += 1.0;
        met += f32::from(u8::from(there.contains(&c)));
    }
    if met == all {
        ALL_THERE
    } else if all > 1.0 {
        SOME_THERE * met / all
    } else {
        0.0
    }
}

/// Characters that both have, each as often as both have it, as a share of the longer text.
fn shared(a: &[char], b: &[char]) -> f32 {
    let sorted = |chars: &[char]| {
        let mut chars = chars.to_vec();
        chars.sort_unstable();
        chars
    };
    let (a, b) = (sorted(a), sorted(b));
    let (mut i, mut j, mut common) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    common as f32 / a.len().max(b.len()).max(1) as f32
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static TOKENISER: LazyLock<Tokeniser> = LazyLock::new(Tokeniser::new);

    fn score(a: &str, b: &str) -> f32 {
        compare(&TOKENISER, a, b).score
    }

    #[test]
    fn other_ways_to_ask_the_same_are_the_same() {
        assert!(score("请问桥西路什么时候能恢复供水？", "桥西路何时恢复供水") > 0.5);
        assert!(score("小区停车费怎么交", "如何交小区停车费") > 0.5);
        assert_eq!(score("停水了！", "停水了"), 1.0);
    }

    #[test]
    fn what_only_one_of_them_says_sets_them_apart() {
        let pair = compare(&TOKENISER, "桥西路幼儿园什么时候开学", "桥西路养老院什么时候开工");
        assert!(pair.score < 0.5, "{pair:?}");
        assert!(
            pair.apart[..4].contains(&"幼儿园".to_owned()) && pair.apart[..4].contains(&"养老院".to_owned()),
            "{pair:?}"
        );
        assert!(
            score("102路公交车的末班车几点", "36路公交车的末班车几点")
                < score("102路公交车的末班车几点", "102路公交末班车几点")
        );
        assert!(score("水已经来了", "水还没有来") < score("水已经来了", "水已经来啦"));
    }

    proptest! {
        #[test]
        fn any_two_texts_are_compared_either_way(a in "\\PC{0,40}", b in "[停水电 不没1a怎么？]{0,20}") {
            let (one, other) = (compare(&TOKENISER, &a, &b), compare(&TOKENISER, &b, &a));
            prop_assert!((0.0..=1.0).contains(&one.score));
            prop_assert!((one.score - other.score).abs() < 1e-5);
            prop_assert_eq!(score(&a, &a), 1.0);
        }
    }

    #[test]
    fn a_megabyte_is_compared_by_its_head() {
        let long = "停水".repeat(200_000);
        assert_eq!(score(&long, &long), 1.0);
        assert!(score(&long, "通知").is_finite());
    }
}

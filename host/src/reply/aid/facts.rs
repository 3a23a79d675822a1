//! Facts that an answer needs: when, who, where to ask, and what it rests on.

use std::sync::LazyLock;

use regex::Regex;

use super::{Finding, Kind, Purpose};
use crate::incident::Category;
use crate::plan::answer::Form;
use crate::reply::citation::citations;
use crate::reply::prepare::sentences;

/// A moment or a length of time that somebody could be held to.
static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let numeral = "[0-9〇零一二两三四五六七八九十]+";
    let patterns = [
        // 十分 and 一点 are no times.
        format!("{numeral}\\s*(年|月|日|号)|[0-9]+\\s*(时|点)|(上|下|中)午|凌晨"),
        format!("{numeral}\\s*个?(工作日|小时|分钟|天|周|月|星期)"),
        "(今|明|昨|后|当)(天|日|晚|早|晨|年)|(本|下|上)(周|月|季度|年)|(月|年|周|季度)(底|末|初|内)|(上|下)半年".to_owned(),
        r"\d{1,2}[:：]\d{2}|\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?".to_owned(),
        r"(?i)\b(today|tonight|tomorrow|yesterday|noon|midnight|(mon|tues|wednes|thurs|fri|satur|sun)day)\b".to_owned(),
        r"(?i)\b\d{1,2}(st|nd|rd|th)?( of)? (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b".to_owned(),
        r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2}\b".to_owned(),
        r"(?i)\b\d{1,2}(:\d{2})? ?(am|pm|a\.m\.|p\.m\.|o[’']clock)".to_owned(),
        r"(?i)\b(\d+|one|two|three|four|five|six|seven|ten|a few) (working |business )?(minute|hour|day|week|month)s?\b".to_owned(),
        r"(?i)\b(this|next|last) (week|month|year|spring|summer|autumn|winter)\b|\bend of (the |this )?(week|month|year)\b".to_owned(),
    ];
    Regex::new(&patterns.join("|")).ok()
});

/// A body that does something.
static ACTOR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let zh = r"(我|本)(局|委|办|院|校|省|县|市|区|镇|乡|社|司|队|街道|单位|公司|中心|站|所)|我们|街道|社区|\p{Han}{2}(局|委员会|政府|中心|公司|街道|社区|大队|支队|医院|学校|办公室|管委会|专班|工作组|水厂|处|站)";
    let en = r"(?i)\b(we|our)\b|\b(bureau|office|department|council|government|centre|center|station|company|hospital|school|team|authority)\b";
    Regex::new(&format!("{zh}|{en}")).ok()
});

/// Somewhere to ask.
static CONTACT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let way = r"\d{3,4}-?\d{7,8}|\b1\d{10}\b|\b12345\b|热线|电话|邮箱|信箱|来访|窗口|https?://|www\.|[\w.]+@[\w.]+";
    Regex::new(&format!("{way}|(?i)\\b(call|phone|telephone|e-?mail|hotline|visit us|contact)\\b")).ok()
});

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Whether a text names a moment or a length of time.
pub(super) fn names_a_time(text: &str) -> bool {
    matches(&TIME, text)
}

/// Whether a text names a body that does something.
pub(super) fn names_an_actor(text: &str) -> bool {
    matches(&ACTOR, text)
}

/// What the whole draft lacks.
pub(super) fn missing(draft: &str, purpose: &Purpose) -> Vec<Finding> {
    let whole = draft.trim();
    if whole.is_empty() {
        return Vec::new();
    }
    let start = draft.len() - draft.trim_start().len();
    let first = start..start + sentences(whole).next().map_or(0, |sentence| sentence.trim_end().len());
    let lacks = [
        (Kind::NoTime, !names_a_time(draft)),
        (Kind::NoActor, !names_an_actor(draft)),
        // A comment stands below a page that says whom to ask.
        (Kind::NoContact, purpose.form != Form::Comment && !matches(&CONTACT, draft)),
    ];
    lacks.into_iter().filter(|(_, lacks)| *lacks).map(|(kind, _)| Finding { at: first.clone(), kind }).collect()
}

/// A sentence of a rebuttal that states a figure and does not say where it is from.
pub(super) fn uncited(sentence: &str, purpose: &Purpose) -> Option<Finding> {
    let states = sentence.chars().any(|c| c.is_ascii_digit()) && !matches(&CONTACT, sentence);
    let finding = Finding { at: 0..sentence.trim_end().len(), kind: Kind::Uncited };
    (purpose.category == Some(Category::Rumour) && states && citations(sentence).is_empty()).then_some(finding)
}

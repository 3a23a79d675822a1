//! Promises: one that names neither somebody nor a day is broken before it is made.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{names_a_time, names_an_actor};
use super::{Finding, Kind};

/// What a body promises to do.
const DEEDS: &str = "整改|修复|维修|修理|解决|处理|处置|答复|回复|公布|公开|通报|恢复|完成|整治|改进|改正|更换|补发|退还|退款|赔偿|清理|清运|查处|核查|核实|调查|落实|推进|协调|安装|优化|反馈|跟进|督促|研究|开通|增加|增设|加强|约谈|抢修";

/// 将 … 整改, within one clause: the words between are few and are no other clause.
static PROMISE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // A bare 会 is more often a committee, and 及时 more often what was not done.
    let will = "将|承诺|保证|一定|力争|争取|确保|会(尽快|马上|立即|继续|抓紧)|(我局|我们|局里)会";
    let zh = format!("({will})[^，。；！？]{{0,24}}({DEEDS})|(尽快|早日|抓紧)[^，。；！？]{{0,10}}({DEEDS})");
    let deeds = "repair|fix|solve|resolve|answer|repl(y|ie)|publish|restore|complete|improve|replace|refund|compensate|clean|clear|investigate|check|review|install|report|open|add|correct|rectify|inform|update";
    let en = format!(r"(?i)\b(will|shall|promise to|undertake to|commit to|pledge to)\s+(\w+ ){{0,4}}?({deeds})");
    Regex::new(&format!("{zh}|{en}")).ok()
});

/// What is no promise although it has its words.
static OTHERWISE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(如|若|如果|一旦|假如)|不会|(?i)\\b(if|will not|won[’']t)\\b|[？?]").ok());

/// Somebody who is nobody.
static NOBODY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(相关|有关)(部门|单位|人员|方面)|(?i)\b(the )?(relevant|competent|appropriate) \w+").ok()
});

fn is_match(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// What the promise of a sentence lacks.
pub(super) fn findings(sentence: &str) -> Vec<Finding> {
    let promise = PROMISE.as_ref().and_then(|promise| promise.find(sentence));
    let Some(promise) = promise.filter(|_| !is_match(&OTHERWISE, sentence)) else { return Vec::new() };
    let named = NOBODY.as_ref().map_or_else(|| sentence.into(), |nobody| nobody.replace_all(sentence, ""));
    let mut found = Vec::new();
    if !names_an_actor(&named) {
        found.push(Finding { at: promise.range(), kind: Kind::PromiseOwner });
    }
    if !names_a_time(sentence) {
        found.push(Finding { at: promise.range(), kind: Kind::PromiseDate });
    }
    found
}

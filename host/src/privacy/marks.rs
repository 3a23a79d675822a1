//! What points at somebody by its form: numbers, plates, accounts, addresses of mail and pages.
//!
//! Digits may be full-width, and kept apart by blanks, points or dashes, as people write them to be read and not found.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Gazetteer, Kind};

/// A rule: what it finds is the group `it`, or all of it.
struct Rule {
    kind: Kind,
    form: Regex,
}

/// A digit.
const D: &str = "[0-9０-９]";
/// What stands between digits.
const S: &str = r"[ \-－—·．.　]?";

#[expect(clippy::expect_used, reason = "the rules are constants, and a test reads them all")]
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let digits = format!("{D}(?:{S}{D})");
    let forms = [
        (Kind::Link, r"(?i)\b(?:https?|ftp)://[^\s\p{Han}，。；、！？（）《》【】“”‘’」』]+".to_owned()),
        (Kind::Link, r"(?i)\b(?:www\.|m\.|t\.cn/)[a-z0-9][a-z0-9./_?=&%#\-]+".to_owned()),
        (Kind::Email, r"(?i)[a-z0-9._%+\-]+\s?[@＠]\s?[a-z0-9\-]+(?:[.．][a-z0-9\-]+)+".to_owned()),
        // Identity cards, of today and of before 1999; passports; bank cards.
        (Kind::Number, format!(r"(?:^|[^0-9０-９])(?P<it>{digits}{{16}}{S}[0-9０-９XxＸｘ])")),
        (Kind::Number, format!(r"(?:^|[^0-9０-９])(?P<it>{digits}{{14,18}})(?:$|[^0-9０-９])")),
        (Kind::Number, format!(r"\b(?P<it>[EGPSDegpsd][A-Za-z]?{D}{{7,8}})\b")),
        (Kind::Phone, format!(r"(?:^|[^0-9０-９])(?P<it>(?:[+＋]?(?:86|８６){S})?[1１]{S}[3-9３-９](?:{S}{D}){{9}})(?:$|[^0-9０-９])")),
        (Kind::Phone, format!(r"(?:^|[^0-9０-９])(?P<it>[（(]?[0０]{D}{{2,3}}[)）]?[ \-－—]?{D}{{7,8}})(?:$|[^0-9０-９])")),
        (Kind::Phone, format!(r"(?:^|[^0-9０-９])(?P<it>[48][0]{{2}}{S}{D}{{3}}{S}{D}{{4}})(?:$|[^0-9０-９])")),
        (Kind::Phone, format!(r"(?i)(?:电话|手机|座机|号码|联系|致电|拨打|tel)[^0-9０-９\p{{Han}}]{{0,4}}(?P<it>{digits}{{6,11}})")),
        (Kind::Phone, "[一二三四五六七八九零〇幺壹贰叁肆伍陆柒捌玖]{11}".to_owned()),
        (
            Kind::Plate,
            r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z]\s?[·•・.．\-]?\s?[A-HJ-NP-Z0-9*]{4,6}[挂学警港澳]?".to_owned(),
        ),
        (Kind::Account, r"(?i)(?:微信|企鹅|[vV]信|薇信|威信|\bwx|\bvx|\bqq|[qQ]群|扣扣|支付宝|抖音|快手|小红书)(?:号|群|是|为)?[:：\s]{0,3}(?P<it>[a-z0-9_\-]{5,24})".to_owned()),
        (Kind::Account, r"[@＠](?P<it>[\w\p{Han}·\-]{2,30})".to_owned()),
        (Kind::Account, r#"(?:网友|网名|昵称|用户|楼主|博主|ID|id)\s?[:：]?\s?[“"「『【](?P<it>[^”"」』】\n]{1,24})[”"」』】]"#.to_owned()),
        (Kind::Account, r"(?i)\b(?:uid|user\s?id|用户名|账号|帐号)\s?[:：]\s?(?P<it>[\w\-]{3,24})".to_owned()),
    ];
    forms
        .into_iter()
        .map(|(kind, form)| Rule { kind, form: Regex::new(&form).expect("a rule that can be read") })
        .collect()
});

/// Calls `take` with what each rule finds. Overlaps are settled by the caller.
pub(super) fn find(text: &str, about: &Gazetteer, take: &mut impl FnMut(Range<usize>, Kind)) {
    for rule in RULES.iter() {
        let mut from = 0;
        while let Some(found) = rule.form.captures_at(text, from) {
            let Some(whole) = found.get(0) else { break };
            let it = found.name("it").unwrap_or(whole);
            // What ends one number may begin the next.
            from = it.end().max(from + 1);
            while !text.is_char_boundary(from) {
                from += 1;
            }
            let official = rule.kind == Kind::Link && is_official(it.as_str(), about)
                || rule.kind == Kind::Account && is_organisation(it.as_str(), about);
            if !official {
                take(it.range(), rule.kind);
            }
            if from > text.len() {
                break;
            }
        }
    }
}

/// An address of a public body, or of the organisation itself.
fn is_official(link: &str, about: &Gazetteer) -> bool {
    let after = link.split_once("://").map_or(link, |(_, rest)| rest);
    let host = after.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default().to_ascii_lowercase();
    let below = |of: &str| host == of || host.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'));
    below("gov.cn") || about.hosts.iter().any(|own| below(&own.to_ascii_lowercase()))
}

/// The organisation's own account is nobody's.
fn is_organisation(account: &str, about: &Gazetteer) -> bool {
    about.organisation.iter().any(|name| !name.is_empty() && account.starts_with(name.as_str()))
}

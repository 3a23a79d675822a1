//! One spelling for digits, marks and numerals.

/// The characters of a date, at most 160: full-width ones made narrow, Chinese
/// numerals before a unit made digits.
pub(super) fn normalise(text: &str) -> Vec<char> {
    let narrow = |c: char| match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        '：' | '∶' => ':',
        '－' | '–' | '—' | '‐' | '−' => '-',
        '／' => '/',
        '．' => '.',
        '，' | '、' => ',',
        '點' => '点',
        '時' => '时',
        '後' => '后',
        '鐘' | '鍾' => '钟',
        '個' => '个',
        '週' => '周',
        '剛' => '刚',
        '號' => '号',
        '年' | '년' => '年',
        '월' => '月',
        '일' => '日',
        '\u{3000}' | '\u{a0}' | '\n' | '\r' | '\t' => ' ',
        _ => c,
    };
    let mut chars: Vec<char> = Vec::with_capacity(text.len().min(160));
    for c in text.chars().take(160).map(narrow) {
        if "年月日号点时分秒".contains(c) {
            // "2019 年 10 月": a unit belongs to the number before it.
            let written = chars.iter().rposition(|c| *c != ' ').map_or(0, |last| last + 1);
            if written > 0 && chars[written - 1].is_ascii_digit() {
                chars.truncate(written);
            }
        }
        chars.push(c);
    }
    if !chars.iter().any(|c| numeral(*c).is_some()) {
        return chars;
    }
    let mut out = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let run = chars[at..].iter().take_while(|c| numeral(**c).is_some()).count();
        let unit = chars.get(at + run).is_some_and(|c| "年月日号点时分秒小天个周星".contains(*c));
        let is_weekday = at > 0 && matches!(chars[at - 1], '周' | '期' | '拜');
        match chinese_number(&chars[at..at + run]) {
            Some(number) if run > 0 && unit && !is_weekday => {
                out.extend(number.chars());
                at += run;
            }
            _ => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out
}

pub(super) fn numeral(c: char) -> Option<i64> {
    Some(match c {
        '〇' | '零' | '○' => 0,
        '一' => 1,
        '二' | '两' | '兩' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => 10,
        '廿' => 20,
        '卅' => 30,
        _ => return None,
    })
}

/// "二〇二二" digit by digit, "二十三" and "十" by value.
pub(super) fn chinese_number(run: &[char]) -> Option<String> {
    let values: Vec<i64> = run.iter().filter_map(|c| numeral(*c)).collect();
    if values.is_empty() || values.len() > 4 {
        return None;
    }
    if values.iter().all(|v| *v < 10) {
        return Some(values.iter().map(i64::to_string).collect());
    }
    let mut total = 0;
    for value in values {
        total = if value == 10 && total % 10 != 0 { total * 10 } else { total + value };
    }
    Some(total.to_string())
}

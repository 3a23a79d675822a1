//! Whether a text claims something that could be checked.
//!
//! A claim is a clause that says of someone or something named (a person of
//! standing, an office, a place, a number) that it did or is something. A
//! judgement (局长不作为) is none, a question is none. The lists are short on purpose: this
//! rule only ever takes a suggestion of rumour away.

/// Whether a character tells of someone or something, so that somebody could ask there.
const fn names(c: char) -> bool {
    matches!(
        c,
        '院' | '校'
            | '学'
            | '厂'
            | '局'
            | '部'
            | '县'
            | '市'
            | '省'
            | '国'
            | '镇'
            | '村'
            | '路'
            | '桥'
            | '山'
            | '台'
            | '馆'
            | '网'
            | '警'
            | '官'
            | '兵'
            | '员'
            | '长'
            | '师'
            | '医'
            | '生'
            | '家'
            | '者'
            | '星'
            | '人'
            | '男'
            | '女'
            | '妈'
            | '爸'
            | '童'
            | '孩'
            | '会'
            | '司'
            | '店'
            | '车'
            | '药'
            | '水'
            | '果'
            | '奶'
            | '肉'
            | '菜'
            | '鱼'
            | '猪'
            | '猴'
            | '狗'
            | '蛇'
            | '猫'
            | '机'
            | '票'
            | '税'
            | '币'
            | '钱'
            | '@'
            | '《'
            | '【'
            | '#'
    )
}

/// Words of a claim's subject that are told by more than one character.
const NAMES: [&str; 8] = ["集团", "幼儿园", "公安", "政府", "中央", "品牌", "微博", "新闻"];

/// What is said to have happened, or to be so.
const SAID: [&str; 54] = [
    "了", "被", "已", "将", "死", "称", "说", "发现", "规定", "证明", "证实", "公布", "取消", "禁", "致", "是", "会",
    "有", "曝", "透露", "表示", "承认", "宣布", "提议", "建议", "为", "在", "到", "出", "让", "偷", "抢", "杀", "吃",
    "含", "捐", "骗", "拒绝", "去世", "丧生", "身亡", "遇难", "生下", "抄袭", "播出", "报道", "收费", "免费", "撞",
    "咬", "砸", "抓", "打", "卖",
];

/// Whether some clause claims a fact that could be checked.
pub(crate) fn checkable(text: &str) -> bool {
    text.split_inclusive(['。', '！', '!', '？', '?', '；', '\n']).take(200).any(|sentence| {
        let question = sentence.ends_with(['？', '?']) || sentence.contains('吗');
        let named = sentence.contains(|c: char| c.is_ascii_alphanumeric() || names(c))
            || NAMES.iter().any(|word| sentence.contains(word));
        let long = sentence.chars().nth(7).is_some();
        long && !question && named && SAID.iter().any(|word| sentence.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_names_something_and_says_something_of_it() {
        assert!(checkable("刚从医院回来，医生说已经死了七个孩子！"));
        assert!(checkable("下月1日起全国取消学生票"));
        assert!(!checkable("太可怕了，简直没有天理！"), "a judgement");
        assert!(!checkable("医院是不是已经死了很多人？"), "a question");
        assert!(!checkable("死了"), "too short to check");
    }
}

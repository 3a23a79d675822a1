//! Whether a text claims something that could be checked, and whether it is the
//! writer's own matter.
//!
//! A claim is a clause that says of someone or something named (a person of
//! standing, an office, a place, a number) that it did or is something. A
//! judgement (局长不作为) is none, a question is none. The lists are short on purpose: this
//! rule only ever takes a suggestion of rumour away.

/// Whoever or whatever a claim is about, so that somebody could ask there.
const NAMED: [&str; 54] = [
    "医院",
    "学校",
    "大学",
    "中学",
    "小学",
    "幼儿园",
    "公司",
    "集团",
    "公安",
    "警",
    "法院",
    "局",
    "部门",
    "政府",
    "中央",
    "国家",
    "国",
    "省",
    "市",
    "县",
    "镇",
    "村",
    "医生",
    "护士",
    "专家",
    "教授",
    "科学家",
    "记者",
    "央视",
    "媒体",
    "明星",
    "演员",
    "歌手",
    "冠军",
    "球",
    "院长",
    "主席",
    "总统",
    "老板",
    "品牌",
    "超市",
    "老人",
    "孩子",
    "女孩",
    "男孩",
    "男子",
    "女子",
    "学生",
    "委员",
    "网友",
    "朋友",
    "同学",
    "官方",
    "厂",
];

/// What is said to have happened, or to be so.
const SAID: [&str; 38] = [
    "了", "被", "已", "将", "死", "称", "说", "发现", "规定", "证明", "证实", "公布", "取消", "禁", "致", "是", "会",
    "有", "曝", "透露", "表示", "承认", "宣布", "提议", "建议", "为", "在", "到", "出", "让", "偷", "抢", "杀", "吃",
    "含", "捐", "骗", "拒绝",
];

/// Words with which someone writes of a matter of their own, or to an office.
const OWN: [&str; 32] = [
    "投诉",
    "反映",
    "尊敬的",
    "恳请",
    "请求",
    "物业",
    "业主",
    "我们小区",
    "我们村",
    "我家",
    "本人",
    "维权",
    "领导您好",
    "请有关",
    "请相关",
    "望有关",
    "望相关",
    "希望有关",
    "希望相关",
    "给个说法",
    "退款",
    "退费",
    "乱收费",
    "不作为",
    "衙门",
    "不给办证",
    "贵局",
    "政府不管",
    "没人管",
    "实名举报",
    "讨薪",
    "骗老百姓",
];

/// Words of which one is told by anybody, and two by someone concerned.
const LIKELY: [&str; 14] =
    ["开发商", "小区", "领导", "窗口", "拖欠", "工资", "执法", "书记", "市长", "县长", "12345", "推诿", "拆迁", "举报"];

/// Whether some clause claims a fact that could be checked.
pub(crate) fn checkable(text: &str) -> bool {
    text.split_inclusive(['。', '！', '!', '？', '?', '；', '\n']).take(200).any(|sentence| {
        let question = sentence.ends_with(['？', '?']) || sentence.contains('吗');
        let named = NAMED.iter().any(|word| sentence.contains(word)) || sentence.contains(|c: char| c.is_ascii_digit());
        let long = sentence.chars().nth(7).is_some();
        long && !question && named && SAID.iter().any(|word| sentence.contains(word))
    })
}

/// Whether the writer speaks of a matter of their own or to an office.
pub(crate) fn own_grievance(text: &str) -> bool {
    OWN.iter().any(|word| text.contains(word)) || LIKELY.iter().filter(|word| text.contains(**word)).count() >= 2
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

    #[test]
    fn a_grievance_is_the_writers_own() {
        assert!(own_grievance("我们小区停水三天了"));
        assert!(own_grievance("窗口的人说领导不在"), "two likely words");
        assert!(!own_grievance("领导家属都跑了"), "one likely word");
        assert!(!own_grievance("科学家证实手机会致癌"));
    }
}

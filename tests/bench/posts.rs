//! The posts that are measured with: a town's talk, the same at every run.
//!
//! Each post is a function of its number alone, so that any part of the talk
//! can be made without the parts before it. One in nine passes an earlier post
//! on, word for word behind a mark or with a sentence of its own; one in forty
//! names a page that others name too; three in ten mention the organisation.
//! The words are real, so that dictionaries and full text have their usual
//! work; what the sentences say means nothing.

use std::fmt::Write as _;

use caifeng::topic::TopicConfig;

/// When the talk begins: 2026-01-01T00:00:00Z.
pub(crate) const BEGIN: i64 = 1_767_225_600;
/// Seconds from one post to the next.
const PACE: i64 = 11;
/// Sites that take turns.
pub(crate) const SITES: u64 = 64;

const WORDS: &str = "今天 昨天 早上 晚上 中午 下午 最近 一直 已经 还是 又 停水 停电 供水 热线 物业 小区 居民 老人 孩子 学校 门口 \
    堵车 道路 积水 暴雨 预警 施工 噪音 扰民 投诉 城管 公交 线路 调整 建议 增加 班次 站台 路灯 井盖 垃圾 清运 河道 污染 气味 难闻 \
    医院 挂号 排队 医生 护士 态度 材料 窗口 办事 证明 社保 医保 退休 工资 拖欠 合同 房产 开发商 交房 延期 质量 漏水 裂缝 维修 \
    电梯 故障 消防 通道 占用 停车 收费 标准 公示 政策 通知 文件 领导 部门 回复 处理 结果 满意 感谢 辛苦 点赞 希望 尽快 解决 \
    农村 土地 征收 补偿 标准 耕地 水渠 修路 村委会 书记 选举 公开 账目 低保 名额 疫苗 接种 发热 门诊 食品 安全 超市 过期 退款 \
    网友 视频 转发 消息 听说 真假 不知道 谁能 说明 一下 情况 到底 怎么 回事 为什么 没有 人管 三个月 半年 多次 反映 电话 打不通 \
    天气 降温 取暖 暖气 不热 供热 公司 燃气 安检 上门 快递 驿站 骑手 共享 单车 乱停 广场 舞 音响 深夜 烧烤 油烟 排放 检测 达标";
const FAMILY: &str = "桥石柳城河滨竹桐锦南北东西新安平和兴福乐春江湖山林泉云白金玉龙凤青红光明文昌永泰康宁";
const PLACES: [&str; 8] = ["路", "小区", "村", "街道", "花园", "市场", "小学", "大桥"];
const HAPPENED: [&str; 10] = [
    "又停水了",
    "路面塌了一块",
    "半夜还在施工",
    "垃圾堆了三天没人收",
    "公交车半小时一班",
    "暖气一点都不热",
    "有人把消防通道堵死了",
    "办事窗口中午没有人",
    "井盖松动很危险",
    "自来水发黄有异味",
];
const ASKED: [&str; 8] = [
    "请有关部门管一管",
    "什么时候能解决",
    "建议尽快派人来看看",
    "希望给大家一个说法",
    "到底归谁管",
    "谢谢各位师傅的辛苦",
    "转给更多人看看",
    "有没有人知道原因",
];
/// What the topics look for.
const OURS: [&str; 3] = ["云溪县水务局", "云溪水务", "县水务局"];
const OTHERS: [&str; 4] = ["临禾县教育局", "市公交公司", "区城管委", "镇卫生院"];

/// One post before any feed has it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) author: String,
    pub(crate) published: i64,
}

/// A feed as a site shows it at one moment.
pub(crate) struct Page {
    pub(crate) site: u64,
    pub(crate) drafts: Vec<Draft>,
    /// After all of its posts.
    pub(crate) fetched: i64,
}

/// Pages of 50 to 200 posts, one after the other.
#[derive(Default)]
pub(crate) struct Talk {
    posts: u64,
    pages: u64,
}

impl Iterator for Talk {
    type Item = Page;

    fn next(&mut self) -> Option<Page> {
        let count = 50 + Dice::new(self.pages ^ 0xfeed).below(151);
        let drafts: Vec<Draft> = (self.posts..self.posts + count).map(draft).collect();
        let page = Page { site: self.pages % SITES, drafts, fetched: published(self.posts + count) };
        self.posts += count;
        self.pages += 1;
        Some(page)
    }
}

/// The address of a site's feed.
pub(crate) fn listing(site: u64) -> String {
    format!("http://site{site}.bench.example/feed.xml")
}

/// The topics of the organisation: two that are met, and forty that are only looked for.
pub(crate) fn topics() -> Vec<TopicConfig> {
    let known: Vec<&str> = WORDS.split_whitespace().collect();
    let mut dice = Dice::new(7);
    let mut topics: Vec<TopicConfig> = (0..40)
        .map(|number| TopicConfig {
            name: format!("topic {number}"),
            must: vec![format!("采风{number}号工程")],
            any: (0..8).map(|_| (*dice.of(&known)).to_owned()).collect(),
            ..TopicConfig::default()
        })
        .collect();
    let named = |name: &str, any: &[&str]| TopicConfig {
        name: name.to_owned(),
        any: any.iter().map(|&term| term.to_owned()).collect(),
        ..TopicConfig::default()
    };
    topics.push(named("本局", &OURS));
    topics.push(named("供水", &["云溪县水务局停水", "水务局热线"]));
    topics
}

fn published(number: u64) -> i64 {
    BEGIN + number as i64 * PACE
}

/// The post of a number.
pub(crate) fn draft(number: u64) -> Draft {
    let mut dice = Dice::new(number);
    let published = published(number);
    let author = format!("用户{}", dice.below(20_000));
    if number > 1_000 && dice.below(9) == 0 {
        // Of the last thousand posts, so that a matter is passed on while it is fresh.
        let original = original(number - 1 - dice.below(1_000));
        let text = match dice.below(3) {
            0 => format!("转发：{}", original.text),
            1 => format!("{}{}。", original.text, dice.of(&ASKED)),
            _ => original.text,
        };
        return Draft { number, published, author, text, title: original.title };
    }
    Draft { author, ..original(number) }
}

/// The post of a number as it would be if nobody passed anything on.
pub(crate) fn original(number: u64) -> Draft {
    let mut dice = Dice::new(number ^ 0x5eed_0000_0000);
    let known: Vec<&str> = WORDS.split_whitespace().collect();
    let place = dice.place();
    let happened = dice.of(&HAPPENED);
    let about = if dice.below(10) < 3 { dice.of(&OURS) } else { dice.of(&OTHERS) };
    let mut text = format!("{place}{happened}，");
    for _ in 0..2 + dice.below(4) {
        for _ in 0..4 + dice.below(9) {
            text.push_str(dice.of(&known));
        }
        text.push_str(dice.of(&["，", "。", "！"]));
    }
    let _ = write!(text, "{}{}已经{}天了，{}。", dice.place(), about, 1 + dice.below(90), dice.of(&ASKED));
    if dice.below(40) == 0 {
        let _ = write!(text, " http://news.bench.example/2026/{}.html", number / 50);
    }
    Draft { number, title: format!("{place}{happened}"), text, author: String::new(), published: published(number) }
}

/// The feed that shows a page, as RSS 2.0.
pub(crate) fn rss(page: &Page) -> String {
    let mut body = String::with_capacity(page.drafts.len() * 1_200);
    body.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\"><channel><title>站点</title>\n");
    for draft in page.drafts.iter().rev() {
        let Draft { number, title, text, author, published } = draft;
        let link = format!("http://site{}.bench.example/t/{number}.html", page.site);
        let date = jiff::Timestamp::from_second(*published).unwrap_or_default();
        let date = date.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let _ = writeln!(
            body,
            "<item><title>{title}</title><link>{link}</link><guid>{link}</guid><author>{author}</author>\
             <pubDate>{date}</pubDate><description><![CDATA[<p>{text}</p>]]></description></item>"
        );
    }
    body.push_str("</channel></rss>\n");
    body
}

/// Numbers that look like chance and are the same every time (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd129_42c4_5c1d_6f2b).wrapping_add(0x1234_5678_9abc_def1))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    pub(crate) fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len() as u64) as usize]
    }

    pub(crate) fn place(&mut self) -> String {
        let characters = FAMILY.chars().count() as u64;
        let mut place: String = (0..2).filter_map(|_| FAMILY.chars().nth(self.below(characters) as usize)).collect();
        place.push_str(self.of(&PLACES));
        place
    }
}

//! What the pure text stages cost a post: signing, search tokens, topics. The texts are made here, from a fixed seed, so that
//! two runs measure the same work; their words are real and their meaning is not.

use std::hint::black_box;
use std::time::Instant;

use caifeng::text::near::Signature;
use caifeng::text::tokens::Tokeniser;
use caifeng::topic::{Names, TopicConfig, Topics};

const WORDS: &str = "桥西路 今天 又 停水 了 供水 热线 没有 人 接 本月 第三次 请问 水利局 管不管 小区 物业 说 不知道 \
    居民 只能 去 河边 打水 老人 孩子 怎么办 希望 有关部门 尽快 处理 给 大家 一个 答复 昨天 晚上 施工 噪音 \
    扰民 投诉 城管 来了 以后 好 几天 公交 线路 调整 建议 增加 班次 学校 门口 堵车 严重 道路 积水 暴雨 预警";

use crate::report::{Figure, Goal};

/// Prints what each stage costs, beside what the usual library took on another day.
pub(crate) fn run() {
    let posts = posts(20_000, 60);
    let per_post = |seconds: f64| seconds * 1e6 / posts.len() as f64;

    let (seconds, ()) = timed(|| posts.iter().for_each(|text| _ = black_box(Signature::of(None, text))));
    print("text.sign", per_post(seconds), "us/post", ("datasketch MinHash with its index, another day", 348.0));

    let tokeniser = Tokeniser::new();
    let bytes: usize = posts.iter().map(String::len).sum();
    let (seconds, ()) = timed(|| posts.iter().for_each(|text| drop(black_box(tokeniser.index_text(None, text)))));
    print("text.tokens", bytes as f64 / 1e6 / seconds, "MB/s", ("jieba (Python), another day", 0.95));

    let mut thousand = 0.0;
    for terms in [1_000, 10_000] {
        let topics = topics(terms);
        let (seconds, ()) = timed(|| posts.iter().for_each(|text| drop(black_box(topics.matches(None, text)))));
        let rate = bytes as f64 / 1e6 / seconds;
        print(&format!("topic.match.{terms}"), rate, "MB/s", ("pyahocorasick, 10,000 terms, another day", 7.0));
        if terms == 1_000 {
            thousand = seconds;
        } else {
            Figure::new("topic.growth", seconds, "s for 10,000 terms")
                .against("the same with 1,000", thousand)
                .goal(Goal::AtMost(1.3))
                .print();
        }
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let made = work();
    (start.elapsed().as_secs_f64(), made)
}

fn print(name: &str, value: f64, unit: &'static str, (what, elsewhere): (&'static str, f64)) {
    Figure::new(name, value, unit).against(what, elsewhere).print();
}

fn posts(count: usize, words: usize) -> Vec<String> {
    let known: Vec<&str> = WORDS.split_whitespace().collect();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..count).map(|_| (0..words).map(|_| known[dice.below(known.len())]).collect()).collect()
}

/// Topics of ten terms, of which posts hold those of the first.
fn topics(terms: usize) -> Topics {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut term = || (0..4).filter_map(|_| char::from_u32(0x4e00 + dice.below(2_000) as u32)).collect::<String>();
    let configs: Vec<TopicConfig> = (0..terms / 10)
        .map(|number| TopicConfig {
            name: format!("topic {number}"),
            any: (0..10).map(|place| if number + place == 0 { "停水".to_owned() } else { term() }).collect(),
            ..TopicConfig::default()
        })
        .collect();
    Topics::compile(&configs, &Names::default()).expect("the terms are valid")
}

/// Marsaglia's xorshift: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

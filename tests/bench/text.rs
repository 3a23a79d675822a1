//! What the pure text stages cost a post: signing, search tokens, topics. The texts are made here, from a fixed seed, so that
//! two runs measure the same work; their words are real and their meaning is not.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use caifeng::text::near::Signature;
use caifeng::text::telling::Telling;
use caifeng::text::tokens::Tokeniser;
use caifeng::topic::{Names, TopicConfig, Topics};
use cpu_time::ThreadTime;

const WORDS: &str = "桥西路 今天 又 停水 了 供水 热线 没有 人 接 本月 第三次 请问 水利局 管不管 小区 物业 说 不知道 \
    居民 只能 去 河边 打水 老人 孩子 怎么办 希望 有关部门 尽快 处理 给 大家 一个 答复 昨天 晚上 施工 噪音 \
    扰民 投诉 城管 来了 以后 好 几天 公交 线路 调整 建议 增加 班次 学校 门口 堵车 严重 道路 积水 暴雨 预警";

use crate::report::{Figure, Goal, note};

/// Prints what each stage costs, beside what the usual library took on another day.
pub(crate) fn run(scratch: &Path) -> anyhow::Result<()> {
    let posts = posts(20_000, 60);
    let per_post = |seconds: f64| seconds * 1e6 / posts.len() as f64;

    let (seconds, ()) = timed(|| posts.iter().for_each(|text| _ = black_box(Signature::of(None, text))));
    print("text.sign", per_post(seconds), "us/post", ("datasketch MinHash with its index, another day", 348.0));

    let tokeniser = Tokeniser::new();
    let bytes: usize = posts.iter().map(String::len).sum();
    let (seconds, ()) = timed(|| posts.iter().for_each(|text| drop(black_box(tokeniser.index_text(None, text)))));
    print("text.tokens", bytes as f64 / 1e6 / seconds, "MB/s", ("jieba (Python), another day", 0.95));

    let (seconds, ()) = timed(|| posts.iter().for_each(|text| drop(black_box(tokeniser.cut(None, text)))));
    Figure::new("text.cut", per_post(seconds), "us/post").print();
    let (both, ()) = timed(|| {
        for text in &posts {
            let cut = tokeniser.cut(None, text);
            black_box((cut.tokens(), Telling::of(&cut)));
        }
    });
    Figure::new("text.tokens_and_telling", per_post(both), "us/post")
        .against("only cutting", per_post(seconds))
        .print();

    topics_of(&posts, scratch)
}

/// How often each set of topics is held against all posts, by turns.
const ROUNDS: usize = 10;

/// Prints the speed of topics of a thousand and of ten thousand terms, and of pyahocorasick with as many.
fn topics_of(posts: &[String], scratch: &Path) -> anyhow::Result<()> {
    let bytes = (ROUNDS * posts.iter().map(String::len).sum::<usize>()) as f64;
    let sets = [1_000, 10_000].map(terms);
    let topics = sets.each_ref().map(|terms| compiled(terms));
    let mut seconds = [0.0; 2];
    for _ in 0..ROUNDS {
        for (topics, seconds) in topics.iter().zip(&mut seconds) {
            let start = ThreadTime::now();
            posts.iter().for_each(|text| drop(black_box(topics.matches(None, text))));
            *seconds += start.elapsed().as_secs_f64();
        }
    }
    let rates = seconds.map(|seconds| bytes / 1e6 / seconds);
    Figure::new("topic.match.1000", rates[0], "MB/CPU s").print();
    let mut figure = Figure::new("topic.match.10000", rates[1], "MB/CPU s");
    match pyahocorasick(posts, &sets[1], scratch)? {
        Some(rate) => figure = figure.against("pyahocorasick, the same terms and posts, hits only", rate),
        None => note("topic.match: no Python with pyahocorasick (BENCH_PYTHON names one): nothing beside it"),
    }
    figure.print();
    Figure::new("topic.match.10000.goal", rates[1], "MB/CPU s").goal(Goal::AtLeast(200.0)).print();
    Figure::new("topic.growth", seconds[1], "CPU s for 10,000 terms")
        .against("the same with 1,000", seconds[0])
        .goal(Goal::AtMost(1.3))
        .print();
    Ok(())
}

/// Counts hits of every term in every post, and prints seconds of processor time.
const PEER: &str = "import sys, time, ahocorasick
folder = sys.argv[1]
automaton = ahocorasick.Automaton()
for term in open(folder + '/terms.txt', encoding='utf-8').read().split('\\n'): automaton.add_word(term, 1)
automaton.make_automaton()
posts = open(folder + '/posts.txt', encoding='utf-8').read().split('\\n')
start = time.process_time()
for post in posts: sum(1 for _ in automaton.iter(post))
print(time.process_time() - start)
";

/// MB a second of the usual library; `None` where it is not installed.
fn pyahocorasick(posts: &[String], terms: &[String], scratch: &Path) -> anyhow::Result<Option<f64>> {
    std::fs::write(scratch.join("terms.txt"), terms.join("\n"))?;
    std::fs::write(scratch.join("posts.txt"), posts.join("\n"))?;
    let python = std::env::var_os("BENCH_PYTHON").unwrap_or_else(|| "python3".into());
    let Ok(said) = Command::new(python).args(["-c", PEER]).arg(scratch).output() else { return Ok(None) };
    let seconds: Option<f64> = String::from_utf8_lossy(&said.stdout).trim().parse().ok();
    let bytes: usize = posts.iter().map(String::len).sum();
    Ok(seconds.map(|seconds| bytes as f64 / 1e6 / seconds))
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

/// Different terms, of which posts hold the first.
fn terms(count: usize) -> Vec<String> {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut term = || (0..4).filter_map(|_| char::from_u32(0x4e00 + dice.below(2_000) as u32)).collect::<String>();
    (0..count).map(|number| if number == 0 { "停水".to_owned() } else { term() }).collect()
}

/// Topics of ten terms each.
fn compiled(terms: &[String]) -> Topics {
    let topic = |(number, any): (usize, &[String])| TopicConfig {
        name: format!("topic {number}"),
        any: any.to_vec(),
        ..TopicConfig::default()
    };
    let configs: Vec<TopicConfig> = terms.chunks(10).enumerate().map(topic).collect();
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

//! Topics: is a post about the organisation, and where does it say so?
//!
//! A topic is a boolean query, written in one line as in a search box ([`query`]), or as three lists that are hard to
//! get wrong: every term of `must`, at least one of `any` (when there are any), none of `not`. Both together must hold.
//! A term is a word or phrase; `@organisation` (the name and each alias), `@places` (each place it answers for) or
//! another `@name` from `[aliases]`; `place:故城县`, which is not 故城镇 ([`place`]); or `/…/`, a regular expression that
//! takes linear time. In `"quotes"` a term is taken as it stands.
//!
//! All words of all topics are one automaton, run once over the folded title and text
//! ([`fold`](crate::text::fold)); so letter case, full-width forms and zero-width characters make no difference. A Chinese
//! term is found anywhere (Chinese has no word boundaries), a term that begins or ends with a Latin letter or a digit
//! only where a word begins or ends. The automaton is daachorse's charwise double array, which with ten thousand Chinese
//! terms reads three times what `aho-corasick` does, and it reads from where a word may begin only ([`starts`]).
//!
//! [`query`] reads, [`compile`] numbers terms and checks, [`matcher`] finds, [`trial`] tries a query on the past. What this gave up: nearness of words.

mod compile;
#[cfg(test)]
mod hostile;
mod matcher;
pub(crate) mod place;
mod starts;
pub mod trial;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use matcher::Topics;
pub(crate) use place::short_form;

use crate::query::{self, Fault, Pointer};

/// A topic as `caifeng.toml` has it, under `[[topic]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicConfig {
    /// What pages call it.
    pub name: String,
    /// What a post must say, as in a search box.
    #[serde(default)]
    pub query: String,
    /// A post holds every one of these.
    #[serde(default)]
    pub must: Vec<String>,
    /// A post holds at least one of these.
    #[serde(default)]
    pub any: Vec<String>,
    /// A post holds none of these.
    #[serde(default)]
    pub not: Vec<String>,
    /// Most posts of one day that become mentions of it; without it all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<NonZeroU32>,
}

impl TopicConfig {
    /// How it is understood, query and lists in one line; the query as it is written when it cannot be read.
    #[must_use]
    pub fn reading(&self) -> String {
        let query = match query::parse(&self.query) {
            Ok(expr) => expr.map(|expr| expr.to_string()),
            Err(_) => Some(self.query.clone()),
        };
        let any = (!self.any.is_empty()).then(|| format!("({})", self.any.join(" | ")));
        let not = self.not.iter().map(|term| format!("-{term}"));
        let parts: Vec<String> = query.into_iter().chain(self.must.iter().cloned()).chain(any).chain(not).collect();
        parts.join(" & ")
    }
}

/// Topics for a development and reform bureau, as a person reads and adopts them: TOML for `caifeng.toml`. The first
/// three are those of the plan (P4), the others its fields of work.
pub const DEFAULT: &str = include_str!("default.toml");

/// What `@names` stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// `@organisation`: its name and its aliases.
    pub organisation: Vec<String>,
    /// `@places`: the places it answers for. A county's short form counts as well.
    pub places: Vec<String>,
    /// Other `@names`, each with the words that it stands for.
    pub aliases: BTreeMap<String, Vec<String>>,
}

/// A topic that cannot be watched; whoever wrote the configuration must change it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// Two topics have one name, or one has none.
    #[error("each topic needs a name of its own: {0:?}")]
    Name(String),
    /// Nothing says what a post must hold.
    #[error(
        "topic {topic:?} names nothing that must be there: put a term into `query` (on each side of a `|`), `must` or `any`"
    )]
    Nothing {
        /// The topic's name.
        topic: String,
    },
    /// The query cannot be read; the message draws a mark under the character.
    #[error("topic {topic:?}, character {}: {fault}\n  {}\n  {}^", at.column, at.line, at.mark)]
    Query {
        /// The topic's name.
        topic: String,
        /// Where.
        at: Box<Pointer>,
        /// What is wrong and what to write instead.
        fault: Fault,
    },
    /// A term of a list cannot be looked for.
    #[error("topic {topic:?}: {fault}: {term:?}")]
    Term {
        /// The topic's name.
        topic: String,
        /// The term as written.
        term: String,
        /// What is wrong and what to write instead.
        fault: Fault,
    },
    /// A term is required and forbidden at once, so that no post can match.
    #[error("topic {topic:?} both wants and refuses a term: {term:?}")]
    Contradiction {
        /// The topic's name.
        topic: String,
        /// The term as written.
        term: String,
    },
    /// More regular expressions than every post can be held against.
    #[error(
        "the topics have {0} different regular expressions, and each is looked for in every post: keep to 100, and write words where words will do"
    )]
    Patterns(usize),
    /// Too many or too long terms for one automaton.
    #[error("the topics together are too large, shorten them: {0}")]
    TooLarge(String),
}

/// Which part of a post a hit lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The headline.
    Title,
    /// The text.
    Text,
}

/// One place where a term stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// In which part.
    pub part: Part,
    /// The bytes of that part as it was given, on character boundaries.
    pub range: Range<usize>,
}

/// A topic that a post mentions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicMatch {
    /// Which topic, counted as in the configuration.
    pub topic: usize,
    /// Where its terms stand, in order, none inside another; at most
    /// [`MOST_HITS`] of each part. For pages to highlight.
    pub hits: Vec<Hit>,
}

/// Most hits reported of one part; a page needs no more, and a post of one word
/// repeated must not cost more memory than its text.
pub const MOST_HITS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fold::fold;
    use proptest::prelude::*;

    fn topic(must: &[&str], any: &[&str], not: &[&str]) -> TopicConfig {
        let list = |terms: &[&str]| terms.iter().map(|&term| term.to_owned()).collect();
        TopicConfig { must: list(must), any: list(any), not: list(not), ..query("") }
    }

    fn query(query: &str) -> TopicConfig {
        TopicConfig { name: "t".to_owned(), query: query.to_owned(), ..TopicConfig::default() }
    }

    fn names() -> Names {
        Names {
            organisation: vec!["云河县水利局".to_owned(), "云河水利".to_owned()],
            places: vec!["桥西".to_owned(), "青山县".to_owned()],
            aliases: [("断供".to_owned(), vec!["停水".to_owned(), "停气".to_owned()])].into(),
        }
    }

    fn compile(config: TopicConfig) -> Result<Topics, TopicError> {
        Topics::compile(&[config], &names())
    }

    fn hit(config: TopicConfig, text: &str) -> bool {
        !compile(config).unwrap().matches(None, text).is_empty()
    }

    #[test]
    fn must_any_not() {
        let config = || topic(&["停水"], &["桥西", "桥东"], &["招聘"]);
        assert!(hit(config(), "桥西又停水了"));
        assert!(hit(config(), "桥东停水"));
        assert!(!hit(config(), "桥西又停电了"), "must");
        assert!(!hit(config(), "城南又停水了"), "any");
        assert!(!hit(config(), "桥西停水抢修招聘"), "not");
    }

    #[test]
    fn a_term_of_the_title_counts_with_one_of_the_text() {
        let topics = compile(topic(&["停水", "桥西"], &[], &[])).unwrap();
        let matches = topics.matches(Some("停水通知"), "请桥西居民储水");
        let parts: Vec<_> = matches[0].hits.iter().map(|hit| (hit.part, hit.range.clone())).collect();
        assert_eq!(parts, [(Part::Title, 0..6), (Part::Text, 3..9)]);
    }

    #[test]
    fn names_stand_for_all_their_aliases() {
        assert!(hit(topic(&["@organisation"], &[], &[]), "云河水利怎么不管"));
        assert!(hit(topic(&["@organisation", "@places"], &[], &[]), "云河县水利局到了桥西"));
        assert!(!hit(topic(&["@organisation", "@places"], &[], &[]), "云河县水利局到了桥东"));
        assert!(hit(topic(&["\"@places\""], &[], &[]), "写着@places的纸"));
        assert!(hit(query("@断供 桥西"), "桥西停气"));
        let none = Topics::compile(&[topic(&["@places"], &[], &[])], &Names::default());
        assert!(none.unwrap_err().to_string().contains("[organisation] gives none"));
    }

    #[test]
    fn latin_terms_match_whole_words_and_chinese_ones_anywhere() {
        let config = || topic(&[], &["ETC", "5G基站", "水"], &[]);
        assert!(hit(config(), "办etc要排队"));
        assert!(hit(config(), "ＥＴＣ！"));
        assert!(!hit(config(), "sketches"));
        assert!(hit(config(), "新建5G基站的"));
        assert!(!hit(config(), "新建15G基站"));
        assert!(hit(config(), "山水间"));
    }

    #[test]
    fn what_nobody_sees_does_not_hide_a_term() {
        let topics = compile(topic(&["停水"], &[], &[])).unwrap();
        let text = "又停\u{200b}水了";
        let hits = &topics.matches(None, text)[0].hits;
        assert_eq!(&text[hits[0].range.clone()], "停\u{200b}水");
    }

    #[test]
    fn of_overlapping_hits_the_longest_is_shown() {
        let topics = compile(topic(&[], &["停水", "停水通知", "水通"], &[])).unwrap();
        let hits = &topics.matches(None, "停水通知")[0].hits;
        assert_eq!(hits, &[Hit { part: Part::Text, range: 0..12 }]);
    }

    #[test]
    fn topics_are_told_apart() {
        let named = |name: &str, term: &str| TopicConfig { name: name.to_owned(), ..topic(&[term], &[], &[]) };
        let topics = Topics::compile(&[named("水", "停水"), named("路", "修路")], &names()).unwrap();
        let matches = topics.matches(None, "修路修断了水管");
        assert_eq!(matches.iter().map(|m| topics.name(m.topic)).collect::<Vec<_>>(), [Some("路")]);
        assert!(Topics::compile(&[], &names()).unwrap().is_empty());
        assert_eq!(
            Topics::compile(&[named("水", "停水"), named("水", "修路")], &names()).unwrap_err(),
            TopicError::Name("水".to_owned())
        );
    }

    #[test]
    fn a_query_is_what_people_type_into_a_search_box() {
        let config = || query("(停水 | 停电) 桥西 -招聘");
        assert!(hit(config(), "桥西停电"));
        assert!(!hit(config(), "桥西停电抢修招聘"));
        assert!(!hit(config(), "桥东停电"));
        let both = TopicConfig { not: vec!["演练".to_owned()], ..config() };
        assert!(!hit(both, "桥西停电演练"));
        assert!(hit(query("停水\n+桥西\n!招聘"), "桥西停水"));
        assert!(!hit(query("停水\n+桥西\n!招聘"), "桥东停水"));
    }

    #[test]
    fn a_place_is_not_its_namesake() {
        let config = || query("place:故城县");
        assert!(hit(config(), "故城县又停水"));
        assert!(hit(config(), "故城又停水"));
        assert!(!hit(config(), "山西祁县故城镇停水"));
        assert!(!hit(config(), "家住故城路"));
        assert!(hit(query("place:故城镇"), "故城镇停水") && !hit(query("place:故城镇"), "故城停水"));
        assert!(hit(query("@places 停水"), "青山停水") && !hit(query("@places 停水"), "青山路停水"));
    }

    #[test]
    fn an_expression_is_searched_in_linear_time_and_highlighted() {
        let topics = compile(query(r"/停[水电]{1}\d+(小时|天)/ -招聘")).unwrap();
        let text = "又停水３天了";
        let hits = &topics.matches(None, text)[0].hits;
        assert_eq!(&text[hits[0].range.clone()], "停水３天");
        assert!(hit(query("/(a+)+$/"), &"a".repeat(100_000)));
        assert!(compile(query("/a*/")).unwrap_err().to_string().contains("empty text"));
        assert!(compile(query("停水 /a{999}{999}/")).unwrap_err().to_string().contains("not a regular expression"));
    }

    #[test]
    fn errors_name_topic_and_term() {
        let said = |config| compile(config).unwrap_err().to_string();
        insta::assert_snapshot!(
            [
                said(topic(&[], &[], &["招聘"])),
                said(query("停水 | -招聘")),
                said(topic(&["停水", " ！"], &[], &[])),
                said(topic(&["@place"], &[], &[])),
                said(topic(&["停水"], &[], &["“停水”"])),
                said(query("停水 (桥西 | 桥东 -招聘")),
                said(query("停水\n+@断电\n")),
            ]
            .join("\n")
        );
    }

    #[test]
    fn the_default_topics_hear_what_is_said_about_a_bureau() {
        #[derive(Deserialize)]
        struct File {
            aliases: BTreeMap<String, Vec<String>>,
            topic: Vec<TopicConfig>,
        }
        let File { aliases, topic: configs } = toml::from_str(DEFAULT).unwrap();
        let topics = Topics::compile(&configs, &Names { aliases, ..names() }).unwrap();
        let heard = |text: &str| {
            topics.matches(None, text).iter().filter_map(|m| topics.name(m.topic)).collect::<Vec<_>>().join(" ")
        };
        for (text, expected) in [
            ("云河水利的窗口中午没有人，打电话没人接", "行风建设 本局管理"),
            ("听说能源股股长是内定的", "干部队伍建设"),
            ("鸡蛋又涨到六块了", "价格与收费"),
            ("小区的充電樁壞了半個月", "能源与充电桩"),
            ("桥西天然气又停了，说是管道漏气", "油气管道与燃气"),
            ("河滨大桥停工两年了", "项目审批与建设"),
            ("标书里的保证金什么时候退", "公共资源交易与招投标"),
            ("粮库收粮压级压价", "粮食与物资储备"),
            ("拖欠企业账款，清欠办不理", "营商环境"),
            ("老旧小区加装电梯没有下文", "民生保障项目"),
            ("电动自行车以旧换新补贴怎么领", "节能降碳与循环利用"),
            ("高铁站选址定了吗", "规划与区域发展"),
            ("酸辣粉好吃，醋味太重", ""),
            ("宝宝大了，婴儿推车便宜出", ""),
            ("本站ICP备12345号", ""),
        ] {
            assert_eq!(heard(text), expected, "{text}");
        }
    }

    #[test]
    fn a_configuration_with_a_typo_is_refused() {
        let error = toml::from_str::<TopicConfig>("name = \"水\"\nmsut = [\"停水\"]\n").unwrap_err();
        assert!(error.to_string().contains("msut"), "{error}");
    }

    #[test]
    fn a_word_repeated_a_million_times_costs_no_more_than_its_hits() {
        let topics = compile(topic(&["停水"], &["停", "水"], &[])).unwrap();
        let matches = topics.matches(None, &"停水".repeat(1_000_000));
        assert_eq!(matches[0].hits.len(), MOST_HITS);
    }

    proptest! {
        #[test]
        fn hits_lie_on_characters_and_hold_the_term(
            before in "(?s).{0,20}", term in "[停水桥西路]{1,4}", after in "(?s).{0,20}",
        ) {
            let topics = compile(topic(&[&term], &[], &[])).unwrap();
            let text = format!("{before}{term}{after}");
            let matches = topics.matches(Some(&after), &text);
            prop_assert_eq!(matches.len(), 1);
            for hit in &matches[0].hits {
                let part = if hit.part == Part::Title { after.as_str() } else { text.as_str() };
                prop_assert_eq!(fold(&part[hit.range.clone()]), term.clone());
            }
        }

        #[test]
        fn any_configuration_compiles_or_is_refused(
            must in prop::collection::vec(".{0,8}", 0..3), any in prop::collection::vec(".{0,8}", 0..3), text in ".{0,40}",
        ) {
            let config = TopicConfig { must, any, ..query("") };
            if let Ok(topics) = compile(config) {
                for hit in topics.matches(None, &text).iter().flat_map(|m| &m.hits) {
                    prop_assert!(text.get(hit.range.clone()).is_some());
                }
            }
        }
    }
}

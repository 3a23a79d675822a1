//! What the core refuses, in the language of who reads it. Pure.
//!
//! The core says why it refuses in one sentence of English: the sentence stands in the code beside its variant, commands
//! print it, and the socket carries it. Pages say it in the reader's language: `locales/refusals.toml` has each
//! sentence with `{}` where something is filled in, as message catalogues have it. A test reads the sentences from the code
//! and refuses one that is not there.
//!
//! Given up: a sentence that is filled with another sentence is taken apart by where its own words stand, so that a value
//! that holds the very words of the sentence would be cut in the wrong place; it is then told as it was said.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Lang;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let written: Written = toml::from_str(include_str!("../../locales/refusals.toml"))
        .unwrap_or_else(|error| unreachable!("a test reads locales/refusals.toml: {error}"));
    Catalogue::of(written)
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    sentence: HashMap<String, Wording>,
    word: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Wording {
    Chinese(String),
    Both { zh: String, en: String },
}

struct Catalogue {
    /// The one with the most words of its own first: it says most exactly what is meant.
    sentences: Vec<Sentence>,
    words: HashMap<String, String>,
}

struct Sentence {
    said: Vec<String>,
    zh: String,
    en: Option<String>,
}

impl Catalogue {
    fn of(written: Written) -> Self {
        let sentence = |(said, wording): (String, Wording)| {
            let said = said.split("{}").map(str::to_owned).collect();
            match wording {
                Wording::Chinese(zh) => Sentence { said, zh, en: None },
                Wording::Both { zh, en } => Sentence { said, zh, en: Some(en) },
            }
        };
        let mut sentences: Vec<Sentence> = written.sentence.into_iter().map(sentence).collect();
        sentences.sort_by_key(|sentence| std::cmp::Reverse(sentence.said.iter().map(String::len).sum::<usize>()));
        Self { sentences, words: written.word }
    }

    fn told(&self, lang: Lang, said: &str) -> Option<String> {
        self.sentences.iter().find_map(|sentence| {
            let filled = sentence.filled(said)?;
            let wording = match (lang, &sentence.en) {
                (Lang::Zh, _) => &sentence.zh,
                (Lang::En, Some(en)) => en,
                (Lang::En, None) => return Some(said.to_owned()),
            };
            let mut parts = wording.split("{}");
            let mut told = parts.next().unwrap_or_default().to_owned();
            let values = filled.iter().map(|value| self.value(lang, value));
            for (value, part) in values.chain(std::iter::repeat(String::new())).zip(parts) {
                told.push_str(&value);
                told.push_str(part);
            }
            Some(told)
        })
    }

    /// A value: another sentence, words that we have, or what it is.
    fn value(&self, lang: Lang, value: &str) -> String {
        if lang == Lang::En {
            return self.told(lang, value).unwrap_or_else(|| value.to_owned());
        }
        let word = |word: &str| self.words.get(word.trim()).cloned();
        let listed = |list: &str| list.split(", ").map(word).collect::<Option<Vec<_>>>().map(|words| words.join("、"));
        listed(value).or_else(|| self.told(lang, value)).unwrap_or_else(|| {
            let each = value.split("; ").map(|one| self.told(lang, one).unwrap_or_else(|| one.to_owned()));
            each.collect::<Vec<_>>().join("；")
        })
    }
}

impl Sentence {
    /// What is filled in where `said` is this sentence.
    fn filled<'a>(&self, said: &'a str) -> Option<Vec<&'a str>> {
        let (first, rest) = self.said.split_first()?;
        let mut left = said.strip_prefix(first.as_str())?;
        let Some((last, middle)) = rest.split_last() else { return left.is_empty().then(Vec::new) };
        let mut values = Vec::with_capacity(rest.len());
        for own in middle {
            let at = left.find(own.as_str())?;
            values.push(&left[..at]);
            left = &left[at + own.len()..];
        }
        values.push(left.strip_suffix(last.as_str())?);
        Some(values)
    }
}

/// What the core said, for pages in `lang`; as it was said where the catalogue does not have it.
#[must_use]
pub fn told(lang: Lang, said: &str) -> String {
    CATALOGUE.value(lang, said)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Where the sentences stand that pages can meet.
    const SOURCES: [&str; 19] = [
        "incident/life/command.rs",
        "reply/life.rs",
        "reply/citation.rs",
        "disclosure/life.rs",
        "referral/mod.rs",
        "referral/gate.rs",
        "case/life.rs",
        "supervision/mod.rs",
        "supervision/private.rs",
        "endorsement.rs",
        "user/mod.rs",
        "store/error.rs",
        "plugins/offer.rs",
        "plugins/install.rs",
        "plugins/card.rs",
        "handling/checkpoint.rs",
        "signature.rs",
        "search/kept.rs",
        "search/wanted.rs",
    ];
    /// What only an operator at a terminal meets: the daemon that shows pages has opened its store.
    const TERMINAL: [&str; 6] = [
        "no store here: {}; run caifeng serve or sweep first, or name the right --data",
        "the data directory belongs to process {}: {}; stop that process or choose another --data",
        "the store has schema {}, this program knows {}: install the newer caifeng that wrote it",
        "the store has schema {}, this program needs {}: start caifeng serve once, which converts it",
        "cannot use the data directory {}: {}",
        "unexpected answer of the database: {}; please report this",
    ];

    fn sentences() -> Vec<String> {
        let mut found = Vec::new();
        for source in SOURCES {
            let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(source)).unwrap();
            for attribute in text.split("#[error(").skip(1) {
                let Some(literal) = attribute.trim_start().strip_prefix('"') else { continue };
                let literal = &literal[..literal.find('"').unwrap()];
                let parts = literal.split('{').enumerate().map(|(at, part)| match part.split_once('}') {
                    Some((_, own)) if at > 0 => format!("{{}}{own}"),
                    _ => part.to_owned(),
                });
                found.push(parts.collect::<String>());
            }
        }
        found.retain(|sentence| sentence != "{}" && !TERMINAL.contains(&sentence.as_str()));
        found
    }

    #[test]
    fn every_sentence_of_the_core_is_there() {
        let sentences = sentences();
        assert!(sentences.len() > 90, "{}", sentences.len());
        let missing: Vec<&String> = sentences.iter().filter(|said| told(Lang::Zh, said) == **said).collect();
        assert_eq!(missing, Vec::<&String>::new());
    }

    #[test]
    fn each_wording_has_the_places_of_its_sentence_or_fewer() {
        for sentence in &CATALOGUE.sentences {
            for wording in sentence.en.iter().chain([&sentence.zh]) {
                assert!(wording.split("{}").count() <= sentence.said.len(), "{wording}");
            }
            assert!(sentence.zh.chars().any(|c| c >= '\u{4e00}'), "{}", sentence.zh);
        }
    }

    #[test]
    fn what_is_filled_in_is_told_in_the_same_language() {
        let said = "the role staff may not do this: it takes leading-group, head";
        assert_eq!(told(Lang::Zh, said), "干部职工不能做这一步：需要领导小组、负责人");
        assert_eq!(told(Lang::En, said), said);
        let said = "the incident is merged: its posts are with another incident";
        assert_eq!(told(Lang::Zh, said), "事件现为“已合并”：它的信息已并入另一事件");
        let said = "not referred: no published reply rebuts the claim: answer in public first (P16); this asks or passes on hearsay and asserts nothing: answer the question instead";
        assert_eq!(
            told(Lang::Zh, said),
            "不予移送：还没有公开发布的辟谣：请先公开回应（P16）；这是询问或转述，没有断言：请回答问题"
        );
    }

    #[test]
    fn pages_speak_of_no_commands() {
        let said = "the session is over: sign in again";
        assert_eq!(told(Lang::En, said), said);
        let said = "not all is done: verify (caifeng incident show says what each needs)";
        assert_eq!(told(Lang::En, said), "not all is done: verify");
    }

    #[test]
    fn what_nobody_has_translated_is_told_as_it_was_said() {
        assert_eq!(told(Lang::Zh, "something else {} entirely"), "something else {} entirely");
        assert_eq!(told(Lang::Zh, ""), "");
    }
}

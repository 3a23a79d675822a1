//! Hides what points at somebody in the texts of a case (P22), by the rules of [`privacy`](crate::privacy).
//!
//! They find too much rather than too little, because a second person reads what was hidden and can put a word back, but
//! cannot put back what was told. What was found once is hidden everywhere: [`Hider`] goes over all texts of a case twice,
//! and a person or a place has the same replacement in all of them (某甲, 乙路), so that the story can still be followed.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::passage::Passage;
use crate::privacy::{Found, Gazetteer, Kind, apart, find, own_names, places};
use crate::text::tokens::Tokeniser;

/// How many people, accounts and places of a case have a replacement of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Count {
    /// People.
    pub names: usize,
    /// Accounts.
    pub accounts: usize,
    /// Places.
    pub places: usize,
}

/// How often what was hidden is looked through again.
const ROUNDS: usize = 3;

/// Hides what points at somebody in all texts of one case.
pub struct Hider<'a> {
    about: &'a Gazetteer,
    tokeniser: &'a Tokeniser,
    given: HashMap<(Kind, String), String>,
    /// Replacements that were given so far.
    pub count: Count,
}

impl<'a> Hider<'a> {
    /// One that has hidden nothing yet.
    #[must_use]
    pub fn new(about: &'a Gazetteer, tokeniser: &'a Tokeniser) -> Self {
        Self { about, tokeniser, given: HashMap::new(), count: Count::default() }
    }

    /// The texts with everything hidden that the rules find in any of them.
    pub fn hide_all(&mut self, texts: &[&str]) -> Vec<Passage> {
        let found: Vec<Vec<Found>> = texts.iter().map(|text| find(text, self.about, self.tokeniser)).collect();
        for (text, found) in texts.iter().zip(&found) {
            for one in found.iter().filter(|one| one.kind.is_somebody()) {
                self.replacement(one.kind, &text[one.range.clone()]);
            }
        }
        let mut passages: Vec<Passage> = texts.iter().zip(found).map(|(text, found)| self.hide(text, found)).collect();
        // What stands beside a replacement may look like somebody only now.
        for _ in 0..ROUNDS {
            let more: usize = passages.iter_mut().map(|passage| self.hide_more(passage)).sum();
            if more == 0 {
                break;
            }
        }
        passages
    }

    /// Hides what the rules still find.
    fn hide_more(&mut self, passage: &mut Passage) -> usize {
        let found = still(passage, self.about, self.tokeniser);
        passage.hide(|begins, words| {
            let within = begins..begins + words.len();
            let here = found.iter().filter(|one| within.start <= one.range.start && one.range.end <= within.end);
            let here = here.map(|one| {
                let range = one.range.start - begins..one.range.end - begins;
                let shown = self.replacement(one.kind, &words[range.clone()]);
                (range, one.kind, shown)
            });
            here.collect()
        })
    }

    fn hide(&mut self, text: &str, mut found: Vec<Found>) -> Passage {
        for (kind, word) in self.given.keys().filter(|(_, word)| word.chars().nth(1).is_some()) {
            found.extend(
                text.match_indices(word.as_str()).map(|(at, _)| Found { range: at..at + word.len(), kind: *kind }),
            );
        }
        let found = apart(found, &own_names(text, self.about));
        let mut passage = Passage::open(text);
        passage.hide(|_, words| {
            let hidden = found.iter();
            hidden
                .map(|one| (one.range.clone(), one.kind, self.replacement(one.kind, &words[one.range.clone()])))
                .collect()
        });
        passage
    }

    fn replacement(&mut self, kind: Kind, word: &str) -> String {
        if !kind.is_somebody() {
            return replacement(kind, word, &mut self.count);
        }
        if let Some(given) = self.given.get(&(kind, word.to_owned())) {
            return given.clone();
        }
        let fresh = replacement(kind, word, &mut self.count);
        self.given.insert((kind, word.to_owned()), fresh.clone());
        fresh
    }
}

/// What stands in place of a word; the next one of its kind where it is somebody.
#[must_use]
pub fn replacement(kind: Kind, word: &str, count: &mut Count) -> String {
    let mut next = |of: fn(&mut Count) -> &mut usize| {
        let n = of(count);
        *n += 1;
        ordinal(*n - 1)
    };
    match kind {
        Kind::Name => format!("某{}", next(|count| &mut count.names)),
        Kind::Account => format!("网友{}", next(|count| &mut count.accounts)),
        Kind::Place => format!("{}{}", next(|count| &mut count.places), places::ending(word).unwrap_or("地")),
        Kind::Phone => "［电话］".to_owned(),
        Kind::Number => "［证件号码］".to_owned(),
        Kind::Plate => "［车牌］".to_owned(),
        Kind::Email => "［邮箱］".to_owned(),
        Kind::Link => "［链接］".to_owned(),
        Kind::Address => "［门牌］".to_owned(),
    }
}

/// 甲, 乙 … 癸, then 甲1, 乙1 …: the heavenly stems, as documents count people whom they do not name.
fn ordinal(n: usize) -> String {
    const STEMS: [char; 10] = ['甲', '乙', '丙', '丁', '戊', '己', '庚', '辛', '壬', '癸'];
    let stem = STEMS[n % STEMS.len()];
    match n / STEMS.len() {
        0 => stem.to_string(),
        round => format!("{stem}{round}"),
    }
}

/// What still points at somebody in a passage, as it can be read; what was hidden does not.
#[must_use]
pub fn still(passage: &Passage, about: &Gazetteer, tokeniser: &Tokeniser) -> Vec<Found> {
    let shown = passage.shown();
    let replaced = passage.replaced();
    let mut found = find(&shown, about, tokeniser);
    found.retain(|one| !replaced.iter().any(|it| one.range.start < it.end && it.start < one.range.end));
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::privacy::tests::{about, tokeniser};

    #[test]
    fn who_was_found_once_is_hidden_everywhere_under_one_name() {
        let (about, texts) = (about(), ["村民刘大山反映井盖松动", "刘大山又来了，找王局长", "王局长没见刘大山"]);
        let mut hider = Hider::new(&about, tokeniser());
        let shown: Vec<String> = hider.hide_all(&texts).iter().map(Passage::shown).collect();
        assert_eq!(shown[0], "村民某甲反映井盖松动");
        assert!(shown[1].starts_with("某甲又来了") && shown[2].ends_with("没见某甲"), "{shown:?}");
        assert!(shown.iter().all(|text| !text.contains("大山") && !text.contains('王')), "{shown:?}");
        assert_eq!(hider.count.names, 2);
    }

    #[test]
    fn a_case_still_names_whoever_was_written_in_afterwards() {
        let (about, mut passage) = (about(), Passage::open("村民刘大山反映"));
        assert_eq!(still(&passage, &about, tokeniser()).len(), 1);
        let mut hider = Hider::new(&about, tokeniser());
        passage = hider.hide_all(&["村民刘大山反映"]).remove(0);
        assert_eq!(still(&passage, &about, tokeniser()), []);
    }

    proptest! {
        /// Whatever is thrown at the rules: ranges lie in the text, in order, apart; and hiding ends with nothing found of
        /// what has a form of its own.
        #[test]
        fn any_text_is_read(text in "(?s)(?:[王李张刘的路县镇小区局长老师@0-9１ xX:：/.·\\-]|1[3-9][0-9]{9}|https?://|微信|\\PC){0,60}") {
            let found = find(&text, &about(), tokeniser());
            let mut last = 0;
            for one in &found {
                prop_assert!(one.range.start >= last && one.range.start < one.range.end && text.get(one.range.clone()).is_some());
                last = one.range.end;
            }
            let about = about();
            let mut hider = Hider::new(&about, tokeniser());
            let passage = hider.hide_all(&[&text]).remove(0);
            for spot in passage.spots().filter(|spot| spot.hidden.kind == Kind::Phone) {
                let words: String = text.chars().skip(spot.was.start).take(spot.was.len()).collect();
                prop_assert!(!passage.shown().contains(&words));
            }
        }
    }
}

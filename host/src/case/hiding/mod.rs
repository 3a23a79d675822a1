//! Which words of a text point at a person, or at a place where few people are (P22).
//!
//! Rules, not a model: each can be read, and finds the same tomorrow. They are made to find too much rather than too
//! little, because a second person reads what was hidden and can put a word back, but cannot put back what was told.
//! Still they miss names: nobody may believe that a text is clean because nothing was found in it, and therefore a
//! case is never released unread.
//!
//! | rule | module |
//! | --- | --- |
//! | names of people, by title, by what introduces them, by how they are made | [`names`] |
//! | telephones, identity numbers, plates, accounts, addresses of e-mail and pages | [`marks`] |
//! | places finer than the organisation's own area, and addresses | [`places`] |
//!
//! What was found once is hidden everywhere: [`Hider`] goes over all texts of a case twice, and a person or a
//! place has the same replacement in all of them (某甲, 乙路), so that the story can still be followed.

pub mod marks;
pub mod names;
pub mod places;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::passage::Passage;
use crate::text::tokens::Tokeniser;

/// What a hidden word was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person's name.
    Name,
    /// The name under which somebody writes, or is reached by a messenger.
    Account,
    /// A telephone number.
    Phone,
    /// The number of an identity card, a passport, a bank card.
    Number,
    /// The number of a vehicle.
    Plate,
    /// An address of e-mail.
    Email,
    /// The address of a page that is not an official one.
    Link,
    /// A door: building, unit, room.
    Address,
    /// A place or body finer than the organisation's own area.
    Place,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Account,
        Self::Phone,
        Self::Number,
        Self::Plate,
        Self::Email,
        Self::Link,
        Self::Address,
        Self::Place,
    ];

    /// The name that the command line uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Account => "account",
            Self::Phone => "phone",
            Self::Number => "number",
            Self::Plate => "plate",
            Self::Email => "email",
            Self::Link => "link",
            Self::Address => "address",
            Self::Place => "place",
        }
    }

    /// The kind of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// It tells one from another, and therefore has a replacement of its own wherever it stands.
    const fn is_somebody(self) -> bool {
        matches!(self, Self::Name | Self::Account | Self::Place)
    }
}

/// What an organisation knows of its own area and people.
#[derive(Clone, Debug, Default)]
pub struct Gazetteer {
    /// Its name and aliases: never hidden.
    pub organisation: Vec<String>,
    /// Places that it answers for.
    pub places: Vec<String>,
    /// Names of its people, as the store has them.
    pub people: Vec<String>,
    /// Official hosts besides `gov.cn`: their addresses stay.
    pub hosts: Vec<String>,
    /// Words of which a person said that they point at nobody.
    pub harmless: Vec<String>,
}

/// A part of a text that points at somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// Everything in a text that points at somebody, in its order and without overlap; the longest of what overlaps.
#[must_use]
pub fn find(text: &str, about: &Gazetteer, tokeniser: &Tokeniser) -> Vec<Found> {
    let mut found = Vec::new();
    let mut take = |range, kind| found.push(Found { range, kind });
    marks::find(text, about, &mut take);
    places::find(text, about, &mut take);
    names::find(text, about, tokeniser, &mut take);
    found.retain(|one| !about.harmless.iter().any(|word| word == &text[one.range.clone()]));
    apart(found, &own_names(text, about))
}

/// Where the organisation itself is named.
fn own_names(text: &str, about: &Gazetteer) -> Vec<Range<usize>> {
    let names = about.organisation.iter().filter(|name| !name.is_empty());
    names.flat_map(|name| text.match_indices(name.as_str()).map(|(at, it)| at..at + it.len())).collect()
}

/// Without overlap, and without what lies within one of `spared`.
fn apart(mut found: Vec<Found>, spared: &[Range<usize>]) -> Vec<Found> {
    let own = Reach::of(spared);
    found.retain(|one| !own.holds(&one.range));
    found.sort_by_key(|one| (std::cmp::Reverse(one.range.len()), one.range.start, one.kind));
    let mut kept: BTreeMap<usize, Found> = BTreeMap::new();
    for one in found {
        let before = kept.range(..one.range.end).next_back();
        if before.is_none_or(|(_, other)| other.range.end <= one.range.start) {
            kept.insert(one.range.start, one);
        }
    }
    kept.into_values().collect()
}

/// How far ranges reach that begin no later than somewhere: whether one of them holds another range is one search.
struct Reach(Vec<(usize, usize)>);

impl Reach {
    fn of(ranges: &[Range<usize>]) -> Self {
        let mut ends: Vec<(usize, usize)> = ranges.iter().map(|range| (range.start, range.end)).collect();
        ends.sort_unstable();
        let mut furthest = 0;
        for (_, end) in &mut ends {
            furthest = furthest.max(*end);
            *end = furthest;
        }
        Self(ends)
    }

    fn holds(&self, range: &Range<usize>) -> bool {
        let before = self.0.partition_point(|(start, _)| *start <= range.start);
        before.checked_sub(1).is_some_and(|last| self.0[last].1 >= range.end)
    }
}

/// How many people, accounts and places of a case have a replacement of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
mod tests;

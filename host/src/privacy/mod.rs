//! Which words of a text point at a person, or at a place where few people are (P20, P22). Pure.
//!
//! Rules, not a model: each can be read, and finds the same tomorrow. They are made to find too much rather than too
//! little, and still they miss names: nobody may believe that a text is clean because nothing was found in it. Therefore
//! a second person reads whatever leaves the house.
//!
//! | rule | module |
//! | --- | --- |
//! | names of people, by title, by what introduces them, by how they are made | [`names`] |
//! | telephones, identity numbers, plates, accounts, addresses of e-mail and pages | [`marks`] |
//! | places finer than the organisation's own area, and addresses | [`places`] |
//! | which of it are private persons in the organisation's own words | [`private`] |
//!
//! A case is hidden from all of it ([`case::hiding`](crate::case::hiding)); an author of a disclosure is shown what is
//! [`private`].

pub mod marks;
pub mod names;
pub mod places;
pub mod private;

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::lang::Lang;
use crate::text::tokens::Tokeniser;

/// By what somebody may be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
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

    /// Why it is pointed at in what is to be published, and what to do, in words.
    #[must_use]
    pub fn why(self, lang: Lang) -> String {
        lang.t(match self {
            Self::Name => "people.name",
            Self::Account => "people.account",
            Self::Phone => "people.phone",
            Self::Number => "people.number",
            Self::Plate => "people.plate",
            Self::Email => "people.email",
            Self::Link => "people.link",
            Self::Address => "people.address",
            Self::Place => "people.place",
        })
    }

    /// It tells one from another, and therefore has a replacement of its own wherever it stands.
    pub(crate) const fn is_somebody(self) -> bool {
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
    apart(all(text, about, tokeniser), &own_names(text, about))
}

/// What each rule finds, whatever it overlaps.
fn all(text: &str, about: &Gazetteer, tokeniser: &Tokeniser) -> Vec<Found> {
    let mut found = Vec::new();
    let mut take = |range, kind| found.push(Found { range, kind });
    marks::find(text, about, &mut take);
    places::find(text, about, &mut take);
    names::find(text, about, tokeniser, &mut take);
    found.retain(|one| !about.harmless.iter().any(|word| word == &text[one.range.clone()]));
    found
}

/// Where the organisation itself is named.
pub(crate) fn own_names(text: &str, about: &Gazetteer) -> Vec<Range<usize>> {
    let names = about.organisation.iter().filter(|name| !name.is_empty());
    names.flat_map(|name| text.match_indices(name.as_str()).map(|(at, it)| at..at + it.len())).collect()
}

/// Without overlap, and without what lies within one of `spared`.
pub(crate) fn apart(mut found: Vec<Found>, spared: &[Range<usize>]) -> Vec<Found> {
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

#[cfg(test)]
pub(crate) mod tests;

//! What an incident is about, in words: the sum of what its posts tell, and how like it a new post is.
//!
//! A post is compared with the incident as a whole rather than with its single posts: one letter that touches two
//! matters then does not chain them together. The likeness is the cosine of the angle between the two, which does
//! not depend on how many posts there are (Rocchio's centroid). [`Matters`] finds the few incidents worth comparing
//! by the most telling words that a post shares with those that opened them.

use std::collections::HashMap;

use super::IncidentId;
use crate::text::telling::{Telling, Word};

/// Words of an incident that are kept.
const MOST_WORDS: usize = 96;
/// Bytes of one word on disk: key and weight.
const ENTRY: usize = 8;
/// Words of a post by which incidents are looked up, and by which it can be found.
const LOOKED_UP: usize = 20;
/// How many incidents one word leads to, the newest; more say that it tells nothing.
const DEEPEST: usize = 256;
/// About how many leads are followed for one post.
const LEADS: usize = 512;
/// Most incidents that are compared with one post.
pub const MOST_CANDIDATES: usize = 8;
/// Words of a reason that a person is shown.
const SHOWN: usize = 5;

/// How like an incident a post is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Likeness {
    /// Between 0 and 1.
    pub whole: f32,
    /// The part of it that does not come from names: that both speak of one street does not make it one matter.
    pub deed: f32,
    /// How many telling words the post has.
    pub told: usize,
    /// The words that make it so, the most telling first.
    pub words: Vec<String>,
}

/// What an incident is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matter {
    /// Key of a word and the sum of its weights, sorted by key.
    words: Vec<(u32, f32)>,
}

impl Matter {
    /// Reads what [`to_bytes`](Self::to_bytes) wrote; what is damaged is about nothing.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let entry = |bytes: &[u8]| {
            let (key, weight) = bytes.split_at(4);
            Some((u32::from_le_bytes(key.try_into().ok()?), f32::from_le_bytes(weight.try_into().ok()?)))
        };
        let words: Option<Vec<_>> = bytes.chunks_exact(ENTRY).map(entry).collect();
        let sound = |words: &Vec<(u32, f32)>| {
            words.is_sorted_by(|a, b| a.0 < b.0) && words.iter().all(|(_, weight)| weight.is_finite() && *weight > 0.0)
        };
        Self { words: words.filter(sound).unwrap_or_default() }
    }

    /// As the store keeps it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|(key, weight)| [key.to_le_bytes(), weight.to_le_bytes()]).flatten().collect()
    }

    /// Takes a post in.
    pub fn add(&mut self, telling: &Telling) {
        self.take(telling.words().iter().map(|word| (word.key(), word.weight)));
    }

    /// Takes in what another incident is about.
    pub fn join(&mut self, other: &Self) {
        self.take(other.words.iter().copied());
    }

    fn take(&mut self, words: impl IntoIterator<Item = (u32, f32)>) {
        self.words.extend(words);
        self.words.sort_unstable_by_key(|(key, _)| *key);
        let summed = self.words.chunk_by(|a, b| a.0 == b.0).map(|same| (same[0].0, same.iter().map(|(_, w)| w).sum()));
        self.words = summed.collect();
        if self.words.len() > MOST_WORDS {
            self.words.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            self.words.truncate(MOST_WORDS);
            self.words.sort_unstable_by_key(|(key, _)| *key);
        }
    }

    /// How like the incident a post is.
    #[must_use]
    pub fn likeness(&self, telling: &Telling) -> Likeness {
        let length = self.words.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        if length == 0.0 || telling.words().is_empty() {
            return Likeness::default();
        }
        let mut shared: Vec<(f32, &Word)> = Vec::new();
        for word in telling.words() {
            if let Ok(at) = self.words.binary_search_by_key(&word.key(), |(key, _)| *key) {
                shared.push((word.weight * self.words[at].1 / length, word));
            }
        }
        shared.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.word.cmp(&b.1.word)));
        let part = |wanted: fn(&Word) -> bool| -> f32 {
            shared.iter().filter(|(_, word)| wanted(word)).map(|(part, _)| part).sum::<f32>().clamp(0.0, 1.0)
        };
        let mut words: Vec<String> = shared.iter().map(|(_, word)| word.word.clone()).collect();
        words.truncate(SHOWN);
        words.dedup();
        Likeness { whole: part(|_| true), deed: part(|word| !word.name), told: telling.words().len(), words }
    }
}

/// Least likeness of what a person is shown as similar: below what belongs together, since a person judges.
const SIMILAR: f32 = 0.18;
/// Least part of it that comes from other words than names.
const SIMILAR_DEED: f32 = 0.06;

/// Those of `others` that are most like a post, `most` at most, the most alike first.
#[must_use]
pub fn most_alike(telling: &Telling, others: &[(IncidentId, Matter)], most: usize) -> Vec<(IncidentId, Likeness)> {
    let like = |(id, matter): &(IncidentId, Matter)| (*id, matter.likeness(telling));
    let mut alike: Vec<(IncidentId, Likeness)> = others.iter().map(like).collect();
    alike.retain(|(_, likeness)| likeness.whole >= SIMILAR && likeness.deed >= SIMILAR_DEED);
    alike.sort_by(|a, b| b.1.whole.total_cmp(&a.1.whole).then(b.0.cmp(&a.0)));
    alike.truncate(most);
    alike
}

/// Where the index stood; see [`Matters::mark`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

/// Which incidents a post may belong to by its telling words; in memory, some hundred bytes an incident.
#[derive(Debug, Default)]
pub struct Matters {
    /// Incidents that a word leads to, in the order in which they were entered.
    leads: HashMap<u32, Vec<IncidentId>>,
    /// What was entered since [`settle`](Self::settle), so that it can be taken back.
    entered: Vec<u32>,
    /// How many incidents are held, about.
    held: usize,
    newest: IncidentId,
}

impl Matters {
    /// Makes an incident findable by the most telling words of one of its posts.
    pub fn insert(&mut self, telling: &Telling, incident: IncidentId) {
        for word in telling.words().iter().take(LOOKED_UP) {
            self.enter(word.key(), incident);
        }
        self.note(incident);
    }

    /// Makes a stored incident findable by its most telling words.
    pub fn restore(&mut self, matter: &Matter, incident: IncidentId) {
        let mut words = matter.words.clone();
        words.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        for (key, _) in words.into_iter().take(LOOKED_UP) {
            self.enter(key, incident);
        }
        self.note(incident);
    }

    fn note(&mut self, incident: IncidentId) {
        if incident > self.newest {
            self.newest = incident;
            self.held += 1;
        }
    }

    fn enter(&mut self, key: u32, incident: IncidentId) {
        let leads = self.leads.entry(key).or_default();
        if !leads.iter().rev().take(DEEPEST).any(|&other| other == incident) {
            leads.push(incident);
            self.entered.push(key);
        }
    }

    /// Incidents that share the most with a post; those that share more first.
    #[must_use]
    pub fn candidates(&self, telling: &Telling) -> Vec<IncidentId> {
        self.follow(telling, LEADS, MOST_CANDIDATES)
    }

    /// The same for a person who looks for what is like it: `most` at most, and all leads are followed, which are
    /// [`LOOKED_UP`] times [`DEEPEST`] at most however many incidents there are.
    #[must_use]
    pub fn alike(&self, telling: &Telling, most: usize) -> Vec<IncidentId> {
        self.follow(telling, LOOKED_UP * DEEPEST, most)
    }

    /// Words that lead to few incidents are followed first, and until `enough` leads were met: a word that leads to
    /// hundreds is worth little.
    fn follow(&self, telling: &Telling, enough: usize, most: usize) -> Vec<IncidentId> {
        let words = telling.words().iter().take(LOOKED_UP);
        let mut leads: Vec<(&[IncidentId], f32)> =
            words.filter_map(|word| Some((newest(self.leads.get(&word.key())?), word.weight))).collect();
        leads.sort_by_key(|(leads, _)| leads.len());
        let mut met: Vec<(IncidentId, f32)> = Vec::new();
        for (leads, weight) in leads {
            met.extend(leads.iter().map(|&incident| (incident, weight)));
            if met.len() >= enough {
                break;
            }
        }
        met.sort_by_key(|(incident, _)| *incident);
        let shared = |same: &[(IncidentId, f32)]| (same[0].0, same.iter().map(|(_, weight)| weight).sum());
        let mut ranked: Vec<(IncidentId, f32)> = met.chunk_by(|a, b| a.0 == b.0).map(shared).collect();
        ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.into_iter().take(most).map(|(incident, _)| incident).collect()
    }

    /// Where the index stands now, to come back to with [`rollback`](Self::rollback).
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.entered.len())
    }

    /// Takes back what was entered since `mark`. [`settle`](Self::settle) makes older marks void.
    pub fn rollback(&mut self, mark: Mark) {
        for key in self.entered.drain(mark.0.min(self.entered.len())..).rev() {
            if let Some(leads) = self.leads.get_mut(&key) {
                leads.pop();
            }
        }
    }

    /// What was entered is there to stay: forgets how to take it back, of words that lead to very many incidents the
    /// oldest, and, in large steps, all but about the `limit` newest incidents. Makes older marks void.
    pub fn settle(&mut self, limit: usize) {
        for key in std::mem::take(&mut self.entered) {
            if let Some(leads) = self.leads.get_mut(&key).filter(|leads| leads.len() > 2 * DEEPEST) {
                leads.drain(..leads.len() - DEEPEST);
            }
        }
        if self.held <= limit + limit / 2 {
            return;
        }
        let floor = self.newest - i64::try_from(limit).unwrap_or(i64::MAX);
        for leads in self.leads.values_mut() {
            leads.retain(|&incident| incident > floor);
            leads.shrink_to_fit();
        }
        self.leads.retain(|_, leads| !leads.is_empty());
        self.held = limit;
    }
}

/// The last [`DEEPEST`] of a word's incidents.
fn newest(leads: &[IncidentId]) -> &[IncidentId] {
    &leads[leads.len().saturating_sub(DEEPEST)..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens::Tokeniser;
    use std::sync::LazyLock;

    static TOKENISER: LazyLock<Tokeniser> = LazyLock::new(Tokeniser::new);

    fn telling(text: &str) -> Telling {
        Telling::of(&TOKENISER.cut(None, text))
    }

    const PLANT: &str = "青禾苑小区旁边的搅拌站噪音扰民，灰尘漫天";
    const AGAIN: &str = "请问青禾苑附近的搅拌站什么时候搬走？孩子被灰尘呛得咳嗽";
    const PENSION: &str = "养老金上个月没有发，社保局电话没人接";

    #[test]
    fn own_words_about_one_matter_are_like_it_and_it_says_which() {
        let mut matter = Matter::default();
        matter.add(&telling(PLANT));
        let Likeness { whole, deed, words, .. } = matter.likeness(&telling(AGAIN));
        assert!(whole > 0.3 && deed > 0.15 && deed < whole, "{whole} {deed}");
        assert!(words.contains(&"搅拌站".to_owned()), "{words:?}");
        assert!(matter.likeness(&telling(PENSION)).whole < 0.1);
        assert!(matter.likeness(&telling(PLANT)).whole > 0.99);
        assert_eq!(matter.likeness(&Telling::default()), Likeness::default());
        let elsewhere = matter.likeness(&telling("青禾苑门口的公交站什么时候恢复？"));
        assert!(elsewhere.deed < 0.1 * elsewhere.whole.max(0.1), "only the place is the same: {elsewhere:?}");
    }

    #[test]
    fn the_most_alike_stand_first_and_what_only_shares_a_place_is_not_alike() {
        let about = |text| {
            let mut matter = Matter::default();
            matter.add(&telling(text));
            matter
        };
        let others =
            [(1, about(PENSION)), (2, about(AGAIN)), (3, about(PLANT)), (4, about("青禾苑门口的公交站什么时候恢复？"))];
        let alike = most_alike(&telling(PLANT), &others, 8);
        assert_eq!(alike.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [3, 2]);
        assert!(alike[1].1.words.contains(&"搅拌站".to_owned()), "{alike:?}");
        assert_eq!(most_alike(&telling(PLANT), &others, 1).len(), 1);
        assert_eq!(most_alike(&Telling::default(), &others, 8), []);
    }

    #[test]
    fn it_comes_back_from_disk_and_stays_small() {
        let mut matter = Matter::default();
        for text in [PLANT, AGAIN, PENSION] {
            matter.add(&telling(text));
        }
        assert_eq!(Matter::from_bytes(&matter.to_bytes()), matter);
        assert_eq!(Matter::from_bytes(&[1, 2, 3, 4, 0, 0, 192, 127]), Matter::default(), "not a number");
        for n in 0..200 {
            matter.add(&telling(&format!("word{n} other{n}")));
        }
        assert_eq!(matter.words.len(), MOST_WORDS);
    }

    #[test]
    fn only_incidents_that_share_words_are_compared() {
        let mut matters = Matters::default();
        matters.insert(&telling(PLANT), 1);
        matters.insert(&telling(PENSION), 2);
        assert_eq!(matters.candidates(&telling(AGAIN)).first(), Some(&1));
        assert_eq!(matters.candidates(&telling("社保局养老金"))[0], 2);
    }

    #[test]
    fn what_was_rolled_back_leads_nowhere() {
        let mut matters = Matters::default();
        matters.insert(&telling(PLANT), 1);
        let mark = matters.mark();
        matters.insert(&telling(AGAIN), 2);
        matters.insert(&telling(AGAIN), 1);
        matters.rollback(mark);
        assert_eq!(matters.candidates(&telling(AGAIN)), [1]);
    }

    #[test]
    fn what_two_incidents_share_is_entered_once_for_each() {
        let mut matters = Matters::default();
        for round in 0..1_000 {
            matters.insert(&telling(PLANT), 1 + round % 2);
            matters.settle(10);
        }
        assert!(matters.leads.values().all(|leads| leads.len() == 2));
        assert!(matters.entered.is_empty());
    }

    #[test]
    fn a_word_of_very_many_incidents_costs_no_more_than_others() {
        let mut matters = Matters::default();
        for incident in 1..=5_000 {
            matters.insert(&telling("停水"), incident);
            matters.settle(100_000);
        }
        assert!(matters.leads.values().all(|leads| leads.len() <= 2 * DEEPEST));
        assert_eq!(matters.candidates(&telling("停水")).len(), MOST_CANDIDATES);
    }

    /// Of ten thousand incidents the oldest is found, and what is looked at does not grow with them.
    #[test]
    fn the_first_of_ten_thousand_is_found_by_a_bounded_number_of_leads() {
        let mut matters = Matters::default();
        matters.insert(&telling(PLANT), 1);
        for incident in 2..=10_000 {
            matters.insert(&telling(&format!("停水 停电 没人管 w{incident}x")), incident);
            matters.settle(20_000);
        }
        assert!(matters.alike(&telling(AGAIN), 64).contains(&1));
        let met = |text| {
            let telling = telling(text);
            let leads = telling.words().iter().take(LOOKED_UP).filter_map(|word| matters.leads.get(&word.key()));
            leads.map(|leads| newest(leads).len()).sum::<usize>()
        };
        let all = met("停水停电没人管");
        assert!(all > DEEPEST && all <= LOOKED_UP * DEEPEST, "{all}");
        assert_eq!(matters.alike(&telling("停水停电没人管"), 64).len(), 64);
    }

    #[test]
    fn old_incidents_are_forgotten() {
        let mut matters = Matters::default();
        for incident in 1..=12 {
            matters.insert(&telling(PLANT), incident);
        }
        matters.settle(6);
        let mut left = matters.candidates(&telling(PLANT));
        left.sort_unstable();
        assert_eq!(left, (7..=12).collect::<Vec<_>>());
    }
}

//! 案例: a closed incident to learn from, with the people in it hidden (P22).
//!
//! Pure. [`make`](fn@make::make) takes what is known of an incident and hides, by the rules of [`privacy`](crate::privacy), what points at people and at
//! places where few people are; what was hidden is listed with its place and its replacement ([`Passage::spots`]) for a
//! second person to check, who can hide more and put back what is nobody ([`correct`]). [`life`] says who may do what: a case
//! that was not checked by somebody else leaves the room by no door.
//!
//! A case holds no word that was hidden in it. Whoever checks it sees those words only as long as the incident's own
//! posts and notes are kept; then the case stands alone, and outlives them.
//!
//! | question | module |
//! | --- | --- |
//! | hiding what points at somebody | [`hiding`] |
//! | what is left of a text | [`passage`] |
//! | what happened, without who | [`course`] |
//! | how a case is made | [`make`] |
//! | how it is put right | [`correct`] |
//! | who may | [`life`] |
//! | what a class gets of it | [`sheet`], in the [`words`] of a language |

pub mod correct;
pub mod course;
pub mod hiding;
pub mod life;
pub mod make;
pub mod passage;
pub mod sheet;
pub mod words;

use caifeng_plugin_host::contract::{Kind, Reactions, Timestamp};
use serde::{Deserialize, Serialize};

use self::course::Step;
use self::hiding::Count;
use self::passage::Passage;
use crate::incident::clock::ClockState;
use crate::incident::{Category, IncidentId};

/// The number a person calls a case by.
pub type CaseId = i64;

/// A case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Case {
    /// The incident that it was made of.
    pub incident: IncidentId,
    /// What it is about.
    pub title: Passage,
    /// What people decided that it was.
    pub category: Category,
    /// How serious.
    pub level: Option<String>,
    /// Digest of the plan by which it was handled.
    pub plan: String,
    /// First sight.
    pub opened: Timestamp,
    /// When it was closed, or dismissed.
    pub ended: Timestamp,
    /// What was said, in the order in which it was heard.
    pub posts: Vec<Said>,
    /// Posts beyond [`make::POSTS`] that are not in it.
    pub left_out: u64,
    /// What was done.
    pub course: Vec<Step>,
    /// What it ran against.
    pub clocks: Vec<Kept>,
    /// What is to be learnt from it.
    pub lessons: Vec<Passage>,
    /// By what it is found again.
    pub tags: Vec<String>,
    /// Replacements given so far.
    pub count: Count,
    /// Words that look like somebody, and of which a person said that they are nobody.
    pub harmless: Vec<String>,
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Said {
    /// Row key of the post, under which it may be kept still.
    pub row: i64,
    /// The version of it that this is.
    pub version: u32,
    /// Site key.
    pub site: String,
    /// Form of utterance.
    #[schemars(with = "String")]
    pub kind: Kind,
    /// When it was first heard.
    pub heard: Timestamp,
    /// When it was said, as the site told it.
    pub said: Option<Timestamp>,
    /// Headline.
    pub title: Option<Passage>,
    /// Text.
    pub text: Passage,
    /// How far it had travelled.
    #[schemars(with = "std::collections::BTreeMap<String, Option<u64>>")]
    pub reactions: Reactions,
}

/// What became of a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Kept {
    /// The rule's id.
    pub clock: String,
    /// Of which round.
    pub round: u32,
    /// Since when it ran.
    pub from: Timestamp,
    /// Until when.
    pub due: Timestamp,
    /// How it ended.
    pub state: ClockState,
}

impl Kept {
    /// Seconds by which it was missed, 0 when it was kept; of one that was never met, until the incident `ended`. `None`
    /// when it did not apply, or its time was not up.
    #[must_use]
    pub fn late(&self, ended: Timestamp) -> Option<i64> {
        let until = match self.state {
            ClockState::Met(at) => return Some(at.saturating_sub(self.due).max(0)),
            ClockState::Running => ended,
            ClockState::Paused(at) => at,
            ClockState::Void(_) => return None,
        };
        Some(until.saturating_sub(self.due)).filter(|late| *late > 0)
    }
}

/// Where a passage stands in its case, and what it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The title of the incident.
    Title,
    /// The headline of a post: its row key, and the version.
    Headline(i64, u32),
    /// The text of a post.
    Text(i64, u32),
    /// What somebody wrote with a step: the note's number.
    Note(i64),
    /// A lesson, from 0: it comes from nowhere else.
    Lesson(usize),
}

impl Case {
    /// Every passage with its place, in the order in which a case is read.
    pub fn passages(&self) -> impl Iterator<Item = (Place, &Passage)> {
        let posts = self.posts.iter().flat_map(|said| {
            let headline = said.title.iter().map(|title| (Place::Headline(said.row, said.version), title));
            headline.chain([(Place::Text(said.row, said.version), &said.text)])
        });
        let notes = self.course.iter().flat_map(|step| &step.notes).map(|(id, note)| (Place::Note(*id), note));
        let lessons = self.lessons.iter().enumerate().map(|(n, lesson)| (Place::Lesson(n), lesson));
        [(Place::Title, &self.title)].into_iter().chain(posts).chain(notes).chain(lessons)
    }

    /// The same, to be changed.
    pub fn passages_mut(&mut self) -> impl Iterator<Item = (Place, &mut Passage)> {
        let posts = self.posts.iter_mut().flat_map(|said| {
            let (row, version) = (said.row, said.version);
            let headline = said.title.iter_mut().map(move |title| (Place::Headline(row, version), title));
            headline.chain([(Place::Text(row, version), &mut said.text)])
        });
        let notes = self.course.iter_mut().flat_map(|step| &mut step.notes).map(|(id, note)| (Place::Note(*id), note));
        let lessons = self.lessons.iter_mut().enumerate().map(|(n, lesson)| (Place::Lesson(n), lesson));
        [(Place::Title, &mut self.title)].into_iter().chain(posts).chain(notes).chain(lessons)
    }

    /// How many words are hidden in it.
    #[must_use]
    pub fn hidden(&self) -> u64 {
        self.passages().map(|(_, passage)| passage.spots().count() as u64).sum()
    }

    /// Everything in it that can be searched, as it may be read.
    #[must_use]
    pub fn words(&self) -> String {
        let passages = self.passages().map(|(_, passage)| passage.shown());
        passages.chain(self.tags.iter().cloned()).collect::<Vec<_>>().join("\n")
    }
}

/// A tag as it is kept: a word or a few, on one line; `None` of nothing.
#[must_use]
pub fn tag(text: &str) -> Option<String> {
    let tag: String = text.trim().chars().filter(|c| !c.is_control()).take(40).collect();
    (!tag.is_empty()).then_some(tag)
}

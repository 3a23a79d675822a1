//! How a closed incident becomes a case.

use std::collections::HashMap;

use caifeng_plugin_host::contract::{Kind, Reactions, Timestamp};

use super::course::{Step, happened, written};
use super::hiding::Hider;
use super::life::CaseRefusal;
use super::passage::Passage;
use super::{Case, Kept, Said, tag};
use crate::incident::event::Recorded;
use crate::incident::life::Incident;
use crate::incident::{IncidentId, State};
use crate::privacy::Gazetteer;
use crate::text::tokens::Tokeniser;

/// Posts that a case holds, the earliest: more are read by nobody, and an incident may have a million.
pub const POSTS: usize = 10_000;

/// A post of the incident, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Row key.
    pub row: i64,
    /// Version.
    pub version: u32,
    /// Site key.
    pub site: String,
    /// Form of utterance.
    pub kind: Kind,
    /// When it was first captured.
    pub heard: Timestamp,
    /// When it was published.
    pub said: Option<Timestamp>,
    /// Headline.
    pub title: Option<String>,
    /// Text.
    pub text: String,
    /// How far it had travelled.
    pub reactions: Reactions,
}

/// All that is known of an incident that is over.
#[derive(Clone, Debug)]
pub struct Material<'a> {
    /// Its number.
    pub id: IncidentId,
    /// Its title.
    pub title: &'a str,
    /// How it stands.
    pub incident: &'a Incident,
    /// What was said.
    pub posts: Vec<Heard>,
    /// What was done.
    pub history: &'a [Recorded],
    /// What was written with it, by the number of the note; those that were deleted are missing.
    pub notes: &'a HashMap<i64, String>,
    /// What is to be learnt.
    pub lessons: &'a [String],
    /// By what it is to be found.
    pub tags: &'a [String],
}

/// Makes a case.
///
/// # Errors
/// The incident is not over, or nobody ever decided what it was.
pub fn make(material: Material<'_>, about: &Gazetteer, tokeniser: &Tokeniser) -> Result<Case, CaseRefusal> {
    let Material { id, title, incident, mut posts, history, notes, lessons, tags } = material;
    let assessed = incident.assessed.as_ref().filter(|_| incident.state == State::Closed);
    let assessed = assessed.ok_or(CaseRefusal::Open(id))?;
    posts.sort_by_key(|post| (post.heard, post.said, post.row));
    let left_out = posts.len().saturating_sub(POSTS) as u64;
    posts.truncate(POSTS);
    let steps: Vec<_> = history.iter().filter_map(|recorded| Some((recorded, happened(&recorded.event)?))).collect();
    let noted =
        |recorded| written(recorded).into_iter().filter_map(|note| Some((note.id, notes.get(&note.id)?.as_str())));

    let mut texts = vec![title];
    texts.extend(posts.iter().flat_map(|post| post.title.as_deref().into_iter().chain([post.text.as_str()])));
    texts.extend(steps.iter().flat_map(|(recorded, _)| noted(recorded)).map(|(_, text)| text));
    texts.extend(lessons.iter().map(String::as_str));
    let mut hider = Hider::new(about, tokeniser);
    let mut hidden = hider.hide_all(&texts).into_iter();
    let count = hider.count;
    let mut next = || hidden.next().unwrap_or_default();

    let title = next();
    let mut said = |post: &Heard| Said {
        row: post.row,
        version: post.version,
        site: post.site.clone(),
        kind: post.kind,
        heard: post.heard,
        said: post.said,
        title: post.title.is_some().then(&mut next),
        text: next(),
        reactions: post.reactions,
    };
    let posts = posts.iter().map(&mut said).collect();
    let course = steps.into_iter().map(|(recorded, what)| Step {
        at: recorded.at,
        by: recorded.by.label().to_owned(),
        what,
        notes: noted(recorded).map(|(id, _)| (id, next())).collect(),
    });
    let course = course.collect();
    let lessons: Vec<Passage> = lessons.iter().map(|_| next()).collect();
    Ok(Case {
        incident: id,
        title,
        category: assessed.category,
        level: assessed.level.clone(),
        plan: assessed.plan.clone(),
        opened: incident.opened,
        ended: incident.since,
        posts,
        left_out,
        course,
        clocks: incident.clocks.clocks().iter().map(kept).collect(),
        lessons,
        tags: tags.iter().filter_map(|text| tag(text)).collect(),
        count,
        harmless: Vec::new(),
    })
}

fn kept(clock: &crate::incident::clock::Clock) -> Kept {
    let crate::incident::clock::Clock { id, round, from, due, state, .. } = clock;
    Kept { clock: id.clone(), round: *round, from: *from, due: *due, state: *state }
}

//! Cases on their way into the library: reads what is known of the incident, has people and places hidden, and
//! asks the store to keep what comes of it (P22).
//!
//! Hiding takes a while for a large incident, and is done before the writer is asked; the version that a command
//! saw holds the two together.

use std::collections::HashMap;

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Clerk;
use crate::case::correct::{self, Correction};
use crate::case::course::written;
use crate::case::life::CaseRefusal;
use crate::case::make::{Heard, Material, make};
use crate::case::{Case, Place};
use crate::control::Refusal;
use crate::incident::IncidentId;
use crate::incident::event::Recorded;
use crate::privacy::{Gazetteer, Kind};
use crate::store::model::PostRow;
use crate::store::{Caller, CaseChange, CaseRow, PostQuery, Reader, Sight, StoreError};
use crate::text::tokens::Tokeniser;
use crate::user::right::Act;

/// What a person does about a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Casework {
    /// Make one of a closed incident.
    Make {
        /// The incident.
        incident: IncidentId,
        /// What is to be learnt.
        lessons: Vec<String>,
        /// By what it is to be found.
        tags: Vec<String>,
    },
    /// Put one right.
    Correct(Sight, Correction),
    /// Say that it names nobody.
    Check(Sight),
    /// Let it be shown.
    Release(Sight),
}

impl Casework {
    /// The rights that it takes.
    pub const ACTS: &[Act] = &[Act::MakeCase, Act::CheckCase];

    /// The right that it takes.
    #[must_use]
    pub const fn takes(&self) -> Act {
        match self {
            Self::Make { .. } | Self::Correct(..) => Act::MakeCase,
            Self::Check(_) | Self::Release(_) => Act::CheckCase,
        }
    }
}

impl Clerk {
    /// Does it.
    pub(super) fn casework(&self, caller: &Caller, work: Casework, now: Timestamp) -> Result<CaseRow, Refusal> {
        self.directory.not_in_a_drill("a case is made of what really happened: name the real --data")?;
        let tokeniser = Tokeniser::new();
        let about = self.gazetteer()?;
        Ok(match work {
            Casework::Make { incident, lessons, tags } => {
                let case = self.make(incident, &lessons, &tags, &about, &tokeniser)?;
                self.store.make_case(caller, case, now)?
            }
            Casework::Correct(sight, correction) => {
                let mut case = self.case(sight)?;
                let mut kept = HashMap::new();
                for place in case.passages().map(|(place, _)| place).collect::<Vec<_>>() {
                    if let Some(text) = original(&self.reader, &case, place)? {
                        kept.insert(place, text);
                    }
                }
                correct::correct(&mut case, &correction, |place| kept.get(&place).cloned(), &about, &tokeniser);
                self.store.change_case(caller, sight, CaseChange::Correct(Box::new(case)), now)?
            }
            Casework::Check(sight) => {
                let found = correct::still(&self.case(sight)?, &about, &tokeniser);
                self.store.change_case(caller, sight, CaseChange::Check(found), now)?
            }
            Casework::Release(sight) => {
                let tokens = tokeniser.index_text(None, &self.case(sight)?.words());
                self.store.change_case(caller, sight, CaseChange::Release(tokens), now)?
            }
        })
    }

    fn case(&self, sight: Sight) -> Result<Case, Refusal> {
        let found = self.reader.case(sight.id)?;
        let unknown = || StoreError::Unknown { what: "case", id: sight.id.to_string() };
        Ok(found.ok_or_else(unknown)?.case)
    }

    fn make(
        &self,
        id: IncidentId,
        lessons: &[String],
        tags: &[String],
        about: &Gazetteer,
        tokeniser: &Tokeniser,
    ) -> Result<Case, Refusal> {
        let unknown = || StoreError::Unknown { what: "incident", id: id.to_string() };
        let row = self.reader.incident(id)?.ok_or_else(unknown)?;
        let incident = self.reader.standing(id)?.ok_or_else(unknown)?;
        let history = self.reader.history(id)?;
        let notes = notes(&self.reader, &history)?;
        let posts = self.reader.posts(&PostQuery { incident: Some(id), ..PostQuery::default() })?;
        let posts = posts.into_iter().map(heard).collect();
        let (title, incident, history, notes) = (row.title.as_str(), &incident, history.as_slice(), &notes);
        let material = Material { id, title, incident, posts, history, notes, lessons, tags };
        make(material, about, tokeniser).map_err(|refusal: CaseRefusal| StoreError::from(refusal).into())
    }

    /// What the organisation knows of its own area and people.
    fn gazetteer(&self) -> Result<Gazetteer, Refusal> {
        let own = self.organisation.get();
        let organisation = std::iter::once(&own.name).chain(&own.aliases).filter(|name| !name.is_empty()).cloned();
        let hosts = own.contact.iter().filter_map(|contact| Url::parse(contact).ok()?.host_str().map(str::to_owned));
        Ok(Gazetteer {
            organisation: organisation.collect(),
            places: own.places.clone(),
            people: self.reader.users()?.into_iter().filter_map(|user| user.name).collect(),
            hosts: hosts.collect(),
            harmless: Vec::new(),
        })
    }
}

fn heard(post: PostRow) -> Heard {
    Heard {
        row: post.row,
        version: post.version,
        site: post.site,
        kind: post.kind,
        heard: post.captured,
        said: post.published,
        title: post.title,
        text: post.text,
        reactions: post.reactions,
    }
}

/// What was written with events, where it was not deleted.
fn notes(reader: &Reader, history: &[Recorded]) -> Result<HashMap<i64, String>, StoreError> {
    let mut notes = HashMap::new();
    for note in history.iter().flat_map(written) {
        if let Some(text) = reader.note(note.id)? {
            notes.insert(note.id, text);
        }
    }
    Ok(notes)
}

/// The text that a passage of a case was made from; `None` when it is no longer kept, or not in that version.
///
/// # Errors
/// The store cannot be read.
pub fn original(reader: &Reader, case: &Case, place: Place) -> Result<Option<String>, StoreError> {
    Ok(match place {
        Place::Title => reader.incident(case.incident)?.map(|row| row.title),
        Place::Headline(row, version) => {
            reader.post_of(row)?.filter(|post| post.version == version).and_then(|post| post.title)
        }
        Place::Text(row, version) => reader.post_of(row)?.filter(|post| post.version == version).map(|post| post.text),
        Place::Note(id) => reader.note(id)?,
        Place::Lesson(_) => None,
    })
}

/// Something that was hidden in a case, for whoever checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hid {
    /// In which passage.
    pub place: Place,
    /// What it was.
    pub kind: Kind,
    /// Where its replacement begins, in characters.
    pub at: usize,
    /// What stands in its place.
    pub shown: String,
    /// What stood there, as long as it is kept elsewhere.
    pub was: Option<String>,
}

/// Everything that was hidden, in the order of the case.
///
/// # Errors
/// The store cannot be read.
pub fn hidden(reader: &Reader, case: &Case) -> Result<Vec<Hid>, StoreError> {
    let mut all = Vec::new();
    for (place, passage) in case.passages() {
        let mut spots = passage.spots().peekable();
        if spots.peek().is_none() {
            continue;
        }
        let characters: Option<Vec<char>> = original(reader, case, place)?.map(|text| text.chars().collect());
        for spot in spots {
            let was = characters.as_ref().and_then(|all| all.get(spot.was.clone())).map(|it| it.iter().collect());
            let (kind, shown) = (spot.hidden.kind, spot.hidden.shown.clone());
            all.push(Hid { place, kind, at: spot.at, shown, was });
        }
    }
    Ok(all)
}

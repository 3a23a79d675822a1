//! The score of a drill, read from its directory. Commands and pages read it here.

use caifeng_plugin_host::contract::Timestamp;

use crate::directory::Directory;
use crate::drill::order::injected;
use crate::drill::score::{Played, Score, score};
use crate::drill::sheet::About;
use crate::drill::{self, DrillError, Mark};
use crate::plan::Plan;
use crate::store::Reader;

/// How well a team does, and what its sheet tells besides.
#[derive(Clone, Debug)]
pub struct Scored {
    /// What the drill remembers of itself.
    pub mark: Mark,
    /// The score.
    pub score: Score,
    /// The rest.
    pub about: About,
}

/// Reads the drill in `directory`, whose store is `reader`, as it stands at `now` on its own clock.
///
/// # Errors
/// It is no drill, or cannot be read.
pub fn read(directory: &Directory, reader: &Reader, plan: &Plan, now: Timestamp) -> Result<Scored, DrillError> {
    let mark = Mark::read(directory)?;
    let case = drill::case(directory)?;
    let of = |(id, incident)| Ok(Played { id, incident, history: reader.history(id)? });
    let played = reader.standings()?.into_iter().map(of).collect::<Result<Vec<_>, DrillError>>()?;
    let notices = std::fs::read_to_string(directory.notices()).map_or(0, |text| text.lines().count() as u64);
    let about = About {
        title: case.title.shown(),
        case: mark.case,
        begins: mark.begins,
        injected: injected(directory)?.into_iter().map(|said| (said.at, said.text)).collect(),
        notices,
    };
    let score = score(&case, &played, plan, mark.ends, now);
    Ok(Scored { mark, score, about })
}

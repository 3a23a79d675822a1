//! The endpoints, by room of the desk: each file says in its table what of the room a program can read and do, through the
//! same clerk and the same reading as the pages.

mod account;
mod audit;
mod backups;
mod cases;
mod channels;
mod contacts;
mod disclosures;
mod documents;
mod evidence;
mod hearing;
mod inbox;
mod incidents;
mod keeping;
mod notices;
mod people;
mod plan;
mod plugins;
mod posts;
mod replies;
mod reports;
mod searches;
mod summaries;
mod topics;
mod watches;

use super::endpoint::Endpoint;
use super::problem::Problem;
use crate::control::Line;
use crate::handling::Outcome;

/// In the order of the document.
pub(super) fn table() -> Vec<Endpoint> {
    let rooms = [
        account::table(),
        incidents::table(),
        evidence::table(),
        notices::table(),
        inbox::table(),
        posts::table(),
        searches::table(),
        hearing::table(),
        watches::table(),
        topics::table(),
        replies::table(),
        disclosures::table(),
        summaries::table(),
        cases::table(),
        contacts::table(),
        reports::table(),
        documents::table(),
        plugins::table(),
        people::table(),
        plan::table(),
        channels::table(),
        keeping::table(),
        backups::table(),
        audit::table(),
    ];
    rooms.into_iter().flatten().collect()
}

/// What came of a deed that has another outcome than its kind has: a fault of ours.
fn strange(outcome: &Outcome) -> Problem {
    tracing::error!(?outcome, "an outcome of another kind");
    Problem::Ours
}

/// What came of a deed, as the daemon tells it.
fn acted(line: Line) -> Option<Outcome> {
    match line {
        Line::Acted(outcome) => Some(*outcome),
        _ => None,
    }
}

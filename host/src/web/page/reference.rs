//! `/api`: the endpoints, for people who write programs.

use std::sync::Arc;

use askama::Template;

use super::{Frame, Rendered, Room, Visit};
use crate::store::model::{Figures, WatchRow};

/// An endpoint as the page tells it.
pub(crate) struct Operation {
    /// Its name for programs.
    pub(crate) id: String,
    /// `GET` or `POST`.
    pub(crate) method: String,
    /// Its path.
    pub(crate) path: String,
    /// What it is for.
    pub(crate) summary: String,
    /// Whom it is for.
    pub(crate) whom: String,
    /// What stands in path, query and fields.
    pub(crate) parameters: Vec<Parameter>,
    /// How it is asked from a shell.
    pub(crate) example: String,
    /// The schema of its body.
    pub(crate) body: Option<String>,
    /// The schema of its answer.
    pub(crate) answer: String,
}

/// A parameter.
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) place: String,
    /// What it means.
    pub(crate) words: String,
}

#[derive(Template)]
#[template(path = "reference.html")]
struct ReferencePage<'a> {
    frame: Frame,
    operations: Vec<Operation>,
    problems: &'a [(u16, &'static str, &'static str)],
}

/// The page; problems are told by status, kind and what each means.
pub(crate) fn reference(
    visit: &Visit,
    (figures, watches): (Figures, Arc<[WatchRow]>),
    operations: Vec<Operation>,
    problems: &[(u16, &'static str, &'static str)],
) -> Rendered {
    let frame = Frame::new(visit, Room::Administration, visit.lang.t("api.title"), figures, &watches);
    ReferencePage { frame, operations, problems }.render()
}

//! 上报: a form for a thumb, and what happens next.

use askama::Template;

use super::{Frame, Rendered, Room, Visit};
use crate::store::model::{Figures, WatchRow};

#[derive(Template)]
#[template(path = "submit.html")]
struct SubmitPage {
    frame: Frame,
}

/// The page.
pub(crate) fn submit(visit: &Visit, figures: Figures, watches: &[WatchRow]) -> Rendered {
    let title = visit.lang.t("rooms.submit");
    SubmitPage { frame: Frame::new(visit, Room::Submit, title, figures, watches) }.render()
}

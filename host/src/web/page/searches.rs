//! 保存的搜索: each with what is new, and what can be done about it.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;

use super::posts::{KeptRow, KeptView};
use super::{Frame, Rendered, Room, Visit};
use crate::store::model::{Figures, WatchRow};
use crate::web::mark::line;
use crate::web::when::Stamp;

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct SearchesRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The searches that the visitor has.
    pub(crate) kept: Vec<KeptRow>,
    /// Names of colleagues, by identifier.
    pub(crate) people: HashMap<String, String>,
}

/// A line of the page.
struct SearchView {
    kept: KeptView,
    /// What it looks for, as its address says it.
    wanted: String,
    /// Whose it is, where somebody else's is shared.
    by: Option<String>,
    shared: bool,
    theirs: bool,
    opened: Stamp,
}

#[derive(Template)]
#[template(path = "searches.html")]
struct SearchesPage {
    frame: Frame,
    searches: Vec<SearchView>,
}

/// The page.
pub(crate) fn searches(visit: &Visit, rows: &SearchesRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Posts, lang.t("searches.title"), rows.figures, &rows.watches);
    let own = visit.person.as_ref().map(|known| known.user.as_str());
    let view = |row: &KeptRow| {
        let search = &row.search;
        let said = search.wanted.fields().into_iter().map(|(_, value)| line(&value, 60));
        let theirs = Some(search.user.as_str()) == own;
        let by = rows.people.get(&search.user).cloned().unwrap_or_else(|| search.user.clone());
        SearchView {
            kept: KeptView::new(row, None, lang),
            wanted: said.collect::<Vec<_>>().join(" · "),
            by: (!theirs).then_some(by),
            shared: search.shared,
            theirs: search.theirs,
            opened: frame.face.stamp(search.opened),
        }
    };
    SearchesPage { searches: rows.kept.iter().map(view).collect(), frame }.render()
}

//! 信息: everything heard, newest first, and the search in it.

use askama::Template;
use url::form_urlencoded;

use super::post::PostView;
use super::{Frame, Rendered, Room, Visit};
use crate::store::model::{Figures, PostRow, PostRowId, WatchRow};
use crate::web::mark::line;

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct PostsRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Vec<WatchRow>,
    /// What was searched for; empty for everything.
    pub(crate) search: String,
    /// The page begins after this row; `None` for the first page.
    pub(crate) before: Option<PostRowId>,
    /// The posts of this page.
    pub(crate) posts: Vec<PostRow>,
    /// There are older ones.
    pub(crate) more: bool,
}

#[derive(Template)]
#[template(path = "posts.html")]
struct PostsPage {
    frame: Frame,
    search: String,
    note: String,
    posts: Vec<PostView>,
    empty: Vec<String>,
    newer: bool,
    first: String,
    older: Option<String>,
    live: bool,
}

/// The page.
pub(crate) fn posts(visit: &Visit, rows: &PostsRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Posts, lang.t("posts.title"), rows.figures, &rows.watches);
    let search = rows.search.trim();
    let note = if search.is_empty() {
        lang.count("count.posts-all", rows.figures.posts)
    } else {
        lang.with("search.results", &[("words", &line(search, 40))])
    };
    let empty = if search.is_empty() {
        vec![lang.t("posts.none"), lang.t("incidents.none-step")]
    } else {
        vec![lang.t("search.none"), lang.count("search.none-note", rows.figures.posts)]
    };
    PostsPage {
        note,
        posts: rows.posts.iter().map(|p| PostView::new(p, &frame.face, lang, false)).collect(),
        empty,
        newer: rows.before.is_some(),
        first: address(search, None),
        older: rows.posts.last().filter(|_| rows.more).map(|p| address(search, Some(p.row))),
        live: search.is_empty() && rows.before.is_none(),
        search: search.to_owned(),
        frame,
    }
    .render()
}

fn address(search: &str, before: Option<PostRowId>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("q", search);
    }
    if let Some(row) = before {
        query.append_pair("before", &row.to_string());
    }
    let query = query.finish();
    if query.is_empty() { "/posts".to_owned() } else { format!("/posts?{query}") }
}

//! 公示: a page for everybody, which has nothing of the desk around it.

use askama::Template;

use super::Rendered;
use super::reports::Paper;
use crate::web::lang::Lang;

#[derive(Template)]
#[template(path = "public.html")]
struct PublicPage {
    lang: Lang,
    title: String,
    paper: Paper,
    demo: bool,
    version: &'static str,
}

impl PublicPage {
    fn others(&self) -> Vec<Lang> {
        Lang::ALL.into_iter().filter(|lang| *lang != self.lang).collect()
    }
}

/// The page; `paper` is markup of [`html::fragment`](crate::document::html::fragment).
pub(crate) fn public(lang: Lang, title: String, paper: String, demo: bool) -> Rendered {
    PublicPage { lang, title, paper: Paper(paper), demo, version: crate::web::asset::version() }.render()
}

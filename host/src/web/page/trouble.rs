//! Pages for what went wrong: they need no store, so they can always be shown.

use askama::Template;

use super::Rendered;
use crate::web::lang::Lang;

/// What went wrong, by what the reader can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// 400: the address cannot be understood.
    Address,
    /// 404: no such page.
    Missing,
    /// 405: pages are only read here.
    Method,
    /// 500: our fault; the log has the cause.
    Ours,
}

impl Trouble {
    /// The HTTP status.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Address => 400,
            Self::Missing => 404,
            Self::Method => 405,
            Self::Ours => 500,
        }
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    lang: Lang,
    status: u16,
    title: String,
    advice: String,
    version: &'static str,
}

/// The page.
pub(crate) fn trouble(lang: Lang, trouble: Trouble) -> Rendered {
    let (title, advice) = match trouble {
        Trouble::Address => ("trouble.address", "trouble.address-advice"),
        Trouble::Missing => ("trouble.missing", "trouble.missing-advice"),
        Trouble::Method => ("trouble.method", "trouble.method-advice"),
        Trouble::Ours => ("trouble.ours", "trouble.ours-advice"),
    };
    TroublePage {
        lang,
        status: trouble.status(),
        title: lang.t(title),
        advice: lang.t(advice),
        version: crate::web::asset::version(),
    }
    .render()
}

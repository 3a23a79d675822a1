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
    /// 401: somebody must sign in first.
    SignIn,
    /// 403: it is for others.
    Others,
    /// 405: this address is not asked in this way.
    Method,
    /// 413: what was sent is too large.
    TooLarge,
    /// 422: what the form says cannot be understood.
    Form,
    /// 500: our fault; the log has the cause.
    Ours,
}

impl Trouble {
    /// The HTTP status.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Address => 400,
            Self::Missing => 404,
            Self::SignIn => 401,
            Self::Others => 403,
            Self::Method => 405,
            Self::TooLarge => 413,
            Self::Form => 422,
            Self::Ours => 500,
        }
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'a> {
    lang: Lang,
    status: u16,
    title: &'a str,
    advice: &'a str,
    drill: bool,
    version: &'static str,
}

/// A page that stands alone, before it is known in which house it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Alone {
    lang: Lang,
    /// The HTTP status.
    pub(crate) status: u16,
    title: String,
    advice: String,
}

impl Alone {
    /// The page; in a drill it says so as every page does.
    pub(crate) fn render(&self, drill: bool) -> Rendered {
        let Self { lang, status, title, advice } = self;
        let version = crate::web::asset::version();
        TroublePage { lang: *lang, status: *status, title, advice, drill, version }.render()
    }
}

/// The page of what went wrong.
pub(crate) fn trouble(lang: Lang, trouble: Trouble) -> Alone {
    let (title, advice) = match trouble {
        Trouble::Address => ("trouble.address", "trouble.address-advice"),
        Trouble::Missing => ("trouble.missing", "trouble.missing-advice"),
        Trouble::SignIn => ("trouble.sign-in", "trouble.sign-in-advice"),
        Trouble::Others => ("trouble.others", "trouble.others-advice"),
        Trouble::Method => ("trouble.method", "trouble.method-advice"),
        Trouble::TooLarge => ("trouble.large", "trouble.large-advice"),
        Trouble::Form => ("trouble.form", "trouble.form-advice"),
        Trouble::Ours => ("trouble.ours", "trouble.ours-advice"),
    };
    Alone { lang, status: trouble.status(), title: lang.t(title), advice: lang.t(advice) }
}

/// The page of something that may not be, or not so: `words` say who must act.
pub(crate) fn refusal(lang: Lang, status: u16, words: &str) -> Alone {
    Alone { lang, status, title: lang.t("trouble.refused"), advice: words.to_owned() }
}

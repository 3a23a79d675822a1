//! Pages before anybody is known: signing in, choosing a password. They need no store, so they can always be shown, and they tell
//! nothing of what is behind them.

use askama::Template;

use super::Rendered;
use crate::user::password::{SHORTEST, Unfit};
use crate::web::lang::Lang;

/// Who signs in, and where they are led afterwards.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    /// The language.
    pub(crate) lang: Lang,
    /// Whose desk it is.
    pub(crate) organisation: String,
    /// A path of ours.
    pub(crate) to: String,
    /// There was a session, and it has ended.
    pub(crate) over: bool,
    /// What they had typed into the form at `to`, as a browser sends it.
    pub(crate) typed: Option<String>,
    /// The name that they have typed.
    pub(crate) name: String,
    /// What was wrong, in words.
    pub(crate) wrong: Option<String>,
    /// What was done just before, in words.
    pub(crate) said: Option<String>,
    /// What people call the provider of sign-in, where there is one.
    pub(crate) provider: Option<String>,
}

impl SignIn {
    /// Nothing typed yet.
    pub(crate) fn new(lang: Lang, organisation: &str) -> Self {
        Self {
            lang,
            organisation: organisation.to_owned(),
            to: "/".to_owned(),
            over: false,
            typed: None,
            name: String::new(),
            wrong: None,
            said: None,
            provider: None,
        }
    }
}

/// What stands around these pages.
struct Door<'a> {
    lang: Lang,
    title: String,
    organisation: &'a str,
    /// The address of this page, for the language switch.
    path: String,
}

impl Door<'_> {
    fn others(&self) -> Vec<Lang> {
        Lang::ALL.into_iter().filter(|lang| *lang != self.lang).collect()
    }

    #[expect(clippy::unused_self, reason = "askama reaches it through the door")]
    fn version(&self) -> &'static str {
        crate::web::asset::version()
    }
}

fn door<'a>(asked: &'a SignIn, title: &str, path: &str) -> Door<'a> {
    let to: String = url::form_urlencoded::byte_serialize(asked.to.as_bytes()).collect();
    Door {
        lang: asked.lang,
        title: asked.lang.t(title),
        organisation: &asked.organisation,
        path: format!("{path}?to={to}&"),
    }
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage<'a> {
    door: Door<'a>,
    asked: &'a SignIn,
    /// The words of the link to the provider, and where it leads.
    through: Option<(String, String)>,
}

/// Asks for name and password.
pub(crate) fn sign_in(asked: &SignIn) -> Rendered {
    let to: String = url::form_urlencoded::byte_serialize(asked.to.as_bytes()).collect();
    let through = asked
        .provider
        .as_ref()
        .map(|label| (asked.lang.with("sign-in.through", &[("label", label)]), format!("/sign-in/provider?to={to}")));
    SignInPage { door: door(asked, "sign-in.title", "/sign-in"), asked, through }.render()
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage<'a> {
    door: Door<'a>,
    asked: &'a SignIn,
}

/// Asks for the code of the second factor.
pub(crate) fn code(asked: &SignIn) -> Rendered {
    CodePage { door: door(asked, "sign-in.code-title", "/sign-in"), asked }.render()
}

/// Somebody who chooses a password.
#[derive(Clone, Debug)]
pub(crate) struct SetUp {
    /// Language, name and what was wrong.
    pub(crate) asked: SignIn,
    /// Nobody is there yet: this is the first user.
    pub(crate) first: bool,
    /// The code as it was typed, when it was not what was wrong.
    pub(crate) code: String,
}

#[derive(Template)]
#[template(path = "set-up.html")]
struct SetUpPage<'a> {
    door: Door<'a>,
    asked: &'a SignIn,
    first: bool,
    code: &'a str,
    rule: String,
}

/// Asks for a code and a new password.
pub(crate) fn set_up(asked: &SetUp) -> Rendered {
    let SetUp { asked, first, code } = asked;
    let title = if *first { "set-up.first-title" } else { "set-up.title" };
    let door = door(asked, title, "/set-up-password");
    SetUpPage { door, asked, first: *first, code, rule: asked.lang.with("password.rule", &[("n", &SHORTEST)]) }.render()
}

/// What somebody had typed when their session ended.
#[derive(Clone, Debug)]
pub(crate) struct Resend {
    /// Where it is sent.
    pub(crate) to: String,
    /// Names and values.
    pub(crate) typed: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "resend.html")]
struct ResendPage<'a> {
    door: Door<'a>,
    lang: Lang,
    resend: &'a Resend,
}

/// Offers to send what was typed, now that somebody is signed in.
pub(crate) fn resend(asked: &SignIn, resend: &Resend) -> Rendered {
    ResendPage { door: door(asked, "resend.title", "/sign-in"), lang: asked.lang, resend }.render()
}

/// Why a password is not taken, in words.
pub(crate) fn unfit(lang: Lang, unfit: Unfit) -> String {
    match unfit {
        Unfit::Short => lang.with("password.short", &[("n", &SHORTEST)]),
        Unfit::Long => lang.t("password.long"),
        Unfit::Common => lang.t("password.common"),
        Unfit::Differs => lang.t("password.differs"),
    }
}

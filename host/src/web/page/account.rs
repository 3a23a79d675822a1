//! `/account`: one's own sessions, password, second factor and the tokens of one's programs.

use askama::Template;

use super::{Frame, Rendered, Visit};
use crate::entrance::Offer;
use crate::plan::show::role_key;
use crate::store::model::{Figures, WatchRow};
use crate::store::{Held, ProgramToken, SessionRow};
use crate::user::password::SHORTEST;
use crate::user::scope::Scope;
use crate::user::session::Known;
use crate::user::token::TokenId;
use crate::web::lang::Lang;
use crate::web::qr::Picture;
use crate::web::when::{Clockface, Stamp};

/// What the page shows.
pub(crate) struct AccountRows {
    /// Who it is.
    pub(crate) known: Known,
    /// Sessions and tokens of programs.
    pub(crate) held: Held,
    /// Recovery codes that are left.
    pub(crate) recovery: i64,
    /// A password was chosen.
    pub(crate) password: bool,
    /// What people call the provider of sign-in.
    pub(crate) provider: Option<String>,
    /// They are known there.
    pub(crate) linked: bool,
    /// A second factor is asked for in one of the roles.
    pub(crate) required: bool,
    /// A secret that is told this once.
    pub(crate) secret: Option<String>,
    /// What was wrong, and with which form.
    pub(crate) wrong: Option<(Form, String)>,
}

/// A form of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The password.
    Password,
    /// The second factor.
    Factor,
    /// A program's token.
    Program,
}

struct SessionView {
    id: TokenId,
    browser: String,
    since: Stamp,
    used: Stamp,
    here: bool,
}

struct ProgramView {
    id: TokenId,
    label: String,
    scopes: String,
    used: Option<Stamp>,
    ends: Option<Stamp>,
}

struct Choice {
    value: &'static str,
    name: String,
    checked: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    roles: String,
    unit: Option<String>,
    sessions: Vec<SessionView>,
    programs: Vec<ProgramView>,
    scopes: Vec<Choice>,
    password: bool,
    /// How they sign in besides.
    through: Option<String>,
    /// There are sessions besides this one.
    others: bool,
    rule: String,
    factor: bool,
    required: bool,
    recovery: String,
    few: bool,
    secret: Option<String>,
    wrong_password: Option<String>,
    wrong_factor: Option<String>,
    wrong_program: Option<String>,
}

/// The page.
pub(crate) fn account(visit: &Visit, (figures, watches): (Figures, &[WatchRow]), rows: &AccountRows) -> Rendered {
    let lang = visit.lang;
    let face = visit.face();
    let known = &rows.known;
    let roles: Vec<String> = known.roles.iter().map(|role| lang.t(role_key(*role))).collect();
    let wrong = |form| rows.wrong.as_ref().filter(|(of, _)| *of == form).map(|(_, words)| words.clone());
    AccountPage {
        frame: Frame::new(visit, None, lang.t("account.title"), figures, watches),
        roles: if roles.is_empty() { lang.t("account.no-role") } else { lang.list(&roles) },
        unit: known.unit.clone(),
        sessions: rows.held.sessions.iter().map(|row| session(row, known, &face, lang)).collect(),
        programs: rows.held.programs.iter().map(|row| program(row, &face, lang)).collect(),
        scopes: Scope::ALL
            .into_iter()
            .map(|scope| Choice { value: scope.as_str(), name: scope_name(lang, scope), checked: scope == Scope::Read })
            .collect(),
        password: rows.password,
        through: rows
            .provider
            .as_ref()
            .filter(|_| rows.linked)
            .map(|label| lang.with("account.through", &[("label", label)])),
        others: rows.held.sessions.len() > 1,
        rule: lang.with("password.rule", &[("n", &SHORTEST)]),
        factor: known.factor,
        required: rows.required,
        recovery: lang.count("factor.left", rows.recovery.unsigned_abs()),
        few: rows.recovery < 3,
        secret: rows.secret.clone(),
        wrong_password: wrong(Form::Password),
        wrong_factor: wrong(Form::Factor),
        wrong_program: wrong(Form::Program),
    }
    .render()
}

fn session(row: &SessionRow, known: &Known, face: &Clockface, lang: Lang) -> SessionView {
    let browser = row.browser.clone().filter(|name| !name.is_empty());
    SessionView {
        id: row.id,
        browser: browser.unwrap_or_else(|| lang.t("account.some-browser")),
        since: face.stamp(row.since),
        used: face.stamp(row.used),
        here: row.id == known.token,
    }
}

fn program(row: &ProgramToken, face: &Clockface, lang: Lang) -> ProgramView {
    let scopes: Vec<String> = row.scopes.iter().map(|scope| scope_name(lang, *scope)).collect();
    ProgramView {
        id: row.id,
        label: row.label.clone().unwrap_or_default(),
        scopes: lang.list(&scopes),
        used: row.used.map(|at| face.stamp(at)),
        ends: row.ends.map(|at| face.day(at)),
    }
}

fn scope_name(lang: Lang, scope: Scope) -> String {
    lang.t(match scope {
        Scope::Read => "scope.read",
        Scope::Metrics => "scope.metrics",
        Scope::Submit => "scope.submit",
        Scope::Handle => "scope.handle",
        Scope::Draft => "scope.draft",
        Scope::Publish => "scope.publish",
        Scope::HandOut => "scope.hand-out",
        Scope::Train => "scope.train",
    })
}

#[derive(Template)]
#[template(path = "factor.html")]
struct FactorPage {
    frame: Frame,
    secret: String,
    picture: Option<Picture>,
    required: bool,
    wrong: Option<String>,
}

/// Offers a second factor: the secret as a picture and as text, and a field for a code that shows that it arrived.
pub(crate) fn factor(
    visit: &Visit,
    (figures, watches): (Figures, &[WatchRow]),
    offer: &Offer,
    (required, wrong): (bool, Option<String>),
) -> Rendered {
    let frame = Frame::new(visit, None, visit.lang.t("factor.title"), figures, watches);
    let picture = Picture::of(&offer.address, visit.lang.t("factor.picture"));
    FactorPage { frame, secret: offer.secret.clone(), picture, required, wrong }.render()
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct RecoveryPage<'a> {
    frame: Frame,
    codes: &'a [String],
}

/// Recovery codes, told this once.
pub(crate) fn recovery(visit: &Visit, (figures, watches): (Figures, &[WatchRow]), codes: &[String]) -> Rendered {
    let frame = Frame::new(visit, None, visit.lang.t("factor.codes"), figures, watches);
    RecoveryPage { frame, codes }.render()
}

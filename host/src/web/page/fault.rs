//! What is wrong with a search, in the language of the page.

use std::fmt::Display;

use crate::query::Fault;
use crate::search::SearchError;
use crate::web::lang::Lang;

/// One sentence with the character that it is about.
pub(super) fn sentence(lang: Lang, wrong: &SearchError) -> String {
    lang.with("fault.at", &[("n", &wrong.at.column), ("fault", &told(lang, &wrong.fault))])
}

fn told(lang: Lang, fault: &Fault) -> String {
    let with = |key: &str, n: &dyn Display| lang.with(key, &[("n", n)]);
    match fault {
        Fault::Long(most) => with("fault.long", most),
        Fault::Deep(most) => with("fault.deep", most),
        Fault::Many(most) => with("fault.many", most),
        Fault::Stray(mark) => with("fault.stray", mark),
        Fault::Unopened => lang.t("fault.unopened"),
        Fault::Unclosed(open, close) => lang.with("fault.unclosed", &[("open", open), ("close", close)]),
        Fault::Missing => lang.t("fault.missing"),
        Fault::Empty => lang.t("fault.empty"),
        Fault::Unknown { name, known } => lang.with("fault.unknown", &[("name", name), ("known", known)]),
        Fault::Nameless { name, table } => lang.with("fault.nameless", &[("name", name), ("table", table)]),
        Fault::Pattern(reason) => lang.with("fault.pattern", &[("reason", reason)]),
        Fault::Everything => lang.t("fault.everything"),
        Fault::Unlimited => lang.t("fault.unlimited"),
    }
}

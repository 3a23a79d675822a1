//! 审计: the record, filtered and page by page, and what a walk over all of it found.

use askama::Template;
use url::form_urlencoded;

use super::admin::{admin_tabs, frame};
use super::sources::Ground;
use super::{Frame, Rendered, Tab, Visit};
use crate::incident::chain::{ChainBreak, ChainReport, Fault, Proof};
use crate::incident::event::Actor;
use crate::plan::show::role_key;
use crate::store::{EntryPage, EventRow, MACHINE};
use crate::user::User;
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::when::Stamp;

/// Kinds of entries that are offered when one is typed: what administrators do, and what is decided most.
const KINDS: &[&str] = &[
    "user-added",
    "roles-changed",
    "token-replaced",
    "user-revoked",
    "address-changed",
    "set-up-code-given",
    "password-chosen",
    "signed-in",
    "sign-ins-failed",
    "factor-added",
    "factor-ended",
    "token-ended",
    "program-token-made",
    "unit-changed",
    "identity-linked",
    "identity-ended",
    "sessions-ended",
    "posts-handed-out",
    "search-kept",
    "search-renamed",
    "search-removed",
    "configuration-changed",
    "secrets-changed",
    "plugin-changed",
    "plan-proposed",
    "plan-adopted",
    "plan-dropped",
    "backup-made",
    "backup-taken",
    "backup-removed",
    "retention-ordered",
    "clock-trusted",
    "checkpoint-signed",
    "opened",
    "joined",
    "submitted",
    "assessed",
    "level-set",
    "assigned",
    "step-done",
    "step-waived",
    "sent-back",
    "escalated",
    "acknowledged",
    "paused",
    "resumed",
    "merged-into",
    "split-from",
    "closed",
    "reopened",
    "dismissed",
    "handed-out",
    "erased",
];

/// Which entries somebody asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditAsked {
    /// Of this kind.
    pub(crate) kind: String,
    /// By this user, or by the machine.
    pub(crate) who: String,
    /// From this day on.
    pub(crate) since: String,
    /// Up to this day.
    pub(crate) until: String,
}

impl AuditAsked {
    /// The address of a page that goes on before an entry.
    fn older(&self, before: i64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("kind", &self.kind), ("who", &self.who), ("since", &self.since), ("until", &self.until)]
        {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.append_pair("before", &before.to_string());
        format!("/admin/audit?{}", query.finish())
    }

    fn narrows(&self) -> bool {
        [&self.kind, &self.who, &self.since, &self.until].iter().any(|value| !value.is_empty())
    }
}

/// What a walk found, and against what.
pub(crate) struct Walked {
    /// What was found.
    pub(crate) outcome: Result<ChainReport, ChainBreak>,
    /// The entry that a checkpoint saw, and whether its signature was checked.
    pub(crate) against: Option<(i64, bool)>,
}

struct EventView {
    seq: i64,
    at: Stamp,
    who: String,
    what: String,
    incident: Option<i64>,
    body: String,
}

struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "admin-audit.html")]
struct AuditPage<'a> {
    frame: Frame,
    tabs: Vec<Tab>,
    asked: &'a AuditAsked,
    narrows: bool,
    people: Vec<Choice>,
    kinds: &'static [&'static str],
    events: Vec<EventView>,
    older: Option<String>,
    verdict: Option<String>,
    proof: Option<String>,
    broken: Option<i64>,
}

/// Entries of the record, newest first; what a walk over all of it found.
pub(crate) fn audit(
    visit: &Visit,
    ground: &Ground,
    (asked, page): (&AuditAsked, &EntryPage),
    users: &[User],
    walked: Option<&Walked>,
) -> Rendered {
    let lang = visit.lang;
    let frame = frame(visit, ground);
    let view = |event: &EventRow| EventView {
        seq: event.seq,
        at: frame.face.stamp(event.at),
        who: who(&event.actor, users, lang),
        what: line(&event.kind(), 60),
        incident: (event.incident > 0).then_some(event.incident),
        body: event.body.chars().take(4000).collect(),
    };
    let person = |user: &User| Choice {
        value: user.id.clone(),
        name: user.name.as_ref().map_or_else(|| user.id.clone(), |name| format!("{name} · {}", user.id)),
        chosen: asked.who == user.id,
    };
    let anybody = Choice { value: String::new(), name: lang.t("entries.anybody"), chosen: asked.who.is_empty() };
    let machine = Choice { value: MACHINE.to_owned(), name: lang.t("entries.machine"), chosen: asked.who == MACHINE };
    let (verdict, proof) = walked.map(|walked| told(walked, lang)).unzip();
    AuditPage {
        tabs: admin_tabs(visit, "/admin/audit"),
        asked,
        narrows: asked.narrows(),
        people: [anybody, machine].into_iter().chain(users.iter().map(person)).collect(),
        kinds: KINDS,
        events: page.entries.iter().map(view).collect(),
        older: page.next.map(|before| asked.older(before)),
        verdict,
        proof: proof.flatten(),
        broken: walked.and_then(|walked| walked.outcome.as_ref().err().map(|broken| broken.seq)),
        frame,
    }
    .render()
}

/// What a walk found, and what that proves.
fn told(walked: &Walked, lang: Lang) -> (String, Option<String>) {
    match &walked.outcome {
        Ok(report) => {
            let proof = match (report.proof, walked.against) {
                (Proof::Anchored, Some((seq, true))) => lang.with("entries.anchored", &[("seq", &seq)]),
                (Proof::Anchored, Some((seq, false))) => lang.with("entries.anchored-bare", &[("seq", &seq)]),
                _ => lang.t("entries.no-checkpoint"),
            };
            (lang.count("admin.consistent", report.head.seq.unsigned_abs()), Some(proof))
        }
        Err(broken) => {
            let what = lang.t(match broken.what {
                Fault::Missing => "entries.missing",
                Fault::Altered => "entries.altered",
                Fault::CutOff => "entries.cut-off",
                Fault::Rewritten => "entries.rewritten",
            });
            (lang.with("admin.broken", &[("seq", &broken.seq), ("what", &what)]), None)
        }
    }
}

/// Who an entry names.
fn who(actor: &str, users: &[User], lang: Lang) -> String {
    match serde_json::from_str::<Actor>(actor) {
        Ok(Actor::Person { user, role, .. }) => {
            let named = users.iter().find(|one| one.id == user).and_then(|one| one.name.clone());
            format!("{} · {}", named.unwrap_or(user), lang.t(role_key(role)))
        }
        Ok(Actor::Machine { by }) => line(&by, 40),
        Err(_) => line(actor, 40),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The names that the record uses for the variants of an enum in a file.
    fn names(file: &str, of: &str) -> Vec<String> {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)).unwrap();
        let body = text.split_once(&format!("pub enum {of} {{")).unwrap().1.split_once("\n}").unwrap().0.to_owned();
        let variants = body.lines().filter_map(|line| line.strip_prefix("    ")?.split([' ', '(', ',']).next());
        let variants = variants.filter(|word| word.starts_with(|first: char| first.is_ascii_uppercase()));
        let kebab = |word: &str| {
            word.chars().fold(String::new(), |mut kebab, c| {
                if c.is_ascii_uppercase() && !kebab.is_empty() {
                    kebab.push('-');
                }
                kebab.push(c.to_ascii_lowercase());
                kebab
            })
        };
        variants.map(kebab).collect()
    }

    #[test]
    fn whatever_is_done_to_the_machine_and_taken_from_it_is_offered_by_name() {
        let sources =
            [("user/event.rs", "UserEvent"), ("./listing.rs", "ListingEntry"), ("search/kept.rs", "SearchEntry")];
        for (file, of) in sources {
            let names = names(file, of);
            assert!(!names.is_empty(), "{of}");
            for name in names {
                assert!(KINDS.contains(&name.as_str()), "{name} of {of}");
            }
        }
    }
}

//! 联络: contacts by organisation, one of them with what was said, and files of them as they would be taken in.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;

use super::{Frame, Rendered, Room, Visit, link};
use crate::contact::intake::Intake;
use crate::contact::{Contact, Draft, Kind};
use crate::store::model::{Figures, WatchRow};
use crate::store::{ContactNote, ContactQuery, ContactRow, Sight};
use crate::user::right::Act;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::when::{Clockface, Stamp};

/// What the list is made of.
pub(crate) struct ContactsRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The contacts.
    pub(crate) all: Vec<ContactRow>,
    /// Names of colleagues, by identifier.
    pub(crate) people: HashMap<String, String>,
    /// Which were asked for.
    pub(crate) query: ContactQuery,
}

struct ContactLine {
    id: i64,
    organisation: String,
    role: String,
    name: Option<String>,
    kind: String,
    phones: Vec<(String, String)>,
    emails: Vec<String>,
    links: Vec<String>,
    last: Option<(Stamp, String)>,
}

struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct ContactsPage {
    frame: Frame,
    all: Vec<ContactLine>,
    count: String,
    kinds: Vec<Choice>,
    watches: Vec<Choice>,
    organisation: String,
    may_keep: bool,
    narrowed: bool,
}

const fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Media => "contacts.media",
        Kind::Site => "contacts.site",
        Kind::Forum => "contacts.forum",
    }
}

fn kinds(lang: Lang, chosen: Option<Kind>) -> Vec<Choice> {
    let choice = |kind: Kind| Choice {
        value: kind.as_str().to_owned(),
        name: lang.t(kind_key(kind)),
        chosen: chosen == Some(kind),
    };
    Kind::ALL.into_iter().map(choice).collect()
}

fn watch_choices(watches: &[WatchRow], chosen: Option<&str>) -> Vec<Choice> {
    let kept = watches.iter().filter(|row| !row.watch.recorded);
    kept.map(|row| Choice {
        value: row.watch.id.clone(),
        name: line(&row.watch.id, 40),
        chosen: chosen == Some(row.watch.id.as_str()),
    })
    .collect()
}

/// A number as a telephone dials it (RFC 3966): what comes after 转 is for the person.
fn dialled(phone: &str) -> String {
    let number = phone.split(['转', 'x', '#', '*']).next().unwrap_or_default();
    number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

fn contact_line(lang: Lang, id: i64, contact: &Contact, last: Option<(Stamp, String)>) -> ContactLine {
    let department = contact.department.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    ContactLine {
        id,
        organisation: format!("{}{department}", contact.organisation),
        role: contact.role.clone(),
        name: contact.name.clone(),
        kind: lang.t(kind_key(contact.kind)),
        phones: contact.phones.iter().map(|phone| (dialled(phone), phone.clone())).collect(),
        emails: contact.emails.clone(),
        links: contact.links.iter().filter_map(|address| link(address)).collect(),
        last,
    }
}

fn last(row: &ContactRow, people: &HashMap<String, String>, face: &Clockface) -> Option<(Stamp, String)> {
    let by = row.last_by.as_ref().map(|user| people.get(user).unwrap_or(user).clone()).unwrap_or_default();
    row.last.map(|at| (face.stamp(at), by))
}

/// The list.
pub(crate) fn contacts(visit: &Visit, rows: &ContactsRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Contacts, lang.t("rooms.contacts"), rows.figures, &rows.watches);
    let all = rows.all.iter();
    let ContactQuery { kind, organisation, watch } = &rows.query;
    ContactsPage {
        all: all.map(|row| contact_line(lang, row.id, &row.contact, last(row, &rows.people, &frame.face))).collect(),
        count: lang.count("contacts.count", rows.all.len() as u64),
        kinds: kinds(lang, *kind),
        watches: watch_choices(&rows.watches, watch.as_deref()),
        narrowed: kind.is_some() || organisation.is_some() || watch.is_some(),
        organisation: organisation.clone().unwrap_or_default(),
        may_keep: visit.may(Act::KeepContacts),
        frame,
    }
    .render()
}

/// What the page of a contact is made of.
pub(crate) struct ContactRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The contact.
    pub(crate) row: ContactRow,
    /// What was said, the newest first.
    pub(crate) notes: Vec<ContactNote>,
    /// Names of colleagues, by identifier.
    pub(crate) people: HashMap<String, String>,
}

#[derive(Template)]
#[template(path = "contact.html")]
struct ContactPage {
    frame: Frame,
    one: ContactLine,
    version: u64,
    watches: Vec<String>,
    incidents: Vec<i64>,
    choices: Vec<Choice>,
    notes: Vec<(Stamp, String, String)>,
    may_keep: bool,
}

/// The page.
pub(crate) fn contact(visit: &Visit, rows: &ContactRows) -> Rendered {
    let (lang, row) = (visit.lang, &rows.row);
    let title = row.contact.name.clone().unwrap_or_else(|| row.contact.role.clone());
    let frame = Frame::new(visit, Room::Contacts, line(&title, 60), rows.figures, &rows.watches);
    let by = |user: &String| rows.people.get(user).unwrap_or(user).clone();
    let mut choices = watch_choices(&rows.watches, None);
    choices.retain(|choice| !row.watches.contains(&choice.value));
    ContactPage {
        one: contact_line(lang, row.id, &row.contact, last(row, &rows.people, &frame.face)),
        version: row.version,
        watches: row.watches.clone(),
        incidents: row.incidents.clone(),
        choices,
        notes: rows.notes.iter().map(|note| (frame.face.stamp(note.at), by(&note.by), note.text.clone())).collect(),
        may_keep: visit.may(Act::KeepContacts),
        frame,
    }
    .render()
}

/// A contact as somebody writes it.
pub(crate) struct ContactAsked {
    /// The one that is changed, and the version that was seen.
    pub(crate) sight: Option<Sight>,
    /// What is written so far.
    pub(crate) draft: Draft,
}

#[derive(Template)]
#[template(path = "contact-form.html")]
struct FormPage<'a> {
    frame: Frame,
    action: String,
    version: Option<u64>,
    kinds: Vec<Choice>,
    draft: &'a Draft,
    phones: String,
    emails: String,
    links: String,
}

/// The form.
pub(crate) fn contact_form(visit: &Visit, figures: Figures, watches: &[WatchRow], asked: &ContactAsked) -> Rendered {
    let (lang, draft) = (visit.lang, &asked.draft);
    FormPage {
        frame: Frame::new(visit, Room::Contacts, lang.t("contacts.write"), figures, watches),
        action: asked.sight.map_or_else(|| "/contacts".to_owned(), |sight| format!("/contacts/{}/edit", sight.id)),
        version: asked.sight.map(|sight| sight.version),
        kinds: kinds(lang, draft.kind),
        phones: draft.phones.join("\n"),
        emails: draft.emails.join("\n"),
        links: draft.links.join("\n"),
        draft,
    }
    .render()
}

/// A file as it would be taken in.
pub(crate) struct ImportRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// It was to be taken, and something is wrong with it.
    pub(crate) wanted: bool,
    /// The most that is shown.
    pub(crate) most: usize,
    /// What is in it.
    pub(crate) intake: Intake,
}

#[derive(Template)]
#[template(path = "contacts-import.html")]
struct ImportPage {
    frame: Frame,
    sentence: String,
    wanted: bool,
    bad: Vec<String>,
    left_out: Option<String>,
    taken: Vec<ContactLine>,
    kinds: Vec<Choice>,
}

/// The page.
pub(crate) fn import(visit: &Visit, rows: &ImportRows) -> Rendered {
    let (lang, intake) = (visit.lang, &rows.intake);
    let (good, bad) = (grouped(intake.taken.len() as u64), grouped(intake.bad.len() as u64));
    let left_out: Vec<&String> = intake.left_out.iter().collect();
    ImportPage {
        frame: Frame::new(visit, Room::Contacts, lang.t("contacts.import"), rows.figures, &rows.watches),
        sentence: lang.with("contacts.would", &[("good", &good), ("bad", &bad)]),
        wanted: rows.wanted,
        bad: intake.bad.iter().take(rows.most).map(ToString::to_string).collect(),
        left_out: (!left_out.is_empty()).then(|| lang.with("contacts.left-out", &[("names", &lang.list(&left_out))])),
        taken: intake.taken.iter().take(rows.most).map(|it| contact_line(lang, 0, &it.contact, None)).collect(),
        kinds: kinds(lang, None),
    }
    .render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_dials_digits_only() {
        assert_eq!(dialled("+86 311-8866 1234"), "+8631188661234");
        assert_eq!(dialled("0318-5320000 转 8"), "03185320000");
    }
}

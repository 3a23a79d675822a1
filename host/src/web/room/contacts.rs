//! `/contacts`: who can be reached at media, sites and forums, because that is their work (P21).

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{act, missing, people};
use crate::contact::intake::{self, Defaults, Format};
use crate::contact::{Draft, Kind, table, vcard};
use crate::control::Refusal;
use crate::handling::What;
use crate::store::{ContactQuery, ContactRow, Contacting, Reader, Sight, StoreError};
use crate::web::desk::{Asked, Attached, Desk, Refused, attach, refuse};
use crate::web::form::{Fields, Numbered, Seen, Sent, Uploaded};
use crate::web::page::{self, ContactAsked, ContactRows, ContactsRows, ImportRows, Trouble};

/// Contacts of a file that its preview shows.
const PREVIEW: usize = 100;

/// Which contacts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::web) struct Wanted {
    kind: String,
    organisation: String,
    watch: String,
}

impl Wanted {
    fn query(&self) -> Result<ContactQuery, Refused> {
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let kind = said(&self.kind).map(|kind| Kind::from_name(&kind).ok_or(Refused::Trouble(Trouble::Address)));
        Ok(ContactQuery { kind: kind.transpose()?, organisation: said(&self.organisation), watch: said(&self.watch) })
    }
}

/// A query that was read, or could not be.
type Asking<T> = Result<Query<T>, axum::extract::rejection::QueryRejection>;

/// `GET /contacts?kind=…&organisation=…&watch=…`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked, wanted: Asking<Wanted>) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let Query(wanted) = wanted.map_err(|_| Refused::Trouble(Trouble::Address))?;
        let query = wanted.query()?;
        let reader = &ours.reader(visit.user());
        let told = ContactsRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            all: reader.contacts(&query)?,
            people: people(reader)?,
            query,
        };
        Ok(page::contacts(visit, &told)?)
    })
    .await
}

fn read(reader: &Reader, id: i64) -> Result<ContactRow, Refused> {
    reader.contact(id).map_err(|error| match error {
        StoreError::Unknown { .. } => missing(),
        error => error.into(),
    })
}

/// `GET /contacts/{id}`.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let reader = &ours.reader(visit.user());
        let row = read(reader, id)?;
        let told = ContactRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            notes: reader.contact_notes(row.id)?,
            people: people(reader)?,
            row,
        };
        Ok(page::contact(visit, &told)?)
    })
    .await
}

/// `GET /contacts/new`.
pub(in crate::web) async fn new(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    desk.show(asked, |rows, visit| {
        let asked = ContactAsked { sight: None, draft: Draft::default() };
        Ok(page::contact_form(visit, rows.figures()?, &rows.watches()?, &asked)?)
    })
    .await
}

/// `GET /contacts/{id}/edit`.
pub(in crate::web) async fn edit(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let row = read(&ours.reader(visit.user()), id)?;
        let sight = Some(Sight { id: row.id, version: row.version });
        let asked = ContactAsked { sight, draft: row.contact.draft() };
        Ok(page::contact_form(visit, rows.figures()?, &rows.watches()?, &asked)?)
    })
    .await
}

/// What somebody wrote of a contact; numbers, addresses and pages stand one a line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Written {
    version: Option<u64>,
    kind: Kind,
    organisation: String,
    department: String,
    role: String,
    name: String,
    phones: String,
    emails: String,
    links: String,
}

impl Written {
    fn draft(self) -> Draft {
        let lines = |text: String| text.lines().map(str::to_owned).collect();
        let Self { kind, organisation, department, role, name, phones, emails, links, .. } = self;
        let (phones, emails, links) = (lines(phones), lines(emails), lines(links));
        Draft { kind: Some(kind), organisation, department, role, name, phones, emails, links }
    }
}

/// `POST /contacts`.
pub(in crate::web) async fn add(State(desk): State<Arc<Desk>>, asked: Asked, Sent(written): Sent<Written>) -> Response {
    act(desk, asked, What::Contact(Contacting::Add(written.draft())), "done.kept").await
}

/// `POST /contacts/{id}/edit`.
pub(in crate::web) async fn change(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(written): Sent<Written>,
) -> Response {
    let Some(version) = written.version else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    act(desk, asked, What::Contact(Contacting::Edit(Sight { id, version }, written.draft())), "done.kept").await
}

/// `POST /contacts/{id}/remove`.
pub(in crate::web) async fn remove(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Seen { version }): Sent<Seen>,
) -> Response {
    act(desk, asked, What::Contact(Contacting::Remove(Sight { id, version })), "done.removed").await
}

/// `POST /contacts/{id}/note`: `spoke` is ticked when it is what was said with them now.
pub(in crate::web) async fn note(
    State(desk): State<Arc<Desk>>,
    Numbered(contact): Numbered,
    asked: Asked,
    fields: Fields,
) -> Response {
    if !fields.only(&["text", "spoke"]) {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    }
    let spoke = fields.one("spoke").map(|_| (desk.app.clock)());
    let text = fields.one("text").unwrap_or_default();
    act(desk, asked, What::Contact(Contacting::Note { contact, text, spoke }), "done.noted").await
}

/// `POST /contacts/{contact}/link`: to a watch or an incident, or no longer.
pub(in crate::web) async fn link(
    State(desk): State<Arc<Desk>>,
    Numbered(contact): Numbered,
    asked: Asked,
    fields: Fields,
) -> Response {
    if !fields.only(&["watch", "incident", "away"]) {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    }
    let incident = fields.one("incident").map(|text| text.parse());
    let Ok(incident) = incident.transpose() else { return refuse(asked.lang, Refused::Trouble(Trouble::Form)) };
    let (watches, incidents) = (fields.one("watch").into_iter().collect(), incident.into_iter().collect());
    let away = fields.one("away").is_some();
    act(desk, asked, What::Contact(Contacting::Link { contact, watches, incidents, away }), "done.linked").await
}

/// Which file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Export {
    format: String,
    #[serde(default)]
    kind: String,
}

/// `GET /contacts/file?format=vcard|csv&kind=…`.
pub(in crate::web) async fn export(State(desk): State<Arc<Desk>>, asked: Asked, wanted: Asking<Export>) -> Response {
    attach(asked.lang, move || {
        let address = || Refused::Trouble(Trouble::Address);
        let Query(Export { format, kind }) = wanted.map_err(|_| address())?;
        let format = Format::from_name(&format).ok_or_else(address)?;
        let query = Wanted { kind, ..Wanted::default() }.query()?;
        let rows = desk.reader(asked.visitor.user()).contacts(&query)?;
        let contacts = rows.iter().map(|row| (row.uid.as_str(), &row.contact));
        let (kind, name, text) = match format {
            Format::Vcard => ("text/vcard; charset=utf-8", "caifeng-contacts.vcf", vcard::write(contacts)),
            Format::Csv => ("text/csv; charset=utf-8", "caifeng-contacts.csv", table::write(contacts, asked.lang)),
        };
        Ok(Attached { kind, name: name.to_owned(), bytes: text.into_bytes() })
    })
    .await
}

/// `POST /contacts/import`: shows what would be taken, unless `take` is pressed.
pub(in crate::web) async fn import(State(desk): State<Arc<Desk>>, asked: Asked, sent: Uploaded) -> Response {
    let lang = asked.lang;
    let usage = |words: &str| refuse(lang, Refused::Refusal(Refusal::Usage(words.to_owned())));
    if !sent.only(&["format", "kind", "organisation", "role", "skip", "take"]) {
        return refuse(lang, Refused::Trouble(Trouble::Form));
    }
    let Some(format) = sent.said("format").and_then(|name| Format::from_name(&name)) else {
        return refuse(lang, Refused::Trouble(Trouble::Form));
    };
    let Some(file) = &sent.file else { return usage("no file was chosen: choose the vCard or the table") };
    let defaults = Defaults {
        kind: sent.said("kind").and_then(|kind| Kind::from_name(&kind)),
        organisation: sent.said("organisation").unwrap_or_default(),
        role: sent.said("role").unwrap_or_default(),
    };
    let intake = match intake::read(file, format, &defaults) {
        Ok(intake) => intake,
        Err(words) => return usage(&words),
    };
    let taking = sent.field("take").is_some() && (intake.bad.is_empty() || sent.field("skip").is_some());
    if taking {
        return act(desk, asked, What::Contact(Contacting::Import(intake.taken)), "done.imported").await;
    }
    desk.show(asked, move |rows, visit| {
        let told = ImportRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            wanted: sent.field("take").is_some(),
            most: PREVIEW,
            intake,
        };
        Ok(page::import(visit, &told)?)
    })
    .await
}

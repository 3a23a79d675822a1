//! `/contacts`: who can be reached at media, sites and forums.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::strange;
use crate::contact::intake::{self, Bad, Defaults, Format, Taken};
use crate::contact::{Kind, table as tables, vcard};
use crate::handling::{Outcome, What};
use crate::store::{ContactNote, ContactQuery, ContactRow, Contacted, Contacting, Imported, StoreError};
use crate::user::right::Act;
use crate::web::access::Access;
use crate::web::api::endpoint::{Call, Endpoint, get, post};
use crate::web::api::file::{Content, File};
use crate::web::api::listed::{Limit, Nothing, Numbered, NumberedPart, Part, strange as no_cursor};
use crate::web::api::problem::Problem;
use crate::web::desk::Attached;
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    let keeping = Access::Able(Act::KeepContacts);
    vec![
        get("/contacts", WORK, ("listContacts", "Contacts at media, sites and forums"), contacts),
        get("/contacts/file", keeping, ("contactsFile", "Contacts as a file: vCards or a table"), export).like(&[("query", "format=csv")]),
        get("/contacts/{id}", WORK, ("contact", "One contact"), contact),
        get("/contacts/{id}/notes", WORK, ("contactNotes", "What was said with a contact, the newest first"), notes),
        post("/contacts", keeping, ("keepContact", "Add, edit, link, note or remove contacts"), keep).like(&[
("add", r#"{"add": {"kind": "media", "organisation": "云溪晚报", "department": "", "role": "值班编辑", "name": "", "phones": ["0318-5320000"], "emails": [], "links": []}}"#),
("edit", r#"{"edit": [{"id": 1, "version": 1}, {"kind": "media", "organisation": "云溪晚报", "department": "", "role": "编辑", "name": "", "phones": [], "emails": [], "links": []}]}"#),
("note", r#"{"note": {"contact": 1, "text": "约好下午三点给素材", "spoke": null}}"#),
("link", r#"{"link": {"contact": 1, "watches": [], "incidents": [1], "away": false}}"#),
("remove", r#"{"remove": {"id": 1, "version": 1}}"#),
]),
        post("/contacts/file", keeping, ("importContacts", "What a file would bring; with `take`, take it in"), import).like(&[
("look", r#"{"format": "csv", "content": "5Y2V5L2NLOiBjOWKoQrkupHmuqrmmZrmiqUs57yW6L6RCg==", "kind": "media"}"#),
])
            .with_file(),
    ]
}

/// Which contacts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// That work there.
    kind: Option<Kind>,
    /// Of organisations with these words in their name.
    organisation: Option<String>,
    /// Of this watch.
    watch: Option<String>,
    /// At most so many.
    #[serde(default)]
    limit: Limit,
    /// Where the part before ended.
    cursor: Option<String>,
}

fn contacts(call: &Call, wanted: Wanted) -> Result<Part<ContactRow>, Problem> {
    let Wanted { kind, organisation, watch, limit, cursor } = wanted;
    let found = call.reader().contacts(&ContactQuery { kind, organisation, watch })?;
    Part::sorted(found, limit, cursor.as_deref(), |row| row.id)
}

fn read(call: &Call, id: i64) -> Result<ContactRow, Problem> {
    call.reader().contact(id).map_err(|error| match error {
        StoreError::Unknown { .. } => Problem::Missing,
        error => error.into(),
    })
}

fn contact(call: &Call, Numbered { id }: Numbered) -> Result<ContactRow, Problem> {
    read(call, id)
}

fn notes(call: &Call, NumberedPart { id, limit, cursor }: NumberedPart) -> Result<Part<ContactNote>, Problem> {
    read(call, id)?;
    let notes = call.reader().contact_notes(id)?;
    let from = cursor.map_or(Ok(0), |cursor| cursor.parse().map_err(|_| no_cursor()))?;
    // Nothing is ever put in between: so many have been seen.
    let seen: usize = from;
    let part = Part::of(notes.into_iter().skip(seen).collect(), limit, |_: &ContactNote| String::new());
    let next = part.next.map(|_| (seen + part.items.len()).to_string());
    Ok(Part { next, ..part })
}

fn keep(call: &Call, _: Nothing, contacting: Contacting) -> Result<Contacted, Problem> {
    match call.act(What::Contact(contacting))? {
        Outcome::Contact(contacted) => Ok(contacted),
        other => Err(strange(&other)),
    }
}

/// Which contacts, and how they are written down.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Export {
    /// How.
    format: Format,
    /// Only those that work there.
    kind: Option<Kind>,
}

fn export(call: &Call, Export { format, kind }: Export) -> Result<File, Problem> {
    let rows = call.reader().contacts(&ContactQuery { kind, ..ContactQuery::default() })?;
    let contacts = rows.iter().map(|row| (row.uid.as_str(), &row.contact));
    let (kind, name, text) = match format {
        Format::Vcard => ("text/vcard; charset=utf-8", "caifeng-contacts.vcf", vcard::write(contacts)),
        Format::Csv => ("text/csv; charset=utf-8", "caifeng-contacts.csv", tables::write(contacts, call.lang)),
    };
    Ok(Attached { kind, name: name.to_owned(), bytes: text.into_bytes() }.into())
}

/// A file of contacts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Importing {
    /// What it is.
    format: Format,
    /// What is in it.
    content: Content,
    /// Where those work of whom it does not say.
    kind: Option<Kind>,
    /// The organisation of those of whom it says none.
    #[serde(default)]
    organisation: String,
    /// The function of those of whom it says none.
    #[serde(default)]
    role: String,
    /// Take it in.
    #[serde(default)]
    take: bool,
    /// Take in what can be, although not everything can.
    #[serde(default)]
    skip: bool,
}

/// What became of a file.
#[derive(Debug, Serialize, JsonSchema)]
struct Intake {
    /// What can be taken.
    taken: Vec<Taken>,
    /// What cannot.
    bad: Vec<Bad>,
    /// What became of it; nothing when it was only looked at, or something in it cannot be taken.
    imported: Option<Imported>,
}

fn import(call: &Call, _: Nothing, wanted: Importing) -> Result<Intake, Problem> {
    let Importing { format, content, kind, organisation, role, take, skip } = wanted;
    let intake = intake::read(&content.0, format, &Defaults { kind, organisation, role }).map_err(Problem::Unfit)?;
    let taking = take && (intake.bad.is_empty() || skip);
    let imported = if taking {
        match call.act(What::Contact(Contacting::Import(intake.taken.clone())))? {
            Outcome::Contact(Contacted::Imported(imported)) => Some(imported),
            other => return Err(strange(&other)),
        }
    } else {
        None
    };
    Ok(Intake { taken: intake.taken, bad: intake.bad, imported })
}

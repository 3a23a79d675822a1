//! Tables of other programs, and ours for them: RFC 4180 with a byte order mark.
//!
//! Columns are known by their names: ours in both languages, those of the address books of Google (old and new) and Outlook (English
//! and Chinese). What belongs to a person's life outside work has no column here; Google says beside a number that it is
//! one at home, and then it is left out.

use csv::{ReaderBuilder, StringRecord};

use super::intake::{Bad, Defaults, Intake, Taken};
use super::{Contact, Draft, Field, Kind, Unfit};
use crate::document::sheet::{csv_head, harmless, quoted};
use crate::hand::rows::delimiter;
use crate::lang::Lang;

/// Columns of our own tables, and the catalogue keys of their names.
const COLUMNS: [(Field, &str); 9] = [
    (Field::Uid, "contact.uid"),
    (Field::Kind, "contact.kind"),
    (Field::Organisation, "contact.organisation"),
    (Field::Department, "contact.department"),
    (Field::Role, "contact.role"),
    (Field::Name, "contact.name"),
    (Field::Phone, "contact.phone"),
    (Field::Email, "contact.email"),
    (Field::Link, "contact.link"),
];
/// Most columns of a table.
const MOST: usize = 1_000;

/// What a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Field(Field),
    Family,
    Given,
    /// Says of the column after it what kind of number or address that is.
    Label,
}

/// Names of other programs' columns. Numbers in them are written as `#`.
const NAMES: [(Meaning, &[&str]); 11] = [
    (Meaning::Field(Field::Kind), &["类别", "类型", "媒体类型"]),
    (
        Meaning::Field(Field::Organisation),
        &[
            "organization",
            "company",
            "organization name",
            "organization # - name",
            "单位",
            "单位名称",
            "媒体",
            "媒体名称",
            "公司",
        ],
    ),
    (Meaning::Field(Field::Department), &["organization department", "organization # - department", "科室", "处室"]),
    (
        Meaning::Field(Field::Role),
        &["job title", "organization title", "organization # - title", "position", "职务", "职位", "岗位"],
    ),
    (Meaning::Field(Field::Name), &["full name", "display name", "联系人", "姓名"]),
    (Meaning::Family, &["last name", "family name", "姓", "姓氏"]),
    (Meaning::Given, &["first name", "given name", "名", "名字"]),
    (
        Meaning::Field(Field::Phone),
        &[
            "phone # - value",
            "business phone",
            "business phone #",
            "company main phone",
            "primary phone",
            "mobile phone",
            "telephone",
            "tel",
            "手机",
            "联系电话",
            "办公电话",
            "商务电话",
            "商务电话 #",
            "单位主要电话",
            "移动电话",
        ],
    ),
    (
        Meaning::Field(Field::Email),
        &[
            "e-mail",
            "e-mail address",
            "e-mail # address",
            "e-mail # - value",
            "邮箱",
            "电子邮箱",
            "电子邮件地址",
            "电子邮件 # 地址",
        ],
    ),
    (Meaning::Field(Field::Link), &["url", "website", "web page", "website # - value", "网址", "主页", "网页"]),
    (
        Meaning::Label,
        &[
            "phone # - label",
            "phone # - type",
            "e-mail # - label",
            "e-mail # - type",
            "website # - label",
            "website # - type",
        ],
    ),
];

impl Meaning {
    fn of(name: &str) -> Option<Self> {
        let name = name.trim_start_matches('\u{feff}').trim().to_lowercase();
        let ours = |(field, key): &(Field, &str)| {
            let known = field.as_str() == name || Lang::ALL.iter().any(|lang| lang.t(key).to_lowercase() == name);
            known.then_some(Self::Field(*field))
        };
        let numberless: String = name.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
        let theirs = |(meaning, names): &(Self, &[&str])| names.contains(&numberless.as_str()).then_some(*meaning);
        COLUMNS.iter().find_map(ours).or_else(|| NAMES.iter().find_map(theirs))
    }
}

/// Reads a table.
///
/// # Errors
/// It has no row of names, or none of them has a meaning; the message says what to write.
pub fn read(text: &str, defaults: &Defaults) -> Result<Intake, String> {
    let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter(head)).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut intake = Intake::default();
    let mut columns: Option<Vec<Option<Meaning>>> = None;
    let mut record = StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                intake.bad.push(Bad { line, column: 1, message: format!("cannot be read: {error}") });
                break;
            }
        }
        let line = record.position().map_or(line, csv::Position::line);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match &columns {
            None => columns = Some(known(&record, &mut intake).map_err(|what| format!("line {line}: {what}"))?),
            Some(columns) => row(columns, &record, line, defaults, &mut intake),
        }
    }
    if columns.is_none() {
        return Err("empty: write the names of the columns into the first row".to_owned());
    }
    Ok(intake)
}

/// What the columns mean.
fn known(record: &StringRecord, intake: &mut Intake) -> Result<Vec<Option<Meaning>>, String> {
    if record.len() > MOST {
        return Err(format!("{} columns: at most {MOST} are read", record.len()));
    }
    let columns: Vec<_> = record.iter().map(Meaning::of).collect();
    if columns.iter().flatten().next().is_none() {
        let names: Vec<String> =
            COLUMNS.iter().map(|(field, key)| format!("{} {}", Lang::Zh.t(key), field.as_str())).collect();
        return Err(format!("no column is known: name them {}", names.join(", ")));
    }
    let unknown = record.iter().zip(&columns).filter(|(name, meaning)| meaning.is_none() && !name.trim().is_empty());
    intake.left_out.extend(unknown.map(|(name, _)| super::head(name)));
    Ok(columns)
}

fn row(columns: &[Option<Meaning>], record: &StringRecord, line: u64, defaults: &Defaults, intake: &mut Intake) {
    if record.len() > columns.len() && record.iter().skip(columns.len()).any(|cell| !cell.trim().is_empty()) {
        let message =
            format!("{} cells, the first row has {}: is a quotation mark missing?", record.len(), columns.len());
        return intake.bad.push(Bad { line, column: columns.len() as u64 + 1, message });
    }
    let (mut draft, mut uid, mut kind) = (Draft::default(), None, None);
    let (mut family, mut given) = ("", "");
    // Where each number, address and page of the draft stood.
    let mut places: Vec<(Field, usize)> = Vec::new();
    for (at, (meaning, cell)) in columns.iter().zip(record.iter()).enumerate() {
        let cell = plain(cell);
        let Some(meaning) = meaning.filter(|_| !cell.is_empty()) else { continue };
        let mut list = |field, list: &mut Vec<String>| {
            if is_at_home(columns, record, at) {
                intake.left_out.insert(format!("{} (home)", Field::as_str(field)));
                return;
            }
            for one in parts(cell, field) {
                list.push(one.to_owned());
                places.push((field, at));
            }
        };
        match meaning {
            Meaning::Family => family = cell,
            Meaning::Given => given = cell,
            Meaning::Label => {}
            Meaning::Field(Field::Uid) => uid = Some(cell.to_owned()),
            Meaning::Field(Field::Kind) => kind = Some((at, cell)),
            Meaning::Field(Field::Organisation) => put(&mut draft.organisation, cell),
            Meaning::Field(Field::Department) => put(&mut draft.department, cell),
            Meaning::Field(Field::Role) => put(&mut draft.role, cell),
            Meaning::Field(Field::Name) => put(&mut draft.name, cell),
            Meaning::Field(Field::Phone) => list(Field::Phone, &mut draft.phones),
            Meaning::Field(Field::Email) => list(Field::Email, &mut draft.emails),
            Meaning::Field(Field::Link) => list(Field::Link, &mut draft.links),
        }
    }
    if draft.name.is_empty() {
        draft.name = super::vcard::name(&[family.to_owned(), given.to_owned()]);
    }
    if let Some((at, cell)) = kind {
        draft.kind = Kind::from_name(cell);
        if draft.kind.is_none() {
            let known = Kind::ALL.map(Kind::as_str).join(", ");
            let message = format!("kind: not one: {:?}: write {known}, 媒体, 网站 or 论坛", super::head(cell));
            return intake.bad.push(Bad { line, column: at as u64 + 1, message });
        }
    }
    let place = |unfit: &Unfit| {
        let nth = places.iter().filter(|(field, _)| *field == unfit.field).nth(unfit.nth).map(|(_, at)| *at);
        let first = || columns.iter().position(|meaning| *meaning == Some(Meaning::Field(unfit.field)));
        let column = nth.or_else(first).map_or(1, |at| at as u64 + 1);
        Bad { line, column, message: unfit.to_string() }
    };
    match Contact::new(&defaults.fill(draft)) {
        Ok(contact) => intake.taken.push(Taken { line, uid, contact }),
        Err(unfit) => intake.bad.extend(unfit.iter().map(place)),
    }
}

/// The first of several columns with one meaning says it.
fn put(text: &mut String, cell: &str) {
    if text.is_empty() {
        cell.clone_into(text);
    }
}

/// A cell without the apostrophe that keeps it from being a formula.
fn plain(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('\'').filter(|_| acts(cell)).unwrap_or(cell)
}

/// A text with an apostrophe before what a spreadsheet would take for a formula, and before apostrophes that are a text's own.
fn guarded(text: &str) -> String {
    if acts(text) { format!("'{text}") } else { text.to_owned() }
}

fn acts(text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    harmless(bare) != bare
}

/// Several numbers of one cell: between line ends, semicolons or what Google puts there. A page may have a semicolon in it.
fn parts(cell: &str, field: Field) -> impl Iterator<Item = &str> {
    let divides = move |c: char| c == '\n' || field != Field::Link && matches!(c, ';' | '；');
    let cells = cell.split(":::").flat_map(move |part| part.split(divides));
    cells.map(str::trim).filter(|part| !part.is_empty())
}

/// Whether the label beside a cell says that it is one at home.
fn is_at_home(columns: &[Option<Meaning>], record: &StringRecord, at: usize) -> bool {
    let label = at.checked_sub(1).filter(|before| columns.get(*before) == Some(&Some(Meaning::Label)));
    let label = label.and_then(|before| record.get(before)).unwrap_or_default();
    matches!(label.trim().trim_start_matches('*').trim().to_lowercase().as_str(), "home" | "住宅" | "家庭")
}

/// A table of contacts, each with what other programs know it by.
#[must_use]
pub fn write<'a>(contacts: impl IntoIterator<Item = (&'a str, &'a Contact)>, lang: Lang) -> String {
    let mut out = csv_head(&COLUMNS.map(|(_, key)| lang.t(key)));
    for (uid, contact) in contacts {
        let cell = |field: Field| match field {
            Field::Uid => uid.to_owned(),
            Field::Kind => contact.kind.as_str().to_owned(),
            Field::Organisation => contact.organisation.clone(),
            Field::Department => contact.department.clone().unwrap_or_default(),
            Field::Role => contact.role.clone(),
            Field::Name => contact.name.clone().unwrap_or_default(),
            Field::Phone => contact.phones.join("; "),
            Field::Email => contact.emails.join("; "),
            Field::Link => contact.links.join("\n"),
        };
        out.push_str(&COLUMNS.map(|(field, _)| quoted(&guarded(&cell(field)))).join(","));
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests;

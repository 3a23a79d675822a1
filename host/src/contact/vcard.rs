//! vCards of other programs, and ours for them.
//!
//! calcard knows the grammar of values: what is escaped, what divides a name into its parts. What comes before it, bytes
//! in the encodings of old telephones and Outlook, is ours, because calcard knows no GBK. Cards are written as version
//! 3.0 (RFC 2426), which Outlook, iOS and Google all read.

use std::fmt::Write as _;

use calcard::vcard::{VCard, VCardEntry, VCardProperty, VCardValue, VCardVersion};
use calcard::{Entry, Parser};
use encoding_rs::{Encoding, GB18030, UTF_8};

use super::intake::{Bad, Defaults, Intake, Taken};
use super::lines::{self, Card, Line};
use super::{Contact, Draft, Field, Kind};
use crate::text::is_han;

/// Reads a file of cards.
#[must_use]
pub fn read(text: &str, defaults: &Defaults) -> Intake {
    let found = lines::read(text);
    let mut intake = Intake { left_out: found.left_out, ..Intake::default() };
    for fault in found.faults {
        intake.bad.push(Bad { line: fault.number, column: 1, message: fault.message.to_owned() });
    }
    for card in &found.cards {
        match contact(card, defaults) {
            Ok(taken) => intake.taken.push(taken),
            Err(bad) => intake.bad.extend(bad),
        }
    }
    intake.bad.sort_by_key(|bad| (bad.line, bad.column));
    intake
}

/// The contact of a card, or everything that is wrong with it.
fn contact(card: &Card, defaults: &Defaults) -> Result<Taken, Vec<Bad>> {
    let at = |line: &Line, message: String| Bad { line: line.number, column: line.column, message };
    let mut bad = Vec::new();
    let mut text = "BEGIN:VCARD\r\nVERSION:3.0\r\n".to_owned();
    for line in &card.lines {
        match decoded(line) {
            Ok(value) => {
                let _ = write!(text, "{}:{value}\r\n", line.name);
            }
            Err(message) => bad.push(at(line, message)),
        }
    }
    text.push_str("END:VCARD\r\n");
    if !bad.is_empty() {
        return Err(bad);
    }
    let Entry::VCard(read) = Parser::new(&text).entry() else {
        return Err(vec![Bad { line: card.number, column: 1, message: "this card cannot be read".to_owned() }]);
    };
    let (uid, draft) = draft(&read);
    let place = |unfit: &super::Unfit| {
        let names = properties(unfit.field);
        let found = card.lines.iter().filter(|line| names.contains(&line.name.as_str())).nth(unfit.nth);
        let (line, column) = found.map_or((card.number, 1), |line| (line.number, line.column));
        Bad { line, column, message: unfit.to_string() }
    };
    match Contact::new(&defaults.fill(draft)) {
        Ok(contact) => Ok(Taken { line: card.number, uid, contact }),
        Err(unfit) => Err(unfit.iter().map(place).collect()),
    }
}

/// The properties that a part of a contact is made of.
const fn properties(field: Field) -> &'static [&'static str] {
    match field {
        Field::Uid => &["UID"],
        Field::Kind => &["CATEGORIES"],
        Field::Organisation | Field::Department => &["ORG"],
        Field::Role => &["TITLE", "ROLE"],
        Field::Name => &["FN", "N"],
        Field::Phone => &["TEL"],
        Field::Email => &["EMAIL"],
        Field::Link => &["URL"],
    }
}

/// A value as one line of UTF-8, still escaped.
fn decoded(line: &Line) -> Result<String, String> {
    if line.cut {
        return Err("longer than 4 KiB: no business card has so much".to_owned());
    }
    let value = if line.says("QUOTED-PRINTABLE") { unquoted(line)? } else { line.value.clone() };
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Err("bytes that are no text: save the file as UTF-8, or name the right CHARSET".to_owned());
    }
    // What quoted-printable hid may be an end of line.
    Ok(value.replace("\r\n", "\n").replace(['\n', '\r'], "\\n"))
}

/// What quoted-printable (RFC 2045 §6.7) says in its charset; without one UTF-8, else what old Chinese programs mean.
fn unquoted(line: &Line) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(line.value.len());
    let mut rest = line.value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'=').and_then(|two| std::str::from_utf8(two).ok());
        if let Some(byte) = hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    let named = line.parameter("CHARSET");
    let encoding = match named {
        Some(label) => Encoding::for_label(label.trim_matches('"').as_bytes())
            .ok_or_else(|| format!("an unknown CHARSET: {}", super::head(label)))?,
        None if std::str::from_utf8(&bytes).is_ok() => UTF_8,
        None => GB18030,
    };
    Ok(encoding.decode_without_bom_handling(&bytes).0.into_owned())
}

/// What a card says, and by what its program knows it.
fn draft(card: &VCard) -> (Option<String>, Draft) {
    let mut draft = Draft::default();
    let (mut full, mut title, mut role, mut uid) = (String::new(), None, None, None);
    for entry in &card.entries {
        let mut texts = entry.values.iter().map(words);
        match entry.name {
            VCardProperty::Org => {
                draft.organisation = texts.next().unwrap_or_default();
                draft.department = texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join(" / ");
            }
            VCardProperty::Title => title = title.or_else(|| texts.next()),
            VCardProperty::Role => role = role.or_else(|| texts.next()),
            VCardProperty::N => draft.name = name(&texts.collect::<Vec<_>>()),
            VCardProperty::Fn => full = texts.next().unwrap_or_default(),
            VCardProperty::Tel => draft.phones.extend(texts.next()),
            VCardProperty::Email => draft.emails.extend(texts.next()),
            VCardProperty::Url => draft.links.extend(texts.next()),
            VCardProperty::Uid => uid = texts.next().filter(|text| !text.trim().is_empty()),
            VCardProperty::Categories => {
                draft.kind = draft.kind.or_else(|| texts.find_map(|text| Kind::from_name(&text)));
            }
            _ => {}
        }
    }
    let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    draft.role = if said(&title) { title } else { role }.unwrap_or_default();
    // A Chinese name is put together from its parts: programs put the parts of the full name in either order.
    if !draft.name.chars().any(is_han) && !full.trim().is_empty() {
        draft.name = full;
    }
    // The card of an organisation is called by it.
    if draft.name.trim() == draft.organisation.trim() && !draft.organisation.trim().is_empty() {
        draft.name.clear();
    }
    (uid, draft)
}

fn words(value: &VCardValue) -> String {
    match value {
        VCardValue::Component(parts) => parts.join(" "),
        value => value.as_text().unwrap_or_default().to_owned(),
    }
}

/// Family name and given names, without a space between them where the script has none.
pub(super) fn name(parts: &[String]) -> String {
    let part = |n: usize| parts.get(n).map_or("", |part| part.trim());
    let (family, given, more) = (part(0), part(1), part(2));
    if format!("{family}{given}").chars().any(is_han) {
        return format!("{family}{more}{given}");
    }
    [given, more, family].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The cards of contacts, each with what other programs know it by.
#[must_use]
pub fn write<'a>(contacts: impl IntoIterator<Item = (&'a str, &'a Contact)>) -> String {
    let mut out = String::new();
    for (uid, contact) in contacts {
        let _ = card(uid, contact).write_to(&mut out, VCardVersion::V3_0);
    }
    out
}

fn card(uid: &str, contact: &Contact) -> VCard {
    let text = |text: &str| VCardValue::Text(text.to_owned());
    let entry = |property, values: Vec<VCardValue>| VCardEntry::new(property).with_values(values);
    let full = contact.name.as_ref().unwrap_or(&contact.organisation);
    let mut entries = vec![
        entry(VCardProperty::Uid, vec![text(uid)]),
        entry(VCardProperty::Fn, vec![text(full)]),
        // Version 3.0 asks for it; a name whose parts are not known is all of it a given name, so that nobody turns it round.
        entry(VCardProperty::N, ["", contact.name.as_deref().unwrap_or_default(), "", "", ""].map(text).to_vec()),
        entry(
            VCardProperty::Org,
            std::iter::once(&contact.organisation).chain(&contact.department).map(|part| text(part)).collect(),
        ),
        entry(VCardProperty::Title, vec![text(&contact.role)]),
        entry(VCardProperty::Categories, vec![text(contact.kind.as_str())]),
    ];
    let lists = [
        (VCardProperty::Tel, &contact.phones),
        (VCardProperty::Email, &contact.emails),
        (VCardProperty::Url, &contact.links),
    ];
    for (property, values) in lists {
        entries.extend(values.iter().map(|value| entry(property.clone(), vec![text(value)])));
    }
    VCard { entries }
}

#[cfg(test)]
mod tests;

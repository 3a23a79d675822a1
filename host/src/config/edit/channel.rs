//! Channels: `[[notify.channel]]` of the main file, and their secrets in `secrets.toml`.

use std::collections::BTreeMap;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

use super::hand::{merge, put, set_off, table};
use super::{EditError, Edited, Reading, in_main, mark};
use crate::notify::channel::Channel;

pub(super) fn channel_at(reading: &Reading, id: &str) -> Result<usize, EditError> {
    let found = reading.config.notify.channels.iter().position(|channel| channel.id == id);
    found.ok_or_else(|| EditError::Gone { what: "channel", name: id.to_owned() })
}

pub(super) fn set_channel(
    reading: &Reading,
    was: Option<&(String, String)>,
    channel: &Channel,
) -> Result<Edited, EditError> {
    let all = &reading.config.notify.channels;
    let Some((id, seen)) = was else {
        if all.iter().any(|other| other.id == channel.id) {
            return Err(EditError::Twice { what: "channel", name: channel.id.clone() });
        }
        return in_main(reading, |document| {
            channels(document)?.push(set_off(table(channel)?));
            Ok(())
        });
    };
    let at = channel_at(reading, id)?;
    if mark(&all[at]) != *seen {
        return Err(EditError::Outdated { name: id.clone() });
    }
    in_main(reading, |document| merge(channels(document)?.get_mut(at), &table(channel)?))
}

/// The `[[notify.channel]]` of a document.
pub(super) fn channels(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, EditError> {
    let inline = EditError::Inline { key: "notify.channel" };
    let mut none = Table::new();
    // Its own heading says nothing as long as there is nothing under it.
    none.set_implicit(true);
    let notify = document.entry("notify").or_insert(Item::Table(none));
    let Some(notify) = notify.as_table_mut() else { return Err(inline) };
    let item = notify.entry("channel").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or(inline)
}

/// The text of `secrets.toml` with these secrets under `[notify.ID]` in place of those of the same names, and without those
/// that are empty; `None` takes the whole section away.
///
/// # Errors
/// The file is written otherwise; the message holds nothing of it.
pub fn with_channel_secrets(
    text: &str,
    id: &str,
    values: Option<&BTreeMap<String, String>>,
) -> Result<String, EditError> {
    let wrong = || EditError::Unreadable("secrets.toml is not written as [notify.ID] and name = \"value\"".to_owned());
    let mut document = text.parse::<DocumentMut>().map_err(|_| wrong())?;
    let mut heading = Table::new();
    heading.set_implicit(true);
    let notify = document.entry("notify").or_insert(Item::Table(heading));
    let notify = notify.as_table_mut().ok_or_else(wrong)?;
    match values {
        None => drop(notify.remove(id)),
        Some(values) => {
            let own = notify.entry(id).or_insert(Item::Table(set_off(Table::new())));
            let own = own.as_table_like_mut().ok_or_else(wrong)?;
            for (name, value) in values {
                put(own, name, (!value.is_empty()).then(|| Value::from(value.as_str())));
            }
            if own.is_empty() {
                notify.remove(id);
            }
        }
    }
    if notify.is_empty() {
        document.remove("notify");
    }
    Ok(document.to_string().trim_start_matches('\n').to_owned())
}

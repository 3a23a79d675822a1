//! TOML as a person would write it: what is the same stays as it is written.

use serde::Serialize;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use super::EditError;

pub(super) fn list(words: &[String]) -> Value {
    Value::Array(words.iter().map(String::as_str).collect::<Array>())
}

/// The `[[key]]` of a document.
pub(super) fn tables<'a>(document: &'a mut DocumentMut, key: &'static str) -> Result<&'a mut ArrayOfTables, EditError> {
    let item = document.entry(key).or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or(EditError::Inline { key })
}

/// Something as a table that a person would write: what is inside it stands in one line each.
pub(super) fn table(thing: &impl Serialize) -> Result<Table, EditError> {
    let unwritten = |error: &dyn std::fmt::Display| EditError::Unreadable(error.to_string());
    let text = toml::to_string(thing).map_err(|error| unwritten(&error))?;
    let mut table = text.parse::<DocumentMut>().map_err(|error| unwritten(&error))?.as_table().clone();
    table.set_position(None);
    // A list of terms that is empty says nothing.
    let empty = |item: &Item| item.as_array().is_some_and(Array::is_empty) || item.as_str().is_some_and(str::is_empty);
    let gone: Vec<String> = table.iter().filter(|(_, item)| empty(item)).map(|(key, _)| key.to_owned()).collect();
    gone.iter().for_each(|key| drop(table.remove(key)));
    let keys: Vec<String> = table.iter().filter(|(_, item)| item.is_table()).map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        if let Some(Item::Table(inner)) = table.remove(&key) {
            let mut inline = inner.into_inline_table();
            inline.fmt();
            table.insert(&key, Item::Value(Value::InlineTable(inline)));
        }
    }
    Ok(table)
}

/// With an empty line before it.
pub(super) fn set_off(mut table: Table) -> Table {
    table.decor_mut().set_prefix("\n");
    table
}

/// Makes `old` say what `new` says: what is the same stays as it is written.
pub(super) fn merge(old: Option<&mut Table>, new: &Table) -> Result<(), EditError> {
    let Some(old) = old else { return Ok(()) };
    let gone: Vec<String> = old.iter().map(|(key, _)| key.to_owned()).filter(|key| !new.contains_key(key)).collect();
    gone.iter().for_each(|key| drop(old.remove(key)));
    for (key, item) in new {
        let same = old.get(key).is_some_and(|was| plain(was) == plain(item));
        if !same && let Some(value) = item.as_value() {
            set(old, key, value.clone());
        }
    }
    Ok(())
}

pub(super) fn put(table: &mut dyn TableLike, key: &str, value: Option<Value>) {
    match value {
        None => drop(table.remove(key)),
        Some(value) => {
            if table.get(key).is_none_or(|was| plain(was) != plain(&Item::Value(value.clone()))) {
                table.insert(key, Item::Value(value));
            }
        }
    }
}

/// Sets a key; what stands behind its value in the line stays.
pub(super) fn set(table: &mut Table, key: &str, mut value: Value) {
    if let Some(was) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = was.decor().clone();
    }
    match table.get_mut(key) {
        Some(item) if item.is_value() => *item = Item::Value(value),
        _ => drop(table.insert(key, Item::Value(value))),
    }
}

/// What an item says, without how it is written.
fn plain(item: &Item) -> toml::Value {
    let mut document = DocumentMut::new();
    document.insert("it", item.clone());
    toml::from_str::<toml::Table>(&document.to_string())
        .ok()
        .and_then(|mut table| table.remove("it"))
        .unwrap_or(toml::Value::Boolean(false))
}

//! `calendar.toml`: the days of a year.

use toml_edit::{DocumentMut, Item, Table, Value};

use super::EditError;
use super::hand::{list, put, set_off, tables};

/// Days of one year as an organisation adds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YearDays {
    /// Which year.
    pub year: i16,
    /// Where they come from.
    pub source: String,
    /// Days off, one or from to: `2026-02-15/2026-02-23`.
    pub off: Vec<String>,
    /// Weekends that are worked.
    pub work: Vec<String>,
}

/// The text of `calendar.toml` with these days in place of those of the same year.
///
/// # Errors
/// The file cannot be changed here.
pub fn with_year(text: &str, days: &YearDays) -> Result<String, EditError> {
    let read = text.parse::<DocumentMut>();
    let mut document = read.map_err(|error| EditError::Unreadable(error.message().to_owned()))?;
    // Remarks of a file that holds nothing yet stand before its first table.
    let remarks = document.trailing().as_str().filter(|_| document.is_empty()).map(str::to_owned);
    if remarks.is_some() {
        document.set_trailing("");
    }
    let years = tables(&mut document, "year")?;
    let of_year = |table: &Table| table.get("year").and_then(Item::as_integer) == Some(i64::from(days.year));
    let found = years.iter().position(of_year);
    if found.is_none() {
        let mut year = set_off(Table::new());
        if let Some(remarks) = remarks {
            year.decor_mut().set_prefix(remarks);
        }
        years.push(year);
    }
    let at = found.unwrap_or(years.len() - 1);
    if let Some(year) = years.get_mut(at) {
        put(year, "year", Some(Value::from(i64::from(days.year))));
        put(year, "source", Some(Value::from(days.source.as_str())));
        for (key, words) in [("off", &days.off), ("work", &days.work)] {
            put(year, key, (!words.is_empty()).then(|| list(words)));
        }
    }
    Ok(document.to_string().trim_start_matches('\n').to_owned())
}

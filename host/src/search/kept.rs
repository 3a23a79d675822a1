//! 保存的搜索: what somebody wants to look for again, for themselves or for everybody at the desk. Pure.

use caifeng_plugin_host::contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::wanted::{Wanted, WantedError};

/// The number of a kept search.
pub type SearchId = i64;

/// Longest name, in characters.
pub const LONGEST_NAME: usize = 40;
/// Searches that one person keeps at most.
pub const MOST: usize = 50;

/// A search that is kept, as one person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct KeptSearch {
    /// Its number.
    pub id: SearchId,
    /// What it is called.
    pub name: String,
    /// What it looks for.
    pub wanted: Wanted,
    /// Everybody at the desk has it.
    pub shared: bool,
    /// Who keeps it: a user's identifier.
    pub user: String,
    /// Since when, in seconds since 1970.
    pub kept: Timestamp,
    /// When the person last opened it; until then, when it was kept.
    pub opened: Timestamp,
    /// The person may rename and remove it.
    pub theirs: bool,
}

/// Why a search is not kept: whoever wants it must write it otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unkept {
    /// It has no name that could be shown in one line.
    #[error("a search needs a name in one line, {LONGEST_NAME} characters at most")]
    Name,
    /// There is one of this name.
    #[error("a search of yours is called {0} already: give it another name")]
    Taken(String),
    /// It would show everything.
    #[error("there is nothing to keep: search for a word or narrow the list down first")]
    Everything,
    /// There are many.
    #[error("you keep {MOST} searches already: remove one first")]
    Many,
    /// Somebody else keeps it.
    #[error("somebody else keeps this search: whoever kept it can change it")]
    Others,
    /// What is wanted is not looked for.
    #[error(transparent)]
    Wanted(#[from] WantedError),
}

/// A name as it is shown: in one line, without spaces around it.
///
/// # Errors
/// [`Unkept::Name`].
pub fn name(text: &str) -> Result<String, Unkept> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= LONGEST_NAME && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(Unkept::Name) }
}

/// An entry of the record about kept searches; it belongs to no incident, and neither a name nor a word stands in it. Its
/// JSON form is hashed: a variant or field may be added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum SearchEntry {
    /// Somebody keeps it from now on.
    SearchKept {
        /// Which.
        search: SearchId,
        /// For everybody at the desk.
        shared: bool,
    },
    /// It is called otherwise.
    SearchRenamed {
        /// Which.
        search: SearchId,
    },
    /// Nobody has it any more.
    SearchRemoved {
        /// Which.
        search: SearchId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_one_line() {
        assert_eq!(name(" 停水 "), Ok("停水".to_owned()));
        let long = "字".repeat(LONGEST_NAME + 1);
        for bad in ["", "  ", "a\nb", "a\u{0}", &long] {
            assert_eq!(name(bad), Err(Unkept::Name), "{bad:?}");
        }
    }
}

//! What is fixed about a post when it is stored — its source, its kind, its topics — as words of its full text.
//!
//! Full text intersects lists of keys far faster than any join looks keys up, and it gives them in the order of time.
//! So each of these facts is one more word, and a filter is one more word of a search. They begin with a character
//! for private use, which Unicode gives no meaning: SQLite's tokeniser takes it for a letter, and the words of a text
//! are letters and digits alone ([`tokens`](crate::text::tokens)), so that nobody can write one.

use caifeng_plugin_host::contract::Kind;
use rusqlite::Connection;

use super::error::StoreError;
use super::ingest::kind_number;
use super::model::PostRowId;

const SOURCE: char = '\u{e000}';
const PLUGIN: char = '\u{e001}';
const KIND: char = '\u{e002}';
const TOPIC: char = '\u{e003}';
/// Stands for what would end a word.
const OTHER: char = '\u{e00f}';

/// Of a row of `source`.
pub(super) fn source(id: i64) -> String {
    format!("{SOURCE}{id}")
}

/// Of all sources of a plugin.
pub(super) fn plugin(id: &str) -> String {
    let id = id.replace(|c: char| !c.is_ascii_alphanumeric(), &OTHER.to_string());
    format!("{PLUGIN}{id}")
}

/// Of a form of utterance.
pub(super) fn kind(kind: Kind) -> String {
    numbered_kind(kind_number(kind))
}

fn numbered_kind(number: i64) -> String {
    format!("{KIND}{number}")
}

/// Of a row of `topic`.
pub(super) fn topic(id: i64) -> String {
    format!("{TOPIC}{id}")
}

/// Those of a stored post, each with a space before it.
pub(super) fn of_post(db: &Connection, row: PostRowId) -> Result<String, StoreError> {
    let sql = "SELECT p.source, s.plugin, p.kind FROM post p JOIN source s ON s.id = p.source WHERE p.row = ?1";
    let mut facets = db.prepare_cached(sql)?.query_row([row], |r| {
        Ok([source(r.get(0)?), plugin(r.get_ref(1)?.as_str()?), numbered_kind(r.get(2)?)]
            .map(|f| format!(" {f}"))
            .concat())
    })?;
    let mut topics = db.prepare_cached("SELECT topic FROM topic_post WHERE row = ?1")?;
    let mut topics = topics.query([row])?;
    while let Some(r) = topics.next()? {
        facets.push(' ');
        facets.push_str(&topic(r.get(0)?));
    }
    Ok(facets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens::Tokeniser;

    #[test]
    fn no_text_holds_one() {
        let all = [source(1), plugin("my-feed"), kind(Kind::Post), topic(2)].join(" ");
        let tokens = Tokeniser::new().index_text(Some(&all), &all);
        assert!(tokens.split(' ').all(|token| token.is_ascii()), "{tokens:?}");
        assert_eq!(plugin("a-b").chars().count(), 4, "one word");
    }
}

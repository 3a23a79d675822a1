//! What is read out of a text before anybody decides anything: pure, no I/O.
//!
//! | module | answers | used by |
//! | --- | --- | --- |
//! | [`fold`] | which spellings are the same | all of these, [`topic`](crate::topic) |
//! | [`tokens`] | what its words are, and what full text can find it by | `store`, search, [`telling`] |
//! | [`near`] | which earlier posts say almost the same | `ingest`, `store` |
//! | [`quote`] | what it took over from others | [`near`] |
//! | [`same`] | whether two short ones say the same | `cli` |
//! | [`telling`] | which words set it apart | `ingest`, `incident` |
//! | [`links`] | which addresses it is about | `ingest`, `store` |
//! | [`snippet`] | which part of it shows why it was found | search, `web` |
//! | [`diff`] | what a new version changed | `web` |
//!
//! Texts are hostile. Everything here takes time and memory proportional to the
//! length of its input and never panics.

pub mod diff;
pub mod fold;
mod ideographs;
pub mod links;
pub mod near;
pub mod quote;
pub mod same;
pub mod snippet;
pub mod telling;
pub mod tokens;

/// Whether a character is Chinese writing.
#[must_use]
pub const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

//! What in a text would point at a private person: a gate for what the public reads.
//!
//! It errs on the side of refusing. A link leads to somebody's post, a mention to an account, a long number to a telephone
//! or an identity card; colleagues are named by their office. Names of strangers no machine can be sure of: the second
//! person looks for them.

/// Digits in a row that could be a telephone, an account or an identity card.
const DIGITS: usize = 7;

/// Something that must not be read by everybody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Private {
    /// An address on the web.
    #[error("a link ({0}…): say what was raised in your own words")]
    Link(String),
    /// An account.
    #[error("a mention ({0}): name nobody")]
    Mention(String),
    /// A number that could be somebody's.
    #[error("a long number ({0}…): leave it out")]
    Number(String),
    /// Somebody whom the store knows.
    #[error("the name of a colleague or a pseudonym: name the office instead")]
    Name,
}

/// Everything of that kind in a text; `names` are those that the store knows: colleagues and pseudonyms.
#[must_use]
pub fn private<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<Private> {
    let mut found = Vec::new();
    let folded = text.to_lowercase();
    for mark in ["://", "www."] {
        found.extend(folded.find(mark).map(|at| Private::Link(around(&folded, at))));
    }
    found.truncate(1);
    if let Some(at) = text.find(['@', '＠']) {
        found.push(Private::Mention(text[at..].chars().take(8).collect()));
    }
    found.extend(long_number(text).map(Private::Number));
    if names.into_iter().any(|name| names_somebody(text, name)) {
        found.push(Private::Name);
    }
    found
}

fn around(text: &str, at: usize) -> String {
    text[at..].chars().take(16).collect()
}

/// The first digits of a long number; spaces and hyphens between digits do not divide it.
fn long_number(text: &str) -> Option<String> {
    let mut run = String::new();
    for c in text.chars().chain(['\n']) {
        match c {
            c if c.is_ascii_digit() || ('０'..='９').contains(&c) => run.push(c),
            ' ' | '-' | '－' if !run.is_empty() => {}
            _ if run.chars().count() >= DIGITS => return Some(run.chars().take(4).collect()),
            _ => run.clear(),
        }
    }
    None
}

/// A name of Latin letters must stand alone, or `li` would be in every other word.
fn names_somebody(text: &str, name: &str) -> bool {
    let name = name.trim();
    if name.chars().count() < 2 {
        return false;
    }
    if !name.is_ascii() {
        return text.contains(name);
    }
    let inner = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(name)
        .any(|(at, _)| !inner(text[..at].chars().next_back()) && !inner(text[at + name.len()..].chars().next()))
}

//! TOML that a person wrote: everything that is wrong with it at once.
//!
//! Serde stops at the first thing it cannot read. So what it objected to is taken
//! out of the parsed tree and it is asked again, until the rest can be read: one
//! pass of the types themselves, whichever they are, and no second list of keys that
//! could drift from them. What is taken out may be missed afterwards (a required
//! key whose value had the wrong type), and such an echo is not told again.
//!
//! What remains keeps its places ([`Spot`]), so that a later check can point at any
//! key or value by its path.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::suggest::{listed, nearest};

/// Things that are told of one file; who has more begins with these.
const MOST: usize = 100;

/// Something that is wrong, at a byte offset.
pub(crate) struct Wrong {
    pub(crate) offset: usize,
    pub(crate) message: String,
}

/// Where a value stands, and everything in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spot {
    /// Of its key, else of itself.
    name: usize,
    value: usize,
    table: BTreeMap<String, Self>,
    array: Vec<Self>,
}

impl Spot {
    fn of(value: &Spanned<DeValue<'_>>, name: Option<usize>) -> Self {
        let at = value.span().start;
        let mut spot = Self { name: name.unwrap_or(at), value: at, ..Self::default() };
        match value.get_ref() {
            DeValue::Table(table) => spot.table = Self::entries(table),
            DeValue::Array(array) => spot.array = array.iter().map(|value| Self::of(value, None)).collect(),
            _ => {}
        }
        spot
    }

    fn entries(table: &DeTable<'_>) -> BTreeMap<String, Self> {
        let entries = table.iter();
        entries.map(|(key, value)| (key.get_ref().to_string(), Self::of(value, Some(key.span().start)))).collect()
    }

    /// What stands under `key`; this itself when nothing does, so that a path always leads somewhere.
    pub(crate) fn key(&self, key: &str) -> &Self {
        self.table.get(key).unwrap_or(self)
    }

    /// The element of a list; this itself when there is none.
    pub(crate) fn index(&self, index: usize) -> &Self {
        self.array.get(index).unwrap_or(self)
    }

    /// Where its key stands, in bytes.
    pub(crate) const fn name(&self) -> usize {
        self.name
    }

    /// Where its value stands, in bytes.
    pub(crate) const fn value(&self) -> usize {
        self.value
    }
}

/// Reads `text` as a `T`: what can be read of it, where it stands, and everything that is wrong.
///
/// `None` when nothing of it can be read.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> (Option<T>, Spot, Vec<Wrong>) {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut wrong: Vec<Wrong> = errors.iter().take(MOST).map(|error| unread(text, error)).collect();
    let mut taken: Vec<Taken> = Vec::new();
    let span = root.span();
    let mut tree = root.into_inner();
    // What was half understood is not judged.
    let understood = wrong.is_empty();
    for _ in 0..=MOST {
        let whole = Spanned::new(span.clone(), DeValue::Table(tree.clone()));
        let error = match T::deserialize(toml::de::ValueDeserializer::from(whole)) {
            Ok(value) => {
                let spot = Spot { table: Spot::entries(&tree), ..Spot::default() };
                return (understood.then_some(value), spot, wrong);
            }
            Err(error) => error,
        };
        if !understood {
            break;
        }
        let objection = Objection::of(&error);
        let at = error.span().unwrap_or(0..0);
        let path = find(&tree, &at).unwrap_or_default();
        if !taken.iter().any(|taken| taken.explains(&objection, at.start, &path)) {
            wrong.push(Wrong { offset: at.start, message: objection.message.clone() });
        }
        if path.is_empty() {
            break;
        }
        let around = around(&tree, span.start, &path);
        taken.push(Taken { key: path.last().cloned(), around, meant: objection.meant });
        take_out(&mut tree, &path);
    }
    (None, Spot::default(), wrong)
}

fn unread(text: &str, error: &toml::de::Error) -> Wrong {
    let offset = error.span().map_or(text.len(), |span| span.start);
    Wrong { offset, message: error.message().lines().collect::<Vec<_>>().join(", ") }
}

/// What serde said, in the words of whoever wrote the file.
struct Objection {
    message: String,
    /// The key that was probably meant.
    meant: Option<String>,
    missing: Option<String>,
    unknown_key: bool,
}

impl Objection {
    fn of(error: &toml::de::Error) -> Self {
        let said = error.message();
        // Serde's own are `field` and `variant`; a type that says `unknown role` in the same form is repeated.
        let unknown = said.strip_prefix("unknown ").and_then(|rest| rest.split(" `").next());
        let mut words = said.split('`').skip(1).step_by(2);
        let first = words.next().unwrap_or_default();
        let known: Vec<&str> = words.collect();
        let meant = nearest(first, known.iter().copied()).map(str::to_owned);
        let hint = meant.as_ref().map_or_else(String::new, |word| format!(": did you mean `{word}`?"));
        let known = listed(known);
        let plain = |message| Self { message, meant: None, missing: None, unknown_key: false };
        if let Some(what) = unknown.filter(|what| !matches!(*what, "field" | "variant")) {
            plain(format!("unknown {what} `{first}`{hint} (known here: {known})"))
        } else if said.starts_with("unknown field") {
            let message = format!("unknown key `{first}`{hint} (known here: {known})");
            Self { meant, unknown_key: true, ..plain(message) }
        } else if said.starts_with("unknown variant") {
            plain(format!("unknown kind `{first}`{hint} (known here: {known})"))
        } else if said.starts_with("missing field") {
            Self { missing: Some(first.to_owned()), ..plain(format!("`{first}` is missing: add it")) }
        } else if said.starts_with("wanted exactly 1 element") {
            plain("write exactly one kind here, such as { listing = \"https://…\" }".to_owned())
        } else {
            // Serde's words for what TOML calls otherwise.
            let said =
                said.replace("expected a sequence", "expected a list").replace("expected a map", "expected a table");
            plain(said.lines().collect::<Vec<_>>().join(", "))
        }
    }
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// What was taken out, and from what.
struct Taken {
    key: Option<Step>,
    /// Where everything around it begins, the nearest last.
    around: Vec<usize>,
    /// It was an unknown key, probably this one.
    meant: Option<String>,
}

impl Taken {
    /// Whether an objection only says that this is gone.
    fn explains(&self, objection: &Objection, at: usize, path: &[Step]) -> bool {
        let parent = self.around.last() == Some(&at);
        if let Some(missing) = &objection.missing {
            return parent && (self.meant.as_ref() == Some(missing) || self.key == Some(Step::Key(missing.clone())));
        }
        !objection.unknown_key && parent && !path.is_empty()
    }
}

/// The way to the key or value that stands exactly at `span`.
fn find(table: &DeTable<'_>, span: &Range<usize>) -> Option<Vec<Step>> {
    table.iter().find_map(|(key, value)| {
        let step = Step::Key(key.get_ref().to_string());
        if key.span() == *span {
            return Some(vec![step]);
        }
        let mut path = find_in(value, span)?;
        path.insert(0, step);
        Some(path)
    })
}

fn find_in(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<Vec<Step>> {
    // A list of tables begins where its first table does: the inner one is meant.
    let inner = match value.get_ref() {
        DeValue::Table(table) => find(table, span),
        DeValue::Array(array) => array.iter().enumerate().find_map(|(index, value)| {
            let mut path = find_in(value, span)?;
            path.insert(0, Step::Index(index));
            Some(path)
        }),
        _ => None,
    };
    inner.or_else(|| (value.span() == *span).then(Vec::new))
}

/// Where the values begin in which the end of `path` lies.
fn around(tree: &DeTable<'_>, root: usize, path: &[Step]) -> Vec<usize> {
    let mut starts = vec![root];
    let mut steps = path.iter();
    let Some(Step::Key(first)) = steps.next() else { return starts };
    let mut at = tree.get(first.as_str());
    for step in steps {
        let Some(value) = at else { break };
        starts.push(value.span().start);
        at = match (value.get_ref(), step) {
            (DeValue::Table(table), Step::Key(key)) => table.get(key.as_str()),
            (DeValue::Array(array), Step::Index(index)) => array.get(*index),
            _ => None,
        };
    }
    starts
}

fn take_out(table: &mut DeTable<'_>, path: &[Step]) {
    match path {
        [Step::Key(key)] => {
            table.remove(key.as_str());
        }
        [Step::Key(key), rest @ ..] => {
            if let Some(value) = table.get_mut(key.as_str()) {
                take_out_of(value.get_mut(), rest);
            }
        }
        _ => {}
    }
}

fn take_out_of(value: &mut DeValue<'_>, path: &[Step]) {
    match (value, path) {
        (DeValue::Table(table), path) => take_out(table, path),
        (DeValue::Array(array), [Step::Index(gone)]) => {
            let mut kept = DeArray::new();
            for (index, value) in array.iter().enumerate() {
                if index != *gone {
                    kept.push(value.clone());
                }
            }
            *array = kept;
        }
        (DeValue::Array(array), [Step::Index(index), rest @ ..]) => {
            if let Some(value) = array.get_mut(*index) {
                take_out_of(value.get_mut(), rest);
            }
        }
        _ => {}
    }
}

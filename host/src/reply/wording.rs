//! 口径库: wording that has been approved once and can be inserted into a draft as it is.
//!
//! A file that the organisation keeps, `wording.toml` beside `caifeng.toml`. A wording says who approved it and until
//! when it may be used: a statement of last year's facts is this year's falsehood.

use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::config::reading::Problem;
use crate::config::sheet::Sheet;
use crate::config::suggest::{did_you_mean, listed};

/// The file's name beside the configuration.
pub const FILE: &str = "wording.toml";

/// Approved wording.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// What drafts call it: `{{opening-hours}}`.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The text, as it is inserted.
    pub text: String,
    /// Who approved it.
    pub approved_by: String,
    /// The last day on which it may be used.
    #[serde(with = "day")]
    pub until: Date,
}

/// A day as people write it: `"2026-12-31"`.
mod day {
    use jiff::civil::Date;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(day: &Date, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| {
            let short: String = text.chars().take(40).collect();
            D::Error::custom(format!("not a day: {short:?}: write \"2026-12-31\""))
        })
    }
}

/// All approved wording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Wordings {
    /// In the order of the file.
    #[serde(rename = "wording", default)]
    pub all: Vec<Wording>,
}

/// A wording that cannot be inserted: the author must choose another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordingError {
    /// There is none of this id.
    #[error("{{{{{id}}}}}: no wording is called so{hint} (known: {known})")]
    Unknown {
        /// What was named.
        id: String,
        /// What was probably meant.
        hint: String,
        /// What there is.
        known: String,
    },
    /// Its time is over.
    #[error("{{{{{id}}}}}: this wording was approved until {until}: have it approved again in wording.toml")]
    Expired {
        /// Which.
        id: String,
        /// Its last day.
        until: Date,
    },
}

impl Wordings {
    /// Reads and checks the text of a file; `path` is only for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, with line and column.
    pub fn read(text: Vec<u8>, path: &Path) -> Result<Self, Vec<Problem>> {
        let (sheet, wordings, mut problems) = Sheet::read::<Self>(path, text);
        let wordings = wordings.unwrap_or_default();
        for (index, wording) in wordings.all.iter().enumerate() {
            let at = sheet.spot.key("wording").index(index);
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if wording.id.is_empty() || !wording.id.chars().all(fits) {
                let message = format!("{:?} is no id: write lower-case letters, digits and hyphens", wording.id);
                problems.push(sheet.problem(at.key("id").value(), message));
            }
            if wordings.all[..index].iter().any(|other| other.id == wording.id) {
                let message = format!("two wordings are called {:?}: rename one", wording.id);
                problems.push(sheet.problem(at.key("id").value(), message));
            }
            for (key, text) in
                [("title", &wording.title), ("text", &wording.text), ("approved_by", &wording.approved_by)]
            {
                if text.trim().is_empty() {
                    problems.push(sheet.problem(at.key(key).value(), format!("`{key}` is empty")));
                }
            }
        }
        problems.sort();
        if problems.is_empty() { Ok(wordings) } else { Err(problems) }
    }

    /// `draft` with every `{{id}}` replaced by its wording, once: what is inserted is not searched again.
    ///
    /// # Errors
    /// Everything that cannot be inserted.
    pub fn insert(&self, draft: &str, today: Date) -> Result<String, Vec<WordingError>> {
        let mut out = String::with_capacity(draft.len());
        let mut wrong = Vec::new();
        let mut rest = draft;
        while let Some((before, after)) = rest.split_once("{{") {
            out.push_str(before);
            let Some((id, tail)) = after.split_once("}}") else {
                out.push_str("{{");
                rest = after;
                continue;
            };
            match self.find(id.trim(), today) {
                Ok(wording) => out.push_str(&wording.text),
                Err(error) => wrong.push(error),
            }
            rest = tail;
        }
        out.push_str(rest);
        if wrong.is_empty() { Ok(out) } else { Err(wrong) }
    }

    fn find(&self, id: &str, today: Date) -> Result<&Wording, WordingError> {
        let known = self.all.iter().map(|wording| wording.id.as_str());
        let Some(wording) = self.all.iter().find(|wording| wording.id == id) else {
            let (hint, known) = (did_you_mean(id, known.clone()), listed(known));
            let id = id.chars().take(40).collect();
            return Err(WordingError::Unknown { id, hint, known });
        };
        if wording.until < today {
            return Err(WordingError::Expired { id: wording.id.clone(), until: wording.until });
        }
        Ok(wording)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const FILE: &str = "[[wording]]\nid = \"hours\"\ntitle = \"开放时间\"\ntext = \"窗口工作日 {{x}} 开放\"\napproved_by = \"办公室\"\nuntil = \"2026-12-31\"\n";

    fn read(text: &str) -> Result<Wordings, Vec<Problem>> {
        Wordings::read(text.into(), Path::new("wording.toml"))
    }

    #[test]
    fn approved_wording_is_inserted_as_it_is_and_once() {
        let wordings = read(FILE).unwrap();
        let today = date(2026, 7, 1);
        assert_eq!(wordings.insert("您好，{{hours}}。{{ 完", today).unwrap(), "您好，窗口工作日 {{x}} 开放。{{ 完");
        let told = |error: WordingError| error.to_string();
        let unknown = wordings.insert("{{hour}} {{b}}", today).unwrap_err();
        assert_eq!(unknown.len(), 2);
        assert!(told(unknown[0].clone()).starts_with("{{hour}}: no wording is called so: did you mean `hours`?"));
        let expired = wordings.insert("{{hours}}", date(2027, 1, 1)).unwrap_err();
        assert!(told(expired[0].clone()).contains("until 2026-12-31"));
    }

    #[test]
    fn a_file_that_is_wrong_is_refused_whole() {
        let twice = FILE.to_owned()
            + FILE
            + "[[wording]]\nid = \"A\"\ntitle = \"\"\ntext = \"x\"\napproved_by = \"y\"\nuntil = \"2026-13-01\"\n";
        let told: Vec<String> = read(&twice).unwrap_err().iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|line| line.starts_with("wording.toml:18:9:")), "{told:?}");
        let twice = FILE.to_owned() + &FILE.replace("开放时间", " ");
        let told: Vec<String> = read(&twice).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["wording.toml:8:6: two wordings are called \"hours\": rename one", "wording.toml:9:9: `title` is empty"]
        );
    }
}

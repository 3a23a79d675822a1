//! The file as a person wrote it: read, checked, and told where it is wrong.

use super::setting::{self, WrittenSetting};
use super::{LabelRule, Manifest, Network, Secret, Step, TargetRule, Wishes};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::collections::HashSet;
use toml::Spanned;

/// Where the manifest is wrong and how. The plugin's author must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plugin.toml:{line}:{column}: {message}")]
pub struct ManifestError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// The file as written; tables that are checked against each other keep their
/// place for the error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(deserialize_with = "identifier")]
    id: String,
    #[serde(deserialize_with = "release")]
    version: String,
    #[serde(deserialize_with = "line_of_text")]
    name: String,
    #[serde(deserialize_with = "line_of_text")]
    licence: String,
    #[serde(default)]
    network: Network,
    #[serde(default)]
    target: Vec<Spanned<TargetRule>>,
    #[serde(default)]
    step: Vec<Spanned<Step>>,
    #[serde(default)]
    setting: Vec<Spanned<WrittenSetting>>,
    #[serde(default)]
    secret: Vec<Spanned<Secret>>,
    #[serde(default)]
    label: Vec<Spanned<LabelRule>>,
    #[serde(default)]
    limits: Wishes,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let written: Written = toml::from_str(text)
            .map_err(|error| ManifestError::at(text, error.span().map_or(0, |span| span.start), error.message()))?;
        written.check().map_err(|(offset, message)| ManifestError::at(text, offset, &message))
    }
}

impl Written {
    fn check(self) -> Result<Manifest, (usize, String)> {
        unique("step", self.step.iter().map(|step| (step.span().start, &step.get_ref().name)))?;
        unique("setting", self.setting.iter().map(|item| (item.span().start, &item.get_ref().name)))?;
        unique("secret", self.secret.iter().map(|item| (item.span().start, &item.get_ref().name)))?;
        unique("label", self.label.iter().map(|item| (item.span().start, &item.get_ref().name)))?;
        for target in &self.target {
            let rule = target.get_ref();
            if rule.capture(&rule.example).is_none() {
                return Err((target.span().start, format!("the example does not fit the match: {}", rule.example)));
            }
        }
        for secret in &self.secret {
            let to = &secret.get_ref().to;
            if !self.network.allow.contains(to) {
                return Err((secret.span().start, format!("a secret goes only to a host in network.allow: {to}")));
            }
        }
        let settings = self.setting.into_iter().map(setting::checked).collect::<Result<_, _>>()?;
        Ok(Manifest {
            id: self.id,
            version: self.version,
            name: self.name,
            licence: self.licence,
            network: self.network,
            targets: self.target.into_iter().map(Spanned::into_inner).collect(),
            steps: self.step.into_iter().map(Spanned::into_inner).collect(),
            settings,
            secrets: self.secret.into_iter().map(Spanned::into_inner).collect(),
            labels: self.label.into_iter().map(Spanned::into_inner).collect(),
            limits: self.limits,
        })
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = (usize, &'a String)>) -> Result<(), (usize, String)> {
    let mut seen = HashSet::new();
    for (start, name) in names {
        if !seen.insert(name) {
            return Err((start, format!("{what} declared twice: {name}")));
        }
    }
    Ok(())
}

impl ManifestError {
    fn at(text: &str, offset: usize, message: &str) -> Self {
        let (line, column) = place(text, offset);
        Self { line, column, message: message.replace('\n', "; ") }
    }
}

/// Line and column, in characters and from 1, of a byte of a text.
pub(crate) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

pub(super) fn identifier<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let fits = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if fits {
        Ok(text)
    } else {
        Err(D::Error::custom(format!(
            "write at most 64 lower-case letters, digits and hyphens, a letter first: {text}"
        )))
    }
}

fn release<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let parts: Vec<_> = text.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.len() < 10 && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() == 3 && parts.iter().all(number) {
        Ok(text)
    } else {
        Err(D::Error::custom(format!("write major.minor.patch: {text}")))
    }
}

fn line_of_text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() || text.chars().count() > 80 || text.contains(char::is_control) {
        return Err(D::Error::custom("write one line of 1 to 80 characters"));
    }
    Ok(text)
}

//! What the operator may set, and whether what they set fits.

use super::Manifest;
use super::written::identifier;
use crate::contract::Settings;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use toml::Spanned;

/// What a setting's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingType {
    /// Any text.
    Text,
    /// A signed 64-bit number.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// `[[setting]]`: one thing that the operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What the plugin reads it by.
    pub name: String,
    /// What its value looks like.
    pub r#type: SettingType,
    /// The value if the operator sets none; without it the operator must.
    pub default: Option<String>,
}

/// Why the operator's settings do not fit a manifest; the operator must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A name that the manifest does not declare.
    #[error("unknown setting, the plugin has {known}: {name}")]
    Unknown {
        /// The name that was given.
        name: String,
        /// The names there are, or `none`.
        known: String,
    },
    /// A value of another type.
    #[error("setting {name} must be {expected}: {value}")]
    Type {
        /// Which setting.
        name: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        value: String,
    },
    /// The same setting twice.
    #[error("setting given twice: {0}")]
    Repeated(String),
    /// No value and no default.
    #[error("setting needs a value: {0}")]
    Missing(String),
}

/// A setting whose default has not yet been checked against its type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSetting {
    #[serde(deserialize_with = "identifier")]
    pub(super) name: String,
    r#type: SettingType,
    default: Option<toml::Value>,
}

impl Manifest {
    /// Checks what the operator set and fills in the defaults, in the order of
    /// the manifest: the settings that a call is given.
    ///
    /// # Errors
    /// The first setting that does not fit.
    pub fn settings(&self, given: &Settings) -> Result<Settings, SettingError> {
        let mut seen = HashSet::new();
        for (name, _) in given {
            if !self.settings.iter().any(|setting| setting.name == *name) {
                return Err(SettingError::Unknown { name: name.clone(), known: self.setting_names() });
            }
            if !seen.insert(name) {
                return Err(SettingError::Repeated(name.clone()));
            }
        }
        self.settings.iter().map(|setting| setting.take(given)).collect()
    }

    fn setting_names(&self) -> String {
        if self.settings.is_empty() {
            return "none".to_owned();
        }
        let names: Vec<_> = self.settings.iter().map(|setting| setting.name.as_str()).collect();
        names.join(", ")
    }
}

impl Setting {
    fn take(&self, given: &Settings) -> Result<(String, String), SettingError> {
        let value = given.iter().find(|(name, _)| *name == self.name).map(|(_, value)| value);
        let value = value.or(self.default.as_ref()).ok_or_else(|| SettingError::Missing(self.name.clone()))?;
        if !self.r#type.admits(value) {
            return Err(SettingError::Type {
                name: self.name.clone(),
                expected: self.r#type.named(),
                value: value.clone(),
            });
        }
        Ok((self.name.clone(), value.clone()))
    }
}

impl SettingType {
    fn admits(self, value: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Integer => value.parse::<i64>().is_ok(),
            Self::Boolean => matches!(value, "true" | "false"),
        }
    }

    fn named(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "an integer",
            Self::Boolean => "true or false",
        }
    }
}

/// The setting, if its default is of its type; else where that is not so, and why.
pub(super) fn checked(item: Spanned<WrittenSetting>) -> Result<Setting, (usize, String)> {
    let start = item.span().start;
    let WrittenSetting { name, r#type, default } = item.into_inner();
    let default = match (r#type, default) {
        (_, None) => None,
        (SettingType::Text, Some(toml::Value::String(value))) => Some(value),
        (SettingType::Integer, Some(toml::Value::Integer(value))) => Some(value.to_string()),
        (SettingType::Boolean, Some(toml::Value::Boolean(value))) => Some(value.to_string()),
        (_, Some(value)) => {
            return Err((start, format!("the default must be {}: {value}", r#type.named())));
        }
    };
    Ok(Setting { name, r#type, default })
}

//! What a plan says to people, in both languages, and the roles that it names.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::incident::event::Role;
use crate::lang::Lang;

/// A text in Chinese and in English.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// The text in a language.
    #[must_use]
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// Both languages, for a terminal that does not know whose eyes read it.
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.zh, self.en)
    }
}

/// Roles that may do something, each once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Default, schemars::JsonSchema)]
pub struct Roles(Vec<Role>);

impl Roles {
    /// These roles, each of which stands there once.
    #[must_use]
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.to_vec())
    }

    /// The roles, in the order of the file.
    #[must_use]
    pub fn all(&self) -> &[Role] {
        &self.0
    }

    /// Whether `role` is one of them.
    #[must_use]
    pub fn include(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Nobody.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut roles = Vec::new();
        for Named(role) in Vec::<Named>::deserialize(from)? {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        Ok(Self(roles))
    }
}

/// A role by its name, whose error the reader of files understands.
struct Named(Role);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Role::WORK.into_iter().find(|role| role.as_str() == name).map(Self).ok_or_else(|| {
            let known: Vec<String> = Role::WORK.iter().map(|role| format!("`{}`", role.as_str())).collect();
            let name: String = name.replace('`', "'").chars().take(40).collect();
            D::Error::custom(format!("unknown role `{name}`, expected one of {}", known.join(", ")))
        })
    }
}

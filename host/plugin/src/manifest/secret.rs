//! Credentials that the host attaches and no plugin sees.

use super::written::identifier;
use crate::address::HostPattern;
use serde::Deserialize;

/// `[[secret]]`: a credential that the host attaches.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// What the operator stores it under.
    #[serde(deserialize_with = "identifier")]
    pub name: String,
    /// Where in a request it goes.
    pub attach: Attach,
    /// The only hosts that ever receive it; one of `network.allow`.
    pub to: HostPattern,
}

/// Where in a request the host puts a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Attach {
    /// `bearer`: as the token of `Authorization: Bearer …` (RFC 6750).
    Bearer,
    /// `header:NAME`: as the value of this header field.
    Header(String),
    /// `cookie:NAME`: as this cookie.
    Cookie(String),
    /// `query:NAME`: as this parameter of the address.
    Query(String),
}

impl TryFrom<String> for Attach {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let token =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if text == "bearer" {
            return Ok(Self::Bearer);
        }
        match text.split_once(':') {
            Some(("header", name)) if token(name) => Ok(Self::Header(name.to_owned())),
            Some(("cookie", name)) if token(name) => Ok(Self::Cookie(name.to_owned())),
            Some(("query", name)) if token(name) => Ok(Self::Query(name.to_owned())),
            _ => Err(format!("write `bearer`, `header:NAME`, `cookie:NAME` or `query:NAME`: {text}")),
        }
    }
}

//! Files in JSON: their bytes as base64. Archives are too large for that, and are answered as what they are.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::web::desk::Attached;

/// What is in a file (RFC 4648 §4).
#[derive(Clone, Debug)]
pub(super) struct Content(pub(super) Vec<u8>);

impl JsonSchema for Content {
    fn schema_name() -> Cow<'static, str> {
        "Content".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentEncoding": "base64" })
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        STANDARD.decode(text.as_bytes()).map(Self).map_err(|error| D::Error::custom(format!("no base64: {error}")))
    }
}

/// A file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct File {
    /// Its name, of letters, figures, hyphens and points.
    name: String,
    /// Its media type.
    media_type: String,
    /// What is in it.
    content: Content,
}

impl From<Attached> for File {
    fn from(Attached { kind, name, bytes }: Attached) -> Self {
        Self { name, media_type: kind.to_owned(), content: Content(bytes) }
    }
}

//! Forms: what a page of ours sent, read once at the edge into one typed value.

use std::collections::HashMap;

use axum::extract::{DefaultBodyLimit, Form, FromRequest, FromRequestParts, Multipart, Path, Request};
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::page::Trouble;
use super::{guard, troubled};

/// A form read into `T`; what `T` does not know (`deny_unknown_fields`) or cannot hold is refused with a page.
pub(super) struct Sent<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let lang = guard::language(request.headers());
        match Form::<T>::from_request(request, state).await {
            Ok(Form(form)) => Ok(Self(form)),
            Err(error) => {
                tracing::info!(%error, "a form was not understood");
                Err(troubled(lang, Trouble::Form))
            }
        }
    }
}

/// The version that somebody saw: a button, and nothing to write.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    pub(super) version: u64,
}

/// The same, for a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reasoned {
    pub(super) version: u64,
    pub(super) reason: String,
}

/// The number that a path names; where there is none, there is no such page.
pub(super) struct Numbered(pub(super) i64);

impl<S: Send + Sync> FromRequestParts<S> for Numbered {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let lang = guard::language(&parts.headers);
        let named = Path::<i64>::from_request_parts(parts, state).await;
        named.map(|Path(number)| Self(number)).map_err(|_| troubled(lang, Trouble::Missing))
    }
}

/// A form whose fields may stand more than once: boxes to tick.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// What a field says that stands once, without spaces around it; nothing when it says nothing or stands twice.
    pub(super) fn one(&self, name: &str) -> Option<String> {
        let mut found = self.0.iter().filter(|(field, _)| field == name);
        let said = found.next().filter(|_| found.next().is_none())?.1.trim().replace("\r\n", "\n");
        (!said.is_empty()).then_some(said)
    }

    /// What a field says each time.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(field, _)| field == name).map(|(_, said)| said.clone()).collect()
    }

    /// Whether it has no fields but these.
    pub(super) fn only(&self, known: &[&str]) -> bool {
        self.0.iter().all(|(name, _)| known.contains(&name.as_str()))
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        Sent::<Vec<(String, String)>>::from_request(request, state).await.map(|Sent(fields)| Self(fields))
    }
}

/// The largest form with a file, in bytes.
pub(super) const LARGEST: usize = 16 << 20;
/// The most fields of a form with a file: more is none of ours.
const FIELDS: usize = 24;

/// A form with a file (RFC 7578), of at most so many bytes in all. Every field stands once; a file that was left empty is none.
pub(super) struct Uploaded<const MOST: usize = LARGEST> {
    fields: HashMap<String, String>,
    /// What is in the file; its name is whatever its sender likes, and is not kept.
    pub(super) file: Option<Vec<u8>>,
}

impl<const MOST: usize> Uploaded<MOST> {
    /// What a field says.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// What a field says, unless it says nothing.
    pub(super) fn said(&self, name: &str) -> Option<String> {
        // Browsers send the ends of lines as CR LF (HTML §4.10.21.3).
        self.field(name).map(|said| said.trim().replace("\r\n", "\n")).filter(|said| !said.is_empty())
    }

    /// Whether it has no fields but these.
    pub(super) fn only(&self, known: &[&str]) -> bool {
        self.fields.keys().all(|name| known.contains(&name.as_str()))
    }

    async fn read(mut sent: Multipart) -> Result<Option<Self>, Trouble> {
        let broken = |error: axum::extract::multipart::MultipartError| {
            tracing::info!(%error, "a form was not understood");
            if error.status().as_u16() == 413 { Trouble::TooLarge } else { Trouble::Form }
        };
        let (mut fields, mut file, mut count) = (HashMap::new(), None, 0);
        while let Some(field) = sent.next_field().await.map_err(broken)? {
            count += 1;
            let Some(name) = field.name().map(str::to_owned).filter(|_| count <= FIELDS) else { return Ok(None) };
            if name == "file" {
                let bytes = field.bytes().await.map_err(broken)?;
                if file.replace(bytes.to_vec()).is_some() {
                    return Ok(None);
                }
            } else if fields.insert(name, field.text().await.map_err(broken)?).is_some() {
                return Ok(None);
            }
        }
        Ok(Some(Self { fields, file: file.filter(|bytes| !bytes.is_empty()) }))
    }
}

impl<const MOST: usize, S: Send + Sync> FromRequest<S> for Uploaded<MOST> {
    type Rejection = Response;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Response> {
        let lang = guard::language(request.headers());
        DefaultBodyLimit::max(MOST).apply(&mut request);
        let sent = Multipart::from_request(request, state).await.map_err(|_| troubled(lang, Trouble::Form))?;
        match Self::read(sent).await {
            Ok(Some(read)) => Ok(read),
            Ok(None) => Err(troubled(lang, Trouble::Form)),
            Err(trouble) => Err(troubled(lang, trouble)),
        }
    }
}

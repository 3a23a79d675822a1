//! Forms: what a page of ours sent, read once at the edge into one typed value.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, Form, FromRequest, FromRequestParts, Multipart, Path, Request};
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::desk::{Desk, Refused, refuse};
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

/// Nothing but the button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pressed {}

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

/// The largest form with a file, and the largest of several files, in bytes.
pub(super) const LARGEST: usize = 16 << 20;
/// The largest form with several files, in bytes.
const LARGEST_OF_SEVERAL: usize = 64 << 20;
/// Files in such a form.
const FILES: usize = 10;
/// The most fields of a form with a file: more is none of ours.
const FIELDS: usize = 24;

/// What was typed into a form that also takes files: every field stands once.
#[derive(Default)]
pub(super) struct Typed(HashMap<String, String>);

impl Typed {
    /// What a field says.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What a field says, unless it says nothing.
    pub(super) fn said(&self, name: &str) -> Option<String> {
        // Browsers send the ends of lines as CR LF (HTML §4.10.21.3).
        self.field(name).map(|said| said.trim().replace("\r\n", "\n")).filter(|said| !said.is_empty())
    }

    /// Whether it has no fields but these.
    pub(super) fn only(&self, known: &[&str]) -> bool {
        self.0.keys().all(|name| known.contains(&name.as_str()))
    }

    /// Takes what a field says; one that stands twice is none of ours.
    async fn take(&mut self, name: String, field: Field<'_>) -> Result<(), Trouble> {
        let said = field.text().await.map_err(|error| broken(&error))?;
        if self.0.insert(name, said).is_some() { Err(Trouble::Form) } else { Ok(()) }
    }
}

fn broken(error: &MultipartError) -> Trouble {
    tracing::info!(%error, "a form was not understood");
    if error.status().as_u16() == 413 { Trouble::TooLarge } else { Trouble::Form }
}

/// The next field of a form, with its name.
async fn next<'a>(sent: &'a mut Multipart, count: &mut usize) -> Result<Option<(String, Field<'a>)>, Trouble> {
    *count += 1;
    let Some(field) = sent.next_field().await.map_err(|error| broken(&error))? else { return Ok(None) };
    let name = field.name().map(str::to_owned).filter(|_| *count <= FIELDS).ok_or(Trouble::Form)?;
    Ok(Some((name, field)))
}

/// What a file holds, unless it is larger than `most`.
async fn bytes(mut field: Field<'_>, most: usize) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + piece.len() > most {
            return Err(Trouble::TooLarge);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The form of a request, which has no more bytes than `most`.
async fn multipart<S: Send + Sync>(mut request: Request, state: &S, most: usize) -> Result<Multipart, Trouble> {
    DefaultBodyLimit::max(most).apply(&mut request);
    Multipart::from_request(request, state).await.map_err(|_| Trouble::Form)
}

/// A form with a file (RFC 7578), of at most so many bytes in all. A file that was left empty is none.
pub(super) struct Uploaded<const MOST: usize = LARGEST> {
    typed: Typed,
    /// What is in the file; its name is whatever its sender likes, and is not kept.
    pub(super) file: Option<Vec<u8>>,
}

impl<const MOST: usize> Uploaded<MOST> {
    /// What a field says.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.typed.field(name)
    }

    /// What a field says, unless it says nothing.
    pub(super) fn said(&self, name: &str) -> Option<String> {
        self.typed.said(name)
    }

    /// Whether it has no fields but these.
    pub(super) fn only(&self, known: &[&str]) -> bool {
        self.typed.only(known)
    }

    async fn read(mut sent: Multipart) -> Result<Self, Trouble> {
        let (mut typed, mut file, mut count) = (Typed::default(), None, 0);
        while let Some((name, field)) = next(&mut sent, &mut count).await? {
            if name != "file" {
                typed.take(name, field).await?;
            } else if file.replace(bytes(field, MOST).await?).is_some() {
                return Err(Trouble::Form);
            }
        }
        Ok(Self { typed, file: file.filter(|bytes| !bytes.is_empty()) })
    }
}

impl<const MOST: usize, S: Send + Sync> FromRequest<S> for Uploaded<MOST> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let lang = guard::language(request.headers());
        let read = async { Self::read(multipart(request, state, MOST).await?).await };
        read.await.map_err(|trouble| troubled(lang, trouble))
    }
}

/// A form with several files (RFC 7578): each is kept by its SHA-256 as it arrives, before anything can name it, so that no
/// more than one of them is ever in memory. One that was left empty is none; one that nobody names in the end is harmless.
pub(super) struct Handed {
    /// What was typed.
    pub(super) typed: Typed,
    /// The field of each file, and its SHA-256 in hex.
    pub(super) files: Vec<(String, String)>,
}

impl Handed {
    async fn read(mut sent: Multipart, desk: &Desk) -> Result<Self, Refused> {
        let (mut typed, mut files, mut count) = (Typed::default(), Vec::new(), 0);
        while let Some((name, field)) = next(&mut sent, &mut count).await.map_err(Refused::Trouble)? {
            if field.file_name().is_none() {
                typed.take(name, field).await.map_err(Refused::Trouble)?;
                continue;
            }
            let file = bytes(field, LARGEST).await.map_err(Refused::Trouble)?;
            if file.is_empty() {
                continue;
            }
            if files.len() == FILES {
                return Err(Refused::Trouble(Trouble::TooLarge));
            }
            files.push((name, desk.keep(file).await?));
        }
        Ok(Self { typed, files })
    }
}

impl FromRequest<Arc<Desk>> for Handed {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Response> {
        let lang = guard::language(request.headers());
        let read = async {
            let sent = multipart(request, desk, LARGEST_OF_SEVERAL).await.map_err(Refused::Trouble)?;
            Self::read(sent, desk).await
        };
        read.await.map_err(|refused| refuse(lang, refused))
    }
}

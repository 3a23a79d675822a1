//! The API: what the pages do, for programs. JSON under `/api/v1`.
//!
//! An [`Endpoint`] is one line of a table: its path, whom it is for, what it takes, what it answers. The line is at once
//! the route and its description: [`openapi`] writes the OpenAPI document from the same table, so that neither can say
//! what the other does not. What an endpoint takes and answers are the types of the domain; their schemas are derived.
//!
//! An endpoint reads, or hands a deed to the clerk, as pages do, and stands in the file of its [`room`]; who asks is decided by the same
//! [`access`](super::access). What is wrong is told as a problem (RFC 9457, [`problem`]). A program that is not sure
//! whether it was heard asks again with the same `Idempotency-Key` ([`idempotency`]).
//!
//! A file travels as base64 inside the JSON ([`mod@file`]); an archive that is handed out is answered as it is, piece by piece.
//! Given up: partial answers (`fields=`), and answers in other formats.

mod endpoint;
mod file;
mod idempotency;
mod listed;
mod openapi;
mod problem;
mod room;
mod strict;
#[cfg(test)]
mod tests;

pub(super) use endpoint::Endpoint;
pub(super) use openapi::{document, reference};
pub(super) use problem::Problem;

/// Where the API begins.
pub(super) const BASE: &str = "/api/v1";

/// Every endpoint, in the order of the document.
pub(super) fn table() -> Vec<Endpoint> {
    room::table()
}

//! Endpoints that read.

mod hearing;
mod people;
mod work;

use super::endpoint::Endpoint;

/// In the order of the document.
pub(super) fn table() -> Vec<Endpoint> {
    let mut endpoints = people::table();
    endpoints.extend(work::table());
    endpoints.extend(hearing::table());
    endpoints
}

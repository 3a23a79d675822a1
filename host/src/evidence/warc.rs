//! WARC 1.1 (ISO 28500:2017): one request or response a record.
//!
//! [`Reader`] takes what is found in the world: 0.17 to 1.1, plain, gzip with
//! a member for each record, gzip with one member for all, LF line ends,
//! bodies still chunked or compressed. [`Writer`] makes only one form: 1.1,
//! CRLF, a gzip member for each record, SHA-256 digests, request and response
//! linked by `WARC-Concurrent-To`.
//!
//! A file is hostile: sizes are checked before memory is taken, and what is
//! decompressed is counted. A file that ends in the middle yields the records
//! before the cut and then one error. Given up: `continuation` records
//! (segmented bodies), which no tool in use writes.

mod http;
mod read;
mod write;

use caifeng_plugin_host::contract::Timestamp;

pub use http::{BodyError, Http};
pub use read::{Limits, ReadError, Reader};
pub use write::{Exchange, Recorder, Sent, Writer};

use crate::hex::hex;

/// What a record holds (ISO 28500, 5.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// About the file itself.
    Warcinfo,
    /// What was asked.
    Request,
    /// What came back.
    Response,
    /// A file without its HTTP response.
    Resource,
    /// The same answer as another record.
    Revisit,
    /// `metadata`, `conversion` or anything that later versions add.
    Other(String),
}

impl Kind {
    fn parse(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "warcinfo" => Self::Warcinfo,
            "request" => Self::Request,
            "response" => Self::Response,
            "resource" => Self::Resource,
            "revisit" => Self::Revisit,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// One record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it holds.
    pub kind: Kind,
    /// `WARC-Target-URI` without angle brackets; empty where a record has none.
    pub url: String,
    /// `WARC-Date`; 0 where it is missing or unreadable.
    pub date: Timestamp,
    /// The fields of the record, in their order.
    pub headers: Vec<(String, String)>,
    /// The HTTP message, where the block is one.
    pub http: Option<Http>,
    /// The block, where it is not an HTTP message.
    pub block: Vec<u8>,
    /// Where it begins: bytes from the start of the file; in a compressed file, of its gzip member.
    pub offset: u64,
    /// How many records of the same gzip member come before it; 0 in a plain file.
    pub nth: u64,
}

impl Record {
    /// The first field of this name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }
}

/// The first field of this name, whatever its case.
#[must_use]
pub fn field<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

/// A SHA-256 as records name it: `sha256:` and 64 hexadecimal digits.
fn labelled(digest: &[u8; 32]) -> String {
    format!("sha256:{}", hex(digest))
}

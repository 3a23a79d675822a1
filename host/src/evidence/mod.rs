//! What was captured, when, from where, with its hash.
//!
//! Evidence is kept in WARC 1.1 files (ISO 28500:2017), the format of web
//! archives, so that others can check it with their own tools. [`warc`] reads
//! and writes the format; [`archive`] finds one answer in a file again, which
//! is what replaying a recorded web needs.
//!
//! *Invariant:* nothing here opens a socket or asks the time.

pub mod archive;
pub mod warc;

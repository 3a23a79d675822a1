//! What was captured, when, from where, with its hash.
//!
//! Evidence is kept in WARC 1.1 files (ISO 28500:2017), the format of web
//! archives, so that others can check it with their own tools. [`warc`] reads
//! and writes the format; [`archive`] finds one answer in a file again, which
//! is what replaying a recorded web needs.
//!
//! A sweep's exchanges go into the [`vault`] of the data directory; [`tape`] is the
//! recorder that puts them there. [`compact`] lets go of what is kept no longer, and
//! [`export`] hands out what belongs to one incident.
//!
//! *Invariant:* nothing here opens a socket or asks the time.

pub mod archive;
pub mod compact;
pub mod export;
pub mod tape;
pub mod vault;
pub mod warc;

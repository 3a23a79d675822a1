//! Notices against robots, a webhook and a mail server that check every byte, and misbehave.
//!
//! The servers are fakes on this machine; outbox, rounds, fetcher and store are the real ones, on a clock that is moved by
//! hand. Only what kills the process runs the binary.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// A room for each of them.
mod notices {
    mod house;
    mod mail;
    mod outbox;
    mod process;
    mod robots;
}
mod people;
mod post;
mod terminal;

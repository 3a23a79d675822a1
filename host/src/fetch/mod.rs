//! wip
pub mod charset;

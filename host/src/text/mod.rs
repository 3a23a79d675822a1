//! (placeholder: text)

pub mod near;

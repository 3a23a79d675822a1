//! (placeholder: store)

pub mod model;

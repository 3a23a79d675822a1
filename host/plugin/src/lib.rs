//! Loads a Caifeng plugin and calls it.

pub mod contract;

//! plugin host
pub mod address;
pub mod artifact;
pub mod classifier;
pub mod contract;
pub mod engine;
pub mod manifest;
pub mod source;

//! SDK of Caifeng plugins.
pub mod bindings;
mod contract;
mod export;
#[doc(hidden)]
pub mod failure;

pub use contract::{
    Author, Classifier, Crawl, Kind, Label, Method, Page, Post, Reactions, Request, Response, Settings, Source, Target,
    Timestamp,
};
pub use failure::Failure;

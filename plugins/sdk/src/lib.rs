//! SDK of Caifeng plugins.

pub mod bindings;
mod civil;
mod contract;
pub mod count;
pub mod dates;
mod entities;
mod export;
#[doc(hidden)]
pub mod failure;
pub mod html;
pub mod url;

pub use contract::{
    Author, Classifier, Crawl, Kind, Label, Method, Page, Post, Reactions, Request, Response,
    Settings, Source, Target, Timestamp,
};
pub use failure::Failure;

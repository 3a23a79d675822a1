//! What is answered, by room of the desk: handlers read rows in a blocking thread and hand them to a [`page`](super::page),
//! or take what a form says to the [`Clerk`](crate::handling::Clerk). Which route leads to which stands in
//! [`routes`](super::routes).

pub(super) mod account;
pub(super) mod demo;
pub(super) mod hearing;
pub(super) mod incidents;
pub(super) mod posts;
pub(super) mod sign_in;
pub(super) mod situation;
pub(super) mod subscribed;
pub(super) mod watches;

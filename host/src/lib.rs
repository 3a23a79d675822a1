//! Caifeng 采风 hears what is said in public about an organisation's own work
//! and helps it answer well and in time.
//!
//! This crate is everything that acts; the sandbox that plugins run in is
//! [`caifeng_plugin_host`]. A post travels through these modules, top to bottom:
//!
//! | stage | module | kind |
//! | --- | --- | --- |
//! | which watch is due | [`schedule`] | pure |
//! | was it really heard | [`coverage`] | pure |
//! | what to ask next | [`crawl`] | pure state machine |
//! | asking | [`fetch`] | the only outbound sockets |
//! | reading the answer | `caifeng_plugin_host::source` | sandboxed |
//! | is it about us | [`topic`], in the language of [`query`] | pure |
//! | tokens, near-duplicates | [`text`] | pure |
//! | what is it | `caifeng_plugin_host::classifier` | sandboxed |
//! | what does a service say it is | [`asking`] | the operator's model server |
//! | which incident | [`incident`] | pure |
//! | is it growing | [`warning`] | pure |
//! | what a plugin would hear, for its author | [`trial`] | shell |
//! | which plugin fits, and what a watch would read | [`fitting`], [`preview`] | pure, shell |
//! | change the configuration while it runs | [`configuring`] | shell |
//! | what a new plugin begins with | [`starter`] | pure |
//! | what is to be done, by whom, until when | [`plan`], [`calendar`] | pure |
//! | who decides, what follows | [`handling`], [`user`] | shell, pure |
//! | answering | [`reply`], [`referral`], [`endorsement`] | pure |
//! | telling of one's own accord | [`disclosure`], [`contact`] | pure |
//! | what everybody may read | [`supervision`] | pure |
//! | telling people in time | [`notify`] | pure, but for its sending |
//! | who could be known from a text | [`privacy`] | pure |
//! | learning from it | [`case`], [`drill`] | pure, shell |
//! | remember | [`store`] | SQLite, one writer |
//! | keep a copy elsewhere, and come back to it | [`backup`] | shell |
//! | find again | [`search`] | pure |
//! | be subscribed to | [`feed`] | pure |
//! | take a list of posts away | [`listing`] | shell |
//! | tell others | [`report`] | pure |
//! | write it down for them | [`document`], [`reporting`] | pure, shell |
//! | what is wrong with the machine | [`doctor`] | shell |
//! | who comes in at a browser | [`entrance`], [`vouching`] | shell |
//! | how the desk is reached | [`reach`] | shell |
//! | show | [`web`], `cli` | shells |
//!
//! [`daemon`] wires the stages and owns tasks and shutdown; `docs/architecture.md`
//! lists what each part promises never to do.

rust_i18n::i18n!("locales", fallback = "zh-CN");

pub mod asking;
pub mod backup;
pub mod calendar;
pub mod case;
pub mod clock;
pub mod config;
pub mod configuring;
pub mod contact;
pub mod control;
pub mod coverage;
pub mod crawl;
pub mod current;
pub mod daemon;
pub mod demo;
pub mod directory;
pub mod disclosure;
pub mod doctor;
pub mod document;
pub mod drill;
pub mod endorsement;
pub mod entrance;
pub mod evaluate;
pub mod evidence;
pub mod failed_call;
pub mod feed;
pub mod fetch;
pub mod fitting;
pub mod grant;
pub mod hand;
pub mod handling;
pub mod hex;
pub mod incident;
pub mod ingest;
pub mod lang;
pub mod listing;
pub mod notify;
#[cfg(test)]
mod pasts;
pub mod permission;
pub mod plan;
pub mod planning;
pub mod plugins;
pub mod preview;
pub mod privacy;
pub mod query;
pub mod reach;
pub mod record;
pub mod recording;
pub mod referral;
pub mod reply;
pub mod report;
pub mod reporting;
pub mod retention;
pub mod revisit;
pub mod rounds;
pub mod schedule;
pub mod search;
pub mod signature;
pub mod starter;
pub mod store;
pub mod supervision;
pub mod sweep;
pub mod text;
pub mod topic;
pub mod trial;
pub mod user;
pub mod vouching;
pub mod warning;
pub mod watch;
pub mod web;
